//! Every sentence the program says to people, in one language: `mail-templates/LANGUAGE/phrases.toml`.
//!
//! Takes: the built-in file, and what an administrator changed of it. Gives: a [`Phrase`] in words, dates, lengths of time,
//! numbers, and the words of commands. A phrase that a language lacks is said in English. Fails with a [`Mistake`] for what is no
//! TOML, is no phrase, or names a value the phrase does not have.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::mistake::{Mistake, nearest};
use super::typography::Typography;
use super::{Source, builtin};
use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::ticket::command::{Name, ROWS};
use crate::ticket::{Called, Commands, Detail, Phrase, Policy, Value};

/// Name of the file in the folder of each language.
pub(crate) const FILE: &str = "phrases.toml";
/// The language whose phrases are those there are.
const REFERENCE: &str = "en";
/// Most phrases named in one mistake.
const NAMED: usize = 5;
/// Longest record of what was done.
const RECORD: usize = 1_000;

/// The phrases of one language.
#[derive(Debug)]
pub struct Phrases {
    language: String,
    texts: HashMap<String, Text>,
    typography: Typography,
    locale: Option<Locale>,
}

#[derive(Debug, Clone)]
enum Text {
    One(Vec<Piece>),
    /// By the number it is about.
    Forms(Vec<(PluralCategory, Vec<Piece>)>),
    List(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(String),
    /// A placeholder.
    Value(String),
}

/// The phrases of every language.
#[derive(Debug, Clone, Default)]
pub(super) struct AllPhrases(BTreeMap<String, Arc<Phrases>>);

impl AllPhrases {
    /// The built-in phrases with those of the administrator in their place; with every mistake in these.
    pub(super) fn compile(overrides: &[&Source]) -> (Self, Vec<Mistake>) {
        let mut mistakes = Vec::new();
        let mut own: BTreeMap<&str, BTreeMap<String, Entry>> = BTreeMap::new();
        for source in overrides {
            let language = language_of(&source.name);
            match entries(source) {
                Ok(found) => {
                    mistakes.extend(found.iter().filter_map(|(code, entry)| wrong(source, code, entry)));
                    own.insert(language, found);
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let languages: BTreeSet<&str> = BUILT_IN.keys().map(String::as_str).chain(own.keys().copied()).collect();
        let all = languages.into_iter().map(|language| {
            let nothing = BTreeMap::new();
            let of = |language: &str| BUILT_IN.get(language);
            let layers = [of(REFERENCE), of(language), own.get(language)].map(|layer| layer.unwrap_or(&nothing));
            (language.to_owned(), Arc::new(Phrases::new(language, &layers)))
        });
        (Self(all.collect()), mistakes)
    }

    /// The phrases of a language; English for one that has none.
    pub(super) fn of(&self, language: &str) -> &Phrases {
        static NONE: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(REFERENCE, &[]));
        self.0.get(language).or_else(|| self.0.get(REFERENCE)).map_or(&*NONE, Arc::as_ref)
    }

    /// What commands are called, in every language; and words that two commands would share.
    pub(super) fn commands(&self) -> (Commands, Vec<String>) {
        let (mut commands, mut taken) = (Commands::default(), Vec::new());
        // Built-in languages come first: who adds one takes no word from those there are.
        let order = |language: &&String| (!BUILT_IN.contains_key(*language), (*language).clone());
        let mut languages: Vec<&String> = self.0.keys().collect();
        languages.sort_by_key(order);
        for language in languages {
            let phrases = self.of(language);
            for row in ROWS {
                let shared = commands.add(language, row.name, phrases.called(row.name));
                taken.extend(shared.into_iter().map(|word| format!("#{word} ({language})")));
            }
            for (code, text) in &phrases.texts {
                if let (Some(meaning), Text::List(words)) = (code.strip_prefix("argument."), text) {
                    commands.add_argument(meaning, words);
                }
            }
        }
        (commands, taken)
    }

    /// What a language of the administrator's lacks, in a few words.
    pub(super) fn missing(&self, source: &Source) -> Option<String> {
        let language = language_of(&source.name);
        if BUILT_IN.contains_key(language) {
            return None;
        }
        let found = entries(source).ok()?;
        let missing: Vec<&str> =
            reference().keys().filter(|code| !found.contains_key(*code)).map(String::as_str).collect();
        let named = missing.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = if missing.len() > NAMED { ", …" } else { "" };
        let count = missing.len();
        (count > 0).then(|| format!("{count} phrases are not in it and are said in English: {named}{more}"))
    }
}

fn language_of(name: &str) -> &str {
    name.split('/').next().unwrap_or_default()
}

impl Phrases {
    /// `layers`: later ones take the place of earlier ones.
    fn new(language: &str, layers: &[&BTreeMap<String, Entry>]) -> Self {
        let mut all: BTreeMap<&String, &Entry> = BTreeMap::new();
        layers.iter().for_each(|layer| all.extend(layer.iter()));
        let sign = |name: &str| match all.get(&format!("typography.{name}")) {
            Some(Entry::One(text)) => text.clone(),
            _ => String::new(),
        };
        let typography = Typography {
            apostrophe: sign("apostrophe"),
            narrow_before: sign("narrow_before"),
            no_break_before: sign("no_break_before"),
            no_break_after: sign("no_break_after"),
        };
        let texts = all.into_iter().map(|(code, entry)| (code.clone(), entry.text(code, &typography))).collect();
        let locale: Option<Locale> = language.parse().ok();
        Self { language: language.to_owned(), texts, typography, locale }
    }

    /// Code of the language (`fr`).
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    pub(super) fn typography(&self) -> &Typography {
        &self.typography
    }

    /// A phrase in words.
    #[must_use]
    pub fn say(&self, phrase: &Phrase, policy: &Policy) -> String {
        let (mut values, mut count) = (Vec::with_capacity(phrase.values.len()), None);
        for (name, value) in &phrase.values {
            if let Value::Count(n) = value
                && (count.is_none() || *name == "count")
            {
                count = Some(*n);
            }
            values.push((*name, self.value(value, policy)));
        }
        self.fill(phrase.code, count, &values)
    }

    /// A phrase in words, with values that are texts.
    #[must_use]
    pub(crate) fn text(&self, code: &str, values: &[(&str, &str)]) -> String {
        let values: Vec<(&str, String)> = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.fill(code, None, &values)
    }

    /// A phrase about a number.
    #[must_use]
    pub(crate) fn counted(&self, code: &str, count: i64) -> String {
        self.fill(code, Some(count), &[("count", count.to_string())])
    }

    /// What something is: `Téléphone : 04 77 00 00 00`.
    #[must_use]
    pub(crate) fn entry(&self, label: &str, value: &str) -> String {
        self.text("text.entry", &[("label", label), ("value", value)])
    }

    /// A phrase that there need not be; empty then.
    #[must_use]
    pub(crate) fn if_any(&self, code: &str) -> String {
        if self.texts.contains_key(code) { self.text(code, &[]) } else { String::new() }
    }

    /// A list of words.
    #[must_use]
    pub(crate) fn list(&self, code: &str) -> &[String] {
        match self.texts.get(code) {
            Some(Text::List(words)) => words,
            _ => &[],
        }
    }

    fn value(&self, value: &Value, policy: &Policy) -> String {
        match value {
            Value::Text(text) => text.clone(),
            Value::Count(count) => count.to_string(),
            Value::At(at) => self.at(*at, &policy.service_desk.time_zone),
            Value::Length(length) => self.length(*length),
            Value::ByLanguage(texts) => {
                let text = texts.get(&self.language).or_else(|| texts.get(REFERENCE));
                text.or_else(|| texts.values().next()).cloned().unwrap_or_default()
            }
            Value::Calendar(name) => policy.slas.calendar(name).label(&self.language).to_owned(),
            Value::Phrase(phrase) => self.say(phrase, policy),
            Value::List(phrases) => {
                phrases.iter().map(|phrase| self.say(phrase, policy)).collect::<Vec<_>>().join(", ")
            }
        }
    }

    fn fill(&self, code: &str, count: Option<i64>, values: &[(&str, String)]) -> String {
        let pieces = match self.texts.get(code) {
            Some(Text::One(pieces)) => pieces,
            Some(Text::Forms(forms)) => {
                let wanted = self.category(count.unwrap_or(0));
                let form = forms.iter().find(|(category, _)| *category == wanted).or_else(|| forms.last());
                form.map(|(_, pieces)| pieces.as_slice()).unwrap_or_default()
            }
            // A test holds that every code there is has its phrase.
            Some(Text::List(_)) | None => return code.to_owned(),
        };
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Words(words) => out.push_str(words),
                Piece::Value(name) => {
                    out.push_str(values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value))
                }
            }
        }
        out
    }

