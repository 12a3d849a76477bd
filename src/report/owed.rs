//! What levels owed each other (OLA): the verdict on each stay at a level.

use std::collections::BTreeMap;

use super::tally::Tally;
use crate::clock::Millis;
use crate::ticket::TicketState;
use crate::ticket::sla::Ola;

/// Rows of a history in which a level has the ticket, or helps.
struct Stay<'a> {
    level: i64,
    /// Where they stand in the history.
    rows: Vec<usize>,
    states: &'a [(Millis, TicketState)],
    until: Millis,
}

/// When it was decided whether a time was kept, and whether it was.
type Kept = Option<(Millis, bool)>;

impl Tally<'_> {
    /// What each level owed while it had the ticket, or helped: when it was done, or should have been.
    pub(super) fn owed(&mut self) {
        let mut stays: BTreeMap<(i64, Millis), Vec<usize>> = BTreeMap::new();
        for (at, (_, state)) in self.states.iter().enumerate().filter(|(_, (_, state))| state.ola.level > 0) {
            stays.entry((state.ola.level, state.ola.since)).or_default().push(at);
        }
        for ((level, _), rows) in stays {
            let stay = Stay { level, rows, states: self.states, until: self.period.until };
            let response = stay.response();
            let resolution = stay.resolution(response);
            let holds = |verdict: Kept| verdict.filter(|(at, _)| self.period.holds(*at)).map(|(_, kept)| kept);
            let (response, resolution) = (holds(response), holds(resolution));
            if response.is_some() || resolution.is_some() {
                let owed = self.figures.ola.entry(level).or_default();
                response.into_iter().for_each(|kept| owed.response_kept.note(kept));
                resolution.into_iter().for_each(|kept| owed.resolution_kept.note(kept));
            }
        }
    }
}

impl Stay<'_> {
    fn ola(&self, row: usize) -> &Ola {
        &self.states[row].1.ola
    }

    /// When a time of it was over before it was done.
    fn over(&self, missed: fn(&Ola) -> Millis, due: fn(&Ola) -> Millis) -> Option<Millis> {
        let late = |row: &usize| {
            let (ola, end) = (self.ola(*row), self.states.get(row + 1).map_or(self.until, |(end, _)| *end));
            match (missed(ola), due(ola)) {
                (missed, _) if missed > 0 => Some(missed),
                (_, due) if due > 0 && due < end => Some(due.max(ola.promised_at)),
                _ => None,
            }
        };
        self.rows.iter().find_map(late)
    }

    fn responded(&self) -> Option<Millis> {
        self.rows.iter().map(|row| self.ola(*row).responded_at).find(|at| *at > 0)
    }

    fn response(&self) -> Kept {
        match self.over(|ola| ola.respond_missed, |ola| ola.respond_due) {
            Some(missed) => Some((missed, false)),
            None => {
                self.responded().filter(|_| self.rows.iter().any(|row| self.ola(*row).respond > 0)).map(|at| (at, true))
            }
        }
    }

    fn resolution(&self, response: Kept) -> Kept {
        if let Some(missed) = self.over(|ola| ola.resolve_missed, |ola| ola.resolve_due) {
            return Some((missed, false));
        }
        // What was taken back did not happen: the last of it counts.
        let open = self.rows.iter().rposition(|row| !self.states[*row].1.status.is_done());
        let done = self.rows.get(open.map_or(0, |open| open + 1)).map(|row| self.states[*row].0);
        // Taken away because nobody had taken it up is not passed on.
        if done.is_none() && response.is_some_and(|(_, kept)| !kept) && self.responded().is_none() {
            return None;
        }
        // Back to a level below, or taken back, it is nobody's verdict.
        let up = |next: &TicketState| next.level > self.level || next.ola.level > self.level;
        let last = self.rows.last().copied().unwrap_or_default();
        let passed_on = self.states.get(last + 1).filter(|(_, next)| up(next)).map(|(at, _)| *at);
        done.or(passed_on).filter(|_| self.rows.iter().any(|row| self.ola(*row).resolve > 0)).map(|at| (at, true))
    }
}
