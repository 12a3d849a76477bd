//! The only place that asks what time it is.
//!
//! Takes: nothing, or the instant a test sets. Gives: milliseconds since 1970-01-01T00:00:00Z.
//! Everything below `work` is handed the time as an argument (design, invariant 9).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};

/// An instant: milliseconds since the Unix epoch, UTC. This is also how instants are stored.
pub(crate) type Millis = i64;

/// One second, in [`Millis`].
pub const SECOND: Millis = 1_000;
/// One minute, in [`Millis`].
pub const MINUTE: Millis = 60 * SECOND;
/// One hour, in [`Millis`].
pub const HOUR: Millis = 60 * MINUTE;
/// One day of 24 hours, in [`Millis`].
pub const DAY: Millis = 24 * HOUR;

/// A source of the current time: the machine's, or one that a test moves by hand.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at `at` until [`Clock::advance`] moves it. Clones share the hands.
    #[must_use]
    pub fn fixed(at: Millis) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at))))
    }

    /// The current instant.
    #[must_use]
    pub fn now(&self) -> Millis {
        match &self.0 {
            Some(hands) => hands.load(Ordering::SeqCst),
            None => Timestamp::now().as_millisecond(),
        }
    }

    /// Moves a fixed clock forward; the machine's clock is left alone.
    pub fn advance(&self, by: Millis) {
        if let Some(hands) = &self.0 {
            hands.fetch_add(by, Ordering::SeqCst);
        }
    }
}

/// An instant in a zone, as RFC 3339 with its offset (`2026-03-02T09:15:00+01:00`), to the second.
///
/// An instant outside the calendar (years -9999 to 9999) is written as the epoch.
#[must_use]
pub fn rfc3339(at: Millis, zone: &TimeZone) -> String {
    let stamp = Timestamp::from_millisecond(at).unwrap_or_default();
    let zoned = stamp.to_zoned(zone.clone());
    let whole = zoned.round(Unit::Second).unwrap_or(zoned);
    whole.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// An instant in a zone as people read it: `2026-03-02 09:15`.
#[must_use]
pub fn readable(at: Millis, zone: &TimeZone) -> String {
    let stamp = Timestamp::from_millisecond(at).unwrap_or_default();
    stamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_stands_still_and_its_clones_move_together() {
        let clock = Clock::fixed(5);
        let twin = clock.clone();
        assert_eq!(clock.now(), 5);
        twin.advance(HOUR);
        assert_eq!(clock.now(), 5 + HOUR);
    }

    #[test]
    fn the_system_clock_cannot_be_moved() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance(1_000 * HOUR);
        assert!(clock.now() - before < HOUR);
    }

    #[test]
    fn instants_carry_their_offset() {
        let paris = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC);
        assert_eq!(rfc3339(0, &TimeZone::UTC), "1970-01-01T00:00:00+00:00");
        assert_eq!(rfc3339(1_772_439_300_000, &paris), "2026-03-02T09:15:00+01:00");
        assert_eq!(readable(1_772_439_300_000, &paris), "2026-03-02 09:15");
    }
}
