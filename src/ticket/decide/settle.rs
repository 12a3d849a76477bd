//! What follows from where a ticket stands: its times, its clocks, its deadlines, the lines of its history.
//!
//! Every path that changes a ticket ends here, so that no two of them can differ in it.

use super::forgotten;
use crate::clock::Millis;
use crate::ticket::command::silence_deadlines;
use crate::ticket::policy::Policy;
use crate::ticket::sla;
use crate::ticket::words::{DeadlineKind, Event, PendingOn, Status, TicketView};

/// Brings times, clocks and deadlines in line with the status; gives the lines of history that say so.
/// `hand`: whether somebody of the service desk moved it on. `since`: from when on what happened counts for the clocks.
pub(super) fn settle(
    ticket: &mut TicketView,
    before: &TicketView,
    actor: &str,
    hand: bool,
    (since, now): (Millis, Millis),
    policy: &Policy,
) -> Vec<Event> {
    if ticket.status != Status::Pending {
        ticket.pending_on = None;
    }
    times(ticket, before, now);
    deadlines(ticket, before, now, policy);
    forgotten::watch(ticket, before, hand, now, policy);
    let (was, is) = (described(before), described(ticket));
    let status = (was != is).then(|| Event::by(actor, "status", format!("{was} → {is}")));
    // Who is no agent and yet at work here is the operator; whoever has the ticket acts for the level that has it.
    let level = || match policy.agent(actor).filter(|_| !before.is_assigned_to(actor)) {
        Some(agent) => i64::from(agent.level),
        None => i64::MAX,
    };
    let hand = hand.then(level);
    status.into_iter().chain(sla::keep(ticket, before, hand, (since, now), &policy.slas)).collect()
}

fn described(ticket: &TicketView) -> String {
    match ticket.pending_on {
        Some(on) => format!("{} ({})", ticket.status.as_str(), on.as_str()),
        None => ticket.status.as_str().to_owned(),
    }
}

fn times(ticket: &mut TicketView, before: &TicketView, now: Millis) {
    match ticket.status {
        Status::Resolved if before.status != Status::Resolved => ticket.resolved_at = Some(now),
        Status::Closed if before.status != Status::Closed => ticket.closed_at = Some(now),
        Status::Resolved | Status::Closed => {}
        _ => (ticket.resolved_at, ticket.closed_at) = (None, None),
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
    post_mortem(ticket, before, now, policy);
    actions(ticket);
    if ticket.first_responded_at.is_some() || ticket.status.is_done() {
        ticket.deadlines.remove(&DeadlineKind::Acknowledge);
    }
}

/// After a major incident somebody is asked what there is to learn from it.
fn post_mortem(ticket: &mut TicketView, before: &TicketView, now: Millis, policy: &Policy) {
    let wanted = policy.slas.policy_of(ticket).is_some_and(|p| p.post_mortem.contains(&ticket.priority));
    // Of what was refused, or closed unanswered, there is nothing to learn.
    let worked = ticket.resolved_at.is_some() || ticket.first_responded_at.is_some();
    if !ticket.status.is_done() || ticket.merged_into.is_some() || !wanted || !worked {
        ticket.deadlines.remove(&DeadlineKind::PostMortem);
    } else if !before.status.is_done() && before.status != Status::Approval {
        ticket.deadlines.insert(DeadlineKind::PostMortem, now);
    }
}

/// What is to be done after an incident is brought to mind whatever has become of the ticket.
fn actions(ticket: &mut TicketView) {
    match ticket.actions.iter().filter(|action| action.is_open()).map(|action| action.remind_at).min() {
        Some(at) => ticket.deadlines.insert(DeadlineKind::Action, at),
        None => ticket.deadlines.remove(&DeadlineKind::Action),
    };
}
