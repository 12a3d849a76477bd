//! A ticket's clocks in words: due when, in whose calendar, paused how long and why.

use super::clock::{Run, Which};
use super::keep::pauses;
use crate::clock::{HOUR, MINUTE, Millis, spoken};
use crate::ticket::policy::Policy;
use crate::ticket::words::{PendingOn, TicketView, Words, words};

/// How one clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing is promised.
    None,
    /// It runs.
    Running,
    /// It stands still.
    Paused,
    /// It was done in time.
    Met,
    /// It was not done in time.
    Breached,
}

impl State {
    /// The word shown (`ticket show --json`).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Breached => "breached",
        }
    }
}

/// How a clock stands, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlaStatus {
    /// How.
    pub state: State,
    /// When it is due, or was; 0 while it stands still or where nothing is promised.
    pub due_at: Millis,
}

/// The clocks of the first answer and of the solution.
#[must_use]
pub fn sla_status(ticket: &TicketView, now: Millis) -> (SlaStatus, SlaStatus) {
    let sla = &ticket.sla;
    let late = |due: Millis| if due > 0 && due < now { State::Breached } else { State::Running };
    let response = match (sla.respond, sla.respond_missed, ticket.first_responded_at) {
        (_, missed, _) if missed > 0 => SlaStatus { state: State::Breached, due_at: missed },
        (0, _, _) => SlaStatus { state: State::None, due_at: 0 },
        (_, _, Some(_)) => SlaStatus { state: State::Met, due_at: 0 },
        _ if ticket.status.is_done() => SlaStatus { state: State::None, due_at: 0 },
        _ if sla.respond_due == 0 => SlaStatus { state: State::Paused, due_at: 0 },
        _ => SlaStatus { state: late(sla.respond_due), due_at: sla.respond_due },
    };
    let resolution = match (sla.resolve, sla.resolve_missed) {
        (_, missed) if missed > 0 => SlaStatus { state: State::Breached, due_at: missed },
        (0, _) => SlaStatus { state: State::None, due_at: 0 },
        _ if ticket.status.is_done() => SlaStatus { state: State::Met, due_at: 0 },
        _ if sla.resolve_due == 0 => SlaStatus { state: State::Paused, due_at: 0 },
        _ => SlaStatus { state: late(sla.resolve_due), due_at: sla.resolve_due },
    };
    (response, resolution)
}

/// The sentences for the service desk's own people; none where nothing is promised.
#[must_use]
pub(crate) fn explain(ticket: &TicketView, now: Millis, policy: &Policy) -> Vec<Words> {
    let sla = &ticket.sla;
    if sla.policy.is_empty() {
        return Vec::new();
    }
    let (response, resolution) = sla_status(ticket, now);
    if ticket.status.is_done() {
        return explain_done(ticket, response, resolution, policy);
    }
    let calendar = policy.slas.calendar(&sla.calendar);
    let of = Words { fr: calendar.label("fr").to_owned(), en: calendar.label("en").to_owned() };
    let mut said: Vec<Words> = sentence(response, sla.respond, FIRST, &of, policy).into_iter().collect();
    if ticket.first_responded_at.is_some() && response.state == State::Met {
        let Words { fr, en } = working(sla.respond_took.unwrap_or(0));
        said.push(words!("Première réponse donnée à temps, en {fr}.", "First answer given in time, after {en}."));
    }
    if response.state == State::Breached {
        let at = |at, language| spoken(at, &policy.service_desk.time_zone, language);
        if let Some(answered) = ticket.first_responded_at {
            let (fr, en) = (at(answered, "fr"), at(answered, "en"));
            said.push(words!("Elle a été donnée le {fr}.", "It was given {en}."));
        } else if sla.respond_due > now {
            let level = ticket.level.max(1);
            let (fr, en) = (at(sla.respond_due, "fr"), at(sla.respond_due, "en"));
            said.push(words!(
                "Le niveau N{level} a jusqu'au {fr} pour répondre.",
                "Level L{level} has until {en} to answer."
            ));
        }
    }
    let mut last = match sentence(resolution, sla.resolve, SOLVED, &of, policy) {
        Some(words) => words,
        None => words!("Résolution au mieux, sans échéance.", "Solved by best effort, without a due time."),
    };
    if resolution.state == State::Paused {
        let used = sla.used(Which::Resolution(&pauses(policy.slas.policy_of(ticket))), sla.since, now, &calendar);
        let (left, goal) = (working((sla.resolve - used).max(0)), working(sla.resolve));
        last = Words {
            fr: format!("Résolution : le compteur est arrêté, il reste {} sur {} ({}).", left.fr, goal.fr, of.fr),
            en: format!("Solution: the clock is paused, {} of {} are left ({}).", left.en, goal.en, of.en),
        };
    }
    said.push(last);
    if resolution.state == State::Breached && sla.resolve_due > now {
        let (level, goal) = (ticket.level.max(1), working(sla.resolve));
        let at = |language| spoken(sla.resolve_due, &policy.service_desk.time_zone, language);
        said.push(Words {
            fr: format!("Le niveau N{level} a jusqu'au {} ({}, {}).", at("fr"), goal.fr, of.fr),
            en: format!("Level L{level} has until {} ({}, {}).", at("en"), goal.en, of.en),
        });
    }
    said.extend(waited(ticket, now, policy));
    said
}

