//! Digests of what may change: who changes a row past the program leaves one that does not fit.
//!
//! The chain covers what is only ever added. A ticket's status, an email's verdict and the texts of messages (which an erasure
//! empties) have a keyed digest in their row instead, by the key of the store; that key's own digest stands in the chain.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::chain::Deed;
use super::{Durability, Store, StoreError, Tx, sql};
use crate::clock::Millis;

/// The fact since when rows have digests.
const SINCE: &str = "digests-since";
/// Kind of the link that holds the digest of the key.
pub(super) const KEY_LINK: &str = "key";
/// Rows looked at by one statement.
const PAGE: i64 = 1_000;

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

    /// Of a message.
    pub(super) fn message(&self, ticket: i64, direction: &str, visibility: &str, text: &str, new_text: &str) -> String {
        self.digest("message", &[&ticket.to_string(), direction, visibility, text, new_text])
    }

    /// Of a ticket.
    pub(super) fn ticket(&self, id: i64, number: &str, status: &str) -> String {
        self.digest("ticket", &[&id.to_string(), number, status])
    }

    /// Of an email's verdict.
    pub(super) fn verdict(&self, id: i64, verdict: &str, ticket: i64) -> String {
        self.digest("verdict", &[&id.to_string(), verdict, &ticket.to_string()])
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
        let row = sqlx::query(sql::LAST_IDS.on(self.engine)).fetch_one(&self.read).await?;
        let [messages, tickets, mails]: [i64; 3] = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?];
        // Rows from before have none.
        let text = format!("{} {messages} {tickets} {mails}", self.key.own());
        let deed = Deed { kind: KEY_LINK, actor: "", subject: "the key of this store", text: &text };
        let mut tx = self.begin(Durability::Full).await?;
        let statement = sql::META_ADD.on(self.engine);
        let added = sqlx::query(statement).bind(SINCE).bind(now.to_string()).execute(&mut *tx.tx).await?;
        // Two programs may start at once.
        if added.rows_affected() == 1 {
            tx.record(deed, now).await?;
        }
        tx.commit().await
    }

    /// What the chain says of the key: its digest, and the last message, ticket and mail without digests.
    async fn named(&self) -> Result<Option<String>, StoreError> {
        let row = sqlx::query(sql::LINK_OF_KEY.on(self.engine)).bind(KEY_LINK).fetch_optional(&self.read).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Rows that do not fit their digest, or have none although they should.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn changed_rows(&self) -> Result<Vec<String>, StoreError> {
        let named = self.named().await?.unwrap_or_default();
        let mut since = named.split(' ').skip(1).map(|id| id.parse::<i64>().unwrap_or(0));
        let mut wrong = Vec::new();
        let checks = [
            (sql::DIGESTED_MESSAGES, "message"),
            (sql::DIGESTED_TICKETS, "ticket"),
            (sql::DIGESTED_VERDICTS, "the verdict on mail"),
        ];
        for (statement, what) in checks {
            let (mut after, since) = (0_i64, since.next().unwrap_or(0));
            loop {
                let query = sqlx::query(statement.on(self.engine)).bind(after).bind(PAGE);
                let rows = query.fetch_all(&self.read).await?;
                let Some(last) = rows.last() else { break };
                for row in &rows {
                    let (id, digest): (i64, String) = (row.try_get(0)?, row.try_get(2)?);
                    let (other, one): (i64, String) = (row.try_get(3)?, row.try_get(4)?);
                    let expected = match what {
                        "message" => {
                            let [visibility, text, new_text]: [String; 3] =
                                [row.try_get(5)?, row.try_get(6)?, row.try_get(7)?];
                            self.key.message(other, &one, &visibility, &text, &new_text)
                        }
                        "ticket" => self.key.ticket(id, &one, &row.try_get::<String, _>(5)?),
                        _ => self.key.verdict(id, &one, other),
                    };
                    if digest != expected && (!digest.is_empty() || id > since) {
                        wrong.push(format!("{what} {id} was changed past the program"));
                    }
                }
                after = last.try_get(0)?;
            }
        }
        Ok(wrong)
    }

    /// Whether the key is the one the chain names; what is wrong, if not.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn changed_key(&self) -> Result<Vec<String>, StoreError> {
        let held = self.meta(super::meta::SECRET).await?.unwrap_or_default();
        if super::meta::key_of(&held).map(|key| Key::new(&key).own()).ok() != Some(self.key.own()) {
            return Ok(vec!["the key of this store is not the one it was begun with".to_owned()]);
        }
        Ok(match self.named().await? {
            Some(named) if named.split(' ').next() == Some(&self.key.own()) => Vec::new(),
            Some(_) => vec!["the key of this store is not the one it was begun with".to_owned()],
            None => vec!["the chain does not name the key of this store".to_owned()],
        })
    }
}

impl Tx {
    /// The digests of messages that were emptied, and of their tickets, made anew.
    pub(super) async fn digest_anew(&mut self, key: &Key, tickets: &[i64]) -> Result<(), StoreError> {
        let query = sqlx::query(sql::MESSAGES_OF_TICKETS.on(self.engine)).bind(super::rows::json(&tickets)?);
        let mut rows = Vec::new();
        for row in query.fetch_all(&mut *self.tx).await? {
            let (id, ticket): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            let [direction, visibility, text, new_text]: [String; 4] =
                [row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?];
            rows.push((id, key.message(ticket, &direction, &visibility, &text, &new_text)));
        }
        self.insert(sql::MESSAGES_DIGEST, &rows).await?;
        Ok(())
    }
}
