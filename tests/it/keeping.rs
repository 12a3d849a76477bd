//! Copies and their return, upkeep, retention, and people taken out.

use guichet::clock::{Clock, DAY, HOUR};
use guichet::report::{Period, Sort};
use guichet::settings::Settings;
use guichet::store::{CHECKS, Store};
use guichet::work::verify::{self, Wish};
use guichet::work::{backup, erase, reports, upkeep};
use sqlx::{Executor, Row};

use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::site::START;
use crate::support::{Database, Site};

const WISH: Wish<'static> = Wish { since: "", mailboxes: false, archives: false };

async fn lived(database: Database, more: &str) -> Site {
    let site = Site::with(database, more).await;
    site.receive(&Mail::from(ANA).attach("plan.png", b"a picture")).await;
    site.receive(&Mail::from("bob@college.example").subject("[P1] Plus de réseau")).await;
    let answer = Mail::reply(&site.sink.with_words(MARIE, "CG42N1-000001").mail, MARIE, "#resolve\nLe câble.");
    site.then(&answer).await;
    site
}

/// What a report and `verify` say of a store.
async fn said(store: &Store, settings: &Settings) -> String {
    let period = Period { from: START - DAY, until: START + DAY };
    let built = reports::build(store, &settings.policy, Sort::Weekly, period, &[]).await.unwrap();
    let found = verify::run(store, settings, WISH, |_, _| {}).await.unwrap();
    assert_eq!(found.problems(), 0, "{found:?}");
    format!("{:?} {:?}", built.figures, found.sizes)
}

async fn comes_back(database: Database) {
    let site = lived(database, "").await;
    let settings = site.app.settings.load_full();
    let before = said(site.store(), &settings).await;
    let head = site.store().chain_end().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy");
    // While the service desk is at work.
    backup::make(site.store(), &site.url, &file).await.unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "nobody else may read it");
    assert!(backup::make(site.store(), &site.url, &file).await.is_err(), "nothing is written over");
    site.then(&Mail::from("late@college.example").subject("Après la copie")).await;
    assert_ne!(said(site.store(), &settings).await, before);
    assert!(backup::restore(&settings, &file, false, START).await.is_err(), "not while it is at work");
    site.app.close().await;
    let Site { folder: home, app, url, sink, .. } = site;
    drop(app);
    let done = backup::restore(&settings, &file, false, START).await.unwrap();
    assert_eq!(done.kept.is_some(), database == Database::Sqlite);
    let store = Store::open(&url).await.unwrap();
    let wish = Wish { since: &head, ..WISH };
    assert_eq!(verify::run(&store, &settings, wish, |_, _| {}).await.unwrap().problems(), 0, "the same chain");
    // One chain entry more: that it was restored.
    let after = said(&store, &settings).await;
    let links = |text: &str, n: i64| text.replace(&format!("chain_entries: {n}"), "chain_entries: N");
    let sizes = store.sizes().await.unwrap();
    assert_eq!(links(&after, sizes.chain_entries), links(&before, sizes.chain_entries - 1));
    assert_eq!(store.audit_entries(1).await.unwrap()[0].kind, "restored");
    store.close().await;
    // And the service desk goes on from there, with the numbers that follow.
    let app = crate::support::site::open(home.path(), &Clock::fixed(START + HOUR)).await;
    guichet::edge::maildir::deliver(&home.path().join("mail"), "5000.m", &Mail::from("new@college.example").bytes())
        .unwrap();
    guichet::work::once::run(&app).await.unwrap();
    assert!(sink.only("new@college.example").mail.subject.contains("CG42N1-000003"));
}

#[tokio::test]
async fn op2_a_copy_made_at_work_comes_back_on_sqlite() {
    comes_back(Database::Sqlite).await;
}

#[tokio::test]
async fn op2_a_copy_made_at_work_comes_back_on_postgres() {
    comes_back(Database::Postgres).await;
}

/// A notification that waited when the copy was made may have left since: a person decides.
#[tokio::test]
async fn notifications_that_waited_are_not_sent_again_by_a_restore() {
    let mut site = Site::new(Database::Sqlite).await;
    site.sink.stop();
    site.put(&Mail::from(ANA));
    let _ = guichet::work::once::run(&site.app).await;
    let file = site.folder.path().join("copy");
    backup::make(site.store(), &site.url, &file).await.unwrap();
    let settings = site.app.settings.load_full();
    site.app.close().await;
    let Site { folder, app, .. } = site;
    drop(app);
    let done = backup::restore(&settings, &file, false, START).await.unwrap();
    assert_eq!(done.waiting, 2, "the acknowledgement and the notice");
    drop(folder);
}

