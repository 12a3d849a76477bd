//! Emails as received, each ending with a verdict.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::rows::json;
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::ticket::{HoldCause, Verdict};

/// An email that has just been fetched.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    /// Name of the mailbox.
    pub mailbox: &'a str,
    /// UIDVALIDITY of its folder; 0 where the mailbox has none.
    pub uid_validity: u32,
    /// UID; 0 where the mailbox has none.
    pub uid: u32,
    /// The email as received, or its header alone when it was too large to fetch.
    pub bytes: &'a [u8],
    /// Its whole size in bytes.
    pub size: u64,
    /// Set when it is to be held at once, with the reason; it is then never decided automatically.
    pub hold: Option<(HoldCause, String)>,
}

/// An email that waits for its verdict.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Row id.
    pub id: i64,
    /// Mailbox it arrived in.
    pub mailbox: String,
    /// Its size in bytes.
    pub size: i64,
    /// How often it has been tried before.
    pub attempts: i64,
    /// When it was fetched.
    pub received_at: Millis,
    /// The email.
    pub bytes: Vec<u8>,
    /// Whether a person let it in although its sender may not open tickets.
    pub released: bool,
    /// Row id of the ticket a person says it belongs to; 0 for none.
    pub joins: i64,
}

/// The verdict on an email, with what lists show of it.
#[derive(Debug, Clone)]
pub struct VerdictRecord {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is held, if it is.
    pub cause: HoldCause,
    /// Why, in words.
    pub reason: String,
    /// Row id of the ticket; 0 for none.
    pub ticket_id: i64,
    /// Message-ID without brackets; may be empty.
    pub message_id: String,
    /// Address of the sender; may be empty.
    pub sender: String,
    /// Subject.
    pub subject: String,
    /// Digest of what it says; may be empty.
    pub content: String,
    /// The same without names, numbers and addresses; empty where that leaves too little.
    pub alike: String,
}

/// An email of the inbox, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Row id.
    pub id: i64,
    /// Mailbox it arrived in.
    pub mailbox: String,
    /// Its size in bytes.
    pub size: i64,
    /// When it was fetched.
    pub received_at: Millis,
    /// `new`, `done` or `held`.
    pub state: String,
    /// Verdict; empty while there is none.
    pub verdict: String,
    /// Why it is held, one word; empty where it is not, and of old rows.
    pub cause: String,
    /// Why.
    pub reason: String,
    /// When it was decided; 0 while it is not.
    pub decided_at: Millis,
    /// Message-ID without brackets.
    pub message_id: String,
    /// Address of the sender.
    pub sender: String,
    /// Subject.
    pub subject: String,
    /// Number of its ticket; empty for none.
    pub ticket: String,
}

impl Store {
    /// The oldest emails that wait beyond the id `after`, at most `count` and about `bytes` together;
    /// always at least one if any waits.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn waiting(&self, after: i64, count: i64, bytes: i64) -> Result<Vec<Waiting>, StoreError> {
        let holder = self.holder();
        let query = sqlx::query(sql::INBOX_WAITING.on(self.engine)).bind(count).bind(after).bind(&holder);
        let mut rows = query.fetch_all(&self.read).await?;
        // What a claim gives back is in no order.
        rows.sort_by_key(|row| row.try_get::<i64, _>(0).unwrap_or(i64::MAX));
        let mut waiting: Vec<Waiting> = Vec::with_capacity(rows.len());
        let mut total = 0;
        for row in rows {
            let size: i64 = row.try_get(2)?;
            total += size;
            if let Some(last) = waiting.last().filter(|_| total > bytes) {
                self.unclaim(last.id, &holder).await?;
                break;
            }
            let (id, mailbox) = (row.try_get(0)?, row.try_get(1)?);
            let (attempts, received_at, released): (i64, Millis, i64) =
                (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
            let (released, joins) = (released == 1, row.try_get(6)?);
            waiting.push(Waiting { id, mailbox, size, attempts, received_at, released, joins, bytes: Vec::new() });
        }
        self.fill(&mut waiting).await?;
        Ok(waiting)
    }

    /// Gives back what was claimed beyond an id.
    async fn unclaim(&self, after: i64, holder: &str) -> Result<(), StoreError> {
        if !holder.is_empty() {
            let query = sqlx::query(sql::INBOX_UNCLAIM.on(self.engine)).bind(after).bind(holder);
            query.execute(&self.read).await?;
        }
        Ok(())
    }

