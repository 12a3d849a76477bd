//! From bytes to text, by the declared charset where it fits and by the evidence where it does not.
//!
//! Real mail declares no charset, a wrong one, or one nobody knows. The rules, in order: bytes that
//! are UTF-8 with letters beyond ASCII are UTF-8 whatever they are said to be (no text in a
//! single-byte charset looks like that); a declared charset is believed when it decodes without
//! error; what is left is recognised by its statistics.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;

/// Decodes bytes that declare this charset, or none.
pub(super) fn decode(label: Option<&str>, bytes: &[u8]) -> String {
    let label = label.map(plain_label).filter(|l| !l.is_empty());
    let declared = label.as_deref();
    if bytes.is_ascii() {
        return decode_ascii(declared, bytes);
    }
    let encoding = declared.and_then(|l| Encoding::for_label(l.as_bytes()));
    // A run of letters in a charset of several bytes is not by chance UTF-8 throughout.
    if encoding.is_none_or(|e| e.name() != "UTF-16LE" && e.name() != "UTF-16BE")
        && let Ok(text) = std::str::from_utf8(bytes)
        && text.chars().filter(|c| !c.is_ascii()).take(3).count() == 3
    {
        return without_mark(text).to_owned();
    }
    if let Some(text) = mostly_utf8(encoding, bytes) {
        return text;
    }
    if is_narrow(encoding, declared)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return without_mark(text).to_owned();
    }
    if let Some(encoding) = encoding.filter(|e| !is_undeclared(declared, e)) {
        let (text, _, broken) = encoding.decode(bytes);
        // In charsets of several bytes a few broken characters do not make the rest wrong.
        if !broken || (!encoding.is_single_byte() && encoding != UTF_8) {
            return text.into_owned();
        }
    } else if let Some(decoder) = declared.and_then(|l| charset_decoder(l.as_bytes())).filter(|_| encoding.is_none()) {
        return decoder(bytes);
    }
    guess(bytes)
}

/// UTF-8 in which a few bytes went wrong: cut in a character, or with a foot in another charset.
fn mostly_utf8(encoding: Option<&'static Encoding>, bytes: &[u8]) -> Option<String> {
    if encoding.is_some_and(|e| e != UTF_8) {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let bad = text.chars().filter(|c| *c == '\u{fffd}').count();
    let good = text.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
    (bad > 0 && good >= 2 * bad).then(|| without_mark(&text).to_owned())
}

/// Undeclared bytes, such as those of a raw header field.
pub(super) fn decode_undeclared(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(_) if has_shift(bytes) => Cow::Owned(decode(None, bytes)),
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(decode(None, bytes)),
    }
}

/// Seven-bit text: mostly itself, but for the charsets that shift.
fn decode_ascii(label: Option<&str>, bytes: &[u8]) -> String {
    let plain = || String::from_utf8_lossy(bytes).into_owned();
    let japanese = has_shift(bytes);
    let shifting = label
        .filter(|l| l.starts_with("iso-2022") || l.contains("utf-7") || l.starts_with("utf-16") || *l == "hz-gb-2312");
    match shifting {
        // Pieces that were joined leave empty shifts, which the decoder takes for damage.
        _ if japanese => {
            let joined = String::from_utf8_lossy(bytes).replace("\u{1b}(B\u{1b}$B", "");
            ISO_2022_JP.decode(joined.as_bytes()).0.into_owned()
        }
        Some(label) => match charset_decoder(label.as_bytes()) {
            Some(decoder) => decoder(bytes),
            None => plain(),
        },
        None => plain(),
    }
}

/// The escape sequences of ISO-2022-JP (RFC 1468), which nothing else in mail uses.
fn has_shift(bytes: &[u8]) -> bool {
    const SHIFTS: [&[u8]; 3] = [b"\x1b$B", b"\x1b$@", b"\x1b(J"];
    bytes.contains(&0x1b) && bytes.windows(3).any(|w| SHIFTS.contains(&w))
}

/// Lower case, without the ornaments some clients add (`"utf-8"`, `utf-8//translit`, `charset=…`).
fn plain_label(label: &str) -> String {
    let label = label.trim().trim_matches(['"', '\'', ' ', ';']).to_ascii_lowercase();
    let label = label.strip_prefix("charset=").unwrap_or(&label);
    let label = label.split(['/', '*', ',']).next().unwrap_or_default().trim();
    match label {
        "utf8mb4" | "utf_8" | "unicode-1-1-utf-8" | "cp65001" => "utf-8".to_owned(),
        "unicode-1-1-utf-7" | "x-unicode-2-0-utf-7" => "utf-7".to_owned(),
        "latin-1" | "iso8859-1" | "iso_8859_1" => "iso-8859-1".to_owned(),
        "cp-1252" | "win-1252" | "ansi" => "windows-1252".to_owned(),
        "cp-850" | "ibm-850" => "cp850".to_owned(),
        "cp949" | "ms949" | "uhc" | "ks_c_5601" => "euc-kr".to_owned(),
        "cp932" | "x-ms-cp932" | "ms932" => "shift_jis".to_owned(),
        "euc-cn" | "cp936" => "gbk".to_owned(),
        other => other.to_owned(),
    }
}

