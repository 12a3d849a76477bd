//! Dates and lengths of time as people write them, after `#pending` and beside a corrective action.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

use crate::clock::Millis;
use crate::mail::fold;

/// Work begins at this hour on a date that names none.
const MORNING: Time = Time::constant(8, 0, 0, 0);
/// A day and month without a year that lie no further back than this are a mistake, not next year's.
const BACK: i32 = 180;

/// Words before a date that say nothing themselves.
const BEFORE: [&str; 27] = [
    "jusqu'au", "jusqu'a", "jusque", "au", "a", "le", "la", "until", "till", "to", "on", "the", "next", "avant",
    "pour", "d'ici", "by", "before", "sous", "dans", "within", "in", "plus", "tard", "du", "en", "ce",
];
const TODAY: [&str; 2] = ["aujourd'hui", "today"];
const TOMORROW: [&str; 2] = ["demain", "tomorrow"];
const DAY_AFTER: [&str; 3] = ["apres-demain", "apres demain", "overmorrow"];
/// Monday first; the short forms only before a number.
const DAYS: [[&str; 4]; 7] = [
    ["lundi", "monday", "lun", "mon"],
    ["mardi", "tuesday", "mar", "tue"],
    ["mercredi", "wednesday", "mer", "wed"],
    ["jeudi", "thursday", "jeu", "thu"],
    ["vendredi", "friday", "ven", "fri"],
    ["samedi", "saturday", "sam", "sat"],
    ["dimanche", "sunday", "dim", "sun"],
];
const MONTHS: [[&str; 4]; 12] = [
    ["janvier", "january", "janv", "jan"],
    ["fevrier", "february", "fevr", "feb"],
    ["mars", "march", "mars", "mar"],
    ["avril", "april", "avr", "apr"],
    ["mai", "may", "mai", "may"],
    ["juin", "june", "juin", "jun"],
    ["juillet", "july", "juil", "jul"],
    ["aout", "august", "aout", "aug"],
    ["septembre", "september", "sept", "sep"],
    ["octobre", "october", "oct", "oct"],
    ["novembre", "november", "nov", "nov"],
    ["decembre", "december", "dec", "dec"],
];
/// Numbers in words, from one.
const NUMBERS: [(&str, i64); 20] = [
    ("un", 1),
    ("une", 1),
    ("deux", 2),
    ("trois", 3),
    ("quatre", 4),
    ("cinq", 5),
    ("six", 6),
    ("sept", 7),
    ("huit", 8),
    ("dix", 10),
    ("quinze", 15),
    ("one", 1),
    ("a", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("seven", 7),
    ("ten", 10),
    ("fifteen", 15),
];

/// The instant meant by the first words of a text, and the text behind them: `2026-02-09`, `09/02`, `3d`, `trois jours`, `demain`,
/// `lundi`, `mardi 5 mai à 14 h`, `fin mars`, `la semaine prochaine`. None for other words, and for those that contradict each other.
pub(super) fn until<'t>(text: &'t str, now: Millis, zone: &TimeZone) -> Option<(Millis, &'t str)> {
    let today = Timestamp::from_millisecond(now).ok()?.to_zoned(zone.clone());
    let mut words = Words(text.trim_start());
    let mut article = false;
    // "a week" is a length, "à lundi" is not.
    while length(&mut Words(words.0)).is_none() && words.peek().is_some_and(|word| BEFORE.contains(&word.as_str())) {
        article = words.peek().is_some_and(|word| ["le", "au", "the"].contains(&word.as_str()));
        words.skip();
    }
    if let Some(span) = length(&mut words) {
        // Working days would need a calendar.
        let of_work = |word: &str| ["ouvres", "ouvrables", "ouvre", "working", "business"].contains(&word);
        if words.peek().is_some_and(|word| of_work(&word)) {
            return None;
        }
        return Some((today.checked_add(span).ok()?.timestamp().as_millisecond(), words.rest()));
    }
    if let Some(time) = hour(&mut words) {
        let at = today.date().to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp().as_millisecond();
        return Some((at, words.rest()));
    }
    let date = day(&mut words, today.date(), article)?;
    let mut behind = Words(words.0);
    if behind.peek().is_some_and(|word| ["a", "vers", "at", "avant"].contains(&word.as_str())) {
        behind.skip();
    }
    let time = hour(&mut behind);
    if time.is_some() {
        words = behind;
    } else if words.peek().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        // A number that is neither was meant as one: better asked than guessed.
        return None;
    }
    let at = date.to_datetime(time.unwrap_or(MORNING)).to_zoned(zone.clone()).ok()?;
    Some((at.timestamp().as_millisecond(), words.rest()))
}

/// Words of a text, one after the other, without accents and capitals.
#[derive(Clone, Copy)]
struct Words<'t>(&'t str);

