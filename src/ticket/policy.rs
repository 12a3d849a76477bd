//! What administrators decided, as plain checked values. `settings` fills it from the configuration.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::caps::Caps;
use crate::clock::Millis;
use crate::mail::Limits;

/// The whole policy of a desk.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The desk itself.
    pub desk: Desk,
    /// Support addresses by name.
    pub queues: BTreeMap<String, Queue>,
    /// People of the desk by name.
    pub agents: BTreeMap<String, Agent>,
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
    /// Fields that can be asked for.
    pub fields: Vec<FieldRule>,
    /// How long nothing is written to an address that refused a letter for good, in milliseconds.
    pub undeliverable_for: Millis,
}

/// A field of a request: what it is called, and what people write before it.
#[derive(Debug, Clone)]
pub struct FieldRule {
    /// Its name in the configuration.
    pub code: String,
    /// Its name in letters, by language.
    pub label: BTreeMap<String, String>,
    /// What people write before its value, in the form of [`crate::mail::fold`], longest first.
    pub words: Vec<String>,
}

/// The desk as letters present it.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Name in letters.
    pub name: String,
    /// Language where a person's own is not known.
    pub language: String,
    /// Languages there are templates for.
    pub languages: Vec<String>,
    /// Zone in which times are shown.
    pub time_zone: TimeZone,
    /// What becomes of a mail that is sent to several of the desk's addresses.
    pub several_queues: SeveralQueues,
}

/// What becomes of a mail that is sent to several queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeveralQueues {
    /// One ticket; the people of the other queues are told.
    One,
    /// A ticket in each queue.
    Each,
}

/// A support address with its prefix and people.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Its name in the configuration.
    pub name: String,
    /// Mailbox its mail arrives in.
    pub mailbox: String,
    /// The support address, in the form of [`crate::mail::key`].
    pub address: String,
    /// What its ticket numbers start with.
    pub prefix: String,
    /// How replies find their ticket.
    pub reply_to: ReplyTo,
    /// Who may open tickets: addresses, or `@domain`; empty: everyone.
    pub senders: Vec<String>,
    /// Priority where the subject names none.
    pub priority: String,
    /// Which mails are acknowledged.
    pub acknowledge: Acknowledge,
    /// Codes of the fields a request should say, in the order they are asked for.
    pub ask: Vec<String>,
}

/// How a letter's reply address is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyTo {
    /// As [`ReplyTo::Plain`] until a probe to a sub-address has come back, then as [`ReplyTo::Plus`].
    Auto,
    /// `support+TOKEN@…` (RFC 5233): survives relays that rewrite Message-IDs.
    Plus,
    /// The support address itself.
    Plain,
}

/// Which mails of requesters are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledge {
    /// Those that open a ticket.
    Requests,
    /// Those and every further mail.
    All,
    /// None.
    None,
}

/// Someone of the desk.
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
    /// The queue a mail belongs to: the one it is addressed to, else the mailbox's first.
    #[must_use]
    pub fn queue_for<'a>(&self, mailbox: &str, addresses: impl Iterator<Item = &'a str>) -> Option<&Queue> {
        let here: Vec<&Queue> = self.queues.values().filter(|q| q.mailbox == mailbox).collect();
        let named = addresses.filter_map(|address| here.iter().find(|q| q.address == without_detail(address))).next();
        named.or(here.first()).copied()
    }

    /// Whether this is one of the desk's own addresses, sub-addresses included.
    #[must_use]
    pub fn is_own_address(&self, key: &str) -> bool {
        let plain = without_detail(key);
        self.queues.values().any(|q| q.address == plain)
    }

    /// The agent with that address.
    #[must_use]
    pub fn agent(&self, key: &str) -> Option<&Agent> {
        self.agents.values().find(|a| a.address == key)
    }

    /// The agents who are told what happens in a queue: its moderators, or, where it has none, everybody who serves it.
    #[must_use]
    pub fn watchers(&self, queue: &str) -> Vec<&Agent> {
        let serving = |a: &&Agent| a.queues.iter().any(|q| q == queue);
        let moderators: Vec<&Agent> =
            self.agents.values().filter(serving).filter(|a| a.roles.contains(&Role::Moderator)).collect();
        if moderators.is_empty() {
            return self.agents.values().filter(serving).collect();
        }
        moderators
    }

    /// All queues of a mailbox that these addresses name, in their order.
    #[must_use]
    pub fn queues_named<'a>(&self, mailbox: &str, addresses: impl Iterator<Item = &'a str>) -> Vec<&Queue> {
        let mut found: Vec<&Queue> = Vec::new();
        for address in addresses {
            let plain = without_detail(address);
            let named = self.queues.values().find(|q| q.mailbox == mailbox && q.address == plain);
            found.extend(named.filter(|q| !found.iter().any(|f| f.name == q.name)));
        }
        found
    }

    /// Name of a field in a language; its code where it has none.
    #[must_use]
    pub fn field_label(&self, code: &str, language: &str) -> String {
        let rule = self.fields.iter().find(|f| f.code == code);
        let label = rule.and_then(|r| r.label.get(language).or_else(|| r.label.get("en")));
        label.map_or_else(|| code.to_owned(), Clone::clone)
    }

    /// Name of a priority in a language; its code where it has none.
    #[must_use]
    pub fn priority_label(&self, code: &str, language: &str) -> String {
        let rule = self.priorities.iter().find(|p| p.code == code);
        let label = rule.and_then(|r| r.label.get(language).or_else(|| r.label.get("en")));
        label.map_or_else(|| code.to_owned(), Clone::clone)
    }
}

/// The address without its sub-address: `support+x@d` is `support@d` (RFC 5233).
#[must_use]
pub fn without_detail(key: &str) -> String {
    match key.split_once('@') {
        Some((local, domain)) => {
            let base = local.split('+').next().unwrap_or(local);
            format!("{base}@{domain}")
        }
        None => key.to_owned(),
    }
}
