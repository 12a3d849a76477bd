//! What a ticket's clocks do to it: warnings, breaches, the way up, major incidents.

use crate::clock::Millis;
use crate::ticket::decide::Change;
use crate::ticket::decide::people::{concerned, person};
use crate::ticket::life::{Move, after};
use crate::ticket::policy::{Agent, Policy, Role};
use crate::ticket::sla::AtBreach;
use crate::ticket::words::{
    DeadlineKind, Detail, Event, Notification, NotificationKind, Phrase, Status, TicketView, Value, phrase,
};

/// Some of a promised time is left: its people hear of it.
pub(in crate::ticket::decide) fn warn(change: &mut Change, kind: DeadlineKind, now: Millis, policy: &Policy) {
    let ticket = &change.ticket;
    let sla = &ticket.sla;
    let responds = kind == DeadlineKind::WarnRespond;
    if responds && ticket.first_responded_at.is_some() {
        return;
    }
    let (due, calendar) = match kind {
        DeadlineKind::WarnRespond => (sla.respond_due, &sla.calendar),
        DeadlineKind::WarnLevel => {
            let due = [sla.ola.respond_due, sla.ola.resolve_due].into_iter().filter(|due| *due > now).min();
            (due.unwrap_or(0), &sla.ola.calendar)
        }
        _ => (sla.resolve_due, &sla.calendar),
    };
    if due <= now {
        // Of what is over there is another notification.
        return;
    }
    let left = Value::Length(policy.slas.calendar(calendar).between(now, due));
    let (at, calendar) = (Value::At(due), Value::Calendar(calendar.clone()));
    let said = match kind {
        DeadlineKind::WarnRespond => phrase!("deadline.respond_near", at, left, calendar),
        DeadlineKind::WarnLevel if due == sla.ola.respond_due => {
            phrase!("deadline.level_responds_near", level = sla.ola.level, at, left, calendar)
        }
        DeadlineKind::WarnLevel => phrase!("deadline.level_resolves_near", level = sla.ola.level, at, left, calendar),
        _ => phrase!("deadline.resolve_near", at, left, calendar),
    };
    let mut people = concerned(NotificationKind::Warning, ticket, "", policy);
    if kind == DeadlineKind::WarnLevel {
        add_level(&mut people, NotificationKind::Warning, ticket, policy);
    }
    change.notifications = with_sentence(NotificationKind::Warning, people, &said);
    change.events.push(Event::own("warned", said));
}

/// A promised time is over: it is written down as of then, and the next level helps or gets it, or its people and
/// those who answer for the queue hear of it.
pub(in crate::ticket::decide) fn breach(change: &mut Change, kind: DeadlineKind, due: Millis, policy: &Policy) {
    let sla = &mut change.ticket.sla;
    let level = sla.ola.level;
    let said = match kind {
        DeadlineKind::Respond if change.ticket.first_responded_at.is_some() => return,
        DeadlineKind::LevelRespond if sla.ola.responded_at > 0 => {
            sla.ola.respond_told = true;
            return;
        }
        DeadlineKind::Respond => {
            sla.miss_response(due);
            phrase!("deadline.respond_over", at = Value::At(sla.respond_missed.max(due)))
        }
        DeadlineKind::LevelRespond => {
            (sla.ola.respond_missed, sla.ola.respond_told) = (due.max(sla.ola.promised_at), true);
            phrase!("deadline.level_responds_over", level, at = Value::At(sla.ola.respond_missed))
        }
        DeadlineKind::LevelResolve => {
            (sla.ola.resolve_missed, sla.ola.resolve_told) = (due.max(sla.ola.promised_at), true);
            phrase!("deadline.level_resolves_over", level, at = Value::At(sla.ola.resolve_missed))
        }
        _ => {
            sla.miss_resolution(due);
            phrase!("deadline.resolve_over", at = Value::At(sla.resolve_missed.max(due)))
        }
    };
    change.events.push(Event::own("breached", &said));
    let up = policy.slas.policy_of(&change.ticket).map_or(AtBreach::No, |p| p.at_breach);
    if !rise(change, up, &said, policy) {
        let mut notifications = answerable(NotificationKind::Breach, &change.ticket, policy);
        if matches!(kind, DeadlineKind::LevelRespond | DeadlineKind::LevelResolve) {
            add_level(&mut notifications, NotificationKind::Breach, &change.ticket, policy);
        }
        change.notifications = with_sentence(NotificationKind::Breach, notifications, &said);
    }
}

/// The people of a level that helps without having the ticket hear of what they owe.
fn add_level(people: &mut Vec<Notification>, kind: NotificationKind, ticket: &TicketView, policy: &Policy) {
    if ticket.sla.joined > 0 {
        for agent in policy.at_level(&ticket.queue, ticket.sla.joined) {
            if !people.iter().any(|known| known.to.address == agent.address) {
                people.push(Notification::new(kind, person(agent)));
            }
        }
    }
}

