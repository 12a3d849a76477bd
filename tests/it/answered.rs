//! Who is answered, who is obeyed, and what never leaves: told from email to email on both databases.

use crate::support::Said;
use guichet::store::HeldFilter;
use guichet::ticket::Token;

use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::sink::Received;
use crate::support::{Database, Site};

const BOB: &str = "bob@college.example";
const LIST: &str = "profs@lists.college.example";
const KELIS: &str = "helpdesk@kelis.example";
const SERVER: &str = "[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n";
const GUARDED: &str =
    "[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n[queues.help]\nsenders = [\"@college.example\"]\n";
const PLUS: &str = "[queues.help]\nreply_to = \"plus\"\n";

fn says(domain: &str, verdict: &str) -> String {
    format!("Authentication-Results: mx.desk.example; dmarc={verdict} header.from={domain}")
}

/// An answer of Marie to the newest notification she has.
async fn marie_answers(site: &Site, words: &str) -> Mail {
    let notice = site.sink.last(MARIE);
    let mail = Mail::reply(&notice.mail, MARIE, words);
    site.then(&mail).await;
    mail
}

fn proven(mail: Mail) -> Mail {
    let more = format!("{}\n{}", says("agents.example", "pass"), mail.more);
    Mail { more, ..mail }
}

/// The token a notification carries.
fn intake_token(notification: &Received) -> String {
    Token::in_message_id(notification.mail.message_id.as_deref().unwrap()).unwrap().text()
}

fn squeezed(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_ascii_lowercase() || ('2'..='7').contains(c)).collect()
}

