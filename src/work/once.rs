//! `run --once`: fetch all that waits, decide it, send all that may be sent, end.

use tokio_util::sync::CancellationToken;

use crate::settings::MailboxKind;
use crate::store::NEVER;
use crate::trouble::Trouble;

use super::deliver::Sender;
use super::{App, collect, collect_maildir, presence, process, recompute, recurring, reports, sign_in, sweep};

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Emails fetched.
    pub fetched: usize,
    /// Emails decided.
    pub decided: usize,
    /// Notifications sent.
    pub sent: usize,
}

/// One round over everything. A mailbox that fails does not keep the rest from being done.
///
/// # Errors
/// The first [`Trouble`], after everything that could be done was done.
pub async fn run(app: &App) -> Result<Tally, Trouble> {
    let mut sender = Sender::open(app).await?;
    let settings = app.settings.load_full();
    let mut tally = Tally::default();
    let mut first = None;
    let mut disconnected = Vec::new();
    for (name, mailbox) in &settings.mailboxes {
        if !app.presence.holds(&presence::of_mailbox(name)) {
            tracing::warn!(mailbox = name, "another instance reads this mailbox");
            continue;
        }
        match collect_one(app, name, &mailbox.kind).await {
            Ok(count) => tally.fetched += count,
            Err(trouble) => {
                tracing::error!(mailbox = name, error = %trouble, "mailbox not read");
                first.get_or_insert(trouble);
                disconnected.push(name.clone());
            }
        }
    }
    let mut received_through = app.fetched_until();
    for name in disconnected {
        // Service levels wait for a mailbox that cannot be read, but not for ever.
        if let Some(cursor) = app.store.cursor(&name).await? {
            received_through.entry(name).or_insert(cursor.polled_at);
        }
    }
    if app.presence.leads() {
        recompute::before_deciding(app).await?;
    }
    tally.decided = process::drain(app).await?;
    let received_through = app.received_through(received_through).await?;
    if app.presence.leads() {
        sweep::drain(app, &received_through).await?;
        // Apart, so that what is rarely needed does not make every round larger.
        Box::pin(recurring::drain(app)).await?;
        reports::drain(app).await?;
    }
    match sender.drain(app, &CancellationToken::new()).await {
        Ok(sent) => tally.sent = sent,
        Err(trouble) => {
            first.get_or_insert(trouble);
        }
    }
    // What was delivered counts as answered from now on.
    if app.presence.leads() {
        sweep::drain(app, &received_through).await?;
    }
    sender.close().await;
    if !app.presence.is_alive() {
        // What it left alone others may do now, and if there are none, the next round.
        let text =
            "this machine was too busy, or cut off from its database for too long, to be relied on; run it again";
        first.get_or_insert(Trouble::Again(text.to_owned()));
    }
    first.map_or(Ok(tally), Err)
}

/// Reads one mailbox to its end.
pub async fn collect_one(app: &App, name: &str, kind: &MailboxKind) -> Result<usize, Trouble> {
    match kind {
        MailboxKind::Maildir { root, archive } => collect_maildir::drain(app, name, root, archive).await,
        MailboxKind::Imap(config) => {
            let trouble = |source| Trouble::Imap { mailbox: name.to_owned(), source };
            let mut imap = sign_in::imap(app, name, config).await?;
            let folder = imap.select().await.map_err(trouble)?;
            let drained = collect::drain(app, name, &mut imap, folder, NEVER - 1).await?;
            if !drained.over {
                imap.logout().await;
            }
            Ok(drained.count)
        }
    }
}
