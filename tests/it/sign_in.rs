//! Signing in by OAuth 2.0: a real authorization server and a real Dovecot.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use guichet::clock::{Clock, DAY, HOUR, MINUTE};
use guichet::edge::imap::{Imap, ImapTrouble, Login};
use guichet::edge::net::Security;
use guichet::edge::oauth2::{Refused, TokenTrouble};
use guichet::edge::smtp::{Smtp, SmtpTrouble};
use guichet::settings::{self, MailboxKind, Settings};
use guichet::store::EncryptionTrouble;
use guichet::trouble::Trouble;
use guichet::work::sign_in::{Expiring, Perishable, Signer, Tokens, expiring};
use guichet::work::{App, once};
use secrecy::SecretString;
use sqlx::{AnyConnection, Connection, Executor, Row};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::support::authority::{Authority, Manner, SECRET, jwt};
use crate::support::dovecot::User;
use crate::support::mail::{ANA, Mail};
use crate::support::sink::{Sink, notifications_in};
use crate::support::site::open;
use crate::support::{Database, Site, eventually, unique, variable};

/// A desk that signs in by tokens, and can be started again.
struct Office {
    folder: tempfile::TempDir,
    sink: Sink,
    clock: Clock,
    url: String,
    app: Option<Arc<App>>,
}

const REFRESH: &str = ", refresh_token = \"refresh-token-as-configured\"";

impl Office {
    /// With more configuration beside that of the tests' desk.
    async fn new(database: Database, more: &str) -> Self {
        let site = Site::new(database).await;
        let mut office = Self { folder: site.folder, sink: site.sink, clock: site.clock, url: site.url, app: None };
        site.app.close().await;
        drop(site.app);
        office.configure(more);
        office.start().await;
        office
    }

    /// That reads this user's mailbox by tokens of this server.
    async fn reading(user: &User, authority: &Authority, more: &str) -> Self {
        Self::new(Database::Sqlite, &mailbox(user, &authority.table(more))).await
    }

    fn configure(&self, more: &str) {
        std::fs::write(self.folder.path().join("conf.d/zz.toml"), more).unwrap();
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("guichet.toml")
    }

    fn settings(&self) -> Settings {
        settings::load_with(&self.config(), Vec::new()).unwrap()
    }

    /// The configuration is edited, and read again.
    fn reload(&self, more: &str) {
        self.configure(more);
        self.app().settings.store(Arc::new(self.settings()));
    }

    async fn start(&mut self) {
        self.app = Some(open(self.folder.path(), &self.clock).await);
    }

    async fn stop(&mut self) {
        self.app.take().unwrap().close().await;
    }

    async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    async fn round(&self) -> Result<once::Tally, Trouble> {
        once::run(self.app()).await
    }

    async fn expiring(&self) -> Vec<Expiring> {
        let app = self.app();
        expiring(&app.tokens, &app.settings.load_full(), &app.store, self.clock.now()).await.unwrap()
    }

    fn said(&self, one: &Expiring, language: &str) -> String {
        let settings = self.settings();
        crate::support::sink::typed(&settings.templates.phrases(language).say(&one.said, &settings.policy))
    }

    fn signer<'a>(&'a self, tokens: &'a Tokens) -> Signer<'a> {
        Signer { tokens, store: Some(&self.app().store), key: self.settings().key }
    }

    async fn raw(&self) -> AnyConnection {
        AnyConnection::connect(&self.url).await.unwrap()
    }

    /// Every byte of the database and of the files beside it, but for the key.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|e| e.unwrap().path());
        let database = files.filter(|f| f.file_name().unwrap().to_string_lossy().starts_with("guichet.db"));
        database.flat_map(|file| std::fs::read(file).unwrap()).collect()
    }

    fn program(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
        command.arg("--config").arg(self.config()).args(arguments).env("GUICHET_LOG", "trace");
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }
}

fn mailbox(user: &User, oauth2: &str) -> String {
    format!(
        "[mailboxes.main]\nkind = \"imap\"\nhost = \"{}\"\nport = {}\nsecurity = \"none\"\nusername = \"{}\"\narchive = \"Done\"\n{oauth2}\n",
        user.host,
        User::port(),
        user.name
    )
}

/// Sending over the test Dovecot, which passes notifications on.
fn submission(user: &str, oauth2: &str) -> String {
    format!(
        "[smtp]\nhost = \"localhost\"\nport = {}\nsecurity = \"starttls\"\nca_file = \"{}\"\nusername = \"{user}\"\n{oauth2}\n",
        variable("GUICHET_TEST_SUBMISSION_PORT"),
        ca()
    )
}

