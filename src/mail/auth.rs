//! What the receiving servers found out about the sender (RFC 8601).
//!
//! Anyone may write such a field into an email. Where each stands among the `Received` fields is kept with it: whom to believe is
//! decided in `ticket`; here they are only read. A field that cannot be read without doubt still says who it claims to be
//! from, and nothing else.

use mail_parser::{Header, Message};

use super::charset::decode_undeclared;

/// One `Authentication-Results` field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthenticationResult {
    /// The server that speaks (`authserv-id`), ASCII letters in lower case.
    pub server: String,
    /// The first verdict of DMARC (`pass`, `fail`, `none`…), lower case, when it has one.
    pub dmarc: Option<String>,
    /// The domain that verdict is about (`header.from`), lower case, when it is named.
    pub dmarc_domain: Option<String>,
    /// Domains whose DKIM signature was found good (`header.d`, else that of `header.i`), lower case.
    pub dkim_pass: Vec<String>,
    /// How many of [`ParsedEmail::received_by`](super::ParsedEmail::received_by) stand above it.
    pub below: usize,
}

/// Most fields that are looked at.
const FIELDS: usize = 8;
/// Most `Received` fields that are looked at.
const HOPS: usize = 64;
/// Most bytes of a field: servers write hundreds.
const LONGEST: usize = 64 * 1024;

/// The fields in their order, topmost first; and by which host each `Received` field says to be written (`by`), lower case.
pub(super) fn read(message: &Message<'_>) -> (Vec<AuthenticationResult>, Vec<String>) {
    let (mut found, mut hops) = (Vec::new(), Vec::new());
    for header in message.headers() {
        let name = header.name.as_str();
        let range = header.offset_start as usize..header.offset_end as usize;
        let Some(bytes) = message.raw_message.get(range) else { continue };
        if name.eq_ignore_ascii_case("Received") && hops.len() < HOPS {
            hops.push(host(&decode_undeclared(&bytes[..bytes.len().min(4096)])));
        } else if name.eq_ignore_ascii_case("Authentication-Results")
            && found.len() < FIELDS
            && is_clean(message, header)
        {
            found.push(AuthenticationResult { below: hops.len(), ..parse(bytes) });
        }
    }
    (found, hops)
}

/// Whether the colon follows the field's name at once: a server that takes out what others wrote may pass over any other form.
fn is_clean(message: &Message<'_>, header: &Header<'_>) -> bool {
    let name = header.offset_field as usize..header.offset_start as usize;
    let name = message.raw_message.get(name).unwrap_or_default();
    name.strip_suffix(b":").is_some_and(|name| name.iter().all(u8::is_ascii_graphic))
}

/// The host behind `by` (RFC 5321, section 4.4).
fn host(value: &str) -> String {
    let Some((bare, _)) = uncommented(value) else { return String::new() };
    let mut words = bare.split_whitespace().map(|word| word.trim_end_matches(';'));
    let by = words.find(|word| word.eq_ignore_ascii_case("by")).and_then(|_| words.next());
    by.unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase()
}

