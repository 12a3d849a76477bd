//! HTML to readable text.
//!
//! The layout library is quadratic in nesting, so size and depth are bounded by a linear scan
//! first; what passes the bound is flattened by the parser's own linear converter instead.

use std::collections::HashMap;

use html2text::config;

/// Deepest nesting of elements that is laid out.
const DEPTH: usize = 200;
/// Wide enough that paragraphs are not wrapped: mail clients wrap for themselves.
const WIDTH: usize = 10_000;

/// Readable text of an HTML part: links, lists and tables kept legible.
pub(super) fn to_text(source: &str, most: usize, defects: &mut Vec<String>) -> String {
    if source.len() > most || depth(source) > DEPTH {
        defects.push("the HTML is too large or too deep to lay out; it is flattened".to_owned());
        return flatten(source);
    }
    let laid_out = config::plain_no_decorate()
        .allow_width_overflow()
        .no_table_borders()
        .string_from_read(source.as_bytes(), WIDTH);
    match laid_out {
        Ok(text) => tidy(&text),
        Err(_) => flatten(source),
    }
}

fn flatten(source: &str) -> String {
    mail_parser::decoders::html::html_to_text(source)
}

/// No-break spaces become spaces, trailing space goes, runs of empty lines shrink to one.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines() {
        let line = line.replace('\u{a0}', " ");
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// An upper bound of the depth: elements open at once, at the most. A closing tag counts only
/// against its own name, and `<div/>` opens a div, as in browsers.
fn depth(source: &str) -> usize {
    // Elements without contents, and those that a new one of their kind closes.
    const FLAT: [&str; 16] =
        ["br", "img", "hr", "meta", "link", "input", "col", "wbr", "p", "li", "tr", "td", "th", "dt", "dd", "option"];
    let mut open: HashMap<String, usize> = HashMap::new();
    let (mut now, mut most) = (0usize, 0usize);
    for piece in source.split('<').skip(1) {
        let (closing, piece) = piece.strip_prefix('/').map_or((false, piece), |rest| (true, rest));
        let name = piece.split(|c: char| !c.is_ascii_alphanumeric()).next();
        let name = name.unwrap_or_default().to_ascii_lowercase();
        if name.is_empty() || FLAT.contains(&name.as_str()) {
            continue;
        }
        let count = open.entry(name).or_default();
        if !closing {
            *count += 1;
            now += 1;
            most = most.max(now);
        } else if *count > 0 {
            *count -= 1;
            now -= 1;
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        to_text(html, 512 * 1024, &mut Vec::new())
    }

    #[test]
    fn paragraphs_lists_and_entities_read_well() {
        let out = text("<p>Bonjour,&nbsp;l&#39;&eacute;cran</p><ul><li>un<li>deux</ul>");
        assert!(out.contains("Bonjour, l'écran"), "{out:?}");
        assert!(out.contains("* un\n* deux"), "{out:?}");
    }

    #[test]
    fn unclosed_paragraphs_are_no_nesting_bomb() {
        for piece in ["<div>", "<div/>", "<div></z>"] {
            let html = piece.repeat(40_000) + "fin";
            let mut defects = Vec::new();
            assert!(to_text(&html, 512 * 1024, &mut defects).contains("fin"));
            assert_eq!(defects.len(), 1, "{piece}");
        }
        assert!(depth(&"<p>un".repeat(500)) < DEPTH && depth(&"<b>un</b>".repeat(500)) < DEPTH);
    }
}
