//! The decision about one email.
//!
//! Takes: an [`Intake`] and a [`Snapshot`]. Gives: a [`Decision`], which `work` carries out in one
//! commit without adding anything of its own.

mod act;
mod approval;
mod clocks;
mod conversation;
mod copy;
mod due;
mod forward;
mod held;
mod join;
mod joined;
mod open;
mod people;
mod requester;
mod service_desk;
mod settle;
mod step;
pub(crate) mod suspect;
mod undelivered;
mod vendor;

pub use due::{due, recompute};
pub(crate) use undelivered::notices as undelivered_notices;
pub use undelivered::{address_is_gone, unasked};

use std::collections::BTreeMap;

use super::authority::{Proof, is_vouched, proof_of_agent};
use super::cause::HoldCause;
use super::flood::TakenIn;
use super::knowledge::Hit;
use super::policy::{Policy, Queue};
use super::probe::Probe;
use super::read::{Intake, Signal};
use super::thread::{Candidate, Threading, choose};
use super::token::{Secret, Token};
use super::words::{Event, MessageDraft, Notification, Person, TicketView, Undelivered, Verdict};
use crate::clock::Millis;
use crate::mail::AutomaticKind;
use suspect::{mark, warnings};

/// What the store knows that bears on this email.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Tickets the email's signals lead to, in order of trust.
    pub candidates: Vec<Candidate>,
    /// The tickets that already hold this very mail, which came by another way.
    pub copies: Vec<TicketView>,
    /// Whether an email of the same id and content was a command that was carried out.
    pub repeated: bool,
    /// The time.
    pub now: Millis,
    /// Counts up from mail to mail: people take turns by it.
    pub turn: i64,
    /// When notifications were written whose tokens the email carries, by the token's text. A notification that was
    /// shown to others, or is not known, is not among them.
    pub issued: BTreeMap<String, Millis>,
    /// Tickets that commands name, by number.
    pub named: BTreeMap<String, TicketView>,
    /// Tickets that have to do with the candidates: parents, parts, those a command changed.
    pub related: BTreeMap<i64, TicketView>,
    /// What the requests of these tickets say.
    pub original_requests: BTreeMap<i64, String>,
    /// What the notifications say that an agent's mail answers.
    pub answered: Vec<String>,
    /// What can be read in the files of an agent's mail.
    pub enclosed: Vec<String>,
    /// Articles and solved tickets that may help.
    pub hits: Vec<Hit>,
    /// What was taken in within the last hour.
    pub taken: TakenIn,
    /// How many other senders said the same within the last hour.
    pub alike: usize,
}

/// What is to be done about an email.
#[must_use]
#[derive(Debug, Clone)]
pub enum Decision {
    /// It opens a ticket, or one in each of several queues; never none.
    Open(Vec<Opening>),
    /// It joins one.
    Join(Box<Joining>),
    /// It is a copy of an email that a ticket already holds.
    Copy(Box<Copying>),
    /// A person must review it; why.
    Hold(HoldCause, String),
    /// It joins no ticket, and people are told.
    Tell(Box<Holding>),
    /// An agent lets a held email in, or refuses it.
    Judge {
        /// Row id of the held email.
        held: i64,
        /// Whether it is let in.
        admit: bool,
        /// Who said so.
        by: String,
    },
    /// It needs nothing; the reason.
    Ignore(String),
    /// It is a probe of `check` come back.
    Probed(Probe),
}

/// A ticket to be opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The ticket, without id and number.
    pub ticket: TicketView,
    /// Prefix of the number.
    pub prefix: String,
    /// Further people on the requester's side (Cc), without the service desk's own addresses.
    pub others: Vec<Person>,
    /// The email as the ticket's first message.
    pub message: MessageDraft,
    /// What somebody of the service desk wrote above it, when they passed it on.
    pub note: Option<MessageDraft>,
    /// Lines of history, after the one that says it was opened.
    pub events: Vec<Event>,
    /// Notifications to write.
    pub notifications: Vec<Notification>,
    /// Row ids of tickets that it has to do with.
    pub relates: Vec<i64>,
    /// Why, for `guichet why`.
    pub reason: String,
}

