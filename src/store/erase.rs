//! One person taken out of everything, and the search that proves it.

use std::collections::{BTreeMap, BTreeSet};

use regex::{Captures, Regex, RegexBuilder};
use sqlx::FromRow;

use super::chain::{AuditEntry, Rows};
use super::rows::json;
use super::unit::search_words;
use super::verify::{CoveredEvent, CoveredNotification};
use super::{Store, StoreError, Tx, sql};
use crate::clock::Millis;
use crate::ticket::{InboxId, OutboxId, TicketId};

/// Rows of bytes read by one statement.
const PAGE: i64 = 100;

/// A column that may name a person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
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
    pub tickets: BTreeSet<TicketId>,
    /// Emails whose bytes go.
    pub emails: BTreeSet<InboxId>,
    /// Notifications whose bytes go.
    pub notifications: BTreeSet<OutboxId>,
}

/// A row whose column may name a person.
#[derive(FromRow)]
struct Named {
    id: i64,
    ticket: TicketId,
    chain_entry: i64,
    text: String,
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

/// Bytes of emails or notifications, by row id.
pub type Bytes<T> = Vec<(T, Vec<u8>)>;

impl Store {
    /// The tickets and names of a person.
    pub async fn person(&self, address: &str) -> Result<(BTreeSet<TicketId>, BTreeSet<String>), StoreError> {
        let query = sqlx::query_as::<_, (TicketId, String)>(sql::PERSON.on(self.engine)).bind(address);
        let (tickets, mut names): (_, BTreeSet<String>) = query.fetch_all(&self.read).await?.into_iter().unzip();
        names.remove("");
        Ok((tickets, names))
    }

    /// Every address somebody is known by, in the form the store compares.
    pub async fn addresses(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(sql::ADDRESSES.on(self.engine)).fetch_all(&self.read).await?)
    }

    /// Emails beyond an id, with their bytes.
    pub async fn emails_after(&self, id: InboxId) -> Result<Bytes<InboxId>, StoreError> {
        let query = sqlx::query_as(sql::EMAILS_AFTER.on(self.engine)).bind(id).bind(PAGE);
        Ok(query.fetch_all(&self.read).await?)
    }

    /// Notifications beyond an id, with their bytes.
    pub(crate) async fn notifications_after(&self, id: OutboxId) -> Result<Bytes<OutboxId>, StoreError> {
        let query = sqlx::query_as(sql::NOTIFICATIONS_AFTER.on(self.engine)).bind(id).bind(PAGE);
        Ok(query.fetch_all(&self.read).await?)
    }

    /// Emails a person sent, and notifications to them or about their tickets.
    pub(crate) async fn records_of(
        &self,
        address: &str,
        tickets: &BTreeSet<TicketId>,
    ) -> Result<(BTreeSet<InboxId>, BTreeSet<OutboxId>), StoreError> {
        let tickets = json(tickets)?;
        let query = sqlx::query_scalar::<_, InboxId>(sql::EMAILS_OF_PERSON.on(self.engine));
        let emails = query.bind(&tickets).bind(address).fetch_all(&self.read).await?;
        let query = sqlx::query_scalar::<_, OutboxId>(sql::NOTIFICATIONS_OF_PERSON.on(self.engine));
        let notifications = query.bind(&tickets).bind(address).fetch_all(&self.read).await?;
        Ok((emails.into_iter().collect(), notifications.into_iter().collect()))
    }

    /// Where an address still stands, and how often: every column that could name a person.
    pub async fn search(&self, address: &str) -> Result<Vec<(&'static str, usize)>, StoreError> {
        let mut found = Vec::new();
        let word = Word::address(address);
        for column in sql::COLUMNS {
            let query = sqlx::query_as::<_, Named>(column.find.on(self.engine));
            let rows = query.bind(pattern(address)).bind(pattern_as_is(address)).fetch_all(&self.read).await?;
            found.push((column.name, rows.iter().filter(|row| word.is_in(&row.text)).count()));
        }
        for (name, statement) in sql::PLACES {
            let query = sqlx::query_scalar::<_, String>(statement.on(self.engine));
            let rows = query.bind(pattern(address)).bind(pattern_as_is(address)).fetch_all(&self.read).await?;
            found.push((name, rows.iter().filter(|text| word.is_in(text)).count()));
        }
        Ok(found)
    }