fn ca() -> String {
    Path::new(&variable("GUICHET_TEST_DIR")).join("ca.pem").display().to_string()
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|w| w == word.as_bytes())
}

fn write_mail(office: &Office, from: &str) {
    let mail = Mail::from(from).bytes();
    guichet::edge::maildir::deliver(&office.folder.path().join("mail"), &unique("m"), &mail).unwrap();
}

#[tokio::test]
async fn client_credentials_read_a_mailbox_and_are_renewed_ahead_of_time() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    let office = Office::reading(&user, &authority, ", scope = \"mail.read\"").await;
    user.append(&Mail::from(ANA).bytes());
    assert_eq!(office.round().await.unwrap().fetched, 1);
    assert_eq!(office.sink.to(ANA).len(), 1);
    let expected = [
        ("client_id", "desk"),
        ("client_secret", SECRET),
        ("grant_type", "client_credentials"),
        ("scope", "mail.read"),
    ];
    assert_eq!(authority.asked(), [expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into()]);

    // Of an hour, six minutes are left for clocks that differ.
    office.clock.advance(54 * MINUTE - 1);
    office.round().await.unwrap();
    assert_eq!(authority.asked().len(), 1);
    office.clock.advance(1);
    office.round().await.unwrap();
    assert_eq!(authority.asked().len(), 2);
    assert!(!office.folder.path().join("guichet.key").exists(), "nothing is kept, so there is no key");
}

#[tokio::test]
async fn notifications_leave_by_either_grant() {
    for more in ["", REFRESH] {
        let user = unique("smtp");
        let authority = Authority::start(&user).await;
        let office = Office::new(Database::Sqlite, &submission(&user, &authority.table(more))).await;
        let to = format!("{}@relayed.example", unique("to"));
        write_mail(&office, &to);
        assert_eq!(office.round().await.unwrap().sent, 2);
        let folder = Path::new(&variable("GUICHET_TEST_DIR")).join("relayed");
        eventually("the notification", Duration::from_secs(5), async || {
            notifications_in(&folder).into_iter().find(|l| l.to == to)
        })
        .await;
        let grant = if more.is_empty() { "client_credentials" } else { "refresh_token" };
        assert_eq!(authority.asked().iter().map(|f| f["grant_type"].as_str()).collect::<Vec<_>>(), [grant]);
    }
}

#[tokio::test]
async fn a_refresh_token_that_rotates_survives_a_restart_and_is_nowhere_readable() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    authority.set(|s| s.manner = Manner::Rotates);
    let mut office = Office::reading(&user, &authority, REFRESH).await;
    for _ in 0..3 {
        office.round().await.unwrap();
        office.restart().await;
    }
    let (sent, gave) = (authority.refresh_tokens(), authority.gave());
    let rotated: Vec<&String> = gave.iter().filter(|t| t.starts_with("rotated-")).collect();
    assert_eq!(sent, ["refresh-token-as-configured", rotated[0], rotated[1]]);

    let bytes = office.bytes();
    assert!(holds(&bytes, "oauth2:mailboxes.main"), "what is kept is looked for in the right place");
    for token in gave.iter().map(String::as_str).chain(["refresh-token-as-configured", SECRET]) {
        assert!(!holds(&bytes, token), "{token}");
    }
    let key = office.folder.path().join("guichet.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!holds(&bytes, std::fs::read_to_string(&key).unwrap().trim()));

    // Without its key it cannot be read, and the error says what to do.
    std::fs::write(&key, "00".repeat(32)).unwrap();
    office.restart().await;
    let error = office.round().await.unwrap_err();
    assert!(matches!(&error, Trouble::Encrypted { source: EncryptionTrouble::Unreadable, .. }), "{error}");
    assert!(error.is_login() && error.to_string().contains("mailboxes.main.oauth2.refresh_token"), "{error}");
    assert_eq!(office.expiring().await[0].what, Perishable::RefreshToken);
    assert_eq!(authority.asked().len(), 3, "the dead token is not tried");

    // The operator signs in anew: the configured token wins over the kept one.
    authority.set(|s| s.refresh_token = "signed-in-anew".to_owned());
    office.reload(&mailbox(&user, &authority.table(", refresh_token = \"signed-in-anew\"")));
    office.round().await.unwrap();
    assert_eq!(authority.refresh_tokens().last().unwrap(), "signed-in-anew");
    assert_eq!(office.expiring().await, []);
    office.restart().await;
    office.round().await.unwrap();
    assert!(authority.refresh_tokens().last().unwrap().starts_with("rotated-"));
}

