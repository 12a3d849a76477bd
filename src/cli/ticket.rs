//! `ticket`: looking at tickets.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Open;
use super::args::TicketCommand;
use super::show;
use crate::clock::{Clock, Millis};
use crate::mail::{self, Attachment, FileRole};
use crate::settings::Settings;
use crate::store::{EventRow, MessageRow, OutboxRow, TicketFilter, TicketRow};
use crate::ticket::{Channel, Direction, LOOKALIKE, PendingOn, TicketId, sla};
use crate::trouble::Trouble;
use crate::work::operator::{self, NewTicket, Outcome};

pub(super) async fn run(open: &Open, command: TicketCommand) -> Result<(), Trouble> {
    match command {
        TicketCommand::List { queue, status, limit, json } => list(open, queue, status, limit, json).await,
        TicketCommand::Show { number, full, json } => show_one(open, &number, full, json).await,
        TicketCommand::History { number, json } => history(open, &number, json).await,
        TicketCommand::Do { number, text } => give(open, &number, &text.join("\n")).await,
        TicketCommand::New { from, name, subject, queue, json, file } => {
            let new = NewTicket {
                queue: which_queue(open, queue)?,
                from,
                name,
                subject,
                text: words(file.as_deref())?,
                channel: Channel::Telephone,
            };
            open_ticket(open, &new, json).await
        }
        TicketCommand::Attachments { number, save, json } => attachments(open, &number, save.as_deref(), json).await,
    }
}

pub(super) async fn find(open: &Open, number: &str) -> Result<TicketRow, Trouble> {
    let prefixes = open.settings.policy.queues.values().map(|q| q.prefix.as_str());
    // `cg42n1-7` is as good as `CG42N1-000007`.
    let full = crate::ticket::numbers_in(number, prefixes).into_iter().next();
    let full = full.unwrap_or_else(|| number.to_owned());
    let found = open.store.ticket(&full).await?;
    found.ok_or_else(|| {
        Trouble::Input(format!("there is no ticket {full}; `guichet ticket list` shows those there are"))
    })
}

/// Commands in the operator's name.
async fn give(open: &Open, number: &str, text: &str) -> Result<(), Trouble> {
    let ticket = find(open, number).await?;
    if !text.trim_start().starts_with('#') {
        let example = format!("guichet ticket do {} '#note' 'the text'", ticket.number);
        return Err(Trouble::Usage(format!("begin with a command, such as: {example}")));
    }
    let secret = open.store.secret().await?;
    let now = Clock::system().now();
    let outcome = operator::command(&open.store, &secret, &open.settings, &ticket, text, now).await?;
    match outcome {
        Outcome::Done(done) => {
            for line in &done {
                println!("{}", show::printable(line));
            }
            if done.is_empty() {
                println!("Done. `guichet ticket show {}` shows the ticket.", ticket.number);
            }
            Ok(())
        }
        Outcome::NotDone(why) => Err(Trouble::Input(format!("nothing was done. {}", why.join("\n")))),
    }
}

/// A ticket in somebody else's name.
async fn open_ticket(open: &Open, new: &NewTicket, as_json: bool) -> Result<(), Trouble> {
    let name: String = new.name.chars().filter(|c| !"<>@\r\n".contains(*c)).collect();
    if !mail::looks_like_address(&mail::key(&new.from)) {
        return Err(Trouble::Usage(format!("{:?} is no address: --from someone@school.example", new.from)));
    }
    let new = NewTicket { name, from: mail::key(&new.from), ..new.clone() };
    let secret = open.store.secret().await?;
    let now = Clock::system().now();
    match operator::open_ticket(&open.store, &secret, &open.settings, &new, now).await? {
        (Outcome::Done(_), Some(number)) if as_json => show_one(open, &number, false, true).await,
        (Outcome::Done(done), _) => {
            done.iter().for_each(|line| println!("{}", show::printable(line)));
            Ok(())
        }
        (Outcome::NotDone(why), _) => Err(Trouble::Input(format!("no ticket was opened. {}", why.join("\n")))),
    }
}