    /// Held emails of others, and notifications that wait to leave to others: they keep their bytes until somebody has reviewed them, or they have left.
    pub(crate) async fn of_others(&self, address: &str) -> Result<(BTreeSet<InboxId>, BTreeSet<OutboxId>), StoreError> {
        let query = sqlx::query_scalar::<_, InboxId>(sql::HELD_OF_OTHERS.on(self.engine)).bind(address);
        let emails = query.fetch_all(&self.read).await?;
        let query = sqlx::query_scalar::<_, OutboxId>(sql::WAITING_TO_OTHERS.on(self.engine)).bind(address);
        Ok((emails.into_iter().collect(), query.fetch_all(&self.read).await?.into_iter().collect()))
    }

    /// How many of these emails still wait for their verdict.
    pub(crate) async fn undecided_among(&self, emails: &BTreeSet<InboxId>) -> Result<i64, StoreError> {
        let query = sqlx::query_scalar(sql::UNDECIDED_AMONG.on(self.engine)).bind(json(emails)?);
        Ok(query.fetch_one(&self.read).await?)
    }

    /// People whose tickets were all closed before then, at most `count`.
    pub(crate) async fn people_of_old(
        &self,
        before: Millis,
        beyond: &str,
        count: i64,
    ) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query_scalar(sql::PEOPLE_OF_OLD.on(self.engine)).bind(before).bind(count).bind(beyond);
        Ok(query.fetch_all(&self.read).await?)
    }

    /// Removes the bytes of what is older than `before`; gives how many.
    pub async fn forget(&self, what: Expired, before: Millis, count: i64) -> Result<u64, StoreError> {
        let [old, bytes] = match what {
            Expired::Emails => [sql::OLD_EMAILS, sql::RAW_DROP],
            Expired::Notifications => [sql::OLD_NOTIFICATIONS, sql::NOTIFICATION_DROP],
            Expired::Ignored => [sql::OLD_IGNORED, sql::RAW_DROP],
        };
        let mut tx = self.begin(super::Durability::Full).await?;
        let query = sqlx::query_scalar::<_, i64>(old.on(self.engine)).bind(before).bind(count);
        let ids = query.fetch_all(&mut *tx.tx).await?;
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
        let emails: Vec<InboxId> = erasure.emails.iter().copied().collect();
        let notifications: Vec<OutboxId> = erasure.notifications.iter().copied().collect();
        tx.insert(sql::RAW_DROP, &emails).await?;
        tx.insert(sql::RAW_GONE, &emails).await?;
        tx.insert(sql::NOTIFICATION_DROP, &notifications).await?;
        sqlx::query(sql::NOTIFICATION_BODIES_DROP.on(self.engine)).execute(&mut *tx.tx).await?;
        tx.insert(sql::NOTIFICATION_GONE, &notifications).await?;
        let tickets: Vec<TicketId> = erasure.tickets.iter().copied().collect();
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
        let query = sqlx::query(sql::ERASED_ADD.on(self.engine)).bind(&erasure.pseudonym).bind(now).bind(i64::MAX);
        query.execute(&mut *tx.tx).await?;
        let mut chain_entries = BTreeSet::new();
        let mut count = 0;
        let mut touched: BTreeSet<TicketId> = erasure.tickets.clone();
        let mut verdicts = BTreeSet::new();
        for column in sql::COLUMNS {
            let changed = tx.replace(*column, erasure, &mut chain_entries, &mut touched).await?;
            count += changed.len();
            if column.name.starts_with("inbox.") {
                verdicts.extend(changed.into_iter().map(InboxId));
            }
        }
        let touched: Vec<TicketId> = touched.into_iter().collect();
        let verdicts: Vec<InboxId> = verdicts.into_iter().collect();
        tx.article_words(&tickets).await?;
        tx.digest_anew(&self.key, &touched, &verdicts).await?;
        tx.cover_anew(&chain_entries, erasure, actor, count, now).await?;
        tx.commit().await?;
        sqlx::query(sql::SEARCH_ANEW.on(self.engine)).execute(&self.write).await?;
        Ok(count)
    }

    /// Writes what the log beside a SQLite file holds into the file, and empties it, so that what was deleted is
    /// in neither; on PostgreSQL the room is made free. False when somebody read for too long.
    pub(crate) async fn empty_log(&self) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(sql::EMPTY_LOG.on(self.engine));
        Ok(query.fetch_optional(&self.write).await?.is_none_or(|busy: i64| busy == 0))
    }
}

