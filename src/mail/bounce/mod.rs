//! Reports about mails that could not be delivered: RFC 3464 inside RFC 6522 here, free text in `words`.

mod words;

use mail_parser::{Message, PartType};

use super::ParsedMail;
use super::header::decode_bytes;

/// Most recipients that are taken from one report.
const RECIPIENTS: usize = 200;

/// What a delivery report says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounce {
    /// Recipients that were not reached, bare addresses.
    pub recipients: Vec<String>,
    /// Enhanced status code (RFC 3463), such as `5.1.1`.
    pub status: Option<String>,
    /// The words of the refusing server.
    pub diagnostic: Option<String>,
    /// True when the report only says that delivery takes longer.
    pub delayed: bool,
    /// Message-ID of the mail that was not delivered, when the report encloses its header.
    pub original_id: Option<String>,
}

/// Reads the report, if this is one. `text` is the mail's readable text.
pub(super) fn detect(message: &Message<'_>, mail: &ParsedMail, text: &str) -> Option<Bounce> {
    let status = message.parts.iter().find_map(delivery_status);
    let mut bounce = match status {
        Some(status) => {
            let mut bounce = read_status(&status);
            bounce.status = words::more_exact(bounce.status.take(), bounce.diagnostic.as_deref());
            if bounce.recipients.is_empty() {
                bounce.recipients = words::recipients_in(text, mail);
            }
            bounce
        }
        None => words::detect(message, mail, text)?,
    };
    let original = message.parts.iter().find_map(enclosed);
    if let Some((id, to)) = original {
        bounce.original_id = id;
        if bounce.recipients.is_empty() {
            bounce.recipients.extend(to);
        }
    }
    Some(bounce)
}

fn delivery_status(part: &mail_parser::MessagePart<'_>) -> Option<String> {
    use mail_parser::MimeHeaders;
    let subtype = part.content_type()?.subtype()?;
    if !subtype.eq_ignore_ascii_case("delivery-status") && !subtype.eq_ignore_ascii_case("global-delivery-status") {
        return None;
    }
    match &part.body {
        PartType::Binary(raw) | PartType::InlineBinary(raw) => Some(decode_bytes(raw)),
        PartType::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

/// The fields of the per-recipient blocks; a folded line continues the one before.
fn read_status(text: &str) -> Bounce {
    let unfolded = text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let mut bounce = Bounce { delayed: true, ..Bounce::default() };
    let mut decided = false;
    for line in unfolded.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "final-recipient" | "original-recipient" => {
                let address = value.rsplit(';').next().unwrap_or_default();
                let address = address.trim().trim_matches(['<', '>']).to_owned();
                if !address.is_empty() && bounce.recipients.len() < RECIPIENTS && !bounce.recipients.contains(&address)
                {
                    bounce.recipients.push(address);
                }
            }
            "action" => {
                decided = true;
                bounce.delayed &= value.eq_ignore_ascii_case("delayed");
            }
            "status" => {
                let code = value.split_whitespace().next().unwrap_or_default();
                bounce.status.get_or_insert_with(|| code.to_owned());
            }
            "diagnostic-code" => {
                bounce.diagnostic.get_or_insert_with(|| value.to_owned());
            }
            _ => {}
        }
    }
    bounce.delayed &= decided;
    bounce
}

/// Message-ID and first recipient of an enclosed mail, or of its header block.
fn enclosed(part: &mail_parser::MessagePart<'_>) -> Option<(Option<String>, Option<String>)> {
    match &part.body {
        PartType::Message(inner) => {
            let to = inner.to().and_then(|to| to.first()).and_then(|a| a.address.as_deref());
            Some((inner.message_id().map(ToOwned::to_owned), to.map(ToOwned::to_owned)))
        }
        PartType::Text(text) => enclosed_id(text).map(|id| (Some(id), None)),
        _ => None,
    }
}

/// The Message-ID in an enclosed header block (`text/rfc822-headers`).
fn enclosed_id(text: &str) -> Option<String> {
    let line = text.lines().find(|l| l.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("message-id:")))?;
    let id = line[11..].trim().trim_matches(['<', '>']);
    (!id.is_empty()).then(|| id.to_owned())
}
