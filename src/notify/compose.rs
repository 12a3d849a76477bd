//! One notification, from its words to its bytes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::address::Address;
use lettre::message::header::{
    ContentDisposition, ContentId, ContentTransferEncoding, ContentType, HeaderName, HeaderValue,
};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};

use super::link::Way;
use super::{Extra, Facts, Rendered, Templates};
use crate::clock::Millis;
use crate::mail::{Attachment, File};
use crate::ticket::notification::{Audience, Origin, Reply};
use crate::ticket::{
    About, AgentReply, MessageDraft, Notification, NotificationKind, Policy, ReplyTo, Secret, Status, TicketView,
    Token, Visibility, may_answer, rank,
};

/// What a notification is made of.
#[derive(Debug)]
pub(crate) struct Parcel<'a> {
    /// Which notification, to whom.
    pub notification: &'a Notification,
    /// What it is about, and an answer to it.
    pub about: About,
    /// The ticket it shows.
    pub ticket: &'a TicketView,
    /// The message it is about.
    pub message: &'a MessageDraft,
    /// What it shows besides.
    pub extra: &'a Extra,
    /// Files of the message.
    pub files: &'a [File],
    /// Most bytes of files that are sent on; larger ones are only named.
    pub file_bytes: usize,
    /// What makes this notification unique: cause, kind and recipient (invariant 4).
    pub once_key: String,
    /// Whether sub-addresses are known to work for this queue.
    pub plus_works: bool,
    /// The time it is written.
    pub now: Millis,
}

impl Parcel<'_> {
    /// Whether an agent's plain reply to it reaches the requester, where the queue has it so: it shows what they wrote, or what they were
    /// sent, and nothing that a colleague or a vendor said.
    pub(super) fn reaches_requester(&self) -> bool {
        let kind = self.notification.kind;
        let for_them = self.message.visibility == Visibility::Public || self.message.new_text.trim().is_empty();
        kind.is_internal() && kind.row().reply == Reply::Requester && for_them && self.about.ticket().is_some()
    }

    /// Whether a plain reply of this very reader goes to the requester.
    pub(super) fn is_answered_plainly(&self, policy: &Policy) -> bool {
        let ticket = self.ticket;
        let natural = policy.queues.get(&ticket.queue).is_some_and(|queue| queue.agent_reply == AgentReply::Natural);
        let may = policy.agent(&self.notification.to.address).is_some_and(|agent| may_answer(agent, ticket, policy));
        let asked = !policy.is_own_address(&ticket.requester.address);
        natural && may && asked && ticket.status != Status::Closed && self.reaches_requester()
    }
}

/// A finished notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutgoingEmail {
    /// Which notification.
    pub kind: NotificationKind,
    /// How soon it is sent, from 0.
    pub urgency: i64,
    /// How long it waits before it is sent.
    pub delay: Millis,
    /// Whether an agent's plain reply to it reaches the requester.
    pub reaches_requester: bool,
    /// What makes it unique.
    pub once_key: String,
    /// The one recipient.
    pub recipient: String,
    /// Envelope sender: where delivery reports go.
    pub envelope_from: String,
    /// Message-ID without brackets.
    pub message_id: String,
    /// The email, with CRLF line ends; its header alone where the body is apart.
    pub bytes: Vec<u8>,
    /// The body, where several notifications share it.
    pub body: Option<Arc<Vec<u8>>>,
}

