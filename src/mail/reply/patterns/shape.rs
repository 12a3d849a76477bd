//! What dates, addresses and first words look like, whatever the language.

use std::sync::LazyLock;

use crate::mail::pattern::{Pattern, compile};

pub(super) fn is(pattern: &Pattern, text: &str) -> bool {
    pattern.is_match(text)
}

/// A date, or a time of day. Word ends are those of ASCII: the others keep the fast matcher away.
pub(super) static DATE: Pattern = LazyLock::new(|| {
    compile(
        r"(?i)(?:(?-u:\b)\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?-u:\b)|(?-u:\b)(?:19|20)\d\d[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}|(?-u:\b)\d{1,2}\.?(?:st|nd|rd|th)?[ -][^\d\s]{1,12}[ ,.-]+(?:de |del )?(?:19|20)\d\d(?-u:\b)|(?-u:\b)\p{L}{3,12}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d\d(?-u:\b)|(?-u:\b)\d{1,2}\s?[:.h]\s?\d{2}(?-u:\b))",
    )
});

/// A time of day.
pub(super) static TIME: Pattern = LazyLock::new(|| compile(r"(?-u:\b)\d{1,2}\s?[:.h]\s?\d{2}(?-u:\b)"));

pub(super) static ADDRESS: Pattern = LazyLock::new(|| compile(r#"[^\s<>()\[\]"']+@[^\s<>()\[\]"']+"#));

pub(super) fn any_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(regex::escape).collect::<Vec<_>>().join("|")
}

/// The first word of a line, lower case.
pub(super) fn first_word(line: &str) -> String {
    let line = line.trim_start_matches(|c: char| !c.is_alphabetic());
    line.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase()
}

pub(super) fn starts_with_word(text: &str, mut phrases: impl Iterator<Item = &'static str>) -> bool {
    phrases.any(|phrase| {
        // Scripts without spaces run words together.
        text.strip_prefix(phrase).is_some_and(|rest| {
            !phrase.is_ascii() && !phrase.contains(' ') || !rest.starts_with(|c: char| c.is_ascii_alphabetic())
        })
    })
}