#[tokio::test]
async fn what_is_no_copy_is_refused_and_changes_nothing() {
    let site = lived(Database::Sqlite, "").await;
    let settings = site.app.settings.load_full();
    let good = site.folder.path().join("copy");
    backup::make(site.store(), &site.url, &good).await.unwrap();
    let before = said(site.store(), &settings).await;
    site.app.close().await;
    let Site { folder, app, url, .. } = site;
    drop(app);
    let bytes = std::fs::read(&good).unwrap();
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 4096].fill(0x5a);
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("text", b"not a database".to_vec()),
        ("cut", bytes[..bytes.len() / 2].to_vec()),
        ("damaged", damaged),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let refused = backup::restore(&settings, &file, false, START).await;
        assert!(refused.is_err(), "{name}");
        let store = Store::open(&url).await.unwrap();
        assert_eq!(said(&store, &settings).await, before, "{name}");
        store.close().await;
    }
}

/// The timetable makes copies, keeps some, and an alarm tells when it cannot.
#[tokio::test]
async fn op2_copies_are_made_by_themselves_and_an_alarm_tells_when_not() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("backups");
    let more = format!(
        "[backup]\nfolder = \"{}\"\ndaily = 2\nweekly = 0\nmonthly = 0\n[alarms]\nto = [\"ops@desk.example\"]\nlanguage = \"en\"\ndisk_free_mib = 0\n",
        place.display()
    );
    let site = lived(Database::Sqlite, &more).await;
    let count = || std::fs::read_dir(&place).map_or(0, Iterator::count);
    for day in 0..4 {
        site.tend().await;
        assert_eq!(count(), (day + 1).min(2), "day {day}");
        // In the same day no second one is made.
        site.clock.advance(HOUR);
        site.tend().await;
        site.clock.advance(DAY - HOUR);
    }
    assert!(site.subjects("ops@desk.example").is_empty());
    // The folder turns into a file: no copy can be made.
    std::fs::rename(&place, folder.path().join("away")).unwrap();
    std::fs::write(&place, "in the way").unwrap();
    site.tend().await;
    let told = |words: &str| site.sink.to("ops@desk.example").iter().filter(|l| l.mail.text.contains(words)).count();
    assert_eq!(told("The backup could not be made:"), 1, "it is told");
    site.clock.advance(HOUR);
    site.tend().await;
    assert_eq!(told("The backup could not be made:"), 1, "once");
    site.clock.advance(DAY);
    site.tend().await;
    assert_eq!(told("Still, since"), 1, "then brought to mind");
    std::fs::remove_file(&place).unwrap();
    site.clock.advance(DAY);
    site.tend().await;
    assert_eq!(told("All clear. Told"), 1, "then taken back");
    assert_eq!(count(), 1);
}

async fn forgets(database: Database) {
    let more = "[retention]\nmails = \"30d\"\nletters = \"10d\"\nignored = \"5d\"\n";
    let site = lived(database, more).await;
    site.receive(&Mail::from("robot@college.example").header("Auto-Submitted: auto-replied")).await;
    let rows = async |statement: &'static str| -> i64 {
        site.raw().await.fetch_one(statement).await.unwrap().try_get(0).unwrap()
    };
    let emails = "SELECT COUNT(*) FROM inbox_raw";
    let notifications = "SELECT COUNT(*) FROM outbox_raw";
    let (all, written) = (rows(emails).await, rows(notifications).await);
    site.clock.advance(4 * DAY);
    upkeep::forget(&site.app, site.clock.now()).await.unwrap();
    assert_eq!((rows(emails).await, rows(notifications).await), (all, written), "nothing before its time");
    site.pass(2 * DAY).await;
    upkeep::forget(&site.app, site.clock.now()).await.unwrap();
    let closing = rows(notifications).await;
    assert!(rows(emails).await < all, "what was ignored is gone");
    site.clock.advance(20 * DAY);
    upkeep::forget(&site.app, site.clock.now()).await.unwrap();
    assert!(rows(notifications).await < closing, "notifications are gone");
    let before = rows(emails).await;
    site.clock.advance(40 * DAY);
    upkeep::forget(&site.app, site.clock.now()).await.unwrap();
    // The resolved ticket was closed by silence; the other is still open and keeps its mail.
    assert_eq!(site.ticket("CG42N1-000001").await.status, "closed");
    assert!(rows(emails).await < before);
    assert!(rows(emails).await > 0, "open tickets keep everything");
    let settings = site.app.settings.load_full();
    let found = verify::run(site.store(), &settings, WISH, |_, _| {}).await.unwrap();
    assert_eq!(found.problems(), 0, "{found:?}");
    assert!(site.store().audit_entries(10).await.unwrap().iter().any(|d| d.kind == "expired"));
}

