//! What HTML says about the lines of a text and plain text cannot: which are quoted, which are a
//! signature, where the old mail begins.
//!
//! It travels inside the text as code points that no text may hold (Unicode section 23.7,
//! noncharacters), put there by `html` and taken out here.

use std::borrow::Cow;

/// What begins or ends at a place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Mark {
    /// A quote by its markup.
    CiteOpen = 0xFDD0,
    /// An indented block: a quote, or the writer's own emphasis.
    BlockOpen = 0xFDD1,
    /// End of either.
    QuoteClose = 0xFDD2,
    /// The line that says who wrote what is quoted.
    AttributionOpen = 0xFDD3,
    AttributionClose = 0xFDD4,
    SignatureOpen = 0xFDD5,
    SignatureClose = 0xFDD6,
    /// Everything from here on is the old mail.
    Rest = 0xFDD7,
    /// A horizontal rule.
    Rule = 0xFDD8,
    /// The address a link leads to, between these two.
    LinkOpen = 0xFDD9,
    LinkClose = 0xFDDA,
    /// A further cell of a table's row begins.
    Cell = 0xFDDB,
}

impl Mark {
    const ALL: [Self; 12] = [
        Self::CiteOpen,
        Self::BlockOpen,
        Self::QuoteClose,
        Self::AttributionOpen,
        Self::AttributionClose,
        Self::SignatureOpen,
        Self::SignatureClose,
        Self::Rest,
        Self::Rule,
        Self::LinkOpen,
        Self::LinkClose,
        Self::Cell,
    ];

    /// The code point that stands for it.
    pub(super) fn char(self) -> char {
        // All of the range are scalar values.
        char::from_u32(self as u32).unwrap_or('\u{fdd0}')
    }

    fn of(c: char) -> Option<Self> {
        is_mark(c).then(|| Self::ALL.into_iter().find(|m| m.char() == c)).flatten()
    }
}

/// Whether this code point is one of the marks, or could be taken for one.
pub(super) fn is_mark(c: char) -> bool {
    ('\u{fdd0}'..='\u{fddf}').contains(&c)
}

/// Pictures whose place in the text is noted.
pub(super) const SLOTS: usize = 16;

/// What stands for a picture in a text that is only read for the places of pictures; to the reader of lines it is a letter.
pub(super) fn slot(number: usize) -> char {
    char::from_u32(0xFDE0 + u32::try_from(number % SLOTS).unwrap_or(0)).unwrap_or('\u{fde0}')
}

/// Which picture a character stands for.
pub(super) fn slot_of(c: char) -> Option<usize> {
    ('\u{fde0}'..='\u{fdef}').contains(&c).then(|| c as usize - 0xFDE0)
}

/// Whether no sender may write this code point.
pub(super) fn is_reserved(c: char) -> bool {
    is_mark(c) || slot_of(c).is_some()
}

/// Text in which nothing passes for a mark: a sender must not set any.
pub(super) fn none(text: String) -> String {
    if text.contains(is_reserved) { text.replace(is_reserved, "") } else { text }
}

/// Deepest block that counts.
const DEPTH: usize = 64;

/// How a line is set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Quote {
    #[default]
    None,
    /// Quoted by markup, or by `>`.
    Cite,
    /// Inside an indented block of HTML.
    Block,
}

/// One line of a readable text.
#[derive(Debug, Clone, Default)]
pub(super) struct Line<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) quote: Quote,
    /// Depth of the HTML blocks around it.
    pub(super) depth: usize,
    pub(super) attribution: bool,
    pub(super) signature: bool,
    /// The old mail begins with this line.
    pub(super) rest: bool,
    /// A horizontal rule stands before this line.
    pub(super) rule: bool,
}

impl Line<'_> {
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The line with `>` for each block around it.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        if self.depth == 0 {
            return Cow::Borrowed(&self.text);
        }
        Cow::Owned(format!("{} {}", ">".repeat(self.depth), self.text).trim_end().to_owned())
    }
}

/// The lines of a text, its marks read and taken out.
pub(super) fn lines(marked: &str) -> Vec<Line<'_>> {
    if !marked.contains(is_mark) {
        return marked.lines().map(plain).collect();
    }
    let mut reader = Reader::default();
    marked.lines().for_each(|line| reader.line(line));
    reader.lines
}

