//! How many notifications are taken at once.
//!
//! Few enough that something urgent never waits for more than about a second of what was taken before it, and no more than the
//! server allows a minute, whoever sends.

use std::time::Duration;

use crate::clock::{MINUTE, Millis};
use crate::settings::Settings;
use crate::store::StoreError;
use crate::work::App;

/// Most notifications claimed by one commit.
const MOST: i64 = 50;
/// How long a batch shall take.
const BATCH: Duration = Duration::from_secs(1);
/// Longest wait for the rate before it is looked at again: other instances send as well.
const LOOK: Duration = Duration::from_secs(5);

/// The pace of one sender.
#[derive(Debug)]
pub(super) struct Pace {
    /// Fewest that keep all connections busy.
    least: i64,
    per_minute: Option<i64>,
    /// How many the last batch would have had in the time a batch shall take.
    fit: i64,
    /// Set when the rate is used up: how long until it is worth looking again.
    pub(super) waits: Option<Duration>,
}

impl Pace {
    pub(super) fn new(settings: &Settings) -> Self {
        let connections = i64::try_from(settings.smtp.connections).unwrap_or(1);
        Self { least: 2 * connections, per_minute: settings.smtp.per_minute, fit: MOST, waits: None }
    }

    /// A batch of so many took so long.
    pub(super) fn took(&mut self, count: usize, time: Duration) {
        if count == 0 {
            return;
        }
        let fit = (count as u128).saturating_mul(BATCH.as_micros()) / time.as_micros().max(1);
        self.fit = i64::try_from(fit).unwrap_or(MOST).clamp(self.least.min(MOST), MOST);
    }

    /// How many may be claimed now; none while the rate is used up, and [`Pace::waits`] is then set.
    pub(super) async fn next(&mut self, app: &App, now: Millis) -> Result<i64, StoreError> {
        let Some(most) = self.per_minute else { return Ok(self.fit) };
        let (sent, first) = app.store.sent_lately(now - MINUTE).await?;
        let free = most - sent;
        if free > 0 {
            return Ok(self.fit.min(free));
        }
        let over = first.map_or(0, |first| first + MINUTE + 1 - now);
        self.waits = Some(Duration::from_millis(u64::try_from(over.max(100)).unwrap_or(1_000)).min(LOOK));
        Ok(0)
    }
}