/// The queue that is named, or the only one there is.
fn which_queue(open: &Open, named: Option<String>) -> Result<String, Trouble> {
    let queues = &open.settings.policy.queues;
    let all = || queues.keys().cloned().collect::<Vec<_>>().join(", ");
    match named {
        Some(name) if queues.contains_key(&name) => Ok(name),
        Some(name) => Err(Trouble::Usage(format!("there is no queue {name:?}; there are: {}", all()))),
        None if queues.len() == 1 => Ok(all()),
        None => Err(Trouble::Usage(format!("say in which queue: --queue NAME ({})", all()))),
    }
}

/// The text of a file, or of standard input; nothing where a person sits there.
fn words(file: Option<&Path>) -> Result<String, Trouble> {
    let text = match file.filter(|file| *file != Path::new("-")) {
        Some(file) => std::fs::read(file).map_err(|e| Trouble::Input(format!("{}: {e}", file.display())))?,
        None if file.is_none() && io::stdin().is_terminal() => Vec::new(),
        None => {
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes).map_err(|e| Trouble::Input(format!("standard input: {e}")))?;
            bytes
        }
    };
    Ok(String::from_utf8_lossy(&text).into_owned())
}

async fn list(
    open: &Open,
    queue: Option<String>,
    status: Option<String>,
    limit: i64,
    as_json: bool,
) -> Result<(), Trouble> {
    let most = if limit == 0 { i64::MAX } else { limit };
    let mut filter = TicketFilter { queue, status, limit: PAGE.min(most), before: None };
    let zone = &open.settings.policy.service_desk.time_zone;
    let now = Clock::system().now();
    let (mut array, mut rows, mut left) = (as_json.then(show::JsonArray::default), Vec::new(), most);
    loop {
        let tickets = open.store.tickets(&filter).await?;
        left -= i64::try_from(tickets.len()).unwrap_or(left);
        filter.before = tickets.last().map(|oldest| oldest.id);
        if let Some(array) = &mut array {
            let ids: Vec<TicketId> = tickets.iter().map(|ticket| ticket.id).collect();
            let mut people = open.store.participants_of(&ids).await?;
            for ticket in &tickets {
                array.push(&card(ticket, people.remove(&ticket.id).unwrap_or_default(), &open.settings))?;
            }
        }
        let is_last = i64::try_from(tickets.len()).is_ok_and(|count| count < filter.limit);
        if array.is_none() {
            rows.extend(tickets.into_iter().map(|ticket| row(ticket, now, zone)));
        }
        if is_last || left <= 0 {
            break;
        }
        filter.limit = PAGE.min(left);
    }
    match array {
        Some(array) => array.end(),
        None => show::table(
            &["Number", "Status", "Priority", "Due", "Title", "Requester", "Last change"],
            rows,
            "There is no such ticket yet. Emails to the support address become tickets while `guichet run` works; `guichet held list` shows emails that wait for a person.",
        ),
    }
    filter.limit = 1;
    if left == 0 && !open.store.tickets(&filter).await?.is_empty() {
        eprintln!("These are the newest {most}; there are older ones: --limit N shows more, --limit 0 all.");
    }
    Ok(())
}

/// Tickets read at a time.
const PAGE: i64 = 200;

fn row(t: TicketRow, now: Millis, zone: &TimeZone) -> Vec<String> {
    let view = t.view();
    let who = if t.requester_name.is_empty() { t.requester } else { t.requester_name };
    let (response, resolution) = sla::sla_status(&view, now);
    let both = [response, resolution];
    let late = both.iter().any(|s| s.state == sla::State::Breached) && !view.status.is_done();
    let due = both.into_iter().filter(|s| s.state == sla::State::Running).map(|s| s.due_at).min();
    let due = if late { "late".to_owned() } else { due.map_or_else(String::new, |at| show::time(at, zone)) };
    vec![t.number, t.status.to_string(), t.priority, due, t.title, who, show::time(t.updated_at, zone)]
}

