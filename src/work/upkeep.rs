//! The upkeep of the database: whether it is whole, its statistics, room given back, data whose time is over.

use super::presence::DESK;
use super::{Desk, erase, erased};
use crate::clock::{DAY, HOUR, Millis};
use crate::store::{CHECKS, Deed, Engine, StoreError, Unit, Wanted};
use crate::trouble::Trouble;

/// The fact that says what is broken; empty when nothing is.
pub const BROKEN: &str = "integrity";
/// The bells: every night, and every week.
const NIGHT: &str = "upkeep";
const WEEK: &str = "upkeep-week";
/// Rows whose bytes are removed by one commit.
const BATCH: i64 = 500;
/// People that are erased in one night.
const PEOPLE: i64 = 20;

/// Does what is due.
///
/// # Errors
/// [`StoreError`].
pub async fn drain(desk: &Desk) -> Result<(), StoreError> {
    let now = desk.clock.now();
    // Each by itself: what hinders one must not hide what the other finds.
    let (nightly, weekly) = (every_night(desk, now).await, every_week(desk, now).await);
    nightly.and(weekly)
}

async fn every_night(desk: &Desk, now: Millis) -> Result<(), StoreError> {
    if is_due(desk, NIGHT, now).await? {
        forget(desk, now).await?;
        desk.store.analyze().await?;
        ring_again(desk, NIGHT, night(desk, now)).await?;
    }
    Ok(())
}

async fn every_week(desk: &Desk, now: Millis) -> Result<(), StoreError> {
    if is_due(desk, WEEK, now).await? {
        let wrong = broken(desk).await?;
        desk.store.set_meta(BROKEN, &wrong).await?;
        if wrong.is_empty() {
            desk.store.give_back_room().await?;
        } else {
            tracing::error!(wrong, "the database is damaged");
        }
        ring_again(desk, WEEK, night(desk, now) + 6 * DAY + HOUR).await?;
    }
    Ok(())
}

async fn is_due(desk: &Desk, bell: &str, now: Millis) -> Result<bool, StoreError> {
    match desk.store.bell(bell).await? {
        Some(due) => Ok(due <= now || due > now + 8 * DAY),
        None => {
            // A service that was just set up has nothing to look after yet.
            ring_again(desk, bell, night(desk, now)).await?;
            Ok(false)
        }
    }
}

/// The next night, by the desk's clock.
fn night(desk: &Desk, now: Millis) -> Millis {
    let zone = desk.settings.load().policy.desk.time_zone.clone();
    let next = crate::report::Cron::read("0 10 3 * * *").ok().and_then(|cron| cron.next(now, &zone));
    next.unwrap_or(now + DAY)
}

async fn ring_again(desk: &Desk, bell: &str, at: Millis) -> Result<(), StoreError> {
    let wanted = Wanted { lease: Some(DESK), ..Wanted::default() };
    let mut unit = Unit::load(&desk.store, wanted, desk.clock.now()).await?;
    unit.set_bell(bell, at);
    unit.commit().await
}

async fn broken(desk: &Desk) -> Result<String, StoreError> {
    let mut wrong = Vec::new();
    // The first two ask the database about itself; the others are `verify`'s.
    for check in CHECKS.into_iter().take(if desk.store.engine() == Engine::Sqlite { 2 } else { 0 }) {
        match desk.store.broken(check).await {
            Ok(found) => wrong.extend(found),
            // A page so bad that the check itself ends at it.
            Err(error @ StoreError::Damaged(_)) => wrong.push(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    wrong.truncate(5);
    Ok(wrong.join("; "))
}

/// Erases people of whom nothing was heard since `before`, so many a night. Gives how many.
async fn forget_people(desk: &Desk, before: Millis, now: Millis) -> Result<i64, StoreError> {
    let (settings, store) = (desk.settings.load_full(), &desk.store);
    let policy = &settings.policy;
    let (mut count, mut beyond) = (0, String::new());
    loop {
        let page = store.people_of_old(before, &beyond, PEOPLE).await?;
        let Some(last) = page.last() else { return Ok(count) };
        beyond.clone_from(last);
        for address in page {
            if count >= PEOPLE {
                return Ok(count);
            }
            // People of the desk, and the desk itself, go when they leave the configuration.
            if policy.agent(&address).is_some() || policy.is_own_address(&address) {
                continue;
            }
            match erase::run(store, erased::place(&settings).as_deref(), &address, "guichet", now, |_, _| {}).await {
                Ok(_) => count += 1,
                Err(Trouble::Store(error)) => return Err(error),
                // The next night, when what names them has been decided.
                Err(error) => tracing::info!(%error, "a person is not erased yet"),
            }
        }
    }
}

/// Removes what is not to be kept any longer.
///
/// # Errors
/// [`StoreError`].
pub async fn forget(desk: &Desk, now: Millis) -> Result<(), StoreError> {
    let (settings, store) = (desk.settings.load_full(), &desk.store);
    let kept = settings.retention;
    let mut gone = Vec::new();
    let sorts = [("mails", kept.mails), ("letters", kept.letters), ("ignored mails", kept.ignored)];
    for (at, (name, time)) in sorts.into_iter().enumerate().filter(|(_, (_, time))| *time > 0) {
        let mut count = 0;
        loop {
            let more = store.forget(at, now - time, BATCH).await?;
            count += more;
            if more == 0 {
                break;
            }
        }
        if count > 0 {
            gone.push(format!("the bytes of {count} {name}"));
        }
    }
    if kept.people > 0 {
        let count = forget_people(desk, now - kept.people, now).await?;
        if count > 0 {
            gone.push(format!("{count} people"));
        }
    }
    if !gone.is_empty() {
        let text = format!("{}, whose time is over", gone.join(", "));
        store.record(Deed { kind: "expired", actor: "", subject: "", text: &text }, now).await?;
        tracing::info!(gone = text, "removed");
    }
    Ok(())
}
