//! Finnish.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["ma", "ti", "ke", "to", "pe", "la", "su"],
    wrote: &["kirjoitti", "kirjoittaa"],
    from: &["lähettäjä", "lahettaja"],
    sent: &["lähetetty", "lahetetty", "päivämäärä", "pvm"],
    to: &["vastaanottaja", "vastaanottajat"],
    cc: &["kopio"],
    subject: &["aihe"],
    original: &["alkuperäinen viesti", "alkuperainen viesti", "alkuperäinen sähköposti"],
    forwarded: &["välitetty viesti", "edelleenlähetetty viesti", "välitetty viesti alkaa"],
    device: &["lähetetty", "lahetetty", "hanki outlook"],
    robot: &["automaattinen vastaus"],
    away: &["poissa toimistosta", "poissaoloviesti", "poissa"],
    confession: &[],
    undelivered: &["ei voitu toimittaa", "toimitus epäonnistui"],
    disclaimer: &["tama viesti", "tama sahkoposti"],
    above: &[],
};
