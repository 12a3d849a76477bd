//! Calendars: weekly hours, holidays, times off from iCalendar files (RFC 5545).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use calcard::common::timezone::Tz;
use calcard::icalendar::dates::TimeOrDelta;
use calcard::{Entry, Parser};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::checker::Check;
use super::raw;
use crate::clock::{DAY, Millis};
use crate::ticket::sla::{Calendar, Holidays, Hours, Season, merged};

/// Largest iCalendar file that is read, in bytes, and most events that are taken from one.
const FILE_BYTES: u64 = 4 << 20;
const EVENTS: usize = 5_000;
/// Most times one event is repeated.
const REPEATS: usize = 3_000;
/// Times off: their first instants, and the first after them.
type Spans = Vec<(Millis, Millis)>;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub(super) fn calendar(check: &mut Check<'_>, name: &str, raw: &raw::Calendar, zone: &TimeZone) -> Calendar {
    let key = |field: &str| format!("calendars.{name}.{field}");
    let zone = match raw.time_zone.as_ref().map(|zone| (zone, TimeZone::get(zone))) {
        None => zone.clone(),
        Some((_, Ok(zone))) => zone,
        Some((word, Err(_))) => {
            check
                .note(&key("time_zone"), format!("{word:?} is not a valid time zone; write one like \"Europe/Paris\""));
            zone.clone()
        }
    };
    if name == "always" {
        check.note(&format!("calendars.{name}"), "the calendar \"always\" is built in; give this one another name");
    }
    let week = week(check, &key("hours"), &raw.hours);
    let (mut holidays, mut closed, mut files) = (Holidays::default(), Vec::new(), Vec::new());
    for word in &raw.holidays {
        match (word.as_str(), word.strip_prefix("file:")) {
            ("fr", _) => holidays.france = true,
            ("fr-alsace-moselle", _) => holidays.alsace_moselle = true,
            (_, Some(path)) => {
                let path = check.source.path(Path::new(path));
                match times_off(&path, &zone) {
                    Ok((spans, wrong)) => {
                        for why in wrong.iter().take(3) {
                            check.warnings.push(format!(
                                "{}: {} has an event that is left out: {why}",
                                key("holidays"),
                                path.display()
                            ));
                        }
                        files.push((path.display().to_string(), spans.iter().map(|s| s.1).max().unwrap_or(0)));
                        closed.extend(spans);
                    }
                    Err(why) => {
                        check.warnings.push(format!(
                            "{}: {} {why}; until it is there, these days count as working days",
                            key("holidays"),
                            path.display()
                        ));
                        files.push((path.display().to_string(), 0));
                    }
                }
            }
            _ => check.note(
                &key("holidays"),
                format!("{word:?} is unknown; there is \"fr\", \"fr-alsace-moselle\" and \"file:PATH.ics\""),
            ),
        }
    }
    for word in &raw.closed {
        match days_off(word, &zone) {
            Some(span) => closed.push(span),
            None => check.note(
                &key("closed"),
                format!(
                    "{word:?} is not a valid day; write \"2026-05-15\" or \"2026-07-18..2026-08-23\", the last day included"
                ),
            ),
        }
    }
    let mut special = BTreeMap::new();
    for (day, hours) in &raw.open {
        match (day.parse::<Date>(), parts(hours)) {
            (Ok(day), Some(hours)) => drop(special.insert(day, hours)),
            _ => check.note(
                &key("open"),
                format!(
                    "{day:?} = {hours:?} is not a valid opening; write \"2026-05-16\" = \"09:00-12:00\", or \"\" for closed"
                ),
            ),
        }
    }
    let seasons = seasons(check, name, raw, &zone, &mut files);
    let calendar = Calendar {
        name: name.to_owned(),
        label: raw.label.clone(),
        zone,
        week: Some(week),
        seasons,
        holidays,
        closed: merged(closed),
        special,
        files,
    };
    let opens = |season: &Season| season.week.iter().any(|hours| !hours.is_empty());
    if calendar.week_length() == 0
        && calendar.special.values().all(Vec::is_empty)
        && !calendar.seasons.iter().any(opens)
    {
        check.note(
            &key("hours"),
            "it never opens; write for instance hours = { mon-fri = \"08:00-12:00, 13:30-18:00\" }",
        );
    }
    calendar
}

