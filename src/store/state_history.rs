//! How tickets stood, for reports.

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::FromRow;
use sqlx::any::AnyRow;

use super::rows::Columns;
use super::{Store, StoreError, sql};
use crate::clock::Millis;
use crate::report::StateHistory;
use crate::ticket::TicketState;

/// Tickets that lie in memory together.
const TOGETHER: usize = 200;

/// A ticket on its way to a report.
#[derive(Debug, Clone)]
pub(crate) struct StateRow {
    number: String,
    title: String,
    created_at: Millis,
    has_article: bool,
    /// A line a state: from when on, and how it stood.
    states: String,
}

impl StateRow {
    /// How it stood, the oldest first; empty where it had not been opened yet. A figure of a report rather fails than is wrong.
    pub(crate) fn history(self) -> Result<StateHistory, StoreError> {
        let wrong = |e: Box<dyn std::error::Error + Send + Sync>| StoreError::Statement(sqlx::Error::Decode(e));
        let state = |line: &str| {
            let (at, state) = line.split_once(' ').ok_or_else(|| wrong("a state without its time".into()))?;
            let state: TicketState = serde_json::from_str(state).map_err(|e| wrong(Box::new(e)))?;
            Ok((at.parse().map_err(|e| wrong(Box::new(e)))?, state))
        };
        let states = self.states.lines().map(state).collect::<Result<Vec<_>, StoreError>>()?;
        let Self { number, title, created_at, has_article, .. } = self;
        Ok(StateHistory { number, title, created_at, states, has_article })
    }
}

impl Store {
    /// How tickets stood that bear on a time, in the order in which they were opened; nothing of what came after it.
    pub(crate) fn histories(&self, from: Millis, until: Millis) -> StateRows<'_> {
        let query = sqlx::query_as(sql::STATES.on(self.engine)).bind(from).bind(until);
        StateRows { rows: query.fetch(&self.read) }
    }
}

/// Tickets on their way out of the store.
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
            number: row.text("number")?,
            title: row.text("title")?,
            created_at: row.number("created_at")?,
            has_article: row.flag("has_article")?,
            states: row.some_text("states")?.unwrap_or_default(),
        })
    }
}
