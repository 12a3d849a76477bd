//! Buttons that are emails: links which, once opened and sent, are the whole act.
//!
//! A `mailto:` link (RFC 6068) carries the command as its text. Where the reply address does not name
//! the notification, a line of the text does, which [`crate::ticket::read`] takes out again.

use super::Parcel;
use super::link::{Button, Way};
use crate::ticket::command::{self, Name};
use crate::ticket::life::{Move, after};
use crate::ticket::notification::Buttons;
use crate::ticket::{NotificationKind, Policy, Status, TicketView};

/// Label and command, in French and English.
type Pair = command::Button;

/// The button of a command.
fn by(name: Name) -> Pair {
    name.row().button.unwrap_or_default()
}

const ADMIT: Pair = (["Accepter", "Accept"], ["#approve", "#approve"]);
const REFUSE: Pair = (["Refuser", "Refuse"], ["#reject", "#reject"]);

pub(super) fn buttons(parcel: &Parcel<'_>, way: &Way<'_>, policy: &Policy) -> Vec<Button> {
    let (kind, ticket) = (parcel.notification.kind, parcel.ticket);
    let open = !ticket.status.is_done();
    let pairs = match kind.row().buttons {
        Buttons::Agent => for_agent(parcel, policy),
        Buttons::Approve => vec![by(Name::Approve), by(Name::Reject)],
        Buttons::Admit => vec![ADMIT, REFUSE],
        Buttons::Confirm => vec![by(Name::Solved), by(Name::Unsolved)],
        Buttons::Acknowledged if ticket.status == Status::Approval => vec![by(Name::Progress)],
        Buttons::Progress => vec![by(Name::Progress)],
        Buttons::Solved => vec![by(Name::Solved)],
        Buttons::Open | Buttons::Acknowledged | Buttons::Answered if open => vec![by(Name::Solved), by(Name::Progress)],
        Buttons::Answered if ticket.status == Status::Resolved => vec![by(Name::Solved), by(Name::Unsolved)],
        Buttons::Incident => return for_incident(parcel, way, policy),
        Buttons::PostMortem => return post_mortem(parcel, way, policy),
        Buttons::Again => return repaired(parcel, way),
        Buttons::None | Buttons::Open | Buttons::Acknowledged | Buttons::Answered => Vec::new(),
    };
    // Only the requester says whether it is solved.
    let owns = parcel.notification.to.address == ticket.requester.address;
    drawn(
        pairs.into_iter().filter(|pair| owns || ![by(Name::Solved), by(Name::Unsolved)].contains(pair)).collect(),
        parcel,
        way,
    )
}

fn drawn(pairs: Vec<Pair>, parcel: &Parcel<'_>, way: &Way<'_>) -> Vec<Button> {
    let french = parcel.notification.to.language == "fr";
    let subject = subject(parcel.ticket);
    let button = |(at, (labels, commands)): (usize, Pair)| {
        let pick = |pair: [&'static str; 2]| if french { pair[0] } else { pair[1] };
        button(way, &subject, pick(labels), pick(commands), at == 0)
    };
    pairs.into_iter().enumerate().map(button).collect()
}

/// What may be done about a major incident; those it concerns are told by mail to their audience.
fn for_incident(parcel: &Parcel<'_>, way: &Way<'_>, policy: &Policy) -> Vec<Button> {
    let mut buttons = drawn(for_agent(parcel, policy), parcel, way);
    let french = parcel.notification.to.language == "fr";
    let command = if french { "#diffuser" } else { "#broadcast" };
    let words = if french {
        "Un incident perturbe le service. Nous y travaillons et vous tiendrons informés."
    } else {
        "An incident disturbs the service. We are working on it and will keep you informed."
    };
    for name in policy.audiences.keys().take(3) {
        let label = if french { format!("Prévenir : {name}") } else { format!("Tell: {name}") };
        buttons.push(button(way, &subject(parcel.ticket), &label, &format!("{command} {name}\n\n{words}"), false));
    }
    buttons
}

/// An email that is the form of the post-mortem.
fn post_mortem(parcel: &Parcel<'_>, way: &Way<'_>, policy: &Policy) -> Vec<Button> {
    let french = parcel.notification.to.language == "fr";
    let (label, command) =
        if french { ("Écrire le post-mortem", "#bilan") } else { ("Write the post-mortem", "#postmortem") };
    let form = super::handover::post_mortem_form(parcel, policy, french);
    vec![button(way, &subject(parcel.ticket), label, &format!("{command}\n\n{form}"), true)]
}

fn button(way: &Way<'_>, subject: &str, label: &str, command: &str, strong: bool) -> Button {
    let first = command.trim().lines().next().unwrap_or_default().to_owned();
    Button { label: label.to_owned(), href: way.mail(subject, command), order: first.clone(), command: first, strong }
}

pub(super) fn subject(ticket: &TicketView) -> String {
    if ticket.number.is_empty() { ticket.title.clone() } else { format!("Re: [{}] {}", ticket.number, ticket.title) }
}

/// What may be done with the ticket from where it stands.
fn for_agent(parcel: &Parcel<'_>, policy: &Policy) -> Vec<Pair> {
    let (ticket, to) = (parcel.ticket, &parcel.notification.to.address);
    let can = |step| after(ticket.status, step).is_some();
    let mut pairs = Vec::new();
    if parcel.notification.kind == NotificationKind::Receipt && ticket.undo.as_ref().is_some_and(|u| u.by == *to) {
        pairs.push(by(Name::Undo));
    }
    if ticket.status == Status::Approval {
        return pairs;
    }
    if ticket.status == Status::Resolved {
        pairs.extend([by(Name::Reopen), by(Name::Close)]);
        return pairs;
    }
    if can(Move::Take) && !ticket.is_assigned_to(to) {
        pairs.push(by(Name::Take));
    }
    if can(Move::Resolve) {
        pairs.extend([by(Name::Resolve), by(Name::Ask), by(Name::Pending)]);
    }
    if can(Move::Escalate) && !policy.at_level(&ticket.queue, ticket.level.max(1) + 1).is_empty() {
        pairs.push(by(Name::Escalate));
    }
    pairs
}

/// The email that could not be carried out, ready to be sent again.
fn repaired(parcel: &Parcel<'_>, way: &Way<'_>) -> Vec<Button> {
    let repaired = parcel.notification.ready && !parcel.ticket.number.is_empty();
    let Some(text) = parcel.notification.text.as_ref().filter(|_| repaired) else { return Vec::new() };
    let label = if parcel.notification.to.language == "fr" { "Renvoyer, corrigé" } else { "Send again, fixed" };
    vec![button(way, &subject(parcel.ticket), label, text, true)]
}

/// One to five stars.
pub(super) fn stars(parcel: &Parcel<'_>, way: &Way<'_>) -> Vec<Button> {
    if parcel.notification.kind != NotificationKind::Closed || parcel.ticket.merged_into.is_some() {
        return Vec::new();
    }
    let command = if parcel.notification.to.language == "fr" { "#avis" } else { "#rate" };
    let star =
        |count: usize| button(way, &subject(parcel.ticket), &"★".repeat(count), &format!("{command} {count}"), false);
    (1..=5).map(star).collect()
}

/// Nought to ten: would they recommend the service desk?
pub(super) fn marks(parcel: &Parcel<'_>, way: &Way<'_>, policy: &Policy) -> Vec<Button> {
    if !policy.life.recommend || stars(parcel, way).is_empty() {
        return Vec::new();
    }
    let command = if parcel.notification.to.language == "fr" { "#recommander" } else { "#recommend" };
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
