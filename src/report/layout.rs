//! The parts of a report, one after the other: which figures, in which order, with which charts.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::chart::{Bar, columns, rows};
use super::figures::{Figures, Share};
use super::page::{Page, Part, Row, Subject};
use super::period::Sort;
use super::words::{days_of, definitions, per_cent, title};
use crate::clock::Millis;
use crate::ticket::{Policy, Status};

/// Most numbers of tickets that are named for one problem.
const NAMED: usize = 5;

pub(super) struct Layout<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) page: Page,
}

impl Layout<'_> {
    pub(super) fn say(&self, code: &str) -> String {
        self.fill(code, &[])
    }

    pub(super) fn fill(&self, code: &str, values: &[(&str, &str)]) -> String {
        self.subject.phrases.text(code, values)
    }

    /// A figure with what it is of: `P1 : 4`.
    pub(super) fn entry(&self, label: &str, value: &str) -> String {
        self.fill("report.entry", &[("label", label), ("value", value)])
    }

    /// `P1 bloquante`.
    pub(super) fn priority_name(&self, code: &str) -> String {
        let Subject { policy, language, .. } = self.subject;
        let label = policy.priority_label(code, language);
        let short = label.split(" : ").next().unwrap_or_default();
        format!("{code} {short}").trim_end().to_owned()
    }

    /// `N2`, in English `L2`.
    pub(super) fn level_name(&self, level: i64) -> String {
        self.fill("report.level", &[("level", &level.to_string())])
    }

    pub(super) fn parts(&mut self) {
        let long = matches!(self.subject.sort, Sort::Monthly | Sort::Quarterly);
        self.findings();
        self.actions();
        if self.subject.sort == Sort::Daily || !self.subject.figures.incidents.is_empty() {
            self.incidents();
        }
        self.summary();
        if self.subject.sort == Sort::Daily {
            self.solved();
            self.follow_up();
        } else {
            self.volume();
        }
        self.priorities();
        self.categories();
        self.services();
        self.service_levels();
        if self.subject.sort != Sort::Daily {
            self.by_level();
        }
        if long {
            self.quality();
            self.levels();
            self.trends();
            self.agents();
            self.teams();
            self.establishments();
            self.channels();
            self.vendors();
            self.states();
            self.hours();
        }
        self.backlog();
        if long || self.subject.figures.satisfaction.of > 0 {
            self.satisfaction();
        }
        self.recurrent();
    }

    pub(super) fn part(&mut self, heading: &str, part: Part) {
        let heading = self.say(heading);
        self.page.sections.push(Part { heading, ..part });
    }

    /// A part with a chart of this name.
    pub(super) fn charted(&mut self, heading: &str, name: &str, svg: String, alt: String, rows: Vec<Row>) {
        self.page.charts.push((name.to_owned(), svg));
        self.part(heading, Part { chart: name.to_owned(), alt, rows, ..Part::default() });
    }

    pub(super) fn row(&self, code: &str, value: impl Into<String>, note: impl Into<String>) -> Row {
        Row { label: self.say(code), value: value.into(), note: note.into() }
    }

    pub(super) fn share(&self, share: Share) -> String {
        per_cent(share, self.subject.phrases)
    }

    /// "12 on 15", and the goal with whether it is met.
    pub(super) fn of(&self, share: Share, goal: Option<f64>, least: bool) -> String {
        let mut note =
            self.fill("report.count_of", &[("count", &share.count.to_string()), ("of", &share.of.to_string())]);
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
        let (sign, mark) = (if least { "≥" } else { "≤" }, mark(met));
        let word = self.say("report.goal");
        format!(" · {word} {sign} {}{unit} {mark}", self.subject.phrases.one_decimal(goal))
    }

    pub(super) fn length(&self, length: Option<Millis>) -> String {
        length.map_or_else(|| "–".to_owned(), |l| self.subject.phrases.length(l))
    }

    fn incidents(&mut self) {
        let Subject { figures, policy, phrases, .. } = self.subject;
        let zone = &policy.service_desk.time_zone;
        let mut lines = Vec::new();
        for one in &figures.incidents {
            let since = phrases.at(one.created_at, zone);
            let who = policy.agent(&one.assignee).map_or_else(|| self.say("report.nobody"), |a| a.name.clone());
            let state = match (one.solved_at, one.late) {
                (0, true) => self.say("report.open_late"),
                (0, false) => self.say("report.open"),
                (at, _) => self.fill("report.solved_on", &[("at", &phrases.at(at, zone))]),
            };
            let (number, priority, title) = (&one.number, &one.priority, &one.title);
            let (level, since) = (self.level_name(one.level), self.fill("report.since", &[("at", &since)]));
            let next = match (one.solved_at, one.on) {
                (0, Some(on)) => Some(phrases.say(&on.label(), policy)),
                (0, None) if one.due_at > 0 => Some(self.fill("report.due", &[("at", &phrases.at(one.due_at, zone))])),
                _ => None,
            };
            let next = next.map(|next| format!(" · {next}")).unwrap_or_default();
            lines.push(format!("{number} · {priority} · {level} · {title} · {since} · {who} · {state}{next}"));
        }
        if lines.is_empty() {
            lines.push(self.say("report.no_major_incident"));
        }
        self.part("report.major_incidents", Part { lines, ..Part::default() });
    }

    fn summary(&mut self) {
        let Figures { cohort, all, .. } = self.subject.figures;
        let of = |count| Share { count, of: cohort.opened };
        let mut rows = vec![
            self.row("report.tickets_in_all", cohort.opened.to_string(), self.compared(|f| f.cohort.opened)),
            self.row("report.solved_2", cohort.solved.to_string(), self.share(of(cohort.solved))),
            self.row("report.in_progress", cohort.in_progress.to_string(), ""),
            self.row("report.escalated", cohort.escalated.to_string(), self.escalated_to()),
        ];
        let late = self.subject.figures.overdue;
        rows.push(self.row("report.solutions_found", all.solved.to_string(), self.compared(|f| f.all.solved)));
        let left: i64 = self.subject.figures.backlog.iter().sum();
        let note = if late > 0 { self.subject.phrases.counted("report.late", late) } else { String::new() };
        rows.push(self.row("report.still_to_do", left.to_string(), note));
        self.part("report.summary", Part { rows, ..Part::default() });
    }

    /// The levels that have what has gone up: `N2 : 3, N3 : 1`.
    fn escalated_to(&self) -> String {
        let levels = self.subject.figures.escalated_to.iter();
        let named = levels.map(|(level, n)| match self.subject.figures.escalated_to.len() {
            1 => self.level_name(*level),
            _ => self.entry(&self.level_name(*level), &n.to_string()),
        });
        named.collect::<Vec<_>>().join(", ")
    }

    /// How a figure compares with the time before.
    pub(super) fn compared(&self, figure: impl Fn(&Figures) -> i64) -> String {
        let comparable = |f: &&Figures| self.subject.sort != Sort::Daily && f.all.opened + f.all.solved > 0;
        let Some(before) = self.subject.before.first().filter(comparable) else { return String::new() };
        let (was, is) = (figure(before), figure(self.subject.figures));
        let sign = if is >= was { "+" } else { "−" };
        let change = format!("{sign}{}", (is - was).abs());
        self.fill("report.compared", &[("change", &change), ("was", &was.to_string())])
    }

    fn volume(&mut self) {
        let figures = self.subject.figures;
        let zone = self.subject.policy.service_desk.time_zone.clone();
        let names = [self.say("report.opened"), self.say("report.solved")];
        let days: Vec<(i64, i64)> = figures.days.iter().map(|day| (day.opened, day.solved)).collect();
        let bars = grouped(&days, &days_of(self.subject.period, &zone), &zone);
        let heading = "report.volume_2";
        let svg = columns(&self.say("report.tickets_opened_and_solved"), &names, &bars);
        let (opened, solved) = (figures.all.opened, figures.all.solved);
        let sums = self.fill("report.volume", &[("opened", &opened.to_string()), ("solved", &solved.to_string())]);
        let each = bars
            .iter()
            .map(|bar| self.entry(&bar.label, &bar.values.iter().map(f64::to_string).collect::<Vec<_>>().join(" / ")));
        let alt = std::iter::once(sums).chain(each).collect::<Vec<_>>().join(", ");
        self.charted(heading, "volume", svg, alt, Vec::new());
    }

    fn priorities(&mut self) {
        let Subject { figures, policy, .. } = self.subject;
        let codes = codes(figures, policy).into_iter();
        let count = |code: &String| figures.by_priority.get(code).map_or(0, |g| g.opened);
        let counted: Vec<(String, i64)> = codes.map(|code| (code.clone(), count(&code))).collect();
        let name = |code: &str| self.priority_name(code);
        let rows: Vec<Row> = counted
            .iter()
            .map(|(code, n)| Row { label: name(code), value: n.to_string(), note: String::new() })
            .collect();
        let bars: Vec<Bar> = counted.iter().map(|(code, n)| Bar::of(code, *n)).collect();
        self.counted("report.by_priority", "priority", &bars, rows);
    }

    fn categories(&mut self) {
        let Subject { figures, policy, language, phrases, .. } = self.subject;
        let other = self.say("report.other");
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
            note: per_cent(Share { count: *n, of }, phrases),
        });
        let rows = rows.collect();
        let bars: Vec<Bar> = counted.iter().take(12).map(|(label, n)| Bar::of(label, *n)).collect();
        self.counted("report.by_category", "category", &bars, rows);
    }

    /// Counts with a chart, where a chart shows anything.
    pub(super) fn counted(&mut self, heading: &str, name: &str, bars: &[Bar], figures: Vec<Row>) {
        if self.subject.sort == Sort::Daily || bars.iter().all(|b| b.values.iter().sum::<f64>() == 0.0) {
            self.part(heading, Part { rows: figures, ..Part::default() });
            return;
        }
        let alt = bars.iter().map(|b| self.entry(&b.label, &b.notes.join(" "))).collect::<Vec<_>>().join(", ");
        self.charted(heading, name, rows("", &[], bars, 0.0), alt, figures);
    }

    fn backlog(&mut self) {
        let figures = self.subject.figures;
        let Subject { phrases, policy, .. } = self.subject;
        let ages = phrases.list("report.ages").iter();
        let bars: Vec<Bar> = ages.zip(figures.backlog).map(|(age, n)| Bar::of(age, n)).collect();
        let by_status = figures.backlog_by_status.iter().map(|(status, n)| Row {
            label: phrases.say(&Status::from_word(status).label(), policy),
            value: n.to_string(),
            note: String::new(),
        });
        let mut rows: Vec<Row> =
            bars.iter().map(|b| Row { label: b.label.clone(), value: b.notes.join(""), note: String::new() }).collect();
        rows.retain(|row| row.value != "0");
        let by_status: Vec<Row> = by_status.collect();
        let heading = "report.still_to_do_by_age";
        if self.subject.sort == Sort::Daily || figures.backlog.iter().sum::<i64>() == 0 {
            let none = self.say("report.nothing_waits");
            let lines = if rows.is_empty() { vec![none] } else { Vec::new() };
            self.part(heading, Part { rows, lines, ..Part::default() });
        } else {
            let svg = super::chart::rows("", &[], &bars, 0.0);
            let alt = bars.iter().map(|b| self.entry(&b.label, &b.notes.join(""))).collect::<Vec<_>>().join(", ");
            self.charted(heading, "backlog", svg, alt, rows);
            self.open_by_day();
        }
        if !by_status.is_empty() {
            self.part("report.still_to_do_by_state", Part { rows: by_status, ..Part::default() });
        }
    }

    /// What was still to do at the end of each day.
    fn open_by_day(&mut self) {
        let zone = &self.subject.policy.service_desk.time_zone;
        let starts = days_of(self.subject.period, zone);
        let days: Vec<(i64, i64)> = self.subject.figures.days.iter().map(|day| (day.open, 0)).collect();
        if days.len() < 2 {
            return;
        }
        // Of days that share a column the last one counts: what is to do does not add up.
        let size = columns_of(days.len());
        let last = days
            .chunks(size)
            .zip(starts.chunks(size))
            .filter_map(|(days, starts)| Some((days.last()?.0, starts.last()?)));
        let bars: Vec<Bar> = last.map(|(open, at)| Bar::of(&day_label(*at, zone), open)).collect();
        let alt = bars.iter().map(|b| self.entry(&b.label, &b.notes.join(""))).collect::<Vec<_>>().join(", ");
        self.charted("report.open_at_the_end", "open", columns("", &[], &bars), alt, Vec::new());
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
                let article = if r.has_article { self.say("report.has_article") } else { String::new() };
                format!("{} ({}{more}){article}", self.entry(&r.title, &r.count.to_string()), numbers.join(", "))
            })
            .collect();
        let lines = if lines.is_empty() { vec![self.say("report.none")] } else { lines };
        self.part("report.problems_that_came_back", Part { lines, ..Part::default() });
    }

    /// What the figures ask somebody to do.
    fn actions(&mut self) {
        let figures = self.subject.figures;
        let mut lines = Vec::new();
        if figures.overdue > 0 {
            let n = figures.overdue;
            lines.push(self.subject.phrases.counted("report.list_late", n));
        }
        let old = figures.backlog[4];
        if old > 0 {
            lines.push(self.subject.phrases.counted("report.old", old));
        }
        // What an article answers already needs none.
        if let Some(worst) = figures.recurrent.iter().find(|problem| !problem.has_article) {
            let title = &worst.title;
            lines.push(self.fill("report.comes_back", &[("title", title)]));
        }
        if lines.is_empty() {
            lines.push(self.say("report.nothing_in_particular"));
        }
        self.part("report.actions", Part { lines, ..Part::default() });
    }
}

