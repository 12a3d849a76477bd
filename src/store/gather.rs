//! What a unit of work looks up before anything is decided.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sqlx::{Any, Decode, Type};

use super::rows::json;
use super::unit::{MERGES, TICKET_IDS};
use super::view::StoredView;
use super::{Blocked, StoreError, Tx, sql};
use crate::clock::{HOUR, Millis};
use crate::ticket::{
    About, DeadlineKind, NotificationKind, Recent, Said, TicketId, TicketView, Visibility, WINDOW, WINDOWS,
};

/// How many times the bound of a sender are looked at of their emails.
const LOOKED_AT: i64 = 4;
/// Counted at least, whatever the bound: other rules ask too.
const FEWEST: i64 = 100;

impl Tx {
    /// What belongs to each of these names.
    pub(super) async fn pairs<T>(
        &mut self,
        statement: sql::Sql,
        names: &BTreeSet<String>,
    ) -> Result<HashMap<String, T>, StoreError>
    where
        T: for<'r> Decode<'r, Any> + Type<Any> + Send + Unpin,
    {
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        let query = sqlx::query_as::<_, (String, T)>(statement.on(self.engine)).bind(json(names)?);
        Ok(query.fetch_all(&mut *self.tx).await?.into_iter().collect())
    }

    /// Who said the same since then, by the digest of it.
    pub(super) async fn alike_lately(
        &mut self,
        alike: &BTreeSet<String>,
        since: Millis,
    ) -> Result<HashMap<String, HashSet<String>>, StoreError> {
        let mut found: HashMap<String, HashSet<String>> = HashMap::new();
        if alike.is_empty() {
            return Ok(found);
        }
        let query = sqlx::query_as::<_, (String, String)>(sql::INBOX_ALIKE.on(self.engine));
        for (alike, sender) in query.bind(json(alike)?).bind(since).fetch_all(&mut *self.tx).await? {
            found.entry(alike).or_default().insert(sender);
        }
        Ok(found)
    }

