//! What is done about each failure: the one table.
//!
//! | failure | while running | of a command |
//! | --- | --- | --- |
//! | configuration wrong | at a reload: the last good one stays | exit 78 |
//! | database unreachable, busy, disk full | wait 1 s to 1 min, notifications to 5 min, mailboxes and reports to 10 min, again | exit 69 |
//! | schema newer than the program | stop | exit 78 |
//! | database file damaged | an alarm, once a week's check finds it; work goes on where it can | exit 65 |
//! | another instance has taken over | leave it to that one; look again when a lease is free | — |
//! | mailbox unreachable, line dead, answer late | reconnect after 1 s to 10 min | exit 69 |
//! | mailbox too busy (throttling, `[UNAVAILABLE]`) | as above, and not before the time it names | exit 69 |
//! | email refused by the server (NO, NIL, other bytes than announced, the session ends) | again in other sessions, 5 s to 6 h; after 3 a held row and an alarm | the same |
//! | archive folder refuses | marked as read, an alarm; again in the next session | — |
//! | mailbox refuses the password | again after 5 min to 1 h, so that the account is not locked | exit 69 |
//! | mail unreadable, unprovable, or it fails alone | hold it; the others go on | — |
//! | SMTP server unreachable, or takes nothing now (421 anywhere, 4xx before a recipient) | notifications wait, none is counted; one connection after 1 s to 5 min; an alarm | exit 69 |
//! | 5xx to MAIL | another notification is tried: if it meets the same, as above; if not, the first is refused | — |
//! | SMTP refuses the password, or wants one (530, 535, 538) | the same, 5 min to 1 h | exit 69 |
//! | authorization server away, or gives no token now | as the mail server it is for, unreachable | exit 69 |
//! | authorization server refuses for good, or the kept token cannot be read | again after 5 min to 1 h; told as expiring | exit 69 |
//! | notification refused with 4xx after its recipient, line lost while sending it | that notification again by the timetable | — |
//! | notification too large | goes without its files to people of the service desk; else as the next | — |
//! | notification refused with 5xx, or given up | kept as failed, people notified once; an address that is gone is left alone | — |
//! | another guichet on this SQLite file | — | exit 75 |
//! | our own bug | stop; systemd starts anew | exit 70 |

use std::time::Duration;

use crate::clock::Millis;
use crate::edge::backoff::Backoff;
use crate::edge::imap::ImapTrouble;
use crate::edge::oauth2::TokenTrouble;
use crate::edge::smtp::SmtpTrouble;
use crate::settings::{Mistakes, Retry};
use crate::store::{EncryptionTrouble, Failure, Settlement, StoreError};
use crate::ticket::address_is_gone;

/// Exit codes, as in sysexits(3).
pub mod exit {
    /// The command line is wrong.
    pub const USAGE: u8 = 64;
    /// What was to be read cannot be read.
    pub const INPUT: u8 = 65;
    /// A server cannot be reached.
    pub const UNREACHABLE: u8 = 69;
    /// A mistake of ours.
    pub const BUG: u8 = 70;
    /// Try again later.
    pub const AGAIN: u8 = 75;
    /// The configuration is wrong.
    pub const CONFIG: u8 = 78;
}

/// Anything that ends a command.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] Mistakes),
    /// The store fails.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A mailbox fails.
    #[error("mailbox {mailbox}: {source}")]
    Imap {
        mailbox: String,
        /// What happened.
        source: ImapTrouble,
    },
    /// A Maildir fails.
    #[error("mailbox {mailbox}: {source}")]
    Maildir {
        mailbox: String,
        /// What happened.
        source: std::io::Error,
    },
    /// The SMTP server fails.
    #[error("SMTP server {0}")]
    Smtp(#[from] SmtpTrouble),
    /// No access token is to be had.
    #[error("{name}: {source}")]
    SignIn {
        /// Whose: `mailboxes.NAME` or `smtp`.
        name: String,
        /// What happened.
        source: TokenTrouble,
    },
    /// A refresh token cannot be kept encrypted, or not be read again.
    #[error(
        "{name}: the kept refresh token cannot be used: {source}; give back the key it was kept with (store.key_file, \
         the credential store.key, or guichet.key beside the database), or sign in anew and put the new refresh token \
         into {name}.oauth2.refresh_token"
    )]
    Encrypted {
        /// Whose: `mailboxes.NAME` or `smtp`.
        name: String,
        /// What happened.
        source: EncryptionTrouble,
    },
    /// The command line is wrong in a way its parser cannot see.
    #[error("{0}")]
    Usage(String),
    /// What was to be read cannot be read.
    #[error("{0}")]
    Input(String),
    /// Something else must happen first.
    #[error("{0}")]
    Again(String),
    /// A mistake of ours.
    #[error("this is a bug of guichet: {0}")]
    Bug(String),
}

