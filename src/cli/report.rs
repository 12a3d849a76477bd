//! `report`: the figures of any time, as text, page, table or mail.

use std::fs;
use std::path::PathBuf;

use data_encoding::BASE64;

use super::Open;
use super::args::ReportArgs;
use super::show;
use crate::clock::Clock;
use crate::notify::Facts;
use crate::report::{Page, Period, TICKET_COLUMNS, csv, json, ticket_line};
use crate::ticket::{NotificationKind, Person};
use crate::trouble::Trouble;
use crate::work::reports::{Built, build, mail, page, tickets};

pub(super) async fn run(open: &Open, args: ReportArgs) -> Result<(), Trouble> {
    let policy = &open.settings.policy;
    let zone = &policy.service_desk.time_zone;
    let now = Clock::system().now();
    let period = match &args.period {
        None => Period::last(args.sort, now, zone),
        Some(text) => Period::named(text, zone),
    };
    let period = period.ok_or_else(|| {
        Trouble::Usage(format!(
            "{:?} is not a valid time; write 2026-03-02, 2026-W10, 2026-03, 2026-Q1, 2026 or 2026-03-02..2026-03-08",
            args.period.clone().unwrap_or_default()
        ))
    })?;
    if period.from > now {
        return Err(Trouble::Usage("that time has not begun yet".to_owned()));
    }
    let known = open.settings.templates.languages();
    if let Some(language) = args.language.as_ref().filter(|l| !known.contains(l)) {
        return Err(Trouble::Usage(format!(
            "there are no notifications in {language:?}; there are in {}",
            known.join(", ")
        )));
    }
    let queues = queues(open, &args)?;
    if args.tickets {
        print!("{TICKET_COLUMNS}");
        return Ok(tickets(&open.store, period, &queues, |history| print!("{}", ticket_line(history, zone))).await?);
    }
    let built = build(&open.store, policy, args.sort, period, &queues).await?;
    if args.json {
        return show::json(&json(args.sort, period, &queues, &built.figures, &built.before, policy));
    }
    if args.csv {
        print!("{}", csv(&built.figures));
        return Ok(());
    }
    let language = args.language.clone().unwrap_or_else(|| policy.service_desk.language.clone());
    let page = page(&built, &open.settings, args.sort, period, &language);
    if let Some(file) = &args.html {
        return write_html(open, page, &queues, file);
    }
    if args.send {
        return send(open, &args, period, &queues, &built, now).await;
    }
    print(&page);
    Ok(())
}

fn queues(open: &Open, args: &ReportArgs) -> Result<Vec<String>, Trouble> {
    let known: Vec<String> = open.settings.policy.queues.keys().cloned().collect();
    match &args.queue {
        None => Ok(Vec::new()),
        Some(queue) if known.contains(queue) => Ok(vec![queue.clone()]),
        Some(queue) => Err(Trouble::Usage(format!("there is no queue {queue}; there is {}", known.join(", ")))),
    }
}

fn print(page: &Page) {
    println!("{}\n{}", show::printable(&page.title), show::printable(&page.intro));
    for part in &page.sections {
        println!("\n{}", show::printable(&part.heading));
        let width = part.rows.iter().map(|r| r.label.chars().count()).max().unwrap_or(0);
        for row in &part.rows {
            let note = if row.note.is_empty() { String::new() } else { format!("  ({})", show::printable(&row.note)) };
            let gap = " ".repeat(width.saturating_sub(row.label.chars().count()));
            println!("  {}{gap}  {}{note}", show::printable(&row.label), show::printable(&row.value));
        }
        for line in &part.lines {
            println!("  - {}", show::printable(line));
        }
    }
    println!("\n{}", show::printable(&page.foot));
    for one in &page.definitions {
        println!("  {} – {}", show::printable(&one.label), show::printable(&one.text));
    }
}

/// The page with its charts in it, to be opened in a browser.
fn write_html(open: &Open, page: Page, queues: &[String], file: &PathBuf) -> Result<(), Trouble> {
    let pictures = page.pictures();
    let inside = |name: &str| {
        let found = pictures.iter().find(|(of, _)| of == name);
        found.map_or_else(String::new, |(_, png)| format!("data:image/png;base64,{}", BASE64.encode(png)))
    };
    let page = page.with_charts(inside);
    let facts = Facts { report: serde_json::to_value(&page).unwrap_or_default(), ..facts(open, queues) };
    let words = open.settings.templates.render(NotificationKind::Report, &facts);
    let words = words.map_err(|e| Trouble::Input(format!("the template of the report cannot be filled: {e}")))?;
    fs::write(file, words.html).map_err(|e| Trouble::Input(format!("{} cannot be written: {e}", file.display())))?;
    println!("Written to {}.", file.display());
    Ok(())
}

/// The facts of a notification about no ticket.
fn facts(open: &Open, queues: &[String]) -> Facts {
    let policy = &open.settings.policy;
    let mut facts = open.settings.templates.sample(NotificationKind::Report, &policy.service_desk.language);
    facts.service_desk.name.clone_from(&policy.service_desk.name);
    facts.service_desk.address = queues
        .first()
        .or_else(|| policy.queues.keys().next())
        .and_then(|q| policy.queues.get(q))
        .map(|q| q.address.clone())
        .unwrap_or_default();
    facts.ticket.number.clear();
    facts
}

/// To those whom a plan of this sort names; the daemon sends it.
async fn send(
    open: &Open,
    args: &ReportArgs,
    period: Period,
    queues: &[String],
    built: &Built,
    now: i64,
) -> Result<(), Trouble> {
    let plans = open.settings.reports.iter().filter(|plan| plan.sort == args.sort);
    let mut people: Vec<Person> = Vec::new();
    for to in plans.flat_map(|plan| &plan.to) {
        if !people.iter().any(|p| p.address == to.address) {
            people.push(to.clone());
        }
    }
    if people.is_empty() {
        let sort = args.sort.as_str();
        return Err(Trouble::Usage(format!(
            "nobody gets a {sort} report; add a section [reports.NAME] with kind = {sort:?}"
        )));
    }
    let notifications =
        people.iter().map(|to| (to.clone(), page(built, &open.settings, args.sort, period, &to.language)));
    let notifications: Vec<(Person, Page)> = notifications.collect();
    let secret = open.store.secret().await?;
    let cause = format!("{}:{}:{now}", args.sort.as_str(), period.from);
    let count = mail(&open.store, &secret, &open.settings, queues, &cause, notifications, None, now).await?;
    let notifications = if count == 1 { "1 notification".to_owned() } else { format!("{count} notifications") };
    println!("{notifications} queued; `guichet run` sends what waits.");
    Ok(())
}
