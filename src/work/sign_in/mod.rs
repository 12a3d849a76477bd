//! Signing in to mail servers by OAuth 2.0.
//!
//! Before a connection a fresh access token is got: out of memory, or from the authorization
//! server. One that a mail server refuses is forgotten, and where it was not brand new the next
//! one is tried at once. What dies, and when, is told by [`expiring`].

mod expiring;
mod kept;

pub use expiring::{Ends, Expiring, Perishable, ends, expiring};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use crate::clock::{MINUTE, Millis};
use crate::edge::imap::{Imap, ImapConfig, ImapTrouble};
use crate::edge::login::Login;
use crate::edge::oauth2::{self, Grant, Granted, Oauth2, Refused, TokenTrouble};
use crate::edge::smtp::{Smtp, SmtpTrouble};
use crate::store::{KeyPlace, Store};
use crate::trouble::Trouble;

use super::App;
use kept::{Keeper, Kept};

/// The access tokens of this epoch, and what was refused in it.
#[derive(Debug, Default)]
pub struct Tokens {
    slots: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<Slot>>>>,
    refusals: Mutex<BTreeMap<String, Refusal>>,
}

/// What one name holds; locked while its token is renewed, so that this happens once at a time.
#[derive(Debug, Default)]
struct Slot {
    access: Option<Access>,
    /// A refresh token that was got and could not be kept: nothing else is asked for before it is.
    unsaved: Option<Kept>,
}

#[derive(Debug)]
struct Access {
    token: SecretString,
    /// Fingerprint of the configuration it was had by.
    of: String,
    /// From when on it is renewed.
    renew_at: Millis,
}

/// Something that will not work until somebody acts.
#[derive(Debug, Clone)]
struct Refusal {
    what: Perishable,
    /// When it was refused first.
    at: Millis,
    text: String,
    /// Fingerprint of the configuration that was refused.
    of: String,
}

/// An access token as it is handed out.
struct Token {
    secret: SecretString,
    /// Whether it was got for this call.
    fresh: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tokens {
    fn slot(&self, name: &str) -> Arc<tokio::sync::Mutex<Slot>> {
        Arc::clone(lock(&self.slots).entry(name.to_owned()).or_default())
    }

    /// Forgets an access token that a mail server refused, unless it was renewed meanwhile.
    async fn forget(&self, name: &str, refused: &SecretString) {
        let slot = self.slot(name);
        let mut slot = slot.lock().await;
        slot.access.take_if(|access| access.token.expose_secret() == refused.expose_secret());
    }

    fn refusal(&self, oauth2: &Oauth2) -> Option<Refusal> {
        lock(&self.refusals).get(&oauth2.name).filter(|refusal| refusal.of == oauth2.fingerprint()).cloned()
    }

    /// Notes how asking went: a refusal for good lasts until the configuration changes or asking succeeds.
    fn note(&self, oauth2: &Oauth2, outcome: Result<(), &Trouble>, now: Millis) {
        let refused = match outcome {
            Err(Trouble::SignIn { source: TokenTrouble::Refused { what, text, .. }, .. }) => {
                Some((Perishable::of(*what), text.clone()))
            }
            Err(Trouble::Encrypted { source, .. }) => Some((Perishable::RefreshToken, source.to_string())),
            // That a server is away says nothing about what it refused.
            Err(_) => return,
            Ok(()) => None,
        };
        let at = self.refusal(oauth2).map_or(now, |before| before.at);
        let mut refusals = lock(&self.refusals);
        match refused {
            None => drop(refusals.remove(&oauth2.name)),
            Some((what, text)) => {
                refusals.insert(oauth2.name.clone(), Refusal { what, at, text, of: oauth2.fingerprint() });
            }
        }
    }
}

/// Everything that getting tokens needs.
#[derive(Debug)]
pub struct Signer<'a> {
    /// What is known already.
    pub tokens: &'a Tokens,
    /// Where refresh tokens are kept; without it none is used, as the one that may come back would be lost.
    pub store: Option<&'a Store>,
    /// What they are encrypted with.
    pub key: KeyPlace,
}

