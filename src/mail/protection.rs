//! Signed and encrypted mail: OpenPGP (RFC 3156) and S/MIME (RFC 8551).
//!
//! Signatures are noted, not checked: who may act is settled elsewhere. What is encrypted cannot be
//! read here, and its sender has to be told.

use mail_parser::{Message, MimeHeaders};

use super::{opaque, transfer};

/// How an email was protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// It carries a signature; its text is readable.
    Signed,
    /// Its text cannot be read without a key the service desk does not have.
    Encrypted,
}

/// What the outermost structure that says anything says.
pub(super) fn detect(message: &Message<'_>, text: &str) -> Option<Protection> {
    message.parts.iter().take(16).find_map(|part| of_part(message, part)).or_else(|| of_text(text))
}

fn of_part(message: &Message<'_>, part: &mail_parser::MessagePart<'_>) -> Option<Protection> {
    if opaque::is_structure(part)
        && let Some(found) = opaque::protection(&transfer::contents(message, part))
    {
        return Some(found);
    }
    let declared = part.content_type()?;
    let subtype = declared.subtype()?.to_ascii_lowercase();
    let attribute = |name: &str| declared.attribute(name).unwrap_or_default().to_ascii_lowercase();
    match (declared.ctype().to_ascii_lowercase().as_str(), subtype.as_str()) {
        ("multipart", "signed") => Some(Protection::Signed),
        ("multipart", "encrypted") => Some(Protection::Encrypted),
        ("application", "pkcs7-mime" | "x-pkcs7-mime") => match attribute("smime-type").as_str() {
            "signed-data" | "certs-only" => Some(Protection::Signed),
            _ => Some(Protection::Encrypted),
        },
        _ => None,
    }
}

/// OpenPGP written into the text itself (RFC 9580 section 6).
fn of_text(text: &str) -> Option<Protection> {
    let start = text.trim_start();
    if start.starts_with("-----BEGIN PGP MESSAGE-----") {
        return Some(Protection::Encrypted);
    }
    text.contains("-----BEGIN PGP SIGNED MESSAGE-----").then_some(Protection::Signed)
}
