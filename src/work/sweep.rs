//! Deadlines: what is to happen by itself when its time has come.
//!
//! The rows are the truth: a bell that rings twice, or not at all, changes nothing. Each ticket is
//! looked at again in the transaction that changes it, so that a deadline that was taken off
//! meanwhile does nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::letters::{Cause, Writer};
use super::presence::DESK;
use super::{Desk, catch_up, digest, point, recompute};
use crate::clock::{MINUTE, Millis};
use crate::store::{StoreError, Unit, Wanted};
use crate::ticket::{DeadlineKind, LetterOrder, due};

/// Deadlines met by one commit.
const BATCH: i64 = 100;
/// How long the clocks of service levels wait for a mailbox that cannot be read: what it holds may be the
/// very answer that is due.
const DEAF: Millis = 10 * MINUTE;
/// What is met later than this is late; where more than a few are, the desk was away, and its people are told
/// of all of them in one letter each.
const LATE: Millis = 15 * MINUTE;
const FEW: i64 = 3;

/// Meets every deadline that has been reached. Gives how many.
/// `heard_until`: by mailbox, until when every mail is decided; silence that was due later is not yet known
/// to be silence.
///
/// # Errors
/// [`StoreError`]; nothing is half done then.
pub async fn drain(desk: &Desk, heard_until: &BTreeMap<String, Millis>) -> Result<usize, StoreError> {
    recompute::drain(desk).await?;
    let mut count = 0;
    for mailbox in desk.settings.load().mailboxes.keys() {
        let heard = heard_until.get(mailbox).copied();
        let away = rows(desk, mailbox, heard, desk.clock.now() - LATE, FEW + 1).await?.len();
        let away = i64::try_from(away).is_ok_and(|late| late > FEW);
        loop {
            let met = batch(desk, mailbox, heard, away).await?;
            count += met;
            if met == 0 {
                break;
            }
            desk.outbox_bell.notify_one();
        }
    }
    let letters = catch_up::drain(desk).await? + digest::drain(desk).await?;
    if letters > 0 {
        desk.outbox_bell.notify_one();
    }
    Ok(count + letters)
}

/// Deadlines reached by then: ticket, kind, when.
async fn rows(
    desk: &Desk,
    mailbox: &str,
    heard: Option<Millis>,
    by: Millis,
    limit: i64,
) -> Result<Vec<(i64, DeadlineKind, Millis)>, StoreError> {
    let settings = desk.settings.load_full();
    let here = settings.policy.queues.values().filter(|q| q.mailbox == mailbox);
    let queues: Vec<String> = here.map(|q| q.name.clone()).collect();
    let clocks_until = clocks_until(desk, heard, desk.clock.now());
    desk.store.due(&queues, by, heard.unwrap_or(0), clocks_until, limit).await
}

async fn batch(desk: &Desk, mailbox: &str, heard: Option<Millis>, away: bool) -> Result<usize, StoreError> {
    let (settings, now) = (desk.settings.load_full(), desk.clock.now());
    let rows = rows(desk, mailbox, heard, now, BATCH).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let tickets: BTreeSet<i64> = rows.iter().map(|(id, _, _)| *id).collect();
    let watched = rows.iter().filter(|(_, kind, _)| *kind == DeadlineKind::Acknowledge).map(|(id, _, _)| *id);
    let acknowledged = desk.store.acknowledged(&watched.collect()).await?;
    let writer = Writer::new(&desk.store, &desk.secret, &settings, now).await?;
    let wanted = Wanted {
        tickets,
        agents: settings.policy.agents.values().map(|a| a.address.clone()).collect(),
        lease: Some(DESK),
        ..Wanted::default()
    };
    let mut unit = Unit::load(&desk.store, wanted, now).await?;
    let mut drafts = Vec::new();
    let mut met = 0;
    for (id, kind, at) in &rows {
        let Some(ticket) = unit.ticket(*id).filter(|t| t.deadlines.get(kind) == Some(at)).cloned() else { continue };
        let change = due(&ticket, *kind, *at, now, acknowledged.contains(id), &settings.policy);
        let ticket = unit.change_ticket(0, &change);
        met += 1;
        tracing::info!(ticket_id = id, kind = kind.as_str(), "deadline met");
        let (late, letters): (Vec<LetterOrder>, Vec<LetterOrder>) =
            change.letters.into_iter().partition(|l| away && now - at > LATE && l.kind.is_internal());
        for letter in late {
            unit.note_overdue(&letter.to.address, *id, *at, catch_up::line(&letter));
        }
        writer.draft(&mut unit, Cause::Time, ticket, change.message, letters, &mut drafts);
    }
    point("swept");
    writer.commit(unit, drafts).await?;
    desk.meter.suppressed(writer.suppressed());
    Ok(met)
}

/// Until when the clocks of service levels may be read, although a mailbox was not.
fn clocks_until(desk: &Desk, heard: Option<Millis>, now: Millis) -> Millis {
    match heard {
        Some(heard) => heard.max(now - DEAF),
        None if now - desk.opened_at > DEAF => now - DEAF,
        None => 0,
    }
}
