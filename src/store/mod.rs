//! What the service desk remembers: the only SQL.
//!
//! Takes and gives plain values. One SQL text serves SQLite and PostgreSQL; the few statements
//! that differ are pairs in [`sql`]. Never: rules. Fails with a [`StoreError`].
//!
//! House rules: columns are always named; times are BIGINT milliseconds, booleans 0 or 1; no
//! transaction is open while the network is waited for; no future of this module is ever
//! cancelled (a future dropped during BEGIN can hand back a connection inside a transaction).

mod article;
mod backlog;
mod chain;
mod deadline;
mod encryption;
mod erase;
mod error;
mod gather;
mod inbox;
mod integrity;
mod lease;
mod lookup;
mod mailbox;
mod meta;
mod outbox;
mod overdue;
mod pool;
mod rows;
pub mod sql;
mod state_history;
mod unfetched;
mod unit;
mod upkeep;
mod verify;
mod view;

pub use article::ArticleRow;
pub use backlog::{Alarm, Backlog};
pub use chain::{AuditEntry, ChainEntry};
pub use encryption::{EncryptionTrouble, Key, KeyPlace};
pub(crate) use erase::Word;
pub use erase::{Erasure, Expired};
pub use error::StoreError;
pub(crate) use inbox::{Arrival, VerdictRecord};
pub use inbox::{HeldFilter, InboxRow, InboxState, Place, Step, Waiting};
pub use lease::{Epoch, Lease};
pub(crate) use lookup::ListingFilter;
pub use lookup::{Blocked, EventRow, MessageRow, TicketFilter, TicketRow};
pub use mailbox::Cursor;
pub use outbox::{ClaimedEmail, Failure, OutboxRow, OutboxState};
pub(crate) use outbox::{Settlement, Untold};
pub use overdue::Overdue;
pub use pool::sqlite_file;
pub(crate) use pool::without_password;
pub(crate) use unfetched::NEVER;
pub use unfetched::{Unfetched, UnfetchedRow};
pub(crate) use unit::{Unit, Wanted, image_key};
pub(crate) use upkeep::split_password;
pub use verify::{CHECKS, Chain, Check, Sizes};

use std::path::{Path, PathBuf};

use sqlx::{Any, AnyPool, Transaction};

/// Which database is behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file, in WAL mode with durable commits.
    Sqlite,
    /// A server.
    Postgres,
}

/// How a commit is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It survives a power cut: the disk has it when the commit returns.
    Full,
    /// It survives the end of this process, not a power cut. For notes whose loss only repeats work:
    /// that a notification left, that an email was tried.
    Relaxed,
}

/// An open store.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    file: Option<PathBuf>,
    /// The epoch of the instance that uses it, where there may be several.
    epoch: Option<Epoch>,
    /// What digests are made with.
    key: integrity::Key,
    /// SQLite has one writer, so this pool holds one connection there.
    write: AnyPool,
    read: AnyPool,
}

/// An open transaction. Dropped without [`Tx::commit`], it leaves nothing.
pub struct Tx {
    engine: Engine,
    tx: Transaction<'static, Any>,
}

impl Store {
    /// The SQLite file; none for a server.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Which database it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Starts a transaction that may write. On SQLite it waits for the one writer's place.
    pub async fn begin(&self, durability: Durability) -> Result<Tx, StoreError> {
        let tx = self.write.begin_with(sql::begin(self.engine, durability)).await?;
        Ok(Tx { engine: self.engine, tx })
    }

    /// Closes every connection, finishing what is under way.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

impl Tx {
    /// Makes everything done in this transaction so.
    ///
    /// # Errors
    /// [`StoreError::Statement`]; then nothing was done.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.tx.commit().await?)
    }
}
