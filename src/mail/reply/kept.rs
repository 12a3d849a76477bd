//! What of an email is its writer's own, once it is known where the rest begins.

use super::super::marks::{Line, Quote};
use super::{Own, Text, field, is_forward, patterns};

impl<'a> Text<'a> {
    /// All of an email that is passed on. Much of it is not the writer's.
    pub(super) fn passed_on(&self, skipped: &[usize]) -> Own<'a> {
        Own { below: true, ..self.whole(skipped, self.lines.len()) }
    }

    /// The writer's lines around a quote that an attribution announces.
    pub(super) fn around_quote(&self, skipped: &[usize], attribution: usize, quote: usize) -> Own<'a> {
        let is_quoted = |l: &Line<'_>| l.quote != Quote::None;
        let first = self.lines[quote..].iter().position(|l| !l.is_blank()).map_or(self.lines.len(), |n| quote + n);
        if !self.lines.get(first).is_some_and(is_quoted) {
            // Quoted without marks: everything below is the old mail.
            return self.above(skipped, attribution);
        }
        let end = self.quote_end(first);
        let rest_end = self.rest_end(end);
        let written = self.written(end, rest_end);
        if written.is_empty() {
            return self.above(skipped, attribution);
        }
        if self.lines[end..rest_end].iter().any(Line::is_quoted) {
            // Answers between quoted lines: they say nothing without them.
            return Own { below: true, ..self.above(skipped, rest_end) };
        }
        let mut own = self.above(skipped, attribution);
        own.lines.extend(written);
        own.below = true;
        own
    }

    /// The writer's lines above a signature, and those beyond it: an email that is passed on, answers
    /// between quoted lines.
    pub(super) fn before_signature(&self, skipped: &[usize], at: usize) -> Own<'a> {
        let passes_on = |n: usize| {
            let text = &self.lines[n].text;
            let head = || patterns::is_original(text) || self.is_header_block(n) || self.dividing_rule(n).is_some();
            is_forward(text) || (self.setting.forwards && head())
        };
        let reply = |n: usize| self.attribution(n).is_some() || self.is_header_block(n) || self.lines[n].is_quoted();
        let boundary = (at + 1..self.lines.len()).find(|n| passes_on(*n) || reply(*n));
        let forward = boundary.filter(|n| passes_on(*n));
        if let Some(forward) = forward {
            let mut own = self.above(skipped, at);
            own.lines.extend(forward..self.lines.len());
            own.below = true;
            return own;
        }
        self.with_answers_between(self.above(skipped, at), at)
    }

    /// The same for the head of an old mail, whose lines may be marked.
    pub(super) fn before_old(&self, skipped: &[usize], at: usize) -> Own<'a> {
        let own = self.above(skipped, at);
        let body = (at..self.lines.len()).find(|n| {
            let line = &self.lines[*n];
            !line.is_blank() && !patterns::is_original(&line.text) && field(&line.text).is_none()
        });
        match body {
            Some(body) if self.lines[body].is_quoted() => self.with_answers_between(own, body),
            _ => own,
        }
    }

    /// Adds what was written between quoted lines below: quoted, own, quoted.
    pub(super) fn with_answers_between(&self, mut own: Own<'a>, start: usize) -> Own<'a> {
        let Some(first) = (start..self.lines.len()).find(|n| self.lines[*n].is_quoted()) else { return own };
        let end = self.quote_end(first);
        let rest_end = self.rest_end(end);
        let between = self.lines[end..rest_end].iter().any(Line::is_quoted) && !self.written(end, rest_end).is_empty();
        if between {
            let last = self.above(&[], rest_end).lines.last().copied().unwrap_or(first);
            own.lines.extend(first..=last);
            own.below = true;
        }
        own
    }

    /// Where the writer's lines below a quote end: at a signature, a telephone's, a notice.
    pub(super) fn rest_end(&self, start: usize) -> usize {
        let cut = (start..self.lines.len()).find(|at| {
            let line = &self.lines[*at];
            self.is_signature(*at)
                || line.rest
                || (patterns::is_device(&line.text) && self.nothing_written_below(*at + 1))
                || (self.begins_paragraph(*at) && self.is_legal_to_the_end(*at))
                || (!line.is_quoted() && (patterns::is_original(&line.text) || self.dividing_rule(*at).is_some()))
        });
        cut.unwrap_or(self.lines.len())
    }

    /// Lines of the range that somebody wrote: none when all are empty or a signature.
    pub(super) fn written(&self, start: usize, end: usize) -> Vec<usize> {
        let kept: Vec<usize> = (start..end).filter(|at| !self.lines[*at].signature).collect();
        let own = |at: &usize| !self.lines[*at].is_blank() && !self.lines[*at].is_quoted();
        if kept.iter().any(own) { kept } else { Vec::new() }
    }

    /// Where the quote that begins here ends: quoted lines, empty ones between them, attributions of
    /// older emails, and what broke out of a quoted line belong to it.
    pub(super) fn quote_end(&self, first: usize) -> usize {
        let mut end = first;
        let mut at = first;
        while at < self.lines.len() {
            let line = &self.lines[at];
            if line.quote != Quote::None || patterns::is_link(&line.text) || self.broke_out(at) {
                end = at + 1;
            } else if let Some(length) = self.attribution(at) {
                end = at + length;
                at += length - 1;
            } else if !line.is_blank() {
                break;
            }
            at += 1;
        }
        end
    }

    /// The end of a long quoted line, which a program broke without marking it: it stands between
    /// two quoted lines and goes on in the middle of a sentence.
    fn broke_out(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).map(|b| &self.lines[b]) else { return false };
        let after = self.lines.get(at + 1);
        let goes_on = |c: char| c.is_lowercase() || "_&=%/.,;)".contains(c);
        let open_link = before.text.rfind("http").is_some_and(|at| !before.text[at..].contains([' ', ')', '>']));
        before.is_quoted()
            && after.is_none_or(|l| l.is_quoted())
            && (before.text.chars().count() >= 55 || open_link)
            && self.lines[at].text.starts_with(goes_on)
    }

    /// Everything above a line, without the quote and the rules it ends in.
    pub(super) fn above(&self, skipped: &[usize], at: usize) -> Own<'a> {
        let mut own = self.whole(skipped, at);
        while let Some(last) = own.lines.last() {
            let line = &self.lines[*last];
            let quote = line.quote == Quote::Cite && self.setting.answers;
            let rule = at < self.lines.len() && patterns::is_ruler(&line.text);
            if line.is_blank() || rule || quote {
                own.lines.pop();
            } else {
                break;
            }
        }
        if own.lines.is_empty() {
            own = self.whole(skipped, at);
        }
        own.below = own.lines.iter().any(|at| self.lines[*at].quote != Quote::None);
        own
    }

    pub(super) fn whole(&self, skipped: &[usize], end: usize) -> Own<'a> {
        let kept: Vec<usize> =
            (0..end).filter(|at| !self.lines[*at].signature && skipped.binary_search(at).is_err()).collect();
        let empty = kept.iter().all(|at| self.lines[*at].is_blank());
        Own { lines: if empty { (0..end).collect() } else { kept }, ..Own::default() }
    }
}
