//! Dates and lengths of time as people write them after `#pending`.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::clock::Millis;

/// Work begins at this hour on a date that names none.
const MORNING: Time = Time::constant(8, 0, 0, 0);

/// The instant meant by `2026-02-09`, `09/02/2026`, `3d`, `3j`, `4h` or `2w`; none for other words.
pub(super) fn until(word: &str, now: Millis, zone: &TimeZone) -> Option<Millis> {
    let today = Timestamp::from_millisecond(now).ok()?.to_zoned(zone.clone());
    if let Some(date) = date(word) {
        return Some(date.to_datetime(MORNING).to_zoned(zone.clone()).ok()?.timestamp().as_millisecond());
    }
    let unit = word.chars().next_back()?.to_ascii_lowercase();
    let count: i64 = word[..word.len() - unit.len_utf8()].parse().ok().filter(|n| (0..=1_000).contains(n))?;
    let span = match unit {
        'h' => count.hours(),
        // Jours and days.
        'd' | 'j' => count.days(),
        // Weeks and semaines.
        'w' | 's' => count.weeks(),
        _ => return None,
    };
    Some(today.checked_add(span).ok()?.timestamp().as_millisecond())
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

    fn read(word: &str) -> Option<String> {
        let zone = TimeZone::get("Europe/Paris").ok()?;
        Some(rfc3339(until(word, NOW, &zone)?, &zone))
    }

    #[test]
    fn dates_and_lengths_are_read_in_the_desks_zone() {
        assert_eq!(read("2026-04-02").as_deref(), Some("2026-04-02T08:00:00+02:00"));
        assert_eq!(read("02/04/2026").as_deref(), Some("2026-04-02T08:00:00+02:00"));
        assert_eq!(read("3j").as_deref(), Some("2026-03-30T10:00:00+02:00"), "days keep the hour of the day");
        assert_eq!(read("3d"), read("3j"));
        assert_eq!(until("4h", NOW, &TimeZone::UTC), Some(NOW + 4 * HOUR));
        for word in ["demain", "", "j", "99999d", "2026-13-01", "é"] {
            assert_eq!(read(word), None, "{word}");
        }
    }
}
