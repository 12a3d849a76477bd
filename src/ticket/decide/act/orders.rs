//! Each order, carried out on the copy.

use super::super::conversation;
use super::super::held::denied;
use super::super::people::person;
use super::Acting;
use crate::clock::spoken;
use crate::ticket::command::{Order, silence_deadlines};
use crate::ticket::life::Move;
use crate::ticket::policy::{Policy, Role};
use crate::ticket::rights::{Action, may};
use crate::ticket::words::{DeadlineKind, LetterKind, LetterOrder, Listing, PendingOn, Person, Status, Words, words};

/// Whether an order was carried out, or why not.
pub(super) type Done = Result<(), Words>;

/// What an order does, for the table of rights; none for what only requesters say.
fn action(order: &Order) -> Option<Action> {
    Some(match order {
        Order::Take => Action::Take,
        Order::Assign(_) | Order::Cc(_) | Order::Uncc(_) | Order::Requester(_) => Action::Assign,
        Order::Priority(_)
        | Order::Category(_)
        | Order::Service(_)
        | Order::Type(_)
        | Order::Tag(..)
        | Order::Link(_) => Action::Qualify,
        Order::Open | Order::Reopen => Action::Reopen,
        Order::Pending(..) => Action::Suspend,
        Order::Ask(_) | Order::Public | Order::Send | Order::Canned(_) => Action::Answer,
        Order::Escalate(..) => Action::Escalate,
        Order::Resolve(_) | Order::Kb(_) => Action::Resolve,
        Order::Close => Action::Close,
        Order::Reject(_) => Action::Reject,
        Order::Approve => Action::Approve,
        Order::Note | Order::PostMortem | Order::Undo => Action::Note,
        Order::Merge(_) | Order::Split(_) | Order::Parent(_) => Action::Arrange,
        Order::Broadcast(..) => Action::Broadcast,
        Order::Vendor(_) => Action::Vendor,
        Order::List(_) | Order::Show | Order::Why | Order::Help | Order::Progress => Action::Read,
        Order::Solved(_) | Order::Unsolved(_) | Order::Rate(..) | Order::Recommend(_) => return None,
    })
}

impl<'a> Acting<'a> {
    /// Whether the writer may do that.
    pub(super) fn permit(&self, order: &Order) -> Done {
        let wanted = action(order).ok_or_else(|| {
            words!(
                "seul le demandeur peut le dire ; pour vous c'est #résoudre",
                "only the requester can say so; for you it is #resolve"
            )
        })?;
        self.permit_action(wanted)
    }

    pub(super) fn permit_action(&self, wanted: Action) -> Done {
        let ticket = &self.course.before;
        may(self.agent, wanted, ticket, self.course.policy()).map_err(|why| denied(why, ticket))
    }

    pub(super) fn order(&mut self, order: &Order) -> Done {
        match order {
            Order::Take => self.take(),
            Order::Assign(to) => self.assign(to),
            Order::Priority(code) => self.priority(code),
            Order::Category(name) => self.topic("category", name),
            Order::Service(name) => self.topic("service", name),
            Order::Type(name) => self.topic("type", name),
            Order::Tag(on, off) => self.tag(on, off),
            Order::Open => self.open(),
            Order::Reopen => self.reopen(),
            Order::Pending(on, until, why) => self.pending(*on, *until, why),
            Order::Ask(_) => self.ask(),
            Order::Escalate(level, why) => self.escalate(*level, why),
            Order::Resolve(_) => self.resolve(),
            Order::Close => self.close(),
            Order::Reject(_) => self.reject(),
            Order::Approve => self.approve(),
            Order::Merge(number) => conversation::merge(&mut self.course, number),
            Order::Split(title) => {
                let body = self.speech.body.clone();
                conversation::split(&mut self.course, title, &body)
            }
            Order::Link(number) => conversation::link(&mut self.course, number),
            Order::Parent(number) => conversation::parent(&mut self.course, number.as_ref()),
            Order::Broadcast(to, _) => self.broadcast(to),
            Order::Cc(people) => {
                let all = conversation::add(&mut self.course, people).join(", ");
                if all.is_empty() {
                    return Err(words!(
                        "personne n'a été ajouté : déjà dans la conversation, de l'équipe, prestataire du ticket, ou il n'y a plus de place",
                        "nobody was added: in the conversation already, of the desk, a vendor of the ticket, or there is no room"
                    ));
                }
                self.done(words!("En copie : {all}.", "In copy: {all}."))
            }
            Order::Uncc(people) => {
                conversation::remove(&mut self.course, people)?;
                let all = people.join(", ");
                self.done(words!("Plus en copie : {all}.", "No longer in copy: {all}."))
            }
            Order::Vendor(to) => self.vendor(to.as_deref()),
            Order::Canned(name) => self.canned(name),
            Order::Kb(tags) => self.article(tags),
            Order::Requester(address) => self.requester(address),
            Order::PostMortem => self.post_mortem(),
            Order::Undo => self.undo(),
            Order::List(listing) => self.view(LetterKind::Listing, Some(*listing)),
            Order::Show | Order::Progress => self.view(LetterKind::Sheet, None),
            Order::Why => self.view(LetterKind::Reasons, None),
            Order::Help => self.view(LetterKind::Help, None),
            // What the text is was settled before; the others are a requester's.
            Order::Note | Order::Public | Order::Send => Ok(()),
            Order::Solved(_) | Order::Unsolved(_) | Order::Rate(..) | Order::Recommend(_) => Ok(()),
        }
    }

