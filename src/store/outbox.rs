//! Notifications that wait to leave, and what became of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sqlx::FromRow;
use sqlx::any::AnyRow;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::chain::Rows;
use super::rows::{Columns, json};
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::notify::OutgoingEmail;
use crate::ticket::{NotificationKind, OutboxId, TicketId, stored_words};

/// A notification whose turn it is; its attempt is counted and its lease taken.
#[derive(Debug, Clone, FromRow)]
pub struct ClaimedEmail {
    pub id: OutboxId,
    /// Row id of its ticket; 0 where it is about none.
    pub ticket_id: i64,
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
    /// How soon it is sent; 0 before all others.
    pub urgency: i64,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settlement {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString, Display)]
#[strum(serialize_all = "kebab-case")]
pub enum Failure {
    /// The address refuses notifications for good.
    Address,

    Refused,
    /// It was tried for long enough.
    GivenUp,
    /// Its writer held it back.
    HeldBack,
    /// It came with a copy that was restored: it may have been sent since the copy was made.
    Restored,
}

stored_words!(Failure, OutboxState);

/// A notification that failed, of which people must be notified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Untold {
    pub id: OutboxId,
    /// Its ticket, if it has one.
    pub ticket: Option<TicketId>,
    /// Which notification; none for one of another version.
    pub kind: Option<NotificationKind>,
    /// To whom.
    pub recipient: String,
    /// What the server said.
    pub error: String,
    /// Whether the address refuses notifications for good.
    pub lasting: bool,
}

/// State of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString, Display, VariantArray)]
#[strum(serialize_all = "lowercase")]
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

/// A notification, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    pub id: OutboxId,
    /// Which notification.
    pub kind: String,
    /// To whom.
    pub recipient: String,

    pub state: OutboxState,
    /// Attempts so far.
    pub attempts: i64,
    /// When it was written.
    pub created_at: Millis,
    /// When it is tried next.
    pub due_at: Millis,
    /// When the server took it.
    pub sent_at: Option<Millis>,
    /// What went wrong last, if anything did.
    pub last_error: Option<String>,
    /// Message-ID without brackets.
    pub message_id: String,
    /// Number of its ticket, if it has one.
    pub ticket: Option<String>,
}

