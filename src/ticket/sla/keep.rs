//! A ticket's clocks and their deadlines, brought in line with where it stands.

use std::collections::BTreeMap;

use super::calendar::Calendar;
use super::clock::{Run, Sla, Which};
use super::policy::{SlaPolicy, Slas, Target};
use crate::clock::Millis;
use crate::ticket::words::{DeadlineKind, Event, PendingOn, Status, TicketView};

/// The deadlines that follow from service levels alone.
const KINDS: [DeadlineKind; 7] = [
    DeadlineKind::WarnRespond,
    DeadlineKind::WarnResolve,
    DeadlineKind::Respond,
    DeadlineKind::Resolve,
    DeadlineKind::Escalate,
    DeadlineKind::Stalled,
    DeadlineKind::Point,
];

/// Notes where the ticket stands, computes what is due, and gives the lines of history that say so.
/// `hand`: whether somebody of the service desk did something.
pub fn keep(ticket: &mut TicketView, before: &TicketView, hand: bool, now: Millis, slas: &Slas) -> Vec<Event> {
    let new = ticket.sla.stays.is_empty();
    // What was taken back is as it was: its clocks too.
    let restored = ticket.sla.stays != before.sla.stays || ticket.sla.since != before.sla.since;
    let reopened = before.status.is_done() && !ticket.status.is_done() && !restored;
    ticket.sla.stand(run_of(ticket), now);
    if new || reopened {
        // The clocks start anew: what was late before is in the history.
        (ticket.sla.from, ticket.sla.since, ticket.sla.resolve_missed, ticket.sla.stuck_at) = (now, now, 0, 0);
        (ticket.sla.resolve_took, ticket.sla.resolve_told, ticket.sla.progress_at) = (None, 0, now);
        (ticket.sla.post_mortem_asked, ticket.sla.post_mortem_at) = (0, 0);
    } else if ticket.level != before.level && !restored {
        (ticket.sla.since, ticket.sla.progress_at) = (now, now);
    } else if hand {
        ticket.sla.progress_at = now;
    }
    let (was, policy) = (ticket.sla.clone(), slas.policy_of(ticket));
    let target = policy.and_then(|p| p.target(ticket.level.max(1), &ticket.priority));
    compute(ticket, policy, target, slas, now);
    arm(ticket, policy, target, slas, now);
    said(&was, &ticket.sla, new, ticket, slas)
}

fn run_of(ticket: &TicketView) -> Run {
    match (ticket.status, ticket.pending_on) {
        (Status::Approval, _) => Run::Approval,
        (Status::Resolved | Status::Closed, _) => Run::Done,
        (Status::Pending, Some(PendingOn::Requester)) => Run::Requester,
        (Status::Pending, Some(PendingOn::Vendor)) => Run::Vendor,
        (Status::Pending, _) => Run::Date,
        _ => Run::Running,
    }
}

/// The policy, its times, and when they end.
fn compute(ticket: &mut TicketView, policy: Option<&SlaPolicy>, target: Option<&Target>, slas: &Slas, now: Millis) {
    let name = target.map_or_else(|| policy.map_or("always", |p| p.hours.as_str()), |t| t.calendar.as_str());
    let calendar = slas.calendar(name);
    let pauses = pauses(policy);
    let (done, answered) = (ticket.status.is_done(), ticket.first_responded_at);
    let sla = &mut ticket.sla;
    // Whatever moves a time that is over, it is over.
    if answered.is_none() {
        missed(&mut sla.respond_missed, sla.respond_due, sla.promised_at, now);
    }
    missed(&mut sla.resolve_missed, sla.resolve_due, sla.promised_at, now);
    let terms = (sla.policy.clone(), sla.calendar.clone(), sla.respond, sla.resolve);
    sla.policy = policy.map(|p| p.name.clone()).unwrap_or_default();
    sla.major = policy.is_some_and(|p| p.is_major(&ticket.priority));
    name.clone_into(&mut sla.calendar);
    let length = |l: Option<super::policy::Length>| l.map_or(0, |l| l.in_calendar(&calendar));
    (sla.respond, sla.resolve) = (length(target.and_then(|t| t.respond)), length(target.and_then(|t| t.resolve)));
    if terms != (sla.policy.clone(), sla.calendar.clone(), sla.respond, sla.resolve) {
        sla.promised_at = now;
    }
    let due = |sla: &Sla, which, since, length| match length {
        0 => 0,
        length => sla.due(which, since, length, &calendar).unwrap_or(0),
    };
    let respond_due = due(sla, Which::Response, sla.since, sla.respond);
    if let Some(answered) = answered {
        missed(&mut sla.respond_missed, sla.respond_due, sla.promised_at, answered);
        sla.respond_due = 0;
        if sla.respond_took.is_none() {
            let opened = sla.stays.first().map_or(answered, |s| s.at);
            sla.respond_took = Some(sla.used(Which::Response, opened, answered, &calendar));
        }
    } else {
        sla.respond_took = None;
        sla.respond_due = if done { 0 } else { respond_due };
    }
    let resolve_due = due(sla, Which::Resolution(&pauses), sla.since, sla.resolve);
    if done {
        sla.resolve_due = 0;
        if sla.resolve_took.is_none() {
            sla.resolve_took = Some(sla.used(Which::Resolution(&pauses), sla.from, now, &calendar));
        }
    } else {
        sla.resolve_due = resolve_due;
    }
}

