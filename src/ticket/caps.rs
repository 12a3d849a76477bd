//! How many notifications one address may get (invariant 8): the last guard against loops and floods.
//!
//! A cap stands for each of several windows, so that neither a burst nor a slow drip goes on for
//! ever; those of one ticket are narrower than those of an address. All follow from one figure, the
//! notifications an address may get in an hour.

use std::collections::BTreeMap;

use super::ids::About;
use super::notification::{Origin, Urgency};
use super::words::{NotificationKind, TicketView};
use crate::clock::{HOUR, MINUTE, Millis};

/// How many windows there are.
pub(crate) const WINDOWS: usize = 5;

/// Their lengths, shortest first.
pub(crate) const WINDOW: [Millis; WINDOWS] = [10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 10 * HOUR];

/// The window of an hour.
const HOURLY: usize = 2;

/// What may leave in each window, in parts of what may in an hour: to an address, and to an address
/// about one ticket.
const ADDRESS: [(i64, i64); WINDOWS] = [(1, 4), (1, 2), (1, 1), (2, 1), (3, 1)];
const TICKET: [(i64, i64); WINDOWS] = [(1, 12), (1, 8), (5, 24), (5, 12), (5, 6)];

/// Caps per address and window; keys of `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Notifications to one requester within an hour, beyond which no automatic one is written.
    pub notifications_per_hour: i64,
    /// Notifications of any kind to one agent within an hour.
    pub agent_notifications_per_hour: i64,
}

/// Notifications that lately went to one address, by window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recent {
    address: [i64; WINDOWS],
    about: BTreeMap<About, [i64; WINDOWS]>,
}

impl Recent {
    /// Adds notifications about a ticket, or anything else, counted by window.
    pub fn add(&mut self, about: About, counts: [i64; WINDOWS]) {
        for (at, count) in counts.into_iter().enumerate() {
            self.address[at] += count;
            // Reports, lists and alarms have nothing in common that they could be counted by.
            if about != About::Nothing {
                self.about.entry(about).or_default()[at] += count;
            }
        }
    }
}

/// What becomes of a notification that is over, or near, a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Capped {
    /// It is not written, and why.
    Dropped(String),
    /// It becomes a line of the next digest, and why.
    Digested(String),
}

/// Percent of an agent's cap from which on notifications are collected.
const NEAR: i64 = 80;

/// What becomes of a notification, where it is not simply written. A person's answer has no cap: a flood of forged
/// mail must not keep it from leaving, and no loop can write it. Of what an agent is notified about nothing is ever
/// dropped: near the cap it is collected, except what is urgent, theirs, or an answer to them.
#[must_use]
pub(crate) fn capped(
    kind: NotificationKind,
    about: About,
    ticket: &TicketView,
    to: &str,
    recent: &Recent,
    caps: &Caps,
) -> Option<Capped> {
    if kind.is_personal() {
        return None;
    }
    let over = |count: i64, cap: i64, window: Millis, about: &str| {
        let minutes = window / MINUTE;
        (count >= cap).then(|| {
            let name = kind.as_str();
            format!(
                "{name} not sent: {count} notifications to this address{about} within {minutes} minutes, the cap is {cap}"
            )
        })
    };
    // Anybody can write in an agent's name, so what tells them so is counted like notifications to outsiders. What is
    // about a ticket, and no email that was held, answers somebody who proved to be that agent.
    let proven = about.ticket().is_some();
    if kind.is_internal() && (kind != NotificationKind::NotDone || proven) {
        if is_needed(kind, ticket, to) {
            return None;
        }
        let near = (caps.agent_notifications_per_hour.saturating_mul(NEAR) / 100).max(1);
        return over(recent.address[HOURLY], near, HOUR, "").map(Capped::Digested);
    }
    let cap = |(part, whole): (i64, i64)| (caps.notifications_per_hour.saturating_mul(part) / whole).max(1);
    let about = recent.about.get(&about).copied().unwrap_or_default();
    let dropped = (0..WINDOWS).find_map(|at| {
        over(recent.address[at], cap(ADDRESS[at]), WINDOW[at], "")
            .or_else(|| over(about[at], cap(TICKET[at]), WINDOW[at], " about this ticket"))
    });
    dropped.map(Capped::Dropped)
}

/// Whether an agent needs this at once: a P0 or P1, what is assigned to them, what answers them, and what collects the rest.
fn is_needed(kind: NotificationKind, ticket: &TicketView, to: &str) -> bool {
    match kind.row().urgency {
        Urgency::Always => true,
        // Each of these comes once for a ticket and agent.
        Urgency::Priority => is_urgent(&ticket.priority),
        // The requester answers what this agent asked or said; their words did not arrive.
        Urgency::Own => ticket.last_answer.by == to || ticket.is_assigned_to(to),
        Urgency::Collected => false,
    }
}

