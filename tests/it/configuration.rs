//! Configuration: files, environment, secrets, and mistakes told all together.

use std::path::Path;

use guichet::edge::login::Login;
use guichet::settings::{self, MailboxKind};
use secrecy::ExposeSecret;

const GOOD: &str = r#"
[desk]
name = "Support"
language = "fr"
time_zone = "Europe/Paris"
templates = "mail-templates"
[store]
url = "sqlite:guichet.db"
[smtp]
host = "smtp.example.org"
port = 587
security = "starttls"
username = "support"
password_file = "smtp.secret"
[mailboxes.cd42]
kind = "imap"
host = "imap.example.org"
port = 993
security = "tls"
username = "support"
password = "in place"
folder = "INBOX"
archive = "Traités"
poll = "60s"
authserv_id = "mx.example.org"
[queues.cd42]
mailbox = "cd42"
address = "CD42-support-admin@example.org"
prefix = "CG42N1"
reply_to = "auto"
senders = ["@college.example.org", "principal@ecole.example.org"]
sla = "standard"
[agents.marie]
address = "marie@example.org"
name = "Marie"
roles = ["moderator"]
queues = ["cd42"]
level = 1
[priorities.p1]
label = { fr = "bloquante", en = "blocking" }
tags = ["P1", "bloquante", "urgent"]
[calendars.office]
hours = { mon-fri = "08:00-12:00, 13:30-18:00" }
holidays = ["fr", "file:config/vacances-zone-a.ics"]
[slas.standard]
targets = [ { level = 1, priority = "P1", respond = "1h", resolve = "4h", calendar = "always" } ]
warn_at = [75, 90]
"#;

fn write(folder: &Path, text: &str) -> std::path::PathBuf {
    std::fs::write(folder.join("smtp.secret"), "from a file\n").unwrap();
    let path = folder.join("guichet.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn password(settings: &settings::Settings) -> &str {
    let Login::Password(password) = &settings.smtp.login else { panic!("a password") };
    password.expose_secret()
}

fn mistakes(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), text);
    let found = settings::load_with(&path, Vec::new()).unwrap_err();
    found.0.iter().map(|m| m.to_string().replace(&format!("{}/", folder.path().display()), "")).collect()
}

#[test]
fn the_whole_example_of_the_contract_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings::load_with(&write(folder.path(), GOOD), Vec::new()).unwrap();
    assert_eq!(password(&settings), "from a file");
    assert_eq!(settings.policy.queues["cd42"].address, "cd42-support-admin@example.org");
    assert_eq!(
        settings.policy.priorities.iter().map(|p| p.code.as_str()).collect::<Vec<_>>(),
        ["P0", "P1", "P2", "P3", "P4"]
    );
    assert_eq!(settings.policy.authserv_ids["cd42"], "mx.example.org");
    // A file that is missing, another, and that nothing says where plain replies go.
    assert_eq!(settings.warnings.len(), 3, "{:?}", settings.warnings);
    assert!(settings.warnings.iter().any(|warning| warning.starts_with("queues.cd42.agent_reply is not set")));
}

#[test]
fn seasons_have_hours_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let event = "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Bac\r\nDTSTART;VALUE=DATE:20260615\r\nDTEND;VALUE=DATE:20260620\r\nEND:VEVENT\r\n";
    let file = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{event}END:VCALENDAR\r\n");
    std::fs::write(folder.path().join("exams.ics"), file).unwrap();
    let seasons = r#"
