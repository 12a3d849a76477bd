//! Each command, carried out on the copy.

use super::Acting;
use crate::clock::Millis;
use crate::mail::Address;
use crate::ticket::command::{Command, Name, silence_deadlines};
use crate::ticket::decide::hold::denied;
use crate::ticket::decide::people::person;
use crate::ticket::decide::reply::conversation;
use crate::ticket::decide::{Absence, absence};
use crate::ticket::life::Move;
use crate::ticket::policy::{Agent, Policy, Role};
use crate::ticket::rights::{Action, may};
use crate::ticket::words::{
    DeadlineKind, Listing, Notification, NotificationKind, PendingOn, Person, Phrase, Status, Value, phrase,
};

/// Whether a command was carried out, or why not.
pub(super) type Done = Result<(), Phrase>;

impl<'a> Acting<'a> {
    /// Whether the writer may do that.
    pub(super) fn permit(&self, command: &Command) -> Done {
        let wanted = command.row().right.ok_or_else(|| phrase!("wrong.requester_only"))?;
        self.permit_action(wanted)
    }

    pub(super) fn permit_action(&self, wanted: Action) -> Done {
        let ticket = &self.draft.before;
        may(self.agent, wanted, ticket, self.draft.policy()).map_err(|why| denied(why, ticket))
    }

    pub(super) fn command(&mut self, command: &Command) -> Done {
        match command {
            Command::Take => self.take(),
            Command::Assign(to) => self.assign(to),
            Command::Priority(code) => self.priority(code),
            Command::Category(name) => self.topic(Name::Category, name.as_deref()),
            Command::Service(name) => self.topic(Name::Service, name.as_deref()),
            Command::Type(name) => self.topic(Name::Type, name.as_deref()),
            Command::Team(name) => self.team(name),
            Command::Queue(name) => self.queue(name),
            Command::Tag(on, off) => self.tag(on, off),
            Command::Open => self.open(),
            Command::Reopen => self.reopen(),
            Command::Pending(on, until, why) => self.pending(*on, *until, why),
            Command::Ask(_) => self.ask(),
            Command::Escalate(level, why) => self.escalate(*level, why),
            Command::Resolve(_) => self.resolve(),
            Command::Close => self.close(),
            Command::Reject(_) => self.reject(),
            Command::Approve => self.approve(),
            Command::Merge(number) => conversation::merge(&mut self.draft, number),
            Command::Split(title) => {
                let body = self.speech.body.clone();
                conversation::split(&mut self.draft, title, &body)
            }
            Command::Link(number) => conversation::link(&mut self.draft, number),
            Command::Parent(number) => conversation::parent(&mut self.draft, number.as_ref()),
            Command::Broadcast(to, _) => self.broadcast(to),
            Command::Cc(people) => {
                let all = conversation::add(&mut self.draft, people).join(", ");
                if all.is_empty() {
                    return Err(phrase!("wrong.nobody_added"));
                }
                self.done(phrase!("done.copied", all))
            }
            Command::Uncc(people) => {
                conversation::remove(&mut self.draft, people)?;
                let all = people.join(", ");
                self.done(phrase!("done.uncopied", all))
            }
            Command::Vendor(to) => self.vendor(to.as_deref()),
            Command::Canned(name) => self.canned(name),
            Command::Kb(tags) => self.article(tags),
            Command::Requester(who) => self.requester(who),
            Command::Away(until) => {
                let (absence, told, said) = absent(self.agent, *until, self.draft.policy());
                self.draft.absence = Some(absence);
                self.draft.notifications.extend(told);
                self.done(said)
            }
            // In the middle of a ticket it is a ticket of its own, and was opened before.
            Command::New(..) => Err(phrase!("wrong.new_in_ticket")),
            Command::PostMortem => self.post_mortem(),
            Command::Done(numbers) => self.action_done(numbers),
            Command::Undo => self.undo(),
            Command::List(listing) => self.view(NotificationKind::Listing, Some(listing.clone())),
            Command::Show | Command::Progress => self.view(NotificationKind::Show, None),
            Command::Why => self.view(NotificationKind::Reasons, None),
            Command::Help => self.view(NotificationKind::Help, None),
            // What the text is was settled before; the others are a requester's.
            Command::Note | Command::Public | Command::Send => Ok(()),
            Command::Solved(_) | Command::Unsolved(_) | Command::Rate(..) | Command::Recommend(_) => Ok(()),
        }
    }

