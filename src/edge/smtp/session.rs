//! One connection: greeting, encryption, signing in, and the commands of an email.
//!
//! Written over plain replies: the library's own reader takes a reply for text (one in Latin-1, or without text, fails), takes
//! 354 for success, and leaves what a server says unasked in its buffer, where it answers the next command.

use std::io;
use std::time::Duration;

use data_encoding::BASE64;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::reply::{Incoming, Reply, broken};
use super::{SmtpConfig, SmtpTrouble};
use crate::edge::login::Login;
use crate::edge::net::{self, Security, Wire};
use crate::edge::redact::redact;

/// What the server says it can do (EHLO, RFC 5321, section 4.1.1.1).
#[derive(Debug, Clone, Default)]
pub(super) struct Can {
    /// Several commands at once (PIPELINING, RFC 2920).
    pub(super) pipelining: bool,
    /// Addresses outside ASCII (SMTPUTF8, RFC 6531).
    pub(super) utf8: bool,
    /// Bytes outside ASCII (8BITMIME, RFC 6152).
    pub(super) eight_bit: bool,
    /// The size of an email can be told beforehand (SIZE, RFC 1870).
    pub(super) size: bool,
    /// The largest email it takes, in bytes, where it says so.
    pub(super) most: Option<u64>,
    starttls: bool,
    auth: Vec<String>,
}

impl Can {
    fn of(reply: &Reply) -> Self {
        let mut can = Self::default();
        for line in reply.lines.iter().skip(1) {
            // Old servers write AUTH=LOGIN.
            let line = line.to_ascii_uppercase().replacen("AUTH=", "AUTH ", 1);
            let mut words = line.split(' ');
            match words.next().unwrap_or_default() {
                "PIPELINING" => can.pipelining = true,
                "SMTPUTF8" => can.utf8 = true,
                "8BITMIME" => can.eight_bit = true,
                "STARTTLS" => can.starttls = true,
                "SIZE" => {
                    can.size = true;
                    can.most = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                }
                "AUTH" => can.auth.extend(words.map(ToOwned::to_owned)),
                _ => {}
            }
        }
        can
    }
}

/// An open connection.
pub(super) struct Session {
    wire: Wire,
    incoming: Incoming,
    pub(super) can: Can,
}

impl Session {
    /// Connects, encrypts and signs in.
    pub(super) async fn open(config: &SmtpConfig, login: &Login) -> Result<Self, SmtpTrouble> {
        let limit = config.limit;
        let endpoint = &config.endpoint;
        let away = |error: io::Error| config.unreachable(&error.to_string());
        let stream = net::connect(endpoint, limit).await.map_err(away)?;
        let wire = match endpoint.security {
            Security::Tls => net::encrypt(stream, endpoint, limit).await.map_err(away)?,
            Security::StartTls | Security::None => Wire::Plain(stream),
        };
        let session = Self { wire, incoming: Incoming::default(), can: Can::default() };
        let begun = tokio::time::timeout(limit, session.begin(config, login)).await;
        begun.unwrap_or_else(|_| Err(config.unreachable(&format!("no answer within {} s", limit.as_secs()))))
    }

    async fn begin(mut self, config: &SmtpConfig, login: &Login) -> Result<Self, SmtpTrouble> {
        let away = |error: io::Error| config.unreachable(&error.to_string());
        let greeting = self.reply().await.map_err(away)?;
        config.expect(&greeting, 220)?;
        self.hello(config).await?;
        if config.endpoint.security == Security::StartTls {
            self = self.encrypt(config).await?;
            self.hello(config).await?;
        }
        if let Some(user) = &config.username {
            self.sign_in(config, user, login).await?;
        }
        Ok(self)
    }

    async fn hello(&mut self, config: &SmtpConfig) -> Result<(), SmtpTrouble> {
        let away = |error: io::Error| config.unreachable(&error.to_string());
        let reply = self.ask(&format!("EHLO {}", config.hello)).await.map_err(away)?;
        if matches!(reply.code, 500 | 502 | 504) {
            let reply = self.ask(&format!("HELO {}", config.hello)).await.map_err(away)?;
            return config.expect(&reply, 250);
        }
        config.expect(&reply, 250)?;
        self.can = Can::of(&reply);
        Ok(())
    }

    async fn encrypt(mut self, config: &SmtpConfig) -> Result<Self, SmtpTrouble> {
        let away = |error: io::Error| config.unreachable(&error.to_string());
        if !self.can.starttls {
            return Err(config.unreachable("the server offers no STARTTLS; security = \"tls\" is the other way"));
        }
        let reply = self.ask("STARTTLS").await.map_err(away)?;
        config.expect(&reply, 220)?;
        // Whatever came before the handshake could be anybody's (RFC 3207, section 6).
        self.quiet().map_err(away)?;
        let Wire::Plain(stream) = self.wire else { return Err(config.unreachable("it is encrypted already")) };
        let wire = net::encrypt(stream, &config.endpoint, config.limit).await.map_err(away)?;
        Ok(Self { wire, incoming: Incoming::default(), can: Can::default() })
    }

