//! The file of a language's phrases: read, and held against those there are.
//!
//! Takes: TOML. Gives: texts, forms by number and lists of words, by their codes. Fails with a [`Mistake`] for what is no TOML, is no
//! phrase, is empty, or names a value the phrase does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use icu_plurals::PluralCategory;

use super::mistake::{Mistake, nearest};
use super::{Source, builtin};

/// Name of the file in the folder of each language.
pub(crate) const FILE: &str = "phrases.toml";
/// The language whose phrases are those there are.
pub(super) const REFERENCE: &str = "en";

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Words(String),
    /// A placeholder.
    Value(String),
}

/// The language of a file, by its folder.
pub(super) fn language_of(name: &str) -> &str {
    name.split('/').next().unwrap_or_default()
}

/// What stands behind one code of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    One(String),
    Forms(BTreeMap<String, String>),
    List(Vec<String>),
}

/// Forms of a sentence by number, as CLDR calls them.
pub(super) const FORMS: [(&str, PluralCategory); 6] = [
    ("zero", PluralCategory::Zero),
    ("one", PluralCategory::One),
    ("two", PluralCategory::Two),
    ("few", PluralCategory::Few),
    ("many", PluralCategory::Many),
    ("other", PluralCategory::Other),
];

impl Entry {
    fn placeholders(&self) -> BTreeSet<String> {
        let texts: Vec<&String> = match self {
            Self::One(text) => vec![text],
            Self::Forms(forms) => forms.values().collect(),
            Self::List(_) => Vec::new(),
        };
        let all = texts.into_iter().flat_map(|text| pieces(text));
        all.filter_map(|piece| if let Piece::Value(name) = piece { Some(name) } else { None }).collect()
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::One(_) | Self::Forms(_) => "a text between quotes",
            Self::List(_) => "a list of texts, [\"one\", \"two\"]",
        }
    }
}

/// A text taken apart at its placeholders.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((words, (name, after))) =
        rest.split_once("{{").and_then(|(words, after)| Some((words, after.split_once("}}")?)))
    {
        found.extend((!words.is_empty()).then(|| Piece::Words(words.to_owned())));
        found.push(Piece::Value(name.trim().to_owned()));
        rest = after;
    }
    found.extend((!rest.is_empty()).then(|| Piece::Words(rest.to_owned())));
    found
}

/// The built-in phrases, by language and code.
pub(super) static BUILT_IN: LazyLock<BTreeMap<String, BTreeMap<String, Entry>>> = LazyLock::new(|| {
    let files = builtin().into_iter().filter(|source| source.name.ends_with(FILE));
    files.filter_map(|source| Some((language_of(&source.name).to_owned(), entries(&source).ok()?))).collect()
});

/// The phrases that there are.
pub(super) fn reference() -> &'static BTreeMap<String, Entry> {
    static NOTHING: BTreeMap<String, Entry> = BTreeMap::new();
    BUILT_IN.get(REFERENCE).unwrap_or(&NOTHING)
}

/// The phrases of a file by their codes.
pub(super) fn entries(source: &Source) -> Result<BTreeMap<String, Entry>, Mistake> {
    let file = if source.path.is_empty() { source.name.clone() } else { source.path.clone() };
    let table: toml::Table = toml::from_str(&source.text).map_err(|error| {
        let line =
            error.span().map_or(0, |span| 1 + source.text.get(..span.start).unwrap_or_default().matches('\n').count());
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        Mistake { file: file.clone(), line, message: format!("this is not TOML: {message}") }
    })?;
    let mut found = BTreeMap::new();
    flatten("", &toml::Value::Table(table), &mut found).map_err(|(code, message)| Mistake {
        file,
        line: line_of(&source.text, &code),
        message,
    })?;
    Ok(found)
}

fn flatten(place: &str, value: &toml::Value, found: &mut BTreeMap<String, Entry>) -> Result<(), (String, String)> {
    let wrong = || (place.to_owned(), format!("{place} must be a text between quotes"));
    let entry = match value {
        toml::Value::String(text) => Entry::One(text.clone()),
        toml::Value::Array(all) => {
            let words: Option<Vec<String>> = all.iter().map(|one| one.as_str().map(ToOwned::to_owned)).collect();
            Entry::List(words.ok_or_else(wrong)?)
        }
        toml::Value::Table(table) => {
            let is_form = |name: &String| FORMS.iter().any(|(form, _)| form == name);
            if !table.contains_key("other") || !table.keys().all(is_form) {
                for (name, value) in table {
                    let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                    flatten(&place, value, found)?;
                }
                return Ok(());
            }
            let forms: Option<BTreeMap<String, String>> =
                table.iter().map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect();
            Entry::Forms(forms.ok_or_else(wrong)?)
        }
        _ => return Err(wrong()),
    };
    found.insert(place.to_owned(), entry);
    Ok(())
}

/// The line on which a code stands in a file; 0 where it is not found.
fn line_of(text: &str, code: &str) -> usize {
    let (section, name) = code.rsplit_once('.').unwrap_or(("", code));
    let mut within = "";
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(head) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            within = head;
        }
        let key = line.split('=').next().unwrap_or_default().trim();
        if (within == section && key == name) || key == code {
            return at + 1;
        }
    }
    0
}

/// What is wrong with a phrase of the administrator's.
pub(super) fn wrong(source: &Source, code: &str, entry: &Entry) -> Option<Mistake> {
    let mistake = |message| Mistake { file: source.path.clone(), line: line_of(&source.text, code), message };
    let Some(known) = reference().get(code) else {
        let near = nearest(code, reference().keys().map(String::as_str));
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        return Some(mistake(format!("there is no phrase called {code}{hint}")));
    };
    if matches!(known, Entry::List(_)) != matches!(entry, Entry::List(_)) {
        return Some(mistake(format!("{code} is {}", known.kind())));
    }
    if let (Entry::List(months), "date.months") = (entry, code)
        && months.len() != 12
    {
        return Some(mistake(format!("date.months has twelve names; these are {}", months.len())));
    }
    let texts = match entry {
        Entry::One(text) => vec![text],
        Entry::Forms(forms) => forms.values().collect(),
        Entry::List(_) => Vec::new(),
    };
    if texts.iter().any(|text| text.trim().is_empty()) && !code.starts_with("typography.") {
        return Some(mistake(format!("{code} is empty, so something would be missing where it is said")));
    }
    if texts.iter().any(|text| text.matches("{{").count() != text.matches("}}").count()) {
        return Some(mistake(format!("{code}: a name stands between `{{{{` and `}}}}`, both")));
    }
    let has = known.placeholders();
    let unknown = entry.placeholders().into_iter().find(|name| !has.contains(name))?;
    let there = has.iter().map(|name| format!("{{{{{name}}}}}")).collect::<Vec<_>>().join(", ");
    let there = if there.is_empty() { "it has no values".to_owned() } else { format!("it has {there}") };
    Some(mistake(format!("{code} has no value {{{{{unknown}}}}}; {there}")))
}
