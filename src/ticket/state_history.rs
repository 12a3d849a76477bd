//! What reports count of a ticket: how it stood, written down each time that changed.

use serde::{Deserialize, Serialize};

use super::ids::TicketId;
use super::sla::{Ola, is_default};
use super::stored::{id, number};
use super::view::TicketView;
use super::words::{Channel, PendingOn, Status};
use crate::clock::Millis;
use crate::mail::one_line;

/// How a ticket stands, as far as reports go. Times are 0, texts empty, where there is none; what a clock
/// says is what it said then, whatever is promised later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketState {
    /// Name of its queue.
    #[serde(default, skip_serializing_if = "is_default")]
    pub queue: String,
    /// Where it is in its life.
    #[serde(default, skip_serializing_if = "is_default")]
    pub status: Status,
    /// Whom it waits for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on: Option<PendingOn>,
    /// Code of its priority.
    #[serde(default, skip_serializing_if = "is_default")]
    pub priority: String,
    /// The level that has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub level: i64,
    /// Name of its category; may be empty, like the next two.
    #[serde(default, skip_serializing_if = "is_default")]
    pub category: String,
    /// Name of its type.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: String,
    /// Name of its service.
    #[serde(default, skip_serializing_if = "is_default")]
    pub service: String,
    /// Name of the team that has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub team: String,
    /// By which way the request came.
    #[serde(default, skip_serializing_if = "is_default")]
    pub channel: Channel,
    /// Address of the agent who has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub assignee: String,
    /// Where its requester belongs: the establishment they named, else the domain of their address. Empty in what earlier versions wrote,
    /// like the next two.
    #[serde(default, skip_serializing_if = "is_default")]
    pub establishment: String,
    /// Domain of the vendor's address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub vendor: String,
    /// Name of the calendar that what the requester is promised is counted in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub calendar: String,
    /// Whether its priority calls everybody.
    #[serde(default, skip_serializing_if = "is_default")]
    pub major: bool,
    /// When the time it takes to solve it began: the same after a solution that was taken back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from: Millis,
    /// Since when the promised times count; 0 in what earlier versions wrote.
    #[serde(default, skip_serializing_if = "is_default")]
    pub begun: Millis,
    /// Name of the service level.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: String,
    /// Working time within which a person answers; 0: best effort.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond: Millis,
    /// When the first answer was delivered.
    #[serde(default, skip_serializing_if = "is_default")]
    pub responded_at: Millis,
    /// Working time it took.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_took: Option<Millis>,
    /// When the first answer is due.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_due: Millis,
    /// When it was due, if it was late.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_missed: Millis,
    /// Working time within which it is solved; 0: best effort.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve: Millis,
    /// When it was solved: resolved, or else closed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub solved_at: Millis,
    /// Working time that took.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_took: Option<Millis>,
    /// When it is to be solved.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_due: Millis,
    /// When it was to be solved, if it was late.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_missed: Millis,
    /// What the level that has it, or helps, owes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ola: Ola,
    /// Whether it was not acknowledged in time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unacknowledged: bool,
    /// Satisfaction, 1 to 5.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "number")]
    pub rating: Option<i64>,
    /// How likely the service desk is recommended, 0 to 10.
    #[serde(default = "unlikely", with = "recommendation")]
    pub recommendation: Option<i64>,
    /// Whether it went into another ticket, and counts no more.
    #[serde(default, skip_serializing_if = "is_default")]
    pub merged: bool,
    /// The ticket it is part of.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "id")]
    pub parent: Option<TicketId>,
    /// When the post-mortem was written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub post_mortem_at: Millis,
}

/// What a row of an earlier version means that leaves it out.
fn unlikely() -> Option<i64> {
    Some(0)
}

/// Rows of earlier versions say -1 where nobody was asked, and leave a 0 out.
mod recommendation {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(likely: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
        likely.unwrap_or(-1).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
        Ok(Some(i64::deserialize(from)?).filter(|likely| *likely >= 0))
    }
}

impl TicketState {
    /// How a ticket stands.
    #[must_use]
    pub fn of(ticket: &TicketView) -> Self {
        let sla = &ticket.sla;
        Self {
            queue: ticket.queue.clone(),
            status: ticket.status,
            on: ticket.pending_on,
            priority: ticket.priority.clone(),
            level: ticket.level.max(1),
            category: ticket.category.clone().unwrap_or_default(),
            kind: ticket.kind.clone().unwrap_or_default(),
            service: ticket.service.clone().unwrap_or_default(),
            team: ticket.team.clone().unwrap_or_default(),
            channel: ticket.channel,
            assignee: ticket.assignee.clone().unwrap_or_default(),
            establishment: establishment(ticket),
            vendor: ticket.vendor.as_deref().map(domain).unwrap_or_default(),
            calendar: sla.calendar.clone(),
            major: sla.major,
            from: sla.from,
            begun: sla.begun,
            policy: sla.policy.clone(),
            respond: sla.respond,
            responded_at: ticket.first_responded_at.unwrap_or(0),
            respond_took: sla.respond_took,
            respond_due: sla.respond_due,
            respond_missed: sla.respond_missed,
            resolve: sla.resolve,
            solved_at: ticket.solved_at().unwrap_or(0),
            resolve_took: sla.resolve_took,
            resolve_due: sla.resolve_due,
            resolve_missed: sla.resolve_missed,
            ola: sla.ola.clone(),
            unacknowledged: sla.unacknowledged,
            rating: ticket.rating,
            recommendation: ticket.fields.get("recommend").and_then(|n| n.parse().ok()),
            merged: ticket.merged_into.is_some(),
            parent: ticket.parent,
            post_mortem_at: sla.post_mortem_at,
        }
    }
}

/// The field that a service desk asks people's establishment with.
const ESTABLISHMENT: &str = "establishment";

fn establishment(ticket: &TicketView) -> String {
    let named = ticket.fields.get(ESTABLISHMENT).map(|name| one_line(name));
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| domain(&ticket.requester.address))
}

fn domain(address: &str) -> String {
    address.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_version_wrote_is_read_as_it_was_meant() {
        let read = |json: &str| serde_json::from_str::<TicketState>(json).unwrap();
        assert_eq!(read("{\"recommendation\":-1,\"rating\":4}").recommendation, None);
        assert_eq!(read("{}").recommendation, Some(0));
        for likely in [None, Some(0), Some(9)] {
            let state = TicketState { recommendation: likely, ..TicketState::default() };
            assert_eq!(read(&serde_json::to_string(&state).unwrap()), state);
        }
        assert_eq!((read("{\"rating\":0}").rating, read("{\"parent\":3}").parent), (None, Some(TicketId(3))));
    }
}
