//! No cost grows with the past (invariant 10): the planner of SQLite is asked about every statement there is, with the
//! statistics of a store that is large.

use std::collections::BTreeSet;

use guichet::store::{Engine, Store, sql};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row, SqlStr};

use crate::support::Database;
use crate::support::site::make;

/// Tables that grow with every email.
const GROWING: [&str; 12] = [
    "ticket",
    "message",
    "event",
    "inbox",
    "inbox_raw",
    "outbox",
    "outbox_raw",
    "state_history",
    "participant",
    "chain_entry",
    "article",
    "seen_image",
];

/// Fills the tables that grow with rows enough for the planner to mind them, most of them closed, decided or sent.
async fn fill(connection: &mut AnyConnection) {
    const ROWS: usize = 20_000;
    let many = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})");
    for statement in [
        "INSERT INTO ticket (id, number, queue, title, status, priority, requester, created_at, updated_at, closed_at) \
         SELECT i, 'A-' || i, 'q' || (i % 3), 't', CASE WHEN i % 100 = 0 THEN 'open' ELSE 'closed' END, 'P3', 'p' || (i % 900), i * 1000, i * 1000, \
         CASE WHEN i % 100 = 0 THEN 0 ELSE i * 1000 + 5 END FROM n",
        "INSERT INTO inbox (id, mailbox, uid, content_hash, received_at, state, settled, verdict, ticket_id, decided_at, message_id, sender) \
         SELECT i, 'm', i, 'h' || i, i * 1000, 'done', 1, 'opened', i, i * 1000, 'id' || i, 'p' || (i % 900) FROM n",
        "INSERT INTO inbox_raw (inbox_id, bytes) SELECT i, x'00' FROM n",
        "INSERT INTO message (ticket_id, inbox_id, direction, visibility, sender, created_at, message_id, text, new_text) \
         SELECT i, i, 'in', 'public', 'p' || (i % 900), i * 1000, 'id' || i, 't', 't' FROM n",
        "INSERT INTO event (ticket_id, created_at, actor, kind, text, chain_entry) SELECT i, i * 1000, 'a', 'k', 't', i FROM n",
        "INSERT INTO outbox (once_key, ticket_id, kind, recipient, envelope_from, message_id, created_at, state, due_at, sent_at, chain_entry) \
         SELECT 'k' || i, i, 'answer', 'p' || (i % 900), 'e', 'o' || i, i * 1000, 'sent', i * 1000, i * 1000, i FROM n",
        "INSERT INTO outbox_raw (outbox_id, bytes) SELECT i, x'00' FROM n",
        "INSERT INTO state_history (ticket_id, at, state) SELECT i, i * 1000, '{}' FROM n",
        "INSERT INTO participant (ticket_id, address, role) SELECT i, 'p' || (i % 900), 'requester' FROM n",
        "INSERT INTO chain_entry (id, at, kind, actor, subject, text, digest, chain) SELECT i + 100, i * 1000, 'decided', 'a', 's', 't', 'd', 'c' FROM n",
        "INSERT INTO seen_image (seen_key) SELECT 's' || i FROM n",
    ] {
        let (head, select) = statement.split_once(" SELECT ").unwrap();
        let text = format!("{head} {many} SELECT {select}");
        connection.execute(AssertSqlSafe(text.clone())).await.unwrap_or_else(|e| panic!("{text}: {e}"));
    }
    connection.execute(SqlStr::from_static("ANALYZE")).await.unwrap();
}

/// Statements that read a whole table, and why they may: none is part of the way of an email, the sweep, the alarms or a list.
const MAY: [(&str, &str); 25] = [
    ("ADDRESSES", "of an erasure: who there is at all"),
    ("OLD_EMAILS", "of the upkeep, by the page, only where emails are kept for a time"),
    ("OLD_NOTIFICATIONS", "of the upkeep, by the page, only where notifications are kept for a time"),
    ("OLD_IGNORED", "of the upkeep, by the page"),
    ("ERASE_TEXTS", "of an erasure"),
    ("ERASE_IMAGES", "of an erasure"),
    ("UNDOS", "of an erasure"),
    ("EVENTS_OF_ENTRIES", "of an erasure"),
    ("NOTIFICATIONS_OF_ENTRIES", "of an erasure"),
    ("ENTRIES_OF_PEOPLE", "of an erasure"),
    ("INBOX_ADD", "the check of a reference that would be made if an id changed: none does"),
    ("INBOX_COUNT", "of tests"),
    ("NOTIFICATION_BODIES_DROP", "the check whether a body is still used finds it by index"),
    ("OUTBOX_RETRY", "`outbox retry` without an id"),
    ("OUTBOX_LIST_SENT", "the first rows in the order of their ids"),
    ("USED", "the first row"),
    ("CHAIN_END", "the last row"),
    ("ENTRY_OF_KEY", "of `verify`"),
    ("STATES", "a report reads the tickets there were: docs/performance.md says what it costs"),
    ("ARTICLES_ANY", "the first row"),
    ("ARTICLE_LIST", "the last rows in the order of their ids"),
    ("TICKET_LIST", "the last rows in the order of their ids"),
    ("PERSON", "of an erasure"),
    ("SIZES", "of `verify`"),
    ("VERIFY_KIN", "of `verify`"),
];

/// Whether a statement looks for a person everywhere, or checks everything.
fn is_thorough(name: &str) -> bool {
    name.starts_with("VERIFY_") || name.contains('.')
}

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let url = make(Database::Sqlite, folder.path()).await;
    Store::open(&url).await.unwrap().close().await;
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    fill(&mut connection).await;
    let partial = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'");
    let partial = partial.fetch_all(&mut connection).await.unwrap();
    let partial: Vec<String> = partial.iter().map(|row| row.get("name")).collect();
    let (mut found, mut used) = (Vec::new(), BTreeSet::new());
    for (name, statement) in sql::all() {
        let text = statement.on(Engine::Sqlite);
        let count = (1..20).rev().find(|n| text.contains(&format!("${n}"))).unwrap_or(0);
        let mut query = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")));
        for _ in 0..count {
            query = query.bind("[]");
        }
        for row in query.fetch_all(&mut connection).await.unwrap_or_else(|e| panic!("{name}: {e}")) {
            let detail: String = row.get("detail");
            let table = detail.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            // An index of some rows holds only what waits, or is open.
            let is_partial = partial.iter().any(|index| detail.ends_with(&format!(" {index}")));
            if GROWING.contains(&table) && !is_partial {
                used.insert(name.to_owned());
            }
            if GROWING.contains(&table) && !is_partial && !is_thorough(name) && !MAY.iter().any(|(may, _)| *may == name)
            {
                found.push(format!("{name}: {detail}"));
            }
        }
    }
    let idle: Vec<&str> = MAY.iter().map(|(name, _)| *name).filter(|name| !used.contains(*name)).collect();
    assert!(idle.is_empty(), "these may read a whole table and do not: {idle:?}");
    assert!(found.is_empty(), "{} plans:\n{}", found.len(), found.join("\n"));
}

/// The words in the statement of agents' lists are all statuses that are not done.
#[test]
fn lists_hold_every_status_that_is_not_done() {
    let text = sql::all().find(|(name, _)| *name == "TICKETS_AT_WORK").unwrap().1.on(Engine::Sqlite);
    for status in guichet::ticket::Status::ALL {
        assert_eq!(
            text.contains(&format!("'{}'", status.as_str())),
            !matches!(status.as_str(), "resolved" | "closed"),
            "{status:?}"
        );
    }
}
