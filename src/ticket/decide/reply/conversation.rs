//! People and tickets brought together and taken apart.

use crate::ticket::decide::draft::Draft;
use crate::ticket::decide::hold::denied;
use crate::ticket::decide::open::{Request, opening, title};
use crate::ticket::decide::people::others;
use crate::ticket::decide::{Case, Opening};
use crate::ticket::life::{Move, after};
use crate::ticket::rights::{Action, Denied, may};
use crate::ticket::words::{
    MessageDraft, NEW_NUMBER, Notification, NotificationKind, Phrase, TicketView, Visibility, phrase,
};

/// Those in To and Cc of an email of the requester's side take part from then on.
pub(in crate::ticket::decide) fn add_people(draft: &mut Draft<'_>) {
    let people = others(draft.case.intake, draft.policy());
    let keys: Vec<String> = people.into_iter().map(|p| p.address).collect();
    // Nobody is let in on the word of a From line alone.
    if draft.ticket.participants.contains(&draft.case.intake.sender) && draft.case.is_their_own() {
        add(draft, &keys);
    }
}

/// Adds people to the requester's side, as far as there is room; gives those who were.
pub(in crate::ticket::decide) fn add(draft: &mut Draft<'_>, keys: &[String]) -> Vec<String> {
    let mut added = Vec::new();
    for key in keys {
        let policy = draft.policy();
        let known =
            draft.ticket.participants.contains(key) || policy.is_own_address(key) || policy.agent(key).is_some();
        if known {
            continue;
        }
        if draft.ticket.vendors.contains(key) {
            // What is said to a vendor is not said to the requester, and the other way round.
            draft.event("people", format!("{key} not added: they are a vendor of this ticket"));
            continue;
        }
        if draft.ticket.participants.len() >= policy.life.participants {
            let most = policy.life.participants;
            draft.event("people", format!("{key} not added: {most} people take part already, see life.participants"));
            continue;
        }
        draft.ticket.participants.push(key.clone());
        draft.event("people", format!("{key} added"));
        added.push(key.clone());
    }
    added
}

/// Takes people out; the requester stays.
pub(in crate::ticket::decide) fn remove(draft: &mut Draft<'_>, keys: &[String]) -> Result<(), Phrase> {
    for key in keys {
        if *key == draft.ticket.requester.address {
            return Err(phrase!("wrong.is_requester", address = key));
        }
        if !draft.ticket.participants.contains(key) {
            return Err(phrase!("wrong.not_in_conversation", address = key));
        }
        draft.ticket.participants.retain(|p| p != key);
        draft.event("people", format!("{key} taken out"));
    }
    Ok(())
}

