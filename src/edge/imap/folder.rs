//! Reading a folder.

use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response, ResponseCode, Status};

use super::archive::Archive;
use super::exec::{Running, begin, exec, exec_within, go_on};
use super::names::{folder, uid_set};
use super::{Imap, ImapTrouble, Refusal};
use crate::clock::{HOUR, Millis};

/// A folder as it was selected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Folder {
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// The UID the next email will get; 0 when the server did not say.
    pub uid_next: u32,
    /// Emails in it.
    pub exists: u32,
}

/// An email as the server gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    pub uid: u32,
    /// When the server says that it was received (INTERNALDATE, RFC 9051 section 2.3.3).
    pub delivered_at: Option<Millis>,

    pub bytes: Vec<u8>,
}

/// What came of asking for one email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum One {
    Here(Fetched),
    /// The server does not give it, or gives something else, and why.
    Refused(String),
    /// The server says that all is well and leaves it out: it has gone, or the server has lost it.
    LeftOut,
}

/// Which emails a search finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    /// Those nobody has read, and those that came on the day of this instant or later (0: none).
    Unread {
        /// The instant.
        or_since: Option<Millis>,
    },
}

/// The day before an instant's, as IMAP writes it: the server's zone is not known.
fn imap_day(at: Millis) -> String {
    let at = jiff::Timestamp::from_millisecond(at - 24 * HOUR).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%-d-%b-%Y").to_string()
}

const WHOLE: &str = "BODY.PEEK[] INTERNALDATE";

/// Slowest line that is worth waiting for, in bytes a second: it sets the limit of a fetch.
const SLOWEST: u64 = 20_000;

impl Imap {
    /// Opens the configured folder for reading and marking.
    pub async fn select(&mut self) -> Result<Folder, ImapTrouble> {
        let name = self.config.folder.clone();
        self.select_named(&name).await
    }

