//! Counting: every KPI, computed from how tickets stood.
//!
//! Each figure counts something that happened at an instant, so that every happening belongs to exactly one
//! period, and what came after a period changes nothing in its report. Tickets are taken one by one, for several periods at once.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::figures::{Day, Figures, Group, Incident, Late, Outside, Solved, StateHistory, Took, Withdrawn, Work};
use super::period::Period;
use super::recurrent::{Opened, recurrent};
use super::words::days_of;
use crate::clock::{DAY, Millis};
use crate::mail::fold;
use crate::ticket::{PendingOn, Status, TicketState};

/// Most tickets that are named: late ones, and solved ones.
const NAMED: usize = 30;
/// The calendar in which every hour counts.
const ALWAYS: &str = "always";

/// Figures of several periods on their way.
#[derive(Debug)]
pub struct Counting {
    zone: TimeZone,
    queues: Vec<String>,
    periods: Vec<Counted>,
    /// Names of establishments as they were first written, by what they come to.
    establishments: HashMap<String, String>,
}

#[derive(Debug)]
struct Counted {
    period: Period,
    /// The first instant of each day.
    days: Vec<Millis>,
    figures: Figures,
    opened: Vec<Opened>,
}

impl Counting {
    /// Nothing counted yet, of some queues, or of all where none is named: also of those that are gone since.
    #[must_use]
    pub fn of(periods: &[Period], queues: &[String], zone: &TimeZone) -> Self {
        let counted = |period: &Period| {
            let days = days_of(*period, zone);
            let figures = Figures { days: vec![Day::default(); days.len()], ..Figures::default() };
            Counted { period: *period, days, figures, opened: Vec::new() }
        };
        let periods = periods.iter().map(counted).collect();
        Self { zone: zone.clone(), queues: queues.to_vec(), periods, establishments: HashMap::new() }
    }

    /// Counts a ticket in every period.
    pub fn take(&mut self, history: &StateHistory) {
        let named = history.states.last().map(|(_, last)| last.establishment.as_str()).unwrap_or_default();
        let establishment =
            self.establishments.entry(fold(named)).or_insert_with(|| named.trim().to_owned()).to_owned();
        for counted in &mut self.periods {
            // Nothing of what came after it.
            let end = history.states.partition_point(|(at, _)| *at < counted.period.until);
            let states = &history.states[..end];
            // What went into another ticket is counted there.
            let counts =
                |last: &TicketState| !last.merged && (self.queues.is_empty() || self.queues.contains(&last.queue));
            if !states.last().is_some_and(|(_, last)| counts(last)) {
                continue;
            }
            let Counted { period, days, figures, opened } = counted;
            let of = Tally {
                figures,
                history,
                states,
                period: *period,
                days,
                zone: &self.zone,
                establishment: &establishment,
            };
            opened.extend(of.count());
        }
    }

    /// The figures, in the order of the periods.
    #[must_use]
    pub fn end(self) -> Vec<Figures> {
        let end = |counted: Counted| {
            let mut figures = counted.figures;
            figures.recurrent = recurrent(counted.opened);
            figures.incidents.sort_by_key(|i| (i.solved_at > 0, i.created_at));
            figures.late.sort_by(|a, b| (a.due_at, &a.number).cmp(&(b.due_at, &b.number)));
            figures.late.truncate(NAMED);
            figures.solved.sort_by(|a, b| (a.at, &a.number).cmp(&(b.at, &b.number)));
            figures.solved.truncate(NAMED);
            figures.withdrawn.sort_by(|a, b| (a.at, &a.number).cmp(&(b.at, &b.number)));
            figures
        };
        self.periods.into_iter().map(end).collect()
    }
}

/// A happening: when, and how the ticket stood then.
type At<'a> = (Millis, &'a TicketState);

/// One ticket in one period.
pub(super) struct Tally<'a> {
    pub(super) figures: &'a mut Figures,
    history: &'a StateHistory,
    /// How it stood up to the end of the period; never empty.
    pub(super) states: &'a [(Millis, TicketState)],
    pub(super) period: Period,
    days: &'a [Millis],
    zone: &'a TimeZone,
    establishment: &'a str,
}

