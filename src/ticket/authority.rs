//! Who may act as an agent. A From line proves nothing.
//!
//! An agent's mail counts as theirs when (a) the mailbox's own server vouches for the From domain
//! by DMARC or aligned DKIM, or (b) where no server is configured to be believed, the mail answers
//! a letter that was issued to that very agent. Where (a) is configured and fails, (b) does not help.

use super::policy::Policy;
use crate::mail::{ParsedMail, key};

/// Whether, and how, a sender proved to be who the From line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The receiving server vouches (DMARC pass, or DKIM pass aligned with the From domain).
    Server,
    /// The mail answers a letter issued to this very person.
    Letter,
    /// Neither.
    Missing,
}

/// The proof an agent's mail carries. `answers_own_letter`: a token issued to this sender was found.
#[must_use]
pub fn proof_of_agent(mail: &ParsedMail, mailbox: &str, answers_own_letter: bool, policy: &Policy) -> Proof {
    match policy.authserv_ids.get(mailbox) {
        Some(server) if server_vouches(mail, server) => Proof::Server,
        Some(_) => Proof::Missing,
        None if answers_own_letter => Proof::Letter,
        None => Proof::Missing,
    }
}

/// Only the topmost block counts: the own server writes above what arrived.
fn server_vouches(mail: &ParsedMail, server: &str) -> bool {
    let Some(from) = &mail.from else { return false };
    let domain = key(&from.address).rsplit('@').next().unwrap_or_default().to_owned();
    let block = mail.authentication.iter().take_while(|r| r.server == server);
    let mut aligned = false;
    for result in block {
        match result.dmarc.as_deref() {
            Some("pass") => return true,
            Some("fail") => return false,
            _ => {}
        }
        aligned |= result.dkim_pass.iter().any(|d| is_aligned(d, &domain));
    }
    aligned
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
        parse(raw.as_bytes(), &Limits::default()).is_ok_and(|m| server_vouches(&m, "mx.desk.example"))
    }

    #[test]
    fn the_own_server_is_believed() {
        assert!(vouched("Authentication-Results: mx.desk.example; dmarc=pass header.from=lycee.example.org\r\n"));
        assert!(vouched("Authentication-Results: mx.desk.example; dkim=pass header.d=lycee.example.org\r\n"));
        assert!(vouched("Authentication-Results: mx.desk.example; dkim=pass header.d=example.org\r\n"));
        assert!(vouched(
            "Authentication-Results: mx.desk.example; spf=pass\r\nAuthentication-Results: mx.desk.example; dmarc=pass\r\n"
        ));
    }

    #[test]
    fn others_and_forgeries_below_are_not() {
        for head in [
            "",
            "Authentication-Results: evil.example; dmarc=pass\r\n",
            "Authentication-Results: mx.desk.example; dmarc=fail\r\nAuthentication-Results: mx.desk.example; dmarc=pass\r\n",
            "Authentication-Results: other.example; dmarc=none\r\nAuthentication-Results: mx.desk.example; dmarc=pass\r\n",
            "Authentication-Results: mx.desk.example; dkim=pass header.d=evil.example\r\n",
            "Authentication-Results: mx.desk.example; dkim=pass header.d=org\r\n",
            "Authentication-Results: mx.desk.example; dkim=pass header.d=sub.lycee.example.org\r\n",
        ] {
            assert!(!vouched(head), "{head}");
        }
    }
}
