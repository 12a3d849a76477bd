//! `check`: everything tried, one line each, what is wrong and how to fix it.

mod sign_in;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::show;
use crate::clock::{Clock, readable};
use crate::edge::imap::{ImapConfig, ImapTrouble, Refusal};
use crate::edge::login::Login;
use crate::edge::smtp::{Smtp, SmtpTrouble};
use crate::settings::{self, MailboxKind, Settings};
use crate::store::{Store, sqlite_file};
use crate::ticket::{PriorityRule, Probe, ReplyTo, Secret};
use crate::trouble::{Trouble, exit};
use crate::work::backup;
use crate::work::probe;
use crate::work::reports::{self, ending};
use crate::work::sign_in::{Signer, Tokens};

/// What the lines so far amount to.
#[derive(Default)]
struct Report {
    worst: u8,
}

impl Report {
    fn good(&self, what: &str, text: &str) {
        println!("ok     {what:<24} {}", show::one_line(text));
    }

    fn note(&self, what: &str, text: &str) {
        println!("note   {what:<24} {}", show::one_line(text));
    }

    fn bad(&mut self, what: &str, text: &str, code: u8) {
        println!("WRONG  {what:<24} {}", show::one_line(text));
        // A wrong configuration is the cause to fix first.
        self.worst = if self.worst == exit::CONFIG { self.worst } else { code };
    }
}

pub(super) async fn run(config: &Path, offline: bool) -> Result<ExitCode, Trouble> {
    let mut report = Report::default();
    let settings = match settings::load(config) {
        Ok(settings) => settings,
        Err(mistakes) => {
            for mistake in &mistakes.0 {
                report.bad("configuration", &mistake.to_string(), exit::CONFIG);
            }
            return Ok(ExitCode::from(exit::CONFIG));
        }
    };
    let policy = &settings.policy;
    report.good(
        "configuration",
        &format!("{}, queues: {}, agents: {}", config.display(), policy.queues.len(), policy.agents.len()),
    );
    for mistake in &settings.template_mistakes {
        report.bad("template", &mistake.to_string(), exit::CONFIG);
    }
    if settings.template_mistakes.is_empty() {
        report.good("templates", &format!("in {}", settings.templates.languages().join(", ")));
    }
    for warning in &settings.warnings {
        report.note("configuration", warning);
    }
    notes_on_people(&settings, &report);
    private(&settings, &report);
    service(&settings, &mut report);
    time(&settings, &report);
    let secret = database(&settings, &mut report).await;
    if offline {
        report.note("servers", "left out (--offline)");
    } else {
        let tokens = Tokens::default();
        let store = secret.as_ref().map(|(store, _)| store);
        let signer = Signer { tokens: &tokens, store, key: settings.key.clone() };
        mailboxes(&settings, &signer, &mut report).await;
        smtp(&settings, &signer, secret.as_ref(), &mut report).await;
    }
    Ok(ExitCode::from(report.worst))
}

fn notes_on_people(settings: &Settings, report: &Report) {
    for queue in settings.policy.queues.values() {
        if settings.policy.watchers(&queue.name).is_empty() {
            let text = "nobody is notified about new tickets: no agent has it among its queues";
            report.note(&format!("queue {}", queue.name), text);
        }
    }
}

/// Files that hold secrets or mail, and that anybody on this machine can read.
fn private(settings: &Settings, report: &Report) {
    use std::os::unix::fs::PermissionsExt;
    let database = sqlite_file(&settings.store_url);
    let beside = ["", "-wal", "-shm", ".lock", ".sent", ".erased"];
    let beside = beside.iter().filter_map(|end| Some(PathBuf::from(format!("{}{end}", database.as_ref()?.display()))));
    for file in settings.private_files.iter().cloned().chain(beside) {
        let Ok(found) = std::fs::metadata(&file) else { continue };
        let mode = found.permissions().mode();
        if mode & 0o006 != 0 {
            let file = file.display();
            report.note("files", &format!("everybody on this machine can read or change {file}: chmod o-rwx {file}"));
        }
    }
}

