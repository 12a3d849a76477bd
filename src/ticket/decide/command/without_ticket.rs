//! Commands of agents that are about no ticket: `#list`, `#help`.

use crate::ticket::command::{self, Command};
use crate::ticket::decide::hold::{failure, holding};
use crate::ticket::decide::people::person;
use crate::ticket::decide::{Case, Decision};
use crate::ticket::words::{Notification, NotificationKind, Verdict, words};

/// What an agent's new email asks, when its first line is a command; none when it is a request.
pub(in crate::ticket::decide) fn commands(case: &Case<'_>) -> Option<Decision> {
    let agent = case.policy.agent(&case.intake.sender)?;
    let head = &case.intake.head;
    let first = head.lines.first()?;
    let read = head.commands(case.policy, case.snapshot.now);
    let notifications: Option<Vec<Notification>> = read.as_ref().ok().and_then(|commands| {
        let notification = |command: &Command| match command {
            Command::List(listing) => Some((NotificationKind::Listing, Some(*listing))),
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
    let known = command::word(first).is_some();
    let (verdict, reason, notifications) = match notifications {
        Some(notifications) if case.proven => (Verdict::Command, format!("the command {first}"), notifications),
        Some(_) => {
            let why = words!(
                "rien ne prouve qui l'a écrit : envoyez l'ordre en réponse à une notification de l'assistance",
                "nothing proves who wrote it: send the command in answer to any notification of the service desk to you"
            );
            (Verdict::Held, why.en.clone(), vec![failure(agent, &why)])
        }
        None if known => {
            let why = words!(
                "{first} ne dit pas de quel ticket il s'agit : envoyez-le en réponse à une notification de ce ticket",
                "{first} needs a ticket: send it in answer to a notification about one"
            );
            (Verdict::Held, why.en.clone(), vec![failure(agent, &why)])
        }
        None => return None,
    };
    Some(Decision::Tell(Box::new(holding(case, verdict, reason, notifications))))
}
