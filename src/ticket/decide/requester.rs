//! What requesters may ask by mail: that it is solved, or is not, that it be closed, where it stands,
//! who else is to hear of it, how satisfied they are.
//!
//! Only a mail whose first lines are such orders and nothing else is one; everything else is a
//! message like others. Whoever does not take part orders nothing.

use super::conversation::{add_people, related_opening};
use super::joined::{complete, joined_events, reason};
use super::people::{message, others, sender, silence};
use super::step::{Course, requesters_side};
use super::{Case, Decision};
use crate::mail::FileRole;
use crate::ticket::command::{self, Head, Order};
use crate::ticket::life::{Move, after};
use crate::ticket::thanks::is_thanks;
use crate::ticket::thread::Candidate;
use crate::ticket::words::{
    DeadlineKind, Event, LetterKind, LetterOrder, Listing, PendingOn, Person, Status, TicketView, Visibility, words,
};

/// The orders of a head, when every line is one that a requester may give.
pub(super) fn orders(case: &Case<'_>, head: &Head) -> Option<Vec<Order>> {
    // "#close, thanks": the words are words, and the order is one.
    let alone = |line: &String| command::behind(line).map_or_else(|| line.clone(), |rest| line.replacen(rest, "", 1));
    let head = Head { lines: head.lines.iter().map(alone).collect(), text: String::new() };
    let orders = head.orders(case.policy, case.snapshot.now).ok()?;
    let known = |order: &Order| {
        matches!(
            order,
            Order::Close
                | Order::Reopen
                | Order::Progress
                | Order::Cc(_)
                | Order::Solved(_)
                | Order::Unsolved(_)
                | Order::Rate(..)
                | Order::Recommend(_)
                | Order::List(_)
                | Order::Show
                | Order::Resolve(_)
        )
    };
    (!orders.is_empty() && orders.iter().all(known)).then_some(orders)
}

/// Whether the writer may give these orders, and proves who they are. Who is in copy may ask where the ticket stands, and no more:
/// only the requester ends, reopens or rates it.
pub(super) fn may_order(case: &Case<'_>, found: &Candidate, orders: &[Order]) -> bool {
    let (intake, ticket) = (case.intake, &found.ticket);
    let looks = |order: &Order| matches!(order, Order::Progress | Order::List(_) | Order::Show);
    let asks = ticket.participants.contains(&intake.sender) && orders.iter().all(looks);
    let owns = ticket.requester.address == intake.sender;
    (owns || asks) && case.is_their_own() && intake.mail.automatic.is_none()
}

/// Whether somebody else than the requester writes.
pub(super) fn is_in_copy(case: &Case<'_>, found: &Candidate) -> bool {
    let (intake, requester) = (case.intake, &found.ticket.requester.address);
    let same = intake.sender == *requester || intake.answer_to.as_ref().is_some_and(|to| to.key() == *requester);
    !same && case.policy.agent(&intake.sender).is_none()
}

/// What somebody in copy says, the requester hears of, unless the mail went to them as well.
pub(super) fn tell_requester(course: &mut Course<'_>, found: &Candidate) {
    let (case, requester) = (course.case, &found.ticket.requester);
    let mail = &case.intake.mail;
    let has_it = mail.to.iter().chain(&mail.cc).any(|a| a.key() == requester.address);
    // Who only names a ticket, or a machine, is not passed on.
    let takes_part = found.ticket.participants.contains(&case.intake.sender);
    if !is_in_copy(&case, found) || !takes_part || has_it || silence(case.intake).is_some() {
        return;
    }
    if found.ticket.status == Status::Approval || case.policy.agent(&requester.address).is_some() {
        return;
    }
    let done = course.done.iter().map(|words| words.say(&requester.language).to_owned()).collect();
    let order = LetterOrder::new(LetterKind::InCopy, requester.clone());
    course.letters.push(LetterOrder { done, ..order });
}

