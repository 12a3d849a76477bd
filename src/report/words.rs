//! Titles, figures and definitions in words.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::figures::Share;
use super::page::Definition;
use super::period::{Period, Sort};
use crate::clock::{Millis, spoken};

/// The title of a report.
pub(super) fn title(sort: Sort, period: Period, zone: &TimeZone, language: &str) -> String {
    let french = language == "fr";
    let date = |at: Millis| Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone()).date();
    // The last day is the one before the period's end.
    let (first, last) = (date(period.from), date(period.until - 1));
    let head = if french { "Rapport de support" } else { "Support report" };
    match sort {
        Sort::Daily => {
            let at = spoken(period.until, zone, language);
            let whole = first == last
                && first
                    .at(0, 0, 0, 0)
                    .to_zoned(zone.clone())
                    .is_ok_and(|z| z.timestamp().as_millisecond() == period.from);
            let day = spoken(period.from, zone, language);
            let day = day.split(if french { " à " } else { ", " }).next().unwrap_or_default().to_owned();
            match (french, whole) {
                (true, true) => format!("Rapport du {day}"),
                (true, false) => format!("Rapport du jour - {at}"),
                (false, true) => format!("Report of {day}"),
                (false, false) => format!("Daily report - {at}"),
            }
        }
        Sort::Weekly => {
            let week = first.iso_week_date().week();
            let word = if french { "Semaine" } else { "Week" };
            format!("{head} - {word} {week} ({} - {})", first.strftime("%d/%m"), last.strftime("%d/%m/%Y"))
        }
        Sort::Monthly if whole_months(first, last) == Some(1) => format!("{head} - {}", month(first, language)),
        Sort::Quarterly if whole_months(first, last) == Some(3) => {
            let quarter = (first.month() - 1) / 3 + 1;
            let year = first.year();
            match (french, quarter) {
                (true, 1) => format!("{head} - 1er trimestre {year}"),
                (true, n) => format!("{head} - {n}e trimestre {year}"),
                (false, n) => format!("{head} - Q{n} {year}"),
            }
        }
        Sort::Monthly | Sort::Quarterly => {
            format!("{head} - {} - {}", first.strftime("%d/%m/%Y"), last.strftime("%d/%m/%Y"))
        }
    }
}

fn whole_months(first: Date, last: Date) -> Option<i32> {
    let whole = first.day() == 1 && last == last.last_of_month();
    let months = |d: Date| i32::from(d.year()) * 12 + i32::from(d.month());
    whole.then(|| months(last) - months(first) + 1)
}

