//! The readable text of a mail.
//!
//! The plain part is preferred; an empty one does not hide the HTML part; HTML becomes text.

use mail_parser::{Message, MimeHeaders, PartType};

use super::{Limits, header, html};

/// The text, and the indices of the parts it was made from (they are no attachments).
pub(super) struct Body {
    pub(super) text: String,
    pub(super) used: Vec<usize>,
}

pub(super) fn read(message: &Message<'_>, limits: &Limits, defects: &mut Vec<String>) -> Body {
    let plain = join(message, &message.text_body, limits, defects);
    let body = if plain.text.trim().is_empty() {
        let html = join(message, &message.html_body, limits, defects);
        if html.text.trim().is_empty() { plain } else { html }
    } else {
        plain
    };
    for (index, part) in message.parts.iter().enumerate() {
        if part.is_encoding_problem {
            defects.push(format!("part {index}: broken transfer encoding"));
        }
    }
    let used = message.text_body.iter().chain(&message.html_body);
    Body { used: used.map(|at| *at as usize).collect(), text: bounded(clean(&body.text), limits.text_bytes, defects) }
}

fn join(message: &Message<'_>, parts: &[u32], limits: &Limits, defects: &mut Vec<String>) -> Body {
    let mut text = String::new();
    // One budget for all parts of a mail: laying out is what costs.
    let mut html_left = limits.html_bytes;
    for at in parts.iter().take(limits.parts) {
        let Some(part) = message.parts.get(*at as usize) else {
            continue;
        };
        let piece = match &part.body {
            PartType::Text(_) if is_file(part) => continue,
            PartType::Text(plain) => repaired(message, *at as usize, plain),
            PartType::Html(source) => {
                let piece = html::to_text(source, html_left, defects);
                html_left = html_left.saturating_sub(source.len());
                piece
            }
            _ => continue,
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&piece);
        if text.len() > limits.text_bytes {
            break;
        }
    }
    Body { text, used: Vec::new() }
}

/// A text part that declares a file name and asks to be saved is a file, not the message.
fn is_file(part: &mail_parser::MessagePart<'_>) -> bool {
    part.content_disposition().is_some_and(|d| d.ctype().eq_ignore_ascii_case("attachment"))
}

/// Text whose bytes were no UTF-8 and declared no charset comes with U+FFFD: read them again.
fn repaired(message: &Message<'_>, index: usize, decoded: &str) -> String {
    let part = &message.parts[index];
    let undeclared = part.content_type().is_none_or(|t| {
        t.attribute("charset").is_none_or(|c| c.eq_ignore_ascii_case("us-ascii") || c.eq_ignore_ascii_case("utf-8"))
    });
    if !undeclared || !decoded.contains('\u{FFFD}') || part.encoding != mail_parser::Encoding::None {
        return decoded.to_owned();
    }
    let range = part.offset_body as usize..part.offset_end as usize;
    message.raw_message.get(range).map_or_else(|| decoded.to_owned(), header::decode_bytes)
}

/// Line ends as `\n`; no NUL and no other control character but tab, which PostgreSQL and
/// terminals are spared.
fn clean(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    unix.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn bounded(mut text: String, most: usize, defects: &mut Vec<String>) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        defects.push(format!("the text is cut at limits.text_bytes = {most}"));
    }
    text
}
