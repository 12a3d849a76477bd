//! Statements about tickets: their messages, people, deadlines, histories, and what was learned from them.

use super::Sql;

/// What changes of a ticket: each column, and its value in the ticket's JSON.
macro_rules! stored {
    ($what:ident) => {
        stored! { $what
        "queue" = "j.value ->> 'queue'";
        "title" = "j.value ->> 'title'";
        "status" = "j.value ->> 'status'";
        "pending_on" = "COALESCE(j.value ->> 'pending_on', '')";
        "priority" = "j.value ->> 'priority'";
        "level" = "COALESCE(CAST(j.value ->> 'level' AS BIGINT), 0)";
        "type" = "COALESCE(j.value ->> 'kind', '')";
        "category" = "COALESCE(j.value ->> 'category', '')";
        "service" = "COALESCE(j.value ->> 'service', '')";
        "assignee" = "COALESCE(j.value ->> 'assignee', '')";
        "tags" = "j.value ->> 'tags'";
        "requester" = "j.value -> 'requester' ->> 'address'";
        "requester_name" = "j.value -> 'requester' ->> 'name'";
        "language" = "j.value -> 'requester' ->> 'language'";
        "vendor" = "COALESCE(j.value ->> 'vendor', '')";
        "vendors" = "j.value ->> 'vendors'";
        "vendor_reference" = "COALESCE(j.value ->> 'vendor_reference', '')";
        "parent_id" = "COALESCE(CAST(j.value ->> 'parent' AS BIGINT), 0)";
        "merged_into" = "COALESCE(CAST(j.value ->> 'merged_into' AS BIGINT), 0)";
        "related" = "j.value ->> 'related'";
        "solution" = "COALESCE(j.value ->> 'solution', '')";
        "rating" = "COALESCE(CAST(j.value ->> 'rating' AS BIGINT), 0)";
        "root_message_id" = "COALESCE(j.value ->> 'root_message_id', '')";
        "last_public_id" = "COALESCE(j.value ->> 'last_public_id', '')";
        "fields" = "j.value ->> 'fields'";
        "last_answer" = "j.value ->> 'last_answer'";
        "first_responded_at" = "COALESCE(CAST(j.value ->> 'first_responded_at' AS BIGINT), 0)";
        "first_response_id" = "COALESCE(j.value ->> 'first_response_id', '')";
        "resolved_at" = "COALESCE(CAST(j.value ->> 'resolved_at' AS BIGINT), 0)";
        "closed_at" = "COALESCE(CAST(j.value ->> 'closed_at' AS BIGINT), 0)";
        "sla" = "j.value ->> 'sla'";
        "actions" = "j.value ->> 'actions'";
        "channel" = "j.value ->> 'channel'";
        "team" = "COALESCE(j.value ->> 'team', '')";
        "ties" = "j.value ->> 'ties'";
        "followers" = "j.value ->> 'followers'";
        "revision" = "COALESCE(CAST(j.value ->> 'revision' AS BIGINT), 0)";
        "undo" = "COALESCE(j.value ->> 'undo', '')";
        }
    };
    (columns $($column:literal = $value:literal;)+) => { concat!($(", ", $column),+) };
    (values $($column:literal = $value:literal;)+) => { concat!($(", ", $value),+) };
    (changes $($column:literal = $value:literal;)+) => { concat!($(", ", $column, " = ", $value),+) };
}

/// Tickets as people see them.
macro_rules! ticket_rows {
    () => {
        "SELECT id, number, queue, title, status, priority, level, type, category, service, requester, requester_name, assignee, \
         created_at, updated_at, first_responded_at, resolved_at, closed_at, fields, pending_on, tags, vendor, \
         vendor_reference, solution, rating, related, merged_into, parent_id, sla, actions, channel, team, ties FROM ticket "
    };
}

