//! `address`: addresses that refused notifications for good.

use serde_json::json;

use super::args::AddressCommand;
use super::{Open, show};
use crate::clock::Clock;
use crate::mail::key;
use crate::store::Durability;
use crate::trouble::Trouble;

/// Most rows that are shown to people.
const ROWS: i64 = 500;

pub(super) async fn run(open: &Open, command: AddressCommand) -> Result<(), Trouble> {
    match command {
        AddressCommand::List { json } => list(open, json).await,
        AddressCommand::Clear { address } => clear(open, &address).await,
    }
}

async fn list(open: &Open, as_json: bool) -> Result<(), Trouble> {
    let limit = if as_json { i64::MAX } else { ROWS };
    let blocks = open.store.undeliverable(Clock::system().now(), limit).await?;
    let zone = &open.settings.policy.service_desk.time_zone;
    if as_json {
        let entries = blocks.iter().map(|b| {
            json!({
                "address": b.address, "since": show::stamp(b.since, zone), "until": show::stamp(b.until, zone),
                "status": show::some(&b.status), "reason": show::some(&b.reason), "ticket": b.ticket,
            })
        });
        return show::json(&entries.collect::<Vec<_>>());
    }
    let rows = blocks.into_iter().map(|b| {
        let words = format!("{} {}", b.status, b.reason);
        vec![
            b.address,
            b.ticket.unwrap_or_default(),
            show::time(b.since, zone),
            show::time(b.until, zone),
            words.trim().to_owned(),
        ]
    });
    show::table(
        &["Address", "Ticket", "Since", "Until", "Refusal"],
        rows.collect(),
        "No address refuses notifications. One that does is listed here until `guichet address clear` or its time is over.",
    );
    Ok(())
}

async fn clear(open: &Open, address: &str) -> Result<(), Trouble> {
    let mut tx = open.store.begin(Durability::Full).await?;
    let cleared = tx.clear_undeliverable(&key(address)).await?;
    tx.commit().await?;
    if !cleared {
        return Err(Trouble::Input(format!(
            "{address} is not among those that refuse notifications; `guichet address list` shows them"
        )));
    }
    println!(
        "Notifications to {address} leave again from now on. Those that were not written are named in the tickets' history."
    );
    Ok(())
}
