//! What requesters may ask by mail: that it is solved, or is not, that it be closed, where it stands,
//! who else is to hear of it, how satisfied they are.
//!
//! Only an email whose first lines are such commands and nothing else is one; everything else is a
//! message like others. Whoever does not take part commands nothing.

use crate::mail::FileRole;
use crate::ticket::command::{Command, Head};
use crate::ticket::decide::draft::{Draft, requesters_side};
use crate::ticket::decide::people::{message, others, person, sender, silence};
use crate::ticket::decide::reply::conversation::{add_people, related_opening};
use crate::ticket::decide::reply::joined::{complete, joined_events, reason};
use crate::ticket::decide::{Case, Decision};
use crate::ticket::life::{Move, after};
use crate::ticket::thanks::is_thanks;
use crate::ticket::thread::Candidate;
use crate::ticket::words::{
    DeadlineKind, Event, Listing, Notification, NotificationKind, PendingOn, Person, Status, TicketView, Visibility,
    phrase,
};

/// The commands of a head, when every line is one that a requester may give.
pub(in crate::ticket::decide) fn commands(case: &Case<'_>, head: &Head) -> Option<Vec<Command>> {
    // "#close, thanks": the words are words, and the command is one.
    let alone = |line: &String| {
        case.policy
            .commands
            .behind(line)
            .map_or_else(|| line.clone(), |rest| line.strip_suffix(rest).unwrap_or(line).to_owned())
    };
    let head = Head { lines: head.lines.iter().map(alone).collect(), text: String::new() };
    let commands = head.commands(case.policy, case.snapshot.now).ok()?;
    (!commands.is_empty() && commands.iter().all(|command| command.row().requester)).then_some(commands)
}

/// Whether the writer may give these commands, and proves who they are. Who is in copy may ask where the ticket stands, and no more:
/// only the requester ends, reopens or rates it.
pub(in crate::ticket::decide) fn may_command(case: &Case<'_>, found: &Candidate, commands: &[Command]) -> bool {
    let (intake, ticket) = (case.intake, &found.ticket);
    let asks = ticket.participants.contains(&intake.sender) && commands.iter().all(|command| command.row().looks);
    let owns = ticket.requester.address == intake.sender;
    (owns || asks) && case.is_their_own() && intake.mail.automatic.is_none()
}

/// Whether somebody else than the requester writes.
pub(in crate::ticket::decide) fn is_in_copy(case: &Case<'_>, found: &Candidate) -> bool {
    let (intake, requester) = (case.intake, &found.ticket.requester.address);
    let same = intake.sender == *requester || intake.answer_to.as_ref().is_some_and(|to| to.key() == *requester);
    !same && case.policy.agent(&intake.sender).is_none()
}

/// What somebody in copy says, the requester hears of, unless the email went to them as well.
pub(in crate::ticket::decide) fn tell_requester(draft: &mut Draft<'_>, found: &Candidate) {
    let (case, requester) = (draft.case, &found.ticket.requester);
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
    let done = draft.done.clone();
    let notice = Notification::new(NotificationKind::InCopy, requester.clone());
    draft.notifications.push(Notification { done, ..notice });
}

/// Carries them out.
pub(in crate::ticket::decide) fn act(case: &Case<'_>, found: &Candidate, commands: &[Command], text: &str) -> Decision {
    let reopens = commands.iter().any(|o| matches!(o, Command::Reopen | Command::Unsolved(_)));
    if found.ticket.status == Status::Closed && reopens {
        return follow_up(case, found);
    }
    let mut draft = Draft::new(*case, &found.ticket);
    draft.events = joined_events(case.intake, found, case.threading);
    for command in commands {
        carry_out(&mut draft, command);
    }
    // Words behind the command are words like those below it.
    let behind = commands.iter().find_map(|o| match o {
        Command::Solved(words) | Command::Unsolved(words) | Command::Resolve(words) => Some(words.as_str()),
        _ => None,
    });
    let after: Vec<&str> =
        case.intake.head.lines.iter().filter_map(|line| case.policy.commands.behind(line)).chain(behind).collect();
    let text = format!("{}\n{text}", after.join("\n"));
    let text = text.trim();
    let keep = !text.is_empty() || !case.intake.mail.attachments.is_empty();
    let asks = commands.iter().all(|command| command.row().looks);
    let ends = commands.iter().any(|o| matches!(o, Command::Close | Command::Solved(_) | Command::Resolve(_)));
    let about = |o: &Command| {
        matches!(o, Command::Rate(..) | Command::Recommend(_) | Command::Progress | Command::List(_) | Command::Show)
    };
    let beside = found.ticket.status == Status::Resolved && commands.iter().all(about);
    if !text.is_empty() && !beside && !reopens && !ends && draft.ticket.status != Status::Closed {
        // Commands beside it make an answer no less an answer.
        write(&mut draft, found, text);
        complete(&mut draft);
    }
    add_people(&mut draft);
    if keep || !asks {
        draft.tell_agents(NotificationKind::NewMessage);
    }
    if commands.iter().any(|command| matches!(command, Command::Rate(stars, _) if *stars <= UNHAPPY)) {
        tell_moderators(&mut draft);
    }
    let told = draft.told.clone();
    if let Some(kind) = draft.step {
        // Nobody who did not ask is asked how it was.
        let asked = |to: &Person| kind != NotificationKind::Closed || to.address == found.ticket.requester.address;
        let people: Vec<Person> = requesters_side(&draft.ticket, draft.case).filter(asked).collect();
        let notification = |to| Notification { done: told.clone(), ..Notification::new(kind, to) };
        draft.notifications.extend(people.into_iter().map(notification));
    }
    let message = message(case.intake, Visibility::Public, text);
    let mut joining = draft.joining(message, keep, reason(found));
    joining.command = true;
    Decision::Join(Box::new(joining))
}

