//! The process killed: at each named point of its work, and at random.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use guichet::store::{Store, TicketFilter};
use guichet::work::failpoint::POINTS;

use super::trial::{Dice, Trial, record, rounds};
use crate::support::Database;

/// What `smtp.connections` is as shipped.
pub const CONNECTIONS: usize = 3;
/// Emails that come before each kill.
const EMAILS: usize = 3;

/// After a notification was handed over, and before that is noted, nobody can know whether it left: it leaves again. That holds for each
/// connection, whichever of them met the point.
fn doubled_by(point: &str) -> usize {
    match point {
        "sent" => CONNECTIONS,
        "sending" | "noted" => CONNECTIONS - 1,
        _ => 0,
    }
}

async fn killed_at(point: &str, database: Database) {
    let runs = rounds(3);
    let mut trial = Trial::new(database).await;
    let mut dice = Dice::new(point.len() as u64);
    for _ in 0..runs {
        trial.emails(EMAILS);
        // Batches pass some points once; notifications pass theirs one by one.
        let turn = if ["sending", "sent", "noted"].contains(&point) { 1 + dice.below(EMAILS as u64) } else { 1 };
        trial.killed_at(point, turn);
        trial.finish();
    }
    let notifications = trial.notifications();
    let name = format!("killed at `{point}`, {database:?}");
    trial.count(&name, runs, notifications, runs * doubled_by(point)).await;
    assert_eq!(trial.user.count("INBOX"), Some(0));
    assert_eq!(trial.user.count("Done"), Some(runs * EMAILS));
}

fn at_every_point(database: Database) {
    // That of deadlines has a test of its own.
    let points: Vec<&str> = POINTS.into_iter().filter(|point| *point != "swept").collect();
    // Beside each other, since much of it is waiting.
    std::thread::scope(|scope| {
        for some in points.chunks(points.len().div_ceil(4)) {
            scope.spawn(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                some.iter().for_each(|point| runtime.block_on(killed_at(point, database)));
            });
        }
    });
}

#[test]
fn op4_nothing_is_lost_by_a_kill_at_any_point_on_sqlite() {
    at_every_point(Database::Sqlite);
}

#[test]
fn op4_nothing_is_lost_by_a_kill_at_any_point_on_postgres() {
    at_every_point(Database::Postgres);
}

async fn at_random(database: Database) {
    let runs = rounds(6) * 3;
    let mut trial = Trial::new(database).await;
    // On a busy machine the same email may be in hand each time; it is no email that ends the program.
    trial.more = "[limits]\nemail_attempts = 100\n".to_owned();
    let mut dice = Dice::new(99);
    for _ in 0..runs {
        trial.emails(10);
        let mut daemon = trial.daemon();
        std::thread::sleep(Duration::from_millis(40 + dice.below(400)));
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    trial.finish();
    let notifications = trial.notifications();
    trial.count(&format!("killed at random, {database:?}"), runs, notifications, runs).await;
    assert_eq!(trial.user.count("INBOX"), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_by_kills_at_random_on_sqlite() {
    at_random(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_by_kills_at_random_on_postgres() {
    at_random(Database::Postgres).await;
}

/// A warning five seconds after each email, due while the process is killed over it: everything follows from it once. Where
/// the email is decided later than that, there is nothing to warn of, and where the kills go on until the promise itself is broken: that is told
/// instead.
async fn at_a_deadline(database: Database) {
    let runs = rounds(3);
    let mut trial = Trial::new(database).await;
    trial.more = "sla = \"std\"\n[agents.marie]\naddress = \"marie@agents.example\"\nname = \"Marie\"\nroles = [\"moderator\"]\n\
                  queues = [\"help\"]\n[slas.std]\ncalendar = \"always\"\nwarn_at = [8]\ntargets = [{ respond = \"1m\" }]\n"
        .to_owned();
    for _ in 0..runs {
        trial.emails(EMAILS);
        trial.killed_at("swept", 1);
    }
    trial.finish();
    let begun = Instant::now();
    let told = loop {
        let told = told(&trial).await;
        if told.iter().all(|(warned, broken)| warned + broken > 0) {
            break told;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{told:?} {}", trial.log());
        trial.finish();
    };
    assert_eq!(told.len(), runs * EMAILS);
    assert!(told.iter().all(|(warned, broken)| *warned < 2 && *broken < 2), "{told:?} {}", trial.log());
    let acknowledged: Vec<String> =
        trial.notifications().into_iter().filter(|to| to != "marie@agents.example").collect();
    let people: BTreeSet<&String> = acknowledged.iter().collect();
    assert_eq!(people.len(), runs * EMAILS, "everybody is acknowledged");
    // The sender works beside what is killed here: one that was handed over in that instant comes again.
    let doubled = acknowledged.len() - people.len();
    assert!(doubled <= runs, "{doubled} came twice");
    trial.sound(&format!("killed at `swept`, {database:?}"));
    record(&format!("killed at `swept`, {database:?}"), runs, runs * EMAILS, 0, doubled);
}

/// How often each ticket was warned of, and its promise broken.
async fn told(trial: &Trial) -> Vec<(usize, usize)> {
    let store = Store::open(&trial.url).await.unwrap();
    let tickets = store.tickets(&TicketFilter { limit: 1_000, ..TicketFilter::default() }).await.unwrap();
    let mut told = Vec::new();
    for ticket in &tickets {
        let events = store.events(ticket.id).await.unwrap();
        let count = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
        told.push((count("warned"), count("breached")));
    }
    store.close().await;
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_met_once_by_kills_on_sqlite() {
    at_a_deadline(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_met_once_by_kills_on_postgres() {
    at_a_deadline(Database::Postgres).await;
}

/// Told to stop in the middle of a backlog, it finishes what is in hand, begins nothing more, and the next goes on.
async fn told_to_stop(database: Database) {
    const BACKLOG: usize = 800;
    let mut trial = Trial::new(database).await;
    trial.emails(BACKLOG);
    let mut daemon = trial.daemon();
    let begun = Instant::now();
    while trial.notifications().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", trial.log());
        std::thread::sleep(Duration::from_millis(5));
    }
    let asked = Instant::now();
    std::process::Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().unwrap();
    let status = daemon.wait().unwrap();
    assert!(status.success(), "{status}: {}", trial.log());
    assert!(
        asked.elapsed() < Duration::from_secs(8) && !trial.log().contains("did not end in time"),
        "{}",
        trial.log()
    );
    let store = Store::open(&trial.url).await.unwrap();
    let tickets = store.tickets(&TicketFilter { limit: 10_000, ..TicketFilter::default() }).await.unwrap().len();
    store.close().await;
    assert!(tickets < BACKLOG, "it was in the middle");
    trial.finish();
    let taken = trial.notifications();
    trial.count(&format!("told to stop, {database:?}"), 1, taken, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_ends_between_two_groups_on_sqlite() {
    told_to_stop(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_ends_between_two_groups_on_postgres() {
    told_to_stop(Database::Postgres).await;
}
