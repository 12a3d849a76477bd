//! Somebody telephones, and an agent writes one email: the ticket is the caller's.

use guichet::clock::MINUTE;
use guichet::store::OutboxState;
use guichet::ticket::Channel;
use serde_json::Value;

use crate::capabilities::{LUC, NADIA, TEAM};
use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::{Database, Site};

const SERVER: &str = "[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n";
const DURAND: &str = "durand@college.example";

fn server(more: &str) -> String {
    format!("{TEAM}{SERVER}{more}")
}

/// A new email of Marie, which the mailbox's server vouches for.
fn call(subject: &str, text: &str) -> Mail {
    Mail::from(&format!("Marie Dubois <{MARIE}>"))
        .header("Authentication-Results: mx.desk.example; dmarc=pass header.from=agents.example")
        .subject(subject)
        .text(text)
}

/// What the notifications to an address are, by their template.
async fn kinds(site: &Site, to: &str) -> Vec<String> {
    let all = site.store().outbox(Some(OutboxState::Sent), 200).await.unwrap();
    let mut kinds: Vec<String> = all.into_iter().filter(|row| row.recipient == to).map(|row| row.kind).collect();
    kinds.sort();
    kinds
}

original_requests! {
    in11_a_caller_has_a_ticket_of_their_own(site, &server("")) {
        let mail = call("Vidéoprojecteur salle 12", "#nouveau\n#demandeur Mme Durand <durand@college.example>\n\nMme Durand a appelé : l'image du vidéoprojecteur est rose depuis ce matin.\n\n-- \nMarie Dubois\nService informatique");
        site.receive(&mail).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.requester.as_str(), ticket.requester_name.as_str()), (DURAND, "Mme Durand"));
        assert_eq!((ticket.title.as_str(), ticket.channel), ("Vidéoprojecteur salle 12", Channel::Telephone));
        // The caller is acknowledged; what Marie's mail program adds stays with her.
        let acknowledged = site.sink.only(DURAND);
        assert!(acknowledged.mail.subject.contains(&ticket.number), "{}", acknowledged.mail.subject);
        assert!(!acknowledged.mail.text.contains("#nouveau") && !acknowledged.mail.text.contains("Service informatique"), "{}", acknowledged.mail.text);
        let receipt = site.sink.only(MARIE);
        assert!(receipt.mail.text.replace('\n', " ").contains(&format!("{} est ouvert pour Mme Durand ; l'accusé de réception part à durand@college.example.", ticket.number)), "{}", receipt.mail.text);
        let messages = site.store().messages(ticket.id).await.unwrap();
        assert_eq!(messages[0].new_text, "Mme Durand a appelé : l'image du vidéoprojecteur est rose depuis ce matin.");
        assert_eq!((messages[0].sender.as_str(), messages[0].visibility.as_str()), (DURAND, "public"));
        assert!(site.events(&ticket).await.contains(&format!("called: written down by {MARIE} for {DURAND}")), "{:?}", site.events(&ticket).await);
        // What they answer joins, and what Marie adds to her own email too.
        site.then(&Mail::reply(&acknowledged.mail, DURAND, "Il est bleu maintenant.")).await;
        let again = call("Re: Vidéoprojecteur salle 12", "Elle est joignable jusqu'à 17 h.").header(&format!("In-Reply-To: <{}>", mail.id));
        site.then(&again).await;
        assert_eq!(site.tickets().await.len(), 1);
        assert_eq!(site.store().messages(ticket.id).await.unwrap().len(), 4);
        // The same email twice is one ticket.
        site.then(&mail).await;
        assert_eq!(site.tickets().await.len(), 1);
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    in11_people_name_the_caller_as_they_like(site, &server("")) {
        let ways: [(&str, &str, &str, &str); 9] = [
            ("Appel", "#nouveau durand@college.example\nLe wifi coupe.", "", "Appel"),
            ("Appel", "#nouveau pour Mme Durand <durand@college.example>\nLe wifi coupe.", "Mme Durand", "Appel"),
            ("Appel", "#nouveau pour durand@college.example : wifi de la salle 3\nIl coupe.", "", "wifi de la salle 3"),
            ("", "#nouveau\n#demandeur durand@college.example\nLe wifi coupe au CDI.\nDepuis lundi.", "", "Le wifi coupe au CDI."),
            ("Wifi", "#demandeur Jean Durand, durand@college.example\nLe wifi coupe.", "Jean Durand", "Wifi"),
            ("Wifi", "#demandeur durand@college.example (Jean Durand)\nLe wifi coupe.", "Jean Durand", "Wifi"),
            ("Wifi", "#new Wifi en salle 4\n#requester durand@college.example\nLe wifi coupe.", "", "Wifi en salle 4"),
            ("Le wifi coupe au CDI", "#nouveau durand@college.example", "", "Le wifi coupe au CDI"),
            ("[P1] Wifi", "#nouveau\n#demandeur mailto:durand@college.example\nLe wifi coupe.", "", "Wifi"),
        ];
        for (at, (subject, text, name, title)) in ways.into_iter().enumerate() {
            site.then(&call(subject, text)).await;
            let tickets = site.tickets().await;
            assert_eq!(tickets.len(), at + 1, "{text}: {}", site.sink.last(MARIE).mail.text);
            let ticket = tickets.last().unwrap();
            assert_eq!((ticket.requester.as_str(), ticket.requester_name.as_str(), ticket.title.as_str()), (DURAND, name, title), "{text}");
        }
        assert_eq!(site.tickets().await.last().unwrap().priority, "P1");
        // Written to both, the caller in copy.
        site.then(&call("Clé perdue", "#nouveau\nBonjour, comme convenu au téléphone.").header("Cc: Paul Petit <petit@college.example>")).await;
        let last = site.tickets().await.pop().unwrap();
        assert_eq!((last.requester.as_str(), last.requester_name.as_str()), ("petit@college.example", "Paul Petit"));
    }

    in11_what_the_call_lacks_is_asked_for_and_the_corrected_email_is_one_click(site, &server("")) {
        site.receive(&call("Vidéoprojecteur", "#nouveau\nM. Petit (petit@college.example) a appelé : l'image est rose.")).await;
        assert!(site.tickets().await.is_empty());
        let refused = site.sink.only(MARIE);
        assert!(refused.mail.text.replace('\n', " ").contains("dites pour qui est le ticket"), "{}", refused.mail.text);
        site.then(&Mail::press(&refused.mail, "#demandeur petit@college.example", MARIE).header("Authentication-Results: mx.desk.example; dmarc=pass header.from=agents.example")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.requester.as_str(), ticket.title.as_str()), ("petit@college.example", "Vidéoprojecteur"));
        for (text, words) in [
            ("#nouveau\n#demandeur durand\nLe wifi coupe.", "durand"),
            ("#nouveau\n#demandeur support@desk.example\nLe wifi coupe.", "support@desk.example"),
            ("#nouveau durand@college.example\n#fusionner CG42N1-000001\nLe wifi coupe.", "#merge ne peut pas accompagner #nouveau"),
            ("#nouveau durand@college.example\n#assigner personne d'autre\nLe wifi coupe.", "personne d'autre"),
            ("Bonjour,\n\n#nouveau durand@college.example\nLe wifi coupe.", "tout en haut"),
            ("#nouveau durand@college.example #priorité P1\nLe wifi coupe.", "un seul ordre par ligne"),
            ("#nouveau durand@college.example\nLe wifi coupe.\n#priorité P1", "tout en haut"),
            ("#nouveau\n#demandeur durand@college.example petit@college.example\nLe wifi coupe.", "un seul demandeur"),
        ] {
            site.then(&call("Wifi", text)).await;
            let told = site.sink.last(MARIE).mail.text.replace('\n', " ");
            assert!(told.contains(words), "{text}: {told}");
            assert_eq!(site.tickets().await.len(), 1, "{text}");
        }
        site.then(&call("Appel 29", "#nouveau durand@college.example\n#résoudre")).await;
        assert_eq!(site.tickets().await.len(), 1);
        // A slip in a list opens no ticket.
        for slip in ["#listes", "#liste file", "#listee miens"] {
            site.then(&call("Liste", slip)).await;
            assert_eq!(site.tickets().await.len(), 1, "{slip}: {}", site.sink.last(MARIE).mail.text);
        }
        // A name alone proves nothing.
        let forged = Mail::from(MARIE).text("#nouveau durand@college.example\nLe wifi coupe.");
        site.then(&forged).await;
        assert_eq!((site.tickets().await.len(), site.sink.to(DURAND).len()), (1, 0));
        // A requester's #nouveau is text.
        site.then(&Mail::from(ANA).text("#nouveau durand@college.example\nLe wifi coupe.")).await;
        assert_eq!(site.tickets().await.last().unwrap().requester, ANA);
    }

    in11_what_stands_beside_it_is_done_and_everybody_hears_once(site, &server("")) {
        site.receive(&call("Wifi", "#nouveau durand@college.example\n#priorité P1\n#assigner Luc\n#cc petit@college.example\n#étiquette wifi\nLe wifi coupe.")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.priority.as_str(), ticket.assignee.as_deref(), ticket.tags.as_slice()), ("P1", Some(LUC), ["wifi".to_owned()].as_slice()));
        assert!(site.store().participants(ticket.id).await.unwrap().contains(&"petit@college.example".to_owned()));
        assert_eq!(kinds(&site, LUC).await, ["assigned"]);
        assert_eq!(kinds(&site, DURAND).await, ["acknowledgement"]);
        assert_eq!(kinds(&site, MARIE).await, ["receipt"]);
        // Solved while they were on the line: they are asked whether it is.
        site.then(&call("Mot de passe", "#nouveau petit@college.example\n#prendre\n#résoudre\nMot de passe oublié : réinitialisé au téléphone.")).await;
        let solved = site.tickets().await.pop().unwrap();
        assert_eq!((solved.status.as_str(), solved.assignee.as_deref(), solved.solution.as_deref()), ("resolved", Some(MARIE), Some("Mot de passe oublié : réinitialisé au téléphone.")));
        assert_eq!(kinds(&site, "petit@college.example").await.iter().filter(|kind| *kind == "resolved").count(), 1);
        let told = site.sink.with_words("petit@college.example", "est résolue");
        assert!(told.mail.text.contains("Marie Dubois pour"), "signed by who wrote it: {}", told.mail.text);
        assert!(!kinds(&site, "petit@college.example").await.contains(&"acknowledgement".to_owned()), "{:?}", kinds(&site, "petit@college.example").await);
        // To the next level at once, and a note that the caller does not read.
        site.then(&call("Serveur", "#nouveau blanc@college.example\n#escalader N2\n#note\nElle était très en colère.")).await;
        let up = site.tickets().await.pop().unwrap();
        assert_eq!((up.level, up.status.as_str()), (2, "escalated"));
        assert_eq!(kinds(&site, NADIA).await, ["escalation"]);
        let blanc = site.sink.to("blanc@college.example");
        assert!(!blanc.is_empty() && blanc.iter().all(|l| !l.mail.text.contains("colère")), "{blanc:?}");
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    /// Where no server vouches for anybody, a token does: the email answers any notification.
    in11_a_ticket_is_opened_in_answer_to_a_notification(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#nouveau Clavier\n#demandeur durand@college.example\nLe clavier est mort.")).await;
        let tickets = site.tickets().await;
        assert_eq!(tickets.len(), 2, "{}", site.sink.last(MARIE).mail.text);
        assert_eq!((tickets[1].requester.as_str(), tickets[1].title.as_str()), (DURAND, "Clavier"));
        // Of the other ticket nothing is said to anybody.
        let acknowledged = site.sink.only(DURAND);
        assert!(!acknowledged.mail.text.contains("imprimante") && !acknowledged.mail.subject.contains("000001"), "{}", acknowledged.mail.text);
        assert_eq!(site.store().messages(tickets[0].id).await.unwrap().len(), 1);
        // Without a title it is called by its first line, never by the other ticket's subject.
        site.then(&Mail::reply(&notice.mail, MARIE, "#nouveau durand@college.example\nLa souris aussi.")).await;
        assert_eq!(site.tickets().await[2].title, "La souris aussi.");
    }

    /// What is passed on below commands is a request of its writer.
    in11_a_request_is_passed_on_with_commands_above_it(site, &server("")) {
        let passed = "#priorité P2\n#prendre\n\n---------- Forwarded message ---------\nDe : Jean Durand <durand@college.example>\nDate: lun. 2 mars 2026 à 08:00\nSubject: Panne au CDI\nTo: <marie@agents.example>\n\nBonjour,\nle scanner du CDI est en panne.";
        site.receive(&call("Fwd: Panne au CDI", passed)).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.requester.as_str(), ticket.title.as_str()), (DURAND, "Panne au CDI"));
        assert_eq!((ticket.priority.as_str(), ticket.assignee.as_deref(), ticket.channel), ("P2", Some(MARIE), Channel::Email));
        assert_eq!(kinds(&site, DURAND).await, ["acknowledgement"]);
        site.pass(MINUTE).await;
        assert!(site.store().messages(ticket.id).await.unwrap()[0].new_text.contains("le scanner du CDI est en panne."));
    }
}

