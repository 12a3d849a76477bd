//! That this instance lives, and what it alone may do for now.
//!
//! Every second the leases are renewed in the store. One that could not be renewed for longer than
//! [`TRUST`] is not relied on any more, well before another instance may take it ([`TERM`]): between the two
//! nobody does the work, never two. Times are of the monotonic clock, so setting the clock changes nothing.
//! Where the store is a file, one process holds everything.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::App;
use crate::settings::Settings;
use crate::store::{Engine, Store, StoreError};
use crate::trouble::Trouble;

/// For how long a lease is taken, in milliseconds.
const TERM: i64 = 15_000;
/// How long after its last renewal a lease is relied on.
const TRUST: Duration = Duration::from_secs(10);
/// How often leases are renewed.
const BEAT: Duration = Duration::from_secs(1);
/// How long a lease of one's own name is looked at before it counts as left behind: it is renewed more often than that.
const LOOK: Duration = Duration::from_millis(2_500);

/// How the leases of mailboxes begin.
const MAILBOX: &str = "mailbox:";

/// The lease of whoever meets deadlines, writes reports and does the upkeep.
pub const DESK: &str = "desk";

/// What is held, and since when it was last renewed.
#[derive(Debug)]
pub struct Presence {
    alone: bool,
    own: String,
    held: Mutex<BTreeMap<String, Instant>>,
    /// How often this instance was taken for dead: what it had claimed before is others' since.
    expiries: AtomicU64,
}

impl Presence {
    /// Nothing is held yet, unless the store is a file.
    #[must_use]
    pub fn new(store: &Store, settings: &Settings) -> Self {
        Self {
            alone: store.engine() == Engine::Sqlite,
            own: own(&settings.instance),
            held: Mutex::default(),
            expiries: AtomicU64::new(0),
        }
    }

    /// Whether a lease is held.
    #[must_use]
    pub fn holds(&self, lease: &str) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.alone || held.get(lease).is_some_and(|renewed| renewed.elapsed() < TRUST)
    }

    /// Whether the others count this instance as living: what it claims is its own.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.holds(&self.own)
    }

    /// What claims are worth: they hold as long as this stays the same and the instance is alive.
    #[must_use]
    pub fn claims(&self) -> Claims {
        Claims(self.expiries.load(Ordering::SeqCst))
    }

    /// Whether what was claimed then is still this instance's own. One that was stopped or cut off for too long may have been
    /// taken for dead, and may live again by now.
    #[must_use]
    pub fn still(&self, claims: Claims) -> bool {
        self.is_alive() && self.claims() == claims
    }

    /// Whether deadlines, reports and upkeep are this instance's.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.holds(DESK)
    }

    /// Renews what is held, and takes what is free.
    ///
    /// # Errors
    /// [`StoreError`]; what was held is held until it runs out.
    pub async fn beat(&self, store: &Store, settings: &Settings) -> Result<(), StoreError> {
        if self.alone {
            return Ok(());
        }
        let begun = Instant::now();
        self.ask_for_dead(store).await?;
        let alive = store.take_lease(&self.own, TERM).await?;
        self.note(&self.own, alive.then_some(begun));
        let mailboxes = settings.mailboxes.keys().map(|name| of_mailbox(name));
        let names: Vec<String> = std::iter::once(DESK.to_owned()).chain(mailboxes).collect();
        let begun = Instant::now();
        // Who does not live takes nothing.
        let taken = if alive { store.take_leases(&names, TERM).await? } else { Vec::new() };
        for name in &names {
            self.note(name, taken.contains(name).then_some(begun));
        }
        self.forget(settings);
        Ok(())
    }

    /// A machine that was suspended has a clock that stood still, and would not notice: the database says whether this
    /// instance could be taken for dead since its last renewal.
    async fn ask_for_dead(&self, store: &Store) -> Result<(), StoreError> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&self.own);
        if held && store.lease_end(&self.own).await?.is_none() {
            self.expiries.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Mailboxes that a reload took away are not read here any more; their leases run out.
    fn forget(&self, settings: &Settings) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|name, _| name.strip_prefix(MAILBOX).is_none_or(|name| settings.mailboxes.contains_key(name)));
    }

    fn note(&self, name: &str, renewed: Option<Instant>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let last = held.get(name).copied();
        if name == self.own && last.is_some_and(|renewed| renewed.elapsed() >= TRUST) {
            // Before it counts as alive again.
            self.expiries.fetch_add(1, Ordering::SeqCst);
        }
        let before = last.is_some();
        match renewed {
            Some(at) => held.insert(name.to_owned(), at),
            None => held.remove(name),
        };
        match (before, renewed.is_some()) {
            (false, true) => tracing::info!(lease = name, "taken"),
            (true, false) if name == self.own => {
                tracing::error!(lease = name, "another guichet of this name has taken over; see store.instance");
            }
            (true, false) => tracing::warn!(lease = name, "lost to another instance"),
            _ => {}
        }
    }
}

/// Makes sure that no other instance of this name is at work. What the last epoch left behind is taken over at once.
///
/// # Errors
/// [`Trouble::Again`] when one is, or [`Trouble::Store`].
pub async fn alone(store: &Store, instance: &str) -> Result<(), Trouble> {
    if store.engine() == Engine::Sqlite {
        return Ok(());
    }
    let seen = store.lease_end(&own(instance)).await?;
    let Some(seen) = seen else { return Ok(()) };
    tokio::time::sleep(LOOK).await;
    match store.lease_end(&own(instance)).await? {
        Some(now) if now != seen => Err(Trouble::Again(format!(
            "another guichet called {instance} is at work on this database; give this one another name with store.instance"
        ))),
        _ => Ok(()),
    }
}

fn own(instance: &str) -> String {
    format!("instance:{instance}")
}

/// What was claimed while an instance lived without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims(u64);

/// The lease of whoever reads a mailbox.
#[must_use]
pub(crate) fn of_mailbox(name: &str) -> String {
    format!("{MAILBOX}{name}")
}

/// Renews the leases of a service desk for as long as there is one.
pub(super) fn keep(app: &Arc<App>) {
    let app = Arc::downgrade(app);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(BEAT).await;
            if !beat(&app).await {
                return;
            }
        }
    });
}

async fn beat(app: &Weak<App>) -> bool {
    let Some(app) = app.upgrade().filter(|app| !app.closing.is_cancelled()) else { return false };
    if let Err(error) = app.presence.beat(&app.store, &app.settings.load_full()).await {
        tracing::error!(%error, "leases not renewed");
    }
    true
}
