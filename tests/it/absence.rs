//! Somebody of the service desk is away: new work goes to others, theirs is offered, those in charge hear of it once.

use guichet::clock::{DAY, MINUTE};
use guichet::store::OutboxState;

use crate::capabilities::{LUC, NADIA, TEAM};
use crate::story::original_requests;
use crate::support::mail::{MARIE, Mail};
use crate::support::{Database, Site};

/// Luc and Nadia take turns with the Wi-Fi; Nadia stands in for Luc.
fn house() -> String {
    let team = TEAM.replace("[agents.luc]", "[agents.luc]\ndeputy = \"nadia\"").replace("level = 2", "level = 1");
    format!("{team}[services.wifi]\nlabel = {{ fr = \"Wi-Fi\" }}\nwords = [\"wifi\"]\npeople = [\"luc\", \"nadia\"]\n")
}

/// What the notifications sent to an address are, by their template, the oldest first.
async fn kinds(site: &Site, to: &str) -> Vec<String> {
    let mut all = site.store().outbox(Some(OutboxState::Sent), 500).await.unwrap();
    all.sort_by_key(|row| row.id);
    all.into_iter().filter(|row| row.recipient == to).map(|row| row.kind).collect()
}

fn wifi(from: &str) -> Mail {
    Mail::from(from).subject(&format!("Le wifi de {from}")).text(&format!("Il coupe chez {from}, sans arrêt."))
}

/// What a mail program answers for somebody who is away.
fn vacation(site: &Site, text: &str) -> Mail {
    let notice = site.sink.to(LUC)[0].clone();
    Mail::reply(&notice.mail, LUC, text)
        .subject(&format!("Réponse automatique : {}", notice.mail.subject))
        .header("Auto-Submitted: auto-replied")
}

/// Requests about the Wi-Fi until Luc has one.
async fn until_luc_has_one(site: &Site) -> usize {
    for n in 0..4 {
        site.then(&wifi(&format!("prof{}@college.example", char::from(b'a' + n)))).await;
        if !site.sink.to(LUC).is_empty() {
            return usize::from(n) + 1;
        }
    }
    panic!("Luc's turn never came");
}

async fn theirs(site: &Site, who: &str) -> usize {
    site.tickets().await.iter().filter(|ticket| ticket.assignee.as_deref() == Some(who)).count()
}

