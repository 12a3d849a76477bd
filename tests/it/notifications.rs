//! Every notification, written by the whole program in both languages. With `GUICHET_TEST_NOTIFICATIONS=DIR` their
//! HTML parts are kept there, to be looked at (`docs/notifications/draw`).

use std::collections::BTreeMap;

use guichet::clock::{DAY, HOUR, MINUTE};
use guichet::store::OutboxState;

use crate::support::mail::{MARIE, Mail, SUPPORT};
use crate::support::sink::Received;
use crate::support::{Database, Site};

const NADIA: &str = "nadia@agents.example";
const CHEF: &str = "chef@agents.example";

fn app(language: &str) -> String {
    let name = if language == "fr" { "Assistance numérique" } else { "Digital service desk" };
    let mut text = format!(
        r#"
[desk]
name = "{name}"
language = "{language}"
[life]
recommend = true
[limits]
agent_notifications_per_hour = 40
[agents.marie]
language = "{language}"
queues = ["help", "urgent"]
[queues.urgent]
mailbox = "main"
address = "urgent@desk.example"
prefix = "URG"
reply_to = "plain"
sla = "std"
[calendars.office]
label = {{ fr = "heures de bureau", en = "office hours" }}
hours = {{ mon-sun = "08:00-18:00" }}
holidays = ["file:missing.ics"]
[slas.std]
calendar = "office"
escalate_at_breach = false
major = ["P1"]
post_mortem = ["P1"]
targets = [
  {{ priority = "P1", respond = "2h", resolve = "8h", calendar = "always" }},
  {{ respond = "4h", resolve = "8h" }},
]
[reports.all]
kind = "weekly"
cron = "0 0 7 * * *"
to = ["marie"]
[agents.nadia]
address = "{NADIA}"
name = "Nadia Expert"
roles = ["technician"]
queues = ["help", "urgent"]
level = 2
language = "{language}"
[agents.chef]
address = "{CHEF}"
name = "Paul Leroy"
roles = ["approver"]
queues = ["vr"]
language = "{language}"
[queues.help]
acknowledge = "all"
suggest = true
ask = ["phone", "population", "expected", "observed", "steps"]
[retired.old]
address = "ancien@desk.example"
queue = "help"
[categories.technique]
label = {{ fr = "Technique", en = "Technical" }}
words = ["imprimante", "printer"]
[audiences.all]
addresses = ["ecole@college.example"]
"#
    );
    for (queue, more) in [("vr", "approvers = [\"chef\"]"), ("closed", "senders = [\"@direction.example\"]")] {
        text += &format!(
            "[queues.{queue}]\nmailbox = \"main\"\naddress = \"{queue}@desk.example\"\nprefix = \"{}\"\n{more}\n",
            queue.to_uppercase()
        );
    }
    text += "[agents.luc]\naddress = \"luc@agents.example\"\nname = \"Luc Roche\"\nroles = [\"moderator\"]\nqueues = [\"closed\", \"vr\"]\n";
    text += &format!("language = \"{language}\"\n");
    text += "[agents.eva]\naddress = \"eva@agents.example\"\nname = \"Eva Lenoir\"\nroles = [\"technician\"]\nqueues = [\"help\"]\nnotify = \"all\"\n";
    text += &format!("language = \"{language}\"\n");
    text
}

struct Story<'a> {
    site: &'a Site,
    french: bool,
}

