//! Recurring work: tickets that open by a timetable.
//!
//! A time that was missed opens one ticket, however often it was missed; the ticket and the next time are one commit.

use super::App;
use super::commit::set_wake_up;
use super::operator::{self, NewTicket, Outcome};
use crate::settings::{Recurring, Settings};
use crate::store::StoreError;
use crate::ticket::Channel;

/// Opens the tickets whose time has come. Gives how many.
///
/// # Errors
/// [`StoreError`]; what was opened before stays.
pub async fn drain(app: &App) -> Result<usize, StoreError> {
    let settings = app.settings.load_full();
    let mut count = 0;
    for plan in &settings.recurring {
        count += usize::from(ring(app, &settings, plan).await?);
    }
    Ok(count)
}

async fn ring(app: &App, settings: &Settings, plan: &Recurring) -> Result<bool, StoreError> {
    let (now, zone) = (app.clock.now(), &settings.policy.service_desk.time_zone);
    let name = format!("recurring:{}:{}", plan.name, plan.cron.text());
    let Some(next) = plan.cron.next(now, zone) else { return Ok(false) };
    // One beyond the next time was set while the clock was ahead.
    match app.store.wake_up(&name).await?.filter(|due| *due <= next) {
        Some(due) if due > now => return Ok(false),
        Some(_) => {}
        None => {
            // It is seen for the first time.
            set_wake_up(app, &name, next).await?;
            return Ok(false);
        }
    }
    let phrases = settings.templates.phrases(&settings.policy.service_desk.language);
    let own = settings.policy.queues.get(&plan.queue).map(|queue| queue.address.clone()).unwrap_or_default();
    let new = NewTicket {
        queue: plan.queue.clone(),
        from: plan.requester.as_ref().map_or(own, |person| person.address.clone()),
        name: plan.requester.as_ref().map(|person| person.name.clone()).unwrap_or_default(),
        subject: plan.title.replace("{date}", &phrases.day(now, zone)),
        text: plan.text.trim().to_owned(),
        channel: Channel::Schedule,
    };
    match Box::pin(operator::open_by_schedule(app, settings, &new, (&name, next))).await? {
        Outcome::Done(_) => {
            tracing::info!(recurring = plan.name, "ticket opened by its timetable");
            Ok(true)
        }
        Outcome::NotDone(why) => {
            tracing::error!(recurring = plan.name, reason = why.join(" "), "no ticket was opened by its timetable");
            set_wake_up(app, &name, next).await?;
            Ok(false)
        }
    }
}