    /// How many emails wait for their verdict, and when the oldest of them was fetched; 0 for none.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn undecided(&self) -> Result<(i64, Millis), StoreError> {
        let row = sqlx::query(sql::INBOX_OLDEST.on(self.engine)).fetch_one(&self.read).await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    /// Whether no email that came before this one is still to be decided by somebody else.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn is_next(&self, id: i64) -> Result<bool, StoreError> {
        let holder = self.holder();
        if holder.is_empty() {
            return Ok(true);
        }
        let query = sqlx::query(sql::INBOX_AHEAD.on(self.engine)).bind(id).bind(holder);
        let ahead: i64 = query.fetch_one(&self.read).await?.try_get(0)?;
        Ok(ahead == 0)
    }

    async fn fill(&self, waiting: &mut [Waiting]) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (waiting.first().map(|w| w.id), waiting.last().map(|w| w.id)) else {
            return Ok(());
        };
        let rows =
            sqlx::query(sql::INBOX_RAW_RANGE.on(self.engine)).bind(first).bind(last).fetch_all(&self.read).await?;
        for row in rows {
            let id: i64 = row.try_get(0)?;
            if let Some(mail) = waiting.iter_mut().find(|w| w.id == id) {
                mail.bytes = row.try_get(1)?;
            }
        }
        Ok(())
    }

    /// The bytes of an email as received.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn raw_mail(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query(sql::INBOX_RAW.on(self.engine)).bind(id).fetch_optional(&self.read).await?;
        Ok(row.map(|r| r.try_get(0)).transpose()?)
    }

    /// UIDs whose server's copy is not yet archived or marked, or (`marked`) only marked as the archive did not take it;
    /// lowest first, at most `count`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn unsettled(
        &self,
        mailbox: &str,
        uid_validity: u32,
        marked: bool,
        count: i64,
    ) -> Result<Vec<u32>, StoreError> {
        let statement = if marked { sql::INBOX_MARKED } else { sql::INBOX_UNSETTLED };
        let query = sqlx::query(statement.on(self.engine));
        let rows = query.bind(mailbox).bind(i64::from(uid_validity)).bind(count).fetch_all(&self.read).await?;
        let uids = rows.iter().map(|row| row.try_get::<i64, _>(0).map(|uid| u32::try_from(uid).unwrap_or(0)));
        Ok(uids.collect::<Result<_, _>>()?)
    }

    /// An email by its row id.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn mail(&self, id: i64) -> Result<Option<InboxRow>, StoreError> {
        let row = sqlx::query(sql::INBOX_GET.on(self.engine)).bind(id).fetch_optional(&self.read).await?;
        Ok(row.as_ref().map(inbox_row).transpose()?)
    }

    /// Emails that a person must review, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn held(&self) -> Result<Vec<InboxRow>, StoreError> {
        let rows = sqlx::query(sql::INBOX_HELD.on(self.engine)).fetch_all(&self.read).await?;
        Ok(rows.iter().map(inbox_row).collect::<Result<_, _>>()?)
    }

    /// Emails with this Message-ID.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn emails_by_message_id(&self, id: &str) -> Result<Vec<InboxRow>, StoreError> {
        let rows = sqlx::query(sql::INBOX_BY_MESSAGE_ID.on(self.engine)).bind(id).fetch_all(&self.read).await?;
        Ok(rows.iter().map(inbox_row).collect::<Result<_, _>>()?)
    }

    /// Emails of this ticket, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn emails_of_ticket(&self, number: &str) -> Result<Vec<InboxRow>, StoreError> {
        let rows = sqlx::query(sql::INBOX_BY_TICKET.on(self.engine)).bind(number).fetch_all(&self.read).await?;
        Ok(rows.iter().map(inbox_row).collect::<Result<_, _>>()?)
    }

    /// How many emails are in each state.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn inbox_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sqlx::query(sql::INBOX_COUNT.on(self.engine)).fetch_all(&self.read).await?;
        let pairs = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(pairs.collect::<Result<_, sqlx::Error>>()?)
    }
}