/// The ticket without messages and events.
fn card(ticket: &TicketRow, participants: Vec<String>, settings: &Settings) -> Value {
    let policy = &settings.policy;
    let stamp = |at| show::stamp(at, &policy.service_desk.time_zone);
    json!({
        "number": ticket.number,
        "queue": ticket.queue,
        "subject": ticket.title,
        "status": ticket.status.as_str(),
        "priority": ticket.priority,
        "level": ticket.level,
        "type": ticket.kind,
        "category": ticket.category,
        "service": ticket.service,
        "channel": ticket.channel.as_str(),
        "requester": ticket.requester,
        "assignee": ticket.assignee,
        "team": ticket.team,
        "parent": ticket.ties.parent,
        "parts": ticket.ties.parts,
        "merged_into": ticket.ties.merged_into,
        "participants": participants,
        "created_at": stamp(ticket.created_at),
        "first_responded_at": ticket.first_responded_at.map(stamp),
        "resolved_at": ticket.resolved_at.map(stamp),
        "closed_at": ticket.closed_at.map(stamp),
        "pending_on": ticket.pending_on,
        "tags": ticket.tags,
        "vendor": ticket.vendor,
        "vendor_reference": ticket.vendor_reference,
        "solution": ticket.solution,
        "satisfaction": ticket.rating,
        "related": ticket.related,
        "sla": service_level(ticket, settings),
        "fields": ticket.fields,
        "actions": ticket.actions.iter().map(|action| json!({
            "what": action.what,
            "owner": action.owner,
            "due": stamp(action.due),
            "done_at": (action.done_at > 0).then(|| stamp(action.done_at)),
        })).collect::<Vec<_>>(),
    })
}

/// How the clocks stand, and the same in words.
fn service_level(ticket: &TicketRow, settings: &Settings) -> Value {
    let policy = &settings.policy;
    let phrases = settings.templates.phrases(&policy.service_desk.language);
    let (view, now) = (ticket.view(), Clock::system().now());
    let (response, resolution) = sla::sla_status(&view, now);
    let one = |s: sla::SlaStatus| json!({ "due_at": show::stamp(s.due_at, &policy.service_desk.time_zone), "state": s.state.as_str() });
    let (taken, solved) = sla::ola_status(&view, now);
    let said = sla::explain(&view, now, policy);
    let ola = &ticket.sla.ola;
    let ola = (ola.level > 0).then(|| {
        json!({ "level": ola.level, "since": show::stamp(ola.since, &policy.service_desk.time_zone), "first_action": one(taken), "resolution": one(solved) })
    });
    json!({
        "first_response": one(response),
        "resolution": one(resolution),
        "ola": ola,
        "policy": show::some(&ticket.sla.policy),
        "calendar": show::some(if ticket.sla.policy.is_empty() { "" } else { &ticket.sla.calendar }),
        "explanation": said.iter().map(|one| phrases.say(one, policy)).collect::<Vec<_>>().join(" "),
    })
}

async fn show_one(open: &Open, number: &str, full: bool, as_json: bool) -> Result<(), Trouble> {
    let ticket = find(open, number).await?;
    let zone = &open.settings.policy.service_desk.time_zone;
    let messages = open.store.messages(ticket.id).await?;
    let events = open.store.events(ticket.id).await?;
    let notifications = open.store.notifications_of_ticket(&ticket.number).await?;
    if as_json {
        let mut value = card(&ticket, open.store.participants(ticket.id).await?, &open.settings);
        value["messages"] = messages.iter().map(|m| message(m, zone)).collect();
        value["events"] = events.iter().map(|e| event(e, zone)).collect();
        value["notifications"] = notifications.iter().map(|l| super::outbox::entry(l, zone)).collect();
        // The name of before 0.2.0.
        value["letters"] = value["notifications"].clone();
        return show::json(&value);
    }
    print_card(&ticket, zone);
    let phrases = open.settings.templates.phrases(&open.settings.policy.service_desk.language);
    for said in sla::explain(&ticket.view(), Clock::system().now(), &open.settings.policy) {
        println!("  {}", phrases.say(&said, &open.settings.policy));
    }
    for (code, value) in &ticket.fields {
        let label = open.settings.policy.field_label(code, &open.settings.policy.service_desk.language);
        println!("  {}: {}", label, show::one_line(value));
    }
    for one in &messages {
        print_message(one, full, zone);
        let beware =
            |e: &&EventRow| e.kind == LOOKALIKE && e.created_at == one.created_at && one.direction == Direction::In;
        for warning in events.iter().filter(beware) {
            println!("   ⚠ {}", show::one_line(&warning.text));
        }
    }
    print_notifications(&notifications, zone);
    Ok(())
}

