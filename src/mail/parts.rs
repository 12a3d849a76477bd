//! The leaves of an email: everything in it that could be a file, wherever it hides.
//!
//! MIME parts, files in a winmail.dat, files encoded into the text, and, when asked, those of
//! enclosed emails. The order is that of the email.

use std::borrow::Cow;

use mail_parser::{HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::address::one_line;
use super::{Limits, data_uri, guard, opaque, parameter, text_part, tnef, transfer, uuencode};

/// Deepest enclosed email whose files are listed.
const ENCLOSED: usize = 5;

/// Something with a name and contents.
pub(super) struct Leaf<'a> {
    /// As the email names it; may be empty.
    pub(super) name: String,
    /// Media type, lower case.
    pub(super) media_type: String,
    pub(super) contents: Cow<'a, [u8]>,
    /// True when the email shows it inside its text.
    pub(super) inline: bool,
    /// What the text may call it: its Content-ID in lower case, or its number among the parts or the files of the HTML.
    pub(super) called: [String; 2],
}

/// All leaves but the parts `used` as the email's text. `deep`: those of enclosed emails as well.
pub(super) fn leaves<'a>(message: &'a Message<'a>, used: &[usize], deep: bool) -> Vec<Leaf<'a>> {
    let mut found = Vec::new();
    walk(message, used, if deep { ENCLOSED } else { 0 }, true, &mut found);
    found
}

fn walk<'a>(message: &'a Message<'a>, used: &[usize], deeper: usize, unsigned: bool, found: &mut Vec<Leaf<'a>>) {
    let versions = versions(message);
    for (at, part) in message.parts.iter().enumerate() {
        if matches!(part.body, PartType::Multipart(_)) || versions.contains(&at) {
            continue;
        }
        if used.contains(&at) {
            found.extend(written_into(message, at));
            continue;
        }
        let contents = transfer::contents(message, part);
        if tnef::is_tnef(&contents) {
            let package = tnef::read(&contents);
            if !package.files.is_empty() {
                found.extend(package.files.into_iter().map(unpacked));
                continue;
            }
        }
        if unsigned && let Some(inside) = inside_signature(part, &contents) {
            // The structure carried the text and the files, and is in the raw email.
            found.extend(inside);
            continue;
        }
        let called = [part.content_id().unwrap_or_default().to_lowercase(), format!("part:{at}")];
        let (name, media_type) = (name(message, part), media_type(part));
        found.push(Leaf { name, media_type, contents, inline: is_inline(part), called });
        if let PartType::Message(inner) = &part.body
            && deeper > 0
        {
            let texts: Vec<usize> = inner.text_body.iter().chain(&inner.html_body).map(|at| *at as usize).collect();
            walk(inner, &texts, deeper - 1, unsigned, found);
        }
    }
}

/// Parts that say once more what the text says: alternatives in forms nobody asked for, without a
/// name of their own. Invitations are none of them.
fn versions(message: &Message<'_>) -> Vec<usize> {
    let alternative = |part: &&MessagePart<'_>| {
        part.content_type().is_some_and(|t| {
            t.ctype().eq_ignore_ascii_case("multipart")
                && t.subtype().is_some_and(|s| s.eq_ignore_ascii_case("alternative"))
        })
    };
    let children = message.parts.iter().filter(alternative).flat_map(|part| match &part.body {
        PartType::Multipart(children) => children.as_slice(),
        _ => &[],
    });
    let texts: Vec<u32> = message.text_body.iter().chain(&message.html_body).copied().collect();
    let version = |at: &usize| {
        let part = &message.parts[*at];
        let named = part.attachment_name().is_some() || part.content_id().is_some();
        let leaf = !matches!(part.body, PartType::Multipart(_) | PartType::Message(_));
        leaf && !named && !media_type(part).starts_with("text/calendar") && !texts.iter().any(|t| *t as usize == *at)
    };
    children.map(|at| *at as usize).filter(|at| *at < message.parts.len()).filter(version).collect()
}

/// Files of an email inside its signature; none where there is no such email.
fn inside_signature<'a>(part: &MessagePart<'_>, contents: &[u8]) -> Option<Vec<Leaf<'a>>> {
    if !opaque::is_structure(part) {
        return None;
    }
    let content = opaque::inner(contents).filter(|c| guard::check(c, &Limits::default()).is_ok())?;
    let inner = MessageParser::default().parse(content.as_slice())?;
    let texts: Vec<usize> = inner.text_body.iter().chain(&inner.html_body).map(|at| *at as usize).collect();
    let mut found = Vec::new();
    // One signature deep: a chain of them would take as many stack frames.
    walk(&inner, &texts, 0, false, &mut found);
    let owned = found.into_iter().filter(|leaf| !leaf.media_type.ends_with("pkcs7-mime"));
    Some(owned.map(|leaf| Leaf { contents: Cow::Owned(leaf.contents.into_owned()), ..leaf }).collect())
}

