//! `erase`: a person's data removed, and the search that proves it.
//!
//! What the person wrote, and every email or notification in which their address stands, loses its bytes and words; where
//! others need to know that there was somebody, a pseudonym stands. Verdicts, numbers and times stay.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use data_encoding::HEXLOWER;

use crate::clock::Millis;
use crate::mail;
use crate::store::{Erasure, Store, StoreError, Word};
use crate::ticket::{InboxId, OutboxId};
use crate::trouble::Trouble;

/// People that one reading looks for.
pub(super) const TOGETHER: usize = 20;

/// What erasing did and found.
#[derive(Debug, Clone, Default)]
pub struct Erased {
    /// What stands in the person's place.
    pub pseudonym: String,
    /// Tickets they took part in.
    pub tickets: usize,
    /// Emails whose bytes are gone.
    pub emails: usize,
    /// Notifications whose bytes are gone.
    pub notifications: usize,
    /// Rows that named them.
    pub rows: usize,
    /// Where the address still stands, and how often: nothing, unless something is wrong.
    pub left: Vec<(String, usize)>,
    /// How many places were searched.
    pub searched: usize,
}

/// Erases a person, and notes it in the `list` that lies outside the copies. `progress` hears how many emails and notifications of all were read.
///
/// # Errors
/// [`Trouble::Usage`] for what is not an address, [`Trouble::Input`] where nobody of that address is known, [`Trouble::Again`] while emails that name them wait for their verdict, or
/// [`Trouble::Store`]; nothing is erased then.
pub async fn run(
    store: &Store,
    list: Option<&Path>,
    address: &str,
    actor: &str,
    now: Millis,
    progress: impl FnMut(i64, i64),
) -> Result<Erased, Trouble> {
    // A word would stand in everybody's emails, and nothing stands everywhere.
    if !mail::looks_like_address(address) {
        return Err(Trouble::Usage(format!("{address:?} is not a valid mail address")));
    }
    let address = mail::key(address);
    let reading = Reading::of(store, std::slice::from_ref(&address), progress).await?;
    one(store, list, &reading, &address, actor, now).await
}

/// Erases one of those who were looked for by a reading.
///
/// # Errors
/// Those of [`run`].
pub(super) async fn one(
    store: &Store,
    list: Option<&Path>,
    reading: &Reading,
    address: &str,
    actor: &str,
    now: Millis,
) -> Result<Erased, Trouble> {
    let (tickets, names) = store.person(address).await?;
    let (mut emails, mut notifications) = store.records_of(address, &tickets).await?;
    let named = reading.named.get(address).cloned().unwrap_or_default();
    let since = Reading::since(store, std::slice::from_ref(&address.to_owned()), reading.until).await?;
    let (since_until, since) = (since.until, since.named.get(address).cloned().unwrap_or_default());
    emails.extend(named.emails.iter().chain(&since.emails));
    notifications.extend(named.notifications.iter().chain(&since.notifications));
    let known = store.search(address).await?.iter().any(|(_, count)| *count > 0);
    if !known && tickets.is_empty() && emails.is_empty() && notifications.is_empty() {
        return Err(Trouble::Input("nobody of this address is known".to_owned()));
    }
    let (held, waiting) = store.of_others(address).await?;
    emails.retain(|id| !held.contains(id));
    notifications.retain(|id| !waiting.contains(id));
    if store.undecided_among(&emails).await? > 0 {
        let text =
            "emails that name this person wait for their verdict; erase again when `guichet run` has decided them";
        return Err(Trouble::Again(text.to_owned()));
    }
    if let Some(list) = list {
        let (list, address) = (list.to_owned(), address.to_owned());
        let noted = super::aside::files(move || super::erased::note(&list, &address)).await;
        noted.unwrap_or(Err(Trouble::Store(StoreError::Interrupted)))?;
    }
    let erasure = Erasure {
        address: address.to_owned(),
        family: family(&names),
        names: whole(names),
        pseudonym: pseudonym()?,
        tickets,
        emails,
        notifications,
    };
    let rows = store.erase(&erasure, actor, now).await?;
    let mut found: Vec<(String, usize)> =
        store.search(address).await?.into_iter().map(|(place, count)| (place.to_owned(), count)).collect();
    if !store.empty_log().await? {
        found.push(("the database's log, which somebody reads: erase again when that is over".to_owned(), 1));
    }
    // And what came while it was erased.
    let meanwhile = Reading::since(store, std::slice::from_ref(&address.to_owned()), since_until).await?;
    let meanwhile = meanwhile.named.get(address).cloned().unwrap_or_default();
    let left = left(store, &erasure, [&named, &since, &meanwhile]).await?;
    found.push(("bytes of emails, held ones of others among them: review those, then erase again".to_owned(), left.0));
    found.push((
        "bytes of notifications, such as wait to leave to others: erase again when they have left".to_owned(),
        left.1,
    ));
    Ok(Erased {
        pseudonym: erasure.pseudonym,
        tickets: erasure.tickets.len(),
        emails: erasure.emails.len(),
        notifications: erasure.notifications.len(),
        rows,
        searched: found.len(),
        left: found.into_iter().filter(|(_, count)| *count > 0).collect(),
    })
}

