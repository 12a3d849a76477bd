//! The figures of a report: every KPI, computed from how tickets stood.
//!
//! Each figure counts something that happened at an instant, so that every happening belongs to exactly one
//! period, and what came after a period changes nothing in its report.

use std::collections::BTreeMap;

use serde::Serialize;

use super::period::Period;
use crate::clock::{DAY, Millis};
use crate::mail::fold;
use crate::ticket::sla::Ola;
use crate::ticket::{Status, TicketState};

/// How a ticket stood up to the end of a period, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct StateHistory {
    pub number: String,

    pub title: String,
    /// When it was opened.
    pub created_at: Millis,
    /// From when on it stood how; never empty.
    pub states: Vec<(Millis, TicketState)>,
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
    fn note(&mut self, does: bool) {
        self.of += 1;
        self.count += i64::from(does);
    }

    /// In tenths of a per cent; none of nothing.
    #[must_use]
    pub(crate) fn per_mille(self) -> Option<i64> {
        (self.of > 0).then(|| (self.count * 2_000 + self.of) / (2 * self.of))
    }
}

/// A mean of lengths or marks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Mean {
    /// Their sum.
    pub sum: i64,
    /// How many.
    pub of: i64,
}

impl Mean {
    fn note(&mut self, value: i64) {
        self.sum += value;
        self.of += 1;
    }

    /// The mean, rounded; none of nothing.
    #[must_use]
    pub fn value(self) -> Option<i64> {
        (self.of > 0).then(|| (self.sum + self.of / 2) / self.of)
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
    /// Working time to the first answer.
    pub response: Mean,
    /// Working time to the solution.
    pub resolution: Mean,
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

/// The figures of a period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// All tickets.
    pub all: Group,
    /// By code of the priority.
    pub by_priority: BTreeMap<String, Group>,
    /// By name of the category; the empty one is for those without.
    pub by_category: BTreeMap<String, Group>,
    /// By level at which it happened: a miss counts at the level that had the ticket when its time was over.
    pub by_level: BTreeMap<i64, Group>,
    /// What levels owed the next (OLA), by level: those above the one where a ticket was opened.
    pub ola: BTreeMap<i64, Owed>,

    pub by_queue: BTreeMap<String, Group>,

    pub by_type: BTreeMap<String, Group>,
    /// Of those opened in the period, how they stand at its end.
    pub cohort: Cohort,
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
    /// Marks by the agent who had the ticket.
    pub by_agent: BTreeMap<String, Mean>,
    /// Unfinished at the end of the period, by age: below a day, 3 days, 7, 30, and older.
    pub backlog: [i64; 5],
    /// The same by status.
    pub backlog_by_status: BTreeMap<String, i64>,
    /// Of those, late at the end.
    pub overdue: i64,
    /// Opened and solved, day by day from the first.
    pub days: Vec<(i64, i64)>,
    /// Problems that came back: title of the newest, how many, the numbers.
    pub recurrent: Vec<Recurrent>,
    /// Major incidents that were open at the end, or were opened or solved in the period.
    pub incidents: Vec<Incident>,
    /// Post-mortems written.
    pub post_mortems: i64,
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

/// A problem that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recurrent {
    /// Title of the newest ticket.
    pub title: String,
    /// How many.
    pub count: i64,
    /// Their numbers, the oldest first.
    pub numbers: Vec<String>,
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
}

/// Most problems that are named.
const RECURRENT: usize = 5;

/// Computes the figures. `day_starts`: the first instant of each day of the period.
#[must_use]
pub fn figures(histories: &[StateHistory], period: Period, day_starts: &[Millis]) -> Figures {
    let mut figures = Figures { days: vec![(0, 0); day_starts.len()], ..Figures::default() };
    // What went into another ticket is counted there.
    let living = histories.iter().filter(|c| c.states.last().is_some_and(|(_, last)| !last.merged));
    for history in living {
        Tally { figures: &mut figures, history, period, day_starts }.count();
    }
    figures.recurrent = recurrent(histories, period);
    figures.incidents.sort_by_key(|i| (i.solved_at > 0, i.created_at));
    figures
}

/// A happening: when, and how the ticket stood then.
type At<'a> = (Millis, &'a TicketState);

struct Tally<'a> {
    figures: &'a mut Figures,
    history: &'a StateHistory,
    period: Period,
    day_starts: &'a [Millis],
}

