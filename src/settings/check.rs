//! From what is written to what the program runs on. Every check notes its mistake and goes on.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::mistake::Mistakes;
use super::raw::{self, Raw};
use super::secret::Place;
use super::sign_in;
use super::source::Source;
use super::{Batch, Mailbox, MailboxKind, Retry, Settings, templates};
use crate::clock::Millis;
use crate::edge::imap::ImapConfig;
use crate::edge::login::Login;
use crate::edge::net::{Endpoint, Security};
use crate::edge::smtp::SmtpConfig;
use crate::letter::Templates;
use crate::mail::{Familiar, Limits, fold, key, looks_like_address};
use crate::store::{Key, KeyPlace, sqlite_file};
use crate::ticket::{
    Acknowledge, Agent, Caps, Desk, FieldRule, IntakeLimits, Life, Policy, PriorityRule, Queue, ReplyTo, Retired,
    SeveralQueues, TagForms, Topic, familiar,
};

/// Checks everything; none when something that the rest needs is missing.
pub(super) fn settings(raw: Raw, source: &Source, mistakes: &mut Mistakes) -> Option<Settings> {
    let mut check = Check { source, mistakes, warnings: Vec::new() };
    if source.names("mailboxes").is_empty() {
        check.note("mailboxes", "there is no mailbox; add a section [mailboxes.NAME]");
    }
    if source.names("queues").is_empty() {
        check.note("queues", "there is no queue; add a section [queues.NAME] with mailbox, address and prefix");
    }
    let mailboxes: BTreeMap<_, _> =
        raw.mailboxes.iter().map(|(name, m)| (name.clone(), check.mailbox(name, m, &raw))).collect();
    let smtp = raw.smtp.as_ref().map(|s| check.smtp(s, &raw));
    let templates = check.templates(raw.desk.as_ref()?);
    let policy = check.policy(&raw, templates.as_ref());
    let reports = policy.as_ref().map(|p| super::slas::reports(&mut check, &raw, &p.desk));
    let goals = raw.goals.map(|goals| super::slas::goals(&mut check, goals));
    let alarms = policy.as_ref().and_then(|p| super::service::alarms(&mut check, &raw, &p.desk));
    let watch = super::service::watch(&mut check, &raw);
    let (backups, retention) = (super::service::backups(&mut check, &raw), super::service::retention(&mut check, &raw));
    let retry = raw.retry.as_ref().map(|r| check.retry(r));
    let (store, limits) = (raw.store.as_ref()?, raw.limits.as_ref()?);
    let store_url = check.store_url(&store.url);
    let key = check.key(store, &store_url, &raw);
    let warnings = check.warnings;
    let mailboxes = mailboxes.into_iter().map(|(name, mailbox)| Some((name, mailbox?))).collect::<Option<_>>()?;
    Some(Settings {
        policy: policy?,
        store_url,
        key: key?,
        instance: store.instance.clone().unwrap_or_else(host_name),
        smtp: smtp??,
        mailboxes,
        templates: templates?,
        retry: retry??,
        batch: Batch { mails: limits.batch_mails.clamp(1, 1_000), bytes: limits.batch_bytes.max(1) },
        letter_file_bytes: limits.letter_file_bytes,
        mail_attempts: limits.mail_attempts.max(2),
        reports: reports.unwrap_or_default(),
        goals: goals.unwrap_or_default(),
        watch,
        alarms: alarms?,
        backups: backups?,
        retention: retention?,
        warnings,
    })
}

pub(super) struct Check<'a> {
    pub(super) source: &'a Source,
    pub(super) mistakes: &'a mut Mistakes,
    pub(super) warnings: Vec<String>,
}

