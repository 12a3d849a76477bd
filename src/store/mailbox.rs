//! How far each IMAP folder has been read.

use sqlx::Row;

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
    /// somebody has read them; 0: none.
    pub since: Millis,
}

impl Store {
    /// The place reached in a mailbox; none before the first contact.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, StoreError> {
        let row = sqlx::query(sql::MAILBOX_GET.on(self.engine)).bind(mailbox).fetch_optional(&self.read).await?;
        let Some(row) = row else { return Ok(None) };
        let number = |at: usize| -> Result<u32, sqlx::Error> {
            let value: i64 = row.try_get(at)?;
            Ok(u32::try_from(value).unwrap_or(0))
        };
        Ok(Some(Cursor {
            uid_validity: number(0)?,
            last_uid: number(1)?,
            baseline: number(2)?,
            polled_at: row.try_get(3)?,
            first_at: row.try_get(4)?,
            since: row.try_get(5)?,
        }))
    }
}

impl Tx {
    /// Moves the place in a mailbox.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn set_cursor(&mut self, mailbox: &str, cursor: Cursor) -> Result<(), StoreError> {
        sqlx::query(sql::MAILBOX_SET.on(self.engine))
            .bind(mailbox)
            .bind(i64::from(cursor.uid_validity))
            .bind(i64::from(cursor.last_uid))
            .bind(i64::from(cursor.baseline))
            .bind(cursor.polled_at)
            .bind(cursor.first_at)
            .bind(cursor.since)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}
