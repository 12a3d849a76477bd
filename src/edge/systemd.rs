//! Messages to systemd (sd_notify); without systemd they go nowhere.

use std::time::Duration;

use sd_notify::NotifyState;

/// The service is up; with one line for `systemctl status`.
pub fn ready(line: &str) {
    let _ = sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(line)]);
}

/// The service reads its configuration again.
pub(crate) fn reloading() {
    if let Ok(since) = NotifyState::monotonic_usec_now() {
        let _ = sd_notify::notify(&[NotifyState::Reloading, since]);
    }
}

/// The service is ending.
pub(crate) fn stopping() {
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
}

/// One line for `systemctl status`.
pub fn status(line: &str) {
    let _ = sd_notify::notify(&[NotifyState::Status(line)]);
}

/// The service is alive.
pub(crate) fn watchdog() {
    let _ = sd_notify::notify(&[NotifyState::Watchdog]);
}

/// How often systemd wants to hear [`watchdog`], halved so that one may be late; none when it does not.
#[must_use]
pub(crate) fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}
