//! What fell due while the service desk was away: one notification a person, marked as late, instead of a hundred.

use std::collections::BTreeMap;

use super::App;
use super::presence::DESK;
use super::writer::{Cause, Writer};
use crate::notify::{Extra, Told};
use crate::store::{Overdue, StoreError, Unit, Wanted};
use crate::ticket::{MessageDraft, Notification, NotificationKind, Person, TicketView, held_number};

/// Most due times in one notification.
const LISTED: usize = 200;

/// Writes the notifications. Gives how many.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn drain(app: &App) -> Result<usize, StoreError> {
    let rows = app.store.overdue().await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let (settings, now) = (app.settings.load_full(), app.clock.now());
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut people: BTreeMap<String, Vec<Overdue>> = BTreeMap::new();
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
            Notification { cause: format!("{last}"), ..Notification::new(NotificationKind::CatchUp, to) };
        let queue = rows.first().map(|row| row.queue.clone()).unwrap_or_default();
        let about = TicketView { id: held_number(0), queue, ..TicketView::default() };
        let agent_language = agent.language.clone();
        let from = drafts.len();
        writer.draft(&mut unit, Cause::Time, about, MessageDraft::default(), vec![notification], &mut drafts);
        for draft in drafts.iter_mut().skip(from) {
            draft.extra = Extra { told: some(&rows, &agent_language), ..Extra::default() };
            count += 1;
        }
    }
    unit.clear_overdue(ids);
    writer.commit(unit, drafts).await?;
    Ok(count)
}

/// The first of them, and how many more there are.
fn some(rows: &[Overdue], language: &str) -> Vec<Told> {
    let mut all: Vec<Told> = rows.iter().take(LISTED).map(told).collect();
    let more = rows.len().saturating_sub(LISTED);
    if let (Some(last), true) = (rows.last(), more > 0) {
        let french = language == "fr";
        let who = if french {
            format!("… et {more} autres échéances")
        } else {
            format!("… and {more} further due times")
        };
        let text =
            if french { "« #liste retard » les donne toutes." } else { "\"#list overdue\" gives all of them." };
        all.push(Told { who, text: text.to_owned(), ..told(last) });
    }
    all
}

fn told(row: &Overdue) -> Told {
    Told {
        at: row.due_at,
        who: format!("{} · {}", row.number, row.title),
        from_agent: false,
        visibility: "public".to_owned(),
        text: row.text.clone(),
    }
}

/// What a notification would have said, in one line.
pub(super) fn line(notification: &Notification) -> String {
    let what = notification.kind.row().late[usize::from(notification.to.language != "fr")];
    format!("{} {what}", notification.done.join(" ")).trim().to_owned()
}
