//! Orders of agents that are about no ticket: `#list`, `#help`.

use super::held::failure;
use super::people::{message, person};
use super::{Case, Decision, Holding};
use crate::mail::strip_prefixes;
use crate::ticket::cause::HoldCause;
use crate::ticket::command::{self, Order};
use crate::ticket::words::{LetterKind, LetterOrder, TicketView, Verdict, Visibility, words};

/// What an agent's new mail asks, when its first line is an order; none when it is a request.
pub(super) fn orders(case: &Case<'_>) -> Option<Decision> {
    let agent = case.policy.agent(&case.intake.sender)?;
    let head = command::head(&case.intake.mail.reply_text);
    let first = head.lines.first()?;
    let read = head.orders(case.policy, case.snapshot.now);
    let letters: Option<Vec<LetterOrder>> = read.as_ref().ok().and_then(|orders| {
        let letter = |order: &Order| match order {
            Order::List(listing) => Some((LetterKind::Listing, Some(*listing))),
            Order::Help => Some((LetterKind::Help, None)),
            _ => None,
        };
        let letters = orders.iter().map(letter).collect::<Option<Vec<_>>>()?;
        Some(
            letters
                .into_iter()
                .map(|(kind, listing)| LetterOrder { listing, ..LetterOrder::new(kind, person(agent)) })
                .collect(),
        )
    });
    let known = command::word(first).is_some();
    let (verdict, reason, letters) = match letters {
        Some(letters) if case.proven => (Verdict::Command, format!("the order {first}"), letters),
        Some(_) => {
            let why = words!(
                "rien ne prouve qui l'a écrit : envoyez l'ordre en réponse à une lettre de l'assistance",
                "nothing proves who wrote it: send the order in answer to any letter of the desk to you"
            );
            (Verdict::Held, why.en.clone(), vec![failure(agent, &why)])
        }
        None if known => {
            let why = words!(
                "{first} ne dit pas de quel ticket il s'agit : envoyez-le en réponse à une lettre de ce ticket",
                "{first} needs a ticket: send it in answer to a letter about one"
            );
            (Verdict::Held, why.en.clone(), vec![failure(agent, &why)])
        }
        None => return None,
    };
    Some(Decision::Tell(Box::new(holding(case, verdict, reason, letters))))
}

/// Letters about a mail that joins no ticket.
pub(super) fn holding(case: &Case<'_>, verdict: Verdict, reason: String, letters: Vec<LetterOrder>) -> Holding {
    let intake = case.intake;
    let id = intake.mail.message_id.clone().unwrap_or_default();
    let mut message = message(intake, Visibility::Internal, &intake.mail.text);
    message.above.clone_from(&reason);
    Holding {
        verdict,
        cause: if verdict == Verdict::Held { HoldCause::Unproven } else { HoldCause::Other },
        reason,
        ticket: TicketView {
            queue: case.queue.name.clone(),
            title: strip_prefixes(&intake.mail.subject).chars().take(250).collect(),
            requester: super::people::sender(intake, case.policy),
            root_message_id: id.clone(),
            last_public_id: id,
            ..TicketView::default()
        },
        message,
        letters,
    }
}
