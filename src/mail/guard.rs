//! The bounds within which an email is read at all.
//!
//! Takes: raw bytes. Gives: leave to parse, or the reason why not. The parser's recursion over
//! nested messages would end the process on a crafted mail, so nesting is counted here first,
//! by scanning, without recursion.

use mail_parser::{Message, MimeHeaders, PartType};

/// Bounds on what one email may hold; each is a key of `[limits]` in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest mail that is fetched and read, in bytes.
    pub email_bytes: usize,
    /// Most lines in the header block.
    pub header_lines: usize,
    /// Most MIME parts.
    pub parts: usize,
    /// Deepest nesting of multiparts and enclosed messages.
    pub nesting: usize,
    /// Most ids of `References` that are looked at, the newest ones.
    pub references: usize,
    /// Most bytes of readable text that are kept for one email; the rest stays in the raw email.
    pub text_bytes: usize,
    /// Most bytes of HTML that are turned into text.
    pub html_bytes: usize,
    /// Most addresses of `To` and `Cc` that are looked at.
    pub recipients: usize,
}

/// The Message-ID of an email that is not read, as far as its header shows one: what `why` finds it by.
#[must_use]
pub(crate) fn id_of_unreadable(raw: &[u8]) -> Option<String> {
    const FARTHEST: usize = 1024 * 1024;
    let raw = &raw[..raw.len().min(FARTHEST)];
    let header = raw.split(|b| *b == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    let mut lines = header.skip_while(|line| !line.get(..11).is_some_and(|n| n.eq_ignore_ascii_case(b"message-id:")));
    let mut value = lines.next()?[11..].to_vec();
    for line in lines.take_while(|line| line.starts_with(b" ") || line.starts_with(b"\t")).take(2) {
        value.extend(line);
    }
    let value = String::from_utf8(value).ok()?;
    let id = value.split_once('<')?.1.split_once('>')?.0.trim();
    (!id.is_empty() && id.len() <= 998 && !id.chars().any(char::is_control)).then(|| id.to_owned())
}

impl Default for Limits {
    /// The figures of the shipped configuration, for use without one (`inspect`).
    fn default() -> Self {
        Self {
            email_bytes: 32 * 1024 * 1024,
            header_lines: 2_000,
            parts: 1_000,
            nesting: 50,
            references: 100,
            text_bytes: 1024 * 1024,
            html_bytes: 512 * 1024,
            recipients: 200,
        }
    }
}

/// Why an email was not read. Each ends with the email held for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No bytes, or white space alone.
    #[error("the email is empty")]
    Empty,
    /// More bytes than [`Limits::email_bytes`].
    #[error("the email has {size} bytes, more than limits.email_bytes = {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The bound it passes.
        limit: usize,
    },
    /// More header lines than [`Limits::header_lines`].
    #[error("the email has more than limits.header_lines = {0} lines of header")]
    TooManyHeaders(usize),
    /// More parts than [`Limits::parts`].
    #[error("the email has more than limits.parts = {0} parts")]
    TooManyParts(usize),
    /// Deeper than [`Limits::nesting`].
    #[error("the email is nested deeper than limits.nesting = {0}")]
    TooDeep(usize),
    /// No header field at all.
    #[error("these bytes are not an email: there is no header field")]
    NotAMail,
}

/// Looks at the bytes before anything is parsed.
pub(super) fn check(raw: &[u8], limits: &Limits) -> Result<(), Unreadable> {
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Empty);
    }
    if raw.len() > limits.email_bytes {
        let (size, limit) = (raw.len(), limits.email_bytes);
        return Err(Unreadable::TooLarge { size, limit });
    }
    let lines = raw.split(|b| *b == b'\n').take_while(|l| !is_blank(l));
    if lines.take(limits.header_lines + 1).count() > limits.header_lines {
        return Err(Unreadable::TooManyHeaders(limits.header_lines));
    }
    // Each level of nesting has to name its type, so these counts bound the depth from above.
    // The parts of a digest are messages without saying so (RFC 2046 section 5.1.5).
    let nesting: [&[u8]; 3] = [b"message/rfc822", b"message/global", b"multipart/digest"];
    if nesting.iter().any(|kind| occurrences(raw, kind, 64)) {
        return Err(Unreadable::TooDeep(64));
    }
    Ok(())
}

