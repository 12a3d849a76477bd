//! What is erased stays erased, what is private is private, and no server's words act on a log.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use guichet::clock::HOUR;
use guichet::store::Store;
use guichet::ticket::{ForeignResults, Probe};
use guichet::work::verify::{self, Wish};
use guichet::work::{backup, erase, erased};
use sqlx::Row;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::site::START;
use crate::support::{Database, Site};

const WISH: Wish<'static> = Wish { since: "", mailboxes: false, archives: false };

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// What a command changed is not taken back where that brings somebody back; their name goes in every spelling, and an agent's of the
/// same family stays.
async fn no_undo_brings_them_back(database: Database) {
    let site = Site::new(database).await;
    site.receive(&Mail::from("Zoé Lefèvre <zoe@college.example>").subject("Accès de Zoé Lefèvre")).await;
    site.then(&Mail::from(ANA).subject("Une autre")).await;
    let answer = Mail::reply(
        &site.sink.with_words(MARIE, "CG42N1-000002").mail,
        MARIE,
        "#link CG42N1-000001\n\nVu avec Zoe Lefevre, compte-lefevre, MME LEFÈVRE.",
    );
    site.then(&answer).await;
    erase::run(site.store(), None, "zoe@college.example", "operator", site.clock.now(), |_, _| {}).await.unwrap();
    site.then(&Mail::reply(&site.sink.with_words(MARIE, "CG42N1-000002").mail, MARIE, "#undo")).await;
    for name in ["zoé lefèvre", "lefèvre"] {
        let mut raw = site.raw().await;
        let rows = sqlx::query("SELECT title, requester_name, undo FROM ticket WHERE id = 1")
            .fetch_all(&mut raw)
            .await
            .unwrap();
        for column in 0..3 {
            let text: String = rows[0].get(column);
            assert!(!text.to_lowercase().contains(name), "{text}");
        }
    }
}

#[tokio::test]
async fn no_undo_brings_an_erased_person_back_on_sqlite() {
    no_undo_brings_them_back(Database::Sqlite).await;
}

#[tokio::test]
async fn no_undo_brings_an_erased_person_back_on_postgres() {
    no_undo_brings_them_back(Database::Postgres).await;
}

/// A copy brings the person back; the restore takes her out again, and says so in the chain.
async fn erased_again(database: Database) {
    let copies = tempfile::tempdir().unwrap();
    let site =
        Site::with(database, &format!("[backup]\nfolder = \"{}\"\ncron = \"30 2 * * *\"\n", copies.path().display()))
            .await;
    site.receive(&Mail::from("Ana Martin <ana@college.example>").attach("plan.png", b"a picture")).await;
    site.then(&Mail::from("bob@college.example").subject("Une autre").text("Rien à voir avec elle.")).await;
    let answer =
        Mail::reply(&site.sink.with_words(MARIE, "CG42N1-000001").mail, MARIE, "#tag martin\n\nMme MARTIN a rappelé.");
    site.then(&answer).await;
    let settings = site.app.settings.load_full();
    let file = copies.path().join("by-hand");
    backup::make(site.store(), &site.url, &file).await.unwrap();
    let list = erased::place(&settings).unwrap();
    assert!(!list.exists());
    let done = erase::run(site.store(), Some(&list), ANA, "operator", site.clock.now(), |_, _| {}).await.unwrap();
    assert_eq!(done.left, []);
    assert!(
        site.store().search("martin").await.unwrap().iter().all(|(_, count)| *count == 0),
        "her name alone goes too"
    );
    let noted = std::fs::read_to_string(&list).unwrap();
    assert!(!noted.contains("ana") && !noted.contains("college"), "{noted}");
    assert_eq!(mode(&list), 0o600);
    site.app.close().await;
    let Site { folder, app, url, .. } = site;
    drop(app);
    let done = backup::restore(&settings, &file, false, START + HOUR).await.unwrap();
    assert_eq!((done.erased, done.unerased), (1, Vec::new()));
    if let Some(file) = guichet::store::sqlite_file(&url) {
        let bytes = std::fs::read(file).unwrap();
        let count = bytes.windows(ANA.len()).filter(|part| *part == ANA.as_bytes()).count();
        assert_eq!(count, 0, "nor in the file's free pages");
    }
    let store = Store::open(&url).await.unwrap();
    assert!(store.search(ANA).await.unwrap().iter().all(|(_, count)| *count == 0), "she did not come back");
    let audit_entries = store.audit_entries(10).await.unwrap();
    assert!(
        audit_entries.iter().any(|entry| entry.kind == "restored" && entry.text.contains("1 people erased again")),
        "{audit_entries:?}"
    );
    assert!(audit_entries.iter().any(|entry| entry.kind == "erased"), "{audit_entries:?}");
    assert_eq!(verify::run(&store, &settings, WISH, |_, _| {}).await.unwrap().problems(), 0);
    assert!(store.search("bob@college.example").await.unwrap().iter().any(|(_, count)| *count > 0), "others stay");
    store.close().await;
    drop(folder);
}