/// Charsets in which a run of bytes is never by chance valid UTF-8.
fn is_narrow(encoding: Option<&'static Encoding>, label: Option<&str>) -> bool {
    match encoding {
        Some(encoding) => encoding.is_single_byte() || encoding == UTF_8,
        None => label.is_none_or(|l| charset_decoder(l.as_bytes()).is_none()),
    }
}

/// `us-ascii` beside bytes beyond it declares nothing.
fn is_undeclared(label: Option<&str>, encoding: &'static Encoding) -> bool {
    encoding == WINDOWS_1252 && label.is_some_and(|l| l.contains("ascii") || l.starts_with("ansi_x3"))
}

fn guess(bytes: &[u8]) -> String {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guessed = detector.guess(None, chardetng::Utf8Detection::Allow);
    let encoding = if is_borne_out(guessed, bytes) { guessed } else { WINDOWS_1252 };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// Fewest bytes beyond ASCII by which statistics tell one Latin alphabet from another.
const TELLING: usize = 12;

/// Whether the bytes say more for a charset than that its letters are likely. A few words in French have one accent each, which
/// statistics take for Baltic or Polish as soon; what nothing speaks against is windows-1252, as in the Encoding Standard.
fn is_borne_out(guessed: &'static Encoding, bytes: &[u8]) -> bool {
    if guessed == WINDOWS_1252 || guessed == UTF_8 {
        return true;
    }
    let high = bytes.iter().filter(|b| !b.is_ascii()).count();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if !guessed.is_single_byte() {
        return 2 * high >= letters;
    }
    if LATIN.contains(&guessed.name()) {
        return high >= TELLING || has_no_western_letter(bytes);
    }
    // A word of another script is written in it throughout.
    let together = bytes.windows(2).filter(|pair| pair.iter().all(|b| !b.is_ascii())).count();
    2 * together >= high
}

/// Charsets for the Latin alphabets of other languages.
const LATIN: [&str; 11] = [
    "windows-1250",
    "windows-1254",
    "windows-1257",
    "windows-1258",
    "ISO-8859-2",
    "ISO-8859-3",
    "ISO-8859-4",
    "ISO-8859-10",
    "ISO-8859-13",
    "ISO-8859-15",
    "ISO-8859-16",
];

/// Whether some word would have a sign in it in windows-1252, such as `za³±cznik`.
fn has_no_western_letter(bytes: &[u8]) -> bool {
    const SIGNS: &[u8] = b"\xa1\xa2\xa3\xa5\xa6\xaa\xac\xaf\xb1\xb3\xb6\xb9\xba\xbc\xbe\xbf\xf0\xfe";
    bytes.windows(2).any(|pair| pair[0].is_ascii_alphabetic() && SIGNS.contains(&pair[1]))
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(label: &str, bytes: &[u8]) -> String {
        decode((!label.is_empty()).then_some(label), bytes)
    }

    #[test]
    fn declared_charsets_are_believed_where_they_fit() {
        assert_eq!(text("iso-8859-1", b"\xe9t\xe9"), "été");
        assert_eq!(text("ISO-8859-15", b"5 \xa4"), "5 €");
        assert_eq!(text("windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2"), "Привет");
        assert_eq!(text("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4"), "Привет");
        assert_eq!(text("gb18030", b"\xc4\xe3\xba\xc3"), "你好");
        assert_eq!(text("iso-2022-jp", b"\x1b$B$3$s\x1b(B"), "こん");
        assert_eq!(text("utf-7", b"Gr+APwA3w-e"), "Grüße");
        assert_eq!(text("unicode-1-1-utf-7", b"caf+AOk-"), "café");
        assert_eq!(text("cp850", b"\x82t\x82"), "été");
        assert_eq!(text("\"utf-8\"", "é".as_bytes()), "é");
    }

    #[test]
    fn wrong_and_missing_declarations_are_seen_through() {
        assert_eq!(text("utf-8", b"d\xe9j\xe0 vu"), "déjà vu");
        assert_eq!(text("us-ascii", b"d\xe9j\xe0 vu"), "déjà vu");
        for short in
            ["Requête SQL", "Bâtiment B", "Élève", "Hôtel", "Noël", "À bientôt", "cœur", "50 €", "Reçu", "fenêtre.png"]
        {
            let bytes = WINDOWS_1252.encode(short).0;
            assert_eq!(text("", &bytes), short);
        }
        assert_eq!(text("", b"Za\xb3\xb1cznik"), "Załącznik");
        assert_eq!(text("", b"\xcf\xf0\xe8\xe2\xe5\xf2 \xe2\xf1\xe5\xec"), "Привет всем");
        assert_eq!(
            text("", b"L'imprimante de l'\xe9tage ne r\xe9pond plus \xe0 personne"),
            "L'imprimante de l'étage ne répond plus à personne"
        );
        assert_eq!(text("iso-8859-1", "été".as_bytes()), "été");
        assert_eq!(text("x-unknown", "été".as_bytes()), "été");
        assert_eq!(text("x-unknown", b"\xe9t\xe9"), "été");
        assert_eq!(text("us-ascii", b"\x1b$B$3$s\x1b(B"), "こん");
    }
}
