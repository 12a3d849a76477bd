//! Statements that show what does not hold.

use super::Sql;

/// Id, digest, and what the digest covers, all as texts in the order of [`crate::store::integrity`].
macro_rules! digested {
    ("message") => {
        "SELECT id, digest, CAST(ticket_id AS TEXT), direction, visibility, text, new_text, sender, attachments, sender_name, message_id, \
         CAST(inbox_id AS TEXT), CAST(created_at AS TEXT), CAST(automatic AS TEXT) FROM message "
    };
    ("ticket", $join:literal) => {
        concat!(
            "SELECT id, digest, CAST(id AS TEXT) AS own, number, status, requester, requester_name, assignee, title, priority, \
             solution, queue, type, category, service, vendor, CAST(level AS TEXT), CAST(merged_into AS TEXT), CAST(parent_id AS TEXT), \
             CAST(rating AS TEXT), CAST(created_at AS TEXT), CAST(resolved_at AS TEXT), CAST(closed_at AS TEXT), CAST(resolve_due AS TEXT), \
             COALESCE((SELECT ",
            $join,
            "(address, '\n') FROM participant WHERE participant.ticket_id = ticket.id), '') FROM ticket "
        )
    };
    ("verdict") => {
        "SELECT id, digest, CAST(id AS TEXT) AS own, verdict, CAST(ticket_id AS TEXT), sender, reason FROM inbox "
    };
}