/// Why a notification could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotificationError {
    /// The template names something that is not there.
    #[error(transparent)]
    Template(#[from] super::Mistake),
    /// Nobody can be written to under this address.
    #[error("cannot write to the address {0:?}")]
    Address(String),
    /// The email could not be put together.
    #[error("the notification could not be put together: {0}")]
    Build(#[from] lettre::error::Error),
    /// The ticket's queue is not configured any more.
    #[error("queue {0} is not configured")]
    Queue(String),
}

/// Writes one notification.
///
/// # Errors
/// [`NotificationError`]; the caller notes it on the ticket, so that nobody believes the notification left.
pub(crate) fn compose(
    parcel: &Parcel<'_>,
    templates: &Templates,
    policy: &Policy,
    secret: &Secret,
) -> Result<OutgoingEmail, NotificationError> {
    let notification = parcel.notification;
    let queue_name = &parcel.ticket.queue;
    let queue = policy.queues.get(queue_name).ok_or_else(|| NotificationError::Queue(queue_name.clone()))?;
    let enclosed = enclosed(parcel);
    let parts: Vec<usize> = enclosed.iter().map(|f| f.attachment.part).collect();
    let token = Token::issue(secret, parcel.about, &parcel.once_key, &notification.to.address);
    let domain = queue.address.rsplit('@').next().unwrap_or_default();
    let message_id = token.message_id(domain);
    // The token of a held email is too long for an address.
    let plus = parcel.about.ticket().is_some()
        && match queue.reply_to {
            ReplyTo::Plus => true,
            ReplyTo::Auto => parcel.plus_works,
            ReplyTo::Plain => false,
        };
    let reply_address = if plus { token.reply_address(&queue.address) } else { queue.address.clone() };
    let way = Way { address: &reply_address, mark: (!plus).then(|| token.text()) };
    let phrases = templates.phrases(&notification.to.language);
    let facts = Facts::gather(parcel, &way, &parts, phrases, policy);
    let words = templates.render(notification.kind, &facts)?;

    let mut head = Message::builder()
        .from(mailbox(&sender_name(&facts, notification.kind), &queue.address)?)
        .to(mailbox(&notification.to.name, &notification.to.address)?)
        .subject(words.subject.clone())
        .date(date(parcel.now))
        .message_id(Some(format!("<{message_id}>")));
    if plus {
        head = head.reply_to(mailbox(&policy.service_desk.name, &reply_address)?);
    }
    for (name, value) in marks(notification.kind, &queue.address, &facts.ticket.number) {
        if value.is_empty() {
            continue;
        }
        head = head.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    let (answers, references) = threading(parcel);
    if let Some(id) = answers {
        head = head.in_reply_to(format!("<{id}>"));
    }
    if !references.is_empty() {
        let ids: Vec<String> = references.iter().map(|id| format!("<{id}>")).collect();
        head = head.references(ids.join(" "));
    }
    let mail = head.multipart(body(words, &enclosed, &parcel.extra.pictures, &token.text()))?;
    Ok(OutgoingEmail {
        kind: notification.kind,
        urgency: rank(notification.kind, &parcel.ticket.priority),
        delay: notification.delay,
        reaches_requester: parcel.reaches_requester(),
        once_key: parcel.once_key.clone(),
        recipient: notification.to.address.clone(),
        envelope_from: reply_address,
        message_id,
        bytes: mail.formatted(),
        body: None,
    })
}

impl OutgoingEmail {
    /// The same with the body apart, for others to [share](OutgoingEmail::sharing).
    #[must_use]
    pub fn split(self) -> Self {
        let Some(end) = self.bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return self };
        let body = self.bytes[end + 4..].to_vec();
        Self { bytes: self.bytes[..end + 4].to_vec(), body: Some(Arc::new(body)), ..self }
    }

    /// The notification with the body of another to somebody else, and what describes it: one message to many is encoded once.
    #[must_use]
    pub(crate) fn sharing(self, other: &Self) -> Self {
        let own = |field: &&str| !describes_body(field);
        let fields: Vec<String> = head_fields(&self.bytes);
        let described: Vec<String> = head_fields(&other.bytes);
        let kept = fields.iter().map(String::as_str).filter(own);
        let taken = described.iter().map(String::as_str).filter(|field| describes_body(field));
        let head: String = kept.chain(taken).map(|field| format!("{field}\r\n")).collect();
        Self { bytes: format!("{head}\r\n").into_bytes(), body: other.body.clone(), ..self }
    }
}

fn describes_body(field: &str) -> bool {
    let name = field.split(':').next().unwrap_or_default().to_ascii_lowercase();
    name == "mime-version" || name.starts_with("content-")
}

/// Header fields with their folded lines.
fn head_fields(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let mut fields: Vec<String> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        match fields.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            Some(field) => *field = format!("{field}\r\n{line}"),
            None => fields.push(line.to_owned()),
        }
    }
    fields
}

/// Files go with notifications that carry a person's message, smallest first, until the bound is reached.
fn enclosed<'a>(parcel: &Parcel<'a>) -> Vec<&'a File> {
    if !parcel.notification.kind.row().files {
        return Vec::new();
    }
    let mut files: Vec<&File> = parcel.files.iter().collect();
    files.sort_by_key(|f| f.contents.len());
    let mut left = parcel.file_bytes;
    let fits = files.into_iter().take_while(|f| {
        let size = f.contents.len();
        let fits = size <= left;
        left = left.saturating_sub(size);
        fits
    });
    let mut fits: Vec<&File> = fits.collect();
    fits.sort_by_key(|f| f.attachment.part);
    fits
}

fn sender_name(facts: &Facts, kind: NotificationKind) -> String {
    match kind {
        k if k.is_personal() && facts.message.author != facts.service_desk.name => {
            format!("{} ({})", facts.message.author, facts.service_desk.name)
        }
        _ => facts.service_desk.name.clone(),
    }
}

fn mailbox(name: &str, address: &str) -> Result<Mailbox, NotificationError> {
    let parsed: Address = address.parse().map_err(|_| NotificationError::Address(address.to_owned()))?;
    Ok(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), parsed))
}

fn date(now: Millis) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now).unwrap_or(0))
}

