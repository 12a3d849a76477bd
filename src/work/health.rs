//! How the service stands: asked of the store, the disk and this epoch.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde::Serialize;

use super::{App, presence};
use crate::clock::{MINUTE, Millis};
use crate::settings::{MailboxKind, Settings};
use crate::store::{Alarm, Backlog, StoreError, without_password};
use crate::trouble::millis;

/// The alarm about what administrators wrote.
pub(super) const MISTAKES: &str = "mistakes";

/// How things stand.
#[derive(Debug, Clone, Default)]
pub struct Health {
    pub mailboxes: Vec<MailboxHealth>,
    /// Counts of the store; none while it does not answer.
    pub backlog: Option<Backlog>,
    /// What the store said instead.
    pub error: String,
    /// How long the store took to answer, in seconds.
    pub latency: f64,
    /// Free space where something is written, in bytes.
    pub disks: Vec<(PathBuf, Option<u64>)>,
    /// When the newest backup was made; 0 for none.
    pub backup_at: Millis,
    /// Since when this epoch goes on.
    pub begun_at: Millis,
    /// Whether deadlines and reports are this instance's.
    pub leads: bool,
    /// What the operator has been told is wrong.
    pub alarms: Vec<Alarm>,
    /// What is wrong with what administrators wrote; the service works all the same.
    pub mistakes: Vec<String>,
}

/// How a mailbox stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxHealth {
    pub name: String,
    /// When it was last read to its end, by whatever instance; 0 for never.
    pub polled_at: Millis,
    /// When an email last came; 0 for never.
    pub mail_at: Millis,
    /// How often it is looked into.
    pub poll: Millis,
    /// Whether this instance reads it.
    pub here: bool,
}

