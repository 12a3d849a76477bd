//! A whole desk: configuration, database, Maildir, sink, and a clock that tests move.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use guichet::clock::Clock;
use guichet::edge::maildir;
use guichet::settings;
use guichet::store::{InboxRow, Store, TicketFilter, TicketRow};
use guichet::work::{App, once};
use sqlx::{AnyConnection, Connection, Executor};

use super::mail::{MARIE, Mail, SUPPORT};
use super::sink::Sink;
use super::{unique, variable};

/// Which database a story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// 2026-03-02 09:15 in Paris, a Monday.
pub const START: i64 = 1_772_439_300_000;

/// A desk and the world around it.
pub struct Site {
    pub folder: tempfile::TempDir,
    pub sink: Sink,
    pub clock: Clock,
    pub url: String,
    pub app: Arc<App>,
    count: std::cell::Cell<u32>,
}

impl Site {
    pub async fn new(database: Database) -> Self {
        Self::with(database, "").await
    }

    /// With more configuration, which may repeat sections: it is a file in conf.d.
    pub async fn with(database: Database, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sink = Sink::start();
        let url = make(database, folder.path()).await;
        configure(folder.path(), &url, sink.port, more);
        let clock = Clock::fixed(START);
        let app = open(folder.path(), &clock).await;
        Self { folder, sink, clock, url, app, count: 0.into() }
    }

    /// With an example configuration as it is shipped; only its servers are those of the tests.
    pub async fn example(database: Database, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sink = Sink::start();
        let url = make(database, folder.path()).await;
        configure(folder.path(), &url, sink.port, "");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("config/examples/{name}.toml"));
        let mut table: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
        let place = |text: String| -> toml::Value { text.parse::<toml::Table>().unwrap().into() };
        table.insert("store".to_owned(), place(format!("url = \"{url}\"")));
        let smtp = format!("host = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\ntimeout = \"5s\"", sink.port);
        table.insert("smtp".to_owned(), place(smtp));
        for (_, mailbox) in table["mailboxes"].as_table_mut().unwrap() {
            let server = mailbox.get("authserv_id").cloned();
            *mailbox = place("kind = \"maildir\"\npath = \"mail\"\narchive = \"Done\"".to_owned());
            if let Some(server) = server {
                mailbox.as_table_mut().unwrap().insert("authserv_id".to_owned(), server);
            }
        }
        std::fs::write(folder.path().join("guichet.toml"), table.to_string()).unwrap();
        let calendar = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples/vacances-zone-a.ics");
        std::fs::copy(calendar, folder.path().join("vacances-zone-a.ics")).unwrap();
        let clock = Clock::fixed(START);
        let app = open(folder.path(), &clock).await;
        Self { folder, sink, clock, url, app, count: 0.into() }
    }

    /// The ticket with this number.
    pub async fn ticket(&self, number: &str) -> TicketRow {
        self.store().ticket(number).await.unwrap().unwrap_or_else(|| panic!("there is no {number}"))
    }

    /// Subjects of all notifications to an address, in no order.
    pub fn subjects(&self, address: &str) -> Vec<String> {
        self.sink.to(address).into_iter().map(|l| l.mail.subject).collect()
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("guichet.toml")
    }

    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// An email arrives.
    pub fn put(&self, mail: &Mail) {
        self.put_bytes(&mail.bytes());
    }

    pub fn put_bytes(&self, bytes: &[u8]) {
        let number = self.count.get();
        self.count.set(number + 1);
        maildir::deliver(&self.folder.path().join("mail"), &format!("{}.m", 1_000 + number), bytes).unwrap();
    }

    /// A round of work.
    pub async fn round(&self) -> once::Tally {
        // A test that looks through thousands of notifications keeps its one thread, and with it the heartbeat, for longer
        // than a lease is relied on.
        self.app.presence.beat(self.store(), &self.app.settings.load_full()).await.unwrap();
        once::run(&self.app).await.unwrap()
    }

    /// Copies, upkeep and alarms, and the notifications that come of them.
    pub async fn tend(&self) {
        self.round().await;
        guichet::work::tend(&self.app).await.unwrap();
        self.round().await;
    }

    /// An email arrives and is worked on.
    pub async fn receive(&self, mail: &Mail) {
        self.put(mail);
        self.round().await;
    }

    /// A minute later an email arrives and is worked on.
    pub async fn then(&self, mail: &Mail) {
        self.clock.advance(60_000);
        self.receive(mail).await;
    }

    /// Time passes, and what is due is done.
    pub async fn pass(&self, time: i64) {
        self.clock.advance(time);
        self.round().await;
    }

    /// Time passes until then (RFC 3339), and what is due is done.
    pub async fn until(&self, when: &str) {
        let at = when.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        assert!(at >= self.clock.now(), "{when} is over");
        self.pass(at - self.clock.now()).await;
    }

    /// The configuration is edited, and read again.
    pub fn edit(&self, more: &str) {
        std::fs::write(self.folder.path().join("conf.d/zz.toml"), more).unwrap();
        let settings = settings::load_with(&self.config(), Vec::new()).unwrap();
        self.app.settings.store(Arc::new(settings));
    }

    pub async fn tickets(&self) -> Vec<TicketRow> {
        let mut tickets =
            self.store().tickets(&TicketFilter { limit: 100_000, ..TicketFilter::default() }).await.unwrap();
        tickets.reverse();
        tickets
    }

    pub async fn only_ticket(&self) -> TicketRow {
        let mut tickets = self.tickets().await;
        assert_eq!(tickets.len(), 1, "{tickets:?}");
        tickets.remove(0)
    }

    /// Kinds of everything in a ticket's history.
    pub async fn events(&self, ticket: &TicketRow) -> Vec<String> {
        let events = self.store().events(ticket.id).await.unwrap();
        events.into_iter().map(|e| format!("{}: {}", e.kind, e.text)).collect()
    }

    /// What became of an email.
    pub async fn verdict(&self, mail: &Mail) -> InboxRow {
        let mut rows = self.store().emails_by_message_id(&mail.id).await.unwrap();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }

    /// A connection past the store, for damage and inspection.
    pub async fn raw(&self) -> AnyConnection {
        AnyConnection::connect(&self.url).await.unwrap()
    }
}

