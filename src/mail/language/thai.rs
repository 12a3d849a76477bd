//! Thai.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &[],
    wrote: &["เขียนว่า"],
    from: &["จาก"],
    sent: &["ส่ง", "วันที่"],
    to: &["ถึง"],
    cc: &["สำเนา"],
    subject: &["เรื่อง"],
    original: &["ข้อความต้นฉบับ"],
    forwarded: &[],
    device: &["ส่งจาก"],
    robot: &[],
    away: &[],
    confession: &[],
    undelivered: &[],
    disclaimer: &[],
    above: &[],
};
