//! The desk as a whole: what each hears of it, what moves from one place to another, teams, and what is confidential.

use guichet::clock::{DAY, HOUR, MINUTE};
use guichet::store::OutboxState;

use crate::capabilities::{CHEF, LUC, NADIA, TEAM};
use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::{Database, Site};

const PAUL: &str = "paul@agents.example";
const RH: &str = "rh@desk.example";

/// A second moderator, who hears of everything, or as `notify` says.
fn paul(notify: &str) -> String {
    format!(
        "{TEAM}[agents.paul]\naddress = \"{PAUL}\"\nname = \"Paul Brun\"\nroles = [\"moderator\"]\nqueues = [\"help\"]\nnotify = \"{notify}\"\n\
         [services.wifi]\nlabel = {{ fr = \"Wi-Fi\" }}\nwords = [\"wifi\"]\npeople = [\"luc\"]\n"
    )
}

/// Two queues, teams, a service in two parts, one that needs an approval, and a confidential category.
fn house() -> String {
    format!(
        r#"{TEAM}
[queues.rh]
mailbox = "main"
address = "{RH}"
prefix = "RH"
reply_to = "plain"
agent_reply = "note"
priority = "P4"
[agents.rosa]
address = "rosa@agents.example"
name = "Rosa Haas"
roles = ["moderator"]
queues = ["rh"]
[agents.iris]
address = "iris@agents.example"
name = "Iris Noir"
roles = ["technician"]
queues = ["help"]
[teams.reseau]
label = {{ fr = "Réseau", en = "Network" }}
members = ["luc", "nadia"]
[services.reseau]
label = {{ fr = "Réseau" }}
team = "reseau"
priority = "P2"
[services.wifi]
label = {{ fr = "Wi-Fi" }}
parent = "reseau"
[services.compte]
label = {{ fr = "Comptes" }}
people = ["iris"]
approvers = ["chef"]
[categories.harcelement]
label = {{ fr = "Harcèlement" }}
words = ["harcelement"]
people = ["iris"]
confidential = true
"#
    )
}

/// What the notifications sent to an address are, by their template.
async fn kinds(site: &Site, to: &str) -> Vec<String> {
    let all = site.store().outbox(Some(OutboxState::Sent), 500).await.unwrap();
    let mut kinds: Vec<String> = all.into_iter().filter(|row| row.recipient == to).map(|row| row.kind).collect();
    kinds.sort();
    kinds
}

fn texts(site: &Site, to: &str) -> String {
    site.sink
        .to(to)
        .iter()
        .map(|l| format!("{}\n{}\n", l.mail.subject, l.mail.text))
        .collect::<String>()
        .replace('\n', " ")
}

