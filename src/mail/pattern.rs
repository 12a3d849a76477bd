//! Regular expressions of the code's own.

use std::sync::LazyLock;

use regex::Regex;

/// An expression, compiled when it is first asked.
pub(crate) type Pattern = LazyLock<Regex>;

/// Compiles an expression that stands in the code.
///
/// One that is wrong is a bug that no input can cause or avoid: it panics at its first use, and so fails every test that
/// comes that way, instead of finding nothing for ever.
#[allow(clippy::panic)]
pub(crate) fn compile(expression: &str) -> Regex {
    Regex::new(expression).unwrap_or_else(|error| panic!("an expression of the code's own is wrong: {error}"))
}