impl Check<'_> {
    pub(super) fn note(&mut self, key: &str, message: impl Into<String>) {
        self.source.mistake(self.mistakes, key, message);
    }

    fn duration(&mut self, key: &str, text: &str) -> Option<Duration> {
        let span = text.parse::<jiff::Span>().ok();
        let signed = span.and_then(|s| s.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok());
        match signed.and_then(|d| Duration::try_from(d).ok()) {
            Some(duration) if !duration.is_zero() => Some(duration),
            _ => {
                self.note(
                    key,
                    format!("{text:?} is no length of time; write one like \"60s\", \"5m\", \"4h\" or \"3d\""),
                );
                None
            }
        }
    }

    pub(super) fn address(&mut self, key_name: &str, text: &str) -> String {
        if !looks_like_address(text) {
            self.note(key_name, format!("{text:?} is no mail address"));
        }
        key(text)
    }

    fn endpoint(
        &mut self,
        section: &str,
        host: &str,
        port: u16,
        security: Security,
        ca: Option<&Path>,
        plaintext: bool,
    ) -> Endpoint {
        if security == Security::None && !plaintext && !is_loopback(host) {
            self.note(&format!("{section}.security"), format!("\"none\" would send passwords and mails readable to {host}; use \"tls\" or \"starttls\", or say allow_plaintext = true"));
        }
        let ca_pem = self.authority(section, ca);
        Endpoint { host: host.to_owned(), port, security, ca_pem }
    }

    /// The certificates of a section's `ca_file`.
    pub(super) fn authority(&mut self, section: &str, file: Option<&Path>) -> Option<Vec<u8>> {
        let path = self.source.path(file?);
        let read = fs::read(&path);
        read.map_err(|e| self.note(&format!("{section}.ca_file"), format!("{} cannot be read: {e}", path.display())))
            .ok()
    }

    fn smtp(&mut self, smtp: &raw::Smtp, raw: &Raw) -> Option<SmtpConfig> {
        let endpoint =
            self.endpoint("smtp", &smtp.host, smtp.port, smtp.security, smtp.ca_file.as_deref(), smtp.allow_plaintext);
        let login = self.smtp_login(smtp, raw);
        let domain = raw.queues.values().find_map(|q| Some(q.address.split_once('@')?.1.to_owned()));
        Some(SmtpConfig {
            endpoint,
            username: smtp.username.clone(),
            login: login?,
            hello: smtp.hello.clone().or(domain).unwrap_or_else(|| "localhost".to_owned()),
            limit: self.duration("smtp.timeout", &smtp.timeout)?,
        })
    }

    fn smtp_login(&mut self, smtp: &raw::Smtp, raw: &Raw) -> Option<Login> {
        if let Some(oauth2) = &smtp.oauth2 {
            if smtp.username.is_none() {
                self.note("smtp.username", "signing in by OAuth 2.0 needs it: the address that sends");
            }
            return sign_in::oauth2(self, "smtp", oauth2, sign_in::Purpose::Send, raw);
        }
        let place = Place {
            key: "smtp.password".to_owned(),
            value: smtp.password.as_deref(),
            file: smtp.password_file.as_deref(),
        };
        let password = place.read(self.source, self.mistakes);
        if smtp.username.is_some() && password.is_none() && smtp.password_file.is_none() {
            self.note(
                "smtp.password",
                "smtp.username is set, so a password is needed: password_file = \"…\", or the credential smtp.password",
            );
        }
        Some(Login::Password(password.unwrap_or_else(|| SecretString::from(""))))
    }

    /// What tokens are encrypted with. Only refresh tokens are kept; without one, no key is missed.
    fn key(&mut self, store: &raw::Store, url: &str, raw: &Raw) -> Option<KeyPlace> {
        let place = Place { key: "store.key".to_owned(), value: store.key.as_deref(), file: store.key_file.as_deref() };
        if let Some(bytes) = place.read_bytes(self.source, self.mistakes) {
            let key = Key::read(&bytes);
            if key.is_none() {
                self.note("store.key_file", "a key is 64 hexadecimal digits, or 32 bytes: openssl rand -hex 32");
            }
            return key.map(KeyPlace::Given);
        }
        let file = sqlite_file(url).filter(|file| !file.as_os_str().is_empty() && !file.starts_with(":memory:"));
        if let Some(file) = file {
            return Some(KeyPlace::Beside(file));
        }
        if store.key_file.is_none() && sign_in::keeps_tokens(self, raw) {
            self.note(
                "store.key_file",
                "refresh tokens are kept encrypted in the database, which needs a key that is not in it: \
                 openssl rand -hex 32, or the credential store.key",
            );
        }
        Some(KeyPlace::Nowhere)
    }

    fn mailbox(&mut self, name: &str, mailbox: &raw::Mailbox, raw: &Raw) -> Option<Mailbox> {
        let section = format!("mailboxes.{name}");
        let slow = mailbox.kind == raw::Kind::Imap;
        let poll = mailbox.poll.clone().unwrap_or_else(|| if slow { "60s" } else { "2s" }.to_owned());
        let poll = self.duration(&format!("{section}.poll"), &poll);
        let kind = match mailbox.kind {
            raw::Kind::Maildir => self.maildir(&section, mailbox),
            raw::Kind::Imap => self.imap(&section, mailbox, raw).map(|imap| MailboxKind::Imap(Box::new(imap))),
        };
        Some(Mailbox { kind: kind?, poll: poll? })
    }

    fn maildir(&mut self, section: &str, mailbox: &raw::Mailbox) -> Option<MailboxKind> {
        let Some(path) = &mailbox.path else {
            self.note(&format!("{section}.path"), "a maildir needs path = \"…\", the folder that holds new/ and cur/");
            return None;
        };
        let archive = mailbox.archive.clone().unwrap_or_default();
        if archive.contains(['/', '\0']) {
            self.note(&format!("{section}.archive"), "the archive of a maildir is a plain folder name");
        }
        Some(MailboxKind::Maildir { root: self.source.path(path), archive })
    }

    fn imap(&mut self, section: &str, mailbox: &raw::Mailbox, raw: &Raw) -> Option<ImapConfig> {
        let needed = |value: &Option<String>, name: &str, check: &mut Self| {
            if value.is_none() {
                check.note(&format!("{section}.{name}"), "an IMAP mailbox needs it");
            }
            value.clone()
        };
        let host = needed(&mailbox.host, "host", self);
        let username = needed(&mailbox.username, "username", self);
        let login = self.login(section, mailbox, raw);
        let security = mailbox.security.unwrap_or(Security::Tls);
        let port = mailbox.port.unwrap_or(if security == Security::Tls { 993 } else { 143 });
        let timeout = mailbox.timeout.clone().unwrap_or_else(|| "30s".to_owned());
        let limit = self.duration(&format!("{section}.timeout"), &timeout);
        let host = host?;
        Some(ImapConfig {
            endpoint: self.endpoint(
                section,
                &host,
                port,
                security,
                mailbox.ca_file.as_deref(),
                mailbox.allow_plaintext,
            ),
            username: username?,
            login: login?,
            folder: mailbox.folder.clone().unwrap_or_else(|| "INBOX".to_owned()),
            archive: mailbox.archive.clone().unwrap_or_default(),
            limit: limit?,
        })
    }

    fn login(&mut self, section: &str, mailbox: &raw::Mailbox, raw: &Raw) -> Option<Login> {
        if let Some(oauth2) = &mailbox.oauth2 {
            return sign_in::oauth2(self, section, oauth2, sign_in::Purpose::Read, raw);
        }
        let key = format!("{section}.password");
        let place =
            Place { key: key.clone(), value: mailbox.password.as_deref(), file: mailbox.password_file.as_deref() };
        let password = place.read(self.source, self.mistakes);
        if password.is_none() && mailbox.password_file.is_none() {
            self.note(&key, format!("there is no password: give password_file = \"…\", or the credential {key}"));
        }
        password.map(Login::Password)
    }

    fn templates(&mut self, desk: &raw::Desk) -> Option<Templates> {
        let overrides = match &desk.templates {
            None => Vec::new(),
            Some(folder) => {
                let folder = self.source.path(folder);
                match templates::read(&folder) {
                    Ok(sources) => sources,
                    // The contract's example names a folder that need not exist before somebody tunes a letter.
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                        self.warnings.push(format!(
                            "desk.templates: {} does not exist; the built-in letters are used",
                            folder.display()
                        ));
                        Vec::new()
                    }
                    Err(e) => {
                        self.note("desk.templates", format!("{} cannot be read: {e}", folder.display()));
                        Vec::new()
                    }
                }
            }
        };
        match Templates::compile(overrides) {
            Ok(compiled) => Some(compiled),
            Err(found) => {
                for mistake in found {
                    self.mistakes.add(&format!("{}:{}", mistake.file, mistake.line), "", mistake.message);
                }
                None
            }
        }
    }

    fn retry(&mut self, retry: &raw::Retry) -> Option<Retry> {
        Some(Retry {
            first: self.duration("retry.first", &retry.first)?,
            most: self.duration("retry.most", &retry.most)?,
            give_up: self.duration("retry.give_up", &retry.give_up)?,
        })
    }

    /// Relative SQLite files live in systemd's state folder, where there is one.
    fn store_url(&mut self, url: &str) -> String {
        if !url.starts_with("sqlite:") && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            self.note("store.url", "it must begin with \"sqlite:\" or \"postgres://\"");
        }
        let state = std::env::var("STATE_DIRECTORY").ok();
        match (url.strip_prefix("sqlite:"), state) {
            (Some(file), Some(folder)) if !file.starts_with('/') => {
                let folder = PathBuf::from(folder.split(':').next().unwrap_or_default());
                format!("sqlite:{}", folder.join(file).display())
            }
            _ => url.to_owned(),
        }
    }

    fn policy(&mut self, raw: &Raw, templates: Option<&Templates>) -> Option<Policy> {
        let languages = templates.map(|t| t.languages().to_vec()).unwrap_or_default();
        let priorities = self.priorities(raw);
        let queues = raw
            .queues
            .iter()
            .map(|(name, q)| (name.clone(), self.queue(name, q, &priorities, raw)))
            .collect::<BTreeMap<_, _>>();
        self.queues_apart(&queues);
        let desk = self.desk(raw.desk.as_ref()?, languages)?;
        let agents = raw.agents.iter().map(|(name, a)| (name.clone(), self.agent(name, a, raw, &desk))).collect();
        let slas = super::slas::slas(self, raw, &desk);
        let limits = raw.limits.as_ref()?;
        let subject = raw.subject.as_ref()?;
        let authserv_ids =
            raw.mailboxes.iter().filter_map(|(name, m)| Some((name.clone(), m.authserv_id.as_ref()?.to_lowercase())));
        let mut policy = Policy {
            desk,
            queues,
            agents,
            priorities,
            tag_forms: TagForms { brackets: subject.brackets, prefix: subject.prefix, bare: subject.bare },
            authserv_ids: authserv_ids.collect(),
            limits: Limits {
                mail_bytes: limits.mail_bytes,
                header_lines: limits.header_lines,
                parts: limits.parts,
                nesting: limits.nesting,
                references: limits.references,
                text_bytes: limits.text_bytes,
                html_bytes: limits.html_bytes,
                recipients: limits.recipients,
            },
            caps: Caps {
                letters_per_hour: limits.letters_per_hour,
                agent_letters_per_hour: limits.agent_letters_per_hour,
            },
            intake: IntakeLimits {
                mails_per_hour_per_sender: limits.mails_per_hour_per_sender,
                mails_per_hour: limits.mails_per_hour,
            },
            fields: fields(raw),
            undeliverable_for: self.millis("limits.undeliverable_for", &limits.undeliverable_for)?,
            categories: self.topics("categories", &raw.categories, raw),
            services: self.topics("services", &raw.services, raw),
            types: self.topics("types", &raw.types, raw),
            canned: raw.canned.clone(),
            audiences: self.audiences(raw),
            retired: self.retired(raw),
            life: self.life(raw.life.as_ref()?)?,
            slas,
            familiar: Familiar::default(),
        };
        policy.familiar = familiar(&policy);
        Some(policy)
    }

    pub(super) fn millis(&mut self, key: &str, text: &str) -> Option<Millis> {
        self.duration(key, text).and_then(|d| i64::try_from(d.as_millis()).ok())
    }

    fn life(&mut self, life: &raw::Life) -> Option<Life> {
        let remind = life.remind.iter().filter_map(|text| self.millis("life.remind", text)).collect();
        Some(Life {
            remind,
            silence: self.millis("life.silence", &life.silence)?,
            confirm: self.millis("life.confirm", &life.confirm)?,
            collision: self.millis("life.collision", &life.collision)?,
            proof: self.millis("life.proof", &life.proof)?,
            thanks: life.thanks.iter().map(|w| fold(w)).collect(),
            recommend: life.recommend,
            participants: life.participants.max(1),
            orders: life.orders.clamp(1, 100),
        })
    }

    /// Addresses of the agents that a list names.
    fn people(&mut self, key_name: &str, names: &[String], raw: &Raw) -> Vec<String> {
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

    fn topics(&mut self, section: &str, topics: &BTreeMap<String, raw::Topic>, raw: &Raw) -> Vec<Topic> {
        topics.iter().map(|(name, topic)| self.topic(section, name, topic, raw)).collect()
    }

    fn topic(&mut self, section: &str, name: &str, topic: &raw::Topic, raw: &Raw) -> Topic {
        let place = |key: &str| format!("{section}.{name}.{key}");
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
        }
    }

    fn audiences(&mut self, raw: &Raw) -> BTreeMap<String, Vec<String>> {
        let read = |(name, audience): (&String, &raw::Audience)| {
            let place = format!("audiences.{name}.addresses");
            (name.clone(), audience.addresses.iter().map(|a| self.address(&place, a)).collect())
        };
        raw.audiences.iter().map(read).collect()
    }

    fn retired(&mut self, raw: &Raw) -> Vec<Retired> {
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

    fn desk(&mut self, desk: &raw::Desk, languages: Vec<String>) -> Option<Desk> {
        let time_zone = TimeZone::get(&desk.time_zone);
        if time_zone.is_err() {
            self.note(
                "desk.time_zone",
                format!("{:?} is no time zone; write one like \"Europe/Paris\"", desk.time_zone),
            );
        }
        if !languages.is_empty() && !languages.contains(&desk.language) {
            self.note(
                "desk.language",
                format!("there are no letters in {:?}; there are in {}", desk.language, languages.join(", ")),
            );
        }
        Some(Desk {
            name: desk.name.clone(),
            language: desk.language.clone(),
            languages,
            time_zone: time_zone.ok()?,
            several_queues: match desk.several_queues {
                raw::SeveralQueues::One => SeveralQueues::One,
                raw::SeveralQueues::Each => SeveralQueues::Each,
            },
        })
    }

    fn priorities(&mut self, raw: &Raw) -> Vec<PriorityRule> {
        let rules = raw.priorities.iter().map(|(name, p)| PriorityRule {
            code: name.to_uppercase(),
            label: p.label.clone(),
            tags: p.tags.iter().map(|t| fold(t)).collect(),
        });
        let rules: Vec<PriorityRule> = rules.collect();
        for (at, rule) in rules.iter().enumerate() {
            for other in &rules[at + 1..] {
                if let Some(tag) = rule.tags.iter().find(|t| other.tags.contains(t)) {
                    let key = format!("priorities.{}.tags", other.code.to_lowercase());
                    self.note(
                        &key,
                        format!("the tag {tag:?} also asks for {}; one tag can mean one priority", rule.code),
                    );
                }
            }
        }
        rules
    }

    fn queue(&mut self, name: &str, queue: &raw::Queue, priorities: &[PriorityRule], raw: &Raw) -> Queue {
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
        let slas = self.source.names("slas");
        if let Some(sla) = queue.sla.as_ref().filter(|name| !slas.contains(name)) {
            self.note(&format!("{section}.sla"), format!("there is no [slas.{sla}]; there is {}", list(&slas)));
        }
        let address = self.address(&format!("{section}.address"), &queue.address);
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
            priority,
            ask: queue.ask.clone(),
            approvers: self.people(&format!("{section}.approvers"), &queue.approvers, raw),
            suggest: queue.suggest,
            acknowledge: match queue.acknowledge {
                None | Some(raw::Acknowledge::Requests) => Acknowledge::Requests,
                Some(raw::Acknowledge::All) => Acknowledge::All,
                Some(raw::Acknowledge::None) => Acknowledge::None,
            },
        }
    }

    /// Two queues with one prefix would give out the same numbers; with one address, one would starve.
    fn queues_apart(&mut self, queues: &BTreeMap<String, Queue>) {
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

    fn agent(&mut self, name: &str, agent: &raw::Agent, raw: &Raw, desk: &Desk) -> Agent {
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
        }
    }
}

/// The fields with what people write before them: their labels in every language, and further words.
fn fields(raw: &Raw) -> Vec<FieldRule> {
    let rules = raw.fields.iter().map(|(code, field)| {
        let mut words: Vec<String> = field.label.values().chain(&field.words).map(|w| fold(w)).collect();
        words.retain(|w| !w.is_empty());
        words.sort_by_key(|w| std::cmp::Reverse(w.len()));
        words.dedup();
        FieldRule { code: code.clone(), label: field.label.clone(), words }
    });
    rules.collect()
}

pub(super) fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

pub(super) fn is_loopback(host: &str) -> bool {
    // No other name counts: what it stands for may change after it was looked up.
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "guichet".to_owned() } else { name.to_owned() }
}
