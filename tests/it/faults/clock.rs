//! The machine's clock set backwards and forwards.

use guichet::clock::{DAY, HOUR};

use super::trial::record;
use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::{Database, Site};

async fn set(database: Database) {
    let site = Site::new(database).await;
    site.receive(&Mail::from(ANA)).await;
    let answer = Mail::reply(&site.sink.with_words(MARIE, "CG42N1-000001").mail, MARIE, "#ask\nLaquelle ?");
    site.then(&answer).await;
    // A day back: notifications written "tomorrow" leave, mail of "today" is decided, no deadline is met before its time.
    site.clock.advance(-DAY);
    site.receive(&Mail::from("bob@college.example")).await;
    site.clock.advance(60_000);
    site.round().await;
    assert_eq!(site.sink.to("bob@college.example").len(), 1);
    let before = site.sink.to(ANA).len();
    site.clock.advance(HOUR);
    site.round().await;
    assert_eq!(site.sink.to(ANA).len(), before, "nothing is brought to mind before its time");
    // Ten days forward: reminders come once, the ticket waits on, nothing comes twice when it is set back again.
    site.clock.advance(10 * DAY);
    site.round().await;
    let reminded = site.sink.to(ANA).len();
    assert!(reminded > before);
    site.clock.advance(-9 * DAY);
    site.receive(&Mail::from("eve@college.example")).await;
    site.clock.advance(60_000);
    site.round().await;
    assert_eq!(site.sink.to("eve@college.example").len(), 1);
    assert_eq!(site.sink.to(ANA).len(), reminded, "and nothing twice");
    let numbers: Vec<String> = site.tickets().await.into_iter().map(|t| t.number).collect();
    assert_eq!(numbers, ["CG42N1-000001", "CG42N1-000002", "CG42N1-000003"]);
    assert!(site.store().outbox(None, 10).await.unwrap().is_empty(), "no notification waits for a time that is gone");
    record(&format!("the clock set a day back and ten forward, {database:?}"), 4, 5, 0, 0);
}

#[tokio::test]
async fn the_clock_is_set_sqlite() {
    set(Database::Sqlite).await;
}

#[tokio::test]
async fn the_clock_is_set_postgres() {
    set(Database::Postgres).await;
}
