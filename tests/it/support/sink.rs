//! A real SMTP server that keeps every email: Postfix's smtp-sink, on a port of its own.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use guichet::mail::{Limits, ParsedEmail, parse};

use super::free_port;

/// An email the sink took.
#[derive(Debug, Clone)]
pub struct Received {
    pub to: String,
    pub envelope_from: String,
    pub raw: String,
    pub mail: ParsedEmail,
}

impl Received {
    /// The value of a header field as it was sent, unfolded.
    pub fn header(&self, name: &str) -> String {
        let head = self.raw.split("\n\n").next().unwrap().replace("\n ", " ").replace("\n\t", " ");
        let found = head.lines().find_map(|l| l.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case(name)));
        found.map(|(_, v)| v.trim().to_owned()).unwrap_or_default()
    }
}

/// The server.
pub struct Sink {
    pub port: u16,
    folder: tempfile::TempDir,
    process: Option<Child>,
    options: Vec<String>,
}

impl Sink {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With options of smtp-sink: `-r RCPT` refuses for now, `-f RCPT` for good, `-q DATA` hangs up.
    pub fn with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let mut sink = Self { port: free_port(), folder, process: None, options: Vec::new() };
        sink.restart(options);
        sink
    }

    /// Ends the server and starts it again with other options, on the same port.
    pub fn restart(&mut self, options: &[&str]) {
        self.stop();
        self.options = options.iter().map(|o| (*o).to_owned()).collect();
        let mut command = Command::new("/usr/sbin/smtp-sink");
        if std::fs::read_to_string("/proc/self/status").unwrap().contains("Uid:\t0") {
            command.args(["-u", "nobody"]);
        }
        command.args(&self.options).arg("-d").arg(self.folder.path().join("%s."));
        command.arg(format!("127.0.0.1:{}", self.port)).arg("200").stderr(Stdio::null());
        self.process = Some(command.spawn().expect("smtp-sink is there: ./tests/run installs it"));
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "smtp-sink does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Everything taken so far.
    pub fn notifications(&self) -> Vec<Received> {
        notifications_in(self.folder.path())
    }

    /// What was sent to this address.
    pub fn to(&self, address: &str) -> Vec<Received> {
        self.notifications().into_iter().filter(|l| l.to == address).collect()
    }

    /// The only notification to this address.
    pub fn only(&self, address: &str) -> Received {
        let mut found = self.to(address);
        assert_eq!(
            found.len(),
            1,
            "notifications to {address}: {:?}",
            found.iter().map(|l| &l.mail.subject).collect::<Vec<_>>()
        );
        found.remove(0)
    }

    /// The newest notification to this address whose subject or text holds these words.
    pub fn with_words(&self, address: &str, words: &str) -> Received {
        let mut all = self.to(address);
        all.sort_by_key(|l| jiff::fmt::rfc2822::parse(&l.header("Date")).unwrap().timestamp());
        let told: Vec<String> = all.iter().map(|l| format!("{}\n{}", l.mail.subject, l.mail.text)).collect();
        let has = |l: &Received| l.mail.subject.contains(words) || l.mail.text.replace('\n', " ").contains(words);
        all.into_iter()
            .rev()
            .find(has)
            .unwrap_or_else(|| panic!("no notification to {address} with {words:?}: {told:#?}"))
    }

    /// The newest notification to this address.
    pub fn last(&self, address: &str) -> Received {
        let mut all = self.to(address);
        all.sort_by_key(|l| jiff::fmt::rfc2822::parse(&l.header("Date")).unwrap().timestamp());
        all.pop().unwrap_or_else(|| panic!("no notification to {address}"))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Finished emails in a folder smtp-sink writes to.
pub fn notifications_in(folder: &Path) -> Vec<Received> {
    let mut found: Vec<(std::time::SystemTime, Received)> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let text = String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into_owned();
        // The sink writes its own lines first; a file without a blank line is not finished.
        if !text.contains("\n\n") {
            continue;
        }
        let field = |name: &str| -> String {
            let line = text.lines().find(|l| l.starts_with(name)).unwrap_or_default();
            line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
        };
        let raw: String = text.lines().filter(|l| !is_sink_line(l)).map(|l| format!("{l}\n")).collect();
        let Ok(mut mail) = parse(raw.as_bytes(), &Limits::default()) else { continue };
        for text in [&mut mail.subject, &mut mail.text, &mut mail.reply_text] {
            *text = typed(text);
        }
        let when = entry.metadata().unwrap().modified().unwrap();
        found.push((when, Received { to: field("X-Rcpt-Args:"), envelope_from: field("X-Mail-Args:"), raw, mail }));
    }
    found.sort_by_key(|(when, _)| *when);
    found.into_iter().map(|(_, notification)| notification).collect()
}

/// A text as one types it: assertions name no special spaces. `raw` keeps them.
pub fn typed(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ").replace('’', "'")
}

fn is_sink_line(line: &str) -> bool {
    ["X-Client-Addr:", "X-Client-Proto:", "X-Helo-Args:", "X-Mail-Args:", "X-Rcpt-Args:"]
        .iter()
        .any(|p| line.starts_with(p))
}
