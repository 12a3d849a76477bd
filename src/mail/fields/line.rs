//! Where labels stand in one line.

use super::label::{Label, find, find_alone, find_exact};
use super::tidy;
use crate::mail::fold;

/// Longest line in which labels are looked for, in bytes: forms are written by people.
const LINE: usize = 4_000;
/// Longest line of a label and its value that nothing parts, in bytes.
const BARE: usize = 100;
/// Longest label with what stands in parentheses left out, in bytes.
const LABEL: usize = 100;

/// How sure it is that a label is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sure {
    /// A colon, or a cell of its own.
    Yes,
    /// A dash behind it.
    Dashed,
    /// Nothing else stands on the line.
    Alone,
}

/// Where a label stands in a line, and where its value begins.
pub(super) struct Hit<'a> {
    pub(super) label: &'a Label,
    pub(super) sure: Sure,
    start: usize,
    value: usize,
}

pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) hits: Vec<Hit<'a>>,
}

impl<'a> Line<'a> {
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The value behind a label, up to the next one.
    pub(super) fn value(&self, index: usize) -> String {
        let next = self.hits.get(index + 1);
        let value = self.text.get(self.hits[index].value..next.map_or(self.text.len(), |next| next.start));
        let value = value.unwrap_or_default().trim_end();
        tidy(if next.is_some() { value.trim_end_matches([' ', '-', '–', '/', '\u{a0}']) } else { value })
    }

    /// The cells of a table's row.
    pub(super) fn cells(&self) -> Vec<&'a str> {
        self.text.split('\t').map(str::trim).filter(|cell| !cell.is_empty()).collect()
    }

    /// How many cells a row has that is labels and nothing else.
    pub(super) fn header_cells(&self) -> Option<usize> {
        let count = self.cells().len();
        (count > 1 && self.hits.len() == count).then_some(count)
    }
}