impl<'a> Tally<'a> {
    /// Counts it; gives it where it was opened in the period.
    fn count(mut self) -> Option<Opened> {
        let states: &'a [(Millis, TicketState)] = self.states;
        let ((_, first), (_, last)) = states.first().zip(states.last())?;
        let opened = self.opening(first, last);
        self.response(last);
        self.solutions();
        self.owed();
        self.opinions();
        self.agents();
        self.spans();
        if !last.status.is_done() {
            self.unfinished(last);
        }
        self.incident(last);
        opened
    }

    fn incident(&mut self, last: &TicketState) {
        let history = self.history;
        let solved = if last.status.is_done() { last.solved_at } else { 0 };
        let touched = self.period.holds(history.created_at) || self.period.holds(solved) || solved == 0;
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
                due_at: last.resolve_due,
                on: last.on.filter(|_| last.status == Status::Pending),
            });
        }
    }

    /// The level that had the ticket just before an instant. In what earlier versions wrote it is the one that got it then: reports of that time
    /// stay as they are.
    fn level_at(&self, at: Millis, state: &TicketState) -> i64 {
        if state.begun == 0 {
            return state.level;
        }
        let before = self.states.iter().rev().find(|(since, _)| *since < at).or(self.states.first());
        before.map_or(1, |(_, state)| state.level)
    }

    /// Each group that a happening counts in, at the level that has it.
    fn groups(&mut self, state: &TicketState, count: impl Fn(&mut Group)) {
        self.groups_at(state, state.level, count);
    }

    /// The same, at another level.
    fn groups_at(&mut self, state: &TicketState, level: i64, count: impl Fn(&mut Group)) {
        let figures = &mut *self.figures;
        count(&mut figures.all);
        count(figures.by_level.entry(level).or_default());
        let named = [
            (&mut figures.by_priority, state.priority.as_str()),
            (&mut figures.by_category, state.category.as_str()),
            (&mut figures.by_queue, state.queue.as_str()),
            (&mut figures.by_type, state.kind.as_str()),
            (&mut figures.by_service, state.service.as_str()),
            (&mut figures.by_team, state.team.as_str()),
            (&mut figures.by_channel, state.channel.as_str()),
            (&mut figures.by_establishment, self.establishment),
        ];
        for (groups, name) in named {
            count(entry(groups, name));
        }
    }

    fn day(&self, at: Millis) -> Option<usize> {
        self.days.partition_point(|start| *start <= at).checked_sub(1).filter(|_| self.period.holds(at))
    }

    fn opening(&mut self, first: &TicketState, last: &TicketState) -> Option<Opened> {
        let created = self.history.created_at;
        if !self.period.holds(created) {
            return None;
        }
        // A request is what it turned out to be, not what its subject claimed.
        self.groups(last, |group| group.opened += 1);
        if let Some(day) = self.day(created) {
            self.figures.days[day].opened += 1;
        }
        let wall = Timestamp::from_millisecond(created).unwrap_or_default().to_zoned(self.zone.clone());
        self.figures.hours[usize::try_from(wall.hour()).unwrap_or(0).min(23)] += 1;
        let weekday = usize::try_from(wall.weekday().to_monday_zero_offset()).unwrap_or(0);
        self.figures.weekdays[weekday.min(6)] += 1;
        let top = self.states.iter().map(|(_, s)| s.level).max().unwrap_or(1);
        self.figures.went_up.note(top > first.level);
        self.figures.acknowledged.note(!last.unacknowledged);
        let cohort = &mut self.figures.cohort;
        cohort.opened += 1;
        match last.status.is_done() {
            true => cohort.solved += 1,
            false if last.level > 1 => {
                cohort.escalated += 1;
                *self.figures.escalated_to.entry(last.level).or_default() += 1;
            }
            false => cohort.in_progress += 1,
        }
        Some(Opened {
            number: self.history.number.clone(),
            title: self.history.title.clone(),
            created_at: created,
            category: last.category.clone(),
            has_article: self.history.has_article,
        })
    }

    /// The first answer: when it was given in time, or when it should have been.
    fn response(&mut self, last: &TicketState) {
        let verdict = answered(last, self.period.until);
        let withdrawn = self.withdrawn();
        // What was counted before, and stands, counts once.
        let known = match (&withdrawn, verdict) {
            (Some((_, before)), Some((at, kept))) => before.kept == kept && at < self.period.from,
            _ => false,
        };
        if let Some((came_back, before)) = withdrawn.clone().filter(|_| !known) {
            self.figures.withdrawn.push(before);
            // An earlier period cannot count what is known only now.
            let verdict = verdict.map(|(at, kept)| (at.max(came_back), kept));
            self.answer_counts(last, verdict);
        } else if withdrawn.is_none() {
            self.answer_counts(last, verdict);
        }
        let again = withdrawn.is_some() && last.responded_at > 0 && !known;
        if self.period.holds(last.responded_at) || again {
            let took = last.respond_took.unwrap_or(0);
            self.groups_at(last, self.level_at(last.responded_at, last), |group| note(&mut group.response, last, took));
        }
    }

    fn answer_counts(&mut self, last: &TicketState, verdict: Option<(Millis, bool)>) {
        let Some((at, kept)) = verdict.filter(|(at, _)| self.period.holds(*at)) else { return };
        self.groups_at(last, self.level_at(at, last), |group| {
            group.response_kept.note(kept);
            promise(&mut group.response_target, last.respond);
        });
    }

    /// A first answer that was counted before this period and came back in it: when, and what was counted.
    fn withdrawn(&self) -> Option<(Millis, Withdrawn)> {
        let begins = self.states.partition_point(|(at, _)| *at < self.period.from);
        let (_, was) = self.states.get(begins.checked_sub(1)?)?;
        let (came_back, _) = self.states[begins..].iter().find(|(_, is)| is.responded_at != was.responded_at)?;
        let (at, kept) = answered(was, self.period.from).filter(|_| was.responded_at > 0)?;
        let before = at < self.period.from;
        before.then(|| (*came_back, Withdrawn { number: self.history.number.clone(), at, kept }))
    }

    /// Solutions, and tickets that were reopened after them. Between two of them lies a promise of its own.
    fn solutions(&mut self) {
        let states = self.states;
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
            note(&mut group.resolution, state, state.resolve_took.unwrap_or(0));
        });
        if let Some(day) = self.day(when) {
            self.figures.days[day].solved += 1;
        }
        if !state.assignee.is_empty() {
            entry(&mut self.figures.by_agent, &state.assignee).solved += 1;
        }
        if final_one {
            let (number, title) = (self.history.number.clone(), self.history.title.clone());
            self.figures.solved.push(Solved { number, title, assignee: state.assignee.clone(), at: when });
        }
        self.figures.reopened.of += 1;
        self.figures.first_level.note(state.level <= 1);
        let answered = self.states.last().map_or(0, |(_, last)| last.responded_at);
        // The notification that brings the solution is delivered after it was found.
        self.figures.first_contact.note(state.responded_at == 0 && final_one);
        self.figures.by_articles.note(answered == 0 && final_one);
    }

    /// How it stood, and how it stood before that.
    fn steps(&self) -> impl Iterator<Item = (Option<&'a TicketState>, At<'a>)> + use<'a> {
        let states: &'a [(Millis, TicketState)] = self.states;
        let before = std::iter::once(None).chain(states.iter().map(|(_, state)| Some(state)));
        before.zip(states.iter().map(|(at, state)| (*at, state)))
    }

    /// Marks, recommendations and post-mortems, when they were given or written.
    fn opinions(&mut self) {
        let none = TicketState::default();
        for (was, (_, is)) in self.steps().filter(|(_, (when, _))| self.period.holds(*when)) {
            let was = was.unwrap_or(&none);
            if let Some(rating) = is.rating.filter(|_| is.rating != was.rating) {
                self.figures.satisfaction.note(rating);
                self.figures.content.note(rating >= 4);
                entry(&mut self.figures.by_agent, &is.assignee).marks.note(rating);
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
        let written = self.states.iter().map(|(_, s)| s.post_mortem_at).find(|at| *at > 0);
        self.figures.post_mortems += i64::from(written.is_some_and(|at| self.period.holds(at)));
    }

    /// Who got it.
    fn agents(&mut self) {
        for (was, (when, is)) in self.steps() {
            let had = was.map(|was| was.assignee.as_str()).unwrap_or_default();
            if !is.assignee.is_empty() && is.assignee != had && self.period.holds(when) {
                entry(&mut self.figures.by_agent, &is.assignee).taken += 1;
            }
        }
    }

    /// How long it stood how within the period, and on which days it was unfinished at the end.
    fn spans(&mut self) {
        let ends = self.states.iter().skip(1).map(|(at, _)| *at).chain([self.period.until]);
        let mut waited: BTreeMap<&str, Millis> = BTreeMap::new();
        for ((begin, state), end) in self.states.iter().zip(ends) {
            let length = end.min(self.period.until) - (*begin).max(self.period.from);
            if length > 0 && !state.status.is_done() {
                *entry(&mut self.figures.time_in_status, state_name(state)) += length;
                if state.status == Status::Pending && state.on == Some(PendingOn::Vendor) {
                    *waited.entry(&state.vendor).or_default() += length;
                }
            }
            if !state.status.is_done() {
                // Days that end within it; the last ends with the period.
                let first = self.days.partition_point(|start| *start <= *begin).saturating_sub(1);
                let ends = self.days.iter().skip(first + 1).copied().chain([self.period.until]);
                for (day, _) in
                    self.figures.days[first..].iter_mut().zip(ends).filter(|(_, at)| begin < at && *at <= end)
                {
                    day.open += 1;
                }
            }
        }
        for (vendor, time) in waited {
            let Outside { tickets, time: sum } = entry(&mut self.figures.by_vendor, vendor);
            (*tickets, *sum) = (*tickets + 1, *sum + time);
        }
    }

    fn unfinished(&mut self, last: &TicketState) {
        let age = self.period.until - self.history.created_at;
        let bucket = [DAY, 3 * DAY, 7 * DAY, 30 * DAY].iter().position(|limit| age < *limit).unwrap_or(4);
        self.figures.backlog[bucket] += 1;
        *entry(&mut self.figures.backlog_by_status, last.status.as_str()) += 1;
        let over = |missed: Millis, due: Millis| match missed {
            0 => Some(due).filter(|due| *due > 0 && *due < self.period.until),
            missed => Some(missed),
        };
        let unanswered = over(last.respond_missed, last.respond_due).filter(|_| last.responded_at == 0);
        let unsolved = over(last.resolve_missed, last.resolve_due);
        let late = unanswered.into_iter().chain(unsolved).min();
        self.figures.overdue += i64::from(late.is_some());
        let Work { open, late: theirs, .. } = entry(&mut self.figures.by_agent, &last.assignee);
        (*open, *theirs) = (*open + 1, *theirs + i64::from(late.is_some()));
        if let Some(due_at) = late {
            let (number, title) = (self.history.number.clone(), self.history.title.clone());
            self.figures.late.push(Late { number, title, assignee: last.assignee.clone(), due_at });
        }
    }
}

/// A group by name.
fn entry<'m, T: Default>(groups: &'m mut BTreeMap<String, T>, name: &str) -> &'m mut T {
    groups.entry(name.to_owned()).or_default()
}

/// A status; of one that waits, what for.
fn state_name(state: &TicketState) -> &'static str {
    match (state.status, state.on) {
        (Status::Pending, Some(PendingOn::Requester)) => "pending-requester",
        (Status::Pending, Some(PendingOn::Vendor)) => "pending-vendor",
        (Status::Pending, Some(PendingOn::Date)) => "pending-date",
        (status, _) => status.as_str(),
    }
}

fn note(took: &mut Took, state: &TicketState, length: Millis) {
    let lengths = if state.calendar == ALWAYS { &mut took.around_the_clock } else { &mut took.working };
    lengths.note(length);
}

/// When it was decided, up to an instant, whether the first answer was in time, and whether it was; none while it is open, or nothing was
/// promised.
fn answered(state: &TicketState, until: Millis) -> Option<(Millis, bool)> {
    let due = state.respond_due;
    let missed = match state.respond_missed {
        0 if state.responded_at == 0 && due > 0 && due < until => due,
        missed => missed,
    };
    match (missed, state.responded_at) {
        (0, 0) => None,
        (0, at) => Some((at, true)).filter(|_| state.respond > 0),
        (missed, _) => Some((missed, false)),
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