/// In how many emails and notifications the address stands after an erasure: of those in which it stood, and those that were to go, the ones
/// that still have their bytes, and the person in them; and what came meanwhile.
async fn left(store: &Store, erasure: &Erasure, found: [&Named; 3]) -> Result<(usize, usize), StoreError> {
    let address = &erasure.address;
    let (mut emails, mut notifications) = (erasure.emails.clone(), erasure.notifications.clone());
    for named in found {
        emails.extend(&named.emails);
        notifications.extend(&named.notifications);
    }
    let mut left = (0, 0);
    for id in &emails {
        if let Some(bytes) = store.raw_mail(*id).await? {
            left.0 += naming(vec![(*id, bytes)], std::slice::from_ref(address)).await?.len();
        }
    }
    for id in &notifications {
        if let Some(bytes) = store.notification(*id).await? {
            left.1 += naming(vec![(*id, bytes)], std::slice::from_ref(address)).await?.len();
        }
    }
    Ok(left)
}

/// Erases again, in a database that was restored, everybody of the list. Gives how many were erased, and who could not be
/// erased whole.
///
/// # Errors
/// [`Trouble`]; some may be erased then, and `restore` repeats all.
pub(super) async fn repeat(store: &Store, file: &Path, now: Millis) -> Result<(usize, Vec<String>), Trouble> {
    let Some(list) = super::erased::List::read(file)? else { return Ok((0, Vec::new())) };
    let (mut done, mut left) = (0, Vec::new());
    let people: Vec<String> = store.addresses().await?.into_iter().filter(|address| list.names(address)).collect();
    for people in people.chunks(TOGETHER) {
        let reading = Reading::of(store, people, |_, _| {}).await?;
        for address in people {
            match one(store, None, &reading, address, "operator", now).await {
                Ok(erased) if erased.left.is_empty() => done += 1,
                Ok(_) => left.push(address.clone()),
                // An email that waits for its verdict, or an address that stands in a verdict alone.
                Err(Trouble::Again(_)) => left.push(address.clone()),
                Err(Trouble::Input(_) | Trouble::Usage(_)) => {}
                Err(other) => return Err(other),
            }
        }
    }
    Ok((done, left))
}

/// Names that can only be one person's: short ones are parts of other words, a first name alone is many people's. The longest first, so
/// that none leaves a part of another behind.
fn whole(names: BTreeSet<String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().filter(|n| n.chars().count() >= 5 && n.contains(' ')).collect();
    // "Martin Ana" is "Ana Martin" to most forms.
    let turned = names.iter().filter_map(|name| name.rsplit_once(' ')).map(|(first, last)| format!("{last} {first}"));
    names.extend(turned.collect::<Vec<_>>());
    names = names.iter().flat_map(|name| spellings(name)).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.dedup();
    names
}

/// Family names alone, as "Mme Martin" has them: what is written in capitals (`MARTIN Ana`), else all but the first word.
fn family(names: &BTreeSet<String>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for name in names.iter().filter(|name| !name.contains('@')) {
        let words: Vec<&str> = name.split_whitespace().collect();
        let capitals = |word: &str| word.chars().count() > 1 && !word.chars().any(char::is_lowercase);
        let mixed = words.iter().any(|w| capitals(w)) && words.iter().any(|w| !capitals(w));
        let last = words.iter().enumerate().filter(|(at, word)| if mixed { capitals(word) } else { *at > 0 });
        found.extend(last.map(|(_, word)| (*word).to_owned()).filter(|word| word.chars().count() >= 4));
    }
    found.iter().flat_map(|name| spellings(name)).collect()
}