original_requests! {
    wo9_who_wants_to_hears_of_the_whole_desk(site, &paul("all")) {
        site.receive(&Mail::from(ANA).subject("Le wifi coupe")).await;
        // Luc's turn: Paul hears of it, Marie, who hears of what is hers, does not.
        assert_eq!((kinds(&site, LUC).await, kinds(&site, PAUL).await, kinds(&site, MARIE).await), (vec!["assigned".to_owned()], vec!["new-ticket".to_owned()], vec![]));
        site.then(&Mail::reply(&site.sink.to(ANA)[0].mail, ANA, "Et le filaire aussi.")).await;
        assert_eq!(kinds(&site, PAUL).await, ["new-message", "new-ticket"]);
        // What Luc solves, Paul may close.
        site.then(&Mail::reply(&site.sink.to(LUC)[0].mail, LUC, "#résoudre\nLa borne est remplacée.")).await;
        let told = site.sink.last(PAUL);
        let words = told.mail.text.replace('\n', " ");
        assert!(words.contains("La borne est remplacée.") || words.contains("Luc Roche a résolu ce ticket"), "{words}");
        assert_eq!(kinds(&site, PAUL).await.len(), 3, "one notification of one event: {:?}", kinds(&site, PAUL).await);
        site.then(&Mail::press(&told.mail, "#clore", PAUL)).await;
        assert_eq!(site.only_ticket().await.status.as_str(), "closed");
        // The technician's buttons are those that are the technician's to press.
        let own = texts(&site, LUC);
        assert!(!own.contains("#clore") && own.contains("#résoudre"), "{own}");
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    wo9_a_solved_ticket_is_handed_to_who_may_close_it(site, &paul("mine")) {
        site.receive(&Mail::from(ANA).subject("Le wifi coupe")).await;
        site.then(&Mail::reply(&site.sink.only(LUC).mail, LUC, "#résoudre\nLa borne est remplacée.")).await;
        let receipt = site.sink.last(LUC);
        assert!(!receipt.mail.text.contains("#clore"), "{}", receipt.mail.text);
        site.then(&Mail::reply(&receipt.mail, LUC, "#assigner Paul")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.assignee.as_deref()), ("resolved", Some(PAUL)), "{}", site.sink.last(LUC).mail.text);
        site.then(&Mail::press(&site.sink.only(PAUL).mail, "#clore", PAUL)).await;
        assert_eq!(site.only_ticket().await.status.as_str(), "closed");
    }

    wo9_a_digest_holds_what_can_wait_and_nothing_else(site, &paul("digest")) {
        site.receive(&Mail::from(ANA).subject("Le wifi coupe")).await;
        site.then(&Mail::from("bob@college.example").subject("Le wifi coupe aussi").text("Depuis hier, au CDI.")).await;
        assert!(kinds(&site, PAUL).await.is_empty(), "{:?}", kinds(&site, PAUL).await);
        // A P1 cannot wait, nor what is his own, nor the answer to his question.
        site.then(&Mail::from("eve@college.example").subject("[P1] Le wifi du bac").text("Les épreuves commencent.")).await;
        assert_eq!(kinds(&site, PAUL).await, ["new-ticket"]);
        site.pass(HOUR).await;
        assert_eq!(kinds(&site, PAUL).await.len(), 1, "the next digest is at half past one");
        site.until("2026-03-02T12:31:00Z").await;
        assert_eq!(kinds(&site, PAUL).await, ["digest", "new-ticket"]);
        let digest = site.sink.last(PAUL);
        assert!(digest.mail.text.contains("CG42N1-000001") && digest.mail.text.contains("CG42N1-000002") && !digest.mail.text.contains("CG42N1-000003"), "{}", digest.mail.text);
        // Nobody had too much: there is no alarm.
        site.tend().await;
        assert!(!kinds(&site, MARIE).await.contains(&"notice".to_owned()), "{}", texts(&site, MARIE));
        // An answer to the digest that names a ticket is about it; one that names none comes back whole.
        site.then(&Mail::reply(&digest.mail, PAUL, "CG42N1-000002 : c'est la borne du CDI, voir avec Luc.")).await;
        let notes = site.store().messages(site.ticket("CG42N1-000002").await.id).await.unwrap();
        assert!(notes.iter().any(|m| m.new_text.contains("borne du CDI") && m.visibility.as_str() == "internal"), "{notes:?}: {}", site.sink.last(PAUL).mail.text);
        site.then(&Mail::reply(&digest.mail, PAUL, "Je m'en occupe demain matin sans faute.")).await;
        let back = site.sink.last(PAUL).mail.text.replace('\n', " ");
        assert!(back.contains("Je m'en occupe demain matin sans faute.") && back.contains("aucun ticket"), "{back}");
        site.then(&Mail::reply(&site.sink.with_words(PAUL, "Les épreuves").mail, PAUL, "#prendre\n#demander À quelle heure ?")).await;
        let asked = site.sink.last("eve@college.example");
        let before = kinds(&site, PAUL).await.len();
        site.then(&Mail::reply(&asked.mail, "eve@college.example", "À huit heures.")).await;
        assert_eq!(kinds(&site, PAUL).await.len(), before + 1);
    }

    wo9_lists_by_team_queue_and_words(site, &house()) {
        site.receive(&Mail::from(ANA).subject("Imprimante du CDI")).await;
        site.then(&Mail::from(ANA).subject("Congés").to(RH).text("Combien de jours me reste-t-il ?")).await;
        let notice = site.sink.to(MARIE)[0].clone();
        site.then(&Mail::reply(&notice.mail, MARIE, "#équipe réseau")).await;
        assert_eq!(site.ticket("CG42N1-000001").await.team.as_deref(), Some("reseau"));
        let asks = async |who: &str, line: &str, from: &crate::support::sink::Received| {
            site.then(&Mail::reply(&from.mail, who, line)).await;
            site.sink.last(who).mail.text.replace('\n', " ")
        };
        let given = site.sink.only(LUC);
        assert!(given.mail.text.contains("Équipe     : Réseau"), "{}", given.mail.text);
        assert!(asks(LUC, "#liste équipe", &given).await.contains("CG42N1-000001"));
        assert!(asks(MARIE, "#liste équipe", &notice).await.contains("Aucun ticket"));
        assert!(asks(MARIE, "#liste file help", &notice).await.contains("CG42N1-000001"));
        assert!(asks(MARIE, "#liste cherche imprimante", &notice).await.contains("CG42N1-000001"));
        assert!(asks(MARIE, "#liste cherche chaudière", &notice).await.contains("Aucun ticket"));
        // Of a queue that she does not serve she sees nothing.
        assert!(!asks(MARIE, "#liste file rh", &notice).await.contains("RH-000001"));
        assert!(asks(MARIE, "#liste file paie", &notice).await.contains("help, rh"));
        // What was solved is found too.
        site.then(&Mail::reply(&given.mail, LUC, "#résoudre\nLe tambour de l'imprimante était usé.")).await;
        assert!(asks(MARIE, "#liste cherche imprimante", &notice).await.contains("CG42N1-000001"));
    }

    wo10_a_ticket_that_moves_is_as_if_it_had_opened_there(site, &house()) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#service Wi-Fi")).await;
        let ticket = site.only_ticket().await;
        // A part of a service has the team and the priority of the whole.
        assert_eq!((ticket.service.as_deref(), ticket.team.as_deref(), ticket.priority.as_str()), (Some("wifi"), Some("reseau"), "P2"));
        assert_eq!((kinds(&site, LUC).await, kinds(&site, NADIA).await), (vec!["new-ticket".to_owned()], vec!["new-ticket".to_owned()]));
        assert!(site.sink.only(LUC).mail.text.contains("Service    : Réseau › Wi-Fi"), "{}", site.sink.only(LUC).mail.text);
        assert!(site.sink.only(LUC).mail.text.contains("l'imprimante de la salle 12"), "who comes late reads it all");
        // Taken back as one.
        site.then(&Mail::press(&site.sink.last(MARIE).mail, "#annuler", MARIE)).await;
        let back = site.only_ticket().await;
        assert_eq!((back.service, back.team, back.priority.as_str()), (None, None, "P3"));
        // What needs an approval waits for it, and goes on to the people of the service.
        site.then(&Mail::reply(&notice.mail, MARIE, "#service Comptes")).await;
        assert_eq!(site.only_ticket().await.status.as_str(), "approval", "{}", site.sink.last(MARIE).mail.text);
        assert_eq!((kinds(&site, CHEF).await, kinds(&site, "iris@agents.example").await), (vec!["approval".to_owned()], vec![]));
        assert!(site.sink.last(ANA).mail.text.replace('\n', " ").contains("Elle attend l'accord du responsable."), "{}", site.sink.last(ANA).mail.text);
        site.then(&Mail::reply(&site.sink.only(CHEF).mail, CHEF, "oui")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.assignee.as_deref()), ("new", Some("iris@agents.example")));
        assert_eq!(kinds(&site, "iris@agents.example").await, ["assigned"]);
        // To another queue: its people, its priority; the number stays, and so do the replies.
        site.then(&Mail::reply(&notice.mail, MARIE, "#file rh")).await;
        let moved = site.ticket("CG42N1-000001").await;
        assert_eq!((moved.queue.as_str(), moved.assignee, moved.service, moved.priority.as_str()), ("rh", None, None, "P4"));
        assert_eq!(kinds(&site, "rosa@agents.example").await, ["new-ticket"]);
        assert!(texts(&site, "iris@agents.example").contains("n'est plus à votre charge"), "{}", texts(&site, "iris@agents.example"));
        site.then(&Mail::reply(&site.sink.to(ANA)[0].mail, ANA, "Une précision : c'est la salle 13.")).await;
        assert_eq!(site.tickets().await.len(), 1);
        assert!(texts(&site, "rosa@agents.example").contains("la salle 13"));
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    /// A priority that somebody chose, and an agent named in the same email, are theirs to choose.
    wo10_what_somebody_chose_stays(site, &house()) {
        site.receive(&Mail::from(ANA).subject("[P1] Panne")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#service Réseau\n#assigner Iris")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.priority.as_str(), ticket.assignee.as_deref()), ("P1", Some("iris@agents.example")));
        assert_eq!(kinds(&site, LUC).await, Vec::<String>::new(), "{}", texts(&site, LUC));
        // A team is called like a colleague, and whoever is not of it has it no more.
        site.then(&Mail::reply(&notice.mail, MARIE, "#assigner réseau")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.team.as_deref(), ticket.assignee.as_deref()), (Some("reseau"), None), "{}", site.sink.last(MARIE).mail.text);
        assert_eq!(kinds(&site, LUC).await, ["new-ticket"]);
        // One of the team takes it; the team keeps it.
        site.then(&Mail::reply(&site.sink.only(LUC).mail, LUC, "#prendre")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.team.as_deref(), ticket.assignee.as_deref()), (Some("reseau"), Some(LUC)));
        assert!(site.sink.last(MARIE).mail.text.contains("Réseau"));
    }

    wo10_what_is_confidential_is_known_to_its_own_people_alone(site, &house()) {
        let mail = Mail::from(ANA).subject("Harcèlement en 4e B").text("Une élève est harcelée par Tom Bidule depuis janvier.");
        site.receive(&mail).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.category.as_deref(), ticket.assignee.as_deref()), (Some("harcelement"), Some("iris@agents.example")));
        let iris = site.sink.only("iris@agents.example");
        for other in [MARIE, LUC, NADIA, CHEF] {
            assert_eq!(kinds(&site, other).await, Vec::<String>::new(), "{other}");
        }
        // Nobody else sees, lists, finds or works on it, whatever they know of it.
        site.then(&Mail::from(ANA).subject("Imprimante")).await;
        let notice = site.sink.only(MARIE);
        for ask in ["#liste", "#liste cherche 4e", "#liste libres"] {
            site.then(&Mail::reply(&notice.mail, MARIE, ask)).await;
            assert!(!site.sink.last(MARIE).mail.text.contains("4e B"), "{ask}: {}", site.sink.last(MARIE).mail.text);
        }
        for attempt in ["#show", "#prendre", "Que s'est-il passé ?", "#fusionner CG42N1-000002"] {
            let mail = Mail::from(MARIE).subject("Re: [CG42N1-000001] x").text(attempt).header(&format!("In-Reply-To: <{}>", notice.mail.message_id.clone().unwrap()));
            site.then(&mail).await;
            assert!(!texts(&site, MARIE).contains("4e B") && !texts(&site, MARIE).contains("Bidule"), "{attempt}: {}", site.sink.last(MARIE).mail.text);
        }
        // It does not climb, and goes to no vendor.
        for (command, words) in [("#escalader", "confidentiel"), ("#prestataire aide@editeur.example\nVoyez.", "confidentiel"), ("#assigner Luc", "confidentiel")] {
            site.then(&Mail::reply(&iris.mail, "iris@agents.example", command)).await;
            assert!(site.sink.last("iris@agents.example").mail.text.contains(words), "{command}: {}", site.sink.last("iris@agents.example").mail.text);
        }
        assert_eq!(site.ticket("CG42N1-000001").await.level, 1);
        // Its requester is answered, and asked nothing.
        assert!(!site.sink.to(ANA)[0].mail.text.contains("Merci de préciser"), "{}", site.sink.to(ANA)[0].mail.text);
        site.then(&Mail::reply(&iris.mail, "iris@agents.example", "#résoudre\nLa famille a été reçue.")).await;
        site.then(&Mail::reply(&site.sink.to(ANA)[0].mail, ANA, "Merci.")).await;
        site.pass(7 * DAY).await;
        for other in [MARIE, LUC, NADIA, CHEF] {
            assert!(!texts(&site, other).contains("4e B"), "{other}: {}", texts(&site, other));
        }
        assert!(site.store().articles(10).await.unwrap().is_empty());
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    /// A ticket that turns out to be confidential leaves those who may not know of it.
    wo10_what_becomes_confidential_leaves_everybody_else(site, &house()) {
        site.receive(&Mail::from(ANA).subject("Un élève").text("Je ne sais pas à qui en parler.")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#prendre\n#catégorie Harcèlement")).await;
        // Who takes it in the same breath wants it; who only sorts it hands it on.
        site.then(&Mail::reply(&notice.mail, MARIE, "#assigner personne")).await;
        site.pass(MINUTE).await;
        site.then(&Mail::reply(&site.sink.to(ANA)[0].mail, ANA, "Il s'appelle Tom Bidule.")).await;
        assert!(!texts(&site, MARIE).contains("Bidule"), "{}", texts(&site, MARIE));
        assert!(texts(&site, "iris@agents.example").contains("Bidule"), "{}", texts(&site, "iris@agents.example"));
    }

    wo9_who_made_it_one_incident_hears_of_its_end(site, &paul("mine")) {
        site.receive(&Mail::from(ANA).subject("Wifi du CDI")).await;
        site.then(&Mail::from("bob@college.example").subject("Wifi salle 3").text("Il coupe aussi.")).await;
        let second = site.sink.with_words(LUC, "Wifi salle 3");
        site.then(&Mail::reply(&second.mail, LUC, "#note\nC'est la même borne.")).await;
        site.then(&Mail::reply(&second.mail, LUC, "#assigner Paul")).await;
        site.then(&Mail::reply(&site.sink.with_words(PAUL, "Wifi salle 3").mail, PAUL, "#parent CG42N1-000001")).await;
        let card = site.sink.last(PAUL).mail.text.clone();
        assert!(card.contains("Partie de  : CG42N1-000001"), "{card}");
        let notice = site.sink.with_words(LUC, "Wifi du CDI");
        site.then(&Mail::reply(&notice.mail, LUC, "#show")).await;
        assert!(site.sink.last(LUC).mail.text.contains("Comprend   : CG42N1-000002"), "{}", site.sink.last(LUC).mail.text);
        site.then(&Mail::reply(&notice.mail, LUC, "#résoudre\nBorne remplacée.")).await;
        assert!(site.sink.last(PAUL).mail.text.replace('\n', " ").contains("Luc Roche a résolu ce ticket"), "{}", site.sink.last(PAUL).mail.text);
        // Taken apart again, neither names the other.
        site.then(&Mail::from(SUPPORT).subject("x")).await;
        assert_eq!(crate::verified::problems(&site).await, 0);
    }
}

