//! What the service itself needs: its page, its alarms, its copies, how long data is kept.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::checker::Check;
use super::raw::Raw;
use crate::clock::{DAY, Millis};
use crate::report::Cron;
use crate::ticket::{Person, ServiceDesk};

/// The local page.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Where it listens; nowhere for none.
    pub listen: Option<SocketAddr>,
}

/// When the operator is told, and who that is.
#[derive(Debug, Clone, Default)]
pub struct Alarms {
    /// Who is told; empty: those in charge of the service desk.
    pub to: Vec<Person>,
    /// A mailbox that could not be read for as long is an alarm, in milliseconds like the others.
    pub mailbox_silent: Millis,
    /// A mailbox to which nobody has written for as long; 0: never.
    pub mailbox_quiet: Millis,
    /// An email that waits for its verdict for as long.
    pub email_undecided: Millis,
    /// A notification that waits for as long.
    pub notifications_wait: Millis,
    /// A newest backup of that age.
    pub backup_age: Millis,
    /// More emails than that wait for a person; 0: never.
    pub emails_held: i64,
    /// Less room on a disk than that, in bytes.
    pub disk_free: u64,
    /// When an alarm that lasts is told again.
    pub remind: Millis,
}

/// Copies that are made automatically.
#[derive(Debug, Clone)]
pub struct Backups {
    /// The folder they lie in; none: no copies automatically.
    pub folder: Option<PathBuf>,
    /// When one is made.
    pub cron: Option<Cron>,
    /// How many days, weeks and months of them are kept.
    pub keep: Keep,
}

/// How many copies are kept: the newest of each of the last days, weeks (ISO) and months that have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Days.
    pub daily: usize,
    /// Weeks.
    pub weekly: usize,
    /// Months.
    pub monthly: usize,
}

/// How long data is kept, in milliseconds; 0: for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// The bytes of emails, with their attachments, after their ticket was closed.
    pub emails: Millis,
    /// The bytes of notifications that were sent.
    pub notifications: Millis,
    /// The bytes of emails that were ignored or refused.
    pub ignored: Millis,
    /// Who asked, in tickets that were closed: then their people are erased.
    pub people: Millis,
}

pub(super) fn watch(check: &mut Check<'_>, raw: &Raw) -> Watch {
    let Some(raw) = raw.watch.as_ref().filter(|w| !w.listen.is_empty()) else { return Watch::default() };
    let Ok(listen) = raw.listen.parse::<SocketAddr>() else {
        let text = format!(
            "{:?} is not a valid address to listen on; write one like \"127.0.0.1:9625\", or \"\" for none",
            raw.listen
        );
        check.note("watch.listen", text);
        return Watch::default();
    };
    if !listen.ip().is_loopback() && !raw.allow_remote {
        let text = "the page has no password and no encryption: it listens on the loopback, unless allow_remote = true";
        check.note("watch.listen", text);
    }
    Watch { listen: Some(listen) }
}

pub(super) fn alarms(check: &mut Check<'_>, raw: &Raw, desk: &ServiceDesk) -> Option<Alarms> {
    let alarms = raw.alarms.as_ref()?;
    if let Some(language) = alarms.language.as_ref().filter(|l| !desk.languages.contains(l)) {
        let known = desk.languages.join(", ");
        check.note("alarms.language", format!("there are no notifications in {language:?}; there are in {known}"));
    }
    let person = |check: &mut Check<'_>, text: &String| Person {
        address: check.address("alarms.to", text),
        name: String::new(),
        language: alarms.language.clone().unwrap_or_else(|| desk.language.clone()),
    };
    Some(Alarms {
        to: alarms.to.iter().map(|text| person(check, text)).collect(),
        mailbox_silent: check.millis("alarms.mailbox_silent", &alarms.mailbox_silent)?,
        mailbox_quiet: for_ever_or(check, "alarms.mailbox_quiet", &alarms.mailbox_quiet)?,
        email_undecided: check.millis("alarms.email_undecided", &alarms.email_undecided)?,
        notifications_wait: check.millis("alarms.notifications_wait", &alarms.notifications_wait)?,
        backup_age: check.millis("alarms.backup_age", &alarms.backup_age)?,
        emails_held: alarms.emails_held,
        disk_free: alarms.disk_free_mib.saturating_mul(1024 * 1024),
        remind: check.millis("alarms.remind", &alarms.remind)?,
    })
}

pub(super) fn backups(check: &mut Check<'_>, raw: &Raw) -> Option<Backups> {
    let backup = raw.backup.as_ref()?;
    let cron = match Cron::read(&backup.cron) {
        Ok(cron) => Some(cron),
        Err(_) => {
            let text = format!(
                "{:?} is not a valid timetable; write minute, hour, day, month, weekday, like \"30 2 * * *\"",
                backup.cron
            );
            check.note("backup.cron", text);
            None
        }
    };
    let keep = Keep { daily: backup.daily.max(1), weekly: backup.weekly, monthly: backup.monthly };
    let folder = (!backup.folder.as_os_str().is_empty()).then(|| check.source.path(&backup.folder));
    Some(Backups { folder, cron, keep })
}

pub(super) fn retention(check: &mut Check<'_>, raw: &Raw) -> Option<Retention> {
    let kept = raw.retention.as_ref()?;
    Some(Retention {
        emails: days_or_ever(check, "retention.emails", &kept.emails)?,
        notifications: days_or_ever(check, "retention.notifications", &kept.notifications)?,
        ignored: days_or_ever(check, "retention.ignored", &kept.ignored)?,
        people: days_or_ever(check, "retention.people", &kept.people)?,
    })
}

/// What is removed is gone: less than a day is a month mistaken for a minute.
fn days_or_ever(check: &mut Check<'_>, key: &str, text: &str) -> Option<Millis> {
    let time = for_ever_or(check, key, text)?;
    if time > 0 && time < DAY {
        check.note(key, format!("{text:?} is less than a day; a month is \"30d\", a year \"365d\""));
        return None;
    }
    Some(time)
}

/// A length of time; 0 for an empty text.
fn for_ever_or(check: &mut Check<'_>, key: &str, text: &str) -> Option<Millis> {
    if text.is_empty() { Some(0) } else { check.millis(key, text) }
}