#[tokio::test]
async fn postgres_keeps_tokens_under_a_key_that_is_given() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    authority.set(|s| s.manner = Manner::Rotates);
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("store.key");
    std::fs::write(&key, [7u8; 32]).unwrap();
    let config = mailbox(&user, &authority.table(REFRESH));
    let with_key = format!("[store]\nkey_file = \"{}\"\n{config}", key.display());
    let mut office = Office::new(Database::Postgres, &with_key).await;
    office.round().await.unwrap();
    office.restart().await;
    office.round().await.unwrap();
    assert_eq!(authority.refresh_tokens()[1], authority.gave()[0]);
    let rows = office.raw().await.fetch_all("SELECT name, value FROM meta").await.unwrap();
    let all: String = rows.iter().map(|r| format!("{} {}\n", r.get::<String, _>(0), r.get::<String, _>(1))).collect();
    assert!(all.contains("oauth2:mailboxes.main") && !all.contains("rotated-"), "{all}");

    office.configure(&config);
    let mistakes = settings::load_with(&office.config(), Vec::new()).unwrap_err().to_string();
    assert!(mistakes.contains("store.key_file: ") && mistakes.contains("openssl rand -hex 32"), "{mistakes}");
    // Client credentials leave nothing to keep.
    office.configure(&mailbox(&user, &authority.table("")));
    office.settings();
}

#[tokio::test]
async fn a_token_that_could_not_be_kept_is_kept_before_anything_else_is_asked() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    authority.set(|s| s.manner = Manner::Rotates);
    let mut office = Office::reading(&user, &authority, REFRESH).await;
    let mut raw = office.raw().await;
    raw.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON meta WHEN NEW.name LIKE 'oauth2:%' BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    .await
    .unwrap();
    for _ in 0..2 {
        let error = office.round().await.unwrap_err();
        assert!(matches!(error, Trouble::Store(_)), "{error}");
    }
    assert_eq!(authority.asked().len(), 1, "the old token was used up by the first time");
    raw.execute("DROP TRIGGER refuse").await.unwrap();
    office.round().await.unwrap();
    office.restart().await;
    office.round().await.unwrap();
    let rotated: Vec<String> = authority.gave().into_iter().filter(|t| t.starts_with("rotated-")).collect();
    assert_eq!(authority.refresh_tokens()[1..], rotated[..2]);
}

#[tokio::test]
async fn a_refusal_for_good_waits_long_says_its_cure_and_is_told() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    let office = Office::reading(&user, &authority, REFRESH).await;
    authority.set(|s| s.refresh_token = "another".to_owned());
    let error = office.round().await.unwrap_err();
    let Trouble::SignIn { name, source: TokenTrouble::Refused { what, .. } } = &error else { panic!("{error}") };
    assert_eq!((name.as_str(), *what), ("mailboxes.main", Refused::RefreshToken));
    assert!(error.is_login(), "a refusal for good must not be hammered");
    assert_eq!(error.exit_code(), 69);
    let text = error.to_string();
    assert!(text.contains("invalid_grant") && text.contains("put the new refresh token into mailboxes.main"), "{text}");
    // The server repeats what it was sent.
    assert!(!text.contains("refresh-token-as-configured") && !text.contains(SECRET), "{text}");

    let refused_at = office.clock.now();
    office.clock.advance(HOUR);
    office.round().await.unwrap_err();
    let told = office.expiring().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].what, told[0].at), (Perishable::RefreshToken, refused_at));
    assert!(
        office.said(&told[0], "fr").contains("le jeton d'actualisation est refusé depuis le 2 mars 2026"),
        "{}",
        office.said(&told[0], "fr")
    );
    assert!(
        office.said(&told[0], "en").contains("the refresh token is refused since 2 March 2026"),
        "{}",
        office.said(&told[0], "en")
    );

    authority.set(|s| s.refresh_token = "refresh-token-as-configured".to_owned());
    office.round().await.unwrap();
    assert_eq!(office.expiring().await, []);

    // A wrong client is told apart from a dead token.
    office.reload(&mailbox(&user, &authority.table("").replace(SECRET, "wrong")));
    let error = office.round().await.unwrap_err().to_string();
    assert!(error.contains("invalid_client") && error.contains("oauth2.client_secret"), "{error}");
    assert_eq!(office.expiring().await[0].what, Perishable::ClientSecret);
}

