//! Files that old clients write into the text itself (`begin 644 name` … `end`).

use std::borrow::Cow;

/// A file found in a text.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) contents: Vec<u8>,
}

/// The text without the files in it, and the files.
pub(super) fn split(text: &str) -> (Cow<'_, str>, Vec<Found>) {
    if !text.contains("begin ") || !text.contains("\nend") {
        return (Cow::Borrowed(text), Vec::new());
    }
    let lines: Vec<&str> = text.lines().collect();
    let (mut kept, mut found) = (Vec::new(), Vec::new());
    let mut at = 0;
    // Where no further file can end: a text of many beginnings is read once.
    let last_end = lines.iter().rposition(|l| l.trim_end() == "end").unwrap_or(0);
    while at < lines.len() {
        match name(lines[at]).filter(|_| at < last_end).and_then(|name| file(name, &lines[at + 1..])) {
            Some((file, length)) => {
                found.push(file);
                at += length + 1;
            }
            None => {
                kept.push(lines[at]);
                at += 1;
            }
        }
    }
    if found.is_empty() { (Cow::Borrowed(text), found) } else { (Cow::Owned(kept.join("\n") + "\n"), found) }
}

/// The name in a `begin` line.
fn name(line: &str) -> Option<&str> {
    let (mode, name) = line.trim_end().strip_prefix("begin ")?.split_once(' ')?;
    let octal = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    (octal && !name.is_empty()).then_some(name)
}

/// Its contents and how many lines they take, `end` included.
fn file(name: &str, lines: &[&str]) -> Option<(Found, usize)> {
    let mut contents = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim_end_matches('\r');
        if line.trim_end() == "end" {
            return Some((Found { name: name.to_owned(), contents }, at + 1));
        }
        decode(line, &mut contents)?;
    }
    None
}

/// One line: a length, then groups of four characters for three bytes.
fn decode(line: &str, out: &mut Vec<u8>) -> Option<()> {
    let bytes = line.as_bytes();
    let Some((length, groups)) = bytes.split_first() else { return Some(()) };
    let value = |b: u8| (0x20..=0x60).contains(&b).then(|| u32::from(b.wrapping_sub(0x20) & 0x3f));
    let length = value(*length)? as usize;
    // Spaces at its end are lost on the way, but no more than that.
    if length > groups.len().div_ceil(4) * 3 + 6 {
        return None;
    }
    let start = out.len();
    for group in groups.chunks(4) {
        let mut bits = 0u32;
        for at in 0..4 {
            // Trailing spaces are lost on the way.
            bits = bits << 6 | value(group.get(at).copied().unwrap_or(b' '))?;
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    out.resize(start + length, 0);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_file_in_the_text_becomes_a_file() {
        let (text, files) = split("Voici.\nbegin 644 cat.txt\n#0V%T\n`\nend\nMerci.\n");
        assert_eq!(text, "Voici.\nMerci.\n");
        assert_eq!((files[0].name.as_str(), files[0].contents.as_slice()), ("cat.txt", b"Cat".as_slice()));
    }

    #[test]
    fn what_only_looks_like_one_stays_text() {
        for text in ["begin 644 x\nbonjour é\nend\n", "begin at nine\nend", "begin 644 x\n#0V%T\n"] {
            let (kept, files) = split(text);
            assert_eq!((kept.as_ref(), files.len()), (text, 0));
        }
    }
}
