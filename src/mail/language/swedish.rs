//! Swedish.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["den", "på", "sön", "mån", "tis", "ons", "tors", "fre", "lör"],
    wrote: &["skrev"],
    from: &["från", "fran"],
    sent: &["skickat", "datum", "skickades"],
    to: &["till"],
    cc: &["kopia", "cc"],
    subject: &["ämne", "amne", "ärende"],
    original: &["ursprungligt meddelande", "originalmeddelande"],
    forwarded: &["vidarebefordrat meddelande", "vidarebefordrat brev", "början på vidarebefordrat"],
    device: &["skickat från", "skickades från", "skickat med", "hämta outlook", "skaffa outlook"],
    robot: &["automatiskt svar", "autosvar"],
    away: &["franvaro", "ej pa kontoret", "franvaromeddelande"],
    confession: &[],
    undelivered: &[
        "kunde inte levereras",
        "det gick inte att leverera",
        "leveransen misslyckades",
        "kunde inte nås",
    ],
    disclaimer: &["detta meddelande", "det har meddelandet", "detta e-post"],
    above: &[],
};
