//! Where configuration comes from: files, then environment; and where in them a key stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use config::{Config, Environment, File, FileFormat, Map, Value, ValueKind};
use serde::de::DeserializeOwned;

use super::mistake::Mistakes;
use super::raw::Raw;
use crate::mail::{Pattern, compile};

const DEFAULT: &str = include_str!("../../config/default.toml");

/// Sections a file may have.
const SECTIONS: [&str; 30] = [
    "desk",
    "store",
    "smtp",
    "retry",
    "subject",
    "limits",
    "mailboxes",
    "queues",
    "agents",
    "priorities",
    "fields",
    "life",
    "categories",
    "services",
    "types",
    "canned",
    "audiences",
    "teams",
    "recurring",
    "retired",
    "calendars",
    "sla",
    "slas",
    "contracts",
    "reports",
    "goals",
    "watch",
    "alarms",
    "backup",
    "retention",
];

/// Keys under their names of before 0.2.0, which are read as well.
const RENAMED: [(&str, &str, &str); 14] = [
    ("limits", "mail_bytes", "email_bytes"),
    ("limits", "letter_file_bytes", "notification_file_bytes"),
    ("limits", "letters_per_hour", "notifications_per_hour"),
    ("limits", "agent_letters_per_hour", "agent_notifications_per_hour"),
    ("limits", "mails_per_hour_per_sender", "emails_per_hour_per_sender"),
    ("limits", "mails_per_hour", "emails_per_hour"),
    ("limits", "mail_attempts", "email_attempts"),
    ("limits", "batch_mails", "batch_emails"),
    ("life", "orders", "commands"),
    ("alarms", "mail_undecided", "email_undecided"),
    ("alarms", "letters_wait", "notifications_wait"),
    ("alarms", "mails_held", "emails_held"),
    ("retention", "mails", "emails"),
    ("retention", "letters", "notifications"),
];

/// Puts keys under the names they have now. Where both stand in one file, the new one counts.
fn renamed(mut table: toml::Table) -> toml::Table {
    for (section, old, new) in RENAMED {
        let Some(section) = table.get_mut(section).and_then(toml::Value::as_table_mut) else { continue };
        if let Some(value) = section.remove(old) {
            section.entry(new).or_insert(value);
        }
    }
    table
}

fn renamed_variable(name: String) -> String {
    let upper = name.to_uppercase();
    let found = RENAMED.iter().find(|(section, old, _)| upper == format!("GUICHET__{section}__{old}").to_uppercase());
    found.map_or(name, |(section, _, new)| format!("GUICHET__{section}__{new}").to_uppercase())
}

/// All sources, merged.
pub(super) struct Source {
    merged: Config,
    files: Vec<(PathBuf, String)>,
    /// Folder of the main file: relative paths in the configuration start here.
    pub(super) home: PathBuf,
}

impl Source {
    /// The files that were read.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.files.iter().map(|(file, _)| file.clone())
    }
}

