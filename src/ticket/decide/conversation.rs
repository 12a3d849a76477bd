//! People and tickets brought together and taken apart.

use super::held::denied;
use super::open::{Request, opening, title};
use super::people::others;
use super::step::Course;
use super::{Case, Opening};
use crate::ticket::life::{Move, after};
use crate::ticket::rights::{Action, Denied, may};
use crate::ticket::words::{LetterKind, LetterOrder, MessageDraft, NEW_NUMBER, TicketView, Visibility, Words, words};

/// Those in To and Cc of a mail of the requester's side take part from then on.
pub(super) fn add_people(course: &mut Course<'_>) {
    let people = others(course.case.intake, course.policy());
    let keys: Vec<String> = people.into_iter().map(|p| p.address).collect();
    // Nobody is let in on the word of a From line alone.
    if course.ticket.participants.contains(&course.case.intake.sender) && course.case.is_their_own() {
        add(course, &keys);
    }
}

/// Adds people to the requester's side, as far as there is room; gives those who were.
pub(super) fn add(course: &mut Course<'_>, keys: &[String]) -> Vec<String> {
    let mut added = Vec::new();
    for key in keys {
        let policy = course.policy();
        let known =
            course.ticket.participants.contains(key) || policy.is_own_address(key) || policy.agent(key).is_some();
        if known {
            continue;
        }
        if course.ticket.vendors.contains(key) {
            // What is said to a vendor is not said to the requester, and the other way round.
            course.event("people", format!("{key} not added: they are a vendor of this ticket"));
            continue;
        }
        if course.ticket.participants.len() >= policy.life.participants {
            let most = policy.life.participants;
            course.event("people", format!("{key} not added: {most} people take part already, see life.participants"));
            continue;
        }
        course.ticket.participants.push(key.clone());
        course.event("people", format!("{key} added"));
        added.push(key.clone());
    }
    added
}

/// Takes people out; the requester stays.
pub(super) fn remove(course: &mut Course<'_>, keys: &[String]) -> Result<(), Words> {
    for key in keys {
        if *key == course.ticket.requester.address {
            return Err(words!(
                "{key} est le demandeur : changez-le avec #demandeur",
                "{key} is the requester: change them with #requester"
            ));
        }
        if !course.ticket.participants.contains(key) {
            return Err(words!("{key} n'est pas dans la conversation", "{key} does not take part"));
        }
        course.ticket.participants.retain(|p| p != key);
        course.event("people", format!("{key} taken out"));
    }
    Ok(())
}

/// A ticket that comes of another one, for the same requester's side.
pub(super) fn related_opening(case: &Case<'_>, ticket: &TicketView, message: MessageDraft, why: String) -> Opening {
    let queue = case.policy.queues.get(&ticket.queue).unwrap_or(case.queue);
    let request = Request {
        requester: ticket.requester.clone(),
        others: Vec::new(),
        title: title(&ticket.title, &message.new_text, &case.policy.desk.language),
        message,
        note: None,
        fields: ticket.fields.clone(),
        reason: why,
    };
    let mut opening = opening(case, request, queue);
    opening.others = ticket
        .participants
        .iter()
        .filter(|key| **key != ticket.requester.address)
        .map(|key| crate::ticket::Person { address: key.clone(), ..Default::default() })
        .collect();
    opening.relates = vec![ticket.id];
    opening
}