    /// The beginnings of notifications, by their Message-IDs.
    /// When notifications were written that still prove something, by their Message-IDs, and whether a plain reply reaches the requester.
    pub(super) async fn issued(
        &mut self,
        ids: &BTreeSet<String>,
    ) -> Result<HashMap<String, (Millis, bool)>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let query = sqlx::query_as(sql::NOTIFICATIONS_ISSUED.on(self.engine)).bind(json(ids)?);
        let rows: Vec<(String, Millis, i64)> = query.fetch_all(&mut *self.tx).await?;
        Ok(rows.into_iter().map(|(id, at, reaches)| (id, (at, reaches == 1))).collect())
    }

    pub(super) async fn answered(&mut self, ids: &BTreeSet<String>) -> Result<HashMap<String, Vec<u8>>, StoreError> {
        self.pairs(sql::NOTIFICATIONS_ANSWERED, ids).await
    }

    /// By the Message-ID of an answer that came back: when the earliest other one was delivered, and its Message-ID.
    pub(super) async fn next_answers(
        &mut self,
        returned: &BTreeSet<String>,
        now: Millis,
    ) -> Result<HashMap<String, (Millis, String)>, StoreError> {
        if returned.is_empty() {
            return Ok(HashMap::new());
        }
        let kinds: Vec<&str> = NotificationKind::answers().map(NotificationKind::as_str).collect();
        let query =
            sqlx::query_as(sql::NEXT_ANSWERS.on(self.engine)).bind(json(returned)?).bind(now).bind(json(&kinds)?);
        let rows: Vec<(String, Millis, String)> = query.fetch_all(&mut *self.tx).await?;
        Ok(rows.into_iter().map(|(returned, at, id)| (returned, (at, id))).collect())
    }

    /// Notes that these notifications, by their Message-IDs, came back.
    pub(super) async fn note_returned(&mut self, ids: &BTreeSet<String>, now: Millis) -> Result<(), StoreError> {
        if !ids.is_empty() {
            sqlx::query(sql::NOTIFICATIONS_RETURNED.on(self.engine))
                .bind(json(ids)?)
                .bind(now)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    /// Tickets by their ids, their rows locked, lowest first. Related tickets are locked after them: two instances that
    /// block each other there are told apart by PostgreSQL, and one of them tries again.
    pub(super) async fn ticket_views(
        &mut self,
        ids: &BTreeSet<TicketId>,
    ) -> Result<HashMap<TicketId, TicketView>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let list = json(ids)?;
        let query = sqlx::query_as::<_, StoredView>(sql::TICKET_VIEWS.on(self.engine)).bind(&list);
        let rows = query.fetch_all(&mut *self.tx).await?;
        let mut tickets: HashMap<TicketId, TicketView> = rows.into_iter().map(|row| (row.0.id, row.0)).collect();
        let query = sqlx::query_as::<_, (TicketId, String)>(sql::PARTICIPANTS_OF.on(self.engine)).bind(&list);
        for (id, address) in query.fetch_all(&mut *self.tx).await? {
            if let Some(ticket) = tickets.get_mut(&id) {
                ticket.participants.push(address);
            }
        }
        let query = sqlx::query_as::<_, (TicketId, String, Millis)>(sql::DEADLINES_OF.on(self.engine)).bind(&list);
        for (id, kind, due_at) in query.fetch_all(&mut *self.tx).await? {
            if let (Some(ticket), Ok(kind)) = (tickets.get_mut(&id), kind.parse::<DeadlineKind>()) {
                ticket.deadlines.insert(kind, due_at);
            }
        }
        Ok(tickets)
    }

    /// Tickets, and those they were merged into; with `related` also their parents and parts, and what a
    /// command on them changed besides.
    pub(super) async fn with_related(
        &mut self,
        ids: BTreeSet<TicketId>,
        related: bool,
    ) -> Result<HashMap<TicketId, TicketView>, StoreError> {
        let mut tickets = self.ticket_views(&ids).await?;
        for _ in 0..MERGES {
            let mut more: BTreeSet<TicketId> = tickets.values().filter_map(|t| t.merged_into).collect();
            if related {
                more.extend(tickets.values().filter_map(|t| t.parent));
                let undone = tickets.values().filter_map(|t| t.undo.as_ref()).flat_map(|undo| &undo.before);
                more.extend(undone.map(|ticket| ticket.id));
            }
            more.retain(|id| !tickets.contains_key(id));
            if more.is_empty() {
                break;
            }
            tickets.extend(self.ticket_views(&more).await?);
        }
        if related && !tickets.is_empty() {
            let query = sqlx::query_scalar::<_, TicketId>(sql::TICKETS_OF_PARENTS.on(self.engine));
            let parts = query.bind(json(&tickets.keys().collect::<Vec<_>>())?).fetch_all(&mut *self.tx).await?;
            let parts = parts.into_iter().filter(|id| !tickets.contains_key(id)).collect();
            tickets.extend(self.ticket_views(&parts).await?);
        }
        Ok(tickets)
    }

    pub(super) async fn of_vendors(&mut self, addresses: &BTreeSet<String>) -> Result<Vec<TicketId>, StoreError> {
        self.among(sql::TICKETS_OF_VENDORS, addresses).await
    }

    pub(super) async fn open_tickets_of(&mut self, requesters: &BTreeSet<String>) -> Result<Vec<TicketId>, StoreError> {
        self.among(sql::OPEN_TICKETS_OF, requesters).await
    }

    pub(super) async fn seen_images(&mut self, keys: &BTreeSet<String>) -> Result<HashSet<String>, StoreError> {
        Ok(self.among(sql::SEEN_IMAGES, keys).await?.into_iter().collect())
    }

    /// One column of the rows that these texts name.
    async fn among<T>(&mut self, statement: sql::Sql, texts: &BTreeSet<String>) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> Decode<'r, Any> + Type<Any> + Send + Unpin,
    {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let query = sqlx::query_scalar::<_, T>(statement.on(self.engine)).bind(json(texts)?);
        Ok(query.fetch_all(&mut *self.tx).await?)
    }

    pub(super) async fn original_requests(
        &mut self,
        ids: BTreeSet<TicketId>,
    ) -> Result<HashMap<TicketId, String>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let query = sqlx::query_as::<_, (TicketId, String)>(sql::ORIGINAL_REQUESTS.on(self.engine)).bind(json(&ids)?);
        Ok(query.fetch_all(&mut *self.tx).await?.into_iter().collect())
    }

    /// What was said on these tickets.
    pub(super) async fn said(&mut self, ids: BTreeSet<TicketId>) -> Result<HashMap<TicketId, Vec<Said>>, StoreError> {
        let mut found: HashMap<TicketId, Vec<Said>> = HashMap::new();
        if ids.is_empty() {
            return Ok(found);
        }
        let query = sqlx::query_as(sql::SAID_OF.on(self.engine)).bind(json(&ids)?);
        let rows: Vec<(TicketId, String, String, String)> = query.fetch_all(&mut *self.tx).await?;
        for (ticket, sender, visibility, text) in rows {
            let is_public = Visibility::Public == *visibility.as_str();
            found.entry(ticket).or_default().push(Said { sender, is_public, text });
        }
        Ok(found)
    }

    /// Notifications lately written to requesters, by ticket and window.
    pub(super) async fn recent_notifications(
        &mut self,
        recipients: &BTreeSet<String>,
        now: Millis,
    ) -> Result<HashMap<String, Recent>, StoreError> {
        let mut found: HashMap<String, Recent> = HashMap::new();
        if recipients.is_empty() {
            return Ok(found);
        }
        // The counts stand behind each other, the widest window first.
        type Counts = (String, i64, i64, i64, i64, i64, i64);
        let mut query = sqlx::query_as::<_, Counts>(sql::OUTBOX_RECENT.on(self.engine)).bind(json(recipients)?);
        for window in WINDOW.iter().rev() {
            query = query.bind(now - window);
        }
        for (recipient, ticket, a, b, c, d, e) in query.fetch_all(&mut *self.tx).await? {
            let about = if ticket == 0 { About::Nothing } else { About::Ticket(TicketId(ticket)) };
            found.entry(recipient).or_default().add(about, [e, d, c, b, a]);
        }
        Ok(found)
    }

    /// Notifications written to agents within the hour: they have a cap of their own.
    pub(super) async fn recent_notifications_of_agents(
        &mut self,
        agents: &BTreeSet<String>,
        now: Millis,
    ) -> Result<HashMap<String, Recent>, StoreError> {
        let mut found: HashMap<String, Recent> = HashMap::new();
        if agents.is_empty() {
            return Ok(found);
        }
        let query = sqlx::query_as::<_, (String, i64)>(sql::OUTBOX_RECENT_OF_AGENTS.on(self.engine));
        for (recipient, count) in query.bind(json(agents)?).bind(now - HOUR).fetch_all(&mut *self.tx).await? {
            found.entry(recipient).or_default().add(About::Nothing, [count; WINDOWS]);
        }
        Ok(found)
    }

    pub(super) async fn blocked(
        &mut self,
        addresses: &BTreeSet<String>,
        now: Millis,
    ) -> Result<HashMap<String, Blocked>, StoreError> {
        if addresses.is_empty() {
            return Ok(HashMap::new());
        }
        let query = sqlx::query_as::<_, Blocked>(sql::UNDELIVERABLE_AMONG.on(self.engine));
        let blocks = query.bind(json(addresses)?).bind(now).fetch_all(&mut *self.tx).await?;
        Ok(blocks.into_iter().map(|block| (block.address.clone(), block)).collect())
    }

    /// Contents of commands that were carried out, by their ids.
    pub(super) async fn carried_out(
        &mut self,
        ids: &BTreeSet<String>,
    ) -> Result<HashMap<String, Vec<String>>, StoreError> {
        let mut found: HashMap<String, Vec<String>> = HashMap::new();
        if ids.is_empty() {
            return Ok(found);
        }
        let query = sqlx::query_as::<_, (String, String)>(sql::COMMANDS_DONE.on(self.engine)).bind(json(ids)?);
        for (id, content) in query.fetch_all(&mut *self.tx).await? {
            found.entry(id).or_default().push(content);
        }
        Ok(found)
    }

    /// Contents and tickets of emails by their ids.
    pub(super) async fn copies(
        &mut self,
        ids: &BTreeSet<String>,
    ) -> Result<HashMap<String, Vec<(String, TicketId)>>, StoreError> {
        let mut found: HashMap<String, Vec<(String, TicketId)>> = HashMap::new();
        if ids.is_empty() {
            return Ok(found);
        }
        let query = sqlx::query_as::<_, (String, String, TicketId)>(sql::COPIES.on(self.engine)).bind(json(ids)?);
        for (id, content, ticket) in query.fetch_all(&mut *self.tx).await? {
            found.entry(id).or_default().push((content, ticket));
        }
        Ok(found)
    }

    /// The last counts given out, locked: that of ticket ids first, then the prefixes in their order.
    pub(super) async fn lock_counters(
        &mut self,
        prefixes: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, (i64, i64)>, StoreError> {
        let mut counters = BTreeMap::new();
        let names = std::iter::once(TICKET_IDS).chain(prefixes.iter().map(String::as_str));
        for name in names.filter(|_| !prefixes.is_empty()) {
            let query = sqlx::query_scalar::<_, i64>(sql::COUNTER_LOCK.on(self.engine)).bind(name);
            let last = query.fetch_one(&mut *self.tx).await?;
            counters.insert(name.to_owned(), (last, last));
        }
        Ok(counters)
    }

    /// Emails of these senders that were decided since, at most `most` each. Of a sender with far more than that,
    /// whatever became of them, it is `most`: the count must not cost more the larger a flood is.
    pub(super) async fn decided_lately(
        &mut self,
        senders: &BTreeSet<String>,
        since: Millis,
        most: i64,
    ) -> Result<HashMap<String, i64>, StoreError> {
        let mut found = HashMap::new();
        if senders.is_empty() {
            return Ok(found);
        }
        let rows: Vec<(&String,)> = senders.iter().map(|s| (s,)).collect();
        let most = most.max(FEWEST);
        let looked_at = most.saturating_mul(LOOKED_AT);
        let query = sqlx::query_as::<_, (String, i64, i64)>(sql::INBOX_LATELY.on(self.engine)).bind(json(&rows)?);
        for (sender, every, counted) in query.bind(since).bind(looked_at).fetch_all(&mut *self.tx).await? {
            found.insert(sender, if every >= looked_at { counted.max(most) } else { counted });
        }
        Ok(found)
    }

    /// How many tickets each queue opened since; nothing where all of them together opened fewer than `from`.
    pub(super) async fn opened_lately(
        &mut self,
        since: Millis,
        from: i64,
    ) -> Result<BTreeMap<String, i64>, StoreError> {
        let query = sqlx::query_as::<_, (String, i64)>(sql::TICKETS_LATELY.on(self.engine)).bind(since).bind(from);
        Ok(query.fetch_all(&mut *self.tx).await?.into_iter().collect())
    }

    pub(super) async fn set_counter(&mut self, prefix: &str, last: i64) -> Result<(), StoreError> {
        let query = sqlx::query(sql::COUNTER_SET.on(self.engine));
        query.bind(prefix).bind(last).execute(&mut *self.tx).await?;
        Ok(())
    }
}
