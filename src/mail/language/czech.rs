//! Czech and Slovak.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["dne", "dňa", "po", "út", "st", "čt", "pá", "so", "ne"],
    wrote: &["napsal", "napsala", "napsal(a)", "napísal", "napísala", "napísal(a)"],
    from: &["od", "odesílatel", "odosielateľ"],
    sent: &["odesláno", "odoslané", "datum", "dátum"],
    to: &["komu", "pro", "příjemce"],
    cc: &["kopie", "kópia"],
    subject: &["předmět", "predmet"],
    original: &["původní zpráva", "puvodni zprava", "původní e-mail", "pôvodná správa"],
    forwarded: &["přeposlaná zpráva", "předaná zpráva", "preposlaná správa", "začátek přeposlané zprávy"],
    device: &["odesláno z", "odoslané z", "získejte outlook", "stáhněte si outlook"],
    robot: &["automaticka odpoved"],
    away: &["mimo kancelar", "nepritomnost"],
    confession: &[],
    undelivered: &["nelze doručit", "nepodařilo se doručit", "nebylo možné doručit"],
    disclaimer: &["tato zprava", "tento e-mail"],
    above: &[],
};
