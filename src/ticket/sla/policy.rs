//! What is promised: targets by level and priority, to whom, in whose calendar.

use std::collections::BTreeMap;
use std::sync::Arc;

use strum::{EnumString, IntoStaticStr};

use super::calendar::Calendar;
use crate::clock::Millis;
use crate::ticket::words::{PendingOn, TicketView};

/// All service levels of a service desk.
#[derive(Debug, Clone, Default)]
pub struct Slas {
    /// Calendars by name; `always` is among them.
    pub calendars: BTreeMap<String, Arc<Calendar>>,
    /// Policies by name.
    pub policies: BTreeMap<String, SlaPolicy>,
    /// By queue: the name of its policy.
    pub queues: BTreeMap<String, String>,
    /// Who is promised something else, those that name one person first.
    pub contracts: Vec<Contract>,
    /// Digest of all this: when it changes, open tickets are computed anew.
    pub digest: String,
}

/// A service level.
#[derive(Debug, Clone)]
pub struct SlaPolicy {
    /// Its name in the configuration.
    pub name: String,
    /// Times by level and priority.
    pub targets: Vec<Target>,
    /// When people are warned, in per cent of a target, in order.
    pub warn_at: Vec<i64>,
    /// What becomes of a ticket whose time is over.
    pub at_breach: AtBreach,
    /// Whether the requester is promised new time at each level (`new_time_at_each_level`), instead of one time from submission.
    pub new_time: bool,
    /// Within what time a new request must be acknowledged.
    pub acknowledge: Option<Length>,
    /// The calendar of the people: of the acknowledgement, and of what has no target of its own.
    pub hours: String,
    /// Codes of the priorities that call everybody at once.
    pub major: Vec<String>,
    /// How often a status update is asked for while such a ticket is open.
    pub point_every: Length,
    /// Codes of the priorities after which a post-mortem is asked for.
    pub post_mortem: Vec<String>,
    /// Within what time it is to be written.
    pub post_mortem_within: Millis,
    /// What stops the clock of the resolution.
    pub pauses: Vec<PendingOn>,
    /// Whether requesters are told when they can expect an answer.
    pub tell: bool,
}

/// What becomes of a ticket whose time is over (`escalate_at_breach`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr, EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum AtBreach {
    /// Its level and its assignee keep it, and the next level helps.
    #[default]
    Join,
    /// It goes to the next level.
    Move,
    /// People are told, and nothing else.
    No,
}

/// Times for some tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The level; none: every level.
    pub level: Option<i64>,
    /// The code of the priority; none: every priority.
    pub priority: Option<String>,
    /// Within what time a person answers; none: best effort.
    pub respond: Option<Length>,
    /// Within what time it is solved; none: best effort.
    pub resolve: Option<Length>,
    /// After what time at this level an unsolved ticket goes to the next.
    pub escalate_after: Option<Length>,
    /// After what time without progress it does.
    pub stalled_after: Option<Length>,
    /// Name of the calendar the times are counted in.
    pub calendar: String,
}

/// A length of working time, as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Hours and minutes: working time.
    Time(Millis),
    /// Working days of the calendar's usual length.
    Days(i64),
    /// Weeks of the calendar's usual working time.
    Weeks(i64),
}

impl Length {
    /// The working time it is in a calendar.
    #[must_use]
    pub(crate) fn in_calendar(self, calendar: &Calendar) -> Millis {
        match self {
            Self::Time(millis) => millis,
            Self::Days(count) => count.saturating_mul(calendar.day_length()),
            Self::Weeks(count) => count.saturating_mul(calendar.week_length()),
        }
    }
}

/// A promise to some people that differs from their queue's.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Its name in the configuration.
    pub name: String,
    /// Addresses, or `@domain`.
    pub senders: Vec<String>,
    /// Name of the policy.
    pub sla: String,
    /// Queues it holds in; empty: all.
    pub queues: Vec<String>,
    /// The level their tickets begin at; 0: as others'.
    pub level: i64,
}

impl Slas {
    /// A calendar by its name; the one that never closes where there is none of that name.
    #[must_use]
    pub fn calendar(&self, name: &str) -> Arc<Calendar> {
        self.calendars.get(name).cloned().unwrap_or_else(|| Arc::new(Calendar::always()))
    }

    /// The contract with somebody; one that names the very person goes before one that names the domain.
    #[must_use]
    pub fn contract(&self, requester: &str, queue: &str) -> Option<&Contract> {
        let holds = |c: &&Contract| c.queues.is_empty() || c.queues.iter().any(|q| q == queue);
        let named = || self.contracts.iter().filter(holds);
        let person = named().find(|c| c.senders.iter().any(|s| s == requester));
        let domain =
            || named().find(|c| c.senders.iter().any(|s| s.starts_with('@') && requester.ends_with(s.as_str())));
        person.or_else(domain)
    }

    /// The policy a ticket is under: that of a contract with its requester, else that of its queue.
    #[must_use]
    pub(crate) fn policy_of(&self, ticket: &TicketView) -> Option<&SlaPolicy> {
        let contract = self.contract(&ticket.requester.address, &ticket.queue).map(|c| &c.sla);
        let name = contract.or_else(|| self.queues.get(&ticket.queue))?;
        self.policies.get(name)
    }

    /// The calendar of a ticket's people; the one that never closes where nothing is promised.
    #[must_use]
    pub(crate) fn hours_of(&self, ticket: &TicketView) -> Arc<Calendar> {
        self.policy_of(ticket).map_or_else(|| Arc::new(Calendar::always()), |policy| self.calendar(&policy.hours))
    }
}

impl SlaPolicy {
    /// The times for a level and priority. A level without times of its own has those of the next lower
    /// level that has; times for every level or priority give way to those that name one.
    #[must_use]
    pub(crate) fn target(&self, level: i64, priority: &str) -> Option<&Target> {
        let fits =
            |t: &&Target| t.priority.as_deref().is_none_or(|p| p == priority) && t.level.is_none_or(|l| l <= level);
        self.targets.iter().filter(fits).max_by_key(|t| (t.level.unwrap_or(0), t.priority.is_some()))
    }

    /// What a level above the one where the ticket was opened owes: the times of that level, or of the next lower one that has times of its own
    /// and is above, too.
    #[must_use]
    pub(crate) fn owed(&self, level: i64, entry: i64, priority: &str) -> Option<&Target> {
        let fits = |t: &&Target| {
            t.priority.as_deref().is_none_or(|p| p == priority) && t.level.is_some_and(|l| entry < l && l <= level)
        };
        self.targets.iter().filter(fits).max_by_key(|t| (t.level.unwrap_or(0), t.priority.is_some()))
    }

    /// Whether tickets of that priority call everybody.
    #[must_use]
    pub(crate) fn is_major(&self, priority: &str) -> bool {
        self.major.iter().any(|code| code == priority)
    }
}
