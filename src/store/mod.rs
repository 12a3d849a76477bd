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
mod encryption;
mod erase;
mod gather;
mod inbox;
mod integrity;
mod lease;
mod lookup;
mod mailbox;
mod meta;
mod outbox;
mod overdue;
mod rows;
pub mod sql;
mod unfetched;
mod unit;
mod upkeep;
mod verify;
mod view;

pub use article::ArticleRow;
pub use backlog::{Alarm, Backlog};
pub use chain::{AuditEntry, ChainEntry};
pub use encryption::{EncryptionTrouble, Key, KeyPlace};
pub use erase::{Column, Erasure, Expired, Word};
pub use inbox::{Arrival, InboxRow, Step, VerdictRecord, Waiting};
pub use lease::{Lease, Life};
pub use lookup::{Blocked, EventRow, ListingFilter, MessageRow, TicketFilter, TicketRow};
pub use mailbox::Cursor;
pub use outbox::{ClaimedEmail, Failure, OutboxRow, OutboxState, Settlement, Untold};
pub use overdue::{Overdue, StateRow};
pub use unfetched::{NEVER, Unfetched, UnfetchedRow};
pub use unit::{Unit, Wanted, image_key};
pub use upkeep::split_password;
pub use verify::{CHECKS, Chain, Check, Sizes};

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Any, AnyConnection, AnyPool, Connection, Executor, Transaction};

static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

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

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `store.url` is none that is known.
    #[error("store.url must begin with sqlite: or postgres://, not {0:?}")]
    Url(String),
    /// The database does not answer.
    #[error("the database {place} cannot be opened: {source}")]
    Unreachable {
        /// The URL without its password.
        place: String,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date, or is newer than this program.
    #[error("the schema of {place} does not fit this version of guichet: {source}")]
    Schema {
        /// The URL without its password.
        place: String,
        /// What is wrong.
        source: MigrateError,
    },
    /// The schema is that of a later version.
    #[error(
        "{place} was written by a newer version of guichet (schema {version}); install that version or a later one"
    )]
    Newer {
        /// The URL without its password.
        place: String,
        /// Its schema.
        version: i64,
    },
    /// A statement failed.
    #[error("the database refused: {0}")]
    Statement(sqlx::Error),
    /// The database file is not what it was.
    #[error("the database file is damaged ({0}): keep it, and bring the newest backup back with `guichet restore`")]
    Damaged(sqlx::Error),
    /// The key that reply addresses are signed with is gone or unreadable: without it, or with another, nobody's notifications would prove
    /// anything.
    #[error(
        "the key of the store is {0} (table meta, name secret): bring the newest backup back with `guichet restore`, \
         or put the value from there into this database"
    )]
    Secret(&'static str),
    /// The task that was writing ended without an answer.
    #[error("writing was interrupted")]
    Interrupted,
    /// A ticket was to be opened under a prefix whose counter is not at hand.
    #[error("the counter of {0} was not locked")]
    Uncounted(String),
    /// An email was decided by somebody else in the meantime.
    #[error("mail {0} was decided elsewhere in the meantime")]
    AlreadyDecided(i64),
    /// Another instance has taken over what was to be done.
    #[error("another instance has taken over {0}")]
    Fenced(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // SQLite: 11 malformed, 26 no database.
        let code = error.as_database_error().and_then(|db| db.code()).and_then(|code| code.parse::<u32>().ok());
        let damaged = code.is_some_and(|code| matches!(code & 0xff, 11 | 26) && code < 10_000);
        if damaged { Self::Damaged(error) } else { Self::Statement(error) }
    }
}

impl StoreError {
    /// Whether trying again later, with nothing changed, may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Fenced(_) => true,
            Self::Statement(error) => passes_by_itself(error),
            _ => false,
        }
    }
}

/// Whether trying again later may help.
fn passes_by_itself(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => true,
        sqlx::Error::Database(db) => db.code().is_some_and(|code| passes(&code)),
        _ => false,
    }
}

/// Whether what this code of a database says may pass on its own.
///
/// SQLite's codes carry the kind in their lowest byte: 5 busy, 6 locked, 8 read-only, 10 input or output, 13 full, 14
/// cannot open. PostgreSQL's classes: 08 connection, 25006 read-only (a standby), 25P03 idle for too long, 55P03 locked, 40 rolled back, 53 out of resources, 57
/// operator's intervention, 58 system error.
fn passes(code: &str) -> bool {
    if code.len() == 5 {
        return matches!(code, "25006" | "25P03" | "55P03")
            || ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}

/// An open store.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    file: Option<PathBuf>,
    /// The life of the instance that uses it, where there may be several.
    life: Option<Life>,
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
    /// Opens the store, makes it where it does not exist, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Url`], [`StoreError::Unreachable`] or [`StoreError::Schema`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let engine = engine_of(url)?;
        let full = match engine {
            Engine::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            _ => url.to_owned(),
        };
        let place = without_password(url);
        let unreachable = |source: sqlx::Error| match StoreError::from(source) {
            StoreError::Statement(source) => StoreError::Unreachable { place: place.clone(), source },
            damaged => damaged,
        };
        let options: AnyConnectOptions = full.parse().map_err(unreachable)?;
        if let Some(file) = sqlite_file(url) {
            make_private(&file);
        }
        // A pool hides why it cannot connect behind a timeout; one connection says it.
        let mut probe = AnyConnection::connect_with(&options).await.map_err(unreachable)?;
        probe.execute(session(engine)).await.map_err(unreachable)?;
        probe.close().await.map_err(unreachable)?;
        let (writers, readers) = match engine {
            Engine::Sqlite => (1, 2),
            Engine::Postgres => (4, 4),
        };
        let write = pool(engine, writers, "").connect_with(options.clone()).await.map_err(unreachable)?;
        let migrator = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        migrator.run(&write).await.map_err(|source| misfit(place.clone(), source))?;
        let read = pool(engine, readers, reader(engine)).connect_with(options).await.map_err(unreachable)?;
        let mut store =
            Self { engine, file: sqlite_file(url), life: None, key: integrity::Key::default(), write, read };
        store.key = integrity::Key::new(&store.ensure_secret().await?);
        store.ensure_chain().await?;
        store.begin_digests(crate::clock::Clock::system().now()).await?;
        Ok(store)
    }

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
    ///
    /// # Errors
    /// [`StoreError::Statement`].
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

