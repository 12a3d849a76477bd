//! What administrators decided, as plain checked values. `settings` fills it from the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::called::Commands;
use super::caps::Caps;
use super::field::FieldRule;
use super::flood::IntakeLimits;
use super::queue::{Queue, Retired};
use super::sla::{Length, Slas};
use super::token::Token;
use super::words::{Status, TicketView};
use crate::clock::Millis;
use crate::mail::{Familiar, Limits, fold};

/// The whole policy of a service desk.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The service desk itself.
    pub service_desk: ServiceDesk,
    /// What commands are called in every language.
    pub commands: Arc<Commands>,
    /// Support addresses by name.
    pub queues: BTreeMap<String, Queue>,
    /// People of the service desk by name.
    pub agents: BTreeMap<String, Agent>,
    /// Teams that tickets can be given to.
    pub teams: Vec<Team>,
    /// Priorities, most urgent first.
    pub priorities: Vec<PriorityRule>,
    /// Where in a subject a priority's tag is looked for.
    pub tag_forms: TagForms,
    /// By mailbox: whose `Authentication-Results` are believed, lower case. Absent: nobody's.
    pub authserv_ids: BTreeMap<String, String>,
    /// Bounds of what is read.
    pub limits: Limits,
    /// Bounds of what is sent.
    pub caps: Caps,
    /// Bounds of what is taken in within an hour.
    pub intake: IntakeLimits,
    /// Fields that can be asked for.
    pub fields: Vec<FieldRule>,
    /// How long nothing is written to an address that refused a notification for good, in milliseconds.
    pub undeliverable_for: Millis,
    /// Categories a ticket may have.
    pub categories: Vec<Topic>,
    /// The catalogue of services.
    pub services: Vec<Topic>,
    /// Types of tickets (incident, request…).
    pub types: Vec<Topic>,
    /// Answers that are called by name: the text by language.
    pub canned: BTreeMap<String, BTreeMap<String, String>>,
    /// People a message can be spread to, by the name of the audience.
    pub audiences: BTreeMap<String, Vec<String>>,
    /// Addresses that are not used any more.
    pub retired: Vec<Retired>,
    /// Times and words of a ticket's life.
    pub life: Life,
    /// Service levels.
    pub slas: Slas,
    /// Whom the service desk knows, so that it can tell who only looks like them.
    pub familiar: Familiar,
}

/// The level of the operator, who sits at the machine: above all.
pub(crate) const OPERATOR_LEVEL: u8 = u8::MAX;

/// A category, a service or a type: what leads to it, and where it leads.
#[derive(Debug, Clone, Default)]
pub struct Topic {
    /// Its name in the configuration.
    pub name: String,
    /// Its name in notifications, by language.
    pub label: BTreeMap<String, String>,
    /// Words of subject or text that lead to it, in the form of [`crate::mail::fold`].
    pub words: Vec<String>,
    /// A support address of its own; may be empty.
    pub address: String,
    /// Name of the queue that takes mail to that address.
    pub queue: String,
    /// Addresses of the agents who deal with it, in turn.
    pub people: Vec<String>,
    /// Addresses of those who have to approve it first.
    pub approvers: Vec<String>,
    /// Category of its tickets; may be empty.
    pub category: String,
    /// Type of its tickets; may be empty.
    pub kind: String,
    /// Priority of its tickets where the subject names none; may be empty.
    pub priority: String,
    /// Level its tickets begin at; 0 for the first.
    pub level: u8,
    /// Name of the team that gets its tickets; may be empty.
    pub team: String,
    /// The service it is part of; may be empty.
    pub parent: String,
    /// Whether only its own people may know of its tickets.
    pub confidential: bool,
}

impl Topic {
    /// What leads nowhere.
    pub(crate) const fn none() -> Self {
        Self {
            name: String::new(),
            label: BTreeMap::new(),
            words: Vec::new(),
            address: String::new(),
            queue: String::new(),
            people: Vec::new(),
            approvers: Vec::new(),
            category: String::new(),
            kind: String::new(),
            priority: String::new(),
            level: 0,
            team: String::new(),
            parent: String::new(),
            confidential: false,
        }
    }
}

