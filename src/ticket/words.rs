//! The words the whole program uses for what a desk knows, as closed types.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::mail::Attachment;

/// A sentence in both languages: `words!("… {a}", "… {a}")`.
macro_rules! words {
    ($fr:literal, $en:literal $(,)?) => {
        $crate::ticket::Words { fr: format!($fr), en: format!($en) }
    };
}
pub(crate) use words;

/// Where a ticket is in its life; [`super::life`] says how it gets from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// An approver has to say yes before anybody works on it.
    Approval,
    /// Nobody of the desk has taken it or answered yet.
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
    pub const ALL: [Self; 8] = [
        Self::Approval,
        Self::New,
        Self::Open,
        Self::Pending,
        Self::Escalated,
        Self::Reopened,
        Self::Resolved,
        Self::Closed,
    ];

    /// The word stored and shown (`new`, `open`…).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::New => "new",
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Escalated => "escalated",
            Self::Reopened => "reopened",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// The status a stored word means; an unknown word counts as open, so that nobody overlooks the ticket.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|s| s.as_str() == word).unwrap_or(Self::Open)
    }

    /// Whether the work is done.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }

    /// Its name as people read it.
    #[must_use]
    pub fn label(self) -> Words {
        match self {
            Self::Approval => words!("à approuver", "awaiting approval"),
            Self::New => words!("nouvelle", "new"),
            Self::Open => words!("en cours", "in progress"),
            Self::Pending => words!("en attente", "pending"),
            Self::Escalated => words!("transmise au niveau supérieur", "escalated"),
            Self::Reopened => words!("rouverte", "reopened"),
            Self::Resolved => words!("résolue", "resolved"),
            Self::Closed => words!("close", "closed"),
        }
    }
}

/// Whom or what a pending ticket waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PendingOn {
    /// More information from the requester.
    Requester,
    /// An outside vendor.
    Vendor,
    /// A date.
    Date,
}

impl PendingOn {
    /// The word stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Vendor => "vendor",
            Self::Date => "date",
        }
    }

    /// The word read back; none for an empty one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Requester, Self::Vendor, Self::Date].into_iter().find(|w| w.as_str() == word)
    }
}

/// What is to happen at a time of its own; each is a row of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeadlineKind {
    /// The date a pending ticket waits for: it goes back to its assignee.
    Wake,
    /// The requester is reminded that a question waits.
    Remind,
    /// The requester has kept silent for too long: the ticket is closed.
    Silence,
    /// A resolved ticket that nobody contradicted is closed.
    Confirm,
}

impl DeadlineKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Wake, Self::Remind, Self::Silence, Self::Confirm];

    /// The word stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wake => "wake",
            Self::Remind => "remind",
            Self::Silence => "silence",
            Self::Confirm => "confirm",
        }
    }

    /// The word read back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == word)
    }
}

/// A sentence for people, in the languages the desk's own words exist in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// French.
    pub fr: String,
    /// English; also for every other language.
    pub en: String,
}

impl Words {
    /// The sentence in a language.
    #[must_use]
    pub fn say(&self, language: &str) -> &str {
        if language == "fr" { &self.fr } else { &self.en }
    }
}

/// Who may read a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visibility {
    /// The requester and the desk.
    Public,
    /// The desk alone; it never reaches a requester (invariant 12).
    #[default]
    Internal,
    /// The desk and the outside vendor.
    Vendor,
}

impl Visibility {
    /// The word stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Vendor => "vendor",
        }
    }
}

/// Someone the desk writes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// It was an order, and was carried out.
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
    /// An event somebody causes.
    #[must_use]
    pub fn by(actor: &str, kind: &'static str, text: impl Into<String>) -> Self {
        Self { actor: actor.to_owned(), kind, text: text.into() }
    }

    /// An event the desk itself causes.
    #[must_use]
    pub fn own(kind: &'static str, text: String) -> Self {
        Self { actor: "guichet".to_owned(), kind, text }
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

/// The letters the desk writes. Each is a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LetterKind {
    /// To the requester: your request is ticket N.
    Acknowledgement,
    /// To the requester: your further mail was added.
    ReplyReceived,
    /// To the requester: the desk's answer, whole.
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
    /// To the people of the next level: a ticket for you, with its sheet.
    Escalation,
    /// To an approver: may this ticket be opened?
    Approval,
    /// To the assignee: what the ticket waited for is over.
    Awake,
    /// To the queue's people: the requester was not reached.
    Undelivered,
    /// To the queue's people: a mail waits for them.
    Held,
    /// To an agent: what you asked was not done, and why.
    NotDone,
    /// To an agent: what your orders did.
    Receipt,
    /// To an agent: the tickets they asked for.
    Listing,
    /// To an agent: a ticket, whole.
    Sheet,
    /// To an agent: what became of a ticket's mails, and why.
    Reasons,
    /// To an agent: the orders there are.
    Help,
}

