//! What ends a ticket: resolved, closed, rejected, approved; and what is learned from it.

use super::Acting;
use super::commands::Done;
use crate::mail::{above_closing, fold};
use crate::ticket::command::actions;
use crate::ticket::decide::Article;
use crate::ticket::decide::deadline::clocks::answerable;
use crate::ticket::decide::open::new_ticket;
use crate::ticket::decide::people::{action_line, person};
use crate::ticket::decide::reply::conversation;
use crate::ticket::life::Move;
use crate::ticket::rights::Action;
use crate::ticket::words::{DeadlineKind, Event, Notification, NotificationKind, TicketView, phrase};

impl<'a> Acting<'a> {
    /// The text is what there is to learn from an incident.
    pub(super) fn post_mortem(&mut self) -> Done {
        if self.speech.internal.is_empty() {
            return Err(phrase!("wrong.post_mortem_missing"));
        }
        // The form has two blanks of its own for what only people know.
        let policy = self.draft.policy();
        if policy.commands.argument_words("blank").any(|blank| fold(&self.speech.internal).contains(blank)) {
            return Err(phrase!("wrong.post_mortem_blank"));
        }
        self.draft.ticket.sla.post_mortem_at = self.draft.now();
        self.draft.ticket.deadlines.remove(&DeadlineKind::PostMortem);
        self.draft.ticket.tags.insert("post-mortem".to_owned());
        self.draft.event("post-mortem", "the post-mortem was written");
        self.draft.done.push(phrase!("done.post_mortem"));
        self.note_actions();
        let readers = answerable(NotificationKind::NewMessage, &self.draft.ticket, self.draft.policy());
        self.draft.notifications.extend(readers.into_iter().filter(|l| l.to.address != self.agent.address));
        Ok(())
    }

    /// What is to be done, as the post-mortem says; what was done before stays so.
    fn note_actions(&mut self) {
        let (now, policy) = (self.draft.now(), self.draft.policy());
        let hours = policy.slas.hours_of(&self.draft.ticket);
        let before = std::mem::take(&mut self.draft.ticket.actions);
        let mut actions = actions::read(&self.speech.internal, self.agent, now, policy);
        if actions.is_empty() {
            // What was decided before is not undone by what says nothing of it.
            let none = if before.is_empty() { phrase!("done.no_action_read") } else { phrase!("done.actions_stay") };
            self.draft.done.push(none);
            self.draft.ticket.actions = before;
            return;
        }
        for (at, action) in actions.iter_mut().enumerate() {
            match before.iter().find(|known| known.what == action.what && !known.is_open()) {
                Some(known) => *action = known.clone(),
                None => action.remind_at = hours.next_open(action.due).unwrap_or(action.due),
            }
            self.draft.done.push(action_line(at, action, policy));
        }
        self.draft.ticket.actions = actions;
    }

    /// What a post-mortem asked for was done.
    pub(super) fn action_done(&mut self, numbers: &[usize]) -> Done {
        let (now, policy) = (self.draft.now(), self.draft.policy());
        let actions = &mut self.draft.ticket.actions;
        let open: Vec<usize> = (1..=actions.len()).filter(|n| actions[n - 1].is_open()).collect();
        let own: Vec<usize> = open.iter().copied().filter(|n| actions[n - 1].owner == self.agent.address).collect();
        // Without a number it is their own; somebody else's has to be named.
        let meant = match (numbers, own.as_slice()) {
            ([], [one]) => vec![*one],
            (numbers, _) => numbers.to_vec(),
        };
        if let Some(word) = meant.iter().find(|n| **n > actions.len()).map(ToString::to_string) {
            return Err(phrase!("wrong.no_action", word));
        }
        if meant.is_empty() {
            let all = open.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(if open.is_empty() { phrase!("wrong.no_actions") } else { phrase!("wrong.which_action", all) });
        }
        for n in meant {
            let action = &mut actions[n - 1];
            if !action.is_open() {
                let line = action_line(n - 1, action, policy);
                self.draft.done.push(phrase!("done.action_already", line));
                continue;
            }
            action.done_at = now;
            let line = action_line(n - 1, action, policy);
            self.draft.events.push(Event::by(&self.agent.address, "action", format!("done: {}", action.what)));
            let done = phrase!("done.action", line);
            let owner = policy.agent(&action.owner).filter(|owner| owner.address != self.agent.address);
            self.draft.notifications.extend(owner.map(|owner| Notification {
                done: vec![done.clone()],
                ..Notification::new(NotificationKind::NewMessage, person(owner))
            }));
            self.draft.done.push(done);
        }
        Ok(())
    }

