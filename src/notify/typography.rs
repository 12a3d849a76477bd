//! The spaces and apostrophes a language sets: what is written with plain ones is set as its printers do.
//!
//! French has a narrow no-break space before `; ? !` and a no-break space before `:` and inside `« »` (Lexique des règles
//! typographiques en usage à l'Imprimerie nationale). Which signs, and with which spaces, says `[typography]` of `phrases.toml`.

const NO_BREAK: char = '\u{a0}';
const NARROW: char = '\u{202f}';

/// How a language sets its signs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Typography {
    /// What stands for `'` between letters; empty: as it is.
    pub(super) apostrophe: String,
    /// Signs before which a space is narrow and does not break.
    pub(super) narrow_before: String,
    /// Signs before which a space does not break.
    pub(super) no_break_before: String,
    /// Signs behind which a space does not break.
    pub(super) no_break_after: String,
}

impl Typography {
    /// A text as it is to be read. What stands between double braces stays as it is; in HTML, what stands in tags, too.
    pub(super) fn set(&self, text: &str, is_html: bool) -> String {
        let mut out = String::with_capacity(text.len() + 16);
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let kept = kept(rest, is_html);
            if kept > 0 {
                out.push_str(&rest[..kept]);
                rest = &rest[kept..];
                continue;
            }
            let after = &rest[first.len_utf8()..];
            match first {
                ' ' => out.push(self.space(out.chars().next_back(), after)),
                '\'' if !self.apostrophe.is_empty() && is_between_letters(&out, after) => {
                    out.push_str(&self.apostrophe)
                }
                _ => out.push(first),
            }
            rest = after;
        }
        out
    }

    fn space(&self, before: Option<char>, after: &str) -> char {
        let next = after.chars().next().unwrap_or(' ');
        if self.narrow_before.contains(next) {
            NARROW
        } else if self.no_break_before.contains(next) || before.is_some_and(|sign| self.no_break_after.contains(sign)) {
            NO_BREAK
        } else {
            ' '
        }
    }
}

/// Length of what begins here and is not text: a tag of the template, or of HTML with its style sheet.
fn kept(rest: &str, is_html: bool) -> usize {
    let until = |end: &str| rest.find(end).map_or(rest.len(), |at| at + end.len());
    if rest.starts_with("{{{") {
        until("}}}")
    } else if rest.starts_with("{{!--") {
        until("--}}")
    } else if rest.starts_with("{{") {
        until("}}")
    } else if is_html && rest.starts_with("<style") {
        until("</style>")
    } else if is_html && rest.starts_with('<') {
        tag(rest)
    } else {
        0
    }
}

/// Length of a tag of HTML, whose attributes may hold tags of the template, and those a `>`.
fn tag(rest: &str) -> usize {
    let mut at = 0;
    while let Some(found) = rest[at..].find(['>', '{']) {
        at += found;
        if rest[at..].starts_with('>') {
            return at + 1;
        }
        at += if rest[at..].starts_with("{{") { rest[at..].find("}}").map_or(1, |end| end + 2) } else { 1 };
    }
    rest.len()
}

/// `l'assistance`, `d'{{name}}`, `{{name}}'s`: not a quotation mark.
fn is_between_letters(before: &str, after: &str) -> bool {
    let begins = before.chars().next_back().is_some_and(|c| c.is_alphabetic() || c == '}');
    begins && (after.starts_with(char::is_alphabetic) || after.starts_with("{{") || after.starts_with('«'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn french() -> Typography {
        Typography {
            apostrophe: "’".to_owned(),
            narrow_before: ";?!".to_owned(),
            no_break_before: ":»".to_owned(),
            no_break_after: "«".to_owned(),
        }
    }

    #[test]
    fn french_spaces_do_not_break_before_its_signs() {
        let set = |text: &str| french().set(text, false);
        assert_eq!(
            set("Où en est-elle ? « oui » ; non : rien !"),
            "Où en est-elle\u{202f}? «\u{a0}oui\u{a0}»\u{202f}; non\u{a0}: rien\u{202f}!"
        );
        assert_eq!(set("l'assistance d'{{name}} n'« ose »"), "l’assistance d’{{name}} n’«\u{a0}ose\u{a0}»");
        assert_eq!(set("'x' http://a 12:30 a: b?"), "'x' http://a 12:30 a: b?");
        assert_eq!(set("{{#if a}} : {{else}} ; {{/if}}"), "{{#if a}}\u{a0}: {{else}}\u{202f}; {{/if}}");
    }

    #[test]
    fn tags_and_style_sheets_stay_as_they_are() {
        let set = |text: &str| french().set(text, true);
        assert_eq!(set(r#"<p style="a : b !important">c : d</p>"#), "<p style=\"a : b !important\">c\u{a0}: d</p>");
        assert_eq!(set("<style>p { color : red }</style> a : b"), "<style>p { color : red }</style> a\u{a0}: b");
        assert_eq!(
            set(r#"<a href="{{#if (gt a 'b')}}x{{/if}}"> l'an</a>"#),
            r#"<a href="{{#if (gt a 'b')}}x{{/if}}"> l’an</a>"#
        );
        assert_eq!(set("a < b : c"), "a < b : c", "what never ends stays");
    }

    #[test]
    fn a_language_without_rules_is_left_alone() {
        assert_eq!(Typography::default().set("It's here : \"yes\" ?", false), "It's here : \"yes\" ?");
    }
}