/// Copies, alarms and page.
fn service(settings: &Settings, report: &mut Report) {
    let zone = &settings.policy.service_desk.time_zone;
    match &settings.backups.folder {
        None => report.note("backup", "no copies are made automatically; see backup.folder"),
        Some(folder) if folder.exists() && !folder.is_dir() => {
            report.bad(
                "backup",
                &format!("{} is not a valid folder; see backup.folder", folder.display()),
                exit::CONFIG,
            );
        }
        Some(folder) => {
            let newest = backup::newest(&settings.backups, zone).map_or("none yet".to_owned(), |at| readable(at, zone));
            report.good("backup", &format!("in {}, the newest: {newest}", folder.display()));
        }
    }
    let mut told: Vec<&str> = settings.alarms.to.iter().map(|to| to.address.as_str()).collect();
    if told.is_empty() {
        told = reports::in_charge(&settings.policy).iter().map(|agent| agent.address.as_str()).collect();
    }
    match told.as_slice() {
        [] => report.note("alarms", "nobody is told when the service is in trouble; see alarms.to"),
        told => report.good("alarms", &format!("go to {}", told.join(", "))),
    }
    if let Some(place) = settings.watch.listen {
        match std::net::TcpListener::bind(place) {
            Ok(_) => report.good("page", &format!("http://{place}/ is free for it")),
            Err(error) => {
                let text = format!("{place}: {error}; that is guichet itself, where it runs; else see watch.listen");
                report.note("page", &text);
            }
        }
    }
}

/// What is promised, calendars that run out of known times off, and when reports are written next.
fn time(settings: &Settings, report: &Report) {
    let (policy, now) = (&settings.policy, Clock::system().now());
    let slas = &policy.slas;
    if !slas.policies.is_empty() {
        let names: Vec<&str> = slas.policies.keys().map(String::as_str).collect();
        report.good("service levels", &names.join(", "));
    }
    for calendar in slas.calendars.values().filter(|c| !c.is_always()) {
        let zone = &policy.service_desk.time_zone;
        let when = match calendar.next_open(now) {
            Some(at) if at == now => "open now".to_owned(),
            Some(at) => format!("closed now, opens {}", readable(at, zone)),
            None => "never opens again".to_owned(),
        };
        let off = calendar.closed.iter().filter(|(_, on)| *on > now).count();
        let last = calendar.files.iter().map(|(_, until)| *until).max().filter(|at| *at > 0);
        let last = last.map_or_else(String::new, |at| format!(", files until {}", readable(at, zone)));
        report.good(&format!("calendar {}", calendar.name), &format!("{when}; {off} times off ahead{last}"));
    }
    for end in slas.calendars.values().flat_map(|calendar| ending(calendar, now)) {
        report.note("calendar", &settings.templates.phrases("en").say(&end, policy));
    }
    for (queue, sla) in &slas.queues {
        let Some(sla) = slas.policies.get(sla) else { continue };
        let bare = |p: &&PriorityRule| sla.target(1, &p.code).is_none();
        let bare: Vec<&str> = policy.priorities.iter().filter(bare).map(|p| p.code.as_str()).collect();
        if !bare.is_empty() {
            let text =
                format!("slas.{} promises nothing for {}: best effort, however urgent", sla.name, bare.join(", "));
            report.note(&format!("queue {queue}"), &text);
        }
    }
    for plan in &settings.reports {
        let next = plan.cron.next(now, &policy.service_desk.time_zone);
        let next = next.map_or_else(String::new, |at| readable(at, &policy.service_desk.time_zone));
        report.good(&format!("report {}", plan.name), &format!("{}, next {next}", plan.sort.as_str()));
    }
}

