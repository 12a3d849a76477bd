//! Reactions: an emoji that a mail program sends in its person's name, with words of its own around it.

use mail_parser::{Message, MimeHeaders, PartType};
use serde::Deserialize;

use super::fold;

/// What Outlook writes beside the emoji, folded, in the languages of the first users and their neighbours.
const WORDS: [&str; 8] = [
    "a reagi a votre message",
    "a reagi a ton message",
    "reacted to your message",
    "hat auf ihre nachricht reagiert",
    "ha reaccionado a tu mensaje",
    "ha reaccionado a su mensaje",
    "ha reagito al tuo messaggio",
    "reagiu a sua mensagem",
];

/// Most characters of the line that says so.
const LINE: usize = 200;

/// The part in which Gmail says it to programs.
#[derive(Deserialize)]
struct Gmail {
    emoji: String,
}

/// The emoji, if the email is a reaction. `text` is its readable text.
pub(super) fn detect(message: &Message<'_>, text: &str) -> Option<String> {
    // Words of a person's own beside it are worth more than the emoji.
    let own = text.lines().filter(|line| line.contains(char::is_alphanumeric)).count();
    let is_gmails = own == 0 || (own <= 2 && fold(text).contains("gmail")) || of_outlook(text).is_some();
    message.parts.iter().find_map(of_gmail).filter(|_| is_gmails).or_else(|| of_outlook(text))
}

fn of_gmail(part: &mail_parser::MessagePart<'_>) -> Option<String> {
    let subtype = part.content_type()?.subtype()?;
    if !subtype.eq_ignore_ascii_case("vnd.google.email-reaction+json") {
        return None;
    }
    let bytes = match &part.body {
        PartType::Text(text) => text.as_bytes(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes.as_ref(),
        _ => return None,
    };
    let read: Gmail = serde_json::from_slice(bytes).ok()?;
    let emoji = read.emoji.trim();
    (!emoji.is_empty() && emoji.chars().all(is_emoji)).then(|| emoji.to_owned())
}

/// The first line that says anything names who reacted; the emoji stands in it.
fn of_outlook(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.contains(char::is_alphanumeric))?;
    if line.is_ascii() || line.chars().count() > LINE || !WORDS.iter().any(|words| fold(line).contains(words)) {
        return None;
    }
    let emoji: String = line.chars().filter(|c| is_emoji(*c)).collect();
    (!emoji.is_empty()).then_some(emoji)
}

/// Whether a character is a pictograph, or one of those that shape one (Unicode UTS 51).
#[must_use]
pub(crate) fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{203c}' | '\u{2049}' | '\u{20e3}' | '\u{200d}' | '\u{fe0f}'
        | '\u{2600}'..='\u{27bf}'
        | '\u{2b05}'..='\u{2b55}'
        | '\u{1f000}'..='\u{1faff}')
}
