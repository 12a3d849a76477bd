//! Header fields: who, to whom, about what, in answer to what.
//!
//! Gives a [`ParsedEmail`] with everything the header block says; defects go to the list.

use mail_parser::{Header, HeaderName, HeaderValue, Message};

use super::address::{self, Address, one_line};
use super::charset::decode_undeclared;
use super::encoded_word;
use super::{Limits, ParsedEmail};

pub(super) fn read(message: &Message<'_>, limits: &Limits, defects: &mut Vec<String>) -> ParsedEmail {
    let Author { from, also_from, certain, strange } = author(message, defects);
    ParsedEmail {
        message_id: ids(message, &HeaderName::MessageId).into_iter().next(),
        in_reply_to: newest(ids(message, &HeaderName::InReplyTo), limits.references),
        references: newest(ids(message, &HeaderName::References), limits.references),
        from,
        from_is_certain: certain,
        also_from,
        strange_from: strange,
        reply_to: addresses(message, HeaderName::ReplyTo, 1).pop(),
        original_from: original_from(message),
        lists: lists(message),
        to: addresses(message, HeaderName::To, limits.recipients),
        cc: addresses(message, HeaderName::Cc, limits.recipients),
        delivered_to: delivered_to(message),
        subject: subject(message, defects),
        languages: languages(message),
        loop_marks: raw_values(message, "X-Loop").take(16).map(|v| address::key(&v)).collect(),
        ..ParsedEmail::default()
    }
}

/// The bytes of each field of that name, top to bottom, as text: UTF-8, or Latin-1 where they are not.
pub(super) fn raw_values<'a>(message: &'a Message<'_>, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let fields = message.headers().iter();
    fields
        .filter(move |h| h.name.as_str().eq_ignore_ascii_case(name))
        .filter_map(|h| message.raw_message.get(h.offset_start as usize..h.offset_end as usize))
        .map(|bytes| one_line(&decode_undeclared(bounded(bytes))))
}

/// Most bytes of a field that are looked at.
const FIELD: usize = 64 * 1024;

fn bounded(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(FIELD)]
}

/// The first field of that name.
pub(super) fn raw_value(message: &Message<'_>, name: &str) -> Option<String> {
    raw_values(message, name).next()
}

/// Who wrote it.
#[derive(Default)]
struct Author {
    from: Option<Address>,
    also_from: Option<Address>,
    /// One field with one usable address that can be read in one way only.
    certain: bool,
    /// An address that cannot be written to, as the field has it.
    strange: Option<String>,
}

fn author(message: &Message<'_>, defects: &mut Vec<String>) -> Author {
    let fields: Vec<String> = raw_values(message, "From").take(20).collect();
    if fields.len() > 1 {
        defects.push(format!("{} From fields; the first one is used", fields.len()));
    }
    let first = message.headers().iter().find(|h| h.name == HeaderName::From);
    let named = first.map(|field| addresses_of(message, field, 2)).unwrap_or_default();
    let value = fields.first().map(String::as_str).unwrap_or_default();
    if let Some(strange) = address::quoted_local(value) {
        // Whatever stands within the quotes is not an address, and must not pass for the author's.
        defects.push("From names an address with a quoted part, which cannot be written to".to_owned());
        return Author { strange: Some(strange), ..Author::default() };
    }
    let clean = first.is_none_or(|field| {
        let raw = message.raw_message.get(field.offset_start as usize..field.offset_end as usize);
        raw.is_none_or(|raw| !raw.trim_ascii().iter().any(|b| b.is_ascii_control() && !b"\r\n\t".contains(b)))
    });
    // An encoded name that shows brackets is taken for the address by whoever decodes first.
    let bracketed = named.iter().any(|author| author.name.contains('<') && author.name.contains('@'));
    let one = fields.len() == 1 && named.len() == 1 && all_in_from(message) == 1;
    let certain = one && clean && !bracketed && address::reads_one_way(value);
    if named.is_empty()
        && let Some(guessed) = address::guess(value)
    {
        defects.push("From is malformed; its address is a guess".to_owned());
        return Author { from: Some(guessed), ..Author::default() };
    }
    if named.is_empty() {
        defects.push("no usable address in From".to_owned());
        return Author { from: addresses(message, HeaderName::Sender, 1).pop(), ..Author::default() };
    }
    let mut named = named.into_iter();
    Author { from: named.next(), also_from: named.next(), certain, strange: None }
}

/// The author as a group (Google, Office) or a list keeps it when it puts its own address into `From`.
fn original_from(message: &Message<'_>) -> Option<Address> {
    let names = ["X-Original-From", "X-Original-Sender", "X-Google-Original-From"];
    let value = names.iter().find_map(|name| raw_value(message, name))?;
    address::reread(&value, 1).pop()
}

