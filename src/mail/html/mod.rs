//! HTML to readable text.
//!
//! One linear pass notes what markup says about quotes, signatures and links (`marks`); a layout
//! library turns the rest into lines. That library is quadratic in nesting and in the attributes of one
//! element, so size, depth and attributes are bounded first; what passes a bound is flattened by the
//! parser's own linear converter instead.

mod decorate;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use html2text::config;
use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, element, rewrite_str};

use super::data_uri;
use super::marks::{self, Mark, SLOTS, is_reserved, slot};

/// Deepest nesting of elements that is laid out.
const DEPTH: usize = 200;
/// Most attributes of one element that is laid out.
const ATTRIBUTES: usize = 200;
/// Wide enough that paragraphs are not wrapped: mail clients wrap for themselves.
const WIDTH: usize = 10_000;
/// Longest address of a link that is shown.
const LINK: usize = 500;

/// Elements before which a mail program puts the reply, and in or after which the old mail stands:
/// Outlook (desktop, web, telephone), Exchange, Zimbra, old Outlook Express.
const REST: &str = "#divRplyFwdMsg, #x_divRplyFwdMsg, #appendonsend, #OLK_SRC_BODY_SECTION, \
    #mail-editor-reference-message-container, .ms-outlook-mobile-reference-message, #zwchr, \
    [data-marker=\"__DIVIDER__\"], .OutlookMessageHeader, #reply-intro, .reply-intro, #_rc_sig_end";
/// Elements that hold who wrote the old mail: Gmail, Thunderbird.
const ATTRIBUTION: &str = ".gmail_attr, .moz-cite-prefix, .gmail_quote_attribution";
/// Elements that hold a signature.
const SIGNATURE: &str = ".gmail_signature, .moz-signature, [data-smartmail=\"gmail_signature\"], #Signature, \
    #x_Signature, #ms-outlook-mobile-signature, .protonmail_signature_block, [data-marker=\"__SIG_PRE__\"], \
    [data-marker=\"__SIG_POST__\"], #AppleMailSignature, .tutanota_signature";
/// Elements nobody sees.
const HIDDEN: &str = "[hidden], [style*=\"display:none\" i], [style*=\"display: none\" i]";
/// Classes of blocks that are quotes wherever they stand.
const CITE: [&str; 6] = ["cite", "protonmail_quote", "tutanota_quote", "iwcquote", "zmail_extra", "mori"];

/// Readable text of an HTML part, with [marks](super::marks): links, lists and tables kept legible.
pub(super) fn to_marked_text(source: &str, most: usize, defects: &mut Vec<String>) -> String {
    laid_out(&data_uri::without(source), most, defects, None)
}

/// The same with a [slot] in the place of each picture; `names` gets what the source calls it.
pub(super) fn with_pictures(source: &str, most: usize, names: &mut Vec<String>) -> String {
    let pictures = RefCell::new(std::mem::take(names));
    let text = laid_out(&data_uri::without(source), most, &mut Vec::new(), Some(&pictures));
    *names = pictures.into_inner();
    text
}

fn laid_out(source: &str, most: usize, defects: &mut Vec<String>, pictures: Option<&RefCell<Vec<String>>>) -> String {
    if source.len() > most || depth(source) > DEPTH {
        defects.push("the HTML is too large or too deep to lay out; it is flattened".to_owned());
        return flatten(source);
    }
    let Some(marked) = mark(source, pictures) else {
        defects.push("the HTML has too many attributes to lay out; it is flattened".to_owned());
        return flatten(source);
    };
    let laid_out = config::with_decorator(decorate::Bare)
        .allow_width_overflow()
        .no_table_borders()
        .string_from_read(marked.as_bytes(), WIDTH);
    match laid_out {
        Ok(text) => tidy(&text),
        Err(_) => flatten(source),
    }
}

fn flatten(source: &str) -> String {
    marks::none(mail_parser::decoders::html::html_to_text(source))
}

/// The source with marks in the places that say something about the text; none where an element has more than
/// [`ATTRIBUTES`].
fn mark(source: &str, pictures: Option<&RefCell<Vec<String>>>) -> Option<String> {
    let overladen = Cell::new(false);
    let clean = if source.contains(is_reserved) { source.replace(is_reserved, "") } else { source.to_owned() };
    let around = |open: Mark, close: Mark| {
        move |el: &mut Element<'_, '_>| {
            el.prepend(&open.char().to_string(), ContentType::Text);
            el.append(&close.char().to_string(), ContentType::Text);
            Ok(())
        }
    };
    let handlers = [
        element!("*", |el| {
            overladen.set(overladen.get() || el.attributes().len() > ATTRIBUTES);
            Ok(())
        }),
        element!(HIDDEN, |el| {
            el.remove();
            Ok(())
        }),
        // Numbers beyond reason overflow the layout.
        element!("[colspan], [rowspan], ol[start], li[value]", |el| {
            for name in ["colspan", "rowspan", "start", "value"] {
                if el.get_attribute(name).is_some_and(|v| v.trim().parse::<u16>().is_err() || v.trim().len() > 3) {
                    el.remove_attribute(name);
                }
            }
            Ok(())
        }),
        element!("blockquote", |el| {
            let open = if is_cite(el) { Mark::CiteOpen } else { Mark::BlockOpen };
            let indented = open == Mark::BlockOpen && is_indentation(el);
            el.set_tag_name("div")?;
            if indented { Ok(()) } else { around(open, Mark::QuoteClose)(el) }
        }),
        element!(REST, |el| {
            el.before(&format!("<div>{}</div>", Mark::Rest.char()), ContentType::Html);
            Ok(())
        }),
        element!("hr", |el| {
            el.before(&format!("<div>{}</div>", Mark::Rule.char()), ContentType::Html);
            el.remove();
            Ok(())
        }),
        element!(ATTRIBUTION, around(Mark::AttributionOpen, Mark::AttributionClose)),
        element!(SIGNATURE, around(Mark::SignatureOpen, Mark::SignatureClose)),
        element!("td:not(:first-child), th:not(:first-child)", |el| {
            el.prepend(&Mark::Cell.char().to_string(), ContentType::Text);
            Ok(())
        }),
        element!("a[href]", |el| {
            if let Some(address) = link(el) {
                let text = format!("{}{address}{}", Mark::LinkOpen.char(), Mark::LinkClose.char());
                el.append(&text, ContentType::Text);
            }
            Ok(())
        }),
    ];
    let settings = RewriteStrSettings::new().with_strict(false);
    let shown = pictures.map(|names| {
        element!("img[src]", |el| {
            if let Some(place) = place_of(el, &mut names.borrow_mut()) {
                el.before(&place.to_string(), ContentType::Text);
            }
            Ok(())
        })
    });
    let settings = handlers.into_iter().chain(shown).fold(settings, RewriteStrSettings::append_element_content_handler);
    // Without its marks the text is still the text.
    let marked = rewrite_str(&clean, settings).unwrap_or(clean);
    (!overladen.get()).then_some(marked)
}

