//! Service levels were edited: every open ticket is computed anew, and its history says so.

use std::sync::PoisonError;

use super::App;
use super::commit::{Cause, Commit};
use super::presence::DESK;
use crate::settings::Settings;
use crate::store::{StoreError, Wanted};
use crate::ticket::{Decision, TicketId, recompute};

/// Tickets computed by one commit.
const BATCH: i64 = 200;
/// The fact that tells under which service levels all tickets were last computed.
const FACT: &str = "slas";

/// Under which service levels, by their digest, tickets are computed, and how far that has come.
#[derive(Debug, Clone, Default)]
pub(super) enum Progress {
    /// Not looked at in this epoch.
    #[default]
    Unknown,
    /// Up to this one.
    UpTo(String, TicketId),
    /// All of them.
    Done(String),
}

/// The same before emails are decided: they wait for it, unless it cannot be done at all.
///
/// # Errors
/// [`StoreError`] that may pass.
pub(super) async fn before_deciding(app: &App) -> Result<(), StoreError> {
    match drain(app).await {
        Err(error) if error.is_transient() => Err(error),
        Err(error) => {
            tracing::error!(%error, "open tickets are not computed under the service levels in force");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Computes all of them, if what is promised has changed since the last time; before any email is decided, which would compute its ticket
/// under the new service levels and not know what it was promised before. An epoch that is broken off begins again.
pub(super) async fn drain(app: &App) -> Result<(), StoreError> {
    let settings = app.settings.load_full();
    let digest = &settings.policy.slas.digest;
    let known = app.computed.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let after = match known {
        Progress::Done(known) if known == *digest => return Ok(()),
        Progress::UpTo(known, after) if known == *digest => Some(after),
        _ => None,
    };
    let progress = if app.store.meta(FACT).await?.as_ref() == Some(digest) {
        Progress::Done(digest.clone())
    } else {
        if after.is_none() {
            // Broken off, or edited back, all of them are computed again.
            app.store.set_meta(FACT, "").await?;
        }
        batches(app, &settings, after.unwrap_or_default()).await?
    };
    *app.computed.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    Ok(())
}

async fn batches(app: &App, settings: &Settings, mut after: TicketId) -> Result<Progress, StoreError> {
    let digest = &settings.policy.slas.digest;
    while !app.is_stopping() {
        let ids = app.store.unfinished(after, BATCH).await?;
        let Some(last) = ids.last() else {
            app.store.set_meta(FACT, digest).await?;
            return Ok(Progress::Done(digest.clone()));
        };
        after = *last;
        let now = app.clock.now();
        let wanted = Wanted { tickets: ids.iter().copied().collect(), lease: Some(DESK), ..Wanted::default() };
        let mut commit = Commit::begin(app, settings, now, wanted).await?;
        let mut count = 0;
        for id in ids {
            let Some(change) = commit.unit().ticket(id).and_then(|t| recompute(t, now, &settings.policy)) else {
                continue;
            };
            commit.carry_out(&Cause::Recalculation, Decision::Change(Box::new(change)))?;
            count += 1;
        }
        commit.finish().await?;
        tracing::info!(tickets = count, "tickets computed under the service levels in force");
    }
    Ok(Progress::UpTo(digest.clone(), after))
}
