//! Service levels were edited: every open ticket is computed anew, and its history says so.

use std::sync::PoisonError;

use super::App;
use super::commit::{Cause, Commit};
use super::presence::DESK;
use crate::store::{StoreError, Wanted};
use crate::ticket::{Decision, recompute};

/// Tickets computed by one commit.
const BATCH: i64 = 200;
/// The fact that tells under which service levels all tickets were last computed.
const FACT: &str = "slas";
/// All tickets are computed.
const DONE: i64 = i64::MAX;

/// Batches computed by one call, so that email does not wait for a million tickets.
const AT_ONCE: usize = 5;

/// Computes some of them, if what is promised has changed since the last time. A life that is broken off begins
/// again.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn drain(app: &App) -> Result<(), StoreError> {
    let settings = app.settings.load_full();
    let digest = &settings.policy.slas.digest;
    let (known, mut after) = app.computed.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if known == *digest && after == DONE {
        return Ok(());
    }
    if known != *digest {
        after = 0;
    }
    if app.store.meta(FACT).await?.as_ref() != Some(digest) {
        if after == 0 {
            // Broken off, or edited back, all of them are computed again.
            app.store.set_meta(FACT, "").await?;
        }
        for _ in 0..AT_ONCE {
            let ids = app.store.unfinished(after, BATCH).await?;
            let Some(last) = ids.last() else {
                app.store.set_meta(FACT, digest).await?;
                after = DONE;
                break;
            };
            after = *last;
            let now = app.clock.now();
            let wanted = Wanted { tickets: ids.iter().copied().collect(), lease: Some(DESK), ..Wanted::default() };
            let mut commit = Commit::begin(app, &settings, now, wanted).await?;
            let mut count = 0;
            for id in ids {
                let Some(change) = commit.unit().ticket(id).and_then(|t| recompute(t, now, &settings.policy)) else {
                    continue;
                };
                commit.carry_out(&Cause::Recalculation, Decision::Change(Box::new(change)))?;
                count += 1;
            }
            commit.finish().await?.count(app);
            tracing::info!(tickets = count, "tickets computed under the service levels in force");
        }
        if after != DONE {
            app.inbox_wake_up.notify_one();
        }
    } else {
        after = DONE;
    }
    *app.computed.lock().unwrap_or_else(PoisonError::into_inner) = (digest.clone(), after);
    Ok(())
}
