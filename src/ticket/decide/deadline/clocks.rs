//! What a ticket's clocks do to it: warnings, breaches, the way up, major incidents.

use crate::clock::{Millis, spoken};
use crate::ticket::decide::Change;
use crate::ticket::decide::people::{concerned, person};
use crate::ticket::life::{Move, after};
use crate::ticket::policy::{Agent, Policy, Role};
use crate::ticket::sla::working;
use crate::ticket::words::{DeadlineKind, Event, Notification, NotificationKind, Status, TicketView, Words, words};

/// Some of a promised time is left: its people hear of it.
pub(in crate::ticket::decide) fn warn(change: &mut Change, kind: DeadlineKind, now: Millis, policy: &Policy) {
    let ticket = &change.ticket;
    let (what, due) = match kind {
        DeadlineKind::WarnRespond if ticket.first_responded_at.is_some() => return,
        DeadlineKind::WarnRespond => (words!("La première réponse", "The first answer"), ticket.sla.respond_due),
        _ => (words!("La résolution", "The solution"), ticket.sla.resolve_due),
    };
    if due <= now {
        // Of what is over there is another notification.
        return;
    }
    let (fr, en) = (at(due, policy, "fr"), at(due, policy, "en"));
    let left = working(policy.slas.calendar(&ticket.sla.calendar).between(now, due));
    let said = Words {
        fr: format!("{} est attendue avant le {fr} : il reste {}.", what.fr, left.fr),
        en: format!("{} is due by {en}: {} left.", what.en, left.en),
    };
    change.notifications =
        with_sentence(NotificationKind::Warning, concerned(NotificationKind::Warning, ticket, "", policy), &said);
    change.events.push(Event::own("warned", said.en));
}

/// A promised time is over: it is written down as of then, and the ticket goes up, or its people and
/// those who answer for the queue hear of it.
pub(in crate::ticket::decide) fn breach(change: &mut Change, kind: DeadlineKind, due: Millis, policy: &Policy) {
    let response = kind == DeadlineKind::Respond;
    if response && change.ticket.first_responded_at.is_some() {
        return;
    }
    let (fr, en) = (at(due, policy, "fr"), at(due, policy, "en"));
    let said = if response {
        change.ticket.sla.miss_response(due);
        words!("La première réponse était attendue le {fr}.", "The first answer was due {en}.")
    } else {
        change.ticket.sla.miss_resolution(due);
        words!("La résolution était attendue le {fr}.", "The solution was due {en}.")
    };
    change.events.push(Event::own("breached", said.en.clone()));
    let up = policy.slas.policy_of(&change.ticket).is_some_and(|p| p.escalate_at_breach);
    if !up || !rise(change, &said, policy) {
        let notifications = answerable(NotificationKind::Breach, &change.ticket, policy);
        change.notifications = with_sentence(NotificationKind::Breach, notifications, &said);
    }
}

/// It has been at its level, or nobody has done anything, for too long.
pub(in crate::ticket::decide) fn stuck(change: &mut Change, kind: DeadlineKind, now: Millis, policy: &Policy) {
    let level = change.ticket.level.max(1);
    let said = if kind == DeadlineKind::Escalate {
        words!(
            "La demande n'est pas résolue au niveau N{level} dans le temps prévu.",
            "It was not solved at level L{level} in the time there is for that."
        )
    } else {
        words!(
            "Personne n'a agi sur cette demande depuis trop longtemps.",
            "There has been no activity on this ticket for too long."
        )
    };
    if rise(change, &said, policy) {
        return;
    }
    // Nobody is above: its people hear of it, once, until something happens.
    change.ticket.sla.stuck_at = now;
    change.events.push(Event::own("stuck", said.en.clone()));
    change.notifications =
        with_sentence(NotificationKind::Breach, answerable(NotificationKind::Breach, &change.ticket, policy), &said);
}

