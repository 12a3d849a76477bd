//! OAuth 2.0 (RFC 6749): access tokens, each had by one POST to an authorization server.
//!
//! Takes: what the client is and what it was granted. Gives: a [`Granted`] access token, or a
//! [`TokenTrouble`] with its cure. Nothing here, its `Debug` included, shows a secret; words of
//! the server are cut, and cleared of what was sent to it. Redirections are not followed: they
//! would take the secrets elsewhere.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::net::{self, with_causes};
use super::redact::redact;
use crate::clock::{MINUTE, Millis, SECOND};

/// Limit of the whole exchange with an authorization server.
const LIMIT: Duration = Duration::from_secs(30);
/// Most bytes of an answer; real ones have a few thousand.
const ANSWER: usize = 64 * 1024;
/// Most characters of a server's words that are passed on.
const WORDS: usize = 300;
/// Life of an access token whose answer does not tell it (RFC 6749, section 5.1, recommends to).
const UNTOLD: Millis = 60 * MINUTE;
/// Longest life believed, in seconds: ten years. More is a mistake of the server, and would overflow.
const LONGEST: i64 = 10 * 366 * 24 * 3600;

/// Whose authorization server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Microsoft 365 (Entra ID).
    Microsoft,
    /// Google Workspace and Gmail.
    Google,
    /// Any other.
    Other,
}

impl Provider {
    /// The word for it in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Microsoft => "microsoft",
            Self::Google => "google",
            Self::Other => "other",
        }
    }
}

/// On what ground tokens are given out.
#[derive(Debug, Clone)]
pub enum Grant {
    /// The program itself may read the mailbox (RFC 6749, section 4.4).
    ClientCredentials,
    /// A person signed in once; this is the refresh token of the configuration (section 6).
    RefreshToken(SecretString),
}

/// How access tokens for one mailbox, or for sending, are had.
#[derive(Debug, Clone)]
pub struct Oauth2 {
    /// The section of the configuration it stands in: `mailboxes.NAME` or `smtp`.
    pub name: String,
    /// Whose authorization server.
    pub provider: Provider,
    /// The token endpoint (RFC 6749, section 3.2); `https`, or `http` on this machine.
    pub token_url: String,
    /// What the token shall allow (section 3.3); empty leaves it to the server.
    pub scope: String,
    /// The client's name (section 2.2).
    pub client_id: String,
    /// The client's secret; a public client has none.
    pub client_secret: Option<SecretString>,
    /// On what ground tokens are given out.
    pub grant: Grant,
    /// Certificate authorities trusted besides the system's, PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// How long a refresh token lives from when it was got; none: for ever, unless the server says otherwise.
    pub refresh_token_lives: Option<Millis>,
    /// When the client secret dies, where that is known.
    pub secret_expires: Option<Millis>,
    /// How long before an end it is warned of.
    pub warn_before: Millis,
}

impl Oauth2 {
    /// Fingerprint of everything a token depends on: it changes when the configuration does.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> String {
        let secret = self.client_secret.as_ref().map_or("", |s| s.expose_secret());
        let refresh = match &self.grant {
            Grant::ClientCredentials => "",
            Grant::RefreshToken(token) => token.expose_secret(),
        };
        fingerprint(&[&self.name, &self.token_url, &self.scope, &self.client_id, secret, refresh])
    }
}

/// SHA-256 over words with their lengths, in hexadecimal.
#[must_use]
pub(crate) fn fingerprint(words: &[&str]) -> String {
    let mut digest = Sha256::new();
    for word in words {
        digest.update((word.len() as u64).to_be_bytes());
        digest.update(word.as_bytes());
    }
    data_encoding::HEXLOWER.encode(&digest.finalize())
}

