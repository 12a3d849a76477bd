//! Who was erased, known outside the copies: a copy that is restored brings the person back with it.
//!
//! The list holds no address: each line is a keyed hash of one, by a key of its own in the first line. What it is good
//! for is to recognize a person in a copy, one address after the other.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::beside;
use crate::settings::Settings;
use crate::store::{StoreError, sqlite_file};
use crate::trouble::Trouble;

/// How the first line begins.
const HEAD: &str = "guichet erasures 1 ";

/// Where the list lies: beside a SQLite file; for PostgreSQL in the folder systemd gives, or that of the copies. None where there
/// is no such place.
#[must_use]
pub fn place(settings: &Settings) -> Option<PathBuf> {
    if let Some(database) = sqlite_file(&settings.store_url) {
        return Some(beside(&database, "erased"));
    }
    let state = std::env::var_os("STATE_DIRECTORY").map(PathBuf::from);
    Some(state.or_else(|| settings.backups.folder.clone())?.join("guichet.erased"))
}

/// The list, as it was read.
pub(super) struct List {
    key: Vec<u8>,
    hashes: BTreeSet<String>,
}

impl List {
    pub(super) fn read(file: &Path) -> Result<Option<Self>, Trouble> {
        let wrong = |text: String| Trouble::Input(format!("{}: {text}", file.display()));
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(wrong(e.to_string())),
        };
        let mut lines = text.lines();
        let Some(first) = lines.next() else { return Ok(None) };
        let key = first.strip_prefix(HEAD).and_then(|key| HEXLOWER.decode(key.as_bytes()).ok());
        let key = key.filter(|key| !key.is_empty()).ok_or_else(|| {
            wrong("is no list of erasures; put the right one back, or move it away to begin another".to_owned())
        })?;
        Ok(Some(Self { key, hashes: lines.map(str::to_owned).collect() }))
    }

    pub(super) fn names(&self, address: &str) -> bool {
        self.hashes.contains(&self.hash(address))
    }

    fn hash(&self, address: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return String::new() };
        mac.update(address.as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }
}

/// Adds a person to the list. Done before the erasure: one that is cut off is still repeated after a restore.
///
/// # Errors
/// [`Trouble::Input`] where the file cannot be read or written.
pub(super) fn note(file: &Path, address: &str) -> Result<(), Trouble> {
    let failed = |e: std::io::Error| Trouble::Input(format!("{}: {e}; nothing was erased", file.display()));
    let old = List::read(file)?;
    let fresh = old.is_none();
    let list = match old {
        Some(list) => list,
        None => {
            let mut key = vec![0u8; 32];
            getrandom::fill(&mut key).map_err(|_| StoreError::Interrupted)?;
            List { key, hashes: BTreeSet::new() }
        }
    };
    let hash = list.hash(address);
    if list.hashes.contains(&hash) {
        return Ok(());
    }
    let head = if fresh { format!("{HEAD}{}\n", HEXLOWER.encode(&list.key)) } else { String::new() };
    let mut out = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file).map_err(failed)?;
    out.write_all(format!("{head}{hash}\n").as_bytes()).and_then(|()| out.sync_all()).map_err(failed)
}