fn message(message: &MessageRow, zone: &TimeZone) -> Value {
    json!({
        "direction": message.direction.as_str(),
        "visibility": message.visibility.as_str(),
        "automatic": message.automatic,
        "from": message.sender,
        "from_name": show::some(&message.sender_name),
        "at": show::stamp(message.created_at, zone),
        "message_id": show::some(&message.message_id),
        "text": message.text,
        "reply_text": message.new_text,
        "attachments": message.attachments.iter().map(file).collect::<Vec<_>>(),
    })
}

fn file(attachment: &Attachment) -> Value {
    json!({
        "name": attachment.name, "type": attachment.media_type, "size": attachment.size, "sha256": attachment.sha256,
        "role": attachment.role,
    })
}

fn event(event: &EventRow, zone: &TimeZone) -> Value {
    json!({ "at": show::stamp(event.created_at, zone), "actor": event.actor, "kind": event.kind, "text": event.text })
}

fn print_card(ticket: &TicketRow, zone: &TimeZone) {
    println!("{}  {}", ticket.number, show::one_line(&ticket.title));
    let who = show::one_line(&format!("{} <{}>", ticket.requester_name, ticket.requester));
    println!("  {} · {} · queue {} · level L{}", ticket.status, ticket.priority, ticket.queue, ticket.level);
    println!("  from {}", who.trim());
    let facts = [
        ("assigned to", ticket.assignee.as_deref()),
        ("team", ticket.team.as_deref()),
        ("type", ticket.kind.as_deref()),
        ("category", ticket.category.as_deref()),
        ("service", ticket.service.as_deref()),
        ("waits for", ticket.pending_on.map(PendingOn::as_str)),
        ("vendor", ticket.vendor.as_deref()),
        ("vendor's number", ticket.vendor_reference.as_deref()),
        ("solution", ticket.solution.as_deref()),
    ];
    for (label, value) in facts.into_iter().filter_map(|(label, value)| Some((label, value?))) {
        println!("  {label} {}", show::one_line(value));
    }
    let ties = &ticket.ties;
    for (label, numbers) in [
        ("part of", ties.parent.iter().cloned().collect::<Vec<_>>()),
        ("parts", ties.parts.clone()),
        ("merged into", ties.merged_into.iter().cloned().collect()),
        ("see also", ticket.related.clone()),
    ] {
        if !numbers.is_empty() {
            println!("  {label} {}", numbers.join(", "));
        }
    }
    for (at, action) in ticket.actions.iter().enumerate() {
        let when = if action.is_open() {
            format!("by {}", show::time(action.due, zone))
        } else {
            format!("done {}", show::time(action.done_at, zone))
        };
        println!("  action {}: {} ({}, {when})", at + 1, show::one_line(&action.what), action.owner);
    }
    println!("  opened {}, last change {}", show::time(ticket.created_at, zone), show::time(ticket.updated_at, zone));
}

/// Most characters that are shown of what a machine wrote.
const FOLDED: usize = 80;

/// The text to show: what its author wrote then, or all of it; a machine's words are folded.
fn text_of(message: &MessageRow, full: bool) -> String {
    if full {
        return show::printable(message.text.trim_end()).to_string();
    }
    let text = message.new_text.trim();
    if !message.automatic {
        return show::printable(text).to_string();
    }
    let start: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(FOLDED).collect();
    format!("{}… (folded; --full shows it)", show::printable(&start))
}

