//! Addresses of people.
//!
//! Takes: what a header field says. Gives: a bare address and the name beside it, free of control
//! characters, so that neither can carry a line break into a notification or a log.

use mail_parser::{Addr, Address as Parsed, MessageParser};

use super::encoded_word;
use super::visible::deceives;

/// A person's mailbox as a header names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name; empty when there is none.
    pub name: String,
    /// The bare address (`someone@example.org`), in the case it was written in.
    pub address: String,
}

impl Address {
    /// What two spellings of the same mailbox have in common; see [`key`].
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.address)
    }

    /// The name, or the address when there is no name.
    #[must_use]
    pub fn display(&self) -> &str {
        if self.name.is_empty() { &self.address } else { &self.name }
    }
}

/// The form in which addresses are compared and stored: lower case, without surrounding space.
///
/// RFC 5321 lets the part before the `@` depend on case; no mail system in use makes it so.
#[must_use]
pub fn key(address: &str) -> String {
    address.trim().to_lowercase()
}

/// Whether this could be written to: one `@` with something on both sides, no space or control
/// character, within the lengths of RFC 5321 section 4.5.3.1.
#[must_use]
pub(crate) fn looks_like_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@').filter(|(_, domain)| !domain.contains('@')) else {
        return false;
    };
    !local.is_empty()
        && local.len() <= 64
        && !domain.is_empty()
        && text.len() <= 254
        && !text.chars().any(|c| c.is_control() || c.is_whitespace() || "<>,;\"".contains(c))
}

/// Addresses of a parsed field, groups flattened, those without an address left out.
pub(super) fn flatten(parsed: &Parsed<'_>, most: usize) -> Vec<Address> {
    parsed.iter().filter_map(convert).take(most).collect()
}

fn convert(addr: &Addr<'_>) -> Option<Address> {
    let address = one_line(addr.address.as_deref().unwrap_or_default());
    let address = bare(&address).to_owned();
    let name = short(&one_line(addr.name.as_deref().unwrap_or_default()));
    if looks_like_address(&address) {
        return Some(Address { name: own_name(name, &address), address });
    }
    // Some clients write the address where the name belongs: `From: someone@example.org <>`. An
    // address that is there and unusable must not give way to whatever the name claims.
    if !address.is_empty() {
        return None;
    }
    let inside = name.trim_matches(|c: char| "<>\"' ".contains(c));
    looks_like_address(inside).then(|| Address { name: String::new(), address: inside.to_owned() })
}

/// The name, unless it is the address again, or the part before its `@` where that is no word: nobody is greeted by that.
fn own_name(name: String, address: &str) -> String {
    let plain = name.trim_matches(|c: char| "'\"<>() ".contains(c));
    let local = address.split('@').next().unwrap_or_default();
    let made_up = local.contains(|c: char| !c.is_alphabetic());
    let same = plain.eq_ignore_ascii_case(address) || (made_up && plain.eq_ignore_ascii_case(local));
    if same { String::new() } else { name }
}

/// Without what some programs put around an address.
fn bare(address: &str) -> &str {
    let address = address.trim_matches(|c: char| "'\"<>\u{200b}\u{feff}".contains(c) || c.is_whitespace());
    let address = address.strip_prefix('[').map_or(address, |inner| inner.strip_suffix(']').unwrap_or(inner));
    match address.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &address[7..],
        _ => address,
    }
}

/// `"marie"@college.example` is `marie@college.example`: quotes around what needs none mean nothing (RFC 5321 section 4.1.2).
fn without_needless_quotes(value: &str) -> String {
    let plain = |local: &str| local.chars().all(|c| c.is_alphanumeric() || "!#$&'*+-/=?^_`{|}~.".contains(c));
    let quoted = value.split_once("\"@").and_then(|(before, domain)| Some((before.rsplit_once('"')?, domain)));
    match quoted {
        Some(((before, local), domain)) if !local.is_empty() && plain(local) => format!("{before}{local}@{domain}"),
        _ => value.to_owned(),
    }
}

/// The author of a field the parser could make nothing of: what stands in its last angle brackets,
/// else the first word that is an address. It is a guess.
pub(super) fn guess(value: &str) -> Option<Address> {
    let value = without_needless_quotes(&encoded_word::decode_text(&one_line(value)));
    let angled = value.rsplit_once('<').map(|(_, rest)| rest.split('>').next().unwrap_or(rest));
    let address = match angled.filter(|inside| inside.contains('@')) {
        // Brackets that hold an unusable address must not give way to whatever the name claims.
        Some(inside) => bare(inside.rsplit([':', ',']).next().unwrap_or(inside)).replace(' ', ""),
        None => {
            let mut words = value.split(|c: char| c.is_whitespace() || "<>()[],;\"".contains(c));
            bare(words.find(|word| looks_like_address(bare(word)))?).to_owned()
        }
    };
    if !looks_like_address(&address) {
        return None;
    }
    let name = value.split(['<', '(']).next().unwrap_or_default().replace(&address, "");
    let name = short(name.trim_matches(|c: char| "\"' ".contains(c)));
    Some(Address { name, address })
}

