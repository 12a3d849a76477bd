//! What a unit of work looks up before anything is decided.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sqlx::Row;

use super::rows::json;
use super::unit::{MERGES, TICKET_IDS};
use super::{Blocked, StoreError, Tx, sql};
use crate::clock::{HOUR, Millis};
use crate::ticket::{DeadlineKind, Recent, TicketView, WINDOW, WINDOWS};

/// How many times the bound of a sender are looked at of their emails.
const LOOKED_AT: i64 = 4;
/// Counted at least, whatever the bound: other rules ask too.
const FEWEST: i64 = 100;

impl Tx {
    /// Names and ids.
    pub(super) async fn pairs(
        &mut self,
        statement: sql::Sql,
        names: &BTreeSet<String>,
    ) -> Result<HashMap<String, i64>, StoreError> {
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = sqlx::query(statement.on(self.engine)).bind(json(names)?).fetch_all(&mut *self.tx).await?;
        let pairs = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(pairs.collect::<Result<_, sqlx::Error>>()?)
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
        let query = sqlx::query(sql::INBOX_ALIKE.on(self.engine)).bind(json(alike)?).bind(since);
        for row in query.fetch_all(&mut *self.tx).await? {
            found.entry(row.try_get(0)?).or_default().insert(row.try_get(1)?);
        }
        Ok(found)
    }

