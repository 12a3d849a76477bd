//! What a notification may tell: the values templates name.

use serde::Serialize;

use super::buttons::{buttons, marks, stars};
use super::handover::{Section, sections};
use super::link::{Button, Way};
use super::{Listed, Parcel, Phrases};
use crate::mail::{Attachment, FileRole};
use crate::ticket::command::Name;
use crate::ticket::notification::{Audience, Hits};
use crate::ticket::sla;
use crate::ticket::{
    DeadlineKind, MessageDraft, NotificationKind, Phrase, Policy, Status, TicketView, Visibility, scrubbed,
};

/// Everything a template can name. In strict mode a name that is not here is a mistake.
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    /// The service desk.
    #[serde(rename = "desk")]
    pub service_desk: ServiceDeskFacts,
    /// Who reads the notification.
    pub recipient: PersonFacts,
    /// The ticket.
    pub ticket: TicketFacts,
    /// The message the notification is about.
    pub message: MessageFacts,
    /// What did not arrive; empty texts in notifications about something else.
    pub undelivered: UndeliveredFacts,
    /// Language of the notification (`fr`).
    pub language: String,
    /// True in notifications to the service desk's own people.
    pub internal: bool,
    /// True where the reader's plain reply goes to the requester.
    pub answers_requester: bool,
    /// What is odd about who wrote the message, sentence by sentence; empty in notifications to requesters.
    pub warnings: Vec<String>,
    /// What was done or is to be known, sentence by sentence.
    pub done: Vec<String>,
    /// Links that are emails: what the reader may do.
    pub buttons: Vec<Button>,
    /// The same for one to five stars.
    pub stars: Vec<Button>,
    /// The same for nought to ten.
    pub marks: Vec<Button>,
    /// Tickets, in a list.
    pub listed: Vec<ListedFacts>,
    /// Headings and texts, in notifications that show more than one message.
    pub sections: Vec<Section>,
    /// The figures of a report, in notifications that are one.
    pub report: serde_json::Value,
    /// What may help: articles, and, for the service desk alone, solved tickets.
    pub hits: Vec<HitFacts>,
}

/// A ticket in a list.
#[derive(Debug, Clone, Serialize)]
pub struct ListedFacts {
    pub number: String,

    pub title: String,
    /// Its status, in words.
    pub status: String,
    /// Code of its priority.
    pub priority: String,
    /// Who asked.
    pub requester: String,
    /// Name of the agent who has it; empty for none, and in notifications to requesters.
    pub assignee: String,
    /// When it last changed.
    pub changed: String,
    /// When it was opened; empty in notifications to requesters, as the next.
    pub opened: String,
    /// True where something that was promised about it is over.
    pub late: bool,
    /// Link to an email that asks for the whole of it; empty in notifications to requesters.
    pub href: String,
}

/// Something that may help.
#[derive(Debug, Clone, Serialize)]
pub struct HitFacts {
    /// Number of the ticket; empty in notifications to requesters.
    pub number: String,

    pub title: String,
    /// What solved it.
    pub solution: String,
}

/// The service desk, as notifications present it.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceDeskFacts {
    pub name: String,
    /// The queue's support address.
    pub address: String,
}

/// A person.
#[derive(Debug, Clone, Serialize)]
pub struct PersonFacts {
    /// Name; may be empty.
    pub name: String,

    pub address: String,
}

/// The ticket.
#[derive(Debug, Clone, Serialize)]
pub struct TicketFacts {
    /// Number (`CG42N1-000123`).
    pub number: String,

    pub title: String,
    /// Status word.
    pub status: String,
    /// Priority code.
    pub priority: String,
    /// Priority in the reader's language.
    pub priority_label: String,

    pub queue: String,
    /// Who asked.
    pub requester: PersonFacts,
    /// Whom a public answer reaches; empty in notifications to requesters.
    pub answers_to: String,
    /// What the request says, field by field.
    pub fields: Vec<FieldFacts>,
    /// Names of the fields that are still to be said.
    pub missing: Vec<String>,
    /// Status in the reader's language.
    pub status_label: String,
    /// Level that has it (`2`).
    pub level: i64,
    /// Name of its type, in words; may be empty, like the next two.
    pub kind: String,

    pub category: String,

