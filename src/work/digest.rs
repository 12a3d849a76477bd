//! Near a cap, what an agent would have been notified about one by one is collected: one digest, and an alarm. An agent who chose so
//! (`agents.NAME.notify = "digest"`) has it at the times of `life.digest_at`, without an alarm.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::App;
use super::commit;
use super::per_person::{Aside, write};
use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::store::{Overdue, StoreError};
use crate::ticket::phrase::phrase;
use crate::ticket::{NotificationKind, Phrase, Policy};

/// How long the oldest entry waits for others.
const COLLECT: Millis = 10 * MINUTE;
/// How long the alarm stands after the last digest.
const ALARM: Millis = HOUR;
/// When the last digest was written.
const LAST: &str = "digest-at";

const COLLECTED: Aside =
    Aside { kind: NotificationKind::Digest, cause: "digest-", more: ["digest.more", "digest.list_all"], why };

/// Writes the digests whose time has come. Gives how many.
pub(super) async fn drain(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now();
    // A clock that was set back makes nobody wait.
    let due = |at: Millis| now - at >= COLLECT || at > now;
    if !app.store.oldest_digest().await?.is_some_and(due) {
        return Ok(0);
    }
    let settings = app.settings.load_full();
    let policy = &settings.policy;
    let mut oldest: BTreeMap<(String, i64), Millis> = BTreeMap::new();
    let rows = app.store.digest().await?;
    for row in &rows {
        oldest.entry((row.person.clone(), row.waits)).and_modify(|at| *at = row.due_at.min(*at)).or_insert(row.due_at);
    }
    let ready = |row: &Overdue| {
        let at = oldest.get(&(row.person.clone(), row.waits)).copied().unwrap_or(row.due_at);
        if row.waits == 1 { at > now || next_time(at, policy) <= now } else { due(at) }
    };
    let rows: Vec<Overdue> = rows.into_iter().filter(ready).collect();
    if rows.is_empty() {
        return Ok(0);
    }
    let near_cap = rows.iter().any(|row| row.waits == 0);
    let count = write(app, &COLLECTED, rows, now, commit::Aside::Digest).await?;
    if near_cap {
        app.store.set_meta(LAST, &now.to_string()).await?;
    }
    Ok(count)
}

/// Why the notification holds several.
fn why(rows: &[Overdue]) -> Vec<Phrase> {
    let near_cap = rows.iter().any(|row| row.waits == 0);
    vec![if near_cap { phrase!("digest.near_cap") } else { phrase!("digest.at_its_hour") }]
}

/// The first time after `at` at which digests are sent that agents chose.
fn next_time(at: Millis, policy: &Policy) -> Millis {
    let zone = &policy.service_desk.time_zone;
    let day = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone()).date();
    let days = [Some(day), day.tomorrow().ok()];
    let times =
        days.into_iter().flatten().flat_map(|day| policy.life.digest_at.iter().map(move |time| day.to_datetime(*time)));
    let times = times.filter_map(|time| Some(time.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond()));
    { times }.find(|time| *time > at).unwrap_or(at + DAY)
}

/// Whether somebody's notifications are, or lately were, collected.
pub(super) async fn is_collecting(app: &App, now: Millis) -> Result<bool, StoreError> {
    if app.store.oldest_digest().await?.is_some() && app.store.digest().await?.iter().any(|row| row.waits == 0) {
        return Ok(true);
    }
    let last = app.store.meta(LAST).await?.and_then(|at| at.parse::<Millis>().ok());
    Ok(last.is_some_and(|at| now - at < ALARM))
}
