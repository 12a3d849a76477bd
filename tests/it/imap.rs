//! A real Dovecot in front.

use crate::support::Said;
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use guichet::clock::Clock;
use guichet::edge::imap::{Imap, ImapTrouble, Login, Wake, Which};
use guichet::edge::net::Security;
use guichet::store::TicketFilter;
use guichet::work::daemon::Crew;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::support::dovecot::User;
use crate::support::mail::{ANA, Mail};
use crate::support::site::open;
use crate::support::{Database, Site, eventually, variable};

const SECOND: Duration = Duration::from_secs(1);

/// A desk that watches this user's mailbox, on a clock that runs.
pub async fn desk_on(user: &User, archive: &str, more: &str) -> Site {
    let mut site = Site::with(Database::Sqlite, "").await;
    let main = std::fs::read_to_string(site.config()).unwrap();
    let maildir = "[mailboxes.main]\nkind = \"maildir\"\npath = \"mail\"\narchive = \"Done\"\n";
    assert!(main.contains(maildir));
    // The first desk of this site holds its database's lock, so this one gets another.
    let url = format!("sqlite:{}", site.folder.path().join("imap.db").display());
    let text = main.replace(maildir, &user.section(archive)).replace(&site.url, &url);
    std::fs::write(site.config(), text).unwrap();
    std::fs::write(site.folder.path().join("conf.d/more.toml"), more).unwrap();
    site.app = open(site.folder.path(), &Clock::system()).await;
    site.url = url;
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_acknowledged_within_a_second_and_archived() {
    let user = User::new();
    let site = desk_on(&user, "Traités", "").await;
    let crew = Crew::start(&site.app).await.unwrap();
    // The first email waits for connection and login; the second is the measure.
    user.append(&Mail::from("first@college.example").bytes());
    eventually("the first acknowledgement", 10 * SECOND, async || site.sink.to("first@college.example").pop()).await;
    let mail = Mail::from(ANA).bytes();
    let mut client = user.client();
    client.append("INBOX", &mail);
    let landed = Instant::now();
    let ack = eventually("the acknowledgement", SECOND, async || site.sink.to(ANA).pop()).await;
    assert!(landed.elapsed() < SECOND);
    eventually("the archive", 5 * SECOND, async || (user.count("INBOX") == Some(0)).then_some(())).await;
    assert_eq!(user.count("Trait&AOk-s"), Some(2));

    let reply = Mail::reply(&ack.mail, ANA, "Toujours.").subject("Rien à voir");
    client.append("INBOX", &reply.bytes());
    eventually("the reply", 5 * SECOND, async || {
        site.store().emails_by_message_id(&reply.id).await.unwrap().pop().filter(|m| m.verdict.said() == "joined")
    })
    .await;
    assert_eq!(site.tickets().await.len(), 2);
    crew.stop().await;
}

#[tokio::test]
async fn an_email_counts_from_its_internaldate() {
    let user = User::new();
    let hour = jiff::Span::new().hours(1);
    let stamp = |hours: i64| {
        let at = jiff::Zoned::now().checked_sub(hour * hours).unwrap();
        at.strftime("\"%d-%b-%Y %H:%M:%S %z\"").to_string()
    };
    let mut client = user.client();
    for (from, hours) in [(ANA, 3), ("old@college.example", 48)] {
        client.append_with("INBOX", &stamp(hours), &Mail::from(from).bytes());
    }
    let site = desk_on(&user, "Done", "").await;
    let crew = Crew::start(&site.app).await.unwrap();
    eventually("both tickets", 10 * SECOND, async || (site.tickets().await.len() == 2).then_some(())).await;
    crew.stop().await;
    let begun: Vec<i64> = site.tickets().await.iter().map(|t| (t.created_at - t.sla.begun) / 60_000).collect();
    assert!((180..=181).contains(&begun[0]), "{begun:?}");
    assert!((0..=1).contains(&begun[1]), "{begun:?}");
}

#[tokio::test]
async fn a_backlog_is_fetched_in_batches_and_nothing_is_left() {
    let user = User::new();
    let mut client = user.client();
    for n in 0..120 {
        client.append("INBOX", &Mail::from(&format!("p{n}@college.example")).in_words(n).bytes());
    }
    let site = desk_on(&user, "Done", "").await;
    assert_eq!(site.round().await.fetched, 120);
    assert_eq!((client.count("INBOX"), client.count("Done")), (Some(0), Some(120)));
    assert_eq!(site.tickets().await.len(), 120);
    assert_eq!(site.round().await.fetched, 0);
}

#[tokio::test]
async fn servers_without_move_or_uidplus_are_served_too() {
    let poorer = User::on("127.0.0.2");
    poorer.append(&Mail::from(ANA).bytes());
    let site = desk_on(&poorer, "Done", "").await;
    site.round().await;
    assert_eq!((poorer.count("INBOX"), poorer.count("Done")), (Some(0), Some(1)));

    let poorest = User::on("127.0.0.3");
    poorest.append(&Mail::from(ANA).bytes());
    let site = desk_on(&poorest, "Done", "").await;
    site.round().await;
    assert_eq!(poorest.count("INBOX"), Some(1), "without UIDPLUS nothing may be expunged");
    let mut client = poorest.client();
    client.run("SELECT INBOX");
    assert!(client.run("FETCH 1 FLAGS").contains("\\Seen"));
    assert_eq!(site.round().await.fetched, 0);
    assert_eq!(site.tickets().await.len(), 1);
}

#[tokio::test]
async fn without_an_archive_mail_stays_marked() {
    let user = User::new();
    user.append(&Mail::from(ANA).bytes());
    let site = desk_on(&user, "", "").await;
    site.round().await;
    let mut client = user.client();
    assert_eq!(client.count("INBOX"), Some(1));
    client.run("SELECT INBOX");
    assert!(client.run("FETCH 1 FLAGS").contains("\\Seen"));
    site.round().await;
    assert_eq!(site.sink.to(ANA).len(), 1);
}

#[tokio::test]
async fn mail_that_people_had_read_before_the_first_start_is_left_alone() {
    let user = User::new();
    let mut client = user.client();
    client.append_with("INBOX", "(\\Seen)", &Mail::from("old@college.example").bytes());
    client.append("INBOX", &Mail::from("waiting@college.example").bytes());
    let site = desk_on(&user, "Done", "").await;
    site.round().await;
    // Afterwards an email read by somebody else first still counts.
    client.append_with("INBOX", "(\\Seen)", &Mail::from("new@college.example").bytes());
    site.round().await;
    let mut senders: Vec<String> = site.tickets().await.into_iter().map(|t| t.requester).collect();
    senders.sort();
    assert_eq!(senders, ["new@college.example", "waiting@college.example"]);
    assert_eq!(client.count("INBOX"), Some(1));
}

#[tokio::test]
async fn a_mailbox_made_anew_is_read_again_without_harm() {
    let user = User::new();
    let (first, second) = (Mail::from(ANA), Mail::from("bob@college.example"));
    user.append(&first.bytes());
    let site = desk_on(&user, "", "").await;
    site.round().await;
    // UIDVALIDITY changes when a folder is removed and made again.
    let mut client = user.client();
    client.run("CREATE Other");
    client.run("SELECT INBOX");
    client.run("COPY 1:* Other");
    client.run("CLOSE");
    let config = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(site.config(), config.replace("archive = \"\"", "archive = \"\"\nfolder = \"Other\"")).unwrap();
    site.app.settings.store(std::sync::Arc::new(guichet::settings::load_with(&site.config(), Vec::new()).unwrap()));
    client.append("Other", &second.bytes());
    let tally = site.round().await;
    assert_eq!(tally.fetched, 2);
    assert_eq!(site.sink.to(ANA).len(), 1, "known content is the same email");
    assert_eq!(site.tickets().await.len(), 2);
}

#[tokio::test]
async fn a_mail_too_large_is_held_unfetched_and_the_next_is_handled() {
    let user = User::new();
    let huge = Mail::from("big@college.example").text(&"x".repeat(200_000));
    user.append(&huge.bytes());
    user.append(&Mail::from(ANA).bytes());
    let site = desk_on(&user, "Done", "[limits]\nemail_bytes = 100000\n").await;
    site.round().await;
    let held = site.store().held().await.unwrap();
    assert_eq!(held.len(), 1);
    assert!(
        held[0].reason.contains("limits.email_bytes = 100000") && held[0].reason.contains("UID 1"),
        "{}",
        held[0].reason
    );
    assert_eq!(site.only_ticket().await.requester, ANA);
    assert_eq!(user.count("INBOX"), Some(1), "what is not in the inbox stays on the server");
    assert_eq!(site.round().await.fetched, 0);
}

#[tokio::test]
async fn two_mailboxes_are_watched_at_once() {
    let (one, two) = (User::new(), User::new());
    let more = format!(
        "{}[queues.other]\nmailbox = \"second\"\naddress = \"other@desk.example\"\nprefix = \"OTHER\"\n",
        two.section("Done").replace("mailboxes.main", "mailboxes.second")
    );
    let site = desk_on(&one, "Done", &more).await;
    one.append(&Mail::from(ANA).bytes());
    two.append(&Mail::from(ANA).to("other@desk.example").bytes());
    site.round().await;
    let mut numbers: Vec<String> = site.tickets().await.into_iter().map(|t| t.number).collect();
    numbers.sort();
    assert_eq!(numbers, ["CG42N1-000001", "OTHER-000001"]);
}

fn tls(user: &User, security: Security, port: &str) -> guichet::edge::imap::ImapConfig {
    let mut config = user.config("");
    let ca = std::fs::read(std::path::Path::new(&variable("GUICHET_TEST_DIR")).join("ca.pem")).unwrap();
    config.endpoint.host = "localhost".to_owned();
    config.endpoint.port = variable(port).parse().unwrap();
    config.endpoint.security = security;
    config.endpoint.ca_pem = Some(ca);
    config
}

#[tokio::test]
async fn tls_and_starttls_work_and_check_the_certificate() {
    for (security, port) in [(Security::Tls, "GUICHET_TEST_IMAPS_PORT"), (Security::StartTls, "GUICHET_TEST_IMAP_PORT")]
    {
        let user = User::new();
        let config = tls(&user, security, port);
        let mut imap = Imap::connect(&config).await.unwrap();
        assert!(imap.select().await.unwrap().uid_validity > 0);
        imap.logout().await;

        let mut strange = config.clone();
        strange.endpoint.ca_pem = None;
        let error = Imap::connect(&strange).await.unwrap_err();
        assert!(error.to_string().contains("UnknownIssuer"), "{error}");
        let mut other = config;
        other.endpoint.host = "127.0.0.1".to_owned();
        assert!(Imap::connect(&other).await.unwrap_err().to_string().contains("certificate"), "the name must match");
    }
}

#[tokio::test]
async fn passwords_of_every_sort_and_tokens_sign_in() {
    let user = User::new();
    let mut config = user.config("");
    config.username = format!("utf8-{}", user.name);
    config.login = Login::Password(SecretString::from("pass-é-word"));
    Imap::connect(&config).await.unwrap();

    config.username = user.name.clone();
    config.login = Login::Password(SecretString::from("wrong"));
    assert!(matches!(Imap::connect(&config).await, Err(ImapTrouble::Login(_))));

    config.login = Login::AccessToken(SecretString::from(token(&user.name)));
    Imap::connect(&config).await.unwrap();
    config.login = Login::AccessToken(SecretString::from("no.such.token"));
    assert!(matches!(Imap::connect(&config).await, Err(ImapTrouble::Login(_))));
}

/// A token as an authorization server signs it (RFC 7519), which Dovecot checks with the same key.
fn token(user: &str) -> String {
    let head = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = format!(r#"{{"email":"{user}","sub":"{user}","iat":1700000000,"exp":4000000000}}"#);
    let text = format!("{head}.{}", BASE64URL_NOPAD.encode(claims.as_bytes()));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"guichet tests").unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

#[tokio::test]
async fn waiting_ends_by_news_by_the_clock_or_by_a_stop() {
    let user = User::new();
    let mut imap = Imap::connect(&user.config("")).await.unwrap();
    imap.select().await.unwrap();
    let stop = CancellationToken::new();
    assert_eq!(imap.idle(Duration::from_millis(50), &stop).await.unwrap(), Wake::Poll);
    let append = std::thread::spawn({
        let name = user.name.clone();
        move || {
            std::thread::sleep(Duration::from_millis(200));
            User { name, host: "127.0.0.1" }.append(b"From: a@b.example\r\n\r\nx\r\n");
        }
    });
    assert_eq!(imap.idle(20 * SECOND, &stop).await.unwrap(), Wake::News);
    append.join().unwrap();
    assert_eq!(imap.search(1, 0, Which::All).await.unwrap(), [1], "the session is good for more");
    stop.cancel();
    assert_eq!(imap.idle(20 * SECOND, &stop).await.unwrap(), Wake::Stop);
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_serves_where_the_server_cannot_announce() {
    let user = User::on("127.0.0.3");
    let site = desk_on(&user, "\"\npoll = \"200ms", "").await;
    let crew = Crew::start(&site.app).await.unwrap();
    eventually("the first look", 5 * SECOND, async || site.store().cursor("main").await.unwrap()).await;
    user.append(&Mail::from(ANA).bytes());
    eventually("the acknowledgement", 5 * SECOND, async || site.sink.to(ANA).pop()).await;
    assert_eq!(site.store().tickets(&TicketFilter { limit: 9, ..TicketFilter::default() }).await.unwrap().len(), 1);
    crew.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mail_waits_for_the_poll() {
    let user = User::new();
    let site = desk_on(&user, "Done", "").await;
    let crew = Crew::start(&site.app).await.unwrap();
    let mut client = user.client();
    // Emails that land while earlier ones are fetched and archived are announced with the answer to
    // some other command, and never again.
    for n in 0..40u64 {
        client.append("INBOX", &Mail::from(&format!("p{n}@college.example")).bytes());
        tokio::time::sleep(Duration::from_millis((n * 37) % 120)).await;
    }
    eventually("all tickets, long before the poll", 15 * SECOND, async || {
        (site.tickets().await.len() == 40).then_some(())
    })
    .await;
    crew.stop().await;
}