/// Files encoded into a text part.
fn written_into<'a>(message: &Message<'_>, at: usize) -> Vec<Leaf<'a>> {
    if let PartType::Html(source) = &message.parts[at].body {
        let leaf = |(at, file): (usize, data_uri::File)| Leaf {
            name: format!("picture-{}.{}", at + 1, ending_of(&file.media_type)),
            media_type: file.media_type,
            contents: Cow::Owned(file.contents),
            inline: true,
            called: [format!("data:{at}"), String::new()],
        };
        return data_uri::files(source).into_iter().enumerate().map(leaf).collect();
    }
    if !matches!(&message.parts[at].body, PartType::Text(text) if text.contains("begin ")) {
        return Vec::new();
    }
    let text = text_part::text_of(message, at).unwrap_or_default();
    let files = uuencode::split(&text).1.into_iter().map(|file| Leaf {
        media_type: media_type_of(&file.name),
        name: file.name,
        contents: Cow::Owned(file.contents),
        inline: false,
        called: Default::default(),
    });
    files.collect()
}

fn unpacked<'a>(file: tnef::File) -> Leaf<'a> {
    Leaf {
        media_type: file.media_type.unwrap_or_else(|| media_type_of(&file.name)),
        name: file.name,
        contents: Cow::Owned(file.contents),
        inline: false,
        called: Default::default(),
    }
}

/// The ending a picture's name gets.
fn ending_of(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" | "image/jpg" | "image/pjpeg" => "jpg",
        "image/gif" => "gif",
        "image/svg+xml" => "svg",
        "image/webp" => "webp",
        "image/bmp" => "bmp",
        _ => "png",
    }
}

/// The media type a name suggests, for files that come without one.
fn media_type_of(name: &str) -> String {
    let ending = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    let known = match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "pdf" => "application/pdf",
        "txt" | "log" => "text/plain",
        "csv" => "text/csv",
        "zip" => "application/zip",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    };
    known.to_owned()
}

/// The declared media type, lower case.
pub(super) fn media_type(part: &MessagePart<'_>) -> String {
    let Some(declared) = part.content_type() else {
        let text = matches!(part.body, PartType::Text(_));
        return if text { "text/plain" } else { "application/octet-stream" }.to_owned();
    };
    let subtype = declared.subtype().unwrap_or("octet-stream");
    one_line(&format!("{}/{subtype}", declared.ctype())).to_lowercase()
}

/// The name a part gives itself, by the most telling field that has one.
fn name(message: &Message<'_>, part: &MessagePart<'_>) -> String {
    let field = |name: HeaderName<'_>| {
        let header = part.headers.iter().rev().find(|h| h.name == name)?;
        message.raw_message.get(header.offset_start as usize..header.offset_end as usize)
    };
    let disposition = field(HeaderName::ContentDisposition)
        .and_then(|f| ["filename", "name"].iter().find_map(|name| parameter::value(f, name)));
    let either = |f: &[u8], names: [&str; 2]| names.iter().find_map(|name| parameter::value(f, name));
    let content_type = || field(HeaderName::ContentType).and_then(|f| either(f, ["name", "filename"]));
    // A description, or an id, that looks like a file's name.
    let described = || {
        let like_a_file =
            |text: &str| text.rsplit_once('.').is_some_and(|(_, e)| (2..=5).contains(&e.len()) && !text.contains('@'));
        let texts = [part.content_description(), part.content_id()];
        texts.into_iter().flatten().map(one_line).find(|text| like_a_file(text))
    };
    let subject = || match &part.body {
        PartType::Message(inner) => inner.subject().map(|s| format!("{}.eml", one_line(s))).filter(|s| s.len() > 4),
        _ => None,
    };
    // A charset too small for the name leaves question marks in it.
    let whole = disposition.filter(|name| !name.contains("??") || content_type().is_none());
    whole.or_else(content_type).or_else(described).or_else(subject).unwrap_or_default()
}

fn is_inline(part: &MessagePart<'_>) -> bool {
    let kind = part.content_disposition().map(|d| d.ctype().to_ascii_lowercase());
    match kind.as_deref() {
        Some("attachment") => false,
        Some("inline") => true,
        _ => part.content_id().is_some(),
    }
}
