//! Form fields written into an email: `Nom et prénom : Ana Pérez`.
//!
//! Labels are found at the start of a line or after a separator, whatever their accents and
//! capitals; the value stands behind the colon, in the next cell of a table, or on the next line.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A field to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its name in the configuration.
    pub code: String,
    /// What people write before its value, in the form of [`super::fold`], longest first.
    pub words: Vec<String>,
}

/// Longest value that is kept, in characters.
const VALUE: usize = 2_000;
/// Longest line in which labels are looked for, in bytes: forms are written by people.
const LINE: usize = 4_000;
/// Most lines a value written below its label takes.
const LINES: usize = 20;

/// The values this text gives, by code. The first one of a field counts.
#[must_use]
pub fn read(text: &str, labels: &[Label]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if labels.is_empty() {
        return found;
    }
    let lines: Vec<Line<'_>> = text.lines().map(|line| Line::read(line, labels)).collect();
    for (at, line) in lines.iter().enumerate() {
        for (index, hit) in line.hits.iter().enumerate() {
            let end = line.hits.get(index + 1).map_or(line.text.len(), |next| next.start);
            let mut value = tidy(&line.text[hit.value..end]);
            if value.is_empty() && index + 1 == line.hits.len() {
                value = below(&lines[at + 1..]);
            }
            if !value.is_empty() {
                found.entry(hit.code.to_owned()).or_insert_with(|| value.chars().take(VALUE).collect());
            }
        }
    }
    found
}

/// Where a label stands in a line, and where its value begins.
struct Hit<'a> {
    code: &'a str,
    start: usize,
    value: usize,
}

struct Line<'a> {
    text: &'a str,
    hits: Vec<Hit<'a>>,
}

impl<'a> Line<'a> {
    fn read(text: &'a str, labels: &'a [Label]) -> Self {
        let mut hits: Vec<Hit<'a>> = Vec::new();
        if text.len() > LINE {
            return Self { text, hits };
        }
        // A label needs a colon, or a cell of its own.
        if text.contains([':', '：', '\t', '=']) || text.trim().contains("  ") {
            let (folded, places) = fold_with_places(text);
            let mut from = 0;
            while let Some(hit) = next_hit(&folded, from, labels) {
                from = hit.value;
                hits.push(Hit { code: hit.code, start: places[hit.start], value: places[hit.value] });
            }
        }
        Self { text, hits }
    }
}

/// The next label from this place of the folded line on.
fn next_hit<'a>(folded: &str, from: usize, labels: &'a [Label]) -> Option<Hit<'a>> {
    let first = first_notification(folded);
    let mut starts = (from..folded.len()).filter(|at| folded.is_char_boundary(*at) && begins(folded, *at, from, first));
    starts.find_map(|start| {
        let rest = &folded[start..];
        labels
            .iter()
            .flat_map(|l| l.words.iter().map(move |w| (l, w)))
            .filter_map(|(label, word)| {
                let behind = rest.strip_prefix(word.as_str())?;
                let value = start + word.len() + separator(behind, start == first)?;
                Some((word.len(), Hit { code: &label.code, start, value }))
            })
            // The longest label that fits: `nom et prénom` before `nom`.
            .max_by_key(|(length, _)| *length)
            .map(|(_, hit)| hit)
    })
}

fn first_notification(text: &str) -> usize {
    text.find(char::is_alphanumeric).unwrap_or(0)
}

/// A label begins with the line's first letter, or behind a separator.
fn begins(folded: &str, at: usize, from: usize, first: usize) -> bool {
    if !folded[at..].starts_with(char::is_alphanumeric) {
        return false;
    }
    let before = &folded[..at];
    at == first
        || (at > from
            && before.trim_end().ends_with([',', ';', '|', '/', '-', '•', '·'])
            && !before.ends_with(char::is_alphanumeric))
        || before.ends_with("  ")
}

