//! The rules of the desk.
//!
//! Takes: a mail that was read, the [`Policy`], and a snapshot of what the store knows. Gives: a
//! [`Decision`]. Never: asynchronous work, SQL, the clock, randomness: the same arguments give the
//! same decision, which is what makes `replay` and the tests possible.

mod authority;
mod caps;
mod command;
pub mod decide;
mod number;
mod policy;
mod priority;
mod read;
mod thread;
mod token;
mod words;

pub use authority::{Proof, is_denied, proof_of_agent};
pub use caps::{Caps, Recent, WINDOW, WINDOWS, suppress};
pub(crate) use decide::undelivered_orders;
pub use decide::{Copying, Decision, Holding, Joining, Opening, Snapshot, decide};
pub use number::{format as format_number, numbers_in};
pub use policy::{
    Acknowledge, Agent, Desk, FieldRule, Policy, PriorityRule, Queue, ReplyTo, Role, SeveralQueues, TagForms,
};
pub use priority::{Tagged, read_tags};
pub use read::{Intake, Signal, read};
pub use thread::{Candidate, Threading, choose};
pub use token::{Secret, Token, held_mail, held_number};
pub use words::{
    Event, LetterKind, LetterOrder, MessageDraft, Person, Status, TicketView, Undelivered, Verdict, Visibility,
};
