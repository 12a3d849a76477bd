//! What is said to the requester: whether it may leave as it is.

use super::Acting;
use crate::clock::MINUTE;
use crate::mail::above_closing;
use crate::ticket::command::{Name, Slip};
use crate::ticket::decide::draft::impossible;
use crate::ticket::decide::{Case, Said};
use crate::ticket::leak::{Outgoing, behind_buttons, copies, ends_a_line, holds_token, look};
use crate::ticket::life::Move;
use crate::ticket::rights::Action;
use crate::ticket::token::Token;
use crate::ticket::words::{LastAnswer, Notification, NotificationKind, Person, Phrase, Status, Value, phrase};

/// Lines of an internal message that may be repeated on purpose.
const MEANT: usize = 2;
/// Most characters shown of them.
const SHOWN: usize = 120;
/// Most characters kept of an answer to show a colleague.
const BEGINNING: usize = 4_000;

impl Acting<'_> {
    /// Checks what is to be said and notes that it is.
    pub(super) fn speak(&mut self) -> Result<(), Slip> {
        let slip = |why: Phrase| Slip { line: String::new(), why, better: None };
        if self.speech.torn {
            return Err(slip(phrase!("wrong.vendor_and_requester")));
        }
        if self.speech.wanted && self.speech.is_silent() {
            return Err(slip(phrase!("wrong.text_missing")));
        }
        if !self.speech.vendor.is_empty() {
            self.speech.vendor = self.safe(&self.speech.vendor).map_err(slip)?;
            self.write_to_vendor();
        }
        if !self.speech.internal.is_empty() {
            self.permit_action(Action::Note).map_err(slip)?;
            let explained = self.is_answered() && self.head.lines.is_empty();
            self.draft.done.push(if explained { self.kept_inside() } else { phrase!("done.note") });
        }
        if self.speech.public.is_empty() {
            return Ok(());
        }
        self.permit_action(Action::Answer).or_else(|why| self.permit_rejection(why)).map_err(slip)?;
        if self.speech.body_is_public {
            self.speech.public = self.safe(&self.speech.public).map_err(slip)?;
        }
        if self.speech.audience {
            return Ok(());
        }
        if self.draft.before.status == Status::Closed {
            return Err(slip(impossible(&self.draft.before)));
        }
        self.no_collision()?;
        self.note_answer();
        Ok(())
    }

    /// Somebody who may approve may say why not.
    fn permit_rejection(&self, why: Phrase) -> Result<(), Phrase> {
        let rejected = self.draft.before.status == Status::Approval && self.draft.ticket.status == Status::Closed;
        if rejected { Ok(()) } else { Err(why) }
    }

    /// The text as it may leave. What is quoted may be a colleague's note, and some clients break quoted lines so that their
    /// ends look like the writer's words. Every internal notification names #public in its foot, and carries a token; where a quote that
    /// was not known for one begins with either, it is cut there.
    fn safe(&self, text: &str) -> Result<String, Phrase> {
        let Case { intake, snapshot, .. } = self.draft.case;
        let mail = &intake.mail;
        let tokens: Vec<String> = intake.tokens().map(Token::text).collect();
        let (text, torn) = match look(text, &tokens) {
            Outgoing::Clean => (text.to_owned(), false),
            Outgoing::Until(own) => (own, false),
            Outgoing::Torn => (String::new(), true),
        };
        // What a button restores is the agent's own words, which the notification shows as well.
        let behind: Vec<String> = snapshot.answered.iter().map(|notification| behind_buttons(notification)).collect();
        // What the requester may read anyway, and what is the writer's own, may be repeated.
        let (known, notes): (Vec<&Said>, Vec<&Said>) =
            snapshot.said.iter().partition(|said| said.is_public || said.sender == self.agent.address);
        let known = known.into_iter().map(|said| &said.text);
        let open: Vec<&str> =
            snapshot.original_requests.values().chain(&behind).chain(known).map(String::as_str).collect();
        let inside = || snapshot.answered.iter().chain(notes.iter().map(|said| &said.text));
        let copied = |text: &str| inside().find_map(|internal| copies(text, internal, &open));
        let of_ours = |file: &String| holds_token(file, &tokens) || copied(file).is_some();
        if snapshot.enclosed.iter().any(of_ours) {
            return Err(phrase!("wrong.file_of_ours"));
        }
        // A signature repeats the name that the notification shows.
        let own = above_closing(&text, &self.agent.name);
        let broken = || snapshot.answered.iter().any(|notification| ends_a_line(own, notification, &open));
        let below = mail.below_quote && (!self.natural || mail.wordless || snapshot.answered.is_empty() || broken());
        if torn || below || mail.forwarded.is_some() || text.contains("#public") {
            return Err(phrase!("wrong.below_quote"));
        }
        // A sentence may be meant to be repeated; who quotes a whole email does not mean it.
        if let Some(found) = copied(&text).filter(|found| !self.speech.meant || found.lines > MEANT) {
            let phrase: String = found.phrase.chars().take(SHOWN).collect();
            return Err(phrase!("wrong.copied", phrase));
        }
        Ok(text)
    }

    /// A colleague has just answered, and this agent may not have seen it.
    fn no_collision(&self) -> Result<(), Slip> {
        let last = &self.draft.before.last_answer;
        let case = self.draft.case;
        let recent = !last.by.is_empty() && case.snapshot.now - last.at < case.policy.life.collision;
        let seen = case.fresh.is_some_and(|issued| issued >= last.at);
        if !recent || seen || self.speech.meant || last.by == self.agent.address {
            return Ok(());
        }
        let name = case.policy.agent(&last.by).map_or(last.by.clone(), |a| a.name.clone());
        let minutes = ((case.snapshot.now - last.at) / MINUTE).max(1);
        let text = &last.text;
        Err(Slip {
            line: String::new(),
            why: phrase!("wrong.collision", name, minutes, text),
            better: Some(case.policy.commands.line(Name::Send, &self.agent.language)),
        })
    }

    fn note_answer(&mut self) {
        let text: String = self.speech.public.chars().take(BEGINNING).collect();
        let (by, at) = (self.agent.address.clone(), self.draft.now());
        self.draft.ticket.last_answer = LastAnswer { by, at, text };
        if self.draft.ticket.status == self.draft.before.status {
            // Where no command moved it, the answer does; a closed ticket stays closed.
            let _ = self.draft.go(Move::Answer);
        }
        let who = self.readers();
        let delay = self.draft.policy().life.agent_reply_delay;
        if self.natural && self.has_it(&self.draft.ticket.requester.address) {
            // They have the email itself; nothing of ours will tell when it arrived.
            let now = self.draft.now();
            self.draft.ticket.first_responded_at.get_or_insert(now);
            self.draft.done.push(phrase!("done.answered_directly", who));
        } else if self.natural && delay > 0 {
            self.draft.done.push(phrase!(
                "done.answered_soon",
                who,
                length = Value::Length((delay + MINUTE - 1) / MINUTE * MINUTE)
            ));
        } else {
            self.draft.done.push(phrase!("done.answered", who));
        }
    }

    /// Whom an answer reaches, by name.
    fn readers(&self) -> String {
        let people = super::requesters_side(&self.draft.ticket, self.draft.case);
        let who: Vec<String> = people.map(|p| if p.name.is_empty() { p.address } else { p.name }).collect();
        who.join(", ")
    }

    /// That a plain reply was kept as a note, and who does not have it.
    pub(super) fn kept_inside(&self) -> Phrase {
        let who = self.readers();
        phrase!("done.note_kept", who)
    }

    fn write_to_vendor(&mut self) {
        let to = Person {
            address: self.draft.ticket.vendor.clone().unwrap_or_default(),
            language: self.agent.language.clone(),
            ..Person::default()
        };
        let whom = &to.address;
        self.draft.done.push(phrase!("done.vendor_written", whom));
        self.draft.notifications.push(Notification::new(NotificationKind::Vendor, to));
    }
}
