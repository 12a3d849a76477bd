//! An email opens a ticket.

pub(super) mod forward;

use std::collections::BTreeMap;

use crate::ticket::caps::is_urgent;
use crate::ticket::decide::deadline::clocks::called;
use crate::ticket::decide::people::{
    concerned, message, onlookers, others, person, requester as asking, silence, watchers,
};
use crate::ticket::decide::settle::settle;
use crate::ticket::decide::{Case, Decision, Opening, may_open};
use crate::ticket::policy::{Policy, SeveralQueues};
use crate::ticket::queue::{Acknowledge, Queue};
use crate::ticket::read::{Intake, with_words};
use crate::ticket::routing::{route, whose_turn};
use crate::ticket::sla::Length;
use crate::ticket::words::{
    DeadlineKind, Event, MessageDraft, Notification, NotificationKind, Person, Status, TicketView, Visibility, phrase,
};

/// What a request says, whoever brought it.
pub(in crate::ticket::decide) struct Request {
    pub(in crate::ticket::decide) requester: Person,
    pub(in crate::ticket::decide) others: Vec<Person>,
    pub(in crate::ticket::decide) title: String,
    pub(in crate::ticket::decide) message: MessageDraft,
    pub(in crate::ticket::decide) note: Option<MessageDraft>,
    pub(in crate::ticket::decide) fields: BTreeMap<String, String>,
    pub(in crate::ticket::decide) reason: String,
    /// Category it has whatever it says: what comes of a confidential ticket stays so.
    pub(in crate::ticket::decide) category: Option<String>,
}

/// A request in its writer's own name.
pub(in crate::ticket::decide) fn open(case: &Case<'_>) -> Decision {
    let Case { intake, policy, queue, proven, .. } = *case;
    let writer = intake.mail.from.as_ref().map_or("", |from| from.name.as_str());
    let request = |reason| Request {
        requester: asking(intake, policy),
        others: others(intake, policy),
        title: case
            .policy
            .title_field(&intake.fields)
            .unwrap_or_else(|| title(&intake.tagged.title, &intake.mail.text, &case.policy.service_desk.no_subject)),
        message: message(intake, Visibility::Public, &intake.mail.text),
        note: None,
        fields: with_words(intake.said(), &intake.mail.reply_text, writer, queue, policy),
        reason,
        category: None,
    };
    let also = other_queues(intake, policy, proven);
    let open_in = |queue: &Queue| opening(case, request(format!("a new request to {}", queue.address)), queue);
    let mut first = open_in(queue);
    if let Some(number) = &case.snapshot.resumed {
        first.events.push(Event::own("related", format!("perhaps goes on with {number}: same title, still open")));
        let offer = phrase!("told.resumes", number);
        let inside = first.notifications.iter_mut().filter(|told| told.kind.is_internal());
        inside.for_each(|told| told.done.push(offer.clone()));
    }
    if policy.service_desk.several_queues == SeveralQueues::Each {
        return Decision::Open(std::iter::once(first).chain(also.into_iter().map(open_in)).collect());
    }
    tell_others(&mut first, &also, intake, policy);
    Decision::Open(vec![first])
}

/// Further queues the email is addressed to, as far as its sender may open tickets there.
pub(in crate::ticket::decide) fn other_queues<'a>(intake: &Intake, policy: &'a Policy, proven: bool) -> Vec<&'a Queue> {
    let named = intake.also_queues.iter().filter_map(|name| policy.queues.get(name));
    named.filter(|queue| proven || may_open(&intake.sender, queue)).collect()
}

/// The people of other queues are notified about the one ticket.
pub(in crate::ticket::decide) fn tell_others(first: &mut Opening, others: &[&Queue], intake: &Intake, policy: &Policy) {
    for other in others {
        first.events.push(Event::own("related", format!("also sent to {}", other.address)));
        for command in watchers(NotificationKind::NewTicket, &other.name, &intake.sender, policy) {
            let sees = policy.agent(&command.to.address).is_some_and(|agent| policy.may_see(agent, &first.ticket));
            if sees && !first.notifications.contains(&command) {
                first.notifications.push(command);
            }
        }
    }
}

