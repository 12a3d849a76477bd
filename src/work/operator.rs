//! `ticket do`: a command of the operator, who sits at the machine and needs no other proof.
//!
//! It takes the way of an agent's mail: kept in the inbox under a mailbox of its own, decided by the
//! same rules, carried out in one commit. Only the receipt goes to the terminal.

use std::collections::BTreeSet;

use super::writer::{Cause, Writer};
use crate::clock::Millis;
use crate::mail;
use crate::settings::Settings;
use crate::store::{Arrival, Store, StoreError, Unit, VerdictRecord, Wanted};
use crate::ticket::{
    Agent, Candidate, Decision, HoldCause, Joining, NEW_NUMBER, Notification, NotificationKind, Policy, Role, Secret,
    Signal, Snapshot, TicketView, Verdict, command, decide, numbers_in, read,
};

/// The mailbox such commands are kept under; none can be configured by that name.
const MAILBOX: &str = "#operator";
/// Who gives them.
const OPERATOR: &str = "operator@localhost";

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// What was done, sentence by sentence.
    Done(Vec<String>),
    /// Nothing, and why.
    NotDone(Vec<String>),
}

/// Carries out commands (and the text below them) on a ticket.
///
/// # Errors
/// [`StoreError`]; nothing was done then.
pub async fn command(
    store: &Store,
    secret: &Secret,
    settings: &Settings,
    ticket: i64,
    text: &str,
    now: Millis,
) -> Result<Outcome, StoreError> {
    let mut settings = settings.clone();
    add_operator(&mut settings.policy);
    let policy = &settings.policy;
    let head = command::head(text);
    let prefixes = || policy.queues.values().map(|q| q.prefix.as_str());
    let wanted = Wanted {
        tickets: [ticket].into(),
        numbers: head.lines.iter().flat_map(|line| numbers_in(line, prefixes())).collect(),
        prefixes: policy.queues.values().map(|q| q.prefix.clone()).collect(),
        agents: policy.agents.values().map(|a| a.address.clone()).collect(),
        recipients: people_in(&head.lines, policy),
        related: true,
        ..Wanted::default()
    };
    let mut unit = Unit::load(store, wanted, now).await?;
    let found = if command::undoes(text) { unit.ticket(ticket) } else { unit.living(ticket) };
    let Some(view) = found.cloned() else {
        return Ok(Outcome::NotDone(vec!["the ticket is gone".to_owned()]));
    };
    let bytes = as_mail(&view, text, now);
    let arrival =
        Arrival { mailbox: MAILBOX, uid_validity: 0, uid: 0, bytes: &bytes, size: bytes.len() as u64, hold: None };
    let inbox_id = unit.take_in(&arrival).await?;
    let snapshot = snapshot(&unit, &view, &head.lines, policy, now, inbox_id);
    let parsed = mail::parse(&bytes, &policy.limits).map_err(|_| StoreError::AlreadyDecided(inbox_id))?;
    let mut intake = read(parsed, MAILBOX, policy, secret);
    intake.queue = Some(view.queue.clone());
    text.trim().clone_into(&mut intake.mail.reply_text);
    intake.join_by_operator(view.id);
    intake.operator = true;
    let (done, joining) = match decide(&intake, &snapshot, policy, secret) {
        Decision::Join(joining) => (true, *joining),
        Decision::Tell(holding) => {
            let change = crate::ticket::Change { notifications: holding.notifications, ..Default::default() };
            (false, Joining { change, reason: holding.reason, ..Joining::default() })
        }
        other => {
            let reason = format!("it cannot be done this way: {other:?}").chars().take(300).collect();
            (false, Joining { reason, ..Joining::default() })
        }
    };
    let verdict = if done { Verdict::Command } else { Verdict::Refused };
    let sender = OPERATOR.to_owned();
    let subject = format!("{}: {}", view.number, head.lines.join(" "));
    let message_id = String::new();
    let reason = joining.reason.clone();
    unit.record_verdict(
        inbox_id,
        VerdictRecord {
            verdict,
            cause: HoldCause::Other,
            reason,
            ticket_id: view.id,
            message_id,
            sender,
            subject,
            content: String::new(),
            alike: String::new(),
        },
    );
    if !done {
        unit.commit().await?;
        return Ok(Outcome::NotDone(told(&joining.change.notifications, &joining.reason)));
    }
    let writer = Writer::new(store, secret, &settings, now).await?;
    carry_out(unit, &writer, inbox_id, joining).await
}