/// It goes to the next level automatically; false where there is none, or it cannot.
fn rise(change: &mut Change, why: &Words, policy: &Policy) -> bool {
    let ticket = &change.ticket;
    // What waits goes on waiting for what it waits for.
    if ticket.status == Status::Pending {
        return false;
    }
    let level = ticket.level.max(1);
    let (Some(next), Some(status)) = (policy.next_level(&ticket.queue, level), after(ticket.status, Move::Escalate))
    else {
        return false;
    };
    let had = concerned(NotificationKind::Breach, ticket, "", policy);
    change.ticket.status = status;
    change.ticket.level = next;
    change.ticket.assignee = None;
    change.events.push(Event::own("escalated", format!("L{level} → L{next} automatically: {}", why.en)));
    let people = policy.at_level(&change.ticket.queue, next);
    let up: Vec<Notification> =
        people.into_iter().map(|a| Notification::new(NotificationKind::Escalation, person(a))).collect();
    let gone = Words {
        fr: format!("{} La demande passe au niveau N{next}.", why.fr),
        en: format!("{} The ticket moves to level L{next}.", why.en),
    };
    change.notifications = with_sentence(NotificationKind::Escalation, up, why);
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
        (true, _) => words!("Personne ne s'en est encore chargé.", "Nobody has taken it yet."),
        (false, 0) => words!(
            "{who} s'en charge ; le demandeur n'a encore rien reçu de nous.",
            "{who} has it; the requester has not heard from us yet."
        ),
        (false, last) => {
            let (fr, en) = (at(last, policy, "fr"), at(last, policy, "en"));
            words!(
                "{who} s'en charge ; dernier message au demandeur : {fr}.",
                "{who} has it; last word to the requester: {en}."
            )
        }
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
    let (fr, en) = (at(due, policy, "fr"), at(due, policy, "en"));
    let said = words!(
        "Le demandeur n'a pas reçu d'accusé de réception ; il l'attendait avant le {fr}.",
        "The requester has received no acknowledgement; it was due by {en}."
    );
    change.notifications =
        with_sentence(NotificationKind::Breach, answerable(NotificationKind::Breach, &change.ticket, policy), &said);
    change.events.push(Event::own("unacknowledged", said.en));
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
    let (fr, en) = (at(due, policy, "fr"), at(due, policy, "en"));
    let said = if asked == 0 {
        ticket.sla.post_mortem_asked = now;
        ticket.deadlines.insert(DeadlineKind::PostMortem, due);
        words!("Le post-mortem est attendu avant le {fr}.", "The post-mortem is due by {en}.")
    } else {
        words!(
            "Le post-mortem était attendu le {fr} et manque encore.",
            "The post-mortem was due {en} and is still missing."
        )
    };
    let ticket = &change.ticket;
    // Whoever has it knows best; later those who answer for the queue hear of it too.
    let notifications = match asked {
        0 => concerned(NotificationKind::PostMortem, ticket, "", policy),
        _ => answerable(NotificationKind::PostMortem, ticket, policy),
    };
    change.notifications = with_sentence(NotificationKind::PostMortem, notifications, &said);
    change.events.push(Event::own("post-mortem", said.en));
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
            words!("L'incident continue dans un autre ticket.", "The incident goes on in another ticket.")
        }
        (Status::Resolved, Some(who)) => {
            words!("Incident terminé : résolu par {who}.", "The incident is over: solved by {who}.")
        }
        (Status::Resolved | Status::Closed, _) => words!("Incident terminé.", "The incident is over."),
        _ if !ticket.sla.major => {
            let priority = &ticket.priority;
            words!(
                "Ce n'est plus un incident majeur : la priorité est {priority}.",
                "It is no longer a major incident: its priority is {priority}."
            )
        }
        _ if ticket.assignee != before.assignee => match &assignee {
            Some(who) => words!("{who} s'en charge.", "{who} has it."),
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
    policy.workers(&ticket.queue).into_iter().map(|a| Notification::new(kind, person(a))).collect()
}

/// Who deals with a ticket, and who answers for its queue.
pub(in crate::ticket::decide) fn answerable(
    kind: NotificationKind,
    ticket: &TicketView,
    policy: &Policy,
) -> Vec<Notification> {
    let mut notifications = concerned(kind, ticket, "", policy);
    let answers = |a: &&Agent| a.roles.iter().any(|r| matches!(r, Role::Moderator | Role::Administrator));
    for agent in policy.workers(&ticket.queue).into_iter().filter(answers) {
        if !notifications.iter().any(|l| l.to.address == agent.address) {
            notifications.push(Notification::new(kind, person(agent)));
        }
    }
    notifications
}

/// The notifications with a sentence in each reader's language.
fn with_sentence(kind: NotificationKind, notifications: Vec<Notification>, said: &Words) -> Vec<Notification> {
    let one = |l: Notification| Notification { kind, done: vec![said.say(&l.to.language).to_owned()], ..l };
    notifications.into_iter().map(one).collect()
}

fn at(at: Millis, policy: &Policy, language: &str) -> String {
    spoken(at, &policy.service_desk.time_zone, language)
}
