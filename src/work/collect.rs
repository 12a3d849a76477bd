//! Fetching: from a mailbox into the inbox.
//!
//! Bytes are committed to the inbox before the server's copy is touched (invariant 1): batches are
//! kept without waiting for the disk, and one commit that does wait stands before any copy is
//! archived or marked. A backlog is fetched several mails a command and kept several a commit; a
//! single mail never waits for others.

use std::collections::BTreeSet;
use std::path::Path;

use crate::clock::Millis;
use crate::edge::imap::{Fetched, Folder, Imap, ImapTrouble, Which};
use crate::edge::maildir;
use crate::mail::Unreadable;
use crate::settings::Settings;
use crate::store::{Arrival, Cursor, Durability};
use crate::trouble::Trouble;

use super::presence::of_mailbox;
use super::{Desk, point};

/// Server copies archived by one command and noted by one commit.
const SETTLE_AT_ONCE: usize = 500;
/// Server copies of earlier lives that one round takes up.
const LEFTOVERS: i64 = 100_000;

/// Fetches everything new from a selected folder, then archives what was fetched. Gives how many mails came.
///
/// # Errors
/// [`Trouble::Imap`] or [`Trouble::Store`]; the session must then be thrown away.
pub async fn drain(desk: &Desk, mailbox: &str, imap: &mut Imap, folder: Folder) -> Result<usize, Trouble> {
    let (settings, begun) = (desk.settings.load_full(), desk.clock.now());
    let mut fetch = Fetch {
        desk,
        settings: &settings,
        mailbox,
        imap,
        cursor: place(desk, mailbox, folder).await?,
        done: BTreeSet::new(),
    };
    let waiting = fetch.search().await?;
    let mut count = 0;
    for uids in waiting.chunks(settings.batch.mails) {
        count += fetch.batch(uids).await?;
    }
    fetch.settle(begun).await?;
    Ok(count)
}

/// Where to go on. At the first contact, mails that people have read already are left alone. After
/// a change of UIDVALIDITY everything is read again that came since the first contact, or is
/// unread; what is known is recognised by its content.
async fn place(desk: &Desk, mailbox: &str, folder: Folder) -> Result<Cursor, Trouble> {
    let baseline = folder.uid_next.saturating_sub(1);
    let start = Cursor { uid_validity: folder.uid_validity, baseline, ..Cursor::default() };
    let cursor = match desk.store.cursor(mailbox).await? {
        Some(cursor) if cursor.uid_validity == folder.uid_validity => return Ok(cursor),
        Some(old) => {
            tracing::warn!(mailbox, "UIDVALIDITY changed; the folder is read again");
            Cursor { first_at: old.first_at, since: old.first_at, ..start }
        }
        None => Cursor { first_at: desk.clock.now(), ..start },
    };
    // Kept before anything is fetched: a second start must not take read mails for new ones.
    let mut tx = desk.store.begin_under(&of_mailbox(mailbox), Durability::Full).await?;
    tx.set_cursor(mailbox, cursor).await?;
    tx.commit().await?;
    Ok(cursor)
}

struct Fetch<'a> {
    desk: &'a Desk,
    settings: &'a Settings,
    mailbox: &'a str,
    imap: &'a mut Imap,
    cursor: Cursor,
    /// UIDs whose bytes came into the inbox in this round.
    done: BTreeSet<u32>,
}

