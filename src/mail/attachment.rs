//! Files that came with a mail.
//!
//! The raw mail is the record: the list keeps name, type, size and digest, and
//! [`files`] reads the bytes from the raw mail again when somebody wants them.

use data_encoding::HEXLOWER;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use sha2::{Digest, Sha256};

use super::address::one_line;

/// One file, as the ticket lists it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Attachment {
    /// A file name that is safe to save under: no folder, no control character, never empty.
    pub name: String,
    /// Media type, lower case (`image/png`).
    #[serde(rename = "type")]
    pub media_type: String,
    /// Size of the contents in bytes, transfer encoding undone.
    pub size: u64,
    /// SHA-256 of the contents, lower-case hexadecimal.
    pub sha256: String,
    /// Position of the part in the raw mail; see [`files`].
    #[serde(default)]
    pub part: usize,
}

/// All parts that are not the message's own text.
pub(super) fn list(message: &Message<'_>, used: &[usize]) -> Vec<Attachment> {
    let parts = message.parts.iter().enumerate();
    parts
        .filter(|(index, part)| !is_structure(part) && !is_body(*index, part, used))
        .map(|(index, part)| describe(message, index, part))
        .collect()
}

/// One file with its contents, ready to be saved or sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its description.
    pub attachment: Attachment,
    /// Its contents, transfer encoding undone.
    pub contents: Vec<u8>,
}

/// Reads files out of a raw mail again, by [`Attachment::part`].
#[must_use]
pub fn files(raw: &[u8], wanted: &[Attachment]) -> Vec<File> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let Some(message) = MessageParser::default().parse(super::guard::without_blank_start(raw)) else {
        return Vec::new();
    };
    let found = wanted.iter().filter_map(|attachment| {
        let part = message.parts.get(attachment.part)?;
        let contents = bytes(&message, part).to_vec();
        Some(File { attachment: attachment.clone(), contents })
    });
    found.collect()
}

fn is_structure(part: &MessagePart<'_>) -> bool {
    matches!(part.body, PartType::Multipart(_))
}

fn is_body(index: usize, part: &MessagePart<'_>, used: &[usize]) -> bool {
    let saved = part.content_disposition().is_some_and(|d| d.ctype().eq_ignore_ascii_case("attachment"));
    let text = matches!(part.body, PartType::Text(_) | PartType::Html(_));
    text && used.contains(&index) && !saved
}

fn describe(message: &Message<'_>, index: usize, part: &MessagePart<'_>) -> Attachment {
    let contents = bytes(message, part);
    let media_type = media_type(part);
    Attachment {
        name: safe_name(part.attachment_name().unwrap_or_default(), index, &media_type),
        size: contents.len() as u64,
        sha256: HEXLOWER.encode(&Sha256::digest(contents)),
        part: index,
        media_type,
    }
}

fn bytes<'a>(message: &'a Message<'_>, part: &'a MessagePart<'_>) -> &'a [u8] {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.as_bytes(),
        PartType::Binary(raw) | PartType::InlineBinary(raw) => raw,
        PartType::Message(_) => {
            let range = part.offset_body as usize..part.offset_end as usize;
            message.raw_message.get(range).unwrap_or_default()
        }
        PartType::Multipart(_) => &[],
    }
}

fn media_type(part: &MessagePart<'_>) -> String {
    let Some(declared) = part.content_type() else {
        return "application/octet-stream".to_owned();
    };
    let subtype = declared.subtype().unwrap_or("octet-stream");
    one_line(&format!("{}/{subtype}", declared.ctype())).to_lowercase()
}

/// The last component of the name, without what a file system or a terminal would act on.
fn safe_name(declared: &str, index: usize, media_type: &str) -> String {
    let last = declared.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control() && !r#"<>:"|?*"#.contains(*c)).collect();
    let kept = kept.trim().trim_start_matches('.').trim();
    if !kept.is_empty() {
        return shortened(kept);
    }
    let ending = match media_type {
        "message/rfc822" => "eml",
        "text/calendar" => "ics",
        "text/html" => "html",
        "text/plain" => "txt",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "application/pdf" => "pdf",
        _ => "bin",
    };
    format!("part-{index}.{ending}")
}

/// Most bytes of a name: file systems allow 255.
const NAME_BYTES: usize = 230;

/// The name cut in its middle where it is too long, so that its ending stays.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES {
        return name.to_owned();
    }
    let ending: String =
        name.rsplit_once('.').map(|(_, e)| e).filter(|e| e.len() <= 10).map(|e| format!(".{e}")).unwrap_or_default();
    let end = (0..=NAME_BYTES - ending.len()).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{ending}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_folder() {
        assert_eq!(safe_name("../../etc/passwd", 1, ""), "passwd");
        assert_eq!(safe_name("C:\\temp\\a\0b.txt", 1, ""), "ab.txt");
        assert_eq!(safe_name("..", 3, "image/png"), "part-3.png");
        assert_eq!(safe_name(".bashrc", 1, ""), "bashrc");
        assert_eq!(safe_name("", 2, "application/x-thing"), "part-2.bin");
        let long = safe_name(&format!("{}.pdf", "é".repeat(300)), 1, "");
        assert!(long.len() <= NAME_BYTES && long.ends_with("é.pdf"), "{long}");
    }
}
