//! Fetching: from an IMAP mailbox into the inbox. A Maildir's way is [`super::collect_maildir`].
//!
//! Bytes are committed to the inbox before the server's copy is touched (invariant 1): batches are
//! kept without waiting for the disk, and one commit that does wait stands before any copy is
//! archived or marked. A backlog is fetched several emails a command and kept several a commit; a
//! single email never waits for others.
//!
//! An email that the server does not give out stops nothing behind it and is never given up (invariant 2): it is asked for
//! again in later sessions, ever more rarely. After [`SEVERAL`] refusals a held row stands in its place, and the
//! operator is notified. A server that is merely busy has refused nothing.

use std::collections::BTreeSet;

use crate::clock::{HOUR, Millis, SECOND};
use crate::edge::imap::{Fetched, Flow, Folder, Imap, ImapTrouble, One, Refusal, Settled, Which};
use crate::mail::Unreadable;
use crate::settings::Settings;
use crate::store::{Arrival, Cursor, Durability, NEVER, Place, Step, Unfetched};
use crate::ticket::HoldCause;
use crate::trouble::Trouble;

use super::presence::of_mailbox;
use super::{App, failpoint};

/// Server copies archived by one command and noted by one commit.
const SETTLE_AT_ONCE: usize = 500;
/// Emails whose sizes are asked for by one command.
const SIZES_AT_ONCE: usize = 1_000;
/// Bytes that one command asks for. They come into memory a group at a time.
const RUN: u64 = 64 * 1024 * 1024;
/// Server copies of earlier lives that one round takes up.
const LEFTOVERS: i64 = 100_000;
/// Sessions in which an email is refused before it is set aside.
pub(crate) const SEVERAL: i64 = 3;
/// How often fetching a group may end the session before each email of it is asked for alone.
const LOST: i64 = 2;
/// Refused emails that one session asks for again.
const AGAIN: i64 = 50;
/// How long a refused email rests: twice as long each time.
const REST: Millis = 5 * SECOND;
const LONGEST_REST: Millis = 6 * HOUR;

/// When a refused email is due again.
fn rest(refusals: i64) -> Millis {
    let doublings = u32::try_from((refusals - 1).clamp(0, 30)).unwrap_or(30);
    REST.saturating_mul(1 << doublings).min(LONGEST_REST)
}

/// What a look into a folder brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Emails that came.
    pub count: usize,
    /// Whether the session is over: an email that was refused before ended it once more.
    pub over: bool,
}

/// Fetches everything new from a selected folder and archives it; then, in the same way, what was refused before and is
/// due until `again`.
///
/// # Errors
/// [`Trouble::Imap`] or [`Trouble::Store`]; the session must then be thrown away.
pub async fn drain(
    app: &App,
    mailbox: &str,
    imap: &mut Imap,
    folder: Folder,
    again: Millis,
) -> Result<Drained, Trouble> {
    let (settings, begun) = (app.settings.load_full(), app.clock.now());
    let mut fetch = Fetch {
        app,
        settings: &settings,
        mailbox,
        imap,
        flow: None,
        cursor: place(app, mailbox, folder).await?,
        lost: app.store.lost_group(mailbox).await?,
        done: BTreeSet::new(),
        refused: BTreeSet::new(),
    };
    let waiting = fetch.search().await?;
    let mut count = 0;
    for uids in waiting.chunks(SIZES_AT_ONCE) {
        let groups = fetch.groups(uids).await?;
        for at in 0..groups.len() {
            count += fetch.batch(&groups[at..]).await?;
            if app.is_stopping() {
                // What is left of the answer ends with the session; the next takes up what is kept and not archived.
                return Ok(Drained { count, over: true });
            }
        }
    }
    fetch.settle(begun).await?;
    match fetch.again(again).await {
        Ok(0) => Ok(Drained { count, over: false }),
        Ok(more) => {
            fetch.settle(begun).await?;
            Ok(Drained { count: count + more, over: false })
        }
        // Known to end sessions: all else was read.
        Err(trouble) if is_lost(&trouble) => Ok(Drained { count, over: true }),
        Err(trouble) => Err(trouble),
    }
}

