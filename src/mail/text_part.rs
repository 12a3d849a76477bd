//! The text of one part: its transfer encoding undone, its charset and line breaks put right.

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::{charset, flowed, transfer};

/// A text part's text, its charset and line breaks put right.
pub(super) fn text_of(message: &Message<'_>, at: usize) -> Option<String> {
    let part = message.parts.get(at)?;
    let (PartType::Text(decoded) | PartType::Html(decoded)) = &part.body else { return None };
    let html = matches!(part.body, PartType::Html(_));
    let label = label(part).or_else(|| html.then(|| meta_charset(decoded)).flatten());
    if transfer::is_left_encoded(part) || is_doubtful(decoded, label.as_deref()) {
        let bytes = transfer::contents(message, part);
        return Some(unfolded(part, charset::decode(label.as_deref(), &bytes)));
    }
    Some(unfolded(part, decoded.to_string()))
}

/// The text of a part that the parser took for something else, because its type is malformed or its
/// end is missing; and whether it is HTML.
pub(super) fn rescued(message: &Message<'_>, at: usize) -> Option<(String, bool)> {
    let part = message.parts.get(at)?;
    if !matches!(part.body, PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Text(_) | PartType::Html(_)) {
        return None;
    }
    let saved = part.content_disposition().is_some_and(|d| d.ctype().eq_ignore_ascii_case("attachment"));
    let declared = part.content_type();
    let kind = declared.map(|t| t.ctype().to_ascii_lowercase()).unwrap_or_default();
    let subtype = declared.and_then(|t| t.subtype()).unwrap_or_default().to_ascii_lowercase();
    // RFC 2045 section 5.2: what cannot be understood is plain text.
    let texts = kind == "text" || kind.starts_with("text/") || subtype.is_empty() || kind.is_empty();
    let named = part.attachment_name().is_some() || subtype == "calendar";
    if saved || named || !texts {
        return None;
    }
    let bytes = transfer::contents(message, part);
    if bytes.contains(&0) {
        return None;
    }
    let html = subtype.starts_with("html") || kind.contains("html");
    Some((unfolded(part, charset::decode(label(part).as_deref(), &bytes)), html))
}

fn label(part: &MessagePart<'_>) -> Option<String> {
    part.content_type().and_then(|t| t.attribute("charset")).map(ToOwned::to_owned)
}

fn unfolded(part: &MessagePart<'_>, text: String) -> String {
    let attribute = |name: &str| part.content_type().and_then(|t| t.attribute(name));
    let is_flowed = attribute("format").is_some_and(|f| f.eq_ignore_ascii_case("flowed"));
    if !is_flowed || matches!(part.body, PartType::Html(_)) {
        return text;
    }
    flowed::unfold(&text, attribute("delsp").is_some_and(|d| d.eq_ignore_ascii_case("yes")))
}

/// Whether the parser's decoding is worth a second look: replacement characters, shifts of
/// ISO-2022, letters beyond ASCII in a charset that is often named wrongly.
fn is_doubtful(decoded: &str, label: Option<&str>) -> bool {
    if decoded.is_ascii() {
        let unusual = label.is_some_and(|l| l.to_ascii_lowercase().contains("utf-7"));
        return decoded.contains('\u{1b}') || unusual;
    }
    let sure = label.is_some_and(|l| l.trim_matches('"').eq_ignore_ascii_case("utf-8"));
    !sure || decoded.contains('\u{FFFD}')
}

/// The charset an HTML source names itself.
fn meta_charset(source: &str) -> Option<String> {
    let head: String = source.chars().take(1024).collect::<String>().to_ascii_lowercase();
    let (_, rest) = head.split_once("charset=")?;
    let rest = rest.trim_start_matches(['"', '\'', ' ']);
    let label = rest.split(|c: char| !c.is_ascii_alphanumeric() && !"-_:.".contains(c)).next()?;
    (!label.is_empty()).then(|| label.to_owned())
}
