//! Where a ticket goes: its type, category, service, team and queue. Each does what opening there would have done: people, approval,
//! priority, level. Service levels follow from those. All of it is one step, and is taken back as one.

use super::Acting;
use super::commands::{Done, dash};
use crate::ticket::command::Name;
use crate::ticket::decide::draft::Draft;
use crate::ticket::decide::people::{concerned, onlookers, person};
use crate::ticket::life::Move;
use crate::ticket::policy::{Policy, Topic};
use crate::ticket::routing::{route, whose_turn};
use crate::ticket::words::{Notification, NotificationKind, Status, phrase};

impl Acting<'_> {
    pub(super) fn topic(&mut self, what: Name, name: Option<&str>) -> Done {
        let (policy, language) = (self.draft.policy(), self.agent.language.clone());
        let ticket = &mut self.draft.ticket;
        let (place, topics) = match what {
            Name::Category => (&mut ticket.category, &policy.categories),
            Name::Service => (&mut ticket.service, &policy.services),
            _ => (&mut ticket.kind, &policy.types),
        };
        let was = std::mem::replace(place, name.map(ToOwned::to_owned));
        let label = Policy::topic_label(topics, name, &language);
        let of = |name: Option<&str>| topics.iter().find(|topic| Some(topic.name.as_str()) == name);
        let (before, after) = (of(was.as_deref()), of(name));
        let line = format!("{} → {}", dash(was.as_deref().unwrap_or_default()), dash(name.unwrap_or_default()));
        self.draft.event(what.row().word, line);
        let label = dash(&label);
        self.draft.done.push(match what {
            Name::Category => phrase!("done.category", label),
            Name::Service => phrase!("done.service", label),
            _ => phrase!("done.type", label),
        });
        if what != Name::Type && was.as_deref() != name {
            self.goes(before, after);
        }
        Ok(())
    }

    /// What leads from one topic to another, as if it had opened there.
    fn goes(&mut self, before: Option<&Topic>, after: Option<&Topic>) {
        static NONE: Topic = Topic::none();
        let (was, is) = (before.unwrap_or(&NONE), after.unwrap_or(&NONE));
        let ticket = &mut self.draft.ticket;
        let set = |place: &mut Option<String>, was: &String, is: &String| {
            let own = place.as_deref().is_none_or(str::is_empty) || place.as_ref() == Some(was);
            if own && !is.is_empty() {
                *place = Some(is.clone());
            }
        };
        set(&mut ticket.category, &was.category, &is.category);
        set(&mut ticket.kind, &was.kind, &is.kind);
        if ticket.level.max(1) == i64::from(was.level.max(1)) && was.level != is.level {
            ticket.level = i64::from(is.level.max(1));
        }
        self.default_priority(&was.priority, &is.priority);
        self.give_to(was, is);
        self.submit(!is.approvers.is_empty());
    }

    /// A priority that nobody chose follows the place.
    fn default_priority(&mut self, was: &str, is: &str) {
        let queue = |name: &str| self.draft.policy().queues.get(name).map(|q| q.priority.clone()).unwrap_or_default();
        let was = if was.is_empty() { queue(&self.draft.before.queue) } else { was.to_owned() };
        let is = if is.is_empty() { queue(&self.draft.ticket.queue) } else { is.to_owned() };
        let chosen = self.gives(Name::Priority) || self.draft.ticket.priority != was;
        if chosen || is.is_empty() || is == was {
            return;
        }
        self.draft.ticket.priority.clone_from(&is);
        self.draft.event("priority", format!("{was} → {is}"));
        self.draft.done.push(phrase!("done.priority", was, code = is));
    }

    /// The people of a topic get it, unless one of them has it, or the same email says who does.
    fn give_to(&mut self, was: &Topic, topic: &Topic) {
        let (policy, turn) = (self.draft.policy(), self.draft.case.snapshot.turn);
        let theirs = |address: &String| policy.people_of(topic).any(|own| own == address);
        if policy.people_of(topic).next().is_none() {
            let brought = |team: &String| !was.team.is_empty() && *team == was.team;
            self.draft.ticket.team = self.draft.ticket.team.take().filter(|team| !brought(team));
            return;
        }
        // A service's people stand above a category's, but for what is confidential.
        let service = policy.services.iter().find(|one| Some(&one.name) == self.draft.ticket.service.as_ref());
        let of_service = service.is_some_and(|one| one.name != topic.name && policy.people_of(one).next().is_some());
        if of_service && !topic.confidential {
            return;
        }
        let said = self.gives(Name::Take) || self.gives(Name::Assign) || self.gives(Name::Team);
        // What is confidential stays with the people of its category.
        let theirs_alone = policy.is_confidential(&self.draft.ticket) && !topic.confidential;
        if theirs_alone || said || self.draft.ticket.assignee.as_ref().is_some_and(theirs) {
            return;
        }
        let (assignee, team) = whose_turn(topic, turn, policy);
        (self.draft.ticket.assignee, self.draft.ticket.team) = (assignee.clone(), team.clone());
        self.note_new_people();
    }

    /// It is said who has it now.
    fn note_new_people(&mut self) {
        let policy = self.draft.policy();
        let language = self.agent.language.clone();
        if let Some(team) = self.draft.ticket.team.clone() {
            self.draft.event("assigned", format!("to the team {team}"));
            let name = policy.team(&team).map_or(team, |team| team.label(&language));
            self.draft.done.push(phrase!("done.team", name));
        }
        if let Some(agent) = self.draft.ticket.assignee.as_deref().and_then(|address| policy.agent(address)) {
            self.draft.event("assigned", format!("to {}, whose turn it is", agent.address));
            self.draft.done.push(phrase!("done.assigned", name = &agent.name));
        }
    }

    /// What needs somebody's word waits for it, unless it is their own.
    fn submit(&mut self, needed: bool) {
        let policy = self.draft.policy();
        let own = policy.is_approver(&self.agent.address, &self.draft.ticket);
        let waits = self.draft.ticket.status == Status::Approval;
        // Where nobody has to approve it, it does not wait for anybody.
        if waits && policy.approvers(&self.draft.ticket).is_empty() && self.draft.go(Move::Approve).is_ok() {
            self.draft.event("status", "it needs no approval where it is now");
            return;
        }
        if policy.is_confidential(&self.draft.ticket) {
            return;
        }
        if !needed || own || waits || self.draft.go(Move::Submit).is_err() {
            return;
        }
        let approvers = policy.approvers(&self.draft.ticket).iter().filter_map(|address| policy.agent(address));
        let who = approvers.map(|agent| agent.name.as_str()).collect::<Vec<_>>().join(", ");
        self.draft.event("status", "it needs an approval where it is now");
        self.draft.tell(NotificationKind::Pending);
        self.draft.told.push(phrase!("told.waits_for_approval"));
        self.draft.done.push(phrase!("done.submitted", who));
    }

    /// A team gets it; whoever has it keeps it only as one of them.
    pub(super) fn team(&mut self, name: &str) -> Done {
        let policy = self.draft.policy();
        if name.is_empty() {
            self.draft.ticket.team = None;
            self.draft.event("assigned", "to no team");
            return self.done(phrase!("done.no_team"));
        }
        let Some(team) = policy.team(name) else { return Err(phrase!("wrong.needs_name")) };
        let label = team.label(&self.agent.language);
        let serves = |address: &&String| {
            policy.agent(address).is_some_and(|agent| agent.queues.contains(&self.draft.ticket.queue))
        };
        if !team.members.iter().any(|address| serves(&address)) {
            return Err(phrase!("wrong.other_queue", name = label));
        }
        let secret = policy.is_confidential(&self.draft.ticket);
        let sees =
            |address: &String| policy.agent(address).is_some_and(|agent| policy.may_see(agent, &self.draft.ticket));
        if secret && !team.members.iter().all(sees) {
            return Err(phrase!("wrong.confidential_denied"));
        }
        self.draft.ticket.team = Some(name.to_owned());
        if self.draft.ticket.assignee.as_ref().is_some_and(|address| !team.members.contains(address)) {
            self.draft.ticket.assignee = None;
        }
        self.draft.event("assigned", format!("to the team {name}"));
        self.done(phrase!("done.team", name = label))
    }

    /// It goes to another queue, and keeps its number.
    pub(super) fn queue(&mut self, name: &str) -> Done {
        let policy = self.draft.policy();
        let Some(queue) = policy.queues.get(name) else { return Err(phrase!("wrong.needs_name")) };
        let was = self.draft.ticket.queue.clone();
        if was == name {
            return Err(phrase!("wrong.same_queue", queue = name));
        }
        let case = self.draft.case;
        let text = case.snapshot.original_requests.get(&self.draft.ticket.id).cloned().unwrap_or_default();
        let found = route(&[], &self.draft.ticket.title, &text, queue, case.snapshot.turn, policy);
        // A topic of another queue, or of people who do not serve this one, is left.
        let serves =
            |address: &str| policy.agent(address).is_some_and(|agent| agent.queues.iter().any(|own| own == name));
        let elsewhere = |topics: &[Topic], own: &Option<String>| {
            let topic = topics.iter().find(|topic| Some(&topic.name) == own.as_ref());
            topic.is_none_or(|topic| {
                let mut people = policy.people_of(topic).peekable();
                let nobody = people.peek().is_some() && !people.any(serves);
                nobody || (!topic.queue.is_empty() && topic.queue != name)
            })
        };
        let mut found = found;
        if elsewhere(&policy.services, &found.service) && found.service.is_some() {
            (found.service, found.assignee, found.team) = (None, None, None);
        }
        let secret = policy.is_confidential(&self.draft.ticket);
        let ticket = &mut self.draft.ticket;
        name.clone_into(&mut ticket.queue);
        if elsewhere(&policy.services, &ticket.service) {
            ticket.service = found.service;
        }
        ticket.kind = ticket.kind.take().or(found.kind);
        ticket.level = found.level;
        // What is confidential stays so, and with whoever has it.
        if !secret {
            if elsewhere(&policy.categories, &ticket.category) {
                ticket.category = found.category;
            }
            (ticket.assignee, ticket.team) = (found.assignee, found.team);
        }
        self.draft.event("queue", format!("{was} → {name}"));
        self.draft.done.push(phrase!("done.queue", queue = &queue.address));
        self.note_new_people();
        self.default_priority("", found.priority.as_deref().unwrap_or_default());
        let needs = !policy.approvers(&self.draft.ticket).is_empty();
        self.submit(needs);
        Ok(())
    }

    fn gives(&self, name: Name) -> bool {
        let commands = &self.draft.policy().commands;
        self.head.lines.iter().any(|line| commands.begins(line) == Some(name))
    }
}

