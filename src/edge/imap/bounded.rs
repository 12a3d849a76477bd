//! The line to the server, bounded: no more is read than the command at hand may bring.
//!
//! The protocol library makes room for whatever length a literal announces, and parses only what it holds whole. A
//! server that announces 300 MB, or never ends its answer, is therefore cut off here, before that. Takes a
//! [`Wire`], gives the same bytes. Fails with [`std::io::ErrorKind::InvalidData`].

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, BufStream, ReadBuf};

use crate::edge::net::Wire;

const READ: usize = 32 * 1024;
const WRITE: usize = 4 * 1024;

/// A connection whose next bytes are counted.
#[derive(Debug)]
pub(super) struct Bounded {
    /// The protocol library reads 4 KiB and writes a word at a time.
    wire: BufStream<Wire>,
    /// Bytes that may still come.
    left: u64,
    /// Bytes that have come since the bound was last set.
    pub(super) read: u64,
    scan: Scan,
}

impl Bounded {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire: BufStream::with_capacity(READ, WRITE, wire), left: Self::SMALL, read: 0, scan: Scan::default() }
    }

    /// What the answer to a command may take that brings no email: a search may name a million of them.
    pub(super) const SMALL: u64 = 16 * 1024 * 1024;

    /// From now on as many bytes may come.
    pub(super) fn allow(&mut self, bytes: u64) {
        (self.left, self.read) = (bytes, 0);
    }

    /// The connection itself.
    pub(super) fn into_inner(self) -> Wire {
        self.wire.into_inner()
    }
}

/// Where in the server's words the stream is: literals (RFC 9051, section 4.3) are announced at a line's end.
#[derive(Debug, Default)]
struct Scan {
    /// Bytes of a literal that are still to come.
    literal: u64,
    /// The number in braces that may end the line.
    announced: Option<u64>,
    state: Brace,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Brace {
    #[default]
    None,
    Open,
    Closed,
}

impl Scan {
    /// Follows what came; gives the length of a literal that is longer than `most`.
    fn follow(&mut self, mut bytes: &[u8], most: u64) -> Result<(), u64> {
        while !bytes.is_empty() {
            if self.literal > 0 {
                let skip = usize::try_from(self.literal).unwrap_or(usize::MAX).min(bytes.len());
                self.literal -= skip as u64;
                bytes = &bytes[skip..];
                continue;
            }
            let (byte, rest) = (bytes[0], &bytes[1..]);
            bytes = rest;
            match (byte, self.state) {
                (b'{', _) => (self.state, self.announced) = (Brace::Open, None),
                (digit @ b'0'..=b'9', Brace::Open) => {
                    let so_far = self.announced.unwrap_or(0);
                    self.announced = Some(so_far.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
                }
                (b'}', Brace::Open) if self.announced.is_some() => self.state = Brace::Closed,
                (b'+', Brace::Open) if self.announced.is_some() => {}
                (b'\r', Brace::Closed) => {}
                (b'\n', Brace::Closed) => {
                    self.state = Brace::None;
                    self.literal = self.announced.take().unwrap_or(0);
                    if self.literal > most {
                        return Err(self.literal);
                    }
                }
                _ => {
                    self.state = Brace::None;
                    // The rest of a line that opens no brace is of no interest.
                    let next = bytes.iter().position(|b| *b == b'{').unwrap_or(bytes.len());
                    bytes = &bytes[next..];
                }
            }
        }
        Ok(())
    }
}

impl AsyncRead for Bounded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.wire).poll_read(cx, buffer);
        let came = &buffer.filled()[before..];
        let count = came.len() as u64;
        this.read += count;
        if count > this.left {
            let bound = this.read - (count - this.left);
            return Poll::Ready(Err(too_much(&format!("more than the {bound} bytes its answer may have"))));
        }
        this.left -= count;
        if let Err(length) = this.scan.follow(came, this.left + count) {
            return Poll::Ready(Err(too_much(&format!("a literal of {length} bytes, beyond what was announced"))));
        }
        polled
    }
}

fn too_much(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server sends {what}"))
}

impl AsyncWrite for Bounded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().wire).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same whatever the pieces in which the bytes come.
    fn longest(text: &str, most: u64) -> Result<(), u64> {
        let whole = Scan::default().follow(text.as_bytes(), most);
        let mut scan = Scan::default();
        let pieces = text.as_bytes().iter().try_for_each(|b| scan.follow(std::slice::from_ref(b), most));
        assert_eq!(whole, pieces, "{text}");
        whole
    }

    #[test]
    fn literals_are_known_before_they_come() {
        assert_eq!(longest("* 1 FETCH (UID 1 BODY[] {300000000}\r\n", 5_000), Err(300_000_000));
        assert_eq!(longest("* 1 FETCH (UID 1 BODY[] {99999999999999999999999}\r\n", 5_000), Err(u64::MAX));
        assert_eq!(longest("* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n", 5), Ok(()));
        // What stands inside a literal announces nothing.
        assert_eq!(longest("* 1 FETCH (BODY[] {9}\r\n{77777}\r\n)\r\n", 9), Ok(()));
        assert_eq!(longest("* OK {77777} is not a valid literal\r\n* OK x\r\n", 9), Ok(()));
        assert_eq!(longest("* LIST () \"/\" {4}\r\nDone {60}\r\n", 9), Err(60));
    }
}