/// A ticket that comes of another one, for the same requester's side.
pub(in crate::ticket::decide) fn related_opening(
    case: &Case<'_>,
    ticket: &TicketView,
    message: MessageDraft,
    why: String,
) -> Opening {
    let queue = case.policy.queues.get(&ticket.queue).unwrap_or(case.queue);
    let request = Request {
        requester: ticket.requester.clone(),
        others: Vec::new(),
        title: title(&ticket.title, &message.new_text, &case.policy.service_desk.no_subject),
        message,
        note: None,
        fields: ticket.fields.clone(),
        reason: why,
        category: ticket.category.clone().filter(|_| case.policy.is_confidential(ticket)),
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

/// `#split`: a part of the email becomes a ticket of its own.
pub(in crate::ticket::decide) fn split(draft: &mut Draft<'_>, name: &str, text: &str) -> Result<(), Phrase> {
    if text.is_empty() {
        return Err(phrase!("wrong.split_missing"));
    }
    let number = draft.ticket.number.clone();
    let message = MessageDraft {
        sender: draft.ticket.requester.address.clone(),
        sender_name: draft.ticket.requester.name.clone(),
        visibility: Visibility::Public,
        text: text.to_owned(),
        new_text: text.to_owned(),
        attachments: draft.case.intake.mail.attachments.clone(),
        ..MessageDraft::default()
    };
    let source = TicketView { title: name.to_owned(), ..draft.ticket.clone() };
    let mut opening = related_opening(&draft.case, &source, message, format!("split from {number}"));
    opening.events.push(crate::ticket::Event::by(&draft.actor, "split", format!("split from {number}")));
    let told = phrase!("told.split_from", number);
    for notification in &mut opening.notifications {
        notification.done.push(told.clone());
    }
    draft.opens.push(opening);
    let new = NEW_NUMBER;
    let shown = name.replace('\u{2}', "");
    draft.done.push(phrase!("done.split", title = shown, number = new));
    draft.event("split", format!("\"{name}\" split off"));
    Ok(())
}

/// A ticket that a command names, if the writer may do that to it.
fn find_named<'a>(draft: &Draft<'a>, number: &str, action: Action) -> Result<&'a TicketView, Phrase> {
    let found = draft.case.snapshot.named.get(number);
    let found = found.ok_or_else(|| phrase!("wrong.unknown_number", number))?;
    let (policy, actor) = (draft.policy(), draft.policy().agent(&draft.actor));
    // Whoever may not know of a ticket does not learn that there is one.
    if !actor.is_some_and(|agent| policy.may_see(agent, found)) {
        return Err(phrase!("wrong.unknown_number", number));
    }
    let secret = |ticket: &TicketView| ticket.category.clone().filter(|_| policy.is_confidential(ticket));
    if secret(found) != secret(&draft.ticket) {
        return Err(phrase!("wrong.confidential_apart", number));
    }
    if found.id == draft.ticket.id {
        return Err(phrase!("wrong.same_ticket", number));
    }
    permitted(draft, found, action).map_err(|why| phrase!("wrong.of_ticket", number, why))?;
    Ok(found)
}

/// Whether the writer may do that to another ticket.
pub(in crate::ticket::decide) fn permitted(
    draft: &Draft<'_>,
    ticket: &TicketView,
    action: Action,
) -> Result<(), Phrase> {
    let policy = draft.policy();
    let agent = policy.agent(&draft.actor).ok_or(Denied::Role);
    agent.and_then(|agent| may(agent, action, ticket, policy)).map_err(|why| denied(why, ticket))
}

/// `#link`: the two refer to each other.
pub(in crate::ticket::decide) fn link(draft: &mut Draft<'_>, number: &str) -> Result<(), Phrase> {
    let other = find_named(draft, number, Action::Qualify)?;
    let own = draft.ticket.number.clone();
    if !draft.ticket.related.contains(&other.number) {
        draft.ticket.related.push(other.number.clone());
    }
    let actor = draft.actor.clone();
    let change = draft.other(other);
    if !change.ticket.related.contains(&own) {
        change.ticket.related.push(own.clone());
    }
    change.events.push(crate::ticket::Event::by(&actor, "linked", format!("linked with {own}")));
    draft.event("linked", format!("linked with {number}"));
    draft.done.push(phrase!("done.linked", number));
    Ok(())
}

/// `#parent`: part of another ticket, or of none.
pub(in crate::ticket::decide) fn parent(draft: &mut Draft<'_>, number: Option<&String>) -> Result<(), Phrase> {
    let Some(number) = number else {
        draft.ticket.parent = None;
        untie(draft);
        draft.event("parent", "part of no other ticket any more");
        draft.done.push(phrase!("done.no_parent"));
        return Ok(());
    };
    let other = find_named(draft, number, Action::Arrange)?;
    let own_parts = draft.case.snapshot.related.values().any(|t| t.parent == Some(draft.ticket.id));
    if other.parent.is_some() {
        return Err(phrase!("wrong.parent_is_part", number));
    }
    if own_parts {
        return Err(phrase!("wrong.part_has_parts"));
    }
    if other.status.is_done() {
        return Err(phrase!("wrong.parent_is_done", number));
    }
    untie(draft);
    draft.ticket.parent = Some(other.id);
    draft.ticket.ties.parent = Some(other.number.clone());
    let (own, actor) = (draft.ticket.number.clone(), draft.actor.clone());
    let parent = draft.other(other);
    parent.ticket.ties.parts.push(own.clone());
    // Whoever found out that the two are one hears when it is over.
    parent.ticket.followers.insert(actor.clone());
    draft.other(other).events.push(crate::ticket::Event::by(&actor, "parent", format!("{own} is part of it")));
    draft.event("parent", format!("part of {number}"));
    draft.done.push(phrase!("done.parent", number));
    Ok(())
}

