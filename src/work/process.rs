//! Deciding: from the inbox to tickets and letters.
//!
//! Mails are read and decided in groups, one commit a group: verdicts, tickets, events and letters
//! together (invariant 3); the next group is read while one is written. A group that fails is
//! decided mail by mail; a mail that fails alone is held, and the others go on. After a life of
//! the program that ended badly the oldest mails are taken one by one, each attempt counted
//! before the mail is read, so that one that ends the process itself is found and held.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::clock::{HOUR, Millis};
use crate::letter::{OutgoingMail, Parcel, compose};
use crate::mail;
use crate::settings::Settings;
use crate::store::{Durability, Judgement, StoreError, Unit, Waiting, Wanted, image_key};
use crate::ticket::{
    Candidate, Copying, Decision, Event, Holding, Intake, Joining, LetterKind, LetterOrder, MessageDraft, Opening,
    ReplyTo, Secret, Signal, Snapshot, TicketView, Undelivered, Verdict, decide, held_number, read, suppress,
    undelivered_orders,
};

use super::Desk;

const DAY: Millis = 24 * HOUR;

/// Decides every mail that waits. Gives how many.
///
/// # Errors
/// [`StoreError`] when the store itself fails; nothing is half done then.
pub async fn drain(desk: &Desk) -> Result<usize, StoreError> {
    let settings = desk.settings.load_full();
    let mut count = suspects(desk, &settings).await?;
    // A mail that is let in stands before those already seen.
    loop {
        count += pass(desk, &settings).await?;
        if !desk.released.swap(false, Ordering::SeqCst) {
            return Ok(count);
        }
    }
}

/// Decides the mails that wait, from the oldest to the newest.
async fn pass(desk: &Desk, settings: &Arc<Settings>) -> Result<usize, StoreError> {
    let mut count = 0;
    let mut group = next_group(desk, settings, 0).await?;
    while let Some(last) = group.last().map(|one| one.mail.id) {
        count += group.len();
        let (ahead, done) = tokio::join!(next_group(desk, settings, last), decide_group(desk, settings, &group));
        done?;
        desk.outbox_bell.notify_one();
        group = ahead?;
    }
    Ok(count)
}

/// Takes the mails one by one that may have ended the last life of this program.
async fn suspects(desk: &Desk, settings: &Arc<Settings>) -> Result<usize, StoreError> {
    let suspects = desk.suspects.load(Ordering::SeqCst);
    if suspects == 0 {
        return Ok(0);
    }
    let mut after = 0;
    for count in 0..suspects {
        let Some(mail) = desk.store.waiting(after, 1, 0).await?.pop() else {
            desk.suspects.store(0, Ordering::SeqCst);
            return Ok(count);
        };
        after = mail.id;
        alone(desk, settings, mail).await?;
        desk.outbox_bell.notify_one();
    }
    desk.suspects.store(0, Ordering::SeqCst);
    Ok(suspects)
}

async fn next_group(desk: &Desk, settings: &Arc<Settings>, after: i64) -> Result<Vec<Read>, StoreError> {
    let count = i64::try_from(settings.batch.mails).unwrap_or(i64::MAX);
    let bytes = i64::try_from(settings.batch.bytes).unwrap_or(i64::MAX);
    let waiting = desk.store.waiting(after, count, bytes).await?;
    Ok(read_all(desk, settings, waiting).await)
}

async fn decide_group(desk: &Desk, settings: &Arc<Settings>, group: &[Read]) -> Result<(), StoreError> {
    let work = Work::new(desk, settings).await?;
    match work.commit(group).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_transient() => Err(error),
        Err(error) => {
            tracing::warn!(%error, mails = group.len(), "a group could not be decided; each mail is tried alone");
            for one in group {
                work.commit_or_hold(one).await?;
            }
            Ok(())
        }
    }
}

async fn alone(desk: &Desk, settings: &Arc<Settings>, mail: Waiting) -> Result<(), StoreError> {
    let work = Work::new(desk, settings).await?;
    if mail.attempts >= settings.mail_attempts {
        let reason = format!("{} attempts to decide it were broken off by the end of the program", mail.attempts);
        let one = Read { mail, intake: Err(reason) };
        return work.commit_or_hold(&one).await;
    }
    let mut tx = desk.store.begin(Durability::Relaxed).await?;
    tx.count_attempt(mail.id).await?;
    tx.commit().await?;
    for one in &read_all(desk, settings, vec![mail]).await {
        work.commit_or_hold(one).await?;
    }
    Ok(())
}