async fn database(settings: &Settings, report: &mut Report) -> Option<(Store, Secret)> {
    if let Some(file) = sqlite_file(&settings.store_url).filter(|file| !file.exists()) {
        // Made now, it would belong to whoever checks, not to the service.
        report.note("database", &format!("{} is not there yet; `guichet run` makes it", file.display()));
        return None;
    }
    let opened = match Store::open(&settings.store_url).await {
        Ok(store) => store.secret().await.map(|secret| (store, secret)),
        Err(error) => Err(error),
    };
    match opened {
        Ok(pair) => {
            report.good("database", &crate::store::without_password(&settings.store_url));
            Some(pair)
        }
        Err(error) => {
            let trouble = Trouble::Store(error);
            report.bad("database", &trouble.to_string(), trouble.exit_code());
            None
        }
    }
}

async fn mailboxes(settings: &Settings, signer: &Signer<'_>, report: &mut Report) {
    for (name, mailbox) in &settings.mailboxes {
        let what = format!("mailbox {name}");
        match &mailbox.kind {
            MailboxKind::Maildir { root, .. } => match crate::edge::maildir::waiting(root, 1_000) {
                Ok(waiting) => report.good(&what, &format!("{}: {} emails wait", root.display(), waiting.len())),
                Err(error) => report.bad(
                    &what,
                    &format!("{error}; path must name the folder that holds new/ and cur/, readable by this user"),
                    exit::UNREACHABLE,
                ),
            },
            MailboxKind::Imap(config) => {
                sign_in::status(&what, &config.login, settings, signer, report).await;
                if !sign_in::can_be_tried(&what, &config.login, signer, report) {
                    continue;
                }
                match imap(name, config, signer).await {
                    Ok(text) => report.good(&what, &text),
                    Err(Trouble::Imap { source, .. }) => {
                        report.bad(&what, &format!("{source}; {}", cure(&source, config, name)), exit::UNREACHABLE);
                    }
                    Err(trouble) => report.bad(&what, &trouble.to_string(), trouble.exit_code()),
                }
            }
        }
    }
}

async fn imap(name: &str, config: &ImapConfig, signer: &Signer<'_>) -> Result<String, Trouble> {
    let trouble = |source| Trouble::Imap { mailbox: name.to_owned(), source };
    let mut imap = signer.imap(name, config, Clock::system().now()).await?;
    imap.ensure_archive().await.map_err(trouble)?;
    if let Some(why) = imap.barred() {
        let text = format!("nothing can be moved to the archive folder {:?}: {why}", config.archive);
        return Err(trouble(ImapTrouble::Unsupported(text)));
    }
    let folder = imap.select().await.map_err(trouble)?;
    let news = if imap.can_idle() { "announces new email (IDLE)" } else { "is polled" };
    imap.logout().await;
    Ok(format!("{}: {} holds {} emails and {news}", config.endpoint.place(), config.folder, folder.exists))
}

fn cure(error: &ImapTrouble, config: &ImapConfig, name: &str) -> String {
    match error {
        ImapTrouble::Login(_) if !matches!(config.login, Login::Password(_)) => format!(
            "see mailboxes.{name}.username, mailboxes.{name}.oauth2, and whether the mail server lets that client read this mailbox"
        ),
        ImapTrouble::Login(_) => format!("see mailboxes.{name}.username and its password"),
        ImapTrouble::Refused { text, .. } if text.to_lowercase().contains("not connected") => format!(
            "Exchange says so when the password or token is good and the mailbox is not to be had by it: mailboxes.{name}.username \
             names a mailbox that does not exist or is not this user's, IMAP is switched off for it \
             (Set-CASMailbox -ImapEnabled $true), it has no licence, or too many sessions are open"
        ),
        ImapTrouble::Refused { why: Refusal::Busy(_), .. } => "the server is busy; try again later".to_owned(),
        ImapTrouble::Unsupported(text) if text.contains("archive folder") => {
            format!(
                "make it by hand, or name another in mailboxes.{name}.archive; until then handled email stays, marked as read"
            )
        }
        ImapTrouble::Refused { .. } => format!("see mailboxes.{name}.folder and archive"),
        ImapTrouble::Unreachable(text) if text.contains("certificate") || text.contains("UnknownIssuer") => {
            format!(
                "see mailboxes.{name}.host, which must be the name in the certificate, and ca_file for a private authority"
            )
        }
        _ => format!("see mailboxes.{name}.host, port and security, and the network between"),
    }
}

