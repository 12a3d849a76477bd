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
        let line = line.min(source.text.lines().count().max(1));
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        let cure = "a line is `name = \"text\"`, with straight quotes at both ends; a comment begins with #, and a backslash is written twice";
        Mistake { file: file.clone(), line, message: format!("this is not TOML ({message}): {cure}") }
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
    if let toml::Value::Array(all) = value
        && all.iter().any(toml::Value::is_table)
    {
        return Err((place.to_owned(), format!("a section stands between single brackets: [{place}]")));
    }
    let entry = match value {
        toml::Value::String(text) => Entry::One(text.clone()),
        toml::Value::Array(all) => {
            let words: Option<Vec<String>> = all.iter().map(|one| one.as_str().map(ToOwned::to_owned)).collect();
            Entry::List(words.ok_or_else(wrong)?)
        }
        toml::Value::Table(table) => {
            let is_form = |name: &String| FORMS.iter().any(|(form, _)| form == name);
            let are_forms = !table.is_empty() && table.keys().all(is_form);
            if are_forms && !table.contains_key("other") {
                return Err((
                    place.to_owned(),
                    format!("{place} needs the form `other`, which is said of all other numbers"),
                ));
            }
            if !are_forms {
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
pub(super) fn line_of(text: &str, code: &str) -> usize {
    let (section, name) = code.rsplit_once('.').unwrap_or(("", code));
    let mut within = "";
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(head) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            within = head.trim_start_matches('[').trim();
            if within == code {
                return at + 1;
            }
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
        let hint = near(code).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        return Some(mistake(format!("there is no phrase called {code}{hint}")));
    };
    if matches!(known, Entry::List(_)) != matches!(entry, Entry::List(_)) {
        return Some(mistake(format!("{code} is {}", known.kind())));
    }
    if let (Entry::List(words), Entry::List(known)) = (entry, known) {
        if ["date.months", "report.ages"].contains(&code) && words.len() != known.len() {
            return Some(mistake(format!("{code} has {} entries; these are {}", known.len(), words.len())));
        }
        let is_typed = code.starts_with("command.") || code.starts_with("argument.");
        return words.iter().find_map(|word| unusable(code, word)).filter(|_| is_typed).map(mistake);
    }
    if code.ends_with(".writes") && !matches!(entry, Entry::One(line) if line.starts_with('#')) {
        return Some(mistake(format!("{code} is the line that a button writes: it begins with #")));
    }
    let is_counted = matches!(known, Entry::Forms(_)) || known.placeholders().contains("count");
    if matches!(entry, Entry::Forms(_)) && !is_counted {
        return Some(mistake(format!("{code} is about no number, so it has one form: a text between quotes")));
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
    let bare = |name: &&String| {
        let single = format!("{{{name}}}");
        texts.iter().any(|text| text.replace(&format!("{{{{{name}}}}}"), "").contains(&single))
    };
    if let Some(name) = has.iter().find(bare) {
        return Some(mistake(format!(
            "{code}: `{{{name}}}` would be said as it stands; a name stands between two braces, `{{{{{name}}}}}`"
        )));
    }
    let unknown = entry.placeholders().into_iter().find(|name| !has.contains(name))?;
    let there = has.iter().map(|name| format!("{{{{{name}}}}}")).collect::<Vec<_>>().join(", ");
    let there = if there.is_empty() { "it has no values".to_owned() } else { format!("it has {there}") };
    Some(mistake(format!("{code} has no value {{{{{unknown}}}}}; {there}")))
}

/// The code that was probably meant: in the same section, or of the same name in another.
fn near(code: &str) -> Option<String> {
    let (section, name) = code.rsplit_once('.').unwrap_or(("", code));
    let codes = || reference().keys().filter_map(|known| known.rsplit_once('.'));
    let within = nearest(name, codes().filter(|(other, _)| *other == section).map(|(_, known)| known));
    let same = || codes().find(|(_, known)| *known == name).map(|(other, _)| format!("{other}.{name}"));
    let sections = || nearest(section, codes().map(|(other, _)| other)).filter(|_| !section.starts_with("command."));
    within
        .map(|near| format!("{section}.{near}"))
        .or_else(|| sections().map(|near| format!("{near}.{name}")).filter(|near| reference().contains_key(near)))
        .or_else(same)
}

/// Why nobody can type a word of a command, or behind one, if so.
fn unusable(code: &str, word: &str) -> Option<String> {
    let is_command = code.starts_with("command.");
    let is_single = is_command || ["argument.yes", "argument.no"].contains(&code);
    if word.trim().is_empty() {
        Some(format!("{code} has an empty word"))
    } else if is_single && word.contains(char::is_whitespace) {
        Some(format!("{code}: \"{word}\" has a space in it, so it would never be found; take one word"))
    } else if is_command && !word.starts_with(char::is_alphabetic) {
        Some(format!("{code}: \"{word}\" must begin with a letter; people write the # before it"))
    } else {
        None
    }
}
