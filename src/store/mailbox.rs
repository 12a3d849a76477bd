//! How far each IMAP folder has been read.

use sqlx::FromRow;
use sqlx::any::AnyRow;

use super::rows::Columns;
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;

/// Place in an IMAP folder (RFC 9051 section 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    /// UIDVALIDITY the UIDs belong to; 0 before the first contact.
    pub uid_validity: u32,
    /// Highest UID whose email is in the inbox.
    pub last_uid: u32,
    /// Emails up to this UID that were read by people before the first contact are left alone.
    pub baseline: u32,
    /// When the folder was last looked into with success.
    pub polled_at: Millis,
    /// When the mailbox was first looked into.
    pub first_at: Millis,
    /// Of the emails up to the baseline, those that came from this time on are taken even when
    /// somebody has read them.
    pub since: Option<Millis>,
}

impl Store {
    /// The place reached in a mailbox; none before the first contact.
    pub async fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, StoreError> {
        Ok(sqlx::query_as(sql::MAILBOX_GET.on(self.engine)).bind(mailbox).fetch_optional(&self.read).await?)
    }
}

impl Tx {
    /// Moves the place in a mailbox.
    pub(crate) async fn set_cursor(&mut self, mailbox: &str, cursor: Cursor) -> Result<(), StoreError> {
        sqlx::query(sql::MAILBOX_SET.on(self.engine))
            .bind(mailbox)
            .bind(i64::from(cursor.uid_validity))
            .bind(i64::from(cursor.last_uid))
            .bind(i64::from(cursor.baseline))
            .bind(cursor.polled_at)
            .bind(cursor.first_at)
            .bind(cursor.since.unwrap_or(0))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}

impl FromRow<'_, AnyRow> for Cursor {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            uid_validity: row.uid("uid_validity")?,
            last_uid: row.uid("last_uid")?,
            baseline: row.uid("baseline")?,
            polled_at: row.number("polled_at")?,
            first_at: row.number("first_at")?,
            since: row.time("since")?,
        })
    }
}
