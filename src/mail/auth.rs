//! What the receiving servers found out about the sender (RFC 8601).
//!
//! Only fields that stand above the rest can be the own server's: anyone may write such a field
//! into a mail further down. Whom to believe is decided in `ticket`; here they are only read.

use mail_parser::Message;

use super::address::one_line;
use super::charset::decode_undeclared;

/// One `Authentication-Results` field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthenticationResult {
    /// The server that speaks (`authserv-id`), lower case.
    pub server: String,
    /// The verdict of DMARC, lower case (`pass`, `fail`, `none`…), when it has one.
    pub dmarc: Option<String>,
    /// The domain that verdict is about (`header.from`), lower case, when it is named.
    pub dmarc_domain: Option<String>,
    /// Domains whose DKIM signature was found good (`header.d`, else that of `header.i`), lower case.
    pub dkim_pass: Vec<String>,
}

/// The fields in their order, topmost first; at most eight. They end at the first `Received` below
/// one of them: what stands lower was there before the mail reached the server that wrote them.
pub(super) fn read(message: &Message<'_>) -> Vec<AuthenticationResult> {
    let mut found = Vec::new();
    for header in message.headers() {
        let name = header.name.as_str();
        if name.eq_ignore_ascii_case("Received") && !found.is_empty() {
            break;
        }
        let range = header.offset_start as usize..header.offset_end as usize;
        if name.eq_ignore_ascii_case("Authentication-Results")
            && found.len() < 8
            && let Some(bytes) = message.raw_message.get(range)
        {
            found.push(parse(&one_line(&decode_undeclared(bytes))));
        }
    }
    found
}

fn parse(value: &str) -> AuthenticationResult {
    let clauses = clauses(value);
    let mut clauses = clauses.iter();
    let server = clauses.next().map(String::as_str).unwrap_or_default();
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
                result.dmarc_domain = words.find_map(|w| w.strip_prefix("header.from=")).map(ToOwned::to_owned);
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

/// The parts between semicolons. Comments in parentheses go, nested ones too; what stands in
/// quotes parts nothing, and its white space is hidden, so that it cannot pass for a result.
fn clauses(value: &str) -> Vec<String> {
    let (mut out, mut depth, mut quoted, mut escaped) = (vec![String::new()], 0usize, false, false);
    for c in value.chars() {
        let here = out.last_mut();
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted || depth > 0 => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => depth -= 1,
            ';' if !quoted && depth == 0 => out.push(String::new()),
            _ if depth > 0 => {}
            _ => here.into_iter().for_each(|h| h.push(if quoted && c.is_whitespace() { '_' } else { c })),
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
}
