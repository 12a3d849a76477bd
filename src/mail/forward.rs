//! An email inside an email: what somebody passed on, and what they wrote above it.
//!
//! Clients pass emails on as an attachment, which is exact, or written into the text under a header
//! block, which says at least who wrote it. Both are read; a report is not a forward.

use mail_parser::{Message, MimeHeaders, PartType};

use super::address::{Address, looks_like_address, one_line};
use super::language::Field;
use super::marks;
use super::reply::{field, is_forward};
use super::{Attachment, Limits, ParsedEmail, attachment, body, header};

/// Lines of text that may stand between the mark of a forward and its header block.
const GAP: usize = 6;
/// Most lines of a header block.
const BLOCK: usize = 30;

/// The email that was passed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// What the person who passed it on wrote above it; may be empty.
    pub above: String,
    /// Who wrote the original.
    pub from: Address,
    /// `To` and `Cc` of the original, where it is enclosed whole.
    pub others: Vec<Address>,
    /// Its subject; empty when it is not said.
    pub subject: String,
    /// Its Message-ID, where it is enclosed whole.
    pub message_id: Option<String>,

    pub text: String,
    /// Its files, where it is enclosed whole; otherwise they are the outer mail's.
    pub attachments: Option<Vec<Attachment>>,
}

/// The original in this email, if it holds exactly one whose author it names.
pub(super) fn detect(message: &Message<'_>, mail: &ParsedEmail, marked: &str, limits: &Limits) -> Option<Forwarded> {
    if mail.bounce.is_some() {
        return None;
    }
    enclosed(message, mail, limits).or_else(|| inline(mail, marked))
}

fn enclosed(message: &Message<'_>, mail: &ParsedEmail, limits: &Limits) -> Option<Forwarded> {
    let is_report = |subtype: Option<&str>| subtype.is_some_and(|s| s.eq_ignore_ascii_case("report"));
    if is_report(message.content_type().and_then(|t| t.subtype())) {
        return None;
    }
    let mut enclosed = message.parts.iter().filter_map(|part| match &part.body {
        PartType::Message(inner) => Some(inner),
        _ => None,
    });
    let inner = enclosed.next().filter(|_| enclosed.next().is_none())?;
    let mut unused = Vec::new();
    let read = header::read(inner, limits, &mut unused);
    let body = body::read(inner, limits, &mut unused);
    // Without words of its own the email's text is that of the enclosed one.
    let (words, _) = body::own_text(message, limits, &mut unused);
    let above = if words.trim().is_empty() { String::new() } else { mail.reply_text.clone() };
    Some(Forwarded {
        above,
        from: read.from?,
        others: read.to.into_iter().chain(read.cc).collect(),
        subject: read.subject,
        message_id: read.message_id,
        attachments: Some(attachment::list(inner, &body.used).0),
        text: body.text,
    })
}

fn inline(mail: &ParsedEmail, marked: &str) -> Option<Forwarded> {
    let announced = has_forward_prefix(&mail.subject);
    if !announced && !marked.contains("--") && !marked.contains("__") {
        return None;
    }
    let text = marks::without(marked);
    // Apple's clients quote the original; in a block of HTML every line is quoted.
    let lines: Vec<&str> = text.lines().collect();
    let mark = lines.iter().position(|l| is_forward(l));
    let start = match mark {
        Some(mark) => block_after(&lines, mark + 1)?,
        // Outlook says it in the subject alone.
        None if announced => (0..lines.len()).find(|at| is_block(&lines, *at))?,
        None => return None,
    };
    let block = read_block(&lines, start);
    let ruled = |l: &&str| !l.trim().is_empty() && !l.trim_start().starts_with(['-', '_', '=', '*']);
    let above = &lines[..mark.unwrap_or(start)];
    let above = &above[..above.iter().rposition(ruled).map_or(0, |last| last + 1)];
    let depth = depth(lines[start]);
    let text: Vec<&str> = lines[block.end..].iter().map(|l| unquoted(l, depth)).collect();
    Some(Forwarded {
        above: above
            .join(
                "
",
            )
            .trim()
            .to_owned(),
        from: block.from?,
        subject: block.subject,
        text: text.join("\n").trim().to_owned(),
        ..Forwarded::default()
    })
}