impl Fetch<'_> {
    fn imap_trouble(&self, source: ImapTrouble) -> Trouble {
        Trouble::Imap { mailbox: self.mailbox.to_owned(), source }
    }

    async fn search(&mut self) -> Result<Vec<u32>, Trouble> {
        let Cursor { last_uid, baseline, since, .. } = self.cursor;
        let mut uids = Vec::new();
        if last_uid < baseline {
            let unread = self.imap.search(last_uid + 1, baseline, Which::Unread { or_since: since }).await;
            uids = unread.map_err(|e| self.imap_trouble(e))?;
        }
        let first = last_uid.max(baseline).saturating_add(1);
        let new = self.imap.search(first, 0, Which::All).await.map_err(|e| self.imap_trouble(e))?;
        uids.extend(new);
        Ok(uids)
    }

    /// Fetches and keeps one batch, cut again where its bytes pass the bound.
    async fn batch(&mut self, uids: &[u32]) -> Result<usize, Trouble> {
        let sizes = self.imap.sizes(uids).await.map_err(|e| self.imap_trouble(e))?;
        let (bound, most) = (self.settings.batch.bytes, self.settings.policy.limits.mail_bytes as u64);
        let mut group: Vec<u32> = Vec::new();
        let mut bytes = 0;
        for (uid, size) in &sizes {
            if *size > most {
                self.keep_group(&group, bytes).await?;
                self.keep_header(*uid, *size).await?;
                (group, bytes) = (Vec::new(), 0);
                continue;
            }
            if bytes + size > bound && !group.is_empty() {
                self.keep_group(&group, bytes).await?;
                (group, bytes) = (Vec::new(), 0);
            }
            group.push(*uid);
            bytes += size;
        }
        self.keep_group(&group, bytes).await?;
        // Mails that vanished between search and fetch need no second look.
        self.cursor.last_uid = self.cursor.last_uid.max(uids.last().copied().unwrap_or(0));
        Ok(sizes.len())
    }

    async fn keep_group(&mut self, uids: &[u32], bytes: u64) -> Result<(), Trouble> {
        if uids.is_empty() {
            return Ok(());
        }
        match self.imap.fetch(uids, bytes).await {
            Ok(mails) if mails.len() == uids.len() => self.keep(&mails, None).await,
            // One of them cannot be had. Which one shows when each is asked for by itself, in their
            // order, so that the place never moves beyond a mail that is still to come.
            Ok(_) | Err(ImapTrouble::Refused { .. }) => {
                for uid in uids {
                    self.keep_single(*uid, bytes).await?;
                }
                Ok(())
            }
            Err(source) => Err(self.imap_trouble(source)),
        }
    }

    /// A mail asked for by itself. One the server refuses or leaves out, while it still names its
    /// size, is left to a person, so that it stops nothing behind it.
    async fn keep_single(&mut self, uid: u32, bytes: u64) -> Result<(), Trouble> {
        match self.imap.fetch(&[uid], bytes).await {
            Ok(mails) if !mails.is_empty() => return self.keep(&mails, None).await,
            Ok(_) | Err(ImapTrouble::Refused { .. }) => {}
            Err(source) => return Err(self.imap_trouble(source)),
        }
        self.keep_place(uid).await
    }

    /// A mail the server does not give out, or that has vanished since.
    async fn keep_place(&mut self, uid: u32) -> Result<(), Trouble> {
        let still = self.imap.sizes(&[uid]).await.map_err(|e| self.imap_trouble(e))?;
        let Some((_, size)) = still.first() else { return Ok(()) };
        let reason = format!("the server does not give out this mail; it lies in its folder under UID {uid}");
        // The place in the folder stands in for the content, which nobody knows.
        let name = format!("{} {uid}", self.cursor.uid_validity).into_bytes();
        self.keep(&[Fetched { uid, bytes: name }], Some((*size, reason))).await
    }

    /// A mail too large to fetch: its header is kept, the mail itself stays where it is.
    async fn keep_header(&mut self, uid: u32, size: u64) -> Result<(), Trouble> {
        let header = match self.imap.fetch_header(uid).await {
            Ok(header) if !header.is_empty() => header,
            Ok(_) | Err(ImapTrouble::Refused { .. }) => return self.keep_place(uid).await,
            Err(source) => return Err(self.imap_trouble(source)),
        };
        let limit = self.settings.policy.limits.mail_bytes;
        let why = Unreadable::TooLarge { size: usize::try_from(size).unwrap_or(usize::MAX), limit };
        let reason = format!("{why}; it lies in its folder under UID {uid}");
        self.keep(&header, Some((size, reason))).await
    }

    /// One commit: the mails, and the place reached. A power cut loses both or neither.
    async fn keep(&mut self, mails: &[Fetched], held: Option<(u64, String)>) -> Result<(), Trouble> {
        let Some(last) = mails.last() else { return Ok(()) };
        point("fetched");
        let now = self.desk.clock.now();
        self.cursor.last_uid = self.cursor.last_uid.max(last.uid);
        let mut tx = self.desk.store.begin_under(&of_mailbox(self.mailbox), Durability::Relaxed).await?;
        let arrivals = mails.iter().map(|mail| Arrival {
            mailbox: self.mailbox,
            uid_validity: self.cursor.uid_validity,
            uid: mail.uid,
            bytes: &mail.bytes,
            size: held.as_ref().map_or(mail.bytes.len() as u64, |(size, _)| *size),
            hold: held.as_ref().map(|(_, reason)| reason.clone()),
        });
        tx.journal(&arrivals.collect::<Vec<_>>(), now).await?;
        tx.set_cursor(self.mailbox, self.cursor).await?;
        tx.commit().await?;
        point("journalled");
        if held.is_none() {
            self.done.extend(mails.iter().map(|m| m.uid));
        }
        self.desk.inbox_bell.notify_one();
        Ok(())
    }

    /// Archives every server copy whose bytes are in the inbox, those of earlier lives included.
    /// The mailbox counts as read, from `begun` on, whether they can be moved or not: mails are read and answered all the same.
    async fn settle(&mut self, begun: Millis) -> Result<(), Trouble> {
        let validity = self.cursor.uid_validity;
        let mut uids = std::mem::take(&mut self.done);
        uids.extend(self.desk.store.unsettled(self.mailbox, validity, LEFTOVERS).await?);
        let uids: Vec<u32> = uids.into_iter().collect();
        self.cursor.polled_at = self.desk.clock.now();
        // Commits are kept in their order: once this one is on the disk, so are the batches before it.
        let durability = if uids.is_empty() { Durability::Relaxed } else { Durability::Full };
        let mut tx = self.desk.store.begin_under(&of_mailbox(self.mailbox), durability).await?;
        tx.set_cursor(self.mailbox, self.cursor).await?;
        tx.commit().await?;
        point("flushed");
        self.desk.note_polled(self.mailbox, begun);
        for chunk in uids.chunks(SETTLE_AT_ONCE) {
            let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { break };
            match self.imap.settle(chunk).await.map_err(|e| self.imap_trouble(e)) {
                Ok(()) => {}
                Err(
                    trouble @ Trouble::Imap {
                        source: ImapTrouble::Refused { .. } | ImapTrouble::Unsupported(_), ..
                    },
                ) => {
                    self.desk.meter.mailbox_failed(self.mailbox, &trouble);
                    tracing::warn!(mailbox = self.mailbox, error = %trouble, "handled mails stay where they are");
                    return Ok(());
                }
                Err(trouble) => return Err(trouble),
            }
            point("moved");
            let mut tx = self.desk.store.begin(Durability::Relaxed).await?;
            tx.settle(self.mailbox, validity, *first, *last).await?;
            tx.commit().await?;
            point("settled");
        }
        Ok(())
    }
}

