//! What the row of a notification may say ([`super::notification`]).

/// To whom a notification goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The requester's side. It holds nothing that they must not read.
    Requester,
    /// An outside vendor.
    Vendor,
    /// The people of an audience, who need not know of the ticket.
    Many,
    /// Agents and operators.
    Agents,
}

/// How it is sent (RFC 3834).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It answers an email automatically: `auto-replied`.
    Reply,
    /// It carries what a person of the service desk wrote to somebody outside. It has no cap, and its files go with it.
    Person,
    /// Something happened: `auto-generated`.
    Event,
}

/// When an agent near their cap still gets it, rather than a line of the digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Never.
    Collected,
    /// For P0 and P1.
    Priority,
    /// Where it answers that very agent, or is about their ticket.
    Own,

    Always,
}

/// What is looked up for it besides its ticket and message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adds {
    Nothing,
    /// A list of tickets.
    List,
    /// What was said on the ticket.
    History,
    /// What became of the ticket's emails.
    Verdicts,
}

/// The sections of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sections {
    /// None, or the conversation where all of it is wanted.
    Plain,
    /// The handover form.
    Handover,
    /// The post-mortem, to be filled in.
    PostMortem,
    /// What fell due while the service desk was away.
    Late,
    /// What was collected near a cap.
    Digest,
    /// All that was said.
    Conversation,
    /// What became of emails.
    Verdicts,
    /// The commands there are.
    Help,
}

/// What tells two of a kind to one person apart (invariant 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Once {
    /// The email and the ticket it is about.
    Email,

    Day,
    /// The ticket, whatever way its email took.
    Ticket,
    /// The email, and what was asked for.
    Cause,
}

/// Articles and tickets that may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hits {
    None,
    /// Articles, where the queue offers them.
    Articles,
    /// Articles and tickets.
    All,
}

/// Its buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buttons {
    None,
    /// What an agent may do with the ticket as it is.
    Agent,
    /// Approve, reject.
    Approve,
    /// Accept a held email, or refuse it.
    Admit,
    /// Solved, not solved.
    Confirm,

    Solved,
    /// Where does it stand?
    Progress,
    /// Solved and where it stands, while it is open.
    Open,
    /// The same, or where it stands while it waits for approval.
    Acknowledged,
    /// The same, or whether it is solved once it is resolved.
    Answered,
    /// Those of an agent, and telling the audiences.
    Incident,
    /// The form of the post-mortem.
    PostMortem,
    /// Done, for each corrective action of the reader.
    Action,
    /// The email, ready to be sent again.
    Again,
}

/// What an agent's reply to it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It shows what the requester wrote, or what they were sent: a reply is about that.
    Requester,
    /// It shows what a colleague, a vendor or the clock said: a reply is a note.
    Note,
    /// It is about no message; only commands make sense.
    None,
}