/// Whether a subject begins as clients mark emails that are passed on.
pub(super) fn has_forward_prefix(subject: &str) -> bool {
    const PREFIXES: [&str; 16] = [
        "fw",
        "fwd",
        "tr",
        "trans",
        "wg",
        "rv",
        "i",
        "enc",
        "vb",
        "vs",
        "doorst",
        "pd",
        "vl",
        "továbbítás",
        "转发",
        "wtr",
    ];
    let Some((prefix, _)) = subject.split_once([':', '：']) else { return false };
    PREFIXES.contains(&prefix.trim().to_lowercase().as_str())
}

fn block_after(lines: &[&str], start: usize) -> Option<usize> {
    (start..lines.len().min(start + GAP)).find(|at| field(lines[*at]).is_some()).filter(|at| is_block(lines, *at))
}

/// Whether a header block begins here that names its author's address.
fn is_block(lines: &[&str], at: usize) -> bool {
    if field(lines[at]).is_none() {
        return false;
    }
    let block = read_block(lines, at);
    block.from.is_some() && block.fields >= 2
}

struct Block {
    from: Option<Address>,
    subject: String,
    fields: usize,
    end: usize,
}

/// Reads fields up to the first empty line; a line without a field continues the one before.
fn read_block(lines: &[&str], start: usize) -> Block {
    let mut block = Block { from: None, subject: String::new(), fields: 0, end: lines.len() };
    let mut current = None;
    for (at, line) in lines.iter().enumerate().skip(start).take(BLOCK) {
        let line = unquoted(line, depth(line));
        if line.trim().is_empty() && block.fields > 1 {
            block.end = at;
            break;
        }
        match field(line) {
            Some((Field::From, value)) => {
                block.from = block.from.or_else(|| author(value));
                current = Some(Field::From);
                block.fields += 1;
            }
            Some((kind, value)) => {
                if kind == Field::Subject && block.subject.is_empty() {
                    block.subject = one_line(value);
                }
                current = Some(kind);
                block.fields += 1;
            }
            None if line.trim().is_empty() => {}
            None => match current {
                Some(Field::From) if block.from.is_none() => block.from = author(line),
                Some(Field::To | Field::Cc) if line.contains('@') || line.trim_end().ends_with([',', ';']) => {}
                Some(Field::Subject) if line.starts_with([' ', '\t']) => {
                    block.subject = one_line(&format!("{} {line}", block.subject));
                }
                // Text follows the block without an empty line.
                _ => {
                    block.end = at;
                    break;
                }
            },
        }
    }
    block
}

/// `Name <a@b>`, `Name [mailto:a@b]`, `a@b`, `"Name" (a@b)`.
fn author(value: &str) -> Option<Address> {
    let value = one_line(value);
    let separators = |c: char| c.is_whitespace() || "<>[]()\",;".contains(c);
    let address = value
        .split(separators)
        .map(|word| word.trim_start_matches("mailto:").trim_start_matches("MAILTO:").trim_matches('*'))
        .find(|word| looks_like_address(word))?;
    let name = value.split(['<', '[', '(']).next().unwrap_or_default();
    let name = name.trim_matches(|c: char| c.is_whitespace() || "\"'*".contains(c));
    let name = if name.contains('@') { "" } else { name };
    Some(Address { name: name.to_owned(), address: address.to_owned() })
}

fn depth(line: &str) -> usize {
    line.chars().take_while(|c| matches!(c, '>' | ' ')).filter(|c| *c == '>').count()
}