/// Tickets for a report. $1, $2: from when until when.
macro_rules! states {
    () => {
        "SELECT ticket.id AS ticket_id, ticket.number, ticket.title, ticket.created_at, \
         COALESCE((SELECT MAX(article.public) FROM article WHERE article.ticket_id = ticket.id AND article.created_at < $2), 0) AS has_article, "
    };
}

/// Those that bear on that time.
macro_rules! bearing {
    () => {
        "SELECT id FROM ticket WHERE closed_at = 0 AND created_at < $2 \
         UNION SELECT id FROM ticket WHERE closed_at > 0 AND closed_at >= $1 AND created_at < $2 \
         UNION SELECT ticket_id FROM state_history WHERE at >= $1 AND at < $2"
    };
}

statements! {
    // How many tickets each queue opened since $1. Ids are given out in the order of time, so the last before it is found
    // by halving; where fewer than $2 ids were given out since, nothing is counted at all.
    TICKETS_LATELY = Sql::both(
        "WITH RECURSIVE half (low, high) AS (SELECT CAST(0 AS BIGINT), (SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM ticket) \
         UNION ALL SELECT CASE WHEN COALESCE((SELECT created_at FROM ticket WHERE id <= (low + high + 1) / 2 ORDER BY id DESC LIMIT 1), 0) < $1 \
         THEN (low + high + 1) / 2 ELSE low END, \
         CASE WHEN COALESCE((SELECT created_at FROM ticket WHERE id <= (low + high + 1) / 2 ORDER BY id DESC LIMIT 1), 0) < $1 \
         THEN high ELSE (low + high + 1) / 2 - 1 END FROM half WHERE low < high) \
         SELECT MIN(queue), COUNT(*) FROM ticket WHERE id > (SELECT CASE WHEN (SELECT MAX(id) FROM ticket) - MAX(low) >= $2 \
         THEN MAX(low) ELSE (SELECT MAX(id) FROM ticket) END FROM half) AND created_at >= $1 \
         GROUP BY queue || ''");
    // A row is the ticket as JSON, with the time beside its fields. A path into a nested value would make
    // SQLite write the whole ticket out again for each column.
    TICKETS_ADD = rows!(
        concat!(
            "INSERT INTO ticket (id, number, created_at, updated_at, respond_due, resolve_due, digest",
            stored!(columns),
            ") SELECT CAST(j.value ->> 'id' AS BIGINT), j.value ->> 'number', CAST(j.value ->> 'at' AS BIGINT), \
             CAST(j.value ->> 'at' AS BIGINT), CAST(j.value ->> 'respond_due' AS BIGINT), \
             CAST(j.value ->> 'resolve_due' AS BIGINT), j.value ->> 'digest'",
            stored!(values)
        ),
        "");
    TICKETS_TOUCH = rows!(
        concat!(
            "UPDATE ticket SET updated_at = CAST(j.value ->> 'at' AS BIGINT), \
             respond_due = CAST(j.value ->> 'respond_due' AS BIGINT), \
             resolve_due = CAST(j.value ->> 'resolve_due' AS BIGINT), digest = j.value ->> 'digest'",
            stored!(changes)
        ),
        "AND ticket.id = CAST(j.value ->> 'id' AS BIGINT)");
    TICKET_VIEWS = among_ids!(
        concat!("SELECT id, number, created_at", stored!(columns), " FROM ticket WHERE id"),
        "ORDER BY id", " FOR NO KEY UPDATE");
    TICKETS_OF_PARENTS = among_ids!("SELECT id FROM ticket WHERE parent_id > 0 AND parent_id", "ORDER BY id LIMIT 500", "");
    TICKETS_OF_VENDORS = among!(
        "SELECT id FROM ticket WHERE vendor <> '' AND status <> 'closed' AND vendor", "ORDER BY id DESC LIMIT 200");
    OPEN_TICKETS_OF = among!(
        "SELECT id FROM ticket WHERE status <> 'closed' AND requester", "ORDER BY id DESC LIMIT 200");
    ORIGINAL_REQUESTS = among_ids!(
        "SELECT message.ticket_id, message.new_text FROM message WHERE message.id = (SELECT MIN(one.id) FROM message AS one \
         WHERE one.ticket_id = message.ticket_id AND one.visibility = 'public' AND one.direction = 'in') \
         AND message.ticket_id", "", "");
    // What was said, the newest first: no answer repeats by mistake what the requester may not read.
    SAID_OF = among_ids!(
        "SELECT ticket_id, sender, visibility, new_text FROM message WHERE new_text <> '' AND ticket_id",
        "ORDER BY id DESC LIMIT 200", "");
    DEADLINES_OF = among_ids!("SELECT ticket_id, kind, due_at FROM deadline WHERE ticket_id", "", "");
    DEADLINES_CLEAR = among_ids!("DELETE FROM deadline WHERE ticket_id", "", "");
    DEADLINES_ADD = rows!(
        "INSERT INTO deadline (ticket_id, kind, due_at) SELECT CAST(j.value ->> 0 AS BIGINT), j.value ->> 1, \
         CAST(j.value ->> 2 AS BIGINT)", "ON CONFLICT (ticket_id, kind) DO UPDATE SET due_at = excluded.due_at");
    // What is done at the very instant it is due is in time. What only mail can take off waits until all mail of that time was heard ($3); the clocks of service levels
    // do so no longer than $4.
    DEADLINES_DUE = among!(
        "SELECT deadline.ticket_id, deadline.kind, deadline.due_at FROM deadline JOIN ticket ON ticket.id = deadline.ticket_id \
         WHERE deadline.due_at <= $2 AND (deadline.due_at < $2 OR deadline.kind NOT IN ('respond', 'resolve', 'level_respond', 'level_resolve')) \
         AND (deadline.kind IN ('wake', 'responded') OR deadline.due_at <= $3 \
         OR (deadline.kind NOT IN ('remind', 'silence', 'confirm') AND deadline.due_at <= $4)) AND ticket.queue",
        "ORDER BY deadline.due_at, deadline.ticket_id, deadline.kind LIMIT $5");
    STATES_ADD = rows!(
        "INSERT INTO state_history (ticket_id, at, state) SELECT CAST(j.value ->> 0 AS BIGINT), CAST(j.value ->> 1 AS BIGINT), j.value ->> 2",
        "");
    OVERDUE_ADD = rows!(
        "INSERT INTO overdue (person, ticket_id, due_at, text) SELECT j.value ->> 0, CAST(j.value ->> 1 AS BIGINT), \
         CAST(j.value ->> 2 AS BIGINT), j.value ->> 3", "");
    OVERDUE_ALL = Sql::both(
        "SELECT overdue.id, overdue.person, ticket.number, ticket.title, ticket.queue, overdue.due_at, overdue.text, CAST(0 AS BIGINT) AS waits FROM overdue \
         JOIN ticket ON ticket.id = overdue.ticket_id ORDER BY overdue.person, overdue.due_at, overdue.id");
    DIGEST_ADD = rows!(
        "INSERT INTO digest (person, ticket_id, at, text, waits) SELECT j.value ->> 0, CAST(j.value ->> 1 AS BIGINT), \
         CAST(j.value ->> 2 AS BIGINT), j.value ->> 3, CAST(j.value ->> 4 AS BIGINT)", "");
    DIGEST_ALL = Sql::both(
        "SELECT digest.id, digest.person, ticket.number, ticket.title, ticket.queue, digest.at AS due_at, digest.text, digest.waits FROM digest \
         JOIN ticket ON ticket.id = digest.ticket_id ORDER BY digest.person, digest.at, digest.id LIMIT 10000");
    DIGEST_OLDEST = Sql::both("SELECT at FROM digest ORDER BY at LIMIT 1");
    DIGEST_CLEAR = among_ids!("DELETE FROM digest WHERE id", "", "");
    OVERDUE_CLEAR = among_ids!("DELETE FROM overdue WHERE id", "", "");
    ACKNOWLEDGED = among_ids!(
        "SELECT DISTINCT outbox.ticket_id FROM outbox JOIN ticket ON ticket.id = outbox.ticket_id \
         AND ticket.requester = outbox.recipient WHERE outbox.state = 'sent' AND outbox.ticket_id", "", "");
    TICKETS_UNFINISHED = Sql::both(
        "SELECT id FROM ticket WHERE closed_at = 0 AND id > $1 AND status <> 'resolved' ORDER BY id LIMIT $2");
    WAKE_UP_GET = Sql::both("SELECT due_at FROM wake_up WHERE name = $1");
    WAKE_UP_SET = Sql::both(
        "INSERT INTO wake_up (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at");
    // Everything that bears on a time, each by its index: tickets that are not closed, that were closed after it began, and those
    // that changed within it.
    // One row a ticket: a row costs more than what it holds. No state has a line end in it.
    STATES = Sql {
        sqlite: concat!(
            states!(),
            "(SELECT group_concat(state_history.at || ' ' || state_history.state, char(10) ORDER BY state_history.id) FROM state_history \
             WHERE state_history.ticket_id = ticket.id AND state_history.at < $2) AS states FROM ticket WHERE ticket.id IN (",
            bearing!(),
            ") ORDER BY ticket.id"
        ),
        postgres: concat!(
            states!(),
            "(SELECT string_agg(state_history.at || ' ' || state_history.state, chr(10) ORDER BY state_history.id) FROM state_history \
             WHERE state_history.ticket_id = ticket.id AND state_history.at < $2) AS states FROM ticket WHERE ticket.id = ANY (ARRAY(",
            bearing!(),
            ")) ORDER BY ticket.id"
        ),
    };
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
        sqlite: "SELECT ticket.number, article.title, article.solution, article.public FROM article_search \
                 JOIN article ON article.id = article_search.rowid JOIN ticket ON ticket.id = article.ticket_id \
                 WHERE article_search MATCH $1 AND article.queue = $2 ORDER BY bm25(article_search), article.id DESC LIMIT $3",
        postgres: "SELECT ticket.number, article.title, article.solution, article.public FROM article \
                   JOIN ticket ON ticket.id = article.ticket_id \
                   WHERE to_tsvector('simple', article.words) @@ to_tsquery('simple', $1) AND article.queue = $2 \
                   ORDER BY ts_rank(to_tsvector('simple', article.words), to_tsquery('simple', $1)) DESC, article.id DESC LIMIT $3",
    };
    ARTICLE_LIST = Sql::both(
        "SELECT ticket.number AS ticket, article.title, article.problem, article.solution, article.tags, article.author, article.updated_at \
         FROM article JOIN ticket ON ticket.id = article.ticket_id WHERE article.public = 1 ORDER BY article.id DESC LIMIT $1");
    PARTICIPANTS_DROP = rows!(
        "DELETE FROM participant WHERE (ticket_id, address) IN (SELECT CAST(j.value ->> 0 AS BIGINT), j.value ->> 1", ")");
    TICKETS_OF_NUMBERS = among!("SELECT number, id FROM ticket WHERE number", "");
    TICKETS_OF_MESSAGES = among!(
        "SELECT message_id, CASE WHEN SUBSTR(message_id, 1, 6) = 'alert ' THEN MAX(ticket_id) ELSE MIN(ticket_id) END FROM message \
         WHERE message_id", "GROUP BY message_id");
    COPIES = among!("SELECT message_id, content, ticket_id FROM message WHERE message_id", "ORDER BY id");
    TICKET_LIST = Sql::both(concat!(ticket_rows!(), "WHERE id < $1 ORDER BY id DESC LIMIT $2"));
    TICKET_LIST_OF_QUEUE = Sql::both(concat!(ticket_rows!(), "WHERE queue = $1 AND id < $2 ORDER BY id DESC LIMIT $3"));
    TICKET_LIST_OF_STATUS = Sql::both(concat!(ticket_rows!(), "WHERE status = $1 AND id < $2 ORDER BY id DESC LIMIT $3"));
    TICKET_LIST_OF_BOTH = Sql::both(concat!(ticket_rows!(), "WHERE status = $1 AND queue = $2 AND id < $3 ORDER BY id DESC LIMIT $4"));
    TICKET_GET = Sql::both(concat!(ticket_rows!(), "WHERE number = $1"));
    // $1: queues; $4: those that have not changed since, or are late at $6. A test holds that these are all unfinished statuses.
    TICKETS_AT_WORK = among!(
        concat!(ticket_rows!(), "WHERE status IN ('approval', 'new', 'open', 'pending', 'escalated', 'reopened') AND ($2 = '' OR status = $2) \
         AND ($3 = '' OR assignee = $3) AND ($7 = 0 OR assignee = '') AND (updated_at <= $4 OR (respond_due > 0 AND respond_due < $6) \
         OR (resolve_due > 0 AND resolve_due < $6)) AND queue"),
        "ORDER BY priority, id LIMIT $5");
    // What is solved and not closed, what waits for longest first.
    TICKETS_SOLVED = among!(concat!(ticket_rows!(), "WHERE status = 'resolved' AND queue"), "ORDER BY id LIMIT $2");
    TICKETS_NUMBERED = among!(concat!(ticket_rows!(), "WHERE number"), "ORDER BY id DESC");
    TICKETS_OF_REQUESTER = among!(
        concat!(ticket_rows!(), "WHERE requester = $2 AND queue"),
        "ORDER BY CASE WHEN status IN ('resolved', 'closed') THEN 1 ELSE 0 END, id DESC LIMIT $3");
    PARTICIPANTS_ADD = rows!(
        "INSERT INTO participant (ticket_id, address, name, role) \
         SELECT CAST(j.value ->> 0 AS BIGINT), j.value ->> 1, j.value ->> 2, j.value ->> 3",
        "ON CONFLICT (ticket_id, address) DO NOTHING");
    PARTICIPANTS_OF = among_ids!(
        "SELECT ticket_id, address FROM participant WHERE ticket_id", "ORDER BY ticket_id, address", "");
    PARTICIPANTS = Sql::both("SELECT address FROM participant WHERE ticket_id = $1 ORDER BY address");
    MESSAGES_ADD = rows!(
        "INSERT INTO message (ticket_id, inbox_id, direction, visibility, automatic, sender, sender_name, created_at, \
         message_id, text, new_text, attachments, content, digest) SELECT CAST(j.value ->> 0 AS BIGINT), CAST(j.value ->> 1 AS BIGINT), \
         j.value ->> 2, j.value ->> 3, CAST(j.value ->> 4 AS BIGINT), j.value ->> 5, j.value ->> 6, \
         CAST(j.value ->> 7 AS BIGINT), j.value ->> 8, j.value ->> 9, j.value ->> 10, j.value ->> 11, j.value ->> 12, j.value ->> 13",
        "");
    MESSAGES = Sql::both(
        "SELECT direction, visibility, automatic, sender, sender_name, created_at, message_id, text, new_text, attachments, \
         inbox_id FROM message WHERE ticket_id = $1 ORDER BY id");
    EVENTS_ADD = rows!(
        "INSERT INTO event (ticket_id, created_at, actor, kind, text, chain_entry) SELECT CAST(j.value ->> 0 AS BIGINT), \
         CAST(j.value ->> 1 AS BIGINT), j.value ->> 2, j.value ->> 3, j.value ->> 4, CAST(j.value ->> 5 AS BIGINT)",
        "");
    EVENTS = Sql::both("SELECT created_at, actor, kind, text FROM event WHERE ticket_id = $1 ORDER BY id");
}
