//! Danish.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["den", "d", "man", "tir", "ons", "tor", "fre", "lør", "søn"],
    wrote: &["skrev", "skrev følgende"],
    from: &["fra"],
    sent: &["sendt", "dato"],
    to: &["til"],
    cc: &["cc", "kopi"],
    subject: &["emne"],
    original: &["oprindelig meddelelse", "oprindelig besked", "original meddelelse", "oprindelig mail"],
    forwarded: &["videresendt meddelelse", "videresendt besked", "start på videresendt besked"],
    device: &["sendt fra", "sendt med", "hent outlook", "få outlook"],
    robot: &["automatisk svar", "autosvar"],
    away: &["ikke til stede", "fravaer"],
    confession: &[],
    undelivered: &["kunne ikke leveres", "levering mislykkedes", "meddelelsen blev ikke leveret"],
    disclaimer: &["denne e-mail", "denne meddelelse"],
    above: &["svar over denne linje"],
};