/// A mail and what was made of it, or why nothing was.
struct Read {
    mail: Waiting,
    intake: Result<Box<Intake>, String>,
}

/// Parsing takes processor time, so it is done away from the tasks that wait for the network.
async fn read_all(desk: &Desk, settings: &Arc<Settings>, waiting: Vec<Waiting>) -> Vec<Read> {
    let (settings, secret) = (Arc::clone(settings), desk.secret.clone());
    let work = move || waiting.into_iter().map(|mail| read_one(mail, &settings, &secret)).collect();
    // The closure catches panics itself, so the join cannot fail but at the end of the program.
    tokio::task::spawn_blocking(work).await.unwrap_or_default()
}

fn read_one(mail: Waiting, settings: &Settings, secret: &Secret) -> Read {
    let policy = &settings.policy;
    let work = || {
        let parsed = mail::parse(&mail.bytes, &policy.limits).map_err(|e| e.to_string())?;
        let mut intake = read(parsed, &mail.mailbox, policy, secret);
        intake.released = mail.released;
        Ok(Box::new(intake))
    };
    let intake = catch_unwind(AssertUnwindSafe(work));
    let intake = intake.unwrap_or_else(|_| Err("the mail reader failed on it, which is a bug of guichet".to_owned()));
    Read { mail, intake }
}

/// What deciding needs besides the mails themselves.
struct Work<'a> {
    desk: &'a Desk,
    settings: &'a Settings,
    plus_works: BTreeMap<String, bool>,
    now: Millis,
}

impl<'a> Work<'a> {
    async fn new(desk: &'a Desk, settings: &'a Settings) -> Result<Self, StoreError> {
        let mut plus_works = BTreeMap::new();
        for queue in settings.policy.queues.values().filter(|q| q.reply_to == ReplyTo::Auto) {
            plus_works.insert(queue.name.clone(), desk.store.plus_works(&queue.name).await?);
        }
        Ok(Self { desk, settings, plus_works, now: desk.clock.now() })
    }

    async fn commit(&self, group: &[Read]) -> Result<(), StoreError> {
        let mut unit = Unit::load(&self.desk.store, self.wanted(group), self.now).await?;
        let mut drafts = Vec::new();
        for one in group {
            self.decide_one(&mut unit, one, &mut drafts)?;
        }
        // The database writes on its own thread while the letters are composed on this one.
        let writing = tokio::spawn(async move { unit.write().await.map(|()| unit) });
        let letters: Vec<_> = drafts.iter().map(|draft| (draft, self.compose(draft))).collect();
        let mut unit = writing.await.map_err(|_| StoreError::Interrupted)??;
        for (draft, letter) in letters {
            match letter {
                Ok(letter) => unit.queue_letter(draft.ticket.id, letter),
                Err(reason) => unit.add_event(draft.ticket.id, Event::own("unwritten", reason)),
            }
        }
        unit.commit().await
    }

    async fn commit_or_hold(&self, one: &Read) -> Result<(), StoreError> {
        let Err(error) = self.commit(std::slice::from_ref(one)).await else { return Ok(()) };
        match error {
            StoreError::AlreadyDecided(_) => return Ok(()),
            error if error.is_transient() => return Err(error),
            error => tracing::error!(%error, inbox_id = one.mail.id, "a mail could not be decided and is held"),
        }
        let mut unit = Unit::load(&self.desk.store, Wanted::default(), self.now).await?;
        let reason = "the database refused what it asks for; see the log".to_owned();
        unit.judge(one.mail.id, judgement(one, Verdict::Held, reason, 0));
        unit.commit().await
    }

