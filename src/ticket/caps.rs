//! How many letters one address may get (invariant 8): the last guard against loops and floods.
//!
//! A cap stands for each of several windows, so that neither a burst nor a slow drip goes on for
//! ever; those of one ticket are narrower than those of an address. All follow from one figure, the
//! letters an address may get in an hour.

use std::collections::BTreeMap;

use super::token::held_mail;
use super::words::LetterKind;
use crate::clock::{HOUR, MINUTE, Millis};

/// How many windows there are.
pub const WINDOWS: usize = 5;

/// Their lengths, shortest first.
pub const WINDOW: [Millis; WINDOWS] = [10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 10 * HOUR];

/// The window of an hour.
const HOURLY: usize = 2;

/// What may leave in each window, in parts of what may in an hour: to an address, and to an address
/// about one ticket.
const ADDRESS: [(i64, i64); WINDOWS] = [(1, 4), (1, 2), (1, 1), (2, 1), (3, 1)];
const TICKET: [(i64, i64); WINDOWS] = [(1, 12), (1, 8), (5, 24), (5, 12), (5, 6)];

/// Caps per address and window; keys of `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Letters to one requester within an hour, beyond which no automatic one is written.
    pub letters_per_hour: i64,
    /// Letters of any kind to one agent within an hour.
    pub agent_letters_per_hour: i64,
}

/// Letters that lately went to one address, by window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recent {
    address: [i64; WINDOWS],
    tickets: BTreeMap<i64, [i64; WINDOWS]>,
}

impl Recent {
    /// Adds letters about a ticket, counted by window.
    pub fn add(&mut self, ticket: i64, counts: [i64; WINDOWS]) {
        let about = self.tickets.entry(ticket).or_default();
        for (at, count) in counts.into_iter().enumerate() {
            self.address[at] += count;
            about[at] += count;
        }
    }
}

/// Why this letter is not written, if it is not. A person's answer has no cap: a flood of forged
/// mail must not keep it from leaving, and no loop can write it.
#[must_use]
pub fn suppress(kind: LetterKind, ticket: i64, recent: &Recent, caps: &Caps) -> Option<String> {
    if kind.is_personal() {
        return None;
    }
    let over = |count: i64, cap: i64, window: Millis, about: &str| {
        let minutes = window / MINUTE;
        (count >= cap).then(|| {
            let name = kind.as_str();
            format!(
                "{name} not sent: {count} letters to this address{about} within {minutes} minutes, the cap is {cap}"
            )
        })
    };
    // Anybody can write in an agent's name, so what tells them so is counted like letters to outsiders. What is
    // about a ticket, and no mail that was held, answers somebody who proved to be that agent.
    let proven = held_mail(ticket).is_none();
    if kind.is_internal() && (kind != LetterKind::NotDone || proven) {
        return over(recent.address[HOURLY], caps.agent_letters_per_hour, HOUR, "");
    }
    let cap = |(part, whole): (i64, i64)| (caps.letters_per_hour.saturating_mul(part) / whole).max(1);
    let about = recent.tickets.get(&ticket).copied().unwrap_or_default();
    (0..WINDOWS).find_map(|at| {
        over(recent.address[at], cap(ADDRESS[at]), WINDOW[at], "")
            .or_else(|| over(about[at], cap(TICKET[at]), WINDOW[at], " about this ticket"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps { letters_per_hour: 120, agent_letters_per_hour: 5 };

    fn after(letters: i64, ticket: i64) -> Recent {
        let mut recent = Recent::default();
        recent.add(ticket, [letters; WINDOWS]);
        recent
    }

    #[test]
    fn the_cap_is_the_last_letter_that_leaves() {
        let stopped =
            |letters, about| suppress(LetterKind::Acknowledgement, 1, &after(letters, about), &CAPS).is_some();
        assert!(!stopped(9, 1) && stopped(10, 1), "ten letters about one ticket within ten minutes");
        assert!(!stopped(29, 2) && stopped(30, 2), "thirty letters to one address within ten minutes");
        assert!(suppress(LetterKind::Answer, 1, &after(1_000, 1), &CAPS).is_none());
    }

    #[test]
    fn a_slow_drip_is_stopped_by_the_longer_windows() {
        let mut recent = Recent::default();
        recent.add(1, [1, 2, 5, 40, 100]);
        let reason = suppress(LetterKind::ReplyReceived, 1, &recent, &CAPS).unwrap_or_default();
        assert!(reason.contains("about this ticket within 600 minutes, the cap is 100"), "{reason}");
        let mut recent = Recent::default();
        recent.add(2, [1, 2, 5, 40, 360]);
        let reason = suppress(LetterKind::Acknowledgement, 1, &recent, &CAPS).unwrap_or_default();
        assert!(reason.contains("to this address within 600 minutes, the cap is 360"), "{reason}");
    }

    #[test]
    fn agents_have_a_cap_of_their_own() {
        assert!(suppress(LetterKind::NewTicket, 1, &after(4, 1), &CAPS).is_none());
        assert!(suppress(LetterKind::NewTicket, 1, &after(5, 1), &CAPS).is_some());
    }
}
