//! Buttons that are emails: links which, once opened and sent, are the whole act.
//!
//! A `mailto:` link (RFC 6068) carries the command as its text. Where the reply address does not name
//! the notification, a line of the text does, which [`crate::ticket::read`] takes out again.

use super::link::{Button, Way};
use super::{Parcel, Phrases};
use crate::ticket::command::Name;
use crate::ticket::life::{Move, after};
use crate::ticket::notification::Buttons;
use crate::ticket::{NotificationKind, Policy, Status, TicketView};
use crate::ticket::{is_urgent, may};

/// What a button says, and the line it writes.
struct Choice {
    name: Name,
    label: String,
    line: String,
}

/// What may be offered to one reader.
struct Offer<'a> {
    phrases: &'a Phrases,
    policy: &'a Policy,
}

impl Offer<'_> {
    /// The button of a command.
    fn by(&self, name: Name) -> Choice {
        let language = self.phrases.language();
        let label = self.policy.commands.called(name, language).button.clone();
        Choice { name, label, line: self.policy.commands.line(name, language) }
    }

    fn all<const N: usize>(&self, names: [Name; N]) -> Vec<Choice> {
        names.into_iter().map(|name| self.by(name)).collect()
    }

    /// Whether a held email is let in.
    fn admission(&self) -> Vec<Choice> {
        let one = |name: Name, code| Choice { label: self.phrases.text(code, &[]), ..self.by(name) };
        vec![one(Name::Approve, "button.admit"), one(Name::Reject, "button.refuse")]
    }
}

pub(super) fn buttons(parcel: &Parcel<'_>, way: &Way<'_>, phrases: &Phrases, policy: &Policy) -> Vec<Button> {
    let (kind, ticket) = (parcel.notification.kind, parcel.ticket);
    let open = !ticket.status.is_done();
    let offer = Offer { phrases, policy };
    let mut first = reply(parcel, way, &offer);
    let mut choices = match kind.row().buttons {
        // What was done may be about no ticket.
        Buttons::Agent if ticket.number.is_empty() => Vec::new(),
        Buttons::Agent => for_agent(parcel, &offer),
        Buttons::Approve => offer.all([Name::Approve, Name::Reject]),
        Buttons::Admit => offer.admission(),
        Buttons::Confirm => offer.all([Name::Solved, Name::Unsolved]),
        Buttons::Acknowledged if ticket.status == Status::Approval => offer.all([Name::Progress]),
        Buttons::Progress => offer.all([Name::Progress]),
        Buttons::Solved => offer.all([Name::Solved]),
        Buttons::Open | Buttons::Acknowledged | Buttons::Answered if open => offer.all([Name::Solved, Name::Progress]),
        Buttons::Answered if ticket.status == Status::Resolved => offer.all([Name::Solved, Name::Unsolved]),
        Buttons::Incident => return for_incident(parcel, way, &offer),
        Buttons::PostMortem => return post_mortem(parcel, way, &offer),
        Buttons::Action => return actions(parcel, way, &offer),
        Buttons::Again => return repaired(parcel, way, phrases),
        Buttons::None | Buttons::Open | Buttons::Acknowledged | Buttons::Answered => Vec::new(),
    };
    // Only the requester says whether it is solved.
    let owns = parcel.notification.to.address == ticket.requester.address;
    choices.retain(|choice| owns || !matches!(choice.name, Name::Solved | Name::Unsolved));
    let others = drawn(choices, parcel, way);
    if first.is_empty() {
        return others;
    }
    first.extend(others.into_iter().map(|button| Button { strong: false, ..button }));
    first
}

