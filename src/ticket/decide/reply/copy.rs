//! A second copy of an email that a ticket already holds: sent to two of the service desk's addresses, or
//! brought twice by the transport.

use crate::ticket::decide::people::{message, watchers};
use crate::ticket::decide::{Copying, may_open};
use crate::ticket::policy::{Policy, SeveralQueues};
use crate::ticket::queue::Queue;
use crate::ticket::read::Intake;
use crate::ticket::words::{Event, NotificationKind, TicketView, Visibility};

/// What is done about it; none when it is not a copy, or when each queue is to have a ticket of its own.
pub(in crate::ticket::decide) fn of(
    intake: &Intake,
    held: &[TicketView],
    policy: &Policy,
    queue: &Queue,
) -> Option<Copying> {
    let here = held.iter().find(|ticket| ticket.queue == queue.name);
    let ticket = here.or(held.first())?;
    let same = here.is_some();
    // An email that joined its ticket joins no other; one that opened it may open one in each queue.
    let opened = intake.mail.message_id == ticket.root_message_id;
    if !same && opened && policy.service_desk.several_queues == SeveralQueues::Each {
        return None;
    }
    // The other queue's people hear of new requests of those who may write to them.
    let told = !same && opened && may_open(&intake.sender, queue);
    let known: Vec<&str> = policy.watchers(&ticket.queue).iter().map(|a| a.address.as_str()).collect();
    let mut notifications = watchers(NotificationKind::NewTicket, &queue.name, &intake.sender, policy);
    let sees = |address: &str| policy.agent(address).is_some_and(|agent| policy.may_see(agent, ticket));
    notifications.retain(|one| told && sees(&one.to.address) && !known.contains(&one.to.address.as_str()));
    let event = (!same).then(|| Event::own("related", format!("also sent to {}", queue.address)));
    Some(Copying {
        ticket: ticket.clone(),
        message: message(intake, Visibility::Public, &intake.mail.reply_text),
        reason: format!("the same email is already in {}", ticket.number),
        events: event.into_iter().collect(),
        notifications,
    })
}