    pub service: String,
    /// Name of the agent who has it; may be empty.
    pub assignee: String,
    /// What solved it; may be empty.
    pub solution: String,
    /// The vendor's own number; empty in notifications to requesters.
    pub vendor_reference: String,
    /// When it was opened.
    pub created: String,
    /// Numbers of tickets that have to do with it; empty in notifications to requesters.
    pub related: Vec<String>,
    /// Number of the ticket it is part of; empty in notifications to requesters, as the next two.
    pub parent: String,
    /// Numbers of the tickets that are part of it.
    pub parts: Vec<String>,
    /// Number of the ticket it was merged into.
    pub merged_into: String,
    /// Name of the team that has it; empty in notifications to requesters.
    pub team: String,
    /// Free words; empty in notifications to requesters.
    pub tags: String,
    /// True while it waits for an approval.
    pub approval: bool,
    /// True when it went into another ticket.
    pub merged: bool,
    /// The day on which it is closed if nobody answers; empty where that is not near.
    pub closes: String,
    /// True once it is resolved or closed.
    pub finished: bool,
    /// What is promised: due when, in whose calendar, paused how long and why, sentence by sentence. In notifications
    /// to requesters, when they can expect an answer.
    pub service_level: Vec<String>,
}

/// A field of a request.
#[derive(Debug, Clone, Serialize)]
pub struct FieldFacts {
    /// Its name in the reader's language.
    pub label: String,
    /// What the requester wrote.
    pub value: String,
}

/// A notification that did not arrive.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UndeliveredFacts {
    /// Whom it did not reach.
    pub address: String,
    /// Code of the refusal (`5.1.1`); may be empty.
    pub status: String,
    /// Words of the refusing server; may be empty.
    pub reason: String,
    /// True when nothing more is written to the address for now.
    pub lasting: bool,
}

/// The message.
#[derive(Debug, Clone, Serialize)]
pub struct MessageFacts {
    /// Its author: the name, or the address; for requesters an agent is only ever named.
    pub author: String,
    /// Its text, whole.
    pub text: String,
    /// True when only the service desk may read it.
    pub internal: bool,
    /// True when it is between the service desk and a vendor.
    pub vendor: bool,
    /// True when an agent wrote it.
    pub from_agent: bool,
    /// What somebody of the service desk wrote above an email they passed on; empty in notifications to requesters.
    pub above: String,
    /// True when it is encrypted, so that nobody of the service desk can read it.
    pub encrypted: bool,
    /// Files that came with it.
    pub attachments: Vec<AttachmentFacts>,
    /// Names of pictures taken for logos of a signature, which are left out, with commas between them.
    pub logos: String,
}

/// A file.
#[derive(Debug, Clone, Serialize)]
pub struct AttachmentFacts {
    pub name: String,
    /// Its size for people (`120 kB`).
    pub size: String,
    /// Whether it is in this notification; otherwise it was too large to send on.
    pub enclosed: bool,
}

impl Facts {
    /// Gathers the facts of a notification. `enclosed` are the part numbers of the files it carries.
    pub(super) fn gather(
        parcel: &Parcel<'_>,
        way: &Way<'_>,
        enclosed: &[usize],
        phrases: &Phrases,
        policy: &Policy,
    ) -> Self {
        let Parcel { notification, ticket, message, extra, .. } = *parcel;
        let (to, internal) = (&notification.to, notification.kind.is_internal());
        let language = to.language.clone();
        let said = |all: &mut dyn Iterator<Item = &Phrase>| all.map(|phrase| phrases.say(phrase, policy)).collect();
        // Whatever went wrong before: what is not for the reader is not said (invariant 12).
        let readable = if is_for(message.visibility, notification.kind) { message.new_text.as_str() } else { "" };
        let shown = |a: &&Attachment| a.role != FileRole::Logo && (internal || a.is_fit_for_requesters());
        let logos = message.attachments.iter().filter(|a| internal && a.role == FileRole::Logo);
        let files = message.attachments.iter().filter(shown).filter(|_| is_for(message.visibility, notification.kind));
        let failure = notification.undelivered.clone().unwrap_or_default();
        let address = policy.queues.get(&ticket.queue).map(|q| q.address.clone());
        Self {
            service_desk: ServiceDeskFacts {
                name: policy.service_desk.name.clone(),
                address: address.unwrap_or_default(),
            },
            recipient: PersonFacts { name: to.name.clone(), address: to.address.clone() },
            ticket: TicketFacts {
                service_level: service_level(parcel, phrases, policy),
                ..ticket_facts(
                    ticket,
                    internal || notification.kind == NotificationKind::Vendor,
                    &language,
                    phrases,
                    policy,
                )
            },
            message: MessageFacts {
                author: author(message, internal, policy),
                text: outward(notification.text.as_deref().unwrap_or(readable).trim_end(), internal),
                internal: message.visibility == Visibility::Internal,
                vendor: message.visibility == Visibility::Vendor,
                from_agent: message.from_agent,
                above: if internal { message.above.clone() } else { String::new() },
                encrypted: message.encrypted,
                attachments: files.map(|a| attachment(a, enclosed, phrases)).collect(),
                logos: logos.map(|a| a.name.as_str()).collect::<Vec<_>>().join(", "),
            },
            undelivered: UndeliveredFacts {
                address: failure.address,
                status: failure.status,
                reason: failure.reason,
                lasting: failure.lasting,
            },
            internal,
            answers_requester: parcel.is_answered_plainly(policy),
            warnings: said(&mut message.warnings.iter().filter(|_| internal)),
            done: said(&mut notification.done.iter()),
            buttons: buttons(parcel, way, phrases, policy),
            stars: stars(parcel, way, policy),
            marks: marks(parcel, way, policy),
            listed: extra.listed.iter().map(|one| listed(one, internal, way, phrases, policy)).collect(),
            sections: sections(parcel, way, phrases, policy),
            hits: hits(parcel, policy),
            report: extra.report.clone(),
            language,
        }
    }
}

