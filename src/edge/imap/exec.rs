//! One command and its answer.

use std::time::Duration;

use async_imap::Session;
use async_imap::imap_proto::{Response, Status};

use super::ImapTrouble;
use crate::edge::net::Wire;

/// Runs one command. Each untagged answer goes to `each`. Gives the text of the final OK's code.
///
/// # Errors
/// Anything but OK on the command's own tag, the end of the connection, or no answer within `limit`.
/// The session must then be thrown away: a later answer could be taken for that of the next command.
pub(super) async fn exec(
    session: &mut Session<Wire>,
    command: &str,
    limit: Duration,
    mut each: impl FnMut(&Response<'_>) + Send,
) -> Result<(), ImapTrouble> {
    let name = command_name(command);
    let work = async {
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
                other => each(other),
            }
        }
    };
    let result = tokio::time::timeout(limit, work).await;
    result.unwrap_or(Err(ImapTrouble::Timeout { command: name, limit }))
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