fn print_message(message: &MessageRow, full: bool, zone: &TimeZone) {
    let who = if message.sender_name.is_empty() { &message.sender } else { &message.sender_name };
    let machine = if message.automatic { ", written by a machine" } else { "" };
    println!(
        "\n── {} · {} · {}{machine}",
        show::time(message.created_at, zone),
        show::one_line(who),
        message.visibility
    );
    println!("{}", text_of(message, full));
    for attachment in &message.attachments {
        let logo = if attachment.role == FileRole::Logo { ", a signature's logo" } else { "" };
        println!("   📎 {}{logo}", described(attachment));
    }
}

/// A file on one line.
pub(super) fn described(attachment: &Attachment) -> String {
    let Attachment { name, media_type, size, .. } = attachment;
    format!("{} ({}, {size} bytes)", show::one_line(name), show::one_line(media_type))
}

fn print_notifications(notifications: &[OutboxRow], zone: &TimeZone) {
    if notifications.is_empty() {
        return;
    }
    println!("\n── notifications");
    for notification in notifications {
        let when = notification.sent_at.unwrap_or(notification.due_at);
        println!(
            "   {} {} to {} ({})",
            show::time(when, zone),
            notification.kind,
            show::one_line(&notification.recipient),
            notification.state
        );
    }
}

async fn history(open: &Open, number: &str, as_json: bool) -> Result<(), Trouble> {
    let ticket = find(open, number).await?;
    let zone = &open.settings.policy.service_desk.time_zone;
    let events = open.store.events(ticket.id).await?;
    if as_json {
        return show::json(&events.iter().map(|e| event(e, zone)).collect::<Vec<_>>());
    }
    let rows = events.into_iter().map(|e| vec![show::time(e.created_at, zone), e.kind, e.text, e.actor]);
    show::table(&["When", "What", "", "By"], rows.collect(), "Nothing has happened to it yet.");
    Ok(())
}

async fn attachments(open: &Open, number: &str, save: Option<&Path>, as_json: bool) -> Result<(), Trouble> {
    let ticket = find(open, number).await?;
    let messages = open.store.messages(ticket.id).await?;
    if let Some(folder) = save {
        return save_all(open, &messages, folder).await;
    }
    let all: Vec<&Attachment> = messages.iter().flat_map(|m| &m.attachments).collect();
    if as_json {
        return show::json(&all.into_iter().map(file).collect::<Vec<_>>());
    }
    let rows =
        all.into_iter().map(|a| vec![a.name.clone(), a.media_type.clone(), a.size.to_string(), a.sha256.clone()]);
    show::table(&["Name", "Type", "Bytes", "SHA-256"], rows.collect(), "This ticket has no attachments.");
    Ok(())
}

async fn save_all(open: &Open, messages: &[MessageRow], folder: &Path) -> Result<(), Trouble> {
    let unwritable = |e: io::Error| Trouble::Input(format!("{}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    let mut count = 0;
    for message in messages.iter().filter(|m| !m.attachments.is_empty()) {
        let raw = open.store.raw_mail(message.inbox_id).await?.unwrap_or_default();
        for file in mail::files(&raw, &message.attachments) {
            // What an earlier version noted may hold what names may not hold any more.
            let Attachment { name, part, media_type, .. } = &file.attachment;
            let path = save_new(folder, &mail::safe_name(name, part + 1, media_type), &file.contents);
            println!("{}", show::one_line(&path.map_err(unwritable)?.display().to_string()));
            count += 1;
        }
    }
    if count == 0 {
        println!("This ticket has no attachments.");
    }
    Ok(())
}

/// Writes a file under a name that is not taken: `capture.png`, `capture-2.png`… What is there stays as it is, and
/// a link is not followed.
fn save_new(folder: &Path, name: &str, contents: &[u8]) -> io::Result<PathBuf> {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) => (stem.to_owned(), format!(".{ending}")),
        None => (name.to_owned(), String::new()),
    };
    let others = (2..10_000).map(|n| format!("{stem}-{n}{ending}"));
    for name in std::iter::once(name.to_owned()).chain(others) {
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => return file.write_all(contents).map(|()| path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("every name like {name} is taken")))
}
