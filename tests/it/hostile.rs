//! Mail that means harm: floods, look-alikes, names and words that act, and bytes that cost.

use crate::support::Said;
use std::process::Command;
use std::time::{Duration, Instant};

use guichet::mail::{self, Limits};
use guichet::ticket::{self, is_flood};

use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::{Database, Site, eventually};

const EVE: &str = "eve@elsewhere.example";
const FEW: &str = "[limits]\nemails_per_hour_per_sender = 12\nemails_per_hour = 1000\n";

fn run(site: &Site, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
    let output = command.arg("--config").arg(site.config()).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn numbered(from: &str, number: usize) -> Mail {
    Mail::from(from).subject(&format!("Panne {number}")).text(&format!("Bonjour,\nappareil {number} en panne.\n"))
}

async fn waiting(site: &Site) -> usize {
    site.store().held().await.unwrap().iter().filter(|m| is_flood(&m.reason)).count()
}

async fn a_flood_is_held_exactly(database: Database) {
    let site = Site::with(database, FEW).await;
    // Several groups, the bound in the middle of one.
    for number in 0..130 {
        site.put(&numbered(EVE, number));
    }
    site.put(&Mail::from(ANA));
    site.round().await;
    assert_eq!(site.tickets().await.len(), 13, "twelve of hers and one of another");
    assert_eq!(waiting(&site).await, 118, "and nothing is lost");
    let reason = site.store().held().await.unwrap().remove(0).reason;
    assert!(
        reason.starts_with("limits.emails_per_hour_per_sender = 12") && reason.contains("guichet held release"),
        "{reason}"
    );
    // The hour goes by: as many again, and no more.
    site.clock.advance(61 * 60_000);
    for number in 200..220 {
        site.put(&numbered(EVE, number));
    }
    site.round().await;
    assert_eq!((site.tickets().await.len(), waiting(&site).await), (25, 126));
}

#[tokio::test]
async fn a_flood_is_held_exactly_sqlite() {
    a_flood_is_held_exactly(Database::Sqlite).await;
}

#[tokio::test]
async fn a_flood_is_held_exactly_postgres() {
    a_flood_is_held_exactly(Database::Postgres).await;
}

async fn a_queue_takes_so_many_and_no_more(database: Database) {
    let site = Site::with(database, "[limits]\nemails_per_hour_per_sender = 0\nemails_per_hour = 60\n").await;
    for number in 0..70 {
        site.put(&numbered(&format!("eve{number}@elsewhere.example"), number));
    }
    site.round().await;
    assert_eq!((site.tickets().await.len(), waiting(&site).await), (60, 10));
    // What belongs to a ticket goes on.
    let acknowledged = site.sink.only("eve3@elsewhere.example");
    site.then(&Mail::reply(&acknowledged.mail, "eve3@elsewhere.example", "Encore une précision.")).await;
    assert_eq!(waiting(&site).await, 10);
    site.then(&numbered(ANA, 100)).await;
    assert_eq!(waiting(&site).await, 11);
    site.clock.advance(60 * 60_000);
    site.then(&numbered(ANA, 101)).await;
    assert_eq!((site.tickets().await.len(), waiting(&site).await), (61, 11));
}

#[tokio::test]
async fn a_queue_takes_so_many_and_no_more_sqlite() {
    a_queue_takes_so_many_and_no_more(Database::Sqlite).await;
}

#[tokio::test]
async fn a_queue_takes_so_many_and_no_more_postgres() {
    a_queue_takes_so_many_and_no_more(Database::Postgres).await;
}

#[tokio::test]
async fn agents_and_reports_about_our_notifications_do_not_wait() {
    let site = Site::with(Database::Sqlite, "[limits]\nemails_per_hour_per_sender = 1\n").await;
    site.receive(&Mail::from(ANA)).await;
    let notice = site.sink.only(MARIE);
    for text in ["#prendre", "#note un", "#note deux"] {
        site.then(&Mail::reply(&notice.mail, MARIE, text)).await;
    }
    assert_eq!(site.only_ticket().await.assignee.said(), MARIE);
    assert_eq!(waiting(&site).await, 0);
    // A machine counts like anybody else.
    for number in 0..3 {
        site.then(&numbered("robot@elsewhere.example", number).header("Auto-Submitted: auto-generated")).await;
    }
    assert_eq!(waiting(&site).await, 2);
    let ack = site.sink.to(ANA).remove(0).mail.message_id.unwrap();
    for number in 0..3 {
        let text = format!(
            "Reporting-MTA: dns; mx.example\nFinal-Recipient: rfc822; {ANA}\nAction: failed\nStatus: 4.{number}.1"
        );
        let report = format!(
            "From: MAILER-DAEMON@mx.example\r\nTo: {SUPPORT}\r\nSubject: Undelivered {number}\r\nMessage-ID: <b{number}@mx.example>\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=e\r\n\r\n--e\r\nContent-Type: text/plain\r\n\r\n\
             failed {number}\r\n--e\r\nContent-Type: message/delivery-status\r\n\r\n{}\r\n--e\r\nContent-Type: text/rfc822-headers\r\n\r\n\
             Message-ID: <{ack}>\r\n--e--\r\n",
            text.replace('\n', "\r\n").replacen("\r\nFinal", "\r\n\r\nFinal", 1)
        );
        site.put_bytes(report.as_bytes());
        site.pass(60_000).await;
    }
    assert_eq!(waiting(&site).await, 2, "{:?}", site.store().held().await.unwrap());
}

#[tokio::test]
async fn a_bomb_of_a_thousand_writes_few_notifications() {
    let more = "[queues.help]\nsenders = [\"@college.example\"]\n";
    let site = Site::with(Database::Sqlite, more).await;
    for number in 0..1_000 {
        site.put(&numbered(EVE, number));
    }
    site.round().await;
    let (stranger, agent) = (site.sink.to(EVE).len(), site.sink.to(MARIE));
    assert_eq!((stranger, agent.len()), (1, 10), "the rest waits without a notification");
    let said = agent.iter().filter(|l| l.mail.text.contains("guichet held refuse --from")).count();
    assert_eq!(said, 1, "the last says that more will come and wait");
    assert_eq!(site.store().held().await.unwrap().len(), 1_000, "nothing is lost");
    assert_eq!(waiting(&site).await, 500);
}

#[tokio::test]
async fn a_flood_is_let_in_or_refused_by_one_command() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::with(database, FEW).await;
        for number in 0..30 {
            site.put(&numbered(EVE, number));
            site.put(&numbered("mallory@elsewhere.example", number));
        }
        site.round().await;
        assert_eq!(waiting(&site).await, 36);
        let (code, _, said) = run(&site, &["held", "release"]);
        assert!(code == 64 || code == 2, "which emails has to be said: {code} {said}");
        let (code, said, _) = run(&site, &["held", "refuse", "--from", EVE, "--reason", "a flood"]);
        assert_eq!((code, said.contains("18 emails are refused")), (0, true), "{said}");
        let id = site.store().held().await.unwrap()[0].id.to_string();
        let (_, listed, _) = run(&site, &["held", "list", "--from", EVE]);
        assert!(listed.contains("No email is held"), "{listed}");
        let (code, said, _) = run(&site, &["held", "release", "--like", &id]);
        assert_eq!((code, said.contains("18 emails are decided again")), (0, true), "{said}");
        site.round().await;
        assert_eq!(
            (site.tickets().await.len(), waiting(&site).await),
            (42, 0),
            "what was let in opens, above the bound"
        );
        // What was refused counts for nobody, what was let in neither.
        site.clock.advance(61 * 60_000);
        site.then(&numbered(EVE, 99)).await;
        assert_eq!(waiting(&site).await, 0);
    }
}

