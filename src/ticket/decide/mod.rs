//! The decision about one email.
//!
//! Takes: an [`Intake`] and a [`Snapshot`]. Gives: a [`Decision`], which `work` carries out in one
//! commit without adding anything of its own.

mod absence;
mod command;
mod deadline;
mod decision;
mod draft;
mod forgotten;
mod hold;
mod news;
mod open;
mod people;
mod reply;
mod settle;
pub(crate) mod suspect;

pub use absence::Absence;
pub use deadline::due;
pub(crate) use deadline::recompute;
pub use decision::{Article, Change, Copying, Decision, Holding, Joining, Notices, Opening, ReportWords};
pub(crate) use reply::undelivered::notices as undelivered_notices;
pub(crate) use reply::undelivered::{address_is_gone, not_taken, unasked};

use std::collections::{BTreeMap, BTreeSet};

use super::authority::{Proof, proof_of_agent};
use super::cause::HoldCause;
use super::flood::TakenIn;
use super::knowledge::Hit;
use super::policy::Policy;
use super::queue::Queue;
use super::read::{Intake, Signal};
use super::thread::{Candidate, Threading, choose};
use super::token::{Secret, Token};
use super::words::{TicketId, TicketView};
use crate::clock::Millis;
use crate::mail::AutomaticKind;
use suspect::{mark, warnings};

/// A message of a ticket, as far as it matters for what leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Address of who wrote it.
    pub sender: String,
    /// Whether the requester may read it.
    pub is_public: bool,
    /// What they wrote.
    pub text: String,
}

/// The draft of a report, sent to an agent who may put words at its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportDraft {
    /// The report's name in the configuration.
    pub report: String,
    /// When it is sent.
    pub sending: Millis,
}

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
    /// Those of them, by the token's text, whose plain reply reaches the requester.
    pub reaching: BTreeSet<String>,
    /// When answers of these tickets were written that wait for their time.
    pub waiting_answers: BTreeMap<TicketId, BTreeSet<Millis>>,
    /// Tickets that commands name, by number.
    pub named: BTreeMap<String, TicketView>,
    /// Tickets that have to do with the candidates: parents, parts, those a command changed.
    pub related: BTreeMap<TicketId, TicketView>,
    /// What the requests of these tickets say.
    pub original_requests: BTreeMap<TicketId, String>,
    /// What the notifications say that an agent's mail answers.
    pub answered: Vec<String>,
    /// What was said on the ticket, the newest first.
    pub said: Vec<Said>,
    /// The draft of a report that an agent's mail answers.
    pub draft: Option<ReportDraft>,
    /// What can be read in the files of an agent's mail.
    pub enclosed: Vec<String>,
    /// The earliest answer that stands beside the one that the email says came back: when it was delivered, and its Message-ID.
    pub next_answer: Option<(Millis, String)>,
    /// Articles and solved tickets that may help.
    pub hits: Vec<Hit>,
    /// Number of the one open ticket that an email without any reference seems to go on with.
    pub resumed: Option<String>,
    /// What was taken in within the last hour.
    pub taken: TakenIn,
    /// How many other senders said the same within the last hour.
    pub alike: usize,
}

/// Decides. Pure: the same arguments give the same decision.
pub fn decide(intake: &Intake, snapshot: &Snapshot, policy: &Policy, secret: &Secret) -> Decision {
    let decision = decide_unmarked(intake, snapshot, policy, secret);
    // Of an email that nobody reads nobody needs to be warned.
    if matches!(decision, Decision::Ignore(_) | Decision::Probed(_) | Decision::Review { .. }) || intake.operator {
        return decision;
    }
    mark(decision, &warnings(intake, snapshot.candidates.iter().map(|c| &c.ticket), policy))
}

