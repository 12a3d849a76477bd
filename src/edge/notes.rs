//! Notes of which notifications the server has taken, kept until the store has them for good.
//!
//! In a file, a note is one `write`, far cheaper than a transaction, so one can be made after every
//! notification. It survives the end of the process at once; a power cut may lose the last ones. The
//! store learns of them in groups, and the file is then emptied. Where the store is a server that is told of each
//! notification, memory is enough: the notes then cover what that server forgets when it is cut off or fails over.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The open notes. One process holds a file at a time.
#[derive(Debug)]
pub(crate) enum Notes {
    /// They outlive this process.
    File(File),
    /// They do not.
    Memory(Vec<i64>),
}

impl Notes {
    /// Opens the file, making it where it does not exist; earlier notes stay.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        Ok(Self::File(file))
    }

    /// All ids noted since the last [`Notes::clear`], by this process or an earlier one.
    ///
    /// # Errors
    /// The file system's.
    pub fn ids(&mut self) -> io::Result<Vec<i64>> {
        let file = match self {
            Self::Memory(ids) => return Ok(ids.clone()),
            Self::File(file) => file,
        };
        file.rewind()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        // A last line cut short by a full disk would be the id of another notification.
        let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        Ok(whole.filter_map(|line| line.parse().ok()).collect())
    }

    /// Notes one id.
    ///
    /// # Errors
    /// The file system's.
    pub fn add(&mut self, id: i64) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(format!("{id}\n").as_bytes()),
            Self::Memory(ids) => {
                ids.push(id);
                Ok(())
            }
        }
    }

    /// Forgets all notes: the store knows them.
    ///
    /// # Errors
    /// The file system's.
    pub fn clear(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.set_len(0),
            Self::Memory(ids) => {
                ids.clear();
                Ok(())
            }
        }
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

    #[test]
    fn a_line_cut_short_is_nobodys_id() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("notes");
        std::fs::write(&path, b"7\n\xff\xfe\n123\n12")?;
        assert_eq!(Notes::open(&path)?.ids()?, [7, 123]);
        Ok(())
    }

    #[test]
    fn notes_in_memory_are_kept_until_they_are_cleared() -> io::Result<()> {
        let mut notes = Notes::Memory(Vec::new());
        notes.add(7)?;
        notes.add(12)?;
        assert_eq!(notes.ids()?, [7, 12]);
        notes.clear()?;
        assert!(notes.ids()?.is_empty());
        Ok(())
    }
}
