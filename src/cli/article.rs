//! `article`: what was kept of solved problems.

use serde_json::json;

use super::args::ArticleCommand;
use super::{Open, show};
use crate::trouble::Trouble;

/// Most rows that are shown to people.
const ROWS: i64 = 200;

pub(super) async fn run(open: &Open, command: ArticleCommand) -> Result<(), Trouble> {
    let ArticleCommand::List { json: as_json } = command;
    let limit = if as_json { i64::MAX } else { ROWS };
    let articles = open.store.articles(limit).await?;
    let zone = &open.settings.policy.service_desk.time_zone;
    if as_json {
        let entries = articles.iter().map(|a| {
            json!({
                "ticket": a.ticket, "title": a.title, "problem": a.problem, "solution": a.solution,
                "tags": a.tags.split_whitespace().collect::<Vec<_>>(), "author": a.author,
                "updated_at": show::stamp(a.updated_at, zone),
            })
        });
        return show::json(&entries.collect::<Vec<_>>());
    }
    let rows = articles.into_iter().map(|a| vec![a.ticket, a.title, a.solution, a.tags]);
    show::table(
        &["Ticket", "Title", "Solution", "Tags"],
        rows.collect(),
        "There is no article yet. A reply with #resolve and #kb to a notification about a ticket makes one.",
    );
    Ok(())
}
