//! Which of the notifications that a decision asks for are written: none over its cap, none to an address that refuses
//! them. What is not written is an event of its ticket.

use std::sync::Arc;

use super::{Cause, Commit};
use crate::clock::{DAY, Millis};
use crate::notify::Extra;
use crate::settings::Settings;
use crate::store::Unit;
use crate::ticket::notification::Once;
use crate::ticket::{
    About, Capped, Event, InboxId, MessageDraft, Notification, NotificationKind, Notify, TicketView, Undelivered,
    cannot_wait, capped, unasked, undelivered_notices,
};

/// A notification that is decided and not yet written.
pub(super) struct Planned<'a> {
    pub(super) once_key: String,
    /// The email whose files it may carry.
    pub(super) bytes: &'a [u8],
    pub(super) about: About,
    pub(super) ticket: Arc<TicketView>,
    pub(super) message: Arc<MessageDraft>,
    pub(super) notification: Notification,
    pub(super) extra: Extra,
}

impl<'a> Commit<'a> {
    /// Plans the notifications of a decision. An answer that cannot be sent is told to the queue's people.
    pub(super) fn plan(
        &mut self,
        cause: &Cause<'a>,
        about: About,
        ticket: TicketView,
        message: MessageDraft,
        mut notifications: Vec<Notification>,
    ) {
        if notifications.is_empty() {
            return;
        }
        let policy = &self.settings.policy;
        let (ticket, message) = (Arc::new(ticket), Arc::new(message));
        let unsent = notifications.iter().filter(|o| o.kind.is_personal()).find_map(|o| refused(&self.unit, o));
        notifications.extend(unsent.iter().flat_map(|failure| undelivered_notices(failure, &ticket, policy)));
        let bytes = match cause {
            Cause::Email(email, _) => email.waiting.bytes.as_slice(),
            _ => &[],
        };
        // Where everybody who is told reads digests, nobody would know for hours.
        let at_once = |one: &Notification| {
            let agent = policy.agent(&one.to.address);
            one.kind.is_internal() && agent.is_some_and(|agent| agent.notify != Notify::Digest && agent.away.is_none())
        };
        let somebody_knows = notifications.iter().any(at_once);
        for notification in notifications {
            if let Some(id) = about.ticket().filter(|_| notification.can_wait) {
                let line = digest_line(&notification, &MessageDraft::default(), self.settings);
                self.unit.note_digest(&notification.to.address, id, line, true);
                continue;
            }
            if somebody_knows && self.is_for_digest(about, &ticket, &message, &notification) {
                continue;
            }
            if self.is_kept_back(cause, about, &ticket, &message, &notification) {
                continue;
            }
            self.unit.count_notification(&notification.to.address, about);
            let once_key = once_key(cause.inbox_id(), about, &ticket, &notification, self.now);
            let (ticket, message) = (Arc::clone(&ticket), Arc::clone(&message));
            let extra = cause.extra(&notification);
            self.planned.push(Planned { once_key, bytes, about, ticket, message, notification, extra });
        }
    }

    /// Whether its reader has chosen to read of it in the next digest; then it is put aside.
    fn is_for_digest(
        &mut self,
        about: About,
        ticket: &TicketView,
        message: &MessageDraft,
        notification: &Notification,
    ) -> bool {
        let (policy, to) = (&self.settings.policy, &notification.to.address);
        let chosen = policy.agent(to).is_some_and(|agent| agent.notify == Notify::Digest);
        let Some(id) = about.ticket().filter(|_| chosen && notification.kind.is_internal()) else { return false };
        if cannot_wait(notification.kind, about, ticket, to) {
            return false;
        }
        self.unit.note_digest(to, id, digest_line(notification, message, self.settings), true);
        true
    }

