//! A notification the mail server will not take: what follows is what follows from a delivery report that says the same. People are
//! notified once, an address that is gone is left alone, and nobody waits for an answer to what was never asked.

use super::App;
use super::commit::{Cause, Commit};
use super::reports::queue_of;
use crate::store::{StoreError, Untold, Wanted};
use crate::ticket::{Decision, Undelivered, not_taken};

/// Notifies them, in one commit with the note that they were.
pub(super) async fn tell(app: &App, failed: &Untold) -> Result<(), StoreError> {
    let (settings, now) = (app.settings.load_full(), app.clock.now());
    let policy = &settings.policy;
    let wanted = Wanted {
        tickets: failed.ticket.into_iter().collect(),
        recipients: [failed.recipient.clone()].into(),
        agents: policy.agents.values().map(|a| a.address.clone()).collect(),
        ..Wanted::default()
    };
    let agent = policy.agent(&failed.recipient).is_some();
    let kind = failed.kind.filter(|kind| !agent && !kind.is_internal());
    let mut commit = Commit::begin(app, &settings, now, wanted).await?;
    let failure = kind.map(|_| Undelivered {
        address: failed.recipient.clone(),
        status: String::new(),
        reason: failed.error.chars().take(500).collect(),
        lasting: failed.lasting,
    });
    let decision = match (kind, &failure) {
        (Some(kind), Some(failure)) => {
            let known = failure.lasting && commit.unit().blocked(&failure.address).is_some();
            let ticket = failed.ticket.and_then(|id| commit.unit().ticket(id));
            not_taken(failed.id, kind, failure, known, ticket, &queue_of(&[], policy), policy)
        }
        _ => Decision::Notify(Vec::new()),
    };
    commit.carry_out(&Cause::DeliveryFailure(failed, failure), decision)?;
    commit.finish().await?;
    Ok(())
}
