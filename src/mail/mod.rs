//! What an email says.
//!
//! Takes: the bytes of one email and the [`Limits`]. Gives: a [`ParsedEmail`], or [`Unreadable`] when
//! the email is beyond what may safely be read at all. Never: asynchronous work, SQL, the clock,
//! randomness. Within the limits parsing does not fail: it notes [`defects`](ParsedEmail::defects).

mod address;
mod attachment;
mod auth;
mod auto;
mod body;
mod bounce;
mod calendar;
mod charset;
mod closing;
mod data_uri;
mod encoded_word;
mod fields;
mod flowed;
mod forward;
mod guard;
mod header;
mod html;
mod language;
mod lookalike;
mod marks;
mod opaque;
mod parameter;
mod parts;
mod pattern;
mod pictures;
mod protection;
mod reaction;
mod repair;
mod reply;
mod subject;
mod text_part;
mod tnef;
mod transfer;
mod uuencode;
mod visible;

pub use address::{Address, key};
pub(crate) use address::{looks_like_address, one_line};
pub use attachment::{Attachment, File, FileRole, files};
pub(crate) use attachment::{safe_name, words_in_files};
pub use auth::AuthenticationResult;
pub use auto::{Automatic, AutomaticKind};
pub use bounce::Bounce;
pub(crate) use bounce::meaning as meaning_of_refusal;
pub(crate) use closing::above_closing;
pub use fields::{Label, Values as FieldValues, read as read_fields, read_quoted as read_quoted_fields, words_beside};
pub use forward::Forwarded;
pub(crate) use guard::id_of_unreadable;
pub use guard::{Limits, Unreadable};
pub use lookalike::{Familiar, Oddity};
pub(crate) use pattern::{Pattern, compile};
pub use protection::Protection;
pub(crate) use reaction::is_emoji;
pub(crate) use reply::is_disclaimer as is_legal_notice;
pub use subject::fold;
pub(crate) use subject::{strip_prefixes, without_accent};
pub use visible::deceives;

use data_encoding::HEXLOWER;
use mail_parser::{Message, MessageParser};
use sha2::{Digest, Sha256};

/// Everything the rest of the service desk wants to know about one email.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedEmail {
    /// `Message-ID` without angle brackets (RFC 5322 section 3.6.4).
    pub message_id: Option<String>,
    /// Ids of `In-Reply-To`, in their order.
    pub in_reply_to: Vec<String>,
    /// Ids of `References`, oldest first, at most [`Limits::references`] of the newest.
    pub references: Vec<String>,
    /// The author: the first usable address of `From`.
    pub from: Option<Address>,
    /// True when there is no doubt about it: one `From` field that names one mailbox. Only then can
    /// anything be proved about the author.
    pub from_is_certain: bool,
    /// A further mailbox that `From` names.
    pub also_from: Option<Address>,
    /// Where the author wants answers, when it says so.
    pub reply_to: Option<Address>,
    /// The author as written before a list or group put its own address into `From` (`X-Original-From`).
    pub original_from: Option<Address>,
    /// Addresses of the lists that spread it, in the form of [`key`].
    pub lists: Vec<String>,
    /// What `From` says to a strict reader (RFC 5322, section 3.4), where that is an address that nobody can write to.
    pub strange_from: Option<String>,
    /// `To`, in its order.
    pub to: Vec<Address>,
    /// `Cc`, in its order.
    pub cc: Vec<Address>,
    /// Addresses the transport says this copy was for (`Delivered-To`, `X-Original-To`,
    /// `Envelope-To`, `X-Envelope-To`).
    pub delivered_to: Vec<String>,
    /// `Subject`, decoded, on one line.
    pub subject: String,
    /// The whole readable body: the plain part, or text made from the HTML part.
    pub text: String,
    /// Only what this person wrote now: quotes of earlier emails and signatures cut away.
    pub reply_text: String,
    /// The same without the quoted lines that answers stand between, where there are any.
    pub own_words: Option<String>,
    /// True when some of it stood below or between quoted lines: some clients break quoted lines so
    /// that their ends look like the writer's own words.
    pub below_quote: bool,
    /// True when its writer added no word to what is quoted; [`ParsedEmail::reply_text`] is all of it then.
    pub wordless: bool,
    /// Files that came with it, in their order.
    pub attachments: Vec<Attachment>,
    /// Set when a machine wrote this.
    pub automatic: Option<Automatic>,
    /// Set when this is a report about an email that could not be delivered.
    pub bounce: Option<Bounce>,
    /// Set when it is signed or encrypted.
    pub protection: Option<Protection>,
    /// The email that this one passes on, if it does.
    pub forwarded: Option<Forwarded>,
    /// `Authentication-Results` fields, topmost first (RFC 8601).
    pub authentication: Vec<AuthenticationResult>,
    /// Hosts that `Received` fields name behind `by`, topmost first, lower case; empty where one names none.
    pub received_by: Vec<String>,
    /// Addresses in `X-Loop`: desks that have handled this email before, lower case.
    pub loop_marks: Vec<String>,
    /// Languages the writer names in `Content-Language`, lower case, first choice first.
    pub languages: Vec<String>,
    /// Digest of author, subject, text and files: the same for two copies of one email, whatever way
    /// each took. Lower-case hexadecimal.
    pub content: String,
    /// What was wrong with it, in words.
    pub defects: Vec<String>,
}