/// Where to go on. At the first contact, emails that people have read already are left alone. After
/// a change of UIDVALIDITY everything is read again that came since the first contact, or is
/// unread; what is known is recognised by its content.
async fn place(app: &App, mailbox: &str, folder: Folder) -> Result<Cursor, Trouble> {
    let baseline = folder.uid_next.saturating_sub(1);
    let start = Cursor { uid_validity: folder.uid_validity, baseline, ..Cursor::default() };
    let cursor = match app.store.cursor(mailbox).await? {
        Some(cursor) if cursor.uid_validity == folder.uid_validity => return Ok(cursor),
        Some(old) => {
            tracing::warn!(mailbox, "UIDVALIDITY changed; the folder is read again");
            Cursor { first_at: old.first_at, since: Some(old.first_at), ..start }
        }
        None => Cursor { first_at: app.clock.now(), ..start },
    };
    // Kept before anything is fetched: a second start must not take read emails for new ones.
    let mut tx = app.store.begin_under(&of_mailbox(mailbox), Durability::Full).await?;
    tx.set_cursor(mailbox, cursor).await?;
    tx.forget_unfetched(mailbox, cursor.uid_validity, app.clock.now()).await?;
    tx.commit().await?;
    Ok(cursor)
}

/// Emails that one command asks for.
#[derive(Debug)]
struct Group {
    uids: Vec<u32>,
    /// Their sizes, where the server has told them.
    sizes: Option<Vec<(u32, u64)>>,
}

/// What is kept of emails besides their bytes.
#[derive(Debug, Default)]
struct Keeping<'k> {
    /// They are held at once: the size of the whole email, and why.
    held: Option<(u64, String)>,
    /// The email was refused before.
    known: Option<&'k Unfetched>,
    /// It is asked for again, as it is now, at this time.
    again: Option<(Unfetched, Millis)>,
}

