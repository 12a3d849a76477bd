//! The head of an old mail: its fields, and the rules and lines drawn above it.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::attribution::wrote;
use super::shape::{ADDRESS, DATE, TIME, is, starts_with_word};
use crate::mail::language::{Field, languages, phrases};
use crate::mail::pattern::{Pattern, compile};

/// A date in full, as only programs write it.
static FULL_DATE: Pattern =
    LazyLock::new(|| compile(r"(?i)^\W*date\s?:\s*\p{L}{3}(?:,|=2C)\s\d{1,2} \p{L}{3} \d{4} \d\d:\d\d"));

static FIELDS: LazyLock<HashMap<&str, Field>> = LazyLock::new(|| {
    let mut fields = HashMap::new();
    for language in languages() {
        // What two languages disagree about is settled by the earlier one.
        let kinds = [
            (language.from, Field::From),
            (language.sent, Field::Sent),
            (language.to, Field::To),
            (language.cc, Field::Cc),
            (language.subject, Field::Subject),
            (&["reply-to", "répondre à"], Field::ReplyTo),
        ];
        for (names, field) in kinds {
            for name in names {
                fields.entry(*name).or_insert(field);
            }
        }
    }
    fields
});

/// The field a line of a header block names, and its value.
pub(in crate::mail) fn field(line: &str) -> Option<(Field, &str)> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || ">*|_".contains(c));
    let (at, colon) = line.char_indices().take(32).find(|(_, c)| matches!(c, ':' | '：'))?;
    let name = line[..at].trim_matches(|c: char| c.is_whitespace() || "*_".contains(c));
    if name.is_empty() || name.len() > 60 {
        return None;
    }
    let field = FIELDS.get(name.to_lowercase().as_str())?;
    let value = line[at + colon.len_utf8()..].trim_matches(|c: char| c.is_whitespace() || "*_".contains(c));
    Some((*field, value))
}

/// Whether a header block begins at the first of these lines.
pub(in crate::mail::reply) fn is_header_block(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else { return false };
    if !first.chars().take(40).any(|c| matches!(c, ':' | '：')) {
        return false;
    }
    if is(&FULL_DATE, first) {
        return true;
    }
    let Some((Field::From | Field::Sent, value)) = field(first) else { return false };
    // What heads the old mail is no part of what stands above it.
    let end = lines.iter().skip(1).position(|line| is_original(line)).map_or(lines.len(), |at| at + 1);
    let lines = &lines[..end];
    let next: Vec<(Field, &str)> =
        lines.iter().filter(|l| !l.trim().is_empty()).take(8).filter_map(|l| field(l)).collect();
    let any = |wanted: &[Field]| next.iter().any(|(f, value)| wanted.contains(f) && !value.is_empty());
    let from = next.iter().any(|(f, _)| *f == Field::From);
    let sent = any(&[Field::Sent]);
    let rest = next.iter().any(|(f, _)| matches!(f, Field::To | Field::Cc | Field::Subject | Field::ReplyTo));
    // `De : 8 h` and `A : 10 h` alone are no header; a date, or an address, makes them one.
    let addressed = next.iter().any(|(f, value)| *f == Field::From && is(&ADDRESS, value));
    let follows = !value.is_empty() || next.len() > 1;
    let dated = next.iter().any(|(f, value)| *f == Field::Sent && is(&DATE, value));
    let timed = next.iter().any(|(f, value)| *f == Field::Sent && is(&TIME, value));
    let outlook = lines.iter().take(8).any(|l| field(l).is_some_and(|(f, _)| f == Field::Sent) && !names_date(l));
    follows && from && ((sent && (addressed || timed || (outlook && (dated || rest)))) || (rest && addressed))
}

/// Whether a field is called "date", as forms call it too, rather than "sent".
fn names_date(line: &str) -> bool {
    let label = line.split([':', '：']).next().unwrap_or_default();
    let label = label.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    ["dat", "fech", "дат", "pvm", "päiv"].iter().any(|start| label.starts_with(start))
}

/// Whether a whole header block of Outlook begins here: author with address, "sent" (which no other
/// program and no form says for a date), recipients and subject.
pub(in crate::mail::reply) fn is_outlook_block(lines: &[&str]) -> bool {
    let next: Vec<(Field, &str)> = lines.iter().take(8).map_while(|l| field(l)).collect();
    let has = |wanted: Field| next.iter().any(|(f, value)| *f == wanted && !value.is_empty());
    let author = next.first().is_some_and(|(f, value)| *f == Field::From && is(&ADDRESS, value));
    let sent = lines
        .iter()
        .take(8)
        .any(|l| field(l).is_some_and(|(f, value)| f == Field::Sent && is(&DATE, value)) && !names_date(l));
    author && sent && has(Field::To) && has(Field::Subject)
}

/// Whether the line below a horizontal rule begins the old mail: it names its author by address.
pub(in crate::mail::reply) fn is_author(line: &str) -> bool {
    field(line).is_some_and(|(f, value)| f == Field::From && is(&ADDRESS, value))
}

/// The words between the dashes of a line such as `-----Original Message-----`, lower case.
fn between_rules(line: &str) -> Option<String> {
    let decoration = |c: char| "-_=*#~>|".contains(c) || c.is_whitespace();
    let start = line.trim_start_matches(|c: char| c == '>' || c.is_whitespace());
    let ruled = start.chars().take_while(|c| "-_=*#~".contains(*c)).count();
    (ruled >= 2 && line.len() <= 300).then(|| line.trim_matches(decoration).to_lowercase())
}

/// Whether this line says, between rules, that the original mail follows, or who wrote it.
pub(in crate::mail::reply) fn is_original(line: &str) -> bool {
    if is_wrapped_by_marks(line) {
        return true;
    }
    let Some(words) = between_rules(line) else { return false };
    starts_with_word(&words, phrases(|l| l.original))
        || (words.len() <= 120 && (wrote(&words).is_some_and(|end| end == words.len())))
}

/// `>>> Ana <ana@x.example> 02/03/2026 09:15 >>>`, as GroupWise heads what it quotes.
fn is_wrapped_by_marks(line: &str) -> bool {
    let line = line.trim();
    line.len() < 200
        && line.starts_with(">>>")
        && line.ends_with(">>>")
        && line.len() > 8
        && (is(&ADDRESS, line) || is(&DATE, line))
}

/// Whether a ticket system asks here for answers above the line.
pub(in crate::mail::reply) fn is_above_line(line: &str) -> bool {
    if line.len() > 160 || !line.contains(|c: char| "#-=—_*".contains(c)) {
        return false;
    }
    let line = line.to_lowercase();
    phrases(|l| l.above).any(|phrase| line.contains(phrase))
}

/// Whether a forwarded mail begins here.
pub(in crate::mail) fn is_forward(line: &str) -> bool {
    let words = match between_rules(line) {
        Some(words) => words,
        // Apple's clients write it without dashes.
        None if line.trim_end().ends_with([':', '：']) && line.len() < 80 => {
            line.trim_matches(|c: char| c.is_whitespace() || c == '>' || c == ':').to_lowercase()
        }
        None => return false,
    };
    starts_with_word(&words, phrases(|l| l.forwarded))
}
