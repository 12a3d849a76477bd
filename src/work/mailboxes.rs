//! Watching every mailbox of the configuration, also those that a reload brings.
//!
//! A reload ends every session in good order and begins one for each mailbox there is now, so that a new host, a new
//! password and a new folder count at once, and one that waited after a refusal tries again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::wait::{STANDBY, pause};
use super::{App, collect, once, presence, sign_in};
use crate::edge::backoff::chance;
use crate::edge::imap::{Imap, ImapTrouble, Wake};
use crate::settings::{Mailbox, MailboxKind};
use crate::trouble::{Patience, Trouble};

/// Watches them until `stop`. Ends before only by a panic of a watcher.
pub async fn watch(app: Arc<App>, stop: CancellationToken) {
    let mut watchers = JoinSet::new();
    let mut reloads = app.reloads.subscribe();
    // Of the last watcher of each mailbox: whether it has ended.
    let mut ended: BTreeMap<String, CancellationToken> = BTreeMap::new();
    while !stop.is_cancelled() {
        let round = stop.child_token();
        for (name, mailbox) in &app.settings.load_full().mailboxes {
            let over = CancellationToken::new();
            let before = ended.insert(name.clone(), over.clone());
            let one = watch_one(Arc::clone(&app), name.clone(), mailbox.clone(), round.clone());
            watchers.spawn(in_turn(before, one, over.drop_guard()));
        }
        until_reload(&mut reloads, &stop, &mut watchers).await;
        round.cancel();
    }
    while let Some(one) = watchers.join_next().await {
        passed_on(one);
    }
}

/// Two sessions never read the same mailbox: a slow one is waited for, and only by its own successor.
async fn in_turn(before: Option<CancellationToken>, watching: impl Future<Output = ()>, _over: DropGuard) {
    if let Some(before) = before {
        before.cancelled().await;
    }
    watching.await;
}

async fn until_reload(reloads: &mut Receiver<u64>, stop: &CancellationToken, watchers: &mut JoinSet<()>) {
    loop {
        tokio::select! {
            _ = reloads.changed() => return,
            () = stop.cancelled() => return,
            Some(one) = watchers.join_next(), if !watchers.is_empty() => passed_on(one),
        }
    }
}

/// A watcher that panicked is a bug, to be seen by whoever watches this task.
fn passed_on(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Watches one mailbox: connects, reads, waits for news; after a failure it waits and connects anew.
async fn watch_one(app: Arc<App>, name: String, mailbox: Mailbox, stop: CancellationToken) {
    let mut patience = Patience::new(Duration::from_secs(10 * 60));
    let lease = presence::of_mailbox(&name);
    while !stop.is_cancelled() {
        if !app.presence.holds(&lease) {
            pause(STANDBY, &stop).await;
            continue;
        }
        let outcome = match &mailbox.kind {
            MailboxKind::Imap(config) => match sign_in::imap(&app, &name, config).await {
                Ok(imap) => follow(&app, &name, &mailbox, imap, &mut patience, &stop).await,
                Err(trouble) => Err(trouble),
            },
            MailboxKind::Maildir { .. } => once::collect_one(&app, &name, &mailbox.kind).await.map(|_| mailbox.poll),
        };
        let wait = match outcome {
            Ok(wait) => {
                patience.reset();
                wait
            }
            Err(trouble) => {
                let wait = patience.after(&trouble, chance());
                app.meter.mailbox_failed(&name, &trouble);
                tracing::warn!(mailbox = %name, error = %trouble, wait_seconds = wait.as_secs(), "mailbox not read");
                wait
            }
        };
        pause(wait, &stop).await;
    }
}

/// The shortest time between two sessions.
const SOON: Duration = Duration::from_secs(1);

/// How long a session goes on that cannot move handled emails: the next one may.
const BARRED: Duration = Duration::from_secs(10 * 60);

/// Reads one session's folder again and again, until the session fails, it is told to stop, or another one shall try what this
/// one was refused. Gives how long to wait for the next.
async fn follow(
    app: &App,
    name: &str,
    mailbox: &Mailbox,
    mut imap: Imap,
    patience: &mut Patience,
    stop: &CancellationToken,
) -> Result<Duration, Trouble> {
    let trouble = |source| Trouble::Imap { mailbox: name.to_owned(), source };
    let begun = std::time::Instant::now();
    match imap.ensure_archive().await {
        // Mail is read and answered even where it cannot be moved; what cannot be moved is said after each round.
        Ok(()) | Err(ImapTrouble::Refused { .. } | ImapTrouble::Unsupported(_)) => {}
        Err(source) => return Err(trouble(source)),
    }
    let folder = imap.select().await.map_err(trouble)?;
    loop {
        let collect::Drained { count, over } = collect::drain(app, name, &mut imap, folder, app.clock.now()).await?;
        // Only now: a server that takes the password and then fails must not be hammered.
        patience.reset();
        if count > 0 {
            tracing::info!(mailbox = name, emails = count, "emails fetched");
        }
        if over {
            return Ok(SOON);
        }
        if !app.presence.holds(&presence::of_mailbox(name)) {
            imap.logout().await;
            return Ok(mailbox.poll);
        }
        if imap.has_news() && !stop.is_cancelled() {
            continue;
        }
        // What was refused is asked for again in a session of its own.
        let again = app.store.next_unfetched(name).await?;
        let rest = again.map(|due| Duration::from_millis(u64::try_from(due - app.clock.now()).unwrap_or(0)));
        let over =
            rest.is_some_and(|rest| rest < mailbox.poll) || (imap.barred().is_some() && begun.elapsed() > BARRED);
        if over && !stop.is_cancelled() {
            imap.logout().await;
            return Ok(rest.unwrap_or(mailbox.poll).clamp(SOON, mailbox.poll.max(SOON)));
        }
        let wake = if imap.can_idle() {
            imap.idle(mailbox.poll, stop).await.map_err(trouble)?
        } else {
            pause(mailbox.poll, stop).await;
            Wake::Poll
        };
        if wake == Wake::Stop || stop.is_cancelled() {
            imap.logout().await;
            return Ok(mailbox.poll);
        }
    }
}