#[tokio::test]
async fn in11_the_operator_opens_a_ticket_at_the_terminal() {
    let site = Site::new(Database::Sqlite).await;
    site.app.close().await;
    let Site { folder, sink: _sink, app, .. } = site;
    drop(app);
    let text = folder.path().join("call.txt");
    std::fs::write(&text, "#priorité P2\nMme Durand a appelé : l'image est rose.\n").unwrap();
    let text = text.display().to_string();
    let on = crate::commands::on;
    let opened = on(
        folder.path(),
        &["ticket", "new", "--from", DURAND, "--name", "Mme Durand", "--subject", "Vidéoprojecteur", "--json", &text],
    );
    assert!(opened.status.success(), "{}", crate::commands::text(&opened));
    let ticket: Value = serde_json::from_slice(&opened.stdout).unwrap();
    for (key, value) in [
        ("number", "CG42N1-000001"),
        ("subject", "Vidéoprojecteur"),
        ("priority", "P2"),
        ("requester", DURAND),
        ("channel", "telephone"),
        ("queue", "help"),
    ] {
        assert_eq!(ticket[key], value, "{key}");
    }
    let said = on(folder.path(), &["ticket", "new", "--from", DURAND, "--subject", "Clavier"]);
    let said = crate::commands::text(&said);
    assert!(said.contains("CG42N1-000002 est ouvert pour durand@college.example"), "{said}");
    for (arguments, code, words) in [
        (["ticket", "new", "--from", "durand", "--subject", "x"], 64, "no address"),
        (["ticket", "new", "--from", DURAND, "--queue", "nowhere"], 64, "there are: help"),
        (["ticket", "new", "--from", "support@desk.example", "--subject", "x"], 65, "support@desk.example"),
    ] {
        let refused = on(folder.path(), &arguments);
        assert_eq!(refused.status.code(), Some(code), "{}", crate::commands::text(&refused));
        assert!(crate::commands::text(&refused).contains(words), "{}", crate::commands::text(&refused));
    }
    let sent = on(folder.path(), &["run", "--once"]);
    assert!(sent.status.success(), "{}", crate::commands::text(&sent));
    let list = on(folder.path(), &["outbox", "list", "--state", "sent", "--json"]);
    assert!(crate::commands::text(&list).contains("acknowledgement"), "{}", crate::commands::text(&list));
}
