//! Every sentence the program says to people, in one language: `mail-templates/LANGUAGE/phrases.toml`.
//!
//! Takes: the built-in file, and what an administrator changed of it (`phrase_file.rs` reads both). Gives: a [`Phrase`] in words,
//! dates, lengths of time, numbers, and the words of commands. A phrase that a language lacks is said in English.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Source;
use super::mistake::Mistake;
use super::phrase_file::{
    BUILT_IN, Entry, FORMS, Piece, REFERENCE, entries, language_of, line_of, pieces, reference, wrong,
};
use super::typography::Typography;
use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::mail::fold;
use crate::ticket::command::{Name, ROWS};
use crate::ticket::{Called, Commands, Detail, Phrase, Policy, Value};

/// Most phrases named in one mistake.
const NAMED: usize = 5;

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
        let all = Self(all.collect());
        for source in overrides {
            mistakes.extend(all.shared_words(source));
        }
        mistakes.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        (all, mistakes)
    }

    /// Words of a file that mean something else already, and buttons that write no command.
    fn shared_words(&self, source: &Source) -> Vec<Mistake> {
        let Ok(found) = entries(source) else { return Vec::new() };
        let (language, mut mistakes) = (language_of(&source.name), Vec::new());
        let mut note = |code: &str, message: String| {
            mistakes.push(Mistake { file: source.path.clone(), line: line_of(&source.text, code), message });
        };
        let mut commands = self.built_in_commands();
        for row in ROWS {
            let code = format!("command.{}.words", row.word);
            if let Some(Entry::List(words)) = found.get(&code) {
                let called = Called { words: words.clone(), ..Called::default() };
                for word in commands.add(language, row.name, called) {
                    note(&code, format!("#{word} is what another command is called already"));
                }
            }
        }
        for row in ROWS {
            let code = format!("command.{}.writes", row.word);
            if let Some(Entry::One(line)) = found.get(&code)
                && commands.begins(line).is_none()
            {
                note(&code, format!("{line} is not a command; its word must stand in `words` too"));
            }
        }
        for (own, other) in [("yes", "no"), ("no", "yes")] {
            let code = format!("argument.{own}");
            if let Some(Entry::List(words)) = found.get(&code)
                && let Some(word) = words.iter().find(|word| commands.means(other, &fold(word)))
            {
                note(&code, format!("\"{word}\" means {other} already"));
            }
        }
        mistakes
    }

    /// Commands with the built-in words, which always count: who adds a language, or other words, takes none from those that
    /// notifications already sent show, or their buttons write.
    fn built_in_commands(&self) -> Commands {
        let mut commands = Commands::default();
        for (language, file) in BUILT_IN.iter() {
            for row in ROWS {
                if let Some(Entry::List(words)) = file.get(&format!("command.{}.words", row.word)) {
                    commands.add(language, row.name, Called { words: words.clone(), ..Called::default() });
                }
            }
            for (code, entry) in file {
                if let (Some(meaning), Entry::List(words)) = (code.strip_prefix("argument."), entry) {
                    commands.add_argument(meaning, words);
                }
            }
        }
        commands
    }

    /// The phrases of a language; English for one that has none.
    pub(super) fn of(&self, language: &str) -> &Phrases {
        static NONE: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(REFERENCE, &[]));
        self.0.get(language).or_else(|| self.0.get(REFERENCE)).map_or(&*NONE, Arc::as_ref)
    }

    /// What commands are called, in every language.
    pub(super) fn commands(&self) -> Commands {
        let mut commands = self.built_in_commands();
        for (language, phrases) in &self.0 {
            for row in ROWS {
                commands.add(language, row.name, phrases.called(row.name));
            }
            for (code, text) in &phrases.texts {
                if let (Some(meaning), Text::List(words)) = (code.strip_prefix("argument."), text) {
                    commands.add_argument(meaning, words);
                }
            }
        }
        commands
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

impl Text {
    fn of(entry: &Entry, code: &str, typography: &Typography) -> Self {
        // What people are to type stays as it is typed.
        let plain = code.starts_with("typography.") || code.ends_with(".writes") || code.ends_with(".usage");
        let set = |text: &str| pieces(&if plain { text.to_owned() } else { typography.set(text, false) });
        match entry {
            Entry::One(text) => Self::One(set(text)),
            Entry::List(words) => Self::List(words.clone()),
            Entry::Forms(forms) => {
                let known = FORMS.iter().filter_map(|(name, form)| Some((*form, set(forms.get(*name)?))));
                Self::Forms(known.collect())
            }
        }
    }
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
        let texts = all.into_iter().map(|(code, entry)| (code.clone(), Text::of(entry, code, &typography))).collect();
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
            Value::Day(at) => self.day(*at, &policy.service_desk.time_zone),
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

    /// The day of an instant with its weekday: `samedi 7 mars 2026`.
    #[must_use]
    pub(crate) fn weekday(&self, at: Millis, zone: &TimeZone) -> String {
        let zoned = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone());
        let weekday = usize::try_from(zoned.weekday().to_monday_zero_offset()).unwrap_or(0);
        let weekday = self.list("date.weekdays").get(weekday).map_or("", String::as_str);
        self.text("date.weekday_day", &[("weekday", weekday), ("day", &self.day(at, zone))])
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
        match detail {
            Detail::Text(text) => text.clone(),
            Detail::Phrase(phrase) => self.say(phrase, policy),
            Detail::All(all) => all.iter().map(|one| self.record(one, policy)).collect::<Vec<_>>().join(" "),
        }
    }

    /// What the language calls a command.
    pub(super) fn called(&self, name: Name) -> Called {
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