fn decide_unmarked(intake: &Intake, snapshot: &Snapshot, policy: &Policy, secret: &Secret) -> Decision {
    if let Some(probe) = &intake.probe {
        return Decision::Probed(probe.clone());
    }
    if intake.own {
        return Decision::Ignore("the service desk's own notification came back".to_owned());
    }
    // The operator may know better where it belongs than the email itself says.
    let said = snapshot.candidates.first().filter(|_| intake.placed).map(|c| &c.ticket.queue);
    let Some(queue) = said.and_then(|name| policy.queues.get(name)).or_else(|| intake.queue(policy)) else {
        return Decision::Hold(HoldCause::NoQueue, format!("no queue takes mail of mailbox {}", intake.mailbox).into());
    };
    if intake.sender.is_empty() && !intake.placed {
        return Decision::Hold(HoldCause::Other, without_sender(intake).into());
    }
    let fresh = fresh_token(intake, snapshot, policy, secret);
    let proof = proof_of_agent(&intake.mail, &intake.mailbox, fresh.is_some(), policy);
    let proven = intake.agent.is_some() && (proof != Proof::Missing || intake.operator);
    let by_person = intake.mail.automatic.is_none() && intake.mail.bounce.is_none();
    let words = proven && by_person && intake.head.lines.is_empty();
    if let Some(draft) = snapshot.draft.as_ref().filter(|_| words) {
        return reply::report::decide(intake, draft, snapshot.now, policy, queue);
    }
    if let Some(review) = hold::review(intake, proven, policy, secret).filter(|_| !intake.placed) {
        return review;
    }
    let mut threading = choose(intake, &snapshot.candidates, policy, secret);
    let left = leave(&mut threading, intake, queue);
    if let Some(reason) = flood(intake, &threading, proven, &snapshot.taken, policy) {
        return Decision::Hold(HoldCause::Flood, reason.into());
    }
    if snapshot.repeated {
        return Decision::Ignore("the same command was carried out already".to_owned());
    }
    if let Some(copying) = reply::copy::of(intake, &snapshot.copies, policy, queue) {
        return Decision::Copy(Box::new(copying));
    }
    // A list spreads people's mail: it is not answered automatically, and otherwise read like any other.
    let machine = intake.mail.automatic.as_ref().map(|a| a.kind).filter(|kind| *kind != AutomaticKind::List);
    // Who answers the notification that was written to them is a person, whatever report they enclose.
    let answered = threading.holder.as_ref() == Some(&intake.sender);
    let machine = machine.filter(|_| intake.mail.bounce.is_none() || !answered);
    let bounce = intake.mail.bounce.as_ref().filter(|_| !answered);
    let case = Case { intake, snapshot, threading: &threading, policy, queue, fresh, proven };
    if intake.nobody && !intake.placed && bounce.is_none() {
        return hold::nobody(&case);
    }
    if let Some(alert) = intake.alert.as_ref().filter(|_| !intake.placed) {
        return reply::alert::decide(&case, alert);
    }
    match (&threading.joined, machine) {
        (Some(found), _) if bounce.is_some() => reply::undelivered::join(&case, found),
        (None, _) if let Some(bounce) = bounce => reply::undelivered::lost(bounce),
        (Some(found), machine) if reply::vendor::is_from(&case, found) => reply::vendor::join(&case, found, machine),
        (None, machine) if let Some(ticket) = reply::vendor::claimed(&case) => {
            hold::unproven_vendor(&case, ticket, machine)
        }
        (joined, None)
            if (proven || joined.is_none())
                && !intake.placed
                && let Some(opened) = command::caller::open(&case) =>
        {
            opened
        }
        (Some(found), None) if intake.agent.is_some() && !proven && intake.placed => reply::add_note(&case, found),
        (Some(found), machine) if intake.agent.is_some() && !proven => hold::unproven(&case, found, machine),
        (Some(found), Some(kind)) => reply::automatic(&case, found, kind),
        (Some(found), None) if proven => reply::of_agent(&case, found),
        (Some(found), None) => reply::of_requester(&case, found),
        (None, Some(AutomaticKind::Reply)) => {
            absence::noted(&case).unwrap_or_else(|| Decision::Ignore(machine_reason(intake)))
        }
        (None, None) if let Some(answer) = command::without_ticket::commands(&case) => answer,
        (None, None) if let Some(original) = open::forward::original(intake, policy) => {
            linked(open::forward::open(&case, original), left)
        }
        (None, None) if let Some(moved) = hold::moved(&case) => moved,
        (None, _) if !proven && !intake.released && !queue.senders.is_empty() && intake.denied => {
            hold::denied_sender(&case)
        }
        (None, _) if !proven && !intake.released && !may_be_opened_by(intake, queue) => {
            hold::stranger(&case, stranger(&intake.sender, queue))
        }
        // A program that answers under a new address each time says the same each time.
        (None, _) if !proven && !intake.released && policy.intake.is_alike(snapshot.alike, intake.mail.answers()) => {
            let reason = format!(
                "{} others said the same within an hour (limits.alike_per_hour): `guichet held release --cause alike` lets them in",
                snapshot.alike
            );
            Decision::Hold(HoldCause::Alike, reason.into())
        }
        (None, _) => linked(open::open(&case), left),
    }
}