/// Days with other weekly hours, in order.
fn seasons(
    check: &mut Check<'_>,
    name: &str,
    raw: &raw::Calendar,
    zone: &TimeZone,
    files: &mut Vec<(String, Millis)>,
) -> Vec<Season> {
    let mut found: Vec<(&str, Season)> = Vec::new();
    for (season_name, one) in &raw.seasons {
        let key = |field: &str| format!("calendars.{name}.seasons.{season_name}.{field}");
        let week = week(check, &key("hours"), &one.hours);
        if one.days.is_empty() {
            check.note(&key("days"), "it needs days, like [\"2026-06-15..2026-07-03\"] or [\"file:exams.ics\"]");
        }
        for word in &one.days {
            let days = match word.strip_prefix("file:") {
                Some(path) => days_in_file(check, &key("days"), path, zone, files),
                None => match days_of(word) {
                    Some(days) => vec![days],
                    None => {
                        check.note(
                            &key("days"),
                            format!(
                                "{word:?} is not a valid day; write \"2026-06-15\", \"2026-06-15..2026-07-03\", the last day included, or \"file:exams.ics\""
                            ),
                        );
                        Vec::new()
                    }
                },
            };
            let season = |(first, last)| Season { first, last, week: week.clone(), on_holidays: one.on_holidays };
            found.extend(days.into_iter().map(|days| (season_name.as_str(), season(days))));
        }
    }
    found.sort_by_key(|(_, season)| (season.first, season.last));
    for pair in found.windows(2) {
        let [(one, before), (other, after)] = pair else { continue };
        if after.first <= before.last {
            let text = format!("{} is in {one} and in {other}; a day has the hours of one season", after.first);
            check.note(&format!("calendars.{name}.seasons.{other}.days"), text);
        }
    }
    found.into_iter().map(|(_, season)| season).collect()
}

/// The days that the events of a file cover, in order. A file that cannot be read changes no hours, and somebody hears of it.
fn days_in_file(
    check: &mut Check<'_>,
    key: &str,
    path: &str,
    zone: &TimeZone,
    files: &mut Vec<(String, Millis)>,
) -> Vec<(Date, Date)> {
    let path = check.source.path(Path::new(path));
    let day = |at: Millis| Some(Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone()).date());
    match times_off(&path, zone) {
        Ok((spans, wrong)) => {
            for why in wrong.iter().take(3) {
                check.warnings.push(format!("{key}: {} has an event that is left out: {why}", path.display()));
            }
            merged(spans).into_iter().filter_map(|(from, to)| Some((day(from)?, day(to - 1)?))).collect()
        }
        Err(why) => {
            check.warnings.push(format!("{key}: {} {why}; until it is there, the usual hours hold", path.display()));
            files.push((path.display().to_string(), 0));
            Vec::new()
        }
    }
}

fn week(check: &mut Check<'_>, key: &str, hours: &BTreeMap<String, String>) -> [Vec<Hours>; 7] {
    let mut week: [Vec<Hours>; 7] = Default::default();
    for (days, text) in hours {
        let (Some(days_of), Some(parts)) = (range(days), parts(text)) else {
            check.note(
                key,
                format!("{days} = {text:?} cannot be read; write mon-fri = \"08:00-12:00, 13:30-18:00\" or sat = \"09:00-12:00\": in order, without overlap, within the day (a night is \"22:00-24:00\" on one day and \"00:00-06:00\" on the next)"),
            );
            continue;
        };
        for day in days_of {
            if !week[day].is_empty() {
                check.note(key, format!("{} has hours twice", DAYS[day]));
            }
            week[day].clone_from(&parts);
        }
    }
    week
}