    pub(super) fn done(&mut self, what: Words) -> Done {
        self.course.done.push(what);
        Ok(())
    }

    fn view(&mut self, kind: LetterKind, listing: Option<Listing>) -> Done {
        if self.course.case.intake.operator {
            return Err(words!(
                "au terminal : guichet ticket list, show et history, ou guichet why",
                "at the terminal: guichet ticket list, show and history, or guichet why"
            ));
        }
        let cause = listing.map(|l| format!("{l:?}")).unwrap_or_default();
        self.views.push(LetterOrder { listing, cause, ..LetterOrder::new(kind, person(self.agent)) });
        Ok(())
    }

    fn take(&mut self) -> Done {
        if self.course.case.intake.operator {
            return Err(words!("donnez-le à quelqu'un : #assigner QUI", "give it to somebody: #assign WHO"));
        }
        let fresh = self.course.ticket.assignee.is_empty();
        self.course.go(Move::Take)?;
        self.course.ticket.assignee.clone_from(&self.agent.address);
        self.course.event("assigned", format!("taken by {}", self.agent.address));
        if fresh || self.course.before.status == Status::Escalated {
            self.course.tell(LetterKind::Taken);
        }
        self.done(words!("Le ticket est à vous.", "The ticket is yours."))
    }

    fn assign(&mut self, to: &str) -> Done {
        let Some(colleague) = self.course.policy().agent(to) else {
            self.course.ticket.assignee.clear();
            self.course.event("assigned", "to nobody");
            return self.done(words!("Le ticket n'est plus attribué.", "The ticket is nobody's now."));
        };
        if to == self.agent.address {
            return self.take();
        }
        let name = colleague.name.clone();
        let serves = colleague.queues.contains(&self.course.ticket.queue);
        if !serves || colleague.roles.iter().all(|r| *r == Role::Approver) {
            return Err(words!(
                "{name} ne traite pas les demandes de cette file",
                "{name} does not work on tickets of this queue"
            ));
        }
        self.course.go(Move::Take)?;
        let to = person(colleague);
        self.course.ticket.assignee.clone_from(&colleague.address);
        self.course.event("assigned", format!("to {}", colleague.address));
        self.course.letters.push(LetterOrder::new(LetterKind::Assigned, to).with_all());
        if self.course.before.status == Status::New {
            self.course.tell(LetterKind::Taken);
        }
        self.done(words!("Le ticket est à {name}.", "The ticket is {name}'s."))
    }

    fn priority(&mut self, code: &str) -> Done {
        let was = std::mem::replace(&mut self.course.ticket.priority, code.to_owned());
        self.course.event("priority", format!("{was} → {code}"));
        self.done(words!("Priorité {was} → {code}.", "Priority {was} → {code}."))
    }

