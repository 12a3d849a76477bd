//! Who is written to, and the mail as everybody reads it.

use crate::mail::{Address, Protection, key};
use crate::ticket::policy::{Agent, Policy};
use crate::ticket::read::Intake;
use crate::ticket::words::{LetterKind, LetterOrder, MessageDraft, Person, TicketView, Visibility};

/// Why the sender must not be answered automatically, if so.
pub(super) fn silence(intake: &Intake) -> Option<String> {
    if let Some(machine) = &intake.mail.automatic {
        return Some(format!("the mail is automatic ({})", machine.reason));
    }
    None
}

/// Who wrote it.
pub(super) fn sender(intake: &Intake, policy: &Policy) -> Person {
    let name = intake.mail.from.as_ref().map(|a| a.name.clone()).unwrap_or_default();
    let language = intake.language.clone().unwrap_or_else(|| policy.desk.language.clone());
    Person { address: intake.sender.clone(), name, language }
}

/// People in To and Cc besides the desk and its agents: they may answer for the requester.
pub(super) fn others(intake: &Intake, policy: &Policy) -> Vec<Person> {
    people(intake.mail.to.iter().chain(&intake.mail.cc), &intake.sender, policy)
}

/// Those of a list who take part: neither the one already counted, nor the desk, nor its agents.
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

/// The queue's people, except who wrote the mail.
pub(super) fn watchers(kind: LetterKind, queue: &str, sender: &str, policy: &Policy) -> Vec<LetterOrder> {
    let watchers = policy.watchers(queue).into_iter().filter(|a| a.address != sender);
    watchers.map(|a| LetterOrder::new(kind, person(a))).collect()
}

/// The people who hear what happens to a ticket, except who wrote the mail.
pub(super) fn concerned(kind: LetterKind, ticket: &TicketView, sender: &str, policy: &Policy) -> Vec<LetterOrder> {
    let people = policy.concerned(ticket).into_iter().filter(|a| a.address != sender);
    people.map(|a| LetterOrder::new(kind, person(a))).collect()
}

/// The mail as a message of a ticket.
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
