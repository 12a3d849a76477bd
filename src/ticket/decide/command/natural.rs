//! An agent's plain reply: whether it is for the requester, and what its writer hears.

use super::Acting;
use crate::mail::fold;
use crate::ticket::called::Commands;
use crate::ticket::command::{Head, Name};
use crate::ticket::decide::Case;
use crate::ticket::policy::Agent;
use crate::ticket::queue::AgentReply;
use crate::ticket::rights::may_answer;
use crate::ticket::token::Token;
use crate::ticket::words::{Status, TicketView};

/// Whether the text is for the requester where no command says so: it answers what they wrote or were sent, or stands in an email that
/// they get anyway. Never what a machine or the operator wrote, what another agent gets too, and what could not be sent.
pub(super) fn reaches_requester(case: &Case<'_>, ticket: &TicketView, agent: &Agent, head: &Head) -> bool {
    let Case { intake, threading, snapshot, policy, .. } = *case;
    let mail = &intake.mail;
    let natural = policy.queues.get(&ticket.queue).is_some_and(|queue| queue.agent_reply == AgentReply::Natural);
    let by_person = !intake.operator && !intake.placed && mail.automatic.is_none() && mail.bounce.is_none();
    let written = head.text.contains(char::is_alphanumeric) && !mail.wordless && !mail.forwards();
    let inside = says_inside(&head.text, &policy.commands) || is_of_program(&mail.subject, &policy.commands);
    let open = !matches!(ticket.status, Status::Approval | Status::Closed);
    let mut others = mail.to.iter().chain(&mail.cc).map(|address| address.key());
    let to_colleague = others.any(|key| key != agent.address && policy.agent(&key).is_some());
    // The very notification that is answered, not one that its thread also names.
    let answered = intake.tokens().next().filter(|token| threading.own_token.as_ref() == Some(&token.text()));
    // It was about this very ticket and this requester: not what was merged since, or is somebody else's (`#requester` takes the root).
    let same = |token: &&Token| {
        token.about.ticket() == Some(ticket.id)
            && threading.also.is_empty()
            && (ticket.root_message_id.is_some()
                || snapshot.answered.iter().any(|notification| notification.contains(&ticket.requester.address)))
    };
    let shown = answered.filter(same).is_some_and(|token| snapshot.reaching.contains(&token.text()));
    natural
        && !policy.is_own_address(&ticket.requester.address)
        && by_person
        && written
        && !inside
        && open
        && !to_colleague
        && (shown || is_addressed(case, &ticket.requester.address))
        && may_answer(agent, ticket, policy)
}

/// Whether the first line says that it is a note, in whatever way people write that.
fn says_inside(text: &str, commands: &Commands) -> bool {
    let seen: String = text.chars().filter(|c| !crate::mail::deceives(*c)).collect();
    let line = seen.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let bare = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let end = bare.find([':', ']', '*', ')', '»']).unwrap_or(bare.len());
    let label = fold(bare[..end].trim());
    commands.means("inside", &label) || commands.begins(&label) == Some(Name::Note)
}

/// Whether the subject is one that a mail program writes by itself: a read receipt, an answer to an invitation.
fn is_of_program(subject: &str, commands: &Commands) -> bool {
    let begins = subject.split_once(':').map_or(subject, |(before, _)| before);
    let bare = begins.split('(').next().unwrap_or_default();
    commands.means("program_subject", &fold(bare.trim()))
}

/// Whether an address stands in To or Cc.
fn is_addressed(case: &Case<'_>, address: &str) -> bool {
    let mail = &case.intake.mail;
    mail.to.iter().chain(&mail.cc).any(|one| one.key() == *address)
}

impl Acting<'_> {
    /// Whether somebody on the requester's side has this very email.
    pub(super) fn has_it(&self, address: &str) -> bool {
        is_addressed(&self.draft.case, address)
    }

    /// Whether its writer hears what became of it, though it gave no command.
    pub(super) fn is_answered(&self) -> bool {
        let Case { intake, policy, .. } = self.draft.case;
        let queue = policy.queues.get(&self.draft.before.queue);
        let natural = queue.is_some_and(|queue| queue.agent_reply == AgentReply::Natural);
        natural && !intake.operator && !intake.placed && intake.mail.automatic.is_none()
    }
}