/// Whether an agent who reads of their queues in a digest gets this at once: a P0 or P1, what is theirs, what answers them, what is about no
/// ticket.
#[must_use]
pub(crate) fn cannot_wait(kind: NotificationKind, about: About, ticket: &TicketView, to: &str) -> bool {
    let answers = kind.row().origin == Origin::Reply;
    answers
        || about.ticket().is_none()
        || is_urgent(&ticket.priority)
        || is_needed(kind, ticket, to)
        || ticket.is_assigned_to(to)
        || ticket.last_answer.by == to
}

/// How soon a notification is sent, 0 before all others: major incidents and the highest priorities, what a person wrote,
/// acknowledgements and other replies, the rest.
#[must_use]
pub(crate) fn rank(kind: NotificationKind, priority: &str) -> i64 {
    match kind.row().origin {
        _ if is_urgent(priority) || kind == NotificationKind::Major => 0,
        Origin::Person => 1,
        Origin::Reply => 2,
        Origin::Event => 3,
    }
}

/// Whether a priority calls people from other work.
#[must_use]
pub(crate) fn is_urgent(priority: &str) -> bool {
    matches!(priority, "P0" | "P1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::TicketId;

    const CAPS: Caps = Caps { notifications_per_hour: 120, agent_notifications_per_hour: 5 };

    fn about(ticket: i64) -> About {
        About::Ticket(TicketId(ticket))
    }

    fn after(notifications: i64, ticket: i64) -> Recent {
        let mut recent = Recent::default();
        recent.add(about(ticket), [notifications; WINDOWS]);
        recent
    }

    fn ticket(id: i64) -> TicketView {
        TicketView { id: TicketId(id), priority: "P3".to_owned(), ..TicketView::default() }
    }

    fn suppress(kind: NotificationKind, ticket: i64, recent: &Recent, caps: &Caps) -> Option<String> {
        match capped(kind, about(ticket), &self::ticket(ticket), "a@b.example", recent, caps)? {
            Capped::Dropped(why) | Capped::Digested(why) => Some(why),
        }
    }

    #[test]
    fn the_cap_is_the_last_notification_that_leaves() {
        let stopped = |notifications, about| {
            suppress(NotificationKind::Acknowledgement, 1, &after(notifications, about), &CAPS).is_some()
        };
        assert!(!stopped(9, 1) && stopped(10, 1), "ten notifications about one ticket within ten minutes");
        assert!(!stopped(29, 2) && stopped(30, 2), "thirty notifications to one address within ten minutes");
        assert!(suppress(NotificationKind::Answer, 1, &after(1_000, 1), &CAPS).is_none());
    }

    #[test]
    fn a_slow_drip_is_stopped_by_the_longer_windows() {
        let mut recent = Recent::default();
        recent.add(about(1), [1, 2, 5, 40, 100]);
        let reason = suppress(NotificationKind::ReplyReceived, 1, &recent, &CAPS).unwrap_or_default();
        assert!(reason.contains("about this ticket within 600 minutes, the cap is 100"), "{reason}");
        let mut recent = Recent::default();
        recent.add(about(2), [1, 2, 5, 40, 360]);
        let reason = suppress(NotificationKind::Acknowledgement, 1, &recent, &CAPS).unwrap_or_default();
        assert!(reason.contains("to this address within 600 minutes, the cap is 360"), "{reason}");
    }

    #[test]
    fn near_an_agents_cap_notifications_are_collected_and_what_is_needed_is_not() {
        let fate = |kind, ticket: &TicketView, notifications| {
            capped(kind, About::Ticket(ticket.id), ticket, "marie@a.example", &after(notifications, 1), &CAPS)
        };
        assert_eq!(fate(NotificationKind::NewTicket, &ticket(1), 3), None);
        assert!(matches!(fate(NotificationKind::NewTicket, &ticket(1), 4), Some(Capped::Digested(_))));
        assert!(matches!(fate(NotificationKind::Held, &ticket(1), 1_000), Some(Capped::Digested(_))));
        let urgent = TicketView { priority: "P0".to_owned(), ..ticket(1) };
        let own = TicketView { assignee: Some("marie@a.example".to_owned()), ..ticket(1) };
        for (kind, ticket) in [
            (NotificationKind::NewTicket, &urgent),
            (NotificationKind::Major, &urgent),
            (NotificationKind::NewMessage, &own),
            (NotificationKind::Assigned, &ticket(1)),
            (NotificationKind::Receipt, &ticket(1)),
            (NotificationKind::NotDone, &ticket(1)),
            (NotificationKind::Digest, &ticket(1)),
        ] {
            assert_eq!(fate(kind, ticket, 1_000), None, "{kind:?}");
        }
    }
}
