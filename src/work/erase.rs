//! `erase`: a person's data removed, and the search that proves it.
//!
//! What the person wrote, and every email or notification in which their address stands, loses its bytes and words; where
//! others need to know that there was somebody, a pseudonym stands. Verdicts, numbers and times stay.

use std::collections::BTreeSet;
use std::path::Path;

use data_encoding::HEXLOWER;

use crate::clock::Millis;
use crate::mail;
use crate::store::{Erasure, Store, StoreError, Word};
use crate::ticket::{InboxId, OutboxId};
use crate::trouble::Trouble;

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
    mut progress: impl FnMut(i64, i64),
) -> Result<Erased, Trouble> {
    // A word would stand in everybody's emails, and nothing stands everywhere.
    if !mail::looks_like_address(address) {
        return Err(Trouble::Usage(format!("{address:?} is not a valid mail address")));
    }
    let address = mail::key(address);
    let (tickets, names) = store.person(&address).await?;
    let (mut emails, mut notifications) = store.records_of(&address, &tickets).await?;
    let sizes = store.sizes().await?;
    let all = 2 * (sizes.emails + sizes.notifications);
    emails.extend(emails_naming(store, &address, |done| progress(done, all)).await?);
    let done = |done| progress(sizes.emails + done, all);
    notifications.extend(notifications_naming(store, &address, done).await?);
    let known = store.search(&address).await?.iter().any(|(_, count)| *count > 0);
    if !known && tickets.is_empty() && emails.is_empty() && notifications.is_empty() {
        return Err(Trouble::Input("nobody of this address is known".to_owned()));
    }
    let (held, waiting) = store.of_others(&address).await?;
    emails.retain(|id| !held.contains(id));
    notifications.retain(|id| !waiting.contains(id));
    if store.undecided_among(&emails).await? > 0 {
        let text =
            "emails that name this person wait for their verdict; erase again when `guichet run` has decided them";
        return Err(Trouble::Again(text.to_owned()));
    }
    if let Some(list) = list {
        super::erased::note(list, &address)?;
    }
    let erasure = Erasure {
        address: address.clone(),
        family: family(&names),
        names: whole(names),
        pseudonym: pseudonym()?,
        tickets,
        emails,
        notifications,
    };
    let rows = store.erase(&erasure, actor, now).await?;
    let mut found: Vec<(String, usize)> =
        store.search(&address).await?.into_iter().map(|(place, count)| (place.to_owned(), count)).collect();
    if !store.empty_log().await? {
        found.push(("the database's log, which somebody reads: erase again when that is over".to_owned(), 1));
    }
    let left = emails_naming(store, &address, |done| progress(all / 2 + done, all)).await?;
    found.push((
        "bytes of emails, held ones of others among them: review those, then erase again".to_owned(),
        left.len(),
    ));
    let left = notifications_naming(store, &address, |done| progress(all / 2 + sizes.emails + done, all)).await?;
    found.push((
        "bytes of notifications, such as wait to leave to others: erase again when they have left".to_owned(),
        left.len(),
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

/// Erases again, in a database that was restored, everybody of the list. Gives how many were erased, and who could not be
/// erased whole.
///
/// # Errors
/// [`Trouble`]; some may be erased then, and `restore` repeats all.
pub(super) async fn repeat(store: &Store, file: &Path, now: Millis) -> Result<(usize, Vec<String>), Trouble> {
    let Some(list) = super::erased::List::read(file)? else { return Ok((0, Vec::new())) };
    let (mut done, mut left) = (0, Vec::new());
    for address in store.addresses().await? {
        if !list.names(&address) {
            continue;
        }
        match run(store, None, &address, "operator", now, |_, _| {}).await {
            Ok(erased) if erased.left.is_empty() => done += 1,
            Ok(_) => left.push(address),
            // An email that waits for its verdict, or an address that stands in a verdict alone.
            Err(Trouble::Again(_)) => left.push(address),
            Err(Trouble::Input(_) | Trouble::Usage(_)) => {}
            Err(other) => return Err(other),
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

/// Emails in which the address stands, whatever their encoding.
async fn emails_naming(
    store: &Store,
    address: &str,
    mut progress: impl FnMut(i64),
) -> Result<Vec<InboxId>, StoreError> {
    let (mut found, mut after) = (Vec::new(), InboxId::default());
    loop {
        let page = store.emails_after(after).await?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = *last;
        found.extend(naming(page, address).await?);
        progress(after.0);
    }
}

/// Notifications in which the address stands.
async fn notifications_naming(
    store: &Store,
    address: &str,
    mut progress: impl FnMut(i64),
) -> Result<Vec<OutboxId>, StoreError> {
    let (mut found, mut after) = (Vec::new(), OutboxId::default());
    loop {
        let page = store.notifications_after(after).await?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = *last;
        found.extend(naming(page, address).await?);
        progress(after.0);
    }
}

/// Those of them in which the address stands. It takes processor time, so it is done away from the tasks that wait.
async fn naming<T: Send + 'static>(page: Vec<(T, Vec<u8>)>, address: &str) -> Result<Vec<T>, StoreError> {
    let word = address.to_owned();
    let work = move || {
        let whole = Word::address(&word);
        page.into_iter().filter(|(_, bytes)| names(bytes, &word, &whole)).map(|(id, _)| id).collect()
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Interrupted)
}

fn names(bytes: &[u8], address: &str, whole: &Word) -> bool {
    // The expression looks only where the plain search has found something: it is dearer.
    let holds = |text: &str| text.to_lowercase().contains(address) && whole.is_in(text);
    if holds(&String::from_utf8_lossy(bytes)) {
        return true;
    }
    // Base64 and quoted-printable hide it from a plain search.
    let limits = mail::Limits { text_bytes: bytes.len().max(1), ..mail::Limits::default() };
    if mail::parse(bytes, &limits).is_ok_and(|parsed| holds(&parsed.text) || holds(&parsed.subject)) {
        return true;
    }
    // Names of files, HTML beside a text, entities, enclosed emails.
    holds(&mail::every_word(bytes))
}

/// A word nobody can lead back to the person.
fn pseudonym() -> Result<String, StoreError> {
    let mut bytes = [0u8; 6];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Interrupted)?;
    Ok(format!("erased-{}@erased.invalid", HEXLOWER.encode(&bytes)))
}
