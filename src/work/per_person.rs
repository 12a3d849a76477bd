//! What was put aside for people, sent as one notification each: what fell due while the service desk was away, and what was collected
//! near a cap.

use std::collections::BTreeMap;

use super::App;
use super::presence::DESK;
use super::writer::{Cause, Writer};
use crate::clock::Millis;
use crate::notify::{Extra, Told};
use crate::store::{Overdue, StoreError, Unit, Wanted};
use crate::ticket::{MessageDraft, Notification, NotificationKind, Person, TicketView, held_number};

/// Most lines in one notification.
const LISTED: usize = 200;

/// One kind of them.
pub(super) struct Aside {
    pub(super) kind: NotificationKind,
    /// What tells its notifications from each other, before the number of the last line.
    pub(super) cause: &'static str,
    /// The line that stands for those beyond the bound, by their count and whether it is French: who, and what.
    pub(super) more: fn(usize, bool) -> (String, String),
}

/// Writes them in one commit, which `clear` takes the rows out of. Gives how many were written.
///
/// # Errors
/// [`StoreError`]; nothing is written then.
pub(super) async fn write(
    app: &App,
    aside: &Aside,
    rows: Vec<Overdue>,
    now: Millis,
    clear: impl FnOnce(&mut Unit, Vec<i64>),
) -> Result<usize, StoreError> {
    let settings = app.settings.load_full();
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
        let cause = format!("{}{last}", aside.cause);
        let notification = Notification { cause, ..Notification::new(aside.kind, to) };
        let queue = rows.first().map(|row| row.queue.clone()).unwrap_or_default();
        let about = TicketView { id: held_number(0), queue, ..TicketView::default() };
        let from = drafts.len();
        writer.draft(&mut unit, Cause::Time, about, MessageDraft::default(), vec![notification], &mut drafts);
        for draft in drafts.iter_mut().skip(from) {
            draft.extra = Extra { told: lines(&rows, aside, agent.language == "fr"), ..Extra::default() };
            count += 1;
        }
    }
    clear(&mut unit, ids);
    writer.commit(unit, drafts).await?;
    Ok(count)
}

/// The first of them, and how many more there are.
fn lines(rows: &[Overdue], aside: &Aside, french: bool) -> Vec<Told> {
    let mut all: Vec<Told> = rows.iter().take(LISTED).map(line).collect();
    let more = rows.len().saturating_sub(LISTED);
    if let (Some(last), true) = (rows.last(), more > 0) {
        let (who, text) = (aside.more)(more, french);
        all.push(Told { who, text, ..line(last) });
    }
    all
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
