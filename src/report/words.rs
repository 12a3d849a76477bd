//! Titles, figures and definitions in words.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::figures::Share;
use super::page::Definition;
use super::period::{Period, Sort};
use crate::clock::Millis;
use crate::notify::Phrases;

/// The title of a report.
pub(super) fn title(sort: Sort, period: Period, zone: &TimeZone, phrases: &Phrases) -> String {
    let date = |at: Millis| Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone()).date();
    // The last day is the one before the period's end.
    let (first, last) = (date(period.from), date(period.until - 1));
    let (from, until) = (first.strftime("%d/%m/%Y").to_string(), last.strftime("%d/%m/%Y").to_string());
    match sort {
        Sort::Daily => {
            let begins = first.at(0, 0, 0, 0).to_zoned(zone.clone());
            let whole = first == last && begins.is_ok_and(|z| z.timestamp().as_millisecond() == period.from);
            if whole {
                phrases.text("report.title_day", &[("day", &phrases.day(period.from, zone))])
            } else {
                phrases.text("report.title_today", &[("at", &phrases.at(period.until, zone))])
            }
        }
        // Only the week of ISO 8601 has a number.
        Sort::Weekly if is_iso_week(period, zone) => {
            let (week, from) = (first.iso_week_date().week().to_string(), first.strftime("%d/%m").to_string());
            phrases.text("report.title_week", &[("week", &week), ("from", &from), ("until", &until)])
        }
        Sort::Monthly if whole_months(first, last) == Some(1) => {
            phrases.text("report.title_month", &[("month", &phrases.month(period.from, zone))])
        }
        Sort::Quarterly if whole_months(first, last) == Some(3) => {
            let (quarter, year) = ((first.month() - 1) / 3 + 1, first.year().to_string());
            let code = if quarter == 1 { "report.title_first_quarter" } else { "report.title_quarter" };
            phrases.text(code, &[("quarter", &quarter.to_string()), ("year", &year)])
        }
        Sort::Weekly | Sort::Monthly | Sort::Quarterly => {
            phrases.text("report.title_days", &[("from", &from), ("until", &until)])
        }
    }
}

fn is_iso_week(period: Period, zone: &TimeZone) -> bool {
    let whole = period.whole_days(zone);
    whole.is_some_and(|(first, last)| {
        first.weekday() == Weekday::Monday && first.until(last).is_ok_and(|s| s.get_days() == 6)
    })
}

fn whole_months(first: Date, last: Date) -> Option<i32> {
    let whole = first.day() == 1 && last == last.last_of_month();
    let months = |d: Date| i32::from(d.year()) * 12 + i32::from(d.month());
    whole.then(|| months(last) - months(first) + 1)
}

/// The first instants of the days of a period.
#[must_use]
pub(crate) fn days_of(period: Period, zone: &TimeZone) -> Vec<Millis> {
    let date = |at: Millis| Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone()).date();
    let (first, last) = (date(period.from), date(period.until - 1));
    let days = std::iter::successors(Some(first), |d| d.tomorrow().ok()).take_while(|d| *d <= last).take(4_000);
    days.filter_map(|d| Some(d.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())).collect()
}

/// `80 %`, `66,7 %`; a dash of nothing.
pub(super) fn per_cent(share: Share, phrases: &Phrases) -> String {
    let Some(mille) = share.per_mille() else { return "–".to_owned() };
    // A share is at most 1000.
    #[allow(clippy::cast_precision_loss)]
    let number = mille as f64 / 10.0;
    phrases.per_cent(&phrases.one_decimal(number))
}

/// What every figure counts that this report may show. `incidents`: whether it has major ones.
pub(super) fn definitions(sort: Sort, incidents: bool, phrases: &Phrases) -> Vec<Definition> {
    const LONG: [&str; 6] =
        ["resolution_rate", "reopening_rate", "first_level", "escalation_rate", "agents", "elapsed"];
    const ALL: [&str; 19] = [
        "opened",
        "outcome",
        "solutions",
        "backlog",
        "first_answers",
        "solutions_in_time",
        "owed",
        "mean_answer",
        "mean_solution",
        "acknowledged",
        "resolution_rate",
        "reopening_rate",
        "first_level",
        "escalation_rate",
        "agents",
        "elapsed",
        "satisfaction",
        "recurrent",
        "incidents",
    ];
    let text = |name: &str, part: &str| phrases.text(&format!("report.definition.{name}.{part}"), &[]);
    let long = matches!(sort, Sort::Monthly | Sort::Quarterly);
    let shown = |name: &&&str| (long || !LONG.contains(name)) && (incidents || **name != "incidents");
    ALL.iter().filter(shown).map(|name| Definition { label: text(name, "label"), text: text(name, "text") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::Templates;

    fn phrases(language: &str) -> &'static Phrases {
        Templates::built_in().unwrap().phrases(language)
    }

    #[test]
    fn titles_are_those_people_give_them() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let of = |sort, text, language| title(sort, Period::named(text, &zone).unwrap(), &zone, phrases(language));
        assert_eq!(of(Sort::Weekly, "2026-W05", "fr"), "Rapport de support - Semaine 5 (26/01 - 01/02/2026)");
        assert_eq!(
            of(Sort::Weekly, "2026-01-30..2026-02-05", "fr"),
            "Rapport de support - du 30/01/2026 au 05/02/2026",
            "a week of other days has no number"
        );
        assert_eq!(of(Sort::Monthly, "2026-03", "fr"), "Rapport de support - mars 2026");
        assert_eq!(of(Sort::Monthly, "2026-03", "en"), "Support report - March 2026");
        assert_eq!(of(Sort::Quarterly, "2026-Q1", "fr"), "Rapport de support - 1er trimestre 2026");
        assert_eq!(of(Sort::Quarterly, "2026-Q4", "en"), "Support report - Q4 2026");
        assert_eq!(of(Sort::Daily, "2026-03-02", "fr"), "Rapport du 2 mars 2026");
        assert_eq!(of(Sort::Monthly, "2026-03-01..2026-03-15", "en"), "Support report - 01/03/2026 - 15/03/2026");
    }

    #[test]
    fn shares_are_rounded_to_tenths() {
        let share = |count, of| per_cent(Share { count, of }, phrases("fr"));
        assert_eq!(
            [share(12, 15), share(2, 3), share(0, 5), share(0, 0)],
            ["80\u{a0}%", "66,7\u{a0}%", "0\u{a0}%", "–"]
        );
        assert_eq!(per_cent(Share { count: 1, of: 3 }, phrases("en")), "33.3%");
        assert_eq!(
            (phrases("fr").one_decimal(4.5), phrases("en").one_decimal(4.0)),
            ("4,5".to_owned(), "4".to_owned())
        );
    }
}
