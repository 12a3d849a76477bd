//! Several instances on one PostgreSQL, and somebody who kills them.

use std::process::Child;
use std::time::{Duration, Instant};

use guichet::store::Store;
use sqlx::Executor;

use super::trial::{Dice, Trial, rounds};
use crate::support::dovecot::User;
use crate::support::mail::Mail;
use crate::support::servers::stop;
use crate::support::{Database, Site};

const NAMES: [&str; 3] = ["one", "two", "three"];

fn start(trial: &Trial, name: &str) -> Child {
    trial.program(&["run"]).env("GUICHET__STORE__INSTANCE", name).spawn().unwrap()
}

/// `GUICHET_FAULT_MAILS`: how many emails there are; a kill or a stop every few seconds.
#[tokio::test(flavor = "multi_thread")]
async fn op4_three_instances_and_a_killer_decide_everything_once() {
    let emails: usize = std::env::var("GUICHET_FAULT_MAILS").ok().and_then(|n| n.parse().ok()).unwrap_or(600);
    let mut trial = Trial::new(Database::Postgres).await;
    let more = User::new();
    trial.more = format!(
        "{}poll = \"1s\"\ntimeout = \"2s\"\n[queues.more]\nmailbox = \"second\"\naddress = \"more@desk.example\"\nprefix = \"M\"\nreply_to = \"plain\"\n",
        more.section("Done").replace("[mailboxes.main]", "[mailboxes.second]")
    );
    let mut instances: Vec<Child> = NAMES.iter().map(|name| start(&trial, name)).collect();
    let mut dice = Dice::new(5);
    let mut second = more.client();
    let (mut written, mut kills, mut stopped) = (0, 0, 0);
    let mut also = 0;
    let begun = Instant::now();
    let mut next_fault = Duration::from_secs(2);
    while written < emails {
        trial.emails(20);
        written += 20;
        also += 2;
        for n in 0..2 {
            second.append(
                "INBOX",
                &Mail::from(&format!("q{also}x{n}@college.example"))
                    .to("more@desk.example")
                    .in_words(also * 100_000 + n)
                    .bytes(),
            );
        }
        // Mail comes in at some pace, so that faults fall into work.
        std::thread::sleep(Duration::from_millis(100));
        if begun.elapsed() > next_fault {
            next_fault = begun.elapsed() + Duration::from_millis(1_500 + dice.below(3_000));
            let at = usize::try_from(dice.below(3)).unwrap();
            if dice.below(4) == 0 {
                // Cut off for longer than its leases last, then back as if nothing had been.
                signal(&instances[at], "STOP");
                stopped += 1;
                std::thread::sleep(Duration::from_secs(18));
                signal(&instances[at], "CONT");
            } else {
                instances[at].kill().unwrap();
                instances[at].wait().unwrap();
                kills += 1;
                instances[at] = start(&trial, NAMES[at]);
            }
        }
    }
    let store = Store::open(&trial.url).await.unwrap();
    let all = i64::try_from(written + also).unwrap();
    let begun = Instant::now();
    loop {
        let counts = store.inbox_counts().await.unwrap();
        if counts == [("done".to_owned(), all)] && store.outbox(None, 1).await.unwrap().is_empty() {
            break;
        }
        // Kills let a backlog grow: how long it takes is the machine's affair.
        let patience = Duration::from_secs(120 + emails as u64 / 40);
        assert!(begun.elapsed() < patience, "{counts:?} {}", trial.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for instance in &mut instances {
        stop(instance, "TERM");
    }
    let tickets =
        store.tickets(&guichet::store::TicketFilter { limit: 1_000_000, ..Default::default() }).await.unwrap();
    let people: std::collections::BTreeSet<&str> = tickets.iter().map(|t| t.requester.as_str()).collect();
    assert_eq!((tickets.len(), people.len()), (written + also, written + also), "every email one ticket");
    assert!(store.broken_numbers().await.unwrap().is_empty());
    assert_eq!(store.chain("").await.unwrap().problems, Vec::<String>::new());
    let notifications = trial.notifications();
    let reached: std::collections::BTreeSet<&String> = notifications.iter().collect();
    let doubled = notifications.len() - reached.len();
    super::trial::record(
        &format!("three instances on PostgreSQL, {kills} killed, {stopped} cut off for 18 s"),
        kills + stopped,
        written + also,
        written + also - reached.len(),
        doubled,
    );
    assert_eq!(reached.len(), written + also, "everybody was written to");
    assert!(
        doubled <= super::kills::CONNECTIONS * (kills + stopped),
        "{doubled} notifications came twice, {kills} kills and {stopped} stops"
    );
}

fn signal(process: &Child, name: &str) {
    let _ = std::process::Command::new("kill").arg(format!("-{name}")).arg(process.id().to_string()).status();
}

/// How long the others need to take over all that a dead instance did.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_instance_is_replaced_within_thirty_seconds() {
    let mut trial = Trial::new(Database::Postgres).await;
    let mut first = start(&trial, "one");
    trial.emails(1);
    trial.settled(Duration::from_secs(30)).await;
    let mut second = start(&trial, "two");
    std::thread::sleep(Duration::from_secs(1));
    first.kill().unwrap();
    first.wait().unwrap();
    let begun = Instant::now();
    trial.emails(1);
    trial.settled(Duration::from_secs(30)).await;
    let took = begun.elapsed();
    stop(&mut second, "TERM");
    assert!(took < Duration::from_secs(30), "{took:?}");
    let notifications = trial.notifications();
    trial.count("an instance killed, another takes over", 1, notifications, 0).await;
}

/// One that stops in the middle of a transaction keeps nobody waiting, and when it goes on it changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_stops_anywhere_is_replaced_and_fenced_off() {
    let all = ["sending", "written", "loaded", "claimed", "fetched"];
    // Each takes as long as a lease.
    for point in &all[..rounds(2).min(all.len())] {
        let mut trial = Trial::new(Database::Postgres).await;
        trial.emails(6);
        let mut command = trial.program(&["run"]);
        command.env("GUICHET__STORE__INSTANCE", "one").env("GUICHET_KILL_AT", format!("{point}:1:STOP"));
        let mut first = command.spawn().unwrap();
        let begun = Instant::now();
        while !is_stopped(&first) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{point} is never passed: {}", trial.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        let begun = Instant::now();
        let mut second = start(&trial, "two");
        trial.settled(Duration::from_secs(40)).await;
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(30), "{point}: {took:?}");
        signal(&first, "CONT");
        std::thread::sleep(Duration::from_secs(2));
        stop(&mut first, "TERM");
        stop(&mut second, "TERM");
        let notifications = trial.notifications();
        // A notification that was about to leave when its sender was stopped leaves then: nobody can call it back.
        let doubled = if *point == "sending" { super::kills::CONNECTIONS } else { 0 };
        trial
            .count(&format!("stopped at `{point}` until another took over, then let go"), 1, notifications, doubled)
            .await;
    }
}

