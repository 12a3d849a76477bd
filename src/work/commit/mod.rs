//! The one way by which anything changes: a decision, carried out for its cause.
//!
//! Takes: as many pairs of a [`Cause`] and a [`Decision`] as belong into one transaction, each decided in the
//! sight of those before it. Gives: one commit of tickets, messages, events, deadlines, notifications, the verdict on
//! the email, and what the cause leaves behind (invariant 3). Fails with a [`StoreError`]; then nothing was done.
//! Never: decides anything.

mod compose;
mod look_up;
mod plan;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::presence::DESK;
use super::{App, aside, failpoint};
use crate::clock::Millis;
use crate::notify::Extra;
use crate::settings::Settings;
use crate::store::{Alarm, Arrival, Store, StoreError, Unit, Untold, VerdictRecord, Waiting, Wanted};
use crate::ticket::notification::Adds;
use crate::ticket::{
    About, Absence, Away, Change, Copying, Decision, Detail, Event, Hit, HoldCause, Holding, InboxId, Intake, Joining,
    MessageDraft, NEW_NUMBER, Notices, Notification, NotificationKind, Opening, ReplyTo, ReportWords, Secret, TicketId,
    TicketView, Undelivered, Value, Verdict, shown,
};
use compose::Composer;
use plan::Planned;
pub(super) use plan::once_key;

/// An email and what was read in it, or why nothing was.
pub(super) struct Email {
    pub(super) waiting: Waiting,
    pub(super) intake: Result<Box<Intake>, String>,
}

/// Why something changes.
pub(super) enum Cause<'a> {
    /// An email arrived. With what may help its writer.
    Email(&'a Email, Vec<Hit>),
    /// The operator gave a command. Its receipt goes to the terminal.
    Operator(&'a Email),
    /// A deadline of a ticket was reached.
    Deadline {
        /// When.
        at: Millis,
        /// Whether the service desk was away then: its people read of it in one notification with the others.
        missed: bool,
    },
    /// What was put aside for people is sent, one notification each: by address, what it shows.
    Aside(Aside, BTreeMap<String, Extra>),
    /// Something is wrong, or right again.
    Alarm {
        /// What is wrong, and since when.
        raised: Vec<Alarm>,
        /// What is right again, by name.
        cleared: Vec<String>,
    },
    /// A report or a reminder: by address, what it shows; and when its wake-up rings next.
    Report(BTreeMap<String, Extra>, Option<(String, Millis)>),
    /// The mail server refused a notification for good; whom it did not reach, where anything follows from that.
    DeliveryFailure(&'a Untold, Option<Undelivered>),
    /// Service levels were edited.
    Recalculation,
}

/// Rows of what was put aside, by their ids.
pub(super) enum Aside {
    /// What fell due while the service desk was away.
    Overdue(Vec<i64>),
    /// What was collected near a cap.
    Digest(Vec<i64>),
}

/// Longest reason that is kept.
const REASON: usize = 1_000;

/// What became of a commit, for those who count.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Notifications written.
    pub(super) notifications: usize,
    /// Notifications that were not written.
    suppressed: u64,
    /// Notifications reported as not delivered.
    bounced: u64,
    /// The verdicts on emails.
    verdicts: Vec<&'static str>,
    /// Whether a held email was let in, which stands before those decided since.
    released: bool,
    /// What the operator's receipt says.
    pub(super) receipt: Vec<String>,
}

impl Done {
    /// Adds it to what the program counts.
    fn count(&self, app: &App) {
        app.meter.suppressed(self.suppressed);
        (0..self.bounced).for_each(|_| app.meter.bounced());
        self.verdicts.iter().for_each(|verdict| app.meter.decided(verdict));
        if self.released {
            app.released.store(true, Ordering::SeqCst);
        }
    }
}

/// The verdict on an email, and the ticket it is about.
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    cause: HoldCause,
    pub(super) reason: String,
    pub(super) ticket: Option<TicketId>,
}

impl Outcome {
    fn new(verdict: Verdict, reason: String, ticket: Option<TicketId>) -> Self {
        Self { verdict, cause: HoldCause::Other, reason, ticket }
    }
}

/// A transaction under way.
pub(super) struct Commit<'a> {
    secret: &'a Secret,
    settings: &'a Settings,
    now: Millis,
    plus_works: BTreeMap<String, bool>,
    unit: Unit,
    planned: Vec<Planned<'a>>,
    done: Done,
    /// The program that counts what was done.
    app: Option<&'a App>,
}

