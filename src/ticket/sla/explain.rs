//! A ticket's clocks in words: due when, in whose calendar, paused how long and why.

use super::calendar::Calendar;
use super::clock::{Run, Which};
use super::keep::pauses;
use crate::clock::Millis;
use crate::ticket::policy::Policy;
use crate::ticket::words::{PendingOn, Phrase, TicketView, Value, phrase};

/// How one clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing is promised.
    None,
    /// It runs.
    Running,
    /// It stands still.
    Paused,
    /// It was done in time.
    Met,
    /// It was not done in time.
    Breached,
}

impl State {
    /// The word shown (`ticket show --json`).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Breached => "breached",
        }
    }
}

/// How a clock stands, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlaStatus {
    /// How.
    pub state: State,
    /// When it is due, or was; 0 while it stands still or where nothing is promised.
    pub due_at: Millis,
}

/// The clocks of the first answer and of the solution.
#[must_use]
pub fn sla_status(ticket: &TicketView, now: Millis) -> (SlaStatus, SlaStatus) {
    let sla = &ticket.sla;
    let late = |due: Millis| if due > 0 && due < now { State::Breached } else { State::Running };
    let response = match (sla.respond, sla.respond_missed, ticket.first_responded_at) {
        (_, missed, _) if missed > 0 => SlaStatus { state: State::Breached, due_at: missed },
        (0, _, _) => SlaStatus { state: State::None, due_at: 0 },
        (_, _, Some(_)) => SlaStatus { state: State::Met, due_at: 0 },
        _ if ticket.status.is_done() => SlaStatus { state: State::None, due_at: 0 },
        _ if sla.respond_due == 0 => SlaStatus { state: State::Paused, due_at: 0 },
        _ => SlaStatus { state: late(sla.respond_due), due_at: sla.respond_due },
    };
    let resolution = match (sla.resolve, sla.resolve_missed) {
        (_, missed) if missed > 0 => SlaStatus { state: State::Breached, due_at: missed },
        (0, _) => SlaStatus { state: State::None, due_at: 0 },
        _ if ticket.status.is_done() => SlaStatus { state: State::Met, due_at: 0 },
        _ if sla.resolve_due == 0 => SlaStatus { state: State::Paused, due_at: 0 },
        _ => SlaStatus { state: late(sla.resolve_due), due_at: sla.resolve_due },
    };
    (response, resolution)
}

/// The sentences for the service desk's own people; none where nothing is promised.
#[must_use]
pub(crate) fn explain(ticket: &TicketView, now: Millis, policy: &Policy) -> Vec<Phrase> {
    let sla = &ticket.sla;
    if sla.policy.is_empty() {
        return Vec::new();
    }
    let (response, resolution) = sla_status(ticket, now);
    if ticket.status.is_done() {
        return explain_done(ticket, response, resolution);
    }
    let calendar = policy.slas.calendar(&sla.calendar);
    let mut said: Vec<Phrase> = sentence(response, sla.respond, &FIRST, &sla.calendar).into_iter().collect();
    if ticket.first_responded_at.is_some() && response.state == State::Met {
        said.push(phrase!("sla.respond_given", length = Value::Length(sla.respond_took.unwrap_or(0))));
    }
    if response.state == State::Breached
        && let Some(answered) = ticket.first_responded_at
    {
        said.push(phrase!("sla.respond_given_at", at = Value::At(answered)));
    }
    let of = Value::Calendar(sla.calendar.clone());
    let mut last = match sentence(resolution, sla.resolve, &SOLVED, &sla.calendar) {
        Some(phrase) => phrase,
        None => phrase!("sla.best_effort"),
    };
    if resolution.state == State::Paused {
        let used = sla.used(Which::Resolution(&pauses(policy.slas.policy_of(ticket))), sla.begun, now, &calendar);
        let left = Value::Length((sla.resolve - used).max(0));
        last = phrase!("sla.resolve_paused", left, target = Value::Length(sla.resolve), calendar = of);
    }
    said.push(last);
    // The time of a reopening, or of the level, where it is not that of the opening.
    if sla.resolve > 0 && sla.stays.first().is_some_and(|first| sla.begun > first.at) {
        said.push(phrase!("sla.begun", at = Value::At(sla.begun)));
    }
    said.extend(off(ticket, resolution, &calendar));
    said.extend(waited(ticket, now, policy));
    said.extend(owed(ticket));
    said
}