/// Carries them out.
pub(super) fn act(case: &Case<'_>, found: &Candidate, orders: &[Order], text: &str) -> Decision {
    let reopens = orders.iter().any(|o| matches!(o, Order::Reopen | Order::Unsolved(_)));
    if found.ticket.status == Status::Closed && reopens {
        return follow_up(case, found);
    }
    let mut course = Course::new(*case, &found.ticket);
    course.events = joined_events(case.intake, found, case.threading);
    for order in orders {
        carry_out(&mut course, order);
    }
    // Words behind the order are words like those below it.
    let behind = orders.iter().find_map(|o| match o {
        Order::Solved(words) | Order::Unsolved(words) | Order::Resolve(words) => Some(words.as_str()),
        _ => None,
    });
    let head = command::head(&case.intake.mail.reply_text);
    let after: Vec<&str> = head.lines.iter().filter_map(|line| command::behind(line)).chain(behind).collect();
    let text = format!("{}\n{text}", after.join("\n"));
    let text = text.trim();
    let keep = !text.is_empty() || !case.intake.mail.attachments.is_empty();
    let asks = orders.iter().all(|o| matches!(o, Order::Progress | Order::List(_) | Order::Show));
    let ends = orders.iter().any(|o| matches!(o, Order::Close | Order::Solved(_) | Order::Resolve(_)));
    let about =
        |o: &Order| matches!(o, Order::Rate(..) | Order::Recommend(_) | Order::Progress | Order::List(_) | Order::Show);
    let beside = found.ticket.status == Status::Resolved && orders.iter().all(about);
    if !text.is_empty() && !beside && !reopens && !ends && course.ticket.status != Status::Closed {
        // Orders beside it make an answer no less an answer.
        write(&mut course, found, text);
        complete(&mut course);
    }
    add_people(&mut course);
    if keep || !asks {
        course.tell_desk(LetterKind::NewMessage);
    }
    let language = &found.ticket.requester.language;
    let told: Vec<String> = course.told.iter().map(|w| w.say(language).to_owned()).collect();
    if let Some(kind) = course.step {
        // Nobody who did not ask is asked how it was.
        let asked = |to: &Person| kind != LetterKind::Closed || to.address == found.ticket.requester.address;
        let people: Vec<Person> = requesters_side(&course.ticket, course.case).filter(asked).collect();
        let letter = |to| LetterOrder { done: told.clone(), ..LetterOrder::new(kind, to) };
        course.letters.extend(people.into_iter().map(letter));
    }
    let message = message(case.intake, Visibility::Public, text);
    let mut joining = course.joining(message, keep, reason(found));
    joining.command = true;
    Decision::Join(Box::new(joining))
}

fn carry_out(course: &mut Course<'_>, order: &Order) {
    match order {
        Order::Close | Order::Solved(_) | Order::Resolve(_) => close(course),
        Order::Reopen | Order::Unsolved(_) => {
            if course.go(Move::Reopen).is_ok() {
                course.done.push(words!(
                    "Le demandeur indique que ce n'est pas résolu.",
                    "The requester says that it is not solved."
                ));
                course.tell(LetterKind::Reopened);
            }
        }
        Order::Cc(people) => {
            super::conversation::add(course, people);
        }
        Order::Rate(stars, words) => rate(course, *stars, words),
        Order::Recommend(figure) => {
            course.ticket.fields.insert("recommend".to_owned(), figure.to_string());
            course.event("recommend", format!("would recommend the desk: {figure} of 10"));
        }
        _ => {
            let to = sender(course.case.intake, course.policy());
            let order = LetterOrder { listing: Some(Listing::Own), ..LetterOrder::new(LetterKind::Progress, to) };
            course.letters.push(order);
        }
    }
}

fn close(course: &mut Course<'_>) {
    let status = course.ticket.status;
    let Some(next) = after(status, Move::Close).or_else(|| after(status, Move::Reject)) else { return };
    course.ticket.status = next;
    course.event("confirmed", "the requester says that it is done");
    course.done.push(words!(
        "Le demandeur indique que c'est terminé : la demande est close.",
        "The requester says that it is done: the ticket is closed."
    ));
    course.tell(LetterKind::Closed);
}

fn rate(course: &mut Course<'_>, stars: i64, words: &str) {
    if !course.ticket.status.is_done() {
        return;
    }
    course.ticket.rating = stars;
    let words = if words.is_empty() { String::new() } else { format!(": {words}") };
    course.done.push(words!("Satisfaction : {stars} sur 5{words}", "Satisfaction: {stars} of 5{words}"));
    course.event("rated", format!("satisfaction {stars} of 5{words}"));
}