impl<'a> Tally<'a> {
    fn count(&mut self) {
        let history: &'a StateHistory = self.history;
        let Some(((_, first), (_, last))) = history.states.first().zip(history.states.last()) else { return };
        self.opening(first, last);
        self.response(last);
        self.solutions(&history.states);
        self.owed(&history.states);
        self.opinions();
        if !last.status.is_done() {
            self.unfinished(last);
        }
        let solved = if last.status.is_done() { last.solved_at } else { 0 };
        let touched = self.period.holds(self.history.created_at) || self.period.holds(solved) || solved == 0;
        if last.major && touched {
            let late = last.resolve_missed > 0 || (last.resolve_due > 0 && last.resolve_due < self.period.until);
            self.figures.incidents.push(Incident {
                number: history.number.clone(),
                title: history.title.clone(),
                priority: last.priority.clone(),
                created_at: history.created_at,
                solved_at: solved,
                level: last.level,
                assignee: last.assignee.clone(),
                late,
            });
        }
    }

    /// The level that had the ticket just before an instant. In what earlier versions wrote it is the one that got it then: reports of that time
    /// stay as they are.
    fn level_at(&self, at: Millis, state: &TicketState) -> i64 {
        if state.begun == 0 {
            return state.level;
        }
        let states = &self.history.states;
        let before = states.iter().rev().find(|(since, _)| *since < at).or(states.first());
        before.map_or(1, |(_, state)| state.level)
    }

    /// Each group that a happening counts in, at the level that has it.
    fn groups(&mut self, state: &TicketState, count: impl Fn(&mut Group)) {
        self.groups_at(state, state.level, count);
    }

    /// The same, at another level.
    fn groups_at(&mut self, state: &TicketState, level: i64, count: impl Fn(&mut Group)) {
        count(&mut self.figures.all);
        count(self.figures.by_priority.entry(state.priority.clone()).or_default());
        count(self.figures.by_category.entry(state.category.clone()).or_default());
        count(self.figures.by_level.entry(level).or_default());
        count(self.figures.by_queue.entry(state.queue.clone()).or_default());
        count(self.figures.by_type.entry(state.kind.clone()).or_default());
    }

    fn day(&self, at: Millis) -> Option<usize> {
        self.day_starts.partition_point(|start| *start <= at).checked_sub(1).filter(|_| self.period.holds(at))
    }

    fn opening(&mut self, first: &TicketState, last: &TicketState) {
        let created = self.history.created_at;
        if !self.period.holds(created) {
            return;
        }
        // A request is what it turned out to be, not what its subject claimed.
        self.groups(last, |group| group.opened += 1);
        if let Some(day) = self.day(created) {
            self.figures.days[day].0 += 1;
        }
        let top = self.history.states.iter().map(|(_, s)| s.level).max().unwrap_or(1);
        self.figures.went_up.note(top > first.level);
        self.figures.acknowledged.note(!last.unacknowledged);
        let cohort = &mut self.figures.cohort;
        cohort.opened += 1;
        match last.status.is_done() {
            true => cohort.solved += 1,
            false if last.level > 1 => cohort.escalated += 1,
            false => cohort.in_progress += 1,
        }
    }

    /// The first answer: when it was given in time, or when it should have been.
    fn response(&mut self, last: &TicketState) {
        let period = self.period;
        let due = last.respond_due;
        let missed = if last.respond_missed > 0 {
            last.respond_missed
        } else if last.responded_at == 0 && due > 0 && due < period.until {
            due
        } else {
            0
        };
        let promised = last.respond > 0;
        let verdict = if missed > 0 { missed } else { last.responded_at };
        if (promised || missed > 0) && period.holds(verdict) {
            self.groups_at(last, self.level_at(verdict, last), |group| {
                group.response_kept.note(missed == 0);
                promise(&mut group.response_target, last.respond);
            });
        }
        if period.holds(last.responded_at) {
            self.groups_at(last, self.level_at(last.responded_at, last), |group| {
                group.response.note(last.respond_took.unwrap_or(0))
            });
        }
    }

