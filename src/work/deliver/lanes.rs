//! One batch over several connections.
//!
//! Each connection takes the next notification that may be sent: in the batch's order, but of two to the same person about the same
//! ticket the second only once the first is done, and not at all where that has to be tried again. The first
//! connection speaks for the server: what it meets ends the batch, and until it has handed over a notification it is alone. A further one
//! that fails is given up, and what it had goes back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Millis;
use crate::edge::notes::Notes;
use crate::edge::smtp::{Smtp, SmtpTrouble};
use crate::settings::Settings;
use crate::store::{ClaimedEmail, Durability, Engine, Failure, Settlement};
use crate::ticket::{NotificationKind, OutboxId};
use crate::trouble::Trouble;
use crate::work::presence::Claims;
use crate::work::{App, failpoint, sign_in};

use super::{Outcome, lighter, no_notes, refused};

/// What all connections share.
pub(super) struct Lanes<'a> {
    pub(super) app: &'a App,
    pub(super) settings: &'a Settings,
    pub(super) claims: Claims,
    pub(super) stop: &'a CancellationToken,
    /// When nothing new is begun any more.
    pub(super) until: Millis,
    pub(super) notes: &'a Mutex<Notes>,
    pub(super) at_mail: &'a Mutex<BTreeMap<OutboxId, bool>>,
    /// Whether the server has taken, or refused, a notification since anything was wrong with it.
    pub(super) proved: bool,
}

/// How far a notification of the batch is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    AtHand,
    Done,
    /// Not before the one ahead of it was sent.
    Behind,
}

/// The batch as the connections work through it.
struct Board<'a> {
    due: &'a [ClaimedEmail],
    stages: Vec<Stage>,
    outcome: Outcome,
    /// Whether more than the first connection is of use: a server in trouble is tried by one.
    proved: bool,
    /// What makes going on useless, besides the server.
    fatal: Option<Trouble>,
}

/// What a connection finds to do.
enum Next {
    Send(usize),
    /// One that another connection has at hand must be done first.
    Wait,
    Nothing,
}

impl Board<'_> {
    fn next(&mut self) -> Next {
        let mut held = false;
        for at in 0..self.due.len() {
            if self.stages[at] != Stage::Waiting {
                continue;
            }
            match self.ahead(at) {
                None => {
                    self.stages[at] = Stage::AtHand;
                    return Next::Send(at);
                }
                Some(Stage::Behind) => self.stages[at] = Stage::Behind,
                Some(_) => held = true,
            }
        }
        if held { Next::Wait } else { Next::Nothing }
    }

    /// The stage of an unfinished notification to the same person about the same ticket, written before this one.
    fn ahead(&self, at: usize) -> Option<Stage> {
        let own = &self.due[at];
        let same = |other: &ClaimedEmail| {
            own.ticket_id > 0
                && other.ticket_id == own.ticket_id
                && other.recipient == own.recipient
                && other.id.0 < own.id.0
        };
        let before = self.due.iter().zip(&self.stages).filter(|(other, _)| same(other)).map(|(_, stage)| *stage);
        before.filter(|stage| *stage != Stage::Done).max_by_key(|stage| *stage == Stage::Behind)
    }

    fn ends(&self) -> bool {
        self.outcome.broken.is_some() || self.outcome.cut_off || self.fatal.is_some()
    }
}

