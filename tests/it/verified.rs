//! `verify` on stores damaged on purpose: it names each damage, and nothing where there is none.

use guichet::work::verify::{self, Findings, Wish};
use sqlx::Executor;

use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::{Database, Site};

const WISH: Wish<'static> = Wish { since: "", mailboxes: true, archives: true };

async fn find(site: &Site, wish: Wish<'_>) -> Findings {
    verify::run(site.store(), &site.app.settings.load(), wish, |_, _| {}).await.unwrap()
}

/// How much is wrong with a store and its mailboxes.
pub async fn problems(site: &Site) -> usize {
    let found = find(site, WISH).await;
    assert_eq!(words(&found), "");
    found.problems()
}

async fn busy(database: Database) -> Site {
    let site = Site::new(database).await;
    site.receive(&Mail::from(ANA).attach("plan.png", b"a picture")).await;
    site.receive(&Mail::from("bob@college.example").subject("Plus de réseau")).await;
    let answer = Mail::reply(&site.sink.with_words(MARIE, "CG42N1-000001").mail, MARIE, "#resolve\nLe câble.");
    site.then(&answer).await;
    site
}

fn words(found: &Findings) -> String {
    found.checks.iter().flat_map(|(_, wrong)| wrong.clone()).collect::<Vec<_>>().join(" | ")
}

