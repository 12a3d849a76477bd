//! A ticket's row as the rules see it.

use std::collections::BTreeMap;

use sqlx::FromRow;
use sqlx::any::AnyRow;

use super::rows::Columns;
use crate::ticket::{Person, Status, TicketView};

/// The ticket without its people and deadlines, which stand in tables of their own.
pub(super) struct StoredView(pub(super) TicketView);

impl FromRow<'_, AnyRow> for StoredView {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(TicketView {
            id: row.id("id")?,
            number: row.text("number")?,
            queue: row.text("queue")?,
            title: row.text("title")?,
            status: Status::from_word(&row.text("status")?),
            pending_on: row.word("pending_on")?,
            priority: row.text("priority")?,
            level: row.number("level")?,
            kind: row.some_text("type")?,
            category: row.some_text("category")?,
            service: row.some_text("service")?,
            assignee: row.some_text("assignee")?,
            tags: row.json("tags")?,
            requester: Person {
                address: row.text("requester")?,
                name: row.text("requester_name")?,
                language: row.text("language")?,
            },
            participants: Vec::new(),
            vendor: row.some_text("vendor")?,
            vendors: row.json("vendors")?,
            vendor_reference: row.some_text("vendor_reference")?,
            parent: row.some_id("parent_id")?,
            merged_into: row.some_id("merged_into")?,
            related: row.json("related")?,
            solution: row.some_text("solution")?,
            rating: row.some_number("rating")?,
            root_message_id: row.some_text("root_message_id")?,
            last_public_id: row.some_text("last_public_id")?,
            fields: row.json("fields")?,
            last_answer: row.json("last_answer")?,
            created_at: row.number("created_at")?,
            first_responded_at: row.time("first_responded_at")?,
            first_response_id: row.some_text("first_response_id")?,
            resolved_at: row.time("resolved_at")?,
            closed_at: row.time("closed_at")?,
            deadlines: BTreeMap::new(),
            revision: row.number("revision")?,
            undo: row.json("undo")?,
            sla: row.json("sla")?,
            actions: row.json("actions")?,
            channel: row.word("channel")?.unwrap_or_default(),
            team: row.some_text("team")?,
            ties: row.json("ties")?,
            followers: row.json("followers")?,
        }))
    }
}
