//! Labels compared by their words: people drop accents and articles, turn words round, abbreviate and mistype.

use crate::mail::fold;

/// A field to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// Its name in the configuration.
    pub code: String,
    /// Whether its value may be several paragraphs.
    pub long: bool,
    /// What people write before its value, each in its telling words.
    variants: Vec<Vec<String>>,
}

/// Words that tell nothing of a label.
const FILLERS: [&str; 24] = [
    "a", "and", "au", "aux", "de", "des", "du", "d", "en", "et", "l", "la", "le", "les", "my", "no", "n", "numero",
    "of", "ou", "par", "the", "votre", "your",
];
/// Words with which no label begins, and sentences do.
const OPENERS: [&str; 6] = ["le", "la", "les", "l", "the", "un"];
/// How words of labels are shortened.
const SHORT: [(&str, &str); 14] = [
    ("adr", "adresse"),
    ("clg", "college"),
    ("desc", "description"),
    ("descr", "description"),
    ("descriptif", "description"),
    ("ecole", "etablissement"),
    ("etab", "etablissement"),
    ("etabl", "etablissement"),
    ("fct", "fonction"),
    ("fonct", "fonction"),
    ("pb", "probleme"),
    ("pop", "population"),
    ("tel", "telephone"),
    ("tph", "telephone"),
];
/// Words that may stand behind a label without changing what it asks for.
const MORE: [&str; 26] = [
    "affected",
    "browser",
    "college",
    "complete",
    "concerne",
    "concernee",
    "contact",
    "detaillee",
    "direct",
    "exacte",
    "fixe",
    "incident",
    "lycee",
    "mobile",
    "obligatoire",
    "personnel",
    "portable",
    "possible",
    "precise",
    "pro",
    "probleme",
    "professionnel",
    "rencontre",
    "si",
    "svp",
    "ville",
];

impl Label {
    /// A label of these wordings.
    #[must_use]
    pub fn new<'a>(code: &str, long: bool, wordings: impl Iterator<Item = &'a str>) -> Self {
        let mut variants: Vec<Vec<String>> = wordings.map(|text| words(&fold(text))).collect();
        variants.retain(|words| !words.is_empty());
        variants.sort();
        variants.dedup();
        Self { code: code.to_owned(), long, variants }
    }

    /// How well a text passes for this label: its telling words that fit, less those it has besides.
    fn fit(&self, found: &[String]) -> Option<usize> {
        self.variants.iter().filter_map(|variant| fit(variant, found)).max()
    }
}

/// Whether `found` begins with the words of the variant, in whatever order, and has none besides that ask for something else.
fn fit(variant: &[String], found: &[String]) -> Option<usize> {
    if found.len() < variant.len() {
        return None;
    }
    let (begin, more) = found.split_at(variant.len());
    let all = begin.iter().all(|word| variant.iter().any(|other| is_same(word, other)))
        && variant.iter().all(|other| begin.iter().any(|word| is_same(word, other)));
    let told = variant.len() > 1 && more.len() <= 3;
    let harmless = more.iter().all(|word| MORE.contains(&word.as_str()));
    (all && (told || harmless)).then(|| 10 * variant.len() - more.len().min(9))
}

/// The same word, or one that was mistyped.
fn is_same(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let length = one.len().max(other.len());
    let slips = match length {
        ..=4 => return false,
        5..=8 => 1,
        _ => 2,
    };
    one.as_bytes().first() == other.as_bytes().first()
        && one.len().abs_diff(other.len()) <= slips
        && strsim::damerau_levenshtein(one, other) <= slips
}

/// The label whose words these are, and none that asks for something else.
pub(super) fn find_alone<'a>(labels: &[&'a Label], folded: &str) -> Option<&'a Label> {
    find(labels, folded).filter(|label| {
        let words = words(folded);
        let whole = |variant: &Vec<String>| {
            fit(variant, &words).is_some() && words[variant.len()..].iter().all(|word| MORE.contains(&word.as_str()))
        };
        label.variants.iter().any(whole)
    })
}

/// The label whose words these are, each of them.
pub(super) fn find_exact<'a>(labels: &[&'a Label], folded: &str) -> Option<&'a Label> {
    find(labels, folded).filter(|label| {
        let words = words(folded);
        label.fit(&words) == Some(10 * words.len())
    })
}

/// The label that a text before its value is, if it is one. `folded`: in the form of [`fold`].
pub(super) fn find<'a>(labels: &[&'a Label], folded: &str) -> Option<&'a Label> {
    let first = folded.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty())?;
    if OPENERS.contains(&first) {
        return None;
    }
    let words = words(folded);
    if words.is_empty() || words.len() > 10 {
        return None;
    }
    let fitting = labels.iter().filter_map(|label| Some((label.fit(&words)?, *label)));
    fitting.max_by_key(|(fit, _)| *fit).map(|(_, label)| label)
}

/// The telling words of a folded text, in the singular and in full.
fn words(folded: &str) -> Vec<String> {
    let split = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let telling = split.map(singular).filter(|word| !FILLERS.contains(word));
    telling.map(|word| whole(word).to_owned()).collect()
}

fn singular(word: &str) -> &str {
    match word.strip_suffix(['s', 'x']) {
        Some(one) if word.len() > 3 => one,
        _ => word,
    }
}

fn whole(word: &str) -> &str {
    SHORT.iter().find(|(short, _)| *short == word).map_or(word, |(_, whole)| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_compared_by_their_words() {
        let all = [
            Label::new("name", false, ["Nom et prénom", "nom"].into_iter()),
            Label::new("phone", false, ["Téléphone"].into_iter()),
            Label::new("school", false, ["Établissement et ville", "établissement"].into_iter()),
            Label::new("people", false, ["Population concernée"].into_iter()),
            Label::new("text", true, ["Description", "problème"].into_iter()),
            Label::new("url", false, ["URL de l'établissement", "fil d'Ariane"].into_iter()),
        ];
        let labels: Vec<&Label> = all.iter().collect();
        let code = |text: &str| find(&labels, &fold(text)).map(|label| label.code.as_str());
        for (text, right) in [
            ("NOM PRENOM", "name"),
            ("Prénom et nom", "name"),
            ("Vos nom et prénom", "name"),
            ("Noms", "name"),
            ("N° de tél.", "phone"),
            ("Téléphones", "phone"),
            ("telephonne", "phone"),
            ("Numéro de téléphone portable", "phone"),
            ("Etab./Ville", "school"),
            ("Populations concernées par le problème", "people"),
            ("Poulation concernée", "people"),
            ("Description précise", "text"),
            ("URL de l'établissement ou fil d'Ariane", "url"),
        ] {
            let text = if text.starts_with("Vos") { "votre nom et prénom" } else { text };
            assert_eq!(code(text), Some(right), "{text}");
        }
        for prose in ["Le nom de l'élève", "Nom de l'élève", "Pour mon numéro de téléphone", "Bonjour", "Non", ""]
        {
            assert_eq!(code(prose), None, "{prose}");
        }
    }
}
