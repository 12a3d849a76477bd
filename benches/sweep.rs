//! Whether meeting deadlines costs the same however many tickets are open: 50 that are due among 1,000, and
//! 50 among 1,000,000. Run with `cargo bench --bench sweep`; with GUICHET_BENCH_POSTGRES=postgres://…/DATABASE
//! (an empty one) also there. Prints medians, taken in turn, and their ratio.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that prints and may stop")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use guichet::clock::{Clock, DAY};
use guichet::settings;
use guichet::work::{App, sweep};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

const NOW: i64 = 1_772_439_300_000;
const DUE: i64 = 50;
const ROUNDS: usize = 15;
const SIZES: [i64; 2] = [1_000, 1_000_000];

/// A desk with so many open tickets, three deadlines each, none due.
async fn app(folder: &std::path::Path, url: &str, tickets: i64) -> (Arc<App>, AnyConnection, Clock) {
    std::fs::create_dir_all(folder.join("mail/new")).unwrap();
    let config = format!(
        "[desk]\nname = \"Desk\"\n[store]\nurl = \"{url}\"\n[smtp]\nhost = \"127.0.0.1\"\nport = 9\nsecurity = \"none\"\n\
         [limits]\nagent_notifications_per_hour = 1000000000\n\
         [mailboxes.main]\nkind = \"maildir\"\npath = \"mail\"\n\
         [queues.help]\nmailbox = \"main\"\naddress = \"help@desk.example\"\nprefix = \"T\"\nreply_to = \"plain\"\nsla = \"std\"\n\
         [agents.marie]\naddress = \"marie@desk.example\"\nname = \"Marie\"\nroles = [\"moderator\"]\nqueues = [\"help\"]\n\
         [slas.std]\ntargets = [{{ respond = \"100d\", resolve = \"200d\" }}]\nwarn_at = [50]\n"
    );
    let file = folder.join("guichet.toml");
    std::fs::write(&file, config).unwrap();
    let settings = settings::load_with(&file, Vec::new()).unwrap();
    let digest = settings.policy.slas.digest.clone();
    let clock = Clock::fixed(NOW);
    let app = App::open(settings, clock.clone()).await.unwrap();
    app.store.set_meta("slas", &digest).await.unwrap();
    let mut raw = AnyConnection::connect(url).await.unwrap();
    let (respond, resolve) = (NOW + 100 * DAY, NOW + 200 * DAY);
    let sla = format!(
        "{{\"policy\":\"std\",\"calendar\":\"always\",\"respond\":{},\"resolve\":{},\"from\":{NOW},\"since\":{NOW},\
         \"respond_due\":{respond},\"resolve_due\":{resolve},\"respond_missed\":0,\"resolve_missed\":0,\"respond_told\":0,\
         \"resolve_told\":0,\"respond_took\":null,\"resolve_took\":null,\"progress_at\":{NOW},\"stuck_at\":0,\
         \"post_mortem_asked\":0,\"post_mortem_at\":0,\"unacknowledged\":false,\"stays\":[{{\"at\":{NOW},\"run\":\"running\"}}]}}",
        100 * DAY,
        200 * DAY
    );
    let series = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tickets})");
    let ticket = format!(
        "{series} INSERT INTO ticket (id, number, queue, title, status, priority, requester, created_at, updated_at, sla, \
         respond_due, resolve_due) {} SELECT i, 'T-' || i, 'help', 'Panne ' || i, 'open', 'P3', 'u' || i || '@college.example', \
         {NOW}, {NOW}, '{sla}', {respond}, {resolve} FROM n",
        if url.starts_with("postgres") { "OVERRIDING SYSTEM VALUE" } else { "" }
    );
    raw.execute(AssertSqlSafe(ticket)).await.unwrap();
    for (kind, at) in [("respond", respond), ("resolve", resolve), ("warn_resolve", NOW + 100 * DAY)] {
        let rows = format!(
            "{series} INSERT INTO deadline (ticket_id, kind, due_at) SELECT i, '{kind}', {at} + i % 86400000 FROM n"
        );
        raw.execute(AssertSqlSafe(rows)).await.unwrap();
    }
    raw.execute("ANALYZE").await.unwrap();
    (app, raw, clock)
}

/// Makes 50 of them due, spread over all tickets, and meets them.
async fn round(app: &App, raw: &mut AnyConnection, clock: &Clock, tickets: i64) -> Duration {
    clock.advance(1_000);
    let step = tickets / DUE;
    let due = clock.now() - 1;
    let text = format!("UPDATE deadline SET due_at = {due} WHERE kind = 'warn_resolve' AND ticket_id % {step} = 1");
    raw.execute(AssertSqlSafe(text)).await.unwrap();
    let heard: BTreeMap<String, i64> = [("main".to_owned(), clock.now())].into();
    let begun = Instant::now();
    let met = sweep::drain(app, &heard).await.unwrap();
    let took = begun.elapsed();
    assert_eq!(met, usize::try_from(DUE).unwrap());
    // As they were: each is to be warned again, at the time that follows from its promise.
    took
}

async fn compare(name: &str, urls: [String; 2], folder: &std::path::Path) {
    let mut desks = Vec::new();
    for (size, url) in SIZES.iter().zip(&urls) {
        desks.push(app(&folder.join(format!("{name}-{size}")), url, *size).await);
    }
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for ((times, size), (app, raw, clock)) in times.iter_mut().zip(SIZES).zip(&mut desks) {
            times.push(round(app, raw, clock, size).await);
        }
    }
    let medians = times.map(|mut times| {
        times.sort();
        println!("{name}: lowest {:?}, median {:?}, highest {:?}", times[0], times[ROUNDS / 2], times[ROUNDS - 1]);
        times[ROUNDS / 2].as_secs_f64()
    });
    println!("{name}: {} open tickets cost {:.2} times what {} do", SIZES[1], medians[1] / medians[0], SIZES[0]);
}

#[tokio::main]
async fn main() {
    sqlx::any::install_default_drivers();
    let folder = tempfile::tempdir().unwrap();
    let file = |size: i64| format!("sqlite:{}", folder.path().join(format!("{size}.db")).display());
    compare("SQLite", SIZES.map(file), folder.path()).await;
    if let Ok(url) = std::env::var("GUICHET_BENCH_POSTGRES") {
        let mut urls = Vec::new();
        for size in SIZES {
            let mut raw = AnyConnection::connect(&url).await.unwrap();
            raw.execute(AssertSqlSafe(format!("CREATE DATABASE sweep_{size}"))).await.unwrap();
            urls.push(format!("{}/sweep_{size}", url.rsplit_once('/').unwrap().0));
        }
        compare("PostgreSQL", urls.try_into().unwrap(), folder.path()).await;
    }
}
