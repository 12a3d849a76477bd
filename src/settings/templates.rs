//! The administrator's templates: files that take the place of built-in ones.

use std::fs;
use std::path::{Path, PathBuf};

use crate::notify::{Mistake, PHRASES, Source, Templates};
use crate::ticket::notification::ROWS;

/// Every `*.hbs` and `phrases.toml` below `folder`, two levels deep, by its name relative to it; and what cannot be read of them.
pub(super) fn read(folder: &Path) -> std::io::Result<Found> {
    let mut found = Found::default();
    for path in files(folder)? {
        let inner = if path.is_dir() { files(&path) } else { Ok(vec![path.clone()]) };
        for path in inner.unwrap_or_else(|e| unreadable(&path, &e, &mut found.mistakes)) {
            if let Some(why) = unused(folder, &path) {
                found.unused.push(format!("{} is not used: {why}", path.display()));
                continue;
            }
            match add(folder, &path) {
                Ok(source) => found.sources.extend(source),
                Err(e) => {
                    unreadable::<()>(&path, &e, &mut found.mistakes);
                }
            }
        }
    }
    Ok(found)
}

/// What is in a folder of templates.
#[derive(Default)]
pub(super) struct Found {
    pub(super) sources: Vec<Source>,
    /// What cannot be read.
    pub(super) mistakes: Vec<Mistake>,
    /// What looks like a template and is none.
    pub(super) unused: Vec<String>,
}

/// Why a file is not taken for a template, where somebody may have meant one.
fn unused(folder: &Path, path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, ""));
    let backup = name.starts_with(['.', '#'])
        || name.ends_with(['~', '#'])
        || [".swp", ".bak", ".orig"].iter().any(|e| name.ends_with(e));
    if backup {
        return None;
    }
    let is_template = is_phrases(folder, path) || ["txt.hbs", "html.hbs"].contains(&ending);
    if path.is_dir() {
        let below = path.parent().is_some_and(|parent| parent != folder);
        return (is_template || below).then(|| "it is a folder".to_owned());
    }
    let is_meant =
        ROWS.iter().any(|row| row.name.eq_ignore_ascii_case(stem.trim())) || name.to_lowercase().contains(".hbs");
    let lower = name.to_lowercase();
    let is_phrases = lower.starts_with("phrase")
        || [".toml", ".yaml", ".yml", ".json"]
            .iter()
            .any(|ending| lower.ends_with(ending) || lower.contains(&format!("{ending}.")));
    if is_phrases && !is_template {
        return Some(format!("the phrases of a language stand in LANGUAGE/{PHRASES}, such as fr/{PHRASES}"));
    }
    (is_meant && !is_template).then(|| {
        let part = if ending.to_lowercase().contains("html") { "html" } else { "txt" };
        format!("a template's name ends in .txt.hbs or .html.hbs; call it {}.{part}.hbs", stem.trim().to_lowercase())
    })
}

/// Whether a file holds the phrases of a language.
fn is_phrases(folder: &Path, path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == PHRASES) && path.parent().is_some_and(|parent| parent != folder)
}

fn unreadable<T>(path: &Path, error: &std::io::Error, mistakes: &mut Vec<Mistake>) -> Vec<T> {
    let (line, message) = match error.kind() {
        std::io::ErrorKind::InvalidData => (odd_line(path), "it is not UTF-8: save it in that encoding".to_owned()),
        _ => (0, format!("it cannot be read: {error}")),
    };
    mistakes.push(Mistake { file: path.display().to_string(), line, message });
    Vec::new()
}

/// The first line that is not UTF-8.
fn odd_line(path: &Path) -> usize {
    let bytes = fs::read(path).unwrap_or_default();
    bytes.split(|byte| *byte == b'\n').position(|line| std::str::from_utf8(line).is_err()).map_or(0, |at| at + 1)
}

/// In place of what cannot be read, what was in it when it last could.
pub(super) fn restored(found: &mut Found, last: &Templates) {
    let lost = |source: &Source| {
        found
            .mistakes
            .iter()
            .any(|mistake| !source.path.is_empty() && Path::new(&source.path).starts_with(&mistake.file))
    };
    let again: Vec<Source> = last.sources().filter(|source| lost(source)).cloned().collect();
    found.sources.retain(|source| again.iter().all(|other| other.name != source.name));
    found.sources.extend(again);
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

fn add(folder: &Path, path: &Path) -> std::io::Result<Option<Source>> {
    let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
    let is_template = path.extension().is_some_and(|e| e == "hbs") || is_phrases(folder, path);
    if hidden || !is_template || path.is_dir() {
        return Ok(None);
    }
    let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let text = fs::read_to_string(path)?;
    // What some editors write before the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    Ok(Some(Source { name: of_today(name), text, path: path.display().to_string() }))
}

/// A file under the name that its notification had before takes the place of today's.
fn of_today(name: String) -> String {
    let old = ROWS.iter().find(|row| !row.old_name.is_empty() && name.contains(&format!("/{}.", row.old_name)));
    old.map_or(name.clone(), |row| name.replace(&format!("/{}.", row.old_name), &format!("/{}.", row.name)))
}
