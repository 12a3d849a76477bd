//! Who works at the service desk, and what each queue takes.

use std::collections::BTreeMap;

use super::checker::{Check, list};
use super::raw::{self, Raw};
use crate::mail::{fold, key};
use crate::ticket::{Acknowledge, Agent, AgentReply, PriorityRule, Queue, ReplyTo, Retired, ServiceDesk, Team, Topic};

impl Check<'_> {
    /// Addresses of the agents that a list names.
    pub(super) fn people(&mut self, key_name: &str, names: &[String], raw: &Raw) -> Vec<String> {
        let known = self.source.names("agents");
        let mut found = Vec::new();
        for name in names {
            match raw.agents.get(name) {
                Some(agent) => found.push(key(&agent.address)),
                None => self.note(key_name, format!("there is no [agents.{name}]; there is {}", list(&known))),
            }
        }
        found
    }

    pub(super) fn teams(&mut self, raw: &Raw) -> Vec<Team> {
        let read = |(name, team): (&String, &raw::Team)| {
            let place = format!("teams.{name}.members");
            if team.members.is_empty() {
                self.note(&place, "a team has members: the names of agents, like [\"luc\", \"nadia\"]");
            }
            if raw.agents.contains_key(name) {
                self.note(&format!("teams.{name}"), "an agent has this name: `#assign` could mean either");
            }
            let members = self.people(&place, &team.members, raw);
            Team { name: name.clone(), label: team.label.clone(), members }
        };
        raw.teams.iter().map(read).collect()
    }

    pub(super) fn topics(&mut self, section: &str, topics: &BTreeMap<String, raw::Topic>, raw: &Raw) -> Vec<Topic> {
        let mut read: Vec<Topic> = topics.iter().map(|(name, topic)| self.topic(section, name, topic, raw)).collect();
        let all = read.clone();
        for topic in read.iter_mut().filter(|topic| !topic.parent.is_empty()) {
            let place = format!("{section}.{}.parent", topic.name);
            match all.iter().find(|parent| parent.name == topic.parent && parent.name != topic.name) {
                Some(parent) if parent.parent.is_empty() => inherit(topic, parent),
                Some(parent) => self.note(
                    &place,
                    format!("{} is itself part of {}: services have one level of parts", parent.name, parent.parent),
                ),
                None => {
                    let known = self.source.names(section);
                    self.note(
                        &place,
                        format!("there is no other [{section}.{}]; there is {}", topic.parent, list(&known)),
                    );
                }
            }
        }
        read
    }

    pub(super) fn topic(&mut self, section: &str, name: &str, topic: &raw::Topic, raw: &Raw) -> Topic {
        let place = |key: &str| format!("{section}.{name}.{key}");
        self.without_effect(section, name, topic);
        let known = |of: &str, name: &Option<String>, check: &mut Self, key: &str| {
            let names = check.source.names(of);
            if let Some(name) = name.as_ref().filter(|n| !names.contains(n)) {
                check.note(&place(key), format!("there is no [{of}.{name}]; there is {}", list(&names)));
            }
            name.clone().unwrap_or_default()
        };
        let queue = match (&topic.queue, raw.queues.keys().next()) {
            (None, Some(only)) if raw.queues.len() == 1 => only.clone(),
            (queue, _) => known("queues", queue, self, "queue"),
        };
        let address = topic.address.as_ref().map(|a| self.address(&place("address"), a)).unwrap_or_default();
        if !address.is_empty() && queue.is_empty() {
            self.note(&place("queue"), "an address of its own needs the queue that takes its mail");
        }
        let priority = topic.priority.as_ref().map(|p| p.to_uppercase()).unwrap_or_default();
        if !priority.is_empty() && !raw.priorities.contains_key(&priority.to_lowercase()) {
            self.note(&place("priority"), format!("there is no [priorities.{}]", priority.to_lowercase()));
        }
        Topic {
            name: name.to_owned(),
            label: topic.label.clone(),
            words: topic.words.iter().map(|w| fold(w)).filter(|w| !w.is_empty()).collect(),
            address,
            queue,
            people: self.people(&place("people"), &topic.people, raw),
            approvers: self.people(&place("approvers"), &topic.approvers, raw),
            category: known("categories", &topic.category, self, "category"),
            kind: known("types", &topic.kind, self, "type"),
            priority,
            level: topic.level.unwrap_or(0),
            team: known("teams", &topic.team, self, "team"),
            parent: topic.parent.clone().unwrap_or_default(),
            confidential: self.confidential(section, name, topic),
        }
    }

    /// A confidential category has people: without them its tickets would be nobody's.
    fn confidential(&mut self, section: &str, name: &str, topic: &raw::Topic) -> bool {
        if topic.confidential && topic.people.is_empty() && topic.team.is_none() {
            let text = "a confidential category needs people, or a team: nobody else may know of its tickets";
            self.note(&format!("{section}.{name}.confidential"), text);
        }
        topic.confidential
    }

    /// Of categories and types less is asked than of services.
    fn without_effect(&mut self, section: &str, name: &str, topic: &raw::Topic) {
        let of_services = [
            ("approvers", !topic.approvers.is_empty()),
            ("category", topic.category.is_some()),
            ("parent", topic.parent.is_some()),
        ];
        if section == "services" && topic.confidential {
            self.warnings.push(format!("services.{name}.confidential has no effect: a category is confidential"));
        }
        let of_both = [
            ("people", !topic.people.is_empty()),
            ("type", topic.kind.is_some()),
            ("priority", topic.priority.is_some()),
            ("level", topic.level.is_some()),
            ("team", topic.team.is_some()),
            ("confidential", topic.confidential),
        ];
        let without: &[&[(&str, bool)]] = match section {
            "types" => &[&of_services, &of_both],
            "categories" => &[&of_services],
            _ => &[],
        };
        for (key, _) in without.iter().copied().flatten().filter(|(_, given)| *given) {
            self.warnings.push(format!("{section}.{name}.{key} has no effect: see the table in docs/configuration.md"));
        }
    }

    pub(super) fn audiences(&mut self, raw: &Raw) -> BTreeMap<String, Vec<String>> {
        let read = |(name, audience): (&String, &raw::Audience)| {
            let place = format!("audiences.{name}.addresses");
            (name.clone(), audience.addresses.iter().map(|a| self.address(&place, a)).collect())
        };
        raw.audiences.iter().map(read).collect()
    }

    pub(super) fn retired(&mut self, raw: &Raw) -> Vec<Retired> {
        let mut found = Vec::new();
        for (name, retired) in &raw.retired {
            let known = self.source.names("queues");
            if !known.contains(&retired.queue) {
                let message = format!("there is no [queues.{}]; there is {}", retired.queue, list(&known));
                self.note(&format!("retired.{name}.queue"), message);
            }
            let address = self.address(&format!("retired.{name}.address"), &retired.address);
            found.push(Retired { address, queue: retired.queue.clone(), accept: retired.accept });
        }
        found
    }

    pub(super) fn queue(&mut self, name: &str, queue: &raw::Queue, priorities: &[PriorityRule], raw: &Raw) -> Queue {
        let section = format!("queues.{name}");
        let known = self.source.names("mailboxes");
        if !known.contains(&queue.mailbox) {
            self.note(
                &format!("{section}.mailbox"),
                format!("there is no [mailboxes.{}]; there is {}", queue.mailbox, list(&known)),
            );
        }
        let plain = queue.prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !queue.prefix.is_empty();
        if !plain || queue.prefix.starts_with('-') || queue.prefix.ends_with('-') {
            self.note(
                &format!("{section}.prefix"),
                "a prefix is made of letters, digits and inner hyphens, like \"CG42N1\"",
            );
        }
        let priority = queue.priority.as_deref().unwrap_or("P3").to_uppercase();
        if !priorities.iter().any(|p| p.code == priority) {
            self.note(&format!("{section}.priority"), format!("there is no [priorities.{}]", priority.to_lowercase()));
        }
        let fields = self.source.names("fields");
        for code in queue.ask.iter().filter(|code| !fields.contains(code)) {
            self.note(&format!("{section}.ask"), format!("there is no [fields.{code}]; there is {}", list(&fields)));
        }
        for machine in queue.machines.iter().filter(|machine| !machine.contains('@')) {
            self.note(
                &format!("{section}.machines"),
                format!("{machine:?} is not a valid address or @domain, like \"zabbix@example.org\" or \"@monitoring.example.org\""),
            );
        }
        let slas = self.source.names("slas");
        if let Some(sla) = queue.sla.as_ref().filter(|name| !slas.contains(name)) {
            self.note(&format!("{section}.sla"), format!("there is no [slas.{sla}]; there is {}", list(&slas)));
        }
        let address = self.address(&format!("{section}.address"), &queue.address);
        if queue.agent_reply.is_none() {
            self.warnings.push(format!(
                "{section}.agent_reply is not set, so an agent's plain reply to what a requester wrote goes to the requester: write \"natural\" to say so, or \"note\" to keep it inside unless it begins with #public"
            ));
        }
        let reply_to = queue.reply_to.unwrap_or(raw::ReplyTo::Auto);
        if reply_to == raw::ReplyTo::Plus && address.split('@').next().is_some_and(|local| local.len() > 28) {
            self.note(
                &format!("{section}.reply_to"),
                "the part before the @ is too long for a signed sub-address (28 characters at most); use \"plain\"",
            );
        }
        Queue {
            name: name.to_owned(),
            mailbox: queue.mailbox.clone(),
            address,
            prefix: queue.prefix.clone(),
            reply_to: match reply_to {
                raw::ReplyTo::Auto => ReplyTo::Auto,
                raw::ReplyTo::Plus => ReplyTo::Plus,
                raw::ReplyTo::Plain => ReplyTo::Plain,
            },
            senders: queue.senders.iter().map(|s| key(s)).collect(),
            machines: queue.machines.iter().map(|s| key(s)).collect(),
            urgent_from: queue.urgent_from.as_ref().map(|from| from.iter().map(|s| key(s)).collect()),
            priority,
            ask: queue.ask.clone(),
            approvers: self.people(&format!("{section}.approvers"), &queue.approvers, raw),
            suggest: queue.suggest,
            agent_reply: match queue.agent_reply {
                None | Some(raw::AgentReply::Natural) => AgentReply::Natural,
                Some(raw::AgentReply::Note) => AgentReply::Note,
            },
            acknowledge: match queue.acknowledge {
                None | Some(raw::Acknowledge::Requests) => Acknowledge::Requests,
                Some(raw::Acknowledge::All) => Acknowledge::All,
                Some(raw::Acknowledge::None) => Acknowledge::None,
            },
        }
    }

    /// Two queues with one prefix would give out the same numbers; with one address, one would starve.
    pub(super) fn queues_apart(&mut self, queues: &BTreeMap<String, Queue>) {
        let all: Vec<&Queue> = queues.values().collect();
        for (at, queue) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                if queue.prefix.eq_ignore_ascii_case(&other.prefix) {
                    self.note(
                        &format!("queues.{}.prefix", other.name),
                        format!("queue {} has the same prefix", queue.name),
                    );
                }
                if queue.address == other.address {
                    self.note(
                        &format!("queues.{}.address", other.name),
                        format!("queue {} has the same address", queue.name),
                    );
                }
            }
        }
    }

    pub(super) fn agent(&mut self, name: &str, agent: &raw::Agent, raw: &Raw, desk: &ServiceDesk) -> Agent {
        let section = format!("agents.{name}");
        for queue in &agent.queues {
            let known = self.source.names("queues");
            if !known.contains(queue) {
                self.note(
                    &format!("{section}.queues"),
                    format!("there is no [queues.{queue}]; there is {}", list(&known)),
                );
            }
        }
        let address = self.address(&format!("{section}.address"), &agent.address);
        if raw.queues.values().any(|q| key(&q.address) == address) {
            self.note(
                &format!("{section}.address"),
                "this is a queue's own address: its mail would come back for ever",
            );
        }
        Agent {
            address,
            name: agent.name.clone(),
            roles: agent.roles.clone(),
            queues: agent.queues.clone(),
            level: agent.level,
            language: agent.language.clone().unwrap_or_else(|| desk.language.clone()),
            notify: agent.notify,
            away: None,
            deputy: self.people(&format!("{section}.deputy"), agent.deputy.as_slice(), raw).pop(),
        }
    }
}

