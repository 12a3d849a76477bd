//! A local Maildir, for sites whose mail server delivers there.
//!
//! Emails are taken from `new/`, and from `cur/` where they do not carry the flag S (seen). A
//! handled one gets that flag and moves to the archive folder's `cur/`, or stays, marked.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::clock::Millis;

/// Bytes read of an email that is too large.
const HEAD: u64 = 64 * 1024;

/// An email waiting in the Maildir.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// When it was delivered: servers keep the file's time of modification as its INTERNALDATE.
    pub delivered_at: Millis,
}

/// Emails that wait, oldest delivery first, at most `count`.
///
/// # Errors
/// The file system's, with the folder named.
pub fn waiting(root: &Path, count: usize) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for folder in ["new", "cur"] {
        let folder = root.join(folder);
        let listing = fs::read_dir(&folder).map_err(|e| named(&folder, &e))?;
        for item in listing {
            let item = item?;
            let name = item.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && !is_seen(&name) && item.file_type()?.is_file() {
                found.push((delivered(&name), name, item.path()));
            }
        }
    }
    found.sort();
    found.truncate(count);
    found.into_iter().map(|(_, _, path)| entry(path)).collect()
}

fn entry(path: PathBuf) -> io::Result<Entry> {
    let about = fs::metadata(&path)?;
    let since = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let delivered_at = since.and_then(|since| Millis::try_from(since.as_millis()).ok()).unwrap_or(0);
    Ok(Entry { path, size: about.len(), delivered_at })
}

/// The email; of one larger than `most` its beginning, which holds the header.
///
/// # Errors
/// The file system's.
pub fn read(entry: &Entry, most: u64) -> io::Result<Vec<u8>> {
    if entry.size <= most {
        return fs::read(&entry.path);
    }
    let mut head = Vec::new();
    fs::File::open(&entry.path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// Emails of a folder that are marked as handled.
///
/// # Errors
/// The file system's, with the folder named.
pub fn handled(home: &Path) -> io::Result<Vec<Entry>> {
    let cur = home.join("cur");
    let mut found = Vec::new();
    for item in fs::read_dir(&cur).map_err(|e| named(&cur, &e))? {
        let item = item?;
        if is_seen(&item.file_name().to_string_lossy()) && item.file_type()?.is_file() {
            found.push(entry(item.path())?);
        }
    }
    Ok(found)
}

/// Moves a handled email to the archive, or marks it where it is.
///
/// # Errors
/// The file system's, with the file named.
pub fn settle(root: &Path, entry: &Entry, archive: &str) -> io::Result<()> {
    let home = if archive.is_empty() { root.to_owned() } else { root.join(format!(".{archive}")) };
    let cur = home.join("cur");
    if !cur.is_dir() {
        for folder in ["tmp", "new", "cur"] {
            fs::create_dir_all(home.join(folder)).map_err(|e| named(&home, &e))?;
        }
    }
    let name = entry.path.file_name().unwrap_or_default().to_string_lossy();
    fs::rename(&entry.path, cur.join(seen(&name))).map_err(|e| named(&entry.path, &e))
}

/// Puts an email into `new/`, by way of `tmp/` as the format demands.
///
/// # Errors
/// The file system's.
pub fn deliver(root: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    for folder in ["tmp", "new", "cur"] {
        fs::create_dir_all(root.join(folder))?;
    }
    let tmp = root.join("tmp").join(name);
    fs::write(&tmp, bytes)?;
    fs::rename(tmp, root.join("new").join(name))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Names begin with the second of delivery.
fn delivered(name: &str) -> u64 {
    let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

fn is_seen(name: &str) -> bool {
    name.split_once(":2,").is_some_and(|(_, flags)| flags.contains('S'))
}

fn seen(name: &str) -> String {
    match name.split_once(":2,") {
        Some((_, flags)) if flags.contains('S') => name.to_owned(),
        Some((base, flags)) => {
            let mut flags: Vec<char> = flags.chars().chain(['S']).collect();
            flags.sort_unstable();
            format!("{base}:2,{}", flags.into_iter().collect::<String>())
        }
        None => format!("{name}:2,S"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_kept_in_order() {
        assert_eq!(seen("1.a"), "1.a:2,S");
        assert_eq!(seen("1.a:2,T"), "1.a:2,ST");
        assert_eq!(seen("1.a:2,FS"), "1.a:2,FS");
    }

    #[test]
    fn a_handled_mail_is_not_seen_again() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        deliver(root.path(), "2.b", b"two")?;
        deliver(root.path(), "10.c", b"ten")?;
        let names = |entries: &[Entry]| -> Vec<u64> { entries.iter().map(|e| e.size).collect() };
        let first = waiting(root.path(), 9)?;
        assert_eq!(first[0].path.file_name().and_then(|n| n.to_str()), Some("2.b"));
        assert_eq!(names(&first), [3, 3]);
        settle(root.path(), &first[0], "Done")?;
        settle(root.path(), &first[1], "")?;
        assert!(waiting(root.path(), 9)?.is_empty());
        assert!(root.path().join(".Done/cur/2.b:2,S").exists());
        assert!(root.path().join("cur/10.c:2,S").exists());
        Ok(())
    }
}
