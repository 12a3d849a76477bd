//! The text of one part: its transfer encoding undone, its charset and line breaks put right.

use mail_parser::decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode};
use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};

use super::{charset, flowed};

/// A text part's text, its charset and line breaks put right.
pub(super) fn text_of(message: &Message<'_>, at: usize) -> Option<String> {
    let part = message.parts.get(at)?;
    let (PartType::Text(decoded) | PartType::Html(decoded)) = &part.body else { return None };
    let content_type = part.content_type();
    let attribute = |name: &str| content_type.and_then(|t| t.attribute(name));
    let declared = attribute("charset");
    let meta = || matches!(part.body, PartType::Html(_)).then(|| meta_charset(decoded)).flatten();
    let label = declared.map(ToOwned::to_owned).or_else(meta);
    let text = if is_doubtful(decoded, label.as_deref()) {
        raw_bytes(message, part).map(|bytes| charset::decode(label.as_deref(), &bytes))
    } else {
        None
    };
    let text = text.unwrap_or_else(|| decoded.to_string());
    let is_flowed = attribute("format").is_some_and(|f| f.eq_ignore_ascii_case("flowed"));
    if is_flowed && matches!(part.body, PartType::Text(_)) {
        let delsp = attribute("delsp").is_some_and(|d| d.eq_ignore_ascii_case("yes"));
        return Some(flowed::unfold(&text, delsp));
    }
    Some(text)
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

/// The part's bytes with its transfer encoding undone and its charset not.
fn raw_bytes(message: &Message<'_>, part: &MessagePart<'_>) -> Option<Vec<u8>> {
    let raw = message.raw_message.get(part.offset_body as usize..part.offset_end as usize)?;
    match part.encoding {
        Encoding::None => Some(raw.to_vec()),
        Encoding::Base64 => base64_decode(raw),
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
    }
}
