//! The upkeep of the database: whether it is whole, its statistics, room given back, data whose time is over.

use super::commit::set_wake_up;
use super::{App, erase, erased};
use crate::clock::{DAY, HOUR, Millis};
use crate::store::{AuditEntry, CHECKS, Engine, Expired, StoreError};
use crate::trouble::Trouble;

/// The fact that says what is broken; empty when nothing is.
pub const BROKEN: &str = "integrity";
/// The wake-ups: every night, and every week.
const NIGHT: &str = "upkeep";
const WEEK: &str = "upkeep-week";
/// Rows whose bytes are removed by one commit.
const BATCH: i64 = 500;
/// People that are looked up together.
const PEOPLE: i64 = 20;

/// Does what is due.
pub async fn drain(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    // Each on its own: what hinders one must not hide what the other finds.
    let (nightly, weekly) = (every_night(app, now).await, every_week(app, now).await);
    nightly.and(weekly)
}

async fn every_night(app: &App, now: Millis) -> Result<(), StoreError> {
    if is_due(app, NIGHT, now).await? {
        forget(app, now).await?;
        app.store.analyze().await?;
        set_wake_up(app, NIGHT, night(app, now)).await?;
    }
    Ok(())
}

async fn every_week(app: &App, now: Millis) -> Result<(), StoreError> {
    if is_due(app, WEEK, now).await? {
        let wrong = broken(app).await?;
        app.store.set_meta(BROKEN, &wrong).await?;
        if wrong.is_empty() {
            app.store.give_back_room().await?;
        } else {
            tracing::error!(wrong, "the database is damaged");
        }
        set_wake_up(app, WEEK, night(app, now) + 6 * DAY + HOUR).await?;
    }
    Ok(())
}

async fn is_due(app: &App, wake_up: &str, now: Millis) -> Result<bool, StoreError> {
    match app.store.wake_up(wake_up).await? {
        Some(due) => Ok(due <= now || due > now + 8 * DAY),
        None => {
            // A service that was just set up has nothing to look after yet.
            set_wake_up(app, wake_up, night(app, now)).await?;
            Ok(false)
        }
    }
}

/// The next night, by the service desk's clock.
fn night(app: &App, now: Millis) -> Millis {
    let zone = app.settings.load().policy.service_desk.time_zone.clone();
    let next = crate::report::Cron::read("0 10 3 * * *").ok().and_then(|cron| cron.next(now, &zone));
    next.unwrap_or(now + DAY)
}

async fn broken(app: &App) -> Result<String, StoreError> {
    let mut wrong = Vec::new();
    // The first two ask the database about itself; the others are `verify`'s.
    for check in CHECKS.into_iter().take(if app.store.engine() == Engine::Sqlite { 2 } else { 0 }) {
        match app.store.broken(check).await {
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
async fn forget_people(app: &App, before: Millis, now: Millis) -> Result<i64, StoreError> {
    let (settings, store) = (app.settings.load_full(), &app.store);
    let policy = &settings.policy;
    // People of the service desk, and the service desk itself, go when they leave the configuration.
    let stays = |address: &String| policy.agent(address).is_some() || policy.is_own_address(address);
    let (mut people, mut beyond) = (Vec::new(), String::new());
    while people.len() < erase::TOGETHER {
        let page = store.people_of_old(before, &beyond, PEOPLE).await?;
        let Some(last) = page.last() else { break };
        beyond.clone_from(last);
        people.extend(page.into_iter().filter(|address| !stays(address)));
    }
    people.truncate(erase::TOGETHER);
    if people.is_empty() {
        return Ok(0);
    }
    let reading = erase::Reading::of(store, &people, |_, _| {}).await?;
    let mut count = 0;
    for address in people {
        match erase::one(store, erased::place(&settings).as_deref(), &reading, &address, "guichet", now).await {
            Ok(_) => count += 1,
            Err(Trouble::Store(error)) => return Err(error),
            // The next night, when what names them has been decided.
            Err(error) => tracing::info!(%error, "a person is not erased yet"),
        }
    }
    Ok(count)
}

/// Removes what is not to be kept any longer.
pub async fn forget(app: &App, now: Millis) -> Result<(), StoreError> {
    let (settings, store) = (app.settings.load_full(), &app.store);
    let kept = settings.retention;
    let mut gone = Vec::new();
    let kinds = [
        (Expired::Emails, "emails", kept.emails),
        (Expired::Notifications, "notifications", kept.notifications),
        (Expired::Ignored, "ignored emails", kept.ignored),
    ];
    for (kind, name, time) in kinds.into_iter().filter(|(_, _, time)| *time > 0) {
        let mut count = 0;
        loop {
            let more = store.forget(kind, now - time, BATCH).await?;
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
        let count = forget_people(app, now - kept.people, now).await?;
        if count > 0 {
            gone.push(format!("{count} people"));
        }
    }
    if !gone.is_empty() {
        let text = format!("{}, whose time is over", gone.join(", "));
        store.record(AuditEntry { kind: "expired", actor: "", subject: "", text: &text }, now).await?;
        tracing::info!(gone = text, "removed");
    }
    Ok(())
}