    /// Whether it is not written, or not now; then that is noted.
    fn is_kept_back(
        &mut self,
        cause: &Cause<'a>,
        about: About,
        ticket: &TicketView,
        message: &MessageDraft,
        notification: &Notification,
    ) -> bool {
        let (unit, policy, to) = (&mut self.unit, &self.settings.policy, &notification.to.address);
        if to.is_empty() {
            return true;
        }
        match cause {
            Cause::Operator(email) if email.intake.as_ref().is_ok_and(|intake| intake.sender == *to) => {
                if matches!(notification.kind, NotificationKind::Receipt | NotificationKind::NotDone) {
                    let phrases = self.settings.templates.phrases(&notification.to.language);
                    self.done.receipt.extend(notification.done.iter().map(|one| phrases.say(one, policy)));
                }
                return true;
            }
            Cause::Deadline { at, missed: true } if notification.kind.is_internal() => {
                unit.note_overdue(to, ticket.id, *at, missed_line(notification, self.settings));
                return true;
            }
            _ => {}
        }
        // The service desk does not write to itself: recurring work has no other requester.
        if policy.is_own_address(to) && !notification.kind.is_internal() {
            self.done.suppressed += 1;
            return true;
        }
        // Nobody reads what is sent to a monitoring system, and some answer it.
        let machine = policy.queues.get(&ticket.queue).is_some_and(|queue| queue.is_machine(to));
        if machine && !notification.kind.is_internal() {
            self.done.suppressed += 1;
            if let Some(id) = about.ticket() {
                let text = format!(
                    "{} not sent: {to} is a machine (queues.{}.machines)",
                    notification.kind.as_str(),
                    ticket.queue
                );
                unit.add_event(id, Event::own("suppressed", text));
            }
            return true;
        }
        if let Some(failure) = refused(unit, notification) {
            let words = format!("{} {}", failure.status, failure.reason);
            let text =
                format!("{} not sent: {to} refused a notification ({})", notification.kind.as_str(), words.trim());
            self.done.suppressed += 1;
            if let Some(view) = about.ticket().and_then(|id| unit.ticket(id)).cloned() {
                unit.add_event(view.id, Event::own("suppressed", text));
                unit.change_ticket(None, &unasked(&view, notification.kind, &failure, policy));
            }
            return true;
        }
        match capped(notification.kind, about, ticket, to, &unit.recent_notifications(to), &policy.caps) {
            None => false,
            Some(Capped::Dropped(reason)) => {
                if let Some(id) = about.ticket() {
                    unit.add_event(id, Event::own("suppressed", format!("{reason} ({to})")));
                }
                self.done.suppressed += 1;
                true
            }
            Some(Capped::Digested(reason)) => {
                // A held email has a line in `held list`, and no ticket to stand under.
                if let Some(id) = about.ticket() {
                    let text = format!("{reason}; it is in the next digest ({to})");
                    unit.add_event(id, Event::own("digested", text));
                    unit.note_digest(to, id, digest_line(notification, message, self.settings), false);
                }
                true
            }
        }
    }
}

/// What a notification would have said, in one line of a digest.
fn digest_line(notification: &Notification, message: &MessageDraft, settings: &Settings) -> String {
    let phrases = settings.templates.phrases(&notification.to.language);
    let what = phrases.if_any(&format!("digest.{}", notification.kind.as_str()));
    let said = message.new_text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said: String = said.chars().take(160).collect();
    let parts = [what, done(notification, settings), said];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What a notification would have said, in one line among what fell due while the service desk was away.
fn missed_line(notification: &Notification, settings: &Settings) -> String {
    let phrases = settings.templates.phrases(&notification.to.language);
    let what = phrases.if_any(&format!("late.{}", notification.kind.as_str()));
    format!("{} {what}", done(notification, settings)).trim().to_owned()
}

/// What was done, in the reader's words.
fn done(notification: &Notification, settings: &Settings) -> String {
    let phrases = settings.templates.phrases(&notification.to.language);
    notification.done.iter().map(|one| phrases.say(one, &settings.policy)).collect::<Vec<_>>().join(" ")
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

/// What makes a notification unique (invariant 4). That a notification did not arrive is told once an address and
/// ticket, however many reports come.
pub(in crate::work) fn once_key(
    inbox_id: Option<InboxId>,
    about: About,
    ticket: &TicketView,
    notification: &Notification,
    now: Millis,
) -> String {
    let number = about.number();
    let (kind, to) = (notification.kind.as_str(), &notification.to.address);
    // Reports that the address is gone are told apart from each other where it was blocked (`Unit::block`).
    match (notification.undelivered.as_ref().filter(|f| !f.lasting || inbox_id.is_none()), inbox_id) {
        (Some(failure), _) => format!("ticket-{number}:{kind}:{}{}:{to}", failure.address, notification.cause),
        // A deadline, a report or the operator is the cause, and says so in `cause`.
        (None, None) => format!("ticket-{number}:{kind}:{}:{to}", notification.cause),
        (None, Some(mail)) => match notification.kind.row().once {
            // Who may not write here, or not there any more, is told once a day.
            Once::Day => format!("{}:{kind}:{to}:{}", ticket.queue, now / DAY),
            // Of a new ticket everybody hears once, whatever way its mail took.
            Once::Ticket => format!("ticket-{number}:{kind}:{to}"),
            // Several lists may be asked for in one email.
            Once::Cause => format!("{mail}:{kind}:{to}:{}", notification.cause),
            // An email to several queues may open several tickets.
            Once::Email => format!("{mail}:{kind}:{to}:{}", ticket.number),
        },
    }
}
