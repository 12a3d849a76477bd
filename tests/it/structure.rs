//! The building keeps its shape.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up; each may use those before it. Rooms of one storey do not use each other.
const STOREYS: [&[&str]; 8] = [
    &["clock"],
    &["mail"],
    &["ticket"],
    &["notify", "report"],
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
