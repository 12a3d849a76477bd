//! Emails that a server named and did not give out: asked for again, and set aside visibly after several refusals.

use sqlx::FromRow;
use sqlx::any::AnyRow;

use super::rows::Columns;
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::ticket::InboxId;

/// Due only when a person says so.
pub(crate) const NEVER: Millis = Millis::MAX;

/// An email that was not given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfetched {
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
    pub held: Option<InboxId>,
}

/// The same with its mailbox, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfetchedRow {
    pub mailbox: String,
    /// The email.
    pub email: Unfetched,
}

impl Store {
    /// Emails of a folder that are due to be asked for again, at most `count`.
    pub(crate) async fn unfetched_due(
        &self,
        mailbox: &str,
        uid_validity: u32,
        until: Millis,
        count: i64,
    ) -> Result<Vec<Unfetched>, StoreError> {
        let query = sqlx::query_as(sql::UNFETCHED_DUE.on(self.engine)).bind(mailbox).bind(i64::from(uid_validity));
        Ok(query.bind(until).bind(count).fetch_all(&self.read).await?)
    }

    /// When the next email of a mailbox is asked for again, if any is.
    pub(crate) async fn next_unfetched(&self, mailbox: &str) -> Result<Option<Millis>, StoreError> {
        let query = sqlx::query_scalar::<_, Millis>(sql::UNFETCHED_NEXT.on(self.engine)).bind(mailbox);
        Ok(query.fetch_optional(&self.read).await?.filter(|at| *at != NEVER))
    }

    /// What is known of an email that was not given out.
    pub(crate) async fn unfetched(
        &self,
        mailbox: &str,
        uid_validity: u32,
        uid: u32,
    ) -> Result<Option<Unfetched>, StoreError> {
        let query = sqlx::query_as(sql::UNFETCHED_GET.on(self.engine)).bind(mailbox).bind(i64::from(uid_validity));
        Ok(query.bind(i64::from(uid)).fetch_optional(&self.read).await?)
    }

    /// Every email that was not given out, at most `count`.
    pub async fn all_unfetched(&self, count: i64) -> Result<Vec<UnfetchedRow>, StoreError> {
        Ok(sqlx::query_as(sql::UNFETCHED_ALL.on(self.engine)).bind(count).fetch_all(&self.read).await?)
    }

    /// UIDs of a folder whose emails were not given out.
    pub(crate) async fn unfetched_uids(&self, mailbox: &str, uid_validity: u32) -> Result<Vec<u32>, StoreError> {
        let query = sqlx::query_scalar::<_, i64>(sql::UNFETCHED_UIDS.on(self.engine)).bind(mailbox);
        let uids = query.bind(i64::from(uid_validity)).fetch_all(&self.read).await?;
        Ok(uids.into_iter().filter_map(|uid| u32::try_from(uid).ok()).collect())
    }

    /// The first UID of the group whose fetching last ended the session, and how often it did in a row.
    pub(crate) async fn lost_group(&self, mailbox: &str) -> Result<Option<(u32, i64)>, StoreError> {
        let query = sqlx::query_as::<_, (i64, i64)>(sql::MAILBOX_LOST.on(self.engine)).bind(mailbox);
        let lost = query.fetch_optional(&self.read).await?.filter(|(_, times)| *times > 0);
        Ok(lost.and_then(|(uid, times)| Some((u32::try_from(uid).ok()?, times))))
    }
}

impl Tx {
    /// Notes that an email was not given out, and when it is asked for again.
    pub(crate) async fn set_unfetched(
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
            .bind(email.held.map_or(0, |id| id.0))
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
    pub(crate) async fn end_unfetched(
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
    pub(crate) async fn forget_unfetched(
        &mut self,
        mailbox: &str,
        uid_validity: u32,
        now: Millis,
    ) -> Result<(), StoreError> {
        let reason = "the folder was made anew, and is read again";
        let query = sqlx::query(sql::UNFETCHED_OBSOLETE.on(self.engine)).bind(mailbox).bind(i64::from(uid_validity));
        query.bind(reason).bind(now).execute(&mut *self.tx).await?;
        let query = sqlx::query(sql::UNFETCHED_CLEAR.on(self.engine)).bind(mailbox).bind(i64::from(uid_validity));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// A person wants a held row fetched again; false where its email lies in no folder of a server.
    pub async fn want_fetched(&mut self, id: InboxId) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::UNFETCHED_WANT.on(self.engine)).bind(id);
        Ok(query.execute(&mut *self.tx).await?.rows_affected() > 0)
    }

    /// Notes at which group the session ended, and how often it has; none when all is well again.
    pub(crate) async fn set_lost_group(&mut self, mailbox: &str, lost: Option<(u32, i64)>) -> Result<(), StoreError> {
        let (first, times) = lost.unwrap_or((0, 0));
        let query = sqlx::query(sql::MAILBOX_SET_LOST.on(self.engine)).bind(mailbox).bind(i64::from(first));
        query.bind(times).execute(&mut *self.tx).await?;
        Ok(())
    }
}

impl FromRow<'_, AnyRow> for Unfetched {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            uid: row.uid("uid")?,
            size: row.size("size")?,
            refusals: row.number("refusals")?,
            since: row.number("since")?,
            reason: row.text("reason")?,
            held: row.some_id("inbox_id")?,
        })
    }
}

impl FromRow<'_, AnyRow> for UnfetchedRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self { mailbox: row.text("mailbox")?, email: Unfetched::from_row(row)? })
    }
}