impl Story<'_> {
    fn pick<'t>(&self, fr: &'t str, en: &'t str) -> &'t str {
        if self.french { fr } else { en }
    }

    fn mail(&self, from: &str, to: &str, subject: &str, text: &str) -> Mail {
        let language = if self.french { "fr" } else { "en" };
        Mail::from(from).to(to).subject(subject).header(&format!("Content-Language: {language}")).text(text)
    }

    async fn says(&self, notification: &Received, text: &str) {
        let to = notification.to.clone();
        self.site
            .then(&Mail::reply(&notification.mail, &to, text).header(if self.french {
                "Content-Language: fr"
            } else {
                "Content-Language: en"
            }))
            .await;
    }

    async fn tell(&self) {
        let claire = "Claire Martin <claire@college.example>";
        let who = "claire@college.example";
        let subject =
            self.pick("[P2] L'imprimante de la salle 12 ne répond plus", "[P2] The printer of room 12 does not answer");
        let text = self.pick(
            "Bonjour,\n\nDepuis ce matin l'imprimante de la salle 12 n'imprime plus : le voyant clignote en orange.\nTéléphone : 04 77 00 00 00\nPopulation concernée : la 6e B\nAttendu : la page sort\nObservé : rien ne sort\n\nMerci d'avance,\nClaire Martin",
            "Hello,\n\nSince this morning the printer of room 12 prints nothing: its light blinks orange.\nTelephone: 04 77 00 00 00\nPeople concerned: class 6B\nExpected result: the page comes out\nObserved result: nothing comes out\n\nThanks,\nClaire Martin",
        );
        self.site.receive(&self.mail(claire, SUPPORT, subject, text).attach("photo.png", b"\x89PNG a picture")).await;
        let notice = self.site.sink.with_words(MARIE, "CG42N1-000001");
        self.says(&notice, "#take").await;
        self.says(
            &notice,
            self.pick(
                "#ask Le voyant reste-t-il orange quand on ouvre le capot ?",
                "#ask Does the light stay orange when the lid is open?",
            ),
        )
        .await;
        self.site.pass(3 * DAY + HOUR).await;
        let question = self.site.sink.with_words(who, self.pick("Le voyant", "Does the light"));
        self.says(&question, self.pick("Oui, même capot ouvert.", "Yes, even then.")).await;
        self.says(&notice, self.pick("#public\nBonjour Claire,\n\nEssayez d'éteindre l'imprimante dix secondes, puis de la rallumer.\n\nMarie", "#public\nHello Claire,\n\nPlease switch the printer off for ten seconds, then on again.\n\nMarie")).await;
        self.says(&notice, "#pending 3d").await;
        self.site.pass(3 * DAY + HOUR).await;
        self.says(
            &notice,
            self.pick(
                "#vendor aide@imprimeur.example\nBonjour,\n\nLe voyant orange reste allumé : que signifie-t-il ?",
                "#vendor aide@imprimeur.example\nHello,\n\nThe orange light stays on: what does it mean?",
            ),
        )
        .await;
        let vendor = self.site.sink.only("aide@imprimeur.example");
        self.says(&vendor, self.pick("Le tambour est usé.", "The drum is worn out.")).await;
        self.says(
            &notice,
            self.pick("#escalate N2 le tambour est à remplacer", "#escalate N2 the drum has to be replaced"),
        )
        .await;
        let sheet = self.site.sink.only(NADIA);
        self.says(&sheet, "#assign marie").await;
        self.says(
            &notice,
            self.pick(
                "#broadcast all\nLe portail est de nouveau accessible.",
                "#broadcast all\nThe portal works again.",
            ),
        )
        .await;
        let ack = self.site.sink.with_words(who, self.pick("enregistrée", "registered"));
        self.site.then(&Mail::press(&ack.mail, self.pick("#statut", "#status"), who)).await;
        self.says(
            &notice,
            self.pick(
                "#resolve Le tambour a été remplacé ; l'imprimante fonctionne.",
                "#resolve The drum has been replaced; the printer works.",
            ),
        )
        .await;
        let resolved = self.site.sink.with_words(who, self.pick("Est-ce bien résolu", "Is it solved for you"));
        self.says(&resolved, self.pick("Elle s'arrête encore après dix pages.", "It still stops after ten pages."))
            .await;
        self.says(
            &notice,
            self.pick(
                "#resolve\n#kb imprimante\nLe bac était mal fermé.",
                "#resolve\n#kb printer\nThe tray was not closed.",
            ),
        )
        .await;
        let resolved = self.site.sink.with_words(who, self.pick("Le bac", "The tray"));
        self.site.then(&Mail::press(&resolved.mail, self.pick("#résolu", "#solved"), who)).await;
        for command in ["#list", "#show", "#why", "#help", "#pubilc\nBonjour"] {
            self.says(&notice, command).await;
        }
        self.others().await;
        self.in_copy_and_collected().await;
        // What nobody has taken is brought to mind.
        self.site.edit("[life]\nunassigned_within = \"1h\"\n");
        for _ in 0..150 {
            self.site.pass(12 * MINUTE).await;
            if by_kind(self.site).await.contains_key("forgotten") {
                break;
            }
        }
        self.says(&sheet, "#away until 2026-12-31").await;
    }

    /// Somebody in copy writes; so much comes in that an agent gets a digest.
    async fn in_copy_and_collected(&self) {
        let (who, copy) = ("fred@college.example", "gina@college.example");
        let request = self.mail(
            who,
            SUPPORT,
            self.pick("Le son coupe", "The sound stops"),
            self.pick("Le son coupe en salle 4.", "The sound stops in room 4."),
        );
        self.site.then(&request.header(&format!("Cc: {copy}"))).await;
        let notice = self.site.sink.with_words(MARIE, self.pick("Le son coupe", "The sound stops"));
        self.says(&notice, self.pick("#public\nEssayez l'autre prise.", "#public\nPlease try the other socket.")).await;
        let told = self.site.sink.with_words(copy, self.pick("l'autre prise", "the other socket"));
        self.says(
            &told,
            self.pick(
                "Chez moi aussi, et l'autre prise n'y change rien.",
                "Here too, and the other socket changes nothing.",
            ),
        )
        .await;
        for n in 0..40_u8 {
            let word: String = [n / 6, n % 6].map(|digit| char::from(b'a' + digit)).iter().collect();
            let text = format!(
                "{} {word}{word}x",
                self.pick(
                    "La tablette ne s'allume plus, celle de la classe",
                    "The tablet does not start any more, that of class"
                )
            );
            self.site.put(&self.mail(
                &format!("h{n}@college.example"),
                SUPPORT,
                self.pick("Tablette", "Tablet"),
                &text,
            ));
        }
        self.site.round().await;
        self.site.pass(20 * MINUTE).await;
    }

    /// Approval, refusal, a retired address, a report, a request that an article may help.
    async fn others(&self) {
        let (vr, shut) = ("vr@desk.example", "closed@desk.example");
        let ask = self.pick(
            "Bonjour,\n\nje souhaite réserver le cube VR jeudi matin.",
            "Hello,\n\nI should like to book the VR cube on Thursday morning.",
        );
        for name in ["dora@college.example", "emil@college.example"] {
            self.site
                .then(&self.mail(
                    name,
                    vr,
                    self.pick("Réserver le cube VR", "Book the VR cube"),
                    &format!("{ask}\n{name}"),
                ))
                .await;
        }
        let asked = |name: &str| self.site.sink.to(CHEF).into_iter().find(|l| l.mail.text.contains(name)).unwrap();
        self.says(&asked("dora@"), "ok").await;
        self.says(&asked("emil@"), self.pick("non, il est réservé ce jour-là", "no, it is taken on that day")).await;
        self.site
            .then(&self.mail(
                "Tom <tom@maison.example>",
                shut,
                self.pick("Accès de mon fils", "My son's access"),
                self.pick("Bonjour,\n\nmon fils ne se connecte plus.", "Hello,\n\nmy son cannot sign in any more."),
            ))
            .await;
        self.site.then(&self.mail("rosa@college.example", "ancien@desk.example", "Question", ask)).await;
        let again = self.pick("Bonjour, l'imprimante s'arrête : le bac ?", "Hello, the printer stops: the tray?");
        self.site.then(&self.mail("كريم العلي <karim@college.example>", SUPPORT, self.pick("Imprimante : Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsformular-2026-03-02-version-definitive-bis.pdf", "Printer: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsformular-2026-03-02-final-version-bis.pdf"), again)).await;
        let answer = self.site.sink.with_words("karim@college.example", "Donau");
        let id = answer.mail.message_id.clone().unwrap();
        let report = format!(
            "From: MAILER-DAEMON@college.example\r\nTo: {}\r\nSubject: Undelivered\r\nMessage-ID: <{id}.b>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\nContent-Type: text/plain\r\n\r\nfailed\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; karim@college.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--r\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\n\r\n--r--\r\n",
            answer.envelope_from
        );
        self.site.put_bytes(report.as_bytes());
        self.site.pass(HOUR).await;
        self.time().await;
    }

    /// A major incident, promises kept and broken, a day without the service desk.
    async fn time(&self) {
        let urgent = "urgent@desk.example";
        let subject = self.pick("[P1] Le portail ne répond plus", "[P1] The portal does not answer");
        let text = self.pick(
            "Bonjour,\n\nplus personne n'accède au portail depuis 10 h : « erreur 503 ».\n\nClaire Martin",
            "Hello,\n\nnobody can reach the portal since 10: \"error 503\".\n\nClaire Martin",
        );
        self.site.then(&self.mail("Claire Martin <claire@college.example>", urgent, subject, text)).await;
        let call = self.site.sink.with_words(MARIE, self.pick("INCIDENT MAJEUR", "MAJOR INCIDENT"));
        self.says(&call, "#take").await;
        self.says(&call, self.pick("#public\nLe serveur redémarre.", "#public\nThe server is restarting.")).await;
        self.site.pass(HOUR).await;
        self.says(&call, self.pick("#resolve Disque plein, vidé.", "#resolve The disk was full; it is not now.")).await;
        let asked = self.site.sink.with_words(MARIE, "Post-mortem");
        let form = self.pick(
            "#bilan\nCause racine : disque plein.\n\nActions correctives :\n- [ ] Surveiller l'espace disque (Marie, 2 h)",
            "#postmortem\nRoot cause: the disk was full.\n\nCorrective actions:\n- [ ] Watch the disk space (Marie, 2 hours)",
        );
        self.says(&asked, form).await;
        let subject = self.pick("Mot de passe oublié", "Forgotten password");
        self.site
            .then(&self.mail(
                "dora@college.example",
                urgent,
                subject,
                self.pick("Bonjour, j'ai oublié mon mot de passe.", "Hello, I have forgotten my password."),
            ))
            .await;
        for _ in 0..60 {
            self.site.pass(10 * MINUTE).await;
        }
        for n in 0..5 {
            let subject = format!("{} {n}", self.pick("Salle", "Room"));
            self.site.put(&self.mail(
                "emil@college.example",
                urgent,
                &subject,
                self.pick("Le projecteur est en panne.", "The projector is broken."),
            ));
        }
        self.site.round().await;
        self.site.pass(2 * DAY).await;
    }
}

