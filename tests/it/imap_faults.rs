//! Servers that do what a real one does not do on demand: a scripted one says its lines.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use guichet::edge::imap::{Imap, ImapConfig, ImapTrouble, Login, Sizes, Wake, Which};
use guichet::edge::net::{Endpoint, Security};
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::mail::{ANA, Mail};
use crate::support::{Database, Site, eventually};

/// What the server does when a command that begins with this word comes (TAG is the command's tag).
/// An answer of `CLOSE` hangs up; `SILENCE` says nothing more.
type Script = &'static [(&'static str, &'static str)];

const GOOD: Script = &[
    ("LOGIN", "TAG OK in\r\n"),
    ("CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS\r\nTAG OK done\r\n"),
    ("SELECT", "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 2] ok\r\nTAG OK [READ-WRITE] done\r\n"),
    ("LOGOUT", "* BYE bye\r\nTAG OK done\r\n"),
];

/// Starts a server; gives its port and the commands it gets.
async fn server(script: Script) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                stream.write_all(b"* OK ready\r\n").await.unwrap();
                let (mut line, mut tag) = (String::new(), String::new());
                while stream.read_line(&mut line).await.is_ok_and(|n| n > 0) {
                    // DONE has no tag of its own: it ends the command before.
                    let (own, command) = line.trim().split_once(' ').unwrap_or(("", line.trim()));
                    if !own.is_empty() {
                        own.clone_into(&mut tag);
                    }
                    log.lock().unwrap().push(command.to_owned());
                    let say = script
                        .iter()
                        .chain(GOOD)
                        .find(|(word, _)| command.starts_with(word))
                        .map_or("TAG BAD what?\r\n", |(_, say)| say);
                    match say {
                        "SILENCE" => std::future::pending::<()>().await,
                        "CLOSE" => return,
                        say => {
                            let cut = say.ends_with("CLOSE");
                            let text = say.trim_end_matches("CLOSE").replace("TAG", &tag);
                            stream.write_all(text.as_bytes()).await.unwrap();
                            if cut {
                                return;
                            }
                        }
                    }
                    line.clear();
                }
            });
        }
    });
    (port, heard)
}

fn config(port: u16, archive: &str) -> ImapConfig {
    ImapConfig {
        endpoint: Endpoint { host: "127.0.0.1".to_owned(), port, security: Security::None, ca_pem: None },
        username: "support".to_owned(),
        login: Login::Password(SecretString::from("secret")),
        folder: "INBOX".to_owned(),
        archive: archive.to_owned(),
        limit: Duration::from_millis(400),
        sizes: Sizes::Auto,
    }
}

/// Gives the site a second mailbox, on the scripted server, with a queue of its own.
fn watch_too(site: &Site, port: u16) {
    let section = format!(
        "[mailboxes.second]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nusername = \"u\"\npassword = \"p\"\n\
         [queues.other]\nmailbox = \"second\"\naddress = \"other@desk.example\"\nprefix = \"OTHER\"\n"
    );
    std::fs::write(site.folder.path().join("conf.d/more.toml"), section).unwrap();
    site.app.settings.store(Arc::new(guichet::settings::load_with(&site.config(), Vec::new()).unwrap()));
}

async fn connect(script: Script) -> Imap {
    let (port, _) = server(script).await;
    let mut imap = Imap::connect(&config(port, "")).await.unwrap();
    imap.select().await.unwrap();
    imap
}

#[tokio::test]
async fn a_search_that_is_refused_or_cut_short_is_no_empty_mailbox() {
    let mut imap = connect(&[("UID SEARCH", "TAG NO later\r\n")]).await;
    assert!(matches!(imap.search(1, 0, Which::All).await, Err(ImapTrouble::Refused { .. })));
    let mut imap = connect(&[("UID SEARCH", "* SEARCH 1 2\r\nCLOSE")]).await;
    assert!(matches!(imap.search(1, 0, Which::All).await, Err(ImapTrouble::Unreachable(_))));
    let mut imap = connect(&[("UID SEARCH", "* BYE shutting down\r\nCLOSE")]).await;
    assert!(matches!(imap.search(1, 0, Which::All).await, Err(ImapTrouble::Unreachable(_))));
    let mut imap = connect(&[("UID SEARCH", "SILENCE")]).await;
    assert!(matches!(imap.search(1, 0, Which::All).await, Err(ImapTrouble::Timeout { .. })));
}

#[tokio::test]
async fn a_mail_cut_in_its_middle_is_no_mail() {
    let mut imap =
        connect(&[("UID FETCH", "* 1 FETCH (UID 1 BODY[] {100}\r\nFrom: a@b.example\r\n\r\nhalf a maiCLOSE")]).await;
    assert!(matches!(imap.fetch(&[(1, 100)]).await, Err(ImapTrouble::Unreachable(_))));
    let mut imap =
        connect(&[("UID FETCH", "* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\nTAG NO some are missing\r\n")]).await;
    assert!(matches!(imap.fetch(&[(1, 5), (2, 5)]).await, Err(ImapTrouble::Refused { .. })));
}