#[tokio::test]
async fn a_server_that_is_away_or_busy_is_a_fault_and_costs_no_notification_an_attempt() {
    let user = unique("smtp");
    let mut authority = Authority::start(&user).await;
    let office = Office::new(Database::Sqlite, &submission(&user, &authority.table(""))).await;
    write_mail(&office, &format!("{}@relayed.example", unique("to")));
    for (manner, later) in [
        (Manner::Says(503, "busy".to_owned()), true),
        (Manner::Says(429, "{}".to_owned()), true),
        (Manner::Says(400, r#"{"error":"temporarily_unavailable"}"#.to_owned()), true),
        (Manner::Says(200, "<html>a portal</html>".to_owned()), false),
        (Manner::Says(200, "x".repeat(100_000)), false),
        (Manner::HangsUp, false),
    ] {
        authority.set(|s| s.manner = manner.clone());
        let error = office.round().await.unwrap_err();
        let Trouble::SignIn { source, .. } = &error else { panic!("{error}") };
        assert_eq!(matches!(source, TokenTrouble::Later { .. }), later, "{error}");
        assert!(later || matches!(source, TokenTrouble::Unreachable { .. }), "{error}");
        assert!(!error.is_login(), "{error}");
    }
    authority.stop().await;
    let error = office.round().await.unwrap_err();
    assert!(matches!(error, Trouble::SignIn { source: TokenTrouble::Unreachable { .. }, .. }), "{error}");
    let waiting = office.app().store.outbox(None, 10).await.unwrap();
    assert_eq!(waiting.len(), 2);
    assert!(waiting.iter().all(|l| l.attempts == 0 && l.state == "queued"), "{waiting:?}");
    assert_eq!(office.expiring().await, [], "what is away has refused nothing");
}

#[tokio::test]
async fn secrets_do_not_follow_a_redirection() {
    let user = User::new();
    let (authority, other) = (Authority::start(&user.name).await, Authority::start(&user.name).await);
    let location = format!("307 x\r\nLocation: http://localhost:{}/token\r\nX-Status:", other.port);
    let office = Office::reading(&user, &authority, "").await;
    let port = redirecting(location).await;
    let table = authority.table("").replace(&authority.port.to_string(), &port.to_string());
    office.reload(&mailbox(&user, &table));
    let error = office.round().await.unwrap_err();
    assert!(error.is_login() && error.to_string().contains("token_url"), "{error}");
    assert_eq!(other.asked().len(), 0);
}

/// A server that answers everything with this status line.
async fn redirecting(status: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = [0; 4096];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut bytes).await;
            let text = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    port
}

#[tokio::test]
async fn an_access_token_the_mail_server_refuses_is_renewed_at_once_if_it_was_not_new() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    authority.set(|s| s.believed = 1);
    let office = Office::reading(&user, &authority, "").await;
    office.round().await.unwrap();
    authority.set(|s| s.believed = 3600);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    // By our clock no time has passed: only Dovecot knows that it has died.
    office.round().await.unwrap();
    assert_eq!(authority.asked().len(), 2);

    // One that is brand new and refused is not asked for again and again.
    let stranger = Authority::start(&user.name).await;
    stranger.set(|s| s.manner = Manner::GivesDead);
    office.reload(&mailbox(&user, &stranger.table("")));
    let error = office.round().await.unwrap_err();
    assert!(matches!(&error, Trouble::Imap { source: ImapTrouble::Login(_), .. }) && error.is_login(), "{error}");
    assert_eq!(stranger.asked().len(), 1);
    stranger.set(|s| s.manner = Manner::Gives);
    office.round().await.unwrap();
    assert_eq!(stranger.asked().len(), 2, "the refused token was forgotten");
}

