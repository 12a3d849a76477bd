//! A second copy of a mail that a ticket already holds: sent to two of the desk's addresses, or
//! brought twice by the transport.

use super::Copying;
use super::people::{message, watchers};
use crate::ticket::policy::{Policy, Queue, SeveralQueues};
use crate::ticket::read::Intake;
use crate::ticket::words::{Event, LetterKind, TicketView, Visibility};

/// What is done about it; none when each queue is to have a ticket of its own.
pub(super) fn of(intake: &Intake, ticket: &TicketView, policy: &Policy, queue: &Queue) -> Option<Copying> {
    let same = ticket.queue == queue.name;
    if !same && policy.desk.several_queues == SeveralQueues::Each {
        return None;
    }
    let known: Vec<&str> = policy.watchers(&ticket.queue).iter().map(|a| a.address.as_str()).collect();
    let mut letters = watchers(LetterKind::NewTicket, &queue.name, &intake.sender, policy);
    letters.retain(|order| !same && !known.contains(&order.to.address.as_str()));
    let events = if same { Vec::new() } else { vec![Event::own("related", format!("also sent to {}", queue.address))] };
    Some(Copying {
        ticket: ticket.clone(),
        message: message(intake, Visibility::Public, &intake.mail.reply_text),
        reason: format!("the same mail is already in {}", ticket.number),
        events,
        letters,
    })
}
