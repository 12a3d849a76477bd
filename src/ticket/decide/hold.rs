//! Emails a person must review, and the people who are told: who wrote it, who may let it in, the agent
//! whose command was not carried out.

use super::{Case, Decision, Holding};
use crate::mail::{AutomaticKind, fold, strip_prefixes};
use crate::ticket::called::Commands;
use crate::ticket::cause::HoldCause;
use crate::ticket::command::{Head, Name, Slip};
use crate::ticket::decide::people::{message, person, sender, silence, watchers};
use crate::ticket::policy::{Agent, Policy};
use crate::ticket::read::{Intake, Signal};
use crate::ticket::rights::Denied;
use crate::ticket::thread::Candidate;
use crate::ticket::token::Secret;
use crate::ticket::words::{
    About, Detail, Notification, NotificationKind, Phrase, TicketView, Verdict, Visibility, phrase,
};

/// Somebody who may not open tickets: they are told politely, and the queue's people may let the email
/// in by answering. Machines and floods are told nothing.
///
/// Of one who writes again and again the people are told a few times an hour: whoever goes on must not flood
/// them by way of the service desk. The rest waits all the same.
pub(super) fn stranger(case: &Case<'_>, reason: String) -> Decision {
    let Case { intake, policy, queue, snapshot, .. } = *case;
    let before = snapshot.taken.of_sender;
    if silence(intake).is_some() || before >= TOLD {
        return Decision::Hold(HoldCause::Stranger, reason.into());
    }
    let mut notifications = vec![Notification::new(NotificationKind::Refusal, sender(intake, policy))];
    notifications.extend(watchers(NotificationKind::Held, &queue.name, &intake.sender, policy));
    say(&mut notifications, &phrase!("held.may_not_open"));
    if before == TOLD - 1 {
        let more = more_wait(&intake.sender);
        for notification in notifications.iter_mut().filter(|l| l.kind == NotificationKind::Held) {
            notification.done.push(more.clone());
        }
    }
    tell(intake, HoldCause::Stranger, reason, &queue.name, notifications, policy)
}

/// A sender whom the mailbox's own server denies opens nothing that a list of senders guards, and hears nothing: whoever owns the
/// address may never have written. Lists often break DMARC, so such emails stand together in `held list`.
pub(super) fn denied_sender(case: &Case<'_>) -> Decision {
    let domain = case.intake.sender.rsplit('@').next().unwrap_or_default();
    let reason = format!(
        "the mail server says that {domain} did not send it (DMARC), and queues.{}.senders asks who writes",
        case.queue.name
    );
    Decision::Hold(HoldCause::Denied, reason.into())
}

/// What came through a list or a form, or from one of our own addresses, and names nobody to be answered: the queue's people may
/// let it in.
pub(super) fn nobody(case: &Case<'_>) -> Decision {
    let Case { intake, policy, queue, snapshot, .. } = *case;
    let reason = format!(
        "{} is not a person's address (a list's, a form's, or the service desk's own), and the email names nobody else who could be answered",
        intake.sender
    );
    let machine = intake.mail.automatic.as_ref().is_some_and(|a| a.kind != AutomaticKind::List);
    if machine || snapshot.taken.of_sender >= TOLD {
        return Decision::Hold(HoldCause::Nobody, reason.into());
    }
    let mut notifications = watchers(NotificationKind::Held, &queue.name, &intake.sender, policy);
    say(&mut notifications, &phrase!("held.nobody_to_answer"));
    tell(intake, HoldCause::Nobody, reason, &queue.name, notifications, policy)
}

/// An email in a vendor's name that nothing proves: the ticket's people may let it in.
pub(super) fn unproven_vendor(case: &Case<'_>, ticket: &TicketView, machine: Option<AutomaticKind>) -> Decision {
    let Case { intake, policy, snapshot, .. } = *case;
    let reason = format!(
        "it claims to be from {}, a vendor of {}, and neither a signed reply address nor the mail server proves it",
        intake.sender, ticket.number
    );
    if machine.is_some() || snapshot.taken.of_sender >= TOLD {
        return Decision::Hold(HoldCause::Unproven, reason.into());
    }
    let mut notifications = watchers(NotificationKind::Held, &ticket.queue, &intake.sender, policy);
    let number = &ticket.number;
    say(&mut notifications, &phrase!("held.vendor_unproven", number));
    tell(intake, HoldCause::Unproven, reason, &ticket.queue, notifications, policy)
}

/// Tells the queue's people why the email waits.
fn say(notifications: &mut [Notification], why: &Phrase) {
    for notification in notifications.iter_mut().filter(|notification| notification.kind == NotificationKind::Held) {
        notification.done.push(why.clone());
    }
}

/// Most emails of one sender within an hour of which the queue's people are told one by one.
const TOLD: i64 = 10;

