//! Sending: one connection, one recipient an email (RFC 5321).
//!
//! The connection is our own and not pooled. One on which anything went wrong is dropped, so that no answer is ever taken for
//! that of another command. What a refusal means depends on the command it answers: [`SmtpTrouble`] tells the server's
//! trouble, which costs no email an attempt, from the email's.

mod reply;
mod session;

use std::io;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::login::Login;
use super::net::Endpoint;
use crate::mail::looks_like_address;
use reply::Reply;
use session::{Session, stuffed};

/// The server notifications are handed to.
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
    /// Limit of a connection attempt, of signing in, and of one command.
    pub limit: Duration,
    /// Connections at once.
    pub connections: usize,
    /// Most emails a minute, of all instances together; none for no bound.
    pub per_minute: Option<i64>,
}

/// Why a notification did not leave.
#[derive(Debug, thiserror::Error)]
pub enum SmtpTrouble {
    /// The server cannot be reached or broke off: no notification's fault.
    #[error("{place}: {text}")]
    Unreachable {
        /// `host:port`.
        place: String,
        /// What happened.
        text: String,
    },
    /// User, password or token is refused, or missing (530, 535, 538).
    #[error("{place} refuses the user, password or token: {text}")]
    Login {
        /// `host:port`.
        place: String,
        /// What the server said.
        text: String,
    },
    /// The server takes nothing now: 421 to any command, or a refusal before it heard of a recipient. No notification's fault.
    #[error("{place} takes no emails now: {text}")]
    Busy {
        /// `host:port`.
        place: String,
        /// What the server said.
        text: String,
    },
    /// The sender's command (MAIL) is refused for good. Whether that is this notification's fault shows only when another
    /// meets the same, or does not.
    #[error("{0}")]
    Mail(String),
    /// The server will not take this notification now (4xx), or the line was lost while it was sent.
    #[error("{0}")]
    Transient(String),
    /// Nobody knows whether the server took this notification: its answer did not come.
    #[error("{0}")]
    Uncertain(String),
    /// The notification is larger than the server takes.
    #[error("{text}")]
    TooLarge {
        /// The bound in bytes, where it is known.
        most: Option<u64>,
        /// In words.
        text: String,
    },
    /// The server will never take this notification (5xx), or it cannot be sent at all.
    #[error("{text}")]
    Permanent {
        /// The enhanced status code (RFC 3463); may be empty.
        status: String,
        /// What the server said.
        text: String,
        /// Whether the recipient's command (RCPT) was refused: what it says is about the address.
        recipient: bool,
    },
}

impl SmtpTrouble {
    /// A notification that cannot be sent, whatever the server says.
    #[must_use]
    pub(crate) fn unsendable(text: impl Into<String>) -> Self {
        Self::Permanent { status: String::new(), text: text.into(), recipient: false }
    }

    /// Whether it is the server's trouble: the notification at hand was not tried.
    #[must_use]
    pub fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Login { .. } | Self::Busy { .. })
    }
}

impl SmtpConfig {
    fn unreachable(&self, text: &str) -> SmtpTrouble {
        SmtpTrouble::Unreachable { place: self.endpoint.place(), text: text.to_owned() }
    }

    fn busy(&self, reply: &Reply) -> SmtpTrouble {
        SmtpTrouble::Busy { place: self.endpoint.place(), text: reply.text() }
    }

    /// Of what comes before any notification only this code is good.
    fn expect(&self, reply: &Reply, code: u16) -> Result<(), SmtpTrouble> {
        match reply.code {
            good if good == code => Ok(()),
            530 | 535 | 538 => Err(self.login(reply)),
            _ => Err(self.busy(reply)),
        }
    }

    fn login(&self, reply: &Reply) -> SmtpTrouble {
        SmtpTrouble::Login { place: self.endpoint.place(), text: reply.text() }
    }
}