/// Whoever deals with it from now on, and did not before, hears of it once.
pub(super) fn tell_new_people(draft: &mut Draft<'_>) {
    let (before, ticket, policy) = (&draft.before, &draft.ticket, draft.policy());
    let place = |t: &crate::ticket::words::TicketView| {
        (t.queue.clone(), t.service.clone(), t.category.clone(), t.team.clone(), t.status == Status::Approval)
    };
    if place(before) == place(ticket) || ticket.status.is_done() {
        return;
    }
    let kind = match (&ticket.status, &ticket.assignee) {
        (Status::Approval, _) => NotificationKind::Approval,
        (_, Some(_)) => NotificationKind::Assigned,
        (_, None) if ticket.level > 1 => NotificationKind::Escalation,
        (_, None) => NotificationKind::NewTicket,
    };
    let knew: Vec<&str> = policy.concerned(before).iter().map(|agent| agent.address.as_str()).collect();
    let moved = before.queue != ticket.queue || kind == NotificationKind::Approval;
    let mut people = concerned(kind, ticket, &draft.actor, policy);
    let given = |to: &str| ticket.is_assigned_to(to) && !before.is_assigned_to(to);
    people.retain(|one| moved || given(&one.to.address) || !knew.contains(&one.to.address.as_str()));
    if before.queue != ticket.queue {
        people.extend(onlookers(NotificationKind::NewTicket, ticket, &draft.actor, policy));
    } else if ticket.assignee == before.assignee && kind == NotificationKind::Assigned {
        // Whoever has it had it before.
        people.clear();
    }
    // Whoever had it and has it no more is not left to find out.
    if let Some(had) = before.assignee.as_deref().filter(|_| before.assignee != ticket.assignee) {
        let had = policy.agent(had).filter(|agent| agent.address != draft.actor && policy.may_see(agent, ticket));
        let said = phrase!("told.desk_moved", number = &ticket.number);
        people.extend(had.map(|agent| Notification {
            done: vec![said],
            ..Notification::new(NotificationKind::Followed, person(agent))
        }));
    }
    for one in people {
        if !draft.notifications.iter().any(|known| known.to.address == one.to.address && known.kind.is_internal()) {
            draft.notifications.push(one.with_all());
        }
    }
}