/// Damage, and words that must name it.
const DAMAGES: [(&str, &str); 45] = [
    ("UPDATE inbox SET verdict = '' WHERE id = 1", "mail 1 is done with the verdict \"\""),
    ("UPDATE inbox SET state = 'new' WHERE id = 1", "mail 1 is new with the verdict"),
    ("UPDATE inbox SET reason = '' WHERE id = 2", "without a reason"),
    ("UPDATE inbox SET ticket_id = 99 WHERE id = 1", "its ticket is not there"),
    ("DELETE FROM inbox_raw WHERE inbox_id = 1", "the bytes of mail 1 are gone"),
    ("UPDATE inbox_raw SET bytes = CAST('other' AS BLOB) WHERE inbox_id = 1", "not those that were received"),
    ("DELETE FROM message WHERE inbox_id = 1", "is not a message of it"),
    ("DELETE FROM event WHERE kind = 'opened' AND ticket_id = 1", "does not say how it was opened"),
    ("DELETE FROM state_history WHERE ticket_id = 2", "has no state history"),
    ("DELETE FROM participant WHERE ticket_id = 1", "does not count its requester"),
    ("UPDATE ticket SET status = 'lost' WHERE id = 1", "its times say otherwise"),
    ("UPDATE ticket SET merged_into = 77 WHERE id = 1", "leads to a ticket that is not there"),
    ("UPDATE ticket SET number = 'CG42N1-000009' WHERE id = 2", "CG42N1 has no ticket 2"),
    ("UPDATE counter SET last = 5 WHERE prefix = 'CG42N1'", "CG42N1 has no ticket 3"),
    ("UPDATE counter SET last = 1 WHERE prefix = 'CG42N1'", "the counter of CG42N1 stands at 1"),
    ("UPDATE message SET text = 'never said' WHERE id = 1", "message 1 was changed past the program"),
    ("UPDATE message SET new_text = 'never said' WHERE id = 1", "message 1 was changed past the program"),
    ("UPDATE message SET visibility = 'internal' WHERE id = 1", "message 1 was changed past the program"),
    ("UPDATE message SET digest = '' WHERE id = 1", "message 1 was changed past the program"),
    ("UPDATE message SET sender = 'eve@elsewhere.example' WHERE id = 1", "message 1 was changed past the program"),
    ("UPDATE message SET sender_name = 'Eve' WHERE id = 1", "message 1 was changed past the program"),
    ("UPDATE ticket SET queue = 'other' WHERE id = 1", "ticket 1 was changed past the program"),
    ("UPDATE ticket SET vendor = 'eve@elsewhere.example' WHERE id = 2", "ticket 2 was changed past the program"),
    ("UPDATE message SET attachments = '[]' WHERE id = 1", "message 1 was changed past the program"),
    ("UPDATE ticket SET title = 'Autre chose' WHERE id = 2", "ticket 2 was changed past the program"),
    ("UPDATE ticket SET assignee = 'eve@elsewhere.example' WHERE id = 1", "ticket 1 was changed past the program"),
    ("UPDATE ticket SET priority = 'P0' WHERE id = 1", "ticket 1 was changed past the program"),
    ("UPDATE ticket SET solution = 'Rien.' WHERE id = 1", "ticket 1 was changed past the program"),
    ("UPDATE ticket SET resolve_due = resolve_due + 3600000 WHERE id = 2", "ticket 2 was changed past the program"),
    (
        "UPDATE participant SET address = 'eve@elsewhere.example' WHERE ticket_id = 2",
        "ticket 2 was changed past the program",
    ),
    (
        "INSERT INTO participant (ticket_id, address, role) VALUES (1, 'eve@elsewhere.example', 'cc')",
        "ticket 1 was changed past the program",
    ),
    (
        "UPDATE ticket SET requester = 'eve@elsewhere.example' WHERE id = 2; \
         UPDATE participant SET address = 'eve@elsewhere.example' WHERE ticket_id = 2",
        "ticket 2 was changed past the program",
    ),
    (
        "UPDATE inbox SET sender = 'eve@elsewhere.example' WHERE id = 2",
        "the verdict on mail 2 was changed past the program",
    ),
    ("UPDATE inbox SET reason = 'because' WHERE id = 2", "the verdict on mail 2 was changed past the program"),
    ("UPDATE ticket SET status = 'open' WHERE id = 2", "ticket 2 was changed past the program"),
    ("UPDATE inbox SET verdict = 'refused' WHERE id = 2", "the verdict on mail 2 was changed past the program"),
    (
        "UPDATE meta SET value = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff' WHERE name = 'secret'",
        "the key of this store is not the one",
    ),
    ("DELETE FROM chain_entry WHERE kind = 'key'", "does not name the key"),
    ("DELETE FROM outbox_raw WHERE outbox_id = 1", "the bytes of notification 1 are gone"),
    ("UPDATE outbox SET sent_at = 0 WHERE id = 1", "notification 1 is sent"),
    ("UPDATE event SET text = 'nothing happened' WHERE id = 1", "what chain entry 3 covers was changed"),
    ("UPDATE outbox SET recipient = 'eve@elsewhere.example' WHERE id = 1", "what chain entry 3 covers was changed"),
    ("DELETE FROM chain_entry WHERE id = 4", "chain entries between 3 and 5 are missing"),
    ("UPDATE chain_entry SET at = at + 1 WHERE id = 3", "chain entry 3 of decided does not follow"),
    (
        "INSERT INTO event (ticket_id, created_at, actor, kind, text) VALUES (1, 5, 'eve', 'note', 'planted')",
        "was added past the chain",
    ),
];

#[tokio::test]
async fn every_damage_is_named_and_a_sound_store_is_sound() {
    for (damage, expected) in DAMAGES {
        let site = busy(Database::Sqlite).await;
        assert_eq!(words(&find(&site, WISH).await), "", "a sound store");
        let mut raw = site.raw().await;
        raw.execute("PRAGMA foreign_keys = OFF").await.unwrap();
        raw.execute(damage).await.unwrap();
        let said = words(&find(&site, WISH).await);
        assert!(said.contains(expected), "{damage}: {said}");
    }
}

#[tokio::test]
async fn a_sound_store_is_sound_on_postgres_and_damage_is_named() {
    let site = busy(Database::Postgres).await;
    assert_eq!(words(&find(&site, WISH).await), "");
    let mut raw = site.raw().await;
    raw.execute("UPDATE event SET text = 'nothing happened' WHERE id = 1").await.unwrap();
    raw.execute("UPDATE counter SET last = 5 WHERE prefix = 'CG42N1'").await.unwrap();
    let said = words(&find(&site, WISH).await);
    assert!(said.contains("covers was changed") && said.contains("CG42N1 has no ticket 3"), "{said}");
}

