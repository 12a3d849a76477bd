//! Tickets, as people read them.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Row};

use super::rows::json;
use super::{Engine, Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::mail::Attachment;
use crate::ticket::sla::Sla;
use crate::ticket::{PendingOn, Person, Status, TicketView};

/// Which tickets to list.
#[derive(Debug, Clone, Default)]
pub struct TicketFilter {
    /// Name of a queue; empty for all.
    pub queue: String,
    /// A status word; empty for all.
    pub status: String,
    /// Most rows; the newest are given.
    pub limit: i64,
}

/// A ticket's own row. Times are 0, texts empty, where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the ticket's JSON, which docs/commands.md explains")]
pub struct TicketRow {
    pub number: String,
    pub queue: String,
    pub title: String,
    pub status: String,
    pub priority: String,
    pub level: i64,
    pub kind: String,
    pub category: String,
    pub service: String,
    pub requester: String,
    pub requester_name: String,
    pub assignee: String,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub first_responded_at: Millis,
    pub resolved_at: Millis,
    pub closed_at: Millis,
    pub id: i64,
    pub fields: BTreeMap<String, String>,
    pub pending_on: String,
    pub tags: Vec<String>,
    pub vendor: String,
    pub vendor_reference: String,
    pub solution: String,
    pub rating: i64,
    pub related: Vec<String>,
    pub merged_into: i64,
    pub parent: i64,
    pub sla: Sla,
}

/// Tickets for a list by mail; empty texts mean all.
#[derive(Debug, Clone, Default)]
pub struct ListingFilter {
    /// Names of the queues.
    pub queues: Vec<String>,
    /// A status word.
    pub status: String,
    /// Address of an agent.
    pub assignee: String,
    /// Address of a requester.
    pub requester: String,
    /// Whether only those that are not done.
    pub unfinished: bool,
    /// Only those that have not changed since, or are late at `late_at`.
    pub untouched_since: Millis,
    /// When what is promised is looked at; 0: not at all.
    pub late_at: Millis,
    /// Most rows.
    pub limit: i64,
}

/// A message of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the ticket's JSON, which docs/commands.md explains")]
pub struct MessageRow {
    pub direction: String,
    pub visibility: String,
    pub automatic: bool,
    pub sender: String,
    pub sender_name: String,
    pub created_at: Millis,
    pub message_id: String,
    pub text: String,
    pub new_text: String,
    pub attachments: Vec<Attachment>,
    pub inbox_id: i64,
}

/// A line of a ticket's history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the ticket's JSON, which docs/commands.md explains")]
pub struct EventRow {
    pub created_at: Millis,
    pub actor: String,
    pub kind: String,
    pub text: String,
}

/// An address nothing is written to for now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocked {
    /// The address.
    pub address: String,
    /// Since when.
    pub since: Millis,
    /// Until when.
    pub until: Millis,
    /// Enhanced status code of the refusal; may be empty.
    pub status: String,
    /// Words of the refusal; may be empty.
    pub reason: String,
    /// Number of the ticket whose notification was refused; may be empty.
    pub ticket: String,
}

impl TicketRow {
    /// The ticket as the rules see it, as far as its clocks go.
    #[must_use]
    pub fn view(&self) -> TicketView {
        TicketView {
            id: self.id,
            number: self.number.clone(),
            queue: self.queue.clone(),
            status: Status::from_word(&self.status),
            pending_on: PendingOn::from_word(&self.pending_on),
            priority: self.priority.clone(),
            level: self.level,
            assignee: self.assignee.clone(),
            requester: Person { address: self.requester.clone(), ..Person::default() },
            created_at: self.created_at,
            first_responded_at: self.first_responded_at,
            resolved_at: self.resolved_at,
            closed_at: self.closed_at,
            sla: self.sla.clone(),
            ..TicketView::default()
        }
    }
}

impl Store {
    /// Tickets, newest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn tickets(&self, filter: &TicketFilter) -> Result<Vec<TicketRow>, StoreError> {
        let query = sqlx::query(sql::TICKET_LIST.on(self.engine));
        let rows = query.bind(&filter.queue).bind(&filter.status).bind(filter.limit).fetch_all(&self.read).await?;
        Ok(rows.iter().map(ticket_row).collect::<Result<_, _>>()?)
    }

    /// Tickets for a list by mail, the most urgent and oldest first; where done ones are listed too, those that are not come
    /// first, and the newest of each.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn listing(&self, filter: &ListingFilter) -> Result<Vec<TicketRow>, StoreError> {
        listing_in(&self.read, self.engine, filter).await
    }

    /// A ticket by its number.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn ticket(&self, number: &str) -> Result<Option<TicketRow>, StoreError> {
        let row = sqlx::query(sql::TICKET_GET.on(self.engine)).bind(number).fetch_optional(&self.read).await?;
        Ok(row.as_ref().map(ticket_row).transpose()?)
    }

    /// Addresses on the requester's side of a ticket.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn participants(&self, ticket: i64) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(sql::PARTICIPANTS.on(self.engine)).bind(ticket).fetch_all(&self.read).await?;
        Ok(rows.iter().map(|r| r.try_get(0)).collect::<Result<_, _>>()?)
    }

    /// Addresses nothing is written to at this time, the latest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn undeliverable(&self, now: Millis, limit: i64) -> Result<Vec<Blocked>, StoreError> {
        let query = sqlx::query(sql::UNDELIVERABLE_LIST.on(self.engine)).bind(now).bind(limit);
        let rows = query.fetch_all(&self.read).await?;
        let blocks = rows.iter().map(|row| {
            Ok(Blocked {
                address: row.try_get(0)?,
                since: row.try_get(1)?,
                until: row.try_get(2)?,
                status: row.try_get(3)?,
                reason: row.try_get(4)?,
                ticket: row.try_get(5)?,
            })
        });
        Ok(blocks.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Messages of a ticket, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn messages(&self, ticket: i64) -> Result<Vec<MessageRow>, StoreError> {
        messages_in(&self.read, self.engine, ticket).await
    }

    /// History of a ticket, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn events(&self, ticket: i64) -> Result<Vec<EventRow>, StoreError> {
        let rows = sqlx::query(sql::EVENTS.on(self.engine)).bind(ticket).fetch_all(&self.read).await?;
        let events = rows.iter().map(|row| {
            Ok(EventRow {
                created_at: row.try_get(0)?,
                actor: row.try_get(1)?,
                kind: row.try_get(2)?,
                text: row.try_get(3)?,
            })
        });
        Ok(events.collect::<Result<_, sqlx::Error>>()?)
    }
}

