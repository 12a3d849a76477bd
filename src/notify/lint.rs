//! What is wrong with a template's text before it is compiled, in the words of who wrote it, and what is merely odd.

use super::Source;

/// A finding, and its line from 1.
pub(super) type Finding = (usize, String);

/// A tag: what stands between its braces, and its line.
struct Tag<'t> {
    inside: &'t str,
    line: usize,
}

/// Blocks that are never closed, or closed by another name, and tags that do not end.
pub(super) fn errors(text: &str) -> Vec<Finding> {
    let (tags, mut found) = tags(text);
    let mut open: Vec<(&str, usize)> = Vec::new();
    for Tag { inside, line } in tags {
        if let Some(name) = inside.strip_prefix(['#', '^']).and_then(first_word) {
            open.push((name, line));
        } else if let Some(name) = inside.strip_prefix('/').and_then(first_word) {
            match open.pop() {
                Some((block, _)) if block == name => {}
                Some((block, at)) => {
                    found.push((line, format!("`{{{{/{name}}}}}` closes `{{{{#{block}}}}}` of line {at}")));
                    return found;
                }
                None => {
                    found.push((line, format!("`{{{{/{name}}}}}` closes nothing that was opened")));
                    return found;
                }
            }
        }
    }
    found.extend(open.into_iter().map(|(block, line)| {
        (line, format!("`{{{{#{block}}}}}` on line {line} is never closed: it needs `{{{{/{block}}}}}`"))
    }));
    found
}

/// Every tag but comments, and those that never end.
fn tags(text: &str) -> (Vec<Tag<'_>>, Vec<Finding>) {
    let (mut tags, mut found) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(begin) = text[at..].find("{{").map(|offset| at + offset) {
        let line = 1 + text[..begin].matches('\n').count();
        let (opening, closing) = match &text[begin..] {
            rest if rest.starts_with("{{!--") => ("{{!--", "--"),
            rest if rest.starts_with("{{~!--") => ("{{~!--", "--"),
            rest if rest.starts_with("{{{") => ("{{{", "}}}"),
            _ => ("{{", "}}"),
        };
        let inside_from = begin + opening.len();
        let Some(length) = text[inside_from..].find(closing) else {
            found.push((line, format!("`{opening}` on line {line} is never closed: it needs `{closing}`")));
            break;
        };
        let inside = &text[inside_from..inside_from + length];
        if closing == "}}" && inside.contains("{{") {
            found.push((line, format!("`{{{{` on line {line} is not closed before the next one: it needs `}}}}`")));
        }
        at = inside_from + length + closing.len();
        let escaped = text[..begin].ends_with('\\');
        let inside = inside.trim_matches(['~', '{', '}']).trim();
        if !escaped && closing != "--" && !inside.starts_with('!') {
            // A block of a partial closes like any other.
            tags.push(Tag { inside, line });
        }
    }
    (tags, found)
}

fn first_word(inside: &str) -> Option<&str> {
    let word = inside.trim_start_matches(['>', '*']).split_whitespace().next()?;
    Some(word.trim_matches(['"', '\'']))
}

/// What would be sent as it stands, and hardly is meant so.
pub(super) fn oddities(source: &Source) -> Vec<Finding> {
    let mut found = single_braces(&source.text);
    if source.name.ends_with(".html.hbs") {
        found.extend(unclosed_elements(&source.text));
    }
    found
}

/// `{ticket.number}`: one brace on each side makes words of a name.
fn single_braces(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for (begin, _) in line.match_indices('{') {
            let (before, after) = (&line[..begin], &line[begin + 1..]);
            let Some((name, rest)) = after.split_once('}') else { continue };
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c));
            if is_name && !before.ends_with('{') && !rest.starts_with('}') {
                found.push((
                    at + 1,
                    format!("`{{{name}}}` is sent as it stands: a name stands between two braces, `{{{{{name}}}}}`"),
                ));
            }
        }
    }
    found
}

/// Elements that are opened and not closed as often: what follows would look like them.
fn unclosed_elements(text: &str) -> Vec<Finding> {
    const ELEMENTS: [&str; 12] = ["a", "b", "strong", "i", "em", "u", "div", "span", "table", "ul", "ol", "blockquote"];
    let mut found = Vec::new();
    for element in ELEMENTS {
        let opening =
            |rest: &str| rest.strip_prefix(element).is_some_and(|rest| rest.starts_with(['>', ' ', '\n', '\t']));
        let places: Vec<usize> =
            text.match_indices('<').filter(|(at, _)| opening(&text[at + 1..])).map(|(at, _)| at).collect();
        let closed = text.matches(&format!("</{element}>")).count();
        if places.len() > closed {
            let line = places.last().map_or(1, |at| 1 + text[..*at].matches('\n').count());
            found.push((
                line,
                format!("<{element}> is opened more often ({}) than it is closed ({closed})", places.len()),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<Finding> {
        errors(text)
    }

    #[test]
    fn blocks_that_do_not_close_are_named_with_their_line() {
        assert_eq!(
            said("a\n{{#unless x}}\nb"),
            [(2, "`{{#unless}}` on line 2 is never closed: it needs `{{/unless}}`".to_owned())]
        );
        assert_eq!(
            said("{{#unless x}}\n{{#if y}}\n{{/unless}}\n{{/if}}"),
            [(3, "`{{/unless}}` closes `{{#if}}` of line 2".to_owned())]
        );
        assert_eq!(said("x\n{{/if}}"), [(2, "`{{/if}}` closes nothing that was opened".to_owned())]);
    }

    #[test]
    fn tags_that_do_not_end_are_named_with_their_line() {
        assert_eq!(said("a\n\n{{ticket.number"), [(3, "`{{` on line 3 is never closed: it needs `}}`".to_owned())]);
        assert_eq!(
            said("{{ticket.number }\n{{ticket.title}}"),
            [(1, "`{{` on line 1 is not closed before the next one: it needs `}}`".to_owned())]
        );
        assert_eq!(said("{{{x}}")[0].1, "`{{{` on line 1 is never closed: it needs `}}}`");
    }

    #[test]
    fn what_is_right_is_not_found() {
        for text in [
            "{{!-- {{#if x}} --}}{{#if x}}a{{else}}b{{/if}}",
            "{{#> layout}}x{{/layout}}{{~#each a~}}{{this}}{{~/each~}}",
            "\\{{#if}} {{{html}}} {{^empty}}y{{/empty}} {{else}}",
            "",
        ] {
            assert_eq!(said(text), [], "{text}");
        }
        for source in super::super::builtin() {
            assert_eq!(errors(&source.text), [], "{}", source.name);
            assert_eq!(oddities(&source), [], "{}", source.name);
        }
    }

    #[test]
    fn single_braces_and_open_elements_are_odd() {
        let source = |name: &str, text: &str| Source { name: name.into(), text: text.into(), path: String::new() };
        let found = oddities(&source("fr/answer.txt.hbs", "x\nNuméro {ticket.number}, {{ticket.number}}, {Bonjour}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == 2 && found[0].1.contains("`{{ticket.number}}`"), "{found:?}");
        let found = oddities(&source("fr/answer.html.hbs", "<p><b>x</p>\n<b>y</b>"));
        assert_eq!(found, [(2, "<b> is opened more often (2) than it is closed (1)".to_owned())]);
    }
}
