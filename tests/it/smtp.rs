//! Sending against real servers that refuse, hang up and come back.

use crate::support::Said;
use std::time::Duration;

use guichet::clock::{HOUR, MINUTE};
use guichet::edge::login::Login;
use guichet::edge::net::{Endpoint, Security};
use guichet::edge::smtp::{Smtp, SmtpConfig, SmtpTrouble};
use guichet::store::{Durability, OutboxState};
use guichet::trouble::Trouble;
use guichet::work::once;
use secrecy::SecretString;
use sqlx::Executor;
use tokio_util::sync::CancellationToken;

use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::sink::notifications_in;
use crate::support::{Database, Site, eventually, unique, variable};

#[tokio::test]
async fn a_temporary_refusal_is_tried_again_by_the_timetable() {
    let mut site = Site::new(Database::Sqlite).await;
    site.sink.restart(&["-r", "RCPT"]);
    site.put(&Mail::from(ANA));
    site.round().await;
    let waiting = site.store().outbox(Some(OutboxState::Queued), 10).await.unwrap();
    assert_eq!(waiting.len(), 2);
    for notification in &waiting {
        let wait = notification.due_at - notification.created_at;
        assert!((MINUTE / 2..=MINUTE).contains(&wait), "{wait}");
        assert!(notification.last_error.said().contains("4"), "{}", notification.last_error.said());
        assert_eq!(notification.attempts, 1);
    }
    site.sink.restart(&[]);
    site.round().await;
    assert!(site.sink.notifications().is_empty(), "not before its time");
    site.clock.advance(2 * MINUTE);
    site.round().await;
    assert_eq!(site.sink.notifications().len(), 2);
}

#[tokio::test]
async fn a_permanent_refusal_is_kept_shown_and_can_be_retried() {
    let mut site = Site::new(Database::Postgres).await;
    site.sink.restart(&["-f", "RCPT"]);
    site.put(&Mail::from(ANA));
    site.round().await;
    let failed = site.store().outbox(Some(OutboxState::Failed), 10).await.unwrap();
    assert_eq!(failed.len(), 2);
    assert!(failed[0].last_error.said().contains('5'), "{}", failed[0].last_error.said());
    site.sink.restart(&[]);
    site.clock.advance(24 * HOUR);
    site.round().await;
    assert!(site.sink.to(ANA).is_empty(), "a failed notification is not tried again automatically");
    assert_eq!(site.sink.only(MARIE).mail.subject, "Re: [CG42N1-000001] P3 Non remis : Imprimante en panne");
    let mut tx = site.store().begin(Durability::Full).await.unwrap();
    assert_eq!(tx.retry(None, None, site.clock.now()).await.unwrap(), 2);
    tx.commit().await.unwrap();
    site.round().await;
    assert_eq!(site.sink.notifications().len(), 3);
}

#[tokio::test]
async fn a_notification_that_is_always_refused_is_given_up_in_the_end() {
    let mut site = Site::with(Database::Sqlite, "[retry]\ngive_up = \"3h\"\n").await;
    site.sink.restart(&["-r", "DATA"]);
    site.put(&Mail::from(ANA));
    for _ in 0..40 {
        site.round().await;
        site.clock.advance(10 * MINUTE);
    }
    let failed = site.store().outbox(Some(OutboxState::Failed), 10).await.unwrap();
    // The third tells Marie of the first.
    assert_eq!(failed.len(), 3);
    assert!(failed[0].last_error.said().starts_with("given up after"), "{}", failed[0].last_error.said());
}

#[tokio::test]
async fn a_server_that_is_away_costs_no_attempt() {
    let mut site = Site::new(Database::Sqlite).await;
    site.sink.stop();
    site.put(&Mail::from(ANA));
    for _ in 0..3 {
        let error = once::run(&site.app).await.unwrap_err();
        assert!(matches!(error, Trouble::Smtp(SmtpTrouble::Unreachable { .. })), "{error}");
        assert_eq!(error.exit_code(), 69);
    }
    let waiting = site.store().outbox(None, 10).await.unwrap();
    assert!(waiting.iter().all(|l| l.attempts == 0 && l.state == "queued"), "{waiting:?}");
    site.sink.restart(&[]);
    site.round().await;
    assert_eq!(site.sink.notifications().len(), 2);
}

