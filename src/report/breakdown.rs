//! By whom and for whom: services, agents, establishments, vendors; how long tickets stood how, and when they come.

use std::collections::BTreeMap;

use super::chart::{Bar, columns};
use super::figures::{Figures, Group, Share};
use super::layout::Layout;
use super::page::{Part, Row, Subject};
use crate::ticket::{Channel, PendingOn, Policy, Status};

/// Most rows of a table.
const ROWS: usize = 12;

impl Layout<'_> {
    /// The name of whoever of the service desk it is.
    pub(super) fn agent_name(&self, address: &str) -> String {
        match self.subject.policy.agent(address) {
            Some(agent) => agent.name.clone(),
            None if address.is_empty() => self.say("report.nobody"),
            None if address.ends_with("@localhost") => self.say("report.operator"),
            None => address.to_owned(),
        }
    }

    pub(super) fn services(&mut self) {
        let Subject { figures, policy, language, .. } = self.subject;
        let label = |name: &str| Policy::topic_label(&policy.services, Some(name), language);
        self.groups("report.by_service", &figures.by_service, label);
    }

    pub(super) fn establishments(&mut self) {
        self.groups("report.by_establishment", &self.subject.figures.by_establishment, str::to_owned);
    }

    pub(super) fn teams(&mut self) {
        let Subject { figures, policy, language, .. } = self.subject;
        let label = |name: &str| policy.team(name).map_or_else(|| name.to_owned(), |team| team.label(language));
        self.groups("report.by_team", &figures.by_team, label);
    }

    /// By which ways requests came, where there is more than one.
    pub(super) fn channels(&mut self) {
        let (policy, phrases) = (self.subject.policy, self.subject.phrases);
        let label = |name: &str| name.parse::<Channel>().map(|c| phrases.say(&c.label(), policy)).unwrap_or_default();
        let groups = &self.subject.figures.by_channel;
        if groups.values().filter(|group| group.opened + group.solved > 0).count() > 1 {
            self.groups("report.by_channel", groups, label);
        }
    }

    /// A table of groups, the largest first, where there is more than one.
    fn groups(&mut self, heading: &str, groups: &BTreeMap<String, Group>, label: impl Fn(&str) -> String) {
        if groups.keys().all(String::is_empty) {
            return;
        }
        let mut named: Vec<(&String, &Group)> = groups.iter().filter(|(_, g)| g.opened + g.solved > 0).collect();
        named.sort_by_key(|(name, group)| (name.is_empty(), -group.opened, -group.solved));
        let left: i64 = named.iter().skip(ROWS).map(|(_, group)| group.opened).sum();
        let mut rows: Vec<Row> = named
            .iter()
            .take(ROWS)
            .map(|(name, group)| {
                let label = Some(label(name)).filter(|label| !label.is_empty());
                let mut notes = vec![self.subject.phrases.counted("report.solved_count", group.solved)];
                if group.resolution_kept.of > 0 {
                    let Share { count, of } = group.resolution_kept;
                    notes.push(self.fill("report.in_time", &[("count", &count.to_string()), ("of", &of.to_string())]));
                }
                let label = label.unwrap_or_else(|| self.say("report.other"));
                Row { label, value: group.opened.to_string(), note: notes.join(" · ") }
            })
            .collect();
        if left > 0 {
            rows.push(self.row("report.others", left.to_string(), ""));
        }
        self.part(heading, Part { rows, ..Part::default() });
    }

    pub(super) fn agents(&mut self) {
        let figures = self.subject.figures;
        let mut people: Vec<_> = figures.by_agent.iter().filter(|(_, w)| w.taken + w.solved + w.open > 0).collect();
        people.sort_by_key(|(address, work)| (address.is_empty(), -work.solved, -work.taken, (*address).clone()));
        let row = |(address, work): (&String, &super::figures::Work)| {
            let values =
                [("taken", work.taken), ("open", work.open), ("late", work.late)].map(|(n, v)| (n, v.to_string()));
            let note = self.fill("report.agent", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
            let value = self.subject.phrases.counted("report.solved_count", work.solved);
            Row { label: self.agent_name(address), value, note }
        };
        let rows: Vec<Row> = people.into_iter().map(row).collect();
        if !rows.is_empty() {
            self.part("report.by_agent", Part { rows, ..Part::default() });
        }
    }

    pub(super) fn vendors(&mut self) {
        let row = |(name, outside): (&String, &super::figures::Outside)| {
            let label = if name.is_empty() { self.say("report.other") } else { name.clone() };
            let note = self.subject.phrases.counted("report.tickets_count", outside.tickets);
            Row { label, value: self.subject.phrases.lasted(outside.time), note }
        };
        let rows: Vec<Row> = self.subject.figures.by_vendor.iter().map(row).collect();
        if !rows.is_empty() {
            self.part("report.time_with_vendors", Part { rows, ..Part::default() });
        }
    }

    pub(super) fn states(&mut self) {
        let Subject { figures, policy, phrases, .. } = self.subject;
        let name = |state: &str| {
            let waits = state.strip_prefix("pending-").and_then(|on| on.parse::<PendingOn>().ok());
            let label = waits.map_or_else(|| Status::from_word(state).label(), |on| on.label());
            phrases.say(&label, policy)
        };
        let rows: Vec<Row> = figures
            .time_in_status
            .iter()
            .map(|(state, time)| Row { label: name(state), value: phrases.lasted(*time), note: String::new() })
            .collect();
        if !rows.is_empty() {
            self.part("report.time_in_state", Part { rows, ..Part::default() });
        }
    }

    /// When requests come: by hour and by weekday.
    pub(super) fn hours(&mut self) {
        let Figures { hours, weekdays, .. } = self.subject.figures;
        let busy = || hours.iter().enumerate().filter(|(_, n)| **n > 0).map(|(hour, _)| hour);
        let (Some(first), Some(last)) = (busy().next(), busy().next_back()) else { return };
        let bars: Vec<Bar> = (first..=last)
            .map(|hour| Bar::of(&self.fill("report.hour", &[("hour", &hour.to_string())]), hours[hour]))
            .collect();
        let days = self.subject.phrases.list("date.weekdays").iter();
        let rows: Vec<Row> = days
            .zip(weekdays)
            .filter(|(_, n)| **n > 0)
            .map(|(day, n)| Row { label: day.clone(), value: n.to_string(), note: String::new() })
            .collect();
        let alt = bars.iter().map(|b| self.entry(&b.label, &b.notes.join(""))).collect::<Vec<_>>().join(", ");
        self.charted("report.busy_hours", "hours", columns("", &[], &bars), alt, rows);
    }

    /// What was kept, how content people are, and the volume, against the times before.
    pub(super) fn trends(&mut self) {
        let before: Vec<&Figures> = self.subject.before.iter().filter(|f| f.all.opened + f.all.solved > 0).collect();
        if before.is_empty() {
            return;
        }
        let row = |code: &str, figure: &dyn Fn(&Figures) -> String| {
            let was: Vec<String> = before.iter().rev().map(|figures| figure(figures)).collect();
            self.row(code, figure(self.subject.figures), self.fill("report.before", &[("was", &was.join(", "))]))
        };
        let mark = |f: &Figures| {
            let hundredths = (f.satisfaction.of > 0).then(|| f.satisfaction.sum * 100 / f.satisfaction.of);
            // Marks are few and small.
            #[allow(clippy::cast_precision_loss)]
            hundredths.map_or_else(|| "–".to_owned(), |h| self.subject.phrases.one_decimal(h as f64 / 100.0))
        };
        let rows = vec![
            row("report.tickets_in_all", &|f| f.all.opened.to_string()),
            row("report.solutions_found", &|f| f.all.solved.to_string()),
            row("report.first_answers_in_time", &|f| self.share(f.all.response_kept)),
            row("report.solutions_in_time", &|f| self.share(f.all.resolution_kept)),
            row("report.mean_mark", &mark),
        ];
        self.part("report.trends", Part { rows, ..Part::default() });
    }

    /// What was solved today.
    pub(super) fn solved(&mut self) {
        let of = &self.subject.figures.solved;
        let lines: Vec<String> = of
            .iter()
            .map(|one| format!("{} · {} · {}", one.number, one.title, self.agent_name(&one.assignee)))
            .collect();
        if !lines.is_empty() {
            self.part("report.solved_today", Part { lines, ..Part::default() });
        }
    }

    /// What is late.
    pub(super) fn follow_up(&mut self) {
        let Subject { figures, policy, phrases, .. } = self.subject;
        let zone = &policy.service_desk.time_zone;
        let line = |one: &super::figures::Late| {
            let due = self.fill("report.was_due", &[("at", &phrases.at(one.due_at, zone))]);
            format!("{} · {} · {} · {due}", one.number, one.title, self.agent_name(&one.assignee))
        };
        let lines: Vec<String> = figures.late.iter().map(line).collect();
        if !lines.is_empty() {
            self.part("report.to_follow", Part { lines, ..Part::default() });
        }
    }
}
