//! `verify`: mailbox, inbox, tickets and outbox held against each other, and every gap named.
//!
//! Reads only. The store itself says what does not fit within it; here it is held against the mailboxes: a
//! mail behind the place reached that is not in the inbox would be a lost one.

use std::path::PathBuf;

use crate::clock::Clock;
use crate::edge::imap::{Imap, ImapTrouble, Which};
use crate::edge::maildir;
use crate::settings::{MailboxKind, Settings};
use crate::store::{CHECKS, Sizes, Store, StoreError};
use crate::ticket::InboxId;
use crate::trouble::Trouble;

use super::sign_in::{Signer, Tokens};

/// Emails fetched by one command to be compared.
const BATCH: usize = 50;
/// Bytes held in memory at once; one larger mail is held alone.
const BYTES: u64 = 8 * 1024 * 1024;

/// What verifying found.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// How much was looked at.
    pub sizes: Sizes,
    /// The end of the chain.
    pub head: String,
    /// What was looked at, and what of it is wrong.
    pub checks: Vec<(String, Vec<String>)>,
}

impl Findings {
    /// How many things are wrong.
    #[must_use]
    pub fn problems(&self) -> usize {
        self.checks.iter().map(|(_, wrong)| wrong.len()).sum()
    }

    fn add(&mut self, name: &str, wrong: Vec<String>) {
        self.checks.push((name.to_owned(), wrong));
    }
}

/// What is held against what.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// An earlier end of the chain that must still be part of it; may be empty.
    pub since: &'a str,
    /// Whether the mailboxes are looked into.
    pub mailboxes: bool,
    /// Whether every email in the archive folders is compared too.
    pub archives: bool,
}

/// Verifies. `progress` hears how many of all emails have been read.
///
/// # Errors
/// [`Trouble::Store`] or that of a mailbox that cannot be read.
pub async fn run(
    store: &Store,
    settings: &Settings,
    wish: Wish<'_>,
    mut progress: impl FnMut(i64, i64),
) -> Result<Findings, Trouble> {
    let mut found = Findings { sizes: store.sizes().await?, ..Findings::default() };
    for check in CHECKS {
        found.add(check.name, store.broken(check).await?);
    }
    found.add("numbers have no gap and no repeat", store.broken_numbers().await?);
    found.add("emails that a server named were fetched", refused(store).await?);
    found.add("emails are as they were received", changed(store, found.sizes.emails, &mut progress).await?);
    found.add("texts, visibility, status and verdicts are as they were written", store.changed_rows().await?);
    found.add("the key of the store is the one it was begun with", store.changed_key().await?);
    let chain = store.chain(wish.since).await?;
    found.head = chain.head;
    found.add("the chain of what was written holds", chain.problems);
    if !chain.holds {
        let wrong = format!("{} was never an end of this chain, or was cut off", wish.since);
        found.add("the chain holds what was noted earlier", vec![wrong]);
    }
    for (name, mailbox) in settings.mailboxes.iter().filter(|_| wish.mailboxes) {
        let wrong = match &mailbox.kind {
            MailboxKind::Imap(config) => {
                let tokens = Tokens::default();
                let signer = Signer { tokens: &tokens, store: Some(store), key: settings.key.clone() };
                let mut imap = signer.imap(name, config, Clock::system().now()).await?;
                let wrong = folder(store, name, &mut imap, wish.archives).await?;
                imap.logout().await;
                wrong
            }
            MailboxKind::Maildir { root, archive } => {
                let homes = [("folder", root.clone()), ("archive folder", root.join(format!(".{archive}")))];
                let most = settings.policy.limits.email_bytes as u64;
                maildir_of(store, name, &homes[..if wish.archives { 2 } else { 1 }], most).await?
            }
        };
        found.add(&format!("mailbox {name} holds nothing that was passed over"), wrong);
    }
    Ok(found)
}

/// Most refused emails that are named.
const REFUSED: i64 = 100;

async fn refused(store: &Store) -> Result<Vec<String>, StoreError> {
    let rows = store.all_unfetched(REFUSED).await?;
    // One that is too large by the configuration is held, and no surprise.
    let refused = rows.into_iter().filter(|row| row.email.refusals > 0);
    Ok(refused.map(|row| format!("mailbox {}: {}", row.mailbox, row.email.reason)).collect())
}

