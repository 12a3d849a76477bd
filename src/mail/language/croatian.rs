//! Croatian, Serbian and Slovenian.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["dana", "dne"],
    wrote: &["napisao je", "napisala je", "je napisao", "je napisala", "je napisal"],
    from: &["šalje", "od", "šalje"],
    sent: &["poslano", "datum"],
    to: &["prima", "za"],
    cc: &["kopija"],
    subject: &["predmet", "zadeva"],
    original: &["izvorna poruka", "izvirno sporočilo"],
    forwarded: &["proslijeđena poruka", "posredovano sporočilo"],
    device: &["poslano s", "poslato sa"],
    robot: &["automatski odgovor", "samodejni odgovor"],
    away: &[],
    confession: &[],
    undelivered: &[],
    disclaimer: &[],
    above: &[],
};