    pub(super) fn done(&mut self, what: Phrase) -> Done {
        self.draft.done.push(what);
        Ok(())
    }

    fn view(&mut self, kind: NotificationKind, listing: Option<Listing>) -> Done {
        if self.draft.case.intake.operator {
            return Err(phrase!("wrong.at_terminal"));
        }
        let cause = listing.as_ref().map(|l| format!("{l:?}")).unwrap_or_default();
        self.views.push(Notification { listing, cause, ..Notification::new(kind, person(self.agent)) });
        Ok(())
    }

    fn take(&mut self) -> Done {
        if self.draft.case.intake.operator {
            return Err(phrase!("wrong.assign_at_terminal"));
        }
        let fresh = self.draft.ticket.assignee.is_none();
        self.draft.go(Move::Take)?;
        self.draft.ticket.assignee = Some(self.agent.address.clone());
        self.draft.event("assigned", format!("taken by {}", self.agent.address));
        if fresh || self.draft.before.status == Status::Escalated {
            self.draft.tell(NotificationKind::Taken);
        }
        self.done(phrase!("done.taken"))
    }

    fn assign(&mut self, to: &str) -> Done {
        let Some(colleague) = self.draft.policy().agent(to) else {
            self.draft.ticket.assignee = None;
            self.draft.event("assigned", "to nobody");
            return self.done(phrase!("done.unassigned"));
        };
        if to == self.agent.address {
            return self.take();
        }
        let name = colleague.name.clone();
        let serves = colleague.queues.contains(&self.draft.ticket.queue);
        if !serves || colleague.roles.iter().all(|r| *r == Role::Approver) {
            return Err(phrase!("wrong.other_queue", name));
        }
        if !self.draft.policy().may_see(colleague, &self.draft.ticket) {
            return Err(phrase!("wrong.confidential_denied"));
        }
        // What is solved stays so: it is given to be closed.
        if self.draft.ticket.status != Status::Resolved {
            self.draft.go(Move::Take)?;
        }
        let to = person(colleague);
        let address = &colleague.address;
        if self
            .draft
            .policy()
            .team(self.draft.ticket.team.as_deref().unwrap_or_default())
            .is_some_and(|t| !t.members.contains(address))
        {
            self.draft.ticket.team = None;
        }
        self.draft.ticket.assignee = Some(colleague.address.clone());
        self.draft.event("assigned", format!("to {}", colleague.address));
        self.draft.notifications.push(Notification::new(NotificationKind::Assigned, to).with_all());
        if self.draft.before.status == Status::New {
            self.draft.tell(NotificationKind::Taken);
        }
        self.done(phrase!("done.assigned", name))
    }

    fn priority(&mut self, code: &str) -> Done {
        let was = std::mem::replace(&mut self.draft.ticket.priority, code.to_owned());
        self.draft.event("priority", format!("{was} → {code}"));
        self.done(phrase!("done.priority", was, code))
    }

    fn tag(&mut self, on: &[String], off: &[String]) -> Done {
        let ticket = &mut self.draft.ticket;
        ticket.tags.extend(on.iter().cloned());
        ticket.tags.retain(|t| !off.contains(t));
        let all = dash(&ticket.tags.iter().cloned().collect::<Vec<_>>().join(" ")).to_owned();
        self.draft.event("tags", all.clone());
        self.done(phrase!("done.tags", all))
    }

    fn open(&mut self) -> Done {
        let step = match self.draft.ticket.status {
            Status::Pending => Move::Wake,
            Status::Resolved => Move::Reopen,
            _ => Move::Take,
        };
        self.draft.go(step)?;
        if step == Move::Reopen {
            self.draft.tell(NotificationKind::Reopened);
        }
        self.done(phrase!("done.opened"))
    }

