//! Every statement the program runs. A test prepares each of them on both databases.

use super::erase::Column;
use super::{Durability, Engine};

/// Settings of each SQLite connection. The cache is 2 MiB, the log may grow to 16 MiB; readers never wait for the writer. What is deleted is overwritten.
pub(super) const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; \
     PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY; \
     PRAGMA secure_delete = ON;";

/// Settings of each PostgreSQL connection. Whoever is stopped, or cut off, in the middle of a transaction holds its locks
/// no longer than the others wait before they take over.
pub(super) const SESSION: &str = "SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '30s'; \
     SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2; SET tcp_user_timeout = '15s'";

/// Every table there ever was, gone: before a copy takes their place.
pub(super) const DROP_EVERYTHING: &str = "DROP TABLE IF EXISTS _sqlx_migrations, meta, mailbox, inbox, inbox_raw, counter, ticket, \
     deadline, article, participant, message, event, course, overdue, bell, outbox, undeliverable, seen_image, letter, lease, link, \
     alarm CASCADE";

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
    ($head:literal, $tail:literal) => {
        Sql {
            sqlite: concat!($head, " FROM json_each($1) AS j WHERE true ", $tail),
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
    ($head:literal, $tail:literal) => {
        Sql {
            sqlite: concat!($head, " IN (SELECT value FROM json_each($1)) ", $tail),
            postgres: concat!($head, " IN (SELECT json_array_elements_text(CAST(CAST($1 AS TEXT) AS json))) ", $tail),
        }
    };
}

/// The same with a list of numbers.
macro_rules! among_ids {
    ($head:literal, $tail:literal, $lock:literal) => {
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

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* pub(super) const $name: Sql = $sql;)+

        /// Name and text of every statement.
        pub const ALL: &[(&str, Sql)] = &[$((stringify!($name), $name)),+];
    };
}