impl<'t> Words<'t> {
    fn peek(&self) -> Option<String> {
        self.0
            .split_whitespace()
            .next()
            .map(|word| fold(word.trim_end_matches([',', '.', ';', ':', '!'])).replace('’', "'"))
    }

    fn skip(&mut self) {
        self.0 = self.0.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest).trim_start();
    }

    /// Skips these words, if they stand here one after the other.
    fn take(&mut self, all: &str) -> bool {
        let mut ahead = *self;
        for word in all.split(' ') {
            if ahead.peek().as_deref() != Some(word) {
                return false;
            }
            ahead.skip();
        }
        *self = ahead;
        true
    }

    fn rest(&self) -> &'t str {
        self.0.trim()
    }
}

/// A day, by its name, its number, or what it is the end of.
fn day(words: &mut Words<'_>, today: Date, article: bool) -> Option<Date> {
    let in_days = |count: i64| today.checked_add(count.days()).ok();
    let any = |words: &mut Words<'_>, all: &[&str]| all.iter().any(|one| words.take(one));
    if any(words, &TODAY) {
        return Some(today);
    }
    if any(words, &DAY_AFTER) {
        return in_days(2);
    }
    if any(words, &TOMORROW) {
        return in_days(1);
    }
    let to_monday = 7 - i64::from(today.weekday().to_monday_zero_offset());
    if any(words, &["semaine prochaine", "week"]) {
        return in_days(to_monday);
    }
    if any(words, &["fin de semaine", "fin de la semaine", "end of week", "end of the week"]) {
        return in_days(if to_monday > 3 { to_monday - 3 } else { to_monday + 4 });
    }
    if any(words, &["fin de mois", "fin du mois", "end of month", "end of the month"]) {
        return Some(today.last_of_month());
    }
    if any(words, &["mois prochain", "month"]) {
        return today.last_of_month().tomorrow().ok();
    }
    for (part, within) in [("fin", 31), ("end of", 31), ("mi", 15), ("debut", 1)] {
        let mut ahead = *words;
        if ahead.take(part)
            && let Some(month) = ahead.peek().and_then(|word| month(&word))
        {
            ahead.skip();
            *words = ahead;
            let first = (0..2).filter_map(|n| Date::new(today.year() + n, month, 1).ok());
            let named = first.map(|first| {
                if within == 31 { first.last_of_month() } else { first.with().day(within).build().unwrap_or(first) }
            });
            return { named }.find(|date| *date > today);
        }
    }
    if let Some(weekday) = weekday(words) {
        return on_weekday(words, today, weekday);
    }
    if let Some(date) = written(words, today) {
        return Some(date);
    }
    let number = words.peek().and_then(|word| word.parse::<i8>().ok()).filter(|_| article)?;
    words.skip();
    of_this_month(number, today)
}

fn month(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|names| names.contains(&word))?;
    i8::try_from(at + 1).ok()
}

fn weekday(words: &mut Words<'_>) -> Option<Weekday> {
    let word = words.peek()?;
    let at = DAYS.iter().position(|names| names.contains(&word.as_str()))?;
    let mut behind = *words;
    behind.skip();
    let whole = DAYS[at][..2].contains(&word.as_str());
    if !whole && !behind.peek().is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    *words = behind;
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}

/// A day named by its weekday, and perhaps by its date; none where the two contradict each other.
fn on_weekday(words: &mut Words<'_>, today: Date, weekday: Weekday) -> Option<Date> {
    let mut ahead = *words;
    let is_number = ahead.peek().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    if is_number && hour(&mut ahead).is_none() {
        let word = words.peek()?;
        let date = match (written(words, today), word.parse::<i8>()) {
            (Some(date), _) => date,
            // "vendredi 22"
            (None, Ok(number)) if words.peek().as_ref() == Some(&word) => {
                words.skip();
                of_this_month(number, today)?
            }
            _ => return None,
        };
        return Some(date).filter(|date| date.weekday() == weekday);
    }
    let ahead = i64::from(weekday.to_monday_zero_offset()) - i64::from(today.weekday().to_monday_zero_offset());
    let mut ahead = if ahead <= 0 { ahead + 7 } else { ahead };
    if ["dernier", "derniere", "passe", "last"].into_iter().any(|past| words.take(past)) {
        return None;
    }
    if words.take("en huit") || words.take("en 8") {
        ahead += 7;
    } else if words.take("en quinze") || words.take("en 15") {
        ahead += 14;
    } else {
        let _ = words.take("prochain") || words.take("prochaine");
    }
    today.checked_add(ahead.days()).ok()
}

/// The next day of that number.
fn of_this_month(number: i8, today: Date) -> Option<Date> {
    let first = today.first_of_month();
    let months = (0..3).filter_map(|n: i64| first.checked_add(n.months()).ok());
    let dates = months.filter_map(|first| Date::new(first.year(), first.month(), number).ok());
    { dates }.find(|date| *date > today)
}

