//! Deadlines: what is to happen by itself when its time has come.
//!
//! The rows are the truth: a bell that rings twice, or not at all, changes nothing. Each ticket is
//! looked at again in the transaction that changes it, so that a deadline that was taken off
//! meanwhile does nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::Desk;
use super::letters::{Cause, Writer};
use crate::clock::Millis;
use crate::store::{StoreError, Unit, Wanted};
use crate::ticket::due;

/// Deadlines met by one commit.
const BATCH: i64 = 100;

/// Meets every deadline that has been reached. Gives how many. `heard_until`: by mailbox, until when every
/// mail is decided; silence that was due later is not yet known to be silence.
///
/// # Errors
/// [`StoreError`]; nothing is half done then.
pub async fn drain(desk: &Desk, heard_until: &BTreeMap<String, Millis>) -> Result<usize, StoreError> {
    let mut count = 0;
    for mailbox in desk.settings.load().mailboxes.keys() {
        let heard_until = heard_until.get(mailbox).copied().unwrap_or(0);
        loop {
            let met = batch(desk, mailbox, heard_until).await?;
            count += met;
            if met == 0 {
                break;
            }
            desk.outbox_bell.notify_one();
        }
    }
    Ok(count)
}

async fn batch(desk: &Desk, mailbox: &str, heard_until: Millis) -> Result<usize, StoreError> {
    let (settings, now) = (desk.settings.load_full(), desk.clock.now());
    let here = settings.policy.queues.values().filter(|q| q.mailbox == mailbox);
    let queues: Vec<String> = here.map(|q| q.name.clone()).collect();
    let rows = desk.store.due(&queues, now, heard_until, BATCH).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let writer = Writer::new(&desk.store, &desk.secret, &settings, now).await?;
    let wanted = Wanted {
        tickets: rows.iter().map(|(id, _, _)| *id).collect::<BTreeSet<i64>>(),
        agents: settings.policy.agents.values().map(|a| a.address.clone()).collect(),
        ..Wanted::default()
    };
    let mut unit = Unit::load(&desk.store, wanted, now).await?;
    let mut drafts = Vec::new();
    let mut met = 0;
    for (id, kind, at) in &rows {
        let Some(ticket) = unit.ticket(*id).filter(|t| t.deadlines.get(kind) == Some(at)).cloned() else { continue };
        let change = due(&ticket, *kind, *at, now, &settings.policy);
        let ticket = unit.change_ticket(0, &change);
        met += 1;
        tracing::info!(ticket_id = id, kind = kind.as_str(), "deadline met");
        writer.draft(&mut unit, Cause::Time, ticket, change.message, change.letters, &mut drafts);
    }
    writer.commit(unit, drafts).await?;
    Ok(met)
}