    fn topic(&mut self, what: &'static str, name: &str) -> Done {
        let (policy, language) = (self.course.policy(), self.agent.language.clone());
        let ticket = &mut self.course.ticket;
        let (place, topics) = match what {
            "category" => (&mut ticket.category, &policy.categories),
            "service" => (&mut ticket.service, &policy.services),
            _ => (&mut ticket.kind, &policy.types),
        };
        let was = std::mem::replace(place, name.to_owned());
        let label = Policy::topic_label(topics, name, &language);
        self.course.event(what, format!("{} → {}", dash(&was), dash(name)));
        let label = dash(&label);
        let fr = match what {
            "category" => "Catégorie",
            "service" => "Service",
            _ => "Type",
        };
        self.done(words!("{fr} : {label}.", "{what}: {label}."))
    }

    fn tag(&mut self, on: &[String], off: &[String]) -> Done {
        let ticket = &mut self.course.ticket;
        ticket.tags.extend(on.iter().cloned());
        ticket.tags.retain(|t| !off.contains(t));
        let all = dash(&ticket.tags.iter().cloned().collect::<Vec<_>>().join(" ")).to_owned();
        self.course.event("tags", all.clone());
        self.done(words!("Étiquettes : {all}.", "Tags: {all}."))
    }

    fn open(&mut self) -> Done {
        let step = match self.course.ticket.status {
            Status::Pending => Move::Wake,
            Status::Resolved => Move::Reopen,
            _ => Move::Take,
        };
        self.course.go(step)?;
        if step == Move::Reopen {
            self.course.tell(LetterKind::Reopened);
        }
        self.done(words!("Le travail reprend.", "Work goes on."))
    }

    fn reopen(&mut self) -> Done {
        self.course.go(Move::Reopen)?;
        self.course.tell(LetterKind::Reopened);
        self.done(words!("Le ticket est rouvert.", "The ticket is open again."))
    }

    fn pending(&mut self, on: PendingOn, until: Option<i64>, why: &str) -> Done {
        if on == PendingOn::Vendor && self.course.ticket.vendor.is_empty() {
            return Err(words!(
                "aucun prestataire n'est connu : nommez-le avec #prestataire",
                "no vendor is known: name one with #vendor"
            ));
        }
        self.course.go(Move::Suspend)?;
        self.course.ticket.pending_on = Some(on);
        if on == PendingOn::Requester {
            self.wait_for_requester();
        }
        if !why.is_empty() {
            self.course.event("pending", why.to_owned());
        }
        let zone = self.course.policy().desk.time_zone.clone();
        let date = |language| until.map(|at| spoken(at, &zone, language)).unwrap_or_default();
        let (le, on_date) = (date("fr"), date("en"));
        if let Some(at) = until {
            self.course.ticket.deadlines.insert(DeadlineKind::Wake, at);
        }
        self.course.tell(LetterKind::Pending);
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
        self.course.told.push(told);
        self.done(done)
    }

    fn ask(&mut self) -> Done {
        if self.speech.public.is_empty() {
            return Err(words!("écrivez votre question sous #demander", "write your question below #ask"));
        }
        self.course.go(Move::Suspend)?;
        self.course.ticket.pending_on = Some(PendingOn::Requester);
        self.wait_for_requester();
        self.course.tell(LetterKind::Question);
        self.done(words!("Question posée ; en attente de la réponse.", "Asked; waiting for the answer."))
    }

    /// Their time begins anew.
    fn wait_for_requester(&mut self) {
        for (kind, at) in silence_deadlines(self.course.policy(), self.course.now()) {
            self.course.ticket.deadlines.extend(at.map(|at| (kind, at)));
        }
    }

    fn escalate(&mut self, level: Option<i64>, why: &str) -> Done {
        let now = self.course.ticket.level.max(1);
        let level = level.unwrap_or(now + 1);
        let policy = self.course.policy();
        let people = policy.at_level(&self.course.ticket.queue, level);
        if level == now {
            return Err(words!("le ticket est déjà au niveau N{level}", "the ticket is at level N{level} already"));
        }
        if people.is_empty() {
            let queue = &self.course.ticket.queue;
            return Err(words!(
                "personne n'est au niveau N{level} de {queue}",
                "nobody is at level N{level} of {queue}"
            ));
        }
        self.course.go(Move::Escalate)?;
        self.course.ticket.level = level;
        self.course.ticket.assignee.clear();
        let why = if why.is_empty() { self.speech.internal.clone() } else { why.to_owned() };
        self.course.event("escalated", format!("N{now} → N{level} {why}").trim().to_owned());
        let names: Vec<&str> = people.iter().map(|a| a.name.as_str()).collect();
        let names = names.join(", ");
        let letters = people
            .iter()
            .map(|a| LetterOrder { why: why.clone(), ..LetterOrder::new(LetterKind::Escalation, person(a)) });
        self.course.letters.extend(letters.collect::<Vec<_>>());
        self.done(words!(
            "Transmis au niveau N{level} ({names}) avec sa fiche.",
            "Handed to level N{level} ({names}) with its sheet."
        ))
    }