    fn reopen(&mut self) -> Done {
        self.draft.go(Move::Reopen)?;
        self.draft.tell(NotificationKind::Reopened);
        self.done(phrase!("done.reopened"))
    }

    fn pending(&mut self, on: PendingOn, until: Option<i64>, why: &str) -> Done {
        if on == PendingOn::Vendor && self.draft.ticket.vendor.is_none() {
            return Err(phrase!("wrong.no_vendor"));
        }
        self.draft.go(Move::Suspend)?;
        self.draft.ticket.pending_on = Some(on);
        if on == PendingOn::Requester {
            self.wait_for_requester();
        }
        if !why.is_empty() {
            self.draft.event("pending", why.to_owned());
        }
        // It comes back when somebody is there, and that is what is said.
        let hours = self.draft.policy().slas.hours_of(&self.draft.ticket);
        let until = until.map(|at| hours.next_open(at).unwrap_or(at));
        let due = Value::At(until.unwrap_or_else(|| self.draft.now()));
        if let Some(at) = until {
            self.draft.ticket.deadlines.insert(DeadlineKind::Wake, at);
        }
        self.draft.tell(NotificationKind::Pending);
        let (told, done) = match on {
            PendingOn::Requester => (phrase!("told.waits_for_requester"), phrase!("done.waits_for_requester")),
            PendingOn::Vendor => (phrase!("told.waits_for_vendor"), phrase!("done.waits_for_vendor")),
            PendingOn::Date => (phrase!("told.waits_until", at = due), phrase!("done.waits_until", at = due)),
        };
        self.draft.told.push(told);
        self.done(done)
    }

    fn ask(&mut self) -> Done {
        if self.speech.public.is_empty() {
            return Err(phrase!("wrong.question_missing"));
        }
        self.draft.go(Move::Suspend)?;
        self.draft.ticket.pending_on = Some(PendingOn::Requester);
        self.wait_for_requester();
        self.draft.tell(NotificationKind::Question);
        self.done(phrase!("done.asked"))
    }

    /// Their time begins anew.
    fn wait_for_requester(&mut self) {
        for (kind, at) in silence_deadlines(self.draft.policy(), self.draft.now()) {
            self.draft.ticket.deadlines.extend(at.map(|at| (kind, at)));
        }
    }

    fn escalate(&mut self, level: Option<i64>, why: &str) -> Done {
        if self.draft.policy().is_confidential(&self.draft.ticket) {
            return Err(phrase!("wrong.confidential_stays"));
        }
        let now = self.draft.ticket.level.max(1);
        let level = level.unwrap_or(now + 1);
        let policy = self.draft.policy();
        let people = policy.at_level(&self.draft.ticket.queue, level);
        if level == now {
            return Err(phrase!("wrong.same_level", level));
        }
        if people.is_empty() {
            let queue = &self.draft.ticket.queue;
            return Err(phrase!("wrong.empty_level", level, queue));
        }
        self.draft.go(Move::Escalate)?;
        self.draft.ticket.level = level;
        self.draft.ticket.assignee = None;
        let why = if why.is_empty() { self.speech.internal.clone() } else { why.to_owned() };
        self.draft.event("escalated", format!("L{now} → L{level} {why}").trim().to_owned());
        let names: Vec<&str> = people.iter().map(|a| a.name.as_str()).collect();
        let names = names.join(", ");
        let notifications = people
            .iter()
            .map(|a| Notification { why: why.clone(), ..Notification::new(NotificationKind::Escalation, person(a)) });
        self.draft.notifications.extend(notifications.collect::<Vec<_>>());
        self.done(phrase!("done.escalated", level, names))
    }

    fn broadcast(&mut self, to: &[String]) -> Done {
        if self.speech.public.is_empty() {
            return Err(phrase!("wrong.broadcast_missing"));
        }
        let message = self.public_message(&self.speech.public);
        conversation::broadcast(&mut self.draft, to, &message)
    }

