//! The chain: what no commit can change quietly afterwards.
//!
//! Each commit that writes into histories or the outbox adds one chain entry, which holds a digest of what it wrote and of the
//! chain entry before it. Whoever changes, adds or removes a line later breaks a chain entry; whoever computes all chain entries anew changes
//! the newest, which the log, every backup and `guichet verify` name. Chain entries are never changed: an erasure
//! adds one that says which chain entry it emptied.

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

use super::{Durability, Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::notify::OutgoingEmail;
use crate::ticket::TicketId;

/// The counter of chain entries; no prefix can be called so.
const COUNTER: &str = "#link";

/// A line of a ticket's history: ticket, time, actor, kind, text.
pub(super) type HistoryLine = (TicketId, Millis, String, &'static str, String);

/// One entry of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct ChainEntry {
    /// Its place, from 1, without gaps.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// `decided`, or what was done.
    pub kind: String,
    /// Who did it; empty for the service desk itself.
    pub actor: String,
    /// What it was about.
    pub subject: String,
    /// In words.
    pub text: String,
    /// Digest of the rows it covers; empty for none.
    pub digest: String,
    /// Digest of this chain entry and all before it.
    pub chain: String,
}

impl ChainEntry {
    /// What [`ChainEntry::chain`] must be, after the chain so far.
    #[must_use]
    pub fn expected(&self, before: &str) -> String {
        let all = (before, self.id, self.at, &self.kind, &self.actor, &self.subject, &self.text, &self.digest);
        hash(&all)
    }
}

/// What somebody did, for the record.
#[derive(Debug, Clone, Copy)]
pub struct AuditEntry<'a> {
    /// One word: `released`, `erased`, `restored`…
    pub kind: &'a str,
    /// Who; empty for the service desk itself.
    pub actor: &'a str,
    /// What it was about.
    pub subject: &'a str,
    /// In words.
    pub text: &'a str,
}

/// Digest of rows, in whatever order they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows(Vec<String>);

impl Rows {
    /// A line of a ticket's history.
    pub fn event(&mut self, ticket: i64, at: Millis, actor: &str, kind: &str, text: &str) {
        self.0.push(hash(&("event", ticket, at, actor, kind, text)));
    }

    /// A notification.
    pub fn notification(&mut self, once_key: &str, ticket: i64, kind: &str, recipient: &str, message_id: &str) {
        self.0.push(hash(&("letter", once_key, ticket, kind, recipient, message_id)));
    }

    /// The digest; empty for no rows.
    #[must_use]
    pub fn digest(mut self) -> String {
        self.0.sort_unstable();
        if self.0.is_empty() { String::new() } else { hash(&self.0) }
    }
}

/// SHA-256 of the value's JSON, hexadecimal.
fn hash(value: &impl Serialize) -> String {
    // Texts and numbers always have a JSON form.
    let json = serde_json::to_vec(value).unwrap_or_default();
    HEXLOWER.encode(&Sha256::digest(json))
}

