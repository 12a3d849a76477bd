//! A ticket on its way through an email: what has been done to it so far, and who is to hear of it.

use std::collections::BTreeMap;

use super::{Absence, Article, Case, Change, Joining, Opening, news};
use crate::clock::Millis;
use crate::ticket::decide::deadline::clocks::called;
use crate::ticket::decide::people::{concerned, onlookers, person};
use crate::ticket::decide::settle::settle;
use crate::ticket::life::{Move, after};
use crate::ticket::policy::Policy;
use crate::ticket::words::{
    Detail, Event, MessageDraft, Notification, NotificationKind, Person, Phrase, Status, TicketId, TicketView,
    Visibility, phrase,
};

/// What an email has done to a ticket so far.
pub(super) struct Draft<'a> {
    pub(super) case: Case<'a>,
    /// Who does it.
    pub(super) actor: String,
    pub(super) before: TicketView,
    pub(super) ticket: TicketView,
    pub(super) events: Vec<Event>,
    pub(super) notifications: Vec<Notification>,
    pub(super) others: BTreeMap<TicketId, Change>,
    pub(super) opens: Vec<Opening>,
    pub(super) article: Option<Article>,
    /// True when what was kept of it is to be forgotten.
    pub(super) forget: bool,
    /// What was done, for the receipt.
    pub(super) done: Vec<Phrase>,
    /// What the requester is told.
    pub(super) step: Option<NotificationKind>,
    /// What the notification about it says besides.
    pub(super) told: Vec<Phrase>,
    /// Who of the service desk is away, or back.
    pub(super) absence: Option<Absence>,
    /// When the answer was written that is held back.
    pub(super) hold_back: Option<Millis>,
    /// True when nothing of the ticket itself changes.
    quiet: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(case: Case<'a>, ticket: &TicketView) -> Self {
        Self {
            case,
            actor: case.intake.sender.clone(),
            before: ticket.clone(),
            ticket: TicketView { undo: None, ..ticket.clone() },
            events: Vec::new(),
            notifications: Vec::new(),
            others: BTreeMap::new(),
            opens: Vec::new(),
            article: None,
            forget: false,
            done: Vec::new(),
            step: None,
            told: Vec::new(),
            absence: None,
            hold_back: None,
            quiet: false,
        }
    }

    pub(super) fn policy(&self) -> &'a Policy {
        self.case.policy
    }

    pub(super) fn now(&self) -> Millis {
        self.case.snapshot.now
    }

    /// Makes a move, as the table of the ticket's life has it.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub(super) fn go(&mut self, step: Move) -> Result<(), Phrase> {
        let next = after(self.ticket.status, step).ok_or_else(|| impossible(&self.ticket))?;
        self.ticket.status = next;
        Ok(())
    }

    pub(super) fn event(&mut self, kind: &'static str, text: impl Into<Detail>) {
        self.events.push(Event::by(&self.actor, kind, text));
    }

    /// The requester is notified about this step, unless a weightier one stands already.
    pub(super) fn tell(&mut self, kind: NotificationKind) {
        let weight = |kind: NotificationKind| if kind.row().step == 0 { u8::MAX } else { kind.row().step };
        if self.step.is_none_or(|has| weight(kind) < weight(has)) {
            self.step = Some(kind);
        }
    }

    /// The last command can still be taken back: what happens is not a step of anybody's.
    pub(super) fn keep_undo(&mut self) {
        self.ticket.undo.clone_from(&self.before.undo);
        self.quiet = true;
    }

    /// Another ticket as this email leaves it so far.
    pub(super) fn other(&mut self, ticket: &TicketView) -> &mut Change {
        let fresh = || Change { ticket: TicketView { undo: None, ..ticket.clone() }, ..Change::default() };
        self.others.entry(ticket.id).or_insert_with(fresh)
    }

    /// Those who deal with the ticket are notified about the message.
    pub(super) fn tell_agents(&mut self, kind: NotificationKind) {
        // In a requester's mail, what was done is what the service desk should know of it.
        let known = if self.policy().agent(&self.actor).is_none() { self.done.as_slice() } else { &[] };
        let mut people = concerned(kind, &self.ticket, &self.actor, self.policy());
        people.extend(onlookers(kind, &self.ticket, &self.actor, self.policy()));
        for notification in people {
            // Who has a notification of this email already has read it there.
            if self.notifications.iter().any(|l| l.to.address == notification.to.address && l.kind.is_internal()) {
                continue;
            }
            self.notifications.push(Notification { done: known.to_vec(), ..notification });
        }
    }

    /// Who follows the queue, or the ticket, hears of a colleague's step that no other notification tells them.
    pub(super) fn tell_followers(&mut self) {
        let (before, ticket, policy) = (&self.before, &self.ticket, self.policy());
        let Some(who) = policy.agent(&self.actor).map(|agent| agent.name.clone()) else { return };
        let name = |address: &str| policy.agent(address).map_or_else(|| address.to_owned(), |agent| agent.name.clone());
        let place = |t: &TicketView| (t.queue.clone(), t.service.clone(), t.category.clone(), t.team.clone());
        let ends = ticket.status.is_done() && !before.status.is_done();
        let said = match ticket.status {
            Status::Resolved if ends => phrase!("told.desk_resolved", who),
            Status::Closed if ends => phrase!("told.desk_closed", who),
            Status::Escalated if ticket.level != before.level => {
                phrase!("told.desk_escalated", who, level = ticket.level)
            }
            Status::Reopened if before.status.is_done() => phrase!("told.desk_reopened", who),
            _ if ticket.assignee != before.assignee && ticket.is_assigned_to(&self.actor) => {
                phrase!("told.desk_taken", who)
            }
            _ if ticket.assignee != before.assignee => match &ticket.assignee {
                Some(to) => phrase!("told.desk_assigned", who, to = name(to)),
                None => return,
            },
            _ if place(before) != place(ticket) => phrase!("told.desk_sorted", who),
            _ => return,
        };
        let mut people = onlookers(NotificationKind::Followed, ticket, &self.actor, policy);
        if ends {
            let own = ticket.followers.iter().filter(|address| **address != self.actor);
            let own = own.filter_map(|address| policy.agent(address)).filter(|agent| policy.may_see(agent, ticket));
            people.extend(own.map(|agent| Notification::new(NotificationKind::Followed, person(agent))));
        }
        for to in people {
            if !self.notifications.iter().any(|known| known.to.address == to.to.address && known.kind.is_internal()) {
                self.notifications.push(Notification { done: vec![said.clone()], ..to });
            }
        }
    }

    /// Ends it: times, deadlines, history.
    pub(super) fn joining(mut self, message: MessageDraft, keep: bool, reason: String) -> Joining {
        let now = self.now();
        // Who only looks, or is away, does not move it on.
        let machine = self.case.intake.mail.automatic.is_some() || self.case.intake.mail.bounce.is_some();
        // An agent may have a request of their own.
        let asks = self.before.requester.address == self.actor && !self.before.is_assigned_to(&self.actor);
        let since = if self.case.proven { now } else { self.case.counts_from() };
        let hand = !self.quiet && !machine && !asks && self.case.policy.agent(&self.actor).is_some();
        let settled = settle(&mut self.ticket, &self.before, &self.actor, hand, (since, now), self.case.policy);
        self.events.extend(settled);
        self.notifications =
            called(std::mem::take(&mut self.notifications), &self.ticket, &self.before, &self.actor, self.case.policy);
        if !self.quiet {
            news::add(&mut self.notifications, &self.ticket, &self.before, now, self.case.policy);
        }
        for change in self.others.values_mut() {
            let before = self
                .case
                .snapshot
                .related
                .get(&change.ticket.id)
                .or_else(|| self.case.snapshot.named.values().find(|t| t.id == change.ticket.id));
            let before = before.cloned().unwrap_or_default();
            change.events.extend(settle(
                &mut change.ticket,
                &before,
                &self.actor,
                hand,
                (since, now),
                self.case.policy,
            ));
            let notifications = std::mem::take(&mut change.notifications);
            change.notifications = called(notifications, &change.ticket, &before, &self.actor, self.case.policy);
        }
        Joining {
            change: Change {
                ticket: self.ticket,
                message,
                keep,
                note: None,
                events: self.events,
                notifications: self.notifications,
                article: self.article,
                forget: self.forget,
                hold_back: self.hold_back,
                quiet: self.quiet,
            },
            others: self.others.into_values().collect(),
            opens: self.opens,
            absence: self.absence,
            reason,
            ..Joining::default()
        }
    }
}

/// The requester, and those in copy who do not stand in To or Cc of the email itself.
pub(super) fn requesters_side<'t>(ticket: &'t TicketView, case: Case<'t>) -> impl Iterator<Item = Person> + 't {
    let mail = &case.intake.mail;
    let has_it = move |key: &String| mail.to.iter().chain(&mail.cc).any(|a| a.key() == *key);
    let others = ticket.participants.iter().filter(move |key| **key != ticket.requester.address && !has_it(key));
    let others = others.filter(move |key| case.policy.agent(key).is_none() && **key != case.intake.sender);
    let language = &ticket.requester.language;
    let others = others.map(|key| Person { address: key.clone(), name: String::new(), language: language.clone() });
    std::iter::once(ticket.requester.clone()).chain(others.take(case.policy.life.participants))
}

/// Why a move cannot be made.
pub(super) fn impossible(ticket: &TicketView) -> Phrase {
    phrase!("wrong.impossible", status = ticket.status.label())
}

/// The message with other visibility and text.
pub(super) fn spoken(message: &MessageDraft, visibility: Visibility, text: &str) -> MessageDraft {
    MessageDraft { visibility, new_text: text.to_owned(), ..message.clone() }
}
