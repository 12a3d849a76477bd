//! Signing in by OAuth 2.0: what is written, checked into what tokens are asked for with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::checker::is_loopback;
use super::checker::{Check, list};
use super::raw::{self, Raw};
use super::secret::Place;
use crate::clock::{DAY, Millis};
use crate::edge::login::Login;
use crate::edge::oauth2::{Grant, Oauth2, Provider};

/// What the token is for: Microsoft has a scope for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// IMAP.
    Read,
    /// SMTP.
    Send,
}

/// Days without use after which Microsoft lets a refresh token die.
const MICROSOFT_DAYS: u32 = 90;
/// What `warn_before` is where it is not said.
const WARN_BEFORE: &str = "14d";

/// The `oauth2` of a section; none when something that signing in needs is missing.
pub(super) fn oauth2(
    check: &mut Check,
    section: &str,
    raw: &raw::Oauth2,
    purpose: Purpose,
    all: &Raw,
) -> Option<Login> {
    let mut table = Table { section, raw, check };
    if raw.access_token.is_some() || raw.access_token_file.is_some() {
        table.alone();
        return table.given();
    }
    let named = raw.provider.is_some() || raw.client_id.is_some() || raw.token_url.is_some();
    if !named {
        let given = table.given();
        if given.is_none() {
            table.note(
                "provider",
                "say whose authorization server gives the tokens: \"microsoft\", \"google\" or \"other\"; \
                 or give access_token_file = \"…\", a file that some program keeps up to date",
            );
        }
        return given;
    }
    table.asked_for(purpose, all).map(|oauth2| Login::Oauth2(Arc::new(oauth2)))
}

/// Whether a refresh token is configured anywhere, which will have to be kept when it changes.
pub(super) fn keeps_tokens(check: &mut Check, raw: &Raw) -> bool {
    let mailboxes = raw.mailboxes.iter().filter_map(|(n, m)| Some((format!("mailboxes.{n}"), m.oauth2.as_ref()?)));
    let smtp = raw.smtp.as_ref().and_then(|s| Some(("smtp".to_owned(), s.oauth2.as_ref()?)));
    mailboxes.chain(smtp).any(|(section, oauth2)| {
        let mut table = Table { section: &section, raw: oauth2, check };
        oauth2.grant != Some(raw::Grant::ClientCredentials) && table.refresh_token().is_some()
    })
}

/// A first signing in, of a section whose refresh token is not there yet.
#[derive(Debug, Clone)]
pub struct FirstSignIn {
    /// What the token is asked for with; its scope is that of every section that uses the same file.
    pub oauth2: Oauth2,
    /// Where a person signs in: the authorization endpoint (RFC 6749, section 3.1).
    pub authorize_url: String,
    /// Who it is: the section's user.
    pub user: String,
    /// Where the refresh token is kept.
    pub file: PathBuf,
    /// All sections that use that file.
    pub sections: Vec<String>,
}

/// A section that signs in by tokens.
struct Signing<'a> {
    name: String,
    table: &'a raw::Oauth2,
    user: &'a str,
    purpose: Purpose,
}

/// The sections that a person signs in for.
fn by_person(raw: &Raw) -> Vec<Signing<'_>> {
    let mailboxes = raw.mailboxes.iter().filter_map(|(name, mailbox)| {
        let user = mailbox.username.as_deref().unwrap_or_default();
        Some(Signing {
            name: format!("mailboxes.{name}"),
            table: mailbox.oauth2.as_ref()?,
            user,
            purpose: Purpose::Read,
        })
    });
    let smtp = raw.smtp.as_ref().and_then(|smtp| {
        let user = smtp.username.as_deref().unwrap_or_default();
        Some(Signing { name: "smtp".to_owned(), table: smtp.oauth2.as_ref()?, user, purpose: Purpose::Send })
    });
    mailboxes.chain(smtp).filter(|section| section.table.refresh_token_file.is_some()).collect()
}