/// Whether the promises of a ticket that is done were kept.
fn explain_done(ticket: &TicketView, response: SlaStatus, resolution: SlaStatus, policy: &Policy) -> Vec<Words> {
    let at = |at, language| spoken(at, &policy.service_desk.time_zone, language);
    let one = |sla_status: SlaStatus, took: Option<Millis>, [fr, en]: [&str; 2]| {
        let took = working(took?);
        let due = (at(sla_status.due_at, "fr"), at(sla_status.due_at, "en"));
        match sla_status.state {
            State::Met => Some(Words {
                fr: format!("{fr} à temps, en {}.", took.fr),
                en: format!("{en} in time, after {}.", took.en),
            }),
            State::Breached => Some(Words {
                fr: format!("{fr} en retard, en {} : elle était attendue le {}.", took.fr, due.0),
                en: format!("{en} late, after {}: it was due {}.", took.en, due.1),
            }),
            _ => None,
        }
    };
    let sla = &ticket.sla;
    one(response, sla.respond_took, FIRST).into_iter().chain(one(resolution, sla.resolve_took, SOLVED)).collect()
}

const FIRST: [&str; 2] = ["Première réponse", "First answer"];
const SOLVED: [&str; 2] = ["Résolution", "Solution"];

fn sentence(sla_status: SlaStatus, goal: Millis, what: [&str; 2], of: &Words, policy: &Policy) -> Option<Words> {
    let [fr, en] = what;
    let at = |language| spoken(sla_status.due_at, &policy.service_desk.time_zone, language);
    let (at_fr, at_en, goal) = (at("fr"), at("en"), working(goal));
    match sla_status.state {
        State::Running => Some(Words {
            fr: format!("{fr} avant le {at_fr} (objectif {}, {}).", goal.fr, of.fr),
            en: format!("{en} due by {at_en} (target {}, {}).", goal.en, of.en),
        }),
        State::Breached => Some(Words {
            fr: format!("{fr} en retard : elle était attendue le {at_fr}."),
            en: format!("{en} late: it was due {at_en}."),
        }),
        State::None | State::Paused | State::Met => None,
    }
}

fn waited(ticket: &TicketView, now: Millis, policy: &Policy) -> Option<Words> {
    let calendar = policy.slas.calendar(&ticket.sla.calendar);
    let pauses = pauses(policy.slas.policy_of(ticket));
    let waits = ticket.sla.waits(&pauses, ticket.sla.since, now, &calendar);
    if waits.is_empty() {
        return None;
    }
    let on = |on: PendingOn| match on {
        PendingOn::Requester => ["en attente du demandeur", "waiting for the requester"],
        PendingOn::Vendor => ["en attente du prestataire", "waiting for the vendor"],
        PendingOn::Date => ["en attente d'une date", "waiting for a date"],
    };
    let list = |at: usize| {
        let one = |(length, why): &(Millis, PendingOn)| {
            let length = working(*length);
            format!("{} {}", if at == 0 { length.fr } else { length.en }, on(*why)[at])
        };
        waits.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    Some(Words {
        fr: format!("Compteur arrêté : {}.", list(0)), en: format!("The clock was paused for {}.", list(1))
    })
}

/// The sentence for a requester, where the policy lets them know; none otherwise.
#[must_use]
pub fn promised(ticket: &TicketView, now: Millis, policy: &Policy) -> Option<Words> {
    let sla = &ticket.sla;
    policy.slas.policy_of(ticket).filter(|p| p.tell)?;
    let at = |language| spoken(sla.respond_due, &policy.service_desk.time_zone, language);
    (sla.respond_due > now && sla.run() != Run::Approval).then(|| Words {
        fr: format!("Vous recevrez une réponse d'une personne avant le {}.", at("fr")),
        en: format!("Somebody will answer you by {}.", at("en")),
    })
}

/// A length of working time: `4 h`, `1 h 30`, `45 min`.
#[must_use]
pub fn working(length: Millis) -> Words {
    match (length / HOUR, length % HOUR / MINUTE) {
        (0, minutes) => words!("{minutes} min", "{minutes} min"),
        (hours, 0) => words!("{hours} h", "{hours} h"),
        (hours, minutes) => words!("{hours} h {minutes:02}", "{hours} h {minutes:02}"),
    }
}
