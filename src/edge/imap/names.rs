//! How folder names and UID sets are written in commands.

use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;

/// Base64 of modified UTF-7: `,` for `/`, no padding (RFC 3501 section 5.1.3).
static BASE64: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,");
    spec.encoding().ok()
});

/// A folder name as a quoted string, in modified UTF-7. Line breaks cannot be written and are dropped.
pub(super) fn folder(name: &str) -> String {
    let encoded = utf7(name).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{encoded}\"")
}

fn utf7(name: &str) -> String {
    let mut out = String::new();
    let mut wide = String::new();
    for c in name.chars().filter(|c| !c.is_control()) {
        if (' '..='~').contains(&c) {
            flush(&mut wide, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            wide.push(c);
        }
    }
    flush(&mut wide, &mut out);
    out
}

fn flush(wide: &mut String, out: &mut String) {
    if wide.is_empty() {
        return;
    }
    let units: Vec<u8> = wide.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let encoded = BASE64.as_ref().map(|b| b.encode(&units)).unwrap_or_default();
    out.push('&');
    out.push_str(&encoded);
    out.push('-');
    wide.clear();
}

/// UIDs in rising order as a set: `1:4,7`.
pub(super) fn uid_set(uids: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*uid) => *last = *uid,
            _ => ranges.push((*uid, *uid)),
        }
    }
    let texts = ranges.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}:{b}") });
    texts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_modified_utf7() {
        assert_eq!(folder("Traités"), "\"Trait&AOk-s\"");
        assert_eq!(folder("~peter/mail/台北/日本語"), "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\"");
        assert_eq!(folder("A&B \"x\\y\""), "\"A&-B \\\"x\\\\y\\\"\"");
        assert_eq!(folder("a\r\nLOGOUT"), "\"aLOGOUT\"");
    }

    #[test]
    fn sets_are_short() {
        assert_eq!(uid_set(&[1, 2, 3, 7, 9, 10]), "1:3,7,9:10");
        assert_eq!(uid_set(&[u32::MAX - 1, u32::MAX]), "4294967294:4294967295");
        assert_eq!(uid_set(&[]), "");
    }
}