struct Fetch<'a> {
    app: &'a App,
    settings: &'a Settings,
    mailbox: &'a str,
    imap: &'a mut Imap,
    /// The answer that the next groups come from.
    flow: Option<Flow>,
    cursor: Cursor,
    /// The first UID of the group whose fetching ended the last sessions, and how many it ended.
    lost: Option<(u32, i64)>,
    /// UIDs whose bytes came into the inbox in this round.
    done: BTreeSet<u32>,
    /// UIDs that were refused in this round: one session counts once.
    refused: BTreeSet<u32>,
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

    /// What is fetched by one command each: as many emails and bytes as are kept by one commit.
    async fn groups(&mut self, uids: &[u32]) -> Result<Vec<Group>, Trouble> {
        let all = || uids.chunks(self.settings.batch.emails).map(|uids| Group { uids: uids.to_vec(), sizes: None });
        // Asking for the sizes together may be what ended the session.
        if self.lost.is_some() {
            return Ok(all().collect());
        }
        let sizes = match self.imap.sizes(uids).await {
            Ok(sizes) => sizes,
            // One of them has no size that the server could tell.
            Err(ImapTrouble::Refused { why: Refusal::Other | Refusal::NoFolder, .. }) => return Ok(all().collect()),
            Err(source) => {
                let trouble = self.imap_trouble(source);
                return Err(self.noted_lost(uids, trouble).await?);
            }
        };
        let of =
            |sizes: Vec<(u32, u64)>| Group { uids: sizes.iter().map(|(uid, _)| *uid).collect(), sizes: Some(sizes) };
        Ok(self.cut(sizes).into_iter().map(of).collect())
    }

    /// As many emails together as are kept by one commit; one that is too large stands alone.
    fn cut(&self, sizes: Vec<(u32, u64)>) -> Vec<Vec<(u32, u64)>> {
        let (most, bound) = (self.most(), self.settings.batch.bytes);
        let (mut cut, mut bytes): (Vec<Vec<(u32, u64)>>, u64) = (Vec::new(), 0);
        for email in sizes {
            let fits = |group: &&mut Vec<(u32, u64)>| {
                let is_alone = email.1 > most || group.last().is_some_and(|last| last.1 > most);
                !is_alone && group.len() < self.settings.batch.emails && bytes + email.1 <= bound
            };
            match cut.last_mut().filter(fits) {
                Some(group) => {
                    group.push(email);
                    bytes += email.1;
                }
                None => {
                    cut.push(vec![email]);
                    bytes = email.1;
                }
            }
        }
        cut
    }

    /// Fetches and keeps one group. Where that has ended the session twice, each email is asked for alone: whichever ends it
    /// shows then, and is passed over.
    async fn batch(&mut self, groups: &[Group]) -> Result<usize, Trouble> {
        let Some((group, ahead)) = groups.split_first() else { return Ok(0) };
        let Some(first) = group.uids.first() else { return Ok(0) };
        let fragile = self.lost.is_some_and(|(uid, times)| uid == *first && times >= LOST);
        let fetched = match &group.sizes {
            Some(sizes) if !fragile => self.group(sizes, ahead).await,
            None if !fragile => self.with_sizes(&group.uids).await,
            _ => self.one_by_one(&group.uids).await,
        };
        match fetched {
            Err(trouble) if is_lost(&trouble) && !fragile => return Err(self.noted_lost(&group.uids, trouble).await?),
            Err(trouble) => return Err(trouble),
            Ok(_) if self.lost.is_some() => self.set_lost(None).await?,
            Ok(_) => {}
        }
        // Emails that vanished between search and fetch need no second look.
        self.cursor.last_uid = self.cursor.last_uid.max(group.uids.last().copied().unwrap_or(0));
        fetched
    }

    /// Notes, where the session was lost, at which email that happened.
    async fn noted_lost(&mut self, uids: &[u32], trouble: Trouble) -> Result<Trouble, Trouble> {
        if is_lost(&trouble) {
            let first = uids.first().copied().unwrap_or_default();
            let next = uids.iter().copied().find(|uid| *uid > self.cursor.last_uid).unwrap_or(first);
            let times = self.lost.filter(|(uid, _)| *uid == next).map_or(1, |(_, times)| times + 1);
            self.set_lost(Some((next, times))).await?;
        }
        Ok(trouble)
    }

    async fn set_lost(&mut self, lost: Option<(u32, i64)>) -> Result<(), Trouble> {
        self.lost = lost;
        let mut tx = self.app.store.begin_under(&of_mailbox(self.mailbox), Durability::Relaxed).await?;
        tx.set_lost_group(self.mailbox, lost).await?;
        Ok(tx.commit().await?)
    }

    /// Several a command, whose sizes are not known yet.
    async fn with_sizes(&mut self, uids: &[u32]) -> Result<usize, Trouble> {
        let sizes = match self.imap.sizes(uids).await {
            Ok(sizes) => sizes,
            // One of them has no size that the server could tell.
            Err(ImapTrouble::Refused { why: Refusal::Other | Refusal::NoFolder, .. }) => {
                return self.one_by_one(uids).await;
            }
            Err(source) => return Err(self.imap_trouble(source)),
        };
        let count = sizes.len();
        for group in self.cut(sizes) {
            self.group(&group, &[]).await?;
        }
        Ok(count)
    }

    /// Several a command. One that is too large is left where it is.
    async fn group(&mut self, emails: &[(u32, u64)], ahead: &[Group]) -> Result<usize, Trouble> {
        match emails {
            [(uid, size)] if *size > self.most() => self.keep_header(*uid, *size, None).await?,
            _ => self.keep_group(emails, ahead).await?,
        }
        Ok(emails.len())
    }

    /// Takes a group out of an answer that may bring many: what comes `ahead` is asked for by the same command.
    async fn keep_group(&mut self, emails: &[(u32, u64)], ahead: &[Group]) -> Result<(), Trouble> {
        let mut flow = match self.flow.take() {
            Some(flow) => flow,
            None => {
                let run = self.run(emails, ahead);
                self.imap.begin_fetch(&run).await.map_err(|e| self.imap_trouble(e))?
            }
        };
        let refused = match self.imap.next_fetched(&mut flow, emails.len()).await {
            Ok(fetched) if fetched.iter().map(|one| one.uid).eq(emails.iter().map(|(uid, _)| *uid)) => {
                if flow.left() > 0 {
                    self.flow = Some(flow);
                } else {
                    self.refusal(flow).await?;
                }
                return self.keep(&fetched, Keeping::default()).await;
            }
            Ok(_) => self.refusal(flow).await?,
            Err(ImapTrouble::Refused { why: Refusal::Other | Refusal::NoFolder, text, .. }) => Some(text),
            Err(source) => return Err(self.imap_trouble(source)),
        };
        tracing::debug!(
            mailbox = self.mailbox,
            ?refused,
            "a group did not come whole; each email of it is asked for alone"
        );
        // One of them cannot be had. Which one shows when each is asked for alone, in their
        // order, so that the place never moves beyond an email that is still to come.
        for (uid, size) in emails {
            self.single(*uid, Some(*size), None).await?;
        }
        Ok(())
    }

    /// Ends an answer; gives what the server refused at its end, if it did.
    async fn refusal(&mut self, flow: Flow) -> Result<Option<String>, Trouble> {
        match self.imap.end_fetch(flow).await {
            Ok(()) => Ok(None),
            Err(ImapTrouble::Refused { why: Refusal::Other | Refusal::NoFolder, text, .. }) => Ok(Some(text)),
            Err(source) => Err(self.imap_trouble(source)),
        }
    }

    /// These emails and those of the groups behind them that the same command may bring.
    fn run(&self, emails: &[(u32, u64)], ahead: &[Group]) -> Vec<(u32, u64)> {
        let mut run = emails.to_vec();
        let mut bytes: u64 = emails.iter().map(|(_, size)| size).sum();
        for sizes in ahead.iter().map_while(|group| group.sizes.as_deref()) {
            bytes += sizes.iter().map(|(_, size)| size).sum::<u64>();
            if bytes > RUN || sizes.iter().any(|(_, size)| *size > self.most()) {
                break;
            }
            run.extend_from_slice(sizes);
        }
        run
    }

    fn most(&self) -> u64 {
        self.settings.policy.limits.email_bytes as u64
    }

    async fn one_by_one(&mut self, uids: &[u32]) -> Result<usize, Trouble> {
        let mut count = 0;
        for uid in uids.iter().filter(|uid| **uid > self.cursor.last_uid).copied().collect::<Vec<_>>() {
            count += usize::from(self.single(uid, None, None).await?);
        }
        Ok(count)
    }

    /// What was refused before and is due. After everything else, so that it never stands before what can be had.
    async fn again(&mut self, until: Millis) -> Result<usize, Trouble> {
        let validity = self.cursor.uid_validity;
        let due = self.app.store.unfetched_due(self.mailbox, validity, until, AGAIN).await?;
        let mut count = 0;
        for known in due.into_iter().filter(|known| !self.refused.contains(&known.uid)).collect::<Vec<_>>() {
            count += usize::from(self.single(known.uid, None, Some(&known)).await?);
        }
        Ok(count)
    }

    /// An email asked for alone; true when it came. Whatever happens, the place moves on, and what did not come is asked for again.
    async fn single(&mut self, uid: u32, size: Option<u64>, known: Option<&Unfetched>) -> Result<bool, Trouble> {
        match self.ask(uid, size).await {
            Ok(Asked::Here(email)) => {
                self.keep(&[email], Keeping { known, ..Keeping::default() }).await?;
                Ok(true)
            }
            Ok(Asked::TooLarge(size)) => self.keep_header(uid, size, known).await.map(|()| false),
            Ok(Asked::Refused(size, why)) => self.refused(uid, size, &why, known).await.map(|()| false),
            Ok(Asked::Gone) => self.gone(uid, known).await.map(|()| false),
            Err(source) if source.is_lost() => {
                self.refused(uid, 0, &format!("asking for it ends the session: {source}"), known).await?;
                Err(self.imap_trouble(source))
            }
            Err(source) => Err(self.imap_trouble(source)),
        }
    }

    async fn ask(&mut self, uid: u32, size: Option<u64>) -> Result<Asked, ImapTrouble> {
        let size = match size {
            Some(size) => size,
            None => match self.imap.sizes(&[uid]).await {
                Ok(sizes) => match sizes.first() {
                    Some((_, size)) => *size,
                    None => return Ok(Asked::Gone),
                },
                Err(ImapTrouble::Refused { text, why: Refusal::Other | Refusal::NoFolder, .. }) => {
                    return Ok(Asked::Refused(0, text));
                }
                Err(other) => return Err(other),
            },
        };
        if size > self.most() {
            return Ok(Asked::TooLarge(size));
        }
        Ok(match self.imap.fetch_one(uid, size).await? {
            One::Here(email) => Asked::Here(email),
            One::Refused(why) => Asked::Refused(size, why),
            // Removed by somebody in this very moment, or lost by the server.
            One::LeftOut if self.imap.sizes(&[uid]).await?.is_empty() => Asked::Gone,
            One::LeftOut => Asked::Refused(size, "it leaves the email out of its answer".to_owned()),
        })
    }

    /// Notes a refusal; the last of several sets the email aside, visibly.
    async fn refused(&mut self, uid: u32, size: u64, why: &str, known: Option<&Unfetched>) -> Result<(), Trouble> {
        let now = self.app.clock.now();
        let before = match known {
            Some(known) => Some(known.clone()),
            // A kill between two rounds may have left it behind the place.
            None => self.app.store.unfetched(self.mailbox, self.cursor.uid_validity, uid).await?,
        };
        self.refused.insert(uid);
        let why: String = crate::mail::one_line(why).chars().take(200).collect();
        let mut email =
            before.unwrap_or(Unfetched { uid, size, refusals: 0, since: now, reason: why.clone(), held: None });
        email.refusals += 1;
        let count = email.refusals;
        email.reason = format!(
            "the server does not give out this email, in {count} sessions: {why}; it lies in its folder under UID {uid}, and is asked for again"
        );
        tracing::warn!(mailbox = self.mailbox, uid, refusals = count, "an email is refused by the server");
        let due = now + rest(count);
        if email.held.is_some() || count < SEVERAL {
            self.cursor.last_uid = self.cursor.last_uid.max(uid);
            let mut tx = self.app.store.begin_under(&of_mailbox(self.mailbox), Durability::Relaxed).await?;
            tx.set_unfetched(self.mailbox, self.cursor.uid_validity, &email, due).await?;
            tx.set_cursor(self.mailbox, self.cursor).await?;
            return Ok(tx.commit().await?);
        }
        // The place in the folder stands in for the content, which nobody knows.
        let name = format!("{} {uid}", self.cursor.uid_validity).into_bytes();
        let held = Some((size.max(name.len() as u64 + 1), email.reason.clone()));
        let keeping = Keeping { held, again: Some((email, due)), known: None };
        self.keep(&[Fetched { uid, bytes: name, ..Fetched::default() }], keeping).await.map(|_| ())
    }

    /// It was removed from the folder by somebody.
    async fn gone(&mut self, uid: u32, known: Option<&Unfetched>) -> Result<(), Trouble> {
        self.cursor.last_uid = self.cursor.last_uid.max(uid);
        let Some(known) = known else { return Ok(()) };
        let (now, validity) = (self.app.clock.now(), self.cursor.uid_validity);
        let mut tx = self.app.store.begin_under(&of_mailbox(self.mailbox), Durability::Relaxed).await?;
        tx.end_unfetched(self.mailbox, validity, known, "it is not in its folder any more", now).await?;
        Ok(tx.commit().await?)
    }

    /// An email too large to fetch: its header is kept, the email itself stays where it is.
    async fn keep_header(&mut self, uid: u32, size: u64, known: Option<&Unfetched>) -> Result<(), Trouble> {
        let header = match self.imap.fetch_header(uid).await.map_err(|e| self.imap_trouble(e))? {
            One::Here(header) => header,
            One::Refused(why) => return self.refused(uid, size, &why, known).await,
            One::LeftOut => return self.refused(uid, size, "it leaves the header out of its answer", known).await,
        };
        let limit = self.settings.policy.limits.email_bytes;
        let why = Unreadable::TooLarge { size: usize::try_from(size).unwrap_or(usize::MAX), limit };
        let reason = format!("{why}; it lies in its folder under UID {uid}");
        let now = self.app.clock.now();
        let email = Unfetched { uid, size, refusals: 0, since: now, reason: reason.clone(), held: None };
        // Once there is more room for it, a person says so.
        let keeping = Keeping { held: Some((size, reason)), known, again: Some((email, NEVER)) };
        self.keep(&[header], keeping).await.map(|_| ())
    }

    /// One commit: the emails, and the place reached. A power cut loses both or neither.
    async fn keep(&mut self, emails: &[Fetched], keeping: Keeping<'_>) -> Result<(), Trouble> {
        let Some(last) = emails.last() else { return Ok(()) };
        failpoint("fetched");
        let now = self.app.clock.now();
        let (validity, Keeping { held, known, again }) = (self.cursor.uid_validity, keeping);
        self.cursor.last_uid = self.cursor.last_uid.max(last.uid);
        let mut tx = self.app.store.begin_under(&of_mailbox(self.mailbox), Durability::Relaxed).await?;
        let cause = match &again {
            Some((email, _)) if email.refusals > 0 => HoldCause::Unfetched,
            _ => HoldCause::Unreadable,
        };
        let arrivals = emails.iter().map(|mail| Arrival {
            mailbox: self.mailbox,
            place: Some(Place { uid_validity: validity, uid: mail.uid }),
            bytes: &mail.bytes,
            size: held.as_ref().map_or(mail.bytes.len() as u64, |(size, _)| *size),
            delivered_at: mail.delivered_at,
            hold: held.as_ref().map(|(_, reason)| (cause, reason.clone())),
        });
        let ids = tx.journal(&arrivals.collect::<Vec<_>>(), now).await?;
        let id = ids.first().copied();
        if let (Some(known), Some(id)) = (known.filter(|known| known.held != id), id) {
            tx.end_unfetched(self.mailbox, validity, known, &format!("it was fetched: it is mail {id}"), now).await?;
        }
        if let Some((email, due)) = again {
            tx.set_unfetched(self.mailbox, validity, &Unfetched { held: id, ..email }, due).await?;
        }
        tx.set_cursor(self.mailbox, self.cursor).await?;
        tx.commit().await?;
        failpoint("journalled");
        if held.is_none() {
            self.done.extend(emails.iter().map(|m| m.uid));
        }
        self.app.inbox_wake_up.notify_one();
        Ok(())
    }

    /// Archives every server copy whose bytes are in the inbox, those of earlier lives included.
    /// The mailbox counts as read, from `begun` on, whether they can be moved or not: emails are read and answered all the same.
    async fn settle(&mut self, begun: Millis) -> Result<(), Trouble> {
        let validity = self.cursor.uid_validity;
        let mut uids = std::mem::take(&mut self.done);
        uids.extend(self.app.store.unsettled(self.mailbox, validity, false, LEFTOVERS).await?);
        let uids: Vec<u32> = uids.into_iter().collect();
        self.cursor.polled_at = self.app.clock.now();
        // Commits are kept in their order: once this one is on the disk, so are the batches before it.
        let durability = if uids.is_empty() { Durability::Relaxed } else { Durability::Full };
        let mut tx = self.app.store.begin_under(&of_mailbox(self.mailbox), durability).await?;
        tx.set_cursor(self.mailbox, self.cursor).await?;
        tx.commit().await?;
        failpoint("flushed");
        self.app.note_polled(self.mailbox, begun);
        let mut why = self.put_away(&uids, false).await?;
        if why.is_none() && self.imap.barred().is_none() {
            // What the archive did not take in an earlier session.
            let marked = self.app.store.unsettled(self.mailbox, validity, true, LEFTOVERS).await?;
            why = self.put_away(&marked, true).await?;
        }
        self.app.note_archive(self.mailbox, why.as_deref().or(self.imap.barred()).unwrap_or_default()).await?;
        Ok(())
    }

    /// Gives why they stay where they are, if they do.
    async fn put_away(&mut self, uids: &[u32], marked: bool) -> Result<Option<String>, Trouble> {
        let validity = self.cursor.uid_validity;
        for chunk in uids.chunks(SETTLE_AT_ONCE) {
            let settled = match self.imap.settle(chunk, marked).await {
                Ok(settled) => settled,
                Err(source @ (ImapTrouble::Refused { .. } | ImapTrouble::Unsupported(_))) => {
                    let trouble = self.imap_trouble(source);
                    self.app.meter.mailbox_failed(self.mailbox, &trouble);
                    tracing::warn!(mailbox = self.mailbox, error = %trouble, "handled emails stay where they are");
                    return Ok(Some(format!("not even marked: {trouble}")));
                }
                Err(source) => return Err(self.imap_trouble(source)),
            };
            failpoint("moved");
            let step = match &settled {
                Settled::Done if marked => Step::ArchiveMarked,
                Settled::Done => Step::Archive,
                Settled::Marked(_) => Step::Mark,
            };
            if step != Step::Mark || !marked {
                let mut tx = self.app.store.begin(Durability::Relaxed).await?;
                tx.settle(self.mailbox, validity, chunk, step).await?;
                tx.commit().await?;
            }
            failpoint("settled");
            if let Settled::Marked(why) = settled
                && (marked || chunk.last() == uids.last())
            {
                tracing::warn!(mailbox = self.mailbox, error = %why, "handled emails stay where they are, marked as read");
                return Ok(Some(why));
            }
        }
        Ok(None)
    }
}

/// What came of asking for one email alone.
enum Asked {
    Here(Fetched),
    /// Its size.
    TooLarge(u64),
    /// Its size as far as it is known, and what the server says.
    Refused(u64, String),
    Gone,
}

fn is_lost(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Imap { source, .. } if source.is_lost())
}
