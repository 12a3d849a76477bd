//! Files that came with an email.
//!
//! The raw email is the record: the list keeps name, type, size and digest, and
//! [`files`] reads the bytes from the raw email again when somebody wants them.

use std::collections::HashSet;

use data_encoding::HEXLOWER;
use mail_parser::{Message, MessageParser};
use sha2::{Digest, Sha256};

use super::parts::{self, Leaf};
use super::visible::deceives;
use super::{ParsedEmail, repair};

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
    /// Its place among the email's files.
    #[serde(default)]
    pub part: usize,
    /// What it is there for.
    #[serde(default)]
    pub role: FileRole,
}

impl Attachment {
    /// Whether it says nothing but itself: signatures and keys name their owner's address, enclosed
    /// emails, invitations and Outlook's packages hold other people's words.
    #[must_use]
    pub(crate) fn is_fit_for_requesters(&self) -> bool {
        const UNFIT: [&str; 12] = [
            "application/pkcs7-signature",
            "application/x-pkcs7-signature",
            "application/pkcs7-mime",
            "application/x-pkcs7-mime",
            "application/pgp-signature",
            "application/pgp-keys",
            "application/pgp-encrypted",
            "application/ms-tnef",
            "application/vnd.ms-tnef",
            "message/rfc822",
            "message/delivery-status",
            "text/calendar",
        ];
        !UNFIT.contains(&self.media_type.as_str()) && !self.name.eq_ignore_ascii_case("winmail.dat")
    }
}

impl Attachment {
    /// Whether it is a picture of which only its place can tell what it is for.
    pub(super) fn may_be_content(&self) -> bool {
        matches!(self.role, FileRole::Inline | FileRole::Logo)
    }
}

/// What a file of an email is there for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileRole {
    /// Attached for its own sake.
    #[default]
    File,
    /// A small picture shown inside the text: a logo, once the same sender has sent it before.
    Inline,
    /// A picture shown inside the text that is too large for a logo, such as a screenshot.
    Picture,
    /// The ornament of a signature: tiny, or the same in several emails of its sender.
    Logo,
}

/// One file with its contents, ready to be saved or sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its description.
    pub attachment: Attachment,
    /// Its contents, transfer encoding undone.
    pub contents: Vec<u8>,
}

/// All parts that are not the message's own text; and whether the place of one must tell what it is for.
pub(super) fn list(message: &Message<'_>, used: &[usize]) -> (Vec<Attachment>, bool) {
    let leaves = parts::leaves(message, used, false);
    let files: Vec<Attachment> = leaves.iter().enumerate().map(|(at, leaf)| describe(at, leaf)).collect();
    let open = files.iter().zip(&leaves).any(|(file, leaf)| file.may_be_content() && is_readable(&leaf.contents));
    (files, open)
}

/// Marks as pictures those that are content, by what the text calls them; and all that are readable, where it has no words.
pub(super) fn show(message: &Message<'_>, used: &[usize], content: &HashSet<String>, mail: &mut ParsedEmail) {
    let alone = !mail.text.contains(char::is_alphanumeric);
    let leaves = parts::leaves(message, used, false);
    for (attachment, leaf) in mail.attachments.iter_mut().zip(&leaves) {
        let named = || content.contains(&leaf.name.to_lowercase());
        let placed = || leaf.called.iter().any(|name| content.contains(name)) || named();
        if attachment.may_be_content() && is_readable(&leaf.contents) && (alone || placed()) {
            attachment.role = FileRole::Picture;
        }
    }
}

/// Reads files out of a raw email again. They are found by their digest, wherever in the email they are.
#[must_use]
pub fn files(raw: &[u8], wanted: &[Attachment]) -> Vec<File> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let raw = repair::prepared(raw);
    let Some(message) = MessageParser::default().parse(raw.as_ref()) else {
        return Vec::new();
    };
    let texts: Vec<usize> = message.text_body.iter().chain(&message.html_body).map(|at| *at as usize).collect();
    // Texts that are files are found by the second look, without which they are taken for the body.
    let leaves = parts::leaves(&message, &texts, true).into_iter().chain(parts::leaves(&message, &[], true));
    let mut left: Vec<&Attachment> = wanted.iter().collect();
    let mut found = Vec::new();
    for leaf in leaves {
        let size = leaf.contents.len() as u64;
        if left.is_empty() || !left.iter().any(|a| a.size == size) {
            continue;
        }
        let sha256 = digest(&leaf.contents);
        if let Some(at) = left.iter().position(|a| a.sha256 == sha256) {
            let attachment = left.swap_remove(at).clone();
            found.push(File { attachment, contents: leaf.contents.into_owned() });
        }
    }
    found.sort_by_key(|file| file.attachment.part);
    found
}

/// Most bytes of one file that are read as text.
const READ: usize = 2 << 20;