fn parse(bytes: &[u8]) -> AuthenticationResult {
    let readable = bytes.len() <= LONGEST && is_one_line(bytes);
    let value = decode_undeclared(&bytes[..bytes.len().min(LONGEST)]);
    let read = uncommented(&value);
    let clauses = clauses(read.as_ref().map_or(value.as_ref(), |(bare, _)| bare));
    let mut clauses = clauses.iter();
    let first = clauses.next().map(String::as_str).unwrap_or_default();
    // A version may follow the name; anything else makes it another.
    let mut words = first.split_ascii_whitespace();
    let (name, version) = (words.next().unwrap_or_default(), words.next());
    let versioned = version.is_none_or(|v| v.bytes().all(|b| b.is_ascii_digit())) && words.next().is_none();
    let server = if versioned { name } else { first.trim() };
    let mut result = AuthenticationResult {
        server: server.trim_matches('"').to_ascii_lowercase(),
        ..AuthenticationResult::default()
    };
    if !readable || !read.is_some_and(|(_, whole)| whole) {
        return result;
    }
    // A server that writes a sender's words without quotes lets them say results of their own, before it says its. Then words
    // stand where a result should, or two results of one method differ.
    let (mut doubtful, mut denied) = (false, false);
    let mut dkim: Vec<(String, String, String)> = Vec::new();
    for clause in clauses {
        let pairs = pairs(clause);
        doubtful |= pairs.is_empty() && !matches!(clause.trim(), "" | "none");
        let property = |name: &str| pairs.iter().skip(1).find(|(key, _)| key == name).map(|(_, value)| value.clone());
        match pairs.first().map(|(method, verdict)| (method.as_str(), verdict.as_str())) {
            Some(("dmarc", verdict)) if result.dmarc.is_none() => {
                result.dmarc = Some(verdict.to_owned());
                result.dmarc_domain = property("header.from");
            }
            Some(("dmarc", verdict)) => {
                let domain = property("header.from");
                doubtful |= result.dmarc.as_deref() != Some(verdict);
                denied |= verdict == "fail";
                doubtful |= domain.is_some() && domain != result.dmarc_domain;
            }
            Some(("dkim", verdict)) => {
                let identity = || property("header.i").and_then(|i| Some(i.rsplit_once('@')?.1.to_owned()));
                let domain = property("header.d").or_else(identity).unwrap_or_default();
                dkim.push((verdict.to_owned(), domain, property("header.s").unwrap_or_default()));
            }
            _ => {}
        }
    }
    // Several signatures may fare differently, the same one may not, and where there is one it is not none.
    let differs = |(verdict, domain, key): &(String, String, String)| {
        dkim.iter().any(|(other, of, by)| other != verdict && ((of, by) == (domain, key) || other == "none"))
    };
    let good = dkim.iter().filter(|one| one.0 == "pass" && !one.1.is_empty() && !differs(one));
    result.dkim_pass = good.map(|(_, domain, _)| domain.clone()).collect();
    if doubtful {
        denied |= result.dmarc.as_deref() == Some("fail");
        let dmarc = denied.then(|| "fail".to_owned());
        return AuthenticationResult { server: result.server, dmarc, ..AuthenticationResult::default() };
    }
    result
}

/// Whether its lines go on as RFC 5322, section 2.2.3, has it, and nothing in them could pass for the end of one.
fn is_one_line(bytes: &[u8]) -> bool {
    let trimmed = bytes.trim_ascii_end();
    let text = String::from_utf8_lossy(trimmed);
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('\n') {
        if !rest[at + 1..].starts_with([' ', '\t']) {
            return false;
        }
        let line = rest[..at].strip_suffix('\r').unwrap_or(&rest[..at]);
        if line.contains(is_break) {
            return false;
        }
        rest = &rest[at + 1..];
    }
    !rest.contains(is_break)
}

fn is_break(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The text without comments in parentheses, nested ones too, and whether each, and each quoted text, has its end. White space
/// and separators within quotes are hidden, so that they part nothing.
fn uncommented(value: &str) -> Option<(String, bool)> {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0usize, false, false);
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted || depth > 0 => escaped = true,
            '"' if depth == 0 => {
                quoted = !quoted;
                out.push('"');
            }
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    out.push(' ');
                }
            }
            _ if depth > 0 => {}
            c if quoted && (c.is_whitespace() || matches!(c, ';' | '=')) => out.push('_'),
            c => out.push(c),
        }
    }
    Some((out, depth == 0 && !quoted && !escaped))
}

fn clauses(bare: &str) -> Vec<String> {
    bare.split(';').map(ToOwned::to_owned).collect()
}

