//! What must not leave the service desk, and what must not happen by mistake. Each story is a mistake that was
//! once possible.

use crate::support::Said;
use guichet::clock::{DAY, HOUR, MINUTE};
use guichet::work::once;

use crate::capabilities::{CHEF, LUC, NADIA, TEAM};
use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::{Database, Site};

const VENDOR: &str = "aide@kelis.example";
const BOB: &str = "bob@college.example";
const SECRET: &str = "SECRET-INTERNE";

fn team_and(more: &str) -> String {
    format!("{TEAM}{more}")
}

/// Nothing that went to these people holds the words.
fn kept_from(site: &Site, people: &[&str], words: &str) {
    for notification in site.sink.notifications().iter().filter(|l| people.contains(&l.to.as_str())) {
        assert!(!notification.raw.contains(words) && !notification.mail.text.contains(words), "{}", notification.raw);
        assert!(notification.mail.attachments.iter().all(|a| !a.name.contains("dump")), "{}", notification.raw);
    }
}

original_requests! {
    a_note_beside_an_order_stays_inside_with_its_files(site, TEAM) {
        site.receive(&Mail::from(ANA).header("Cc: bob@college.example")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nEssayez de redémarrer.")).await;
        for text in ["#demander Quel modèle ?\n#note\nSECRET-INTERNE", "#résoudre\n#note\nSECRET-INTERNE", "#rouvrir\n#note\nSECRET-INTERNE", "#résoudre C'est fait.\n#note\nSECRET-INTERNE"] {
            site.then(&Mail::reply(&notice.mail, MARIE, text).attach("dump.png", b"\x89PNG dump")).await;
        }
        assert_eq!(site.only_ticket().await.status, "resolved");
        kept_from(&site, &[ANA, BOB], SECRET);
        assert!(site.sink.with_words(ANA, "est résolue").mail.text.contains("C'est fait."));
        // It is there for the service desk, files and all.
        let messages = site.store().messages(site.only_ticket().await.id).await.unwrap();
        let notes: Vec<_> = messages.iter().filter(|m| m.new_text.contains(SECRET)).collect();
        assert!(notes.len() == 4 && notes.iter().all(|m| m.visibility == "internal" && m.attachments.len() == 1), "{notes:#?}");
    }

    what_is_said_to_a_vendor_stays_there(site, &team_and("[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n")) {
        let vouched = |mut mail: Mail| { mail.more = format!("Authentication-Results: mx.desk.example; dmarc=pass header.from=agents.example\n{}", mail.more); mail };
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&vouched(Mail::reply(&notice.mail, MARIE, &format!("#prestataire {VENDOR}\nBonjour, un souci.")))).await;
        let notification = site.sink.only(VENDOR);
        // Marie answers the vendor's reply to all from her own mailbox, with the vendor notification's id in it.
        let id = notification.mail.message_id.clone().unwrap();
        let slip = vouched(Mail::from(MARIE).subject(&format!("Re: {}", notification.mail.subject)).header(&format!("References: <{id}>")).text("SECRET-INTERNE : leur contrat est nul."));
        site.then(&slip).await;
        // And a client that breaks the quote sends nothing of it to the vendor.
        let broken = vouched(Mail::reply(&notice.mail, MARIE, "x").text("#prestataire\nBonjour\n> cité\nSECRET-INTERNE #public"));
        site.then(&broken).await;
        kept_from(&site, &[ANA, VENDOR], SECRET);
        assert_eq!(site.verdict(&slip).await.verdict.said(), "joined");
        let messages = site.store().messages(site.only_ticket().await.id).await.unwrap();
        assert!(messages.iter().any(|m| m.new_text.contains(SECRET) && m.visibility == "internal"));
        assert_eq!(site.verdict(&broken).await.state, "held");
        let head = notification.raw.split("\n\n").next().unwrap();
        assert!(!head.contains("client.example"), "the requester's ids are not the vendor's: {head}");
    }

    a_vendor_stays_a_vendor(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, &format!("#prestataire {VENDOR}\nBonjour."))).await;
        let first = site.sink.only(VENDOR);
        site.then(&Mail::reply(&notice.mail, MARIE, "#prestataire autre@maison.example\nEt vous ?")).await;
        let before = site.sink.to(VENDOR).len();
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nFait.")).await;
        // The former one answers late: no requester's word, nothing reopened, no notification to them.
        site.then(&Mail::reply(&first.mail, VENDOR, "SECRET-INTERNE : c'est de votre faute.")).await;
        assert_eq!((site.only_ticket().await.status.as_str(), site.sink.to(VENDOR).len()), ("resolved", before));
        // They write anew, a ticket of theirs opens, and it is merged: they hear no answer to Ana.
        site.then(&Mail::from(VENDOR).subject("Au fait").text("Bonjour")).await;
        let theirs = site.sink.with_words(MARIE, "Au fait");
        site.then(&Mail::reply(&notice.mail, MARIE, "#rouvrir")).await;
        site.then(&Mail::reply(&theirs.mail, MARIE, "#fusionner CG42N1-1")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nVotre mot de passe : SECRET-ANA.")).await;
        assert_ne!(site.ticket("CG42N1-000002").await.merged_into, None);
        assert!(site.sink.with_words(ANA, "SECRET-ANA").mail.text.contains("mot de passe"));
        kept_from(&site, &[VENDOR], "SECRET-ANA");
        kept_from(&site, &[ANA], SECRET);
        // Nor do they come in by Cc or by a command.
        site.then(&Mail::reply(&notice.mail, MARIE, &format!("#cc {VENDOR}"))).await;
        site.then(&Mail::reply(&notice.mail, MARIE, &format!("#demandeur {VENDOR}"))).await;
        let people = site.store().participants(site.ticket("CG42N1-000001").await.id).await.unwrap();
        assert_eq!(people, [ANA]);
    }

    a_vendors_helpdesk_is_heard(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, &format!("#prestataire {VENDOR}\nBonjour."))).await;
        let notification = site.sink.only(VENDOR);
        site.then(&Mail::reply(&notification.mail, VENDOR, "Le correctif est en place.").header("Auto-Submitted: auto-generated").header("Precedence: bulk")).await;
        assert_eq!(site.only_ticket().await.status, "open");
        assert!(site.sink.with_words(MARIE, "Le correctif est en place.").mail.text.contains("Le prestataire écrit"));
    }

    plain_words_are_read_as_they_are_meant(site, &team_and("[queues.help]\nsenders = [\"@college.example\"]\napprovers = [\"chef\"]\n")) {
        site.receive(&Mail::from("tom@elsewhere.example").subject("Accès")).await;
        let held = site.sink.only(MARIE);
        for (words, verdict) in [("Qui est-ce ?", "held"), ("Non, c'est du spam.", "refused")] {
            let plain = Mail::from(MARIE).subject(&format!("Re: {}", held.mail.subject)).header(&format!("In-Reply-To: <{}>", held.mail.message_id.clone().unwrap())).text(words);
            site.then(&plain).await;
            assert!(site.tickets().await.is_empty(), "{words}");
            let row = site.store().held().await.unwrap();
            assert_eq!(row.iter().any(|m| m.sender == "tom@elsewhere.example"), verdict == "held", "{words}");
        }
        site.then(&Mail::from(ANA)).await;
        let asked = site.sink.only(CHEF);
        site.then(&Mail::reply(&asked.mail, CHEF, "No problem, go ahead")).await;
        assert_eq!(site.only_ticket().await.status, "approval", "neither yes nor no");
        assert!(site.sink.with_words(CHEF, "Pas fait").mail.text.contains("oui"));
        site.then(&Mail::reply(&asked.mail, CHEF, "yes, go ahead")).await;
        assert_eq!(site.only_ticket().await.status, "new");
    }

    a_number_and_a_name_let_nobody_in(site) {
        site.receive(&Mail::from(ANA)).await;
        for text in ["#cc eve@elsewhere.example", "#résolu", "#statut"] {
            site.then(&Mail::from(ANA).subject("Re: [CG42N1-000001]").text(text)).await;
        }
        site.then(&Mail::from(ANA).subject("Re: [CG42N1-000001]").header("Cc: eve@elsewhere.example").text("Encore moi")).await;
        let ticket = site.only_ticket().await;
        assert_eq!(ticket.status, "new");
        assert_eq!(site.store().participants(ticket.id).await.unwrap(), [ANA]);
        // With the notification in hand she may.
        let ack = site.sink.only(ANA);
        site.then(&Mail::reply(&ack.mail, ANA, "#cc bob@college.example\nC'est le poste 7.")).await;
        assert_eq!(site.store().participants(ticket.id).await.unwrap(), [ANA, BOB]);
        assert!(site.sink.with_words(MARIE, "C'est le poste 7.").mail.text.contains("poste 7"));
    }

    rights_hold_on_every_ticket_an_order_reaches(site, &team_and("[queues.other]\nmailbox = \"main\"\naddress = \"other@desk.example\"\nprefix = \"OTH\"\n[agents.zoe]\naddress = \"zoe@agents.example\"\nname = \"Zoé\"\nroles = [\"moderator\"]\nqueues = [\"other\"]\n")) {
        site.receive(&Mail::from(ANA)).await;
        site.then(&Mail::from(BOB).to("other@desk.example").subject("Autre chose")).await;
        let zoe = site.sink.only("zoe@agents.example");
        for command in ["#fusionner CG42N1-1", "#parent CG42N1-1", "#lier CG42N1-1"] {
            site.then(&Mail::reply(&zoe.mail, "zoe@agents.example", command)).await;
            assert!(site.sink.last("zoe@agents.example").mail.subject.starts_with("Pas fait"), "{command}");
        }
        assert_eq!(site.store().participants(site.ticket("CG42N1-000001").await.id).await.unwrap(), [ANA]);
        assert_eq!(site.ticket("OTH-000001").await.status, "new");
        // A technician resolves no part that is above him.
        site.then(&Mail::from(BOB).subject("La partie")).await;
        let part = site.sink.with_words(MARIE, "La partie");
        site.then(&Mail::reply(&part.mail, MARIE, "#parent CG42N1-1\n#escalader N2")).await;
        let notice = site.sink.with_words(MARIE, "Imprimante en panne");
        site.then(&Mail::reply(&notice.mail, MARIE, "#assigner luc")).await;
        let luc = site.sink.with_words(LUC, "Ce ticket est à vous");
        site.then(&Mail::reply(&luc.mail, LUC, "#résoudre\nTout est fait.")).await;
        assert_eq!((site.ticket("CG42N1-000001").await.status.as_str(), site.ticket("CG42N1-000002").await.status.as_str()), ("open", "escalated"));
    }

    a_token_shown_in_a_mail_that_failed_is_spent_as_well(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#pubilc\nBonjour").header("Cc: eve@elsewhere.example")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#clore")).await;
        assert_eq!(site.only_ticket().await.status, "new");
    }

    what_was_said_to_one_is_not_said_to_all(site, &team_and("[canned.salut]\nfr = \"Bonjour {name}, c'est fait.\"\n")) {
        site.receive(&Mail::from("Ana Pérez <ana@college.example>")).await;
        site.then(&Mail::from(BOB).subject("Pareil")).await;
        let part = site.sink.with_words(MARIE, "Pareil");
        site.then(&Mail::reply(&part.mail, MARIE, "#parent CG42N1-1")).await;
        let notice = site.sink.with_words(MARIE, "Imprimante en panne");
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nVotre mot de passe : SECRET-ANA")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre")).await;
        assert!(site.sink.with_words(MARIE, "Pas fait").mail.text.contains("des parties"));
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\n#modèle salut")).await;
        assert_eq!(site.ticket("CG42N1-000001").await.status, "open", "nobody is called by another's name");
        kept_from(&site, &[BOB], "SECRET-ANA");
        kept_from(&site, &[BOB], "Pérez");
    }

    an_article_is_not_overwritten_in_silence(site, "[queues.help]\nsuggest = true\n") {
        site.receive(&Mail::from(ANA).subject("Export Opale impossible")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\n#kb opale\nVider le cache.")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#rouvrir")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nMot de passe : SECRET-ANA.")).await;
        site.then(&Mail::from(BOB).subject("Export Opale")).await;
        let ack = site.sink.only(BOB);
        assert!(ack.mail.text.contains("Vider le cache.") && !ack.mail.text.contains("SECRET-ANA"), "{}", ack.mail.text);
        // Undone, an article is gone.
        site.then(&Mail::from(ANA).subject("Scanner muet")).await;
        let notice = site.sink.with_words(MARIE, "Scanner muet");
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\n#kb scanner\nBranché.")).await;
        let receipt = site.sink.with_words(MARIE, "Scanner muet");
        site.then(&Mail::press(&receipt.mail, "#annuler", MARIE)).await;
        assert_eq!(site.store().articles(10).await.unwrap().len(), 1);
    }

    an_order_that_comes_twice_is_carried_out_once(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let command = Mail::reply(&notice.mail, MARIE, "#scinder Un autre\nTexte de l'autre.");
        site.then(&command).await;
        let again = command.clone().header("Received: from another way");
        site.then(&again).await;
        assert_eq!(site.tickets().await.len(), 2);
    }

    a_forged_mail_the_operator_adds_orders_nothing(site) {
        site.receive(&Mail::from(ANA)).await;
        let forged = Mail::from(MARIE).subject("Re: [CG42N1-000001]").text("#public\nPayez ici.");
        site.then(&forged).await;
        let id = site.verdict(&forged).await.id;
        let mut tx = site.store().begin(guichet::store::Durability::Full).await.unwrap();
        tx.join(id, Some(site.only_ticket().await.id)).await.unwrap();
        tx.release(id, "joined", 0).await.unwrap();
        tx.commit().await.unwrap();
        site.pass(MINUTE).await;
        assert_eq!(site.verdict(&forged).await.verdict.said(), "joined");
        kept_from(&site, &[ANA], "Payez ici.");
    }

    an_approver_is_not_taken_at_their_word(site, &team_and("[queues.help]\napprovers = [\"chef\"]\n")) {
        site.receive(&Mail::from(CHEF).subject("Pour moi")).await;
        assert_eq!(site.only_ticket().await.status, "approval");
    }

    somebody_of_the_desk_may_have_a_request(site, TEAM) {
        site.receive(&Mail::from(LUC).subject("Mon poste")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#demander\nLequel ?")).await;
        let question = site.sink.with_words(LUC, "Lequel ?");
        site.then(&Mail::reply(&question.mail, LUC, "Le 7.")).await;
        assert_eq!(site.only_ticket().await.status, "open");
        assert!(site.sink.with_words(MARIE, "Le 7.").mail.text.contains("Message"));
    }

    undo_takes_back_what_its_button_says(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#priorité P1")).await;
        let first = site.sink.with_words(MARIE, "Priorité P3 → P1");
        site.then(&Mail::reply(&notice.mail, MARIE, "#clore")).await;
        site.then(&Mail::press(&first.mail, "#annuler", MARIE)).await;
        assert_eq!(site.only_ticket().await.status, "closed");
        assert!(site.sink.with_words(MARIE, "Pas fait").mail.text.contains("#clore"));
        // It goes alone, and what only kept an article is not what it takes back.
        site.then(&Mail::reply(&notice.mail, MARIE, "#statut ouvert\n#annuler")).await;
        assert_eq!(site.only_ticket().await.status, "closed");
        // An absence note in between is nobody's step; and a merge is taken back where the command was given.
        site.then(&Mail::from(BOB).subject("Le second")).await;
        site.then(&Mail::from(ANA).subject("Le premier")).await;
        let second = site.sink.with_words(MARIE, "Le second");
        site.then(&Mail::reply(&second.mail, MARIE, "#fusionner CG42N1-3")).await;
        let receipt = site.sink.with_words(MARIE, "Fusionné dans");
        let told = site.sink.with_words(BOB, "rejoint la demande");
        site.then(&Mail::reply(&told.mail, BOB, "Absent.").header("Auto-Submitted: auto-replied")).await;
        site.then(&Mail::press(&receipt.mail, "#annuler", MARIE)).await;
        assert_eq!(site.ticket("CG42N1-000002").await.status, "new");
        let people = site.store().participants(site.ticket("CG42N1-000003").await.id).await.unwrap();
        assert_eq!(people, [ANA]);
    }

    silence_is_not_taken_for_granted_while_mail_waits(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#demander\nQuel poste ?")).await;
        let question = site.sink.with_words(ANA, "Quel poste ?");
        // The service desk is down for a month; her answer waits in the mailbox, which cannot be read at first.
        site.clock.advance(30 * DAY);
        let mailbox = site.folder.path().join("mail");
        let aside = site.folder.path().join("aside");
        std::fs::rename(&mailbox, &aside).unwrap();
        assert!(once::run(&site.app).await.is_err());
        assert_eq!(site.only_ticket().await.status, "pending", "nothing was heard yet");
        std::fs::rename(&aside, &mailbox).unwrap();
        site.receive(&Mail::reply(&question.mail, ANA, "Le poste 7.")).await;
        assert_eq!(site.only_ticket().await.status, "open");
    }

    a_question_that_never_arrived_is_not_waited_for(site) {
        let mut site = site;
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.sink.restart(&["-f", "RCPT"]);
        site.put(&Mail::reply(&notice.mail, MARIE, "#demander\nQuel poste ?"));
        site.pass(MINUTE).await;
        site.sink.restart(&[]);
        site.pass(HOUR).await;
        assert!(site.sink.with_words(MARIE, "Non remis").mail.text.contains(ANA));
        site.pass(30 * DAY).await;
        assert_eq!(site.only_ticket().await.status, "pending", "nobody was asked");
    }

    who_refused_a_notification_is_left_alone_in_copy_too(site) {
        site.receive(&Mail::from(ANA).header("Cc: bob@college.example")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nUn.")).await;
        let notification = site.sink.only(BOB);
        let report = format!(
            "From: MAILER-DAEMON@college.example\r\nTo: {}\r\nSubject: Undelivered\r\nMessage-ID: <b@college.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\nContent-Type: text/plain\r\n\r\nfailed\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {BOB}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 User unknown\r\n\r\n--r\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{}>\r\n\r\n--r--\r\n",
            notification.envelope_from, notification.mail.message_id.clone().unwrap()
        );
        site.put_bytes(report.as_bytes());
        site.pass(MINUTE).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nDeux.")).await;
        assert_eq!(site.sink.to(BOB).len(), 1);
        assert!(site.sink.with_words(ANA, "Deux.").mail.text.contains("Deux."));
    }

    who_answers_a_held_notification_without_a_word_lets_it_in(site, "[queues.help]\nsenders = [\"@college.example\"]\n") {
        for (at, below) in ["-----Message d'origine-----\nDe : Support\nEnvoyé : lundi 2 mars 2026 09:15\nÀ : Marie\nObjet : À décider\n\nTom a écrit.", "Le lun. 2 mars 2026 à 09:15, Support du collège\n<support@desk.example> a écrit :\n\n> Tom a écrit."].iter().enumerate() {
            let subject = format!("Accès {at}");
            site.then(&Mail::from("tom@elsewhere.example").subject(&subject).text(&subject)).await;
            let held = site.sink.with_words(MARIE, &subject);
            let id = held.mail.message_id.clone().unwrap();
            site.then(&Mail::from(MARIE).subject(&format!("Re: {}", held.mail.subject)).header(&format!("In-Reply-To: <{id}>")).text(&format!("\n\n{below}\n"))).await;
            assert_eq!(site.tickets().await.len(), at + 1, "{below}");
        }
        // French words are commands as well, and an answer to what was unclear is about the same email.
        site.then(&Mail::from("tom@elsewhere.example").subject("Encore un").text("Encore un")).await;
        let held = site.sink.with_words(MARIE, "Encore un");
        site.then(&Mail::reply(&held.mail, MARIE, "Qui est-ce ?")).await;
        let unclear = site.sink.with_words(MARIE, "Pas fait");
        site.then(&Mail::reply(&unclear.mail, MARIE, "#rejeter spam")).await;
        assert!(site.store().held().await.unwrap().iter().all(|m| m.subject != "Encore un"));
    }

    a_busy_moderator_is_told_all_the_same(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        for n in 0..40 {
            site.put(&Mail::from(&format!("p{n}@college.example")).text(&format!("Demande {n}")));
        }
        site.pass(MINUTE).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#pubilc\nBonjour")).await;
        assert!(site.sink.with_words(MARIE, "Pas fait").mail.text.contains("#public"));
    }

    words_behind_a_button_are_kept_and_a_complaint_reopens(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nFait.")).await;
        let resolved = site.sink.with_words(ANA, "est résolue");
        site.then(&Mail::press(&resolved.mail, "#pas-résolu", ANA).typed("Non, toujours rien.")).await;
        assert!(site.sink.with_words(MARIE, "Non, toujours rien.").mail.text.contains("n'est pas résolu"));
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nRefait.")).await;
        let resolved = site.sink.with_words(ANA, "Refait.");
        site.then(&Mail::reply(&resolved.mail, ANA, "#cc bob@college.example\nCe n'est toujours pas réparé.")).await;
        assert_eq!(site.only_ticket().await.status, "reopened");
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nEncore.")).await;
        site.then(&Mail::press(&site.sink.with_words(ANA, "Encore.").mail, "#résolu", ANA)).await;
        assert!(site.sink.with_words(MARIE, "la demande est close").mail.subject.contains("CG42N1"), "the service desk hears of the end");
    }

    orders_beside_thanks_do_not_reopen(site) {
        site.receive(&Mail::from("Ana Pérez <ana@college.example>")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nFait.")).await;
        let resolved = site.sink.with_words(ANA, "est résolue");
        for text in ["#statut\nMerci beaucoup", "#avis 5\nAna Pérez, Comptabilité", "#statut"] {
            site.then(&Mail::reply(&resolved.mail, "Ana Pérez <ana@college.example>", text)).await;
            assert_eq!(site.only_ticket().await.status, "resolved", "{text}");
        }
        site.then(&Mail::reply(&resolved.mail, ANA, "#clore merci, c'est bon")).await;
        assert_eq!(site.only_ticket().await.status, "closed");
        assert!(site.sink.with_words(MARIE, "merci, c'est bon").mail.text.contains("close"));
    }

    the_ticket_that_was_asked_about_comes_first_and_done_ones_last(site) {
        site.receive(&Mail::from(ANA).subject("Ancienne panne")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nFait.")).await;
        for subject in ["Imprimante", "Écran", "Clavier"] {
            site.then(&Mail::from(ANA).subject(subject)).await;
        }
        let ack = site.sink.with_words(ANA, "CG42N1-000003");
        site.then(&Mail::press(&ack.mail, "#statut", ANA)).await;
        let listed = site.sink.last(ANA).mail.text;
        let place = |title: &str| listed.rfind(title).unwrap_or_else(|| panic!("{title}: {listed}"));
        assert!(place("Écran") < place("Clavier") && place("Clavier") < place("Imprimante"), "{listed}");
        assert!(place("Imprimante") < place("Ancienne panne"), "{listed}");
    }

    what_only_looks_like_an_order_is_text(site, "[audiences.tous]\naddresses = [\"ana@college.example\", \"bob@college.example\"]\n") {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nVoici :\n# Note : un titre\n#1 en premier")).await;
        assert!(site.sink.with_words(ANA, "un titre").mail.text.contains("#1 en premier"));
        // An audience's words are the audience's, whoever is in it, and whatever else the email does.
        site.then(&Mail::reply(&notice.mail, MARIE, "#prendre\n#diffuser tous\nCoupure ce soir.")).await;
        for who in [ANA, BOB] {
            let told: Vec<_> = site.sink.to(who).into_iter().filter(|l| l.mail.text.contains("Coupure ce soir.")).collect();
            assert_eq!(told.len(), 1, "{who}");
            assert!(told[0].mail.subject.contains("information"), "{}", told[0].mail.subject);
        }
        site.then(&Mail::reply(&notice.mail, MARIE, "#clore\n#diffuser tous\nTout est rétabli.")).await;
        let told: Vec<_> = site.sink.to(ANA).into_iter().filter(|l| l.mail.text.contains("Tout est rétabli.")).collect();
        assert_eq!(told.len(), 1, "once, and not as an answer to her alone");
        assert!(site.sink.with_words(ANA, "est close").mail.subject.contains("CG42N1-000001"));
    }

    nobody_is_reminded_and_closed_in_one_breath(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#demander\nQuel poste ?")).await;
        site.pass(20 * DAY).await;
        assert_eq!(site.only_ticket().await.status, "pending");
        assert!(site.sink.with_words(ANA, "Rappel").mail.text.contains("Quel poste ?"));
        site.pass(8 * DAY).await;
        assert_eq!(site.only_ticket().await.status, "closed");
    }

    two_orders_in_a_line_are_two_mistakes(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#prendre #priorité P1")).await;
        assert_eq!(site.only_ticket().await.assignee.said(), "");
        site.then(&Mail::reply(&notice.mail, MARIE, "Bonjour Ana,\n#public\nVoici.")).await;
        assert_eq!(site.sink.to(ANA).len(), 1);
        let told = site.sink.with_words(MARIE, "tout en haut");
        site.then(&Mail::press(&told.mail, "#public", MARIE)).await;
        assert!(site.sink.with_words(ANA, "Voici.").mail.text.starts_with("Bonjour Ana,"));
        // What stands above may be for colleagues: no button sends it.
        site.then(&Mail::reply(&notice.mail, MARIE, "Interne : il est pénible.\n#public\nNous passons.")).await;
        assert!(!site.sink.last(MARIE).mail.text.contains("[Renvoyer, corrigé]"), "{}", site.sink.last(MARIE).mail.text);
        assert!(!site.sink.to(ANA).iter().any(|l| l.mail.text.contains("pénible")));
    }

    a_list_shows_what_the_same_mail_did(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#prendre\n#liste miens\n#liste nouveaux")).await;
        assert!(site.sink.with_words(MARIE, "CG42N1-000001 · P3 · en cours").mail.subject.contains("Vos tickets"));
        assert_eq!(site.subjects(MARIE).iter().filter(|s| *s == "Vos tickets").count(), 2);
        let _ = (NADIA, SUPPORT);
    }
}
