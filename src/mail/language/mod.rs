//! What mail programs write of their own accord, language by language: the one place for each.
//!
//! Phrases are in lower case. Those of subjects and legal notices are compared with accents folded
//! away ([`super::fold`]), all others as they stand.

/// The words of one language.
pub(super) struct Language {
    /// First word of the line that says who wrote what is quoted ("On 3 May, Ana wrote:").
    pub(super) on: &'static [&'static str],

    pub(super) wrote: &'static [&'static str],
    /// Fields of the header block above a quoted or forwarded mail.
    pub(super) from: &'static [&'static str],
    pub(super) sent: &'static [&'static str],
    pub(super) to: &'static [&'static str],
    pub(super) cc: &'static [&'static str],
    pub(super) subject: &'static [&'static str],
    /// Between dashes, above a quoted email.
    pub(super) original: &'static [&'static str],
    /// Between dashes, or alone, above a forwarded mail.
    pub(super) forwarded: &'static [&'static str],
    /// How the line a telephone adds begins.
    pub(super) device: &'static [&'static str],
    /// Subjects only a program writes, at their start, folded.
    pub(super) robot: &'static [&'static str],
    /// Subjects of absences, which people write as well, at their start, folded.
    pub(super) away: &'static [&'static str],
    /// How a program says in its text that it wrote it, folded.
    pub(super) confession: &'static [&'static str],
    /// What mail systems write of emails that did not arrive, folded.
    pub(super) undelivered: &'static [&'static str],
    /// How a legal notice begins, folded.
    pub(super) disclaimer: &'static [&'static str],
    /// Ticket systems' "reply above this line".
    pub(super) above: &'static [&'static str],
}

/// A language is a file here and its name in this list.
macro_rules! languages {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        static LANGUAGES: &[&Language] = &[$(&$name::WORDS),*];
    };
}

languages! {
    english,
    french,
    german,
    spanish,
    italian,
    portuguese,
    dutch,
    polish,
    swedish,
    danish,
    norwegian,
    finnish,
    czech,
    russian,
    turkish,
    hungarian,
    romanian,
    greek,
    chinese,
    japanese,
    korean,
    vietnamese,
    hebrew,
    arabic,
    bulgarian,
    croatian,
    catalan,
    thai,
}

/// Every language there are words for; those the service desk itself writes come first.
pub(super) fn languages() -> impl Iterator<Item = &'static Language> {
    LANGUAGES.iter().copied()
}

/// A field of the header block that mail programs put above an older mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    From,
    Sent,
    To,
    Cc,
    Subject,
    ReplyTo,
}

/// All phrases of one kind, of every language.
pub(super) fn phrases(kind: fn(&Language) -> &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    languages().flat_map(kind).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_written_in_the_form_they_are_compared_in() {
        for language in languages() {
            let lower = [
                language.on,
                language.wrote,
                language.from,
                language.sent,
                language.to,
                language.cc,
                language.subject,
                language.original,
                language.forwarded,
                language.device,
                language.above,
            ];
            for phrase in lower.into_iter().flatten() {
                assert_eq!(*phrase, phrase.to_lowercase(), "{phrase}");
            }
        }
    }
}
