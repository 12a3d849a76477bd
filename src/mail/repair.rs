//! Bytes that no parser would take for an email, and every client does: a mark before the first field,
//! empty lines before it, line ends of old machines, a multipart whose boundary is not the declared one, a body that follows
//! the header without an empty line.

use std::borrow::Cow;

use super::parameter;

/// Bytes of the body in which a boundary is looked for.
const BODY: usize = 256 * 1024;
/// Longest boundary with its dashes (RFC 2046 section 5.1.1 allows 70 without).
const BOUNDARY: usize = 128;

/// The email, ready to be parsed.
pub(super) fn prepared(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw);
    let raw = without_blank_start(raw);
    let old = !raw[..raw.len().min(4096)].contains(&b'\n') && raw.contains(&b'\r');
    let raw: Cow<'_, [u8]> = if old {
        Cow::Owned(raw.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }).collect())
    } else {
        Cow::Borrowed(raw)
    };
    let raw = match body_in_header(&raw) {
        Some(at) => Cow::Owned([&raw[..at], b"\r\n", &raw[at..]].concat()),
        None => raw,
    };
    match true_type(&raw) {
        Some((end, field)) => Cow::Owned([&raw[..end], field.as_bytes(), &raw[end..]].concat()),
        None => raw,
    }
}

/// The email from its first header field on: some systems put empty lines before it.
fn without_blank_start(raw: &[u8]) -> &[u8] {
    let mut rest = raw;
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        if !rest[..end].iter().all(u8::is_ascii_whitespace) {
            break;
        }
        rest = &rest[end + 1..];
    }
    rest
}

/// Where the header ends, and a field that says the boundary the body really has, or that it has none.
fn true_type(raw: &[u8]) -> Option<(usize, String)> {
    let end = header_end(raw)?;
    let field = content_type(&raw[..end])?;
    let body = &raw[end..raw.len().min(end + BODY)];
    let kind = field.split(|b| matches!(b, b';' | b',') || b.is_ascii_whitespace()).next().unwrap_or_default();
    let separated = field[kind.len()..].trim_ascii_start().starts_with(b";");
    let declared = parameter::value(field, "boundary").filter(|_| separated);
    if declared.is_some_and(|boundary| {
        lines(body).any(|l| l.strip_prefix(b"--").is_some_and(|l| l.starts_with(boundary.as_bytes())))
    }) {
        return None;
    }
    // A boundary stands at least twice: before a part and at the end.
    let candidate =
        |l: &&[u8]| l.len() > 2 && l.len() <= BOUNDARY && l.starts_with(b"--") && l.is_ascii() && !l.contains(&b'"');
    let found = lines(body)
        .find(|l| candidate(l) && !l.contains(&b' '))
        .filter(|first| lines(body).filter(|l| l.strip_suffix(b"--").unwrap_or(l) == *first).take(2).count() == 2);
    let kind = String::from_utf8_lossy(kind);
    let field = match found {
        Some(line) => {
            let report = parameter::value(field, "report-type").map(|r| format!("report-type={r}; "));
            let boundary = String::from_utf8_lossy(&line[2..]);
            format!("Content-Type: {kind}; {}boundary=\"{boundary}\"\r\n", report.unwrap_or_default())
        }
        // What calls itself a report stays one, even when its parts are gone.
        None if body.len() < BODY && !kind.eq_ignore_ascii_case("multipart/report") => {
            "Content-Type: text/plain\r\n".to_owned()
        }
        None => return None,
    };
    Some((end, field))
}

/// Where the body begins, when no empty line stands before it: with a boundary, or with a line that is no field and that no
/// field follows.
fn body_in_header(raw: &[u8]) -> Option<usize> {
    let mut at = 0;
    let (mut fields, mut odd) = (0, None);
    for line in raw.split_inclusive(|b| *b == b'\n').take(4_000) {
        if line.trim_ascii().is_empty() {
            break;
        }
        if fields > 0 && line.starts_with(b"--") {
            return Some(at);
        }
        if is_field(line) {
            (fields, odd) = (fields + 1, None);
        } else if !line.starts_with(b" ") && !line.starts_with(b"\t") && odd.is_none() {
            odd = Some(at);
        }
        at += line.len();
    }
    odd.filter(|at| *at > 0 && fields > 1)
}

/// Whether a line begins with the name of a field and its colon (RFC 5322 section 2.2).
fn is_field(line: &[u8]) -> bool {
    let name = line.iter().position(|b| !b.is_ascii_graphic() || *b == b':').unwrap_or(0);
    name > 0 && line[name..].trim_ascii_start().starts_with(b":")
}

/// The place of the empty line after the header.
fn header_end(raw: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in raw.split_inclusive(|b| *b == b'\n').take(4_000) {
        if line.trim_ascii().is_empty() {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// The value of the last Content-Type field, when it is a multipart, with the lines that continue it.
fn content_type(header: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"content-type:";
    let mut at = 0;
    let mut start = None;
    let mut end = 0;
    for line in header.split_inclusive(|b| *b == b'\n') {
        let named = line.get(..NAME.len()).is_some_and(|l| l.eq_ignore_ascii_case(NAME));
        let continues = line.starts_with(b" ") || line.starts_with(b"\t");
        if named {
            start = Some(at + NAME.len());
        }
        if named || (continues && start.is_some() && end == at) {
            end = at + line.len();
        }
        at += line.len();
    }
    let value = header[start?..end].trim_ascii_start();
    value.get(..10).is_some_and(|v| v.eq_ignore_ascii_case(b"multipart/")).then_some(value)
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(raw: &str) -> String {
        String::from_utf8_lossy(&prepared(raw.as_bytes())).into_owned()
    }

    #[test]
    fn what_is_well_is_left_alone() {
        for raw in [
            "From: a@b.example\r\n\r\nx",
            "Content-Type: multipart/mixed;\r\n boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
        ] {
            assert!(matches!(prepared(raw.as_bytes()), Cow::Borrowed(_)), "{raw}");
        }
    }

    #[test]
    fn a_wrong_or_missing_boundary_is_found_in_the_body() {
        for head in ["multipart/mixed", "multipart/mixed; boundary=other", "multipart/mixed, boundary=b"] {
            let mail = fixed(&format!("Content-Type: {head}\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"));
            assert!(mail.contains("boundary=\"b\"\r\n\r\n--b"), "{mail}");
        }
        assert!(
            fixed("Content-Type: multipart/mixed; boundary=b\r\n\r\nJust text\r\n")
                .contains("Content-Type: text/plain\r\n\r\nJust")
        );
    }

    #[test]
    fn a_body_without_its_empty_line_begins_where_no_field_follows() {
        let mail = fixed("Subject: a\nContent-Type: multipart/mixed; boundary=b\n--b\n\nx\n--b--\n");
        assert!(mail.contains("boundary=b\n\r\n--b\n"), "{mail}");
        assert!(fixed("From: a\nSubject: b\nBonjour,\nplus rien\n\nAna\n").contains("b\n\r\nBonjour,\n"));
        for whole in
            ["From: a\nSubject: b\nbroken fold\nTo: c\n\nx", "From a@b Mon\nFrom: a\n\nx", "Subject : b\nFrom : a\n\nx"]
        {
            assert_eq!(fixed(whole), whole);
        }
    }

    #[test]
    fn old_line_ends_and_marks_are_repaired() {
        assert_eq!(fixed("\u{feff}From: a@b.example\r\r\rx"), "From: a@b.example\n\n\nx");
        assert_eq!(fixed("\r\n \r\nFrom: a\r\n\r\nx"), "From: a\r\n\r\nx");
    }
}
