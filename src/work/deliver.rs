//! Sending: from the outbox to the SMTP server.
//!
//! The attempt is counted and the lease taken before SMTP (invariant 5). That a notification left is
//! noted before the next one is sent, so that the end of this process at any moment can double
//! one notification at most. On SQLite, where every transaction takes the one writer's place, the note
//! goes to a file and the store learns of a whole batch at once. On PostgreSQL each note is a
//! commit of its own as well. Neither waits for the disk: only the commit at the end of a batch does, so a power cut
//! can double the notifications of one batch. A PostgreSQL server that was ended at once, or failed over, may have forgotten
//! the notes of a batch: it is told again from memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::clock::{MINUTE, Millis};
use crate::edge::backoff::chance;
use crate::edge::notes::Notes;
use crate::edge::smtp::{Smtp, SmtpTrouble};
use crate::notify::lighten;
use crate::settings::Settings;
use crate::store::{ClaimedEmail, Durability, Engine, Failure, Settlement, StoreError};
use crate::ticket::{NotificationKind, OutboxId};
use crate::trouble::{Trouble, after_refusal, millis};

use super::presence::Claims;
use super::{App, beside, failpoint, sign_in, undelivered};

/// Notifications claimed by one commit.
const BATCH: i64 = 50;
/// Bytes of notifications held in memory at once; one larger notification is held alone.
const BYTES: i64 = 1024 * 1024;
/// How long a claimed notification belongs to this instance: the half of it, after which nothing new is begun, and one notification whose
/// last answer takes as long as it may ([`AFTER_THE_DOT`](crate::edge::smtp::AFTER_THE_DOT)).
const LEASE: Millis = 30 * MINUTE;
/// Failed notifications of which people are notified before more are sent.
const TOLD: i64 = 50;

/// Sends notifications: holds the connection and the notes.
#[derive(Debug)]
pub struct Sender {
    smtp: Smtp,
    /// What the connection was made from.
    settings: Arc<Settings>,
    notes: Notes,
    /// Whether the store knows all that is noted, and nothing is claimed.
    settled: bool,
    /// Notifications whose MAIL command was refused, and whether the server has taken another since.
    at_mail: BTreeMap<OutboxId, bool>,
    /// Under which the notifications at hand were claimed.
    claims: Claims,
}

impl Sender {
    /// Takes up sending: brings the notes of an earlier epoch into the store, and gives back what
    /// that epoch had claimed and not sent.
    pub async fn open(app: &App) -> Result<Self, Trouble> {
        let notes = match app.store.file() {
            Some(file) => Notes::open(&beside(file, "sent")).map_err(no_notes)?,
            None => Notes::Memory(Vec::new()),
        };
        let settings = app.settings.load_full();
        let mut sender = Self {
            smtp: Smtp::new(settings.smtp.clone()),
            settings,
            notes,
            settled: false,
            at_mail: BTreeMap::new(),
            claims: app.presence.claims(),
        };
        sender.recover(app).await?;
        Ok(sender)
    }

    /// Sends every notification that is due, until none is or `stop`. Gives how many left.
    ///
    /// # Errors
    /// [`Trouble::Smtp`] when the server cannot be reached, [`Trouble::SignIn`] when there is no token for it (no
    /// notification was counted), or [`Trouble::Store`].
    pub async fn drain(&mut self, app: &App, stop: &CancellationToken) -> Result<usize, Trouble> {
        let settings = self.refreshed(app).await;
        if !self.settled {
            self.recover(app).await?;
        }
        self.tell(app).await?;
        // Whatever fails from here on, the store may not know what was sent.
        self.settled = false;
        self.claims = app.presence.claims();
        let outcome = self.send_all(app, &settings, stop).await;
        match &outcome {
            Ok(0) => {}
            Ok(_) => app.note_smtp("").await?,
            Err(trouble @ (Trouble::Smtp(_) | Trouble::SignIn { .. })) => app.note_smtp(&trouble.to_string()).await?,
            Err(_) => {}
        }
        self.settled = outcome.is_ok();
        outcome
    }