    /// Opens the archive folder instead; false where there is none.
    pub(crate) async fn select_archive(&mut self) -> Result<bool, ImapTrouble> {
        self.ensure_archive().await?;
        let Archive::Here(name) = self.archive.clone() else { return Ok(false) };
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
    pub async fn search(&mut self, first: u32, last: u32, which: Which) -> Result<Vec<u32>, ImapTrouble> {
        let end = if last == 0 { "*".to_owned() } else { last.to_string() };
        let words = match which {
            Which::All => String::new(),
            Which::Unread { or_since: None } => " UNSEEN".to_owned(),
            Which::Unread { or_since: Some(or_since) } => format!(" OR UNSEEN SINCE {}", imap_day(or_since)),
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
        // `7:*` means the last email even when its UID is below 7.
        uids.retain(|uid| *uid >= first);
        uids.sort_unstable();
        uids.dedup();
        Ok(uids)
    }

    /// Sizes of emails in bytes, in the order of their UIDs. One that has gone meanwhile is missing.
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

    /// Whole emails, asked for together with their sizes as [`Imap::sizes`] gave them. Nothing is marked as read. One that
    /// the server leaves out, or whose bytes are not as many as were announced, is missing.
    pub async fn fetch(&mut self, emails: &[(u32, u64)]) -> Result<Vec<Fetched>, ImapTrouble> {
        let mut flow = self.begin_fetch(emails).await?;
        let mut found = self.next_fetched(&mut flow, emails.len()).await?;
        self.end_fetch(flow).await?;
        found.sort_by_key(|mail| mail.uid);
        found.dedup_by_key(|mail| mail.uid);
        Ok(found)
    }

    /// Asks for whole emails that are then taken as they come, so that a long way costs one round trip for all of them, and they lie in
    /// memory a few at a time. Until [`Imap::end_fetch`] nothing else may be asked for.
    pub(crate) async fn begin_fetch(&mut self, emails: &[(u32, u64)]) -> Result<Flow, ImapTrouble> {
        let (uids, sizes): (Vec<u32>, Vec<u64>) = emails.iter().copied().unzip();
        let command = format!("UID FETCH {} (UID {WHOLE})", uid_set(&uids));
        let bound = self.config.sizes.bound(&sizes);
        let running = begin(&mut self.line, &command, self.config.limit, bound).await?;
        Ok(Flow { running, emails: emails.to_vec(), taken: 0, done: false })
    }

    /// The next emails, in the order in which they come: fewer where the answer ends before, and without those that are not as they were
    /// announced.
    pub(crate) async fn next_fetched(&mut self, flow: &mut Flow, count: usize) -> Result<Vec<Fetched>, ImapTrouble> {
        let mut found: Vec<Fetched> = Vec::with_capacity(count);
        if flow.done || count == 0 {
            return Ok(found);
        }
        let left = flow.emails.get(flow.taken..).unwrap_or_default();
        let limit = self.limit_for(left.iter().take(count).map(|(_, size)| size).sum());
        let sizes = self.config.sizes;
        let size_of = |uid| left.iter().find(|(known, _)| *known == uid).map(|(_, size)| *size);
        let each = |answer: &Response<'_>| {
            if let Some(Answer { uid, delivered_at, bytes: Some(bytes) }) = Answer::of(answer)
                && size_of(uid).is_some_and(|size| sizes.fit(size, bytes.len()))
            {
                found.push(Fetched { uid, delivered_at, bytes });
            }
            found.len() == count
        };
        flow.done = go_on(&mut self.line, &flow.running, limit, each).await?;
        flow.taken += found.len();
        Ok(found)
    }

    /// Reads what is left of an answer, and forgets it.
    pub(crate) async fn end_fetch(&mut self, flow: Flow) -> Result<(), ImapTrouble> {
        if !flow.done {
            let left = flow.emails.iter().skip(flow.taken).map(|(_, size)| size).sum();
            let limit = self.limit_for(left);
            go_on(&mut self.line, &flow.running, limit, |_| false).await?;
        }
        Ok(())
    }

    fn limit_for(&self, bytes: u64) -> Duration {
        self.config.limit + Duration::from_secs(bytes / SLOWEST)
    }

    /// One email asked for alone, so that what is wrong with it shows.
    ///
    /// # Errors
    /// [`ImapTrouble`], except a refusal that is about this email.
    pub async fn fetch_one(&mut self, uid: u32, size: u64) -> Result<One, ImapTrouble> {
        self.fetch_section(uid, size, WHOLE).await
    }

    /// The header block alone, of an email too large to fetch.
    ///
    /// # Errors
    /// As [`Imap::fetch_one`].
    pub(crate) async fn fetch_header(&mut self, uid: u32) -> Result<One, ImapTrouble> {
        self.fetch_section(uid, 0, "BODY.PEEK[HEADER]").await
    }

    async fn fetch_section(&mut self, uid: u32, size: u64, section: &str) -> Result<One, ImapTrouble> {
        let answers = match self.sections(uid, size, section).await {
            Ok(answers) => answers,
            Err(ImapTrouble::Refused { text, why: Refusal::Other, .. }) => return Ok(One::Refused(text)),
            Err(other) => return Err(other),
        };
        let other = answers.iter().find(|a| a.uid != uid).map(|a| a.uid);
        Ok(match answers.into_iter().find(|answer| answer.uid == uid) {
            Some(Answer { bytes: Some(bytes), delivered_at, .. })
                if size == 0 || self.config.sizes.fit(size, bytes.len()) =>
            {
                One::Here(Fetched { uid, delivered_at, bytes })
            }
            Some(Answer { bytes: Some(bytes), .. }) => {
                One::Refused(format!("it announces {size} bytes and sends {}", bytes.len()))
            }
            Some(Answer { bytes: None, .. }) => One::Refused("it sends no content (NIL)".to_owned()),
            None => match other {
                Some(other) => One::Refused(format!("it answers about UID {other} instead")),
                None => One::LeftOut,
            },
        })
    }

    async fn sections(&mut self, uid: u32, size: u64, section: &str) -> Result<Vec<Answer>, ImapTrouble> {
        let command = format!("UID FETCH {uid} (UID {section})");
        let (limit, bound) = (self.limit_for(size), self.config.sizes.bound(&[size]));
        let mut answers: Vec<Answer> = Vec::new();
        exec_within(&mut self.line, &command, limit, bound, |answer| answers.extend(Answer::of(answer))).await?;
        Ok(answers)
    }
}

/// Emails on their way.
#[derive(Debug)]
pub(crate) struct Flow {
    running: Running,
    /// UIDs and sizes, in their order.
    emails: Vec<(u32, u64)>,
    /// How many of them have come.
    taken: usize,
    /// Whether the server has said that these were all.
    done: bool,
}

impl Flow {
    /// How many are still to come.
    pub(crate) fn left(&self) -> usize {
        self.emails.len() - self.taken
    }
}

/// What the server said of one email; no bytes for NIL.
struct Answer {
    uid: u32,
    delivered_at: Option<Millis>,
    bytes: Option<Vec<u8>>,
}

impl Answer {
    /// A change of flags, by somebody else, comes without a section and is none.
    fn of(answer: &Response<'_>) -> Option<Self> {
        let Response::Fetch(_, values) = answer else { return None };
        let bytes = values.iter().find_map(|v| match v {
            AttributeValue::BodySection { data, .. } => Some(data.as_deref().map(<[u8]>::to_vec)),
            _ => None,
        })?;
        let delivered_at = values.iter().find_map(|v| match v {
            AttributeValue::InternalDate(date) => internal_date(date),
            _ => None,
        });
        Some(Self { uid: uid_of(values)?, delivered_at, bytes })
    }
}

/// Reads an INTERNALDATE, `date-time` of RFC 9051 section 9; none where it is not one.
fn internal_date(text: &str) -> Option<Millis> {
    let at = jiff::Zoned::strptime("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?;
    Some(at.timestamp().as_millisecond())
}

fn uid_of(values: &[AttributeValue<'_>]) -> Option<u32> {
    values.iter().find_map(|v| if let AttributeValue::Uid(uid) = v { Some(*uid) } else { None })
}

#[cfg(test)]
mod tests {
    use super::internal_date;

    #[test]
    fn internal_dates_are_read_as_servers_write_them() {
        assert_eq!(internal_date("17-Jul-1996 02:44:25 -0700"), Some(837_596_665_000));
        assert_eq!(internal_date(" 7-Jul-1996 02:44:25 +0000"), Some(836_707_465_000));
        for wrong in ["", "yesterday", "31-Feb-2026 00:00:00 +0000", "17-Jul-1996", "17-Jul-99999 02:44:25 -0700"] {
            assert_eq!(internal_date(wrong), None, "{wrong}");
        }
    }
}
