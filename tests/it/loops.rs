//! Robots that answer robots: every exchange ends on its own.

use crate::support::Said;
use guichet::clock::MINUTE;

use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::{Database, Site};

#[tokio::test]
async fn our_own_notification_come_back_is_ignored() {
    let site = Site::new(Database::Sqlite).await;
    site.receive(&Mail::from(ANA)).await;
    let sent = site.sink.notifications().len();
    let ack = site.sink.only(ANA);
    // A redirect sends it back unchanged; a bad one puts itself into From.
    site.put_bytes(ack.raw.replace('\n', "\r\n").as_bytes());
    let redirected = ack.raw.replace("From: ", "X-Was-From: ").replace("Auto-Submitted: auto-replied\n", "");
    site.put_bytes(format!("From: redirect@elsewhere.example\r\n{}", redirected.replace('\n', "\r\n")).as_bytes());
    assert_eq!(site.sink.notifications().len(), sent);
    // Whatever else is under our own address is answered by nobody; the service desk decides.
    site.receive(&Mail::from(SUPPORT)).await;
    assert_eq!(site.sink.notifications().len(), sent + 1);
    assert_eq!(site.sink.last(MARIE).to, MARIE);
    assert_eq!(site.tickets().await.len(), 1);
}

#[tokio::test]
async fn two_desks_writing_to_each_other_fall_silent() {
    let one = Site::new(Database::Sqlite).await;
    let other_section = "[queues.help]\naddress = \"other@desk2.example\"\nprefix = \"OTHER\"\n[agents.marie]\naddress = \"paul@desk2.example\"\n";
    let other = Site::with(Database::Sqlite, other_section).await;
    one.put(&Mail::from("other@desk2.example").subject("Bonjour"));
    let mut notifications = 0;
    for round in 0..10 {
        one.round().await;
        other.round().await;
        let (from_one, from_other) = (one.sink.to("other@desk2.example"), other.sink.to(SUPPORT));
        for notification in from_one.iter().skip(round) {
            other.put_bytes(notification.raw.replace('\n', "\r\n").as_bytes());
        }
        for notification in from_other.iter().skip(round) {
            one.put_bytes(notification.raw.replace('\n', "\r\n").as_bytes());
        }
        notifications = from_one.len() + from_other.len();
    }
    assert_eq!(notifications, 1, "one acknowledgement, and no answer to it");
}

#[tokio::test]
async fn a_responder_that_declares_nothing_and_changes_its_subject_is_stopped_by_the_cap() {
    let site = Site::with(Database::Sqlite, "[limits]\nnotifications_per_hour = 8\n").await;
    site.receive(&Mail::from(ANA)).await;
    for n in 0..40 {
        site.clock.advance(MINUTE);
        site.receive(&Mail::from(ANA).subject(&format!("Accusé n° {n}"))).await;
    }
    let notifications = site.sink.to(ANA).len();
    assert!((4..=8).contains(&notifications), "{notifications} notifications within 41 minutes, the cap is 8 an hour");
    assert_eq!(site.tickets().await.len(), 41, "what a person may have written is kept");
}

#[tokio::test]
async fn an_absent_moderator_is_not_written_to_for_it() {
    let site = Site::new(Database::Sqlite).await;
    site.receive(&Mail::from(ANA)).await;
    let notice = site.sink.only(MARIE);
    let absent = Mail::reply(&notice.mail, MARIE, "#public\nEn congé.").header("X-Autoreply: yes");
    site.receive(&absent).await;
    assert_eq!(site.sink.notifications().len(), 2);
    assert_eq!(site.verdict(&absent).await.verdict.said(), "joined");
}
