//! Notifications of decisions: held back where they must not leave, composed, queued with what was decided.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::failpoint;
use crate::clock::{DAY, Millis};
use crate::mail;
use crate::notify::{Extra, Listed, OutgoingEmail, Parcel, Told, compose, is_for};
use crate::settings::Settings;
use crate::store::{ListingFilter, Store, StoreError, TicketRow, Unit, Waiting};
use crate::ticket::notification::{Adds, Once};
use crate::ticket::{
    Capped, Event, Listing, MessageDraft, Notification, NotificationKind, ReplyTo, Secret, Status, TicketView,
    Undelivered, capped, held_mail, unasked, undelivered_notices,
};

/// What counts as waiting longer than it should, besides what a service level says: nothing has happened to
/// it for as long.
const OVERDUE: Millis = 2 * DAY;
/// Most tickets in a list by mail.
const LISTED: i64 = 50;
/// Most messages of a ticket in a notification.
const TOLD: usize = 30;

/// Why a notification is written.
#[derive(Clone, Copy)]
pub(super) enum Cause<'g> {
    /// An email.
    Mail(&'g Waiting),
    /// A command of the operator, by its row id of the inbox.
    Command(i64),
    /// A deadline, or a notification's failure; the command's own cause tells which.
    Time,
}

impl Cause<'_> {
    fn id(self) -> i64 {
        match self {
            Self::Mail(mail) => mail.id,
            Self::Command(id) => id,
            Self::Time => 0,
        }
    }
}

/// A notification that is decided and not yet written.
pub(super) struct Draft<'g> {
    pub(super) cause: Cause<'g>,
    pub(super) ticket: Arc<TicketView>,
    pub(super) message: Arc<MessageDraft>,
    pub(super) notification: Notification,
    pub(super) extra: Extra,
}

/// Writes the notifications of a commit.
pub(super) struct Writer<'a> {
    store: &'a Store,
    secret: &'a Secret,
    settings: &'a Settings,
    plus_works: BTreeMap<String, bool>,
    now: Millis,
    /// Notifications that were not written.
    suppressed: AtomicU64,
}

impl<'a> Writer<'a> {
    pub(super) async fn new(
        store: &'a Store,
        secret: &'a Secret,
        settings: &'a Settings,
        now: Millis,
    ) -> Result<Self, StoreError> {
        let mut plus_works = BTreeMap::new();
        for queue in settings.policy.queues.values().filter(|q| q.reply_to == ReplyTo::Auto) {
            plus_works.insert(queue.name.clone(), store.plus_works(&queue.name).await?);
        }
        Ok(Self { store, secret, settings, plus_works, now, suppressed: AtomicU64::new(0) })
    }

    /// How many notifications were not written since this was last asked.
    pub(super) fn suppressed(&self) -> u64 {
        self.suppressed.swap(0, Ordering::Relaxed)
    }

