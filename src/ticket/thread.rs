//! Which ticket an email belongs to.
//!
//! Signals in order of trust: signed reply address, signed Message-ID, a stored Message-ID, a
//! number in the subject. The first two are proof in themselves; the last two need a sender who
//! takes part in the ticket, so that a stranger who guesses a number joins nothing.

use super::policy::Policy;
use super::read::{Intake, Signal};
use super::token::{Secret, Token};
use super::words::TicketView;
use crate::mail::{fold, strip_prefixes};

/// A ticket that a signal of the email leads to.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub signal: Signal,
    /// The ticket it leads to.
    pub ticket: TicketView,
}

/// Where the email belongs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Threading {
    /// The ticket it joins, and by which signal.
    pub joined: Option<Candidate>,
    /// True when it answers a notification that was issued to its very sender.
    pub answers_own_notification: bool,
    /// The token of that notification, as text.
    pub own_token: Option<String>,
    /// To whom the notification it answers was issued.
    pub holder: Option<String>,
    /// True when the notification it answers was issued to somebody of the requester's side.
    pub answers_public_notification: bool,
    /// Numbers of other tickets it also leads to, or would if its sender took part in them.
    pub also: Vec<String>,
}

/// Chooses among the candidates, which stand in order of trust.
#[must_use]
pub(crate) fn choose(intake: &Intake, candidates: &[Candidate], policy: &Policy, secret: &Secret) -> Threading {
    let mut threading = Threading::default();
    for candidate in candidates {
        let holder = match &candidate.signal {
            Signal::ReplyAddress(token) | Signal::SignedId(token) => {
                match holder(token, intake, &candidate.ticket, policy, secret) {
                    Some(holder) => Some(holder),
                    // Not ours, or not for anybody of this ticket: worth nothing, not even a note.
                    None => continue,
                }
            }
            Signal::StoredId { .. }
            | Signal::Alert(_)
            | Signal::Number(_)
            | Signal::VendorReference(_)
            | Signal::Operator(_) => None,
        };
        let number = &candidate.ticket.number;
        let same = threading.joined.as_ref().is_some_and(|j| j.ticket.id == candidate.ticket.id);
        if let Some(holder) = &holder
            && (same || threading.joined.is_none())
        {
            threading.answers_own_notification |= *holder == intake.sender;
            if *holder == intake.sender
                && let Signal::ReplyAddress(token) | Signal::SignedId(token) = &candidate.signal
            {
                threading.own_token.get_or_insert_with(|| token.text());
            }
            let ticket = &candidate.ticket;
            threading.answers_public_notification |=
                policy.agent(holder).is_none() && ticket.participants.contains(holder);
            threading.holder.get_or_insert_with(|| holder.clone());
        }
        if same {
            continue;
        }
        if threading.joined.is_none() && (holder.is_some() || is_plausible(intake, candidate)) {
            threading.joined = Some(candidate.clone());
        } else if !threading.also.contains(number) {
            threading.also.push(number.clone());
        }
    }
    threading
}

/// Whom the token was issued to: the sender, a participant, or an agent.
fn holder(token: &Token, intake: &Intake, ticket: &TicketView, policy: &Policy, secret: &Secret) -> Option<String> {
    let agents = policy.agents.values().map(|a| &a.address);
    let known = std::iter::once(&intake.sender).chain(&ticket.participants).chain(&ticket.vendors).chain(agents);
    // A delivery report comes from a mail system: the notification's recipient is who it reports.
    let reported = intake.mail.bounce.iter().flat_map(|b| &b.recipients);
    let reported: Vec<String> = reported.map(|a| crate::mail::key(a)).collect();
    known.chain(&reported).find(|key| token.is_for(secret, key)).cloned()
}

fn is_plausible(intake: &Intake, candidate: &Candidate) -> bool {
    let ticket = &candidate.ticket;
    if matches!(candidate.signal, Signal::Operator(_) | Signal::Alert(_)) {
        return true;
    }
    // What a vendor writes reaches the service desk as theirs: their address alone says nothing.
    let vendor = ticket.vendors.contains(&intake.sender) && (intake.authenticated || intake.released);
    let takes_part = intake.agent.is_some() || ticket.participants.contains(&intake.sender) || vendor;
    takes_part
        // The sender is not who the email claims: only what needs no sender counts then.
        && !intake.denied
        && match &candidate.signal {
            // Clients that start a new email from an old one keep its References but not its subject.
            Signal::StoredId { direct: false, .. } => same_subject(intake, &candidate.ticket),
            _ => true,
        }
}

fn same_subject(intake: &Intake, ticket: &TicketView) -> bool {
    let title = fold(strip_prefixes(&intake.tagged.title));
    let title = title.trim_start_matches(|c| "[]# ".contains(c));
    let own = fold(&ticket.title);
    title == own || title.ends_with(&own)
}
