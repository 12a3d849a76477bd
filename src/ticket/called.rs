//! How people call commands, in every language: their words, how they are written, what they do, their buttons; and the words
//! that may stand behind them.
//!
//! They come from `mail-templates/LANGUAGE/phrases.toml` ([`crate::notify::Phrases`]); an email may use those of any language.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::mail::fold;

/// Something that has an English word, by which its row is found.
pub trait Word {
    /// That word.
    fn word(&self) -> &'static str;
}

impl Word for &'static str {
    fn word(&self) -> &'static str {
        self
    }
}

/// What one language calls a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Called {
    /// Its words, the one that is shown first.
    pub words: Vec<String>,
    /// How it is written; empty for what only requesters write.
    pub usage: String,
    /// What it does.
    pub does: String,
    /// Label of the button that writes it; empty where there is none.
    pub button: String,
    /// The line that the button writes.
    pub writes: String,
}

/// The words of every language.
#[derive(Debug, Clone, Default)]
pub struct Commands {
    /// By any word, folded: the English one.
    by_word: HashMap<String, &'static str>,
    /// By language, and by the English word.
    called: BTreeMap<String, HashMap<&'static str, Called>>,
    /// What may stand behind a command, folded, by what it means.
    arguments: BTreeMap<String, BTreeSet<String>>,
    /// The same in lower case and not folded.
    spelled: BTreeMap<String, BTreeSet<String>>,
}

impl Commands {
    /// Takes what a language calls a command. Gives the words that mean another command already, and are not taken.
    pub(crate) fn add(&mut self, language: &str, name: impl Word, called: Called) -> Vec<String> {
        let (mut taken, own) = (Vec::new(), name.word());
        for word in std::iter::once(own).chain(called.words.iter().map(String::as_str)) {
            match self.by_word.get(&fold(word)) {
                Some(other) if *other != own => taken.push(word.to_owned()),
                _ => {
                    self.by_word.insert(fold(word), own);
                }
            }
        }
        self.called.entry(language.to_owned()).or_default().insert(own, called);
        taken
    }

    /// Takes words that may stand behind a command.
    pub(crate) fn add_argument(&mut self, meaning: &str, words: &[String]) {
        self.arguments.entry(meaning.to_owned()).or_default().extend(words.iter().map(|word| fold(word)));
        self.spelled.entry(meaning.to_owned()).or_default().extend(words.iter().map(|word| word.to_lowercase()));
    }

    /// What a language calls a command; English where it has no words of its own.
    #[must_use]
    pub fn called(&self, name: impl Word, language: &str) -> &Called {
        static NOTHING: Called = Called {
            words: Vec::new(),
            usage: String::new(),
            does: String::new(),
            button: String::new(),
            writes: String::new(),
        };
        let of = |language: &str| self.called.get(language).and_then(|all| all.get(name.word()));
        of(language).filter(|called| !called.words.is_empty()).or_else(|| of("en")).unwrap_or(&NOTHING)
    }

    /// The line that gives a command in a language: `#résoudre`.
    #[must_use]
    pub fn line(&self, name: impl Word, language: &str) -> String {
        let word = name.word();
        let called = self.called(word, language);
        if called.writes.is_empty() {
            format!("#{}", called.words.first().map_or(word, String::as_str))
        } else {
            called.writes.clone()
        }
    }

    /// Whether a folded word means this behind a command.
    #[must_use]
    pub fn means(&self, meaning: &str, folded: &str) -> bool {
        self.arguments.get(meaning).is_some_and(|words| words.contains(folded))
    }

    /// The same as people write them: with their apostrophes and accents, in lower case, both apostrophes.
    pub(crate) fn argument_spellings(&self, meaning: &str) -> impl Iterator<Item = String> {
        let words: Vec<String> = self.spelled.get(meaning).into_iter().flatten().cloned().collect();
        words.into_iter().flat_map(|word| [word.replace('\'', "’"), word])
    }

    /// The words that mean this behind a command, folded.
    pub(crate) fn argument_words(&self, meaning: &str) -> impl Iterator<Item = &str> {
        self.arguments.get(meaning).into_iter().flatten().map(String::as_str)
    }

    /// The English word of the command that a folded word names.
    #[must_use]
    pub(super) fn english(&self, folded: &str) -> Option<&'static str> {
        self.by_word.get(folded).copied()
    }

    /// The word nearest to one that is none, if it is near enough to be a slip; one that `ends` a ticket only for a single letter.
    #[must_use]
    pub(super) fn nearest(&self, folded: &str, ends: impl Fn(&str) -> bool) -> Option<&str> {
        let distance = |word: &str| strsim::damerau_levenshtein(word, folded);
        let all = self.by_word.keys().map(|word| (distance(word), word.as_str()));
        let near = all.filter(|(distance, word)| *distance <= if ends(word) { 1 } else { 1 + word.len() / 5 });
        near.min().map(|(_, word)| word)
    }

    /// Every word of a command, folded, in alphabetical order.
    #[must_use]
    pub(super) fn words_of(&self, name: impl Word) -> Vec<&str> {
        let own = self.by_word.iter().filter(|(_, other)| **other == name.word()).map(|(word, _)| word.as_str());
        own.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_one_command_the_first_that_took_it() {
        let mut commands = Commands::default();
        let called = |word: &str| Called { words: vec![word.to_owned()], ..Called::default() };
        assert!(commands.add("fr", "take", called("Prendre")).is_empty());
        assert_eq!(commands.add("de", "assign", called("prendre")), ["prendre"]);
        assert_eq!(commands.english("prendre"), Some("take"));
        assert_eq!(commands.english("assign"), Some("assign"), "the English word always counts");
        assert_eq!(commands.nearest("prendr", |_| false), Some("prendre"));
        assert_eq!(commands.nearest("hashtag", |_| false), None);
        assert_eq!(
            (commands.nearest("prende", |_| true), commands.nearest("prenr", |_| true)),
            (Some("prendre"), None)
        );
        assert_eq!(commands.line("take", "fr"), "#Prendre");
        assert_eq!(commands.line("undo", "fr"), "#undo");
    }
}
