//! `#undo`: the tickets of the last command as they were before it.

use super::Acting;
use crate::ticket::words::{Event, Notification, NotificationKind, TicketView, Words, words};

impl Acting<'_> {
    /// Takes the last command back, if nothing has happened since.
    pub(super) fn undo(&mut self) -> Result<(), Words> {
        let nothing = || words!("il n'y a rien à annuler sur ce ticket", "there is nothing to undo on this ticket");
        let undo = self.draft.before.undo.clone().ok_or_else(nothing)?;
        if undo.by != self.agent.address {
            let who = &undo.by;
            return Err(words!("le dernier ordre est de {who}", "the last command is by {who}"));
        }
        if self.draft.case.fresh.is_some_and(|issued| issued < undo.at) {
            let what = &undo.what;
            return Err(words!(
                "le dernier ordre est « {what} » : pour l'annuler, répondez au courriel qui en rend compte",
                "the last command is \"{what}\": to take it back, answer the email that reports it"
            ));
        }
        let [own, others @ ..] = undo.before.as_slice() else { return Err(nothing()) };
        let untouched = |before: &TicketView, now: &TicketView| now.revision == before.revision + 1;
        let gone = || {
            words!(
                "le ticket a changé depuis : l'ordre ne peut plus être annulé",
                "the ticket has changed since: the command cannot be undone"
            )
        };
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
        // What the command kept for the next who asks goes with it.
        self.draft.forget = self.draft.before.status.is_done() && !own.status.is_done();
        self.draft.event("undone", undo.what.clone());
        if self.draft.before.status.is_done() && !own.status.is_done() {
            self.draft.tell(NotificationKind::Reopened);
        }
        let what = undo.what;
        self.draft.done.push(words!(
            "Annulé : {what}. Les notifications déjà parties restent parties.",
            "Undone: {what}. Notifications that have left stay where they are."
        ));
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