/// A name as people write it: with and without accents, in capitals and small letters. Databases fold those of ASCII alone.
fn spellings(name: &str) -> BTreeSet<String> {
    let letter = |c: char| if c.is_ascii() { c.to_string() } else { mail::without_accent(c) };
    let bare: String = name.chars().map(letter).collect();
    [name, &bare].iter().flat_map(|name| [(*name).to_owned(), name.to_uppercase(), name.to_lowercase()]).collect()
}

/// Emails and notifications in which somebody's address stands.
#[derive(Debug, Clone, Default)]
struct Named {
    emails: Vec<InboxId>,
    notifications: Vec<OutboxId>,
}

/// Where the addresses of some people stand, whatever the encoding: every email and every notification is read once for all of them.
#[derive(Debug, Default)]
pub(super) struct Reading {
    named: BTreeMap<String, Named>,
    /// The last ones that were read.
    until: (InboxId, OutboxId),
}

impl Reading {
    /// Reads everything.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn of(
        store: &Store,
        addresses: &[String],
        mut progress: impl FnMut(i64, i64),
    ) -> Result<Self, StoreError> {
        let sizes = store.sizes().await?;
        let all = sizes.emails + sizes.notifications;
        Self::beyond(store, addresses, (InboxId::default(), OutboxId::default()), |done| progress(done, all)).await
    }

    /// Reads what came after the last that was read.
    async fn since(store: &Store, addresses: &[String], until: (InboxId, OutboxId)) -> Result<Self, StoreError> {
        Self::beyond(store, addresses, until, |_| {}).await
    }

    async fn beyond(
        store: &Store,
        addresses: &[String],
        until: (InboxId, OutboxId),
        mut progress: impl FnMut(i64),
    ) -> Result<Self, StoreError> {
        let mut reading = Self { until, ..Self::default() };
        let mut done = 0;
        loop {
            let page = store.emails_after(reading.until.0).await?;
            let Some((last, _)) = page.last() else { break };
            reading.until.0 = *last;
            done += i64::try_from(page.len()).unwrap_or(0);
            for (id, address) in naming(page, addresses).await? {
                reading.named.entry(address).or_default().emails.push(id);
            }
            progress(done);
        }
        loop {
            let page = store.notifications_after(reading.until.1).await?;
            let Some((last, _)) = page.last() else { break };
            reading.until.1 = *last;
            done += i64::try_from(page.len()).unwrap_or(0);
            for (id, address) in naming(page, addresses).await? {
                reading.named.entry(address).or_default().notifications.push(id);
            }
            progress(done);
        }
        Ok(reading)
    }
}

/// Those of them in which one of the addresses stands, with which. It takes processor time, so it is done away from the tasks that wait.
async fn naming<T: Copy + Send + 'static>(
    page: Vec<(T, Vec<u8>)>,
    addresses: &[String],
) -> Result<Vec<(T, String)>, StoreError> {
    let wanted: Vec<(String, Word)> = addresses.iter().map(|one| (one.clone(), Word::address(one))).collect();
    let work = move || {
        let mut found = Vec::new();
        for (id, bytes) in page {
            found.extend(named_in(&bytes, &wanted).into_iter().map(|address| (id, address)));
        }
        found
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Interrupted)
}

/// Which of the addresses stand in an email.
fn named_in(bytes: &[u8], wanted: &[(String, Word)]) -> Vec<String> {
    let mut left: Vec<&(String, Word)> = wanted.iter().collect();
    let mut found = Vec::new();
    let mut look = |text: &str, left: &mut Vec<&(String, Word)>| {
        let folded = text.to_lowercase();
        left.retain(|(address, whole)| {
            // The expression looks only where the plain search has found something: it is dearer.
            let stands = folded.contains(address.as_str()) && whole.is_in(text);
            if stands {
                found.push(address.clone());
            }
            !stands
        });
    };
    look(&String::from_utf8_lossy(bytes), &mut left);
    // Base64 and quoted-printable hide it from a plain search.
    let limits = mail::Limits { text_bytes: bytes.len().max(1), ..mail::Limits::default() };
    if !left.is_empty()
        && let Ok(parsed) = mail::parse(bytes, &limits)
    {
        look(&parsed.text, &mut left);
        look(&parsed.subject, &mut left);
    }
    // Names of files, HTML beside a text, entities, enclosed emails.
    if !left.is_empty() {
        look(&mail::every_word(bytes), &mut left);
    }
    found
}

/// A word nobody can lead back to the person.
fn pseudonym() -> Result<String, StoreError> {
    let mut bytes = [0u8; 6];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Interrupted)?;
    Ok(format!("erased-{}@erased.invalid", HEXLOWER.encode(&bytes)))
}
