//! What is wrong with what an administrator wrote.

/// A mistake in a template, for the administrator who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", self.place())]
pub struct Mistake {
    /// The file, as [`super::Source::path`] or its name.
    pub file: String,
    /// Line, from 1; 0 when the mistake has no place.
    pub line: usize,
    /// What is wrong and how to fix it.
    pub message: String,
}

impl Mistake {
    /// File and line.
    #[must_use]
    pub fn place(&self) -> String {
        if self.line == 0 { self.file.clone() } else { format!("{}:{}", self.file, self.line) }
    }
}

/// The name nearest to one that there is not, if it is near enough to be a slip.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let distance = |known: &str| strsim::damerau_levenshtein(known, name);
    let (distance, near) = known.into_iter().map(|known| (distance(known), known)).min()?;
    (distance <= 1 + near.chars().count() / 4).then(|| near.to_owned())
}
