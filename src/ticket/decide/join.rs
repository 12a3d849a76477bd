//! A mail joins a ticket.

use std::collections::BTreeMap;

use super::people::{is_encrypted, message, sender, silence, watchers};
use super::{Decision, Joining};
use crate::mail::AutomaticKind;
use crate::ticket::command;
use crate::ticket::policy::{Acknowledge, Policy, Queue};
use crate::ticket::read::Intake;
use crate::ticket::thread::{Candidate, Threading};
use crate::ticket::words::{Event, LetterKind, LetterOrder, MessageDraft, Status, TicketView, Visibility};

/// A mail of somebody on the requester's side.
pub(super) fn requester(
    intake: &Intake,
    found: &Candidate,
    threading: &Threading,
    policy: &Policy,
    queue: &Queue,
) -> Decision {
    let ticket = &found.ticket;
    let mut events = joined_events(intake, found, threading);
    let mut letters = watchers(LetterKind::NewMessage, &ticket.queue, &intake.sender, policy);
    // Whoever writes what nobody here can read has to be told.
    if queue.acknowledge == Acknowledge::All || is_encrypted(intake) {
        match silence(intake) {
            Some(reason) => events.push(Event::own("suppressed", format!("reply-received not sent: {reason}"))),
            None => letters.push(LetterOrder::new(LetterKind::ReplyReceived, sender(intake, policy))),
        }
    }
    let (fields, told) = completed(ticket, intake, policy);
    events.extend(told);
    Decision::Join(Box::new(Joining {
        message: message(intake, Visibility::Public, &intake.mail.reply_text),
        status: ticket.status,
        first_answer: false,
        fields,
        undelivered: None,
        reason: reason(found),
        ticket: ticket.clone(),
        events,
        letters,
    }))
}

/// A mail of somebody of the desk.
pub(super) fn agent(intake: &Intake, found: &Candidate, threading: &Threading, policy: &Policy) -> Decision {
    let commands = command::read(&intake.mail.reply_text);
    if let Some(word) = commands.unknown {
        return Decision::Hold(format!("#{word} is no command; known are #public and #note"));
    }
    // A letter to this very agent is internal, whatever other letters the mail also refers to.
    let default = if threading.answers_public_letter && !threading.answers_own_letter {
        Visibility::Public
    } else {
        Visibility::Internal
    };
    let visibility = commands.visibility.unwrap_or(default);
    let ticket = &found.ticket;
    let mut letters = watchers(LetterKind::NewMessage, &ticket.queue, &intake.sender, policy);
    let public = visibility == Visibility::Public;
    // What is quoted may be a colleague's note, and some clients break quoted lines so that their
    // ends look like the writer's words. Every internal letter names #public in its foot.
    let risky = intake.mail.below_quote || intake.mail.forwarded.is_some() || commands.text.contains("#public");
    if public && risky {
        return Decision::Hold(
            "a public answer must stand above what it quotes, so that no internal note goes out with it; \
             send it again without the quoted mail"
                .to_owned(),
        );
    }
    if public {
        letters.push(LetterOrder::new(LetterKind::Answer, ticket.requester.clone()));
    }
    let mut events = joined_events(intake, found, threading);
    let status = if public && ticket.status == Status::New { Status::Open } else { ticket.status };
    if status != ticket.status {
        events.push(Event::own("status", format!("{} → {}", ticket.status.as_str(), status.as_str())));
    }
    let text = commands.text;
    let message =
        MessageDraft { new_text: text, from_agent: true, ..message(intake, visibility, &intake.mail.reply_text) };
    Decision::Join(Box::new(Joining {
        first_answer: public && !ticket.answered,
        fields: ticket.fields.clone(),
        undelivered: None,
        reason: reason(found),
        ticket: ticket.clone(),
        message,
        status,
        events,
        letters,
    }))
}

/// What a machine writes is recorded; it changes nothing and is never answered.
pub(super) fn automatic(
    intake: &Intake,
    found: &Candidate,
    threading: &Threading,
    policy: &Policy,
    kind: AutomaticKind,
) -> Decision {
    let ticket = &found.ticket;
    let mut events = joined_events(intake, found, threading);
    let evidence = intake.mail.automatic.as_ref().map_or("", |a| a.reason.as_str());
    events.push(Event::own("automatic", format!("written by a machine: {evidence}")));
    let letters = if kind == AutomaticKind::Reply {
        Vec::new()
    } else {
        watchers(LetterKind::NewMessage, &ticket.queue, &intake.sender, policy)
    };
    // A machine's words may quote an internal letter, so they stay inside.
    Decision::Join(Box::new(Joining {
        message: message(intake, Visibility::Internal, &intake.mail.reply_text),
        status: ticket.status,
        first_answer: false,
        fields: ticket.fields.clone(),
        undelivered: None,
        reason: reason(found),
        ticket: ticket.clone(),
        events,
        letters,
    }))
}

/// The fields with what this mail adds, and the line of history that says so.
fn completed(ticket: &TicketView, intake: &Intake, policy: &Policy) -> (BTreeMap<String, String>, Option<Event>) {
    let mut fields = ticket.fields.clone();
    let mut told = Vec::new();
    for (code, value) in &intake.fields {
        if fields.get(code) != Some(value) {
            told.push(format!("{}: {value}", policy.field_label(code, &policy.desk.language)));
            fields.insert(code.clone(), value.clone());
        }
    }
    let event =
        (!told.is_empty()).then(|| Event { actor: intake.sender.clone(), kind: "fields", text: told.join("; ") });
    (fields, event)
}

pub(super) fn reason(found: &Candidate) -> String {
    format!("joined {} by its {}", found.ticket.number, found.signal.describe())
}

pub(super) fn joined_events(intake: &Intake, found: &Candidate, threading: &Threading) -> Vec<Event> {
    let mut events = vec![Event {
        actor: intake.sender.clone(),
        kind: "joined",
        text: format!("mail joined by its {}", found.signal.describe()),
    }];
    if !threading.also.is_empty() {
        events.push(Event::own("related", format!("also leads to {}", threading.also.join(", "))));
    }
    events
}
