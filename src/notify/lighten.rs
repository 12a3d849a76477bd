//! An email of ours without its largest files, for a server that takes smaller ones only.
//!
//! Takes the bytes as [`super::compose`] made them. What is left out is named in a part of its own at the end. The
//! Message-ID stays: it is the same email.

use data_encoding::BASE64;

use super::Phrases;
use crate::mail;

/// Files are left out, the largest first, until the email has `most` bytes; all of them where the bound is not known. None
/// where it has no file, or is too large without them.
#[must_use]
pub(crate) fn lighten(bytes: &[u8], most: Option<u64>, phrases: &Phrases) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let boundary = mixed_boundary(head)?;
    let edge = format!("--{boundary}");
    // Before the first edge there is nothing; behind the last one, two dashes.
    let mut parts: Vec<&str> = body.split(&*edge).skip(1).collect();
    parts.pop();
    let (first, files) = parts.split_first()?;
    let mut kept: Vec<&str> = files.to_vec();
    let mut left = Vec::new();
    loop {
        let largest = kept.iter().enumerate().max_by_key(|(_, part)| part.len()).map(|(at, _)| at)?;
        left.push(described(kept.remove(largest)));
        let note = note(&left, phrases);
        let size = head.len() + first.len() + kept.iter().map(|p| p.len()).sum::<usize>() + note.len();
        let size = size + (kept.len() + 3) * (edge.len() + 4) + 16;
        let fits = most.is_some_and(|most| size as u64 <= most);
        if !fits && !kept.is_empty() {
            continue;
        }
        if !fits && most.is_some() {
            return None;
        }
        let parts: String = std::iter::once(first).chain(&kept).map(|part| format!("{edge}{part}")).collect();
        return Some(format!("{head}\r\n\r\n{parts}{edge}{note}{edge}--\r\n").into_bytes());
    }
}

/// The boundary of the outermost parts, where files stand beside the text.
fn mixed_boundary(head: &str) -> Option<String> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut lines = unfolded.split("\r\n");
    let line = lines.find(|line| line.to_ascii_lowercase().starts_with("content-type: multipart/mixed"))?;
    let (_, rest) = line.split_once("boundary=")?;
    Some(rest.trim_start_matches('"').split(['"', ';']).next()?.to_owned())
}

/// Name and size of a file, as its part says.
fn described(part: &str) -> String {
    let wrapped = format!("MIME-Version: 1.0\r\n{}", part.trim_start_matches("\r\n"));
    let parsed = mail::parse(wrapped.as_bytes(), &mail::Limits::default()).ok();
    let file = parsed.as_ref().and_then(|mail| mail.attachments.first());
    let name = file.map(|file| file.name.clone()).filter(|name| !name.is_empty());
    let bytes = file.map_or(part.len() as u64, |file| file.size);
    let kib = bytes.div_ceil(1024);
    let size = if kib < 1024 { format!("{kib} KiB") } else { format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024) };
    format!("{} ({size})", name.unwrap_or_else(|| "?".to_owned()))
}

fn note(left: &[String], phrases: &Phrases) -> String {
    let words = phrases.text("text.files_left_out", &[]);
    let list: String = left.iter().map(|file| format!("- {file}\n")).collect();
    let encoded = BASE64.encode(format!("{words}\n{list}").as_bytes());
    let lines: Vec<&str> = encoded.as_bytes().chunks(76).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!(
        "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        lines.join("\r\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use lettre::Message;
    use lettre::message::{Attachment, MultiPart, header::ContentType};

    fn built_in(language: &str) -> &'static Phrases {
        super::super::Templates::built_in().unwrap().phrases(language)
    }

    fn email(files: &[(&str, usize)]) -> Vec<u8> {
        let both = MultiPart::alternative_plain_html("Bonjour é".to_owned(), "<p>Bonjour é</p>".to_owned());
        let mixed = MultiPart::mixed().boundary("m-x").multipart(both);
        let mixed = files.iter().fold(mixed, |mixed, (name, size)| {
            let part = Attachment::new((*name).to_owned()).body(vec![7u8; *size], ContentType::TEXT_PLAIN);
            mixed.singlepart(part)
        });
        let head = Message::builder().message_id(Some("<one@x>".to_owned()));
        let head = head.from("a@b.example".parse().unwrap()).to("c@d.example".parse().unwrap()).subject("x");
        head.multipart(mixed).unwrap().formatted()
    }

    fn names(bytes: &[u8]) -> Vec<String> {
        let mail = mail::parse(bytes, &mail::Limits::default()).unwrap();
        assert_eq!(mail.message_id.as_deref(), Some("one@x"));
        assert!(mail.text.contains("Bonjour é"), "{}", mail.text);
        mail.attachments.iter().map(|a| a.name.clone()).collect()
    }

    #[test]
    fn the_largest_files_are_left_out_and_named() {
        let whole = email(&[("petit.txt", 2_000), ("photo d'été.png", 900_000), ("plan.pdf", 300_000)]);
        assert_eq!(names(&whole).len(), 3);
        let light = lighten(&whole, Some(500_000), built_in("fr")).unwrap();
        assert!(light.len() <= 500_000);
        assert_eq!(names(&light), ["petit.txt", "plan.pdf"]);
        let text = mail::parse(&light, &mail::Limits::default()).unwrap().text;
        assert!(text.contains("photo d'été.png (879 KiB)"), "{text}");
        let bare = lighten(&whole, None, built_in("en")).unwrap();
        assert!(names(&bare).is_empty());
        let text = mail::parse(&bare, &mail::Limits::default()).unwrap().text;
        assert!(text.contains("plan.pdf") && text.contains("petit.txt (2 KiB)") && text.contains("left out"), "{text}");
    }

    #[test]
    fn what_has_no_files_or_is_too_large_without_them_stays_as_it_is() {
        assert_eq!(lighten(&email(&[]), Some(10), built_in("fr")), None);
        assert_eq!(lighten(&email(&[("a", 5_000)]), Some(100), built_in("fr")), None);
        assert_eq!(lighten(b"Subject: x\r\n\r\ntext", None, built_in("fr")), None);
    }
}