/// The slot of a picture that came with the email.
fn place_of(el: &Element<'_, '_>, names: &mut Vec<String>) -> Option<char> {
    let source = el.get_attribute("src")?.trim().to_lowercase();
    let name = source.strip_prefix("cid:").or_else(|| source.starts_with("data:").then_some(source.as_str()))?;
    let at = names.iter().position(|known| known == name).unwrap_or(names.len());
    if at == SLOTS {
        return None;
    }
    if at == names.len() {
        names.push(name.to_owned());
    }
    Some(slot(at))
}

/// Whether the markup itself says that this is a quote.
fn is_cite(el: &Element<'_, '_>) -> bool {
    let attribute = |name| el.get_attribute(name).unwrap_or_default().to_ascii_lowercase();
    attribute("type") == "cite"
        || attribute("class").split_whitespace().any(|c| CITE.contains(&c))
        || attribute("id").starts_with("replyblockquote")
        || attribute("style").replace(' ', "").contains("border-left:")
}

/// Whether a block only sets the writer's own words apart, as the buttons of Gmail and Outlook do.
fn is_indentation(el: &Element<'_, '_>) -> bool {
    let style = el.get_attribute("style").unwrap_or_default().replace(' ', "").to_ascii_lowercase();
    let class = el.get_attribute("class").unwrap_or_default();
    style.contains("border:none") || style.contains("border:0") || class == "gmail_quote"
}

/// Where a link leads, when that is worth showing.
fn link(el: &Element<'_, '_>) -> Option<String> {
    let address = el.get_attribute("href")?;
    let address = address.trim();
    let shown = ["http://", "https://", "mailto:", "tel:", "ftp://"]
        .iter()
        .any(|s| address.get(..s.len()).is_some_and(|start| start.eq_ignore_ascii_case(s)));
    (shown && address.len() <= LINK && !address.contains(|c: char| c.is_whitespace() || c.is_control()))
        .then(|| address.replace("&amp;", "&"))
}

/// No-break spaces become spaces, trailing space goes, runs of empty lines shrink to one; links are
/// shown where their text does not say where they lead.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines() {
        let line = line.replace('\u{a0}', " ");
        let line = with_cells(&with_links(&line));
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// A tab between the cells of a table row, whatever space was left between them.
fn with_cells(line: &str) -> String {
    let cell = Mark::Cell.char();
    if !line.contains(cell) {
        return line.to_owned();
    }
    let cells = line.split(cell).map(str::trim).filter(|text| !text.is_empty());
    let start: String = line.chars().take_while(|c| *c == ' ').collect();
    start + &cells.collect::<Vec<_>>().join("\t")
}

fn with_links(line: &str) -> String {
    let (open, close) = (Mark::LinkOpen.char(), Mark::LinkClose.char());
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(open) {
        out.push_str(before);
        let (address, after) = after.split_once(close).unwrap_or((after, ""));
        if !says(&out, address) {
            out.push_str(&format!(" <{address}>"));
        }
        rest = after;
    }
    out.push_str(rest);
    out.retain(|c| c != close);
    out
}

/// Whether the text before a link already names where it leads, or names nothing.
fn says(text: &str, address: &str) -> bool {
    let bare = address.split_once(':').map_or(address, |(_, rest)| rest);
    let bare = bare.trim_start_matches('/').trim_end_matches('/');
    let bare = bare.strip_prefix("www.").unwrap_or(bare);
    let start = text.len().saturating_sub(address.len() + 20);
    let start = (start..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let tail = text[start..].to_ascii_lowercase();
    text.trim().is_empty() || bare.is_empty() || tail.contains(&bare.to_ascii_lowercase())
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
        to_marked_text(html, 512 * 1024, &mut Vec::new())
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
            assert!(to_marked_text(&html, 512 * 1024, &mut defects).contains("fin"));
            assert_eq!(defects.len(), 1, "{piece}");
        }
        assert!(depth(&"<p>un".repeat(500)) < DEPTH && depth(&"<b>un</b>".repeat(500)) < DEPTH);
    }
}
