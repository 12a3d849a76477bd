//! The building keeps its shape.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// The rooms from the ground up; each may use those before it. Rooms of one storey do not use each other.
const STOREYS: [&[&str]; 9] = [
    &["clock"],
    &["mail"],
    &["ticket"],
    &["notify"],
    &["report"],
    &["store", "edge"],
    &["settings"],
    &["trouble"],
    &["work"],
];
const ROOF: &str = "cli";

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

fn room(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    inside.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn storey(room: &str) -> usize {
    STOREYS.iter().position(|s| s.contains(&room)).unwrap_or(STOREYS.len())
}

/// Code without comments and without its own tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn rooms_use_only_rooms_below_them() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let own = room(&path);
        if own == "lib" || own == "main" {
            continue;
        }
        for other in STOREYS.iter().flat_map(|s| s.iter()).chain([&ROOF]) {
            let uses =
                code(&text).contains(&format!("crate::{other}::")) || code(&text).contains(&format!("crate::{other};"));
            if uses && *other != own && storey(other) >= storey(&own) {
                wrong.push(format!("{} uses {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The module a file is, from its path below `src`.
fn module(path: &Path) -> Vec<String> {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().with_extension("");
    let mut parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    parts.pop_if(|last| last == "mod");
    parts
}

/// The modules that a text names by `crate::`, `self::` and `super::`, as far as they are files.
fn named(own: &[String], text: &str, known: &BTreeSet<Vec<String>>) -> BTreeSet<Vec<String>> {
    let paths = Regex::new(r"\b((?:crate|self|super)(?:::\w+)*)(?:::\{([^;]*?)\})?").unwrap();
    let inner = Regex::new(r"\{[^}]*\}").unwrap();
    let mut found = BTreeSet::new();
    for path in paths.captures_iter(text) {
        let ends = path.get(2).map_or(String::new(), |ends| inner.replace_all(ends.as_str(), "").into_owned());
        for end in ends.split(',') {
            let mut whole: Vec<String> = Vec::new();
            for part in path[1].split("::").chain(end.trim().split("::")).filter(|part| !part.is_empty()) {
                match part {
                    "crate" => whole.clear(),
                    "self" if whole.is_empty() => whole = own.to_vec(),
                    "self" => {}
                    "super" => {
                        if whole.is_empty() {
                            whole = own.to_vec();
                        }
                        whole.pop();
                    }
                    name => whole.push(name.to_owned()),
                }
            }
            found.extend((1..=whole.len()).rev().map(|len| whole[..len].to_vec()).find(|path| known.contains(path)));
        }
    }
    found
}

/// A folder's own file sees what is in the folder, and that sees it; apart from these, no file leads back to itself.
#[test]
fn no_two_files_of_a_room_import_each_other() {
    let texts: BTreeMap<Vec<String>, String> =
        sources().iter().map(|(path, text)| (module(path), code(text))).collect();
    let known: BTreeSet<Vec<String>> = texts.keys().cloned().collect();
    let uses: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> = texts
        .iter()
        .map(|(own, text)| {
            let mut others = named(own, text, &known);
            others.retain(|other| other[0] == own[0] && !own.starts_with(other) && !other.starts_with(own));
            (own, others)
        })
        .collect();
    let mut wrong = Vec::new();
    for (own, others) in &uses {
        let mut reached: BTreeSet<&Vec<String>> = BTreeSet::new();
        let mut open: Vec<&Vec<String>> = others.iter().collect();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(uses.get(next).into_iter().flatten());
            }
        }
        if reached.contains(own) {
            wrong.push(own.join("::"));
        }
    }
    assert!(wrong.is_empty(), "these lead back to themselves: {wrong:#?}");
    assert!(uses.values().map(BTreeSet::len).sum::<usize>() > 200, "imports are seen at all");
}

#[test]
fn sql_stands_only_in_the_store() {
    for (path, text) in sources() {
        let code = code(&text);
        // IMAP has a SELECT too; its argument is filled in.
        let words = code.replace("\"SELECT {}\"", "");
        let sql = words.contains("sqlx::")
            || ["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM "].iter().any(|w| words.contains(w));
        assert!(!sql || room(&path) == "store", "{}", path.display());
    }
}

#[test]
fn the_time_is_asked_only_of_the_clock() {
    for (path, text) in sources() {
        let code = code(&text);
        let asks = ["SystemTime::now", "Timestamp::now", "Zoned::now", "Utc::now"].iter().any(|w| code.contains(w));
        assert!(!asks || room(&path) == "clock", "{}", path.display());
    }
}

/// Each crate has its reason above it, and its version in full.
#[test]
fn every_dependency_says_why_it_is_there() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let (mut within, mut before, mut found) = (false, "", 0);
    for line in text.lines() {
        if line.starts_with('[') {
            within = ["[dependencies]", "[dev-dependencies]"].contains(&line);
        } else if let Some((name, _)) = line.split_once(" = ").filter(|_| within) {
            let version = line.split('"').nth(1).unwrap();
            assert_eq!(version.split('.').count(), 3, "{line}");
            // Of a few that belong together the first says it for all.
            assert!(before.starts_with("# ") || before.contains(" = "), "{name} has no reason above it");
            found += 1;
        }
        before = line;
    }
    assert!(found > 40, "{found}");
}

/// One that is wrong finds nothing for ever where `None` stands for it.
#[test]
fn no_expression_of_the_codes_own_fails_in_silence() {
    for (path, text) in sources() {
        assert!(!code(&text).contains("LazyLock<Option<Regex>>"), "{}", path.display());
    }
}

#[test]
fn the_lower_rooms_are_pure() {
    for (path, text) in sources() {
        if ["mail", "ticket", "notify"].contains(&room(&path).as_str()) {
            let code = code(&text);
            for word in ["async ", ".await", "tokio::", "getrandom", "std::fs", "std::net"] {
                assert!(!code.contains(word), "{} has {word}", path.display());
            }
        }
    }
}

#[test]
fn the_shipped_unit_and_examples_name_what_exists() {
    let unit = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/guichet.service")).unwrap();
    for word in [
        "Type=notify",
        "WatchdogSec=",
        "StateDirectory=guichet",
        "LoadCredential",
        "User=guichet",
        "ConditionPathExists=/etc/guichet/guichet.toml",
        // What DynamicUser=yes, which the user that stays replaced, had brought along.
        "NoNewPrivileges=yes",
        "PrivateTmp=yes",
        "ProtectHome=yes",
        "ProtectSystem=strict",
        "RemoveIPC=yes",
        "RestrictSUIDSGID=yes",
        "ExecStart=/usr/bin/guichet",
    ] {
        assert!(unit.contains(word), "{word}");
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Files that a page names, from the root of the project.
fn is_file(word: &str) -> bool {
    let first = word.split('/').next().unwrap_or_default();
    ["src", "tests", "docs", "mail-templates", "migrations", "config"].contains(&first)
        && Path::new(word).extension().is_some()
}

/// Each list of what a change needs names files that there are, and, behind a file, what stands in it.
#[test]
fn the_places_that_a_change_needs_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/contributing.md")).unwrap();
    let (mut files, mut names) = (0, 0);
    for section in page.split("\n## ").skip(1) {
        // An entry of the list: a file, and names to be found in one that the entry names.
        for entry in section.split("\n").fold(Vec::<String>::new(), |mut entries, line| {
            match (line.starts_with(|c: char| c.is_ascii_digit()), entries.last_mut()) {
                (false, Some(last)) => *last += line,
                _ => entries.push(line.to_owned()),
            }
            entries
        }) {
            let named: Vec<&str> = quoted(&entry).filter(|word| is_file(word)).collect();
            let texts: Vec<String> = named
                .iter()
                .map(|file| fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}")))
                .collect();
            files += named.len();
            for name in quoted(&entry).filter(|word| !is_file(word) && !named.is_empty() && !word.ends_with('/')) {
                let is_path = root.join(name).exists();
                let is_setting = name.contains('.') || name.starts_with('#');
                assert!(is_path || is_setting || texts.iter().any(|text| text.contains(name)), "{name}: {entry}");
                names += 1;
            }
        }
    }
    assert!(files > 25 && names > 15, "{files} {names}");
    // The newest migration is the one named.
    for engine in ["sqlite", "postgres"] {
        let folder = fs::read_dir(root.join("migrations").join(engine)).unwrap();
        let newest = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).max().unwrap();
        assert!(page.contains(&format!("migrations/{engine}/{newest}")), "{newest}");
    }
}

/// The table of places, too.
#[test]
fn the_files_that_the_architecture_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let mut found = 0;
    for word in quoted(&page) {
        let at = [word.to_owned(), format!("src/{word}")];
        let is_path = word.contains('/') && (word.ends_with(".rs") || word.ends_with('/'));
        if is_path && !word.contains(' ') && !word.contains('<') {
            assert!(at.iter().any(|place| root.join(place).exists()), "{word}");
            found += 1;
        }
    }
    assert!(found > 60, "{found}");
}

/// Words the code had of its own, which a newcomer had to learn: `docs/architecture.md` has the field's.
const RETIRED: [&str; 34] = [
    "letter_kind",
    "letter_order",
    "LetterKind",
    "LetterOrder",
    "LetterError",
    "deed",
    "deeds",
    "Deed",
    "kin",
    "stories",
    "papers",
    "bell",
    "bells",
    "hurry",
    "heard_until",
    "deaf",
    "lapses",
    "suspects",
    "judge",
    "judgement",
    "Judgement",
    "Standing",
    "Stand",
    "standing",
    "course",
    "courses",
    "Course",
    "seal",
    "sealed",
    "mails",
    "ParsedMail",
    "OutgoingMail",
    "mended",
    "gathered",
];
/// What texts for people, comments and pages do not say.
const PHRASES: [&str; 12] = [
    "told to the operator",
    "brings back",
    "figures of a time",
    "room left",
    "over for good",
    "letters leave",
    "letter leaves",
    "the mails ",
    " mended",
    "orders by mail",
    "escalation sheet",
    "All orders",
];

/// Text without what stands in quotes and comments, one name after the other.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        let line = if line.trim_start().starts_with("//") { "" } else { line };
        let bare = line.split('"').step_by(2);
        bare.flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_')).filter(|name| !name.is_empty())
    })
}

#[test]
fn no_retired_word_is_left() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        let retired: BTreeSet<&str> = names(&text).filter(|name| RETIRED.contains(name)).collect();
        found.extend(retired.iter().map(|name| format!("{}: the name {name}", path.display())));
        found.extend(PHRASES.iter().filter(|p| text.contains(**p)).map(|p| format!("{}: {p:?}", path.display())));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["docs", "mail-templates/en", "mail-templates", "."] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let read = path.extension().is_some_and(|ending| ending == "md" || ending == "hbs")
                && !path.ends_with("CHANGELOG.md");
            let text = if read { fs::read_to_string(&path).unwrap() } else { String::new() };
            found.extend(PHRASES.iter().filter(|p| text.contains(**p)).map(|p| format!("{}: {p:?}", path.display())));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
