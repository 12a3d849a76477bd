//! Reports that a notification did not arrive.
//!
//! Only a report that leads to one of our notifications by its signature counts, and only for the person
//! that notification was written to; any other changes nothing. It never opens a ticket and is never
//! answered. What failed is told to the queue's people once an address and ticket.

use crate::mail::{Bounce, key, meaning_of_refusal};
use crate::ticket::cause::HoldCause;
use crate::ticket::decide::draft::Draft;
use crate::ticket::decide::people::{message, person};
use crate::ticket::decide::reply::joined::{joined_events, reason};
use crate::ticket::decide::{Absence, Case, Change, Decision, Joining, Notices, absence};
use crate::ticket::policy::Policy;
use crate::ticket::read::Signal;
use crate::ticket::thread::Candidate;
use crate::ticket::words::{
    DeadlineKind, Event, Notification, NotificationKind, OutboxId, TicketView, Undelivered, Visibility,
};

/// Why a report that leads nowhere is passed over.
const LOST: &str = "a delivery report that leads to none of our notifications";

/// A report that leads nowhere: passed over when only a mail system can have written it.
pub(in crate::ticket::decide) fn lost(bounce: &Bounce) -> Decision {
    if bounce.certain {
        return Decision::Ignore(LOST.to_owned());
    }
    Decision::Hold(
        HoldCause::Report,
        "it looks like a delivery report that leads to none of our notifications, and may be a person's".into(),
    )
}

/// Records the report with the ticket its notification was about.
pub(in crate::ticket::decide) fn join(case: &Case<'_>, found: &Candidate) -> Decision {
    let Case { intake, threading, policy, .. } = *case;
    let signed = matches!(found.signal, Signal::ReplyAddress(_) | Signal::SignedId(_));
    let (Some(bounce), Some(address)) = (&intake.mail.bounce, threading.holder.as_ref().filter(|_| signed)) else {
        return Decision::Ignore(LOST.to_owned());
    };
    // Whoever has seen a notification's id in the References of others could write such a report.
    let known = intake.tokens().any(|token| case.snapshot.issued.contains_key(&token.text()));
    let mut draft = Draft::new(*case, &found.ticket);
    draft.keep_undo();
    draft.events = joined_events(intake, found, threading);
    draft.events.push(event(bounce, address));
    let agent = policy.agent(address).is_some();
    let failure = Undelivered {
        address: address.clone(),
        status: bounce.status.clone().unwrap_or_default(),
        reason: bounce.diagnostic.clone().unwrap_or_default().chars().take(500).collect(),
        // Where the email was sent on from there, the address written to is not at fault.
        lasting: known && is_lasting(bounce) && names(bounce, address),
    };
    // An answer that came back was never given.
    let first = draft.ticket.first_response_id.is_some() && bounce.original_id == draft.ticket.first_response_id;
    if first && !bounce.delayed {
        let (at, id) = case.snapshot.next_answer.clone().unzip();
        (draft.ticket.first_responded_at, draft.ticket.first_response_id) = (at, id);
        // It is computed anew, from the answer that counts.
        draft.ticket.sla.respond_took = None;
        let counts = if at.is_some() { "the next one counts" } else { "it counts as not given" };
        draft.events.push(Event::own("unanswered", format!("the first answer came back: {counts}")));
    }
    // Whichever notification it was: an answer that cannot have been asked for is not waited for.
    if !bounce.delayed && *address == found.ticket.requester.address {
        for kind in [DeadlineKind::Remind, DeadlineKind::Silence, DeadlineKind::Confirm] {
            draft.ticket.deadlines.remove(&kind);
        }
    }
    // A delay may still end well, and an agent's full mailbox is nothing the queue can repair.
    if !bounce.delayed && !agent {
        draft.notifications = notices(&failure, &found.ticket, policy);
    }
    // An agent whose address is gone is away until they write again.
    let absent = policy.agent(address).filter(|agent| failure.lasting && agent.away.is_none());
    let absence = absent.map(|agent| {
        draft.notifications.extend(absence::gone(agent, policy));
        Absence { address: address.clone(), until: case.snapshot.now + absence::GONE, said: false }
    });
    let message = message(intake, Visibility::Internal, &intake.mail.reply_text);
    let joining = draft.joining(message, true, reason(found));
    let undelivered = Some(failure).filter(|_| !bounce.delayed && !agent);
    let returned = bounce.original_id.clone().filter(|_| !bounce.delayed);
    Decision::Join(Box::new(Joining { undelivered, returned, absence, ..joining }))
}

