//! How tickets stood, for reports.

use sqlx::FromRow;
use sqlx::any::AnyRow;

use super::rows::Columns;
use super::{Store, StoreError, sql};
use crate::clock::Millis;
use crate::ticket::{TicketId, TicketState};

/// How a ticket stood from some time on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateRow {
    /// The ticket.
    pub ticket: TicketId,

    pub number: String,

    pub title: String,
    /// When it was opened.
    pub created_at: Millis,
    /// From when on.
    pub at: Millis,
    /// How it stood.
    pub state: TicketState,
}

impl Store {
    /// How tickets stood that bear on a time, ticket by ticket, the oldest first; nothing of what came after it.
    pub(crate) async fn histories(&self, from: Millis, until: Millis) -> Result<Vec<StateRow>, StoreError> {
        Ok(sqlx::query_as(sql::STATES.on(self.engine)).bind(from).bind(until).fetch_all(&self.read).await?)
    }
}

impl FromRow<'_, AnyRow> for StateRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            ticket: row.id("ticket_id")?,
            number: row.text("number")?,
            title: row.text("title")?,
            created_at: row.number("created_at")?,
            at: row.number("at")?,
            // A figure of a report rather fails than is wrong.
            state: serde_json::from_str(&row.text("state")?).map_err(|e| sqlx::Error::Decode(Box::new(e)))?,
        })
    }
}
