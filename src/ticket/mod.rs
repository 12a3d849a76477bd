//! The rules of the service desk.
//!
//! Takes: an email that was read, the [`Policy`], and a snapshot of what the store knows. Gives: a
//! [`Decision`]. Never: asynchronous work, SQL, the clock, randomness: the same arguments give the
//! same decision, which is what makes looking twice, and the tests, possible.

mod alert;
mod asker;
mod authority;
mod called;
mod caps;
mod cause;
pub mod command;
mod corrective;
pub mod decide;
mod field;
mod flood;
mod ids;
mod knowledge;
mod leak;
pub mod life;
pub mod notification;
mod notification_traits;
mod number;
pub(crate) mod phrase;
mod policy;
mod priority;
mod probe;
mod queue;
mod read;
pub mod rights;
mod routing;
pub mod sla;
mod state_history;
mod stored;
mod thanks;
mod thread;
mod token;
mod types;
mod view;
mod words;

pub(crate) use alert::ALERT;
pub use asker::{Asker, asker};
pub use authority::{Proof, is_denied, proof_of_agent};
pub use called::{Called, Commands, Word};
pub use caps::Caps;
pub(crate) use caps::{Capped, Recent, WINDOW, WINDOWS, capped, rank};
pub(crate) use caps::{cannot_wait, is_urgent};
pub use cause::HoldCause;
pub use corrective::CorrectiveAction;
pub use decide::Absence;
pub use decide::suspect::say;
pub(crate) use decide::suspect::{LOOKALIKE, familiar};
pub(crate) use decide::undelivered_notices;
pub use decide::{
    Article, Change, Copying, Decision, Holding, Joining, Notices, Opening, ReportDraft, ReportWords, Said, Snapshot,
    decide, due, shown,
};
pub(crate) use decide::{address_is_gone, not_taken, recompute, unasked};
pub use field::{FieldRule, OnlyFor};
pub(crate) use flood::INTAKE_WINDOW;
pub use flood::{IntakeLimits, TakenIn, is_flood};
pub use ids::{About, InboxId, OutboxId, TicketId};
pub use knowledge::Hit;
pub(crate) use knowledge::search_terms;
pub(crate) use leak::scrubbed;
pub(crate) use number::numbers_in;
pub use number::{format as format_number, parse as parse_number};
pub use phrase::{Detail, Phrase, Value};
pub(crate) use policy::OPERATOR_LEVEL;
pub use policy::{
    Agent, Away, Forgotten, Life, Notify, Policy, PriorityRule, Role, ServiceDesk, SeveralQueues, TagForms, Team, Topic,
};
pub use priority::Tagged;
pub use probe::{ForeignResults, Probe};
pub use queue::{Acknowledge, AgentReply, Queue, ReplyTo, Retired};
pub use read::{Intake, Signal, read};
pub(crate) use rights::{may, may_answer};
pub use state_history::TicketState;
pub(crate) use stored::stored_words;
pub use thread::Candidate;
pub use token::{Secret, Token};
pub(crate) use words::NEW_NUMBER;
pub use words::{
    Channel, DeadlineKind, Direction, Event, LastAnswer, Listing, MessageDraft, Notification, NotificationKind,
    PendingOn, Person, Status, TicketView, Ties, Undelivered, Undo, Verdict, Visibility,
};