/// What signing a person in for a section needs; `wanted` is its name, or empty where there is but one.
pub(super) fn first(check: &mut Check, wanted: &str, raw: &Raw) -> Option<FirstSignIn> {
    let all = by_person(raw);
    let named = all.iter().find(|section| section.name == wanted);
    let Some(section) = named.or(all.first().filter(|_| wanted.is_empty() && all.len() == 1)) else {
        let names: Vec<String> = all.iter().map(|section| section.name.clone()).collect();
        let text = "a person signs in for a section with oauth2 = { …, refresh_token_file = \"…\" }; there is";
        check.note(if wanted.is_empty() { "oauth2" } else { wanted }, format!("{text} {}", list(&names)));
        return None;
    };
    let file = section.table.refresh_token_file.as_ref()?;
    let sharing: Vec<&Signing> = all.iter().filter(|s| s.table.refresh_token_file.as_ref() == Some(file)).collect();
    let mut table = Table { section: &section.name, raw: section.table, check };
    let provider = table.provider()?;
    let ground = || Grant::RefreshToken(SecretString::from(""));
    let mut oauth2 = table.on_ground(Some(provider), Some(ground()), section.purpose, raw)?;
    let authorize_url = table.authorize_url(provider)?;
    let scopes = sharing.iter().map(|s| s.table.scope.as_deref().unwrap_or(scope(provider, &ground(), s.purpose)));
    oauth2.scope = united(scopes);
    let sections = sharing.iter().map(|section| section.name.clone()).collect();
    Some(FirstSignIn { oauth2, authorize_url, user: section.user.to_owned(), file: check.source.path(file), sections })
}

/// Every word of several scopes, once.
fn united<'a>(scopes: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in scopes.flat_map(str::split_whitespace) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" ")
}

/// One `oauth2` table.
struct Table<'a, 'b, 'c> {
    section: &'a str,
    raw: &'a raw::Oauth2,
    check: &'b mut Check<'c>,
}