fn is_stopped(process: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    status.lines().any(|l| l.starts_with("State:") && l.contains('T'))
}

/// Two of one name would take everything from each other.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_of_the_same_name_is_refused_and_a_single_round_goes_on_beside_it() {
    let mut trial = Trial::new(Database::Postgres).await;
    let mut first = start(&trial, "one");
    trial.emails(2);
    trial.settled(Duration::from_secs(30)).await;
    let second = start(&trial, "one").wait().unwrap();
    assert_eq!(second.code(), Some(75), "{}", trial.log());
    assert!(trial.log().contains("another guichet called one is at work"), "{}", trial.log());
    let once = trial.program(&["run", "--once"]).env("GUICHET__STORE__INSTANCE", "one").status().unwrap();
    assert!(once.success(), "{}", trial.log());
    trial.emails(2);
    trial.settled(Duration::from_secs(30)).await;
    stop(&mut first, "TERM");
    trial.count("a second daemon of the same name", 1, trial.notifications(), 0).await;
}

/// Who was cut off and does not know it changes nothing when it comes back.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_whose_lease_was_taken_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::support::site::make(Database::Postgres, folder.path()).await;
    let epoch = |instance: &str, begun| guichet::store::Epoch { instance: instance.to_owned(), begun };
    let old = Store::open(&url).await.unwrap().used_by(epoch("one", 1));
    let other = Store::open(&url).await.unwrap().used_by(epoch("two", 1));
    let new = Store::open(&url).await.unwrap().used_by(epoch("one", 2));
    assert!(old.take_lease("desk", 60_000).await.unwrap());
    assert!(!other.take_lease("desk", 60_000).await.unwrap(), "it is held");
    // A newer epoch of the same instance takes over at once, an older one never.
    assert!(new.take_lease("desk", 60_000).await.unwrap());
    assert!(!old.take_lease("desk", 60_000).await.unwrap());
    let relaxed = guichet::store::Durability::Relaxed;
    let refused = old.begin_under("desk", relaxed).await.err().expect("the old life is fenced off");
    assert!(matches!(refused, guichet::store::StoreError::Fenced(_)), "{refused}");
    assert!(refused.is_transient());
    // While somebody acts under a lease, nobody takes it.
    let acting = new.begin_under("desk", relaxed).await.unwrap();
    let newer = Store::open(&url).await.unwrap().used_by(epoch("one", 3));
    let taking = tokio::spawn(async move { newer.take_lease("desk", 60_000).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!taking.is_finished(), "it waits for the commit");
    acting.commit().await.unwrap();
    assert!(taking.await.unwrap());
    assert!(new.begin_under("desk", relaxed).await.is_err());
}

/// A machine that slept has a clock that slept too: the database knows that its lease was over.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_was_over_is_noticed_even_where_the_clock_stood_still() {
    let site = Site::new(Database::Postgres).await;
    let settings = site.app.settings.load_full();
    let presence = &site.app.presence;
    presence.beat(site.store(), &settings).await.unwrap();
    let claims = presence.claims();
    presence.beat(site.store(), &settings).await.unwrap();
    assert!(presence.still(claims));
    let mut raw = site.raw().await;
    raw.execute("UPDATE lease SET until = 0 WHERE name LIKE 'instance:%'").await.unwrap();
    presence.beat(site.store(), &settings).await.unwrap();
    assert!(presence.is_alive() && !presence.still(claims), "what it had claimed may be others' by now");
}
