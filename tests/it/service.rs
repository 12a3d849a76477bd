//! A service under the eyes of others: page, metrics, alarms, logs, and versions that follow one another.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use guichet::clock::{Clock, DAY, HOUR, MINUTE};
use guichet::settings;
use guichet::store::Store;
use guichet::work::daemon::Crew;
use guichet::work::verify::{self, Wish};
use guichet::work::{App, health, once};
use sqlx::{Connection, Executor};

use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::servers::stop;
use crate::support::site::make;
use crate::support::{Database, Said, Site, eventually, free_port};

fn ask(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn value(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find(|l| l.starts_with(&format!("{name} ")) || l.starts_with(&format!("{name}{{")));
    line.unwrap_or_else(|| panic!("no {name} in {metrics}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn op1_the_page_says_how_things_stand_and_nothing_about_anybody() {
    let port = free_port();
    let site = Site::with(Database::Sqlite, &format!("[watch]\nlisten = \"127.0.0.1:{port}\"\n")).await;
    site.receive(&Mail::from(ANA)).await;
    site.receive(&Mail::from("eve@elsewhere.example").header("Auto-Submitted: auto-replied")).await;
    let crew = Crew::start(&site.app).await.unwrap();
    eventually("the page", Duration::from_secs(5), async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
    assert_eq!(ask(port, "/healthz").0, 200);
    assert_eq!(ask(port, "/readyz").0, 200);
    assert_eq!(ask(port, "/nothing").0, 404);
    let (status, metrics) = ask(port, "/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("application/openmetrics-text") && metrics.trim_end().ends_with("# EOF"), "{metrics}");
    assert_eq!(value(&metrics, "guichet_up"), 1.0);
    for name in ["guichet_emails_undecided", "guichet_mails_undecided"] {
        assert_eq!(value(&metrics, name), 0.0, "under both names");
    }
    assert!(metrics.contains("guichet_mails_decided_total{verdict=\"opened\"} 1"), "{metrics}");
    assert!(value(&metrics, "guichet_letters_sent_total") >= 2.0);
    assert!(value(&metrics, "guichet_disk_free_bytes") > 0.0);
    let (status, page) = ask(port, "/");
    assert_eq!(status, 200);
    assert!(page.contains("All is well.") && page.contains("Support du collège"), "{page}");
    for text in [&metrics, &page] {
        assert!(!text.contains("college.example") && !text.contains("Imprimante"), "{text}");
    }
    crew.stop().await;
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// Not ready while a mailbox cannot be read, and alive all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_read_its_mailbox_is_alive_and_not_ready() {
    let site = Site::new(Database::Sqlite).await;
    site.receive(&Mail::from(ANA)).await;
    std::fs::rename(site.folder.path().join("mail"), site.folder.path().join("away")).unwrap();
    let _ = once::run(&site.app).await;
    let health = health::look(&site.app).await;
    assert!(health.hindrances(site.clock.now()).is_empty(), "not at once");
    site.clock.advance(HOUR);
    let health = health::look(&site.app).await;
    let said = health.hindrances(site.clock.now());
    assert!(said.len() == 1 && said[0].contains("mailbox main"), "{said:?}");
    assert!(health.line(site.clock.now()).contains("mailbox main could not be read lately"));
}

/// At the start the built-in template serves; the operator is notified, and everybody who looks sees it.
#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_does_not_serve_stops_nothing() {
    let (port, templates) = (free_port(), tempfile::tempdir().unwrap());
    std::fs::create_dir(templates.path().join("fr")).unwrap();
    let file = templates.path().join("fr/acknowledgement.txt.hbs");
    std::fs::write(&file, "Subject: à nous\n\n{{#unless ticket.title}}\n").unwrap();
    let more = format!(
        "{OPS}[watch]\nlisten = \"127.0.0.1:{port}\"\n[desk]\ntemplates = \"{}\"\n",
        templates.path().display()
    );
    let site = Site::with(Database::Sqlite, &more).await;
    site.receive(&Mail::from(ANA)).await;
    tended(&site).await;
    site.sink.with_words("ana@college.example", "Votre demande est enregistrée");
    let wrong = "fr/acknowledgement.txt.hbs:3: `{{#unless}}` on line 3 is never closed: it needs `{{/unless}}`";
    let told = site.sink.with_words("ops@desk.example", "A mistake in a template");
    assert!(told.mail.text.replace('\n', " ").contains("is never closed"), "{}", told.mail.text);

    let crew = Crew::start(&site.app).await.unwrap();
    eventually("the page", Duration::from_secs(5), async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
    let (status, ready) = ask(port, "/readyz");
    assert!(status == 200 && ready.contains(wrong), "it works all the same: {ready}");
    let (_, page) = ask(port, "/");
    assert!(page.contains("is never closed") && !page.contains("All is well"), "{page}");
    assert_eq!(page.matches("is never closed").count(), 1, "said once: {page}");
    crew.stop().await;

    let health = health::look(&site.app).await;
    assert!(health.line(site.clock.now()).contains(wrong), "{}", health.line(site.clock.now()));
    std::fs::write(&file, "Subject: à nous\n\nBien reçu.\n").unwrap();
    site.app.settings.store(guichet::settings::load(&site.config()).unwrap().into());
    site.clock.advance(MINUTE);
    tended(&site).await;
    site.sink.with_words("ops@desk.example", "All clear");
}

/// What made-up facts did not show is noted when it comes out, and told like any other mistake.
#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_fails_when_a_notification_is_written_is_told() {
    let templates = tempfile::tempdir().unwrap();
    std::fs::create_dir(templates.path().join("fr")).unwrap();
    // Reports alone have one.
    let text = "Subject: à nous\n\n{{report.title}}\n";
    std::fs::write(templates.path().join("fr/acknowledgement.txt.hbs"), text).unwrap();
    let site =
        Site::with(Database::Sqlite, &format!("{OPS}[desk]\ntemplates = \"{}\"\n", templates.path().display())).await;
    assert_eq!(site.app.settings.load().template_mistakes, []);
    site.receive(&Mail::from(ANA)).await;
    tended(&site).await;
    site.sink.with_words("ana@college.example", "Votre demande est enregistrée");
    let health = health::look(&site.app).await;
    assert!(health.mistakes.len() == 1 && health.mistakes[0].contains("report.title"), "{:?}", health.mistakes);
    site.sink.with_words("ops@desk.example", "A mistake in a template");
}

const OPS: &str =
    "[alarms]\nto = [\"ops@desk.example\"]\nlanguage = \"en\"\ndisk_free_mib = 0\nmailbox_quiet = \"3d\"\n";

async fn tended(site: &Site) {
    let _ = once::run(&site.app).await;
    guichet::work::tend(&site.app).await.unwrap();
    let _ = once::run(&site.app).await;
}

async fn alarmed(database: Database) {
    let mut site = Site::with(database, OPS).await;
    site.receive(&Mail::from(ANA)).await;
    tended(&site).await;
    assert!(site.sink.to("ops@desk.example").is_empty(), "all is well");
    let mail = site.folder.path().join("mail");
    let away = site.folder.path().join("away");
    std::fs::rename(&mail, &away).unwrap();
    site.clock.advance(10 * MINUTE);
    tended(&site).await;
    assert!(site.sink.to("ops@desk.example").is_empty(), "not within its patience");
    site.clock.advance(10 * MINUTE);
    tended(&site).await;
    let told = site.sink.only("ops@desk.example");
    assert!(
        told.mail.text.contains("Mailbox \"main\" cannot be read; last read: 2 March 2026, 09:15"),
        "{}",
        told.mail.text
    );
    site.clock.advance(HOUR);
    tended(&site).await;
    assert_eq!(site.sink.to("ops@desk.example").len(), 1, "once");
    site.clock.advance(DAY);
    tended(&site).await;
    site.sink.with_words("ops@desk.example", "Still, since 2 March 2026, 09:35: Mailbox");
    std::fs::rename(&away, &mail).unwrap();
    site.clock.advance(MINUTE);
    tended(&site).await;
    site.sink.with_words("ops@desk.example", "All clear. Told 2 March 2026, 09:35");
    assert_eq!(site.sink.to("ops@desk.example").len(), 3);
    // Nobody writes for days.
    site.clock.advance(3 * DAY);
    tended(&site).await;
    site.sink.with_words("ops@desk.example", "Nobody has written to mailbox");
    // The server for notifications is away: the alarm itself waits with them, and is told when it is back.
    site.sink.stop();
    site.put(&Mail::from("bob@college.example"));
    let _ = once::run(&site.app).await;
    site.clock.advance(2 * HOUR);
    tended(&site).await;
    let names: Vec<String> = site.store().alarms().await.unwrap().into_iter().map(|a| a.name).collect();
    assert_eq!(names, ["outbox"]);
    site.sink.restart(&[]);
    for _ in 0..2 {
        site.clock.advance(MINUTE);
        tended(&site).await;
    }
    site.sink.with_words("ops@desk.example", "Notifications that could not leave: 2");
    site.sink.with_words("ops@desk.example", "All clear. Told 6 March 2026");
}

#[tokio::test]
async fn op1_what_is_wrong_is_told_once_brought_to_mind_and_taken_back_on_sqlite() {
    alarmed(Database::Sqlite).await;
}

#[tokio::test]
async fn op1_what_is_wrong_is_told_once_brought_to_mind_and_taken_back_on_postgres() {
    alarmed(Database::Postgres).await;
}

#[tokio::test]
async fn a_disk_that_fills_is_told_of() {
    let more = OPS.replace("disk_free_mib = 0", "disk_free_mib = 1000000000");
    let site = Site::with(Database::Sqlite, &more).await;
    tended(&site).await;
    assert!(site.sink.only("ops@desk.example").mail.text.contains("MiB are left on the disk of"));
}

/// Copies go to another disk from now on: what was wrong with the first is nobody's trouble any more.
#[tokio::test]
async fn a_disk_that_is_not_written_to_any_more_is_not_told_of() {
    let disks = OPS.replace("disk_free_mib = 0", "disk_free_mib = 1000000000");
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let with = |folder: &std::path::Path| format!("{disks}[backup]\nfolder = \"{}\"\n", folder.display());
    let site = Site::with(Database::Sqlite, &with(one.path())).await;
    tended(&site).await;
    let named = |alarms: &[guichet::store::Alarm], folder: &std::path::Path| {
        alarms.iter().any(|alarm| alarm.name == format!("disk:{}", folder.display()))
    };
    assert!(named(&site.store().alarms().await.unwrap(), one.path()));
    std::fs::write(site.folder.path().join("conf.d/more.toml"), with(two.path())).unwrap();
    site.app.settings.store(std::sync::Arc::new(guichet::settings::load_with(&site.config(), Vec::new()).unwrap()));
    tended(&site).await;
    let known = site.store().alarms().await.unwrap();
    assert!(!named(&known, one.path()) && named(&known, two.path()), "{known:?}");
}

/// The log of a day with everything in it: no address, no subject, no word of an email.
#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_no_address_and_no_word_of_a_mail() {
    let site = Site::new(Database::Sqlite).await;
    site.put(&Mail::from("Ana Martin <ana@college.example>").text("un mot secret"));
    site.put_bytes(
        b"From: broken@college.example\r\nSubject: rien\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x",
    );
    site.put(&Mail::from("eve@elsewhere.example").to("nobody@desk.example").subject("sujet caché"));
    let mut sink = crate::support::sink::Sink::with(&["-f", "RCPT"]);
    let config = site.config();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace(&format!("port = {}", site.sink.port), &format!("port = {}", sink.port)))
        .unwrap();
    site.app.close().await;
    let Site { folder, app, .. } = site;
    drop(app);
    let run = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
        command
            .arg("--config")
            .arg(&config)
            .args(["run", "--once"])
            .env("GUICHET_LOG", "debug")
            .env("GUICHET_LOG_FORMAT", format);
        let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let log = run("text") + &run("json");
    assert!(log.contains("mail decided") && log.contains("notification not sent"), "{log}");
    for word in
        ["college.example", "elsewhere.example", "agents.example", "secret", "caché", "Ana Martin", "Imprimante"]
    {
        let line = log.lines().find(|l| l.contains(word));
        assert_eq!(line, None, "{word}");
    }
    sink.stop();
    drop(folder);
}

/// The URL of a database that an earlier version wrote.
async fn written_by(version: &str, database: Database, folder: &std::path::Path) -> String {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/databases");
    match database {
        Database::Sqlite => {
            let file = folder.join("guichet.db");
            std::fs::copy(fixtures.join(format!("{version}.sqlite")), &file).unwrap();
            format!("sqlite:{}", file.display())
        }
        Database::Postgres => {
            let url = make(database, folder).await;
            let text = std::fs::read_to_string(fixtures.join(format!("{version}.postgres.sql"))).unwrap();
            let mut raw = sqlx::AnyConnection::connect(&url).await.unwrap();
            raw.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(text))).await.unwrap();
            url
        }
    }
}