/// What can be read in the files of an email: their names, and their bytes as text, whatever they call themselves; of an email
/// among them every word.
#[must_use]
pub(crate) fn words_in_files(raw: &[u8], wanted: &[Attachment]) -> Vec<String> {
    let words = |file: File| {
        let bytes = &file.contents[..file.contents.len().min(READ)];
        // UTF-16 holds a NUL beside each plain character.
        let plain: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        let mut text = format!("{}\n{}", file.attachment.name, String::from_utf8_lossy(&plain));
        if text.contains("Subject:") || text.contains("<html") || text.contains("<p") {
            text.push('\n');
            text.push_str(&super::every_word(bytes));
        }
        text
    };
    files(raw, wanted).into_iter().map(words).collect()
}

fn digest(contents: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(contents))
}

fn describe(at: usize, leaf: &Leaf<'_>) -> Attachment {
    Attachment {
        name: safe_name(&leaf.name, at + 1, &leaf.media_type),
        size: leaf.contents.len() as u64,
        sha256: digest(&leaf.contents),
        part: at,
        role: role(leaf),
        media_type: leaf.media_type.clone(),
    }
}

fn role(leaf: &Leaf<'_>) -> FileRole {
    if !leaf.inline || !leaf.media_type.starts_with("image/") {
        return FileRole::File;
    }
    match (is_tiny(&leaf.contents), is_small(&leaf.contents)) {
        (true, _) => FileRole::Logo,
        (false, true) => FileRole::Inline,
        // A screenshot, which may well be sent twice.
        (false, false) => FileRole::Picture,
    }
}

/// Whether a picture may hold a word: emoji and the signs of social networks are smaller.
fn is_readable(contents: &[u8]) -> bool {
    const SIDE: usize = 72;
    const HEIGHT: usize = 8;
    imagesize::blob_size(contents)
        .is_ok_and(|size| size.width.max(size.height) > SIDE && size.width.min(size.height) >= HEIGHT)
}

/// Largest picture that can be the logo of a signature, in pixels.
const LOGO: usize = 500 * 500;

/// Whether a picture is small enough for a logo, when it comes again and again.
fn is_small(contents: &[u8]) -> bool {
    imagesize::blob_size(contents).is_ok_and(|size| size.width.saturating_mul(size.height) <= LOGO)
}

/// Icons, spacers and the usual logos: nobody can read a screenshot of that size.
fn is_tiny(contents: &[u8]) -> bool {
    const SIDE: usize = 24;
    const AREA: usize = 120 * 120;
    match imagesize::blob_size(contents) {
        Ok(size) => size.width.min(size.height) <= SIDE || size.width.saturating_mul(size.height) <= AREA,
        Err(_) => contents.len() < 200,
    }
}

/// The name without what a file system or a terminal would act on, or an eye would misread. Of a path that is absolute
/// or climbs, the last component is kept; otherwise its separators become underscores. Of what is left of nothing,
/// `number` and the type make a name.
#[must_use]
pub(crate) fn safe_name(declared: &str, number: usize, media_type: &str) -> String {
    let declared = declared.trim();
    let drive = declared.chars().nth(1) == Some(':');
    let climbs = declared.split(['/', '\\']).any(|c| c == "..");
    let last = if drive || climbs || declared.starts_with(['/', '\\']) {
        declared.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
    } else {
        declared.replace(['/', '\\'], "_")
    };
    let kept: String =
        last.chars().filter(|c| !c.is_control() && !deceives(*c) && !r#"<>:"|?*"#.contains(*c)).collect();
    // Windows drops dots and spaces at the end, which would make another name of it.
    let kept = kept.trim().trim_start_matches('.').trim().trim_end_matches(['.', ' ']);
    if !kept.is_empty() {
        let apart = if kept.starts_with(['-', '~']) || is_device(kept) { "_" } else { "" };
        return shortened(&format!("{apart}{kept}"));
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
    format!("part-{number}.{ending}")
}
/// Whether Windows takes the name for a device, whatever its ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |word: &str| {
        let rest = stem.strip_prefix(word).map(str::chars);
        rest.is_some_and(|mut rest| rest.next().is_some_and(|c| "0123456789¹²³".contains(c)) && rest.next().is_none())
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
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
        assert_eq!(safe_name("facture\u{202e}fdp.exe", 1, ""), "facturefdp.exe");
        assert_eq!(safe_name("nul.txt", 1, ""), "_nul.txt");
        assert_eq!(safe_name("Com1", 1, ""), "_Com1");
        assert_eq!(safe_name("console.log", 1, ""), "console.log");
        assert_eq!(safe_name("-rf", 1, ""), "_-rf");
        assert_eq!(safe_name("run.exe. .", 1, ""), "run.exe");
        assert_eq!(safe_name("", 2, "application/x-thing"), "part-2.bin");
        let long = safe_name(&format!("{}.pdf", "é".repeat(300)), 1, "");
        assert!(long.len() <= NAME_BYTES && long.ends_with("é.pdf"), "{long}");
    }
}
