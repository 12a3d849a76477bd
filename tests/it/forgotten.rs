//! Nothing is forgotten, and work that comes again opens its own tickets.

use guichet::clock::{DAY, HOUR};
use guichet::store::OutboxState;
use guichet::ticket::Channel;

use crate::capabilities::{CHEF, LUC, TEAM};
use crate::story::original_requests;
use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::{Database, Site};

const SUZE: &str = "suze@agents.example";

/// What is watched, in working days of an office.
fn watched(help: &str, unassigned: &str, more: &str) -> String {
    let team = TEAM.replace("[agents.chef]", "[agents.chef]\ndeputy = \"suze\"");
    format!(
        r#"{team}
[life]
approval_within = "2d"
vendor_within = "5d"
unassigned_within = "{unassigned}"
unanswered_within = "2d"
untouched_within = "5d"
[calendars.office]
hours = {{ mon-fri = "08:00-18:00" }}
[slas.plain]
calendar = "office"
[queues.help]
sla = "plain"
{help}
[agents.suze]
address = "{SUZE}"
name = "Suze Prat"
roles = ["approver"]
queues = ["help"]
{more}"#
    )
}

/// What the notifications sent to an address are, by their template, the oldest first.
async fn kinds(site: &Site, to: &str) -> Vec<String> {
    let mut all = site.store().outbox(Some(OutboxState::Sent), 500).await.unwrap();
    all.sort_by_key(|row| row.id);
    all.into_iter().filter(|row| row.recipient == to).map(|row| row.kind).collect()
}

fn last(site: &Site, to: &str) -> String {
    site.sink.last(to).mail.text.replace('\n', " ")
}