/// It has been at its level, or nobody has done anything, for too long.
pub(in crate::ticket::decide) fn stuck(change: &mut Change, kind: DeadlineKind, now: Millis, policy: &Policy) {
    let level = change.ticket.level.max(1);
    let said = if kind == DeadlineKind::Escalate {
        phrase!("deadline.level_over", level)
    } else {
        phrase!("deadline.no_activity")
    };
    if rise(change, AtBreach::Move, &said, policy) {
        return;
    }
    // Nobody is above: its people hear of it, once, until something happens.
    change.ticket.sla.stuck_at = now;
    change.events.push(Event::own("stuck", &said));
    change.notifications =
        with_sentence(NotificationKind::Breach, answerable(NotificationKind::Breach, &change.ticket, policy), &said);
}

/// The next level helps, or gets it, automatically; false where there is none, or it cannot.
fn rise(change: &mut Change, how: AtBreach, why: &Phrase, policy: &Policy) -> bool {
    let ticket = &change.ticket;
    // What waits goes on waiting for what it waits for.
    if how == AtBreach::No || ticket.status == Status::Pending || policy.is_confidential(ticket) {
        return false;
    }
    let level = ticket.level.max(1);
    let lead = if how == AtBreach::Join { level.max(ticket.sla.joined) } else { level };
    let Some(next) = policy.next_level(&ticket.queue, lead) else { return false };
    let mut had = concerned(NotificationKind::Breach, ticket, "", policy);
    add_level(&mut had, NotificationKind::Breach, ticket, policy);
    let gone = if how == AtBreach::Join {
        change.ticket.sla.joined = next;
        change.events.push(Event::own("joined", Detail::from(format!("L{next} helps L{level}:")).and(why)));
        phrase!("deadline.level_helps", why, level = next)
    } else {
        let Some(status) = after(ticket.status, Move::Escalate) else { return false };
        change.ticket.status = status;
        change.ticket.level = next;
        change.ticket.assignee = None;
        let text = format!("L{level} → L{next} automatically:");
        change.events.push(Event::own("escalated", Detail::from(text).and(why)));
        phrase!("deadline.moves_up", why, level = next)
    };
    let people = policy.at_level(&change.ticket.queue, next);
    let up: Vec<Notification> =
        people.into_iter().map(|a| Notification::new(NotificationKind::Escalation, person(a))).collect();
    let called = if how == AtBreach::Join { phrase!("deadline.your_help", why, level) } else { why.clone() };
    change.notifications = with_sentence(NotificationKind::Escalation, up, &called);
    let had = had.into_iter().filter(|h| !change.notifications.iter().any(|l| l.to.address == h.to.address)).collect();
    let more = with_sentence(NotificationKind::Breach, had, &gone);
    change.notifications.extend(more);
    true
}

/// Where a major incident stands, for everybody; and the next time.
pub(in crate::ticket::decide) fn point(change: &mut Change, now: Millis, policy: &Policy) {
    let ticket = &mut change.ticket;
    if ticket.status.is_done() || !ticket.sla.major {
        return;
    }
    if let Some(sla) = policy.slas.policy_of(ticket) {
        let calendar = policy.slas.calendar(&ticket.sla.calendar);
        let next = calendar.add(now, sla.point_every.in_calendar(&calendar));
        ticket.deadlines.extend(next.map(|at| (DeadlineKind::Point, at)));
    }
    let who = ticket.assignee.as_ref().and_then(|who| policy.agent(who)).map(|a| a.name.clone()).unwrap_or_default();
    let last = ticket.last_answer.at;
    let said = match (who.is_empty(), last) {
        // Somebody has had it, at this level or before.
        (true, _) if ticket.sla.touched_at > 0 || last > 0 => {
            phrase!("incident.level_has_it", level = ticket.level.max(1))
        }
        (true, _) => phrase!("incident.nobody"),
        (false, 0) => phrase!("incident.taken_unanswered", who),
        (false, last) => phrase!("incident.taken", who, at = Value::At(last)),
    };
    let notifications =
        everybody(NotificationKind::StatusUpdate, &change.ticket, policy).into_iter().map(Notification::with_all);
    change.notifications = with_sentence(NotificationKind::StatusUpdate, notifications.collect(), &said);
    change.events.push(Event::own("point", "everybody was told where it stands".to_owned()));
}

/// Nothing has told the requester that the request is here.
pub(in crate::ticket::decide) fn acknowledge(change: &mut Change, acknowledged: bool, due: Millis, policy: &Policy) {
    if acknowledged || change.ticket.status.is_done() {
        return;
    }
    change.ticket.sla.unacknowledged = true;
    let said = phrase!("deadline.unacknowledged", at = Value::At(due));
    change.notifications =
        with_sentence(NotificationKind::Breach, answerable(NotificationKind::Breach, &change.ticket, policy), &said);
    change.events.push(Event::own("unacknowledged", said));
}

