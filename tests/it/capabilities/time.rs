//! Time: TI1 to TI5.

use crate::support::Said;
use guichet::clock::{DAY, HOUR, MINUTE};
use guichet::report::{Period, Sort};
use guichet::ticket::sla::{State, sla_status};
use guichet::work::reports::build;

use super::{LUC, NADIA, TEAM};
use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::{Database, Site};

/// Monday to Friday from 8 to 12 and from 14 to 18.
const LEVELS: &str = r#"
[calendars.office]
label = { fr = "heures de bureau", en = "office hours" }
hours = { mon-fri = "08:00-12:00, 14:00-18:00" }
holidays = ["fr"]
[slas.std]
calendar = "office"
acknowledge = "1h"
major = ["P1"]
post_mortem = ["P1"]
targets = [
  { level = 1, priority = "P1", respond = "1h", resolve = "4h", calendar = "always" },
  { level = 1, priority = "P2", respond = "2h", resolve = "8h", stalled_after = "2h" },
  { level = 1, priority = "P3", respond = "2h", resolve = "8h" },
  { level = 1, priority = "P4", respond = "2d", resolve = "best effort" },
  { level = 2, priority = "P3", respond = "2h", resolve = "4h" },
]
[slas.gold]
calendar = "always"
targets = [{ respond = "15m", resolve = "2h" }]
[contracts.rectorat]
senders = ["@rectorat.example", "dir@college.example"]
sla = "gold"
level = 2
[audiences.enseignants]
addresses = ["tous@college.example"]
"#;

fn levels(more: &str) -> String {
    format!("{TEAM}{LEVELS}{more}")
}

const STD: &str = "[queues.help]\nsla = \"std\"\n";

