//! Words templates may use besides the names of facts.

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, html_escape};

/// Those of the engine that people use, and our own.
pub(super) const NAMES: [&str; 9] =
    ["if", "unless", "each", "with", "lookup", "paragraphs", "quote", "lines", "indent"];

/// Puts the helpers into both registries.
pub(super) fn register(registry: &mut Handlebars<'_>) {
    registry.register_helper("paragraphs", Box::new(paragraphs));
    registry.register_helper("quote", Box::new(quote));
    registry.register_helper("lines", Box::new(lines));
    registry.register_helper("indent", Box::new(indent));
}

fn text_of(helper: &Helper<'_>) -> String {
    let value = helper.param(0).map(handlebars::PathAndJson::value);
    value.and_then(|v| v.as_str()).unwrap_or_default().to_owned()
}

/// `{{paragraphs text}}`: plain text as HTML, escaped; blank lines part paragraphs.
fn paragraphs(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    for paragraph in text_of(helper).split("\n\n").filter(|p| !p.trim().is_empty()) {
        let lines: Vec<String> = paragraph.trim_matches('\n').lines().map(line).collect();
        out.write(r#"<p style="margin:0 0 12px 0">"#)?;
        out.write(&lines.join("<br>\n"))?;
        out.write("</p>\n")?;
    }
    Ok(())
}

/// One line, escaped; spaces that indent it are kept.
fn line(text: &str) -> String {
    let indent = text.len() - text.trim_start_matches(' ').len();
    format!("{}{}", "&nbsp;".repeat(indent), html_escape(text.trim_start_matches(' ')))
}

/// `{{quote text}}`: plain text with `> ` before each line.
fn quote(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    for line in text_of(helper).lines() {
        out.write("> ")?;
        out.write(line)?;
        out.write("\n")?;
    }
    Ok(())
}

/// `{{lines text}}`: plain text as HTML on lines of its own, escaped.
fn lines(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = text_of(helper);
    let lines: Vec<String> = text.trim().lines().map(line).collect();
    Ok(out.write(&lines.join("<br>\n"))?)
}

/// `{{indent text}}`: plain text, each line four spaces in.
fn indent(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = text_of(helper);
    let lines: Vec<String> = text.trim().lines().map(|l| format!("    {l}").trim_end().to_owned()).collect();
    Ok(out.write(&lines.join("\n"))?)
}
