//! Sending: from the outbox to the SMTP server.
//!
//! The attempt is counted and the lease taken before SMTP (invariant 5). That a letter left is
//! noted before the next one is sent, so that the end of this process at any moment can double
//! one letter at most. On SQLite, where every transaction takes the one writer's place, the note
//! goes to a file and the store learns of a whole batch at once. On PostgreSQL each note is a
//! commit of its own as well. Neither waits for the disk: only the commit at the end of a batch does, so a power cut
//! can double the letters of one batch. A PostgreSQL server that was ended at once, or failed over, may have forgotten
//! the notes of a batch: it is told again from memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::clock::{MINUTE, Millis};
use crate::edge::backoff::chance;
use crate::edge::notes::Notes;
use crate::edge::smtp::{Smtp, SmtpTrouble};
use crate::letter::lighten;
use crate::settings::Settings;
use crate::store::{Due, Durability, Engine, Failure, Settlement, StoreError};
use crate::ticket::LetterKind;
use crate::trouble::{Trouble, after_refusal, millis};

use super::presence::Claims;
use super::{Desk, beside, point, sign_in, undelivered};

/// Letters claimed by one commit.
const BATCH: i64 = 50;
/// Bytes of letters held in memory at once; one larger letter is held alone.
const BYTES: i64 = 1024 * 1024;
/// How long a claimed letter belongs to this instance: the half of it, after which nothing new is begun, and one letter whose
/// last answer takes as long as it may ([`AFTER_THE_DOT`](crate::edge::smtp::AFTER_THE_DOT)).
const LEASE: Millis = 30 * MINUTE;
/// Failed letters of which people are notified before more are sent.
const TOLD: i64 = 50;

/// Sends letters: holds the connection and the notes.
#[derive(Debug)]
pub struct Sender {
    smtp: Smtp,
    /// What the connection was made from.
    settings: Arc<Settings>,
    notes: Notes,
    /// Whether the store knows all that is noted, and nothing is claimed.
    settled: bool,
    /// Letters whose MAIL command was refused, and whether the server has taken another since.
    at_mail: BTreeMap<i64, bool>,
    /// Under which the letters at hand were claimed.
    claims: Claims,
}

