//! Romanian.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["pe", "în", "lun", "mar", "mie", "joi", "vin", "sâm", "dum"],
    wrote: &["a scris"],
    from: &["de la", "expeditor"],
    sent: &["trimis", "data", "trimis la"],
    to: &["către", "catre", "la"],
    cc: &["cc"],
    subject: &["subiect"],
    original: &["mesaj original", "mesajul original"],
    forwarded: &["mesaj redirecționat", "mesaj transmis mai departe"],
    device: &["trimis de pe", "trimis din"],
    robot: &["raspuns automat"],
    away: &["in afara biroului"],
    confession: &[],
    undelivered: &["nu a putut fi livrat", "livrare nereușită"],
    disclaimer: &["acest mesaj", "acest e-mail"],
    above: &[],
};
