//! Emails as received, each ending with a verdict.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use sqlx::any::AnyRow;
use strum::{Display, EnumString, IntoStaticStr};

use super::rows::{Columns, json};
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::ticket::{HoldCause, InboxId, TicketId, Verdict, stored_words};

/// An email that has just been fetched.
#[derive(Debug, Clone)]
pub(crate) struct Arrival<'a> {
    pub mailbox: &'a str,
    /// Its place in a folder of a server; none where the mailbox is not one.
    pub place: Option<Place>,
    /// The email as received, or its header alone when it was too large to fetch.
    pub bytes: &'a [u8],
    /// Its whole size in bytes.
    pub size: u64,
    /// When the server says that it was received, if it does.
    pub delivered_at: Option<Millis>,
    /// Set when it is to be held at once, with the reason; it is then never decided automatically.
    pub hold: Option<(HoldCause, String)>,
}

/// Where an email lies in an IMAP folder (RFC 9051 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// UIDVALIDITY of the folder.
    pub uid_validity: u32,

    pub uid: u32,
}

/// Where an email of the inbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, EnumString, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum InboxState {
    /// It waits for its verdict.
    New,
    /// It has it.
    Done,
    /// A person must review it.
    Held,
}

stored_words!(InboxState);

/// An email that waits for its verdict.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub id: InboxId,
    /// Mailbox it arrived in.
    pub mailbox: String,
    /// Its size in bytes.
    pub size: i64,
    /// How often it has been tried before.
    pub attempts: i64,
    /// When it was fetched.
    pub received_at: Millis,
    /// When the server says that it was received; 0: it does not say.
    pub delivered_at: Millis,
    /// The email.
    pub bytes: Vec<u8>,
    /// Whether a person let it in although its sender may not open tickets.
    pub released: bool,
    /// The ticket a person says it belongs to.
    pub joins: Option<TicketId>,
}

/// The verdict on an email, with what lists show of it.
#[derive(Debug, Clone)]
pub(crate) struct VerdictRecord {
    pub verdict: Verdict,
    /// Why it is held, if it is.
    pub cause: HoldCause,
    /// Why, in words.
    pub reason: String,
    /// The ticket it is about.
    pub ticket: Option<TicketId>,
    /// Message-ID without brackets; may be empty.
    pub message_id: String,
    /// Address of the sender; may be empty.
    pub sender: String,

    pub subject: String,
    /// Digest of what it says; may be empty.
    pub content: String,
    /// The same without names, numbers and addresses; empty where that leaves too little.
    pub alike: String,
}

/// Which held emails are meant; none stands for any.
#[derive(Debug, Clone, Default)]
pub struct HeldFilter {
    /// Address of the sender.
    pub sender: Option<String>,
    /// Why they are held.
    pub cause: Option<HoldCause>,
    /// The very words of the reason, as one of them has them.
    pub reason: Option<String>,
}

/// An email of the inbox, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    pub id: InboxId,
    /// Mailbox it arrived in.
    pub mailbox: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was fetched.
    pub received_at: Millis,
    /// Where it stands.
    pub state: InboxState,
    /// Its verdict, once it has one.
    pub verdict: Option<Verdict>,
    /// Why it is held, if it is; old rows do not say.
    pub cause: Option<HoldCause>,
    /// Why.
    pub reason: String,
    /// When it was decided.
    pub decided_at: Option<Millis>,
    /// Message-ID without brackets.
    pub message_id: String,
    /// Address of the sender.
    pub sender: String,

    pub subject: String,
    /// Number of its ticket, if it has one.
    pub ticket: Option<String>,
}

impl Store {
    /// The oldest emails that wait beyond the id `after`, at most `count` and about `bytes` together;
    /// always at least one if any waits.
    pub async fn waiting(&self, after: InboxId, count: i64, bytes: i64) -> Result<Vec<Waiting>, StoreError> {
        let holder = self.holder();
        let query = sqlx::query_as(sql::INBOX_WAITING.on(self.engine)).bind(count).bind(after).bind(&holder);
        // Where several instances work, it claims what it gives.
        let pool = if holder.is_empty() { &self.read } else { &self.write };
        let mut rows: Vec<Waiting> = query.fetch_all(pool).await?;
        // What a claim gives back is in no order.
        rows.sort_by_key(|mail| mail.id);
        let mut waiting: Vec<Waiting> = Vec::with_capacity(rows.len());
        let mut total = 0;
        for mail in rows {
            total += mail.size;
            if let Some(last) = waiting.last().filter(|_| total > bytes) {
                self.unclaim(last.id, &holder).await?;
                break;
            }
            waiting.push(mail);
        }
        self.fill(&mut waiting).await?;
        Ok(waiting)
    }

