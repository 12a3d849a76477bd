//! `outbox`: notifications that wait or failed.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::args::OutboxCommand;
use super::{Open, show};
use crate::clock::Clock;
use crate::store::{AuditEntry, Durability, OutboxRow, OutboxState};
use crate::trouble::Trouble;
use crate::work::backup::RESTORED;

pub(super) async fn run(open: &Open, command: OutboxCommand) -> Result<(), Trouble> {
    match command {
        OutboxCommand::List { state, json } => list(open, state.as_deref(), json).await,
        OutboxCommand::Show { id, json } => show_one(open, id, json).await,
        OutboxCommand::Retry { id, restored, .. } => retry(open, id.unwrap_or(0), restored).await,
    }
}

/// A notification for programs.
pub(super) fn entry(notification: &OutboxRow, zone: &TimeZone) -> Value {
    json!({
        "id": notification.id, "kind": notification.kind, "to": notification.recipient, "state": notification.state, "attempts": notification.attempts,
        "ticket": show::some(&notification.ticket), "message_id": notification.message_id, "last_error": show::some(&notification.last_error),
        "created_at": show::stamp(notification.created_at, zone), "due_at": show::stamp(notification.due_at, zone), "sent_at": show::stamp(notification.sent_at, zone),
    })
}

fn state(word: &str) -> Result<OutboxState, Trouble> {
    let all = [OutboxState::Queued, OutboxState::Sending, OutboxState::Sent, OutboxState::Failed];
    let found = all.into_iter().find(|s| s.as_str() == word);
    found.ok_or_else(|| Trouble::Usage(format!("there is no state {word}; there are queued, sending, sent and failed")))
}

async fn list(open: &Open, word: Option<&str>, as_json: bool) -> Result<(), Trouble> {
    let state = word.map(state).transpose()?;
    let limit = if as_json { i64::MAX } else { 200 };
    let notifications = open.store.outbox(state, limit).await?;
    let zone = &open.settings.policy.service_desk.time_zone;
    if as_json {
        return show::json(&notifications.iter().map(|l| entry(l, zone)).collect::<Vec<_>>());
    }
    let rows = notifications.into_iter().map(|l| {
        let when = if l.sent_at == 0 { l.due_at } else { l.sent_at };
        vec![
            l.id.to_string(),
            l.state,
            l.kind,
            l.recipient,
            l.ticket,
            l.attempts.to_string(),
            show::time(when, zone),
            l.last_error,
        ]
    });
    show::table(
        &["Id", "State", "Letter", "To", "Ticket", "Tries", "Due or sent", "Last error"],
        rows.collect(),
        "No notification waits: all have left. `guichet outbox list --state sent` shows them.",
    );
    Ok(())
}

async fn show_one(open: &Open, id: i64, as_json: bool) -> Result<(), Trouble> {
    let found = open.store.outbox_entry(id).await?;
    let notification = found.ok_or_else(|| {
        Trouble::Input(format!("there is no notification {id}; `guichet outbox list` shows those there are"))
    })?;
    let bytes = open.store.notification(id).await?.unwrap_or_default();
    let mail = String::from_utf8_lossy(&bytes);
    if as_json {
        let mut value = entry(&notification, &open.settings.policy.service_desk.time_zone);
        value["email"] = Value::String(mail.into_owned());
        // The name of before 0.2.0.
        value["mail"] = value["email"].clone();
        return show::json(&value);
    }
    let to = show::one_line(&notification.recipient);
    println!("{} to {to}: {} after {} attempts", notification.kind, notification.state, notification.attempts);
    if !notification.last_error.is_empty() {
        println!("  {}", show::printable(&notification.last_error));
    }
    println!("\n{}", show::printable(&mail.replace("\r\n", "\n")));
    Ok(())
}

async fn retry(open: &Open, id: i64, restored: bool) -> Result<(), Trouble> {
    let mut tx = open.store.begin(Durability::Full).await?;
    let now = Clock::system().now();
    let count = tx.retry(id, if restored { RESTORED } else { "" }, now).await?;
    let subject = if id == 0 { "all notifications".to_owned() } else { format!("notification {id}") };
    let text = format!("{count} notifications");
    tx.record(AuditEntry { kind: "retried", actor: "operator", subject: &subject, text: &text }, now).await?;
    tx.commit().await?;
    match count {
        0 if id != 0 => Err(Trouble::Input(format!(
            "notification {id} neither failed nor waits; `guichet outbox list` shows those that do"
        ))),
        0 => {
            println!("No notification failed or waits.");
            Ok(())
        }
        _ => {
            println!(
                "{count} notifications are sent within ten seconds where guichet runs, or with `guichet run --once`."
            );
            Ok(())
        }
    }
}