statements! {
    META_GET = Sql::both("SELECT value FROM meta WHERE name = $1");
    META_SET = Sql::both(
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    // $1: name; $2: instance; $3: its life; $4: for how long. A newer life of the same instance takes over at once.
    LEASE_TAKE = Sql {
        sqlite: "INSERT INTO lease (name, instance, life, until) VALUES ($1, $2, $3, CAST(strftime('%s', 'now') AS INTEGER) * 1000 + $4) \
                 ON CONFLICT (name) DO UPDATE SET instance = excluded.instance, life = excluded.life, until = excluded.until \
                 WHERE (lease.instance = excluded.instance AND lease.life <= excluded.life) \
                 OR lease.until < CAST(strftime('%s', 'now') AS INTEGER) * 1000",
        postgres: "INSERT INTO lease (name, instance, life, until) VALUES ($1, $2, $3, \
                   CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + $4) \
                   ON CONFLICT (name) DO UPDATE SET instance = excluded.instance, life = excluded.life, until = excluded.until \
                   WHERE (lease.instance = excluded.instance AND lease.life <= excluded.life) \
                   OR lease.until < CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    };
    LEASE_DROP = Sql::both("DELETE FROM lease WHERE instance = $1 AND life = $2");
    // Whoever takes over must wait for the commit of whoever asks this.
    LEASE_HELD = Sql {
        sqlite: "SELECT name FROM lease WHERE name = $1 AND instance = $2 AND life = $3",
        postgres: "SELECT name FROM lease WHERE name = $1 AND instance = $2 AND life = $3 FOR SHARE",
    };
    LEASES = Sql {
        sqlite: "SELECT name, instance, until - CAST(strftime('%s', 'now') AS INTEGER) * 1000 FROM lease ORDER BY name",
        postgres: "SELECT name, instance, until - CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) FROM lease ORDER BY name",
    };

    LINK_LAST = Sql::both("SELECT chain FROM link WHERE id = $1");
    LINK_ADD = Sql::both(
        "INSERT INTO link (id, at, kind, actor, subject, text, digest, chain) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    LINKS = Sql::both("SELECT id, at, kind, actor, subject, text, digest, chain FROM link WHERE id > $1 ORDER BY id LIMIT $2");
    LINKS_OF_PEOPLE = Sql::both(
        "SELECT id, at, kind, actor, subject, text, digest, chain FROM link WHERE kind <> 'decided' AND subject NOT LIKE 'link %' ORDER BY id DESC LIMIT $1");

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
        "SELECT 'mail ' || id || ' opened a ticket, but is no message of it' FROM inbox WHERE verdict = 'opened' \
         AND NOT EXISTS (SELECT 1 FROM message WHERE message.inbox_id = inbox.id AND message.ticket_id = inbox.ticket_id) \
         ORDER BY id LIMIT 100");
    VERIFY_RAW = Sql::both(
        "SELECT 'the bytes of mail ' || inbox.id || ' are gone' FROM inbox LEFT JOIN inbox_raw ON inbox_raw.inbox_id = inbox.id \
         WHERE inbox.kept = 1 AND inbox_raw.inbox_id IS NULL ORDER BY inbox.id LIMIT 100");
    VERIFY_RAW_OWNERS = Sql::both(
        "SELECT 'bytes of a mail ' || inbox_raw.inbox_id || ' that is not there' FROM inbox_raw \
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
    VERIFY_TICKET_COURSES = Sql::both(
        "SELECT number || ' has no course for the reports' FROM ticket WHERE NOT EXISTS \
         (SELECT 1 FROM course WHERE course.ticket_id = ticket.id) ORDER BY id LIMIT 100");
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
    VERIFY_LETTERS = Sql::both(
        "SELECT 'the bytes of letter ' || outbox.id || CASE WHEN letter.outbox_id IS NULL THEN ' are gone' ELSE ' are not all there' END \
         FROM outbox LEFT JOIN letter ON letter.outbox_id = outbox.id WHERE outbox.kept = 1 \
         AND (letter.outbox_id IS NULL OR length(letter.bytes) <> outbox.size) ORDER BY outbox.id LIMIT 100");
    VERIFY_LETTER_OWNERS = Sql::both(
        "SELECT 'bytes of a letter ' || letter.outbox_id || ' that is not there' FROM letter \
         LEFT JOIN outbox ON outbox.id = letter.outbox_id WHERE outbox.id IS NULL ORDER BY letter.outbox_id LIMIT 100");
    VERIFY_OUTBOX = Sql::both(
        "SELECT 'letter ' || outbox.id || ' is ' || outbox.state || CASE WHEN outbox.ticket_id > 0 AND ticket.id IS NULL \
         THEN ', but its ticket is not there' ELSE ', but its times say otherwise' END FROM outbox \
         LEFT JOIN ticket ON ticket.id = outbox.ticket_id WHERE (outbox.ticket_id > 0 AND ticket.id IS NULL) \
         OR outbox.state NOT IN ('queued', 'sending', 'sent', 'failed') OR (outbox.state = 'sent' AND outbox.sent_at = 0) \
         ORDER BY outbox.id LIMIT 100");
    VERIFY_ANSWERED = Sql::both(
        "SELECT ticket.number || ' was answered by a letter that is not there' FROM ticket WHERE first_response_id <> '' \
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.message_id = ticket.first_response_id) ORDER BY ticket.id LIMIT 100");
    VERIFY_UNLINKED_LETTERS = Sql::both(
        "SELECT 'letter ' || id || ' was added past the chain' FROM outbox WHERE link = 0 \
         AND id > COALESCE((SELECT MIN(first.id) FROM outbox AS first WHERE first.link > 0), 9223372036854775807) ORDER BY id LIMIT 100");
    VERIFY_UNLINKED = Sql::both(
        "SELECT 'line ' || id || ' of the history was added past the chain' FROM event WHERE link = 0 \
         AND id > COALESCE((SELECT MIN(first.id) FROM event AS first WHERE first.link > 0), 9223372036854775807) ORDER BY id LIMIT 100");
    VERIFY_INTEGRITY = Sql { sqlite: "PRAGMA integrity_check(100)", postgres: "SELECT 'ok' WHERE false" };
    VERIFY_FOREIGN = Sql {
        sqlite: "SELECT \"table\" || ' has a row without its ' || parent FROM pragma_foreign_key_check LIMIT 100",
        postgres: "SELECT 'ok' WHERE false" };
    COUNTERS = Sql::both("SELECT prefix, last FROM counter ORDER BY prefix");
    NUMBERS = Sql::both("SELECT id, number FROM ticket WHERE id > $1 ORDER BY id LIMIT $2");
    COVERED_EVENTS = Sql::both(
        "SELECT id, link, ticket_id, created_at, actor, kind, text FROM event WHERE id > $1 AND link > 0 ORDER BY id LIMIT $2");
    COVERED_LETTERS = Sql::both(
        "SELECT id, link, once_key, ticket_id, kind, recipient, message_id FROM outbox WHERE id > $1 AND link > 0 ORDER BY id LIMIT $2");
    KEPT_MAILS = Sql::both(
        "SELECT inbox.id, inbox.content_hash, inbox.size, inbox_raw.bytes FROM inbox JOIN inbox_raw ON inbox_raw.inbox_id = inbox.id \
         WHERE inbox.id > $1 AND inbox.kept = 1 ORDER BY inbox.id LIMIT $2");
    INBOX_UIDS = Sql::both("SELECT uid FROM inbox WHERE mailbox = $1 AND uid_validity = $2 AND uid > 0");
    INBOX_KNOWN = among!("SELECT content_hash FROM inbox WHERE mailbox = $2 AND content_hash", "");
    SIZES = Sql::both(
        "SELECT (SELECT COUNT(*) FROM inbox), (SELECT COUNT(*) FROM ticket), (SELECT COUNT(*) FROM outbox), (SELECT COUNT(*) FROM link)");

    // A person, wherever they are named.
    FIND_INBOX_SENDER = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), sender FROM inbox WHERE lower(sender) LIKE $1 ESCAPE '!' OR sender LIKE $2 ESCAPE '!'");
    SET_INBOX_SENDER = Sql::both("UPDATE inbox SET sender = $2 WHERE id = $1");
    FIND_INBOX_SUBJECT = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), subject FROM inbox WHERE lower(subject) LIKE $1 ESCAPE '!' OR subject LIKE $2 ESCAPE '!'");
    SET_INBOX_SUBJECT = Sql::both("UPDATE inbox SET subject = $2 WHERE id = $1");
    FIND_INBOX_REASON = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), reason FROM inbox WHERE lower(reason) LIKE $1 ESCAPE '!' OR reason LIKE $2 ESCAPE '!'");
    SET_INBOX_REASON = Sql::both("UPDATE inbox SET reason = $2 WHERE id = $1");
    FIND_INBOX_MESSAGE_ID = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), message_id FROM inbox WHERE lower(message_id) LIKE $1 ESCAPE '!' OR message_id LIKE $2 ESCAPE '!'");
    SET_INBOX_MESSAGE_ID = Sql::both("UPDATE inbox SET message_id = $2 WHERE id = $1");
    FIND_TICKET_TITLE = Sql::both("SELECT id, id, CAST(0 AS BIGINT), title FROM ticket WHERE lower(title) LIKE $1 ESCAPE '!' OR title LIKE $2 ESCAPE '!'");
    SET_TICKET_TITLE = Sql::both("UPDATE ticket SET title = $2 WHERE id = $1");
    FIND_TICKET_REQUESTER = Sql::both("SELECT id, id, CAST(0 AS BIGINT), requester FROM ticket WHERE lower(requester) LIKE $1 ESCAPE '!' OR requester LIKE $2 ESCAPE '!'");
    SET_TICKET_REQUESTER = Sql::both("UPDATE ticket SET requester = $2 WHERE id = $1");
    FIND_TICKET_REQUESTER_NAME = Sql::both("SELECT id, id, CAST(0 AS BIGINT), requester_name FROM ticket WHERE lower(requester_name) LIKE $1 ESCAPE '!' OR requester_name LIKE $2 ESCAPE '!'");
    SET_TICKET_REQUESTER_NAME = Sql::both("UPDATE ticket SET requester_name = $2 WHERE id = $1");
    FIND_TICKET_ASSIGNEE = Sql::both("SELECT id, id, CAST(0 AS BIGINT), assignee FROM ticket WHERE lower(assignee) LIKE $1 ESCAPE '!' OR assignee LIKE $2 ESCAPE '!'");
    SET_TICKET_ASSIGNEE = Sql::both("UPDATE ticket SET assignee = $2 WHERE id = $1");
    FIND_TICKET_FIELDS = Sql::both("SELECT id, id, CAST(0 AS BIGINT), fields FROM ticket WHERE lower(fields) LIKE $1 ESCAPE '!' OR fields LIKE $2 ESCAPE '!'");
    SET_TICKET_FIELDS = Sql::both("UPDATE ticket SET fields = $2 WHERE id = $1");
    FIND_TICKET_VENDOR = Sql::both("SELECT id, id, CAST(0 AS BIGINT), vendor FROM ticket WHERE lower(vendor) LIKE $1 ESCAPE '!' OR vendor LIKE $2 ESCAPE '!'");
    SET_TICKET_VENDOR = Sql::both("UPDATE ticket SET vendor = $2 WHERE id = $1");
    FIND_TICKET_VENDORS = Sql::both("SELECT id, id, CAST(0 AS BIGINT), vendors FROM ticket WHERE lower(vendors) LIKE $1 ESCAPE '!' OR vendors LIKE $2 ESCAPE '!'");
    SET_TICKET_VENDORS = Sql::both("UPDATE ticket SET vendors = $2 WHERE id = $1");
    FIND_TICKET_SOLUTION = Sql::both("SELECT id, id, CAST(0 AS BIGINT), solution FROM ticket WHERE lower(solution) LIKE $1 ESCAPE '!' OR solution LIKE $2 ESCAPE '!'");
    SET_TICKET_SOLUTION = Sql::both("UPDATE ticket SET solution = $2 WHERE id = $1");
    FIND_TICKET_LAST_ANSWER = Sql::both("SELECT id, id, CAST(0 AS BIGINT), last_answer FROM ticket WHERE lower(last_answer) LIKE $1 ESCAPE '!' OR last_answer LIKE $2 ESCAPE '!'");
    SET_TICKET_LAST_ANSWER = Sql::both("UPDATE ticket SET last_answer = $2 WHERE id = $1");
    FIND_TICKET_UNDO = Sql::both("SELECT id, id, CAST(0 AS BIGINT), undo FROM ticket WHERE lower(undo) LIKE $1 ESCAPE '!' OR undo LIKE $2 ESCAPE '!'");
    SET_TICKET_UNDO = Sql::both("UPDATE ticket SET undo = $2 WHERE id = $1");
    FIND_TICKET_ROOT_MESSAGE_ID = Sql::both("SELECT id, id, CAST(0 AS BIGINT), root_message_id FROM ticket WHERE lower(root_message_id) LIKE $1 ESCAPE '!' OR root_message_id LIKE $2 ESCAPE '!'");
    SET_TICKET_ROOT_MESSAGE_ID = Sql::both("UPDATE ticket SET root_message_id = $2 WHERE id = $1");
    FIND_ARTICLE_TITLE = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), title FROM article WHERE lower(title) LIKE $1 ESCAPE '!' OR title LIKE $2 ESCAPE '!'");
    SET_ARTICLE_TITLE = Sql::both("UPDATE article SET title = $2 WHERE id = $1");
    FIND_ARTICLE_PROBLEM = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), problem FROM article WHERE lower(problem) LIKE $1 ESCAPE '!' OR problem LIKE $2 ESCAPE '!'");
    SET_ARTICLE_PROBLEM = Sql::both("UPDATE article SET problem = $2 WHERE id = $1");
    FIND_ARTICLE_SOLUTION = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), solution FROM article WHERE lower(solution) LIKE $1 ESCAPE '!' OR solution LIKE $2 ESCAPE '!'");
    SET_ARTICLE_SOLUTION = Sql::both("UPDATE article SET solution = $2 WHERE id = $1");
    FIND_ARTICLE_AUTHOR = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), author FROM article WHERE lower(author) LIKE $1 ESCAPE '!' OR author LIKE $2 ESCAPE '!'");
    SET_ARTICLE_AUTHOR = Sql::both("UPDATE article SET author = $2 WHERE id = $1");
    FIND_ARTICLE_WORDS = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), words FROM article WHERE lower(words) LIKE $1 ESCAPE '!' OR words LIKE $2 ESCAPE '!'");
    SET_ARTICLE_WORDS = Sql::both("UPDATE article SET words = $2 WHERE id = $1");
    FIND_MESSAGE_SENDER = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), sender FROM message WHERE lower(sender) LIKE $1 ESCAPE '!' OR sender LIKE $2 ESCAPE '!'");
    SET_MESSAGE_SENDER = Sql::both("UPDATE message SET sender = $2 WHERE id = $1");
    FIND_MESSAGE_SENDER_NAME = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), sender_name FROM message WHERE lower(sender_name) LIKE $1 ESCAPE '!' OR sender_name LIKE $2 ESCAPE '!'");
    SET_MESSAGE_SENDER_NAME = Sql::both("UPDATE message SET sender_name = $2 WHERE id = $1");
    FIND_MESSAGE_TEXT = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), text FROM message WHERE lower(text) LIKE $1 ESCAPE '!' OR text LIKE $2 ESCAPE '!'");
    SET_MESSAGE_TEXT = Sql::both("UPDATE message SET text = $2 WHERE id = $1");
    FIND_MESSAGE_NEW_TEXT = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), new_text FROM message WHERE lower(new_text) LIKE $1 ESCAPE '!' OR new_text LIKE $2 ESCAPE '!'");
    SET_MESSAGE_NEW_TEXT = Sql::both("UPDATE message SET new_text = $2 WHERE id = $1");
    FIND_MESSAGE_ATTACHMENTS = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), attachments FROM message WHERE lower(attachments) LIKE $1 ESCAPE '!' OR attachments LIKE $2 ESCAPE '!'");
    SET_MESSAGE_ATTACHMENTS = Sql::both("UPDATE message SET attachments = $2 WHERE id = $1");
    FIND_EVENT_ACTOR = Sql::both("SELECT id, ticket_id, CAST(link AS BIGINT), actor FROM event WHERE lower(actor) LIKE $1 ESCAPE '!' OR actor LIKE $2 ESCAPE '!'");
    SET_EVENT_ACTOR = Sql::both("UPDATE event SET actor = $2 WHERE id = $1");
    FIND_EVENT_TEXT = Sql::both("SELECT id, ticket_id, CAST(link AS BIGINT), text FROM event WHERE lower(text) LIKE $1 ESCAPE '!' OR text LIKE $2 ESCAPE '!'");
    SET_EVENT_TEXT = Sql::both("UPDATE event SET text = $2 WHERE id = $1");
    FIND_OVERDUE_PERSON = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), person FROM overdue WHERE lower(person) LIKE $1 ESCAPE '!' OR person LIKE $2 ESCAPE '!'");
    SET_OVERDUE_PERSON = Sql::both("UPDATE overdue SET person = $2 WHERE id = $1");
    FIND_OVERDUE_TEXT = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), text FROM overdue WHERE lower(text) LIKE $1 ESCAPE '!' OR text LIKE $2 ESCAPE '!'");
    SET_OVERDUE_TEXT = Sql::both("UPDATE overdue SET text = $2 WHERE id = $1");
    FIND_OUTBOX_ONCE_KEY = Sql::both("SELECT id, ticket_id, CAST(link AS BIGINT), once_key FROM outbox WHERE lower(once_key) LIKE $1 ESCAPE '!' OR once_key LIKE $2 ESCAPE '!'");
    SET_OUTBOX_ONCE_KEY = Sql::both("UPDATE outbox SET once_key = $2 WHERE id = $1");
    FIND_OUTBOX_RECIPIENT = Sql::both("SELECT id, ticket_id, CAST(link AS BIGINT), recipient FROM outbox WHERE lower(recipient) LIKE $1 ESCAPE '!' OR recipient LIKE $2 ESCAPE '!'");
    SET_OUTBOX_RECIPIENT = Sql::both("UPDATE outbox SET recipient = $2 WHERE id = $1");
    FIND_OUTBOX_ENVELOPE_FROM = Sql::both("SELECT id, ticket_id, CAST(link AS BIGINT), envelope_from FROM outbox WHERE lower(envelope_from) LIKE $1 ESCAPE '!' OR envelope_from LIKE $2 ESCAPE '!'");
    SET_OUTBOX_ENVELOPE_FROM = Sql::both("UPDATE outbox SET envelope_from = $2 WHERE id = $1");
    FIND_OUTBOX_LAST_ERROR = Sql::both("SELECT id, ticket_id, CAST(link AS BIGINT), last_error FROM outbox WHERE lower(last_error) LIKE $1 ESCAPE '!' OR last_error LIKE $2 ESCAPE '!'");
    SET_OUTBOX_LAST_ERROR = Sql::both("UPDATE outbox SET last_error = $2 WHERE id = $1");
    FIND_COURSE_STATE = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), state FROM course WHERE lower(state) LIKE $1 ESCAPE '!' OR state LIKE $2 ESCAPE '!'");
    SET_COURSE_STATE = Sql::both("UPDATE course SET state = $2 WHERE id = $1");
    COUNT_PARTICIPANT_ADDRESS = Sql::both("SELECT address FROM participant WHERE lower(address) LIKE $1 ESCAPE '!' OR address LIKE $2 ESCAPE '!'");
    COUNT_PARTICIPANT_NAME = Sql::both("SELECT name FROM participant WHERE lower(name) LIKE $1 ESCAPE '!' OR name LIKE $2 ESCAPE '!'");
    COUNT_UNDELIVERABLE_ADDRESS = Sql::both("SELECT address FROM undeliverable WHERE lower(address) LIKE $1 ESCAPE '!' OR address LIKE $2 ESCAPE '!'");
    COUNT_UNDELIVERABLE_REASON = Sql::both("SELECT reason FROM undeliverable WHERE lower(reason) LIKE $1 ESCAPE '!' OR reason LIKE $2 ESCAPE '!'");
    COUNT_SEEN_IMAGE_SEEN_KEY = Sql::both("SELECT seen_key FROM seen_image WHERE lower(seen_key) LIKE $1 ESCAPE '!' OR seen_key LIKE $2 ESCAPE '!'");
    COUNT_LINK_TEXT = Sql::both("SELECT text FROM link WHERE lower(text) LIKE $1 ESCAPE '!' OR text LIKE $2 ESCAPE '!'");
    COUNT_LINK_ACTOR = Sql::both("SELECT actor FROM link WHERE lower(actor) LIKE $1 ESCAPE '!' OR actor LIKE $2 ESCAPE '!'");
    COUNT_LINK_SUBJECT = Sql::both("SELECT subject FROM link WHERE lower(subject) LIKE $1 ESCAPE '!' OR subject LIKE $2 ESCAPE '!'");
    COUNT_ALARM_TEXT = Sql::both("SELECT text FROM alarm WHERE lower(text) LIKE $1 ESCAPE '!' OR text LIKE $2 ESCAPE '!'");
    COUNT_META_VALUE = Sql::both("SELECT value FROM meta WHERE lower(value) LIKE $1 ESCAPE '!' OR value LIKE $2 ESCAPE '!'");
    FIND_MESSAGE_MESSAGE_ID = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), message_id FROM message WHERE lower(message_id) LIKE $1 ESCAPE '!' OR message_id LIKE $2 ESCAPE '!'");
    SET_MESSAGE_MESSAGE_ID = Sql::both("UPDATE message SET message_id = $2 WHERE id = $1");
    FIND_TICKET_TAGS = Sql::both("SELECT id, id, CAST(0 AS BIGINT), tags FROM ticket WHERE lower(tags) LIKE $1 ESCAPE '!' OR tags LIKE $2 ESCAPE '!'");
    SET_TICKET_TAGS = Sql::both("UPDATE ticket SET tags = $2 WHERE id = $1");
    FIND_TICKET_VENDOR_REFERENCE = Sql::both("SELECT id, id, CAST(0 AS BIGINT), vendor_reference FROM ticket WHERE lower(vendor_reference) LIKE $1 ESCAPE '!' OR vendor_reference LIKE $2 ESCAPE '!'");
    SET_TICKET_VENDOR_REFERENCE = Sql::both("UPDATE ticket SET vendor_reference = $2 WHERE id = $1");
    FIND_TICKET_LAST_PUBLIC_ID = Sql::both("SELECT id, id, CAST(0 AS BIGINT), last_public_id FROM ticket WHERE lower(last_public_id) LIKE $1 ESCAPE '!' OR last_public_id LIKE $2 ESCAPE '!'");
    SET_TICKET_LAST_PUBLIC_ID = Sql::both("UPDATE ticket SET last_public_id = $2 WHERE id = $1");
    FIND_ARTICLE_TAGS = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), tags FROM article WHERE lower(tags) LIKE $1 ESCAPE '!' OR tags LIKE $2 ESCAPE '!'");
    SET_ARTICLE_TAGS = Sql::both("UPDATE article SET tags = $2 WHERE id = $1");
    FIND_OUTBOX_MESSAGE_ID = Sql::both("SELECT id, ticket_id, CAST(0 AS BIGINT), message_id FROM outbox WHERE lower(message_id) LIKE $1 ESCAPE '!' OR message_id LIKE $2 ESCAPE '!'");
    SET_OUTBOX_MESSAGE_ID = Sql::both("UPDATE outbox SET message_id = $2 WHERE id = $1");
    PERSON = Sql::both(
        "SELECT id, requester_name FROM ticket WHERE requester = $1 UNION SELECT ticket_id, name FROM participant WHERE address = $1 \
         UNION SELECT ticket_id, sender_name FROM message WHERE sender = $1");
    MAILS_OF_PERSON = Sql {
        sqlite: "SELECT id FROM inbox WHERE sender = $2 OR id IN (SELECT message.inbox_id FROM message JOIN ticket ON ticket.id = message.ticket_id \
                 WHERE ticket.requester = $2 AND message.ticket_id IN (SELECT value FROM json_each($1)))",
        postgres: "SELECT id FROM inbox WHERE sender = $2 OR id IN (SELECT message.inbox_id FROM message JOIN ticket ON ticket.id = message.ticket_id \
                   WHERE ticket.requester = $2 AND message.ticket_id IN \
                   (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT)))",
    };
    LETTERS_OF_PERSON = Sql {
        sqlite: "SELECT id FROM outbox WHERE recipient = $2 OR (state IN ('sent', 'failed') AND ticket_id IN (SELECT value FROM json_each($1)))",
        postgres: "SELECT id FROM outbox WHERE recipient = $2 OR (state IN ('sent', 'failed') AND ticket_id IN \
                   (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT)))",
    };
    MAILS_AFTER = Sql::both("SELECT inbox_id, bytes FROM inbox_raw WHERE inbox_id > $1 ORDER BY inbox_id LIMIT $2");
    LETTERS_AFTER = Sql::both("SELECT outbox_id, bytes FROM letter WHERE outbox_id > $1 ORDER BY outbox_id LIMIT $2");
    PEOPLE_OF_OLD = Sql::both(
        "SELECT DISTINCT requester FROM ticket WHERE closed_at > 0 AND closed_at < $1 AND requester NOT LIKE '%@erased.invalid' \
         AND NOT EXISTS (SELECT 1 FROM participant JOIN ticket AS newer ON newer.id = participant.ticket_id \
         WHERE participant.address = ticket.requester AND (newer.closed_at = 0 OR newer.closed_at >= $1)) \
         AND NOT EXISTS (SELECT 1 FROM message JOIN ticket AS newer ON newer.id = message.ticket_id \
         WHERE message.sender = ticket.requester AND (newer.closed_at = 0 OR newer.closed_at >= $1)) ORDER BY requester LIMIT $2");
    OLD_MAILS = Sql::both(
        "UPDATE inbox SET kept = 0 WHERE id IN (SELECT inbox.id FROM inbox JOIN ticket ON ticket.id = inbox.ticket_id \
         WHERE inbox.kept = 1 AND inbox.state = 'done' AND ticket.closed_at > 0 AND ticket.closed_at < $1 LIMIT $2) RETURNING id");
    OLD_LETTERS = Sql::both(
        "UPDATE outbox SET kept = 0 WHERE id IN (SELECT id FROM outbox WHERE state = 'sent' AND kept = 1 AND sent_at < $1 LIMIT $2) RETURNING id");
    OLD_IGNORED = Sql::both(
        "UPDATE inbox SET kept = 0 WHERE id IN (SELECT id FROM inbox WHERE kept = 1 AND verdict IN ('ignored', 'refused') \
         AND decided_at < $1 LIMIT $2) RETURNING id");
    RAW_DROP = among_ids!("DELETE FROM inbox_raw WHERE inbox_id", "", "");
    RAW_GONE = among_ids!("UPDATE inbox SET kept = 0 WHERE id", "", "");
    LETTER_DROP = among_ids!("DELETE FROM letter WHERE outbox_id", "", "");
    LETTER_GONE = among_ids!(
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
        "UPDATE ticket SET requester_name = '', fields = '{}', undo = '', root_message_id = '', last_public_id = '' \
         WHERE requester = $1 AND $2 <> ''");
    ERASE_PROBLEMS = Sql::both(
        "UPDATE article SET problem = '[erased]' WHERE $2 <> '' AND ticket_id IN (SELECT id FROM ticket WHERE requester = $1)");
    // After everything else: the words of the search are those that are left.
    ARTICLES_OF = among_ids!("SELECT id, title, problem, solution, tags FROM article WHERE ticket_id", "", "");
    ARTICLE_WORDS = Sql::both("UPDATE article SET words = $2 WHERE id = $1");
    HELD_OF_OTHERS = Sql::both("SELECT id FROM inbox WHERE state = 'held' AND sender <> $1");
    UNDECIDED_AMONG = among_ids!("SELECT COUNT(*) FROM inbox WHERE state = 'new' AND id", "", "");
    WAITING_TO_OTHERS = Sql::both("SELECT id FROM outbox WHERE state IN ('queued', 'sending') AND recipient <> $1");
    ERASE_BLOCK = Sql::both("DELETE FROM undeliverable WHERE address = $1 AND $2 <> ''");
    ERASE_IMAGES = Sql::both("DELETE FROM seen_image WHERE lower(seen_key) LIKE $1 ESCAPE '!'");
    EVENTS_OF_LINKS = among_ids!("SELECT id, link, ticket_id, created_at, actor, kind, text FROM event WHERE link", "", "");
    LETTERS_OF_LINKS = among_ids!("SELECT id, link, once_key, ticket_id, kind, recipient, message_id FROM outbox WHERE link", "", "");

    // What was deleted is to be found in no file: neither in the index of words nor in the log.
    SEARCH_ANEW = Sql {
        sqlite: "INSERT INTO article_search (article_search) VALUES ('rebuild')",
        postgres: "REINDEX INDEX article_search" };
    EMPTY_LOG = Sql { sqlite: "PRAGMA wal_checkpoint(TRUNCATE)", postgres: "VACUUM" };
    COPY = Sql { sqlite: "VACUUM INTO $1", postgres: "SELECT $1 || ''" };
    ANALYZE = Sql { sqlite: "PRAGMA optimize", postgres: "ANALYZE" };
    VACUUM = Sql { sqlite: "VACUUM", postgres: "VACUUM (ANALYZE)" };
    TEMP_FILE = Sql { sqlite: "PRAGMA temp_store = FILE", postgres: "SELECT 1 WHERE false" };
    TEMP_MEMORY = Sql { sqlite: "PRAGMA temp_store = MEMORY", postgres: "SELECT 1 WHERE false" };
    ATTEMPT_BACK = Sql::both("UPDATE inbox SET attempts = attempts - 1 WHERE state = 'new' AND id = $1 AND attempts > 0");
    LEASE_END = Sql {
        sqlite: "SELECT life, until FROM lease WHERE name = $1 AND until > CAST(strftime('%s', 'now') AS INTEGER) * 1000",
        postgres: "SELECT life, until FROM lease WHERE name = $1 \
                   AND until > CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)" };
    ROOM = Sql {
        sqlite: "SELECT (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_count FROM pragma_page_count)",
        postgres: "SELECT CAST(0 AS BIGINT), CAST(1 AS BIGINT)" };
    OUTBOX_STOP = Sql::both(
        "UPDATE outbox SET state = 'failed', lease_until = 0, last_error = $1 WHERE state IN ('queued', 'sending')");
    CHAIN_END = Sql::both("SELECT chain FROM link ORDER BY id DESC LIMIT 1");

    META_ADD = Sql::both("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");

    MAILBOX_GET = Sql::both(
        "SELECT uid_validity, last_uid, baseline, polled_at, first_at, since FROM mailbox WHERE name = $1");
    MAILBOX_SET = Sql::both(
        "INSERT INTO mailbox (name, uid_validity, last_uid, baseline, polled_at, first_at, since) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (name) DO UPDATE SET uid_validity = excluded.uid_validity, last_uid = excluded.last_uid, \
         baseline = excluded.baseline, polled_at = excluded.polled_at, first_at = excluded.first_at, since = excluded.since");

    INBOX_ADD = rows!(
        "INSERT INTO inbox (mailbox, uid_validity, uid, content_hash, size, received_at, state, verdict, reason, settled) \
         SELECT j.value ->> 0, CAST(j.value ->> 1 AS BIGINT), CAST(j.value ->> 2 AS BIGINT), j.value ->> 3, \
         CAST(j.value ->> 4 AS BIGINT), CAST(j.value ->> 5 AS BIGINT), j.value ->> 6, j.value ->> 7, j.value ->> 8, \
         CAST(j.value ->> 9 AS BIGINT)",
        "ON CONFLICT (mailbox, content_hash) DO UPDATE SET \
         uid_validity = excluded.uid_validity, uid = excluded.uid, settled = excluded.settled RETURNING id, content_hash, kept");
    INBOX_ADD_RAW = Sql::both("INSERT INTO inbox_raw (inbox_id, bytes) VALUES ($1, $2) ON CONFLICT (inbox_id) DO NOTHING");
    INBOX_ADD_RAWS = Sql::both(
        "INSERT INTO inbox_raw (inbox_id, bytes) VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8), ($9, $10), ($11, $12), \
         ($13, $14), ($15, $16) ON CONFLICT (inbox_id) DO NOTHING");
    // Where several instances work, each claims what it is going to decide; what a life had claimed that is over
    // is free again. $1: how many; $2: beyond which id; $3: who claims.
    INBOX_WAITING = Sql {
        sqlite: "SELECT id, mailbox, size, attempts, received_at, released, joins FROM inbox \
                 WHERE state = 'new' AND id > $2 AND $3 = '' ORDER BY id LIMIT $1",
        postgres: "UPDATE inbox SET claimed_by = $3 WHERE id IN (SELECT id FROM inbox WHERE state = 'new' AND id > $2 \
                   AND (claimed_by IN ('', $3) OR claimed_by NOT IN (SELECT instance || '#' || life FROM lease \
                   WHERE name LIKE 'instance:%' AND until > CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT))) \
                   ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED) \
                   RETURNING id, mailbox, size, attempts, received_at, released, joins",
    };
    INBOX_CLAIM = Sql::both("UPDATE inbox SET claimed_by = $2 WHERE id = $1 AND state = 'new'");
    INBOX_UNCLAIM = Sql::both("UPDATE inbox SET claimed_by = '' WHERE state = 'new' AND id > $1 AND claimed_by = $2");
    // Mails are decided in the order they came in, whoever decides them.
    INBOX_AHEAD = Sql::both("SELECT COUNT(*) FROM inbox WHERE state = 'new' AND id < $1 AND claimed_by <> $2");
    INBOX_RAW = Sql::both("SELECT bytes FROM inbox_raw WHERE inbox_id = $1");
    INBOX_RAW_RANGE = Sql::both(
        "SELECT inbox_raw.inbox_id, inbox_raw.bytes FROM inbox_raw JOIN inbox ON inbox.id = inbox_raw.inbox_id \
         WHERE inbox.state = 'new' AND inbox_raw.inbox_id BETWEEN $1 AND $2 ORDER BY inbox_raw.inbox_id");
    INBOX_TRY = Sql::both("UPDATE inbox SET attempts = attempts + 1 WHERE state = 'new' AND id = $1");
    INBOX_JUDGE = rows!(
        "UPDATE inbox SET state = j.value ->> 1, verdict = j.value ->> 2, reason = j.value ->> 3, \
         ticket_id = CAST(j.value ->> 4 AS BIGINT), decided_at = CAST(j.value ->> 5 AS BIGINT), \
         message_id = j.value ->> 6, sender = j.value ->> 7, subject = j.value ->> 8, \
         content = j.value ->> 9",
        "AND inbox.id = CAST(j.value ->> 0 AS BIGINT) AND inbox.state = 'new' AND inbox.claimed_by = j.value ->> 10");
    COMMANDS_DONE = among!("SELECT message_id, content FROM inbox WHERE verdict = 'command' AND message_id", "");
    INBOX_REFUSE = Sql::both(
        "UPDATE inbox SET state = 'done', verdict = 'refused', reason = $2, decided_at = $3 WHERE id = $1 AND state = 'held'");
    INBOX_JOIN = Sql::both("UPDATE inbox SET joins = $2 WHERE id = $1 AND state = 'held'");
    INBOX_RELEASE = Sql::both(
        "UPDATE inbox SET state = 'new', attempts = 0, verdict = '', released = 1, reason = $2, claimed_by = '', decided_at = $3 \
         WHERE id = $1 AND state = 'held'");
    // All held mails of a sender, with a reason, or (both empty) whatever they are. What was not fetched whole stays held.
    INBOX_RELEASE_ALL = Sql::both(
        "UPDATE inbox SET state = 'new', attempts = 0, verdict = '', released = 1, joins = 0, reason = $3, claimed_by = '', decided_at = $4 WHERE state = 'held' \
         AND ($1 = '' OR sender = $1) AND ($2 = '' OR reason = $2) \
         AND size = (SELECT LENGTH(inbox_raw.bytes) FROM inbox_raw WHERE inbox_raw.inbox_id = inbox.id)");
    INBOX_REFUSE_ALL = Sql::both(
        "UPDATE inbox SET state = 'done', verdict = 'refused', reason = $3, decided_at = $4 WHERE state = 'held' \
         AND ($1 = '' OR sender = $1) AND ($2 = '' OR reason = $2)");
    INBOX_UNSETTLED = Sql::both(
        "SELECT uid FROM inbox WHERE mailbox = $1 AND settled = 0 AND uid_validity = $2 AND uid > 0 ORDER BY uid LIMIT $3");
    INBOX_SETTLE = Sql::both(
        "UPDATE inbox SET settled = 1 WHERE mailbox = $1 AND settled = 0 AND uid_validity = $2 AND uid BETWEEN $3 AND $4");
    INBOX_GET = Sql::both(
        "SELECT inbox.id, inbox.mailbox, inbox.size, inbox.received_at, inbox.state, inbox.verdict, inbox.reason, inbox.decided_at, \
         inbox.message_id, inbox.sender, inbox.subject, COALESCE(ticket.number, '') FROM inbox \
         LEFT JOIN ticket ON ticket.id = inbox.ticket_id WHERE inbox.id = $1");
    INBOX_HELD = Sql::both(
        "SELECT inbox.id, inbox.mailbox, inbox.size, inbox.received_at, inbox.state, inbox.verdict, inbox.reason, inbox.decided_at, \
         inbox.message_id, inbox.sender, inbox.subject, '' FROM inbox WHERE inbox.state = 'held' ORDER BY inbox.id");
    INBOX_BY_MESSAGE_ID = Sql::both(
        "SELECT inbox.id, inbox.mailbox, inbox.size, inbox.received_at, inbox.state, inbox.verdict, inbox.reason, inbox.decided_at, \
         inbox.message_id, inbox.sender, inbox.subject, COALESCE(ticket.number, '') FROM inbox \
         LEFT JOIN ticket ON ticket.id = inbox.ticket_id WHERE inbox.message_id = $1 ORDER BY inbox.id");
    INBOX_BY_TICKET = Sql::both(
        "SELECT inbox.id, inbox.mailbox, inbox.size, inbox.received_at, inbox.state, inbox.verdict, inbox.reason, inbox.decided_at, \
         inbox.message_id, inbox.sender, inbox.subject, ticket.number FROM inbox \
         JOIN ticket ON ticket.id = inbox.ticket_id WHERE ticket.number = $1 ORDER BY inbox.id");
    // $1: now. Only small parts of each table are looked at.
    STANDING = Sql::both(
        "SELECT (SELECT COUNT(*) FROM inbox WHERE state = 'new'), \
         (SELECT COALESCE(MIN(CASE WHEN decided_at > received_at THEN decided_at ELSE received_at END), 0) FROM inbox WHERE state = 'new'), \
         (SELECT COUNT(*) FROM inbox WHERE state = 'held'), \
         (SELECT COUNT(*) FROM outbox WHERE state = 'queued'), \
         (SELECT COALESCE(MIN(created_at), 0) FROM outbox WHERE state = 'queued'), \
         (SELECT COUNT(*) FROM outbox WHERE state = 'failed'), \
         (SELECT COUNT(*) FROM undeliverable WHERE until > $1 AND reason <> 'erased'), \
         (SELECT COUNT(*) FROM deadline WHERE due_at < $1 - 900000)");
    LAST_MAILS = Sql::both(
        "SELECT mailbox.name, COALESCE((SELECT inbox.received_at FROM inbox WHERE inbox.mailbox = mailbox.name ORDER BY inbox.id DESC LIMIT 1), 0) \
         FROM mailbox");
    ALARMS = Sql::both("SELECT name, since, told_at, text FROM alarm ORDER BY name");
    ALARM_SET = Sql::both(
        "INSERT INTO alarm (name, since, told_at, text) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET \
         told_at = excluded.told_at, text = excluded.text");
    ALARM_CLEAR = Sql::both("DELETE FROM alarm WHERE name = $1");
    INBOX_OLDEST = Sql::both("SELECT COUNT(*), COALESCE(MIN(received_at), 0) FROM inbox WHERE state = 'new'");
    // $2: since when; $3: most rows of a sender that are looked at. Gives how many were looked at, and how many of them
    // count. What a person let in or refused does not count, nor does what is held for being too much.
    INBOX_LATELY = rows!(
        "SELECT j.value ->> 0, (SELECT COUNT(*) FROM (SELECT 1 AS one FROM inbox WHERE inbox.sender = j.value ->> 0 \
         AND inbox.decided_at > $2 LIMIT $3) AS every), (SELECT CAST(COALESCE(SUM(one.counts), 0) AS BIGINT) FROM \
         (SELECT CASE WHEN inbox.released = 0 AND inbox.verdict NOT IN ('', 'refused') \
         AND NOT (inbox.verdict = 'held' AND inbox.reason LIKE 'limits.mails_per_hour%') THEN 1 ELSE 0 END AS counts FROM inbox \
         WHERE inbox.sender = j.value ->> 0 AND inbox.decided_at > $2 LIMIT $3) AS one)", "");
    // How many tickets each queue opened since $1. Ids are given out in the order of time, so the last before it is found
    // by halving; where fewer than $2 ids were given out since, nothing is counted at all.
    TICKETS_LATELY = Sql::both(
        "WITH RECURSIVE half (low, high) AS (SELECT CAST(0 AS BIGINT), (SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM ticket) \
         UNION ALL SELECT CASE WHEN COALESCE((SELECT created_at FROM ticket WHERE id <= (low + high + 1) / 2 ORDER BY id DESC LIMIT 1), 0) < $1 \
         THEN (low + high + 1) / 2 ELSE low END, \
         CASE WHEN COALESCE((SELECT created_at FROM ticket WHERE id <= (low + high + 1) / 2 ORDER BY id DESC LIMIT 1), 0) < $1 \
         THEN high ELSE (low + high + 1) / 2 - 1 END FROM half WHERE low < high) \
         SELECT queue, COUNT(*) FROM ticket WHERE id > (SELECT CASE WHEN (SELECT MAX(id) FROM ticket) - MAX(low) >= $2 \
         THEN MAX(low) ELSE (SELECT MAX(id) FROM ticket) END FROM half) AND created_at >= $1 GROUP BY queue");
    INBOX_COUNT = Sql::both("SELECT state, COUNT(*) FROM inbox GROUP BY state");

    COUNTER_LOCK = Sql::both(
        "INSERT INTO counter (prefix, last) VALUES ($1, 0) \
         ON CONFLICT (prefix) DO UPDATE SET last = counter.last RETURNING last");
    COUNTER_NEXT = Sql::both(
        "INSERT INTO counter (prefix, last) VALUES ($1, 1) ON CONFLICT (prefix) DO UPDATE SET last = counter.last + 1 RETURNING last");
    COUNTER_SET = Sql::both("UPDATE counter SET last = $2 WHERE prefix = $1");
    // A row is the ticket as JSON, with the time beside its fields. A path into a nested value would make
    // SQLite write the whole ticket out again for each column.
    TICKETS_ADD = rows!(
        "INSERT INTO ticket (id, number, created_at, updated_at, queue, title, status, priority, level, type, category, service, assignee, first_responded_at, resolved_at, \
         closed_at, root_message_id, last_public_id, fields, tags, vendor, vendors, vendor_reference, parent_id, \
         merged_into, related, solution, rating, last_answer, first_response_id, revision, requester, \
         requester_name, language, pending_on, undo, sla, respond_due, resolve_due) \
         SELECT CAST(j.value ->> 'id' AS BIGINT), j.value ->> 'number', CAST(j.value ->> 'at' AS BIGINT), \
         CAST(j.value ->> 'at' AS BIGINT), j.value ->> 'queue', j.value ->> 'title', j.value ->> 'status', \
         j.value ->> 'priority', CAST(j.value ->> 'level' AS BIGINT), j.value ->> 'kind', \
         j.value ->> 'category', j.value ->> 'service', j.value ->> 'assignee', \
         CAST(j.value ->> 'first_responded_at' AS BIGINT), CAST(j.value ->> 'resolved_at' AS BIGINT), \
         CAST(j.value ->> 'closed_at' AS BIGINT), j.value ->> 'root_message_id', \
         j.value ->> 'last_public_id', j.value ->> 'fields', j.value ->> 'tags', \
         j.value ->> 'vendor', j.value ->> 'vendors', j.value ->> 'vendor_reference', CAST(j.value ->> 'parent' AS BIGINT), \
         CAST(j.value ->> 'merged_into' AS BIGINT), j.value ->> 'related', j.value ->> 'solution', \
         CAST(j.value ->> 'rating' AS BIGINT), j.value ->> 'last_answer', \
         j.value ->> 'first_response_id', CAST(j.value ->> 'revision' AS BIGINT), \
         j.value -> 'requester' ->> 'address', j.value -> 'requester' ->> 'name', \
         j.value -> 'requester' ->> 'language', COALESCE(j.value ->> 'pending_on', ''), \
         COALESCE(j.value ->> 'undo', ''), j.value ->> 'sla', CAST(j.value ->> 'respond_due' AS BIGINT), \
         CAST(j.value ->> 'resolve_due' AS BIGINT)",
        "");
    TICKETS_TOUCH = rows!(
        "UPDATE ticket SET updated_at = CAST(j.value ->> 'at' AS BIGINT), queue = j.value ->> 'queue', title = j.value ->> 'title', status = j.value ->> 'status', \
         priority = j.value ->> 'priority', level = CAST(j.value ->> 'level' AS BIGINT), \
         type = j.value ->> 'kind', category = j.value ->> 'category', \
         service = j.value ->> 'service', assignee = j.value ->> 'assignee', \
         first_responded_at = CAST(j.value ->> 'first_responded_at' AS BIGINT), \
         resolved_at = CAST(j.value ->> 'resolved_at' AS BIGINT), \
         closed_at = CAST(j.value ->> 'closed_at' AS BIGINT), \
         root_message_id = j.value ->> 'root_message_id', last_public_id = j.value ->> 'last_public_id', \
         fields = j.value ->> 'fields', tags = j.value ->> 'tags', vendor = j.value ->> 'vendor', \
         vendors = j.value ->> 'vendors', vendor_reference = j.value ->> 'vendor_reference', \
         parent_id = CAST(j.value ->> 'parent' AS BIGINT), \
         merged_into = CAST(j.value ->> 'merged_into' AS BIGINT), related = j.value ->> 'related', \
         solution = j.value ->> 'solution', rating = CAST(j.value ->> 'rating' AS BIGINT), \
         last_answer = j.value ->> 'last_answer', first_response_id = j.value ->> 'first_response_id', \
         revision = CAST(j.value ->> 'revision' AS BIGINT), \
         requester = j.value -> 'requester' ->> 'address', \
         requester_name = j.value -> 'requester' ->> 'name', \
         language = j.value -> 'requester' ->> 'language', \
         pending_on = COALESCE(j.value ->> 'pending_on', ''), undo = COALESCE(j.value ->> 'undo', ''), \
         sla = j.value ->> 'sla', respond_due = CAST(j.value ->> 'respond_due' AS BIGINT), \
         resolve_due = CAST(j.value ->> 'resolve_due' AS BIGINT)",
        "AND ticket.id = CAST(j.value ->> 'id' AS BIGINT)");
    TICKET_VIEWS = among_ids!(
        "SELECT id, number, created_at, queue, title, status, priority, level, type, category, service, assignee, first_responded_at, resolved_at, \
         closed_at, root_message_id, last_public_id, fields, tags, vendor, vendors, vendor_reference, parent_id, \
         merged_into, related, solution, rating, last_answer, first_response_id, revision, requester, \
         requester_name, language, pending_on, undo, sla FROM ticket WHERE id",
        "ORDER BY id", " FOR NO KEY UPDATE");
    TICKETS_OF_PARENTS = among_ids!("SELECT id FROM ticket WHERE parent_id > 0 AND parent_id", "ORDER BY id LIMIT 500", "");
    TICKETS_OF_VENDORS = among!(
        "SELECT id FROM ticket WHERE vendor <> '' AND status <> 'closed' AND vendor", "ORDER BY id DESC LIMIT 200");
    TICKET_STORIES = among_ids!(
        "SELECT message.ticket_id, message.new_text FROM message WHERE message.id = (SELECT MIN(one.id) FROM message AS one \
         WHERE one.ticket_id = message.ticket_id AND one.visibility = 'public' AND one.direction = 'in') \
         AND message.ticket_id", "", "");
    DEADLINES_OF = among_ids!("SELECT ticket_id, kind, due_at FROM deadline WHERE ticket_id", "", "");
    DEADLINES_CLEAR = among_ids!("DELETE FROM deadline WHERE ticket_id", "", "");
    DEADLINES_ADD = rows!(
        "INSERT INTO deadline (ticket_id, kind, due_at) SELECT CAST(j.value ->> 0 AS BIGINT), j.value ->> 1, \
         CAST(j.value ->> 2 AS BIGINT)", "ON CONFLICT (ticket_id, kind) DO UPDATE SET due_at = excluded.due_at");
    // What is done at the very instant it is due is in time. What only mail can take off waits until all mail of that time was heard ($3); the clocks of service levels
    // do so no longer than $4.
    DEADLINES_DUE = among!(
        "SELECT deadline.ticket_id, deadline.kind, deadline.due_at FROM deadline JOIN ticket ON ticket.id = deadline.ticket_id \
         WHERE deadline.due_at <= $2 AND (deadline.due_at < $2 OR deadline.kind NOT IN ('respond', 'resolve')) \
         AND (deadline.kind IN ('wake', 'responded') OR deadline.due_at <= $3 \
         OR (deadline.kind NOT IN ('remind', 'silence', 'confirm') AND deadline.due_at <= $4)) AND ticket.queue",
        "ORDER BY deadline.due_at, deadline.ticket_id, deadline.kind LIMIT $5");
    COURSE_ADD = rows!(
        "INSERT INTO course (ticket_id, at, state) SELECT CAST(j.value ->> 0 AS BIGINT), CAST(j.value ->> 1 AS BIGINT), j.value ->> 2",
        "");
    OVERDUE_ADD = rows!(
        "INSERT INTO overdue (person, ticket_id, due_at, text) SELECT j.value ->> 0, CAST(j.value ->> 1 AS BIGINT), \
         CAST(j.value ->> 2 AS BIGINT), j.value ->> 3", "");
    OVERDUE_ALL = Sql::both(
        "SELECT overdue.id, overdue.person, ticket.number, ticket.title, ticket.queue, overdue.due_at, overdue.text FROM overdue \
         JOIN ticket ON ticket.id = overdue.ticket_id ORDER BY overdue.person, overdue.due_at, overdue.id");
    OVERDUE_CLEAR = among_ids!("DELETE FROM overdue WHERE id", "", "");
    ACKNOWLEDGED = among_ids!(
        "SELECT DISTINCT outbox.ticket_id FROM outbox JOIN ticket ON ticket.id = outbox.ticket_id \
         AND ticket.requester = outbox.recipient WHERE outbox.state = 'sent' AND outbox.ticket_id", "", "");
    TICKETS_UNFINISHED = Sql::both(
        "SELECT id FROM ticket WHERE id > $1 AND status NOT IN ('resolved', 'closed') ORDER BY id LIMIT $2");
    BELL_GET = Sql::both("SELECT due_at FROM bell WHERE name = $1");
    BELL_SET = Sql::both(
        "INSERT INTO bell (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at");
    // Everything that bears on a time: tickets not closed before it began, and those that changed within it.
    COURSES = Sql::both(
        "SELECT course.ticket_id, ticket.number, ticket.title, ticket.created_at, course.at, course.state FROM course \
         JOIN ticket ON ticket.id = course.ticket_id WHERE course.at < $2 AND course.ticket_id IN \
         (SELECT id FROM ticket WHERE created_at < $2 AND (closed_at = 0 OR closed_at >= $1 OR updated_at >= $1)) ORDER BY course.ticket_id, course.id");
    ARTICLES_ADD = rows!(
        "INSERT INTO article (ticket_id, queue, title, problem, solution, tags, public, author, created_at, updated_at, words) \
         SELECT CAST(j.value ->> 0 AS BIGINT), j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, \
         CAST(j.value ->> 6 AS BIGINT), j.value ->> 7, CAST(j.value ->> 8 AS BIGINT), CAST(j.value ->> 8 AS BIGINT), j.value ->> 9",
        "ON CONFLICT (ticket_id) DO UPDATE SET title = excluded.title, problem = excluded.problem, solution = excluded.solution, \
         tags = excluded.tags, public = excluded.public, author = excluded.author, \
         updated_at = excluded.updated_at, words = excluded.words WHERE excluded.public >= article.public");
    ARTICLES_FORGET = among_ids!("DELETE FROM article WHERE ticket_id", "", "");
    ARTICLES_ANY = Sql::both("SELECT COUNT(*) FROM (SELECT 1 AS one FROM article LIMIT 1) AS found");
    ARTICLES_FIND = Sql {
        sqlite: "SELECT article.ticket_id, ticket.number, article.title, article.solution, article.public FROM article_search \
                 JOIN article ON article.id = article_search.rowid JOIN ticket ON ticket.id = article.ticket_id \
                 WHERE article_search MATCH $1 AND article.queue = $2 ORDER BY bm25(article_search), article.id DESC LIMIT $3",
        postgres: "SELECT article.ticket_id, ticket.number, article.title, article.solution, article.public FROM article \
                   JOIN ticket ON ticket.id = article.ticket_id \
                   WHERE to_tsvector('simple', article.words) @@ to_tsquery('simple', $1) AND article.queue = $2 \
                   ORDER BY ts_rank(to_tsvector('simple', article.words), to_tsquery('simple', $1)) DESC, article.id DESC LIMIT $3",
    };
    ARTICLE_LIST = Sql::both(
        "SELECT ticket.number, article.title, article.problem, article.solution, article.tags, article.author, article.updated_at \
         FROM article JOIN ticket ON ticket.id = article.ticket_id WHERE article.public = 1 ORDER BY article.id DESC LIMIT $1");
    PARTICIPANTS_DROP = rows!(
        "DELETE FROM participant WHERE (ticket_id, address) IN (SELECT CAST(j.value ->> 0 AS BIGINT), j.value ->> 1", ")");
    LETTERS_ISSUED = among!(
        "SELECT message_id, created_at FROM outbox WHERE proves = 1 AND message_id", "");
    LETTERS_SHOWN = among!("UPDATE outbox SET proves = 0 WHERE message_id", "");
    TICKETS_OF_NUMBERS = among!("SELECT number, id FROM ticket WHERE number", "");
    TICKETS_OF_MESSAGES = among!(
        "SELECT message_id, MIN(ticket_id) FROM message WHERE message_id", "GROUP BY message_id");
    COPIES = among!("SELECT message_id, content, ticket_id FROM message WHERE message_id", "ORDER BY id");
    TICKET_LIST = Sql::both(
        "SELECT number, queue, title, status, priority, level, type, category, service, requester, requester_name, assignee, \
         created_at, updated_at, first_responded_at, resolved_at, closed_at, id, fields, pending_on, tags, vendor, vendor_reference, \
         solution, rating, related, merged_into, parent_id, sla FROM ticket \
         WHERE ($1 = '' OR queue = $1) AND ($2 = '' OR status = $2) ORDER BY id DESC LIMIT $3");
    TICKET_GET = Sql::both(
        "SELECT number, queue, title, status, priority, level, type, category, service, requester, requester_name, assignee, \
         created_at, updated_at, first_responded_at, resolved_at, closed_at, id, fields, pending_on, tags, vendor, vendor_reference, \
         solution, rating, related, merged_into, parent_id, sla FROM ticket WHERE number = $1");
    // $1: queues; $5: 1 for those that are not done; $6: those that have not changed since, or
    // are late at $8.
    TICKET_LISTING = among!(
        "SELECT number, queue, title, status, priority, level, type, category, service, requester, requester_name, assignee, \
         created_at, updated_at, first_responded_at, resolved_at, closed_at, id, fields, pending_on, tags, vendor, vendor_reference, \
         solution, rating, related, merged_into, parent_id, sla FROM ticket \
         WHERE ($2 = '' OR status = $2) AND ($3 = '' OR assignee = $3) AND ($4 = '' OR requester = $4) \
         AND ($5 = 0 OR status NOT IN ('resolved', 'closed')) AND (updated_at <= $6 \
         OR (respond_due > 0 AND respond_due < $8) OR (resolve_due > 0 AND resolve_due < $8)) AND queue",
        "ORDER BY priority, id LIMIT $7");
    PARTICIPANTS_ADD = rows!(
        "INSERT INTO participant (ticket_id, address, name, role) \
         SELECT CAST(j.value ->> 0 AS BIGINT), j.value ->> 1, j.value ->> 2, j.value ->> 3",
        "ON CONFLICT (ticket_id, address) DO NOTHING");
    PARTICIPANTS_OF = among_ids!(
        "SELECT ticket_id, address FROM participant WHERE ticket_id", "ORDER BY ticket_id, address", "");
    PARTICIPANTS = Sql::both("SELECT address FROM participant WHERE ticket_id = $1 ORDER BY address");
    MESSAGES_ADD = rows!(
        "INSERT INTO message (ticket_id, inbox_id, direction, visibility, automatic, sender, sender_name, created_at, \
         message_id, text, new_text, attachments, content) SELECT CAST(j.value ->> 0 AS BIGINT), CAST(j.value ->> 1 AS BIGINT), \
         j.value ->> 2, j.value ->> 3, CAST(j.value ->> 4 AS BIGINT), j.value ->> 5, j.value ->> 6, \
         CAST(j.value ->> 7 AS BIGINT), j.value ->> 8, j.value ->> 9, j.value ->> 10, j.value ->> 11, j.value ->> 12",
        "");
    MESSAGES = Sql::both(
        "SELECT direction, visibility, automatic, sender, sender_name, created_at, message_id, text, new_text, attachments, \
         inbox_id FROM message WHERE ticket_id = $1 ORDER BY id");
    EVENTS_ADD = rows!(
        "INSERT INTO event (ticket_id, created_at, actor, kind, text, link) SELECT CAST(j.value ->> 0 AS BIGINT), \
         CAST(j.value ->> 1 AS BIGINT), j.value ->> 2, j.value ->> 3, j.value ->> 4, CAST(j.value ->> 5 AS BIGINT)",
        "");
    EVENTS = Sql::both("SELECT created_at, actor, kind, text FROM event WHERE ticket_id = $1 ORDER BY id");

    OUTBOX_ADD = rows!(
        "INSERT INTO outbox (once_key, ticket_id, kind, recipient, envelope_from, message_id, size, created_at, due_at, link) \
         SELECT j.value ->> 0, CAST(j.value ->> 1 AS BIGINT), j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, \
         CAST(j.value ->> 6 AS BIGINT), CAST(j.value ->> 7 AS BIGINT), CAST(j.value ->> 7 AS BIGINT), CAST(j.value ->> 8 AS BIGINT)",
        "ON CONFLICT (once_key) DO NOTHING RETURNING id, once_key");
    LETTER_ADD = Sql::both("INSERT INTO letter (outbox_id, bytes) VALUES ($1, $2)");
    LETTERS_ADD = Sql::both(
        "INSERT INTO letter (outbox_id, bytes) VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8), ($9, $10), ($11, $12), \
         ($13, $14), ($15, $16)");
    LETTERS_LEASED = Sql::both(
        "SELECT letter.outbox_id, letter.bytes FROM letter JOIN outbox ON outbox.id = letter.outbox_id \
         WHERE letter.outbox_id BETWEEN $1 AND $2 AND outbox.state = 'sending' AND outbox.lease_by = $3 ORDER BY letter.outbox_id");
    LETTER_GET = Sql::both("SELECT bytes FROM letter WHERE outbox_id = $1");
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
        "SELECT address, since, until, status, reason FROM undeliverable WHERE address", "AND until > $2");
    UNDELIVERABLE_ADD = rows!(
        "INSERT INTO undeliverable (address, since, until, status, reason, ticket_id) SELECT j.value ->> 0, \
         CAST(j.value ->> 1 AS BIGINT), CAST(j.value ->> 2 AS BIGINT), j.value ->> 3, j.value ->> 4, CAST(j.value ->> 5 AS BIGINT)",
        "ON CONFLICT (address) DO UPDATE SET since = excluded.since, until = excluded.until, status = excluded.status, \
         reason = excluded.reason, ticket_id = excluded.ticket_id");
    UNDELIVERABLE_LIST = Sql::both(
        "SELECT undeliverable.address, undeliverable.since, undeliverable.until, undeliverable.status, undeliverable.reason, \
         COALESCE(ticket.number, '') FROM undeliverable LEFT JOIN ticket ON ticket.id = undeliverable.ticket_id \
         WHERE undeliverable.until > $1 AND undeliverable.reason <> 'erased' ORDER BY undeliverable.since DESC, undeliverable.address LIMIT $2");
    UNDELIVERABLE_CLEAR = Sql::both("DELETE FROM undeliverable WHERE address = $1");
    SEEN_IMAGES = among!("SELECT seen_key FROM seen_image WHERE seen_key", "");
    SEEN_IMAGE_ADD = rows!(
        "INSERT INTO seen_image (seen_key) SELECT j.value ->> 0", "ON CONFLICT (seen_key) DO NOTHING");
    OUTBOX_CLAIM = Sql {
        sqlite: "UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_until = $2, lease_by = $3 WHERE id IN \
                 (SELECT id FROM outbox WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at, id LIMIT $4) \
                 RETURNING id, recipient, envelope_from, attempts, created_at, size, kind",
        postgres: "UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_until = $2, lease_by = $3 WHERE id IN \
                   (SELECT id FROM outbox WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at, id LIMIT $4 \
                   FOR UPDATE SKIP LOCKED) RETURNING id, recipient, envelope_from, attempts, created_at, size, kind",
    };
    // Taken is taken, whoever has claimed it since.
    OUTBOX_SENT = Sql::both(
        "UPDATE outbox SET state = 'sent', sent_at = $2, lease_until = 0, last_error = '' WHERE id = $1 AND state IN ('sending', 'queued')");
    OUTBOX_SENT_ALL = among_ids!(
        "UPDATE outbox SET state = 'sent', sent_at = $2, lease_until = 0, last_error = '' \
         WHERE state IN ('sending', 'queued') AND id", "", "");
    OUTBOX_TOUCH = Sql::both("UPDATE outbox SET lease_until = 0 WHERE id = $1 AND state = 'sent'");
    // Only answers that the server took count as given (first_responded_at).
    TICKETS_ANSWERED = Sql {
        sqlite: "UPDATE ticket SET first_responded_at = $2, first_response_id = (SELECT MIN(outbox.message_id) FROM outbox \
                 WHERE outbox.ticket_id = ticket.id AND outbox.recipient = ticket.requester \
                 AND outbox.kind IN ('answer', 'question', 'resolved', 'rejected') \
                 AND outbox.id IN (SELECT value FROM json_each($1))) \
                 WHERE first_responded_at = 0 AND id IN (SELECT outbox.ticket_id FROM outbox \
                 JOIN ticket AS one ON one.id = outbox.ticket_id AND one.requester = outbox.recipient \
                 WHERE outbox.kind IN ('answer', 'question', 'resolved', 'rejected') \
                 AND outbox.id IN (SELECT value FROM json_each($1)))",
        postgres: "UPDATE ticket SET first_responded_at = $2, first_response_id = (SELECT MIN(outbox.message_id) FROM outbox \
                   WHERE outbox.ticket_id = ticket.id AND outbox.recipient = ticket.requester \
                   AND outbox.kind IN ('answer', 'question', 'resolved', 'rejected') \
                   AND outbox.id IN (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT))) \
                   WHERE first_responded_at = 0 AND id IN (SELECT outbox.ticket_id FROM outbox \
                   JOIN ticket AS one ON one.id = outbox.ticket_id AND one.requester = outbox.recipient \
                   WHERE outbox.kind IN ('answer', 'question', 'resolved', 'rejected') \
                   AND outbox.id IN (SELECT CAST(json_array_elements_text(CAST(CAST($1 AS TEXT) AS json)) AS BIGINT)))",
    };
    // The clock of a first answer is read as soon as it is delivered.
    TICKETS_RESPONDED = among_ids!(
        "INSERT INTO deadline (ticket_id, kind, due_at) SELECT DISTINCT outbox.ticket_id, 'responded', CAST($2 AS BIGINT) FROM outbox \
         JOIN ticket ON ticket.id = outbox.ticket_id AND ticket.first_response_id = outbox.message_id WHERE outbox.id",
        "ON CONFLICT (ticket_id, kind) DO NOTHING", "");
    OUTBOX_LATER = Sql::both(
        "UPDATE outbox SET state = 'queued', due_at = $2, lease_until = 0, last_error = $3, attempts = attempts - $4 \
         WHERE id = $1 AND state = 'sending' AND lease_by = $5");
    OUTBOX_FAILED = Sql::both(
        "UPDATE outbox SET state = 'failed', lease_until = 0, last_error = $2 WHERE id = $1 AND state = 'sending' AND lease_by = $3");
    OUTBOX_ABOUT = Sql::both("SELECT ticket_id, kind, recipient FROM outbox WHERE id = $1 AND ticket_id > 0");
    // $1: now; $2: who asks, whose own letters are given back too.
    OUTBOX_RELEASE = Sql {
        sqlite: "UPDATE outbox SET state = 'queued', lease_until = 0 WHERE state = 'sending' AND (lease_until < $1 OR lease_by = $2 OR $2 = '')",
        postgres: "UPDATE outbox SET state = 'queued', lease_until = 0 WHERE state = 'sending' \
                   AND CAST($1 AS BIGINT) >= 0 AND (lease_by = $2 OR lease_by NOT IN (SELECT instance || '#' || life FROM lease \
                   WHERE name LIKE 'instance:%' AND until > CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)))",
    };
    OUTBOX_NEXT_DUE = Sql::both("SELECT due_at FROM outbox WHERE state = 'queued' ORDER BY due_at LIMIT 1");
    // A letter from what is now the future was written before the clock was set back: it is due.
    OUTBOX_FROM_FUTURE = Sql::both("UPDATE outbox SET due_at = $1 WHERE state = 'queued' AND due_at > $1 AND created_at > $1");
    // $3: how the error of those that are meant begins; empty for any.
    OUTBOX_RETRY = Sql::both(
        "UPDATE outbox SET state = 'queued', attempts = 0, due_at = $2 WHERE state IN ('failed', 'queued') AND kept = 1 \
         AND ($1 = 0 OR id = $1) AND ($3 = '' OR last_error LIKE $3 || '%')");
    OUTBOX_LIST = Sql::both(
        "SELECT outbox.id, outbox.kind, outbox.recipient, outbox.state, outbox.attempts, outbox.created_at, outbox.due_at, \
         outbox.sent_at, outbox.last_error, outbox.message_id, COALESCE(ticket.number, '') FROM outbox \
         LEFT JOIN ticket ON ticket.id = outbox.ticket_id \
         WHERE ($1 = '' AND outbox.state <> 'sent') OR outbox.state = $1 ORDER BY outbox.id LIMIT $2");
    OUTBOX_GET = Sql::both(
        "SELECT outbox.id, outbox.kind, outbox.recipient, outbox.state, outbox.attempts, outbox.created_at, outbox.due_at, \
         outbox.sent_at, outbox.last_error, outbox.message_id, COALESCE(ticket.number, '') FROM outbox \
         LEFT JOIN ticket ON ticket.id = outbox.ticket_id WHERE outbox.id = $1");
    OUTBOX_OF_TICKET = Sql::both(
        "SELECT outbox.id, outbox.kind, outbox.recipient, outbox.state, outbox.attempts, outbox.created_at, outbox.due_at, \
         outbox.sent_at, outbox.last_error, outbox.message_id, ticket.number FROM outbox \
         JOIN ticket ON ticket.id = outbox.ticket_id WHERE ticket.number = $1 ORDER BY outbox.id");
}

