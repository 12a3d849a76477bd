//! The words the whole program uses for what a desk knows, as closed types.

use std::collections::BTreeMap;

use crate::mail::Attachment;

/// Where a ticket is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// Nobody of the desk has answered yet.
    #[default]
    New,
    /// Somebody works on it.
    Open,
    /// Done; the requester may still say otherwise.
    Resolved,
    /// Done for good.
    Closed,
}

impl Status {
    /// The word stored and shown (`new`, `open`…).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// The status a stored word means; an unknown word counts as open, so that nobody overlooks the ticket.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "new" => Self::New,
            "resolved" => Self::Resolved,
            "closed" => Self::Closed,
            _ => Self::Open,
        }
    }
}

/// Who may read a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// The requester and the desk.
    Public,
    /// The desk alone; it never reaches a requester (invariant 12).
    Internal,
}

impl Visibility {
    /// The word stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
        }
    }
}

/// Someone the desk writes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Address in the form of [`crate::mail::key`].
    pub address: String,
    /// Name; may be empty.
    pub name: String,
    /// Language they are written to in (`fr`).
    pub language: String,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It opened a ticket.
    Opened,
    /// It joined one.
    Joined,
    /// A person must judge it.
    Held,
    /// It did something to something else: an agent's order.
    Command,
    /// A person refused it.
    Refused,
    /// It needs nothing.
    Ignored,
}

impl Verdict {
    /// The word stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Joined => "joined",
            Self::Held => "held",
            Self::Command => "command",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
        }
    }
}

/// One line of a ticket's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who caused it: an address, or `guichet`.
    pub actor: String,
    /// What sort of thing happened, one word.
    pub kind: &'static str,
    /// The sentence people read.
    pub text: String,
}

impl Event {
    /// An event the desk itself causes.
    #[must_use]
    pub fn own(kind: &'static str, text: String) -> Self {
        Self { actor: "guichet".to_owned(), kind, text }
    }
}

/// A message about to be stored with its ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageDraft {
    /// Bare address of the author.
    pub sender: String,
    /// Name of the author; may be empty.
    pub sender_name: String,
    /// True when an agent wrote it.
    pub from_agent: bool,
    /// True when a machine wrote it: shown folded.
    pub automatic: bool,
    /// Who may read it.
    pub visibility: Visibility,
    /// Message-ID without brackets; empty when the mail had none.
    pub message_id: String,
    /// The whole readable text.
    pub text: String,
    /// What the author wrote now, commands taken off.
    pub new_text: String,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
    /// What somebody of the desk wrote above it when they passed it on: for the desk alone, and kept as
    /// a note of its own.
    pub above: String,
    /// True when it is encrypted for somebody else, so that nobody here can read it.
    pub encrypted: bool,
    /// Digest of what it says, whatever way it took; see [`crate::mail::ParsedMail::content`].
    pub content: String,
}

/// The letters the desk writes. Each is a template of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LetterKind {
    /// To the requester: your request is ticket N.
    Acknowledgement,
    /// To the requester: your further mail was added.
    ReplyReceived,
    /// To the requester: the desk's answer, whole.
    Answer,
    /// To the queue's people: a new ticket.
    NewTicket,
    /// To the queue's people: somebody wrote on a ticket.
    NewMessage,
    /// To the queue's people: the requester was not reached.
    Undelivered,
    /// To somebody who may not open tickets: your mail waits for a moderator.
    Refusal,
    /// To the queue's people: a mail waits for them.
    Held,
    /// To an agent: what you asked was not done, and why.
    NotDone,
}

impl LetterKind {
    /// All kinds, in the order they are listed to people.
    pub const ALL: [Self; 9] = [
        Self::Acknowledgement,
        Self::ReplyReceived,
        Self::Answer,
        Self::NewTicket,
        Self::NewMessage,
        Self::Undelivered,
        Self::Refusal,
        Self::Held,
        Self::NotDone,
    ];

    /// Name of the template, and the word stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::ReplyReceived => "reply-received",
            Self::Answer => "answer",
            Self::NewTicket => "new-ticket",
            Self::NewMessage => "new-message",
            Self::Undelivered => "undelivered",
            Self::Refusal => "refusal",
            Self::Held => "held",
            Self::NotDone => "not-done",
        }
    }

    /// Whether it goes to agents. Such a letter may hold what requesters must not read.
    #[must_use]
    pub fn is_internal(self) -> bool {
        matches!(self, Self::NewTicket | Self::NewMessage | Self::Undelivered | Self::Held | Self::NotDone)
    }

    /// Whether it answers a mail by itself (RFC 3834: `auto-replied`), rather than carrying a person's words.
    #[must_use]
    pub fn is_automatic_reply(self) -> bool {
        matches!(self, Self::Acknowledgement | Self::ReplyReceived | Self::Refusal)
    }
}

/// A letter that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterOrder {
    /// Which letter.
    pub kind: LetterKind,
    /// To whom.
    pub to: Person,
    /// What could not be delivered, for the letter that tells.
    pub undelivered: Option<Undelivered>,
}

impl LetterOrder {
    /// An order for a letter that tells of nothing undelivered.
    #[must_use]
    pub fn new(kind: LetterKind, to: Person) -> Self {
        Self { kind, to, undelivered: None }
    }
}

/// A letter that did not reach somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undelivered {
    /// Whom it did not reach, in the form of [`crate::mail::key`].
    pub address: String,
    /// Enhanced status code (RFC 3463); may be empty.
    pub status: String,
    /// The words of the refusing server; may be empty.
    pub reason: String,
    /// True when writing again would be refused again: the address is left alone for a while.
    pub lasting: bool,
}

/// What the store knows of a ticket when a mail about it is decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketView {
    /// Row id.
    pub id: i64,
    /// Number as people write it (`CG42N1-000123`).
    pub number: String,
    /// Name of its queue.
    pub queue: String,
    /// Title: the subject without prefixes and tags.
    pub title: String,
    /// Where it is in its life.
    pub status: Status,
    /// Code of its priority (`P3`).
    pub priority: String,
    /// Who asked.
    pub requester: Person,
    /// Keys of everybody who takes part on the requester's side, the requester included.
    pub participants: Vec<String>,
    /// Message-ID of the mail that opened it; empty when that had none.
    pub root_message_id: String,
    /// Message-ID of the newest mail from the requester's side; empty when there is none.
    pub last_public_id: String,
    /// Whether somebody of the desk has answered publicly.
    pub answered: bool,
    /// What the request says, by the codes of its fields.
    pub fields: BTreeMap<String, String>,
}
