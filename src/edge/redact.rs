//! A server's words, fit for logs: on one line, without what acts on a terminal, without any secret it was sent.
//!
//! A server may send a secret back in another form than it got it: in capitals, escaped for a URL, for JSON or for HTML,
//! in Base64 or in hexadecimal digits, or a part of it.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use percent_encoding::percent_decode_str;

use crate::mail::one_line;

/// A part of a secret of so many characters already says too much.
const PART: usize = 8;
/// What stands for words that would give a secret away.
const LEFT_OUT: &str = "(its words hold a secret, and are left out)";

/// A server's words without the secrets.
pub(super) fn redact(text: &str, secrets: &[&str]) -> String {
    let mut shown = text.to_owned();
    for secret in secrets.iter().filter(|s| !s.is_empty()) {
        shown = shown.replace(secret, "…");
    }
    let folded: Vec<Vec<char>> =
        secrets.iter().map(|s| s.to_lowercase().chars().collect()).filter(|s: &Vec<char>| !s.is_empty()).collect();
    if reveals(&shown, &folded) { LEFT_OUT.to_owned() } else { one_line(&shown) }
}

fn reveals(text: &str, secrets: &[Vec<char>]) -> bool {
    let mut forms = vec![text.to_owned()];
    // Twice: an escape may be escaped itself.
    for _ in 0..2 {
        let more: Vec<String> = forms.iter().flat_map(|form| decoded(form)).collect();
        forms.extend(more);
        forms.sort();
        forms.dedup();
    }
    forms.iter().any(|form| {
        let form = form.to_lowercase();
        // Spaces and line ends may be put anywhere.
        let tight: String = form.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        secrets.iter().any(|secret| {
            let parts = secret.windows(PART.min(secret.len())).map(|part| part.iter().collect::<String>());
            parts.into_iter().any(|part| form.contains(&part) || tight.contains(&part))
        })
    })
}

/// What the text may stand for.
fn decoded(text: &str) -> Vec<String> {
    let mut forms = vec![
        percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned(),
        percent_decode_str(text).decode_utf8_lossy().into_owned(),
        crate::mail::without_entities(text),
    ];
    forms.extend(serde_json::from_str::<String>(&format!("\"{}\"", text.replace('"', " "))));
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/-_=".contains(c)));
    for word in words.flat_map(|word| [Some(word), word.split_once('=').map(|(_, value)| value)]).flatten() {
        let word = word.trim_end_matches('=');
        // Cut anywhere, it is still read as far as it goes.
        for cut in 0..4.min(word.len()) {
            let word = &word[cut..];
            let whole = word.get(..word.len() - usize::from(word.len() % 4 == 1)).unwrap_or_default();
            forms.extend(BASE64_NOPAD.decode(whole.as_bytes()).ok().map(|b| String::from_utf8_lossy(&b).into_owned()));
            forms.extend(
                BASE64URL_NOPAD.decode(whole.as_bytes()).ok().map(|b| String::from_utf8_lossy(&b).into_owned()),
            );
            let whole = &word[..word.len() & !1];
            forms.extend(
                HEXLOWER_PERMISSIVE.decode(whole.as_bytes()).ok().map(|b| String::from_utf8_lossy(&b).into_owned()),
            );
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_in_no_form() {
        let secret = "Hüsh-&hush/42 \"x\"";
        let forms = [
            secret.to_owned(),
            secret.to_uppercase(),
            "H%C3%BCsh-%26hush%2F42%20%22x%22".to_owned(),
            "H%c3%bcsh-%26hush%2f42+%22x%22".to_owned(),
            "H&uuml;sh-&amp;hush/42 &quot;x&quot;".to_owned(),
            "H&#252;sh-&#x26;hush/42".to_owned(),
            "H\\u00fcsh-\\u0026hush\\/42".to_owned(),
            data_encoding::BASE64.encode(secret.as_bytes()),
            data_encoding::BASE64URL_NOPAD.encode(secret.as_bytes()),
            data_encoding::BASE64.encode(format!("user=a\u{1}auth=Bearer {secret}\u{1}\u{1}").as_bytes()),
            data_encoding::HEXUPPER.encode(secret.as_bytes()),
            data_encoding::HEXLOWER.encode(secret.as_bytes()),
            "Hüsh-&\r\n hush/42".to_owned(),
            "…-&hush/4… is wrong".to_owned(),
        ];
        for form in forms {
            for text in [form.clone(), format!("535 sorry: {form}"), format!("token={form}&x=1")] {
                let shown = redact(&text, &[secret]);
                assert!(
                    shown.contains(LEFT_OUT) || !shown.contains("hush") && shown.contains('…'),
                    "{text:?}: {shown}"
                );
            }
        }
    }

    #[test]
    fn other_words_are_shown_on_one_line_and_act_on_nothing() {
        let text = "AADSTS700016: not found\r\nin the\u{1b}[31m directory";
        let shown = redact(text, &["a-refresh-token-of-some-length", "r-1"]);
        assert!(shown.starts_with("AADSTS700016: not found in the"), "{shown}");
        assert!(!shown.contains(char::is_control), "{shown:?}");
        assert_eq!(redact("r-1 is wrong", &["r-1"]), "… is wrong");
    }
}