impl Sender {
    /// Takes up sending: brings the notes of an earlier life into the store, and gives back what
    /// that life had claimed and not sent.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn open(desk: &Desk) -> Result<Self, Trouble> {
        let notes = match desk.store.file() {
            Some(file) => Notes::open(&beside(file, "sent")).map_err(no_notes)?,
            None => Notes::Memory(Vec::new()),
        };
        let settings = desk.settings.load_full();
        let mut sender = Self {
            smtp: Smtp::new(settings.smtp.clone()),
            settings,
            notes,
            settled: false,
            at_mail: BTreeMap::new(),
            claims: desk.presence.claims(),
        };
        sender.recover(desk).await?;
        Ok(sender)
    }

    /// Sends every letter that is due, until none is or `stop`. Gives how many left.
    ///
    /// # Errors
    /// [`Trouble::Smtp`] when the server cannot be reached, [`Trouble::SignIn`] when there is no token for it (no
    /// letter was counted), or [`Trouble::Store`].
    pub async fn drain(&mut self, desk: &Desk, stop: &CancellationToken) -> Result<usize, Trouble> {
        let settings = self.refreshed(desk).await;
        if !self.settled {
            self.recover(desk).await?;
        }
        self.tell(desk).await?;
        // Whatever fails from here on, the store may not know what was sent.
        self.settled = false;
        self.claims = desk.presence.claims();
        let outcome = self.send_all(desk, &settings, stop).await;
        match &outcome {
            Ok(0) => {}
            Ok(_) => desk.note_smtp("").await?,
            Err(trouble @ (Trouble::Smtp(_) | Trouble::SignIn { .. })) => desk.note_smtp(&trouble.to_string()).await?,
            Err(_) => {}
        }
        self.settled = outcome.is_ok();
        outcome
    }

    async fn send_all(&mut self, desk: &Desk, settings: &Settings, stop: &CancellationToken) -> Result<usize, Trouble> {
        let mut sent = 0;
        let mut due = claim(desk).await?;
        while !due.is_empty() {
            let outcome = self.batch(desk, settings, &due, stop).await?;
            sent += outcome.sent.len();
            due = self.settle(desk, &due, outcome, stop).await?;
        }
        Ok(sent)
    }

    /// Notifies people of letters that failed. The table says of which: a kill loses nothing.
    async fn tell(&mut self, desk: &Desk) -> Result<(), Trouble> {
        loop {
            let untold = desk.store.untold(TOLD).await?;
            if untold.is_empty() {
                return Ok(());
            }
            for letter in &untold {
                undelivered::tell(desk, letter).await?;
            }
        }
    }

    /// The configuration as it is now. After a reload the SMTP server may be another, or wants another password.
    async fn refreshed(&mut self, desk: &Desk) -> Arc<Settings> {
        let settings = desk.settings.load_full();
        if !Arc::ptr_eq(&settings, &self.settings) {
            self.smtp.quit().await;
            self.smtp = Smtp::new(settings.smtp.clone());
            self.settings = Arc::clone(&settings);
        }
        settings
    }

    /// Tells the store what the notes hold, and gives back every letter this instance has claimed.
    async fn recover(&mut self, desk: &Desk) -> Result<(), Trouble> {
        let now = desk.clock.now();
        let noted = self.notes.ids().map_err(no_notes)?;
        let mut tx = desk.store.begin(Durability::Full).await?;
        tx.settle_sent(&noted, now).await?;
        tx.release_leases(now, &desk.store.holder()).await?;
        tx.commit().await?;
        self.notes.clear().map_err(no_notes)?;
        self.settled = true;
        Ok(())
    }

    /// Between two rounds of sending: gives back letters that a dead instance has claimed, and those that the store
    /// believes to be at hand here; lets leave what the clock has left behind.
    ///
    /// # Errors
    /// [`Trouble::Store`].
    pub async fn tidy(&mut self, desk: &Desk) -> Result<(), Trouble> {
        if !self.settled {
            // The next round begins with that.
            return Ok(());
        }
        let now = desk.clock.now();
        let mut tx = desk.store.begin(Durability::Relaxed).await?;
        tx.release_leases(now, &desk.store.holder()).await?;
        let latest = now.saturating_add(millis(self.settings.retry.most));
        if tx.hurry(now, latest).await? > 0 {
            tracing::warn!("the clock was set back: letters written in what is now the future leave at once");
        }
        Ok(tx.commit().await?)
    }

    /// Ends the connection politely.
    pub async fn close(&mut self) {
        self.smtp.quit().await;
    }

    async fn batch(
        &mut self,
        desk: &Desk,
        settings: &Settings,
        due: &[Due],
        stop: &CancellationToken,
    ) -> Result<Outcome, Trouble> {
        let begun = desk.clock.now();
        let mut outcome = Outcome::default();
        // Slow servers can outlast a lease: what is left then is claimed anew.
        while outcome.tried < due.len()
            && outcome.broken.is_none()
            && !outcome.cut_off
            && !stop.is_cancelled()
            && desk.clock.now() - begun < LEASE / 2
        {
            let left = &due[outcome.tried..];
            outcome.tried += self.chunk(desk, settings, &left[..chunk(left)], &mut outcome, stop).await?;
        }
        for (id, settlement) in &mut outcome.others {
            // Refused at its MAIL command, and another was taken since: it is this letter's fault.
            if let (Settlement::Later { error, counts: false, .. }, Some(true)) = (&settlement, self.at_mail.get(id)) {
                *settlement = Settlement::Failed { error: error.clone(), failure: Failure::Refused };
                self.at_mail.remove(id);
            }
        }
        Ok(outcome)
    }

    /// One commit: how the batch fared, and the claim of the next.
    async fn settle(
        &mut self,
        desk: &Desk,
        due: &[Due],
        outcome: Outcome,
        stop: &CancellationToken,
    ) -> Result<Vec<Due>, Trouble> {
        let now = desk.clock.now();
        let error = outcome.broken.as_ref().map(ToString::to_string).unwrap_or_default();
        // For good: the notes of the batch are forgotten after it.
        let mut tx = desk.store.begin(Durability::Full).await?;
        let goes_on = outcome.broken.is_none() && !stop.is_cancelled() && desk.presence.still(self.claims);
        let holder = desk.store.holder();
        let next = if goes_on { tx.claim(now, now + LEASE, &holder, BATCH).await? } else { Vec::new() };
        tx.settle_sent(&outcome.sent, now).await?;
        let left = due[outcome.tried..].iter().map(|letter| (letter.id, give_back(&error, now)));
        let others: Vec<_> = outcome.others.iter().cloned().chain(left).collect();
        // Lines of history come last in a transaction.
        tx.settle_letters(&others, &holder, now).await?;
        tx.commit().await?;
        point("recorded");
        self.notes.clear().map_err(no_notes)?;
        if outcome.others.iter().any(|(_, settlement)| matches!(settlement, Settlement::Failed { .. })) {
            self.tell(desk).await?;
        }
        outcome.broken.map_or(Ok(next), Err)
    }

    /// Gives how many letters, from the front, were tried: all, unless the server is gone.
    async fn chunk(
        &mut self,
        desk: &Desk,
        settings: &Settings,
        chunk: &[Due],
        outcome: &mut Outcome,
        stop: &CancellationToken,
    ) -> Result<usize, Trouble> {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { return Ok(0) };
        let letters = desk.store.leased_letters(first.id, last.id, &desk.store.holder()).await?;
        for (at, letter) in chunk.iter().enumerate() {
            // Whoever was cut off for too long has lost its claim: others send these letters now.
            if !desk.presence.still(self.claims) {
                outcome.cut_off = true;
                return Ok(at);
            }
            // A letter pays for its own refusal, not for a server that went away before it.
            if let Err(trouble) = sign_in::smtp(desk, &mut self.smtp).await {
                if let Trouble::Smtp(trouble) = &trouble {
                    desk.meter.letter_failed(trouble);
                }
                outcome.broken = Some(trouble);
                return Ok(at);
            }
            let bytes = letters.iter().find(|(id, _)| *id == letter.id).map(|(_, bytes)| bytes.as_slice());
            match self.send(desk, settings, letter, bytes, stop).await {
                Ok(Settlement::Sent) => {
                    point("sent");
                    self.note(desk, letter).await?;
                    desk.meter.sent();
                    point("noted");
                    outcome.sent.push(letter.id);
                }
                Ok(other) => outcome.others.push((letter.id, other)),
                // It was not tried: the server takes nothing.
                Err(trouble) => {
                    outcome.broken = Some(trouble.into());
                    return Ok(at);
                }
            }
            if stop.is_cancelled() {
                return Ok(at + 1);
            }
        }
        Ok(chunk.len())
    }

    /// One attempt. An error is the server's trouble alone.
    async fn send(
        &mut self,
        desk: &Desk,
        settings: &Settings,
        letter: &Due,
        bytes: Option<&[u8]>,
        stop: &CancellationToken,
    ) -> Result<Settlement, SmtpTrouble> {
        let Some(bytes) = bytes else {
            let error = "its bytes are gone from the store".to_owned();
            return Ok(Settlement::Failed { error, failure: Failure::Refused });
        };
        point("sending");
        let (from, to) = (&letter.envelope_from, &letter.recipient);
        let mut outcome = self.smtp.send(from, to, bytes, stop).await;
        if let Err(SmtpTrouble::TooLarge { most, .. }) = &outcome
            && let Some(light) = lighter(letter, bytes, *most, settings)
        {
            tracing::warn!(outbox_id = letter.id, "letter sent without its files, which the server does not take");
            outcome = self.smtp.send(from, to, &light, stop).await;
        }
        let Err(trouble) = outcome else {
            tracing::info!(outbox_id = letter.id, attempts = letter.attempts, "letter sent");
            self.taken(letter.id);
            return Ok(Settlement::Sent);
        };
        desk.meter.letter_failed(&trouble);
        let trouble = self.judged(letter.id, trouble);
        if trouble.is_of_the_server() {
            Err(trouble)
        } else {
            Ok(refused(letter, &trouble, settings, desk.clock.now()))
        }
    }

    /// The server takes letters.
    fn taken(&mut self, id: i64) {
        self.at_mail.remove(&id);
        self.at_mail.values_mut().for_each(|since| *since = true);
    }

    /// Whose fault a refused MAIL command is: the letter's, where the server has taken another since it first refused this one;
    /// the server's, where it refuses another as well.
    fn judged(&mut self, id: i64, trouble: SmtpTrouble) -> SmtpTrouble {
        let SmtpTrouble::Mail(text) = trouble else {
            // It got as far as its recipient.
            if !trouble.is_of_the_server() {
                self.taken(id);
            }
            return trouble;
        };
        if self.at_mail.get(&id) == Some(&true) {
            self.at_mail.remove(&id);
            return SmtpTrouble::unsendable(text);
        }
        let others = self.at_mail.iter().any(|(other, since)| *other != id && !since);
        self.at_mail.insert(id, false);
        if others { self.smtp.takes_nothing(text) } else { SmtpTrouble::Mail(text) }
    }

    /// Notes, before anything else is sent, that the server took this letter.
    async fn note(&mut self, desk: &Desk, letter: &Due) -> Result<(), Trouble> {
        self.notes.add(letter.id).map_err(no_notes)?;
        if desk.store.engine() == Engine::Sqlite {
            return Ok(());
        }
        let mut tx = desk.store.begin(Durability::Relaxed).await?;
        let now = desk.clock.now();
        tx.settle_letters(&[(letter.id, Settlement::Sent)], &desk.store.holder(), now).await?;
        tx.commit().await?;
        // Apart from that: the ticket may be held by a decision, and the letter must not leave again for it. The batch notes it too.
        if LetterKind::from_name(&letter.kind).is_some_and(LetterKind::is_personal) {
            let mut tx = desk.store.begin(Durability::Relaxed).await?;
            match tx.answers_given(&[letter.id], now).await {
                Ok(()) => tx.commit().await?,
                Err(error) => tracing::warn!(%error, outbox_id = letter.id, "the answer is noted a little later"),
            }
        }
        Ok(())
    }
}

