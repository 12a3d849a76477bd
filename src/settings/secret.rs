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
        if let Some(value) = self.value {
            return Some(SecretString::from(value));
        }
        if let Some(file) = self.file {
            let file = source.path(file);
            return match fs::read_to_string(&file) {
                Ok(text) => Some(secret(&text)),
                Err(error) => {
                    let message = format!("{} cannot be read: {error}", file.display());
                    source.mistake(mistakes, &format!("{}_file", self.key), message);
                    None
                }
            };
        }
        let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
        let text = fs::read_to_string(Path::new(&folder).join(&self.key)).ok()?;
        Some(secret(&text))
    }
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.trim_end_matches(['\r', '\n']))
}
