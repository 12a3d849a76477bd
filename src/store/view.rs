//! A ticket's row as the rules see it, by the columns' names.

use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::ticket::{PendingOn, Person, Status, TicketView};

/// The ticket without its people and deadlines, which stand in tables of their own.
pub(super) fn ticket(row: &AnyRow) -> Result<TicketView, sqlx::Error> {
    let word = |name: &str| -> Result<String, sqlx::Error> { row.try_get(name) };
    let figure = |name: &str| -> Result<i64, sqlx::Error> { row.try_get(name) };
    Ok(TicketView {
        id: figure("id")?,
        number: word("number")?,
        queue: word("queue")?,
        title: word("title")?,
        status: Status::from_word(&word("status")?),
        pending_on: PendingOn::from_word(&word("pending_on")?),
        priority: word("priority")?,
        level: figure("level")?,
        kind: word("type")?,
        category: word("category")?,
        service: word("service")?,
        assignee: word("assignee")?,
        tags: parsed(&word("tags")?),
        requester: Person { address: word("requester")?, name: word("requester_name")?, language: word("language")? },
        participants: Vec::new(),
        vendor: word("vendor")?,
        vendors: parsed(&word("vendors")?),
        vendor_reference: word("vendor_reference")?,
        parent: figure("parent_id")?,
        merged_into: figure("merged_into")?,
        related: parsed(&word("related")?),
        solution: word("solution")?,
        rating: figure("rating")?,
        root_message_id: word("root_message_id")?,
        last_public_id: word("last_public_id")?,
        fields: parsed(&word("fields")?),
        last_answer: parsed(&word("last_answer")?),
        created_at: figure("created_at")?,
        first_responded_at: figure("first_responded_at")?,
        first_response_id: word("first_response_id")?,
        resolved_at: figure("resolved_at")?,
        closed_at: figure("closed_at")?,
        deadlines: Default::default(),
        revision: figure("revision")?,
        undo: parsed(&word("undo")?),
        sla: parsed(&word("sla")?),
    })
}

/// What this module wrote is read back; anything else counts as nothing.
fn parsed<T: DeserializeOwned + Default>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_default()
}
