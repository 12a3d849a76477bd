//! What the decisions of a group may ask of the store, and what one of them is given.

use std::collections::BTreeMap;

use crate::clock::Millis;
use crate::mail;
use crate::settings::Settings;
use crate::store::{Unit, Wanted, image_key};
use crate::ticket::{
    Candidate, Hit, Intake, Policy, Signal, Snapshot, Status, TicketId, TicketView, Token, numbers_in,
};
use crate::work::commit::Email;

/// Everything the decisions of a group may ask for.
pub(in crate::work) fn collect_wanted(group: &[Email], settings: &Settings) -> Wanted {
    let mut wanted = Wanted::default();
    for intake in group.iter().filter_map(|email| email.intake.as_ref().ok()) {
        of_mail(&mut wanted, intake, &settings.policy);
        if intake.agent.is_some() {
            of_agent(&mut wanted, intake, &settings.policy);
        }
    }
    let policy = &settings.policy;
    wanted.agents.extend(policy.agents.values().map(|a| a.address.clone()));
    wanted.intake = policy.intake;
    let each = policy.queues.len().max(policy.life.commands).saturating_mul(group.len());
    wanted.openings = i64::try_from(each).unwrap_or(i64::MAX);
    wanted
}

fn of_mail(wanted: &mut Wanted, intake: &Intake, policy: &Policy) {
    wanted.recipients.insert(intake.sender.clone());
    wanted.recipients.extend(intake.answer_to.iter().map(mail::Address::key));
    wanted.senders.extend(Some(&intake.sender).filter(|s| !s.is_empty()).cloned());
    // A ticket may be split, or followed by another of its own queue.
    let own = intake.queue.iter().chain(&intake.also_queues);
    wanted.prefixes.extend(own.filter_map(|name| policy.queues.get(name)).map(|q| q.prefix.clone()));
    wanted.own_ids.extend(intake.mail.message_id.clone());
    wanted.alike.extend(Some(&intake.alike).filter(|a| !a.is_empty()).cloned());
    let forwarded = intake.mail.forwarded.as_ref().filter(|_| intake.agent.is_some());
    wanted.recipients.extend(forwarded.map(|f| f.from.key()));
    wanted.images.extend(images(intake, forwarded));
    if intake.agent.is_none() {
        wanted.vendors.insert(intake.sender.clone());
    }
    if intake.resumes() {
        wanted.resuming.insert(intake.sender.clone());
    }
    // What a notification proves depends on who has seen it.
    if needs_proof(intake) {
        wanted.notifications.extend(intake.tokens().flat_map(|token| policy.message_ids(token)));
    }
    wanted.returned.extend(intake.mail.bounce.iter().filter_map(|b| b.original_id.clone()));
    for signal in &intake.signals {
        match signal {
            Signal::ReplyAddress(token) | Signal::SignedId(token) => {
                token.about.ticket().is_some_and(|id| wanted.tickets.insert(id))
            }
            Signal::StoredId { id, .. } | Signal::Alert(id) => wanted.message_ids.insert(id.clone()),
            Signal::Number(number) => wanted.numbers.insert(number.clone()),
            Signal::Operator(id) => wanted.tickets.insert(*id),
            Signal::VendorReference(_) => false,
        };
    }
    wanted.recipients.extend(intake.mail.bounce.iter().flat_map(|b| &b.recipients).map(|a| mail::key(a)));
    if !intake.signals.is_empty() {
        // Whatever the email joins may be closed, and followed by a ticket of its own queue.
        wanted.prefixes.extend(policy.queues.values().map(|q| q.prefix.clone()));
    }
}

/// What commands may reach, and what proves who gives them.
fn of_agent(wanted: &mut Wanted, intake: &Intake, policy: &Policy) {
    wanted.related = true;
    wanted.undoes |= intake.head.undoes(&policy.commands);
    wanted.answered.extend(intake.tokens().flat_map(|token| policy.message_ids(token)));
    let prefixes = || policy.queues.values().map(|q| q.prefix.as_str());
    for line in &intake.head.lines {
        wanted.numbers.extend(numbers_in(line, prefixes()));
        // People a command may write to.
        let words = line.split([' ', ',', ';', '<', '>']).filter(|w| w.contains('@'));
        wanted.recipients.extend(words.map(mail::key));
        wanted.recipients.extend(policy.audiences.values().flatten().cloned());
    }
}

/// Whether more depends on its tokens than which ticket it joins: it is an agent's, reports a notification, or asks for something, or
/// adds people.
fn needs_proof(intake: &Intake) -> bool {
    intake.agent.is_some()
        || intake.mail.bounce.is_some()
        || intake.mail.to.len() + intake.mail.cc.len() > 1
        || !intake.head.lines.is_empty()
}

/// Pictures inside an email, as they are remembered.
fn images(intake: &Intake, forwarded: Option<&mail::Forwarded>) -> Vec<String> {
    let own = intake.mail.attachments.iter().map(|a| (intake.sender.clone(), a));
    let passed = forwarded.into_iter().flat_map(|f| {
        let files = f.attachments.as_ref().unwrap_or(&intake.mail.attachments);
        files.iter().map(|a| (f.from.key(), a))
    });
    let inside = own.chain(passed).filter(|(_, a)| a.role == mail::FileRole::Inline);
    inside.map(|(sender, a)| image_key(&sender, &a.sha256)).collect()
}