    /// Gives back what was claimed beyond an id.
    async fn unclaim(&self, after: InboxId, holder: &str) -> Result<(), StoreError> {
        if !holder.is_empty() {
            let query = sqlx::query(sql::INBOX_UNCLAIM.on(self.engine)).bind(after).bind(holder);
            query.execute(&self.write).await?;
        }
        Ok(())
    }

    /// How many emails wait for their verdict, and when the oldest of them was fetched.
    pub(crate) async fn undecided(&self) -> Result<(i64, Option<Millis>), StoreError> {
        Ok(sqlx::query_as(sql::INBOX_OLDEST.on(self.engine)).fetch_one(&self.read).await?)
    }

    /// Whether no email that came before this one is still to be decided by somebody else.
    pub(crate) async fn is_next(&self, id: InboxId) -> Result<bool, StoreError> {
        let holder = self.holder();
        if holder.is_empty() {
            return Ok(true);
        }
        let query = sqlx::query_scalar::<_, i64>(sql::INBOX_AHEAD.on(self.engine)).bind(id).bind(holder);
        Ok(query.fetch_one(&self.read).await? == 0)
    }

    async fn fill(&self, waiting: &mut [Waiting]) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (waiting.first().map(|w| w.id), waiting.last().map(|w| w.id)) else {
            return Ok(());
        };
        let query = sqlx::query_as::<_, (InboxId, Vec<u8>)>(sql::INBOX_RAW_RANGE.on(self.engine));
        for (id, bytes) in query.bind(first).bind(last).fetch_all(&self.read).await? {
            if let Some(mail) = waiting.iter_mut().find(|w| w.id == id) {
                mail.bytes = bytes;
            }
        }
        Ok(())
    }

    /// The bytes of an email as received.
    pub async fn raw_mail(&self, id: InboxId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(sqlx::query_scalar(sql::INBOX_RAW.on(self.engine)).bind(id).fetch_optional(&self.read).await?)
    }

    /// UIDs whose server's copy is not yet archived or marked, or (`marked`) only marked as the archive did not take it;
    /// lowest first, at most `count`.
    pub(crate) async fn unsettled(
        &self,
        mailbox: &str,
        uid_validity: u32,
        marked: bool,
        count: i64,
    ) -> Result<Vec<u32>, StoreError> {
        let statement = if marked { sql::INBOX_MARKED } else { sql::INBOX_UNSETTLED };
        let query = sqlx::query_scalar::<_, i64>(statement.on(self.engine));
        let uids = query.bind(mailbox).bind(i64::from(uid_validity)).bind(count).fetch_all(&self.read).await?;
        Ok(uids.into_iter().filter_map(|uid| u32::try_from(uid).ok()).collect())
    }

    /// An email by its row id.
    pub async fn mail(&self, id: InboxId) -> Result<Option<InboxRow>, StoreError> {
        Ok(sqlx::query_as(sql::INBOX_GET.on(self.engine)).bind(id).fetch_optional(&self.read).await?)
    }

    /// Emails that a person must review, oldest first.
    pub async fn held(&self) -> Result<Vec<InboxRow>, StoreError> {
        Ok(sqlx::query_as(sql::INBOX_HELD.on(self.engine)).fetch_all(&self.read).await?)
    }

    /// Emails with this Message-ID.
    pub async fn emails_by_message_id(&self, id: &str) -> Result<Vec<InboxRow>, StoreError> {
        Ok(sqlx::query_as(sql::INBOX_BY_MESSAGE_ID.on(self.engine)).bind(id).fetch_all(&self.read).await?)
    }

    /// Emails of this ticket, oldest first.
    pub async fn emails_of_ticket(&self, number: &str) -> Result<Vec<InboxRow>, StoreError> {
        Ok(sqlx::query_as(sql::INBOX_BY_TICKET.on(self.engine)).bind(number).fetch_all(&self.read).await?)
    }

    /// How many emails are in each state.
    pub async fn inbox_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(sqlx::query_as(sql::INBOX_COUNT.on(self.engine)).fetch_all(&self.read).await?)
    }
}

