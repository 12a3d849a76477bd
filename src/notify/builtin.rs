//! The templates that come with the program. A file of the same name in the administrator's folder
//! takes the place of any of them.

use include_dir::{Dir, include_dir};

/// One template file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name relative to the template folder, `/` between the parts (`fr/answer.txt.hbs`).
    pub name: String,

    pub text: String,
    /// Where it came from, for messages; empty for the built-in one.
    pub path: String,
}

static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/mail-templates");

/// Every built-in template.
#[must_use]
pub fn builtin() -> Vec<Source> {
    let mut found = Vec::new();
    let mut open = vec![&FOLDER];
    while let Some(folder) = open.pop() {
        open.extend(folder.dirs());
        found.extend(folder.files().filter_map(|file| {
            let name = file.path().to_str()?.to_owned();
            Some(Source { name, text: file.contents_utf8()?.to_owned(), path: String::new() })
        }));
    }
    found
}
