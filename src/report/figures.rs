//! The figures of a report: what there is to count. [`super::tally`] counts it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::Millis;
use crate::ticket::{PendingOn, TicketState};

/// How a ticket stood up to some time, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct StateHistory {
    pub number: String,

    pub title: String,
    /// When it was opened.
    pub created_at: Millis,
    /// From when on it stood how; never empty.
    pub states: Vec<(Millis, TicketState)>,
    /// Whether there is an article about it.
    pub has_article: bool,
}

/// A count, and how many of them fulfil something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many do.
    pub count: i64,
    /// Of how many.
    pub of: i64,
}

impl Share {
    pub(super) fn note(&mut self, does: bool) {
        self.of += 1;
        self.count += i64::from(does);
    }

    /// Whether it is at least so many per cent; nothing is.
    pub(super) fn reaches(self, goal: f64) -> bool {
        // Shares are at most 1000.
        #[allow(clippy::cast_precision_loss)]
        self.per_mille().is_none_or(|mille| mille as f64 / 10.0 >= goal)
    }

    /// In tenths of a per cent; none of nothing.
    #[must_use]
    pub(crate) fn per_mille(self) -> Option<i64> {
        (self.of > 0).then(|| (self.count * 2_000 + self.of) / (2 * self.of))
    }
}

/// A mean of marks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Mean {
    /// Their sum.
    pub sum: i64,
    /// How many.
    pub of: i64,
}

impl Mean {
    pub(super) fn note(&mut self, value: i64) {
        self.sum += value;
        self.of += 1;
    }

    /// The mean, rounded; none of nothing.
    #[must_use]
    pub fn value(self) -> Option<i64> {
        (self.of > 0).then(|| (self.sum + self.of / 2) / self.of)
    }
}

/// Lengths of time that were counted in the same way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Lengths(Vec<Millis>);

impl Lengths {
    /// Adds one.
    pub fn note(&mut self, length: Millis) {
        let at = self.0.partition_point(|known| *known <= length);
        self.0.insert(at, length);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }

    /// The mean, rounded; none of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<Millis> {
        let (sum, of) = (self.0.iter().sum::<Millis>(), self.count());
        (of > 0).then(|| (sum + of / 2) / of)
    }

    /// The one in the middle; of an even number, the mean of the two there.
    #[must_use]
    pub fn median(&self) -> Option<Millis> {
        let half = self.0.len() / 2;
        let upper = *self.0.get(half)?;
        let lower = if self.0.len().is_multiple_of(2) { self.0[half - 1] } else { upper };
        Some(lower + (upper - lower) / 2)
    }

    /// The 90th percentile: the smallest that nine in ten do not exceed.
    #[must_use]
    pub fn ninetieth(&self) -> Option<Millis> {
        let rank = (self.0.len() * 9).div_ceil(10);
        self.0.get(rank.checked_sub(1)?).copied()
    }
}

/// How long something took. Working hours and hours by day and night are never mixed in one figure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Took {
    /// Where a calendar's working hours were counted.
    pub working: Lengths,
    /// Where every hour was.
    pub around_the_clock: Lengths,
}

impl Took {
    /// Whether some were counted in one way and some in the other.
    #[must_use]
    pub fn is_mixed(&self) -> bool {
        self.working.count() > 0 && self.around_the_clock.count() > 0
    }
}

/// What is counted of all tickets, or of those of one priority, category…
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    pub opened: i64,
    /// Solved: every time a ticket became resolved, or closed without that.
    pub solved: i64,
    /// First answers in time, of those given in time or due and missed.
    pub response_kept: Share,
    /// Solutions in time, of those found in time or due and missed.
    pub resolution_kept: Share,
    /// Time to the first answer.
    pub response: Took,
    /// Time to the solution.
    pub resolution: Took,
    /// What was promised for the first answer; 0: nothing, -1: not the same to all.
    pub response_target: Millis,
    /// The same for the solution.
    pub resolution_target: Millis,
}

/// What a level owed from when a ticket came to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Owed {
    /// Somebody of it did something in time, of the times that was so, or due and missed.
    pub response_kept: Share,
    /// Solved or passed on in time, of the times that was so, or due and missed.
    pub resolution_kept: Share,
}

/// What an agent had to do with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Work {
    /// Tickets that came to them: taken, or given to them.
    pub taken: i64,
    /// Solutions while they had the ticket.
    pub solved: i64,
    /// What they have at the end.
    pub open: i64,
    /// Of that, late at the end.
    pub late: i64,
    /// Marks given for what they had.
    pub marks: Mean,
}

/// What a vendor had to do with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Outside {
    /// Tickets that waited for it.
    pub tickets: i64,
    /// How long they waited together, by day and night.
    pub time: Millis,
}

