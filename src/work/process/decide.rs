//! Groups of emails decided, each email in the sight of those before it.

use std::collections::HashMap;

use super::look_up::{collect_wanted, snapshot};
use crate::clock::Millis;
use crate::mail;
use crate::settings::Settings;
use crate::store::{StoreError, Unit, Wanted};
use crate::ticket::{Decision, Hit, HoldCause, InboxId, Intake, Secret, decide, search_terms};
use crate::work::commit::{Cause, Commit, Email};
use crate::work::drafts::answered_draft;
use crate::work::{App, failpoint};

/// Most articles and solved tickets that are offered.
const OFFERED: i64 = 3;

/// Decides a group, in one commit.
///
/// # Errors
/// [`StoreError`]; nothing was done then.
pub(super) async fn commit(app: &App, settings: &Settings, group: &[Email]) -> Result<(), StoreError> {
    let now = app.clock.now();
    let mut hits = hits(app, group).await?;
    let mut commit = Commit::begin(app, settings, now, collect_wanted(group, settings)).await?;
    failpoint("loaded");
    for email in group {
        let hits = hits.remove(&email.waiting.id).unwrap_or_default();
        let decision = match &email.intake {
            Err(reason) => Decision::Hold(HoldCause::Unreadable, reason.as_str().into()),
            Ok(intake) => decide_one(commit.unit(), email, intake, hits.clone(), now, settings, &app.secret),
        };
        commit.carry_out(&Cause::Email(email, hits), decision)?;
    }
    failpoint("decided");
    commit.finish().await?;
    Ok(())
}

/// Decides an email alone. One that the database refuses is held, and hinders no other.
///
/// # Errors
/// [`StoreError`] when the store itself fails.
pub(super) async fn commit_or_hold(app: &App, settings: &Settings, email: &Email) -> Result<(), StoreError> {
    let Err(error) = commit(app, settings, std::slice::from_ref(email)).await else { return Ok(()) };
    match error {
        StoreError::AlreadyDecided(_) => return Ok(()),
        error if error.is_transient() => return Err(error),
        error => {
            tracing::error!(%error, inbox_id = email.waiting.id.0, "an email could not be decided and is held");
        }
    }
    let mut commit = Commit::begin(app, settings, app.clock.now(), Wanted::default()).await?;
    let reason = "the database refused what it asks for; see the log".to_owned();
    commit.carry_out(&Cause::Email(email, Vec::new()), Decision::Hold(HoldCause::Other, reason.into()))?;
    commit.finish().await?;
    Ok(())
}

/// Decides one email by what is known so far.
pub(in crate::work) fn decide_one(
    unit: &Unit,
    email: &Email,
    intake: &Intake,
    hits: Vec<Hit>,
    now: Millis,
    settings: &Settings,
    secret: &Secret,
) -> Decision {
    let policy = &settings.policy;
    let mut snapshot = snapshot(unit, intake, email.waiting.id.0, now, hits, policy);
    if intake.agent.is_some() {
        snapshot.enclosed = mail::words_in_files(&email.waiting.bytes, &intake.mail.attachments);
        snapshot.draft = answered_draft(intake, settings, now, secret);
    }
    decide(intake, &snapshot, policy, secret)
}

/// What may help with the requests among these emails, by inbox id.
async fn hits(app: &App, group: &[Email]) -> Result<HashMap<InboxId, Vec<Hit>>, StoreError> {
    let mut found = HashMap::new();
    if !app.store.has_articles().await? {
        return Ok(found);
    }
    for email in group {
        let Ok(intake) = &email.intake else { continue };
        let Some(queue) = intake.queue.as_ref().filter(|_| intake.mail.automatic.is_none()) else { continue };
        let words = search_terms(&intake.tagged.title, &intake.mail.reply_text);
        found.insert(email.waiting.id, app.store.find_articles(&words, queue, OFFERED).await?);
    }
    Ok(found)
}
