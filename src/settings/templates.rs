//! The administrator's templates: files that take the place of built-in ones.

use std::fs;
use std::path::{Path, PathBuf};

use crate::notify::Source;
use crate::ticket::notification::ROWS;

/// Every `*.hbs` below `folder`, two levels deep, by its name relative to it.
pub(super) fn read(folder: &Path) -> std::io::Result<Vec<Source>> {
    let mut found = Vec::new();
    for path in files(folder)? {
        if path.is_dir() {
            for inner in files(&path)? {
                add(folder, &inner, &mut found)?;
            }
        } else {
            add(folder, &path, &mut found)?;
        }
    }
    Ok(found)
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

fn add(folder: &Path, path: &Path, found: &mut Vec<Source>) -> std::io::Result<()> {
    let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
    if hidden || path.extension().is_none_or(|e| e != "hbs") || path.is_dir() {
        return Ok(());
    }
    let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let text =
        fs::read_to_string(path).map_err(|e| std::io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
    let name = of_today(name);
    found.push(Source { name, text, path: path.display().to_string() });
    Ok(())
}

/// A file under the name that its notification had before takes the place of today's.
fn of_today(name: String) -> String {
    let old = ROWS.iter().find(|row| !row.old_name.is_empty() && name.contains(&format!("/{}.", row.old_name)));
    old.map_or(name.clone(), |row| name.replace(&format!("/{}.", row.old_name), &format!("/{}.", row.name)))
}
