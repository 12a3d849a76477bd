//! Sending: one connection, one recipient a letter.
//!
//! The connection is our own and not pooled, because a pooled one stalls on Nagle's delay and a
//! pooled send that is given up shifts the replies of the next. Here a connection on which
//! anything went wrong is dropped.

use std::time::{Duration, Instant};

use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret, SecretString};

use super::login::Login;
use super::net::{self, Endpoint, Security, Wire, with_causes};

/// The server letters are handed to.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// Where it is.
    pub endpoint: Endpoint,
    /// User; none sends without signing in.
    pub username: Option<String>,
    /// How the user proves it.
    pub login: Login,
    /// Name given in EHLO.
    pub hello: String,
    /// Limit of a connection attempt, of signing in, and of one letter.
    pub limit: Duration,
}

/// Why a letter did not leave.
#[derive(Debug, thiserror::Error)]
pub enum SmtpTrouble {
    /// The server cannot be reached or broke off: no letter's fault.
    #[error("{place}: {text}")]
    Unreachable {
        /// `host:port`.
        place: String,
        /// What happened.
        text: String,
    },
    /// User, password or token is refused.
    #[error("{place} refuses the user, password or token: {text}")]
    Login {
        /// `host:port`.
        place: String,
        /// What the server said.
        text: String,
    },
    /// The server will not take this letter now (4xx).
    #[error("{0}")]
    Transient(String),
    /// The server will never take this letter (5xx), or it cannot be sent at all.
    #[error("{0}")]
    Permanent(String),
}

/// A connection that is opened when it is needed and kept for the next letter.
#[derive(Debug)]
pub struct Smtp {
    config: SmtpConfig,
    /// The access token that takes the place of the configured login.
    token: Option<Login>,
    open: Option<Open>,
}

struct Open {
    connection: AsyncSmtpConnection,
    /// Whether the server takes several commands at once (PIPELINING, RFC 2920).
    pipelining: bool,
    used: Instant,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Open")
    }
}

/// Servers close idle connections after minutes; one older than this is not trusted.
const KEEP: Duration = Duration::from_secs(20);

impl Smtp {
    /// A sender that has not connected yet.
    #[must_use]
    pub fn new(config: SmtpConfig) -> Self {
        Self { config, token: None, open: None }
    }

    /// Whether a connection is open that can be trusted; one that rested too long is ended first.
    pub async fn is_open(&mut self) -> bool {
        if self.open.as_ref().is_some_and(|open| open.used.elapsed() > KEEP) {
            self.quit().await;
        }
        self.open.is_some()
    }

    /// How the user signs in, as configured.
    #[must_use]
    pub fn login(&self) -> &Login {
        &self.config.login
    }

    /// From the next connection on, signs in by this access token (RFC 6749, section 1.4).
    pub fn sign_in_by(&mut self, access_token: SecretString) {
        self.token = Some(Login::AccessToken(access_token));
    }

    /// Connects and signs in, unless that is done.
    ///
    /// # Errors
    /// [`SmtpTrouble::Unreachable`] or [`SmtpTrouble::Login`].
    pub async fn ready(&mut self) -> Result<(), SmtpTrouble> {
        if !self.is_open().await {
            let login = self.token.as_ref().unwrap_or(&self.config.login);
            self.open = Some(connect(&self.config, login).await?);
        }
        Ok(())
    }

    /// Hands one letter to the server.
    ///
    /// # Errors
    /// [`SmtpTrouble`]; the connection is then closed.
    pub async fn send(&mut self, from: &str, to: &str, bytes: &[u8]) -> Result<(), SmtpTrouble> {
        let envelope = envelope(from, to)?;
        self.ready().await?;
        // Taken out, so that a connection given up halfway can never be used again.
        let Some(mut open) = self.open.take() else {
            return Err(self.unreachable("no connection"));
        };
        match tokio::time::timeout(self.config.limit, hand_over(&mut open, &envelope, bytes)).await {
            Ok(Ok(_)) => {
                open.used = Instant::now();
                self.open = Some(open);
                Ok(())
            }
            Ok(Err(error)) => Err(self.classify(&error)),
            Err(_) => Err(self.unreachable(&format!("no answer within {} s", self.config.limit.as_secs()))),
        }
    }

    /// Ends the connection politely.
    pub async fn quit(&mut self) {
        if let Some(mut open) = self.open.take() {
            let _ = tokio::time::timeout(Duration::from_secs(2), open.connection.quit()).await;
        }
    }

    fn classify(&self, error: &SmtpError) -> SmtpTrouble {
        let text = describe(error);
        if error.is_permanent() || error.is_client() {
            SmtpTrouble::Permanent(text)
        } else if error.is_transient() {
            SmtpTrouble::Transient(text)
        } else {
            self.unreachable(&text)
        }
    }

    fn unreachable(&self, text: &str) -> SmtpTrouble {
        SmtpTrouble::Unreachable { place: self.config.endpoint.place(), text: text.to_owned() }
    }
}