original_requests! {
    ti6_what_nobody_takes_is_a_line_then_a_notification(site, &watched("", "1d", "")) {
        site.receive(&Mail::from(ANA)).await;
        assert_eq!(kinds(&site, MARIE).await, ["new-ticket"]);
        // Monday 9:15 and a working day: Tuesday 9:15. A line of the digest at half past one, and no more.
        site.until("2026-03-03T09:00:00Z").await;
        assert_eq!(kinds(&site, MARIE).await, ["new-ticket"]);
        site.until("2026-03-03T12:31:00Z").await;
        assert_eq!(kinds(&site, MARIE).await, ["new-ticket", "digest"]);
        assert!(last(&site, MARIE).contains("Personne ne s'en occupe depuis le"), "{}", last(&site, MARIE));
        assert!(!last(&site, MARIE).contains("Trop de courriels"), "{}", last(&site, MARIE));
        // After twice as long a notification.
        site.until("2026-03-04T09:00:00Z").await;
        assert_eq!(kinds(&site, MARIE).await, ["new-ticket", "digest", "forgotten"]);
        assert!(last(&site, MARIE).contains("Personne ne s'en occupe depuis le"), "{}", last(&site, MARIE));
        // Once it is taken, it is watched as what somebody has.
        site.then(&Mail::press(&site.sink.last(MARIE).mail, "#prendre", MARIE)).await;
        site.pass(2 * DAY).await;
        assert!(!kinds(&site, MARIE).await[3..].contains(&"forgotten".to_owned()), "{:?}", kinds(&site, MARIE).await);
        // The requester writes, and Marie says nothing.
        site.then(&Mail::reply(&site.sink.to(ANA)[0].mail, ANA, "Où en êtes-vous ?")).await;
        site.until("2026-03-10T10:00:00Z").await;
        site.until("2026-03-10T12:31:00Z").await;
        let digest = site.sink.with_words(MARIE, "Le demandeur attend une réponse depuis le");
        assert!(digest.mail.subject.contains("Plusieurs tickets"), "{}", digest.mail.subject);
        // An answer ends it.
        site.then(&Mail::reply(&site.sink.with_words(MARIE, "Où en êtes-vous").mail, MARIE, "#public\nDemain.")).await;
        let count = kinds(&site, MARIE).await.len();
        site.pass(3 * DAY).await;
        assert_eq!(kinds(&site, MARIE).await.len(), count, "{:?}", kinds(&site, MARIE).await);
        assert_eq!(crate::verified::problems(&site).await, 0);
    }

    ti6_an_approval_goes_to_the_deputy_then_to_the_moderators(site, &watched("approvers = [\"chef\"]", "1d", "")) {
        site.receive(&Mail::from(ANA)).await;
        assert_eq!((kinds(&site, CHEF).await, kinds(&site, SUZE).await), (vec!["approval".to_owned()], vec![]));
        site.until("2026-03-04T09:00:00Z").await;
        site.until("2026-03-04T12:31:00Z").await;
        assert_eq!(kinds(&site, CHEF).await, ["approval", "digest"]);
        assert!(last(&site, CHEF).contains("attend votre accord depuis le"), "{}", last(&site, CHEF));
        site.until("2026-03-06T12:31:00Z").await;
        assert_eq!((kinds(&site, CHEF).await.len(), kinds(&site, SUZE).await), (3, vec!["approval".to_owned()]));
        assert!(kinds(&site, MARIE).await.is_empty());
        site.until("2026-03-13T12:31:00Z").await;
        assert_eq!(kinds(&site, MARIE).await, ["forgotten"]);
        // Whoever stands in says yes.
        site.then(&Mail::reply(&site.sink.to(SUZE)[0].mail, SUZE, "oui")).await;
        assert_eq!(site.only_ticket().await.status.as_str(), "new", "{}", last(&site, SUZE));
    }

    ti6_a_vendors_silence_is_brought_to_mind(site, &watched("", "1d", "")) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE);
        site.then(&Mail::reply(&notice.mail, MARIE, "#prendre\n#prestataire aide@kelis.example\nLe tambour est usé.")).await;
        site.pass(5 * DAY).await;
        assert!(!kinds(&site, MARIE).await.contains(&"digest".to_owned()));
        site.pass(4 * DAY).await;
        site.pass(DAY).await;
        assert!(last(&site, MARIE).contains("aide@kelis.example n'a pas répondu depuis le"), "{}", last(&site, MARIE));
        // Where a date is waited for, or the requester, there are reminders of their own.
        site.then(&Mail::reply(&notice.mail, MARIE, "#attente demandeur")).await;
        let count = kinds(&site, MARIE).await.len();
        site.pass(10 * DAY).await;
        assert_eq!(kinds(&site, MARIE).await.len(), count, "{:?}", kinds(&site, MARIE).await);
    }

    ti6_a_service_desk_can_do_without(site, &watched("", "never", "")) {
        site.receive(&Mail::from(ANA)).await;
        site.pass(20 * DAY).await;
        assert_eq!(kinds(&site, MARIE).await, ["new-ticket"]);
        // Edited, it counts for what is open.
        site.edit("[life]\nunassigned_within = \"2d\"\n");
        site.pass(HOUR).await;
        site.pass(DAY).await;
        assert_eq!(kinds(&site, MARIE).await[..2], ["new-ticket", "digest"], "{:?}", kinds(&site, MARIE).await);
    }

    wo13_maintenance_opens_its_own_tickets(site, &watched("", "1d", "[recurring.sauvegardes]\ncron = \"0 8 * * Mon\"\ntitle = \"Contrôle des sauvegardes du {date}\"\ntext = \"\"\"\n#priorité P4\n#assigner Luc\n\n- restaurer un fichier au hasard\n- noter la durée\n\"\"\"\n")) {
        site.round().await;
        assert!(site.tickets().await.is_empty(), "its first time is next Monday");
        site.until("2026-03-09T06:59:00Z").await;
        assert!(site.tickets().await.is_empty());
        site.until("2026-03-09T07:00:10Z").await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.title.as_str(), ticket.priority.as_str(), ticket.assignee.as_deref()), ("Contrôle des sauvegardes du 9 mars 2026", "P4", Some(LUC)));
        assert_eq!((ticket.channel, ticket.requester.as_str()), (Channel::Schedule, crate::support::mail::SUPPORT));
        assert_eq!(kinds(&site, LUC).await, ["assigned"]);
        assert!(last(&site, LUC).contains("- restaurer un fichier au hasard"), "{}", last(&site, LUC));
        // Nobody is acknowledged, and nothing goes to the service desk's own address, however it ends.
        site.then(&Mail::reply(&site.sink.only(LUC).mail, LUC, "#résoudre\nRestauré en 4 minutes.")).await;
        site.pass(7 * DAY).await;
        assert!(site.sink.to(crate::support::mail::SUPPORT).is_empty());
        assert_eq!(site.tickets().await.len(), 2, "the next week has its own");
        // What was missed for weeks is one ticket.
        site.pass(30 * DAY).await;
        assert_eq!(site.tickets().await.len(), 3);
        assert_eq!(crate::verified::problems(&site).await, 0);
    }
}

#[tokio::test]
async fn wo13_a_mistake_in_recurring_work_is_told_at_once() {
    let site = Site::new(Database::Sqlite).await;
    let wrong = "[recurring.a]\ncron = \"0 8 * *\"\ntitle = \"x\"\n[recurring.b]\ncron = \"0 8 * * Mon\"\ntitle = \"\"\nqueue = \"nowhere\"\n[recurring.c]\ncron = \"0 8 * * Mon\"\ntitle = \"x\"\ntext = \"#pubilc\\nx\"\n[recurring.d]\ncron = \"0 8 * * Mon\"\ntitle = \"x\"\ntext = \"#merge CG42N1-000001\\nx\"\n[life]\nunassigned_within = \"soon\"\n";
    std::fs::write(site.folder.path().join("conf.d/zz.toml"), wrong).unwrap();
    let output = crate::commands::on(site.folder.path(), &["check", "--offline"]);
    let said = crate::commands::text(&output);
    assert_eq!(output.status.code(), Some(78), "{said}");
    for words in [
        "recurring.a.cron",
        "queues.nowhere",
        "#pubilc cannot be read",
        "#merge cannot stand above",
        "unassigned_within",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}
