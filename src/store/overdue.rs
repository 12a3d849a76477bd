//! What was put aside for people: deadlines met too late, and what is collected near a cap.

use sqlx::FromRow;

use super::{Store, StoreError, sql};
use crate::clock::Millis;

/// Something that fell due unheard.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Overdue {
    pub id: i64,
    /// Who is to be told.
    pub person: String,

    pub number: String,

    pub title: String,

    pub queue: String,
    /// When it was due.
    pub due_at: Millis,
    /// What it is.
    pub text: String,
    /// 1 where it waits for the next digest that is sent at its hour, however few lines it has; 0 for what was collected near a cap.
    pub waits: i64,
}

impl Store {
    /// Everything that fell due unheard, by person, the oldest first.
    pub async fn overdue(&self) -> Result<Vec<Overdue>, StoreError> {
        Ok(sqlx::query_as(sql::OVERDUE_ALL.on(self.engine)).fetch_all(&self.read).await?)
    }

    /// What agents near their cap are to be notified about, by person, the oldest first; at most ten thousand.
    pub async fn digest(&self) -> Result<Vec<Overdue>, StoreError> {
        Ok(sqlx::query_as(sql::DIGEST_ALL.on(self.engine)).fetch_all(&self.read).await?)
    }

    /// Since when the oldest of them waits.
    pub(crate) async fn oldest_digest(&self) -> Result<Option<Millis>, StoreError> {
        Ok(sqlx::query_scalar(sql::DIGEST_OLDEST.on(self.engine)).fetch_optional(&self.read).await?)
    }
}