/// A connection that is opened when it is needed and kept for the next notification.
#[derive(Debug)]
pub struct Smtp {
    config: SmtpConfig,
    /// The access token that takes the place of the configured login.
    token: Option<Login>,
    open: Option<Open>,
}

struct Open {
    session: Session,
    used: Instant,
    /// Whether a notification went over it: then the server may have closed it since.
    rested: bool,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Open")
    }
}

/// Servers close idle connections after minutes; one older than this is not trusted.
const KEEP: Duration = Duration::from_secs(20);
/// How long the answer to the whole content is waited for at least (RFC 5321, section 4.5.3.2.6).
pub(crate) const AFTER_THE_DOT: Duration = Duration::from_secs(10 * 60);
/// How long it is waited for once the program was told to stop: whoever did that gives it some seconds, and an email in doubt is sent again.
const AT_THE_END: Duration = Duration::from_secs(5);
/// Slowest line that is worth waiting for, in bytes a second.
const SLOWEST: u64 = 20_000;

/// Where in an email's commands something happened.
enum Broke {
    /// Before the server had all of it: it has not taken it.
    Before(io::Error),
    /// Nobody knows.
    After(io::Error),
    /// The server's answer to a command, and whether the connection still serves.
    Refused(Step, Reply, bool),
    /// It was not even begun.
    Unfit(SmtpTrouble),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Mail,
    Rcpt,
    Data,
    Content,
}

impl Smtp {
    /// A sender that has not connected yet.
    #[must_use]
    pub fn new(config: SmtpConfig) -> Self {
        Self { config, token: None, open: None }
    }

    /// Whether a connection is open that can be trusted; one that rested too long, or on which the server has said something
    /// since, is ended first.
    pub async fn is_open(&mut self) -> bool {
        if let Some(open) = &mut self.open {
            if open.session.quiet().is_err() {
                self.open = None;
            } else if open.used.elapsed() > KEEP {
                self.quit().await;
            }
        }
        self.open.is_some()
    }

    /// How the user signs in, as configured.
    #[must_use]
    pub fn login(&self) -> &Login {
        &self.config.login
    }

    /// From the next connection on, signs in by this access token (RFC 6749, section 1.4).
    pub(crate) fn sign_in_by(&mut self, access_token: SecretString) {
        self.token = Some(Login::AccessToken(access_token));
    }

    /// The largest notification the server takes, in bytes, where a connection is open and it says so.
    #[must_use]
    pub fn most(&self) -> Option<u64> {
        self.open.as_ref().and_then(|open| open.session.can.most)
    }

    /// Connects and signs in, unless that is done.
    ///
    /// # Errors
    /// One that is [of the server](SmtpTrouble::is_of_the_server).
    pub async fn ready(&mut self) -> Result<(), SmtpTrouble> {
        if !self.is_open().await {
            let login = self.token.as_ref().unwrap_or(&self.config.login);
            let session = Session::open(&self.config, login).await?;
            self.open = Some(Open { session, used: Instant::now(), rested: false });
        }
        Ok(())
    }

    /// Hands one notification to the server. `stop` cuts a long wait for the last answer short, which leaves it uncertain.
    pub async fn send(
        &mut self,
        from: &str,
        to: &str,
        bytes: &[u8],
        stop: &CancellationToken,
    ) -> Result<(), SmtpTrouble> {
        for address in [from, to] {
            if !looks_like_address(address) {
                return Err(SmtpTrouble::unsendable(format!("{address:?} is not an address that can be written to")));
            }
        }
        for again in [false, true] {
            self.ready().await?;
            // Taken out, so that a connection given up halfway can never be used again.
            let Some(mut open) = self.open.take() else { return Err(self.config.unreachable("no connection")) };
            let outcome = self.hand_over(&mut open.session, from, to, bytes, stop).await;
            let rested = open.rested;
            open.rested = true;
            open.used = Instant::now();
            match outcome {
                Ok(()) => {
                    self.open = Some(open);
                    return Ok(());
                }
                // A server may close a connection that rests, whenever it likes.
                Err(Broke::Refused(Step::Mail, reply, _)) if reply.code == 421 && rested && !again => {}
                Err(Broke::Before(_)) if rested && !again => {}
                Err(broke) => {
                    let serves = match &broke {
                        Broke::Unfit(_) => true,
                        Broke::Refused(_, _, true) => {
                            let reset = tokio::time::timeout(self.config.limit, open.session.ask("RSET")).await;
                            reset.is_ok_and(|reply| reply.is_ok_and(|reply| reply.code == 250))
                        }
                        _ => false,
                    };
                    self.open = Some(open).filter(|_| serves);
                    return Err(self.meaning(broke));
                }
            }
        }
        Err(self.config.unreachable("the server closes every connection"))
    }

