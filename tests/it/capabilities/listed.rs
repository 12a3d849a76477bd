//! `docs/capabilities.md` and the tests hold each other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const IDS: [&str; 37] = [
    "IN1", "IN2", "IN3", "IN4", "IN5", "IN6", "IN7", "IN8", "IN9", "IN10", "IN12", "IN14", "IN15", "CO1", "CO2", "CO3",
    "CO4", "CO5", "CO6", "CO7", "WO1", "WO2", "WO3", "WO4", "WO5", "WO6", "WO7", "WO8", "TI1", "TI2", "TI3", "TI4",
    "TI5", "OP1", "OP2", "OP3", "OP4",
];

/// Names of all tests, read from their sources.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            for line in fs::read_to_string(&path).unwrap().lines() {
                let line = line.trim_start().trim_start_matches("async ").trim_start_matches("fn ");
                let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if line[name.len()..].starts_with('(') && line.trim_end().ends_with('{') {
                    found.insert(name);
                }
            }
        }
    }
    found
}

#[test]
fn every_capability_has_a_test_of_its_name() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/capabilities.md")).unwrap();
    let tests = tests();
    for id in IDS {
        let row = text.lines().find(|l| l.starts_with(&format!("| {id} |")));
        let row = row.unwrap_or_else(|| panic!("docs/capabilities.md has no row for {id}"));
        let named: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        let own: Vec<&&str> = named.iter().filter(|n| n.starts_with(&format!("{}_", id.to_lowercase()))).collect();
        assert!(!own.is_empty(), "{id} names no test: {row}");
        for name in own {
            assert!(tests.contains(*name), "{id}: there is no test {name}");
        }
    }
}

/// Compares what stands between the marks of a page with what the code draws, or writes it there.
fn holds(page: &str, drawn: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&path).unwrap();
    if std::env::var_os("GUICHET_TEST_WRITE").is_some() {
        let (before, rest) = text.split_once("<!-- drawn -->\n").unwrap();
        let after = rest.split_once("<!-- end -->").unwrap().1;
        fs::write(&path, format!("{before}<!-- drawn -->\n{drawn}<!-- end -->{after}")).unwrap();
        return;
    }
    assert!(text.contains(drawn), "GUICHET_TEST_WRITE=1 ./tests/run drawn draws {page} again");
}

#[test]
fn the_drawn_pages_are_the_codes_own() {
    holds("docs/life-cycle.md", &guichet::ticket::life::drawn());
    holds("docs/rights.md", &guichet::ticket::command::drawn_rights());
    holds("docs/notifications.md", &guichet::ticket::notification::drawn());
    holds(
        "docs/commands-by-mail.md",
        &guichet::ticket::command::drawn(&guichet::notify::Templates::built_in().unwrap().commands()),
    );
}
