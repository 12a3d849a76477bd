//! What leaves first, and what waits for what.

use std::time::Duration;

use guichet::clock::{HOUR, MINUTE};
use guichet::work::once;

use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::scripted_smtp::{PIPELINING, Rule, ScriptedSmtp, Then, rule};
use crate::support::{Database, Site};

/// A service desk whose notifications go to this server.
async fn desk(database: Database, server: &ScriptedSmtp, smtp: &str) -> Site {
    let site = Site::new(database).await;
    site.edit(&format!("[smtp]\nport = {}\ntimeout = \"5s\"\n{smtp}", server.port));
    site
}

/// Subjects, in the order in which the server took them.
fn taken(server: &ScriptedSmtp) -> Vec<(String, String)> {
    let subject = |content: &str| {
        let mail = guichet::mail::parse(content.as_bytes(), &guichet::mail::Limits::default()).unwrap();
        mail.subject
    };
    server.set(|state| state.taken.iter().map(|(to, content)| (to.clone(), subject(content))).collect())
}

fn slow() -> Rule {
    rule(".", b"250 ok\r\n").then(Then::After(Duration::from_millis(100)))
}

async fn connections_work_side_by_side(database: Database) {
    let server = ScriptedSmtp::start(PIPELINING, vec![slow()]);
    let site = desk(database, &server, "").await;
    for n in 0..12 {
        site.put(&Mail::from(&format!("p{n}@college.example")).in_words(n));
    }
    once::run(&site.app).await.unwrap();
    assert_eq!(server.set(|state| (state.connections, state.taken.len())), (3, 24));
    // Requesters hear first, whoever was written to first.
    let order = taken(&server);
    let last_of_people = order.iter().rposition(|(to, _)| to != MARIE).unwrap();
    assert!(last_of_people < 17, "{order:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_work_side_by_side_on_sqlite() {
    connections_work_side_by_side(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_work_side_by_side_on_postgres() {
    connections_work_side_by_side(Database::Postgres).await;
}

/// A server that lets in one connection and no more is one that is served by one.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_one_connection_is_served_by_one() {
    let server = ScriptedSmtp::start(
        PIPELINING,
        vec![
            rule("GREETING", b"220 ready\r\n").times(1),
            rule("GREETING", b"421 too many connections\r\n").then(Then::Close),
            slow(),
        ],
    );
    let site = desk(Database::Sqlite, &server, "").await;
    for n in 0..6 {
        site.put(&Mail::from(&format!("p{n}@college.example")).in_words(n));
    }
    once::run(&site.app).await.unwrap();
    assert_eq!(server.taken().len(), 12, "and no notification pays for it");
}

async fn a_retry_holds_back_only_its_own_ticket_and_person(database: Database) {
    let server = ScriptedSmtp::start(PIPELINING, vec![rule("RCPT", b"450 later\r\n").holding(ANA).times(1)]);
    let site = desk(database, &server, "").await;
    site.put(&Mail::from(ANA));
    site.put(&Mail::from("bob@college.example").in_words(1));
    once::run(&site.app).await.unwrap();
    assert_eq!(taken(&server).iter().filter(|(to, _)| to == ANA).count(), 0);
    let notice =
        server.set(|state| state.taken.iter().find(|(to, content)| to == MARIE && content.contains("000001")).cloned());
    let notice = guichet::mail::parse(notice.unwrap().1.as_bytes(), &guichet::mail::Limits::default()).unwrap();
    site.put(&Mail::reply(&notice, MARIE, "#public\nRedémarrez-la."));
    site.put(&Mail::from("eve@college.example").in_words(2));
    once::run(&site.app).await.unwrap();
    let to = |who: &str| taken(&server).iter().filter(|(to, _)| to == who).count();
    assert_eq!(
        (to(ANA), to("bob@college.example"), to("eve@college.example")),
        (0, 1, 1),
        "the answer waits for the acknowledgement"
    );
    site.clock.advance(HOUR);
    for _ in 0..2 {
        once::run(&site.app).await.unwrap();
        site.clock.advance(MINUTE);
    }
    let order: Vec<String> =
        taken(&server).into_iter().filter(|(to, _)| to == ANA).map(|(_, subject)| subject).collect();
    assert_eq!(order, ["[CG42N1-000001] Imprimante en panne", "Re: [CG42N1-000001] Imprimante en panne"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_holds_back_only_its_own_ticket_and_person_on_sqlite() {
    a_retry_holds_back_only_its_own_ticket_and_person(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_holds_back_only_its_own_ticket_and_person_on_postgres() {
    a_retry_holds_back_only_its_own_ticket_and_person(Database::Postgres).await;
}

async fn the_most_urgent_leaves_first(database: Database) {
    let server = ScriptedSmtp::start(PIPELINING, vec![]);
    let site = desk(database, &server, "connections = 1\n").await;
    for n in 0..4 {
        site.put(&Mail::from(&format!("p{n}@college.example")).in_words(n));
    }
    site.put(&Mail::from("chef@college.example").subject("[P0] Tout est en panne").in_words(9));
    once::run(&site.app).await.unwrap();
    let order: Vec<String> = taken(&server).into_iter().map(|(to, _)| to).collect();
    let of_p0 = order.iter().position(|to| to == "chef@college.example").unwrap();
    let last_ack = order.iter().rposition(|to| to.starts_with('p')).unwrap();
    let last_notice = order.iter().rposition(|to| to == MARIE).unwrap();
    assert!(of_p0 < 3 && last_ack < last_notice, "{order:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_urgent_leaves_first_on_sqlite() {
    the_most_urgent_leaves_first(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_urgent_leaves_first_on_postgres() {
    the_most_urgent_leaves_first(Database::Postgres).await;
}

async fn a_rate_holds_for_all_that_is_sent(database: Database) {
    let server = ScriptedSmtp::start(PIPELINING, vec![]);
    let site = desk(database, &server, "per_minute = 4\n").await;
    for n in 0..5 {
        site.put(&Mail::from(&format!("p{n}@college.example")).in_words(n));
    }
    let mut counts = Vec::new();
    for _ in 0..4 {
        once::run(&site.app).await.unwrap();
        once::run(&site.app).await.unwrap();
        counts.push(server.taken().len());
        site.clock.advance(MINUTE + 1);
    }
    assert_eq!(counts, [4, 8, 10, 10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_holds_for_all_that_is_sent_on_sqlite() {
    a_rate_holds_for_all_that_is_sent(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_holds_for_all_that_is_sent_on_postgres() {
    a_rate_holds_for_all_that_is_sent(Database::Postgres).await;
}
