//! What must hold of everything that is stored, asked of the store itself.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;

use super::chain::{ChainEntry, Rows};
use super::inbox::content_hash_of;
use super::rows::json;
use super::{Store, StoreError, sql};
use crate::clock::Millis;
use crate::ticket::{InboxId, parse_number};

/// Rows looked at by one statement.
const PAGE: i64 = 2_000;
/// Emails whose bytes are read by one statement.
const EMAILS: i64 = 100;

/// Something that must hold.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// What it is about, in a few words.
    pub name: &'static str,
    statement: sql::Sql,
}

/// Every check that is one statement.
pub const CHECKS: [Check; 19] = [
    check("the database file is whole", sql::VERIFY_INTEGRITY),
    check("rows that others name are there", sql::VERIFY_FOREIGN),
    check("every email has one verdict", sql::VERIFY_VERDICTS),
    check("every verdict has a reason", sql::VERIFY_REASONS),
    check("emails that opened or joined have their ticket", sql::VERIFY_DECIDED_TICKETS),
    check("emails that opened are messages", sql::VERIFY_OPENINGS),
    check("emails have their bytes", sql::VERIFY_RAW),
    check("bytes have their mail", sql::VERIFY_RAW_OWNERS),
    check("messages have ticket and mail", sql::VERIFY_MESSAGES),
    check("tickets have messages", sql::VERIFY_TICKET_MESSAGES),
    check("tickets say how they were opened", sql::VERIFY_TICKET_EVENTS),
    check("tickets have a state history", sql::VERIFY_TICKET_STATES),
    check("requesters are among a ticket's people", sql::VERIFY_REQUESTERS),
    check("status and times agree", sql::VERIFY_STATUS),
    check("parts and merged tickets lead somewhere", sql::VERIFY_KIN),
    check("notifications have their bytes", sql::VERIFY_NOTIFICATIONS),
    check("bytes have their notification", sql::VERIFY_NOTIFICATION_OWNERS),
    check("notifications have state and ticket", sql::VERIFY_OUTBOX),
    check("first answers are notifications", sql::VERIFY_ANSWERED),
];

const fn check(name: &'static str, statement: sql::Sql) -> Check {
    Check { name, statement }
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, FromRow)]
pub struct Sizes {
    pub emails: i64,

    pub tickets: i64,

    pub notifications: i64,

    pub chain_entries: i64,
}

/// What was found of the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// What is wrong.
    pub problems: Vec<String>,
    /// Its end.
    pub head: String,
    /// Whether an earlier end that was asked for is still part of it.
    pub holds: bool,
}

impl Store {
    /// What does not hold, in words; at most a hundred.
    pub async fn broken(&self, check: Check) -> Result<Vec<String>, StoreError> {
        let words: Vec<String> = sqlx::query_scalar(check.statement.on(self.engine)).fetch_all(&self.read).await?;
        Ok(words.into_iter().filter(|word| word != "ok").collect())
    }

    /// How much there is.
    pub async fn sizes(&self) -> Result<Sizes, StoreError> {
        Ok(sqlx::query_as(sql::SIZES.on(self.engine)).fetch_one(&self.read).await?)
    }

    /// Gaps and repeats in the numbers of tickets.
    pub async fn broken_numbers(&self) -> Result<Vec<String>, StoreError> {
        let mut given: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        let before = self.counters().await?;
        let (mut wrong, mut last_id, mut after) = (Vec::new(), 0, 0);
        loop {
            let query = sqlx::query_as::<_, (i64, String)>(sql::NUMBERS.on(self.engine)).bind(after).bind(PAGE);
            let rows = query.fetch_all(&self.read).await?;
            for (id, number) in &rows {
                (after, last_id) = (*id, *id);
                match parse_number(number) {
                    Some((prefix, count)) if given.entry(prefix.clone()).or_default().insert(count) => {}
                    _ => wrong.push(format!("{number} is given twice, or is not a valid number")),
                }
            }
            if rows.is_empty() {
                break;
            }
        }
        // Numbers that are given out meanwhile are no gaps, and no surprise.
        let now = self.counters().await?;
        for (prefix, last) in before {
            let most = now.get(&prefix).copied().unwrap_or(last);
            if prefix.starts_with('#') {
                if prefix == super::unit::TICKET_IDS && most < last_id {
                    wrong.push(format!("the counter of tickets stands at {last}, but there is a ticket {last_id}"));
                }
                continue;
            }
            wrong.extend(gaps(&prefix, last, most, &given.remove(&prefix).unwrap_or_default()));
        }
        let given = given.into_keys().filter(|prefix| !now.contains_key(prefix));
        wrong.extend(given.map(|prefix| format!("{prefix} has tickets, but no counter")));
        Ok(wrong)
    }