#[tokio::test]
async fn sending_forgets_a_refused_token_too() {
    let user = unique("smtp");
    let authority = Authority::start(&user).await;
    authority.set(|s| s.manner = Manner::GivesDead);
    let office = Office::new(Database::Sqlite, &submission(&user, &authority.table(""))).await;
    write_mail(&office, &format!("{}@relayed.example", unique("to")));
    let error = office.round().await.unwrap_err();
    assert!(matches!(&error, Trouble::Smtp(SmtpTrouble::Login { .. })) && error.is_login(), "{error}");
    let waiting = office.app().store.outbox(None, 10).await.unwrap();
    assert!(waiting.len() == 2 && waiting.iter().all(|l| l.attempts == 0), "{waiting:?}");
    authority.set(|s| s.manner = Manner::Gives);
    assert_eq!(office.round().await.unwrap().sent, 2);
    assert_eq!(authority.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_connections_at_once_ask_once() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    let office = Office::reading(&user, &authority, "").await;
    let settings = office.settings();
    let MailboxKind::Imap(config) = &settings.mailboxes["main"].kind else { panic!("IMAP") };
    let tokens = Tokens::default();
    let signer = office.signer(&tokens);
    let connect = || signer.imap("main", config, office.clock.now());
    let (a, b, c, d) = tokio::join!(connect(), connect(), connect(), connect());
    for imap in [a, b, c, d] {
        imap.unwrap().logout().await;
    }
    assert_eq!(authority.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_ask_at_once_do_not_use_up_each_others_token() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    authority.set(|s| s.manner = Manner::Rotates);
    let office = Office::reading(&user, &authority, REFRESH).await;
    let settings = office.settings();
    let MailboxKind::Imap(config) = &settings.mailboxes["main"].kind else { panic!("IMAP") };
    let (here, there) = (Tokens::default(), Tokens::default());
    let (one, other) = (office.signer(&here), office.signer(&there));
    let now = office.clock.now();
    let (a, b) = tokio::join!(one.imap("main", config, now), other.imap("main", config, now));
    a.unwrap();
    b.unwrap();
    let sent = authority.refresh_tokens();
    assert_eq!(sent.last().unwrap(), &authority.gave()[0], "{sent:?}");
}

#[tokio::test]
async fn the_authorization_server_is_believed_only_under_a_known_certificate() {
    let user = User::new();
    let authority = Authority::tls(&user.name).await;
    let table = |more: &str| mailbox(&user, &authority.table(more));
    let office = Office::new(Database::Sqlite, &table(&format!(", ca_file = \"{}\"", ca()))).await;
    office.round().await.unwrap();
    assert_eq!(authority.asked().len(), 1);

    let other = office.folder.path().join("other.pem");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=another authority", "-keyout", "/dev/null", "-out"])
        .arg(&other)
        .output()
        .unwrap();
    assert!(made.status.success());
    for more in [String::new(), format!(", ca_file = \"{}\"", other.display())] {
        office.reload(&table(&format!("{more}, scope = \"{}\"", unique("s"))));
        let error = office.round().await.unwrap_err();
        assert!(error.to_string().contains("UnknownIssuer") && !error.is_login(), "{error}");
    }
    // The certificate is for localhost, not for its address.
    office.reload(&table(&format!(", ca_file = \"{}\"", ca())).replace("//localhost", "//127.0.0.1"));
    let error = office.round().await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    assert_eq!(authority.asked().len(), 1, "nothing was sent to a server that is not known");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_people_see_holds_a_secret() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    authority.set(|s| s.manner = Manner::Rotates);
    let text = mailbox(&user, &authority.table(REFRESH)) + &submission(&user.name, &authority.table(""));
    let mut office = Office::new(Database::Sqlite, &text).await;
    user.append(&Mail::from(&format!("{}@relayed.example", unique("to"))).bytes());
    office.stop().await;
    let mut said = String::new();
    let (good, text) = office.program(&["run", "--once"]);
    assert!(good && text.contains("access token renewed"), "{text}");
    said += &text;
    authority.set(|s| s.refresh_token = "another".to_owned());
    for arguments in [&["run", "--once"][..], &["check"]] {
        let (good, text) = office.program(arguments);
        assert!(!good && text.contains("invalid_grant"), "{text}");
        said += &text;
    }
    said += &format!("{:?}", office.settings());
    let given = authority.gave();
    assert!(given.len() >= 3, "{given:?}");
    for secret in given.iter().map(String::as_str).chain(["refresh-token-as-configured", SECRET]) {
        assert!(!said.contains(secret), "{secret} in {said}");
        let encoded = data_encoding::BASE64.encode(format!("auth=Bearer {secret}").as_bytes());
        assert!(!said.contains(&encoded), "{secret} encoded");
    }
}

#[tokio::test]
async fn what_dies_soon_is_told_in_time() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    authority.set(|s| s.manner = Manner::Rotates);
    let more = format!("{REFRESH}, refresh_token_days = 90, secret_expires = \"2026-03-20\", warn_before = \"10d\"");
    let office = Office::reading(&user, &authority, &more).await;
    office.round().await.unwrap();
    assert_eq!(office.expiring().await, [], "18 days are left");
    office.clock.advance(8 * DAY);
    let told = office.expiring().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].name.as_str(), told[0].what), ("mailboxes.main", Perishable::ClientSecret));
    assert!(
        office.said(&told[0], "en").contains("the client secret expires on 20 March 2026, 00:00"),
        "{}",
        office.said(&told[0], "en")
    );
    assert!(
        office.said(&told[0], "fr").contains("le secret du client expire le 20 mars 2026 à 00:00"),
        "{}",
        office.said(&told[0], "fr")
    );
    assert!(
        office.said(&told[0], "fr").contains("mailboxes.main.oauth2.client_secret"),
        "{}",
        office.said(&told[0], "fr")
    );
    office.clock.advance(12 * DAY);
    assert!(office.said(&office.expiring().await[0], "en").contains("the client secret expired on"));

    // The refresh token lives 90 days from when it was got; using it gets a new one.
    office.round().await.unwrap();
    let got = office.clock.now();
    let refresh = async || office.expiring().await.into_iter().find(|e| e.what == Perishable::RefreshToken);
    office.clock.advance(80 * DAY - 1);
    assert_eq!(refresh().await, None);
    office.clock.advance(1);
    assert_eq!(refresh().await.unwrap().at, got + 90 * DAY);
    office.round().await.unwrap();
    assert_eq!(refresh().await, None);

    // What the server says counts before what is configured.
    authority.set(|s| s.more = ",\"refresh_token_expires_in\":604799".to_owned());
    office.clock.advance(HOUR);
    office.round().await.unwrap();
    assert_eq!(refresh().await.unwrap().at, office.clock.now() + 604_799_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_how_it_is_signed_in_and_until_when() {
    let user = User::new();
    let authority = Authority::start(&user.name).await;
    let text = mailbox(&user, &authority.table(&format!("{REFRESH}, refresh_token_days = 9000")))
        + &submission(&user.name, &authority.table(", secret_expires = \"2099-01-31\""));
    let mut office = Office::new(Database::Sqlite, &text).await;
    office.stop().await;
    let (good, text) = office.program(&["check"]);
    assert!(good, "{text}");
    assert!(text.contains("signs in by OAuth 2.0 (other, refresh token); refresh token not used yet"), "{text}");
    assert!(text.contains("(other, client credentials); client secret good until 2099-01-31 00:00"), "{text}");
    assert!(text.contains("takes notifications"), "{text}");
    let (_, text) = office.program(&["check"]);
    assert!(text.contains("refresh token good until 20"), "{text}");

    // Before there is a database nothing may be asked for that could not be kept.
    let asked = authority.refresh_tokens().len();
    for file in std::fs::read_dir(office.folder.path()).unwrap().map(|e| e.unwrap().path()) {
        if file.to_string_lossy().contains("guichet.db") {
            std::fs::remove_file(file).unwrap();
        }
    }
    let (_, text) = office.program(&["check"]);
    assert!(text.contains("not tried: a new refresh token could not be kept"), "{text}");
    assert_eq!(authority.refresh_tokens().len(), asked);
    authority.set(|s| s.manner = Manner::GivesDead);
    let (good, text) = office.program(&["check"]);
    assert!(!good && text.contains("whether the server lets that client send"), "{text}");
}

#[tokio::test]
async fn a_token_in_a_file_is_read_before_each_connection() {
    let user = User::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{}\n", jwt(&user.name, 3600))).unwrap();
    let table = format!("oauth2 = {{ access_token_file = \"{}\" }}", file.display());
    let office = Office::new(Database::Sqlite, &mailbox(&user, &table)).await;
    office.round().await.unwrap();
    std::fs::write(&file, jwt(&user.name, -60)).unwrap();
    let error = office.round().await.unwrap_err();
    assert!(matches!(error, Trouble::Imap { source: ImapTrouble::Login(_), .. }), "{error}");
    std::fs::write(&file, jwt(&user.name, 3600)).unwrap();
    office.round().await.unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(office.round().await.unwrap_err().to_string().contains("cannot be read"));
}

/// A server that says `greeting`, then answers as told by the first word that fits; gives what it heard.
async fn plain(greeting: &'static str, answers: &'static [(&'static str, &'static str)]) -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard: Arc<Mutex<String>> = Arc::default();
    let log = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            stream.write_all(greeting.as_bytes()).await.unwrap();
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|n| n > 0) {
                log.lock().unwrap().push_str(&line);
                let tag = line.split(' ').next().unwrap().to_owned();
                let say = answers.iter().find(|(word, _)| line.contains(word)).map_or("TAG BAD no\r\n", |(_, say)| say);
                stream.write_all(say.replace("TAG", &tag).as_bytes()).await.unwrap();
                line.clear();
            }
        }
    });
    (port, heard)
}