/// A fresh, empty database.
pub async fn make(database: Database, folder: &Path) -> String {
    sqlx::any::install_default_drivers();
    match database {
        Database::Sqlite => format!("sqlite:{}", folder.join("guichet.db").display()),
        Database::Postgres => {
            let server = variable("GUICHET_TEST_POSTGRES");
            let name = unique("t");
            let mut connection = AnyConnection::connect(&format!("{server}/postgres")).await.unwrap();
            connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
            format!("{server}/{name}")
        }
    }
}

pub async fn open(folder: &Path, clock: &Clock) -> Arc<App> {
    let settings = settings::load_with(&folder.join("guichet.toml"), Vec::new()).unwrap();
    App::open(settings, clock.clone()).await.unwrap()
}

fn configure(folder: &Path, url: &str, smtp_port: u16, more: &str) {
    for sub in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(folder.join("mail").join(sub)).unwrap();
    }
    std::fs::create_dir_all(folder.join("conf.d")).unwrap();
    let text = format!(
        r#"
[watch]
listen = ""
[desk]
name = "Support du collège"
language = "fr"
[store]
url = "{url}"
[smtp]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
timeout = "5s"
[mailboxes.main]
kind = "maildir"
path = "mail"
archive = "Done"
[queues.help]
mailbox = "main"
address = "{SUPPORT}"
prefix = "CG42N1"
reply_to = "plain"
agent_reply = "note"
[life]
unassigned_within = "never"
unanswered_within = "never"
untouched_within = "never"
approval_within = "never"
vendor_within = "never"
[agents.marie]
address = "{MARIE}"
name = "Marie Dubois"
roles = ["moderator"]
queues = ["help"]
"#
    );
    std::fs::write(folder.join("guichet.toml"), text).unwrap();
    std::fs::write(folder.join("conf.d/more.toml"), more).unwrap();
}