/// A part of a service is what the service is where it does not say otherwise, and is called after it.
fn inherit(topic: &mut Topic, parent: &Topic) {
    let fill = |own: &mut String, parents: &String| {
        if own.is_empty() {
            own.clone_from(parents);
        }
    };
    for (own, parents) in [
        (&mut topic.queue, &parent.queue),
        (&mut topic.category, &parent.category),
        (&mut topic.kind, &parent.kind),
        (&mut topic.priority, &parent.priority),
    ] {
        fill(own, parents);
    }
    if topic.people.is_empty() && topic.team.is_empty() {
        (topic.people, topic.team) = (parent.people.clone(), parent.team.clone());
    }
    if topic.approvers.is_empty() {
        topic.approvers.clone_from(&parent.approvers);
    }
    if topic.level == 0 {
        topic.level = parent.level;
    }
    let own = std::mem::take(&mut topic.label);
    let languages: Vec<&String> = own.keys().chain(parent.label.keys()).collect();
    for language in languages {
        let of = |label: &BTreeMap<String, String>, name: &str| {
            label.get(language).cloned().unwrap_or_else(|| name.to_owned())
        };
        let label = format!("{} › {}", of(&parent.label, &parent.name), of(&own, &topic.name));
        topic.label.insert(language.clone(), label);
    }
}