/// Each line with its labels. A label that a client broke over two lines is read across them.
pub(super) fn all<'a>(texts: impl Iterator<Item = &'a str>, labels: &[&'a Label]) -> Vec<Line<'a>> {
    let texts: Vec<&str> = texts.collect();
    let mut lines: Vec<Line<'a>> = texts.iter().map(|text| read(text, labels)).collect();
    for at in 1..lines.len() {
        if lines[at - 1].hits.is_empty() && lines[at].hits.is_empty() {
            let (before, text) = (texts[at - 1], texts[at]);
            if let Some(hit) = broken(before, text, labels) {
                lines[at].hits.push(hit);
            }
        }
    }
    lines
}

/// A label that begins on the line before and ends on this one.
fn broken<'a>(before: &str, text: &'a str, labels: &[&'a Label]) -> Option<Hit<'a>> {
    if before.len() < 20 || before.len() + text.len() > 2 * LINE || !text.contains([':', '=']) {
        return None;
    }
    let start = bullet(before);
    let joined = format!("{} {text}", &before[start..]);
    let (label, sure, value) = labelled(&joined, labels)?;
    let offset = joined.len() - text.len();
    (sure == Sure::Yes && value >= offset).then(|| Hit { label, sure, start: 0, value: value - offset })
}

fn read<'a>(text: &'a str, labels: &[&'a Label]) -> Line<'a> {
    let mut hits: Vec<Hit<'a>> = Vec::new();
    if text.len() <= LINE && text.contains(char::is_alphabetic) {
        if text.contains('\t') {
            hits = cells(text, labels);
        }
        let start = bullet(text);
        if hits.is_empty()
            && let Some((label, sure, value)) = labelled(&text[start..], labels)
        {
            hits.push(Hit { label, sure, start, value: start + value });
        }
        // Several fields on one line: a further label stands behind a separator, and has a colon.
        let mut from = hits.last().filter(|hit| hit.sure == Sure::Yes).map_or(start, |hit| hit.value);
        while let Some(part) = separator(text, from) {
            from = part;
            if hits.last().is_some_and(|hit| hit.value >= part) {
                continue;
            }
            let place = part + bullet(&text[part..]);
            if let Some((label, Sure::Yes, value)) = labelled(&text[place..], labels)
                && text.as_bytes().get(place + value - 1).is_some_and(|b| b":=".contains(b) || !b.is_ascii())
            {
                hits.push(Hit { label, sure: Sure::Yes, start: part, value: place + value });
                from = place + value;
            }
        }
    }
    Line { text, hits }
}

/// A line that begins with the words of a label, and nothing parts it from its value.
pub(super) fn bare<'a>(text: &'a str, labels: &[&'a Label]) -> Line<'a> {
    let start = bullet(text);
    let mut line = Line { text, hits: Vec::new() };
    // Sentences may begin with the words of a label; they are longer, and end.
    if text.len() > BARE || text.trim_end().ends_with(['.', ',', ';', '!', '?']) {
        return line;
    }
    let ends = text[start..].match_indices(char::is_whitespace).map(|(at, _)| start + at).take(8);
    // The longest beginning that is a label.
    let found = ends.filter_map(|end| Some((find_exact(labels, &fold(&text[start..end]))?, end))).last();
    if let Some((label, value)) = found.filter(|(_, value)| !text[*value..].trim().is_empty()) {
        line.hits.push(Hit { label, sure: Sure::Dashed, start, value });
    }
    line
}

/// The place behind the next separator from here on.
fn separator(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    for (at, c) in rest.char_indices() {
        let behind = from + at + c.len_utf8();
        let spaced = || rest[..at].ends_with([' ', '\u{a0}']) && text[behind..].starts_with([' ', '\u{a0}']);
        let apart = matches!(c, ';' | '|' | '•' | '·' | ',' | '\t')
            || (matches!(c, '-' | '–' | '—' | '/') && spaced())
            || (c == ' ' && rest[..at].ends_with(' '));
        if apart {
            return Some(behind);
        }
    }
    None
}

/// The cells of a row that are labels, the next cell being the value; or all of them.
fn cells<'a>(text: &'a str, labels: &[&'a Label]) -> Vec<Hit<'a>> {
    let mut hits: Vec<Hit<'a>> = Vec::new();
    let (mut at, mut expects) = (0, false);
    for cell in text.split('\t') {
        let (start, end) = (at, at + cell.len());
        at = end + 1;
        let name = cell.trim();
        let name = &name[bullet(name)..];
        let plain = without_notes(name.trim_end_matches([':', '：', ' ', '*']));
        let label = (!name.is_empty() && name.len() <= 2 * LABEL).then(|| find(labels, &fold(&plain))).flatten();
        match label {
            Some(label) if !expects || hits.len() * 2 > text.matches('\t').count() => {
                hits.push(Hit { label, sure: Sure::Yes, start, value: at.min(text.len()) });
                expects = true;
            }
            Some(label) => hits.push(Hit { label, sure: Sure::Yes, start, value: at.min(text.len()) }),
            None if hits.is_empty() => return Vec::new(),
            None => expects = false,
        }
    }
    hits
}

/// The length of the bullet or number a line begins with.
fn bullet(text: &str) -> usize {
    let rest = text.trim_start_matches(|c: char| c.is_whitespace() || "*•·–—-▪◦‣►➢✓☐_#>".contains(c));
    let rest = match rest.strip_prefix(['o', '§', 'Ø']) {
        Some(behind) if behind.starts_with([' ', '\t', '\u{a0}']) => behind.trim_start(),
        _ => rest,
    };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let numbered = (1..=2).contains(&digits).then(|| &rest[digits..]);
    let behind = numbered.and_then(|behind| {
        let spaced = behind.trim_start();
        spaced.strip_prefix(['.', ')', '-', '°', '–', '/', ':']).map(str::trim_start)
    });
    text.len() - behind.unwrap_or(rest).len()
}

/// The label at the start of a text, and where its value begins. What stands in parentheses is an example or a note.
fn labelled<'a>(text: &str, labels: &[&'a Label]) -> Option<(&'a Label, Sure, usize)> {
    let mut name = String::new();
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        if name.len() > LABEL {
            return None;
        }
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                // What stood before the parenthesis goes on behind it.
                name.truncate(name.trim_end().len());
            }
            _ if depth > 0 => {}
            ':' | '：' | '=' | '?' => {
                let end = at + c.len_utf8();
                let end = if text[end..].starts_with('>') { end + 1 } else { end };
                let label = found(labels, &name)?;
                let bold = text[end..].len() - text[end..].trim_start_matches(['*', '_']).len();
                return Some((label, Sure::Yes, end + bold));
            }
            '\t' if !name.trim().is_empty() => {
                return found_alone(labels, &name).map(|label| (label, Sure::Yes, at + 1));
            }
            // Labels that are set in columns have their colons in one.
            ' ' | '\u{a0}' if text[at..].trim_start().starts_with([':', '：', '=']) => {}
            ' ' | '\u{a0}' if name.ends_with([' ', '\u{a0}']) && !name.trim().is_empty() => {
                if let Some(label) = found_alone(labels, &name) {
                    return Some((label, Sure::Yes, at + c.len_utf8()));
                }
            }
            // Dots or blanks to be written on, and arrows.
            '.' | '_' | '…' | '→' | '➔' | '➡' | '⇒' | '►' | '▶'
                if is_leader(&text[at..]) && !name.trim().is_empty() =>
            {
                let rest = text[at..].trim_start_matches(|c: char| "._…→➔➡⇒►▶\u{fe0f} :".contains(c));
                if let Some(label) = found_alone(labels, &name) {
                    return Some((label, Sure::Yes, text.len() - rest.len()));
                }
                name.push(c);
            }
            '-' | '–' | '—' | '→'
                if name.ends_with([' ', '\u{a0}'])
                    && text[at..].chars().nth(1).is_some_and(|n| n == ' ' || n == '>' || n == '\u{a0}') =>
            {
                let end = at + c.len_utf8();
                let end = if text[end..].starts_with('>') { end + 1 } else { end };
                if let Some(label) = found_alone(labels, &name) {
                    return Some((label, Sure::Dashed, end));
                }
                name.push(c);
            }
            c => name.push(c),
        }
    }
    // What was begun in parentheses goes on on the next line.
    let label = found_alone(labels, &name).filter(|_| depth == 0)?;
    Some((label, Sure::Alone, text.len()))
}

/// Whether signs lead from a label to its value: three dots or blanks at least, or an arrow.
fn is_leader(text: &str) -> bool {
    text.starts_with("...") || text.starts_with("___") || text.starts_with(['…', '→', '➔', '➡', '⇒', '►', '▶'])
}

fn found<'a>(labels: &[&'a Label], name: &str) -> Option<&'a Label> {
    find(labels, &fold(name.trim_matches(|c: char| c.is_whitespace() || "*_".contains(c))))
}

/// The same where no colon says that it is a label: it then has no word besides.
fn found_alone<'a>(labels: &[&'a Label], name: &str) -> Option<&'a Label> {
    find_alone(labels, &fold(name.trim_matches(|c: char| c.is_whitespace() || "*_".contains(c))))
}

/// A label without what stands in parentheses.
fn without_notes(text: &str) -> String {
    let mut depth = 0usize;
    let keep = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    text.chars().filter(keep).collect()
}
