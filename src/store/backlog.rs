//! How things stand, in counts, and what the operator has been notified about.

use std::collections::BTreeMap;

use sqlx::Row;

use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;

/// Counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Emails that wait for their verdict.
    pub undecided: i64,
    /// When the oldest of them was fetched; 0 for none.
    pub oldest_undecided: Millis,
    /// Emails a person must review.
    pub held: i64,
    /// Notifications that wait to leave.
    pub queued: i64,
    /// When the oldest of them was written; 0 for none.
    pub oldest_queued: Millis,
    /// Notifications that will not be tried again automatically.
    pub failed: i64,
    /// Addresses nothing is written to for now.
    pub refusing: i64,
    /// Deadlines that are late by a quarter of an hour or more.
    pub late: i64,
}

/// Something the operator has been told is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// What it is about.
    pub name: String,
    /// Since when.
    pub since: Millis,
    /// When it was told last.
    pub told_at: Millis,
    /// In French and English.
    pub text: [String; 2],
}

impl Store {
    /// How things stand.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn backlog(&self, now: Millis) -> Result<Backlog, StoreError> {
        let row = sqlx::query(sql::STANDING.on(self.engine)).bind(now).fetch_one(&self.read).await?;
        Ok(Backlog {
            undecided: row.try_get(0)?,
            oldest_undecided: row.try_get(1)?,
            held: row.try_get(2)?,
            queued: row.try_get(3)?,
            oldest_queued: row.try_get(4)?,
            failed: row.try_get(5)?,
            refusing: row.try_get(6)?,
            late: row.try_get(7)?,
        })
    }

    /// When an email last came to each mailbox.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn last_emails(&self) -> Result<BTreeMap<String, Millis>, StoreError> {
        let rows = sqlx::query(sql::LAST_EMAILS.on(self.engine)).fetch_all(&self.read).await?;
        Ok(rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, sqlx::Error>>()?)
    }

    /// What the operator has been told.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn alarms(&self) -> Result<Vec<Alarm>, StoreError> {
        let rows = sqlx::query(sql::ALARMS.on(self.engine)).fetch_all(&self.read).await?;
        let one = |row: &sqlx::any::AnyRow| {
            let text: String = row.try_get(3)?;
            Ok(Alarm {
                name: row.try_get(0)?,
                since: row.try_get(1)?,
                told_at: row.try_get(2)?,
                text: serde_json::from_str(&text).unwrap_or_default(),
            })
        };
        Ok(rows.iter().map(one).collect::<Result<_, sqlx::Error>>()?)
    }
}

impl Tx {
    pub(super) async fn set_alarm(&mut self, alarm: &Alarm) -> Result<(), StoreError> {
        let query = sqlx::query(sql::ALARM_SET.on(self.engine)).bind(&alarm.name).bind(alarm.since);
        query.bind(alarm.told_at).bind(super::rows::json(&alarm.text)?).execute(&mut *self.tx).await?;
        Ok(())
    }

    pub(super) async fn clear_alarm(&mut self, name: &str) -> Result<(), StoreError> {
        sqlx::query(sql::ALARM_CLEAR.on(self.engine)).bind(name).execute(&mut *self.tx).await?;
        Ok(())
    }
}
