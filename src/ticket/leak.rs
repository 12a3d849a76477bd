//! What must not leave with a text: signed tokens, and lines of a notification that only its reader was to see.
//!
//! Whoever holds a token is taken for the person it was issued to. Quotes are cut before ([`crate::mail`]), as far as they are known
//! for what they are; this is for those that are not: a pasted email, a client nobody has met.

use std::collections::{BTreeSet, HashSet};

use super::token::Token;

/// Fewest characters of a token's text: 5 bytes of name, 12 of signature, 1 of ticket, in base32.
const SHORTEST: usize = 29;
/// Characters of a token that lead to it: 80 bits, which stand nowhere else by chance.
const PIECE: usize = 16;
/// Words, and characters, of a line that is no mere phrase: greetings, names and signatures are shorter.
const LINE: (usize, usize) = (5, 24);
/// Words that show a line which was broken anew.
const BROKEN: usize = 6;
/// Words that nobody writes twice by chance.
const LONG: usize = 12;

/// A text that is to leave, looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// Nothing in it belongs to a notification.
    Clean,
    /// So far it is the writer's; behind it a quoted notification begins.
    Until(String),
    /// It holds what must not leave, and where that begins cannot be told.
    Torn,
}

/// Looks through a text. `tokens`: those the email carries, as text.
#[must_use]
pub fn look(text: &str, tokens: &[String]) -> Outgoing {
    let lines: Vec<&str> = text.lines().collect();
    let Some(found) = line_with_token(&lines, tokens) else { return Outgoing::Clean };
    // The block the token stands in, and what announces it.
    let mut start = found;
    while start > 0 && !lines[start - 1].trim().is_empty() && belongs_to_quote(lines[start - 1]) {
        start -= 1;
    }
    let begins_quote = belongs_to_quote(lines[start]) && (start < found || is_head(lines[start]));
    let above_is_free = start == 0 || lines[start - 1].trim().is_empty() || is_rule(lines[start - 1]);
    let mut end = start;
    while end > 0 && (lines[end - 1].trim().is_empty() || is_rule(lines[end - 1])) {
        end -= 1;
    }
    let own = lines[..end].join("\n");
    match begins_quote && above_is_free && !own.trim().is_empty() {
        true => Outgoing::Until(own.trim().to_owned()),
        false => Outgoing::Torn,
    }
}

/// Words of a notification that stand in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copied {
    /// The longest of them.
    pub phrase: String,
    /// In how many lines.
    pub lines: usize,
}

/// Looks in a text for lines of a notification that stand in none of `known`, which its reader may see anyway.
///
/// A sentence of a note that an agent puts among words of their own is what they want to say. What was quoted shows by whole lines,
/// by lines that were broken anew, by several, or by its length.
#[must_use]
pub fn copies(text: &str, notification: &str, known: &[&str]) -> Option<Copied> {
    let open: String = known.iter().map(|text| plain(&text.replace('\n', " "))).collect::<Vec<_>>().join(" ");
    let theirs: Vec<String> = notification.lines().map(plain).filter(|line| !line.is_empty()).collect();
    let all = theirs.join(" ");
    let lines: Vec<(String, bool)> =
        text.lines().map(|line| (plain(line), line.trim_start().starts_with(['>', '|']))).collect();
    let whole = lines.iter().map(|(line, _)| line.as_str()).collect::<Vec<_>>().join(" ");
    let whole = plain(&whole);
    let secret = |run: &str| all.contains(run) && !open.contains(run);
    // Lines that are the notification's from end to end.
    let is_copy = |(line, quoted): &&(String, bool)| {
        let least = if *quoted { (1, 4) } else { (3, 12) };
        words_of(line) >= least.0 && line.chars().count() >= least.1 && secret(line)
    };
    let same: Vec<&str> = lines.iter().filter(is_copy).map(|(line, _)| line.as_str()).collect();
    if same.iter().map(|line| words_of(line)).sum::<usize>() >= LINE.0
        && same.iter().map(|line| line.chars().count()).sum::<usize>() >= LINE.1
    {
        return copied(&same);
    }
    // Lines that stand in it whole: several, or one that was broken anew.
    let is_line = |line: &&str| words_of(line) >= LINE.0 && line.chars().count() >= LINE.1;
    let found: Vec<&str> =
        theirs.iter().map(String::as_str).filter(is_line).filter(|line| whole.contains(line) && secret(line)).collect();
    let short: HashSet<&str> = runs_of_words(&whole, BROKEN).collect();
    let runs = theirs.iter().flat_map(|line| runs_of_words(line, BROKEN));
    let runs = runs.filter(|run| short.contains(run)).filter(is_line).filter(|run| secret(run));
    let here: Vec<&str> = found.iter().copied().chain(runs).collect();
    let kept = |run: &str| lines.iter().any(|(line, _)| line.contains(run));
    let broken: Vec<&str> = here.iter().copied().filter(|run| !kept(run)).collect();
    if !broken.is_empty() {
        return copied(&broken);
    }
    let distinct: BTreeSet<&str> = found.into_iter().collect();
    if distinct.len() > 1 {
        return copied(&distinct.into_iter().collect::<Vec<_>>());
    }
    let long: HashSet<&str> = runs_of_words(&whole, LONG).collect();
    let long: Vec<&str> = runs_of_words(&all, LONG).filter(|run| long.contains(run) && !open.contains(run)).collect();
    copied(&long)
}

