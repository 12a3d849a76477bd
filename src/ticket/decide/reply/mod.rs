//! An email joins a ticket.

pub(super) mod alert;
pub(super) mod conversation;
pub(super) mod copy;
pub(super) mod joined;
pub(super) mod report;
mod requester;
mod subject;
pub(super) mod undelivered;
pub(super) mod vendor;

use crate::mail::AutomaticKind;
use crate::ticket::decide::draft::Draft;
use crate::ticket::decide::people::{is_encrypted, message, sender, silence};
use crate::ticket::decide::reply::joined::{complete, joined_events, reason};
use crate::ticket::decide::{Case, Decision, Joining, absence, command};
use crate::ticket::queue::Acknowledge;
use crate::ticket::thread::Candidate;
use crate::ticket::words::{Event, Notification, NotificationKind, Status, Visibility, phrase};

/// An email of somebody of the service desk.
pub(in crate::ticket::decide) fn of_agent(case: &Case<'_>, found: &Candidate) -> Decision {
    let head = &case.intake.head;
    // Somebody of the service desk may have a request of their own, which others work on.
    let own = found.ticket.requester.address == case.intake.sender && !found.ticket.is_assigned_to(&case.intake.sender);
    let awaited =
        found.ticket.status == Status::Approval && case.policy.is_approver(&case.intake.sender, &found.ticket);
    if own && !awaited && (head.lines.is_empty() || requester::commands(case, head).is_some()) {
        return of_requester(case, found);
    }
    command::act(case, found, head)
}

/// An email of somebody on the requester's side.
pub(in crate::ticket::decide) fn of_requester(case: &Case<'_>, found: &Candidate) -> Decision {
    let Case { intake, policy, .. } = *case;
    let head = &intake.head;
    let commands = requester::commands(case, head);
    if let Some(commands) = commands.as_ref().filter(|commands| requester::may_command(case, found, commands)) {
        return requester::act(case, found, commands, &head.text);
    }
    if found.ticket.status == Status::Closed {
        return requester::after_closing(case, found);
    }
    let text = subject::with_changed(case, &found.ticket);
    let mut draft = Draft::new(*case, &found.ticket);
    draft.events = joined_events(intake, found, case.threading);
    subject::keep_reference(&mut draft);
    if commands.is_some() && requester::is_in_copy(case, found) {
        let (sender, asked) = (&intake.sender, head.lines.join(" "));
        draft.done.push(phrase!("told.not_in_copy", sender, asked));
    }
    requester::write(&mut draft, found, &text);
    complete(&mut draft);
    conversation::add_people(&mut draft);
    draft.tell_agents(NotificationKind::NewMessage);
    requester::tell_requester(&mut draft, found);
    // Whoever writes what nobody here can read has to be told.
    if (case.queue.acknowledge == Acknowledge::All || is_encrypted(intake))
        && draft.notifications.iter().all(|l| l.kind.is_internal())
    {
        match silence(intake) {
            Some(reason) => draft.event("suppressed", format!("reply-received not sent: {reason}")),
            None => {
                draft.notifications.push(Notification::new(NotificationKind::ReplyReceived, sender(intake, policy)))
            }
        }
    }
    let message = message(intake, Visibility::Public, &text);
    Decision::Join(Box::new(draft.joining(message, true, reason(found))))
}

/// An email in an agent's name that the operator adds to a ticket although nothing proves it: a note, and
/// nothing it asks is done.
pub(in crate::ticket::decide) fn add_note(case: &Case<'_>, found: &Candidate) -> Decision {
    let mut draft = Draft::new(*case, &found.ticket);
    draft.events = joined_events(case.intake, found, case.threading);
    draft.tell_agents(NotificationKind::NewMessage);
    let message = message(case.intake, Visibility::Internal, &case.intake.mail.reply_text);
    Decision::Join(Box::new(draft.joining(message, true, reason(found))))
}

/// What a machine writes is recorded; it changes nothing and is never answered.
pub(in crate::ticket::decide) fn automatic(case: &Case<'_>, found: &Candidate, kind: AutomaticKind) -> Decision {
    let intake = case.intake;
    let mut draft = Draft::new(*case, &found.ticket);
    draft.keep_undo();
    draft.events = joined_events(intake, found, case.threading);
    let evidence = intake.mail.automatic.as_ref().map_or("", |a| a.reason.as_str());
    draft.events.push(Event::own("automatic", format!("written by a machine: {evidence}")));
    let mut absence = None;
    if kind != AutomaticKind::Reply {
        draft.tell_agents(NotificationKind::NewMessage);
    } else if let Some((seen, told)) = absence::seen(case) {
        absence = Some(seen);
        draft.notifications.extend(told);
    }
    // A machine's words may quote an internal notification, so they stay inside.
    let message = message(intake, Visibility::Internal, &intake.mail.reply_text);
    let joining = draft.joining(message, true, reason(found));
    Decision::Join(Box::new(Joining { absence, ..joining }))
}