/// What was due before it was done was late.
fn missed(missed: &mut Millis, due: Millis, promised_at: Millis, done: Millis) {
    if due > 0 && done > due && *missed == 0 {
        *missed = due.max(promised_at);
    }
}

/// What stops the clock of a solution.
pub(crate) fn pauses(policy: Option<&SlaPolicy>) -> Vec<PendingOn> {
    policy.map_or_else(|| vec![PendingOn::Requester, PendingOn::Vendor, PendingOn::Date], |p| p.pauses.clone())
}

/// The deadlines: those reached and not yet met stay, whatever comes between.
fn arm(ticket: &mut TicketView, policy: Option<&SlaPolicy>, target: Option<&Target>, slas: &Slas, now: Millis) {
    let old: BTreeMap<DeadlineKind, Millis> =
        KINDS.iter().filter_map(|k| Some((*k, ticket.deadlines.remove(k)?))).collect();
    let Some(policy) = policy.filter(|_| !ticket.status.is_done()) else { return };
    let calendar = slas.calendar(&ticket.sla.calendar);
    let sla = &ticket.sla;
    let mut set: Vec<(DeadlineKind, Option<Millis>)> = Vec::new();
    if sla.respond_due > sla.respond_told {
        set.push((DeadlineKind::Respond, Some(sla.respond_due)));
        let warn = warnings(sla, Which::Response, sla.respond, &policy.warn_at, &calendar);
        set.push((DeadlineKind::WarnRespond, next(&warn, old.get(&DeadlineKind::WarnRespond), now)));
    }
    let pauses = pauses(Some(policy));
    if sla.resolve_due > sla.resolve_told {
        set.push((DeadlineKind::Resolve, Some(sla.resolve_due)));
        let warn = warnings(sla, Which::Resolution(&pauses), sla.resolve, &policy.warn_at, &calendar);
        set.push((DeadlineKind::WarnResolve, next(&warn, old.get(&DeadlineKind::WarnResolve), now)));
    }
    if let Some(length) = target.and_then(|t| t.escalate_after).filter(|_| sla.stuck_at < sla.since) {
        let due = sla.due(Which::Resolution(&pauses), sla.since, length.in_calendar(&calendar), &calendar);
        set.push((DeadlineKind::Escalate, due));
    }
    let free = sla.stuck_at < sla.since.max(sla.progress_at);
    if let Some(length) = target.and_then(|t| t.stalled_after).filter(|_| free) {
        let from = sla.since.max(sla.progress_at);
        let due = sla.due(Which::Resolution(&pauses), from, length.in_calendar(&calendar), &calendar);
        set.push((DeadlineKind::Stalled, due));
    }
    if policy.is_major(&ticket.priority) && sla.run() != Run::Approval {
        let every = policy.point_every.in_calendar(&calendar);
        let kept = old.get(&DeadlineKind::Point).copied();
        set.push((DeadlineKind::Point, kept.or_else(|| calendar.add(now, every))));
    }
    ticket.deadlines.extend(set.into_iter().filter_map(|(kind, at)| Some((kind, at?))));
}

/// When people are warned of the end of a clock.
fn warnings(sla: &Sla, which: Which<'_>, length: Millis, per_cent: &[i64], calendar: &Calendar) -> Vec<Millis> {
    let at = |share: &i64| sla.due(which, sla.since, length / 100 * share + length % 100 * share / 100, calendar);
    per_cent.iter().filter_map(at).collect()
}

/// The next one; one that was reached and is not met yet stays.
fn next(warnings: &[Millis], old: Option<&Millis>, now: Millis) -> Option<Millis> {
    warnings.iter().find(|at| **at > now || old == Some(at)).copied()
}

/// What the history says of a change.
fn said(was: &Sla, is: &Sla, new: bool, ticket: &TicketView, slas: &Slas) -> Vec<Event> {
    let terms = |sla: &Sla| (sla.policy.clone(), sla.calendar.clone(), sla.respond, sla.resolve);
    let calendar = slas.calendar(&is.calendar);
    let stamp = |at: Millis| crate::clock::readable(at, &calendar.zone);
    if terms(was) == terms(is) {
        let moved = was.resolve_due != is.resolve_due && is.resolve_due > 0 && was.resolve_due > 0;
        let text = format!("to be solved by {} (it was {})", stamp(is.resolve_due), stamp(was.resolve_due));
        return if moved { vec![Event::own("sla", text)] } else { Vec::new() };
    }
    if is.policy.is_empty() {
        let gone = Event::own("sla", "nothing is promised any more".to_owned());
        return if new { Vec::new() } else { vec![gone] };
    }
    let mut parts = Vec::new();
    if is.respond_due > 0 {
        parts.push(format!("first answer by {}", stamp(is.respond_due)));
    }
    match (is.resolve, is.resolve_due) {
        (0, _) => parts.push("solved by best effort".to_owned()),
        (_, 0) => {}
        (_, due) => parts.push(format!("solved by {}", stamp(due))),
    }
    let text = format!(
        "{} N{} {}, calendar {}: {}",
        is.policy,
        ticket.level.max(1),
        ticket.priority,
        is.calendar,
        parts.join(", ")
    );
    vec![Event::own("sla", text)]
}
