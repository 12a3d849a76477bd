//! Dutch.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["op"],
    wrote: &["schreef", "geschreven", "heeft geschreven", "het volgende geschreven"],
    from: &["van"],
    sent: &["verzonden", "datum", "verstuurd", "verzonden op"],
    to: &["aan"],
    cc: &["cc", "kopie"],
    subject: &["onderwerp"],
    original: &["oorspronkelijk bericht", "oorspronkelijke bericht", "origineel bericht"],
    forwarded: &["doorgestuurd bericht", "begin doorgestuurd bericht", "begin van doorgestuurd bericht"],
    device: &[
        "verzonden vanaf",
        "verstuurd vanaf",
        "verzonden vanuit",
        "verstuurd met",
        "verzonden met",
        "verzonden door",
        "verstuurd door",
        "outlook voor",
    ],
    robot: &["automatisch antwoord", "afwezigheidsbericht"],
    away: &["afwezig", "afwezigheid", "niet aanwezig", "buiten kantoor"],
    confession: &["dit is een automatisch"],
    undelivered: &[
        "kon niet worden bezorgd",
        "kon niet worden afgeleverd",
        "niet worden bezorgd",
        "bezorging mislukt",
        "onbestelbaar",
    ],
    disclaimer: &["dit bericht", "deze e-mail", "de informatie in dit", "de informatie verzonden", "disclaimer"],
    above: &["reageer boven deze lijn", "antwoord boven deze lijn"],
};