/// `mars 2026`.
fn month(date: Date, language: &str) -> String {
    let at = date.to_zoned(TimeZone::UTC).map_or(0, |z| z.timestamp().as_millisecond());
    let said = spoken(at, &TimeZone::UTC, language);
    let words: Vec<&str> = said.split([' ', ',']).collect();
    words.get(1..3).map(|w| w.join(" ")).unwrap_or_default()
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
pub(super) fn per_cent(share: Share, language: &str) -> String {
    let Some(mille) = share.per_mille() else { return "–".to_owned() };
    let (whole, tenth) = (mille / 10, mille % 10);
    match (tenth, language) {
        (0, "fr") => format!("{whole} %"),
        (0, _) => format!("{whole}%"),
        (_, "fr") => format!("{whole},{tenth} %"),
        (_, _) => format!("{whole}.{tenth}%"),
    }
}

/// `4,5` or `4.5`; whole ones without a fraction.
pub(super) fn one_decimal(value: f64, language: &str) -> String {
    let text = format!("{value:.1}");
    let text = text.trim_end_matches(".0");
    if language == "fr" { text.replace('.', ",") } else { text.to_owned() }
}

/// What every figure counts.
pub(super) fn definitions(language: &str) -> Vec<Definition> {
    const ALL: [[&str; 4]; 16] = [
        [
            "Total tickets",
            "tickets ouverts pendant la période, comme ils sont à sa fin. Ceux qui ont été fusionnés dans un autre n'y comptent pas.",
            "Tickets in all",
            "opened in this time, as they stand at its end. Those that went into another do not count.",
        ],
        [
            "Résolus, en cours, escaladés",
            "de ces tickets : résolus ou clos ; non résolus au niveau 1 ; non résolus à un niveau supérieur.",
            "Solved, in progress, escalated",
            "of these: resolved or closed; unsolved at level 1; unsolved at a higher level.",
        ],
        [
            "Solutions trouvées",
            "passages à l'état résolu (ou clos sans cela) pendant la période, quelle que soit la date d'ouverture.",
            "Solutions found",
            "times a ticket became resolved (or closed without that) in this time, whenever it was opened.",
        ],
        [
            "Reste à traiter, en retard",
            "tickets non résolus à la fin de la période ; parmi eux, ceux dont une échéance est passée.",
            "Still to do, late",
            "unsolved at the end of this time; of those, the ones past a due time.",
        ],
        [
            "Première réponse à temps",
            "réponses d'une personne, remises au demandeur avant l'échéance, sur les réponses données ou manquées pendant la période ; une réponse manquée compte à son échéance.",
            "First answers in time",
            "answers of a person, delivered to the requester before they were due, of those given or missed in this time; a missed one counts when it was due.",
        ],
        [
            "Résolution à temps",
            "résolutions avant l'échéance, sur les résolutions faites ou manquées pendant la période ; une résolution manquée compte à son échéance, et une fois entre deux réouvertures.",
            "Solutions in time",
            "solutions before they were due, of those found or missed in this time; a missed one counts when it was due, and once between two reopenings.",
        ],
        [
            "Temps moyen de réponse",
            "temps du calendrier de la priorité, de l'ouverture à la remise de la première réponse.",
            "Mean time to answer",
            "time of the priority's calendar from the opening to the delivery of the first answer.",
        ],
        [
            "Temps moyen de résolution (MTTR)",
            "temps du calendrier de l'ouverture (ou de la réouverture) à la résolution, sans les attentes qui arrêtent le compteur.",
            "Mean time to solve (MTTR)",
            "time of the calendar from the opening (or reopening) to the solution, without waits that stop the clock.",
        ],
        [
            "Accusé de réception à temps",
            "tickets ouverts dont le demandeur a reçu un accusé dans le délai promis.",
            "Acknowledged in time",
            "tickets opened whose requester was sent an acknowledgement in the time promised.",
        ],
        [
            "Taux de résolution",
            "tickets résolus à la fin, sur les tickets ouverts pendant la période.",
            "Resolution rate",
            "solved at the end, of those opened in this time.",
        ],
        [
            "Taux de réouverture",
            "réouvertures pendant la période, sur les solutions de la période.",
            "Reopening rate",
            "reopenings in this time, of the solutions of this time.",
        ],
        [
            "Résolution au niveau 1 ; au premier contact ; par la documentation",
            "solutions trouvées au niveau 1 ; avant toute autre réponse d'une personne ; sans aucune réponse d'une personne.",
            "Solved at level 1; at first contact; by articles",
            "solutions found at level 1; before any other answer of a person; without any answer of a person.",
        ],
        [
            "Taux d'escalade",
            "tickets ouverts pendant la période qui sont montés d'un niveau.",
            "Escalation rate",
            "of the tickets opened in this time, those that have gone up a level.",
        ],
        [
            "Satisfaction, NPS",
            "notes de 1 à 5 données pendant la période ; NPS : part des 9 et 10 moins part des 0 à 6.",
            "Satisfaction, NPS",
            "marks of 1 to 5 given in this time; NPS: share of 9 and 10 less share of 0 to 6.",
        ],
        [
            "Problèmes récurrents",
            "titres qui reviennent, chiffres et majuscules à part, parmi les tickets ouverts.",
            "Problems that came back",
            "titles that come again, figures and capitals apart, among the tickets opened.",
        ],
        [
            "Incidents majeurs",
            "priorités qui appellent tous les niveaux : ouverts ou résolus pendant la période, ou encore ouverts.",
            "Major incidents",
            "priorities that call all levels: opened or solved in this time, or still open.",
        ],
    ];
    let at = if language == "fr" { 0 } else { 2 };
    ALL.iter().map(|row| Definition { label: row[at].to_owned(), text: row[at + 1].to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_those_people_give_them() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let of = |sort, text, language| title(sort, Period::named(text, &zone).unwrap(), &zone, language);
        assert_eq!(
            of(Sort::Weekly, "2026-01-30..2026-02-05", "fr"),
            "Rapport de support - Semaine 5 (30/01 - 05/02/2026)"
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
        let share = |count, of| per_cent(Share { count, of }, "fr");
        assert_eq!([share(12, 15), share(2, 3), share(0, 5), share(0, 0)], ["80 %", "66,7 %", "0 %", "–"]);
        assert_eq!(per_cent(Share { count: 1, of: 3 }, "en"), "33.3%");
        assert_eq!((one_decimal(4.5, "fr"), one_decimal(4.0, "en")), ("4,5".to_owned(), "4".to_owned()));
    }
}
