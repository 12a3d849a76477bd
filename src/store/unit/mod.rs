//! A unit of work: everything a group of decisions reads and writes, as one transaction.
//!
//! It has three phases. [`Unit::load`] looks up all that the group may need, in a handful of
//! statements, and locks it. Then decisions read and write the unit in memory, one after the
//! other, each seeing what those before it did. [`Unit::commit`] writes everything, again in a
//! handful of statements: a statement a row would cost a thread switch or a network round trip each.

mod look;
mod write;

pub(super) use write::search_words;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::integrity::Key;
use super::{Alarm, Arrival, Blocked, Durability, Store, StoreError, Tx, VerdictRecord, sql};
use crate::clock::Millis;
use crate::mail::{Attachment, FileRole};
use crate::notify::OutgoingEmail;
use crate::ticket::{
    ALERT, About, Article, Change, Event, INTAKE_WINDOW, InboxId, IntakeLimits, MessageDraft, Opening, OutboxId,
    Recent, Said, TicketId, TicketState, TicketView, Undelivered, Verdict, Visibility, WINDOWS, format_number,
};

/// Longest chain of tickets merged into one another that is followed.
pub(super) const MERGES: usize = 8;

/// The counter that gives tickets their row ids; no prefix can be called so.
pub(super) const TICKET_IDS: &str = "#ticket";

/// What a group of decisions may need to know.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub tickets: BTreeSet<TicketId>,
    /// Message-IDs whose tickets are wanted.
    pub message_ids: BTreeSet<String>,
    /// Numbers whose tickets are wanted.
    pub numbers: BTreeSet<String>,
    /// Prefixes tickets may be opened under.
    pub prefixes: BTreeSet<String>,
    /// Addresses notifications may go to, besides the requesters of the tickets.
    pub recipients: BTreeSet<String>,
    /// Addresses of agents notifications may go to.
    pub agents: BTreeSet<String>,
    /// Message-IDs of the emails themselves: copies of them may be here already.
    pub own_ids: BTreeSet<String>,
    /// Pictures in them, by [`image_key`].
    pub images: BTreeSet<String>,
    /// Message-IDs of our notifications whose proof is in question.
    pub notifications: BTreeSet<String>,
    /// Message-IDs of our notifications that reports say did not arrive.
    pub returned: BTreeSet<String>,
    /// Message-IDs of our notifications that agents answer: what they say must not leave.
    pub answered: BTreeSet<String>,
    /// Digests of what emails say without names and numbers.
    pub alike: BTreeSet<String>,
    /// People whose open tickets are wanted: they go on with one in an email that leads to none.
    pub resuming: BTreeSet<String>,
    /// Addresses that may be vendors'.
    pub vendors: BTreeSet<String>,
    /// Senders whose emails of the last hour are counted.
    pub senders: BTreeSet<String>,
    /// Bounds of what is taken in within an hour.
    pub intake: IntakeLimits,
    /// Most tickets that the group may open.
    pub openings: i64,
    /// Whether tickets are needed with what has to do with them: a command may reach them.
    pub related: bool,
    /// Whether a command may be taken back: an answer that still waits could be held back.
    pub undoes: bool,
    /// The lease under which all this is done; none where claims protect it.
    pub lease: Option<&'static str>,
}

/// How a picture of a sender is remembered.
#[must_use]
pub(crate) fn image_key(sender: &str, sha256: &str) -> String {
    format!("{sender} {sha256}")
}

