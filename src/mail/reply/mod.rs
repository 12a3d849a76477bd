//! The new text of a reply: what this person wrote now.
//!
//! Takes the readable text. Gives it without the quoted mail and without the signature. Answers
//! written between quoted lines are kept with the lines they answer. A forwarded mail is kept: it
//! is what the writer wants to be read. When nothing would be left, everything is kept: text is
//! never lost.

mod patterns;

/// What this person wrote, and whether some of it stood below or between quoted lines.
pub(super) fn new_text(text: &str) -> (String, bool) {
    // Marks of writing direction stand between words of some clients' headers.
    let plain: String =
        text.chars().filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')).collect();
    let lines: Vec<&str> = plain.lines().collect();
    let own = own_lines(&lines, patterns::may_attribute(&plain));
    let out = own.join("\n");
    let out = out.trim_matches('\n').trim_end();
    if out.trim().is_empty() {
        return (text.trim().to_owned(), true);
    }
    // Lines above a quote are a beginning of the text; anything else came from around one.
    let start = plain.trim_start_matches('\n');
    let below = !start.starts_with(out) || out.lines().any(|l| l.trim_start().starts_with('>'));
    (out.to_owned(), below)
}

fn own_lines<'a>(lines: &[&'a str], may_attribute: bool) -> Vec<&'a str> {
    for at in 0..lines.len() {
        if patterns::is_forward(lines[at]) {
            return without_signature(lines).to_vec();
        }
        if is_signature(lines[at]) {
            return above(lines, at);
        }
        if let Some(own) = patterns::before_shared(lines[at]) {
            return [&lines[..at], &[own]].concat();
        }
        if may_attribute && let Some(length) = attribution(lines, at) {
            return around_quote(lines, at, at + length);
        }
        let cut = patterns::is_separator(lines[at])
            || patterns::is_header_block(&lines[at..])
            || patterns::is_device(lines[at]);
        if cut && !(at == 0 || lines[..at].iter().all(|l| l.trim().is_empty())) {
            return above(lines, at);
        }
    }
    without_trailing_quote(lines).to_vec()
}

/// How many lines the attribution that begins here takes: clients wrap it over up to four.
fn attribution(lines: &[&str], at: usize) -> Option<usize> {
    (1..=4).find(|count| lines.get(at..at + count).is_some_and(patterns::is_attribution))
}

/// The writer's lines around a quote that an attribution announces.
fn around_quote<'a>(lines: &[&'a str], attribution: usize, quote: usize) -> Vec<&'a str> {
    let before = without_trailing_quote(&lines[..attribution]);
    let is_quoted = |l: &&str| l.trim_start().starts_with('>');
    let first = lines[quote..].iter().position(|l| !l.trim().is_empty()).map_or(lines.len(), |n| quote + n);
    if !lines.get(first).is_some_and(is_quoted) {
        // Quoted without marks: everything below is the old mail.
        return before.to_vec();
    }
    let end = quote_end(lines, first);
    let rest = without_signature(&lines[end..]);
    let rest = &rest[..rest.iter().position(|l| patterns::is_device(l)).unwrap_or(rest.len())];
    if rest.iter().all(|l| l.trim().is_empty()) {
        return before.to_vec();
    }
    if rest.iter().any(is_quoted) {
        // Answers between quoted lines: they say nothing without them.
        return without_trailing_quote(&lines[..end + rest.len()]).to_vec();
    }
    [before, rest].concat()
}

/// Where the quote that begins here ends: quoted lines, empty ones between them, attributions of
/// older mails and links that broke out of their line belong to it.
fn quote_end(lines: &[&str], first: usize) -> usize {
    let mut end = first;
    let mut at = first;
    while at < lines.len() {
        let line = lines[at];
        if line.trim_start().starts_with('>') || patterns::is_link(line) || attribution(lines, at).is_some() {
            end = at + 1;
        } else if !line.trim().is_empty() {
            break;
        }
        at += 1;
    }
    end
}

fn above<'a>(lines: &[&'a str], at: usize) -> Vec<&'a str> {
    without_trailing_quote(&lines[..at]).to_vec()
}

fn without_signature<'a, 'b>(lines: &'a [&'b str]) -> &'a [&'b str] {
    let at = lines.iter().position(|l| is_signature(l));
    &lines[..at.unwrap_or(lines.len())]
}

/// RFC 3676 section 4.3; many clients lose the trailing space.
fn is_signature(line: &str) -> bool {
    line == "-- " || line == "--"
}

fn without_trailing_quote<'a, 'b>(lines: &'a [&'b str]) -> &'a [&'b str] {
    let own = lines.iter().rposition(|l| !l.trim().is_empty() && !l.trim_start().starts_with('>'));
    match own {
        Some(last) => &lines[..=last],
        None => lines,
    }
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
