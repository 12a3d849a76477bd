//! Reports that a letter did not arrive.
//!
//! Only a report that leads to one of our letters by its signature counts, and only for the person
//! that letter was written to; any other changes nothing. It never opens a ticket and is never
//! answered. What failed is told to the queue's people once an address and ticket.

use super::join::{joined_events, reason};
use super::people::{message, person};
use super::{Decision, Joining};
use crate::mail::Bounce;
use crate::ticket::policy::Policy;
use crate::ticket::read::{Intake, Signal};
use crate::ticket::thread::{Candidate, Threading};
use crate::ticket::words::{Event, LetterKind, LetterOrder, Undelivered, Visibility};

/// Why a report that leads nowhere is passed over.
pub(super) const LOST: &str = "a delivery report that leads to none of our letters";

/// Records the report with the ticket its letter was about.
pub(super) fn join(intake: &Intake, found: &Candidate, threading: &Threading, policy: &Policy) -> Decision {
    let signed = matches!(found.signal, Signal::ReplyAddress(_) | Signal::SignedId(_));
    let (Some(bounce), Some(address)) = (&intake.mail.bounce, threading.holder.as_ref().filter(|_| signed)) else {
        return Decision::Ignore(LOST.to_owned());
    };
    let ticket = &found.ticket;
    let mut events = joined_events(intake, found, threading);
    events.push(event(bounce, address));
    let agent = policy.agent(address).is_some();
    let failure = Undelivered {
        address: address.clone(),
        status: bounce.status.clone().unwrap_or_default(),
        reason: bounce.diagnostic.clone().unwrap_or_default().chars().take(500).collect(),
        lasting: is_lasting(bounce),
    };
    // A delay may still end well, and an agent's full mailbox is nothing the queue can mend.
    let letters = if bounce.delayed || agent { Vec::new() } else { orders(&failure, &ticket.queue, policy) };
    Decision::Join(Box::new(Joining {
        message: message(intake, Visibility::Internal, &intake.mail.reply_text),
        status: ticket.status,
        first_answer: false,
        fields: ticket.fields.clone(),
        undelivered: Some(failure).filter(|_| !bounce.delayed && !agent),
        reason: reason(found),
        ticket: ticket.clone(),
        events,
        letters,
    }))
}

/// The letters that tell the queue's people.
pub(crate) fn orders(failure: &Undelivered, queue: &str, policy: &Policy) -> Vec<LetterOrder> {
    let order = |agent| LetterOrder {
        undelivered: Some(failure.clone()),
        ..LetterOrder::new(LetterKind::Undelivered, person(agent))
    };
    policy.watchers(queue).into_iter().map(order).collect()
}

fn event(bounce: &Bounce, address: &str) -> Event {
    let status = bounce.status.as_deref().unwrap_or_default();
    let why = bounce.diagnostic.as_deref().unwrap_or("no reason given");
    let what = if bounce.delayed { "delivery is delayed" } else { "not delivered" };
    let why: String = why.chars().take(500).collect();
    Event::own("undelivered", format!("{what} to {address}: {status} {why}").replace(":  ", ": "))
}

/// Whether the address itself is at fault, for good (RFC 3463): not a full mailbox, a mail too
/// large, or a refusal of what the mail said.
fn is_lasting(bounce: &Bounce) -> bool {
    const PASSING: [&str; 7] = ["5.2.2", "5.2.3", "5.3.1", "5.3.4", "5.4.5", "5.6.", "5.7."];
    if bounce.delayed {
        return false;
    }
    match &bounce.status {
        Some(status) => status.starts_with('5') && !PASSING.iter().any(|p| status.starts_with(p)),
        None => bounce.diagnostic.as_deref().is_some_and(|text| {
            let folded = crate::mail::fold(text);
            [
                "user unknown",
                "unknown user",
                "no such user",
                "does not exist",
                "no mailbox",
                "unknown recipient",
                "inconnu",
            ]
            .iter()
            .any(|words| folded.contains(words))
        }),
    }
}