impl LetterKind {
    /// All kinds, in the order they are listed to people, with the names of their templates.
    pub const NAMES: [(Self, &'static str); 31] = [
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

    /// Whether it goes to agents. Such a letter may hold what requesters must not read.
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
                | Self::NotDone
                | Self::Receipt
                | Self::Listing
                | Self::Sheet
                | Self::Reasons
                | Self::Help
        )
    }

    /// Whether it answers a mail by itself (RFC 3834: `auto-replied`), rather than carrying a person's words.
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

    /// Whether it carries what a person of the desk wrote to somebody outside. Such a letter has no cap,
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

/// A letter that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterOrder {
    /// Which letter.
    pub kind: LetterKind,
    /// To whom.
    pub to: Person,
    /// What could not be delivered, for the letter that tells.
    pub undelivered: Option<Undelivered>,
    /// What was done, sentence by sentence, in the reader's language.
    pub done: Vec<String>,
    /// Words that stand in the place of the message's own.
    pub text: Option<String>,
    /// Which tickets a list shows.
    pub listing: Option<Listing>,
    /// Whether its words are a mail that can be sent again as they are.
    pub ready: bool,
    /// Whether it shows all that was said on the ticket: its reader comes to it late.
    pub whole: bool,
    /// What tells it from another of its kind to the same person, for the same cause; mostly empty.
    pub cause: String,
}

impl LetterOrder {
    /// An order for a letter about the message at hand.
    #[must_use]
    pub fn new(kind: LetterKind, to: Person) -> Self {
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

/// What the store knows of a ticket when something about it is decided, and how it is afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whom it waits for, while it is pending.
    pub pending_on: Option<PendingOn>,
    /// Code of its priority (`P3`).
    pub priority: String,
    /// Level of support that has it, from 1.
    pub level: i64,
    /// Name of its type (`incident`); empty for none.
    pub kind: String,
    /// Name of its category; empty for none.
    pub category: String,
    /// Name of its service; empty for none.
    pub service: String,
    /// Address of the agent who has it; empty for none.
    pub assignee: String,
    /// Free words.
    pub tags: BTreeSet<String>,
    /// Who asked.
    pub requester: Person,
    /// Keys of everybody who takes part on the requester's side, the requester included.
    pub participants: Vec<String>,
    /// Address of the outside vendor; empty for none.
    pub vendor: String,
    /// Addresses of all vendors it was ever shown to.
    pub vendors: BTreeSet<String>,
    /// The vendor's own number for it; empty while unknown.
    pub vendor_reference: String,
    /// Row id of the ticket it is part of; 0 for none.
    pub parent: i64,
    /// Row id of the ticket it was merged into; 0 for none.
    pub merged_into: i64,
    /// Numbers of tickets that have to do with it.
    pub related: Vec<String>,
    /// What solved it; empty while nothing has.
    pub solution: String,
    /// The requester's satisfaction, 1 to 5; 0 while unknown.
    pub rating: i64,
    /// Message-ID of the mail that opened it; empty when that had none.
    pub root_message_id: String,
    /// Message-ID of the newest mail from the requester's side; empty when there is none.
    pub last_public_id: String,
    /// What the request says, by the codes of its fields.
    pub fields: BTreeMap<String, String>,
    /// The newest public answer.
    pub last_answer: LastAnswer,
    /// When it was opened.
    pub created_at: Millis,
    /// When the first public answer was delivered; 0 while none was.
    pub first_responded_at: Millis,
    /// Message-ID of the letter that was that answer.
    pub first_response_id: String,
    /// When it was last resolved; 0 while it is not.
    pub resolved_at: Millis,
    /// When it was closed; 0 while it is not.
    pub closed_at: Millis,
    /// What is to happen when.
    pub deadlines: BTreeMap<DeadlineKind, Millis>,
    /// How often it was written.
    pub revision: i64,
    /// What the last order changed, while it can be taken back.
    pub undo: Option<Box<Undo>>,
}

/// The newest public answer of the desk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAnswer {
    /// Address of the agent who wrote it.
    pub by: String,
    /// When.
    pub at: Millis,
    /// Its beginning.
    pub text: String,
}

/// What an order changed: the tickets as they were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// Who gave the order.
    pub by: String,
    /// The order, as written.
    pub what: String,
    /// When it was given.
    pub at: Millis,
    /// The tickets before it, that with this very `Undo` first.
    pub before: Vec<TicketView>,
}
