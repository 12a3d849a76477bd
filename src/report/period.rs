//! Which time a report is about, and when it is written.

use jiff::civil::{Date, ISOWeekDate, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::clock::Millis;
use crate::ticket::Person;

/// Sorts of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Sort {
    /// A day; written automatically, the time since it was written last.
    Daily,
    /// A week, from Monday to Sunday (ISO 8601) where nothing else is said.
    Weekly,
    /// A month.
    Monthly,
    /// A quarter of a year.
    Quarterly,
}

impl Sort {
    /// The word written and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
        }
    }
}

/// A report that is written automatically.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name in the configuration.
    pub name: String,

    pub sort: Sort,
    /// When.
    pub cron: Cron,
    /// To whom.
    pub to: Vec<Person>,
    /// About which queues; empty: all.
    pub queues: Vec<String>,
    /// The day on which its week begins.
    pub week: Weekday,
    /// Whether it tells of the time since it was last sent, up to its sending, instead of the last whole week, month or quarter.
    pub until_sending: bool,
    /// Who sees it before it is sent, if anybody does.
    pub draft: Option<Draft>,
}

/// Who sees a report before it is sent, and may put words at its head.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The time of day.
    pub time: Time,
    /// To whom, all of them agents; empty: whoever is in charge.
    pub to: Vec<Person>,
}

impl Draft {
    /// When it is sent: the last such time of day before the report is.
    #[must_use]
    pub fn before(&self, sending: Millis, zone: &TimeZone) -> Option<Millis> {
        let day = Timestamp::from_millisecond(sending).ok()?.to_zoned(zone.clone()).date();
        let on = |day: Date| Some(day.to_datetime(self.time).to_zoned(zone.clone()).ok()?.timestamp().as_millisecond());
        on(day).filter(|at| *at < sending).or_else(|| on(day.yesterday().ok()?))
    }
}

/// Times that come again: seconds, minutes, hours, day of the month, month, day of the week.
#[derive(Debug, Clone)]
pub struct Cron(croner::Cron);

impl Cron {
    /// Reads an expression of six fields, or of five: then the second is 0.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let whole = if text.split_whitespace().count() == 5 { format!("0 {text}") } else { text.to_owned() };
        let parser = croner::parser::CronParser::builder().seconds(croner::parser::Seconds::Required).build();
        let cron = Self(parser.parse(&whole).map_err(|e| e.to_string())?);
        // One that never comes is a mistake as well.
        cron.next(0, &TimeZone::UTC).map(|_| cron).ok_or_else(|| "such a day never comes".to_owned())
    }

    /// The expression, as read.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.pattern.to_string()
    }

    /// The first time after an instant, by the wall clock of a zone. A time that a day skips comes when the
    /// day goes on; one that it has twice comes once.
    #[must_use]
    pub fn next(&self, after: Millis, zone: &TimeZone) -> Option<Millis> {
        let mut wall = wall(after, zone)?;
        // Where the clocks are set back, the wall clock may already have been there.
        for _ in 0..4 {
            let found = self.0.find_next_occurrence(&wall, false).ok()?;
            let at = instant(&found, zone)?;
            if at > after {
                return Some(at);
            }
            wall = found;
        }
        None
    }

    /// The last time before an instant.
    #[must_use]
    pub(crate) fn previous(&self, before: Millis, zone: &TimeZone) -> Option<Millis> {
        let mut wall = wall(before, zone)?;
        // Where a day skips a time, what the wall clock says lies behind what is meant.
        for _ in 0..4 {
            let found = self.0.find_previous_occurrence(&wall, false).ok()?;
            let at = instant(&found, zone)?;
            if at < before {
                return Some(at);
            }
            wall = found;
        }
        None
    }
}

/// The wall clock, written as if it were UTC.
fn wall(at: Millis, zone: &TimeZone) -> Option<chrono::DateTime<chrono::Utc>> {
    let civil = Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone()).datetime();
    let seconds = civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    chrono::DateTime::from_timestamp(seconds, 0)
}

