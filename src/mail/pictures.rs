//! Which pictures of an email are content: a cropped line of an error message may be as small as a logo.
//!
//! Where a picture stands says what it is for: between the writer's words, or alone, it is to be looked at;
//! below the closing and the name, or in what is quoted, it belongs to a signature.

use std::collections::HashSet;

use mail_parser::{Message, PartType};

use super::closing::is_closing;
use super::marks::{SLOTS, none, slot, slot_of};
use super::{Limits, html, parts, reply, text_part};

/// What is known of the email besides its parts.
pub(super) struct Writer<'a> {
    pub(super) setting: reply::Setting,
    /// Name of the author, as `From` has it.
    pub(super) name: &'a str,
}

/// The pictures that are content, by what the text calls them: a Content-ID in lower case, `part:2` for the part of that number,
/// `data:0` for the first that is written into the HTML.
pub(super) fn of_content(message: &Message<'_>, writer: &Writer<'_>, limits: &Limits) -> HashSet<String> {
    let (mut marked, mut names) = (String::new(), Vec::new());
    for at in message.html_body.iter().map(|at| *at as usize).take(limits.parts) {
        let Some(part) = message.parts.get(at) else { continue };
        match &part.body {
            PartType::Html(_) => {
                let source = text_part::text_of(message, at).unwrap_or_default();
                marked.push_str(&html::with_pictures(&source, limits.html_bytes, &mut names));
            }
            PartType::Text(_) => marked.push_str(&none(text_part::text_of(message, at).unwrap_or_default())),
            _ if parts::media_type(part).starts_with("image/") && names.len() < SLOTS => {
                marked.push(slot(names.len()));
                names.push(format!("part:{at}"));
            }
            _ => {}
        }
        marked.push('\n');
    }
    let own = reply::new_text(&marked, writer.setting).text;
    let kept = content(&own, writer.name);
    names.into_iter().enumerate().filter(|(at, _)| kept.contains(at)).map(|(_, name)| name).collect()
}

/// The slots of the writer's text that stand for content.
fn content(own: &str, name: &str) -> HashSet<usize> {
    let lines: Vec<&str> = own.lines().collect();
    let says = |line: &str| line.contains(char::is_alphanumeric);
    let first_words = lines.iter().position(|line| says(line));
    let closing = lines.iter().position(|line| is_closing(line, name)).unwrap_or(lines.len());
    let mut kept = HashSet::new();
    for (at, line) in lines.iter().enumerate().take(closing) {
        let before = lines[..at].iter().rev().find(|line| says(line));
        let after = lines[at + 1..closing].iter().any(|line| says(line));
        // Alone; with words on its line or below; or announced: a picture that merely ends the text may be a logo.
        let announced = before.is_some_and(|line| line.trim_end().ends_with(':'));
        if first_words.is_none() || says(line) || after || announced || closing < lines.len() {
            kept.extend(line.chars().filter_map(slot_of));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Vec<usize> {
        let slots = text.replace('0', &slot(0).to_string()).replace('1', &slot(1).to_string());
        let mut kept: Vec<usize> = content(&slots, "Ana Pérez").into_iter().collect();
        kept.sort_unstable();
        kept
    }

    #[test]
    fn what_stands_between_words_is_content_and_what_stands_below_a_name_is_not() {
        for (text, right) in [
            ("Bonjour,\n0\nque faire ?", vec![0]),
            ("0", vec![0]),
            ("0\n1", vec![0, 1]),
            ("Voici l'erreur :\n0", vec![0]),
            ("Voici l'erreur :\n0\nCordialement\nAna\n1", vec![0]),
            ("Bonjour, rien ne va.\n0\n\nAna Pérez\nCollège\n1", vec![0]),
            ("Bonjour, rien ne va.\n\nAna PEREZ\n0", vec![]),
            ("Rien ne va.\nBien cordialement,\n0 Collège 1", vec![]),
            ("Rien ne va.\n0", vec![]),
            ("Le bouton 0 ne répond pas", vec![0]),
        ] {
            assert_eq!(kept(text), right, "{text}");
        }
    }
}
