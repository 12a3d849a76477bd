//! Who may do what: one table.
//!
//! An agent acts in the queues they serve. Moderators and administrators act at every level;
//! technicians and approvers up to their own, and above it may only read and note.

use super::policy::{Agent, Policy, Role};
use super::words::TicketView;

/// Something that a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Read: `#show`, `#why`, `#list`, `#help`.
    Read,
    /// Write an internal note.
    Note,
    /// Write to the requester: `#public`, `#canned`, `#ask`.
    Answer,

    Take,
    /// `#assign`, `#requester`, `#cc`, `#uncc`.
    Assign,
    /// Priority, category, service, type, tags, links.
    Qualify,
    /// `#pending`.
    Suspend,

    Escalate,

    Vendor,
    /// `#resolve`, `#kb`.
    Resolve,
    /// `#reopen`, `#status open`.
    Reopen,

    Close,
    /// `#merge`, `#split`, `#parent`.
    Arrange,

    Broadcast,

    Approve,

    Reject,
}

use Role::{Administrator, Approver, Moderator, Technician};

/// The table.
pub(crate) const RIGHTS: [(Action, &[Role]); 16] = [
    (Action::Read, &[Moderator, Technician, Approver, Administrator]),
    (Action::Note, &[Moderator, Technician, Approver, Administrator]),
    (Action::Answer, &[Moderator, Technician, Administrator]),
    (Action::Take, &[Moderator, Technician, Administrator]),
    (Action::Assign, &[Moderator, Technician, Administrator]),
    (Action::Qualify, &[Moderator, Technician, Administrator]),
    (Action::Suspend, &[Moderator, Technician, Administrator]),
    (Action::Escalate, &[Moderator, Technician, Administrator]),
    (Action::Vendor, &[Moderator, Technician, Administrator]),
    (Action::Resolve, &[Moderator, Technician, Administrator]),
    (Action::Reopen, &[Moderator, Technician, Administrator]),
    (Action::Close, &[Moderator, Administrator]),
    (Action::Arrange, &[Moderator, Administrator]),
    (Action::Broadcast, &[Moderator, Administrator]),
    (Action::Approve, &[Moderator, Approver, Administrator]),
    (Action::Reject, &[Moderator, Approver, Administrator]),
];

/// What stays allowed above one's own level and in queues one does not serve.
const ABOVE: [Action; 2] = [Action::Read, Action::Note];

/// The roles that may do each action, as Markdown; `commands` says how it is written.
#[must_use]
pub fn drawn(commands: impl Fn(Action) -> String) -> String {
    let roles = [Moderator, Technician, Approver, Administrator];
    let mut out =
        String::from("| | moderator | technician | approver | administrator |\n| --- | --- | --- | --- | --- |\n");
    for (action, allowed) in RIGHTS {
        let marks: Vec<&str> = roles.iter().map(|r| if allowed.contains(r) { "yes" } else { "–" }).collect();
        out += &format!("| {} | {} |\n", commands(action), marks.join(" | "));
    }
    out
}

/// Why somebody may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// It is confidential, and they are not among its people.
    Confidential,
    /// They do not serve the queue.
    Queue,
    /// The ticket is at a higher level than theirs.
    Level,
    /// None of their roles may.
    Role,
}

/// Whether this agent may do that to this ticket.
///
/// # Errors
/// [`Denied`].
pub fn may(agent: &Agent, action: Action, ticket: &TicketView, policy: &Policy) -> Result<(), Denied> {
    if !policy.may_see(agent, ticket) {
        return Err(Denied::Confidential);
    }
    let own = ticket.is_assigned_to(&agent.address);
    let outside = !own && !agent.queues.contains(&ticket.queue) && !policy.is_approver(&agent.address, ticket);
    if outside && !ABOVE.contains(&action) {
        return Err(Denied::Queue);
    }
    let everywhere = agent.roles.iter().any(|r| matches!(r, Moderator | Administrator));
    // A major incident calls everybody, and whoever is there may work on it.
    let above = ticket.level > i64::from(agent.level) && !ticket.sla.major;
    if !own && !everywhere && above && !ABOVE.contains(&action) {
        return Err(Denied::Level);
    }
    let allowed = RIGHTS
        .iter()
        .find(|(a, _)| *a == action)
        .is_some_and(|(_, roles)| agent.roles.iter().any(|r| roles.contains(r)));
    if allowed { Ok(()) } else { Err(Denied::Role) }
}

/// Whether this agent may write to the ticket's requester.
#[must_use]
pub(crate) fn may_answer(agent: &Agent, ticket: &TicketView, policy: &Policy) -> bool {
    may(agent, Action::Answer, ticket, policy).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::words::TicketView;

    /// What each role may do at its own level in its own queue, one letter an action in the table's order.
    const WALK: [(Role, &str); 4] = [
        //              RNATAQSEVRRCABAR
        (Moderator, "RNATAQSEVRRCABAR"),
        (Technician, "RNATAQSEVRR-----"),
        (Approver, "RN------------AR"),
        (Administrator, "RNATAQSEVRRCABAR"),
    ];

    fn agent(role: Role, level: u8) -> Agent {
        Agent {
            address: "a@desk.example".to_owned(),
            name: "A".to_owned(),
            roles: vec![role],
            queues: vec!["help".to_owned()],
            level,
            language: "fr".to_owned(),
            notify: Default::default(),
            deputy: None,
            away: None,
        }
    }

    fn ticket(queue: &str, level: i64) -> TicketView {
        TicketView { queue: queue.to_owned(), level, ..TicketView::default() }
    }

    #[test]
    fn every_role_action_queue_and_level_is_walked() {
        let policy = crate::ticket::policy::tests::bare();
        for (role, walk) in WALK {
            for ((action, _), letter) in RIGHTS.iter().zip(walk.chars()) {
                let (allowed, own) = (letter != '-', agent(role, 1));
                let role_says = if allowed { Ok(()) } else { Err(Denied::Role) };
                assert_eq!(may(&own, *action, &ticket("help", 1), &policy), role_says, "{role:?} {action:?}");
                let anywhere = ABOVE.contains(action);
                let elsewhere = if anywhere { Ok(()) } else { Err(Denied::Queue) };
                assert_eq!(
                    may(&own, *action, &ticket("other", 1), &policy),
                    elsewhere,
                    "{role:?} {action:?} elsewhere"
                );
                let everywhere = matches!(role, Moderator | Administrator) || anywhere;
                let above = if everywhere { role_says } else { Err(Denied::Level) };
                assert_eq!(may(&own, *action, &ticket("help", 2), &policy), above, "{role:?} {action:?} above");
                assert_eq!(
                    may(&agent(role, 2), *action, &ticket("help", 1), &policy),
                    role_says,
                    "{role:?} {action:?} below"
                );
                let mut major = ticket("help", 2);
                major.sla.major = true;
                assert_eq!(may(&own, *action, &major, &policy), role_says, "{role:?} {action:?} major");
                let mine = TicketView { assignee: Some(own.address.clone()), ..ticket("other", 4) };
                assert_eq!(may(&own, *action, &mine, &policy), role_says, "{role:?} {action:?} on one's own");
            }
        }
    }
}
