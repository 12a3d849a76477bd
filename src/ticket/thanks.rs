//! An email that says thanks and nothing else.
//!
//! After a resolution it is recorded and does not reopen the ticket: every word of it stands in
//! `life.thanks` or is somebody's name, and one of them is a word of thanks or agreement. A question
//! mark, a file or any other word makes it a message like others.

use super::policy::Policy;
use crate::mail::fold;

/// Most words of such an email.
const WORDS: usize = 40;

/// How the words begin that say thanks or agree.
const CORE: [&str; 16] = [
    "merci",
    "remerci",
    "thank",
    "thx",
    "cheers",
    "parfait",
    "perfect",
    "super",
    "nickel",
    "impec",
    "ok",
    "fonctionne",
    "marche",
    "works",
    "great",
    "excellent",
];

/// Whether the text is nothing but thanks. `names`: of the writer and of the service desk's people.
pub(super) fn is_thanks(text: &str, names: &[&str], policy: &Policy) -> bool {
    let folded = fold(text);
    if folded.contains('?') {
        return false;
    }
    let names: Vec<String> = names.iter().flat_map(|n| words(&fold(n))).collect();
    let words = words(&folded);
    let known = |word: &String| policy.life.thanks.contains(word) || names.contains(word);
    !words.is_empty()
        && words.len() <= WORDS
        && words.iter().all(known)
        && words.iter().any(|word| CORE.iter().any(|core| word.starts_with(core)))
}

fn words(folded: &str) -> Vec<String> {
    let split = folded.replace('’', "'");
    let split = split.split(|c: char| !c.is_alphanumeric() && !"'-".contains(c));
    split.map(|w| w.trim_matches(['\'', '-'])).filter(|w| !w.is_empty()).map(ToOwned::to_owned).collect()
}
