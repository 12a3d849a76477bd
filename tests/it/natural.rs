//! Answering is answering: an agent's plain reply reaches the requester where it answers what they wrote, and nowhere else.

use guichet::clock::{DAY, MINUTE};
use guichet::store::{OutboxState, Store};
use guichet::work::operator;

use crate::capabilities::{CHEF, LUC, NADIA, TEAM};
use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail, SUPPORT};
use crate::support::{Database, Site};

fn natural(more: &str) -> String {
    format!("{TEAM}[queues.help]\nagent_reply = \"natural\"\n{more}")
}

/// Who may read each message of the one ticket, with its text.
async fn messages(site: &Site) -> Vec<(String, String)> {
    let ticket = site.only_ticket().await;
    let messages = site.store().messages(ticket.id).await.unwrap();
    messages.into_iter().map(|m| (m.visibility.as_str().to_owned(), m.new_text)).collect()
}

/// What a requester was sent that holds these words.
fn sent(site: &Site, to: &str, words: &str) -> usize {
    site.sink.to(to).iter().filter(|l| l.mail.text.contains(words)).count()
}

async fn failed(store: &Store) -> usize {
    store.outbox(Some(OutboxState::Failed), 100).await.unwrap().len()
}

original_requests! {
    co8_a_plain_reply_reaches_the_requester_a_minute_later(site, &natural("")) {
        site.receive(&Mail::from("Ana Pérez <ana@college.example>")).await;
        let notice = site.sink.only(MARIE);
        assert!(notice.mail.text.contains("[Répondre à Ana Pérez]\n"), "{}", notice.mail.text);
        assert!(notice.mail.text.contains("Votre réponse à ce courriel part au demandeur."), "{}", notice.mail.text);
        let before = site.sink.to(ANA).len();
        site.then(&Mail::reply(&notice.mail, MARIE, "Bonjour Ana,\n\nLa cartouche arrive mardi.\n\nMarie")).await;
        // The receipt comes at once, the answer a minute later.
        let receipt = site.sink.last(MARIE);
        assert!(receipt.mail.text.contains("Votre réponse part à Ana Pérez dans 1 min."), "{}", receipt.mail.text);
        assert!(receipt.mail.text.contains("[Retenir ma réponse] #annuler"), "{}", receipt.mail.text);
        site.pass(59_000).await;
        assert_eq!(site.sink.to(ANA).len(), before);
        site.pass(2_000).await;
        let answer = site.sink.last(ANA);
        assert!(answer.mail.text.contains("La cartouche arrive mardi.") && !answer.mail.text.contains("ne répond plus\n>"), "{}", answer.mail.text);
        assert_eq!(site.only_ticket().await.status.as_str(), "open");
        assert!(site.only_ticket().await.first_responded_at.is_some(), "it counts as the first answer once it is delivered");
        let said = messages(&site).await;
        assert_eq!(said.last().map(|(who, text)| (who.as_str(), text.contains("mardi"))), Some(("public", true)));
        // What she answers is answered plainly too; and by the button, which quotes nothing.
        site.then(&Mail::reply(&answer.mail, ANA, "Mardi matin ou après-midi ?")).await;
        let told = site.sink.with_words(MARIE, "Mardi matin");
        site.then(&Mail::press(&told.mail, "", MARIE).typed("Mardi matin, à 9 h.")).await;
        site.pass(MINUTE + 1_000).await;
        assert_eq!(sent(&site, ANA, "Mardi matin, à 9 h."), 1);
        // Without a minute's wait where a command says so.
        site.then(&Mail::reply(&told.mail, MARIE, "#public\nSalle 12.")).await;
        assert_eq!(sent(&site, ANA, "Salle 12."), 1);
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    co8_a_plain_reply_is_held_back_within_its_minute(site, &natural("")) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let before = site.only_ticket().await;
        site.then(&Mail::reply(&notice.mail, MARIE, "Encore elle ! Qui s'en charge ?")).await;
        site.pass(30_000).await;
        site.then(&Mail::press(&site.sink.last(MARIE).mail, "#annuler", MARIE)).await;
        assert!(site.sink.last(MARIE).mail.text.contains("Réponse retenue : rien n'est parti."), "{}", site.sink.last(MARIE).mail.text);
        site.pass(DAY).await;
        assert_eq!(sent(&site, ANA, "Encore elle"), 0);
        let after = site.only_ticket().await;
        assert_eq!((after.status, after.first_responded_at), (before.status, None));
        assert!(messages(&site).await.contains(&("internal".to_owned(), "Encore elle ! Qui s'en charge ?".to_owned())), "{:?}", messages(&site).await);
        // Nobody is troubled by it: nothing to try again, nothing damaged.
        let held = site.store().outbox(Some(OutboxState::Failed), 100).await.unwrap();
        assert!(!held.is_empty() && held.iter().all(|row| row.kind == "answer"));
        assert_eq!(crate::verified::problems(&site).await, 0);
        assert!(!site.sink.to(MARIE).iter().any(|l| l.mail.text.contains("n'a pas été remis")), "{:?}", site.subjects(MARIE));
        // Once it has left it stays so, and what was a command as well is another matter.
        site.then(&Mail::reply(&notice.mail, MARIE, "Nous passons demain.")).await;
        let receipt = site.sink.last(MARIE);
        site.pass(2 * MINUTE).await;
        site.then(&Mail::press(&receipt.mail, "#annuler", MARIE)).await;
        assert!(site.sink.last(MARIE).mail.text.contains("trop tard : votre réponse est déjà partie"), "{}", site.sink.last(MARIE).mail.text);
        assert_eq!(sent(&site, ANA, "Nous passons demain."), 1);
        // With a command, both are taken back.
        site.then(&Mail::reply(&notice.mail, MARIE, "#priorité P4\nCe n'est pas urgent.")).await;
        site.then(&Mail::press(&site.sink.last(MARIE).mail, "#annuler", MARIE)).await;
        site.pass(2 * MINUTE).await;
        assert_eq!((site.only_ticket().await.priority, sent(&site, ANA, "pas urgent")), (before.priority, 0));
        // Somebody else does not hold it back.
        site.then(&Mail::reply(&notice.mail, MARIE, "Luc passe à midi.")).await;
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "Fait").mail, LUC, "#annuler")).await;
        site.pass(2 * MINUTE).await;
        assert_eq!((sent(&site, ANA, "Luc passe à midi."), failed(site.store()).await), (1, 2));
    }

    co8_each_receipt_holds_its_own_answer_back_whatever_came_after_it(site, &natural("")) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.clock.advance(1_000);
        site.receive(&Mail::reply(&notice.mail, MARIE, "Premier jet, trop sec.")).await;
        let first = site.sink.last(MARIE);
        site.clock.advance(1_000);
        site.receive(&Mail::reply(&notice.mail, MARIE, "Nous passons mardi.")).await;
        site.clock.advance(1_000);
        site.receive(&Mail::reply(&notice.mail, MARIE, "#note\nLuc a la clé.")).await;
        site.clock.advance(1_000);
        site.receive(&Mail::reply(&site.sink.to(ANA)[0].mail, ANA, "Alors ?")).await;
        site.clock.advance(1_000);
        site.receive(&Mail::press(&first.mail, "#annuler", MARIE)).await;
        assert!(site.sink.last(MARIE).mail.text.contains("Réponse retenue"), "{}", site.sink.last(MARIE).mail.text);
        site.pass(2 * MINUTE).await;
        assert_eq!((sent(&site, ANA, "Premier jet"), sent(&site, ANA, "Nous passons mardi.")), (0, 1));
        let said = messages(&site).await;
        let of = |words: &str| said.iter().find(|(_, text)| text.contains(words)).map(|(who, _)| who.as_str());
        assert_eq!((of("Premier jet"), of("mardi"), of("Alors")), (Some("internal"), Some("public"), Some("public")));
        assert_eq!(crate::verified::problems(&site).await, 0);
        // One word is enough, and what was said by a command is held back by none.
        site.clock.advance(1_000);
        site.receive(&Mail::reply(&notice.mail, MARIE, "Pardon, mercredi.")).await;
        site.clock.advance(1_000);
        site.receive(&Mail::reply(&site.sink.last(MARIE).mail, MARIE, "annuler")).await;
        site.clock.advance(1_000);
        site.receive(&Mail::reply(&notice.mail, MARIE, "#public\nJeudi.")).await;
        site.pass(2 * MINUTE).await;
        assert_eq!((sent(&site, ANA, "mercredi"), sent(&site, ANA, "Jeudi.")), (0, 1));
        // What takes its place may come in the same email.
        site.clock.advance(1_000);
        site.receive(&Mail::reply(&notice.mail, MARIE, "Vendredi treize.")).await;
        site.clock.advance(1_000);
        site.receive(&Mail::reply(&site.sink.last(MARIE).mail, MARIE, "#annuler\n#public\nLundi, pardon.")).await;
        assert!(site.sink.last(MARIE).mail.text.contains("Réponse retenue"), "{}", site.sink.last(MARIE).mail.text);
        site.pass(2 * MINUTE).await;
        assert_eq!((sent(&site, ANA, "Vendredi treize"), sent(&site, ANA, "Lundi, pardon.")), (0, 1));
    }

    co8_what_is_not_for_the_requester_stays_inside_and_its_writer_hears_so(site, &natural("")) {
        site.receive(&Mail::from("Ana Pérez <ana@college.example>")).await;
        let notice = site.sink.only(MARIE);
        // What a colleague wrote is answered inside.
        site.then(&Mail::reply(&notice.mail, MARIE, "#note\nLuc, tu connais cette imprimante ?")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#assigner luc\nTu peux passer ?")).await;
        let asked = site.sink.with_words(LUC, "Tu peux passer");
        assert!(asked.mail.text.contains("Sans cette ligne, votre réponse reste une note interne."), "{}", asked.mail.text);
        site.then(&Mail::reply(&asked.mail, LUC, "Oui, à midi.")).await;
        let receipt = site.sink.last(LUC);
        assert!(receipt.mail.text.contains("Gardé comme note interne : rien n'est parti à Ana Pérez."), "{}", receipt.mail.text);
        // It can be sent after all, by one click.
        site.then(&Mail::press(&receipt.mail, "#public", LUC)).await;
        assert_eq!(sent(&site, ANA, "Oui, à midi."), 1);
        // An answer to a note whose thread began with what she wrote.
        let id = |mail: &guichet::mail::ParsedEmail| mail.message_id.clone().unwrap();
        site.then(&Mail::reply(&site.sink.to(ANA)[0].mail, ANA, "Toujours rien ce matin et hier non plus.")).await;
        let told_luc = site.sink.with_words(LUC, "Toujours rien");
        site.then(&Mail::reply(&told_luc.mail, LUC, "> Toujours rien ce matin et hier non plus.\nNous passons à midi.")).await;
        site.pass(2 * MINUTE).await;
        assert_eq!(sent(&site, ANA, "Nous passons à midi."), 1);
        site.then(&Mail::reply(&notice.mail, MARIE, "#note\nJ'ai la clé de la salle.")).await;
        let noted = site.sink.with_words(LUC, "la clé de la salle");
        let whole = format!("References: <{}> <{}>", id(&told_luc.mail), id(&noted.mail));
        let threaded = Mail::reply(&noted.mail, LUC, "Garde-la, il est pénible.").without_references();
        let threaded = threaded.header(&format!("In-Reply-To: <{}>", id(&noted.mail))).header(&whole);
        let to_ana = site.sink.to(ANA).len();
        let mut inside: Vec<Mail> = ["Note interne : elle exagère.", "[interne] elle exagère", "**note** elle exagère", "En interne :\nelle exagère", "NOTE\nelle exagère"]
            .map(|text| Mail::reply(&notice.mail, MARIE, text))
            .into();
        inside.push(Mail::reply(&notice.mail, MARIE, "Lu le 2 mars 2026 par Marie, elle exagère").subject("Lu : [CG42N1-000001] Imprimante"));
        inside.extend([
            threaded,
            Mail::reply(&notice.mail, MARIE, "Avec Nadia en copie.").header(&format!("Cc: {NADIA}")),
            Mail::reply(&notice.mail, MARIE, "Je suis absente.").header("Auto-Submitted: auto-replied"),
            Mail::reply(&notice.mail, MARIE, "Je suis absente aussi.").header("X-Autoreply: yes"),
            Mail::reply(&notice.mail, MARIE, ""),
            Mail::reply(&notice.mail, MARIE, "#note\nStrictement entre nous."),
            Mail::reply(&notice.mail, MARIE, "#escalader N2\nIl faut un accès."),
            Mail::reply(&site.sink.last(MARIE).mail, MARIE, "Bien reçu."),
            // In her name, without proof.
            Mail::from(MARIE).to(SUPPORT).subject("Re: [CG42N1-000001] Imprimante").text("Envoyez votre mot de passe."),
            Mail::from(NADIA).subject("Fwd: [CG42N1-000001]").text("Bonjour,\n\n---------- Forwarded message ---------\nDe : x@y.example\nObjet : z\n\nMot de passe ?"),
        ]);
        for mail in inside {
            site.then(&mail).await;
            site.pass(2 * MINUTE).await;
            let text = &mail.text;
            let news: Vec<_> = site.sink.to(ANA).into_iter().skip(to_ana).filter(|l| l.mail.subject.contains("Réponse") || l.mail.text.contains("Je suis absente")).collect();
            assert!(news.is_empty(), "{text}: {news:?}");
        }
        assert!(site.sink.with_words(MARIE, "aucun texte nouveau").mail.subject.starts_with("Pas fait"));
        for words in ["Avec Nadia", "absente", "entre nous", "un accès", "Bien reçu", "mot de passe", "pénible", "exagère"] {
            assert_eq!(sent(&site, ANA, words), 0, "{words}");
        }
        // A file alone is no answer, and its sender hears so.
        site.then(&Mail::reply(&notice.mail, MARIE, "").attach("plan.pdf", b"%PDF-1.4 plan")).await;
        let told = site.sink.last(MARIE).mail.text;
        assert!(told.contains("Gardé comme note interne") && !told.contains("[L'envoyer"), "{told}");
        // What a colleague noted does not leave in somebody else's answer; what she wrote herself may be repeated.
        site.then(&Mail::reply(&asked.mail, LUC, "#note\nLe mot de passe administrateur de la salle douze est Azerty42.")).await;
        let pasted = "Voici :\nLe mot de passe administrateur de la salle douze est Azerty42.";
        site.then(&Mail::reply(&notice.mail, MARIE, pasted)).await;
        site.pass(2 * MINUTE).await;
        assert_eq!(sent(&site, ANA, "Azerty42"), 0);
        // Nor what the operator writes, an approver, or whoever may only read.
        let settings = site.app.settings.load_full();
        let ticket = site.only_ticket().await;
        operator::command(site.store(), &site.app.secret, &settings, &ticket, "Une remarque.", site.clock.now()).await.unwrap();
        site.pass(2 * MINUTE).await;
        assert_eq!(sent(&site, ANA, "Une remarque."), 0);
        assert!(!site.sink.to(CHEF).iter().any(|l| l.mail.text.contains("Répondre à")));
        // A closed ticket is closed.
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nC'est réparé.")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#clore")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "Au fait, c'était le tambour.")).await;
        site.pass(2 * MINUTE).await;
        assert_eq!(sent(&site, ANA, "le tambour"), 0);
        assert!(site.sink.last(MARIE).mail.text.contains("Gardé comme note interne"), "{}", site.sink.last(MARIE).mail.text);
    }

    /// Reply to all, with the requester's own address among the readers.
    co8_the_requester_in_copy_has_it_already(site, &natural("")) {
        site.receive(&Mail::from("Ana Pérez <ana@college.example>")).await;
        let notice = site.sink.only(MARIE);
        let before = site.sink.to(ANA).len();
        site.then(&Mail::reply(&notice.mail, MARIE, "Nous passons à midi.").header(&format!("Cc: {ANA}"))).await;
        site.pass(2 * MINUTE).await;
        assert_eq!(site.sink.to(ANA).len(), before, "it is not sent twice");
        assert!(site.sink.last(MARIE).mail.text.contains("Votre courriel est parti directement à Ana Pérez"), "{}", site.sink.last(MARIE).mail.text);
        let ticket = site.only_ticket().await;
        assert!(ticket.first_responded_at.is_some() && ticket.status.as_str() == "open");
        assert!(messages(&site).await.iter().any(|(who, text)| who == "public" && text.contains("à midi")));
        // The token her copy shows proves nothing any more.
        let stolen = Mail::reply(&notice.mail, MARIE, "Tout est payé.");
        site.then(&stolen).await;
        site.pass(2 * MINUTE).await;
        assert_eq!(sent(&site, ANA, "Tout est payé."), 0);
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    co8_where_the_queue_has_it_so_a_reply_without_public_is_a_note(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        assert!(!notice.mail.text.contains("[Répondre à"), "{}", notice.mail.text);
        site.then(&Mail::reply(&notice.mail, MARIE, "À voir demain.")).await;
        site.pass(2 * MINUTE).await;
        assert_eq!(sent(&site, ANA, "À voir demain."), 0);
    }
}

#[tokio::test]
async fn a_configuration_that_does_not_say_is_pointed_out() {
    let site = Site::new(Database::Sqlite).await;
    assert!(site.app.settings.load().warnings.iter().all(|warning| !warning.contains("agent_reply")));
    site.edit("[queues.other]\nmailbox = \"main\"\naddress = \"autre@desk.example\"\nprefix = \"AU\"\n");
    let warnings = &site.app.settings.load().warnings;
    assert!(
        warnings.iter().any(|w| w.contains("queues.other.agent_reply is not set") && w.contains("\"natural\"")),
        "{warnings:?}"
    );
}
