//! Links that are emails (RFC 6068): once opened and sent, they are the whole act.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// Everything but what RFC 3986 calls unreserved.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// In an address, what mail servers see often besides.
const ADDRESS: &AsciiSet = &PLAIN.remove(b'@').remove(b'+');

/// A link that is an email.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Button {
    /// What stands on it.
    pub label: String,
    /// The link.
    pub href: String,
    /// The line it sends, for those who would rather type it.
    pub command: String,
    /// The same, under its name of before 0.2.0.
    pub order: String,
    /// Whether it is the likeliest.
    pub strong: bool,
}

/// Where buttons send their emails, and how those name the notification.
#[derive(Debug, Clone)]
pub(super) struct Way<'a> {
    pub(super) address: &'a str,
    /// The notification's token, where the address does not hold it.
    pub(super) mark: Option<String>,
}

impl Way<'_> {
    /// An email about a ticket with this text.
    pub(super) fn mail(&self, subject: &str, body: &str) -> String {
        let mark = self.mark.as_ref().map(|token| format!("\n\n[ref:gt.{token}]")).unwrap_or_default();
        let body = format!("{body}{mark}").replace('\n', "\r\n");
        let part = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
        let to = utf8_percent_encode(self.address, ADDRESS);
        format!("mailto:{to}?subject={}&body={}", part(subject), part(&body))
    }
}
