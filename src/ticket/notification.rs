//! The notifications the service desk writes, and commands for them.

use super::words::Person;

/// The notifications the service desk writes. Each is a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationKind {
    /// To the requester: your request is ticket N.
    Acknowledgement,
    /// To the requester: your further email was added.
    ReplyReceived,
    /// To the requester: the service desk's answer, whole.
    Answer,
    /// To the requester: we need to know more before we can go on.
    Question,
    /// To the requester: somebody works on it.
    Taken,
    /// To the requester: it waits, and for what.
    Pending,
    /// To the requester: our question still waits.
    Reminder,
    /// To the requester: it is done; please confirm.
    Resolved,
    /// To the requester: it is over; how was it?
    Closed,
    /// To the requester: we work on it again.
    Reopened,
    /// To the requester: your request was approved.
    Approved,
    /// To the requester: your request was refused, and why.
    Rejected,
    /// To the requester: somebody in copy wrote.
    InCopy,
    /// To the requester: where their requests stand.
    Progress,
    /// To somebody who wrote to a retired address: write to this one.
    Moved,
    /// To somebody who may not open tickets: your mail waits for a moderator.
    Refusal,
    /// To an outside vendor.
    Vendor,
    /// To the people of an audience: a message to all who are concerned.
    Bulletin,
    /// To the queue's people: a new ticket.
    NewTicket,
    /// To the queue's people: somebody wrote on a ticket.
    NewMessage,
    /// To an agent: this ticket is yours.
    Assigned,
    /// To the people of the next level: a ticket for you, with its handover form.
    Escalation,
    /// To an approver: may this ticket be opened?
    Approval,
    /// To the assignee: what the ticket waited for is over.
    Awake,
    /// To the queue's people: the requester was not reached.
    Undelivered,
    /// To the queue's people: an email waits for them.
    Held,
    /// To the people of a ticket: a promised time is nearly over.
    Warning,
    /// To the people of a ticket: a promised time is over.
    Breach,
    /// To everybody of all levels: a major incident.
    Major,
    /// To everybody of all levels: where a major incident stands, and who must hear of it.
    Point,
    /// To who solved a major incident: what is to be learnt from it?
    PostMortem,
    /// To an agent: all that fell due while the service desk was away, in one notification.
    CatchUp,
    /// To an agent near the cap: what they would have been notified about one by one.
    Digest,
    /// To the administrators: something needs their hand.
    Notice,
    /// To whom reports go: the report for a period.
    Report,
    /// To an agent: what you asked was not done, and why.
    NotDone,
    /// To an agent: what your commands did.
    Receipt,
    /// To an agent: the tickets they asked for.
    Listing,
    /// To an agent: a ticket, whole.
    Sheet,
    /// To an agent: what became of a ticket's emails, and why.
    Reasons,
    /// To an agent: the commands there are.
    Help,
}

