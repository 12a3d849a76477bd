//! Public holidays, computed.

use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Whose holidays a calendar keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holidays {
    /// The eleven of France (Code du travail, L3133-1).
    pub france: bool,
    /// Good Friday and 26 December too (Code du travail, L3134-13).
    pub alsace_moselle: bool,
}

impl Holidays {
    /// Whether nobody works on that day.
    #[must_use]
    pub fn is_off(self, day: Date) -> bool {
        (self.france || self.alsace_moselle) && self.of_year(day.year()).contains(&day)
    }

    /// All of a year, in no order.
    #[must_use]
    pub(crate) fn of_year(self, year: i16) -> Vec<Date> {
        const FIXED: [(i8, i8); 8] = [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];
        if !self.france && !self.alsace_moselle {
            return Vec::new();
        }
        let easter = easter(year);
        let after = |days: i64| easter.checked_add(days.days()).unwrap_or(easter);
        // Easter Monday, Ascension, Whit Monday.
        let mut all = vec![after(1), after(39), after(50)];
        all.extend(FIXED.iter().map(|(month, day)| date(year, *month, *day)));
        if self.alsace_moselle {
            all.extend([after(-2), date(year, 12, 26)]);
        }
        all
    }
}

/// Easter Sunday of the Gregorian calendar, by the rule of Meeus, Jones and Butcher.
fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y.rem_euclid(19), y.div_euclid(100), y.rem_euclid(100));
    let (d, e, f) = (b / 4, b % 4, (b + 8) / 25);
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    let (month, day) = (n / 31, n % 31 + 1);
    Date::new(year, i8::try_from(month).unwrap_or(4), i8::try_from(day).unwrap_or(1)).unwrap_or(date(year, 4, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_is_where_almanacs_have_it() {
        let known = [
            (2000, 4, 23),
            (2008, 3, 23),
            (2011, 4, 24),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2027, 3, 28),
            (2038, 4, 25),
        ];
        for (year, month, day) in known {
            assert_eq!(easter(year), date(year, month, day));
        }
    }

    #[test]
    fn the_holidays_of_2026() {
        let mut all = Holidays { france: true, alsace_moselle: false }.of_year(2026);
        all.sort();
        let days: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            days,
            [
                "2026-01-01",
                "2026-04-06",
                "2026-05-01",
                "2026-05-08",
                "2026-05-14",
                "2026-05-25",
                "2026-07-14",
                "2026-08-15",
                "2026-11-01",
                "2026-11-11",
                "2026-12-25"
            ]
        );
        let more = Holidays { france: true, alsace_moselle: true };
        assert!(more.is_off(date(2026, 4, 3)) && more.is_off(date(2026, 12, 26)));
        assert!(!Holidays::default().is_off(date(2026, 1, 1)));
    }
}
