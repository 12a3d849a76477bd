//! Digests of what may change: who changes a row past the program leaves one that does not fit.
//!
//! The chain covers what is only ever added. What changes, a ticket and who takes part in it, an email's verdict, and messages
//! (which an erasure empties), has a keyed digest in its row instead, by the key of the store; that key's own digest stands in
//! the chain. Digests of the first form cover fewer columns; a row gets the whole one when it is next written.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::chain::AuditEntry;
use super::rows::{Columns, json};
use super::{Durability, Store, StoreError, Tx, VerdictRecord, sql};
use crate::clock::Millis;
use crate::ticket::{InboxId, MessageDraft, TicketId, TicketView};

/// The fact since when rows have digests.
const SINCE: &str = "digests-since";
/// Kind of the chain entry that holds the digest of the key.
pub(super) const KEY_ENTRY: &str = "key";
/// Rows looked at by one statement.
const PAGE: i64 = 1_000;

/// Begins a digest of the form that covers all parts.
const FORM: &str = "3:";
/// Begins one of the form before, which covers some of them, or all: it was widened once.
const SECOND: &str = "2:";

/// Rows of one kind that have digests.
struct Covered {
    /// What it is called in findings.
    name: &'static str,
    /// What its digest begins with, so that a row of one kind is never one of another.
    kind: &'static str,
    /// How many parts digests of the first form cover.
    first_form: usize,
    /// Which parts those of the second form cover.
    second_form: &'static [usize],
    /// Whether the last part is a list, whose order does not count.
    listed: bool,
    /// Rows after an id, and those of a list of ids: id, digest, then the parts as texts.
    page: sql::Sql,
    some: sql::Sql,
    write: sql::Sql,
}

const MESSAGES: Covered = Covered {
    name: "message",
    kind: "message",
    first_form: 5,
    second_form: &[0, 1, 2, 3, 4, 5, 6],
    listed: false,
    page: sql::DIGESTED_MESSAGES,
    some: sql::DIGESTED_MESSAGES_OF,
    write: sql::MESSAGES_DIGEST,
};
const TICKETS: Covered = Covered {
    name: "ticket",
    kind: "ticket",
    first_form: 3,
    second_form: &[0, 1, 2, 3, 5, 6, 7, 8, 14, 15, 17, 21, 22],
    listed: true,
    page: sql::DIGESTED_TICKETS,
    some: sql::DIGESTED_TICKETS_OF,
    write: sql::TICKETS_DIGEST,
};
const VERDICTS: Covered = Covered {
    name: "the verdict on mail",
    kind: "verdict",
    first_form: 3,
    second_form: &[0, 1, 2, 3, 4],
    listed: false,
    page: sql::DIGESTED_VERDICTS,
    some: sql::DIGESTED_VERDICTS_OF,
    write: sql::VERDICTS_DIGEST,
};

impl Covered {
    fn parts(&self, row: &AnyRow) -> Result<Vec<String>, StoreError> {
        let mut parts = (2..row.len()).map(|at| row.try_get(at)).collect::<Result<Vec<String>, sqlx::Error>>()?;
        if let Some(last) = parts.last_mut().filter(|_| self.listed) {
            *last = sorted(last);
        }
        Ok(parts)
    }
}

