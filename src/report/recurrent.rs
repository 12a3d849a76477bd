//! Problems that came back: tickets of a period whose titles say much the same.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::Recurrent;
use crate::clock::Millis;
use crate::mail::fold;

/// Most problems that are named.
const MOST: usize = 5;
/// Fewest letters of a word that says something.
const LETTERS: usize = 3;
/// Words that titles of any problem have, folded. Names of what is asked about are not among them.
const COMMON: &[&str] = &[
    "les",
    "des",
    "une",
    "aux",
    "pour",
    "par",
    "sur",
    "sous",
    "avec",
    "sans",
    "dans",
    "pas",
    "plus",
    "est",
    "sont",
    "ont",
    "mon",
    "mes",
    "nos",
    "notre",
    "vos",
    "votre",
    "son",
    "ses",
    "leur",
    "leurs",
    "que",
    "qui",
    "quoi",
    "dont",
    "chez",
    "entre",
    "vers",
    "depuis",
    "encore",
    "toujours",
    "tres",
    "tout",
    "tous",
    "toute",
    "cette",
    "ces",
    "cet",
    "elle",
    "nous",
    "vous",
    "ils",
    "the",
    "and",
    "for",
    "with",
    "without",
    "from",
    "not",
    "our",
    "your",
    "their",
    "his",
    "her",
    "its",
    "this",
    "that",
    "these",
    "are",
    "was",
    "does",
    "cannot",
    "can",
    "has",
    "have",
    "still",
    "any",
    "all",
    "urgent",
    "urgence",
    "bonjour",
    "hello",
    "aide",
    "help",
    "panne",
    "pannes",
    "marche",
    "fonctionne",
    "fonctionnent",
    "fonctionner",
    "bloque",
    "erreur",
    "erreurs",
    "impossible",
    "error",
    "errors",
    "broken",
    "down",
    "work",
    "works",
    "working",
    "failed",
    "fails",
    "demande",
    "request",
    "question",
    "probleme",
    "problem",
    "issue",
    "souci",
    "merci",
    "svp",
    "please",
    "need",
    "besoin",
];

/// A ticket that was opened in the period.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) number: String,
    pub(super) title: String,
    pub(super) created_at: Millis,
    pub(super) category: String,
    pub(super) has_article: bool,
}

/// The problems that came back, the most frequent first.
pub(super) fn recurrent(mut opened: Vec<Opened>) -> Vec<Recurrent> {
    opened.sort_by(|a, b| (a.created_at, &a.number).cmp(&(b.created_at, &b.number)));
    let mut groups: Vec<(BTreeSet<String>, Vec<&Opened>)> = Vec::new();
    let mut with_word: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for ticket in &opened {
        let words = words(&ticket.title);
        if words.is_empty() {
            continue;
        }
        let near: BTreeSet<usize> = words.iter().filter_map(|word| with_word.get(word)).flatten().copied().collect();
        let alike = |group: &usize| {
            let (theirs, tickets) = &groups[*group];
            is_alike(&words, theirs, tickets.first().is_some_and(|first| same_category(first, ticket)))
        };
        let found = near.into_iter().filter(alike).max_by_key(|group| {
            let (theirs, tickets) = &groups[*group];
            (words.intersection(theirs).count(), tickets.len(), std::cmp::Reverse(*group))
        });
        match found {
            Some(group) => groups[group].1.push(ticket),
            None => {
                for word in &words {
                    with_word.entry(word.clone()).or_default().push(groups.len());
                }
                groups.push((words, vec![ticket]));
            }
        }
    }
    let mut found: Vec<Recurrent> = groups
        .into_iter()
        .filter(|(_, tickets)| tickets.len() > 1)
        .map(|(_, tickets)| Recurrent {
            title: tickets.last().map(|t| t.title.clone()).unwrap_or_default(),
            count: i64::try_from(tickets.len()).unwrap_or(i64::MAX),
            numbers: tickets.iter().map(|t| t.number.clone()).collect(),
            has_article: tickets.iter().any(|t| t.has_article),
        })
        .collect();
    found.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.numbers.cmp(&b.numbers)));
    found.truncate(MOST);
    found
}

fn same_category(one: &Opened, other: &Opened) -> bool {
    !one.category.is_empty() && one.category == other.category
}

/// What a title is about: its words without endings, figures and what any title has.
fn words(title: &str) -> BTreeSet<String> {
    let folded = fold(title);
    let all = folded.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().all(char::is_alphabetic));
    let said = all.filter(|w| w.chars().count() >= LETTERS && !COMMON.contains(w));
    let found: BTreeSet<String> = said.map(|w| w.trim_end_matches(['s', 'x']).to_owned()).collect();
    if !found.is_empty() || folded.is_ascii() {
        // "Question" names no problem.
        return found;
    }
    // A title in a script without words is like itself alone.
    let whole = folded.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(whole).filter(|whole| whole.chars().any(char::is_alphabetic)).into_iter().collect()
}

/// Half of what the shorter title says, where both are of one category; else nearly all of it, and more than one word.
fn is_alike(one: &BTreeSet<String>, other: &BTreeSet<String>, same_category: bool) -> bool {
    let (common, least) = (one.intersection(other).count(), one.len().min(other.len()));
    one == other || if same_category { common * 2 >= least } else { common >= 2 && common * 4 >= least * 3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(titles: &[(&str, &str)]) -> Vec<(String, i64)> {
        let opened = titles.iter().enumerate().map(|(at, (title, category))| Opened {
            number: format!("A-{at:03}"),
            title: (*title).to_owned(),
            created_at: i64::try_from(at).unwrap(),
            category: (*category).to_owned(),
            has_article: false,
        });
        recurrent(opened.collect()).into_iter().map(|r| (r.title, r.count)).collect()
    }

    #[test]
    fn what_is_alike_is_one_problem() {
        let found = of(&[
            ("Copies verrouillées", "correction"),
            ("Impossible de déverrouiller les copies", "correction"),
            ("Mot de passe oublié", "comptes"),
            ("Mes copies sont verrouillées !", "correction"),
            ("mot de passe perdu", "comptes"),
            ("Plus de wifi au CDI", "reseau"),
            ("Imprimante du CDI en panne", "impression"),
        ]);
        assert_eq!(found, [("Mes copies sont verrouillées !".to_owned(), 3), ("mot de passe perdu".to_owned(), 2)]);
    }

    #[test]
    fn what_shares_a_word_is_not_alike() {
        assert_eq!(of(&[("Wifi en panne", ""), ("Imprimante en panne", ""), ("Panne du vidéoprojecteur", "")]), []);
        assert_eq!(of(&[("Demande urgente d'aide", ""), ("Besoin d'aide : salle 12", ""), ("Question", "")]), []);
        assert_eq!(of(&[("Wifi en panne", "technique"), ("Imprimante en panne", "technique")]), []);
        assert_eq!(of(&[("Question", ""), ("Question ?", "")]), [], "that is no problem");
        assert_eq!(of(&[("", ""), ("12", ""), ("12", "")]), []);
    }
}
