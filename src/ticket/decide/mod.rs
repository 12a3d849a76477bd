//! The decision about one mail.
//!
//! Takes: an [`Intake`] and a [`Snapshot`]. Gives: a [`Decision`], which `work` carries out in one
//! commit without adding anything of its own.

mod copy;
mod forward;
mod held;
mod join;
mod open;
mod people;
mod undelivered;

pub(crate) use undelivered::orders as undelivered_orders;

use std::collections::BTreeMap;

use super::authority::{Proof, proof_of_agent};
use super::policy::{Policy, Queue};
use super::read::Intake;
use super::thread::{Candidate, choose};
use super::token::Secret;
use super::words::{Event, LetterOrder, MessageDraft, Person, Status, TicketView, Undelivered};
use crate::mail::AutomaticKind;

/// What the store knows that bears on this mail.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Tickets the mail's signals lead to, in order of trust.
    pub candidates: Vec<Candidate>,
    /// The tickets that already hold this very mail, which came by another way.
    pub copies: Vec<TicketView>,
}

/// What is to be done about a mail.
#[must_use]
#[derive(Debug, Clone)]
pub enum Decision {
    /// It opens a ticket, or one in each of several queues; never none.
    Open(Vec<Opening>),
    /// It joins one.
    Join(Box<Joining>),
    /// It is a copy of a mail that a ticket already holds.
    Copy(Box<Copying>),
    /// A person must judge it; the reason.
    Hold(String),
    /// The same, and people are told.
    Tell(Box<Holding>),
    /// An agent lets a held mail in, or refuses it.
    Judge {
        /// Row id of the held mail.
        held: i64,
        /// Whether it is let in.
        admit: bool,
        /// Who said so.
        by: String,
    },
    /// It needs nothing; the reason.
    Ignore(String),
    /// It is the probe of that queue come back: sub-addresses work there.
    Probed(String),
}

/// A ticket to be opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Name of the queue.
    pub queue: String,
    /// Prefix of the number.
    pub prefix: String,
    /// Title.
    pub title: String,
    /// Code of the priority.
    pub priority: String,
    /// Who asks.
    pub requester: Person,
    /// Further people on the requester's side (Cc), without the desk's own addresses.
    pub others: Vec<Person>,
    /// The mail as the ticket's first message.
    pub message: MessageDraft,
    /// What somebody of the desk wrote above it, when they passed it on.
    pub note: Option<MessageDraft>,
    /// What it says, by the codes of its fields.
    pub fields: BTreeMap<String, String>,
    /// Lines of history, after the one that says it was opened.
    pub events: Vec<Event>,
    /// Letters to write.
    pub letters: Vec<LetterOrder>,
    /// Why, for `guichet why`.
    pub reason: String,
}

/// A mail to be added to a ticket.
#[derive(Debug, Clone)]
pub struct Joining {
    /// The ticket as it was.
    pub ticket: TicketView,
    /// The mail as a message.
    pub message: MessageDraft,
    /// Where the ticket is afterwards.
    pub status: Status,
    /// True when this is the desk's first public answer.
    pub first_answer: bool,
    /// What the request says afterwards, by the codes of its fields.
    pub fields: BTreeMap<String, String>,
    /// Whom a letter did not reach, as the mail reports.
    pub undelivered: Option<Undelivered>,
    /// Lines of history.
    pub events: Vec<Event>,
    /// Letters to write.
    pub letters: Vec<LetterOrder>,
    /// Why, for `guichet why`.
    pub reason: String,
}

/// A copy of a mail that is there already.
#[derive(Debug, Clone)]
pub struct Copying {
    /// The ticket that holds it.
    pub ticket: TicketView,
    /// The mail, for the letters; it is not stored again.
    pub message: MessageDraft,
    /// Lines of history.
    pub events: Vec<Event>,
    /// Letters to write.
    pub letters: Vec<LetterOrder>,
    /// Why, for `guichet why`.
    pub reason: String,
}

