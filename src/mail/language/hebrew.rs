//! Hebrew.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["בתאריך", "ביום"],
    wrote: &["כתב", "כתבה", "כתב/ה"],
    from: &["מאת"],
    sent: &["נשלח", "תאריך"],
    to: &["אל"],
    cc: &["עותק"],
    subject: &["נושא"],
    original: &["הודעה מקורית"],
    forwarded: &["הודעה שהועברה"],
    device: &["נשלח מה", "נשלח מ"],
    robot: &["מענה אוטומטי", "תשובה אוטומטית"],
    away: &[],
    confession: &[],
    undelivered: &[],
    disclaimer: &[],
    above: &[],
};