async fn connect(config: &SmtpConfig, login: &Login) -> Result<Open, SmtpTrouble> {
    let place = config.endpoint.place();
    let unreachable = |text: String| SmtpTrouble::Unreachable { place: place.clone(), text };
    let stream = net::connect(&config.endpoint, config.limit).await.map_err(|e| unreachable(e.to_string()))?;
    let wire = match config.endpoint.security {
        Security::Tls => {
            net::encrypt(stream, &config.endpoint, config.limit).await.map_err(|e| unreachable(e.to_string()))?
        }
        Security::StartTls | Security::None => Wire::Plain(stream),
    };
    match tokio::time::timeout(config.limit, greet(config, login, wire)).await {
        Ok(result) => result,
        Err(_) => Err(unreachable(format!("no answer within {} s", config.limit.as_secs()))),
    }
}

async fn greet(config: &SmtpConfig, login: &Login, wire: Wire) -> Result<Open, SmtpTrouble> {
    let place = config.endpoint.place();
    let unreachable = |e: SmtpError| SmtpTrouble::Unreachable { place: place.clone(), text: describe(&e) };
    let hello = ClientId::Domain(config.hello.clone());
    let mut connection =
        AsyncSmtpConnection::connect_with_transport(Box::new(wire), &hello).await.map_err(unreachable)?;
    if config.endpoint.security == Security::StartTls {
        let tls = starttls_parameters(&config.endpoint).map_err(unreachable)?;
        connection.starttls(tls, &hello).await.map_err(unreachable)?;
    }
    if let Some(user) = &config.username {
        sign_in(&mut connection, user, login, &place).await?;
    }
    // The library reads EHLO's answer for itself and keeps this line from us.
    let abilities = connection.command(Ehlo::new(hello)).await.map_err(unreachable)?;
    let pipelining = abilities.message().any(|line| line.eq_ignore_ascii_case("PIPELINING"));
    Ok(Open { connection, pipelining, used: Instant::now() })
}

async fn sign_in(
    connection: &mut AsyncSmtpConnection,
    user: &str,
    login: &Login,
    place: &str,
) -> Result<(), SmtpTrouble> {
    let refused = |text: String| SmtpTrouble::Login { place: place.to_owned(), text };
    let done = match login {
        Login::Password(password) => {
            let credentials = Credentials::new(user.to_owned(), password.expose_secret().to_owned());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map(|_| ())
        }
        Login::AccessToken(token) => {
            if !connection.server_info().supports_auth_mechanism(Mechanism::Xoauth2) {
                return Err(refused("it takes no access tokens (XOAUTH2)".to_owned()));
            }
            bearer(connection, Credentials::new(user.to_owned(), token.expose_secret().to_owned())).await
        }
        Login::TokenFile(_) | Login::Oauth2(_) => {
            return Err(refused("there is no access token to sign in with".to_owned()));
        }
    };
    done.map_err(|e| match e.is_permanent() {
        true => refused(describe(&e)),
        false => SmtpTrouble::Unreachable { place: place.to_owned(), text: describe(&e) },
    })
}

/// XOAUTH2: a refusal may come as a challenge, which wants an empty answer; the library has none for it.
async fn bearer(connection: &mut AsyncSmtpConnection, credentials: Credentials) -> Result<(), SmtpError> {
    let answer = connection.command(Auth::new(Mechanism::Xoauth2, credentials, None)?).await?;
    if answer.has_code(334) {
        connection.command("\r\n").await?;
    }
    Ok(())
}

/// One letter over an open connection: two round trips where the server allows, else four.
async fn hand_over(open: &mut Open, envelope: &Envelope, bytes: &[u8]) -> Result<(), SmtpError> {
    let ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    let plain = bytes.is_ascii() && envelope.from().is_none_or(ascii) && envelope.to().iter().all(ascii);
    let connection = &mut open.connection;
    let (true, true, [to]) = (open.pipelining, plain, envelope.to()) else {
        return connection.send(envelope, bytes).await.map(|_| ());
    };
    let mail = Mail::new(envelope.from().cloned(), Vec::new());
    let rcpt = Rcpt::new(to.clone(), Vec::new());
    // A refusal leaves answers unread; the caller throws the connection away then.
    connection.command(format!("{mail}{rcpt}{Data}")).await?;
    connection.read_response().await?;
    connection.read_response().await?;
    connection.message(bytes).await.map(|_| ())
}

fn starttls_parameters(endpoint: &Endpoint) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(endpoint.host.clone());
    if let Some(pem) = &endpoint.ca_pem {
        builder = builder.add_root_certificate(Certificate::from_pem(pem)?);
    }
    builder.build_rustls()
}

fn envelope(from: &str, to: &str) -> Result<Envelope, SmtpTrouble> {
    let parse = |text: &str| {
        text.parse::<Address>()
            .map_err(|e| SmtpTrouble::Permanent(format!("{text:?} is no address that can be written to: {e}")))
    };
    Envelope::new(Some(parse(from)?), vec![parse(to)?]).map_err(|e| SmtpTrouble::Permanent(e.to_string()))
}

/// What went wrong with a letter.
fn describe(error: &SmtpError) -> String {
    if error.is_client() && error.to_string().contains("STARTTLS") {
        return "the server offers no STARTTLS; security = \"tls\" is the other way".to_owned();
    }
    with_causes(error)
}
