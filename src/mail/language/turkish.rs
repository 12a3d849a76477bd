//! Turkish.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &[],
    wrote: &["yazdı", "yazdi", "şunları yazdı", "tarihinde şunu yazdı"],
    from: &["kimden", "gönderen"],
    sent: &["gönderildi", "tarih", "gönderme tarihi"],
    to: &["kime", "alıcı"],
    cc: &["bilgi"],
    subject: &["konu"],
    original: &["orijinal ileti", "özgün ileti", "orijinal mesaj"],
    forwarded: &["iletilen mesaj", "yönlendirilmiş ileti", "iletilmiş mesaj"],
    device: &["iphone'umdan gönderildi", "gönderildi", "outlook'u edinin"],
    robot: &["otomatik yanit"],
    away: &["ofis disinda"],
    confession: &[],
    undelivered: &["teslim edilemedi"],
    disclaimer: &["bu e-posta", "bu mesaj"],
    above: &[],
};