#[tokio::test]
async fn a_server_without_starttls_gets_neither_password_nor_token() {
    for login in [Login::Password(SecretString::from("hush")), Login::AccessToken(SecretString::from("hush"))] {
        // It offers everything but encryption, as one would who stripped it.
        let (port, heard) = plain(
            "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2] ready\r\n",
            &[("CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2\r\nTAG OK\r\n"), ("LOGIN", "TAG OK\r\n")],
        )
        .await;
        let mut config = User::new().config("");
        (config.endpoint.port, config.endpoint.security, config.login) = (port, Security::StartTls, login.clone());
        let error = Imap::connect(&config).await.unwrap_err();
        assert!(matches!(error, ImapTrouble::Unsupported(_)), "{error}");
        let said = heard.lock().unwrap().clone();
        assert!(said.contains("STARTTLS") && !said.contains("LOGIN") && !said.contains("AUTHENTICATE"), "{said}");

        let (port, heard) = plain(
            "220 ready\r\n",
            &[("EHLO", "250-localhost\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n"), ("AUTH", "235 ok\r\n")],
        )
        .await;
        let site = Site::new(Database::Sqlite).await;
        let mut config = site.app.settings.load().smtp.clone();
        (config.endpoint.port, config.endpoint.security, config.login) = (port, Security::StartTls, login);
        config.username = Some("desk".to_owned());
        let error = Smtp::new(config).ready().await.unwrap_err();
        assert!(error.to_string().contains("offers no STARTTLS"), "{error}");
        let said = heard.lock().unwrap().clone();
        assert!(said.contains("EHLO") && !said.contains("AUTH"), "{said}");
    }
}