/// Takes everything waiting in a Maildir into the inbox. Gives how many mails came.
///
/// # Errors
/// [`Trouble::Maildir`] or [`Trouble::Store`].
pub async fn drain_maildir(desk: &Desk, mailbox: &str, root: &Path, archive: &str) -> Result<usize, Trouble> {
    let settings = desk.settings.load_full();
    let trouble = |source| Trouble::Maildir { mailbox: mailbox.to_owned(), source };
    let most = settings.policy.limits.mail_bytes as u64;
    let mut count = 0;
    loop {
        let begun = desk.clock.now();
        let mut entries = maildir::waiting(root, settings.batch.mails).map_err(trouble)?;
        if entries.is_empty() {
            let mut tx = desk.store.begin_under(&of_mailbox(mailbox), Durability::Relaxed).await?;
            tx.set_cursor(mailbox, Cursor { polled_at: begun, ..Cursor::default() }).await?;
            tx.commit().await?;
            desk.note_polled(mailbox, begun);
            return Ok(count);
        }
        entries.truncate(fitting(&entries, settings.batch.bytes));
        let mails: Vec<_> = entries.iter().map(|e| read_entry(e, most)).collect::<Result<_, _>>().map_err(trouble)?;
        let arrivals = entries.iter().zip(&mails).map(|(entry, (bytes, hold))| Arrival {
            mailbox,
            uid_validity: 0,
            uid: 0,
            size: entry.size.max(bytes.len() as u64),
            bytes,
            hold: hold.clone(),
        });
        point("fetched");
        let mut tx = desk.store.begin_under(&of_mailbox(mailbox), Durability::Full).await?;
        tx.journal(&arrivals.collect::<Vec<_>>(), desk.clock.now()).await?;
        tx.commit().await?;
        point("journalled");
        desk.inbox_bell.notify_one();
        for (entry, (_, hold)) in entries.iter().zip(&mails) {
            // What is not in the inbox whole stays where it is, marked.
            let archive = if hold.is_some() { "" } else { archive };
            maildir::settle(root, entry, archive).map_err(trouble)?;
            point("moved");
        }
        count += entries.len();
    }
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

/// The mail, or its first bytes and why it is held.
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