/// Reads every source. Mistakes here keep anything else from being looked at.
pub(super) fn read(path: &Path, environment: Vec<(String, String)>) -> Result<Source, Mistakes> {
    let mut mistakes = Mistakes::default();
    let mut files = Vec::new();
    for file in files_of(path) {
        match fs::read_to_string(&file) {
            Ok(text) => files.push((file, text)),
            Err(error) => mistakes.add(
                &file.display().to_string(),
                "",
                format!("it cannot be read: {error}; name another with --config or GUICHET_CONFIG"),
            ),
        }
    }
    let mut tables = Vec::new();
    for (file, text) in &files {
        match text.parse::<toml::Table>() {
            Ok(table) => tables.push(renamed(table).to_string()),
            Err(error) => {
                let line = error.span().map_or(0, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
                mistakes.add(&format!("{}:{line}", file.display()), "", format!("it is not TOML: {}", error.message()));
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let mut builder = Config::builder().add_source(File::from_str(DEFAULT, FileFormat::Toml));
    for table in &tables {
        builder = builder.add_source(File::from_str(table, FileFormat::Toml));
    }
    let environment: Map<String, String> =
        environment.into_iter().map(|(name, value)| (renamed_variable(name), value)).collect();
    let environment =
        Environment::with_prefix("GUICHET").prefix_separator("__").separator("__").source(Some(environment));
    let home = path.parent().map(Path::to_path_buf).unwrap_or_default();
    match builder.add_source(environment).build() {
        Ok(merged) => Ok(Source { merged, files, home }),
        Err(error) => {
            mistakes.add(&path.display().to_string(), "", error.to_string());
            Err(mistakes)
        }
    }
}

/// The main file, then `conf.d/*.toml` beside it in name order.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let mut more: Vec<PathBuf> = path
        .parent()
        .and_then(|folder| fs::read_dir(folder.join("conf.d")).ok())
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|e| e == "toml"))
        .collect();
    more.sort();
    std::iter::once(path.to_path_buf()).chain(more).collect()
}

impl Source {
    /// Reads each section on its own, so that a mistake in one does not hide those of the others.
    pub(super) fn deserialize(&self, mistakes: &mut Mistakes) -> Raw {
        let root = match self.merged.cache.kind.clone() {
            ValueKind::Table(table) => table,
            _ => Map::new(),
        };
        for key in root.keys().filter(|k| !SECTIONS.contains(&k.as_str())) {
            self.mistake(mistakes, key, unknown(key, &SECTIONS.map(str::to_owned)));
        }
        Raw {
            desk: self.section(&root, "desk", mistakes),
            store: self.section(&root, "store", mistakes),
            smtp: self.section(&root, "smtp", mistakes),
            retry: self.section(&root, "retry", mistakes),
            subject: self.section(&root, "subject", mistakes),
            limits: self.section(&root, "limits", mistakes),
            mailboxes: self.named(&root, "mailboxes", mistakes),
            queues: self.named(&root, "queues", mistakes),
            agents: self.named(&root, "agents", mistakes),
            priorities: self.named(&root, "priorities", mistakes),
            fields: self.named(&root, "fields", mistakes),
            life: self.section(&root, "life", mistakes),
            categories: self.named(&root, "categories", mistakes),
            services: self.named(&root, "services", mistakes),
            types: self.named(&root, "types", mistakes),
            canned: self.named(&root, "canned", mistakes),
            teams: self.named(&root, "teams", mistakes),
            recurring: self.named(&root, "recurring", mistakes),
            audiences: self.named(&root, "audiences", mistakes),
            retired: self.named(&root, "retired", mistakes),
            calendars: self.named(&root, "calendars", mistakes),
            sla: self.section(&root, "sla", mistakes),
            slas: self.named(&root, "slas", mistakes),
            contracts: self.named(&root, "contracts", mistakes),
            reports: self.named(&root, "reports", mistakes),
            goals: self.section(&root, "goals", mistakes),
            watch: self.section(&root, "watch", mistakes),
            alarms: self.section(&root, "alarms", mistakes),
            backup: self.section(&root, "backup", mistakes),
            retention: self.section(&root, "retention", mistakes),
        }
    }

    fn section<T: DeserializeOwned>(
        &self,
        root: &Map<String, Value>,
        name: &str,
        mistakes: &mut Mistakes,
    ) -> Option<T> {
        self.value(root.get(name)?.clone(), name, mistakes)
    }

    fn named<T: DeserializeOwned>(
        &self,
        root: &Map<String, Value>,
        name: &str,
        mistakes: &mut Mistakes,
    ) -> BTreeMap<String, T> {
        let Some(ValueKind::Table(table)) = root.get(name).map(|v| v.kind.clone()) else {
            return BTreeMap::new();
        };
        let entries: BTreeMap<String, Value> = table.into_iter().collect();
        let read = entries.into_iter().filter_map(|(key, value)| {
            let value = self.value(value, &format!("{name}.{key}"), mistakes)?;
            Some((key, value))
        });
        read.collect()
    }

    /// One table. Each unknown key is noted and taken out, so that all of them are found.
    fn value<T: DeserializeOwned>(&self, mut value: Value, path: &str, mistakes: &mut Mistakes) -> Option<T> {
        for _ in 0..100 {
            let error = match value.clone().try_deserialize::<T>() {
                Ok(read) => return Some(read),
                Err(error) => error.to_string(),
            };
            let Some((key, known)) = unknown_field(&error) else {
                let (key, message) = explain(path, &error);
                self.mistake(mistakes, &key, message);
                return None;
            };
            let removed = remove(&mut value, &key);
            let place = removed.as_deref().unwrap_or(&key);
            self.mistake(mistakes, &format!("{path}.{place}"), unknown(&key, &known));
            removed?;
        }
        None
    }

    /// Names in a section, those included whose contents could not be read.
    pub(super) fn names(&self, section: &str) -> Vec<String> {
        let table = self.merged.get_table(section).unwrap_or_default();
        let mut names: Vec<String> = table.into_keys().collect();
        names.sort();
        names
    }

    /// Notes a mistake with the place its key stands in.
    pub(super) fn mistake(&self, mistakes: &mut Mistakes, key: &str, message: impl Into<String>) {
        mistakes.add(&self.place(key), key, message);
    }

    /// File and line of a key; of its section where the key itself is missing.
    fn place(&self, key: &str) -> String {
        let mut wanted = key.split('[').next().unwrap_or(key);
        let old = RENAMED.iter().find(|(section, _, new)| wanted == format!("{section}.{new}"));
        let old = old.map(|(section, old, _)| format!("{section}.{old}"));
        loop {
            for (file, text) in self.files.iter().rev() {
                let line = line_of(text, wanted).or_else(|| line_of(text, old.as_deref()?));
                if let Some(line) = line {
                    return format!("{}:{line}", file.display());
                }
            }
            match wanted.rsplit_once('.') {
                Some((section, _)) => wanted = section,
                None => break,
            }
        }
        self.files.first().map(|(file, _)| file.display().to_string()).unwrap_or_default()
    }

    /// A path of the configuration, relative to its file.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        if path.is_absolute() { path.to_path_buf() } else { self.home.join(path) }
    }
}

