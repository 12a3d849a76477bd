//! What a letter may tell: the values templates name.

use serde::Serialize;

use crate::mail::Attachment;
use crate::ticket::{MessageDraft, Person, Policy, TicketView, Visibility};

/// Everything a template can name. In strict mode a name that is not here is a mistake.
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    /// The desk.
    pub desk: DeskFacts,
    /// Who reads the letter.
    pub recipient: PersonFacts,
    /// The ticket.
    pub ticket: TicketFacts,
    /// The message the letter is about.
    pub message: MessageFacts,
    /// Language of the letter (`fr`).
    pub language: String,
}

/// The desk, as letters present it.
#[derive(Debug, Clone, Serialize)]
pub struct DeskFacts {
    /// Its name.
    pub name: String,
    /// The queue's support address.
    pub address: String,
}

/// A person.
#[derive(Debug, Clone, Serialize)]
pub struct PersonFacts {
    /// Name; may be empty.
    pub name: String,
    /// Address.
    pub address: String,
}

/// The ticket.
#[derive(Debug, Clone, Serialize)]
pub struct TicketFacts {
    /// Number (`CG42N1-000123`).
    pub number: String,
    /// Title.
    pub title: String,
    /// Status word.
    pub status: String,
    /// Priority code.
    pub priority: String,
    /// Priority in the reader's language.
    pub priority_label: String,
    /// Name of the queue.
    pub queue: String,
    /// Who asked.
    pub requester: PersonFacts,
}

/// The message.
#[derive(Debug, Clone, Serialize)]
pub struct MessageFacts {
    /// Its author: the name, or the address; for requesters an agent is only ever named.
    pub author: String,
    /// Its text, whole.
    pub text: String,
    /// True when only the desk may read it.
    pub internal: bool,
    /// True when an agent wrote it.
    pub from_agent: bool,
    /// Files that came with it.
    pub attachments: Vec<AttachmentFacts>,
}

/// A file.
#[derive(Debug, Clone, Serialize)]
pub struct AttachmentFacts {
    /// Its name.
    pub name: String,
    /// Its size for people (`120 kB`).
    pub size: String,
    /// Whether it is in this letter; otherwise it was too large to send on.
    pub enclosed: bool,
}

impl Facts {
    /// Gathers the facts of a letter. `enclosed` are the part numbers of the files it carries.
    #[must_use]
    pub fn gather(
        to: &Person,
        internal: bool,
        ticket: &TicketView,
        message: &MessageDraft,
        enclosed: &[usize],
        policy: &Policy,
    ) -> Self {
        let language = to.language.clone();
        let address = policy.queues.get(&ticket.queue).map(|q| q.address.clone());
        Self {
            desk: DeskFacts { name: policy.desk.name.clone(), address: address.unwrap_or_default() },
            recipient: PersonFacts { name: to.name.clone(), address: to.address.clone() },
            ticket: ticket_facts(ticket, &language, policy),
            message: MessageFacts {
                author: author(message, internal, policy),
                text: message.new_text.clone(),
                internal: message.visibility == Visibility::Internal,
                from_agent: message.from_agent,
                attachments: message.attachments.iter().map(|a| attachment(a, enclosed, &language)).collect(),
            },
            language,
        }
    }
}

fn ticket_facts(ticket: &TicketView, language: &str, policy: &Policy) -> TicketFacts {
    TicketFacts {
        number: ticket.number.clone(),
        title: ticket.title.clone(),
        status: ticket.status.as_str().to_owned(),
        priority: ticket.priority.clone(),
        priority_label: policy.priority_label(&ticket.priority, language),
        queue: ticket.queue.clone(),
        requester: PersonFacts { name: ticket.requester.name.clone(), address: ticket.requester.address.clone() },
    }
}

/// Requesters never see an agent's address (invariant 12): the configured name, else the desk's.
fn author(message: &MessageDraft, internal: bool, policy: &Policy) -> String {
    if message.from_agent {
        let name = policy.agent(&message.sender).map(|a| a.name.clone());
        return name.filter(|n| !n.is_empty()).unwrap_or_else(|| policy.desk.name.clone());
    }
    match (message.sender_name.is_empty(), internal) {
        (true, _) => message.sender.clone(),
        (false, true) => format!("{} <{}>", message.sender_name, message.sender),
        (false, false) => message.sender_name.clone(),
    }
}

fn attachment(attachment: &Attachment, enclosed: &[usize], language: &str) -> AttachmentFacts {
    AttachmentFacts {
        name: attachment.name.clone(),
        size: size(attachment.size, language),
        enclosed: enclosed.contains(&attachment.part),
    }
}

/// A size for people: bytes in French are octets.
fn size(bytes: u64, language: &str) -> String {
    let byte = if language == "fr" { "o" } else { "B" };
    match bytes {
        0..1_000 => format!("{bytes} {byte}"),
        1_000..1_000_000 => format!("{} k{byte}", (bytes + 500) / 1_000),
        _ => format!("{} M{byte}", (bytes + 500_000) / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(size(12, "en"), "12 B");
        assert_eq!(size(1_200, "fr"), "1 ko");
        assert_eq!(size(3_100_000, "en"), "3 MB");
    }
}