/// The newest notification of each kind.
async fn by_kind(site: &Site) -> BTreeMap<String, Received> {
    let sent = site.store().outbox(Some(OutboxState::Sent), 10_000).await.unwrap();
    let notifications = site.sink.notifications();
    let of = |id: &str| notifications.iter().find(|l| l.mail.message_id.as_deref() == Some(id)).cloned();
    sent.into_iter().filter_map(|row| Some((row.kind, of(&row.message_id)?))).collect()
}

/// The HTML part as it is.
fn html_part(notification: &Received) -> String {
    let crlf = notification.raw.replace('\n', "\r\n");
    mail_parser::MessageParser::default().parse(crlf.as_bytes()).unwrap().body_html(0).unwrap().into_owned()
}

/// The HTML part, with its pictures in their places (RFC 2392).
pub fn html_of(notification: &Received) -> String {
    use mail_parser::MimeHeaders;
    let crlf = notification.raw.replace('\n', "\r\n");
    let parsed = mail_parser::MessageParser::default().parse(crlf.as_bytes()).unwrap();
    let mut html = parsed.body_html(0).unwrap().into_owned();
    for part in &parsed.parts {
        if let Some(id) = part.content_id() {
            let inside = data_encoding::BASE64.encode(part.contents());
            html = html.replace(&format!("cid:{id}"), &format!("data:image/png;base64,{inside}"));
        }
    }
    html
}