/// Sets when a wake-up rings next.
pub(super) async fn set_wake_up(app: &App, name: &str, at: Millis) -> Result<(), StoreError> {
    let wanted = Wanted { lease: Some(DESK), ..Wanted::default() };
    let mut unit = Unit::load(&app.store, wanted, app.clock.now()).await?;
    unit.set_wake_up(name, at);
    unit.commit().await
}

impl<'a> Commit<'a> {
    /// Begins a transaction of the running program.
    pub(super) async fn begin(
        app: &'a App,
        settings: &'a Settings,
        now: Millis,
        wanted: Wanted,
    ) -> Result<Self, StoreError> {
        Ok(Self { app: Some(app), ..Self::on(&app.store, &app.secret, settings, now, wanted).await? })
    }

    /// Begins a transaction on a store.
    pub(super) async fn on(
        store: &'a Store,
        secret: &'a Secret,
        settings: &'a Settings,
        now: Millis,
        wanted: Wanted,
    ) -> Result<Self, StoreError> {
        let mut plus_works = BTreeMap::new();
        for queue in settings.policy.queues.values().filter(|q| q.reply_to == ReplyTo::Auto) {
            plus_works.insert(queue.name.clone(), store.plus_works(&queue.name).await?);
        }
        let unit = Unit::load(store, wanted, now).await?;
        Ok(Self { secret, settings, now, plus_works, unit, planned: Vec::new(), done: Done::default(), app: None })
    }

    /// What decisions may look at.
    pub(super) fn unit(&self) -> &Unit {
        &self.unit
    }

    /// Sets when a wake-up rings next, in this very commit.
    pub(super) fn set_wake_up(&mut self, name: &str, at: Millis) {
        self.unit.set_wake_up(name, at);
    }

    /// Keeps an email that is decided in this very commit; gives its row id.
    pub(super) async fn take_in(&mut self, email: &Waiting) -> Result<InboxId, StoreError> {
        let Waiting { mailbox, bytes, .. } = email;
        let size = bytes.len() as u64;
        self.unit.take_in(&Arrival { mailbox, place: None, bytes, size, delivered_at: None, hold: None }).await
    }

    /// Carries out a decision in memory; the email's verdict is part of it.
    pub(super) fn carry_out(&mut self, cause: &Cause<'a>, decision: Decision) -> Result<Outcome, StoreError> {
        self.settle(cause);
        let outcome = match decision {
            Decision::Open(openings) => self.open(cause, openings)?,
            Decision::Join(joining) => self.join(cause, *joining)?,
            Decision::Copy(copying) => {
                let Copying { ticket, message, events, notifications, reason } = *copying;
                let id = ticket.id;
                let mut events = events;
                self.write_down(&mut events);
                events.into_iter().for_each(|event| self.unit.add_event(id, event));
                self.plan(cause, About::Ticket(id), ticket, message, notifications);
                Outcome::new(Verdict::Joined, reason, Some(id))
            }
            Decision::Tell(holding) => self.tell(cause, *holding),
            Decision::Words(words, holding) => {
                let fact = serde_json::to_string(&words).unwrap_or_default();
                self.unit.note_fact(ReportWords::fact(&words.report, &words.address), &fact);
                self.tell(cause, *holding)
            }
            Decision::Review { held, admit, by } => {
                let what = if admit { "let in" } else { "refused" };
                self.unit.review_held(held, admit, format!("{what} by {by}"));
                self.done.released |= admit;
                Outcome::new(Verdict::Command, format!("held email {held} {what}"), None)
            }
            Decision::Hold(why, reason) => {
                let reason = self.reason(&reason);
                Outcome { verdict: Verdict::Held, cause: why, reason, ticket: None }
            }
            Decision::Ignore(reason) => Outcome::new(Verdict::Ignored, reason, None),
            Decision::Probed(probe) => {
                let (name, found) = probe.fact();
                self.unit.note_fact(name, found);
                Outcome::new(Verdict::Ignored, probe.to_string(), None)
            }
            Decision::Change(change) => self.change(cause, *change),
            Decision::Notify(all) => {
                for Notices { queue, notifications } in all {
                    let ticket = TicketView { queue, ..TicketView::default() };
                    self.plan(cause, About::Nothing, ticket, MessageDraft::default(), notifications);
                }
                Outcome::new(Verdict::Ignored, String::new(), None)
            }
        };
        Ok(self.record_verdict(cause, outcome))
    }

