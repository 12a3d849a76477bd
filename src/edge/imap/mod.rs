//! IMAP (RFC 9051, RFC 3501): reading a folder and settling what was read.
//!
//! Every command goes through [`exec`], which demands OK on the command's own tag within a time
//! limit: the library's own calls take an answer cut short for an empty one. After any error the
//! session is thrown away.

mod archive;
mod exec;
mod folder;
mod idle;
mod names;
mod session;

pub use super::login::Login;
pub use folder::{Fetched, Folder, Which};
pub use idle::Wake;
pub use session::{Imap, ImapConfig};

use std::time::Duration;

/// What can go wrong with a mailbox.
#[derive(Debug, thiserror::Error)]
pub enum ImapTrouble {
    /// The server cannot be reached, or the connection broke.
    #[error("{0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("no answer to {command} within {} s", limit.as_secs())]
    Timeout {
        /// The command's name.
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
        /// The command's name.
        command: String,
        /// What the server said.
        text: String,
    },
    /// The server cannot do what is asked.
    #[error("{0}")]
    Unsupported(String),
}