async fn upgraded(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let url = written_by("0.1.0", database, folder.path()).await;
    let store = Store::open(&url).await.unwrap();
    let numbers: Vec<String> =
        store.tickets(&Default::default()).await.unwrap_or_default().into_iter().map(|t| t.number).collect();
    assert!(numbers.is_empty(), "a filter without a limit gives none");
    let all = guichet::store::TicketFilter { limit: 10, ..Default::default() };
    let numbers: Vec<String> = store.tickets(&all).await.unwrap().into_iter().map(|t| t.number).collect();
    assert_eq!(numbers, ["CG42N1-000003", "CG42N1-000002", "CG42N1-000001"]);
    store.close().await;
    // The service desk goes on: what waited leaves, replies join, numbers follow.
    let site = Site::new(Database::Sqlite).await;
    let text = std::fs::read_to_string(site.config()).unwrap().replace(&site.url, &url);
    let text = text.replace("reply_to = \"plain\"", "reply_to = \"plain\"\nsenders = [\"@college.example\"]");
    std::fs::write(site.config(), text).unwrap();
    let settings = settings::load_with(&site.config(), Vec::new()).unwrap();
    let app = App::open(settings, Clock::system()).await.unwrap();
    site.put(&Mail::from(ANA).subject("Re: [CG42N1-000002] Plus de réseau"));
    site.put(&Mail::from("new@college.example"));
    once::run(&app).await.unwrap();
    assert!(site.sink.only("new@college.example").mail.subject.contains("CG42N1-00000"), "the numbers go on");
    assert_eq!(app.store.outbox(None, 10).await.unwrap(), [], "what waited has left");
    let settings = app.settings.load_full();
    let wish = Wish { since: "", mailboxes: false, archives: false };
    let found = verify::run(&app.store, &settings, wish, |_, _| {}).await.unwrap();
    assert_eq!(found.problems(), 0, "{found:?}");
}

