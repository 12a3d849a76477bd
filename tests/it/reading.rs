//! What the mail reader makes of emails, from mail to mail: fields, forwards, delivery reports, copies.

use crate::support::Said;
use guichet::clock::{HOUR, MINUTE};
use guichet::store::Durability;

use crate::imap::desk_on;
use crate::story::original_requests;
use crate::support::dovecot::User;
use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::sink::Received;
use crate::support::{Database, Site};

const ASK: &str = "[queues.help]\nask = [\"name\", \"phone\", \"establishment\"]\n";
const AUTHSERV: &str = "[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n";
const BOTH: &str = "[queues.second]\nmailbox = \"main\"\naddress = \"second@desk.example\"\nprefix = \"TWO\"\nreply_to = \"plain\"\n\
                    [agents.luc]\naddress = \"luc@agents.example\"\nroles = [\"moderator\"]\nqueues = [\"second\"]\n";

/// A report that this notification did not arrive.
fn report(notification: &Received, whom: &str, action: &str, status: &str) -> Vec<u8> {
    let text = format!(
        "From: MAILER-DAEMON@mx.example\nTo: {SUPPORT}\nSubject: Undelivered Mail\nMessage-ID: <{}@mx.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nNo.\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {whom}\n\
         Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {} no such user\n\n--b\nContent-Type: text/rfc822-headers\n\n\
         Message-ID: <{}>\n\n--b--\n",
        crate::support::unique("b"),
        if status.starts_with('5') { 550 } else { 450 },
        notification.mail.message_id.clone().unwrap()
    );
    text.replace('\n', "\r\n").into_bytes()
}

fn forwarded(text: &str) -> Mail {
    Mail::from(MARIE).subject("TR: Écran noir").text(&format!(
        "Une de plus.\n\nDe : Ana Pérez <{ANA}>\nEnvoyé : lundi 2 mars 2026 09:15\nÀ : Marie <{MARIE}>\nObjet : Écran noir\n\n{text}"
    ))
}