    /// The commands of one email: two round trips where the server allows, else four.
    async fn hand_over(
        &self,
        session: &mut Session,
        from: &str,
        to: &str,
        bytes: &[u8],
        stop: &CancellationToken,
    ) -> Result<(), Broke> {
        let mail = mail_command(session, from, to, bytes).map_err(Broke::Unfit)?;
        let limit = self.config.limit;
        let late = || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs()));
        let envelope = tokio::time::timeout(limit, envelope(session, &mail, &format!("RCPT TO:<{to}>"))).await;
        envelope.unwrap_or_else(|_| Err(Broke::Before(late())))?;
        session.quiet().map_err(Broke::Before)?;
        let content = stuffed(bytes);
        let sending = limit + Duration::from_secs(content.len() as u64 / SLOWEST);
        // The end of the content goes with it: from here on the server may have taken the email.
        match tokio::time::timeout(sending, session.say(&content)).await {
            Ok(Ok(())) => {}
            // What was not written whole has no end, and cannot have been taken.
            Ok(Err(error)) => {
                // A server that has heard enough may have said why.
                let said = tokio::time::timeout(Duration::from_secs(1), session.reply()).await;
                return Err(match said {
                    Ok(Ok(reply)) if matches!(reply.class(), 4 | 5) => Broke::Refused(Step::Content, reply, false),
                    _ => Broke::Before(error),
                });
            }
            Err(_) => return Err(Broke::Before(late())),
        }
        let patience = limit.max(AFTER_THE_DOT);
        let reply = tokio::select! {
            reply = session.reply() => reply.map_err(Broke::After)?,
            () = tokio::time::sleep(patience) => {
                let text = format!("no answer within {} s", patience.as_secs());
                return Err(Broke::After(io::Error::new(io::ErrorKind::TimedOut, text)));
            }
            () = async { stop.cancelled().await; tokio::time::sleep(AT_THE_END).await } => {
                let text = "guichet was stopped while it waited for the server's answer";
                return Err(Broke::After(io::Error::new(io::ErrorKind::Interrupted, text)));
            }
        };
        match reply.class() {
            2 => Ok(()),
            4 | 5 => Err(Broke::Refused(Step::Content, reply, false)),
            _ => Err(Broke::After(reply::broken(&format!("{} to the content of an email", reply.code)))),
        }
    }

    fn meaning(&self, broke: Broke) -> SmtpTrouble {
        let place = self.config.endpoint.place();
        match broke {
            Broke::Unfit(trouble) => trouble,
            Broke::Before(error) => SmtpTrouble::Transient(format!("{place}: {error}")),
            Broke::After(error) => SmtpTrouble::Uncertain(format!("{place}: {error}; it may have been taken")),
            Broke::Refused(step, reply, _) => self.refused(step, &reply),
        }
    }

    fn refused(&self, step: Step, reply: &Reply) -> SmtpTrouble {
        let (text, status) = (reply.text(), reply.status().unwrap_or_default());
        match (reply.code, step) {
            (421, _) => self.config.busy(reply),
            (530 | 535 | 538, _) => self.config.login(reply),
            (552, Step::Mail | Step::Content) | (523, _) => SmtpTrouble::TooLarge { most: None, text },
            _ if status == "5.3.4" || status == "5.2.3" => SmtpTrouble::TooLarge { most: None, text },
            (400..=499, Step::Mail) => self.config.busy(reply),
            (400..=499, _) => SmtpTrouble::Transient(text),
            (555, Step::Mail) => SmtpTrouble::Permanent { status, text, recipient: false },
            (500..=599, Step::Mail) => SmtpTrouble::Mail(text),
            (500..=599, step) => SmtpTrouble::Permanent { status, text, recipient: step == Step::Rcpt },
            // A reply that has no place here: the two have lost each other.
            _ => self.config.unreachable(&format!("it answers {text} to a command of an email")),
        }
    }

    /// What several notifications met alike is the server's trouble.
    #[must_use]
    pub(crate) fn takes_nothing(&self, text: String) -> SmtpTrouble {
        SmtpTrouble::Busy { place: self.config.endpoint.place(), text }
    }

    /// Ends the connection politely.
    pub async fn quit(&mut self) {
        if let Some(open) = self.open.take() {
            open.session.quit().await;
        }
    }
}

