//! Dates and lengths of time as people write them after `#pending`.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::clock::Millis;
use crate::mail::fold;

/// Work begins at this hour on a date that names none.
const MORNING: Time = Time::constant(8, 0, 0, 0);

/// Words before a date that say nothing themselves.
const BEFORE: [&str; 17] = [
    "jusqu'au", "jusqu'a", "jusque", "au", "a", "le", "until", "till", "to", "on", "the", "next", "avant", "pour",
    "d'ici", "by", "before",
];
const TOMORROW: [&str; 2] = ["demain", "tomorrow"];
const DAY_AFTER: [&str; 2] = ["apres-demain", "overmorrow"];
/// Monday first.
const DAYS: [[&str; 2]; 7] = [
    ["lundi", "monday"],
    ["mardi", "tuesday"],
    ["mercredi", "wednesday"],
    ["jeudi", "thursday"],
    ["vendredi", "friday"],
    ["samedi", "saturday"],
    ["dimanche", "sunday"],
];
const MONTHS: [[&str; 2]; 12] = [
    ["janvier", "january"],
    ["fevrier", "february"],
    ["mars", "march"],
    ["avril", "april"],
    ["mai", "may"],
    ["juin", "june"],
    ["juillet", "july"],
    ["aout", "august"],
    ["septembre", "september"],
    ["octobre", "october"],
    ["novembre", "november"],
    ["decembre", "december"],
];

/// The instant meant by the first words of a text, and the text behind them: `2026-02-09`, `09/02/2026`, `3d`, `3 jours`, `demain`,
/// `lundi`, `mardi 5 mai`. None for other words.
pub(super) fn until<'t>(text: &'t str, now: Millis, zone: &TimeZone) -> Option<(Millis, &'t str)> {
    let today = Timestamp::from_millisecond(now).ok()?.to_zoned(zone.clone());
    let mut words = Words(text.trim_start());
    while words.peek().is_some_and(|word| BEFORE.contains(&word.as_str())) {
        words.skip();
    }
    let first = words.peek()?;
    let morning =
        |date: Date| Some(date.to_datetime(MORNING).to_zoned(zone.clone()).ok()?.timestamp().as_millisecond());
    if let Some(span) = length(&mut words, &first) {
        return Some((today.checked_add(span).ok()?.timestamp().as_millisecond(), words.rest()));
    }
    let date = if let Some(date) = date(&first) {
        words.skip();
        date
    } else if TOMORROW.contains(&first.as_str()) || DAY_AFTER.contains(&first.as_str()) {
        words.skip();
        if words.peek().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
            return None;
        }
        today.date().checked_add(if DAY_AFTER.contains(&first.as_str()) { 2.days() } else { 1.days() }).ok()?
    } else if let Some(day) = DAYS.iter().position(|names| names.contains(&first.as_str())) {
        words.skip();
        let written = words.peek().and_then(|word| date(&word));
        match written.or_else(|| named(&mut words, today.date())) {
            // Whoever writes both means the date.
            Some(date) => {
                if written.is_some() {
                    words.skip();
                }
                date
            }
            // A number that is no date was meant as one: better asked than guessed.
            None if words.peek().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit())) => return None,
            None => {
                if words.peek().is_some_and(|word| ["prochain", "prochaine"].contains(&word.as_str())) {
                    words.skip();
                }
                let ahead = i64::try_from(day).ok()? - i64::from(today.date().weekday().to_monday_zero_offset());
                today.date().checked_add((if ahead <= 0 { ahead + 7 } else { ahead }).days()).ok()?
            }
        }
    } else {
        named(&mut words, today.date())?
    };
    Some((morning(date)?, words.rest()))
}

/// Words of a text, one after the other, without accents and capitals.
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

    fn rest(&self) -> &'t str {
        self.0.trim()
    }
}

/// `4h`, `3j`, `3 jours`, `2 weeks`.
fn length(words: &mut Words<'_>, first: &str) -> Option<jiff::Span> {
    let digits = first.find(|c: char| !c.is_ascii_digit()).unwrap_or(first.len());
    let count: i64 = first[..digits].parse().ok().filter(|n| (0..=1_000).contains(n))?;
    let mut next = Words(words.0);
    next.skip();
    let unit = if digits == first.len() { next.peek()? } else { first[digits..].to_owned() };
    let span = match unit.as_str() {
        "h" | "heure" | "heures" | "hour" | "hours" => count.hours(),
        "d" | "j" | "jour" | "jours" | "day" | "days" => count.days(),
        "w" | "s" | "semaine" | "semaines" | "week" | "weeks" => count.weeks(),
        "mois" | "month" | "months" => count.months(),
        _ => return None,
    };
    if digits == first.len() {
        next.skip();
    }
    words.0 = next.0;
    Some(span)
}

/// `5 mai`, `1er mai 2026`, `May 5`: the next there is.
fn named(words: &mut Words<'_>, today: Date) -> Option<Date> {
    let day = |word: &str| {
        let digits = word.trim_end_matches("er").trim_end_matches("st").trim_end_matches("nd");
        digits.trim_end_matches("rd").trim_end_matches("th").parse::<i8>().ok()
    };
    let month = |word: &str| MONTHS.iter().position(|names| names.contains(&word));
    let mut ahead = Words(words.0);
    let first = ahead.peek()?;
    ahead.skip();
    let second = ahead.peek()?;
    ahead.skip();
    let (day, month) = match (day(&first), month(&second)) {
        (Some(day), Some(month)) => (day, month),
        _ => (day(&second)?, month(&first)?),
    };
    let month = i8::try_from(month + 1).ok()?;
    let year = ahead.peek().and_then(|word| word.parse::<i16>().ok()).filter(|year| (2_000..3_000).contains(year));
    if year.is_some() {
        ahead.skip();
    }
    let found = match year {
        Some(year) => Date::new(year, month, day).ok(),
        // 29 February comes every four years.
        None => (0..5).filter_map(|n| Date::new(today.year() + n, month, day).ok()).find(|date| *date > today),
    }?;
    words.0 = ahead.0;
    Some(found)
}

fn date(word: &str) -> Option<Date> {
    if let Ok(date) = word.parse::<Date>() {
        return Some(date);
    }
    let parts: Vec<i16> = word.split(['/', '.']).map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let [day, month, year] = parts.as_slice() else { return None };
    Date::new(*year, i8::try_from(*month).ok()?, i8::try_from(*day).ok()?).ok()
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
            "demain 14h",
        ] {
            assert_eq!(read(word), None, "{word}");
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
            ("le 3 février", "2027-02-03", ""),
            ("mardi 05/05/2026 pièce", "2026-05-05", "pièce"),
            ("lundi 2026-05-04", "2026-05-04", ""),
            ("May 5th", "2026-05-05", ""),
            ("until Monday", "2026-03-30", ""),
            ("2026-04-02 pièce", "2026-04-02", "pièce"),
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