/// Of blocks that do not say what they are, the last is the email that is answered, as clients
/// without marks of their own put it; those before it set the writer's own words apart.
pub(super) fn last_block_is_quote(lines: &mut [Line<'_>]) {
    let Some(last) = lines.iter().rposition(|l| l.quote == Quote::Block && !l.is_blank()) else { return };
    let start = lines[..last].iter().rposition(|l| l.quote != Quote::Block && !l.is_blank()).map_or(0, |at| at + 1);
    for line in lines[start..=last].iter_mut().filter(|l| l.quote == Quote::Block) {
        line.quote = Quote::Cite;
    }
}

/// The text without marks, quotes shown by `>`.
pub(super) fn without(marked: &str) -> Cow<'_, str> {
    if !marked.contains(is_mark) {
        return Cow::Borrowed(marked);
    }
    let mut out = String::with_capacity(marked.len());
    let mut blank = 0;
    for line in lines(marked) {
        blank = if line.is_blank() { blank + 1 } else { 0 };
        if blank < 2 {
            out.push_str(&line.shown());
            out.push('\n');
        }
    }
    Cow::Owned(out)
}

fn plain(text: &str) -> Line<'_> {
    let quote = if text.trim_start().starts_with('>') { Quote::Cite } else { Quote::None };
    Line { text: Cow::Borrowed(text), quote, ..Line::default() }
}

#[derive(Default)]
struct Reader<'a> {
    lines: Vec<Line<'a>>,
    /// Open blocks, whether each is a quote by its markup.
    open: Vec<bool>,
    /// Blocks open beyond the deepest that counts.
    deeper: usize,
    attribution: bool,
    signature: bool,
    rest: bool,
    rule: bool,
}

impl<'a> Reader<'a> {
    /// A line of the text: what stands between two marks becomes a line of its own.
    fn line(&mut self, line: &'a str) {
        if !line.contains(is_mark) {
            return self.push(line);
        }
        let mut start = 0;
        for (at, c) in line.char_indices().filter(|(_, c)| is_mark(*c)) {
            self.piece(&line[start..at]);
            self.mark(c);
            start = at + c.len_utf8();
        }
        self.piece(&line[start..]);
    }

    fn piece(&mut self, text: &'a str) {
        if !text.trim().is_empty() {
            self.push(text.trim());
        }
    }

    fn mark(&mut self, c: char) {
        match Mark::of(c) {
            Some(Mark::CiteOpen | Mark::BlockOpen) if self.open.len() >= DEPTH => self.deeper += 1,
            Some(Mark::QuoteClose) if self.deeper > 0 => self.deeper -= 1,
            Some(Mark::CiteOpen) => self.open.push(true),
            Some(Mark::BlockOpen) => self.open.push(false),
            Some(Mark::QuoteClose) => {
                self.open.pop();
            }
            Some(Mark::AttributionOpen) => self.attribution = true,
            Some(Mark::AttributionClose) => self.attribution = false,
            Some(Mark::SignatureOpen) => self.signature = true,
            Some(Mark::SignatureClose) => self.signature = false,
            Some(Mark::Rest) => self.rest = true,
            Some(Mark::Rule) => self.rule = true,
            Some(Mark::LinkOpen | Mark::LinkClose | Mark::Cell) | None => {}
        }
    }

    fn push(&mut self, text: &'a str) {
        let mut line = plain(text);
        line.depth = self.open.len().min(20);
        line.quote = match (line.quote, self.open.contains(&true), self.open.is_empty()) {
            (Quote::Cite, _, _) | (_, true, _) => Quote::Cite,
            (_, false, false) => Quote::Block,
            (_, false, true) => Quote::None,
        };
        line.attribution = self.attribution;
        line.signature = self.signature;
        if !text.trim().is_empty() {
            line.rest = std::mem::take(&mut self.rest);
            line.rule = std::mem::take(&mut self.rule);
        }
        self.lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_what_they_say_about_lines() {
        let open = Mark::CiteOpen.char();
        let close = Mark::QuoteClose.char();
        let text = format!("Oui\n{open}alt{close}nach\n");
        let lines = lines(&text);
        let quotes: Vec<Quote> = lines.iter().map(|l| l.quote).collect();
        assert_eq!(quotes, [Quote::None, Quote::Cite, Quote::None]);
        assert_eq!(without(&text), "Oui\n> alt\nnach\n");
    }

    #[test]
    fn text_without_marks_is_itself() {
        assert!(matches!(without("a\n> b\n"), Cow::Borrowed("a\n> b\n")));
    }
}
