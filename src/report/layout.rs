//! The parts of a report, one after the other: which figures, in which order, with which charts.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::chart::{Bar, columns, rows};
use super::figures::{Figures, Share};
use super::page::{Page, Part, Row, Subject};
use super::period::Sort;
use super::words::{days_of, definitions, one_decimal, per_cent, title};
use crate::clock::{Millis, spoken};
use crate::ticket::sla::working;
use crate::ticket::{Policy, Status};

/// Most numbers of tickets that are named for one problem.
const NAMED: usize = 5;

pub(super) struct Layout<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) page: Page,
}

impl Layout<'_> {
    pub(super) fn french(&self) -> bool {
        self.subject.language == "fr"
    }

    pub(super) fn say(&self, fr: &str, en: &str) -> String {
        if self.french() { fr } else { en }.to_owned()
    }

    pub(super) fn parts(&mut self) {
        let long = matches!(self.subject.sort, Sort::Monthly | Sort::Quarterly);
        if self.subject.sort == Sort::Daily || !self.subject.figures.incidents.is_empty() {
            self.incidents();
        }
        self.summary();
        if self.subject.sort != Sort::Daily {
            self.volume();
        }
        self.priorities();
        self.categories();
        self.service_levels();
        if long {
            self.quality();
            self.levels();
        }
        self.backlog();
        if long || self.subject.figures.satisfaction.of > 0 {
            self.satisfaction();
        }
        self.recurrent();
        self.actions();
    }

    pub(super) fn part(&mut self, heading: (&str, &str), part: Part) {
        let heading = self.say(heading.0, heading.1);
        self.page.sections.push(Part { heading, ..part });
    }

    /// A part with a chart of this name.
    pub(super) fn charted(&mut self, heading: (&str, &str), name: &str, svg: String, alt: String, rows: Vec<Row>) {
        self.page.charts.push((name.to_owned(), svg));
        self.part(heading, Part { chart: name.to_owned(), alt, rows, ..Part::default() });
    }

    pub(super) fn row(&self, fr: &str, en: &str, value: impl Into<String>, note: impl Into<String>) -> Row {
        Row { label: self.say(fr, en), value: value.into(), note: note.into() }
    }

    pub(super) fn share(&self, share: Share) -> String {
        per_cent(share, self.subject.language)
    }

    /// "12 on 15", and the goal with whether it is met.
    pub(super) fn of(&self, share: Share, goal: Option<f64>, least: bool) -> String {
        let mut note = if self.french() {
            format!("{} sur {}", share.count, share.of)
        } else {
            format!("{} of {}", share.count, share.of)
        };
        if let (Some(goal), Some(value)) = (goal, share.per_mille()) {
            // Goals are whole or half per cents.
            #[allow(clippy::cast_precision_loss)]
            let value = value as f64 / 10.0;
            note.push_str(&self.goal(goal, value, least, " %"));
        }
        note
    }

    pub(super) fn goal(&self, goal: f64, value: f64, least: bool, unit: &str) -> String {
        let met = if least { value >= goal } else { value <= goal };
        let (sign, mark) = (if least { "≥" } else { "≤" }, if met { "✓" } else { "✗" });
        let word = self.say("objectif", "goal");
        format!(" · {word} {sign} {}{unit} {mark}", one_decimal(goal, self.subject.language))
    }

    pub(super) fn length(&self, length: Option<Millis>) -> String {
        length.map_or_else(|| "–".to_owned(), |l| working(l).say(self.subject.language).to_owned())
    }

    fn incidents(&mut self) {
        let Subject { figures, policy, language, .. } = self.subject;
        let zone = &policy.service_desk.time_zone;
        let mut lines = Vec::new();
        for one in &figures.incidents {
            let since = spoken(one.created_at, zone, language);
            let who = policy.agent(&one.assignee).map_or_else(|| self.say("personne", "nobody"), |a| a.name.clone());
            let state = match (one.solved_at, one.late) {
                (0, true) => self.say("en cours, en retard", "open, late"),
                (0, false) => self.say("en cours", "open"),
                (at, _) => format!("{} {}", self.say("résolu le", "solved"), spoken(at, zone, language)),
            };
            let (number, priority, title) = (&one.number, &one.priority, &one.title);
            let from = self.say("depuis le", "since");
            let level = self.say(&format!("N{}", one.level), &format!("L{}", one.level));
            lines.push(format!("{number} · {priority} · {level} · {title} · {from} {since} · {who} · {state}"));
        }
        if lines.is_empty() {
            lines.push(self.say("Aucun incident majeur.", "No major incident."));
        }
        self.part(("Incidents majeurs", "Major incidents"), Part { lines, ..Part::default() });
    }

    fn summary(&mut self) {
        let Figures { cohort, all, .. } = self.subject.figures;
        let of = |count| Share { count, of: cohort.opened };
        let mut rows = vec![
            self.row("Total tickets", "Tickets in all", cohort.opened.to_string(), self.compared(|f| f.cohort.opened)),
            self.row("Résolus", "Solved", cohort.solved.to_string(), self.share(of(cohort.solved))),
            self.row("En cours", "In progress", cohort.in_progress.to_string(), ""),
            self.row("Escaladés", "Escalated", cohort.escalated.to_string(), ""),
        ];
        let late = self.subject.figures.overdue;
        rows.push(self.row(
            "Solutions trouvées",
            "Solutions found",
            all.solved.to_string(),
            self.compared(|f| f.all.solved),
        ));
        let left: i64 = self.subject.figures.backlog.iter().sum();
        let note = if late > 0 { format!("{late} {}", self.say("en retard", "late")) } else { String::new() };
        rows.push(self.row("Reste à traiter", "Still to do", left.to_string(), note));
        self.part(("Résumé", "Summary"), Part { rows, ..Part::default() });
    }

    /// How a figure compares with the time before.
    pub(super) fn compared(&self, figure: impl Fn(&Figures) -> i64) -> String {
        let comparable = |f: &&Figures| self.subject.sort != Sort::Daily && f.all.opened + f.all.solved > 0;
        let Some(before) = self.subject.before.filter(comparable) else { return String::new() };
        let (was, is) = (figure(before), figure(self.subject.figures));
        let sign = if is >= was { "+" } else { "−" };
        format!("{sign}{} {} {was}", (is - was).abs(), self.say("par rapport à", "from"))
    }

    fn volume(&mut self) {
        let figures = self.subject.figures;
        let zone = self.subject.policy.service_desk.time_zone.clone();
        let names = [self.say("ouverts", "opened"), self.say("résolus", "solved")];
        let bars = grouped(&figures.days, &days_of(self.subject.period, &zone), &zone);
        let heading = ("Volume", "Volume");
        let svg = columns(&self.say("Tickets ouverts et résolus", "Tickets opened and solved"), &names, &bars);
        let (opened, solved) = (figures.all.opened, figures.all.solved);
        let alt =
            self.say(&format!("{opened} ouverts, {solved} résolus"), &format!("{opened} opened, {solved} solved"));
        self.charted(heading, "volume", svg, alt, Vec::new());
    }

    fn priorities(&mut self) {
        let Subject { figures, policy, language, .. } = self.subject;
        let codes = codes(figures, policy).into_iter();
        let count = |code: &String| figures.by_priority.get(code).map_or(0, |g| g.opened);
        let counted: Vec<(String, i64)> = codes.map(|code| (code.clone(), count(&code))).collect();
        let name = |code: &str| {
            format!("{code} {}", policy.priority_label(code, language).split(" : ").next().unwrap_or_default())
        };
        let rows: Vec<Row> = counted
            .iter()
            .map(|(code, n)| Row { label: name(code), value: n.to_string(), note: String::new() })
            .collect();
        let bars: Vec<Bar> = counted.iter().map(|(code, n)| Bar::of(code, *n)).collect();
        self.counted(("Répartition par priorité", "By priority"), "priority", &bars, rows);
    }

    fn categories(&mut self) {
        let Subject { figures, policy, language, .. } = self.subject;
        let other = self.say("Autre", "Other");
        let mut counted: Vec<(String, i64)> = figures
            .by_category
            .iter()
            .filter(|(_, group)| group.opened > 0)
            .map(|(name, group)| {
                let label = Policy::topic_label(&policy.categories, Some(name), language);
                (if label.is_empty() { other.clone() } else { label }, group.opened)
            })
            .collect();
        if counted.iter().all(|(label, _)| *label == other) {
            return;
        }
        counted.sort_by(|a, b| (a.0 == other).cmp(&(b.0 == other)).then(b.1.cmp(&a.1)));
        let of = figures.all.opened;
        let rows = counted.iter().map(|(label, n)| Row {
            label: label.clone(),
            value: n.to_string(),
            note: per_cent(Share { count: *n, of }, language),
        });
        let rows = rows.collect();
        let bars: Vec<Bar> = counted.iter().take(12).map(|(label, n)| Bar::of(label, *n)).collect();
        self.counted(("Répartition par catégorie", "By category"), "category", &bars, rows);
    }

    /// Counts with a chart, where a chart shows anything.
    pub(super) fn counted(&mut self, heading: (&str, &str), name: &str, bars: &[Bar], figures: Vec<Row>) {
        if self.subject.sort == Sort::Daily || bars.iter().all(|b| b.values.iter().sum::<f64>() == 0.0) {
            self.part(heading, Part { rows: figures, ..Part::default() });
            return;
        }
        let alt = bars.iter().map(|b| format!("{} : {}", b.label, b.notes.join(" "))).collect::<Vec<_>>().join(", ");
        self.charted(heading, name, rows("", &[], bars, 0.0), alt, figures);
    }

    fn backlog(&mut self) {
        let figures = self.subject.figures;
        let ages: [[&str; 2]; 5] = [
            ["< 1 jour", "< 1 day"],
            ["1 à 3 jours", "1 to 3 days"],
            ["3 à 7 jours", "3 to 7 days"],
            ["7 à 30 jours", "7 to 30 days"],
            ["> 30 jours", "> 30 days"],
        ];
        let bars: Vec<Bar> =
            ages.iter().zip(figures.backlog).map(|([fr, en], n)| Bar::of(&self.say(fr, en), n)).collect();
        let language = self.subject.language;
        let by_status = figures.backlog_by_status.iter().map(|(status, n)| Row {
            label: Status::from_word(status).label().say(language).to_owned(),
            value: n.to_string(),
            note: String::new(),
        });
        let mut rows: Vec<Row> =
            bars.iter().map(|b| Row { label: b.label.clone(), value: b.notes.join(""), note: String::new() }).collect();
        rows.retain(|row| row.value != "0");
        rows.extend(by_status);
        let heading = ("Reste à traiter, par âge", "Still to do, by age");
        if self.subject.sort == Sort::Daily || figures.backlog.iter().sum::<i64>() == 0 {
            let none = self.say("Rien n'attend.", "Nothing waits.");
            let lines = if rows.is_empty() { vec![none] } else { Vec::new() };
            self.part(heading, Part { rows, lines, ..Part::default() });
            return;
        }
        let svg = columns("", &[], &bars);
        let alt = bars.iter().map(|b| format!("{} : {}", b.label, b.notes.join(""))).collect::<Vec<_>>().join(", ");
        self.charted(heading, "backlog", svg, alt, rows);
    }

    fn recurrent(&mut self) {
        let lines: Vec<String> = self
            .subject
            .figures
            .recurrent
            .iter()
            .map(|r| {
                let more = if r.numbers.len() > NAMED { ", …" } else { "" };
                let numbers: Vec<&str> = r.numbers.iter().rev().take(NAMED).map(String::as_str).collect();
                format!("{} : {} ({}{more})", r.title, r.count, numbers.join(", "))
            })
            .collect();
        let lines = if lines.is_empty() { vec![self.say("Aucun.", "None.")] } else { lines };
        self.part(("Problèmes récurrents", "Problems that came back"), Part { lines, ..Part::default() });
    }

    /// What the figures ask somebody to do.
    fn actions(&mut self) {
        let figures = self.subject.figures;
        let mut lines = Vec::new();
        if figures.overdue > 0 {
            let n = figures.overdue;
            lines.push(self.say(
                &format!("{n} en retard : « #liste retard » en donne la liste."),
                &format!("{n} late: \"#list overdue\" lists them."),
            ));
        }
        let old = figures.backlog[4];
        if old > 0 {
            lines.push(self.say(
                &format!("{old} attendent depuis plus de 30 jours : les clore, ou les faire avancer."),
                &format!("{old} have waited for more than 30 days: close them, or move them on."),
            ));
        }
        if let Some(worst) = figures.recurrent.first() {
            let title = &worst.title;
            lines.push(self.say(
                &format!("« {title} » revient : un article y répondrait (#kb sur un ticket résolu)."),
                &format!("\"{title}\" comes back: an article would answer it (#kb on a solved ticket)."),
            ));
        }
        if lines.is_empty() {
            lines.push(self.say("Rien de particulier.", "Nothing in particular."));
        }
        self.part(("Actions", "Actions"), Part { lines, ..Part::default() });
    }
}