#[tokio::test]
async fn a_refused_bearer_that_comes_as_a_challenge_is_a_refused_login() {
    // As Google does it: 334 with the reason, then 535 to the empty line.
    let (port, heard) = plain(
        "220 ready\r\n",
        &[
            ("EHLO", "250-localhost\r\n250 AUTH XOAUTH2\r\n"),
            ("AUTH XOAUTH2 ", "334 eyJzdGF0dXMiOiI0MDAifQ==\r\n"),
            ("\r\n", "535 5.7.8 not accepted\r\n"),
        ],
    )
    .await;
    let site = Site::new(Database::Sqlite).await;
    let mut config = site.app.settings.load().smtp.clone();
    (config.endpoint.port, config.username) = (port, Some("desk".to_owned()));
    config.login = Login::AccessToken(SecretString::from("hush"));
    let error = Smtp::new(config.clone()).ready().await.unwrap_err();
    assert!(matches!(&error, SmtpTrouble::Login { text, .. } if text.contains("535")), "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");
    assert!(heard.lock().unwrap().ends_with("\r\n\r\n"), "{heard:?}");

    let (port, _) = plain("220 ready\r\n", &[("EHLO", "250-localhost\r\n250 AUTH PLAIN\r\n")]).await;
    config.endpoint.port = port;
    let error = Smtp::new(config).ready().await.unwrap_err();
    assert!(matches!(&error, SmtpTrouble::Login { text, .. } if text.contains("XOAUTH2")), "{error}");
}

const MAILBOX: &str = "[mailboxes.main]\nkind = \"imap\"\nhost = \"imap.example.org\"\nusername = \"support\"\n";

/// The mistakes of an `oauth2` table.
fn mistakes(site: &Site, oauth2: &str, more: &str) -> Vec<String> {
    std::fs::write(site.folder.path().join("conf.d/zz.toml"), format!("{MAILBOX}oauth2 = {{ {oauth2} }}\n{more}"))
        .unwrap();
    match settings::load_with(&site.config(), Vec::new()) {
        Ok(_) => Vec::new(),
        Err(found) => found.0.iter().map(ToString::to_string).collect(),
    }
}