/// An empty email, for whoever has no quote to answer; on a receipt, what was kept inside, ready to be sent.
fn reply(parcel: &Parcel<'_>, way: &Way<'_>, offer: &Offer<'_>) -> Vec<Button> {
    let Offer { phrases, policy } = offer;
    let (notification, ticket) = (parcel.notification, parcel.ticket);
    let subject = subject(ticket);
    if notification.kind == NotificationKind::Receipt && notification.ready {
        let text = notification.text.as_deref().unwrap_or_default();
        let line = policy.commands.line(Name::Public, phrases.language());
        let fits = text.len() <= LONGEST;
        return fits
            .then(|| button(way, &subject, &phrases.text("button.send_note", &[]), &format!("{line}\n\n{text}"), true))
            .into_iter()
            .collect();
    }
    if !parcel.is_answered_plainly(policy) {
        return Vec::new();
    }
    let asks = &ticket.requester;
    let name = if asks.name.is_empty() { &asks.address } else { &asks.name };
    vec![button(way, &subject, &phrases.text("button.reply_to", &[("name", name)]), "", true)]
}

/// Most bytes of a text that is put into a link: some mail programs open none that is longer.
const LONGEST: usize = 1_200;

fn drawn(choices: Vec<Choice>, parcel: &Parcel<'_>, way: &Way<'_>) -> Vec<Button> {
    let subject = subject(parcel.ticket);
    let button = |(at, choice): (usize, Choice)| button(way, &subject, &choice.label, &choice.line, at == 0);
    choices.into_iter().enumerate().map(button).collect()
}

/// What may be done about a major incident; those it concerns are told by mail to their audience.
fn for_incident(parcel: &Parcel<'_>, way: &Way<'_>, offer: &Offer<'_>) -> Vec<Button> {
    let mut buttons = drawn(for_agent(parcel, offer), parcel, way);
    let Offer { phrases, policy } = offer;
    let command = policy.commands.line(Name::Broadcast, phrases.language());
    let words = phrases.text("incident.told_to_audience", &[]);
    for name in policy.audiences.keys().take(3) {
        let label = phrases.text("button.tell_audience", &[("name", name)]);
        buttons.push(button(way, &subject(parcel.ticket), &label, &format!("{command} {name}\n\n{words}"), false));
    }
    buttons
}

/// An email that is the form of the post-mortem.
fn post_mortem(parcel: &Parcel<'_>, way: &Way<'_>, offer: &Offer<'_>) -> Vec<Button> {
    let Offer { phrases, policy } = offer;
    let command = policy.commands.line(Name::PostMortem, phrases.language());
    let form = super::handover::post_mortem_form(parcel, phrases, policy);
    let label = phrases.text("button.write_post_mortem", &[]);
    vec![button(way, &subject(parcel.ticket), &label, &format!("{command}\n\n{form}"), true)]
}

/// One for each action that is the reader's own, and still to be done.
fn actions(parcel: &Parcel<'_>, way: &Way<'_>, offer: &Offer<'_>) -> Vec<Button> {
    let Choice { label, line, .. } = offer.by(Name::Done);
    let (ticket, to) = (parcel.ticket, &parcel.notification.to.address);
    let own = ticket.actions.iter().enumerate().filter(|(_, action)| action.is_open() && action.owner == *to);
    let numbers: Vec<usize> = own.map(|(at, _)| at + 1).take(5).collect();
    let label = |n: usize| if numbers.len() == 1 { label.clone() } else { format!("{label} ({n})") };
    let one = |n: &usize| button(way, &subject(ticket), &label(*n), &format!("{line} {n}"), *n == numbers[0]);
    numbers.iter().map(one).collect()
}

fn button(way: &Way<'_>, subject: &str, label: &str, command: &str, strong: bool) -> Button {
    let first = command.trim().lines().next().unwrap_or_default().to_owned();
    Button { label: label.to_owned(), href: way.mail(subject, command), order: first.clone(), command: first, strong }
}

pub(super) fn subject(ticket: &TicketView) -> String {
    if ticket.number.is_empty() { ticket.title.clone() } else { format!("Re: [{}] {}", ticket.number, ticket.title) }
}

