//! A ticket's clocks and their deadlines, brought in line with where it stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::calendar::Calendar;
use super::clock::{Ola, Run, Sla, Which};
use super::policy::{SlaPolicy, Slas, Target};
use crate::clock::Millis;
use crate::ticket::words::{DeadlineKind, Event, PendingOn, Status, TicketView};

/// The deadlines that follow from service levels alone.
const KINDS: [DeadlineKind; 10] = [
    DeadlineKind::WarnRespond,
    DeadlineKind::WarnResolve,
    DeadlineKind::WarnLevel,
    DeadlineKind::Respond,
    DeadlineKind::Resolve,
    DeadlineKind::LevelRespond,
    DeadlineKind::LevelResolve,
    DeadlineKind::Escalate,
    DeadlineKind::Stalled,
    DeadlineKind::Point,
];

/// Notes where the ticket stands, computes what is due, and gives the lines of history that say so.
/// `hand`: the level of whoever of the service desk did something; the highest for whoever has the ticket. `since`: from when on what
/// happened counts, which an email waiting on its server puts before `now`.
pub fn keep(
    ticket: &mut TicketView,
    before: &TicketView,
    hand: Option<i64>,
    (since, now): (Millis, Millis),
    slas: &Slas,
) -> Vec<Event> {
    let new = ticket.sla.stays.is_empty();
    // What was taken back is as it was: its clocks too.
    let restored = ticket.sla.stays != before.sla.stays || ticket.sla.since != before.sla.since;
    let reopened = before.status.is_done() && !ticket.status.is_done() && !restored;
    // Nothing happens before what has happened already.
    let since = since.max(ticket.sla.stays.last().map_or(0, |last| last.at)).min(now);
    ticket.sla.stand(run_of(ticket), since, now);
    let level = ticket.level.max(1);
    if ticket.sla.entry == 0 {
        let contract = || slas.contract(&ticket.requester.address, &ticket.queue).map_or(1, |c| c.level.max(1));
        ticket.sla.entry = if new { level } else { contract() };
    }
    if new || reopened {
        // The clocks start anew: what was late before is in the history.
        (ticket.sla.from, ticket.sla.since, ticket.sla.resolve_missed, ticket.sla.stuck_at) = (since, since, 0, 0);
        (ticket.sla.resolve_took, ticket.sla.resolve_told, ticket.sla.progress_at) = (None, 0, since);
        (ticket.sla.post_mortem_asked, ticket.sla.post_mortem_at) = (0, 0);
        (ticket.sla.respond_cap, ticket.sla.resolve_cap, ticket.sla.joined) = (0, 0, 0);
        ticket.sla.ola = Ola::default();
    } else if ticket.level != before.level && !restored {
        (ticket.sla.since, ticket.sla.progress_at) = (now, now);
    } else if hand.is_some() {
        ticket.sla.progress_at = now;
    }
    if hand.is_some() && !new {
        ticket.sla.touched_at = now;
    }
    if ticket.priority != before.priority {
        (ticket.sla.respond_cap, ticket.sla.resolve_cap) = (0, 0);
    }
    if ticket.sla.joined <= level {
        ticket.sla.joined = 0;
    }
    let (was, policy) = (ticket.sla.clone(), slas.policy_of(ticket));
    // An undone step upward leaves nothing of it.
    let level_was = if restored { level } else { before.level.max(1) };
    compute(ticket, policy, slas, now);
    owe(ticket, policy, hand, level_was, slas, now);
    arm(ticket, policy, slas, now);
    said(&was, &ticket.sla, new, ticket, slas)
}