    async fn send_all(&mut self, app: &App, settings: &Settings, stop: &CancellationToken) -> Result<usize, Trouble> {
        let mut sent = 0;
        let mut due = claim(app).await?;
        while !due.is_empty() {
            let outcome = self.batch(app, settings, &due, stop).await?;
            sent += outcome.sent.len();
            due = self.settle(app, &due, outcome, stop).await?;
        }
        Ok(sent)
    }

    /// Notifies people of notifications that failed. The table says of which: a kill loses nothing.
    async fn tell(&mut self, app: &App) -> Result<(), Trouble> {
        loop {
            let untold = app.store.list_untold(TOLD).await?;
            if untold.is_empty() {
                return Ok(());
            }
            for notification in &untold {
                undelivered::tell(app, notification).await?;
            }
        }
    }

    /// The configuration as it is now. After a reload the SMTP server may be another, or wants another password.
    async fn refreshed(&mut self, app: &App) -> Arc<Settings> {
        let settings = app.settings.load_full();
        if !Arc::ptr_eq(&settings, &self.settings) {
            self.smtp.quit().await;
            self.smtp = Smtp::new(settings.smtp.clone());
            self.settings = Arc::clone(&settings);
        }
        settings
    }

    /// Tells the store what the notes hold, and gives back every notification this instance has claimed.
    async fn recover(&mut self, app: &App) -> Result<(), Trouble> {
        let now = app.clock.now();
        let noted: Vec<OutboxId> = self.notes.ids().map_err(no_notes)?.into_iter().map(OutboxId).collect();
        let mut tx = app.store.begin(Durability::Full).await?;
        tx.settle_sent(&noted, now).await?;
        tx.release_leases(now, &app.store.holder()).await?;
        tx.commit().await?;
        self.notes.clear().map_err(no_notes)?;
        self.settled = true;
        Ok(())
    }

    /// Between two rounds of sending: gives back notifications that a dead instance has claimed, and those that the store
    /// believes to be at hand here; lets leave what the clock has left behind.
    ///
    /// # Errors
    /// [`Trouble::Store`].
    pub(crate) async fn tidy(&mut self, app: &App) -> Result<(), Trouble> {
        if !self.settled {
            // The next round begins with that.
            return Ok(());
        }
        let now = app.clock.now();
        let mut tx = app.store.begin(Durability::Relaxed).await?;
        tx.release_leases(now, &app.store.holder()).await?;
        let latest = now.saturating_add(millis(self.settings.retry.most));
        if tx.prioritize(now, latest).await? > 0 {
            tracing::warn!("the clock was set back: notifications written in what is now the future leave at once");
        }
        Ok(tx.commit().await?)
    }

    /// Ends the connection politely.
    pub async fn close(&mut self) {
        self.smtp.quit().await;
    }

