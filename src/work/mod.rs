//! The verbs: collect, process, sweep, report, deliver.
//!
//! Each has a `drain` that runs until nothing is left. The daemon's loops call it when a wake-up
//! rings or the time to look anyway has come; `run --once` and the tests call it directly. No
//! verb has state of its own: what it needs is in the store.

mod absences;
pub mod alarms;
mod aside;
pub mod backup;
mod catch_up;
pub mod collect;
pub mod collect_maildir;
mod commit;
pub mod daemon;
pub mod deliver;
mod digest;
mod drafts;
pub mod erase;
pub mod erased;
pub mod failpoint;
pub mod health;
mod mailboxes;
pub mod meter;
pub mod once;
pub mod operator;
pub mod per_person;
mod presence;
pub mod probe;
pub mod process;
mod recompute;
mod recurring;
pub mod reports;
pub mod sign_in;
pub mod sweep;
mod undelivered;
pub mod upkeep;
pub mod verify;
mod wait;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch as watch_channel};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Millis};
use crate::settings::Settings;
use crate::store::{Engine, Epoch, Store, StoreError};
use crate::ticket::Secret;
use crate::trouble::Trouble;

use failpoint::failpoint;
use presence::Presence;

/// Most templates that are told not to have served.
const UNSERVED: usize = 20;

/// A desk at work: what every verb is given.
#[derive(Debug)]
pub struct App {
    /// What it remembers.
    pub store: Store,
    /// What it runs on; swapped whole at a reload.
    pub settings: ArcSwap<Settings>,
    /// Its key.
    pub secret: Secret,

    pub clock: Clock,
    /// Rung when emails wait for their verdict.
    pub inbox_wake_up: Notify,
    /// Rung when notifications wait to leave.
    pub outbox_wake_up: Notify,
    /// Counts reloads, for those who wait for one.
    reloads: watch_channel::Sender<u64>,
    /// How many of the oldest waiting emails are decided one by one: the last epoch of this instance
    /// ended badly, perhaps because of one of them.
    poison_emails: AtomicUsize,
    /// When each mailbox was last read to its end in this epoch, by its name.
    polled: Mutex<BTreeMap<String, Millis>>,
    /// What mail servers are signed in to with.
    pub tokens: sign_in::Tokens,
    /// When this epoch began.
    opened_at: Millis,
    /// Under which service levels tickets are computed, and how far that has come.
    computed: Mutex<recompute::Progress>,
    /// Set when a held email was let in, which stands before those already seen.
    released: AtomicBool,
    /// The database it works on, whatever a reload says.
    pub store_url: String,
    /// Its name among instances, whatever a reload says.
    instance: String,
    /// What this instance alone may do.
    pub presence: Presence,
    /// What has happened in this epoch.
    pub meter: meter::Meter,
    /// Why the configuration was not read again, if it was not: the last good one stays.
    refused: ArcSwap<Vec<String>>,
    /// Templates that did not serve when a notification was to be written, since the configuration was read.
    unserved: Mutex<BTreeSet<String>>,
    /// Set when work ends.
    closing: CancellationToken,
    /// Set while its tasks come to their end: what is in hand is finished, and nothing more begun.
    stopping: AtomicBool,
    /// When the newest copy was made, as far as somebody could look.
    newest_backup: AtomicI64,
    /// Places on disks that have been asked something.
    places: aside::Places,
    /// Held while this process works on a SQLite file.
    _lock: Option<File>,
}

impl App {
    /// Opens the store and takes up work on it.
    ///
    /// # Errors
    /// [`Trouble::Store`], or [`Trouble::Again`] when another guichet works on the same SQLite file.
    pub async fn open(settings: Settings, clock: Clock) -> Result<Arc<Self>, Trouble> {
        let store = Store::open(&settings.store_url).await?;
        presence::alone(&store, &settings.instance).await?;
        let epoch = Epoch { instance: settings.instance.clone(), begun: Clock::system().now() };
        let store = store.used_by(epoch);
        let lock = store.file().map(lock).transpose()?;
        let secret = store.secret().await?;
        let opened_at = clock.now();
        let unclean = store.begin_epoch(&settings.instance).await?;
        // A group was being decided, and the one behind it read.
        let poison_emails = if unclean { 2 * settings.batch.emails } else { 0 };
        let presence = Presence::new(&store, &settings);
        presence.beat(&store, &settings).await?;
        let (store_url, instance) = (settings.store_url.clone(), settings.instance.clone());
        let app = Arc::new(Self {
            store,
            settings: ArcSwap::from_pointee(settings),
            secret,
            clock,
            inbox_wake_up: Notify::new(),
            outbox_wake_up: Notify::new(),
            reloads: watch_channel::Sender::default(),
            poison_emails: poison_emails.into(),
            released: false.into(),
            polled: Mutex::default(),
            tokens: sign_in::Tokens::default(),
            opened_at,
            computed: Mutex::default(),
            store_url,
            instance,
            presence,
            meter: meter::Meter::default(),
            refused: ArcSwap::default(),
            unserved: Mutex::default(),
            closing: CancellationToken::new(),
            stopping: false.into(),
            newest_backup: AtomicI64::default(),
            places: aside::Places::default(),
            _lock: lock,
        });
        presence::keep(&app);
        Ok(app)
    }

