//! The line that says who wrote what is quoted, and when.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::shape::{ADDRESS, DATE, any_of, first_word, is};
use crate::mail::language::phrases;
use crate::mail::pattern::{Pattern, compile};

/// Nothing but a date, a name and an address.
static BARE: Pattern = LazyLock::new(|| {
    compile(
        r#"^\s*(?:(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d).{0,80}<\S+@\S+>\s*:?\s*$"#,
    )
});

/// Text and attribution on one line: `yes--- On Wed, Apr 4, 2012, a@b.example wrote:`.
static SHARED: Pattern = LazyLock::new(|| compile(r"(?i)^(.*?[^\s-])\s*-{3,}\s*(on\s.{6,200}\swrote\s*:?\s*-*)$"));

/// The link alone that broke out of a quoted line.
static LINK: Pattern = LazyLock::new(|| compile(r"^\s*[(<\[]?https?://\S+"));

static STARTERS: LazyLock<HashSet<&str>> = LazyLock::new(|| phrases(|l| l.on).collect());

/// "wrote" in every language, longest first, in lower case.
static WROTE: Pattern = LazyLock::new(|| {
    let mut words: Vec<&str> = phrases(|l| l.wrote).collect();
    words.sort_by_key(|w| std::cmp::Reverse(w.len()));
    words.dedup();
    compile(&any_of(words.into_iter()))
});

/// What makes it worth looking for those words at all: a few letters of each, whatever their case.
static STEMS: Pattern = LazyLock::new(|| {
    let middle = |word: &str| word.chars().skip(1).take(4).collect::<String>();
    let stems: HashSet<String> = phrases(|l| l.wrote).map(middle).collect();
    compile(&any_of(stems.iter().map(String::as_str)))
});

/// Whether an attribution can stand anywhere in this text: it names a person's address or says "wrote".
pub(in crate::mail::reply) fn may_attribute(text: &str) -> bool {
    text.contains('@') || is(&STEMS, text)
}

/// Where "wrote" ends in a text in lower case, as a word of its own.
pub(super) fn wrote(text: &str) -> Option<usize> {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() && c.is_ascii() || ('à'..='ÿ').contains(&c));
    let whole = |hit: &regex::Match<'_>| {
        !letter(text[..hit.start()].chars().next_back()) && !letter(text[hit.end()..].chars().next())
    };
    WROTE.find_iter(text).filter(whole).map(|hit| hit.end()).last()
}

/// Whether these lines hold a mail address.
pub(in crate::mail::reply) fn names_address(lines: &[&str]) -> bool {
    lines.iter().any(|line| is(&ADDRESS, line))
}

/// Whether a line begins as attributions do, with its date.
pub(in crate::mail::reply) fn begins_attribution(line: &str) -> bool {
    STARTERS.contains(first_word(line).as_str()) && is(&DATE, line)
}

/// Whether these lines, joined, say who wrote what follows, and when.
pub(in crate::mail::reply) fn is_attribution(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else { return false };
    // Most lines are ordinary text: they are let go before any pattern is tried.
    let hint = first.bytes().any(|b| b.is_ascii_digit() || b == b'@');
    let starts = STARTERS.contains(first_word(first).as_str());
    if !starts && !(hint && (is(&DATE, first) || is(&ADDRESS, first))) {
        return false;
    }
    // Only a line that certainly begins one may be followed by an empty line before its end.
    if lines.iter().any(|l| l.trim().is_empty()) && !(starts && is(&DATE, first)) {
        return false;
    }
    let joined = lines.iter().map(|l| l.trim()).collect::<Vec<_>>().join(" ");
    if joined.chars().count() > 400 {
        return false;
    }
    // Yahoo goes on with the old mail on the same line.
    let joined = joined.find(":  ").filter(|at| *at > 20).map_or(joined.as_str(), |at| &joined[..=at]).to_owned();
    let text = joined.trim_matches(|c: char| "->*|_ ".contains(c)).to_lowercase();
    let colon = text.ends_with([':', '：']);
    let (date, address) = (is(&DATE, &text), is(&ADDRESS, &text));
    if !date && !address {
        return false;
    }
    let bare_end = text.trim_end_matches([':', '：', ' ', ')', '-']);
    let verb = wrote(&text);
    let ends_in_verb = verb.is_some_and(|end| end >= bare_end.len());
    let ends = colon || ends_in_verb || (verb.is_some() && ends_with_address(&text));
    (ends && verb.is_some()) || (colon && date && address) || is(&BARE, &joined)
}

fn ends_with_address(text: &str) -> bool {
    let text = text.trim_end_matches([':', ' ']);
    text.ends_with(['>', ')']) && text.rsplit([' ', '(']).next().is_some_and(|word| word.contains('@'))
}

/// Whether a line that ends in a colon may announce the quoted lines below it, in any language: it
/// holds an address or a date, or the word some clients quote with.
pub(in crate::mail::reply) fn may_announce(line: &str) -> bool {
    let text = line.trim_end();
    if !text.ends_with([':', '：']) || text.len() > 250 || text.starts_with('>') {
        return false;
    }
    const QUOTING: [&str; 6] = ["quoting", "zitat", "citando", "citation", "citat", "cytat"];
    is(&ADDRESS, text) || is(&DATE, text) && text.chars().count() > 20 || QUOTING.contains(&first_word(text).as_str())
}

/// Whether this line is a link that broke out of a quoted one.
pub(in crate::mail::reply) fn is_link(line: &str) -> bool {
    line.contains("://") && is(&LINK, line)
}

/// The text before an attribution on the same line. `quoted`: the next line is a quoted one.
pub(in crate::mail::reply) fn before_shared(line: &str, quoted: bool) -> Option<&str> {
    if line.contains("---")
        && let Some(found) = SHARED.captures(line)
    {
        return found.get(1).map(|m| m.as_str());
    }
    if !quoted || !line.trim_end().ends_with([':', '：']) {
        return None;
    }
    // A line that begins as attributions do is one as a whole.
    let begins = line.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '>');
    if begins || STARTERS.contains(first_word(line).as_str()) {
        return None;
    }
    let starts = line.match_indices(' ').take(60).map(|(at, _)| at + 1);
    let mut shared = starts.filter(|at| {
        let rest = &line[*at..];
        rest.starts_with(char::is_uppercase) && STARTERS.contains(first_word(rest).as_str()) && is(&DATE, rest)
    });
    let at = shared.find(|at| is_attribution(&[&line[*at..]]))?;
    Some(line[..at].trim_end())
}
