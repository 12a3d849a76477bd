//! Near a cap, what an agent would have been notified about one by one is collected: one digest, and an alarm.

use std::collections::BTreeMap;

use super::App;
use super::presence::DESK;
use super::writer::{Cause, Writer};
use crate::clock::{HOUR, MINUTE, Millis};
use crate::notify::{Extra, Told};
use crate::store::{Overdue, StoreError, Unit, Wanted};
use crate::ticket::{MessageDraft, Notification, NotificationKind, Person, TicketView, held_number};

/// How long the oldest entry waits for others.
const COLLECT: Millis = 10 * MINUTE;
/// Most lines in one digest.
const LISTED: usize = 200;
/// How long the alarm stands after the last digest.
const ALARM: Millis = HOUR;
/// When the last digest was written.
const LAST: &str = "digest-at";

/// Writes the digests whose time has come. Gives how many.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn drain(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now();
    // A clock that was set back makes nobody wait.
    let due = |at: Millis| now - at >= COLLECT || at > now;
    if !app.store.oldest_digest().await?.is_some_and(due) {
        return Ok(0);
    }
    let settings = app.settings.load_full();
    let mut people: BTreeMap<String, Vec<Overdue>> = BTreeMap::new();
    let rows = app.store.digest().await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    for row in rows {
        people.entry(row.person.clone()).or_default().push(row);
    }
    let writer = Writer::new(&app.store, &app.secret, &settings, now).await?;
    let wanted = Wanted { agents: people.keys().cloned().collect(), lease: Some(DESK), ..Wanted::default() };
    let mut unit = Unit::load(&app.store, wanted, now).await?;
    let (mut drafts, mut count) = (Vec::new(), 0);
    for (address, rows) in people {
        // Who has left the service desk meanwhile needs no telling.
        let Some(agent) = settings.policy.agent(&address) else { continue };
        let to = Person { address, name: agent.name.clone(), language: agent.language.clone() };
        let last = rows.iter().map(|row| row.id).max().unwrap_or(0);
        let notification =
            Notification { cause: format!("digest-{last}"), ..Notification::new(NotificationKind::Digest, to) };
        let queue = rows.first().map(|row| row.queue.clone()).unwrap_or_default();
        let about = TicketView { id: held_number(0), queue, ..TicketView::default() };
        let from = drafts.len();
        writer.draft(&mut unit, Cause::Time, about, MessageDraft::default(), vec![notification], &mut drafts);
        let more = rows.len().saturating_sub(LISTED);
        let mut told: Vec<Told> = rows.iter().take(LISTED).map(line).collect();
        if let (Some(row), true) = (rows.last(), more > 0) {
            let text = if agent.language == "fr" {
                "« #liste » donne tous les tickets."
            } else {
                "\"#list\" gives all tickets."
            };
            told.push(Told { who: format!("… + {more}"), text: text.to_owned(), ..line(row) });
        }
        for draft in drafts.iter_mut().skip(from) {
            draft.extra = Extra { told: told.clone(), ..Extra::default() };
            count += 1;
        }
    }
    unit.clear_digest(ids);
    writer.commit(unit, drafts).await?;
    app.store.set_meta(LAST, &now.to_string()).await?;
    Ok(count)
}

fn line(row: &Overdue) -> Told {
    Told {
        at: row.due_at,
        who: format!("{} · {}", row.number, row.title),
        from_agent: false,
        visibility: "public".to_owned(),
        text: row.text.clone(),
    }
}

/// Whether somebody's notifications are, or lately were, collected.
pub(super) async fn is_collecting(app: &App, now: Millis) -> Result<bool, StoreError> {
    if app.store.oldest_digest().await?.is_some() {
        return Ok(true);
    }
    let last = app.store.meta(LAST).await?.and_then(|at| at.parse::<Millis>().ok());
    Ok(last.is_some_and(|at| now - at < ALARM))
}
