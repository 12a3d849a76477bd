//! The database: restarted, failing over, without room.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::trial::{Dice, Trial, rounds};
use crate::support::Database;
use crate::support::proxy::{Line, Proxy};
use crate::support::servers::{Postgres, stop};

const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn postgres_stopped_at_once_and_started_again() {
    let mut server = Postgres::start(None);
    let mut trial = Trial::new(Database::Sqlite).await;
    trial.url = format!("postgres://guichet@127.0.0.1:{}/{}", server.port, server.database());
    let mut dice = Dice::new(3);
    let runs = rounds(2).min(10);
    let mut daemon = trial.daemon();
    for _ in 0..runs {
        trial.emails(40);
        std::thread::sleep(Duration::from_millis(200 + dice.below(600)));
        server.end();
        std::thread::sleep(Duration::from_millis(300));
        server.begin();
        trial.restarted(&mut daemon);
    }
    trial.settled_by(&mut daemon, PATIENCE).await;
    stop(&mut daemon, "TERM");
    trial.finish();
    // What the server forgot with its last moments, the daemon still knows.
    let notifications = trial.notifications();
    trial.count("PostgreSQL stopped at once and started again", runs, notifications, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn op4_postgres_fails_over_to_its_standby() {
    let mut primary = Postgres::start(None);
    let database = primary.database();
    let standby = Postgres::start(Some(&primary));
    primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.sql("postgres", "SELECT pg_reload_conf()");
    let address = Proxy::to("127.0.0.1", primary.port);
    let mut trial = Trial::new(Database::Sqlite).await;
    trial.url = format!("postgres://guichet@127.0.0.1:{}/{database}", address.port);
    trial.emails(150);
    let mut daemon = trial.daemon();
    std::thread::sleep(Duration::from_millis(1200));
    primary.end();
    address.set(Line::Down);
    standby.promote();
    address.lead_to(standby.port);
    address.set(Line::Good);
    trial.emails(50);
    trial.settled_by(&mut daemon, PATIENCE).await;
    stop(&mut daemon, "TERM");
    trial.finish();
    let notifications = trial.notifications();
    trial.count("PostgreSQL fails over to its standby", 1, notifications, 0).await;
}

/// A process that may write no file beyond a size is, for the database, one without room on its disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room() {
    let mut dice = Dice::new(4);
    let runs = rounds(3).min(20);
    let mut trial = Trial::new(Database::Sqlite).await;
    trial.finish();
    let begun = room_taken(&trial);
    for run in 0..runs {
        trial.emails(30);
        let blocks = begun + 40 * run as u64 + dice.below(120);
        let program = trial.program(&["run"]);
        let line: Vec<String> = std::iter::once(program.get_program())
            .chain(program.get_args())
            .map(|word| format!("'{}'", word.to_string_lossy()))
            .collect();
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec {} 2>/dev/null", line.join(" "));
        let mut daemon = Command::new("bash").args(["-c", &limited]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(1500));
        stop(&mut daemon, "TERM");
        trial.finish();
    }
    let notifications = trial.notifications();
    trial.count("no room on the disk", runs, notifications, runs).await;
    assert_eq!(trial.user.count("INBOX"), Some(0));
}

/// KiB of the database file so far.
fn room_taken(trial: &Trial) -> u64 {
    std::fs::metadata(trial.url.trim_start_matches("sqlite:")).unwrap().len() / 1024
}
