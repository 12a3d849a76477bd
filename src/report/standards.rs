//! What a report says of service levels, quality, and how content people are.

use super::chart::{Bar, columns, rows};
use super::figures::{Group, Share};
use super::layout::{Layout, codes};
use super::page::{Part, Row, Subject};
use super::period::Sort;
use super::words::one_decimal;
use crate::clock::Millis;

impl Layout<'_> {
    pub(super) fn service_levels(&mut self) {
        let Subject { figures, goals, policy, .. } = self.subject;
        let all = &figures.all;
        let mut table = vec![
            self.row(
                "Première réponse à temps",
                "First answers in time",
                self.share(all.response_kept),
                self.of(all.response_kept, goals.response_kept, true),
            ),
            self.row(
                "Résolution à temps",
                "Solutions in time",
                self.share(all.resolution_kept),
                self.of(all.resolution_kept, goals.resolution_kept, true),
            ),
            self.row("Temps moyen de réponse", "Mean time to answer", self.length(all.response.value()), ""),
            self.row(
                "Temps moyen de résolution (MTTR)",
                "Mean time to solve (MTTR)",
                self.length(all.resolution.value()),
                "",
            ),
            self.row(
                "Accusé de réception à temps",
                "Acknowledged in time",
                self.share(figures.acknowledged),
                self.of(figures.acknowledged, None, true),
            ),
        ];
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
        let heading = ("SLA", "Service levels");
        if bars.is_empty() || self.subject.sort == Sort::Daily {
            self.part(heading, Part { rows: table, ..Part::default() });
            return;
        }
        let names = [self.say("première réponse", "first answer"), self.say("résolution", "solution")];
        let svg = rows(&self.say("Délais tenus, en %", "Kept, in per cent"), &names, &bars, 100.0);
        let alt = bars.iter().map(|b| format!("{} : {}", b.label, b.notes.join(" / "))).collect::<Vec<_>>().join(", ");
        self.charted(heading, "sla", svg, alt, table);
    }

    /// Mean times of a priority, beside what was promised, and how many were in time.
    fn means(&self, code: &str, group: &Group) -> Vec<Row> {
        let one = |what: (&str, &str), mean: Option<Millis>, target: Millis, kept: Share| {
            let mean = mean?;
            let mut notes = Vec::new();
            if target > 0 {
                notes.push(format!("{} {}", self.say("objectif", "target"), self.length(Some(target))));
            }
            if kept.of > 0 {
                let (count, of) = (kept.count, kept.of);
                notes.push(self.say(&format!("{count} sur {of} à temps"), &format!("{count} of {of} in time")));
            }
            let label = format!("{code} · {}", self.say(what.0, what.1));
            Some(Row { label, value: self.length(Some(mean)), note: notes.join(" · ") })
        };
        let response = (("réponse", "answer"), group.response.value(), group.response_target, group.response_kept);
        let resolution =
            (("résolution", "solution"), group.resolution.value(), group.resolution_target, group.resolution_kept);
        [response, resolution]
            .into_iter()
            .filter_map(|(what, mean, target, kept)| one(what, mean, target, kept))
            .collect()
    }

    pub(super) fn quality(&mut self) {
        let Subject { figures, goals, .. } = self.subject;
        let solved = Share { count: figures.cohort.solved, of: figures.cohort.opened };
        let rows = vec![
            self.row("Taux de résolution", "Resolution rate", self.share(solved), self.of(solved, goals.solved, true)),
            self.row(
                "Taux de réouverture",
                "Reopening rate",
                self.share(figures.reopened),
                self.of(figures.reopened, goals.reopened, false),
            ),
            self.row(
                "Résolution au niveau 1",
                "Solved at level 1",
                self.share(figures.first_level),
                self.of(figures.first_level, goals.first_level, true),
            ),
            self.row(
                "Résolution au premier contact",
                "Solved at first contact",
                self.share(figures.first_contact),
                self.of(figures.first_contact, None, true),
            ),
            self.row(
                "Résolution par la documentation seule",
                "Solved by articles alone",
                self.share(figures.by_articles),
                self.of(figures.by_articles, goals.by_articles, true),
            ),
            self.row(
                "Taux d'escalade",
                "Escalation rate",
                self.share(figures.went_up),
                self.of(figures.went_up, goals.went_up, false),
            ),
        ];
        self.part(("Qualité et efficacité", "Quality and efficiency"), Part { rows, ..Part::default() });
    }

    pub(super) fn levels(&mut self) {
        let figures = self.subject.figures;
        let rows = figures.by_level.iter().map(|(level, group)| Row {
            label: self.say(&format!("N{level}"), &format!("L{level}")),
            value: self.length(group.resolution.value()),
            note: self.say(
                &format!("{} résolu{}", group.solved, if group.solved > 1 { "s" } else { "" }),
                &format!("{} solved", group.solved),
            ),
        });
        let rows = rows.collect();
        self.part(
            ("Temps moyen de résolution par niveau", "Mean time to solve by level"),
            Part { rows, ..Part::default() },
        );
    }

    pub(super) fn satisfaction(&mut self) {
        let Subject { figures, goals, policy, language, .. } = self.subject;
        let heading = ("Satisfaction", "Satisfaction");
        if figures.satisfaction.of == 0 {
            let lines = vec![self.say("Aucun avis sur cette période.", "No opinion in this time.")];
            self.part(heading, Part { lines, ..Part::default() });
            return;
        }
        // Marks are few and small.
        #[allow(clippy::cast_precision_loss)]
        let mean = figures.satisfaction.sum as f64 / figures.satisfaction.of as f64;
        let count = figures.satisfaction.of;
        let mut note = self.say(&format!("{count} avis"), &format!("{count} opinions"));
        if let Some(goal) = goals.satisfaction {
            note.push_str(&self.goal(goal, mean, true, "/5"));
        }
        let mut rows = vec![
            self.row("Note moyenne", "Mean mark", format!("{}/5", one_decimal(mean, language)), note),
            self.row(
                "Avis favorables (4 et 5)",
                "Favourable (4 and 5)",
                self.share(figures.content),
                self.of(figures.content, None, true),
            ),
        ];
        if let Some(score) = figures.recommend.per_mille() {
            let answers = figures.recommend.of;
            let note = self.say(&format!("{answers} réponses"), &format!("{answers} answers"));
            rows.push(Row { label: "NPS".to_owned(), value: format!("{:+}", score.div_euclid(10)), note });
        }
        for (address, mean) in figures.by_agent.iter().filter(|(address, _)| !address.is_empty()) {
            let name = match policy.agent(address) {
                Some(agent) => agent.name.clone(),
                None if address.ends_with("@localhost") => self.say("Opérateur", "Operator"),
                None => address.clone(),
            };
            // The same.
            #[allow(clippy::cast_precision_loss)]
            let value = one_decimal(mean.sum as f64 / mean.of as f64, language);
            rows.push(Row { label: name, value: format!("{value}/5"), note: mean.of.to_string() });
        }
        let bars: Vec<Bar> =
            figures.marks.iter().enumerate().map(|(at, n)| Bar::of(&format!("{} / 5", at + 1), *n)).collect();
        let svg = columns(&self.say("Notes données", "Marks given"), &[], &bars);
        let alt = bars.iter().map(|b| format!("{} : {}", b.label, b.notes.join(""))).collect::<Vec<_>>().join(", ");
        self.charted(heading, "satisfaction", svg, alt, rows);
    }
}
