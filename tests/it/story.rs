//! The service desk's story, told on both databases: a Maildir in front, a real SMTP server behind.

use crate::support::Said;
use guichet::clock::{HOUR, MINUTE};
use guichet::store::Durability;
use guichet::work::once;
use sqlx::Executor;

use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::{Database, Site};

/// Runs each story on SQLite and on PostgreSQL.
macro_rules! original_requests {
    ($($(#[$doc:meta])* $name:ident($site:ident $(, $more:expr)?) $body:block)+) => {
        $(mod $name {
            use super::*;
            $(#[$doc])*
            async fn tell(database: Database) {
                let $site = original_requests!(@site database $(, $more)?);
                $body
            }
            #[tokio::test]
            async fn sqlite() { tell(Database::Sqlite).await; }
            #[tokio::test]
            async fn postgres() { tell(Database::Postgres).await; }
        })+
    };
    (@site $database:ident) => { Site::new($database).await };
    (@site $database:ident, $more:expr) => { Site::with($database, $more).await };
}

pub(crate) use original_requests;

const PLUS: &str = "[queues.help]\nreply_to = \"plus\"\n";

original_requests! {
    a_request_becomes_a_numbered_acknowledged_ticket(site) {
        let mail = Mail::from("Ana Pérez <ana@college.example>").subject("[BLOQUANTE] Imprimante en panne à l'étage");
        site.receive(&mail).await;

        let ticket = site.only_ticket().await;
        assert_eq!(ticket.number, "CG42N1-000001");
        assert_eq!(ticket.title, "Imprimante en panne à l'étage");
        assert_eq!((ticket.priority.as_str(), ticket.status.as_str()), ("P1", "new"));
        assert_eq!(ticket.requester, ANA);

        let ack = site.sink.only(ANA);
        assert_eq!(ack.mail.subject, "[CG42N1-000001] Imprimante en panne à l'étage");
        for word in ["CG42N1-000001", "Bonjour Ana Pérez", "P1 (bloquante)", "Et maintenant"] {
            assert!(ack.mail.text.contains(word), "{word}: {}", ack.mail.text);
        }
        assert_eq!(ack.header("Auto-Submitted"), "auto-replied");
        assert_eq!(ack.header("X-Auto-Response-Suppress"), "All");
        assert_eq!(ack.mail.in_reply_to, std::slice::from_ref(&mail.id));
        assert_eq!(ack.mail.references, std::slice::from_ref(&mail.id));
        assert!(ack.raw.contains("text/html"), "{}", ack.raw);
        assert!(ack.mail.automatic.is_some(), "our own acknowledgement must look automatic to others");

        let notice = site.sink.only(MARIE);
        assert!(notice.mail.text.contains("l'imprimante de la salle 12 ne répond plus"));
        assert!(notice.mail.text.contains("Ana Pérez <ana@college.example>"));
        assert_eq!(site.verdict(&mail).await.verdict.said(), "opened");
    }

    an_english_requester_is_answered_in_english(site) {
        site.receive(&Mail::from("Bob <bob@school.example>").header("Content-Language: en-GB").subject("Printer")).await;
        let text = "Good morning, the projector in room twelve has stopped working since yesterday afternoon, could somebody have a look?";
        site.receive(&Mail::from("carol@school.example").text(text).subject("Projector")).await;
        for address in ["bob@school.example", "carol@school.example"] {
            assert!(site.sink.only(address).mail.text.contains("Your request is registered"));
        }
    }

    a_reply_joins_even_with_its_subject_changed(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        let reply = Mail::reply(&ack.mail, ANA, "C'est aussi le cas en salle 14.").subject("Autre chose");
        site.receive(&reply).await;
        site.only_ticket().await;
        let told = site.sink.last(MARIE);
        assert_eq!(told.mail.text.matches("C'est aussi le cas en salle 14.").count(), 1);
        assert!(!told.mail.text.contains("Votre demande est enregistrée"), "the quote must be cut: {}", told.mail.text);
        let verdict = site.verdict(&reply).await;
        assert_eq!((verdict.verdict.said(), verdict.ticket.said()), ("joined", "CG42N1-000001"));
        assert!(verdict.reason.contains("signed Message-ID"), "{}", verdict.reason);
        assert_eq!(site.sink.to(ANA).len(), 1, "a reply is not acknowledged unless configured");
    }

    a_reply_joins_by_its_address_when_a_relay_rewrote_the_ids(site, PLUS) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        assert!(ack.envelope_from.starts_with("support+"), "{}", ack.envelope_from);
        let reply = Mail::reply(&ack.mail, ANA, "Toujours en panne.").subject("Sans rapport").without_references();
        assert!(reply.to.starts_with("support+"), "{}", reply.to);
        site.receive(&reply).await;
        site.only_ticket().await;
        assert!(site.verdict(&reply).await.reason.contains("signed reply address"));
    }

    a_number_in_the_subject_joins_for_those_who_take_part_and_for_nobody_else(site) {
        site.receive(&Mail::from(ANA)).await;
        let own = Mail::from(ANA).subject("au sujet de cg42n1-1");
        let stranger = Mail::from("eve@elsewhere.example").subject("Re: [CG42N1-000001] Imprimante en panne");
        site.receive(&own).await;
        site.receive(&stranger).await;
        assert_eq!(site.verdict(&own).await.ticket.said(), "CG42N1-000001");
        assert_eq!(site.verdict(&stranger).await.ticket.said(), "CG42N1-000002");
        let tickets = site.tickets().await;
        assert!(site.events(&tickets[1]).await.iter().any(|e| e == "related: possibly about CG42N1-000001"));
        assert_eq!(site.store().messages(tickets[0].id).await.unwrap().len(), 2);
    }

    a_stolen_or_forged_token_leads_nowhere(site, PLUS) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        let address = ack.mail.reply_to.clone().unwrap().address;
        let forged = address.replacen("support+a", "support+b", 1);
        let forged = if forged == address { address.replacen("support+", "support+a", 1) } else { forged };
        let mail = Mail::from("eve@elsewhere.example").to(&forged);
        site.receive(&mail).await;
        assert_eq!(site.verdict(&mail).await.ticket.said(), "CG42N1-000002");
    }

    answers_among_people_in_copy_join_by_the_stored_id(site) {
        let first = Mail::from(ANA).header("Cc: Paul <paul@college.example>");
        site.receive(&first).await;
        let answer = Mail::from("paul@college.example").subject("Re: Imprimante en panne").header(&format!("In-Reply-To: <{}>", first.id));
        site.receive(&answer).await;
        site.only_ticket().await;
        let stranger = Mail::from("eve@elsewhere.example").subject("Re: Imprimante en panne").header(&format!("In-Reply-To: <{}>", first.id));
        site.receive(&stranger).await;
        assert_eq!(site.verdict(&stranger).await.ticket.said(), "CG42N1-000002");
    }

    a_moderator_answers_publicly_and_in_full(site) {
        site.receive(&Mail::from("Ana <ana@college.example>")).await;
        let notice = site.sink.only(MARIE);
        let answer = Mail::reply(&notice.mail, &format!("Marie D. <{MARIE}>"), "#public\n\nBonjour Ana,\n\nVoici la procédure.").attach("procedure.png", b"\x89PNG figure");
        site.receive(&answer).await;
        let notification = site.sink.last(ANA);
        assert!(notification.mail.text.starts_with("Bonjour Ana,\n\nVoici la procédure."), "{}", notification.mail.text);
        assert!(!notification.raw.contains("agents.example"), "an agent's address must not reach a requester:\n{}", notification.raw);
        assert!(!notification.mail.text.contains("#public"));
        assert_eq!(notification.mail.from.as_ref().unwrap().address, SUPPORT);
        assert_eq!(notification.mail.from.as_ref().unwrap().name, "Marie Dubois (Support du collège)");
        assert_eq!(notification.mail.attachments.len(), 1);
        assert_eq!(notification.mail.attachments[0].name, "procedure.png");
        let ticket = site.only_ticket().await;
        assert_eq!(ticket.status, "open");
        assert!(ticket.first_responded_at.is_some());

        let thanks = Mail::reply(&notification.mail, ANA, "Merci, cela marche.");
        site.receive(&thanks).await;
        assert!(site.sink.last(MARIE).mail.text.contains("Merci, cela marche."));
        assert_eq!(site.tickets().await.len(), 1);
    }

    an_internal_note_never_reaches_the_requester(site, "[agents.luc]\naddress = \"luc@agents.example\"\nname = \"Luc\"\nroles = [\"moderator\"]\nqueues = [\"help\"]\n") {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.receive(&Mail::reply(&notice.mail, MARIE, "Elle a encore débranché la prise.")).await;
        assert_eq!(site.sink.to(ANA).len(), 1);
        let told = site.sink.last("luc@agents.example");
        assert!(told.mail.text.contains("Note interne : Marie Dubois") && told.mail.text.contains("débranché"));
        let messages = site.store().messages(site.only_ticket().await.id).await.unwrap();
        assert_eq!(messages[1].visibility, "internal");
        assert_eq!(site.only_ticket().await.status, "new");
    }

    an_agent_who_proves_nothing_is_held(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        // Somebody who saw the requester's notification writes in the agent's name.
        let forged = Mail::reply(&ack.mail, MARIE, "#public\nPayez ici.");
        site.receive(&forged).await;
        assert_eq!(site.sink.to(ANA).len(), 1);
        let verdict = site.verdict(&forged).await;
        assert_eq!(verdict.state, "held");
        assert!(verdict.reason.contains("nothing proves it"), "{}", verdict.reason);
    }

    where_a_server_vouches_only_its_word_counts(site, "[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n") {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let words = "#public\nBonjour.";
        let bare = Mail::reply(&notice.mail, MARIE, words);
        let failed = Mail::reply(&notice.mail, MARIE, words).header("Authentication-Results: mx.desk.example; dmarc=fail").header("Authentication-Results: mx.desk.example; dmarc=pass");
        let foreign = Mail::reply(&notice.mail, MARIE, words).header("Authentication-Results: evil.example; dmarc=pass");
        for mail in [&bare, &failed, &foreign] {
            site.receive(mail).await;
            assert_eq!(site.verdict(mail).await.state, "held");
        }
        let good = Mail::reply(&notice.mail, MARIE, words).header("Authentication-Results: mx.desk.example; dmarc=pass header.from=agents.example");
        site.receive(&good).await;
        assert_eq!(site.verdict(&good).await.verdict.said(), "joined");
        assert_eq!(site.sink.to(ANA).len(), 2);
    }

    machines_are_never_answered(site) {
        let absent = Mail::from(ANA).header("Auto-Submitted: auto-replied").subject("Absence");
        let alarm = Mail::from("monitor@lan.example").header("Auto-Submitted: auto-generated").subject("Disk full");
        let bounce = Mail::from("MAILER-DAEMON@mx.example").header("Return-Path: <>").subject("Undelivered");
        for mail in [&absent, &alarm, &bounce] {
            site.receive(mail).await;
        }
        assert_eq!(site.verdict(&absent).await.verdict.said(), "ignored");
        assert_eq!(site.verdict(&bounce).await.verdict.said(), "ignored");
        assert_eq!(site.verdict(&alarm).await.verdict.said(), "opened");
        assert!(site.sink.notifications().iter().all(|l| l.to == MARIE), "only the service desk is told");
        let ticket = site.only_ticket().await;
        assert!(site.events(&ticket).await.iter().any(|e| e.starts_with("suppressed: acknowledgement")));
    }

    an_absence_note_to_a_notification_is_recorded_and_changes_nothing(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        let before = site.sink.notifications().len();
        let absent = Mail::reply(&ack.mail, ANA, "Je suis absente.").header("Auto-Submitted: auto-replied");
        site.receive(&absent).await;
        assert_eq!(site.sink.notifications().len(), before);
        assert_eq!(site.verdict(&absent).await.ticket.said(), "CG42N1-000001");
        let messages = site.store().messages(site.only_ticket().await.id).await.unwrap();
        assert!(messages[1].automatic);
    }

    a_delivery_report_about_our_notification_is_noted_on_its_ticket(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        let report = format!(
            "From: MAILER-DAEMON@mx.example\r\nTo: {SUPPORT}\r\nSubject: Undelivered\r\nMessage-ID: <b1@mx.example>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNo.\r\n--b\r\n\
             Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {ANA}\r\n\
             Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
             Message-ID: <{}>\r\n\r\n--b--\r\n",
            ack.mail.message_id.unwrap()
        );
        site.put_bytes(report.as_bytes());
        site.round().await;
        let events = site.events(&site.only_ticket().await).await;
        assert!(events.iter().any(|e| e == "undelivered: not delivered to ana@college.example: 5.1.1 550 no such user"), "{events:?}");
    }

    the_same_content_is_the_same_mail_and_a_reused_id_is_not(site) {
        let mail = Mail::from(ANA);
        site.receive(&mail).await;
        site.receive(&mail).await;
        assert_eq!(site.tickets().await.len(), 1);
        assert_eq!(site.sink.to(ANA).len(), 1);
        site.receive(&Mail::from(ANA).id(&mail.id).subject("Tout autre chose").text("Le serveur brûle.")).await;
        assert_eq!(site.tickets().await.len(), 2);
    }

    only_those_listed_may_open_tickets(site, "[queues.help]\nsenders = [\"@college.example\", \"head@school.example\"]\n") {
        let (known, head, other) = (Mail::from(ANA), Mail::from("Head@School.example"), Mail::from("x@evilcollege.example"));
        for mail in [&known, &head, &other] {
            site.receive(mail).await;
        }
        assert_eq!(site.tickets().await.len(), 2);
        assert_eq!(site.verdict(&other).await.state, "held");
        assert!(site.verdict(&other).await.reason.contains("queues.help.senders"));
    }

    what_is_held_is_released_or_refused(site) {
        // Nobody's From: held.
        let mail = Mail::from("undisclosed");
        site.receive(&mail).await;
        let held = site.store().held().await.unwrap();
        assert_eq!(held.len(), 1);
        let mut tx = site.store().begin(Durability::Full).await.unwrap();
        assert!(tx.release(held[0].id, "again", 0).await.unwrap());
        tx.commit().await.unwrap();
        site.round().await;
        assert_eq!(site.store().held().await.unwrap().len(), 1, "nothing was fixed, so it is held again");
        let mut tx = site.store().begin(Durability::Full).await.unwrap();
        assert!(tx.refuse(held[0].id, "spam", 1).await.unwrap());
        assert!(!tx.refuse(held[0].id, "spam", 1).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(site.verdict(&mail).await.verdict.said(), "refused");
    }

    a_mail_the_database_refuses_is_held_and_the_others_go_on(site) {
        let mut raw = site.raw().await;
        let trigger = if site.url.starts_with("sqlite") {
            "CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.sender = 'poison@x.example' BEGIN SELECT RAISE(ABORT, 'poison'); END"
        } else {
            "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'poison'; END $$ LANGUAGE plpgsql; \
             CREATE TRIGGER poison BEFORE INSERT ON message FOR EACH ROW WHEN (NEW.sender = 'poison@x.example') EXECUTE FUNCTION refuse()"
        };
        raw.execute(trigger).await.unwrap();
        let poison = Mail::from("poison@x.example");
        for n in 0..5 {
            site.put(&Mail::from(&format!("p{n}@college.example")));
            if n == 2 {
                site.put(&poison);
            }
        }
        site.round().await;
        let numbers: Vec<String> = site.tickets().await.into_iter().map(|t| t.number).collect();
        assert_eq!(numbers, ["CG42N1-000001", "CG42N1-000002", "CG42N1-000003", "CG42N1-000004", "CG42N1-000005"]);
        assert_eq!(site.verdict(&poison).await.state, "held");
    }

    notifications_above_the_cap_are_not_sent_and_this_is_told(site, "[limits]\nnotifications_per_hour = 12\n") {
        for n in 0..5 {
            site.put(&Mail::from(ANA).subject(&format!("Panne {n}")));
        }
        site.round().await;
        assert_eq!(site.tickets().await.len(), 5);
        assert_eq!(site.sink.to(ANA).len(), 3);
        let last = site.tickets().await.pop().unwrap();
        let events = site.events(&last).await;
        assert!(events.iter().any(|e| e.contains("the cap is 3")), "{events:?}");
        site.clock.advance(HOUR + MINUTE);
        site.receive(&Mail::from(ANA).subject("Plus tard")).await;
        assert_eq!(site.sink.to(ANA).len(), 4);
    }

    further_emails_are_acknowledged_where_configured(site, "[queues.help]\nacknowledge = \"all\"\n") {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        let reply = Mail::reply(&ack.mail, ANA, "Encore.");
        site.receive(&reply).await;
        let second = site.sink.last(ANA);
        assert!(second.mail.text.replace('\n', " ").contains("a bien été ajouté à la demande CG42N1-000001"));
        assert_eq!(second.mail.in_reply_to, [reply.id]);
    }

    attachments_are_kept_and_sent_on(site) {
        let mail = Mail::from(ANA).attach("../capture.png", b"\x89PNG bytes");
        site.receive(&mail).await;
        let messages = site.store().messages(site.only_ticket().await.id).await.unwrap();
        assert_eq!(messages[0].attachments[0].name, "capture.png");
        let raw = site.store().raw_mail(messages[0].inbox_id).await.unwrap().unwrap();
        assert_eq!(raw, mail.bytes());
        assert_eq!(guichet::mail::files(&raw, &messages[0].attachments)[0].contents, b"\x89PNG bytes");
        let notice = site.sink.only(MARIE);
        assert_eq!(notice.mail.attachments[0].sha256, messages[0].attachments[0].sha256);
    }

    nothing_happens_twice(site) {
        for n in 0..20 {
            site.put(&Mail::from(&format!("p{n}@college.example")));
        }
        let first = site.round().await;
        assert_eq!((first.fetched, first.decided, first.sent), (20, 20, 40));
        assert_eq!(site.round().await, once::Tally::default());
        assert_eq!(site.sink.notifications().len(), 40);
    }

    a_probe_that_comes_back_turns_sub_addresses_on(site, "[queues.help]\nreply_to = \"auto\"\n") {
        site.receive(&Mail::from(ANA)).await;
        assert_eq!(site.sink.only(ANA).envelope_from, SUPPORT);
        let word = site.app.secret.probe("help");
        site.receive(&Mail::from(SUPPORT).to(&SUPPORT.replacen('@', &format!("+{word}@"), 1))).await;
        assert!(site.store().plus_works("help").await.unwrap());
        site.receive(&Mail::from("bob@college.example")).await;
        assert!(site.sink.only("bob@college.example").envelope_from.starts_with("support+"));
    }

    a_verdict_about_another_domain_is_none(site, "[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n") {
        site.receive(&Mail::from(ANA)).await;
        let evil = "Authentication-Results: mx.desk.example; dmarc=pass header.from=evil.example";
        for from in [format!("\"{MARIE}\" <\"e e\"@evil.example>"), format!("{MARIE}, eve@evil.example"), MARIE.to_owned()] {
            let forged = Mail::from(&from).header(evil).subject("[CG42N1-000001]").text("#public\nPayez ici.");
            site.receive(&forged).await;
        }
        assert_eq!(site.sink.to(ANA).len(), 1, "nothing went out in the agent's name");
    }

    a_machine_in_an_agents_name_is_held(site, "[agents.luc]\naddress = \"luc@agents.example\"\nroles = [\"moderator\"]\nqueues = [\"help\"]\n") {
        site.receive(&Mail::from(ANA)).await;
        let forged = Mail::from(MARIE).header("Precedence: bulk").subject("[CG42N1-000001]").text("Ouvrez ce fichier.");
        site.receive(&forged).await;
        assert_eq!(site.verdict(&forged).await.state, "held");
        assert_eq!(site.sink.to("luc@agents.example").len(), 1);
    }

    a_requester_cannot_make_notes_public(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        // Her reply takes the id of the notification she got, which then stands in References of ours.
        let trick = Mail::reply(&ack.mail, ANA, "Et alors ?").id(ack.mail.message_id.as_ref().unwrap());
        site.receive(&trick).await;
        let told = site.sink.last(MARIE);
        let note = Mail::reply(&told.mail, MARIE, "Elle ment.").header(&format!("References: <{}>", trick.id));
        site.receive(&note).await;
        assert_eq!(site.sink.to(ANA).len(), 1);
        assert_eq!(site.verdict(&note).await.verdict.said(), "joined");
    }

    a_public_answer_carries_nothing_it_quotes(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        // A client that breaks quoted lines: their ends look like the writer's own.
        let broken = Mail::reply(&notice.mail, MARIE, "x").text(
            "#public\nBonjour.\n\nLe lun. 2 mars 2026 à 09:15, Luc <luc@agents.example> a écrit :\n> le mot de passe est\nhunter2\n",
        );
        let unknown = Mail::reply(&notice.mail, MARIE, "x").text("#public\nBonjour.\n\nLuc:\nle mot de passe\nbegin with the line #public.\n");
        for mail in [&broken, &unknown] {
            site.receive(mail).await;
            assert_eq!(site.verdict(mail).await.state, "held");
        }
        assert_eq!(site.sink.to(ANA).len(), 1);
    }

    a_reused_id_leads_nobody_astray(site) {
        let first = Mail::from(ANA).header("Cc: Paul <paul@college.example>");
        site.receive(&first).await;
        let thief = Mail::from("eve@elsewhere.example").id(&first.id).header("Cc: ana@college.example, paul@college.example").text("Bonjour");
        site.receive(&thief).await;
        let answer = Mail::from("paul@college.example").subject("Re: Imprimante en panne").header(&format!("In-Reply-To: <{}>", first.id));
        site.receive(&answer).await;
        assert_eq!(site.verdict(&answer).await.ticket.said(), "CG42N1-000001");
    }

    a_list_carries_peoples_mail(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.receive(&Mail::reply(&notice.mail, MARIE, "#public\nBonjour.").header("List-Id: <support.desk.example>")).await;
        assert_eq!(site.sink.to(ANA).len(), 2);
    }

    a_flood_does_not_keep_a_persons_answer(site, "[limits]\nnotifications_per_hour = 2\n") {
        for n in 0..5 {
            site.receive(&Mail::from(ANA).subject(&format!("Panne {n}"))).await;
        }
        let notice = site.sink.to(MARIE).remove(0);
        site.receive(&Mail::reply(&notice.mail, MARIE, "#public\nBonjour.")).await;
        assert!(site.sink.last(ANA).mail.text.starts_with("Bonjour."));
    }

    a_sender_denied_by_the_own_server_joins_nothing_by_guessing(site, "[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n") {
        site.receive(&Mail::from(ANA)).await;
        let forged = Mail::from(ANA).header("Authentication-Results: mx.desk.example; dmarc=fail header.from=college.example").subject("[CG42N1-000001]");
        site.receive(&forged).await;
        assert_eq!(site.verdict(&forged).await.ticket.said(), "CG42N1-000002");
    }

    mail_in_the_desks_own_name_is_held_not_lost(site) {
        let nobody = Mail::from(SUPPORT).text("Depuis le formulaire.");
        site.receive(&nobody).await;
        assert_eq!(site.verdict(&nobody).await.state, "held");
        assert!(site.sink.notifications().iter().all(|notification| notification.to == MARIE), "answering it could go on for ever");
        // A form that writes in our name and says who filled it in speaks for that person.
        let form = Mail::from(SUPPORT).header("Reply-To: visiteur@ailleurs.example").text("Depuis le formulaire.");
        site.receive(&form).await;
        assert_eq!(site.only_ticket().await.requester, "visiteur@ailleurs.example");
        assert!(site.sink.notifications().iter().all(|notification| notification.to != SUPPORT));
    }
}
