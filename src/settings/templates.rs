//! The administrator's templates: files that take the place of built-in ones.

use std::fs;
use std::path::{Path, PathBuf};

use crate::notify::{Mistake, Source};
use crate::ticket::notification::ROWS;

/// Every `*.hbs` below `folder`, two levels deep, by its name relative to it; and what cannot be read of them.
pub(super) fn read(folder: &Path) -> std::io::Result<(Vec<Source>, Vec<Mistake>)> {
    let (mut found, mut mistakes) = (Vec::new(), Vec::new());
    for path in files(folder)? {
        let inner = if path.is_dir() { files(&path) } else { Ok(vec![path.clone()]) };
        for path in inner.unwrap_or_else(|e| unreadable(&path, &e, &mut mistakes)) {
            match add(folder, &path) {
                Ok(source) => found.extend(source),
                Err(e) => {
                    unreadable::<()>(&path, &e, &mut mistakes);
                }
            }
        }
    }
    Ok((found, mistakes))
}

fn unreadable<T>(path: &Path, error: &std::io::Error, mistakes: &mut Vec<Mistake>) -> Vec<T> {
    let message = match error.kind() {
        std::io::ErrorKind::InvalidData => "it is not UTF-8: save it in that encoding".to_owned(),
        _ => format!("it cannot be read: {error}"),
    };
    mistakes.push(Mistake { file: path.display().to_string(), line: 0, message });
    Vec::new()
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

fn add(folder: &Path, path: &Path) -> std::io::Result<Option<Source>> {
    let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
    if hidden || path.extension().is_none_or(|e| e != "hbs") || path.is_dir() {
        return Ok(None);
    }
    let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let text = fs::read_to_string(path)?;
    Ok(Some(Source { name: of_today(name), text, path: path.display().to_string() }))
}

/// A file under the name that its notification had before takes the place of today's.
fn of_today(name: String) -> String {
    let old = ROWS.iter().find(|row| !row.old_name.is_empty() && name.contains(&format!("/{}.", row.old_name)));
    old.map_or(name.clone(), |row| name.replace(&format!("/{}.", row.old_name), &format!("/{}.", row.name)))
}