fn sorted(lines: &str) -> String {
    let lines: BTreeSet<&str> = lines.split('\n').collect();
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

/// The key of the digests.
#[derive(Clone, Default)]
pub(super) struct Key(Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(secret.to_vec())
    }

    fn digest(&self, kind: &str, parts: &[&str]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(kind.as_bytes());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        HEXLOWER.encode(&mac.finalize().into_bytes()[..12])
    }

    /// What a row's digest column holds.
    fn of(&self, covered: &Covered, parts: &[&str]) -> String {
        format!("{FORM}{}", self.digest(covered.kind, parts))
    }

    /// Whether a digest is the one of these parts. Earlier forms covered fewer of them.
    fn fits(&self, covered: &Covered, parts: &[&str], digest: &str) -> bool {
        if digest.starts_with(FORM) {
            return digest == self.of(covered, parts);
        }
        if let Some(digest) = digest.strip_prefix(SECOND) {
            let some: Vec<&str> = covered.second_form.iter().filter_map(|at| parts.get(*at).copied()).collect();
            return [some.as_slice(), parts].iter().any(|parts| digest == self.digest(covered.kind, parts));
        }
        digest == self.digest(covered.kind, &parts[..covered.first_form.min(parts.len())])
    }

    /// Of a message, `files` as JSON.
    pub(super) fn message(
        &self,
        ticket: TicketId,
        inbox: InboxId,
        message: &MessageDraft,
        files: &str,
        now: Millis,
    ) -> String {
        let numbers = [ticket.0, inbox.0, now, i64::from(message.automatic)].map(|n| n.to_string());
        let [ticket, inbox, at, automatic] = &numbers;
        let (direction, visibility) = (message.direction().as_str(), message.visibility.as_str());
        let (name, id) = (&message.sender_name, &message.message_id);
        let parts = [
            ticket,
            direction,
            visibility,
            &message.text,
            &message.new_text,
            &message.sender,
            files,
            name,
            id,
            inbox,
            at,
            automatic,
        ];
        self.of(&MESSAGES, &parts)
    }

    /// Of a ticket, with who takes part in it.
    pub(super) fn ticket(&self, ticket: &TicketView, resolve_due: Millis) -> String {
        let numbers = [
            ticket.id.0,
            ticket.level,
            ticket.merged_into.map_or(0, |id| id.0),
            ticket.parent.map_or(0, |id| id.0),
            ticket.rating.unwrap_or(0),
            ticket.created_at,
            ticket.resolved_at.unwrap_or(0),
            ticket.closed_at.unwrap_or(0),
            resolve_due,
        ]
        .map(|n| n.to_string());
        let [id, level, merged_into, parent, rating, created_at, resolved_at, closed_at, resolve_due] = &numbers;
        let people = sorted(&ticket.participants.join("\n"));
        // As the columns hold it.
        fn text(text: &Option<String>) -> &str {
            text.as_deref().unwrap_or_default()
        }
        self.of(
            &TICKETS,
            &[
                id,
                &ticket.number,
                ticket.status.as_str(),
                &ticket.requester.address,
                &ticket.requester.name,
                text(&ticket.assignee),
                &ticket.title,
                &ticket.priority,
                text(&ticket.solution),
                &ticket.queue,
                text(&ticket.kind),
                text(&ticket.category),
                text(&ticket.service),
                text(&ticket.vendor),
                level,
                merged_into,
                parent,
                rating,
                created_at,
                resolved_at,
                closed_at,
                resolve_due,
                &people,
            ],
        )
    }

    pub(super) fn verdict(&self, id: InboxId, verdict_record: &VerdictRecord) -> String {
        let (id, ticket) = (id.to_string(), verdict_record.ticket.unwrap_or_default().to_string());
        self.of(
            &VERDICTS,
            &[&id, verdict_record.verdict.as_str(), &ticket, &verdict_record.sender, &verdict_record.reason],
        )
    }

    /// Of the key itself, for the chain.
    fn own(&self) -> String {
        HEXLOWER.encode(&Sha256::digest([b"guichet key ".as_slice(), &self.0].concat())[..16])
    }
}

impl Store {
    /// From now on rows have digests, and the key has one in the chain.
    pub(super) async fn begin_digests(&self, now: Millis) -> Result<(), StoreError> {
        if self.meta(SINCE).await?.is_some() {
            return Ok(());
        }
        let (messages, tickets, emails): (i64, i64, i64) =
            sqlx::query_as(sql::LAST_IDS.on(self.engine)).fetch_one(&self.read).await?;
        // Rows from before have none.
        let text = format!("{} {messages} {tickets} {emails}", self.key.own());
        let entry = AuditEntry { kind: KEY_ENTRY, actor: "", subject: "the key of this store", text: &text };
        let mut tx = self.begin(Durability::Full).await?;
        let statement = sql::META_ADD.on(self.engine);
        let added = sqlx::query(statement).bind(SINCE).bind(now.to_string()).execute(&mut *tx.tx).await?;
        // Two programs may start at once.
        if added.rows_affected() == 1 {
            tx.record(entry, now).await?;
        }
        tx.commit().await
    }

