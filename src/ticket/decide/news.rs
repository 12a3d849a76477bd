//! What a requester hears of a promise: that the ticket has another level, will be late, or is due at another time, and why (invariant 13).

use crate::clock::Millis;
use crate::ticket::policy::Policy;
use crate::ticket::sla::Sla;
use crate::ticket::words::{Notification, NotificationKind, Phrase, Status, TicketView, Value, phrase};

/// Adds the news, if there are any: to what else of the same commit tells the requester something, or as a notification of their own.
pub(super) fn add(
    notifications: &mut Vec<Notification>,
    ticket: &TicketView,
    before: &TicketView,
    now: Millis,
    policy: &Policy,
) {
    let requester = &ticket.requester.address;
    let is_over = ticket.status.is_done() || ticket.status == Status::Approval || before.status == Status::Approval;
    // A ticket that is new, or open again, has notifications of its own.
    let is_new = before.sla.stays.is_empty() || before.status.is_done();
    // Agents see all this on the ticket.
    let is_agent = policy.agent(requester).is_some();
    if is_over || is_new || is_agent || ticket.merged_into.is_some() {
        return;
    }
    if policy.slas.policy_of(ticket).is_some_and(|sla| !sla.tell) {
        return;
    }
    let said = said(ticket, before, now, policy);
    if said.is_empty() {
        return;
    }
    // Nobody gets two notifications of one event.
    match notifications.iter_mut().find(|n| n.to.address == *requester && !n.kind.is_internal()) {
        Some(other) => other.done.extend(said),
        None => notifications
            .push(Notification { done: said, ..Notification::new(NotificationKind::News, ticket.requester.clone()) }),
    }
}

fn said(ticket: &TicketView, before: &TicketView, now: Millis, policy: &Policy) -> Vec<Phrase> {
    let (is, was) = (&ticket.sla, &before.sla);
    let mut said = Vec::new();
    if was.resolve_missed == 0 && is.resolve_missed > 0 {
        said.push(phrase!("news.late", at = Value::At(is.resolve_missed)));
    } else if was.respond_missed == 0 && is.respond_missed > 0 && ticket.first_responded_at.is_none() {
        said.push(phrase!("news.answer_late", at = Value::At(is.respond_missed)));
    }
    let up = |t: &TicketView| t.level.max(1).max(t.sla.joined);
    if ticket.level.max(1) > before.level.max(1) && was.joined < ticket.level {
        said.push(phrase!("news.moved_up"));
    } else if is.joined > 0 && up(ticket) > up(before) {
        said.push(phrase!("news.joined"));
    }
    let terms = |sla: &Sla| (sla.respond, sla.resolve, sla.calendar.clone());
    let is_corrected = ticket.priority != before.priority && terms(is) != terms(was);
    if is_corrected {
        let language = &ticket.requester.language;
        said.push(phrase!("news.priority", priority = policy.priority_label(&ticket.priority, language)));
    }
    if said.is_empty() {
        return said;
    }
    if is_corrected && was.resolve > 0 && is.resolve == 0 {
        said.push(phrase!("news.best_effort"));
    }
    // Until when: what was promised, or, where that is over, what the level that helps has agreed to.
    if is_corrected && is.respond_due > now {
        said.push(phrase!("news.answered_by", at = Value::At(is.respond_due)));
    }
    let due = [is.resolve_due, is.ola.resolve_due].into_iter().find(|due| *due > now);
    // Of what has no date none is named.
    let due = due.filter(|_| is.resolve > 0);
    said.extend(due.map(|due| phrase!("news.expected", at = Value::At(due))));
    said
}
