//! Commands of agents that are about no ticket: `#list`, `#help`.

use super::commands::absent;
use super::receipt;
use crate::ticket::command::Command;
use crate::ticket::decide::hold::{failure, holding, not_done_without};
use crate::ticket::decide::people::person;
use crate::ticket::decide::{Case, Decision, Holding};
use crate::ticket::words::{Detail, Notification, NotificationKind, Verdict, phrase};

/// What an agent's new email asks, when its first line is a command; none when it is a request.
pub(in crate::ticket::decide) fn commands(case: &Case<'_>) -> Option<Decision> {
    let agent = case.policy.agent(&case.intake.sender)?;
    let head = &case.intake.head;
    let first = head.lines.first()?;
    let mut absence = None;
    let read = head.commands(case.policy, case.snapshot.now);
    let notifications: Option<Vec<Notification>> = read.as_ref().ok().and_then(|commands| {
        if let [Command::Away(until)] = commands.as_slice() {
            let (absent, told, said) = absent(agent, *until, case.policy);
            absence = Some(absent);
            return Some(told.into_iter().chain([receipt(agent, &[said])]).collect());
        }
        let notification = |command: &Command| match command {
            Command::List(listing) => Some((NotificationKind::Listing, Some(listing.clone()))),
            Command::Help => Some((NotificationKind::Help, None)),
            _ => None,
        };
        let notifications = commands.iter().map(notification).collect::<Option<Vec<_>>>()?;
        Some(
            notifications
                .into_iter()
                .map(|(kind, listing)| Notification { listing, ..Notification::new(kind, person(agent)) })
                .collect(),
        )
    });
    let known = case.policy.commands.begins(first).is_some();
    let (verdict, reason, notifications) = match notifications {
        Some(notifications) if case.proven => {
            (Verdict::Command, Detail::from(format!("the command {first}")), notifications)
        }
        Some(_) => {
            let why = phrase!("wrong.command_unproven");
            (Verdict::Held, Detail::from(&why), vec![failure(agent, &why)])
        }
        // "#listes", "#liste file": what was probably meant is said.
        None if case.proven
            && read.as_ref().is_err_and(|slips| known || slips.iter().any(|slip| slip.better.is_some())) =>
        {
            let slips = read.err().unwrap_or_default();
            return Some(not_done_without(case, agent, head, &slips));
        }
        None if known => {
            let why = phrase!("wrong.no_ticket", first);
            (Verdict::Held, Detail::from(&why), vec![failure(agent, &why)])
        }
        None => return None,
    };
    // Whoever cannot prove who they are is not away on their word.
    let absence = absence.filter(|_| case.proven);
    Some(Decision::Tell(Box::new(Holding { absence, ..holding(case, verdict, reason, notifications) })))
}
