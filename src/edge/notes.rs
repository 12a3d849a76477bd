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
    /// Opens the file, making it where it does not exist. Gives the ids an earlier process noted.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<i64>)> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // A last line cut short by a full disk is no number, or is repeated; both are harmless.
        let ids = text.lines().filter_map(|line| line.parse().ok()).collect();
        Ok((Self { file }, ids))
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
        self.file.set_len(0)?;
        self.file.rewind()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_outlive_the_process_that_made_them() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("notes");
        let (mut notes, before) = Notes::open(&path)?;
        assert!(before.is_empty());
        notes.add(7)?;
        notes.add(12)?;
        drop(notes);
        let (mut notes, before) = Notes::open(&path)?;
        assert_eq!(before, [7, 12]);
        notes.clear()?;
        notes.add(3)?;
        drop(notes);
        assert_eq!(Notes::open(&path)?.1, [3]);
        Ok(())
    }
}
