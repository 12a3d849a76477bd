//! Pages of the program's own, from a template that is compiled in.

use handlebars::Handlebars;
use serde::Serialize;

/// The page that `template` makes of these values, each escaped for HTML.
///
/// The templates are the program's own and tests render each, so a failure is a bug; the page then shows what it was.
pub(crate) fn page(template: &str, values: &impl Serialize) -> String {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.render_template(template, values).unwrap_or_else(|error| handlebars::html_escape(&error.to_string()))
}