fn misfit(place: String, source: MigrateError) -> StoreError {
    match source {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
            if matches!(error.as_database_error().and_then(|db| db.code()).as_deref(), Some("11" | "26" | "267")) =>
        {
            StoreError::Damaged(error)
        }
        MigrateError::VersionMissing(version) => StoreError::Newer { place, version },
        // The line broke, or somebody else was at it: the next start goes on from there.
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) if passes_by_itself(&error) => {
            StoreError::Unreachable { place, source: error }
        }
        source => StoreError::Schema { place, source },
    }
}

fn engine_of(url: &str) -> Result<Engine, StoreError> {
    if url.starts_with("sqlite:") {
        Ok(Engine::Sqlite)
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        Ok(Engine::Postgres)
    } else {
        Err(StoreError::Url(without_password(url)))
    }
}

/// `sqlite:guichet.db?mode=rwc` is the file `guichet.db`.
#[must_use]
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let file = url.strip_prefix("sqlite:")?;
    let file = file.strip_prefix("//").unwrap_or(file);
    Some(PathBuf::from(file.split('?').next().unwrap_or(file)))
}

/// Settings of every connection.
fn session(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => sql::PRAGMAS,
        Engine::Postgres => sql::SESSION,
    }
}

/// Settings of a connection that only reads, after those.
fn reader(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => sql::READER_PRAGMAS,
        Engine::Postgres => "",
    }
}

/// A database that is not there yet is made so that nobody else can read it.
fn make_private(file: &Path) {
    use std::os::unix::fs::OpenOptionsExt;
    // Where it cannot be made, opening it says why.
    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
}

/// `more`: settings besides those of every connection.
fn pool(engine: Engine, size: u32, more: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(30))
        // Asking each time whether the connection lives costs a round trip a statement.
        .test_before_acquire(engine == Engine::Postgres)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(session(engine)).await?;
                if !more.is_empty() {
                    connection.execute(more).await?;
                }
                Ok(())
            })
        })
}

/// The URL as it may be logged.
#[must_use]
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    // Parameters may hold a password too.
    let rest = rest.split('?').next().unwrap_or(rest);
    match rest.rsplit_once('@') {
        Some((user, place)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{place}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_password("postgres://u:se:cr@t@host/db"), "postgres://u@host/db");
        assert_eq!(without_password("postgres://host/db?user=u&password=secret"), "postgres://host/db");
        assert_eq!(without_password("sqlite:/var/lib/g.db"), "sqlite:/var/lib/g.db");
    }

    #[test]
    fn what_may_pass_is_told_from_what_stays_wrong() {
        for code in ["5", "517", "10", "778", "13", "14", "1032", "08006", "40P01", "53100", "57P01", "25006"] {
            assert!(passes(code), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42P01", "22021", "11", ""] {
            assert!(!passes(code), "{code}");
        }
    }

    #[test]
    fn both_schemas_have_the_same_columns() {
        for (lite, twin) in [
            (
                include_str!("../../migrations/sqlite/0001_first.sql"),
                include_str!("../../migrations/postgres/0001_first.sql"),
            ),
            (
                include_str!("../../migrations/sqlite/0003_service.sql"),
                include_str!("../../migrations/postgres/0003_service.sql"),
            ),
            (
                include_str!("../../migrations/sqlite/0004_faults.sql"),
                include_str!("../../migrations/postgres/0004_faults.sql"),
            ),
            (
                include_str!("../../migrations/sqlite/0005_words.sql"),
                include_str!("../../migrations/postgres/0005_words.sql"),
            ),
        ] {
            same_columns(lite, twin);
        }
        let names = |m: &Migrator| m.iter().map(|m| (m.version, m.description.to_string())).collect::<Vec<_>>();
        assert_eq!(names(&SQLITE), names(&POSTGRES));
    }

    fn same_columns(lite: &str, twin: &str) {
        let norm = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|l| !l.trim_start().starts_with("--"));
            lines
                .map(|l| {
                    l.replace(
                        "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
                        "INTEGER PRIMARY KEY AUTOINCREMENT",
                    )
                    .replace("BIGINT", "INTEGER")
                    .replace("BYTEA", "BLOB")
                })
                .collect()
        };
        assert_eq!(norm(lite), norm(twin));
    }
}