/// How the letters of a batch fared.
#[derive(Debug, Default)]
struct Outcome {
    /// Letters from the front of the batch that were tried.
    tried: usize,
    /// Ids of those the server took.
    sent: Vec<i64>,
    others: Vec<(i64, Settlement)>,
    /// Set when the server went away.
    broken: Option<Trouble>,
    /// Set when this instance does not count as living any more.
    cut_off: bool,
}

/// How many letters from the front fit into memory together.
fn chunk(due: &[Due]) -> usize {
    let mut total = 0;
    let fits = due.iter().take_while(|letter| {
        total += letter.size;
        total <= BYTES
    });
    fits.count().max(1)
}

fn no_notes(error: io::Error) -> Trouble {
    Trouble::Again(format!("the file that notes sent letters, beside the database, cannot be written: {error}"))
}

async fn claim(desk: &Desk) -> Result<Vec<Due>, StoreError> {
    let now = desk.clock.now();
    if !desk.presence.is_alive() || desk.store.next_due().await?.is_none_or(|due| due > now) {
        return Ok(Vec::new());
    }
    let mut tx = desk.store.begin(Durability::Relaxed).await?;
    let due = tx.claim(now, now + LEASE, &desk.store.holder(), BATCH).await?;
    tx.commit().await?;
    point("claimed");
    Ok(due)
}

fn refused(letter: &Due, trouble: &SmtpTrouble, settings: &Settings, now: Millis) -> Settlement {
    let settlement = after_refusal(trouble, letter.attempts, letter.created_at, now, &settings.retry, chance());
    let again = matches!(settlement, Settlement::Later { .. });
    tracing::warn!(outbox_id = letter.id, attempts = letter.attempts, again, error = %trouble, "letter not sent");
    settlement
}

/// The same letter without its largest files, for people of the desk: they find them with the ticket. What the desk writes to others
/// is not sent without what belongs to it.
fn lighter(letter: &Due, bytes: &[u8], most: Option<u64>, settings: &Settings) -> Option<Vec<u8>> {
    let policy = &settings.policy;
    LetterKind::from_name(&letter.kind).filter(|kind| kind.is_internal())?;
    let agent = policy.agent(&letter.recipient);
    lighten(bytes, most, agent.map_or(&policy.desk.language, |agent| &agent.language))
}

/// A letter that was claimed and not tried.
fn give_back(error: &str, now: Millis) -> Settlement {
    Settlement::Later { due_at: now, error: error.to_owned(), counts: false }
}
