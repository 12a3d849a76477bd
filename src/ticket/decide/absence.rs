//! Who of the service desk is away: they say so, their mail program does, or their address is gone. What is new goes to others, what was
//! theirs is offered, and those in charge hear of it once.

use serde::{Deserialize, Serialize};

use super::people::person;
use super::{Case, Decision, Holding};
use crate::clock::{DAY, Millis};
use crate::mail::fold;
use crate::ticket::command::date_behind;
use crate::ticket::decide::hold::holding;
use crate::ticket::policy::{Agent, Away, Policy, Role};
use crate::ticket::words::{Listing, Notification, NotificationKind, Phrase, Value, Verdict, phrase};

/// How long somebody is taken to be away whose automatic answer names no day.
const UNKNOWN: Millis = 2 * DAY;
/// How long an address that is gone is taken to be; any email from there ends it.
pub(super) const GONE: Millis = 365 * DAY;

/// That an agent is away, or is back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// Their address.
    pub address: String,
    /// Until when; 0: they are back.
    pub until: Millis,
    /// Whether they said so: then only they end it.
    pub said: bool,
}

impl Absence {
    /// What the fact of the store begins with that keeps one.
    pub(crate) const FACTS: &'static str = "away:";

    /// That somebody is back.
    #[must_use]
    pub(crate) fn over(address: &str) -> Self {
        Self { address: address.to_owned(), until: 0, said: false }
    }

    /// The fact's name.
    #[must_use]
    pub(crate) fn fact(&self) -> String {
        format!("{}{}", Self::FACTS, self.address)
    }
}

/// What an agent's automatic answer says of them, where it says that they are away; and whom that is told, once.
pub(super) fn seen(case: &Case<'_>) -> Option<(Absence, Vec<Notification>)> {
    let Case { intake, policy, snapshot, .. } = *case;
    let agent = policy.agent(&intake.sender).filter(|_| case.proven)?;
    let text = format!("{}\n{}", intake.mail.subject, intake.mail.reply_text);
    let folded = fold(&text);
    let says = policy.commands.argument_words("absent").any(|word| folded.contains(word));
    if !says || agent.away == Some(Away::Said) {
        return None;
    }
    let now = snapshot.now;
    let day = date_behind(&text, "away_until", now, policy);
    let until = day.filter(|at| *at > now && *at < now + GONE).unwrap_or(now + UNKNOWN);
    let told = if agent.away.is_some() { Vec::new() } else { notices(agent, day.map(|_| until), policy) };
    Some((Absence { address: agent.address.clone(), until, said: false }, told))
}

/// The same where it is about no ticket.
pub(super) fn noted(case: &Case<'_>) -> Option<Decision> {
    let (absence, notifications) = seen(case)?;
    let reason = format!("an automatic answer: {} is away", absence.address);
    let holding = holding(case, Verdict::Ignored, reason, notifications);
    Some(Decision::Tell(Box::new(Holding { absence: Some(absence), ..holding })))
}

/// Whoever stands in for an agent, and those in charge, hear that they are away, with what they have.
pub(super) fn notices(agent: &Agent, until: Option<Millis>, policy: &Policy) -> Vec<Notification> {
    let who = &agent.name;
    let said = match until {
        Some(at) => phrase!("absent.until", who, day = Value::Day(at)),
        None => phrase!("absent.unknown", who),
    };
    told(agent, said, policy)
}

/// The same where their address is gone.
pub(super) fn gone(agent: &Agent, policy: &Policy) -> Vec<Notification> {
    let address = &agent.address;
    told(agent, phrase!("absent.gone", who = &agent.name, address), policy)
}

fn told(agent: &Agent, said: Phrase, policy: &Policy) -> Vec<Notification> {
    let in_charge = |other: &&Agent| {
        let charge = other.roles.iter().any(|role| matches!(role, Role::Moderator | Role::Administrator));
        charge && other.queues.iter().any(|queue| agent.queues.contains(queue))
    };
    let deputy = agent.deputy.as_deref().and_then(|address| policy.agent(address));
    let mut people: Vec<&Agent> = deputy.into_iter().collect();
    for other in policy.agents.values().filter(in_charge) {
        if other.address != agent.address && !people.iter().any(|known| known.address == other.address) {
            people.push(other);
        }
    }
    let one = |to: &Agent| Notification {
        done: vec![said.clone()],
        listing: Some(Listing::Of(agent.address.clone())),
        cause: agent.address.clone(),
        ..Notification::new(NotificationKind::Absent, person(to))
    };
    people.into_iter().map(one).collect()
}
