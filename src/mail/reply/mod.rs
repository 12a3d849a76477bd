//! The new text of a reply: what this person wrote now.
//!
//! Takes the readable text with its [marks](super::marks). Gives it without the quoted mail and
//! without the signature. Answers written between quoted lines are kept with the lines they
//! answer. A forwarded mail is kept: it is what the writer wants to be read. When nothing would be
//! left, everything is kept: text is never lost.

mod patterns;

use std::borrow::Cow;

use super::marks::{self, Line, Quote};

pub(super) use patterns::{field, is_forward};

/// What this person wrote, and whether some of it stood below or between quoted lines.
pub(super) fn new_text(marked: &str) -> (String, bool) {
    // Marks of writing direction stand between words of some clients' headers.
    let directed = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
    let plain: Cow<'_, str> =
        if marked.contains(directed) { Cow::Owned(marked.replace(directed, "")) } else { Cow::Borrowed(marked) };
    let lines = marks::lines(&plain);
    let text = Text { lines: &lines, may_attribute: patterns::may_attribute(&plain) };
    let own = text.own_lines();
    let out = own.lines.iter().map(|at| lines[*at].shown_in_reply()).collect::<Vec<_>>().join("\n");
    let out =
        own.shared.map_or(out.clone(), |last| if out.is_empty() { last.to_owned() } else { format!("{out}\n{last}") });
    let out = out.trim_matches('\n').trim_end();
    if out.trim().is_empty() {
        return (marks::without(marked).trim().to_owned(), true);
    }
    (out.to_owned(), own.below)
}

impl Line<'_> {
    /// A quoted line with its `>`; the writer's own indented block without.
    fn shown_in_reply(&self) -> Cow<'_, str> {
        if self.quote == Quote::Cite { self.shown() } else { Cow::Borrowed(&self.text) }
    }

    fn is_quoted(&self) -> bool {
        self.quote == Quote::Cite
    }
}

/// The lines that are the writer's.
#[derive(Default)]
struct Own<'a> {
    lines: Vec<usize>,
    /// Text that shares its line with what follows it.
    shared: Option<&'a str>,
    below: bool,
}

struct Text<'a> {
    lines: &'a [Line<'a>],
    may_attribute: bool,
}