/// `#split`: a part of the mail becomes a ticket of its own.
pub(super) fn split(course: &mut Course<'_>, name: &str, text: &str) -> Result<(), Words> {
    if text.is_empty() {
        return Err(words!(
            "écrivez ou collez sous #scinder le texte du nouveau ticket",
            "write or paste the new ticket's text below #split"
        ));
    }
    let number = course.ticket.number.clone();
    let message = MessageDraft {
        sender: course.ticket.requester.address.clone(),
        sender_name: course.ticket.requester.name.clone(),
        visibility: Visibility::Public,
        text: text.to_owned(),
        new_text: text.to_owned(),
        attachments: course.case.intake.mail.attachments.clone(),
        ..MessageDraft::default()
    };
    let source = TicketView { title: name.to_owned(), ..course.ticket.clone() };
    let mut opening = related_opening(&course.case, &source, message, format!("split from {number}"));
    opening.events.push(crate::ticket::Event::by(&course.actor, "split", format!("split from {number}")));
    let told = words!("Elle est séparée de {number}.", "It was split from {number}.");
    for letter in &mut opening.letters {
        letter.done.push(told.say(&letter.to.language).to_owned());
    }
    course.opens.push(opening);
    let new = NEW_NUMBER;
    let shown = name.replace('\u{2}', "");
    course.done.push(words!("« {shown} » est un ticket à part : {new}.", "\"{shown}\" is a ticket of its own: {new}."));
    course.event("split", format!("\"{name}\" split off"));
    Ok(())
}

/// A ticket that an order names, if the writer may do that to it.
fn named<'a>(course: &Course<'a>, number: &str, action: Action) -> Result<&'a TicketView, Words> {
    let found = course.case.snapshot.named.get(number);
    let found = found.ok_or_else(|| words!("il n'y a pas de ticket {number}", "there is no ticket {number}"))?;
    if found.id == course.ticket.id {
        return Err(words!("{number} est ce ticket même", "{number} is this very ticket"));
    }
    permitted(course, found, action).map_err(|Words { fr, en }| words!("{number} : {fr}", "{number}: {en}"))?;
    Ok(found)
}

/// Whether the writer may do that to another ticket.
pub(super) fn permitted(course: &Course<'_>, ticket: &TicketView, action: Action) -> Result<(), Words> {
    let policy = course.policy();
    let agent = policy.agent(&course.actor).ok_or(Denied::Role);
    agent.and_then(|agent| may(agent, action, ticket, policy)).map_err(|why| denied(why, ticket))
}

/// `#link`: the two refer to each other.
pub(super) fn link(course: &mut Course<'_>, number: &str) -> Result<(), Words> {
    let other = named(course, number, Action::Qualify)?;
    let own = course.ticket.number.clone();
    if !course.ticket.related.contains(&other.number) {
        course.ticket.related.push(other.number.clone());
    }
    let actor = course.actor.clone();
    let change = course.other(other);
    if !change.ticket.related.contains(&own) {
        change.ticket.related.push(own.clone());
    }
    change.events.push(crate::ticket::Event::by(&actor, "linked", format!("linked with {own}")));
    course.event("linked", format!("linked with {number}"));
    course.done.push(words!("Lié à {number}.", "Linked with {number}."));
    Ok(())
}

/// `#parent`: part of another ticket, or of none.
pub(super) fn parent(course: &mut Course<'_>, number: Option<&String>) -> Result<(), Words> {
    let Some(number) = number else {
        course.ticket.parent = 0;
        course.event("parent", "part of no other ticket any more");
        course.done.push(words!("Ne fait plus partie d'un autre ticket.", "Part of no other ticket any more."));
        return Ok(());
    };
    let other = named(course, number, Action::Arrange)?;
    let own_parts = course.case.snapshot.kin.values().any(|t| t.parent == course.ticket.id);
    if other.parent != 0 || own_parts {
        return Err(words!(
            "un ticket qui a des parties ne peut pas faire partie d'un autre",
            "a ticket with parts cannot be part of another"
        ));
    }
    if other.status.is_done() {
        return Err(words!("{number} est déjà terminé", "{number} is done already"));
    }
    course.ticket.parent = other.id;
    let (own, actor) = (course.ticket.number.clone(), course.actor.clone());
    course.other(other).events.push(crate::ticket::Event::by(&actor, "parent", format!("{own} is part of it")));
    course.event("parent", format!("part of {number}"));
    course.done.push(words!("Fait partie de {number}.", "Part of {number}."));
    Ok(())
}

