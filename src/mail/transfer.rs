//! Transfer encodings (RFC 2045 section 6) as they arrive: without padding, with a mailing list's foot
//! behind the base64, with ornaments around the name of the encoding, with their end cut off.
//!
//! The parser's own result is used where it cannot be wrong; the rest is decoded again here.

use std::borrow::Cow;

use mail_parser::decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode};
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::uuencode;

/// How a part says it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    None,
    Base64,
    QuotedPrintable,
    Uuencode,
}

/// The part's bytes, its transfer encoding undone and its charset not; of a multipart none.
pub(super) fn contents<'a>(message: &'a Message<'_>, part: &'a MessagePart<'_>) -> Cow<'a, [u8]> {
    if matches!(part.body, PartType::Multipart(_)) {
        return Cow::Borrowed(&[]);
    }
    let raw = message.raw_message.get(part.offset_body as usize..part.offset_end as usize).unwrap_or_default();
    let encoding = encoding(part);
    if let PartType::Binary(decoded) | PartType::InlineBinary(decoded) = &part.body
        && !part.is_encoding_problem
        && (encoding == Encoding::None || (encoding == Encoding::Base64 && decoded.len() == length(raw)))
    {
        return Cow::Borrowed(decoded);
    }
    match encoding {
        Encoding::None => Cow::Borrowed(without_last_break(part, raw)),
        Encoding::Base64 => Cow::Owned(base64(raw)),
        Encoding::QuotedPrintable => quoted_printable_decode(raw).map_or(Cow::Borrowed(raw), Cow::Owned),
        Encoding::Uuencode => {
            let text = String::from_utf8_lossy(raw);
            let file = uuencode::split(&text).1.into_iter().next();
            file.map_or(Cow::Borrowed(raw), |file| Cow::Owned(file.contents))
        }
    }
}

/// Whether the part's text is written in an encoding the parser did not undo.
pub(super) fn is_left_encoded(part: &MessagePart<'_>) -> bool {
    let undone = match part.encoding {
        mail_parser::Encoding::None => Encoding::None,
        mail_parser::Encoding::Base64 => Encoding::Base64,
        mail_parser::Encoding::QuotedPrintable => Encoding::QuotedPrintable,
    };
    part.is_encoding_problem || encoding(part) != undone
}

/// The name of the encoding, without quotes, comments and punctuation.
fn encoding(part: &MessagePart<'_>) -> Encoding {
    let named = part.content_transfer_encoding().unwrap_or_default();
    let named = named.split(['(', ';']).next().unwrap_or_default();
    let named = named.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    match named.as_str() {
        "base64" | "b64" => Encoding::Base64,
        "quoted-printable" | "quoted printable" | "quotedprintable" | "qp" => Encoding::QuotedPrintable,
        "x-uuencode" | "uuencode" | "x-uue" | "uue" => Encoding::Uuencode,
        _ => Encoding::None,
    }
}

/// The line break before a boundary belongs to the boundary (RFC 2046 section 5.1.1); a part that
/// lost its end keeps what is there.
fn without_last_break<'a>(part: &MessagePart<'_>, raw: &'a [u8]) -> &'a [u8] {
    if !part.is_encoding_problem {
        return raw;
    }
    raw.strip_suffix(b"\r\n").or_else(|| raw.strip_suffix(b"\n")).unwrap_or(raw)
}

fn is_digit(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')
}

/// How many bytes well-formed base64 stands for.
fn length(raw: &[u8]) -> usize {
    raw.iter().filter(|b| is_digit(**b)).count() * 6 / 8
}

/// Base64 up to its padding, or to a line that is none; foreign characters are passed over, padding
/// may be missing.
pub(super) fn base64(raw: &[u8]) -> Vec<u8> {
    let url = !raw.contains(&b'+') && !raw.contains(&b'/') && raw.iter().any(|b| matches!(b, b'-' | b'_'));
    let mut digits = Vec::with_capacity(raw.len());
    'lines: for line in raw.split(|b| *b == b'\n') {
        let line = line.trim_ascii();
        // Words: the foot that a mailing list or a filter put behind it.
        if line.contains(&b' ')
            || (line.starts_with(b"--") && line.iter().all(|b| !is_digit(*b)))
            || line.starts_with(b"__")
        {
            break;
        }
        for b in line {
            match b {
                b'=' if !digits.is_empty() => break 'lines,
                b'-' if url => digits.push(b'+'),
                b'_' if url => digits.push(b'/'),
                b if is_digit(*b) => digits.push(*b),
                _ => {}
            }
        }
    }
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    while !digits.len().is_multiple_of(4) {
        digits.push(b'=');
    }
    base64_decode(&digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_read_as_it_arrives() {
        for (raw, bytes) in [
            ("Qm9uam91cg==", "Bonjour"),
            ("Qm9uam91cg", "Bonjour"),
            ("Qm9u\r\nam91cg==\r\n", "Bonjour"),
            ("Qm9u!am91cg==", "Bonjour"),
            ("Qm9uam91cg==\r\n_______\r\nprofs mailing list\r\n", "Bonjour"),
            ("Qm9uam91cnMh\r\n\r\nEnvoi par la liste\r\n", "Bonjours!"),
            ("", ""),
        ] {
            assert_eq!(base64(raw.as_bytes()), bytes.as_bytes(), "{raw}");
        }
    }
}