    /// Solutions, and tickets that were reopened after them. Between two of them lies a promise of its own.
    fn solutions(&mut self, states: &[(Millis, TicketState)]) {
        for (at, pair) in states.windows(2).enumerate() {
            let [(_, was), (when, is)] = pair else { continue };
            if was.status == Status::Approval {
                // Approved, or refused: nobody worked on it.
                continue;
            }
            match (was.status.is_done(), is.status.is_done()) {
                // A reopening was taken back, or the solution was.
                (false, true) if was.from != is.from || taken_back(is, &states[at + 2..]) => {}
                (false, true) => self.solution((*when, is), is_last_solution(&states[at + 2..])),
                (true, false) if was.from != is.from && !closed_again(was, &states[at + 2..]) => {
                    self.figures.reopened.count += i64::from(self.period.holds(*when));
                }
                _ => {}
            }
        }
        let Some((_, last)) = states.last() else { return };
        let due = if last.resolve_missed > 0 { last.resolve_missed } else { last.resolve_due };
        if !last.status.is_done() && due > 0 && self.period.holds(due) {
            self.groups_at(last, self.level_at(due, last), |group| group.resolution_kept.note(false));
        }
    }

    /// What each level owed while it had the ticket, or helped: when it was done, or should have been.
    fn owed(&mut self, states: &[(Millis, TicketState)]) {
        let end_of = |at: usize| states.get(at + 1).map_or(self.period.until, |(end, _)| *end);
        let mut spans: BTreeMap<(i64, Millis), Vec<usize>> = BTreeMap::new();
        for (at, (_, state)) in states.iter().enumerate().filter(|(_, (_, state))| state.ola.level > 0) {
            spans.entry((state.ola.level, state.ola.since)).or_default().push(at);
        }
        for ((level, _), rows) in spans {
            let of = |at: &usize| &states[*at].1;
            let over = |missed: fn(&Ola) -> Millis, due: fn(&Ola) -> Millis| {
                let late = |at: &usize| match (missed(&of(at).ola), due(&of(at).ola)) {
                    (missed, _) if missed > 0 => Some(missed),
                    (_, due) if due > 0 && due < end_of(*at) => Some(due.max(of(at).ola.promised_at)),
                    _ => None,
                };
                rows.iter().find_map(late)
            };
            let responded = rows.iter().map(|at| of(at).ola.responded_at).find(|at| *at > 0);
            let response = match over(|ola| ola.respond_missed, |ola| ola.respond_due) {
                Some(missed) => Some((missed, false)),
                None => responded.filter(|_| rows.iter().any(|at| of(at).ola.respond > 0)).map(|at| (at, true)),
            };
            // What was taken back did not happen: the last of it counts.
            let open = rows.iter().rposition(|at| !of(at).status.is_done());
            let done = rows.get(open.map_or(0, |open| open + 1)).map(|at| states[*at].0);
            let last = rows.last().copied().unwrap_or_default();
            // Back to a level below, or taken back, it is nobody's verdict.
            let up = |next: &TicketState| next.level > level || next.ola.level > level;
            let passed_on = states.get(last + 1).filter(|(_, next)| up(next)).map(|(at, _)| *at);
            let resolution = match over(|ola| ola.resolve_missed, |ola| ola.resolve_due) {
                Some(missed) => Some((missed, false)),
                // Taken away because nobody had taken it up is not passed on.
                None if done.is_none() && response.is_some_and(|(_, kept)| !kept) && responded.is_none() => None,
                None => {
                    done.or(passed_on).filter(|_| rows.iter().any(|at| of(at).ola.resolve > 0)).map(|at| (at, true))
                }
            };
            let owed = self.figures.ola.entry(level).or_default();
            for (verdict, share) in [(response, &mut owed.response_kept), (resolution, &mut owed.resolution_kept)] {
                if let Some((_, kept)) = verdict.filter(|(at, _)| self.period.holds(*at)) {
                    share.note(kept);
                }
            }
        }
        self.figures.ola.retain(|_, owed| owed.response_kept.of + owed.resolution_kept.of > 0);
    }

    fn solution(&mut self, (when, state): At<'_>, final_one: bool) {
        let missed = state.resolve_missed;
        let verdict = if missed > 0 { missed } else { when };
        if (state.resolve > 0 || missed > 0) && self.period.holds(verdict) {
            let level = if missed > 0 { self.level_at(missed, state) } else { state.level };
            self.groups_at(state, level, |group| {
                group.resolution_kept.note(missed == 0);
                promise(&mut group.resolution_target, state.resolve);
            });
        }
        if !self.period.holds(when) {
            return;
        }
        self.groups(state, |group| {
            group.solved += 1;
            group.resolution.note(state.resolve_took.unwrap_or(0));
        });
        if let Some(day) = self.day(when) {
            self.figures.days[day].1 += 1;
        }
        self.figures.reopened.of += 1;
        self.figures.first_level.note(state.level <= 1);
        let answered = self.history.states.last().map_or(0, |(_, last)| last.responded_at);
        // The notification that brings the solution is delivered after it was found.
        self.figures.first_contact.note(state.responded_at == 0 && final_one);
        self.figures.by_articles.note(answered == 0 && final_one);
    }

