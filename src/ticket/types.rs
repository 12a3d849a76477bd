//! The words the whole program uses for what a service desk knows, as closed types.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::phrase::{Detail, Phrase, phrase};
use super::stored::stored_words;
use crate::mail::Attachment;

stored_words!(Status, Channel, PendingOn, DeadlineKind, Visibility, Direction, Verdict);

/// Where a ticket is in its life; [`super::life`] says how it gets from one to another.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    Display,
    VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Status {
    /// An approver has to say yes before anybody works on it.
    Approval,
    /// Nobody of the service desk has taken it or answered yet.
    #[default]
    New,
    /// Somebody works on it.
    Open,
    /// It waits: for the requester, for a vendor, or for a date.
    Pending,
    /// The next level has it and nobody there has taken it yet.
    Escalated,
    /// The requester said that it is not done after all.
    Reopened,
    /// Done; the requester may still say otherwise.
    Resolved,
    /// Done for good.
    Closed,
}

impl Status {
    /// All of them, in the order of a ticket's life.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The status a stored word means; an unknown word counts as open, so that nobody overlooks the ticket.
    #[must_use]
    pub(crate) fn from_word(word: &str) -> Self {
        word.parse().unwrap_or(Self::Open)
    }

    /// Whether the work is done.
    #[must_use]
    pub(crate) fn is_done(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }

    /// Its name as people read it.
    #[must_use]
    pub fn label(self) -> Phrase {
        match self {
            Self::Approval => phrase!("status.approval"),
            Self::New => phrase!("status.new"),
            Self::Open => phrase!("status.open"),
            Self::Pending => phrase!("status.pending"),
            Self::Escalated => phrase!("status.escalated"),
            Self::Reopened => phrase!("status.reopened"),
            Self::Resolved => phrase!("status.resolved"),
            Self::Closed => phrase!("status.closed"),
        }
    }
}

/// Whom or what a pending ticket waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum PendingOn {
    /// More information from the requester.
    Requester,
    /// An outside vendor.
    Vendor,

    Date,
}

impl PendingOn {
    /// Its name as people read it.
    #[must_use]
    pub fn label(self) -> Phrase {
        match self {
            Self::Requester => phrase!("pending.requester"),
            Self::Vendor => phrase!("pending.vendor"),
            Self::Date => phrase!("pending.date"),
        }
    }
}

/// By which way a request came.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, IntoStaticStr, EnumString, Display, VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Channel {
    /// Its requester wrote, or somebody passed on what they wrote.
    #[default]
    Email,
    /// An agent wrote it down for somebody who called, or came by.
    Telephone,
    /// A machine raised an alert.
    Monitoring,
    /// The schedule of recurring work.
    Schedule,
}

impl Channel {
    /// How a ticket's history calls it.
    #[must_use]
    pub(crate) fn medium(self) -> &'static str {
        match self {
            Self::Email => "mail",
            other => other.as_str(),
        }
    }

    /// Its name as people read it.
    #[must_use]
    pub fn label(self) -> Phrase {
        match self {
            Self::Email => phrase!("channel.email"),
            Self::Telephone => phrase!("channel.telephone"),
            Self::Monitoring => phrase!("channel.monitoring"),
            Self::Schedule => phrase!("channel.schedule"),
        }
    }
}

/// What is to happen at a time of its own; each is a row of the store.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr, EnumString, Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeadlineKind {
    /// The date a pending ticket waits for: it goes back to its assignee.
    Wake,
    /// The requester is reminded that a question waits.
    Remind,
    /// The requester has kept silent for too long: the ticket is closed.
    Silence,
    /// A resolved ticket that nobody contradicted is closed.
    Confirm,
    /// The first answer is due soon: its people are warned.
    WarnRespond,
    /// The solution is due soon: its people are warned.
    WarnResolve,
    /// What the level owes that has it, or helps, is due soon: its people are warned.
    WarnLevel,
    /// The first answer is due.
    Respond,
    /// The solution is due.
    Resolve,
    /// Somebody of the level that has it, or helps, is to have done something.
    LevelRespond,
    /// It is to be solved by the level that has it, or helps.
    LevelResolve,
    /// It has been at its level for long enough: it goes to the next.
    Escalate,
    /// Nobody has done anything for too long: it goes to the next level.
    Stalled,
    /// Everybody hears where a major incident stands.
    Point,
    /// The request is to be acknowledged.
    Acknowledge,
    /// The post-mortem of a major incident is asked for, or still missing.
    PostMortem,
    /// Nothing has happened for too long: it is brought to mind.
    Forgotten,
    /// What a post-mortem says is to be done is brought to mind.
    Action,
    /// The first answer has been delivered: its clock is read.
    Responded,
}

/// Who may read a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr, EnumString, Display)]
#[strum(serialize_all = "lowercase")]
pub enum Visibility {
    /// The requester and the service desk.
    Public,
    /// The service desk alone; it never reaches a requester (invariant 12).
    #[default]
    Internal,
    /// The service desk and the outside vendor.
    Vendor,
}

/// Which side a message comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString, Display)]
#[strum(serialize_all = "lowercase")]
pub enum Direction {
    /// From the requester's side.
    In,
    /// From the service desk.
    Out,
}

/// Someone the service desk writes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Address in the form of [`crate::mail::key`].
    pub address: String,
    /// Name; may be empty.
    pub name: String,
    /// Language they are written to in (`fr`).
    pub language: String,
}

/// What became of an email.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString, Display)]
#[strum(serialize_all = "lowercase")]
pub enum Verdict {
    Opened,
    /// It joined one.
    Joined,
    /// A person must review it.
    Held,
    /// It was a command, and was carried out.
    Command,
    /// A person refused it.
    Refused,
    /// It needs nothing.
    Ignored,
}

/// One line of a ticket's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who caused it: an address, or `guichet`.
    pub actor: String,
    /// What sort of thing happened, one word.
    pub kind: &'static str,
    /// What happened, for the record.
    pub text: Detail,
}

impl Event {
    /// An event somebody causes.
    #[must_use]
    pub fn by(actor: &str, kind: &'static str, text: impl Into<Detail>) -> Self {
        Self { actor: actor.to_owned(), kind, text: text.into() }
    }

    /// An event the service desk itself causes.
    #[must_use]
    pub fn own(kind: &'static str, text: impl Into<Detail>) -> Self {
        Self { actor: "guichet".to_owned(), kind, text: text.into() }
    }
}

/// A message about to be stored with its ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// Message-ID without brackets; empty when the email had none.
    pub message_id: String,
    /// The whole readable text.
    pub text: String,
    /// What the author wrote now, commands taken off.
    pub new_text: String,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
    /// What somebody of the service desk wrote above it when they passed it on: for the service desk alone, and kept as
    /// a note of its own.
    pub above: String,
    /// True when it is encrypted for somebody else, so that nobody here can read it.
    pub encrypted: bool,
    /// Digest of what it says, whatever way it took; see [`crate::mail::ParsedEmail::content`].
    pub content: String,
    /// What is odd about who wrote it, for the service desk alone.
    pub warnings: Vec<Phrase>,
}

impl MessageDraft {
    /// Which side it comes from.
    #[must_use]
    pub fn direction(&self) -> Direction {
        if self.from_agent { Direction::Out } else { Direction::In }
    }
}
