//! Deadlines: what is to happen automatically when its time has come.
//!
//! The rows are the truth: a wake-up that rings twice, or not at all, changes nothing. Each ticket is
//! looked at again in the transaction that changes it, so that a deadline that was taken off
//! meanwhile does nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::commit::{Cause, Commit};
use super::presence::DESK;
use super::{App, absences, catch_up, digest, failpoint, recompute};
use crate::clock::{MINUTE, Millis};
use crate::store::{StoreError, Wanted};
use crate::ticket::{DeadlineKind, Decision, TicketId, due};

/// Deadlines met by one commit.
const BATCH: i64 = 100;
/// How long the clocks of service levels wait for a mailbox that cannot be read: what it holds may be the
/// very answer that is due.
const DISCONNECTED: Millis = 10 * MINUTE;
/// What is met later than this is late; where more than a few are, the service desk was away, and its people are told
/// of all of them in one notification each.
const LATE: Millis = 15 * MINUTE;
const FEW: i64 = 3;

/// Meets every deadline that has been reached. Gives how many.
/// `received_through`: by mailbox, until when every email is decided; silence that was due later is not yet known
/// to be silence.
///
/// # Errors
/// [`StoreError`]; nothing is half done then.
pub async fn drain(app: &App, received_through: &BTreeMap<String, Millis>) -> Result<usize, StoreError> {
    absences::refresh(app).await?;
    recompute::drain(app).await?;
    let mut count = 0;
    for mailbox in app.settings.load().mailboxes.keys() {
        let heard = received_through.get(mailbox).copied();
        let away = rows(app, mailbox, heard, app.clock.now() - LATE, FEW + 1).await?.len();
        let away = i64::try_from(away).is_ok_and(|late| late > FEW);
        loop {
            let met = batch(app, mailbox, heard, away).await?;
            count += met;
            if met == 0 || app.is_stopping() {
                break;
            }
            app.outbox_wake_up.notify_one();
        }
    }
    let notifications = catch_up::drain(app).await? + digest::drain(app).await?;
    if notifications > 0 {
        app.outbox_wake_up.notify_one();
    }
    Ok(count + notifications)
}

/// Deadlines reached by then: ticket, kind, when.
async fn rows(
    app: &App,
    mailbox: &str,
    heard: Option<Millis>,
    by: Millis,
    limit: i64,
) -> Result<Vec<(TicketId, DeadlineKind, Millis)>, StoreError> {
    let settings = app.settings.load_full();
    let here = settings.policy.queues.values().filter(|q| q.mailbox == mailbox);
    let queues: Vec<String> = here.map(|q| q.name.clone()).collect();
    let clocks_until = clocks_until(app, heard, app.clock.now());
    app.store.due(&queues, by, heard, clocks_until, limit).await
}

async fn batch(app: &App, mailbox: &str, heard: Option<Millis>, away: bool) -> Result<usize, StoreError> {
    let (settings, now) = (app.settings.load_full(), app.clock.now());
    let rows = rows(app, mailbox, heard, now, BATCH).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let tickets: BTreeSet<TicketId> = rows.iter().map(|(id, _, _)| *id).collect();
    let watched = rows.iter().filter(|(_, kind, _)| *kind == DeadlineKind::Acknowledge).map(|(id, _, _)| *id);
    let acknowledged = app.store.acknowledged(&watched.collect()).await?;
    let wanted = Wanted {
        tickets,
        agents: settings.policy.agents.values().map(|a| a.address.clone()).collect(),
        lease: Some(DESK),
        ..Wanted::default()
    };
    let mut commit = Commit::begin(app, &settings, now, wanted).await?;
    let mut met = 0;
    for (id, kind, at) in rows {
        let Some(ticket) = commit.unit().ticket(id).filter(|t| t.deadlines.get(&kind) == Some(&at)) else { continue };
        let change = due(ticket, kind, at, now, acknowledged.contains(&id), &settings.policy);
        let cause = Cause::Deadline { at, missed: away && now - at > LATE };
        commit.carry_out(&cause, Decision::Change(Box::new(change)))?;
        met += 1;
        tracing::info!(ticket_id = id.0, kind = kind.as_str(), "deadline met");
    }
    failpoint("swept");
    commit.finish().await?;
    Ok(met)
}

/// Until when the clocks of service levels may be read, although a mailbox was not.
fn clocks_until(app: &App, heard: Option<Millis>, now: Millis) -> Option<Millis> {
    match heard {
        Some(heard) => Some(heard.max(now - DISCONNECTED)),
        None => Some(now - DISCONNECTED).filter(|until| *until > app.opened_at),
    }
}
