//! What every section is checked with: mistakes are noted with file and line, and none hides another.

use std::net::IpAddr;
use std::time::Duration;

use super::mistake::Mistakes;
use super::source::Source;
use crate::mail::{key, looks_like_address};

pub(super) struct Check<'a> {
    pub(super) source: &'a Source,
    pub(super) mistakes: &'a mut Mistakes,
    pub(super) warnings: Vec<String>,
}

impl Check<'_> {
    pub(super) fn note(&mut self, key: &str, message: impl Into<String>) {
        self.source.mistake(self.mistakes, key, message);
    }

    pub(super) fn duration(&mut self, key: &str, text: &str) -> Option<Duration> {
        let span = text.parse::<jiff::Span>().ok();
        let signed = span.and_then(|s| s.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok());
        match signed.and_then(|d| Duration::try_from(d).ok()) {
            Some(duration) if !duration.is_zero() => Some(duration),
            _ => {
                self.note(
                    key,
                    format!("{text:?} is not a valid length of time; write one like \"60s\", \"5m\", \"4h\" or \"3d\""),
                );
                None
            }
        }
    }

    pub(super) fn address(&mut self, key_name: &str, text: &str) -> String {
        if !looks_like_address(text) {
            self.note(key_name, format!("{text:?} is not a valid mail address"));
        }
        key(text)
    }
}

pub(super) fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

pub(super) fn is_loopback(host: &str) -> bool {
    // No other name counts: what it stands for may change after it was looked up.
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
