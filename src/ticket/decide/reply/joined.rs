//! What every email that joins a ticket leaves there, whoever wrote it.

use std::collections::BTreeMap;

use crate::ticket::decide::draft::Draft;
use crate::ticket::policy::Policy;
use crate::ticket::read::Intake;
use crate::ticket::thread::{Candidate, Threading};
use crate::ticket::words::{Event, TicketView};

/// What the email says of the fields that were asked for.
pub(in crate::ticket::decide) fn complete(draft: &mut Draft<'_>) {
    let (fields, told) = completed(&draft.ticket, draft.case.intake, draft.policy());
    if let Some(title) = draft
        .policy()
        .title_field(&fields)
        .filter(|_| draft.policy().title_field(&draft.ticket.fields) != draft.policy().title_field(&fields))
    {
        draft.ticket.title = title;
    }
    draft.ticket.fields = fields;
    draft.events.extend(told);
}

/// The fields with what this email adds, and the line of history that says so.
fn completed(ticket: &TicketView, intake: &Intake, policy: &Policy) -> (BTreeMap<String, String>, Option<Event>) {
    let mut fields = ticket.fields.clone();
    let mut told = Vec::new();
    // What the requester says counts before what somebody in copy does, and what they wrote before what stands in a quote.
    let may_correct = intake.sender == ticket.requester.address || intake.agent.is_some();
    let own = intake.fields.iter().map(|(code, value)| (code, value, may_correct && !policy.is_file_field(code)));
    // A quote may be of somebody else's words: who the requester is, only our own notification says, from its number on.
    let text = &intake.mail.text;
    let ours = text.find(ticket.number.as_str()).map_or("", |at| &text[at..]);
    let counts = |code: &String, value: &String| {
        intake.agent.is_none() && (!policy.is_own_field(code) || ours.contains(value.as_str()))
    };
    let quoted = intake.quoted_fields.iter().filter(|(code, value)| counts(code, value));
    let quoted = quoted.map(|(code, value)| (code, value, false));
    for (code, value, corrects) in own.chain(quoted) {
        let is_new = match fields.get(code) {
            Some(known) => corrects && known != value,
            // Who the requester is, and what the request is called, nobody else says.
            None => may_correct || !policy.is_own_field(code),
        };
        if is_new {
            told.push(format!("{}: {value}", policy.field_label(code, &policy.service_desk.language)));
            fields.insert(code.clone(), value.clone());
        }
    }
    let event = (!told.is_empty()).then(|| Event::by(&intake.sender, "fields", told.join("; ")));
    (fields, event)
}

pub(in crate::ticket::decide) fn reason(found: &Candidate) -> String {
    format!("joined {} by its {}", found.ticket.number, found.signal.describe())
}

pub(in crate::ticket::decide) fn joined_events(
    intake: &Intake,
    found: &Candidate,
    threading: &Threading,
) -> Vec<Event> {
    let mut events =
        vec![Event::by(&intake.sender, "joined", format!("mail joined by its {}", found.signal.describe()))];
    if !threading.also.is_empty() {
        events.push(Event::own("related", format!("also leads to {}", threading.also.join(", "))));
    }
    events
}