impl<'a> Text<'a> {
    fn own_lines(&self) -> Own<'a> {
        let mut written = false;
        for at in 0..self.lines.len() {
            let line = &self.lines[at];
            if line.rest && written {
                return self.above(at);
            }
            if is_forward(&line.text) {
                return self.whole(self.signature_from(0, self.lines.len()));
            }
            if is_signature(&line.text) {
                return self.above(at);
            }
            if let Some(own) = self.before_shared(at) {
                return Own { shared: Some(own), ..self.above(at) };
            }
            if let Some(length) = self.attribution(at) {
                return self.around_quote(at, at + length);
            }
            if written && self.is_cut(at) {
                return self.above(at);
            }
            written |= !line.is_blank();
        }
        self.above(self.lines.len())
    }

    /// What the writer put on one line with the attribution of a quote.
    fn before_shared(&self, at: usize) -> Option<&'a str> {
        let line = &self.lines[at];
        if line.is_quoted() || !line.text.trim_end().ends_with([':', '：', '-']) {
            return None;
        }
        let next = self.lines[at + 1..].iter().find(|l| !l.is_blank());
        patterns::before_shared(&line.text, next.is_some_and(Line::is_quoted))
    }

    /// Whether everything from this line on is not the writer's.
    fn is_cut(&self, at: usize) -> bool {
        let line = &self.lines[at];
        let text = &line.text;
        patterns::is_separator(text)
            || patterns::is_above_line(text)
            || patterns::is_device(text)
            || (line.rule && patterns::is_author(text))
            || self.is_header_block(at)
            || (self.begins_paragraph(at) && patterns::is_disclaimer(text))
    }

    fn is_header_block(&self, at: usize) -> bool {
        if !self.lines[at].text.contains([':', '：']) {
            return false;
        }
        let window: Vec<&str> = self.lines[at..].iter().take(16).map(|l| l.text.as_ref()).collect();
        patterns::is_header_block(&window)
    }

    fn begins_paragraph(&self, at: usize) -> bool {
        at.checked_sub(1)
            .is_none_or(|before| self.lines[before].is_blank() || patterns::is_ruler(&self.lines[before].text))
    }

    /// How many lines the attribution that begins here takes: clients wrap it over up to six.
    fn attribution(&self, at: usize) -> Option<usize> {
        if self.lines[at].attribution {
            return Some(self.lines[at..].iter().take_while(|l| l.attribution).count());
        }
        if !self.may_attribute || self.lines[at].is_blank() {
            return None;
        }
        let window: Vec<&str> = self.lines[at..].iter().take(6).map(|l| l.text.as_ref()).collect();
        let count = (1..=window.len()).find(|count| patterns::is_attribution(&window[..*count]))?;
        // The writer's last line may begin as attributions do: the real one begins further down.
        let later = (1..count)
            .any(|at| patterns::begins_attribution(window[at]) && patterns::is_attribution(&window[at..count]));
        (!later).then_some(count)
    }

    /// The writer's lines around a quote that an attribution announces.
    fn around_quote(&self, attribution: usize, quote: usize) -> Own<'a> {
        let is_quoted = |l: &Line<'_>| l.quote != Quote::None;
        let first = self.lines[quote..].iter().position(|l| !l.is_blank()).map_or(self.lines.len(), |n| quote + n);
        if !self.lines.get(first).is_some_and(is_quoted) {
            // Quoted without marks: everything below is the old mail.
            return self.above(attribution);
        }
        let end = self.quote_end(first);
        let rest_end = self.rest_end(end);
        let written = self.written(end, rest_end);
        if written.is_empty() {
            return self.above(attribution);
        }
        if self.lines[end..rest_end].iter().any(Line::is_quoted) {
            // Answers between quoted lines: they say nothing without them.
            return Own { below: true, ..self.above(rest_end) };
        }
        let mut own = self.above(attribution);
        own.lines.extend(written);
        own.below = true;
        own
    }

    /// Where the writer's lines below a quote end: at a signature, a telephone's, a notice.
    fn rest_end(&self, start: usize) -> usize {
        let end = self.signature_from(start, self.lines.len());
        let cut = (start..end).find(|at| {
            let line = &self.lines[*at];
            patterns::is_device(&line.text)
                || line.rest
                || (self.begins_paragraph(*at) && patterns::is_disclaimer(&line.text))
                || (patterns::is_separator(&line.text) && !line.is_quoted())
        });
        cut.unwrap_or(end)
    }

    fn signature_from(&self, start: usize, end: usize) -> usize {
        (start..end).find(|at| is_signature(&self.lines[*at].text)).unwrap_or(end)
    }

    /// Lines of the range that somebody wrote: none when all are empty or a signature.
    fn written(&self, start: usize, end: usize) -> Vec<usize> {
        let kept: Vec<usize> = (start..end).filter(|at| !self.lines[*at].signature).collect();
        if kept.iter().all(|at| self.lines[*at].is_blank()) { Vec::new() } else { kept }
    }

    /// Where the quote that begins here ends: quoted lines, empty ones between them, attributions of
    /// older mails, and what broke out of a quoted line belong to it.
    fn quote_end(&self, first: usize) -> usize {
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
    fn above(&self, at: usize) -> Own<'a> {
        let mut own = self.whole(at);
        while let Some(last) = own.lines.last() {
            let line = &self.lines[*last];
            if line.is_blank() || patterns::is_ruler(&line.text) || line.quote == Quote::Cite {
                own.lines.pop();
            } else {
                break;
            }
        }
        if own.lines.is_empty() {
            own = self.whole(at);
        }
        own.below = own.lines.iter().any(|at| self.lines[*at].is_quoted());
        own
    }

    fn whole(&self, end: usize) -> Own<'a> {
        let kept: Vec<usize> = (0..end).filter(|at| !self.lines[*at].signature).collect();
        let empty = kept.iter().all(|at| self.lines[*at].is_blank());
        Own { lines: if empty { (0..end).collect() } else { kept }, ..Own::default() }
    }
}

