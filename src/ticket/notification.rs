//! Every notification, one row each: to whom it goes, how it is sent, what it shows, and what a reply to it means.
//!
//! Capping, headers, buttons, the preview, the list of templates and `docs/notifications.md` follow from the row; the words stand in
//! `mail-templates/`.

pub use super::notification_traits::{Adds, Audience, Buttons, Hits, Once, Origin, Reply, Sections, Urgency};
use super::phrase::Phrase;
use super::types::Person;
use crate::clock::Millis;

/// One row.
#[derive(Debug)]
pub struct Row {
    /// Which notification.
    pub kind: NotificationKind,
    /// Name of the template, and the word stored.
    pub name: &'static str,
    /// The word stored before, if another.
    pub old_name: &'static str,
    /// To whom.
    pub audience: Audience,
    /// How it is sent.
    pub origin: Origin,
    /// Whether it carries the message's files.
    pub files: bool,
    /// When it is sent near an agent's cap.
    pub urgency: Urgency,
    /// What is looked up for it.
    pub adds: Adds,
    /// The sections of its body.
    pub sections: Sections,
    /// What makes it unique.
    pub once: Once,
    /// Articles and tickets that may help.
    pub hits: Hits,

    pub buttons: Buttons,
    /// What an agent's reply to it means.
    pub reply: Reply,
    /// Its weight among what tells the requester of a step, the weightiest 1; 0 where it does not. Of several steps in one email they get
    /// one notification.
    pub step: u8,
}

const ROW: Row = Row {
    kind: NotificationKind::Help,
    name: "",
    old_name: "",
    audience: Audience::Requester,
    origin: Origin::Event,
    files: false,
    urgency: Urgency::Collected,
    adds: Adds::Nothing,
    sections: Sections::Plain,
    once: Once::Email,
    hits: Hits::None,
    buttons: Buttons::None,
    reply: Reply::None,
    step: 0,
};

