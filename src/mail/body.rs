//! The readable text of an email.
//!
//! The plain part is preferred; one that is empty, or says next to nothing beside the HTML part,
//! does not hide that; HTML becomes text; an email that holds nothing but another email, an
//! invitation or a winmail.dat is read from that.

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::{Limits, calendar, html, marks, opaque, parts, text_part, tnef, transfer, uuencode};

/// Enclosed emails that are looked into when an email has no text of its own.
const ENCLOSED: usize = 3;

/// The text, and the indices of the parts it was made from (they are no attachments).
pub(super) struct Body {
    /// With [`marks`].
    pub(super) marked: String,
    pub(super) text: String,
    pub(super) used: Vec<usize>,
}

pub(super) fn read(message: &Message<'_>, limits: &Limits, defects: &mut Vec<String>) -> Body {
    let (body, rescued) = own_text(message, limits, defects);
    for (index, part) in message.parts.iter().enumerate() {
        if part.is_encoding_problem {
            defects.push(format!("part {index}: broken transfer encoding"));
        }
    }
    let body = with_signed(message, body, limits, defects);
    let marked = if body.trim().is_empty() { other_text(message, limits, ENCLOSED, defects) } else { body };
    let marked = bounded(clean(marked), limits.text_bytes, defects);
    let first = first_text(message);
    // The parser lists pictures between the texts as well.
    let text = |at: &usize| {
        message
            .parts
            .get(*at)
            .is_some_and(|p| matches!(p.body, PartType::Text(_) | PartType::Html(_)) && !is_file(p, first == Some(*at)))
    };
    let used = message.text_body.iter().chain(&message.html_body).map(|at| *at as usize).filter(text);
    let used = used.chain(rescued).collect();
    Body { text: marks::without(&marked).into_owned(), marked, used }
}

/// What its text parts say; and which parts were read as text that did not pass for it.
pub(super) fn own_text(message: &Message<'_>, limits: &Limits, defects: &mut Vec<String>) -> (String, Vec<usize>) {
    let plain = join(message, &message.text_body, limits, defects);
    let written = plain.trim();
    let html_bytes: usize = message.html_body.iter().filter_map(|at| html_part(message, *at)).map(str::len).sum();
    // A stub such as "this email needs an HTML reader" beside a long HTML part.
    let stub = written.len() < 400 && html_bytes > 20 * written.len() + 400;
    if !written.is_empty() && !stub {
        return (plain, Vec::new());
    }
    let laid_out = join(message, &message.html_body, limits, defects);
    let rich = marks::without(&laid_out).trim().len();
    if written.is_empty() {
        return if rich == 0 { rescued(message, limits, defects) } else { (laid_out, Vec::new()) };
    }
    if rich > 4 * written.len() + 200 {
        defects.push("the plain text says next to nothing; the HTML part is read instead".to_owned());
        return (laid_out, Vec::new());
    }
    (plain, Vec::new())
}

/// The text of parts whose type or end is damaged.
fn rescued(message: &Message<'_>, limits: &Limits, defects: &mut Vec<String>) -> (String, Vec<usize>) {
    let (mut text, mut used) = (String::new(), Vec::new());
    for at in 0..message.parts.len().min(limits.parts) {
        let Some((piece, is_html)) = text_part::rescued(message, at).filter(|(t, _)| !t.trim().is_empty()) else {
            continue;
        };
        used.push(at);
        if is_html && !text.is_empty() {
            continue;
        }
        let piece = if is_html { html::to_marked_text(&piece, limits.html_bytes, defects) } else { marks::none(piece) };
        text.push_str(&piece);
        if !text.ends_with('\n') {
            text.push('\n');
        }
        if text.len() > limits.text_bytes {
            break;
        }
    }
    if !text.is_empty() {
        defects.push("the text stands in a part whose type or end is damaged".to_owned());
    }
    (text, used)
}

fn html_part<'a>(message: &'a Message<'_>, at: u32) -> Option<&'a str> {
    match &message.parts.get(at as usize)?.body {
        PartType::Html(source) => Some(source),
        _ => None,
    }
}

