//! The verbs: collect, process, sweep, report, deliver.
//!
//! Each has a `drain` that runs until nothing is left. The daemon's loops call it when a bell
//! rings or the time to look anyway has come; `run --once` and the tests call it directly. No
//! verb has state of its own: what it needs is in the store.

mod catch_up;
pub mod collect;
pub mod daemon;
pub mod deliver;
mod letters;
pub mod once;
pub mod operator;
pub mod probe;
pub mod process;
mod recompute;
pub mod reports;
pub mod sign_in;
pub mod sweep;
mod undelivered;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use crate::clock::{Clock, Millis};
use crate::settings::Settings;
use crate::store::Store;
use crate::ticket::Secret;
use crate::trouble::Trouble;

/// A desk at work: what every verb is given.
#[derive(Debug)]
pub struct Desk {
    /// What it remembers.
    pub store: Store,
    /// What it runs on; swapped whole at a reload.
    pub settings: ArcSwap<Settings>,
    /// Its key.
    pub secret: Secret,
    /// Its clock.
    pub clock: Clock,
    /// Rung when mails wait for their verdict.
    pub inbox_bell: Notify,
    /// Rung when letters wait to leave.
    pub outbox_bell: Notify,
    /// How many of the oldest waiting mails are decided one by one: the last life of this instance
    /// ended badly, perhaps because of one of them.
    suspects: AtomicUsize,
    /// When each mailbox was last read to its end in this life, by its name.
    polled: Mutex<BTreeMap<String, Millis>>,
    /// What mail servers are signed in to with.
    pub tokens: sign_in::Tokens,
    /// When this life began.
    opened_at: Millis,
    /// Digest of the service levels that tickets are being computed under, and up to which row.
    computed: Mutex<(String, i64)>,
    /// Set when a held mail was let in, which stands before those already seen.
    released: AtomicBool,
    /// Held while this process works on a SQLite file.
    _lock: Option<File>,
}

impl Desk {
    /// Opens the store and takes up work on it.
    ///
    /// # Errors
    /// [`Trouble::Store`], or [`Trouble::Again`] when another guichet works on the same SQLite file.
    pub async fn open(settings: Settings, clock: Clock) -> Result<Arc<Self>, Trouble> {
        let store = Store::open(&settings.store_url).await?;
        let lock = store.file().map(lock).transpose()?;
        let secret = store.secret().await?;
        let opened_at = clock.now();
        let unclean = store.begin_life(&settings.instance).await?;
        // A group was being decided, and the one behind it read.
        let suspects = if unclean { 2 * settings.batch.mails } else { 0 };
        Ok(Arc::new(Self {
            store,
            settings: ArcSwap::from_pointee(settings),
            secret,
            clock,
            inbox_bell: Notify::new(),
            outbox_bell: Notify::new(),
            suspects: suspects.into(),
            released: false.into(),
            polled: Mutex::default(),
            tokens: sign_in::Tokens::default(),
            opened_at,
            computed: Mutex::default(),
            _lock: lock,
        }))
    }

    /// What gets the tokens that mail servers are signed in to with.
    pub(crate) fn signer(&self) -> sign_in::Signer<'_> {
        let key = self.settings.load().key.clone();
        sign_in::Signer { tokens: &self.tokens, store: Some(&self.store), key }
    }

    /// Notes that a mailbox was read to its end, from this time on.
    pub(crate) fn note_polled(&self, mailbox: &str, at: Millis) {
        let mut polled = self.polled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        polled.insert(mailbox.to_owned(), at);
    }

    /// Until when every mail is sure to have been fetched, by the mailboxes' names; a mailbox that was not
    /// read yet in this life is not among them.
    pub(crate) fn fetched_until(&self) -> BTreeMap<String, Millis> {
        self.polled.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Ends work on the store in good order.
    pub async fn close(&self) {
        let instance = self.settings.load().instance.clone();
        if let Err(error) = self.store.end_life(&instance).await {
            tracing::warn!(%error, "the end could not be noted; the next start takes the oldest mails one by one");
        }
        self.store.close().await;
    }
}

/// A lock file beside the database: SQLite serves one working process.
fn lock(database: &Path) -> Result<File, Trouble> {
    let path = beside(database, "lock");
    let file = File::create(&path).map_err(|e| Trouble::Again(format!("{} cannot be made: {e}", path.display())))?;
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
