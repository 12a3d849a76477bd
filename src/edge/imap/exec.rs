//! One command and its answer.

use std::time::Duration;

use async_imap::Session;
use async_imap::imap_proto::{MailboxDatum, Response, Status};

use super::ImapTrouble;
use crate::edge::net::Wire;

/// A session, and whether the server has announced mail since it was last searched.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) session: Session<Wire>,
    /// Servers announce mail with the answer to any command. What is announced then is not
    /// announced again during IDLE.
    pub(super) news: bool,
}

/// Runs one command. Each untagged answer goes to `each`. Gives the text of the final OK's code.
///
/// # Errors
/// Anything but OK on the command's own tag, the end of the connection, or no answer within `limit`.
/// The session must then be thrown away: a later answer could be taken for that of the next command.
pub(super) async fn exec(
    line: &mut Line,
    command: &str,
    limit: Duration,
    mut each: impl FnMut(&Response<'_>) + Send,
) -> Result<(), ImapTrouble> {
    let name = command_name(command);
    let work = async {
        let Line { session, news } = line;
        let tag = session.run_command(command).await.map_err(broken)?;
        loop {
            let answer = session.read_response().await.map_err(broken)?;
            let Some(answer) = answer else { return Err(closed()) };
            match answer.parsed() {
                Response::Done { tag: done, status: Status::Ok, .. } if *done == tag => return Ok(()),
                Response::Done { tag: done, outcome, .. } if *done == tag => {
                    let text = outcome.information.as_deref().unwrap_or("no reason given").to_owned();
                    return Err(ImapTrouble::Refused { command: command_name(command), text });
                }
                Response::Data { status: Status::Bye, outcome } => {
                    let text = outcome.information.as_deref().unwrap_or_default();
                    return Err(ImapTrouble::Unreachable(format!("the server ended the session: {text}")));
                }
                other => {
                    *news |= is_news(other);
                    each(other);
                }
            }
        }
    };
    let result = tokio::time::timeout(limit, work).await;
    result.unwrap_or(Err(ImapTrouble::Timeout { command: name, limit }))
}

/// Whether the server says that something arrived.
pub(super) fn is_news(answer: &Response<'_>) -> bool {
    matches!(answer, Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(_)))
}

pub(super) fn closed() -> ImapTrouble {
    ImapTrouble::Unreachable("the server closed the connection".to_owned())
}

pub(super) fn broken(error: impl std::fmt::Display) -> ImapTrouble {
    ImapTrouble::Unreachable(format!("the connection broke: {error}"))
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
