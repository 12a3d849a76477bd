//! Settling what was read: MOVE (RFC 6851), or COPY and UID EXPUNGE (RFC 4315), or a flag.

use std::time::Duration;

use async_imap::imap_proto::{MailboxDatum, Response};

use super::exec::exec;
use super::names::{folder, uid_set};
use super::{Imap, ImapTrouble};

/// The longest set of UIDs that is moved by one command.
pub(super) const AT_ONCE: usize = 500;

/// Makes sure the archive folder exists, and learns its name on this server.
pub(super) async fn ensure(imap: &mut Imap) -> Result<(), ImapTrouble> {
    let name = imap.config.archive.clone();
    if name.is_empty() || imap.archive.is_some() {
        return Ok(());
    }
    let delimiter = delimiter(imap).await?;
    // Some servers keep personal folders below INBOX.
    let below = format!("INBOX{delimiter}{name}");
    for candidate in [&name, &below] {
        if exists(imap, candidate).await? {
            imap.archive = Some(candidate.clone());
            return Ok(());
        }
    }
    let mut last = None;
    for candidate in [name, below] {
        let limit = imap.config.limit;
        match exec(&mut imap.line, &format!("CREATE {}", folder(&candidate)), limit, |_| {}).await {
            Ok(()) => {
                // Clients show subscribed folders only; a server without subscriptions may refuse.
                let _ = exec(&mut imap.line, &format!("SUBSCRIBE {}", folder(&candidate)), limit, |_| {}).await;
                imap.archive = Some(candidate);
                return Ok(());
            }
            Err(error @ ImapTrouble::Refused { .. }) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| ImapTrouble::Unsupported("the archive folder cannot be made".to_owned())))
}

async fn delimiter(imap: &mut Imap) -> Result<String, ImapTrouble> {
    let mut found = None;
    let limit = imap.config.limit;
    exec(&mut imap.line, "LIST \"\" \"\"", limit, |answer| {
        if let Response::MailboxData(MailboxDatum::List(list)) = answer {
            found = list.delimiter.as_deref().map(ToOwned::to_owned);
        }
    })
    .await?;
    Ok(found.unwrap_or_else(|| "/".to_owned()))
}

async fn exists(imap: &mut Imap, name: &str) -> Result<bool, ImapTrouble> {
    let mut found = false;
    let command = format!("LIST \"\" {}", folder(name));
    let limit = imap.config.limit;
    exec(&mut imap.line, &command, limit, |answer| {
        if let Response::MailboxData(MailboxDatum::List(list)) = answer {
            let nowhere = list.name_attributes.iter().any(|a| {
                let word = format!("{a:?}").to_lowercase();
                word.contains("noselect") || word.contains("nonexistent")
            });
            found |= !nowhere;
        }
    })
    .await?;
    Ok(found)
}

impl Imap {
    /// Moves handled mails to the archive, or marks them. `uids` rise.
    ///
    /// # Errors
    /// [`ImapTrouble`]; whatever was done before is done, and doing it again is harmless.
    pub async fn settle(&mut self, uids: &[u32]) -> Result<(), ImapTrouble> {
        ensure(self).await?;
        for chunk in uids.chunks(AT_ONCE) {
            let set = uid_set(chunk);
            match self.archive.clone() {
                None => self.run(&format!("UID STORE {set} +FLAGS.SILENT (\\Seen)")).await?,
                Some(archive) if self.can.r#move => self.run(&format!("UID MOVE {set} {}", folder(&archive))).await?,
                Some(archive) if self.can.uidplus => self.copy_and_expunge(&set, &archive).await?,
                // A plain EXPUNGE would also remove what other people had marked.
                Some(_) => self.run(&format!("UID STORE {set} +FLAGS.SILENT (\\Seen $Guichet)")).await?,
            }
        }
        Ok(())
    }

    async fn copy_and_expunge(&mut self, set: &str, archive: &str) -> Result<(), ImapTrouble> {
        self.run(&format!("UID COPY {set} {}", folder(archive))).await?;
        self.run(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)")).await?;
        self.run(&format!("UID EXPUNGE {set}")).await
    }

    async fn run(&mut self, command: &str) -> Result<(), ImapTrouble> {
        // Moving many mails takes servers long.
        let limit = self.config.limit + Duration::from_secs(60);
        exec(&mut self.line, command, limit, |_| {}).await
    }
}
