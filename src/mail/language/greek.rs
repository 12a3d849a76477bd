//! Greek.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["στις", "την", "την"],
    wrote: &["έγραψε", "εγραψε"],
    from: &["από", "απο"],
    sent: &["στάλθηκε", "ημερομηνία", "εστάλη"],
    to: &["προς"],
    cc: &["κοιν", "κοινοποίηση"],
    subject: &["θέμα"],
    original: &["αρχικό μήνυμα"],
    forwarded: &["προωθημένο μήνυμα"],
    device: &["στάλθηκε από", "εστάλη από"],
    robot: &["αυτοματη απαντηση"],
    away: &["εκτος γραφειου"],
    confession: &[],
    undelivered: &["δεν ήταν δυνατή η παράδοση"],
    disclaimer: &[],
    above: &[],
};
