//! What some notifications show besides their ticket and message.

use crate::clock::Millis;
use crate::ticket::{Hit, Status};

/// Looked up for one notification; mostly empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extra {
    /// Tickets, for a list.
    pub listed: Vec<Listed>,
    /// What was said on a ticket, or what became of its emails, oldest first.
    pub told: Vec<Told>,
    /// Articles and solved tickets that may help, the best first.
    pub hits: Vec<Hit>,
    /// The figures of a report.
    pub report: serde_json::Value,
    /// Pictures the HTML part shows, by their Content-ID (RFC 2392), as PNG.
    pub pictures: Vec<(String, Vec<u8>)>,
}

/// A ticket in a list.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub number: String,

    pub title: String,
    /// Where it is in its life.
    pub status: Status,
    /// Code of its priority.
    pub priority: String,
    /// Who asked: the name, or the address.
    pub requester: String,
    /// Address of the agent who has it; empty for none.
    pub assignee: String,
    /// When it was opened.
    pub created_at: Millis,
    /// When it last changed.
    pub at: Millis,
    /// Whether something that was promised about it is over.
    pub is_late: bool,
}

/// Something said, or decided.
#[derive(Debug, Clone)]
pub struct Told {
    /// When.
    pub at: Millis,
    /// By whom: the name, or the address.
    pub who: String,
    /// True when somebody of the service desk said it.
    pub from_agent: bool,
    /// `public`, `internal`, `vendor`; of an email, its verdict.
    pub visibility: String,
    /// What.
    pub text: String,
}