impl Store {
    /// Begins the chain where there is none yet.
    pub(super) async fn ensure_chain(&self) -> Result<(), StoreError> {
        if !self.chain_entries(0, 1).await?.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin(Durability::Full).await?;
        let (id, before) = tx.next_chain_entry().await?;
        if id == 1 {
            let text = "what stands before this chain entry is not covered by the chain";
            tx.add_chain_entry(
                id,
                &before,
                0,
                AuditEntry { kind: "begun", actor: "", subject: "", text },
                String::new(),
            )
            .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Chain entries beyond an id, at most `count`.
    pub async fn chain_entries(&self, after: i64, count: i64) -> Result<Vec<ChainEntry>, StoreError> {
        Ok(sqlx::query_as(sql::ENTRIES.on(self.engine)).bind(after).bind(count).fetch_all(&self.read).await?)
    }

    /// What was done by people or in upkeep, newest first.
    pub async fn audit_entries(&self, count: i64) -> Result<Vec<ChainEntry>, StoreError> {
        Ok(sqlx::query_as(sql::ENTRIES_OF_PEOPLE.on(self.engine)).bind(count).fetch_all(&self.read).await?)
    }

    /// Records what somebody did.
    pub async fn record(&self, entry: AuditEntry<'_>, now: Millis) -> Result<(), StoreError> {
        let mut tx = self.begin(Durability::Full).await?;
        tx.record(entry, now).await?;
        tx.commit().await
    }
}

impl Tx {
    /// Writes lines of history and notifications under one entry of the chain. The last thing to be done in a
    /// transaction: until it ends, no other commit goes on.
    pub(super) async fn append_to_chain(
        &mut self,
        events: &[HistoryLine],
        notifications: &[(Option<TicketId>, OutgoingEmail)],
        now: Millis,
    ) -> Result<(), StoreError> {
        if events.is_empty() && notifications.is_empty() {
            return Ok(());
        }
        let (chain_entry, before) = self.next_chain_entry().await?;
        let mut covered = Rows::default();
        self.queue_notifications(notifications, chain_entry, &mut covered, now).await?;
        let lines: Vec<_> = events
            .iter()
            .map(|(ticket, at, actor, kind, text)| {
                covered.event(ticket.0, *at, actor, kind, text);
                (ticket, at, actor, kind, text, chain_entry)
            })
            .collect();
        self.insert(sql::EVENTS_ADD, &lines).await?;
        let entry = AuditEntry { kind: "decided", actor: "", subject: "", text: "" };
        self.add_chain_entry(chain_entry, &before, now, entry, covered.digest()).await
    }

    /// Records what somebody did, with what else this transaction does. The last thing to be done in it: until it
    /// ends, no other commit goes on.
    pub async fn record(&mut self, entry: AuditEntry<'_>, now: Millis) -> Result<(), StoreError> {
        let (id, before) = self.next_chain_entry().await?;
        self.add_chain_entry(id, &before, now, entry, String::new()).await
    }

    /// The id of the next chain entry and the chain so far; the chain's end stays locked.
    pub(super) async fn next_chain_entry(&mut self) -> Result<(i64, String), StoreError> {
        let query = sqlx::query_scalar::<_, i64>(sql::COUNTER_NEXT.on(self.engine)).bind(COUNTER);
        let id = query.fetch_one(&mut *self.tx).await?;
        let query = sqlx::query_scalar(sql::ENTRY_LAST.on(self.engine)).bind(id - 1);
        Ok((id, query.fetch_optional(&mut *self.tx).await?.unwrap_or_default()))
    }

    pub(super) async fn add_chain_entry(
        &mut self,
        id: i64,
        before: &str,
        at: Millis,
        entry: AuditEntry<'_>,
        digest: String,
    ) -> Result<(), StoreError> {
        let [kind, actor, subject, text] = [entry.kind, entry.actor, entry.subject, entry.text].map(ToOwned::to_owned);
        let mut chain_entry = ChainEntry { id, at, kind, actor, subject, text, digest, chain: String::new() };
        chain_entry.chain = chain_entry.expected(before);
        let query = sqlx::query(sql::ENTRY_ADD.on(self.engine))
            .bind(id)
            .bind(at)
            .bind(chain_entry.kind)
            .bind(chain_entry.actor);
        let query =
            query.bind(chain_entry.subject).bind(chain_entry.text).bind(chain_entry.digest).bind(chain_entry.chain);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_depends_on_everything_it_says_and_on_those_before_it() {
        let chain_entry = ChainEntry {
            id: 2,
            at: 5,
            kind: "decided".into(),
            actor: String::new(),
            subject: String::new(),
            text: "one".into(),
            digest: "d".into(),
            chain: String::new(),
        };
        let all = [
            chain_entry.expected("a"),
            chain_entry.expected("b"),
            ChainEntry { id: 3, ..chain_entry.clone() }.expected("a"),
            ChainEntry { at: 6, ..chain_entry.clone() }.expected("a"),
            ChainEntry { text: "two".into(), ..chain_entry.clone() }.expected("a"),
            ChainEntry { digest: String::new(), ..chain_entry.clone() }.expected("a"),
            // What stands in one field is not the same in the next.
            ChainEntry { actor: "decided".into(), kind: String::new(), ..chain_entry }.expected("a"),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn rows_are_the_same_in_any_order_and_differ_in_any_word() {
        let rows = |texts: &[&str]| {
            let mut rows = Rows::default();
            texts.iter().for_each(|text| rows.event(1, 2, "a", "k", text));
            rows.digest()
        };
        assert_eq!(rows(&["x", "y"]), rows(&["y", "x"]));
        assert_ne!(rows(&["x", "y"]), rows(&["x"]));
        assert_ne!(rows(&["x"]), rows(&["x", "x"]));
        assert_eq!(rows(&[]), "");
    }
}
