//! Statements that take a person, or what is old, out of everything.

use super::Sql;

statements! {
    PERSON = Sql::both(
        "SELECT id, requester_name FROM ticket WHERE requester = $1 UNION SELECT ticket_id, name FROM participant WHERE address = $1 \
         UNION SELECT ticket_id, sender_name FROM message WHERE sender = $1");
    ADDRESSES = Sql::both(
        "SELECT requester FROM ticket UNION SELECT address FROM participant UNION SELECT sender FROM message UNION SELECT sender FROM inbox \
         UNION SELECT recipient FROM outbox");
    EMAILS_OF_PERSON = Sql {
        sqlite: "SELECT id FROM inbox WHERE sender = $2 UNION SELECT message.inbox_id FROM message JOIN ticket ON ticket.id = message.ticket_id \
                 WHERE message.inbox_id > 0 AND ticket.requester = $2 AND message.ticket_id IN (SELECT value FROM json_each($1))",
        postgres: "SELECT id FROM inbox WHERE sender = $2 UNION SELECT message.inbox_id FROM message JOIN ticket ON ticket.id = message.ticket_id \
                   WHERE message.inbox_id > 0 AND ticket.requester = $2 AND message.ticket_id IN \
                   (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT))",
    };
    NOTIFICATIONS_OF_PERSON = Sql {
        sqlite: "SELECT id FROM outbox WHERE recipient = $2 \
                 UNION SELECT id FROM outbox WHERE state IN ('sent', 'failed') AND ticket_id IN (SELECT value FROM json_each($1))",
        postgres: "SELECT id FROM outbox WHERE recipient = $2 UNION SELECT id FROM outbox WHERE state IN ('sent', 'failed') AND ticket_id IN \
                   (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT))",
    };
    // At most $2, and eight MiB together, but always one.
    EMAILS_AFTER = Sql::both(
        "SELECT inbox_id, bytes FROM inbox_raw WHERE inbox_id IN (SELECT id FROM (SELECT id, SUM(size) OVER (ORDER BY id) - size AS ahead \
         FROM (SELECT inbox_id AS id, octet_length(bytes) AS size FROM inbox_raw WHERE inbox_id > $1 ORDER BY inbox_id LIMIT $2) AS page) AS sums \
         WHERE ahead < 8388608) ORDER BY inbox_id");
    // A notification whose body is shared with others is its beginning and that body.
    NOTIFICATIONS_AFTER = Sql {
        sqlite: "SELECT outbox_raw.outbox_id, CAST(outbox_raw.bytes || COALESCE(outbox_body.bytes, '') AS BLOB) FROM outbox_raw \
                 LEFT JOIN outbox_body ON outbox_body.id = outbox_raw.body_id WHERE outbox_raw.outbox_id IN \
                 (SELECT id FROM (SELECT id, SUM(size) OVER (ORDER BY id) - size AS ahead FROM (SELECT outbox_id AS id, \
                 octet_length(outbox_raw.bytes) + COALESCE(octet_length(outbox_body.bytes), 0) AS size FROM outbox_raw \
                 LEFT JOIN outbox_body ON outbox_body.id = outbox_raw.body_id \
                 WHERE outbox_id > $1 ORDER BY outbox_id LIMIT $2) AS page) AS sums WHERE ahead < 8388608) ORDER BY outbox_raw.outbox_id",
        postgres: "SELECT outbox_raw.outbox_id, outbox_raw.bytes || COALESCE(outbox_body.bytes, ''::bytea) FROM outbox_raw \
                   LEFT JOIN outbox_body ON outbox_body.id = outbox_raw.body_id WHERE outbox_raw.outbox_id IN \
                   (SELECT id FROM (SELECT id, SUM(size) OVER (ORDER BY id) - size AS ahead FROM (SELECT outbox_id AS id, \
                   octet_length(outbox_raw.bytes) + COALESCE(octet_length(outbox_body.bytes), 0) AS size FROM outbox_raw \
                   LEFT JOIN outbox_body ON outbox_body.id = outbox_raw.body_id \
                   WHERE outbox_id > $1 ORDER BY outbox_id LIMIT $2) AS page) AS sums WHERE ahead < 8388608) ORDER BY outbox_raw.outbox_id",
    };
    PEOPLE_OF_OLD = Sql::both(
        "SELECT DISTINCT requester FROM ticket WHERE closed_at > 0 AND closed_at < $1 AND requester NOT LIKE '%@erased.invalid' \
         AND NOT EXISTS (SELECT 1 FROM participant JOIN ticket AS newer ON newer.id = participant.ticket_id \
         WHERE participant.address = ticket.requester AND (newer.closed_at = 0 OR newer.closed_at >= $1)) \
         AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.sender = ticket.requester AND inbox.decided_at >= $1) \
         AND requester > $3 ORDER BY requester LIMIT $2");
    OLD_EMAILS = Sql::both(
        "UPDATE inbox SET kept = 0 WHERE id IN (SELECT inbox.id FROM inbox JOIN ticket ON ticket.id = inbox.ticket_id \
         WHERE inbox.kept = 1 AND inbox.state = 'done' AND ticket.closed_at > 0 AND ticket.closed_at < $1 LIMIT $2) RETURNING id");
    OLD_NOTIFICATIONS = Sql::both(
        "UPDATE outbox SET kept = 0 WHERE id IN (SELECT id FROM outbox WHERE state = 'sent' AND kept = 1 AND sent_at < $1 LIMIT $2) RETURNING id");
    OLD_IGNORED = Sql::both(
        "UPDATE inbox SET kept = 0 WHERE id IN (SELECT id FROM inbox WHERE kept = 1 AND verdict IN ('ignored', 'refused') \
         AND decided_at < $1 LIMIT $2) RETURNING id");
    RAW_DROP = among_ids!("DELETE FROM inbox_raw WHERE inbox_id", "", "");
    RAW_GONE = among_ids!("UPDATE inbox SET kept = 0 WHERE id", "", "");
    NOTIFICATION_DROP = among_ids!("DELETE FROM outbox_raw WHERE outbox_id", "", "");
    NOTIFICATION_GONE = among_ids!(
        "UPDATE outbox SET kept = 0, last_error = CASE WHEN state = 'sent' THEN last_error ELSE 'its person was erased' END, \
         state = CASE WHEN state = 'sent' THEN 'sent' ELSE 'failed' END WHERE id", "", "");
    ERASE_TEXTS = Sql::both(
        "UPDATE message SET text = '[erased]', new_text = '[erased]', attachments = '[]', content = '', sender_name = '', message_id = '' \
         WHERE sender = $1 AND $2 <> ''");
    ERASE_SUBJECTS = Sql::both("UPDATE inbox SET subject = '', message_id = '' WHERE sender = $1 AND $2 <> ''");
    ERASE_PEOPLE = Sql::both("UPDATE participant SET address = $2, name = '' WHERE address = $1");
    // What others quoted of it goes with it.
    ERASE_QUOTES = among_ids!("UPDATE message SET text = new_text WHERE ticket_id", "", "");
    ERASE_FIELDS = Sql::both(
        "UPDATE ticket SET requester_name = '', fields = '{}', last_answer = '{}', undo = '', root_message_id = '', last_public_id = '' \
         WHERE requester = $1 AND $2 <> ''");
    UNDOS = Sql::both("SELECT id, undo FROM ticket WHERE undo <> ''");
    UNDO_GONE = among_ids!("UPDATE ticket SET undo = '' WHERE id", "", "");
    ERASE_PROBLEMS = Sql::both(
        "UPDATE article SET problem = '[erased]' WHERE $2 <> '' AND ticket_id IN (SELECT id FROM ticket WHERE requester = $1)");
    // After everything else: the words of the search are those that are left.
    ARTICLES_OF = among_ids!("SELECT id, title, problem, solution, tags FROM article WHERE ticket_id", "", "");
    ARTICLE_WORDS = Sql::both("UPDATE article SET words = $2 WHERE id = $1");
    HELD_OF_OTHERS = Sql::both("SELECT id FROM inbox WHERE state = 'held' AND sender <> $1");
    UNDECIDED_AMONG = among_ids!("SELECT COUNT(*) FROM inbox WHERE state = 'new' AND id", "", "");
    WAITING_TO_OTHERS = Sql::both("SELECT id FROM outbox WHERE state IN ('queued', 'sending') AND recipient <> $1");
    ERASE_BLOCK = Sql::both("DELETE FROM undeliverable WHERE address = $1 AND $2 <> ''");
    ERASED_ADD = Sql::both(
        "INSERT INTO undeliverable (address, since, until, erased) VALUES ($1, $2, $3, 1) \
         ON CONFLICT (address) DO UPDATE SET until = excluded.until, erased = 1");
    ERASE_IMAGES = Sql::both("DELETE FROM seen_image WHERE lower(seen_key) LIKE $1 ESCAPE '!'");
    EVENTS_OF_ENTRIES = among_ids!(concat!(covered_events!(), "chain_entry"), "", "");
    NOTIFICATIONS_OF_ENTRIES = among_ids!(concat!(covered_notifications!(), "chain_entry"), "", "");
    // What was deleted is to be found in no file: neither in the index of words nor in the log.
    SEARCH_ANEW = Sql {
        sqlite: "INSERT INTO article_search (article_search) VALUES ('rebuild')",
        postgres: "REINDEX INDEX article_search" };
    EMPTY_LOG = Sql { sqlite: "PRAGMA wal_checkpoint(TRUNCATE)", postgres: "VACUUM" };
}