/// Everything read and written so far.
pub(crate) struct Unit {
    tx: Tx,
    key: Key,
    holder: String,
    now: Millis,
    tickets: HashMap<TicketId, TicketView>,
    by_message: HashMap<String, TicketId>,
    by_number: HashMap<String, TicketId>,
    recent: HashMap<String, Recent>,
    copies: HashMap<String, Vec<(String, TicketId)>>,
    blocked: HashMap<String, Blocked>,
    new_blocks: BTreeMap<String, BlockRow>,
    images: HashSet<String>,
    new_images: Vec<(String,)>,
    counters: BTreeMap<String, (i64, i64)>,
    once_keys: HashSet<String>,
    issued: HashMap<String, (Millis, bool)>,
    waiting_answers: HashMap<TicketId, BTreeSet<Millis>>,
    said: HashMap<TicketId, Vec<Said>>,
    held_back: BTreeMap<TicketId, Millis>,
    answered: HashMap<String, Vec<u8>>,
    next_answers: HashMap<String, (Millis, String)>,
    returned: BTreeSet<String>,
    shown: BTreeSet<String>,
    original_requests: HashMap<TicketId, String>,
    opened: BTreeSet<TicketId>,
    touched: BTreeSet<TicketId>,
    with_deadlines: BTreeSet<TicketId>,
    participants: Vec<(TicketId, String, String, &'static str)>,
    gone: Vec<(TicketId, String)>,
    articles: Vec<Article>,
    forgotten: BTreeSet<TicketId>,
    carried_out: HashMap<String, Vec<String>>,
    messages: Vec<MessageRow>,
    events: Vec<(TicketId, Millis, String, &'static str, String)>,
    state_history: Vec<(TicketId, Millis, TicketState)>,
    overdue: Vec<(String, TicketId, Millis, String)>,
    told: Vec<i64>,
    digest: Vec<(String, TicketId, Millis, String, i64)>,
    digested: Vec<i64>,
    failed_told: Vec<OutboxId>,
    wake_ups: BTreeMap<String, Millis>,
    alarms: Vec<(String, Option<Alarm>)>,
    notifications: Vec<(Option<TicketId>, OutgoingEmail)>,
    verdict_records: Vec<(InboxId, VerdictRecord)>,
    facts: BTreeMap<String, String>,
    held: Vec<(InboxId, bool, String)>,
    decided: HashMap<String, i64>,
    alike: HashMap<String, HashSet<String>>,
    opened_in: BTreeMap<String, i64>,
}

/// Rows are written as JSON arrays, in the order of the statement's columns.
type BlockRow = (String, Millis, Millis, String, String, Option<TicketId>);
type MessageRow = (
    TicketId,
    InboxId,
    &'static str,
    &'static str,
    i64,
    String,
    String,
    Millis,
    String,
    String,
    String,
    String,
    String,
    String,
);

impl Unit {
    /// Begins a transaction and looks up what is wanted. Tickets and counters stay locked until the commit.
    pub async fn load(store: &Store, wanted: Wanted, now: Millis) -> Result<Self, StoreError> {
        let mut tx = store.begin(Durability::Full).await?;
        if let Some(lease) = wanted.lease {
            tx.fence(store, lease).await?;
        }
        let by_message = tx.pairs(sql::TICKETS_OF_MESSAGES, &wanted.message_ids).await?;
        let by_number = tx.pairs(sql::TICKETS_OF_NUMBERS, &wanted.numbers).await?;
        let mut ids = wanted.tickets;
        let copies = tx.copies(&wanted.own_ids).await?;
        ids.extend(by_message.values().chain(by_number.values()));
        ids.extend(copies.values().flatten().map(|(_, ticket)| ticket));
        ids.extend(tx.of_vendors(&wanted.vendors).await?);
        ids.extend(tx.open_tickets_of(&wanted.resuming).await?);
        let tickets = tx.with_related(ids, wanted.related).await?;
        let original_requests = if wanted.related {
            tx.original_requests(tickets.keys().copied().collect()).await?
        } else {
            HashMap::new()
        };
        let said = if wanted.related { tx.said(tickets.keys().copied().collect()).await? } else { HashMap::new() };
        let issued = tx.issued(&wanted.notifications).await?;
        let undone = if wanted.undoes { tickets.keys().copied().collect() } else { BTreeSet::new() };
        let waiting_answers = tx.waiting_answers(&undone).await?;
        let answered = tx.answered(&wanted.answered).await?;
        let next_answers = tx.next_answers(&wanted.returned, now).await?;
        let mut recipients = wanted.recipients;
        recipients.extend(tickets.values().map(|t| t.requester.address.clone()));
        recipients.extend(tickets.values().flat_map(|t| t.participants.iter().chain(&t.vendors)).cloned());
        recipients.retain(|r| !wanted.agents.contains(r));
        let mut recent = tx.recent_notifications(&recipients, now).await?;
        recent.extend(tx.recent_notifications_of_agents(&wanted.agents, now).await?);
        let blocked = tx.blocked(&recipients, now).await?;
        let images = tx.seen_images(&wanted.images).await?;
        let carried_out = tx.carried_out(&wanted.own_ids).await?;
        let counters = tx.lock_counters(&wanted.prefixes).await?;
        let since = now - INTAKE_WINDOW;
        let IntakeLimits { emails_per_hour_per_sender, emails_per_hour, .. } = wanted.intake;
        // A queue can only have reached its bound where the ids given out since come near it.
        let near = (emails_per_hour - wanted.openings).max(0);
        let opened_in = if emails_per_hour > 0 && !wanted.prefixes.is_empty() {
            tx.opened_lately(since, near).await?
        } else {
            BTreeMap::new()
        };
        let decided = tx.decided_lately(&wanted.senders, since, emails_per_hour_per_sender).await?;
        let alike = tx.alike_lately(&wanted.alike, since).await?;
        Ok(Self {
            tx,
            key: store.key.clone(),
            holder: store.holder(),
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
            issued,
            waiting_answers,
            said,
            held_back: BTreeMap::new(),
            answered,
            next_answers,
            returned: BTreeSet::new(),
            shown: BTreeSet::new(),
            original_requests,
            opened: BTreeSet::new(),
            touched: BTreeSet::new(),
            with_deadlines: BTreeSet::new(),
            participants: Vec::new(),
            gone: Vec::new(),
            articles: Vec::new(),
            forgotten: BTreeSet::new(),
            carried_out,
            messages: Vec::new(),
            events: Vec::new(),
            state_history: Vec::new(),
            overdue: Vec::new(),
            told: Vec::new(),
            digest: Vec::new(),
            digested: Vec::new(),
            failed_told: Vec::new(),
            wake_ups: BTreeMap::new(),
            alarms: Vec::new(),
            notifications: Vec::new(),
            verdict_records: Vec::new(),
            facts: BTreeMap::new(),
            held: Vec::new(),
            decided,
            alike,
            opened_in,
        })
    }

    /// Counts an email of this sender that is decided.
    pub(crate) fn count_mail(&mut self, sender: &str, alike: &str) {
        *self.decided.entry(sender.to_owned()).or_default() += 1;
        if !alike.is_empty() {
            self.alike.entry(alike.to_owned()).or_default().insert(sender.to_owned());
        }
    }

    /// Writes nothing to this address until then; gives false when that was so already.
    pub fn block(&mut self, ticket: Option<TicketId>, failure: &Undelivered, until: Millis) -> bool {
        let Undelivered { address, status, reason, .. } = failure;
        let row = (address.clone(), self.now, until, status.clone(), reason.clone(), ticket);
        self.new_blocks.insert(address.clone(), row);
        let block = Blocked {
            address: address.clone(),
            since: self.now,
            until,
            status: status.clone(),
            reason: reason.clone(),
            ticket: None,
        };
        self.blocked.insert(address.clone(), block).is_none()
    }

    /// Notes the pictures of a sender, once an email; small ones seen in an earlier mail are logos.
    pub(crate) fn note_images(&mut self, sender: &str, attachments: &mut [Attachment]) {
        let mut new = BTreeSet::new();
        for attachment in attachments.iter_mut().filter(|a| a.role == FileRole::Inline) {
            let key = image_key(sender, &attachment.sha256);
            if self.images.contains(&key) {
                attachment.role = FileRole::Logo;
            } else {
                new.insert(key);
            }
        }
        self.new_images.extend(new.iter().map(|key| (key.clone(),)));
        self.images.extend(new);
    }

    /// From now on an answer to this notification proves nothing: its token was shown to others.
    pub(crate) fn note_shown(&mut self, message_id: String) {
        self.shown.insert(message_id);
    }

    /// Opens a ticket with its number, people, first message and history.
    ///
    /// # Errors
    /// [`StoreError::Uncounted`] when the prefix was not wanted.
    pub(crate) fn open_ticket(&mut self, inbox_id: InboxId, opening: &Opening) -> Result<TicketView, StoreError> {
        let id = TicketId(self.count(TICKET_IDS)?);
        let number = format_number(&opening.prefix, self.count(&opening.prefix)?);
        let person = &opening.ticket.requester;
        let people = std::iter::once(person).chain(&opening.others);
        let message_id = Some(opening.message.message_id.clone()).filter(|id| !id.is_empty());
        let related = opening.relates.iter().filter_map(|other| Some(self.tickets.get(other)?.number.clone()));
        let ticket = TicketView {
            id,
            number: number.clone(),
            participants: people.clone().map(|p| p.address.clone()).collect(),
            root_message_id: message_id.clone(),
            last_public_id: message_id,
            created_at: self.now,
            related: related.collect(),
            ..opening.ticket.clone()
        };
        self.opened.insert(id);
        *self.opened_in.entry(ticket.queue.clone()).or_default() += 1;
        for (at, person) in people.enumerate() {
            let role = if at == 0 { "requester" } else { "cc" };
            self.participants.push((id, person.address.clone(), person.name.clone(), role));
        }
        self.add_message(id, inbox_id, &opening.message);
        if let Some(note) = &opening.note {
            self.add_message(id, inbox_id, note);
        }
        let opened = Event {
            actor: person.address.clone(),
            kind: "opened",
            text: format!("{number} opened by {}", ticket.channel.medium()).into(),
        };
        self.add_event(id, opened);
        for event in &opening.events {
            self.add_event(id, event.clone());
        }
        for other in &opening.relates {
            self.relate(*other, &number);
        }
        self.articles.extend(opening.article.clone().map(|article| Article { ticket: id, ..article }));
        self.by_number.insert(number, id);
        self.original_requests.insert(id, opening.message.new_text.clone());
        if !ticket.deadlines.is_empty() {
            self.with_deadlines.insert(id);
        }
        self.note_state(&ticket);
        self.tickets.insert(id, ticket.clone());
        Ok(ticket)
    }

    fn relate(&mut self, ticket: TicketId, number: &str) {
        let Some(other) = self.tickets.get_mut(&ticket) else { return };
        other.related.push(number.to_owned());
        other.revision += 1;
        self.touched.insert(ticket);
        self.add_event(ticket, Event::own("related", format!("{number} comes of it")));
    }

    /// Makes a ticket what a decision says, with the message that did it; gives it as it is then.
    pub(crate) fn change_ticket(&mut self, inbox_id: Option<InboxId>, change: &Change) -> TicketView {
        let mut ticket = change.ticket.clone();
        let message = &change.message;
        let from_outside = !message.from_agent && message.visibility == Visibility::Public;
        if change.keep && from_outside && !message.message_id.is_empty() {
            ticket.last_public_id = Some(message.message_id.clone());
        }
        let id = ticket.id;
        if let Some(old) = self.tickets.get(&id) {
            ticket.revision = old.revision + i64::from(!change.quiet);
            // Who comes and goes within one commit ends where the last decision leaves them.
            for new in ticket.participants.iter().filter(|p| !old.participants.contains(p)) {
                self.gone.retain(|(ticket, key)| (*ticket, key) != (id, new));
                self.participants.push((id, new.clone(), String::new(), "cc"));
            }
            for gone in old.participants.iter().filter(|p| !ticket.participants.contains(p)) {
                self.participants.retain(|(ticket, key, _, _)| (*ticket, key) != (id, gone));
                self.gone.push((id, gone.clone()));
            }
            if old.deadlines != ticket.deadlines {
                self.with_deadlines.insert(id);
            }
            if TicketState::of(old) != TicketState::of(&ticket) {
                self.note_state(&ticket);
            }
        }
        self.touched.insert(id);
        // Only emails, and what the operator writes, leave messages.
        if let Some(inbox_id) = inbox_id {
            let kept = Some(message).filter(|_| change.keep);
            for message in kept.into_iter().chain(&change.note) {
                self.add_message(id, inbox_id, message);
            }
        }
        for event in &change.events {
            self.add_event(id, event.clone());
        }
        if let Some(at) = change.hold_back {
            self.held_back.insert(id, at);
            self.waiting_answers.entry(id).or_default().remove(&at);
        }
        self.articles.extend(change.article.clone());
        if change.forget {
            self.articles.retain(|a| a.ticket != id);
            self.forgotten.insert(id);
        }
        self.tickets.insert(id, ticket.clone());
        ticket
    }

    /// Notes that a notification came back.
    pub(crate) fn note_returned(&mut self, message_id: String) {
        self.returned.insert(message_id);
    }

    /// Keeps an email that is decided in this very unit; gives its row id.
    pub(crate) async fn take_in(&mut self, arrival: &Arrival<'_>) -> Result<InboxId, StoreError> {
        let ids = self.tx.journal(std::slice::from_ref(arrival), self.now).await?;
        let id = ids.first().copied().ok_or(StoreError::Interrupted)?;
        self.tx.claim_mail(id, &self.holder).await?;
        Ok(id)
    }

    /// Adds a line to a ticket's history.
    pub(crate) fn add_event(&mut self, ticket: TicketId, event: Event) {
        self.events.push((ticket, self.now, event.actor, event.kind, event.text.into_text()));
    }

    /// Notes how a ticket stands from now on, for reports.
    fn note_state(&mut self, ticket: &TicketView) {
        self.state_history.push((ticket.id, self.now, TicketState::of(ticket)));
    }

    /// Keeps what fell due unheard, for one notification to this person.
    pub(crate) fn note_overdue(&mut self, person: &str, ticket: TicketId, due: Millis, text: String) {
        self.overdue.push((person.to_owned(), ticket, due, text));
    }

    /// Keeps what this person, who is near the cap, is to be notified about in one email.
    pub(crate) fn note_digest(&mut self, person: &str, ticket: TicketId, text: String, waits: bool) {
        self.digest.push((person.to_owned(), ticket, self.now, text, i64::from(waits)));
    }

    /// That email is being written.
    pub(crate) fn clear_digest(&mut self, ids: &[i64]) {
        self.digested.extend(ids);
    }

    /// What fell due unheard has been told.
    pub(crate) fn clear_overdue(&mut self, ids: &[i64]) {
        self.told.extend(ids);
    }

    /// People are notified of this failed notification.
    pub(crate) fn note_failure_told(&mut self, outbox_id: OutboxId) {
        self.failed_told.push(outbox_id);
    }

    /// Sets when a wake-up rings next.
    pub(crate) fn set_wake_up(&mut self, name: &str, at: Millis) {
        self.wake_ups.insert(name.to_owned(), at);
    }

    /// The operator is told that something is wrong, still.
    pub(crate) fn raise(&mut self, alarm: Alarm) {
        self.alarms.push((alarm.name.clone(), Some(alarm)));
    }

    /// The operator is told that it is over.
    pub fn clear(&mut self, alarm: &str) {
        self.alarms.push((alarm.to_owned(), None));
    }

    /// Counts a notification that is going to be written to this address.
    pub(crate) fn count_notification(&mut self, recipient: &str, about: About) {
        self.recent.entry(recipient.to_owned()).or_default().add(about, [1; WINDOWS]);
    }

    /// Queues a notification, unless one with the same once-key is there.
    pub(crate) fn queue_notification(&mut self, ticket: Option<TicketId>, notification: OutgoingEmail) {
        if self.once_keys.insert(notification.once_key.clone()) {
            self.notifications.push((ticket, notification));
        }
    }

    /// Lets a held email in, so that it is decided again, or refuses it for good.
    pub(crate) fn review_held(&mut self, inbox_id: InboxId, admit: bool, reason: String) {
        self.held.push((inbox_id, admit, reason));
    }

    /// Records the verdict on an email.
    pub(crate) fn record_verdict(&mut self, inbox_id: InboxId, verdict_record: VerdictRecord) {
        if verdict_record.verdict == Verdict::Command && !verdict_record.message_id.is_empty() {
            self.carried_out.entry(verdict_record.message_id.clone()).or_default().push(verdict_record.content.clone());
        }
        self.verdict_records.push((inbox_id, verdict_record));
    }

    /// Writes a small fact down; see [`Store::meta`].
    pub(crate) fn note_fact(&mut self, name: String, found: &str) {
        self.facts.insert(name, found.to_owned());
    }

    fn count(&mut self, name: &str) -> Result<i64, StoreError> {
        let (_, last) = self.counters.get_mut(name).ok_or_else(|| StoreError::Uncounted(name.to_owned()))?;
        *last += 1;
        Ok(*last)
    }

    fn add_message(&mut self, ticket: TicketId, inbox_id: InboxId, message: &MessageDraft) {
        if !message.message_id.is_empty() {
            // An id belongs to whom it came from first: a later mail that reuses it leads nowhere else.
            // Of an alert that came back after its ticket was closed the newest counts, of any other id the first.
            if message.message_id.starts_with(ALERT) {
                self.by_message.insert(message.message_id.clone(), ticket);
            } else {
                self.by_message.entry(message.message_id.clone()).or_insert(ticket);
            }
            let copies = self.copies.entry(message.message_id.clone()).or_default();
            copies.push((message.content.clone(), ticket));
        }
        let direction = message.direction().as_str();
        let visibility = message.visibility.as_str();
        // A list of plain values always has a JSON form.
        let files = serde_json::to_string(&message.attachments).unwrap_or_else(|_| "[]".to_owned());
        let digest = self.key.message(ticket, inbox_id, message, &files, self.now);
        self.messages.push((
            ticket,
            inbox_id,
            direction,
            visibility,
            i64::from(message.automatic),
            message.sender.clone(),
            message.sender_name.clone(),
            self.now,
            message.message_id.clone(),
            message.text.clone(),
            message.new_text.clone(),
            files,
            message.content.clone(),
            digest,
        ));
    }
}