    /// Emails whose bytes are not those that were received, beyond an id; with the last id looked at, none at the end.
    pub(crate) async fn changed_emails(&self, after: InboxId) -> Result<(Vec<String>, Option<InboxId>), StoreError> {
        let query = sqlx::query_as::<_, (InboxId, String, i64, Vec<u8>)>(sql::KEPT_EMAILS.on(self.engine));
        let (mut wrong, mut last) = (Vec::new(), None);
        for (id, hash, size, bytes) in query.bind(after).bind(EMAILS).fetch_all(&self.read).await? {
            last = Some(id);
            if content_hash_of(&bytes, u64::try_from(size).unwrap_or(0)) != hash {
                wrong.push(format!("the bytes of mail {id} are not those that were received"));
            }
        }
        Ok((wrong, last))
    }

    /// Follows the chain from its beginning. `since`: an end that was noted earlier, or nothing.
    pub async fn chain(&self, since: &str) -> Result<Chain, StoreError> {
        let before = self.counters().await?;
        let mut found = Chain { holds: since.is_empty(), ..Chain::default() };
        let mut said: BTreeMap<i64, String> = BTreeMap::new();
        let mut after = 0;
        loop {
            let chain_entries = self.chain_entries(after, PAGE).await?;
            for chain_entry in &chain_entries {
                follow(chain_entry, after, &mut found, &mut said);
                found.holds |= chain_entry.chain == since;
                after = chain_entry.id;
            }
            if chain_entries.is_empty() {
                break;
            }
        }
        if let Some(last) = before.get("#link").filter(|last| **last > after) {
            found.problems.push(format!("the chain ends at chain entry {after}, but {last} were written"));
        }
        // What is written meanwhile lies beyond the end that was read.
        let mut covered = self.covered().await?;
        let mut newest = after;
        loop {
            let chain_entries = self.chain_entries(newest, PAGE).await?;
            let Some(last) = chain_entries.last() else { break };
            newest = last.id;
            for chain_entry in &chain_entries {
                covered.remove(&chain_entry.id);
                // What was erased meanwhile fits the new chain entry, not what was read.
                if let Some(about) = emptied(chain_entry) {
                    covered.remove(&about);
                    said.remove(&about);
                }
            }
        }
        for (id, digest) in said {
            if covered.remove(&id).unwrap_or_default().digest() != digest {
                found.problems.push(format!("what chain entry {id} covers was changed"));
            }
        }
        found.problems.extend(covered.keys().map(|id| format!("there is no chain entry {id}, but rows that name it")));
        for statement in [sql::VERIFY_UNCOVERED, sql::VERIFY_UNCOVERED_NOTIFICATIONS] {
            found.problems.extend(self.broken(Check { name: "", statement }).await?);
        }
        Ok(found)
    }

    async fn counters(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let rows = sqlx::query_as(sql::COUNTERS.on(self.engine)).fetch_all(&self.read).await?;
        Ok(rows.into_iter().collect())
    }

    /// What each chain entry covers.
    async fn covered(&self) -> Result<BTreeMap<i64, Rows>, StoreError> {
        let mut covered: BTreeMap<i64, Rows> = BTreeMap::new();
        let mut after = 0;
        loop {
            let query = sqlx::query_as::<_, CoveredEvent>(sql::COVERED_EVENTS.on(self.engine)).bind(after).bind(PAGE);
            let rows = query.fetch_all(&self.read).await?;
            for row in &rows {
                after = row.id;
                row.cover(&mut covered);
            }
            if rows.is_empty() {
                break;
            }
        }
        after = 0;
        loop {
            let query = sqlx::query_as::<_, CoveredNotification>(sql::COVERED_NOTIFICATIONS.on(self.engine));
            let rows = query.bind(after).bind(PAGE).fetch_all(&self.read).await?;
            for row in &rows {
                after = row.id;
                row.cover(&mut covered);
            }
            if rows.is_empty() {
                return Ok(covered);
            }
        }
    }

