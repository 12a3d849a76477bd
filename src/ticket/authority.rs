//! Who may act as an agent. A From line proves nothing.
//!
//! An agent's mail counts as theirs when (a) the mailbox's own server vouches for the From domain
//! by DMARC or aligned DKIM, or (b) where no server is configured to be believed, the email answers
//! a notification that was issued to that very agent. Where (a) is configured and fails, (b) does not help.

use super::policy::Policy;
use crate::mail::{ParsedEmail, key};

/// Whether, and how, a sender proved to be who the From line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The receiving server vouches (DMARC pass, or DKIM pass aligned with the From domain).
    Server,
    /// The email answers a notification issued to this very person.
    Notification,
    /// Neither.
    Missing,
}

/// The proof an agent's mail carries. `answers_own_notification`: a token issued to this sender was found.
/// Where it is doubtful who the author is, nothing is proved.
#[must_use]
pub fn proof_of_agent(mail: &ParsedEmail, mailbox: &str, answers_own_notification: bool, policy: &Policy) -> Proof {
    if !mail.from_is_certain {
        return Proof::Missing;
    }
    match policy.authserv_ids.get(mailbox) {
        Some(server) if server_says(mail, server) == Some(true) => Proof::Server,
        Some(_) => Proof::Missing,
        None if answers_own_notification => Proof::Notification,
        None => Proof::Missing,
    }
}

/// Whether the mailbox's own server says outright that the From domain did send this.
#[must_use]
pub(crate) fn is_authenticated(mail: &ParsedEmail, mailbox: &str, policy: &Policy) -> bool {
    mail.from_is_certain
        && policy.authserv_ids.get(mailbox).is_some_and(|server| server_says(mail, server) == Some(true))
}

/// Whether the mailbox's own server says outright that the From domain did not send this.
#[must_use]
pub fn is_denied(mail: &ParsedEmail, mailbox: &str, policy: &Policy) -> bool {
    policy.authserv_ids.get(mailbox).is_some_and(|server| server_says(mail, server) == Some(false))
}

/// The server's verdict about the From domain, if it has one: what its topmost field says, none and errors included, as far as no
/// other host has had the email since. A field of the same name further down may be anybody's.
fn server_says(mail: &ParsedEmail, server: &str) -> Option<bool> {
    let address = mail.from.as_ref().map(|from| key(&from.address)).or_else(|| mail.strange_from.clone())?;
    let domain = ascii(address.rsplit('@').next().unwrap_or_default());
    let field = mail.authentication.iter().find(|field| field.server == server)?;
    let mut hops = mail.received_by.iter().take(field.below).enumerate();
    // Where a server hands on within itself, the last hop may go by a number.
    if !hops.all(|(at, host)| is_own(host, server) || (at == 0 && is_number(host))) {
        return None;
    }
    let about_author = field.dmarc_domain.as_ref().map(|named| ascii(named) == domain);
    match (field.dmarc.as_deref(), about_author) {
        (Some("pass"), Some(true)) => return Some(true),
        // It was another author that the server reviewed.
        (Some("pass" | "fail"), Some(false)) | (Some("fail"), _) => return Some(false),
        _ => {}
    }
    field.dkim_pass.iter().any(|signer| is_aligned(&ascii(signer), &domain)).then_some(true)
}

/// Whether a host that passed the email on is the server's own: itself, or another of its domain.
fn is_own(host: &str, server: &str) -> bool {
    let domain = server.split_once('.').map(|(_, domain)| domain).filter(|domain| domain.contains('.'));
    host == server || domain.is_some_and(|domain| host == domain || host.ends_with(&format!(".{domain}")))
}

fn is_number(host: &str) -> bool {
    !host.is_empty() && host.chars().all(|c| c.is_ascii_hexdigit() || ".:".contains(c))
}

/// A domain in its ASCII form (UTS 46); as it is where it has none.
fn ascii(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_ascii_lowercase())
}

/// Strict alignment, or a signature by a parent domain (RFC 7489 section 3.1.1, relaxed towards the parent).
fn is_aligned(signer: &str, from: &str) -> bool {
    signer == from || (signer.contains('.') && from.ends_with(&format!(".{signer}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Limits, parse};

    fn vouched(head: &str) -> bool {
        let raw = format!("{head}From: Marie <marie@lycee.example.org>\r\n\r\nx");
        parse(raw.as_bytes(), &Limits::default())
            .is_ok_and(|m| m.from_is_certain && server_says(&m, "mx.desk.example") == Some(true))
    }

    #[test]
    fn the_own_server_is_believed() {
        assert!(vouched("Authentication-Results: mx.desk.example; dmarc=pass header.from=lycee.example.org\r\n"));
        assert!(vouched("Authentication-Results: mx.desk.example; dkim=pass header.d=lycee.example.org\r\n"));
        assert!(vouched("Authentication-Results: mx.desk.example; dkim=pass header.d=example.org\r\n"));
        assert!(vouched(
            "Received: from x by imap.desk.example; Mon\r\n\
             Received: from y by mx.desk.example; Mon\r\n\
             Authentication-Results: mx.desk.example; dmarc=pass header.from=lycee.example.org\r\n"
        ));
    }

    #[test]
    fn a_doubtful_author_proves_nothing() {
        let ar = "Authentication-Results: mx.desk.example; dmarc=pass\r\n";
        for from in [
            "From: \"marie@lycee.example.org\" <\"e e\"@evil.example>",
            "From: marie@lycee.example.org, eve@evil.example",
            "From: \r\nSender: marie@lycee.example.org",
            "From: marie@lycee.example.org <>\r\nFrom: eve@evil.example",
        ] {
            let raw = format!("{ar}{from}\r\n\r\nx");
            let certain = parse(raw.as_bytes(), &Limits::default()).is_ok_and(|m| m.from_is_certain);
            assert!(!certain, "{from}");
        }
    }

    #[test]
    fn others_and_forgeries_below_are_not() {
        for head in [
            "",
            "Authentication-Results: evil.example; dmarc=pass\r\n",
            "Authentication-Results: mx.desk.example; dmarc=fail\r\nAuthentication-Results: mx.desk.example; dmarc=pass\r\n",
            "Authentication-Results: other.example; dmarc=none\r\nAuthentication-Results: mx.desk.example; dmarc=pass\r\n",
            "Authentication-Results: mx.desk.example; dkim=pass header.d=evil.example\r\n",
            "Authentication-Results: mx.desk.example; dmarc=pass header.from=evil.example\r\n",
            "Authentication-Results: mx.desk.example; dmarc=none\r\nReceived: from evil\r\nAuthentication-Results: mx.desk.example; dmarc=pass\r\n",
            "Authentication-Results: mx.desk.example; dmarc=pass\r\nFrom: Eve <eve@evil.example>\r\n",
            "Authentication-Results: mx.desk.example; dkim=pass header.d=org\r\n",
            "Authentication-Results: mx.desk.example; dkim=pass header.d=sub.lycee.example.org\r\n",
            // What the server says nothing of in its own field, a field below it may not add.
            "Authentication-Results: mx.desk.example; spf=pass\r\nAuthentication-Results: mx.desk.example; dmarc=pass header.from=lycee.example.org\r\n",
            "Authentication-Results: mx.desk.example; dmarc=pass\r\n",
        ] {
            assert!(!vouched(head), "{head}");
        }
    }
}