    pub(super) fn resolve(&mut self) -> Done {
        let last = self.draft.ticket.last_answer.text.clone();
        // A closing and a name are no solution.
        let is_said = above_closing(&self.speech.public, &self.agent.name).contains(char::is_alphanumeric);
        let solution = if is_said { self.speech.public.clone() } else { last };
        if solution.is_empty() {
            return Err(phrase!("wrong.solution_missing"));
        }
        self.draft.go(Move::Resolve)?;
        let confirm = self.draft.now() + self.draft.policy().life.confirm;
        self.draft.ticket.deadlines.insert(DeadlineKind::Confirm, confirm);
        self.draft.ticket.solution = Some(solution.clone());
        self.draft.event("resolved", solution.chars().take(500).collect::<String>());
        if self.draft.ticket.assignee.is_none() {
            self.draft.ticket.assignee = Some(self.agent.address.clone());
        }
        // What is confidential helps nobody else.
        if !self.draft.policy().is_confidential(&self.draft.ticket) {
            self.draft.article.get_or_insert_with(Article::default);
            self.fill_article();
        }
        self.resolve_parts()?;
        self.draft.tell(NotificationKind::Resolved);
        self.done(phrase!("done.resolved"))
    }

    /// One resolution for all parts.
    fn resolve_parts(&mut self) -> Done {
        let solution = self.speech.public.clone();
        let own = self.draft.ticket.clone();
        for part in self.parts() {
            let Some(next) = crate::ticket::life::after(part.status, Move::Resolve) else { continue };
            if solution.is_empty() {
                return Err(phrase!("wrong.solution_for_parts"));
            }
            conversation::permitted(&self.draft, part, Action::Resolve)?;
            let actor = self.agent.address.clone();
            let message = self.public_message(&solution);
            let change = self.draft.other(part);
            change.ticket.status = next;
            change.ticket.solution = Some(solution.clone());
            change.message = crate::ticket::MessageDraft { message_id: String::new(), ..message };
            change.keep = true;
            change.events.push(Event::by(&actor, "resolved", format!("with {}", own.number)));
            change.notifications.push(Notification::new(NotificationKind::Resolved, part.requester.clone()));
            let number = &part.number;
            self.draft.done.push(phrase!("done.resolved_part", number));
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
        self.done(phrase!("done.closed"))
    }

    pub(super) fn reject(&mut self) -> Done {
        if self.speech.public.is_empty() {
            return Err(phrase!("wrong.reason_missing"));
        }
        self.draft.go(Move::Reject)?;
        self.draft.event("rejected", self.speech.public.clone());
        self.draft.tell(NotificationKind::Rejected);
        self.done(phrase!("done.rejected"))
    }

    pub(super) fn approve(&mut self) -> Done {
        self.draft.go(Move::Approve)?;
        self.draft.event("approved", format!("by {}", self.agent.address));
        self.draft.tell(NotificationKind::Approved);
        let notifications = new_ticket(&self.draft.ticket, self.draft.policy());
        let others = notifications.into_iter().filter(|l| l.to.address != self.agent.address);
        self.draft.notifications.extend(others.map(Notification::with_all));
        self.done(phrase!("done.approved"))
    }

    pub(super) fn article(&mut self, tags: &[String]) -> Done {
        if self.draft.ticket.solution.is_none() {
            return Err(phrase!("wrong.no_solution_yet"));
        }
        if self.draft.policy().is_confidential(&self.draft.ticket) {
            return Err(phrase!("wrong.confidential_stays"));
        }
        let article = self.draft.article.get_or_insert_with(Article::default);
        article.public = true;
        article.tags = tags.to_vec();
        self.fill_article();
        self.draft.event("article", "kept as an article");
        let title = self.draft.ticket.title.clone();
        self.done(phrase!("done.article", title))
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