/// Made before words and codes had their present names: a ticket resolved, one whose last command can be taken back, a person
/// erased, a stranger held, and a copy restored whose notifications wait for a person.
async fn upgraded_from_0_2_0(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let url = written_by("0.2.0", database, folder.path()).await;
    let site = Site::new(Database::Sqlite).await;
    let text = std::fs::read_to_string(site.config()).unwrap().replace(&site.url, &url);
    let text = text.replace("reply_to = \"plain\"", "reply_to = \"plain\"\nsenders = [\"@college.example\"]");
    std::fs::write(site.config(), text).unwrap();
    let settings = settings::load_with(&site.config(), Vec::new()).unwrap();
    let app = App::open(settings, Clock::system()).await.unwrap();
    let sound = async || {
        let wish = Wish { since: "", mailboxes: false, archives: false };
        let found = verify::run(&app.store, &app.settings.load_full(), wish, |_, _| {}).await.unwrap();
        assert_eq!(found.problems(), 0, "{found:?}");
    };
    sound().await;
    let now = app.clock.now();
    assert_eq!(app.store.undeliverable(now, 10).await.unwrap(), [], "who was erased is not listed");
    assert_eq!(app.store.held().await.unwrap().len(), 1);
    // What came with the copy is told from what waits on its own, and goes when a person says so.
    let mut tx = app.store.begin(guichet::store::Durability::Full).await.unwrap();
    assert_eq!(tx.retry(None, Some(guichet::store::Failure::Restored), now).await.unwrap(), 8);
    tx.commit().await.unwrap();
    once::run(&app).await.unwrap();
    assert_eq!(site.sink.notifications().len(), 12, "those eight and the four that waited");
    // What was written for nothing is nothing, in what can be taken back too.
    let ticket = app.store.ticket("CG42N1-000002").await.unwrap().unwrap();
    assert_eq!((ticket.assignee.said(), ticket.first_responded_at, ticket.merged_into), (MARIE, None, None));
    let settings = app.settings.load_full();
    let outcome = guichet::work::operator::command(&app.store, &app.secret, &settings, &ticket, "#undo", now).await;
    assert!(matches!(outcome.unwrap(), guichet::work::operator::Outcome::Done(_)));
    let ticket = app.store.ticket("CG42N1-000002").await.unwrap().unwrap();
    assert_eq!((ticket.assignee, ticket.parent, ticket.rating), (None, None, None));
    sound().await;
}