statements! {
    // What must hold; each gives what does not, in words, at most 100.
    VERIFY_VERDICTS = Sql::both(
        "SELECT 'mail ' || id || ' is ' || state || ' with the verdict \"' || verdict || '\"' FROM inbox WHERE NOT \
         ((state = 'new' AND verdict = '') OR (state = 'held' AND verdict = 'held') \
         OR (state = 'done' AND verdict IN ('opened', 'joined', 'command', 'refused', 'ignored'))) ORDER BY id LIMIT 100");
    VERIFY_REASONS = Sql::both(
        "SELECT 'mail ' || id || ' is ' || verdict || ' without a reason' FROM inbox \
         WHERE state IN ('held', 'done') AND reason = '' ORDER BY id LIMIT 100");
    VERIFY_DECIDED_TICKETS = Sql::both(
        "SELECT 'mail ' || inbox.id || ' is ' || inbox.verdict || ', but its ticket is not there' FROM inbox \
         LEFT JOIN ticket ON ticket.id = inbox.ticket_id \
         WHERE inbox.verdict IN ('opened', 'joined') AND ticket.id IS NULL ORDER BY inbox.id LIMIT 100");
    VERIFY_OPENINGS = Sql::both(
        "SELECT 'mail ' || id || ' opened a ticket, but is not a message of it' FROM inbox WHERE verdict = 'opened' \
         AND NOT EXISTS (SELECT 1 FROM message WHERE message.inbox_id = inbox.id AND message.ticket_id = inbox.ticket_id) \
         ORDER BY id LIMIT 100");
    VERIFY_RAW = Sql::both(
        "SELECT 'the bytes of mail ' || inbox.id || ' are gone' FROM inbox LEFT JOIN inbox_raw ON inbox_raw.inbox_id = inbox.id \
         WHERE inbox.kept = 1 AND inbox_raw.inbox_id IS NULL ORDER BY inbox.id LIMIT 100");
    VERIFY_RAW_OWNERS = Sql::both(
        "SELECT 'bytes of an email ' || inbox_raw.inbox_id || ' that is not there' FROM inbox_raw \
         LEFT JOIN inbox ON inbox.id = inbox_raw.inbox_id WHERE inbox.id IS NULL ORDER BY inbox_raw.inbox_id LIMIT 100");
    VERIFY_MESSAGES = Sql::both(
        "SELECT 'message ' || message.id || ' has no ' || CASE WHEN ticket.id IS NULL THEN 'ticket' ELSE 'mail' END FROM message \
         LEFT JOIN ticket ON ticket.id = message.ticket_id LEFT JOIN inbox ON inbox.id = message.inbox_id \
         WHERE ticket.id IS NULL OR inbox.id IS NULL ORDER BY message.id LIMIT 100");
    VERIFY_TICKET_MESSAGES = Sql::both(
        "SELECT number || ' has no message' FROM ticket WHERE NOT EXISTS \
         (SELECT 1 FROM message WHERE message.ticket_id = ticket.id) ORDER BY id LIMIT 100");
    VERIFY_TICKET_EVENTS = Sql::both(
        "SELECT number || ' does not say how it was opened' FROM ticket WHERE NOT EXISTS \
         (SELECT 1 FROM event WHERE event.ticket_id = ticket.id AND event.kind = 'opened') ORDER BY id LIMIT 100");
    VERIFY_TICKET_STATES = Sql::both(
        "SELECT number || ' has no state history for the reports' FROM ticket WHERE NOT EXISTS \
         (SELECT 1 FROM state_history WHERE state_history.ticket_id = ticket.id) ORDER BY id LIMIT 100");
    VERIFY_REQUESTERS = Sql::both(
        "SELECT number || ' does not count its requester among its people' FROM ticket WHERE NOT EXISTS \
         (SELECT 1 FROM participant WHERE participant.ticket_id = ticket.id AND participant.address = ticket.requester) \
         ORDER BY id LIMIT 100");
    VERIFY_STATUS = Sql::both(
        "SELECT number || ' is ' || status || ', but its times say otherwise' FROM ticket WHERE status NOT IN \
         ('approval', 'new', 'open', 'pending', 'escalated', 'reopened', 'resolved', 'closed') \
         OR (status = 'closed' AND closed_at = 0) OR (status <> 'closed' AND closed_at > 0) ORDER BY id LIMIT 100");
    VERIFY_KIN = Sql::both(
        "SELECT ticket.number || ' leads to a ticket that is not there' FROM ticket \
         LEFT JOIN ticket AS parent ON parent.id = ticket.parent_id LEFT JOIN ticket AS living ON living.id = ticket.merged_into \
         WHERE (ticket.parent_id > 0 AND parent.id IS NULL) OR (ticket.merged_into > 0 AND living.id IS NULL) \
         OR ticket.merged_into = ticket.id ORDER BY ticket.id LIMIT 100");
    VERIFY_NOTIFICATIONS = Sql::both(
        "SELECT 'the bytes of notification ' || outbox.id || CASE WHEN outbox_raw.outbox_id IS NULL THEN ' are gone' ELSE ' are not all there' END \
         FROM outbox LEFT JOIN outbox_raw ON outbox_raw.outbox_id = outbox.id LEFT JOIN outbox_body ON outbox_body.id = outbox_raw.body_id \
         WHERE outbox.kept = 1 AND (outbox_raw.outbox_id IS NULL \
         OR length(outbox_raw.bytes) + COALESCE(length(outbox_body.bytes), 0) <> outbox.size) ORDER BY outbox.id LIMIT 100");
    VERIFY_NOTIFICATION_OWNERS = Sql::both(
        "SELECT 'bytes of a notification ' || outbox_raw.outbox_id || ' that is not there' FROM outbox_raw \
         LEFT JOIN outbox ON outbox.id = outbox_raw.outbox_id WHERE outbox.id IS NULL ORDER BY outbox_raw.outbox_id LIMIT 100");
    VERIFY_OUTBOX = Sql::both(
        "SELECT 'notification ' || outbox.id || ' is ' || outbox.state || CASE WHEN outbox.ticket_id > 0 AND ticket.id IS NULL \
         THEN ', but its ticket is not there' ELSE ', but its times say otherwise' END FROM outbox \
         LEFT JOIN ticket ON ticket.id = outbox.ticket_id WHERE (outbox.ticket_id > 0 AND ticket.id IS NULL) \
         OR outbox.state NOT IN ('queued', 'sending', 'sent', 'failed') OR (outbox.state = 'sent' AND outbox.sent_at = 0) \
         ORDER BY outbox.id LIMIT 100");
    VERIFY_ANSWERED = Sql::both(
        "SELECT ticket.number || ' was answered by a notification that is not there' FROM ticket WHERE first_response_id <> '' \
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.message_id = ticket.first_response_id) ORDER BY ticket.id LIMIT 100");
    VERIFY_UNCOVERED_NOTIFICATIONS = Sql::both(
        "SELECT 'notification ' || id || ' was added past the chain' FROM outbox WHERE chain_entry = 0 \
         AND id > COALESCE((SELECT MIN(first.id) FROM outbox AS first WHERE first.chain_entry > 0), 9223372036854775807) ORDER BY id LIMIT 100");
    VERIFY_UNCOVERED = Sql::both(
        "SELECT 'line ' || id || ' of the history was added past the chain' FROM event WHERE chain_entry = 0 \
         AND id > COALESCE((SELECT MIN(first.id) FROM event AS first WHERE first.chain_entry > 0), 9223372036854775807) ORDER BY id LIMIT 100");
    VERIFY_INTEGRITY = Sql { sqlite: "PRAGMA integrity_check(100)", postgres: "SELECT 'ok' WHERE false" };
    VERIFY_FOREIGN = Sql {
        sqlite: "SELECT \"table\" || ' has a row without its ' || parent FROM pragma_foreign_key_check LIMIT 100",
        postgres: "SELECT 'ok' WHERE false" };
    DIGESTED_MESSAGES = Sql::both(concat!(digested!("message"), "WHERE id > $1 ORDER BY id LIMIT $2"));
    DIGESTED_TICKETS = Sql {
        sqlite: concat!(digested!("ticket", "group_concat"), "WHERE id > $1 ORDER BY id LIMIT $2"),
        postgres: concat!(digested!("ticket", "string_agg"), "WHERE id > $1 ORDER BY id LIMIT $2") };
    // A held email, and one that somebody refused, has no digest: it gets another verdict yet.
    DIGESTED_VERDICTS = Sql::both(
        concat!(digested!("verdict"), "WHERE id > $1 AND (digest <> '' OR verdict IN ('opened', 'joined', 'command')) ORDER BY id LIMIT $2"));
    LAST_IDS = Sql::both(
        "SELECT (SELECT COALESCE(MAX(id), 0) FROM message), (SELECT COALESCE(MAX(id), 0) FROM ticket), (SELECT COALESCE(MAX(id), 0) FROM inbox)");
    ENTRY_OF_KEY = Sql::both("SELECT text FROM chain_entry WHERE kind = $1 ORDER BY id DESC LIMIT 1");
    DIGESTED_MESSAGES_OF = Sql {
        sqlite: concat!(digested!("message"), "WHERE ticket_id IN (SELECT value FROM json_each($1))"),
        postgres: concat!(digested!("message"), "WHERE ticket_id IN (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT))") };
    DIGESTED_TICKETS_OF = Sql {
        sqlite: concat!(digested!("ticket", "group_concat"), "WHERE id IN (SELECT value FROM json_each($1))"),
        postgres: concat!(digested!("ticket", "string_agg"), "WHERE id IN (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT))") };
    DIGESTED_VERDICTS_OF = Sql {
        sqlite: concat!(digested!("verdict"), "WHERE id IN (SELECT value FROM json_each($1))"),
        postgres: concat!(digested!("verdict"), "WHERE id IN (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT))") };
    MESSAGES_DIGEST = rows!(
        "UPDATE message SET digest = j.value ->> 1", "AND message.id = CAST(j.value ->> 0 AS BIGINT)");
    TICKETS_DIGEST = rows!(
        "UPDATE ticket SET digest = j.value ->> 1", "AND ticket.id = CAST(j.value ->> 0 AS BIGINT)");
    VERDICTS_DIGEST = rows!(
        "UPDATE inbox SET digest = j.value ->> 1", "AND inbox.id = CAST(j.value ->> 0 AS BIGINT)");
    COUNTERS = Sql::both("SELECT prefix, last FROM counter ORDER BY prefix");
    NUMBERS = Sql::both("SELECT id, number FROM ticket WHERE id > $1 ORDER BY id LIMIT $2");
    COVERED_EVENTS = Sql::both(
        concat!(covered_events!(), "id > $1 AND chain_entry > 0 ORDER BY id LIMIT $2"));
    COVERED_NOTIFICATIONS = Sql::both(
        concat!(covered_notifications!(), "id > $1 AND chain_entry > 0 ORDER BY id LIMIT $2"));
    KEPT_EMAILS = Sql::both(
        "SELECT inbox.id, inbox.content_hash, inbox.size, inbox_raw.bytes FROM inbox JOIN inbox_raw ON inbox_raw.inbox_id = inbox.id \
         WHERE inbox.id IN (SELECT id FROM (SELECT id, SUM(size) OVER (ORDER BY id) - size AS ahead \
         FROM (SELECT inbox.id AS id, inbox.size AS size FROM inbox JOIN inbox_raw ON inbox_raw.inbox_id = inbox.id \
         WHERE inbox.id > $1 AND inbox_raw.inbox_id > $1 AND inbox.kept = 1 ORDER BY inbox.id LIMIT $2) AS page) AS sums WHERE ahead < 8388608) ORDER BY inbox.id");
    INBOX_UIDS = Sql::both("SELECT uid FROM inbox WHERE mailbox = $1 AND uid_validity = $2 AND uid > 0");
    INBOX_KNOWN = among!("SELECT content_hash FROM inbox WHERE mailbox = $2 AND content_hash", "");
    SIZES = Sql::both(
        "SELECT (SELECT COUNT(*) FROM inbox) AS emails, (SELECT COUNT(*) FROM ticket) AS tickets, \
         (SELECT COUNT(*) FROM outbox) AS notifications, (SELECT COUNT(*) FROM chain_entry) AS chain_entries");
}