impl Tx {
    /// Lets notifications are sent to an address again; false when they went all along.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn clear_undeliverable(&mut self, address: &str) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::UNDELIVERABLE_CLEAR.on(self.engine)).bind(address);
        Ok(query.execute(&mut *self.tx).await?.rows_affected() > 0)
    }
}

/// [`Store::messages`], in a transaction or outside.
pub(super) async fn messages_in<'e>(
    on: impl Executor<'e, Database = Any>,
    engine: Engine,
    ticket: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    let rows = sqlx::query(sql::MESSAGES.on(engine)).bind(ticket).fetch_all(on).await?;
    Ok(rows.iter().map(message_row).collect::<Result<_, _>>()?)
}

/// [`Store::listing`], in a transaction or outside.
pub(super) async fn listing_in<'e>(
    on: impl Executor<'e, Database = Any>,
    engine: Engine,
    filter: &ListingFilter,
) -> Result<Vec<TicketRow>, StoreError> {
    let query = sqlx::query(sql::TICKET_LISTING.on(engine)).bind(json(&filter.queues)?);
    let query = query.bind(filter.status.clone()).bind(filter.assignee.clone()).bind(filter.requester.clone());
    let query =
        query.bind(i64::from(filter.unfinished)).bind(filter.untouched_since).bind(filter.limit).bind(filter.late_at);
    let rows = query.fetch_all(on).await?;
    Ok(rows.iter().map(ticket_row).collect::<Result<_, _>>()?)
}

fn ticket_row(row: &AnyRow) -> Result<TicketRow, sqlx::Error> {
    let (fields, tags, related): (String, String, String) = (row.try_get(18)?, row.try_get(20)?, row.try_get(25)?);
    Ok(TicketRow {
        number: row.try_get(0)?,
        queue: row.try_get(1)?,
        title: row.try_get(2)?,
        status: row.try_get(3)?,
        priority: row.try_get(4)?,
        level: row.try_get(5)?,
        kind: row.try_get(6)?,
        category: row.try_get(7)?,
        service: row.try_get(8)?,
        requester: row.try_get(9)?,
        requester_name: row.try_get(10)?,
        assignee: row.try_get(11)?,
        created_at: row.try_get(12)?,
        updated_at: row.try_get(13)?,
        first_responded_at: row.try_get(14)?,
        resolved_at: row.try_get(15)?,
        closed_at: row.try_get(16)?,
        id: row.try_get(17)?,
        fields: serde_json::from_str(&fields).map_err(|e| sqlx::Error::Decode(Box::new(e)))?,
        pending_on: row.try_get(19)?,
        tags: serde_json::from_str(&tags).unwrap_or_default(),
        vendor: row.try_get(21)?,
        vendor_reference: row.try_get(22)?,
        solution: row.try_get(23)?,
        rating: row.try_get(24)?,
        related: serde_json::from_str(&related).unwrap_or_default(),
        merged_into: row.try_get(26)?,
        parent: row.try_get(27)?,
        sla: serde_json::from_str(&row.try_get::<String, _>(28)?).unwrap_or_default(),
    })
}

fn message_row(row: &AnyRow) -> Result<MessageRow, sqlx::Error> {
    let automatic: i64 = row.try_get(2)?;
    let attachments: String = row.try_get(9)?;
    Ok(MessageRow {
        direction: row.try_get(0)?,
        visibility: row.try_get(1)?,
        automatic: automatic == 1,
        sender: row.try_get(3)?,
        sender_name: row.try_get(4)?,
        created_at: row.try_get(5)?,
        message_id: row.try_get(6)?,
        text: row.try_get(7)?,
        new_text: row.try_get(8)?,
        attachments: serde_json::from_str(&attachments).map_err(|e| sqlx::Error::Decode(Box::new(e)))?,
        inbox_id: row.try_get(10)?,
    })
}
