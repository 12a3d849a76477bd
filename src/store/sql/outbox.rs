//! Statements about notifications and those who get them.

use super::Sql;

/// Notifications as people see them.
macro_rules! outbox_rows {
    () => {
        "SELECT outbox.id, outbox.kind, outbox.recipient, outbox.state, outbox.attempts, outbox.created_at, outbox.due_at, \
         outbox.sent_at, outbox.last_error, outbox.message_id, COALESCE(ticket.number, '') AS number FROM outbox \
         LEFT JOIN ticket ON ticket.id = outbox.ticket_id "
    };
}

/// The kinds of notifications that answer the requester, from `$3`.
macro_rules! answers {
    (sqlite) => {
        "outbox.kind IN (SELECT value FROM json_each($3))"
    };
    (postgres) => {
        "outbox.kind IN (SELECT json_array_elements_text(CAST(CAST($3 AS TEXT) AS json)))"
    };
}

macro_rules! claim {
    () => {
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_until = $2, lease_by = $3 "
    };
}

/// What is due, and not behind another email to the same person about the same ticket.
macro_rules! in_turn {
    () => {
        "one.state = 'queued' AND one.due_at <= $1 AND NOT EXISTS (SELECT 1 FROM outbox AS earlier \
         WHERE one.ticket_id > 0 AND earlier.ticket_id = one.ticket_id AND earlier.recipient = one.recipient AND earlier.id < one.id \
         AND earlier.state IN ('queued', 'sending')) "
    };
}

macro_rules! claimed {
    () => {
        "RETURNING id, ticket_id, recipient, envelope_from, attempts, created_at, size, kind, urgency"
    };
}

