//! Connecting and signing in.

use std::time::Duration;

use async_imap::imap_proto::{Capability, Response};
use async_imap::{Authenticator, Client, Session};
use secrecy::{ExposeSecret, SecretString};

use super::ImapTrouble;
use super::archive::{self, Archive};
use super::bounded::Bounded;
use super::exec::{Line, broken, exec};
use crate::edge::login::Login;
use crate::edge::net::{self, Endpoint, Security, Wire};
use crate::edge::redact::redact;
use crate::mail::one_line;

/// A mailbox to watch.
#[derive(Debug, Clone)]
pub struct ImapConfig {
    /// Where the server is.
    pub endpoint: Endpoint,
    /// User.
    pub username: String,
    /// How the user proves it.
    pub login: Login,
    /// Folder that is read.
    pub folder: String,
    /// Folder handled email is moved to; empty leaves it, marked as read.
    pub archive: String,
    /// Limit of one command; fetches get more by their size.
    pub limit: Duration,
    /// What the sizes mean that the server announces.
    pub sizes: Sizes,
}

/// What the sizes mean that a server announces for its emails (RFC822.SIZE).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sizes {
    /// As many bytes as will come (RFC 9051, section 7.5.2), unless the greeting is Exchange's, which estimates.
    #[default]
    Auto,
    /// As many bytes as will come.
    Exact,
    /// About as many.
    Estimated,
}

/// How far an estimate may be off, in bytes, besides a quarter of it.
const OFF: u64 = 64 * 1024;

impl Sizes {
    /// Whether these bytes are the email that was announced.
    pub(super) fn fit(self, announced: u64, came: usize) -> bool {
        let came = came as u64;
        match self {
            Self::Auto | Self::Exact => came == announced,
            Self::Estimated => came > 0 && came <= Self::most(announced) && came + OFF >= announced - announced / 4,
        }
    }

    fn most(announced: u64) -> u64 {
        announced.saturating_add(announced / 4).saturating_add(OFF)
    }

    /// The bytes that an answer with emails of these sizes may have.
    pub(super) fn bound(self, sizes: &[u64]) -> u64 {
        // Headers alone are asked for with no size.
        let one = |size: &u64| if *size == 0 { HEADER } else { Self::most(*size) };
        sizes.iter().map(one).fold(OFF, u64::saturating_add)
    }
}

/// The most bytes of a header that is fetched alone.
const HEADER: u64 = 4 * 1024 * 1024;

/// What the server can do beyond the base protocol.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Can {
    /// IDLE (RFC 2177).
    pub(super) idle: bool,
    /// MOVE (RFC 6851).
    pub(super) r#move: bool,
    /// UIDPLUS (RFC 4315).
    pub(super) uidplus: bool,
}

/// A session, signed in.
#[derive(Debug)]
pub struct Imap {
    pub(super) line: Line,
    pub(super) can: Can,
    pub(super) config: ImapConfig,
    /// Where handled emails go.
    pub(super) archive: Archive,
    /// Whether that folder was asked to be made: once a session is enough.
    pub(super) created: bool,
}

impl Imap {
    /// Connects, encrypts, signs in and finds out what the server can do.
    pub async fn connect(config: &ImapConfig) -> Result<Self, ImapTrouble> {
        let (client, estimates) = greet(config).await?;
        let session = within(config.limit, "signing in", sign_in(client, config)).await?;
        let mut config = config.clone();
        if config.sizes == Sizes::Auto {
            config.sizes = if estimates { Sizes::Estimated } else { Sizes::Exact };
        }
        let line = Line { session, news: false };
        let mut imap = Self { line, can: Can::default(), config, archive: Archive::Unknown, created: false };
        imap.can = imap.capabilities().await?;
        Ok(imap)
    }

