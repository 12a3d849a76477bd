//! Working time: when a service desk is open, and how much of that lies between two instants.
//!
//! Takes: weekly hours, days off and openings of its own. Gives: instants and lengths. Hours are those of
//! the wall clock in the calendar's zone; what they amount to on the nights the clocks change is what
//! really passes. An hour that a day skips begins and ends where the day goes on; one that a day has twice
//! counts at its first time (RFC 5545, 3.3.5, says the same of local times).

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::holidays::Holidays;
use crate::clock::{DAY, MINUTE, Millis};

/// A part of a day: minutes from its beginning, the first counted, the last (1440 at most) not.
pub type Hours = (i16, i16);

/// The longest time that is looked ahead or back for working hours: a calendar may be closed for months,
/// but one that never opens again has no answer.
const HORIZON_DAYS: usize = 3_660;

/// Days within which other weekly hours hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Season {
    /// The first day.
    pub first: Date,
    /// The last day, included.
    pub last: Date,
    /// Open parts of Monday to Sunday, as in [`Calendar::week`].
    pub week: [Vec<Hours>; 7],
    /// Whether holidays and times off are working days like any other.
    pub on_holidays: bool,
}

/// When a service desk works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Its name in the configuration.
    pub name: String,
    /// Its name in notifications, by language.
    pub label: BTreeMap<String, String>,
    /// The zone of its hours.
    pub zone: TimeZone,
    /// Open parts of Monday to Sunday, in order, without overlap. None: it is always open.
    pub week: Option<[Vec<Hours>; 7]>,
    /// Days with other weekly hours, in order, without overlap.
    pub seasons: Vec<Season>,
    /// Public holidays.
    pub holidays: Holidays,
    /// Times off, as instants, in order, without overlap.
    pub closed: Vec<(Millis, Millis)>,
    /// Days with hours of their own, whatever else is said of them.
    pub special: BTreeMap<Date, Vec<Hours>>,
    /// Files its times off were read from, with the last instant each knows of.
    pub files: Vec<(String, Millis)>,
}

impl Calendar {
    /// The calendar that never closes.
    #[must_use]
    pub fn always() -> Self {
        Self {
            name: "always".to_owned(),
            label: [("fr", "24 h/24, 7 j/7"), ("en", "24/7")].map(|(l, t)| (l.to_owned(), t.to_owned())).into(),
            zone: TimeZone::UTC,
            week: None,
            seasons: Vec::new(),
            holidays: Holidays::default(),
            closed: Vec::new(),
            special: BTreeMap::new(),
            files: Vec::new(),
        }
    }

    /// Whether it never closes.
    #[must_use]
    pub(crate) fn is_always(&self) -> bool {
        self.week.is_none()
    }

    /// Its name in a language.
    #[must_use]
    pub fn label(&self, language: &str) -> &str {
        let found = self.label.get(language).or_else(|| self.label.get("en")).or_else(|| self.label.values().next());
        found.map_or(&self.name, |label| label)
    }

    /// The working time of a usual week, in wall-clock hours.
    #[must_use]
    pub(crate) fn week_length(&self) -> Millis {
        let minutes =
            |week: &[Vec<Hours>; 7]| -> i64 { week.iter().flatten().map(|(from, to)| i64::from(to - from)).sum() };
        self.week.as_ref().map_or(7 * DAY, |week| minutes(week) * MINUTE)
    }

    /// The working time of a usual working day: that of the week, shared among the days it opens.
    #[must_use]
    pub(crate) fn day_length(&self) -> Millis {
        let days = |week: &[Vec<Hours>; 7]| week.iter().filter(|day| !day.is_empty()).count().max(1);
        self.week.as_ref().map_or(DAY, |week| self.week_length() / i64::try_from(days(week)).unwrap_or(7))
    }

    /// Whether it is open at an instant.
    #[must_use]
    pub fn is_open(&self, at: Millis) -> bool {
        self.next_open(at) == Some(at)
    }

    /// The first instant from `at` on at which it is open; none when it never opens again.
    #[must_use]
    pub fn next_open(&self, at: Millis) -> Option<Millis> {
        if self.is_always() {
            return Some(at);
        }
        self.forward(at).next().map(|(from, _)| from)
    }

    /// The first instant by which as much working time has passed since `from`; none when that is never.
    #[must_use]
    pub fn add(&self, from: Millis, length: Millis) -> Option<Millis> {
        if self.is_always() || length <= 0 {
            return from.checked_add(length.max(0));
        }
        let mut left = length;
        for (begin, end) in self.forward(from) {
            if left <= end - begin {
                return Some(begin + left);
            }
            left -= end - begin;
        }
        None
    }

    /// The last instant at which as much working time is still to pass until `until`; none when there
    /// never was as much.
    #[must_use]
    pub fn subtract(&self, until: Millis, length: Millis) -> Option<Millis> {
        if self.is_always() || length <= 0 {
            return until.checked_sub(length.max(0));
        }
        let mut left = length;
        for (begin, end) in self.backward(until) {
            if left <= end - begin {
                return Some(end - left);
            }
            left -= end - begin;
        }
        None
    }