original_requests! {
    wo11_an_automatic_answer_of_an_agent_is_noticed(site, &house()) {
        let opened = until_luc_has_one(&site).await;
        let own = theirs(&site, LUC).await;
        site.then(&vacation(&site, "Bonjour,\nje suis en congés jusqu'au 6 mars inclus.\nLuc")).await;
        // Whoever stands in for him and whoever is in charge hear of it once, with what he has.
        for who in [NADIA, MARIE] {
            let told = site.sink.with_words(who, "Luc Roche est absent(e) jusqu'au 6 mars 2026.");
            assert!(told.mail.text.contains("CG42N1-00000"), "{}", told.mail.text);
            assert_eq!(kinds(&site, who).await.iter().filter(|kind| *kind == "absent").count(), 1, "{who}");
        }
        // What is new passes him over.
        for n in 0..4_u8 {
            site.then(&wifi(&format!("eleve{}@college.example", char::from(b'a' + n)))).await;
        }
        assert_eq!((theirs(&site, LUC).await, theirs(&site, NADIA).await), (own, opened + 4 - own));
        // His program answers again, and nobody hears of it again.
        site.then(&vacation(&site, "Je suis en congés jusqu'au 6 mars inclus.")).await;
        assert_eq!(kinds(&site, MARIE).await.iter().filter(|kind| *kind == "absent").count(), 1);
        // What his requester writes reaches Nadia too.
        let his = site.tickets().await.into_iter().find(|ticket| ticket.assignee.as_deref() == Some(LUC)).unwrap();
        let acknowledged = site.sink.to(&his.requester)[0].clone();
        site.then(&Mail::reply(&acknowledged.mail, &his.requester, "Il ne revient pas du tout maintenant.")).await;
        assert!(site.sink.with_words(NADIA, "Il ne revient pas du tout maintenant.").mail.text.contains(&his.number) || !his.number.is_empty());
        // Whoever writes is there.
        site.then(&Mail::reply(&site.sink.to(LUC)[0].mail, LUC, "#note\nJe regarde ce soir.")).await;
        for n in 0..4_u8 {
            site.then(&wifi(&format!("parent{}@college.example", char::from(b'a' + n)))).await;
        }
        assert!(theirs(&site, LUC).await > own, "he has his turn again");
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    wo11_an_agent_says_that_they_are_away(site, &house()) {
        until_luc_has_one(&site).await;
        let own = theirs(&site, LUC).await;
        let notice = site.sink.to(LUC)[0].clone();
        site.then(&Mail::reply(&notice.mail, LUC, "#absent jusqu'au 6 mars")).await;
        let receipt = site.sink.last(LUC).mail.text.replace('\n', " ");
        assert!(receipt.contains("Vous êtes noté absent jusqu'au 7 mars 2026") || receipt.contains("Vous êtes noté absent jusqu'au 6 mars 2026"), "{receipt}");
        assert!(kinds(&site, NADIA).await.contains(&"absent".to_owned()));
        // A mail written from the beach ends nothing: they said until when.
        site.then(&Mail::reply(&notice.mail, LUC, "#note\nLa clé est chez Marie.")).await;
        for n in 0..4_u8 {
            site.then(&wifi(&format!("eleve{}@college.example", char::from(b'a' + n)))).await;
        }
        assert_eq!(theirs(&site, LUC).await, own);
        // It ends on its day.
        site.until("2026-03-07T09:00:00Z").await;
        for n in 0..4_u8 {
            site.then(&wifi(&format!("parent{}@college.example", char::from(b'a' + n)))).await;
        }
        let after = theirs(&site, LUC).await;
        assert!(after > own);
        // Said and taken back; and what names no day is asked about.
        site.then(&Mail::reply(&notice.mail, LUC, "#absent jusqu'à lundi en huit")).await;
        site.then(&Mail::reply(&notice.mail, LUC, "#absent non")).await;
        assert!(site.sink.last(LUC).mail.text.contains("Vous êtes de retour."), "{}", site.sink.last(LUC).mail.text);
        for n in 0..4_u8 {
            site.then(&wifi(&format!("tuteur{}@college.example", char::from(b'a' + n)))).await;
        }
        assert!(theirs(&site, LUC).await > after);
        site.then(&Mail::reply(&notice.mail, LUC, "#absent quelque temps")).await;
        assert!(site.sink.last(LUC).mail.text.contains("quelque temps"), "{}", site.sink.last(LUC).mail.text);
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    wo11_an_address_that_is_gone_is_noticed_once(site, &house()) {
        until_luc_has_one(&site).await;
        let own = theirs(&site, LUC).await;
        let notice = site.sink.to(LUC)[0].clone();
        let id = notice.mail.message_id.clone().unwrap();
        let report = format!(
            "From: MAILER-DAEMON@mx.desk.example\r\nTo: support@desk.example\r\nSubject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\nMessage-ID: <gone-1@mx.desk.example>\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nThe address is unknown.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.desk.example\r\n\r\nFinal-Recipient: rfc822; {LUC}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\
             --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\n--b--\r\n"
        );
        site.put_bytes(report.as_bytes());
        site.round().await;
        let told = site.sink.with_words(MARIE, "l'adresse n'existe plus");
        assert!(told.mail.text.contains(LUC), "{}", told.mail.text);
        site.put_bytes(report.replace("gone-1", "gone-2").as_bytes());
        site.round().await;
        assert_eq!(kinds(&site, MARIE).await.iter().filter(|kind| *kind == "absent").count(), 1);
        for n in 0..4_u8 {
            site.then(&wifi(&format!("eleve{}@college.example", char::from(b'a' + n)))).await;
        }
        assert_eq!(theirs(&site, LUC).await, own);
    }

    /// Nobody else makes an agent absent.
    wo11_nothing_else_makes_an_agent_absent(site, &house()) {
        until_luc_has_one(&site).await;
        let own = theirs(&site, LUC).await;
        // Without proof; a person's words; a read receipt; a requester's program.
        site.then(&Mail::from(LUC).subject("Réponse automatique : Absent").header("Auto-Submitted: auto-replied").text("Je suis absent jusqu'au 6 mars.")).await;
        site.then(&Mail::reply(&site.sink.to(LUC)[0].mail, LUC, "#note\nAna est en congés jusqu'au 6 mars.")).await;
        site.then(&vacation(&site, "Votre message a été lu.").subject("Lu : ticket")).await;
        site.then(&Mail::reply(&site.sink.to("profa@college.example")[0].mail, "profa@college.example", "Je suis absente jusqu'au 6 mars.").header("Auto-Submitted: auto-replied")).await;
        site.pass(MINUTE).await;
        assert!(!kinds(&site, MARIE).await.contains(&"absent".to_owned()));
        for n in 0..4_u8 {
            site.then(&wifi(&format!("eleve{}@college.example", char::from(b'a' + n)))).await;
        }
        assert!(theirs(&site, LUC).await > own);
        site.pass(DAY).await;
    }
}
