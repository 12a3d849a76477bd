//! What somebody of the service desk asks by mail, and what they write.
//!
//! Every command is tried on a copy of the ticket; if one cannot be carried out, none is, and the
//! writer gets the email back with the reason and, where it can be guessed, fixed (invariant 11).

mod answer;
mod approval;
pub(super) mod caller;
mod commands;
mod ending;
mod natural;
mod route;
mod speech;
mod undo;
pub(super) mod without_ticket;

use crate::ticket::called::Commands;
use crate::ticket::cause::HoldCause;
use crate::ticket::command::{Command, Head, Slip, Text};
use crate::ticket::decide::draft::{Draft, requesters_side, spoken};
use crate::ticket::decide::hold::{not_done, not_done_about};
use crate::ticket::decide::people::{message, person};
use crate::ticket::decide::reply::joined::{joined_events, reason};
use crate::ticket::decide::{Case, Decision, shown};
use crate::ticket::policy::Agent;
use crate::ticket::rights::may_answer;
use crate::ticket::thread::Candidate;
use crate::ticket::words::{
    MessageDraft, Notification, NotificationKind, Phrase, Status, TicketId, TicketView, Undo, Visibility, phrase,
};
use speech::Speech;

/// A proven agent's mail about a ticket.
pub(in crate::ticket::decide) fn act(case: &Case<'_>, found: &Candidate, head: &Head) -> Decision {
    let Some(agent) = case.policy.agent(&case.intake.sender) else {
        return Decision::Hold(HoldCause::Unproven, "it needs an agent".into());
    };
    if !case.policy.may_see(agent, &found.ticket) && !case.intake.operator {
        // Not even the card of what is confidential.
        return not_done(case.intake, phrase!("wrong.confidential_denied"), &found.ticket.queue, case.policy);
    }
    let head = match approval::spelled_out(case, &found.ticket, head) {
        Ok(head) => head,
        Err(slip) => return not_done_about(case, &found.ticket, agent, head, &[slip]),
    };
    if let Some(with_strays) = head.with_strays(&case.policy.commands) {
        return not_done_about(
            case,
            &found.ticket,
            agent,
            &with_strays,
            &[stray(&with_strays, &head, &case.policy.commands)],
        );
    }
    let outcome = head.commands(case.policy, case.snapshot.now);
    match outcome.and_then(|commands| Acting::new(case, found, agent, &head, commands).carry_out()) {
        Ok(decision) => decision,
        Err(slips) => not_done_about(case, &found.ticket, agent, &head, &slips),
    }
}

/// A command below other text: it would be sent as words, or be overlooked.
fn stray(with_strays: &Head, head: &Head, commands: &Commands) -> Slip {
    let line = with_strays.lines.get(head.lines.len()).cloned().unwrap_or_default();
    let why = phrase!("wrong.not_at_top");
    // More than a salutation above it may be meant for colleagues: its writer says anew what leaves.
    let is_command = |line: &&str| line.starts_with('#') && commands.begins(line).is_some();
    let mut above = head.text.lines().take_while(|line| !is_command(line)).map(str::trim);
    let salutes = above.all(|line| line.is_empty() || (line.ends_with(',') && line.chars().count() <= SALUTATION));
    let leaves = with_strays.lines[head.lines.len()..]
        .iter()
        .any(|line| commands.begins(line).is_some_and(|name| matches!(name.row().text, Text::Public | Text::Vendor)));
    Slip { better: (salutes || !leaves).then(|| line.clone()), line, why }
}

/// Longest line that is a salutation, in characters.
const SALUTATION: usize = 40;

/// One email of an agent.
struct Acting<'a> {
    draft: Draft<'a>,
    agent: &'a Agent,
    head: &'a Head,
    commands: Vec<Command>,
    speech: Speech,
    words: MessageDraft,
    reason: String,
    /// Whether the answer is one because of what it answers, and no command says so.
    natural: bool,
    /// Commands that look at something rather than do it.
    views: Vec<Notification>,
}