/// What was promised does not slide because it was computed anew under service levels that were edited (invariant 13): a time that would
/// come later stays where it was. Gives whether one did.
pub(crate) fn hold(ticket: &mut TicketView, before: &TicketView, now: Millis, slas: &Slas) -> bool {
    if ticket.status.is_done() || before.sla.policy.is_empty() {
        return false;
    }
    // Where nothing is promised any more, somebody has decided that.
    let policy = slas.policy_of(ticket);
    if policy.is_none() {
        return false;
    }
    let calendar = slas.calendar(calendar_name(ticket, policy));
    let pauses = pauses(policy);
    let sla = &ticket.sla;
    let cap = |which, (was_due, is_due): (Millis, Millis), (was, is): (Millis, Millis)| {
        let is_later = was > 0 && (is == 0 || (was_due > 0 && is_due > was_due) || (was_due == 0 && is > was));
        match was_due {
            _ if !is_later => 0,
            0 => was,
            due => sla.used(which, sla.begun, due, &calendar).max(1),
        }
    };
    let (was, is) = (&before.sla, sla);
    let respond = cap(Which::Response, (was.respond_due, is.respond_due), (was.respond, is.respond));
    let resolve = cap(Which::Resolution(&pauses), (was.resolve_due, is.resolve_due), (was.resolve, is.resolve));
    let respond = if ticket.first_responded_at.is_some() { 0 } else { respond };
    if (respond, resolve) == (0, 0) {
        return false;
    }
    let sla = &mut ticket.sla;
    sla.respond_cap = if respond > 0 { respond } else { sla.respond_cap };
    sla.resolve_cap = if resolve > 0 { resolve } else { sla.resolve_cap };
    compute(ticket, policy, slas, now);
    arm(ticket, policy, slas, now);
    true
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

/// What the requester is promised.
fn promise<'p>(ticket: &TicketView, policy: Option<&'p SlaPolicy>) -> Option<&'p Target> {
    policy.and_then(|p| {
        let level = if p.new_time { ticket.level } else { ticket.sla.entry };
        p.target(level.max(1), &ticket.priority)
    })
}

fn calendar_name<'p>(ticket: &TicketView, policy: Option<&'p SlaPolicy>) -> &'p str {
    promise(ticket, policy).map_or_else(|| policy.map_or("always", |p| p.hours.as_str()), |t| t.calendar.as_str())
}

/// The policy, what the requester is promised, and when that ends.
fn compute(ticket: &mut TicketView, policy: Option<&SlaPolicy>, slas: &Slas, now: Millis) {
    let (target, name) = (promise(ticket, policy), calendar_name(ticket, policy));
    let calendar = slas.calendar(name);
    let pauses = pauses(policy);
    let (done, answered) = (ticket.status.is_done(), ticket.first_responded_at);
    let sla = &mut ticket.sla;
    // Whatever moves a time that is over, it is over.
    if answered.is_none() {
        missed(&mut sla.respond_missed, sla.respond_due, sla.promised_at, now);
    }
    missed(&mut sla.resolve_missed, sla.resolve_due, sla.promised_at, now);
    // Earlier versions counted from when the level got it.
    let begun = if sla.begun == 0 { sla.since } else { sla.begun };
    let terms = (sla.policy.clone(), sla.calendar.clone(), sla.respond, sla.resolve, begun);
    sla.begun = if policy.is_some_and(|p| p.new_time) { sla.since } else { sla.from };
    sla.policy = policy.map(|p| p.name.clone()).unwrap_or_default();
    sla.major = policy.is_some_and(|p| p.is_major(&ticket.priority));
    name.clone_into(&mut sla.calendar);
    let length = |l: Option<super::policy::Length>, cap: Millis| match (l.map_or(0, |l| l.in_calendar(&calendar)), cap)
    {
        (length, 0) => length,
        (0, cap) => cap,
        (length, cap) => length.min(cap),
    };
    sla.respond = length(target.and_then(|t| t.respond), sla.respond_cap);
    sla.resolve = length(target.and_then(|t| t.resolve), sla.resolve_cap);
    if terms != (sla.policy.clone(), sla.calendar.clone(), sla.respond, sla.resolve, sla.begun) {
        sla.promised_at = now;
    }
    let due = |sla: &Sla, which, since, length| match length {
        0 => 0,
        length => sla.due(which, since, length, &calendar).unwrap_or(0),
    };
    let respond_due = due(sla, Which::Response, sla.begun, sla.respond);
    if let Some(answered) = answered {
        // Counted anew, it was due as if nothing had been answered before.
        let was_due = if sla.respond_took.is_none() && sla.respond_due == 0 { respond_due } else { sla.respond_due };
        missed(&mut sla.respond_missed, was_due, sla.promised_at, answered);
        sla.respond_due = 0;
        if sla.respond_took.is_none() {
            let opened = sla.stays.first().map_or(answered, |s| s.at);
            sla.respond_took = Some(sla.used(Which::Response, opened, answered, &calendar));
        }
    } else {
        sla.respond_took = None;
        sla.respond_due = if done { 0 } else { respond_due };
    }
    let resolve_due = due(sla, Which::Resolution(&pauses), sla.begun, sla.resolve);
    if done {
        sla.resolve_due = 0;
        if sla.resolve_took.is_none() {
            sla.resolve_took = Some(sla.used(Which::Resolution(&pauses), sla.from, now, &calendar));
        }
    } else {
        sla.resolve_due = resolve_due;
    }
}

