//! What signing in depends on and will die, or has.

use crate::clock::{Millis, spoken};
use crate::edge::oauth2::{Grant, Oauth2, Refused};
use crate::settings::Settings;
use crate::store::{Store, StoreError};

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
    fn words(self, section: &str, french: bool) -> (&'static str, String) {
        match (self, french) {
            (Self::RefreshToken, true) => (
                "le jeton d'actualisation",
                format!(
                    "reconnectez-vous par `guichet sign-in {section}`, ou mettez le nouveau jeton dans {section}.oauth2.refresh_token"
                ),
            ),
            (Self::RefreshToken, false) => (
                "the refresh token",
                format!(
                    "sign in anew with `guichet sign-in {section}`, or put the new token into {section}.oauth2.refresh_token"
                ),
            ),
            (Self::ClientSecret, true) => (
                "le secret du client",
                format!(
                    "créez-en un autre, mettez-le dans {section}.oauth2.client_secret et sa fin dans secret_expires"
                ),
            ),
            (Self::ClientSecret, false) => (
                "the client secret",
                format!("make a new one, put it into {section}.oauth2.client_secret and its end into secret_expires"),
            ),
            (Self::Access, true) => ("l'accès", format!("voyez {section}.oauth2")),
            (Self::Access, false) => ("access", format!("see {section}.oauth2")),
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
    /// What happens and what to do, in French.
    pub fr: String,
    /// The same in English.
    pub en: String,
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
        found.extend(refusal.as_ref().map(|refusal| refused(oauth2, refusal, settings)));
        let dated = [(Perishable::RefreshToken, ends.refresh_token), (Perishable::ClientSecret, ends.client_secret)];
        for (what, at) in dated {
            let told = refusal.as_ref().is_some_and(|refusal| refusal.what == what);
            if let Some(at) = at.filter(|at| !told && at - now <= oauth2.warn_before) {
                found.push(dying(oauth2, what, at, now, settings));
            }
        }
    }
    Ok(found)
}

fn refused(oauth2: &Oauth2, refusal: &Refusal, settings: &Settings) -> Expiring {
    let Refusal { what, at, text, .. } = refusal;
    let ([fr, en], zone) = (both(*what, oauth2), &settings.policy.service_desk.time_zone);
    let (since_fr, since_en) = (spoken(*at, zone, "fr"), spoken(*at, zone, "en"));
    Expiring {
        name: oauth2.name.clone(),
        what: *what,
        at: *at,
        fr: format!("{} : {} est refusé depuis le {since_fr} ({text}) ; {}", oauth2.name, fr.0, fr.1),
        en: format!("{}: {} is refused since {since_en} ({text}); {}", oauth2.name, en.0, en.1),
    }
}

fn dying(oauth2: &Oauth2, what: Perishable, at: Millis, now: Millis, settings: &Settings) -> Expiring {
    let ([fr, en], zone) = (both(what, oauth2), &settings.policy.service_desk.time_zone);
    let (dies_fr, dies_en) = if at <= now { ("a expiré", "expired") } else { ("expire", "expires") };
    let (on_fr, on_en) = (spoken(at, zone, "fr"), spoken(at, zone, "en"));
    Expiring {
        name: oauth2.name.clone(),
        what,
        at,
        fr: format!("{} : {} {dies_fr} le {on_fr} ; {}", oauth2.name, fr.0, fr.1),
        en: format!("{}: {} {dies_en} on {on_en}; {}", oauth2.name, en.0, en.1),
    }
}

fn both(what: Perishable, oauth2: &Oauth2) -> [(&'static str, String); 2] {
    [what.words(&oauth2.name, true), what.words(&oauth2.name, false)]
}
