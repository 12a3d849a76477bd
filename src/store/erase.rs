//! One person taken out of everything, and the search that proves it.

use std::collections::{BTreeMap, BTreeSet};

use regex::{Captures, Regex, RegexBuilder};
use sqlx::Row;

use super::chain::{AuditEntry, Rows};
use super::rows::json;
use super::unit::search_words;
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;

/// Rows of bytes read by one statement.
const PAGE: i64 = 100;

/// A column that may name a person.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// `table.column`.
    pub name: &'static str,
    pub(super) find: sql::Sql,
    pub(super) set: sql::Sql,
}

/// Who is erased.
#[derive(Debug, Clone, Default)]
pub struct Erasure {
    /// The address, in the form the store compares ([`crate::mail::key`]).
    pub address: String,
    /// Names the person went by, the longest first.
    pub names: Vec<String>,
    /// Their family names alone.
    pub family: Vec<String>,
    /// What stands in their place.
    pub pseudonym: String,
    /// Tickets they took part in.
    pub tickets: BTreeSet<i64>,
    /// Emails whose bytes go.
    pub emails: BTreeSet<i64>,
    /// Notifications whose bytes go.
    pub notifications: BTreeSet<i64>,
}

/// What is kept for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expired {
    /// Emails of tickets that were closed before then.
    Emails,
    /// Notifications that were sent before then.
    Notifications,
    /// Emails that were ignored or refused before then.
    Ignored,
}

/// Bytes of emails or notifications: row id, bytes.
pub type Bytes = Vec<(i64, Vec<u8>)>;

