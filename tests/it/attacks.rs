//! Attacks on what commands rest on. Each is refused, and leaves a verdict.

use crate::support::Said;
use guichet::clock::DAY;

use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::{Database, Site};

const SERVER: &str = "[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n";
const EVE: &str = "eve@elsewhere.example";
const PASS: &str = "Authentication-Results: mx.desk.example; dmarc=pass header.from=agents.example";
const FAIL: &str = "Authentication-Results: mx.desk.example; dmarc=fail header.from=agents.example";

/// The email changed nothing: the ticket is untouched and nobody outside was written to.
async fn refused(site: &Site, mail: &Mail, why: &str) {
    let about = |l: &&crate::support::sink::Received| l.mail.subject.contains("CG42N1-000001");
    let before = (site.tickets().await, site.sink.to(ANA).len(), site.sink.to(EVE).iter().filter(about).count());
    site.then(mail).await;
    let row = site.verdict(mail).await;
    assert!(!row.verdict.said().is_empty() && row.verdict.said() != "command", "{why}: {row:?}");
    let ticket = site.ticket("CG42N1-000001").await;
    let old = &before.0[0];
    assert_eq!(
        (&ticket.status, &ticket.assignee, &ticket.priority),
        (&old.status, &old.assignee, &old.priority),
        "{why}"
    );
    assert_eq!(site.sink.to(ANA).len(), before.1, "{why}");
    let to_eve = site.sink.to(EVE);
    let own = to_eve.iter().filter(|l| !l.mail.subject.contains("CG42N1-000001")).count();
    assert_eq!(to_eve.len() - own, before.2, "{why}: nothing about the ticket goes to Eve");
}

