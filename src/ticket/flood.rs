//! How much mail is taken in within an hour. What is beyond it is held for a person, never lost.
//!
//! Counted are emails that were decided, not those held for this very reason: a sender who goes on flooding
//! keeps the flood waiting, and once an hour is quieter their mail is taken in again. What a person let in
//! or refused does not count.

use std::collections::BTreeMap;

use crate::clock::{HOUR, Millis};

/// The time over which emails are counted, in milliseconds.
pub(crate) const INTAKE_WINDOW: Millis = HOUR;

/// So many times as often may people say the same who answer nothing: in an outage they do.
const FIRST: i64 = 5;

/// Bounds of what is taken in; keys of `[limits]`. 0 stands for no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IntakeLimits {
    /// Emails of one sender that are decided within the hour.
    pub emails_per_hour_per_sender: i64,
    /// Tickets that one queue opens by mail within the hour.
    pub emails_per_hour: i64,
    /// Senders whose emails of the same words open tickets within the hour.
    pub alike_per_hour: i64,
}

/// What was taken in within the last hour, as far as it bears on one email.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// Emails of its sender that were decided.
    pub of_sender: i64,
    /// Tickets its queues opened, by name.
    pub of_queues: BTreeMap<String, i64>,
}

/// How every reason begins that holds an email for one of these bounds; the store knows them by it.
const BEGINNING: &str = "limits.emails_per_hour";

/// Whether an email was held for one of these bounds.
#[must_use]
pub fn is_flood(reason: &str) -> bool {
    reason.starts_with(BEGINNING)
}

impl IntakeLimits {
    /// Whether so many said the same that one more has to wait.
    #[must_use]
    pub(crate) fn is_alike(&self, others: usize, answers: bool) -> bool {
        let most = self.alike_per_hour.saturating_mul(if answers { 1 } else { FIRST });
        most > 0 && i64::try_from(others).unwrap_or(i64::MAX) >= most
    }

    /// Why an email of this sender has to wait, if it has.
    #[must_use]
    pub(crate) fn sender_waits(&self, sender: &str, taken: &TakenIn) -> Option<String> {
        let most = self.emails_per_hour_per_sender;
        (most > 0 && taken.of_sender >= most).then(|| {
            format!(
                "{BEGINNING}_per_sender = {most}: as many emails of {sender} were decided within an hour. It waits for a \
                 person: `guichet held release --from {sender}` lets in all that wait, `guichet held refuse --from \
                 {sender}` ends them"
            )
        })
    }

    /// Why an email that would open a ticket in this queue has to wait, if it has.
    #[must_use]
    pub(crate) fn queue_waits(&self, queue: &str, taken: &TakenIn) -> Option<String> {
        let most = self.emails_per_hour;
        let opened = taken.of_queues.get(queue).copied().unwrap_or_default();
        (most > 0 && opened >= most).then(|| {
            format!(
                "{BEGINNING} = {most}: queue {queue} opened as many tickets within an hour. It waits for a person: \
                 `guichet held release ID` lets it in, with `--like` every email held for the same reason"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_last_that_is_let_in() {
        let limits = IntakeLimits { emails_per_hour_per_sender: 3, emails_per_hour: 2, alike_per_hour: 0 };
        let taken = |of_sender, opened| TakenIn { of_sender, of_queues: [("q".to_owned(), opened)].into() };
        assert!(limits.sender_waits("a@b", &taken(2, 0)).is_none() && limits.queue_waits("q", &taken(0, 1)).is_none());
        let reasons = [limits.sender_waits("a@b", &taken(3, 0)), limits.queue_waits("q", &taken(0, 2))];
        for reason in reasons.into_iter().map(Option::unwrap_or_default) {
            assert!(is_flood(&reason) && reason.contains("guichet held release"), "{reason}");
        }
    }

    #[test]
    fn nought_is_no_bound() {
        let taken = TakenIn { of_sender: i64::MAX, of_queues: [("q".to_owned(), i64::MAX)].into() };
        let none = IntakeLimits::default();
        assert!(none.sender_waits("a@b", &taken).is_none() && none.queue_waits("q", &taken).is_none());
    }
}
