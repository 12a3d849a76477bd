//! The new text of a reply: what this person wrote now.
//!
//! Takes the readable text. Gives it without the quoted mails below and without the signature.
//! Answers written between quoted lines are kept with the lines they answer. When nothing would
//! be left, everything is kept: text is never lost.

use std::sync::LazyLock;

use regex::Regex;

/// Lines that open a quoted mail: "On … wrote:", "Le … a écrit :", and the same in other languages.
static ATTRIBUTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^\s*>?\s*(?:
            on\s.{6,300}\swrote
          | le\s.{6,300}\sa\s+[ée]crit
          | am\s.{6,300}\sschrieb(?:\s.{1,200})?
          | el\s.{6,300}\sescribi[óo]
          | il\s.{6,300}\sha\s+scritto
          | op\s.{6,300}\sschreef(?:\s.{1,200})?
          | em\s.{6,300}\sescreveu
        )\s*[:：]\s*$",
    )
    .ok()
});

/// "-----Original Message-----" and the like.
static SEPARATOR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^\s*>?\s*(?:
            [-_]{2,}\s*(?:original\s+message|message\s+d['’]?\s*origine|message\s+original|urspr[üu]ngliche\s+nachricht|mensaje\s+original|messaggio\s+originale|oorspronkelijk\s+bericht|forwarded\s+message|message\s+transf[ée]r[ée])\s*[-_]{2,}
          | _{20,}
        )\s*$",
    )
    .ok()
});

/// The first line of a header block pasted above a quoted mail (`De : …`, `From: …`).
static BLOCK_START: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*\*?(?:from|de|von|da|van)\s?\*?\s*[:：]\*?\s*\S").ok());

/// A further line of such a block.
static BLOCK_NEXT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\s*\*?(?:sent|envoy[ée]|date|gesendet|enviado|inviato|verzonden|to|[àa]|an|para|objet|subject|betreff|asunto|oggetto|onderwerp|cc)\s?\*?\s*[:：]",
    )
    .ok()
});

/// What this person wrote.
pub(super) fn new_text(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let end = quoted_from(&lines).unwrap_or(lines.len());
    let kept = without_signature(&lines[..end]);
    let out = without_trailing_quote(kept).join("\n");
    let out = out.trim_matches('\n').trim_end();
    if out.trim().is_empty() {
        return text.trim().to_owned();
    }
    out.to_owned()
}

/// Index of the line where quoted mail begins and nothing of the writer's own follows.
fn quoted_from(lines: &[&str]) -> Option<usize> {
    (0..lines.len()).find(|at| opens_quote(lines, *at) && !answered_below(&lines[*at..]))
}

fn opens_quote(lines: &[&str], at: usize) -> bool {
    let line = lines[at];
    if matches(&SEPARATOR, line) {
        return true;
    }
    if matches(&BLOCK_START, line) {
        let next = lines.iter().skip(at + 1).take(4);
        return next.filter(|l| matches(&BLOCK_NEXT, l)).count() >= 2;
    }
    // Clients wrap the attribution over up to three lines.
    (1..=3).any(|count| lines.get(at..at + count).is_some_and(|some| matches(&ATTRIBUTION, &some.join(" "))))
}

/// Whether the quote below is `>`-quoted and the writer answered between its lines.
fn answered_below(rest: &[&str]) -> bool {
    let first = rest.iter().position(|l| l.trim_start().starts_with('>'));
    let Some(first) = first.filter(|at| *at <= 4) else {
        return false;
    };
    let signature = rest.iter().position(|l| is_signature(l)).unwrap_or(rest.len());
    rest.get(first..signature)
        .unwrap_or_default()
        .iter()
        .any(|l| !l.trim().is_empty() && !l.trim_start().starts_with('>'))
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

fn matches(pattern: &LazyLock<Option<Regex>>, line: &str) -> bool {
    pattern.as_ref().is_some_and(|p| p.is_match(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_below_are_cut() {
        for quoted in [
            "Le lun. 2 mars 2026 à 09:15, Support <s@example.org> a écrit :\n> Bonjour",
            "On Mon, 2 Mar 2026 at 09:15,\nSupport <s@example.org>\nwrote:\n> Hello",
            "-----Message d'origine-----\nDe : Support\nBonjour",
            "De : Support <s@example.org>\nEnvoyé : lundi 2 mars 2026 09:15\nÀ : Ana\nObjet : Panne\n\nBonjour",
            "> une citation seule",
        ] {
            assert_eq!(new_text(&format!("Merci, cela marche.\n\n{quoted}\n")), "Merci, cela marche.");
        }
    }

    #[test]
    fn answers_between_quoted_lines_stay_with_them() {
        let text = "Le 2 mars 2026, Support a écrit :\n> Quel poste ?\nLe 12.\n> Depuis quand ?\nHier.";
        assert_eq!(new_text(text), text);
    }

    #[test]
    fn signatures_go_and_nothing_is_lost_when_only_a_quote_is_left() {
        assert_eq!(new_text("Oui.\n\n-- \nAna\nCollège"), "Oui.");
        assert_eq!(new_text("> seulement cela"), "> seulement cela");
        assert_eq!(new_text(""), "");
    }

    #[test]
    fn a_sentence_that_begins_like_an_attribution_is_kept() {
        let text = "Le serveur que Marie a écrit : voir plus bas\nfin";
        assert!(new_text(text).contains("fin"));
    }
}