original_requests! {
    ti1_what_is_promised_depends_on_queue_level_priority_and_contract(site, &levels(STD)) {
        site.receive(&Mail::from(ANA)).await;
        let ticket = site.only_ticket().await;
        let (response, resolution) = sla_status(&ticket.view(), site.clock.now());
        let zone = &site.app.settings.load().policy.service_desk.time_zone;
        let say = |at| guichet::clock::rfc3339(at, zone);
        // 9:15 and two hours; eight hours over the lunch and the night.
        assert_eq!((say(response.due_at).as_str(), say(resolution.due_at).as_str()), ("2026-03-02T11:15:00+01:00", "2026-03-03T09:15:00+01:00"));
        assert!(site.sink.only(ANA).mail.text.contains("Une personne de l'équipe vous répondra avant le 2 mars 2026 à 11:15."), "the requester knows");
        let notice = site.sink.only(MARIE);
        assert!(notice.mail.text.replace('\n', " ").contains("avant le 2 mars 2026 à 11:15 (objectif 2 h, heures de bureau)"), "{}", notice.mail.text);
        // Who has a contract has its times, and its level.
        site.then(&Mail::from("chef@rectorat.example")).await;
        let gold = site.ticket("CG42N1-000002").await;
        assert_eq!((gold.sla.policy.as_str(), gold.level, gold.sla.respond), ("gold", 2, 15 * MINUTE));
        assert!(site.sink.with_words(NADIA, "objectif 15 min").mail.text.contains("24 h/24"));
        // Best effort is said to be that; days are working days.
        site.then(&Mail::from("autre@college.example").subject("[P4] Couleur du bouton")).await;
        let low = site.ticket("CG42N1-000003").await;
        assert_eq!(say(low.sla.respond_due), "2026-03-04T09:17:00+01:00");
        assert!(site.sink.with_words(MARIE, "Couleur du bouton").mail.text.contains("Résolution au mieux, sans échéance."));
        // Another priority is another promise; the history says so.
        site.then(&Mail::reply(&notice.mail, MARIE, "#priorité P4")).await;
        assert_eq!(sla_status(&site.ticket("CG42N1-000001").await.view(), site.clock.now()).1.state, State::None);
        assert!(site.events(&ticket).await.iter().any(|e| e.starts_with("sla: std P4")));
        // So does an edited configuration.
        site.edit("[slas.std]\ntargets = [{ respond = \"1h\", resolve = \"3h\", calendar = \"always\" }]\n");
        site.round().await;
        let ticket = site.ticket("CG42N1-000001").await;
        assert_eq!(say(ticket.sla.resolve_due), "2026-03-02T12:15:00+01:00");
        assert!(site.events(&ticket).await.iter().any(|e| e.starts_with("sla: std P4, calendar always")), "{:?}", site.events(&ticket).await);
        assert_eq!(site.ticket("CG42N1-000002").await.sla, gold.sla, "what was not edited stays");
        // What was promised does not slide: more time, or none, is for requests to come.
        site.edit("[slas.std]\ntargets = [{ respond = \"1d\", resolve = \"best effort\", calendar = \"office\" }]\n");
        site.round().await;
        let ticket = site.ticket("CG42N1-000001").await;
        assert_eq!((say(ticket.sla.respond_due).as_str(), say(ticket.sla.resolve_due).as_str()), ("2026-03-02T10:15:00+01:00", "2026-03-02T12:00:00+01:00"), "in office hours 12:15 is noon");
        assert!(site.events(&ticket).await.iter().any(|e| e.ends_with("what was promised stays")));
        // An agent may still correct the priority, and that counts.
        site.then(&Mail::reply(&notice.mail, MARIE, "#priorité P3")).await;
        let ticket = site.ticket("CG42N1-000001").await;
        assert_eq!((say(ticket.sla.respond_due).as_str(), ticket.sla.resolve_due), ("2026-03-03T09:15:00+01:00", 0));
    }

    ti2_an_email_counts_from_when_its_server_received_it(site, &levels("[queues.help]\nsla = \"std\"\nacknowledge = \"all\"\n")) {
        let file = |number: u32| site.folder.path().join(format!("mail/new/{number}.m"));
        let arrives = |number: u32, ago: i64| {
            let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis((site.clock.now() - ago) as u64);
            std::fs::File::options().write(true).open(file(number)).unwrap().set_modified(at).unwrap();
        };
        let say = |at| guichet::clock::rfc3339(at, &site.app.settings.load().policy.service_desk.time_zone);
        // The line was down: received at 8:05, fetched at 9:15.
        site.put(&Mail::from(ANA));
        arrives(1_000, 70 * MINUTE);
        site.round().await;
        let ticket = site.only_ticket().await;
        assert_eq!((say(ticket.sla.respond_due).as_str(), say(ticket.sla.resolve_due).as_str()), ("2026-03-02T10:05:00+01:00", "2026-03-03T08:05:00+01:00"));
        // Restored from a backup, or from a server whose clock is ahead: from fetching.
        for (number, ago) in [(1_001, 25 * HOUR), (1_002, -HOUR), (1_003, DAY)] {
            site.put(&Mail::from(&format!("luc{number}@college.example")));
            arrives(number, ago);
        }
        site.round().await;
        let begun: Vec<i64> = site.tickets().await.iter().skip(1).map(|t| site.clock.now() - t.sla.begun).collect();
        assert_eq!(begun, [0, 0, DAY]);
        // An answer ends the wait from when it was received, and never before the wait began.
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "CG42N1-000001").mail, MARIE, "#demander\nQuelle imprimante ?")).await;
        let asked = site.sink.with_words(ANA, "Quelle imprimante").mail;
        site.clock.advance(2 * HOUR);
        site.put(&Mail::reply(&asked, ANA, "Celle du CDI."));
        arrives(1_005, 30 * MINUTE);
        site.round().await;
        let ticket = site.ticket("CG42N1-000001").await;
        let now = site.clock.now();
        assert_eq!(ticket.sla.stays.last().map(|stay| now - stay.at), Some(30 * MINUTE));
        let told = site.sink.last(ANA).mail.text.replace('\n', " ");
        assert!(told.contains("Le délai reprend"), "the end of the wait is told: {told}");
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "CG42N1-000001").mail, MARIE, "#demander\nEt laquelle encore ?")).await;
        site.put(&Mail::reply(&site.sink.with_words(ANA, "laquelle encore").mail, ANA, "La même."));
        arrives(1_007, 5 * HOUR);
        site.round().await;
        let stays = site.ticket("CG42N1-000001").await.sla.stays;
        assert!(stays.windows(2).all(|pair| pair[0].at <= pair[1].at), "{stays:?}");
        // Reopened by an email that had waited, the clocks begin anew then, and that is told.
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "CG42N1-000001").mail, MARIE, "#résoudre\nRéparée.")).await;
        site.clock.advance(HOUR);
        site.put(&Mail::reply(&site.sink.with_words(ANA, "Réparée").mail, ANA, "Non, toujours en panne."));
        arrives(1_009, 20 * MINUTE);
        site.round().await;
        let sla = site.ticket("CG42N1-000001").await.sla;
        assert_eq!((site.clock.now() - sla.begun, site.clock.now() - sla.from), (20 * MINUTE, 20 * MINUTE));
        let told = site.sink.with_words(ANA, "rouvert").mail.text.replace('\n', " ");
        assert!(told.contains("Un nouveau délai commence"), "{told}");
        // What is told to whoever waited is what the ticket has.
        assert!(site.sink.to(ANA)[0].mail.text.contains("avant le 2 mars 2026 à 10:05"), "{}", site.sink.to(ANA)[0].mail.text);
    }

    ti2_the_clock_pauses_people_are_warned_and_a_breach_goes_up(site, &levels(STD)) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        // Warned at 75 and at 90 per cent of two hours.
        site.until("2026-03-02T10:44:00+01:00").await;
        assert_eq!(site.sink.to(MARIE).len(), 1);
        site.until("2026-03-02T10:45:30+01:00").await;
        assert!(site.sink.with_words(MARIE, "Échéance proche").mail.text.replace('\n', " ").contains("attendue avant le 2 mars 2026 à 11:15 : il reste"));
        site.until("2026-03-02T11:04:00+01:00").await;
        assert_eq!(site.sink.to(MARIE).len(), 3);
        // A question is an answer; the clock of the solution waits with it, at 11:05 of 9:15.
        site.then(&Mail::reply(&notice.mail, MARIE, "#demander\nQuelle imprimante ?")).await;
        let ticket = site.only_ticket().await;
        let (response, resolution) = sla_status(&ticket.view(), site.clock.now());
        assert_eq!((response.state, resolution.state, resolution.due_at), (State::Met, State::Paused, 0));
        assert_eq!(ticket.sla.respond_took, Some(110 * MINUTE));
        site.until("2026-03-03T10:00:00+01:00").await;
        assert_eq!(site.only_ticket().await.status, "pending", "a clock that stands still is not late");
        site.receive(&Mail::reply(&site.sink.with_words(ANA, "Quelle imprimante").mail, ANA, "Celle du CDI.")).await;
        let ticket = site.only_ticket().await;
        // 6 h 10 are left at Tuesday 10:00: to 12, from 14 to 18, and ten minutes on Wednesday.
        assert_eq!(ticket.sla.resolve_due, "2026-03-04T08:10:00+01:00".parse::<jiff::Timestamp>().unwrap().as_millisecond());
        site.then(&Mail::reply(&notice.mail, MARIE, "#voir")).await;
        let sheet = site.sink.last(MARIE).mail.text.replace('\n', " ");
        assert!(sheet.contains("Attentes non comptées : 6 h 55 en attente du demandeur."), "{sheet}");
        // Nobody solves it: the next level helps, once, at its time, and a breach is dated at its time.
        site.until("2026-03-04T08:09:00+01:00").await;
        assert_eq!(site.only_ticket().await.sla.joined, 0);
        site.until("2026-03-04T08:10:30+01:00").await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.level, ticket.sla.joined, ticket.status.as_str()), (1, 2, "open"));
        assert_eq!(sla_status(&ticket.view(), site.clock.now()).1.state, State::Breached);
        let sheet = site.sink.only(NADIA);
        let text = sheet.mail.text.replace('\n', " ");
        assert!(text.contains("La résolution était attendue avant le 4 mars 2026 à 08:10. Le niveau N1 garde la demande et a besoin de votre aide."), "{text}");
        // What the level owes from now on: two hours, and four.
        assert!(text.contains("Le niveau N2 a jusqu'au 4 mars 2026 à 10:10 pour prendre la demande en charge.") && text.contains("Le niveau N2 a jusqu'au 4 mars 2026 à 14:10 pour résoudre la demande"), "{text}");
        assert!(site.sink.with_words(MARIE, "Le niveau N2 vient en renfort ; vous gardez la demande.").mail.subject.starts_with("Échéance dépassée"));
        let news = site.sink.with_words(ANA, "Veuillez nous en excuser").mail.text.replace('\n', " ");
        assert!(news.contains("Elle devait être résolue avant le 4 mars 2026 à 08:10") && news.contains("Une équipe plus spécialisée vient en renfort."), "{news}");
        assert!(news.contains("Résolution prévue avant le 4 mars 2026 à 14:10."), "{news}");
        assert!(!news.contains("N2") && !news.contains("OLA"), "{news}");
        // Whoever is called to help may end it. Reopened it starts anew, where it was, and goes nowhere at once.
        site.then(&Mail::reply(&sheet.mail, NADIA, "#résoudre\nRéparée.")).await;
        site.then(&Mail::reply(&site.sink.with_words(ANA, "Réparée").mail, ANA, "Non, toujours en panne.")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.sla.resolve_missed, ticket.level, ticket.sla.joined), ("reopened", 0, 1, 0));
        assert!(site.sink.with_words(ANA, "Un nouveau délai commence").mail.text.replace('\n', " ").contains("avant le 5 mars 2026 à 08:1"));
        let before = site.sink.notifications().len();
        site.pass(20 * MINUTE).await;
        assert_eq!((site.sink.notifications().len(), site.only_ticket().await.sla.joined), (before, 0));
    }

    ti2_a_ticket_that_does_not_move_goes_up_and_every_step_of_its_people_holds_it(site, &levels(STD)) {
        site.receive(&Mail::from(ANA).subject("[P2] Panne")).await;
        let notice = site.sink.only(MARIE);
        site.until("2026-03-02T11:00:00+01:00").await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#public\nNous regardons.")).await;
        site.until("2026-03-02T11:30:00+01:00").await;
        assert_eq!(site.only_ticket().await.level, 1, "somebody has done something");
        // 11:01 and two working hours: the lunch does not count.
        site.until("2026-03-02T15:00:00+01:00").await;
        assert_eq!(site.only_ticket().await.level, 1);
        site.until("2026-03-02T15:02:00+01:00").await;
        assert_eq!(site.only_ticket().await.level, 2);
        assert!(site.sink.only(NADIA).mail.text.contains("depuis trop longtemps"));
    }

    ti2_nobody_is_woken_at_night_and_a_days_downtime_is_one_notification(site, &levels(STD)) {
        // On a Friday evening: nothing leaves before Monday.
        site.until("2026-03-06T17:50:00+01:00").await;
        for n in 0..12_u8 {
            let room = char::from(b'a' + n);
            site.put(&Mail::from(&format!("u{n}@college.example")).subject(&format!("Panne {n}")).text(&format!("Plus de réseau en salle {room}{room}, depuis ce matin.")));
        }
        site.round().await;
        let quiet = site.sink.to(MARIE).len();
        for hour in 1..=61 {
            site.pass(HOUR).await;
            assert_eq!(site.sink.to(MARIE).len(), quiet, "{hour} hours later");
        }
        // The service desk is away all of Monday. What fell due is one notification a person, marked as late.
        site.until("2026-03-10T08:00:00+01:00").await;
        let all = site.sink.to(MARIE);
        assert_eq!(all.len(), quiet + 1, "{:?}", all.iter().map(|l| &l.mail.subject).collect::<Vec<_>>());
        let late = site.sink.with_words(MARIE, "En retard");
        assert!(late.mail.text.contains("Ce rappel part en retard"));
        for n in 0..12 {
            assert!(late.mail.text.contains(&format!("Panne {n}\n")), "{n}: {}", late.mail.text);
        }
        // A breach counts from its time, not from when it was found.
        let ticket = site.ticket("CG42N1-000001").await;
        let due = "2026-03-09T09:50:00+01:00".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        assert_eq!((ticket.sla.respond_missed, ticket.level, ticket.sla.joined), (due, 1, 2));
        assert!(late.mail.text.contains("Échéance : 9 mars 2026 à 09:50."), "{}", late.mail.text);
        // Twice is once.
        site.round().await;
        assert_eq!(site.sink.to(MARIE).len(), quiet + 1);
    }

    ti3_a_major_incident_calls_everybody_and_ends_with_a_post_mortem(site, &levels(STD)) {
        site.receive(&Mail::from(ANA).subject("[P1] Plus rien ne marche")).await;
        for who in [MARIE, LUC, NADIA] {
            let call = site.sink.only(who);
            assert!(call.mail.subject.starts_with("INCIDENT MAJEUR [CG42N1-000001] P1"), "{}", call.mail.subject);
            assert!(call.mail.text.contains("#diffuser enseignants"), "those it concerns can be told: {}", call.mail.text);
        }
        // Every hour, by day and night, until it is solved.
        site.then(&Mail::press(&site.sink.only(LUC).mail, "#prendre", LUC)).await;
        site.then(&Mail::reply(&site.sink.with_words(LUC, "INCIDENT MAJEUR").mail, LUC, "#public\nNous y sommes.")).await;
        site.until("2026-03-02T10:15:30+01:00").await;
        let point = site.sink.with_words(NADIA, "Point de situation");
        assert!(point.mail.text.replace('\n', " ").contains("Luc Roche s'en charge ; dernier message au demandeur : 2 mars 2026 à 09:17."), "{}", point.mail.text);
        site.then(&Mail::press(&site.sink.with_words(MARIE, "INCIDENT MAJEUR").mail, "#diffuser", MARIE)).await;
        assert!(site.sink.only("tous@college.example").mail.text.contains("Un incident perturbe le service"));
        site.then(&Mail::reply(&site.sink.with_words(LUC, "Point de situation").mail, LUC, "#public\nLe serveur redémarre.")).await;
        site.until("2026-03-02T11:16:00+01:00").await;
        let points = |who: &str| site.sink.to(who).iter().filter(|l| l.mail.subject.starts_with("Point de situation")).count();
        // And who took it, which those did not do themselves.
        assert_eq!([MARIE, LUC, NADIA].map(points), [3, 2, 3]);
        let newest = site.sink.with_words(NADIA, "Point de situation");
        assert!(newest.mail.text.contains("Le serveur redémarre."), "what was said stands in it: {}", newest.mail.text);
        site.then(&Mail::reply(&site.sink.last(LUC).mail, LUC, "#résoudre\nDisque remplacé.")).await;
        let asked = site.sink.with_words(LUC, "Post-mortem");
        for words in ["Cause racine", "Actions correctives", "Enseignements", "Durée", "2 h 02", "Le serveur redémarre."] {
            assert!(asked.mail.text.contains(words), "{words}: {}", asked.mail.text);
        }
        // Who did what, in the order in which it was done.
        let timeline: Vec<&str> = asked.mail.text.lines().map(str::trim).filter(|line| line.starts_with("- 2 mars 2026")).collect();
        assert!(timeline.is_sorted() && timeline.len() >= 4, "{timeline:?}");
        assert!(timeline.iter().any(|line| line.ends_with("Luc Roche : résolu")), "{timeline:?}");
        site.pass(3 * HOUR).await;
        assert_eq!(points(NADIA), 4, "it is over, and they heard so");
        assert!(site.sink.with_words(NADIA, "Incident terminé : résolu par Luc Roche.").mail.subject.starts_with("Point"));
        // None has come after 48 hours: those who answer for the queue hear of it too. Then it comes.
        site.pass(46 * HOUR).await;
        assert!(site.sink.with_words(MARIE, "manque encore").mail.subject.starts_with("Post-mortem"));
        site.then(&Mail::press(&asked.mail, "#bilan", LUC)).await;
        assert!(site.sink.with_words(LUC, "Pas fait").mail.text.contains("il reste des « [à compléter] »"), "the blank form is none");
        site.then(&Mail::reply(&asked.mail, LUC, "#bilan\nCause racine : disque plein.")).await;
        let ticket = site.only_ticket().await;
        assert!(ticket.tags.contains(&"post-mortem".to_owned()) && ticket.sla.post_mortem_at > 0);
        assert!(site.sink.last(MARIE).mail.text.contains("Note interne : Luc Roche"));
        assert!(!site.sink.to(ANA).iter().any(|l| l.mail.text.contains("Cause racine")), "it stays inside");
    }

    wo12_what_a_post_mortem_decides_is_brought_to_mind_until_it_is_done(site, &levels(STD)) {
        site.receive(&Mail::from(ANA).subject("[P1] Plus rien ne marche")).await;
        site.then(&Mail::reply(&site.sink.only(LUC).mail, LUC, "#résoudre\nDisque remplacé.")).await;
        let asked = site.sink.with_words(LUC, "Post-mortem");
        let form = "#bilan\nCause racine :\nDisque plein.\n\nActions correctives :\n- [ ] Surveiller l'espace disque (Nadia, vendredi)\n- [ ] Doubler le serveur - moi - 12/03/2026\n\nEnseignements :\n- on ne surveillait rien";
        site.then(&Mail::reply(&asked.mail, LUC, form)).await;
        let receipt = site.sink.last(LUC).mail.text.replace('\n', " ");
        assert!(receipt.contains("Action 1 : Surveiller l'espace disque (Nadia Expert, pour le 6 mars 2026)"), "{receipt}");
        assert!(receipt.contains("Action 2 : Doubler le serveur (Luc Roche, pour le 12 mars 2026)"), "{receipt}");
        let about = |who: &str| site.sink.to(who).into_iter().filter(|l| l.mail.subject.starts_with("À faire")).collect::<Vec<_>>();
        // The ticket is closed by now; what is to be done is not.
        site.until("2026-03-06T07:59:00+01:00").await;
        assert_eq!(about(NADIA).len(), 0);
        site.until("2026-03-06T08:00:30+01:00").await;
        let told = about(NADIA).remove(0).mail;
        assert_eq!(told.subject, "À faire : [CG42N1-000001] Plus rien ne marche");
        assert!(told.text.contains("Surveiller l'espace disque") && !told.text.contains("Doubler"), "{}", told.text);
        assert_eq!((about(LUC).len(), about(MARIE).len()), (0, 0), "each hears of their own, and nobody else yet");
        // Nothing was said: a week later it comes again, and those who answer for the queue hear of it.
        site.until("2026-03-13T08:00:30+01:00").await;
        assert_eq!((about(NADIA).len(), about(LUC).len(), about(MARIE).len()), (2, 1, 1));
        assert!(about(LUC)[0].mail.text.contains("Doubler") && about(MARIE)[0].mail.text.contains("Surveiller"));
        site.then(&Mail::press(&about(NADIA)[1].mail, "#fait 1", NADIA)).await;
        let receipt = site.sink.last(NADIA).mail;
        assert!(receipt.text.replace('\n', " ").contains("Action 1 : Surveiller l'espace disque (Nadia Expert, pour le 6 mars 2026) : fait."), "{}", receipt.text);
        // Taken back, and done again.
        site.then(&Mail::press(&receipt, "#annuler", NADIA)).await;
        assert!(site.only_ticket().await.actions[0].is_open());
        site.then(&Mail::press(&about(NADIA)[1].mail, "#fait 1", NADIA)).await;
        // What says nothing of actions leaves them.
        site.then(&Mail::reply(&asked.mail, LUC, "#bilan\nCause racine : disque plein, vu trop tard.")).await;
        assert!(site.sink.last(LUC).mail.text.contains("celles qui étaient décidées restent"), "{}", site.sink.last(LUC).mail.text);
        // Somebody else's has to be named.
        site.then(&Mail::reply(&about(NADIA)[1].mail, NADIA, "#fait")).await;
        assert!(site.sink.last(NADIA).mail.text.contains("laquelle ? Écrivez #fait suivi de son numéro : 2"), "{}", site.sink.last(NADIA).mail.text);
        let ticket = site.only_ticket().await;
        assert_eq!(ticket.actions.iter().map(|action| action.is_open()).collect::<Vec<_>>(), [false, true]);
        // By its button without a number, since one is left; what is not there is said.
        site.then(&Mail::reply(&about(LUC)[0].mail, LUC, "#fait 7")).await;
        assert!(site.sink.with_words(LUC, "Pas fait").mail.text.replace('\n', " ").contains("« 7 » n'est pas le numéro d'une action"));
        site.then(&Mail::reply(&about(LUC)[0].mail, LUC, "#fait\nLe second serveur est en place.")).await;
        // Whoever else does it names it, and its owner hears so.
        site.then(&Mail::press(&site.sink.last(LUC).mail, "#annuler", LUC)).await;
        site.then(&Mail::reply(&about(NADIA)[1].mail, NADIA, "#fait 2\nLuc est absent, je l'ai branché.")).await;
        let told = site.sink.last(LUC).mail.text.replace('\n', " ");
        assert!(told.contains("Action 2 : Doubler le serveur (Luc Roche, pour le 12 mars 2026) : fait."), "{told}");
        site.pass(30 * DAY).await;
        assert_eq!((about(NADIA).len(), about(LUC).len()), (2, 1), "all is done");
        assert!(!site.sink.to(ANA).iter().any(|l| l.mail.text.contains("second serveur")), "it stays inside");
    }

    ti5_whoever_is_in_charge_puts_words_at_the_head_of_a_report(site, &levels("[queues.help]\nsla = \"std\"\n[reports.semaine]\nkind = \"weekly\"\ncron = \"0 0 8 * * Mon\"\nto = [\"marie\", \"direction@college.example\"]\ndraft = \"17:00\"\ndraft_to = [\"marie\", \"luc\"]\n")) {
        site.receive(&Mail::from(ANA).subject("[P1] Serveur en panne")).await;
        let direction = "direction@college.example";
        site.until("2026-03-08T16:59:00+01:00").await;
        assert!(!site.subjects(MARIE).iter().any(|s| s.contains("Rapport")));
        site.until("2026-03-08T17:00:30+01:00").await;
        let draft = site.sink.with_words(MARIE, "Ce rapport part le 9 mars 2026 à 08:00");
        assert_eq!(draft.mail.subject, "Brouillon : Rapport de support - Semaine 10 (02/03 - 08/03/2026)");
        assert!(site.sink.to(direction).is_empty());
        // A vacation's answer is nobody's word, and of several words the last count.
        site.then(&Mail::reply(&site.sink.with_words(LUC, "Ce rapport part").mail, LUC, "Je suis absent.").header("Auto-Submitted: auto-replied")).await;
        for (who, words) in [(LUC, "Rien à signaler."), (LUC, "Luc : le second serveur est commandé."), (MARIE, "Semaine marquée par la panne du serveur.\n\nIl est doublé depuis vendredi <8 h>.\n\n-- \nMarie Martin")] {
            let answer = Mail::reply(&site.sink.with_words(who, "Ce rapport part").mail, who, words);
            site.then(&answer).await;
            assert_eq!(site.verdict(&answer).await.verdict.said(), "command");
            assert!(site.sink.last(who).mail.text.replace('\n', " ").contains("Votre texte figurera en tête du rapport envoyé le 9 mars 2026 à 08:00"), "{}", site.sink.last(who).mail.text);
        }
        for nothing in ["", "Cordialement,\nMarie Dubois\nAssistance"] {
            site.then(&Mail::reply(&draft.mail, MARIE, nothing)).await;
            assert!(site.sink.last(MARIE).mail.text.contains("ne contenait aucun"), "{}", site.sink.last(MARIE).mail.text);
        }
        // Nor does an absence that comes last take their place.
        site.then(&Mail::reply(&draft.mail, MARIE, "Je suis absente.").header("Auto-Submitted: auto-replied")).await;
        site.until("2026-03-09T08:00:30+01:00").await;
        let sent = site.sink.only(direction);
        assert_eq!(sent.mail.subject, "Rapport de support - Semaine 10 (02/03 - 08/03/2026)");
        let text = &sent.mail.text;
        let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
        assert!(at("Le mot de Marie Dubois") < at("Semaine marquée") && at("depuis vendredi <8 h>.") < at("Total tickets"));
        assert!(at("Le mot de Luc Roche") < at("le second serveur est commandé"), "each has their own: {text}");
        assert!(!text.contains("Rien à signaler") && !text.contains("absente") && !text.contains("Brouillon") && !text.contains("-- \nMarie"), "{text}");
        assert!(crate::notifications::html_of(&sent).contains("vendredi &lt;8 h&gt;."), "people's words are no markup");
        for who in [MARIE, LUC] {
            assert_eq!(site.store().meta(&format!("words:semaine:{who}")).await.unwrap(), None, "nothing of it is kept");
        }
        // Too late for this one, and not for the next either.
        let late = Mail::reply(&draft.mail, MARIE, "J'oubliais : merci à Luc.");
        site.then(&late).await;
        assert!(site.sink.last(MARIE).mail.text.contains("avant votre réponse"), "{}", site.sink.last(MARIE).mail.text);
        // Somebody else's token proves nothing.
        let stolen = Mail::reply(&draft.mail, NADIA, "Tout va mal.");
        site.then(&stolen).await;
        assert_ne!(site.verdict(&stolen).await.verdict.said(), "command");
        site.until("2026-03-15T17:00:30+01:00").await;
        site.until("2026-03-16T08:00:30+01:00").await;
        let next = site.sink.last(direction).mail.text;
        assert!(next.contains("16/03") || next.contains("09/03"), "{next}");
        assert!(!next.contains("Le mot de"), "words are for one report: {next}");
        assert_eq!(site.sink.to(MARIE).iter().filter(|l| l.mail.subject.starts_with("Brouillon")).count(), 2, "one draft a report");
        assert_eq!(site.tickets().await.len(), 2, "what was not theirs is a request of its own");
        // Where the service was down at the time of the draft, the report is sent all the same, and no draft after it.
        site.until("2026-03-23T09:00:00+01:00").await;
        site.until("2026-03-23T18:00:00+01:00").await;
        assert_eq!(site.sink.to(direction).len(), 3);
        assert_eq!(site.sink.to(MARIE).iter().filter(|l| l.mail.subject.starts_with("Brouillon")).count(), 2);
    }

    ti2_undo_brings_the_clocks_back(site, &levels(STD)) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let before = site.only_ticket().await;
        for command in ["#escalader N2", "#attente 2026-03-09", "#priorité P4", "#résoudre\nFait."] {
            site.then(&Mail::reply(&notice.mail, MARIE, command)).await;
            let changed = site.only_ticket().await;
            site.then(&Mail::press(&site.sink.with_words(MARIE, "Fait :").mail, "#annuler", MARIE)).await;
            let after = site.only_ticket().await;
            assert_eq!((after.sla.since, after.sla.from, after.sla.resolve_due), (before.sla.since, before.sla.from, before.sla.resolve_due), "{command}: {changed:?}");
        }
    }

    ti7_what_was_promised_counts_from_submission_and_levels_owe_from_arrival(site, &levels(STD)) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.until("2026-03-02T10:00:00+01:00").await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#escalader N2 il faut un accès au serveur")).await;
        let zone = &site.app.settings.load().policy.service_desk.time_zone;
        let say = |at| guichet::clock::rfc3339(at, zone);
        let ticket = site.only_ticket().await;
        let (sla, ola) = (ticket.sla.clone(), ticket.sla.ola.clone());
        // 9:15 and eight working hours, whoever has it; 10:01 and two, and four, for the second level.
        assert_eq!((say(sla.respond_due).as_str(), say(sla.resolve_due).as_str()), ("2026-03-02T11:15:00+01:00", "2026-03-03T09:15:00+01:00"));
        assert_eq!((ola.level, say(ola.respond_due).as_str(), say(ola.resolve_due).as_str()), (2, "2026-03-02T14:01:00+01:00", "2026-03-02T16:01:00+01:00"), "it arrived at 10:01");
        let news = site.sink.with_words(ANA, "équipe plus spécialisée").mail.text.replace('\n', " ");
        assert!(news.contains("Résolution prévue avant le 3 mars 2026 à 09:15."), "{news}");
        let sheet = site.sink.only(NADIA).mail.text.replace('\n', " ");
        assert!(sheet.contains("Première réponse avant le 2 mars 2026 à 11:15") && sheet.contains("jusqu'au 2 mars 2026 à 16:01 pour résoudre la demande (objectif 4 h, heures de bureau)"), "{sheet}");
        // The requester's first answer is late: they hear so, once, and from when.
        site.until("2026-03-02T13:00:00+01:00").await;
        let told = || site.sink.to(ANA).iter().filter(|n| n.mail.text.contains("Nous devions vous répondre")).count();
        assert_eq!(told(), 1);
        assert!(site.sink.with_words(ANA, "Nous devions vous répondre").mail.text.replace('\n', " ").contains("avant le 2 mars 2026 à 11:15"));
        // Nobody of the second level has taken it up, then nobody has solved it: its people hear of it, the requester does not.
        site.until("2026-03-02T16:03:00+01:00").await;
        assert!(site.sink.with_words(NADIA, "n'a pas pris la demande en charge à temps : il avait jusqu'au 2 mars 2026 à 14:01").mail.subject.starts_with("Échéance dépassée"));
        assert!(site.sink.with_words(NADIA, "n'a pas résolu la demande à temps : il avait jusqu'au 2 mars 2026 à 16:01").mail.subject.starts_with("Échéance dépassée"));
        assert!(!site.sink.to(ANA).iter().any(|n| n.mail.text.contains("16:01") || n.mail.text.contains("14:01")));
        // Solved before what was promised: the SLA is kept, the OLA is not, and each miss is charged to who had it then.
        site.until("2026-03-02T17:00:00+01:00").await;
        site.then(&Mail::reply(&site.sink.with_words(NADIA, "[CG42N1-000001]").mail, NADIA, "#résoudre\nAccès rétabli.")).await;
        let settings = site.app.settings.load_full();
        let day = Period::named("2026-03-02", zone).unwrap();
        let figures = build(site.store(), &settings.policy, Sort::Daily, day, &[]).await.unwrap().figures;
        let kept = |share: guichet::report::Share| (share.count, share.of);
        assert_eq!((kept(figures.by_level[&2].response_kept), kept(figures.by_level[&2].resolution_kept)), ((0, 1), (1, 1)));
        assert!(figures.by_level.get(&1).is_none_or(|group| group.response_kept.of + group.resolution_kept.of == 0));
        assert_eq!((kept(figures.ola[&2].response_kept), kept(figures.ola[&2].resolution_kept)), ((0, 1), (0, 1)));
    }

    ti7_what_is_owed_follows_what_was_done_and_not_what_was_taken_back(site, &levels(STD)) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let undo = || async {
            site.then(&Mail::press(&site.sink.with_words(MARIE, "Fait :").mail, "#annuler", MARIE)).await;
        };
        let owed = || async {
            let settings = site.app.settings.load_full();
            let day = Period::named("2026-03-02", &settings.policy.service_desk.time_zone).unwrap();
            let day = Period { until: site.clock.now() + 1, ..day };
            let figures = build(site.store(), &settings.policy, Sort::Daily, day, &[]).await.unwrap().figures;
            let kept = |share: guichet::report::Share| (share.count, share.of);
            figures.ola.get(&2).map_or(((0, 0), (0, 0)), |owed| (kept(owed.response_kept), kept(owed.resolution_kept)))
        };
        site.then(&Mail::reply(&notice.mail, MARIE, "#escalader N2")).await;
        undo().await;
        assert_eq!(owed().await, ((0, 0), (0, 0)), "it was never there");
        site.then(&Mail::reply(&notice.mail, MARIE, "#escalader N2")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#note\nUne précision pour le niveau 2.")).await;
        assert_eq!(site.only_ticket().await.sla.ola.responded_at, 0, "who handed it over does not take it up");
        site.then(&Mail::reply(&site.sink.with_words(NADIA, "a besoin de votre niveau").mail, NADIA, "#prendre")).await;
        assert_eq!(owed().await, ((1, 1), (0, 0)));
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nFait.")).await;
        assert_eq!(owed().await, ((1, 1), (1, 1)));
        undo().await;
        assert_eq!(owed().await, ((1, 1), (0, 0)), "what was taken back did not happen");
        site.until("2026-03-02T18:00:00+01:00").await;
        assert_eq!(owed().await, ((1, 1), (0, 1)), "and is missed in its time");
    }

    ti7_an_edit_postpones_nothing_whatever_comes_first_and_who_helps_hears_what_they_owe(site, &levels(STD)) {
        site.receive(&Mail::from(ANA)).await;
        let due = site.only_ticket().await.sla.resolve_due;
        // The edit and an email about the ticket are found by the same round.
        site.edit("[slas.std]\ntargets = [{ level = 1, respond = \"4h\", resolve = \"30h\" }, { level = 2, respond = \"30m\", resolve = \"1h\" }]\n");
        site.then(&Mail::reply(&site.sink.only(MARIE).mail, MARIE, "#public\nNous regardons.")).await;
        assert_eq!(site.only_ticket().await.sla.resolve_due, due);
        // Late: the second level helps, and hears of its own time.
        site.until("2026-03-03T09:20:00+01:00").await;
        assert_eq!(site.only_ticket().await.sla.joined, 2);
        site.until("2026-03-03T09:52:00+01:00").await;
        site.until("2026-03-03T10:22:00+01:00").await;
        let over = || site.subjects(NADIA).iter().filter(|subject| subject.starts_with("Échéance dépassée")).count();
        assert_eq!(over(), 2, "{:?}", site.subjects(NADIA));
        // What was over before stays told once; a stricter edit brings nothing down on anybody.
        let before = site.sink.notifications().len();
        site.edit("[slas.std]\ntargets = [{ level = 1, respond = \"1h\", resolve = \"2h\", stalled_after = \"5m\" }, { level = 2, respond = \"5m\", resolve = \"10m\" }]\n");
        site.round().await;
        site.pass(MINUTE).await;
        assert_eq!((site.sink.notifications().len(), site.only_ticket().await.level), (before, 1));
    }

    ti7_a_wait_a_correction_and_a_holiday_are_explained_to_the_requester(site, &levels("[queues.help]\nsla = \"std\"\nacknowledge = \"all\"\n")) {
        site.until("2026-04-29T09:15:00+02:00").await;
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        // A wait stops the time, and its end says what it has become.
        site.then(&Mail::reply(&notice.mail, MARIE, "#demander\nQuelle salle ?")).await;
        let question = site.sink.with_words(ANA, "Quelle salle");
        assert!(question.mail.text.replace('\n', " ").contains("Le délai de résolution est suspendu jusqu'à votre réponse."), "{}", question.mail.text);
        site.until("2026-04-29T11:15:00+02:00").await;
        site.then(&Mail::reply(&question.mail, ANA, "La 12.")).await;
        let received = site.sink.with_words(ANA, "reprend").mail.text.replace('\n', " ");
        assert!(received.contains("Le délai reprend : résolution prévue avant le 30 avril 2026 à 11:1"), "{received}");
        // A corrected priority, too.
        site.then(&Mail::reply(&notice.mail, MARIE, "#priorité P2")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#priorité P4")).await;
        let news = site.sink.with_words(ANA, "Sa priorité est maintenant basse.").mail.text;
        assert!(news.contains("sans pouvoir vous promettre de date de résolution."), "{news}");
        // 1 May is a holiday, the 2nd a Saturday: it comes back on Monday, and that is what is said.
        site.then(&Mail::reply(&notice.mail, MARIE, "#attente vendredi 1er mai, la pièce arrive")).await;
        let done = site.sink.with_words(MARIE, "En attente jusqu'au");
        assert!(done.mail.text.contains("4 mai 2026 à 08:00"), "{}", done.mail.text);
        assert!(site.sink.with_words(ANA, "Nous la reprendrons le").mail.text.contains("4 mai 2026 à 08:00"));
        // The explanation names the days that do not count.
        site.until("2026-04-30T16:00:00+02:00").await;
        site.then(&Mail::from("b@college.example").subject("Autre")).await;
        let sheet = site.sink.with_words(MARIE, "Autre").mail.text.replace('\n', " ");
        assert!(sheet.contains("Jours non comptés : 1er mai 2026."), "{sheet}");
    }

    ti2_late_tickets_are_listed_and_clocks_alone_take_no_undo_away(site, &levels(STD)) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#priorité P2")).await;
        // An acknowledgement that has left, a warning: nothing that stands between a command and its undoing.
        site.until("2026-03-02T11:05:00+01:00").await;
        site.then(&Mail::press(&site.sink.with_words(MARIE, "Fait :").mail, "#annuler", MARIE)).await;
        assert_eq!(site.only_ticket().await.priority, "P3");
        // Late, with another level that helps and has a time of its own: it is in the list of what is late all the same.
        site.until("2026-03-03T10:00:00+01:00").await;
        assert_eq!(site.only_ticket().await.sla.joined, 2);
        site.then(&Mail::reply(&site.sink.with_words(NADIA, "N2").mail, NADIA, "#liste retard")).await;
        assert!(site.sink.last(NADIA).mail.text.contains("CG42N1-000001"), "{}", site.sink.last(NADIA).mail.text);
        // Put off, it waits, whatever else falls due.
        site.then(&Mail::from("b@college.example").subject("Autre")).await;
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "Autre").mail, MARIE, "#attente 2026-03-09")).await;
        site.until("2026-03-03T14:05:00+01:00").await;
        let waiting = site.ticket("CG42N1-000002").await;
        assert_eq!((waiting.status.as_str(), waiting.level), ("pending", 1));
        assert!(site.subjects(MARIE).iter().any(|s| s.starts_with("Échéance dépassée") && s.contains("CG42N1-000002")));
    }

    ti2_what_is_promised_later_was_not_missed_before(site, TEAM) {
        site.receive(&Mail::from(ANA)).await;
        site.until("2026-03-20T10:00:00+01:00").await;
        let notifications = site.sink.notifications().len();
        site.edit(&format!("{LEVELS}{STD}"));
        site.round().await;
        site.pass(MINUTE).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.level, site.sink.notifications().len()), (1, notifications), "an edit wakes nobody for what is past");
        let edited = "2026-03-20T10:00:00+01:00".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        assert_eq!((ticket.sla.respond_missed, ticket.sla.resolve_missed), (edited, edited), "and breaks no promise of a time before it");
    }

    ti5_what_was_taken_back_was_neither_solved_nor_reopened(site, &levels(STD)) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        let figures = || async {
            let settings = site.app.settings.load_full();
            let week = Period::named("2026-W10", &settings.policy.service_desk.time_zone).unwrap();
            let f = build(site.store(), &settings.policy, Sort::Weekly, week, &[]).await.unwrap().figures;
            (f.all.solved, f.reopened.count, f.cohort.solved)
        };
        let undo = || async {
            site.then(&Mail::press(&site.sink.with_words(MARIE, "Fait :").mail, "#annuler", MARIE)).await;
        };
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nFait.")).await;
        undo().await;
        assert_eq!(figures().await, (0, 0, 0));
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nRefait.")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#rouvrir")).await;
        undo().await;
        assert_eq!(figures().await, (1, 0, 1));
        site.then(&Mail::reply(&notice.mail, MARIE, "#rouvrir")).await;
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nEncore.")).await;
        assert_eq!(figures().await, (2, 1, 1));
    }

    ti3_a_ticket_that_turns_out_to_be_major_calls_everybody_then(site, &levels(STD)) {
        site.receive(&Mail::from(ANA)).await;
        site.then(&Mail::reply(&site.sink.only(MARIE).mail, MARIE, "#priorité P1")).await;
        assert!(site.sink.only(NADIA).mail.subject.starts_with("INCIDENT MAJEUR"));
        let calls = site.sink.notifications().len();
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "INCIDENT MAJEUR").mail, MARIE, "#note\nVu.")).await;
        assert!(site.sink.notifications().iter().filter(|l| l.mail.subject.starts_with("INCIDENT MAJEUR")).count() == 3, "{calls}");
    }

    ti4_an_acknowledgement_that_does_not_leave_is_noticed(site, &levels("[queues.help]\nsla = \"std\"\nacknowledge = \"none\"\n")) {
        site.receive(&Mail::from(ANA)).await;
        site.pass(59 * MINUTE).await;
        assert_eq!(site.sink.to(MARIE).len(), 1);
        site.pass(2 * MINUTE).await;
        let told = site.sink.with_words(MARIE, "accusé de réception");
        assert!(told.mail.text.replace('\n', " ").contains("il devait le recevoir avant le 2 mars 2026 à 10:15"), "{}", told.mail.text);
        // Whoever answers acknowledges.
        site.then(&Mail::from("b@college.example").subject("Autre")).await;
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "Autre").mail, MARIE, "#public\nOui.")).await;
        let told = || site.sink.to(MARIE).iter().filter(|l| l.mail.text.contains("accusé de réception")).count();
        site.pass(70 * MINUTE).await;
        assert_eq!(told(), 1);
        let day = Period::named("2026-03-02", &site.app.settings.load().policy.service_desk.time_zone).unwrap();
        let figures = build(site.store(), &site.app.settings.load().policy, Sort::Daily, day, &["help".to_owned()]).await.unwrap().figures;
        assert_eq!((figures.acknowledged.count, figures.acknowledged.of), (1, 2));
    }

    ti5_reports_come_by_themselves_and_say_the_same_for_ever(site, &levels("[queues.help]\nsla = \"std\"\n[reports.matin]\nkind = \"daily\"\ncron = \"0 0 9 * * Mon-Fri\"\nto = [\"marie\", \"direction@college.example\"]\n[reports.semaine]\nkind = \"weekly\"\ncron = \"0 0 8 * * Fri\"\nweek = \"fri-thu\"\nto = [\"marie\"]\n[goals]\nreopened = 5\n")) {
        site.receive(&Mail::from(ANA).subject("[P1] Serveur en panne")).await;
        site.then(&Mail::from("b@college.example").subject("Question sur l'emploi du temps")).await;
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "emploi du temps").mail, MARIE, "#résoudre\nC'est affiché au CDI.")).await;
        site.until("2026-03-03T08:59:00+01:00").await;
        assert!(!site.subjects(MARIE).iter().any(|s| s.contains("Rapport")));
        site.until("2026-03-03T09:00:05+01:00").await;
        let report = site.sink.only("direction@college.example");
        assert_eq!(report.mail.subject, "Rapport du jour - 3 mars 2026 à 09:00");
        for words in ["Du 2 mars 2026 à 09:00 au 3 mars 2026 à 09:00.", "CG42N1-000001 · P1 · N1 · Serveur en panne", "en cours, en retard", "Total tickets : 2", "Résolus : 1  (50 %)", "Première réponse à temps"] {
            assert!(report.mail.text.contains(words), "{words}: {}", report.mail.text);
        }
        // A report is about no ticket: whoever of the service desk answers it is told so, and nothing is opened.
        let answer = Mail::reply(&site.sink.with_words(MARIE, "Rapport du jour").mail, MARIE, "Merci, bien reçu.");
        site.then(&answer).await;
        assert_eq!((site.verdict(&answer).await.verdict.said(), site.tickets().await.len()), ("held", 2));
        assert!(site.sink.with_words(MARIE, "ne parle d'aucun ticket").mail.subject.starts_with("Pas fait"));
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "Rapport du jour").mail, MARIE, "#liste")).await;
        assert!(site.sink.last(MARIE).mail.text.contains("CG42N1-000001"));
        // Weekly, with charts inside the email.
        site.until("2026-03-06T08:00:05+01:00").await;
        let weekly = site.sink.with_words(MARIE, "Rapport de support - du 27/02/2026 au 05/03/2026");
        assert!(weekly.raw.contains("Content-Type: multipart/related") && weekly.raw.matches("Content-Type: image/png").count() >= 3);
        for heading in ["Résumé", "Répartition par priorité", "SLA", "Problèmes récurrents", "Actions", "Ce que comptent ces chiffres"] {
            assert!(weekly.mail.text.contains(heading), "{heading}: {}", weekly.mail.text);
        }
        // Missed times are one report, and it says that it is late.
        site.until("2026-03-12T09:40:00+01:00").await;
        let daily = site.sink.to("direction@college.example");
        assert_eq!(daily.len(), 3, "{:?}", site.subjects("direction@college.example"));
        let late = site.sink.last("direction@college.example").mail.text.replace('\n', " ");
        assert!(late.contains("Envoyé en retard : il était prévu le 12 mars 2026 à 09:00. Du 5 mars 2026 à 09:00 au 12 mars 2026 à 09:00."), "nothing falls between two: {late}");
        // What happens afterwards, and what is promised afterwards, changes nothing of a week that is over.
        let policy = || site.app.settings.load_full();
        let week = Period::named("2026-W10", &policy().policy.service_desk.time_zone).unwrap();
        let compute = || async { build(site.store(), &policy().policy, Sort::Weekly, week, &["help".to_owned()]).await.unwrap().figures };
        let then = compute().await;
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "Serveur en panne").mail, MARIE, "#résoudre\nRéparé.")).await;
        site.edit("[slas.std]\ntargets = [{ respond = \"1m\", resolve = \"2m\" }]\n");
        site.pass(40 * DAY).await;
        assert_eq!(compute().await, then);
        assert_eq!((then.all.opened, then.all.solved, then.all.response_kept.of, then.all.response_kept.count), (2, 1, 2, 1));
    }
}