impl<'a> Acting<'a> {
    fn new(case: &Case<'a>, found: &'a Candidate, agent: &'a Agent, head: &'a Head, commands: Vec<Command>) -> Self {
        let mut draft = Draft::new(*case, &found.ticket);
        draft.events = joined_events(case.intake, found, case.threading);
        let words = MessageDraft { from_agent: true, ..message(case.intake, Visibility::Internal, &head.text) };
        // A notification to this very agent is internal, whatever other notifications the email also refers to.
        let public = case.threading.answers_public_notification && !case.threading.answers_own_notification;
        let natural = natural::reaches_requester(case, &found.ticket, agent, head);
        let speech = Speech::of(&commands, &head.text, public || natural);
        let natural = natural && speech.body_is_public && Speech::of(&commands, &head.text, false).public.is_empty();
        Self { draft, agent, head, commands, speech, words, reason: reason(found), natural, views: Vec::new() }
    }

    fn carry_out(mut self) -> Result<Decision, Vec<Slip>> {
        let mut slips = Vec::new();
        let commands = std::mem::take(&mut self.commands);
        let wordless = self.speech.is_silent() || self.draft.case.intake.mail.wordless;
        if commands.is_empty() && wordless && self.words.attachments.is_empty() && self.is_answered() {
            return Err(vec![Slip { line: String::new(), why: phrase!("wrong.nothing_written"), better: None }]);
        }
        // An answer that waits is held back beside whatever takes its place.
        if commands.len() > 1 && commands.contains(&Command::Undo) && self.waiting_answer().is_none() {
            let why = phrase!("wrong.undo_alone");
            return Err(vec![Slip { line: String::new(), why, better: None }]);
        }
        for (at, command) in commands.iter().enumerate() {
            if let Err(why) = self.permit(command).and_then(|()| self.command(command)) {
                let line = self.head.lines.get(at).cloned().unwrap_or_default();
                slips.push(Slip { line, why, better: None });
            }
        }
        route::tell_new_people(&mut self.draft);
        if slips.is_empty()
            && let Err(slip) = self.speak()
        {
            slips.push(slip);
        }
        if slips.is_empty() { Ok(self.finish(&commands)) } else { Err(slips) }
    }

    /// The notifications, and what is kept.
    fn finish(mut self, commands: &[Command]) -> Decision {
        self.tell_requesters();
        let files = !self.words.attachments.is_empty();
        let spoken_words = !self.speech.public.is_empty() || !self.speech.vendor.is_empty();
        let note = self.speech.internal.clone();
        let note_text = note.clone();
        // Files that came with commands alone are kept as a note.
        let keep = spoken_words || !note.is_empty() || (files && self.draft.opens.is_empty());
        // Of what was never opened its approver alone knows.
        if keep && self.draft.before.status != Status::Approval {
            self.draft.tell_agents(NotificationKind::NewMessage);
        }
        self.draft.tell_followers();
        let main = if !self.speech.vendor.is_empty() {
            spoken(&self.words, Visibility::Vendor, &self.speech.vendor)
        } else if !self.speech.public.is_empty() {
            self.public_message(&self.speech.public)
        } else {
            spoken(&self.words, Visibility::Internal, &note)
        };
        // Files belong to the body: where that is a note, they stay inside with it.
        let left = files && main.attachments.is_empty();
        let note = (spoken_words && (left || !note.is_empty())).then(|| MessageDraft {
            attachments: if left { self.words.attachments.clone() } else { Vec::new() },
            message_id: String::new(),
            ..spoken(&self.words, Visibility::Internal, &note)
        });
        // A file alone is no answer, and its sender hears so.
        if keep && !spoken_words && self.speech.internal.is_empty() && self.is_answered() && commands.is_empty() {
            let kept = self.kept_inside();
            self.draft.done.push(kept);
        }
        if spoken_words && !shown(self.draft.case.intake, self.draft.policy()).is_empty() {
            self.draft.done.push(phrase!("done.shown"));
        }
        let command = !keep;
        let (before, what, at) = (self.before(), self.head.lines.join(" "), self.draft.now());
        // An answer that waits can be held back.
        let changed = self.changed() || (self.natural && !self.has_it(&self.draft.ticket.requester.address));
        let looks = commands.iter().all(|command| command.row().looks);
        if looks && !keep {
            // Who only looked has done nothing that stands between a command and its undoing.
            self.draft.keep_undo();
        }
        let answered = self.is_answered();
        let (agent, done, views) = (self.agent, std::mem::take(&mut self.draft.done), self.views);
        let delay = if self.natural { self.draft.policy().life.agent_reply_delay } else { 0 };
        // What can be sent after all, by the receipt's button.
        let may = may_answer(agent, &self.draft.before, self.draft.policy()) && !self.draft.before.status.is_done();
        let plain = answered && may && commands.is_empty() && !spoken_words && !files;
        let kept = Some(note_text).filter(|text| plain && !text.is_empty());
        let reason = if what.is_empty() { self.reason } else { format!("{}, with {what}", self.reason) };
        let mut joining = self.draft.joining(main, keep, reason);
        joining.change.note = note;
        joining.command = command;
        // Taking back what was taken back would be a riddle; the tickets opened besides stay.
        if changed && joining.opens.is_empty() && !commands.contains(&Command::Undo) {
            let by = agent.address.clone();
            joining.change.ticket.undo = Some(Box::new(Undo { by, what, at, before }));
        }
        joining.change.notifications.extend(views);
        let leaving = joining.change.notifications.iter_mut().filter(|one| one.kind.is_personal());
        leaving.for_each(|one| one.delay = delay);
        if (!commands.is_empty() && !looks) || (commands.is_empty() && answered) {
            let receipt = receipt(agent, &done);
            joining.change.notifications.push(match kept {
                Some(text) => Notification { ready: true, ..receipt.with_text(text) },
                None => receipt,
            });
        }
        Decision::Join(Box::new(joining))
    }