impl Store {
    /// The tickets and names of a person.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn person(&self, address: &str) -> Result<(BTreeSet<i64>, BTreeSet<String>), StoreError> {
        let rows = sqlx::query(sql::PERSON.on(self.engine)).bind(address).fetch_all(&self.read).await?;
        let (mut tickets, mut names) = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            tickets.insert(row.try_get(0)?);
            names.insert(row.try_get::<String, _>(1)?);
        }
        names.remove("");
        Ok((tickets, names))
    }

    /// Every address somebody is known by, in the form the store compares.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn addresses(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(sql::ADDRESSES.on(self.engine)).fetch_all(&self.read).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Emails beyond an id, with their bytes.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn emails_after(&self, id: i64) -> Result<Bytes, StoreError> {
        self.bytes_after(sql::EMAILS_AFTER, id).await
    }

    /// Notifications beyond an id, with their bytes.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn notifications_after(&self, id: i64) -> Result<Bytes, StoreError> {
        self.bytes_after(sql::NOTIFICATIONS_AFTER, id).await
    }

    async fn bytes_after(&self, statement: sql::Sql, id: i64) -> Result<Bytes, StoreError> {
        let rows = sqlx::query(statement.on(self.engine)).bind(id).bind(PAGE).fetch_all(&self.read).await?;
        Ok(rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Emails a person sent, and notifications to them or about their tickets.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn records_of(
        &self,
        address: &str,
        tickets: &BTreeSet<i64>,
    ) -> Result<(BTreeSet<i64>, BTreeSet<i64>), StoreError> {
        let mut found = Vec::new();
        for statement in [sql::EMAILS_OF_PERSON, sql::NOTIFICATIONS_OF_PERSON] {
            let query = sqlx::query(statement.on(self.engine)).bind(json(tickets)?).bind(address);
            let rows = query.fetch_all(&self.read).await?;
            found.push(rows.iter().map(|row| row.try_get(0)).collect::<Result<BTreeSet<i64>, sqlx::Error>>()?);
        }
        let notifications = found.pop().unwrap_or_default();
        Ok((found.pop().unwrap_or_default(), notifications))
    }

    /// Where an address still stands, and how often: every column that could name a person.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn search(&self, address: &str) -> Result<Vec<(&'static str, usize)>, StoreError> {
        let mut found = Vec::new();
        let word = Word::address(address);
        let texts = sql::COLUMNS.iter().map(|column| (column.name, column.find, 3));
        for (name, statement, at) in texts.chain(sql::PLACES.iter().map(|(name, statement)| (*name, *statement, 0))) {
            let query = sqlx::query(statement.on(self.engine)).bind(pattern(address)).bind(pattern_as_is(address));
            let mut count = 0;
            for row in query.fetch_all(&self.read).await? {
                count += usize::from(word.is_in(&row.try_get::<String, _>(at)?));
            }
            found.push((name, count));
        }
        Ok(found)
    }

    /// Held emails of others, and notifications that wait to leave to others: they keep their bytes until somebody has reviewed them, or they have left.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn of_others(&self, address: &str) -> Result<(BTreeSet<i64>, BTreeSet<i64>), StoreError> {
        let mut found = Vec::new();
        for statement in [sql::HELD_OF_OTHERS, sql::WAITING_TO_OTHERS] {
            let rows = sqlx::query(statement.on(self.engine)).bind(address).fetch_all(&self.read).await?;
            found.push(rows.iter().map(|row| row.try_get(0)).collect::<Result<BTreeSet<i64>, sqlx::Error>>()?);
        }
        let notifications = found.pop().unwrap_or_default();
        Ok((found.pop().unwrap_or_default(), notifications))
    }

    /// How many of these emails still wait for their verdict.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn undecided_among(&self, emails: &BTreeSet<i64>) -> Result<i64, StoreError> {
        let query = sqlx::query(sql::UNDECIDED_AMONG.on(self.engine)).bind(json(emails)?);
        Ok(query.fetch_one(&self.read).await?.try_get(0)?)
    }

    /// People whose tickets were all closed before then, at most `count`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn people_of_old(&self, before: Millis, beyond: &str, count: i64) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query(sql::PEOPLE_OF_OLD.on(self.engine)).bind(before).bind(count).bind(beyond);
        let rows = query.fetch_all(&self.read).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Removes the bytes of what is older than `before`; gives how many.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn forget(&self, what: Expired, before: Millis, count: i64) -> Result<u64, StoreError> {
        let [old, bytes] = match what {
            Expired::Emails => [sql::OLD_EMAILS, sql::RAW_DROP],
            Expired::Notifications => [sql::OLD_NOTIFICATIONS, sql::NOTIFICATION_DROP],
            Expired::Ignored => [sql::OLD_IGNORED, sql::RAW_DROP],
        };
        let mut tx = self.begin(super::Durability::Full).await?;
        let rows = sqlx::query(old.on(self.engine)).bind(before).bind(count).fetch_all(&mut *tx.tx).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?;
        tx.insert(bytes, &ids).await?;
        if what == Expired::Notifications && !ids.is_empty() {
            sqlx::query(sql::NOTIFICATION_BODIES_DROP.on(self.engine)).execute(&mut *tx.tx).await?;
        }
        tx.commit().await?;
        Ok(ids.len() as u64)
    }

    /// Erases a person, as one commit. Gives how many rows named them.
    ///
    /// # Errors
    /// [`StoreError::Statement`]; nothing is erased then.
    pub async fn erase(&self, erasure: &Erasure, actor: &str, now: Millis) -> Result<usize, StoreError> {
        let mut tx = self.begin(super::Durability::Full).await?;
        let emails: Vec<i64> = erasure.emails.iter().copied().collect();
        let notifications: Vec<i64> = erasure.notifications.iter().copied().collect();
        tx.insert(sql::RAW_DROP, &emails).await?;
        tx.insert(sql::RAW_GONE, &emails).await?;
        tx.insert(sql::NOTIFICATION_DROP, &notifications).await?;
        sqlx::query(sql::NOTIFICATION_BODIES_DROP.on(self.engine)).execute(&mut *tx.tx).await?;
        tx.insert(sql::NOTIFICATION_GONE, &notifications).await?;
        let tickets: Vec<i64> = erasure.tickets.iter().copied().collect();
        // What others quoted of it goes with it.
        tx.insert(sql::ERASE_QUOTES, &tickets).await?;
        tx.forget_undo(erasure).await?;
        let statements = [
            sql::ERASE_TEXTS,
            sql::ERASE_SUBJECTS,
            sql::ERASE_PROBLEMS,
            sql::ERASE_FIELDS,
            sql::ERASE_PEOPLE,
            sql::ERASE_BLOCK,
        ];
        for statement in statements {
            let query = sqlx::query(statement.on(self.engine)).bind(&erasure.address).bind(&erasure.pseudonym);
            query.execute(&mut *tx.tx).await?;
        }
        let query = sqlx::query(sql::ERASE_IMAGES.on(self.engine)).bind(pattern_from(&erasure.address));
        query.execute(&mut *tx.tx).await?;
        // Nothing is ever written to who is not there any more.
        let block = (&erasure.pseudonym, now, i64::MAX, "", "erased", 0);
        tx.insert(sql::UNDELIVERABLE_ADD, &[block]).await?;
        let mut chain_entries = BTreeSet::new();
        let mut count = 0;
        let mut touched: BTreeSet<i64> = erasure.tickets.clone();
        let mut verdicts = BTreeSet::new();
        for column in sql::COLUMNS {
            let changed = tx.replace(*column, erasure, &mut chain_entries, &mut touched).await?;
            count += changed.len();
            if column.name.starts_with("inbox.") {
                verdicts.extend(changed);
            }
        }
        let (touched, verdicts): (Vec<i64>, Vec<i64>) = (touched.into_iter().collect(), verdicts.into_iter().collect());
        tx.article_words(&tickets).await?;
        tx.digest_anew(&self.key, &touched, &verdicts).await?;
        tx.cover_anew(&chain_entries, erasure, actor, count, now).await?;
        tx.commit().await?;
        sqlx::query(sql::SEARCH_ANEW.on(self.engine)).execute(&self.write).await?;
        Ok(count)
    }

    /// Writes what the log beside a SQLite file holds into the file, and empties it, so that what was deleted is
    /// in neither; on PostgreSQL the room is made free. False when somebody read for too long.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::EMPTY_LOG.on(self.engine));
        let row = query.fetch_optional(&self.write).await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.is_none_or(|busy| busy == 0))
    }
}

