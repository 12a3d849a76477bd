//! `outbox`: notifications that wait or failed.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::args::OutboxCommand;
use super::{Open, show};
use crate::clock::Clock;
use crate::store::{AuditEntry, Durability, Failure, OutboxRow, OutboxState};
use crate::ticket::OutboxId;
use crate::trouble::Trouble;

pub(super) async fn run(open: &Open, command: OutboxCommand) -> Result<(), Trouble> {
    match command {
        OutboxCommand::List { state, json } => list(open, state.as_deref(), json).await,
        OutboxCommand::Show { id, json } => show_one(open, OutboxId(id), json).await,
        OutboxCommand::Retry { id, restored, .. } => retry(open, id.map(OutboxId), restored).await,
    }
}

/// A notification for programs.
pub(super) fn entry(notification: &OutboxRow, zone: &TimeZone) -> Value {
    json!({
        "id": notification.id, "kind": notification.kind, "to": notification.recipient, "state": notification.state.as_str(), "attempts": notification.attempts,
        "ticket": notification.ticket, "message_id": notification.message_id, "last_error": notification.last_error,
        "created_at": show::stamp(notification.created_at, zone), "due_at": show::stamp(notification.due_at, zone), "sent_at": notification.sent_at.map(|at| show::stamp(at, zone)),
    })
}

fn state(word: &str) -> Result<OutboxState, Trouble> {
    word.parse()
        .map_err(|_| Trouble::Usage(format!("there is no state {word}; there are queued, sending, sent and failed")))
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
        let when = l.sent_at.unwrap_or(l.due_at);
        vec![
            l.id.to_string(),
            l.state.to_string(),
            l.kind,
            l.recipient,
            l.ticket.unwrap_or_default(),
            l.attempts.to_string(),
            show::time(when, zone),
            l.last_error.unwrap_or_default(),
        ]
    });
    show::table(
        &["Id", "State", "Notification", "To", "Ticket", "Tries", "Due or sent", "Last error"],
        rows.collect(),
        "No notification waits: all have left. `guichet outbox list --state sent` shows them.",
    );
    Ok(())
}

async fn show_one(open: &Open, id: OutboxId, as_json: bool) -> Result<(), Trouble> {
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
    if let Some(error) = &notification.last_error {
        println!("  {}", show::printable(error));
    }
    println!("\n{}", show::printable(&mail.replace("\r\n", "\n")));
    Ok(())
}

async fn retry(open: &Open, id: Option<OutboxId>, restored: bool) -> Result<(), Trouble> {
    let mut tx = open.store.begin(Durability::Full).await?;
    let now = Clock::system().now();
    let count = tx.retry(id, restored.then_some(Failure::Restored), now).await?;
    let subject = id.map_or_else(|| "all notifications".to_owned(), |id| format!("notification {id}"));
    let text = format!("{count} notifications");
    tx.record(AuditEntry { kind: "retried", actor: "operator", subject: &subject, text: &text }, now).await?;
    tx.commit().await?;
    match (count, id) {
        (0, Some(id)) => Err(Trouble::Input(format!(
            "notification {id} neither failed nor waits; `guichet outbox list` shows those that do"
        ))),
        (0, None) => {
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
