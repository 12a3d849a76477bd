//! SMTP as RFC 5321 means it, against a server that follows a script: every notification is sent once, pays for its own refusals
//! alone, and nobody waits in vain to hear of one that will not leave.

use crate::support::Said;
use std::time::{Duration, Instant};

use guichet::clock::{DAY, HOUR, MINUTE};
use guichet::edge::login::Login;
use guichet::edge::net::{Endpoint, Security};
use guichet::edge::smtp::{Smtp, SmtpConfig, SmtpTrouble};
use guichet::store::{OutboxRow, OutboxState};
use guichet::trouble::Trouble;
use guichet::work::operator;
use guichet::work::{once, tend};
use secrecy::SecretString;
use sqlx::Executor;
use tokio_util::sync::CancellationToken;

use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::scripted_smtp::{PIPELINING, PLAIN, Rule, ScriptedSmtp, Then, rule};
use crate::support::{Database, Site};

const LOG_IN: &str = "250-scripted\r\n250 AUTH PLAIN LOGIN\r\n";

/// A desk whose notifications are sent to a scripted server.
async fn app(database: Database, server: &ScriptedSmtp, more: &str) -> Site {
    let site = Site::new(database).await;
    let agents = "[agents.marie]\nroles = [\"administrator\"]\n";
    let smtp = format!("[smtp]\nport = {}\ntimeout = \"2s\"\n", server.port);
    // Its tables must not be opened twice.
    site.edit(&format!("{smtp}{agents}{more}"));
    site
}

async fn notifications(site: &Site, state: Option<OutboxState>) -> Vec<OutboxRow> {
    site.store().outbox(state, 1_000).await.unwrap()
}

/// Three requests: six notifications.
fn three(site: &Site) {
    for n in 0..3 {
        site.put(&Mail::from(&format!("p{n}@college.example")));
    }
}

const SIX: [&str; 6] = [MARIE, MARIE, MARIE, "p0@college.example", "p1@college.example", "p2@college.example"];

