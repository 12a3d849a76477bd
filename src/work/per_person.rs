//! What was put aside for people, sent as one notification each: what fell due while the service desk was away, and what was collected
//! near a cap.

use std::collections::BTreeMap;

use super::App;
use super::commit::{self, Cause, Commit};
use super::presence::DESK;
use crate::clock::Millis;
use crate::notify::{Extra, Phrases, Told};
use crate::store::{Overdue, StoreError, Wanted};
use crate::ticket::{Decision, Notices, Notification, NotificationKind, Person, Phrase};

/// Most lines in one notification.
const LISTED: usize = 200;

/// One kind of them.
pub(super) struct Aside {
    pub(super) kind: NotificationKind,
    /// What tells its notifications from each other, before the number of the last line.
    pub(super) cause: &'static str,
    /// What stands for those beyond the bound: codes of the phrases for who, with their count, and for what.
    pub(super) more: [&'static str; 2],
    /// What stands above them.
    pub(super) why: fn(&[Overdue]) -> Vec<Phrase>,
}

/// Writes them in one commit, which takes the rows out. Gives how many were written.
///
/// # Errors
/// [`StoreError`]; nothing is written then.
pub(super) async fn write(
    app: &App,
    aside: &Aside,
    rows: Vec<Overdue>,
    now: Millis,
    clear: fn(Vec<i64>) -> commit::Aside,
) -> Result<usize, StoreError> {
    let settings = app.settings.load_full();
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut people: BTreeMap<String, Vec<Overdue>> = BTreeMap::new();
    for row in rows {
        people.entry(row.person.clone()).or_default().push(row);
    }
    let wanted = Wanted { agents: people.keys().cloned().collect(), lease: Some(DESK), ..Wanted::default() };
    let mut commit = Commit::begin(app, &settings, now, wanted).await?;
    let (mut notices, mut shown) = (Vec::new(), BTreeMap::new());
    for (address, rows) in people {
        // Who has left the service desk meanwhile needs no telling.
        let Some(agent) = settings.policy.agent(&address) else { continue };
        let to = Person { address: address.clone(), name: agent.name.clone(), language: agent.language.clone() };
        let last = rows.iter().map(|row| row.id).max().unwrap_or(0);
        let cause = format!("{}{last}", aside.cause);
        let notification = Notification { cause, done: (aside.why)(&rows), ..Notification::new(aside.kind, to) };
        let queue = rows.first().map(|row| row.queue.clone()).unwrap_or_default();
        notices.push(Notices { queue, notifications: vec![notification] });
        shown.insert(
            address,
            Extra { told: lines(&rows, aside, settings.templates.phrases(&agent.language)), ..Extra::default() },
        );
    }
    commit.carry_out(&Cause::Aside(clear(ids), shown), Decision::Notify(notices))?;
    Ok(commit.finish().await?.notifications)
}

/// The first of them, and how many more there are.
fn lines(rows: &[Overdue], aside: &Aside, phrases: &Phrases) -> Vec<Told> {
    let mut all: Vec<Told> = rows.iter().take(LISTED).map(line).collect();
    let more = rows.len().saturating_sub(LISTED);
    if let (Some(last), true) = (rows.last(), more > 0) {
        let [who, text] = aside.more;
        let who = phrases.counted(who, i64::try_from(more).unwrap_or(i64::MAX));
        let text = phrases.text(text, &[]);
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
