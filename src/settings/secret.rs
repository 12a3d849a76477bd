//! Secrets: given in place, in a file, or as a systemd credential named like the key.

use std::fs;
use std::path::Path;

use secrecy::SecretString;

use super::mistake::Mistakes;
use super::source::Source;

/// Where a secret may stand.
pub(super) struct Place<'a> {
    /// Its key (`smtp.password`), which is also the credential's name.
    pub(super) key: String,
    /// Given in place.
    pub(super) value: Option<&'a str>,
    /// The file that holds it.
    pub(super) file: Option<&'a Path>,
}

impl Place<'_> {
    /// The secret; none when it is nowhere. A line end after it is not part of it.
    pub(super) fn read(&self, source: &Source, mistakes: &mut Mistakes) -> Option<SecretString> {
        let bytes = self.read_bytes(source, mistakes)?;
        let Ok(text) = String::from_utf8(bytes) else {
            source.mistake(mistakes, &self.key, "it is not text in UTF-8");
            return None;
        };
        Some(if self.value.is_some() { SecretString::from(text) } else { secret(&text) })
    }

    /// The same as it stands there, line ends included.
    pub(super) fn read_bytes(&self, source: &Source, mistakes: &mut Mistakes) -> Option<Vec<u8>> {
        if let Some(value) = self.value {
            return Some(value.as_bytes().to_vec());
        }
        if let Some(file) = self.file {
            let file = source.path(file);
            return match fs::read(&file) {
                Ok(bytes) => Some(bytes),
                Err(error) => {
                    let message = format!("{} cannot be read: {error}", file.display());
                    source.mistake(mistakes, &format!("{}_file", self.key), message);
                    None
                }
            };
        }
        let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
        fs::read(Path::new(&folder).join(&self.key)).ok()
    }
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.trim_end_matches(['\r', '\n']))
}