/// `22:30`, `14h`, `8 h 30`, `midi`.
fn hour(words: &mut Words<'_>) -> Option<Time> {
    let word = words.peek()?;
    if ["midi", "noon"].contains(&word.as_str()) {
        words.skip();
        return Time::new(12, 0, 0, 0).ok();
    }
    let (hours, minutes) = match word.split_once(['h', ':']) {
        Some((hours, minutes)) => (hours.to_owned(), minutes.to_owned()),
        None => {
            let mut behind = *words;
            behind.skip();
            if behind.peek().as_deref() != Some("h") {
                return None;
            }
            behind.skip();
            let minutes = behind.peek().filter(|word| word.len() == 2 && word.parse::<i8>().is_ok());
            *words = if minutes.is_some() { behind } else { Words(words.0) };
            if minutes.is_none() {
                words.skip();
            }
            (word.clone(), minutes.unwrap_or_default())
        }
    };
    let minutes = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    let time = Time::new(hours.parse().ok()?, minutes, 0, 0).ok()?;
    words.skip();
    Some(time)
}

/// `4h`, `3j`, `3 jours`, `une semaine`, `30 min`. An hour that people work at is one of the day: `14h`.
fn length(words: &mut Words<'_>) -> Option<Span> {
    let first = words.peek()?;
    let digits = first.find(|c: char| !c.is_ascii_digit()).unwrap_or(first.len());
    let in_words = NUMBERS.iter().find(|(word, _)| *word == first).map(|(_, n)| *n);
    let count = in_words.or_else(|| first[..digits].parse().ok()).filter(|n| (0..=400).contains(n))?;
    let mut next = *words;
    next.skip();
    let apart = in_words.is_some() || digits == first.len();
    let unit = if apart { next.peek()? } else { first[digits..].to_owned() };
    let span = match unit.as_str() {
        "min" | "mn" | "minute" | "minutes" => count.minutes(),
        "h" if (7..=23).contains(&count) => return None,
        "h" | "heure" | "heures" | "hour" | "hours" => count.hours(),
        "d" | "j" | "jour" | "jours" | "day" | "days" => count.days(),
        "w" | "s" | "semaine" | "semaines" | "week" | "weeks" if count <= 60 => count.weeks(),
        "mois" | "month" | "months" if count <= 12 => count.months(),
        _ => return None,
    };
    if apart {
        next.skip();
    }
    *words = next;
    Some(span)
}

/// A date with its month: `2026-02-09`, `09/02`, `9.2.26`, `5 mai`, `1er mai 2026`, `May 5`.
fn written(words: &mut Words<'_>, today: Date) -> Option<Date> {
    let word = words.peek()?;
    if let Ok(date) = word.parse::<Date>() {
        words.skip();
        return Some(date);
    }
    let parts: Option<Vec<i16>> = word.split(['/', '.', '-']).map(|part| part.parse().ok()).collect();
    if let Some([day, month, year @ ..]) = parts.as_deref()
        && year.len() < 2
    {
        words.skip();
        return dated(i8::try_from(*day).ok()?, i8::try_from(*month).ok()?, year.first().copied(), today);
    }
    let number = |word: &str| {
        let digits = word.trim_end_matches("er").trim_end_matches("st").trim_end_matches("nd");
        digits.trim_end_matches("rd").trim_end_matches("th").parse::<i8>().ok()
    };
    let mut ahead = *words;
    ahead.skip();
    let second = ahead.peek()?;
    ahead.skip();
    let (day, month) = match (number(&word), month(&second)) {
        (Some(day), Some(month)) => (day, month),
        _ => (number(&second)?, month(&word)?),
    };
    let year = ahead.peek().and_then(|word| word.parse::<i16>().ok());
    let alone = || ahead.rest().split_whitespace().count() == 1;
    let year = year.filter(|year| (2_000..3_000).contains(year) || ((20..100).contains(year) && alone()));
    if year.is_some() {
        ahead.skip();
    }
    *words = ahead;
    dated(day, month, year, today)
}

