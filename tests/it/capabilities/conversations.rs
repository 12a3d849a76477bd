//! Conversations: CO2 to CO7 (CO1 stands in `reading`).

use crate::support::Said;
use guichet::clock::{DAY, HOUR, MINUTE};

use super::{LUC, NADIA, TEAM};
use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::{Database, Site};

const CANNED: &str = "[canned.synchro]\nfr = \"Bonjour {name},\\n\\nLa synchronisation a lieu la nuit.\\n\\n{agent}\"\nen = \"Hello {name}, it runs at night.\"\n";
const AUDIENCE: &str = "[audiences.tous]\naddresses = [\"lyon@college.example\", \"rennes@college.example\"]\n";

fn team_and(more: &str) -> String {
    format!("{TEAM}{more}")
}

original_requests! {
    co2_answers_arrive_whole_and_notes_never(site, TEAM) {
        site.receive(&Mail::from(ANA).header("Cc: Paul <paul@college.example>")).await;
        let notice = site.sink.only(MARIE);
        let secret = "SECRET-INTERNE";
        // Every way a client writes a note: alone, with commands, below a blank line, with #note to a public notification.
        for text in [secret.to_owned(), format!("#prendre\n{secret}"), format!("#note\n\n{secret}"), format!("#priorité P2\n#étiquette a b\n\n{secret}"), format!("#escalader N2 {secret}")] {
            site.then(&Mail::reply(&notice.mail, MARIE, &text)).await;
        }
        let whole = "Bonjour,\n\nVoici, en entier.\n\n1. Éteindre.\n2. Rallumer.\n\nMarie";
        site.then(&Mail::reply(&notice.mail, MARIE, &format!("#public\n{whole}"))).await;
        for who in [ANA, "paul@college.example"] {
            let answer = site.sink.with_words(who, "Rallumer");
            assert!(answer.mail.text.starts_with(whole), "{}", answer.mail.text);
        }
        // #note on a public notification, and an answer to the requester with a note beside it.
        let answer = site.sink.with_words(ANA, "Rallumer");
        site.then(&Mail::reply(&answer.mail, ANA, "Rien n'y fait.")).await;
        let told = site.sink.with_words(NADIA, "Rien n'y fait.");
        site.then(&Mail::reply(&told.mail, NADIA, &format!("#demander Quel modèle ?\n#note\n{secret}"))).await;
        assert!(site.sink.with_words(ANA, "Quel modèle ?").mail.text.contains("Quel modèle ?"));
        for notification in site.sink.notifications().iter().filter(|l| !l.to.ends_with("@agents.example")) {
            assert!(!notification.raw.contains(secret) && !notification.mail.text.contains(secret), "{}", notification.raw);
            assert!(!notification.raw.contains("agents.example"), "no agent's address either: {}", notification.raw);
        }
        let messages = site.store().messages(site.only_ticket().await.id).await.unwrap();
        assert_eq!(messages.iter().filter(|m| m.visibility == "internal" && m.new_text.contains(secret)).count(), 5);
    }

    people_in_copy_are_kept_capped_and_not_written_to_twice(site, "[life]\nparticipants = 3\n") {
        site.receive(&Mail::from(ANA).header("Cc: p1@college.example, p2@college.example, p3@college.example")).await;
        let ticket = site.only_ticket().await;
        assert_eq!(site.store().participants(ticket.id).await.unwrap(), [ANA, "p1@college.example", "p2@college.example"]);
        let notice = site.sink.only(MARIE);
        let answer = Mail::reply(&notice.mail, MARIE, "#public\nC'est réparé.").header("Cc: p1@college.example");
        site.then(&answer).await;
        assert_eq!(site.sink.to("p1@college.example").len(), 0, "the email itself reached them");
        assert_eq!(site.sink.to("p2@college.example").len(), 1);
        assert_eq!(site.sink.to("p3@college.example").len(), 0);
        site.then(&Mail::reply(&site.sink.last(MARIE).mail, MARIE, "#uncc p1@college.example\n#cc p4@college.example")).await;
        assert_eq!(site.store().participants(ticket.id).await.unwrap(), [ANA, "p2@college.example", "p4@college.example"]);
    }

    co3_each_step_is_told(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let steps = [
            ("#prendre", "est prise en charge par Marie Dubois"),
            ("#demander\nQuel poste ?", "Nous avons besoin de votre réponse"),
            ("#attente 3j", "Nous la reprendrons le"),
            ("#résoudre\nCâble remplacé.", "est résolue"),
            ("#rouvrir", "est rouverte"),
            ("#résoudre\nDeux câbles.", "Deux câbles."),
            ("#clore", "est close"),
        ];
        for (commands, told) in steps {
            let before = site.sink.to(ANA).len();
            site.then(&Mail::reply(&notice.mail, MARIE, commands)).await;
            let notification = site.sink.with_words(ANA, told);
            assert_eq!(site.sink.to(ANA).len(), before + 1, "{commands}: one notification a step");
            assert!(notification.mail.subject.contains("CG42N1-000001"));
        }
        assert_eq!(site.only_ticket().await.status, "closed");
    }

    co4_a_question_waits_is_brought_to_mind_and_closes(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#demander\nQuel poste ?")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.pending_on.said()), ("pending", "requester"));
        let question = site.sink.with_words(ANA, "Quel poste ?");
        site.then(&Mail::reply(&question.mail, ANA, "Le poste 7.")).await;
        assert_eq!(site.only_ticket().await.status, "open", "an answer takes the work up again");
        assert!(site.sink.with_words(MARIE, "Le poste 7.").mail.text.contains("Message"));

        site.then(&Mail::reply(&notice.mail, MARIE, "#demander\nEt quelle salle ?")).await;
        site.pass(3 * DAY + HOUR).await;
        site.pass(MINUTE).await;
        let reminders = || site.subjects(ANA).iter().filter(|s| s.starts_with("Rappel")).count();
        assert_eq!(reminders(), 1, "however often it is looked at");
        site.pass(4 * DAY).await;
        assert_eq!(reminders(), 2);
        assert_eq!(site.only_ticket().await.status, "pending");
        site.pass(7 * DAY).await;
        assert_eq!(site.only_ticket().await.status, "closed");
        assert!(site.sink.with_words(ANA, "est close").mail.text.contains("CG42N1-000001"));
        assert!(site.events(&site.only_ticket().await).await.iter().any(|e| e == "closed: the requester kept silent"));
    }

    co5_a_vendor_has_a_thread_of_its_own(site, TEAM) {
        const VENDOR: &str = "aide@kelis.example";
        site.receive(&Mail::from(ANA).subject("Export odt impossible")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, &format!("#prestataire {VENDOR}\nBonjour, l'export échoue chez nous."))).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.pending_on.said(), ticket.vendor.said()), ("pending", "vendor", VENDOR));
        let notification = site.sink.only(VENDOR);
        assert!(notification.mail.text.starts_with("Bonjour, l'export échoue chez nous."), "{}", notification.mail.text);
        assert!(!notification.raw.contains("agents.example") && !notification.raw.contains(ANA), "{}", notification.raw);
        // Their helpdesk acknowledges, and names its own number.
        let robot = Mail::reply(&notification.mail, VENDOR, "Votre demande est enregistrée.").subject("[#KEL-2071] Export odt impossible").header("Auto-Submitted: auto-replied");
        site.then(&robot).await;
        assert_eq!(site.only_ticket().await.vendor_reference.said(), "KEL-2071");
        assert_eq!(site.only_ticket().await.status, "pending", "a machine answers nothing");
        // A person answers under their own number; an answer to the notification proves that it is the vendor.
        let before = site.sink.to(ANA).len();
        let words = || Mail::from(VENDOR).subject("KEL-2071 : correctif").text("Le correctif 4.2 est installé.");
        let forged = words();
        site.then(&forged).await;
        assert_eq!(site.verdict(&forged).await.state, "held", "anybody can write a vendor's address");
        assert_eq!(site.only_ticket().await.status, "pending");
        let person = Mail::reply(&notification.mail, VENDOR, "Le correctif 4.2 est installé.").subject("KEL-2071 : correctif");
        site.then(&person).await;
        assert_eq!(site.verdict(&person).await.ticket.said(), "CG42N1-000001");
        assert_eq!(site.only_ticket().await.status, "open");
        let told = site.sink.with_words(MARIE, "correctif 4.2");
        assert!(told.mail.text.contains("Le prestataire écrit"), "{}", told.mail.text);
        // Further words to the vendor carry their number; the requester hears nothing of any of it.
        site.then(&Mail::reply(&told.mail, MARIE, "#prestataire\nMerci, nous testons.")).await;
        assert!(site.sink.with_words(VENDOR, "nous testons").mail.subject.contains("[KEL-2071]"));
        assert_eq!(site.sink.to(ANA).len(), before);
        let messages = site.store().messages(ticket.id).await.unwrap();
        assert_eq!(messages.iter().filter(|m| m.visibility == "vendor").count(), 4);
        for notification in site.sink.to(ANA) {
            assert!(!notification.raw.contains("kelis") && !notification.mail.text.contains("KEL-2071"), "{}", notification.raw);
        }
    }

    co6_a_canned_answer_is_called_by_its_name(site, CANNED) {
        site.receive(&Mail::from("Ana Pérez <ana@college.example>")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#modèle synchro\nBonne journée.")).await;
        let notification = site.sink.with_words(ANA, "La synchronisation a lieu la nuit.");
        assert!(notification.mail.text.starts_with("Bonjour Ana Pérez,\n\nLa synchronisation a lieu la nuit.\n\nMarie Dubois\n\nBonne journée."), "{}", notification.mail.text);
        site.then(&Mail::reply(&notice.mail, MARIE, "#modèle synchra")).await;
        let told = site.sink.with_words(MARIE, "Pas fait");
        assert!(told.mail.text.contains("synchro"), "the nearest is offered: {}", told.mail.text);
    }

    co7_one_message_and_one_resolution_for_all(site, &team_and(AUDIENCE)) {
        site.receive(&Mail::from(ANA).subject("Panne générale")).await;
        for who in ["bob@college.example", "cid@college.example"] {
            site.then(&Mail::from(who).subject(&format!("Rien ne marche ({who})"))).await;
            let notice = site.sink.with_words(MARIE, &format!("Rien ne marche ({who})"));
            site.then(&Mail::reply(&notice.mail, MARIE, "#parent CG42N1-1")).await;
        }
        let first = site.sink.with_words(MARIE, "Panne générale");
        site.then(&Mail::reply(&first.mail, MARIE, "#diffuser\nNous y travaillons, retour prévu à midi.")).await;
        for who in [ANA, "bob@college.example", "cid@college.example"] {
            assert!(site.sink.with_words(who, "retour prévu à midi").mail.text.contains("retour prévu à midi"));
        }
        let before = site.sink.to(ANA).len();
        site.then(&Mail::reply(&first.mail, MARIE, "#diffuser tous\nLe portail est arrêté.")).await;
        for who in ["lyon@college.example", "rennes@college.example"] {
            assert_eq!(site.sink.to(who).len(), 1);
        }
        assert_eq!(site.sink.to(ANA).len(), before, "what is for an audience is for them");
        site.then(&Mail::reply(&first.mail, MARIE, "#diffuser tuos\nSECRET")).await;
        assert!(site.sink.with_words(MARIE, "Pas fait").mail.text.contains("tous"), "a slip reaches nobody");
        site.then(&Mail::reply(&first.mail, MARIE, "#résoudre\nServeur redémarré.")).await;
        for ticket in site.tickets().await {
            assert_eq!((ticket.status.as_str(), ticket.solution.said()), ("resolved", "Serveur redémarré."), "{}", ticket.number);
        }
        assert!(site.sink.with_words("cid@college.example", "Serveur redémarré.").mail.subject.contains("CG42N1-000003"));
    }

    two_agents_do_not_answer_past_each_other(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#assigner Luc")).await;
        let assigned = site.sink.with_words(LUC, "Ce ticket est à vous");
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nRedémarrez l'imprimante.")).await;
        let late = Mail::reply(&assigned.mail, LUC, "#public\nChangez le toner.");
        site.then(&late).await;
        assert!(!site.sink.to(ANA).iter().any(|l| l.mail.text.contains("toner")));
        let told = site.sink.with_words(LUC, "Pas fait");
        assert!(told.mail.text.contains("Marie Dubois a répondu") && told.mail.text.contains("Redémarrez l'imprimante."), "{}", told.mail.text);
        assert_eq!(site.verdict(&late).await.state, "held");
        // One click sends it all the same.
        site.then(&Mail::press(&told.mail, "#envoyer", LUC)).await;
        assert!(site.sink.with_words(ANA, "Changez le toner.").mail.text.contains("toner"));
        // Whoever has been notified about the answer may write at once.
        site.then(&Mail::reply(&site.sink.with_words(LUC, "Fait : ").mail, LUC, "#public\nEt le papier.")).await;
        assert!(site.sink.with_words(ANA, "Et le papier.").mail.text.contains("papier"));
        let _ = NADIA;
    }

    /// The one who was told of an answer, in the minute it was given, has seen it.
    who_answers_the_notification_of_an_answer_has_seen_it(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#assigner Luc")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nRedémarrez l'imprimante.")).await;
        let told = site.sink.with_words(LUC, "Redémarrez l'imprimante.");
        site.then(&Mail::reply(&told.mail, LUC, "#public\nEt changez le toner.")).await;
        assert!(site.sink.with_words(ANA, "changez le toner").mail.text.contains("toner"));
    }

    an_answer_counts_as_given_once_it_was_delivered(site) {
        let mut site = site;
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.sink.restart(&["-r", "RCPT"]);
        site.put(&Mail::reply(&notice.mail, MARIE, "#public\nBonjour Ana."));
        site.round().await;
        assert_eq!(site.only_ticket().await.first_responded_at, None, "the server has not taken it");
        site.sink.restart(&[]);
        site.pass(2 * HOUR).await;
        assert_eq!(site.only_ticket().await.first_responded_at, Some(site.clock.now()));
        let answer = site.sink.with_words(ANA, "Bonjour Ana.");
        let id = answer.mail.message_id.clone().unwrap();
        let report = format!(
            "From: MAILER-DAEMON@college.example\r\nTo: {}\r\nSubject: Undelivered\r\nMessage-ID: <b1@college.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\nContent-Type: text/plain\r\n\r\nfailed\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {ANA}\r\nAction: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552 full\r\n\r\n--r\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\n\r\n--r--\r\n",
            answer.envelope_from
        );
        site.put_bytes(report.as_bytes());
        site.pass(MINUTE).await;
        assert_eq!(site.only_ticket().await.first_responded_at, None, "an answer that came back was not given");
    }
}