/// What follows where the mail server did not take a notification, by its row id. `known`: whether that was so before.
pub(crate) fn not_taken(
    outbox_id: OutboxId,
    kind: NotificationKind,
    failure: &Undelivered,
    known: bool,
    ticket: Option<&TicketView>,
    queue: &str,
    policy: &Policy,
) -> Decision {
    let Some(ticket) = ticket else {
        // Of each answer that a server refuses its writers must hear; of other notifications nobody needs to.
        let told = !known && kind.is_personal();
        let none = TicketView { queue: queue.to_owned(), ..TicketView::default() };
        let notifications = if told { notices(failure, &none, policy) } else { Vec::new() };
        return Decision::Notify(vec![Notices { queue: queue.to_owned(), notifications }]);
    };
    let mut change = unasked(ticket, kind, failure, policy);
    // What is lasting is told once.
    if !known {
        change.notifications = notices(failure, ticket, policy);
        for notification in change.notifications.iter_mut().filter(|_| kind.is_personal()) {
            notification.cause = format!("outbox-{outbox_id}");
        }
    }
    Decision::Change(Box::new(change))
}

/// What becomes of a ticket whose notification did not arrive: nobody waits for the answer to a question that was
/// never read, nor takes silence for consent.
#[must_use]
pub(crate) fn unasked(ticket: &TicketView, kind: NotificationKind, failure: &Undelivered, policy: &Policy) -> Change {
    let mut change = Change { ticket: ticket.clone(), quiet: true, ..Change::default() };
    if failure.address == ticket.requester.address && policy.agent(&failure.address).is_none() {
        let waits: &[DeadlineKind] = match kind {
            NotificationKind::Resolved => &[DeadlineKind::Confirm],
            kind if kind.is_personal() => &[DeadlineKind::Remind, DeadlineKind::Silence],
            _ => &[],
        };
        for kind in waits.iter().filter(|kind| ticket.deadlines.contains_key(kind)) {
            change.ticket.deadlines.remove(kind);
            change
                .events
                .push(Event::own("deadline", format!("{} taken off: the notification did not arrive", kind.as_str())));
        }
    }
    change
}

/// The notifications that tell the queue's people.
pub(crate) fn notices(failure: &Undelivered, ticket: &TicketView, policy: &Policy) -> Vec<Notification> {
    let notice = |agent| Notification {
        undelivered: Some(failure.clone()),
        ..Notification::new(NotificationKind::Undelivered, person(agent))
    };
    // Of what is confidential its own people alone.
    let secret = policy.is_confidential(ticket);
    let people = if secret { policy.concerned(ticket) } else { policy.watchers(&ticket.queue) };
    people.into_iter().map(notice).collect()
}

fn event(bounce: &Bounce, address: &str) -> Event {
    let status = bounce.status.as_deref().unwrap_or_default();
    let why = bounce.diagnostic.as_deref().unwrap_or("no reason given");
    let what = if bounce.delayed { "delivery is delayed" } else { "not delivered" };
    let why: String = why.chars().take(500).collect();
    Event::own("undelivered", format!("{what} to {address}: {status} {why}").replace(":  ", ": "))
}

/// Whether the report names this address, or nobody.
fn names(bounce: &Bounce, address: &str) -> bool {
    bounce.recipients.is_empty() || bounce.recipients.iter().any(|r| key(r) == address)
}

/// Whether the address itself is at fault, for good.
fn is_lasting(bounce: &Bounce) -> bool {
    let (status, words) = (bounce.status.as_deref(), bounce.diagnostic.as_deref());
    !bounce.delayed && address_is_gone(status.unwrap_or_default(), words.unwrap_or_default(), true)
}

/// Whether a refusal says that the recipient's address is gone: the codes of RFC 3463 that say so, or a general one with
/// words that do, as far as it answers the recipient. Everything else may be a full mailbox, a filter, or the service desk's
/// own trouble.
#[must_use]
pub(crate) fn address_is_gone(status: &str, words: &str, about_recipient: bool) -> bool {
    const GONE: [&str; 6] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"];
    let general = status.is_empty() || (status.starts_with("5.") && status.ends_with(".0"));
    let said = || meaning_of_refusal(words).is_some_and(|code| GONE.contains(&code));
    GONE.contains(&status) || (about_recipient && general && said())
}