/// What the server gave.
#[derive(Debug)]
pub struct Granted {
    pub access_token: SecretString,
    /// How long it is good from when it was asked for.
    pub lives: Millis,
    /// The refresh token that takes the place of the one that was sent.
    pub refresh_token: Option<SecretString>,
    /// How long the refresh token is good from now on, where the server says so.
    pub refresh_lives: Option<Millis>,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenTrouble {
    /// The server cannot be reached, or what answers is none.
    #[error("the authorization server {place} cannot be asked: {text}")]
    Unreachable {
        /// Host of the token endpoint.
        place: String,
        /// What happened.
        text: String,
    },
    /// The server gives no token now (5xx, 429, `temporarily_unavailable`).
    #[error("the authorization server {place} gives no token now: {text}")]
    Later {
        /// Host of the token endpoint.
        place: String,
        /// What the server said.
        text: String,
    },
    /// The server will give no token until somebody acts.
    #[error("the authorization server {place} refuses: {text}; {cure}")]
    Refused {
        /// Host of the token endpoint.
        place: String,
        /// What is refused.
        what: Refused,
        /// What the server said.
        text: String,
        /// What to do.
        cure: String,
    },
    /// The file that should hold an access token cannot be read.
    #[error("{0}")]
    File(String),
}

/// What an authorization server refuses for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The refresh token: it has died or was taken back.
    RefreshToken,
    /// The client or its secret.
    Client,
    /// The code of a signing in.
    Code,
    /// Something else that was asked for.
    Request,
}

/// What a person's consent gave, before it is redeemed.
#[derive(Debug, Clone, Copy)]
pub struct Code<'a> {
    /// The code (RFC 6749, section 4.1.2).
    pub code: &'a SecretString,
    /// Where it was sent.
    pub redirect: &'a str,
    /// What proves whose it is (RFC 7636, section 4.1).
    pub verifier: &'a SecretString,
}