/// `mon-fri`, `sat`, `sat-mon`: days counted from Monday.
fn range(text: &str) -> Option<Vec<usize>> {
    let day = |word: &str| DAYS.iter().position(|d| *d == word.trim().to_lowercase());
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(text)?, day(text)?),
    };
    let count = (last + 7 - first) % 7;
    Some((0..=count).map(|step| (first + step) % 7).collect())
}

/// `08:00-12:00, 13:30-18:00`: minutes of the day, in order, without overlap; empty text for none.
fn parts(text: &str) -> Option<Vec<Hours>> {
    let mut found: Vec<Hours> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let (from, to) = part.split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        if from >= to || found.last().is_some_and(|(_, end)| from < *end) {
            return None;
        }
        found.push((from, to));
    }
    Some(found)
}

fn minute(text: &str) -> Option<i16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (i16, i16) = (hour.parse().ok()?, minute.parse().ok()?);
    let whole = (0..=24).contains(&hour) && (0..60).contains(&minute);
    whole.then(|| hour * 60 + minute).filter(|all| *all <= 1_440)
}

/// A day, or days from the first to the last.
fn days_off(text: &str, zone: &TimeZone) -> Option<(Millis, Millis)> {
    let (first, last) = days_of(text)?;
    Some((midnight(first, zone)?, midnight(last.tomorrow().ok()?, zone)?))
}

/// The first and the last of them.
fn days_of(text: &str) -> Option<(Date, Date)> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last): (Date, Date) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}

fn midnight(day: Date, zone: &TimeZone) -> Option<Millis> {
    Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

/// The events of a file, as times off, and what of it could not be read. Days are those of the calendar's zone.
fn times_off(path: &Path, zone: &TimeZone) -> Result<(Spans, Vec<String>), String> {
    let size = fs::metadata(path).map_err(|e| format!("cannot be read ({e})"))?.len();
    if size > FILE_BYTES {
        return Err(format!("is larger than {FILE_BYTES} bytes"));
    }
    let text = fs::read_to_string(path).map_err(|e| format!("cannot be read ({e})"))?;
    if !matches!(Parser::new(&text).entry(), Entry::ICalendar(_)) {
        return Err("is no iCalendar file".to_owned());
    }
    let (mut spans, mut wrong) = (Vec::new(), Vec::new());
    for one in single_events(&text).take(EVENTS) {
        // One that comes again without end must not use up the room of the others.
        let Entry::ICalendar(calendar) = Parser::new(&one).entry() else { continue };
        let had = spans.len() + wrong.len();
        let expanded =
            calendar.expand_dates(zone.iana_name().unwrap_or("UTC").parse::<Tz>().unwrap_or_default(), REPEATS);
        wrong.extend(expanded.errors.iter().map(|e| format!("{:?}", e.error)));
        spans.extend(expanded.events.iter().map(|event| {
            let start = event.start.timestamp_millis();
            let end = match &event.end {
                TimeOrDelta::Time(end) => end.timestamp_millis(),
                TimeOrDelta::Delta(length) => start + length.num_milliseconds(),
            };
            (start, whole_days(start, end, zone).unwrap_or(end))
        }));
        if spans.len() + wrong.len() == had {
            let what: String =
                one.lines().find(|l| l.starts_with("DTSTART")).unwrap_or("no DTSTART").chars().take(60).collect();
            wrong.push(format!("{what} cannot be read"));
        }
    }
    let before = spans.len();
    spans.retain(|(from, to)| from < to);
    if before > spans.len() {
        wrong.push("its end does not lie after its beginning".to_owned());
    }
    if spans.is_empty() { Err("names no day".to_owned()) } else { Ok((spans, wrong)) }
}

/// A calendar of its own for each event, with everything that stands outside of events.
fn single_events(text: &str) -> impl Iterator<Item = String> + '_ {
    const END: &str = "END:VEVENT";
    let (head, rest) = text.split_once("BEGIN:VEVENT").unwrap_or((text, ""));
    let tail = rest.rsplit_once(END).map_or("", |(_, tail)| tail);
    // Zones may stand behind the events.
    let outside = format!("{head}{}", tail.trim_start().trim_end().trim_end_matches("END:VCALENDAR"));
    let events = rest.split("BEGIN:VEVENT").filter_map(|event| Some(event.split_once(END)?.0.to_owned()));
    events.map(move |event| format!("{outside}BEGIN:VEVENT{event}END:VEVENT\r\nEND:VCALENDAR\r\n"))
}

