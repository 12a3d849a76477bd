//! Reports about mails that could not be delivered (RFC 3464 inside RFC 6522).

use mail_parser::{Message, PartType};

use super::ParsedMail;
use super::header::decode_bytes;

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

/// Reads the report, if this is one.
pub(super) fn detect(message: &Message<'_>, mail: &ParsedMail) -> Option<Bounce> {
    let status = message.parts.iter().find_map(delivery_status);
    match status {
        Some(text) => Some(with_original(read_status(&text), message)),
        None => from_daemon(message, mail),
    }
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
                if !address.is_empty() && !bounce.recipients.contains(&address) {
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

fn with_original(mut bounce: Bounce, message: &Message<'_>) -> Bounce {
    bounce.original_id = message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(inner) => inner.message_id().map(ToOwned::to_owned),
        PartType::Text(text) => enclosed_id(text),
        _ => None,
    });
    bounce
}

/// The Message-ID in an enclosed header block (`text/rfc822-headers`).
fn enclosed_id(text: &str) -> Option<String> {
    let line = text.lines().find(|l| l.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("message-id:")))?;
    let id = line[11..].trim().trim_matches(['<', '>']);
    (!id.is_empty()).then(|| id.to_owned())
}

/// A report in free text: written by the mail system itself, to nobody's return path.
fn from_daemon(message: &Message<'_>, mail: &ParsedMail) -> Option<Bounce> {
    let sender = mail.from.as_ref()?.key();
    let local = sender.split('@').next().unwrap_or_default();
    matches!(local, "mailer-daemon" | "mail-daemon").then(|| with_original(Bounce::default(), message))
}