/// Without a year, the next there is; one that lies a little back is that, and over.
fn dated(day: i8, month: i8, year: Option<i16>, today: Date) -> Option<Date> {
    if let Some(year) = year {
        return Date::new(if year < 100 { year + 2_000 } else { year }, month, day).ok();
    }
    let back = Date::new(today.year(), month, day).ok().filter(|date| *date <= today);
    let lately = |date: &Date| date.until(today).is_ok_and(|span| span.get_days() <= BACK);
    // 29 February comes every four years.
    let next = || (0..5).filter_map(|n| Date::new(today.year() + n, month, day).ok()).find(|date| *date > today);
    back.filter(lately).or_else(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{HOUR, rfc3339};

    /// 2026-03-27 10:00 in Paris, two days before the clocks change.
    const NOW: Millis = 1_774_602_000_000;

    fn read(text: &str) -> Option<(String, &str)> {
        let zone = TimeZone::get("Europe/Paris").ok()?;
        let (at, rest) = until(text, NOW, &zone)?;
        Some((rfc3339(at, &zone), rest))
    }

    #[test]
    fn dates_and_lengths_are_read_in_the_desks_zone() {
        let at = |text: &str| read(text).map(|(at, _)| at).unwrap_or_default();
        assert_eq!(at("2026-04-02"), "2026-04-02T08:00:00+02:00");
        assert_eq!(at("02/04/2026"), "2026-04-02T08:00:00+02:00");
        assert_eq!(at("3j"), "2026-03-30T10:00:00+02:00", "days keep the hour of the day");
        assert_eq!(until("4h", NOW, &TimeZone::UTC), Some((NOW + 4 * HOUR, "")));
        for same in ["3d", "3 jours", "3 days", "3J", "jusqu'à 3 jours"] {
            assert_eq!(at(same), at("3j"), "{same}");
        }
        for word in [
            "",
            "j",
            "99999d",
            "2026-13-01",
            "é",
            "mardi32",
            "31 février",
            "3 personnes",
            "mai",
            "lundi 31 avril",
            "lundi 11",
            "lundi 2 juin",
            "mardi dernier",
            "10j ouvrés",
            "1000 jours",
            "demain 45",
            "2 personnes",
        ] {
            assert_eq!(read(word), None, "{word}");
        }
    }

    #[test]
    fn an_hour_beside_a_day_counts() {
        for (text, at) in [
            ("demain 14h", "2026-03-28T14:00:00+01:00"),
            ("12 juin à 14h30 : livraison", "2026-06-12T14:30:00+02:00"),
            ("2 juin à midi", "2026-06-02T12:00:00+02:00"),
            ("lundi 8 h 30", "2026-03-30T08:30:00+02:00"),
            ("14h", "2026-03-27T14:00:00+01:00"),
            ("30 min", "2026-03-27T10:30:00+01:00"),
        ] {
            assert_eq!(read(text).map(|(at, _)| at).as_deref(), Some(at), "{text}");
        }
    }

    /// Today is Friday 27 March.
    #[test]
    fn days_are_read_as_people_name_them_and_the_rest_is_why() {
        for (text, day, rest) in [
            ("demain", "2026-03-28", ""),
            ("Après-demain le fournisseur livre", "2026-03-29", "le fournisseur livre"),
            ("lundi", "2026-03-30", ""),
            ("lundi prochain, retour de Luc", "2026-03-30", ", retour de Luc"),
            ("vendredi", "2026-04-03", ""),
            ("mardi 5 mai", "2026-05-05", ""),
            ("jusqu’au mardi 5 mai pièce commandée", "2026-05-05", "pièce commandée"),
            ("1er mai 2027", "2027-05-01", ""),
            ("le 3 février", "2026-02-03", ""),
            ("1er octobre", "2026-10-01", ""),
            ("mardi 05/05/2026 pièce", "2026-05-05", "pièce"),
            ("lundi 2026-05-04", "2026-05-04", ""),
            ("May 5th", "2026-05-05", ""),
            ("until Monday", "2026-03-30", ""),
            ("2026-04-02 pièce", "2026-04-02", "pièce"),
            ("12/04", "2026-04-12", ""),
            ("12/04/26, pièce", "2026-04-12", "pièce"),
            ("12-04-2026", "2026-04-12", ""),
            ("22 mai 26", "2026-05-22", ""),
            ("vendredi 10", "2026-04-10", ""),
            ("ven. 10 avril", "2026-04-10", ""),
            ("le 25", "2026-04-25", ""),
            ("dans 3 jours", "2026-03-30", ""),
            ("sous quinze jours", "2026-04-11", ""),
            ("une semaine", "2026-04-03", ""),
            ("la semaine prochaine", "2026-03-30", ""),
            ("lundi en huit", "2026-04-06", ""),
            ("fin mars", "2026-03-31", ""),
            ("avant fin avril", "2026-04-30", ""),
            ("fin de semaine", "2026-04-03", ""),
            ("apres demain", "2026-03-29", ""),
            ("aujourd'hui", "2026-03-27", ""),
            ("au plus tard le 20 juin", "2026-06-20", ""),
            ("1er mars", "2026-03-01", ""),
        ] {
            let (at, why) = read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (&at[..10], why.trim_start_matches([',', ' '])),
                (day, rest.trim_start_matches([',', ' '])),
                "{text}"
            );
        }
    }
}