impl Tx {
    /// Keeps emails, and gives their row ids. The same content in the same mailbox is the same email: then
    /// only its place is noted.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn journal(&mut self, arrivals: &[Arrival<'_>], now: Millis) -> Result<Vec<i64>, StoreError> {
        // The last of several equal ones counts: one statement may not touch a row twice.
        let unique: BTreeMap<String, &Arrival<'_>> = arrivals.iter().map(|a| (content_hash(a), a)).collect();
        let in_order = arrivals.iter().map(content_hash).filter(|h| unique.contains_key(h));
        let mut seen = BTreeSet::new();
        let hashes: Vec<String> = in_order.filter(|h| seen.insert(h.clone())).collect();
        let rows: Vec<_> = hashes.iter().filter_map(|h| Some(inbox_values(unique.get(h)?, h, now))).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let query = sqlx::query(sql::INBOX_ADD.on(self.engine)).bind(json(&rows)?);
        let (mut bytes, mut ids): (Vec<(i64, &[u8])>, _) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in query.fetch_all(&mut *self.tx).await? {
            let (id, hash, kept): (i64, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            ids.push(id);
            // Bytes whose time, or whose person, is gone do not come back with a second copy.
            if let Some(arrival) = unique.get(&hash).filter(|_| kept == 1) {
                bytes.push((id, arrival.bytes));
            }
        }
        self.insert_bytes(sql::INBOX_ADD_RAW, sql::INBOX_ADD_RAWS, &bytes).await?;
        Ok(ids)
    }

    /// Claims an email that is decided in this very transaction.
    pub(super) async fn claim_mail(&mut self, id: i64, holder: &str) -> Result<(), StoreError> {
        sqlx::query(sql::INBOX_CLAIM.on(self.engine)).bind(id).bind(holder).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Says which ticket a held email belongs to, for when it is decided again.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn join(&mut self, id: i64, ticket: i64) -> Result<(), StoreError> {
        sqlx::query(sql::INBOX_JOIN.on(self.engine)).bind(id).bind(ticket).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Counts one more attempt at a waiting email.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn count_attempt(&mut self, id: i64) -> Result<(), StoreError> {
        sqlx::query(sql::INBOX_TRY.on(self.engine)).bind(id).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Takes back an attempt that the email had no part in.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn attempt_back(&mut self, id: i64) -> Result<(), StoreError> {
        sqlx::query(sql::ATTEMPT_BACK.on(self.engine)).bind(id).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Lets a held email be decided again; false when it is not held.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn release(&mut self, id: i64, reason: &str, now: Millis) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::INBOX_RELEASE.on(self.engine));
        Ok(query.bind(id).bind(reason).bind(now).execute(&mut *self.tx).await?.rows_affected() == 1)
    }

    /// Refuses a held email for good; false when it is not held.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn refuse(&mut self, id: i64, reason: &str, now: Millis) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::INBOX_REFUSE.on(self.engine));
        Ok(query.bind(id).bind(reason).bind(now).execute(&mut *self.tx).await?.rows_affected() == 1)
    }

    /// Lets all held emails of this sender that are held for this reason and cause be decided again (`admit`), or refuses them for
    /// good; an empty text stands for any. Those that were not fetched whole cannot be let in. Gives how many.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn review_all(
        &mut self,
        admit: bool,
        (sender, held_for, cause): (&str, &str, &str),
        reason: &str,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let statement = if admit { sql::INBOX_RELEASE_ALL } else { sql::INBOX_REFUSE_ALL };
        let query = sqlx::query(statement.on(self.engine)).bind(sender).bind(held_for).bind(reason);
        Ok(query.bind(now).bind(cause).execute(&mut *self.tx).await?.rows_affected())
    }

    /// Notes what became of the server's copies with these UIDs, which rise.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
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
type Values<'a> = (&'a str, u32, u32, &'a str, u64, Millis, &'static str, &'static str, &'a str, i64, &'static str);

fn inbox_values<'a>(arrival: &'a Arrival<'_>, hash: &'a str, now: Millis) -> Values<'a> {
    let held = arrival.hold.is_some();
    let (state, verdict) = if held { ("held", Verdict::Held.as_str()) } else { ("new", "") };
    let (cause, reason) = arrival.hold.as_ref().map_or(("", ""), |(cause, reason)| (cause.as_str(), reason.as_str()));
    // What was not fetched whole stays where it is on the server.
    let settled = i64::from(held || arrival.uid == 0);
    (
        arrival.mailbox,
        arrival.uid_validity,
        arrival.uid,
        hash,
        arrival.size,
        now,
        state,
        verdict,
        reason,
        settled,
        cause,
    )
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

fn inbox_row(row: &AnyRow) -> Result<InboxRow, sqlx::Error> {
    Ok(InboxRow {
        id: row.try_get(0)?,
        mailbox: row.try_get(1)?,
        size: row.try_get(2)?,
        received_at: row.try_get(3)?,
        state: row.try_get(4)?,
        verdict: row.try_get(5)?,
        reason: row.try_get(6)?,
        decided_at: row.try_get(7)?,
        message_id: row.try_get(8)?,
        sender: row.try_get(9)?,
        subject: row.try_get(10)?,
        ticket: row.try_get(11)?,
        cause: row.try_get(12)?,
    })
}
