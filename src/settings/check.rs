//! From what is written to what the program runs on. Every check notes its mistake and goes on.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::checker::{Check, list};
use super::mistake::Mistakes;
use super::raw::{self, Raw};
use super::slas::length;
use super::source::Source;
use super::{Batch, Settings, Trial, templates};
use crate::clock::Millis;
use crate::mail::{Familiar, Label, Limits, fold, key};
use crate::notify::{self, Templates};
use crate::ticket::{
    Caps, FieldRule, Forgotten, IntakeLimits, Life, OnlyFor, Policy, PriorityRule, ServiceDesk, SeveralQueues,
    TagForms, familiar,
};

/// Checks everything; none when something that the rest needs is missing.
pub(super) fn settings(raw: Raw, source: &Source, trial: Trial<'_>, mistakes: &mut Mistakes) -> Option<Settings> {
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
    let (templates, template_mistakes) = check.templates(raw.desk.as_ref()?, trial).unzip();
    let policy = check.policy(&raw, templates.as_ref());
    let recurring = policy.as_ref().map(|policy| super::recurring::recurring(&mut check, &raw, policy));
    let reports = policy.as_ref().map(|p| super::slas::reports(&mut check, &raw, &p.service_desk));
    let goals = raw.goals.map(|goals| super::slas::goals(&mut check, goals));
    let alarms = policy.as_ref().and_then(|p| super::service::alarms(&mut check, &raw, &p.service_desk));
    let watch = super::service::watch(&mut check, &raw);
    let received_within = raw.sla.as_ref().and_then(|sla| check.millis("sla.received_within", &sla.received_within));
    let (backups, retention) = (super::service::backups(&mut check, &raw), super::service::retention(&mut check, &raw));
    let retry = raw.retry.as_ref().map(|r| check.retry(r));
    let (store, limits) = (raw.store.as_ref()?, raw.limits.as_ref()?);
    let store_url = check.store_url(&store.url);
    let key = check.key(store, &store_url, &raw);
    let warnings = check.warnings;
    let private_files = source.files().chain(raw.secret_files().into_iter().map(|file| source.path(file))).collect();
    let mailboxes = mailboxes.into_iter().map(|(name, mailbox)| Some((name, mailbox?))).collect::<Option<_>>()?;
    Some(Settings {
        policy: policy?,
        store_url,
        key: key?,
        instance: store.instance.clone().unwrap_or_else(host_name),
        smtp: smtp??,
        mailboxes,
        templates: templates?,
        template_mistakes: template_mistakes.unwrap_or_default(),
        retry: retry??,
        batch: Batch { emails: limits.batch_emails.clamp(1, 1_000), bytes: limits.batch_bytes.max(1) },
        notification_file_bytes: limits.notification_file_bytes,
        email_attempts: limits.email_attempts.max(2),
        received_within: received_within?,
        reports: reports.unwrap_or_default(),
        recurring: recurring.unwrap_or_default(),
        goals: goals.unwrap_or_default(),
        watch,
        alarms: alarms?,
        backups: backups?,
        retention: retention?,
        warnings,
        private_files,
    })
}