#[tokio::test]
async fn mistakes_are_told_with_key_and_cure() {
    let site = Site::new(Database::Sqlite).await;
    let cases = [
        ("client_id = \"x\"", "provider", "token_url"),
        ("", "provider", "access_token_file"),
        ("provider = \"mircosoft\"", "provider", "microsoft, google, other"),
        ("provider = \"microsoft\", client_id = \"x\", client_secret = \"s\"", "tenant", "tenant) ID"),
        (
            "provider = \"microsoft\", tenant = \"common\", client_id = \"x\", client_secret = \"s\"",
            "tenant",
            "one organisation",
        ),
        (
            "provider = \"microsoft\", tenant = \"a/b\", client_id = \"x\", client_secret = \"s\"",
            "tenant",
            "tenant) ID",
        ),
        ("provider = \"microsoft\", tenant = \"t\", client_id = \"x\"", "client_secret", "client_secret_file"),
        ("provider = \"microsoft\", tenant = \"t\", client_secret = \"s\"", "client_id", "needed"),
        (
            "provider = \"microsoft\", tenant = \"t\", client_id = \"x\", client_secret_file = \"none\"",
            "client_secret_file",
            "cannot be read",
        ),
        ("provider = \"google\", client_id = \"x\", client_secret = \"s\"", "refresh_token", "refresh_token_file"),
        (
            "provider = \"google\", client_id = \"x\", client_secret = \"s\", grant = \"client_credentials\"",
            "grant",
            "grant = \"refresh_token\"",
        ),
        (
            "provider = \"google\", client_id = \"x\", grant = \"password\"",
            "grant",
            "client_credentials, refresh_token",
        ),
        ("provider = \"other\", client_id = \"x\", client_secret = \"s\"", "token_url", "needed"),
        (
            "token_url = \"http://login.example.org/t\", client_id = \"x\", client_secret = \"s\"",
            "token_url",
            "https://",
        ),
        ("token_url = \"login.example.org\", client_id = \"x\", client_secret = \"s\"", "token_url", "https://"),
        (
            "token_url = \"https://u:p@login.example.org/t\", client_id = \"x\", client_secret = \"s\"",
            "token_url",
            "user",
        ),
        (
            "token_url = \"https://l.example/t\", client_id = \"x\", client_secret = \"s\", secret_expires = \"soon\"",
            "secret_expires",
            "2027-01-31",
        ),
        (
            "token_url = \"https://l.example/t\", client_id = \"x\", client_secret = \"s\", warn_before = \"soon\"",
            "warn_before",
            "not a valid length of time",
        ),
        (
            "token_url = \"https://l.example/t\", client_id = \"x\", client_secret = \"s\", ca_file = \"none.pem\"",
            "ca_file",
            "cannot be read",
        ),
        (
            "token_url = \"https://l.example/t\", client_id = \"x\", client_secret = \"s\", refresh_token = \"r\", grant = \"client_credentials\"",
            "refresh_token",
            "take it out",
        ),
        ("access_token = \"a\", client_id = \"x\"", "access_token", "not both"),
        (
            "token_url = \"https://l.example/t\", client_id = \"x\", client_secrt = \"s\"",
            "client_secrt",
            "did you mean `client_secret`",
        ),
    ];
    for (table, key, cure) in cases {
        let found = mistakes(&site, table, "");
        let fits = |m: &String| {
            m.contains("zz.toml:") && m.contains(&format!(": mailboxes.main.oauth2.{key}: ")) && m.contains(cure)
        };
        assert!(found.iter().any(fits), "{table}: {found:#?}");
    }
    let found = mistakes(
        &site,
        "provider = \"other\", secret_expires = \"soon\"",
        "[smtp]\noauth2 = { provider = \"microsoft\" }\n[store]\nkey = \"short\"\n",
    );
    for key in [
        "mailboxes.main.oauth2.token_url",
        "mailboxes.main.oauth2.client_id",
        "mailboxes.main.oauth2.secret_expires",
        "smtp.oauth2.tenant",
        "smtp.oauth2.client_id",
        "smtp.username",
        "store.key_file",
    ] {
        assert!(found.iter().any(|m| m.contains(&format!("{key}: "))), "{key} among {found:#?}");
    }
    let plain = mistakes(&site, "access_token = \"a\"", "security = \"none\"\n[desk]\nname = \"x\"\n");
    assert!(
        plain.iter().any(|m| m.contains("mailboxes.main.security: ") && m.contains("allow_plaintext")),
        "{plain:?}"
    );
    assert!(mistakes(&site, "access_token = \"a\"", "security = \"none\"\nallow_plaintext = true\n").is_empty());
}

#[tokio::test]
async fn what_is_not_said_follows_from_the_provider() {
    let site = Site::new(Database::Sqlite).await;
    let load = |mailbox: &str, smtp: &str| {
        let text = format!("{MAILBOX}oauth2 = {{ {mailbox} }}\n[smtp]\nusername = \"u\"\noauth2 = {{ {smtp} }}\n");
        std::fs::write(site.folder.path().join("conf.d/zz.toml"), text).unwrap();
        let settings = settings::load_with(&site.config(), Vec::new()).unwrap();
        let all = settings.oauth2().map(|o| (o.token_url.clone(), o.scope.clone(), o.refresh_token_lives));
        all.collect::<Vec<_>>()
    };
    let own = "provider = \"microsoft\", tenant = \"t.example\", client_id = \"x\", client_secret = \"s\"";
    let person = "provider = \"microsoft\", tenant = \"common\", client_id = \"x\", refresh_token = \"r\"";
    let url = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
    let (all, days) = ("https://outlook.office365.com/.default".to_owned(), Some(90 * DAY));
    assert_eq!(load(own, own), [(url("t.example"), all.clone(), days), (url("t.example"), all, days)]);
    let (read, send) = ("https://outlook.office.com/IMAP.AccessAsUser.All", "https://outlook.office.com/SMTP.Send");
    assert_eq!(
        load(person, &format!("{person}, refresh_token_days = 0")),
        [
            (url("common"), format!("{read} offline_access"), days),
            (url("common"), format!("{send} offline_access"), None)
        ]
    );
    let google = "provider = \"google\", client_id = \"x\", client_secret = \"s\", refresh_token = \"r\"";
    let expected = ("https://oauth2.googleapis.com/token".to_owned(), "https://mail.google.com/".to_owned(), None);
    assert_eq!(load(google, google), [expected.clone(), expected]);
}
