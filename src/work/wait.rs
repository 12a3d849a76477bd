//! Waiting that a stop ends.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How often an instance that waits for its turn looks whether it has come.
pub(super) const STANDBY: Duration = Duration::from_secs(1);

/// Waits so long, or until the stop.
pub(super) async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