#[tokio::test]
async fn look_alikes_are_shown_as_such_and_only_to_the_desk() {
    let site = Site::new(Database::Sqlite).await;
    let from = "Marie Dubois <rnarie@agents.example>";
    site.receive(&Mail::from(from)).await;
    let notice = site.sink.only(MARIE);
    assert!(
        notice.mail.text.contains("l'expéditeur rnarie@agents.example ressemble à marie@agents.example"),
        "{}",
        notice.mail.text
    );
    assert!(notice.mail.text.contains("« Marie Dubois » est connu de l'assistance"), "{}", notice.mail.text);
    assert!(notice.raw.contains("=E2=9A=A0") || notice.raw.contains("&#9888;"), "the HTML part as well");
    for notification in site.sink.to("rnarie@agents.example") {
        assert!(!notification.mail.text.contains("ressemble"), "{}", notification.mail.text);
    }
    let ticket = site.only_ticket().await;
    assert!(
        site.events(&ticket)
            .await
            .iter()
            .any(|e| e.starts_with("lookalike: the sender rnarie@agents.example looks like"))
    );
    let (_, shown, _) = run(&site, &["ticket", "show", &ticket.number]);
    assert!(shown.contains("⚠ the sender rnarie@agents.example looks like marie@agents.example but is not"), "{shown}");
    let (_, why, _) = run(&site, &["why", &ticket.number]);
    assert!(why.contains("looks like marie@agents.example"), "{why}");
    // A participant of the ticket can be imitated too.
    site.then(&Mail::from("claire.martin@college.example").subject("Écran")).await;
    let number = site.tickets().await.remove(1).number;
    let imitation = Mail::from("claire.rnartin@college.example").subject(&format!("Re: [{number}] Écran"));
    site.then(&imitation).await;
    let opened = site.tickets().await.remove(2);
    assert!(site.events(&opened).await.iter().any(|e| e.contains("looks like claire.martin@college.example")));
    // Nobody else is troubled by a warning.
    let other = site.tickets().await.remove(1);
    assert!(!site.events(&other).await.iter().any(|e| e.starts_with("lookalike")));
}

