//! Deadlines of tickets, and wake-ups of the service desk itself: what waits for its time.

use std::collections::BTreeSet;

use super::rows::json;
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::ticket::{DeadlineKind, TicketId};

impl Store {
    /// Deadlines of these queues that have been reached, the oldest first: ticket, kind, when. Those that somebody's mail
    /// would have taken off only as far as all mail was received, those of service levels at least until `clocks_until`.
    pub async fn due(
        &self,
        queues: &[String],
        now: Millis,
        received_through: Option<Millis>,
        clocks_until: Option<Millis>,
        limit: i64,
    ) -> Result<Vec<(TicketId, DeadlineKind, Millis)>, StoreError> {
        let query = sqlx::query_as::<_, (TicketId, String, Millis)>(sql::DEADLINES_DUE.on(self.engine));
        let query = query.bind(json(&queues)?).bind(now).bind(received_through.unwrap_or(0));
        let rows = query.bind(clocks_until.unwrap_or(0)).bind(limit).fetch_all(&self.read).await?;
        Ok(rows.into_iter().filter_map(|(id, kind, at)| Some((id, kind.parse().ok()?, at))).collect())
    }

    /// Those of these tickets whose requester has been sent a notification.
    pub async fn acknowledged(&self, tickets: &BTreeSet<TicketId>) -> Result<BTreeSet<TicketId>, StoreError> {
        if tickets.is_empty() {
            return Ok(BTreeSet::new());
        }
        let query = sqlx::query_scalar::<_, TicketId>(sql::ACKNOWLEDGED.on(self.engine)).bind(json(tickets)?);
        Ok(query.fetch_all(&self.read).await?.into_iter().collect())
    }

    /// Tickets that are not done, beyond one, in order.
    pub async fn unfinished(&self, after: TicketId, limit: i64) -> Result<Vec<TicketId>, StoreError> {
        let query = sqlx::query_scalar(sql::TICKETS_UNFINISHED.on(self.engine)).bind(after).bind(limit);
        Ok(query.fetch_all(&self.read).await?)
    }

    /// When a wake-up rings next; none for one that was never set.
    pub(crate) async fn wake_up(&self, name: &str) -> Result<Option<Millis>, StoreError> {
        Ok(sqlx::query_scalar(sql::WAKE_UP_GET.on(self.engine)).bind(name).fetch_optional(&self.read).await?)
    }
}

impl Tx {
    /// Sets when a wake-up rings next.
    pub(super) async fn set_wake_up(&mut self, name: &str, at: Millis) -> Result<(), StoreError> {
        sqlx::query(sql::WAKE_UP_SET.on(self.engine)).bind(name).bind(at).execute(&mut *self.tx).await?;
        Ok(())
    }
}
