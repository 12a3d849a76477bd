//! The new text of a reply: what this person wrote now.
//!
//! Takes the readable text with its [marks](super::marks), and whether the email answers another or
//! passes one on. Gives it without the quoted email and without the signature. Answers written
//! between quoted lines are kept with the lines they answer. An email that is passed on is kept: it is
//! what the writer wants to be read. An email that answers nothing is cut only where its own client
//! left no doubt. When nothing would be left, everything is kept: text is never lost.

mod kept;
mod patterns;

use std::borrow::Cow;

use super::marks::{self, Line, Quote};

pub(crate) use patterns::is_disclaimer;
pub(super) use patterns::{field, is_forward};

/// What the email is, besides its text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Setting {
    /// It answers another email: by its references, or its subject says so.
    pub(super) answers: bool,
    /// Its subject says that it passes another email on.
    pub(super) forwards: bool,
}

/// What this person wrote.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct NewText {
    /// With the quoted lines that answers stand between.
    pub(super) text: String,
    /// Whether some of it stood below or between quoted lines.
    pub(super) below: bool,
    /// Without those lines, where there are any.
    pub(super) alone: Option<String>,
}

pub(super) fn new_text(marked: &str, setting: Setting) -> NewText {
    // Marks of writing direction stand between words of some clients' headers.
    let directed = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
    let plain: Cow<'_, str> =
        if marked.contains(directed) { Cow::Owned(marked.replace(directed, "")) } else { Cow::Borrowed(marked) };
    let mut lines = marks::lines(&plain);
    if setting.answers {
        marks::last_block_is_quote(&mut lines);
        patterns::mark_other_quotes(&mut lines);
    }
    let text = Text { lines: &lines, setting, may_attribute: patterns::may_attribute(&plain) };
    let own = text.own_lines();
    let mut out = own.lines.iter().map(|at| lines[*at].shown_in_reply()).collect::<Vec<_>>().join("\n");
    if let Some(shared) = own.shared {
        out = format!("{out}\n{shared}");
    }
    let out = out.trim_matches('\n').trim_end();
    let whole = marks::without(&plain);
    if out.trim().is_empty() {
        return NewText { text: whole.trim().to_owned(), below: true, alone: None };
    }
    // Lines above a quote are a beginning of the text; anything else came from around one.
    let below = own.below || !whole.trim_start_matches('\n').starts_with(out);
    let alone = (setting.answers && !setting.forwards).then(|| text.alone(&own.lines)).flatten();
    NewText { text: out.to_owned(), below, alone }
}

/// Whether nothing would be the writer's own beside a word above it.
pub(super) fn is_wordless(marked: &str, setting: Setting) -> bool {
    const WORD: &str = "x";
    setting.answers && new_text(&format!("{WORD}\n\n{}", marked.trim_start()), setting).text.trim() == WORD
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

/// What a line means for all that follows it.
enum Cut {
    /// The old mail begins here.
    Old,
    /// A signature begins here: the writer's or the program's.
    Signature,
    /// This line alone is a program's.
    Line,
}

struct Text<'a> {
    lines: &'a [Line<'a>],
    setting: Setting,
    may_attribute: bool,
}

impl<'a> Text<'a> {
    /// The writer's lines without those they quote, where they quote any.
    fn alone(&self, own: &[usize]) -> Option<String> {
        // `>>> here <<<` draws the eye, and quotes nothing.
        let framed =
            own.iter().any(|at| self.lines[*at].is_quoted() && self.lines[*at].text.trim_end().ends_with("<<<"));
        if framed || !own.iter().any(|at| self.lines[*at].is_quoted()) {
            return None;
        }
        let (mut kept, mut skip) = (String::new(), 0);
        for at in own {
            if *at < skip || self.lines[*at].is_quoted() {
                continue;
            }
            if let Some(length) = self.attribution(*at) {
                skip = at + length;
                continue;
            }
            kept.push_str(&self.lines[*at].text);
            kept.push('\n');
        }
        let kept = kept.trim();
        (!kept.is_empty()).then(|| kept.to_owned())
    }

