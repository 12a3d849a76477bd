//! What somebody of the desk asks by mail, and what they write.
//!
//! Every order is tried on a copy of the ticket; if one cannot be carried out, none is, and the
//! writer gets the mail back with the reason and, where it can be guessed, mended (invariant 11).

mod answer;
mod ending;
mod orders;
mod speech;
mod undo;

use super::approval;
use super::held::not_done_about;
use super::joined::{joined_events, reason};
use super::people::{message, person};
use super::step::{Course, requesters_side, spoken};
use super::{Case, Decision};
use crate::ticket::cause::HoldCause;
use crate::ticket::command::{Head, Order, Slip};
use crate::ticket::policy::Agent;
use crate::ticket::thread::Candidate;
use crate::ticket::words::{LetterKind, LetterOrder, MessageDraft, Status, TicketView, Undo, Visibility, Words, words};
use speech::Speech;

/// A proven agent's mail about a ticket.
pub(super) fn act(case: &Case<'_>, found: &Candidate, head: &Head) -> Decision {
    let Some(agent) = case.policy.agent(&case.intake.sender) else {
        return Decision::Hold(HoldCause::Unproven, "it needs an agent".to_owned());
    };
    let head = match approval::spelled_out(case, &found.ticket, head) {
        Ok(head) => head,
        Err(slip) => return not_done_about(case, &found.ticket, agent, head, &[slip]),
    };
    if let Some(gathered) = head.gathered() {
        return not_done_about(case, &found.ticket, agent, &gathered, &[stray(&gathered, &head)]);
    }
    let outcome = head.orders(case.policy, case.snapshot.now);
    match outcome.and_then(|orders| Acting::new(case, found, agent, &head, orders).carry_out()) {
        Ok(decision) => decision,
        Err(slips) => not_done_about(case, &found.ticket, agent, &head, &slips),
    }
}

/// An order below other text: it would be sent as words, or be overlooked.
fn stray(gathered: &Head, head: &Head) -> Slip {
    let line = gathered.lines.get(head.lines.len()).cloned().unwrap_or_default();
    let why = words!(
        "un ordre se met tout en haut du courriel, avant le texte",
        "orders stand at the very top of the mail, before the text"
    );
    Slip { better: Some(line.clone()), line, why }
}

/// One mail of an agent.
struct Acting<'a> {
    course: Course<'a>,
    agent: &'a Agent,
    head: &'a Head,
    orders: Vec<Order>,
    speech: Speech,
    draft: MessageDraft,
    reason: String,
    /// Orders that look at something rather than do it.
    views: Vec<LetterOrder>,
}

impl<'a> Acting<'a> {
    fn new(case: &Case<'a>, found: &'a Candidate, agent: &'a Agent, head: &'a Head, orders: Vec<Order>) -> Self {
        let mut course = Course::new(*case, &found.ticket);
        course.events = joined_events(case.intake, found, case.threading);
        let draft = MessageDraft { from_agent: true, ..message(case.intake, Visibility::Internal, &head.text) };
        // A letter to this very agent is internal, whatever other letters the mail also refers to.
        let public = case.threading.answers_public_letter && !case.threading.answers_own_letter;
        let speech = Speech::of(&orders, &head.text, public);
        Self { course, agent, head, orders, speech, draft, reason: reason(found), views: Vec::new() }
    }

    fn carry_out(mut self) -> Result<Decision, Vec<Slip>> {
        let mut slips = Vec::new();
        let orders = std::mem::take(&mut self.orders);
        if orders.len() > 1 && orders.contains(&Order::Undo) {
            let why = words!("#annuler va seul", "#undo goes alone");
            return Err(vec![Slip { line: String::new(), why, better: None }]);
        }
        for (at, order) in orders.iter().enumerate() {
            if let Err(why) = self.permit(order).and_then(|()| self.order(order)) {
                let line = self.head.lines.get(at).cloned().unwrap_or_default();
                slips.push(Slip { line, why, better: None });
            }
        }
        if slips.is_empty()
            && let Err(slip) = self.speak()
        {
            slips.push(slip);
        }
        if slips.is_empty() { Ok(self.finish(&orders)) } else { Err(slips) }
    }