/// What can be read where there is no text: an invitation, a winmail.dat, an enclosed email.
fn other_text(message: &Message<'_>, limits: &Limits, deeper: usize, defects: &mut Vec<String>) -> String {
    for (at, part) in message.parts.iter().enumerate() {
        let text = match parts::media_type(part).as_str() {
            "text/calendar" => calendar::describe(&text_part::text_of(message, at).unwrap_or_default()),
            _ if tnef::is_tnef(&transfer::contents(message, part)) => {
                tnef::read(&transfer::contents(message, part)).text
            }
            _ => match &part.body {
                PartType::Message(inner) if deeper > 0 => Some(enclosed(inner, limits, deeper - 1, defects)),
                _ => None,
            },
        };
        if let Some(text) = text.filter(|t| !t.trim().is_empty()) {
            return text;
        }
    }
    String::new()
}

/// The text inside a signature, before what a list or a gateway put beside it.
fn with_signed(message: &Message<'_>, body: String, limits: &Limits, defects: &mut Vec<String>) -> String {
    let mut structures = message.parts.iter().filter(|part| opaque::is_structure(part));
    match structures.find_map(|part| signed_text(&transfer::contents(message, part), limits, defects)) {
        Some(signed) if body.trim().is_empty() => signed,
        Some(signed) => format!("{}\n\n{body}", signed.trim_end()),
        None => body,
    }
}

/// The text of an email inside its signature.
fn signed_text(signed: &[u8], limits: &Limits, defects: &mut Vec<String>) -> Option<String> {
    let content = opaque::inner(signed)?;
    super::guard::check(&content, limits).ok()?;
    let inner = MessageParser::default().parse(content.as_slice())?;
    Some(own_text(&inner, limits, defects).0)
}

/// An enclosed email with the head a reader needs.
fn enclosed(inner: &Message<'_>, limits: &Limits, deeper: usize, defects: &mut Vec<String>) -> String {
    let mut text = String::new();
    let mail = super::header::read(inner, limits, &mut Vec::new());
    if let Some(from) = &mail.from {
        text.push_str(&format!("From: {} <{}>\n", from.name, from.address));
    }
    if !mail.subject.is_empty() {
        text.push_str(&format!("Subject: {}\n", mail.subject));
    }
    let (body, _) = own_text(inner, limits, defects);
    let body = if body.trim().is_empty() { other_text(inner, limits, deeper, defects) } else { body };
    format!("{text}\n{body}")
}

fn join(message: &Message<'_>, indices: &[u32], limits: &Limits, defects: &mut Vec<String>) -> String {
    let mut text = String::new();
    // One budget for all parts of an email: laying out is what costs.
    let mut html_left = limits.html_bytes;
    let first = first_text(message);
    for at in indices.iter().map(|at| *at as usize).take(limits.parts) {
        let Some(part) = message.parts.get(at).filter(|p| !is_file(p, first == Some(at))) else { continue };
        let Some(source) = text_part::text_of(message, at) else { continue };
        let piece = if matches!(part.body, PartType::Html(_)) {
            let piece = html::to_marked_text(&source, html_left, defects);
            html_left = html_left.saturating_sub(source.len());
            piece
        } else {
            marks::none(uuencode::split(&source).0.into_owned())
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&piece);
        if text.len() > limits.text_bytes {
            break;
        }
    }
    text
}

fn first_text(message: &Message<'_>) -> Option<usize> {
    message.text_body.iter().chain(&message.html_body).map(|i| *i as usize).min()
}

/// A text part that asks to be saved, or that has a name and is not the first, is a file.
fn is_file(part: &MessagePart<'_>, first: bool) -> bool {
    if part.content_disposition().is_some_and(|d| d.ctype().eq_ignore_ascii_case("attachment")) {
        return true;
    }
    !first && matches!(part.body, PartType::Text(_)) && part.attachment_name().is_some()
}

/// Line ends as `\n`; no NUL and no other control character but tab, which PostgreSQL and
/// terminals are spared.
fn clean(text: String) -> String {
    let unix = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
    let unwanted = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let unix = if unix.starts_with('\u{feff}') { unix.trim_start_matches('\u{feff}').to_owned() } else { unix };
    if unix.contains(unwanted) { unix.replace(unwanted, "") } else { unix }
}

fn bounded(mut text: String, most: usize, defects: &mut Vec<String>) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        defects.push(format!("the text is cut at limits.text_bytes = {most}"));
    }
    text
}
