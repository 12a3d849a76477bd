//! Deciding: from the inbox to tickets and letters.
//!
//! Mails are read and decided in groups, one commit a group: verdicts, tickets, events and letters
//! together (invariant 3). A group that fails is decided mail by mail; a mail that fails alone is
//! held, and the others go on. A mail that ends the process itself is found by its attempts, which
//! are counted before it is read.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::clock::Millis;
use crate::letter::{OutgoingMail, Parcel, compose};
use crate::mail::{self, File};
use crate::settings::Settings;
use crate::store::{Durability, Judgement, StoreError, Tx, Waiting};
use crate::ticket::{
    Candidate, Caps, Decision, Event, Intake, Joining, LetterOrder, MessageDraft, Opening, ReplyTo, Secret, Signal,
    Snapshot, TicketView, Verdict, decide, read, suppress,
};

use super::Desk;

/// A mail that was tried this often is no longer decided together with others.
const ALONE_FROM: i64 = 2;

/// Decides every mail that waits. Gives how many.
///
/// # Errors
/// [`StoreError`] when the store itself fails; nothing is half done then.
pub async fn drain(desk: &Desk) -> Result<usize, StoreError> {
    let mut count = 0;
    loop {
        let settings = desk.settings.load_full();
        let (mails, bytes) = (settings.batch.mails, settings.batch.bytes);
        let limit = i64::try_from(mails).unwrap_or(50);
        let waiting = desk.store.waiting(limit, i64::try_from(bytes).unwrap_or(i64::MAX)).await?;
        if waiting.is_empty() {
            return Ok(count);
        }
        count += waiting.len();
        group(desk, &settings, waiting).await?;
        desk.outbox_bell.notify_one();
    }
}