async fn every_notification(language: &str) {
    let site = Site::with(Database::Sqlite, &app(language)).await;
    Story { site: &site, french: language == "fr" }.tell().await;
    let notifications = by_kind(&site).await;
    for row in guichet::ticket::notification::ROWS {
        let (kind, name) = (row.kind, row.name);
        let notification = notifications.get(name).unwrap_or_else(|| panic!("nothing made a notification {name}"));
        let html = html_part(notification);
        for (part, what) in [(&notification.mail.text, "text"), (&html, "HTML")] {
            assert!(!part.contains("{{") && !part.contains("}}"), "{name} {what}");
            assert!(part.lines().all(|l| l.len() < 2_000), "{name} {what}");
        }
        assert!(html.contains(&format!("lang=\"{language}\"")), "{name}");
        if !kind.is_internal() {
            assert!(!notification.raw.contains("agents.example"), "{name}: {}", notification.raw);
        }
        if let Ok(folder) = std::env::var("GUICHET_TEST_NOTIFICATIONS") {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(format!("{folder}/{name}-{language}.html"), html_of(notification)).unwrap();
            let text = format!("Subject: {}\n\n{}", notification.mail.subject, notification.mail.text);
            std::fs::write(format!("{folder}/{name}-{language}.txt"), text).unwrap();
        }
    }
}

#[tokio::test]
async fn every_notification_is_written_in_french() {
    every_notification("fr").await;
}

#[tokio::test]
async fn every_notification_is_written_in_english() {
    every_notification("en").await;
}