#[tokio::test]
async fn a_restore_repeats_the_erasure_on_sqlite() {
    erased_again(Database::Sqlite).await;
}

#[tokio::test]
async fn a_restore_repeats_the_erasure_on_postgres() {
    erased_again(Database::Postgres).await;
}

/// An address in the name of a file, in entities, in an enclosed email: all of it is found.
async fn hidden(database: Database) {
    let site = Site::with(database, "").await;
    site.receive(&Mail::from(ANA)).await;
    let bare = |more: &str, body: &str, n: u32| {
        format!(
            "From: Bob <bob{n}@college.example>\r\nTo: support@desk.example\r\nSubject: Rapport {n}\r\nMessage-ID: <h{n}@college.example>\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\nMIME-Version: 1.0\r\n{more}\r\n\r\n{body}"
        )
    };
    let named = "Content-Type: multipart/mixed; boundary=b";
    for (n, (head, body)) in [
        (named, "--b\r\nContent-Type: text/plain\r\n\r\nCi-joint le premier.\r\n--b\r\nContent-Type: image/png; name=\"ana@college.example.png\"\r\nContent-Disposition: attachment; filename=\"ana@college.example.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n"),
        (named, "--b\r\nContent-Type: text/plain\r\n\r\nCi-joint le suivant.\r\n--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename*=utf-8''ana%40college.example.png\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n"),
        ("Content-Type: text/html; charset=utf-8", "<p>Voyez avec ana&#64;college&period;example pour la salle.</p>\r\n"),
        ("Content-Type: text/html; charset=utf-8", "<p>Voyez avec an&#x61;@c&#111;llege.example pour la cour.</p>\r\n"),
        ("Content-Type: text/plain; name=\"=?utf-8?B?YW5hQGNvbGxlZ2UuZXhhbXBsZQ==?=\"", "Un texte avec un nom.\r\n"),
    ].into_iter().enumerate() {
        site.put_bytes(bare(head, body, u32::try_from(n).unwrap()).as_bytes());
    }
    site.round().await;
    let done = erase::run(site.store(), None, ANA, "operator", site.clock.now(), |_, _| {}).await.unwrap();
    assert_eq!(done.left, []);
    assert!(done.emails >= 6, "all six emails name her: {done:?}");
    let mut after = guichet::ticket::InboxId::default();
    while let Some((last, _)) = site.store().emails_after(after).await.unwrap().last() {
        for (id, bytes) in site.store().emails_after(after).await.unwrap() {
            assert!(!guichet::mail::every_word(&bytes).to_lowercase().contains(ANA), "mail {id}");
        }
        after = *last;
    }
    let settings = site.app.settings.load_full();
    assert_eq!(verify::run(site.store(), &settings, WISH, |_, _| {}).await.unwrap().problems(), 0);
}