impl Lanes<'_> {
    /// Sends what is due, as far as the server takes it.
    ///
    /// # Errors
    /// [`Trouble`] where it cannot be noted what was sent.
    pub(super) async fn run(
        &self,
        connections: &mut [Smtp],
        due: &[ClaimedEmail],
        bytes: &[(OutboxId, Vec<u8>)],
        outcome: Outcome,
    ) -> Result<Outcome, Trouble> {
        let board = Mutex::new(Board {
            due,
            stages: vec![Stage::Waiting; due.len()],
            outcome,
            proved: self.proved,
            fatal: None,
        });
        let (changed, useful) = (Notify::new(), connections.len().min(due.len()).max(1));
        let lanes = connections.iter_mut().take(useful).enumerate();
        let lanes = lanes.map(|(number, smtp)| self.lane(number == 0, smtp, bytes, &board, &changed));
        join_all(lanes).await;
        // What a further connection gave back after the first had found nothing more to do.
        if let Some(first) = connections.first_mut() {
            self.lane(true, first, bytes, &board, &changed).await;
        }
        let Board { outcome, fatal, .. } = board.into_inner().unwrap_or_else(PoisonError::into_inner);
        fatal.map_or(Ok(outcome), Err)
    }

    async fn lane(
        &self,
        first: bool,
        smtp: &mut Smtp,
        bytes: &[(OutboxId, Vec<u8>)],
        board: &Mutex<Board<'_>>,
        changed: &Notify,
    ) {
        loop {
            let mut waiting = std::pin::pin!(changed.notified());
            waiting.as_mut().enable();
            // Whoever was cut off for too long has lost its claim: others send these notifications now.
            if !self.app.presence.still(self.claims) {
                lock(board).outcome.cut_off = true;
            }
            let next = {
                let mut board = lock(board);
                let over = board.ends() || self.stop.is_cancelled() || self.app.clock.now() >= self.until;
                match (over, first || board.proved) {
                    (true, _) => Next::Nothing,
                    (false, true) => board.next(),
                    (false, false) => Next::Wait,
                }
            };
            let at = match next {
                Next::Send(at) => at,
                Next::Wait => {
                    waiting.await;
                    continue;
                }
                Next::Nothing => break,
            };
            let goes_on = self.one(first, at, smtp, bytes, board).await;
            changed.notify_waiters();
            if !goes_on {
                break;
            }
        }
        changed.notify_waiters();
    }

    /// Sends one; gives whether this connection goes on.
    async fn one(
        &self,
        first: bool,
        at: usize,
        smtp: &mut Smtp,
        bytes: &[(OutboxId, Vec<u8>)],
        board: &Mutex<Board<'_>>,
    ) -> bool {
        let notification = { lock(board).due[at].clone() };
        // A notification pays for its own refusal, not for a server that went away before it.
        if let Err(trouble) = sign_in::smtp(self.app, smtp).await {
            if let Trouble::Smtp(trouble) = &trouble {
                self.app.meter.notification_failed(trouble);
            }
            return self.gave_up(first, at, trouble, board);
        }
        let found = bytes.iter().find(|(id, _)| *id == notification.id).map(|(_, bytes)| bytes.as_slice());
        match self.send(smtp, &notification, found).await {
            Ok(Settlement::Sent) => {
                failpoint("sent");
                let noted = self.note(&notification).await;
                self.app.meter.sent();
                failpoint("noted");
                let mut board = lock(board);
                board.proved = true;
                board.stages[at] = Stage::Done;
                board.outcome.sent.push(notification.id);
                board.fatal = board.fatal.take().or(noted.err());
                true
            }
            Ok(other) => {
                let again = matches!(other, Settlement::Later { .. });
                let mut board = lock(board);
                // A refusal that may be the server's own proves nothing.
                board.proved |= !matches!(other, Settlement::Later { counts: false, .. });
                board.stages[at] = if again { Stage::Behind } else { Stage::Done };
                board.outcome.others.push((notification.id, other));
                true
            }
            // It was not tried: the server takes nothing.
            Err(trouble) => self.gave_up(first, at, trouble.into(), board),
        }
    }

    /// The notification goes back untried. What the first connection meets is the server's trouble; a further one may be one too many.
    fn gave_up(&self, first: bool, at: usize, trouble: Trouble, board: &Mutex<Board<'_>>) -> bool {
        let mut board = lock(board);
        board.stages[at] = Stage::Waiting;
        if first {
            board.outcome.broken = Some(trouble);
        } else {
            tracing::info!(error = %trouble, "one SMTP connection less for now");
        }
        false
    }

    /// One attempt. An error is the server's trouble alone.
    async fn send(
        &self,
        smtp: &mut Smtp,
        notification: &ClaimedEmail,
        bytes: Option<&[u8]>,
    ) -> Result<Settlement, SmtpTrouble> {
        let Some(bytes) = bytes else {
            let error = "its bytes are gone from the store".to_owned();
            return Ok(Settlement::Failed { error, failure: Failure::Refused });
        };
        failpoint("sending");
        let (from, to) = (&notification.envelope_from, &notification.recipient);
        let mut outcome = smtp.send(from, to, bytes, self.stop).await;
        if let Err(SmtpTrouble::TooLarge { most, .. }) = &outcome
            && let Some(light) = lighter(notification, bytes, *most, self.settings)
        {
            tracing::warn!(
                outbox_id = notification.id.0,
                "notification sent without its files, which the server does not take"
            );
            outcome = smtp.send(from, to, &light, self.stop).await;
        }
        let Err(trouble) = outcome else {
            tracing::info!(outbox_id = notification.id.0, attempts = notification.attempts, "notification sent");
            self.taken(notification.id);
            return Ok(Settlement::Sent);
        };
        self.app.meter.notification_failed(&trouble);
        let trouble = self.classified(smtp, notification.id, trouble);
        if trouble.is_of_the_server() {
            Err(trouble)
        } else {
            Ok(refused(notification, &trouble, self.settings, self.app.clock.now()))
        }
    }

    /// The server takes notifications.
    fn taken(&self, id: OutboxId) {
        let mut at_mail = lock(self.at_mail);
        at_mail.remove(&id);
        at_mail.values_mut().for_each(|since| *since = true);
    }

    /// Whose fault a refused MAIL command is: the notification's, where the server has taken another since it first refused this one;
    /// the server's, where it refuses another as well.
    fn classified(&self, smtp: &Smtp, id: OutboxId, trouble: SmtpTrouble) -> SmtpTrouble {
        let SmtpTrouble::Mail(text) = trouble else {
            // It got as far as its recipient.
            if !trouble.is_of_the_server() {
                self.taken(id);
            }
            return trouble;
        };
        let mut at_mail = lock(self.at_mail);
        if at_mail.get(&id) == Some(&true) {
            at_mail.remove(&id);
            return SmtpTrouble::unsendable(text);
        }
        let others = at_mail.iter().any(|(other, since)| *other != id && !since);
        at_mail.insert(id, false);
        if others { smtp.takes_nothing(text) } else { SmtpTrouble::Mail(text) }
    }

    /// Notes, before anything else is sent on this connection, that the server took this notification.
    async fn note(&self, notification: &ClaimedEmail) -> Result<(), Trouble> {
        lock(self.notes).add(notification.id.0).map_err(no_notes)?;
        let app = self.app;
        if app.store.engine() == Engine::Sqlite {
            return Ok(());
        }
        let mut tx = app.store.begin(Durability::Relaxed).await?;
        let now = app.clock.now();
        tx.settle_notifications(&[(notification.id, Settlement::Sent)], &app.store.holder(), now).await?;
        tx.commit().await?;
        // Apart from that: the ticket may be held by a decision, and the notification must not leave again for it. The batch notes it too.
        if NotificationKind::from_name(&notification.kind).is_some_and(NotificationKind::is_personal) {
            let mut tx = app.store.begin(Durability::Relaxed).await?;
            match tx.answers_given(&[notification.id], now).await {
                Ok(()) => tx.commit().await?,
                Err(error) => {
                    tracing::warn!(%error, outbox_id = notification.id.0, "the answer is noted a little later")
                }
            }
        }
        Ok(())
    }
}

/// Whoever held it only changed whole values: it is never half written.
pub(super) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