/// RFC 3676 section 4.3; many clients lose the trailing space.
fn is_signature(line: &str) -> bool {
    line == "-- " || line == "--" || line == "--\u{a0}"
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_below_are_cut_whatever_the_client_and_language() {
        for quoted in [
            "Le lun. 2 mars 2026 à 09:15, Support <s@example.org> a écrit :\n> Bonjour",
            "On Mon, 2 Mar 2026 at 09:15,\nSupport <s@example.org>\nwrote:\n> Hello",
            "On Mon, 2 Mar 2026 09:15:00 +0100 Support <s@example.org> wrote\nHello",
            "-----Message d'origine-----\nDe : Support\nBonjour",
            "-------- Oprindelig besked --------\nFra: S\nHej",
            "De : Support <s@example.org>\nEnvoyé : lundi 2 mars 2026 09:15\nÀ : Ana\nObjet : Panne\n\nBonjour",
            "Von: Support <s@example.org>\nGesendet: Montag, 2. März 2026 09:15\nAn: Ana\nBetreff: Panne\n\nHallo",
            "Från: Support\nSkickat: den 2 mars 2026 09:15\nTill: Ana\nÄmne: Panne\n\nHej",
            "W dniu 2.03.2026 o 09:15, Support pisze: użytkownik <s@example.org> napisał:\nDzień dobry",
            "tir. 2. mar. 2026 kl. 09:15 skrev Support <s@example.org>:\n> Hei",
            "02.03.2026, 09:15, \"Support\" <s@example.org>:\n> Привет",
            "Il giorno lun 2 mar 2026 alle ore 09:15 Support <s@example.org> ha scritto:\n> Ciao",
            "Op ma 2 mrt. 2026 om 09:15 schreef Support <s@example.org>:\n> Hallo",
            "El lun, 2 mar 2026 a las 9:15, Support (<s@example.org>) escribió:\n> Hola",
            "________________________________\nFrom: Support\nHello",
            "Envoyé de mon iPhone",
            "Get Outlook for iOS<https://aka.ms/x>",
            "> une citation seule",
        ] {
            let (own, below) = new_text(&format!("Merci, cela marche.\n\n{quoted}\n"));
            assert_eq!((own.as_str(), below), ("Merci, cela marche.", false), "{quoted}");
        }
    }

    #[test]
    fn answers_between_quoted_lines_stay_with_them() {
        let text = "Le 2 mars 2026, Support <s@example.org> a écrit :\n> Quel poste ?\nLe 12.\n> Depuis quand ?\nHier.";
        assert_eq!(new_text(text).0, text);
    }

    #[test]
    fn an_answer_below_one_quote_is_found() {
        let text = "On 2 Mar 2026 09:15, Support <s@example.org> wrote:\n> Which desk?\n> When?\n\nNumber 12.\n";
        assert_eq!(new_text(text), ("Number 12.".to_owned(), true));
    }

    #[test]
    fn a_forward_is_kept_whole() {
        let text = "Pour vous.\n\n---------- Forwarded message ---------\nDe : Bob <b@example.org>\nDate: lun. 2 mars 2026\n\nPanne.";
        assert_eq!(new_text(text).0, text);
    }

    #[test]
    fn signatures_go_and_nothing_is_lost_when_only_a_quote_is_left() {
        assert_eq!(new_text("Oui.\n\n-- \nAna\nCollège").0, "Oui.");
        assert_eq!(new_text("> seulement cela").0, "> seulement cela");
        assert_eq!(new_text("").0, "");
    }

    #[test]
    fn what_only_looks_like_a_quote_is_kept() {
        for text in [
            "Le serveur que Marie a écrit : voir plus bas\nfin",
            "Nom et prénom : Ana Pérez\nFonction : principale\nObjet de la demande : panne\nfin",
            "De : 8 h\nA : 10 h\nfin",
            "Sent from the server room, nobody answers the telephone since this morning and that is a problem for all of us here, fin",
            "On tourne en rond.\nfin",
        ] {
            assert!(new_text(text).0.ends_with("fin"), "{text}");
        }
    }
}
