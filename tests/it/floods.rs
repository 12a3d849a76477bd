//! Caps and floods: what is urgent is never lost among what is not, and nobody is flooded by one cause.

use guichet::clock::{HOUR, MINUTE};

use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::{Database, Site};

const BOB: &str = "bob@college.example";
const STRICT: &str =
    "[queues.help]\nurgent_from = [\"@direction.college.example\"]\n[limits]\nagent_notifications_per_hour = 10\n";
const SMALL: &str = "[limits]\nagent_notifications_per_hour = 10\n";

/// So many requests of five senders, each in other words.
fn flood(site: &Site, count: usize, from: usize) {
    for n in from..from + count {
        let sender = format!("classe{}@college.example", n % 5);
        let words =
            format!("Le poste {} de la salle {} affiche le code {}.", spelled(n), spelled(n / 7), spelled(n * 31));
        site.put(&Mail::from(&sender).subject(&format!("Panne {n}")).text(&words));
    }
}

fn spelled(n: usize) -> String {
    n.to_string().bytes().map(|digit| char::from(b'a' + digit - b'0')).map(|c| format!("{c}{c}o")).collect()
}

original_requests! {
    /// Two thousand emails of five senders, and then a P0: the agent hears of it at once, of all others too, and the operator that it was
    /// too much.
    a_p0_is_seen_through_two_thousand_others(site) {
        flood(&site, 2_000, 0);
        site.round().await;
        assert_eq!(site.tickets().await.len(), 2_000, "nothing is lost");
        let before = site.sink.to(MARIE).len();
        assert!((1_600..1_700).contains(&before), "{before}");
        site.then(&Mail::from(ANA).subject("[P0] Plus aucun réseau").text("Plus rien ne marche dans tout l'établissement.")).await;
        site.sink.with_words(MARIE, "Plus aucun réseau");
        // The requester was acknowledged all the same.
        site.sink.with_words(ANA, "CG42N1-002001");
        site.pass(11 * MINUTE).await;
        let digest = site.sink.last(MARIE);
        assert!(digest.mail.text.contains("CG42N1-002000") || digest.mail.text.contains("… + "), "{}", digest.mail.text);
        let told = site.sink.to(MARIE).len();
        assert!(told - before <= 3, "one digest, not one notification each: {}", told - before);
        site.tend().await;
        let alarms = site.store().alarms().await.unwrap();
        assert!(alarms.iter().any(|alarm| alarm.name == "digest"), "{alarms:?}");
        site.pass(3 * HOUR).await;
        site.tend().await;
        let alarms = site.store().alarms().await.unwrap();
        assert!(!alarms.iter().any(|alarm| alarm.name == "digest"), "it is over: {alarms:?}");
    }

    /// What is theirs reaches an agent one by one, whatever the flood.
    what_is_an_agents_own_is_never_collected(site, SMALL) {
        site.receive(&Mail::from(ANA).subject("La mienne")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#demander Quel modèle ?")).await;
        flood(&site, 30, 0);
        site.round().await;
        let question = site.sink.with_words(ANA, "Quel modèle");
        site.then(&Mail::reply(&question.mail, ANA, "Le modèle tournesol, au fond du couloir.")).await;
        assert!(site.sink.with_words(MARIE, "tournesol").mail.text.contains("tournesol"), "the answer to her question");
        let before = site.sink.to(MARIE).len();
        site.then(&Mail::reply(&notice.mail, MARIE, "#prendre")).await;
        assert_eq!(site.sink.to(MARIE).len(), before + 1, "the receipt of her command");
    }

    /// Whoever may not call something urgent floods nobody with `[P0]`.
    a_strangers_p0_is_urgent_only_for_whom_the_queue_believes(site, STRICT) {
        flood(&site, 30, 0);
        site.round().await;
        let before = site.sink.to(MARIE).len();
        assert!(before <= 9, "{before}");
        for n in 0..30 {
            site.put(&Mail::from(&format!("x{n}@elsewhere.example")).subject("[P0] URGENT").text(&format!("Achetez {} vite, {} offre {}.", spelled(n), spelled(n + 9), spelled(n * 13))));
        }
        site.round().await;
        assert_eq!(site.sink.to(MARIE).len(), before, "collected like the others");
        site.then(&Mail::from("chef@direction.college.example").subject("[P0] Incendie au local serveur").text("Les pompiers arrivent, coupez tout.")).await;
        site.sink.with_words(MARIE, "Incendie au local serveur");
    }

    /// A responder that writes from a new address each time says the same words each time.
    a_responder_with_many_addresses_is_held(site) {
        for n in 0..40 {
            site.put(&Mail::from(&format!("u{n}-{}@robot.example", spelled(n))).subject(&format!("Re: votre message {n}")).text(&format!(
                "Bonjour {n},\nnous avons bien reçu votre message n° {n} et reviendrons vers vous sous peu.\nhttps://robot.example/t/{n}\nu{n}@robot.example"
            )));
            site.round().await;
        }
        assert!(site.tickets().await.len() <= 11, "{}", site.tickets().await.len());
        assert!(site.store().held().await.unwrap().len() >= 29);
        // People who say different things are not held for it.
        site.then(&Mail::from(BOB).subject("Wifi").text("Le wifi de la bibliothèque coupe toutes les heures depuis lundi.")).await;
        assert!(site.tickets().await.iter().any(|ticket| ticket.requester == BOB));
    }

    /// A message to more people than one may reach goes to nobody, and says why.
    a_message_to_too_many_reaches_nobody(site, &format!("[limits]\nrecipients_per_message = 40\n{}", audience(41))) {
        site.receive(&Mail::from(ANA).subject("Portail arrêté")).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#diffuser tous\nLe portail est arrêté jusqu'à midi.")).await;
        assert!(site.sink.notifications().iter().all(|notification| !notification.to.starts_with("reader")));
        let told = site.sink.with_words(MARIE, "Pas fait");
        assert!(told.mail.text.contains("40") && told.mail.text.contains("41"), "{}", told.mail.text);
    }
}

fn audience(count: usize) -> String {
    let people: Vec<String> = (0..count).map(|n| format!("\"reader{n}@college.example\"")).collect();
    format!("[audiences.tous]\naddresses = [{}]\n", people.join(", "))
}

/// Five hundred people and a large file: the bytes are made and kept once.
#[tokio::test]
async fn a_bulletin_with_a_file_is_not_kept_once_per_reader() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::with(database, &audience(500)).await;
        site.receive(&Mail::from(ANA).subject("Portail arrêté")).await;
        let notice = site.sink.only(MARIE);
        let file: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        site.put(
            &Mail::reply(&notice.mail, MARIE, "#diffuser tous\nLe portail est arrêté jusqu'à midi.")
                .attach("plan.png", &file),
        );
        site.round().await;
        let sent = site.sink.notifications().into_iter().filter(|l| l.to.starts_with("reader")).count();
        assert_eq!(sent, 500);
        let mut raw = site.raw().await;
        let count = |sql: &'static str| sqlx::query_scalar::<sqlx::Any, i64>(sql);
        let kept =
            count("SELECT CAST(SUM(octet_length(bytes)) AS BIGINT) FROM outbox_raw").fetch_one(&mut raw).await.unwrap();
        assert!(kept < 3_000_000, "{kept} bytes of notifications");
        let bodies = count("SELECT COUNT(*) FROM outbox_body").fetch_one(&mut raw).await.unwrap();
        assert_eq!(bodies, 1);
        let of_readers = site.sink.notifications().into_iter().filter(|l| l.to.starts_with("reader"));
        for notification in of_readers {
            assert_eq!(
                notification.raw.matches("reader").count(),
                notification.raw.matches(notification.to.split('@').next().unwrap()).count()
            );
            assert_eq!(notification.mail.attachments.len(), 1);
        }
    }
}