/// What the level owes that has it, or helps.
fn owed(ticket: &TicketView) -> Vec<Phrase> {
    let ola = &ticket.sla.ola;
    let (level, calendar) = (ola.level, || Value::Calendar(ola.calendar.clone()));
    let mut said = Vec::new();
    match (ola.respond_missed, ola.respond_due) {
        (missed, _) if missed > 0 => said.push(phrase!("sla.level_responds_late", level, at = Value::At(missed))),
        (_, due) if due > 0 => said.push(phrase!("sla.level_responds", level, at = Value::At(due))),
        _ => {}
    }
    match (ola.resolve_missed, ola.resolve_due) {
        (missed, _) if missed > 0 => said.push(phrase!("sla.level_resolves_late", level, at = Value::At(missed))),
        (_, due) if due > 0 => {
            let target = Value::Length(ola.resolve);
            said.push(phrase!("sla.level_resolves", level, at = Value::At(due), target, calendar = calendar()));
        }
        _ => {}
    }
    said
}

/// Most days off that are named.
const NAMED: usize = 6;

/// The days that do not count though their weekday does: holidays and closings.
fn off(ticket: &TicketView, resolution: SlaStatus, calendar: &Calendar) -> Option<Phrase> {
    if resolution.state != State::Running {
        return None;
    }
    let days = calendar.days_off(ticket.sla.begun, resolution.due_at);
    let more = days.len() > NAMED;
    let named = days.into_iter().take(NAMED).map(|day| phrase!("sla.day_off", day = Value::Day(day)));
    let mut named: Vec<Phrase> = named.collect();
    if more {
        named.push(phrase!("sla.more_days_off"));
    }
    (!named.is_empty()).then(|| phrase!("sla.days_off", days = Value::List(named)))
}

/// Whether the promises of a ticket that is done were kept.
fn explain_done(ticket: &TicketView, response: SlaStatus, resolution: SlaStatus) -> Vec<Phrase> {
    let one = |sla_status: SlaStatus, took: Option<Millis>, clock: &Clock| {
        let length = Value::Length(took?);
        match sla_status.state {
            State::Met => Some((clock.in_time)(length)),
            State::Breached => Some((clock.late_after)(length, Value::At(sla_status.due_at))),
            _ => None,
        }
    };
    let sla = &ticket.sla;
    one(response, sla.respond_took, &FIRST).into_iter().chain(one(resolution, sla.resolve_took, &SOLVED)).collect()
}

/// What is said of a clock.
struct Clock {
    due: fn(Value, Value, Value) -> Phrase,
    late: fn(Value) -> Phrase,
    in_time: fn(Value) -> Phrase,
    late_after: fn(Value, Value) -> Phrase,
}

const FIRST: Clock = Clock {
    due: |at, target, calendar| phrase!("sla.respond_due", at, target, calendar),
    late: |at| phrase!("sla.respond_late", at),
    in_time: |length| phrase!("sla.respond_in_time", length),
    late_after: |length, at| phrase!("sla.respond_late_after", length, at),
};
const SOLVED: Clock = Clock {
    due: |at, target, calendar| phrase!("sla.resolve_due", at, target, calendar),
    late: |at| phrase!("sla.resolve_late", at),
    in_time: |length| phrase!("sla.resolve_in_time", length),
    late_after: |length, at| phrase!("sla.resolve_late_after", length, at),
};

fn sentence(sla_status: SlaStatus, target: Millis, clock: &Clock, calendar: &str) -> Option<Phrase> {
    let at = Value::At(sla_status.due_at);
    match sla_status.state {
        State::Running => Some((clock.due)(at, Value::Length(target), Value::Calendar(calendar.to_owned()))),
        State::Breached => Some((clock.late)(at)),
        State::None | State::Paused | State::Met => None,
    }
}

