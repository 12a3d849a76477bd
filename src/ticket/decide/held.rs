//! Mails a person must judge, and the people who are told: who wrote it, who may let it in, the agent
//! whose order was not carried out.

use super::people::{message, person, sender, silence, watchers};
use super::{Decision, Holding};
use crate::mail::{AutomaticKind, fold, strip_prefixes};
use crate::ticket::authority::{Proof, proof_of_agent};
use crate::ticket::policy::{Policy, Queue};
use crate::ticket::read::{Intake, Signal};
use crate::ticket::thread::Candidate;
use crate::ticket::token::{Secret, held_mail};
use crate::ticket::words::{LetterKind, LetterOrder, TicketView, Visibility};

/// How an agent's answer about a held mail begins, folded. No words at all let it in.
const ADMIT: [&str; 9] = ["#approve", "#accept", "oui", "ok", "yes", "d'accord", "accord", "accepte", "accept"];
const REFUSE: [&str; 5] = ["#reject", "non", "no", "refus", "reject"];

/// Somebody who may not open tickets: they are told politely, and the queue's people may let the mail
/// in by answering. Machines and floods are told nothing.
pub(super) fn stranger(intake: &Intake, reason: String, policy: &Policy, queue: &Queue) -> Decision {
    if silence(intake).is_some() {
        return Decision::Hold(reason);
    }
    let mut letters = vec![LetterOrder::new(LetterKind::Refusal, sender(intake, policy))];
    letters.extend(watchers(LetterKind::Held, &queue.name, &intake.sender, policy));
    tell(intake, reason, &queue.name, letters, policy)
}

/// A mail in an agent's name that nothing proves: the agent is told, nothing changes.
pub(super) fn unproven(
    intake: &Intake,
    found: &Candidate,
    policy: &Policy,
    machine: Option<AutomaticKind>,
) -> Decision {
    let reason = format!(
        "it claims to be from the agent {} about {}, and nothing proves it",
        intake.sender, found.ticket.number
    );
    if machine.is_some() {
        return Decision::Hold(reason);
    }
    not_done(intake, reason, &found.ticket.queue, policy)
}

/// What an agent asked cannot be done as it was written.
pub(super) fn not_done(intake: &Intake, reason: String, queue: &str, policy: &Policy) -> Decision {
    let Some(agent) = policy.agent(&intake.sender) else { return Decision::Hold(reason) };
    let letters = vec![LetterOrder::new(LetterKind::NotDone, person(agent))];
    tell(intake, reason, queue, letters, policy)
}

/// What an answer about a held mail says: let it in, refuse it, or neither clearly.
fn verdict(intake: &Intake) -> Option<bool> {
    let own = intake.mail.reply_text.trim();
    // An answer without words of its own is its quote alone.
    if own.is_empty() || own == intake.mail.text.trim() {
        return Some(true);
    }
    let words = fold(own);
    let first = words.split(|c: char| c.is_whitespace() || ",.!;:".contains(c)).next().unwrap_or_default();
    if ADMIT.contains(&first) {
        return Some(true);
    }
    REFUSE.contains(&first).then_some(false)
}

/// An agent's answer to the letter about a held mail lets it in, or refuses it.
pub(super) fn judgement(intake: &Intake, policy: &Policy, secret: &Secret) -> Option<Decision> {
    let tokens = intake.signals.iter().filter_map(|signal| match signal {
        Signal::SignedId(token) | Signal::ReplyAddress(token) => Some(token),
        _ => None,
    });
    let mut held = tokens.filter(|t| t.is_for(secret, &intake.sender)).filter_map(|t| held_mail(t.ticket));
    let held = held.next().filter(|_| intake.agent.is_some() && intake.mail.automatic.is_none())?;
    if proof_of_agent(&intake.mail, &intake.mailbox, true, policy) == Proof::Missing {
        let reason = format!("it claims to be from the agent {}, and nothing proves it", intake.sender);
        let queue = intake.queue.clone().unwrap_or_default();
        return Some(not_done(intake, reason, &queue, policy));
    }
    let Some(admit) = verdict(intake) else {
        let reason = "it answers about a held mail and says neither #approve nor #reject".to_owned();
        return Some(not_done(intake, reason, &intake.queue.clone().unwrap_or_default(), policy));
    };
    Some(Decision::Judge { held, admit, by: intake.sender.clone() })
}

fn tell(intake: &Intake, reason: String, queue: &str, letters: Vec<LetterOrder>, policy: &Policy) -> Decision {
    let id = intake.mail.message_id.clone().unwrap_or_default();
    let mut message = message(intake, Visibility::Internal, &intake.mail.text);
    message.above.clone_from(&reason);
    Decision::Tell(Box::new(Holding {
        stand_in: TicketView {
            queue: queue.to_owned(),
            title: strip_prefixes(&intake.mail.subject).chars().take(250).collect(),
            requester: sender(intake, policy),
            root_message_id: id.clone(),
            last_public_id: id,
            ..TicketView::default()
        },
        message,
        letters,
        reason,
    }))
}
