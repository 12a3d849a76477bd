//! What the receiving servers found out about the sender (RFC 8601).
//!
//! Only fields that stand above the rest can be the own server's: anyone may write such a field
//! into a mail further down. Whom to believe is decided in `ticket`; here they are only read.

use mail_parser::Message;

use super::header::raw_values;

/// One `Authentication-Results` field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthenticationResult {
    /// The server that speaks (`authserv-id`), lower case.
    pub server: String,
    /// The verdict of DMARC, lower case (`pass`, `fail`, `none`…), when it has one.
    pub dmarc: Option<String>,
    /// Domains whose DKIM signature was found good (`header.d`, else that of `header.i`), lower case.
    pub dkim_pass: Vec<String>,
}

/// The fields in their order, topmost first; at most eight.
pub(super) fn read(message: &Message<'_>) -> Vec<AuthenticationResult> {
    raw_values(message, "Authentication-Results").take(8).map(|value| parse(&value)).collect()
}

fn parse(value: &str) -> AuthenticationResult {
    let value = without_comments(value);
    let mut clauses = value.split(';');
    let server = clauses.next().unwrap_or_default();
    let mut result = AuthenticationResult {
        server: server.split_whitespace().next().unwrap_or_default().to_lowercase(),
        ..AuthenticationResult::default()
    };
    for clause in clauses {
        let clause = clause.to_lowercase();
        let mut words = clause.split_whitespace();
        match words.next().and_then(|first| first.split_once('=')) {
            Some(("dmarc", verdict)) if result.dmarc.is_none() => {
                result.dmarc = Some(verdict.to_owned());
            }
            Some(("dkim", "pass")) => result.dkim_pass.extend(signer(words)),
            _ => {}
        }
    }
    result
}

fn signer<'a>(properties: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut identity = None;
    for property in properties {
        match property.split_once('=') {
            Some(("header.d", domain)) => return Some(domain.to_owned()),
            Some(("header.i", i)) => identity = i.rsplit_once('@').map(|(_, d)| d.to_owned()),
            _ => {}
        }
    }
    identity
}

/// Comments in parentheses removed, nested ones too; quoted strings are left as they are.
fn without_comments(value: &str) -> String {
    let (mut out, mut depth, mut quoted) = (String::with_capacity(value.len()), 0usize, false);
    for c in value.chars() {
        match c {
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => depth -= 1,
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_identity_stands_in_for_the_domain() {
        assert_eq!(parse("a; dkim=pass header.i=@b.example").dkim_pass, ["b.example"]);
    }

    #[test]
    fn nothing_in_gives_nothing_out() {
        assert_eq!(parse(""), AuthenticationResult::default());
        assert_eq!(parse("mx; none").dmarc, None);
    }
}