/// Priorities there are, and those there were.
pub(super) fn codes(figures: &Figures, policy: &Policy) -> Vec<String> {
    let mut codes: Vec<String> = policy.priorities.iter().map(|p| p.code.clone()).collect();
    codes
        .extend(figures.by_priority.keys().filter(|code| !policy.priorities.iter().any(|p| p.code == **code)).cloned());
    codes
}

/// Columns of days; of weeks where there are many days.
fn grouped(days: &[(i64, i64)], starts: &[Millis], zone: &TimeZone) -> Vec<Bar> {
    let size = if days.len() > 45 { 7 } else { 1 };
    let label = |at: &Millis| {
        let date = Timestamp::from_millisecond(*at).unwrap_or_default().to_zoned(zone.clone());
        date.strftime("%-d/%m").to_string()
    };
    // Figures on top of columns can be read where there are few.
    let few = days.len() <= 14;
    let groups = days.chunks(size).zip(starts.chunks(size));
    groups
        .map(|(days, starts)| {
            let sum = days.iter().fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
            let (mut bar, solved) =
                (Bar::of(&starts.first().map(label).unwrap_or_default(), sum.0), Bar::of("", sum.1));
            bar.values.extend(solved.values);
            bar.notes = if few { vec![sum.0.to_string(), sum.1.to_string()] } else { Vec::new() };
            bar
        })
        .collect()
}
impl Page {
    /// Lays a report out.
    #[must_use]
    pub(crate) fn lay_out(subject: &Subject<'_>) -> Self {
        let mut page = Layout { subject: *subject, page: Self::default() };
        let zone = &subject.policy.service_desk.time_zone;
        page.page.title = title(subject.sort, subject.period, zone, subject.language);
        page.page.intro = match subject.sort {
            Sort::Daily => {
                let at = |at| spoken(at, zone, subject.language);
                let (from, until) = (at(subject.period.from), at(subject.period.until));
                page.say(&format!("Du {from} au {until}."), &format!("From {from} to {until}."))
            }
            _ => {
                let day = |at| {
                    let said = spoken(at, zone, subject.language);
                    said.split([',', 'à']).next().unwrap_or_default().trim().to_owned()
                };
                let (from, until) = (day(subject.period.from), day(subject.period.until - 1));
                page.say(&format!("Du {from} au {until} inclus."), &format!("From {from} to {until}, both included."))
            }
        };
        page.parts();
        page.page.foot = page.say("Ce que comptent ces chiffres", "What these figures count");
        page.page.definitions = definitions(subject.language);
        page.page
    }
}