#[tokio::test]
async fn a_held_look_alike_says_so() {
    let site = Site::with(Database::Sqlite, "[queues.help]\nsenders = [\"@college.example\"]\n").await;
    site.receive(&Mail::from("\"ana@college.example\" <eve@xn--collge-6ua.example>")).await;
    let held = site.store().held().await.unwrap().remove(0);
    let (_, shown, _) = run(&site, &["held", "show", &held.id.to_string()]);
    for words in ["collège.example", "xn--collge-6ua.example", "the display name shows the address ana@college.example"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let notification = site.sink.only(MARIE);
    assert!(
        notification.mail.text.contains("le nom affiché montre l'adresse ana@college.example"),
        "{}",
        notification.mail.text
    );
}

/// Characters a terminal or an eye would be misled by, in every place a sender may write them.
#[tokio::test]
async fn nothing_a_sender_writes_reaches_the_terminal_or_a_header() {
    let site = Site::new(Database::Sqlite).await;
    let bad = "\u{1b}[31mrot\u{9b}2J\u{202e}gpj.exe\u{7}";
    let raw = format!(
        "From: \"{bad}\" <{EVE}>\r\nTo: {SUPPORT}\r\nSubject: {bad} =?utf-8?Q?x=0D=0ABcc=3A_all=40x.example?=\r\nMessage-ID: <esc@x.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=e\r\n\r\n--e\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{bad} texte\r\n\
         --e\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=\"a{bad}.png\"\r\n\r\nx\r\n--e--\r\n"
    );
    site.put_bytes(raw.as_bytes());
    site.round().await;
    let number = site.only_ticket().await.number;
    let eml = site.folder.path().join("bad.eml");
    std::fs::write(&eml, &raw).unwrap();
    let eml = eml.display().to_string();
    let commands: [&[&str]; 11] = [
        &["ticket", "show", &number, "--full"],
        &["ticket", "show", &number, "--json"],
        &["ticket", "list"],
        &["ticket", "list", "--json"],
        &["ticket", "history", &number],
        &["ticket", "attachments", &number],
        &["why", &number],
        &["why", "esc@x.example", "--json"],
        &["outbox", "show", "1"],
        &["inspect", &eml],
        &["inspect", "--json", &eml],
    ];
    for arguments in commands {
        let (code, out, error) = run(&site, arguments);
        assert_eq!(code, 0, "{arguments:?}: {error}");
        let acts = |c: &char| (c.is_control() && *c != '\n' && *c != '\t') || mail::deceives(*c);
        assert_eq!(out.chars().find(acts), None, "{arguments:?}: {out:?}");
    }
    for notification in site.sink.notifications() {
        assert!(notification.header("Bcc").is_empty(), "{}", notification.raw);
        assert!(!notification.mail.subject.contains('\u{202e}'), "{}", notification.mail.subject);
    }
}

#[tokio::test]
async fn files_are_saved_where_they_belong_and_nowhere_else() {
    let site = Site::new(Database::Sqlite).await;
    let names = ["../../escaped.png", "/etc/passwd", "a.png", "a.png", "link.png", "NUL", "facture\u{202e}gpj.exe"];
    let mut mail = Mail::from(ANA);
    for (at, name) in names.iter().enumerate() {
        mail = mail.attach(name, format!("file {at}").as_bytes());
    }
    mail = mail.attach(&format!("{}.pdf", "x".repeat(2_000)), b"long");
    site.receive(&mail).await;
    let number = site.only_ticket().await.number;
    let folder = site.folder.path().join("saved");
    std::fs::create_dir(&folder).unwrap();
    let outside = site.folder.path().join("outside.txt");
    std::os::unix::fs::symlink(&outside, folder.join("link.png")).unwrap();
    std::fs::write(folder.join("a.png"), "mine").unwrap();
    let place = folder.display().to_string();
    let (code, said, error) = run(&site, &["ticket", "attachments", &number, "--save", &place]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(std::fs::read_to_string(folder.join("a.png")).unwrap(), "mine", "what is there stays");
    assert!(!outside.exists(), "a link is not followed");
    assert!(!site.folder.path().join("escaped.png").exists());
    let mut saved: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    saved.sort();
    assert_eq!(saved.len(), 2 + names.len() + 1, "{saved:?} {said}");
    for name in ["escaped.png", "passwd", "a-2.png", "a-3.png", "link-2.png", "_NUL", "facturegpj.exe"] {
        assert!(saved.contains(&name.to_owned()), "{name}: {saved:?}");
    }
}

#[tokio::test]
async fn files_that_act_go_to_agents_as_plain_bytes() {
    let site = Site::new(Database::Sqlite).await;
    let script = b"<html><script>alert(1)</script></html>".to_vec();
    let mut raw = format!(
        "From: {ANA}\r\nTo: {SUPPORT}\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=e\r\n\r\n--e\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n"
    );
    for (media_type, name) in [
        ("text/html", "page.html"),
        ("image/svg+xml", "plan.svg"),
        ("application/xhtml+xml", "p.xhtml"),
        ("text/plain", "hidden.htm"),
        ("application/javascript", "a.js"),
        ("text/plain", "notes.txt"),
        ("application/pdf", "a.pdf"),
    ] {
        let body = data_encoding::BASE64.encode(&script);
        raw += &format!(
            "--e\r\nContent-Type: {media_type}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
        );
    }
    site.put_bytes(format!("{raw}--e--\r\n").as_bytes());
    site.round().await;
    let notification = site.sink.only(MARIE);
    let types: Vec<(String, String)> =
        notification.mail.attachments.iter().map(|a| (a.name.clone(), a.media_type.clone())).collect();
    assert_eq!(types.len(), 7, "{types:?}");
    for (name, media_type) in types {
        let expected = match name.as_str() {
            "notes.txt" => "text/plain",
            "a.pdf" => "application/pdf",
            _ => "application/octet-stream",
        };
        assert_eq!(media_type, expected, "{name}");
    }
    assert_eq!(notification.raw.matches("Content-Disposition: attachment").count(), 7);
}

#[tokio::test]
async fn markup_and_templates_in_words_stay_words() {
    let bad = "{{ticket.number}} {{> layout}} {{{message.text}}} <script>alert(1)</script> <img src=\"https://evil.example/p.png\"> \"><b onload=x>";
    let site = Site::with(Database::Sqlite, "[desk]\nname = \"{{ticket.number}} <script>\"\n").await;
    let raw = format!(
        "From: \"{}\" <{EVE}>\r\nTo: {SUPPORT}\r\nSubject: {bad}\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <style>body{{display:none}}</style><p style=\"background:url(https://evil.example/bg)\">{bad} {{{{message.above}}}}</p>\
         <img src=\"https://evil.example/track.gif\" onerror=\"alert(2)\"><svg onload=\"alert(3)\"></svg>\r\n",
        bad.replace('"', "'")
    );
    site.put_bytes(raw.as_bytes());
    site.round().await;
    let notifications = site.sink.notifications();
    assert_eq!(notifications.len(), 2);
    for notification in notifications {
        let raw = notification.raw.replace("=\n", "").replace("=3D", "=").replace("=3d", "=");
        let html = raw.split("<!DOCTYPE html>").nth(1).unwrap_or_else(|| panic!("no HTML part: {raw}"));
        for acting in ["<script", "<img", "<svg", "<b onload", "background:url(", "onerror=\""] {
            assert!(!html.contains(acting), "{acting}: {html}");
        }
        assert!(notification.mail.subject.contains("{{ticket.number}}"), "{}", notification.mail.subject);
        let name = notification.mail.from.map(|f| f.name).unwrap_or_default();
        assert!(name.contains("{{ticket.number}} <script>"), "{name}");
    }
}

#[test]
fn no_built_in_template_puts_a_value_into_a_page_as_it_is() {
    let sources = guichet::notify::builtin();
    assert!(sources.len() > 100);
    for source in sources {
        for raw in ["{{{", "{{&", "{{~{", "{{~&"] {
            assert!(!source.text.contains(raw), "{} has {raw}", source.name);
        }
    }
}

/// A page, asked for as a browser would.
fn ask(port: u16, path: &str, host: &str, more: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

struct Served(std::process::Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_preview_shows_notifications_and_lets_nothing_act() {
    use std::io::BufRead;
    let site = Site::with(Database::Sqlite, "[desk]\ntemplates = \"own\"\n").await;
    let own = site.folder.path().join("own/fr");
    std::fs::create_dir_all(&own).unwrap();
    let (code, _, error) = run(&site, &["template", "preview", "--listen", "0.0.0.0:0"]);
    assert_eq!((code, error.contains("not a valid loopback address")), (64, true), "{error}");

    let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
    command.arg("--config").arg(site.config()).args(["template", "preview", "--listen", "127.0.0.1:0"]);
    let mut child = Served(command.stdout(std::process::Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    std::io::BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port: u16 = line.split("127.0.0.1:").nth(1).and_then(|r| r.split('/').next()).unwrap().parse().unwrap();
    let own_name = format!("127.0.0.1:{port}");

    let index = ask(port, "/", &own_name, "");
    assert!(index.starts_with("HTTP/1.1 200"), "{index}");
    for words in ["fr/acknowledgement", "en/held", "sandbox=\"\"", "content-security-policy: default-src 'none'"] {
        assert!(index.contains(words), "{words}");
    }
    for (host, more) in
        [("evil.example", ""), ("evil.example:80", ""), ("", ""), (own_name.as_str(), "Sec-Fetch-Site: cross-site\r\n")]
    {
        let refused = ask(port, "/", host, more);
        assert!(refused.starts_with("HTTP/1.1 421") || refused.starts_with("HTTP/1.1 400"), "{host}: {refused}");
    }
    assert!(ask(port, "/notification/fr/nothing", &own_name, "").starts_with("HTTP/1.1 404"));

    let acts = "<script>alert(1)</script><p style=\"color:#123456\">mine</p><img src=\"https://evil.example/p.png\">";
    std::fs::write(own.join("answer.html.hbs"), acts).unwrap();
    let notification = eventually("the notification follows its template", Duration::from_secs(20), async || {
        let notification = ask(port, "/notification/fr/answer", &own_name, "");
        notification.contains("mine").then_some(notification)
    })
    .await;
    assert!(
        notification.contains("color:#123456")
            && !notification.contains("<script")
            && !notification.contains("evil.example"),
        "{notification}"
    );
    assert!(notification.contains("img-src data:; style-src 'unsafe-inline'; sandbox"), "{notification}");

    std::fs::write(own.join("answer.html.hbs"), "<p>\n{{ticket.numero}}</p>").unwrap();
    eventually("a mistake is shown with its place", Duration::from_secs(20), async || {
        ask(port, "/", &own_name, "").contains("fr/answer.html.hbs:2").then_some(())
    })
    .await;
    std::fs::remove_file(own.join("answer.html.hbs")).unwrap();
    eventually("and goes when it is fixed", Duration::from_secs(20), async || {
        ask(port, "/", &own_name, "").contains("fr/acknowledgement").then_some(())
    })
    .await;
}

// ---- what reading costs -------------------------------------------------------------------------------------

/// How many times longer than a plain mail of its size an email may take to be read. A second level of quadratic growth
/// over these sizes would take hundreds.
const RATIO: f64 = 50.0;

fn time_of(raw: &[u8], policy: &ticket::Policy, secret: &ticket::Secret) -> Duration {
    let begun = Instant::now();
    if let Ok(mail) = mail::parse(raw, &Limits { email_bytes: usize::MAX, ..Limits::default() }) {
        let intake = ticket::read(mail, "main", policy, secret);
        let _ = ticket::command::head(&intake.mail.reply_text, true, &policy.commands);
        assert!(intake.mail.text.len() <= 4 * Limits::default().text_bytes, "the text is bounded");
    }
    begun.elapsed()
}

fn plain(bytes: usize) -> Vec<u8> {
    let line = "Bonjour, l'imprimante de la salle douze ne fonctionne plus depuis ce matin.\r\n";
    format!("From: a@b.example\r\nSubject: x\r\n\r\n{}", line.repeat(bytes / line.len() + 1)).into_bytes()
}

fn text(body: &str) -> Vec<u8> {
    let head = "From: a@b.example\r\nSubject: Re: x\r\nIn-Reply-To: <x@y>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
    format!("{head}{body}\r\n").into_bytes()
}

fn page(body: &str) -> Vec<u8> {
    let head =
        "From: a@b.example\r\nSubject: Re: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n";
    format!("{head}{body}\r\n").into_bytes()
}

fn with_head(head: &str) -> Vec<u8> {
    format!("From: a@b.example\r\n{head}\r\n\r\nx\r\n").into_bytes()
}

fn part(media_type: &str, encoding: &str, body: &str) -> Vec<u8> {
    format!("From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: {media_type}; name=\"a\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n").into_bytes()
}

const MB: usize = 1_000_000;
/// Enough lines or tags for growth to show; an email of more takes the same time a byte.
const MANY: usize = 250_000;

fn lines() -> Vec<(&'static str, Vec<u8>)> {
    let long = |unit: &str| unit.repeat(MB / unit.len());
    let many = |unit: &str| unit.repeat(MANY / unit.len());
    vec![
        ("one line of notifications", text(&long("a"))),
        ("one line of blanks", text(&format!("x{}y", long(" ")))),
        ("an attribution that does not end", text(&format!("Le {}", long("lun. 2 mars 2026 à 09:15, Support <a@b> ")))),
        ("attributions line by line", text(&many("Le lun. 2 mars 2026, Support\r\n"))),
        ("On, without wrote", text(&many("On Mon, someone\r\n"))),
        ("signature marks", text(&many("-- \r\n"))),
        ("nearly signatures", text(&many("Cordialement,\r\n"))),
        ("header lines of forwards", text(&many("De : a@b.example\r\nObjet : x\r\n"))),
        ("dashes", text(&long("-"))),
        ("underscores", text(&many("_____\r\n"))),
        ("fields", text(&long("Téléphone : "))),
        ("fields line by line", text(&many("Nom : x\r\nTél : y\r\n"))),
        ("bounce words", text(&long("550 5.1.1 user unknown <a@b.example> "))),
        ("bounce lines", text(&many("<a@b.example>: host mx said: 550 5.1.1\r\n"))),
        ("thanks", text(&long("merci "))),
        ("orders", text(&long("#note "))),
        ("command lines", text(&many("#note x\r\n"))),
        ("brackets", text(&long("["))),
        ("angle brackets", text(&long("<"))),
        ("at signs", text(&long("a@"))),
        ("100,000 quotes in one another", text(&format!("{} x\r\n", ">".repeat(100_000)))),
        ("100,000 quoted lines", text(&many("> > > > > > > x\r\n"))),
        ("quotes that grow", text(&(0..1_400).map(|n| format!("{} x\r\n", ">".repeat(n))).collect::<String>())),
        ("links", text(&long("https://a.example/"))),
        ("data: URIs", text(&format!("data:image/png;base64,{}", long("A")))),
        ("combining marks", text(&format!("e{}", long("\u{301}")))),
        ("U+FDFA", text(&"\u{fdfa}".repeat(100_000))),
        (
            "uuencode that does not end",
            text(&format!(
                "begin 644 a\r\n{}",
                many("M:'1T<#HO+W=W=RYE>&%M<&QE+F-O;2]A8F-D969G:&EJ:VQM;F]P<7)S='5V\r\n")
            )),
        ),
        ("beginnings of uuencode", text(&many("begin 644 a\r\n"))),
        ("telephones", text(&many("Envoyé de mon iPhone\r\n"))),
        ("telephones apart", text(&many("x\r\n\r\nEnvoyé de mon iPhone\r\n\r\n"))),
        ("notices", text(&many("\r\nThis message is confidential and intended only for the addressee.\r\n"))),
        ("answers between quotes", text(&many("> x\r\ny\r\n"))),
        ("attributions and quotes", text(&many("On 2 Mar 2026 09:15, S <s@x.example> wrote:\r\n> x\r\n\r\n"))),
        (
            "broken quotes",
            text(&many("> a line that is long enough to have been broken by a program http://a\r\nb\r\n")),
        ),
        ("heads of old mails", text(&many("From: a@b.example\r\nSent: Monday\r\nTo: b\r\nSubject: x\r\n\r\n"))),
        ("rulers and blanks", text(&many("-----\r\n\r\n"))),
        ("forwards", text(&many("---------- Forwarded message ---------\r\nFrom: a@b.example\r\n\r\n"))),
        ("originals", text(&many("-----Original Message-----\r\n"))),
        ("half attributions", text(&many("On 2 Mar 2026 at 09:15, Somebody\r\n<s@x.example>\r\n"))),
        ("blank lines", text(&many("\r\n"))),
        ("PGP", text(&many("-----BEGIN PGP MESSAGE-----\r\n"))),
    ]
}

fn heads() -> Vec<(&'static str, Vec<u8>)> {
    let long = |unit: &str| unit.repeat(MB / unit.len());
    vec![
        ("a subject", with_head(&format!("Subject: {}", long("a")))),
        ("a subject of tags", with_head(&format!("Subject: {}", long("[P1]")))),
        ("a subject of opened brackets", with_head(&format!("Subject: {}", long("[")))),
        ("a subject of prefixes", with_head(&format!("Subject: {}", long("Re: ")))),
        ("a subject of numbers", with_head(&format!("Subject: {}", long("CG42N1-1 ")))),
        ("a subject of marks", with_head(&format!("Subject: e{}", long("\u{301}")))),
        ("a subject of encoded-words", with_head(&format!("Subject: {}", long("=?utf-8?Q?=C3?= ")))),
        ("unfinished encoded-words", with_head(&format!("Subject: {}", long("=?utf-8?Q?")))),
        ("addresses", with_head(&format!("To: {}a@b.example", long("a@b.example, ")))),
        ("names in quotes", with_head(&format!("To: {}", long("\"")))),
        ("opened groups", with_head(&format!("To: {}", long("a:")))),
        ("opened comments", with_head(&format!("To: {}", long("(")))),
        ("opened angles", with_head(&format!("To: {}", long("<")))),
        ("an address", with_head(&format!("To: {}@b.example", long("a")))),
        (
            "a name that is an address, over and over",
            with_head(&format!("From: \"{}\" <a@b.example>", long("a@b.example "))),
        ),
        ("references", with_head(&format!("References: {}", long("<a@b> ")))),
        ("a reference", with_head(&format!("References: <{}", long("a")))),
        ("parameters", with_head(&format!("MIME-Version: 1.0\r\nContent-Type: text/plain; {}", long("a*0*=b; ")))),
        ("Received", with_head(&long("Received: from a by b; x\r\n").chars().take(40_000).collect::<String>())),
        (
            "Authentication-Results",
            with_head(&format!("Authentication-Results: mx; {}", long("dkim=pass header.d=a; "))),
        ),
    ]
}

fn pages() -> Vec<(&'static str, Vec<u8>)> {
    let long = |unit: &str| unit.repeat(MANY / unit.len());
    vec![
        ("a table of many rows", page(&format!("<table>{}</table>", long("<tr><td>a<td>b")))),
        ("a table of many columns", page(&format!("<table><tr>{}</table>", long("<td>a")))),
        ("tables in tables", page(&long("<table><tr><td>"))),
        ("spans over everything", page(&format!("<table>{}</table>", long("<tr><td colspan=1000 rowspan=1000>a")))),
        ("nested lists", page(&long("<ul><li>"))),
        ("nested quotes", page(&long("<blockquote>"))),
        ("unclosed fonts", page(&long("<font><b><i>"))),
        ("wrong nesting", page(&long("<a><p></a></p>"))),
        ("attributes", page(&format!("<p {}>x</p>", (0..60_000).map(|n| format!("a{n}=b ")).collect::<String>()))),
        ("a style sheet", page(&format!("<style>{}</style>x", long("p{color:red}")))),
        ("a style", page(&format!("<p style=\"{}\">x</p>", long("color:red;")))),
        ("entities", page(&long("&amp;"))),
        ("half entities", page(&long("&"))),
        ("comments", page(&long("<!--"))),
        ("a picture inside", page(&format!("<img src=\"data:image/png;base64,{}\">x", long("A")))),
        ("marks in a page", page(&format!("e{}", long("&#769;")))),
    ]
}

fn parts() -> Vec<(&'static str, Vec<u8>)> {
    let long = |unit: &str| unit.repeat(MB / unit.len());
    let many_of = |unit: &str| unit.repeat(MANY / unit.len());
    let gzip = {
        // The beginning of a stream that says it holds far more than it has.
        let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
        bytes.resize(MB / 2, 0);
        data_encoding::BASE64.encode(&bytes)
    };
    let zip = data_encoding::BASE64.encode(&b"PK\x03\x04\x14\0\0\0\x08\0".repeat(50_000));
    let many = {
        let mut raw =
            String::from("From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=e\r\n\r\n");
        raw += &"--e\r\nContent-Type: image/png; name=a.png\r\nContent-Disposition: attachment\r\n\r\nx\r\n"
            .repeat(10_000);
        raw + "--e--\r\n"
    };
    let deep = {
        let mut raw = String::from("From: a@b.example\r\n");
        for level in 0..10_000 {
            raw += &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
        }
        raw + "\r\nx\r\n"
    };
    let boundaries = {
        let mut raw =
            String::from("From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=e\r\n\r\n");
        raw += &many_of("--e\r\n");
        raw
    };
    vec![
        ("gzip", part("application/gzip", "base64", &gzip)),
        ("zip", part("application/zip", "base64", &zip)),
        ("base64 without end", part("application/pdf", "base64", &long("A"))),
        ("base64 of nothing", part("text/plain", "base64", &long("="))),
        ("base64 text", text(&long("QUFB"))),
        ("quoted-printable of equals", part("text/plain", "quoted-printable", &long("="))),
        ("quoted-printable of soft breaks", part("text/plain", "quoted-printable", &many_of("=\r\n"))),
        ("10,000 files", many.into_bytes()),
        ("MIME 10,000 deep", deep.into_bytes()),
        ("nothing but boundaries", boundaries.into_bytes()),
        (
            "a broken winmail.dat",
            part(
                "application/ms-tnef",
                "base64",
                &data_encoding::BASE64
                    .encode(&b"\x78\x9f\x3e\x22\x01\x00\x01\x06\x90\x08\x00\xff\xff\xff\xff".repeat(40_000)),
            ),
        ),
        ("a calendar", part("text/calendar", "8bit", &format!("BEGIN:VCALENDAR\r\n{}", many_of("BEGIN:VEVENT\r\n")))),
        (
            "a calendar that repeats",
            part(
                "text/calendar",
                "8bit",
                &format!(
                    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nRRULE:FREQ=SECONDLY\r\n{}END:VEVENT\r\nEND:VCALENDAR",
                    many_of("ATTENDEE:mailto:a@b\r\n")
                ),
            ),
        ),
        ("flowed lines", with_flowed(&many_of("a \r\n"))),
        ("delivery reports", with_report(&many_of("Final-Recipient: rfc822; a@b.example\r\n\r\n"))),
    ]
}

fn with_flowed(body: &str) -> Vec<u8> {
    format!(
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; format=flowed; delsp=yes\r\n\r\n{body}"
    )
    .into_bytes()
}

fn with_report(body: &str) -> Vec<u8> {
    format!("From: mailer-daemon@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=e\r\n\r\n--e\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n{body}--e--\r\n").into_bytes()
}

async fn costs_little(cases: Vec<(&'static str, Vec<u8>)>) {
    let site = Site::new(Database::Sqlite).await;
    let policy = &site.app.settings.load_full().policy;
    let secret = &site.app.secret;
    let (mut dear, mut known) = (Vec::new(), std::collections::BTreeMap::new());
    let shortest = |raw: &[u8]| (0..3).map(|_| time_of(raw, policy, secret)).min().unwrap();
    for (name, raw) in cases {
        // Sizes that differ by less than a tenth are one.
        let size = raw.len().div_ceil(100_000) * 100_000;
        let benign = *known.entry(size).or_insert_with(|| shortest(&plain(raw.len())));
        let hostile = time_of(&raw, policy, secret);
        // A machine that is busy with other things is asked twice more.
        let ratio = |hostile: Duration| hostile.as_secs_f64() / benign.as_secs_f64().max(0.000_5);
        let found = if ratio(hostile) > RATIO / 2.0 { ratio(hostile.min(shortest(&raw))) } else { ratio(hostile) };
        if std::env::var_os("GUICHET_TEST_VERBOSE").is_some() {
            println!("{name}: {found:.2} ({} bytes, benign {benign:?})", raw.len());
        }
        if found > RATIO {
            dear.push(format!("{name}: {found:.1} times a plain mail of {} bytes", raw.len()));
        }
    }
    assert!(dear.is_empty(), "{dear:#?}");
}

#[tokio::test]
async fn lines_made_to_be_dear_cost_little() {
    costs_little(lines()).await;
}

#[tokio::test]
async fn headers_made_to_be_dear_cost_little() {
    costs_little(heads()).await;
}

#[tokio::test]
async fn pages_made_to_be_dear_cost_little() {
    costs_little(pages()).await;
}

#[tokio::test]
async fn parts_made_to_be_dear_cost_little() {
    costs_little(parts()).await;
}
