//! Files written into HTML (RFC 2397): pictures that programs paste there instead of attaching them.

use std::borrow::Cow;
use std::ops::Range;

use data_encoding::BASE64_MIME_PERMISSIVE;
use percent_encoding::percent_decode_str;

/// Most files that are taken out of one text.
const FILES: usize = 100;
/// Longest media type with its parameters.
const TYPE: usize = 200;

/// One file.
pub(super) struct File {
    /// Media type, lower case.
    pub(super) media_type: String,
    pub(super) contents: Vec<u8>,
}

struct Found<'a> {
    /// From `data:` on.
    range: Range<usize>,
    head: &'a str,
    payload: &'a str,
}

/// The files of an HTML source, in their order.
pub(super) fn files(source: &str) -> Vec<File> {
    find(source).iter().map(read).collect()
}

/// The source with `data:0`, `data:1` and so on in place of its files: what is laid out shall not be as long as they are.
pub(super) fn without(source: &str) -> Cow<'_, str> {
    let found = find(source);
    if found.is_empty() {
        return Cow::Borrowed(source);
    }
    let mut out = String::new();
    let mut start = 0;
    for (at, file) in found.iter().enumerate() {
        out.push_str(&source[start..file.range.start]);
        out.push_str(&format!("data:{at}"));
        start = file.range.end;
    }
    out.push_str(&source[start..]);
    Cow::Owned(out)
}

fn find(source: &str) -> Vec<Found<'_>> {
    let mut found: Vec<Found<'_>> = Vec::new();
    let mut from = 0;
    for colon in memchr::memchr_iter(b':', source.as_bytes()) {
        if found.len() == FILES {
            break;
        }
        if colon < from + 4 || !source.as_bytes()[colon - 4..colon].eq_ignore_ascii_case(b"data") {
            continue;
        }
        if let Some(file) = at(source, colon - 4) {
            from = file.range.end;
            found.push(file);
        }
    }
    found
}

/// The file that begins here, if one does: in an attribute, or in the `url()` of a style.
fn at(source: &str, start: usize) -> Option<Found<'_>> {
    let before = source[..start].trim_end().chars().next_back()?;
    let rest = &source[start + "data:".len()..];
    let length = match before {
        '"' | '\'' => rest.find(before)?,
        '=' => rest.find(|c: char| c.is_whitespace() || c == '>')?,
        '(' => rest.find(')')?,
        _ => return None,
    };
    let comma = rest.as_bytes()[..length.min(TYPE)].iter().position(|b| *b == b',')?;
    let head = &rest[..comma];
    let is_picture = head.trim_start().get(..6).is_some_and(|kind| kind.eq_ignore_ascii_case("image/"));
    let range = start..start + "data:".len() + length;
    is_picture.then_some(Found { range, head, payload: &rest[comma + 1..length] })
}

fn read(found: &Found<'_>) -> File {
    let mut words = found.head.split(';').map(str::trim);
    let media_type = plain_type(words.next().unwrap_or_default());
    let is_base64 = words.any(|word| word.eq_ignore_ascii_case("base64"));
    let octets: Vec<u8> = percent_decode_str(found.payload).collect();
    let contents = if is_base64 { base64(&octets) } else { octets };
    File { media_type, contents }
}

/// The media type, if it is one (RFC 6838 section 4.2): it is written into header fields.
fn plain_type(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    match lower.strip_prefix("image/") {
        Some(name) if is_name(name) => lower,
        _ => "image/png".to_owned(),
    }
}

/// Base64 as far as it goes: what follows the first fault is lost to everybody.
fn base64(text: &[u8]) -> Vec<u8> {
    let mut text: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    while !text.len().is_multiple_of(4) {
        text.push(b'=');
    }
    match BASE64_MIME_PERMISSIVE.decode(&text) {
        Ok(contents) => contents,
        Err(fault) => BASE64_MIME_PERMISSIVE.decode(&text[..fault.position / 4 * 4]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_however_they_are_written() {
        let source = "<p>a<img src=\"data:image/png;base64,aGFs\nbG8=\"> <IMG SRC = 'DATA:image/gif;base64,aGFsbG8'>\
            <img src=data:image/svg+xml;utf8,%3Csvg/%3E><td style=\"background: url(data:image/jpeg;base64,aGFsbG8=)\">\
            data:image/png;base64,no <a href=\"data:text/html,x\">";
        let found = files(source);
        let kinds: Vec<&str> = found.iter().map(|file| file.media_type.as_str()).collect();
        assert_eq!(kinds, ["image/png", "image/gif", "image/svg+xml", "image/jpeg"]);
        assert_eq!([0, 1, 3].map(|at| found[at].contents.as_slice()), [b"hallo"; 3]);
        assert_eq!(found[2].contents, b"<svg/>");
        assert!(without(source).starts_with("<p>a<img src=\"data:0\"> <IMG SRC = 'data:1'><img src=data:2>"));
        assert!(matches!(without("<p>metadata: x</p>"), Cow::Borrowed(_)));
    }
}