impl Trouble {
    /// The exit code of a command that ends with it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::Store(StoreError::Schema { .. } | StoreError::Newer { .. } | StoreError::Url(_)) => exit::CONFIG,
            Self::Store(error) if error.is_transient() => exit::UNREACHABLE,
            Self::Imap { .. } | Self::Maildir { .. } | Self::Smtp(_) => exit::UNREACHABLE,
            Self::SignIn { .. } | Self::Encrypted { .. } => exit::UNREACHABLE,
            Self::Usage(_) => exit::USAGE,
            Self::Input(_) | Self::Store(StoreError::Damaged(_) | StoreError::Secret(_)) => exit::INPUT,
            Self::Again(_) | Self::Store(StoreError::Older { .. }) => exit::AGAIN,
            Self::Store(_) | Self::Bug(_) => exit::BUG,
        }
    }

    /// Whether the cause is a refused password or token: trying often would lock the account.
    #[must_use]
    pub fn is_login(&self) -> bool {
        matches!(
            self,
            Self::Imap { source: ImapTrouble::Login(_), .. }
                | Self::Smtp(SmtpTrouble::Login { .. })
                | Self::SignIn { source: TokenTrouble::Refused { .. }, .. }
                | Self::Encrypted { .. }
        )
    }
}

/// Waits between attempts at one server: quick after a fault, slow after a refused password.
#[derive(Debug)]
pub struct Patience {
    fault: Backoff,
    login: Backoff,
}

impl Patience {
    /// Quick waits end at `most`.
    #[must_use]
    pub fn new(most: Duration) -> Self {
        Self {
            fault: Backoff::new(Duration::from_secs(1), most),
            login: Backoff::new(Duration::from_secs(5 * 60), Duration::from_secs(60 * 60)),
        }
    }

    /// How long to wait after this failure; never less than the server asked for.
    pub fn after(&mut self, trouble: &Trouble, chance: f64) -> Duration {
        let wait = if trouble.is_login() { self.login.wait(chance) } else { self.fault.wait(chance) };
        match trouble {
            Trouble::Imap { source, .. } => source.pause().unwrap_or_default().max(wait),
            _ => wait,
        }
    }

    /// Everything works again.
    pub(crate) fn reset(&mut self) {
        self.fault.reset();
        self.login.reset();
    }
}

/// What becomes of a notification after an attempt that failed on the notification itself.
///
/// The wait doubles with the attempts, within `retry`; `chance` (0 to 1) spreads it over its upper
/// half. A notification older than `retry.give_up` is not tried again, once it has been tried four times: one that waited for days
/// because there was no server, or was sent again by a person, must not fail at the first greylisting (RFC 6647).
#[must_use]
pub(crate) fn after_refusal(
    trouble: &SmtpTrouble,
    attempts: i64,
    created_at: Millis,
    now: Millis,
    retry: &Retry,
    chance: f64,
) -> Settlement {
    let error = trouble.to_string();
    match trouble {
        SmtpTrouble::Permanent { status, text, recipient } => {
            let gone = address_is_gone(status, text, *recipient);
            return Settlement::Failed { error, failure: if gone { Failure::Address } else { Failure::Refused } };
        }
        SmtpTrouble::TooLarge { .. } => return Settlement::Failed { error, failure: Failure::Refused },
        // Perhaps the server's fault: others will show. Until then it waits as long as it has waited.
        SmtpTrouble::Mail(_) => {
            let wait = (now - created_at).clamp(millis(retry.first), millis(retry.most));
            return Settlement::Later { due_at: now.saturating_add(wait), error, counts: false };
        }
        _ => {}
    }
    let mut backoff = Backoff::new(retry.first, retry.most);
    let tries = u32::try_from(attempts.clamp(1, 64)).unwrap_or(1);
    let wait = (0..tries).map(|_| backoff.wait(chance)).last().unwrap_or(retry.first);
    let due_at = now.saturating_add(millis(wait));
    if attempts >= FEWEST && due_at.saturating_sub(created_at) > millis(retry.give_up) {
        let error = format!("given up after {attempts} attempts: {error}");
        return Settlement::Failed { error, failure: Failure::GivenUp };
    }
    Settlement::Later { due_at, error, counts: true }
}

