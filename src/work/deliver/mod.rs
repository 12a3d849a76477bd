//! Sending: from the outbox to the SMTP server.
//!
//! The attempt is counted and the lease taken before SMTP (invariant 5). That a notification left is
//! noted before the next one is sent on its connection, so that the end of this process at any moment can double
//! one notification a connection at most. On SQLite, where every transaction takes the one writer's place, the note
//! goes to a file and the store learns of a whole batch at once. On PostgreSQL each note is a
//! commit of its own as well. Neither waits for the disk: only the commit at the end of a batch does, so a power cut
//! can double the notifications of one batch. A PostgreSQL server that was ended at once, or failed over, may have forgotten
//! the notes of a batch: it is told again from memory.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::clock::{MINUTE, Millis};
use crate::edge::backoff::chance;
use crate::edge::notes::Notes;
use crate::edge::smtp::{Smtp, SmtpTrouble};
use crate::notify::lighten;
use crate::settings::Settings;
use crate::store::{ClaimedEmail, Durability, Failure, Settlement, StoreError};
use crate::ticket::{NotificationKind, OutboxId};
use crate::trouble::{Trouble, after_refusal, millis};

use super::presence::Claims;
use super::{App, beside, failpoint, undelivered};
use lanes::{Lanes, lock};
use pace::Pace;

mod lanes;
mod pace;

/// Bytes of notifications held in memory at once; one larger notification is held alone.
const BYTES: i64 = 1024 * 1024;
/// How long a claimed notification belongs to this instance: the half of it, after which nothing new is begun, and one notification whose
/// last answer takes as long as it may ([`AFTER_THE_DOT`](crate::edge::smtp::AFTER_THE_DOT)).
const LEASE: Millis = 30 * MINUTE;
/// Failed notifications of which people are notified before more are sent.
const TOLD: i64 = 50;

/// Sends notifications: holds the connections and the notes.
#[derive(Debug)]
pub struct Sender {
    /// At least one.
    connections: Vec<Smtp>,
    /// What the connections were made from.
    settings: Arc<Settings>,
    notes: Mutex<Notes>,
    /// Whether the store knows all that is noted, and nothing is claimed.
    settled: bool,
    /// Notifications whose MAIL command was refused, and whether the server has taken another since.
    at_mail: Mutex<BTreeMap<OutboxId, bool>>,
    pace: Pace,
    /// Whether the server has dealt with a notification since anything was wrong with it.
    proved: bool,
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
            connections: connections(&settings),
            pace: Pace::new(&settings),
            proved: false,
            settings,
            notes: Mutex::new(notes),
            settled: false,
            at_mail: Mutex::default(),
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

    async fn claim(&mut self, app: &App) -> Result<Vec<ClaimedEmail>, StoreError> {
        let now = app.clock.now();
        if !app.presence.is_alive() || app.store.next_due().await?.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let count = self.pace.next(app, now).await?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut tx = app.store.begin(Durability::Relaxed).await?;
        let due = tx.claim(now, now + LEASE, &app.store.holder(), count).await?;
        tx.commit().await?;
        failpoint("claimed");
        Ok(due)
    }

    async fn send_all(&mut self, app: &App, settings: &Settings, stop: &CancellationToken) -> Result<usize, Trouble> {
        let mut sent = 0;
        let mut due = self.claim(app).await?;
        while !due.is_empty() {
            let begun = Instant::now();
            let outcome = self.batch(app, settings, &due, stop).await?;
            self.pace.took(outcome.sent.len() + outcome.others.len(), begun.elapsed());
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
            self.close().await;
            self.connections = connections(&settings);
            self.pace = Pace::new(&settings);
            self.proved = false;
            self.settings = Arc::clone(&settings);
        }
        settings
    }

