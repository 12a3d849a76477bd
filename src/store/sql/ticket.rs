//! Statements about tickets: their messages, people, deadlines, histories, and what was learned from them.

use super::Sql;

statements! {
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
    // A row is the ticket as JSON, with the time beside its fields. A path into a nested value would make
    // SQLite write the whole ticket out again for each column.
    TICKETS_ADD = rows!(
        "INSERT INTO ticket (id, number, created_at, updated_at, queue, title, status, priority, level, type, category, service, assignee, first_responded_at, resolved_at, \
         closed_at, root_message_id, last_public_id, fields, tags, vendor, vendors, vendor_reference, parent_id, \
         merged_into, related, solution, rating, last_answer, first_response_id, revision, requester, \
         requester_name, language, pending_on, undo, sla, respond_due, resolve_due, digest) \
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
         CAST(j.value ->> 'resolve_due' AS BIGINT), j.value ->> 'digest'",
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
         resolve_due = CAST(j.value ->> 'resolve_due' AS BIGINT), digest = j.value ->> 'digest'",
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
    ORIGINAL_REQUESTS = among_ids!(
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
    STATES_ADD = rows!(
        "INSERT INTO state_history (ticket_id, at, state) SELECT CAST(j.value ->> 0 AS BIGINT), CAST(j.value ->> 1 AS BIGINT), j.value ->> 2",
        "");
    OVERDUE_ADD = rows!(
        "INSERT INTO overdue (person, ticket_id, due_at, text) SELECT j.value ->> 0, CAST(j.value ->> 1 AS BIGINT), \
         CAST(j.value ->> 2 AS BIGINT), j.value ->> 3", "");
    OVERDUE_ALL = Sql::both(
        "SELECT overdue.id, overdue.person, ticket.number, ticket.title, ticket.queue, overdue.due_at, overdue.text FROM overdue \
         JOIN ticket ON ticket.id = overdue.ticket_id ORDER BY overdue.person, overdue.due_at, overdue.id");
    DIGEST_ADD = rows!(
        "INSERT INTO digest (person, ticket_id, at, text) SELECT j.value ->> 0, CAST(j.value ->> 1 AS BIGINT), \
         CAST(j.value ->> 2 AS BIGINT), j.value ->> 3", "");
    DIGEST_ALL = Sql::both(
        "SELECT digest.id, digest.person, ticket.number, ticket.title, ticket.queue, digest.at, digest.text FROM digest \
         JOIN ticket ON ticket.id = digest.ticket_id ORDER BY digest.person, digest.at, digest.id LIMIT 10000");
    DIGEST_OLDEST = Sql::both("SELECT at FROM digest ORDER BY at LIMIT 1");
    DIGEST_CLEAR = among_ids!("DELETE FROM digest WHERE id", "", "");
    OVERDUE_CLEAR = among_ids!("DELETE FROM overdue WHERE id", "", "");
    ACKNOWLEDGED = among_ids!(
        "SELECT DISTINCT outbox.ticket_id FROM outbox JOIN ticket ON ticket.id = outbox.ticket_id \
         AND ticket.requester = outbox.recipient WHERE outbox.state = 'sent' AND outbox.ticket_id", "", "");
    TICKETS_UNFINISHED = Sql::both(
        "SELECT id FROM ticket WHERE id > $1 AND status NOT IN ('resolved', 'closed') ORDER BY id LIMIT $2");
    WAKE_UP_GET = Sql::both("SELECT due_at FROM wake_up WHERE name = $1");
    WAKE_UP_SET = Sql::both(
        "INSERT INTO wake_up (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at");
    // Everything that bears on a time: tickets not closed before it began, and those that changed within it.
    STATES = Sql::both(
        "SELECT state_history.ticket_id, ticket.number, ticket.title, ticket.created_at, state_history.at, state_history.state FROM state_history \
         JOIN ticket ON ticket.id = state_history.ticket_id WHERE state_history.at < $2 AND state_history.ticket_id IN \
         (SELECT id FROM ticket WHERE created_at < $2 AND (closed_at = 0 OR closed_at >= $1 OR updated_at >= $1)) ORDER BY state_history.ticket_id, state_history.id");
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
        "ORDER BY CASE WHEN $5 = 0 AND status IN ('resolved', 'closed') THEN 1 ELSE 0 END, CASE WHEN $5 = 0 THEN '' ELSE priority END, \
         CASE WHEN $5 = 0 THEN -id ELSE id END LIMIT $7");
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