/// How often a notification is tried at least, whatever its age.
const FEWEST: i64 = 4;

/// A length of time in [`Millis`].
#[must_use]
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{HOUR, MINUTE};

    const RETRY: Retry = Retry {
        first: Duration::from_secs(60),
        most: Duration::from_secs(2 * 3600),
        give_up: Duration::from_secs(24 * 3600),
    };

    /// The whole life of a notification that is always refused for now, without spreading.
    #[test]
    fn the_timetable_of_a_notification() {
        let refusal = SmtpTrouble::Transient("451 later".to_owned());
        let (mut now, mut minutes) = (0, Vec::new());
        for attempt in 1.. {
            match after_refusal(&refusal, attempt, 0, now, &RETRY, 1.0) {
                Settlement::Later { due_at, counts: true, .. } => {
                    minutes.push((due_at - now) / MINUTE);
                    now = due_at;
                }
                Settlement::Failed { error, .. } => {
                    assert!(error.starts_with("given up after"), "{error}");
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 64, 120, 120, 120, 120, 120, 120, 120, 120, 120, 120]);
        assert!(now > 22 * HOUR && now <= 24 * HOUR);
    }

    #[test]
    fn an_old_notification_is_tried_some_times_before_it_is_given_up() {
        let refusal = SmtpTrouble::Transient("451 later".to_owned());
        let given_up = |attempts| {
            matches!(after_refusal(&refusal, attempts, 0, 90 * HOUR, &RETRY, 0.5), Settlement::Failed { .. })
        };
        assert_eq!([1, 2, 3, 4, 5].map(given_up), [false, false, false, true, true]);
    }

    #[test]
    fn a_permanent_refusal_is_final_and_says_whether_the_address_is_at_fault() {
        let of = |status: &str, text: &str, recipient| {
            let (status, text) = (status.to_owned(), text.to_owned());
            let refusal = SmtpTrouble::Permanent { status, text, recipient };
            match after_refusal(&refusal, 1, 0, 0, &RETRY, 0.5) {
                Settlement::Failed { failure, .. } => failure,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(of("5.1.1", "550 5.1.1 no", true), Failure::Address);
        assert_eq!(of("", "550 User unknown", true), Failure::Address);
        assert_eq!(of("", "550 User unknown", false), Failure::Refused);
        assert_eq!(of("5.7.1", "550 5.7.1 spam", true), Failure::Refused);
        assert_eq!(of("5.2.2", "552 5.2.2 mailbox full", true), Failure::Refused);
    }

    #[test]
    fn a_notification_whose_sender_is_refused_waits_as_long_as_it_has_waited_and_pays_nothing() {
        let refusal = SmtpTrouble::Mail("550 no".to_owned());
        let waits = [0, 3 * MINUTE, 9 * HOUR].map(|age| match after_refusal(&refusal, 9, 0, age, &RETRY, 0.5) {
            Settlement::Later { due_at, counts: false, .. } => (due_at - age) / MINUTE,
            other => panic!("{other:?}"),
        });
        assert_eq!(waits, [1, 3, 120]);
    }

    #[test]
    fn waits_are_spread_by_chance() {
        let refusal = SmtpTrouble::Transient("451".to_owned());
        let due = |chance| match after_refusal(&refusal, 3, 0, 0, &RETRY, chance) {
            Settlement::Later { due_at, .. } => due_at,
            other => panic!("{other:?}"),
        };
        assert_eq!((due(0.0), due(1.0)), (2 * MINUTE, 4 * MINUTE));
    }

    #[test]
    fn a_refused_password_waits_longer_than_a_fault() {
        let mut patience = Patience::new(Duration::from_secs(600));
        let login = Trouble::Imap { mailbox: "a".into(), source: ImapTrouble::Login("no".into()) };
        let fault = Trouble::Imap { mailbox: "a".into(), source: ImapTrouble::Unreachable("no".into()) };
        assert_eq!(patience.after(&login, 1.0), Duration::from_secs(300));
        assert_eq!(patience.after(&fault, 1.0), Duration::from_secs(1));
    }
}
