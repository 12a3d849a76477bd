//! Sending: from the outbox to the SMTP server.
//!
//! The attempt is counted and the lease taken before SMTP (invariant 5). That a letter left is
//! noted before the next one is sent, so that the end of this process at any moment can double
//! one letter at most. These notes survive the process at once and a power cut from the end of
//! their batch on.

use tokio_util::sync::CancellationToken;

use crate::clock::{MINUTE, Millis};
use crate::edge::backoff::chance;
use crate::edge::smtp::{Smtp, SmtpTrouble};
use crate::settings::Settings;
use crate::store::{Due, Durability, Settlement, StoreError};
use crate::trouble::{Trouble, after_refusal};

use super::Desk;

/// Letters claimed by one commit.
const BATCH: i64 = 20;
/// How long a claimed letter belongs to this instance.
const LEASE: Millis = 15 * MINUTE;

/// Sends every letter that is due, until none is or `stop`. Gives how many left.
///
/// # Errors
/// [`Trouble::Smtp`] when the server cannot be reached (no letter was counted), or [`Trouble::Store`].
pub async fn drain(desk: &Desk, smtp: &mut Smtp, stop: &CancellationToken) -> Result<usize, Trouble> {
    let settings = desk.settings.load_full();
    let mut sent = 0;
    while !stop.is_cancelled() {
        let due = claim(desk, &settings).await?;
        if due.is_empty() {
            break;
        }
        if let Err(trouble) = smtp.ready().await {
            give_back(desk, &due, &trouble.to_string()).await?;
            return Err(trouble.into());
        }
        sent += batch(desk, &settings, smtp, &due, stop).await?;
    }
    Ok(sent)
}

/// Gives back what an earlier life of this instance, or a dead one, had claimed.
///
/// # Errors
/// [`StoreError`].
pub async fn release(desk: &Desk) -> Result<u64, StoreError> {
    let settings = desk.settings.load_full();
    let mut tx = desk.store.begin(Durability::Full).await?;
    let count = tx.release_leases(desk.clock.now(), &settings.instance).await?;
    tx.commit().await?;
    Ok(count)
}

async fn claim(desk: &Desk, settings: &Settings) -> Result<Vec<Due>, StoreError> {
    let now = desk.clock.now();
    if desk.store.next_due().await?.is_none_or(|due| due > now) {
        return Ok(Vec::new());
    }
    let mut tx = desk.store.begin(Durability::Relaxed).await?;
    let due = tx.claim(now, now + LEASE, &settings.instance, BATCH).await?;
    tx.commit().await?;
    Ok(due)
}

async fn batch(
    desk: &Desk,
    settings: &Settings,
    smtp: &mut Smtp,
    due: &[Due],
    stop: &CancellationToken,
) -> Result<usize, Trouble> {
    let begun = desk.clock.now();
    let mut sent = 0;
    for (at, letter) in due.iter().enumerate() {
        // Slow servers can outlast a lease: what is left then is claimed anew.
        if stop.is_cancelled() || desk.clock.now() - begun > LEASE / 2 {
            give_back(desk, &due[at..], "").await?;
            return Ok(sent);
        }
        let settlement = send(desk, settings, smtp, letter).await?;
        sent += usize::from(settlement == Settlement::Sent);
        let durability = if at + 1 == due.len() { Durability::Full } else { Durability::Relaxed };
        let mut tx = desk.store.begin(durability).await?;
        tx.settle_letter(letter.id, &settlement, desk.clock.now()).await?;
        tx.commit().await?;
    }
    Ok(sent)
}

async fn send(desk: &Desk, settings: &Settings, smtp: &mut Smtp, letter: &Due) -> Result<Settlement, StoreError> {
    let Some(bytes) = desk.store.letter(letter.id).await? else {
        return Ok(Settlement::Failed { error: "its bytes are gone from the store".to_owned() });
    };
    match smtp.send(&letter.envelope_from, &letter.recipient, &bytes).await {
        Ok(()) => {
            tracing::info!(outbox_id = letter.id, attempts = letter.attempts, "letter sent");
            Ok(Settlement::Sent)
        }
        Err(trouble) => Ok(refused(letter, &trouble, settings, desk.clock.now())),
    }
}

fn refused(letter: &Due, trouble: &SmtpTrouble, settings: &Settings, now: Millis) -> Settlement {
    let settlement = after_refusal(trouble, letter.attempts, letter.created_at, now, &settings.retry, chance());
    let again = matches!(settlement, Settlement::Later { .. });
    tracing::warn!(outbox_id = letter.id, attempts = letter.attempts, again, error = %trouble, "letter not sent");
    settlement
}

async fn give_back(desk: &Desk, letters: &[Due], error: &str) -> Result<(), StoreError> {
    let now = desk.clock.now();
    let mut tx = desk.store.begin(Durability::Relaxed).await?;
    for letter in letters {
        let settlement = Settlement::Later { due_at: now, error: error.to_owned(), counts: false };
        tx.settle_letter(letter.id, &settlement, now).await?;
    }
    tx.commit().await
}
