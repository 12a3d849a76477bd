//! Emails that a server names and does not give out: never given up, and never in the way of others.

use crate::support::Said;
use guichet::clock::{DAY, MINUTE};
use guichet::store::Store;
use guichet::ticket::InboxId;
use guichet::trouble::Trouble;
use guichet::work::verify::{self, Wish};
use guichet::work::{once, tend};

use crate::support::bad_imap::{BadImap, Fault, Folder};
use crate::support::mail::{MARIE, Mail};
use crate::support::{Database, Site};

const FROM: [&str; 4] = ["a@college.example", "b@college.example", "c@college.example", "d@college.example"];

/// Four emails, some with a fault, and a service desk that watches their mailbox.
async fn app(faults: &[(usize, Fault)], archive: &str) -> (BadImap, Site) {
    let email = |n: usize| {
        let fault = faults.iter().find(|(at, _)| *at == n).map(|(_, fault)| fault.clone());
        (Mail::from(FROM[n]).id(&format!("mail{n}@client.example")).bytes(), fault)
    };
    let server = BadImap::start((0..4).map(email).collect());
    let site = Site::new(Database::Sqlite).await;
    watch(&site, &server, archive, "");
    (server, site)
}

fn watch(site: &Site, server: &BadImap, archive: &str, more: &str) {
    site.edit(&format!(
        "[mailboxes.second]\nkind = \"imap\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nusername = \"u\"\npassword = \"p\"\n\
         archive = \"{archive}\"\ntimeout = \"3s\"\n{more}\n[queues.other]\nmailbox = \"second\"\naddress = \"other@desk.example\"\nprefix = \"OTHER\"\n\
         [agents.marie]\nroles = [\"administrator\"]\n",
        server.port
    ));
}

/// One session, whatever comes of it.
async fn session(site: &Site) -> Result<usize, Trouble> {
    site.clock.advance(MINUTE);
    once::run(&site.app).await.map(|tally| tally.fetched)
}

async fn senders(site: &Site) -> Vec<String> {
    let mut all: Vec<String> = site.tickets().await.into_iter().map(|t| t.requester).collect();
    all.sort();
    all
}

async fn held(site: &Site) -> Vec<(InboxId, String)> {
    site.store().held().await.unwrap().into_iter().map(|mail| (mail.id, mail.reason)).collect()
}

async fn problems(site: &Site) -> Vec<String> {
    let wish = Wish { since: "", mailboxes: true, archives: false };
    let found = verify::run(site.store(), &site.app.settings.load(), wish, |_, _| {}).await.unwrap();
    found.checks.into_iter().flat_map(|(_, wrong)| wrong).collect()
}

async fn release(store: &Store, id: InboxId) {
    let mut tx = store.begin(guichet::store::Durability::Full).await.unwrap();
    assert!(tx.want_fetched(id).await.unwrap());
    tx.commit().await.unwrap();
}

/// Every fault of one email: the three beside it are read, at the latest in the fourth session; it is set aside after
/// several sessions, reported, notified, and comes when the server is well again.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_one_email_the_others_are_read_and_it_is_never_given_up() {
    let faults = [
        Fault::No("[SERVERBUG] this one is broken"),
        Fault::SizeNo,
        Fault::Nil,
        Fault::WrongUid,
        Fault::LeftOut,
        Fault::HangUp,
        Fault::Garbage,
        Fault::Half,
        Fault::Bytes(100),
        Fault::Bytes(120_000_000),
    ];
    for fault in faults {
        let (server, site) = app(&[(1, fault.clone())], "Done").await;
        for count in 1..=2 {
            let _ = session(&site).await;
            assert!(held(&site).await.is_empty(), "{fault:?}: one refusal is not a verdict ({count})");
        }
        for _ in 0..6 {
            let _ = session(&site).await;
        }
        assert_eq!(senders(&site).await, [FROM[0], FROM[2], FROM[3]], "{fault:?}");
        let aside = held(&site).await;
        assert_eq!(aside.len(), 1, "{fault:?}: {aside:?}");
        assert!(aside[0].1.contains("UID 2") && aside[0].1.len() < 400, "{fault:?}: {}", aside[0].1);
        let wrong = problems(&site).await;
        assert!(wrong.len() == 1 && wrong[0].contains("UID 2"), "{fault:?}: {wrong:?}");
        tend(&site.app).await.unwrap();
        let _ = session(&site).await;
        let notice = site.sink.with_words(MARIE, "(UID 2)");
        assert!(notice.mail.text.contains("ne remet pas"), "{fault:?}: {}", notice.mail.text);
        let archived = server.set(|s| s.archived.clone());
        assert_eq!(archived, [1, 3, 4], "{fault:?}: what was not read is not moved");

        server.fault(2, None);
        release(site.store(), aside[0].0).await;
        session(&site).await.unwrap();
        assert_eq!(senders(&site).await, [FROM[0], FROM[1], FROM[2], FROM[3]], "{fault:?}");
        assert!(held(&site).await.is_empty() && problems(&site).await.is_empty(), "{fault:?}");
        assert_eq!(server.set(|s| s.archived.len()), 4, "{fault:?}");
        tend(&site.app).await.unwrap();
        let _ = session(&site).await;
        site.sink.with_words(MARIE, "Rétabli");
    }
}