impl Tx {
    /// What a command changed cannot be taken back where that would bring the person back.
    async fn forget_undo(&mut self, erasure: &Erasure) -> Result<(), StoreError> {
        let mut gone = Vec::new();
        for row in sqlx::query(sql::UNDOS.on(self.engine)).fetch_all(&mut *self.tx).await? {
            let (id, undo): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
            let before: serde_json::Value = serde_json::from_str(&undo).unwrap_or_default();
            let theirs = before["before"].as_array().is_some_and(|tickets| {
                tickets.iter().any(|t| t["id"].as_i64().is_none_or(|id| erasure.tickets.contains(&id)))
            });
            if theirs || undo.to_lowercase().contains(&erasure.address) || erasure.tickets.contains(&id) {
                gone.push(id);
            }
        }
        self.insert(sql::UNDO_GONE, &gone).await?;
        Ok(())
    }

    /// The words of the search are those that are left.
    async fn article_words(&mut self, tickets: &[i64]) -> Result<(), StoreError> {
        let query = sqlx::query(sql::ARTICLES_OF.on(self.engine)).bind(json(&tickets)?);
        for row in query.fetch_all(&mut *self.tx).await? {
            let [title, problem, solution, tags]: [String; 4] =
                [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?];
            let words = search_words(&[&title, &problem, &solution, &tags]);
            let query = sqlx::query(sql::ARTICLE_WORDS.on(self.engine)).bind(row.try_get::<i64, _>(0)?).bind(words);
            query.execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Puts the pseudonym where a column names the person; gives the rows it changed.
    async fn replace(
        &mut self,
        column: Column,
        erasure: &Erasure,
        chain_entries: &mut BTreeSet<i64>,
        touched: &mut BTreeSet<i64>,
    ) -> Result<Vec<i64>, StoreError> {
        let mut changed: BTreeMap<i64, (String, i64)> = BTreeMap::new();
        let of_emails = column.name.starts_with("inbox.");
        for word in std::iter::once(&erasure.address).chain(&erasure.names).chain(&erasure.family) {
            let family = erasure.family.contains(word);
            // An agent may have the same family name, and signs with it.
            if family && matches!(column.name, "message.sender_name" | "event.actor") {
                continue;
            }
            let whole = if family { Word::family(word) } else { Word::new(word) };
            let query = sqlx::query(column.find.on(self.engine)).bind(pattern(word)).bind(pattern_as_is(word));
            for row in query.fetch_all(&mut *self.tx).await? {
                let (id, ticket, chain_entry): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                touched.insert(ticket);
                // A name may be somebody else's, elsewhere.
                let theirs = erasure.tickets.contains(&ticket) || (of_emails && erasure.emails.contains(&id));
                if *word != erasure.address && !theirs {
                    continue;
                }
                let text: String = changed.get(&id).map_or_else(|| row.try_get(3), |(text, _)| Ok(text.clone()))?;
                if whole.is_in(&text) {
                    changed.insert(id, (whole.replaced(&text, &erasure.pseudonym), chain_entry));
                }
            }
        }
        for (id, (text, chain_entry)) in &changed {
            sqlx::query(column.set.on(self.engine)).bind(*id).bind(text).execute(&mut *self.tx).await?;
            chain_entries.insert(*chain_entry);
        }
        Ok(changed.into_keys().collect())
    }

    /// Adds a chain entry for each whose rows were changed, which says what they are now.
    async fn cover_anew(
        &mut self,
        chain_entries: &BTreeSet<i64>,
        erasure: &Erasure,
        actor: &str,
        count: usize,
        now: Millis,
    ) -> Result<(), StoreError> {
        let wanted: BTreeSet<i64> = chain_entries.iter().copied().filter(|chain_entry| *chain_entry > 0).collect();
        let mut covered: BTreeMap<i64, Rows> = BTreeMap::new();
        let query = sqlx::query(sql::EVENTS_OF_ENTRIES.on(self.engine)).bind(json(&wanted)?);
        for row in query.fetch_all(&mut *self.tx).await? {
            super::verify::cover_event(&row, &mut covered)?;
        }
        let query = sqlx::query(sql::NOTIFICATIONS_OF_ENTRIES.on(self.engine)).bind(json(&wanted)?);
        for row in query.fetch_all(&mut *self.tx).await? {
            super::verify::cover_notification(&row, &mut covered)?;
        }
        let text = format!("{} stands in a person's place", erasure.pseudonym);
        for (about, rows) in covered {
            let subject = format!("link {about}");
            let (id, before) = self.next_chain_entry().await?;
            let entry = AuditEntry { kind: "erased", actor, subject: &subject, text: &text };
            self.add_chain_entry(id, &before, now, entry, rows.digest()).await?;
        }
        let (emails, notifications) = (erasure.emails.len(), erasure.notifications.len());
        let text =
            format!("{text}: {count} rows; the bytes of {emails} emails and {notifications} notifications are gone");
        self.record(AuditEntry { kind: "erased", actor, subject: "a person", text: &text }, now).await
    }
}

/// What LIKE finds, with `!` as its escape.
fn pattern(word: &str) -> String {
    format!("%{}%", escaped(word))
}

fn pattern_from(word: &str) -> String {
    format!("{} %", escaped(word))
}

fn escaped(word: &str) -> String {
    word.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// The same in its own case: databases fold the letters of ASCII alone.
fn pattern_as_is(word: &str) -> String {
    format!("%{}%", word.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}

/// A whole address or name, found in any case: `ana@x.fr` stands neither in `diana@x.fr` nor in `ana@x.fr.example`.
#[derive(Debug)]
pub struct Word(Option<Regex>);

impl Word {
    /// An address where there is an `@`, else a name.
    #[must_use]
    pub fn new(word: &str) -> Self {
        if word.contains('@') { Self::address(word) } else { Self::name(word) }
    }

    /// An address.
    #[must_use]
    pub fn address(word: &str) -> Self {
        // Files are called after people: `ana@college.example.pdf`.
        let file = r"\.(?:png|jpe?g|gif|webp|heic|svg|pdf|docx?|xlsx?|pptx?|od[tsp]|rtf|csv|txt|html?|eml|msg|mbox|zip|vcf|ics|mp4|mov)";
        let after = format!(r"[^\p{{L}}\p{{N}}.-]|[.-](?:$|[^\p{{L}}\p{{N}}])|{file}(?:$|[^\p{{L}}\p{{N}}.-])");
        Self::between(r"[^\p{L}\p{N}._%+'-]", word, &after)
    }

    fn name(word: &str) -> Self {
        Self::between(r"[^\p{L}\p{N}]", word, r"[^\p{L}\p{N}]")
    }

    /// A name that is no part of an address: `Mme Martin`, `compte-martin`, `Martins`, not `martin.luc@college.example`.
    fn family(word: &str) -> Self {
        Self::between(
            r"[^\p{L}\p{N}._%+@]",
            word,
            r"s?[^\p{L}\p{N}._%+@-]|s?\.(?:$|[^\p{L}\p{N}])|s?$|-[\p{L}\p{N}-]+(?:$|[^\p{L}\p{N}@.-])",
        )
    }

    fn between(before: &str, word: &str, after: &str) -> Self {
        // Columns of JSON hold the ends of lines as two characters, the second of which is a notification.
        let pattern = format!("(^|{before}|\\\\[nrtbf]){}($|{after})", regex::escape(word));
        // An expression made of an escaped word is always one.
        Self(RegexBuilder::new(&pattern).case_insensitive(true).build().ok())
    }

    /// Whether it stands in a text.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|word| word.is_match(text))
    }

    /// The text with something else in its place.
    #[must_use]
    pub fn replaced(&self, text: &str, by: &str) -> String {
        let Some(word) = &self.0 else { return text.to_owned() };
        let mut text = text.to_owned();
        // Two that share what is between them are found one after the other.
        for _ in 0..2 {
            text =
                word.replace_all(&text, |found: &Captures<'_>| format!("{}{by}{}", &found[1], &found[2])).into_owned();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_addresses_are_replaced_in_any_case_and_nothing_else() {
        let ana = Word::new("ana@college.example");
        let done = ana
            .replaced("De: Ana@College.Example, <ana@college.example>; ana@college.example ana@college.example.", "X");
        assert_eq!(done, "De: X, <X>; X X.");
        for other in
            ["diana@college.example", "ana@college.example.org", "x.ana@college.example", "ana@college.example-2.fr"]
        {
            assert!(!ana.is_in(other), "{other}");
            assert_eq!(ana.replaced(other, "X"), other);
        }
        assert_eq!(ana.replaced("7:ack:ana@college.example:4", "$0"), "7:ack:$0:4");
    }

    #[test]
    fn lines_in_json_end_before_an_address_and_a_name() {
        let text = r#"{"text":"Votre adresse :\nana@college.example\r\nAna Martin\tici"}"#;
        let done = Word::new("ana@college.example").replaced(text, "X");
        let done = Word::new("Ana Martin").replaced(&done, "Y");
        assert_eq!(done, r#"{"text":"Votre adresse :\nX\r\nY\tici"}"#);
    }

    #[test]
    fn whole_names_are_replaced_with_their_accents() {
        let name = Word::new("Élise Martin");
        assert_eq!(name.replaced("Bonjour ÉLISE MARTIN, élise martin-Dupuis", "X"), "Bonjour X, X-Dupuis");
        assert!(!name.is_in("Élise Martinet"));
    }

    #[test]
    fn patterns_escape_what_like_would_read() {
        assert_eq!(pattern("a_b%c!D@x"), "%a!_b!%c!!d@x%");
        assert_eq!(pattern_as_is("É_"), "%É!_%");
    }
}