/// The ticket it was part of has it no more.
fn untie(draft: &mut Draft<'_>) {
    let Some(was) = draft.ticket.ties.parent.take() else { return };
    let own = draft.ticket.number.clone();
    let related = &draft.case.snapshot.related;
    if let Some(parent) = related.values().find(|ticket| ticket.number == was) {
        draft.other(parent).ticket.ties.parts.retain(|part| *part != own);
    }
}

/// `#merge`: this ticket goes into another, and with it its people and later emails.
pub(in crate::ticket::decide) fn merge(draft: &mut Draft<'_>, number: &str) -> Result<(), Phrase> {
    let other = find_named(draft, number, Action::Arrange)?;
    if other.status == crate::ticket::Status::Closed {
        return Err(phrase!("wrong.merge_closed", number));
    }
    draft.go(crate::ticket::life::Move::Merge)?;
    draft.ticket.merged_into = Some(other.id);
    draft.ticket.ties.merged_into = Some(other.number.clone());
    let (own, actor, people) = (draft.ticket.number.clone(), draft.actor.clone(), draft.ticket.participants.clone());
    let requester = draft.ticket.requester.address.clone();
    let most = draft.policy().life.participants;
    let vendors = draft.ticket.vendors.clone();
    let change = draft.other(other);
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
    if !change.ticket.related.contains(&own) {
        change.ticket.related.push(own.clone());
    }
    // What was said to one is not repeated to all.
    change.ticket.last_answer.text.clear();
    change.events.push(crate::ticket::Event::by(&actor, "merged", format!("{own} was merged into it")));
    if !draft.ticket.related.contains(&other.number) {
        draft.ticket.related.push(other.number.clone());
    }
    draft.event("merged", format!("merged into {number}"));
    draft.done.push(phrase!("done.merged", number));
    draft.tell(NotificationKind::Closed);
    draft.told.push(phrase!("told.merged", number));
    Ok(())
}

/// `#broadcast`: the requesters of all parts of this ticket, or the people of an audience.
pub(in crate::ticket::decide) fn broadcast(
    draft: &mut Draft<'_>,
    addresses: &[String],
    message: &MessageDraft,
) -> Result<(), Phrase> {
    let parts: Vec<&TicketView> = draft
        .case
        .snapshot
        .related
        .values()
        .filter(|t| t.parent == Some(draft.ticket.id) && !t.status.is_done())
        .collect();
    if addresses.is_empty() && parts.is_empty() {
        return Err(phrase!("wrong.no_parts"));
    }
    let most = draft.policy().life.recipients;
    let wanted = if addresses.is_empty() { parts.len() } else { addresses.len() };
    if wanted > most {
        return Err(phrase!("wrong.too_many_recipients", wanted, most));
    }
    let mut count = 0_usize;
    if addresses.is_empty() {
        for part in parts {
            permitted(draft, part, Action::Broadcast)?;
            count += 1;
            let actor = draft.actor.clone();
            let change = draft.other(part);
            change.ticket.status = after(part.status, Move::Answer).unwrap_or(part.status);
            change.message = MessageDraft { message_id: String::new(), ..message.clone() };
            change.keep = true;
            change.events.push(crate::ticket::Event::by(&actor, "broadcast", "a message to all who are concerned"));
            change.notifications.push(Notification::new(NotificationKind::Answer, part.requester.clone()));
        }
    } else {
        let language = draft.ticket.requester.language.clone();
        for address in addresses {
            count += 1;
            let to =
                crate::ticket::Person { address: address.clone(), name: String::new(), language: language.clone() };
            draft.notifications.push(Notification::new(NotificationKind::Bulletin, to));
        }
    }
    draft.event("broadcast", format!("to {count} more people"));
    draft.done.push(phrase!("done.broadcast", count));
    Ok(())
}