fn more_wait(sender: &str) -> Phrase {
    phrase!("held.more_wait", sender, count = TOLD)
}

/// An email to an address that is not used any more: its writer is told the new one. Machines are told
/// nothing. Where the old address still accepts, the email goes on to open its ticket.
pub(super) fn moved(case: &Case<'_>) -> Option<Decision> {
    let address = case.intake.retired.as_ref()?;
    let retired = case.policy.retired.iter().find(|r| r.address == *address)?;
    if retired.accept || silence(case.intake).is_some() {
        return None;
    }
    let queue = case.policy.queues.get(&retired.queue)?;
    let mut notification = Notification::new(NotificationKind::Moved, sender(case.intake, case.policy));
    notification.text = Some(address.clone());
    let reason = format!("{address} is not used any more; its writer was notified about {}", queue.address);
    let mut holding = holding(case, Verdict::Refused, reason, vec![notification]);
    holding.ticket.queue.clone_from(&queue.name);
    Some(Decision::Tell(Box::new(holding)))
}

/// What an agent asked of a ticket is not done: they get their mail back, with what is wrong and, as far
/// as it can be guessed, fixed.
pub(super) fn not_done_about(
    case: &Case<'_>,
    ticket: &TicketView,
    agent: &Agent,
    head: &Head,
    slips: &[Slip],
) -> Decision {
    given_back(case, Some(ticket), agent, head, slips)
}

/// The same of what is about no ticket yet.
pub(super) fn not_done_without(case: &Case<'_>, agent: &Agent, head: &Head, slips: &[Slip]) -> Decision {
    given_back(case, None, agent, head, slips)
}

fn given_back(case: &Case<'_>, ticket: Option<&TicketView>, agent: &Agent, head: &Head, slips: &[Slip]) -> Decision {
    let line = |slip: &Slip| {
        if slip.line.is_empty() { slip.why.clone() } else { phrase!("wrong.line", line = slip.line, why = slip.why) }
    };
    let done: Vec<Phrase> = slips.iter().map(line).collect();
    let reason = Detail::All(done.iter().map(Detail::from).collect());
    let mut notice = Notification { done, ..Notification::new(NotificationKind::NotDone, person(agent)) };
    notice.text = Some(head.repaired(slips));
    // Sending the same again would fail again.
    notice.ready = slips.iter().any(|s| s.better.is_some());
    let mut holding = holding(case, Verdict::Held, reason, vec![notice]);
    holding.cause = HoldCause::NotDone;
    if let Some(ticket) = ticket {
        holding.about = Some(About::Ticket(ticket.id));
        holding.ticket = ticket.clone();
    }
    Decision::Tell(Box::new(holding))
}

/// Why somebody may not do something, in words.
pub(super) fn denied(why: Denied, ticket: &TicketView) -> Phrase {
    let (queue, level) = (&ticket.queue, ticket.level);
    match why {
        Denied::Confidential => phrase!("wrong.confidential_denied"),
        Denied::Queue => phrase!("wrong.queue_denied", queue),
        Denied::Level => phrase!("wrong.level_denied", level),
        Denied::Role => phrase!("wrong.role_denied"),
    }
}

/// An email in an agent's name that nothing proves: the agent is told, nothing changes.
pub(super) fn unproven(case: &Case<'_>, found: &Candidate, machine: Option<AutomaticKind>) -> Decision {
    let intake = case.intake;
    let number = &found.ticket.number;
    let (sender, stale) = (&intake.sender, case.threading.answers_own_notification && case.fresh.is_none());
    let why = if stale {
        phrase!("held.unproven_stale", sender, number)
    } else {
        phrase!("held.unproven_about", sender, number)
    };
    if machine.is_some() {
        return Decision::Hold(HoldCause::Unproven, why.into());
    }
    not_done(intake, why, &found.ticket.queue, case.policy)
}

/// What an agent asked cannot be done as it was written.
pub(super) fn not_done(intake: &Intake, why: Phrase, queue: &str, policy: &Policy) -> Decision {
    let Some(agent) = policy.agent(&intake.sender) else {
        return Decision::Hold(HoldCause::Unproven, why.into());
    };
    let notifications = vec![failure(agent, &why)];
    tell(intake, HoldCause::Unproven, why, queue, notifications, policy)
}

/// The notification that says why.
pub(super) fn failure(agent: &Agent, why: &Phrase) -> Notification {
    Notification { done: vec![why.clone()], ..Notification::new(NotificationKind::NotDone, person(agent)) }
}

/// The first word of a text, folded.
fn first_word(text: &str) -> String {
    let words = fold(text.trim());
    words.split(|c: char| c.is_whitespace() || ",.!;:".contains(c)).next().unwrap_or_default().to_owned()
}