#[tokio::test]
async fn op2_data_goes_when_its_time_is_over_on_sqlite() {
    forgets(Database::Sqlite).await;
}

#[tokio::test]
async fn op2_data_goes_when_its_time_is_over_on_postgres() {
    forgets(Database::Postgres).await;
}

/// Everything the store holds, as one text: columns as they are, emails and notifications also decoded.
async fn everything(site: &Site) -> String {
    let mut all = String::new();
    let mut raw = site.raw().await;
    let tables = [
        "inbox",
        "ticket",
        "message",
        "event",
        "outbox",
        "participant",
        "article",
        "overdue",
        "state_history",
        "undeliverable",
        "seen_image",
        "chain_entry",
        "meta",
        "alarm",
    ];
    for table in tables {
        let statement = match site.url.starts_with("sqlite") {
            true => format!(
                "SELECT group_concat(all_of, '|') FROM (SELECT {} AS all_of FROM {table})",
                columns(&mut raw, table).await
            ),
            false => format!("SELECT string_agg(CAST(one AS TEXT), '|') FROM {table} AS one"),
        };
        let row = raw.fetch_one(sqlx::AssertSqlSafe(statement)).await.unwrap();
        all += &row.try_get::<Option<String>, _>(0).unwrap().unwrap_or_default();
    }
    for statement in ["SELECT bytes FROM inbox_raw", "SELECT bytes FROM outbox_raw"] {
        for row in raw.fetch_all(statement).await.unwrap() {
            let bytes: Vec<u8> = row.try_get(0).unwrap();
            all += &String::from_utf8_lossy(&bytes);
            all += &guichet::mail::parse(&bytes, &guichet::mail::Limits::default()).map(|m| m.text).unwrap_or_default();
        }
    }
    all.to_lowercase()
}

async fn columns(raw: &mut sqlx::AnyConnection, table: &str) -> String {
    let statement = format!(
        "SELECT group_concat('COALESCE(CAST(\"' || name || '\" AS TEXT), '''')', ' || '' '' || ') FROM pragma_table_info('{table}')"
    );
    raw.fetch_one(sqlx::AssertSqlSafe(statement)).await.unwrap().try_get(0).unwrap()
}

