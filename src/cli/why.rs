//! `why`: what became of an email or ticket, and why.

use serde_json::json;

use super::{Open, show};
use crate::store::InboxRow;
use crate::ticket::Verdict;
use crate::trouble::Trouble;

pub(super) async fn run(open: &Open, what: &str, as_json: bool) -> Result<(), Trouble> {
    let id = what.trim().trim_matches(['<', '>']);
    let prefixes = open.settings.policy.queues.values().map(|q| q.prefix.as_str());
    let number = crate::ticket::numbers_in(id, prefixes).into_iter().next().filter(|_| !id.contains('@'));
    let emails = match &number {
        Some(number) => open.store.emails_of_ticket(number).await?,
        None => open.store.emails_by_message_id(id).await?,
    };
    if emails.is_empty() {
        return Err(Trouble::Input(format!(
            "no email or ticket {id} is known. An email that was just sent may not have arrived; one that could not be read has no Message-ID, see `guichet held list`"
        )));
    }
    if as_json {
        let zone = &open.settings.policy.service_desk.time_zone;
        let rows = emails.iter().map(|m| {
            json!({
                "id": m.id, "mailbox": m.mailbox, "message_id": show::some(&m.message_id), "from": show::some(&m.sender),
                "subject": m.subject, "received_at": show::stamp(m.received_at, zone), "decided_at": m.decided_at.map(|at| show::stamp(at, zone)),
                "verdict": m.verdict.map(Verdict::as_str), "ticket": m.ticket, "reason": m.reason,
            })
        });
        return show::json(&rows.collect::<Vec<_>>());
    }
    for mail in &emails {
        explain(open, mail).await?;
    }
    Ok(())
}

async fn explain(open: &Open, mail: &InboxRow) -> Result<(), Trouble> {
    let zone = &open.settings.policy.service_desk.time_zone;
    println!(
        "{} from {}: {}",
        show::time(mail.received_at, zone),
        show::one_line(&mail.sender),
        show::one_line(&mail.subject)
    );
    let verdict = match mail.verdict {
        None => "waiting to be decided".to_owned(),
        Some(verdict) => format!("{verdict} {}", mail.ticket.as_deref().unwrap_or_default()),
    };
    println!("  {}: {}", verdict.trim(), show::printable(&mail.reason));
    if mail.verdict == Some(Verdict::Held) {
        println!(
            "  `guichet held release {}` lets it be decided again, `guichet held refuse {}` ends it",
            mail.id, mail.id
        );
    }
    let Some(number) = &mail.ticket else { return Ok(()) };
    for notification in open.store.notifications_of_ticket(number).await? {
        if Some(notification.created_at) == mail.decided_at {
            println!("  {} to {}: {}", notification.kind, show::one_line(&notification.recipient), notification.state);
        }
    }
    let Some(ticket) = open.store.ticket(number).await? else { return Ok(()) };
    for event in open.store.events(ticket.id).await? {
        if Some(event.created_at) == mail.decided_at {
            println!("  {}: {}", event.kind, show::printable(&event.text));
        }
    }
    Ok(())
}