/// `#merge`: this ticket goes into another, and with it its people and later mails.
pub(super) fn merge(course: &mut Course<'_>, number: &str) -> Result<(), Words> {
    let other = named(course, number, Action::Arrange)?;
    if other.status == crate::ticket::Status::Closed {
        return Err(words!("{number} est clos", "{number} is closed"));
    }
    course.go(crate::ticket::life::Move::Merge)?;
    course.ticket.merged_into = other.id;
    let (own, actor, people) = (course.ticket.number.clone(), course.actor.clone(), course.ticket.participants.clone());
    let requester = course.ticket.requester.address.clone();
    let most = course.policy().life.participants;
    let vendors = course.ticket.vendors.clone();
    let change = course.other(other);
    change.ticket.vendors.extend(vendors);
    // The requester of the merged one above all goes on to be told.
    let ordered = std::iter::once(requester.clone()).chain(people.into_iter().filter(|p| *p != requester));
    for key in ordered {
        // A vendor stays a vendor.
        if !change.ticket.vendors.contains(&key)
            && !change.ticket.participants.contains(&key)
            && (change.ticket.participants.len() < most || key == requester)
        {
            change.ticket.participants.push(key);
        }
    }
    change.ticket.related.push(own.clone());
    // What was said to one is not repeated to all.
    change.ticket.last_answer.text.clear();
    change.events.push(crate::ticket::Event::by(&actor, "merged", format!("{own} was merged into it")));
    course.ticket.related.push(other.number.clone());
    course.event("merged", format!("merged into {number}"));
    course.done.push(words!(
        "Fusionné dans {number} : les prochains courriels y iront.",
        "Merged into {number}: later mails go there."
    ));
    course.tell(LetterKind::Closed);
    course.told.push(words!(
        "Elle rejoint la demande {number}, qui traite du même sujet. Vos prochains courriels la suivront.",
        "It joins the request {number}, which is about the same. Your further mails will follow it."
    ));
    Ok(())
}

/// `#broadcast`: the requesters of all parts of this ticket, or the people of an audience.
pub(super) fn broadcast(course: &mut Course<'_>, addresses: &[String], message: &MessageDraft) -> Result<(), Words> {
    let parts: Vec<&TicketView> =
        course.case.snapshot.kin.values().filter(|t| t.parent == course.ticket.id && !t.status.is_done()).collect();
    if addresses.is_empty() && parts.is_empty() {
        return Err(words!(
            "ce ticket n'a pas de partie : rattachez-en avec #parent, ou nommez une audience",
            "this ticket has no parts: attach some with #parent, or name an audience"
        ));
    }
    let most = course.policy().life.recipients;
    let wanted = if addresses.is_empty() { parts.len() } else { addresses.len() };
    if wanted > most {
        return Err(words!(
            "{wanted} destinataires : un message va à {most} personnes au plus (limits.recipients_per_message) ; partagez l'audience",
            "{wanted} recipients: one message goes to {most} people at most (limits.recipients_per_message); split the audience"
        ));
    }
    let mut count = 0;
    if addresses.is_empty() {
        for part in parts {
            permitted(course, part, Action::Broadcast)?;
            count += 1;
            let actor = course.actor.clone();
            let change = course.other(part);
            change.ticket.status = after(part.status, Move::Answer).unwrap_or(part.status);
            change.message = MessageDraft { message_id: String::new(), ..message.clone() };
            change.keep = true;
            change.events.push(crate::ticket::Event::by(&actor, "broadcast", "a message to all who are concerned"));
            change.letters.push(LetterOrder::new(LetterKind::Answer, part.requester.clone()));
        }
    } else {
        let language = course.ticket.requester.language.clone();
        for address in addresses {
            count += 1;
            let to =
                crate::ticket::Person { address: address.clone(), name: String::new(), language: language.clone() };
            course.letters.push(LetterOrder::new(LetterKind::Bulletin, to));
        }
    }
    course.event("broadcast", format!("to {count} more people"));
    course.done.push(words!("Message envoyé aussi à : {count}.", "Message sent besides to: {count}."));
    Ok(())
}
