//! Arabic.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["في", "بتاريخ"],
    wrote: &["كتب", "كتبت"],
    from: &["من"],
    sent: &["تاريخ الإرسال", "التاريخ", "تم الإرسال"],
    to: &["إلى"],
    cc: &["نسخة"],
    subject: &["الموضوع"],
    original: &["رسالة أصلية"],
    forwarded: &["رسالة معاد توجيهها"],
    device: &["أُرسلت من", "أرسلت من", "مرسل من"],
    robot: &["رد تلقائي"],
    away: &[],
    confession: &[],
    undelivered: &[],
    disclaimer: &[],
    above: &[],
};
