//! One command and its answer.

use std::time::Duration;

use async_imap::Session;
use async_imap::imap_proto::{MailboxDatum, RequestId, Response, Status};

use super::bounded::Bounded;
use super::{ImapTrouble, Refusal};
use crate::mail::one_line;

/// A session, and whether the server has announced mail since it was last searched.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) session: Session<Bounded>,
    /// Servers announce mail with the answer to any command. What is announced then is not
    /// announced again during IDLE.
    pub(super) news: bool,
}

/// Runs one command that brings no email. Each untagged answer goes to `each`.
///
/// # Errors
/// Anything but OK on the command's own tag, the end of the connection, or no answer within `limit`.
/// Unless it is a refusal, the session must then be thrown away: a later answer could be taken for that of the next command.
pub(super) async fn exec(
    line: &mut Line,
    command: &str,
    limit: Duration,
    each: impl FnMut(&Response<'_>) + Send,
) -> Result<(), ImapTrouble> {
    exec_within(line, command, limit, Bounded::SMALL, each).await
}

/// The same with the bytes that the whole answer may have.
///
/// # Errors
/// Those of [`exec`]; also where the server sends more.
pub(super) async fn exec_within(
    line: &mut Line,
    command: &str,
    limit: Duration,
    bytes: u64,
    mut each: impl FnMut(&Response<'_>) + Send,
) -> Result<(), ImapTrouble> {
    let running = begin(line, command, limit, bytes).await?;
    let each = |answer: &Response<'_>| {
        each(answer);
        false
    };
    go_on(line, &running, limit, each).await.map(|_| ())
}

/// A command whose answer is read by and by.
#[derive(Debug)]
pub(super) struct Running {
    tag: RequestId,
    name: String,
}

/// Sends a command. Nothing else may be sent before [`go_on`] has come to the end of its answer.
pub(super) async fn begin(line: &mut Line, command: &str, limit: Duration, bytes: u64) -> Result<Running, ImapTrouble> {
    let name = command_name(command);
    line.session.as_mut().allow(bytes);
    match tokio::time::timeout(limit, line.session.run_command(command)).await {
        Ok(tag) => Ok(Running { tag: tag.map_err(|e| broken(e, 0))?, name }),
        Err(_) => Err(ImapTrouble::Timeout { command: name, limit }),
    }
}

/// Reads on until `each` says that it has enough, or to the end; gives whether that was the end.
///
/// # Errors
/// Those of [`exec`].
pub(super) async fn go_on(
    line: &mut Line,
    running: &Running,
    limit: Duration,
    mut each: impl FnMut(&Response<'_>) -> bool + Send,
) -> Result<bool, ImapTrouble> {
    let work = async {
        let Line { session, news } = line;
        loop {
            let answer = session.read_response().await;
            let answer = heard(answer, session.as_mut().read)?;
            match answer.parsed() {
                Response::Done { tag, status: Status::Ok, .. } if *tag == running.tag => return Ok(true),
                Response::Done { tag, outcome, .. } if *tag == running.tag => {
                    let text = one_line(outcome.information.as_deref().unwrap_or("no reason given"));
                    let why = Refusal::of(outcome.code.as_ref(), &text);
                    return Err(ImapTrouble::Refused { command: running.name.clone(), text, why });
                }
                Response::Data { status: Status::Bye, outcome } => {
                    let text = one_line(outcome.information.as_deref().unwrap_or_default());
                    return Err(ImapTrouble::Unreachable(format!("the server ended the session: {text}")));
                }
                other => {
                    *news |= is_news(other);
                    if each(other) {
                        return Ok(false);
                    }
                }
            }
        }
    };
    let result = tokio::time::timeout(limit, work).await;
    result.unwrap_or_else(|_| Err(ImapTrouble::Timeout { command: running.name.clone(), limit }))
}

/// Whether the server says that something arrived.
pub(super) fn is_news(answer: &Response<'_>) -> bool {
    matches!(answer, Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(_)))
}

pub(super) fn closed() -> ImapTrouble {
    ImapTrouble::Unreachable("the server closed the connection".to_owned())
}

/// An answer, or what ended the line after `read` bytes of it.
pub(super) fn heard<T>(
    answer: Result<Option<T>, impl Into<async_imap::error::Error>>,
    read: u64,
) -> Result<T, ImapTrouble> {
    answer.map_err(|e| broken(e, read))?.ok_or_else(closed)
}

/// What ended the line. The library puts all it holds into the words of an error it cannot parse, which may be an
/// email: only its kind is kept, and after how many bytes of the answer (`read`) it came.
pub(super) fn broken(error: impl Into<async_imap::error::Error>, read: u64) -> ImapTrouble {
    let error = error.into();
    let text = error.to_string();
    let text = match text.find("during parsing of") {
        None if !matches!(error, async_imap::error::Error::Parse(_)) => {
            format!("the connection broke: {}", one_line(&text))
        }
        _ => {
            let kind = text.split("code: ").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric));
            let kind = kind.map(Iterator::collect::<String>).filter(|k| !k.is_empty() && k.len() < 20);
            let kind = kind.unwrap_or_else(|| "unexpected answer".to_owned());
            return ImapTrouble::Unreadable { kind, read };
        }
    };
    ImapTrouble::Unreachable(text)
}

/// The first words, without arguments that may hold names or secrets.
fn command_name(command: &str) -> String {
    let mut words = command.split(' ');
    match (words.next(), words.next()) {
        (Some("UID"), Some(second)) => format!("UID {second}"),
        (Some(first), _) => first.to_owned(),
        _ => String::new(),
    }
}