impl Tx {
    /// Keeps emails, and gives their row ids. The same content in the same mailbox is the same email: then
    /// only its place is noted.
    pub(crate) async fn journal(&mut self, arrivals: &[Arrival<'_>], now: Millis) -> Result<Vec<InboxId>, StoreError> {
        // The last of several equal ones counts: one statement may not touch a row twice.
        let unique: BTreeMap<String, &Arrival<'_>> = arrivals.iter().map(|a| (content_hash(a), a)).collect();
        let in_order = arrivals.iter().map(content_hash).filter(|h| unique.contains_key(h));
        let mut seen = BTreeSet::new();
        let hashes: Vec<String> = in_order.filter(|h| seen.insert(h.clone())).collect();
        let rows: Vec<_> = hashes.iter().filter_map(|h| Some(inbox_values(unique.get(h)?, h, now))).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let query = sqlx::query_as::<_, (InboxId, String, i64)>(sql::INBOX_ADD.on(self.engine)).bind(json(&rows)?);
        let (mut bytes, mut ids): (Vec<(i64, &[u8])>, _) = (Vec::with_capacity(rows.len()), Vec::new());
        for (id, hash, kept) in query.fetch_all(&mut *self.tx).await? {
            ids.push(id);
            // Bytes whose time, or whose person, is gone do not come back with a second copy.
            if let Some(arrival) = unique.get(&hash).filter(|_| kept == 1) {
                bytes.push((id.0, arrival.bytes));
            }
        }
        self.insert_bytes(sql::INBOX_ADD_RAW, sql::INBOX_ADD_RAWS, &bytes).await?;
        let mailboxes: BTreeSet<&str> = arrivals.iter().map(|arrival| arrival.mailbox).collect();
        let query = sqlx::query(sql::MAILBOX_RECEIVED.on(self.engine)).bind(json(&mailboxes)?).bind(now);
        query.execute(&mut *self.tx).await?;
        Ok(ids)
    }

    /// Claims an email that is decided in this very transaction.
    pub(super) async fn claim_mail(&mut self, id: InboxId, holder: &str) -> Result<(), StoreError> {
        sqlx::query(sql::INBOX_CLAIM.on(self.engine)).bind(id).bind(holder).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Says which ticket a held email belongs to, for when it is decided again.
    pub async fn join(&mut self, id: InboxId, ticket: Option<TicketId>) -> Result<(), StoreError> {
        sqlx::query(sql::INBOX_JOIN.on(self.engine))
            .bind(id)
            .bind(ticket.map_or(0, |id| id.0))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Counts one more attempt at a waiting email.
    pub async fn count_attempt(&mut self, id: InboxId) -> Result<(), StoreError> {
        sqlx::query(sql::INBOX_TRY.on(self.engine)).bind(id).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Takes back an attempt that the email had no part in.
    pub(crate) async fn attempt_back(&mut self, id: InboxId) -> Result<(), StoreError> {
        sqlx::query(sql::ATTEMPT_BACK.on(self.engine)).bind(id).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Lets a held email be decided again; false when it is not held.
    pub async fn release(&mut self, id: InboxId, reason: &str, now: Millis) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::INBOX_RELEASE.on(self.engine));
        Ok(query.bind(id).bind(reason).bind(now).execute(&mut *self.tx).await?.rows_affected() == 1)
    }

    /// Refuses a held email for good; false when it is not held.
    pub async fn refuse(&mut self, id: InboxId, reason: &str, now: Millis) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::INBOX_REFUSE.on(self.engine));
        Ok(query.bind(id).bind(reason).bind(now).execute(&mut *self.tx).await?.rows_affected() == 1)
    }

    /// Lets all held emails of this sender and cause, with this very reason, be decided again (`admit`), or refuses them for good;
    /// none stands for any.
    /// Those that were not fetched whole cannot be let in. Gives how many.
    pub async fn review_all(
        &mut self,
        admit: bool,
        which: &HeldFilter,
        reason: &str,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let statement = if admit { sql::INBOX_RELEASE_ALL } else { sql::INBOX_REFUSE_ALL };
        let query = sqlx::query(statement.on(self.engine)).bind(which.sender.as_deref().unwrap_or_default());
        let query = query.bind(reason).bind(now).bind(which.cause.map_or("", HoldCause::as_str));
        Ok(query.bind(which.reason.as_deref().unwrap_or_default()).execute(&mut *self.tx).await?.rows_affected())
    }

    /// Notes what became of the server's copies with these UIDs, which rise.
    pub async fn settle(
        &mut self,
        mailbox: &str,
        uid_validity: u32,
        uids: &[u32],
        step: Step,
    ) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (uids.first(), uids.last()) else { return Ok(()) };
        let statement = match step {
            Step::Archive => sql::INBOX_SETTLE,
            Step::Mark => sql::INBOX_MARK,
            Step::ArchiveMarked => sql::INBOX_SETTLE_MARKED,
        };
        sqlx::query(statement.on(self.engine))
            .bind(mailbox)
            .bind(i64::from(uid_validity))
            .bind(i64::from(*first))
            .bind(i64::from(*last))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}

/// What was done with the server's copy of emails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It was archived, or marked where there is no archive.
    Archive,
    /// It was marked as read, as the archive did not take it.
    Mark,
    /// The same was archived after all.
    ArchiveMarked,
}