    /// Everything the decisions of a group may ask for.
    fn wanted(&self, group: &[Read]) -> Wanted {
        let mut wanted = Wanted::default();
        for intake in group.iter().filter_map(|one| one.intake.as_ref().ok()) {
            wanted.recipients.insert(intake.sender.clone());
            let queues = intake.queue.iter().chain(&intake.also_queues);
            let queues = queues.filter_map(|name| self.settings.policy.queues.get(name));
            wanted.prefixes.extend(queues.map(|q| q.prefix.clone()));
            wanted.own_ids.extend(intake.mail.message_id.clone());
            let forwarded = intake.mail.forwarded.as_ref().filter(|_| intake.agent.is_some());
            wanted.recipients.extend(forwarded.map(|f| f.from.key()));
            wanted.images.extend(images(intake, forwarded));
            for signal in &intake.signals {
                match signal {
                    Signal::ReplyAddress(token) | Signal::SignedId(token) => wanted.tickets.insert(token.ticket),
                    Signal::StoredId { id, .. } => wanted.message_ids.insert(id.clone()),
                    Signal::Number(number) => wanted.numbers.insert(number.clone()),
                };
            }
        }
        wanted.agents.extend(self.settings.policy.agents.values().map(|a| a.address.clone()));
        wanted
    }

