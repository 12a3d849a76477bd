//! A mail opens a ticket.

use std::collections::BTreeMap;

use super::people::{message, others, sender, silence, watchers};
use super::{Decision, Opening, may_open};
use crate::ticket::policy::{Acknowledge, Policy, Queue, SeveralQueues};
use crate::ticket::read::Intake;
use crate::ticket::thread::Threading;
use crate::ticket::words::{Event, LetterKind, LetterOrder, MessageDraft, Person, Visibility};

/// What a request says, whoever brought it.
pub(super) struct Request {
    pub(super) requester: Person,
    pub(super) others: Vec<Person>,
    pub(super) title: String,
    pub(super) message: MessageDraft,
    pub(super) note: Option<MessageDraft>,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) reason: String,
}

/// A request in its writer's own name.
pub(super) fn open(intake: &Intake, threading: &Threading, policy: &Policy, queue: &Queue, proven: bool) -> Decision {
    let request = |reason| Request {
        requester: sender(intake, policy),
        others: others(intake, policy),
        title: title(&intake.tagged.title, &intake.mail.text),
        message: message(intake, Visibility::Public, &intake.mail.text),
        note: None,
        fields: intake.fields.clone(),
        reason,
    };
    let also = other_queues(intake, policy, proven);
    let open_in = |queue: &Queue| {
        let request = request(format!("a new request to {}", queue.address));
        opening(intake, request, threading, policy, queue)
    };
    let mut first = open_in(queue);
    if policy.desk.several_queues == SeveralQueues::Each {
        return Decision::Open(std::iter::once(first).chain(also.into_iter().map(open_in)).collect());
    }
    tell_others(&mut first, &also, intake, policy);
    Decision::Open(vec![first])
}

/// Further queues the mail is addressed to, as far as its sender may open tickets there.
pub(super) fn other_queues<'a>(intake: &Intake, policy: &'a Policy, proven: bool) -> Vec<&'a Queue> {
    let named = intake.also_queues.iter().filter_map(|name| policy.queues.get(name));
    named.filter(|queue| proven || may_open(&intake.sender, queue)).collect()
}

/// The people of other queues are told of the one ticket.
pub(super) fn tell_others(first: &mut Opening, others: &[&Queue], intake: &Intake, policy: &Policy) {
    for other in others {
        first.events.push(Event::own("related", format!("also sent to {}", other.address)));
        for order in watchers(LetterKind::NewTicket, &other.name, &intake.sender, policy) {
            if !first.letters.contains(&order) {
                first.letters.push(order);
            }
        }
    }
}

/// The ticket of a request: its priority, its letters, what its history begins with.
pub(super) fn opening(
    intake: &Intake,
    request: Request,
    threading: &Threading,
    policy: &Policy,
    queue: &Queue,
) -> Opening {
    let mut letters = Vec::new();
    let mut events = Vec::new();
    match silence(intake) {
        Some(reason) => events.push(Event::own("suppressed", format!("acknowledgement not sent: {reason}"))),
        None if queue.acknowledge == Acknowledge::None => {}
        None => letters.push(LetterOrder::new(LetterKind::Acknowledgement, request.requester.clone())),
    }
    letters.extend(watchers(LetterKind::NewTicket, &queue.name, &request.requester.address, policy));
    let priority = intake.tagged.code.clone().unwrap_or_else(|| queue.priority.clone());
    if intake.tagged.code.is_some() {
        events.push(Event::own("priority", format!("{priority} by the tag \"{}\" in the subject", intake.tagged.tag)));
    }
    if !threading.also.is_empty() {
        events.push(Event::own("related", format!("possibly about {}", threading.also.join(", "))));
    }
    if request.message.encrypted {
        events.push(Event::own("encrypted", "it is encrypted: nobody here can read it".to_owned()));
    }
    Opening {
        queue: queue.name.clone(),
        prefix: queue.prefix.clone(),
        title: request.title,
        priority,
        requester: request.requester,
        others: request.others,
        message: request.message,
        note: request.note,
        fields: request.fields,
        reason: request.reason,
        events,
        letters,
    }
}

/// The subject, or the first line where there is none.
pub(super) fn title(subject: &str, text: &str) -> String {
    let title: String = subject.chars().take(250).collect();
    if !title.is_empty() {
        return title;
    }
    let first = text.lines().map(str::trim).find(|l| !l.is_empty());
    first.unwrap_or("(no subject)").chars().take(80).collect()
}