impl NotificationKind {
    /// All kinds, in the order they are listed to people, with the names of their templates.
    pub const NAMES: [(Self, &'static str); 41] = [
        (Self::Acknowledgement, "acknowledgement"),
        (Self::ReplyReceived, "reply-received"),
        (Self::Answer, "answer"),
        (Self::Question, "question"),
        (Self::Taken, "taken"),
        (Self::Pending, "pending"),
        (Self::Reminder, "reminder"),
        (Self::Resolved, "resolved"),
        (Self::Closed, "closed"),
        (Self::Reopened, "reopened"),
        (Self::Approved, "approved"),
        (Self::Rejected, "rejected"),
        (Self::InCopy, "in-copy"),
        (Self::Progress, "progress"),
        (Self::Moved, "moved"),
        (Self::Refusal, "refusal"),
        (Self::Vendor, "vendor"),
        (Self::Bulletin, "bulletin"),
        (Self::NewTicket, "new-ticket"),
        (Self::NewMessage, "new-message"),
        (Self::Assigned, "assigned"),
        (Self::Escalation, "escalation"),
        (Self::Approval, "approval"),
        (Self::Awake, "awake"),
        (Self::Undelivered, "undelivered"),
        (Self::Held, "held"),
        (Self::Warning, "warning"),
        (Self::Breach, "breach"),
        (Self::Major, "major"),
        (Self::Point, "status-point"),
        (Self::PostMortem, "post-mortem"),
        (Self::CatchUp, "catch-up"),
        (Self::Digest, "digest"),
        (Self::Notice, "notice"),
        (Self::Report, "report"),
        (Self::NotDone, "not-done"),
        (Self::Receipt, "receipt"),
        (Self::Listing, "list"),
        (Self::Sheet, "show"),
        (Self::Reasons, "why"),
        (Self::Help, "help"),
    ];

    /// Name of the template, and the word stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| *name)
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// Whether it goes to agents. Such a notification may hold what requesters must not read.
    #[must_use]
    pub fn is_internal(self) -> bool {
        matches!(
            self,
            Self::NewTicket
                | Self::NewMessage
                | Self::Assigned
                | Self::Escalation
                | Self::Approval
                | Self::Awake
                | Self::Undelivered
                | Self::Held
                | Self::Warning
                | Self::Breach
                | Self::Major
                | Self::Point
                | Self::PostMortem
                | Self::CatchUp
                | Self::Digest
                | Self::Notice
                | Self::Report
                | Self::NotDone
                | Self::Receipt
                | Self::Listing
                | Self::Sheet
                | Self::Reasons
                | Self::Help
        )
    }

    /// Whether it answers an email automatically (RFC 3834: `auto-replied`), rather than carrying a person's words.
    #[must_use]
    pub fn is_automatic_reply(self) -> bool {
        matches!(
            self,
            Self::Acknowledgement
                | Self::ReplyReceived
                | Self::Refusal
                | Self::Moved
                | Self::Progress
                | Self::Receipt
                | Self::Listing
                | Self::Sheet
                | Self::Reasons
                | Self::Help
        )
    }

    /// Whether it carries what a person of the service desk wrote to somebody outside. Such a notification has no cap,
    /// and its files go with it.
    #[must_use]
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Answer | Self::Question | Self::Resolved | Self::Rejected | Self::Vendor | Self::Bulletin)
    }

    /// Whether it carries the message and its files.
    #[must_use]
    pub fn carries_files(self) -> bool {
        self.is_personal()
            || matches!(
                self,
                Self::NewTicket | Self::NewMessage | Self::Assigned | Self::Escalation | Self::Approval | Self::Held
            )
    }
}

/// Stands in a sentence for a number that is given out only when everything is decided. Nobody can type it.
pub const NEW_NUMBER: &str = "\u{2}new\u{2}";

/// A notification that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Which notification.
    pub kind: NotificationKind,
    /// To whom.
    pub to: Person,
    /// What could not be delivered, for the notification that tells.
    pub undelivered: Option<Undelivered>,
    /// What was done, sentence by sentence, in the reader's language.
    pub done: Vec<String>,
    /// Words that stand in the place of the message's own.
    pub text: Option<String>,
    /// Which tickets a list shows.
    pub listing: Option<Listing>,
    /// Whether its words are an email that can be sent again as they are.
    pub ready: bool,
    /// Whether it shows all that was said on the ticket: its reader comes to it late.
    pub whole: bool,
    /// What tells it from another of its kind to the same person, for the same cause; mostly empty.
    pub cause: String,
    /// Why, as somebody wrote it; mostly empty.
    pub why: String,
}

impl Notification {
    /// A command for a notification about the message at hand.
    #[must_use]
    pub fn new(kind: NotificationKind, to: Person) -> Self {
        Self {
            kind,
            to,
            undelivered: None,
            done: Vec::new(),
            text: None,
            listing: None,
            ready: false,
            whole: false,
            cause: String::new(),
            why: String::new(),
        }
    }

    /// The same with everything that was said.
    #[must_use]
    pub fn with_all(self) -> Self {
        Self { text: Some(String::new()), whole: true, ..self }
    }

    /// The same with words of its own.
    #[must_use]
    pub fn with_text(self, text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..self }
    }
}

/// Tickets an agent or a requester asked to be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Everything that is not done in the agent's queues.
    Unfinished,
    /// What is assigned to the agent and not done.
    Mine,
    /// What waits longer than it should.
    Overdue,
    /// What nobody has taken yet.
    New,
    /// The requester's own.
    Own,
}

/// A notification that did not reach somebody.
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