/// What an answer about a held email says: let it in, refuse it, or neither clearly.
fn verdict(intake: &Intake, policy: &Policy) -> Option<bool> {
    let own = intake.mail.reply_text.trim();
    if own.is_empty() || intake.mail.wordless {
        return Some(true);
    }
    match intake.head.lines.first().and_then(|line| policy.commands.begins(line)) {
        Some(Name::Approve) => Some(true),
        Some(Name::Reject) => Some(false),
        _ => says_yes(own, &policy.commands),
    }
}

/// Yes or no in plain words; neither where the words do not say so clearly.
pub(super) fn says_yes(text: &str, commands: &Commands) -> Option<bool> {
    let folded = fold(text.trim());
    let first = first_word(text);
    if commands.means("yes", &first) {
        return Some(true);
    }
    // "No problem" is no refusal.
    let after = folded.strip_prefix(first.as_str()).and_then(|rest| rest.chars().next());
    let alone = after.is_none_or(|c| !c.is_whitespace() || c == '\n');
    (commands.means("no", &first) && (first != "no" || alone)).then_some(false)
}

/// An agent's answer to the notification about a held email lets it in, or refuses it.
pub(super) fn review(intake: &Intake, proven: bool, policy: &Policy, secret: &Secret) -> Option<Decision> {
    let mut held = intake
        .tokens()
        .filter(|t| t.is_for(secret, &intake.sender))
        .map(|t| t.about)
        .filter(|about| about.ticket().is_none());
    let about = held.next().filter(|_| intake.agent.is_some() && intake.mail.automatic.is_none())?;
    // A list asked for in answer to a list.
    if intake
        .head
        .lines
        .first()
        .is_some_and(|line| !matches!(policy.commands.begins(line), Some(Name::Approve | Name::Reject)))
    {
        return None;
    }
    if !proven {
        let sender = &intake.sender;
        let why = phrase!("held.unproven", sender);
        let queue = intake.queue.clone().unwrap_or_default();
        return Some(about_held(not_done(intake, why, &queue, policy), about));
    }
    let About::Held(held) = about else {
        // A digest names many: the first line may say which one is meant.
        if intake.signals.iter().any(|signal| matches!(signal, Signal::Number(_))) {
            return None;
        }
        let why = phrase!("held.about_no_ticket");
        let queue = intake.queue.clone().unwrap_or_default();
        return Some(with_own_text(not_done(intake, why, &queue, policy), intake));
    };
    let Some(admit) = verdict(intake, policy) else {
        let why = phrase!("held.neither_yes_nor_no");
        let queue = intake.queue.clone().unwrap_or_default();
        return Some(about_held(not_done(intake, why, &queue, policy), about));
    };
    Some(Decision::Review { held, admit, by: intake.sender.clone() })
}

/// The writer gets their words back: they are nowhere else.
fn with_own_text(mut decision: Decision, intake: &Intake) -> Decision {
    if let Decision::Tell(holding) = &mut decision {
        let own = intake.mail.reply_text.trim();
        holding.notifications.iter_mut().for_each(|notice| notice.text = Some(own.to_owned()));
    }
    decision
}

/// An answer to the notification speaks of the held email, like the notification before.
fn about_held(decision: Decision, about: About) -> Decision {
    match decision {
        Decision::Tell(mut holding) => {
            holding.about = Some(about);
            Decision::Tell(holding)
        }
        other => other,
    }
}

fn tell(
    intake: &Intake,
    cause: HoldCause,
    reason: impl Into<Detail>,
    queue: &str,
    notifications: Vec<Notification>,
    policy: &Policy,
) -> Decision {
    let holding = telling(intake, Verdict::Held, reason, queue, notifications, policy);
    Decision::Tell(Box::new(Holding { cause, ..holding }))
}

/// Notifications about an email that joins no ticket.
pub(super) fn holding(
    case: &Case<'_>,
    verdict: Verdict,
    reason: impl Into<Detail>,
    notifications: Vec<Notification>,
) -> Holding {
    telling(case.intake, verdict, reason, &case.queue.name, notifications, case.policy)
}

/// The same where less is known of it.
pub(super) fn telling(
    intake: &Intake,
    verdict: Verdict,
    reason: impl Into<Detail>,
    queue: &str,
    notifications: Vec<Notification>,
    policy: &Policy,
) -> Holding {
    let id = intake.mail.message_id.clone();
    Holding {
        verdict,
        cause: if verdict == Verdict::Held { HoldCause::Unproven } else { HoldCause::Other },
        reason: reason.into(),
        about: None,
        ticket: TicketView {
            queue: queue.to_owned(),
            title: strip_prefixes(&intake.mail.subject).chars().take(250).collect(),
            requester: sender(intake, policy),
            root_message_id: id.clone(),
            last_public_id: id,
            ..TicketView::default()
        },
        message: message(intake, Visibility::Internal, &intake.mail.text),
        absence: None,
        notifications,
    }
}
