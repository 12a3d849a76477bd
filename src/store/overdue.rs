//! What waits for its time besides notifications: deadlines met too late, wake-ups, the histories of tickets.

use std::collections::BTreeSet;

use sqlx::Row;

use super::rows::json;
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::ticket::TicketState;

/// Something that fell due unheard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// Row id.
    pub id: i64,
    /// Who is to be told.
    pub person: String,
    /// Number of the ticket.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its queue.
    pub queue: String,
    /// When it was due.
    pub due_at: Millis,
    /// What it is.
    pub text: String,
}

/// How a ticket stood from some time on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRow {
    /// Row id of the ticket.
    pub ticket: i64,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// When it was opened.
    pub created_at: Millis,
    /// From when on.
    pub at: Millis,
    /// How it stood.
    pub state: TicketState,
}

impl Store {
    /// Everything that fell due unheard, by person, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn overdue(&self) -> Result<Vec<Overdue>, StoreError> {
        let rows = sqlx::query(sql::OVERDUE_ALL.on(self.engine)).fetch_all(&self.read).await?;
        Ok(rows.iter().map(overdue).collect::<Result<_, sqlx::Error>>()?)
    }

    /// What agents near their cap are to be notified about, by person, the oldest first; at most ten thousand.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn digest(&self) -> Result<Vec<Overdue>, StoreError> {
        let rows = sqlx::query(sql::DIGEST_ALL.on(self.engine)).fetch_all(&self.read).await?;
        Ok(rows.iter().map(overdue).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Since when the oldest of them waits.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn oldest_digest(&self) -> Result<Option<Millis>, StoreError> {
        let row = sqlx::query(sql::DIGEST_OLDEST.on(self.engine)).fetch_optional(&self.read).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Those of these tickets whose requester has been sent a notification.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn acknowledged(&self, tickets: &BTreeSet<i64>) -> Result<BTreeSet<i64>, StoreError> {
        self.ids(sql::ACKNOWLEDGED, tickets).await
    }

    async fn ids(&self, statement: sql::Sql, among: &BTreeSet<i64>) -> Result<BTreeSet<i64>, StoreError> {
        if among.is_empty() {
            return Ok(BTreeSet::new());
        }
        let rows = sqlx::query(statement.on(self.engine)).bind(json(among)?).fetch_all(&self.read).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Row ids of tickets that are not done, beyond one, in order.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn unfinished(&self, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        let query = sqlx::query(sql::TICKETS_UNFINISHED.on(self.engine)).bind(after).bind(limit);
        let rows = query.fetch_all(&self.read).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?)
    }

    /// When a wake-up rings next; none for one that was never set.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn wake_up(&self, name: &str) -> Result<Option<Millis>, StoreError> {
        let row = sqlx::query(sql::WAKE_UP_GET.on(self.engine)).bind(name).fetch_optional(&self.read).await?;
        Ok(row.map(|r| r.try_get(0)).transpose()?)
    }

    /// How tickets stood that bear on a time, ticket by ticket, the oldest first; nothing of what came after it.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn histories(&self, from: Millis, until: Millis) -> Result<Vec<StateRow>, StoreError> {
        let query = sqlx::query(sql::STATES.on(self.engine)).bind(from).bind(until);
        let rows = query.fetch_all(&self.read).await?;
        let one = |row: &sqlx::any::AnyRow| {
            let state: String = row.try_get(5)?;
            Ok(StateRow {
                ticket: row.try_get(0)?,
                number: row.try_get(1)?,
                title: row.try_get(2)?,
                created_at: row.try_get(3)?,
                at: row.try_get(4)?,
                state: serde_json::from_str(&state).map_err(|e| sqlx::Error::Decode(Box::new(e)))?,
            })
        };
        Ok(rows.iter().map(one).collect::<Result<_, sqlx::Error>>()?)
    }
}

impl Tx {
    /// Sets when a wake-up rings next.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub(super) async fn set_wake_up(&mut self, name: &str, at: Millis) -> Result<(), StoreError> {
        sqlx::query(sql::WAKE_UP_SET.on(self.engine)).bind(name).bind(at).execute(&mut *self.tx).await?;
        Ok(())
    }
}

fn overdue(row: &sqlx::any::AnyRow) -> Result<Overdue, sqlx::Error> {
    Ok(Overdue {
        id: row.try_get(0)?,
        person: row.try_get(1)?,
        number: row.try_get(2)?,
        title: row.try_get(3)?,
        queue: row.try_get(4)?,
        due_at: row.try_get(5)?,
        text: row.try_get(6)?,
    })
}