/// What stands between a label and its value; how long it is.
fn separator(behind: &str, first: bool) -> Option<usize> {
    let mut rest = behind.trim_start();
    // `Téléphone (obligatoire) :`
    if let Some(note) = rest.strip_prefix('(') {
        rest = note.split_once(')')?.1.trim_start();
    }
    let rest = rest.trim_start_matches('*').trim_start();
    if let Some(value) = rest.strip_prefix([':', '：', '=']) {
        return Some(behind.len() - value.trim_start_matches('*').len());
    }
    // The next cell of a table.
    let cell = first && (behind.starts_with("  ") || behind.starts_with('\t'));
    cell.then(|| behind.len() - behind.trim_start().len())
}

/// The lines below a label, up to an empty line or the next label.
fn below(lines: &[Line<'_>]) -> String {
    let start = lines.iter().take(2).position(|l| !l.text.trim().is_empty()).unwrap_or(0);
    let value = lines[start.min(lines.len())..].iter().take(LINES);
    let value = value.take_while(|l| !l.text.trim().is_empty() && l.hits.is_empty()).map(|l| tidy(l.text));
    value.collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn tidy(value: &str) -> String {
    value.trim_matches(|c: char| c.is_whitespace() || ",;|*•·_".contains(c)).to_owned()
}

/// Lower case without accents, and for each of its bytes where it stands in the original; one more
/// for the end.
fn fold_with_places(text: &str) -> (String, Vec<usize>) {
    let (mut folded, mut places) = (String::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
    for (at, c) in text.char_indices() {
        // The apostrophes and spaces of word processors are those of labels.
        let c = match c {
            '’' | '‘' => '\'',
            '\u{a0}' | '\u{202f}' => ' ',
            c => c,
        };
        // Most characters have nothing to take off, and looking it up is dear.
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
            places.push(at);
            continue;
        }
        let plain = c.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
        for c in plain {
            folded.push(c);
            places.extend(std::iter::repeat_n(at, c.len_utf8()));
        }
    }
    places.push(text.len());
    (folded, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<Label> {
        let label = |code: &str, words: &[&str]| Label {
            code: code.to_owned(),
            words: words.iter().map(|w| crate::mail::fold(w)).collect(),
        };
        vec![
            label("name", &["nom et prénom", "nom", "name"]),
            label("phone", &["téléphone", "tél", "phone"]),
            label("school", &["établissement", "établissement/ville"]),
            label("what", &["description"]),
        ]
    }

    fn get(text: &str, code: &str) -> Option<String> {
        read(text, &labels()).remove(code)
    }

    #[test]
    fn values_are_found_in_every_layout() {
        for text in [
            "Nom et prénom : Ana Pérez\nfin",
            "NOM ET PRENOM: Ana Pérez",
            "- Nom et prénom : Ana Pérez",
            "**Nom et prénom** : Ana Pérez",
            "Nom et prénom (obligatoire) : Ana Pérez",
            "Tél : 04 ; Nom et prénom : Ana Pérez",
            "Nom et prénom :\nAna Pérez\nTél : 04",
            "Nom et prénom :\n\nAna Pérez\n\nTél : 04",
            "Nom et prénom\u{a0}: Ana Pérez",
            "Nom et prénom    Ana Pérez",
            "Nom et prénom\tAna Pérez",
            "name = Ana Pérez",
        ] {
            assert_eq!(get(text, "name").as_deref(), Some("Ana Pérez"), "{text:?}");
        }
        assert_eq!(get("Tél : 04 77, Nom : Ana", "phone").as_deref(), Some("04 77"));
        assert_eq!(get("Établissement/Ville : Collège X, Y", "school").as_deref(), Some("Collège X, Y"));
        assert_eq!(
            get("Description :\nligne un\nligne deux\n\nMerci", "what").as_deref(),
            Some("ligne un\nligne deux")
        );
    }

    #[test]
    fn prose_is_no_form() {
        for text in [
            "Le nom et prénom de l'élève : inconnu",
            "Nom et prénom",
            "Nom :",
            "Nom :\nTél : 04",
            "Mon nom est Ana",
            "",
        ] {
            assert_eq!(get(text, "name"), None, "{text:?}");
        }
    }

    #[test]
    fn the_first_value_counts() {
        assert_eq!(get("Nom : un\nNom : deux", "name").as_deref(), Some("un"));
    }
}