    /// Drafts the notifications of a decision. One that is over its cap, or whose address refuses notifications,
    /// becomes an event; an answer that cannot leave is told to the queue's people.
    pub(super) fn draft<'g>(
        &self,
        unit: &mut Unit,
        cause: Cause<'g>,
        ticket: TicketView,
        message: MessageDraft,
        mut notifications: Vec<Notification>,
        drafts: &mut Vec<Draft<'g>>,
    ) {
        let policy = &self.settings.policy;
        let (ticket, message) = (Arc::new(ticket), Arc::new(message));
        let unsent = notifications.iter().filter(|o| o.kind.is_personal()).find_map(|o| refused(unit, o));
        notifications.extend(unsent.iter().flat_map(|failure| undelivered_notices(failure, &ticket.queue, policy)));
        // Nobody can be written to without an address.
        for notification in notifications.into_iter().filter(|o| !o.to.address.is_empty()) {
            let to = &notification.to.address;
            if let Some(failure) = refused(unit, &notification) {
                let words = format!("{} {}", failure.status, failure.reason);
                let text =
                    format!("{} not sent: {to} refused a notification ({})", notification.kind.as_str(), words.trim());
                unit.add_event(ticket.id, Event::own("suppressed", text));
                self.suppressed.fetch_add(1, Ordering::Relaxed);
                if let Some(view) = unit.ticket(ticket.id).cloned() {
                    unit.change_ticket(0, &unasked(&view, notification.kind, &failure, policy));
                }
                continue;
            }
            match capped(notification.kind, &ticket, to, &unit.recent_notifications(to), &policy.caps) {
                None => {}
                Some(Capped::Dropped(reason)) => {
                    unit.add_event(ticket.id, Event::own("suppressed", format!("{reason} ({to})")));
                    self.suppressed.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                Some(Capped::Digested(reason)) => {
                    unit.add_event(
                        ticket.id,
                        Event::own("digested", format!("{reason}; it is in the next digest ({to})")),
                    );
                    // A held email has a line in `held list`, and no ticket to stand under.
                    if held_mail(ticket.id).is_none() {
                        unit.note_digest(to, ticket.id, digest_line(&notification, &message));
                    }
                    continue;
                }
            }
            unit.count_notification(to, ticket.id);
            let (ticket, message) = (Arc::clone(&ticket), Arc::clone(&message));
            drafts.push(Draft { cause, ticket, message, notification, extra: Extra::default() });
        }
    }

    /// Writes what was decided, and the notifications, as one commit.
    pub(super) async fn commit(&self, mut unit: Unit, mut drafts: Vec<Draft<'_>>) -> Result<(), StoreError> {
        if drafts.iter().any(|draft| draft.notification.whole || draft.notification.kind.row().adds != Adds::Nothing) {
            // What a list shows is how things stand after all that was decided.
            unit.write().await?;
            for draft in &mut drafts {
                self.look_up(draft, &mut unit).await?;
            }
        }
        // The database writes on its own thread while the notifications are composed on this one.
        let writing = tokio::spawn(async move { unit.write().await.map(|()| unit) });
        let notifications = self.compose_all(&drafts);
        let mut unit = writing.await.map_err(|_| StoreError::Interrupted)??;
        failpoint("written");
        for (draft, email) in notifications {
            match email {
                Ok(email) => unit.queue_notification(draft.ticket.id, email),
                Err(reason) => unit.add_event(draft.ticket.id, Event::own("unwritten", reason)),
            }
        }
        unit.commit().await?;
        failpoint("committed");
        Ok(())
    }

    /// What some notifications show besides their ticket and message.
    async fn look_up(&self, draft: &mut Draft<'_>, unit: &mut Unit) -> Result<(), StoreError> {
        match draft.notification.kind.row().adds {
            Adds::List => {
                draft.extra.listed = self.listed(&draft.notification, unit).await?;
                // The one that was asked about is what they look for.
                draft.extra.listed.sort_by_key(|listed| listed.number != draft.ticket.number);
            }
            Adds::History => draft.extra.told = self.told(&draft.ticket, unit).await?,
            _ if draft.notification.whole => draft.extra.told = self.told(&draft.ticket, unit).await?,
            Adds::Verdicts => draft.extra.told = self.reasons(&draft.ticket).await?,
            Adds::Nothing => {}
        }
        Ok(())
    }

    async fn listed(&self, notification: &Notification, unit: &mut Unit) -> Result<Vec<Listed>, StoreError> {
        let who = notification.to.address.clone();
        let policy = &self.settings.policy;
        let queues = match (notification.listing, policy.agent(&who)) {
            (Some(Listing::Own), _) => policy.queues.keys().cloned().collect(),
            (_, agent) => agent.map(|a| a.queues.clone()).unwrap_or_default(),
        };
        let all = ListingFilter {
            queues,
            unfinished: true,
            untouched_since: self.now,
            limit: LISTED,
            ..ListingFilter::default()
        };
        let filter = match notification.listing.unwrap_or(Listing::Unfinished) {
            Listing::Unfinished => all,
            Listing::Mine => ListingFilter { assignee: who.clone(), ..all },
            Listing::Overdue => ListingFilter { untouched_since: self.now - OVERDUE, late_at: self.now, ..all },
            Listing::New => ListingFilter { status: Status::New.as_str().to_owned(), ..all },
            Listing::Own => ListingFilter { requester: who.clone(), unfinished: false, ..all },
        };
        Ok(unit.listing(&filter).await?.into_iter().map(listed).collect())
    }

    async fn told(&self, ticket: &TicketView, unit: &mut Unit) -> Result<Vec<Told>, StoreError> {
        let messages = unit.messages(ticket.id).await?;
        let skip = messages.len().saturating_sub(TOLD);
        let messages = messages.into_iter().enumerate().filter(|(at, _)| *at == 0 || *at > skip);
        let told = messages.map(|(_, m)| Told {
            at: m.created_at,
            who: self.name_of(&m.sender, &m.sender_name),
            from_agent: m.direction == "out",
            visibility: m.visibility,
            text: m.new_text,
        });
        Ok(told.collect())
    }

    /// An agent's name as configured, else what the email said, else the address.
    fn name_of(&self, address: &str, said: &str) -> String {
        let agent = self.settings.policy.agent(address).map(|a| a.name.as_str());
        agent.or(Some(said)).filter(|n| !n.is_empty()).unwrap_or(address).to_owned()
    }

    async fn reasons(&self, ticket: &TicketView) -> Result<Vec<Told>, StoreError> {
        let emails = self.store.emails_of_ticket(&ticket.number).await?;
        let told = emails.into_iter().map(|m| Told {
            at: m.received_at,
            who: self.name_of(&m.sender, ""),
            from_agent: false,
            visibility: m.verdict,
            text: m.reason,
        });
        Ok(told.collect())
    }

    /// One message to many people is encoded once: its notifications differ in their headers alone.
    fn compose_all<'d, 'g>(&self, drafts: &'d [Draft<'g>]) -> Vec<(&'d Draft<'g>, Result<OutgoingEmail, String>)> {
        let mut spread: Vec<(&Draft<'_>, OutgoingEmail)> = Vec::new();
        let one = |draft: &'d Draft<'g>| {
            if draft.notification.kind != NotificationKind::Bulletin {
                return (draft, self.compose(draft, true));
            }
            let same = |(other, _): &&(&Draft<'_>, OutgoingEmail)| {
                Arc::ptr_eq(&other.message, &draft.message)
                    && other.notification.to.language == draft.notification.to.language
            };
            let email = match spread.iter().find(same) {
                Some((_, first)) => self.compose(draft, false).map(|email| email.sharing(first)),
                None => self.compose(draft, true).map(OutgoingEmail::split),
            };
            if let Ok(email) = &email
                && !spread.iter().any(|pair| same(&pair))
            {
                spread.push((draft, email.clone()));
            }
            (draft, email)
        };
        drafts.iter().map(one).collect()
    }

    /// `with_files`: whether the files it may carry are read from the email.
    fn compose(&self, draft: &Draft<'_>, with_files: bool) -> Result<OutgoingEmail, String> {
        let Draft { cause, ticket, message, notification, extra } = draft;
        let bytes = match cause {
            Cause::Mail(mail) if with_files && notification.kind.row().files => mail.bytes.as_slice(),
            _ => &[],
        };
        let wanted = enclosable(message, notification.kind);
        let files = if bytes.is_empty() || wanted.is_empty() { Vec::new() } else { mail::files(bytes, &wanted) };
        let parcel = Parcel {
            notification,
            ticket,
            message,
            extra,
            files: &files,
            file_bytes: self.settings.notification_file_bytes,
            once_key: once_key(cause.id(), ticket, notification, self.now),
            plus_works: self.plus_works.get(&ticket.queue).copied().unwrap_or(false),
            now: self.now,
        };
        let email = compose(&parcel, &self.settings.templates, &self.settings.policy, self.secret);
        email.map_err(|e| format!("{} to {}: {e}", notification.kind.as_str(), notification.to.address))
    }
}