impl Store {
    /// When the next notification is due; none when none waits.
    pub(crate) async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        Ok(sqlx::query_scalar(sql::OUTBOX_NEXT_DUE.on(self.engine)).fetch_optional(&self.read).await?)
    }

    /// How many notifications were sent since then, or are being sent now, by all instances; and when the first of them was.
    pub(crate) async fn sent_lately(&self, since: Millis) -> Result<(i64, Option<Millis>), StoreError> {
        let count =
            sqlx::query_scalar(sql::OUTBOX_SENT_LATELY.on(self.engine)).bind(since).fetch_one(&self.read).await?;
        let first = sqlx::query_scalar::<_, Option<Millis>>(sql::OUTBOX_SENT_FIRST.on(self.engine));
        Ok((count, first.bind(since).fetch_one(&self.read).await?))
    }

    /// The bytes of a notification.
    pub async fn notification(&self, id: OutboxId) -> Result<Option<Vec<u8>>, StoreError> {
        let query = sqlx::query_as::<_, (Vec<u8>, i64)>(sql::NOTIFICATION_GET.on(self.engine)).bind(id);
        let Some((mut bytes, body)) = query.fetch_optional(&self.read).await? else { return Ok(None) };
        bytes.extend(self.notification_body(body).await?);
        Ok(Some(bytes))
    }

    /// The body that several notifications share; empty for none.
    async fn notification_body(&self, id: i64) -> Result<Vec<u8>, StoreError> {
        if id == 0 {
            return Ok(Vec::new());
        }
        let query = sqlx::query_scalar::<_, Vec<u8>>(sql::NOTIFICATION_BODY_GET.on(self.engine)).bind(id);
        Ok(query.fetch_optional(&self.read).await?.unwrap_or_default())
    }

    /// The bytes of the notifications from `first` to `last` that `instance` has claimed, by their ids.
    pub(crate) async fn leased_notifications(
        &self,
        first: OutboxId,
        last: OutboxId,
        instance: &str,
    ) -> Result<Vec<(OutboxId, Vec<u8>)>, StoreError> {
        let query = sqlx::query_as::<_, (OutboxId, Vec<u8>, i64)>(sql::NOTIFICATIONS_LEASED.on(self.engine));
        let rows = query.bind(first).bind(last).bind(instance).fetch_all(&self.read).await?;
        let mut notifications = Vec::with_capacity(rows.len());
        for (id, mut bytes, body) in rows {
            bytes.extend(self.notification_body(body).await?);
            notifications.push((id, bytes));
        }
        Ok(notifications)
    }

    /// Notifications in one state, or, without one, all that have not left; oldest first.
    pub async fn outbox(&self, state: Option<OutboxState>, limit: i64) -> Result<Vec<OutboxRow>, StoreError> {
        let statement = match state {
            None => sql::OUTBOX_LIST,
            Some(OutboxState::Queued) => sql::OUTBOX_LIST_QUEUED,
            Some(OutboxState::Sending) => sql::OUTBOX_LIST_SENDING,
            Some(OutboxState::Sent) => sql::OUTBOX_LIST_SENT,
            Some(OutboxState::Failed) => sql::OUTBOX_LIST_FAILED,
        };
        Ok(sqlx::query_as(statement.on(self.engine)).bind(limit).fetch_all(&self.read).await?)
    }

    /// A notification by its row id.
    pub(crate) async fn outbox_entry(&self, id: OutboxId) -> Result<Option<OutboxRow>, StoreError> {
        Ok(sqlx::query_as(sql::OUTBOX_GET.on(self.engine)).bind(id).fetch_optional(&self.read).await?)
    }

    /// Notifications that failed and of which nobody was notified yet, oldest first, at most `count`.
    pub(crate) async fn list_untold(&self, count: i64) -> Result<Vec<Untold>, StoreError> {
        Ok(sqlx::query_as(sql::OUTBOX_UNTOLD.on(self.engine)).bind(count).fetch_all(&self.read).await?)
    }

    /// How many notifications failed since then for another reason than their address.
    pub(crate) async fn failed_since(&self, since: Millis) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(sql::OUTBOX_FAILED_LATELY.on(self.engine)).bind(since).fetch_one(&self.read).await?)
    }

    /// Notifications of a ticket, oldest first.
    pub async fn notifications_of_ticket(&self, number: &str) -> Result<Vec<OutboxRow>, StoreError> {
        Ok(sqlx::query_as(sql::OUTBOX_OF_TICKET.on(self.engine)).bind(number).fetch_all(&self.read).await?)
    }
}