#[tokio::test]
async fn a_server_that_hangs_up_on_one_notification_does_not_stop_the_others() {
    let mut site = Site::new(Database::Sqlite).await;
    site.sink.restart(&["-q", "DATA"]);
    for n in 0..3 {
        site.put(&Mail::from(&format!("p{n}@college.example")));
    }
    site.round().await;
    let waiting = site.store().outbox(Some(OutboxState::Queued), 10).await.unwrap();
    assert_eq!(waiting.len(), 6);
    assert!(waiting.iter().all(|l| l.attempts == 1 && l.due_at > site.clock.now()));
    site.sink.restart(&[]);
    site.clock.advance(2 * MINUTE);
    site.round().await;
    assert_eq!(site.sink.notifications().len(), 6);
}

#[tokio::test]
async fn notifications_that_left_before_the_store_failed_do_not_leave_again() {
    let site = Site::new(Database::Sqlite).await;
    let mut raw = site.raw().await;
    site.put(&Mail::from(ANA));
    raw.execute(
        "CREATE TRIGGER refuse BEFORE UPDATE ON outbox WHEN NEW.state = 'sent' BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    .await
    .unwrap();
    once::run(&site.app).await.unwrap_err();
    assert_eq!(site.sink.notifications().len(), 2);
    raw.execute("DROP TRIGGER refuse").await.unwrap();
    site.put(&Mail::from("bob@college.example"));
    site.round().await;
    assert_eq!(site.sink.to(ANA).len(), 1);
    assert_eq!(site.sink.notifications().len(), 4);
    assert!(site.store().outbox(None, 10).await.unwrap().is_empty());
}

fn submission(security: Security, port: &str, password: &str) -> SmtpConfig {
    let ca = std::fs::read(std::path::Path::new(&variable("GUICHET_TEST_DIR")).join("ca.pem")).unwrap();
    SmtpConfig {
        endpoint: Endpoint {
            host: "localhost".to_owned(),
            port: variable(port).parse().unwrap(),
            security,
            ca_pem: Some(ca),
        },
        username: Some(unique("smtp")),
        login: Login::Password(SecretString::from(password)),
        hello: "desk.example".to_owned(),
        limit: Duration::from_secs(10),
        connections: 1,
        per_minute: None,
    }
}

#[tokio::test]
async fn notifications_leave_over_starttls_and_tls_with_a_password() {
    for (security, port) in
        [(Security::StartTls, "GUICHET_TEST_SUBMISSION_PORT"), (Security::Tls, "GUICHET_TEST_SUBMISSIONS_PORT")]
    {
        let mut smtp = Smtp::new(submission(security, port, "secret"));
        let to = format!("{}@relayed.example", unique("to"));
        let mail =
            format!("From: support@desk.example\r\nTo: {to}\r\nSubject: x\r\n\r\n.a line that begins with a dot\r\n");
        smtp.send("support@desk.example", &to, mail.as_bytes(), &CancellationToken::new()).await.unwrap();
        smtp.send("support@desk.example", &to, mail.as_bytes(), &CancellationToken::new()).await.unwrap();
        smtp.quit().await;
        let folder = std::path::Path::new(&variable("GUICHET_TEST_DIR")).join("relayed");
        let arrived = eventually("both notifications", Duration::from_secs(5), async || {
            let found: Vec<_> = notifications_in(&folder).into_iter().filter(|l| l.to == to).collect();
            (found.len() == 2).then_some(found)
        })
        .await;
        assert!(arrived[0].raw.contains("\n.a line that begins with a dot"), "{}", arrived[0].raw);
    }
}

#[tokio::test]
async fn a_refused_password_and_an_unknown_authority_are_told_apart() {
    let mut smtp = Smtp::new(submission(Security::StartTls, "GUICHET_TEST_SUBMISSION_PORT", "wrong"));
    assert!(matches!(smtp.ready().await, Err(SmtpTrouble::Login { .. })));
    let mut config = submission(Security::Tls, "GUICHET_TEST_SUBMISSIONS_PORT", "secret");
    config.endpoint.ca_pem = None;
    let error = Smtp::new(config).ready().await.unwrap_err();
    assert!(matches!(&error, SmtpTrouble::Unreachable { text, .. } if text.contains("UnknownIssuer")), "{error}");
}
