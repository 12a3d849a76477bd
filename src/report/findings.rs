//! What a report begins with: three sentences on what rose, what is late and what came back, computed from the figures.

use super::figures::{Figures, Group};
use super::layout::Layout;
use super::page::{Part, Subject};
use super::period::Sort;
use crate::ticket::Policy;

/// The least rise that is worth a sentence, in tickets and as a part of what it was.
const MORE: i64 = 3;
const SHARE: i64 = 4;
/// Less than one in so many is no change.
const LITTLE: i64 = 20;

impl Layout<'_> {
    pub(super) fn findings(&mut self) {
        if self.subject.sort == Sort::Daily {
            return;
        }
        let first = format!("{} {}", self.what_rose(), self.what_is_left());
        let lines = vec![first.trim_end().to_owned(), self.what_is_late(), self.what_came_back()];
        self.part("report.findings", Part { lines, ..Part::default() });
    }

    /// The category that rose most against the time before, else the volume.
    fn what_rose(&self) -> String {
        let Subject { figures, policy, language, phrases, .. } = self.subject;
        let counted = |code: &str, is: i64, was: i64, name: &str| {
            let was = phrases.counted("report.requests", was);
            self.fill(code, &[("name", name), ("count", &phrases.counted("report.requests", is)), ("was", &was)])
        };
        let Some(before) = self.subject.before.first().filter(|f| f.all.opened + f.all.solved > 0) else {
            return counted("report.volume_alone", figures.all.opened, 0, "");
        };
        let was = |name: &str| before.by_category.get(name).map_or(0, |group| group.opened);
        let rises = |(name, group): &(&String, &Group)| {
            let more = group.opened - was(name);
            !name.is_empty() && more >= MORE && more * SHARE >= was(name)
        };
        let rose = figures.by_category.iter().filter(rises).max_by_key(|(name, group)| group.opened - was(name));
        if let Some((name, group)) = rose {
            let label = Policy::topic_label(&policy.categories, Some(name), language);
            return counted("report.category_rose", group.opened, was(name), &label);
        }
        let (is, was) = (figures.all.opened, before.all.opened);
        let code = match is - was {
            // A few more or less are as many.
            more if more.abs() * LITTLE <= was.max(is) => "report.volume_same",
            more if more > 0 => "report.volume_rose",
            _ => "report.volume_fell",
        };
        counted(code, is, was, "")
    }

    /// What is still to do, against the beginning.
    fn what_is_left(&self) -> String {
        let last = |figures: &Figures| figures.days.last().map(|day| day.open);
        let (is, was) = (last(self.subject.figures), self.subject.before.first().and_then(last));
        let (Some(is), Some(was)) = (is, was) else { return String::new() };
        self.fill("report.left", &[("left", &is.to_string()), ("was", &was.to_string())])
    }

    fn what_is_late(&self) -> String {
        let Subject { figures, policy, phrases, .. } = self.subject;
        let Figures { overdue, late, .. } = figures;
        let Some(worst) = late.first() else { return self.say("report.nothing_late") };
        let since = phrases.at(worst.due_at, &policy.service_desk.time_zone);
        let values = [("number", worst.number.as_str()), ("title", worst.title.as_str()), ("at", since.as_str())];
        let worst = self.fill("report.late_longest", &values);
        format!("{} {worst}", phrases.counted("report.late_at_the_end", *overdue))
    }

    fn what_came_back(&self) -> String {
        let Some(most) = self.subject.figures.recurrent.first() else { return self.say("report.nothing_came_back") };
        self.fill("report.came_back", &[("title", &most.title), ("count", &most.count.to_string())])
    }
}