    /// Writes everything, and the notifications, as one commit.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was done then.
    pub(super) async fn finish(mut self) -> Result<Done, StoreError> {
        let shows_more =
            |plan: &Planned<'_>| plan.notification.whole || plan.notification.kind.row().adds != Adds::Nothing;
        if self.planned.iter().any(shows_more) {
            // What a list shows is how things stand after all that was decided.
            self.unit.write().await?;
            self.look_up().await?;
        }
        let Self { secret, settings, now, plus_works, mut unit, planned, mut done, app, .. } = self;
        done.notifications = planned.len();
        let composer = Composer { secret, settings, plus_works, now, app };
        // The database writes on its own thread while the notifications are composed on this one.
        let writing = tokio::spawn(async move { unit.write().await.map(|()| unit) });
        let notifications = aside::compute(|| composer.compose_all(&planned));
        let mut unit = writing.await.map_err(|_| StoreError::Interrupted)??;
        failpoint("written");
        for (plan, email) in notifications {
            match email {
                Ok(email) => unit.queue_notification(plan.about.ticket(), email),
                Err(reason) => {
                    tracing::error!(reason, "a notification could not be composed");
                    if let Some(id) = plan.about.ticket() {
                        unit.add_event(id, Event::own("unwritten", reason));
                    }
                }
            }
        }
        unit.commit().await?;
        failpoint("committed");
        if let Some(app) = app {
            done.count(app);
        }
        Ok(done)
    }

    /// What the cause leaves behind, whatever is decided.
    fn settle(&mut self, cause: &Cause<'a>) {
        let unit = &mut self.unit;
        match cause {
            Cause::Email(email, _) => {
                let tokens = email.intake.iter().flat_map(|intake| shown(intake, &self.settings.policy));
                for id in tokens.flat_map(|token| self.settings.policy.message_ids(token)) {
                    unit.note_shown(id);
                }
                // Whoever writes is there.
                let by_person = |intake: &&Intake| intake.mail.automatic.is_none() && intake.mail.bounce.is_none();
                let intake = email.intake.as_deref().ok();
                let sender = intake.filter(by_person).map(|intake| intake.sender.as_str());
                let agent = sender.and_then(|sender| self.settings.policy.agent(sender));
                if let Some(agent) = agent.filter(|agent| agent.away == Some(Away::Seen)) {
                    self.note_absence(Some(Absence::over(&agent.address)));
                }
            }
            Cause::Aside(Aside::Overdue(ids), _) => unit.clear_overdue(ids),
            Cause::Aside(Aside::Digest(ids), _) => unit.clear_digest(ids),
            Cause::Alarm { raised, cleared } => {
                raised.iter().for_each(|alarm| unit.raise(alarm.clone()));
                cleared.iter().for_each(|name| unit.clear(name));
            }
            Cause::Report(_, Some((name, next))) => unit.set_wake_up(name, *next),
            Cause::DeliveryFailure(failed, failure) => {
                unit.note_failure_told(failed.id);
                if let Some(failure) = failure.as_ref().filter(|failure| failure.lasting) {
                    let until = self.now + self.settings.policy.undeliverable_for;
                    unit.block(failed.ticket, failure, until);
                }
            }
            Cause::Operator(_) | Cause::Deadline { .. } | Cause::Report(_, None) | Cause::Recalculation => {}
        }
    }

    /// Keeps who is away, until `work::absences` looks.
    fn note_absence(&mut self, absence: Option<Absence>) {
        if let Some(absence) = absence {
            let fact = serde_json::to_string(&absence).unwrap_or_default();
            self.unit.note_fact(absence.fact(), &fact);
        }
    }

    /// What the record says: English, whoever reads it.
    fn record(&self, detail: &Detail) -> String {
        self.settings.templates.phrases("en").record(detail, &self.settings.policy)
    }

    /// Why an email was not taken, within a bound: of many lines that are no commands, the first.
    fn reason(&self, detail: &Detail) -> String {
        let reason = self.record(detail);
        if reason.len() <= REASON { reason } else { reason.chars().take(REASON).collect() }
    }

    /// Puts the lines of a history into the words they are kept in.
    fn write_down(&self, events: &mut [Event]) {
        for event in events.iter_mut().filter(|event| !matches!(event.text, Detail::Text(_))) {
            event.text = self.record(&event.text).into();
        }
    }

