//! Deciding: from the inbox to tickets and notifications.
//!
//! Emails are read and decided in groups, one commit a group: verdicts, tickets, events and notifications
//! together (invariant 3); the next group is read while one is written. A group that fails is
//! decided mail by mail; an email that fails alone is held, and the others go on. After an epoch of
//! the program that ended badly the oldest emails are taken one by one, each attempt counted
//! before the email is read, so that one that ends the process itself is found and held.

mod decide;
mod look_up;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::clock::Millis;
use crate::mail;
use crate::settings::Settings;
use crate::store::{Durability, StoreError, Waiting};
use crate::ticket::{InboxId, Secret, read};

use super::commit::Email;
use super::{App, absences};
pub(super) use decide::decide_one;
pub(super) use look_up::collect_wanted;

/// How often it is looked whether an email's turn has come, and how many times before its turn is sought anew.
const TURN: Duration = Duration::from_millis(20);
const TURNS: usize = 50;

/// Decides every email that waits. Gives how many.
///
/// # Errors
/// [`StoreError`] when the store itself fails; nothing is half done then.
pub async fn drain(app: &App) -> Result<usize, StoreError> {
    absences::refresh(app).await?;
    let settings = app.settings.load_full();
    if !app.presence.is_alive() {
        return Ok(0);
    }
    let mut count = poison_emails(app, &settings).await?;
    // An email that is let in stands before those already seen.
    loop {
        count += pass(app, &settings).await?;
        if !app.released.swap(false, Ordering::SeqCst) {
            return Ok(count);
        }
    }
}

/// Decides the emails that wait, from the oldest to the newest.
async fn pass(app: &App, settings: &Arc<Settings>) -> Result<usize, StoreError> {
    let mut count = 0;
    let mut group = next_group(app, settings, InboxId::default()).await?;
    while let (Some(first), Some(last)) =
        (group.first().map(|email| email.waiting.id), group.last().map(|email| email.waiting.id))
    {
        if !turn(app, first).await? {
            // What came before was left by somebody who is gone: it is taken up first.
            group = next_group(app, settings, InboxId::default()).await?;
            continue;
        }
        count += group.len();
        let (ahead, done) = tokio::join!(next_group(app, settings, last), decide_group(app, settings, &group));
        done?;
        app.outbox_wake_up.notify_one();
        group = ahead?;
        if app.is_stopping() {
            break;
        }
    }
    Ok(count)
}

/// Waits while another instance decides emails that came before this one; false when that takes too long.
async fn turn(app: &App, first: InboxId) -> Result<bool, StoreError> {
    for _ in 0..TURNS {
        if app.store.is_next(first).await? {
            return Ok(true);
        }
        tokio::time::sleep(TURN).await;
    }
    Ok(false)
}

/// Takes the emails one by one that may have ended the last epoch of this program.
async fn poison_emails(app: &App, settings: &Arc<Settings>) -> Result<usize, StoreError> {
    let poison_emails = app.poison_emails.load(Ordering::SeqCst);
    if poison_emails == 0 {
        return Ok(0);
    }
    let mut after = InboxId::default();
    for count in 0..poison_emails {
        let Some(mail) = app.store.waiting(after, 1, 0).await?.pop() else {
            app.poison_emails.store(0, Ordering::SeqCst);
            return Ok(count);
        };
        after = mail.id;
        turn(app, mail.id).await?;
        alone(app, settings, mail).await?;
        app.outbox_wake_up.notify_one();
    }
    app.poison_emails.store(0, Ordering::SeqCst);
    Ok(poison_emails)
}

async fn next_group(app: &App, settings: &Arc<Settings>, after: InboxId) -> Result<Vec<Email>, StoreError> {
    let count = i64::try_from(settings.batch.emails).unwrap_or(i64::MAX);
    let bytes = i64::try_from(settings.batch.bytes).unwrap_or(i64::MAX);
    let waiting = app.store.waiting(after, count, bytes).await?;
    Ok(read_all(app, settings, waiting).await)
}

async fn decide_group(app: &App, settings: &Settings, group: &[Email]) -> Result<(), StoreError> {
    match decide::commit(app, settings, group).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_transient() => Err(error),
        Err(error) => {
            tracing::warn!(%error, emails = group.len(), "a group could not be decided; each email is tried alone");
            for email in group {
                decide::commit_or_hold(app, settings, email).await?;
            }
            Ok(())
        }
    }
}

async fn alone(app: &App, settings: &Arc<Settings>, mail: Waiting) -> Result<(), StoreError> {
    if mail.attempts >= settings.email_attempts {
        let reason = format!("{} attempts to decide it were broken off by the end of the program", mail.attempts);
        return decide::commit_or_hold(app, settings, &Email { waiting: mail, intake: Err(reason) }).await;
    }
    let mut tx = app.store.begin(Durability::Relaxed).await?;
    tx.count_attempt(mail.id).await?;
    tx.commit().await?;
    let id = mail.id;
    for email in &read_all(app, settings, vec![mail]).await {
        if let Err(error) = decide::commit_or_hold(app, settings, email).await {
            // The email had no part in it.
            let mut tx = app.store.begin(Durability::Relaxed).await?;
            tx.attempt_back(id).await?;
            tx.commit().await?;
            return Err(error);
        }
    }
    Ok(())
}

/// Parsing takes processor time, so it is done away from the tasks that wait for the network.
async fn read_all(app: &App, settings: &Arc<Settings>, waiting: Vec<Waiting>) -> Vec<Email> {
    let (settings, secret) = (Arc::clone(settings), app.secret.clone());
    let work = move || waiting.into_iter().map(|mail| read_one(mail, &settings, &secret)).collect();
    // The closure catches panics itself, so the join cannot fail but at the end of the program.
    tokio::task::spawn_blocking(work).await.unwrap_or_default()
}

/// When an email was received, as far as its server's word is plausible; else when it was fetched. What a person let in counts from then on.
fn counts_from(waiting: &Waiting, within: Millis) -> Millis {
    let Waiting { received_at, delivered_at, .. } = *waiting;
    match delivered_at {
        _ if waiting.released || waiting.joins.is_some() => 0,
        at if at <= received_at && received_at - at <= within => at,
        _ => received_at,
    }
}

fn read_one(waiting: Waiting, settings: &Settings, secret: &Secret) -> Email {
    let policy = &settings.policy;
    let work = || {
        let parsed = mail::parse(&waiting.bytes, &policy.limits).map_err(|e| e.to_string())?;
        let mut intake = read(parsed, &waiting.mailbox, policy, secret);
        intake.released = waiting.released;
        intake.counts_from = counts_from(&waiting, settings.received_within);
        if let Some(ticket) = waiting.joins {
            intake.join_by_operator(ticket);
        }
        Ok(Box::new(intake))
    };
    let intake = catch_unwind(AssertUnwindSafe(work));
    let intake = intake.unwrap_or_else(|_| Err("the mail reader failed on it, which is a bug of guichet".to_owned()));
    Email { waiting, intake }
}
