//! The decision about one mail.
//!
//! Takes: an [`Intake`] and a [`Snapshot`]. Gives: a [`Decision`], which `work` carries out in one
//! commit without adding anything of its own.

use super::authority::{Proof, proof_of_agent};
use super::command;
use super::policy::{Acknowledge, Policy, Queue};
use super::read::Intake;
use super::thread::{Candidate, Threading, choose};
use super::token::Secret;
use super::words::{Event, LetterKind, LetterOrder, MessageDraft, Person, Status, TicketView, Visibility};
use crate::mail::{AutomaticKind, key};

/// What the store knows that bears on this mail.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Tickets the mail's signals lead to, in order of trust.
    pub candidates: Vec<Candidate>,
}

/// What is to be done about a mail.
#[must_use]
#[derive(Debug, Clone)]
pub enum Decision {
    /// It opens a ticket.
    Open(Box<Opening>),
    /// It joins one.
    Join(Box<Joining>),
    /// A person must judge it; the reason.
    Hold(String),
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
    /// Lines of history.
    pub events: Vec<Event>,
    /// Letters to write.
    pub letters: Vec<LetterOrder>,
    /// Why, for `guichet why`.
    pub reason: String,
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
    let threading = choose(intake, &snapshot.candidates, policy, secret);
    let proven = intake.agent.is_some()
        && proof_of_agent(&intake.mail, &intake.mailbox, threading.answers_own_letter, policy) != Proof::Missing;
    // A list spreads people's mail: it is not answered automatically, and otherwise read like any other.
    let machine = intake.mail.automatic.as_ref().map(|a| a.kind).filter(|kind| *kind != AutomaticKind::List);
    match (&threading.joined, machine) {
        (Some(found), _) if intake.agent.is_some() && !proven => Decision::Hold(format!(
            "it claims to be from the agent {} about {}, and nothing proves it",
            intake.sender, found.ticket.number
        )),
        (Some(found), Some(kind)) => join_automatic(intake, found, &threading, policy, kind),
        (Some(found), None) if proven => join_agent(intake, found, &threading, policy),
        (Some(found), None) => join_requester(intake, found, &threading, policy, queue),
        (None, Some(AutomaticKind::Reply)) => Decision::Ignore(machine_reason(intake)),
        (None, _) if !proven && !may_open(&intake.sender, queue) => Decision::Hold(format!(
            "{} is not among queues.{}.senders, who may open tickets",
            intake.sender, queue.name
        )),
        (None, _) => open(intake, &threading, policy, queue),
    }
}

fn machine_reason(intake: &Intake) -> String {
    let evidence = intake.mail.automatic.as_ref().map_or("", |a| a.reason.as_str());
    format!("an automatic answer that belongs to no ticket ({evidence})")
}

fn may_open(sender: &str, queue: &Queue) -> bool {
    queue.senders.is_empty()
        || queue
            .senders
            .iter()
            .any(|allowed| allowed == sender || (allowed.starts_with('@') && sender.ends_with(allowed.as_str())))
}

fn open(intake: &Intake, threading: &Threading, policy: &Policy, queue: &Queue) -> Decision {
    let requester = requester(intake, policy);
    let mut letters = Vec::new();
    let mut events = Vec::new();
    match silence(intake) {
        Some(reason) => events.push(Event::own("suppressed", format!("acknowledgement not sent: {reason}"))),
        None if queue.acknowledge == Acknowledge::None => {}
        None => letters.push(LetterOrder { kind: LetterKind::Acknowledgement, to: requester.clone() }),
    }
    letters.extend(to_watchers(LetterKind::NewTicket, &queue.name, &intake.sender, policy));
    let priority = intake.tagged.code.clone().unwrap_or_else(|| queue.priority.clone());
    if intake.tagged.code.is_some() {
        events.push(Event::own("priority", format!("{priority} by the tag \"{}\" in the subject", intake.tagged.tag)));
    }
    if !threading.also.is_empty() {
        events.push(Event::own("related", format!("possibly about {}", threading.also.join(", "))));
    }
    Decision::Open(Box::new(Opening {
        queue: queue.name.clone(),
        prefix: queue.prefix.clone(),
        title: title(intake),
        priority,
        others: others(intake, policy),
        message: message(intake, Visibility::Public, &intake.mail.text),
        reason: format!("a new request to {}", queue.address),
        requester,
        events,
        letters,
    }))
}

fn join_requester(
    intake: &Intake,
    found: &Candidate,
    threading: &Threading,
    policy: &Policy,
    queue: &Queue,
) -> Decision {
    let ticket = &found.ticket;
    let mut events = joined_events(intake, found, threading);
    let mut letters = to_watchers(LetterKind::NewMessage, &ticket.queue, &intake.sender, policy);
    if queue.acknowledge == Acknowledge::All {
        match silence(intake) {
            Some(reason) => events.push(Event::own("suppressed", format!("reply-received not sent: {reason}"))),
            None => letters.push(LetterOrder { kind: LetterKind::ReplyReceived, to: requester(intake, policy) }),
        }
    }
    Decision::Join(Box::new(Joining {
        message: message(intake, Visibility::Public, &intake.mail.reply_text),
        status: ticket.status,
        first_answer: false,
        reason: reason(found),
        ticket: ticket.clone(),
        events,
        letters,
    }))
}