statements! {
    NOTIFICATIONS_ISSUED = among!(
        "SELECT message_id, created_at, reaches_requester FROM outbox WHERE proves = 1 AND message_id", "");
    // Answers that wait for their time so that they can be held back; nobody else sends them meanwhile.
    OUTBOX_WAITING = among_ids!(
        "SELECT ticket_id, created_at FROM outbox WHERE state = 'queued' AND attempts = 0 AND due_at > created_at AND ticket_id", "",
        " FOR UPDATE");
    OUTBOX_HOLD_BACK = Sql::both(
        "UPDATE outbox SET state = 'failed', failure = 'held-back', told = 1, last_error = 'held back by its writer' \
         WHERE ticket_id = $1 AND created_at = $2 AND state = 'queued' AND attempts = 0 AND due_at > created_at");
    MESSAGE_HOLD_BACK = Sql::both(
        "UPDATE message SET visibility = 'internal' WHERE ticket_id = $1 AND created_at = $2 AND visibility = 'public' AND direction = 'out'");
    // Text comes first in a notification; its files are of no interest.
    NOTIFICATIONS_ANSWERED = Sql {
        sqlite: "SELECT outbox.message_id, SUBSTR(outbox_raw.bytes, 1, 262144) FROM outbox JOIN outbox_raw ON outbox_raw.outbox_id = outbox.id \
                 WHERE outbox.message_id IN (SELECT value FROM json_each($1))",
        postgres: "SELECT outbox.message_id, SUBSTRING(outbox_raw.bytes FROM 1 FOR 262144) FROM outbox JOIN outbox_raw ON outbox_raw.outbox_id = outbox.id \
                   WHERE outbox.message_id IN (SELECT json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)))",
    };
    NOTIFICATIONS_SHOWN = among!("UPDATE outbox SET proves = 0 WHERE message_id", "");
    OUTBOX_ADD = rows!(
        "INSERT INTO outbox (once_key, ticket_id, kind, recipient, envelope_from, message_id, size, created_at, due_at, chain_entry, urgency, \
         reaches_requester) \
         SELECT j.value ->> 0, COALESCE(CAST(j.value ->> 1 AS BIGINT), 0), j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, \
         CAST(j.value ->> 6 AS BIGINT), CAST(j.value ->> 7 AS BIGINT), CAST(j.value ->> 8 AS BIGINT), CAST(j.value ->> 9 AS BIGINT), \
         CAST(j.value ->> 10 AS BIGINT), CAST(j.value ->> 11 AS BIGINT)",
        "ON CONFLICT (once_key) DO NOTHING RETURNING id, once_key");
    NOTIFICATION_ADD = Sql::both("INSERT INTO outbox_raw (outbox_id, bytes) VALUES ($1, $2)");
    NOTIFICATION_BODY_ADD = Sql::both("INSERT INTO outbox_body (bytes) VALUES ($1) RETURNING id");
    NOTIFICATION_SHARE = Sql::both("UPDATE outbox_raw SET body_id = $2 WHERE outbox_id = $1");
    NOTIFICATION_BODY_GET = Sql::both("SELECT bytes FROM outbox_body WHERE id = $1");
    NOTIFICATION_BODIES_DROP = Sql::both(
        "DELETE FROM outbox_body WHERE NOT EXISTS (SELECT 1 FROM outbox_raw WHERE outbox_raw.body_id = outbox_body.id)");
    NOTIFICATIONS_ADD = Sql::both(
        "INSERT INTO outbox_raw (outbox_id, bytes) VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8), ($9, $10), ($11, $12), \
         ($13, $14), ($15, $16)");
    NOTIFICATIONS_LEASED = Sql::both(
        "SELECT outbox_raw.outbox_id, outbox_raw.bytes, outbox_raw.body_id FROM outbox_raw JOIN outbox ON outbox.id = outbox_raw.outbox_id \
         WHERE outbox_raw.outbox_id BETWEEN $1 AND $2 AND outbox.state = 'sending' AND outbox.lease_by = $3 ORDER BY outbox_raw.outbox_id");
    NOTIFICATION_GET = Sql::both("SELECT bytes, body_id FROM outbox_raw WHERE outbox_id = $1");
    OUTBOX_RECENT = among!(
        "SELECT recipient, ticket_id, COUNT(*), \
         CAST(SUM(CASE WHEN created_at > $3 THEN 1 ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN created_at > $4 THEN 1 ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN created_at > $5 THEN 1 ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN created_at > $6 THEN 1 ELSE 0 END) AS BIGINT) FROM outbox WHERE recipient",
        "AND created_at > $2 GROUP BY recipient, ticket_id");
    OUTBOX_RECENT_OF_AGENTS = among!(
        "SELECT recipient, COUNT(*) FROM outbox WHERE recipient", "AND created_at > $2 GROUP BY recipient");
    UNDELIVERABLE_AMONG = among!(
        "SELECT address, since, until, status, reason, '' AS ticket FROM undeliverable WHERE address", "AND until > $2");
    UNDELIVERABLE_ADD = rows!(
        "INSERT INTO undeliverable (address, since, until, status, reason, ticket_id) SELECT j.value ->> 0, \
         CAST(j.value ->> 1 AS BIGINT), CAST(j.value ->> 2 AS BIGINT), j.value ->> 3, j.value ->> 4, \
         COALESCE(CAST(j.value ->> 5 AS BIGINT), 0)",
        "ON CONFLICT (address) DO UPDATE SET since = excluded.since, until = excluded.until, status = excluded.status, \
         reason = excluded.reason, ticket_id = excluded.ticket_id");
    UNDELIVERABLE_LIST = Sql::both(
        "SELECT undeliverable.address, undeliverable.since, undeliverable.until, undeliverable.status, undeliverable.reason, \
         COALESCE(ticket.number, '') AS ticket FROM undeliverable LEFT JOIN ticket ON ticket.id = undeliverable.ticket_id \
         WHERE undeliverable.until > $1 AND undeliverable.erased = 0 ORDER BY undeliverable.since DESC, undeliverable.address LIMIT $2");
    UNDELIVERABLE_CLEAR = Sql::both("DELETE FROM undeliverable WHERE address = $1");
    SEEN_IMAGES = among!("SELECT seen_key FROM seen_image WHERE seen_key", "");
    SEEN_IMAGE_ADD = rows!(
        "INSERT INTO seen_image (seen_key) SELECT j.value ->> 0", "ON CONFLICT (seen_key) DO NOTHING");
    // $4: how many, the most urgent first; $5: how many of those that have been due for longest, and for a minute at least, so that nothing starves.
    OUTBOX_CLAIM = Sql {
        sqlite: concat!(
            claim!(), "WHERE id IN (SELECT id FROM outbox AS one WHERE ", in_turn!(), "ORDER BY urgency, due_at, id LIMIT $4) \
             OR id IN (SELECT id FROM outbox AS one WHERE one.due_at <= $1 - 60000 AND ", in_turn!(), "ORDER BY due_at, id LIMIT $5) ", claimed!()),
        postgres: concat!(
            // Arrays: for two sets of ids it would read the whole table.
            claim!(), "WHERE id = ANY (ARRAY(SELECT id FROM outbox AS one WHERE ", in_turn!(), "ORDER BY urgency, due_at, id LIMIT $4 \
             FOR UPDATE SKIP LOCKED) || ARRAY(SELECT id FROM outbox AS one WHERE one.due_at <= $1 - 60000 AND ", in_turn!(), "ORDER BY due_at, id LIMIT $5 \
             FOR UPDATE SKIP LOCKED)) ", claimed!()),
    };
    // $1: since when. What is at hand will have been sent within the same minute.
    OUTBOX_SENT_LATELY = Sql::both(
        "SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND sent_at > $1) + (SELECT COUNT(*) FROM outbox WHERE state = 'sending')");
    OUTBOX_SENT_FIRST = Sql::both("SELECT MIN(sent_at) FROM outbox WHERE state = 'sent' AND sent_at > $1");
    // Taken is taken, whoever has claimed it since.
    OUTBOX_SENT = Sql::both(
        "UPDATE outbox SET state = 'sent', sent_at = $2, lease_until = 0, last_error = '' WHERE id = $1 AND state IN ('sending', 'queued')");
    OUTBOX_SENT_ALL = among_ids!(
        "UPDATE outbox SET state = 'sent', sent_at = $2, lease_until = 0, last_error = '' \
         WHERE state IN ('sending', 'queued') AND id", "", "");
    OUTBOX_TOUCH = Sql::both("UPDATE outbox SET lease_until = 0 WHERE id = $1 AND state = 'sent'");
    // Only answers that the server took count as given (first_responded_at).
    TICKETS_ANSWERED = Sql {
        sqlite: concat!(
            "UPDATE ticket SET first_responded_at = $2, first_response_id = (SELECT MIN(outbox.message_id) FROM outbox \
             WHERE outbox.ticket_id = ticket.id AND outbox.recipient = ticket.requester AND ",
            answers!(sqlite),
            " AND outbox.id IN (SELECT value FROM json_each($1))) \
             WHERE first_responded_at = 0 AND id IN (SELECT outbox.ticket_id FROM outbox \
             JOIN ticket AS one ON one.id = outbox.ticket_id AND one.requester = outbox.recipient WHERE ",
            answers!(sqlite),
            " AND outbox.id IN (SELECT value FROM json_each($1)))"
        ),
        postgres: concat!(
            "UPDATE ticket SET first_responded_at = $2, first_response_id = (SELECT MIN(outbox.message_id) FROM outbox \
             WHERE outbox.ticket_id = ticket.id AND outbox.recipient = ticket.requester AND ",
            answers!(postgres),
            " AND outbox.id IN (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT))) \
             WHERE first_responded_at = 0 AND id IN (SELECT outbox.ticket_id FROM outbox \
             JOIN ticket AS one ON one.id = outbox.ticket_id AND one.requester = outbox.recipient WHERE ",
            answers!(postgres),
            " AND outbox.id IN (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT)))"
        ),
    };
    // The earliest answer beside one that came back stands last. $2: now; $3: kinds.
    NEXT_ANSWERS = Sql {
        sqlite: concat!(
            "SELECT came_back.message_id, outbox.sent_at, outbox.message_id FROM outbox AS came_back \
             JOIN outbox ON outbox.ticket_id = came_back.ticket_id AND outbox.recipient = came_back.recipient \
             WHERE outbox.state = 'sent' AND outbox.sent_at <= $2 AND outbox.returned_at = 0 AND outbox.message_id <> came_back.message_id AND ",
            answers!(sqlite),
            " AND came_back.message_id IN (SELECT value FROM json_each($1)) ORDER BY outbox.sent_at DESC, outbox.id DESC"
        ),
        postgres: concat!(
            "SELECT came_back.message_id, outbox.sent_at, outbox.message_id FROM outbox AS came_back \
             JOIN outbox ON outbox.ticket_id = came_back.ticket_id AND outbox.recipient = came_back.recipient \
             WHERE outbox.state = 'sent' AND outbox.sent_at <= $2 AND outbox.returned_at = 0 AND outbox.message_id <> came_back.message_id AND ",
            answers!(postgres),
            " AND came_back.message_id IN (SELECT json_array_elements_text(CAST(CAST($1 AS TEXT) AS json))) \
             ORDER BY outbox.sent_at DESC, outbox.id DESC"
        ),
    };
    NOTIFICATIONS_RETURNED = among!(
        "UPDATE outbox SET returned_at = $2 WHERE returned_at = 0 AND message_id", "");
    // The clock of a first answer is read as soon as it is delivered.
    TICKETS_RESPONDED = among_ids!(
        "INSERT INTO deadline (ticket_id, kind, due_at) SELECT DISTINCT outbox.ticket_id, 'responded', CAST($2 AS BIGINT) FROM outbox \
         JOIN ticket ON ticket.id = outbox.ticket_id AND ticket.first_response_id = outbox.message_id WHERE outbox.id",
        "ON CONFLICT (ticket_id, kind) DO NOTHING", "");
    OUTBOX_LATER = Sql::both(
        "UPDATE outbox SET state = 'queued', due_at = $2, lease_until = 0, last_error = $3, attempts = attempts - $4 \
         WHERE id = $1 AND state = 'sending' AND lease_by = $5");
    OUTBOX_FAILED = Sql::both(
        "UPDATE outbox SET state = 'failed', lease_until = 0, last_error = $2, failure = $4, told = 0, due_at = $5 \
         WHERE id = $1 AND state = 'sending' AND lease_by = $3");
    OUTBOX_UNTOLD = Sql::both(
        "SELECT id, ticket_id, kind, recipient, last_error, failure FROM outbox WHERE state = 'failed' AND told = 0 ORDER BY id LIMIT $1");
    OUTBOX_TOLD = among_ids!("UPDATE outbox SET told = 1 WHERE id", "", "");
    // $1: since when. What an address refuses is told to the people of its ticket.
    OUTBOX_FAILED_LATELY = Sql::both(
        "SELECT COUNT(*) FROM outbox WHERE state = 'failed' AND due_at > $1 AND failure NOT IN ('address', 'held-back')");
    OUTBOX_ABOUT = Sql::both("SELECT ticket_id, kind, recipient FROM outbox WHERE id = $1 AND ticket_id > 0");
    // $1: now; $2: who asks, whose own notifications are given back too.
    OUTBOX_RELEASE = Sql {
        sqlite: "UPDATE outbox SET state = 'queued', lease_until = 0 WHERE state = 'sending' AND (lease_until < $1 OR lease_by = $2 OR $2 = '')",
        postgres: "UPDATE outbox SET state = 'queued', lease_until = 0 WHERE state = 'sending' \
                   AND CAST($1 AS BIGINT) >= 0 AND (lease_by = $2 OR lease_by NOT IN (SELECT instance || '#' || life FROM lease \
                   WHERE name LIKE 'instance:%' AND until > CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)))",
    };
    OUTBOX_NEXT_DUE = Sql::both("SELECT due_at FROM outbox WHERE state = 'queued' ORDER BY due_at LIMIT 1");
    // A notification from what is now the future was written before the clock was set back: it is due.
    // $2: beyond which no notification is ever put off: one that waits for longer was put off while the clock was ahead.
    OUTBOX_FROM_FUTURE = Sql::both("UPDATE outbox SET due_at = $1 WHERE state = 'queued' AND due_at > $1 AND (created_at > $1 OR due_at > $2)");
    // $1: which, 0 for all; $3: why those that are meant failed, empty for any.
    OUTBOX_RETRY = Sql::both(
        "UPDATE outbox SET state = 'queued', attempts = 0, failure = '', due_at = $2 WHERE (state = 'failed' OR (state = 'queued' AND (attempts > 0 OR due_at <= created_at))) AND kept = 1 \
         AND failure <> 'held-back' \
         AND ($1 = 0 OR id = $1) AND ($3 = '' OR failure = $3)");
    // One statement a state: the indexes hold the rows of one.
    OUTBOX_LIST = Sql::both(concat!(
        outbox_rows!(),
        "WHERE outbox.id IN (SELECT id FROM outbox WHERE state = 'queued' UNION ALL SELECT id FROM outbox WHERE state = 'sending' \
         UNION ALL SELECT id FROM outbox WHERE state = 'failed') ORDER BY outbox.id LIMIT $1"
    ));
    OUTBOX_LIST_QUEUED = Sql::both(concat!(outbox_rows!(), "WHERE outbox.state = 'queued' ORDER BY outbox.id LIMIT $1"));
    OUTBOX_LIST_SENDING = Sql::both(concat!(outbox_rows!(), "WHERE outbox.state = 'sending' ORDER BY outbox.id LIMIT $1"));
    OUTBOX_LIST_SENT = Sql::both(concat!(outbox_rows!(), "WHERE outbox.state = 'sent' ORDER BY outbox.id LIMIT $1"));
    OUTBOX_LIST_FAILED = Sql::both(concat!(outbox_rows!(), "WHERE outbox.state = 'failed' ORDER BY outbox.id LIMIT $1"));
    OUTBOX_GET = Sql::both(concat!(outbox_rows!(), "WHERE outbox.id = $1"));
    OUTBOX_OF_TICKET = Sql::both(concat!(outbox_rows!(), "WHERE ticket.number = $1 ORDER BY outbox.id"));
}
