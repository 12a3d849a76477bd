//! Taking requests in: IN1 to IN10 (IN2, IN3 and IN7 have more in `reading`).

use crate::support::Said;
use guichet::clock::DAY;

use super::{CHEF, LUC, TEAM};
use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::{Database, Site};

const SERVICES: &str = r#"
[services.moodle]
label = { fr = "Moodle", en = "Moodle" }
words = ["moodle"]
people = ["luc", "marie"]
[services.scenari]
words = ["scenari", "opale"]
address = "scenari@desk.example"
queue = "help"
people = ["luc"]
category = "technique"
type = "incident"
priority = "P2"
[categories.technique]
words = ["erreur 500"]
[categories.authentification]
label = { fr = "Authentification" }
words = ["mot de passe"]
[types.incident]
words = ["incident"]
"#;

fn team_and(more: &str) -> String {
    format!("{TEAM}{more}")
}

original_requests! {
    in1_a_mail_becomes_a_numbered_ticket_at_any_hour(site) {
        // A Sunday, three in the morning.
        site.clock.advance(6 * DAY - 6 * 3_600_000);
        site.receive(&Mail::from(ANA)).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.number.as_str(), ticket.status.as_str()), ("CG42N1-000001", "new"));
        assert!(site.sink.only(ANA).mail.subject.contains("CG42N1-000001"));
        assert!(site.sink.only(MARIE).mail.subject.contains("CG42N1-000001"));
    }

    in4_files_are_kept_with_the_ticket_and_can_be_had_back(site) {
        let picture = b"\x89PNG\r\n a picture".to_vec();
        site.receive(&Mail::from(ANA).attach("écran.png", &picture)).await;
        let ticket = site.only_ticket().await;
        let messages = site.store().messages(ticket.id).await.unwrap();
        let raw = site.store().raw_mail(messages[0].inbox_id).await.unwrap().unwrap();
        let files = guichet::mail::files(&raw, &messages[0].attachments);
        assert_eq!((files[0].attachment.name.as_str(), &files[0].contents), ("écran.png", &picture));
        assert_eq!(site.sink.only(MARIE).mail.attachments[0].name, "écran.png");
    }

    in5_the_subject_says_how_urgent_it_is(site) {
        for (subject, code) in [("[P1] Panne", "P1"), ("[majeure] Lenteur", "P2"), ("MINEURE: une question", "P3"), ("[P0] tout", "P0"), ("urgent est dans la phrase", "P3")] {
            let mail = Mail::from(ANA).subject(subject);
            site.then(&mail).await;
            let ticket = site.ticket(site.verdict(&mail).await.ticket.said()).await;
            assert_eq!(ticket.priority, code, "{subject}");
        }
    }

    in6_service_category_and_type_are_read_and_routed_to_their_people(site, &team_and(SERVICES)) {
        let by_address = Mail::from(ANA).to("scenari@desk.example").subject("Plus rien ne marche");
        let by_word = Mail::from(ANA).subject("Mot de passe perdu sur Moodle").text("Bonjour, je ne peux plus entrer.");
        let again = Mail::from(ANA).subject("Moodle lent").text("Bonjour, c'est lent.");
        let by_text = Mail::from(ANA).subject("Incident ce matin").text("Le serveur répond erreur 500 partout.");
        for mail in [&by_address, &by_word, &again, &by_text] {
            site.then(mail).await;
        }
        let tickets = site.tickets().await;
        let facts = |at: usize| [tickets[at].service.said(), tickets[at].category.said(), tickets[at].kind.said(), tickets[at].priority.as_str()];
        assert_eq!(facts(0), ["scenari", "technique", "incident", "P2"]);
        assert_eq!(facts(1), ["moodle", "authentification", "", "P3"]);
        assert_eq!(facts(3), ["", "technique", "incident", "P3"]);
        assert_eq!(tickets[0].assignee.said(), LUC, "each service has its own people");
        assert_ne!(tickets[1].assignee, tickets[2].assignee, "who take turns");
        assert!(site.sink.with_words(LUC, "Plus rien ne marche").mail.text.contains("Ce ticket est à vous"));
        assert!(!site.subjects(MARIE).iter().any(|s| s.contains("Plus rien ne marche")), "others are not bothered");
        assert_eq!(tickets[3].assignee.said(), "", "what leads to nobody is the moderator's");
        // A moderator corrects it by mail.
        let notice = site.sink.with_words(MARIE, "Incident ce matin");
        site.then(&Mail::reply(&notice.mail, MARIE, "#catégorie Authentification\n#service moodle\n#type demande")).await;
        let ticket = site.ticket(&tickets[3].number).await;
        assert_eq!((ticket.category.said(), ticket.service.said(), ticket.kind.said()), ("authentification", "moodle", "request"));
    }

    in8_a_retired_address_answers_with_the_new_one(site, "[retired.old]\naddress = \"ancien@desk.example\"\nqueue = \"help\"\n") {
        let first = Mail::from(ANA).to("ancien@desk.example");
        let second = Mail::from(ANA).to("ancien@desk.example").subject("Encore");
        site.receive(&first).await;
        site.receive(&second).await;
        let told = site.sink.only(ANA);
        assert!(told.mail.text.contains("ancien@desk.example n'est plus utilisée") && told.mail.text.contains(SUPPORT), "{}", told.mail.text);
        assert!(site.tickets().await.is_empty());
        let verdict = site.verdict(&first).await;
        assert_eq!((verdict.verdict.said(), verdict.reason.contains("not used any more")), ("refused", true));
        site.clock.advance(DAY);
        site.receive(&Mail::from(ANA).to("ancien@desk.example")).await;
        assert_eq!(site.sink.to(ANA).len(), 2, "once a day and person");
        // Machines are told nothing; an email that names the new address too is a request.
        site.receive(&Mail::from("robot@college.example").to("ancien@desk.example").header("Auto-Submitted: auto-generated")).await;
        assert!(site.sink.to("robot@college.example").is_empty());
        site.receive(&Mail::from(ANA).to(&format!("ancien@desk.example, {SUPPORT}")).subject("Aux deux")).await;
        assert_eq!(site.tickets().await.last().unwrap().title, "Aux deux");
    }

    in9_a_moderator_splits_and_merges(site, TEAM) {
        site.receive(&Mail::from("Ana <ana@college.example>").text("Imprimante en panne. Et il me faut un compte.")).await;
        let notice = site.sink.with_words(MARIE, "Imprimante en panne");
        let split = Mail::reply(&notice.mail, MARIE, "#scinder Compte à créer\nIl me faut un compte.");
        site.then(&split).await;
        let tickets = site.tickets().await;
        assert_eq!((tickets.len(), tickets[1].title.as_str(), tickets[1].requester.as_str()), (2, "Compte à créer", ANA));
        assert_eq!(tickets[1].related, ["CG42N1-000001"]);
        assert_eq!(tickets[0].related, ["CG42N1-000002"]);
        let receipt = site.sink.with_words(MARIE, "Fait : ");
        assert!(receipt.mail.text.contains("CG42N1-000002"), "{}", receipt.mail.text);
        assert!(site.sink.with_words(ANA, "Compte à créer").mail.text.replace('\n', " ").contains("séparée de CG42N1-000001"));

        // A third one turns out to be the first.
        let double = Mail::from("paul@college.example").subject("Imprimante HS");
        site.then(&double).await;
        let ack = site.sink.only("paul@college.example");
        let notice = site.sink.with_words(MARIE, "Imprimante HS");
        site.then(&Mail::reply(&notice.mail, MARIE, "#fusionner CG42N1-1")).await;
        let merged = site.ticket("CG42N1-000003").await;
        assert_eq!((merged.status.as_str(), merged.merged_into), ("closed", Some(tickets[0].id)));
        assert!(site.sink.with_words("paul@college.example", "rejoint la demande CG42N1-000001").mail.text.contains("CG42N1-000001"));
        // Later emails follow, by whatever way.
        let later = Mail::reply(&ack.mail, "paul@college.example", "Elle fume.");
        site.then(&later).await;
        assert_eq!(site.verdict(&later).await.ticket.said(), "CG42N1-000001");
        // And what the service desk answers there reaches both.
        let told = site.sink.with_words(MARIE, "Elle fume.");
        site.then(&Mail::reply(&told.mail, MARIE, "#public\nDébranchez-la.")).await;
        for who in [ANA, "paul@college.example"] {
            assert!(site.sink.with_words(who, "Débranchez-la.").mail.subject.contains("CG42N1-000001"));
        }
    }

    in10_an_approver_says_yes_or_no_before_it_opens(site, &team_and("[queues.help]\napprovers = [\"chef\"]\n")) {
        site.receive(&Mail::from(ANA)).await;
        assert_eq!(site.only_ticket().await.status, "approval");
        assert!(site.sink.to(MARIE).is_empty(), "nobody works on it yet");
        assert!(site.sink.only(ANA).mail.text.replace('\n', " ").contains("attend l'accord d'un responsable"));
        let question = site.sink.only(CHEF);
        assert!(question.mail.subject.starts_with("À approuver : "), "{}", question.mail.subject);
        // Nobody else decides: neither a technician with the notification, nor the requester.
        site.then(&Mail::reply(&question.mail, LUC, "#approuver")).await;
        assert_eq!(site.only_ticket().await.status, "approval");
        site.then(&Mail::press(&question.mail, "#approuver", CHEF)).await;
        assert_eq!(site.only_ticket().await.status, "new");
        assert!(site.sink.with_words(ANA, "acceptée").mail.subject.contains("CG42N1-000001"));
        let told = site.sink.only(MARIE);
        assert!(told.mail.text.contains("Nouvelle demande : ana@college.example"), "{}", told.mail.text);
        assert!(told.mail.text.contains("l'imprimante de la salle 12"), "the request is in it: {}", told.mail.text);

        site.then(&Mail::from(ANA).subject("Un cube VR")).await;
        let question = site.sink.with_words(CHEF, "Un cube VR");
        site.then(&Mail::reply(&question.mail, CHEF, "non")).await;
        assert_eq!(site.tickets().await[1].status, "approval", "a refusal needs its reason");
        assert!(site.sink.with_words(CHEF, "Pas fait").mail.text.contains("dites pourquoi"));
        site.then(&Mail::reply(&question.mail, CHEF, "non, il est réservé ce mois-ci")).await;
        let rejected = site.tickets().await.remove(1);
        assert_eq!(rejected.status, "closed");
        assert!(site.sink.with_words(ANA, "il est réservé ce mois-ci").mail.text.contains("n'a pas été acceptée"));
        assert!(!site.subjects(MARIE).iter().any(|s| s.contains("cube")));
    }
}
