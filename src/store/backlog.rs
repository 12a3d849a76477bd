//! How things stand, in counts, and what the operator has been notified about.

use std::collections::BTreeMap;

use sqlx::FromRow;
use sqlx::any::AnyRow;

use super::rows::{Columns, json};
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;

/// Counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct Backlog {
    /// Emails that wait for their verdict.
    pub undecided: i64,
    /// When the oldest of them was fetched.
    pub oldest_undecided: Option<Millis>,
    /// Emails a person must review.
    pub held: i64,
    /// Notifications that wait to leave.
    pub queued: i64,
    /// When the oldest of them was written.
    pub oldest_queued: Option<Millis>,
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
    pub async fn backlog(&self, now: Millis) -> Result<Backlog, StoreError> {
        Ok(sqlx::query_as(sql::BACKLOG.on(self.engine)).bind(now).fetch_one(&self.read).await?)
    }

    /// When an email last came to each mailbox.
    pub(crate) async fn last_emails(&self) -> Result<BTreeMap<String, Millis>, StoreError> {
        let rows =
            sqlx::query_as::<_, (String, Millis)>(sql::LAST_EMAILS.on(self.engine)).fetch_all(&self.read).await?;
        Ok(rows.into_iter().filter(|(_, at)| *at > 0).collect())
    }

    /// What the operator has been told.
    pub async fn alarms(&self) -> Result<Vec<Alarm>, StoreError> {
        Ok(sqlx::query_as(sql::ALARMS.on(self.engine)).fetch_all(&self.read).await?)
    }
}

impl Tx {
    pub(super) async fn set_alarm(&mut self, alarm: &Alarm) -> Result<(), StoreError> {
        let query = sqlx::query(sql::ALARM_SET.on(self.engine)).bind(&alarm.name).bind(alarm.since);
        query.bind(alarm.told_at).bind(json(&alarm.text)?).execute(&mut *self.tx).await?;
        Ok(())
    }

    pub(super) async fn clear_alarm(&mut self, name: &str) -> Result<(), StoreError> {
        sqlx::query(sql::ALARM_CLEAR.on(self.engine)).bind(name).execute(&mut *self.tx).await?;
        Ok(())
    }
}

impl FromRow<'_, AnyRow> for Alarm {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.text("name")?,
            since: row.number("since")?,
            told_at: row.number("told_at")?,
            text: row.json("text")?,
        })
    }
}
