//! Catalan.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["el"],
    wrote: &["va escriure", "ha escrit"],
    from: &["de"],
    sent: &["enviat", "data"],
    to: &["per a", "a"],
    cc: &["cc"],
    subject: &["assumpte"],
    original: &["missatge original"],
    forwarded: &["missatge reenviat"],
    device: &["enviat des"],
    robot: &["resposta automàtica"],
    away: &[],
    confession: &[],
    undelivered: &[],
    disclaimer: &[],
    above: &[],
};