/// What becomes of a ticket that exists.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The ticket as it is afterwards.
    pub ticket: TicketView,
    /// The message that does it, which the notifications are about.
    pub message: MessageDraft,
    /// Whether the ticket keeps the message.
    pub keep: bool,
    /// A further message that it keeps, apart from the first.
    pub note: Option<MessageDraft>,
    /// Lines of history.
    pub events: Vec<Event>,
    /// Notifications to write.
    pub notifications: Vec<Notification>,
    /// What is kept of it for the next who asks.
    pub article: Option<Article>,
    /// True when what was kept is to be forgotten.
    pub forget: bool,
    /// True when nobody made a step: commands given before can still be taken back.
    pub quiet: bool,
}

/// A problem and what solved it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Article {
    /// Row id of the ticket it comes from.
    pub ticket: i64,
    /// Name of the queue.
    pub queue: String,
    /// Title.
    pub title: String,
    /// What was asked.
    pub problem: String,
    /// What solved it.
    pub solution: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// True when requesters may read it too; false for what a solved ticket leaves behind.
    pub public: bool,
    /// Who wrote it.
    pub author: String,
}

/// An email that belongs to a ticket.
#[derive(Debug, Clone, Default)]
pub struct Joining {
    /// What becomes of the ticket.
    pub change: Change,
    /// What becomes of other tickets.
    pub others: Vec<Change>,
    /// Tickets that it opens besides.
    pub opens: Vec<Opening>,
    /// Whom a notification did not reach, as the email reports.
    pub undelivered: Option<Undelivered>,
    /// True when the email is nothing but commands.
    pub command: bool,
    /// Why, for `guichet why`.
    pub reason: String,
}

/// A copy of an email that is there already.
#[derive(Debug, Clone)]
pub struct Copying {
    /// The ticket that holds it.
    pub ticket: TicketView,
    /// The email, for the notifications; it is not stored again.
    pub message: MessageDraft,
    /// Lines of history.
    pub events: Vec<Event>,
    /// Notifications to write.
    pub notifications: Vec<Notification>,
    /// Why, for `guichet why`.
    pub reason: String,
}

/// An email that joins no ticket, of which people are told.
#[derive(Debug, Clone)]
pub struct Holding {
    /// What becomes of it: held, refused, or a command carried out.
    pub verdict: Verdict,
    /// Why it is held, if it is.
    pub cause: HoldCause,
    /// Why.
    pub reason: String,
    /// The ticket the notifications are about, or what stands in its place: then it has no id and no number.
    pub ticket: TicketView,
    /// The email, for the notifications.
    pub message: MessageDraft,
    /// Notifications to write.
    pub notifications: Vec<Notification>,
}

/// Decides. Pure: the same arguments give the same decision.
pub fn decide(intake: &Intake, snapshot: &Snapshot, policy: &Policy, secret: &Secret) -> Decision {
    let decision = decided(intake, snapshot, policy, secret);
    // Of an email that nobody reads nobody needs to be warned.
    if matches!(decision, Decision::Ignore(_) | Decision::Probed(_) | Decision::Judge { .. }) || intake.operator {
        return decision;
    }
    mark(decision, &warnings(intake, snapshot.candidates.iter().map(|c| &c.ticket), policy))
}

