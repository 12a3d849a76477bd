//! Where a letter ends: below its closing, or its writer's name, stands a signature, marked or not.

use super::fold;

/// How letters end, folded.
const CLOSINGS: [&str; 30] = [
    "a bientot",
    "amicalement",
    "amities",
    "atenciosamente",
    "atentamente",
    "bav",
    "belle journee",
    "best",
    "best regards",
    "bien a vous",
    "bien cordialement",
    "bonne journee",
    "bonne reception",
    "bonne soiree",
    "cdlt",
    "cdt",
    "cheers",
    "cordialement",
    "cordiali saluti",
    "cordially",
    "dans l'attente",
    "kind regards",
    "mfg",
    "mit freundlichen gr",
    "regards",
    "respectueusement",
    "salutations",
    "sinceres salutations",
    "sincerely",
    "tres cordialement",
];

/// Longest line that is a closing, or a name, in characters.
const LINE: usize = 60;

/// Whether a line ends the letter: a closing, or the writer's name alone.
pub(super) fn is_closing(line: &str, name: &str) -> bool {
    let line = line.trim().trim_end_matches(['.', ',', '!', ' ']);
    if line.is_empty() || line.chars().count() > LINE {
        return false;
    }
    let folded = fold(line);
    let begins = |closing: &str| {
        folded.strip_prefix(closing).is_some_and(|rest| match closing.len() {
            // Short ones begin sentences, too.
            ..=6 => !rest.trim_start().starts_with(char::is_alphanumeric),
            7..=12 => !rest.starts_with(char::is_alphanumeric),
            _ => true,
        })
    };
    CLOSINGS.iter().any(|closing| begins(closing)) || is_name(&folded, name)
}

/// Whether a line holds the writer's name, and little else.
fn is_name(folded: &str, name: &str) -> bool {
    let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).count();
    let name = fold(name);
    let mut parts = name.split(|c: char| !c.is_alphanumeric()).filter(|part| part.len() > 1).peekable();
    let count = parts.clone().count();
    // A first name alone is how people sign, and how they begin a sentence about somebody.
    let alone = parts.peek().is_some_and(|first| *first == folded.trim());
    let begins = parts.clone().any(|part| folded.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(part));
    alone
        || (count > 1
            && begins
            && words(folded) <= count + 4
            && parts.all(|part| folded.split(|c: char| !c.is_alphanumeric()).any(|other| other == part)))
}

/// What a writer of that name wrote above the closing, and above their name where everything stands on one line.
#[must_use]
pub(crate) fn above_closing<'a>(text: &'a str, name: &str) -> &'a str {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if is_closing(line, name) {
            break;
        }
        end += line.len();
    }
    let text = text[..end].trim_end();
    match name.trim() {
        name if name.contains(' ') => text.find(name).map_or(text, |at| text[..at].trim_end()),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_ends_with_its_closing_or_its_writers_name() {
        for (text, own) in [
            ("Merci !\n\nCordialement,\nAna Pérez\nTél. 04", "Merci !"),
            ("mrci bcp\n\nAna Perez\nMairie", "mrci bcp"),
            ("Merci\n\nAna\n", "Merci"),
            ("Merci beaucoup Ana Pérez Collège 04", "Merci beaucoup"),
            ("Bien reçu, cordialement\n\nPEREZ Ana - gestionnaire", "Bien reçu, cordialement"),
            ("Ana m'a dit que cela marche", "Ana m'a dit que cela marche"),
            ("Cordialement,\nAna", ""),
            ("Best effort suffit-il ?", "Best effort suffit-il ?"),
            ("", ""),
        ] {
            assert_eq!(above_closing(text, "Ana Pérez"), own, "{text}");
        }
    }
}