/// Whether an address field can be read in one way only: one mailbox, bare or in one pair of brackets, written without quotes,
/// comments or routes of its own. What stands in a quoted name, or in a comment beside it, is a name.
pub(super) fn reads_one_way(value: &str) -> bool {
    let Some(bare) = outside_quotes(value) else { return false };
    let opens = bare.matches('<').count();
    if opens != bare.matches('>').count() || opens > 1 || bare.contains([':', ';']) {
        return false;
    }
    let plain = |address: &str| {
        let address = address.trim();
        looks_like_address(address) && !address.contains(['(', ')', '[', ']', '\\', '%', '!', '"', '\u{fffd}'])
    };
    match bare.split_once('<') {
        None => plain(bare.trim()),
        Some((name, rest)) => {
            let (address, behind) = rest.split_once('>').unwrap_or((rest, ""));
            // An address in the name, outside quotes, is what other readers take.
            plain(address) && behind.trim().is_empty() && (!name.contains('@') || name.trim() == address.trim())
        }
    }
}

/// What stands outside of quoted texts and comments, each of them a space; none where one has no end, or holds an address that
/// stands next to an `@`.
fn outside_quotes(value: &str) -> Option<String> {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0usize, false, false);
    // A comment that holds an address, or that stands within one; a quoted text with escapes: others read them differently.
    let mut odd = false;
    let mut before = ' ';
    let mut closed = false;
    for c in value.chars() {
        odd |= closed && !c.is_whitespace();
        closed = false;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted || depth > 0 => {
                escaped = true;
                odd |= quoted;
            }
            '"' if depth == 0 => {
                quoted = !quoted;
                out.push(' ');
            }
            '(' if !quoted => {
                odd |= depth == 0 && !before.is_whitespace();
                depth += 1;
            }
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                closed = depth == 0;
                out.push(' ');
            }
            _ if depth > 0 => odd |= c == '@',
            _ if quoted => {}
            c => out.push(c),
        }
        before = c;
    }
    (depth == 0 && !quoted && !odd).then_some(out)
}

/// An address whose part before the `@` is quoted and holds what would be an address of its own, or a bracket.
pub(super) fn quoted_local(value: &str) -> Option<String> {
    let (at, _) = value.rmatch_indices("\"@").next()?;
    let start = value[..at].rfind('"')?;
    let inside = &value[start + 1..at];
    let domain: String =
        value[at + 2..].chars().take_while(|c| !c.is_whitespace() && !"<>,;\"()".contains(*c)).collect();
    (inside.contains(['@', '<', '>']) && !domain.is_empty()).then(|| format!("\"{inside}\"@{domain}"))
}

/// Most characters of a name that are kept: it stands in notifications.
const NAME: usize = 200;

fn short(name: &str) -> String {
    name.chars().take(NAME).collect()
}

/// Reads the value of an address field again whose names hold encoded-words in a form of their own.
pub(super) fn reread(value: &str, most: usize) -> Vec<Address> {
    let (plain, aside) = encoded_word::set_aside(&one_line(value));
    let field = format!("From: {plain}\r\n\r\n");
    let message = MessageParser::default().parse(field.as_bytes());
    let parsed = message.as_ref().and_then(|m| m.from());
    let mut found = parsed.map(|p| flatten(p, most)).unwrap_or_default();
    for address in &mut found {
        address.name = short(&one_line(&encoded_word::put_back(&address.name, &aside)));
    }
    found
}

/// U+2028 and U+2029 end lines, and so part words.
fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// The text without control characters and without [what deceives](deceives), runs of white space folded to one
/// space.
#[must_use]
pub(crate) fn one_line(text: &str) -> String {
    let shown = text.chars().filter(|c| !deceives(*c) || is_line_end(*c));
    let spaced: String = shown.map(|c| if c.is_control() || is_line_end(c) { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_that_are_not_needed_are_no_part_of_an_address() {
        let read = |value| guess(value).map(|a| a.address);
        assert_eq!(read(r#""marie.curie"@college.example"#).as_deref(), Some("marie.curie@college.example"));
        assert_eq!(read(r#"Marie <"marie"@college.example>"#).as_deref(), Some("marie@college.example"));
        assert_eq!(read(r#"A <"marie curie"@college.example>"#), None);
        assert!(!reads_one_way(r#"Marie <"marie"@college.example>"#));
    }

    #[test]
    fn only_writable_addresses_pass() {
        assert!(looks_like_address("a.b+c@example.org"));
        for bad in ["", "a", "@b", "a@", "a b@c", "a\n@b.c", "a@b>c", "a@b,c@d"] {
            assert!(!looks_like_address(bad), "{bad:?}");
        }
        let long = format!("{}@example.org", "x".repeat(65));
        assert!(!looks_like_address(&long));
    }

    #[test]
    fn names_split_inside_a_character_are_put_together() {
        let found = reread("=?utf-8?Q?Andr=C3?= =?utf-8?Q?=A9=2C_chef?= <a@b.example>, c@d.example", 9);
        let names: Vec<&str> = found.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["André, chef", ""]);
        assert_eq!(found[0].address, "a@b.example");
    }

    #[test]
    fn a_name_cannot_carry_a_line_break() {
        assert_eq!(one_line("Eve\r\nBcc: all@example.org"), "Eve Bcc: all@example.org");
        assert_eq!(one_line("a\0b"), "a b");
    }
}
