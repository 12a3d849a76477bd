//! `held`: emails that a person must review.

use serde_json::{Value, json};

use super::args::{HeldCommand, Which};
use super::{Open, show};
use crate::clock::Clock;
use crate::mail;
use crate::store::{AuditEntry, Durability, HeldFilter, InboxRow, InboxState, StoreError, Tx};
use crate::ticket::{HoldCause, InboxId, TicketId};
use crate::trouble::Trouble;

pub(super) async fn run(open: &Open, command: HeldCommand) -> Result<(), Trouble> {
    match command {
        HeldCommand::List { from, json } => list(open, from, json).await,
        HeldCommand::Show { id, json } => show_one(open, InboxId(id), json).await,
        HeldCommand::Release { which: Which { id: Some(id), .. } } => release(open, InboxId(id)).await,
        HeldCommand::Release { which } => release_all(open, &which).await,
        HeldCommand::Join { id, number } => join(open, InboxId(id), &number).await,
        HeldCommand::Refuse { which: Which { id: Some(id), .. }, reason } => refuse(open, InboxId(id), &reason).await,
        HeldCommand::Refuse { which, reason } => refuse_all(open, &which, &reason).await,
    }
}

fn entry(open: &Open, mail: &InboxRow) -> Value {
    json!({
        "id": mail.id, "mailbox": mail.mailbox, "from": show::some(&mail.sender), "subject": mail.subject, "size": mail.size,
        "message_id": show::some(&mail.message_id), "reason": mail.reason,
        "cause": mail.cause.unwrap_or_default().as_str(),
        "received_at": show::stamp(mail.received_at, &open.settings.policy.service_desk.time_zone),
    })
}

/// Most rows that are shown to people.
const ROWS: usize = 200;

async fn list(open: &Open, from: Option<String>, as_json: bool) -> Result<(), Trouble> {
    let mut held = open.store.held().await?;
    if let Some(from) = from.as_deref().map(mail::key) {
        held.retain(|m| m.sender == from);
    }
    if as_json {
        return show::json(&held.iter().map(|m| entry(open, m)).collect::<Vec<_>>());
    }
    if held.is_empty() {
        println!("No email is held.");
        return Ok(());
    }
    let zone = &open.settings.policy.service_desk.time_zone;
    for &cause in HoldCause::ALL {
        let group: Vec<&InboxRow> = held.iter().filter(|mail| mail.cause.unwrap_or_default() == cause).collect();
        if group.is_empty() {
            continue;
        }
        let (count, heading) = (group.len(), cause.heading());
        println!("{heading}: {count}\n");
        let row = |m: &&InboxRow| {
            let (id, at) = (m.id.to_string(), show::time(m.received_at, zone));
            vec![id, at, m.sender.clone(), m.subject.clone(), m.reason.clone()]
        };
        let rows: Vec<Vec<String>> = group.iter().take(ROWS).map(row).collect();
        show::table(&["Id", "Arrived", "From", "Subject", "Why"], rows, "");
        if count > ROWS {
            println!("{} more; `--from ADDRESS` shows those of one sender, `--json` all.", count - ROWS);
        }
        if count > 1 {
            println!(
                "All of these at once: guichet held release --cause {cause}, guichet held refuse --cause {cause}\n"
            );
        } else {
            println!();
        }
    }
    Ok(())
}

async fn find(open: &Open, id: InboxId) -> Result<InboxRow, Trouble> {
    let found = open.store.mail(id).await?.filter(|m| m.state == InboxState::Held);
    found.ok_or_else(|| Trouble::Input(format!("mail {id} is not held; `guichet held list` shows those that are")))
}

async fn show_one(open: &Open, id: InboxId, as_json: bool) -> Result<(), Trouble> {
    let mail = find(open, id).await?;
    let raw = open.store.raw_mail(id).await?.unwrap_or_default();
    let read = mail::parse(&raw, &open.settings.policy.limits);
    let (text, files) = read.map(|m| (m.text, m.attachments)).unwrap_or_default();
    if as_json {
        let mut value = entry(open, &mail);
        value["text"] = Value::String(text);
        return show::json(&value);
    }
    println!("{} from {}: {}", mail.id, show::one_line(&mail.sender), show::one_line(&mail.subject));
    println!("  held because {}", show::printable(&mail.reason));
    for attachment in &files {
        println!("   📎 {}", super::ticket::described(attachment));
    }
    println!("\n{}", show::printable(text.trim_end()));
    Ok(())
}

async fn release(open: &Open, id: InboxId) -> Result<(), Trouble> {
    again(open, id, None, "released by the operator").await
}

async fn join(open: &Open, id: InboxId, number: &str) -> Result<(), Trouble> {
    let ticket = super::ticket::find(open, number).await?;
    again(open, id, Some(ticket.id), &format!("the operator says that it belongs to {}", ticket.number)).await
}

