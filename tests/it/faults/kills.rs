//! The process killed: at each named point of its work, and at random.

use std::time::Duration;

use guichet::work::point::POINTS;

use super::trial::{Dice, Trial, rounds};
use crate::support::Database;

/// Mails that come before each kill.
const MAILS: usize = 3;

/// After a letter was handed over, and before that is noted, nobody can know whether it left: it leaves again.
fn doubled_by(point: &str) -> usize {
    usize::from(point == "sent")
}

async fn killed_at(point: &str, database: Database) {
    let runs = rounds(3);
    let mut trial = Trial::new(database).await;
    let mut dice = Dice::new(point.len() as u64);
    for _ in 0..runs {
        trial.mails(MAILS);
        // Batches pass some points once; letters pass theirs one by one.
        let turn = if ["sending", "sent", "noted"].contains(&point) { 1 + dice.below(MAILS as u64) } else { 1 };
        trial.killed_at(point, turn);
        trial.finish();
    }
    let letters = trial.letters();
    let name = format!("killed at `{point}`, {database:?}");
    trial.count(&name, runs, letters, runs * doubled_by(point)).await;
    assert_eq!(trial.user.count("INBOX"), Some(0));
    assert_eq!(trial.user.count("Done"), Some(runs * MAILS));
}

fn at_every_point(database: Database) {
    // A deadline is met by its own test.
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
    let mut dice = Dice::new(99);
    for _ in 0..runs {
        trial.mails(10);
        let mut daemon = trial.daemon();
        std::thread::sleep(Duration::from_millis(40 + dice.below(400)));
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    trial.finish();
    let letters = trial.letters();
    trial.count(&format!("killed at random, {database:?}"), runs, letters, runs).await;
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
