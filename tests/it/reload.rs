//! A reload: what the daemon takes over from a changed configuration while it runs.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::support::Database;
use crate::support::dovecot::User;
use crate::support::mail::Mail;
use crate::support::servers::stop;
use crate::support::sink::Sink;
use crate::support::site::make;

/// A daemon of its own, whose configuration is written anew and read again.
struct Place {
    folder: tempfile::TempDir,
    url: String,
    daemon: Option<Child>,
}

impl Place {
    async fn new(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = make(database, folder.path()).await;
        Self { folder, url, daemon: None }
    }

    /// The configuration: an SMTP server, and mailboxes with a queue each.
    fn write(&self, smtp: u16, mailboxes: &[(&str, String)]) {
        let mut text = format!(
            "[desk]\nname = \"Desk\"\n[store]\nurl = \"{}\"\n[watch]\nlisten = \"\"\n[smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\nsecurity = \"none\"\n",
            self.url
        );
        for (name, section) in mailboxes {
            text += &section.replace("[mailboxes.main]", &format!("[mailboxes.{name}]"));
            text += &format!(
                "[queues.{name}]\nmailbox = \"{name}\"\naddress = \"{name}@desk.example\"\nprefix = \"{}\"\nreply_to = \"plain\"\n",
                name.to_uppercase()
            );
        }
        std::fs::write(self.folder.path().join("guichet.toml"), text).unwrap();
    }

    fn start(&mut self) {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
        command.arg("--config").arg(self.folder.path().join("guichet.toml")).arg("run").stderr(log);
        self.daemon = Some(command.spawn().unwrap());
        self.until("the start", |log| log.contains("guichet is at work"));
    }

