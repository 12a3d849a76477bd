//! A support address, and how its tickets are dealt with.

/// A support address with its prefix and people.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Its name in the configuration.
    pub name: String,
    /// Mailbox its mail arrives in.
    pub mailbox: String,
    /// The support address, in the form of [`crate::mail::key`].
    pub address: String,
    /// What its ticket numbers start with.
    pub prefix: String,
    /// How replies find their ticket.
    pub reply_to: ReplyTo,
    /// Who may open tickets: addresses, or `@domain`; empty: everyone.
    pub senders: Vec<String>,
    /// Whose P0 and P1 in a subject count: addresses, or `@domain`; none: everybody's.
    pub urgent_from: Option<Vec<String>>,
    /// Addresses, or `@domains`, of machines that report alerts here.
    pub machines: Vec<String>,
    /// Priority where the subject names none.
    pub priority: String,
    /// Which emails are acknowledged.
    pub acknowledge: Acknowledge,
    /// Codes of the fields a request should say, in the order they are asked for.
    pub ask: Vec<String>,
    /// Addresses of those who have to approve a request before it opens; mostly none.
    pub approvers: Vec<String>,
    /// Whether the acknowledgement offers articles that may help.
    pub suggest: bool,
    /// For whom an agent's reply is that gives no command.
    pub agent_reply: AgentReply,
}

impl Queue {
    /// Whether a machine whose alerts are tickets here writes from this address.
    #[must_use]
    pub(crate) fn is_machine(&self, sender: &str) -> bool {
        let named = |from: &String| from == sender || (from.starts_with('@') && sender.ends_with(from.as_str()));
        !sender.is_empty() && self.machines.iter().any(named)
    }
}

/// For whom an agent's reply is that says nothing about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AgentReply {
    /// For the requester where it answers what they wrote, or what they were sent; else a note.
    #[default]
    Natural,
    /// A note.
    Note,
}

/// How a notification's reply address is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyTo {
    /// As [`ReplyTo::Plain`] until a probe to a sub-address has come back, then as [`ReplyTo::Plus`].
    Auto,
    /// `support+TOKEN@…` (RFC 5233): survives relays that rewrite Message-IDs.
    Plus,
    /// The support address itself.
    Plain,
}

/// Which emails of requesters are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledge {
    /// Those that open a ticket.
    Requests,
    /// Those and every further email.
    All,

    None,
}

/// A support address that is not used any more.
#[derive(Debug, Clone)]
pub struct Retired {
    /// The old address.
    pub address: String,
    /// The queue that took its place.
    pub queue: String,
    /// Whether its mail still opens tickets there.
    pub accept: bool,
}
