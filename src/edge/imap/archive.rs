//! Settling what was read: MOVE (RFC 6851), or COPY and UID EXPUNGE (RFC 4315), or a flag.

use std::time::Duration;

use async_imap::imap_proto::{MailboxDatum, Response};

use super::exec::exec;
use super::names::{folder, uid_set};
use super::{Imap, ImapTrouble, Refusal};

/// The longest set of UIDs that is moved by one command.
pub(super) const AT_ONCE: usize = 500;

/// The archive folder, as far as it is known in this session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Archive {
    /// It has not been looked for yet.
    #[default]
    Unknown,
    /// It is there; its name on this server.
    Here(String),
    /// Nothing can be moved there, and why. It is not tried again in this session.
    Barred(String),
}

/// What became of handled emails on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// They are where they belong.
    Done,
    /// They are marked as read and stay in the folder: the archive folder does not take them, and why.
    Marked(String),
}

/// Makes sure the archive folder exists, and learns its name on this server.
pub(super) async fn ensure(imap: &mut Imap) -> Result<(), ImapTrouble> {
    let name = imap.config.archive.clone();
    if name.is_empty() || imap.archive != Archive::Unknown {
        return Ok(());
    }
    match find_or_create(imap, name).await {
        Ok(archive) => imap.archive = Archive::Here(archive),
        Err(ImapTrouble::Refused { text, .. } | ImapTrouble::Unsupported(text)) => imap.archive = Archive::Barred(text),
        Err(error) => return Err(error),
    }
    Ok(())
}

async fn find_or_create(imap: &mut Imap, name: String) -> Result<String, ImapTrouble> {
    let delimiter = delimiter(imap).await?;
    // Some servers keep personal folders below INBOX.
    let below = format!("INBOX{delimiter}{name}");
    for candidate in [&name, &below] {
        if exists(imap, candidate).await? {
            return Ok(candidate.clone());
        }
    }
    let mut last = ImapTrouble::Unsupported("the folder is gone, and making it once did not help".to_owned());
    if std::mem::replace(&mut imap.created, true) {
        return Err(last);
    }
    for candidate in [name, below] {
        let limit = imap.config.limit;
        match exec(&mut imap.line, &format!("CREATE {}", folder(&candidate)), limit, |_| {}).await {
            Ok(()) => {
                // Clients show subscribed folders only; a server without subscriptions may refuse.
                let _ = exec(&mut imap.line, &format!("SUBSCRIBE {}", folder(&candidate)), limit, |_| {}).await;
                return Ok(candidate);
            }
            Err(error @ ImapTrouble::Refused { .. }) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
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
    /// Moves handled emails to the archive. Where it does not take them they are marked as read instead, unless they were
    /// `marked` before. `uids` rise.
    ///
    /// # Errors
    /// [`ImapTrouble`]; whatever was done before is done, and doing it again is harmless.
    pub async fn settle(&mut self, uids: &[u32], marked: bool) -> Result<Settled, ImapTrouble> {
        ensure(self).await?;
        for chunk in uids.chunks(AT_ONCE) {
            let set = uid_set(chunk);
            match self.archive.clone() {
                Archive::Unknown => self.mark(&set, "\\Seen").await?,
                Archive::Here(archive) => match self.put_away(&set, &archive).await {
                    Ok(()) => {}
                    Err(ImapTrouble::Refused { text, why: Refusal::Other | Refusal::NoFolder, .. }) => {
                        self.archive = Archive::Barred(text);
                    }
                    Err(error) => return Err(error),
                },
                Archive::Barred(_) => {}
            }
            if let Archive::Barred(why) = self.archive.clone() {
                if !marked {
                    self.mark(&set, "\\Seen").await?;
                }
                return Ok(Settled::Marked(why));
            }
        }
        Ok(Settled::Done)
    }

    /// A folder that has vanished meanwhile is made once.
    async fn put_away(&mut self, set: &str, archive: &str) -> Result<(), ImapTrouble> {
        match self.move_to(set, archive).await {
            Err(error @ ImapTrouble::Refused { why: Refusal::NoFolder, .. }) => {
                self.archive = Archive::Unknown;
                ensure(self).await?;
                let Archive::Here(archive) = self.archive.clone() else { return Err(error) };
                self.move_to(set, &archive).await
            }
            other => other,
        }
    }

    async fn move_to(&mut self, set: &str, archive: &str) -> Result<(), ImapTrouble> {
        if self.can.r#move {
            self.run(&format!("UID MOVE {set} {}", folder(archive))).await
        } else if self.can.uidplus {
            self.run(&format!("UID COPY {set} {}", folder(archive))).await?;
            self.mark(set, "\\Deleted").await?;
            self.run(&format!("UID EXPUNGE {set}")).await
        } else {
            // A plain EXPUNGE would also remove what other people had marked.
            self.mark(set, "\\Seen $Guichet").await
        }
    }

    async fn mark(&mut self, set: &str, flags: &str) -> Result<(), ImapTrouble> {
        self.run(&format!("UID STORE {set} +FLAGS.SILENT ({flags})")).await
    }

    async fn run(&mut self, command: &str) -> Result<(), ImapTrouble> {
        // Moving many emails takes servers long.
        let limit = self.config.limit + Duration::from_secs(60);
        exec(&mut self.line, command, limit, |_| {}).await
    }
}