/// Reads one email.
///
/// # Errors
/// [`Unreadable`] when the email is empty, or passes one of `limits`: it must then be held.
pub fn parse(raw: &[u8], limits: &Limits) -> Result<ParsedEmail, Unreadable> {
    let raw = repair::prepared(raw);
    guard::check(&raw, limits)?;
    let message = MessageParser::default().parse(raw.as_ref()).ok_or(Unreadable::NotAMail)?;
    guard::check_parts(&message, limits)?;
    Ok(read(&message, limits))
}

fn read(message: &Message<'_>, limits: &Limits) -> ParsedEmail {
    let mut defects = Vec::new();
    let mut mail = header::read(message, limits, &mut defects);
    let body = body::read(message, limits, &mut defects);
    mail.text = body.text;
    mail.bounce = bounce::detect(message, &mail, &mail.text);
    mail.automatic = auto::detect(message, &mail);
    (mail.authentication, mail.received_by) = auth::read(message);
    mail.protection = protection::detect(message, &mail.text);
    let new = reply::new_text(&body.marked, setting(&mail));
    (mail.reply_text, mail.below_quote, mail.own_words) = (new.text, new.below, new.alone);
    mail.wordless = mail.reply_text == mail.text.trim() && reply::is_wordless(&body.marked, setting(&mail));
    if let Some(emoji) = reaction::detect(message, &mail.text) {
        (mail.reply_text, mail.below_quote, mail.own_words) = (emoji, false, None);
    }
    let (files, open) = attachment::list(message, &body.used);
    mail.attachments = files;
    if open && !mail.wordless {
        let name = mail.from.as_ref().map(|from| from.name.clone()).unwrap_or_default();
        let writer = pictures::Writer { setting: setting(&mail), name: &name };
        attachment::show(message, &body.used, &pictures::of_content(message, &writer, limits), &mut mail);
    }
    mail.forwarded = forward::detect(message, &mail, &body.marked, limits);
    mail.defects = defects;
    mail.content = content(&mail);
    mail
}

/// A text as a reader of HTML sees it: entities are characters, tags are gone.
#[must_use]
pub(crate) fn without_entities(text: &str) -> String {
    mail_parser::decoders::html::html_to_text(text)
}

/// Everything in an email that could be read somewhere: the text of every part, HTML as its source and without entities, header
/// fields decoded, names of files, enclosed emails as well. For searches; not bounded but by the email itself.
#[must_use]
pub fn every_word(raw: &[u8]) -> String {
    let mut out = String::new();
    let mut messages: Vec<std::borrow::Cow<'_, [u8]>> = vec![raw.into()];
    let mut depth = 0;
    while let Some(bytes) = messages.pop() {
        depth += 1;
        let Some(message) = MessageParser::default().parse(bytes.as_ref()).filter(|_| depth < 200) else { continue };
        for header in message.headers() {
            let range = header.offset_start as usize..header.offset_end as usize;
            out.push_str(&encoded_word::decode(message.raw_message.get(range).unwrap_or_default()));
            out.push('\n');
        }
        for part in &message.parts {
            for header in &part.headers {
                let range = header.offset_start as usize..header.offset_end as usize;
                out.push_str(&encoded_word::decode(message.raw_message.get(range).unwrap_or_default()));
                out.push('\n');
            }
            match &part.body {
                mail_parser::PartType::Text(text) => out.push_str(text),
                mail_parser::PartType::Html(html) => {
                    out.push_str(html);
                    out.push('\n');
                    out.push_str(&mail_parser::decoders::html::html_to_text(html));
                }
                mail_parser::PartType::Message(inner) => messages.push(inner.raw_message.clone().into_owned().into()),
                _ => {}
            }
            out.push('\n');
        }
        // A body whose parts nobody recognises may still be HTML.
        out.push_str(&mail_parser::decoders::html::html_to_text(&String::from_utf8_lossy(&bytes)));
        for file in attachment::list(&message, &[]).0 {
            out.push_str(&file.name);
            out.push('\n');
        }
        for name in message.parts.iter().filter_map(mail_parser::MimeHeaders::attachment_name) {
            out.push_str(name);
            out.push('\n');
        }
    }
    // Parameters of fields and links write characters as octets (RFC 2231, RFC 3986).
    if out.contains('%') {
        let decoded = percent_encoding::percent_decode_str(&out).decode_utf8_lossy().into_owned();
        out.push_str(&decoded);
    }
    out
}

/// Whether the email answers another, or passes one on, as its header says.
fn setting(mail: &ParsedEmail) -> reply::Setting {
    let forwards = forward::has_forward_prefix(&mail.subject);
    let subject = mail.subject.trim();
    let prefixed = !forwards && strip_prefixes(subject) != subject;
    let refers = !mail.in_reply_to.is_empty() || !mail.references.is_empty();
    reply::Setting { answers: prefixed || (refers && !forwards), forwards }
}

impl ParsedEmail {
    /// Whether it passes another email on, as its subject or its structure says.
    #[must_use]
    pub fn forwards(&self) -> bool {
        self.forwarded.is_some() || forward::has_forward_prefix(&self.subject)
    }

    /// Whether it answers another, as its header says.
    #[must_use]
    pub fn answers(&self) -> bool {
        setting(self).answers
    }
}

fn content(mail: &ParsedEmail) -> String {
    let mut digest = Sha256::new();
    let from = mail.from.as_ref().map(Address::key).unwrap_or_default();
    let files = mail.attachments.iter().map(|a| a.sha256.as_str());
    for piece in [from.as_str(), &mail.subject, mail.text.trim()].into_iter().chain(files) {
        digest.update(piece.as_bytes());
        digest.update([0]);
    }
    // Half of it tells copies apart as surely.
    HEXLOWER.encode(&digest.finalize()[..16])
}
