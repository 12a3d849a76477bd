//! What people read, word for word: a change shows as a difference to be read before it is committed.
//!
//! `INSTA_UPDATE=always ./tests/run snapshots` writes them anew.

use std::process::Command;

use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::{Database, Site};

/// What a command prints for somebody with a terminal of 80 columns.
fn printed(site: &Site, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
    command.arg("--config").arg(site.config()).args(args).env("COLUMNS", "80");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let folder = site.folder.path().display().to_string();
    text.replace(&folder, "FOLDER").lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[tokio::test]
async fn snapshots_of_every_notification_in_every_language() {
    let site = Site::new(Database::Sqlite).await;
    for row in guichet::ticket::notification::ROWS {
        for language in ["fr", "en"] {
            let text = printed(&site, &["template", "render", &format!("{language}/{}", row.name)]);
            assert!(text.starts_with("Subject: "), "{text}");
            insta::assert_snapshot!(format!("{}-{language}", row.name), text);
        }
    }
}

#[tokio::test]
async fn snapshots_of_receipts() {
    let site = Site::new(Database::Sqlite).await;
    site.receive(&Mail::from(ANA)).await;
    let notice = site.sink.only(MARIE);
    let mut receipts = Vec::new();
    for command in [
        "#prendre",
        "#priorité P2",
        "#étiquette imprimante",
        "#public\nRedémarrez-la.",
        "#demander\nQuel modèle ?",
        "#attente 3j",
        "#cc bob@college.example",
        "#escalader N9",
        "#fusionner CG42N1-9",
        "#pubilc\nBonjour",
        "#résoudre\nRedémarrée.",
        "#clore",
    ] {
        site.then(&Mail::reply(&notice.mail, MARIE, command)).await;
        let told = site.sink.last(MARIE).mail;
        let said = told.text.split("\n[").next().unwrap_or_default();
        receipts.push(format!("> {}\n{}\n{}\n", command.replace('\n', "\n> "), told.subject, said.trim_end()));
    }
    insta::assert_snapshot!("receipts", receipts.join("\n"));
}

#[tokio::test]
async fn snapshots_of_tables() {
    let site = Site::new(Database::Sqlite).await;
    let mut shown = String::new();
    let show = |shown: &mut String, args: &[&str]| {
        *shown += &format!("$ guichet {}\n{}\n", args.join(" "), printed(&site, args));
    };
    for args in [["ticket", "list"], ["held", "list"], ["outbox", "list"], ["address", "list"]] {
        show(&mut shown, &args);
    }
    site.receive(&Mail::from(ANA)).await;
    let notice = site.sink.only(MARIE);
    site.then(&Mail::reply(&notice.mail, MARIE, "#public\nRedémarrez-la.")).await;
    site.then(
        &Mail::from("Vente <vente@ailleurs.example>").subject("Une offre très longue, qui ne tient sur aucune ligne"),
    )
    .await;
    for args in [["ticket", "list"], ["held", "list"], ["outbox", "list"]] {
        show(&mut shown, &args);
    }
    show(&mut shown, &["ticket", "show", "CG42N1-000001"]);
    insta::assert_snapshot!("tables", shown);
}
