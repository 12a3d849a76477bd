//! `#undo`: the tickets of the last command as they were before it.

use super::Acting;
use crate::clock::Millis;
use crate::ticket::words::{Event, LastAnswer, Notification, NotificationKind, Phrase, TicketView, Undo, phrase};

impl Acting<'_> {
    /// When the answer was written whose receipt this email answers, if it still waits: it can be held back, whatever came after it.
    pub(super) fn waiting_answer(&self) -> Option<Millis> {
        let case = self.draft.case;
        let waiting = case.snapshot.waiting_answers.get(&self.draft.before.id);
        case.fresh.filter(|at| waiting.is_some_and(|waiting| waiting.contains(at)))
    }

    /// Takes the last command back, if nothing has happened since.
    /// Beside other commands an answer that waits is held back, and nothing else.
    pub(super) fn undo(&mut self) -> Result<(), Phrase> {
        let alone = self.head.lines.len() == 1;
        let held_back = self.waiting_answer();
        if held_back.is_some() {
            self.draft.hold_back = held_back;
            self.draft.done.push(phrase!("done.held_back"));
            self.draft.event("held-back", "an answer was held back before it left");
            let undo = self.draft.before.undo.clone();
            let own = |undo: &Undo| Some(undo.at) == held_back && undo.by == self.agent.address;
            let untouched =
                |undo: &Undo| undo.before.first().is_some_and(|own| own.revision + 1 == self.draft.before.revision);
            if !alone || !undo.as_deref().is_some_and(|undo| own(undo) && untouched(undo)) {
                if Some(self.draft.ticket.last_answer.at) == held_back {
                    self.draft.ticket.last_answer = LastAnswer::default();
                }
                return Ok(());
            }
        }
        let nothing = || phrase!("wrong.nothing_to_undo");
        let undo = self.draft.before.undo.clone().ok_or_else(nothing)?;
        if undo.by != self.agent.address {
            let who = &undo.by;
            return Err(phrase!("wrong.undo_of_another", who));
        }
        if self.draft.case.fresh.is_some_and(|issued| issued < undo.at) {
            let what = &undo.what;
            return Err(phrase!("wrong.undo_from_report", what));
        }
        // An answer without a command is all that there is to take back.
        if undo.what.is_empty() && held_back.is_none() {
            return Err(phrase!("wrong.answer_left"));
        }
        let [own, others @ ..] = undo.before.as_slice() else { return Err(nothing()) };
        let untouched = |before: &TicketView, now: &TicketView| now.revision == before.revision + 1;
        let gone = || phrase!("wrong.undo_too_late");
        if !untouched(own, &self.draft.before) {
            return Err(gone());
        }
        for before in others {
            let now = self
                .draft
                .case
                .snapshot
                .related
                .get(&before.id)
                .filter(|now| untouched(before, now))
                .ok_or_else(gone)?;
            let what = Event::by(&self.agent.address, "undone", undo.what.clone());
            let change = self.draft.other(now);
            if now.status.is_done() && !before.status.is_done() {
                change.notifications.push(Notification::new(NotificationKind::Reopened, before.requester.clone()));
            }
            change.ticket = restored(before, now);
            change.events.push(what);
        }
        self.draft.ticket = restored(own, &self.draft.before);
        if held_back.is_some() {
            self.draft.ticket.last_answer.clone_from(&own.last_answer);
        }
        // What the command kept for the next who asks goes with it.
        self.draft.forget = self.draft.before.status.is_done() && !own.status.is_done();
        self.draft.event("undone", undo.what.clone());
        if self.draft.before.status.is_done() && !own.status.is_done() {
            self.draft.tell(NotificationKind::Reopened);
        }
        let what = undo.what;
        if !what.is_empty() {
            self.draft.done.push(phrase!("done.undone", what));
        }
        Ok(())
    }
}

/// The ticket as it was, but for what cannot be taken back: emails that came or left meanwhile.
fn restored(before: &TicketView, now: &TicketView) -> TicketView {
    TicketView {
        revision: now.revision,
        first_responded_at: now.first_responded_at,
        first_response_id: now.first_response_id.clone(),
        last_answer: now.last_answer.clone(),
        last_public_id: now.last_public_id.clone(),
        vendors: now.vendors.clone(),
        sla: crate::ticket::sla::Sla { respond_took: now.sla.respond_took, ..before.sla.clone() },
        undo: None,
        ..before.clone()
    }
}
