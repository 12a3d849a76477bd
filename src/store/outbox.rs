//! Notifications that wait to leave, and what became of them.

use std::sync::Arc;

use sqlx::Row;
use sqlx::any::AnyRow;

use super::chain::Rows;
use super::rows::json;
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::notify::OutgoingEmail;

/// A notification whose turn it is; its attempt is counted and its lease taken.
#[derive(Debug, Clone)]
pub struct ClaimedEmail {
    /// Row id.
    pub id: i64,
    /// The one recipient.
    pub recipient: String,
    /// Envelope sender.
    pub envelope_from: String,
    /// Attempts, this one included.
    pub attempts: i64,
    /// When it was written.
    pub created_at: Millis,
    /// Its bytes.
    pub size: i64,
    /// Which notification.
    pub kind: String,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// The server took it.
    Sent,
    /// Not now: again at this time.
    Later {
        /// When.
        due_at: Millis,
        /// What the server or the network said.
        error: String,
        /// False when it was not this notification's fault (no connection): the attempt is then not counted.
        counts: bool,
    },
    /// Never: it is kept and shown.
    Failed {
        /// What the server said.
        error: String,
        /// What that means.
        failure: Failure,
    },
}

/// Why a notification failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The address refuses notifications for good.
    Address,
    /// This notification is refused.
    Refused,
    /// It was tried for long enough.
    GivenUp,
}

impl Failure {
    /// The code stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Refused => "refused",
            Self::GivenUp => "given-up",
        }
    }
}

/// A notification that failed, of which people must be notified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Row id.
    pub id: i64,
    /// Row id of its ticket, if it has one.
    pub ticket: Option<i64>,
    /// Which notification.
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// What the server said.
    pub error: String,
    /// Whether the address refuses notifications for good.
    pub lasting: bool,
}

/// State of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxState {
    /// It waits for its time.
    Queued,
    /// An attempt is under way.
    Sending,
    /// The server took it.
    Sent,
    /// It will not be tried again automatically.
    Failed,
}

impl OutboxState {
    /// The word stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// A notification, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Row id.
    pub id: i64,
    /// Which notification.
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// State, one word.
    pub state: String,
    /// Attempts so far.
    pub attempts: i64,
    /// When it was written.
    pub created_at: Millis,
    /// When it is tried next.
    pub due_at: Millis,
    /// When the server took it; 0 while it has not.
    pub sent_at: Millis,
    /// What went wrong last; empty when nothing did.
    pub last_error: String,
    /// Message-ID without brackets.
    pub message_id: String,
    /// Number of its ticket; empty for none.
    pub ticket: String,
}

impl Store {
    /// When the next notification is due; none when none waits.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        let row = sqlx::query(sql::OUTBOX_NEXT_DUE.on(self.engine)).fetch_optional(&self.read).await?;
        Ok(row.map(|r| r.try_get(0)).transpose()?)
    }

    /// The bytes of a notification.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn notification(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query(sql::NOTIFICATION_GET.on(self.engine)).bind(id).fetch_optional(&self.read).await?;
        let Some(row) = row else { return Ok(None) };
        let (mut bytes, body): (Vec<u8>, i64) = (row.try_get(0)?, row.try_get(1)?);
        bytes.extend(self.notification_body(body).await?);
        Ok(Some(bytes))
    }

    /// The body that several notifications share; empty for none.
    async fn notification_body(&self, id: i64) -> Result<Vec<u8>, StoreError> {
        if id == 0 {
            return Ok(Vec::new());
        }
        let row = sqlx::query(sql::NOTIFICATION_BODY_GET.on(self.engine)).bind(id).fetch_optional(&self.read).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or_default())
    }

    /// The bytes of the notifications from `first` to `last` that `instance` has claimed, by their ids.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn leased_notifications(
        &self,
        first: i64,
        last: i64,
        instance: &str,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let query = sqlx::query(sql::NOTIFICATIONS_LEASED.on(self.engine));
        let rows = query.bind(first).bind(last).bind(instance).fetch_all(&self.read).await?;
        let mut notifications = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, mut bytes, body): (i64, Vec<u8>, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            bytes.extend(self.notification_body(body).await?);
            notifications.push((id, bytes));
        }
        Ok(notifications)
    }

    /// Notifications in one state, or, without one, all that have not left; oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn outbox(&self, state: Option<OutboxState>, limit: i64) -> Result<Vec<OutboxRow>, StoreError> {
        let word = state.map_or("", OutboxState::as_str);
        let rows = sqlx::query(sql::OUTBOX_LIST.on(self.engine)).bind(word).bind(limit).fetch_all(&self.read).await?;
        Ok(rows.iter().map(outbox_row).collect::<Result<_, _>>()?)
    }

    /// A notification by its row id.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn outbox_entry(&self, id: i64) -> Result<Option<OutboxRow>, StoreError> {
        let row = sqlx::query(sql::OUTBOX_GET.on(self.engine)).bind(id).fetch_optional(&self.read).await?;
        Ok(row.as_ref().map(outbox_row).transpose()?)
    }

    /// Notifications that failed and of which nobody was notified yet, oldest first, at most `count`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn untold(&self, count: i64) -> Result<Vec<Untold>, StoreError> {
        let rows = sqlx::query(sql::OUTBOX_UNTOLD.on(self.engine)).bind(count).fetch_all(&self.read).await?;
        let one = |row: &AnyRow| {
            let (ticket, failure): (i64, String) = (row.try_get("ticket_id")?, row.try_get("failure")?);
            Ok(Untold {
                id: row.try_get("id")?,
                ticket: Some(ticket).filter(|id| *id > 0),
                kind: row.try_get("kind")?,
                recipient: row.try_get("recipient")?,
                error: row.try_get("last_error")?,
                lasting: failure == Failure::Address.as_str(),
            })
        };
        Ok(rows.iter().map(one).collect::<Result<_, sqlx::Error>>()?)
    }

    /// How many notifications failed since then for another reason than their address.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn failed_since(&self, since: Millis) -> Result<i64, StoreError> {
        let row = sqlx::query(sql::OUTBOX_FAILED_LATELY.on(self.engine)).bind(since).fetch_one(&self.read).await?;
        Ok(row.try_get(0)?)
    }

    /// Notifications of a ticket, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn notifications_of_ticket(&self, number: &str) -> Result<Vec<OutboxRow>, StoreError> {
        let rows = sqlx::query(sql::OUTBOX_OF_TICKET.on(self.engine)).bind(number).fetch_all(&self.read).await?;
        Ok(rows.iter().map(outbox_row).collect::<Result<_, _>>()?)
    }
}

