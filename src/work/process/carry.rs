//! Decisions carried out: read and written in memory, notifications composed, one commit.

use std::collections::HashMap;

use std::sync::atomic::Ordering;

use super::Read;
use super::look_up::{ids_of, snapshot, wanted};
use crate::clock::Millis;
use crate::settings::Settings;
use crate::store::{StoreError, Unit, VerdictRecord, Waiting, Wanted};
use crate::ticket::{
    Change, Copying, Decision, Event, Hit, HoldCause, Holding, Intake, Joining, NEW_NUMBER, NotificationKind, Opening,
    TicketView, Verdict, decide, held_mail, held_number, search_terms, shown,
};
use crate::work::writer::{Cause, Draft, Writer};
use crate::work::{App, failpoint};

/// Most articles and solved tickets that are offered.
const OFFERED: i64 = 3;

/// What deciding needs besides the emails themselves.
pub(super) struct Work<'a> {
    app: &'a App,
    settings: &'a Settings,
    writer: Writer<'a>,
    now: Millis,
}

type Drafts<'g> = Vec<Draft<'g>>;
type Outcome = Result<Found, StoreError>;

/// The verdict, why it is held if it is, the reason in words, and the ticket.
type Found = (Verdict, HoldCause, String, i64);

impl<'a> Work<'a> {
    pub(super) async fn new(app: &'a App, settings: &'a Settings) -> Result<Self, StoreError> {
        let now = app.clock.now();
        let writer = Writer::new(&app.store, &app.secret, settings, now).await?;
        Ok(Self { app, settings, writer, now })
    }

    pub(super) async fn commit(&self, group: &[Read]) -> Result<(), StoreError> {
        let mut hits = self.hits(group).await?;
        let mut unit = Unit::load(&self.app.store, wanted(group, self.settings), self.now).await?;
        failpoint("loaded");
        let mut drafts = Vec::new();
        for one in group {
            let hits = hits.remove(&one.mail.id).unwrap_or_default();
            self.decide_one(&mut unit, one, hits, &mut drafts)?;
        }
        failpoint("decided");
        self.writer.commit(unit, drafts).await?;
        self.app.meter.suppressed(self.writer.suppressed());
        Ok(())
    }

    pub(super) async fn commit_or_hold(&self, one: &Read) -> Result<(), StoreError> {
        let Err(error) = self.commit(std::slice::from_ref(one)).await else { return Ok(()) };
        match error {
            StoreError::AlreadyDecided(_) => return Ok(()),
            error if error.is_transient() => return Err(error),
            error => tracing::error!(%error, inbox_id = one.mail.id, "an email could not be decided and is held"),
        }
        let mut unit = Unit::load(&self.app.store, Wanted::default(), self.now).await?;
        let reason = "the database refused what it asks for; see the log".to_owned();
        unit.record_verdict(one.mail.id, verdict_record(one, (Verdict::Held, HoldCause::Other, reason, 0)));
        unit.commit().await
    }

    /// What may help with the requests among these emails, by inbox id.
    async fn hits(&self, group: &[Read]) -> Result<HashMap<i64, Vec<Hit>>, StoreError> {
        let mut found = HashMap::new();
        if !self.app.store.has_articles().await? {
            return Ok(found);
        }
        for one in group {
            let Ok(intake) = &one.intake else { continue };
            let Some(queue) = intake.queue.as_ref().filter(|_| intake.mail.automatic.is_none()) else { continue };
            let words = search_terms(&intake.tagged.title, &intake.mail.reply_text);
            found.insert(one.mail.id, self.app.store.find_articles(&words, queue, OFFERED).await?);
        }
        Ok(found)
    }