/// The line without as many `>` as the block it belongs to.
fn unquoted(line: &str, depth: usize) -> &str {
    let mut rest = line;
    for _ in 0..depth {
        match rest.trim_start().strip_prefix('>') {
            Some(inner) => rest = inner,
            None => break,
        }
    }
    if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, ParsedEmail, parse};

    fn mail(subject: &str, text: &str) -> ParsedEmail {
        let raw = format!(
            "From: Marie <marie@desk.example>\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}"
        );
        parse(raw.replace('\n', "\r\n").as_bytes(), &Limits::default()).unwrap_or_default()
    }

    #[test]
    fn forwards_of_the_usual_clients_are_taken_apart() {
        for (subject, text) in [
            (
                "Fwd: Panne",
                "Pour vous.\n\n---------- Forwarded message ---------\nDe : Ana Pérez <ana@college.example>\nDate: lun. 2 mars 2026 à 09:15\nSubject: Panne\nTo: <marie@desk.example>\n\n\nL'écran est noir.\n",
            ),
            (
                "TR: Panne",
                "Pour vous.\n\nDe : Ana Pérez <ana@college.example>\nEnvoyé : lundi 2 mars 2026 09:15\nÀ : Marie <marie@desk.example>\nObjet : Panne\n\nL'écran est noir.\n",
            ),
            (
                "TR: Panne",
                "Pour vous.\n\n-----Message d'origine-----\nDe : Ana Pérez [mailto:ana@college.example]\nEnvoyé : lundi 2 mars 2026 09:15\nÀ : Marie\nObjet : Panne\n\nL'écran est noir.\n",
            ),
            (
                "Fwd: Panne",
                "Pour vous.\n\nBegin forwarded message:\n\n> From: Ana Pérez <ana@college.example>\n> Subject: Panne\n> Date: 2 March 2026 at 09:15\n> To: marie@desk.example\n> \n> L'écran est noir.\n",
            ),
            (
                "Fwd: Panne",
                "Pour vous.\n\n-------- Message transféré --------\nSujet : \tPanne\nDate : \tMon, 2 Mar 2026 09:15:00 +0100\nDe : \tAna Pérez <ana@college.example>\nPour : \tmarie@desk.example\n\nL'écran est noir.\n",
            ),
            (
                "WG: Panne",
                "Pour vous.\n\nVon: Ana Pérez <ana@college.example>\nGesendet: Montag, 2. März 2026 09:15\nAn: Marie\nBetreff: Panne\n\nL'écran est noir.\n",
            ),
            (
                "Fw: Panne",
                "Pour vous.\n\n________________________________\nFrom: Ana Pérez <ana@college.example>\nSent: Monday, March 2, 2026 9:15 AM\nTo: Marie <marie@desk.example>\nSubject: Panne\n\nL'écran est noir.\n",
            ),
        ] {
            let forwarded = mail(subject, text).forwarded.unwrap_or_else(|| panic!("no forward: {text}"));
            assert_eq!(
                (forwarded.from.address.as_str(), forwarded.from.name.as_str()),
                ("ana@college.example", "Ana Pérez"),
                "{text}"
            );
            assert_eq!(forwarded.above, "Pour vous.", "{text}");
            assert_eq!(forwarded.subject, "Panne", "{text}");
            assert_eq!(forwarded.text, "L'écran est noir.", "{text}");
        }
    }

    #[test]
    fn an_enclosed_mail_is_read_whole() {
        let raw = "From: marie@desk.example\nSubject: Fwd: Panne\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nPour vous.\n--b\nContent-Type: message/rfc822\n\nFrom: Ana <ana@college.example>\nSubject: Panne\nMessage-ID: <o@college.example>\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: text/plain\n\nNoir.\n--c\nContent-Type: text/csv; name=a.csv\nContent-Disposition: attachment\n\n1;2\n--c--\n--b--\n";
        let mail = parse(raw.replace('\n', "\r\n").as_bytes(), &Limits::default()).unwrap_or_default();
        let forwarded = mail.forwarded.unwrap_or_default();
        assert_eq!(forwarded.above, "Pour vous.");
        assert_eq!(forwarded.message_id.as_deref(), Some("o@college.example"));
        assert_eq!(forwarded.text.trim(), "Noir.");
        let names: Vec<String> = forwarded.attachments.unwrap_or_default().into_iter().map(|a| a.name).collect();
        assert_eq!(names, ["a.csv"]);
    }

    #[test]
    fn answers_are_no_forwards() {
        let text = "Merci.\n\nDe : Ana <ana@college.example>\nEnvoyé : lundi 2 mars 2026 09:15\nÀ : Marie\nObjet : Panne\n\nNoir.\n";
        assert_eq!(mail("RE: Panne", text).forwarded, None);
        assert_eq!(mail("Fwd: rien", "Voir plus haut.\n").forwarded, None);
    }
}