/// Every column that may name a person, by row id: found with the ticket and the link of its row.
pub(super) const COLUMNS: &[Column] = &[
    Column { name: "inbox.sender", find: FIND_INBOX_SENDER, set: SET_INBOX_SENDER },
    Column { name: "inbox.subject", find: FIND_INBOX_SUBJECT, set: SET_INBOX_SUBJECT },
    Column { name: "inbox.reason", find: FIND_INBOX_REASON, set: SET_INBOX_REASON },
    Column { name: "inbox.message_id", find: FIND_INBOX_MESSAGE_ID, set: SET_INBOX_MESSAGE_ID },
    Column { name: "ticket.title", find: FIND_TICKET_TITLE, set: SET_TICKET_TITLE },
    Column { name: "ticket.requester", find: FIND_TICKET_REQUESTER, set: SET_TICKET_REQUESTER },
    Column { name: "ticket.requester_name", find: FIND_TICKET_REQUESTER_NAME, set: SET_TICKET_REQUESTER_NAME },
    Column { name: "ticket.assignee", find: FIND_TICKET_ASSIGNEE, set: SET_TICKET_ASSIGNEE },
    Column { name: "ticket.fields", find: FIND_TICKET_FIELDS, set: SET_TICKET_FIELDS },
    Column { name: "ticket.vendor", find: FIND_TICKET_VENDOR, set: SET_TICKET_VENDOR },
    Column { name: "ticket.vendors", find: FIND_TICKET_VENDORS, set: SET_TICKET_VENDORS },
    Column { name: "ticket.solution", find: FIND_TICKET_SOLUTION, set: SET_TICKET_SOLUTION },
    Column { name: "ticket.last_answer", find: FIND_TICKET_LAST_ANSWER, set: SET_TICKET_LAST_ANSWER },
    Column { name: "ticket.undo", find: FIND_TICKET_UNDO, set: SET_TICKET_UNDO },
    Column { name: "ticket.root_message_id", find: FIND_TICKET_ROOT_MESSAGE_ID, set: SET_TICKET_ROOT_MESSAGE_ID },
    Column { name: "article.title", find: FIND_ARTICLE_TITLE, set: SET_ARTICLE_TITLE },
    Column { name: "article.problem", find: FIND_ARTICLE_PROBLEM, set: SET_ARTICLE_PROBLEM },
    Column { name: "article.solution", find: FIND_ARTICLE_SOLUTION, set: SET_ARTICLE_SOLUTION },
    Column { name: "article.author", find: FIND_ARTICLE_AUTHOR, set: SET_ARTICLE_AUTHOR },
    Column { name: "article.words", find: FIND_ARTICLE_WORDS, set: SET_ARTICLE_WORDS },
    Column { name: "message.sender", find: FIND_MESSAGE_SENDER, set: SET_MESSAGE_SENDER },
    Column { name: "message.sender_name", find: FIND_MESSAGE_SENDER_NAME, set: SET_MESSAGE_SENDER_NAME },
    Column { name: "message.text", find: FIND_MESSAGE_TEXT, set: SET_MESSAGE_TEXT },
    Column { name: "message.new_text", find: FIND_MESSAGE_NEW_TEXT, set: SET_MESSAGE_NEW_TEXT },
    Column { name: "message.attachments", find: FIND_MESSAGE_ATTACHMENTS, set: SET_MESSAGE_ATTACHMENTS },
    Column { name: "event.actor", find: FIND_EVENT_ACTOR, set: SET_EVENT_ACTOR },
    Column { name: "event.text", find: FIND_EVENT_TEXT, set: SET_EVENT_TEXT },
    Column { name: "overdue.person", find: FIND_OVERDUE_PERSON, set: SET_OVERDUE_PERSON },
    Column { name: "overdue.text", find: FIND_OVERDUE_TEXT, set: SET_OVERDUE_TEXT },
    Column { name: "outbox.once_key", find: FIND_OUTBOX_ONCE_KEY, set: SET_OUTBOX_ONCE_KEY },
    Column { name: "outbox.recipient", find: FIND_OUTBOX_RECIPIENT, set: SET_OUTBOX_RECIPIENT },
    Column { name: "outbox.envelope_from", find: FIND_OUTBOX_ENVELOPE_FROM, set: SET_OUTBOX_ENVELOPE_FROM },
    Column { name: "outbox.last_error", find: FIND_OUTBOX_LAST_ERROR, set: SET_OUTBOX_LAST_ERROR },
    Column { name: "message.message_id", find: FIND_MESSAGE_MESSAGE_ID, set: SET_MESSAGE_MESSAGE_ID },
    Column { name: "ticket.tags", find: FIND_TICKET_TAGS, set: SET_TICKET_TAGS },
    Column { name: "ticket.vendor_reference", find: FIND_TICKET_VENDOR_REFERENCE, set: SET_TICKET_VENDOR_REFERENCE },
    Column { name: "ticket.last_public_id", find: FIND_TICKET_LAST_PUBLIC_ID, set: SET_TICKET_LAST_PUBLIC_ID },
    Column { name: "article.tags", find: FIND_ARTICLE_TAGS, set: SET_ARTICLE_TAGS },
    Column { name: "outbox.message_id", find: FIND_OUTBOX_MESSAGE_ID, set: SET_OUTBOX_MESSAGE_ID },
    Column { name: "course.state", find: FIND_COURSE_STATE, set: SET_COURSE_STATE },
];

/// Where else one may be named.
pub(super) const PLACES: &[(&str, Sql)] = &[
    ("participant.address", COUNT_PARTICIPANT_ADDRESS),
    ("participant.name", COUNT_PARTICIPANT_NAME),
    ("undeliverable.address", COUNT_UNDELIVERABLE_ADDRESS),
    ("undeliverable.reason", COUNT_UNDELIVERABLE_REASON),
    ("seen_image.seen_key", COUNT_SEEN_IMAGE_SEEN_KEY),
    ("link.text", COUNT_LINK_TEXT),
    ("link.actor", COUNT_LINK_ACTOR),
    ("link.subject", COUNT_LINK_SUBJECT),
    ("alarm.text", COUNT_ALARM_TEXT),
    ("meta.value", COUNT_META_VALUE),
];