/// Addresses under which lists say that they can be written to (RFC 2369, RFC 2919).
fn lists(message: &Message<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in ["List-Post", "X-BeenThere", "X-Mailing-List", "Mailing-List", "X-Loop-List"] {
        for value in raw_values(message, name).take(4) {
            let words = value.split(|c: char| c.is_whitespace() || "<>,;?".contains(c));
            let addresses =
                words.map(|word| word.trim_start_matches("mailto:")).filter(|w| address::looks_like_address(w));
            found.extend(addresses.take(4).map(address::key));
        }
    }
    for value in raw_values(message, "List-Id").take(2) {
        let id = value.rsplit_once('<').map_or(value.as_str(), |(_, rest)| rest.split('>').next().unwrap_or(rest));
        found.extend(id.trim().split_once('.').map(|(local, domain)| format!("{local}@{domain}").to_lowercase()));
    }
    found.dedup();
    found
}

/// How many mailboxes the From field names, usable or not.
fn all_in_from(message: &Message<'_>) -> usize {
    match message.header(HeaderName::From) {
        Some(HeaderValue::Address(parsed)) => parsed.iter().count(),
        _ => 0,
    }
}

fn addresses(message: &Message<'_>, name: HeaderName<'static>, most: usize) -> Vec<Address> {
    let fields = message.headers().iter().filter(|h| h.name == name).take(20);
    fields.flat_map(|field| addresses_of(message, field, most)).take(most).collect()
}

/// The mailboxes a field names. Names the parser could not decode are read again.
fn addresses_of(message: &Message<'_>, field: &Header<'_>, most: usize) -> Vec<Address> {
    let HeaderValue::Address(parsed) = &field.value else { return Vec::new() };
    let found = address::flatten(parsed, most);
    if !found.iter().any(|a| a.name.contains('\u{fffd}') || a.name.contains("=?")) {
        return found;
    }
    let raw = message.raw_message.get(field.offset_start as usize..field.offset_end as usize);
    let again = address::reread(&decode_undeclared(bounded(raw.unwrap_or_default())), most);
    // The same mailboxes, or the first reading stands.
    let same = again.iter().map(Address::key).eq(found.iter().map(Address::key));
    if same { again } else { found }
}

fn subject(message: &Message<'_>, defects: &mut Vec<String>) -> String {
    // The first one that says something: clients show that.
    let fields = message.headers().iter().filter(|h| h.name == HeaderName::Subject);
    let mut raws = fields.filter_map(|h| message.raw_message.get(h.offset_start as usize..h.offset_end as usize));
    let raw = bounded(raws.find(|raw| !raw.trim_ascii().is_empty()).unwrap_or_default());
    if !raw.is_ascii() && std::str::from_utf8(raw).is_err() {
        // Bytes outside ASCII that are no UTF-8: the writer's client did not encode them.
        defects.push("the subject's charset is undeclared or wrong".to_owned());
    }
    one_line(&encoded_word::decode(raw))
}

fn delivered_to(message: &Message<'_>) -> Vec<String> {
    ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"]
        .iter()
        .flat_map(|name| raw_values(message, name).take(8))
        .map(|value| value.trim_matches(['<', '>']).to_owned())
        .filter(|value| address::looks_like_address(value))
        .collect()
}

fn languages(message: &Message<'_>) -> Vec<String> {
    let named = raw_value(message, "Content-Language").unwrap_or_default();
    named.split(',').map(|tag| tag.trim().to_lowercase()).filter(|tag| !tag.is_empty()).take(8).collect()
}

/// Ids of the first field of that name that holds any, without brackets.
fn ids(message: &Message<'_>, name: &HeaderName<'_>) -> Vec<String> {
    let fields = message.headers().iter().filter(|h| h.name == *name);
    let mut all = fields.map(|field| ids_of(message, field));
    all.find(|ids| !ids.is_empty()).unwrap_or_default()
}

fn ids_of(message: &Message<'_>, field: &Header<'_>) -> Vec<String> {
    let list: Vec<&str> = match &field.value {
        HeaderValue::Text(one) => vec![one.as_ref()],
        HeaderValue::TextList(many) => many.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    };
    let raw = || message.raw_message.get(field.offset_start as usize..field.offset_end as usize).unwrap_or_default();
    // Unclosed brackets, and ids that a gateway took for words to be encoded.
    if list.is_empty() || list.iter().any(|id| id.contains("=?")) {
        let text = encoded_word::decode(bounded(raw()));
        return split_ids(&text).collect();
    }
    list.into_iter().flat_map(|id| split_ids(id).collect::<Vec<_>>()).collect()
}

/// An id, or several that stand without brackets; the words of old clients beside them go.
fn split_ids(text: &str) -> impl Iterator<Item = String> {
    let text = one_line(text);
    let several = text.contains([' ', ',']);
    let words: Vec<String> = text.split([' ', ',']).map(|w| w.trim_matches(['<', '>', ' ', ',']).to_owned()).collect();
    let whole = !several || !words.iter().any(|w| w.contains('@'));
    let ids = if whole { vec![text.trim_matches(['<', '>', ' ', ',']).to_owned()] } else { words };
    ids.into_iter().filter(move |id| !id.is_empty() && id.len() <= 998 && (whole || id.contains('@')))
}

fn newest(mut ids: Vec<String>, most: usize) -> Vec<String> {
    let surplus = ids.len().saturating_sub(most);
    ids.split_off(surplus)
}
