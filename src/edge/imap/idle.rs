//! Waiting for the server to say that something arrived (RFC 2177).
//!
//! Written over the library's raw commands: its own IDLE loses what the server says before it
//! confirms, and takes a broken line for a wish to stop.

use std::time::Duration;

use async_imap::imap_proto::{RequestId, Response, Status};
use tokio_util::sync::CancellationToken;

use super::bounded::Bounded;
use super::exec::{broken, closed, heard, is_news};
use super::{Imap, ImapTrouble, Refusal};

/// Why the waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// The server announced a change.
    News,
    /// The time to look anyway has come.
    Poll,
    /// The program is to stop.
    Stop,
}

/// A server may drop a client that idles for 30 minutes.
const RENEW: Duration = Duration::from_secs(28 * 60);

impl Imap {
    /// Waits for news, at most for `poll` (or 28 minutes), or until `stop`.
    ///
    /// # Errors
    /// [`ImapTrouble`]; the session must then be thrown away.
    pub async fn idle(&mut self, poll: Duration, stop: &CancellationToken) -> Result<Wake, ImapTrouble> {
        let limit = self.config.limit;
        let begun = tokio::time::timeout(limit, self.begin_idle()).await;
        let (tag, early) = begun.unwrap_or(Err(timeout("IDLE", limit)))?;
        let wake = if early { Wake::News } else { self.listen(poll.min(RENEW), stop).await? };
        let ended = tokio::time::timeout(limit, self.end_idle(&tag)).await;
        ended.unwrap_or(Err(timeout("DONE", limit)))?;
        Ok(wake)
    }

    /// Gives the tag, and whether news came before the server's go-ahead.
    async fn begin_idle(&mut self) -> Result<(RequestId, bool), ImapTrouble> {
        self.line.session.as_mut().allow(Bounded::SMALL);
        let tag = self.line.session.run_command("IDLE").await.map_err(|e| broken(e, 0))?;
        let mut early = false;
        loop {
            let answer = self.line.session.read_response().await;
            let answer = heard(answer, self.line.session.as_mut().read)?;
            match answer.parsed() {
                Response::Continue(_) => return Ok((tag, early)),
                Response::Done { outcome, .. } => {
                    let text = outcome.information.as_deref().unwrap_or_default();
                    let why = Refusal::of(outcome.code.as_ref(), text);
                    return Err(ImapTrouble::Refused { command: "IDLE".to_owned(), text: text.to_owned(), why });
                }
                other => early |= is_news(other),
            }
        }
    }

    async fn listen(&mut self, poll: Duration, stop: &CancellationToken) -> Result<Wake, ImapTrouble> {
        let until = tokio::time::Instant::now() + poll;
        self.line.session.as_mut().allow(Bounded::SMALL);
        loop {
            // Reading an answer may be given up: what has come so far stays in the buffer.
            let answer = tokio::select! {
                answer = self.line.session.read_response() => answer,
                () = tokio::time::sleep_until(until) => return Ok(Wake::Poll),
                () = stop.cancelled() => return Ok(Wake::Stop),
            };
            let answer = heard(answer, self.line.session.as_mut().read)?;
            match answer.parsed() {
                Response::Data { status: Status::Bye, .. } => return Err(closed()),
                other if is_news(other) => return Ok(Wake::News),
                _ => {}
            }
        }
    }

    async fn end_idle(&mut self, tag: &RequestId) -> Result<(), ImapTrouble> {
        self.line.session.run_command_untagged("DONE").await.map_err(|e| broken(e, 0))?;
        loop {
            let answer = self.line.session.read_response().await;
            let answer = heard(answer, self.line.session.as_mut().read)?;
            if let Response::Done { tag: done, .. } = answer.parsed()
                && done == tag
            {
                return Ok(());
            }
        }
    }
}

fn timeout(command: &str, limit: Duration) -> ImapTrouble {
    ImapTrouble::Timeout { command: command.to_owned(), limit }
}
