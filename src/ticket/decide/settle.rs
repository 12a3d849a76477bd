//! What follows from where a ticket stands: its times, its deadlines, the line of its history.
//!
//! Every path that changes a ticket ends here, so that no two of them can differ in it.

use crate::clock::Millis;
use crate::ticket::command::silence_deadlines;
use crate::ticket::policy::Policy;
use crate::ticket::words::{DeadlineKind, Event, PendingOn, Status, TicketView};

/// Brings times and deadlines in line with the status; gives the line of history if that changed.
pub(super) fn settle(
    ticket: &mut TicketView,
    before: &TicketView,
    actor: &str,
    now: Millis,
    policy: &Policy,
) -> Option<Event> {
    if ticket.status != Status::Pending {
        ticket.pending_on = None;
    }
    times(ticket, before, now);
    deadlines(ticket, before, now, policy);
    let (was, is) = (described(before), described(ticket));
    (was != is).then(|| Event::by(actor, "status", format!("{was} → {is}")))
}

fn described(ticket: &TicketView) -> String {
    match ticket.pending_on {
        Some(on) => format!("{} ({})", ticket.status.as_str(), on.as_str()),
        None => ticket.status.as_str().to_owned(),
    }
}

fn times(ticket: &mut TicketView, before: &TicketView, now: Millis) {
    match ticket.status {
        Status::Resolved if before.status != Status::Resolved => ticket.resolved_at = now,
        Status::Closed if before.status != Status::Closed => ticket.closed_at = now,
        Status::Resolved | Status::Closed => {}
        _ => (ticket.resolved_at, ticket.closed_at) = (0, 0),
    }
}

fn deadlines(ticket: &mut TicketView, before: &TicketView, now: Millis, policy: &Policy) {
    use DeadlineKind::{Confirm, Remind, Silence, Wake};
    let asked = ticket.pending_on == Some(PendingOn::Requester);
    if !asked {
        ticket.deadlines.remove(&Remind);
        ticket.deadlines.remove(&Silence);
    } else if before.pending_on != ticket.pending_on && !ticket.deadlines.contains_key(&Silence) {
        for (kind, at) in silence_deadlines(policy, now) {
            ticket.deadlines.extend(at.map(|at| (kind, at)));
        }
    }
    if ticket.pending_on != Some(PendingOn::Date) {
        ticket.deadlines.remove(&Wake);
    }
    if ticket.status != Status::Resolved {
        ticket.deadlines.remove(&Confirm);
    } else if before.status != Status::Resolved {
        ticket.deadlines.entry(Confirm).or_insert(now + policy.life.confirm);
    }
}