/// What a token is asked for with.
#[derive(Debug, Clone, Copy)]
enum Proof<'a> {
    Client,
    Refresh(&'a SecretString),
    Code(Code<'a>),
}

/// Redeems a code: its answer should hold a refresh token.
///
/// # Errors
/// [`TokenTrouble`].
pub(crate) async fn redeem(oauth2: &Oauth2, code: Code<'_>) -> Result<Granted, TokenTrouble> {
    Exchange::new(oauth2, Proof::Code(code)).run().await
}

/// Asks for an access token; `refresh_token` is the one to send, for [`Grant::RefreshToken`].
///
/// Client and secret go into the body, as all servers for mail take them (RFC 6749, section 2.3.1).
///
/// # Errors
/// [`TokenTrouble`].
pub async fn ask(oauth2: &Oauth2, refresh_token: Option<&SecretString>) -> Result<Granted, TokenTrouble> {
    Exchange::new(oauth2, refresh_token.map_or(Proof::Client, Proof::Refresh)).run().await
}

/// The access token in a file, as it is now.
///
/// # Errors
/// [`TokenTrouble::File`].
pub(crate) fn token_in(file: &std::path::Path) -> Result<SecretString, TokenTrouble> {
    let trouble = |text: String| TokenTrouble::File(format!("the access token in {} {text}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|e| trouble(format!("cannot be read: {e}")))?;
    let token = text.trim_end_matches(['\r', '\n']);
    if is_token(token) { Ok(SecretString::from(token)) } else { Err(trouble("is none".to_owned())) }
}

/// Visible characters only: others could end the line it is sent in.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

/// One question and its answer.
struct Exchange<'a> {
    oauth2: &'a Oauth2,
    proof: Proof<'a>,
    place: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    access_token: Option<SecretString>,
    token_type: Option<String>,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<SecretString>,
    refresh_token_expires_in: Option<serde_json::Value>,
    refresh_expires_in: Option<serde_json::Value>,
    error: Option<String>,
    error_description: Option<String>,
}

impl<'a> Exchange<'a> {
    fn new(oauth2: &'a Oauth2, proof: Proof<'a>) -> Self {
        let url = reqwest::Url::parse(&oauth2.token_url).ok();
        let place = url.and_then(|u| Some(u.host_str()?.to_owned())).unwrap_or_default();
        Self { oauth2, proof, place }
    }

    async fn run(&self) -> Result<Granted, TokenTrouble> {
        let (status, body) = self.post().await.map_err(|text| self.unreachable(&text))?;
        self.read(status, &body)
    }

    fn form(&self) -> Vec<(&'static str, &str)> {
        let mut form = match self.proof {
            Proof::Refresh(token) => vec![("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())],
            Proof::Client => vec![("grant_type", "client_credentials")],
            Proof::Code(Code { code, redirect, verifier }) => vec![
                ("grant_type", "authorization_code"),
                ("code", code.expose_secret()),
                ("redirect_uri", redirect),
                ("code_verifier", verifier.expose_secret()),
            ],
        };
        form.push(("client_id", &self.oauth2.client_id));
        if let Some(secret) = &self.oauth2.client_secret {
            form.push(("client_secret", secret.expose_secret()));
        }
        if !self.oauth2.scope.is_empty() {
            form.push(("scope", &self.oauth2.scope));
        }
        form
    }

    fn client(&self) -> Result<reqwest::Client, String> {
        let tls = net::tls_config(self.oauth2.ca_pem.as_deref()).map_err(|e| e.to_string())?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .redirect(Policy::none())
            .referer(false)
            .timeout(LIMIT);
        // Without TLS a proxy of the environment would read along.
        if !self.oauth2.token_url.starts_with("https:") {
            builder = builder.no_proxy();
        }
        builder.build().map_err(|e| describe(&e))
    }

    async fn post(&self) -> Result<(StatusCode, Vec<u8>), String> {
        let request = self.client()?.post(&self.oauth2.token_url).form(&self.form());
        let request = request.header(reqwest::header::ACCEPT, "application/json");
        let mut response = request.send().await.map_err(|e| describe(&e.without_url()))?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|e| describe(&e.without_url()))? {
            if body.len() + piece.len() > ANSWER {
                return Err(format!("its answer is larger than {ANSWER} bytes"));
            }
            body.extend_from_slice(&piece);
        }
        Ok((response.status(), body))
    }

    /// RFC 6749, sections 5.1 and 5.2.
    fn read(&self, status: StatusCode, body: &[u8]) -> Result<Granted, TokenTrouble> {
        let answer = serde_json::from_slice::<Answer>(body);
        if !status.is_success() {
            return Err(self.refusal(status, &answer.unwrap_or_default()));
        }
        let answer = answer.map_err(|_| self.unreachable("what answers is not an authorization server"))?;
        let bearer = answer.token_type.as_ref().is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        let token = answer.access_token.filter(|token| bearer && is_token(token.expose_secret()));
        let Some(access_token) = token else {
            return Err(self.unreachable("its answer holds no bearer token"));
        };
        let refresh_lives = seconds(answer.refresh_token_expires_in.as_ref());
        Ok(Granted {
            access_token,
            lives: seconds(answer.expires_in.as_ref()).unwrap_or(UNTOLD),
            refresh_token: answer.refresh_token.filter(|t| !t.expose_secret().is_empty()),
            refresh_lives: refresh_lives.or_else(|| seconds(answer.refresh_expires_in.as_ref())),
        })
    }

    fn refusal(&self, status: StatusCode, answer: &Answer) -> TokenTrouble {
        let code = answer.error.as_deref().unwrap_or_default();
        let text = match (code, answer.error_description.as_deref().unwrap_or_default()) {
            ("", _) => format!("HTTP {}", status.as_u16()),
            (code, "") => code.to_owned(),
            (code, more) => format!("{code}: {more}"),
        };
        let (place, text) = (self.place.clone(), self.clean(&text));
        let passing = matches!(code, "temporarily_unavailable" | "server_error" | "slow_down");
        if passing || status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) {
            return TokenTrouble::Later { place, text };
        }
        let what = match code {
            "invalid_grant" => match self.proof {
                Proof::Refresh(_) => Refused::RefreshToken,
                Proof::Client => Refused::Client,
                Proof::Code(_) => Refused::Code,
            },
            "invalid_client" | "unauthorized_client" => Refused::Client,
            _ => Refused::Request,
        };
        TokenTrouble::Refused { place, what, text, cure: self.cure(what, code) }
    }

    fn cure(&self, what: Refused, code: &str) -> String {
        let name = &self.oauth2.name;
        match (what, code) {
            (Refused::RefreshToken, _) => {
                format!(
                    "sign in anew with `guichet sign-in {name}`, or put the new refresh token into {name}.oauth2.refresh_token"
                )
            }
            (Refused::Code, _) => "a code serves once, and for some minutes only: sign in again".to_owned(),
            (Refused::Client, _) => format!(
                "see {name}.oauth2.client_id; if the client secret has died, make a new one and put it into {name}.oauth2.client_secret"
            ),
            (Refused::Request, "invalid_scope") => format!("see {name}.oauth2.scope"),
            (Refused::Request, _) => format!("see {name}.oauth2.token_url, tenant, grant and scope"),
        }
    }

    fn unreachable(&self, text: &str) -> TokenTrouble {
        TokenTrouble::Unreachable { place: self.place.clone(), text: self.clean(text) }
    }

    /// A server's words on one line, cut, without any secret it was sent.
    fn clean(&self, text: &str) -> String {
        let sent = match self.proof {
            Proof::Client => [None, None],
            Proof::Refresh(token) => [Some(token), None],
            Proof::Code(code) => [Some(code.code), Some(code.verifier)],
        };
        let secrets = [sent[0], sent[1], self.oauth2.client_secret.as_ref()];
        let secrets: Vec<&str> = secrets.into_iter().flatten().map(|s| s.expose_secret()).collect();
        redact(text, &secrets).chars().take(WORDS).collect()
    }
}

/// A number of seconds, which some servers write as text; none where there is none, or none above 0.
fn seconds(value: Option<&serde_json::Value>) -> Option<Millis> {
    let value = value?;
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    (number > 0).then(|| number.min(LONGEST) * SECOND)
}

/// What went wrong with a request.
fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", LIMIT.as_secs());
    }
    with_causes(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oauth2() -> Oauth2 {
        Oauth2 {
            name: "smtp".to_owned(),
            provider: Provider::Other,
            token_url: "https://login.example/token".to_owned(),
            scope: String::new(),
            client_id: "desk".to_owned(),
            client_secret: Some(SecretString::from("hush-hush")),
            grant: Grant::RefreshToken(SecretString::from("r-1")),
            ca_pem: None,
            refresh_token_lives: None,
            secret_expires: None,
            warn_before: 0,
        }
    }

    fn read(status: u16, body: &str) -> Result<Granted, TokenTrouble> {
        let (oauth2, token) = (oauth2(), SecretString::from("r-1"));
        Exchange::new(&oauth2, Proof::Refresh(&token)).read(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn answers_are_read_as_servers_write_them() {
        let granted = read(200, r#"{"access_token":"a","token_type":"bearer","expires_in":"3599"}"#).unwrap();
        assert_eq!((granted.lives, granted.refresh_lives), (3_599_000, None));
        let granted = read(200, r#"{"access_token":"a","refresh_token":"n","refresh_token_expires_in":604799}"#);
        let granted = granted.unwrap();
        assert_eq!((granted.lives, granted.refresh_lives), (UNTOLD, Some(604_799_000)));
        assert_eq!(granted.refresh_token.unwrap().expose_secret(), "n");
        for bad in [
            "<html>",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":"a\u0001b"}"#,
            r#"{"access_token":"a","token_type":"mac"}"#,
        ] {
            assert!(matches!(read(200, bad), Err(TokenTrouble::Unreachable { .. })), "{bad}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let what = |status, body| match read(status, body).unwrap_err() {
            TokenTrouble::Refused { what, cure, .. } => Some((what, cure.contains("smtp.oauth2."))),
            TokenTrouble::Later { .. } => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(400, r#"{"error":"invalid_grant"}"#), Some((Refused::RefreshToken, true)));
        assert_eq!(what(401, r#"{"error":"invalid_client"}"#), Some((Refused::Client, true)));
        assert_eq!(what(400, r#"{"error":"invalid_scope"}"#), Some((Refused::Request, true)));
        assert_eq!(what(404, "nothing here"), Some((Refused::Request, true)));
        assert_eq!(what(302, ""), Some((Refused::Request, true)));
        assert_eq!(what(400, r#"{"error":"temporarily_unavailable"}"#), None);
        assert_eq!(what(429, ""), None);
        assert_eq!(what(503, r#"{"error":"invalid_grant"}"#), None);
    }

    #[test]
    fn what_was_sent_is_not_passed_on() {
        let body = r#"{"error":"invalid_client","error_description":"hush-hush\r\nor r-1 is wrong"}"#;
        let text = read(401, body).unwrap_err().to_string();
        assert!(text.contains("… or … is wrong") && !text.contains("hush"), "{text}");
        assert!(!format!("{:?}", oauth2()).contains("hush"));
    }
}
