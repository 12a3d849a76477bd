//! Tickets, as people read them.

use std::collections::{BTreeMap, HashMap};

use sqlx::any::AnyRow;
use sqlx::{Any, Executor, FromRow};

use super::rows::{Columns, json};
use super::{Engine, Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::mail::Attachment;
use crate::ticket::sla::Sla;
use crate::ticket::{
    Channel, CorrectiveAction, Direction, InboxId, PendingOn, Person, Status, TicketId, TicketView, Ties, Visibility,
};

/// Which tickets to list.
#[derive(Debug, Clone, Default)]
pub struct TicketFilter {
    pub queue: Option<String>,
    /// A status, as it was asked for.
    pub status: Option<String>,
    /// Only tickets that are older than this one.
    pub before: Option<TicketId>,
    /// Most rows; the newest are given.
    pub limit: i64,
}

/// A ticket's own row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketRow {
    pub number: String,
    pub queue: String,
    pub title: String,
    pub status: Status,
    pub priority: String,
    pub level: i64,
    pub kind: Option<String>,
    pub category: Option<String>,
    pub service: Option<String>,
    pub requester: String,
    pub requester_name: String,
    pub assignee: Option<String>,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub first_responded_at: Option<Millis>,
    pub resolved_at: Option<Millis>,
    pub closed_at: Option<Millis>,
    pub id: TicketId,
    pub fields: BTreeMap<String, String>,
    pub pending_on: Option<PendingOn>,
    pub tags: Vec<String>,
    pub vendor: Option<String>,
    pub vendor_reference: Option<String>,
    pub solution: Option<String>,
    pub rating: Option<i64>,
    pub related: Vec<String>,
    pub merged_into: Option<TicketId>,
    pub parent: Option<TicketId>,
    pub sla: Sla,
    pub actions: Vec<CorrectiveAction>,
    pub channel: Channel,
    pub team: Option<String>,
    pub ties: Ties,
}

/// Tickets for a list by mail.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListingFilter {
    /// Names of the queues.
    pub queues: Vec<String>,

    pub status: Option<Status>,
    /// Address of an agent.
    pub assignee: Option<String>,
    /// Only those that are nobody's.
    pub unassigned: bool,
    /// Address of a requester, whose tickets are then meant, done or not; else only those that are not done.
    pub requester: Option<String>,
    /// Only those that have not changed since, or are late at `late_at`.
    pub untouched_since: Millis,
    /// When what is promised is looked at, if at all.
    pub late_at: Option<Millis>,
    /// Most rows.
    pub limit: i64,
}

/// A message of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub direction: Direction,
    pub visibility: Visibility,
    pub automatic: bool,
    pub sender: String,
    pub sender_name: String,
    pub created_at: Millis,
    pub message_id: String,
    pub text: String,
    pub new_text: String,
    pub attachments: Vec<Attachment>,
    pub inbox_id: InboxId,
}

/// A line of a ticket's history.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct EventRow {
    pub created_at: Millis,
    pub actor: String,
    pub kind: String,
    pub text: String,
}

/// An address nothing is written to for now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocked {
    pub address: String,
    /// Since when.
    pub since: Millis,
    /// Until when.
    pub until: Millis,
    /// Enhanced status code of the refusal; may be empty.
    pub status: String,
    /// Words of the refusal; may be empty.
    pub reason: String,
    /// Number of the ticket whose notification was refused.
    pub ticket: Option<String>,
}

impl TicketRow {
    /// The ticket as the rules see it, as far as its clocks go.
    #[must_use]
    pub fn view(&self) -> TicketView {
        TicketView {
            id: self.id,
            number: self.number.clone(),
            queue: self.queue.clone(),
            status: self.status,
            pending_on: self.pending_on,
            priority: self.priority.clone(),
            level: self.level,
            category: self.category.clone(),
            service: self.service.clone(),
            team: self.team.clone(),
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
    pub async fn tickets(&self, filter: &TicketFilter) -> Result<Vec<TicketRow>, StoreError> {
        let query = match (&filter.status, &filter.queue) {
            (None, None) => sqlx::query_as(sql::TICKET_LIST.on(self.engine)),
            (None, Some(queue)) => sqlx::query_as(sql::TICKET_LIST_OF_QUEUE.on(self.engine)).bind(queue),
            (Some(status), None) => sqlx::query_as(sql::TICKET_LIST_OF_STATUS.on(self.engine)).bind(status),
            (Some(status), Some(queue)) => {
                sqlx::query_as(sql::TICKET_LIST_OF_BOTH.on(self.engine)).bind(status).bind(queue)
            }
        };
        let before = filter.before.map_or(i64::MAX, |id| id.0);
        Ok(query.bind(before).bind(filter.limit).fetch_all(&self.read).await?)
    }

    /// Addresses on the requesters' side of several tickets.
    pub async fn participants_of(&self, tickets: &[TicketId]) -> Result<HashMap<TicketId, Vec<String>>, StoreError> {
        let query = sqlx::query_as(sql::PARTICIPANTS_OF.on(self.engine)).bind(json(&tickets)?);
        let rows: Vec<(TicketId, String)> = query.fetch_all(&self.read).await?;
        let mut found: HashMap<TicketId, Vec<String>> = HashMap::new();
        for (ticket, address) in rows {
            found.entry(ticket).or_default().push(address);
        }
        Ok(found)
    }

    /// A ticket by its number.
    pub async fn ticket(&self, number: &str) -> Result<Option<TicketRow>, StoreError> {
        Ok(sqlx::query_as(sql::TICKET_GET.on(self.engine)).bind(number).fetch_optional(&self.read).await?)
    }

    /// Addresses on the requester's side of a ticket.
    pub async fn participants(&self, ticket: TicketId) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(sql::PARTICIPANTS.on(self.engine)).bind(ticket).fetch_all(&self.read).await?)
    }

