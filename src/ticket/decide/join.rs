//! A mail joins a ticket.

use super::joined::{complete, joined_events, reason};
use super::people::{is_encrypted, message, sender, silence};
use super::step::Course;
use super::{Case, Decision, act, conversation, requester as requests};
use crate::mail::AutomaticKind;
use crate::ticket::command;
use crate::ticket::policy::Acknowledge;
use crate::ticket::thread::Candidate;
use crate::ticket::words::{Event, LetterKind, LetterOrder, Status, Visibility, words};

/// A mail of somebody of the desk.
pub(super) fn agent(case: &Case<'_>, found: &Candidate) -> Decision {
    let head = command::head(&case.intake.mail.reply_text);
    // Somebody of the desk may have a request of their own, which others work on.
    let own = found.ticket.requester.address == case.intake.sender && found.ticket.assignee != case.intake.sender;
    let awaited =
        found.ticket.status == Status::Approval && case.policy.is_approver(&case.intake.sender, &found.ticket);
    if own && !awaited && (head.lines.is_empty() || requests::orders(case, &head).is_some()) {
        return requester(case, found);
    }
    act::act(case, found, &head)
}

/// A mail of somebody on the requester's side.
pub(super) fn requester(case: &Case<'_>, found: &Candidate) -> Decision {
    let Case { intake, policy, .. } = *case;
    let head = command::head(&intake.mail.reply_text);
    let orders = requests::orders(case, &head);
    if let Some(orders) = orders.as_ref().filter(|orders| requests::may_order(case, found, orders)) {
        return requests::act(case, found, orders, &head.text);
    }
    if found.ticket.status == Status::Closed {
        return requests::after_closing(case, found);
    }
    let mut course = Course::new(*case, &found.ticket);
    course.events = joined_events(intake, found, case.threading);
    if orders.is_some() && requests::is_in_copy(case, found) {
        let (sender, asked) = (&intake.sender, head.lines.join(" "));
        course.done.push(words!(
            "{sender}, en copie, écrit « {asked} » : seul le demandeur peut clore, rouvrir ou noter sa demande. Rien n'a changé.",
            "{sender}, who is in copy, writes \"{asked}\": only the requester can close, reopen or rate their request. Nothing has changed."
        ));
    }
    requests::write(&mut course, found, &intake.mail.reply_text);
    complete(&mut course);
    conversation::add_people(&mut course);
    course.tell_desk(LetterKind::NewMessage);
    requests::tell_requester(&mut course, found);
    // Whoever writes what nobody here can read has to be told.
    if (case.queue.acknowledge == Acknowledge::All || is_encrypted(intake))
        && course.letters.iter().all(|l| l.kind.is_internal())
    {
        match silence(intake) {
            Some(reason) => course.event("suppressed", format!("reply-received not sent: {reason}")),
            None => course.letters.push(LetterOrder::new(LetterKind::ReplyReceived, sender(intake, policy))),
        }
    }
    let message = message(intake, Visibility::Public, &intake.mail.reply_text);
    Decision::Join(Box::new(course.joining(message, true, reason(found))))
}

/// A mail in an agent's name that the operator adds to a ticket although nothing proves it: a note, and
/// nothing it asks is done.
pub(super) fn noted(case: &Case<'_>, found: &Candidate) -> Decision {
    let mut course = Course::new(*case, &found.ticket);
    course.events = joined_events(case.intake, found, case.threading);
    course.tell_desk(LetterKind::NewMessage);
    let message = message(case.intake, Visibility::Internal, &case.intake.mail.reply_text);
    Decision::Join(Box::new(course.joining(message, true, reason(found))))
}

/// What a machine writes is recorded; it changes nothing and is never answered.
pub(super) fn automatic(case: &Case<'_>, found: &Candidate, kind: AutomaticKind) -> Decision {
    let intake = case.intake;
    let mut course = Course::new(*case, &found.ticket);
    course.keep_undo();
    course.events = joined_events(intake, found, case.threading);
    let evidence = intake.mail.automatic.as_ref().map_or("", |a| a.reason.as_str());
    course.events.push(Event::own("automatic", format!("written by a machine: {evidence}")));
    if kind != AutomaticKind::Reply {
        course.tell_desk(LetterKind::NewMessage);
    }
    // A machine's words may quote an internal letter, so they stay inside.
    let message = message(intake, Visibility::Internal, &intake.mail.reply_text);
    Decision::Join(Box::new(course.joining(message, true, reason(found))))
}
