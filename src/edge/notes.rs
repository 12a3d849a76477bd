//! Notes in a file that outlive this process: which letters the server has taken.
//!
//! A note is one `write` to a file, far cheaper than a transaction, so one can be made after every
//! letter. It survives the end of the process at once; a power cut may lose the last ones. The
//! store learns of them in groups, and the file is then emptied.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// The open file. One process holds it at a time.
#[derive(Debug)]
pub struct Notes {
    file: File,
}

impl Notes {
    /// Opens the file, making it where it does not exist; earlier notes stay.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        Ok(Self { file })
    }

    /// All ids noted since the last [`Notes::clear`], by this process or an earlier one.
    ///
    /// # Errors
    /// The file system's.
    pub fn ids(&mut self) -> io::Result<Vec<i64>> {
        self.file.rewind()?;
        let mut text = String::new();
        self.file.read_to_string(&mut text)?;
        // A last line cut short by a full disk is no number, or is repeated; both are harmless.
        Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
    }

    /// Notes one id.
    ///
    /// # Errors
    /// The file system's.
    pub fn add(&mut self, id: i64) -> io::Result<()> {
        self.file.write_all(format!("{id}\n").as_bytes())
    }

    /// Forgets all notes: the store knows them.
    ///
    /// # Errors
    /// The file system's.
    pub fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_outlive_the_process_that_made_them() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("notes");
        let mut notes = Notes::open(&path)?;
        assert!(notes.ids()?.is_empty());
        notes.add(7)?;
        notes.add(12)?;
        assert_eq!(notes.ids()?, [7, 12]);
        notes.add(13)?;
        drop(notes);
        let mut notes = Notes::open(&path)?;
        assert_eq!(notes.ids()?, [7, 12, 13]);
        notes.clear()?;
        notes.add(3)?;
        drop(notes);
        assert_eq!(Notes::open(&path)?.ids()?, [3]);
        Ok(())
    }
}