/// What may be done with the ticket from where it stands.
fn for_agent(parcel: &Parcel<'_>, offer: &Offer<'_>) -> Vec<Choice> {
    let (ticket, to) = (parcel.ticket, &parcel.notification.to.address);
    let can = |step| after(ticket.status, step).is_some();
    let mut names = Vec::new();
    if parcel.notification.kind == NotificationKind::Receipt && ticket.undo.as_ref().is_some_and(|u| u.by == *to) {
        names.push(Name::Undo);
    }
    if ticket.status == Status::Resolved {
        names.extend([Name::Reopen, Name::Close]);
    } else if ticket.status != Status::Approval {
        if can(Move::Take) && !ticket.is_assigned_to(to) {
            names.push(Name::Take);
        }
        if can(Move::Resolve) {
            names.extend([Name::Resolve, Name::Ask]);
            // What calls people from other work is not put off by a click.
            names.extend(Some(Name::Pending).filter(|_| !is_urgent(&ticket.priority)));
        }
        let above = || offer.policy.at_level(&ticket.queue, ticket.level.max(1) + 1);
        if can(Move::Escalate) && !above().is_empty() && !offer.policy.is_confidential(ticket) {
            names.push(Name::Escalate);
        }
    }
    // Nobody is offered what would be refused.
    if let Some(agent) = offer.policy.agent(to) {
        let permitted =
            |name: &Name| name.row().right.is_none_or(|right| may(agent, right, ticket, offer.policy).is_ok());
        names.retain(permitted);
    }
    let held = |name: Name| match &ticket.undo {
        // An answer that waits is all that there is to take back.
        Some(undo) if name == Name::Undo && undo.what.is_empty() => {
            Choice { label: offer.phrases.text("button.hold_back", &[]), ..offer.by(name) }
        }
        _ => offer.by(name),
    };
    names.into_iter().map(held).collect()
}

/// The email that could not be carried out, ready to be sent again.
fn repaired(parcel: &Parcel<'_>, way: &Way<'_>, phrases: &Phrases) -> Vec<Button> {
    let Some(text) = parcel.notification.text.as_ref().filter(|_| parcel.notification.ready) else { return Vec::new() };
    vec![button(way, &subject(parcel.ticket), &phrases.text("button.send_again", &[]), text, true)]
}

/// One to five stars.
pub(super) fn stars(parcel: &Parcel<'_>, way: &Way<'_>, policy: &Policy) -> Vec<Button> {
    // Who did not answer is not asked how it was.
    let silent = parcel.notification.done.iter().any(|said| said.code == "told.closed_for_silence");
    if parcel.notification.kind != NotificationKind::Closed || parcel.ticket.merged_into.is_some() || silent {
        return Vec::new();
    }
    let command = policy.commands.line(Name::Rate, &parcel.notification.to.language);
    let star =
        |count: usize| button(way, &subject(parcel.ticket), &"★".repeat(count), &format!("{command} {count}"), false);
    (1..=5).map(star).collect()
}

/// Nought to ten: would they recommend the service desk?
pub(super) fn marks(parcel: &Parcel<'_>, way: &Way<'_>, policy: &Policy) -> Vec<Button> {
    if !policy.life.recommend || stars(parcel, way, policy).is_empty() {
        return Vec::new();
    }
    let command = policy.commands.line(Name::Recommend, &parcel.notification.to.language);
    let mark = |n: usize| button(way, &subject(parcel.ticket), &n.to_string(), &format!("{command} {n}"), false);
    (0..=10).map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_every_notification_and_names_the_notification_where_the_address_does_not() {
        let way = Way { address: "aide@college.example", mark: Some("abc".to_owned()) };
        let link = way.mail("Re: [A-1] 100 % été & co", "#résoudre ");
        assert_eq!(
            link,
            "mailto:aide@college.example?subject=Re%3A%20%5BA-1%5D%20100%20%25%20%C3%A9t%C3%A9%20%26%20co\
             &body=%23r%C3%A9soudre%20%0D%0A%0D%0A%5Bref%3Agt.abc%5D"
        );
        let way = Way { address: "aide+abc@college.example", mark: None };
        assert_eq!(way.mail("x", "#take"), "mailto:aide+abc@college.example?subject=x&body=%23take");
    }
}
