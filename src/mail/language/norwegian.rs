//! Norwegian.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["på", "den", "man", "tir", "ons", "tor", "fre", "lør", "søn"],
    wrote: &["skrev", "skreiv"],
    from: &["fra", "frå"],
    sent: &["sendt", "dato"],
    to: &["til"],
    cc: &["kopi", "cc"],
    subject: &["emne"],
    original: &["opprinnelig melding", "original melding", "opprinneleg melding"],
    forwarded: &["videresendt melding", "videresendt e-post", "begynnelse på videresendt melding"],
    device: &["sendt fra", "sendt med", "skaff deg outlook", "få outlook"],
    robot: &["autosvar", "automatisk svar"],
    away: &["fravaersmelding", "ikke pa kontoret"],
    confession: &[],
    undelivered: &["kunne ikke leveres", "levering mislyktes"],
    disclaimer: &["denne e-posten", "denne meldingen"],
    above: &[],
};
