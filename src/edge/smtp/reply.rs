//! What a server says (RFC 5321, section 4.2), read as bytes: its text is anybody's, its code is what counts.
//!
//! Takes lines, gives a [`Reply`]. Fails when a line is no reply, or when a reply never ends.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest line that is read, in bytes; RFC 5321, section 4.5.3.1.5, allows 512.
const LINE: usize = 8 * 1024;
/// Most lines of one reply.
const LINES: usize = 200;
/// Most characters of its text that are kept.
const KEPT: usize = 1_000;

/// A whole reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// Three digits.
    pub(super) code: u16,
    /// Its lines without codes, free of control characters.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// The first digit.
    pub(super) fn class(&self) -> u16 {
        self.code / 100
    }

    /// Code and words in one line.
    pub(super) fn text(&self) -> String {
        let words = self.lines.join(" ");
        format!("{} {words}", self.code).trim_end().chars().take(KEPT).collect()
    }

    /// The enhanced status code (RFC 3463), where its class fits the reply's (RFC 2034, section 4).
    pub(super) fn status(&self) -> Option<String> {
        let word = self.lines.first()?.split(' ').next()?;
        let mut parts = word.split('.');
        let class: u16 = parts.next()?.parse().ok()?;
        let digits = |part: Option<&str>| {
            part.is_some_and(|p| matches!(p.len(), 1..=3) && p.bytes().all(|b| b.is_ascii_digit()))
        };
        (class == self.class() && digits(parts.next()) && digits(parts.next()) && parts.next().is_none())
            .then(|| word.to_owned())
    }
}

/// Bytes that have come and were not read yet.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    buffer: Vec<u8>,
}

impl Incoming {
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Reads one reply.
    pub(super) async fn reply(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Reply> {
        let mut reply = Reply::default();
        for _ in 0..LINES {
            let line = self.line(stream).await?;
            let (code, more, text) = split(&line)?;
            if reply.code != 0 && code != reply.code {
                return Err(broken("a reply with two codes"));
            }
            reply.code = code;
            reply.lines.push(crate::mail::one_line(&String::from_utf8_lossy(text)));
            if !more {
                return Ok(reply);
            }
        }
        Err(broken("a reply without end"))
    }

    /// One line without its end. Some servers end lines with a bare LF.
    async fn line(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            if self.buffer.len() > LINE {
                return Err(broken("a line without end"));
            }
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
            }
        }
    }
}

/// Code, whether more lines follow, text. The text, with the space before it, may be missing.
fn split(line: &[u8]) -> io::Result<(u16, bool, &[u8])> {
    let digits = line.get(..3).filter(|d| d.iter().all(u8::is_ascii_digit) && (b'2'..=b'5').contains(&d[0]));
    let Some(digits) = digits else { return Err(broken("something that is not a reply")) };
    let code = digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    match line.get(3) {
        None => Ok((code, false, &[])),
        Some(b' ' | b'\t') => Ok((code, false, &line[4..])),
        Some(b'-') => Ok((code, true, &line[4..])),
        Some(_) => Err(broken("something that is not a reply")),
    }
}

pub(super) fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server sent {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> Result<Reply, String> {
        Incoming::default().reply(&mut bytes).await.map_err(|e| e.to_string())
    }

    #[tokio::test]
    async fn replies_are_read_whatever_their_text() {
        for (bytes, code, text) in [
            (&b"250 ok\r\n"[..], 250, "250 ok"),
            (b"250\r\n", 250, "250"),
            (b"250 \r\n", 250, "250"),
            (b"250-one\r\n250-two\r\n250 three\r\n", 250, "250 one two three"),
            (b"250-one\r\n250\r\n", 250, "250 one"),
            (b"250 accept\xe9e\r\n", 250, "250 accept\u{fffd}e"),
            (b"250 ok\n", 250, "250 ok"),
            (b"250 a\x1b[31mb\x00c\r\n", 250, "250 a [31mb c"),
            (b"354\r\n", 354, "354"),
        ] {
            let reply = read(bytes).await.unwrap_or_default();
            assert_eq!((reply.code, reply.text().as_str()), (code, text), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_reply_is_an_error() {
        for bytes in [
            &b"hello\r\n"[..],
            b"25\r\n",
            b"2500 x\r\n",
            b"150 x\r\n",
            b"650 x\r\n",
            b"250-a\r\n251 b\r\n",
            b"250-a\r\n",
            b"",
        ] {
            assert!(read(bytes).await.is_err(), "{bytes:?}");
        }
        assert!(read(&[b'2'; 20_000]).await.is_err());
        assert!(read(&b"250-x\r\n".repeat(10_000)).await.is_err());
    }

    #[tokio::test]
    async fn a_status_counts_only_in_its_class() {
        let status = async |text: &str| read(text.as_bytes()).await.unwrap_or_default().status();
        assert_eq!(status("550 5.1.1 no such user\r\n").await.as_deref(), Some("5.1.1"));
        assert_eq!(status("550-5.7.25 a\r\n550 5.7.25 b\r\n").await.as_deref(), Some("5.7.25"));
        for text in ["550 4.1.1 x\r\n", "550 5.1 x\r\n", "550 no\r\n", "550\r\n", "550 5.1.1.1 x\r\n"] {
            assert_eq!(status(text).await, None, "{text}");
        }
    }
}
