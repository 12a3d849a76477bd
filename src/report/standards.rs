//! What a report says of service levels, quality, and how content people are.

use super::chart::{Bar, columns, rows};
use super::figures::{Group, Lengths, Share, Took};
use super::layout::{Layout, codes, mark};
use super::page::{Part, Row, Subject};
use super::period::Sort;
use crate::clock::Millis;

impl Layout<'_> {
    pub(super) fn service_levels(&mut self) {
        let Subject { figures, goals, policy, .. } = self.subject;
        let all = &figures.all;
        let mut table = vec![
            self.row(
                "report.first_answers_in_time",
                self.share(all.response_kept),
                self.of(all.response_kept, goals.response_kept, true),
            ),
            self.row(
                "report.solutions_in_time",
                self.share(all.resolution_kept),
                self.of(all.resolution_kept, goals.resolution_kept, true),
            ),
        ];
        table.extend(self.took("report.mean_time_to_answer", &all.response));
        table.extend(self.took("report.mean_time_to_solve_mttr", &all.resolution));
        table.push(self.row(
            "report.acknowledged_in_time",
            self.share(figures.acknowledged),
            self.of(figures.acknowledged, None, true),
        ));
        let codes = codes(figures, policy);
        let mut bars = Vec::new();
        for code in &codes {
            let Some(group) = figures.by_priority.get(code) else { continue };
            table.extend(self.means(code, group));
            if group.response_kept.of + group.resolution_kept.of > 0 {
                let shares = [group.response_kept, group.resolution_kept];
                // A share is at most 1000.
                #[allow(clippy::cast_precision_loss)]
                let values = shares.map(|s| s.per_mille().unwrap_or(0) as f64 / 10.0).to_vec();
                let notes = shares.map(|s| if s.of > 0 { self.share(s) } else { "–".to_owned() }).to_vec();
                bars.push(Bar { label: code.clone(), values, notes });
            }
        }
        let heading = "report.service_levels";
        if bars.is_empty() || self.subject.sort == Sort::Daily {
            let lines = self.withdrawn();
            self.part(heading, Part { rows: table, lines, ..Part::default() });
            return;
        }
        let names = [self.say("report.first_answer"), self.say("report.solution")];
        let svg = rows(&self.say("report.kept_in_per_cent"), &names, &bars, 100.0);
        let alt = bars.iter().map(|b| self.entry(&b.label, &b.notes.join(" / "))).collect::<Vec<_>>().join(", ");
        self.charted(heading, "sla", svg, alt, table);
        let lines = self.withdrawn();
        self.page.sections.last_mut().into_iter().for_each(|part| part.lines.clone_from(&lines));
    }

    /// First answers of earlier periods that never arrived.
    fn withdrawn(&self) -> Vec<String> {
        let Subject { figures, policy, phrases, .. } = self.subject;
        let zone = &policy.service_desk.time_zone;
        let one = |w: &super::figures::Withdrawn| {
            self.fill("report.withdrawn", &[("number", &w.number), ("at", &phrases.at(w.at, zone))])
        };
        figures.withdrawn.iter().map(one).collect()
    }

    /// How long something took: the mean, and what lies in the middle and above nine in ten. Working hours and hours by day and night stand in
    /// rows of their own.
    fn took(&self, label: &str, took: &Took) -> Vec<Row> {
        let both = took.is_mixed();
        let kinds = [(&took.working, "report.working_hours"), (&took.around_the_clock, "report.day_and_night")];
        let row = |(lengths, kind): (&Lengths, &str)| {
            let mean = lengths.mean()?;
            let label = if both { format!("{} ({})", self.say(label), self.say(kind)) } else { self.say(label) };
            let spread =
                [("median", lengths.median()), ("nine", lengths.ninetieth())].map(|(n, l)| (n, self.length(l)));
            let note = self.fill("report.spread", &spread.each_ref().map(|(name, length)| (*name, length.as_str())));
            // Of a handful there is no nine in ten.
            let note = if lengths.count() >= 10 { note } else { String::new() };
            Some(Row { label, value: self.length(Some(mean)), note })
        };
        let rows: Vec<Row> = kinds.into_iter().filter_map(row).collect();
        if rows.is_empty() { vec![self.row(label, "–", "")] } else { rows }
    }

    /// What became of the promises at each level, and of what levels owed the next.
    pub(super) fn by_level(&mut self) {
        let figures = self.subject.figures;
        let mut rows = Vec::new();
        let mut add = |code: &str, level: i64, share: Share| {
            if share.of > 0 {
                let label = self.fill(code, &[("level", &self.level_name(level))]);
                rows.push(Row { label, value: self.share(share), note: self.of(share, None, true) });
            }
        };
        for (level, group) in &figures.by_level {
            add("report.level_answers", *level, group.response_kept);
            add("report.level_solves", *level, group.resolution_kept);
        }
        for (level, owed) in &figures.ola {
            add("report.ola_takes", *level, owed.response_kept);
            add("report.ola_solves", *level, owed.resolution_kept);
        }
        if figures.by_level.len() > 1 || !figures.ola.is_empty() {
            self.part("report.promises_by_level", Part { rows, ..Part::default() });
        }
    }

    /// Mean times of a priority, beside what was promised, and how many were in time.
    fn means(&self, code: &str, group: &Group) -> Vec<Row> {
        let one = |what: &str, took: &Took, target: Millis, kept: Share, goal: Option<f64>| {
            // A priority has one calendar; of two, the one that has more.
            let counts = [&took.working, &took.around_the_clock];
            let mean = counts.into_iter().max_by_key(|lengths| lengths.count())?.mean()?;
            let mut notes = Vec::new();
            if target > 0 {
                let said = self.fill("report.target", &[("length", &self.length(Some(target)))]);
                // A mean within the target says nothing good of those that were late.
                let enough = goal.is_none_or(|goal| kept.reaches(goal));
                notes.push(format!("{said} {}", mark(mean <= target && enough)));
            }
            if kept.of > 0 {
                let (count, of) = (kept.count, kept.of);
                notes.push(self.fill("report.in_time", &[("count", &count.to_string()), ("of", &of.to_string())]));
            }
            let label = format!("{} · {}", self.priority_name(code), self.say(what));
            Some(Row { label, value: self.length(Some(mean)), note: notes.join(" · ") })
        };
        let goals = self.subject.goals;
        let response =
            ("report.answer", &group.response, group.response_target, group.response_kept, goals.response_kept);
        let resolution = (
            "report.solution_of",
            &group.resolution,
            group.resolution_target,
            group.resolution_kept,
            goals.resolution_kept,
        );
        [response, resolution]
            .into_iter()
            .filter_map(|(what, took, target, kept, goal)| one(what, took, target, kept, goal))
            .collect()
    }

    pub(super) fn quality(&mut self) {
        let Subject { figures, goals, .. } = self.subject;
        let solved = Share { count: figures.cohort.solved, of: figures.cohort.opened };
        let rows = vec![
            self.row("report.resolution_rate", self.share(solved), self.of(solved, goals.solved, true)),
            self.row(
                "report.reopening_rate",
                self.share(figures.reopened),
                self.of(figures.reopened, goals.reopened, false),
            ),
            self.row(
                "report.solved_at_level_1",
                self.share(figures.first_level),
                self.of(figures.first_level, goals.first_level, true),
            ),
            self.row(
                "report.solved_at_first_contact",
                self.share(figures.first_contact),
                self.of(figures.first_contact, None, true),
            ),
            self.row(
                "report.solved_by_articles_alone",
                self.share(figures.by_articles),
                self.of(figures.by_articles, goals.by_articles, true),
            ),
            self.row(
                "report.escalation_rate",
                self.share(figures.went_up),
                self.of(figures.went_up, goals.went_up, false),
            ),
        ];
        self.part("report.quality_and_efficiency", Part { rows, ..Part::default() });
    }

    pub(super) fn levels(&mut self) {
        let figures = self.subject.figures;
        let of = |(level, group): (&i64, &Group)| -> Vec<Row> {
            let row = |lengths: &Lengths, kind: &str| {
                let mean = lengths.mean()?;
                let note = self.subject.phrases.counted("report.solved_count", lengths.count());
                let label = format!("{} · {}", self.level_name(*level), self.say(kind));
                Some(Row { label, value: self.length(Some(mean)), note })
            };
            let Took { working, around_the_clock } = &group.resolution;
            [(working, "report.working_hours"), (around_the_clock, "report.day_and_night")]
                .into_iter()
                .filter_map(|(lengths, kind)| row(lengths, kind))
                .collect()
        };
        let rows = figures.by_level.iter().flat_map(of).collect();
        self.part("report.mean_time_to_solve_by_level", Part { rows, ..Part::default() });
    }

    pub(super) fn satisfaction(&mut self) {
        let Subject { figures, goals, phrases, .. } = self.subject;
        let heading = "report.satisfaction";
        if figures.satisfaction.of == 0 {
            let lines = vec![self.say("report.no_opinion_in_this_time")];
            self.part(heading, Part { lines, ..Part::default() });
            return;
        }
        // Marks are few and small.
        #[allow(clippy::cast_precision_loss)]
        let mean = figures.satisfaction.sum as f64 / figures.satisfaction.of as f64;
        let count = figures.satisfaction.of;
        let mut note = phrases.counted("report.opinions", count);
        if let Some(goal) = goals.satisfaction {
            note.push_str(&self.goal(goal, mean, true, "/5"));
        }
        let mut rows = vec![
            self.row("report.mean_mark", format!("{}/5", phrases.one_decimal(mean)), note),
            self.row("report.favourable_4_and_5", self.share(figures.content), self.of(figures.content, None, true)),
        ];
        if let Some(score) = figures.recommend.per_mille() {
            let answers = figures.recommend.of;
            let note = phrases.counted("report.answers", answers);
            let value = format!("{:+}", score.div_euclid(10)).replace('-', "−");
            rows.push(Row { label: "NPS".to_owned(), value, note });
        }
        for (address, work) in figures.by_agent.iter().filter(|(address, w)| !address.is_empty() && w.marks.of > 0) {
            let (name, mean) = (self.agent_name(address), work.marks);
            // The same.
            #[allow(clippy::cast_precision_loss)]
            let value = phrases.one_decimal(mean.sum as f64 / mean.of as f64);
            rows.push(Row { label: name, value: format!("{value}/5"), note: mean.of.to_string() });
        }
        let bars: Vec<Bar> =
            figures.marks.iter().enumerate().map(|(at, n)| Bar::of(&format!("{} / 5", at + 1), *n)).collect();
        let svg = columns(&self.say("report.marks_given"), &[], &bars);
        let alt = bars.iter().map(|b| self.entry(&b.label, &b.notes.join(""))).collect::<Vec<_>>().join(", ");
        self.charted(heading, "satisfaction", svg, alt, rows);
    }
}
