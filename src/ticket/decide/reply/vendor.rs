//! The side-thread with an outside vendor (CO5): what a vendor writes reaches the service desk, never the
//! requester; the vendor's own number is learned from their subject and named in what they get.

use std::sync::LazyLock;

use crate::mail::{AutomaticKind, Pattern, compile};
use crate::ticket::decide::draft::Draft;
use crate::ticket::decide::people::message;
use crate::ticket::decide::reply::joined::{joined_events, reason};
use crate::ticket::decide::{Case, Decision};
use crate::ticket::life::Move;
use crate::ticket::thread::Candidate;
use crate::ticket::words::{NotificationKind, PendingOn, TicketView, Visibility};

/// Whether the email comes from a vendor the ticket was shown to: as an answer to their notification, or from their address where the
/// mailbox's own server vouches for it, or a person does.
pub(in crate::ticket::decide) fn is_from(case: &Case<'_>, found: &Candidate) -> bool {
    let (ticket, intake) = (&found.ticket, case.intake);
    let of_theirs = |key: &String| ticket.vendors.contains(key) && !ticket.participants.contains(key);
    let known = intake.authenticated || intake.released || intake.placed;
    intake.agent.is_none()
        && ((of_theirs(&intake.sender) && known) || case.threading.holder.as_ref().is_some_and(of_theirs))
}

/// The ticket to whose vendor the email claims to belong, where nothing but the address says so.
pub(in crate::ticket::decide) fn claimed<'a>(case: &Case<'a>) -> Option<&'a TicketView> {
    let intake = case.intake;
    let tickets = case.snapshot.candidates.iter().map(|candidate| &candidate.ticket);
    let theirs =
        |ticket: &&TicketView| ticket.vendors.contains(&intake.sender) && !ticket.participants.contains(&intake.sender);
    tickets.into_iter().find(theirs).filter(|_| intake.agent.is_none() && !intake.released)
}

/// The email becomes a message between desk and vendor. A machine's acknowledgement does so as well:
/// it mostly brings the vendor's number.
pub(in crate::ticket::decide) fn join(case: &Case<'_>, found: &Candidate, machine: Option<AutomaticKind>) -> Decision {
    let mut draft = Draft::new(*case, &found.ticket);
    draft.events = joined_events(case.intake, found, case.threading);
    // A former vendor is heard, and ends no wait for the present one.
    let vendor = found.ticket.vendor.as_ref();
    let present =
        vendor.is_some_and(|vendor| case.intake.sender == *vendor || case.threading.holder.as_ref() == Some(vendor));
    if present
        && found.ticket.vendor_reference.is_none()
        && let Some(number) = reference(&case.intake.mail.subject, &found.ticket)
    {
        draft.event("vendor", format!("the vendor's number is {number}"));
        draft.ticket.vendor_reference = Some(number);
    }
    // Helpdesks mark what their people write as generated; only an acknowledgement says nothing.
    if machine != Some(AutomaticKind::Reply) {
        if present && draft.ticket.pending_on == Some(PendingOn::Vendor) {
            // Waiting is what this move ends, from the only status it waits in.
            let _ = draft.go(Move::Wake);
        }
        draft.tell_agents(NotificationKind::NewMessage);
    }
    let message = message(case.intake, Visibility::Vendor, &case.intake.mail.reply_text);
    Decision::Join(Box::new(draft.joining(message, true, reason(found))))
}

/// A number as helpdesks write it into subjects: `[#12345]`, `(ABC-1234)`, `REQ0012345`, `Ticket 4711`.
static NUMBER: Pattern = LazyLock::new(|| {
    compile(
        r"(?i)(?:[\[(#]\s*#?|\b(?:ticket|case|request|demande|incident|dossier|ref)\b\W{0,4}(?:n°|no)?\s*)([a-z]{0,12}[-_#:]?\d[\d-]{2,14})|\b([A-Z]{2,6}-?\d{4,12})\b",
    )
});

fn reference(subject: &str, ticket: &TicketView) -> Option<String> {
    // Our own number and title stand in an answer's subject too, and are not theirs.
    let rest = subject.replace(&ticket.number, " ").replace(&ticket.title, " ");
    let found = NUMBER.captures(&rest)?;
    let number = found.get(1).or_else(|| found.get(2))?.as_str();
    Some(number.trim_matches(['-', ':', '#']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_number_is_told_from_ours_and_from_the_titles() {
        let ticket = TicketView {
            number: "INSA-000012".to_owned(),
            title: "Export en panne depuis le 12345".to_owned(),
            ..TicketView::default()
        };
        let read = |subject: &str| reference(subject, &ticket);
        assert_eq!(read("[#48213] Re: [INSA-000012] Export en panne depuis le 12345").as_deref(), Some("48213"));
        assert_eq!(read("Re: [INSA-000012] Export (KEL-2071)").as_deref(), Some("KEL-2071"));
        assert_eq!(read("Ticket n°4711 : pris en compte").as_deref(), Some("4711"));
        assert_eq!(read("REQ0012345 opened").as_deref(), Some("REQ0012345"));
        assert_eq!(read("Re: [INSA-000012] Export en panne depuis le 12345"), None);
    }
}
