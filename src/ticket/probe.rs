//! Probes: emails that `check` sends to the service desk itself, and what they show when they come back.

use std::fmt;

use crate::mail::ParsedEmail;

/// A probe that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// Through a sub-address of this queue's: sub-addresses work there.
    SubAddress(String),
    /// Through this mailbox, with a field in its server's name that the server did not write.
    Results(String, ForeignResults),
}

/// What a mailbox's server did with an `Authentication-Results` field in its own name that came from outside. It must take it away (RFC 8601,
/// section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignResults {
    /// It took it away.
    Removed,
    /// It left it, below one of its own: the topmost counts.
    Below,
    /// It left it and added none: whoever writes such a field is believed.
    Believed,
}

impl ForeignResults {
    /// The domain that the probe's field is about; nobody can own it (RFC 2606).
    pub const DOMAIN: &str = "probe.guichet.invalid";

    /// In a probe that came back.
    pub(super) fn in_mail(mail: &ParsedEmail, server: &str) -> Self {
        let mut fields = mail.authentication.iter().filter(|field| field.server == server);
        let ours = |domain: Option<&String>| domain.is_some_and(|domain| domain == Self::DOMAIN);
        match fields.position(|field| ours(field.dmarc_domain.as_ref())) {
            None => Self::Removed,
            Some(0) => Self::Believed,
            Some(_) => Self::Below,
        }
    }

    /// As the store keeps it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Below => "below",
            Self::Believed => "believed",
        }
    }
}

impl Probe {
    /// What the word in the subject of a mailbox's probe is made of.
    #[must_use]
    pub fn of_results(mailbox: &str) -> String {
        format!("results {mailbox}")
    }

    /// The store's fact: its name, and what was found.
    #[must_use]
    pub(crate) fn fact(&self) -> (String, &'static str) {
        match self {
            Self::SubAddress(queue) => (format!("plus:{queue}"), "1"),
            Self::Results(mailbox, found) => (Self::results_fact(mailbox), found.as_str()),
        }
    }

    /// The name of the fact about a mailbox's server.
    #[must_use]
    pub fn results_fact(mailbox: &str) -> String {
        format!("results:{mailbox}")
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SubAddress(queue) => write!(f, "the probe of queue {queue} came back: sub-addresses work"),
            Self::Results(mailbox, found) => {
                write!(
                    f,
                    "the probe of mailbox {mailbox} came back: a foreign Authentication-Results is {}",
                    found.as_str()
                )
            }
        }
    }
}