original_requests! {
    a_notification_that_did_not_arrive_is_told_once_and_the_address_left_alone(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        site.put_bytes(&report(&ack, ANA, "failed", "5.1.1"));
        site.put_bytes(&report(&ack, ANA, "failed", "5.1.1"));
        site.round().await;

        let ticket = site.only_ticket().await;
        let events = site.events(&ticket).await;
        assert!(events.iter().any(|e| e == "undelivered: not delivered to ana@college.example: 5.1.1 550 no such user"), "{events:?}");
        let told: Vec<Received> = site.sink.to(MARIE).into_iter().filter(|l| l.mail.subject.contains("Non remis")).collect();
        assert_eq!(told.len(), 1, "told once, whatever the number of reports");
        assert!(told[0].mail.text.replace('\n', " ").contains("ana@college.example n'a pas reçu notre courriel"), "{}", told[0].mail.text);
        let blocks = site.store().undeliverable(site.clock.now(), 10).await.unwrap();
        assert_eq!((blocks.len(), blocks[0].address.as_str(), blocks[0].ticket.said()), (1, ANA, "CG42N1-000001"));

        // Nothing is written to her: not even an acknowledgement, and an answer that cannot leave is told.
        site.receive(&Mail::from(ANA).subject("Autre panne")).await;
        assert_eq!(site.sink.to(ANA).len(), 1);
        let notice = site.sink.to(MARIE).into_iter().find(|l| l.mail.subject.contains("Autre panne")).unwrap();
        site.receive(&Mail::reply(&notice.mail, MARIE, "#public\nBonjour Ana.")).await;
        assert_eq!(site.sink.to(ANA).len(), 1);
        let told = site.sink.to(MARIE).into_iter().filter(|l| l.mail.subject.contains("Non remis")).count();
        assert_eq!(told, 2);
        let second = site.tickets().await.pop().unwrap();
        let events = site.events(&second).await;
        assert_eq!(events.iter().filter(|e| e.contains("not sent: ana@college.example refused a notification")).count(), 2, "{events:?}");

        // Until a person clears it.
        let mut tx = site.store().begin(Durability::Full).await.unwrap();
        assert!(tx.clear_undeliverable(ANA).await.unwrap());
        assert!(!tx.clear_undeliverable(ANA).await.unwrap());
        tx.commit().await.unwrap();
        site.receive(&Mail::from(ANA).subject("Troisième panne")).await;
        assert_eq!(site.sink.to(ANA).len(), 2);
    }

    a_blocked_address_is_written_to_again_when_its_time_is_over(site, "[limits]\nundeliverable_for = \"2h\"\n") {
        site.receive(&Mail::from(ANA)).await;
        site.put_bytes(&report(&site.sink.only(ANA), ANA, "failed", "5.1.1"));
        site.round().await;
        site.clock.advance(HOUR);
        site.receive(&Mail::from(ANA).subject("Deux")).await;
        assert_eq!(site.sink.to(ANA).len(), 1);
        site.clock.advance(HOUR + MINUTE);
        site.receive(&Mail::from(ANA).subject("Trois")).await;
        assert_eq!(site.sink.to(ANA).len(), 2);
    }

    delays_and_full_mailboxes_block_nobody(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        site.put_bytes(&report(&ack, ANA, "delayed", "4.4.1"));
        site.round().await;
        assert_eq!(site.sink.to(MARIE).len(), 1, "a delay may still end well");
        site.put_bytes(&report(&ack, ANA, "failed", "5.2.2"));
        site.put_bytes(&report(&ack, ANA, "failed", "4.4.7"));
        site.round().await;
        assert_eq!(site.sink.to(MARIE).len(), 2, "a failure is told once a ticket and address");
        assert!(site.sink.last(MARIE).mail.text.replace('\n', " ").contains("peut-être passager"));
        assert!(site.store().undeliverable(site.clock.now(), 10).await.unwrap().is_empty());
        let events = site.events(&site.only_ticket().await).await;
        assert!(events.iter().any(|e| e.starts_with("undelivered: delivery is delayed to ana@college.example")), "{events:?}");
    }

    a_report_is_led_back_by_the_envelope_sender_alone(site, "[queues.help]\nreply_to = \"plus\"\n") {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        assert!(ack.envelope_from.starts_with("support+"), "{}", ack.envelope_from);
        // Nothing of our notification is enclosed: only where the report is sent says what it is about.
        let text = format!("Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: {}\r\nSubject: failure notice\r\nMessage-ID: <v@mx.example>\r\n\r\nI wasn't able to deliver your message.\r\n\r\n<{ANA}>:\r\n550 5.1.1 no such user\r\n", ack.envelope_from);
        site.put_bytes(text.as_bytes());
        site.round().await;
        assert_eq!(site.store().undeliverable(site.clock.now(), 10).await.unwrap().len(), 1);
        assert!(site.sink.last(MARIE).mail.subject.contains("Non remis"));
        site.only_ticket().await;
    }

    a_forged_report_changes_nothing(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        let mut forged = ack.clone();
        let id = ack.mail.message_id.clone().unwrap();
        let other = if id[8..].starts_with('x') { 'y' } else { 'x' };
        forged.mail.message_id = Some(format!("{}{other}{}", &id[..8], &id[9..]));
        site.put_bytes(&report(&forged, ANA, "failed", "5.1.1"));
        // The right notification, but somebody else's: the signature is for its recipient alone.
        let notice = site.sink.only(MARIE);
        site.put_bytes(&report(&notice, ANA, "failed", "5.1.1"));
        // A number in the subject proves nothing either.
        let text = format!("From: MAILER-DAEMON@mx.example\r\nReturn-Path: <>\r\nTo: {SUPPORT}\r\nSubject: failure notice [CG42N1-000001]\r\nMessage-ID: <n@mx.example>\r\n\r\nHi. This is the program.\r\nI wasn't able to deliver your message.\r\n\r\n<{ANA}>:\r\n550 5.1.1 no such user\r\n");
        site.put_bytes(text.as_bytes());
        site.round().await;
        assert!(site.store().undeliverable(site.clock.now(), 10).await.unwrap().is_empty());
        assert_eq!(site.sink.notifications().len(), 2, "nobody is notified about a forgery");
        site.only_ticket().await;
        site.receive(&Mail::from(ANA).subject("Encore")).await;
        assert_eq!(site.sink.to(ANA).len(), 2);
    }

    who_encloses_a_report_in_an_answer_is_a_person(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        let id = ack.mail.message_id.clone().unwrap();
        // She answers, and encloses what she got about somebody else.
        let raw = format!(
            "From: {ANA}\r\nTo: {SUPPORT}\r\nSubject: Re: [CG42N1-000001]\r\nMessage-ID: <own@college.example>\r\nIn-Reply-To: <{id}>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nPourquoi cela revient-il ?\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; bob@college.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
        );
        site.put_bytes(raw.as_bytes());
        site.round().await;
        assert!(site.store().undeliverable(site.clock.now(), 10).await.unwrap().is_empty());
        let messages = site.store().messages(site.only_ticket().await.id).await.unwrap();
        assert_eq!((messages[1].visibility.as_str(), messages[1].new_text.as_str()), ("public", "Pourquoi cela revient-il ?"));
        assert!(site.sink.last(MARIE).mail.text.contains("Pourquoi cela revient-il ?"));
    }

    a_person_whose_account_sounds_like_a_system_is_not_passed_over(site) {
        let mail = Mail::from("Bob Martin <postmaster@college.example>").subject("Delivery failure of the messages").text("Our messages could not be delivered since Monday.");
        site.receive(&mail).await;
        assert_ne!(site.verdict(&mail).await.verdict.said(), "ignored");
    }

    the_desks_own_trouble_blocks_nobody(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        for status in ["5.7.1", "5.1.8", "5.4.4"] {
            let text = String::from_utf8(report(&ack, ANA, "failed", status)).unwrap().replace("550 no such user", "550 classified as spam");
            site.put_bytes(text.as_bytes());
        }
        // A mailbox that sends on: the address written to is not at fault.
        site.put_bytes(&report(&ack, "elsewhere@provider.example", "failed", "5.1.1"));
        site.round().await;
        assert!(site.store().undeliverable(site.clock.now(), 10).await.unwrap().is_empty());
        assert_eq!(site.sink.to(MARIE).len(), 2, "told once");
    }

    an_absence_is_folded_and_changes_nothing(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.receive(&Mail::reply(&notice.mail, MARIE, "#public\nBonjour.")).await;
        let before = (site.only_ticket().await, site.sink.notifications().len());
        let answer = site.sink.last(ANA);
        let absent = Mail::reply(&answer.mail, ANA, "Je suis absente.").subject("Absence du bureau");
        site.clock.advance(HOUR);
        site.receive(&absent).await;
        let after = site.only_ticket().await;
        assert_eq!((after.status, after.first_responded_at), (before.0.status, before.0.first_responded_at));
        assert_eq!(site.sink.notifications().len(), before.1);
        let messages = site.store().messages(after.id).await.unwrap();
        assert!(messages[2].automatic && messages[2].visibility == "internal");
    }

    in3_fields_are_read_asked_for_and_completed(site, ASK) {
        let first = Mail::from(ANA).text("Bonjour,\nNOM ET PRENOM : Ana Pérez\nÉtablissement/Ville : Collège Exemple, Roanne\nL'écran est noir.\n");
        site.receive(&first).await;
        let ack = site.sink.only(ANA);
        assert!(ack.mail.text.contains("Téléphone :") && !ack.mail.text.contains("Nom et prénom :"), "{}", ack.mail.text);
        let notice = site.sink.only(MARIE);
        assert!(notice.mail.text.contains("Établissement et ville : Collège Exemple, Roanne"), "{}", notice.mail.text);
        site.receive(&Mail::reply(&ack.mail, ANA, "Téléphone : 04 77 00 00 00")).await;
        let ticket = site.only_ticket().await;
        let fields: Vec<(&str, &str)> = ticket.fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(fields, [("establishment", "Collège Exemple, Roanne"), ("name", "Ana Pérez"), ("phone", "04 77 00 00 00")]);
        assert!(site.events(&ticket).await.contains(&"fields: Téléphone: 04 77 00 00 00".to_owned()));
        // What the acknowledgement asks is quoted in every reply, and is not an answer.
        site.receive(&Mail::reply(&ack.mail, ANA, "Merci.")).await;
        assert_eq!(site.only_ticket().await.fields.len(), 3);
    }

    nothing_is_asked_where_nothing_is_missing(site, "[queues.help]\nask = [\"name\"]\n") {
        site.receive(&Mail::from("Ana Pérez <ana@college.example>")).await;
        assert!(!site.sink.only(ANA).mail.text.contains("précisions"), "the name beside the address is a name");
        assert_eq!(site.only_ticket().await.fields["name"], "Ana Pérez");
    }

    in2_a_stranger_is_told_once_a_day_and_let_in_by_an_answer(site, "[queues.help]\nsenders = [\"@college.example\"]\n") {
        let (first, second) = (Mail::from("Tom <tom@elsewhere.example>").subject("Accès"), Mail::from("tom@elsewhere.example").subject("Encore").text("Encore moi."));
        site.receive(&first).await;
        site.receive(&second).await;
        let refusal = site.sink.only("tom@elsewhere.example");
        assert!(refusal.mail.text.replace('\n', " ").contains("un modérateur va le lire"), "{}", refusal.mail.text);
        assert_eq!(refusal.header("Auto-Submitted"), "auto-replied");
        let held = site.sink.to(MARIE);
        assert_eq!(held.len(), 2);
        assert!(held[0].mail.subject.starts_with("À décider : "), "{}", held[0].mail.subject);
        assert!(site.tickets().await.is_empty());

        // Somebody else with the same notification decides nothing.
        let thief = Mail::reply(&held[0].mail, "eve@elsewhere.example", "oui");
        site.receive(&thief).await;
        assert!(site.tickets().await.is_empty());

        let (accepted, refused) = if held[0].mail.subject.contains("Accès") { (&held[0], &held[1]) } else { (&held[1], &held[0]) };
        let unclear = Mail::reply(&accepted.mail, MARIE, "Qui est-ce ?");
        site.receive(&unclear).await;
        assert!(site.tickets().await.is_empty() && site.sink.to(MARIE).iter().any(|l| l.mail.subject.starts_with("Pas fait")));
        let yes = Mail::reply(&accepted.mail, MARIE, "");
        let no = Mail::reply(&refused.mail, MARIE, "#reject");
        site.receive(&yes).await;
        site.receive(&no).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.requester.as_str(), ticket.title.as_str()), ("tom@elsewhere.example", "Accès"));
        assert!(site.sink.last("tom@elsewhere.example").mail.text.contains("CG42N1-000001"));
        assert_eq!(site.verdict(&yes).await.verdict.said(), "command");
        assert_eq!(site.verdict(&second).await.verdict.said(), "refused");
        assert!(site.verdict(&second).await.reason.contains("refused by marie@agents.example"));

        // The next day somebody who still may not write is told again.
        site.clock.advance(24 * HOUR);
        site.receive(&Mail::from("tom@elsewhere.example").subject("Toujours")).await;
        let refusals = site.sink.to("tom@elsewhere.example").into_iter().filter(|l| l.mail.text.contains("modérateur")).count();
        assert_eq!(refusals, 2);
        // Machines are told nothing.
        site.receive(&Mail::from("bulk@elsewhere.example").header("Precedence: bulk")).await;
        assert!(site.sink.to("bulk@elsewhere.example").is_empty());
    }

    an_agent_whose_mail_is_not_carried_out_is_told(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let unproven = Mail::from(MARIE).subject("[CG42N1-000001]").text("#public\nBonjour.");
        let mistyped = Mail::reply(&notice.mail, MARIE, "#pubilc\nBonjour.");
        for mail in [&unproven, &mistyped] {
            site.clock.advance(MINUTE);
            site.receive(mail).await;
            assert_eq!(site.verdict(mail).await.state, "held");
            let told = site.sink.last(MARIE);
            assert!(told.mail.subject.starts_with("Pas fait"), "{}", told.mail.subject);
            assert!(told.mail.text.contains("Bonjour."), "{}", told.mail.text);
        }
        assert!(site.sink.last(MARIE).mail.text.contains("#pubilc"));
        assert_eq!(site.sink.to(ANA).len(), 1);
    }

    in7_a_forward_opens_the_ticket_for_who_wrote_it(site) {
        site.receive(&forwarded("L'écran de la salle 12 est noir.").attach("photo.png", b"\x89PNG photo")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.requester.as_str(), ticket.requester_name.as_str(), ticket.title.as_str()), (ANA, "Ana Pérez", "Écran noir"));
        let messages = site.store().messages(ticket.id).await.unwrap();
        assert_eq!((messages[0].new_text.as_str(), messages[0].visibility.as_str()), ("L'écran de la salle 12 est noir.", "public"));
        assert_eq!(messages[0].attachments[0].name, "photo.png");
        assert_eq!((messages[1].new_text.as_str(), messages[1].visibility.as_str()), ("Une de plus.", "internal"));
        let ack = site.sink.only(ANA);
        assert!(!ack.raw.contains("Une de plus") && !ack.raw.contains("agents.example"), "the note stays inside: {}", ack.raw);
        let notice = site.sink.only(MARIE);
        assert!(notice.mail.subject.contains("CG42N1-000001"), "who passed it on learns its number");
        assert!(notice.mail.text.contains("Transmis avec cette note :\nUne de plus."), "{}", notice.mail.text);
        site.receive(&Mail::reply(&ack.mail, ANA, "Merci d'avoir transmis.")).await;
        site.only_ticket().await;
    }

    in7_an_enclosed_mail_keeps_its_id_and_its_files(site) {
        let original = Mail::from(&format!("Ana Pérez <{ANA}>")).header("Cc: paul@college.example").subject("Écran noir").attach("photo.png", b"\x89PNG photo");
        let inner = String::from_utf8(original.bytes()).unwrap();
        let raw = format!(
            "From: {MARIE}\r\nTo: {SUPPORT}\r\nSubject: Fwd\r\nMessage-ID: <f@agents.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\nContent-Type: text/plain\r\n\r\nPour nous.\r\n--out\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--out--\r\n"
        );
        site.put_bytes(raw.as_bytes());
        site.round().await;
        let ticket = site.only_ticket().await;
        assert_eq!(ticket.requester, ANA);
        let messages = site.store().messages(ticket.id).await.unwrap();
        assert_eq!(messages[0].message_id, original.id);
        let raw = site.store().raw_mail(messages[0].inbox_id).await.unwrap().unwrap();
        assert_eq!(guichet::mail::files(&raw, &messages[0].attachments)[0].contents, b"\x89PNG photo");
        assert_eq!(site.sink.last(MARIE).mail.attachments[0].name, "photo.png");
        // Paul answers the email he got a copy of.
        let answer = Mail::from("paul@college.example").subject("Re: Écran noir").header(&format!("In-Reply-To: <{}>", original.id));
        site.receive(&answer).await;
        assert_eq!(site.verdict(&answer).await.ticket.said(), "CG42N1-000001");
    }

    in7_nobody_passes_on_in_an_agents_name(site, AUTHSERV) {
        let forged = forwarded("Noir.");
        let vouched = forwarded("Noir.").header("Authentication-Results: mx.desk.example; dmarc=pass header.from=agents.example");
        site.receive(&forged).await;
        assert_eq!(site.verdict(&forged).await.state, "held");
        site.receive(&vouched).await;
        assert_eq!(site.only_ticket().await.requester, ANA);
    }

    a_requesters_forward_is_their_own_request(site) {
        let mail = Mail::from("bob@college.example").subject("TR: Écran noir").text(&format!("Voyez.\n\nDe : Ana Pérez <{ANA}>\nEnvoyé : lundi 2 mars 2026 09:15\nObjet : Écran noir\n\nNoir."));
        site.receive(&mail).await;
        assert_eq!(site.only_ticket().await.requester, "bob@college.example");
        assert!(site.sink.to(ANA).is_empty());
    }

    a_mail_to_two_queues_is_one_ticket_of_which_both_are_told(site, BOTH) {
        site.receive(&Mail::from(ANA).to(&format!("{SUPPORT}, second@desk.example"))).await;
        let ticket = site.only_ticket().await;
        assert!(site.events(&ticket).await.contains(&"related: also sent to second@desk.example".to_owned()));
        assert!(site.sink.only("luc@agents.example").mail.subject.contains("CG42N1-000001"));
        site.sink.only(ANA);
    }

    a_mail_to_two_queues_is_two_tickets_where_configured(site, &format!("[desk]\nseveral_queues = \"each\"\n{BOTH}")) {
        site.receive(&Mail::from(ANA).to(&format!("{SUPPORT}, second@desk.example"))).await;
        let numbers: Vec<String> = site.tickets().await.into_iter().map(|t| t.number).collect();
        assert_eq!(numbers, ["CG42N1-000001", "TWO-000001"]);
        assert_eq!(site.sink.to(ANA).len(), 2);
        assert!(site.sink.only("luc@agents.example").mail.subject.contains("TWO-000001"));
    }

    who_may_write_to_one_queue_opens_nothing_in_another(site, &format!("[desk]\nseveral_queues = \"each\"\n{}", BOTH.replace("prefix = \"TWO\"", "prefix = \"TWO\"\nsenders = [\"@inside.example\"]"))) {
        site.receive(&Mail::from(ANA).to(&format!("{SUPPORT}, second@desk.example"))).await;
        assert_eq!(site.only_ticket().await.number, "CG42N1-000001");
        assert!(site.sink.to("luc@agents.example").is_empty());
    }

    one_copy_for_each_address_is_still_one_ticket_in_each(site, &format!("[desk]\nseveral_queues = \"each\"\n{BOTH}")) {
        let mail = Mail::from(ANA).to(&format!("{SUPPORT}, second@desk.example"));
        site.receive(&mail.clone().header(&format!("Delivered-To: {SUPPORT}"))).await;
        site.receive(&mail.clone().header("Delivered-To: second@desk.example")).await;
        assert_eq!(site.tickets().await.len(), 2);
        assert_eq!(site.sink.to(ANA).len(), 2);
        assert_eq!(site.sink.to("luc@agents.example").len(), 1);
    }

    a_public_answer_takes_no_forward_and_no_foreign_words_along(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let note = "Luc (note) : le mot de passe admin est hunter2.";
        let forward = Mail::reply(&notice.mail, MARIE, "x").subject("Fwd: [CG42N1-000001]").text(&format!("#public\n\nVoir.\n\n---------- Forwarded message ---------\nFrom: Support <{SUPPORT}>\nSubject: x\n\n{note}\n"));
        let quoted = Mail::reply(&notice.mail, MARIE, "x").text(&format!("#public\n\nVoir.\n> ---------- Forwarded message ---------\n> {note}\n\nVoilà.\n"));
        for mail in [&forward, &quoted] {
            site.receive(mail).await;
            assert_eq!(site.verdict(mail).await.state, "held", "{}", mail.text);
        }
        // Signatures and keys name the agent; an enclosed email may hold anything.
        let signed = Mail::reply(&notice.mail, MARIE, "x").text("#public\n\nBonjour.\n").attach("winmail.dat", b"x").attach("photo.png", b"\x89PNG");
        site.receive(&signed).await;
        let names: Vec<String> = site.sink.last(ANA).mail.attachments.iter().map(|a| a.name.clone()).collect();
        assert_eq!(names, ["photo.png"]);
        assert!(site.sink.to(ANA).iter().all(|l| !l.raw.contains("hunter2")));
    }

    a_copy_that_came_by_another_way_is_no_second_ticket(site) {
        let mail = Mail::from(ANA);
        let relayed = mail.clone().header("Received: from relay.example");
        site.receive(&mail).await;
        site.receive(&relayed).await;
        site.only_ticket().await;
        site.sink.only(ANA);
        let rows = site.store().emails_by_message_id(&mail.id).await.unwrap();
        assert_eq!((rows.len(), rows[1].verdict.said()), (2, "joined"));
        assert!(rows[1].reason.contains("the same email is already in CG42N1-000001"), "{}", rows[1].reason);
    }

    who_writes_what_nobody_can_read_is_told(site) {
        let raw = format!(
            "From: {ANA}\r\nTo: {SUPPORT}\r\nSubject: Secret\r\nMessage-ID: <e@college.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----\r\nxyz\r\n-----END PGP MESSAGE-----\r\n--b--\r\n"
        );
        site.put_bytes(raw.as_bytes());
        site.round().await;
        let ack = site.sink.only(ANA);
        assert!(ack.mail.text.contains("chiffré"), "{}", ack.mail.text);
        let messages = site.store().messages(site.only_ticket().await.id).await.unwrap();
        assert!(messages[0].attachments.iter().any(|a| a.name == "encrypted.asc"));
    }

    a_signatures_logo_is_told_from_a_screenshot(site) {
        // A picture of 400 by 300: large enough for a screenshot, until it comes again.
        let mut picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x90\0\0\x01\x2c\x08\x02\0\0\0".to_vec();
        picture.extend([7u8; 64]);
        let mail = |id: &str| {
            let encoded = data_encoding::BASE64.encode(&picture);
            format!(
                "From: {ANA}\r\nTo: {SUPPORT}\r\nSubject: {id}\r\nMessage-ID: <{id}@college.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Noir {id}</p><img src=\"cid:l\">\r\n--b\r\nContent-Type: image/png; name=l.png\r\nContent-ID: <l>\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--b--\r\n"
            )
        };
        for id in ["one", "two"] {
            site.put_bytes(mail(id).as_bytes());
            site.round().await;
        }
        let mut roles = Vec::new();
        for ticket in site.tickets().await {
            let messages = site.store().messages(ticket.id).await.unwrap();
            roles.push(serde_json::to_string(&messages[0].attachments[0].role).unwrap());
        }
        assert_eq!(roles, ["\"inline\"", "\"logo\""]);
        let enclosed: Vec<usize> = site.sink.to(MARIE).iter().map(|l| l.mail.attachments.len()).collect();
        assert_eq!(enclosed, [1, 0], "a logo is not sent on");
    }

    /// Whatever Reply-To says, and a picture shown twice is seen once.
    a_writers_logo_is_theirs_wherever_answers_go(site) {
        let mut picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x90\0\0\x01\x2c\x08\x02\0\0\0".to_vec();
        picture.extend([8u8; 64]);
        let encoded = data_encoding::BASE64.encode(&picture);
        for id in ["one", "two"] {
            let part = |cid: &str| {
                format!("--b\r\nContent-Type: image/png; name={cid}.png\r\nContent-ID: <{cid}>\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n")
            };
            let mail = format!(
                "From: {ANA}\r\nReply-To: ana.perso@college.example\r\nTo: {SUPPORT}\r\nSubject: {id}\r\nMessage-ID: <{id}@college.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>L'écran {id} est noir.</p><p>Cordialement</p><img src=\"cid:l\"><p>Ana</p><img src=\"cid:m\">\r\n{}{}--b--\r\n",
                part("l"), part("m")
            );
            site.put_bytes(mail.as_bytes());
            site.round().await;
        }
        let mut roles = Vec::new();
        for ticket in site.tickets().await {
            let messages = site.store().messages(ticket.id).await.unwrap();
            roles.push(messages[0].attachments.iter().map(|a| serde_json::to_string(&a.role).unwrap()).collect::<Vec<_>>());
        }
        assert_eq!(roles, [["\"inline\"", "\"inline\""], ["\"logo\"", "\"logo\""]]);
    }
}

