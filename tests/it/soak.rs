//! Many emails through one daemon: its memory must not follow them.
//!
//! `./tests/soak` runs it with 100,000; `./tests/run` with a few thousand, whose memory may still settle.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use guichet::edge::maildir;
use guichet::store::Store;

use crate::support::free_port;
use crate::support::mail::Mail;
use crate::support::servers::stop;

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

/// Resident memory in KiB: now, and at most.
fn memory(process: &Child) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
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
