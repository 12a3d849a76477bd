//! What a text is searched by among solved tickets and articles.

use std::collections::BTreeSet;

use crate::mail::fold;

/// A solved ticket or an article that may help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub number: String,

    pub title: String,
    /// What solved it.
    pub solution: String,
    /// True for an article, which requesters may read; a ticket is for the service desk alone.
    pub article: bool,
}

/// Most words searched for.
const TERMS: usize = 12;

/// Words that say nothing of a problem, folded.
const COMMON: [&str; 64] = [
    "avec",
    "avoir",
    "aussi",
    "bien",
    "bonjour",
    "bonsoir",
    "cela",
    "cette",
    "chez",
    "comme",
    "comment",
    "cordialement",
    "dans",
    "depuis",
    "donc",
    "elle",
    "elles",
    "encore",
    "entre",
    "etre",
    "fait",
    "faire",
    "ils",
    "jour",
    "leur",
    "leurs",
    "mais",
    "meme",
    "merci",
    "moins",
    "notre",
    "nous",
    "pour",
    "plus",
    "pouvez",
    "quand",
    "quel",
    "quelle",
    "sans",
    "sont",
    "sous",
    "toujours",
    "tous",
    "tout",
    "tres",
    "vers",
    "votre",
    "vous",
    "about",
    "been",
    "could",
    "dear",
    "from",
    "have",
    "hello",
    "please",
    "regards",
    "that",
    "thanks",
    "there",
    "this",
    "what",
    "when",
    "with",
];

/// The words of title and text that a search is made of, the title's first.
#[must_use]
pub(crate) fn search_terms(title: &str, text: &str) -> Vec<String> {
    let beginning: String = text.chars().take(2_000).collect();
    let folded = fold(&format!("{title}\n{beginning}"));
    let mut seen = BTreeSet::new();
    let words = folded.split(|c: char| !c.is_alphanumeric());
    let good = words.filter(|w| w.chars().count() >= 4 && !COMMON.contains(w));
    good.filter(|w| seen.insert(w.to_string())).take(TERMS).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_tell_something_are_searched() {
        let terms = search_terms(
            "Impossible de générer un .odt",
            "Bonjour,\nl'export Opale échoue avec une erreur 500.\nMerci",
        );
        assert_eq!(terms, ["impossible", "generer", "export", "opale", "echoue", "erreur"]);
        assert!(search_terms("'; DROP TABLE --", "\" OR *").iter().all(|t| t.chars().all(char::is_alphanumeric)));
    }
}
