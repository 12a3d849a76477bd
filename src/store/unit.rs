//! A unit of work: everything a group of decisions reads and writes, as one transaction.
//!
//! It has three phases. [`Unit::load`] looks up all that the group may need, in a handful of
//! statements, and locks it. Then decisions read and write the unit in memory, one after the
//! other, each seeing what those before it did. [`Unit::commit`] writes everything, again in a
//! handful of statements: a statement a row would cost a thread switch or a network round trip each.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;
use sqlx::Row;

use super::{Durability, Judgement, Store, StoreError, Tx, sql};
use crate::clock::{HOUR, Millis};
use crate::letter::OutgoingMail;
use crate::mail::{Attachment, FileRole};
use crate::ticket::{
    Event, Joining, MessageDraft, Opening, Person, Recent, Status, TicketView, Undelivered, Verdict, Visibility,
    WINDOW, WINDOWS, format_number, held_mail,
};

/// The counter that gives tickets their row ids; no prefix can be called so.
const TICKET_IDS: &str = "#ticket";

/// What a group of decisions may need to know.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Row ids of tickets.
    pub tickets: BTreeSet<i64>,
    /// Message-IDs whose tickets are wanted.
    pub message_ids: BTreeSet<String>,
    /// Numbers whose tickets are wanted.
    pub numbers: BTreeSet<String>,
    /// Prefixes tickets may be opened under.
    pub prefixes: BTreeSet<String>,
    /// Addresses letters may go to, besides the requesters of the tickets.
    pub recipients: BTreeSet<String>,
    /// Addresses of agents letters may go to.
    pub agents: BTreeSet<String>,
    /// Message-IDs of the mails themselves: copies of them may be here already.
    pub own_ids: BTreeSet<String>,
    /// Pictures in them, by [`image_key`].
    pub images: BTreeSet<String>,
}

/// How a picture of a sender is remembered.
#[must_use]
pub fn image_key(sender: &str, sha256: &str) -> String {
    format!("{sender} {sha256}")
}

/// An address nothing is written to for now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocked {
    /// The address.
    pub address: String,
    /// Since when.
    pub since: Millis,
    /// Until when.
    pub until: Millis,
    /// Enhanced status code of the refusal; may be empty.
    pub status: String,
    /// Words of the refusal; may be empty.
    pub reason: String,
    /// Number of the ticket whose letter was refused; may be empty.
    pub ticket: String,
}

