//! Polish.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["w", "dnia", "pon", "wt", "śr", "czw", "pt", "sob", "niedz"],
    wrote: &["napisał", "napisała", "napisał(a)", "napisała(a)", "pisze", "napisano"],
    from: &["od", "nadawca"],
    sent: &["wysłano", "wyslano", "data", "wysłane", "data wysłania"],
    to: &["do", "adresat"],
    cc: &["dw", "kopia", "udw"],
    subject: &["temat"],
    original: &["wiadomość oryginalna", "oryginalna wiadomość", "wiadomosc oryginalna", "wiadomość pierwotna"],
    forwarded: &[
        "przekazana wiadomość",
        "wiadomość przekazana",
        "początek przekazanej wiadomości",
        "treść przekazanej wiadomości",
    ],
    device: &["wysłane z", "wyslane z", "wysłano z", "pobierz outlook", "pobierz aplikację outlook"],
    robot: &["autoodpowiedz", "automatyczna odpowiedz", "odpowiedz automatyczna"],
    away: &["nieobecnosc", "poza biurem"],
    confession: &["to jest automatyczna odpowiedź", "wiadomość wygenerowana automatycznie"],
    undelivered: &[
        "nie została dostarczona",
        "nie można dostarczyć",
        "nie dostarczono",
        "nie mogła zostać dostarczona",
        "dostarczenie nie powiodło się",
    ],
    disclaimer: &["niniejsza wiadomosc", "tresc tej wiadomosci", "ta wiadomosc"],
    above: &[],
};
