//! An email that says thanks and nothing else.
//!
//! After a resolution it is recorded and does not reopen the ticket: every word of it above the signature stands in
//! `life.thanks` or is somebody's name, and one of them is a word of thanks or agreement, or an emoji that says so. A question
//! mark, a file or any other word makes it a message like others.

use super::policy::Policy;
use crate::mail::{above_closing, fold, is_emoji, is_legal_notice};

/// Most words of such an email.
const WORDS: usize = 40;

/// How the words begin that say thanks or agree.
const CORE: [&str; 22] = [
    "merci",
    "mrci",
    "remerci",
    "thank",
    "thx",
    "cheers",
    "parfait",
    "perfect",
    "super",
    "nickel",
    "impec",
    "fonctionne",
    "marche",
    "works",
    "great",
    "excellent",
    "bravo",
    "genial",
    "resolu",
    "regle",
    "solved",
    "fixed",
];
/// Words that agree as they stand.
const AGREES: [&str; 6] = ["ok", "top", "bon", "recu", "recue", "entendu"];
/// Emoji that say thanks or agree; skin and shape apart.
const EMOJI: &str = "\u{1f44d}\u{1f44c}\u{1f64f}\u{2764}\u{2665}\u{1f495}\u{1f496}\u{1f497}\u{1f499}\u{1f49a}\u{1f49b}\u{1f49c}\u{1f9e1}\
    \u{1f600}\u{1f601}\u{1f603}\u{1f604}\u{1f606}\u{1f609}\u{1f60a}\u{1f60d}\u{1f60e}\u{1f60b}\u{1f617}\u{1f618}\u{1f642}\u{1f643}\
    \u{1f607}\u{1f929}\u{1f970}\u{1f917}\u{263a}\u{1f389}\u{1f38a}\u{1f44f}\u{2705}\u{2714}\u{2713}\u{1f4af}\u{1f91d}\u{1f31e}\u{2600}\
    \u{1f64c}\u{1f4aa}\u{2b50}\u{1f31f}\u{2728}\u{1f339}\u{1f490}\u{1f44b}\u{1f197}";
/// What is glad although words in it are not, folded, longest first: taken out before words are looked at.
const GLAD: [&str; 37] = [
    "je n'ai pas d'autre question",
    "je n'ai plus aucun probleme",
    "n'ai pas d'autres questions",
    "n'ai pas d'autre question",
    "je n'ai plus de probleme",
    "desolee du derangement",
    "pas d'autres questions",
    "desole du derangement",
    "une erreur de ma part",
    "pas d'autre question",
    "je vous en remercie",
    "plus aucun probleme",
    "rentre dans l'ordre",
    "bonne continuation",
    "excellente journee",
    "erreur de ma part",
    "plus aucun souci",
    "plus de probleme",
    "bonnes vacances",
    "pas de probleme",
    "plus de blocage",
    "probleme resolu",
    "aucun probleme",
    "plus de soucis",
    "sans probleme",
    "bonnes fetes",
    "like a charm",
    "pas de souci",
    "aucun souci",
    "bon courage",
    "ca remarche",
    "sans erreur",
    "a bientot",
    "impec",
    "a +",
    "ras",
    "a+",
];
/// Words behind which a word of the ticket's title is what works again.
const AGAIN: [&str; 7] = ["fonctionne", "marche", "resolu", "regle", "passe", "bon", "works"];

/// Whether the text is nothing but thanks. `writer`: who wrote it; `names`: of the service desk's people; `title`: of the ticket.
pub(super) fn is_thanks(text: &str, writer: &str, names: &[&str], title: &str, policy: &Policy) -> bool {
    let notice = text.lines().position(is_legal_notice).unwrap_or(usize::MAX);
    let text: String = text.lines().take(notice).map(|line| format!("{line}\n")).collect();
    let above = above_closing(&text, writer);
    if text[above.len()..].lines().any(complains) {
        return false;
    }
    // A text that is all closing has nothing in it to be told from one.
    let folded = fold(if above.is_empty() { &text } else { above });
    if folded.contains('?') || [":(", ":-(", ":/"].iter().any(|sad| folded.contains(sad)) {
        return false;
    }
    let (mut glad, mut odd) = (false, false);
    let folded = shortened(&folded);
    let folded = match without_glad(&folded) {
        Some(rest) => {
            glad = true;
            rest
        }
        None => folded,
    };
    for c in folded.chars().filter(|c| is_emoji(*c) && !is_shape(*c)) {
        let says = EMOJI.contains(c);
        (glad, odd) = (glad || says, odd || !says);
    }
    let thanked = thanked(&text);
    let names = names.iter().copied().chain([writer, thanked.as_str()]);
    let names: Vec<String> = names.flat_map(|name| words(&fold(name))).collect();
    let words = words(&folded);
    let again = words.iter().any(|word| AGAIN.iter().any(|again| word.starts_with(again)));
    let title = if again { self::words(&fold(title)) } else { Vec::new() };
    let known = |at: usize, word: &String| {
        policy.life.thanks.contains(word) || names.contains(word) || is_mistyped(word) || is_subject(&words, at, &title)
    };
    !odd && words.len() <= WORDS
        && words.iter().enumerate().all(|(at, word)| known(at, word))
        && (glad
            || words.iter().any(|word| {
                CORE.iter().any(|core| word.starts_with(core)) || AGREES.contains(&word.as_str()) || is_mistyped(word)
            }))
}