/// Everything read and written so far.
pub struct Unit {
    tx: Tx,
    now: Millis,
    tickets: HashMap<i64, TicketView>,
    by_message: HashMap<String, i64>,
    by_number: HashMap<String, i64>,
    recent: HashMap<String, Recent>,
    copies: HashMap<String, Vec<(String, i64)>>,
    blocked: HashMap<String, Blocked>,
    new_blocks: BTreeMap<String, (String, Millis, Millis, String, String, i64)>,
    images: HashSet<String>,
    new_images: Vec<(String,)>,
    counters: BTreeMap<String, (i64, i64)>,
    once_keys: HashSet<String>,
    opened: Vec<TicketRow>,
    touched: BTreeMap<i64, Touch>,
    participants: Vec<(i64, String, String, &'static str)>,
    messages: Vec<MessageRow>,
    events: Vec<(i64, Millis, String, &'static str, String)>,
    letters: Vec<(i64, OutgoingMail)>,
    judgements: Vec<(i64, &'static str, Judgement)>,
    plus_works: BTreeSet<String>,
    held: Vec<(i64, bool, String)>,
}

/// Rows are written as JSON arrays, in the order of the statement's columns.
type TicketRow = (i64, String, String, String, &'static str, String, String, String, String, Millis, String, String);
type MessageRow =
    (i64, i64, &'static str, &'static str, i64, String, String, Millis, String, String, String, String, String);
type JudgementRow<'a> = (i64, &'a str, &'a str, &'a str, i64, Millis, &'a str, &'a str, &'a str);

#[derive(Debug, Clone)]
struct Touch {
    status: &'static str,
    last_public_id: String,
    first_answer: bool,
    fields: String,
}

impl Unit {
    /// Begins a transaction and looks up what is wanted. Tickets and counters stay locked until the commit.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn load(store: &Store, wanted: Wanted, now: Millis) -> Result<Self, StoreError> {
        let mut tx = store.begin(Durability::Full).await?;
        let by_message = tx.pairs(sql::TICKETS_OF_MESSAGES, &wanted.message_ids).await?;
        let by_number = tx.pairs(sql::TICKETS_OF_NUMBERS, &wanted.numbers).await?;
        let mut ids = wanted.tickets;
        let copies = tx.copies(&wanted.own_ids).await?;
        ids.extend(by_message.values().chain(by_number.values()));
        ids.extend(copies.values().flatten().map(|(_, ticket)| ticket));
        let tickets = tx.ticket_views(&ids).await?;
        let mut recipients = wanted.recipients;
        recipients.extend(tickets.values().map(|t| t.requester.address.clone()));
        recipients.retain(|r| !wanted.agents.contains(r));
        let mut recent = tx.recent_letters(&recipients, now).await?;
        recent.extend(tx.recent_letters_of_agents(&wanted.agents, now).await?);
        let blocked = tx.blocked(&recipients, now).await?;
        let images = tx.seen_images(&wanted.images).await?;
        let counters = tx.lock_counters(&wanted.prefixes).await?;
        Ok(Self {
            tx,
            now,
            tickets,
            by_message,
            by_number,
            recent,
            copies,
            blocked,
            new_blocks: BTreeMap::new(),
            images,
            new_images: Vec::new(),
            counters,
            once_keys: HashSet::new(),
            opened: Vec::new(),
            touched: BTreeMap::new(),
            participants: Vec::new(),
            messages: Vec::new(),
            events: Vec::new(),
            letters: Vec::new(),
            judgements: Vec::new(),
            plus_works: BTreeSet::new(),
            held: Vec::new(),
        })
    }

    /// A ticket by its row id.
    #[must_use]
    pub fn ticket(&self, id: i64) -> Option<&TicketView> {
        self.tickets.get(&id)
    }

    /// Row id of the ticket a Message-ID belongs to.
    #[must_use]
    pub fn ticket_of_message(&self, message_id: &str) -> Option<i64> {
        self.by_message.get(message_id).copied()
    }

    /// Row id of the ticket with this number.
    #[must_use]
    pub fn ticket_of_number(&self, number: &str) -> Option<i64> {
        self.by_number.get(number).copied()
    }

    /// The tickets that hold a mail of this id that says the same.
    #[must_use]
    pub fn tickets_of_copy(&self, message_id: &str, content: &str) -> Vec<TicketView> {
        let known = self.copies.get(message_id).map(Vec::as_slice).unwrap_or_default();
        let same = known.iter().filter(|(held, _)| held == content).filter_map(|(_, id)| self.ticket(*id));
        same.cloned().collect()
    }

    /// Letters lately written to this address, those of this unit included.
    #[must_use]
    pub fn recent_letters(&self, recipient: &str) -> Recent {
        self.recent.get(recipient).cloned().unwrap_or_default()
    }

    /// Why nothing is written to this address for now, if so.
    #[must_use]
    pub fn blocked(&self, address: &str) -> Option<&Blocked> {
        self.blocked.get(address)
    }

    /// Writes nothing to this address until then; gives false when that was so already.
    pub fn block(&mut self, ticket: i64, failure: &Undelivered, until: Millis) -> bool {
        let Undelivered { address, status, reason, .. } = failure;
        let row = (address.clone(), self.now, until, status.clone(), reason.clone(), ticket);
        self.new_blocks.insert(address.clone(), row);
        let block = Blocked {
            address: address.clone(),
            since: self.now,
            until,
            status: status.clone(),
            reason: reason.clone(),
            ticket: String::new(),
        };
        self.blocked.insert(address.clone(), block).is_none()
    }

    /// Notes the pictures of a sender, once a mail; small ones seen in an earlier mail are logos.
    pub fn note_images(&mut self, sender: &str, attachments: &mut [Attachment]) {
        for attachment in attachments.iter_mut().filter(|a| a.role == FileRole::Inline) {
            let key = image_key(sender, &attachment.sha256);
            if self.images.contains(&key) {
                attachment.role = FileRole::Logo;
            } else {
                self.new_images.push((key.clone(),));
                self.images.insert(key);
            }
        }
    }

    /// Opens a ticket with its number, people, first message and history.
    ///
    /// # Errors
    /// [`StoreError::Uncounted`] when the prefix was not wanted.
    pub fn open_ticket(&mut self, inbox_id: i64, opening: &Opening) -> Result<TicketView, StoreError> {
        let id = self.count(TICKET_IDS)?;
        let number = format_number(&opening.prefix, self.count(&opening.prefix)?);
        let person = &opening.requester;
        let people = std::iter::once(person).chain(&opening.others);
        let ticket = TicketView {
            id,
            number: number.clone(),
            queue: opening.queue.clone(),
            title: opening.title.clone(),
            status: Status::New,
            priority: opening.priority.clone(),
            requester: person.clone(),
            participants: people.clone().map(|p| p.address.clone()).collect(),
            root_message_id: opening.message.message_id.clone(),
            last_public_id: opening.message.message_id.clone(),
            answered: false,
            fields: opening.fields.clone(),
        };
        self.opened.push((
            id,
            number.clone(),
            opening.queue.clone(),
            opening.title.clone(),
            Status::New.as_str(),
            opening.priority.clone(),
            person.address.clone(),
            person.name.clone(),
            person.language.clone(),
            self.now,
            opening.message.message_id.clone(),
            fields_json(&opening.fields),
        ));
        for (at, person) in people.enumerate() {
            let role = if at == 0 { "requester" } else { "cc" };
            self.participants.push((id, person.address.clone(), person.name.clone(), role));
        }
        self.add_message(id, inbox_id, &opening.message);
        if let Some(note) = &opening.note {
            self.add_message(id, inbox_id, note);
        }
        let opened = Event { actor: person.address.clone(), kind: "opened", text: format!("{number} opened by mail") };
        self.add_event(id, opened);
        for event in &opening.events {
            self.add_event(id, event.clone());
        }
        self.by_number.insert(number, id);
        self.tickets.insert(id, ticket.clone());
        Ok(ticket)
    }

    /// Adds a mail to its ticket; gives the ticket as it is then.
    pub fn join_ticket(&mut self, inbox_id: i64, joining: &Joining) -> TicketView {
        let message = &joining.message;
        let mut ticket = joining.ticket.clone();
        ticket.status = joining.status;
        ticket.answered |= joining.first_answer;
        ticket.fields.clone_from(&joining.fields);
        let from_outside = !message.from_agent && message.visibility == Visibility::Public;
        if from_outside && !message.message_id.is_empty() {
            ticket.last_public_id.clone_from(&message.message_id);
        }
        let earlier = self.touched.get(&ticket.id).is_some_and(|t| t.first_answer);
        let touch = Touch {
            status: ticket.status.as_str(),
            last_public_id: ticket.last_public_id.clone(),
            first_answer: earlier || joining.first_answer,
            fields: fields_json(&ticket.fields),
        };
        self.touched.insert(ticket.id, touch);
        self.add_message(ticket.id, inbox_id, message);
        for event in &joining.events {
            self.add_event(ticket.id, event.clone());
        }
        self.tickets.insert(ticket.id, ticket.clone());
        ticket
    }

    /// Adds a line to a ticket's history.
    pub fn add_event(&mut self, ticket: i64, event: Event) {
        if held_mail(ticket).is_some() {
            // A held mail has no history; its row says why it is held.
            return;
        }
        self.events.push((ticket, self.now, event.actor, event.kind, event.text));
    }

    /// Counts a letter that is going to be written to this address.
    pub fn count_letter(&mut self, recipient: &str, ticket: i64) {
        self.recent.entry(recipient.to_owned()).or_default().add(ticket, [1; WINDOWS]);
    }

    /// Queues a letter, unless one with the same once-key is there.
    pub fn queue_letter(&mut self, ticket: i64, letter: OutgoingMail) {
        let ticket = if held_mail(ticket).is_some() { 0 } else { ticket };
        if self.once_keys.insert(letter.once_key.clone()) {
            self.letters.push((ticket, letter));
        }
    }

    /// Lets a held mail in, so that it is decided again, or refuses it for good.
    pub fn judge_held(&mut self, inbox_id: i64, admit: bool, reason: String) {
        self.held.push((inbox_id, admit, reason));
    }

    /// Records the verdict on a mail.
    pub fn judge(&mut self, inbox_id: i64, judgement: Judgement) {
        let state = if judgement.verdict == Verdict::Held { "held" } else { "done" };
        self.judgements.push((inbox_id, state, judgement));
    }

    /// Notes that sub-addresses of this queue work.
    pub fn note_plus_works(&mut self, queue: &str) {
        self.plus_works.insert(queue.to_owned());
    }

    /// Writes what has been decided so far, without committing. More may be decided afterwards.
    ///
    /// # Errors
    /// [`StoreError::AlreadyDecided`] when a mail does not wait any more, or
    /// [`StoreError::Statement`]; the unit can only be dropped then.
    pub async fn write(&mut self) -> Result<(), StoreError> {
        self.tx.insert(sql::TICKETS_ADD, &std::mem::take(&mut self.opened)).await?;
        self.tx.insert(sql::PARTICIPANTS_ADD, &std::mem::take(&mut self.participants)).await?;
        self.tx.insert(sql::MESSAGES_ADD, &std::mem::take(&mut self.messages)).await?;
        self.tx.insert(sql::EVENTS_ADD, &std::mem::take(&mut self.events)).await?;
        let blocks: Vec<_> = std::mem::take(&mut self.new_blocks).into_values().collect();
        self.tx.insert(sql::UNDELIVERABLE_ADD, &blocks).await?;
        self.tx.insert(sql::SEEN_IMAGE_ADD, &std::mem::take(&mut self.new_images)).await?;
        self.write_touches().await?;
        self.write_judgements().await?;
        self.tx.queue_letters(&std::mem::take(&mut self.letters), self.now).await
    }

    /// Writes everything and commits.
    ///
    /// # Errors
    /// As [`Unit::write`]; then nothing was done.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.write().await?;
        for (prefix, (before, last)) in &self.counters {
            if before != last {
                self.tx.set_counter(prefix, *last).await?;
            }
        }
        for (id, admit, reason) in &self.held {
            if *admit {
                self.tx.release(*id, reason).await?;
            } else {
                self.tx.refuse(*id, reason, self.now).await?;
            }
        }
        for queue in &self.plus_works {
            self.tx.note_plus_works(queue).await?;
        }
        self.tx.commit().await
    }

    fn count(&mut self, name: &str) -> Result<i64, StoreError> {
        let (_, last) = self.counters.get_mut(name).ok_or_else(|| StoreError::Uncounted(name.to_owned()))?;
        *last += 1;
        Ok(*last)
    }

    fn add_message(&mut self, ticket: i64, inbox_id: i64, message: &MessageDraft) {
        if !message.message_id.is_empty() {
            // An id belongs to whom it came from first: a later mail that reuses it leads nowhere else.
            self.by_message.entry(message.message_id.clone()).or_insert(ticket);
            let copies = self.copies.entry(message.message_id.clone()).or_default();
            copies.push((message.content.clone(), ticket));
        }
        self.messages.push((
            ticket,
            inbox_id,
            if message.from_agent { "out" } else { "in" },
            message.visibility.as_str(),
            i64::from(message.automatic),
            message.sender.clone(),
            message.sender_name.clone(),
            self.now,
            message.message_id.clone(),
            message.text.clone(),
            message.new_text.clone(),
            // A list of plain values always has a JSON form.
            serde_json::to_string(&message.attachments).unwrap_or_else(|_| "[]".to_owned()),
            message.content.clone(),
        ));
    }

    async fn write_touches(&mut self) -> Result<(), StoreError> {
        let rows: Vec<_> = self
            .touched
            .iter()
            .map(|(id, t)| {
                let answered = if t.first_answer { self.now } else { 0 };
                (id, self.now, t.status, &t.last_public_id, answered, &t.fields)
            })
            .collect();
        self.tx.insert(sql::TICKETS_TOUCH, &rows).await?;
        self.touched.clear();
        Ok(())
    }

    async fn write_judgements(&mut self) -> Result<(), StoreError> {
        let now = self.now;
        let rows: Vec<JudgementRow<'_>> = self
            .judgements
            .iter()
            .map(|(id, state, j)| {
                let words = (j.message_id.as_str(), j.sender.as_str(), j.subject.as_str());
                (*id, *state, j.verdict.as_str(), j.reason.as_str(), j.ticket_id, now, words.0, words.1, words.2)
            })
            .collect();
        let done = self.tx.insert(sql::INBOX_JUDGE, &rows).await?;
        if let Some(row) = rows.first().filter(|_| done != rows.len() as u64) {
            return Err(StoreError::AlreadyDecided(row.0));
        }
        self.judgements.clear();
        Ok(())
    }
}

impl Tx {
    /// Runs a statement over rows given as JSON; gives how many rows it wrote.
    pub(super) async fn insert<T: Serialize>(&mut self, statement: sql::Sql, rows: &[T]) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let query = sqlx::query(statement.on(self.engine)).bind(json(&rows)?);
        Ok(query.execute(&mut *self.tx).await?.rows_affected())
    }

    /// Names and ids.
    async fn pairs(
        &mut self,
        statement: sql::Sql,
        names: &BTreeSet<String>,
    ) -> Result<HashMap<String, i64>, StoreError> {
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = sqlx::query(statement.on(self.engine)).bind(json(names)?).fetch_all(&mut *self.tx).await?;
        let pairs = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(pairs.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Tickets by their ids, their rows locked, lowest first so that two instances cannot block each other.
    async fn ticket_views(&mut self, ids: &BTreeSet<i64>) -> Result<HashMap<i64, TicketView>, StoreError> {
        let mut tickets = HashMap::new();
        if ids.is_empty() {
            return Ok(tickets);
        }
        let list = json(ids)?;
        let rows = sqlx::query(sql::TICKET_VIEWS.on(self.engine)).bind(&list).fetch_all(&mut *self.tx).await?;
        for row in rows {
            let (id, status): (i64, String) = (row.try_get(0)?, row.try_get(4)?);
            let (answered_at, fields): (i64, String) = (row.try_get(11)?, row.try_get(12)?);
            let ticket = TicketView {
                id,
                number: row.try_get(1)?,
                queue: row.try_get(2)?,
                title: row.try_get(3)?,
                status: Status::from_word(&status),
                priority: row.try_get(5)?,
                requester: Person { address: row.try_get(6)?, name: row.try_get(7)?, language: row.try_get(8)? },
                participants: Vec::new(),
                root_message_id: row.try_get(9)?,
                last_public_id: row.try_get(10)?,
                answered: answered_at > 0,
                fields: serde_json::from_str(&fields).unwrap_or_default(),
            };
            tickets.insert(id, ticket);
        }
        let people = sqlx::query(sql::PARTICIPANTS_OF.on(self.engine)).bind(&list).fetch_all(&mut *self.tx).await?;
        for row in people {
            let id: i64 = row.try_get(0)?;
            if let Some(ticket) = tickets.get_mut(&id) {
                ticket.participants.push(row.try_get(1)?);
            }
        }
        Ok(tickets)
    }

    /// Letters lately written to requesters, by ticket and window.
    async fn recent_letters(
        &mut self,
        recipients: &BTreeSet<String>,
        now: Millis,
    ) -> Result<HashMap<String, Recent>, StoreError> {
        let mut found: HashMap<String, Recent> = HashMap::new();
        if recipients.is_empty() {
            return Ok(found);
        }
        let mut query = sqlx::query(sql::OUTBOX_RECENT.on(self.engine)).bind(json(recipients)?);
        for window in WINDOW.iter().rev() {
            query = query.bind(now - window);
        }
        for row in query.fetch_all(&mut *self.tx).await? {
            let mut counts = [0i64; WINDOWS];
            for (at, count) in counts.iter_mut().rev().enumerate() {
                *count = row.try_get(2 + at)?;
            }
            let (recipient, ticket): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            found.entry(recipient).or_default().add(ticket, counts);
        }
        Ok(found)
    }

    /// Letters written to agents within the hour: they have a cap of their own.
    async fn recent_letters_of_agents(
        &mut self,
        agents: &BTreeSet<String>,
        now: Millis,
    ) -> Result<HashMap<String, Recent>, StoreError> {
        let mut found: HashMap<String, Recent> = HashMap::new();
        if agents.is_empty() {
            return Ok(found);
        }
        let query = sqlx::query(sql::OUTBOX_RECENT_OF_AGENTS.on(self.engine)).bind(json(agents)?).bind(now - HOUR);
        for row in query.fetch_all(&mut *self.tx).await? {
            let (recipient, count): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            found.entry(recipient).or_default().add(0, [count; WINDOWS]);
        }
        Ok(found)
    }

    async fn blocked(
        &mut self,
        addresses: &BTreeSet<String>,
        now: Millis,
    ) -> Result<HashMap<String, Blocked>, StoreError> {
        let mut found = HashMap::new();
        if addresses.is_empty() {
            return Ok(found);
        }
        let query = sqlx::query(sql::UNDELIVERABLE_AMONG.on(self.engine)).bind(json(addresses)?).bind(now);
        for row in query.fetch_all(&mut *self.tx).await? {
            let block = Blocked {
                address: row.try_get(0)?,
                since: row.try_get(1)?,
                until: row.try_get(2)?,
                status: row.try_get(3)?,
                reason: row.try_get(4)?,
                ticket: String::new(),
            };
            found.insert(block.address.clone(), block);
        }
        Ok(found)
    }

    /// Contents and tickets of mails by their ids.
    async fn copies(&mut self, ids: &BTreeSet<String>) -> Result<HashMap<String, Vec<(String, i64)>>, StoreError> {
        let mut found: HashMap<String, Vec<(String, i64)>> = HashMap::new();
        if ids.is_empty() {
            return Ok(found);
        }
        let query = sqlx::query(sql::COPIES.on(self.engine)).bind(json(ids)?);
        for row in query.fetch_all(&mut *self.tx).await? {
            found.entry(row.try_get(0)?).or_default().push((row.try_get(1)?, row.try_get(2)?));
        }
        Ok(found)
    }

    async fn seen_images(&mut self, keys: &BTreeSet<String>) -> Result<HashSet<String>, StoreError> {
        if keys.is_empty() {
            return Ok(HashSet::new());
        }
        let query = sqlx::query(sql::SEEN_IMAGES.on(self.engine)).bind(json(keys)?);
        let rows = query.fetch_all(&mut *self.tx).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?)
    }

    /// The last counts given out, locked: that of ticket ids first, then the prefixes in their order.
    async fn lock_counters(&mut self, prefixes: &BTreeSet<String>) -> Result<BTreeMap<String, (i64, i64)>, StoreError> {
        let mut counters = BTreeMap::new();
        let names = std::iter::once(TICKET_IDS).chain(prefixes.iter().map(String::as_str));
        for name in names.filter(|_| !prefixes.is_empty()) {
            let query = sqlx::query(sql::COUNTER_LOCK.on(self.engine)).bind(name);
            let last: i64 = query.fetch_one(&mut *self.tx).await?.try_get(0)?;
            counters.insert(name.to_owned(), (last, last));
        }
        Ok(counters)
    }

    async fn set_counter(&mut self, prefix: &str, last: i64) -> Result<(), StoreError> {
        let query = sqlx::query(sql::COUNTER_SET.on(self.engine));
        query.bind(prefix).bind(last).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Rows of bytes, which JSON cannot carry, eight a statement.
    pub(super) async fn insert_bytes(
        &mut self,
        one: sql::Sql,
        eight: sql::Sql,
        rows: &[(i64, &[u8])],
    ) -> Result<(), StoreError> {
        let (eights, rest) = rows.as_chunks::<8>();
        for chunk in eights {
            let mut query = sqlx::query(eight.on(self.engine));
            for (id, bytes) in chunk {
                query = query.bind(*id).bind(bytes.to_vec());
            }
            query.execute(&mut *self.tx).await?;
        }
        for (id, bytes) in rest {
            let query = sqlx::query(one.on(self.engine));
            query.bind(*id).bind(bytes.to_vec()).execute(&mut *self.tx).await?;
        }
        Ok(())
    }
}

fn fields_json(fields: &BTreeMap<String, String>) -> String {
    serde_json::to_string(fields).unwrap_or_else(|_| "{}".to_owned())
}

/// Plain values always have a JSON form; a failure here would be a mistake in this module.
pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Statement(sqlx::Error::Encode(Box::new(e))))
}