fn decided(intake: &Intake, snapshot: &Snapshot, policy: &Policy, secret: &Secret) -> Decision {
    if let Some(probe) = &intake.probe {
        return Decision::Probed(probe.clone());
    }
    if intake.own {
        return Decision::Ignore("the service desk's own notification came back".to_owned());
    }
    // The operator may know better where it belongs than the email itself says.
    let said = snapshot.candidates.first().filter(|_| intake.vouched).map(|c| &c.ticket.queue);
    let Some(queue) = said.and_then(|name| policy.queues.get(name)).or_else(|| intake.queue(policy)) else {
        return Decision::Hold(HoldCause::NoQueue, format!("no queue takes mail of mailbox {}", intake.mailbox));
    };
    if intake.sender.is_empty() && !intake.vouched {
        return Decision::Hold(HoldCause::Other, without_sender(intake));
    }
    let fresh = fresh_token(intake, snapshot, policy, secret);
    if let Some(verdict_record) = held::verdict_record(intake, fresh, policy, secret).filter(|_| !intake.vouched) {
        return verdict_record;
    }
    let threading = choose(intake, &snapshot.candidates, policy, secret);
    let proof = proof_of_agent(&intake.mail, &intake.mailbox, fresh.is_some(), policy);
    let proven = intake.agent.is_some() && (proof != Proof::Missing || intake.operator);
    if let Some(reason) = flood(intake, &threading, proven, &snapshot.taken, policy) {
        return Decision::Hold(HoldCause::Flood, reason);
    }
    if snapshot.repeated {
        return Decision::Ignore("the same command was carried out already".to_owned());
    }
    if let Some(copying) = copy::of(intake, &snapshot.copies, policy, queue) {
        return Decision::Copy(Box::new(copying));
    }
    // A list spreads people's mail: it is not answered automatically, and otherwise read like any other.
    let machine = intake.mail.automatic.as_ref().map(|a| a.kind).filter(|kind| *kind != AutomaticKind::List);
    // Who answers the notification that was written to them is a person, whatever report they enclose.
    let answered = threading.holder.as_ref() == Some(&intake.sender);
    let machine = machine.filter(|_| intake.mail.bounce.is_none() || !answered);
    let bounce = intake.mail.bounce.as_ref().filter(|_| !answered);
    let case = Case { intake, snapshot, threading: &threading, policy, queue, fresh, proven };
    if intake.nobody && !intake.vouched && bounce.is_none() {
        return held::nobody(&case);
    }
    match (&threading.joined, machine) {
        (Some(found), _) if bounce.is_some() => undelivered::join(&case, found),
        (None, _) if let Some(bounce) = bounce => undelivered::lost(bounce),
        (Some(found), machine) if vendor::is_from(&case, found) => vendor::join(&case, found, machine),
        (None, machine) if let Some(ticket) = vendor::claimed(&case) => held::unproven_vendor(&case, ticket, machine),
        (Some(found), None) if intake.agent.is_some() && !proven && intake.vouched => join::noted(&case, found),
        (Some(found), machine) if intake.agent.is_some() && !proven => held::unproven(&case, found, machine),
        (Some(found), Some(kind)) => join::automatic(&case, found, kind),
        (Some(found), None) if proven => join::agent(&case, found),
        (Some(found), None) => join::requester(&case, found),
        (None, Some(AutomaticKind::Reply)) => Decision::Ignore(machine_reason(intake)),
        (None, None) if let Some(service_desk) = service_desk::commands(&case) => service_desk,
        (None, None) if let Some(original) = forward::original(intake, policy) => forward::open(&case, original),
        (None, None) if let Some(moved) = held::moved(&case) => moved,
        (None, _) if !proven && !intake.released && !queue.senders.is_empty() && intake.denied => {
            held::denied_sender(&case)
        }
        (None, _) if !proven && !intake.released && !may_be_opened_by(intake, queue) => {
            held::stranger(&case, stranger(&intake.sender, queue))
        }
        // A program that answers under a new address each time says the same each time.
        (None, _) if !proven && !intake.released && policy.intake.is_alike(snapshot.alike, intake.mail.answers()) => {
            let reason = format!(
                "{} others said the same within an hour (limits.alike_per_hour): `guichet held release --cause alike` lets them in",
                snapshot.alike
            );
            Decision::Hold(HoldCause::Alike, reason)
        }
        (None, _) => open::open(&case),
    }
}

/// An email, and everything that bears on what becomes of it.
#[derive(Clone, Copy)]
struct Case<'a> {
    intake: &'a Intake,
    snapshot: &'a Snapshot,
    threading: &'a super::thread::Threading,
    policy: &'a Policy,
    queue: &'a Queue,
    /// When the newest notification was written that the email answers and that was issued to its sender.
    fresh: Option<Millis>,
    /// Whether an agent has proved to be who the From line says.
    proven: bool,
}

