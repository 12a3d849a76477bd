//! Every statement the program runs, by what it is about. A test prepares each of them on both databases.

use super::{Durability, Engine};

/// Settings of each SQLite connection. The cache is 2 MiB, the log may grow to 16 MiB; readers never wait for the
/// writer. What is deleted is overwritten.
pub(super) const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; \
     PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY; \
     PRAGMA secure_delete = ON;";

/// Settings of a SQLite connection that only reads: it finds its few rows by their keys, so a small cache serves, and
/// what the system caches of the file is everybody's.
pub(super) const READER_PRAGMAS: &str = "PRAGMA cache_size = -500";

/// Settings of each PostgreSQL connection. Whoever is stopped, or cut off, in the middle of a transaction holds its locks
/// no longer than the others wait before they take over.
pub(super) const SESSION: &str = "SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '30s'; \
     SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2; SET tcp_user_timeout = '15s'";

/// Every table there ever was, gone: before a copy takes their place.
pub(super) const DROP_EVERYTHING: &str = concat!(
    "DROP TABLE IF EXISTS _sqlx_migrations, meta, mailbox, inbox, inbox_raw, counter, ticket, deadline, article, participant, ",
    "message, event, course, state_history, overdue, bell, wake_up, outbox, undeliverable, seen_image, letter, outbox_raw, lease, ",
    "link, chain_entry, alarm, unfetched, digest, letter_body, outbox_body CASCADE"
);

/// How a transaction begins: with the writer's place taken, and its durability set.
pub(super) fn begin(engine: Engine, durability: Durability) -> &'static str {
    match (engine, durability) {
        (Engine::Sqlite, Durability::Full) => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
        (Engine::Sqlite, Durability::Relaxed) => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
        (Engine::Postgres, Durability::Full) => "BEGIN",
        (Engine::Postgres, Durability::Relaxed) => "BEGIN; SET LOCAL synchronous_commit TO OFF",
    }
}

/// A statement, or a pair of them where the two databases differ.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Sql {
    const fn both(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }

    /// The text for this engine.
    #[must_use]
    pub fn on(self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }
}

/// A statement over rows that come as one JSON array of arrays in `$1`; `j.value ->> n` is column n.
macro_rules! rows {
    ($head:expr, $tail:literal) => {
        Sql {
            sqlite: concat!($head, " FROM (SELECT value FROM json_each($1) LIMIT -1) AS j WHERE true ", $tail),
            postgres: concat!(
                $head,
                " FROM json_array_elements(CAST(CAST($1 AS TEXT) AS json)) AS j(value) WHERE true ",
                $tail
            ),
        }
    };
}

/// A statement with a list of texts that comes as one JSON array in `$1`.
macro_rules! among {
    ($head:expr, $tail:literal) => {
        Sql {
            sqlite: concat!($head, " IN (SELECT value FROM json_each($1)) ", $tail),
            postgres: concat!($head, " IN (SELECT json_array_elements_text(CAST(CAST($1 AS TEXT) AS json))) ", $tail),
        }
    };
}

/// The same with a list of numbers.
macro_rules! among_ids {
    ($head:expr, $tail:literal, $lock:literal) => {
        Sql {
            sqlite: concat!($head, " IN (SELECT value FROM json_each($1)) ", $tail),
            postgres: concat!(
                $head,
                " IN (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT)) ",
                $tail,
                $lock
            ),
        }
    };
}

/// Lines of history, with the chain entry that covers them.
macro_rules! covered_events {
    () => {
        "SELECT id, chain_entry, ticket_id, created_at, actor, kind, text FROM event WHERE "
    };
}

/// Notifications, with the chain entry that covers them.
macro_rules! covered_notifications {
    () => {
        "SELECT id, chain_entry, once_key, ticket_id, kind, recipient, message_id FROM outbox WHERE "
    };
}

/// Names and texts of statements; `LIST` is all of them.
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(pub(in crate::store) const $name: Sql = $sql;)+

        /// Name and text of each.
        pub(super) const LIST: &[(&str, Sql)] = &[$((stringify!($name), $name)),+];
    };
}

mod erase;
mod inbox;
mod outbox;
mod person;
mod service;
mod ticket;
mod unfetched;
mod verify;

pub(super) use erase::*;
pub(super) use inbox::*;
pub(super) use outbox::*;
pub(super) use person::{COLUMNS, PLACES};
pub(super) use service::*;
pub(super) use ticket::*;
pub(super) use unfetched::*;
pub(super) use verify::*;

/// Name and text of every statement.
pub fn all() -> impl Iterator<Item = (&'static str, Sql)> {
    let lists = [erase::LIST, inbox::LIST, outbox::LIST, service::LIST, ticket::LIST, unfetched::LIST, verify::LIST];
    let columns = COLUMNS.iter().flat_map(|column| [(column.name, column.find), (column.name, column.set)]);
    lists.into_iter().flatten().copied().chain(columns).chain(PLACES.iter().copied())
}