    /// UIDs of a folder whose emails are in the inbox.
    pub(crate) async fn known_uids(&self, mailbox: &str, uid_validity: u32) -> Result<BTreeSet<u32>, StoreError> {
        let query = sqlx::query_scalar::<_, i64>(sql::INBOX_UIDS.on(self.engine)).bind(mailbox);
        let uids = query.bind(i64::from(uid_validity)).fetch_all(&self.read).await?;
        Ok(uids.into_iter().filter_map(|uid| u32::try_from(uid).ok()).collect())
    }

    /// How many of these emails are not in the inbox.
    pub async fn unknown(&self, mailbox: &str, emails: &[(Vec<u8>, u64)]) -> Result<usize, StoreError> {
        let hashes: BTreeSet<String> = emails.iter().map(|(bytes, size)| content_hash_of(bytes, *size)).collect();
        let query = sqlx::query(sql::INBOX_KNOWN.on(self.engine)).bind(json(&hashes)?).bind(mailbox);
        Ok(hashes.len() - query.fetch_all(&self.read).await?.len())
    }
}

/// A line of history, with the chain entry that covers it.
#[derive(FromRow)]
pub(super) struct CoveredEvent {
    id: i64,
    chain_entry: i64,
    ticket_id: i64,
    created_at: Millis,
    actor: String,
    kind: String,
    text: String,
}

impl CoveredEvent {
    pub(super) fn cover(&self, covered: &mut BTreeMap<i64, Rows>) {
        let rows = covered.entry(self.chain_entry).or_default();
        rows.event(self.ticket_id, self.created_at, &self.actor, &self.kind, &self.text);
    }
}

/// A notification, with the chain entry that covers it.
#[derive(FromRow)]
pub(super) struct CoveredNotification {
    id: i64,
    chain_entry: i64,
    once_key: String,
    ticket_id: i64,
    kind: String,
    recipient: String,
    message_id: String,
}

impl CoveredNotification {
    pub(super) fn cover(&self, covered: &mut BTreeMap<i64, Rows>) {
        let rows = covered.entry(self.chain_entry).or_default();
        rows.notification(&self.once_key, self.ticket_id, &self.kind, &self.recipient, &self.message_id);
    }
}

fn follow(chain_entry: &ChainEntry, before: i64, found: &mut Chain, said: &mut BTreeMap<i64, String>) {
    if chain_entry.id != before + 1 {
        found.problems.push(format!("chain entries between {before} and {} are missing", chain_entry.id));
    }
    if chain_entry.expected(&found.head) != chain_entry.chain {
        found.problems.push(format!(
            "chain entry {} of {} does not follow from the one before it",
            chain_entry.id, chain_entry.kind
        ));
    }
    found.head.clone_from(&chain_entry.chain);
    said.insert(emptied(chain_entry).unwrap_or(chain_entry.id), chain_entry.digest.clone());
}

/// An erasure says what is left of the chain entry it emptied: which one.
fn emptied(chain_entry: &ChainEntry) -> Option<i64> {
    chain_entry.subject.strip_prefix("link ").filter(|_| chain_entry.kind == "erased").and_then(|id| id.parse().ok())
}

fn gaps(prefix: &str, last: i64, most: i64, given: &BTreeSet<i64>) -> Vec<String> {
    let missing: Vec<i64> = (1..=last).filter(|n| !given.contains(n)).take(20).collect();
    let mut wrong: Vec<String> = missing.into_iter().map(|n| format!("{prefix} has no ticket {n}")).collect();
    if let Some(highest) = given.last().filter(|highest| **highest > most) {
        wrong.push(format!("the counter of {prefix} stands at {last}, but there is a ticket {highest}"));
    }
    wrong
}
