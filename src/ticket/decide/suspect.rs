//! What the service desk's people are told about an author who looks like somebody else. Requesters never are.

use super::Decision;
use crate::mail::{Familiar, Oddity};
use crate::ticket::policy::Policy;
use crate::ticket::read::Intake;
use crate::ticket::words::{Detail, Event, Phrase, TicketView, Value, Verdict, phrase};

/// Kind of the line of history.
pub(crate) const LOOKALIKE: &str = "lookalike";

/// What is odd about who wrote an email, sentence by sentence. `tickets`: those it may belong to.
pub(super) fn warnings<'a>(
    intake: &Intake,
    tickets: impl Iterator<Item = &'a TicketView>,
    policy: &Policy,
) -> Vec<Phrase> {
    let Some(author) = intake.mail.from.as_ref() else { return Vec::new() };
    let people = tickets.flat_map(|t| t.participants.iter().chain(&t.vendors)).map(String::as_str);
    let odd = policy.familiar.oddities(author, intake.mail.also_from.as_ref(), people);
    odd.iter().map(say).collect()
}

/// Whom the service desk knows by its own configuration: its people and its addresses.
#[must_use]
pub(crate) fn familiar(policy: &Policy) -> Familiar {
    let mut familiar = Familiar::default();
    for agent in policy.agents.values() {
        familiar.add(&agent.address, &agent.name);
    }
    for queue in policy.queues.values() {
        familiar.add(&queue.address, &policy.service_desk.name);
    }
    for address in policy.services.iter().map(|s| &s.address).chain(policy.retired.iter().map(|r| &r.address)) {
        familiar.add(address, &policy.service_desk.name);
    }
    familiar
}

/// An oddity in words.
#[must_use]
pub fn say(oddity: &Oddity) -> Phrase {
    match oddity {
        Oddity::Foreign { unicode, ascii } => phrase!("odd.foreign", unicode, ascii),
        Oddity::Mixed(text) => phrase!("odd.mixed", text),
        Oddity::LooksLike { real, known } => phrase!("odd.looks_like", real, known),
        Oddity::NamesAddress { shown, real } => phrase!("odd.names_address", shown, real),
        Oddity::NamesKnown { name, real } => phrase!("odd.names_known", name, real),
        Oddity::Several { first, other } => phrase!("odd.several", first, other),
    }
}

/// Puts the warnings where people see them: into the history, into what notifications are about, into the reason a
/// mail is held.
pub(super) fn mark(decision: Decision, warnings: &[Phrase]) -> Decision {
    if warnings.is_empty() {
        return decision;
    }
    let events = || warnings.iter().map(|w| Event::own(LOOKALIKE, w));
    let with = |reason: Detail| reason.and(phrase!("odd.beware", odd = Value::List(warnings.to_vec())));
    match decision {
        Decision::Open(mut openings) => {
            for opening in &mut openings {
                opening.events.extend(events());
                opening.message.warnings = warnings.to_vec();
            }
            Decision::Open(openings)
        }
        Decision::Join(mut joining) => {
            joining.change.events.extend(events());
            joining.change.message.warnings = warnings.to_vec();
            for opening in &mut joining.opens {
                opening.events.extend(events());
                opening.message.warnings = warnings.to_vec();
            }
            Decision::Join(joining)
        }
        Decision::Copy(mut copying) => {
            copying.message.warnings = warnings.to_vec();
            Decision::Copy(copying)
        }
        Decision::Tell(mut holding) => {
            holding.message.warnings = warnings.to_vec();
            if holding.verdict == Verdict::Held {
                holding.reason = with(holding.reason);
            }
            Decision::Tell(holding)
        }
        Decision::Hold(cause, reason) => Decision::Hold(cause, with(reason)),
        other => other,
    }
}