#[tokio::test]
async fn a_select_without_uidvalidity_or_with_a_dead_line_is_an_error() {
    let (port, _) = server(&[("SELECT", "* 1 EXISTS\r\nTAG OK done\r\n")]).await;
    let mut imap = Imap::connect(&config(port, "")).await.unwrap();
    assert!(matches!(imap.select().await, Err(ImapTrouble::Unsupported(_))));
    let (port, _) = server(&[("SELECT", "CLOSE")]).await;
    let mut imap = Imap::connect(&config(port, "")).await.unwrap();
    assert!(matches!(imap.select().await, Err(ImapTrouble::Unreachable(_))));
}

#[tokio::test]
async fn idle_that_is_refused_silent_or_cut_is_an_error_and_early_news_are_news() {
    let stop = CancellationToken::new();
    let long = Duration::from_secs(20);
    let mut imap = connect(&[("IDLE", "TAG NO not now\r\n")]).await;
    assert!(matches!(imap.idle(long, &stop).await, Err(ImapTrouble::Refused { .. })));
    let mut imap = connect(&[("IDLE", "SILENCE")]).await;
    assert!(matches!(imap.idle(long, &stop).await, Err(ImapTrouble::Timeout { .. })));
    let mut imap = connect(&[("IDLE", "+ idling\r\nCLOSE")]).await;
    assert!(matches!(imap.idle(long, &stop).await, Err(ImapTrouble::Unreachable(_))));
    let mut imap = connect(&[("IDLE", "+ idling\r\n* BYE idle too long\r\n")]).await;
    assert!(matches!(imap.idle(long, &stop).await, Err(ImapTrouble::Unreachable(_))));
    // The line is dead without a word: the poll under IDLE finds out.
    let mut imap = connect(&[("IDLE", "+ idling\r\n"), ("DONE", "SILENCE")]).await;
    assert!(matches!(imap.idle(Duration::from_millis(100), &stop).await, Err(ImapTrouble::Timeout { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_is_not_hammered() {
    let (port, heard) = server(&[("LOGIN", "TAG NO [AUTHENTICATIONFAILED] no\r\n")]).await;
    let site = Site::new(Database::Sqlite).await;
    watch_too(&site, port);
    let crew = guichet::work::daemon::Crew::start(&site.app).await.unwrap();
    // The other mailbox is served meanwhile.
    site.put(&Mail::from(ANA));
    eventually("the acknowledgement", Duration::from_secs(10), async || site.sink.to(ANA).pop()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let logins = heard.lock().unwrap().iter().filter(|c| c.starts_with("LOGIN")).count();
    assert_eq!(logins, 1);
    crew.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_is_opened_again() {
    let (port, heard) = server(&[("UID SEARCH", "CLOSE")]).await;
    let site = Site::new(Database::Sqlite).await;
    watch_too(&site, port);
    let crew = guichet::work::daemon::Crew::start(&site.app).await.unwrap();
    let count = || heard.lock().unwrap().iter().filter(|c| c.starts_with("LOGIN")).count();
    eventually("a third attempt", Duration::from_secs(10), async || (count() >= 3).then_some(())).await;
    assert!(count() <= 4, "the waits grow");
    crew.stop().await;
}

#[tokio::test]
async fn nothing_waits_where_idle_says_so_at_once() {
    let mut imap = connect(&[("IDLE", "* 2 EXISTS\r\n+ idling\r\n"), ("DONE", "TAG OK done\r\n")]).await;
    let answer =
        tokio::time::timeout(Duration::from_secs(2), imap.idle(Duration::from_secs(20), &CancellationToken::new()))
            .await;
    assert_eq!(answer.unwrap().unwrap(), Wake::News);
}

#[tokio::test]
async fn a_mail_the_server_does_not_give_out_stops_nothing_behind_it() {
    const MAIL: &str = "From: a@b.example\r\nSubject: x\r\n\r\ntext\r\n";
    assert_eq!(MAIL.len(), 39);
    let (port, _) = server(&[
        ("UID SEARCH UID 1:1 UNSEEN", "* SEARCH 1\r\nTAG OK\r\n"),
        ("UID SEARCH", "* SEARCH 2 3\r\nTAG OK\r\n"),
        ("UID FETCH 1:3 (UID RFC822.SIZE)", "* 1 FETCH (UID 1 RFC822.SIZE 39)\r\n* 2 FETCH (UID 2 RFC822.SIZE 39)\r\n* 3 FETCH (UID 3 RFC822.SIZE 39)\r\nTAG OK\r\n"),
        ("UID FETCH 1:3 (UID BODY", "TAG NO one of them is broken\r\n"),
        ("UID FETCH 1 (UID BODY", "TAG NO broken\r\n"),
        ("UID FETCH 1 (UID RFC822.SIZE)", "* 1 FETCH (UID 1 RFC822.SIZE 39)\r\nTAG OK\r\n"),
        ("UID FETCH 2 (UID BODY", "* 2 FETCH (UID 2 BODY[] {39}\r\nFrom: a@b.example\r\nSubject: x\r\n\r\ntext\r\n)\r\nTAG OK\r\n"),
        ("UID FETCH 3 (UID BODY", "TAG OK nothing\r\n"),
        ("UID FETCH 3 (UID RFC822.SIZE)", "TAG OK it is gone\r\n"),
        ("UID STORE", "TAG OK\r\n"),
    ])
    .await;
    let site = Site::new(Database::Sqlite).await;
    watch_too(&site, port);
    site.round().await;
    assert!(site.store().held().await.unwrap().is_empty(), "one refusal is not a verdict");
    let refused = site.store().all_unfetched(9).await.unwrap();
    assert!(refused.len() == 1 && refused[0].email.reason.contains("UID 1"), "{refused:?}");
    assert_eq!(site.only_ticket().await.number, "OTHER-000001");
    assert_eq!(site.store().cursor("second").await.unwrap().unwrap().last_uid, 3);
}

/// NIL is not an email, and neither is one that is too large and whose header is refused: both are asked for again, and the
/// folder counts as read, though the server lets nothing be marked.
#[tokio::test]
async fn what_has_no_bytes_is_asked_for_again_and_a_folder_that_takes_no_marks_counts_as_read() {
    let (port, heard) = server(&[
        ("UID SEARCH UID 1:1 UNSEEN", "* SEARCH 1\r\nTAG OK\r\n"),
        ("UID SEARCH", "* SEARCH 2 3\r\nTAG OK\r\n"),
        ("UID FETCH 1:3 (UID RFC822.SIZE)", "* 1 FETCH (UID 1 RFC822.SIZE 39)\r\n* 2 FETCH (UID 2 RFC822.SIZE 39)\r\n* 3 FETCH (UID 3 RFC822.SIZE 99000000)\r\nTAG OK\r\n"),
        ("UID FETCH 1:2 (UID BODY", "* 1 FETCH (UID 1 BODY[] NIL)\r\n* 2 FETCH (UID 2 BODY[] {39}\r\nFrom: a@b.example\r\nSubject: x\r\n\r\ntext\r\n)\r\nTAG OK\r\n"),
        ("UID FETCH 1 (UID BODY", "* 1 FETCH (UID 1 BODY[] NIL)\r\nTAG OK\r\n"),
        ("UID FETCH 1 (UID RFC822.SIZE)", "* 1 FETCH (UID 1 RFC822.SIZE 39)\r\nTAG OK\r\n"),
        ("UID FETCH 2 (UID BODY", "* 2 FETCH (UID 2 BODY[] {39}\r\nFrom: a@b.example\r\nSubject: x\r\n\r\ntext\r\n)\r\nTAG OK\r\n"),
        ("UID FETCH 3 (UID BODY", "TAG NO the disk cannot be read\r\n"),
        ("UID FETCH 3 (UID RFC822.SIZE)", "* 3 FETCH (UID 3 RFC822.SIZE 99000000)\r\nTAG OK\r\n"),
        ("UID STORE", "TAG NO the folder is read-only\r\n"),
    ])
    .await;
    let site = Site::new(Database::Sqlite).await;
    watch_too(&site, port);
    site.round().await;
    assert!(site.store().held().await.unwrap().is_empty(), "one refusal is not a verdict");
    let refused: Vec<u32> = site.store().all_unfetched(9).await.unwrap().into_iter().map(|r| r.email.uid).collect();
    assert_eq!(refused, [1, 3]);
    assert_eq!(site.only_ticket().await.number, "OTHER-000001");
    let heard = heard.lock().unwrap().clone();
    assert!(heard.iter().any(|command| command.starts_with("UID STORE")), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_announced_with_another_answer_is_searched_for_before_waiting() {
    let (port, heard) = server(&[
        ("UID SEARCH UID 1:1 UNSEEN", "* SEARCH 1\r\nTAG OK\r\n"),
        ("UID SEARCH", "* SEARCH\r\nTAG OK\r\n"),
        ("UID FETCH 1 (UID RFC822.SIZE)", "* 1 FETCH (UID 1 RFC822.SIZE 39)\r\nTAG OK\r\n"),
        (
            "UID FETCH 1 (UID BODY",
            "* 1 FETCH (UID 1 BODY[] {39}\r\nFrom: a@b.example\r\nSubject: x\r\n\r\ntext\r\n)\r\nTAG OK\r\n",
        ),
        ("UID STORE", "* 2 EXISTS\r\nTAG OK\r\n"),
        ("IDLE", "+ idling\r\n"),
        ("DONE", "TAG OK\r\n"),
    ])
    .await;
    let site = Site::new(Database::Sqlite).await;
    watch_too(&site, port);
    let crew = guichet::work::daemon::Crew::start(&site.app).await.unwrap();
    let commands = || heard.lock().unwrap().clone();
    eventually("IDLE", Duration::from_secs(10), async || commands().contains(&"IDLE".to_owned()).then_some(())).await;
    let before: Vec<String> = commands().into_iter().take_while(|c| c != "IDLE").collect();
    let searches = before.iter().rposition(|c| c.starts_with("UID SEARCH")).unwrap();
    let stored = before.iter().position(|c| c.starts_with("UID STORE")).unwrap();
    assert!(searches > stored, "{before:?}");
    crew.stop().await;
}