/// Lets an email be decided again, as part of a ticket if one is given.
async fn again(open: &Open, id: InboxId, ticket: Option<TicketId>, reason: &str) -> Result<(), Trouble> {
    let mail = find(open, id).await?;
    let whole = open.store.raw_mail(id).await?.map_or(0, |b| b.len() as u64);
    if whole != mail.size {
        return fetch_again(open, &mail).await;
    }
    let mut tx = open.store.begin(Durability::Full).await?;
    tx.join(id, ticket).await?;
    tx.release(id, reason, Clock::system().now()).await?;
    record(&mut tx, "released", &format!("mail {id}"), "").await?;
    tx.commit().await?;
    println!("Mail {id} is decided again by the running guichet, or by `guichet run --once`.");
    Ok(())
}

/// Of what was not fetched whole only its place is known: it is asked for once more.
async fn fetch_again(open: &Open, mail: &InboxRow) -> Result<(), Trouble> {
    let id = mail.id;
    let mut tx = open.store.begin(Durability::Full).await?;
    if !tx.want_fetched(id).await? {
        return Err(Trouble::Input(format!(
            "mail {id} was not read whole: {}. Raise limits.email_bytes and move its file back to new/, or refuse it here",
            mail.reason
        )));
    }
    record(&mut tx, "released", &format!("mail {id}"), "").await?;
    tx.commit().await?;
    println!(
        "Mail {id} is fetched again by the running guichet, at its next look into the mailbox, or by `guichet run --once`."
    );
    Ok(())
}

async fn refuse(open: &Open, id: InboxId, reason: &str) -> Result<(), Trouble> {
    find(open, id).await?;
    let mut tx = open.store.begin(Durability::Full).await?;
    tx.refuse(id, reason, Clock::system().now()).await?;
    record(&mut tx, "refused", &format!("mail {id}"), "").await?;
    tx.commit().await?;
    println!("Mail {id} is refused. Nobody was written to.");
    Ok(())
}

/// The sender and the reason of the emails that are meant; an empty text stands for any.
async fn meant(open: &Open, which: &Which) -> Result<HeldFilter, Trouble> {
    let reason = match which.like {
        Some(id) => Some(find(open, InboxId(id)).await?.reason),
        None => None,
    };
    let sender = which.from.as_deref().map(mail::key);
    let cause = which.cause.as_deref().map(|word| {
        let words: Vec<&str> = HoldCause::ALL.iter().map(|cause| cause.as_str()).collect();
        word.parse().map_err(|_| Trouble::Usage(format!("{word:?} is not a cause; there are: {}", words.join(", "))))
    });
    let cause: Option<HoldCause> = cause.transpose()?;
    if sender.is_none() && reason.is_none() && cause.is_none() && !which.all {
        let text = "say which emails are meant: an id, --from ADDRESS, --like ID, --cause CAUSE or --all";
        return Err(Trouble::Usage(text.to_owned()));
    }
    Ok(HeldFilter { sender, cause, reason })
}

fn is_meant(mail: &InboxRow, which: &HeldFilter) -> bool {
    which.sender.as_ref().is_none_or(|sender| mail.sender == *sender)
        && which.reason.as_ref().is_none_or(|reason| mail.reason == *reason)
        && which.cause.is_none_or(|cause| mail.cause == Some(cause))
}

async fn release_all(open: &Open, which: &Which) -> Result<(), Trouble> {
    let meant = meant(open, which).await?;
    let count = review_all(open, true, &meant, "released by the operator").await?;
    println!("{} decided again by the running guichet, or by `guichet run --once`.", counted(count));
    let open_still = open.store.held().await?;
    let left = open_still.iter().filter(|mail| is_meant(mail, &meant));
    let (mut wanted, mut left) = (0, left.map(|m| m.id).collect::<Vec<_>>());
    let mut tx = open.store.begin(Durability::Full).await?;
    let mut stay = Vec::new();
    for id in left.drain(..) {
        if tx.want_fetched(id).await? { wanted += 1 } else { stay.push(id) }
    }
    tx.commit().await?;
    if wanted > 0 {
        println!("{wanted} that were not fetched whole are fetched again at the next look into their mailbox.");
    }
    if !stay.is_empty() {
        println!("{} stay held: they were not read whole. Raise limits.email_bytes, or refuse them here.", stay.len());
    }
    Ok(())
}

async fn refuse_all(open: &Open, which: &Which, reason: &str) -> Result<(), Trouble> {
    let meant = meant(open, which).await?;
    let count = review_all(open, false, &meant, reason).await?;
    println!("{} refused. Nobody was written to.", counted(count));
    Ok(())
}

async fn review_all(open: &Open, admit: bool, which: &HeldFilter, reason: &str) -> Result<u64, StoreError> {
    let mut tx = open.store.begin(Durability::Full).await?;
    let count = tx.review_all(admit, which, reason, Clock::system().now()).await?;
    record(&mut tx, if admit { "released" } else { "refused" }, "held emails", &number(count)).await?;
    tx.commit().await?;
    Ok(count)
}

/// Records what the operator did. Addresses are left out: links of the chain stay for ever.
async fn record(tx: &mut Tx, kind: &str, subject: &str, text: &str) -> Result<(), StoreError> {
    tx.record(AuditEntry { kind, actor: "operator", subject, text }, Clock::system().now()).await
}

fn number(count: u64) -> String {
    if count == 1 { "1 email".to_owned() } else { format!("{count} emails") }
}

fn counted(count: u64) -> String {
    if count == 1 { "1 mail is".to_owned() } else { format!("{count} emails are") }
}
