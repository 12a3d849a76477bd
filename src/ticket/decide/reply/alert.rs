//! Emails of a queue's machines: one ticket an alert, repeats join it, the end is noted, nothing is sent back.

use crate::ticket::alert::Alert;
use crate::ticket::decide::draft::Draft;
use crate::ticket::decide::people::message;
use crate::ticket::decide::reply::joined::{joined_events, reason};
use crate::ticket::decide::{Case, Decision, open};
use crate::ticket::life::Move;
use crate::ticket::thread::Candidate;
use crate::ticket::words::{Channel, Event, NotificationKind, Status, Visibility, phrase};

/// What becomes of it.
pub(in crate::ticket::decide) fn decide(case: &Case<'_>, alert: &Alert) -> Decision {
    let found = case.threading.joined.as_ref();
    match found.filter(|found| found.ticket.status != Status::Closed) {
        Some(found) => join(case, found, alert),
        None if alert.cleared => Decision::Ignore("the end of an alert that no open ticket is about".to_owned()),
        None => raise(case, alert),
    }
}

/// A ticket of its own, which further emails of the alert find by its identity.
fn raise(case: &Case<'_>, alert: &Alert) -> Decision {
    let mut decision = open::open(case);
    if let Decision::Open(openings) = &mut decision {
        for opening in openings {
            opening.ticket.channel = Channel::Monitoring;
            opening.message.message_id.clone_from(&alert.id);
            opening.events.push(Event::own("alert", "opened by a machine: further emails about it join".to_owned()));
        }
    }
    decision
}

/// A repeat is kept and wakes nobody; what comes back after it was solved, and the end, agents hear of.
fn join(case: &Case<'_>, found: &Candidate, alert: &Alert) -> Decision {
    let intake = case.intake;
    let mut draft = Draft::new(*case, &found.ticket);
    draft.keep_undo();
    draft.events = joined_events(intake, found, case.threading);
    if alert.cleared {
        draft.event("alert", "the machine says that it is over");
        draft.done.push(phrase!("told.alert_cleared"));
        draft.tell_agents(NotificationKind::NewMessage);
    } else if found.ticket.status == Status::Resolved {
        // From resolved this move exists; the table's own test holds that.
        let _ = draft.go(Move::Write);
        draft.done.push(phrase!("told.alert_back"));
        draft.tell_agents(NotificationKind::NewMessage);
    }
    let message = message(intake, Visibility::Internal, &intake.mail.reply_text);
    Decision::Join(Box::new(draft.joining(message, true, reason(found))))
}
