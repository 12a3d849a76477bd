//! `held`: mails that a person must judge.

use serde_json::{Value, json};

use super::args::HeldCommand;
use super::{Open, show};
use crate::clock::Clock;
use crate::mail::{self, Limits};
use crate::store::{Durability, InboxRow};
use crate::trouble::Trouble;

pub(super) async fn run(open: &Open, command: HeldCommand) -> Result<(), Trouble> {
    match command {
        HeldCommand::List { json } => list(open, json).await,
        HeldCommand::Show { id, json } => show_one(open, id, json).await,
        HeldCommand::Release { id } => release(open, id).await,
        HeldCommand::Join { id, number } => join(open, id, &number).await,
        HeldCommand::Refuse { id, reason } => refuse(open, id, &reason).await,
    }
}

fn entry(open: &Open, mail: &InboxRow) -> Value {
    json!({
        "id": mail.id, "mailbox": mail.mailbox, "from": show::some(&mail.sender), "subject": mail.subject, "size": mail.size,
        "message_id": show::some(&mail.message_id), "reason": mail.reason,
        "received_at": show::stamp(mail.received_at, &open.settings.policy.desk.time_zone),
    })
}

async fn list(open: &Open, as_json: bool) -> Result<(), Trouble> {
    let held = open.store.held().await?;
    if as_json {
        return show::json(&held.iter().map(|m| entry(open, m)).collect::<Vec<_>>());
    }
    let zone = &open.settings.policy.desk.time_zone;
    let rows = held
        .into_iter()
        .map(|m| vec![m.id.to_string(), show::time(m.received_at, zone), m.sender, m.subject, m.reason]);
    show::table(&["Id", "Arrived", "From", "Subject", "Why"], rows.collect(), "No mail is held.");
    Ok(())
}

async fn find(open: &Open, id: i64) -> Result<InboxRow, Trouble> {
    let found = open.store.mail(id).await?.filter(|m| m.state == "held");
    found.ok_or_else(|| Trouble::Input(format!("mail {id} is not held; `guichet held list` shows those that are")))
}

async fn show_one(open: &Open, id: i64, as_json: bool) -> Result<(), Trouble> {
    let mail = find(open, id).await?;
    let raw = open.store.raw_mail(id).await?.unwrap_or_default();
    let text = mail::parse(&raw, &Limits::default()).map(|m| m.text).unwrap_or_default();
    if as_json {
        let mut value = entry(open, &mail);
        value["text"] = Value::String(text);
        return show::json(&value);
    }
    println!("{} from {}: {}", mail.id, show::printable(&mail.sender), show::printable(&mail.subject));
    println!("  held because {}", show::printable(&mail.reason));
    println!("\n{}", show::printable(text.trim_end()));
    Ok(())
}

async fn release(open: &Open, id: i64) -> Result<(), Trouble> {
    again(open, id, 0, "released by the operator").await
}

async fn join(open: &Open, id: i64, number: &str) -> Result<(), Trouble> {
    let ticket = super::ticket::find(open, number).await?;
    again(open, id, ticket.id, &format!("the operator says that it belongs to {}", ticket.number)).await
}

/// Lets a mail be decided again, as part of a ticket if one is given.
async fn again(open: &Open, id: i64, ticket: i64, reason: &str) -> Result<(), Trouble> {
    let mail = find(open, id).await?;
    let whole = open.store.raw_mail(id).await?.map_or(0, |b| b.len() as u64);
    if whole != u64::try_from(mail.size).unwrap_or(0) {
        return Err(Trouble::Input(format!(
            "mail {id} was not fetched: {}. Read it there, or refuse it here",
            mail.reason
        )));
    }
    let mut tx = open.store.begin(Durability::Full).await?;
    tx.join(id, ticket).await?;
    tx.release(id, reason).await?;
    tx.commit().await?;
    println!("Mail {id} is decided again by the running guichet, or by `guichet run --once`.");
    Ok(())
}

async fn refuse(open: &Open, id: i64, reason: &str) -> Result<(), Trouble> {
    find(open, id).await?;
    let mut tx = open.store.begin(Durability::Full).await?;
    tx.refuse(id, reason, Clock::system().now()).await?;
    tx.commit().await?;
    println!("Mail {id} is refused. Nobody was written to.");
    Ok(())
}