impl Tx {
    /// Queues notifications under an entry of the chain. One whose once-key is there already is passed over.
    pub(super) async fn queue_notifications(
        &mut self,
        notifications: &[(i64, OutgoingEmail)],
        chain_entry: i64,
        covered: &mut Rows,
        now: Millis,
    ) -> Result<(), StoreError> {
        if notifications.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = notifications
            .iter()
            .map(|(ticket, l)| {
                let size = l.bytes.len() + l.body.as_ref().map_or(0, |body| body.len());
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                (
                    &l.once_key,
                    ticket,
                    l.kind.as_str(),
                    &l.recipient,
                    &l.envelope_from,
                    &l.message_id,
                    size,
                    now,
                    chain_entry,
                )
            })
            .collect();
        let query = sqlx::query(sql::OUTBOX_ADD.on(self.engine)).bind(json(&rows)?);
        let mut bytes: Vec<(i64, &[u8])> = Vec::with_capacity(notifications.len());
        let mut shared: Vec<(i64, &Arc<Vec<u8>>)> = Vec::new();
        for row in query.fetch_all(&mut *self.tx).await? {
            let (id, once_key): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
            if let Some((ticket, notification)) = notifications.iter().find(|(_, l)| l.once_key == once_key) {
                covered.notification(
                    &once_key,
                    *ticket,
                    notification.kind.as_str(),
                    &notification.recipient,
                    &notification.message_id,
                );
                bytes.push((id, &notification.bytes));
                shared.extend(notification.body.as_ref().map(|body| (id, body)));
            }
        }
        self.insert_bytes(sql::NOTIFICATION_ADD, sql::NOTIFICATIONS_ADD, &bytes).await?;
        self.share(&shared).await
    }

    /// Bodies that several notifications have in common are written once.
    async fn share(&mut self, notifications: &[(i64, &Arc<Vec<u8>>)]) -> Result<(), StoreError> {
        let mut written: Vec<(&Arc<Vec<u8>>, i64)> = Vec::new();
        for (id, body) in notifications {
            let known = written.iter().find(|(other, _)| Arc::ptr_eq(other, body)).map(|(_, row)| *row);
            let row = match known {
                Some(row) => row,
                None => {
                    let query = sqlx::query(sql::NOTIFICATION_BODY_ADD.on(self.engine)).bind(body.as_slice().to_vec());
                    let row: i64 = query.fetch_one(&mut *self.tx).await?.try_get(0)?;
                    written.push((body, row));
                    row
                }
            };
            let query = sqlx::query(sql::NOTIFICATION_SHARE.on(self.engine)).bind(*id).bind(row);
            query.execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Takes notifications that are due: counts the attempt and leases each to `instance` until `lease_until`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn claim(
        &mut self,
        now: Millis,
        lease_until: Millis,
        instance: &str,
        count: i64,
    ) -> Result<Vec<ClaimedEmail>, StoreError> {
        let query = sqlx::query(sql::OUTBOX_CLAIM.on(self.engine));
        let rows = query.bind(now).bind(lease_until).bind(instance).bind(count).fetch_all(&mut *self.tx).await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            due.push(ClaimedEmail {
                id: row.try_get(0)?,
                recipient: row.try_get(1)?,
                envelope_from: row.try_get(2)?,
                attempts: row.try_get(3)?,
                created_at: row.try_get(4)?,
                size: row.try_get(5)?,
                kind: row.try_get(6)?,
            });
        }
        due.sort_by_key(|d| d.id);
        Ok(due)
    }

    /// Records how attempts of this epoch ended. A notification that somebody else has claimed meanwhile is left to them,
    /// unless the server took it.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn settle_notifications(
        &mut self,
        settlements: &[(i64, Settlement)],
        holder: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut failed = Vec::new();
        for (id, settlement) in settlements {
            let query = match settlement {
                Settlement::Sent => sqlx::query(sql::OUTBOX_SENT.on(self.engine)).bind(*id).bind(now),
                Settlement::Later { due_at, error, counts } => {
                    let query = sqlx::query(sql::OUTBOX_LATER.on(self.engine)).bind(*id).bind(*due_at);
                    query.bind(error).bind(i64::from(!counts)).bind(holder)
                }
                Settlement::Failed { error, failure } => {
                    let query = sqlx::query(sql::OUTBOX_FAILED.on(self.engine)).bind(*id).bind(error).bind(holder);
                    query.bind(failure.as_str()).bind(now)
                }
            };
            let done = query.execute(&mut *self.tx).await?.rows_affected();
            if let (Settlement::Failed { error, .. }, 1) = (settlement, done) {
                failed.push((*id, error.as_str()));
            }
        }
        self.note_failed(&failed, now).await
    }

