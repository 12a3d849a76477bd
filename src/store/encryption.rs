//! Secrets kept in the database, readable only with a key that is not in it.
//!
//! ChaCha20-Poly1305 (RFC 8439) under a random nonce, which stands before the ciphertext; the name
//! a secret is kept under is associated data, so that one cannot be put in another's place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret, SecretBox, SecretString};

/// Bytes of a key.
const KEY: usize = 32;

/// Where the key stands.
#[derive(Debug, Clone)]
pub enum KeyPlace {
    /// It was given.
    Given(Key),
    /// In `guichet.key` beside this SQLite database; it is made when it is first needed.
    Beside(PathBuf),
    /// Nowhere: nothing can be kept encrypted.
    Nowhere,
}

/// Why something cannot be kept encrypted, or read again.
#[derive(Debug, thiserror::Error)]
pub enum EncryptionTrouble {
    /// There is no key.
    #[error("there is no key to keep tokens with; give store.key_file")]
    NoKey,
    /// The key's file cannot be read or made.
    #[error("the key file {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What happened.
        source: io::Error,
    },
    /// The key's file holds something else.
    #[error("the key file {0} holds no key: it must be 64 hexadecimal digits, or 32 bytes")]
    NotAKey(String),
    /// The machine gives no random numbers.
    #[error("no random numbers are to be had")]
    NoChance,
    /// What was kept was not encrypted under this key and name, or was changed.
    #[error("it was kept under another key, or was changed")]
    Unreadable,
}

impl KeyPlace {
    /// The key, made where it is missing and may be.
    ///
    /// # Errors
    /// [`EncryptionTrouble`].
    pub fn key(&self) -> Result<Key, EncryptionTrouble> {
        match self {
            Self::Given(key) => Ok(key.clone()),
            Self::Beside(database) => beside(database),
            Self::Nowhere => Err(EncryptionTrouble::NoKey),
        }
    }
}

/// A key of 32 bytes.
#[derive(Debug, Clone)]
pub struct Key(Arc<SecretBox<[u8; KEY]>>);

impl Key {
    /// A key as files hold it: 32 bytes as they are, or 64 hexadecimal digits with or without a line end.
    #[must_use]
    pub fn read(contents: &[u8]) -> Option<Self> {
        if let Ok(bytes) = <[u8; KEY]>::try_from(contents) {
            return Some(Self::new(bytes));
        }
        let digits = HEXLOWER_PERMISSIVE.decode(contents.trim_ascii()).ok()?;
        <[u8; KEY]>::try_from(digits.as_slice()).ok().map(Self::new)
    }

    fn new(bytes: [u8; KEY]) -> Self {
        Self(Arc::new(SecretBox::new(Box::new(bytes))))
    }

    /// Encrypts a secret that is to be kept under `name`; gives text.
    ///
    /// # Errors
    /// [`EncryptionTrouble::NoChance`].
    pub(crate) fn encrypt(&self, name: &str, secret: &SecretString) -> Result<String, EncryptionTrouble> {
        let mut nonce = [0u8; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| EncryptionTrouble::NoChance)?;
        let mut text = secret.expose_secret().as_bytes().to_vec();
        let aad = Aad::from(name.as_bytes());
        let encrypted = self.cipher()?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text);
        encrypted.map_err(|_| EncryptionTrouble::NoChance)?;
        Ok(BASE64.encode(&[nonce.as_slice(), &text].concat()))
    }

    /// Decrypts what was kept under `name`.
    ///
    /// # Errors
    /// [`EncryptionTrouble::Unreadable`].
    pub fn open(&self, name: &str, kept: &str) -> Result<SecretString, EncryptionTrouble> {
        let bytes = BASE64.decode(kept.as_bytes()).map_err(|_| EncryptionTrouble::Unreadable)?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN).ok_or(EncryptionTrouble::Unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| EncryptionTrouble::Unreadable)?;
        let mut text = text.to_vec();
        let plain = self.cipher()?.open_in_place(nonce, Aad::from(name.as_bytes()), &mut text);
        let plain = plain.map_err(|_| EncryptionTrouble::Unreadable)?;
        let secret = std::str::from_utf8(plain).map_err(|_| EncryptionTrouble::Unreadable)?;
        Ok(SecretString::from(secret))
    }

    fn cipher(&self) -> Result<LessSafeKey, EncryptionTrouble> {
        let key =
            UnboundKey::new(&CHACHA20_POLY1305, self.0.expose_secret()).map_err(|_| EncryptionTrouble::Unreadable)?;
        Ok(LessSafeKey::new(key))
    }
}

