//! What a decision may ask of what was loaded.

use super::{MERGES, Unit};
use std::collections::BTreeSet;

use crate::clock::Millis;
use crate::store::article::find_in;
use crate::store::rows::json;
use crate::store::{Blocked, InboxRow, StoreError, sql};
use crate::ticket::{Recent, Said, TakenIn, TicketId, TicketView};

impl Unit {
    /// A ticket by its row id.
    #[must_use]
    pub fn ticket(&self, id: TicketId) -> Option<&TicketView> {
        self.tickets.get(&id)
    }

    /// Row id of the ticket a Message-ID belongs to.
    #[must_use]
    pub(crate) fn ticket_of_message(&self, message_id: &str) -> Option<TicketId> {
        self.by_message.get(message_id).copied()
    }

    /// Row id of the ticket with this number.
    #[must_use]
    pub(crate) fn ticket_of_number(&self, number: &str) -> Option<TicketId> {
        self.by_number.get(number).copied()
    }

    /// What was taken in within the last hour of this sender and in these queues, this unit's included.
    #[must_use]
    pub(crate) fn taken_in<'a>(&self, sender: &str, queues: impl Iterator<Item = &'a String>) -> TakenIn {
        let opened = |queue: &String| self.opened_in.get(queue).copied().unwrap_or_default();
        TakenIn {
            of_sender: self.decided.get(sender).copied().unwrap_or_default(),
            of_queues: queues.map(|queue| (queue.clone(), opened(queue))).collect(),
        }
    }

    /// How many other senders said the same within the last hour.
    #[must_use]
    pub(crate) fn said_alike(&self, alike: &str, sender: &str) -> usize {
        self.alike.get(alike).map_or(0, |senders| senders.iter().filter(|other| *other != sender).count())
    }

    /// The tickets that hold an email of this id that says the same.
    #[must_use]
    pub(crate) fn tickets_of_copy(&self, message_id: &str, content: &str) -> Vec<TicketView> {
        let known = self.copies.get(message_id).map(Vec::as_slice).unwrap_or_default();
        let same = known.iter().filter(|(held, _)| held == content).filter_map(|(_, id)| self.ticket(*id));
        same.cloned().collect()
    }

    /// The earliest answer beside one that came back, unless that came back too: when it was delivered, and its Message-ID.
    #[must_use]
    pub(crate) fn next_answer(&self, message_id: &str) -> Option<(Millis, String)> {
        let known = self.next_answers.get(message_id)?;
        Some(known).filter(|(_, id)| !self.returned.contains(id)).cloned()
    }

    /// Whether an email of this id that says the same was a command that was carried out.
    #[must_use]
    pub(crate) fn is_carried_out(&self, message_id: &str, content: &str) -> bool {
        self.carried_out.get(message_id).is_some_and(|known| known.iter().any(|c| c == content))
    }

    /// Notifications lately written to this address, those of this unit included.
    #[must_use]
    pub(crate) fn recent_notifications(&self, recipient: &str) -> Recent {
        self.recent.get(recipient).cloned().unwrap_or_default()
    }

    /// Why nothing is written to this address for now, if so.
    #[must_use]
    pub fn blocked(&self, address: &str) -> Option<&Blocked> {
        self.blocked.get(address)
    }

    /// When a notification was written, by its Message-ID; none when an answer to it proves nothing.
    #[must_use]
    pub(crate) fn issued_at(&self, message_id: &str) -> Option<Millis> {
        self.issued.get(message_id).map(|(at, _)| *at).filter(|_| !self.shown.contains(message_id))
    }

    /// Whether an agent's plain reply to a notification reaches the requester.
    #[must_use]
    pub(crate) fn reaches_requester(&self, message_id: &str) -> bool {
        self.issued.get(message_id).is_some_and(|(_, reaches)| *reaches)
    }

    /// What was said on a ticket.
    pub(crate) fn said(&self, ticket: TicketId) -> &[Said] {
        self.said.get(&ticket).map(Vec::as_slice).unwrap_or_default()
    }

    /// When the answers of this ticket were written that wait for their time.
    #[must_use]
    pub(crate) fn waiting_answers(&self, ticket: TicketId) -> BTreeSet<Millis> {
        self.waiting_answers.get(&ticket).cloned().unwrap_or_default()
    }

    /// The beginning of a notification of ours, by its Message-ID.
    #[must_use]
    pub fn notification(&self, message_id: &str) -> Option<&[u8]> {
        self.answered.get(message_id).map(Vec::as_slice)
    }

    /// What the request of a ticket says.
    #[must_use]
    pub(crate) fn original_request(&self, ticket: TicketId) -> Option<&String> {
        self.original_requests.get(&ticket)
    }

    /// Every ticket that is at hand.
    pub fn tickets(&self) -> impl Iterator<Item = &TicketView> {
        self.tickets.values()
    }

    /// The ticket itself, or the one it was merged into.
    #[must_use]
    pub(crate) fn current(&self, id: TicketId) -> Option<&TicketView> {
        let mut ticket = self.tickets.get(&id)?;
        for _ in 0..MERGES {
            match ticket.merged_into.and_then(|into| self.tickets.get(&into)) {
                Some(next) => ticket = next,
                None => break,
            }
        }
        Some(ticket)
    }

    /// Messages of a ticket as far as they are written, this unit's included.
    pub async fn messages(&mut self, ticket: TicketId) -> Result<Vec<crate::store::MessageRow>, StoreError> {
        crate::store::lookup::messages_in(&mut *self.tx.tx, self.tx.engine, ticket).await
    }

    /// Tickets for a list, this unit's included once they are written.
    pub(crate) async fn listing(
        &mut self,
        filter: &crate::store::ListingFilter,
    ) -> Result<Vec<crate::store::TicketRow>, StoreError> {
        crate::store::lookup::listing_in(&mut *self.tx.tx, self.tx.engine, filter).await
    }

    /// Solved tickets of these queues in which the words are found, the best first.
    pub(crate) async fn solved_about(
        &mut self,
        words: &[String],
        queues: &[String],
        limit: i64,
    ) -> Result<Vec<crate::store::TicketRow>, StoreError> {
        let mut numbers: Vec<String> = Vec::new();
        for queue in queues {
            let found = find_in(&mut *self.tx.tx, self.tx.engine, words, queue, limit).await?;
            numbers.extend(found.into_iter().map(|hit| hit.number));
        }
        let query = sqlx::query_as(sql::TICKETS_NUMBERED.on(self.tx.engine)).bind(json(&numbers)?);
        Ok(query.fetch_all(&mut *self.tx.tx).await?)
    }

    /// The emails of a ticket, with those of this very commit.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub(crate) async fn emails_of_ticket(&mut self, number: &str) -> Result<Vec<InboxRow>, StoreError> {
        let query = sqlx::query_as(sql::INBOX_BY_TICKET.on(self.tx.engine)).bind(number);
        Ok(query.fetch_all(&mut *self.tx.tx).await?)
    }
}
