//! What the service desk's people are told about an author who looks like somebody else. Requesters never are.

use super::Decision;
use crate::mail::{Familiar, Oddity};
use crate::ticket::policy::Policy;
use crate::ticket::read::Intake;
use crate::ticket::words::{Event, TicketView, Verdict, Words, words};

/// Kind of the line of history.
pub(crate) const LOOKALIKE: &str = "lookalike";

/// What is odd about who wrote an email, sentence by sentence. `tickets`: those it may belong to.
pub(super) fn warnings<'a>(
    intake: &Intake,
    tickets: impl Iterator<Item = &'a TicketView>,
    policy: &Policy,
) -> Vec<Words> {
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
pub fn say(oddity: &Oddity) -> Words {
    match oddity {
        Oddity::Foreign { unicode, ascii } => words!(
            "le domaine {unicode} contient des lettres hors ASCII ; il s'écrit {ascii}",
            "the domain {unicode} has letters outside ASCII; it is written {ascii}"
        ),
        Oddity::Mixed(text) => words!(
            "« {text} » mêle des écritures qu'aucune langue ne mêle",
            "\"{text}\" mixes writing systems that no language mixes"
        ),
        Oddity::LooksLike { real, known } => words!(
            "l'expéditeur {real} ressemble à {known}, et ne l'est pas",
            "the sender {real} looks like {known} but is not"
        ),
        Oddity::NamesAddress { shown, real } => words!(
            "le nom affiché montre l'adresse {shown}, et la vraie est {real}",
            "the display name shows the address {shown}, and the real one is {real}"
        ),
        Oddity::NamesKnown { name, real } => words!(
            "le nom affiché « {name} » est connu de l'assistance, et l'adresse {real} n'est pas la sienne",
            "the display name \"{name}\" is known to the service desk, and the address {real} is not theirs"
        ),
        Oddity::Several { first, other } => words!(
            "le courriel se donne deux auteurs, {first} et {other} ; le premier compte",
            "the email names two authors, {first} and {other}; the first one counts"
        ),
    }
}

/// Puts the warnings where people see them: into the history, into what notifications are about, into the reason a
/// mail is held.
pub(super) fn mark(decision: Decision, warnings: &[Words]) -> Decision {
    if warnings.is_empty() {
        return decision;
    }
    let events = || warnings.iter().map(|w| Event::own(LOOKALIKE, w.en.clone()));
    let with = |reason: String| {
        let words: Vec<&str> = warnings.iter().map(|w| w.en.as_str()).collect();
        format!("{reason} (beware: {})", words.join("; "))
    };
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