/// Looks at the parsed structure, which is a flat list with indices.
pub(super) fn check_parts(message: &Message<'_>, limits: &Limits) -> Result<(), Unreadable> {
    let mut count = 0usize;
    let mut open: Vec<(&Message<'_>, usize)> = vec![(message, 1)];
    while let Some((message, depth)) = open.pop() {
        count += message.parts.len();
        if count > limits.parts {
            return Err(Unreadable::TooManyParts(limits.parts));
        }
        if deepest(message, depth) > limits.nesting {
            return Err(Unreadable::TooDeep(limits.nesting));
        }
        for part in &message.parts {
            if let PartType::Message(inner) = &part.body {
                open.push((inner, depth + 1));
            }
        }
    }
    if message.headers().is_empty() && message.parts[0].content_type().is_none() {
        return Err(Unreadable::NotAMail);
    }
    Ok(())
}

/// Depth of the multipart tree of one message; children always come after their parent.
fn deepest(message: &Message<'_>, base: usize) -> usize {
    let mut depth = vec![base; message.parts.len()];
    let mut most = base;
    for (index, part) in message.parts.iter().enumerate() {
        let PartType::Multipart(children) = &part.body else {
            continue;
        };
        for child in children {
            let child = *child as usize;
            if child > index && child < depth.len() {
                depth[child] = depth[index] + 1;
                most = most.max(depth[child]);
            }
        }
    }
    most
}

fn is_blank(line: &[u8]) -> bool {
    line.is_empty() || line == b"\r"
}

/// True when `needle` (lower case) occurs more than `most` times, whatever its case.
fn occurrences(raw: &[u8], needle: &[u8], most: usize) -> bool {
    let slash = needle.iter().position(|b| *b == b'/').unwrap_or(0);
    let hits = memchr::memchr_iter(b'/', raw).filter(|at| {
        at.checked_sub(slash)
            .and_then(|start| raw.get(start..start + needle.len()))
            .is_some_and(|word| word.eq_ignore_ascii_case(needle))
    });
    hits.take(most + 1).count() > most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(raw: &[u8]) -> Option<Unreadable> {
        super::super::parse(raw, &Limits::default()).err()
    }

    #[test]
    fn the_id_of_an_email_that_is_not_read_is_known() {
        let many = "X-A: b\r\n".repeat(10_000);
        let id = |raw: &str| id_of_unreadable(raw.as_bytes());
        assert_eq!(id(&format!("{many}message-ID: <a@x.example>\r\n\r\nbody")).as_deref(), Some("a@x.example"));
        assert_eq!(id("Message-ID:\r\n <long@x.example>\r\n\r\n").as_deref(), Some("long@x.example"));
        assert_eq!(id("Subject: x\r\n\r\nMessage-ID: <body@x.example>"), None);
        assert_eq!(id("Message-ID: <>\r\n"), None);
        assert_eq!(id(""), None);
    }

    #[test]
    fn an_empty_mail_is_refused_with_its_reason() {
        assert_eq!(held(b""), Some(Unreadable::Empty));
        assert_eq!(held(b"\r\n \r\n"), Some(Unreadable::Empty));
    }

    #[test]
    fn too_many_headers_are_refused() {
        let raw = "X-A: b\r\n".repeat(10_000) + "\r\nbody";
        assert_eq!(held(raw.as_bytes()), Some(Unreadable::TooManyHeaders(2_000)));
        assert_eq!(held(format!("\r\n{raw}").as_bytes()), Some(Unreadable::TooManyHeaders(2_000)));
    }

    #[test]
    fn multiparts_are_counted_by_depth() {
        let mut raw = String::from("From: a@example.org\r\n");
        for level in 0..200 {
            raw += &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
        }
        raw += "Content-Type: text/plain\r\n\r\ndeep\r\n";
        assert_eq!(held(raw.as_bytes()), Some(Unreadable::TooDeep(50)));
    }

    #[test]
    fn nested_messages_are_counted_without_recursion() {
        let raw = "Content-Type: message/rfc822\r\n\r\n".repeat(3_000);
        assert_eq!(held(raw.as_bytes()), Some(Unreadable::TooDeep(64)));
        let raw = "Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\n\r\n".repeat(40_000);
        assert_eq!(held(raw.as_bytes()), Some(Unreadable::TooDeep(64)));
    }

    #[test]
    fn empty_lines_before_the_header_are_passed_over() {
        let raw = b"  \r\n\r\nFrom: a@example.org\r\n\r\nbody\r\n";
        let mail = super::super::parse(raw, &Limits::default());
        assert!(mail.is_ok_and(|m| m.from.is_some() && m.text == "body\n"));
    }

    #[test]
    fn the_mention_of_a_type_is_no_nesting() {
        let raw = "From: a@example.org\r\n\r\nWhat is message/rfc822?\r\n";
        assert_eq!(held(raw.as_bytes()), None);
    }
}
