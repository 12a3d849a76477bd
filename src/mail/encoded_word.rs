//! Encoded-words in header fields (RFC 2047), as they are really written.
//!
//! Clients split them inside a character, forget the space between two, leave spaces inside, and
//! put them into quoted strings. The bytes of neighbours with one charset are joined before they
//! are decoded; bytes outside are decoded as [`charset::decode_undeclared`] does.

use mail_parser::decoders::base64::base64_decode;

use super::charset;

/// One encoded-word.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    /// What follows it.
    rest: &'a str,
}

/// The text of a raw field value, unfolded.
pub(super) fn decode(raw: &[u8]) -> String {
    let raw = charset::decode_undeclared(raw);
    let raw: String = raw.replace("\r\n", "\n").replace('\n', "");
    if !raw.contains("=?") {
        return raw;
    }
    decode_text(&raw)
}

/// The text of an unfolded value.
pub(super) fn decode_text(text: &str) -> String {
    replace_runs(text, |decoded| decoded)
}

/// The text with something else in the place of each run of encoded-words.
fn replace_runs(text: &str, mut replace: impl FnMut(String) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(word) = read(rest) else {
            out.push_str("=?");
            rest = &rest[2..];
            continue;
        };
        let mut decoded = String::new();
        rest = run(word, &mut decoded);
        out.push_str(&replace(decoded));
    }
    out.push_str(rest);
    out
}

/// What stands in the place of an encoded-word while addresses are told apart.
const PLACE: &str = "encodedword";

/// The text with a plain word in the place of each run of encoded ones, and what they stand for: so
/// that a comma in a decoded name cannot part an address list.
pub(super) fn set_aside(text: &str) -> (String, Vec<String>) {
    let mut aside = Vec::new();
    let plain = replace_runs(text, |decoded| {
        aside.push(decoded);
        format!("{PLACE}{}x", aside.len() - 1)
    });
    (plain, aside)
}

/// Puts the decoded texts back in the places of [`set_aside`], in one pass.
pub(super) fn put_back(text: &str, aside: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(PLACE) {
        out.push_str(before);
        let number: String = after.chars().take_while(char::is_ascii_digit).collect();
        let word =
            number.parse::<usize>().ok().and_then(|n| aside.get(n)).filter(|_| after[number.len()..].starts_with('x'));
        match word {
            Some(word) => {
                out.push_str(word);
                rest = &after[number.len() + 1..];
            }
            None => {
                out.push_str(PLACE);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Decodes a run of neighbours, which only white space may part; gives what follows.
fn run<'a>(first: Word<'a>, out: &mut String) -> &'a str {
    let mut current = first;
    loop {
        let next = read(current.rest.trim_start_matches([' ', '\t']));
        match next {
            // Charsets that shift begin anew with each word.
            Some(next) if next.charset.eq_ignore_ascii_case(current.charset) && !shifts(current.charset) => {
                current.bytes.extend(next.bytes);
                current.rest = next.rest;
            }
            Some(next) => {
                out.push_str(&charset::decode(Some(current.charset), &current.bytes));
                current = next;
            }
            None => {
                out.push_str(&charset::decode(Some(current.charset), &current.bytes));
                return current.rest;
            }
        }
    }
}

fn shifts(charset: &str) -> bool {
    let charset = charset.to_ascii_lowercase();
    charset.starts_with("iso-2022") || charset.contains("utf-7") || charset.starts_with("hz")
}

/// Longest encoded text of one word, in bytes: the standard allows 75, some clients write whole subjects.
const WORD: usize = 4_000;

/// `=?charset?B|Q?text?=` at the start of `text`.
fn read(text: &str) -> Option<Word<'_>> {
    let inner = text.strip_prefix("=?")?;
    let (charset, inner) = inner.split_once('?')?;
    if charset.len() > 45 || charset.contains([' ', '\t']) {
        return None;
    }
    let (encoding, inner) = inner.split_once('?')?;
    let decode: fn(&str) -> Vec<u8> = match encoding {
        "B" | "b" => base64,
        "Q" | "q" => quoted,
        _ => return None,
    };
    let limit = (0..=inner.len().min(WORD)).rev().find(|at| inner.is_char_boundary(*at))?;
    let end = inner[..limit].find("?=")?;
    let (body, rest) = (&inner[..end], &inner[end + 2..]);
    // RFC 2231 section 5: a language may follow the charset.
    Some(Word { charset: charset.split('*').next().unwrap_or(charset), bytes: decode(body), rest })
}

/// Base64, with its padding missing or in the middle, as splitters leave it.
fn base64(body: &str) -> Vec<u8> {
    let mut clean: Vec<u8> = body.bytes().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).collect();
    if clean.len() % 4 == 1 {
        clean.pop();
    }
    while !clean.len().is_multiple_of(4) {
        clean.push(b'=');
    }
    base64_decode(&clean).unwrap_or_default()
}

fn quoted(body: &str) -> Vec<u8> {
    let body = body.as_bytes();
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        let hex = (body[at] == b'=').then(|| body.get(at + 1..at + 3)).flatten();
        match (body[at], hex.and_then(byte)) {
            (_, Some(value)) => {
                out.push(value);
                at += 3;
                continue;
            }
            (b'_', _) => out.push(b' '),
            (other, _) => out.push(other),
        }
        at += 1;
    }
    out
}

/// A byte written as two hexadecimal digits.
pub(super) fn byte(digits: &[u8]) -> Option<u8> {
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let [high, low] = digits else { return None };
    u8::try_from(value(high)? * 16 + value(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_as_clients_write_them() {
        for (raw, text) in [
            ("=?utf-8?B?UmVxdcOqdGU=?=", "Requête"),
            ("=?UTF-8?Q?caf=C3=A9_au_lait?=", "café au lait"),
            ("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café"),
            ("=?iso-8859-1?Q?=E9t=E9?= 2026", "été 2026"),
            ("a =?utf-8?Q?b?= =?iso-8859-1?Q?=E9?= c", "a bé c"),
            ("=?utf-8?Q?un?==?utf-8?Q?deux?=", "undeux"),
            ("=?utf-8?Q?avec des espaces?=", "avec des espaces"),
            ("=?utf-8*fr?Q?=C3=A9?=", "é"),
            ("\"=?utf-8?Q?Ana?=\"", "\"Ana\""),
            ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
            ("rien =? de spécial", "rien =? de spécial"),
            ("=?utf-8?Q?a?", "=?utf-8?Q?a?"),
            ("=?us-ascii?Q?50=25?=", "50%"),
            ("=?windows-1252?Q?=80?=", "€"),
            ("=?utf-8?B?w6k?=", "é"),
        ] {
            assert_eq!(decode(raw.as_bytes()), text, "{raw}");
        }
    }

    #[test]
    fn raw_bytes_beside_words_are_read_too() {
        assert_eq!(decode("déjà".as_bytes()), "déjà");
        assert_eq!(decode(b"d\xe9j\xe0 vu"), "déjà vu");
    }
}
