//! `verify` and `audit`: whether everything is there, and who did what.

use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::args::VerifyArgs;
use super::{Open, show};
use crate::trouble::{Trouble, exit};
use crate::work::verify::{self, Findings, Wish};

/// Most rows that are shown to people.
const ROWS: i64 = 100;

pub(super) async fn run(open: &Open, args: VerifyArgs) -> Result<ExitCode, Trouble> {
    let bar = bar(args.json);
    let since = args.head.unwrap_or_default();
    let wish = Wish { since: &since, mailboxes: !args.offline, archives: args.archives };
    let found = verify::run(&open.store, &open.settings, wish, |done, all| {
        bar.set_length(u64::try_from(all).unwrap_or(0));
        bar.set_position(u64::try_from(done).unwrap_or(0));
    })
    .await?;
    bar.finish_and_clear();
    if args.json {
        as_json(&found)?
    } else {
        as_text(&found)
    }
    Ok(ExitCode::from(if found.problems() == 0 { 0 } else { exit::INPUT }))
}

/// A progress bar on the terminal; nothing where a program reads.
pub(super) fn bar(quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if quiet {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {eta}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn as_text(found: &Findings) {
    for (name, wrong) in &found.checks {
        println!("{}  {name}", if wrong.is_empty() { "ok   " } else { "WRONG" });
        for problem in wrong {
            println!("       {}", show::printable(problem));
        }
    }
    let sizes = &found.sizes;
    println!(
        "\n{} emails, {} tickets, {} notifications, {} chain entries",
        sizes.emails, sizes.tickets, sizes.notifications, sizes.chain_entries
    );
    println!("end of the chain: {}", found.head);
    match found.problems() {
        0 => println!("Nothing is missing."),
        1 => println!("1 thing is wrong. docs/reliability.md says what to do."),
        count => println!("{count} things are wrong. docs/reliability.md says what to do."),
    }
}

fn as_json(found: &Findings) -> Result<(), Trouble> {
    let checks = found.checks.iter().map(|(name, wrong)| json!({ "name": name, "problems": wrong }));
    show::json(&json!({
        "ok": found.problems() == 0, "emails": found.sizes.emails, "tickets": found.sizes.tickets,
        "notifications": found.sizes.notifications, "chain_entries": found.sizes.chain_entries,
        // The names of before 0.2.0.
        "mails": found.sizes.emails, "letters": found.sizes.notifications, "links": found.sizes.chain_entries, "head": found.head,
        "checks": checks.collect::<Vec<_>>(),
    }))
}

pub(super) async fn audit(open: &Open, as_json: bool) -> Result<(), Trouble> {
    let zone = &open.settings.policy.service_desk.time_zone;
    let audit_entries = open.store.audit_entries(if as_json { i64::MAX } else { ROWS }).await?;
    if as_json {
        let entries = audit_entries.iter().map(|d| {
            json!({
                "id": d.id, "at": show::stamp(d.at, zone), "kind": d.kind, "actor": show::some(&d.actor),
                "subject": show::some(&d.subject), "text": d.text, "chain": d.chain,
            })
        });
        return show::json(&entries.collect::<Vec<_>>());
    }
    let rows = audit_entries.into_iter().map(|d| {
        let who = if d.actor.is_empty() { "guichet".to_owned() } else { d.actor };
        vec![show::time(d.at, zone), who, d.kind, d.subject, d.text]
    });
    show::table(&["When", "Who", "What", "About", "In words"], rows.collect(), "Nothing has been done yet.");
    Ok(())
}
