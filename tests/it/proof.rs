//! Who proves to be who the From line says: 217 heads of emails, read and obeyed as the table says.

use crate::support::Said;
use std::collections::BTreeMap;

use guichet::mail::{Limits, parse};
use guichet::ticket::{Proof, is_denied, proof_of_agent};

use crate::story::original_requests;
use crate::support::mail::{ANA, Mail};
use crate::support::{Database, Site};

#[derive(serde::Deserialize)]
struct Table {
    form: Vec<Form>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    head: String,
    expect: String,
    why: String,
}

const SERVER: &str = "[mailboxes.main]\nauthserv_id = \"mx.desk.example\"\n[limits]\nnotifications_per_hour = 1000\nemails_per_hour_per_sender = 0\nagent_notifications_per_hour = 5000\n\
    [agents.marie]\naddress = \"marie@lycee.example.org\"\n";

fn forms() -> Vec<Form> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/forged.toml");
    let table: Table = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(table.form.len() >= 200);
    table.form
}

/// The email with this head, ends of lines as on the wire; a bare CR stays one.
fn email(form: &Form, subject: &str, text: &str) -> Vec<u8> {
    let head = form.head.trim_start_matches('\n').replace('\n', "\r\n");
    let id = format!("<{}@client.example>", form.name);
    format!("{head}To: support@desk.example\r\nSubject: {subject}\r\nMessage-ID: {id}\r\nDate: Mon, 02 Mar 2026 09:15:00 +0100\r\n\r\n{text}\r\n")
        .into_bytes()
}

#[tokio::test]
async fn every_head_is_judged_as_the_table_says() {
    let site = Site::with(Database::Sqlite, SERVER).await;
    let settings = site.app.settings.load_full();
    let policy = &settings.policy;
    let mut wrong: Vec<String> = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for form in forms() {
        let mail = parse(&email(&form, "x", "x"), &Limits::default()).unwrap();
        let agent = mail.from.as_ref().is_some_and(|from| from.key() == "marie@lycee.example.org");
        let proven = agent && proof_of_agent(&mail, "main", false, policy) == Proof::Server;
        let said = match (proven, is_denied(&mail, "main", policy)) {
            (true, _) => "proven",
            (_, true) => "denied",
            _ => "unproven",
        };
        *counts.entry(said).or_default() += 1;
        if said != form.expect {
            wrong.push(format!("{} is {said}, not {}: {}", form.name, form.expect, form.why));
        }
    }
    assert!(wrong.is_empty(), "{counts:?}\n{}", wrong.join("\n"));
}

original_requests! {
    no_forged_head_is_obeyed_and_every_good_one_is(site, SERVER) {
        site.receive(&Mail::from(ANA)).await;
        let before = site.only_ticket().await;
        let forms = forms();
        for form in forms.iter().filter(|form| form.expect != "proven") {
            site.put_bytes(&email(form, "Re: [CG42N1-000001] Imprimante en panne", "#clore\n#priorité P1"));
        }
        site.clock.advance(60_000);
        site.round().await;
        let ticket = site.ticket("CG42N1-000001").await;
        assert_eq!((&ticket.status, &ticket.priority, &ticket.assignee), (&before.status, &before.priority, &before.assignee));
        let commands = site.store().emails_of_ticket("CG42N1-000001").await.unwrap();
        assert!(commands.iter().all(|mail| mail.verdict.said() != "command"), "{commands:#?}");
        for form in forms.iter().filter(|form| form.expect == "proven") {
            site.put_bytes(&email(form, "Re: [CG42N1-000001] Imprimante en panne", &format!("#tag {}", form.name)));
        }
        site.clock.advance(60_000);
        site.round().await;
        let commands = site.store().emails_of_ticket("CG42N1-000001").await.unwrap();
        let obeyed = commands.iter().filter(|mail| mail.verdict.said() == "command").count();
        assert_eq!(obeyed, forms.iter().filter(|form| form.expect == "proven").count());
    }
}
