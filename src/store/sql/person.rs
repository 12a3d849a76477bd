//! Where a person may be named.

use super::Sql;
use crate::store::erase::Column;

/// Whether a column holds one of two patterns: `$1` over text in small letters, `$2` as it is.
macro_rules! like {
    ($column:literal) => {
        concat!(" WHERE lower(", $column, ") LIKE $1 ESCAPE '!' OR ", $column, " LIKE $2 ESCAPE '!'")
    };
}

/// Columns of tables that have row ids, with the ticket and the chain entry of each row.
macro_rules! columns {
    ($($table:literal, $ticket:literal, $chain_entry:literal: $($column:literal)+;)+) => {
        &[$($(Column {
            name: concat!($table, ".", $column),
            find: Sql::both(concat!(
                "SELECT id, ", $ticket, " AS ticket, CAST(", $chain_entry, " AS BIGINT) AS chain_entry, ", $column, " AS text FROM ", $table, like!($column)
            )),
            set: Sql::both(concat!("UPDATE ", $table, " SET ", $column, " = $2 WHERE id = $1")),
        },)+)+]
    };
}

/// Columns that are only looked through.
macro_rules! places {
    ($($table:literal: $($column:literal)+;)+) => {
        &[$($((
            concat!($table, ".", $column),
            Sql::both(concat!("SELECT ", $column, " FROM ", $table, like!($column))),
        ),)+)+]
    };
}

/// Every column that may name a person, by row id: found with the ticket and the chain entry of its row.
pub(in crate::store) const COLUMNS: &[Column] = columns! {
    "inbox", "ticket_id", "0": "sender" "subject" "reason" "message_id";
    "ticket", "id", "0": "title" "requester" "requester_name" "assignee" "fields" "vendor" "vendors" "solution" "last_answer" "undo" "root_message_id" "tags" "vendor_reference" "last_public_id" "actions" "followers";
    "article", "ticket_id", "0": "title" "problem" "solution" "author" "words" "tags";
    "message", "ticket_id", "0": "sender" "sender_name" "text" "new_text" "attachments" "message_id";
    "event", "ticket_id", "chain_entry": "actor" "text";
    "overdue", "ticket_id", "0": "person" "text";
    "digest", "ticket_id", "0": "person" "text";
    "outbox", "ticket_id", "chain_entry": "once_key" "recipient" "envelope_from" "last_error" "message_id";
    "state_history", "ticket_id", "0": "state";
};

/// Where else one may be named.
pub(in crate::store) const PLACES: &[(&str, Sql)] = places! {
    "participant": "address" "name";
    "undeliverable": "address" "reason";
    "seen_image": "seen_key";
    "chain_entry": "text" "actor" "subject";
    "alarm": "text";
    "meta": "value";
    "unfetched": "reason";
};