/// What the level that has it, or helps, owes.
fn owe(
    ticket: &mut TicketView,
    policy: Option<&SlaPolicy>,
    hand: Option<i64>,
    level_was: i64,
    slas: &Slas,
    now: Millis,
) {
    let (level, done) = (ticket.level.max(1), ticket.status.is_done());
    let sla = &mut ticket.sla;
    let lead = level.max(sla.joined);
    if sla.ola.level > 0 {
        missed(&mut sla.ola.respond_missed, sla.ola.respond_due, sla.ola.promised_at, now);
        missed(&mut sla.ola.resolve_missed, sla.ola.resolve_due, sla.ola.promised_at, now);
        let acts = hand.is_some_and(|of| of >= sla.ola.level);
        if acts && sla.ola.level == lead && level == level_was && sla.ola.responded_at == 0 {
            sla.ola.responded_at = now;
        }
    }
    let owed = policy.filter(|p| !p.new_time).and_then(|p| p.owed(lead, sla.entry, &ticket.priority));
    let Some(owed) = owed.filter(|_| lead > sla.entry) else {
        sla.ola = Ola::default();
        return;
    };
    if sla.ola.level != lead {
        let since = if sla.joined == lead { now } else { sla.since };
        sla.ola = Ola { level: lead, since, ..Ola::default() };
    }
    let (calendar, pauses) = (slas.calendar(&owed.calendar), pauses(policy));
    let length = |l: Option<super::policy::Length>| l.map_or(0, |l| l.in_calendar(&calendar));
    let mut ola = std::mem::take(&mut sla.ola);
    let terms = (ola.calendar.clone(), ola.respond, ola.resolve);
    owed.calendar.clone_into(&mut ola.calendar);
    (ola.respond, ola.resolve) = (length(owed.respond), length(owed.resolve));
    if terms != (ola.calendar.clone(), ola.respond, ola.resolve) {
        ola.promised_at = now;
    }
    let due = |which, length| match length {
        0 => 0,
        length => sla.due(which, ola.since, length, &calendar).unwrap_or(0),
    };
    let is_over = |missed: Millis| missed > 0 || done;
    let respond_due = due(Which::Response, ola.respond);
    ola.respond_due = if is_over(ola.respond_missed) || ola.responded_at > 0 { 0 } else { respond_due };
    let resolve_due = due(Which::Resolution(&pauses), ola.resolve);
    ola.resolve_due = if is_over(ola.resolve_missed) { 0 } else { resolve_due };
    sla.ola = ola;
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
fn arm(ticket: &mut TicketView, policy: Option<&SlaPolicy>, slas: &Slas, now: Millis) {
    let target = policy.and_then(|p| p.target(ticket.level.max(1), &ticket.priority));
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
    let ola = &sla.ola;
    if ola.level > 0 {
        let calendar = slas.calendar(&ola.calendar);
        let share = |which, due: Millis, length: Millis| {
            let of = |share: &i64| sla.due(which, ola.since, part(length, *share), &calendar);
            policy.warn_at.iter().filter(|_| due > 0).filter_map(of).collect::<Vec<_>>()
        };
        let mut warn = share(Which::Response, ola.respond_due, ola.respond);
        warn.extend(share(Which::Resolution(&pauses), ola.resolve_due, ola.resolve));
        warn.sort_unstable();
        set.push((DeadlineKind::WarnLevel, next(&warn, old.get(&DeadlineKind::WarnLevel), now)));
        // What was missed before anybody was told stays due.
        let untold = |told: bool, due: Millis, missed: Millis| Some(due.max(missed)).filter(|at| *at > 0 && !told);
        set.push((DeadlineKind::LevelRespond, untold(ola.respond_told, ola.respond_due, ola.respond_missed)));
        set.push((DeadlineKind::LevelResolve, untold(ola.resolve_told, ola.resolve_due, ola.resolve_missed)));
    }
    if let Some(length) = target.and_then(|t| t.escalate_after).filter(|_| sla.stuck_at < sla.since) {
        let calendar = level_calendar(target, slas, &calendar);
        let due = sla.due(Which::Resolution(&pauses), sla.since, length.in_calendar(&calendar), &calendar);
        set.push((DeadlineKind::Escalate, due));
    }
    let free = sla.stuck_at < sla.since.max(sla.progress_at);
    if let Some(length) = target.and_then(|t| t.stalled_after).filter(|_| free) {
        let from = sla.since.max(sla.progress_at);
        let calendar = level_calendar(target, slas, &calendar);
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

/// The calendar that the steps upward of a level are counted in.
fn level_calendar(target: Option<&Target>, slas: &Slas, otherwise: &Arc<Calendar>) -> Arc<Calendar> {
    target.map_or_else(|| Arc::clone(otherwise), |target| slas.calendar(&target.calendar))
}

/// When people are warned of the end of a clock.
fn warnings(sla: &Sla, which: Which<'_>, length: Millis, per_cent: &[i64], calendar: &Calendar) -> Vec<Millis> {
    per_cent.iter().filter_map(|share| sla.due(which, sla.begun, part(length, *share), calendar)).collect()
}

/// So many per cent of a length.
fn part(length: Millis, share: i64) -> Millis {
    length / 100 * share + length % 100 * share / 100
}

/// The next one; one that was reached and is not met yet stays.
fn next(warnings: &[Millis], old: Option<&Millis>, now: Millis) -> Option<Millis> {
    warnings.iter().find(|at| **at > now || old == Some(at)).copied()
}

/// What the history says of a change.
fn said(was: &Sla, is: &Sla, new: bool, ticket: &TicketView, slas: &Slas) -> Vec<Event> {
    let terms =
        |sla: &Sla| (sla.policy.clone(), sla.calendar.clone(), sla.respond, sla.resolve, sla.ola.level, sla.ola.since);
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
    let text = format!("{} {}, calendar {}: {}", is.policy, ticket.priority, is.calendar, parts.join(", "));
    let level = level_said(is, slas);
    // A step to another level changes nothing of what was promised.
    let same = (&was.policy, &was.calendar, was.respond, was.resolve, was.resolve_due)
        == (&is.policy, &is.calendar, is.respond, is.resolve, is.resolve_due);
    let promised = (!same || level.is_none()).then(|| Event::own("sla", text));
    promised.into_iter().chain(level.filter(|_| was.ola != is.ola)).collect()
}

/// What the history says of what a level owes.
fn level_said(is: &Sla, slas: &Slas) -> Option<Event> {
    let calendar = slas.calendar(&is.ola.calendar);
    let at =
        |due: Millis, what: &str| (due > 0).then(|| format!("{what} {}", crate::clock::readable(due, &calendar.zone)));
    let parts = [at(is.ola.respond_due, "takes it by"), at(is.ola.resolve_due, "solves it by")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let text = format!("L{}, calendar {}: {}", is.ola.level, is.ola.calendar, parts.join(", "));
    (!parts.is_empty()).then(|| Event::own("ola", text))
}
