//! Reports about emails that could not be delivered: RFC 3464 inside RFC 6522 here, free text in `words`.

mod fields;
mod meaning;
mod words;

use std::borrow::Cow;

use mail_parser::{Message, MimeHeaders, PartType};

use super::ParsedEmail;
use super::address::{looks_like_address, one_line};
use super::charset::decode_undeclared;

/// Most characters of a refusal that are kept.
const WORDS: usize = 1_000;

/// Bytes of a broken report's body that are looked at.
const RAW: usize = 64 * 1024;

/// What a delivery report says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounce {
    /// Recipients that were not reached, bare addresses.
    pub recipients: Vec<String>,
    /// Enhanced status code (RFC 3463), such as `5.1.1`.
    pub status: Option<String>,
    /// The words of the refusing server.
    pub diagnostic: Option<String>,
    /// True when only a mail system can have written it: by its fields, its return path, or its sender.
    pub certain: bool,
    /// True when the report only says that delivery takes longer.
    pub delayed: bool,
    /// Message-ID of the email that was not delivered, when the report encloses its header.
    pub original_id: Option<String>,
}

/// Reads the report, if this is one. `text` is the email's readable text.
pub(super) fn detect(message: &Message<'_>, mail: &ParsedEmail, text: &str) -> Option<Bounce> {
    let body = if text.trim().is_empty() { raw_body(message) } else { Cow::Borrowed(text) };
    let text = body.as_ref();
    let mut bounce = match status_fields(message, mail, text) {
        Some(fields) => of_fields(&fields, mail, text)?,
        None => words::detect(message, mail, text)?,
    };
    bounce.certain = bounce.certain || words::is_certain(message, mail);
    clean(&mut bounce);
    refine(&mut bounce, text);
    if let Some(original) = message.parts.iter().find_map(enclosed) {
        bounce.original_id = original.message_id;
        if bounce.recipients.is_empty() {
            bounce.recipients.extend(original.to);
        }
    }
    if bounce.recipients.is_empty() {
        bounce.recipients = words::named_for_help(text, mail);
    }
    if bounce.original_id.is_none() {
        bounce.original_id = enclosed_id(words::original(text));
    }
    Some(bounce)
}

/// The code of RFC 3463 that the words of a refusal mean, in whatever language.
pub(crate) fn meaning(words: &str) -> Option<&'static str> {
    meaning::of(Some(words), "")
}

/// Where the report gives no code, the one that its words mean.
fn refine(bounce: &mut Bounce, text: &str) {
    if bounce.delayed || bounce.status.is_some() {
        return;
    }
    let Some(code) = meaning::of(bounce.diagnostic.as_deref(), &words::above_original(text)) else { return };
    let for_now = bounce.status.as_deref().is_some_and(|code| code.starts_with('4'))
        || (bounce.status.is_none() && bounce.diagnostic.as_deref().is_some_and(|words| words.starts_with('4')));
    bounce.status = Some(if for_now { format!("4{}", &code[1..]) } else { code.to_owned() });
}

/// One line each, within a bound: they are stored and sent on.
fn clean(bounce: &mut Bounce) {
    let short = |text: &str| one_line(text).chars().take(WORDS).collect::<String>();
    bounce.status = bounce.status.as_deref().map(short).filter(|s| s.len() <= 20);
    bounce.diagnostic = bounce.diagnostic.as_deref().map(short).filter(|s| !s.is_empty());
    bounce.recipients.retain(|r| looks_like_address(r));
}

/// What the fields of a report say, made good by its words where they say more.
fn of_fields(fields: &str, mail: &ParsedEmail, text: &str) -> Option<Bounce> {
    let mut bounce = fields::read(fields)?;
    bounce.status = words::more_exact(bounce.status.take(), bounce.diagnostic.as_deref(), text);
    if bounce.diagnostic.is_none() {
        bounce.diagnostic = words::diagnostic_in(text);
    }
    if let Some(written_to) = words::expanded_from(text).filter(|_| bounce.recipients.len() <= 1) {
        // An alias was written to; the report names what it stands for.
        bounce.recipients = vec![written_to];
    }
    if bounce.recipients.is_empty() {
        bounce.recipients = words::recipients_in(text, mail);
    }
    Some(bounce)
}