/// A text as its reader may see it: people outside never see a token (invariant 12).
fn outward(text: &str, internal: bool) -> String {
    if internal { text.to_owned() } else { scrubbed(text) }
}

/// What is promised, for the reader.
fn service_level(parcel: &Parcel<'_>, phrases: &Phrases, policy: &Policy) -> Vec<String> {
    let (ticket, notification) = (parcel.ticket, parcel.notification);
    let said: Vec<Phrase> = match notification.kind {
        NotificationKind::Acknowledgement => sla::promised(ticket, parcel.now, policy).into_iter().collect(),
        NotificationKind::Question | NotificationKind::Pending => {
            sla::told_paused(ticket, policy).into_iter().collect()
        }
        NotificationKind::ReplyReceived => sla::told_due(ticket, false, parcel.now, policy).into_iter().collect(),
        NotificationKind::Reopened => sla::told_due(ticket, true, parcel.now, policy).into_iter().collect(),
        kind if kind.is_internal() => sla::explain(ticket, parcel.now, policy),
        _ => Vec::new(),
    };
    said.iter().map(|phrase| phrases.say(phrase, policy)).collect()
}

/// Whether a message of this visibility may be read in a notification of this kind.
#[must_use]
pub(crate) fn is_for(visibility: Visibility, kind: NotificationKind) -> bool {
    kind.is_internal()
        || match visibility {
            Visibility::Public => kind.row().audience != Audience::Vendor,
            Visibility::Vendor => kind.row().audience == Audience::Vendor,
            Visibility::Internal => false,
        }
}

/// Requesters are offered articles alone, and only where their queue does so.
fn hits(parcel: &Parcel<'_>, policy: &Policy) -> Vec<HitFacts> {
    let offered = policy.queues.get(&parcel.ticket.queue).is_some_and(|q| q.suggest);
    let internal = match parcel.notification.kind.row().hits {
        Hits::Articles if offered => false,
        Hits::All => true,
        Hits::Articles | Hits::None => return Vec::new(),
    };
    let own = &parcel.ticket.number;
    let fit = parcel.extra.hits.iter().filter(|h| (internal || h.article) && h.number != *own);
    let shorten = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(400).collect();
    fit.map(|h| HitFacts {
        number: if internal { h.number.clone() } else { String::new() },
        title: h.title.clone(),
        solution: shorten(&h.solution),
    })
    .collect()
}

fn listed(one: &Listed, internal: bool, way: &Way<'_>, phrases: &Phrases, policy: &Policy) -> ListedFacts {
    let command = policy.commands.line(Name::Show, phrases.language());
    let name = policy.agent(&one.assignee).map(|a| a.name.clone()).unwrap_or_default();
    ListedFacts {
        number: one.number.clone(),
        title: one.title.clone(),
        status: phrases.say(&one.status.label(), policy),
        priority: one.priority.clone(),
        requester: one.requester.clone(),
        assignee: if internal { name } else { String::new() },
        changed: phrases.at(one.at, &policy.service_desk.time_zone),
        opened: if internal { phrases.day(one.created_at, &policy.service_desk.time_zone) } else { String::new() },
        late: internal && one.is_late,
        href: if internal { way.mail(&format!("Re: [{}] {}", one.number, one.title), &command) } else { String::new() },
    }
}

