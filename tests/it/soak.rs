//! Many emails through one daemon: its memory must not follow them.
//!
//! `./tests/soak` runs it with 100,000; `./tests/run` with a few thousand, whose memory may still settle.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use guichet::clock::HOUR;
use guichet::edge::maildir;
use guichet::store::Store;
use sqlx::Row;

use crate::support::mail::{ANA, Mail};
use crate::support::servers::stop;
use crate::support::{Database, Site, free_port};

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

/// Resident memory in KiB: now, and at most.
fn memory(process: &Child) -> (u64, u64) {
    memory_of(process.id())
}

fn memory_of(process: u32) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let field = |name: &str| -> u64 {
        let line = text.lines().find(|l| l.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (field("VmRSS:"), field("VmHWM:"))
}

async fn done(store: &Store) -> usize {
    let counts = store.inbox_counts().await.unwrap();
    counts.iter().find(|(state, _)| state == "done").map_or(0, |(_, n)| usize::try_from(*n).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_does_not_follow_the_emails() {
    let emails = number("GUICHET_SOAK_MAILS", 4_000);
    let first = emails / 10;
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    // It takes notifications and forgets them.
    let mut sink = Command::new("/usr/sbin/smtp-sink");
    if std::fs::read_to_string("/proc/self/status").unwrap().contains("Uid:\t0") {
        sink.args(["-u", "nobody"]);
    }
    let mut sink = sink.arg(format!("127.0.0.1:{port}")).arg("200").stderr(Stdio::null()).spawn().unwrap();
    let url = format!("sqlite:{}", folder.path().join("guichet.db").display());
    let text = format!(
        "[desk]\nname = \"Desk\"\n[store]\nurl = \"{url}\"\n[watch]\nlisten = \"\"\n[smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\n\
         [limits]\nemails_per_hour = 0\n[mailboxes.main]\nkind = \"maildir\"\npath = \"mail\"\narchive = \"Done\"\npoll = \"1s\"\n[queues.help]\n\
         mailbox = \"main\"\naddress = \"support@desk.example\"\nprefix = \"K\"\nreply_to = \"plain\"\n[agents.marie]\n\
         address = \"marie@agents.example\"\nroles = [\"moderator\"]\nqueues = [\"help\"]\n"
    );
    let config = folder.path().join("guichet.toml");
    std::fs::write(&config, text).unwrap();
    for sub in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(folder.path().join("mail").join(sub)).unwrap();
    }
    let binary = std::env::var("GUICHET_TEST_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_guichet").to_owned());
    let mut command = Command::new(binary);
    command.arg("--config").arg(&config).arg("run").env("GUICHET_LOG", "warn").stderr(Stdio::null());
    let mut daemon = command.spawn().unwrap();
    let begun = Instant::now();
    while !folder.path().join("guichet.db").exists() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let store = Store::open(&url).await.unwrap();
    let (mut early, mut written) = (None, 0);
    let patience = Duration::from_secs(300) + Duration::from_millis(20 * emails as u64);
    loop {
        let through = done(&store).await;
        if early.is_none() && through >= first {
            early = Some(memory(&daemon).0);
        }
        if through >= emails {
            break;
        }
        // Never far ahead: what waits lies in files, not in anybody's memory.
        while written < emails && written < through + 2_000 {
            written += 1;
            let mail = Mail::from(&format!("p{written}@college.example"))
                .subject(&format!("Demande {written}"))
                .in_words(written);
            maildir::deliver(&folder.path().join("mail"), &format!("{}.m", 1_000_000 + written), &mail.bytes())
                .unwrap();
        }
        assert!(begun.elapsed() < patience, "{through} of {emails} only");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = begun.elapsed().as_secs_f64();
    while !store.outbox(None, 1).await.unwrap().is_empty() {
        assert!(begun.elapsed() < patience, "notifications wait");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (late, most) = memory(&daemon);
    let early = early.unwrap();
    store.close().await;
    stop(&mut daemon, "TERM");
    let _ = sink.kill();
    sink.wait().unwrap();
    let ratio = late as f64 / early as f64;
    if let Ok(table) = std::env::var("GUICHET_SOAK_TABLE") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(table).unwrap();
        writeln!(file, "{emails} emails in {took:.0} s: {early} KiB after {first}, {late} KiB at the end ({ratio:.3}), {most} KiB at most").unwrap();
    }
    // A few thousand emails are hardly more than what buffers need to grow to their size.
    let allowed = if emails >= 100_000 { 1.10 } else { 1.6 };
    assert!(ratio <= allowed, "{early} KiB after {first} emails, {late} KiB after {emails}: {ratio:.3}");
}

/// What a process holds: file handles, tasks, rows of `lease` and `alarm`, KiB of memory.
async fn held(site: &Site) -> ([usize; 4], u64) {
    let handles = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let mut connection = site.raw().await;
    let mut rows = [0; 2];
    for (count, table) in rows.iter_mut().zip(["lease", "alarm"]) {
        let query = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")));
        *count = usize::try_from(query.fetch_one(&mut connection).await.unwrap().get::<i64, _>(0)).unwrap();
    }
    sqlx::Connection::close(connection).await.unwrap();
    ([handles, tasks, rows[0], rows[1]], memory_of(std::process::id()).0)
}

/// A week in which nobody writes, hour by hour, in a process of its own: other tests would open files meanwhile.
async fn idle_week(own_name: &str, database: Database) {
    const WEEK: &str = "GUICHET_TEST_IDLE_WEEK";
    if std::env::var_os(WEEK).is_none() {
        let mut own = Command::new(std::env::current_exe().unwrap());
        let output = own.args(["--exact", own_name, "--nocapture"]).env(WEEK, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return;
    }
    let more = "[calendars.office]\nhours = { mon-fri = \"08:00-18:00\" }\n[slas.std]\ncalendar = \"office\"\n\
                targets = [{ respond = \"2h\", resolve = \"8h\" }]\n[queues.help]\nsla = \"std\"\n[reports.jour]\nkind = \"daily\"\n\
                cron = \"0 0 8 * * *\"\nto = [\"marie\"]\n";
    let site = Site::with(database, more).await;
    site.receive(&Mail::from(ANA)).await;
    let mut after_a_day = None;
    for hour in 1..=7 * 24 {
        site.pass(HOUR).await;
        site.tend().await;
        if hour == 24 {
            after_a_day = Some(held(&site).await);
        }
    }
    let (early, memory_early) = after_a_day.unwrap();
    let (late, memory_late) = held(&site).await;
    println!(
        "handles, tasks, leases, alarms: {early:?} after a day, {late:?} after a week; {memory_early} and {memory_late} KiB"
    );
    // A connection to the database more or less; what an hour or a day left behind would be many.
    let most = [early[0] + 4, early[1] + 4, early[2], early[3]];
    assert!(late.iter().zip(&most).all(|(late, most)| late <= most), "{late:?} after a week, {early:?} after a day");
    // The notifications of six more days lie in the sink, in this process.
    assert!(memory_late <= memory_early + 4_096, "{memory_early} KiB after a day, {memory_late} after a week");
}

#[tokio::test]
async fn an_idle_week_leaves_nothing_behind_on_sqlite() {
    idle_week("soak::an_idle_week_leaves_nothing_behind_on_sqlite", Database::Sqlite).await;
}

#[tokio::test]
async fn an_idle_week_leaves_nothing_behind_on_postgres() {
    idle_week("soak::an_idle_week_leaves_nothing_behind_on_postgres", Database::Postgres).await;
}
