//! The configuration as it is written. Names are those of the file; unknown ones are refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::edge::imap::Sizes;
use crate::edge::net::Security;
use crate::ticket::{Notify, Role};

/// All sections. Those with names in them are tables, so that files and environment can add to them.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) desk: Option<ServiceDesk>,
    pub(super) store: Option<Store>,
    pub(super) smtp: Option<Smtp>,
    pub(super) retry: Option<Retry>,
    pub(super) subject: Option<Subject>,
    pub(super) limits: Option<Limits>,
    pub(super) mailboxes: BTreeMap<String, Mailbox>,
    pub(super) queues: BTreeMap<String, Queue>,
    pub(super) agents: BTreeMap<String, Agent>,
    pub(super) teams: BTreeMap<String, Team>,
    pub(super) priorities: BTreeMap<String, Priority>,
    pub(super) fields: BTreeMap<String, Field>,
    pub(super) life: Option<Life>,
    pub(super) categories: BTreeMap<String, Topic>,
    pub(super) services: BTreeMap<String, Topic>,
    pub(super) types: BTreeMap<String, Topic>,
    pub(super) canned: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) audiences: BTreeMap<String, Audience>,
    pub(super) retired: BTreeMap<String, Retired>,
    pub(super) calendars: BTreeMap<String, Calendar>,
    pub(super) sla: Option<Counting>,
    pub(super) slas: BTreeMap<String, Sla>,
    pub(super) contracts: BTreeMap<String, Contract>,
    pub(super) reports: BTreeMap<String, Report>,
    pub(super) recurring: BTreeMap<String, Recurring>,
    pub(super) goals: Option<Goals>,
    pub(super) watch: Option<Watch>,
    pub(super) alarms: Option<Alarms>,
    pub(super) backup: Option<Backup>,
    pub(super) retention: Option<Retention>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counting {
    pub(super) received_within: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Watch {
    pub(super) listen: String,
    #[serde(default)]
    pub(super) allow_remote: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alarms {
    pub(super) to: Vec<String>,
    pub(super) language: Option<String>,
    pub(super) mailbox_silent: String,
    pub(super) mailbox_quiet: String,
    pub(super) email_undecided: String,
    pub(super) notifications_wait: String,
    pub(super) backup_age: String,
    pub(super) disk_free_mib: u64,
    pub(super) emails_held: i64,
    pub(super) remind: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backup {
    pub(super) folder: PathBuf,
    pub(super) cron: String,
    pub(super) daily: usize,
    pub(super) weekly: usize,
    pub(super) monthly: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retention {
    pub(super) emails: String,
    pub(super) notifications: String,
    pub(super) ignored: String,
    pub(super) people: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Goals {
    pub(super) response_kept: Option<f64>,
    pub(super) resolution_kept: Option<f64>,
    pub(super) solved: Option<f64>,
    pub(super) reopened: Option<f64>,
    pub(super) first_level: Option<f64>,
    pub(super) by_articles: Option<f64>,
    pub(super) escalated: Option<f64>,
    pub(super) satisfaction: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calendar {
    #[serde(default)]
    pub(super) label: BTreeMap<String, String>,
    pub(super) time_zone: Option<String>,
    pub(super) hours: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) holidays: Vec<String>,
    #[serde(default)]
    pub(super) closed: Vec<String>,
    #[serde(default)]
    pub(super) open: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) seasons: BTreeMap<String, Season>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Season {
    #[serde(default)]
    pub(super) days: Vec<String>,
    pub(super) hours: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) on_holidays: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sla {
    #[serde(default)]
    pub(super) targets: Vec<Target>,
    pub(super) calendar: Option<String>,
    pub(super) warn_at: Option<Vec<f64>>,
    pub(super) escalate_at_breach: Option<AtBreach>,
    #[serde(default)]
    pub(super) new_time_at_each_level: bool,
    pub(super) acknowledge: Option<String>,
    #[serde(default)]
    pub(super) major: Vec<String>,
    pub(super) status_every: Option<String>,
    #[serde(default)]
    pub(super) post_mortem: Vec<String>,
    pub(super) post_mortem_within: Option<String>,
    pub(super) pauses: Option<Vec<String>>,
    #[serde(default = "yes")]
    pub(super) tell: bool,
}

/// Once it was a yes or a no.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum AtBreach {
    Flag(bool),
    Word(String),
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    pub(super) level: Option<i64>,
    pub(super) priority: Option<String>,
    pub(super) respond: Option<String>,
    pub(super) resolve: Option<String>,
    pub(super) escalate_after: Option<String>,
    pub(super) stalled_after: Option<String>,
    pub(super) calendar: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contract {
    pub(super) senders: Vec<String>,
    pub(super) sla: String,
    #[serde(default)]
    pub(super) queues: Vec<String>,
    pub(super) level: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    pub(super) kind: String,
    pub(super) cron: String,
    pub(super) to: Vec<String>,
    #[serde(default)]
    pub(super) queues: Vec<String>,
    pub(super) language: Option<String>,
    pub(super) week: Option<String>,
    pub(super) until: Option<String>,
    pub(super) draft: Option<String>,
    pub(super) draft_to: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recurring {
    pub(super) cron: String,
    pub(super) queue: Option<String>,
    pub(super) title: String,
    #[serde(default)]
    pub(super) text: String,
    pub(super) requester: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Life {
    pub(super) remind: Vec<String>,
    pub(super) silence: String,
    pub(super) confirm: String,
    pub(super) collision: String,
    pub(super) agent_reply_delay: String,
    pub(super) digest_at: Vec<String>,
    pub(super) approval_within: String,
    pub(super) vendor_within: String,
    pub(super) unassigned_within: String,
    pub(super) unanswered_within: String,
    pub(super) untouched_within: String,
    pub(super) action_within: String,
    pub(super) action_again: String,
    pub(super) proof: String,
    pub(super) thanks: Vec<String>,
    pub(super) recommend: bool,
    pub(super) participants: usize,
    pub(super) commands: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Topic {
    #[serde(default)]
    pub(super) label: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) words: Vec<String>,
    pub(super) address: Option<String>,
    pub(super) queue: Option<String>,
    #[serde(default)]
    pub(super) people: Vec<String>,
    #[serde(default)]
    pub(super) approvers: Vec<String>,
    pub(super) category: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) priority: Option<String>,
    pub(super) level: Option<u8>,
    pub(super) team: Option<String>,
    pub(super) parent: Option<String>,
    #[serde(default)]
    pub(super) confidential: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    #[serde(default)]
    pub(super) label: BTreeMap<String, String>,
    pub(super) members: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Audience {
    pub(super) addresses: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retired {
    pub(super) address: String,
    pub(super) queue: String,
    #[serde(default)]
    pub(super) accept: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceDesk {
    pub(super) name: String,
    pub(super) language: String,
    pub(super) time_zone: String,
    pub(super) templates: Option<PathBuf>,
    pub(super) several_queues: SeveralQueues,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SeveralQueues {
    One,
    Each,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    #[serde(default)]
    pub(super) label: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) words: Vec<String>,
    #[serde(default)]
    pub(super) long: bool,
    #[serde(default)]
    pub(super) title: bool,
    #[serde(default)]
    pub(super) file: bool,
    #[serde(default)]
    pub(super) text: bool,
    #[serde(default)]
    pub(super) categories: Vec<String>,
    #[serde(default)]
    pub(super) not_categories: Vec<String>,
    #[serde(default)]
    pub(super) types: Vec<String>,
    #[serde(default)]
    pub(super) senders: Vec<String>,
    #[serde(default)]
    pub(super) roles: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Store {
    pub(super) url: String,
    pub(super) instance: Option<String>,
    pub(super) key: Option<String>,
    pub(super) key_file: Option<PathBuf>,
}

impl Raw {
    /// Files that hold a secret.
    pub(super) fn secret_files(&self) -> Vec<&Path> {
        let oauth2 = self.mailboxes.values().map(|m| &m.oauth2).chain(self.smtp.iter().map(|s| &s.oauth2)).flatten();
        let tokens = oauth2.flat_map(|o| [&o.access_token_file, &o.client_secret_file, &o.refresh_token_file]);
        let passwords = self.mailboxes.values().map(|m| &m.password_file);
        let others = self.smtp.iter().map(|s| &s.password_file).chain(self.store.iter().map(|s| &s.key_file));
        tokens.chain(passwords).chain(others).filter_map(Option::as_deref).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Smtp {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) oauth2: Option<Oauth2>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) hello: Option<String>,
    pub(super) timeout: String,
    pub(super) connections: usize,
    pub(super) per_minute: i64,
    #[serde(default)]
    pub(super) allow_plaintext: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    pub(super) first: String,
    pub(super) most: String,
    pub(super) give_up: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subject {
    pub(super) brackets: bool,
    pub(super) prefix: bool,
    pub(super) bare: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) email_bytes: usize,
    pub(super) header_lines: usize,
    pub(super) parts: usize,
    pub(super) nesting: usize,
    pub(super) references: usize,
    pub(super) recipients: usize,
    pub(super) text_bytes: usize,
    pub(super) html_bytes: usize,
    pub(super) notification_file_bytes: usize,
    pub(super) notifications_per_hour: i64,
    pub(super) agent_notifications_per_hour: i64,
    pub(super) undeliverable_for: String,
    pub(super) emails_per_hour_per_sender: i64,
    pub(super) emails_per_hour: i64,
    pub(super) alike_per_hour: i64,
    pub(super) recipients_per_message: usize,
    pub(super) email_attempts: i64,
    pub(super) batch_emails: usize,
    pub(super) batch_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    #[default]
    Imap,
    Maildir,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mailbox {
    #[serde(default)]
    pub(super) kind: Kind,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) security: Option<Security>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) oauth2: Option<Oauth2>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) folder: Option<String>,
    pub(super) archive: Option<String>,
    pub(super) path: Option<PathBuf>,
    pub(super) poll: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) authserv_id: Option<String>,
    #[serde(default)]
    pub(super) sizes: Sizes,
    #[serde(default)]
    pub(super) allow_plaintext: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Oauth2 {
    pub(super) access_token: Option<String>,
    pub(super) access_token_file: Option<PathBuf>,
    pub(super) provider: Option<Provider>,
    pub(super) tenant: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
    pub(super) client_secret_file: Option<PathBuf>,
    pub(super) refresh_token: Option<String>,
    pub(super) refresh_token_file: Option<PathBuf>,
    pub(super) grant: Option<Grant>,
    pub(super) scope: Option<String>,
    pub(super) token_url: Option<String>,
    pub(super) authorize_url: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) refresh_token_days: Option<u32>,
    pub(super) secret_expires: Option<String>,
    pub(super) warn_before: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Provider {
    Microsoft,
    Google,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Grant {
    ClientCredentials,
    RefreshToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReplyTo {
    Auto,
    Plus,
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Acknowledge {
    Requests,
    All,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Queue {
    pub(super) mailbox: String,
    pub(super) address: String,
    pub(super) prefix: String,
    pub(super) reply_to: Option<ReplyTo>,
    #[serde(default)]
    pub(super) senders: Vec<String>,
    pub(super) urgent_from: Option<Vec<String>>,
    #[serde(default)]
    pub(super) machines: Vec<String>,
    pub(super) priority: Option<String>,
    pub(super) acknowledge: Option<Acknowledge>,
    pub(super) sla: Option<String>,
    #[serde(default)]
    pub(super) ask: Vec<String>,
    #[serde(default)]
    pub(super) approvers: Vec<String>,
    #[serde(default)]
    pub(super) suggest: bool,
    pub(super) agent_reply: Option<AgentReply>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AgentReply {
    Natural,
    Note,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agent {
    pub(super) address: String,
    #[serde(default)]
    pub(super) name: String,
    pub(super) roles: Vec<Role>,
    pub(super) queues: Vec<String>,
    #[serde(default = "first_level")]
    pub(super) level: u8,
    pub(super) language: Option<String>,
    #[serde(default)]
    pub(super) notify: Notify,
    pub(super) deputy: Option<String>,
}

fn first_level() -> u8 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Priority {
    #[serde(default)]
    pub(super) label: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
}
