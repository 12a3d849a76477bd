//! Parameters of `Content-Type` and `Content-Disposition` (RFC 2045, RFC 2231), read from the raw
//! field: continuations whose bytes belong together, encoded-words where none may stand, bytes in
//! no declared charset.

use super::encoded_word::{self, byte};
use super::{address::one_line, charset};

/// Longest field that is looked at, in bytes.
const FIELD: usize = 16 * 1024;

/// The parameter of that name, decoded.
pub(super) fn value(field: &[u8], name: &str) -> Option<String> {
    let field = &field[..field.len().min(FIELD)];
    let pieces = pieces(field, name);
    let found = plain(&pieces).filter(|_| !pieces.iter().any(|p| p.section.is_some() || p.extended));
    let found = found.or_else(|| joined(&pieces)).or_else(|| plain(&pieces)).or_else(|| anywhere(field, name))?;
    Some(one_line(&found)).filter(|text| !text.is_empty())
}

/// `attachment filename="a.pdf"`, `filename="a.pdf"`: where the semicolon was forgotten.
fn anywhere(field: &[u8], name: &str) -> Option<String> {
    let text = charset::decode_undeclared(field);
    let lower = text.to_ascii_lowercase();
    let sought = format!("{name}=");
    let begins = |at: &usize| !lower[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '*');
    let at = lower.match_indices(&sought).map(|(at, _)| at).find(begins)? + sought.len();
    let value = text.get(at..)?.trim_start();
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => value.split([';', ' ', '\r', '\n']).next()?,
    };
    Some(encoded_word::decode_text(value))
}

/// One `name*N*=value`.
struct Piece {
    section: Option<u32>,
    /// Percent-encoded (`*` at the end of the name).
    extended: bool,
    value: Vec<u8>,
}

fn pieces(field: &[u8], name: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    for parameter in split(field).into_iter().skip(1).take(128) {
        let Some(equals) = parameter.iter().position(|b| *b == b'=') else { continue };
        let key = String::from_utf8_lossy(&parameter[..equals]).trim().to_ascii_lowercase();
        let Some(tail) = key.strip_prefix(name) else { continue };
        let (tail, extended) = tail.strip_suffix('*').map_or((tail, false), |t| (t, true));
        let section = match tail.strip_prefix('*') {
            Some(number) => number.parse().ok(),
            None if tail.is_empty() => None,
            None => continue,
        };
        found.push(Piece { section, extended, value: unquoted(&parameter[equals + 1..]) });
    }
    found
}

/// The field at its semicolons, those in quoted strings left alone.
fn split(field: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, b) in field.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                found.push(&field[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&field[start..]);
    found
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let value = value.trim_ascii();
    let Some(inner) = value.strip_prefix(b"\"") else { return value.to_vec() };
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let mut out = Vec::with_capacity(inner.len());
    let mut escaped = false;
    for b in inner {
        // A path of Windows is written with bare backslashes: only quotes and backslashes are escaped.
        if *b == b'\\' && !escaped {
            escaped = true;
            continue;
        }
        if escaped && !matches!(b, b'"' | b'\\') {
            out.push(b'\\');
        }
        escaped = false;
        out.push(*b);
    }
    out
}

fn plain(pieces: &[Piece]) -> Option<String> {
    let piece = pieces.iter().find(|p| p.section.is_none() && !p.extended)?;
    Some(encoded_word::decode(&piece.value))
}

/// Sections in their order, their bytes joined before they are decoded.
fn joined(pieces: &[Piece]) -> Option<String> {
    let mut sections: Vec<&Piece> = pieces.iter().filter(|p| p.section.is_some() || p.extended).collect();
    sections.sort_by_key(|p| p.section.unwrap_or(0));
    let first = sections.first()?;
    let (label, start) = if first.extended { charset_of(&first.value) } else { (None, 0) };
    let mut bytes = Vec::new();
    for (at, piece) in sections.iter().enumerate() {
        let value = if at == 0 { &piece.value[start..] } else { &piece.value };
        if piece.extended { percent(value, &mut bytes) } else { bytes.extend_from_slice(value) }
    }
    match label {
        Some(label) => Some(charset::decode(Some(&label), &bytes)),
        None => Some(encoded_word::decode(&bytes)),
    }
}

/// `charset'language'` before an extended value.
fn charset_of(value: &[u8]) -> (Option<String>, usize) {
    let quotes: Vec<usize> = value.iter().enumerate().filter(|(_, b)| **b == b'\'').map(|(at, _)| at).take(2).collect();
    match quotes[..] {
        [first, second] => (Some(String::from_utf8_lossy(&value[..first]).into_owned()), second + 1),
        _ => (None, 0),
    }
}

fn percent(value: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < value.len() {
        let decoded = (value[at] == b'%').then(|| value.get(at + 1..at + 3)).flatten().and_then(byte);
        out.push(decoded.unwrap_or(value[at]));
        at += if decoded.is_some() { 3 } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_clients_write_them() {
        for (field, name) in [
            ("attachment; filename=\"a b.pdf\"", "a b.pdf"),
            ("attachment; filename=a.pdf; size=3", "a.pdf"),
            ("attachment; filename*=utf-8''%C3%A9t%C3%A9.pdf", "été.pdf"),
            ("attachment; filename*0*=utf-8''%C3;\r\n filename*1*=%A9t; filename*2=\"e.pdf\"", "éte.pdf"),
            ("attachment; filename*0=\"un \"; filename*1=\"deux.txt\"", "un deux.txt"),
            ("attachment; filename=\"=?utf-8?Q?=C3=A9t=C3=A9=2Epdf?=\"", "été.pdf"),
            ("attachment; filename==?iso-8859-1?Q?=E9.pdf?=", "é.pdf"),
            ("attachment; filename=\"old.txt\"; filename*=utf-8''new.txt", "new.txt"),
            ("attachment; filename=\"a;b\\\"c.txt\"", "a;b\"c.txt"),
            ("attachment; filename=\"C:\\tmp\\a.txt\"", "C:\\tmp\\a.txt"),
            ("attachment; FileName = \"d.txt\"", "d.txt"),
        ] {
            assert_eq!(value(field.as_bytes(), "filename").as_deref(), Some(name), "{field}");
        }
        assert_eq!(value(b"attachment; filename=", "filename"), None);
        assert_eq!(value(b"attachment", "filename"), None);
        assert_eq!(value(b"text/plain; name=d\xe9j\xe0.txt", "name").as_deref(), Some("déjà.txt"));
    }
}