    fn own_lines(&self) -> Own<'a> {
        let mut written = false;
        let mut skipped = Vec::new();
        for at in 0..self.lines.len() {
            let line = &self.lines[at];
            if is_forward(&line.text) && !line.is_quoted() {
                return self.passed_on(&skipped);
            }
            if let Some(own) = self.before_shared(at) {
                return Own { shared: Some(own), ..self.above(&skipped, at) };
            }
            if let Some(length) = self.attribution(at) {
                return self.around_quote(&skipped, at, at + length);
            }
            match self.cut(at) {
                Some(Cut::Old) if self.setting.forwards => return self.passed_on(&skipped),
                // Nothing stands above: it is all there is.
                Some(Cut::Old) if !written => return self.whole(&[], self.lines.len()),
                Some(Cut::Old) => return self.before_old(&skipped, at),
                Some(Cut::Signature) if written => return self.before_signature(&skipped, at),
                Some(Cut::Line) => skipped.push(at),
                _ => written |= !line.is_blank() && !patterns::is_ruler(&line.text),
            }
        }
        self.above(&skipped, self.lines.len())
    }

    /// Whether the writer's text ends at this line.
    fn cut(&self, at: usize) -> Option<Cut> {
        let line = &self.lines[at];
        let text = &line.text;
        if line.rest || patterns::is_above_line(text) || (line.rule && patterns::is_author(text)) {
            return Some(Cut::Old);
        }
        let refers = self.setting.answers || self.setting.forwards;
        if patterns::is_original(text) || (refers && self.is_header_block(at)) || self.is_outlook_block(at) {
            return Some(Cut::Old);
        }
        if self.is_signature(at) || (self.begins_paragraph(at) && self.is_legal_to_the_end(at)) {
            return Some(Cut::Signature);
        }
        if patterns::is_device(text) {
            let last = self.nothing_written_below(at + 1) || (self.setting.answers && patterns::is_advertised(text));
            return Some(if last { Cut::Signature } else { Cut::Line });
        }
        match self.dividing_rule(at) {
            Some(true) => Some(Cut::Old),
            Some(false) => Some(Cut::Signature),
            None => None,
        }
    }

    /// A rule of underscores parts the reply from the old mail (true), or from a short foot (false).
    fn dividing_rule(&self, at: usize) -> Option<bool> {
        if !patterns::is_dividing_ruler(&self.lines[at].text) {
            return None;
        }
        let next = (at + 1..self.lines.len()).find(|n| !self.lines[*n].is_blank());
        let heads = next.is_some_and(|n| self.is_header_block(n) || patterns::is_author(&self.lines[n].text));
        let long = self.lines[at].text.trim().starts_with("__________");
        let foot = self.setting.answers && long && self.is_short_foot(at + 1);
        if heads { Some(true) } else { foot.then_some(false) }
    }

    fn is_header_block(&self, at: usize) -> bool {
        if !self.lines[at].text.contains([':', '：']) {
            return false;
        }
        let window: Vec<&str> = self.lines[at..].iter().take(16).map(|l| l.text.as_ref()).collect();
        patterns::is_header_block(&window)
    }

    fn is_outlook_block(&self, at: usize) -> bool {
        let window: Vec<&str> = self.lines[at..].iter().take(8).map(|l| l.text.as_ref()).collect();
        patterns::is_outlook_block(&window)
    }

    fn begins_paragraph(&self, at: usize) -> bool {
        at.checked_sub(1)
            .is_none_or(|before| self.lines[before].is_blank() || patterns::is_ruler(&self.lines[before].text))
    }

    /// RFC 3676 section 4.3. Many clients lose the trailing space, and people draw the bare rule too:
    /// below theirs more follows than a signature has.
    fn is_signature(&self, at: usize) -> bool {
        match self.lines[at].text.as_ref() {
            "-- " | "--\u{a0}" => true,
            "--" => {
                self.is_short_foot(at + 1) && self.lines[at + 1..].iter().take(15).all(|l| l.text.chars().count() <= 75)
            }
            _ => false,
        }
    }

    /// Whether no more than a signature's lines follow, up to the old mail.
    fn is_short_foot(&self, start: usize) -> bool {
        const LINES: usize = 15;
        let rest =
            self.lines[start..].iter().take(200).take_while(|l| !l.is_quoted() && !patterns::is_original(&l.text));
        rest.filter(|l| !l.is_blank()).take(LINES + 1).count() <= LINES
    }

    /// Whether a legal notice begins here and nothing but legal words follows, up to the old mail.
    fn is_legal_to_the_end(&self, at: usize) -> bool {
        if !patterns::is_disclaimer(&self.lines[at].text) {
            return false;
        }
        let rest = self.lines[at..].iter().take(120).take_while(|l| !l.is_quoted() && !l.attribution);
        let text: Vec<&str> = rest.map(|l| l.text.as_ref()).collect();
        let joined = text.join("\n");
        let paragraphs: Vec<&str> = joined.split("\n\n").filter(|p| !p.trim().is_empty()).collect();
        let legal = paragraphs.iter().take_while(|p| patterns::is_legal(p)).count();
        let after = &paragraphs[legal..];
        legal > 0
            && after
                .first()
                .is_none_or(|p| self.may_attribute && patterns::is_attribution(&[p.lines().next().unwrap_or_default()]))
    }

    /// Whether only empty and quoted lines, rules, and what announces or heads an old mail follow.
    fn nothing_written_below(&self, start: usize) -> bool {
        // A few lines on, whatever else the program added has ended.
        let next = (start..self.lines.len().min(start + 40)).find(|at| {
            let line = &self.lines[*at];
            !line.is_blank() && !patterns::is_ruler(&line.text) && !patterns::is_device(&line.text)
        });
        next.is_none_or(|at| {
            let line = &self.lines[at];
            line.is_quoted()
                || line.rest
                || is_forward(&line.text)
                || patterns::is_original(&line.text)
                || self.is_signature(at)
                || self.attribution(at).is_some()
                || self.is_header_block(at)
                || patterns::is_disclaimer(&line.text)
        })
    }

    /// What the writer put on one line with the attribution of a quote.
    fn before_shared(&self, at: usize) -> Option<&'a str> {
        let line = &self.lines[at];
        if line.is_quoted() || !line.text.trim_end().ends_with([':', '：', '-']) {
            return None;
        }
        patterns::before_shared(&line.text, self.quoted_next(at + 1))
    }

    /// Whether the next line that is not empty is a quoted one.
    fn quoted_next(&self, start: usize) -> bool {
        let next = self.lines.get(start..).and_then(|l| l.iter().find(|l| !l.is_blank()));
        next.is_some_and(|l| l.quote != Quote::None)
    }

    /// How many lines the attribution that begins here takes: clients wrap it over up to six.
    fn attribution(&self, at: usize) -> Option<usize> {
        let line = &self.lines[at];
        if line.attribution {
            return Some(self.lines[at..].iter().take_while(|l| l.attribution).count());
        }
        if line.is_blank() {
            return None;
        }
        let announces = |length: usize| self.quoted_next(at + length);
        if patterns::may_announce(&line.text) && announces(1) {
            return Some(1);
        }
        if !self.may_attribute {
            return None;
        }
        let window: Vec<&str> = self.lines[at..].iter().take(6).map(|l| l.text.as_ref()).collect();
        let count = (1..=window.len()).find(|count| patterns::is_attribution(&window[..*count]))?;
        // The writer's last line may begin as attributions do: the real one begins further down.
        let later = (1..count)
            .any(|at| patterns::begins_attribution(window[at]) && patterns::is_attribution(&window[at..count]));
        // In an email that answers nothing, somebody may tell what somebody wrote, and when.
        let refers = self.setting.answers || self.setting.forwards;
        let certain = announces(count)
            || (refers && patterns::names_address(&window[..count]))
            || (refers && self.is_only_attribution(at, count));
        (!later && certain).then_some(count)
    }

    /// Whether what follows an attribution that names no address looks like an email, not like prose that
    /// tells who wrote what: an empty line, or none but its own paragraph.
    fn is_only_attribution(&self, at: usize, count: usize) -> bool {
        let before = at.checked_sub(1).is_none_or(|n| self.lines[n].is_blank());
        let after = self.lines.get(at + count).is_none_or(|l| !l.text.trim_start().starts_with(['«', '"', '“', '„']));
        before && after
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn new_text(text: &str) -> (String, bool) {
        let new = super::new_text(text, Setting { answers: true, forwards: false });
        (new.text, new.below)
    }

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
        let alone = super::new_text(text, Setting { answers: true, forwards: false }).alone;
        assert_eq!(alone.as_deref(), Some("Le 12.\nHier."));
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

    #[test]
    fn what_people_write_is_not_cut_because_it_resembles_something() {
        for text in [
            "Bonjour,\nTest 1\n____\nTest 2\nfin",
            "Colis 778\nEnvoyé depuis le dépôt de Lyon le 3 mars\nToujours pas reçu, fin",
            "Envoyé de mon iPhone\n\nLe poste 3, fin",
            "Bonjour,\n\nCe message est confidentiel : mon collègue me harcèle.\n\nQue faire ? fin",
            "Un\n--\nDeux, dont la phrase est bien trop longue pour être celle d'une signature, comme chacun peut voir.\nfin",
        ] {
            for answers in [true, false] {
                let own = super::new_text(text, Setting { answers, forwards: false }).text;
                assert!(own.ends_with("fin"), "{text}: {own}");
            }
        }
        for text in [
            "La console dit :\n> ERREUR 42\n> fin",
            "Nouvelle demande :\nDe : Marie Dupont <m@college.example>\nDate : 12/03/2026\nSujet : panne\nfin",
            "Le 3 mars 2026 à 10:12, le technicien a écrit :\n« je passerai ».\n\nPersonne n'est venu, fin",
            "Voici :\n\nFrom: Lyon 10:12\nTo: Paris 12:12\nDate: 12/03/2026\nfin",
        ] {
            let own = super::new_text(text, Setting::default()).text;
            assert!(own.ends_with("fin"), "{text}: {own}");
        }
    }

    #[test]
    fn a_signature_above_does_not_hide_what_is_passed_on_or_answered_between() {
        let forward = "Voyez.\n\nEnvoyé de mon iPhone\n\nDébut du message transféré :\n\nDe: Bob <b@x.example>\nNoir.";
        let own = super::new_text(forward, Setting { answers: false, forwards: true }).text;
        assert!(own.starts_with("Voyez.") && own.ends_with("Noir."), "{own}");
        let between = "Ci-dessous.\n\n-- \nAna\n\nLe 2 mars 2026 à 09:15, S <s@x.example> a écrit :\n> Un ?\nOui.\n> Deux ?\nNon.";
        let own = new_text(between).0;
        assert!(own.contains("> Un ?\nOui.") && own.ends_with("Non.") && !own.contains("Ana"), "{own}");
        let outlook = "Pour vous.\n\nDe : Bob <b@x.example>\nEnvoyé : lundi 2 mars 2026 09:15\nObjet : Panne\n\nNoir.";
        let own = super::new_text(outlook, Setting { answers: false, forwards: true }).text;
        assert!(own.ends_with("Noir."), "{own}");
    }
}
