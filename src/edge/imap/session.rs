//! Connecting and signing in.

use std::time::Duration;

use async_imap::imap_proto::{Capability, Response};
use async_imap::{Authenticator, Client, Session};
use secrecy::{ExposeSecret, SecretString};

use super::exec::{Line, broken, exec};
use super::{ImapTrouble, archive};
use crate::edge::login::Login;
use crate::edge::net::{self, Endpoint, Security, Wire};

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
    /// Folder handled mail is moved to; empty leaves it, marked as read.
    pub archive: String,
    /// Limit of one command; fetches get more by their size.
    pub limit: Duration,
}

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
    /// The archive folder as the server names it, once it is known to exist.
    pub(super) archive: Option<String>,
}

impl Imap {
    /// Connects, encrypts, signs in and finds out what the server can do.
    ///
    /// # Errors
    /// [`ImapTrouble`].
    pub async fn connect(config: &ImapConfig) -> Result<Self, ImapTrouble> {
        let client = greet(config).await?;
        let session = within(config.limit, "signing in", sign_in(client, config)).await?;
        let mut imap =
            Self { line: Line { session, news: false }, can: Can::default(), config: config.clone(), archive: None };
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

    /// Makes sure the archive folder exists.
    ///
    /// # Errors
    /// [`ImapTrouble`].
    pub async fn ensure_archive(&mut self) -> Result<(), ImapTrouble> {
        archive::ensure(self).await
    }

    /// Whether the server has announced mail since the folder was last searched: then it must be
    /// searched again before anything is waited for.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.line.news
    }

    /// Whether the server announces new mail by itself.
    #[must_use]
    pub fn can_idle(&self) -> bool {
        self.can.idle
    }

    /// Ends the session politely.
    pub async fn logout(mut self) {
        let _ = exec(&mut self.line, "LOGOUT", Duration::from_secs(2), |_| {}).await;
    }
}

async fn greet(config: &ImapConfig) -> Result<Client<Wire>, ImapTrouble> {
    let endpoint = &config.endpoint;
    let unreachable = |e: std::io::Error| ImapTrouble::Unreachable(format!("{}: {e}", endpoint.place()));
    let stream = net::connect(endpoint, config.limit).await.map_err(unreachable)?;
    let wire = match endpoint.security {
        Security::Tls => net::encrypt(stream, endpoint, config.limit).await.map_err(unreachable)?,
        Security::StartTls | Security::None => Wire::Plain(stream),
    };
    let mut client = Client::new(wire);
    within(config.limit, "the greeting", greeting(&mut client, endpoint)).await?;
    if endpoint.security != Security::StartTls {
        return Ok(client);
    }
    let upgrade = async {
        client
            .run_command_and_check_ok("STARTTLS", None)
            .await
            .map_err(|e| ImapTrouble::Unsupported(format!("STARTTLS is refused: {e}")))
    };
    within(config.limit, "STARTTLS", upgrade).await?;
    let Wire::Plain(stream) = client.into_inner() else {
        return Err(ImapTrouble::Unsupported("the connection is already encrypted".to_owned()));
    };
    // Only what comes after the handshake is believed: no greeting is read again.
    let wire = net::encrypt(stream, endpoint, config.limit).await.map_err(unreachable)?;
    Ok(Client::new(wire))
}

async fn greeting(client: &mut Client<Wire>, endpoint: &Endpoint) -> Result<(), ImapTrouble> {
    let answer = client.read_response().await.map_err(broken)?;
    match answer {
        Some(_) => Ok(()),
        None => Err(ImapTrouble::Unreachable(format!("{} closed the connection without a greeting", endpoint.place()))),
    }
}

async fn sign_in(client: Client<Wire>, config: &ImapConfig) -> Result<Session<Wire>, ImapTrouble> {
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
        async_imap::error::Error::No(text) | async_imap::error::Error::Bad(text) => ImapTrouble::Login(text),
        other => broken(other),
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