    async fn capabilities(&mut self) -> Result<Can, ImapTrouble> {
        let mut can = Can::default();
        exec(&mut self.line, "CAPABILITY", self.config.limit, |answer| {
            if let Response::Capabilities(list) = answer {
                let has =
                    |name: &str| list.iter().any(|c| matches!(c, Capability::Atom(a) if a.eq_ignore_ascii_case(name)));
                can = Can { idle: has("IDLE"), r#move: has("MOVE"), uidplus: has("UIDPLUS") };
            }
        })
        .await?;
        Ok(can)
    }

    /// Makes sure the archive folder exists. One that cannot be had is no error: see [`Imap::barred`].
    pub(crate) async fn ensure_archive(&mut self) -> Result<(), ImapTrouble> {
        archive::ensure(self).await
    }

    /// Why nothing can be moved to the archive folder in this session, if so.
    #[must_use]
    pub(crate) fn barred(&self) -> Option<&str> {
        match &self.archive {
            Archive::Barred(why) => Some(why),
            Archive::Unknown | Archive::Here(_) => None,
        }
    }

    /// Whether the server has announced mail since the folder was last searched: then it must be
    /// searched again before anything is waited for.
    #[must_use]
    pub(crate) fn has_news(&self) -> bool {
        self.line.news
    }

    /// Whether the server announces new email automatically.
    #[must_use]
    pub(crate) fn can_idle(&self) -> bool {
        self.can.idle
    }

    /// Ends the session politely.
    pub async fn logout(mut self) {
        let _ = exec(&mut self.line, "LOGOUT", Duration::from_secs(2), |_| {}).await;
    }
}

/// Gives also whether the server is one that estimates sizes.
async fn greet(config: &ImapConfig) -> Result<(Client<Bounded>, bool), ImapTrouble> {
    let endpoint = &config.endpoint;
    let unreachable = |e: std::io::Error| ImapTrouble::Unreachable(format!("{}: {e}", endpoint.place()));
    let stream = net::connect(endpoint, config.limit).await.map_err(unreachable)?;
    let wire = match endpoint.security {
        Security::Tls => net::encrypt(stream, endpoint, config.limit).await.map_err(unreachable)?,
        Security::StartTls | Security::None => Wire::Plain(stream),
    };
    let mut client = Client::new(Bounded::new(wire));
    let estimates = within(config.limit, "the greeting", greeting(&mut client, endpoint)).await?;
    if endpoint.security != Security::StartTls {
        return Ok((client, estimates));
    }
    let upgrade = async {
        client
            .run_command_and_check_ok("STARTTLS", None)
            .await
            .map_err(|e| ImapTrouble::Unsupported(format!("STARTTLS is refused: {}", one_line(&e.to_string()))))
    };
    within(config.limit, "STARTTLS", upgrade).await?;
    let Wire::Plain(stream) = client.into_inner().into_inner() else {
        return Err(ImapTrouble::Unsupported("the connection is already encrypted".to_owned()));
    };
    // Only what comes after the handshake is believed: no greeting is read again.
    let wire = net::encrypt(stream, endpoint, config.limit).await.map_err(unreachable)?;
    Ok((Client::new(Bounded::new(wire)), estimates))
}

async fn greeting(client: &mut Client<Bounded>, endpoint: &Endpoint) -> Result<bool, ImapTrouble> {
    let answer = client.read_response().await.map_err(|e| broken(e, 0))?;
    match answer {
        Some(answer) => Ok(match answer.parsed() {
            Response::Data { outcome, .. } => {
                outcome.information.as_deref().is_some_and(|words| words.contains("Microsoft Exchange"))
            }
            _ => false,
        }),
        None => Err(ImapTrouble::Unreachable(format!("{} closed the connection without a greeting", endpoint.place()))),
    }
}

async fn sign_in(client: Client<Bounded>, config: &ImapConfig) -> Result<Session<Bounded>, ImapTrouble> {
    let user = &config.username;
    let result = match &config.login {
        Login::AccessToken(token) => client.authenticate("XOAUTH2", Bearer::new(user, token)).await,
        Login::Password(password) if password.expose_secret().is_ascii() && user.is_ascii() => {
            client.login(user, password.expose_secret()).await
        }
        // Quoted strings hold ASCII only; SASL carries UTF-8 (RFC 4616).
        Login::Password(password) => client.authenticate("PLAIN", Plain(user, password)).await,
        Login::TokenFile(_) | Login::Oauth2(_) => {
            return Err(ImapTrouble::Unsupported("there is no access token to sign in with".to_owned()));
        }
    };
    result.map_err(|(error, _)| match error {
        async_imap::error::Error::No(text) | async_imap::error::Error::Bad(text) => {
            ImapTrouble::Login(redact(&text, config.login.secret().as_slice()))
        }
        other => broken(other, 0),
    })
}

struct Plain<'a>(&'a str, &'a SecretString);

impl Authenticator for Plain<'_> {
    type Response = String;

    fn process(&mut self, _: &[u8]) -> String {
        format!("\0{}\0{}", self.0, self.1.expose_secret())
    }
}

/// XOAUTH2: a refusal comes as a second challenge, which wants an empty answer.
struct Bearer {
    first: Option<String>,
}

impl Bearer {
    fn new(user: &str, token: &SecretString) -> Self {
        Self { first: Some(format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose_secret())) }
    }
}

impl Authenticator for Bearer {
    type Response = String;

    fn process(&mut self, _: &[u8]) -> String {
        self.first.take().unwrap_or_default()
    }
}

async fn within<T>(
    limit: Duration,
    what: &str,
    work: impl Future<Output = Result<T, ImapTrouble>>,
) -> Result<T, ImapTrouble> {
    let result = tokio::time::timeout(limit, work).await;
    result.unwrap_or(Err(ImapTrouble::Timeout { command: what.to_owned(), limit }))
}