    fn category(&self, count: i64) -> PluralCategory {
        // Made anew each time: it is not `Sync`, and costs next to nothing from compiled data.
        let rules = self.locale.clone().and_then(|locale| PluralRules::try_new(locale.into(), Default::default()).ok());
        rules.map_or(PluralCategory::Other, |rules| rules.category_for(count.unsigned_abs()))
    }

    /// An instant as a notification says it: `8 mars 2026 à 10:20`, `8 March 2026, 10:20`.
    #[must_use]
    pub fn at(&self, at: Millis, zone: &TimeZone) -> String {
        let zoned = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone());
        let time = zoned.strftime("%H:%M").to_string();
        self.text("date.day_time", &[("date", &self.day(at, zone)), ("time", &time)])
    }

    /// The day of an instant: `8 mars 2026`.
    #[must_use]
    pub fn day(&self, at: Millis, zone: &TimeZone) -> String {
        let zoned = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone());
        let day = zoned.day().to_string();
        let day = if zoned.day() == 1 { self.text("date.first", &[("day", &day)]) } else { day };
        let values =
            [("day", day.as_str()), ("month", self.month_name(zoned.month())), ("year", &zoned.year().to_string())];
        self.text("date.day", &values)
    }

    /// The month of an instant: `mars 2026`.
    #[must_use]
    pub(crate) fn month(&self, at: Millis, zone: &TimeZone) -> String {
        let zoned = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone());
        self.text("date.month", &[("month", self.month_name(zoned.month())), ("year", &zoned.year().to_string())])
    }

    fn month_name(&self, month: i8) -> &str {
        let at = usize::try_from(month - 1).unwrap_or(0);
        self.list("date.months").get(at).map_or("", String::as_str)
    }

    /// A length of working time: `40 min`, `1 h 30`.
    #[must_use]
    pub fn length(&self, length: Millis) -> String {
        match (length / HOUR, length % HOUR / MINUTE) {
            (0, minutes) => self.text("length.minutes", &[("minutes", &minutes.to_string())]),
            (hours, 0) => self.text("length.hours", &[("hours", &hours.to_string())]),
            (hours, minutes) => {
                let minutes = format!("{minutes:02}");
                self.text("length.hours_minutes", &[("hours", &hours.to_string()), ("minutes", &minutes)])
            }
        }
    }

    /// A length of time by the calendar: `1 h 03`, `4 j 2 h`.
    #[must_use]
    pub(crate) fn lasted(&self, length: Millis) -> String {
        if length < 2 * DAY {
            return self.length(length);
        }
        let (days, hours) = ((length / DAY).to_string(), (length % DAY / HOUR).to_string());
        self.text("length.days", &[("days", &days), ("hours", &hours)])
    }

    /// A number of files' bytes: `120 kB`, in French `120 ko`.
    #[must_use]
    pub(crate) fn size(&self, bytes: u64) -> String {
        let (code, number) = match bytes {
            0..1_000 => ("size.bytes", bytes),
            1_000..1_000_000 => ("size.kilobytes", (bytes + 500) / 1_000),
            _ => ("size.megabytes", (bytes + 500_000) / 1_000_000),
        };
        self.text(code, &[("number", &number.to_string())])
    }

    /// A figure with at most one decimal: `4,5`.
    #[must_use]
    pub(crate) fn one_decimal(&self, value: f64) -> String {
        let text = format!("{value:.1}");
        let text = text.trim_end_matches(".0");
        text.replace('.', &self.text("number.decimal", &[]))
    }

    /// A share in per cent: `66,7 %`.
    #[must_use]
    pub(crate) fn per_cent(&self, number: &str) -> String {
        self.text("number.per_cent", &[("number", number)])
    }

    /// What is recorded of a step.
    #[must_use]
    pub(crate) fn record(&self, detail: &Detail, policy: &Policy) -> String {
        let said = self.detail(detail, policy);
        if said.len() <= RECORD { said } else { said.chars().take(RECORD).collect() }
    }

    fn detail(&self, detail: &Detail, policy: &Policy) -> String {
        match detail {
            Detail::Text(text) => text.clone(),
            Detail::Phrase(phrase) => self.say(phrase, policy),
            Detail::All(all) => all.iter().map(|one| self.detail(one, policy)).collect::<Vec<_>>().join(" "),
        }
    }

    fn called(&self, name: Name) -> Called {
        let word = name.row().word;
        let text = |part: &str| self.if_any(&format!("command.{word}.{part}"));
        Called {
            words: self.list(&format!("command.{word}.words")).to_vec(),
            usage: text("usage"),
            does: text("does"),
            button: text("button"),
            writes: text("writes"),
        }
    }
}