    /// Addresses nothing is written to at this time, the latest first.
    pub async fn undeliverable(&self, now: Millis, limit: i64) -> Result<Vec<Blocked>, StoreError> {
        let query = sqlx::query_as(sql::UNDELIVERABLE_LIST.on(self.engine)).bind(now).bind(limit);
        Ok(query.fetch_all(&self.read).await?)
    }

    /// Messages of a ticket, oldest first.
    pub async fn messages(&self, ticket: TicketId) -> Result<Vec<MessageRow>, StoreError> {
        messages_in(&self.read, self.engine, ticket).await
    }

    /// History of a ticket, oldest first.
    pub async fn events(&self, ticket: TicketId) -> Result<Vec<EventRow>, StoreError> {
        Ok(sqlx::query_as(sql::EVENTS.on(self.engine)).bind(ticket).fetch_all(&self.read).await?)
    }
}

impl Tx {
    /// Lets notifications be sent to an address again; false when they went all along.
    pub async fn clear_undeliverable(&mut self, address: &str) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::UNDELIVERABLE_CLEAR.on(self.engine)).bind(address);
        Ok(query.execute(&mut *self.tx).await?.rows_affected() > 0)
    }
}

/// [`Store::messages`], in a transaction or outside.
pub(super) async fn messages_in<'e>(
    on: impl Executor<'e, Database = Any>,
    engine: Engine,
    ticket: TicketId,
) -> Result<Vec<MessageRow>, StoreError> {
    Ok(sqlx::query_as(sql::MESSAGES.on(engine)).bind(ticket).fetch_all(on).await?)
}

/// Tickets for a list by mail, the most urgent and oldest first; where done ones are listed too, those that are not come
/// first, and the newest of each.
pub(super) async fn listing_in<'e>(
    on: impl Executor<'e, Database = Any>,
    engine: Engine,
    filter: &ListingFilter,
) -> Result<Vec<TicketRow>, StoreError> {
    let queues = json(&filter.queues)?;
    if let Some(requester) = &filter.requester {
        let query = sqlx::query_as(sql::TICKETS_OF_REQUESTER.on(engine)).bind(queues).bind(requester);
        return Ok(query.bind(filter.limit).fetch_all(on).await?);
    }
    if filter.status == Some(Status::Resolved) {
        let query = sqlx::query_as(sql::TICKETS_SOLVED.on(engine)).bind(queues);
        return Ok(query.bind(filter.limit).fetch_all(on).await?);
    }
    let query = sqlx::query_as(sql::TICKETS_AT_WORK.on(engine)).bind(queues);
    let query = query.bind(word(filter.status.map(Status::as_str))).bind(word(filter.assignee.as_deref()));
    let query = query.bind(filter.untouched_since).bind(filter.limit).bind(filter.late_at.unwrap_or(0));
    let query = query.bind(i64::from(filter.unassigned));
    Ok(query.fetch_all(on).await?)
}

/// In statements an empty text stands for any.
fn word(word: Option<&str>) -> String {
    word.unwrap_or_default().to_owned()
}

impl FromRow<'_, AnyRow> for TicketRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: row.text("number")?,
            queue: row.text("queue")?,
            title: row.text("title")?,
            status: Status::from_word(&row.text("status")?),
            priority: row.text("priority")?,
            level: row.number("level")?,
            kind: row.some_text("type")?,
            category: row.some_text("category")?,
            service: row.some_text("service")?,
            requester: row.text("requester")?,
            requester_name: row.text("requester_name")?,
            assignee: row.some_text("assignee")?,
            created_at: row.number("created_at")?,
            updated_at: row.number("updated_at")?,
            first_responded_at: row.time("first_responded_at")?,
            resolved_at: row.time("resolved_at")?,
            closed_at: row.time("closed_at")?,
            id: row.id("id")?,
            fields: row.json("fields")?,
            pending_on: row.word("pending_on")?,
            tags: row.json("tags")?,
            vendor: row.some_text("vendor")?,
            vendor_reference: row.some_text("vendor_reference")?,
            solution: row.some_text("solution")?,
            rating: row.some_number("rating")?,
            related: row.json("related")?,
            merged_into: row.some_id("merged_into")?,
            parent: row.some_id("parent_id")?,
            sla: row.json("sla")?,
            actions: row.json("actions")?,
            channel: row.word("channel")?.unwrap_or_default(),
            team: row.some_text("team")?,
            ties: row.json("ties")?,
        })
    }
}

impl FromRow<'_, AnyRow> for MessageRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            direction: row.word("direction")?.unwrap_or(Direction::In),
            // What is not known to be for everybody stays inside.
            visibility: row.word("visibility")?.unwrap_or(Visibility::Internal),
            automatic: row.flag("automatic")?,
            sender: row.text("sender")?,
            sender_name: row.text("sender_name")?,
            created_at: row.number("created_at")?,
            message_id: row.text("message_id")?,
            text: row.text("text")?,
            new_text: row.text("new_text")?,
            attachments: row.json("attachments")?,
            inbox_id: row.id("inbox_id")?,
        })
    }
}

impl FromRow<'_, AnyRow> for Blocked {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            address: row.text("address")?,
            since: row.number("since")?,
            until: row.number("until")?,
            status: row.text("status")?,
            reason: row.text("reason")?,
            ticket: row.some_text("ticket")?,
        })
    }
}