/// A message of the requester's side: what waited for it goes on, what was resolved is opened again.
pub(super) fn write(course: &mut Course<'_>, found: &Candidate, text: &str) {
    let waits = matches!(found.ticket.pending_on, None | Some(PendingOn::Requester));
    if found.ticket.status == Status::Pending && !waits {
        return;
    }
    if found.ticket.status == Status::Resolved && thanks(course, found, text) {
        course.event("thanks", "thanks after the resolution: recorded, not reopened; #reopen overrules it");
        course.done.push(words!(
            "Un merci et rien d'autre : la demande reste résolue. Le bouton « Rouvrir » en décide autrement.",
            "Thanks and nothing else: the ticket stays resolved. The button \"Reopen\" overrules that."
        ));
        return;
    }
    if found.ticket.status == Status::Resolved && is_in_copy(&course.case, found) {
        // They are heard; whether it is solved says who asked.
        course.event("copy", "somebody in copy wrote after the resolution: it stays resolved");
        return;
    }
    let was = course.ticket.status;
    // Every status but closed has this move; the table's own test holds that.
    let _ = course.go(Move::Write);
    if was == Status::Pending {
        course.ticket.deadlines.remove(&DeadlineKind::Silence);
    }
    if was == Status::Resolved && silence(course.case.intake).is_none() {
        let to = sender(course.case.intake, course.policy());
        course.letters.push(LetterOrder::new(LetterKind::Reopened, to));
    }
}

/// Whether the mail says thanks and nothing else.
fn thanks(course: &Course<'_>, found: &Candidate, text: &str) -> bool {
    let case = course.case;
    let mail = &case.intake.mail;
    let mut names: Vec<&str> = case.policy.agents.values().map(|a| a.name.as_str()).collect();
    names.push(&found.ticket.requester.name);
    names.push(&case.policy.desk.name);
    names.extend(mail.from.as_ref().map(|a| a.name.as_str()));
    mail.attachments.iter().all(|a| matches!(a.role, FileRole::Logo | FileRole::Inline))
        && is_thanks(text, &names, case.policy)
}

/// Closed is final: thanks are recorded, anything else opens a ticket that refers to it.
pub(super) fn after_closing(case: &Case<'_>, found: &Candidate) -> Decision {
    let mut course = Course::new(*case, &found.ticket);
    if !thanks(&course, found, &case.intake.mail.reply_text) {
        return follow_up(case, found);
    }
    course.events = joined_events(case.intake, found, case.threading);
    course.event("thanks", "thanks after the end: recorded");
    let message = message(case.intake, Visibility::Public, &case.intake.mail.reply_text);
    Decision::Join(Box::new(course.joining(message, true, reason(found))))
}

/// A new ticket that refers to the closed one. It is the writer's, and the others of the closed one take part.
fn follow_up(case: &Case<'_>, found: &Candidate) -> Decision {
    let (old, intake) = (&found.ticket, case.intake);
    let number = &old.number;
    let message = message(intake, Visibility::Public, &intake.mail.reply_text);
    let why = format!("it answers {number}, which is closed");
    let requester =
        if old.participants.contains(&intake.sender) { sender(intake, case.policy) } else { old.requester.clone() };
    let mut source = TicketView { requester, ..old.clone() };
    source.fields.remove("recommend");
    let mut opening = related_opening(case, &source, message, why);
    if case.is_their_own() && old.participants.contains(&intake.sender) {
        let new = others(intake, case.policy).into_iter().filter(|p| !old.participants.contains(&p.address));
        let room = case.policy.life.participants.saturating_sub(opening.others.len() + 1);
        opening.others.extend(new.take(room));
    }
    opening.events.push(Event::own("related", format!("follows {number}, which is closed")));
    let told = words!("Elle fait suite à {number}, qui est close.", "It follows {number}, which is closed.");
    for letter in &mut opening.letters {
        letter.done.push(told.say(&letter.to.language).to_owned());
    }
    Decision::Open(vec![opening])
}
