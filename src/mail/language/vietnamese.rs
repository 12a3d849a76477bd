//! Vietnamese and Indonesian.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["vào", "ngày", "pada"],
    wrote: &["đã viết", "menulis"],
    from: &["từ", "dari"],
    sent: &["đã gửi", "ngày", "tanggal", "dikirim"],
    to: &["đến", "kepada"],
    cc: &["cc", "tembusan"],
    subject: &["chủ đề", "perihal", "subjek"],
    original: &["tin nhắn gốc", "thư gốc", "pesan asli"],
    forwarded: &["thư đã chuyển tiếp", "pesan terusan", "pesan yang diteruskan"],
    device: &["được gửi từ", "đã gửi từ", "dikirim dari"],
    robot: &["tra loi tu dong", "balasan otomatis"],
    away: &[],
    confession: &[],
    undelivered: &["không thể gửi", "tidak terkirim"],
    disclaimer: &[],
    above: &[],
};