    /// The beginnings of notifications, by their Message-IDs.
    pub(super) async fn answered(&mut self, ids: &BTreeSet<String>) -> Result<HashMap<String, Vec<u8>>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let query = sqlx::query(sql::NOTIFICATIONS_ANSWERED.on(self.engine)).bind(json(ids)?);
        let rows = query.fetch_all(&mut *self.tx).await?;
        let notifications = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(notifications.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Tickets by their ids, their rows locked, lowest first. Related tickets are locked after them: two instances that
    /// block each other there are told apart by PostgreSQL, and one of them tries again.
    pub(super) async fn ticket_views(&mut self, ids: &BTreeSet<i64>) -> Result<HashMap<i64, TicketView>, StoreError> {
        let mut tickets = HashMap::new();
        if ids.is_empty() {
            return Ok(tickets);
        }
        let list = json(ids)?;
        let rows = sqlx::query(sql::TICKET_VIEWS.on(self.engine)).bind(&list).fetch_all(&mut *self.tx).await?;
        for row in &rows {
            let ticket = super::view::ticket(row)?;
            tickets.insert(ticket.id, ticket);
        }
        let people = sqlx::query(sql::PARTICIPANTS_OF.on(self.engine)).bind(&list).fetch_all(&mut *self.tx).await?;
        for row in people {
            let id: i64 = row.try_get(0)?;
            if let Some(ticket) = tickets.get_mut(&id) {
                ticket.participants.push(row.try_get(1)?);
            }
        }
        let due = sqlx::query(sql::DEADLINES_OF.on(self.engine)).bind(&list).fetch_all(&mut *self.tx).await?;
        for row in due {
            let (id, kind): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
            if let (Some(ticket), Some(kind)) = (tickets.get_mut(&id), DeadlineKind::from_word(&kind)) {
                ticket.deadlines.insert(kind, row.try_get(2)?);
            }
        }
        Ok(tickets)
    }

    /// Tickets, and those they were merged into; with `related` also their parents and parts, and what a
    /// command on them changed besides.
    pub(super) async fn with_related(
        &mut self,
        ids: BTreeSet<i64>,
        related: bool,
    ) -> Result<HashMap<i64, TicketView>, StoreError> {
        let mut tickets = self.ticket_views(&ids).await?;
        for _ in 0..MERGES {
            let mut more: BTreeSet<i64> = tickets.values().map(|t| t.merged_into).collect();
            if related {
                more.extend(tickets.values().map(|t| t.parent));
                more.extend(
                    tickets.values().filter_map(|t| t.undo.as_ref()).flat_map(|u| u.before.iter().map(|t| t.id)),
                );
            }
            more.retain(|id| *id != 0 && !tickets.contains_key(id));
            if more.is_empty() {
                break;
            }
            tickets.extend(self.ticket_views(&more).await?);
        }
        if related && !tickets.is_empty() {
            let list = json(&tickets.keys().collect::<Vec<_>>())?;
            let rows =
                sqlx::query(sql::TICKETS_OF_PARENTS.on(self.engine)).bind(&list).fetch_all(&mut *self.tx).await?;
            let mut parts: BTreeSet<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
            parts.retain(|id| !tickets.contains_key(id));
            tickets.extend(self.ticket_views(&parts).await?);
        }
        Ok(tickets)
    }

    pub(super) async fn of_vendors(&mut self, addresses: &BTreeSet<String>) -> Result<Vec<i64>, StoreError> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let query = sqlx::query(sql::TICKETS_OF_VENDORS.on(self.engine)).bind(json(addresses)?);
        let rows = query.fetch_all(&mut *self.tx).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?)
    }

    pub(super) async fn original_requests(&mut self, ids: BTreeSet<i64>) -> Result<HashMap<i64, String>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let query = sqlx::query(sql::ORIGINAL_REQUESTS.on(self.engine)).bind(json(&ids)?);
        let rows = query.fetch_all(&mut *self.tx).await?;
        let pairs = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(pairs.collect::<Result<_, sqlx::Error>>()?)
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
        let mut query = sqlx::query(sql::OUTBOX_RECENT.on(self.engine)).bind(json(recipients)?);
        for window in WINDOW.iter().rev() {
            query = query.bind(now - window);
        }
        for row in query.fetch_all(&mut *self.tx).await? {
            let mut counts = [0i64; WINDOWS];
            for (at, count) in counts.iter_mut().rev().enumerate() {
                *count = row.try_get(2 + at)?;
            }
            let (recipient, ticket): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            found.entry(recipient).or_default().add(ticket, counts);
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
        let query = sqlx::query(sql::OUTBOX_RECENT_OF_AGENTS.on(self.engine)).bind(json(agents)?).bind(now - HOUR);
        for row in query.fetch_all(&mut *self.tx).await? {
            let (recipient, count): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            found.entry(recipient).or_default().add(0, [count; WINDOWS]);
        }
        Ok(found)
    }

    pub(super) async fn blocked(
        &mut self,
        addresses: &BTreeSet<String>,
        now: Millis,
    ) -> Result<HashMap<String, Blocked>, StoreError> {
        let mut found = HashMap::new();
        if addresses.is_empty() {
            return Ok(found);
        }
        let query = sqlx::query(sql::UNDELIVERABLE_AMONG.on(self.engine)).bind(json(addresses)?).bind(now);
        for row in query.fetch_all(&mut *self.tx).await? {
            let block = Blocked {
                address: row.try_get(0)?,
                since: row.try_get(1)?,
                until: row.try_get(2)?,
                status: row.try_get(3)?,
                reason: row.try_get(4)?,
                ticket: String::new(),
            };
            found.insert(block.address.clone(), block);
        }
        Ok(found)
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
        let query = sqlx::query(sql::COMMANDS_DONE.on(self.engine)).bind(json(ids)?);
        for row in query.fetch_all(&mut *self.tx).await? {
            found.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
        }
        Ok(found)
    }

    /// Contents and tickets of emails by their ids.
    pub(super) async fn copies(
        &mut self,
        ids: &BTreeSet<String>,
    ) -> Result<HashMap<String, Vec<(String, i64)>>, StoreError> {
        let mut found: HashMap<String, Vec<(String, i64)>> = HashMap::new();
        if ids.is_empty() {
            return Ok(found);
        }
        let query = sqlx::query(sql::COPIES.on(self.engine)).bind(json(ids)?);
        for row in query.fetch_all(&mut *self.tx).await? {
            found.entry(row.try_get(0)?).or_default().push((row.try_get(1)?, row.try_get(2)?));
        }
        Ok(found)
    }

    pub(super) async fn seen_images(&mut self, keys: &BTreeSet<String>) -> Result<HashSet<String>, StoreError> {
        if keys.is_empty() {
            return Ok(HashSet::new());
        }
        let query = sqlx::query(sql::SEEN_IMAGES.on(self.engine)).bind(json(keys)?);
        let rows = query.fetch_all(&mut *self.tx).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?)
    }

    /// The last counts given out, locked: that of ticket ids first, then the prefixes in their order.
    pub(super) async fn lock_counters(
        &mut self,
        prefixes: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, (i64, i64)>, StoreError> {
        let mut counters = BTreeMap::new();
        let names = std::iter::once(TICKET_IDS).chain(prefixes.iter().map(String::as_str));
        for name in names.filter(|_| !prefixes.is_empty()) {
            let query = sqlx::query(sql::COUNTER_LOCK.on(self.engine)).bind(name);
            let last: i64 = query.fetch_one(&mut *self.tx).await?.try_get(0)?;
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
        let query = sqlx::query(sql::INBOX_LATELY.on(self.engine)).bind(json(&rows)?).bind(since).bind(looked_at);
        for row in query.fetch_all(&mut *self.tx).await? {
            let (every, counted): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
            found.insert(row.try_get(0)?, if every >= looked_at { counted.max(most) } else { counted });
        }
        Ok(found)
    }

    /// How many tickets each queue opened since; nothing where all of them together opened fewer than `from`.
    pub(super) async fn opened_lately(
        &mut self,
        since: Millis,
        from: i64,
    ) -> Result<BTreeMap<String, i64>, StoreError> {
        let query = sqlx::query(sql::TICKETS_LATELY.on(self.engine)).bind(since).bind(from);
        let rows = query.fetch_all(&mut *self.tx).await?;
        let pairs = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(pairs.collect::<Result<_, sqlx::Error>>()?)
    }

    pub(super) async fn set_counter(&mut self, prefix: &str, last: i64) -> Result<(), StoreError> {
        let query = sqlx::query(sql::COUNTER_SET.on(self.engine));
        query.bind(prefix).bind(last).execute(&mut *self.tx).await?;
        Ok(())
    }
}