impl Tx {
    /// What a command changed cannot be taken back where that would bring the person back.
    async fn forget_undo(&mut self, erasure: &Erasure) -> Result<(), StoreError> {
        let mut gone = Vec::new();
        let query = sqlx::query_as::<_, (TicketId, String)>(sql::UNDOS.on(self.engine));
        for (id, undo) in query.fetch_all(&mut *self.tx).await? {
            let before: serde_json::Value = serde_json::from_str(&undo).unwrap_or_default();
            let theirs = before["before"].as_array().is_some_and(|tickets| {
                tickets.iter().any(|t| t["id"].as_i64().is_none_or(|id| erasure.tickets.contains(&TicketId(id))))
            });
            if theirs || undo.to_lowercase().contains(&erasure.address) || erasure.tickets.contains(&id) {
                gone.push(id);
            }
        }
        self.insert(sql::UNDO_GONE, &gone).await?;
        Ok(())
    }

    /// The words of the search are those that are left.
    async fn article_words(&mut self, tickets: &[TicketId]) -> Result<(), StoreError> {
        type Article = (i64, String, String, String, String);
        let query = sqlx::query_as::<_, Article>(sql::ARTICLES_OF.on(self.engine)).bind(json(&tickets)?);
        for (id, title, problem, solution, tags) in query.fetch_all(&mut *self.tx).await? {
            let words = search_words(&[&title, &problem, &solution, &tags]);
            let query = sqlx::query(sql::ARTICLE_WORDS.on(self.engine)).bind(id).bind(words);
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
        touched: &mut BTreeSet<TicketId>,
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
            let query = sqlx::query_as::<_, Named>(column.find.on(self.engine));
            let rows = query.bind(pattern(word)).bind(pattern_as_is(word)).fetch_all(&mut *self.tx).await?;
            for Named { id, ticket, chain_entry, text } in rows {
                touched.insert(ticket);
                // A name may be somebody else's, elsewhere.
                let theirs = erasure.tickets.contains(&ticket) || (of_emails && erasure.emails.contains(&InboxId(id)));
                if *word != erasure.address && !theirs {
                    continue;
                }
                let text = changed.get(&id).map_or(text, |(text, _)| text.clone());
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
        let query = sqlx::query_as::<_, CoveredEvent>(sql::EVENTS_OF_ENTRIES.on(self.engine)).bind(json(&wanted)?);
        query.fetch_all(&mut *self.tx).await?.iter().for_each(|row| row.cover(&mut covered));
        let query = sqlx::query_as::<_, CoveredNotification>(sql::NOTIFICATIONS_OF_ENTRIES.on(self.engine));
        let rows = query.bind(json(&wanted)?).fetch_all(&mut *self.tx).await?;
        rows.iter().for_each(|row| row.cover(&mut covered));
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
pub(crate) struct Word(Option<Regex>);

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
    pub(crate) fn is_in(&self, text: &str) -> bool {
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