    fn decide_one<'g>(
        &self,
        unit: &mut Unit,
        one: &'g Read,
        hits: Vec<Hit>,
        drafts: &mut Drafts<'g>,
    ) -> Result<(), StoreError> {
        let found = match &one.intake {
            Err(reason) => (Verdict::Held, HoldCause::Unreadable, reason.clone(), 0),
            Ok(intake) => self.carry_out(unit, one, intake, hits, drafts)?,
        };
        if let Ok(intake) = &one.intake
            && !one.mail.released
            && found.0 != Verdict::Refused
            && found.1 != HoldCause::Flood
        {
            unit.count_mail(&intake.sender, &intake.alike);
        }
        self.app.meter.decided(found.0.as_str());
        tracing::info!(inbox_id = one.mail.id, verdict = found.0.as_str(), ticket_id = found.3, "mail decided");
        unit.record_verdict(one.mail.id, verdict_record(one, found));
        Ok(())
    }

    fn carry_out<'g>(
        &self,
        unit: &mut Unit,
        one: &'g Read,
        intake: &Intake,
        hits: Vec<Hit>,
        drafts: &mut Drafts<'g>,
    ) -> Outcome {
        let policy = &self.settings.policy;
        let mut snapshot = snapshot(unit, intake, one.mail.id, self.now, hits, policy);
        if intake.agent.is_some() {
            snapshot.enclosed = crate::mail::words_in_files(&one.mail.bytes, &intake.mail.attachments);
        }
        let from = drafts.len();
        for id in shown(intake, policy).iter().flat_map(|token| ids_of(token, policy)) {
            unit.note_shown(id);
        }
        let outcome = match decide(intake, &snapshot, policy, &self.app.secret) {
            Decision::Open(openings) => self.open(unit, &one.mail, openings, drafts),
            Decision::Join(joining) => self.join(unit, &one.mail, *joining, drafts),
            Decision::Copy(copying) => {
                let Copying { ticket, message, events, notifications, reason } = *copying;
                let id = ticket.id;
                events.into_iter().for_each(|event| unit.add_event(id, event));
                self.writer.draft(unit, Cause::Mail(&one.mail), ticket, message, notifications, drafts);
                Ok((Verdict::Joined, HoldCause::Other, reason, id))
            }
            Decision::Hold(cause, reason) => Ok((Verdict::Held, cause, reason, 0)),
            Decision::Tell(holding) => {
                let Holding { verdict, cause, reason, mut ticket, message, notifications } = *holding;
                let known = if held_mail(ticket.id).is_some() { 0 } else { ticket.id };
                if ticket.id == 0 {
                    ticket.id = held_number(one.mail.id);
                }
                self.writer.draft(unit, Cause::Mail(&one.mail), ticket, message, notifications, drafts);
                Ok((verdict, cause, reason, known))
            }
            Decision::Judge { held, admit, by } => {
                let what = if admit { "let in" } else { "refused" };
                unit.review_held(held, admit, format!("{what} by {by}"));
                self.app.released.store(admit || self.app.released.load(Ordering::SeqCst), Ordering::SeqCst);
                Ok((Verdict::Command, HoldCause::Other, format!("held email {held} {what}"), 0))
            }
            Decision::Ignore(reason) => Ok((Verdict::Ignored, HoldCause::Other, reason, 0)),
            Decision::Probed(probe) => {
                let (name, found) = probe.fact();
                unit.note_probe(name, found);
                Ok((Verdict::Ignored, HoldCause::Other, probe.to_string(), 0))
            }
        };
        for draft in drafts.iter_mut().skip(from) {
            draft.extra.hits.clone_from(&snapshot.hits);
        }
        outcome
    }

    /// Opens a ticket in each queue the decision names; the first is the one the verdict is about.
    fn open<'g>(&self, unit: &mut Unit, mail: &'g Waiting, openings: Vec<Opening>, drafts: &mut Drafts<'g>) -> Outcome {
        let mut verdict = (Verdict::Opened, HoldCause::Other, String::new(), 0);
        let mut first: Option<TicketView> = None;
        let mut pictures = openings.first().map(|o| o.message.attachments.clone()).unwrap_or_default();
        if let Some(opening) = openings.first() {
            unit.note_images(&opening.ticket.requester.address, &mut pictures);
        }
        for mut opening in openings {
            opening.message.attachments.clone_from(&pictures);
            let reason = opening.reason.clone();
            let ticket = self.open_one(unit, mail, opening, drafts)?;
            match &first {
                None => {
                    verdict = (Verdict::Opened, HoldCause::Other, reason, ticket.id);
                    first = Some(ticket);
                }
                Some(first) => {
                    unit.add_event(first.id, Event::own("related", format!("the same email opened {}", ticket.number)));
                    unit.add_event(ticket.id, Event::own("related", format!("the same email opened {}", first.number)));
                }
            }
        }
        Ok(verdict)
    }

    fn open_one<'g>(
        &self,
        unit: &mut Unit,
        mail: &'g Waiting,
        opening: Opening,
        drafts: &mut Drafts<'g>,
    ) -> Result<TicketView, StoreError> {
        let ticket = unit.open_ticket(mail.id, &opening)?;
        self.writer.draft(unit, Cause::Mail(mail), ticket.clone(), opening.message, opening.notifications, drafts);
        Ok(ticket)
    }

    fn join<'g>(&self, unit: &mut Unit, mail: &'g Waiting, joining: Joining, drafts: &mut Drafts<'g>) -> Outcome {
        let Joining { mut change, others, opens, undelivered, command, reason } = joining;
        if !change.message.from_agent {
            unit.note_images(&change.message.sender, &mut change.message.attachments);
        }
        let ticket = unit.change_ticket(mail.id, &change);
        if undelivered.is_some() {
            self.app.meter.bounced();
        }
        if let Some(failure) = undelivered.as_ref().filter(|f| f.lasting) {
            let until = self.now + self.settings.policy.undeliverable_for;
            if !unit.block(ticket.id, failure, until) {
                // Its people know already.
                change.notifications.clear();
            }
        }
        let mut new = Vec::new();
        for opening in opens {
            new.push(self.open_one(unit, mail, opening, drafts)?.number);
        }
        name_new(&mut change, &new);
        for other in others {
            let ticket = unit.change_ticket(mail.id, &other);
            self.writer.draft(unit, Cause::Mail(mail), ticket, other.message, other.notifications, drafts);
        }
        let id = ticket.id;
        // What was opened besides may have changed it again.
        let ticket = unit.ticket(id).cloned().unwrap_or(ticket);
        // Lists are about no ticket: what answers them may be about any.
        let (app, own): (Vec<_>, Vec<_>) = change
            .notifications
            .into_iter()
            .partition(|l| matches!(l.kind, NotificationKind::Listing | NotificationKind::Help));
        if !app.is_empty() {
            let queue = ticket.queue.clone();
            let none = TicketView { id: held_number(mail.id), queue, ..TicketView::default() };
            self.writer.draft(unit, Cause::Mail(mail), none, change.message.clone(), app, drafts);
        }
        self.writer.draft(unit, Cause::Mail(mail), ticket, change.message, own, drafts);
        Ok((if command { Verdict::Command } else { Verdict::Joined }, HoldCause::Other, reason, id))
    }
}

/// Numbers that were given out only now take their place in what the receipt says.
fn name_new(change: &mut Change, numbers: &[String]) {
    for notification in &mut change.notifications {
        for number in numbers {
            if let Some(sentence) = notification.done.iter_mut().find(|s| s.contains(NEW_NUMBER)) {
                *sentence = sentence.replacen(NEW_NUMBER, number, 1);
            }
        }
    }
}

fn verdict_record(one: &Read, (verdict, cause, reason, ticket_id): Found) -> VerdictRecord {
    let mail = one.intake.as_ref().ok();
    VerdictRecord {
        verdict,
        cause,
        reason,
        ticket_id,
        message_id: mail
            .map_or_else(|| crate::mail::id_of_unreadable(&one.mail.bytes), |i| i.mail.message_id.clone())
            .unwrap_or_default(),
        sender: mail.map(|i| i.sender.clone()).unwrap_or_default(),
        subject: mail.map(|i| i.mail.subject.clone()).unwrap_or_default(),
        content: mail.map(|i| i.mail.content.clone()).unwrap_or_default(),
        alike: mail.map(|i| i.alike.clone()).unwrap_or_default(),
    }
}