fn carry_out(draft: &mut Draft<'_>, command: &Command) {
    match command {
        Command::Close | Command::Solved(_) | Command::Resolve(_) => close(draft),
        Command::Reopen | Command::Unsolved(_) => {
            if draft.go(Move::Reopen).is_ok() {
                draft.done.push(phrase!("told.unsolved"));
                draft.tell(NotificationKind::Reopened);
            }
        }
        Command::Cc(people) => {
            crate::ticket::decide::reply::conversation::add(draft, people);
        }
        Command::Rate(stars, words) => rate(draft, *stars, words),
        Command::Recommend(figure) => {
            draft.ticket.fields.insert("recommend".to_owned(), figure.to_string());
            draft.event("recommend", format!("would recommend the service desk: {figure} of 10"));
        }
        _ => {
            let to = sender(draft.case.intake, draft.policy());
            let notice =
                Notification { listing: Some(Listing::Own), ..Notification::new(NotificationKind::Progress, to) };
            draft.notifications.push(notice);
        }
    }
}

/// Most stars of somebody who is not satisfied.
const UNHAPPY: i64 = 2;

/// Who answers for the queue hears of it, whoever has the ticket.
fn tell_moderators(draft: &mut Draft<'_>) {
    for agent in draft.policy().watchers(&draft.ticket.queue) {
        let known = draft.notifications.iter().any(|one| one.to.address == agent.address && one.kind.is_internal());
        if !known && agent.address != draft.actor && draft.policy().may_see(agent, &draft.ticket) {
            let notice = Notification::new(NotificationKind::NewMessage, person(agent));
            draft.notifications.push(Notification { done: draft.done.clone(), ..notice });
        }
    }
}

fn close(draft: &mut Draft<'_>) {
    let status = draft.ticket.status;
    let Some(next) = after(status, Move::Close).or_else(|| after(status, Move::Reject)) else { return };
    draft.ticket.status = next;
    draft.event("confirmed", "the requester says that it is done");
    draft.done.push(phrase!("told.closed_by_requester"));
    draft.tell(NotificationKind::Closed);
}

fn rate(draft: &mut Draft<'_>, stars: i64, words: &str) {
    if !draft.ticket.status.is_done() {
        return;
    }
    draft.ticket.rating = Some(stars);
    let said =
        if words.is_empty() { phrase!("told.rated", stars) } else { phrase!("told.rated_with_words", stars, words) };
    draft.event("rated", &said);
    draft.done.push(said);
}

/// A message of the requester's side: what waited for it goes on, what was resolved is opened again.
pub(in crate::ticket::decide) fn write(draft: &mut Draft<'_>, found: &Candidate, text: &str) {
    let waits = matches!(found.ticket.pending_on, None | Some(PendingOn::Requester));
    if found.ticket.status == Status::Pending && !waits {
        return;
    }
    if found.ticket.status == Status::Resolved && thanks(draft, found, text) {
        draft.event("thanks", "thanks after the resolution: recorded, not reopened; #reopen overrules it");
        draft.done.push(phrase!("told.thanked"));
        return;
    }
    if found.ticket.status == Status::Resolved && is_in_copy(&draft.case, found) {
        // They are heard; whether it is solved says who asked.
        draft.event("copy", "somebody in copy wrote after the resolution: it stays resolved");
        return;
    }
    let was = draft.ticket.status;
    if draft.ticket.sla.unanswered_since == 0 {
        draft.ticket.sla.unanswered_since = draft.now();
    }
    // Every status but closed has this move; the table's own test holds that.
    let _ = draft.go(Move::Write);
    if was == Status::Pending {
        draft.ticket.deadlines.remove(&DeadlineKind::Silence);
    }
    if was == Status::Resolved && silence(draft.case.intake).is_none() {
        let to = sender(draft.case.intake, draft.policy());
        draft.notifications.push(Notification::new(NotificationKind::Reopened, to));
    }
}

/// Whether the email says thanks and nothing else.
fn thanks(draft: &Draft<'_>, found: &Candidate, text: &str) -> bool {
    let case = draft.case;
    let mail = &case.intake.mail;
    let mut names: Vec<&str> = case.policy.agents.values().map(|a| a.name.as_str()).collect();
    names.push(&found.ticket.requester.name);
    names.push(&case.policy.service_desk.name);
    let writer = mail.from.as_ref().map_or("", |from| from.name.as_str());
    mail.attachments.iter().all(|a| matches!(a.role, FileRole::Logo | FileRole::Inline))
        && is_thanks(text, writer, &names, &found.ticket.title, case.policy)
}

/// Closed is final: thanks are recorded, anything else opens a ticket that refers to it.
pub(in crate::ticket::decide) fn after_closing(case: &Case<'_>, found: &Candidate) -> Decision {
    let mut draft = Draft::new(*case, &found.ticket);
    if !thanks(&draft, found, &case.intake.mail.reply_text) {
        return follow_up(case, found);
    }
    draft.events = joined_events(case.intake, found, case.threading);
    draft.event("thanks", "thanks after the end: recorded");
    let message = message(case.intake, Visibility::Public, &case.intake.mail.reply_text);
    Decision::Join(Box::new(draft.joining(message, true, reason(found))))
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
    let told = phrase!("told.follows", number);
    for notification in &mut opening.notifications {
        notification.done.push(told.clone());
    }
    Decision::Open(vec![opening])
}