fn waited(ticket: &TicketView, now: Millis, policy: &Policy) -> Option<Phrase> {
    let calendar = policy.slas.calendar(&ticket.sla.calendar);
    let pauses = pauses(policy.slas.policy_of(ticket));
    let waits = ticket.sla.waits(&pauses, ticket.sla.begun, now, &calendar);
    let one = |(length, why): &(Millis, PendingOn)| {
        let length = Value::Length(*length);
        match why {
            PendingOn::Requester => phrase!("sla.waited_for_requester", length),
            PendingOn::Vendor => phrase!("sla.waited_for_vendor", length),
            PendingOn::Date => phrase!("sla.waited_for_date", length),
        }
    };
    let waits = Value::List(waits.iter().map(one).collect());
    (waits != Value::List(Vec::new())).then(|| phrase!("sla.paused", waits))
}

/// The state of what a level owes that has a ticket, or helps: somebody has done something, it is solved.
#[must_use]
pub(crate) fn ola_status(ticket: &TicketView, now: Millis) -> (SlaStatus, SlaStatus) {
    let ola = &ticket.sla.ola;
    let done = ticket.status.is_done();
    let of = |length: Millis, missed: Millis, due: Millis, is_met: bool| match (length, missed, due) {
        (_, missed, _) if missed > 0 => SlaStatus { state: State::Breached, due_at: missed },
        (0, _, _) => SlaStatus { state: State::None, due_at: 0 },
        _ if is_met => SlaStatus { state: State::Met, due_at: 0 },
        (_, _, 0) => SlaStatus { state: State::Paused, due_at: 0 },
        (_, _, due) if due < now => SlaStatus { state: State::Breached, due_at: due },
        (_, _, due) => SlaStatus { state: State::Running, due_at: due },
    };
    (
        of(ola.respond, ola.respond_missed, ola.respond_due, ola.responded_at > 0 || done),
        of(ola.resolve, ola.resolve_missed, ola.resolve_due, done),
    )
}

/// The sentence for a requester whose request was opened, where the policy lets them know; none otherwise.
#[must_use]
pub fn promised(ticket: &TicketView, now: Millis, policy: &Policy) -> Option<Phrase> {
    let sla = &ticket.sla;
    policy.slas.policy_of(ticket).filter(|p| p.tell)?;
    (sla.respond_due > now && sla.run() != Run::Approval)
        .then(|| phrase!("sla.promised", at = Value::At(sla.respond_due)))
}

/// That a wait moves what was promised to the requester (invariant 13).
#[must_use]
pub(crate) fn told_paused(ticket: &TicketView, policy: &Policy) -> Option<Phrase> {
    let sla = &ticket.sla;
    let told = policy.slas.policy_of(ticket).filter(|p| p.tell)?;
    let on = sla.run().pending().filter(|on| told.pauses.contains(on) && sla.resolve > 0 && sla.resolve_missed == 0)?;
    Some(match on {
        PendingOn::Requester => phrase!("sla.paused_for_requester"),
        _ => phrase!("sla.paused_for_others"),
    })
}

/// By when a request is now to be solved, after a wait or a reopening.
#[must_use]
pub(crate) fn told_due(ticket: &TicketView, reopened: bool, now: Millis, policy: &Policy) -> Option<Phrase> {
    let sla = &ticket.sla;
    let told = policy.slas.policy_of(ticket).filter(|p| p.tell && sla.resolve_due > now && sla.resolve_missed == 0)?;
    let at = Value::At(sla.resolve_due);
    if reopened {
        // A solution that was taken back leaves the time as it was.
        let is_anew = sla.stays.last().is_some_and(|stay| stay.at == sla.begun);
        return Some(if is_anew { phrase!("sla.restarted", at) } else { phrase!("sla.resumed", at) });
    }
    let calendar = policy.slas.calendar(&sla.calendar);
    // Only right after the wait: later it is no news.
    let is_over = sla.stays.iter().rev().nth(1).is_some_and(|stay| stay.run.pending().is_some());
    let waits = sla.waits(&told.pauses, sla.begun, now, &calendar);
    (is_over && sla.stood_at == now && !waits.is_empty()).then(|| phrase!("sla.resumed", at))
}
