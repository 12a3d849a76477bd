//! Bulgarian.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["на"],
    wrote: &["написа"],
    from: &["от"],
    sent: &["изпратено", "дата"],
    to: &["до"],
    cc: &["копие"],
    subject: &["относно", "тема"],
    original: &["оригинално съобщение"],
    forwarded: &["препратено съобщение"],
    device: &["изпратено от"],
    robot: &["автоматичен отговор"],
    away: &[],
    confession: &[],
    undelivered: &[],
    disclaimer: &[],
    above: &[],
};