async fn erased(database: Database) {
    let site = Site::new(database).await;
    let named = "Ana Martin <Ana@College.example>";
    site.receive(&Mail::from(named).attach("plan.png", b"a picture").text("Ana Martin, poste 12, 06 12 34 56 78"))
        .await;
    // Somebody else's mail names her too, in base64, and is not her ticket's.
    let other = Mail::from("bob@college.example")
        .subject("Voir avec ana@college.example")
        .text("Demandez à ana@college.example");
    site.then(&other).await;
    let answer = Mail::reply(
        &site.sink.with_words(MARIE, "CG42N1-000001").mail,
        MARIE,
        "#resolve #kb cable\nBonjour Ana Martin, le câble.",
    );
    site.then(&answer).await;
    site.then(&Mail::from("robot@college.example").text("ana@college.example")).await;
    let before = everything(&site).await;
    assert!(
        before.contains("ana@college.example") && before.contains("ana martin") && before.contains("06 12 34 56 78")
    );
    let tickets = site.tickets().await.len();
    let done =
        erase::run(site.store(), None, "ANA@college.example", "operator", site.clock.now(), |_, _| {}).await.unwrap();
    assert_eq!(done.left, []);
    assert!(done.searched > 40 && done.emails >= 2 && done.notifications >= 2 && done.rows > 5, "{done:?}");
    let after = everything(&site).await;
    for gone in ["ana@college.example", "ana martin", "06 12 34 56 78"] {
        let at = after.find(gone).map(|at| after[at.saturating_sub(80)..(at + 80).min(after.len())].to_owned());
        assert_eq!(at, None, "{gone}");
    }
    assert!(after.contains(&done.pseudonym), "the history says that there was somebody");
    if database == Database::Sqlite {
        // Nor in what the file keeps of deleted rows, nor in its log.
        for ending in ["", "-wal"] {
            let bytes = std::fs::read(site.folder.path().join(format!("guichet.db{ending}"))).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            for gone in ["ana@college.example", "06 12 34 56 78"] {
                assert!(!text.contains(gone), "{gone} stands in guichet.db{ending}");
            }
        }
    }
    // Everything still fits, the chain says what was emptied, and the service desk goes on.
    let settings = site.app.settings.load_full();
    let found = verify::run(site.store(), &settings, WISH, |_, _| {}).await.unwrap();
    assert_eq!(found.problems(), 0, "{found:?}");
    assert_eq!(site.tickets().await.len(), tickets);
    let row = site.ticket("CG42N1-000001").await;
    assert_eq!((row.requester.as_str(), row.requester_name.as_str()), (done.pseudonym.as_str(), ""));
    // Whoever changes a line of the emptied links is still found.
    site.raw().await.execute("UPDATE event SET text = 'x' WHERE id = 1").await.unwrap();
    assert!(verify::run(site.store(), &settings, WISH, |_, _| {}).await.unwrap().problems() > 0);
    site.pass(20 * DAY).await;
    let to_nobody = site.sink.notifications().iter().filter(|l| l.to.contains("erased.invalid")).count();
    assert_eq!(to_nobody, 0, "nobody is written to in her place");
    // She may write again, and is somebody new.
    site.then(&Mail::from(ANA).subject("Bonjour")).await;
    assert_eq!(site.tickets().await.last().unwrap().requester, ANA);
}

#[tokio::test]
async fn op2_a_person_is_taken_out_of_everything_on_sqlite() {
    erased(Database::Sqlite).await;
}

#[tokio::test]
async fn op2_a_person_is_taken_out_of_everything_on_postgres() {
    erased(Database::Postgres).await;
}

/// Others keep what is theirs: an address that only holds the same notifications, emails that wait, notifications that wait, agents.
#[tokio::test]
async fn who_only_looks_like_the_person_and_what_others_wait_for_stays() {
    let mut site = Site::new(Database::Sqlite).await;
    site.receive(&Mail::from("Ana Martin <ana@college.example>")).await;
    site.then(&Mail::from("Diana Ray <diana@college.example>").text("Un tout autre sujet")).await;
    site.put(&Mail::from("dora@college.example").text("ana@college.example m'a dit de vous écrire"));
    let kind = site.app.settings.load().mailboxes["main"].kind.clone();
    guichet::work::once::collect_one(&site.app, "main", &kind).await.unwrap();
    let now = site.clock.now();
    let refused = erase::run(site.store(), None, ANA, "operator", now, |_, _| {}).await.expect_err("an email waits");
    assert!(refused.to_string().contains("wait for their verdict"), "{refused}");
    site.round().await;
    // Written down for somebody else, and not yet sent.
    site.sink.stop();
    site.put(&Mail::from("dora@college.example").subject("Re: [CG42N1-000003]").text("encore ana@college.example"));
    let _ = guichet::work::once::run(&site.app).await;
    let done = erase::run(site.store(), None, ANA, "operator", now, |_, _| {}).await.unwrap();
    assert!(done.left.iter().all(|(place, _)| place.contains("wait to leave")), "{:?}", done.left);
    site.sink.restart(&[]);
    site.round().await;
    assert!(!site.sink.with_words(MARIE, "000003").mail.text.is_empty(), "what was to be told was told");
    let diana = site.ticket("CG42N1-000002").await;
    assert_eq!((diana.requester.as_str(), diana.requester_name.as_str()), ("diana@college.example", "Diana Ray"));
    assert!(everything(&site).await.contains("un tout autre sujet"));
    let settings = site.app.settings.load_full();
    assert_eq!(verify::run(site.store(), &settings, WISH, |_, _| {}).await.unwrap().problems(), 0);
    // What is not an address would stand in everybody's emails.
    for nothing in ["", " ", "martin", "@", "college.example"] {
        let refused = erase::run(site.store(), None, nothing, "operator", now, |_, _| {}).await.err().unwrap();
        assert!(refused.to_string().contains("not a valid mail address"), "{nothing:?}: {refused}");
    }
    let nobody = erase::run(site.store(), None, "nobody@college.example", "operator", now, |_, _| {}).await;
    assert!(nobody.err().unwrap().to_string().contains("nobody of this address"));
    let again = erase::run(site.store(), None, ANA, "operator", now, |_, _| {}).await.unwrap();
    assert_eq!(again.left, []);
}