original_requests! {
    a_forged_from_orders_nothing_without_a_believed_server(site) {
        site.receive(&Mail::from(ANA)).await;
        let bare = Mail::from(MARIE).subject("Re: [CG42N1-000001] Imprimante").text("#clore");
        refused(&site, &bare, "no notification of hers is answered").await;
        let ack = site.sink.only(ANA);
        refused(&site, &Mail::reply(&ack.mail, MARIE, "#public\nPayez ici."), "a requester's notification proves nothing").await;
        let claimed = Mail::from(MARIE).subject("Re: [CG42N1-000001]").header(PASS).text("#clore");
        refused(&site, &claimed, "nobody's word is believed here").await;
    }

    a_forged_from_orders_nothing_where_a_server_is_believed(site, SERVER) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        for (marks, why) in [
            ("", "no word at all"),
            (FAIL, "the server denies it"),
            ("Authentication-Results: mx.evil.example; dmarc=pass", "another server's word"),
            ("Authentication-Results: mx.desk.example; dmarc=pass header.from=evil.example", "about another domain"),
            ("Authentication-Results: mx.desk.example; dkim=pass header.d=evil.example", "a signature of another domain"),
            ("Authentication-Results: mx.desk.example; dmarc=none\nReceived: from evil\nAuthentication-Results: mx.desk.example; dmarc=pass header.from=agents.example", "the lower of two blocks is forged"),
        ] {
            let mut mail = Mail::reply(&notice.mail, MARIE, "#clore");
            mail.more = if marks.is_empty() { mail.more } else { format!("{marks}\n{}", mail.more) };
            refused(&site, &mail, why).await;
        }
        let mut good = Mail::reply(&notice.mail, MARIE, "#clore");
        good.more = format!("{PASS}\n{}", good.more);
        site.then(&good).await;
        assert_eq!(site.only_ticket().await.status, "closed", "and what the server vouches for is done");
    }

    a_copied_token_is_worth_nothing_to_another(site, "[queues.help]\nreply_to = \"plus\"\n") {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let address = notice.mail.reply_to.clone().unwrap().address;
        let stolen = Mail::from(EVE).to(&address).subject("Re: [CG42N1-000001]").text("#clore");
        refused(&site, &stolen, "Eve with Marie's reply address").await;
        refused(&site, &Mail::reply(&notice.mail, ANA, "#résoudre tout va bien"), "Ana with Marie's notification").await;
        let pressed = Mail::press(&notice.mail, "#prendre", EVE);
        refused(&site, &pressed, "Eve with Marie's button").await;
        // Ana's own notification in Eve's hands: words at most, never a command.
        let ack = site.sink.only(ANA);
        refused(&site, &Mail::press(&ack.mail, "#résolu", EVE), "Eve with Ana's button").await;
    }

    a_button_is_worth_nothing_to_another_without_plus_addresses(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        assert!(notice.mail.text.contains("%5Bref%3Agt."), "the notification's mark stands in the link");
        refused(&site, &Mail::press(&notice.mail, "#prendre", EVE), "Eve with Marie's button").await;
        site.then(&Mail::press(&notice.mail, "#prendre", MARIE)).await;
        assert_eq!(site.ticket("CG42N1-000001").await.assignee.said(), MARIE);
    }

    a_token_shown_in_a_reply_to_all_proves_nothing_afterwards(site) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let to_all = Mail::reply(&notice.mail, MARIE, "#public\nBonjour à tous.").header(&format!("Cc: {EVE}"));
        site.then(&to_all).await;
        assert!(site.sink.with_words(ANA, "Bonjour à tous.").mail.subject.contains("CG42N1"), "the email itself was good");
        // Eve has the notification's id from the headers, and Marie's address.
        let forged = Mail::reply(&notice.mail, MARIE, "#clore");
        refused(&site, &forged, "the notification was shown to Eve").await;
        assert!(site.verdict(&forged).await.reason.contains("proves nothing any more"));
        // Marie goes on with any other notification of hers.
        let told = site.sink.with_words(MARIE, "Fait : ");
        site.then(&Mail::reply(&told.mail, MARIE, "#priorité P1")).await;
        assert_eq!(site.ticket("CG42N1-000001").await.priority, "P1");
    }

    a_stale_token_proves_nothing(site, "[life]\nproof = \"30d\"\n") {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.clock.advance(31 * DAY);
        refused(&site, &Mail::reply(&notice.mail, MARIE, "#clore"), "a notification of last month").await;
    }

    a_reply_to_that_differs_gets_nothing(site) {
        let mail = Mail::from(ANA).header(&format!("Reply-To: {EVE}"));
        site.receive(&mail).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nVotre mot de passe est X.").header(&format!("Reply-To: {EVE}"))).await;
        assert!(site.sink.to(EVE).is_empty());
        assert!(site.sink.with_words(ANA, "mot de passe").mail.text.contains('X'));
    }

    headers_cannot_be_injected(site) {
        let nasty = "=?utf-8?Q?Panne=0D=0ABcc:_eve@elsewhere.example=0D=0AX-Evil:_1?=";
        let mut mail = Mail::from("\"Ana\\\" <x@y>\\r\\nBcc: eve@elsewhere.example\" <ana@college.example>");
        mail.subject = nasty.to_owned();
        site.receive(&mail).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#scinder Titre\u{2028}Bcc: eve@elsewhere.example\nTexte.")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#cc eve@elsewhere.example%0d%0aBcc:bob@x.example")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#demandeur \"a\\nb\"@elsewhere.example")).await;
        assert!(site.sink.to(EVE).is_empty());
        for notification in site.sink.notifications() {
            assert!(notification.header("Bcc").is_empty() && notification.header("X-Evil").is_empty(), "{}", notification.raw);
        }
    }

    orders_in_what_is_quoted_are_not_given(site) {
        site.receive(&Mail::from(ANA).text("#clore\n#résoudre tout\nBonjour")).await;
        assert_eq!(site.only_ticket().await.status, "new");
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "Je regarde.\n#clore")).await;
        let ticket = site.only_ticket().await;
        assert_eq!(ticket.status, "new", "neither below the text nor in the quote");
        let told = site.sink.with_words(MARIE, "Pas fait");
        assert!(told.mail.text.contains("tout en haut"), "{}", told.mail.text);
        // A quote that nothing marks but the line above it, in an email without a word of one's own.
        let quote = Mail::reply(&notice.mail, MARIE, "").text("\n-----Message d'origine-----\nDe : Support\nEnvoyé : lundi 2 mars 2026 09:15\nÀ : Marie\nObjet : Imprimante\n\n#clore\n");
        site.then(&quote).await;
        assert_eq!(site.only_ticket().await.status, "new");
    }

    a_requester_orders_nothing_of_an_agent(site) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA);
        for text in ["#prendre", "#approuver", "#assigner marie", "#priorité P0", "#public\nBonjour", "#demandeur eve@elsewhere.example", "#fusionner CG42N1-2", "#liste", "#kb x"] {
            let mail = Mail::reply(&ack.mail, ANA, text);
            site.then(&mail).await;
            let ticket = site.only_ticket().await;
            assert_eq!((ticket.status.as_str(), ticket.assignee.said(), ticket.priority.as_str(), ticket.requester.as_str()), ("new", "", "P3", ANA), "{text}");
        }
        let _ = SUPPORT;
    }
}