/// A mail to be held, of which people are told.
#[derive(Debug, Clone)]
pub struct Holding {
    /// Why it is held.
    pub reason: String,
    /// What stands in the place of a ticket in the letters; it has no number.
    pub stand_in: TicketView,
    /// The mail, for the letters.
    pub message: MessageDraft,
    /// Letters to write.
    pub letters: Vec<LetterOrder>,
}

/// Decides. Pure: the same arguments give the same decision.
pub fn decide(intake: &Intake, snapshot: &Snapshot, policy: &Policy, secret: &Secret) -> Decision {
    if let Some(queue) = &intake.probe {
        return Decision::Probed(queue.clone());
    }
    if intake.own {
        return Decision::Ignore("the desk's own letter came back".to_owned());
    }
    if intake.from_desk {
        return Decision::Hold(format!(
            "it claims to come from {}, the desk's own address; answering it could go on for ever",
            intake.sender
        ));
    }
    let Some(queue) = intake.queue(policy) else {
        return Decision::Hold(format!("no queue takes mail of mailbox {}", intake.mailbox));
    };
    if intake.sender.is_empty() {
        return Decision::Hold("it has no usable sender address".to_owned());
    }
    if let Some(judgement) = held::judgement(intake, policy, secret) {
        return judgement;
    }
    if let Some(copying) = copy::of(intake, &snapshot.copies, policy, queue) {
        return Decision::Copy(Box::new(copying));
    }
    let threading = choose(intake, &snapshot.candidates, policy, secret);
    let proof = proof_of_agent(&intake.mail, &intake.mailbox, threading.answers_own_letter, policy);
    let proven = intake.agent.is_some() && proof != Proof::Missing;
    // A list spreads people's mail: it is not answered automatically, and otherwise read like any other.
    let machine = intake.mail.automatic.as_ref().map(|a| a.kind).filter(|kind| *kind != AutomaticKind::List);
    // Who answers the letter that was written to them is a person, whatever report they enclose.
    let answered = threading.holder.as_ref() == Some(&intake.sender);
    let machine = machine.filter(|_| intake.mail.bounce.is_none() || !answered);
    let bounce = intake.mail.bounce.as_ref().filter(|_| !answered);
    match (&threading.joined, machine) {
        (Some(found), _) if bounce.is_some() => undelivered::join(intake, found, &threading, policy),
        (None, _) if let Some(bounce) = bounce => undelivered::lost(bounce),
        (Some(found), machine) if intake.agent.is_some() && !proven => held::unproven(intake, found, policy, machine),
        (Some(found), Some(kind)) => join::automatic(intake, found, &threading, policy, kind),
        (Some(found), None) if proven => match join::agent(intake, found, &threading, policy) {
            Decision::Hold(reason) => held::not_done(intake, reason, &found.ticket.queue, policy),
            decision => decision,
        },
        (Some(found), None) => join::requester(intake, found, &threading, policy, queue),
        (None, Some(AutomaticKind::Reply)) => Decision::Ignore(machine_reason(intake)),
        (None, None) if let Some(original) = forward::original(intake, policy) => {
            forward::open(intake, original, &threading, policy, queue, proven)
        }
        (None, _) if !proven && !intake.released && !may_open(&intake.sender, queue) => {
            held::stranger(intake, stranger(&intake.sender, queue), policy, queue)
        }
        (None, _) => open::open(intake, &threading, policy, queue, proven),
    }
}

fn stranger(sender: &str, queue: &Queue) -> String {
    format!("{sender} is not among queues.{}.senders, who may open tickets", queue.name)
}

fn machine_reason(intake: &Intake) -> String {
    let evidence = intake.mail.automatic.as_ref().map_or("", |a| a.reason.as_str());
    format!("an automatic answer that belongs to no ticket ({evidence})")
}

/// Whether this person may open a ticket here.
fn may_open(sender: &str, queue: &Queue) -> bool {
    queue.senders.is_empty()
        || queue
            .senders
            .iter()
            .any(|allowed| allowed == sender || (allowed.starts_with('@') && sender.ends_with(allowed.as_str())))
}