/// Times and words of a ticket's life.
#[derive(Debug, Clone)]
pub struct Life {
    /// When a question that waits is brought to mind, counted from the question.
    pub remind: Vec<Millis>,
    /// When a ticket whose requester keeps silent is closed, counted from the question.
    pub silence: Millis,
    /// When a resolved ticket that nobody contradicts is closed.
    pub confirm: Millis,
    /// Answers of two agents within this time: the second is asked first.
    pub collision: Millis,
    /// How long an answer waits that no command made public, so that its writer can hold it back.
    pub agent_reply_delay: Millis,
    /// When what nobody moves is brought to mind.
    pub forgotten: Forgotten,
    /// When digests that agents chose are sent, in the order of the day.
    pub digest_at: Vec<jiff::civil::Time>,
    /// When a corrective action is due that names no date, counted from the post-mortem.
    pub action_within: Millis,
    /// How often an action that is due is brought to mind.
    pub action_again: Millis,
    /// How long a notification proves who answers it.
    pub proof: Millis,
    /// Words an email of thanks is made of, in the form of [`crate::mail::fold`].
    pub thanks: Vec<String>,
    /// Whether a closing notification asks how likely the service desk would be recommended.
    pub recommend: bool,
    /// Most people on the requester's side of a ticket.
    pub participants: usize,
    /// Most commands in one email.
    pub commands: usize,
    /// Most people one message is spread to.
    pub recipients: usize,
}

/// Within what working time something is to happen, before it is brought to mind; none: never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// An approval is given or refused.
    pub approval: Option<Length>,
    /// A vendor answers.
    pub vendor: Option<Length>,
    /// Somebody takes what is nobody's.
    pub unassigned: Option<Length>,
    /// Whoever has it answers what the requester wrote.
    pub unanswered: Option<Length>,
    /// Whoever has it does anything.
    pub untouched: Option<Length>,
}

/// The service desk as notifications present it.
#[derive(Debug, Clone)]
pub struct ServiceDesk {
    /// Name in notifications.
    pub name: String,
    /// Language where a person's own is not known.
    pub language: String,
    /// Title of a ticket whose email has neither a subject nor a text.
    pub no_subject: String,
    /// What the subject of an email is called.
    pub subject: String,
    /// Languages there are templates for.
    pub languages: Vec<String>,
    /// Zone in which times are shown.
    pub time_zone: TimeZone,
    /// What becomes of an email that is sent to several of the service desk's addresses.
    pub several_queues: SeveralQueues,
}

/// What becomes of an email that is sent to several queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeveralQueues {
    /// One ticket; the people of the other queues are told.
    One,
    /// A ticket in each queue.
    Each,
}

/// Someone of the service desk.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Address, in the form of [`crate::mail::key`].
    pub address: String,
    /// Name as colleagues and requesters read it.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// Names of the queues they serve.
    pub queues: Vec<String>,
    /// Level of support, from 1.
    pub level: u8,
    /// Language they are written to in.
    pub language: String,
    /// What they hear of.
    pub notify: Notify,
    /// Address of the agent who stands in for them.
    pub deputy: Option<String>,
    /// Whether they are away now, and how that is known. It is no setting: `work::absences` keeps it.
    pub away: Option<Away>,
}

/// How it is known that an agent is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Away {
    /// They said so.
    Said,
    /// Their mail program answered, or their address is gone: any email of theirs ends it.
    Seen,
}

/// What an agent hears of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// What happens in their queues, whoever has it.
    All,
    /// What concerns them: what is theirs, and what is nobody's.
    #[default]
    Mine,
    /// As `All`, collected: a few times a day, but for what cannot wait.
    Digest,
}

/// Agents to whom a ticket can be given together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Team {
    /// Its name in the configuration.
    pub name: String,
    /// Its name in notifications, by language.
    pub label: BTreeMap<String, String>,
    /// Addresses of its agents.
    pub members: Vec<String>,
}

impl Team {
    /// Its name in a language.
    #[must_use]
    pub fn label(&self, language: &str) -> String {
        self.label.get(language).or_else(|| self.label.get("en")).unwrap_or(&self.name).clone()
    }
}

/// What an agent may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Receives what arrives, answers, dispatches.
    Moderator,
    /// Works on tickets.
    Technician,
    /// Says yes or no before a ticket opens.
    Approver,
    /// Tunes templates and rules.
    Administrator,
}

/// A priority: its code, its names, and the words in a subject that ask for it.
#[derive(Debug, Clone)]
pub struct PriorityRule {
    /// Code (`P1`).
    pub code: String,
    /// Name by language.
    pub label: BTreeMap<String, String>,
    /// Words that ask for it, in the form of [`crate::mail::fold`].
    pub tags: Vec<String>,
}