#[tokio::test]
async fn names_of_files_and_entities_are_searched_too_on_sqlite() {
    hidden(Database::Sqlite).await;
}

#[tokio::test]
async fn names_of_files_and_entities_are_searched_too_on_postgres() {
    hidden(Database::Postgres).await;
}

/// Whatever lies beside the database is its owner's alone, even where the system would let everybody read.
#[tokio::test]
async fn files_of_the_store_are_their_owners() {
    let site = Site::with(Database::Sqlite, "").await;
    site.receive(&Mail::from(ANA)).await;
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(site.folder.path()).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("guichet.db") {
            assert_eq!(mode(&path) & 0o077, 0, "{name} has mode {:o}", mode(&path));
            seen.push(name);
        }
    }
    for needed in ["guichet.db", "guichet.db.lock", "guichet.db.sent"] {
        assert!(seen.iter().any(|name| name == needed), "{needed} of {seen:?}");
    }
}

/// A database without its secret is not one to go on with: all it signed would be worth nothing.
#[tokio::test]
async fn a_store_without_its_secret_is_not_opened_with_another() {
    for damage in ["DELETE FROM meta WHERE name = 'secret'", "UPDATE meta SET value = 'x' WHERE name = 'secret'"] {
        let site = Site::with(Database::Sqlite, "").await;
        site.receive(&Mail::from(ANA)).await;
        sqlx::Executor::execute(&mut site.raw().await, damage).await.unwrap();
        site.app.close().await;
        let Err(error) = Store::open(&site.url).await else { panic!("{damage}") };
        assert!(error.to_string().contains("secret"), "{error}");
    }
}

/// The probe of `check` finds out what the server did with a field in its own name.
#[tokio::test]
async fn a_probe_shows_what_becomes_of_foreign_results() {
    let site = Site::with(Database::Sqlite, "[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n").await;
    let word = site.app.secret.probe(&Probe::of_results("main"));
    let ours = format!("Authentication-Results: mx.desk.example; dmarc=pass header.from={}", ForeignResults::DOMAIN);
    let own = "Authentication-Results: mx.desk.example; dmarc=none header.from=desk.example";
    let both = format!("{own}\r\n{ours}");
    for (fields, found) in
        [("X-None: 1", "removed"), (both.as_str(), "below"), (ours.as_str(), "believed"), (own, "removed")]
    {
        let probe = format!(
            "{fields}\r\nFrom: support@desk.example\r\nTo: support@desk.example\r\nSubject: guichet: does it? {word}\r\nMessage-ID: <{}@x>\r\nAuto-Submitted: auto-generated\r\n\r\nx\r\n",
            fields.len()
        );
        site.put_bytes(probe.as_bytes());
        site.round().await;
        assert_eq!(site.store().meta(&Probe::results_fact("main")).await.unwrap().as_deref(), Some(found), "{fields}");
    }
    assert!(site.tickets().await.is_empty() && site.sink.notifications().is_empty());
}

/// Whoever only holds connections open keeps nobody from the page.
#[tokio::test]
async fn idle_connections_give_their_place_back() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let answers: guichet::edge::page::Answers = std::sync::Arc::new(|_| {
        Box::pin(async { guichet::edge::page::Answer { good: true, kind: "text/plain", text: "alive".to_owned() } })
    });
    let served = tokio::spawn(guichet::edge::page::serve(listener, answers, stop.clone()));
    let mut idle = Vec::new();
    for n in 0..32 {
        let mut stream = tokio::net::TcpStream::connect(place).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n").await.unwrap();
        }
        idle.push(stream);
    }
    let begun = Instant::now();
    let mut stream = tokio::net::TcpStream::connect(place).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok() && String::from_utf8_lossy(&answer).contains("alive"), "{:?}", begun.elapsed());
    stop.cancel();
    drop(idle);
    let _ = served.await;
    let _ = MARIE;
}