/// One figure: its name, what it means, and its values by label.
pub(crate) type Figure = (&'static str, &'static str, Vec<(Option<(&'static str, String)>, f64)>);

/// Looks at everything.
pub async fn look(app: &App) -> Health {
    let settings = app.settings.load_full();
    let begun = Instant::now();
    let mut health = Health {
        disks: disks(app, &settings).await,
        begun_at: app.opened_at,
        leads: app.presence.leads(),
        mistakes: app.mistakes(),
        backup_at: backup_at(app, &settings).await,
        ..Health::default()
    };
    match app.store.backlog(app.clock.now()).await {
        Ok(backlog) => health.backlog = Some(backlog),
        Err(error) => health.error = error.to_string(),
    }
    health.latency = begun.elapsed().as_secs_f64();
    if health.backlog.is_some() {
        match app.store.alarms().await {
            Ok(alarms) => health.alarms = alarms,
            Err(error) => health.error = error.to_string(),
        }
        match mailboxes(app, &settings).await {
            Ok(mailboxes) => health.mailboxes = mailboxes,
            Err(error) => health.error = error.to_string(),
        }
    }
    health
}

async fn mailboxes(app: &App, settings: &Settings) -> Result<Vec<MailboxHealth>, StoreError> {
    let mut found = Vec::new();
    let last = app.store.last_emails().await?;
    let heard = app.fetched_until();
    for (name, mailbox) in &settings.mailboxes {
        let noted = app.store.cursor(name).await?.map_or(0, |cursor| cursor.polled_at);
        found.push(MailboxHealth {
            name: name.clone(),
            polled_at: heard.get(name).copied().unwrap_or(0).max(noted),
            mail_at: last.get(name).copied().unwrap_or(0),
            poll: millis(mailbox.poll),
            here: app.presence.holds(&presence::of_mailbox(name)),
        });
    }
    Ok(found)
}

/// Room left on every disk something is written to.
/// Places that cannot be asked have none.
async fn disks(app: &App, settings: &Settings) -> Vec<(PathBuf, Option<u64>)> {
    let own = app.store.file().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
    let own = own.as_deref().and_then(Path::parent).map(Path::to_path_buf);
    let maildirs = settings.mailboxes.values().filter_map(|m| match &m.kind {
        MailboxKind::Maildir { root, .. } => Some(root.clone()),
        MailboxKind::Imap(_) => None,
    });
    let mut places: Vec<PathBuf> = own.into_iter().chain(settings.backups.folder.clone()).chain(maildirs).collect();
    places.dedup();
    let mut found = Vec::with_capacity(places.len());
    for place in places {
        let about = app.places.ask(&place, |place| rustix::fs::statvfs(place).ok()).await.flatten();
        found.push((place, about.map(|about| about.f_bavail.saturating_mul(about.f_frsize))));
    }
    found
}

/// When the newest copy was made; 0 where there is none, or nobody can look.
async fn backup_at(app: &App, settings: &Settings) -> Millis {
    let Some(folder) = settings.backups.folder.clone() else { return 0 };
    let (backups, zone) = (settings.backups.clone(), settings.policy.service_desk.time_zone.clone());
    // Another question about the same folder: its own name keeps the two apart.
    let asked = folder.join("newest");
    // Whoever cannot look knows no better than before.
    match app.places.ask(&asked, move |_| super::backup::newest(&backups, &zone)).await {
        Some(newest) => {
            let newest = newest.unwrap_or(0);
            app.newest_backup.store(newest, Ordering::SeqCst);
            newest
        }
        None => app.newest_backup.load(Ordering::SeqCst),
    }
}

impl Health {
    /// What keeps the service from its work, in words.
    #[must_use]
    pub fn hindrances(&self, now: Millis) -> Vec<String> {
        let mut found = Vec::new();
        if self.backlog.is_none() {
            found.push(format!("the database does not answer: {}", self.error));
        }
        for mailbox in self.mailboxes.iter().filter(|m| m.here) {
            // A round may take as long as a round takes.
            let patience = 3 * mailbox.poll + MINUTE;
            if now - mailbox.polled_at > patience && now - self.begun_at > patience {
                found.push(format!("mailbox {} could not be read lately", mailbox.name));
            }
        }
        found
    }

    /// One line for `systemctl status`.
    #[must_use]
    pub fn line(&self, now: Millis) -> String {
        let Some(backlog) = &self.backlog else { return format!("the database does not answer: {}", self.error) };
        let here = self.mailboxes.iter().filter(|m| m.here).count();
        let mut line = format!(
            "{here} mailboxes watched, {} emails to decide, {} held, {} notifications to send, {} failed",
            backlog.undecided, backlog.held, backlog.queued, backlog.failed
        );
        for hindrance in self.hindrances(now).iter().chain(&self.mistakes) {
            line = format!("{line}; {hindrance}");
        }
        line
    }

    /// Every figure of `/metrics`.
    #[must_use]
    pub fn figures(&self, now: Millis) -> Vec<Figure> {
        let age = |at: Millis| if at == 0 { 0.0 } else { seconds(now - at).max(0.0) };
        let one = |value: f64| vec![(None, value)];
        let by_mailbox = |value: &dyn Fn(&MailboxHealth) -> f64| {
            self.mailboxes.iter().map(|m| (Some(("mailbox", m.name.clone())), value(m))).collect()
        };
        let mut figures: Vec<Figure> = vec![
            ("up", "The database answers", one(f64::from(u8::from(self.backlog.is_some())))),
            ("leads", "Deadlines and reports are met by this instance", one(f64::from(u8::from(self.leads)))),
            ("start_time_seconds", "Started", one(seconds(self.begun_at))),
            ("database_latency_seconds", "The database took to answer just now", one(self.latency)),
            ("mailbox_last_poll_seconds", "Mailbox last read to its end", by_mailbox(&|m| seconds(m.polled_at))),
            ("mailbox_last_email_seconds", "Last email in a mailbox", by_mailbox(&|m| seconds(m.mail_at))),
            ("mailbox_here", "Mailbox watched by this instance", by_mailbox(&|m| f64::from(u8::from(m.here)))),
        ];
        if self.backup_at > 0 {
            figures.push((
                "backup_age_seconds",
                "Age of the newest backup made automatically",
                one(age(self.backup_at)),
            ));
        }
        let alarms = self.alarms.iter().map(|alarm| (Some(("name", alarm.name.clone())), 1.0));
        figures.push(("alarm", "What the operator has been told is wrong", alarms.collect()));
        let disks = self
            .disks
            .iter()
            .filter_map(|(place, free)| Some((Some(("path", place.display().to_string())), bytes((*free)?))));
        figures.push(("disk_free_bytes", "Free space where something is written", disks.collect()));
        if let Some(s) = &self.backlog {
            figures.extend([
                ("emails_undecided", "Emails that wait for their verdict", one(count(s.undecided))),
                (
                    "emails_undecided_oldest_seconds",
                    "The oldest email that waits for its verdict has waited",
                    one(s.oldest_undecided.map_or(0.0, age)),
                ),
                ("emails_held", "Emails a person must review", one(count(s.held))),
                ("notifications_waiting", "Notifications that wait to leave", one(count(s.queued))),
                (
                    "notifications_waiting_oldest_seconds",
                    "The oldest notification that waits to leave has waited",
                    one(s.oldest_queued.map_or(0.0, age)),
                ),
                (
                    "notifications_failed",
                    "Notifications that will not be tried again automatically",
                    one(count(s.failed)),
                ),
                ("addresses_refusing", "Addresses nothing is written to for now", one(count(s.refusing))),
                (
                    "deadlines_late",
                    "Due times of tickets that are over by a quarter of an hour and not yet met",
                    one(count(s.late)),
                ),
            ]);
        }
        figures
    }

    /// The page for people.
    #[must_use]
    pub fn page(&self, app: &str, store: &str, now: Millis) -> String {
        let rows = self.figures(now).into_iter().flat_map(|(name, meaning, values)| {
            values.into_iter().map(move |(label, value)| {
                let label = label.map(|(_, value)| format!(" ({value})")).unwrap_or_default();
                Row { meaning: format!("{meaning}{label}"), value: shown(name, value, now) }
            })
        });
        let mut hindrances = self.hindrances(now);
        hindrances.extend(self.mistakes.iter().cloned());
        // Those of templates and configuration stand there already, as they are now.
        let alarms = self.alarms.iter().filter(|alarm| alarm.name != MISTAKES);
        hindrances.extend(alarms.map(|alarm| alarm.text[1].clone()));
        let page = Page {
            app,
            version: env!("CARGO_PKG_VERSION"),
            store: without_password(store),
            hindrances,
            rows: rows.collect(),
        };
        crate::notify::page(include_str!("health.html.hbs"), &page)
    }
}

/// The values of `health.html.hbs`.
#[derive(Serialize)]
struct Page<'a> {
    app: &'a str,
    version: &'static str,
    store: String,
    hindrances: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    meaning: String,
    value: String,
}

fn seconds(at: Millis) -> f64 {
    count(at) / 1000.0
}

#[allow(clippy::cast_precision_loss, reason = "counts and times far below 2^52")]
fn count(value: i64) -> f64 {
    value as f64
}

#[allow(clippy::cast_precision_loss, reason = "a disk's room to a few digits is enough")]
fn bytes(value: u64) -> f64 {
    value as f64
}

/// A figure as people read it: instants as ages, bytes in GiB.
fn shown(name: &str, value: f64, now: Millis) -> String {
    let ago = |seconds: f64| match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} days", s / 86_400.0),
    };
    match name {
        "mailbox_last_poll_seconds" | "mailbox_last_email_seconds" | "start_time_seconds" if value == 0.0 => {
            "never".to_owned()
        }
        "mailbox_last_poll_seconds" | "mailbox_last_email_seconds" | "start_time_seconds" => {
            format!("{} ago", ago((seconds(now) - value).max(0.0)))
        }
        "database_latency_seconds" => format!("{:.1} ms", value * 1000.0),
        "disk_free_bytes" => format!("{:.1} GiB", value / 1_073_741_824.0),
        "up" | "leads" | "mailbox_here" => if value > 0.0 { "yes" } else { "no" }.to_owned(),
        name if name.ends_with("_seconds") => ago(value),
        _ => format!("{value:.0}"),
    }
}
