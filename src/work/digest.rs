//! Near a cap, what an agent would have been notified about one by one is collected: one digest, and an alarm.

use super::App;
use super::commit;
use super::per_person::{Aside, write};
use crate::clock::{HOUR, MINUTE, Millis};
use crate::store::StoreError;
use crate::ticket::NotificationKind;

/// How long the oldest entry waits for others.
const COLLECT: Millis = 10 * MINUTE;
/// How long the alarm stands after the last digest.
const ALARM: Millis = HOUR;
/// When the last digest was written.
const LAST: &str = "digest-at";

const COLLECTED: Aside =
    Aside { kind: NotificationKind::Digest, cause: "digest-", more: ["digest.more", "digest.list_all"] };

/// Writes the digests whose time has come. Gives how many.
pub(super) async fn drain(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now();
    // A clock that was set back makes nobody wait.
    let due = |at: Millis| now - at >= COLLECT || at > now;
    if !app.store.oldest_digest().await?.is_some_and(due) {
        return Ok(0);
    }
    let count = write(app, &COLLECTED, app.store.digest().await?, now, commit::Aside::Digest).await?;
    app.store.set_meta(LAST, &now.to_string()).await?;
    Ok(count)
}

/// Whether somebody's notifications are, or lately were, collected.
pub(super) async fn is_collecting(app: &App, now: Millis) -> Result<bool, StoreError> {
    if app.store.oldest_digest().await?.is_some() {
        return Ok(true);
    }
    let last = app.store.meta(LAST).await?.and_then(|at| at.parse::<Millis>().ok());
    Ok(last.is_some_and(|at| now - at < ALARM))
}
