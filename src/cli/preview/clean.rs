//! A notification's HTML, so that a browser shows it and nothing in it acts or fetches.

use std::borrow::Cow;
use std::collections::HashSet;

use ammonia::{Builder, UrlRelative};

/// What a notification is made of; everything else is taken off, scripts, styles and frames with their contents.
const TAGS: [&str; 34] = [
    "a",
    "b",
    "blockquote",
    "br",
    "center",
    "code",
    "div",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
];
const ATTRIBUTES: [&str; 18] = [
    "align",
    "alt",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "colspan",
    "dir",
    "height",
    "href",
    "lang",
    "role",
    "rowspan",
    "src",
    "style",
    "valign",
    "width",
];

/// The body of a notification: its own inline styles stay, remote pictures and everything that acts do not.
pub(super) fn clean(html: &str) -> String {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(TAGS))
        .clean_content_tags(HashSet::from(["script", "style", "title", "noscript", "template", "iframe", "object"]))
        .generic_attributes(HashSet::from(ATTRIBUTES))
        .url_schemes(HashSet::from(["mailto", "http", "https", "data"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .attribute_filter(|_, name, value| harmless(name, value));
    builder.clean(html).to_string()
}

/// The value where it neither acts nor fetches.
fn harmless<'v>(name: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let folded: String =
        value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>().to_lowercase();
    let fine = match name {
        // A picture inside the notification; SVG is a document, not a picture.
        "src" => ["data:image/png;", "data:image/jpeg;", "data:image/gif;"].iter().any(|s| folded.starts_with(s)),
        "href" => !folded.starts_with("data:"),
        // Escapes and comments could hide a word from this look.
        "style" => {
            !["url(", "image(", "image-set(", "expression(", "@import", "behavior", "\\", "/*", "fixed", "sticky"]
                .iter()
                .any(|word| folded.contains(word))
        }
        _ => true,
    };
    fine.then_some(Cow::Borrowed(value))
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_acts_or_fetches_is_taken_off() {
        for bad in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<img src=\"https://evil.example/p.png\">",
            "<img src=\"data:image/svg+xml;base64,AAAA\">",
            "<svg><script>alert(1)</script></svg>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<a href=\"data:text/html,alert(1)\">x</a>",
            "<p style=\"background:url(https://evil.example/p)\">x</p>",
            "<p style=\"background:u\\72l(https://evil.example/p)\">x</p>",
            "<style>@import 'https://evil.example/s'</style>",
            "<link rel=stylesheet href=https://evil.example/s>",
            "<meta http-equiv=refresh content=\"0;https://evil.example\">",
            "<iframe src=https://evil.example></iframe>",
            "<form action=https://evil.example><input></form>",
            "<table background=\"https://evil.example/p\"><tr><td>x</td></tr></table>",
            "<base href=https://evil.example>",
            "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
        ] {
            let cleaned = clean(bad).to_lowercase();
            let left = ["script", "alert", "evil.example", "onerror", "svg+xml", "url("]
                .iter()
                .find(|w| cleaned.contains(**w));
            assert_eq!(left, None, "{bad} became {cleaned}");
        }
    }

    #[test]
    fn the_notifications_own_looks_stay() {
        let own =
            "<p style=\"margin:0 0 12px 0;background:#fdecea\"><b>x</b></p><img src=\"data:image/png;base64,AAAA\">";
        let cleaned = clean(own);
        assert!(cleaned.contains("background:#fdecea") && cleaned.contains("data:image/png"), "{cleaned}");
        assert!(clean("<a href=\"mailto:a@b.example?body=%23x\">x</a>").contains("mailto:a@b.example"));
    }
}
