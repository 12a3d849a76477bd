//! Hungarian.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &[],
    wrote: &["írta", "ezt írta", "a következőt írta"],
    from: &["feladó"],
    sent: &["elküldve", "dátum", "küldve"],
    to: &["címzett"],
    cc: &["másolatot kap"],
    subject: &["tárgy"],
    original: &["eredeti üzenet", "eredeti levél"],
    forwarded: &["továbbított üzenet", "továbbított levél"],
    device: &["küldve", "elküldve", "az iphone", "iphone-omról"],
    robot: &["automatikus valasz"],
    away: &["hazon kivul"],
    confession: &[],
    undelivered: &["nem kézbesíthető", "sikertelen kézbesítés"],
    disclaimer: &["ez az uzenet", "ez az e-mail"],
    above: &[],
};
