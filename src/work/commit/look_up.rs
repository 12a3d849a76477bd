//! What some notifications show besides their ticket and message: lists of tickets, what was said, what became of emails.

use super::Commit;
use super::plan::Planned;
use crate::clock::{DAY, Millis};
use crate::mail::fold;
use crate::notify::{Listed, Told};
use crate::store::{ListingFilter, StoreError, TicketRow};
use crate::ticket::notification::Adds;
use crate::ticket::sla::{State, sla_status};
use crate::ticket::{Direction, Listing, Notification, Status, TicketId, TicketView, Visibility, search_terms};

/// What counts as waiting longer than it should, besides what a service level says: nothing has happened to
/// it for as long.
const OVERDUE: Millis = 2 * DAY;
/// Most tickets in a list by mail.
const LISTED: i64 = 50;
/// Most tickets that are not done in which words are looked for.
const SEARCHED: i64 = 2_000;
/// Most messages of a ticket in a notification.
const TOLD: usize = 30;

impl Commit<'_> {
    /// Looks up what some notifications show besides their ticket and message.
    pub(super) async fn look_up(&mut self) -> Result<(), StoreError> {
        let mut planned = std::mem::take(&mut self.planned);
        for plan in &mut planned {
            self.look_up_for(plan).await?;
        }
        self.planned = planned;
        Ok(())
    }

    async fn look_up_for(&mut self, plan: &mut Planned<'_>) -> Result<(), StoreError> {
        match plan.notification.kind.row().adds {
            Adds::List => {
                plan.extra.listed = self.list_tickets(&plan.notification).await?;
                // The one that was asked about is what they look for.
                plan.extra.listed.sort_by_key(|listed| listed.number != plan.ticket.number);
            }
            Adds::History => plan.extra.told = self.list_messages(plan.ticket.id).await?,
            _ if plan.notification.whole => plan.extra.told = self.list_messages(plan.ticket.id).await?,
            Adds::Verdicts => plan.extra.told = self.list_verdicts(&plan.ticket).await?,
            Adds::Nothing => {}
        }
        Ok(())
    }

    async fn list_tickets(&mut self, notification: &Notification) -> Result<Vec<Listed>, StoreError> {
        let who = notification.to.address.clone();
        let policy = &self.settings.policy;
        let queues: Vec<String> = match (&notification.listing, policy.agent(&who)) {
            (Some(Listing::Own), _) => policy.queues.keys().cloned().collect(),
            (_, agent) => agent.map(|a| a.queues.clone()).unwrap_or_default(),
        };
        let all = ListingFilter { queues, untouched_since: self.now, limit: LISTED, ..ListingFilter::default() };
        let listing = notification.listing.clone().unwrap_or(Listing::Unfinished);
        let mut wanted = String::new();
        let filter = match listing {
            Listing::Unfinished => all,
            Listing::Of(address) => ListingFilter { assignee: Some(address), ..all },
            Listing::Mine => ListingFilter { assignee: Some(who.clone()), ..all },
            Listing::Overdue => ListingFilter { untouched_since: self.now - OVERDUE, late_at: Some(self.now), ..all },
            Listing::New => ListingFilter { status: Some(Status::New), ..all },
            Listing::Unassigned => ListingFilter { unassigned: true, ..all },
            Listing::Solved => ListingFilter { status: Some(Status::Resolved), ..all },
            Listing::Own => ListingFilter { requester: Some(who.clone()), ..all },
            Listing::Team => ListingFilter { unassigned: true, limit: SEARCHED, ..all },
            Listing::Queue(name) => {
                ListingFilter { queues: all.queues.into_iter().filter(|q| *q == name).collect(), ..all }
            }
            Listing::Search(words) => {
                wanted = words;
                ListingFilter { limit: SEARCHED, ..all }
            }
        };
        let now = self.now;
        let mut rows = self.unit.listing(&filter).await?;
        if !wanted.is_empty() {
            let words: Vec<String> = fold(&wanted).split_whitespace().map(ToOwned::to_owned).collect();
            rows.retain(|row| says(row, &words));
            rows.extend(self.unit.solved_about(&search_terms(&wanted, ""), &filter.queues, LISTED).await?);
        }
        if notification.listing == Some(Listing::Team) {
            let mine = |name: &String| policy.team(name).is_some_and(|team| team.members.contains(&who));
            rows.retain(|row| row.team.as_ref().is_some_and(mine));
        }
        // What is confidential is no line in anybody else's list.
        if let Some(agent) = policy.agent(&who).filter(|_| notification.listing != Some(Listing::Own)) {
            rows.retain(|row| policy.may_see(agent, &row.view()));
        }
        rows.truncate(usize::try_from(LISTED).unwrap_or(usize::MAX));
        Ok(rows.into_iter().map(|row| listed(row, now)).collect())
    }

    async fn list_messages(&mut self, ticket: TicketId) -> Result<Vec<Told>, StoreError> {
        let mut messages = self.unit.messages(ticket).await?;
        // A note without words keeps an email's id, and says nothing.
        messages.retain(|m| {
            m.visibility != Visibility::Internal || !m.new_text.trim().is_empty() || !m.attachments.is_empty()
        });
        let skip = messages.len().saturating_sub(TOLD);
        let messages = messages.into_iter().enumerate().filter(|(at, _)| *at == 0 || *at > skip);
        let told = messages.map(|(_, m)| Told {
            at: m.created_at,
            who: self.name_of(&m.sender, &m.sender_name),
            from_agent: m.direction == Direction::Out,
            visibility: m.visibility.to_string(),
            text: m.new_text,
        });
        Ok(told.collect())
    }

    /// An agent's name as configured, else what the email said, else the address.
    fn name_of(&self, address: &str, said: &str) -> String {
        let agent = self.settings.policy.agent(address).map(|a| a.name.as_str());
        agent.or(Some(said)).filter(|n| !n.is_empty()).unwrap_or(address).to_owned()
    }

    async fn list_verdicts(&mut self, ticket: &TicketView) -> Result<Vec<Told>, StoreError> {
        let emails = self.unit.emails_of_ticket(&ticket.number).await?;
        let told = emails.into_iter().map(|m| Told {
            at: m.received_at,
            who: self.name_of(&m.sender, ""),
            from_agent: false,
            visibility: m.verdict.map_or_else(String::new, |verdict| verdict.to_string()),
            text: m.reason,
        });
        Ok(told.collect())
    }
}

/// Whether each of the words stands in the title, the number, the requester, the tags or the fields of a ticket.
fn says(row: &TicketRow, words: &[String]) -> bool {
    let fields = row.fields.values().map(String::as_str);
    let own = [row.number.as_str(), &row.title, &row.requester, &row.requester_name];
    let all: Vec<&str> = own.into_iter().chain(row.tags.iter().map(String::as_str)).chain(fields).collect();
    let text = fold(&all.join(" "));
    words.iter().all(|word| text.contains(word.as_str()))
}

fn listed(row: TicketRow, now: Millis) -> Listed {
    let view = row.view();
    let (response, resolution) = sla_status(&view, now);
    let is_late = [response, resolution].iter().any(|one| one.state == State::Breached) && !view.status.is_done();
    let requester = if row.requester_name.is_empty() { row.requester } else { row.requester_name };
    Listed {
        number: row.number,
        title: row.title,
        status: row.status,
        priority: row.priority,
        requester,
        assignee: row.assignee.unwrap_or_default(),
        created_at: row.created_at,
        at: row.updated_at,
        is_late,
    }
}