macro_rules! notifications {
    ($($(#[$doc:meta])* $kind:ident = $row:expr;)+) => {
        /// The notifications that the service desk writes. Each is a template.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum NotificationKind {
            $($(#[$doc])* $kind,)+
        }

        /// Every notification, in the order they are listed to people.
        pub const ROWS: &[Row] = &[$(Row { kind: NotificationKind::$kind, ..$row }),+];
    };
}

#[rustfmt::skip]
notifications! {
    /// To the requester: your request is ticket N.
    Acknowledgement = Row {
        name: "acknowledgement", origin: Origin::Reply, hits: Hits::Articles, buttons: Buttons::Acknowledged,
        reply: Reply::Requester,
        ..ROW
    };
    /// To the requester: your further email was added.
    ReplyReceived = Row {
        name: "reply-received", origin: Origin::Reply, buttons: Buttons::Open, reply: Reply::Requester,
        ..ROW
    };
    /// To the requester: the service desk's answer, whole.
    Answer = Row {
        name: "answer", origin: Origin::Person, files: true, buttons: Buttons::Answered, reply: Reply::Requester,
        ..ROW
    };
    /// To the requester: we need to know more before we can go on.
    Question = Row {
        name: "question", origin: Origin::Person, files: true, buttons: Buttons::Solved, reply: Reply::Requester, step: 4,
        ..ROW
    };
    /// To the requester: somebody works on it.
    Taken = Row {
        name: "taken", buttons: Buttons::Open, reply: Reply::Requester, step: 8,
        ..ROW
    };
    /// To the requester: it waits, and for what.
    Pending = Row {
        name: "pending", buttons: Buttons::Open, reply: Reply::Requester, step: 5,
        ..ROW
    };
    /// To the requester: our question still waits.
    Reminder = Row {
        name: "reminder", buttons: Buttons::Solved, reply: Reply::Requester,
        ..ROW
    };
    /// To the requester: it is done; please confirm.
    Resolved = Row {
        name: "resolved", origin: Origin::Person, files: true, buttons: Buttons::Confirm, reply: Reply::Requester, step: 3,
        ..ROW
    };
    /// To the requester: it is over; how was it?
    Closed = Row {
        name: "closed", reply: Reply::Requester, step: 2,
        ..ROW
    };
    /// To the requester: we work on it again.
    Reopened = Row {
        name: "reopened", buttons: Buttons::Open, reply: Reply::Requester, step: 6,
        ..ROW
    };
    /// To the requester: it has another level, will be late, or is due at another time.
    News = Row {
        name: "news", buttons: Buttons::Open, reply: Reply::Requester, step: 9,
        ..ROW
    };
    /// To the requester: your request was approved.
    Approved = Row {
        name: "approved", buttons: Buttons::Progress, reply: Reply::Requester, step: 7,
        ..ROW
    };
    /// To the requester: your request was refused, and why.
    Rejected = Row {
        name: "rejected", origin: Origin::Person, files: true, reply: Reply::Requester, step: 1,
        ..ROW
    };
    /// To the requester: somebody in copy wrote.
    InCopy = Row {
        name: "in-copy", reply: Reply::Requester,
        ..ROW
    };
    /// To the requester: where their requests stand.
    Progress = Row {
        name: "progress", origin: Origin::Reply, adds: Adds::List,
        ..ROW
    };
    /// To somebody who wrote to a retired address: write to this one.
    Moved = Row {
        name: "moved", origin: Origin::Reply, once: Once::Day,
        ..ROW
    };
    /// To somebody who may not open tickets: your mail waits for a moderator.
    Refusal = Row {
        name: "refusal", origin: Origin::Reply, once: Once::Day,
        ..ROW
    };
    /// To an outside vendor.
    Vendor = Row {
        name: "vendor", audience: Audience::Vendor, origin: Origin::Person, files: true,
        ..ROW
    };
    /// To the people of an audience: a message to all who are concerned.
    Bulletin = Row {
        name: "bulletin", audience: Audience::Many, origin: Origin::Person, files: true,
        ..ROW
    };
    /// To the queue's people: a new ticket.
    NewTicket = Row {
        name: "new-ticket", audience: Audience::Agents, files: true, urgency: Urgency::Priority, once: Once::Ticket,
        hits: Hits::All, buttons: Buttons::Agent, reply: Reply::Requester,
        ..ROW
    };
    /// To the queue's people: somebody wrote on a ticket.
    NewMessage = Row {
        name: "new-message", audience: Audience::Agents, files: true, urgency: Urgency::Own, buttons: Buttons::Agent,
        reply: Reply::Requester,
        ..ROW
    };
    /// To whoever follows a queue or a ticket: what a colleague did with it.
    Followed = Row {
        name: "followed", audience: Audience::Agents, buttons: Buttons::Agent, reply: Reply::Note,
        ..ROW
    };
    /// To an agent: this ticket is yours.
    Assigned = Row {
        name: "assigned", audience: Audience::Agents, files: true, urgency: Urgency::Always, hits: Hits::All,
        buttons: Buttons::Agent, reply: Reply::Requester,
        ..ROW
    };
    /// To the people of the next level: a ticket for you, with its handover form.
    Escalation = Row {
        name: "escalation", audience: Audience::Agents, files: true, urgency: Urgency::Priority, adds: Adds::History,
        sections: Sections::Handover, hits: Hits::All, buttons: Buttons::Agent, reply: Reply::Note,
        ..ROW
    };
    /// To an approver: may this ticket be opened?
    Approval = Row {
        name: "approval", audience: Audience::Agents, files: true, buttons: Buttons::Approve,
        ..ROW
    };
    /// To the assignee: what the ticket waited for is over.
    Awake = Row {
        name: "awake", audience: Audience::Agents, adds: Adds::History, sections: Sections::Conversation, buttons: Buttons::Agent,
        reply: Reply::Note,
        ..ROW
    };
    /// To the queue's people: the requester was not reached.
    Undelivered = Row {
        name: "undelivered", audience: Audience::Agents, urgency: Urgency::Own, buttons: Buttons::Agent, reply: Reply::Note,
        ..ROW
    };
    /// To the queue's people: an email waits for them.
    Held = Row {
        name: "held", audience: Audience::Agents, files: true, buttons: Buttons::Admit,
        ..ROW
    };
    /// To the people of a ticket: a promised time is nearly over.
    Warning = Row {
        name: "warning", audience: Audience::Agents, urgency: Urgency::Priority, buttons: Buttons::Agent, reply: Reply::Note,
        ..ROW
    };
    /// To the people of a ticket: a promised time is over.
    Breach = Row {
        name: "breach", audience: Audience::Agents, urgency: Urgency::Priority, buttons: Buttons::Agent, reply: Reply::Note,
        ..ROW
    };
    /// To everybody of all levels: a major incident.
    Major = Row {
        name: "major", audience: Audience::Agents, urgency: Urgency::Priority, buttons: Buttons::Incident, reply: Reply::Note,
        ..ROW
    };
    /// To everybody of all levels: where a major incident stands, and who must hear of it.
    StatusUpdate = Row {
        name: "status-update", old_name: "status-point", audience: Audience::Agents, urgency: Urgency::Priority,
        buttons: Buttons::Incident, reply: Reply::Note,
        ..ROW
    };
    /// To who solved a major incident: what is to be learnt from it?
    PostMortem = Row {
        name: "post-mortem", audience: Audience::Agents, urgency: Urgency::Priority, adds: Adds::History,
        sections: Sections::PostMortem, buttons: Buttons::PostMortem, reply: Reply::Note,
        ..ROW
    };
    /// To an agent: what a post-mortem says they have to do.
    Action = Row {
        name: "action", audience: Audience::Agents, urgency: Urgency::Always, buttons: Buttons::Action, reply: Reply::Note,
        ..ROW
    };
    /// To an agent: all that fell due while the service desk was away, in one notification.
    CatchUp = Row {
        name: "catch-up", audience: Audience::Agents, urgency: Urgency::Always, sections: Sections::Late,
        ..ROW
    };
    /// To the people of a ticket: nothing has happened to it for too long.
    Forgotten = Row {
        name: "forgotten", audience: Audience::Agents, urgency: Urgency::Priority, buttons: Buttons::Agent, reply: Reply::Note,
        ..ROW
    };
    /// To an agent near the cap: what they would have been notified about one by one.
    Digest = Row {
        name: "digest", audience: Audience::Agents, urgency: Urgency::Always, sections: Sections::Digest,
        ..ROW
    };
    /// To whoever stands in for an agent, and to those in charge: they are away, and this is what they have.
    Absent = Row {
        name: "absent", audience: Audience::Agents, urgency: Urgency::Always, adds: Adds::List, once: Once::Cause,
        ..ROW
    };
    /// To the administrators: something needs their hand.
    Notice = Row {
        name: "notice", audience: Audience::Agents, urgency: Urgency::Always,
        ..ROW
    };
    /// To whom reports go: the report for a period.
    Report = Row {
        name: "report", audience: Audience::Agents, urgency: Urgency::Always,
        ..ROW
    };
    /// To an agent: what you asked was not done, and why.
    NotDone = Row {
        name: "not-done", audience: Audience::Agents, urgency: Urgency::Always, buttons: Buttons::Again,
        ..ROW
    };
    /// To an agent: what your commands did.
    Receipt = Row {
        name: "receipt", audience: Audience::Agents, origin: Origin::Reply, urgency: Urgency::Always, buttons: Buttons::Agent,
        reply: Reply::Note,
        ..ROW
    };
    /// To an agent: the tickets they asked for.
    Listing = Row {
        name: "list", audience: Audience::Agents, origin: Origin::Reply, urgency: Urgency::Always, adds: Adds::List,
        once: Once::Cause,
        ..ROW
    };
    /// To an agent: a ticket, whole.
    Show = Row {
        name: "show", audience: Audience::Agents, origin: Origin::Reply, urgency: Urgency::Always, adds: Adds::History,
        sections: Sections::Conversation, buttons: Buttons::Agent, reply: Reply::Note,
        ..ROW
    };
    /// To an agent: what became of a ticket's emails, and why.
    Reasons = Row {
        name: "why", audience: Audience::Agents, origin: Origin::Reply, urgency: Urgency::Always, adds: Adds::Verdicts,
        sections: Sections::Verdicts, buttons: Buttons::Agent, reply: Reply::Note,
        ..ROW
    };
    /// To an agent: the commands there are.
    Help = Row {
        name: "help", audience: Audience::Agents, origin: Origin::Reply, urgency: Urgency::Always, sections: Sections::Help,
        ..ROW
    };
}

impl NotificationKind {
    /// Its row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        // Rows stand in the order of the kinds, which the macro makes of the same list.
        &ROWS[self as usize]
    }

    /// Name of the template, and the word stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The kind of that name, or of the name it had.
    #[must_use]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let known = |row: &&Row| row.name == name || (row.old_name == name && !name.is_empty());
        ROWS.iter().find(known).map(|row| row.kind)
    }

    /// Those that answer the requester: the clock of the first answer stops when one is sent.
    pub fn answers() -> impl Iterator<Item = Self> {
        let answers = |row: &&Row| row.audience == Audience::Requester && row.origin == Origin::Person;
        ROWS.iter().filter(answers).map(|row| row.kind)
    }

    /// Whether it goes to agents. Such a notification may hold what requesters must not read.
    #[must_use]
    pub fn is_internal(self) -> bool {
        self.row().audience == Audience::Agents
    }

    /// Whether it carries what a person of the service desk wrote to somebody outside. Such a notification has no cap, and its files go
    /// with it.
    #[must_use]
    pub(crate) fn is_personal(self) -> bool {
        self.row().origin == Origin::Person
    }
}

/// The table of `docs/notifications.md`, as Markdown.
#[must_use]
pub fn drawn() -> String {
    let mut out = String::from(
        "| template | to | sent as | near a cap | files | an agent's reply |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in ROWS {
        let to = match row.audience {
            Audience::Requester => "requester",
            Audience::Vendor => "vendor",
            Audience::Many => "audience",
            Audience::Agents => "agents",
        };
        let sent = match row.origin {
            Origin::Reply => "automatic reply",
            Origin::Person => "a person's words",
            Origin::Event => "automatic",
        };
        let cap = match (row.audience, row.origin, row.urgency) {
            (Audience::Agents, _, Urgency::Collected) => "collected",
            (Audience::Agents, _, Urgency::Priority) => "sent for P0 and P1",
            (Audience::Agents, _, Urgency::Own) => "sent if it is theirs",
            (Audience::Agents, _, Urgency::Always) | (_, Origin::Person, _) => "sent",
            _ => "not sent",
        };
        let reply = match row.reply {
            Reply::Requester => "`requester`",
            Reply::Note => "`note`",
            Reply::None => "`none`",
        };
        let files = if row.files { "yes" } else { "" };
        out += &format!("| `{}` | {to} | {sent} | {cap} | {files} | {reply} |\n", row.name);
    }
    out
}

/// Stands in a sentence for a number that is given out only when everything is decided. Nobody can type it.
pub(crate) const NEW_NUMBER: &str = "\u{2}new\u{2}";

/// A notification that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Which notification.
    pub kind: NotificationKind,
    /// To whom.
    pub to: Person,
    /// What could not be delivered, for the notification that tells.
    pub undelivered: Option<Undelivered>,
    /// What was done, sentence by sentence.
    pub done: Vec<Phrase>,
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
    /// Whether it is a line of the next digest, whoever reads it.
    pub can_wait: bool,
    /// How long it waits before it is sent, so that its writer can hold it back; mostly 0.
    pub delay: Millis,
}