    fn decide_one<'g>(&self, unit: &mut Unit, one: &'g Read, drafts: &mut Vec<Draft<'g>>) -> Result<(), StoreError> {
        let (verdict, reason, ticket) = match &one.intake {
            Err(reason) => (Verdict::Held, reason.clone(), 0),
            Ok(intake) => self.carry_out(unit, one, intake, drafts)?,
        };
        tracing::info!(inbox_id = one.mail.id, verdict = verdict.as_str(), ticket_id = ticket, "mail decided");
        unit.judge(one.mail.id, judgement(one, verdict, reason, ticket));
        Ok(())
    }

    fn carry_out<'g>(
        &self,
        unit: &mut Unit,
        one: &'g Read,
        intake: &Intake,
        drafts: &mut Vec<Draft<'g>>,
    ) -> Result<(Verdict, String, i64), StoreError> {
        let snapshot = look_up(unit, intake);
        match decide(intake, &snapshot, &self.settings.policy, &self.desk.secret) {
            Decision::Open(openings) => self.open(unit, &one.mail, openings, drafts),
            Decision::Join(joining) => Ok(self.join(unit, &one.mail, *joining, drafts)),
            Decision::Copy(copying) => {
                let Copying { ticket, message, events, letters, reason } = *copying;
                let id = ticket.id;
                events.into_iter().for_each(|event| unit.add_event(id, event));
                self.draft(unit, &one.mail, ticket, message, letters, drafts);
                Ok((Verdict::Joined, reason, id))
            }
            Decision::Hold(reason) => Ok((Verdict::Held, reason, 0)),
            Decision::Tell(holding) => {
                let Holding { reason, mut stand_in, message, letters } = *holding;
                stand_in.id = held_number(one.mail.id);
                self.draft(unit, &one.mail, stand_in, message, letters, drafts);
                Ok((Verdict::Held, reason, 0))
            }
            Decision::Judge { held, admit, by } => {
                let what = if admit { "let in" } else { "refused" };
                unit.judge_held(held, admit, format!("{what} by {by}"));
                self.desk.released.store(admit || self.desk.released.load(Ordering::SeqCst), Ordering::SeqCst);
                Ok((Verdict::Command, format!("held mail {held} {what}"), 0))
            }
            Decision::Ignore(reason) => Ok((Verdict::Ignored, reason, 0)),
            Decision::Probed(queue) => {
                unit.note_plus_works(&queue);
                Ok((Verdict::Ignored, format!("the probe of queue {queue} came back: sub-addresses work"), 0))
            }
        }
    }

    /// Opens a ticket in each queue the decision names; the first is the one the verdict is about.
    fn open<'g>(
        &self,
        unit: &mut Unit,
        mail: &'g Waiting,
        openings: Vec<Opening>,
        drafts: &mut Vec<Draft<'g>>,
    ) -> Result<(Verdict, String, i64), StoreError> {
        let mut verdict = (Verdict::Opened, String::new(), 0);
        let mut first: Option<TicketView> = None;
        let mut pictures = openings.first().map(|o| o.message.attachments.clone()).unwrap_or_default();
        if let Some(opening) = openings.first() {
            unit.note_images(&opening.requester.address, &mut pictures);
        }
        for mut opening in openings {
            opening.message.attachments.clone_from(&pictures);
            let ticket = unit.open_ticket(mail.id, &opening)?;
            match &first {
                None => {
                    verdict = (Verdict::Opened, opening.reason, ticket.id);
                    first = Some(ticket.clone());
                }
                Some(first) => {
                    unit.add_event(first.id, Event::own("related", format!("the same mail opened {}", ticket.number)));
                    unit.add_event(ticket.id, Event::own("related", format!("the same mail opened {}", first.number)));
                }
            }
            self.draft(unit, mail, ticket, opening.message, opening.letters, drafts);
        }
        Ok(verdict)
    }

    fn join<'g>(
        &self,
        unit: &mut Unit,
        mail: &'g Waiting,
        mut joining: Joining,
        drafts: &mut Vec<Draft<'g>>,
    ) -> (Verdict, String, i64) {
        if !joining.message.from_agent {
            unit.note_images(&joining.message.sender, &mut joining.message.attachments);
        }
        let ticket = unit.join_ticket(mail.id, &joining);
        if let Some(failure) = joining.undelivered.as_ref().filter(|f| f.lasting) {
            let until = self.now + self.settings.policy.undeliverable_for;
            if !unit.block(ticket.id, failure, until) {
                // Its people know already.
                joining.letters.clear();
            }
        }
        let (id, reason) = (ticket.id, joining.reason);
        self.draft(unit, mail, ticket, joining.message, joining.letters, drafts);
        (Verdict::Joined, reason, id)
    }

    /// Drafts the letters of a decision. One that is over its cap, or whose address refuses letters,
    /// becomes an event; an answer that cannot leave is told to the queue's people.
    fn draft<'g>(
        &self,
        unit: &mut Unit,
        mail: &'g Waiting,
        ticket: TicketView,
        message: MessageDraft,
        mut orders: Vec<LetterOrder>,
        drafts: &mut Vec<Draft<'g>>,
    ) {
        let policy = &self.settings.policy;
        let (ticket, message) = (Arc::new(ticket), Arc::new(message));
        let refused = |unit: &Unit, order: &LetterOrder| {
            let block = unit.blocked(&order.to.address).filter(|_| !order.kind.is_internal())?;
            Some(Undelivered {
                address: block.address.clone(),
                status: block.status.clone(),
                reason: block.reason.clone(),
                lasting: true,
            })
        };
        let unsent = orders.iter().filter(|o| o.kind == LetterKind::Answer).find_map(|o| refused(unit, o));
        orders.extend(unsent.iter().flat_map(|failure| undelivered_orders(failure, &ticket.queue, policy)));
        for order in orders {
            let to = &order.to.address;
            if let Some(failure) = refused(unit, &order) {
                let words = format!("{} {}", failure.status, failure.reason);
                let text = format!("{} not sent: {to} refused a letter ({})", order.kind.as_str(), words.trim());
                unit.add_event(ticket.id, Event::own("suppressed", text));
                continue;
            }
            if let Some(reason) = suppress(order.kind, ticket.id, &unit.recent_letters(to), &policy.caps) {
                unit.add_event(ticket.id, Event::own("suppressed", format!("{reason} ({to})")));
                continue;
            }
            unit.count_letter(to, ticket.id);
            drafts.push(Draft { mail, ticket: Arc::clone(&ticket), message: Arc::clone(&message), order });
        }
    }

    fn compose(&self, draft: &Draft<'_>) -> Result<OutgoingMail, String> {
        let Draft { mail, ticket, message, order } = draft;
        let carries =
            !order.kind.is_automatic_reply() && !matches!(order.kind, LetterKind::Undelivered | LetterKind::NotDone);
        let files = if carries { mail::files(&mail.bytes, &enclosable(message, order.kind)) } else { Vec::new() };
        let parcel = Parcel {
            order,
            ticket,
            message,
            files: &files,
            file_bytes: self.settings.letter_file_bytes,
            once_key: once_key(mail.id, ticket, order, self.now),
            plus_works: self.plus_works.get(&ticket.queue).copied().unwrap_or(false),
            now: self.now,
        };
        let letter = compose(&parcel, &self.settings.templates, &self.settings.policy, &self.desk.secret);
        letter.map_err(|e| format!("{} to {}: {e}", order.kind.as_str(), order.to.address))
    }
}

