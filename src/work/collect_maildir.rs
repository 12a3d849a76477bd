//! Taking in: from a Maildir into the inbox.
//!
//! As in [`super::collect`], bytes are committed to the inbox before a file is touched (invariant 1).

use std::io;
use std::path::Path;

use super::presence::of_mailbox;
use super::{App, aside, failpoint};
use crate::edge::maildir;
use crate::mail::Unreadable;
use crate::store::{Arrival, Cursor, Durability};
use crate::ticket::HoldCause;
use crate::trouble::Trouble;

/// Takes everything waiting in a Maildir into the inbox. Gives how many emails came.
///
/// # Errors
/// [`Trouble::Maildir`] or [`Trouble::Store`].
pub async fn drain(app: &App, mailbox: &str, root: &Path, archive: &str) -> Result<usize, Trouble> {
    let settings = app.settings.load_full();
    let trouble = |source| Trouble::Maildir { mailbox: mailbox.to_owned(), source };
    let most = settings.policy.limits.email_bytes as u64;
    let mut count = 0;
    loop {
        let begun = app.clock.now();
        let (emails, own) = (settings.batch.emails, root.to_owned());
        let mut entries = on_disk(move || maildir::waiting(&own, emails)).await.map_err(trouble)?;
        if app.is_stopping() && !entries.is_empty() {
            return Ok(count);
        }
        if entries.is_empty() {
            let mut tx = app.store.begin_under(&of_mailbox(mailbox), Durability::Relaxed).await?;
            tx.set_cursor(mailbox, Cursor { polled_at: begun, ..Cursor::default() }).await?;
            tx.commit().await?;
            app.note_polled(mailbox, begun);
            return Ok(count);
        }
        entries.truncate(fitting(&entries, settings.batch.bytes));
        let read = move || {
            let emails = entries.iter().map(|e| read_entry(e, most)).collect::<io::Result<Vec<_>>>()?;
            Ok((entries, emails))
        };
        let (entries, emails) = on_disk(read).await.map_err(trouble)?;
        let arrivals = entries.iter().zip(&emails).map(|(entry, (bytes, hold))| Arrival {
            mailbox,
            place: None,
            size: entry.size.max(bytes.len() as u64),
            delivered_at: Some(entry.delivered_at),
            bytes,
            hold: hold.clone().map(|reason| (HoldCause::Unreadable, reason)),
        });
        failpoint("fetched");
        let mut tx = app.store.begin_under(&of_mailbox(mailbox), Durability::Full).await?;
        tx.journal(&arrivals.collect::<Vec<_>>(), app.clock.now()).await?;
        tx.commit().await?;
        failpoint("journalled");
        app.inbox_wake_up.notify_one();
        count += entries.len();
        let (root, archive) = (root.to_owned(), archive.to_owned());
        let settle = move || {
            for (entry, (_, hold)) in entries.iter().zip(&emails) {
                // What is not in the inbox whole stays where it is, marked.
                let archive = if hold.is_some() { "" } else { archive.as_str() };
                maildir::settle(&root, entry, archive)?;
                failpoint("moved");
            }
            Ok(())
        };
        on_disk(settle).await.map_err(trouble)?;
    }
}

async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    aside::files(work).await.unwrap_or_else(|| Err(io::Error::other("the work on its files broke off")))
}

/// How many entries from the front are read into memory together: at least one.
fn fitting(entries: &[maildir::Entry], bytes: u64) -> usize {
    let mut total = 0;
    let fits = entries.iter().take_while(|entry| {
        total += entry.size;
        total <= bytes
    });
    fits.count().max(1)
}

/// The email, or its first bytes and why it is held.
fn read_entry(entry: &maildir::Entry, most: u64) -> std::io::Result<(Vec<u8>, Option<String>)> {
    let bytes = maildir::read(entry, most)?;
    if entry.size <= most {
        return Ok((bytes, None));
    }
    let why = Unreadable::TooLarge {
        size: usize::try_from(entry.size).unwrap_or(usize::MAX),
        limit: usize::try_from(most).unwrap_or(usize::MAX),
    };
    let name = entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((bytes, Some(format!("{why}; its file begins with {name}"))))
}