    /// Marks and recommendations, when they were given.
    fn opinions(&mut self) {
        let none = TicketState::default();
        let written = self.history.states.iter().map(|(_, s)| s.post_mortem_at).find(|at| *at > 0);
        self.figures.post_mortems += i64::from(written.is_some_and(|at| self.period.holds(at)));
        let before = std::iter::once(&none).chain(self.history.states.iter().map(|(_, s)| s));
        for (was, (when, is)) in before.zip(&self.history.states) {
            if !self.period.holds(*when) {
                continue;
            }
            if let Some(rating) = is.rating.filter(|_| is.rating != was.rating) {
                self.figures.satisfaction.note(rating);
                self.figures.content.note(rating >= 4);
                self.figures.by_agent.entry(is.assignee.clone()).or_default().note(rating);
                let at = usize::try_from(rating - 1).unwrap_or(0).min(4);
                self.figures.marks[at] += 1;
            }
            if let Some(likely) = is.recommendation.filter(|_| is.recommendation != was.recommendation) {
                self.figures.recommend.of += 1;
                self.figures.recommend.count += match likely {
                    9.. => 1,
                    7..=8 => 0,
                    _ => -1,
                };
            }
        }
    }

    fn unfinished(&mut self, last: &TicketState) {
        let age = self.period.until - self.history.created_at;
        let bucket = [DAY, 3 * DAY, 7 * DAY, 30 * DAY].iter().position(|limit| age < *limit).unwrap_or(4);
        self.figures.backlog[bucket] += 1;
        *self.figures.backlog_by_status.entry(last.status.as_str().to_owned()).or_default() += 1;
        let late = |due: Millis| due > 0 && due < self.period.until;
        let unanswered = last.responded_at == 0 && (last.respond_missed > 0 || late(last.respond_due));
        self.figures.overdue += i64::from(unanswered || last.resolve_missed > 0 || late(last.resolve_due));
    }
}

/// Whether a solution was undone: the time it took goes on as if it had not been.
fn taken_back(solved: &TicketState, after: &[(Millis, TicketState)]) -> bool {
    after.iter().find(|(_, state)| !state.status.is_done()).is_some_and(|(_, state)| state.from == solved.from)
}

/// What was promised to a group, as far as it was the same to all of it.
fn promise(target: &mut Millis, length: Millis) {
    if *target == 0 || *target == length {
        *target = length;
    } else {
        *target = -1;
    }
}

/// Whether a reopening was undone: the solution before it stands again as it was.
fn closed_again(solved: &TicketState, after: &[(Millis, TicketState)]) -> bool {
    after.iter().find(|(_, state)| state.status.is_done()).is_some_and(|(_, state)| state.from == solved.from)
}

/// Whether what follows a solution leaves it standing.
fn is_last_solution(after: &[(Millis, TicketState)]) -> bool {
    after.iter().all(|(_, state)| state.status.is_done())
}

/// Titles that came more than once, figures and capitals apart.
fn recurrent(histories: &[StateHistory], period: Period) -> Vec<Recurrent> {
    let mut groups: BTreeMap<String, Vec<&StateHistory>> = BTreeMap::new();
    for history in histories.iter().filter(|c| period.holds(c.created_at)) {
        let plain: String = fold(&history.title).chars().filter(|c| c.is_alphabetic() || *c == ' ').collect();
        let key = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        if !key.is_empty() {
            groups.entry(key).or_default().push(history);
        }
    }
    let mut found: Vec<Recurrent> = groups
        .into_values()
        .filter(|group| group.len() > 1)
        .map(|mut group| {
            group.sort_by_key(|c| c.created_at);
            Recurrent {
                title: group.last().map(|c| c.title.clone()).unwrap_or_default(),
                count: i64::try_from(group.len()).unwrap_or(i64::MAX),
                numbers: group.iter().map(|c| c.number.clone()).collect(),
            }
        })
        .collect();
    found.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.title.cmp(&b.title)));
    found.truncate(RECURRENT);
    found
}
