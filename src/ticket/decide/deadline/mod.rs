//! A deadline of a ticket has been reached.

pub(super) mod clocks;

use crate::clock::{DAY, Millis};
use crate::ticket::decide::people::{action_line, concerned, person};
use crate::ticket::decide::settle::settle;
use crate::ticket::decide::{Change, forgotten, news};
use crate::ticket::life::{Move, after};
use crate::ticket::policy::Policy;
use crate::ticket::sla;
use crate::ticket::words::{DeadlineKind, Event, Notification, NotificationKind, Phrase, TicketView, phrase};

/// What becomes of the ticket. `at`: when it was due. `acknowledged`: whether the requester has been sent
/// anything that says the request is here.
pub fn due(
    ticket: &TicketView,
    kind: DeadlineKind,
    at: Millis,
    now: Millis,
    acknowledged: bool,
    policy: &Policy,
) -> Change {
    let mut change = Change { ticket: TicketView { undo: None, ..ticket.clone() }, ..Change::default() };
    change.ticket.deadlines.remove(&kind);
    match kind {
        DeadlineKind::Wake => wake(&mut change, now, policy),
        DeadlineKind::Remind => remind(&mut change, now, policy),
        DeadlineKind::Silence => close(&mut change, "the requester kept silent", &phrase!("told.closed_for_silence")),
        DeadlineKind::Confirm => {
            close(&mut change, "nobody contradicted the resolution", &phrase!("told.closed_for_no_objection"))
        }
        DeadlineKind::WarnRespond | DeadlineKind::WarnResolve | DeadlineKind::WarnLevel => {
            clocks::warn(&mut change, kind, now, policy);
        }
        DeadlineKind::Respond | DeadlineKind::Resolve | DeadlineKind::LevelRespond | DeadlineKind::LevelResolve => {
            clocks::breach(&mut change, kind, at, policy);
        }
        DeadlineKind::Escalate | DeadlineKind::Stalled => clocks::stuck(&mut change, kind, now, policy),
        DeadlineKind::Point => clocks::point(&mut change, now, policy),
        DeadlineKind::Acknowledge => clocks::acknowledge(&mut change, acknowledged, at, policy),
        DeadlineKind::PostMortem => clocks::post_mortem(&mut change, now, policy),
        DeadlineKind::Forgotten => forgotten::bring_to_mind(&mut change, policy),
        DeadlineKind::Action => actions(&mut change, now, policy),
        DeadlineKind::Responded => {}
    }
    // What only tells people leaves what somebody did before it to be taken back.
    let moved = |t: &TicketView| (t.status, t.level, t.assignee.clone(), t.sla.joined);
    let quiet = moved(&change.ticket) == moved(ticket);
    if quiet {
        change.ticket.undo.clone_from(&ticket.undo);
        change.quiet = true;
    }
    let settled = settle(&mut change.ticket, ticket, "guichet", false, (now, now), policy);
    change.events.extend(settled);
    change.notifications =
        clocks::called(std::mem::take(&mut change.notifications), &change.ticket, ticket, "guichet", policy);
    news::add(&mut change.notifications, &change.ticket, ticket, now, policy);
    for notification in &mut change.notifications {
        notification.cause = format!("{}:{at}", kind.as_str());
    }
    change
}

/// The ticket under service levels that were edited; none where that changes nothing. What is over at once
/// under the new ones is written down, and sends no notifications and no ticket upward.
#[must_use]
pub(crate) fn recompute(ticket: &TicketView, now: Millis, policy: &Policy) -> Option<Change> {
    let mut after = ticket.clone();
    let mut events = settle(&mut after, ticket, "guichet", false, (now, now), policy);
    if sla::hold(&mut after, ticket, now, &policy.slas) {
        events.retain(|event| event.kind != "sla");
        events.push(Event::own("sla", "service levels were edited; what was promised stays".to_owned()));
    }
    if (after.sla.respond_due, after.sla.resolve_due) == (ticket.sla.respond_due, ticket.sla.resolve_due) {
        after.sla.promised_at = ticket.sla.promised_at;
    }
    let over = |t: &TicketView, kind| t.deadlines.get(&kind).is_some_and(|at| *at < now);
    let sudden: Vec<DeadlineKind> = SUDDEN.into_iter().filter(|k| over(&after, *k) && !over(ticket, *k)).collect();
    if !sudden.is_empty() && !ticket.sla.stays.is_empty() {
        forgive(&mut after, &sudden, now);
        let before = after.clone();
        events.extend(settle(&mut after, &before, "guichet", false, (now, now), policy));
    }
    (after != *ticket).then(|| Change { ticket: after, events, quiet: true, ..Change::default() })
}