/// A letter that is decided and not yet written.
struct Draft<'g> {
    mail: &'g Waiting,
    ticket: Arc<TicketView>,
    message: Arc<MessageDraft>,
    order: LetterOrder,
}

fn judgement(one: &Read, verdict: Verdict, reason: String, ticket_id: i64) -> Judgement {
    let mail = one.intake.as_ref().ok();
    Judgement {
        verdict,
        reason,
        ticket_id,
        message_id: mail.and_then(|i| i.mail.message_id.clone()).unwrap_or_default(),
        sender: mail.map(|i| i.sender.clone()).unwrap_or_default(),
        subject: mail.map(|i| i.mail.subject.clone()).unwrap_or_default(),
    }
}

/// What makes a letter unique (invariant 4). That a letter did not arrive is told once an address and
/// ticket, however many reports come.
fn once_key(mail: i64, ticket: &TicketView, order: &LetterOrder, now: Millis) -> String {
    let (kind, to) = (order.kind.as_str(), &order.to.address);
    match order.undelivered.as_ref().filter(|f| !f.lasting) {
        Some(failure) => format!("ticket-{}:{kind}:{}:{to}", ticket.id, failure.address),
        // Who may not write here is told once a day.
        None if order.kind == LetterKind::Refusal => format!("{}:{kind}:{to}:{}", ticket.queue, now / DAY),
        // Of a new ticket everybody hears once, whatever way its mail took.
        None if order.kind == LetterKind::NewTicket => format!("ticket-{}:{kind}:{to}", ticket.id),
        // A mail to several queues may open several tickets.
        None => format!("{mail}:{kind}:{to}:{}", ticket.number),
    }
}

/// Pictures inside a mail, as they are remembered.
fn images(intake: &Intake, forwarded: Option<&mail::Forwarded>) -> Vec<String> {
    let own = intake.mail.attachments.iter().map(|a| (intake.sender.clone(), a));
    let passed = forwarded.into_iter().flat_map(|f| {
        let files = f.attachments.as_ref().unwrap_or(&intake.mail.attachments);
        files.iter().map(|a| (f.from.key(), a))
    });
    let inside = own.chain(passed).filter(|(_, a)| a.role == mail::FileRole::Inline);
    inside.map(|(sender, a)| image_key(&sender, &a.sha256)).collect()
}

/// The files a letter may carry: no logos, and to requesters nothing that may hold more than the agent
/// meant to send.
fn enclosable(message: &MessageDraft, kind: LetterKind) -> Vec<mail::Attachment> {
    let fit =
        |a: &&mail::Attachment| a.role != mail::FileRole::Logo && (kind.is_internal() || a.is_fit_for_requesters());
    message.attachments.iter().filter(fit).cloned().collect()
}

/// Follows the mail's signals to tickets, the first that leads anywhere of each sort.
fn look_up(unit: &Unit, intake: &Intake) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let own_id = intake.mail.message_id.as_deref();
    snapshot.copies = own_id.map(|id| unit.tickets_of_copy(id, &intake.mail.content)).unwrap_or_default();
    for signal in &intake.signals {
        // Signed ones need proof, so a forged one must not hide a good one behind it.
        let signed = matches!(signal, Signal::ReplyAddress(_) | Signal::SignedId(_));
        let sort = signal.describe();
        if !signed && snapshot.candidates.iter().any(|c: &Candidate| c.signal.describe() == sort) {
            continue;
        }
        let id = match signal {
            Signal::ReplyAddress(token) | Signal::SignedId(token) => Some(token.ticket),
            Signal::StoredId { id, .. } => unit.ticket_of_message(id),
            Signal::Number(number) => unit.ticket_of_number(number),
        };
        if let Some(ticket) = id.and_then(|id| unit.ticket(id)) {
            snapshot.candidates.push(Candidate { signal: signal.clone(), ticket: ticket.clone() });
        }
    }
    snapshot
}