/// What is passed on to another queue is a request there, whatever ticket it quotes: that ticket is left, and linked where the sender takes
/// part in it. Commands are meant for the ticket.
fn leave(threading: &mut Threading, intake: &Intake, queue: &Queue) -> Option<TicketId> {
    let elsewhere = |found: &Candidate| found.ticket.queue != queue.name && !found.ticket.queue.is_empty();
    let passes_on = intake.mail.forwards()
        && !intake.placed
        && intake.head.lines.is_empty()
        && intake.alert.is_none()
        && intake.mail.bounce.is_none();
    if !passes_on || !threading.joined.as_ref().is_some_and(elsewhere) {
        return None;
    }
    let ticket = threading.joined.take()?.ticket;
    let takes_part = intake.agent.is_some() || ticket.participants.contains(&intake.sender);
    takes_part.then_some(ticket.id)
}

/// The same with a link to the ticket that was left.
fn linked(mut decision: Decision, left: Option<TicketId>) -> Decision {
    if let Decision::Open(openings) = &mut decision {
        openings.iter_mut().for_each(|opening| opening.relates.extend(left));
    }
    decision
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
    /// From when on what the email asks for counts. The service desk's own word counts from when it is carried out: nobody has it before.
    fn counts_from(&self) -> Millis {
        match self.intake.counts_from {
            0 => self.snapshot.now,
            at => at.min(self.snapshot.now),
        }
    }

    /// Whether it is more than a From line that says who on the requester's side writes: a notification of ours to
    /// that very person is answered, or the mailbox's own server vouches for them.
    fn is_their_own(&self) -> bool {
        let Self { intake, threading, snapshot, .. } = self;
        // A notification whose token others have seen proves nothing, whoever it was written to.
        let secret = threading.own_token.as_ref().is_some_and(|token| snapshot.issued.contains_key(token));
        !intake.denied && !intake.rewritten && intake.mail.from_is_certain && (secret || intake.authenticated)
    }
}

/// Notifications whose tokens this email shows to others outside: they prove nothing any more, whatever becomes of the email. A reply to
/// all shows the reply address it goes to, and the ids it refers to.
#[must_use]
pub fn shown<'i>(intake: &'i Intake, policy: &Policy) -> Vec<&'i Token> {
    let people = intake.mail.to.iter().chain(&intake.mail.cc).map(|a| a.key());
    let mut outside =
        people.filter(|key| *key != intake.sender && policy.agent(key).is_none() && !policy.is_own_address(key));
    if outside.next().is_none() {
        return Vec::new();
    }
    intake.tokens().collect()
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
    if proven || report || intake.released || intake.placed {
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