    /// The tickets say so as well: nobody must believe that these notifications left.
    async fn note_failed(&mut self, failed: &[(i64, &str)], now: Millis) -> Result<(), StoreError> {
        let mut events = Vec::new();
        for (id, error) in failed {
            let query = sqlx::query(sql::OUTBOX_ABOUT.on(self.engine)).bind(*id);
            let Some(row) = query.fetch_optional(&mut *self.tx).await? else { continue };
            let (ticket, kind, recipient): (i64, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let text = format!("{kind} not delivered to {recipient}: {error}");
            events.push((ticket, now, "guichet".to_owned(), "undelivered", text));
        }
        self.append_to_chain(&events, &[], now).await
    }

    /// Records that the server took these notifications, even where a lease has run out meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn settle_sent(&mut self, ids: &[i64], now: Millis) -> Result<(), StoreError> {
        let Some(last) = ids.last() else { return Ok(()) };
        let query = sqlx::query(sql::OUTBOX_SENT_ALL.on(self.engine)).bind(json(&ids)?);
        query.bind(now).execute(&mut *self.tx).await?;
        // A commit that changed nothing waits for no disk, not even for that of the notes before it.
        sqlx::query(sql::OUTBOX_TOUCH.on(self.engine)).bind(*last).execute(&mut *self.tx).await?;
        self.answers_given(ids, now).await
    }

    /// Notes on their tickets that these notifications, as far as they were answers, reached the requester's server.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn answers_given(&mut self, ids: &[i64], now: Millis) -> Result<(), StoreError> {
        let query = sqlx::query(sql::TICKETS_ANSWERED.on(self.engine)).bind(json(&ids)?);
        let answered = query.bind(now).execute(&mut *self.tx).await?.rows_affected();
        if answered > 0 {
            let query = sqlx::query(sql::TICKETS_RESPONDED.on(self.engine)).bind(json(&ids)?);
            query.bind(now).execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Notes that people were notified of these failed notifications.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn note_told(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        sqlx::query(sql::OUTBOX_TOLD.on(self.engine)).bind(json(&ids)?).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Gives back notifications whose lease has run out, or whose claimer's life is over, and those of `holder`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn release_leases(&mut self, now: Millis, holder: &str) -> Result<u64, StoreError> {
        let query = sqlx::query(sql::OUTBOX_RELEASE.on(self.engine));
        Ok(query.bind(now).bind(holder).execute(&mut *self.tx).await?.rows_affected())
    }

    /// Lets notifications are sent that were written in what is now the future, or put off beyond `latest`: the clock has been
    /// set back since.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn prioritize(&mut self, now: Millis, latest: Millis) -> Result<u64, StoreError> {
        let query = sqlx::query(sql::OUTBOX_FROM_FUTURE.on(self.engine)).bind(now).bind(latest);
        Ok(query.execute(&mut *self.tx).await?.rows_affected())
    }

    /// Puts a notification that failed or waits back at the front; with id 0, all of them. Gives how many.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn retry(&mut self, id: i64, error: &str, now: Millis) -> Result<u64, StoreError> {
        let query = sqlx::query(sql::OUTBOX_RETRY.on(self.engine));
        Ok(query.bind(id).bind(now).bind(error).execute(&mut *self.tx).await?.rows_affected())
    }
}

fn outbox_row(row: &AnyRow) -> Result<OutboxRow, sqlx::Error> {
    Ok(OutboxRow {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        recipient: row.try_get(2)?,
        state: row.try_get(3)?,
        attempts: row.try_get(4)?,
        created_at: row.try_get(5)?,
        due_at: row.try_get(6)?,
        sent_at: row.try_get(7)?,
        last_error: row.try_get(8)?,
        message_id: row.try_get(9)?,
        ticket: row.try_get(10)?,
    })
}