impl Table<'_, '_, '_> {
    fn key(&self, name: &str) -> String {
        format!("{}.oauth2.{name}", self.section)
    }

    fn note(&mut self, name: &str, message: impl Into<String>) {
        let key = self.key(name);
        self.check.note(&key, message);
    }

    fn secret(&mut self, name: &str, value: Option<&str>, file: Option<&Path>) -> Option<SecretString> {
        let place = Place { key: self.key(name), value, file };
        place
            .read(self.check.source, self.check.mistakes)
            .filter(|s| !secrecy::ExposeSecret::expose_secret(s).is_empty())
    }

    fn refresh_token(&mut self) -> Option<SecretString> {
        let raw = self.raw;
        self.secret("refresh_token", raw.refresh_token.as_deref(), raw.refresh_token_file.as_deref())
    }

    /// An access token that somebody else keeps fresh. One in a file is read before each connection.
    fn given(&mut self) -> Option<Login> {
        let (value, file) = (self.raw.access_token.as_deref(), self.raw.access_token_file.as_deref());
        let token = self.secret("access_token", value, file)?;
        match (value, file) {
            (None, Some(file)) => Some(Login::TokenFile(self.check.source.path(file))),
            _ => Some(Login::AccessToken(token)),
        }
    }

    /// An access token that is given needs nothing else, and what else is written would not be used.
    fn alone(&mut self) {
        if self.raw.client_id.is_some() || self.raw.provider.is_some() {
            self.note(
                "access_token",
                "give either an access token, or what tokens are asked for with (client_id and so on), not both",
            );
        }
    }

    fn asked_for(&mut self, purpose: Purpose, all: &Raw) -> Option<Oauth2> {
        let provider = self.provider();
        let grant = self.grant(provider);
        self.on_ground(provider, grant, purpose, all)
    }

    fn on_ground(
        &mut self,
        provider: Option<Provider>,
        grant: Option<Grant>,
        purpose: Purpose,
        all: &Raw,
    ) -> Option<Oauth2> {
        let client_id = self.client_id();
        let client_secret = self.client_secret(grant.as_ref());
        let token_url = provider.and_then(|provider| self.token_url(provider, grant.as_ref()));
        let warn_before = self.raw.warn_before.clone().unwrap_or_else(|| WARN_BEFORE.to_owned());
        let warn_before = self.check.millis(&self.key("warn_before"), &warn_before);
        let ca_pem = self.check.authority(&format!("{}.oauth2", self.section), self.raw.ca_file.as_deref());
        let secret_expires = self.secret_expires(all);
        let (provider, grant) = (provider?, grant?);
        Some(Oauth2 {
            name: self.section.to_owned(),
            provider,
            token_url: token_url?,
            scope: self.raw.scope.clone().unwrap_or_else(|| scope(provider, &grant, purpose).to_owned()),
            client_id: client_id?,
            client_secret,
            refresh_token_lives: self.refresh_token_lives(provider),
            grant,
            ca_pem,
            secret_expires,
            warn_before: warn_before?,
        })
    }

    fn provider(&mut self) -> Option<Provider> {
        match self.raw.provider {
            Some(raw::Provider::Microsoft) => Some(Provider::Microsoft),
            Some(raw::Provider::Google) => Some(Provider::Google),
            Some(raw::Provider::Other) => Some(Provider::Other),
            None if self.raw.token_url.is_some() => Some(Provider::Other),
            None => {
                self.note("provider", "it is needed: \"microsoft\", \"google\", or \"other\" with token_url");
                None
            }
        }
    }

    fn grant(&mut self, provider: Option<Provider>) -> Option<Grant> {
        let google = provider == Some(Provider::Google);
        let with_token = self.raw.refresh_token.is_some() || self.raw.refresh_token_file.is_some();
        match self.raw.grant {
            Some(raw::Grant::ClientCredentials) if google => {
                self.note(
                    "grant",
                    "Google gives no access to mail by client credentials; use grant = \"refresh_token\" with refresh_token_file",
                );
                None
            }
            Some(raw::Grant::ClientCredentials) => {
                if with_token {
                    self.note(
                        "refresh_token",
                        "client credentials need none; take it out, or say grant = \"refresh_token\"",
                    );
                }
                Some(Grant::ClientCredentials)
            }
            wanted => match self.refresh_token() {
                Some(token) => Some(Grant::RefreshToken(token)),
                // What is wrong with the file was noted when it was read.
                None if self.raw.refresh_token_file.is_some() => None,
                None if wanted.is_some() || google => {
                    let key = self.key("refresh_token");
                    self.note(
                        "refresh_token",
                        format!("it is needed: refresh_token_file = \"…\", or the credential {key}"),
                    );
                    None
                }
                None => Some(Grant::ClientCredentials),
            },
        }
    }

    fn client_id(&mut self) -> Option<String> {
        let id = self.raw.client_id.clone().filter(|id| !id.is_empty());
        if id.is_none() {
            self.note("client_id", "it is needed: the name the authorization server gave this program");
        }
        id
    }

    /// A person's refresh token may have been given to a public client, which has no secret.
    fn client_secret(&mut self, grant: Option<&Grant>) -> Option<SecretString> {
        let raw = self.raw;
        let secret = self.secret("client_secret", raw.client_secret.as_deref(), raw.client_secret_file.as_deref());
        if secret.is_none() && raw.client_secret_file.is_none() && matches!(grant, Some(Grant::ClientCredentials)) {
            let key = self.key("client_secret");
            self.note(
                "client_secret",
                format!("client credentials need it: client_secret_file = \"…\", or the credential {key}; or give a refresh token"),
            );
        }
        secret
    }

    fn token_url(&mut self, provider: Provider, grant: Option<&Grant>) -> Option<String> {
        let given = self.raw.token_url.clone();
        let url = match (given, provider) {
            (Some(url), _) => url,
            (None, Provider::Google) => "https://oauth2.googleapis.com/token".to_owned(),
            (None, Provider::Microsoft) => {
                let tenant = self.tenant(grant)?;
                format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
            }
            (None, Provider::Other) => {
                self.note("token_url", "it is needed: the address of the authorization server's token endpoint");
                return None;
            }
        };
        self.safe("token_url", url)
    }

    /// Where a person signs in.
    fn authorize_url(&mut self, provider: Provider) -> Option<String> {
        let url = match (self.raw.authorize_url.clone(), provider) {
            (Some(url), _) => url,
            (None, Provider::Google) => "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
            (None, Provider::Microsoft) => {
                let tenant = self.tenant(None)?;
                format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize")
            }
            (None, Provider::Other) => {
                let text = "it is needed to sign in: the address of the authorization server's authorization endpoint";
                self.note("authorize_url", text);
                return None;
            }
        };
        self.safe("authorize_url", url)
    }

    /// Secrets are sent there: nobody may read along, and none may stand in the address itself.
    fn safe(&mut self, key: &str, url: String) -> Option<String> {
        let parsed = reqwest::Url::parse(&url).ok().filter(|u| u.host_str().is_some());
        let Some(parsed) = parsed.filter(|u| matches!(u.scheme(), "https" | "http")) else {
            self.note(
                key,
                format!("{url:?} is not a valid address; write one like \"https://login.example.org/token\""),
            );
            return None;
        };
        let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if parsed.scheme() == "http" && !is_loopback(host) {
            self.note(key, "it must begin with https:// (http only to this machine): secrets are sent there");
            return None;
        }
        if !parsed.username().is_empty() || parsed.password().is_some() || parsed.fragment().is_some() {
            self.note(key, "it may hold neither a user nor a part after #; see client_id and client_secret");
            return None;
        }
        Some(url)
    }

    fn tenant(&mut self, grant: Option<&Grant>) -> Option<String> {
        let tenant = self.raw.tenant.clone().unwrap_or_default();
        if tenant.is_empty() || !tenant.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')) {
            self.note("tenant", "Microsoft needs it: the directory (tenant) ID, or a domain of the organisation");
            return None;
        }
        let shared = matches!(tenant.to_ascii_lowercase().as_str(), "common" | "organizations" | "consumers");
        if shared && matches!(grant, Some(Grant::ClientCredentials)) {
            self.note(
                "tenant",
                format!("client credentials belong to one organisation; {tenant:?} names none: give its tenant ID"),
            );
            return None;
        }
        Some(tenant)
    }

    fn refresh_token_lives(&self, provider: Provider) -> Option<Millis> {
        let usual = if provider == Provider::Microsoft { MICROSOFT_DAYS } else { 0 };
        let days = self.raw.refresh_token_days.unwrap_or(usual);
        (days > 0).then(|| Millis::from(days) * DAY)
    }

    /// The beginning of the day named: some servers end a secret at the hour it was made.
    fn secret_expires(&mut self, all: &Raw) -> Option<Millis> {
        let text = self.raw.secret_expires.as_deref()?;
        let zone = all.desk.as_ref().and_then(|desk| TimeZone::get(&desk.time_zone).ok()).unwrap_or(TimeZone::UTC);
        let day = text.parse::<jiff::civil::Date>().ok().and_then(|day| day.to_zoned(zone).ok());
        if day.is_none() {
            self.note("secret_expires", format!("{text:?} is not a valid day; write one like \"2027-01-31\""));
        }
        day.map(|day| day.timestamp().as_millisecond())
    }
}

/// What a token must allow, where the configuration does not say it.
fn scope(provider: Provider, grant: &Grant, purpose: Purpose) -> &'static str {
    match (provider, grant, purpose) {
        (Provider::Microsoft, Grant::ClientCredentials, _) => "https://outlook.office365.com/.default",
        // Without offline_access no new refresh token comes with the answer, and the first one dies.
        (Provider::Microsoft, _, Purpose::Read) => "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
        (Provider::Microsoft, _, Purpose::Send) => "https://outlook.office.com/SMTP.Send offline_access",
        (Provider::Google, ..) => "https://mail.google.com/",
        (Provider::Other, ..) => "",
    }
}
