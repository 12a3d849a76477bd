//! What has happened in this epoch, counted, and how things stand, measured when somebody asks.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::health::Health;
use crate::clock::Millis;
use crate::edge::imap::ImapTrouble;
use crate::edge::smtp::SmtpTrouble;
use crate::trouble::Trouble;

/// Names and values, in the order of the names.
type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// Metrics under their names of before 0.2.0, which go with it.
const RENAMED: [(&str, &str); 11] = [
    ("emails_decided", "mails_decided"),
    ("emails_undecided", "mails_undecided"),
    ("emails_undecided_oldest_seconds", "mails_undecided_oldest_seconds"),
    ("emails_held", "mails_held"),
    ("mailbox_last_email_seconds", "mailbox_last_mail_seconds"),
    ("notifications_sent", "letters_sent"),
    ("notifications_suppressed", "letters_suppressed"),
    ("notifications_bounced", "letters_bounced"),
    ("notifications_waiting", "letters_waiting"),
    ("notifications_waiting_oldest_seconds", "letters_waiting_oldest_seconds"),
    ("notifications_failed", "letters_failed"),
];

/// The name of a metric, and the one it had.
fn names(name: &'static str) -> impl Iterator<Item = &'static str> {
    std::iter::once(name).chain(RENAMED.iter().filter(move |(new, _)| *new == name).map(|(_, old)| *old))
}

/// All counters of a life.
#[derive(Debug, Default, Clone)]
pub struct Meter {
    decided: Counters,
    sent: Counters,
    suppressed: Counters,
    bounced: Counters,
    imap: Counters,
    smtp: Counters,
}

impl Meter {
    /// An email got its verdict.
    pub fn decided(&self, verdict: &str) {
        self.decided.get_or_create(&vec![("verdict", verdict.to_owned())]).inc();
    }

    /// A notification was taken by the server.
    pub fn sent(&self) {
        self.sent.get_or_create(&Vec::new()).inc();
    }

    /// Notifications were not written: over a cap, or to addresses that refuse them.
    pub fn suppressed(&self, count: u64) {
        self.suppressed.get_or_create(&Vec::new()).inc_by(count);
    }

    /// A notification came back.
    pub(crate) fn bounced(&self) {
        self.bounced.get_or_create(&Vec::new()).inc();
    }

    /// A mailbox could not be read.
    pub(crate) fn mailbox_failed(&self, mailbox: &str, trouble: &Trouble) {
        let kind = match trouble {
            Trouble::Imap { source: ImapTrouble::Unreachable(_), .. } => "unreachable",
            Trouble::Imap { source: ImapTrouble::Timeout { .. }, .. } => "timeout",
            Trouble::Imap { source: ImapTrouble::Login(_), .. } => "login",
            Trouble::Imap { source: ImapTrouble::Refused { .. }, .. } => "refused",
            Trouble::Imap { source: ImapTrouble::Unsupported(_), .. } => "unsupported",
            Trouble::Store(_) => "database",
            _ => "other",
        };
        self.imap.get_or_create(&vec![("kind", kind.to_owned()), ("mailbox", mailbox.to_owned())]).inc();
    }

    /// A notification, or the server for notifications, failed.
    pub(crate) fn notification_failed(&self, trouble: &SmtpTrouble) {
        let kind = match trouble {
            SmtpTrouble::Unreachable { .. } => "unreachable",
            SmtpTrouble::Login { .. } => "login",
            SmtpTrouble::Busy { .. } | SmtpTrouble::Mail(_) => "busy",
            SmtpTrouble::Transient(_) | SmtpTrouble::Uncertain(_) => "transient",
            SmtpTrouble::Permanent { .. } | SmtpTrouble::TooLarge { .. } => "permanent",
        };
        self.smtp.get_or_create(&vec![("kind", kind.to_owned())]).inc();
    }

    /// Everything in the text form of OpenMetrics.
    #[must_use]
    pub fn text(&self, health: &Health, now: Millis) -> String {
        let mut registry = Registry::with_prefix("guichet");
        let counters = [
            ("emails_decided", "Emails by verdict", &self.decided),
            ("notifications_sent", "Notifications the mail server took", &self.sent),
            (
                "notifications_suppressed",
                "Notifications not written: over a cap, or to addresses that refuse them",
                &self.suppressed,
            ),
            ("notifications_bounced", "Notifications that came back", &self.bounced),
            ("mailbox_errors", "Mailboxes that could not be read, by kind of failure", &self.imap),
            ("smtp_errors", "Notifications refused, and failures of the mail server, by kind", &self.smtp),
        ];
        for (name, help, family) in counters {
            for name in names(name) {
                registry.register(name, help, family.clone());
            }
        }
        for (name, help, values) in health.figures(now) {
            let family = Gauges::default();
            for (label, value) in values {
                let labels = label.map(|(name, value)| vec![(name, value)]).unwrap_or_default();
                family.get_or_create(&labels).set(value);
            }
            for name in names(name) {
                registry.register(name, help, family.clone());
            }
        }
        let mut text = String::new();
        // Writing into a text cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_the_name_it_had_too() {
        for (new, old) in RENAMED {
            assert_ne!(new, old);
            assert_eq!(names(new).collect::<Vec<_>>(), [new, old]);
        }
        assert_eq!(names("up").count(), 1);
    }
}