/// MAIL with what the email needs, as far as the server has it.
fn mail_command(session: &Session, from: &str, to: &str, bytes: &[u8]) -> Result<String, SmtpTrouble> {
    let can = &session.can;
    if let Some(most) = can.most.filter(|most| *most < bytes.len() as u64) {
        let text = format!("it has {} bytes, and the mail server takes {most} at most (SIZE)", bytes.len());
        return Err(SmtpTrouble::TooLarge { most: Some(most), text });
    }
    let mut mail = format!("MAIL FROM:<{from}>");
    if can.size {
        mail += &format!(" SIZE={}", bytes.len());
    }
    if let Some(address) = [from, to].into_iter().find(|address| !address.is_ascii()) {
        if !can.utf8 {
            return Err(SmtpTrouble::unsendable(format!(
                "the address {address} has letters outside ASCII, and the mail server cannot send to such addresses \
                 (it does not offer SMTPUTF8, RFC 6531)"
            )));
        }
        mail += " SMTPUTF8";
    }
    if !bytes.is_ascii() {
        if !can.eight_bit {
            return Err(SmtpTrouble::unsendable(
                "it has bytes outside ASCII, and the mail server does not take them (8BITMIME, RFC 6152)",
            ));
        }
        mail += " BODY=8BITMIME";
    }
    Ok(mail)
}

/// MAIL, RCPT and DATA; good when the content may follow.
async fn envelope(session: &mut Session, mail: &str, rcpt: &str) -> Result<(), Broke> {
    session.quiet().map_err(Broke::Before)?;
    let steps = [(Step::Mail, mail), (Step::Rcpt, rcpt), (Step::Data, "DATA")];
    let together = session.can.pipelining;
    if together {
        session.say(format!("{mail}\r\n{rcpt}\r\nDATA\r\n").as_bytes()).await.map_err(Broke::Before)?;
    }
    let mut refused: Option<(Step, Reply)> = None;
    let mut serves = true;
    for (step, command) in steps {
        let reply = if together { session.reply().await } else { session.ask(command).await };
        let reply = reply.map_err(Broke::Before)?;
        let good = if step == Step::Data { reply.code == 354 } else { reply.class() == 2 };
        // Behind a refusal, only what the last command waits for is of interest: content takes no further command.
        serves &= reply.code != 421 && !(refused.is_some() && step == Step::Data && good);
        if !good && refused.is_none() {
            refused = Some((step, reply));
        }
        if refused.is_some() && (!together || !serves) {
            break;
        }
    }
    refused.map_or(Ok(()), |(step, reply)| Err(Broke::Refused(step, reply, serves)))
}