/// Deadlines that an edit may bring into the past.
const SUDDEN: [DeadlineKind; 6] = [
    DeadlineKind::Respond,
    DeadlineKind::Resolve,
    DeadlineKind::LevelRespond,
    DeadlineKind::LevelResolve,
    DeadlineKind::Escalate,
    DeadlineKind::Stalled,
];

/// Nobody is notified about what was over before it was promised. What was over all the same stays due.
fn forgive(ticket: &mut TicketView, sudden: &[DeadlineKind], now: Millis) {
    let sla = &mut ticket.sla;
    for kind in sudden {
        match kind {
            DeadlineKind::Respond => sla.miss_response(sla.respond_due),
            DeadlineKind::Resolve => sla.miss_resolution(sla.resolve_due),
            DeadlineKind::LevelRespond => {
                let due = sla.ola.respond_due.max(sla.ola.respond_missed);
                (sla.ola.respond_missed, sla.ola.respond_told) = (due.max(sla.ola.promised_at), true);
            }
            DeadlineKind::LevelResolve => {
                let due = sla.ola.resolve_due.max(sla.ola.resolve_missed);
                (sla.ola.resolve_missed, sla.ola.resolve_told) = (due.max(sla.ola.promised_at), true);
            }
            _ => sla.stuck_at = now,
        }
    }
}

/// What it waited for is there: back to its assignee, once somebody is at work.
fn wake(change: &mut Change, now: Millis, policy: &Policy) {
    let hours = policy.slas.hours_of(&change.ticket);
    if let Some(opening) = hours.next_open(now).filter(|at| *at > now) {
        change.ticket.deadlines.insert(DeadlineKind::Wake, opening);
        return;
    }
    let Some(next) = after(change.ticket.status, Move::Wake) else { return };
    change.ticket.status = next;
    change.events.push(Event::own("awake", "the date it waited for has come".to_owned()));
    change.notifications = concerned(NotificationKind::Awake, &change.ticket, "", policy);
}

/// The question still waits; the next time it is brought to mind follows from when it was asked.
fn remind(change: &mut Change, now: Millis, policy: &Policy) {
    let Some(silence) = change.ticket.deadlines.get(&DeadlineKind::Silence).copied() else { return };
    if silence <= now {
        // The service desk was away for longer than the whole wait: nobody is reminded and closed in one breath.
        let last = policy.life.remind.iter().max().copied().unwrap_or(0);
        let rest = (policy.life.silence - last).max(DAY);
        change.ticket.deadlines.insert(DeadlineKind::Silence, now + rest);
    }
    let asked = silence - policy.life.silence;
    let next = policy.life.remind.iter().map(|after| asked + after).filter(|at| *at > now && *at < silence).min();
    change.ticket.deadlines.extend(next.map(|at| (DeadlineKind::Remind, at)));
    change.events.push(Event::own("reminder", "the requester is reminded of the question".to_owned()));
    // Our question, so that nobody has to look for it.
    let question = change.ticket.last_answer.text.clone();
    let notification = Notification::new(NotificationKind::Reminder, change.ticket.requester.clone());
    change.notifications = vec![notification.with_text(question)];
}

/// Each owner reads what they have to do; of what was brought to mind before, those who answer for the queue hear too.
fn actions(change: &mut Change, now: Millis, policy: &Policy) {
    let again = now + policy.life.action_again;
    let next = policy.slas.hours_of(&change.ticket).next_open(again).unwrap_or(again);
    let mut people: Vec<Notification> = Vec::new();
    let others = clocks::answerable(NotificationKind::Action, &change.ticket, policy);
    for (at, action) in change.ticket.actions.iter_mut().enumerate() {
        if !action.is_open() || action.remind_at > now {
            continue;
        }
        let owner = policy.agent(&action.owner).map(|agent| Notification::new(NotificationKind::Action, person(agent)));
        let told = if action.reminded > 0 || owner.is_none() { others.as_slice() } else { &[] };
        let line = action_line(at, action, policy);
        for to in owner.into_iter().chain(told.iter().cloned()) {
            match people.iter_mut().find(|known| known.to.address == to.to.address) {
                Some(known) if known.done.contains(&line) => {}
                Some(known) => known.done.push(line.clone()),
                None => people.push(Notification { done: vec![line.clone()], ..to }),
            }
        }
        (action.remind_at, action.reminded) = (next, action.reminded + 1);
    }
    if !people.is_empty() {
        change.events.push(Event::own("action", "what is still to be done was brought to mind"));
    }
    change.notifications = people;
}

fn close(change: &mut Change, why: &str, told: &Phrase) {
    let Some(next) = after(change.ticket.status, Move::Close) else { return };
    change.ticket.status = next;
    change.events.push(Event::own("closed", why.to_owned()));
    let to = change.ticket.requester.clone();
    let done = vec![told.clone()];
    change.notifications = vec![Notification { done, ..Notification::new(NotificationKind::Closed, to) }];
}
