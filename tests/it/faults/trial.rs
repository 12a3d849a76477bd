//! A trial: emails, a real server on each side, the program as a process, and a fault; then everything is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use guichet::store::{Store, TicketFilter};

use crate::support::Database;
use crate::support::dovecot::User;
use crate::support::mail::Mail;
use crate::support::sink::Sink;
use crate::support::site::make;

/// How often each fault is tried: `GUICHET_FAULT_ROUNDS`, else a few times.
pub fn rounds(few: usize) -> usize {
    std::env::var("GUICHET_FAULT_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

/// A plain generator, so that a seed (`GUICHET_FAULT_SEED`) repeats a run.
pub struct Dice(u64);

impl Dice {
    pub fn new(salt: u64) -> Self {
        let seed: u64 = std::env::var("GUICHET_FAULT_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(20_261_122);
        Self(seed.wrapping_mul(31).wrapping_add(salt))
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Where notifications are sent.
pub enum Outlet {
    Sink(Sink),
    Port(u16),
}

pub struct Trial {
    folder: tempfile::TempDir,
    pub url: String,
    pub user: User,
    pub outlet: Outlet,
    /// The mailbox's port, when it is not the server all tests share.
    pub imap_port: u16,
    /// More configuration.
    pub more: String,
    sent: usize,
}

impl Trial {
    pub async fn new(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = make(database, folder.path()).await;
        let outlet = Outlet::Sink(Sink::start());
        Self { folder, url, user: User::new(), outlet, imap_port: User::port(), more: String::new(), sent: 0 }
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("guichet.toml")
    }

    /// So many people write.
    pub fn emails(&mut self, count: usize) {
        let mut client = self.user.client();
        for _ in 0..count {
            self.sent += 1;
            client.append("INBOX", &Mail::from(&format!("p{}@college.example", self.sent)).in_words(self.sent).bytes());
        }
    }

    /// How many people have written so far.
    pub fn people(&self) -> usize {
        self.sent
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until the log says this.
    pub fn says(&self, words: &str) {
        let begun = Instant::now();
        while !self.log().contains(words) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{words}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn program(&self, arguments: &[&str]) -> Command {
        let port = match &self.outlet {
            Outlet::Sink(sink) => sink.port,
            Outlet::Port(port) => *port,
        };
        let section = self
            .user
            .section("Done")
            .replace(&format!("port = {}", User::port()), &format!("port = {}", self.imap_port));
        let text = format!(
            "[desk]\nname = \"Desk\"\n[store]\nurl = \"{}\"\n[watch]\nlisten = \"\"\n[smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\n\
             timeout = \"2s\"\n[retry]\nfirst = \"1s\"\nmost = \"1s\"\n{section}poll = \"1s\"\ntimeout = \"2s\"\n[queues.help]\nmailbox = \"main\"\n\
             address = \"support@desk.example\"\nprefix = \"K\"\nreply_to = \"plain\"\n{}",
            self.url, self.more
        );
        std::fs::write(self.config(), text).unwrap();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
        command
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .env("GUICHET_LOG", std::env::var("GUICHET_LOG").unwrap_or_else(|_| "warn".to_owned()))
            .stderr(log)
            .stdout(Stdio::null());
        command
    }

    /// The daemon, at work.
    pub fn daemon(&self) -> Child {
        self.program(&["run"]).spawn().unwrap()
    }

    /// One that found no database while it was starting has said so and ended: it is started again, as systemd does.
    pub fn restarted(&self, daemon: &mut Child) {
        if let Some(ended) = daemon.try_wait().unwrap() {
            assert_eq!(ended.code(), Some(69), "{}", self.log());
            *daemon = self.daemon();
        }
    }

    /// The program works until it ends itself at this point of its work.
    pub fn killed_at(&self, point: &str, turn: u64) {
        let mut child = self.program(&["run"]).env("GUICHET_KILL_AT", format!("{point}:{turn}")).spawn().unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                let signal = std::os::unix::process::ExitStatusExt::signal(&status);
                assert_eq!(signal, Some(9), "{point}: it ended otherwise: {}", self.log());
                return;
            }
            if begun.elapsed() > Duration::from_secs(30) {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("{point}:{turn} was never passed: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Everything that waits is done, without any fault.
    pub fn finish(&self) {
        let begun = Instant::now();
        // A notification that was refused for now comes again a second later.
        while !self.program(&["run", "--once"]).status().unwrap().success() {
            assert!(begun.elapsed() < Duration::from_secs(40), "it does not recover: {}", self.log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until the daemon has decided everything and all notifications have left.
    pub async fn settled(&self, limit: Duration) {
        let begun = Instant::now();
        while let Err(seen) = self.look().await {
            assert!(begun.elapsed() < limit, "not done within {limit:?}: {seen}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// As [`Self::settled`], with the daemon started again where it ended while it was starting.
    pub async fn settled_by(&self, daemon: &mut Child, limit: Duration) {
        let begun = Instant::now();
        while let Err(seen) = self.look().await {
            assert!(begun.elapsed() < limit, "not done within {limit:?}: {seen}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.restarted(daemon);
        }
    }

    /// What is left to be done, if anything.
    async fn look(&self) -> Result<(), String> {
        let store = Store::open(&self.url).await.map_err(|error| error.to_string())?;
        let counts = store.inbox_counts().await;
        let notifications = store.outbox(None, 1).await;
        store.close().await;
        let all = [("done".to_owned(), i64::try_from(self.sent).unwrap())];
        match (counts, notifications) {
            (Ok(counts), Ok(notifications)) if counts == all && notifications.is_empty() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    /// Counts: every email one ticket and one verdict, numbers without gap or repeat, nobody without a notification, nothing
    /// that `verify` finds. Gives how many notifications came twice.
    pub async fn count(&self, fault: &str, runs: usize, notifications: Vec<String>, allowed: usize) -> usize {
        self.sound(fault);
        let store = Store::open(&self.url).await.unwrap();
        let tickets = store.tickets(&TicketFilter { limit: 1_000_000, ..TicketFilter::default() }).await.unwrap();
        let mut numbers: Vec<String> = tickets.iter().map(|t| t.number.clone()).collect();
        numbers.sort();
        let expected: Vec<String> = (1..=self.sent).map(|n| format!("K-{n:06}")).collect();
        assert_eq!(numbers, expected, "{fault}: every email one ticket, numbers without gap or repeat");
        let people: BTreeSet<&str> = tickets.iter().map(|t| t.requester.as_str()).collect();
        assert_eq!(people.len(), self.sent, "{fault}: every person one ticket");
        let done = i64::try_from(self.sent).unwrap();
        assert_eq!(store.inbox_counts().await.unwrap(), [("done".to_owned(), done)], "{fault}");
        store.close().await;
        let mut per_person: BTreeMap<String, usize> = BTreeMap::new();
        for to in notifications {
            *per_person.entry(to).or_default() += 1;
        }
        let lost = self.sent - per_person.len();
        let doubled: usize = per_person.values().map(|count| count - 1).sum();
        record(fault, runs, self.sent, lost, doubled);
        assert_eq!(lost, 0, "{fault}: everybody was written to");
        assert!(doubled <= allowed, "{fault}: {doubled} notifications came twice, {allowed} may");
        doubled
    }

    /// `verify` finds nothing.
    pub fn sound(&self, fault: &str) {
        let verified = self.program(&["verify", "--archives"]).stdout(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        assert!(verified.status.success(), "{fault}: {said}{}", self.log());
    }

    /// Recipients of everything the sink took.
    pub fn notifications(&self) -> Vec<String> {
        match &self.outlet {
            Outlet::Sink(sink) => sink.notifications().into_iter().map(|notification| notification.to).collect(),
            Outlet::Port(_) => Vec::new(),
        }
    }
}

/// A line of the table in docs/reliability.md, where `tests/faults` asks for it.
pub fn record(fault: &str, runs: usize, emails: usize, lost: usize, doubled: usize) {
    let Ok(table) = std::env::var("GUICHET_FAULT_TABLE") else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(table).unwrap();
    writeln!(file, "| {fault} | {runs} | {emails} | {lost} | {doubled} |").unwrap();
}