/// Where in a subject a priority's tag is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagForms {
    /// `[P1]` anywhere.
    pub brackets: bool,
    /// `URGENT: …` at the start.
    pub prefix: bool,
    /// The bare word anywhere.
    pub bare: bool,
}

impl Policy {
    /// The Message-IDs that the notification with this token may have: one a domain of the service desk.
    #[must_use]
    pub(crate) fn message_ids(&self, token: &Token) -> Vec<String> {
        let domains = self.queues.values().filter_map(|q| q.address.split_once('@')).map(|(_, domain)| domain);
        let domains: BTreeSet<&str> = domains.collect();
        domains.into_iter().map(|domain| token.message_id(domain)).collect()
    }

    /// The queue an email belongs to: the one it is addressed to, else the mailbox's first.
    #[must_use]
    pub(crate) fn queue_for<'a>(&self, mailbox: &str, addresses: impl Iterator<Item = &'a str>) -> Option<&Queue> {
        let here: Vec<&Queue> = self.queues.values().filter(|q| q.mailbox == mailbox).collect();
        let named = addresses.filter_map(|address| self.queue_at(mailbox, address)).next();
        named.or(here.first().copied())
    }

    /// The queue of a mailbox that takes mail to this address: its own, or that of one of its services.
    fn queue_at(&self, mailbox: &str, address: &str) -> Option<&Queue> {
        let plain = without_detail(address);
        let here = |q: &&Queue| q.mailbox == mailbox;
        let own = self.queues.values().filter(here).find(|q| q.address == plain);
        let service = || self.services.iter().find(|s| s.address == plain).and_then(|s| self.queues.get(&s.queue));
        let retired = || self.retired.iter().find(|r| r.address == plain).and_then(|r| self.queues.get(&r.queue));
        own.or_else(|| service().filter(here)).or_else(|| retired().filter(here))
    }

    /// Whether this is one of the service desk's own addresses, sub-addresses included.
    #[must_use]
    pub(crate) fn is_own_address(&self, key: &str) -> bool {
        let plain = without_detail(key);
        self.queues.values().any(|q| q.address == plain)
            || self.services.iter().any(|s| s.address == plain)
            || self.retired.iter().any(|r| r.address == plain)
    }

    /// The topic of that name or label, in whatever case and language.
    #[must_use]
    pub(crate) fn topic<'a>(topics: &'a [Topic], word: &str) -> Option<&'a Topic> {
        let word = fold(word.trim());
        topics.iter().find(|t| {
            // A part of a service is called by its own name too.
            let is =
                |label: &String| fold(label) == word || label.rsplit(" › ").next().is_some_and(|l| fold(l) == word);
            fold(&t.name) == word || t.label.values().any(is) || t.words.contains(&word)
        })
    }

    /// Name of a topic in a language; as it is where it is not configured any more.
    #[must_use]
    pub(crate) fn topic_label(topics: &[Topic], name: Option<&str>, language: &str) -> String {
        let Some(name) = name else { return String::new() };
        let label =
            topics.iter().find(|t| t.name == name).and_then(|t| t.label.get(language).or_else(|| t.label.get("en")));
        label.map_or_else(|| name.to_owned(), Clone::clone)
    }

    /// Who has to approve a ticket: those of its service, else those of its queue.
    #[must_use]
    pub fn approvers(&self, ticket: &TicketView) -> &[String] {
        let service =
            self.services.iter().find(|s| Some(&s.name) == ticket.service.as_ref()).map(|s| s.approvers.as_slice());
        let queue = || self.queues.get(&ticket.queue).map(|q| q.approvers.as_slice()).unwrap_or_default();
        service.filter(|a| !a.is_empty()).unwrap_or_else(queue)
    }

    /// Whether this person may approve that ticket: one of those who have to, or who stands in for one.
    #[must_use]
    pub(crate) fn is_approver(&self, address: &str, ticket: &TicketView) -> bool {
        let stands_in = |own: &String| self.agent(own).is_some_and(|agent| agent.deputy.as_deref() == Some(address));
        self.approvers(ticket).iter().any(|own| own == address || stands_in(own))
    }

    /// The agent that somebody means by a name of the configuration, a name or an address.
    #[must_use]
    pub(crate) fn agent_called(&self, word: &str) -> Option<&Agent> {
        let wanted = fold(word.trim().trim_start_matches('@'));
        let named = self.agents.iter().find(|(name, a)| {
            fold(name) == wanted || fold(&a.name) == wanted || a.address == crate::mail::key(word.trim())
        });
        let first = || {
            let mut same = self.agents.values().filter(|a| fold(&a.name).split(' ').next() == Some(wanted.as_str()));
            same.next().filter(|_| same.next().is_none())
        };
        named.map(|(_, a)| a).or_else(first).or_else(|| self.agent_of_parts(&wanted))
    }

    /// The one agent whose name has these words: the last name alone, the last name first, an initial.
    fn agent_of_parts(&self, wanted: &str) -> Option<&Agent> {
        let parts: Vec<&str> = wanted.split([' ', '.']).filter(|part| !part.is_empty()).collect();
        let fits = |agent: &&Agent| {
            let name = fold(&agent.name);
            let own: Vec<&str> = name.split([' ', '-', '\'']).collect();
            let is = |part: &&str| own.iter().any(|word| word == part || (part.len() == 1 && word.starts_with(*part)));
            parts.iter().any(|part| part.len() > 2) && parts.iter().all(is)
        };
        let mut found = self.agents.values().filter(fits);
        found.next().filter(|_| found.next().is_none())
    }

    /// The agents who hear what happens to a ticket: before it opens, who approves it; then who has it; else its team; else the people of its
    /// service; else those of its level; else the queue's. Of what is confidential, its category's people alone.
    #[must_use]
    pub fn concerned(&self, ticket: &TicketView) -> Vec<&Agent> {
        if ticket.status == Status::Approval {
            return self.present(self.approvers(ticket).iter().filter_map(|a| self.agent(a)).collect(), |_| true);
        }
        if let Some(agent) = ticket.assignee.as_ref().and_then(|address| self.agent(address)) {
            let instead =
                agent.deputy.as_deref().filter(|_| agent.away.is_some()).and_then(|address| self.agent(address));
            let instead = instead.filter(|deputy| self.may_see(deputy, ticket));
            return std::iter::once(agent).chain(instead).collect();
        }
        let mine = |people: Vec<&'_ str>| -> Vec<&Agent> {
            let agents = people.into_iter().filter_map(|address| self.agent(address));
            self.present(agents.collect(), |agent| self.may_see(agent, ticket))
        };
        let team = ticket.team.as_deref().and_then(|name| self.team(name));
        let team = mine(team.map(|team| team.members.iter().map(String::as_str).collect()).unwrap_or_default());
        if !team.is_empty() {
            return team;
        }
        let people = mine(self.topics_of(ticket).flat_map(|topic| self.people_of(topic)).collect());
        let confidential = self.is_confidential(ticket);
        if ticket.level > 1 && !confidential {
            let level = self.at_level(&ticket.queue, ticket.level);
            if !level.is_empty() {
                return level;
            }
        } else if !people.is_empty() || confidential {
            return people;
        }
        self.watchers(&ticket.queue)
    }

    /// Those of these agents who are there, as far as they fit; where none is, all of them and whoever stands in for them.
    fn present<'p>(&'p self, agents: Vec<&'p Agent>, fits: impl Fn(&Agent) -> bool) -> Vec<&'p Agent> {
        let there: Vec<&Agent> = agents.iter().copied().filter(|agent| agent.away.is_none() && fits(agent)).collect();
        if !there.is_empty() {
            return there;
        }
        let deputies = agents.iter().filter_map(|agent| self.agent(agent.deputy.as_deref()?));
        let mut all: Vec<&Agent> = Vec::new();
        for agent in agents.iter().copied().chain(deputies).filter(|agent| fits(agent)) {
            if !all.iter().any(|known| known.address == agent.address) {
                all.push(agent);
            }
        }
        all
    }

    /// The service and the category of a ticket.
    fn topics_of<'p>(&'p self, ticket: &'p TicketView) -> impl Iterator<Item = &'p Topic> {
        let service = self.services.iter().filter(|topic| Some(&topic.name) == ticket.service.as_ref());
        service.chain(self.categories.iter().filter(|topic| Some(&topic.name) == ticket.category.as_ref()))
    }

    /// Addresses of those who deal with a topic: its people and its team.
    pub(crate) fn people_of<'p>(&'p self, topic: &'p Topic) -> impl Iterator<Item = &'p str> {
        let team = self.team(&topic.team).into_iter().flat_map(|team| &team.members);
        topic.people.iter().chain(team).map(String::as_str)
    }

    /// The team of that name.
    #[must_use]
    pub fn team(&self, name: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.name == name)
    }

    /// The team that somebody means by its name or one of its labels.
    #[must_use]
    pub(crate) fn team_called(&self, word: &str) -> Option<&Team> {
        let wanted = fold(word.trim());
        let is = |team: &&Team| fold(&team.name) == wanted || team.label.values().any(|label| fold(label) == wanted);
        self.teams.iter().find(is)
    }

    /// The queue that somebody means by its name, its address or its prefix.
    #[must_use]
    pub(crate) fn queue_called(&self, word: &str) -> Option<&Queue> {
        let wanted = fold(word.trim());
        let is =
            |queue: &&Queue| [&queue.name, &queue.address, &queue.prefix].into_iter().any(|own| fold(own) == wanted);
        self.queues.values().find(is)
    }

    /// Whether only the people of its category may know of a ticket.
    #[must_use]
    pub fn is_confidential(&self, ticket: &TicketView) -> bool {
        ticket.category.as_deref().is_some_and(|category| self.is_confidential_category(category))
    }

    /// Whether only a category's own people may know of its tickets.
    #[must_use]
    pub(crate) fn is_confidential_category(&self, category: &str) -> bool {
        self.categories.iter().any(|topic| topic.confidential && topic.name == category)
    }

    /// Whether an agent may know of a ticket.
    #[must_use]
    pub fn may_see(&self, agent: &Agent, ticket: &TicketView) -> bool {
        if !self.is_confidential(ticket) || agent.level == OPERATOR_LEVEL {
            return true;
        }
        let category = self.categories.iter().filter(|topic| Some(&topic.name) == ticket.category.as_ref());
        ticket.is_assigned_to(&agent.address)
            || category.flat_map(|topic| self.people_of(topic)).any(|address| address == agent.address)
    }

    /// The agents who hear of a ticket besides those whom it concerns: they asked for all of their queues.
    #[must_use]
    pub(crate) fn onlookers(&self, ticket: &TicketView) -> Vec<&Agent> {
        let concerned = self.concerned(ticket);
        let all = self.workers(&ticket.queue).into_iter().filter(|agent| agent.notify != Notify::Mine);
        let others = all.filter(|agent| self.may_see(agent, ticket));
        others.filter(|agent| !concerned.iter().any(|known| known.address == agent.address)).collect()
    }

    /// The next level of a queue above another that has people; none above the last.
    #[must_use]
    pub(crate) fn next_level(&self, queue: &str, level: i64) -> Option<i64> {
        let levels = self.workers(queue).into_iter().map(|a| i64::from(a.level));
        levels.filter(|l| *l > level).min()
    }

    /// Everybody of a queue who works on tickets, whatever their level.
    #[must_use]
    pub(crate) fn workers(&self, queue: &str) -> Vec<&Agent> {
        let serves = |a: &&Agent| a.queues.iter().any(|q| q == queue);
        self.agents.values().filter(serves).filter(|a| a.roles.iter().any(|r| *r != Role::Approver)).collect()
    }

    /// The agents of a queue's level.
    #[must_use]
    pub(crate) fn at_level(&self, queue: &str, level: i64) -> Vec<&Agent> {
        self.present(self.workers(queue).into_iter().filter(|a| i64::from(a.level) == level).collect(), |_| true)
    }

    /// The agent with that address.
    #[must_use]
    pub fn agent(&self, key: &str) -> Option<&Agent> {
        self.agents.values().find(|a| a.address == key)
    }

    /// The agents who are told what happens in a queue: its moderators, or, where it has none,
    /// everybody of the lowest level who serves it.
    #[must_use]
    pub(crate) fn watchers(&self, queue: &str) -> Vec<&Agent> {
        let works = |a: &Agent| a.roles.iter().any(|r| *r != Role::Approver);
        let serving = |a: &&Agent| a.queues.iter().any(|q| q == queue) && works(a);
        let moderators: Vec<&Agent> =
            self.agents.values().filter(serving).filter(|a| a.roles.contains(&Role::Moderator)).collect();
        if !moderators.is_empty() {
            return self.present(moderators, |_| true);
        }
        let all: Vec<&Agent> = self.agents.values().filter(serving).collect();
        let lowest = all.iter().map(|a| a.level).min();
        self.present(all.into_iter().filter(|a| Some(a.level) == lowest).collect(), |_| true)
    }

    /// All queues of a mailbox that these addresses name, in their order.
    #[must_use]
    pub(crate) fn queues_named<'a>(&self, mailbox: &str, addresses: impl Iterator<Item = &'a str>) -> Vec<&Queue> {
        let mut found: Vec<&Queue> = Vec::new();
        for address in addresses {
            let named = self.queue_at(mailbox, address);
            found.extend(named.filter(|q| !found.iter().any(|f| f.name == q.name)));
        }
        found
    }

    /// Name of a field in a language; its code where it has none.
    #[must_use]
    pub(crate) fn field_label(&self, code: &str, language: &str) -> String {
        let rule = self.fields.iter().find(|f| f.code == code);
        let label = rule.and_then(|r| r.label.get(language).or_else(|| r.label.get("en")));
        label.map_or_else(|| code.to_owned(), Clone::clone)
    }

    fn field(&self, code: &str) -> Option<&FieldRule> {
        self.fields.iter().find(|field| field.code == code)
    }

    /// Whether a field is asked about a ticket of this kind, from this requester.
    #[must_use]
    pub(crate) fn is_asked(&self, code: &str, ticket: &TicketView) -> bool {
        // What is confidential is no matter of screenshots and versions.
        !self.is_confidential(ticket) && self.field(code).is_none_or(|field| field.only_for.holds(ticket))
    }

    /// Whether a file answers a field: the first one does, and further ones correct nothing.
    #[must_use]
    pub(crate) fn is_file_field(&self, code: &str) -> bool {
        self.field(code).is_some_and(|field| field.is_file)
    }

    /// Whether a field is the requester's own: their name, or what they call the request.
    #[must_use]
    pub(crate) fn is_own_field(&self, code: &str) -> bool {
        code == "name" || self.field(code).is_some_and(|field| field.is_title)
    }

    /// The title that the fields of a request give it.
    #[must_use]
    pub(crate) fn title_field(&self, values: &BTreeMap<String, String>) -> Option<String> {
        self.fields.iter().find_map(|field| field.title(values))
    }

    /// Name of a priority in a language; its code where it has none.
    #[must_use]
    pub(crate) fn priority_label(&self, code: &str, language: &str) -> String {
        let rule = self.priorities.iter().find(|p| p.code == code);
        let label = rule.and_then(|r| r.label.get(language).or_else(|| r.label.get("en")));
        label.map_or_else(|| code.to_owned(), Clone::clone)
    }
}

