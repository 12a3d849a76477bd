//! Connections: how a database is opened, brought up to date, and held.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{AnyConnection, Connection, Executor};

use super::error::may_pass;
use super::{Engine, Store, StoreError, integrity, sql};

static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
pub(super) static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

impl Store {
    /// Opens the store, makes it where it does not exist, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Url`], [`StoreError::Unreachable`] or [`StoreError::Schema`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, true).await
    }

    /// As [`Store::open`], for a command that only reads: it leaves the schema as it is, which a service of another version may be
    /// working on, or making.
    ///
    /// # Errors
    /// [`StoreError::Older`] besides those.
    pub async fn open_to_read(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, false).await
    }

    async fn open_with(url: &str, migrates: bool) -> Result<Self, StoreError> {
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
        if migrates {
            let _alone = alone(url).await;
            migrator.run(&write).await.map_err(|source| misfit(place.clone(), source))?;
        } else {
            let newest = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
            let applied = sqlx::query_scalar::<_, Option<i64>>(sql::SCHEMA_APPLIED.on(engine)).fetch_one(&write).await;
            match applied.ok().flatten().unwrap_or(0) {
                version if version < newest => return Err(StoreError::Older { place }),
                version if version > newest => return Err(StoreError::Newer { place, version }),
                _ => {}
            }
        }
        let read = pool(engine, readers, reader(engine)).connect_with(options).await.map_err(unreachable)?;
        let mut store =
            Self { engine, file: sqlite_file(url), epoch: None, key: integrity::Key::default(), write, read };
        store.key = integrity::Key::new(&store.ensure_secret().await?);
        store.ensure_chain().await?;
        store.begin_digests(crate::clock::Clock::system().now()).await?;
        Ok(store)
    }
}

/// Holds the database file for as long as the schema is changed: SQLite lets two processes change it in turn, and neither would
/// know of the other's steps. PostgreSQL has a lock for that, which the migrations take.
async fn alone(url: &str) -> Option<std::fs::File> {
    let file = std::fs::File::open(sqlite_file(url)?).ok()?;
    for _ in 0..MIGRATING {
        if file.try_lock().is_ok() {
            return Some(file);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    None
}

/// How often the lock is tried: a minute in all.
const MIGRATING: usize = 1_200;

fn misfit(place: String, source: MigrateError) -> StoreError {
    match source {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
            if matches!(error.as_database_error().and_then(|db| db.code()).as_deref(), Some("11" | "26" | "267")) =>
        {
            StoreError::Damaged(error)
        }
        MigrateError::VersionMissing(version) => StoreError::Newer { place, version },
        // The line broke, or somebody else was at it: the next start goes on from there.
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) if may_pass(&error) => {
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
        // Without either there is no task that looks for idle connections. It walks as many as a counter says, which passes below
        // zero, and so becomes immense, while another task is about to give one back: then it takes a core, and does not end.
        .idle_timeout(None)
        .max_lifetime(None)
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
pub(crate) fn without_password(url: &str) -> String {
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
    use super::super::error::passes;
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
            (
                include_str!("../../migrations/sqlite/0006_codes.sql"),
                include_str!("../../migrations/postgres/0006_codes.sql"),
            ),
            (
                include_str!("../../migrations/sqlite/0007_outbox.sql"),
                include_str!("../../migrations/postgres/0007_outbox.sql"),
            ),
            (
                include_str!("../../migrations/sqlite/0008_desk.sql"),
                include_str!("../../migrations/postgres/0008_desk.sql"),
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
