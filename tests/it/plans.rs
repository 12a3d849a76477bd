//! No cost grows with the past (invariant 10): the planners of both databases are asked about every statement there is, with the
//! statistics of a store that is large.

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
async fn fill(connection: &mut AnyConnection, engine: Engine, rows: usize) {
    let many = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})");
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
        "INSERT INTO article (ticket_id, queue, title, problem, solution, tags, public, author, created_at, updated_at, words) \
         SELECT i, 'q' || (i % 3), 't', 'p', 's', '', i % 2, 'a', i * 1000, i * 1000, 'word' || i FROM n",
    ] {
        let (head, select) = statement.split_once(" SELECT ").unwrap();
        let mut text = format!("{head} {many} SELECT {select}");
        if engine == Engine::Postgres {
            text = text.replace("x'00'", "'\\x00'::bytea");
        }
        connection.execute(AssertSqlSafe(text.clone())).await.unwrap_or_else(|e| panic!("{text}: {e}"));
    }
    connection.execute(SqlStr::from_static("ANALYZE")).await.unwrap();
}

/// Statements that read a whole table, and why they may: none is part of the way of an email, the sweep, the alarms or a list.
const MAY: [(&str, &str); 23] = [
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
    ("ARTICLES_ANY", "the first row"),
    ("ARTICLE_LIST", "the last rows in the order of their ids"),
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
    fill(&mut connection, Engine::Sqlite, 20_000).await;
    let partial = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'");
    let partial = partial.fetch_all(&mut connection).await.unwrap();
    let partial: Vec<String> = partial.iter().map(|row| row.get("name")).collect();
    let mut whole = Vec::new();
    for (name, statement) in sql::all() {
        let text = statement.on(Engine::Sqlite);
        let mut query = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")));
        for _ in 0..parameters(text) {
            query = query.bind("[]");
        }
        for row in query.fetch_all(&mut connection).await.unwrap_or_else(|e| panic!("{name}: {e}")) {
            let detail: String = row.get("detail");
            let table = detail.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            // An index of some rows holds only what waits, or is open.
            let is_partial = partial.iter().any(|index| detail.ends_with(&format!(" {index}")));
            if GROWING.contains(&table) && !is_partial {
                whole.push((name, detail));
            }
        }
    }
    let idle: Vec<&str> =
        MAY.iter().map(|(name, _)| *name).filter(|name| !whole.iter().any(|(used, _)| used == name)).collect();
    assert!(idle.is_empty(), "these may read a whole table and do not: {idle:?}");
    judge(&whole, &[]);
}

fn parameters(text: &str) -> usize {
    (1..20).rev().find(|n| text.contains(&format!("${n}"))).unwrap_or(0)
}

/// What reads a whole table is known.
fn judge(whole: &[(&str, String)], more: &[(&str, &str)]) {
    let is_known = |name: &str| is_thorough(name) || MAY.iter().chain(more).any(|(known, _)| *known == name);
    let found: Vec<String> =
        whole.iter().filter(|(name, _)| !is_known(name)).map(|(name, detail)| format!("{name}: {detail}")).collect();
    assert!(found.is_empty(), "{} plans:\n{}", found.len(), found.join("\n"));
}

/// What PostgreSQL also reads whole.
const MAY_ON_POSTGRES: [(&str, &str); 2] =
    [("ADDRESSES", "of an erasure: who there is at all"), ("INBOX_UIDS", "of `verify`: the emails of a mailbox")];

#[tokio::test]
async fn no_statement_reads_a_whole_table_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let url = make(Database::Postgres, folder.path()).await;
    Store::open(&url).await.unwrap().close().await;
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    fill(&mut connection, Engine::Postgres, 100_000).await;
    // The plan for any values, on a disk where a page elsewhere costs little more than the next.
    for setting in ["SET plan_cache_mode = force_generic_plan", "SET random_page_cost = 1.1"] {
        connection.execute(SqlStr::from_static(setting)).await.unwrap();
    }
    let partial = sqlx::query("SELECT CAST(indexname AS TEXT) AS name FROM pg_indexes WHERE indexdef LIKE '% WHERE %'");
    let partial = partial.fetch_all(&mut connection).await.unwrap();
    let partial: Vec<String> = partial.iter().map(|row| row.get("name")).collect();
    let mut whole = Vec::new();
    for (at, (name, statement)) in sql::all().enumerate() {
        let text = statement.on(Engine::Postgres);
        if !["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| text.trim_start().starts_with(verb)) {
            continue;
        }
        let prepare = connection.execute(AssertSqlSafe(format!("PREPARE s{at} AS {text}"))).await;
        prepare.unwrap_or_else(|e| panic!("{name}: {e}"));
        let nothing = vec!["NULL"; parameters(text)].join(", ");
        let nothing = if nothing.is_empty() { nothing } else { format!("({nothing})") };
        let plan = connection.fetch_all(AssertSqlSafe(format!("EXPLAIN EXECUTE s{at}{nothing}"))).await;
        let plan: Vec<String> =
            plan.unwrap_or_else(|e| panic!("{name}: {e}")).iter().map(|row| row.get::<String, _>(0)).collect();
        for (at, line) in plan.iter().enumerate() {
            let is_bounded = plan.get(at + 1).is_some_and(|next| next.contains("Index Cond:"));
            let words: Vec<&str> = line.split_whitespace().collect();
            let after = |word: &str| words.iter().position(|w| *w == word).and_then(|at| words.get(at + 1)).copied();
            let table = after("on").filter(|table| GROWING.contains(table));
            let index = after("using");
            let is_whole = if line.contains("Seq Scan") {
                true
            } else {
                index.is_some_and(|index| !is_bounded && !partial.iter().any(|p| p == index))
            };
            if table.is_some() && is_whole {
                whole.push((name, line.trim().to_owned()));
            }
        }
    }
    judge(&whole, &MAY_ON_POSTGRES);
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
