//! How tickets stood, for reports.

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::FromRow;
use sqlx::any::AnyRow;

use super::rows::Columns;
use super::{Store, StoreError, sql};
use crate::clock::Millis;
use crate::ticket::{TicketId, TicketState};

/// Rows that lie in memory together.
const TOGETHER: usize = 1_000;

/// How a ticket stood from some time on.
#[derive(Debug, Clone)]
pub(crate) struct StateRow {
    pub ticket: TicketId,

    pub number: String,

    pub title: String,
    /// When it was opened.
    pub created_at: Millis,
    /// From when on.
    pub at: Millis,
    /// Whether there is an article about it.
    pub has_article: bool,
    state: String,
}

impl StateRow {
    /// How it stood. A figure of a report rather fails than is wrong.
    pub(crate) fn state(&self) -> Result<TicketState, StoreError> {
        serde_json::from_str(&self.state).map_err(|e| StoreError::Statement(sqlx::Error::Decode(Box::new(e))))
    }
}

impl Store {
    /// How tickets stood that bear on a time, ticket by ticket, the oldest first; nothing of what came after it.
    pub(crate) fn histories(&self, from: Millis, until: Millis) -> StateRows<'_> {
        let query = sqlx::query_as(sql::STATES.on(self.engine)).bind(from).bind(until);
        StateRows { rows: query.fetch(&self.read) }
    }
}

/// Rows on their way out of the store.
pub(crate) struct StateRows<'a> {
    rows: BoxStream<'a, Result<StateRow, sqlx::Error>>,
}

impl StateRows<'_> {
    /// The next ones, as many as lie in memory together; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Vec<StateRow>, StoreError> {
        let mut together = Vec::with_capacity(TOGETHER);
        while together.len() < TOGETHER
            && let Some(row) = self.rows.try_next().await?
        {
            together.push(row);
        }
        Ok(together)
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
            has_article: row.flag("has_article")?,
            state: row.text("state")?,
        })
    }
}