impl Check<'_> {
    /// The templates that serve, and what is wrong with others. A mistake in one never stops the service.
    fn templates(&mut self, desk: &raw::ServiceDesk, trial: Trial<'_>) -> Option<(Templates, Vec<notify::Mistake>)> {
        let last = match trial {
            Trial::After(last) => Some(last),
            Trial::None | Trial::First => None,
        };
        let folder = desk.templates.as_ref().map(|folder| self.source.path(folder));
        let had = last.is_some_and(|last| last.sources().any(|source| !source.path.is_empty()));
        let (overrides, mut mistakes) = match folder.as_deref().map(templates::read) {
            None => (Vec::new(), Vec::new()),
            Some(Ok(mut found)) => {
                if let Some(last) = last {
                    templates::restored(&mut found, last);
                }
                self.warnings.extend(found.unused);
                (found.sources, found.mistakes)
            }
            // Nobody takes all of them back by taking the folder away.
            Some(Err(e)) if e.kind() == std::io::ErrorKind::NotFound && had => {
                let file = folder.unwrap_or_default().display().to_string();
                let own =
                    last.into_iter().flat_map(Templates::sources).filter(|source| !source.path.is_empty()).cloned();
                let message = "the folder of templates is gone; those that were in it go on being used".to_owned();
                (own.collect(), vec![notify::Mistake { file, line: 0, message }])
            }
            // The contract's example names a folder that need not exist before somebody tunes a notification.
            Some(Err(e)) if e.kind() == std::io::ErrorKind::NotFound => {
                let folder = folder.unwrap_or_default();
                let folder = folder.display();
                self.warnings
                    .push(format!("desk.templates: {folder} does not exist; the built-in notifications are used"));
                (Vec::new(), Vec::new())
            }
            Some(Err(e)) => {
                let file = folder.unwrap_or_default().display().to_string();
                let message = format!("the folder of templates cannot be read: {e}");
                let mut found = templates::Found::default();
                found.mistakes.push(notify::Mistake { file, line: 0, message });
                if let Some(last) = last {
                    templates::restored(&mut found, last);
                }
                (found.sources, found.mistakes)
            }
        };
        if matches!(trial, Trial::None) {
            return Some((Templates::untried(overrides), Vec::new()));
        }
        match Templates::that_serve(overrides, last) {
            Ok((templates, found)) => {
                mistakes.extend(found);
                self.warnings.extend(templates.oddities().iter().map(ToString::to_string));
                Some((templates, mistakes))
            }
            Err(found) => {
                for mistake in found {
                    self.mistakes.add(&mistake.place(), "", mistake.message);
                }
                None
            }
        }
    }

    fn policy(&mut self, raw: &Raw, templates: Option<&Templates>) -> Option<Policy> {
        let languages = templates.map(|t| t.languages().to_vec()).unwrap_or_default();
        let commands = templates.map(Templates::commands).unwrap_or_default();
        let priorities = self.priorities(raw);
        let queues = raw
            .queues
            .iter()
            .map(|(name, q)| (name.clone(), self.queue(name, q, &priorities, raw)))
            .collect::<BTreeMap<_, _>>();
        self.queues_apart(&queues);
        let mut desk = self.desk(raw.desk.as_ref()?, languages)?;
        if let Some(templates) = templates {
            let phrases = templates.phrases(&desk.language);
            desk.no_subject = phrases.if_any("text.no_subject");
            desk.subject = phrases.if_any("text.subject");
        }
        let agents = raw.agents.iter().map(|(name, a)| (name.clone(), self.agent(name, a, raw, &desk))).collect();
        let slas = super::slas::slas(self, raw, &desk);
        let limits = raw.limits.as_ref()?;
        let subject = raw.subject.as_ref()?;
        let authserv_ids =
            raw.mailboxes.iter().filter_map(|(name, m)| Some((name.clone(), m.authserv_id.as_ref()?.to_lowercase())));
        let mut policy = Policy {
            service_desk: desk,
            queues,
            agents,
            priorities,
            tag_forms: TagForms { brackets: subject.brackets, prefix: subject.prefix, bare: subject.bare },
            authserv_ids: authserv_ids.collect(),
            limits: Limits {
                email_bytes: limits.email_bytes,
                header_lines: limits.header_lines,
                parts: limits.parts,
                nesting: limits.nesting,
                references: limits.references,
                text_bytes: limits.text_bytes,
                html_bytes: limits.html_bytes,
                recipients: limits.recipients,
            },
            caps: Caps {
                notifications_per_hour: limits.notifications_per_hour,
                agent_notifications_per_hour: limits.agent_notifications_per_hour,
            },
            intake: IntakeLimits {
                emails_per_hour_per_sender: limits.emails_per_hour_per_sender,
                emails_per_hour: limits.emails_per_hour,
                alike_per_hour: limits.alike_per_hour,
            },
            fields: self.fields(raw),
            undeliverable_for: self.millis("limits.undeliverable_for", &limits.undeliverable_for)?,
            categories: self.topics("categories", &raw.categories, raw),
            services: self.topics("services", &raw.services, raw),
            types: self.topics("types", &raw.types, raw),
            canned: raw.canned.clone(),
            teams: self.teams(raw),
            audiences: self.audiences(raw),
            retired: self.retired(raw),
            life: self.life(raw.life.as_ref()?, limits.recipients_per_message)?,
            slas,
            familiar: Familiar::default(),
            commands: Arc::new(commands),
        };
        // Open tickets are computed anew when any of these changes.
        policy.slas.digest += &format!(" {:?}", policy.life.forgotten);
        policy.familiar = familiar(&policy);
        Some(policy)
    }

    pub(super) fn millis(&mut self, key: &str, text: &str) -> Option<Millis> {
        self.duration(key, text).and_then(|d| i64::try_from(d.as_millis()).ok())
    }

    /// Times of the day, in its order.
    fn times_of_day(&mut self, key: &str, texts: &[String]) -> Vec<Time> {
        let mut times = Vec::new();
        for text in texts {
            match Time::strptime("%H:%M", text) {
                Ok(time) => times.push(time),
                Err(_) => self.note(key, format!("{text:?} is not a time of the day, like \"08:00\"")),
            }
        }
        if texts.is_empty() {
            self.note(key, "it needs one time of the day at least, like [\"08:00\"]");
        }
        times.sort_unstable();
        times
    }

    fn life(&mut self, life: &raw::Life, recipients: usize) -> Option<Life> {
        let remind = life.remind.iter().filter_map(|text| self.millis("life.remind", text)).collect();
        Some(Life {
            remind,
            silence: self.millis("life.silence", &life.silence)?,
            confirm: self.millis("life.confirm", &life.confirm)?,
            collision: self.millis("life.collision", &life.collision)?,
            agent_reply_delay: match life.agent_reply_delay.trim() {
                // None at all.
                "0" | "0s" | "0m" => 0,
                delay => self.millis("life.agent_reply_delay", delay)?,
            },
            forgotten: Forgotten {
                approval: length(self, "life.approval_within", &life.approval_within),
                vendor: length(self, "life.vendor_within", &life.vendor_within),
                unassigned: length(self, "life.unassigned_within", &life.unassigned_within),
                unanswered: length(self, "life.unanswered_within", &life.unanswered_within),
                untouched: length(self, "life.untouched_within", &life.untouched_within),
            },
            digest_at: self.times_of_day("life.digest_at", &life.digest_at),
            action_within: self.millis("life.action_within", &life.action_within)?,
            action_again: self.millis("life.action_again", &life.action_again)?.max(crate::clock::HOUR),
            proof: self.millis("life.proof", &life.proof)?,
            thanks: life.thanks.iter().map(|w| fold(w)).collect(),
            recommend: life.recommend,
            participants: life.participants.max(1),
            commands: life.commands.clamp(1, 100),
            recipients: recipients.max(1),
        })
    }

    fn desk(&mut self, desk: &raw::ServiceDesk, languages: Vec<String>) -> Option<ServiceDesk> {
        let time_zone = TimeZone::get(&desk.time_zone);
        if time_zone.is_err() {
            self.note(
                "desk.time_zone",
                format!("{:?} is not a valid time zone; write one like \"Europe/Paris\"", desk.time_zone),
            );
        }
        if !languages.is_empty() && !languages.contains(&desk.language) {
            self.note(
                "desk.language",
                format!("there are no notifications in {:?}; there are in {}", desk.language, languages.join(", ")),
            );
        }
        Some(ServiceDesk {
            name: desk.name.clone(),
            language: desk.language.clone(),
            no_subject: String::new(),
            subject: String::new(),
            languages,
            time_zone: time_zone.ok()?,
            several_queues: match desk.several_queues {
                raw::SeveralQueues::One => SeveralQueues::One,
                raw::SeveralQueues::Each => SeveralQueues::Each,
            },
        })
    }

    /// The fields with what people write before them: their labels in every language, and further words.
    fn fields(&mut self, raw: &Raw) -> Vec<FieldRule> {
        let (categories, types) = (self.source.names("categories"), self.source.names("types"));
        for (code, field) in &raw.fields {
            let named = [
                ("categories", &field.categories, &categories),
                ("not_categories", &field.not_categories, &categories),
                ("types", &field.types, &types),
            ];
            for (key, names, known) in named {
                let section = if key == "types" { "types" } else { "categories" };
                for name in names.iter().filter(|name| !known.contains(name)) {
                    self.note(
                        &format!("fields.{code}.{key}"),
                        format!("there is no [{section}.{name}]; there is {}", list(known)),
                    );
                }
            }
        }
        let rules = raw.fields.iter().map(|(code, field)| {
            let wordings = field.label.values().chain(&field.words).map(String::as_str);
            FieldRule {
                code: code.clone(),
                label: field.label.clone(),
                reads: Label::new(code, field.long, wordings),
                is_title: field.title,
                is_file: field.file,
                is_text: field.text,
                only_for: OnlyFor {
                    categories: field.categories.clone(),
                    not_categories: field.not_categories.clone(),
                    types: field.types.clone(),
                    senders: field.senders.iter().map(|sender| key(sender)).collect(),
                    roles: field.roles.iter().map(|role| fold(role)).collect(),
                },
            }
        });
        rules.collect()
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
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "guichet".to_owned() } else { name.to_owned() }
}