    fn broadcast(&mut self, to: &[String]) -> Done {
        if self.speech.public.is_empty() {
            return Err(words!("écrivez le message sous #diffuser", "write the message below #broadcast"));
        }
        let message = self.public_message(&self.speech.public);
        conversation::broadcast(&mut self.course, to, &message)
    }

    fn vendor(&mut self, to: Option<&str>) -> Done {
        let address = to.unwrap_or(&self.course.ticket.vendor).to_owned();
        if address.is_empty() {
            return Err(words!("à quel prestataire ? #prestataire adresse", "which vendor? #vendor address"));
        }
        if self.course.ticket.participants.contains(&address) {
            return Err(words!("{address} est du côté du demandeur", "{address} is on the requester's side"));
        }
        if self.course.policy().is_own_address(&address) || self.course.policy().agent(&address).is_some() {
            return Err(words!("{address} est de l'équipe", "{address} is of the desk"));
        }
        if self.speech.vendor.is_empty() && !self.speech.torn {
            return Err(words!("écrivez au prestataire sous cette ligne", "write to the vendor below this line"));
        }
        self.course.go(Move::Suspend)?;
        if self.course.ticket.vendor != address {
            self.course.ticket.vendor_reference.clear();
        }
        self.course.ticket.vendor.clone_from(&address);
        self.course.ticket.vendors.insert(address.clone());
        self.course.ticket.pending_on = Some(PendingOn::Vendor);
        self.course.event("vendor", format!("written to {address}"));
        self.done(words!("En attente de {address}.", "Waiting for {address}."))
    }

    fn canned(&mut self, name: &str) -> Done {
        let texts = self.course.policy().canned.get(name).cloned().unwrap_or_default();
        let language = self.course.ticket.requester.language.clone();
        let text =
            texts.get(&language).or_else(|| texts.get(&self.course.policy().desk.language)).or(texts.values().next());
        // Each would be called by the name of one.
        if text.is_some_and(|t| t.contains("{n") || t.contains("{t"))
            && (self.speech.spread || !self.parts().is_empty())
        {
            return Err(words!(
                "une réponse type qui nomme le demandeur ne se diffuse pas",
                "a canned answer that names the requester cannot go to many"
            ));
        }
        let ticket = &self.course.ticket;
        let filled = [
            ("{name}", ticket.requester.name.as_str()),
            ("{number}", ticket.number.as_str()),
            ("{title}", ticket.title.as_str()),
            ("{agent}", self.agent.name.as_str()),
        ];
        let text = filled.iter().fold(text.cloned().unwrap_or_default(), |text, (key, value)| text.replace(key, value));
        self.speech.put_before(text.trim());
        self.course.event("canned", name.to_owned());
        self.done(words!("Réponse type « {name} ».", "Canned answer \"{name}\"."))
    }

    fn requester(&mut self, address: &str) -> Done {
        let policy = self.course.policy();
        if policy.is_own_address(address) || self.course.ticket.vendors.contains(address) {
            return Err(words!(
                "{address} est une adresse du service, ou d'un prestataire de ce ticket",
                "{address} is an address of the desk, or of a vendor of this ticket"
            ));
        }
        // What was said to somebody else is not repeated to them.
        self.course.ticket.last_answer.text.clear();
        let language = self.course.ticket.requester.language.clone();
        // Letters to them refer to nothing that was another's.
        self.course.ticket.root_message_id.clear();
        self.course.ticket.last_public_id.clear();
        self.course.ticket.requester = Person { address: address.to_owned(), name: String::new(), language };
        if !self.course.ticket.participants.iter().any(|p| p == address) {
            self.course.ticket.participants.push(address.to_owned());
        }
        self.course.event("requester", format!("now {address}"));
        self.done(words!("Le demandeur est {address}.", "The requester is {address}."))
    }
}

fn dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}