impl Case<'_> {
    /// Whether it is more than a From line that says who on the requester's side writes: a notification of ours to
    /// that very person is answered, or the mailbox's own server vouches for them.
    fn is_their_own(&self) -> bool {
        let Self { intake, threading, policy, snapshot, .. } = self;
        // A notification whose token others have seen proves nothing, whoever it was written to.
        let secret = threading.own_token.as_ref().is_some_and(|token| snapshot.issued.contains_key(token));
        !intake.denied
            && !intake.rewritten
            && intake.mail.from_is_certain
            && (secret || is_vouched(&intake.mail, &intake.mailbox, policy))
    }
}

/// Notifications whose tokens this email shows to others outside: they prove nothing any more, whatever becomes of the email. A reply to
/// all shows the reply address it goes to, and the ids it refers to. By the tokens' texts.
#[must_use]
pub fn shown(intake: &Intake, policy: &Policy) -> Vec<String> {
    let people = intake.mail.to.iter().chain(&intake.mail.cc).map(|a| a.key());
    let mut outside =
        people.filter(|key| *key != intake.sender && policy.agent(key).is_none() && !policy.is_own_address(key));
    if outside.next().is_none() {
        return Vec::new();
    }
    intake.tokens().map(Token::text).collect()
}

/// When the newest notification was written whose token the email carries and that was issued to its sender;
/// none where that was longer ago than a notification may prove anything.
fn fresh_token(intake: &Intake, snapshot: &Snapshot, policy: &Policy, secret: &Secret) -> Option<Millis> {
    let own = intake.tokens().filter(|t| t.is_for(secret, &intake.sender));
    let issued = own.filter_map(|t| snapshot.issued.get(&t.text())).max().copied();
    issued.filter(|at| snapshot.now - at <= policy.life.proof)
}

/// Why the email has to wait because there was too much before it. Those who proved to be agents, what a
/// person let in, and reports about notifications of ours that carry the notification's own signature never wait.
fn flood(intake: &Intake, threading: &Threading, proven: bool, taken: &TakenIn, policy: &Policy) -> Option<String> {
    let joined = threading.joined.as_ref();
    let signed = |c: &Candidate| matches!(c.signal, Signal::ReplyAddress(_) | Signal::SignedId(_));
    let report = intake.mail.bounce.is_some() && joined.is_some_and(signed);
    if proven || report || intake.released || intake.vouched {
        return None;
    }
    let opens = || intake.queue.iter().chain(&intake.also_queues).filter(|_| joined.is_none());
    let limits = &policy.intake;
    limits.sender_waits(&intake.sender, taken).or_else(|| opens().find_map(|queue| limits.queue_waits(queue, taken)))
}

fn stranger(sender: &str, queue: &Queue) -> String {
    format!("{sender} is not among queues.{}.senders, who may open tickets", queue.name)
}

fn machine_reason(intake: &Intake) -> String {
    let evidence = intake.mail.automatic.as_ref().map_or("", |a| a.reason.as_str());
    format!("an automatic answer that belongs to no ticket ({evidence})")
}

/// Why an email without a usable address has none.
fn without_sender(intake: &Intake) -> String {
    match &intake.mail.strange_from {
        Some(strange) => format!(
            "its author is {strange}, whatever address that shows within its quotes; nobody can be written to there"
        ),
        None => "it has no usable sender address".to_owned(),
    }
}

/// Whether its author may open a ticket here. An address that can be read in two ways has no right that a name gives.
fn may_be_opened_by(intake: &Intake, queue: &Queue) -> bool {
    queue.senders.is_empty() || (intake.mail.from_is_certain && may_open(&intake.sender, queue))
}

/// Whether this person may open a ticket here.
fn may_open(sender: &str, queue: &Queue) -> bool {
    queue.senders.is_empty()
        || queue
            .senders
            .iter()
            .any(|allowed| allowed == sender || (allowed.starts_with('@') && sender.ends_with(allowed.as_str())))
}