#[tokio::test]
async fn people_of_the_desk_and_of_open_tickets_are_not_erased_by_time() {
    let site = Site::with(Database::Sqlite, "[retention]\npeople = \"30d\"\n[life]\nconfirm = \"1d\"\n").await;
    for who in [MARIE, ANA, "bob@college.example"] {
        site.then(&Mail::from(who)).await;
    }
    for number in ["CG42N1-000001", "CG42N1-000002", "CG42N1-000003"] {
        let ticket = site.ticket(number).await;
        let settings = site.app.settings.load_full();
        let (secret, now) = (&site.app.secret, site.clock.now());
        guichet::work::operator::command(site.store(), secret, &settings, &ticket, "#resolve\nFait.", now)
            .await
            .unwrap();
    }
    site.pass(3 * DAY).await;
    site.pass(40 * DAY).await;
    // Bob takes part in what is not done.
    site.then(&Mail::from("zoe@college.example").header("Cc: bob@college.example")).await;
    upkeep::forget(&site.app, site.clock.now()).await.unwrap();
    let requesters: Vec<String> = site.tickets().await.into_iter().map(|t| t.requester).collect();
    assert_eq!((requesters[0].as_str(), requesters[2].as_str()), (MARIE, "bob@college.example"));
    assert!(requesters[1].starts_with("erased-"), "{requesters:?}");
}

/// What lies beside the database, or beside the copy, neither gets into the new one nor is lost.
#[tokio::test]
async fn logs_beside_databases_are_neither_mixed_up_nor_lost() {
    let site = lived(Database::Sqlite, "").await;
    let settings = site.app.settings.load_full();
    let home = site.folder.path().to_owned();
    let copy = home.join("copy");
    backup::make(site.store(), &site.url, &copy).await.unwrap();
    // A database that was killed: its newest tickets stand in its log alone.
    site.then(&Mail::from("late@college.example")).await;
    for ending in ["", "-wal"] {
        std::fs::copy(home.join(format!("guichet.db{ending}")), home.join(format!("killed{ending}"))).unwrap();
    }
    let tickets = site.tickets().await.len();
    site.app.close().await;
    let Site { folder, app, url, .. } = site;
    drop(app);
    // A log is left without its database.
    std::fs::remove_file(home.join("guichet.db")).unwrap();
    std::fs::copy(home.join("killed-wal"), home.join("guichet.db-wal")).unwrap();
    backup::restore(&settings, &copy, false, START).await.unwrap();
    let count = async || {
        let store = Store::open(&url).await.unwrap();
        let wish = guichet::store::TicketFilter { limit: 100, ..Default::default() };
        let count = store.tickets(&wish).await.unwrap().len();
        assert_eq!(verify::run(&store, &settings, WISH, |_, _| {}).await.unwrap().problems(), 0);
        store.close().await;
        count
    };
    assert_eq!(count().await, tickets - 1);
    backup::restore(&settings, &home.join("killed"), false, START).await.unwrap();
    assert_eq!(count().await, tickets, "what stood in the log came along");
    backup::restore(&settings, &copy, false, START).await.unwrap();
    let names =
        std::fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    assert!(names.filter(|name| name.contains("before-")).count() >= 2, "none that was there was written over");
    drop(folder);
}