/// An event of whole days ends at a midnight, also over the nights the clocks change.
fn whole_days(start: Millis, end: Millis, zone: &TimeZone) -> Option<Millis> {
    let begin = Timestamp::from_millisecond(start).ok()?.to_zoned(zone.clone());
    let days = (end - start + DAY / 2) / DAY;
    if midnight(begin.date(), zone)? != start || (end - start - days * DAY).abs() > DAY / 12 {
        return None;
    }
    midnight(begin.date().checked_add(days.days()).ok()?, zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        assert_eq!(parts("08:00-12:00, 13:30-18:00"), Some(vec![(480, 720), (810, 1_080)]));
        assert_eq!(parts("00:00-24:00"), Some(vec![(0, 1_440)]));
        assert_eq!(parts(""), Some(Vec::new()));
        for wrong in [
            "8-12",
            "12:00-08:00",
            "08:00-12:00, 11:00-13:00",
            "08:00-25:00",
            "08:61-09:00",
            "1092:00-1093:00",
            "-1:00-02:00",
            "x",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
        assert_eq!(range("mon-fri"), Some(vec![0, 1, 2, 3, 4]));
        assert_eq!(range("sat-mon"), Some(vec![5, 6, 0]));
        assert_eq!(range("holidays"), None);
    }

    #[test]
    fn files_of_school_holidays_are_days_off_in_the_calendars_zone() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("zone.ics");
        let event = |lines: &str| format!("BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Vacances\r\n{lines}\r\nEND:VEVENT\r\n");
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}{}END:VCALENDAR\r\n",
            event("DTSTART;VALUE=DATE:20260321\r\nDTEND;VALUE=DATE:20260406"),
            event("DTSTART;TZID=Europe/Paris:20260410T140000\r\nDTEND;TZID=Europe/Paris:20260410T160000")
        );
        fs::write(&path, text).unwrap();
        let (off, wrong) = times_off(&path, &zone).unwrap();
        assert_eq!(wrong, Vec::<String>::new());
        let say = |at| crate::clock::rfc3339(at, &zone);
        assert_eq!(
            (say(off[0].0), say(off[0].1)),
            ("2026-03-21T00:00:00+01:00".to_owned(), "2026-04-06T00:00:00+02:00".to_owned())
        );
        assert_eq!(
            (say(off[1].0), say(off[1].1)),
            ("2026-04-10T14:00:00+02:00".to_owned(), "2026-04-10T16:00:00+02:00".to_owned())
        );
        // What comes again every year, without end, leaves room for what comes after it.
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}{}{}END:VCALENDAR\r\n",
            event("DTSTART;VALUE=DATE:20200101\r\nDTEND;VALUE=DATE:20200102\r\nRRULE:FREQ=YEARLY"),
            event("DTSTART;VALUE=DATE:20200501\r\nDTEND;VALUE=DATE:20200502\r\nRRULE:FREQ=YEARLY"),
            event("DTSTART;VALUE=DATE:20260514\r\nDTEND;VALUE=DATE:20260515")
        );
        fs::write(&path, text).unwrap();
        let (off, _) = times_off(&path, &zone).unwrap();
        for day in ["2026-01-01", "2031-05-01", "2026-05-14"] {
            let begin = midnight(day.parse().unwrap(), &zone).unwrap();
            assert!(off.contains(&(begin, begin + DAY)), "{day}");
        }
        fs::write(&path, "no calendar").unwrap();
        assert!(times_off(&path, &zone).is_err());
        assert_eq!(days_off("2026-07-18..2026-07-19", &zone).map(|(a, b)| b - a), Some(2 * DAY));
        assert_eq!(days_off("2026-07-19..2026-07-18", &zone), None);
    }
}