    fn vendor(&mut self, to: Option<&str>) -> Done {
        let Some(address) = to.map(ToOwned::to_owned).or_else(|| self.draft.ticket.vendor.clone()) else {
            return Err(phrase!("wrong.which_vendor"));
        };
        if self.draft.policy().is_confidential(&self.draft.ticket) {
            return Err(phrase!("wrong.confidential_stays"));
        }
        if self.draft.ticket.participants.contains(&address) {
            return Err(phrase!("wrong.on_requesters_side", address));
        }
        if self.draft.policy().is_own_address(&address) || self.draft.policy().agent(&address).is_some() {
            return Err(phrase!("wrong.of_service_desk", address));
        }
        if self.speech.vendor.is_empty() && !self.speech.torn {
            return Err(phrase!("wrong.vendor_text_missing"));
        }
        self.draft.go(Move::Suspend)?;
        if self.draft.ticket.vendor.as_ref() != Some(&address) {
            self.draft.ticket.vendor_reference = None;
        }
        self.draft.ticket.vendor = Some(address.clone());
        self.draft.ticket.vendors.insert(address.clone());
        self.draft.ticket.pending_on = Some(PendingOn::Vendor);
        self.draft.event("vendor", format!("written to {address}"));
        self.done(phrase!("done.waits_for", address))
    }

    fn canned(&mut self, name: &str) -> Done {
        let texts = self.draft.policy().canned.get(name).cloned().unwrap_or_default();
        let language = self.draft.ticket.requester.language.clone();
        let text = texts
            .get(&language)
            .or_else(|| texts.get(&self.draft.policy().service_desk.language))
            .or(texts.values().next());
        // Each would be called by the name of one.
        if text.is_some_and(|t| t.contains("{n") || t.contains("{t"))
            && (self.speech.spread || !self.parts().is_empty())
        {
            return Err(phrase!("wrong.canned_names_requester"));
        }
        let ticket = &self.draft.ticket;
        let filled = [
            ("{name}", ticket.requester.name.as_str()),
            ("{number}", ticket.number.as_str()),
            ("{title}", ticket.title.as_str()),
            ("{agent}", self.agent.name.as_str()),
        ];
        let text = filled.iter().fold(text.cloned().unwrap_or_default(), |text, (key, value)| text.replace(key, value));
        self.speech.put_before(text.trim());
        self.draft.event("canned", name.to_owned());
        self.done(phrase!("done.canned", name))
    }

    fn requester(&mut self, who: &Address) -> Done {
        let (policy, address) = (self.draft.policy(), &who.address);
        if policy.is_own_address(address) || self.draft.ticket.vendors.contains(address) {
            return Err(phrase!("wrong.not_a_requester", address));
        }
        // What was said to somebody else is not repeated to them.
        self.draft.ticket.last_answer.text.clear();
        let language = self.draft.ticket.requester.language.clone();
        // Notifications to them refer to nothing that was another's.
        self.draft.ticket.root_message_id = None;
        self.draft.ticket.last_public_id = None;
        self.draft.ticket.requester = Person { address: address.to_owned(), name: who.name.clone(), language };
        if !self.draft.ticket.participants.contains(address) {
            self.draft.ticket.participants.push(address.to_owned());
        }
        self.draft.event("requester", format!("now {address}"));
        self.done(phrase!("done.requester", address))
    }
}

pub(super) fn dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

/// That an agent says that they are away, or back: whom it is told, and what they hear.
pub(super) fn absent(agent: &Agent, until: Option<Millis>, policy: &Policy) -> (Absence, Vec<Notification>, Phrase) {
    let address = agent.address.clone();
    match until {
        Some(until) => {
            let said = phrase!("done.away", day = Value::Day(until));
            (Absence { address, until, said: true }, absence::notices(agent, Some(until), policy), said)
        }
        None => (Absence::over(&address), Vec::new(), phrase!("done.back")),
    }
}
