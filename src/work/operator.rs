//! `ticket do`: a command of the operator, who sits at the machine and needs no other proof.
//!
//! It takes the way of an agent's mail: kept in the inbox under a mailbox of its own, decided by the
//! same rules, carried out in one commit. Only the receipt goes to the terminal.

use super::App;
use super::commit::{Cause, Commit, Email};
use super::presence::DESK;
use super::process::{collect_wanted, decide_one};
use crate::clock::Millis;
use crate::mail;
use crate::settings::Settings;
use crate::store::{Store, StoreError, TicketRow, Waiting, Wanted};
use crate::ticket::{Agent, Channel, Decision, InboxId, Notify, OPERATOR_LEVEL, Policy, Role, Secret, Verdict, read};

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
    ticket: &TicketRow,
    text: &str,
    now: Millis,
) -> Result<Outcome, StoreError> {
    let mut settings = settings.clone();
    add_operator(&mut settings.policy);
    let policy = &settings.policy;
    let bytes = as_mail(&format!("[{}]", ticket.number), text, now);
    let parsed = match mail::parse(&bytes, &policy.limits) {
        Ok(parsed) => parsed,
        Err(why) => return Ok(Outcome::NotDone(vec![why.to_string()])),
    };
    let mut intake = read(parsed, MAILBOX, policy, secret);
    intake.queue = Some(ticket.queue.clone());
    intake.say(ticket.id, text, policy);
    let email = Email { waiting: waiting(bytes, now), intake: Ok(Box::new(intake)) };
    let wanted = collect_wanted(std::slice::from_ref(&email), &settings);
    let commit = Commit::on(store, secret, &settings, now, wanted).await?;
    if commit.unit().ticket(ticket.id).is_none() {
        return Ok(Outcome::NotDone(vec!["the ticket is gone".to_owned()]));
    }
    Ok(carry_out(commit, email, &settings, secret, now).await?.0)
}

/// What the operator opens a ticket with, for somebody who called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTicket {
    /// Name of the queue.
    pub queue: String,
    /// The caller's address.
    pub from: String,
    /// Their name; may be empty.
    pub name: String,
    /// Title of the ticket; empty for the first line of the text.
    pub subject: String,
    /// Commands, and what they ask for below.
    pub text: String,
    /// By which way it came.
    pub channel: Channel,
}

/// Opens a ticket in somebody else's name. They are acknowledged. Gives the ticket's number, or why there is none.
///
/// # Errors
/// [`StoreError`]; nothing was done then.
pub async fn open_ticket(
    store: &Store,
    secret: &Secret,
    settings: &Settings,
    new: &NewTicket,
    now: Millis,
) -> Result<(Outcome, Option<String>), StoreError> {
    let mut settings = settings.clone();
    add_operator(&mut settings.policy);
    let email = match as_new(new, &settings, secret, now) {
        Ok(email) => email,
        Err(why) => return Ok((Outcome::NotDone(vec![why]), None)),
    };
    let wanted = collect_wanted(std::slice::from_ref(&email), &settings);
    let commit = Commit::on(store, secret, &settings, now, wanted).await?;
    carry_out(commit, email, &settings, secret, now).await
}

/// Opens a ticket by a timetable, and sets when its next one opens: one commit.
///
/// # Errors
/// [`StoreError`]; nothing was done then.
pub(super) async fn open_by_schedule(
    app: &App,
    settings: &Settings,
    new: &NewTicket,
    (name, next): (&str, Millis),
) -> Result<Outcome, StoreError> {
    let now = app.clock.now();
    let mut settings = settings.clone();
    add_operator(&mut settings.policy);
    let email = match as_new(new, &settings, &app.secret, now) {
        Ok(email) => email,
        Err(why) => return Ok(Outcome::NotDone(vec![why])),
    };
    let wanted = Wanted { lease: Some(DESK), ..collect_wanted(std::slice::from_ref(&email), &settings) };
    let mut commit = Commit::begin(app, &settings, now, wanted).await?;
    commit.set_wake_up(name, next);
    Ok(carry_out(commit, email, &settings, &app.secret, now).await?.0)
}

/// The new ticket as the email that might have asked for it.
fn as_new(new: &NewTicket, settings: &Settings, secret: &Secret, now: Millis) -> Result<Email, String> {
    let subject = new.subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = format!("#new\n#requester {} <{}>\n{}", new.name, new.from, new.text);
    let bytes = as_mail(&subject, &text, now);
    let parsed = mail::parse(&bytes, &settings.policy.limits).map_err(|why| why.to_string())?;
    let mut intake = read(parsed, MAILBOX, &settings.policy, secret);
    intake.queue = Some(new.queue.clone());
    intake.channel = new.channel;
    intake.say_apart(&text, &settings.policy);
    Ok(Email { waiting: waiting(bytes, now), intake: Ok(Box::new(intake)) })
}

/// Decides it and carries it out. Gives what came of it, and the number of its ticket.
async fn carry_out<'a>(
    mut commit: Commit<'a>,
    mut email: Email,
    settings: &Settings,
    secret: &Secret,
    now: Millis,
) -> Result<(Outcome, Option<String>), StoreError> {
    email.waiting.id = commit.take_in(&email.waiting).await?;
    let decision = match &email.intake {
        Ok(intake) => decide_one(commit.unit(), &email, intake, Vec::new(), now, settings, secret),
        Err(reason) => Decision::Ignore(reason.clone()),
    };
    let outcome = commit.carry_out(&Cause::Operator(&email), decision)?;
    let number = outcome.ticket.and_then(|id| commit.unit().ticket(id)).map(|ticket| ticket.number.clone());
    let receipt = commit.finish().await?.receipt;
    Ok(match outcome.verdict {
        Verdict::Command => (Outcome::Done(receipt), number),
        _ if receipt.is_empty() => (Outcome::NotDone(vec![outcome.reason]), None),
        _ => (Outcome::NotDone(receipt), None),
    })
}

fn waiting(bytes: Vec<u8>, now: Millis) -> Waiting {
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let mailbox = MAILBOX.to_owned();
    Waiting {
        id: InboxId::default(),
        mailbox,
        size,
        attempts: 0,
        received_at: now,
        delivered_at: 0,
        bytes,
        released: false,
        joins: None,
    }
}

/// The operator is an administrator of every queue, at a level above all.
fn add_operator(policy: &mut Policy) {
    let operator = Agent {
        address: OPERATOR.to_owned(),
        name: String::new(),
        roles: vec![Role::Administrator],
        queues: policy.queues.keys().cloned().collect(),
        level: OPERATOR_LEVEL,
        language: policy.service_desk.language.clone(),
        notify: Notify::Mine,
        deputy: None,
        away: None,
    };
    policy.agents.insert(MAILBOX.to_owned(), operator);
}

/// The command as the email that it might have been; the time makes two equal ones two.
fn as_mail(subject: &str, text: &str, now: Millis) -> Vec<u8> {
    let text = text.replace('\n', "\r\n");
    let head = format!("From: {OPERATOR}\r\nSubject: {subject}\r\nX-Guichet-Time: {now}\r\n");
    format!("{head}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n").into_bytes()
}