    /// Opens a ticket in each queue the decision names; the first is the one the verdict is about.
    fn open(&mut self, cause: &Cause<'a>, openings: Vec<Opening>) -> Result<Outcome, StoreError> {
        let mut outcome = Outcome::new(Verdict::Opened, String::new(), None);
        let mut first: Option<TicketView> = None;
        let mut pictures = openings.first().map(|o| o.message.attachments.clone()).unwrap_or_default();
        if let Some(opening) = openings.first() {
            // Pictures are a writer's, wherever answers go.
            let writer = match cause {
                Cause::Email(email, _) => {
                    email.intake.as_ref().ok().filter(|intake| intake.answer_to.is_some()).map(|i| i.sender.clone())
                }
                _ => None,
            };
            self.unit.note_images(&writer.unwrap_or_else(|| opening.ticket.requester.address.clone()), &mut pictures);
        }
        for mut opening in openings {
            opening.message.attachments.clone_from(&pictures);
            let reason = opening.reason.clone();
            let ticket = self.open_one(cause, opening)?;
            match &first {
                None => {
                    outcome = Outcome::new(Verdict::Opened, reason, Some(ticket.id));
                    first = Some(ticket);
                }
                Some(first) => {
                    let other = |number: &str| Event::own("related", format!("the same email opened {number}"));
                    self.unit.add_event(first.id, other(&ticket.number));
                    self.unit.add_event(ticket.id, other(&first.number));
                }
            }
        }
        Ok(outcome)
    }

    fn open_one(&mut self, cause: &Cause<'a>, mut opening: Opening) -> Result<TicketView, StoreError> {
        self.write_down(&mut opening.events);
        let inbox_id = cause.inbox_id().ok_or(StoreError::WithoutEmail)?;
        let ticket = self.unit.open_ticket(inbox_id, &opening)?;
        name_new(&mut opening.notifications, std::slice::from_ref(&ticket.number));
        // What a person of the service desk says to somebody is signed by them, whoever the request is of.
        let (personal, others): (Vec<_>, Vec<_>) =
            opening.notifications.into_iter().partition(|n| n.kind.is_personal());
        if !personal.is_empty() {
            let written = opening.note.clone().unwrap_or_else(|| opening.message.clone());
            self.plan(cause, About::Ticket(ticket.id), ticket.clone(), written, personal);
        }
        self.plan(cause, About::Ticket(ticket.id), ticket.clone(), opening.message, others);
        Ok(ticket)
    }

    fn join(&mut self, cause: &Cause<'a>, joining: Joining) -> Result<Outcome, StoreError> {
        let Joining { mut change, others, opens, undelivered, returned, absence, command, reason } = joining;
        self.note_absence(absence);
        if !change.message.from_agent {
            self.unit.note_images(&change.message.sender, &mut change.message.attachments);
        }
        self.write_down(&mut change.events);
        let ticket = self.unit.change_ticket(cause.inbox_id(), &change);
        returned.into_iter().for_each(|id| self.unit.note_returned(id));
        if let Some(failure) = &undelivered {
            self.done.bounced += 1;
            let until = self.now + self.settings.policy.undeliverable_for;
            if failure.lasting && !self.unit.block(Some(ticket.id), failure, until) {
                // Its people know already.
                change.notifications.clear();
            }
        }
        let mut new = Vec::new();
        for opening in opens {
            new.push(self.open_one(cause, opening)?.number);
        }
        name_new(&mut change.notifications, &new);
        for other in others {
            self.change(cause, other);
        }
        let id = ticket.id;
        // What was opened besides may have changed it again.
        let ticket = self.unit.ticket(id).cloned().unwrap_or(ticket);
        // Lists are about no ticket: what answers them may be about any.
        let (lists, own): (Vec<_>, Vec<_>) = change.notifications.into_iter().partition(|l| {
            matches!(l.kind, NotificationKind::Listing | NotificationKind::Help | NotificationKind::Absent)
        });
        if !lists.is_empty() {
            let queue = ticket.queue.clone();
            let none = TicketView { queue, ..TicketView::default() };
            self.plan(cause, cause.itself(), none, change.message.clone(), lists);
        }
        self.plan(cause, About::Ticket(id), ticket, change.message, own);
        Ok(Outcome::new(if command { Verdict::Command } else { Verdict::Joined }, reason, Some(id)))
    }

    fn tell(&mut self, cause: &Cause<'a>, holding: Holding) -> Outcome {
        let Holding { verdict, cause: why, reason, about, ticket, mut message, absence, notifications } = holding;
        self.note_absence(absence);
        let reason = self.reason(&reason);
        message.above.clone_from(&reason);
        let about = about.unwrap_or_else(|| cause.itself());
        self.plan(cause, about, ticket, message, notifications);
        Outcome { verdict, cause: why, reason, ticket: about.ticket() }
    }

