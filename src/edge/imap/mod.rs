//! IMAP (RFC 9051, RFC 3501): reading a folder and settling what was read.
//!
//! Every command goes through [`exec`], which demands OK on the command's own tag within a time
//! limit and within a bound of bytes: the library's own calls take an answer cut short for an empty one, and make room
//! for whatever a server announces. After any error but a refusal the session is thrown away.

mod archive;
mod bounded;
mod exec;
mod folder;
mod idle;
mod names;
mod session;

pub use super::login::Login;
pub use archive::Settled;
pub(crate) use folder::Flow;
pub use folder::{Fetched, Folder, One, Which};
pub use idle::Wake;
pub use session::{Imap, ImapConfig, Sizes};

use std::time::Duration;

use async_imap::imap_proto::ResponseCode;

/// What can go wrong with a mailbox.
#[derive(Debug, thiserror::Error)]
pub enum ImapTrouble {
    /// The server cannot be reached, or the connection broke.
    #[error("{0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("no answer to {command} within {} s", limit.as_secs())]
    Timeout {
        command: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// User, password or token is refused.
    #[error("the server refuses the user, password or token: {0}")]
    Login(String),
    /// The server answered NO or BAD.
    #[error("{command} was refused: {text}")]
    Refused {
        command: String,
        /// What the server said.
        text: String,
        /// What that amounts to.
        why: Refusal,
    },
    /// The server answers in a way that cannot be read. Its bytes are not shown: they may be an email's.
    #[error("the server's answer cannot be read ({kind}, within {read} bytes)")]
    Unreadable {
        /// What was expected, one word.
        kind: String,
        /// Bytes of the answer that had come.
        read: u64,
    },
    /// The server cannot do what is asked.
    #[error("{0}")]
    Unsupported(String),
}

/// What a NO or BAD amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The server has too much to do, or is not itself: it is asked again later, not before this time has passed.
    Busy(Option<Duration>),
    /// The folder is not there (TRYCREATE, RFC 9051, section 7.1).
    NoFolder,
    /// Anything else.
    Other,
}

/// The longest wait that a server may ask for.
const LONGEST: Duration = Duration::from_secs(60 * 60);

impl Refusal {
    fn of(code: Option<&ResponseCode<'_>>, text: &str) -> Self {
        if matches!(code, Some(ResponseCode::TryCreate)) || text.starts_with("[NONEXISTENT]") {
            return Self::NoFolder;
        }
        let words = text.to_lowercase();
        let wait = suggested(&words);
        // Codes of RFC 5530, section 3; the words of Exchange, Gmail and others.
        let busy = ["[unavailable]", "[inuse]", "[limit]", "throttl", "too many", "server busy", "server too busy"];
        let busy = busy.iter().chain(&["overquota_rate", "rate limit", "try again", "not connected", "bandwidth"]);
        if wait.is_some() || busy.into_iter().any(|word| words.contains(word)) { Self::Busy(wait) } else { Self::Other }
    }
}

/// `Suggested Backoff Time: 299978 milliseconds`, as Exchange says it.
fn suggested(words: &str) -> Option<Duration> {
    let (_, rest) = words.split_once("backoff time:").or_else(|| words.split_once("back-off time:"))?;
    let rest = rest.trim_start();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let number: u64 = digits.parse().ok()?;
    let unit = rest[digits.len()..].trim_start();
    let wait = if unit.starts_with('s') { Duration::from_secs(number) } else { Duration::from_millis(number) };
    Some(wait.min(LONGEST))
}

impl ImapTrouble {
    /// How long the server asked to be left alone.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        match self {
            Self::Refused { why: Refusal::Busy(wait), .. } => *wait,
            Self::Login(text) => suggested(&text.to_lowercase()),
            _ => None,
        }
    }

    /// Whether the session is over.
    #[must_use]
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout { .. } | Self::Unreadable { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_wants_to_be_left_alone_is_told_from_one_that_refuses() {
        let of = |text| Refusal::of(None, text);
        let wait = |ms| Refusal::Busy(Some(Duration::from_millis(ms)));
        assert_eq!(of("Request is throttled. Suggested Backoff Time: 299978 milliseconds"), wait(299_978));
        assert_eq!(of("Request is throttled. Suggested Backoff Time: 7200000 milliseconds"), wait(3_600_000));
        assert_eq!(of("[UNAVAILABLE] try later"), Refusal::Busy(None));
        assert_eq!(of("User is authenticated but not connected."), Refusal::Busy(None));
        assert_eq!(of("[SERVERBUG] this message cannot be read"), Refusal::Other);
        assert_eq!(Refusal::of(Some(&ResponseCode::TryCreate), "no such folder"), Refusal::NoFolder);
    }
}