impl Notification {
    /// A notification about the message at hand.
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
            can_wait: false,
            delay: 0,
        }
    }

    /// The same with everything that was said.
    #[must_use]
    pub(crate) fn with_all(self) -> Self {
        Self { text: Some(String::new()), whole: true, ..self }
    }

    /// The same with words of its own.
    #[must_use]
    pub(crate) fn with_text(self, text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..self }
    }
}

/// Tickets an agent or a requester asked to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// Everything that is not done in the agent's queues.
    Unfinished,
    /// What is assigned to the agent and not done.
    Mine,
    /// What waits longer than it should.
    Overdue,
    /// What nobody has taken yet.
    New,
    /// What is nobody's, wherever it stands.
    Unassigned,
    /// What is solved and not yet closed.
    Solved,
    /// What the agent's teams have and nobody has taken, or done.
    Team,
    /// Everything that is not done in that queue.
    Queue(String),
    /// What these words are found in, done or not.
    Search(String),
    /// What an agent has and is not done, by their address.
    Of(String),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_their_kinds_and_names_lead_back() {
        for row in ROWS {
            assert_eq!(row.kind.row().kind, row.kind);
            assert_eq!(NotificationKind::from_name(row.name), Some(row.kind));
        }
        assert_eq!(NotificationKind::from_name("status-point"), Some(NotificationKind::StatusUpdate));
        assert_eq!(NotificationKind::from_name(""), None);
    }

    #[test]
    fn what_tells_of_steps_is_for_the_requester_and_of_different_weight() {
        let steps: Vec<u8> = ROWS.iter().map(|row| row.step).filter(|step| *step > 0).collect();
        let mut sorted = steps.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), steps.len());
        assert!(ROWS.iter().all(|row| row.step == 0 || row.audience == Audience::Requester));
    }
}