/// A row of the inbox, in the order of the statement's columns.
type Values<'a> =
    (&'a str, u32, u32, &'a str, u64, Millis, InboxState, &'static str, &'a str, i64, &'static str, Millis);

fn inbox_values<'a>(arrival: &'a Arrival<'_>, hash: &'a str, now: Millis) -> Values<'a> {
    let held = arrival.hold.is_some();
    let (state, verdict) = if held { (InboxState::Held, Verdict::Held.as_str()) } else { (InboxState::New, "") };
    let Place { uid_validity, uid } = arrival.place.unwrap_or(Place { uid_validity: 0, uid: 0 });
    let (cause, reason) = arrival.hold.as_ref().map_or(("", ""), |(cause, reason)| (cause.as_str(), reason.as_str()));
    // What was not fetched whole stays where it is on the server.
    let settled = i64::from(held || arrival.place.is_none());
    let delivered_at = arrival.delivered_at.unwrap_or(0);
    (arrival.mailbox, uid_validity, uid, hash, arrival.size, now, state, verdict, reason, settled, cause, delivered_at)
}

/// What makes an email the same email. Of one that was not fetched whole only header and size are known.
fn content_hash(arrival: &Arrival<'_>) -> String {
    content_hash_of(arrival.bytes, arrival.size)
}

/// The same of bytes, and the size of the whole email.
pub(super) fn content_hash_of(bytes: &[u8], size: u64) -> String {
    let mut digest = Sha256::new();
    digest.update(bytes);
    if size != bytes.len() as u64 {
        digest.update(format!("\0{size} bytes in all"));
    }
    HEXLOWER.encode(&digest.finalize())
}

impl FromRow<'_, AnyRow> for Waiting {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id("id")?,
            mailbox: row.text("mailbox")?,
            size: row.number("size")?,
            attempts: row.number("attempts")?,
            received_at: row.number("received_at")?,
            delivered_at: row.number("delivered_at")?,
            bytes: Vec::new(),
            released: row.flag("released")?,
            joins: row.some_id("joins")?,
        })
    }
}

impl FromRow<'_, AnyRow> for InboxRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id("id")?,
            mailbox: row.text("mailbox")?,
            size: row.size("size")?,
            received_at: row.number("received_at")?,
            state: row.word("state")?.unwrap_or(InboxState::Done),
            verdict: row.word("verdict")?,
            cause: row.word("cause")?,
            reason: row.text("reason")?,
            decided_at: row.time("decided_at")?,
            message_id: row.text("message_id")?,
            sender: row.text("sender")?,
            subject: row.text("subject")?,
            ticket: row.some_text("number")?,
        })
    }
}
