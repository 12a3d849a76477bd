//! What can go wrong with the store, and what may pass on its own.

use sqlx::migrate::MigrateError;

use crate::ticket::InboxId;

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
    /// The schema is older than the program, for a command that only reads.
    #[error(
        "{place} was written by an older version of guichet: `guichet run` brings it up to date, and then this works"
    )]
    Older {
        /// The URL without its password.
        place: String,
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
    /// A ticket was to be opened, and nothing that was received opens it.
    #[error("a ticket is opened by an email, and there is none")]
    WithoutEmail,
    /// An email was decided by somebody else in the meantime.
    #[error("mail {0} was decided elsewhere in the meantime")]
    AlreadyDecided(InboxId),
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
            Self::Statement(error) => may_pass(error),
            _ => false,
        }
    }
}

/// Whether trying again later may help.
pub(super) fn may_pass(error: &sqlx::Error) -> bool {
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
pub(super) fn passes(code: &str) -> bool {
    if code.len() == 5 {
        return matches!(code, "25006" | "25P03" | "55P03")
            || ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}
