//! Who is written to, and the email as everybody reads it.

use crate::mail::{Address, AutomaticKind, Protection, key};
use crate::ticket::policy::{Agent, Policy};
use crate::ticket::read::Intake;
use crate::ticket::words::{
    CorrectiveAction, MessageDraft, Notification, NotificationKind, Person, Phrase, TicketView, Value, Visibility,
    phrase,
};

/// What is to be done, by whom and until when; `at`: how many stand before it.
pub(super) fn action_line(at: usize, action: &CorrectiveAction, policy: &Policy) -> Phrase {
    let who = policy.agent(&action.owner).map_or(action.owner.as_str(), |agent| &agent.name);
    let count = i64::try_from(at + 1).unwrap_or(i64::MAX);
    let what = &action.what;
    phrase!("action.line", n = count, what, who, day = Value::Day(action.due))
}

/// Why the sender must not be answered automatically, if so.
pub(super) fn silence(intake: &Intake) -> Option<String> {
    if intake.denied {
        return Some("the mail server says that the sender's domain did not send it".to_owned());
    }
    let machine = intake.mail.automatic.as_ref()?;
    // A form and our own list write for a person, who is known.
    let for_person = intake.rewritten
        && match machine.kind {
            AutomaticKind::List => intake.own_list,
            AutomaticKind::Notice => machine.reason.starts_with("From: "),
            AutomaticKind::Reply => false,
        };
    (!for_person).then(|| format!("the email is automatic ({})", machine.reason))
}

/// Who asks, at the address where they want answers.
pub(super) fn requester(intake: &Intake, policy: &Policy) -> Person {
    let author = sender(intake, policy);
    match &intake.answer_to {
        Some(address) => Person { address: address.key(), name: address.name.clone(), ..author },
        None => author,
    }
}

/// Who wrote it.
pub(super) fn sender(intake: &Intake, policy: &Policy) -> Person {
    let name = intake.mail.from.as_ref().map(|a| a.name.clone()).unwrap_or_default();
    let language = intake.language.clone().unwrap_or_else(|| policy.service_desk.language.clone());
    Person { address: intake.sender.clone(), name, language }
}

/// People in To and Cc besides the service desk and its agents: they may answer for the requester.
pub(super) fn others(intake: &Intake, policy: &Policy) -> Vec<Person> {
    let listed = intake.mail.to.iter().chain(&intake.mail.cc);
    // Nothing of a ticket goes to a list because it stands in copy, nor twice to one person.
    let answered = intake.answer_to.as_ref().map(Address::key);
    let people_of = listed.filter(|a| !intake.mail.lists.contains(&a.key()) && Some(a.key()) != answered);
    people(people_of, &intake.sender, policy)
}

/// Those of a list who take part: neither the one already counted, nor the service desk, nor its agents.
pub(super) fn people<'a>(listed: impl Iterator<Item = &'a Address>, counted: &str, policy: &Policy) -> Vec<Person> {
    let mut found: Vec<Person> = Vec::new();
    for address in listed {
        let key = key(&address.address);
        let known = key == counted || policy.is_own_address(&key) || policy.agent(&key).is_some();
        if !known && found.len() + 1 < policy.life.participants && !found.iter().any(|p| p.address == key) {
            found.push(Person { address: key, name: address.name.clone(), language: String::new() });
        }
    }
    found
}

/// The queue's people, except who wrote the email.
pub(super) fn watchers(kind: NotificationKind, queue: &str, sender: &str, policy: &Policy) -> Vec<Notification> {
    let watchers = policy.watchers(queue).into_iter().filter(|a| a.address != sender);
    watchers.map(|a| Notification::new(kind, person(a))).collect()
}

/// The people who hear what happens to a ticket, except who wrote the email.
pub(super) fn concerned(
    kind: NotificationKind,
    ticket: &TicketView,
    sender: &str,
    policy: &Policy,
) -> Vec<Notification> {
    let people = policy.concerned(ticket).into_iter().filter(|a| a.address != sender);
    people.map(|a| Notification::new(kind, person(a))).collect()
}

/// Those who hear of all of the ticket's queue, besides the people it concerns and who wrote the email.
pub(super) fn onlookers(
    kind: NotificationKind,
    ticket: &TicketView,
    sender: &str,
    policy: &Policy,
) -> Vec<Notification> {
    let people = policy.onlookers(ticket).into_iter().filter(|a| a.address != sender);
    people.map(|a| Notification::new(kind, person(a))).collect()
}

/// The email as a message of a ticket.
pub(super) fn message(intake: &Intake, visibility: Visibility, new_text: &str) -> MessageDraft {
    MessageDraft {
        sender: intake.sender.clone(),
        sender_name: intake.mail.from.as_ref().map(|a| a.name.clone()).unwrap_or_default(),
        from_agent: false,
        automatic: intake.mail.automatic.is_some(),
        visibility,
        message_id: intake.mail.message_id.clone().unwrap_or_default(),
        text: intake.mail.text.clone(),
        new_text: new_text.to_owned(),
        attachments: intake.mail.attachments.clone(),
        above: String::new(),
        encrypted: is_encrypted(intake),
        content: intake.mail.content.clone(),
        warnings: Vec::new(),
    }
}

/// Whether nobody here can read it.
pub(super) fn is_encrypted(intake: &Intake) -> bool {
    intake.mail.protection == Some(Protection::Encrypted)
}

/// An agent, as somebody who is written to.
pub(super) fn person(agent: &Agent) -> Person {
    Person { address: agent.address.clone(), name: agent.name.clone(), language: agent.language.clone() }
}