    fn reload(&self) {
        let before = self.log().matches("configuration reloaded").count();
        let pid = self.daemon.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        self.until("the reload", |log| log.matches("configuration reloaded").count() > before);
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn until(&self, what: &str, done: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !done(&self.log()) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{what}: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Somebody writes to a mailbox, and is answered through this server.
    fn answers(&self, user: &User, person: &str, sink: &Sink) {
        user.append(&Mail::from(person).bytes());
        self.until(person, |_| !sink.to(person).is_empty());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            stop(&mut daemon, "TERM");
        }
    }
}

async fn mailboxes_come_and_go(database: Database) {
    let (first, second, sink) = (User::new(), User::new(), Sink::start());
    let mut place = Place::new(database).await;
    place.write(sink.port, &[("one", first.section("Done"))]);
    place.start();
    place.answers(&first, "p1@college.example", &sink);

    place.write(sink.port, &[("one", first.section("Done")), ("two", second.section("Done"))]);
    place.reload();
    place.answers(&second, "p2@college.example", &sink);
    place.answers(&first, "p3@college.example", &sink);

    place.write(sink.port, &[("two", second.section("Done"))]);
    place.reload();
    place.answers(&second, "p4@college.example", &sink);
    first.append(&Mail::from("p5@college.example").bytes());
    place.answers(&second, "p6@college.example", &sink);
    assert_eq!(first.count("INBOX"), Some(1), "nobody reads a mailbox that was taken away: {}", place.log());
    assert_eq!(sink.to("p5@college.example").len(), 0);

    place.write(sink.port, &[("one", first.section("Done")), ("two", second.section("Done"))]);
    place.reload();
    place.until("what waited meanwhile", |_| !sink.to("p5@college.example").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn mailboxes_come_and_go_sqlite() {
    mailboxes_come_and_go(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mailboxes_come_and_go_postgres() {
    mailboxes_come_and_go(Database::Postgres).await;
}

/// One that was refused would wait for minutes: a fixed password counts at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_counts_at_once() {
    let (user, sink) = (User::new(), Sink::start());
    let wrong = user.section("Done").replace("password = \"secret\"", "password = \"wrong\"");
    let mut place = Place::new(Database::Sqlite).await;
    place.write(sink.port, &[("one", wrong.clone())]);
    place.start();
    place.until("the refusal", |log| log.contains("refuses the user, password or token"));
    place.write(sink.port, &[("one", user.section("Done"))]);
    place.reload();
    place.answers(&user, "p1@college.example", &sink);

    // And one that is wrong from now on is not hidden by a session that lives.
    place.write(sink.port, &[("one", wrong)]);
    place.reload();
    place.until("the second refusal", |log| log.matches("refuses the user, password or token").count() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_leave_by_the_new_server_at_once() {
    let (user, old, new) = (User::new(), Sink::start(), Sink::start());
    let mut place = Place::new(Database::Sqlite).await;
    place.write(old.port, &[("one", user.section("Done"))]);
    place.start();
    place.answers(&user, "p1@college.example", &old);
    place.write(new.port, &[("one", user.section("Done"))]);
    place.reload();
    place.answers(&user, "p2@college.example", &new);
    assert_eq!(old.to("p2@college.example").len(), 0);

    // Where nothing listens notifications wait, and the wait ends with the reload.
    let nowhere = crate::support::free_port();
    place.write(nowhere, &[("one", user.section("Done"))]);
    place.reload();
    user.append(&Mail::from("p3@college.example").bytes());
    place.until("the wait", |log| log.contains("notifications wait") && log.contains("wait_seconds=1"));
    place.write(new.port, &[("one", user.section("Done"))]);
    place.reload();
    place.until("p3", |_| !new.to("p3@college.example").is_empty());
}

/// What is wrong is not taken over, be it a template or the configuration, and `check` says so by its code.
#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_the_last_good_of_what_is_wrong_now() {
    let (user, sink) = (User::new(), Sink::start());
    let mut place = Place::new(Database::Sqlite).await;
    let templates = place.folder.path().join("templates");
    std::fs::create_dir_all(templates.join("en")).unwrap();
    let file = templates.join("en/acknowledgement.txt.hbs");
    let configuration = place.folder.path().join("guichet.toml");
    let named = format!("[desk]\ntemplates = \"{}\"\n", templates.display());
    let check = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
        let output = command.arg("--config").arg(&configuration).args(["check", "--offline"]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let signal = |place: &Place, said: &str| {
        let before = place.log().matches(said).count();
        let pid = place.daemon.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        place.until(said, |log| log.matches(said).count() > before);
    };
    std::fs::write(&file, "Subject: premiers mots\n\nx\n").unwrap();
    place.write(sink.port, &[("one", user.section("Done"))]);
    std::fs::create_dir_all(place.folder.path().join("conf.d")).unwrap();
    std::fs::write(place.folder.path().join("conf.d/templates.toml"), &named).unwrap();
    place.start();
    place.answers(&user, "p1@college.example", &sink);
    sink.with_words("p1@college.example", "premiers mots");
    assert_eq!(check().0, Some(0), "{}", check().1);

    std::fs::write(&file, "Subject: pires\n\n{{ticket.numbre}}\n").unwrap();
    signal(&place, "configuration reloaded");
    place.answers(&user, "p2@college.example", &sink);
    sink.with_words("p2@college.example", "premiers mots");
    let (code, said) = check();
    assert!(code == Some(78) && said.contains("did you mean ticket.number?"), "{said}");
    place.until("the mistake in the log", |log| log.contains("a template does not serve"));

    // The folder itself is gone.
    std::fs::write(&file, "Subject: premiers mots\n\nx\n").unwrap();
    place.reload();
    let away = place.folder.path().join("away");
    std::fs::rename(&templates, &away).unwrap();
    place.reload();
    place.answers(&user, "p5@college.example", &sink);
    sink.with_words("p5@college.example", "premiers mots");
    place.until("the folder in the log", |log| log.contains("the folder of templates is gone"));
    std::fs::rename(&away, &templates).unwrap();

    // The configuration itself: nothing of it is taken over.
    std::fs::write(&file, "Subject: derniers mots\n\nx\n").unwrap();
    std::fs::write(place.folder.path().join("conf.d/wrong.toml"), "[desk]\nnmae = \"x\"\n").unwrap();
    signal(&place, "configuration not reloaded");
    place.answers(&user, "p3@college.example", &sink);
    sink.with_words("p3@college.example", "premiers mots");
    assert_eq!(check().0, Some(78));

    std::fs::remove_file(place.folder.path().join("conf.d/wrong.toml")).unwrap();
    place.reload();
    place.answers(&user, "p4@college.example", &sink);
    sink.with_words("p4@college.example", "derniers mots");
}

/// What only a start can change is said.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_reload_cannot_change_is_said() {
    let (user, sink) = (User::new(), Sink::start());
    let mut place = Place::new(Database::Sqlite).await;
    place.write(sink.port, &[("one", user.section("Done"))]);
    place.start();
    place.reload();
    assert!(!place.log().contains("restart guichet"), "{}", place.log());
    place.url = format!("sqlite:{}", place.folder.path().join("other.db").display());
    place.write(sink.port, &[("one", user.section("Done"))]);
    place.reload();
    place.until("the warning", |log| log.contains("[store] or watch.listen changed: restart guichet"));
}