async fn group(desk: &Desk, settings: &Arc<Settings>, waiting: Vec<Waiting>) -> Result<(), StoreError> {
    if waiting.iter().any(|w| w.attempts >= ALONE_FROM) {
        for mail in waiting {
            alone(desk, settings, mail).await?;
        }
        return Ok(());
    }
    let work = Work::new(desk, settings).await?;
    count_attempt(desk, &waiting).await?;
    let read = read_all(desk, settings, waiting).await;
    match work.commit(&read).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_transient() => Err(error),
        Err(error) => {
            tracing::warn!(%error, mails = read.len(), "a group could not be decided; each mail is tried alone");
            for one in &read {
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
    let mails = vec![mail];
    count_attempt(desk, &mails).await?;
    for one in &read_all(desk, settings, mails).await {
        work.commit_or_hold(one).await?;
    }
    Ok(())
}

async fn count_attempt(desk: &Desk, waiting: &[Waiting]) -> Result<(), StoreError> {
    if let (Some(first), Some(last)) = (waiting.first(), waiting.last()) {
        let mut tx = desk.store.begin(Durability::Relaxed).await?;
        tx.count_attempt(first.id, last.id).await?;
        tx.commit().await?;
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
        Ok(Box::new(read(parsed, &mail.mailbox, policy, secret)))
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
        let mut tx = self.desk.store.begin(Durability::Full).await?;
        for one in group {
            self.decide_one(&mut tx, one).await?;
        }
        tx.commit().await
    }

    async fn commit_or_hold(&self, one: &Read) -> Result<(), StoreError> {
        let Err(error) = self.commit(std::slice::from_ref(one)).await else { return Ok(()) };
        match error {
            StoreError::AlreadyDecided(_) => return Ok(()),
            error if error.is_transient() => return Err(error),
            error => tracing::error!(%error, inbox_id = one.mail.id, "a mail could not be decided and is held"),
        }
        let mut tx = self.desk.store.begin(Durability::Full).await?;
        let judgement =
            judgement(one, Verdict::Held, "the database refused what it asks for; see the log".to_owned(), 0);
        tx.judge(one.mail.id, &judgement, self.now).await?;
        tx.commit().await
    }

    async fn decide_one(&self, tx: &mut Tx, one: &Read) -> Result<(), StoreError> {
        let (verdict, reason, ticket) = match &one.intake {
            Err(reason) => (Verdict::Held, reason.clone(), 0),
            Ok(intake) => self.carry_out(tx, one, intake).await?,
        };
        tracing::info!(inbox_id = one.mail.id, verdict = verdict.as_str(), ticket_id = ticket, "mail decided");
        tx.judge(one.mail.id, &judgement(one, verdict, reason, ticket), self.now).await
    }

    async fn carry_out(&self, tx: &mut Tx, one: &Read, intake: &Intake) -> Result<(Verdict, String, i64), StoreError> {
        let snapshot = look_up(tx, intake).await?;
        match decide(intake, &snapshot, &self.settings.policy, &self.desk.secret) {
            Decision::Open(opening) => self.open(tx, &one.mail, &opening).await,
            Decision::Join(joining) => self.join(tx, &one.mail, &joining).await,
            Decision::Hold(reason) => Ok((Verdict::Held, reason, 0)),
            Decision::Ignore(reason) => Ok((Verdict::Ignored, reason, 0)),
            Decision::Probed(queue) => {
                tx.note_plus_works(&queue).await?;
                Ok((Verdict::Ignored, format!("the probe of queue {queue} came back: sub-addresses work"), 0))
            }
        }
    }

    async fn open(&self, tx: &mut Tx, mail: &Waiting, opening: &Opening) -> Result<(Verdict, String, i64), StoreError> {
        let ticket = tx.open_ticket(mail.id, opening, self.now).await?;
        self.write(tx, mail, &ticket, &opening.message, &opening.letters).await?;
        Ok((Verdict::Opened, opening.reason.clone(), ticket.id))
    }

    async fn join(&self, tx: &mut Tx, mail: &Waiting, joining: &Joining) -> Result<(Verdict, String, i64), StoreError> {
        tx.join_ticket(mail.id, joining, self.now).await?;
        let ticket = TicketView { status: joining.status, ..joining.ticket.clone() };
        self.write(tx, mail, &ticket, &joining.message, &joining.letters).await?;
        Ok((Verdict::Joined, joining.reason.clone(), ticket.id))
    }

    /// Writes the letters of a decision. One that is over its cap, or cannot be written, becomes an event.
    async fn write(
        &self,
        tx: &mut Tx,
        mail: &Waiting,
        ticket: &TicketView,
        message: &MessageDraft,
        orders: &[LetterOrder],
    ) -> Result<(), StoreError> {
        if orders.is_empty() {
            return Ok(());
        }
        let files = mail::files(&mail.bytes, &message.attachments);
        let mut events = Vec::new();
        for order in orders {
            let recent = tx.recent_letters(&order.to.address, self.now - Caps::WINDOW).await?;
            if let Some(reason) = suppress(order.kind, recent, &self.settings.policy.caps) {
                events.push(Event::own("suppressed", format!("{reason} ({})", order.to.address)));
                continue;
            }
            match self.compose(mail, ticket, message, &files, order) {
                Ok(letter) => {
                    tx.queue_letter(ticket.id, &letter, self.now).await?;
                }
                Err(reason) => events.push(Event::own(
                    "unwritten",
                    format!("{} to {}: {reason}", order.kind.as_str(), order.to.address),
                )),
            }
        }
        tx.add_events(ticket.id, events.iter(), self.now).await
    }

    fn compose(
        &self,
        mail: &Waiting,
        ticket: &TicketView,
        message: &MessageDraft,
        files: &[File],
        order: &LetterOrder,
    ) -> Result<OutgoingMail, String> {
        let parcel = Parcel {
            order,
            ticket,
            message,
            files,
            file_bytes: self.settings.letter_file_bytes,
            once_key: format!("{}:{}:{}", mail.id, order.kind.as_str(), order.to.address),
            plus_works: self.plus_works.get(&ticket.queue).copied().unwrap_or(false),
            now: self.now,
        };
        compose(&parcel, &self.settings.templates, &self.settings.policy, &self.desk.secret).map_err(|e| e.to_string())
    }
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

/// Follows the mail's signals to tickets, the first that leads anywhere of each sort.
async fn look_up(tx: &mut Tx, intake: &Intake) -> Result<Snapshot, StoreError> {
    let mut snapshot = Snapshot::default();
    for signal in &intake.signals {
        // Signed ones need proof, so a forged one must not hide a good one behind it.
        let signed = matches!(signal, Signal::ReplyAddress(_) | Signal::SignedId(_));
        let sort = signal.describe();
        if !signed && snapshot.candidates.iter().any(|c: &Candidate| c.signal.describe() == sort) {
            continue;
        }
        let id = match signal {
            Signal::ReplyAddress(token) | Signal::SignedId(token) => Some(token.ticket),
            Signal::StoredId { id, .. } => tx.ticket_of_message(id).await?,
            Signal::Number(number) => tx.ticket_of_number(number).await?,
        };
        let Some(id) = id else { continue };
        let known = snapshot.candidates.iter().find(|c| c.ticket.id == id).map(|c| c.ticket.clone());
        let ticket = match known {
            Some(ticket) => Some(ticket),
            None => tx.ticket_view(id).await?,
        };
        if let Some(ticket) = ticket {
            snapshot.candidates.push(Candidate { signal: signal.clone(), ticket });
        }
    }
    Ok(snapshot)
}