/// The same without anybody's word: it is asked for again all the time.
#[tokio::test(flavor = "multi_thread")]
async fn an_email_that_was_set_aside_comes_without_a_persons_word() {
    let (server, site) = app(&[(0, Fault::Nil)], "").await;
    for _ in 0..4 {
        let _ = session(&site).await;
    }
    assert_eq!((held(&site).await.len(), senders(&site).await.len()), (1, 3));
    server.fault(1, None);
    site.clock.advance(DAY);
    session(&site).await.unwrap();
    assert_eq!((held(&site).await.len(), senders(&site).await.len()), (0, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_that_somebody_removes_meanwhile_is_forgotten() {
    let (server, site) = app(&[(2, Fault::No("no"))], "").await;
    for _ in 0..4 {
        let _ = session(&site).await;
    }
    let id = held(&site).await[0].0;
    server.set(|s| s.emails.remove(&3));
    let _ = session(&site).await;
    assert!(held(&site).await.is_empty() && problems(&site).await.is_empty());
    let row = site.store().mail(id).await.unwrap().unwrap();
    assert!(row.verdict.said() == "ignored" && row.reason.contains("not in its folder"), "{row:?}");
}

/// One command for the sizes of all, and one for many groups: a long way costs few round trips.
#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_takes_few_commands() {
    let (server, site) = app(&[], "").await;
    watch(&site, &server, "", "[limits]\nbatch_emails = 2\n");
    session(&site).await.unwrap();
    assert_eq!(senders(&site).await.len(), 4);
    let commands: Vec<String> = server.set(|s| s.commands.iter().map(|(_, c)| c.clone()).collect());
    let fetched: Vec<&str> = commands.iter().map(String::as_str).filter(|c| c.starts_with("UID FETCH")).collect();
    assert_eq!(fetched, ["UID FETCH 1:4 (UID RFC822.SIZE)", "UID FETCH 1:4 (UID BODY.PEEK[] INTERNALDATE)"]);
}

/// A session that ends in the middle of a group: the group is tried once more, then each email alone.
#[tokio::test(flavor = "multi_thread")]
async fn after_the_second_lost_session_each_email_is_asked_for_alone() {
    let (server, site) = app(&[(1, Fault::HangUp)], "").await;
    for _ in 0..5 {
        let _ = session(&site).await;
    }
    let bodies: Vec<(usize, String)> =
        server.set(|s| s.commands.iter().filter(|(_, c)| c.contains("BODY")).cloned().collect());
    let of = |session: usize| bodies.iter().filter(|(s, _)| *s == session).map(|(_, c)| c.as_str()).collect::<Vec<_>>();
    assert_eq!(of(1), ["UID FETCH 1:4 (UID BODY.PEEK[] INTERNALDATE)"]);
    assert_eq!(of(2), ["UID FETCH 1:4 (UID BODY.PEEK[] INTERNALDATE)"]);
    assert_eq!(of(3), ["UID FETCH 1 (UID BODY.PEEK[] INTERNALDATE)", "UID FETCH 2 (UID BODY.PEEK[] INTERNALDATE)"]);
    assert_eq!(of(4)[0], "UID FETCH 3:4 (UID BODY.PEEK[] INTERNALDATE)");
    assert_eq!(senders(&site).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_mailbox_is_left_alone_for_as_long_as_it_asks() {
    const WORDS: &str = "Request is throttled. Suggested Backoff Time: 90000 milliseconds";
    let (server, site) = app(&[(0, Fault::No(WORDS))], "").await;
    for _ in 0..6 {
        let Err(trouble) = session(&site).await else { panic!("throttled") };
        let mut patience = guichet::trouble::Patience::new(std::time::Duration::from_secs(600));
        assert_eq!(patience.after(&trouble, 0.0).as_secs(), 90);
    }
    assert!(held(&site).await.is_empty() && site.tickets().await.is_empty());
    assert!(site.store().all_unfetched(9).await.unwrap().is_empty(), "nothing was refused");
    assert_eq!(server.heard("UID FETCH 1 "), [0; 6], "no email was asked for alone");
    server.fault(1, None);
    session(&site).await.unwrap();
    assert_eq!(senders(&site).await.len(), 4);
}

/// In the daemon, the pause is real.
#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_keeps_the_pause_that_a_server_asks_for() {
    let (server, site) = app(&[(0, Fault::No("Throttled. Suggested Backoff Time: 2500 milliseconds"))], "").await;
    let crew = guichet::work::daemon::Crew::start(&site.app).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(server.set(|s| s.sessions), 1);
    server.fault(1, None);
    crate::support::eventually("the tickets", std::time::Duration::from_secs(10), async || {
        (site.tickets().await.len() == 4).then_some(())
    })
    .await;
    crew.stop().await;
}

/// The daemon asks again automatically, and reads what comes meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_goes_on_beside_an_email_it_cannot_have() {
    let (server, site) = app(&[(0, Fault::HangUp)], "").await;
    let crew = guichet::work::daemon::Crew::start(&site.app).await.unwrap();
    crate::support::eventually("three tickets", std::time::Duration::from_secs(20), async || {
        (site.tickets().await.len() == 3).then_some(())
    })
    .await;
    server.fault(1, None);
    crate::support::eventually("the fourth", std::time::Duration::from_secs(30), async || {
        site.clock.advance(1_000);
        (site.tickets().await.len() == 4).then_some(())
    })
    .await;
    crew.stop().await;
}

/// Exchange estimates sizes. Nobody else may be off by a byte, unless the configuration says so.
#[tokio::test(flavor = "multi_thread")]
async fn sizes_are_exact_unless_the_server_is_known_to_estimate() {
    for (greeting, more, read) in [
        ("ready", "", false),
        ("The Microsoft Exchange IMAP4 service is ready. [abc=]", "", true),
        ("ready", "sizes = \"estimated\"", true),
        ("The Microsoft Exchange IMAP4 service is ready. [abc=]", "sizes = \"exact\"", false),
    ] {
        for off in [-30, 30] {
            let (server, site) = app(&[], "").await;
            server.set(|s| (s.greeting, s.off) = (greeting, off));
            watch(&site, &server, "", more);
            let _ = session(&site).await;
            assert_eq!(site.tickets().await.len(), if read { 4 } else { 0 }, "{greeting} {more} {off}");
        }
    }
}

/// What cannot be parsed may be an email: no byte of it is logged or kept as a reason.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_read_shows_no_bytes() {
    let (_server, site) = app(&[(1, Fault::Garbage)], "").await;
    for _ in 0..5 {
        if let Err(trouble) = session(&site).await {
            let said = format!("{trouble} {trouble:?}");
            for word in ["imprimante", "Imprimante", "105, 109, 112", "college"] {
                assert!(!said.contains(word), "{said}");
            }
            assert!(said.contains("cannot be read") && said.contains("bytes)"), "{said}");
        }
    }
}

/// An archive folder that does not take emails: they are marked and answered, the operator is notified, the folder is asked
/// for once a session; once it is well, what was left is moved.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_folder_that_refuses_is_told_once_and_tried_once_a_session() {
    for folder in [Folder::NoSelect, Folder::Refuses, Folder::VanishesForGood] {
        let (server, site) = app(&[], "Done").await;
        server.set(|s| s.folder = folder);
        session(&site).await.unwrap();
        assert_eq!(senders(&site).await.len(), 4, "{folder:?}");
        let mut seen = server.set(|s| s.seen.clone());
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 3, 4], "{folder:?}: marked");
        session(&site).await.unwrap();
        assert_eq!(server.set(|s| s.seen.len()), 4, "{folder:?}: marked once");
        // A name, and the same below INBOX.
        assert!(server.heard("CREATE").iter().all(|n| *n <= 2), "{folder:?}: {:?}", server.heard("CREATE"));
        tend(&site.app).await.unwrap();
        session(&site).await.unwrap();
        let notice = site.sink.with_words(MARIE, "ne peuvent pas être déplacés");
        assert!(notice.mail.text.contains("Done"), "{folder:?}");
        server.set(|s| s.folder = Folder::Here);
        session(&site).await.unwrap();
        assert_eq!(server.set(|s| s.archived.len()), 4, "{folder:?}: moved after all");
        tend(&site.app).await.unwrap();
        session(&site).await.unwrap();
        site.sink.with_words(MARIE, "Rétabli");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_folder_that_vanishes_is_made_again() {
    for folder in [Folder::Vanishes, Folder::Missing] {
        let (server, site) = app(&[], "Done").await;
        server.set(|s| s.folder = folder);
        session(&site).await.unwrap();
        assert_eq!(server.set(|s| s.archived.len()), 4, "{folder:?}");
        assert_eq!(server.heard("CREATE"), [1], "{folder:?}");
    }
}
