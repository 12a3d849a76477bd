//! A notification the mail server will not take: what follows is what follows from a delivery report that says the same. People are
//! notified once, an address that is gone is left alone, and nobody waits for an answer to what was never asked.

use super::App;
use super::reports::about;
use super::writer::{Cause, Writer};
use crate::store::{StoreError, Unit, Untold, Wanted};
use crate::ticket::{MessageDraft, NotificationKind, Undelivered, unasked, undelivered_notices};

/// Notifies them, in one commit with the note that they were.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn tell(app: &App, failed: &Untold) -> Result<(), StoreError> {
    let (settings, now) = (app.settings.load_full(), app.clock.now());
    let policy = &settings.policy;
    let wanted = Wanted {
        tickets: failed.ticket.into_iter().collect(),
        recipients: [failed.recipient.clone()].into(),
        agents: policy.agents.values().map(|a| a.address.clone()).collect(),
        ..Wanted::default()
    };
    let mut unit = Unit::load(&app.store, wanted, now).await?;
    unit.note_failure_told(failed.id);
    let agent = policy.agent(&failed.recipient).is_some();
    let kind = NotificationKind::from_name(&failed.kind).filter(|kind| !agent && !kind.is_internal());
    let Some(kind) = kind else { return unit.commit().await };
    let failure = Undelivered {
        address: failed.recipient.clone(),
        status: String::new(),
        reason: failed.error.chars().take(500).collect(),
        lasting: failed.lasting,
    };
    let known = failure.lasting && !unit.block(failed.ticket.unwrap_or(0), &failure, now + policy.undeliverable_for);
    let view = failed.ticket.and_then(|id| unit.ticket(id).cloned());
    // What is lasting is told once; of each answer that a server refuses its writers must hear.
    let told = !known && (view.is_some() || kind.is_personal());
    let mut drafts = Vec::new();
    let writer = Writer::new(&app.store, &app.secret, &settings, now).await?;
    if let Some(view) = view {
        let change = unasked(&view, kind, &failure, policy);
        let ticket = unit.change_ticket(0, &change);
        let mut notifications = if told { undelivered_notices(&failure, &ticket.queue, policy) } else { Vec::new() };
        for notification in &mut notifications {
            notification.cause = if kind.is_personal() { format!("outbox-{}", failed.id) } else { String::new() };
        }
        writer.draft(&mut unit, Cause::Time, ticket, change.message, notifications, &mut drafts);
    } else if told {
        let notifications = undelivered_notices(&failure, &about(&[], policy).queue, policy);
        writer.draft(&mut unit, Cause::Time, about(&[], policy), MessageDraft::default(), notifications, &mut drafts);
    }
    writer.commit(unit, drafts).await
}
