//! Emails nobody should send: each ends with a verdict, and the email behind it is handled.

use crate::support::mail::{ANA, Mail};
use crate::support::{Database, Site};

/// The verdict on one email (`opened`, or `held: why`), and that the email behind it is acknowledged.
async fn verdict_on(site: &Site, raw: &[u8], behind: &str) -> String {
    let known = site.store().held().await.unwrap().len();
    let tickets = site.tickets().await.len();
    site.put_bytes(raw);
    // Each in other words: many who say the same are held.
    site.put(&Mail::from(behind).in_words(tickets));
    let tally = site.round().await;
    assert_eq!(tally.decided, 2);
    assert_eq!(site.sink.to(behind).len(), 1, "the email behind it");
    let held = site.store().held().await.unwrap();
    match held.get(known) {
        Some(mail) => format!("held: {}", mail.reason),
        None => {
            let opened = site.tickets().await.len() - tickets;
            if opened == 2 { "opened" } else { "ignored" }.to_owned()
        }
    }
}

fn nested(levels: usize) -> Vec<u8> {
    let mut raw = format!("From: {ANA}\r\nSubject: deep\r\n");
    for level in 0..levels {
        raw += &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
    }
    (raw + "Content-Type: text/plain\r\n\r\nbottom\r\n").into_bytes()
}

fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let plain = |head: &str, body: &[u8]| {
        let mut raw = head.replace('\n', "\r\n").into_bytes();
        raw.extend_from_slice(b"\r\n");
        raw.extend_from_slice(body);
        raw
    };
    vec![
        ("zero bytes", Vec::new(), "held: the email is empty"),
        ("white space", b" \r\n\r\n".to_vec(), "held: the email is empty"),
        (
            "10,000 headers",
            plain(&("X-A: b\n".repeat(10_000) + "From: a@b.example\n"), b"x"),
            "held: the email has more than limits.header_lines",
        ),
        ("MIME 200 deep", nested(200), "held: the email is nested deeper"),
        (
            "messages 3,000 deep",
            "Content-Type: message/rfc822\r\n\r\n".repeat(3_000).into_bytes(),
            "held: the email is nested deeper",
        ),
        (
            "broken base64",
            plain(
                "From: c1@x.example\nMIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n",
                b"Qm9u*&^%am91cg===\xff\r\n",
            ),
            "opened",
        ),
        ("NUL bytes", plain("From: c2@x.example\nSubject: a\0b\n", b"be\0fore\0\0after\r\n"), "opened"),
        ("no From", plain("Subject: x\n", b"x"), "held: it has no usable sender address"),
        ("an empty From", plain("From: <>\nSubject: x\n", b"x"), "held: it has no usable sender address"),
        ("quotes that are not needed", plain("From: \"c3b\"@x.example\nSubject: x\n", b"x"), "opened"),
        ("a newline in From", plain("From: \"Eve\n Bcc: all@x.example\" <c3@x.example>\n", b"x"), "opened"),
        (
            "an encoded newline in From",
            plain(
                "From: =?utf-8?Q?Eve=0D=0ABcc:_all@x.example?= <c4@x.example>\nSubject: =?utf-8?Q?a=0D=0AX-Evil:_1?=\n",
                b"x",
            ),
            "opened",
        ),
        ("no colon anywhere", b"these are no headers at all".to_vec(), "held: "),
        ("8-bit rubbish", (0..=255u8).cycle().take(5_000).collect(), "held: "),
        (
            "an unknown charset",
            plain(
                "From: c5@x.example\nMIME-Version: 1.0\nContent-Type: text/plain; charset=x-unknown\n",
                b"\xe9t\xe9\r\n",
            ),
            "opened",
        ),
        (
            "a boundary that never comes",
            plain(
                "From: c6@x.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=never\n",
                b"text\r\n",
            ),
            "opened",
        ),
        (
            "40,000 nested divs",
            plain(
                "From: c7@x.example\nMIME-Version: 1.0\nContent-Type: text/html\n",
                "<div>".repeat(40_000).as_bytes(),
            ),
            "opened",
        ),
        ("one line of 2 MB", plain("From: c8@x.example\n", &vec![b'a'; 2_000_000]), "opened"),
        (
            "5,000 References",
            plain(&format!("From: c9@x.example\nReferences: {}\n", "<a@b>\n ".repeat(1_900)), b"x"),
            "opened",
        ),
        (
            "5,000 recipients",
            plain(&format!("From: c10@x.example\nCc: {}d@x.example\n", "d@x.example, ".repeat(5_000)), b"x"),
            "opened",
        ),
    ]
}

async fn each_ends_with_a_verdict(database: Database) {
    let site = Site::new(database).await;
    for (at, (name, raw, expected)) in cases().into_iter().enumerate() {
        let verdict = verdict_on(&site, &raw, &format!("behind{at}@college.example")).await;
        assert!(verdict.starts_with(expected), "{name}: {verdict}");
    }
    for notification in site.sink.notifications() {
        assert!(
            notification.header("Bcc").is_empty() && notification.header("X-Evil").is_empty(),
            "{}",
            notification.raw
        );
    }
}

#[tokio::test]
async fn each_ends_with_a_verdict_sqlite() {
    each_ends_with_a_verdict(Database::Sqlite).await;
}

#[tokio::test]
async fn each_ends_with_a_verdict_postgres() {
    each_ends_with_a_verdict(Database::Postgres).await;
}

#[tokio::test]
async fn a_mail_of_100_megabytes_is_held_and_stays_where_it_is() {
    let site = Site::new(Database::Sqlite).await;
    let mut raw = b"From: big@x.example\r\nSubject: big\r\n\r\n".to_vec();
    raw.resize(100 * 1024 * 1024, b'a');
    let verdict = {
        site.put_bytes(&raw);
        site.put(&Mail::from(ANA));
        site.round().await;
        site.store().held().await.unwrap().remove(0).reason
    };
    assert!(verdict.contains("limits.email_bytes = 33554432"), "{verdict}");
    assert_eq!(site.sink.to(ANA).len(), 1);
    let left = std::fs::read_dir(site.folder.path().join("mail/cur")).unwrap().count();
    assert_eq!(left, 1, "its file is not thrown away");
    assert_eq!(site.round().await.fetched, 0);
}

#[tokio::test]
async fn a_mail_that_ends_the_program_is_found_and_held() {
    let site = Site::new(Database::Sqlite).await;
    for n in 0..3 {
        site.put(&Mail::from(&format!("p{n}@college.example")));
    }
    // As if ten lives had ended while the second mail was read.
    let settings = site.app.settings.load_full();
    let guichet::settings::MailboxKind::Maildir { root, archive } = &settings.mailboxes["main"].kind else { panic!() };
    guichet::work::collect_maildir::drain(&site.app, "main", root, archive).await.unwrap();
    for _ in 0..10 {
        let mut tx = site.store().begin(guichet::store::Durability::Full).await.unwrap();
        tx.count_attempt(guichet::ticket::InboxId(2)).await.unwrap();
        tx.commit().await.unwrap();
    }
    // Opened once and never closed: the next life begins with suspicion.
    let folder = site.folder.path().to_owned();
    let Site { app, clock, folder: _keep, sink, .. } = site;
    drop(app);
    let app = crate::support::site::open(&folder, &clock).await;
    guichet::work::once::run(&app).await.unwrap();
    let held = app.store.held().await.unwrap();
    assert_eq!(held.len(), 1);
    assert!(held[0].reason.contains("10 attempts"), "{}", held[0].reason);
    assert_eq!(sink.to("p0@college.example").len() + sink.to("p2@college.example").len(), 2);
}