/// The fields of RFC 3464: in parts of that type, or, where a relay took the structure apart, in the
/// text itself. A person may pass a report on as it came, so somebody other than a mail system is
/// believed only where the whole email says that it is a report.
fn status_fields(message: &Message<'_>, mail: &ParsedEmail, text: &str) -> Option<String> {
    let report = message.content_type().and_then(|t| t.subtype()).is_some_and(|s| s.eq_ignore_ascii_case("report"));
    let system = words::from_system(message, mail) || words::returns_to_nobody(message);
    if !report && !system && !words::returns_own(message, mail) {
        return None;
    }
    let parts: Vec<String> = message.parts.iter().filter_map(delivery_status).collect();
    let telling = parts.iter().find(|p| has_fields(p)).or_else(|| parts.first());
    if let Some(fields) = telling {
        return Some(fields.clone());
    }
    let body = raw_body(message);
    [text, body.as_ref()].into_iter().find(|t| has_fields(t)).map(|t| from_fields(t).to_owned())
}

/// The beginning of the body as it came, for reports whose structure is broken.
fn raw_body<'a>(message: &'a Message<'_>) -> Cow<'a, str> {
    let start = message.parts.first().map_or(0, |p| p.offset_body as usize);
    let body = message.raw_message.get(start..).unwrap_or_default();
    decode_undeclared(&body[..body.len().min(RAW)])
}

/// Whether a text holds the two fields that every recipient of a report has.
fn has_fields(text: &str) -> bool {
    let folded = text.to_ascii_lowercase();
    let starts = |name: &str| folded.starts_with(name) || folded.contains(&format!("\n{name}"));
    (starts("final-recipient:") || starts("original-recipient:")) && (starts("action:") || starts("status:"))
}

/// The text from the first of a report's own fields on, up to the original's header.
fn from_fields(text: &str) -> &str {
    let folded = text.to_ascii_lowercase();
    let names = ["reporting-mta:", "final-recipient:", "original-recipient:", "action:"];
    let start = names.iter().filter_map(|n| folded.find(n)).min().unwrap_or(0);
    let end = ["\nreceived:", "\nreturn-path:", "\nfrom:", "\nsubject:"];
    let end = end.iter().filter_map(|n| folded[start..].find(n)).min().map_or(text.len(), |at| start + at);
    &text[start..end]
}

fn delivery_status(part: &mail_parser::MessagePart<'_>) -> Option<String> {
    let subtype = part.content_type()?.subtype()?;
    if !subtype.eq_ignore_ascii_case("delivery-status") && !subtype.eq_ignore_ascii_case("global-delivery-status") {
        return None;
    }
    match &part.body {
        PartType::Binary(raw) | PartType::InlineBinary(raw) => Some(decode_undeclared(raw).into_owned()),
        PartType::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

/// What an enclosed email, or its header block, says of itself.
struct Original {
    message_id: Option<String>,
    to: Option<String>,
}

fn enclosed(part: &mail_parser::MessagePart<'_>) -> Option<Original> {
    match &part.body {
        PartType::Message(inner) => {
            let to = inner.to().and_then(|to| to.first()).and_then(|a| a.address.as_deref());
            Some(Original { message_id: inner.message_id().map(ToOwned::to_owned), to: to.map(ToOwned::to_owned) })
        }
        PartType::Text(text) => {
            let message_id = enclosed_id(text)?;
            Some(Original { message_id: Some(message_id), to: None })
        }
        _ => None,
    }
}

/// The Message-ID in an enclosed header block (`text/rfc822-headers`).
fn enclosed_id(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let named = |l: &&str| l.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("message-id:"));
    let at = lines.iter().position(|l| named(&l.trim_start_matches(['>', ' '])))?;
    let line = lines[at].trim_start_matches(['>', ' ']);
    // A long one stands alone on the next line.
    let value = if line.trim().len() == 11 { lines.get(at + 1)? } else { &line[11..] };
    let id = value.trim().trim_matches(['<', '>']);
    (!id.is_empty()).then(|| id.to_owned())
}