[calendars.office.seasons.exams]
days = ["2026-04-30..2026-05-03", "file:exams.ics"]
hours = { mon-sun = "00:00-24:00" }
on_holidays = true
[calendars.office.seasons.enrolment]
days = ["2026-05-11..2026-05-17"]
hours = { mon-fri = "08:00-19:00" }
"#;
    let settings = settings::load_with(&write(folder.path(), &format!("{GOOD}{seasons}")), Vec::new()).unwrap();
    let calendar = settings.policy.slas.calendars["office"].clone();
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let hours = |from: &str, until: &str| calendar.between(at(from), at(until)) as f64 / 3_600_000.0;
    assert_eq!(hours("2026-04-29T00:00+02:00", "2026-04-30T00:00+02:00"), 8.5, "a usual Wednesday");
    assert_eq!(hours("2026-04-30T00:00+02:00", "2026-05-04T00:00+02:00"), 96.0, "May 1st and the week-end among them");
    assert_eq!(hours("2026-06-15T00:00+02:00", "2026-06-22T00:00+02:00"), 120.0, "the days of the file");
    assert_eq!(hours("2026-05-11T00:00+02:00", "2026-05-18T00:00+02:00"), 44.0, "a holiday stays one: Ascension Day");
    assert_eq!(hours("2026-05-18T00:00+02:00", "2026-05-19T00:00+02:00"), 8.5, "the usual hours again");

    let wrong = mistakes(&format!(
        "{GOOD}{}",
        seasons.replace("2026-05-11..2026-05-17", "2026-05-02..2026-05-10").replace("mon-fri", "mon-fry")
    ));
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(
        wrong.iter().any(|m| m.contains("calendars.office.seasons.enrolment.hours") && m.contains("mon-fry")),
        "{wrong:?}"
    );
    assert!(wrong.iter().any(|m| m.contains("2026-05-02 is in exams and in enrolment")), "{wrong:?}");
    let wrong = mistakes(&format!(
        "{GOOD}{}",
        seasons.replace("on_holidays", "on_holiday").replace("..2026-05-17", "..2026-05-10")
    ));
    assert!(wrong.iter().any(|m| m.contains("on_holiday") && m.contains("on_holidays")), "{wrong:?}");
    assert!(wrong.iter().any(|m| m.contains("\"2026-05-11..2026-05-10\" is not a valid day")), "{wrong:?}");
}

#[test]
fn later_files_and_the_environment_win() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), GOOD);
    std::fs::create_dir(folder.path().join("conf.d")).unwrap();
    std::fs::write(folder.path().join("conf.d/10.toml"), "[smtp]\nport = 25\n[desk]\nname = \"Ten\"\n").unwrap();
    std::fs::write(folder.path().join("conf.d/20.toml"), "[desk]\nname = \"Twenty\"\n").unwrap();
    let environment = [
        ("GUICHET__SMTP__PASSWORD", "007"),
        ("GUICHET__SMTP__PORT", "2525"),
        ("GUICHET__MAILBOXES__CD42__PASSWORD", "1e3"),
        ("GUICHET_CONFIG", "/not/a/key"),
    ];
    let environment = environment.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
    let settings = settings::load_with(&path, environment).unwrap();
    assert_eq!(settings.policy.service_desk.name, "Twenty");
    assert_eq!(settings.smtp.endpoint.port, 2525);
    assert_eq!(password(&settings), "007", "a password of digits stays as it is");
    let MailboxKind::Imap(imap) = &settings.mailboxes["cd42"].kind else { panic!("an IMAP mailbox") };
    let Login::Password(password) = &imap.login else { panic!("a password") };
    assert_eq!(password.expose_secret(), "1e3");
}

#[test]
fn all_mistakes_are_told_at_once_with_file_line_key_and_cure() {
    let bad = GOOD
        .replace("port = 587", "prot = 587")
        .replace("language = \"fr\"", "language = \"de\"")
        .replace("poll = \"60s\"", "poll = \"often\"")
        .replace("mailbox = \"cd42\"", "mailbox = \"cd43\"")
        .replace("roles = [\"moderator\"]", "roles = [\"boss\"]")
        .replace("[priorities.p1]", "[prioritys.p1]")
        .replace("password = \"in place\"", "password_file = \"missing.secret\"");
    let found = mistakes(&bad);
    let expect = |start: &str, word: &str| {
        assert!(found.iter().any(|m| m.starts_with(start) && m.contains(word)), "{start} … {word} in {found:#?}");
    };
    expect("guichet.toml:11: smtp.prot: ", "did you mean `port`?");
    expect("guichet.toml:4: desk.language: ", "there are in en, fr");
    expect("guichet.toml:24: mailboxes.cd42.poll: ", "write one like");
    expect("guichet.toml:27: queues.cd42.mailbox: ", "there is no [mailboxes.cd43]; there is cd42");
    expect(
        "guichet.toml:36: agents.marie.roles[0]: ",
        "\"boss\" is none of moderator, technician, approver, administrator",
    );
    expect("guichet.toml:39: prioritys: ", "did you mean `priorities`?");
    expect("guichet.toml:21: mailboxes.cd42.password_file: ", "cannot be read");
}

