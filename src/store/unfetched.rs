//! Emails that a server named and did not give out: asked for again, and set aside visibly after several refusals.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;

/// Due only when a person says so.
pub const NEVER: Millis = Millis::MAX;

/// An email that was not given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfetched {
    /// Its UID.
    pub uid: u32,
    /// The size the server announces, in bytes.
    pub size: u64,
    /// Sessions in which it was refused.
    pub refusals: i64,
    /// When it was first refused.
    pub since: Millis,
    /// What the server said last.
    pub reason: String,
    /// Row id of the held row in its place, once it is set aside.
    pub held: Option<i64>,
}

/// The same with its mailbox, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfetchedRow {
    /// Name of the mailbox.
    pub mailbox: String,
    /// The email.
    pub email: Unfetched,
}

impl Store {
    /// Emails of a folder that are due to be asked for again, at most `count`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn unfetched_due(
        &self,
        mailbox: &str,
        uid_validity: u32,
        until: Millis,
        count: i64,
    ) -> Result<Vec<Unfetched>, StoreError> {
        let query = sqlx::query(sql::UNFETCHED_DUE.on(self.engine)).bind(mailbox).bind(i64::from(uid_validity));
        let rows = query.bind(until).bind(count).fetch_all(&self.read).await?;
        Ok(rows.iter().map(unfetched).collect::<Result<_, _>>()?)
    }

    /// When the next email of a mailbox is asked for again, if any is.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn next_unfetched(&self, mailbox: &str) -> Result<Option<Millis>, StoreError> {
        let query = sqlx::query(sql::UNFETCHED_NEXT.on(self.engine)).bind(mailbox);
        let due: Option<Millis> = query.fetch_optional(&self.read).await?.map(|row| row.try_get(0)).transpose()?;
        Ok(due.filter(|at| *at != NEVER))
    }

    /// What is known of an email that was not given out.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn unfetched(&self, mailbox: &str, uid_validity: u32, uid: u32) -> Result<Option<Unfetched>, StoreError> {
        let query = sqlx::query(sql::UNFETCHED_GET.on(self.engine)).bind(mailbox).bind(i64::from(uid_validity));
        let row = query.bind(i64::from(uid)).fetch_optional(&self.read).await?;
        Ok(row.as_ref().map(unfetched).transpose()?)
    }

    /// Every email that was not given out, at most `count`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn all_unfetched(&self, count: i64) -> Result<Vec<UnfetchedRow>, StoreError> {
        let rows = sqlx::query(sql::UNFETCHED_ALL.on(self.engine)).bind(count).fetch_all(&self.read).await?;
        let one = |row: &AnyRow| Ok(UnfetchedRow { mailbox: row.try_get("mailbox")?, email: unfetched(row)? });
        Ok(rows.iter().map(one).collect::<Result<_, sqlx::Error>>()?)
    }

    /// UIDs of a folder whose emails were not given out.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn unfetched_uids(&self, mailbox: &str, uid_validity: u32) -> Result<Vec<u32>, StoreError> {
        let query = sqlx::query(sql::UNFETCHED_UIDS.on(self.engine)).bind(mailbox).bind(i64::from(uid_validity));
        let uids: Vec<i64> =
            query.fetch_all(&self.read).await?.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?;
        Ok(uids.into_iter().filter_map(|uid| u32::try_from(uid).ok()).collect())
    }

    /// The first UID of the group whose fetching last ended the session, and how often it did in a row.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn lost_group(&self, mailbox: &str) -> Result<(u32, i64), StoreError> {
        let row = sqlx::query(sql::MAILBOX_LOST.on(self.engine)).bind(mailbox).fetch_optional(&self.read).await?;
        let Some(row) = row else { return Ok((0, 0)) };
        let uid: i64 = row.try_get(0)?;
        Ok((u32::try_from(uid).unwrap_or(0), row.try_get(1)?))
    }
}

impl Tx {
    /// Notes that an email was not given out, and when it is asked for again.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn set_unfetched(
        &mut self,
        mailbox: &str,
        uid_validity: u32,
        email: &Unfetched,
        due_at: Millis,
    ) -> Result<(), StoreError> {
        sqlx::query(sql::UNFETCHED_SET.on(self.engine))
            .bind(mailbox)
            .bind(i64::from(uid_validity))
            .bind(i64::from(email.uid))
            .bind(i64::try_from(email.size).unwrap_or(i64::MAX))
            .bind(email.refusals)
            .bind(email.since)
            .bind(due_at)
            .bind(&email.reason)
            .bind(email.held.unwrap_or(0))
            .execute(&mut *self.tx)
            .await?;
        if let Some(id) = email.held {
            sqlx::query(sql::UNFETCHED_HELD.on(self.engine))
                .bind(id)
                .bind(&email.reason)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    /// An email is not asked for any more: it came, or it has gone. The held row in its place ends with `reason`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn end_unfetched(
        &mut self,
        mailbox: &str,
        uid_validity: u32,
        email: &Unfetched,
        reason: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(sql::UNFETCHED_DROP.on(self.engine)).bind(mailbox).bind(i64::from(uid_validity));
        query.bind(i64::from(email.uid)).execute(&mut *self.tx).await?;
        if let Some(id) = email.held {
            let query = sqlx::query(sql::UNFETCHED_END.on(self.engine)).bind(id).bind(reason).bind(now);
            query.execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// The folder was made anew: nothing of the former one can be asked for.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn forget_unfetched(&mut self, mailbox: &str, uid_validity: u32, now: Millis) -> Result<(), StoreError> {
        let reason = "the folder was made anew, and is read again";
        let query = sqlx::query(sql::UNFETCHED_OBSOLETE.on(self.engine)).bind(mailbox).bind(i64::from(uid_validity));
        query.bind(reason).bind(now).execute(&mut *self.tx).await?;
        let query = sqlx::query(sql::UNFETCHED_CLEAR.on(self.engine)).bind(mailbox).bind(i64::from(uid_validity));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// A person wants a held row fetched again; false where its email lies in no folder of a server.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn want_fetched(&mut self, id: i64) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::UNFETCHED_WANT.on(self.engine)).bind(id);
        Ok(query.execute(&mut *self.tx).await?.rows_affected() > 0)
    }

    /// Notes at which group the session ended, and how often it has; 0 and 0 when all is well again.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn set_lost_group(&mut self, mailbox: &str, first: u32, times: i64) -> Result<(), StoreError> {
        let query = sqlx::query(sql::MAILBOX_SET_LOST.on(self.engine)).bind(mailbox).bind(i64::from(first));
        query.bind(times).execute(&mut *self.tx).await?;
        Ok(())
    }
}

fn unfetched(row: &AnyRow) -> Result<Unfetched, sqlx::Error> {
    let (uid, size, inbox): (i64, i64, i64) = (row.try_get("uid")?, row.try_get("size")?, row.try_get("inbox_id")?);
    Ok(Unfetched {
        uid: u32::try_from(uid).unwrap_or(0),
        size: u64::try_from(size).unwrap_or(0),
        refusals: row.try_get("refusals")?,
        since: row.try_get("since")?,
        reason: row.try_get("reason")?,
        held: Some(inbox).filter(|id| *id > 0),
    })
}
