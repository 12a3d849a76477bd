//! The verbs: collect, process, deliver, sweep.
//!
//! Each has a `drain` that runs until nothing is left. The daemon's loops call it when a bell
//! rings or the time to look anyway has come; `run --once` and the tests call it directly. No
//! verb has state of its own: what it needs is in the store.

pub mod collect;
pub mod daemon;
pub mod deliver;
pub mod once;
pub mod probe;
pub mod process;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::settings::Settings;
use crate::store::{Engine, Store};
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
        let lock = match store.engine() {
            Engine::Sqlite => Some(lock(&settings.store_url)?),
            Engine::Postgres => None,
        };
        let secret = store.secret().await?;
        Ok(Arc::new(Self {
            store,
            settings: ArcSwap::from_pointee(settings),
            secret,
            clock,
            inbox_bell: Notify::new(),
            outbox_bell: Notify::new(),
            _lock: lock,
        }))
    }
}

/// A lock file beside the database: SQLite serves one working process.
fn lock(url: &str) -> Result<File, Trouble> {
    let file = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = PathBuf::from(format!("{}.lock", file.split('?').next().unwrap_or(file)));
    let file = File::create(&path).map_err(|e| Trouble::Again(format!("{} cannot be made: {e}", path.display())))?;
    file.try_lock().map_err(|_| {
        Trouble::Again(format!(
            "another guichet is at work on this database ({} is locked); stop it first",
            path.display()
        ))
    })?;
    Ok(file)
}
