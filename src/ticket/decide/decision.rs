//! What a decision may be: everything that `work::commit` knows how to carry out.

use serde::{Deserialize, Serialize};

use super::Absence;
use crate::clock::Millis;
use crate::ticket::cause::HoldCause;
use crate::ticket::probe::Probe;
use crate::ticket::words::{
    About, Detail, Event, InboxId, MessageDraft, Notification, Person, TicketId, TicketView, Undelivered, Verdict,
};

/// What is to be done.
#[must_use]
#[derive(Debug, Clone)]
pub enum Decision {
    /// It opens a ticket, or one in each of several queues; never none.
    Open(Vec<Opening>),
    /// It joins one.
    Join(Box<Joining>),
    /// It is a copy of an email that a ticket already holds.
    Copy(Box<Copying>),
    /// A person must review it; why.
    Hold(HoldCause, Detail),
    /// It joins no ticket, and people are told.
    Tell(Box<Holding>),
    /// An agent lets a held email in, or refuses it.
    Review {
        /// Row id of the held email.
        held: InboxId,
        /// Whether it is let in.
        admit: bool,
        /// Who said so.
        by: String,
    },
    /// What is to stand at the head of a report; its writer is told.
    Words(ReportWords, Box<Holding>),
    /// It needs nothing; the reason.
    Ignore(String),
    /// It is a probe of `check` come back.
    Probed(Probe),
    /// Nobody wrote, and a ticket changes all the same.
    Change(Box<Change>),
    /// Nobody wrote, no ticket changes, and people are notified.
    Notify(Vec<Notices>),
}

/// What somebody wrote in answer to the draft of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportWords {
    /// The report's name in the configuration.
    pub report: String,
    /// When it is sent.
    pub sending: Millis,
    /// Address of who wrote them.
    pub address: String,
    /// Their name.
    pub name: String,

    pub text: String,
}

impl ReportWords {
    /// The fact of the store that keeps somebody's until the report is sent.
    #[must_use]
    pub(crate) fn fact(report: &str, address: &str) -> String {
        format!("words:{report}:{address}")
    }
}

/// Notifications about no ticket.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    /// The queue they come from.
    pub queue: String,
    /// Notifications to write.
    pub notifications: Vec<Notification>,
}

/// A ticket to be opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The ticket, without id and number.
    pub ticket: TicketView,
    /// Prefix of the number.
    pub prefix: String,
    /// Further people on the requester's side (Cc), without the service desk's own addresses.
    pub others: Vec<Person>,
    /// The email as the ticket's first message.
    pub message: MessageDraft,
    /// What somebody of the service desk wrote above it, when they passed it on.
    pub note: Option<MessageDraft>,
    /// Lines of history, after the one that says it was opened.
    pub events: Vec<Event>,
    /// Notifications to write.
    pub notifications: Vec<Notification>,
    /// What is kept of it for the next who asks, where it is solved already.
    pub article: Option<Article>,
    /// Row ids of tickets that it has to do with.
    pub relates: Vec<TicketId>,
    /// Why, for `guichet why`.
    pub reason: String,
}

/// What becomes of a ticket that exists.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The ticket as it is afterwards.
    pub ticket: TicketView,
    /// The message that does it, which the notifications are about.
    pub message: MessageDraft,
    /// Whether the ticket keeps the message.
    pub keep: bool,
    /// A further message that it keeps, apart from the first.
    pub note: Option<MessageDraft>,
    /// Lines of history.
    pub events: Vec<Event>,
    /// Notifications to write.
    pub notifications: Vec<Notification>,
    /// What is kept of it for the next who asks.
    pub article: Option<Article>,
    /// True when what was kept is to be forgotten.
    pub forget: bool,
    /// When the answer was written that is held back, if one is.
    pub hold_back: Option<Millis>,
    /// True when nobody made a step: commands given before can still be taken back.
    pub quiet: bool,
}

/// A problem and what solved it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Article {
    /// Row id of the ticket it comes from.
    pub ticket: TicketId,

    pub queue: String,

    pub title: String,
    /// What was asked.
    pub problem: String,
    /// What solved it.
    pub solution: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// True when requesters may read it too; false for what a solved ticket leaves behind.
    pub public: bool,
    /// Who wrote it.
    pub author: String,
}

/// An email that belongs to a ticket.
#[derive(Debug, Clone, Default)]
pub struct Joining {
    /// What becomes of the ticket.
    pub change: Change,
    /// What becomes of other tickets.
    pub others: Vec<Change>,
    /// Tickets that it opens besides.
    pub opens: Vec<Opening>,
    /// Whom a notification did not reach, as the email reports.
    pub undelivered: Option<Undelivered>,
    /// Who of the service desk is away, or back, as the email says.
    pub absence: Option<Absence>,
    /// Message-ID of the notification that came back, if the email reports that one did.
    pub returned: Option<String>,
    /// True when the email is nothing but commands.
    pub command: bool,
    /// Why, for `guichet why`.
    pub reason: String,
}

/// A copy of an email that is there already.
#[derive(Debug, Clone)]
pub struct Copying {
    /// The ticket that holds it.
    pub ticket: TicketView,
    /// The email, for the notifications; it is not stored again.
    pub message: MessageDraft,
    /// Lines of history.
    pub events: Vec<Event>,
    /// Notifications to write.
    pub notifications: Vec<Notification>,
    /// Why, for `guichet why`.
    pub reason: String,
}

/// An email that joins no ticket, of which people are told.
#[derive(Debug, Clone)]
pub struct Holding {
    /// What becomes of it: held, refused, or a command carried out.
    pub verdict: Verdict,
    /// Why it is held, if it is.
    pub cause: HoldCause,
    /// Why; the notifications say it above the email.
    pub reason: Detail,
    /// What the notifications are about; none for this email itself.
    pub about: Option<About>,
    /// The ticket they show, or what stands in its place: then it has no id and no number.
    pub ticket: TicketView,
    /// The email, for the notifications.
    pub message: MessageDraft,
    /// Who of the service desk is away, or back, as the email says.
    pub absence: Option<Absence>,
    /// Notifications to write.
    pub notifications: Vec<Notification>,
}