/// The address without its sub-address: `support+x@d` is `support@d` (RFC 5233).
#[must_use]
pub(crate) fn without_detail(key: &str) -> String {
    match key.split_once('@') {
        Some((local, domain)) => {
            let base = local.split('+').next().unwrap_or(local);
            format!("{base}@{domain}")
        }
        None => key.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A policy that decides nothing.
    pub fn bare() -> Policy {
        Policy {
            service_desk: ServiceDesk {
                name: "Desk".to_owned(),
                language: "fr".to_owned(),
                languages: vec!["fr".to_owned(), "en".to_owned()],
                no_subject: "(sans objet)".to_owned(),
                subject: "Objet".to_owned(),
                time_zone: TimeZone::UTC,
                several_queues: SeveralQueues::One,
            },
            queues: BTreeMap::new(),
            agents: BTreeMap::new(),
            teams: Vec::new(),
            priorities: Vec::new(),
            tag_forms: TagForms { brackets: true, prefix: true, bare: false },
            authserv_ids: BTreeMap::new(),
            limits: Limits::default(),
            caps: Caps { notifications_per_hour: 20, agent_notifications_per_hour: 500 },
            intake: IntakeLimits::default(),
            fields: Vec::new(),
            undeliverable_for: 0,
            categories: Vec::new(),
            services: Vec::new(),
            types: Vec::new(),
            canned: BTreeMap::new(),
            audiences: BTreeMap::new(),
            retired: Vec::new(),
            life: Life {
                remind: Vec::new(),
                silence: 0,
                confirm: 0,
                collision: 0,
                agent_reply_delay: 0,
                forgotten: Forgotten::default(),
                digest_at: Vec::new(),
                action_within: 0,
                action_again: 0,
                proof: 0,
                thanks: Vec::new(),
                recommend: false,
                participants: 10,
                commands: 20,
                recipients: 500,
            },
            slas: Slas::default(),
            familiar: Familiar::default(),
            commands: Arc::new(crate::notify::Templates::built_in().map(|t| t.commands()).unwrap_or_default()),
        }
    }
}
