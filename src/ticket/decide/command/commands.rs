//! Each command, carried out on the copy.

use super::Acting;
use crate::clock::spoken;
use crate::ticket::command::{Command, silence_deadlines};
use crate::ticket::decide::hold::denied;
use crate::ticket::decide::people::person;
use crate::ticket::decide::reply::conversation;
use crate::ticket::life::Move;
use crate::ticket::policy::{Policy, Role};
use crate::ticket::rights::{Action, may};
use crate::ticket::words::{
    DeadlineKind, Listing, Notification, NotificationKind, PendingOn, Person, Status, Words, words,
};

/// Whether a command was carried out, or why not.
pub(super) type Done = Result<(), Words>;

impl<'a> Acting<'a> {
    /// Whether the writer may do that.
    pub(super) fn permit(&self, command: &Command) -> Done {
        let wanted = command.row().right.ok_or_else(|| {
            words!(
                "seul le demandeur peut le dire ; pour vous c'est #résoudre",
                "only the requester can say so; for you it is #resolve"
            )
        })?;
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
            Command::Category(name) => self.topic("category", name.as_deref()),
            Command::Service(name) => self.topic("service", name.as_deref()),
            Command::Type(name) => self.topic("type", name.as_deref()),
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
                    return Err(words!(
                        "personne n'a été ajouté : déjà dans la conversation, de l'équipe, prestataire du ticket, ou il n'y a plus de place",
                        "nobody was added: in the conversation already, of the service desk, a vendor of the ticket, or there is no room"
                    ));
                }
                self.done(words!("En copie : {all}.", "In copy: {all}."))
            }
            Command::Uncc(people) => {
                conversation::remove(&mut self.draft, people)?;
                let all = people.join(", ");
                self.done(words!("Plus en copie : {all}.", "No longer in copy: {all}."))
            }
            Command::Vendor(to) => self.vendor(to.as_deref()),
            Command::Canned(name) => self.canned(name),
            Command::Kb(tags) => self.article(tags),
            Command::Requester(address) => self.requester(address),
            Command::PostMortem => self.post_mortem(),
            Command::Undo => self.undo(),
            Command::List(listing) => self.view(NotificationKind::Listing, Some(*listing)),
            Command::Show | Command::Progress => self.view(NotificationKind::Show, None),
            Command::Why => self.view(NotificationKind::Reasons, None),
            Command::Help => self.view(NotificationKind::Help, None),
            // What the text is was settled before; the others are a requester's.
            Command::Note | Command::Public | Command::Send => Ok(()),
            Command::Solved(_) | Command::Unsolved(_) | Command::Rate(..) | Command::Recommend(_) => Ok(()),
        }
    }

    pub(super) fn done(&mut self, what: Words) -> Done {
        self.draft.done.push(what);
        Ok(())
    }

    fn view(&mut self, kind: NotificationKind, listing: Option<Listing>) -> Done {
        if self.draft.case.intake.operator {
            return Err(words!(
                "au terminal : guichet ticket list, show et history, ou guichet why",
                "at the terminal: guichet ticket list, show and history, or guichet why"
            ));
        }
        let cause = listing.map(|l| format!("{l:?}")).unwrap_or_default();
        self.views.push(Notification { listing, cause, ..Notification::new(kind, person(self.agent)) });
        Ok(())
    }

    fn take(&mut self) -> Done {
        if self.draft.case.intake.operator {
            return Err(words!("donnez-le à quelqu'un : #assigner QUI", "give it to somebody: #assign WHO"));
        }
        let fresh = self.draft.ticket.assignee.is_none();
        self.draft.go(Move::Take)?;
        self.draft.ticket.assignee = Some(self.agent.address.clone());
        self.draft.event("assigned", format!("taken by {}", self.agent.address));
        if fresh || self.draft.before.status == Status::Escalated {
            self.draft.tell(NotificationKind::Taken);
        }
        self.done(words!("Le ticket est à vous.", "The ticket is yours."))
    }

    fn assign(&mut self, to: &str) -> Done {
        let Some(colleague) = self.draft.policy().agent(to) else {
            self.draft.ticket.assignee = None;
            self.draft.event("assigned", "to nobody");
            return self.done(words!("Le ticket n'est plus attribué.", "The ticket is nobody's now."));
        };
        if to == self.agent.address {
            return self.take();
        }
        let name = colleague.name.clone();
        let serves = colleague.queues.contains(&self.draft.ticket.queue);
        if !serves || colleague.roles.iter().all(|r| *r == Role::Approver) {
            return Err(words!(
                "{name} ne traite pas les demandes de cette file",
                "{name} does not work on tickets of this queue"
            ));
        }
        self.draft.go(Move::Take)?;
        let to = person(colleague);
        self.draft.ticket.assignee = Some(colleague.address.clone());
        self.draft.event("assigned", format!("to {}", colleague.address));
        self.draft.notifications.push(Notification::new(NotificationKind::Assigned, to).with_all());
        if self.draft.before.status == Status::New {
            self.draft.tell(NotificationKind::Taken);
        }
        self.done(words!("Le ticket est à {name}.", "The ticket is {name}'s."))
    }

    fn priority(&mut self, code: &str) -> Done {
        let was = std::mem::replace(&mut self.draft.ticket.priority, code.to_owned());
        self.draft.event("priority", format!("{was} → {code}"));
        self.done(words!("Priorité {was} → {code}.", "Priority {was} → {code}."))
    }

    fn topic(&mut self, what: &'static str, name: Option<&str>) -> Done {
        let (policy, language) = (self.draft.policy(), self.agent.language.clone());
        let ticket = &mut self.draft.ticket;
        let (place, topics) = match what {
            "category" => (&mut ticket.category, &policy.categories),
            "service" => (&mut ticket.service, &policy.services),
            _ => (&mut ticket.kind, &policy.types),
        };
        let was = std::mem::replace(place, name.map(ToOwned::to_owned));
        let label = Policy::topic_label(topics, name, &language);
        self.draft
            .event(what, format!("{} → {}", dash(was.as_deref().unwrap_or_default()), dash(name.unwrap_or_default())));
        let label = dash(&label);
        let fr = match what {
            "category" => "Catégorie",
            "service" => "Service",
            _ => "Type",
        };
        self.done(words!("{fr} : {label}.", "{what}: {label}."))
    }

    fn tag(&mut self, on: &[String], off: &[String]) -> Done {
        let ticket = &mut self.draft.ticket;
        ticket.tags.extend(on.iter().cloned());
        ticket.tags.retain(|t| !off.contains(t));
        let all = dash(&ticket.tags.iter().cloned().collect::<Vec<_>>().join(" ")).to_owned();
        self.draft.event("tags", all.clone());
        self.done(words!("Étiquettes : {all}.", "Tags: {all}."))
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
        self.done(words!("Le travail reprend.", "Work goes on."))
    }

    fn reopen(&mut self) -> Done {
        self.draft.go(Move::Reopen)?;
        self.draft.tell(NotificationKind::Reopened);
        self.done(words!("Le ticket est rouvert.", "The ticket is open again."))
    }

    fn pending(&mut self, on: PendingOn, until: Option<i64>, why: &str) -> Done {
        if on == PendingOn::Vendor && self.draft.ticket.vendor.is_none() {
            return Err(words!(
                "aucun prestataire n'est connu : nommez-le avec #prestataire",
                "no vendor is known: name one with #vendor"
            ));
        }
        self.draft.go(Move::Suspend)?;
        self.draft.ticket.pending_on = Some(on);
        if on == PendingOn::Requester {
            self.wait_for_requester();
        }
        if !why.is_empty() {
            self.draft.event("pending", why.to_owned());
        }
        let zone = self.draft.policy().service_desk.time_zone.clone();
        let date = |language| until.map(|at| spoken(at, &zone, language)).unwrap_or_default();
        let (le, on_date) = (date("fr"), date("en"));
        if let Some(at) = until {
            self.draft.ticket.deadlines.insert(DeadlineKind::Wake, at);
        }
        self.draft.tell(NotificationKind::Pending);
        let (told, done) = match on {
            PendingOn::Requester => (
                words!("Nous attendons votre réponse pour continuer.", "We wait for your answer to go on."),
                words!("En attente du demandeur.", "Waiting for the requester."),
            ),
            PendingOn::Vendor => (
                words!("Nous attendons une réponse de notre prestataire.", "We wait for an answer of our vendor."),
                words!("En attente du prestataire.", "Waiting for the vendor."),
            ),
            PendingOn::Date => (
                words!("Nous la reprendrons le {le}.", "We take it up again on {on_date}."),
                words!("En attente jusqu'au {le}.", "Waiting until {on_date}."),
            ),
        };
        self.draft.told.push(told);
        self.done(done)
    }

    fn ask(&mut self) -> Done {
        if self.speech.public.is_empty() {
            return Err(words!("écrivez votre question sous #demander", "write your question below #ask"));
        }
        self.draft.go(Move::Suspend)?;
        self.draft.ticket.pending_on = Some(PendingOn::Requester);
        self.wait_for_requester();
        self.draft.tell(NotificationKind::Question);
        self.done(words!("Question posée ; en attente de la réponse.", "Asked; waiting for the answer."))
    }

    /// Their time begins anew.
    fn wait_for_requester(&mut self) {
        for (kind, at) in silence_deadlines(self.draft.policy(), self.draft.now()) {
            self.draft.ticket.deadlines.extend(at.map(|at| (kind, at)));
        }
    }

    fn escalate(&mut self, level: Option<i64>, why: &str) -> Done {
        let now = self.draft.ticket.level.max(1);
        let level = level.unwrap_or(now + 1);
        let policy = self.draft.policy();
        let people = policy.at_level(&self.draft.ticket.queue, level);
        if level == now {
            return Err(words!("le ticket est déjà au niveau N{level}", "the ticket is at level L{level} already"));
        }
        if people.is_empty() {
            let queue = &self.draft.ticket.queue;
            return Err(words!(
                "personne n'est au niveau N{level} de {queue}",
                "nobody is at level L{level} of {queue}"
            ));
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
        self.done(words!(
            "Transmis au niveau N{level} ({names}) avec sa fiche.",
            "Handed to level L{level} ({names}) with its handover form."
        ))
    }

    fn broadcast(&mut self, to: &[String]) -> Done {
        if self.speech.public.is_empty() {
            return Err(words!("écrivez le message sous #diffuser", "write the message below #broadcast"));
        }
        let message = self.public_message(&self.speech.public);
        conversation::broadcast(&mut self.draft, to, &message)
    }

    fn vendor(&mut self, to: Option<&str>) -> Done {
        let Some(address) = to.map(ToOwned::to_owned).or_else(|| self.draft.ticket.vendor.clone()) else {
            return Err(words!("à quel prestataire ? #prestataire adresse", "which vendor? #vendor address"));
        };
        if self.draft.ticket.participants.contains(&address) {
            return Err(words!("{address} est du côté du demandeur", "{address} is on the requester's side"));
        }
        if self.draft.policy().is_own_address(&address) || self.draft.policy().agent(&address).is_some() {
            return Err(words!("{address} est de l'équipe", "{address} is of the service desk"));
        }
        if self.speech.vendor.is_empty() && !self.speech.torn {
            return Err(words!("écrivez au prestataire sous cette ligne", "write to the vendor below this line"));
        }
        self.draft.go(Move::Suspend)?;
        if self.draft.ticket.vendor.as_ref() != Some(&address) {
            self.draft.ticket.vendor_reference = None;
        }
        self.draft.ticket.vendor = Some(address.clone());
        self.draft.ticket.vendors.insert(address.clone());
        self.draft.ticket.pending_on = Some(PendingOn::Vendor);
        self.draft.event("vendor", format!("written to {address}"));
        self.done(words!("En attente de {address}.", "Waiting for {address}."))
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
            return Err(words!(
                "une réponse type qui nomme le demandeur ne se diffuse pas",
                "a canned answer that names the requester cannot go to many"
            ));
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
        self.done(words!("Réponse type « {name} ».", "Canned answer \"{name}\"."))
    }

    fn requester(&mut self, address: &str) -> Done {
        let policy = self.draft.policy();
        if policy.is_own_address(address) || self.draft.ticket.vendors.contains(address) {
            return Err(words!(
                "{address} est une adresse du service, ou d'un prestataire de ce ticket",
                "{address} is an address of the service desk, or of a vendor of this ticket"
            ));
        }
        // What was said to somebody else is not repeated to them.
        self.draft.ticket.last_answer.text.clear();
        let language = self.draft.ticket.requester.language.clone();
        // Notifications to them refer to nothing that was another's.
        self.draft.ticket.root_message_id = None;
        self.draft.ticket.last_public_id = None;
        self.draft.ticket.requester = Person { address: address.to_owned(), name: String::new(), language };
        if !self.draft.ticket.participants.iter().any(|p| p == address) {
            self.draft.ticket.participants.push(address.to_owned());
        }
        self.draft.event("requester", format!("now {address}"));
        self.done(words!("Le demandeur est {address}.", "The requester is {address}."))
    }
}

fn dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}
