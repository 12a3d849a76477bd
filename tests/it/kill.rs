//! The program killed in the middle of its work, again and again; then counted.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use guichet::store::{Store, TicketFilter};

use crate::support::dovecot::User;
use crate::support::mail::Mail;
use crate::support::sink::Sink;

const EMAILS: usize = 2_000;
const KILLS: u64 = 10;

/// A plain generator, so that a seed repeats a run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_lose_nothing_and_double_at_most_a_notification_a_connection() {
    let user = User::new();
    let mut client = user.client();
    for n in 0..EMAILS {
        client.append("INBOX", &Mail::from(&format!("p{n}@college.example")).in_words(n).bytes());
    }
    let sink = Sink::start();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("guichet.toml");
    let url = format!("sqlite:{}", folder.path().join("guichet.db").display());
    let text = format!(
        "[desk]\nname = \"Desk\"\n[store]\nurl = \"{url}\"\n[watch]\nlisten = \"\"\n[smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n{}\
         [queues.help]\nmailbox = \"main\"\naddress = \"support@desk.example\"\nprefix = \"K\"\nreply_to = \"plain\"\n",
        sink.port,
        user.section("Done")
    );
    std::fs::write(&config, text).unwrap();
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
        command.arg("--config").arg(&config).args(arguments).stderr(Stdio::null()).stdout(Stdio::null());
        command
    };
    let mut dice = Dice(20_260_302);
    for _ in 0..KILLS {
        let mut daemon = program(&["run"]).spawn().unwrap();
        // From the first start of work to well into it.
        std::thread::sleep(Duration::from_millis(60 + dice.below(500)));
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    assert!(program(&["run", "--once"]).status().unwrap().success());

    let store = Store::open(&url).await.unwrap();
    let tickets = store.tickets(&TicketFilter { limit: 10_000, ..TicketFilter::default() }).await.unwrap();
    let mut numbers: Vec<String> = tickets.iter().map(|t| t.number.clone()).collect();
    numbers.sort();
    let expected: Vec<String> = (1..=EMAILS).map(|n| format!("K-{n:06}")).collect();
    assert_eq!(numbers, expected, "every email one ticket, numbers without gap or repeat");
    let senders: BTreeMap<&str, usize> = tickets.iter().map(|t| (t.requester.as_str(), 1)).collect();
    assert_eq!(senders.len(), EMAILS);
    assert_eq!(store.inbox_counts().await.unwrap(), [("done".to_owned(), EMAILS as i64)]);

    let mut notifications: BTreeMap<String, usize> = BTreeMap::new();
    for notification in sink.notifications() {
        *notifications.entry(notification.to).or_default() += 1;
    }
    assert_eq!(notifications.len(), EMAILS, "every requester was acknowledged");
    let doubled: usize = notifications.values().map(|count| count - 1).sum();
    let most = crate::faults::kills::CONNECTIONS * usize::try_from(KILLS).unwrap();
    assert!(doubled <= most, "{doubled} notifications doubled by {KILLS} kills");
    assert_eq!(client.count("INBOX"), Some(0));
    assert_eq!(client.count("Done"), Some(EMAILS));
}
