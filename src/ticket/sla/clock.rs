//! A ticket's clocks: what its requester has been promised (SLA), what the level that has it owes (OLA), and how much of that time is used.
//!
//! Everything follows from the ticket's own state history ([`Stay`]s): nothing is counted up as time goes by, so
//! that computing twice, late or under another policy gives what it would have given then.

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use crate::clock::Millis;
use crate::ticket::words::PendingOn;

/// Most stays of a ticket that are kept; beyond that the oldest wait counts as work.
const STAYS: usize = 2_000;

/// What has been promised on a ticket, and what became of it. Times are 0 where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sla {
    /// Name of the policy in force; empty for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: String,
    /// Name of the calendar its times are counted in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub calendar: String,
    /// Working time within which a person answers; 0: best effort.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond: Millis,
    /// Working time within which it is solved; 0: best effort.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve: Millis,
    /// When the time it takes to solve it began: its opening, or the last time it was reopened.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from: Millis,
    /// The level at which it was opened: the requester is promised what stands there. 0 in what earlier versions wrote.
    #[serde(default, skip_serializing_if = "is_default")]
    pub entry: i64,
    /// Since when the promised times count: its opening or reopening; with a policy that gives each level new time, since when it has been there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub begun: Millis,
    /// Working time that a first answer takes at most, whatever was configured since; 0: as configured.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_cap: Millis,
    /// The same of the solution.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_cap: Millis,
    /// The next level, where it helps without having the ticket; 0: none does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub joined: i64,
    /// What the level that has it, or helps, owes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ola: Ola,
    /// When its level got it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub since: Millis,
    /// When the first answer is due; 0 once it was given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_due: Millis,
    /// When it is to be solved; 0 while that clock stands still.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_due: Millis,
    /// Since when just this is promised: nothing is missed before that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub promised_at: Millis,
    /// Whether its priority calls everybody.
    #[serde(default, skip_serializing_if = "is_default")]
    pub major: bool,
    /// When the first answer was due that did not come in time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_missed: Millis,
    /// When it was to be solved and was not, since `from`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_missed: Millis,
    /// The newest of the first answer's times that people were told is over.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_told: Millis,
    /// The same of the solution's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_told: Millis,
    /// Working time that the first answer took.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_took: Option<Millis>,
    /// Working time that the last solution took.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_took: Option<Millis>,
    /// When somebody of the service desk last did something; a step to another level counts as that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub progress_at: Millis,
    /// When a person of the service desk last did something; 0: nobody has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub touched_at: Millis,
    /// Since when the requester waits for a word; 0: they do not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unanswered_since: Millis,
    /// Since when nothing has happened that moves it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub idle_since: Millis,
    /// How often that was brought to mind.
    #[serde(default, skip_serializing_if = "is_default")]
    pub idle_told: u32,
    /// When it should have gone to a next level and there was none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stuck_at: Millis,
    /// When a post-mortem was asked for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub post_mortem_asked: Millis,
    /// When it was written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub post_mortem_at: Millis,
    /// Whether nobody acknowledged it in time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unacknowledged: bool,
    /// When its newest stay was noted: later than it began where an email had waited on its server.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stood_at: Millis,
    /// How it has stood, oldest first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stays: Vec<Stay>,
}

/// What one level owes from the moment the ticket came to it, or it was called to help. Only agents see it. Empty at the level where the ticket
/// was opened: there the SLA says it all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ola {
    /// The level; 0: nothing is owed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub level: i64,
    /// Since when it has the ticket, or helps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub since: Millis,
    /// Name of the calendar its times are counted in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub calendar: String,
    /// Working time within which somebody of it does something; 0: best effort.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond: Millis,
    /// Working time within which it is solved; 0: best effort.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve: Millis,
    /// When somebody is to have done something; 0 once that is so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_due: Millis,
    /// When it is to be solved; 0 while that clock stands still.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_due: Millis,
    /// Since when just this is owed: nothing is missed before that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub promised_at: Millis,
    /// When somebody of it first did something.
    #[serde(default, skip_serializing_if = "is_default")]
    pub responded_at: Millis,
    /// When somebody should have done something and nobody had.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_missed: Millis,
    /// When it was to be solved and was not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_missed: Millis,
    /// Whether people were told that nobody had done anything in time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub respond_told: bool,
    /// The same of its solution.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolve_told: bool,
}

/// What says nothing is not written: rows stay small.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Since when a ticket stands how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// Since when.
    pub at: Millis,
    /// How.
    pub run: Run,
}