async fn changed(store: &Store, all: i64, progress: &mut impl FnMut(i64, i64)) -> Result<Vec<String>, StoreError> {
    let (mut wrong, mut after) = (Vec::new(), InboxId::default());
    loop {
        let (more, last) = store.changed_emails(after).await?;
        wrong.extend(more);
        let Some(last) = last else { return Ok(wrong) };
        after = last;
        progress(after.0.min(all), all);
    }
}

/// Emails in the folder behind the place reached, and in its archive, that are not in the inbox.
async fn folder(store: &Store, name: &str, imap: &mut Imap, archives: bool) -> Result<Vec<String>, Trouble> {
    let trouble = |source: ImapTrouble| Trouble::Imap { mailbox: name.to_owned(), source };
    let mut wrong = Vec::new();
    let selected = imap.select().await.map_err(trouble)?;
    let cursor = store.cursor(name).await?.unwrap_or_default();
    if cursor.uid_validity == selected.uid_validity && cursor.last_uid > 0 {
        let mut known = store.known_uids(name, selected.uid_validity).await?;
        // Those are named by a check of their own.
        known.extend(store.unfetched_uids(name, selected.uid_validity).await?);
        let mut passed = Vec::new();
        if cursor.baseline > 0 {
            // What people had read before the first start is left alone.
            let which = Which::Unread { or_since: cursor.since };
            passed.extend(imap.search(1, cursor.baseline, which).await.map_err(trouble)?);
        }
        if cursor.last_uid > cursor.baseline {
            passed.extend(imap.search(cursor.baseline + 1, cursor.last_uid, Which::All).await.map_err(trouble)?);
        }
        passed.retain(|uid| *uid <= cursor.last_uid && !known.contains(uid));
        let lost = compare(store, name, imap, &passed).await?;
        if lost > 0 {
            wrong.push(format!("{lost} emails of the folder lie behind the place reached, but are not in the inbox"));
        }
    }
    if archives && imap.select_archive().await.map_err(trouble)? {
        let all = imap.search(1, 0, Which::All).await.map_err(trouble)?;
        let lost = compare(store, name, imap, &all).await?;
        if lost > 0 {
            wrong.push(format!(
                "{lost} emails of the archive folder are not in the inbox; move them back to have them read"
            ));
        }
    }
    Ok(wrong)
}

/// How many of these emails the inbox does not know by their content.
async fn compare(store: &Store, name: &str, imap: &mut Imap, uids: &[u32]) -> Result<usize, Trouble> {
    let trouble = |source: ImapTrouble| Trouble::Imap { mailbox: name.to_owned(), source };
    let mut lost = 0;
    for chunk in uids.chunks(BATCH) {
        for uids in groups(&imap.sizes(chunk).await.map_err(trouble)?) {
            let emails = imap.fetch(&uids).await.map_err(trouble)?;
            let emails: Vec<_> = emails.into_iter().map(|mail| sized(mail.bytes)).collect();
            lost += store.unknown(name, &emails).await?;
        }
    }
    Ok(lost)
}

fn sized(bytes: Vec<u8>) -> (Vec<u8>, u64) {
    let size = bytes.len() as u64;
    (bytes, size)
}

/// Emails that are fetched together, with their sizes: no more than memory bears, but always one.
fn groups(sizes: &[(u32, u64)]) -> Vec<Vec<(u32, u64)>> {
    let mut groups: Vec<Vec<(u32, u64)>> = Vec::new();
    let mut bytes = 0;
    for (uid, size) in sizes {
        bytes += size;
        match groups.last_mut().filter(|_| bytes <= BYTES) {
            Some(group) => group.push((*uid, *size)),
            None => {
                groups.push(vec![(*uid, *size)]);
                bytes = *size;
            }
        }
    }
    groups
}

async fn maildir_of(store: &Store, name: &str, homes: &[(&str, PathBuf)], most: u64) -> Result<Vec<String>, Trouble> {
    let trouble = |source| Trouble::Maildir { mailbox: name.to_owned(), source };
    let mut wrong = Vec::new();
    for (what, home) in homes.iter().filter(|(_, home)| home.join("cur").is_dir()) {
        let mut lost = 0;
        for chunk in maildir::handled(home).map_err(trouble)?.chunks(BATCH) {
            for entry in chunk {
                let bytes = maildir::read(entry, most).map_err(trouble)?;
                let size = entry.size.max(bytes.len() as u64);
                lost += store.unknown(name, &[(bytes, size)]).await?;
            }
        }
        if lost > 0 {
            wrong.push(format!("{lost} emails of the {what} are marked as handled, but are not in the inbox"));
        }
    }
    Ok(wrong)
}