    fn change(&mut self, cause: &Cause<'a>, mut change: Change) -> Outcome {
        self.write_down(&mut change.events);
        let ticket = self.unit.change_ticket(cause.inbox_id(), &change);
        let id = ticket.id;
        self.plan(cause, About::Ticket(id), ticket, change.message, change.notifications);
        Outcome::new(Verdict::Joined, String::new(), Some(id))
    }

    fn record_verdict(&mut self, cause: &Cause<'a>, mut outcome: Outcome) -> Outcome {
        match cause {
            Cause::Email(email, _) => {
                if let Ok(intake) = &email.intake
                    && !email.waiting.released
                    && outcome.verdict != Verdict::Refused
                    && outcome.cause != HoldCause::Flood
                {
                    self.unit.count_mail(&intake.sender, &intake.alike);
                }
                self.done.verdicts.push(outcome.verdict.as_str());
                let (id, verdict) = (email.waiting.id, outcome.verdict.as_str());
                let ticket_id = outcome.ticket.map(|id| id.0);
                tracing::info!(inbox_id = id.0, verdict, ticket_id, "mail decided");
                self.unit.record_verdict(id, record_of_email(email, &outcome));
            }
            Cause::Operator(email) => {
                let done = matches!(outcome.verdict, Verdict::Opened | Verdict::Joined | Verdict::Command);
                outcome.verdict = if done { Verdict::Command } else { Verdict::Refused };
                outcome.cause = HoldCause::Other;
                self.unit.record_verdict(email.waiting.id, record_of_operator(email, &outcome));
            }
            _ => {}
        }
        outcome
    }
}

impl Cause<'_> {
    /// The email, if it is one.
    fn inbox_id(&self) -> Option<InboxId> {
        match self {
            Self::Email(email, _) | Self::Operator(email) => Some(email.waiting.id),
            _ => None,
        }
    }

    /// What a notification is about that is about no ticket.
    fn itself(&self) -> About {
        self.inbox_id().map_or(About::Nothing, About::Held)
    }

    /// What a notification shows besides its ticket and message.
    fn extra(&self, notification: &Notification) -> Extra {
        match self {
            Self::Email(_, hits) => Extra { hits: hits.clone(), ..Extra::default() },
            Self::Aside(_, shown) | Self::Report(shown, _) => {
                shown.get(&notification.to.address).cloned().unwrap_or_default()
            }
            _ => Extra::default(),
        }
    }
}

/// Numbers that were given out only now take their place in what the receipt says.
fn name_new(notifications: &mut [Notification], numbers: &[String]) {
    for notification in notifications {
        for number in numbers {
            let mut values = notification.done.iter_mut().flat_map(|phrase| &mut phrase.values);
            if let Some((_, value)) = values.find(|(_, value)| *value == Value::Text(NEW_NUMBER.to_owned())) {
                *value = Value::Text(number.clone());
            }
        }
    }
}

fn record_of_email(email: &Email, outcome: &Outcome) -> VerdictRecord {
    let intake = email.intake.as_ref().ok();
    let message_id = match intake {
        Some(intake) => intake.mail.message_id.clone(),
        None => crate::mail::id_of_unreadable(&email.waiting.bytes),
    };
    VerdictRecord {
        verdict: outcome.verdict,
        cause: outcome.cause,
        reason: outcome.reason.clone(),
        ticket: outcome.ticket,
        message_id: message_id.unwrap_or_default(),
        sender: intake.map(|i| i.sender.clone()).unwrap_or_default(),
        subject: intake.map(|i| i.mail.subject.clone()).unwrap_or_default(),
        content: intake.map(|i| i.mail.content.clone()).unwrap_or_default(),
        alike: intake.map(|i| i.alike.clone()).unwrap_or_default(),
    }
}

/// The same command may be given again: nothing marks it as a copy.
fn record_of_operator(email: &Email, outcome: &Outcome) -> VerdictRecord {
    let intake = email.intake.as_ref().ok();
    let lines = intake.map(|i| i.head.lines.join(" ")).unwrap_or_default();
    let number = intake.map(|i| i.mail.subject.trim_matches(['[', ']'])).unwrap_or_default();
    VerdictRecord {
        verdict: outcome.verdict,
        cause: outcome.cause,
        reason: outcome.reason.clone(),
        ticket: outcome.ticket,
        message_id: String::new(),
        sender: intake.map(|i| i.sender.clone()).unwrap_or_default(),
        subject: format!("{number}: {lines}"),
        content: String::new(),
        alike: String::new(),
    }
}