/// What one decision is given.
pub(super) fn snapshot(
    unit: &Unit,
    intake: &Intake,
    turn: i64,
    now: Millis,
    hits: Vec<Hit>,
    policy: &Policy,
) -> Snapshot {
    let own_id = intake.mail.message_id.as_deref();
    let mut snapshot = Snapshot {
        copies: own_id.map(|id| unit.tickets_of_copy(id, &intake.mail.content)).unwrap_or_default(),
        candidates: candidates(unit, intake, policy),
        repeated: own_id.is_some_and(|id| unit.is_carried_out(id, &intake.mail.content)),
        now,
        turn,
        hits,
        resumed: if intake.resumes() { resumed(unit, intake) } else { None },
        alike: unit.said_alike(&intake.alike, &intake.sender),
        taken: unit.taken_in(&intake.sender, intake.queue.iter().chain(&intake.also_queues)),
        ..Snapshot::default()
    };
    let returned = intake.mail.bounce.as_ref().and_then(|b| b.original_id.as_deref());
    snapshot.next_answer = returned.and_then(|id| unit.next_answer(id));
    if needs_proof(intake) {
        snapshot.issued = issued(unit, intake, policy);
        let reaches = |token: &&Token| policy.message_ids(token).iter().any(|id| unit.reaches_requester(id));
        snapshot.reaching = intake.tokens().filter(reaches).map(Token::text).collect();
    }
    if intake.agent.is_some() {
        let notifications =
            intake.tokens().flat_map(|token| policy.message_ids(token)).collect::<std::collections::BTreeSet<_>>();
        let texts = notifications.iter().filter_map(|id| mail::parse(unit.notification(id)?, &policy.limits).ok());
        snapshot.answered = texts.map(|notification| notification.text).collect();
        surroundings(&mut snapshot, unit, intake, policy);
    }
    snapshot
}

/// The one open ticket of this sender that has the subject of their email.
fn resumed(unit: &Unit, intake: &Intake) -> Option<String> {
    let title = mail::fold(mail::strip_prefixes(&intake.tagged.title));
    let same = |t: &&TicketView| {
        t.requester.address == intake.sender
            && t.status != Status::Closed
            && Some(&t.queue) == intake.queue.as_ref()
            && mail::fold(&t.title) == title
    };
    let mut found = unit.tickets().filter(same);
    let one = found.next()?;
    found.next().is_none().then(|| one.number.clone())
}

fn issued(unit: &Unit, intake: &Intake, policy: &Policy) -> BTreeMap<String, Millis> {
    let when = |token: &Token| policy.message_ids(token).iter().find_map(|id| unit.issued_at(id));
    intake.tokens().filter_map(|token| Some((token.text(), when(token)?))).collect()
}

/// Tickets that commands may reach from here.
fn surroundings(snapshot: &mut Snapshot, unit: &Unit, intake: &Intake, policy: &Policy) {
    let prefixes = || policy.queues.values().map(|q| q.prefix.as_str());
    for line in &intake.head.lines {
        for number in numbers_in(line, prefixes()) {
            if let Some(ticket) = unit.ticket_of_number(&number).and_then(|id| unit.current(id)) {
                snapshot.named.insert(number, ticket.clone());
            }
        }
    }
    let ids: Vec<TicketId> = snapshot.candidates.iter().map(|c| c.ticket.id).collect();
    let changed: Vec<TicketId> = snapshot
        .candidates
        .iter()
        .filter_map(|c| c.ticket.undo.as_ref())
        .flat_map(|u| &u.before)
        .map(|t| t.id)
        .collect();
    let part = |t: &TicketView| t.parent.is_some_and(|parent| ids.contains(&parent));
    let near = |t: &&TicketView| part(t) || changed.contains(&t.id) || ids.contains(&t.id);
    snapshot.said = ids.iter().flat_map(|id| unit.said(*id)).cloned().collect();
    snapshot.waiting_answers = ids.iter().map(|id| (*id, unit.waiting_answers(*id))).collect();
    snapshot.related = unit.tickets().filter(near).map(|t| (t.id, t.clone())).collect();
    snapshot.original_requests = ids.iter().filter_map(|id| Some((*id, unit.original_request(*id)?.clone()))).collect();
}

/// Follows the email's signals to tickets, the first that leads anywhere of each sort.
fn candidates(unit: &Unit, intake: &Intake, policy: &Policy) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let undoes = intake.agent.is_some() && intake.head.undoes(&policy.commands);
    for signal in &intake.signals {
        // Signed ones need proof, so a forged one must not hide a good one behind it.
        let signed = matches!(signal, Signal::ReplyAddress(_) | Signal::SignedId(_));
        let sort = signal.describe();
        if !signed && found.iter().any(|c| c.signal.describe() == sort) {
            continue;
        }
        let id = match signal {
            Signal::ReplyAddress(token) | Signal::SignedId(token) => token.about.ticket(),
            Signal::StoredId { id, .. } | Signal::Alert(id) => unit.ticket_of_message(id),
            Signal::Number(number) => unit.ticket_of_number(number),
            Signal::Operator(id) => Some(*id),
            Signal::VendorReference(_) => None,
        };
        // What is taken back is taken back where it was done, even from a ticket that went into another.
        let at = |id| if undoes { unit.ticket(id) } else { unit.current(id) };
        if let Some(ticket) = id.and_then(at) {
            found.push(Candidate { signal: signal.clone(), ticket: ticket.clone() });
        }
    }
    found.extend(of_vendor(unit, intake));
    found
}

/// The vendor's own number in the subject leads to their ticket.
fn of_vendor(unit: &Unit, intake: &Intake) -> Option<Candidate> {
    let subject = &intake.mail.subject;
    let theirs = unit.tickets().filter(|t| t.vendors.contains(&intake.sender));
    let named =
        theirs.filter_map(|t| Some((t, t.vendor_reference.as_ref().filter(|number| subject.contains(*number))?)));
    let (ticket, number) = { named }.next()?;
    Some(Candidate { signal: Signal::VendorReference(number.clone()), ticket: ticket.clone() })
}