/// Rounds until everything has left, at most ten, an hour between them.
async fn until_sent(site: &Site) {
    for _ in 0..10 {
        let _ = once::run(&site.app).await;
        if notifications(site, None).await.is_empty() {
            return;
        }
        site.clock.advance(HOUR);
    }
    panic!("{:?}", notifications(site, None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_leaves_once_whatever_the_words_of_a_good_reply() {
    for ehlo in [PIPELINING, PLAIN] {
        for rules in [
            vec![rule(".", b"250 message accept\xe9\r\n")],
            vec![rule(".", b"250\r\n")],
            vec![rule(".", b"250 \r\n")],
            vec![rule(".", b"250-2.0.0 taken\r\n250-as \xff\xfe\r\n250 4711\r\n")],
            vec![rule("MAIL", b"250\r\n"), rule("RCPT", b"250\r\n"), rule("DATA", b"354\r\n"), rule(".", b"250\n")],
            vec![rule("GREETING", b"220-\xc9cole\r\n220 pr\xeat\r\n"), rule("RCPT", b"251 forwards\r\n")],
            vec![rule(".", b"250 taken\r\n").times(1).then(Then::After(Duration::from_secs(4)))],
        ] {
            let words = format!("{rules:?}");
            let server = ScriptedSmtp::start(ehlo, rules);
            let site = app(Database::Sqlite, &server, "").await;
            three(&site);
            until_sent(&site).await;
            assert_eq!(server.taken(), SIX, "{words}");
            assert_eq!(server.set(|s| s.offered.len()), 6, "{words}: none came twice");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_success_is_not_taken_for_one() {
    for rules in [
        vec![rule(".", b"354 go on\r\n").times(1)],
        // One reply more than was asked for: the next refusal would be taken for it.
        vec![rule("EHLO", b"250 scripted\r\n250 ok\r\n").times(1), rule("RCPT", b"450 later\r\n").times(1)],
        vec![rule("GREETING", b"220 ready\r\n250 ok\r\n").times(1)],
        vec![rule("MAIL", b"250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n").times(1)],
        vec![rule("DATA", b"354 go\r\n250 taken\r\n").times(1)],
        vec![rule("DATA", b"250 taken\r\n").times(1)],
        vec![rule("MAIL", b"354 go\r\n").times(1)],
    ] {
        for ehlo in [PIPELINING, PLAIN] {
            let words = format!("{rules:?}");
            let server = ScriptedSmtp::start(ehlo, rules.clone());
            let site = app(Database::Sqlite, &server, "").await;
            three(&site);
            until_sent(&site).await;
            let mut taken = server.taken();
            // What nobody knows may come twice: never fewer.
            taken.dedup();
            let each: Vec<&str> = [MARIE, SIX[3], SIX[4], SIX[5]].to_vec();
            assert_eq!(taken, each, "{words}");
            assert_eq!(server.taken().iter().filter(|to| *to == MARIE).count() / 3, 1, "{words}: {:?}", server.taken());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_before_the_handshake_are_nobodys_answer() {
    let ehlo = "250-scripted\r\n250 STARTTLS\r\n";
    let server = ScriptedSmtp::start(ehlo, vec![rule("STARTTLS", b"220 go\r\n250 injected\r\n")]);
    let mut smtp = Smtp::new(SmtpConfig {
        endpoint: Endpoint {
            host: "127.0.0.1".to_owned(),
            port: server.port,
            security: Security::StartTls,
            ca_pem: None,
        },
        username: None,
        login: Login::Password(SecretString::from("")),
        hello: "desk.example".to_owned(),
        limit: Duration::from_secs(2),
        connections: 1,
        per_minute: None,
    });
    let error = smtp.ready().await.unwrap_err();
    assert!(matches!(&error, SmtpTrouble::Unreachable { text, .. } if text.contains("more than")), "{error}");
}

/// The server's trouble costs one connection a round and no notification an attempt; the operator hears of it, and it ends well.
#[tokio::test(flavor = "multi_thread")]
async fn trouble_of_the_server_costs_no_notification_an_attempt() {
    let cases: [(&str, &[u8]); 14] = [
        ("GREETING", b"421 too busy\r\n"),
        ("GREETING", b"554 no service\r\n"),
        ("EHLO", b"421 closing\r\n"),
        ("EHLO", b"451 later\r\n"),
        ("MAIL", b"421 too many\r\n"),
        ("MAIL", b"451 4.3.2 not now\r\n"),
        ("MAIL", b"452 4.3.1 no space\r\n"),
        ("MAIL", b"530 5.7.0 authentication required\r\n"),
        ("MAIL", b"535 5.7.8 no\r\n"),
        ("MAIL", b"538 encryption required\r\n"),
        ("MAIL", b"550 5.7.1 not allowed to send\r\n"),
        ("RCPT", b"421 4.7.0 slow down\r\n"),
        ("DATA", b"421 4.7.0 slow down\r\n"),
        (".", b"421 4.3.0 going down\r\n"),
    ];
    for (to, say) in cases {
        for ehlo in [PIPELINING, PLAIN] {
            let words = format!("{to} {}", String::from_utf8_lossy(say));
            let server = ScriptedSmtp::start(ehlo, vec![rule(to, say)]);
            let site = app(Database::Sqlite, &server, "").await;
            three(&site);
            for round in 1..=3 {
                let error = once::run(&site.app).await.unwrap_err();
                assert!(matches!(&error, Trouble::Smtp(t) if t.is_of_the_server()), "{words}: {error}");
                assert!(server.set(|s| s.connections) <= round, "{words}: one connection a round");
                site.clock.advance(3 * HOUR);
            }
            let waiting = notifications(&site, Some(OutboxState::Queued)).await;
            assert_eq!(waiting.len(), 6, "{words}: {waiting:?}");
            assert!(waiting.iter().all(|notification| notification.attempts == 0), "{words}: {waiting:?}");
            tend(&site.app).await.unwrap();
            server.heal();
            until_sent(&site).await;
            site.clock.advance(MINUTE);
            tend(&site.app).await.unwrap();
            until_sent(&site).await;
            let to_marie = server
                .set(|s| s.taken.iter().filter(|(to, _)| to == MARIE).map(|(_, c)| c.clone()).collect::<Vec<_>>());
            assert_eq!(to_marie.len(), 5, "{words}: three tickets, the alarm, the all-clear");
        }
    }
}

/// A refusal of MAIL that only one notification meets is that notification's.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_is_refused_alone_pays_alone() {
    let refusal = rule("MAIL", b"550 5.7.1 not this one\r\n").holding("other@desk.example");
    let server = ScriptedSmtp::start(PIPELINING, vec![refusal]);
    let queue = "[queues.other]\nmailbox = \"main\"\naddress = \"other@desk.example\"\nprefix = \"OTHER\"\nreply_to = \"plain\"\n";
    let site = app(Database::Sqlite, &server, queue).await;
    site.put(&Mail::from(ANA).to("other@desk.example"));
    three(&site);
    for _ in 0..6 {
        let _ = once::run(&site.app).await;
        site.clock.advance(HOUR);
        site.put(&Mail::from("more@college.example"));
    }
    let failed = notifications(&site, Some(OutboxState::Failed)).await;
    assert_eq!(failed.iter().map(|l| l.recipient.as_str()).collect::<Vec<_>>(), [ANA], "{failed:?}");
    assert!(failed[0].last_error.said().contains("not this one"));
    assert_eq!(server.taken().iter().filter(|to| to.starts_with('p')).count(), 3);
}

/// 552 and 555 at MAIL are the notification's own, at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_size_or_parameter_that_is_refused_is_the_notifications_own() {
    for say in [&b"552 5.3.4 too large\r\n"[..], b"555 parameters\r\n"] {
        let server = ScriptedSmtp::start(PIPELINING, vec![rule("MAIL", say).times(1)]);
        let site = app(Database::Sqlite, &server, "").await;
        three(&site);
        site.round().await;
        assert_eq!(notifications(&site, Some(OutboxState::Failed)).await.len(), 1);
        assert!(server.taken().len() >= 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_closes_idle_connections_costs_nothing() {
    let closes: [fn() -> Vec<Rule>; 3] = [
        || vec![rule(".", b"250 taken\r\n").then(Then::Close)],
        || vec![rule(".", b"250 taken\r\n421 4.4.2 idle\r\n").then(Then::Close)],
        || vec![rule("RSET", b"421 bye\r\n").then(Then::Close)],
    ];
    for close in closes {
        for ehlo in [PIPELINING, PLAIN] {
            let server = ScriptedSmtp::start(ehlo, close());
            let site = app(Database::Sqlite, &server, "").await;
            three(&site);
            site.round().await;
            assert_eq!(server.taken(), SIX);
            for notification in notifications(&site, Some(OutboxState::Sent)).await {
                assert_eq!(notification.attempts, 1, "{notification:?}");
            }
        }
    }
}

/// A ticket with large files reaches the agent, without them, by way of a server with Postfix's default bound.
#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_is_too_large_goes_without_its_files_and_names_them() {
    let files = |mail: Mail| mail.attach("petit.png", &[1; 2_000]).attach("scan été.png", &[2; 8_000_000]);
    let bound = "250-scripted\r\n250-PIPELINING\r\n250 SIZE 10240000\r\n";
    let at_the_end = vec![rule(".marie", b"552 5.3.4 message size exceeds fixed limit\r\n").times(1)];
    let at_mail = vec![rule("MAIL", b"552 5.3.4 too big\r\n").times(1).holding("SIZE=1")];
    for (ehlo, rules, kept) in [(bound, vec![], true), (PLAIN, at_the_end, false), (PIPELINING, at_mail, false)] {
        let server = ScriptedSmtp::start(ehlo, rules);
        let site = app(Database::Sqlite, &server, "[limits]\nnotification_file_bytes = 20000000\n").await;
        site.put(&files(Mail::from(ANA)));
        site.round().await;
        assert_eq!(server.taken(), [ANA, MARIE]);
        let notification = server.set(|s| s.taken.iter().find(|(to, _)| to == MARIE).unwrap().1.clone());
        assert!(notification.len() < 200_000, "{}", notification.len());
        let mail = guichet::mail::parse(notification.as_bytes(), &guichet::mail::Limits::default()).unwrap();
        assert!(mail.text.contains("scan été.png (7.6 MiB)") && mail.text.contains("trop volumineux"), "{}", mail.text);
        assert_eq!(mail.attachments.iter().any(|a| a.name == "petit.png"), kept);
    }
}

/// An answer of a person is never sent without its files: who wrote it hears why it did not leave.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_fails_and_is_told() {
    let server = ScriptedSmtp::start("250-scripted\r\n250 SIZE 100000\r\n", vec![]);
    let site = app(Database::Sqlite, &server, "").await;
    site.receive(&Mail::from(ANA)).await;
    let notice = server.set(|s| s.taken.iter().find(|(to, _)| to == MARIE).unwrap().1.clone());
    let notice = guichet::mail::parse(notice.as_bytes(), &guichet::mail::Limits::default()).unwrap();
    site.then(&Mail::reply(&notice, MARIE, "#public\nVoici le mode d'emploi.").attach("notice.png", &[3; 200_000]))
        .await;
    site.round().await;
    let failed = notifications(&site, Some(OutboxState::Failed)).await;
    assert!(failed.len() == 1 && failed[0].last_error.said().contains("100000"), "{failed:?}");
    let sent = notifications(&site, Some(OutboxState::Sent)).await;
    assert_eq!(sent.iter().filter(|l| l.kind == "undelivered").count(), 1);
}

/// Each address is told once, whoever else of the ticket is gone too.
#[tokio::test(flavor = "multi_thread")]
async fn every_address_that_is_refused_for_good_is_told() {
    let gone = "@college.example";
    let server = ScriptedSmtp::start(PIPELINING, vec![rule("RCPT", b"550 5.1.1 no such user\r\n").holding(gone)]);
    let site = app(Database::Sqlite, &server, "").await;
    site.receive(&Mail::from(ANA)).await;
    site.round().await;
    let (settings, number) = (site.app.settings.load_full(), site.only_ticket().await.number);
    for command in ["#requester bob@college.example", "#close"] {
        let ticket = site.ticket(&number).await;
        let done =
            operator::command(site.store(), &site.app.secret, &settings, &ticket, command, site.clock.now()).await;
        assert!(matches!(done.unwrap(), operator::Outcome::Done(_)), "{command}");
        site.round().await;
        site.round().await;
    }
    let failed = notifications(&site, Some(OutboxState::Failed)).await;
    let mut refused: Vec<&str> = failed.iter().map(|l| l.recipient.as_str()).collect();
    refused.sort_unstable();
    assert_eq!(refused, [ANA, "bob@college.example"]);
    let told = notifications(&site, Some(OutboxState::Sent)).await;
    assert_eq!(told.iter().filter(|l| l.kind == "undelivered").count(), 2, "{told:?}");
}

/// Who is answered at another address is left alone there too.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_in_reply_to_is_left_alone() {
    let home = "ana.perso@college.example";
    let server = ScriptedSmtp::start(PIPELINING, vec![rule("RCPT", b"550 5.1.1 no such user\r\n").holding(home)]);
    let site = app(Database::Sqlite, &server, "").await;
    let asks = |n: u32| Mail::from(ANA).subject(&format!("Demande {n}")).header(&format!("Reply-To: {home}"));
    site.receive(&asks(1)).await;
    site.round().await;
    site.then(&asks(2)).await;
    site.round().await;
    assert!(site.tickets().await.iter().all(|ticket| ticket.requester == home));
    let asked = server.set(|s| s.commands.iter().filter(|c| c.starts_with("RCPT") && c.contains(home)).count());
    assert_eq!(asked, 1, "of two tickets");
}

/// A refusal for good has the consequences of the same in a delivery report: told once, the address left alone.
async fn a_refused_address(database: Database) {
    let refusal = rule("RCPT", b"550 5.1.1 no such user\r\n").holding(ANA);
    let server = ScriptedSmtp::start(PIPELINING, vec![refusal]);
    let site = app(database, &server, "").await;
    site.receive(&Mail::from(ANA)).await;
    site.round().await;
    let told = async || {
        let rows = site.store().outbox(Some(OutboxState::Sent), 100).await.unwrap();
        rows.iter().filter(|l| l.kind == "undelivered").count()
    };
    assert_eq!(told().await, 1, "the queue's people hear of it");
    assert!(site.store().undeliverable(site.clock.now(), 10).await.unwrap().iter().any(|b| b.address == ANA));
    let rcpt = |server: &ScriptedSmtp| {
        server.set(|s| s.commands.iter().filter(|c| c.starts_with("RCPT") && c.contains(ANA)).count())
    };
    assert_eq!(rcpt(&server), 1);
    site.then(&Mail::from(ANA).subject("Encore")).await;
    site.round().await;
    assert_eq!(rcpt(&server), 1, "nothing is written there any more");
    assert_eq!(told().await, 1, "and it is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_refused_for_good_is_left_alone_and_told_once() {
    a_refused_address(Database::Sqlite).await;
    a_refused_address(Database::Postgres).await;
}

/// Who is to be notified is in the table: the end of the program at any moment loses nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_nobody_was_told_of_is_told_by_the_next_life() {
    let server = ScriptedSmtp::start(PIPELINING, vec![rule("RCPT", b"550 5.7.1 no\r\n").holding(ANA)]);
    let site = app(Database::Sqlite, &server, "").await;
    site.receive(&Mail::from(ANA)).await;
    let mut raw = site.raw().await;
    raw.execute("DELETE FROM outbox_raw WHERE outbox_id IN (SELECT id FROM outbox WHERE kind = 'undelivered')")
        .await
        .unwrap();
    raw.execute("DELETE FROM outbox WHERE kind = 'undelivered'").await.unwrap();
    raw.execute("UPDATE outbox SET told = 0 WHERE state = 'failed'").await.unwrap();
    site.pass(MINUTE).await;
    site.pass(MINUTE).await;
    let rows = site.store().outbox(Some(OutboxState::Sent), 100).await.unwrap();
    assert_eq!(rows.iter().filter(|l| l.kind == "undelivered").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_that_failed_raise_an_alarm() {
    let server = ScriptedSmtp::start(PIPELINING, vec![rule("RCPT", b"550 5.7.1 blocked\r\n").holding(ANA)]);
    let site = app(Database::Sqlite, &server, "").await;
    site.receive(&Mail::from(ANA)).await;
    tend(&site.app).await.unwrap();
    let names = async || site.store().alarms().await.unwrap().into_iter().map(|a| a.name).collect::<Vec<_>>();
    assert!(names().await.contains(&"failed".to_owned()));
    site.clock.advance(2 * DAY);
    tend(&site.app).await.unwrap();
    assert!(!names().await.contains(&"failed".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_smtputf8_is_said_in_words() {
    let server = ScriptedSmtp::start(PLAIN, vec![]);
    let site = app(Database::Sqlite, &server, "").await;
    site.receive(&Mail::from("rené@collège.example")).await;
    let failed = notifications(&site, Some(OutboxState::Failed)).await;
    assert!(failed.len() == 1 && failed[0].last_error.said().contains("letters outside ASCII"), "{failed:?}");
    assert_eq!(server.taken(), [MARIE]);
}

/// A stop gives the server five seconds for the last answer, and cuts a longer wait short; that one notification is uncertain, and the others are not begun.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_the_server_thinks_leaves_one_notification_uncertain() {
    let slow = rule(".", b"250 taken\r\n").times(1).then(Then::After(Duration::from_secs(60)));
    let server = ScriptedSmtp::start(PIPELINING, vec![slow]);
    let site = app(Database::Sqlite, &server, "").await;
    three(&site);
    let mut sender = guichet::work::deliver::Sender::open(&site.app).await.unwrap();
    guichet::work::once::collect_one(&site.app, "main", &site.app.settings.load().mailboxes["main"].kind)
        .await
        .unwrap();
    guichet::work::process::drain(&site.app).await.unwrap();
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let canceller = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        canceller.cancel();
    });
    assert_eq!(sender.drain(&site.app, &stop).await.unwrap(), 0);
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(7) && took < Duration::from_secs(11),
        "{took:?}: longer than smtp.timeout is waited for"
    );
    let waiting = notifications(&site, Some(OutboxState::Queued)).await;
    let uncertain: Vec<_> = waiting.iter().filter(|l| l.last_error.said().contains("may have been taken")).collect();
    assert_eq!((waiting.len(), uncertain.len()), (6, 1), "{waiting:?}");
    assert!(uncertain[0].due_at > site.clock.now());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_given_in_the_way_the_server_offers() {
    for (ehlo, commands) in
        [(LOG_IN, vec!["AUTH PLAIN AHUAcA=="]), ("250-x\r\n250 AUTH=LOGIN\r\n", vec!["AUTH LOGIN", "dQ==", "cA=="])]
    {
        let rules = vec![
            rule("AUTH LOGIN", b"334 VXNlcm5hbWU6\r\n"),
            rule("dQ==", b"334 UGFzc3dvcmQ6\r\n"),
            rule("cA==", b"235 in\r\n"),
        ];
        let server = ScriptedSmtp::start(ehlo, rules);
        let mut smtp = Smtp::new(SmtpConfig {
            endpoint: Endpoint {
                host: "127.0.0.1".to_owned(),
                port: server.port,
                security: Security::None,
                ca_pem: None,
            },
            username: Some("u".to_owned()),
            login: Login::Password(SecretString::from("p")),
            hello: "desk.example".to_owned(),
            limit: Duration::from_secs(2),
            connections: 1,
            per_minute: None,
        });
        smtp.ready().await.unwrap();
        let heard = server.set(|s| s.commands.clone());
        assert_eq!(heard[1..], commands);
    }
}
