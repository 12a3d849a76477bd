//! What administrators write beside the built-in notifications, in a service that runs: a language, and mistakes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use crate::support::mail::Mail;
use crate::support::servers::stop;
use crate::support::sink::Sink;

const OPERATOR: &str = "exploitation@desk.example";

/// A service desk with a folder of mail, a folder of templates and somebody in charge.
struct Desk {
    folder: tempfile::TempDir,
    sink: Sink,
    daemon: Option<Child>,
    mails: usize,
}

impl Desk {
    fn new() -> Self {
        let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start());
        let place = folder.path();
        let text = format!(
            "[desk]\nname = \"Desk\"\nlanguage = \"en\"\ntemplates = \"templates\"\n[store]\nurl = \"sqlite://{0}/guichet.db\"\n\
             [watch]\nlisten = \"\"\n[alarms]\nto = [\"{OPERATOR}\"]\n[smtp]\nhost = \"127.0.0.1\"\nport = {1}\nsecurity = \"none\"\n\
             [mailboxes.main]\nkind = \"maildir\"\npath = \"{0}/Maildir\"\npoll = \"1s\"\n[queues.main]\nmailbox = \"main\"\n\
             address = \"aide@desk.example\"\nprefix = \"A\"\nreply_to = \"plain\"\n",
            place.display(),
            sink.port,
        );
        fs::write(place.join("guichet.toml"), text).unwrap();
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(place.join("Maildir").join(part)).unwrap();
        }
        fs::create_dir_all(place.join("templates")).unwrap();
        Self { folder, sink, daemon: None, mails: 0 }
    }

    fn template(&self, name: &str) -> PathBuf {
        self.folder.path().join("templates").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.template(name).parent().unwrap()).unwrap();
        fs::write(self.template(name), text).unwrap();
    }

    /// Somebody new writes.
    fn receive(&mut self, language: &str) -> String {
        self.mails += 1;
        let person = format!("p{}@college.example", self.mails);
        let mail = Mail::from(&person).to("aide@desk.example").header(&format!("Content-Language: {language}"));
        fs::write(self.folder.path().join(format!("Maildir/new/{}.mail", self.mails)), mail.bytes()).unwrap();
        person
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
        command.arg("--config").arg(self.folder.path().join("guichet.toml")).args(args);
        command
    }

    fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn start(&mut self) {
        let log = fs::File::create(self.log_file()).unwrap();
        self.daemon = Some(self.command(&["run"]).stderr(log).spawn().unwrap());
        self.until("the start", || self.log().contains("guichet is at work"));
    }

    fn reload(&self) {
        let before = self.log().matches("configuration reloaded").count();
        let pid = self.daemon.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        self.until("the reload", || self.log().matches("configuration reloaded").count() > before);
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap()
    }

    fn until(&self, what: &str, done: impl Fn() -> bool) {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{what}: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The subject of what a person was answered.
    fn answer(&self, person: &str) -> String {
        self.until(person, || !self.sink.to(person).is_empty());
        self.sink.only(person).mail.subject
    }

    /// What `check` says of the templates; it must find something wrong.
    fn wrong(&self) -> String {
        let output = self.output(&["check", "--offline"]);
        let said = String::from_utf8_lossy(&output.stdout).replace(&*self.folder.path().to_string_lossy(), "FOLDER");
        assert_eq!(output.status.code(), Some(78), "{said}");
        said.lines()
            .filter(|line| line.contains(".hbs") || line.contains("phrases.toml"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            stop(&mut daemon, "TERM");
        }
    }
}

/// A file with a mistake in it, and what is called so.
const MISTAKES: [(&str, &str, &str); 13] = [
    ("a block that nothing closes", "en/acknowledgement.txt.hbs", "Subject: x\n\n{{#unless ticket.approval}}\nHello\n"),
    (
        "a block closed by another",
        "en/acknowledgement.txt.hbs",
        "Subject: x\n\n{{#if ticket.approval}}\nHello\n{{/unless}}\n",
    ),
    ("a name there is not", "en/acknowledgement.txt.hbs", "Subject: x\n\n{{ticket.numero}}\n"),
    ("a part there is not", "en/acknowledgement.txt.hbs", "Subject: x\n\n{{> en/signature}}\n"),
    ("a helper there is not", "en/acknowledgement.txt.hbs", "Subject: x\n\n{{upper ticket.title}}\n"),
    ("braces that nothing closes", "en/acknowledgement.txt.hbs", "Subject: x\n\nTicket {{ticket.number\n"),
    ("no subject", "en/acknowledgement.txt.hbs", "Hello\n\nYour request {{ticket.number}}\n"),
    ("an empty file", "en/acknowledgement.txt.hbs", ""),
    ("no UTF-8", "en/acknowledgement.txt.hbs", "\u{0}latin-1"),
    ("a phrase there is not", "en/phrases.toml", "[status]\nopne = \"in progress\"\n"),
    ("a value there is not", "en/phrases.toml", "[done]\nassigned = \"to {{nom}}\"\n"),
    ("no TOML", "en/phrases.toml", "[status\nopen = \"in progress\"\n"),
    ("curly quotes", "en/phrases.toml", "[status]\nopen = “in progress”\n"),
];

fn spoil(desk: &Desk, file: &str, text: &str) {
    if let Some(text) = text.strip_prefix('\u{0}') {
        // What an editor of another age saves: é as one byte.
        let bytes = [b"Subject: Requ\xeate\n\n".as_slice(), text.as_bytes()].concat();
        fs::write(desk.template(file), bytes).unwrap();
    } else {
        desk.write(file, text);
    }
}

const GOOD: &str = "Subject: The words of this desk\n\nYour request {{ticket.number}}\n";

/// A mistake is told in plain words, to whoever checks and to whoever is in charge; the built-in words serve from the start on, and
/// what served before goes on at a reload.
#[test]
fn mistakes_of_administrators_stop_nothing() {
    let mut told = String::new();
    for (what, file, text) in MISTAKES {
        let mut desk = Desk::new();
        fs::create_dir_all(desk.template("en")).unwrap();
        spoil(&desk, file, text);
        let person = desk.receive("en");
        desk.start();
        assert!(desk.answer(&person).starts_with("[A-000001]"), "{what}: the built-in words serve");
        desk.until("the operator is told", || !desk.sink.to(OPERATOR).is_empty());
        let notice = desk.sink.only(OPERATOR).mail.text;
        assert!(notice.contains(Path::new(file).file_name().unwrap().to_str().unwrap()), "{what}: {notice}");
        told += &format!("{what}\n{}\n\n", desk.wrong());
    }
    insta::assert_snapshot!("mistakes", told);

    let mut desk = Desk::new();
    desk.write("en/acknowledgement.txt.hbs", GOOD);
    desk.write("en/phrases.toml", "[status]\nopen = \"with us\"\n");
    desk.start();
    for (what, file, text) in MISTAKES {
        spoil(&desk, file, text);
        desk.reload();
        let person = desk.receive("en");
        assert_eq!(desk.answer(&person), "The words of this desk", "{what}: the last good ones serve");
        let said = desk.wrong();
        assert!(!said.is_empty(), "{what}");
        let good = if file.ends_with("toml") { "[status]\nopen = \"with us\"\n" } else { GOOD };
        desk.write(file, good);
        desk.reload();
    }
    // Alarms are looked at every twenty seconds, and each mistake was gone after one.
    let (_, file, text) = MISTAKES[0];
    spoil(&desk, file, text);
    desk.reload();
    desk.until("the operator is told", || !desk.sink.to(OPERATOR).is_empty());
}

/// A third language comes into a running service as a folder, and people are answered in it.
#[test]
fn a_third_language_comes_with_a_reload() {
    let mut desk = Desk::new();
    desk.start();
    let person = desk.receive("ro");
    assert!(desk.answer(&person).starts_with("[A-000001]"), "as long as there is none, the desk's own serves");
    let english = desk.sink.only(&person).mail.text;
    assert!(english.contains("Status"), "{english}");

    desk.write(
        "ro/acknowledgement.txt.hbs",
        "Subject: Cererea {{ticket.number}}\n\nStare: {{ticket.status_label}}\n{{> buttons}}\n",
    );
    desk.write("ro/acknowledgement.html.hbs", "<p>Stare: {{ticket.status_label}}</p>\n");
    desk.write(
        "ro/phrases.toml",
        "[status]\nnew = \"înregistrată\"\nopen = \"în lucru\"\n[command.close]\nwords = [\"închide\"]\nusage = \"#închide\"\ndoes = \"încheie cererea\"\nbutton = \"Închide\"\nwrites = \"#închide\"\n",
    );
    desk.reload();
    let person = desk.receive("ro");
    assert_eq!(desk.answer(&person), "Cererea A-000002");
    let notice = desk.sink.only(&person).mail;
    assert!(notice.text.contains("Stare: înregistrată"), "{}", notice.text);

    // Its words are commands at once.
    let mail = Mail::reply(&notice, &person, "#închide").bytes();
    fs::write(desk.folder.path().join("Maildir/new/close.mail"), mail).unwrap();
    desk.until("the command", || {
        let shown = desk.output(&["ticket", "show", "A-000002", "--json"]);
        String::from_utf8_lossy(&shown.stdout).contains("\"status\":\"closed\"")
            || String::from_utf8_lossy(&shown.stdout).contains("\"status\": \"closed\"")
    });
}
