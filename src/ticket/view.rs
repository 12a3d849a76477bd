//! A ticket as the rules see it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::corrective::CorrectiveAction;
use super::ids::TicketId;
use super::sla::Sla;
use super::stored::{id, number, text};
use super::types::{Channel, DeadlineKind, PendingOn, Person, Status};
use crate::clock::Millis;

/// What the store knows of a ticket when something about it is decided, and how it is afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketView {
    /// Row id; the default one before the ticket is opened.
    pub id: TicketId,
    /// Number as people write it (`CG42N1-000123`).
    pub number: String,

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
    /// Name of its type (`incident`).
    #[serde(default, deserialize_with = "text")]
    pub kind: Option<String>,
    /// Name of its category.
    #[serde(default, deserialize_with = "text")]
    pub category: Option<String>,
    /// Name of its service.
    #[serde(default, deserialize_with = "text")]
    pub service: Option<String>,
    /// Address of the agent who has it.
    #[serde(default, deserialize_with = "text")]
    pub assignee: Option<String>,
    /// Free words.
    pub tags: BTreeSet<String>,
    /// Who asked.
    pub requester: Person,
    /// Keys of everybody who takes part on the requester's side, the requester included.
    pub participants: Vec<String>,
    /// Address of the outside vendor.
    #[serde(default, deserialize_with = "text")]
    pub vendor: Option<String>,
    /// Addresses of all vendors it was ever shown to.
    pub vendors: BTreeSet<String>,
    /// The vendor's own number for it.
    #[serde(default, deserialize_with = "text")]
    pub vendor_reference: Option<String>,
    /// The ticket it is part of.
    #[serde(default, deserialize_with = "id")]
    pub parent: Option<TicketId>,
    /// The ticket it was merged into.
    #[serde(default, deserialize_with = "id")]
    pub merged_into: Option<TicketId>,
    /// Numbers of tickets that have to do with it.
    pub related: Vec<String>,
    /// What solved it.
    #[serde(default, deserialize_with = "text")]
    pub solution: Option<String>,
    /// The requester's satisfaction, 1 to 5.
    #[serde(default, deserialize_with = "number")]
    pub rating: Option<i64>,
    /// Message-ID of the email that opened it, if that had one.
    #[serde(default, deserialize_with = "text")]
    pub root_message_id: Option<String>,
    /// Message-ID of the newest email from the requester's side.
    #[serde(default, deserialize_with = "text")]
    pub last_public_id: Option<String>,
    /// What the request says, by the codes of its fields.
    pub fields: BTreeMap<String, String>,
    /// The newest public answer.
    pub last_answer: LastAnswer,
    /// When it was opened.
    pub created_at: Millis,
    /// When the first public answer was delivered.
    #[serde(default, deserialize_with = "number")]
    pub first_responded_at: Option<Millis>,
    /// Message-ID of the notification that was that answer.
    #[serde(default, deserialize_with = "text")]
    pub first_response_id: Option<String>,
    /// When it was last resolved; none while it is not.
    #[serde(default, deserialize_with = "number")]
    pub resolved_at: Option<Millis>,
    /// When it was closed.
    #[serde(default, deserialize_with = "number")]
    pub closed_at: Option<Millis>,
    /// What is promised, and what became of it.
    #[serde(default)]
    pub sla: Sla,
    /// What its post-mortem says is to be done.
    #[serde(default)]
    pub actions: Vec<CorrectiveAction>,
    /// Name of the team that has it, besides or instead of an agent.
    #[serde(default, deserialize_with = "text")]
    pub team: Option<String>,
    /// Numbers of the tickets it hangs together with.
    #[serde(default)]
    pub ties: Ties,
    /// Addresses of agents who hear of its end though they do not have it.
    #[serde(default)]
    pub followers: BTreeSet<String>,
    /// By which way the request came.
    #[serde(default)]
    pub channel: Channel,
    /// What is to happen when.
    pub deadlines: BTreeMap<DeadlineKind, Millis>,
    /// How often it was written.
    pub revision: i64,
    /// What the last command changed, while it can be taken back.
    pub undo: Option<Box<Undo>>,
}

impl TicketView {
    /// When it was solved: resolved, or else closed.
    #[must_use]
    pub(crate) fn solved_at(&self) -> Option<Millis> {
        self.resolved_at.or(self.closed_at)
    }

    /// Whether this agent has it.
    #[must_use]
    pub(crate) fn is_assigned_to(&self, address: &str) -> bool {
        self.assignee.as_deref() == Some(address)
    }
}

/// Numbers of the tickets that one hangs together with; [`TicketView::related`] holds those that merely have to do with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ties {
    /// The one it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Those that are part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// The one it was merged into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
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
