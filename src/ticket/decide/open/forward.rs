//! An agent passes a request on: the ticket is opened for the person who wrote it.
//!
//! Where the mailbox's server is believed, it must vouch for the agent. Where none is, nothing
//! proves an email that answers no notification of ours; but a forger gains nothing by it that an email in the
//! original sender's own name would not give, so it may open what that sender may open.

use crate::mail::{Forwarded, strip_prefixes};
use crate::ticket::cause::HoldCause;
use crate::ticket::decide::open::{Request, opening, other_queues, tell_others, title};
use crate::ticket::decide::people::{message, people};
use crate::ticket::decide::{Case, Decision, may_open, stranger};
use crate::ticket::policy::Policy;
use crate::ticket::read::{Intake, fields_of, language_of, with_words};
use crate::ticket::words::{Event, MessageDraft, Person, Visibility};

/// The email an agent passes on, when it was written by somebody outside the service desk.
pub(in crate::ticket::decide) fn original<'a>(intake: &'a Intake, policy: &Policy) -> Option<&'a Forwarded> {
    intake.agent.as_ref()?;
    let forwarded = intake.mail.forwarded.as_ref()?;
    let author = forwarded.from.key();
    let outside = author != intake.sender && policy.agent(&author).is_none() && !policy.is_own_address(&author);
    outside.then_some(forwarded)
}

/// Opens the ticket, or holds the email when nobody vouches for who passed it on.
pub(in crate::ticket::decide) fn open(case: &Case<'_>, original: &Forwarded) -> Decision {
    let Case { intake, policy, queue, proven, .. } = *case;
    let author = original.from.key();
    if !proven && policy.authserv_ids.contains_key(&intake.mailbox) {
        return Decision::Hold(
            HoldCause::Unproven,
            format!("it passes on an email in the name of the agent {}, and nothing proves it", intake.sender).into(),
        );
    }
    if !proven && !may_open(&author, queue) {
        return Decision::Hold(HoldCause::Stranger, stranger(&author, queue).into());
    }
    let request = request(case, original);
    let mut opening = opening(case, request, queue);
    let text = format!("passed on by {}", intake.sender);
    tell_others(&mut opening, &other_queues(intake, policy, proven), intake, policy);
    opening.events.insert(0, Event::by(&intake.sender, "forwarded", text));
    Decision::Open(vec![opening])
}

/// What the email says that an agent passes on.
pub(in crate::ticket::decide) fn request(case: &Case<'_>, original: &Forwarded) -> Request {
    let Case { intake, policy, queue, .. } = *case;
    let author = original.from.key();
    let whole = original.attachments.clone();
    let language = language_of(&original.text, policy).unwrap_or_else(|| policy.service_desk.language.clone());
    let requester = Person { address: author.clone(), name: original.from.name.clone(), language };
    let draft = message(intake, Visibility::Public, &original.text);
    Request {
        others: people(original.others.iter(), &author, policy),
        // Not the subject of who passed it on: those are words for the service desk.
        title: title(strip_prefixes(&original.subject), &original.text, &case.policy.service_desk.no_subject),
        message: MessageDraft {
            sender: author,
            sender_name: original.from.name.clone(),
            message_id: original.message_id.clone().unwrap_or_default(),
            text: original.text.clone(),
            above: original.above.clone(),
            attachments: whole.unwrap_or_else(|| draft.attachments.clone()),
            ..draft
        },
        // It keeps the passing mail's own id, so that what refers to that finds the ticket.
        note: Some(MessageDraft {
            from_agent: true,
            new_text: original.above.clone(),
            text: intake.mail.text.clone(),
            attachments: Vec::new(),
            ..message(intake, Visibility::Internal, &original.above)
        }),
        fields: with_words(
            fields_of(&original.text, &requester.name, queue, policy),
            &original.text,
            &requester.name,
            queue,
            policy,
        ),
        reason: format!("a request of {} that {} passed on", requester.address, intake.sender),
        requester,
        category: None,
    }
}
