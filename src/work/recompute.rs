//! Service levels were edited: every open ticket is computed anew, and its history says so.

use std::sync::PoisonError;

use super::Desk;
use crate::store::{StoreError, Unit, Wanted};
use crate::ticket::recompute;

/// Tickets computed by one commit.
const BATCH: i64 = 200;
/// The fact that tells under which service levels all tickets were last computed.
const FACT: &str = "slas";

/// Computes them, if what is promised has changed since the last time. A run that is broken off begins again.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn drain(desk: &Desk) -> Result<(), StoreError> {
    let settings = desk.settings.load_full();
    let digest = &settings.policy.slas.digest;
    let known = desk.computed.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if known == *digest {
        return Ok(());
    }
    if desk.store.meta(FACT).await?.as_ref() != Some(digest) {
        let mut after = 0;
        loop {
            let ids = desk.store.unfinished(after, BATCH).await?;
            let Some(last) = ids.last() else { break };
            after = *last;
            let now = desk.clock.now();
            let wanted = Wanted { tickets: ids.iter().copied().collect(), ..Wanted::default() };
            let mut unit = Unit::load(&desk.store, wanted, now).await?;
            let changes: Vec<_> =
                ids.iter().filter_map(|id| recompute(unit.ticket(*id)?, now, &settings.policy)).collect();
            for change in &changes {
                unit.change_ticket(0, change);
            }
            unit.commit().await?;
            tracing::info!(tickets = changes.len(), "tickets computed under the service levels in force");
        }
        desk.store.set_meta(FACT, digest).await?;
    }
    digest.clone_into(&mut desk.computed.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(())
}