/// Whether a short line of the text is the end of a line of a notification that its reader may not see: a client has broken what it
/// quotes, and the rest looks like the writer's own.
#[must_use]
pub(crate) fn ends_a_line(text: &str, notification: &str, known: &[&str]) -> bool {
    let open: String = known.iter().map(|text| plain(&text.replace('\n', " "))).collect::<Vec<_>>().join(" ");
    let theirs: Vec<String> = notification.lines().map(plain).collect();
    let ends = |line: &str| {
        theirs.iter().any(|whole| whole.strip_suffix(line).is_some_and(|before| before.ends_with(' ')))
            && !open.contains(line)
    };
    text.lines().map(plain).any(|line| !line.is_empty() && words_of(&line) <= 3 && ends(&line))
}

fn copied(runs: &[&str]) -> Option<Copied> {
    let phrase = runs.iter().max_by_key(|run| run.len())?;
    Some(Copied { phrase: (*phrase).to_owned(), lines: runs.len() })
}

/// A line without marks of quotes, in lower case, with one space between words. What nobody sees parts no words.
fn plain(line: &str) -> String {
    let seen: String = line.chars().filter(|c| !crate::mail::deceives(*c)).collect();
    let bare = seen.trim_start_matches(['>', '|', ' ', '\t', ':', '*', '-']);
    bare.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn words_of(line: &str) -> usize {
    line.split(' ').filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

/// Each run of so many words of a line.
fn runs_of_words(line: &str, count: usize) -> impl Iterator<Item = &str> {
    let ends: Vec<usize> = line.match_indices(' ').map(|(at, _)| at).chain([line.len()]).collect();
    let starts: Vec<usize> = std::iter::once(0).chain(line.match_indices(' ').map(|(at, _)| at + 1)).collect();
    starts.into_iter().zip(ends.into_iter().skip(count - 1)).map(|(from, to)| &line[from..to])
}

/// Whether what can be read in a file holds a token: one of `tokens`, or one behind what stands before one in our notifications. Files hold
/// much that only looks like one.
#[must_use]
pub(crate) fn holds_token(file: &str, tokens: &[String]) -> bool {
    let known = |run: &str| tokens.iter().any(|token| run.contains(token.as_str()));
    runs(file).any(|run| {
        let before = &file[..run.as_ptr() as usize - file.as_ptr() as usize];
        let led = before.ends_with(['+', '.']) || ["%2B", "%2b", "=2B"].iter().any(|code| before.ends_with(code));
        let bare = run.strip_prefix("2b").unwrap_or(run);
        known(run) || (led && (Token::parse(run).is_some() || Token::parse(bare).is_some()))
    })
}

/// The words that the buttons of a notification put into a new email (RFC 6068).
#[must_use]
pub(crate) fn behind_buttons(notification: &str) -> String {
    let bodies =
        notification.lines().filter_map(|line| line.split_once("mailto:")?.1.split_once("body=").map(|(_, body)| body));
    let words = bodies
        .map(|body| percent_encoding::percent_decode_str(body.trim_end()).decode_utf8_lossy().replace("\r\n", "\n"));
    words.collect::<Vec<_>>().join("\n")
}

/// The first line that holds one, or the beginning of one that is broken over several.
fn line_with_token(lines: &[&str], tokens: &[String]) -> Option<usize> {
    let (mut squeezed, mut at) = (String::new(), Vec::new());
    for (number, line) in lines.iter().enumerate() {
        for c in decoded(line).chars().filter(|c| c.is_ascii_lowercase() || ('2'..='7').contains(c)) {
            squeezed.push(c);
            at.push(number);
        }
    }
    // A piece is enough: what is missing can be tried out.
    let pieces = tokens.iter().flat_map(|token| token.as_bytes().windows(PIECE.min(token.len().max(1))));
    let of_email = pieces
        .filter_map(|piece| squeezed.as_bytes().windows(piece.len()).position(|run| run == piece))
        .min()
        .map(|place| at[place]);
    let any = || lines.iter().position(|line| runs(&decoded(line)).any(|run| Token::parse(run).is_some()));
    match (of_email, any()) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A line in lower case, with what mail programs and link filters write for `+`, `@` and `.` undone.
fn decoded(line: &str) -> String {
    let mut text = line.to_lowercase();
    for _ in 0..3 {
        let next = percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned();
        let next = next
            .replace("&#43;", "+")
            .replace("&#x2b;", "+")
            .replace("&plus;", "+")
            .replace("=2b", "+")
            .replace("&#64;", "@");
        if next == text {
            break;
        }
        text = next;
    }
    text
}

/// Runs of base32 that are long enough for a token, behind what stands before one.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split(|c: char| !(c.is_ascii_lowercase() || ('2'..='7').contains(&c)));
    pieces.filter(|piece| piece.len() >= SHORTEST && piece.len() <= 48)
}

/// Lines as quoted emails and their heads have them.
fn belongs_to_quote(line: &str) -> bool {
    let line = line.trim();
    line.starts_with(['>', '|']) || is_head(line) || is_rule(line) || line.contains('@')
}

/// `De : …`, `Provenance : …`, `wrote:`: what heads a quoted email.
fn is_head(line: &str) -> bool {
    let line = line.trim_start_matches(['>', '|', ' ', '*', '\u{a0}']);
    let name = line.split([':', '：']).next().unwrap_or_default().trim_end();
    let label = line.contains([':', '：'])
        && !name.is_empty()
        && name.chars().count() <= 20
        && !name.contains(['@', '.', ',', '#']);
    let attributes = line.trim_end().ends_with([':', '：']) || line.contains("écrit") || line.contains("wrote");
    label || attributes
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    let drawn = line.chars().filter(|c| "-_=*~—–".contains(*c)).count();
    line.len() >= 3 && (drawn == line.chars().count() || (drawn >= 6 && line.starts_with(['-', '_', '='])))
}

/// The text without any token: `support+TOKEN@` becomes `support@`, ids and marks go. The last guard of whatever goes to somebody
/// outside.
#[must_use]
pub(crate) fn scrubbed(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for run in runs(&lower) {
        // What an encoded `+` ends in is base32 as well.
        let bare =
            ["", "2b", "252b"].iter().filter_map(|code| run.strip_prefix(code)).find(|r| Token::parse(r).is_some());
        let Some(run) = bare else { continue };
        let start = run.as_ptr() as usize - lower.as_ptr() as usize;
        let end = start + run.len();
        let before = &lower[..start];
        let lead =
            ["[ref:gt.", "%252b", "%2b", "&#43;", "=2b", "gt.", "+"].iter().find(|lead| before.ends_with(**lead));
        let from = start - lead.map_or(0, |lead| lead.len());
        let to = if lead == Some(&"[ref:gt.") && lower[end..].starts_with(']') { end + 1 } else { end };
        spans.push((from, to));
    }
    let mut out = String::with_capacity(text.len());
    let mut last = 0;
    for (from, to) in spans {
        out.push_str(&text[last..from]);
        last = to;
    }
    out.push_str(&text[last..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::Secret;

    fn token() -> String {
        Token::issue(&Secret::new(vec![7; 32]), crate::ticket::ids::About::of_number(123), "once", "marie@a.example")
            .text()
    }

    #[test]
    fn tokens_are_found_however_they_are_written() {
        let token = token();
        for form in [
            format!("mailto:support+{token}@desk.example"),
            format!("support%2B{token}%40desk.example"),
            format!("https://safe.example/?url=mailto%3Asupport%252B{token}%2540desk.example"),
            format!("support&#43;{token}@desk.example"),
            format!("SUPPORT+{}@DESK.EXAMPLE", token.to_uppercase()),
            format!("[ref:gt.{token}]"),
            format!("support+{}=\n{}@desk", &token[..9], &token[9..]),
            format!("> support+{}\n> {}@desk", &token[..20], &token[20..]),
            format!("support+{}\u{ad}{}@desk", &token[..20], &token[20..]),
            format!("support+{}@desk", &token[..token.len() - 1]),
            format!("support+{} @desk", &token[4..token.len() - 3]),
        ] {
            let text = format!("Bonjour.\n\nmots {form} fin");
            assert_ne!(look(&text, std::slice::from_ref(&token)), Outgoing::Clean, "{form}");
            assert!(!form.contains(&token) || !scrubbed(&form).contains(&token), "{form}");
        }
        assert_eq!(look("Bonjour, rien ici. abcdefghijklmnop", &[token]), Outgoing::Clean);
    }

    #[test]
    fn a_headed_quote_is_cut_and_a_bare_paste_is_not() {
        let token = token();
        let headed =
            format!("Bonjour.\n\nProvenance : Support\nEnvoyé le : lundi\nÀ : support+{token}@desk.example\n\nNote.");
        assert_eq!(look(&headed, &[]), Outgoing::Until("Bonjour.".to_owned()));
        let bare = format!("Bonjour.\nsecret\nécrire à support+{token}@desk.example merci");
        assert_eq!(look(&bare, &[]), Outgoing::Torn);
    }

    #[test]
    fn lines_of_a_notification_are_known_again_unless_its_reader_may_see_them() {
        let notification =
            "Nouvelle note\n\nSECRET: mot de passe zebra\nL'imprimante est en panne.\nMarie Dubois\nAssistance ENT";
        let request = "L'imprimante est en panne.";
        let copies = |text: &str, of: &str, known: &[&str]| copies(text, of, known).is_some();
        assert!(copies("Bonjour\n> SECRET: mot de\n> passe zebra", notification, &[request]));
        assert!(copies("Bonjour\nSECRET: mot de passe zebra", notification, &[request]));
        assert!(!copies("Bonjour\n> L'imprimante est en panne.", notification, &[request]));
        assert!(!copies(
            "Bonjour, la cartouche est commandée.\n\nMarie Dubois\nAssistance ENT",
            notification,
            &[request]
        ));
        let notification = "Le code du coffre de la salle des serveurs est 4711, ne le donnez à personne.\n\
                            Le serveur print01 a redémarré cette nuit.";
        for text in [
            "Bonjour\ndu coffre de la salle\ndes serveurs est 4711",
            "Bonjour\nvoici Le code du\ncoffre de la salle des\nserveurs est 4711",
            "Oui : le code du coffre de la salle des serveurs est 4711, ne le donnez à personne.",
            "le\ncode\ndu\ncoffre\nde\nla\nsalle\ndes\nserveurs",
        ] {
            assert!(copies(text, notification, &[]), "{text}");
        }
        for text in [
            "Bonjour, le code du coffre est changé.",
            "Bonjour,\n\nLe serveur print01 a redémarré cette nuit. L'imprimante répond à nouveau.\n\nMerci,\nMarie",
        ] {
            assert!(!copies(text, notification, &[]), "{text}");
        }
    }

    #[test]
    fn scrubbing_leaves_everything_else() {
        let token = token();
        let text = format!("a support+{token}@x.example b [ref:gt.{token}] c +33 4 56 é gt.{token}@y");
        assert_eq!(scrubbed(&text), "a support@x.example b  c +33 4 56 é @y");
        assert_eq!(scrubbed("+abcdefghijklmnopqrstuvwxyz234567abc"), "+abcdefghijklmnopqrstuvwxyz234567abc");
    }
}