/// The key beside a database; the first of several that look for it at once makes it.
fn beside(database: &Path) -> Result<Key, EncryptionTrouble> {
    let path = database.with_file_name("guichet.key");
    let trouble = |source| EncryptionTrouble::File { path: path.display().to_string(), source };
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(&path, database).map_err(trouble)?;
            let contents = fs::read(&path).map_err(trouble)?;
            Key::read(&contents).ok_or_else(|| EncryptionTrouble::NotAKey(path.display().to_string()))
        }
        Err(error) => Err(trouble(error)),
        Ok(contents) => Key::read(&contents).ok_or_else(|| EncryptionTrouble::NotAKey(path.display().to_string())),
    }
}

/// Makes a key file that only the database's owner can read. It is whole before it has its name, and
/// on the disk before anything is encrypted with it.
fn make(path: &Path, database: &Path) -> io::Result<()> {
    let mut bytes = [0u8; KEY];
    getrandom::fill(&mut bytes).map_err(|e| io::Error::other(e.to_string()))?;
    let draft = path.with_file_name(format!("guichet.key.{}", std::process::id()));
    let written = write(&draft, &bytes, database).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let _ = fs::remove_file(&draft);
    written?;
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn write(path: &Path, bytes: &[u8], database: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // `check` may be run by root; the service must be able to read the key afterwards.
    let (owner, own) = (fs::metadata(database)?, file.metadata()?);
    if (owner.uid(), owner.gid()) != (own.uid(), own.gid()) {
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    writeln!(file, "{}", HEXLOWER.encode(bytes))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_under_its_own_key_and_name() {
        let key = Key::read(&[7; 32]).unwrap();
        let secret = SecretString::from("1//refresh");
        let kept = key.encrypt("oauth2:smtp", &secret).unwrap();
        assert!(!kept.contains("refresh"));
        assert_ne!(kept, key.encrypt("oauth2:smtp", &secret).unwrap(), "a nonce serves once");
        assert_eq!(key.open("oauth2:smtp", &kept).unwrap().expose_secret(), "1//refresh");
        assert!(key.open("oauth2:mailboxes.a", &kept).is_err());
        assert!(Key::read(&[8; 32]).unwrap().open("oauth2:smtp", &kept).is_err());
        for broken in ["", "AAAA", &kept.replace(&kept[20..21], "!"), &kept[4..]] {
            assert!(matches!(key.open("oauth2:smtp", broken), Err(EncryptionTrouble::Unreadable)), "{broken}");
        }
        assert!(!format!("{key:?}").contains('7'));
    }

    #[test]
    fn keys_are_32_bytes_or_64_digits() {
        let digits = "0123456789abcdefABCDEF0123456789".repeat(2);
        assert!(Key::read(digits.as_bytes()).is_some());
        assert!(Key::read(format!("{digits}\n").as_bytes()).is_some());
        for bad in ["", "short", &digits[..62], &digits.replace('0', "x")] {
            assert!(Key::read(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_key_beside_a_database_is_made_once_and_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("desk.db");
        fs::write(&database, "").unwrap();
        let place = KeyPlace::Beside(database);
        let (one, two) = (place.key().unwrap(), place.key().unwrap());
        assert_eq!(one.0.expose_secret(), two.0.expose_secret());
        let file = folder.path().join("guichet.key");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no draft stays");
        fs::write(&file, "no key").unwrap();
        assert!(matches!(place.key(), Err(EncryptionTrouble::NotAKey(_))));
    }
}
