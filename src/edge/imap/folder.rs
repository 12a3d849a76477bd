//! Reading a folder.

use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response, ResponseCode, Status};

use super::exec::exec;
use super::names::{folder, uid_set};
use super::{Imap, ImapTrouble};
use crate::clock::{HOUR, Millis};

/// A folder as it was selected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Folder {
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// The UID the next mail will get; 0 when the server did not say.
    pub uid_next: u32,
    /// Mails in it.
    pub exists: u32,
}

/// A mail as the server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its UID.
    pub uid: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Which mails a search finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those nobody has read, and those that came on the day of this instant or later (0: none).
    Unread {
        /// The instant.
        or_since: Millis,
    },
}

/// The day before an instant's, as IMAP writes it: the server's zone is not known.
fn imap_day(at: Millis) -> String {
    let at = jiff::Timestamp::from_millisecond(at - 24 * HOUR).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%-d-%b-%Y").to_string()
}

/// Slowest line that is worth waiting for, in bytes a second: it sets the limit of a fetch.
const SLOWEST: u64 = 20_000;

impl Imap {
    /// Opens the configured folder for reading and marking.
    ///
    /// # Errors
    /// [`ImapTrouble`].
    pub async fn select(&mut self) -> Result<Folder, ImapTrouble> {
        let name = self.config.folder.clone();
        self.select_named(&name).await
    }

    /// Opens the archive folder instead; false where there is none.
    ///
    /// # Errors
    /// [`ImapTrouble`].
    pub async fn select_archive(&mut self) -> Result<bool, ImapTrouble> {
        self.ensure_archive().await?;
        let Some(name) = self.archive.clone() else { return Ok(false) };
        self.select_named(&name).await?;
        Ok(true)
    }

    async fn select_named(&mut self, name: &str) -> Result<Folder, ImapTrouble> {
        let command = format!("SELECT {}", folder(name));
        let mut found = Folder::default();
        exec(&mut self.line, &command, self.config.limit, |answer| match answer {
            Response::MailboxData(MailboxDatum::Exists(count)) => found.exists = *count,
            Response::Data { status: Status::Ok, outcome } => match outcome.code {
                Some(ResponseCode::UidValidity(value)) => found.uid_validity = value,
                Some(ResponseCode::UidNext(value)) => found.uid_next = value,
                _ => {}
            },
            _ => {}
        })
        .await?;
        if found.uid_validity == 0 {
            return Err(ImapTrouble::Unsupported("the server gives the folder no UIDVALIDITY".to_owned()));
        }
        Ok(found)
    }

    /// UIDs from `first` to `last` (0: without end), lowest first.
    ///
    /// # Errors
    /// [`ImapTrouble`].
    pub async fn search(&mut self, first: u32, last: u32, which: Which) -> Result<Vec<u32>, ImapTrouble> {
        let end = if last == 0 { "*".to_owned() } else { last.to_string() };
        let words = match which {
            Which::All => String::new(),
            Which::Unread { or_since: 0 } => " UNSEEN".to_owned(),
            Which::Unread { or_since } => format!(" OR UNSEEN SINCE {}", imap_day(or_since)),
        };
        let command = format!("UID SEARCH UID {first}:{end}{words}");
        self.line.news = false;
        let mut uids = Vec::new();
        exec(&mut self.line, &command, self.config.limit, |answer| {
            if let Response::MailboxData(MailboxDatum::Search(found)) = answer {
                uids.extend_from_slice(found);
            }
        })
        .await?;
        // `7:*` means the last mail even when its UID is below 7.
        uids.retain(|uid| *uid >= first);
        uids.sort_unstable();
        uids.dedup();
        Ok(uids)
    }

    /// Sizes of mails in bytes, in the order of their UIDs. One that has gone meanwhile is missing.
    ///
    /// # Errors
    /// [`ImapTrouble`].
    pub async fn sizes(&mut self, uids: &[u32]) -> Result<Vec<(u32, u64)>, ImapTrouble> {
        let command = format!("UID FETCH {} (UID RFC822.SIZE)", uid_set(uids));
        let mut sizes = Vec::with_capacity(uids.len());
        exec(&mut self.line, &command, self.config.limit, |answer| {
            let Response::Fetch(_, values) = answer else { return };
            let size = values
                .iter()
                .find_map(|v| if let AttributeValue::Rfc822Size(size) = v { Some(u64::from(*size)) } else { None });
            if let (Some(uid), Some(size)) = (uid_of(values), size) {
                sizes.push((uid, size));
            }
        })
        .await?;
        sizes.retain(|(uid, _)| uids.contains(uid));
        sizes.sort_unstable();
        Ok(sizes)
    }

    /// Whole mails; `bytes` is their size together, which sets the time limit. Nothing is marked as read.
    ///
    /// # Errors
    /// [`ImapTrouble`].
    pub async fn fetch(&mut self, uids: &[u32], bytes: u64) -> Result<Vec<Fetched>, ImapTrouble> {
        self.fetch_section(uids, "BODY.PEEK[]", bytes).await
    }

    /// Header blocks alone, of mails too large to fetch.
    ///
    /// # Errors
    /// [`ImapTrouble`].
    pub async fn fetch_header(&mut self, uid: u32) -> Result<Vec<Fetched>, ImapTrouble> {
        self.fetch_section(&[uid], "BODY.PEEK[HEADER]", 0).await
    }

    async fn fetch_section(&mut self, uids: &[u32], section: &str, bytes: u64) -> Result<Vec<Fetched>, ImapTrouble> {
        let command = format!("UID FETCH {} (UID {section})", uid_set(uids));
        let limit = self.config.limit + Duration::from_secs(bytes / SLOWEST);
        let mut mails: Vec<Fetched> = Vec::with_capacity(uids.len());
        exec(&mut self.line, &command, limit, |answer| {
            let Response::Fetch(_, values) = answer else { return };
            let body = values.iter().find_map(|v| match v {
                // NIL is no mail: whoever asked sees that it was left out.
                AttributeValue::BodySection { data, .. } => data.as_deref().map(<[u8]>::to_vec),
                _ => None,
            });
            if let (Some(uid), Some(bytes)) = (uid_of(values), body)
                && uids.contains(&uid)
            {
                mails.push(Fetched { uid, bytes });
            }
        })
        .await?;
        mails.sort_by_key(|m| m.uid);
        Ok(mails)
    }
}

fn uid_of(values: &[AttributeValue<'_>]) -> Option<u32> {
    values.iter().find_map(|v| if let AttributeValue::Uid(uid) = v { Some(*uid) } else { None })
}