/// What stands behind one code of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    One(String),
    Forms(BTreeMap<String, String>),
    List(Vec<String>),
}

/// Forms of a sentence by number, as CLDR calls them.
const FORMS: [(&str, PluralCategory); 6] = [
    ("zero", PluralCategory::Zero),
    ("one", PluralCategory::One),
    ("two", PluralCategory::Two),
    ("few", PluralCategory::Few),
    ("many", PluralCategory::Many),
    ("other", PluralCategory::Other),
];

impl Entry {
    fn text(&self, code: &str, typography: &Typography) -> Text {
        // What people are to type stays as it is typed.
        let plain = code.starts_with("typography.") || code.ends_with(".writes") || code.ends_with(".usage");
        let set = |text: &str| pieces(&if plain { text.to_owned() } else { typography.set(text, false) });
        match self {
            Self::One(text) => Text::One(set(text)),
            Self::List(words) => Text::List(words.clone()),
            Self::Forms(forms) => {
                let known = FORMS.iter().filter_map(|(name, form)| Some((*form, set(forms.get(*name)?))));
                Text::Forms(known.collect())
            }
        }
    }

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

fn pieces(text: &str) -> Vec<Piece> {
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

static BUILT_IN: LazyLock<BTreeMap<String, BTreeMap<String, Entry>>> = LazyLock::new(|| {
    let files = builtin().into_iter().filter(|source| source.name.ends_with(FILE));
    files.filter_map(|source| Some((language_of(&source.name).to_owned(), entries(&source).ok()?))).collect()
});

fn reference() -> &'static BTreeMap<String, Entry> {
    static NOTHING: BTreeMap<String, Entry> = BTreeMap::new();
    BUILT_IN.get(REFERENCE).unwrap_or(&NOTHING)
}

/// The phrases of a file by their codes.
fn entries(source: &Source) -> Result<BTreeMap<String, Entry>, Mistake> {
    let file = if source.path.is_empty() { source.name.clone() } else { source.path.clone() };
    let table: toml::Table = toml::from_str(&source.text).map_err(|error| {
        let line = error.span().map_or(0, |span| 1 + source.text[..span.start].matches('\n').count());
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
fn wrong(source: &Source, code: &str, entry: &Entry) -> Option<Mistake> {
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
    if texts.iter().any(|text| text.matches("{{").count() != text.matches("}}").count()) {
        return Some(mistake(format!("{code}: a name stands between `{{{{` and `}}}}`, both")));
    }
    let has = known.placeholders();
    let unknown = entry.placeholders().into_iter().find(|name| !has.contains(name))?;
    let there = has.iter().map(|name| format!("{{{{{name}}}}}")).collect::<Vec<_>>().join(", ");
    let there = if there.is_empty() { "it has no values".to_owned() } else { format!("it has {there}") };
    Some(mistake(format!("{code} has no value {{{{{unknown}}}}}; {there}")))
}
