//! Statements about emails as received.

use super::Sql;

/// Emails as people see them.
macro_rules! inbox_rows {
    () => {
        "SELECT inbox.id, inbox.mailbox, inbox.size, inbox.received_at, inbox.state, inbox.verdict, inbox.reason, inbox.decided_at, \
         inbox.message_id, inbox.sender, inbox.subject, COALESCE(ticket.number, '') AS number, inbox.cause FROM inbox \
         LEFT JOIN ticket ON ticket.id = inbox.ticket_id "
    };
}

/// Emails that wait for their verdict.
macro_rules! waiting {
    () => {
        "id, mailbox, size, attempts, received_at, delivered_at, released, joins"
    };
}

statements! {
    ATTEMPT_BACK = Sql::both("UPDATE inbox SET attempts = attempts - 1 WHERE state = 'new' AND id = $1 AND attempts > 0");
    INBOX_ADD = rows!(
        "INSERT INTO inbox (mailbox, uid_validity, uid, content_hash, size, received_at, state, verdict, reason, settled, cause, delivered_at) \
         SELECT j.value ->> 0, CAST(j.value ->> 1 AS BIGINT), CAST(j.value ->> 2 AS BIGINT), j.value ->> 3, \
         CAST(j.value ->> 4 AS BIGINT), CAST(j.value ->> 5 AS BIGINT), j.value ->> 6, j.value ->> 7, j.value ->> 8, \
         CAST(j.value ->> 9 AS BIGINT), j.value ->> 10, CAST(j.value ->> 11 AS BIGINT)",
        "ON CONFLICT (mailbox, content_hash) DO UPDATE SET \
         uid_validity = excluded.uid_validity, uid = excluded.uid, settled = excluded.settled RETURNING id, content_hash, kept");
    // $2: mailboxes.
    MAILBOX_RECEIVED = among!("UPDATE mailbox SET last_email_at = $2 WHERE last_email_at < $2 AND name", "");
    INBOX_ADD_RAW = Sql::both("INSERT INTO inbox_raw (inbox_id, bytes) VALUES ($1, $2) ON CONFLICT (inbox_id) DO NOTHING");
    INBOX_ADD_RAWS = Sql::both(
        "INSERT INTO inbox_raw (inbox_id, bytes) VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8), ($9, $10), ($11, $12), \
         ($13, $14), ($15, $16) ON CONFLICT (inbox_id) DO NOTHING");
    // Where several instances work, each claims what it is going to decide; what a life had claimed that is over
    // is free again. $1: how many; $2: beyond which id; $3: who claims.
    INBOX_WAITING = Sql {
        sqlite: concat!(
            "SELECT ",
            waiting!(),
            " FROM inbox WHERE state = 'new' AND id > $2 AND $3 = '' ORDER BY id LIMIT $1"
        ),
        postgres: concat!("UPDATE inbox SET claimed_by = $3 WHERE id IN (SELECT id FROM inbox WHERE state = 'new' AND id > $2 \
                   AND (claimed_by IN ('', $3) OR claimed_by NOT IN (SELECT instance || '#' || life FROM lease \
                   WHERE name LIKE 'instance:%' AND until > CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT))) \
                   ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED) \
                   RETURNING ", waiting!()),
    };
    INBOX_CLAIM = Sql::both("UPDATE inbox SET claimed_by = $2 WHERE id = $1 AND state = 'new'");
    INBOX_UNCLAIM = Sql::both("UPDATE inbox SET claimed_by = '' WHERE state = 'new' AND id > $1 AND claimed_by = $2");
    // Emails are decided in the order they came in, whoever decides them.
    INBOX_AHEAD = Sql::both("SELECT COUNT(*) FROM inbox WHERE state = 'new' AND id < $1 AND claimed_by <> $2");
    INBOX_RAW = Sql::both("SELECT bytes FROM inbox_raw WHERE inbox_id = $1");
    INBOX_RAW_RANGE = Sql::both(
        "SELECT inbox_raw.inbox_id, inbox_raw.bytes FROM inbox_raw JOIN inbox ON inbox.id = inbox_raw.inbox_id \
         WHERE inbox.state = 'new' AND inbox_raw.inbox_id BETWEEN $1 AND $2 ORDER BY inbox_raw.inbox_id");
    INBOX_TRY = Sql::both("UPDATE inbox SET attempts = attempts + 1 WHERE state = 'new' AND id = $1");
    INBOX_DECIDE = rows!(
        "UPDATE inbox SET state = j.value ->> 1, verdict = j.value ->> 2, reason = j.value ->> 3, \
         ticket_id = COALESCE(CAST(j.value ->> 4 AS BIGINT), 0), decided_at = CAST(j.value ->> 5 AS BIGINT), \
         message_id = j.value ->> 6, sender = j.value ->> 7, subject = j.value ->> 8, \
         content = j.value ->> 9, cause = j.value ->> 11, alike = j.value ->> 12, digest = j.value ->> 13",
        "AND inbox.id = CAST(j.value ->> 0 AS BIGINT) AND inbox.state = 'new' AND inbox.claimed_by = j.value ->> 10");
    COMMANDS_DONE = among!("SELECT message_id, content FROM inbox WHERE verdict = 'command' AND message_id", "");
    INBOX_REFUSE = Sql::both(
        "UPDATE inbox SET state = 'done', verdict = 'refused', reason = $2, decided_at = $3 WHERE id = $1 AND state = 'held'");
    INBOX_JOIN = Sql::both("UPDATE inbox SET joins = $2 WHERE id = $1 AND state = 'held'");
    INBOX_RELEASE = Sql::both(
        "UPDATE inbox SET state = 'new', attempts = 0, verdict = '', digest = '', released = 1, reason = $2, claimed_by = '', decided_at = $3 \
         WHERE id = $1 AND state = 'held'");
    // All held emails of a sender, of a cause, for the very same reason, or (all empty) whatever they are. What was not fetched whole stays held.
    INBOX_RELEASE_ALL = Sql::both(
        "UPDATE inbox SET state = 'new', attempts = 0, verdict = '', digest = '', released = 1, joins = 0, reason = $2, claimed_by = '', decided_at = $3 WHERE state = 'held' \
         AND ($1 = '' OR sender = $1) AND ($4 = '' OR cause = $4) AND ($5 = '' OR reason = $5) \
         AND size = (SELECT LENGTH(inbox_raw.bytes) FROM inbox_raw WHERE inbox_raw.inbox_id = inbox.id)");
    INBOX_REFUSE_ALL = Sql::both(
        "UPDATE inbox SET state = 'done', verdict = 'refused', reason = $2, decided_at = $3 WHERE state = 'held' \
         AND ($1 = '' OR sender = $1) AND ($4 = '' OR cause = $4) AND ($5 = '' OR reason = $5)");
    INBOX_UNSETTLED = Sql::both(
        "SELECT uid FROM inbox WHERE mailbox = $1 AND settled = 0 AND uid_validity = $2 AND uid > 0 ORDER BY uid LIMIT $3");
    INBOX_MARKED = Sql::both(
        "SELECT uid FROM inbox WHERE mailbox = $1 AND settled = 2 AND uid_validity = $2 AND uid > 0 ORDER BY uid LIMIT $3");
    INBOX_SETTLE = Sql::both(
        "UPDATE inbox SET settled = 1 WHERE mailbox = $1 AND settled = 0 AND uid_validity = $2 AND uid BETWEEN $3 AND $4");
    INBOX_SETTLE_MARKED = Sql::both(
        "UPDATE inbox SET settled = 1 WHERE mailbox = $1 AND settled = 2 AND uid_validity = $2 AND uid BETWEEN $3 AND $4");
    INBOX_MARK = Sql::both(
        "UPDATE inbox SET settled = 2 WHERE mailbox = $1 AND settled = 0 AND uid_validity = $2 AND uid BETWEEN $3 AND $4");
    INBOX_GET = Sql::both(concat!(inbox_rows!(), "WHERE inbox.id = $1"));
    INBOX_HELD = Sql::both(concat!(inbox_rows!(), "WHERE inbox.state = 'held' ORDER BY inbox.id"));
    INBOX_BY_MESSAGE_ID = Sql::both(concat!(inbox_rows!(), "WHERE inbox.message_id = $1 ORDER BY inbox.id"));
    INBOX_BY_TICKET = Sql::both(concat!(inbox_rows!(), "WHERE ticket.number = $1 ORDER BY inbox.id"));
    INBOX_OLDEST = Sql::both("SELECT COUNT(*), MIN(received_at) FROM inbox WHERE state = 'new'");
    // $2: since when; $3: most rows of a sender that are looked at. Gives how many were looked at, and how many of them
    // count. What a person let in or refused does not count, nor does what is held for being too much.
    INBOX_LATELY = rows!(
        "SELECT j.value ->> 0, (SELECT COUNT(*) FROM (SELECT 1 AS one FROM inbox WHERE inbox.sender = j.value ->> 0 \
         AND inbox.decided_at > $2 LIMIT $3) AS every), (SELECT CAST(COALESCE(SUM(one.counts), 0) AS BIGINT) FROM \
         (SELECT CASE WHEN inbox.released = 0 AND inbox.verdict NOT IN ('', 'refused') \
         AND NOT (inbox.verdict = 'held' AND inbox.cause = 'flood') THEN 1 ELSE 0 END AS counts FROM inbox \
         WHERE inbox.sender = j.value ->> 0 AND inbox.decided_at > $2 LIMIT $3) AS one)", "");
    // $2: since when.
    INBOX_ALIKE = among!("SELECT DISTINCT alike, sender FROM inbox WHERE alike <> '' AND alike", "AND decided_at > $2 LIMIT 1000");
    INBOX_COUNT = Sql::both("SELECT state, COUNT(*) FROM inbox GROUP BY state");
}