    async fn batch(
        &mut self,
        app: &App,
        settings: &Settings,
        due: &[ClaimedEmail],
        stop: &CancellationToken,
    ) -> Result<Outcome, Trouble> {
        let begun = app.clock.now();
        let mut outcome = Outcome::default();
        // Slow servers can outlast a lease: what is left then is claimed anew.
        while outcome.tried < due.len()
            && outcome.broken.is_none()
            && !outcome.cut_off
            && !stop.is_cancelled()
            && app.clock.now() - begun < LEASE / 2
        {
            let left = &due[outcome.tried..];
            outcome.tried += self.chunk(app, settings, &left[..chunk(left)], &mut outcome, stop).await?;
        }
        for (id, settlement) in &mut outcome.others {
            // Refused at its MAIL command, and another was taken since: it is this notification's fault.
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
        app: &App,
        due: &[ClaimedEmail],
        outcome: Outcome,
        stop: &CancellationToken,
    ) -> Result<Vec<ClaimedEmail>, Trouble> {
        let now = app.clock.now();
        let error = outcome.broken.as_ref().map(ToString::to_string).unwrap_or_default();
        // For good: the notes of the batch are forgotten after it.
        let mut tx = app.store.begin(Durability::Full).await?;
        let goes_on = outcome.broken.is_none() && !stop.is_cancelled() && app.presence.still(self.claims);
        let holder = app.store.holder();
        let next = if goes_on { tx.claim(now, now + LEASE, &holder, BATCH).await? } else { Vec::new() };
        tx.settle_sent(&outcome.sent, now).await?;
        let left = due[outcome.tried..].iter().map(|notification| (notification.id, give_back(&error, now)));
        let others: Vec<_> = outcome.others.iter().cloned().chain(left).collect();
        // Lines of history come last in a transaction.
        tx.settle_notifications(&others, &holder, now).await?;
        tx.commit().await?;
        failpoint("recorded");
        self.notes.clear().map_err(no_notes)?;
        if outcome.others.iter().any(|(_, settlement)| matches!(settlement, Settlement::Failed { .. })) {
            self.tell(app).await?;
        }
        outcome.broken.map_or(Ok(next), Err)
    }

    /// Gives how many notifications, from the front, were tried: all, unless the server is gone.
    async fn chunk(
        &mut self,
        app: &App,
        settings: &Settings,
        chunk: &[ClaimedEmail],
        outcome: &mut Outcome,
        stop: &CancellationToken,
    ) -> Result<usize, Trouble> {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { return Ok(0) };
        let notifications = app.store.leased_notifications(first.id, last.id, &app.store.holder()).await?;
        for (at, notification) in chunk.iter().enumerate() {
            // Whoever was cut off for too long has lost its claim: others send these notifications now.
            if !app.presence.still(self.claims) {
                outcome.cut_off = true;
                return Ok(at);
            }
            // A notification pays for its own refusal, not for a server that went away before it.
            if let Err(trouble) = sign_in::smtp(app, &mut self.smtp).await {
                if let Trouble::Smtp(trouble) = &trouble {
                    app.meter.notification_failed(trouble);
                }
                outcome.broken = Some(trouble);
                return Ok(at);
            }
            let bytes = notifications.iter().find(|(id, _)| *id == notification.id).map(|(_, bytes)| bytes.as_slice());
            match self.send(app, settings, notification, bytes, stop).await {
                Ok(Settlement::Sent) => {
                    failpoint("sent");
                    self.note(app, notification).await?;
                    app.meter.sent();
                    failpoint("noted");
                    outcome.sent.push(notification.id);
                }
                Ok(other) => outcome.others.push((notification.id, other)),
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
        app: &App,
        settings: &Settings,
        notification: &ClaimedEmail,
        bytes: Option<&[u8]>,
        stop: &CancellationToken,
    ) -> Result<Settlement, SmtpTrouble> {
        let Some(bytes) = bytes else {
            let error = "its bytes are gone from the store".to_owned();
            return Ok(Settlement::Failed { error, failure: Failure::Refused });
        };
        failpoint("sending");
        let (from, to) = (&notification.envelope_from, &notification.recipient);
        let mut outcome = self.smtp.send(from, to, bytes, stop).await;
        if let Err(SmtpTrouble::TooLarge { most, .. }) = &outcome
            && let Some(light) = lighter(notification, bytes, *most, settings)
        {
            tracing::warn!(
                outbox_id = notification.id.0,
                "notification sent without its files, which the server does not take"
            );
            outcome = self.smtp.send(from, to, &light, stop).await;
        }
        let Err(trouble) = outcome else {
            tracing::info!(outbox_id = notification.id.0, attempts = notification.attempts, "notification sent");
            self.taken(notification.id);
            return Ok(Settlement::Sent);
        };
        app.meter.notification_failed(&trouble);
        let trouble = self.classified(notification.id, trouble);
        if trouble.is_of_the_server() {
            Err(trouble)
        } else {
            Ok(refused(notification, &trouble, settings, app.clock.now()))
        }
    }

    /// The server takes notifications.
    fn taken(&mut self, id: OutboxId) {
        self.at_mail.remove(&id);
        self.at_mail.values_mut().for_each(|since| *since = true);
    }

    /// Whose fault a refused MAIL command is: the notification's, where the server has taken another since it first refused this one;
    /// the server's, where it refuses another as well.
    fn classified(&mut self, id: OutboxId, trouble: SmtpTrouble) -> SmtpTrouble {
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

    /// Notes, before anything else is sent, that the server took this notification.
    async fn note(&mut self, app: &App, notification: &ClaimedEmail) -> Result<(), Trouble> {
        self.notes.add(notification.id.0).map_err(no_notes)?;
        if app.store.engine() == Engine::Sqlite {
            return Ok(());
        }
        let mut tx = app.store.begin(Durability::Relaxed).await?;
        let now = app.clock.now();
        tx.settle_notifications(&[(notification.id, Settlement::Sent)], &app.store.holder(), now).await?;
        tx.commit().await?;
        // Apart from that: the ticket may be held by a decision, and the notification must not leave again for it. The batch notes it too.
        if NotificationKind::from_name(&notification.kind).is_some_and(NotificationKind::is_personal) {
            let mut tx = app.store.begin(Durability::Relaxed).await?;
            match tx.answers_given(&[notification.id], now).await {
                Ok(()) => tx.commit().await?,
                Err(error) => {
                    tracing::warn!(%error, outbox_id = notification.id.0, "the answer is noted a little later")
                }
            }
        }
        Ok(())
    }
}

/// How the notifications of a batch fared.
#[derive(Debug, Default)]
struct Outcome {
    /// Notifications from the front of the batch that were tried.
    tried: usize,
    /// Ids of those the server took.
    sent: Vec<OutboxId>,
    others: Vec<(OutboxId, Settlement)>,
    /// Set when the server went away.
    broken: Option<Trouble>,
    /// Set when this instance does not count as living any more.
    cut_off: bool,
}

/// How many notifications from the front fit into memory together.
fn chunk(due: &[ClaimedEmail]) -> usize {
    let mut total = 0;
    let fits = due.iter().take_while(|notification| {
        total += notification.size;
        total <= BYTES
    });
    fits.count().max(1)
}

fn no_notes(error: io::Error) -> Trouble {
    Trouble::Again(format!("the file that notes sent notifications, beside the database, cannot be written: {error}"))
}

async fn claim(app: &App) -> Result<Vec<ClaimedEmail>, StoreError> {
    let now = app.clock.now();
    if !app.presence.is_alive() || app.store.next_due().await?.is_none_or(|due| due > now) {
        return Ok(Vec::new());
    }
    let mut tx = app.store.begin(Durability::Relaxed).await?;
    let due = tx.claim(now, now + LEASE, &app.store.holder(), BATCH).await?;
    tx.commit().await?;
    failpoint("claimed");
    Ok(due)
}

fn refused(notification: &ClaimedEmail, trouble: &SmtpTrouble, settings: &Settings, now: Millis) -> Settlement {
    let settlement =
        after_refusal(trouble, notification.attempts, notification.created_at, now, &settings.retry, chance());
    let again = matches!(settlement, Settlement::Later { .. });
    tracing::warn!(outbox_id = notification.id.0, attempts = notification.attempts, again, error = %trouble, "notification not sent");
    settlement
}

/// The same notification without its largest files, for people of the service desk: they find them with the ticket. What the service desk writes to others
/// is not sent without what belongs to it.
fn lighter(notification: &ClaimedEmail, bytes: &[u8], most: Option<u64>, settings: &Settings) -> Option<Vec<u8>> {
    let policy = &settings.policy;
    NotificationKind::from_name(&notification.kind).filter(|kind| kind.is_internal())?;
    let agent = policy.agent(&notification.recipient);
    let language = agent.map_or(&policy.service_desk.language, |agent| &agent.language);
    lighten(bytes, most, settings.templates.phrases(language))
}

/// A notification that was claimed and not tried.
fn give_back(error: &str, now: Millis) -> Settlement {
    Settlement::Later { due_at: now, error: error.to_owned(), counts: false }
}