/// What stands beside a figure that is as it should be, or not.
pub(super) fn mark(met: bool) -> &'static str {
    if met { "✅" } else { "❌" }
}

/// Priorities there are, and those there were.
pub(super) fn codes(figures: &Figures, policy: &Policy) -> Vec<String> {
    let mut codes: Vec<String> = policy.priorities.iter().map(|p| p.code.clone()).collect();
    codes
        .extend(figures.by_priority.keys().filter(|code| !policy.priorities.iter().any(|p| p.code == **code)).cloned());
    codes
}

/// How many days share a column: those of a week where there are many.
fn columns_of(days: usize) -> usize {
    if days > 21 { 7 } else { 1 }
}

fn day_label(at: Millis, zone: &TimeZone) -> String {
    let date = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone());
    date.strftime("%-d/%m").to_string()
}

/// Columns of days; of weeks where there are many days.
fn grouped(days: &[(i64, i64)], starts: &[Millis], zone: &TimeZone) -> Vec<Bar> {
    let size = columns_of(days.len());
    let label = |at: &Millis| day_label(*at, zone);
    let groups = days.chunks(size).zip(starts.chunks(size));
    groups
        .map(|(days, starts)| {
            let sum = days.iter().fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
            let (mut bar, solved) =
                (Bar::of(&starts.first().map(label).unwrap_or_default(), sum.0), Bar::of("", sum.1));
            bar.values.extend(solved.values);
            bar.notes = vec![sum.0.to_string(), sum.1.to_string()];
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
        page.page.title = title(subject.sort, subject.period, zone, subject.phrases);
        page.page.intro = match subject.sort {
            Sort::Daily => {
                let at = |at| subject.phrases.at(at, zone);
                let (from, until) = (at(subject.period.from), at(subject.period.until));
                page.fill("report.from_to", &[("from", &from), ("until", &until)])
            }
            _ => {
                let day = |at| subject.phrases.day(at, zone);
                let (from, until) = (day(subject.period.from), day(subject.period.until - 1));
                page.fill("report.days", &[("from", &from), ("until", &until)])
            }
        };
        page.parts();
        page.page.foot = page.say("report.what_these_figures_count");
        let incidents = subject.sort == Sort::Daily || !subject.figures.incidents.is_empty();
        page.page.definitions = definitions(subject.sort, incidents, subject.phrases);
        page.page
    }
}
