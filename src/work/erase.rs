//! `erase`: a person's data removed, and the search that proves it.
//!
//! What the person wrote, and every mail or letter in which their address stands, loses its bytes and words; where
//! others need to know that there was somebody, a pseudonym stands. Verdicts, numbers and times stay.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;

use crate::clock::Millis;
use crate::mail;
use crate::store::{Erasure, Store, StoreError};

/// What erasing did and found.
#[derive(Debug, Clone, Default)]
pub struct Erased {
    /// What stands in the person's place.
    pub pseudonym: String,
    /// Tickets they took part in.
    pub tickets: usize,
    /// Mails whose bytes are gone.
    pub mails: usize,
    /// Letters whose bytes are gone.
    pub letters: usize,
    /// Rows that named them.
    pub rows: usize,
    /// Where the address still stands, and how often: nothing, unless something is wrong.
    pub left: Vec<(String, usize)>,
    /// How many places were searched.
    pub searched: usize,
}

/// Erases a person. `progress` hears how many mails and letters of all were read.
///
/// # Errors
/// [`StoreError`]; nothing is erased then.
pub async fn run(
    store: &Store,
    address: &str,
    actor: &str,
    now: Millis,
    mut progress: impl FnMut(i64, i64),
) -> Result<Erased, StoreError> {
    let address = mail::key(address);
    let (tickets, names) = store.person(&address).await?;
    let (mut mails, mut letters) = store.papers(&address, &tickets).await?;
    let sizes = store.sizes().await?;
    let all = 2 * (sizes.mails + sizes.letters);
    mails.extend(naming(store, &address, true, |done| progress(done, all)).await?);
    letters.extend(naming(store, &address, false, |done| progress(sizes.mails + done, all)).await?);
    // Short names are parts of other words; a first name alone is many people's.
    let names = names.into_iter().filter(|n| n.chars().count() >= 5 && n.contains(' ')).collect();
    let erasure = Erasure { address: address.clone(), names, pseudonym: pseudonym()?, tickets, mails, letters };
    let rows = store.erase(&erasure, actor, now).await?;
    let mut found: Vec<(String, usize)> =
        store.search(&address).await?.into_iter().map(|(place, count)| (place.to_owned(), count)).collect();
    for (place, mails) in [("mails", true), ("letters", false)] {
        let left = naming(store, &address, mails, |done| progress(all / 2 + done, all)).await?;
        found.push((format!("bytes of {place}"), left.len()));
    }
    Ok(Erased {
        pseudonym: erasure.pseudonym,
        tickets: erasure.tickets.len(),
        mails: erasure.mails.len(),
        letters: erasure.letters.len(),
        rows,
        searched: found.len(),
        left: found.into_iter().filter(|(_, count)| *count > 0).collect(),
    })
}

/// Mails, or letters, in which the address stands, whatever their encoding.
async fn naming(
    store: &Store,
    address: &str,
    mails: bool,
    mut progress: impl FnMut(i64),
) -> Result<BTreeSet<i64>, StoreError> {
    let (mut found, mut after) = (BTreeSet::new(), 0);
    loop {
        let page = if mails { store.mails_after(after).await? } else { store.letters_after(after).await? };
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = *last;
        let word = address.to_owned();
        let work =
            move || page.into_iter().filter(|(_, bytes)| names(bytes, &word)).map(|(id, _)| id).collect::<Vec<_>>();
        found.extend(tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Interrupted)?);
        progress(after);
    }
}

fn names(bytes: &[u8], address: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(address);
    if holds(&String::from_utf8_lossy(bytes)) {
        return true;
    }
    // Base64 and quoted-printable hide it from a plain search.
    let limits = mail::Limits { text_bytes: bytes.len().max(1), ..mail::Limits::default() };
    mail::parse(bytes, &limits).is_ok_and(|parsed| holds(&parsed.text) || holds(&parsed.subject))
}

/// A word nobody can lead back to the person.
fn pseudonym() -> Result<String, StoreError> {
    let mut bytes = [0u8; 6];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Interrupted)?;
    Ok(format!("erased-{}@erased.invalid", HEXLOWER.encode(&bytes)))
}