/// `inside`: the notification stays within the service desk and its vendors.
fn ticket_facts(ticket: &TicketView, inside: bool, language: &str, phrases: &Phrases, policy: &Policy) -> TicketFacts {
    let asked = policy.queues.get(&ticket.queue).map(|q| q.ask.as_slice()).unwrap_or_default();
    let label = |code: &String| policy.field_label(code, language);
    let said = asked.iter().filter_map(|code| Some((label(code), ticket.fields.get(code)?.clone())));
    let lacks = |code: &&String| !ticket.fields.contains_key(*code) && policy.is_asked(code, ticket);
    TicketFacts {
        fields: said.map(|(label, value)| FieldFacts { label, value }).collect(),
        missing: asked.iter().filter(lacks).map(label).collect(),
        number: ticket.number.clone(),
        title: ticket.title.clone(),
        status: ticket.status.as_str().to_owned(),
        priority: ticket.priority.clone(),
        priority_label: policy.priority_label(&ticket.priority, language),
        queue: ticket.queue.clone(),
        requester: PersonFacts { name: ticket.requester.name.clone(), address: ticket.requester.address.clone() },
        answers_to: if inside { answers_to(ticket, policy) } else { String::new() },
        status_label: phrases.say(&ticket.status.label(), policy),
        level: ticket.level.max(1),
        kind: Policy::topic_label(&policy.types, ticket.kind.as_deref(), language),
        category: Policy::topic_label(&policy.categories, ticket.category.as_deref(), language),
        service: Policy::topic_label(&policy.services, ticket.service.as_deref(), language),
        assignee: ticket
            .assignee
            .as_ref()
            .and_then(|who| policy.agent(who))
            .map(|a| a.name.clone())
            .unwrap_or_default(),
        solution: ticket.solution.clone().unwrap_or_default(),
        vendor_reference: ticket.vendor_reference.clone().filter(|_| inside).unwrap_or_default(),
        created: phrases.at(ticket.created_at, &policy.service_desk.time_zone),
        related: if inside { related(ticket) } else { Vec::new() },
        parent: ticket.ties.parent.clone().filter(|_| inside).unwrap_or_default(),
        parts: if inside { ticket.ties.parts.clone() } else { Vec::new() },
        merged_into: ticket.ties.merged_into.clone().filter(|_| inside).unwrap_or_default(),
        team: ticket
            .team
            .as_deref()
            .filter(|_| inside)
            .and_then(|name| policy.team(name))
            .map(|team| team.label(language))
            .unwrap_or_default(),
        tags: if inside { ticket.tags.iter().cloned().collect::<Vec<_>>().join(" ") } else { String::new() },
        approval: ticket.status == Status::Approval,
        merged: ticket.merged_into.is_some(),
        closes: [DeadlineKind::Silence, DeadlineKind::Confirm]
            .into_iter()
            .find_map(|kind| ticket.deadlines.get(&kind))
            .map(|at| phrases.weekday(*at, &policy.service_desk.time_zone))
            .unwrap_or_default(),
        finished: ticket.status.is_done(),
        service_level: Vec::new(),
    }
}

/// What merely has to do with it: not what it is part of, has, or went into.
fn related(ticket: &TicketView) -> Vec<String> {
    let ties = &ticket.ties;
    let tied = |number: &&String| {
        ties.parts.contains(number)
            || [&ties.parent, &ties.merged_into].into_iter().flatten().any(|tied| tied == *number)
    };
    ticket.related.iter().filter(|number| !tied(number)).cloned().collect()
}

/// Everybody whom a public answer reaches.
fn answers_to(ticket: &TicketView, policy: &Policy) -> String {
    let asked = &ticket.requester;
    let first =
        if asked.name.is_empty() { asked.address.clone() } else { format!("{} <{}>", asked.name, asked.address) };
    let others = ticket.participants.iter().filter(|key| **key != asked.address && policy.agent(key).is_none());
    std::iter::once(first).chain(others.cloned()).filter(|one| !one.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Requesters never see an agent's address (invariant 12): the configured name, else the service desk's.
fn author(message: &MessageDraft, internal: bool, policy: &Policy) -> String {
    if message.from_agent {
        let name = policy.agent(&message.sender).map(|a| a.name.clone());
        return name.filter(|n| !n.is_empty()).unwrap_or_else(|| policy.service_desk.name.clone());
    }
    match (message.sender_name.is_empty(), internal) {
        (true, _) => message.sender.clone(),
        (false, true) => format!("{} <{}>", message.sender_name, message.sender),
        (false, false) => message.sender_name.clone(),
    }
}

fn attachment(attachment: &Attachment, enclosed: &[usize], phrases: &Phrases) -> AttachmentFacts {
    AttachmentFacts {
        name: attachment.name.clone(),
        size: phrases.size(attachment.size),
        enclosed: enclosed.contains(&attachment.part),
    }
}