async fn smtp(settings: &Settings, signer: &Signer<'_>, opened: Option<&(Store, Secret)>, report: &mut Report) {
    let place = settings.smtp.endpoint.place();
    let login = &settings.smtp.login;
    let mut smtp = Smtp::new(settings.smtp.clone());
    sign_in::status("smtp", login, settings, signer, report).await;
    if !sign_in::can_be_tried("smtp", login, signer, report) {
        return;
    }
    if let Err(trouble) = signer.smtp(&mut smtp, Clock::system().now()).await {
        let text = match (&trouble, login) {
            (Trouble::Smtp(error @ SmtpTrouble::Login { .. }), Login::Password(_)) => {
                format!("{error}; see smtp.username and its password")
            }
            (Trouble::Smtp(error @ SmtpTrouble::Login { .. }), _) => {
                format!("{error}; see smtp.username, smtp.oauth2, and whether the server lets that client send")
            }
            (Trouble::Smtp(error), _) => format!("{error}; see smtp.host, port and security, and the network between"),
            (other, _) => other.to_string(),
        };
        report.bad("smtp", &text, exit::UNREACHABLE);
        return;
    }
    report.good("smtp", &format!("{place} takes notifications"));
    let Some((store, secret)) = opened else { return };
    for queue in settings.policy.queues.values().filter(|q| q.reply_to == ReplyTo::Auto) {
        let what = format!("queue {}", queue.name);
        match store.plus_works(&queue.name).await {
            Ok(true) => report.good(&what, "sub-addresses work; notifications carry signed reply addresses"),
            _ => match probe::send(&mut smtp, queue, secret).await {
                Ok(()) => report.note(&what, "a probe to a sub-address is on its way; when `guichet run` sees it come back, notifications carry signed reply addresses"),
                Err(trouble) => report.note(&what, &format!("the probe to a sub-address was refused ({trouble}); reply_to stays plain")),
            },
        }
    }
    for (mailbox, server) in &settings.policy.authserv_ids {
        results(settings, &mut smtp, (store, secret), mailbox, server, report).await;
    }
    smtp.quit().await;
}

/// Whether a mailbox's server takes away fields that others write in its name: agents are believed on its word.
async fn results(
    settings: &Settings,
    smtp: &mut Smtp,
    (store, secret): (&Store, &Secret),
    mailbox: &str,
    server: &str,
    report: &mut Report,
) {
    let what = format!("mailbox {mailbox}");
    let known = store.meta(&Probe::results_fact(mailbox)).await.ok().flatten();
    match known.as_deref() {
        Some("removed") => report.good(&what, &format!("its server takes foreign results in the name of {server} away")),
        Some("below") => report.note(
            &what,
            &format!("its server leaves foreign results in the name of {server}; only the topmost, its own, is believed"),
        ),
        Some(_) => report.bad(
            &what,
            &format!(
                "its server leaves foreign results in the name of {server} and adds none of its own: anybody could act as an \
                 agent. Take mailboxes.{mailbox}.authserv_id out, or let the server remove such fields (RFC 8601, section 5)"
            ),
            exit::CONFIG,
        ),
        None => {}
    }
    // Servers change: each check asks anew, and the next one says what came of it.
    let Some(queue) = settings.policy.queues.values().find(|queue| queue.mailbox == mailbox) else { return };
    match probe::send_results(smtp, queue, mailbox, server, secret).await {
        Ok(()) if known.is_none() => report.note(
            &what,
            &format!("a probe with results in the name of {server} is on its way; when `guichet run` has seen it, check again"),
        ),
        Ok(()) => {}
        Err(trouble) => report.note(&what, &format!("the probe with foreign results was refused ({trouble})")),
    }
}