/// Whoever computes the whole chain anew changes its end, which was noted elsewhere.
#[tokio::test]
async fn an_end_noted_earlier_is_still_part_of_the_chain_or_it_was_cut() {
    let site = busy(Database::Sqlite).await;
    let before = find(&site, WISH).await.head;
    site.then(&Mail::from(ANA).subject("Encore")).await;
    let after = find(&site, Wish { since: &before, ..WISH }).await;
    assert_ne!(before, after.head);
    assert_eq!(after.problems(), 0);
    let forged = find(&site, Wish { since: "0000", ..WISH }).await;
    assert!(words(&forged).contains("was never an end of this chain"), "{}", words(&forged));
    // The last links cut off, and the counter with them.
    let mut raw = site.raw().await;
    raw.execute("DELETE FROM chain_entry WHERE id > 2").await.unwrap();
    raw.execute("UPDATE counter SET last = 2 WHERE prefix = '#chain_entry'").await.unwrap();
    let cut = find(&site, Wish { since: &after.head, ..WISH }).await;
    assert!(words(&cut).contains("was never an end of this chain"), "{}", words(&cut));
    assert!(words(&cut).contains("there is no chain entry 3"), "{}", words(&cut));
}

/// An email that was moved to the archive by hand, without ever having been read.
#[tokio::test]
async fn mail_that_was_passed_over_is_found_in_the_mailbox() {
    let site = busy(Database::Sqlite).await;
    let archive = site.folder.path().join("mail/.Done/cur");
    std::fs::write(archive.join("77.x:2,S"), Mail::from("zoe@college.example").bytes()).unwrap();
    let said = words(&find(&site, WISH).await);
    assert!(said.contains("1 emails of the archive folder"), "{said}");
    assert_eq!(words(&find(&site, Wish { archives: false, ..WISH }).await), "", "without the archives nobody looks");
    std::fs::write(site.folder.path().join("mail/cur/78.x:2,S"), Mail::from("yan@college.example").bytes()).unwrap();
    assert!(words(&find(&site, Wish { archives: false, ..WISH }).await).contains("1 emails of the folder"));
}

/// An email too large to be taken in lies marked in its folder, and the inbox knows it by its beginning.
#[tokio::test]
async fn a_mail_too_large_is_not_passed_over() {
    let site = Site::with(Database::Sqlite, "[limits]\nemail_bytes = 100000\n").await;
    site.put(&Mail::from(ANA).text(&"un mot ".repeat(30_000)));
    site.round().await;
    assert_eq!(site.store().held().await.unwrap().len(), 1);
    assert_eq!(words(&find(&site, WISH).await), "");
}

/// A file that is really broken is said to be so, with the cure, and is not a bug of ours.
#[tokio::test]
async fn a_damaged_file_is_told_from_a_bug() {
    let site = busy(Database::Sqlite).await;
    site.app.close().await;
    let file = site.folder.path().join("guichet.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let pages = bytes.len() / 4096;
    // All but the first pages, which say what there is.
    for page in (pages / 3)..pages {
        bytes[page * 4096..page * 4096 + 512].fill(0xa5);
    }
    std::fs::write(&file, bytes).unwrap();
    let config = site.config();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_guichet"));
    let output = command.arg("--config").arg(&config).args(["verify", "--offline"]).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert!(said.contains("restore") || said.contains("WRONG"), "{said}");
}

/// The same on IMAP: an email behind the place reached that is not in the inbox.
#[tokio::test]
async fn mail_behind_the_place_reached_is_found_on_imap() {
    let user = crate::support::dovecot::User::new();
    let site = Site::with(Database::Sqlite, &user.section("")).await;
    user.append(&Mail::from(ANA).bytes());
    site.round().await;
    user.append(&Mail::from("bob@college.example").bytes());
    site.round().await;
    assert_eq!(words(&find(&site, WISH).await), "");
    let mut raw = site.raw().await;
    raw.execute("UPDATE inbox SET uid = 0, content_hash = 'gone' WHERE id = 2").await.unwrap();
    let said = words(&find(&site, WISH).await);
    assert!(said.contains("1 emails of the folder lie behind the place reached"), "{said}");
}
