//! Statements about emails that a server did not give out.

use super::Sql;

/// Emails that were not given out.
macro_rules! unfetched_rows {
    () => {
        "SELECT mailbox, uid, size, refusals, since, reason, inbox_id FROM unfetched "
    };
}

statements! {
    UNFETCHED_GET = Sql::both(
        concat!(unfetched_rows!(), "WHERE mailbox = $1 AND uid_validity = $2 AND uid = $3"));
    UNFETCHED_SET = Sql::both(
        "INSERT INTO unfetched (mailbox, uid_validity, uid, size, refusals, since, due_at, reason, inbox_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (mailbox, uid_validity, uid) DO UPDATE SET \
         size = excluded.size, refusals = excluded.refusals, due_at = excluded.due_at, reason = excluded.reason, \
         inbox_id = excluded.inbox_id");
    // $3: until when it is due.
    UNFETCHED_DUE = Sql::both(
        concat!(
        unfetched_rows!(),
        "WHERE mailbox = $1 AND due_at <= $3 AND uid_validity = $2 ORDER BY due_at, uid LIMIT $4"));
    UNFETCHED_NEXT = Sql::both("SELECT due_at FROM unfetched WHERE mailbox = $1 ORDER BY due_at LIMIT 1");
    UNFETCHED_DROP = Sql::both("DELETE FROM unfetched WHERE mailbox = $1 AND uid_validity = $2 AND uid = $3");
    // What was set aside has its end with the folder it lay in.
    UNFETCHED_OBSOLETE = Sql::both(
        "UPDATE inbox SET state = 'done', verdict = 'ignored', reason = $3, decided_at = $4 WHERE state = 'held' \
         AND id IN (SELECT inbox_id FROM unfetched WHERE mailbox = $1 AND uid_validity <> $2 AND inbox_id > 0)");
    UNFETCHED_CLEAR = Sql::both("DELETE FROM unfetched WHERE mailbox = $1 AND uid_validity <> $2");
    UNFETCHED_ALL = Sql::both(
        concat!(unfetched_rows!(), "ORDER BY mailbox, uid LIMIT $1"));
    UNFETCHED_UIDS = Sql::both("SELECT uid FROM unfetched WHERE mailbox = $1 AND uid_validity = $2");
    // A person wants held rows fetched again; those from before this table have their place in the inbox.
    UNFETCHED_WANT = Sql::both(
        "INSERT INTO unfetched (mailbox, uid_validity, uid, size, refusals, since, due_at, reason, inbox_id) \
         SELECT mailbox, uid_validity, uid, size, 0, received_at, 0, reason, id FROM inbox \
         WHERE id = $1 AND state = 'held' AND uid > 0 \
         ON CONFLICT (mailbox, uid_validity, uid) DO UPDATE SET due_at = 0, refusals = 0, inbox_id = excluded.inbox_id");
    UNFETCHED_END = Sql::both(
        "UPDATE inbox SET state = 'done', verdict = 'ignored', reason = $2, decided_at = $3 WHERE id = $1 AND state = 'held'");
    UNFETCHED_HELD = Sql::both("UPDATE inbox SET reason = $2 WHERE id = $1 AND state = 'held'");
    MAILBOX_LOST = Sql::both("SELECT lost_uid, lost FROM mailbox WHERE name = $1");
    MAILBOX_SET_LOST = Sql::both("UPDATE mailbox SET lost_uid = $2, lost = $3 WHERE name = $1");
}