impl Tx {
    /// Queues notifications under an entry of the chain. One whose once-key is there already is passed over.
    pub(super) async fn queue_notifications(
        &mut self,
        notifications: &[(Option<TicketId>, OutgoingEmail)],
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
                    now + l.delay,
                    chain_entry,
                    l.urgency,
                    i64::from(l.reaches_requester),
                )
            })
            .collect();
        let query = sqlx::query_as::<_, (OutboxId, String)>(sql::OUTBOX_ADD.on(self.engine)).bind(json(&rows)?);
        let mut bytes: Vec<(i64, &[u8])> = Vec::with_capacity(notifications.len());
        let mut shared: Vec<(OutboxId, &Arc<Vec<u8>>)> = Vec::new();
        for (id, once_key) in query.fetch_all(&mut *self.tx).await? {
            if let Some((ticket, notification)) = notifications.iter().find(|(_, l)| l.once_key == once_key) {
                covered.notification(
                    &once_key,
                    ticket.map_or(0, |id| id.0),
                    notification.kind.as_str(),
                    &notification.recipient,
                    &notification.message_id,
                );
                bytes.push((id.0, &notification.bytes));
                shared.extend(notification.body.as_ref().map(|body| (id, body)));
            }
        }
        self.insert_bytes(sql::NOTIFICATION_ADD, sql::NOTIFICATIONS_ADD, &bytes).await?;
        self.share(&shared).await
    }

    /// Bodies that several notifications have in common are written once.
    async fn share(&mut self, notifications: &[(OutboxId, &Arc<Vec<u8>>)]) -> Result<(), StoreError> {
        let mut written: Vec<(&Arc<Vec<u8>>, i64)> = Vec::new();
        for (id, body) in notifications {
            let known = written.iter().find(|(other, _)| Arc::ptr_eq(other, body)).map(|(_, row)| *row);
            let row = match known {
                Some(row) => row,
                None => {
                    let query = sqlx::query_scalar::<_, i64>(sql::NOTIFICATION_BODY_ADD.on(self.engine));
                    let row = query.bind(body.as_slice().to_vec()).fetch_one(&mut *self.tx).await?;
                    written.push((body, row));
                    row
                }
            };
            let query = sqlx::query(sql::NOTIFICATION_SHARE.on(self.engine)).bind(*id).bind(row);
            query.execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Since when answers of these tickets wait for their time.
    pub(super) async fn waiting_answers(
        &mut self,
        tickets: &BTreeSet<TicketId>,
    ) -> Result<HashMap<TicketId, BTreeSet<Millis>>, StoreError> {
        if tickets.is_empty() {
            return Ok(HashMap::new());
        }
        let query = sqlx::query_as(sql::OUTBOX_WAITING.on(self.engine)).bind(json(tickets)?);
        let rows: Vec<(TicketId, Millis)> = query.fetch_all(&mut *self.tx).await?;
        let mut found: HashMap<TicketId, BTreeSet<Millis>> = HashMap::new();
        rows.into_iter().for_each(|(ticket, at)| {
            found.entry(ticket).or_default().insert(at);
        });
        Ok(found)
    }

    /// Holds back what an email of that time answered on a ticket, and keeps it inside.
    pub(super) async fn hold_back(&mut self, ticket: TicketId, at: Millis) -> Result<(), StoreError> {
        for statement in [sql::OUTBOX_HOLD_BACK, sql::MESSAGE_HOLD_BACK] {
            sqlx::query(statement.on(self.engine)).bind(ticket).bind(at).execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Takes notifications that are due, the most urgent first, and of one ticket and recipient one after the other: counts the attempt and leases each to `instance` until `lease_until`.
    pub async fn claim(
        &mut self,
        now: Millis,
        lease_until: Millis,
        instance: &str,
        count: i64,
    ) -> Result<Vec<ClaimedEmail>, StoreError> {
        // A fifth are those that wait for longest, however little urgent.
        let oldest = if count > 4 { count / 5 } else { 0 };
        let query = sqlx::query_as::<_, ClaimedEmail>(sql::OUTBOX_CLAIM.on(self.engine));
        let query = query.bind(now).bind(lease_until).bind(instance).bind(count - oldest).bind(oldest);
        let mut due = query.fetch_all(&mut *self.tx).await?;
        due.sort_by_key(|d| (d.urgency, d.id));
        Ok(due)
    }

    /// Records how attempts of this epoch ended. A notification that somebody else has claimed meanwhile is left to them,
    /// unless the server took it.
    pub(crate) async fn settle_notifications(
        &mut self,
        settlements: &[(OutboxId, Settlement)],
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
    async fn note_failed(&mut self, failed: &[(OutboxId, &str)], now: Millis) -> Result<(), StoreError> {
        let mut events = Vec::new();
        for (id, error) in failed {
            let query = sqlx::query_as::<_, (TicketId, String, String)>(sql::OUTBOX_ABOUT.on(self.engine)).bind(*id);
            let Some((ticket, kind, recipient)) = query.fetch_optional(&mut *self.tx).await? else { continue };
            let text = format!("{kind} not delivered to {recipient}: {error}");
            events.push((ticket, now, "guichet".to_owned(), "undelivered", text));
        }
        self.append_to_chain(&events, &[], now).await
    }

    /// Records that the server took these notifications, even where a lease has run out meanwhile.
    pub(crate) async fn settle_sent(&mut self, ids: &[OutboxId], now: Millis) -> Result<(), StoreError> {
        let Some(last) = ids.last() else { return Ok(()) };
        let query = sqlx::query(sql::OUTBOX_SENT_ALL.on(self.engine)).bind(json(&ids)?);
        query.bind(now).execute(&mut *self.tx).await?;
        // A commit that changed nothing waits for no disk, not even for that of the notes before it.
        sqlx::query(sql::OUTBOX_TOUCH.on(self.engine)).bind(*last).execute(&mut *self.tx).await?;
        self.answers_given(ids, now).await
    }

    /// Notes on their tickets that these notifications, as far as they were answers, reached the requester's server.
    pub(crate) async fn answers_given(&mut self, ids: &[OutboxId], now: Millis) -> Result<(), StoreError> {
        let query = sqlx::query(sql::TICKETS_ANSWERED.on(self.engine)).bind(json(&ids)?);
        let kinds: Vec<&str> = NotificationKind::answers().map(NotificationKind::as_str).collect();
        let answered = query.bind(now).bind(json(&kinds)?).execute(&mut *self.tx).await?.rows_affected();
        if answered > 0 {
            let query = sqlx::query(sql::TICKETS_RESPONDED.on(self.engine)).bind(json(&ids)?);
            query.bind(now).execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Notes that people were notified of these failed notifications.
    pub(crate) async fn note_told(&mut self, ids: &[OutboxId]) -> Result<(), StoreError> {
        sqlx::query(sql::OUTBOX_TOLD.on(self.engine)).bind(json(&ids)?).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Gives back notifications whose lease has run out, or whose claimer's life is over, and those of `holder`.
    pub(crate) async fn release_leases(&mut self, now: Millis, holder: &str) -> Result<u64, StoreError> {
        let query = sqlx::query(sql::OUTBOX_RELEASE.on(self.engine));
        Ok(query.bind(now).bind(holder).execute(&mut *self.tx).await?.rows_affected())
    }

    /// Lets notifications are sent that were written in what is now the future, or put off beyond `latest`: the clock has been
    /// set back since.
    pub(crate) async fn prioritize(&mut self, now: Millis, latest: Millis) -> Result<u64, StoreError> {
        let query = sqlx::query(sql::OUTBOX_FROM_FUTURE.on(self.engine)).bind(now).bind(latest);
        Ok(query.execute(&mut *self.tx).await?.rows_affected())
    }

    /// Puts a notification that failed or waits back at the front, or all of them, or all that failed for this reason. Gives
    /// how many.
    pub async fn retry(
        &mut self,
        id: Option<OutboxId>,
        failure: Option<Failure>,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let query = sqlx::query(sql::OUTBOX_RETRY.on(self.engine)).bind(id.map_or(0, |id| id.0)).bind(now);
        let failure = failure.map_or("", Failure::as_str);
        Ok(query.bind(failure).execute(&mut *self.tx).await?.rows_affected())
    }
}

impl FromRow<'_, AnyRow> for Untold {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id("id")?,
            ticket: row.some_id("ticket_id")?,
            kind: NotificationKind::from_name(&row.text("kind")?),
            recipient: row.text("recipient")?,
            error: row.text("last_error")?,
            lasting: row.word("failure")? == Some(Failure::Address),
        })
    }
}

impl FromRow<'_, AnyRow> for OutboxRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id("id")?,
            kind: row.text("kind")?,
            recipient: row.text("recipient")?,
            state: row.word("state")?.unwrap_or(OutboxState::Failed),
            attempts: row.number("attempts")?,
            created_at: row.number("created_at")?,
            due_at: row.number("due_at")?,
            sent_at: row.time("sent_at")?,
            last_error: row.some_text("last_error")?,
            message_id: row.text("message_id")?,
            ticket: row.some_text("number")?,
        })
    }
}