/// Fields that keep machines from answering (RFC 3834; Exchange) and us from hearing ourselves.
fn marks(kind: NotificationKind, service_desk: &str, number: &str) -> [(&'static str, String); 4] {
    let row = kind.row();
    let (submitted, suppress) = match (row.origin, row.audience) {
        (Origin::Reply, _) => ("auto-replied", "All"),
        // A helpdesk must take it for what it is, a person's words.
        (Origin::Person, Audience::Vendor) => ("", "OOF, AutoReply"),
        (Origin::Person, _) => ("auto-generated", "OOF, AutoReply"),
        (Origin::Event, _) => ("auto-generated", "All"),
    };
    [
        ("Auto-Submitted", submitted.to_owned()),
        ("X-Auto-Response-Suppress", suppress.to_owned()),
        ("X-Loop", service_desk.to_owned()),
        ("X-Ticket", number.to_owned()),
    ]
}

/// In-Reply-To and References. Every notification of a ticket refers to the email that opened it, so that
/// all of them stand together in the reader's client; an agent's own Message-IDs never go out to
/// requesters.
fn threading<'a>(parcel: &Parcel<'a>) -> (Option<&'a str>, Vec<&'a str>) {
    // Vendors and audiences have seen none of these emails.
    if matches!(parcel.notification.kind.row().audience, Audience::Vendor | Audience::Many) {
        return (None, Vec::new());
    }
    let own = parcel.message.from_agent && !parcel.notification.kind.is_internal();
    let answered = if own { parcel.ticket.last_public_id.as_deref() } else { Some(parcel.message.message_id.as_str()) };
    let usable =
        |id: &&str| !id.is_empty() && id.len() <= ID && id.chars().all(|c| c.is_ascii_graphic() && !"<>".contains(c));
    let answered = answered.filter(usable);
    let mut references: Vec<&str> = parcel.ticket.root_message_id.as_deref().filter(usable).into_iter().collect();
    references.extend(answered.filter(|id| !references.contains(id)));
    (answered, references)
}

/// Longest id that is referred to: a line holds 998 bytes (RFC 5322 section 2.1.1).
const ID: usize = 900;

/// Text and HTML, then the files. Boundaries come from the token, so that bytes are repeatable.
fn body(words: Rendered, files: &[&File], pictures: &[(String, Vec<u8>)], token: &str) -> MultiPart {
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(words.text);
    let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(words.html);
    let both = MultiPart::alternative().boundary(format!("a-{token}")).singlepart(text);
    let both = if pictures.is_empty() {
        both.singlepart(html)
    } else {
        // RFC 2387: the pictures belong to the page alone.
        let page = MultiPart::related().boundary(format!("r-{token}")).singlepart(html);
        both.multipart(pictures.iter().fold(page, |page, one| page.singlepart(picture(one))))
    };
    if files.is_empty() {
        return both;
    }
    let mixed = MultiPart::mixed().boundary(format!("m-{token}")).multipart(both);
    files.iter().fold(mixed, |mixed, file| mixed.singlepart(enclosure(file)))
}

fn picture((id, png): &(String, Vec<u8>)) -> SinglePart {
    let encoded = Body::new_with_encoding(png.clone(), ContentTransferEncoding::Base64);
    SinglePart::builder()
        .header(ContentType::parse("image/png").unwrap_or(ContentType::TEXT_PLAIN))
        .header(ContentDisposition::inline())
        .header(ContentId::from(format!("<{id}>")))
        .body(encoded.unwrap_or_else(|_| Body::new(png.clone())))
}

/// Whether a mail program or browser would take the file apart or act on it when it is opened in place: such a
/// file travels as plain bytes, to be saved. What it holds stays as it was sent.
fn is_active(attachment: &Attachment) -> bool {
    const TYPES: [&str; 5] = ["message/", "multipart/", "text/html", "text/calendar", "text/x-"];
    const WORDS: [&str; 9] = ["xml", "svg", "script", "html", "shtml", "hta", "flash", "java", "shockwave"];
    const ENDINGS: [&str; 21] = [
        "htm", "html", "xhtml", "xht", "shtml", "mht", "mhtml", "svg", "svgz", "xml", "xsl", "xslt", "js", "mjs",
        "hta", "swf", "eml", "url", "webloc", "desktop", "wasm",
    ];
    let media_type = attachment.media_type.as_str();
    let ending = attachment.name.rsplit('.').next().unwrap_or_default().to_lowercase();
    // Office documents are called application/vnd.openxmlformats-…: packages, which no browser opens in place.
    let kind = media_type.trim_start_matches("application/vnd.openxmlformats");
    TYPES.iter().any(|t| media_type.starts_with(t))
        || (kind == media_type && WORDS.iter().any(|word| kind.contains(word)))
        || ENDINGS.contains(&ending.as_str())
}

fn enclosure(file: &File) -> SinglePart {
    let declared = ContentType::parse(&file.attachment.media_type);
    let media_type = declared.ok().filter(|_| !is_active(&file.attachment));
    let octets = || ContentType::parse("application/octet-stream").unwrap_or(ContentType::TEXT_PLAIN);
    let encoded = Body::new_with_encoding(file.contents.clone(), ContentTransferEncoding::Base64);
    let body = encoded.unwrap_or_else(|_| Body::new(file.contents.clone()));
    SinglePart::builder()
        .header(media_type.unwrap_or_else(octets))
        .header(ContentDisposition::attachment(&file.attachment.name))
        .body(body)
}
