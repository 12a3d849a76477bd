//! A letter the mail server will not take: what follows is what follows from a delivery report that says the same. People are
//! notified once, an address that is gone is left alone, and nobody waits for an answer to what was never asked.

use super::Desk;
use super::letters::{Cause, Writer};
use super::reports::about;
use crate::store::{StoreError, Unit, Untold, Wanted};
use crate::ticket::{LetterKind, MessageDraft, Undelivered, unasked, undelivered_orders};

/// Notifies them, in one commit with the note that they were.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn tell(desk: &Desk, letter: &Untold) -> Result<(), StoreError> {
    let (settings, now) = (desk.settings.load_full(), desk.clock.now());
    let policy = &settings.policy;
    let wanted = Wanted {
        tickets: letter.ticket.into_iter().collect(),
        recipients: [letter.recipient.clone()].into(),
        agents: policy.agents.values().map(|a| a.address.clone()).collect(),
        ..Wanted::default()
    };
    let mut unit = Unit::load(&desk.store, wanted, now).await?;
    unit.note_failure_told(letter.id);
    let agent = policy.agent(&letter.recipient).is_some();
    let kind = LetterKind::from_name(&letter.kind).filter(|kind| !agent && !kind.is_internal());
    let Some(kind) = kind else { return unit.commit().await };
    let failure = Undelivered {
        address: letter.recipient.clone(),
        status: String::new(),
        reason: letter.error.chars().take(500).collect(),
        lasting: letter.lasting,
    };
    let known = failure.lasting && !unit.block(letter.ticket.unwrap_or(0), &failure, now + policy.undeliverable_for);
    let view = letter.ticket.and_then(|id| unit.ticket(id).cloned());
    // What is lasting is told once; of each answer that a server refuses its writers must hear.
    let told = !known && (view.is_some() || kind.is_personal());
    let mut drafts = Vec::new();
    let writer = Writer::new(&desk.store, &desk.secret, &settings, now).await?;
    if let Some(view) = view {
        let change = unasked(&view, kind, &failure, policy);
        let ticket = unit.change_ticket(0, &change);
        let mut orders = if told { undelivered_orders(&failure, &ticket.queue, policy) } else { Vec::new() };
        for order in &mut orders {
            order.cause = if kind.is_personal() { format!("outbox-{}", letter.id) } else { String::new() };
        }
        writer.draft(&mut unit, Cause::Time, ticket, change.message, orders, &mut drafts);
    } else if told {
        let orders = undelivered_orders(&failure, &about(&[], policy).queue, policy);
        writer.draft(&mut unit, Cause::Time, about(&[], policy), MessageDraft::default(), orders, &mut drafts);
    }
    writer.commit(unit, drafts).await
}