fn instant(wall: &chrono::DateTime<chrono::Utc>, zone: &TimeZone) -> Option<Millis> {
    let civil = Timestamp::from_second(wall.timestamp()).ok()?.to_zoned(TimeZone::UTC).datetime();
    Some(civil.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

/// A time: its first instant, and the first after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub from: Millis,
    /// The first instant after it.
    pub until: Millis,
}

impl Period {
    /// The whole days from one to another, both included.
    #[must_use]
    pub fn days(first: Date, last: Date, zone: &TimeZone) -> Option<Self> {
        let at = |day: Date| Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond());
        let period = Self { from: at(first)?, until: at(last.tomorrow().ok()?)? };
        (period.from < period.until).then_some(period)
    }

    /// The last whole one of a sort before an instant: yesterday, the last week from Monday to Sunday, the last
    /// month or quarter.
    #[must_use]
    pub fn last(sort: Sort, now: Millis, zone: &TimeZone) -> Option<Self> {
        Self::last_with(sort, Weekday::Monday, now, zone)
    }

    /// The same, with weeks that begin on another day.
    fn last_with(sort: Sort, week: Weekday, now: Millis, zone: &TimeZone) -> Option<Self> {
        let today = Timestamp::from_millisecond(now).ok()?.to_zoned(zone.clone()).date();
        let yesterday = today.yesterday().ok()?;
        match sort {
            Sort::Daily => Self::days(yesterday, yesterday, zone),
            Sort::Weekly => {
                // The week that runs has begun today or before.
                let begun = today.checked_sub(i64::from(today.weekday().since(week)).days()).ok()?;
                Self::days(begun.checked_sub(7.days()).ok()?, begun.yesterday().ok()?, zone)
            }
            Sort::Monthly => {
                let last = today.first_of_month().yesterday().ok()?;
                Self::days(last.first_of_month(), last, zone)
            }
            Sort::Quarterly => {
                let begin = Date::new(today.year(), (today.month() - 1) / 3 * 3 + 1, 1).ok()?;
                Self::days(begin.checked_sub(3.months()).ok()?, begin.yesterday().ok()?, zone)
            }
        }
    }

    /// The one that people name: `2026-03-02`, `2026-W10`, `2026-03`, `2026-Q1`, `2026`, `2026-03-02..2026-03-08`.
    #[must_use]
    pub fn named(text: &str, zone: &TimeZone) -> Option<Self> {
        let text = text.trim();
        if let Some((first, last)) = text.split_once("..") {
            return Self::days(first.trim().parse().ok()?, last.trim().parse().ok()?, zone);
        }
        if let Ok(day) = text.parse::<Date>() {
            return Self::days(day, day, zone);
        }
        let (year, rest) = text.split_once('-').unwrap_or((text, ""));
        let year: i16 = year.parse().ok().filter(|y| (1970..=9990).contains(y))?;
        let month = |first: i8, months: i64| {
            let first = Date::new(year, first, 1).ok()?;
            Self::days(first, first.checked_add(months.months()).ok()?.yesterday().ok()?, zone)
        };
        match (rest.strip_prefix(['W', 'w']), rest.strip_prefix(['Q', 'q', 'T', 't'])) {
            (Some(week), _) => {
                let monday = ISOWeekDate::new(year, week.parse().ok()?, Weekday::Monday).ok()?.date();
                Self::days(monday, monday.checked_add(6.days()).ok()?, zone)
            }
            (_, Some(quarter)) => {
                let quarter: i8 = quarter.parse().ok().filter(|q| (1..=4).contains(q))?;
                month(quarter * 3 - 2, 3)
            }
            _ if rest.is_empty() => month(1, 12),
            _ => month(rest.parse().ok()?, 1),
        }
    }

    /// What a report that is written automatically at `at` is about. A daily one, and one that says so, tells of the time since it was
    /// last written, so that no weekend falls between two; `due` is the first of its times since then.
    #[must_use]
    pub(crate) fn planned(plan: &Plan, due: Millis, at: Millis, zone: &TimeZone) -> Option<Self> {
        if plan.sort == Sort::Daily || plan.until_sending {
            return plan.cron.previous(due.min(at), zone).map(|from| Self { from, until: at });
        }
        Self::last_with(plan.sort, plan.week, at, zone)
    }

    fn begins_month(self, zone: &TimeZone) -> bool {
        self.whole_days(zone).is_some_and(|(first, last)| first.day() == 1 && last == last.last_of_month())
    }

    /// The first and the last day, where it is made of whole days.
    #[must_use]
    pub(super) fn whole_days(self, zone: &TimeZone) -> Option<(Date, Date)> {
        let date = |at: Millis| Some(Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone()).date());
        let (first, last) = (date(self.from)?, date(self.until - 1)?);
        (Self::days(first, last, zone)? == self).then_some((first, last))
    }

    /// The one of the same length, or the same months, before it.
    #[must_use]
    pub fn before(self, sort: Sort, zone: &TimeZone) -> Option<Self> {
        match sort {
            Sort::Monthly | Sort::Quarterly if self.begins_month(zone) => Self::last(sort, self.from, zone),
            // As many days, which the nights on which the clocks change make longer or shorter.
            _ => match self.whole_days(zone) {
                Some((first, last)) => {
                    let count = first.until(last).ok()?.get_days() + 1;
                    Self::days(first.checked_sub(count.days()).ok()?, first.yesterday().ok()?, zone)
                }
                None => Some(Self { from: self.from - (self.until - self.from), until: self.from }),
            },
        }
    }

    /// Whether an instant lies in it.
    #[must_use]
    pub fn holds(self, at: Millis) -> bool {
        (self.from..self.until).contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::rfc3339;

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    fn said(period: Period) -> (String, String) {
        (rfc3339(period.from, &paris()), rfc3339(period.until, &paris()))
    }

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn periods_are_named_as_people_name_them() {
        let named = |text| said(Period::named(text, &paris()).unwrap());
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(named("2026-03-29"), pair("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"));
        assert_eq!(named("2026-W05"), pair("2026-01-26T00:00:00+01:00", "2026-02-02T00:00:00+01:00"));
        assert_eq!(named("2026-03"), pair("2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"));
        assert_eq!(named("2026-Q4"), pair("2026-10-01T00:00:00+02:00", "2027-01-01T00:00:00+01:00"));
        assert_eq!(named("2026-01-30..2026-02-05"), pair("2026-01-30T00:00:00+01:00", "2026-02-06T00:00:00+01:00"));
        for wrong in ["", "march", "2026-13", "2026-W60", "2026-Q5", "2026-02-30", "2026-03-08..2026-03-02"] {
            assert_eq!(Period::named(wrong, &paris()), None, "{wrong}");
        }
    }

    #[test]
    fn a_draft_is_sent_at_the_last_such_time_before_the_report() {
        let draft = |text: &str| Draft { time: Time::strptime("%H:%M", text).unwrap(), to: Vec::new() };
        let before = |time: &str, sending: &str| rfc3339(draft(time).before(at(sending), &paris()).unwrap(), &paris());
        assert_eq!(before("17:00", "2026-03-06T18:00:00+01:00"), "2026-03-06T17:00:00+01:00");
        assert_eq!(before("17:00", "2026-03-09T08:00:00+01:00"), "2026-03-08T17:00:00+01:00");
        assert_eq!(before("08:00", "2026-03-09T08:00:00+01:00"), "2026-03-08T08:00:00+01:00");
        // A time that the day skips comes when the day goes on.
        assert_eq!(before("02:30", "2026-03-29T08:00:00+02:00"), "2026-03-29T03:30:00+02:00");
    }

    #[test]
    fn the_last_ones_end_before_today() {
        // A Friday, as the weekly report of the lycée is written.
        let now = at("2026-02-06T17:00:00+01:00");
        let last = |sort| said(Period::last(sort, now, &paris()).unwrap());
        assert_eq!(last(Sort::Weekly).0, "2026-01-26T00:00:00+01:00");
        assert_eq!(last(Sort::Weekly).1, "2026-02-02T00:00:00+01:00");
        let of_friday = said(Period::last_with(Sort::Weekly, Weekday::Friday, now, &paris()).unwrap());
        assert_eq!(
            (of_friday.0.as_str(), of_friday.1.as_str()),
            ("2026-01-30T00:00:00+01:00", "2026-02-06T00:00:00+01:00")
        );
        // The week before one in which the clocks change is seven days as well.
        let week = Period::named("2026-W14", &paris()).unwrap().before(Sort::Weekly, &paris()).unwrap();
        assert_eq!(week, Period::named("2026-W13", &paris()).unwrap());
        assert_eq!(last(Sort::Monthly).0, "2026-01-01T00:00:00+01:00");
        assert_eq!(
            last(Sort::Quarterly),
            ("2025-10-01T00:00:00+02:00".to_owned(), "2026-01-01T00:00:00+01:00".to_owned())
        );
        assert_eq!(last(Sort::Daily).0, "2026-02-05T00:00:00+01:00");
    }

    #[test]
    fn wake_ups_come_by_the_wall_clock_of_the_zone() {
        // Five fields are six of which the first is 0.
        assert_eq!(Cron::read("0 9 * * *").unwrap().text(), Cron::read("0 0 9 * * *").unwrap().text());
        let nine = Cron::read("0 0 9 * * Mon-Fri").unwrap();
        let next = |after: &str| rfc3339(nine.next(at(after), &paris()).unwrap(), &paris());
        // The weekend of the change: nine stays nine.
        assert_eq!(next("2026-03-27T09:00:00+01:00"), "2026-03-30T09:00:00+02:00");
        assert_eq!(next("2026-10-23T09:00:00+02:00"), "2026-10-26T09:00:00+01:00");
        let back = nine.previous(at("2026-03-30T09:00:00+02:00"), &paris()).unwrap();
        assert_eq!(rfc3339(back, &paris()), "2026-03-27T09:00:00+01:00");
        // Half past two is skipped in March and comes twice, and once only, in October.
        let night = Cron::read("0 30 2 * * *").unwrap();
        let ring = |after: &str| rfc3339(night.next(at(after), &paris()).unwrap(), &paris());
        assert_eq!(ring("2026-03-28T12:00:00+01:00"), "2026-03-29T03:30:00+02:00");
        assert_eq!(ring("2026-10-25T02:30:00+02:00"), "2026-10-26T02:30:00+01:00");
        let back = night.previous(at("2026-03-29T03:30:00+02:00"), &paris()).unwrap();
        assert_eq!(rfc3339(back, &paris()), "2026-03-28T02:30:00+01:00");
        for wrong in ["", "0 9 * *", "0 0 25 * * *", "0 0 9 30 2 *", "x"] {
            assert!(Cron::read(wrong).is_err(), "{wrong}");
        }
    }
}
