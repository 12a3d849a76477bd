//! Command words at the top of an agent's mail.
//!
//! So far the two that say who may read the message: `#public` and `#note`.

use super::words::Visibility;

/// What the head of a mail asked for, and the text below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commands<'a> {
    /// `#public` or `#note`, the last one given.
    pub(super) visibility: Option<Visibility>,
    /// The first word that looked like a command and is none.
    pub(super) unknown: Option<&'a str>,
    /// The message itself.
    pub(super) text: String,
}

/// Reads the lines that begin with `#`, up to the first other line that is not empty.
pub(super) fn read(text: &str) -> Commands<'_> {
    let mut commands = Commands { visibility: None, unknown: None, text: String::new() };
    let mut rest = text.trim_start();
    for _ in 0..20 {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let Some(word) = line.trim().strip_prefix('#').filter(|w| is_word(w)) else { break };
        match word.to_lowercase().as_str() {
            "public" => commands.visibility = Some(Visibility::Public),
            "note" => commands.visibility = Some(Visibility::Internal),
            _ => {
                commands.unknown.get_or_insert(word);
            }
        }
        rest = after.trim_start();
    }
    rest.clone_into(&mut commands.text);
    commands
}

/// A command begins with a letter: `#1` and `# title` are text.
fn is_word(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_at_the_top_are_commands_and_the_rest_is_the_message() {
        let read = read("#Public\n\nBonjour,\n#note en bas\n");
        assert_eq!(read.visibility, Some(Visibility::Public));
        assert_eq!(read.text, "Bonjour,\n#note en bas\n");
        assert_eq!(read.unknown, None);
    }

    #[test]
    fn unknown_words_are_named_and_numbers_are_text() {
        assert_eq!(read("#pubic\nx").unknown, Some("pubic"));
        assert_eq!(read("#1 dans la liste").text, "#1 dans la liste");
    }
}
