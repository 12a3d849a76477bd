//! What signing in depends on and will die, or has.

use crate::clock::Millis;
use crate::edge::oauth2::{Grant, Oauth2, Refused};
use crate::settings::Settings;
use crate::store::{Store, StoreError};
use crate::ticket::phrase::phrase;
use crate::ticket::{Phrase, Value};

use super::{Refusal, Tokens, kept};

/// What dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Perishable {
    /// A person's refresh token.
    RefreshToken,
    /// The client's secret.
    ClientSecret,
    /// Anything else an authorization server refuses for good.
    Access,
}

impl Perishable {
    pub(super) fn of(refused: Refused) -> Self {
        match refused {
            Refused::RefreshToken => Self::RefreshToken,
            Refused::Client => Self::ClientSecret,
            Refused::Code | Refused::Request => Self::Access,
        }
    }

    /// Its name with the article, and what to do about it.
    fn phrases(self, section: &str) -> (Phrase, Phrase) {
        match self {
            Self::RefreshToken => (phrase!("sign_in.refresh_token"), phrase!("sign_in.renew_refresh_token", section)),
            Self::ClientSecret => (phrase!("sign_in.client_secret"), phrase!("sign_in.renew_client_secret", section)),
            Self::Access => (phrase!("sign_in.access"), phrase!("sign_in.see_section", section)),
        }
    }
}

/// Something that dies soon, is dead, or is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiring {
    /// Whose it is: `mailboxes.NAME` or `smtp`.
    pub name: String,

    pub what: Perishable,
    /// When it dies or died; of what is refused, when it was refused first.
    pub at: Millis,
    /// What is said of it.
    pub said: Phrase,
}

/// When what a sign-in depends on dies, as far as is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    pub refresh_token: Option<Millis>,

    pub client_secret: Option<Millis>,
}

/// When what a sign-in depends on dies.
pub async fn ends(store: Option<&Store>, oauth2: &Oauth2) -> Result<Ends, StoreError> {
    let kept = match (&oauth2.grant, store) {
        (Grant::RefreshToken(configured), Some(store)) => kept::load(store, oauth2, configured).await?,
        _ => None,
    };
    Ok(Ends { refresh_token: kept.and_then(|kept| kept.dies_at(oauth2)), client_secret: oauth2.secret_expires })
}

/// Every refresh token and client secret that dies within its `warn_before`, is dead, or was refused
/// for good in this epoch; by section, what was refused first.
pub async fn expiring(
    tokens: &Tokens,
    settings: &Settings,
    store: &Store,
    now: Millis,
) -> Result<Vec<Expiring>, StoreError> {
    let mut found = Vec::new();
    for oauth2 in settings.oauth2() {
        let refusal = tokens.refusal(oauth2);
        let ends = ends(Some(store), oauth2).await?;
        found.extend(refusal.as_ref().map(|refusal| refused(oauth2, refusal)));
        let dated = [(Perishable::RefreshToken, ends.refresh_token), (Perishable::ClientSecret, ends.client_secret)];
        for (what, at) in dated {
            let told = refusal.as_ref().is_some_and(|refusal| refusal.what == what);
            if let Some(at) = at.filter(|at| !told && at - now <= oauth2.warn_before) {
                found.push(dying(oauth2, what, at, now));
            }
        }
    }
    Ok(found)
}

fn refused(oauth2: &Oauth2, refusal: &Refusal) -> Expiring {
    let Refusal { what, at, text, .. } = refusal;
    let (name, (subject, cure)) = (&oauth2.name, what.phrases(&oauth2.name));
    let said = phrase!("sign_in.refused", name, what = subject, at = Value::At(*at), text, cure);
    Expiring { name: name.clone(), what: *what, at: *at, said }
}

fn dying(oauth2: &Oauth2, what: Perishable, at: Millis, now: Millis) -> Expiring {
    let (name, (subject, cure), on) = (&oauth2.name, what.phrases(&oauth2.name), Value::At(at));
    let said = if at <= now {
        phrase!("sign_in.expired", name, what = subject, at = on, cure)
    } else {
        phrase!("sign_in.expires", name, what = subject, at = on, cure)
    };
    Expiring { name: name.clone(), what, at, said }
}
