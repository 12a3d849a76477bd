//! Emails inside an S/MIME signature (RFC 8551 section 3.5.2, "opaque" signing, as Outlook does): the
//! signed content stands readable in the CMS structure (RFC 5652 section 5) and is taken out of it.
//!
//! What a part is follows from its bytes: programs leave out the `smime-type`, and gateways pass it on as
//! application/octet-stream of which only the name `smime.p7m` is left.
//!
//! Only what leads to the content is read, in the encodings in use: of definite length, or cut into
//! pieces of indefinite length. Nothing is verified.

use mail_parser::{MessageParser, MessagePart, MimeHeaders};

use super::{Protection, transfer};

/// id-data, as an encoded object identifier.
const ID_DATA: [u8; 11] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01];
/// id-signedData: what is enveloped has another.
const ID_SIGNED: [u8; 11] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];

/// id-envelopedData.
const ID_ENVELOPED: [u8; 11] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x03];
/// id-ct-authEnvelopedData (RFC 5083), in which newer programs encrypt.
const ID_AUTH_ENVELOPED: [u8; 13] = [0x06, 0x0B, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x17];

/// Bytes in which a structure says what it is.
const START: usize = 64;

/// Whether a part is to be looked at: it calls itself S/MIME, or has its ending.
pub(super) fn is_structure(part: &MessagePart<'_>) -> bool {
    let declared = part.content_type();
    let subtype = declared.and_then(|declared| declared.subtype()).unwrap_or_default();
    let ends = |text: &str, end: &str| {
        let start = text.len().checked_sub(end.len());
        start.is_some_and(|at| text.as_bytes()[at..].eq_ignore_ascii_case(end.as_bytes()))
    };
    ends(subtype, "pkcs7-mime") || ends(part.attachment_name().unwrap_or_default(), ".p7m")
}

/// How a structure protects what is in it.
pub(super) fn protection(bytes: &[u8]) -> Option<Protection> {
    let start = bytes.get(..START.min(bytes.len()))?;
    let names = |id: &[u8]| start.windows(id.len()).any(|window| window == id);
    if names(&ID_SIGNED) {
        // What is encrypted within a signature is encrypted.
        let within = content_of_structure(bytes).and_then(|content| nested(&content));
        return Some(within.unwrap_or(Protection::Signed));
    }
    (names(&ID_ENVELOPED) || names(&ID_AUTH_ENVELOPED)).then_some(Protection::Encrypted)
}

const EXPLICIT: u8 = 0xA0;
const OCTETS: u8 = 0x04;
const PIECES: u8 = 0x24;

/// Deepest signature within a signature that is opened.
const DEEPEST: usize = 4;

/// The email inside a signature, or inside several; none where what was signed is encrypted, or nothing that can be read.
pub(super) fn inner(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut content = content(bytes)?;
    for _ in 0..DEEPEST {
        // What does not begin with a field is text that was signed as it is.
        if !begins_with_field(&content) {
            content.splice(0..0, *b"Content-Type: text/plain\r\n\r\n");
        }
        let next = {
            let message = MessageParser::default().parse(content.as_slice())?;
            match message.parts.first().filter(|part| is_structure(part)) {
                Some(part) => Some(self::content(&transfer::contents(&message, part))?),
                None => None,
            }
        };
        match next {
            Some(next) => content = next,
            None => return Some(content),
        }
    }
    None
}

fn begins_with_field(content: &[u8]) -> bool {
    let line = content.split(|b| *b == b'\n').next().unwrap_or_default();
    let name = line.iter().position(|b| *b == b':').unwrap_or(0);
    name > 0 && line[..name].iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
}

/// The content of a signed structure.
pub(super) fn content(bytes: &[u8]) -> Option<Vec<u8>> {
    // The signature's own object stands at the beginning.
    content_of_structure(bytes)
}

/// The protection of a structure that stands in a signed content, if one does.
fn nested(content: &[u8]) -> Option<Protection> {
    let message = MessageParser::default().parse(content)?;
    let part = message.parts.first().filter(|part| is_structure(part))?;
    let bytes = transfer::contents(&message, part);
    let start = bytes.get(..START.min(bytes.len()))?;
    let names = |id: &[u8]| start.windows(id.len()).any(|window| window == id);
    (names(&ID_ENVELOPED) || names(&ID_AUTH_ENVELOPED)).then_some(Protection::Encrypted)
}

fn content_of_structure(bytes: &[u8]) -> Option<Vec<u8>> {
    let start = bytes.get(..START.min(bytes.len()))?;
    start.windows(ID_SIGNED.len()).position(|window| window == ID_SIGNED)?;
    let at = bytes.windows(ID_DATA.len()).position(|w| w == ID_DATA)?;
    let mut rest = &bytes[at + ID_DATA.len()..];
    let (tag, _) = head(&mut rest)?;
    if tag != EXPLICIT {
        return None;
    }
    let (tag, length) = head(&mut rest)?;
    match (tag, length) {
        (OCTETS, Some(length)) => Some(rest.get(..length)?.to_vec()),
        (PIECES, length) => pieces(match length {
            Some(length) => rest.get(..length)?,
            None => rest,
        }),
        _ => None,
    }
}

/// Octet strings one after the other, up to the end mark or the end.
fn pieces(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while let Some((OCTETS, Some(length))) = head(&mut rest) {
        out.extend_from_slice(rest.get(..length)?);
        rest = &rest[length..];
    }
    (!out.is_empty()).then_some(out)
}

/// A tag and its length; none for the indefinite one.
fn head(rest: &mut &[u8]) -> Option<(u8, Option<usize>)> {
    let (tag, first) = (*rest.first()?, *rest.get(1)?);
    *rest = &rest[2..];
    if first < 0x80 {
        return Some((tag, Some(usize::from(first))));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 {
        return Some((tag, None));
    }
    let bytes = rest.get(..count).filter(|_| count <= 4)?;
    let length = bytes.iter().fold(0usize, |sum, b| sum << 8 | usize::from(*b));
    *rest = &rest[count..];
    Some((tag, Some(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(content: &[u8]) -> Vec<u8> {
        [[0x30, 0x80].as_slice(), &ID_SIGNED, &[0xA0, 0x80, 0x30, 0x80, 0x02, 0x01, 0x01], &ID_DATA, content].concat()
    }

    #[test]
    fn content_is_found_in_both_encodings() {
        let text = b"Content-Type: text/plain\r\n\r\nNoir.";
        let length = u8::try_from(text.len()).unwrap_or(0);
        let whole = signed(&[[EXPLICIT, length + 2, OCTETS, length].as_slice(), text].concat());
        assert_eq!(content(&whole).as_deref(), Some(text.as_slice()));
        let cut = signed(
            &[
                [EXPLICIT, 0x80, PIECES, 0x80, OCTETS, 10].as_slice(),
                &text[..10],
                &[OCTETS, 0x81, length - 10],
                &text[10..],
                &[0, 0, 0, 0],
            ]
            .concat(),
        );
        assert_eq!(content(&cut).as_deref(), Some(text.as_slice()));
    }

    #[test]
    fn what_is_no_signature_has_no_content() {
        assert_eq!(content(b""), None);
        assert_eq!(content(&ID_DATA), None);
        let whole = signed(&[EXPLICIT, 4, OCTETS, 2, 1, 2]);
        for end in 0..whole.len() {
            assert_eq!(content(&whole[..end]), None);
        }
    }
}