/// The figures of a period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// All tickets.
    pub all: Group,
    /// By code of the priority.
    pub by_priority: BTreeMap<String, Group>,
    /// By name of the category; the empty one is for those without, here and below.
    pub by_category: BTreeMap<String, Group>,
    /// By level at which it happened: a miss counts at the level that had the ticket when its time was over.
    pub by_level: BTreeMap<i64, Group>,
    /// What levels owed the next (OLA), by level: those above the one where a ticket was opened.
    pub ola: BTreeMap<i64, Owed>,

    pub by_queue: BTreeMap<String, Group>,

    pub by_type: BTreeMap<String, Group>,

    pub by_service: BTreeMap<String, Group>,
    /// By the team that has them.
    pub by_team: BTreeMap<String, Group>,
    /// By which way they came.
    pub by_channel: BTreeMap<String, Group>,
    /// By the establishment the requester named, else the domain of their address.
    pub by_establishment: BTreeMap<String, Group>,
    /// By address.
    pub by_agent: BTreeMap<String, Work>,
    /// By domain of the vendor's address.
    pub by_vendor: BTreeMap<String, Outside>,
    /// Of those opened in the period, how they stand at its end.
    pub cohort: Cohort,
    /// Of those among them that are at work at a higher level, how many are at which.
    pub escalated_to: BTreeMap<i64, i64>,
    /// Reopened tickets, of solutions.
    pub reopened: Share,
    /// Solutions at the first level, of all.
    pub first_level: Share,
    /// Solutions with the very first answer, or without one, of all.
    pub first_contact: Share,
    /// Solutions before anybody answered, of all: articles were enough.
    pub by_articles: Share,
    /// Tickets opened in the period that have gone up a level since, of all opened.
    pub went_up: Share,
    /// Acknowledged in time, of those opened.
    pub acknowledged: Share,
    /// Marks given, 1 to 5.
    pub satisfaction: Mean,
    /// How many gave which mark, 1 first.
    pub marks: [i64; 5],
    /// Marks of 4 and 5, of all.
    pub content: Share,
    /// Promoters (9, 10) less detractors (0 to 6), of all who said how likely they recommend the service desk.
    pub recommend: Share,
    /// Unfinished at the end of the period, by age: below a day, 3 days, 7, 30, and older.
    pub backlog: [i64; 5],
    /// The same by status.
    pub backlog_by_status: BTreeMap<String, i64>,
    /// Of those, late at the end.
    pub overdue: i64,
    /// Those that are late, the one that has been for longest first.
    pub late: Vec<Late>,
    /// What was solved, in the order in which it was.
    pub solved: Vec<Solved>,
    /// How long tickets were within the period in each status, all of them together, by day and night.
    pub time_in_status: BTreeMap<String, Millis>,
    /// Day by day from the first.
    pub days: Vec<Day>,
    /// Opened, by hour of the wall clock.
    pub hours: [i64; 24],
    /// Opened, by weekday from Monday.
    pub weekdays: [i64; 7],
    /// Problems that came back.
    pub recurrent: Vec<Recurrent>,
    /// Major incidents that were open at the end, or were opened or solved in the period.
    pub incidents: Vec<Incident>,
    /// Post-mortems written.
    pub post_mortems: i64,
    /// First answers that an earlier period counted, and that came back in this one.
    pub withdrawn: Vec<Withdrawn>,
}

/// What a day saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Day {
    pub opened: i64,

    pub solved: i64,
    /// Unfinished at its end.
    pub open: i64,
}

/// Of the tickets opened in a period, how they stand at its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cohort {
    /// All of them.
    pub opened: i64,
    /// Resolved or closed.
    pub solved: i64,
    /// At work at the first level, or waiting.
    pub in_progress: i64,
    /// At work at a higher level.
    pub escalated: i64,
}

/// A ticket that is late at the end of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Late {
    pub number: String,

    pub title: String,
    /// Address of the agent who has it; may be empty.
    pub assignee: String,
    /// When it should have been answered, or solved.
    pub due_at: Millis,
}

/// A ticket that was solved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Solved {
    pub number: String,

    pub title: String,
    /// Address of the agent who had it; may be empty.
    pub assignee: String,
    /// When.
    pub at: Millis,
}

/// A problem that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recurrent {
    /// Title of the newest ticket.
    pub title: String,
    /// How many.
    pub count: i64,
    /// Their numbers, the oldest first.
    pub numbers: Vec<String>,
    /// Whether there is an article about one of them.
    pub has_article: bool,
}

/// A first answer that counts no more in the period in which it was given: it never arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Withdrawn {
    pub number: String,
    /// When it counted.
    pub at: Millis,
    /// Whether it counted as in time.
    pub kept: bool,
}

/// A major incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incident {
    pub number: String,

    pub title: String,
    /// Code of its priority.
    pub priority: String,
    /// When it was opened.
    pub created_at: Millis,
    /// When it was solved; 0 while it is not.
    pub solved_at: Millis,

    pub level: i64,
    /// Address of the agent who has it; may be empty.
    pub assignee: String,
    /// Whether it was late.
    pub late: bool,
    /// By when it is to be solved; 0 where that is not promised, or while it waits.
    pub due_at: Millis,
    /// Whom it waits for, if so.
    pub on: Option<PendingOn>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_and_nine_in_ten() {
        let of = |values: &[i64]| {
            let mut lengths = Lengths::default();
            values.iter().for_each(|v| lengths.note(*v));
            (lengths.mean(), lengths.median(), lengths.ninetieth())
        };
        assert_eq!(of(&[]), (None, None, None));
        assert_eq!(of(&[7]), (Some(7), Some(7), Some(7)));
        assert_eq!(of(&[9, 1, 3, 3]), (Some(4), Some(3), Some(9)));
        assert_eq!(of(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]), (Some(6), Some(5), Some(9)));
        assert_eq!(of(&(1..=11).collect::<Vec<_>>()), (Some(6), Some(6), Some(10)));
    }
}