#[tokio::test]
async fn a_database_of_0_2_0_opens_on_sqlite() {
    upgraded_from_0_2_0(Database::Sqlite).await;
}

#[tokio::test]
async fn a_database_of_0_2_0_opens_on_postgres() {
    upgraded_from_0_2_0(Database::Postgres).await;
}

#[tokio::test]
async fn a_database_of_the_first_version_opens_on_sqlite() {
    upgraded(Database::Sqlite).await;
}

#[tokio::test]
async fn a_database_of_the_first_version_opens_on_postgres() {
    upgraded(Database::Postgres).await;
}

/// A schema of a version to come is left alone.
#[tokio::test]
async fn a_newer_schema_is_refused() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database).await;
        let mut raw = site.raw().await;
        let checksum = if database == Database::Sqlite { "x'00'" } else { "'\\x00'" };
        let truth = if database == Database::Sqlite { "1" } else { "true" };
        let statement = format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9000, 'to come', {truth}, {checksum}, 1)"
        );
        raw.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
        let config = site.config();
        site.app.close().await;
        let output =
            Command::new(env!("CARGO_BIN_EXE_guichet")).arg("--config").arg(&config).arg("run").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(said.contains("newer"), "it says why: {said}");
    }
}

/// Released migrations never change: their digests stand here.
#[test]
fn released_migrations_are_as_they_were_released() {
    use sha2::{Digest, Sha256};
    let released = [
        (
            "sqlite/0001_first.sql",
            include_bytes!("../../migrations/sqlite/0001_first.sql").as_slice(),
            "80fc47663e5b963215c678aca6631eeba6ea94d7625a88ccecba1cb3526b5e6c",
        ),
        (
            "sqlite/0002_search.sql",
            include_bytes!("../../migrations/sqlite/0002_search.sql").as_slice(),
            "baa184039e13dc77158609cec593ac277f505f33d98f06bf52a9a1bb8b96288d",
        ),
        (
            "postgres/0001_first.sql",
            include_bytes!("../../migrations/postgres/0001_first.sql").as_slice(),
            "1f1dd91ed328778296d530dc5f9a56d4c41af6f5cc839bec39a73ff53bacac75",
        ),
        (
            "postgres/0002_search.sql",
            include_bytes!("../../migrations/postgres/0002_search.sql").as_slice(),
            "5b527c8a8ac93e1f7eb19990cbccc465c4608cb14c3c5b61be4f71378bc72aff",
        ),
    ];
    for (name, bytes, digest) in released {
        assert_eq!(data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)), digest, "{name}");
    }
}

/// `run` tells systemd how things stand, and ends within ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_that_it_is_ready_how_it_stands_and_that_it_stops() {
    let site = Site::new(Database::Sqlite).await;
    site.app.close().await;
    let Site { folder, app, sink, .. } = site;
    drop(app);
    let path = folder.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
    command.arg("--config").arg(folder.path().join("guichet.toml")).arg("run").env("NOTIFY_SOCKET", &path);
    let mut daemon = command.stderr(Stdio::null()).spawn().unwrap();
    let hear = || {
        let mut buffer = [0u8; 4096];
        let count = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    };
    let first = hear();
    assert!(first.contains("READY=1") && first.contains("STATUS=1 mailboxes watched"), "{first}");
    let status = hear();
    assert!(status.contains("STATUS=1 mailboxes watched, 0 emails to decide"), "{status}");
    let begun = std::time::Instant::now();
    stop(&mut daemon, "TERM");
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(hear().contains("STOPPING=1"));
    drop(sink);
}