/// What a notification would have said, in one line.
fn digest_line(notification: &Notification, message: &MessageDraft) -> String {
    let what = notification.kind.row().digest[usize::from(notification.to.language != "fr")];
    let said = message.new_text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said: String = said.chars().take(160).collect();
    [what, &notification.done.join(" "), &said]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Why nothing is written to somebody outside for now, if so.
fn refused(unit: &Unit, notification: &Notification) -> Option<Undelivered> {
    let block = unit.blocked(&notification.to.address).filter(|_| !notification.kind.is_internal())?;
    Some(Undelivered {
        address: block.address.clone(),
        status: block.status.clone(),
        reason: block.reason.clone(),
        lasting: true,
    })
}

/// The files a notification may carry: no logos, and to requesters nothing that may hold more than the agent
/// meant to send.
fn enclosable(message: &MessageDraft, kind: NotificationKind) -> Vec<mail::Attachment> {
    let fit =
        |a: &&mail::Attachment| a.role != mail::FileRole::Logo && (kind.is_internal() || a.is_fit_for_requesters());
    if !is_for(message.visibility, kind) {
        return Vec::new();
    }
    message.attachments.iter().filter(fit).cloned().collect()
}

fn listed(row: TicketRow) -> Listed {
    let status = Status::from_word(&row.status);
    let requester = if row.requester_name.is_empty() { row.requester } else { row.requester_name };
    Listed {
        number: row.number,
        queue: row.queue,
        title: row.title,
        status,
        priority: row.priority,
        requester,
        assignee: row.assignee,
        at: row.updated_at,
    }
}

/// What makes a notification unique (invariant 4). That a notification did not arrive is told once an address and
/// ticket, however many reports come.
fn once_key(mail: i64, ticket: &TicketView, notification: &Notification, now: Millis) -> String {
    let (kind, to) = (notification.kind.as_str(), &notification.to.address);
    match notification.undelivered.as_ref().filter(|f| !f.lasting) {
        Some(failure) => format!("ticket-{}:{kind}:{}{}:{to}", ticket.id, failure.address, notification.cause),
        // A deadline is the cause.
        None if mail == 0 => format!("ticket-{}:{kind}:{}:{to}", ticket.id, notification.cause),
        None => match notification.kind.row().once {
            // Who may not write here, or not there any more, is told once a day.
            Once::Day => format!("{}:{kind}:{to}:{}", ticket.queue, now / DAY),
            // Of a new ticket everybody hears once, whatever way its mail took.
            Once::Ticket => format!("ticket-{}:{kind}:{to}", ticket.id),
            // Several lists may be asked for in one email.
            Once::Cause => format!("{mail}:{kind}:{to}:{}", notification.cause),
            // An email to several queues may open several tickets.
            Once::Email => format!("{mail}:{kind}:{to}:{}", ticket.number),
        },
    }
}
