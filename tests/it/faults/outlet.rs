//! The SMTP server: refusing now or for good, hanging up, slow, silent.

use super::trial::{Dice, Outlet, Trial, rounds};
use crate::support::Database;
use crate::support::bad_smtp::{BadSmtp, Mood};

async fn with_mood(database: Database, mood: Mood, doubled: usize) {
    let server = BadSmtp::start();
    let mut trial = Trial::new(database).await;
    trial.outlet = Outlet::Port(server.port);
    let mut dice = Dice::new(mood as u64);
    let runs = rounds(2).min(20);
    for _ in 0..runs {
        trial.emails(4);
        let mut moods = [Mood::Good; 4];
        let at = usize::try_from(dice.below(3)).unwrap();
        moods[at] = mood;
        server.moods(&moods[..=at]);
        let _ = trial.program(&["run", "--once"]).status().unwrap();
        while !server.taken_all(&trial) {
            trial.finish();
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
    }
    assert_eq!(server.left(), 0, "{mood:?} never came up");
    trial.count(&format!("SMTP {mood:?}, {database:?}"), runs, server.taken(), runs * doubled).await;
}

trait Taken {
    fn taken_all(&self, trial: &Trial) -> bool;
}

impl Taken for BadSmtp {
    fn taken_all(&self, trial: &Trial) -> bool {
        let people: std::collections::BTreeSet<String> = self.taken().into_iter().collect();
        people.len() == trial.people()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_for_now() {
    for mood in [Mood::Later, Mood::LaterAtTheEnd, Mood::Busy, Mood::Slow] {
        with_mood(Database::Sqlite, mood, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_up_before_the_dot_or_falls_silent() {
    with_mood(Database::Sqlite, Mood::HangUpBeforeTheDot, 0).await;
    with_mood(Database::Postgres, Mood::HangUpBeforeTheDot, 0).await;
    with_mood(Database::Sqlite, Mood::Silent, 0).await;
}

/// It took the email and did not say so: the one notification that comes twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_up_after_the_dot() {
    with_mood(Database::Sqlite, Mood::HangUpAfterTheDot, 1).await;
    with_mood(Database::Postgres, Mood::HangUpAfterTheDot, 1).await;
}

/// What is refused for good is kept, shown, and left to a person, who has it sent after all.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_for_good() {
    for mood in [Mood::Never, Mood::NeverAtTheEnd] {
        let server = BadSmtp::start();
        let mut trial = Trial::new(Database::Sqlite).await;
        trial.outlet = Outlet::Port(server.port);
        trial.emails(4);
        server.moods(&[Mood::Good, mood]);
        trial.finish();
        assert_eq!(server.taken().len(), 3, "{mood:?}");
        assert!(trial.program(&["outbox", "retry", "--all"]).status().unwrap().success());
        trial.finish();
        trial.count(&format!("SMTP {mood:?}"), 1, server.taken(), 0).await;
    }
}

/// An email to two people of one ticket: the one who is refused keeps nothing from the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_one_recipient_of_several() {
    let server = BadSmtp::start();
    let mut trial = Trial::new(Database::Sqlite).await;
    trial.outlet = Outlet::Port(server.port);
    trial.more = "[agents.marie]\naddress = \"marie@agents.example\"\nroles = [\"moderator\"]\nqueues = [\"help\"]\n\
                  [agents.luc]\naddress = \"luc@agents.example\"\nroles = [\"moderator\"]\nqueues = [\"help\"]\n"
        .to_owned();
    server.refuse("luc@agents.example");
    trial.emails(3);
    trial.finish();
    let to = |who: &str| server.taken().iter().filter(|to| *to == who).count();
    assert_eq!((to("marie@agents.example"), to("luc@agents.example")), (3, 0));
    let requesters: Vec<String> = server.taken().into_iter().filter(|to| to.ends_with("@college.example")).collect();
    trial.count("SMTP refuses one recipient of several", 1, requesters, 0).await;
}