/// The operator is an administrator of every queue, at a level above all.
fn add_operator(policy: &mut Policy) {
    let operator = Agent {
        address: OPERATOR.to_owned(),
        name: String::new(),
        roles: vec![Role::Administrator],
        queues: policy.queues.keys().cloned().collect(),
        level: u8::MAX,
        language: policy.service_desk.language.clone(),
    };
    policy.agents.insert(MAILBOX.to_owned(), operator);
}

/// People that commands may write to.
fn people_in(lines: &[String], policy: &Policy) -> BTreeSet<String> {
    let words = lines.iter().flat_map(|line| line.split([' ', ',', ';', '<', '>'])).filter(|w| w.contains('@'));
    words.map(mail::key).chain(policy.audiences.values().flatten().cloned()).collect()
}

/// The command as the email that it might have been; the time makes two equal ones two.
fn as_mail(ticket: &TicketView, text: &str, now: Millis) -> Vec<u8> {
    let text = text.replace('\n', "\r\n");
    let head = format!("From: {OPERATOR}\r\nSubject: [{}]\r\nX-Guichet-Time: {now}\r\n", ticket.number);
    format!("{head}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n").into_bytes()
}

fn snapshot(unit: &Unit, view: &TicketView, lines: &[String], policy: &Policy, now: Millis, turn: i64) -> Snapshot {
    let prefixes = || policy.queues.values().map(|q| q.prefix.as_str());
    let numbers = lines.iter().flat_map(|line| numbers_in(line, prefixes()));
    let named = numbers.filter_map(|n| Some((n.clone(), unit.living(unit.ticket_of_number(&n)?)?.clone())));
    Snapshot {
        candidates: vec![Candidate { signal: Signal::Operator(view.id), ticket: view.clone() }],
        now,
        turn,
        named: named.collect(),
        related: unit.tickets().map(|t| (t.id, t.clone())).collect(),
        original_requests: unit.story(view.id).map(|s| (view.id, s.clone())).into_iter().collect(),
        ..Snapshot::default()
    }
}

async fn carry_out(
    mut unit: Unit,
    writer: &Writer<'_>,
    inbox_id: i64,
    joining: Joining,
) -> Result<Outcome, StoreError> {
    let Joining { change, others, opens, .. } = joining;
    let mut drafts = Vec::new();
    let ticket = unit.change_ticket(inbox_id, &change);
    let mut done = told(&change.notifications, "");
    for opening in opens {
        let new = unit.open_ticket(inbox_id, &opening)?;
        if let Some(line) = done.iter_mut().find(|line| line.contains(NEW_NUMBER)) {
            *line = line.replacen(NEW_NUMBER, &new.number, 1);
        }
        writer.draft(
            &mut unit,
            Cause::Command(inbox_id),
            new,
            opening.message,
            to_others(opening.notifications),
            &mut drafts,
        );
    }
    for other in others {
        let ticket = unit.change_ticket(inbox_id, &other);
        writer.draft(
            &mut unit,
            Cause::Command(inbox_id),
            ticket,
            other.message,
            to_others(other.notifications),
            &mut drafts,
        );
    }
    writer.draft(
        &mut unit,
        Cause::Command(inbox_id),
        ticket,
        change.message,
        to_others(change.notifications),
        &mut drafts,
    );
    writer.commit(unit, drafts).await?;
    Ok(Outcome::Done(done))
}

/// Notifications to everybody but the operator.
fn to_others(notifications: Vec<Notification>) -> Vec<Notification> {
    notifications.into_iter().filter(|l| l.to.address != OPERATOR).collect()
}

/// What the notification to the operator would have said.
fn told(notifications: &[Notification], reason: &str) -> Vec<String> {
    let own = notifications.iter().filter(|l| l.to.address == OPERATOR);
    let receipt = own.filter(|l| matches!(l.kind, NotificationKind::Receipt | NotificationKind::NotDone));
    let done: Vec<String> = receipt.flat_map(|l| l.done.clone()).collect();
    if done.is_empty() && !reason.is_empty() { vec![reason.to_owned()] } else { done }
}
