//! Every statement on both databases.

use guichet::store::{Engine, Store, sql};
use sqlx::{AnyConnection, Connection, Executor, SqlStr};

use crate::support::Database;
use crate::support::site::make;

async fn prepares_all(database: Database, engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let url = make(database, folder.path()).await;
    Store::open(&url).await.unwrap().close().await;
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    assert!(sql::all().count() > 250);
    for (name, statement) in sql::all() {
        let prepared = (&mut connection).prepare(SqlStr::from_static(statement.on(engine))).await;
        assert!(prepared.is_ok(), "{name} on {engine:?}: {:?}", prepared.err());
    }
}

#[tokio::test]
async fn every_statement_fits_sqlite() {
    prepares_all(Database::Sqlite, Engine::Sqlite).await;
}

#[tokio::test]
async fn every_statement_fits_postgresql() {
    prepares_all(Database::Postgres, Engine::Postgres).await;
}

#[tokio::test]
async fn a_schema_newer_than_the_program_is_refused() {
    for database in [Database::Sqlite, Database::Postgres] {
        let folder = tempfile::tempdir().unwrap();
        let url = make(database, folder.path()).await;
        Store::open(&url).await.unwrap().close().await;
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        let (blob, yes) = if database == Database::Sqlite { ("x'00'", "1") } else { ("'\\x00'", "true") };
        let text = format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', {yes}, {blob}, 0)"
        );
        connection.execute(sqlx::AssertSqlSafe(text)).await.unwrap();
        let error = Store::open(&url).await.unwrap_err();
        assert!(error.to_string().contains("was written by a newer version"), "{error}");
    }
}