/// `name = value` one after the other, in lower case (of ASCII letters alone: others have letters that fold into them). What is not
/// one ends them.
fn pairs(clause: &str) -> Vec<(String, String)> {
    let spaced = clause.to_ascii_lowercase().replace('=', " = ");
    // White space and comments may stand between any two parts (CFWS).
    let joined = spaced.split_ascii_whitespace().collect::<Vec<_>>().join(" ").replace(" . ", ".");
    let words: Vec<&str> = joined.split(' ').filter(|word| !word.is_empty()).collect();
    let mut found = Vec::new();
    let mut rest = words.as_slice();
    while let [name, "=", value, more @ ..] = rest {
        if *value == "=" {
            break;
        }
        // `dmarc/1=pass`: the version of a method.
        let name = if found.is_empty() { name.split('/').next().unwrap_or(name) } else { name };
        found.push((name.to_owned(), value.trim_matches('"').to_owned()));
        rest = more;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> AuthenticationResult {
        super::parse(value.as_bytes())
    }

    #[test]
    fn verdicts_are_read_and_comments_are_not() {
        let read = parse(
            "MX.example.org 1 (dmarc=pass); dkim=pass (good; dmarc=pass) header.d=Example.org; \
             dkim=fail header.d=evil.example; dmarc=FAIL (p=none) header.from=example.org",
        );
        assert_eq!(read.server, "mx.example.org");
        assert_eq!(read.dmarc.as_deref(), Some("fail"));
        assert_eq!(read.dkim_pass, ["example.org"]);
    }

    #[test]
    fn a_field_that_contradicts_itself_says_nothing() {
        let pass = "dmarc=pass header.from=a.example";
        for text in [
            format!("mx; spf=pass smtp.mailfrom=a;{pass};x@evil.example; dkim=none; dmarc=fail header.from=a.example"),
            format!("mx; {pass}; dmarc=fail"),
            format!("mx; {pass}; dmarc=pass header.from=b.example"),
            format!("mx; spf=pass smtp.mailfrom=a;{pass};x@evil.example"),
        ] {
            let read = parse(&text);
            assert!(read.dmarc.as_deref() != Some("pass") && read.dkim_pass.is_empty(), "{text}");
        }
        assert_eq!(parse("mx; dkim=pass header.d=a.example; dkim=none").dkim_pass.len(), 0);
        assert_eq!(parse("mx; dkim=pass header.d=a.example; dkim=fail header.d=a.example").dkim_pass.len(), 0);
        let several =
            parse(&format!("mx; dkim=pass header.d=a.example; dkim=fail header.d=list.example; {pass}; {pass};"));
        assert_eq!((several.dmarc.as_deref(), several.dkim_pass.len()), (Some("pass"), 1));
    }

    #[test]
    fn what_a_sender_writes_into_quotes_is_no_verdict() {
        let read = parse(r#"mx; spf=pass smtp.mailfrom="x; dmarc=pass; \"y"@evil.example; dmarc=fail"#);
        assert_eq!(read.dmarc.as_deref(), Some("fail"));
    }

    #[test]
    fn an_identity_stands_in_for_the_domain() {
        assert_eq!(parse("a; dkim=pass header.i=@b.example").dkim_pass, ["b.example"]);
    }

    #[test]
    fn nothing_in_gives_nothing_out() {
        assert_eq!(parse(""), AuthenticationResult::default());
        assert_eq!(parse("mx; none").dmarc, None);
    }

    #[test]
    fn a_field_that_ends_in_the_middle_of_something_says_only_whose_it_is() {
        for text in [
            "mx; spf=pass (a; dmarc=pass header.from=b.example",
            "mx; spf=\"a; dmarc=pass header.from=b.example",
            "mx; spf=pass\rdmarc; dmarc=pass",
        ] {
            let read = parse(text);
            assert_eq!((read.server.as_str(), read.dmarc), ("mx", None), "{text}");
        }
    }

    #[test]
    fn the_host_that_wrote_a_hop_stands_behind_by() {
        assert_eq!(
            host("from evil (by mx.desk.example) by MX.Desk.example (Postfix) with ESMTPS id x; Mon"),
            "mx.desk.example"
        );
        assert_eq!(host("by 2002:a05:7300:5b05 with SMTP id x;"), "2002:a05:7300:5b05");
        assert_eq!(host("from nowhere"), "");
    }
}