    /// Whether anything but words was changed.
    fn changed(&self) -> bool {
        let bare = |t: &TicketView| TicketView { undo: None, last_answer: Default::default(), ..t.clone() };
        bare(&self.draft.ticket) != bare(&self.draft.before) || !self.draft.others.is_empty()
    }

    /// The tickets as they were, this one first.
    fn before(&self) -> Vec<TicketView> {
        let snapshot = self.draft.case.snapshot;
        let one = |id: &TicketId| snapshot.related.get(id).or_else(|| snapshot.named.values().find(|t| t.id == *id));
        let others = self.draft.others.keys().filter_map(one);
        let bare = |t: &TicketView| TicketView { undo: None, ..t.clone() };
        std::iter::once(&self.draft.before).chain(others).map(bare).collect()
    }

    /// One notification tells the requester's side of all steps of the email.
    fn tell_requesters(&mut self) {
        let public = !self.speech.public.is_empty();
        let told = std::mem::take(&mut self.draft.told);
        let kinds: &[NotificationKind] = match (self.draft.step, public) {
            (Some(kind), false) => &[kind],
            (Some(kind), true) if kind.is_personal() => &[kind],
            // A message to an audience is for them; the requester hears of the step alone.
            (None, true) if self.speech.audience => &[],
            (Some(kind), true) if self.speech.audience => &[kind],
            // A closing notification asks how it was; the words come in one of their own.
            (Some(NotificationKind::Closed), true) => &[NotificationKind::Answer, NotificationKind::Closed],
            (_, true) => &[NotificationKind::Answer],
            (None, false) => &[],
        };
        let merged = self.draft.ticket.merged_into.is_some();
        for kind in kinds {
            let mut people: Vec<_> = requesters_side(&self.draft.ticket, self.draft.case).collect();
            if *kind == NotificationKind::Answer && self.natural {
                people.retain(|one| !self.has_it(&one.address));
            }
            // Never the message itself, which may be a note: what is said to them, word for word.
            let text = match kind {
                NotificationKind::Resolved if !public => self.draft.ticket.solution.as_deref().unwrap_or_default(),
                kind if self.speech.audience && !kind.is_personal() => "",
                _ => self.speech.public.as_str(),
            };
            let mine = people
                .into_iter()
                .map(|to| Notification { done: told.clone(), ..Notification::new(*kind, to).with_text(text) });
            // Nobody who did not ask is asked how it was.
            let requester = self.draft.ticket.requester.address.clone();
            let asked = |l: &Notification| *kind != NotificationKind::Closed || merged || l.to.address == requester;
            self.draft.notifications.extend(mine.filter(asked));
        }
    }

    /// What the requester reads, with the files only where the body is theirs.
    fn public_message(&self, text: &str) -> MessageDraft {
        let message = spoken(&self.words, Visibility::Public, text);
        if self.speech.body_is_public { message } else { MessageDraft { attachments: Vec::new(), ..message } }
    }
}

/// The receipt: what was done. Where commands only asked to see something, what they see is answer enough.
fn receipt(agent: &Agent, done: &[Phrase]) -> Notification {
    Notification { done: done.to_vec(), ..Notification::new(NotificationKind::Receipt, person(agent)) }
}
