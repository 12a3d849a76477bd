//! An authorization server (RFC 6749) whose access tokens the test Dovecot believes, and which does
//! what a real one does not do on demand.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::Digest;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{unique, variable};

/// A form as it was posted.
pub type Form = BTreeMap<String, String>;

/// How the server behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// Gives tokens to this client.
    Gives,
    /// As before, and each refresh token serves once; a refusal takes a while.
    Rotates,
    /// As before, and no access token it gives is good any more.
    GivesDead,
    /// Answers this.
    Says(u16, String),
    /// Hangs up.
    HangsUp,
}

/// What is set and seen from outside.
#[derive(Debug)]
pub struct State {
    pub manner: Manner,
    /// The user its tokens are for.
    pub user: String,
    /// The refresh token that is good.
    pub refresh_token: String,
    /// `expires_in` of its answers, in seconds.
    pub expires_in: i64,
    /// Seconds from now on in which Dovecot believes a token.
    pub believed: i64,
    /// More members of its answers, each with a comma before it.
    pub more: String,
    /// Everything that was asked.
    pub asked: Vec<Form>,
    /// Every access and refresh token it gave.
    pub gave: Vec<String>,
    /// Codes it gave to browsers, each with its challenge and where it was sent.
    pub codes: BTreeMap<String, (String, String)>,
    /// Whether a signing in ends with a refresh token.
    pub offline: bool,
}

/// The server.
pub struct Authority {
    pub port: u16,
    scheme: &'static str,
    pub state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

pub const SECRET: &str = "client-secret-of-the-desk";

impl Authority {
    pub async fn start(user: &str) -> Self {
        Self::serve(user, None).await
    }

    /// Under the certificate for `localhost` of the tests' private authority.
    pub async fn tls(user: &str) -> Self {
        let file = |name: &str| Path::new(&variable("GUICHET_TEST_DIR")).join(name);
        let chain = CertificateDer::pem_file_iter(file("tls.pem")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(file("tls.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
        Self::serve(user, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn serve(user: &str, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let state = Arc::new(Mutex::new(State {
            manner: Manner::Gives,
            user: user.to_owned(),
            refresh_token: "refresh-token-as-configured".to_owned(),
            expires_in: 3600,
            believed: 3600,
            more: String::new(),
            asked: Vec::new(),
            gave: Vec::new(),
            codes: BTreeMap::new(),
            offline: true,
        }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, tls) = (Arc::clone(&shared), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => exchange(stream, &state).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => exchange(stream, &state).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { port, scheme, state, task }
    }

    /// What a configuration says of it.
    pub fn table(&self, more: &str) -> String {
        format!(
            "oauth2 = {{ provider = \"other\", token_url = \"{}://localhost:{}/token\", client_id = \"desk\", client_secret = \"{SECRET}\"{more} }}",
            self.scheme, self.port
        )
    }

    /// Somebody opens this address in a browser and says yes; gives where the browser is sent.
    pub fn consent(&self, url: &str) -> String {
        let query = form(url.split_once('?').unwrap().1);
        assert_eq!((&*query["response_type"], &*query["client_id"]), ("code", "desk"), "{url}");
        assert_eq!(query["code_challenge_method"], "S256", "{url}");
        let (code, back) = (unique("code"), query["redirect_uri"].clone());
        let challenge = query["code_challenge"].clone();
        self.state.lock().unwrap().codes.insert(code.clone(), (challenge, back.clone()));
        format!("{back}?code={code}&state={}", query["state"])
    }

    pub fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    pub fn asked(&self) -> Vec<Form> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The refresh tokens that were sent to it.
    pub fn refresh_tokens(&self) -> Vec<String> {
        self.asked().into_iter().filter_map(|mut form| form.remove("refresh_token")).collect()
    }

    pub fn gave(&self) -> Vec<String> {
        self.state.lock().unwrap().gave.clone()
    }

    /// It goes away; connections to it are refused.
    pub async fn stop(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

async fn exchange(stream: impl AsyncRead + AsyncWrite + Unpin, state: &Mutex<State>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    assert!(head.starts_with("POST /token HTTP/1.1"), "{head}");
    let form: Form = form(&String::from_utf8(body).unwrap());
    let answer = answer(&mut state.lock().unwrap(), &form);
    let (status, body) = answer?;
    if status == 400 {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let text = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

fn form(body: &str) -> Form {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8().unwrap().into_owned()
    };
    body.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (decode(k), decode(v))).collect()
}

fn answer(state: &mut State, form: &Form) -> Option<(u16, String)> {
    state.asked.push(form.clone());
    let refused = |code: &str| {
        // Some servers repeat what they were sent.
        let body = serde_json::json!({ "error": code, "error_description": format!("said of {form:?}") });
        Some((400, body.to_string()))
    };
    match &state.manner {
        Manner::HangsUp => return None,
        Manner::Says(status, body) => return Some((*status, body.clone())),
        _ => {}
    }
    let field = |name: &str| form.get(name).map(String::as_str);
    if (field("client_id"), field("client_secret")) != (Some("desk"), Some(SECRET)) {
        return refused("invalid_client");
    }
    let mut more = state.more.clone();
    match field("grant_type") {
        Some("client_credentials") => {}
        Some("refresh_token") if field("refresh_token") == Some(&state.refresh_token) => {
            if state.manner == Manner::Rotates {
                state.refresh_token = format!("rotated-{}", unique("r"));
                state.gave.push(state.refresh_token.clone());
                more += &format!(",\"refresh_token\":\"{}\"", state.refresh_token);
            }
        }
        Some("refresh_token") => return refused("invalid_grant"),
        Some("authorization_code") => {
            // A code serves once.
            let given = state.codes.remove(field("code").unwrap_or_default());
            let challenge = sha2::Sha256::digest(field("code_verifier").unwrap_or_default().as_bytes());
            let proof = (BASE64URL_NOPAD.encode(&challenge), field("redirect_uri").unwrap_or_default().to_owned());
            if given != Some(proof) {
                return refused("invalid_grant");
            }
            if state.offline {
                state.refresh_token = unique("signed-in");
                more += &format!(",\"refresh_token\":\"{}\"", state.refresh_token);
            }
        }
        other => panic!("{other:?}"),
    }
    let believed = if state.manner == Manner::GivesDead { -60 } else { state.believed };
    let token = jwt(&state.user, believed);
    state.gave.push(token.clone());
    let expires_in = state.expires_in;
    Some((200, format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\",\"expires_in\":{expires_in}{more}}}")))
}

/// A signed token (RFC 7519, HS256), which Dovecot checks with the same key.
pub fn jwt(user: &str, believed: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let head = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = format!(
        r#"{{"email":"{user}","sub":"{user}","jti":"{}","iat":1700000000,"exp":{}}}"#,
        unique("jti"),
        now + believed
    );
    let text = format!("{head}.{}", BASE64URL_NOPAD.encode(claims.as_bytes()));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"guichet tests").unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}
