//! What a unit decided, on its way to the rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Unit;
use crate::clock::Millis;
use crate::mail::fold;
use crate::store::integrity::Key;
use crate::store::{InboxState, StoreError, VerdictRecord, sql};
use crate::ticket::{Article, InboxId, TicketId, TicketView, Verdict};

/// Rows are written as JSON arrays, in the order of the statement's columns.
type VerdictRow<'a> = (
    InboxId,
    InboxState,
    &'a str,
    &'a str,
    Option<TicketId>,
    Millis,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    String,
);

/// A ticket on its way to its row.
#[derive(Serialize)]
struct Written<'a> {
    at: Millis,
    respond_due: Millis,
    resolve_due: Millis,
    digest: String,
    #[serde(flatten)]
    ticket: &'a TicketView,
}

/// Texts as the search sees them: words without accents, in lower case.
pub(in crate::store) fn search_words(texts: &[&str]) -> String {
    let words = fold(&texts.join(" "));
    words.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A held email gets another verdict yet.
fn digest_of(key: &Key, id: InboxId, verdict_record: &VerdictRecord) -> String {
    match verdict_record.verdict {
        Verdict::Held => String::new(),
        _ => key.verdict(id, verdict_record),
    }
}

impl Unit {
    /// Writes what has been decided so far, without committing. More may be decided afterwards.
    ///
    /// # Errors
    /// [`StoreError::AlreadyDecided`] when an email does not wait any more, or
    /// [`StoreError::Statement`]; the unit can only be dropped then.
    pub async fn write(&mut self) -> Result<(), StoreError> {
        self.write_tickets().await?;
        self.tx.insert(sql::PARTICIPANTS_ADD, &std::mem::take(&mut self.participants)).await?;
        self.tx.insert(sql::PARTICIPANTS_DROP, &std::mem::take(&mut self.gone)).await?;
        self.write_articles().await?;
        let shown: Vec<String> = std::mem::take(&mut self.shown).into_iter().collect();
        self.tx.insert(sql::NOTIFICATIONS_SHOWN, &shown).await?;
        self.tx.note_returned(&std::mem::take(&mut self.returned), self.now).await?;
        self.tx.insert(sql::MESSAGES_ADD, &std::mem::take(&mut self.messages)).await?;
        self.tx.insert(sql::STATES_ADD, &std::mem::take(&mut self.state_history)).await?;
        self.tx.insert(sql::OVERDUE_ADD, &std::mem::take(&mut self.overdue)).await?;
        self.tx.insert(sql::DIGEST_ADD, &std::mem::take(&mut self.digest)).await?;
        let blocks: Vec<_> = std::mem::take(&mut self.new_blocks).into_values().collect();
        self.tx.insert(sql::UNDELIVERABLE_ADD, &blocks).await?;
        self.tx.insert(sql::SEEN_IMAGE_ADD, &std::mem::take(&mut self.new_images)).await?;
        let held_back: Vec<(TicketId, Millis)> = std::mem::take(&mut self.held_back).into_iter().collect();
        for (ticket, at) in &held_back {
            self.tx.hold_back(*ticket, *at).await?;
        }
        if !held_back.is_empty() {
            let tickets: Vec<TicketId> = held_back.iter().map(|(ticket, _)| *ticket).collect();
            self.tx.digest_anew(&self.key, &tickets, &[]).await?;
        }
        self.write_verdicts().await
    }

    /// Writes everything and commits.
    ///
    /// # Errors
    /// As [`Unit::write`]; then nothing was done.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.write().await?;
        for (prefix, (before, last)) in &self.counters {
            if before != last {
                self.tx.set_counter(prefix, *last).await?;
            }
        }
        for (id, admit, reason) in &self.held {
            if *admit {
                self.tx.release(*id, reason, self.now).await?;
            } else {
                self.tx.refuse(*id, reason, self.now).await?;
            }
        }
        self.tx.insert(sql::OVERDUE_CLEAR, &self.told).await?;
        self.tx.insert(sql::DIGEST_CLEAR, &self.digested).await?;
        if !self.failed_told.is_empty() {
            self.tx.note_told(&self.failed_told).await?;
        }
        for (name, at) in &self.wake_ups {
            self.tx.set_wake_up(name, *at).await?;
        }
        for (name, alarm) in &self.alarms {
            match alarm {
                Some(alarm) => self.tx.set_alarm(alarm).await?,
                None => self.tx.clear_alarm(name).await?,
            }
        }
        for (name, found) in &self.facts {
            self.tx.note_fact(name, found).await?;
        }
        // Last: the chain's end is everybody's.
        let (events, notifications) = (std::mem::take(&mut self.events), std::mem::take(&mut self.notifications));
        self.tx.append_to_chain(&events, &notifications, self.now).await?;
        self.tx.commit().await
    }

    async fn write_tickets(&mut self) -> Result<(), StoreError> {
        let (opened, touched) = (std::mem::take(&mut self.opened), std::mem::take(&mut self.touched));
        let at = self.now;
        let rows = |ids: &BTreeSet<TicketId>| -> Vec<Written<'_>> {
            let one = |id: &TicketId| {
                let ticket = self.tickets.get(id)?;
                // What is late stays in the list of what is late, also at the next level.
                let sla = &ticket.sla;
                let unanswered = sla.respond_missed > 0 && ticket.first_responded_at.is_none();
                let respond_due = if unanswered { sla.respond_missed } else { sla.respond_due };
                let resolve_due = if sla.resolve_missed > 0 { sla.resolve_missed } else { sla.resolve_due };
                let digest = self.key.ticket(ticket, resolve_due);
                Some(Written { at, respond_due, resolve_due, digest, ticket })
            };
            ids.iter().filter_map(one).collect()
        };
        let (new, old) = (rows(&opened), rows(&touched.difference(&opened).copied().collect()));
        self.tx.insert(sql::TICKETS_ADD, &new).await?;
        self.tx.insert(sql::TICKETS_TOUCH, &old).await?;
        let changed: Vec<TicketId> = std::mem::take(&mut self.with_deadlines).into_iter().collect();
        let of = |id: &TicketId| self.tickets.get(id).map(|t| t.deadlines.clone()).unwrap_or_default();
        let due: Vec<_> =
            changed.iter().flat_map(|id| of(id).into_iter().map(|(kind, at)| (*id, kind.as_str(), at))).collect();
        self.tx.insert(sql::DEADLINES_CLEAR, &changed).await?;
        self.tx.insert(sql::DEADLINES_ADD, &due).await?;
        Ok(())
    }

    async fn write_articles(&mut self) -> Result<(), StoreError> {
        let now = self.now;
        // One statement may not touch a row twice: the last of a ticket counts.
        let forgotten: Vec<TicketId> = std::mem::take(&mut self.forgotten).into_iter().collect();
        self.tx.insert(sql::ARTICLES_FORGET, &forgotten).await?;
        let last: BTreeMap<TicketId, Article> =
            std::mem::take(&mut self.articles).into_iter().map(|a| (a.ticket, a)).collect();
        let rows: Vec<_> = last
            .values()
            .map(|a| {
                let tags = a.tags.join(" ");
                let words = search_words(&[&a.title, &a.problem, &a.solution, &tags]);
                let public = i64::from(a.public);
                (a.ticket, &a.queue, &a.title, &a.problem, &a.solution, tags, public, &a.author, now, words)
            })
            .collect();
        self.tx.insert(sql::ARTICLES_ADD, &rows).await?;
        Ok(())
    }

    async fn write_verdicts(&mut self) -> Result<(), StoreError> {
        let now = self.now;
        let rows: Vec<VerdictRow<'_>> = self
            .verdict_records
            .iter()
            .map(|(id, j)| {
                let words = (j.message_id.as_str(), j.sender.as_str(), j.subject.as_str());
                let content = j.content.as_str();
                (
                    *id,
                    if j.verdict == Verdict::Held { InboxState::Held } else { InboxState::Done },
                    j.verdict.as_str(),
                    j.reason.as_str(),
                    j.ticket,
                    now,
                    words.0,
                    words.1,
                    words.2,
                    content,
                    self.holder.as_str(),
                    if j.verdict == Verdict::Held { j.cause.as_str() } else { "" },
                    j.alike.as_str(),
                    digest_of(&self.key, *id, j),
                )
            })
            .collect();
        let done = self.tx.insert(sql::INBOX_DECIDE, &rows).await?;
        if let Some(row) = rows.first().filter(|_| done != rows.len() as u64) {
            return Err(StoreError::AlreadyDecided(row.0));
        }
        self.verdict_records.clear();
        Ok(())
    }
}