    /// The letters, and what is kept.
    fn finish(mut self, orders: &[Order]) -> Decision {
        self.tell_requesters();
        let files = !self.draft.attachments.is_empty();
        let spoken_words = !self.speech.public.is_empty() || !self.speech.vendor.is_empty();
        let note = self.speech.internal.clone();
        // Files that came with orders alone are kept as a note.
        let keep = spoken_words || !note.is_empty() || (files && self.course.opens.is_empty());
        // Of what was never opened its approver alone knows.
        if keep && self.course.before.status != Status::Approval {
            self.course.tell_desk(LetterKind::NewMessage);
        }
        let main = if !self.speech.vendor.is_empty() {
            spoken(&self.draft, Visibility::Vendor, &self.speech.vendor)
        } else if !self.speech.public.is_empty() {
            self.public_message(&self.speech.public)
        } else {
            spoken(&self.draft, Visibility::Internal, &note)
        };
        // Files belong to the body: where that is a note, they stay inside with it.
        let left = files && main.attachments.is_empty();
        let note = (spoken_words && (left || !note.is_empty())).then(|| MessageDraft {
            attachments: if left { self.draft.attachments.clone() } else { Vec::new() },
            message_id: String::new(),
            ..spoken(&self.draft, Visibility::Internal, &note)
        });
        let command = !keep;
        let (before, what, at) = (self.before(), self.head.lines.join(" "), self.course.now());
        let changed = self.changed();
        let looks = orders
            .iter()
            .all(|o| matches!(o, Order::List(_) | Order::Show | Order::Progress | Order::Why | Order::Help));
        if looks && !keep {
            // Who only looked has done nothing that stands between an order and its undoing.
            self.course.keep_undo();
        }
        let (agent, done, views) = (self.agent, std::mem::take(&mut self.course.done), self.views);
        let reason = if what.is_empty() { self.reason } else { format!("{}, with {what}", self.reason) };
        let mut joining = self.course.joining(main, keep, reason);
        joining.change.note = note;
        joining.command = command;
        // Taking back what was taken back would be a riddle; the tickets opened besides stay.
        if changed && joining.opens.is_empty() && !orders.contains(&Order::Undo) {
            let by = agent.address.clone();
            joining.change.ticket.undo = Some(Box::new(Undo { by, what, at, before }));
        }
        joining.change.letters.extend(views);
        if !orders.is_empty() {
            joining.change.letters.extend((!looks).then(|| receipt(agent, &done)));
        }
        Decision::Join(Box::new(joining))
    }

    /// Whether anything but words was changed.
    fn changed(&self) -> bool {
        let bare = |t: &TicketView| TicketView { undo: None, last_answer: Default::default(), ..t.clone() };
        bare(&self.course.ticket) != bare(&self.course.before) || !self.course.others.is_empty()
    }

    /// The tickets as they were, this one first.
    fn before(&self) -> Vec<TicketView> {
        let snapshot = self.course.case.snapshot;
        let one = |id: &i64| snapshot.kin.get(id).or_else(|| snapshot.named.values().find(|t| t.id == *id));
        let others = self.course.others.keys().filter_map(one);
        let bare = |t: &TicketView| TicketView { undo: None, ..t.clone() };
        std::iter::once(&self.course.before).chain(others).map(bare).collect()
    }

    /// One letter tells the requester's side of all steps of the mail.
    fn tell_requesters(&mut self) {
        let public = !self.speech.public.is_empty();
        let told = std::mem::take(&mut self.course.told);
        let kinds: &[LetterKind] = match (self.course.step, public) {
            (Some(kind), false) => &[kind],
            (Some(kind), true) if kind.is_personal() => &[kind],
            // A message to an audience is for them; the requester hears of the step alone.
            (None, true) if self.speech.audience => &[],
            (Some(kind), true) if self.speech.audience => &[kind],
            // A closing letter asks how it was; the words come in one of their own.
            (Some(LetterKind::Closed), true) => &[LetterKind::Answer, LetterKind::Closed],
            (_, true) => &[LetterKind::Answer],
            (None, false) => &[],
        };
        let merged = self.course.ticket.merged_into != 0;
        for kind in kinds {
            let said =
                |to: &crate::ticket::Person| told.iter().map(|w: &Words| w.say(&to.language).to_owned()).collect();
            let people: Vec<_> = requesters_side(&self.course.ticket, self.course.case).collect();
            // Never the message itself, which may be a note: what is said to them, word for word.
            let text = match kind {
                LetterKind::Resolved if !public => self.course.ticket.solution.as_str(),
                kind if self.speech.audience && !kind.is_personal() => "",
                _ => self.speech.public.as_str(),
            };
            let mine = people
                .into_iter()
                .map(|to| LetterOrder { done: said(&to), ..LetterOrder::new(*kind, to).with_text(text) });
            // Nobody who did not ask is asked how it was.
            let requester = self.course.ticket.requester.address.clone();
            let asked = |l: &LetterOrder| *kind != LetterKind::Closed || merged || l.to.address == requester;
            self.course.letters.extend(mine.filter(asked));
        }
    }

    /// What the requester reads, with the files only where the body is theirs.
    fn public_message(&self, text: &str) -> MessageDraft {
        let message = spoken(&self.draft, Visibility::Public, text);
        if self.speech.body_is_public { message } else { MessageDraft { attachments: Vec::new(), ..message } }
    }
}

/// The receipt: what was done. Where orders only asked to see something, what they see is answer enough.
fn receipt(agent: &Agent, done: &[Words]) -> LetterOrder {
    let done = done.iter().map(|w| w.say(&agent.language).to_owned()).collect();
    LetterOrder { done, ..LetterOrder::new(LetterKind::Receipt, person(agent)) }
}
