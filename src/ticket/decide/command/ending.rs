//! What ends a ticket: resolved, closed, rejected, approved; and what is learned from it.

use super::Acting;
use super::commands::Done;
use crate::ticket::decide::Article;
use crate::ticket::decide::deadline::clocks::answerable;
use crate::ticket::decide::open::new_ticket;
use crate::ticket::decide::reply::conversation;
use crate::ticket::life::Move;
use crate::ticket::rights::Action;
use crate::ticket::words::{DeadlineKind, Notification, NotificationKind, TicketView, words};

impl<'a> Acting<'a> {
    /// The text is what there is to learn from an incident.
    pub(super) fn post_mortem(&mut self) -> Done {
        if self.speech.internal.is_empty() {
            return Err(words!(
                "écrivez le post-mortem sous #bilan, au-dessus du message cité : les lignes citées ne comptent pas",
                "write the post-mortem below #postmortem, above the quoted email: quoted lines do not count"
            ));
        }
        // The form has two blanks of its own for what only people know.
        if ["[à compléter]", "[to be filled in]"].iter().any(|blank| self.speech.internal.contains(blank)) {
            return Err(words!(
                "il reste des « [à compléter] » dans le post-mortem",
                "there is still \"[to be filled in]\" in the post-mortem"
            ));
        }
        self.draft.ticket.sla.post_mortem_at = self.draft.now();
        self.draft.ticket.deadlines.remove(&DeadlineKind::PostMortem);
        self.draft.ticket.tags.insert("post-mortem".to_owned());
        self.draft.event("post-mortem", "the post-mortem was written");
        let readers = answerable(NotificationKind::NewMessage, &self.draft.ticket, self.draft.policy());
        self.draft.notifications.extend(readers.into_iter().filter(|l| l.to.address != self.agent.address));
        self.done(words!("Post-mortem enregistré.", "Post-mortem kept."))
    }

    pub(super) fn resolve(&mut self) -> Done {
        let last = self.draft.ticket.last_answer.text.clone();
        let solution = if self.speech.public.is_empty() { last } else { self.speech.public.clone() };
        if solution.is_empty() {
            return Err(words!(
                "il manque la solution : écrivez-la sous #résoudre, elle part au demandeur",
                "the solution is missing: write it below #resolve; it goes to the requester"
            ));
        }
        self.draft.go(Move::Resolve)?;
        let confirm = self.draft.now() + self.draft.policy().life.confirm;
        self.draft.ticket.deadlines.insert(DeadlineKind::Confirm, confirm);
        self.draft.ticket.solution = Some(solution.clone());
        self.draft.event("resolved", solution.chars().take(500).collect::<String>());
        if self.draft.ticket.assignee.is_none() {
            self.draft.ticket.assignee = Some(self.agent.address.clone());
        }
        self.draft.article.get_or_insert_with(Article::default);
        self.fill_article();
        self.resolve_parts()?;
        self.draft.tell(NotificationKind::Resolved);
        self.done(words!(
            "Résolu ; le demandeur est prié de confirmer.",
            "Resolved; the requester is asked to confirm."
        ))
    }

    /// One resolution for all parts.
    fn resolve_parts(&mut self) -> Done {
        let solution = self.speech.public.clone();
        let own = self.draft.ticket.clone();
        for part in self.parts() {
            let Some(next) = crate::ticket::life::after(part.status, Move::Resolve) else { continue };
            if solution.is_empty() {
                return Err(words!(
                    "ce ticket a des parties : écrivez la solution, elle part à tous leurs demandeurs",
                    "this ticket has parts: write the solution; it goes to all their requesters"
                ));
            }
            conversation::permitted(&self.draft, part, Action::Resolve)?;
            let actor = self.agent.address.clone();
            let message = self.public_message(&solution);
            let change = self.draft.other(part);
            change.ticket.status = next;
            change.ticket.solution = Some(solution.clone());
            change.message = crate::ticket::MessageDraft { message_id: String::new(), ..message };
            change.keep = true;
            change.events.push(crate::ticket::Event::by(&actor, "resolved", format!("with {}", own.number)));
            change.notifications.push(Notification::new(NotificationKind::Resolved, part.requester.clone()));
            let number = &part.number;
            self.draft.done.push(words!("Résolu aussi : {number}.", "Resolved too: {number}."));
        }
        Ok(())
    }

    /// Tickets that are part of this one, and not done.
    pub(super) fn parts(&self) -> Vec<&'a TicketView> {
        let own = self.draft.ticket.id;
        let parts = self.draft.case.snapshot.related.values().filter(|t| t.parent == Some(own));
        parts.filter(|t| !t.status.is_done()).collect()
    }

    pub(super) fn close(&mut self) -> Done {
        self.draft.go(Move::Close)?;
        self.draft.tell(NotificationKind::Closed);
        self.done(words!("Clos pour de bon.", "Closed for good."))
    }

    pub(super) fn reject(&mut self) -> Done {
        if self.speech.public.is_empty() {
            return Err(words!("dites pourquoi : #rejeter la raison", "say why: #reject the reason"));
        }
        self.draft.go(Move::Reject)?;
        self.draft.event("rejected", self.speech.public.clone());
        self.draft.tell(NotificationKind::Rejected);
        self.done(words!("Refusé ; le demandeur en reçoit la raison.", "Rejected; the requester is told the reason."))
    }

    pub(super) fn approve(&mut self) -> Done {
        self.draft.go(Move::Approve)?;
        self.draft.event("approved", format!("by {}", self.agent.address));
        self.draft.tell(NotificationKind::Approved);
        let notifications = new_ticket(&self.draft.ticket, self.draft.policy());
        let others = notifications.into_iter().filter(|l| l.to.address != self.agent.address);
        self.draft.notifications.extend(others.map(Notification::with_all));
        self.done(words!("Approuvé : l'équipe est prévenue.", "Approved: the team is told."))
    }

    pub(super) fn article(&mut self, tags: &[String]) -> Done {
        if self.draft.ticket.solution.is_none() {
            return Err(words!(
                "il n'y a pas encore de solution : résolvez d'abord, ou dans le même courriel au-dessus de #kb",
                "there is no solution yet: resolve first, or in the same email above #kb"
            ));
        }
        let article = self.draft.article.get_or_insert_with(Article::default);
        article.public = true;
        article.tags = tags.to_vec();
        self.fill_article();
        self.draft.event("article", "kept as an article");
        let title = self.draft.ticket.title.clone();
        self.done(words!(
            "Article « {title} » ajouté à la base de connaissances.",
            "Article \"{title}\" added to the knowledge base."
        ))
    }

    pub(super) fn fill_article(&mut self) {
        let ticket = &self.draft.ticket;
        let Some(article) = &mut self.draft.article else { return };
        article.ticket = ticket.id;
        article.queue.clone_from(&ticket.queue);
        article.title.clone_from(&ticket.title);
        article.solution = ticket.solution.clone().unwrap_or_default();
        article.problem = self.draft.case.snapshot.original_requests.get(&ticket.id).cloned().unwrap_or_default();
        article.author.clone_from(&self.agent.address);
        article.tags.extend(ticket.tags.iter().cloned());
        article.tags.sort();
        article.tags.dedup();
    }
}