impl Signer<'_> {
    /// Connects to a mailbox and signs in.
    ///
    /// # Errors
    /// [`Trouble::Imap`], or [`Trouble::SignIn`], [`Trouble::Encrypted`] or [`Trouble::Store`] when there is no token.
    pub async fn imap(&self, name: &str, config: &ImapConfig, now: Millis) -> Result<Imap, Trouble> {
        let section = format!("mailboxes.{name}");
        let trouble = |source| Trouble::Imap { mailbox: name.to_owned(), source };
        let mut retried = false;
        loop {
            let token = self.token(&section, &config.login, now).await?;
            let signing = with(config, token.as_ref());
            match (Imap::connect(&signing).await, token) {
                (Err(error @ ImapTrouble::Login(_)), Some(token)) => {
                    self.tokens.forget(&section, &token.secret).await;
                    if token.fresh || std::mem::replace(&mut retried, true) {
                        return Err(trouble(error));
                    }
                }
                (outcome, _) => return outcome.map_err(trouble),
            }
        }
    }

    /// Connects to the SMTP server and signs in, unless that is done.
    ///
    /// # Errors
    /// [`Trouble::Smtp`], or [`Trouble::SignIn`], [`Trouble::Encrypted`] or [`Trouble::Store`] when there is no token.
    pub async fn smtp(&self, smtp: &mut Smtp, now: Millis) -> Result<(), Trouble> {
        let mut retried = false;
        while !smtp.is_open().await {
            let token = self.token("smtp", &smtp.login().clone(), now).await?;
            if let Some(token) = &token {
                smtp.sign_in_by(token.secret.clone());
            }
            match (smtp.ready().await, token) {
                (Err(error @ SmtpTrouble::Login { .. }), Some(token)) => {
                    self.tokens.forget("smtp", &token.secret).await;
                    if token.fresh || std::mem::replace(&mut retried, true) {
                        return Err(error.into());
                    }
                }
                (outcome, _) => return Ok(outcome?),
            }
        }
        Ok(())
    }

    /// The access token to sign in with; none where a login needs none.
    async fn token(&self, name: &str, login: &Login, now: Millis) -> Result<Option<Token>, Trouble> {
        match login {
            Login::Password(_) | Login::AccessToken(_) => Ok(None),
            Login::TokenFile(file) => {
                let read = oauth2::token_in(file);
                let secret = read.map_err(|source| Trouble::SignIn { name: name.to_owned(), source })?;
                Ok(Some(Token { secret, fresh: true }))
            }
            Login::Oauth2(oauth2) => {
                let outcome = self.renewed(oauth2, now).await;
                self.tokens.note(oauth2, outcome.as_ref().map(|_| ()), now);
                outcome.map(Some)
            }
        }
    }

    /// The access token of memory, renewed when its end is near.
    async fn renewed(&self, oauth2: &Oauth2, now: Millis) -> Result<Token, Trouble> {
        let slot = self.tokens.slot(&oauth2.name);
        let mut slot = slot.lock().await;
        let of = oauth2.fingerprint();
        if let Some(access) = slot.access.as_ref().filter(|a| a.of == of && now < a.renew_at) {
            return Ok(Token { secret: access.token.clone(), fresh: false });
        }
        let granted = match &oauth2.grant {
            Grant::ClientCredentials => oauth2::ask(oauth2, None).await.map_err(|source| sign_in(oauth2, source))?,
            Grant::RefreshToken(configured) => self.refresh(oauth2, configured, &mut slot, now).await?,
        };
        tracing::info!(sign_in = oauth2.name, good_for_seconds = granted.lives / 1_000, "access token renewed");
        let token = granted.access_token.clone();
        slot.access = Some(Access { token, of, renew_at: now + granted.lives - margin(granted.lives) });
        Ok(Token { secret: granted.access_token, fresh: true })
    }

    /// Asks with the refresh token, and keeps the one that comes back before anything else is done.
    async fn refresh(
        &self,
        oauth2: &Oauth2,
        configured: &SecretString,
        slot: &mut Slot,
        now: Millis,
    ) -> Result<Granted, Trouble> {
        let keeper = self.keeper(oauth2, configured)?;
        if let Some(kept) = slot.unsaved.as_ref().filter(|kept| keeper.is_of(kept)) {
            keeper.save(kept).await?;
        }
        slot.unsaved = None;
        let mut kept = keeper.load().await?;
        let mut token = keeper.token(kept.as_ref())?;
        let granted = match oauth2::ask(oauth2, Some(&token)).await {
            Err(TokenTrouble::Refused { what: Refused::RefreshToken, .. })
                if keeper.has_changed(kept.as_ref()).await? =>
            {
                // Another process asked at the same time and was given a new one.
                kept = keeper.load().await?;
                token = keeper.token(kept.as_ref())?;
                oauth2::ask(oauth2, Some(&token)).await
            }
            outcome => outcome,
        };
        let granted = granted.map_err(|source| sign_in(oauth2, source))?;
        if let Some(next) = keeper.after(kept.as_ref(), &token, &granted, now)? {
            slot.unsaved = Some(next.clone());
            keeper.save(&next).await?;
            slot.unsaved = None;
        }
        Ok(granted)
    }

    /// The key comes first: a token that cannot be kept must not be asked for.
    fn keeper<'k>(&'k self, oauth2: &'k Oauth2, configured: &'k SecretString) -> Result<Keeper<'k>, Trouble> {
        let key = self.key.key().map_err(|source| Trouble::Encrypted { name: oauth2.name.clone(), source })?;
        let store = self.store.ok_or_else(|| {
            Trouble::Again(format!("{}: there is no database yet to keep refresh tokens in", oauth2.name))
        })?;
        Ok(Keeper::new(store, key, oauth2, configured))
    }
}

/// A mailbox of a service desk.
///
/// # Errors
/// As [`Signer::imap`].
pub async fn imap(app: &App, name: &str, config: &ImapConfig) -> Result<Imap, Trouble> {
    app.signer().imap(name, config, app.clock.now()).await
}

/// The SMTP server of a service desk.
///
/// # Errors
/// As [`Signer::smtp`].
pub async fn smtp(app: &App, smtp: &mut Smtp) -> Result<(), Trouble> {
    app.signer().smtp(smtp, app.clock.now()).await
}

fn with(config: &ImapConfig, token: Option<&Token>) -> ImapConfig {
    let mut config = config.clone();
    if let Some(token) = token {
        config.login = Login::AccessToken(token.secret.clone());
    }
    config
}

fn sign_in(oauth2: &Oauth2, source: TokenTrouble) -> Trouble {
    Trouble::SignIn { name: oauth2.name.clone(), source }
}

/// How long before its end an access token is renewed: five minutes, or a tenth of its life where
/// that is more, so that clocks that differ and slow connections do no harm; but never more than half
/// its life, so that short ones serve at all.
fn margin(lives: Millis) -> Millis {
    (lives / 10).max(5 * MINUTE).min(lives / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_renewed_ahead_of_their_end() {
        assert_eq!(margin(60 * MINUTE), 6 * MINUTE);
        assert_eq!(margin(24 * 60 * MINUTE), 144 * MINUTE);
        assert_eq!(margin(20 * MINUTE), 5 * MINUTE);
        assert_eq!(margin(4 * MINUTE), 2 * MINUTE);
    }
}