/// The ticket of a request: where it goes, its notifications, what its history begins with.
pub(in crate::ticket::decide) fn opening(case: &Case<'_>, request: Request, queue: &Queue) -> Opening {
    let Case { intake, policy, snapshot, .. } = *case;
    let text = &request.message.new_text;
    let mut route = route(&intake.addressed, &request.title, text, queue, snapshot.turn, policy);
    if let Some(topic) = request.category.as_ref().and_then(|name| policy.categories.iter().find(|t| t.name == *name)) {
        route.category = Some(topic.name.clone());
        (route.assignee, route.team) = whose_turn(topic, snapshot.turn, policy);
        route.level = 1;
    }
    let mut events: Vec<Event> = route.why.iter().map(|why| Event::own("routed", why.clone())).collect();
    let asked = route.priority.as_ref().or(Some(&queue.priority).filter(|p| !p.is_empty()));
    let tagged = intake.tagged.code.as_ref();
    // Everybody can write P0; whose word calls people from other work, the queue says.
    let counted = tagged.filter(|code| !is_urgent(code) || case.proven || may_call(intake, &request.requester, queue));
    let priority = counted.or(asked).cloned().unwrap_or_default();
    if let (Some(code), None) = (tagged, counted) {
        let text =
            format!("{code} in the subject not counted: the sender is not among queues.{}.urgent_from", queue.name);
        events.push(Event::own("priority", text));
    }
    if counted.is_some() {
        events.push(Event::own("priority", format!("{priority} by the tag \"{}\" in the subject", intake.tagged.tag)));
    }
    if let Some(team) = &route.team {
        events.push(Event::own("assigned", format!("to the team {team}")));
    }
    if let Some(assignee) = &route.assignee {
        events.push(Event::own("assigned", format!("to {assignee}, whose turn it is")));
    }
    if !case.threading.also.is_empty() {
        events.push(Event::own("related", format!("possibly about {}", case.threading.also.join(", "))));
    }
    if request.message.encrypted {
        events.push(Event::own("encrypted", "it is encrypted: nobody here can read it".to_owned()));
    }
    let mut ticket = TicketView {
        queue: queue.name.clone(),
        title: request.title,
        priority,
        level: route.level,
        kind: route.kind,
        category: route.category,
        service: route.service,
        assignee: route.assignee,
        team: route.team,
        requester: request.requester,
        fields: request.fields,
        created_at: snapshot.now,
        ..TicketView::default()
    };
    let approvers = policy.approvers(&ticket);
    // What an approver asks for themselves needs nobody else's word, if it is they who ask.
    let own = case.proven && approvers.contains(&ticket.requester.address) && intake.sender == ticket.requester.address;
    // Nobody else has to know of what is confidential, to say yes or no to it.
    if !approvers.is_empty() && !own && !policy.is_confidential(&ticket) {
        ticket.status = Status::Approval;
    }
    raise(&mut ticket, policy, &mut events);
    let notifications = first_notifications(case, &ticket, queue, &mut events);
    begin(&mut ticket, case, &mut events);
    // The mailbox's own server says that it is not who it claims to be: it calls nobody from their bed.
    let notifications = if intake.denied {
        notifications
    } else {
        called(notifications, &ticket, &TicketView::default(), &intake.sender, policy)
    };
    Opening {
        ticket,
        prefix: queue.prefix.clone(),
        others: request.others,
        message: request.message,
        note: request.note,
        reason: request.reason,
        article: None,
        relates: Vec::new(),
        events,
        notifications,
    }
}

/// Whether the P0 or P1 of this sender's subject counts.
fn may_call(intake: &Intake, requester: &Person, queue: &Queue) -> bool {
    let Some(from) = &queue.urgent_from else { return true };
    let named = |address: &String| {
        from.iter()
            .any(|allowed| allowed == address || (allowed.starts_with('@') && address.ends_with(allowed.as_str())))
    };
    !intake.denied && (named(&intake.sender) || named(&requester.address))
}

/// A contract may begin at a higher level.
fn raise(ticket: &mut TicketView, policy: &Policy, events: &mut Vec<Event>) {
    if policy.is_confidential(ticket) {
        return;
    }
    let contract = policy.slas.contract(&ticket.requester.address, &ticket.queue);
    if let Some(contract) = contract.filter(|c| c.level > ticket.level.max(1)) {
        if policy.at_level(&ticket.queue, contract.level).is_empty() {
            return;
        }
        ticket.level = contract.level;
        ticket.assignee = None;
        events.push(Event::own("routed", format!("level L{} by the contract {}", contract.level, contract.name)));
    }
}

/// Its clocks begin to run.
fn begin(ticket: &mut TicketView, case: &Case<'_>, events: &mut Vec<Event>) {
    let Case { intake, policy, snapshot, .. } = *case;
    let since = case.counts_from();
    let before = TicketView { status: ticket.status, ..TicketView::default() };
    events.extend(settle(ticket, &before, "", false, (since, snapshot.now), policy));
    let within = policy.slas.policy_of(ticket).and_then(|p| Some((p.acknowledge?, policy.slas.calendar(&p.hours))));
    if let Some((within, hours)) = within.filter(|_| silence(intake).is_none()) {
        let within: Length = within;
        // Watched is what leaves here, not the line that was down before.
        let due = hours.add(snapshot.now, within.in_calendar(&hours));
        ticket.deadlines.extend(due.map(|at| (DeadlineKind::Acknowledge, at)));
    }
}

/// The acknowledgement, and what those hear who deal with it or have to approve it.
fn first_notifications(
    case: &Case<'_>,
    ticket: &TicketView,
    queue: &Queue,
    events: &mut Vec<Event>,
) -> Vec<Notification> {
    let mut notifications = Vec::new();
    match silence(case.intake) {
        Some(reason) => events.push(Event::own("suppressed", format!("acknowledgement not sent: {reason}"))),
        None if queue.acknowledge == Acknowledge::None => {}
        None => notifications.push(Notification::new(NotificationKind::Acknowledgement, ticket.requester.clone())),
    }
    if ticket.status == Status::Approval {
        let approvers = case.policy.approvers(ticket).iter().filter_map(|a| case.policy.agent(a));
        notifications.extend(approvers.map(|a| Notification::new(NotificationKind::Approval, person(a))));
    } else {
        notifications.extend(new_ticket(ticket, case.policy));
    }
    notifications
}

/// Who hears of a new ticket: the one it is assigned to, else everybody it concerns.
pub(in crate::ticket::decide) fn new_ticket(ticket: &TicketView, policy: &Policy) -> Vec<Notification> {
    let kind = match (&ticket.assignee, ticket.level) {
        (None, 2..) => NotificationKind::Escalation,
        (None, _) => NotificationKind::NewTicket,
        _ => NotificationKind::Assigned,
    };
    let mut people = concerned(kind, ticket, &ticket.requester.address, policy);
    people.extend(onlookers(NotificationKind::NewTicket, ticket, &ticket.requester.address, policy));
    people
}

/// The subject, or the first line where there is none, or what says that there is neither.
pub(in crate::ticket::decide) fn title(subject: &str, text: &str, nothing: &str) -> String {
    let title: String = subject.chars().take(250).collect();
    if !title.is_empty() {
        return title;
    }
    let first = text.lines().map(str::trim).find(|l| !l.is_empty());
    first.unwrap_or(nothing).chars().take(80).collect()
}
