//! Statements about the service desk itself: what it remembers of its mailboxes, who works, who did what, how it stands, its upkeep.

use super::Sql;

/// Entries of the chain.
macro_rules! entries {
    () => {
        "SELECT id, at, kind, actor, subject, text, digest, chain FROM chain_entry "
    };
}

statements! {
    META_GET = Sql::both("SELECT value FROM meta WHERE name = $1");
    USED = Sql::both("SELECT 1 AS one FROM outbox UNION ALL SELECT 1 FROM inbox LIMIT 1");
    META_BETWEEN = Sql::both("SELECT value FROM meta WHERE name >= $1 AND name < $2 ORDER BY name");
    META_DROP = Sql::both("DELETE FROM meta WHERE name = $1");
    META_SET = Sql::both(
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    // $1: name; $2: instance; $3: its epoch; $4: for how long. A newer epoch of the same instance takes over at once.
    // Always in the order of their names, so that no two instances wait for each other.
    LEASES_TAKE = Sql {
        sqlite: "INSERT INTO lease (name, instance, life, until) SELECT value, $2, $3, CAST(strftime('%s', 'now') AS INTEGER) * 1000 + $4 \
                 FROM json_each($1) WHERE true ORDER BY value \
                 ON CONFLICT (name) DO UPDATE SET instance = excluded.instance, life = excluded.life, until = excluded.until \
                 WHERE (lease.instance = excluded.instance AND lease.life <= excluded.life) \
                 OR lease.until < CAST(strftime('%s', 'now') AS INTEGER) * 1000 RETURNING name",
        postgres: "INSERT INTO lease (name, instance, life, until) SELECT value, CAST($2 AS TEXT), CAST($3 AS BIGINT), \
                   CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + $4 \
                   FROM json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) ORDER BY value \
                   ON CONFLICT (name) DO UPDATE SET instance = excluded.instance, life = excluded.life, until = excluded.until \
                   WHERE (lease.instance = excluded.instance AND lease.life <= excluded.life) \
                   OR lease.until < CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) RETURNING name",
    };
    LEASE_DROP = Sql::both("DELETE FROM lease WHERE instance = $1 AND life = $2");
    // Whoever takes over must wait for the commit of whoever asks this.
    LEASE_HELD = Sql {
        sqlite: "SELECT name FROM lease WHERE name = $1 AND instance = $2 AND life = $3",
        postgres: "SELECT name FROM lease WHERE name = $1 AND instance = $2 AND life = $3 FOR SHARE",
    };
    LEASES = Sql {
        sqlite: "SELECT name, instance, until - CAST(strftime('%s', 'now') AS INTEGER) * 1000 AS \"left\" FROM lease ORDER BY name",
        postgres: "SELECT name, instance, until - CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS \"left\" FROM lease ORDER BY name",
    };
    ENTRY_LAST = Sql::both("SELECT chain FROM chain_entry WHERE id = $1");
    ENTRY_ADD = Sql::both(
        "INSERT INTO chain_entry (id, at, kind, actor, subject, text, digest, chain) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    ENTRIES = Sql::both(concat!(entries!(), "WHERE id > $1 ORDER BY id LIMIT $2"));
    // An erasure adds an entry for each that it emptied, beside the one that says what was done.
    ENTRIES_OF_PEOPLE = Sql::both(concat!(
        entries!(),
        "WHERE kind <> 'decided' AND subject NOT LIKE 'link %' ORDER BY id DESC LIMIT $1"
    ));
    COPY = Sql { sqlite: "VACUUM INTO $1", postgres: "SELECT $1 || ''" };
    ANALYZE = Sql { sqlite: "PRAGMA optimize", postgres: "ANALYZE" };
    VACUUM = Sql { sqlite: "VACUUM", postgres: "VACUUM (ANALYZE)" };
    TEMP_FILE = Sql { sqlite: "PRAGMA temp_store = FILE", postgres: "SELECT 1 WHERE false" };
    TEMP_MEMORY = Sql { sqlite: "PRAGMA temp_store = MEMORY", postgres: "SELECT 1 WHERE false" };
    LEASE_END = Sql {
        sqlite: "SELECT life, until FROM lease WHERE name = $1 AND until > CAST(strftime('%s', 'now') AS INTEGER) * 1000",
        postgres: "SELECT life, until FROM lease WHERE name = $1 \
                   AND until > CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)" };
    ROOM = Sql {
        sqlite: "SELECT (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_count FROM pragma_page_count)",
        postgres: "SELECT CAST(0 AS BIGINT), CAST(1 AS BIGINT)" };
    OUTBOX_STOP = Sql::both(
        "UPDATE outbox SET state = 'failed', lease_until = 0, last_error = $1, failure = $2 WHERE state IN ('queued', 'sending')");
    CHAIN_END = Sql::both("SELECT chain FROM chain_entry ORDER BY id DESC LIMIT 1");
    META_ADD = Sql::both("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");
    MAILBOX_GET = Sql::both(
        "SELECT uid_validity, last_uid, baseline, polled_at, first_at, since FROM mailbox WHERE name = $1");
    MAILBOX_SET = Sql::both(
        "INSERT INTO mailbox (name, uid_validity, last_uid, baseline, polled_at, first_at, since) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (name) DO UPDATE SET uid_validity = excluded.uid_validity, last_uid = excluded.last_uid, \
         baseline = excluded.baseline, polled_at = excluded.polled_at, first_at = excluded.first_at, since = excluded.since");
    // $1: now. Only small parts of each table are looked at.
    BACKLOG = Sql::both(
        "SELECT (SELECT COUNT(*) FROM inbox WHERE state = 'new') AS undecided, \
         (SELECT MIN(CASE WHEN decided_at > received_at THEN decided_at ELSE received_at END) FROM inbox WHERE state = 'new') AS oldest_undecided, \
         (SELECT COUNT(*) FROM inbox WHERE state = 'held') AS held, \
         (SELECT COUNT(*) FROM outbox WHERE state = 'queued') AS queued, \
         (SELECT MIN(created_at) FROM outbox WHERE state = 'queued') AS oldest_queued, \
         (SELECT COUNT(*) FROM outbox WHERE state = 'failed' AND failure <> 'held-back') AS failed, \
         (SELECT COUNT(*) FROM undeliverable WHERE until > $1 AND erased = 0) AS refusing, \
         (SELECT COUNT(*) FROM deadline WHERE due_at < $1 - 900000) AS late");
    SCHEMA_APPLIED = Sql::both("SELECT MAX(version) FROM _sqlx_migrations WHERE success");
    // The first emails of a mailbox come before its row is made; any of them says when that was.
    LAST_EMAILS = Sql::both(
        "SELECT name, CASE WHEN last_email_at > 0 THEN last_email_at \
         ELSE COALESCE((SELECT inbox.received_at FROM inbox WHERE inbox.mailbox = mailbox.name ORDER BY inbox.content_hash LIMIT 1), 0) END FROM mailbox");
    ALARMS = Sql::both("SELECT name, since, told_at, text FROM alarm ORDER BY name");
    ALARM_SET = Sql::both(
        "INSERT INTO alarm (name, since, told_at, text) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET \
         told_at = excluded.told_at, text = excluded.text");
    ALARM_CLEAR = Sql::both("DELETE FROM alarm WHERE name = $1");
    COUNTER_LOCK = Sql::both(
        "INSERT INTO counter (prefix, last) VALUES ($1, 0) \
         ON CONFLICT (prefix) DO UPDATE SET last = counter.last RETURNING last");
    COUNTER_NEXT = Sql::both(
        "INSERT INTO counter (prefix, last) VALUES ($1, 1) ON CONFLICT (prefix) DO UPDATE SET last = counter.last + 1 RETURNING last");
    COUNTER_SET = Sql::both("UPDATE counter SET last = $2 WHERE prefix = $1");
}
