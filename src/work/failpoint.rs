//! Places where the process may be ended by a test, named. In release builds there are none.
//!
//! `GUICHET_KILL_AT=sent:3` ends the process, as `kill -9` does, when the third notification was taken by the server and
//! that is not yet noted; with `:STOP` behind it the process is only stopped, and may go on later. What must be true after any of them stands in `docs/reliability.md`.

/// The names, in the order in which an email passes them; the last is that of deadlines.
pub const POINTS: [&str; 15] = [
    "fetched",
    "journalled",
    "loaded",
    "decided",
    "written",
    "committed",
    "flushed",
    "moved",
    "settled",
    "claimed",
    "sending",
    "sent",
    "noted",
    "recorded",
    "swept",
];

/// Ends the process here, if it was asked to.
#[cfg(debug_assertions)]
pub(super) fn failpoint(name: &'static str) {
    use rustix::process::Signal;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicUsize, Ordering};
    static WANTED: LazyLock<Option<(String, usize, Signal)>> = LazyLock::new(|| {
        let wanted = std::env::var("GUICHET_KILL_AT").ok()?;
        let mut parts = wanted.split(':');
        let (name, turn) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
        Some((name, turn, if parts.next().is_some() { Signal::STOP } else { Signal::KILL }))
    });
    static PASSED: AtomicUsize = AtomicUsize::new(0);
    debug_assert!(POINTS.contains(&name), "{name} is not among the points");
    if let Some((wanted, turn, signal)) = &*WANTED
        && wanted == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *turn
    {
        let _ = rustix::process::kill_process(rustix::process::getpid(), *signal);
    }
}

/// Nothing: points are for tests.
#[cfg(not(debug_assertions))]
#[inline]
pub(super) fn failpoint(_: &'static str) {}