fn join_agent(intake: &Intake, found: &Candidate, threading: &Threading, policy: &Policy) -> Decision {
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
    let mut letters = to_watchers(LetterKind::NewMessage, &ticket.queue, &intake.sender, policy);
    let public = visibility == Visibility::Public;
    // What is quoted may be a colleague's note, and some clients break quoted lines so that their
    // ends look like the writer's words. Every internal letter names #public in its foot.
    if public && (intake.mail.below_quote || commands.text.contains("#public")) {
        return Decision::Hold(
            "a public answer must stand above what it quotes, so that no internal note goes out with it; \
             send it again without the quoted mail"
                .to_owned(),
        );
    }
    if public {
        letters.push(LetterOrder { kind: LetterKind::Answer, to: ticket.requester.clone() });
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
        reason: reason(found),
        ticket: ticket.clone(),
        message,
        status,
        events,
        letters,
    }))
}

/// What a machine writes is recorded; it changes nothing and is never answered.
fn join_automatic(
    intake: &Intake,
    found: &Candidate,
    threading: &Threading,
    policy: &Policy,
    kind: AutomaticKind,
) -> Decision {
    let ticket = &found.ticket;
    let mut events = joined_events(intake, found, threading);
    let evidence = intake.mail.automatic.as_ref().map_or("", |a| a.reason.as_str());
    match &intake.mail.bounce {
        Some(bounce) => events.push(undelivered(bounce)),
        None => events.push(Event::own("automatic", format!("written by a machine: {evidence}"))),
    }
    let letters = if kind == AutomaticKind::Reply {
        Vec::new()
    } else {
        to_watchers(LetterKind::NewMessage, &ticket.queue, &intake.sender, policy)
    };
    // A machine's words may quote an internal letter, so they stay inside.
    Decision::Join(Box::new(Joining {
        message: message(intake, Visibility::Internal, &intake.mail.reply_text),
        status: ticket.status,
        first_answer: false,
        reason: reason(found),
        ticket: ticket.clone(),
        events,
        letters,
    }))
}

fn undelivered(bounce: &crate::mail::Bounce) -> Event {
    let to = bounce.recipients.join(", ");
    let why = bounce.diagnostic.as_deref().or(bounce.status.as_deref()).unwrap_or("no reason given");
    let what = if bounce.delayed { "delivery is delayed" } else { "not delivered" };
    Event::own("undelivered", format!("{what} to {to}: {why}"))
}

fn reason(found: &Candidate) -> String {
    format!("joined {} by its {}", found.ticket.number, found.signal.describe())
}

fn joined_events(intake: &Intake, found: &Candidate, threading: &Threading) -> Vec<Event> {
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

/// Why the sender must not be answered automatically, if so.
fn silence(intake: &Intake) -> Option<String> {
    if let Some(machine) = &intake.mail.automatic {
        return Some(format!("the mail is automatic ({})", machine.reason));
    }
    None
}

fn requester(intake: &Intake, policy: &Policy) -> Person {
    let name = intake.mail.from.as_ref().map(|a| a.name.clone()).unwrap_or_default();
    let language = intake.language.clone().unwrap_or_else(|| policy.desk.language.clone());
    Person { address: intake.sender.clone(), name, language }
}

/// People in To and Cc besides the desk and its agents: they may answer for the requester.
fn others(intake: &Intake, policy: &Policy) -> Vec<Person> {
    let listed = intake.mail.to.iter().chain(&intake.mail.cc);
    let mut found: Vec<Person> = Vec::new();
    for address in listed {
        let key = key(&address.address);
        let known = key == intake.sender || policy.is_own_address(&key) || policy.agent(&key).is_some();
        if !known && found.len() < 10 && !found.iter().any(|p| p.address == key) {
            found.push(Person { address: key, name: address.name.clone(), language: String::new() });
        }
    }
    found
}

/// The queue's people, except who wrote the mail.
fn to_watchers(kind: LetterKind, queue: &str, sender: &str, policy: &Policy) -> Vec<LetterOrder> {
    let watchers = policy.watchers(queue).into_iter().filter(|a| a.address != sender);
    let orders = watchers.map(|a| LetterOrder {
        kind,
        to: Person { address: a.address.clone(), name: a.name.clone(), language: a.language.clone() },
    });
    orders.collect()
}

fn title(intake: &Intake) -> String {
    let title: String = intake.tagged.title.chars().take(250).collect();
    if !title.is_empty() {
        return title;
    }
    let first = intake.mail.text.lines().map(str::trim).find(|l| !l.is_empty());
    first.unwrap_or("(no subject)").chars().take(80).collect()
}

fn message(intake: &Intake, visibility: Visibility, new_text: &str) -> MessageDraft {
    MessageDraft {
        sender: intake.sender.clone(),
        sender_name: intake.mail.from.as_ref().map(|a| a.name.clone()).unwrap_or_default(),
        from_agent: false,
        automatic: intake.mail.automatic.is_some(),
        visibility,
        message_id: intake.mail.message_id.clone().unwrap_or_default(),
        text: intake.mail.text.clone(),
        new_text: new_text.to_owned(),
        attachments: intake.mail.attachments.clone(),
    }
}
