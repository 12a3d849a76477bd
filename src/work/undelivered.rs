//! A letter the mail server will not take: if it carried somebody's words, the queue's people are told, and
//! nobody waits for an answer to what was never asked.

use super::Desk;
use super::letters::{Cause, Writer};
use crate::store::{OutboxState, StoreError, Unit, Wanted};
use crate::ticket::{LetterKind, Undelivered, unasked, undelivered_orders};

/// Tells them. `error`: what the server said.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn tell(desk: &Desk, outbox_id: i64, error: &str) -> Result<(), StoreError> {
    let Some(row) = desk.store.outbox_entry(outbox_id).await? else { return Ok(()) };
    // Where another instance had it by then, it may have left.
    if row.state != OutboxState::Failed.as_str() {
        return Ok(());
    }
    let kind = LetterKind::from_name(&row.kind).filter(|kind| kind.is_personal());
    let (Some(kind), Some(found)) = (kind, desk.store.ticket(&row.ticket).await?) else { return Ok(()) };
    let (settings, now) = (desk.settings.load_full(), desk.clock.now());
    let wanted = Wanted {
        tickets: [found.id].into(),
        agents: settings.policy.agents.values().map(|a| a.address.clone()).collect(),
        ..Wanted::default()
    };
    let mut unit = Unit::load(&desk.store, wanted, now).await?;
    let Some(view) = unit.ticket(found.id).cloned() else { return Ok(()) };
    let reason = error.chars().take(500).collect();
    let failure = Undelivered { address: row.recipient, status: String::new(), reason, lasting: false };
    let change = unasked(&view, kind, &failure, &settings.policy);
    let ticket = unit.change_ticket(0, &change);
    let mut orders = undelivered_orders(&failure, &ticket.queue, &settings.policy);
    for order in &mut orders {
        order.cause = format!("outbox-{outbox_id}");
    }
    let writer = Writer::new(&desk.store, &desk.secret, &settings, now).await?;
    let mut drafts = Vec::new();
    writer.draft(&mut unit, Cause::Time, ticket, change.message, orders, &mut drafts);
    writer.commit(unit, drafts).await
}