/// Asks for the post-mortem, and once more where none has come in time.
pub(in crate::ticket::decide) fn post_mortem(change: &mut Change, now: Millis, policy: &Policy) {
    let Some(sla) = policy.slas.policy_of(&change.ticket) else { return };
    let within = sla.post_mortem_within;
    let ticket = &mut change.ticket;
    if ticket.sla.post_mortem_at > 0 {
        return;
    }
    let asked = ticket.sla.post_mortem_asked;
    let due = if asked == 0 { now + within } else { asked + within };
    let at = Value::At(due);
    let said = if asked == 0 {
        ticket.sla.post_mortem_asked = now;
        ticket.deadlines.insert(DeadlineKind::PostMortem, due);
        phrase!("deadline.post_mortem_due", at)
    } else {
        phrase!("deadline.post_mortem_late", at)
    };
    let ticket = &change.ticket;
    // Whoever has it knows best; later those who answer for the queue hear of it too.
    let notifications = match asked {
        0 => concerned(NotificationKind::PostMortem, ticket, "", policy),
        _ => answerable(NotificationKind::PostMortem, ticket, policy),
    };
    change.notifications = with_sentence(NotificationKind::PostMortem, notifications, &said);
    change.events.push(Event::own("post-mortem", said));
}

/// A ticket that has become a major incident calls everybody of all levels at once; nobody hears of it
/// twice. Otherwise the notifications as they are.
pub(in crate::ticket::decide) fn called(
    notifications: Vec<Notification>,
    ticket: &TicketView,
    before: &TicketView,
    actor: &str,
    policy: &Policy,
) -> Vec<Notification> {
    let major = |t: &TicketView| t.status != Status::Approval && !t.status.is_done() && t.sla.major;
    if major(before) {
        return went_on(notifications, ticket, before, actor, policy);
    }
    if !major(ticket) {
        return notifications;
    }
    const NEWS: [NotificationKind; 3] =
        [NotificationKind::NewTicket, NotificationKind::Assigned, NotificationKind::Escalation];
    let kept = notifications.into_iter().filter(|l| !NEWS.contains(&l.kind));
    // Whoever is called late reads what it is about, whatever brought it there.
    kept.chain(everybody(NotificationKind::Major, ticket, policy).into_iter().map(Notification::with_all)).collect()
}

/// What those who were called hear besides the points: who has it, and that it is over.
fn went_on(
    mut notifications: Vec<Notification>,
    ticket: &TicketView,
    before: &TicketView,
    actor: &str,
    policy: &Policy,
) -> Vec<Notification> {
    let name = |address: &str| policy.agent(address).map(|a| a.name.clone());
    let assignee = ticket.assignee.as_deref().and_then(name);
    let who = name(actor).or_else(|| assignee.clone());
    let said = match (ticket.status, who) {
        (Status::Closed, _) if ticket.merged_into.is_some() => {
            phrase!("incident.goes_on")
        }
        (Status::Resolved, Some(who)) => {
            phrase!("incident.over_by", who)
        }
        (Status::Resolved | Status::Closed, _) => phrase!("incident.over"),
        _ if !ticket.sla.major => {
            let priority = &ticket.priority;
            phrase!("incident.no_longer_major", priority)
        }
        _ if ticket.assignee != before.assignee => match &assignee {
            Some(who) => phrase!("incident.has_it", who),
            None => return notifications,
        },
        _ => return notifications,
    };
    let news =
        with_sentence(NotificationKind::StatusUpdate, everybody(NotificationKind::StatusUpdate, ticket, policy), &said);
    let knows = |to: &str| to == actor || notifications.iter().any(|l| l.to.address == to && l.kind.is_internal());
    let news: Vec<Notification> = news.into_iter().filter(|l| !knows(&l.to.address)).collect();
    notifications.extend(news);
    notifications
}

/// Everybody of all levels.
fn everybody(kind: NotificationKind, ticket: &TicketView, policy: &Policy) -> Vec<Notification> {
    let people = policy.workers(&ticket.queue).into_iter().filter(|agent| policy.may_see(agent, ticket));
    people.map(|agent| Notification::new(kind, person(agent))).collect()
}

/// Who deals with a ticket, and who answers for its queue.
pub(in crate::ticket::decide) fn answerable(
    kind: NotificationKind,
    ticket: &TicketView,
    policy: &Policy,
) -> Vec<Notification> {
    let mut notifications = concerned(kind, ticket, "", policy);
    let answers = |a: &&Agent| a.roles.iter().any(|r| matches!(r, Role::Moderator | Role::Administrator));
    let sees = |agent: &&Agent| policy.may_see(agent, ticket);
    for agent in policy.workers(&ticket.queue).into_iter().filter(answers).filter(sees) {
        if !notifications.iter().any(|l| l.to.address == agent.address) {
            notifications.push(Notification::new(kind, person(agent)));
        }
    }
    notifications
}

/// The notifications with a sentence.
fn with_sentence(kind: NotificationKind, notifications: Vec<Notification>, said: &Phrase) -> Vec<Notification> {
    let one = |l: Notification| Notification { kind, done: vec![said.clone()], ..l };
    notifications.into_iter().map(one).collect()
}