#[test]
fn single_mistakes_have_their_cure() {
    let cases = [
        ("security = \"starttls\"", "security = \"none\"", "smtp.security", "allow_plaintext"),
        (
            "username = \"support\"\npassword_file = \"smtp.secret\"",
            "username = \"support\"",
            "smtp.password",
            "password_file",
        ),
        ("time_zone = \"Europe/Paris\"", "time_zone = \"Paris\"", "desk.time_zone", "Europe/Paris"),
        ("prefix = \"CG42N1\"", "prefix = \"CG 42\"", "queues.cd42.prefix", "letters, digits"),
        ("address = \"marie@example.org\"", "address = \"marie\"", "agents.marie.address", "not a valid mail address"),
        ("queues = [\"cd42\"]", "queues = [\"cd44\"]", "agents.marie.queues", "there is cd42"),
        ("tags = [\"P1\", \"bloquante\", \"urgent\"]", "tags = [\"majeure\"]", "priorities.p2.tags", "P1"),
        ("url = \"sqlite:guichet.db\"", "url = \"mysql://x\"", "store.url", "postgres://"),
        ("host = \"smtp.example.org\"\n", "", "smtp.host", "missing"),
        ("port = 993", "port = \"many\"", "mailboxes.cd42.port", "many"),
    ];
    for (good, bad, key, word) in cases {
        assert!(GOOD.contains(good), "{good}");
        let found = mistakes(&GOOD.replace(good, bad));
        assert!(found.iter().any(|m| m.contains(&format!("{key}: ")) && m.contains(word)), "{bad}: {found:#?}");
    }
}

#[test]
fn broken_toml_names_its_line_and_a_missing_file_itself() {
    assert!(mistakes("[desk]\nname = \"x\n").iter().any(|m| m.starts_with("guichet.toml:2: it is not TOML")));
    let error = settings::load_with(Path::new("/nowhere/guichet.toml"), Vec::new()).unwrap_err().to_string();
    assert!(error.contains("/nowhere/guichet.toml") && error.contains("--config"), "{error}");
}

#[test]
fn a_template_that_does_not_serve_is_a_mistake_that_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), GOOD);
    std::fs::create_dir_all(folder.path().join("mail-templates/fr")).unwrap();
    std::fs::write(folder.path().join("mail-templates/fr/answer.txt.hbs"), "Subject: x\n\n{{ticket.nummer}}\n")
        .unwrap();
    std::fs::write(folder.path().join("mail-templates/fr/closed.txt.hbs"), b"Subject: x\n\n\xe9t\xe9\n").unwrap();
    std::fs::write(folder.path().join("mail-templates/fr/notes.md"), "which is no template").unwrap();
    // What looks like a template and is none is named; what editors leave behind is not.
    for name in ["taken.txt.hbs.txt", "answer.html", "taken.txt.hbs~", "taken.txt", "Answer.hbs"] {
        std::fs::write(folder.path().join("mail-templates/fr").join(name), "x").unwrap();
    }
    // Notepad's mark, and the line ends of other systems.
    let marked = "\u{feff}Subject: pris\r\n\r\nx\r\n";
    std::fs::write(folder.path().join("mail-templates/fr/pending.txt.hbs"), marked).unwrap();
    let settings = settings::load_with(&path, Vec::new()).unwrap();
    let unused: Vec<&String> = settings.warnings.iter().filter(|warning| warning.contains("is not used")).collect();
    assert_eq!(unused.len(), 4, "{unused:?}");
    assert!(unused.iter().any(|warning| warning.contains("call it taken.txt.hbs")), "{unused:?}");
    let mut said: Vec<String> = settings.template_mistakes.iter().map(ToString::to_string).collect();
    said.sort();
    assert!(said.len() == 2, "{said:?}");
    assert!(
        said[0].contains("mail-templates/fr/answer.txt.hbs:3: there is no ticket.nummer; did you mean"),
        "{said:?}"
    );
    assert!(said[1].contains("mail-templates/fr/closed.txt.hbs") && said[1].contains("UTF-8"), "{said:?}");
}