original_requests! {
    /// A list that puts its own address into From: the ticket belongs to the person, and nothing goes to the list.
    a_list_that_rewrites_from_is_seen_through(site) {
        let mail = Mail::from(&format!("Ana Pérez via Profs <{LIST}>")).to(&format!("{LIST}, {SUPPORT}"))
            .header("List-Id: Profs <profs.lists.college.example>")
            .header(&format!("List-Post: <mailto:{LIST}>"))
            .header("X-Original-From: Ana Pérez <ana@college.example>")
            .header(&format!("Reply-To: {LIST}"));
        site.receive(&mail).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.requester.as_str(), ticket.requester_name.as_str()), (ANA, "Ana Pérez"));
        let notice = site.sink.only(MARIE);
        assert!(notice.mail.text.contains("Réponse à  : Ana Pérez <ana@college.example>"), "{}", notice.mail.text);
        marie_answers(&site, "#public\n\nLe mot de passe est zebra.").await;
        assert!(site.sink.with_words(ANA, "zebra").mail.text.contains("zebra"));
        assert!(site.sink.to(LIST).is_empty());
    }

    /// The person is in From, and the list in Reply-To and To.
    a_lists_reply_to_is_never_answered(site, SERVER) {
        let mail = Mail::from(ANA).to(&format!("{LIST}, {SUPPORT}")).header(&format!("List-Post: <mailto:{LIST}>"))
            .header(&format!("Reply-To: {LIST}")).header(&says("college.example", "pass"));
        site.receive(&mail).await;
        let notice = site.sink.only(MARIE);
        site.then(&proven(Mail::reply(&notice.mail, MARIE, "#public\n\nVoici le mot de passe."))).await;
        assert_eq!(site.only_ticket().await.requester, ANA);
        assert!(site.sink.to(LIST).is_empty());
        assert_eq!(site.sink.to(ANA).len(), 1, "the answer; a list's mail is not acknowledged");
    }

    /// A list's mail that names nobody: held, and the queue's people hear of it.
    a_list_that_names_nobody_is_held_and_told(site) {
        let mail = Mail::from(LIST).header(&format!("List-Post: <mailto:{LIST}>")).header("List-Id: <profs.lists.college.example>");
        site.receive(&mail).await;
        assert!(site.tickets().await.is_empty());
        let row = site.verdict(&mail).await;
        assert_eq!((row.verdict.said(), row.cause.said()), ("held", "nobody"));
        site.sink.only(MARIE);
        assert!(site.sink.to(LIST).is_empty());
    }

    /// A Google Group with our own address, which rewrites From to it.
    a_group_under_our_own_address_is_seen_through(site) {
        let mail = Mail::from(&format!("'Bob' via Support <{SUPPORT}>"))
            .header("List-Id: <support.desk.example>").header(&format!("List-Post: <mailto:{SUPPORT}>"))
            .header("X-Original-From: Bob <bob@college.example>").header(&format!("Reply-To: Bob <{BOB}>"));
        site.receive(&mail).await;
        assert_eq!(site.only_ticket().await.requester, BOB);
        assert_eq!(site.sink.to(BOB).len(), 1, "acknowledged: the group is ours");
        // Without a person it is held, and told.
        let bare = Mail::from(SUPPORT);
        site.then(&bare).await;
        assert_eq!(site.verdict(&bare).await.cause.said(), "nobody");
        assert_eq!(site.sink.to(MARIE).len(), 2);
    }

    /// A contact form: the person in Reply-To, or in the form itself.
    a_contact_forms_person_is_answered(site) {
        site.receive(&Mail::from("Site du collège <wordpress@www.college.example>").header(&format!("Reply-To: {ANA}"))).await;
        assert_eq!(site.only_ticket().await.requester, ANA);
        assert_eq!(site.sink.to(ANA).len(), 1);
        let typed = Mail::from("noreply@forms.example").subject("Formulaire")
            .text("Nom : Bob Martin\nAdresse e-mail : bob@college.example\nMessage : plus de réseau\n");
        site.then(&typed).await;
        let tickets = site.tickets().await;
        assert_eq!(tickets[1].requester, BOB, "{tickets:?}");
        marie_answers(&site, "#public\n\nC'est rétabli.").await;
        assert_eq!(site.sink.with_words(BOB, "rétabli").to, BOB);
        assert!(site.sink.notifications().iter().all(|l| !l.to.contains("noreply") && !l.to.contains("wordpress")));
    }

    /// Reply-To of the same house, and of another where the server vouches; else not; never an agent, or ourselves.
    reply_to_is_honoured_where_nobody_could_misuse_it(site, SERVER) {
        for (n, (reply_to, head, answered)) in [
            ("ana.perso@college.example", "X-None: 1".to_owned(), "ana.perso@college.example"),
            ("ana@home.example", "X-None: 1".to_owned(), ANA),
            ("ana@home.example", says("college.example", "pass"), "ana@home.example"),
            (MARIE, says("college.example", "pass"), ANA),
            (SUPPORT, says("college.example", "pass"), ANA),
        ].into_iter().enumerate() {
            let subject = format!("Demande {n}");
            site.then(&Mail::from(ANA).subject(&subject).header(&head).header(&format!("Reply-To: {reply_to}"))).await;
            let ticket = site.tickets().await.into_iter().find(|t| t.title == subject).unwrap();
            assert_eq!(ticket.requester, answered, "{reply_to}");
            let notice = site.sink.with_words(MARIE, &subject);
            assert!(notice.mail.text.contains(&format!("Réponse à  : {answered}")), "{}", notice.mail.text);
        }
    }

    /// Rights never come from Reply-To: who is answered there has none.
    a_reply_to_gives_no_right(site, SERVER) {
        site.receive(&Mail::from(ANA)).await;
        let claim = Mail::from("eve@college.example").subject("Re: [CG42N1-000001] Imprimante en panne")
            .header(&says("college.example", "pass")).header(&format!("Reply-To: {ANA}")).text("#clore");
        site.then(&claim).await;
        assert_ne!(site.ticket("CG42N1-000001").await.status, "closed");
        let agent = Mail::from("eve@college.example").subject("Re: [CG42N1-000001] Imprimante en panne")
            .header(&says("college.example", "pass")).header(&format!("Reply-To: {MARIE}")).text("#clore");
        site.then(&agent).await;
        assert_ne!(site.ticket("CG42N1-000001").await.status, "closed");
    }

    /// Denied: no automatic mail, nothing that a list of senders guards, and one place in the list.
    a_denied_sender_hears_nothing_and_opens_nothing_guarded(site, GUARDED) {
        let mail = Mail::from(ANA).header(&says("college.example", "fail"));
        site.receive(&mail).await;
        assert!(site.tickets().await.is_empty() && site.sink.notifications().is_empty());
        assert_eq!(site.verdict(&mail).await.cause.said(), "denied");
        let other = Mail::from(BOB).header(&says("evil.example", "pass"));
        site.then(&other).await;
        assert_eq!(site.verdict(&other).await.cause.said(), "denied", "a verdict about another domain");
        // One word lets all of them in.
        let denied = HeldFilter { cause: Some(guichet::ticket::HoldCause::Denied), ..HeldFilter::default() };
        let mut tx = site.store().begin(guichet::store::Durability::Full).await.unwrap();
        assert_eq!(tx.review_all(true, &denied, "lists break DMARC", site.clock.now()).await.unwrap(), 2);
        tx.commit().await.unwrap();
        site.pass(60_000).await;
        assert_eq!(site.tickets().await.len(), 2);
        assert!(site.sink.to(ANA).is_empty() && site.sink.to(BOB).is_empty(), "they may never have written");
    }

    a_denied_sender_in_an_open_queue_is_not_acknowledged(site, SERVER) {
        site.receive(&Mail::from(ANA).header(&says("college.example", "fail"))).await;
        assert_eq!(site.tickets().await.len(), 1);
        assert!(site.sink.to(ANA).is_empty());
        site.sink.only(MARIE);
    }

    /// An address that can be read in two ways: the one within quotes is not an author, opens nothing, and is named as what it is.
    an_address_within_quotes_is_nobodys(site, GUARDED) {
        let mail = Mail::from("A <\"<ana@college.example>\"@evil.example>").header(&says("evil.example", "pass"));
        site.receive(&mail).await;
        assert!(site.tickets().await.is_empty() && site.sink.notifications().is_empty());
        let row = site.verdict(&mail).await;
        assert!(row.verdict.said() == "held" && row.reason.contains("@evil.example"), "{row:?}");
        let two = Mail::from("Ana <ana@college.example> <eve@evil.example>").header(&says("evil.example", "pass"));
        site.then(&two).await;
        assert!(site.tickets().await.is_empty(), "uncertain: not among the senders");
    }

    /// Whatever the notification is called when it is attached, it does not leave with an answer, nor does the right it carries.
    a_notification_attached_to_an_answer_stays_inside(site) {
        site.receive(&Mail::from(ANA).to(&format!("{SUPPORT}, {BOB}"))).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "SECRET-INTERNE du coffre numéro douze")).await;
        let notification = site.sink.last(MARIE);
        let token = intake_token(&notice);
        let utf16: Vec<u8> = notice.mail.text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let files: Vec<(String, Vec<u8>)> = vec![
            ("a.eml".to_owned(), notice.raw.clone().into_bytes()),
            ("a.bin".to_owned(), notice.raw.clone().into_bytes()),
            ("a.txt".to_owned(), notice.mail.text.clone().into_bytes()),
            ("a.html".to_owned(), format!("<p>{}</p>", notice.mail.text).into_bytes()),
            ("a.msg".to_owned(), utf16),
            (format!("support+{token}@desk.example.png"), b"\x89PNG".to_vec()),
            ("b.txt".to_owned(), notification.mail.text.clone().into_bytes()),
        ];
        for (name, contents) in &files {
            let before = site.sink.to(ANA).len();
            let mail = Mail::reply(&notice.mail, MARIE, "#public\nBonjour, voir ci-joint.").attach(name, contents);
            site.then(&mail).await;
            assert_eq!(site.verdict(&mail).await.state, "held", "{name}");
            assert_eq!(site.sink.to(ANA).len(), before, "{name}");
        }
        for to in [ANA, BOB] {
            assert!(site.sink.to(to).iter().all(|l| !squeezed(&l.mail.text).contains(&token) && !l.raw.contains("SECRET")), "{to}");
        }
        // Other files go on.
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nVoici le mode d'emploi.").attach("notice.pdf", b"%PDF Mode d'emploi")).await;
        assert_eq!(site.sink.with_words(ANA, "mode d'emploi").mail.attachments.len(), 1);
    }

    /// Only the requester ends, reopens or rates; who is in copy is heard, and the requester hears them.
    who_is_in_copy_is_heard_and_not_obeyed(site) {
        let request = Mail::from(ANA).to(&format!("{SUPPORT}, {BOB}"));
        site.receive(&request).await;
        marie_answers(&site, "#public\n\nEssayez ceci.").await;
        let to_bob = site.sink.last(BOB);
        for command in ["#clore", "#résolu", "#pas-résolu", "#rouvrir", "#avis 1", "#clore, merci à tous"] {
            let before = site.ticket("CG42N1-000001").await.status;
            let (heard, app) = (site.sink.to(ANA).len(), site.sink.to(MARIE).len());
            site.then(&Mail::reply(&to_bob.mail, BOB, command)).await;
            assert_eq!(site.ticket("CG42N1-000001").await.status, before, "{command}");
            assert_eq!(site.sink.to(ANA).len(), heard + 1, "{command}: the requester hears of it");
            assert_eq!(site.sink.to(MARIE).len(), app + 1, "{command}: the service desk too");
        }
        let told = site.sink.last(ANA);
        assert!(told.mail.text.contains("en copie de votre demande"), "{}", told.mail.text);
        // The requester ends it, by the button of their own notification.
        let own = site.sink.with_words(ANA, "Essayez ceci");
        site.then(&Mail::press(&own.mail, "#résolu", ANA)).await;
        assert_eq!(site.ticket("CG42N1-000001").await.status, "closed");
    }

    somebody_in_copy_does_not_reopen_what_is_resolved(site) {
        site.receive(&Mail::from(ANA).to(&format!("{SUPPORT}, {BOB}"))).await;
        marie_answers(&site, "#résoudre Câble changé.").await;
        let to_bob = site.sink.with_words(BOB, "Câble");
        assert!(!to_bob.mail.text.contains("C'est résolu"), "no button that does nothing: {}", to_bob.mail.text);
        site.then(&Mail::reply(&to_bob.mail, BOB, "Chez moi cela ne marche pas.")).await;
        assert_eq!(site.ticket("CG42N1-000001").await.status, "resolved");
        assert!(site.sink.with_words(ANA, "Chez moi").mail.text.contains("en copie"));
        site.sink.with_words(MARIE, "Chez moi");
    }

    /// The requester of a ticket that went into another is in copy there.
    a_merged_requester_ends_nothing(site) {
        site.receive(&Mail::from(ANA)).await;
        site.then(&Mail::from(BOB).subject("La même")).await;
        let of_bob = site.sink.with_words(MARIE, "La même");
        site.then(&Mail::reply(&of_bob.mail, MARIE, "#fusionner CG42N1-000001")).await;
        let told = site.sink.with_words(BOB, "CG42N1-000001");
        site.then(&Mail::reply(&told.mail, BOB, "#clore")).await;
        assert_ne!(site.ticket("CG42N1-000001").await.status, "closed");
    }

    /// What colleagues see in References or in a reply to all closes nothing and blocks nobody.
    an_id_that_others_have_seen_proves_nothing(site, PLUS) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        // Ana answers all: her reply address and our id are now Bob's to read.
        site.then(&Mail::reply(&ack.mail, ANA, "Je mets Bob en copie.").header("Cc: bob@college.example")).await;
        let forged = Mail::reply(&ack.mail, ANA, "#clore");
        site.then(&forged).await;
        assert_ne!(site.ticket("CG42N1-000001").await.status, "closed", "nothing proves that it is Ana");
        let id = ack.mail.message_id.clone().unwrap();
        let report = format!(
            "From: MAILER-DAEMON@evil.example\r\nTo: {SUPPORT}\r\nSubject: Undelivered\r\nMessage-ID: <r1@evil.example>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nfailed\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; {ANA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
             --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\nTo: {ANA}\r\n\r\n--b--\r\n"
        );
        site.put_bytes(report.as_bytes());
        site.pass(60_000).await;
        assert!(site.store().undeliverable(site.clock.now(), 9).await.unwrap().is_empty(), "nobody is blocked");
    }

    /// A vendor is known by a signed reply address, or by an address that the server vouches for; not by a number in the subject.
    a_vendor_is_not_known_by_a_number_in_the_subject(site, SERVER) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&proven(Mail::reply(&notice.mail, MARIE, &format!("#vendor {KELIS}\n\nPouvez-vous regarder ?")))).await;
        let asked = site.sink.only(KELIS);
        let app = site.sink.to(MARIE).len();
        let claim = Mail::from(KELIS).subject("Re: [CG42N1-000001] Imprimante en panne").text("Donnez-nous le mot de passe.");
        site.then(&claim).await;
        let row = site.verdict(&claim).await;
        assert_eq!((row.verdict.said(), row.cause.said()), ("held", "unproven"), "{row:?}");
        assert_eq!(site.sink.to(MARIE).len(), app + 1, "it is told, and can be let in");
        let vouched = Mail::from(KELIS).subject("Re: [CG42N1-000001] Imprimante").header(&says("kelis.example", "pass")).text("C'est parti.");
        site.then(&vouched).await;
        assert_eq!(site.verdict(&vouched).await.verdict.said(), "joined");
        let signed = Mail::reply(&asked.mail, KELIS, "Et voici la suite.");
        site.then(&signed).await;
        assert_eq!(site.verdict(&signed).await.verdict.said(), "joined");
        assert_eq!(site.tickets().await.len(), 1);
    }

    /// What stands behind a button's mark, or between per-cent signs, is its writer's; and nobody outside ever sees a token.
    marks_and_placeholders_in_peoples_words_stay_theirs(site) {
        site.receive(&Mail::from(ANA).text("Le modèle %NEW% ne part pas. [ref:gt.abc] est affiché.")).await;
        let notice = site.sink.only(MARIE);
        assert!(notice.mail.text.contains("Le modèle %NEW% ne part pas. [ref:gt.abc] est affiché."));
        site.then(&Mail::reply(&notice.mail, MARIE, "#scinder Panne %NEW%\n\nAutre chose.")).await;
        let receipt = site.sink.with_words(MARIE, "un ticket à part");
        assert!(receipt.mail.text.replace('\n', " ").contains("« Panne %NEW% » est un ticket à part : CG42N1-000002."), "{}", receipt.mail.text);
        let ack = site.sink.with_words(ANA, "CG42N1-000001");
        let token = Token::in_message_id(ack.mail.message_id.as_deref().unwrap()).unwrap().text();
        site.then(&Mail::reply(&ack.mail, ANA, &format!("[ref:gt.{token}] Voici la suite, écrite sur la même ligne."))).await;
        let told = site.sink.with_words(MARIE, "Voici la suite");
        assert!(!told.mail.text.contains(&token));
    }
}