    /// The working time between two instants; below zero when the second is the earlier.
    #[must_use]
    pub fn between(&self, from: Millis, until: Millis) -> Millis {
        if until < from {
            return -self.between(until, from);
        }
        if self.is_always() {
            return until - from;
        }
        let spans = self.forward(from).take_while(|(begin, _)| *begin < until);
        spans.map(|(begin, end)| end.min(until) - begin).sum()
    }

    /// Days between two instants on whose weekday it is usually open and on which it is not: holidays and closings. Each as the instant of
    /// its noon.
    #[must_use]
    pub(crate) fn days_off(&self, from: Millis, until: Millis) -> Vec<Millis> {
        let (false, Some(first), Some(last)) = (self.is_always(), self.date_of(from), self.date_of(until)) else {
            return Vec::new();
        };
        let days = std::iter::successors(Some(first), |d| d.tomorrow().ok()).take(HORIZON_DAYS);
        let days = days.take_while(|day| *day <= last);
        let off = days.filter(|day| !self.hours_of(*day).is_empty() && self.spans(*day).is_empty());
        off.filter_map(|day| self.instant(day, 12 * 60)).collect()
    }

    /// Open spans from an instant on, in order.
    fn forward(&self, from: Millis) -> impl Iterator<Item = (Millis, Millis)> + '_ {
        let first = self.date_of(from).and_then(|d| d.yesterday().ok());
        let days = std::iter::successors(first, |d| d.tomorrow().ok()).take(HORIZON_DAYS);
        days.flat_map(move |day| self.spans(day))
            .filter(move |(_, end)| *end > from)
            .map(move |(b, e)| (b.max(from), e))
    }

    /// Open spans up to an instant, the latest first.
    fn backward(&self, until: Millis) -> impl Iterator<Item = (Millis, Millis)> + '_ {
        let last = self.date_of(until).and_then(|d| d.tomorrow().ok());
        let days = std::iter::successors(last, |d| d.yesterday().ok()).take(HORIZON_DAYS);
        let spans = days.flat_map(move |day| self.spans(day).into_iter().rev());
        spans.filter(move |(begin, _)| *begin < until).map(move |(b, e)| (b, e.min(until)))
    }

    fn date_of(&self, at: Millis) -> Option<Date> {
        Some(Timestamp::from_millisecond(at).ok()?.to_zoned(self.zone.clone()).date())
    }

    /// What is open of a day, as instants.
    fn spans(&self, day: Date) -> Vec<(Millis, Millis)> {
        if let Some(hours) = self.special.get(&day) {
            return hours.iter().filter_map(|h| self.span(day, *h)).collect();
        }
        let spans = self.hours_of(day).iter().filter_map(|h| self.span(day, *h));
        if self.season(day).is_some_and(|season| season.on_holidays) {
            return spans.collect();
        }
        if self.holidays.is_off(day) {
            return Vec::new();
        }
        spans.flat_map(|span| self.less_closed(span)).collect()
    }

    /// The days that this one is among, where they have hours of their own.
    fn season(&self, day: Date) -> Option<&Season> {
        let next = self.seasons.partition_point(|season| season.last < day);
        self.seasons.get(next).filter(|season| season.first <= day)
    }

    /// The weekly hours of a day.
    fn hours_of(&self, day: Date) -> &[Hours] {
        let week = self.season(day).map(|season| &season.week).or(self.week.as_ref());
        week.map_or(&[], |week| week[weekday(day)].as_slice())
    }

    fn span(&self, day: Date, (from, to): Hours) -> Option<(Millis, Millis)> {
        let (from, to) = (self.instant(day, from)?, self.instant(day, to)?);
        (from < to).then_some((from, to))
    }

    fn instant(&self, day: Date, minute: i16) -> Option<Millis> {
        let wall = day.at(0, 0, 0, 0).checked_add(i64::from(minute).minutes()).ok()?;
        Some(wall.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond())
    }

    /// What is left of an open span once times off are taken out.
    fn less_closed(&self, (from, to): (Millis, Millis)) -> Vec<(Millis, Millis)> {
        let first = self.closed.partition_point(|(_, end)| *end <= from);
        let (mut begin, mut open) = (from, Vec::new());
        for (off, on) in self.closed[first..].iter().take_while(|(off, _)| *off < to) {
            if begin < *off {
                open.push((begin, *off));
            }
            begin = begin.max(*on);
        }
        if begin < to {
            open.push((begin, to));
        }
        open
    }
}

/// Monday is 0.
fn weekday(day: Date) -> usize {
    let offset = day.weekday().since(Weekday::Monday);
    usize::try_from(offset).unwrap_or(0)
}

/// Times in order, those that touch made one.
#[must_use]
pub fn merged(mut spans: Vec<(Millis, Millis)>) -> Vec<(Millis, Millis)> {
    spans.retain(|(from, to)| from < to);
    spans.sort_unstable();
    let mut out: Vec<(Millis, Millis)> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match out.last_mut() {
            Some((_, end)) if from <= *end => *end = (*end).max(to),
            _ => out.push((from, to)),
        }
    }
    out
}
