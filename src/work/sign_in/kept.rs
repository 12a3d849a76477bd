//! The refresh token that took the place of the configured one.
//!
//! It stands in the store under `oauth2:NAME`, encrypted, with a fingerprint of the configured
//! token it descends from: when that changes, the operator has signed in anew, and what was kept
//! counts no longer.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::clock::{MINUTE, Millis};
use crate::edge::oauth2::{Granted, Oauth2, fingerprint};
use crate::store::{Key, Store, StoreError};
use crate::trouble::Trouble;

/// What is known of a refresh token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Fingerprint of the configured token it descends from.
    of: String,
    /// The token, encrypted; none as long as the configured one serves.
    token: Option<String>,
    /// When it was got; of the configured one, when it was first used.
    since: Millis,
    /// When it dies, where the server said so.
    until: Option<Millis>,
}

impl Kept {
    /// When it dies; none when it does not, as far as is known.
    pub(super) fn dies_at(&self, oauth2: &Oauth2) -> Option<Millis> {
        self.until.or_else(|| Some(self.since + oauth2.refresh_token_lives?))
    }
}

/// What is kept under this configured token; none before its first use.
pub(super) async fn load(
    store: &Store,
    oauth2: &Oauth2,
    configured: &SecretString,
) -> Result<Option<Kept>, StoreError> {
    let text = store.meta(&name(oauth2)).await?;
    let kept: Option<Kept> = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(kept.filter(|kept| kept.of == mark(oauth2, configured)))
}

fn name(oauth2: &Oauth2) -> String {
    format!("oauth2:{}", oauth2.name)
}

fn mark(oauth2: &Oauth2, configured: &SecretString) -> String {
    fingerprint(&[&name(oauth2), configured.expose_secret()])
}

/// One name's place in the store, and the key to it.
pub(super) struct Keeper<'a> {
    store: &'a Store,
    key: Key,
    oauth2: &'a Oauth2,
    configured: &'a SecretString,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(store: &'a Store, key: Key, oauth2: &'a Oauth2, configured: &'a SecretString) -> Self {
        Self { store, key, oauth2, configured }
    }

    pub(super) async fn load(&self) -> Result<Option<Kept>, Trouble> {
        Ok(load(self.store, self.oauth2, self.configured).await?)
    }

    /// Whether what is kept descends from the configured token.
    pub(super) fn is_of(&self, kept: &Kept) -> bool {
        kept.of == mark(self.oauth2, self.configured)
    }

    /// The refresh token to use.
    pub(super) fn token(&self, kept: Option<&Kept>) -> Result<SecretString, Trouble> {
        let Some(encrypted) = kept.and_then(|kept| kept.token.as_ref()) else { return Ok(self.configured.clone()) };
        let opened = self.key.open(&name(self.oauth2), encrypted);
        opened.map_err(|source| Trouble::Encrypted { name: self.oauth2.name.clone(), source })
    }

    /// Whether something else is kept now than was.
    pub(super) async fn has_changed(&self, was: Option<&Kept>) -> Result<bool, Trouble> {
        let now = self.load().await?;
        Ok(now.is_some_and(|now| now.token.as_ref() != was.and_then(|was| was.token.as_ref())))
    }

    /// What is to be kept after an answer to `sent`; none when nothing changed.
    pub(super) fn after(
        &self,
        kept: Option<&Kept>,
        sent: &SecretString,
        granted: &Granted,
        now: Millis,
    ) -> Result<Option<Kept>, Trouble> {
        let until = granted.refresh_lives.map(|lives| now + lives);
        let new = granted.refresh_token.as_ref().filter(|new| new.expose_secret() != sent.expose_secret());
        let of = mark(self.oauth2, self.configured);
        if let Some(new) = new {
            let encrypted = self.key.encrypt(&name(self.oauth2), new);
            let token = encrypted.map_err(|source| Trouble::Encrypted { name: self.oauth2.name.clone(), source })?;
            return Ok(Some(Kept { of, token: Some(token), since: now, until }));
        }
        Ok(match kept {
            None => Some(Kept { of, token: None, since: now, until }),
            Some(kept) if is_other(kept.until, until) => Some(Kept { until, ..kept.clone() }),
            Some(_) => None,
        })
    }

    /// Keeps it, so that a power cut does not take it.
    pub(super) async fn save(&self, kept: &Kept) -> Result<(), Trouble> {
        let text = serde_json::to_string(kept).map_err(|e| Trouble::Bug(e.to_string()))?;
        Ok(self.store.set_meta_durable(&name(self.oauth2), &text).await?)
    }
}

/// Servers say how long, in whole seconds: the same end comes out a little different each time.
fn is_other(was: Option<Millis>, is: Option<Millis>) -> bool {
    match (was, is) {
        (Some(was), Some(is)) => (was - is).abs() > MINUTE,
        (None, Some(_)) => true,
        (_, None) => false,
    }
}