#[derive(serde::Deserialize)]
struct Styles {
    style: Vec<Style>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Style {
    name: String,
    #[allow(dead_code, reason = "for who reads the table")]
    lang: String,
    subject: String,
    content_type: String,
    body: String,
    expect_sent: bool,
    why: String,
    #[serde(default)]
    token_split: String,
}

const WORDS: &str = "Bonjour, la cartouche est commandée.";

/// Every way in which people's clients quote the service desk's notification: the answer leaves without a token and without the note, or it does
/// not leave and its writer hears why.
async fn quoting_styles(database: Database, plainly: bool) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quotes.toml");
    let styles: Styles = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(styles.style.len() >= 150);
    let reply = if plainly { "agent_reply = \"natural\"\n" } else { "" };
    let more = format!(
        "{PLUS}{reply}[limits]\nnotifications_per_hour = 100000\nagent_notifications_per_hour = 100000\nemails_per_hour_per_sender = 0\n\
        [agents.luc]\naddress = \"luc@agents.example\"\nname = \"Luc\"\nroles = [\"moderator\"]\nqueues = [\"help\"]\n"
    );
    let mut site = Site::with(database, &more).await;
    let (mut leaks, mut held, mut sent) = (Vec::new(), Vec::new(), 0);
    // What is cut and what leaves is decided before any row is written: one in five shows that the other database agrees.
    let step = if database == Database::Postgres { 5 } else { 1 };
    for (n, style) in styles.style.iter().enumerate().step_by(step) {
        if n % 5 == 4 {
            // What a sink has taken is read anew each time it is asked.
            site = Site::with(database, &more).await;
        }
        let ana = format!("ana{n}@ecole.example");
        site.then(
            &Mail::from(&ana).subject(&format!("Imprimante {n}")).text("L'imprimante de la salle 12 est en panne."),
        )
        .await;
        let notice = site.sink.with_words("luc@agents.example", &format!("Imprimante {n}"));
        let request = site.sink.with_words(MARIE, &format!("Imprimante {n}"));
        let note = "#note\nSECRET-NOTE: mot de passe admin = zebra";
        site.then(&Mail::reply(&notice.mail, "luc@agents.example", note)).await;
        // A plain reply answers what the requester wrote.
        let told = if plainly { request } else { site.sink.with_words(MARIE, "SECRET-NOTE") };
        let address = told.mail.reply_to.clone().unwrap().address;
        let token = Token::in_address(&address).unwrap().text();
        let split = |token: &str| {
            let (one, other) = token.split_at(token.len() / 2);
            if style.token_split.is_empty() { token.to_owned() } else { format!("{one}{}{other}", style.token_split) }
        };
        let body = style.body.replace("{{token}}", &split(&token)).replace("{{TOKEN}}", &split(&token.to_uppercase()));
        let body = if plainly {
            body.replace("#public\n\n", "").replace("#public\n", "").replace("#public", "")
        } else {
            body
        };
        let id = told.mail.message_id.clone().unwrap();
        let raw = format!(
            "From: {MARIE}\r\nTo: {address}\r\nSubject: {}\r\nMessage-ID: <style{n}@client.example>\r\nIn-Reply-To: <{id}>\r\nMIME-Version: 1.0\r\n\
             Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            data_subject(&style.subject, n),
            style.content_type,
            data_encoding::BASE64
                .encode(body.replace('\n', "\r\n").as_bytes())
                .as_bytes()
                .chunks(76)
                .map(|c| std::str::from_utf8(c).unwrap())
                .collect::<Vec<_>>()
                .join("\r\n"),
        );
        let to_marie = site.sink.to(MARIE).len();
        site.put_bytes(raw.as_bytes());
        site.pass(60_000).await;
        if plainly {
            site.pass(61_000).await;
        }
        let to_ana: Vec<Received> = site.sink.to(&ana);
        for notification in &to_ana {
            let text = format!("{} {}", notification.mail.text, notification.mail.subject);
            let shown = squeezed(&text).contains(&token) || squeezed(&notification.raw).contains(&token);
            if shown || text.contains("zebra") || notification.raw.contains("zebra") {
                leaks.push(format!("{}: {}\n{}", style.name, style.why, notification.mail.text));
            }
        }
        let left = to_ana.iter().any(|l| l.mail.text.contains(WORDS));
        sent += usize::from(left);
        if !left {
            assert!(site.sink.to(MARIE).len() > to_marie, "{}: nobody was told", style.name);
            if style.expect_sent {
                held.push(style.name.clone());
            }
        }
    }
    assert!(leaks.is_empty(), "{} leak:\n{}", leaks.len(), leaks.join("\n----\n"));
    let wished = styles.style.iter().filter(|s| s.expect_sent).count();
    // A reply that is held is safe and annoying: no more of them than these.
    assert!(
        held.len() <= HELD_AT_MOST && sent * step * 2 > wished,
        "{} of {wished} that could leave are held ({sent} left): {held:?}",
        held.len()
    );
}

/// Styles in which the answer could leave, and is held all the same.
const HELD_AT_MOST: usize = 12;

fn data_subject(subject: &str, n: usize) -> String {
    let encoded = data_encoding::BASE64.encode(format!("{subject} {n}").as_bytes());
    format!("=?utf-8?B?{encoded}?=")
}

#[tokio::test]
async fn no_quoting_style_lets_a_token_or_a_note_out_sqlite() {
    quoting_styles(Database::Sqlite, false).await;
}

#[tokio::test]
async fn no_quoting_style_lets_a_token_or_a_note_out_plainly() {
    quoting_styles(Database::Sqlite, true).await;
}

#[tokio::test]
async fn no_quoting_style_lets_a_token_or_a_note_out_postgres() {
    quoting_styles(Database::Postgres, false).await;
}
