//! `run --once`: fetch all that waits, decide it, send all that may be sent, end.

use tokio_util::sync::CancellationToken;

use crate::settings::MailboxKind;
use crate::store::NEVER;
use crate::trouble::Trouble;

use super::deliver::Sender;
use super::{Desk, collect, collect_maildir, presence, process, reports, sign_in, sweep};

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Mails fetched.
    pub fetched: usize,
    /// Mails decided.
    pub decided: usize,
    /// Letters sent.
    pub sent: usize,
}

/// One round over everything. A mailbox that fails does not keep the rest from being done.
///
/// # Errors
/// The first [`Trouble`], after everything that could be done was done.
pub async fn run(desk: &Desk) -> Result<Tally, Trouble> {
    let mut sender = Sender::open(desk).await?;
    let settings = desk.settings.load_full();
    let mut tally = Tally::default();
    let mut first = None;
    let mut deaf = Vec::new();
    for (name, mailbox) in &settings.mailboxes {
        if !desk.presence.holds(&presence::of_mailbox(name)) {
            tracing::warn!(mailbox = name, "another instance reads this mailbox");
            continue;
        }
        match collect_one(desk, name, &mailbox.kind).await {
            Ok(count) => tally.fetched += count,
            Err(trouble) => {
                tracing::error!(mailbox = name, error = %trouble, "mailbox not read");
                first.get_or_insert(trouble);
                deaf.push(name.clone());
            }
        }
    }
    let mut heard_until = desk.fetched_until();
    for name in deaf {
        // Service levels wait for a mailbox that cannot be read, but not for ever.
        if let Some(cursor) = desk.store.cursor(&name).await? {
            heard_until.entry(name).or_insert(cursor.polled_at);
        }
    }
    tally.decided = process::drain(desk).await?;
    let heard_until = desk.heard_until(heard_until).await?;
    if desk.presence.leads() {
        sweep::drain(desk, &heard_until).await?;
        reports::drain(desk).await?;
    }
    match sender.drain(desk, &CancellationToken::new()).await {
        Ok(sent) => tally.sent = sent,
        Err(trouble) => {
            first.get_or_insert(trouble);
        }
    }
    // What was delivered counts as answered from now on.
    if desk.presence.leads() {
        sweep::drain(desk, &heard_until).await?;
    }
    sender.close().await;
    first.map_or(Ok(tally), Err)
}

/// Reads one mailbox to its end.
///
/// # Errors
/// [`Trouble`].
pub async fn collect_one(desk: &Desk, name: &str, kind: &MailboxKind) -> Result<usize, Trouble> {
    match kind {
        MailboxKind::Maildir { root, archive } => collect_maildir::drain(desk, name, root, archive).await,
        MailboxKind::Imap(config) => {
            let trouble = |source| Trouble::Imap { mailbox: name.to_owned(), source };
            let mut imap = sign_in::imap(desk, name, config).await?;
            let folder = imap.select().await.map_err(trouble)?;
            let drained = collect::drain(desk, name, &mut imap, folder, NEVER - 1).await?;
            if !drained.over {
                imap.logout().await;
            }
            Ok(drained.count)
        }
    }
}
