//! A ticket as the rules see it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::sla::Sla;
use super::types::{DeadlineKind, PendingOn, Person, Status};
use crate::clock::Millis;

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
    /// Message-ID of the email that opened it; empty when that had none.
    pub root_message_id: String,
    /// Message-ID of the newest email from the requester's side; empty when there is none.
    pub last_public_id: String,
    /// What the request says, by the codes of its fields.
    pub fields: BTreeMap<String, String>,
    /// The newest public answer.
    pub last_answer: LastAnswer,
    /// When it was opened.
    pub created_at: Millis,
    /// When the first public answer was delivered; 0 while none was.
    pub first_responded_at: Millis,
    /// Message-ID of the notification that was that answer.
    pub first_response_id: String,
    /// When it was last resolved; 0 while it is not.
    pub resolved_at: Millis,
    /// When it was closed; 0 while it is not.
    pub closed_at: Millis,
    /// What is promised, and what became of it.
    #[serde(default)]
    pub sla: Sla,
    /// What is to happen when.
    pub deadlines: BTreeMap<DeadlineKind, Millis>,
    /// How often it was written.
    pub revision: i64,
    /// What the last command changed, while it can be taken back.
    pub undo: Option<Box<Undo>>,
}

/// The newest public answer of the service desk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAnswer {
    /// Address of the agent who wrote it.
    pub by: String,
    /// When.
    pub at: Millis,
    /// Its beginning.
    pub text: String,
}

/// What a command changed: the tickets as they were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// Who gave the command.
    pub by: String,
    /// The command, as written.
    pub what: String,
    /// When it was given.
    pub at: Millis,
    /// The tickets before it, that with this very `Undo` first.
    pub before: Vec<TicketView>,
}