    /// Tells the store what the notes hold, and gives back every notification this instance has claimed.
    async fn recover(&mut self, app: &App) -> Result<(), Trouble> {
        let now = app.clock.now();
        let noted: Vec<OutboxId> = lock(&self.notes).ids().map_err(no_notes)?.into_iter().map(OutboxId).collect();
        let mut tx = app.store.begin(Durability::Full).await?;
        tx.settle_sent(&noted, now).await?;
        tx.release_leases(now, &app.store.holder()).await?;
        tx.commit().await?;
        lock(&self.notes).clear().map_err(no_notes)?;
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

    /// How long what is due waits for the rate; none where nothing does.
    pub(crate) fn held_back(&mut self) -> Option<Duration> {
        self.pace.waits.take()
    }

    /// Ends the connections politely.
    pub async fn close(&mut self) {
        for connection in &mut self.connections {
            connection.quit().await;
        }
    }

    /// Sends what was claimed, a memory's worth at a time.
    async fn batch(
        &mut self,
        app: &App,
        settings: &Settings,
        due: &[ClaimedEmail],
        stop: &CancellationToken,
    ) -> Result<Outcome, Trouble> {
        // Slow servers can outlast a lease: what is left then is claimed anew.
        let until = app.clock.now() + LEASE / 2;
        let mut outcome = Outcome::default();
        let mut left = due;
        while !left.is_empty() && outcome.broken.is_none() && !outcome.cut_off && !stop.is_cancelled() {
            let (now, later) = left.split_at(chunk(left));
            left = later;
            let ids = now.iter().map(|notification| notification.id);
            let (Some(first), Some(last)) = (ids.clone().min(), ids.max()) else { break };
            let bytes = app.store.leased_notifications(first, last, &app.store.holder()).await?;
            let claims = self.claims;
            let Self { connections, notes, at_mail, proved, .. } = self;
            let lanes = Lanes { app, settings, claims, stop, until, notes, at_mail, proved: *proved };
            outcome = lanes.run(connections, now, &bytes, outcome).await?;
            *proved = outcome.broken.is_none() && (*proved || !outcome.sent.is_empty());
        }
        let mut at_mail = lock(&self.at_mail);
        for (id, settlement) in &mut outcome.others {
            // Refused at its MAIL command, and another was taken since: it is this notification's fault.
            if let (Settlement::Later { error, counts: false, .. }, Some(true)) = (&settlement, at_mail.get(id)) {
                *settlement = Settlement::Failed { error: error.clone(), failure: Failure::Refused };
                at_mail.remove(id);
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
        tx.settle_sent(&outcome.sent, now).await?;
        let tried: HashSet<OutboxId> =
            outcome.sent.iter().copied().chain(outcome.others.iter().map(|(id, _)| *id)).collect();
        let left = due.iter().map(|notification| notification.id).filter(|id| !tried.contains(id));
        let left = left.map(|id| (id, give_back(&error, now)));
        let others: Vec<_> = outcome.others.iter().cloned().chain(left).collect();
        // Lines of history come last but for the claim, which waits for nobody.
        tx.settle_notifications(&others, &holder, now).await?;
        // In the same commit, and after what was sent: the next to the same person about the same ticket has its turn now.
        let count = if goes_on { self.pace.next(app, now).await? } else { 0 };
        let next = if count > 0 { tx.claim(now, now + LEASE, &holder, count).await? } else { Vec::new() };
        tx.commit().await?;
        failpoint("recorded");
        lock(&self.notes).clear().map_err(no_notes)?;
        if outcome.others.iter().any(|(_, settlement)| matches!(settlement, Settlement::Failed { .. })) {
            self.tell(app).await?;
        }
        outcome.broken.map_or(Ok(next), Err)
    }
}

/// How the notifications of a batch fared.
#[derive(Debug, Default)]
struct Outcome {
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

fn connections(settings: &Settings) -> Vec<Smtp> {
    (0..settings.smtp.connections.max(1)).map(|_| Smtp::new(settings.smtp.clone())).collect()
}

fn no_notes(error: io::Error) -> Trouble {
    Trouble::Again(format!("the file that notes sent notifications, beside the database, cannot be written: {error}"))
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