    async fn sign_in(&mut self, config: &SmtpConfig, user: &str, login: &Login) -> Result<(), SmtpTrouble> {
        let refused = |text: &str| SmtpTrouble::Login { place: config.endpoint.place(), text: text.to_owned() };
        let away = |error: io::Error| config.unreachable(&error.to_string());
        let takes = |can: &Can, name: &str| can.auth.iter().any(|known| known == name);
        let encoded = |text: &str| BASE64.encode(text.as_bytes());
        let mut reply = match login {
            Login::Password(password) if takes(&self.can, "PLAIN") || !takes(&self.can, "LOGIN") => {
                if self.can.auth.is_empty() {
                    return Err(refused("it offers no way to sign in with a password (AUTH)"));
                }
                let secret = encoded(&format!("\0{user}\0{}", password.expose_secret()));
                self.ask(&format!("AUTH PLAIN {secret}")).await.map_err(away)?
            }
            Login::Password(password) => {
                let mut reply = self.ask("AUTH LOGIN").await.map_err(away)?;
                for word in [user, password.expose_secret()] {
                    if reply.code != 334 {
                        break;
                    }
                    reply = self.ask(&encoded(word)).await.map_err(away)?;
                }
                reply
            }
            Login::AccessToken(token) => {
                if !takes(&self.can, "XOAUTH2") {
                    return Err(refused("it takes no access tokens (XOAUTH2)"));
                }
                let secret = encoded(&format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose_secret()));
                let reply = self.ask(&format!("AUTH XOAUTH2 {secret}")).await.map_err(away)?;
                // A refusal may come as a challenge, which wants an empty answer.
                if reply.code == 334 { self.ask("").await.map_err(away)? } else { reply }
            }
            Login::TokenFile(_) | Login::Oauth2(_) => {
                return Err(refused("there is no access token to sign in with"));
            }
        };
        for line in &mut reply.lines {
            *line = redact(line, login.secret().as_slice());
        }
        match (reply.code, reply.class()) {
            (235, _) => Ok(()),
            (421, _) | (_, 4) => Err(config.busy(&reply)),
            _ => Err(refused(&reply.text())),
        }
    }

    /// One command and its reply.
    pub(super) async fn ask(&mut self, command: &str) -> io::Result<Reply> {
        self.quiet()?;
        self.say(format!("{command}\r\n").as_bytes()).await?;
        self.reply().await
    }

    pub(super) async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write_all(bytes).await?;
        self.wire.flush().await
    }

    pub(super) async fn reply(&mut self) -> io::Result<Reply> {
        self.wire.acknowledge_at_once();
        self.incoming.reply(&mut self.wire).await
    }

    /// Nothing has come that was not asked for: it would answer the next command.
    pub(super) fn quiet(&mut self) -> io::Result<()> {
        if !self.incoming.is_empty() {
            return Err(broken("more than it was asked for"));
        }
        let mut space = [0u8; 512];
        let mut space = ReadBuf::new(&mut space);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(&mut self.wire).poll_read(&mut cx, &mut space) {
            std::task::Poll::Pending => Ok(()),
            std::task::Poll::Ready(Err(error)) => Err(error),
            std::task::Poll::Ready(Ok(())) if space.filled().is_empty() => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"))
            }
            std::task::Poll::Ready(Ok(())) => Err(broken("more than it was asked for")),
        }
    }

    /// Ends the connection politely.
    pub(super) async fn quit(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(2), self.ask("QUIT")).await;
    }
}

/// The content as it goes over the line (RFC 5321, section 4.5.2): lines end with CRLF, one that begins with a dot gets
/// another, and the end is marked.
pub(super) fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 64 + 8);
    if bytes.starts_with(b".") {
        out.push(b'.');
    }
    let mut copied = 0;
    for at in memchr::memchr_iter(b'\n', bytes) {
        let bare = at == 0 || bytes[at - 1] != b'\r';
        let dot = bytes.get(at + 1) == Some(&b'.');
        if bare || dot {
            out.extend_from_slice(&bytes[copied..at]);
            out.extend_from_slice(if bare { b"\r\n" } else { b"\n" });
            out.extend_from_slice(if dot { b"." } else { b"" });
            copied = at + 1;
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    let ended = bytes.last().is_none_or(|last| *last == b'\n');
    out.extend_from_slice(if ended { b".\r\n" } else { b"\r\n.\r\n" });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_with_a_dot_get_another_and_every_line_ends_with_crlf() {
        let of = |text: &str| String::from_utf8(stuffed(text.as_bytes())).unwrap_or_default();
        assert_eq!(of("a\r\n.b\r\n..c\r\n"), "a\r\n..b\r\n...c\r\n.\r\n");
        assert_eq!(of(".\r\n"), "..\r\n.\r\n");
        assert_eq!(of("a\n.b"), "a\r\n..b\r\n.\r\n");
        assert_eq!(of("a"), "a\r\n.\r\n");
        assert_eq!(of(""), ".\r\n");
    }

    #[test]
    fn what_a_server_can_is_read_in_any_case() {
        let lines = ["mx", "pipelining", "SIZE 10240000", "Auth=LOGIN", "AUTH PLAIN LOGIN", "8BITMIME", "smtputf8"];
        let reply = Reply { code: 250, lines: lines.map(ToOwned::to_owned).to_vec() };
        let can = Can::of(&reply);
        assert!(can.pipelining && can.utf8 && can.eight_bit && can.size && !can.starttls);
        assert_eq!(can.most, Some(10_240_000));
        assert_eq!(can.auth, ["LOGIN", "PLAIN", "LOGIN"]);
        let none = Can::of(&Reply { code: 250, lines: vec!["SIZE 5".to_owned(), "SIZE 0".to_owned()] });
        assert_eq!((none.size, none.most), (true, None));
    }
}
