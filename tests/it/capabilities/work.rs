//! The work: WO1 to WO8.

use crate::support::Said;
use guichet::clock::{DAY, HOUR, MINUTE};

use super::{CHEF, LUC, NADIA, TEAM};
use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::{Database, Site};

fn team_and(more: &str) -> String {
    format!("{TEAM}{more}")
}

original_requests! {
    wo1_commands_are_read_as_people_write_them(site, &team_and("")) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE).mail;
        for (number, way) in ["#répondre", "# public", "#Public :", "/public", "public", "#Réponse"].iter().enumerate() {
            let said = format!("Voici la suite {number}.");
            site.then(&Mail::reply(&notice, MARIE, &format!("{way}\n{said}"))).await;
            assert!(site.sink.to(ANA).iter().any(|l| l.mail.text.contains(&said)), "{way}: {:?}", site.subjects(MARIE));
        }
        // Text may stand on the command's own line.
        site.then(&Mail::reply(&notice, MARIE, "#public Bonjour, le câble est remplacé.\nBonne journée")).await;
        let text = site.sink.with_words(ANA, "le câble est remplacé").mail.text;
        assert!(text.contains("Bonjour, le câble est remplacé.\nBonne journée"), "{text}");
        site.then(&Mail::reply(&notice, MARIE, "#note interne\nVoir le serveur 3.")).await;
        assert!(site.sink.to(ANA).iter().all(|l| !l.mail.text.contains("serveur 3")));
        site.then(&Mail::reply(&notice, MARIE, "#assigner moi")).await;
        assert_eq!(site.only_ticket().await.assignee.as_deref(), Some(MARIE));
        // What ends a ticket is never a guess from something else.
        site.then(&Mail::reply(&notice, MARIE, "#reprendre\nJe regarde.")).await;
        let refused = site.sink.last(MARIE).mail;
        assert!(refused.subject.starts_with("Pas fait") && !refused.text.contains("#resoudre") && !refused.text.contains("#résoudre\n"), "{}", refused.text);
        // A requester's own words stay theirs.
        site.then(&Mail::reply(&site.sink.with_words(ANA, "le câble").mail, ANA, "Note :\ncela marche à nouveau.")).await;
        assert!(site.sink.with_words(MARIE, "marche à nouveau").mail.text.contains("Note :"));
    }

    wo1_each_profile_does_what_it_may_and_no_more(site, &team_and("[queues.other]\nmailbox = \"main\"\naddress = \"other@desk.example\"\nprefix = \"OTH\"\n[agents.zoe]\naddress = \"zoe@agents.example\"\nname = \"Zoé\"\nroles = [\"moderator\"]\nqueues = [\"other\"]\n")) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#assigner Luc")).await;
        let luc = site.sink.with_words(LUC, "Ce ticket est à vous");
        // A technician works, and closes nothing for good.
        site.then(&Mail::reply(&luc.mail, LUC, "#clore")).await;
        assert_eq!(site.only_ticket().await.status, "open");
        assert!(site.sink.with_words(LUC, "Pas fait").mail.text.contains("votre rôle ne le permet pas"));
        site.then(&Mail::reply(&luc.mail, LUC, "#escalader N2")).await;
        assert_eq!(site.only_ticket().await.level, 2);
        // Above his level he may note, and do nothing else.
        site.then(&Mail::reply(&luc.mail, LUC, "#résoudre C'est fait.")).await;
        assert_eq!(site.only_ticket().await.status, "escalated");
        assert!(site.sink.with_words(LUC, "au-dessus du vôtre").mail.subject.starts_with("Pas fait"));
        site.then(&Mail::reply(&luc.mail, LUC, "#note\nVoir le serveur 3.")).await;
        assert!(site.sink.with_words(NADIA, "Voir le serveur 3.").mail.text.contains("Note interne"));
        // A requester's words that look like commands of an agent are words.
        let ack = site.sink.with_words(ANA, "enregistrée");
        site.then(&Mail::reply(&ack.mail, ANA, "#priorité P0\nVite !")).await;
        assert_eq!(site.only_ticket().await.priority, "P3");
        // Somebody of another queue may read and note; nothing else.
        let zoe = Mail::from("zoe@agents.example").to(SUPPORT).subject("Re: [CG42N1-000001]").text("#prendre");
        site.then(&zoe).await;
        assert_eq!(site.verdict(&zoe).await.verdict.said(), "held", "nothing proves her");
    }

    wo2_a_ticket_lives_from_new_to_closed(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let mut seen = vec![site.only_ticket().await.status];
        for commands in ["#prendre", "#attente prochainement", "#attente 2026-03-09", "#statut ouvert", "#escalader N2", "#prendre", "#résoudre\nFait.", "#rouvrir", "#résoudre\nRefait.", "#clore"] {
            site.then(&Mail::reply(&notice.mail, MARIE, commands)).await;
            seen.push(site.only_ticket().await.status);
        }
        assert_eq!(seen, ["new", "open", "open", "pending", "open", "escalated", "open", "resolved", "reopened", "resolved", "closed"]);
        // Closed is final: commands are refused, and what the requester writes opens a ticket that refers to it.
        site.then(&Mail::reply(&notice.mail, MARIE, "#rouvrir")).await;
        assert!(site.sink.with_words(MARIE, "Pas fait").mail.text.contains("close"));
        let closed = site.sink.with_words(ANA, "est close");
        let late = Mail::reply(&closed.mail, ANA, "Cela recommence.");
        site.then(&late).await;
        assert_eq!(site.verdict(&late).await.ticket.said(), "CG42N1-000002");
        let tickets = site.tickets().await;
        assert_eq!((tickets[1].related[0].as_str(), tickets[0].related[0].as_str()), ("CG42N1-000001", "CG42N1-000002"));
        assert!(site.sink.with_words(ANA, "fait suite à CG42N1-000001").mail.subject.contains("CG42N1-000002"));
    }

    wo2_thanks_reopen_nothing_and_a_moderator_overrules(site) {
        site.receive(&Mail::from("Ana Pérez <ana@college.example>")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nRedémarrée.")).await;
        let resolved = site.sink.with_words(ANA, "est résolue");
        for (text, status) in [("Merci beaucoup Marie !\n\nAna", "resolved"), ("Parfait, merci pour votre aide.", "resolved"), ("Merci, mais elle clignote encore.", "reopened")] {
            site.then(&Mail::reply(&resolved.mail, "Ana Pérez <ana@college.example>", text)).await;
            assert_eq!(site.only_ticket().await.status, status, "{text}");
        }
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nAmpoule changée.")).await;
        site.then(&Mail::reply(&site.sink.with_words(ANA, "Ampoule changée").mail, ANA, "Thanks, perfect!")).await;
        assert_eq!(site.only_ticket().await.status, "resolved");
        // The notification that tells of the thanks has the button that overrules it.
        let told = site.sink.with_words(MARIE, "Thanks, perfect!");
        assert!(told.mail.text.contains("la demande reste résolue"), "the rule is visible: {}", told.mail.text);
        site.then(&Mail::press(&told.mail, "#rouvrir", MARIE)).await;
        assert_eq!(site.only_ticket().await.status, "reopened");
    }

    wo3_assigned_put_off_and_back_on_the_day(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#assigner luc\n#type demande")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.assignee.said(), ticket.kind.said(), ticket.status.as_str()), (LUC, "request", "open"));
        let own = site.sink.with_words(LUC, "Ce ticket est à vous");
        site.then(&Mail::press(&own.mail, "#attente 3j", LUC)).await;
        assert_eq!(site.only_ticket().await.pending_on.said(), "date");
        site.pass(3 * DAY - HOUR).await;
        assert_eq!(site.only_ticket().await.status, "pending");
        site.pass(2 * HOUR).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.assignee.said()), ("open", LUC));
        assert!(site.sink.with_words(LUC, "La date attendue est arrivée").mail.subject.contains("CG42N1-000001"));
        site.then(&Mail::reply(&notice.mail, MARIE, "#assigner Nadia")).await;
        assert_eq!(site.only_ticket().await.assignee.said(), NADIA);
        site.then(&Mail::reply(&notice.mail, MARIE, "#assigner personne")).await;
        assert_eq!(site.only_ticket().await.assignee.said(), "");
    }

    wo4_an_escalation_carries_its_sheet(site, &team_and("[queues.help]\nask = [\"name\", \"phone\", \"population\", \"expected\", \"observed\", \"steps\", \"url\"]\n")) {
        let text = "Bonjour,\nTéléphone : 04 77 00 00 00\nPopulation concernée : 30 élèves\nAttendu : la page s'ouvre\nObservé : erreur 500\nÉtapes : ouvrir, cliquer\nURL : https://ent.example/svt\nRien ne s'affiche.";
        site.receive(&Mail::from("Ana Pérez <ana@college.example>").subject("[P2] Page blanche").text(text).attach("écran.png", b"\x89PNG e")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#note\nCache vidé, sans effet.")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#escalader N2 le serveur répond 500")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.level, ticket.assignee.said()), ("escalated", 2, ""));
        let sheet = site.sink.only(NADIA);
        assert!(sheet.mail.subject.contains("N2 P2 Page blanche"), "{}", sheet.mail.subject);
        for words in ["Contexte", "le serveur répond 500", "Description", "Rien ne s'affiche.", "Résultat attendu\n    la page s'ouvre", "Résultat observé\n    erreur 500", "Étapes pour reproduire\n    ouvrir, cliquer", "Impact\n    majeure · 30 élèves", "Actions déjà menées", "Cache vidé, sans effet.", "Informations techniques", "https://ent.example/svt", "Contact\n    Ana Pérez · ana@college.example · 04 77 00 00 00"] {
            assert!(sheet.mail.text.contains(words), "{words}: {}", sheet.mail.text);
        }
        // The next level takes it; there is nobody above.
        site.then(&Mail::press(&sheet.mail, "#prendre", NADIA)).await;
        assert_eq!(site.only_ticket().await.assignee.said(), NADIA);
        let receipt = site.sink.with_words(NADIA, "Le ticket est à vous.");
        assert!(!receipt.mail.text.contains("#escalader"), "no button leads nowhere");
        site.then(&Mail::reply(&receipt.mail, NADIA, "#escalader")).await;
        assert!(site.sink.with_words(NADIA, "Pas fait").mail.text.contains("personne n'est au niveau N3"));
    }

    wo5_a_solution_is_confirmed_or_not_and_silence_closes(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre")).await;
        assert_eq!(site.only_ticket().await.status, "new", "a solution is required");
        assert!(site.sink.with_words(MARIE, "Pas fait").mail.text.contains("il manque la solution"));
        site.then(&Mail::press(&notice.mail, "#résoudre", MARIE).typed("Toner changé.")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.solution.said()), ("resolved", "Toner changé."));
        let asked = site.sink.with_words(ANA, "Est-ce bien résolu");
        site.then(&Mail::press(&asked.mail, "#pas-résolu", ANA).typed("elle est toujours muette")).await;
        assert_eq!(site.only_ticket().await.status, "reopened");
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nCarte remplacée.")).await;
        let asked = site.sink.with_words(ANA, "Carte remplacée.");
        site.then(&Mail::press(&asked.mail, "#résolu", ANA)).await;
        assert_eq!(site.only_ticket().await.status, "closed");
        // Another one, about which nothing is heard.
        site.then(&Mail::from(ANA).subject("Scanner")).await;
        let notice = site.sink.with_words(MARIE, "Scanner");
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nBranché.")).await;
        site.pass(5 * DAY - HOUR).await;
        assert_eq!(site.tickets().await[1].status, "resolved");
        site.pass(2 * HOUR).await;
        assert_eq!(site.tickets().await[1].status, "closed");
    }

    wo6_satisfaction_is_one_click(site, "[life]\nrecommend = true\n") {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nFait.")).await;
        let asked = site.sink.with_words(ANA, "Est-ce bien résolu");
        site.then(&Mail::press(&asked.mail, "#résolu", ANA)).await;
        let closing = site.sink.with_words(ANA, "Qu'en avez-vous pensé");
        site.then(&Mail::press(&closing.mail, "#avis 4", ANA)).await;
        site.then(&Mail::press(&closing.mail, "#recommander 9", ANA)).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.rating, ticket.fields["recommend"].as_str()), (Some(4), "9"));
        // Nobody but those who take part rates.
        site.then(&Mail::press(&closing.mail, "#avis 1", "eve@elsewhere.example")).await;
        assert_eq!(site.tickets().await[0].rating, Some(4));
    }

    wo7_what_was_solved_is_found_again(site, &team_and("[queues.help]\nsuggest = true\n")) {
        site.receive(&Mail::from(ANA).subject("Export Opale en .odt impossible").text("La génération du document odt échoue avec Opale.")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#étiquette scenari\n#résoudre\n#kb opale odt\nVider le cache de génération, puis relancer.")).await;
        let articles = site.store().articles(10).await.unwrap();
        assert_eq!((articles.len(), articles[0].solution.as_str(), articles[0].tags.as_str()), (1, "Vider le cache de génération, puis relancer.", "odt opale scenari"));
        assert!(articles[0].problem.contains("échoue avec Opale"));
        // A solved ticket that is not an article is for the service desk alone.
        site.then(&Mail::from(ANA).subject("Opale : mot de passe").text("Je ne connais plus mon mot de passe Opale.")).await;
        let second = site.sink.with_words(MARIE, "Opale : mot de passe");
        site.then(&Mail::reply(&second.mail, MARIE, "#résoudre\nRéinitialisé par SECRET-3.")).await;

        site.then(&Mail::from("zoe@college.example").subject("odt").text("Bonjour, Opale refuse la génération d'un document odt.")).await;
        let told = site.sink.to(MARIE).into_iter().find(|l| l.mail.text.contains("zoe@college.example")).unwrap();
        assert!(told.mail.text.contains("Cela peut aider") && told.mail.text.contains("CG42N1-000001"), "{}", told.mail.text);
        assert!(told.mail.text.contains("SECRET-3"), "technicians see solved tickets: {}", told.mail.text);
        let ack = site.sink.only("zoe@college.example");
        assert!(ack.mail.text.contains("Vider le cache de génération"), "{}", ack.mail.text);
        assert!(!ack.raw.contains("SECRET-3") && !ack.mail.text.contains("SECRET-3"));
    }

    wo8_a_whole_day_from_a_mail_client_alone(site, TEAM) {
        site.receive(&Mail::from("Ana <ana@college.example>").subject("[P2] Vidéoprojecteur")).await;
        site.then(&Mail::from("Bob <bob@college.example>").subject("Wifi")).await;
        let notice = site.sink.with_words(MARIE, "Vidéoprojecteur");
        // Several commands in one email, one receipt, and it can be taken back.
        site.then(&Mail::reply(&notice.mail, MARIE, "#prendre\n#priorité P1\n#étiquette salle-12 -vieux\n#attente 3j on attend la lampe")).await;
        let ticket = site.ticket("CG42N1-000001").await;
        assert_eq!((ticket.status.as_str(), ticket.priority.as_str(), ticket.tags.join(" ").as_str()), ("pending", "P1", "salle-12"));
        let receipt = site.sink.with_words(MARIE, "Fait : ");
        for words in ["Le ticket est à vous.", "Priorité P2 → P1.", "Étiquettes : salle-12.", "En attente jusqu'au", "#annuler"] {
            assert!(receipt.mail.text.contains(words), "{words}: {}", receipt.mail.text);
        }
        site.then(&Mail::press(&receipt.mail, "#annuler", MARIE)).await;
        let ticket = site.ticket("CG42N1-000001").await;
        assert_eq!((ticket.status.as_str(), ticket.priority.as_str(), ticket.tags.len(), ticket.assignee.said()), ("new", "P2", 0, ""));
        site.then(&Mail::press(&receipt.mail, "#annuler", MARIE)).await;
        assert!(site.sink.with_words(MARIE, "il n'y a rien à annuler").mail.subject.starts_with("Pas fait"));

        // All or nothing: one bad line, and nothing is done; the email comes back fixed.
        site.then(&Mail::reply(&notice.mail, MARIE, "#prendre\n#prioritee P1\n#assigner lucc\nBonjour.")).await;
        assert_eq!(site.ticket("CG42N1-000001").await.assignee.said(), "");
        let back = site.sink.with_words(MARIE, "#prioritee");
        assert!(back.mail.text.contains("vouliez-vous dire #priorite"), "{}", back.mail.text);
        site.then(&Mail::press(&back.mail, "#prendre", MARIE)).await;
        let ticket = site.ticket("CG42N1-000001").await;
        assert_eq!((ticket.assignee.said(), ticket.priority.as_str()), (LUC, "P1"), "the fixed mail is good");

        // The service desk by mail.
        site.then(&Mail::reply(&notice.mail, MARIE, "#liste")).await;
        let list = site.sink.with_words(MARIE, "CG42N1-000002 · P3");
        assert!(list.mail.text.contains("CG42N1-000001 · P1 · en cours") && list.mail.text.contains("Luc Roche"), "{}", list.mail.text);
        let show = list.mail.text.lines().find(|l| l.contains("mailto:") && l.contains("000002")).unwrap().to_owned();
        let link = show.split("mailto:").nth(1).unwrap();
        let decoded = percent_encoding::percent_decode_str(link).decode_utf8().unwrap().replace("\r\n", "\n");
        let body = decoded.split("body=").nth(1).unwrap().to_owned();
        site.then(&Mail::from(MARIE).subject("Re: [CG42N1-000002] Wifi").text(&body)).await;
        let whole = site.sink.with_words(MARIE, "l'imprimante de la salle 12 ne répond plus");
        assert!(whole.mail.subject.contains("CG42N1-000002") && whole.mail.text.contains("#résoudre"), "{}", whole.mail.text);
        for (command, words) in [("#aide", "#attente 3j"), ("#pourquoi", "signed Message-ID"), ("#voir", "Vidéoprojecteur"), ("#liste nouveaux", "CG42N1-000002"), ("#liste miens", "Aucun ticket"), ("#liste libres", "CG42N1-000002"), ("#liste résolus", "Aucun ticket")] {
            site.then(&Mail::reply(&notice.mail, MARIE, command)).await;
            assert!(site.sink.with_words(MARIE, words).mail.automatic.is_some(), "{command}");
        }
        // A requester asks where theirs stand, and sees nobody else's.
        let ack = site.sink.with_words(ANA, "enregistrée");
        site.then(&Mail::press(&ack.mail, "#statut", ANA)).await;
        let own = site.sink.with_words(ANA, "Voici où en sont vos demandes");
        assert!(own.mail.text.contains("CG42N1-000001") && !own.mail.text.contains("CG42N1-000002"), "{}", own.mail.text);
        let _ = (CHEF, MINUTE);
    }
}