/// The text without the phrases that are glad; none where there is none.
fn without_glad(folded: &str) -> Option<String> {
    let mut rest = format!(" {} ", folded.split_whitespace().collect::<Vec<_>>().join(" "));
    let before = rest.len();
    for phrase in GLAD {
        let mut from = 0;
        while let Some(at) = rest[from..].find(phrase).map(|at| from + at) {
            let end = at + phrase.len();
            let apart = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
            if apart(rest[..at].chars().next_back()) && apart(rest[end..].chars().next()) {
                rest.replace_range(at..end, " ");
            }
            from = at + 1;
            while !rest.is_char_boundary(from) {
                from += 1;
            }
        }
    }
    (rest.len() < before).then_some(rest)
}

/// Whether a line below the name is no part of a signature: something is wrong after all.
fn complains(line: &str) -> bool {
    const WORDS: [&str; 20] = [
        "toujours",
        "panne",
        "erreur",
        "impossible",
        "probleme",
        "persiste",
        "bloque",
        "ps:",
        "ps :",
        "p.s",
        "ecran",
        "ne marche",
        "marche pas",
        "fonctionne pas",
        "still",
        "error",
        "broken",
        "issue",
        "cannot",
        "can't",
    ];
    let folded = fold(line);
    let is_help = ["contact", "appel", "signal", "?"].iter().any(|word| folded.contains(word));
    !is_help && WORDS.iter().any(|word| folded.contains(word))
}

/// The name behind a word of thanks: "Merci Karim,".
fn thanked(text: &str) -> String {
    let mut words = text.split_whitespace();
    let thanks = |word: &str| ["merci", "thanks", "bonjour", "cheers,"].contains(&word.to_lowercase().as_str());
    let behind = words.find(|word| thanks(word)).and_then(|_| words.next());
    let name = behind.filter(|word| word.ends_with([',', '.', '!']) && word.starts_with(char::is_uppercase));
    name.unwrap_or_default().to_owned()
}

/// "merciiii" with as many letters as it has.
fn shortened(folded: &str) -> String {
    let mut out = String::with_capacity(folded.len());
    let mut run = 0;
    for c in folded.chars() {
        run = if out.ends_with(c) { run + 1 } else { 0 };
        if run < 2 || !c.is_alphabetic() {
            out.push(c);
        }
    }
    out
}

/// Whether a character only shapes or colours the emoji beside it.
fn is_shape(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe0f}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Whether a word is "merci" as it is typed in haste.
fn is_mistyped(word: &str) -> bool {
    word.len() >= 4 && strsim::damerau_levenshtein(word, "merci") == 1
}

/// Whether a word is what the ticket is about, with its article: "l'export" of "Export bloqué". Without one it may be what is
/// wrong again.
fn is_subject(words: &[String], at: usize, title: &[String]) -> bool {
    const ARTICLES: [&str; 9] = ["le", "la", "les", "mon", "ma", "mes", "l'", "the", "my"];
    let word = words[at].as_str();
    let elided = word.strip_prefix("l'");
    let named = |word: &str| title.iter().any(|other| other == word);
    elided.is_some_and(named) || (named(word) && at > 0 && ARTICLES.contains(&words[at - 1].as_str()))
}

fn words(folded: &str) -> Vec<String> {
    let split = folded.split(|c: char| !c.is_alphanumeric() && !"'-".contains(c));
    split.map(|w| w.trim_matches(['\'', '-'])).filter(|w| !w.is_empty()).map(ToOwned::to_owned).collect()
}
