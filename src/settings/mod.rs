//! Configuration, checked into plain values.
//!
//! Takes: one TOML file, the others in `conf.d/` beside it in name order, then the environment
//! (`GUICHET__SMTP__PASSWORD`). Gives: [`Settings`], or every [`Mistake`] at once, each with its
//! file, key and cure. The shipped `config/default.toml` is built in and is the reference.

mod calendars;
mod check;
mod checker;
mod desk;
mod mistake;
mod raw;
mod recurring;
mod secret;
mod servers;
mod service;
mod sign_in;
mod slas;
mod source;
mod templates;

pub use mistake::{Mistake, Mistakes};
pub use recurring::Recurring;
pub use service::{Alarms, Backups, Keep, Retention, Watch};
pub use sign_in::FirstSignIn;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Millis;
use crate::edge::imap::ImapConfig;
use crate::edge::login::Login;
use crate::edge::oauth2::Oauth2;
use crate::edge::smtp::SmtpConfig;
use crate::notify::{self, Templates};
use crate::report::{Goals, Plan};
use crate::store::KeyPlace;
use crate::ticket::Policy;

/// Everything the program runs on.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The rules.
    pub policy: Policy,
    /// URL of the database.
    pub store_url: String,
    /// What tokens are encrypted with in the database.
    pub key: KeyPlace,
    /// Name of this instance among those that share a database.
    pub instance: String,
    /// Where notifications are handed over.
    pub smtp: SmtpConfig,
    /// Mailboxes by name.
    pub mailboxes: BTreeMap<String, Mailbox>,
    /// Notifications' templates, compiled and tried: those that serve.
    pub templates: Templates,
    /// What is wrong with the administrator's templates, in whose place others serve.
    pub template_mistakes: Vec<notify::Mistake>,
    /// When notifications are tried again.
    pub retry: Retry,
    /// Bounds of work done at once.
    pub batch: Batch,
    /// Most bytes of files sent on in one notification.
    pub notification_file_bytes: usize,
    /// Tries at one email before it is held.
    pub email_attempts: i64,
    /// How long before it was fetched an email may have been received and still count from then.
    pub received_within: Millis,
    /// Reports that are written automatically.
    pub reports: Vec<Plan>,
    /// Tickets that open by a timetable.
    pub recurring: Vec<Recurring>,
    /// What their figures should be.
    pub goals: Goals,
    /// The local page.
    pub watch: Watch,
    /// When the operator is told what is wrong.
    pub alarms: Alarms,
    /// Copies that are made automatically.
    pub backups: Backups,
    /// How long data is kept.
    pub retention: Retention,
    /// What is allowed but should be known.
    pub warnings: Vec<String>,
    /// Files nobody else should be able to read: those of the configuration, and those that hold secrets.
    pub private_files: Vec<PathBuf>,
}

impl Settings {
    /// Everything that signs in by tokens of an authorization server: mailboxes by name, then SMTP.
    pub fn oauth2(&self) -> impl Iterator<Item = &Arc<Oauth2>> {
        let mailboxes = self.mailboxes.values().filter_map(|mailbox| match &mailbox.kind {
            MailboxKind::Imap(imap) => Some(&imap.login),
            MailboxKind::Maildir { .. } => None,
        });
        mailboxes.chain([&self.smtp.login]).filter_map(|login| match login {
            Login::Oauth2(oauth2) => Some(oauth2),
            _ => None,
        })
    }
}

/// A mailbox to watch.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// What sort it is.
    pub kind: MailboxKind,
    /// How often it is looked into, whatever it announces.
    pub poll: Duration,
}

/// Sorts of mailboxes.
#[derive(Debug, Clone)]
pub enum MailboxKind {
    /// A folder on an IMAP server.
    Imap(Box<ImapConfig>),
    /// A local Maildir.
    Maildir {
        /// Its folder.
        root: PathBuf,
        /// Folder handled email is moved to; empty leaves it, marked.
        archive: String,
    },
}

/// When notifications are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The first wait.
    pub first: Duration,
    /// The longest wait.
    pub most: Duration,
    /// Age at which a notification is given up.
    pub give_up: Duration,
}

/// Bounds of work done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    pub emails: usize,

    pub bytes: u64,
}

/// Reads and checks the configuration at `path`.
///
/// # Errors
/// All mistakes found.
pub fn load(path: &Path) -> Result<Settings, Mistakes> {
    load_with(path, std::env::vars().collect())
}

/// As [`load`], for a command that writes no notification: templates are not tried.
///
/// # Errors
/// All mistakes found but those of templates.
pub(crate) fn load_quickly(path: &Path) -> Result<Settings, Mistakes> {
    read(path, std::env::vars().collect(), Trial::None)
}

/// As [`load`], for a service at work: where a template does not serve, the last good one goes on.
///
/// # Errors
/// All mistakes found; those of templates are none.
pub(crate) fn reload(path: &Path, last: &Templates) -> Result<Settings, Mistakes> {
    read(path, std::env::vars().collect(), Trial::After(last))
}

/// As [`load`], for those who look after templates: a mistake in one is a mistake.
///
/// # Errors
/// All mistakes found.
pub(crate) fn load_strictly(path: &Path) -> Result<Settings, Mistakes> {
    let settings = load(path)?;
    if settings.template_mistakes.is_empty() {
        return Ok(settings);
    }
    let mut mistakes = Mistakes::default();
    for mistake in &settings.template_mistakes {
        mistakes.add(&mistake.place(), "", mistake.message.clone());
    }
    Err(mistakes)
}

/// The folder of the administrator's templates, whether the configuration is good or not; none where it names none.
#[must_use]
pub(crate) fn template_folder(path: &Path) -> Option<PathBuf> {
    let source = source::read(path, std::env::vars().collect()).ok()?;
    let raw = source.deserialize(&mut Mistakes::default());
    Some(source.path(&raw.desk?.templates?))
}

/// What signing a person in for a section needs, whether the rest of the configuration is good or not.
///
/// # Errors
/// The mistakes of that section.
pub fn first_sign_in(path: &Path, section: &str) -> Result<FirstSignIn, Mistakes> {
    let source = source::read(path, std::env::vars().collect())?;
    let mut mistakes = Mistakes::default();
    let raw = source.deserialize(&mut mistakes);
    let mut check = checker::Check { source: &source, mistakes: &mut mistakes, warnings: Vec::new() };
    let found = sign_in::first(&mut check, section, &raw);
    found.filter(|_| mistakes.is_empty()).ok_or(mistakes)
}

/// As [`load`], with the environment given.
///
/// # Errors
/// All mistakes found.
pub fn load_with(path: &Path, environment: Vec<(String, String)>) -> Result<Settings, Mistakes> {
    read(path, environment, Trial::First)
}

/// Whether templates are tried, and what serves where one does not.
#[derive(Clone, Copy)]
enum Trial<'a> {
    /// They are not.
    None,
    /// The built-in one.
    First,
    /// What has served until now.
    After(&'a Templates),
}

fn read(path: &Path, environment: Vec<(String, String)>, trial: Trial<'_>) -> Result<Settings, Mistakes> {
    let source = source::read(path, environment)?;
    let mut mistakes = Mistakes::default();
    let raw = source.deserialize(&mut mistakes);
    let settings = check::settings(raw, &source, trial, &mut mistakes);
    match settings {
        Some(settings) if mistakes.is_empty() => Ok(settings),
        _ => Err(mistakes),
    }
}