original_requests! {
    /// Every way that a colleague's command could bring a confidential ticket before others.
    wo10_nothing_that_comes_of_what_is_confidential_gets_out(site, &house().replace("name = \"Iris Noir\"\nroles = [\"technician\"]", "name = \"Iris Noir\"\nroles = [\"moderator\"]")) {
        let iris = "iris@agents.example";
        site.receive(&Mail::from(ANA).subject("Harcèlement en 4e B").text("Tom Bidule est harcelé depuis janvier.")).await;
        let notice = site.sink.only(iris);
        site.then(&Mail::from("bob@college.example").subject("Imprimante").text("Elle ne répond plus.")).await;
        // Neither a service with an approver nor one with a team, nor another queue.
        for command in ["#service Comptes", "#service Réseau", "#file rh"] {
            site.then(&Mail::reply(&notice.mail, iris, command)).await;
            let ticket = site.ticket("CG42N1-000001").await;
            assert_eq!((ticket.category.as_deref(), ticket.assignee.as_deref(), ticket.status.as_str()), (Some("harcelement"), Some(iris), "new"), "{command}");
        }
        // That an answer did not arrive is told to its own people.
        let acknowledged = site.sink.to(ANA)[0].clone();
        let id = acknowledged.mail.message_id.clone().unwrap();
        let report = format!(
            "From: MAILER-DAEMON@mx.desk.example\r\nTo: support@desk.example\r\nSubject: Undelivered Mail\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\nMessage-ID: <gone@mx.desk.example>\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nNo.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {ANA}\r\nAction: failed\r\nStatus: 5.2.2\r\n\r\n\
             --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\n--b--\r\n"
        );
        site.put_bytes(report.as_bytes());
        site.round().await;
        assert!(kinds(&site, iris).await.contains(&"undelivered".to_owned()), "{:?}", kinds(&site, iris).await);
        // Not into an ordinary ticket, nor beside it.
        for command in ["#fusionner CG42N1-000002", "#lier CG42N1-000002", "#parent CG42N1-000002"] {
            site.then(&Mail::reply(&notice.mail, iris, command)).await;
            assert!(site.sink.last(iris).mail.text.contains("confidentiel"), "{command}: {}", site.sink.last(iris).mail.text);
        }
        assert!(site.ticket("CG42N1-000002").await.related.is_empty());
        // What is split off it is as confidential.
        site.then(&Mail::reply(&notice.mail, iris, "#scinder La famille\nLa mère a téléphoné : QUUX.")).await;
        let split = site.tickets().await.pop().unwrap();
        assert_eq!((split.category.as_deref(), split.assignee.as_deref()), (Some("harcelement"), Some(iris)));
        // Whoever may not know of it does not even learn that it is there.
        let own = site.sink.with_words(MARIE, "Imprimante");
        let mut told = Vec::new();
        for number in ["CG42N1-000001", "CG42N1-000777"] {
            site.then(&Mail::reply(&own.mail, MARIE, &format!("#lier {number}"))).await;
            told.push(site.sink.last(MARIE).mail.text.lines().take(12).collect::<Vec<_>>().join(" ").replace(number, "N"));
        }
        let said = |text: &str| text.split(" : ").nth(1).unwrap_or_default().chars().take(60).collect::<String>();
        assert_eq!(said(&told[0]), said(&told[1]));
        for other in [MARIE, LUC, NADIA, CHEF, "rosa@agents.example"] {
            let all = texts(&site, other);
            assert!(!all.contains("Bidule") && !all.contains("QUUX") && !all.contains("4e B"), "{other}: {all}");
        }
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    /// Who gets it by being its category's person is told, whoever they are besides.
    wo10_the_people_of_a_category_are_told(site, &house().replace("people = [\"iris\"]\nconfidential", "people = [\"marie\"]\nconfidential")) {
        site.receive(&Mail::from(ANA).subject("Un élève").text("Je ne sais pas à qui en parler.")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#équipe réseau")).await;
        site.then(&Mail::reply(&site.sink.only(LUC).mail, LUC, "#catégorie Harcèlement")).await;
        let ticket = site.only_ticket().await;
        assert_eq!(ticket.assignee.as_deref(), Some(MARIE), "{}", site.sink.last(LUC).mail.text);
        assert!(kinds(&site, MARIE).await.contains(&"assigned".to_owned()), "{:?}", kinds(&site, MARIE).await);
    }

    /// A category without people of its own takes nothing away from whoever has it.
    wo10_a_category_leaves_the_service_its_people(site, &format!("{}[categories.materiel]\nlabel = {{ fr = \"Matériel\" }}\n", house())) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#service Réseau")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#catégorie Matériel")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.category.as_deref(), ticket.team.as_deref()), (Some("materiel"), Some("reseau")));
        // It goes with what brought it.
        site.then(&Mail::reply(&notice.mail, MARIE, "#service aucun")).await;
        assert_eq!(site.only_ticket().await.team, None);
    }

    /// A ticket that waits for an approval goes on where nobody has to give one.
    wo10_an_approval_is_left_behind(site, &house()) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#service Comptes")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#service Wi-Fi")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.team.as_deref()), ("new", Some("reseau")));
        assert_eq!(kinds(&site, LUC).await, ["new-ticket"]);
    }
}