// The same, end to end, with a Dovecot in front.

#[tokio::test(flavor = "multi_thread")]
async fn in3_fields_over_imap() {
    let user = User::new();
    let site = desk_on(&user, "Done", ASK).await;
    let table = format!(
        "From: Ana Pérez <{ANA}>\r\nTo: {SUPPORT}\r\nSubject: Formulaire\r\nMessage-ID: <t@college.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<table><tr><td>Établissement et ville</td><td>Collège Exemple, Roanne</td></tr><tr><td><b>Nom&nbsp;et prénom :</b></td><td>Ana Pérez</td></tr></table><p>L'écran est noir.</p>\r\n"
    );
    user.append(table.as_bytes());
    site.round().await;
    let ack = site.sink.only(ANA);
    assert!(
        ack.mail.text.contains("Téléphone :") && !ack.mail.text.contains("Établissement et ville :"),
        "{}",
        ack.mail.text
    );
    user.append(&Mail::reply(&ack.mail, ANA, "tél : 04 77 00 00 00").bytes());
    site.round().await;
    let ticket = site.only_ticket().await;
    assert_eq!(ticket.fields["establishment"], "Collège Exemple, Roanne");
    assert_eq!(ticket.fields["phone"], "04 77 00 00 00");
    assert_eq!(user.count("Done"), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn in7_a_forward_over_imap() {
    let user = User::new();
    let site = desk_on(&user, "Done", "").await;
    user.append(&forwarded("L'écran est noir.").bytes());
    site.round().await;
    let ack = site.sink.only(ANA);
    user.append(&Mail::reply(&ack.mail, ANA, "Toujours noir.").bytes());
    site.round().await;
    let ticket = site.only_ticket().await;
    assert_eq!((ticket.requester.as_str(), ticket.title.as_str()), (ANA, "Écran noir"));
    assert_eq!(site.store().messages(ticket.id).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn co1_replies_join_in_their_order_of_trust() {
    let user = User::new();
    let site = desk_on(&user, "Done", "[queues.help]\nreply_to = \"plus\"\n").await;
    user.append(&Mail::from(ANA).bytes());
    user.append(&Mail::from(ANA).subject("Autre demande").bytes());
    site.round().await;
    let mut acks = site.sink.to(ANA);
    acks.sort_by_key(|a| a.mail.subject.clone());
    let (first, second) = (&acks[0].mail, &acks[1].mail);
    let by_id = Mail::reply(first, ANA, "un").to(SUPPORT).subject("Sans rapport");
    let by_address = Mail::reply(first, ANA, "deux").without_references().subject("Sans rapport");
    let by_number = Mail::from(ANA).subject("Re: [CG42N1-000001] Imprimante en panne").text("trois");
    // They disagree: the address leads to the first, ids and subject to the second.
    let at_odds = Mail::reply(second, ANA, "quatre").to(&first.reply_to.clone().unwrap().address);
    let nowhere = Mail::from(ANA).subject("Sans rapport").text("cinq");
    for mail in [&by_id, &by_address, &by_number, &at_odds, &nowhere] {
        user.append(&mail.bytes());
        site.round().await;
    }
    for (mail, ticket, why) in [
        (&by_id, "CG42N1-000001", "signed Message-ID"),
        (&by_address, "CG42N1-000001", "signed reply address"),
        (&by_number, "CG42N1-000001", "number in the subject"),
        (&at_odds, "CG42N1-000001", "signed reply address"),
        (&nowhere, "CG42N1-000003", "a new request"),
    ] {
        let verdict = site.verdict(mail).await;
        assert_eq!(verdict.ticket.said(), ticket, "{}: {}", mail.text, verdict.reason);
        assert!(verdict.reason.contains(why), "{}", verdict.reason);
    }
    let tickets = site.tickets().await;
    assert!(site.events(&tickets[0]).await.iter().any(|e| e == "related: also leads to CG42N1-000002"));
}

/// Puts every new notification back into a mailbox, changed by `again`, until nothing new comes. Gives how
/// many notifications there were.
async fn echo(site: &Site, user: &User, rounds: usize, again: impl Fn(&Received, usize) -> Option<Vec<u8>>) -> usize {
    let mut seen = 0;
    for _ in 0..rounds {
        site.round().await;
        let notifications = site.sink.notifications();
        let fresh = &notifications[seen..];
        if fresh.is_empty() {
            return seen;
        }
        for (at, notification) in fresh.iter().enumerate() {
            if let Some(mail) = again(notification, seen + at) {
                user.append(&mail);
            }
        }
        seen = notifications.len();
    }
    panic!("still writing after {rounds} rounds and {seen} notifications");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_talks_to_itself_falls_silent() {
    let user = User::new();
    let site = desk_on(&user, "Done", "").await;
    user.append(&Mail::from(ANA).bytes());
    let notifications =
        echo(&site, &user, 5, |notification, _| Some(notification.raw.replace('\n', "\r\n").into_bytes())).await;
    assert_eq!(notifications, 2, "the acknowledgement and the notice, once");
    site.only_ticket().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_hides_what_it_is_is_stopped_by_the_cap() {
    let user = User::new();
    let site = desk_on(&user, "Done", "[limits]\nnotifications_per_hour = 40\n").await;
    user.append(&Mail::from(ANA).subject("Bonjour").bytes());
    let answered = |notification: &Received, n: usize| {
        // A new subject each time, no reference, no mark: as a person would write.
        (notification.to == ANA).then(|| {
            Mail::from(ANA).subject(&format!("Votre message {n}")).text(&format!("Bien reçu, n° {n}.")).bytes()
        })
    };
    echo(&site, &user, 40, answered).await;
    assert_eq!(site.sink.to(ANA).len(), 10, "a quarter of the hourly cap within ten minutes");
    let last = site.tickets().await.pop().unwrap();
    let events = site.events(&last).await;
    assert!(
        events.iter().any(|e| e.starts_with(
            "suppressed: acknowledgement not sent: 10 notifications to this address within 10 minutes, the cap is 10"
        )),
        "{events:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_in_one_ticket_is_stopped_sooner() {
    let user = User::new();
    let site =
        desk_on(&user, "Done", "[queues.help]\nacknowledge = \"all\"\n[limits]\nnotifications_per_hour = 120\n").await;
    user.append(&Mail::from(ANA).subject("Bonjour").bytes());
    let answered = |notification: &Received, n: usize| {
        (notification.to == ANA).then(|| Mail::reply(&notification.mail, ANA, &format!("Bien reçu, n° {n}.")).bytes())
    };
    echo(&site, &user, 40, answered).await;
    assert_eq!(site.sink.to(ANA).len(), 10);
    let events = site.events(&site.only_ticket().await).await;
    assert!(
        events.iter().any(|e| e.contains("10 notifications to this address about this ticket within 10 minutes")),
        "{events:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_desks_over_imap_fall_silent_even_without_marks() {
    let left = User::new();
    let one =
        desk_on(&left, "Done", "[queues.help]\nacknowledge = \"all\"\n[limits]\nnotifications_per_hour = 24\n").await;
    let there = "[queues.help]\naddress = \"other@desk2.example\"\nprefix = \"OTHER\"\nacknowledge = \"all\"\n[agents.marie]\naddress = \"paul@desk2.example\"\n[limits]\nnotifications_per_hour = 24\n";
    let other = Site::with(Database::Sqlite, there).await;
    left.append(&Mail::from("other@desk2.example").subject("Bonjour").bytes());
    let (mut from_one, mut from_other) = (0, 0);
    // A relay between them strips every mark of a machine, and the ids.
    let strip = |raw: &str| {
        let kept: Vec<&str> = raw
            .lines()
            .filter(|l| {
                ![
                    "Auto-Submitted:",
                    "X-Auto-Response",
                    "X-Loop:",
                    "X-Ticket:",
                    "Message-ID:",
                    "References:",
                    "In-Reply-To:",
                ]
                .iter()
                .any(|h| l.starts_with(h))
            })
            .collect();
        kept.join("\r\n").into_bytes()
    };
    for _ in 0..40 {
        one.round().await;
        other.round().await;
        let (out, back) = (one.sink.to("other@desk2.example"), other.sink.to(SUPPORT));
        if (out.len(), back.len()) == (from_one, from_other) {
            break;
        }
        out.iter().skip(from_one).for_each(|l| other.put_bytes(&strip(&l.raw)));
        back.iter().skip(from_other).for_each(|l| left.append(&strip(&l.raw)));
        (from_one, from_other) = (out.len(), back.len());
    }
    assert!(
        from_one <= 6 && from_other <= 6,
        "{from_one} and {from_other} notifications; the cap is 6 within ten minutes"
    );
    assert!(from_one >= 1);
}
