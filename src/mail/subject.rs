//! Subjects: prefixes of replies and forwards, and comparing without case and accents.

use std::sync::LazyLock;

use super::pattern::{Pattern, compile};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `Re:`, `RE :`, `Rép:`, `AW:`, `TR:`, `Fwd:`… with an optional counter (`Re[2]:`), as the usual
/// clients write them in the languages of western and northern Europe.
static PREFIX: Pattern = LazyLock::new(|| {
    compile(
        r"(?i)^\s*(?:re|r|rép|rep|réf|aw|antw|antwort|sv|vs|odp|ynt|res|rif|fw|fwd|tr|wg|i|rv|enc|doorst|vb|ref)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*",
    )
});

/// The subject without the prefixes that replies and forwards put before it.
#[must_use]
pub(crate) fn strip_prefixes(subject: &str) -> &str {
    let mut rest = subject.trim();
    // A bound, because a subject may consist of nothing but prefixes.
    for _ in 0..32 {
        let Some(found) = PREFIX.find(rest) else {
            break;
        };
        rest = &rest[found.end()..];
    }
    rest.trim()
}

/// A letter without its accent, in its own case.
#[must_use]
pub(crate) fn without_accent(c: char) -> String {
    c.nfd().filter(|c| !is_combining_mark(*c)).collect()
}

/// Lower case, without accents and with white space folded: how words are compared when the
/// writer's accents and capitals do not matter (`Bloquante` = `bloquante`, `Évolution` = `evolution`).
#[must_use]
pub fn fold(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // Most characters have nothing to take off, and looking it up is dear. Whitespace is folded on the way.
    for c in text.chars() {
        match c {
            c if c.is_whitespace() => {
                if !plain.is_empty() && !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            c if c.is_ascii() => plain.push(c.to_ascii_lowercase()),
            // The apostrophes of telephones and word processors.
            '’' | '‘' => plain.push('\''),
            c => plain.extend(c.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase)),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_many_clients_are_stripped() {
        for subject in [
            "Re: Panne",
            "RE : Panne",
            "Rép : Panne",
            "AW: Re[2]: Panne",
            "TR: Fwd: Panne",
            "SV: VS: Panne",
            "  re:Panne  ",
            "Re： Panne",
        ] {
            assert_eq!(strip_prefixes(subject), "Panne", "{subject}");
        }
    }

    #[test]
    fn words_that_only_look_like_prefixes_stay() {
        assert_eq!(strip_prefixes("Reprise: demain"), "Reprise: demain");
        assert_eq!(strip_prefixes("Trop long"), "Trop long");
        assert_eq!(strip_prefixes("Re: "), "");
    }

    #[test]
    fn folding_ignores_accents_and_case() {
        assert_eq!(fold("  ÉVOLUTION  Demandée "), "evolution demandee");
        assert_eq!(fold("e\u{301}"), "e");
    }
}