/// Line of `section.key` in a TOML text, from 1: that of the key, or of the section's own header.
fn line_of(text: &str, wanted: &str) -> Option<usize> {
    let mut section = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            section = header.split(']').next().unwrap_or_default().trim().replace(['"', ' '], "");
            let below = section.len() > wanted.len() && section.as_bytes()[wanted.len()] == b'.';
            let same = section.get(..wanted.len()).is_some_and(|head| head.eq_ignore_ascii_case(wanted));
            if same && (below || section.len() == wanted.len()) {
                return Some(index + 1);
            }
        } else if let Some((key, _)) = line.split_once('=') {
            let key = key.trim().trim_matches('"');
            let full = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
            if full.eq_ignore_ascii_case(wanted) {
                return Some(index + 1);
            }
        }
    }
    None
}

static UNKNOWN: Pattern = LazyLock::new(|| compile(r"unknown (?:field|variant) `([^`]+)`, (?:expected|there are)(.*)"));

/// The unknown key of a message, and the known ones.
fn unknown_field(error: &str) -> Option<(String, Vec<String>)> {
    if !error.contains("unknown field") {
        return None;
    }
    let found = UNKNOWN.captures(error)?;
    let known = found[2].split('`').skip(1).step_by(2).map(ToOwned::to_owned);
    Some((found[1].to_owned(), known.collect()))
}

fn unknown(key: &str, known: &[String]) -> String {
    let nearest = known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(k, key), k))
        .min()
        .filter(|(distance, k)| *distance <= 1 + k.len() / 3);
    match nearest {
        Some((_, near)) => format!("there is no such key; did you mean `{near}`?"),
        None => format!("there is no such key; known here are {}", known.join(", ")),
    }
}

/// The key a message of the configuration library is about, and the message in plain words.
fn explain(path: &str, error: &str) -> (String, String) {
    let cut = error.split(" for key `").next().unwrap_or(error);
    let inner = error.split(" for key `").nth(1).and_then(|rest| rest.split('`').next());
    if let Some(missing) =
        cut.strip_prefix("missing field `").or_else(|| cut.strip_prefix("missing configuration field "))
    {
        let name = missing.trim_matches(['`', '"']).rsplit('.').next().unwrap_or(missing);
        let name = name.split('`').next().unwrap_or(name);
        return (format!("{path}.{name}"), "it is missing; it has no default".to_owned());
    }
    let key = inner.map_or_else(|| path.to_owned(), |k| format!("{path}.{k}"));
    if let Some((word, known)) = unknown_word(cut) {
        return (key, format!("{word:?} is none of {known}"));
    }
    (key, cut.to_owned())
}

/// The words a key may take, by the type that reads it: the library's message does not name them.
const WORDS: [(&str, &str); 7] = [
    ("Role", "moderator, technician, approver, administrator"),
    ("Security", "tls, starttls, none"),
    ("Kind", "imap, maildir"),
    ("ReplyTo", "auto, plus, plain"),
    ("Acknowledge", "requests, all, none"),
    ("Provider", "microsoft, google, other"),
    ("Grant", "client_credentials, refresh_token"),
];

fn unknown_word(error: &str) -> Option<(&str, &'static str)> {
    let rest = error.strip_prefix("enum ")?;
    let (name, word) = rest.split_once(" does not have variant constructor ")?;
    let known = WORDS.iter().find(|(of, _)| *of == name)?;
    Some((word.trim(), known.1))
}

/// Takes a key out of a table or of those within it; gives where it stood.
fn remove(value: &mut Value, key: &str) -> Option<String> {
    let ValueKind::Table(table) = &mut value.kind else { return None };
    if table.remove(key).is_some() {
        return Some(key.to_owned());
    }
    table.iter_mut().find_map(|(name, inner)| Some(format!("{name}.{}", remove(inner, key)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_under_the_names_they_had() {
        for (section, old, new) in RENAMED {
            assert_ne!(old, new);
            let table = |keys: &str| renamed(format!("[{section}]\n{keys}").parse().unwrap()).to_string();
            assert_eq!(table(&format!("{old} = 7")), format!("[{section}]\n{new} = 7\n"));
            assert_eq!(
                table(&format!("{old} = 7\n{new} = 8")),
                format!("[{section}]\n{new} = 8\n"),
                "the new one counts"
            );
            let variable = renamed_variable(format!("GUICHET__{section}__{old}").to_uppercase());
            assert_eq!(variable, format!("GUICHET__{section}__{new}").to_uppercase());
        }
        assert_eq!(renamed_variable("GUICHET__SMTP__HOST".to_owned()), "GUICHET__SMTP__HOST");
    }
}