#[tokio::test]
async fn a_dump_that_does_not_fit_changes_nothing_on_postgres() {
    let site = lived(Database::Postgres, "").await;
    let settings = site.app.settings.load_full();
    let foreign = Site::new(Database::Postgres).await;
    let newer = Site::new(Database::Postgres).await;
    let statement = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (9000, 'later', true, '\\x00', 1)";
    newer.raw().await.execute(statement).await.unwrap();
    let copies = tempfile::tempdir().unwrap();
    let [foreign_dump, newer_dump] = ["foreign", "newer"].map(|name| copies.path().join(name));
    backup::make(newer.store(), &newer.url, &newer_dump).await.unwrap();
    foreign.app.close().await;
    foreign.raw().await.execute("DROP TABLE meta").await.unwrap();
    backup::make(foreign.store(), &foreign.url, &foreign_dump).await.unwrap();
    let before = said(site.store(), &settings).await;
    site.app.close().await;
    let Site { app, url, folder, .. } = site;
    drop(app);
    for (dump, words) in [(foreign_dump, "not a copy of a database of guichet"), (newer_dump, "newer version")] {
        let refused = backup::restore(&settings, &dump, false, START).await.expect_err("it is refused");
        assert!(refused.to_string().contains(words), "{refused}");
        let store = Store::open(&url).await.unwrap();
        assert_eq!(said(&store, &settings).await, before);
        store.close().await;
    }
    drop(folder);
}

/// The search looks into every column of text there is: one that is added later must be added there.
#[tokio::test]
async fn the_search_knows_every_column_of_text() {
    let site = Site::new(Database::Sqlite).await;
    let mut raw = site.raw().await;
    let statement = "SELECT m.name || '.' || c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c \
                     WHERE m.type = 'table' AND c.type = 'TEXT' AND m.name NOT LIKE '\\_%' ESCAPE '\\' AND m.name NOT LIKE 'article_search%' \
                     AND m.name NOT LIKE 'sqlite%'";
    let known: Vec<&str> = site.store().search("x").await.unwrap().into_iter().map(|(name, _)| name).collect();
    // Words of the program, digests, names of the configuration: none of them can name a person.
    let plain = [
        "content_hash",
        "mailbox",
        "state",
        "verdict",
        "claimed_by",
        "content",
        "cause",
        "failure",
        "alike",
        "kind",
        "queue",
        "status",
        "priority",
        "type",
        "category",
        "service",
        "channel",
        "team",
        "ties",
        "language",
        "pending_on",
        "tags",
        "related",
        "first_response_id",
        "last_public_id",
        "sla",
        "number",
        "vendor_reference",
        "role",
        "direction",
        "visibility",
        "message_id",
        "lease_by",
        "prefix",
        "name",
        "instance",
        "digest",
        "chain",
        "rating",
    ];
    for row in raw.fetch_all(statement).await.unwrap() {
        let column: String = row.try_get(0).unwrap();
        let short = column.split('.').nth(1).unwrap();
        assert!(known.contains(&column.as_str()) || plain.contains(&short), "{column} is not searched");
    }
    assert_eq!(CHECKS.len(), 19);
}

/// The service desk's own address stands in every email, and an empty word everywhere.
#[tokio::test]
async fn what_would_empty_the_desk_is_not_erased() {
    let site = Site::new(Database::Sqlite).await;
    site.then(&Mail::from(ANA)).await;
    let config = site.config();
    for (address, words) in
        [(SUPPORT, "an address of the service desk itself"), ("", "not a valid mail address"), (MARIE, "an agent")]
    {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_guichet"));
        let output = command.arg("--config").arg(&config).args(["erase", "--yes", address]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(said.contains(words), "{said}");
    }
    assert!(everything(&site).await.contains("imprimante"));
}

/// A page so bad that the weekly check itself ends at it: the operator hears of it all the same.
#[tokio::test]
async fn a_damaged_file_is_told_of_by_the_weekly_check() {
    let site = Site::new(Database::Sqlite).await;
    for n in 0..40 {
        site.put(&Mail::from(&format!("p{n}@college.example")).text(&"un mot ".repeat(2_000)));
    }
    site.round().await;
    upkeep::drain(&site.app).await.unwrap();
    let mut raw = site.raw().await;
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    let root: i64 =
        raw.fetch_one("SELECT rootpage FROM sqlite_master WHERE name = 'inbox_raw'").await.unwrap().try_get(0).unwrap();
    drop(raw);
    let file = site.folder.path().join("guichet.db");
    let open = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    let at = u64::try_from(root - 1).unwrap() * 4096;
    std::os::unix::fs::FileExt::write_all_at(&open, &[0xa5; 512], at).unwrap();
    site.clock.advance(9 * DAY);
    let _ = upkeep::drain(&site.app).await;
    let said = site.store().meta(upkeep::BROKEN).await.unwrap().unwrap_or_default();
    assert!(!said.is_empty(), "the weekly check says nothing");
}
