//! Characters that make a line look like another line than it is.

/// Whether a character turns the direction of what follows, breaks a line without being a line's end, or is
/// there without being seen: with U+202E before it, `fdp.exe` reads `exe.pdf` (Unicode UTR 36 section 2.7).
///
/// The marks that Hebrew, Arabic and Persian need to be written (U+200C to U+200F, U+061C) are not among them.
#[must_use]
pub fn deceives(c: char) -> bool {
    matches!(c,
        '\u{AD}'
        | '\u{200B}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_deceive_and_notifications_do_not() {
        assert!("\u{202e}\u{2066}\u{200b}\u{2028}\u{e0041}".chars().all(deceives));
        assert!(!"é ש \u{200f}\u{200d} 🏳 漢".chars().any(deceives));
    }
}
