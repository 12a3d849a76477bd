//! Nothing is forgotten, with or without a promise: an approval, a vendor, a request that nobody has or nobody answers, a ticket that does
//! not move. First it is a line among others in the next digest, then a notification, then one to those who answer for the queue.
//!
//! What is watched, and since when, stands in [`Sla::idle_since`](crate::ticket::sla::Sla::idle_since); the times are those of `[life]`, counted in
//! working hours, and double each time.

use super::Change;
use super::deadline::clocks::answerable;
use super::people::{concerned, person};
use crate::clock::Millis;
use crate::ticket::policy::{Forgotten, Policy};
use crate::ticket::sla::Length;
use crate::ticket::words::{
    DeadlineKind, Event, Notification, NotificationKind, PendingOn, Phrase, Status, TicketView, Value, phrase,
};

/// Most times that the wait doubles.
const DOUBLINGS: u32 = 5;

/// What a ticket waits for that may be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Approval,
    Vendor,
    Nobody,
    Answer,
    Progress,
}

impl Wait {
    fn of(ticket: &TicketView) -> Option<Self> {
        match (ticket.status, ticket.pending_on) {
            (Status::Resolved | Status::Closed, _) => None,
            (Status::Approval, _) => Some(Self::Approval),
            (Status::Pending, Some(PendingOn::Vendor)) => Some(Self::Vendor),
            // The requester has reminders of their own, and a date comes.
            (Status::Pending, _) => None,
            _ if ticket.assignee.is_none() => Some(Self::Nobody),
            _ if ticket.sla.unanswered_since > 0 => Some(Self::Answer),
            _ => Some(Self::Progress),
        }
    }

    fn within(self, after: &Forgotten) -> Option<Length> {
        match self {
            Self::Approval => after.approval,
            Self::Vendor => after.vendor,
            Self::Nobody => after.unassigned,
            Self::Answer => after.unanswered,
            Self::Progress => after.untouched,
        }
    }

    fn says(self, ticket: &TicketView, since: Millis) -> Phrase {
        let at = Value::At(since);
        match self {
            Self::Approval => phrase!("forgotten.approval", at),
            Self::Vendor => phrase!("forgotten.vendor", vendor = ticket.vendor.as_deref().unwrap_or_default(), at),
            Self::Nobody => phrase!("forgotten.unassigned", at),
            Self::Answer => phrase!("forgotten.unanswered", at),
            Self::Progress => phrase!("forgotten.untouched", at),
        }
    }
}

/// Watches the ticket anew where something has happened to it, and sets when it is brought to mind. `acted`: whether somebody of the service
/// desk did something.
pub(super) fn watch(ticket: &mut TicketView, before: &TicketView, acted: bool, now: Millis, policy: &Policy) {
    let stand = |t: &TicketView| {
        (t.status, t.pending_on, t.assignee.clone(), t.team.clone(), t.level, t.sla.unanswered_since, t.queue.clone())
    };
    if acted || !matches!(ticket.status, Status::Open | Status::New | Status::Escalated | Status::Reopened) {
        ticket.sla.unanswered_since = 0;
    }
    if acted || ticket.sla.idle_since == 0 || stand(ticket) != stand(before) {
        (ticket.sla.idle_since, ticket.sla.idle_told) = (now, 0);
    }
    let Some(within) = Wait::of(ticket).and_then(|wait| wait.within(&policy.life.forgotten)) else {
        ticket.deadlines.remove(&DeadlineKind::Forgotten);
        return;
    };
    let hours = policy.slas.hours_of(ticket);
    let times = 1_i64 << ticket.sla.idle_told.min(DOUBLINGS);
    let length = within.in_calendar(&hours);
    let due = hours.add(ticket.sla.idle_since, length.saturating_mul(times));
    // After a downtime nobody hears of it twice at once.
    let again = ticket.sla.idle_told > 0 && due.is_some_and(|at| at <= now);
    let due = if again { hours.add(now, length) } else { due };
    match due {
        Some(at) => ticket.deadlines.insert(DeadlineKind::Forgotten, at),
        None => ticket.deadlines.remove(&DeadlineKind::Forgotten),
    };
}

/// Its time has come.
pub(super) fn bring_to_mind(change: &mut Change, policy: &Policy) {
    let Some(wait) = Wait::of(&change.ticket) else { return };
    let said = wait.says(&change.ticket, change.ticket.sla.idle_since);
    let told = change.ticket.sla.idle_told;
    change.ticket.sla.idle_told = told + 1;
    let ticket = &change.ticket;
    let mut people = match (wait, told) {
        (_, 0) => concerned(NotificationKind::Forgotten, ticket, "", policy),
        (Wait::Approval, 1) => approvers_and_deputies(ticket, policy),
        (Wait::Approval, _) => {
            let mut all = approvers_and_deputies(ticket, policy);
            add(&mut all, answerable(NotificationKind::Forgotten, ticket, policy));
            all
        }
        _ => answerable(NotificationKind::Forgotten, ticket, policy),
    };
    for one in &mut people {
        one.done.push(said.clone());
        one.can_wait = told == 0;
    }
    change.events.push(Event::own("forgotten", said));
    change.notifications = people;
}

/// Whoever has to approve it is asked again, and whoever stands in for them is asked too.
fn approvers_and_deputies(ticket: &TicketView, policy: &Policy) -> Vec<Notification> {
    let approvers: Vec<_> = policy.approvers(ticket).iter().filter_map(|address| policy.agent(address)).collect();
    let deputies = approvers.iter().filter_map(|agent| policy.agent(agent.deputy.as_deref()?));
    let mut people: Vec<Notification> = Vec::new();
    for agent in approvers.iter().copied().chain(deputies) {
        add(&mut people, vec![Notification::new(NotificationKind::Approval, person(agent)).with_all()]);
    }
    people
}

fn add(people: &mut Vec<Notification>, more: Vec<Notification>) {
    for one in more {
        if !people.iter().any(|known| known.to.address == one.to.address) {
            people.push(one);
        }
    }
}