    /// Whether nothing more is to be begun.
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// What gets the tokens that mail servers are signed in to with.
    pub(crate) fn signer(&self) -> sign_in::Signer<'_> {
        let key = self.settings.load().key.clone();
        sign_in::Signer { tokens: &self.tokens, store: Some(&self.store), key }
    }

    /// What is wrong with what administrators wrote, and what is done instead.
    fn mistakes(&self) -> Vec<String> {
        let settings = self.settings.load();
        let templates = settings.template_mistakes.iter().map(|mistake| {
            format!("a template does not serve, the last good or built-in one is sent instead: {mistake}")
        });
        let refused = self.refused.load();
        let refused = refused
            .iter()
            .map(|mistake| format!("the configuration was not read again, the last good one stays: {mistake}"));
        let unserved = self.unserved.lock().unwrap_or_else(PoisonError::into_inner);
        let unserved = unserved
            .iter()
            .map(|mistake| format!("a template did not serve, the built-in one was sent instead: {mistake}"));
        templates.chain(refused).chain(unserved).collect()
    }

    /// Notes that the built-in template was used instead of another.
    fn note_unserved(&self, mistake: String) {
        let mut unserved = self.unserved.lock().unwrap_or_else(PoisonError::into_inner);
        if unserved.len() < UNSERVED {
            unserved.insert(mistake);
        }
    }

    /// Notes that a mailbox was read to its end, from this time on.
    pub(crate) fn note_polled(&self, mailbox: &str, at: Millis) {
        let mut polled = self.polled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        polled.insert(mailbox.to_owned(), at);
    }

    /// Notes why handled emails of a mailbox stay where they are; empty when they do not.
    pub(crate) async fn note_archive(&self, mailbox: &str, why: &str) -> Result<(), StoreError> {
        let fact = archive_fact(mailbox);
        if self.store.meta(&fact).await?.unwrap_or_default() != why {
            self.store.set_meta(&fact, why).await?;
        }
        Ok(())
    }

    /// Notes that notifications are sent (an empty text), or once more why they do not.
    pub(crate) async fn note_smtp(&self, why: &str) -> Result<(), StoreError> {
        let before = self.store.meta(SMTP_TROUBLE).await?.unwrap_or_default();
        if why.is_empty() && before.is_empty() {
            return Ok(());
        }
        let times = before.split_once(' ').and_then(|(times, _)| times.parse::<i64>().ok()).unwrap_or(0);
        let fact = if why.is_empty() { String::new() } else { format!("{} {why}", times.saturating_add(1)) };
        self.store.set_meta(SMTP_TROUBLE, &fact).await
    }

    /// Why notifications do not leave, once that has happened several times in a row.
    pub(crate) async fn smtp_trouble(&self) -> Result<Option<String>, StoreError> {
        let fact = self.store.meta(SMTP_TROUBLE).await?.unwrap_or_default();
        let Some((times, why)) = fact.split_once(' ') else { return Ok(None) };
        Ok((times.parse::<i64>().unwrap_or(0) >= SMTP_TIMES).then(|| why.to_owned()))
    }

    /// Until when every email is sure to have been fetched, by the mailboxes' names; a mailbox that was not
    /// read yet in this epoch is not among them.
    pub(crate) fn fetched_until(&self) -> BTreeMap<String, Millis> {
        self.polled.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// The same as far as it can be known of mailboxes that another instance reads: no later than the oldest email
    /// that still waits for its verdict.
    /// `heard`: [`App::fetched_until`], from before this instance decided what was waiting.
    pub(crate) async fn received_through(
        &self,
        mut heard: BTreeMap<String, Millis>,
    ) -> Result<BTreeMap<String, Millis>, StoreError> {
        let settings = self.settings.load_full();
        let others = settings.mailboxes.keys().filter(|name| !self.presence.holds(&presence::of_mailbox(name)));
        for name in others {
            heard.remove(name);
            if let Some(cursor) = self.store.cursor(name).await? {
                heard.insert(name.clone(), cursor.polled_at);
            }
        }
        if self.store.engine() == Engine::Postgres {
            // Another instance may be deciding what came to any of them.
            if let (_, Some(oldest)) = self.store.undecided().await? {
                heard.values_mut().for_each(|at| *at = (*at).min(oldest - 1));
            }
        }
        Ok(heard)
    }

    /// Ends work on the store in good order.
    pub async fn close(&self) {
        self.closing.cancel();
        if let Err(error) = self.store.drop_leases().await {
            tracing::warn!(%error, "leases not given back; others wait until they run out");
        }
        if let Err(error) = self.store.end_epoch(&self.instance).await {
            tracing::warn!(%error, "the end could not be noted; the next start takes the oldest emails one by one");
        }
        self.store.close().await;
    }
}

/// Name of the fact that says why notifications do not leave, and how often that has happened.
const SMTP_TROUBLE: &str = "smtp-trouble";
/// How often the server is tried before the operator is notified.
const SMTP_TIMES: i64 = 3;

/// Name of the fact that says why handled emails of a mailbox are not archived.
pub(crate) fn archive_fact(mailbox: &str) -> String {
    format!("archive:{mailbox}")
}

/// Copies, upkeep and alarms, as far as they are due. Gives how many notifications were written.
pub async fn tend(app: &App) -> Result<usize, StoreError> {
    look_after(app).await?;
    alarms::drain(app).await
}

/// Copies and upkeep, as far as they are due; one that fails keeps nothing else from being done.
async fn look_after(app: &App) -> Result<(), StoreError> {
    let copied = backup::drain(app).await;
    let kept = upkeep::drain(app).await;
    copied.and(kept)
}

/// A lock file beside the database: SQLite serves one working process.
fn lock(database: &Path) -> Result<File, Trouble> {
    let path = beside(database, "lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|e| Trouble::Again(format!("{} cannot be made: {e}", path.display())))?;
    file.try_lock().map_err(|_| {
        Trouble::Again(format!(
            "another guichet is at work on this database ({} is locked); stop it first",
            path.display()
        ))
    })?;
    Ok(file)
}

/// `guichet.db` with the ending `lock` is `guichet.db.lock`.
fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