/// What a ticket's status means for its clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Run {
    /// It is worked on, or waits for the service desk.
    Running,
    /// It waits to be approved.
    Approval,
    /// It waits for the requester.
    Requester,
    /// It waits for a vendor.
    Vendor,
    /// It waits for a date.
    Date,

    Done,
}

impl Run {
    /// Whom or what it waits for, if so.
    #[must_use]
    pub fn pending(self) -> Option<PendingOn> {
        match self {
            Self::Requester => Some(PendingOn::Requester),
            Self::Vendor => Some(PendingOn::Vendor),
            Self::Date => Some(PendingOn::Date),
            Self::Running | Self::Approval | Self::Done => None,
        }
    }
}

/// Which of the two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// Of the first answer: only an approval that is waited for stops it.
    Response,
    /// Of the solution: it also stops while the ticket waits for one of these.
    Resolution(&'a [PendingOn]),
}

impl Which<'_> {
    fn runs(self, run: Run) -> bool {
        match (self, run) {
            (_, Run::Running) => true,
            (_, Run::Approval | Run::Done) => false,
            (Self::Response, _) => true,
            (Self::Resolution(pauses), run) => !run.pending().is_some_and(|on| pauses.contains(&on)),
        }
    }
}

impl Sla {
    /// Notes, now, how the ticket stands since an instant.
    pub(crate) fn stand(&mut self, run: Run, since: Millis, now: Millis) {
        if self.stays.last().is_none_or(|last| last.run != run) {
            self.stays.push(Stay { at: since, run });
            self.stood_at = now;
        }
        if self.stays.len() > STAYS {
            self.stays.remove(1);
        }
    }

    /// The first answer did not come by then, and people are told.
    pub(crate) fn miss_response(&mut self, due: Millis) {
        self.respond_told = due;
        if self.respond_missed == 0 {
            self.respond_missed = due.max(self.promised_at);
        }
    }

    /// It was not solved by then, and people are told.
    pub(crate) fn miss_resolution(&mut self, due: Millis) {
        self.resolve_told = due;
        if self.resolve_missed == 0 {
            self.resolve_missed = due.max(self.promised_at);
        }
    }

    /// How the ticket stands.
    #[must_use]
    pub fn run(&self) -> Run {
        self.stays.last().map_or(Run::Running, |s| s.run)
    }

    /// Spans within which a clock ran since an instant; the last may be open (`Millis::MAX`).
    fn running(&self, which: Which<'_>, since: Millis) -> impl Iterator<Item = (Millis, Millis)> + '_ {
        let ends = self.stays.iter().skip(1).map(|s| s.at).chain([Millis::MAX]);
        let spans: Vec<(Millis, Millis)> = self
            .stays
            .iter()
            .zip(ends)
            .filter(|(s, _)| which.runs(s.run))
            .map(|(s, end)| (s.at.max(since), end))
            .collect();
        spans.into_iter().filter(|(from, to)| from < to)
    }

    /// The working time a clock has counted from `since` until `until`.
    #[must_use]
    pub fn used(&self, which: Which<'_>, since: Millis, until: Millis, calendar: &Calendar) -> Millis {
        let spans = self.running(which, since).filter(|(from, _)| *from < until);
        spans.map(|(from, to)| calendar.between(from, to.min(until))).sum()
    }

    /// When a clock that counts from `since` will have counted `length`; none while it stands still before
    /// that, or never comes so far.
    #[must_use]
    pub fn due(&self, which: Which<'_>, since: Millis, length: Millis, calendar: &Calendar) -> Option<Millis> {
        let mut left = length;
        for (from, to) in self.running(which, since) {
            if to == Millis::MAX {
                return calendar.add(from, left);
            }
            let here = calendar.between(from, to);
            if here >= left {
                return calendar.add(from, left);
            }
            left -= here;
        }
        None
    }

    /// Waits since an instant that stopped the clock of the solution: working time and what for.
    #[must_use]
    pub fn waits(
        &self,
        pauses: &[PendingOn],
        since: Millis,
        now: Millis,
        calendar: &Calendar,
    ) -> Vec<(Millis, PendingOn)> {
        let ends = self.stays.iter().skip(1).map(|s| s.at).chain([now]);
        let mut found: Vec<(Millis, PendingOn)> = Vec::new();
        for (stay, end) in self.stays.iter().zip(ends) {
            let Some(on) = stay.run.pending().filter(|on| pauses.contains(on)) else { continue };
            let length = calendar.between(stay.at.max(since), end.max(since));
            match found.iter_mut().find(|(_, known)| *known == on) {
                Some((sum, _)) => *sum += length,
                None => found.push((length, on)),
            }
        }
        found.retain(|(length, _)| *length > 0);
        found
    }
}