    /// What the chain says of the key: its digest, and the last message, ticket and mail without digests.
    async fn key_entry(&self) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar(sql::ENTRY_OF_KEY.on(self.engine)).bind(KEY_ENTRY).fetch_optional(&self.read).await?)
    }

    /// Rows that do not fit their digest, or have none although they should.
    pub(crate) async fn changed_rows(&self) -> Result<Vec<String>, StoreError> {
        let named = self.key_entry().await?.unwrap_or_default();
        let mut since = named.split(' ').skip(1).map(|id| id.parse::<i64>().unwrap_or(0));
        let mut wrong = Vec::new();
        for covered in [&MESSAGES, &TICKETS, &VERDICTS] {
            let (mut after, since) = (0_i64, since.next().unwrap_or(0));
            loop {
                let query = sqlx::query(covered.page.on(self.engine)).bind(after).bind(PAGE);
                let rows = query.fetch_all(&self.read).await?;
                let Some(last) = rows.last() else { break };
                for row in &rows {
                    let (id, digest): (i64, String) = (row.number("id")?, row.text("digest")?);
                    let parts = covered.parts(row)?;
                    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                    if !self.key.fits(covered, &parts, &digest) && (!digest.is_empty() || id > since) {
                        wrong.push(format!("{} {id} was changed past the program", covered.name));
                    }
                }
                after = last.number("id")?;
            }
        }
        Ok(wrong)
    }

    /// Whether the key is the one the chain names; what is wrong, if not.
    pub(crate) async fn changed_key(&self) -> Result<Vec<String>, StoreError> {
        let held = self.meta(super::meta::SECRET).await?.unwrap_or_default();
        if super::meta::key_of(&held).map(|key| Key::new(&key).own()).ok() != Some(self.key.own()) {
            return Ok(vec!["the key of this store is not the one it was begun with".to_owned()]);
        }
        Ok(match self.key_entry().await? {
            Some(named) if named.split(' ').next() == Some(&self.key.own()) => Vec::new(),
            Some(_) => vec!["the key of this store is not the one it was begun with".to_owned()],
            None => vec!["the chain does not name the key of this store".to_owned()],
        })
    }
}

impl Tx {
    /// The digests of what an erasure rewrote, made anew: messages of these tickets, the tickets, and verdicts of these emails.
    pub(super) async fn digest_anew(
        &mut self,
        key: &Key,
        tickets: &[TicketId],
        emails: &[InboxId],
    ) -> Result<(), StoreError> {
        let (tickets, emails) = (json(&tickets)?, json(&emails)?);
        for (covered, ids) in [(&MESSAGES, &tickets), (&TICKETS, &tickets), (&VERDICTS, &emails)] {
            let query = sqlx::query(covered.some.on(self.engine)).bind(ids);
            let mut rows = Vec::new();
            for row in query.fetch_all(&mut *self.tx).await? {
                let (id, digest): (i64, String) = (row.number("id")?, row.text("digest")?);
                // What has none by rights gets none here: a row from before, an email that is held.
                if !digest.is_empty() {
                    let parts = covered.parts(&row)?;
                    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                    rows.push((id, key.of(covered, &parts)));
                }
            }
            self.insert(covered.write, &rows).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_of_the_first_form_covers_its_parts_alone() {
        let key = Key::new(b"secret");
        let first = key.digest(TICKETS.kind, &["1", "CG42N1-000001", "open"]);
        assert!(key.fits(&TICKETS, &["1", "CG42N1-000001", "open", "ana@college.example"], &first));
        assert!(!key.fits(&TICKETS, &["1", "CG42N1-000001", "closed", "ana@college.example"], &first));
        let second = key.of(&TICKETS, &["1", "CG42N1-000001", "open", "ana@college.example"]);
        assert!(!key.fits(&TICKETS, &["1", "CG42N1-000001", "open", "eve@college.example"], &second));
        assert!(!key.fits(&TICKETS, &["1", "CG42N1-000001", "open"], second.trim_start_matches(FORM)));
    }

    #[test]
    fn a_digest_of_the_second_form_covers_some_parts_or_all() {
        let key = Key::new(b"secret");
        let parts: Vec<String> = (0..23).map(|at| at.to_string()).collect();
        let all: Vec<&str> = parts.iter().map(String::as_str).collect();
        let some: Vec<&str> = TICKETS.second_form.iter().map(|at| all[*at]).collect();
        let narrow = format!("{SECOND}{}", key.digest(TICKETS.kind, &some));
        let wide = format!("{SECOND}{}", key.digest(TICKETS.kind, &all));
        assert!(key.fits(&TICKETS, &all, &narrow) && key.fits(&TICKETS, &all, &wide));
        for at in 0..all.len() {
            let mut changed = all.clone();
            changed[at] = "changed";
            assert_eq!(key.fits(&TICKETS, &changed, &narrow), !TICKETS.second_form.contains(&at), "{at}");
            assert!(!key.fits(&TICKETS, &changed, &wide), "{at}");
        }
    }

    #[test]
    fn the_order_of_who_takes_part_does_not_count() {
        assert_eq!(sorted("b@x\na@x\nb@x"), sorted("a@x\nb@x"));
    }
}
