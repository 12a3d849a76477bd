//! How many letters one address may get (invariant 8): the last guard against loops and floods.

use super::words::LetterKind;
use crate::clock::{HOUR, Millis};

/// Caps per address and window; keys of `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Letters to one requester within an hour, beyond which no automatic one is written.
    pub letters_per_hour: i64,
    /// Letters of any kind to one agent within an hour.
    pub agent_letters_per_hour: i64,
}

impl Caps {
    /// The window the caps count over.
    pub const WINDOW: Millis = HOUR;

    /// The cap for letters of this kind. A person's answer has none: a flood of forged mail must not
    /// keep it from leaving, and no loop can write it.
    #[must_use]
    pub fn of(&self, kind: LetterKind) -> i64 {
        match kind {
            LetterKind::Answer => i64::MAX,
            kind if kind.is_internal() => self.agent_letters_per_hour,
            _ => self.letters_per_hour,
        }
    }
}

/// Why this letter is not written, if it is not: `recent` letters went to its recipient within the window.
#[must_use]
pub fn suppress(kind: LetterKind, recent: i64, caps: &Caps) -> Option<String> {
    let cap = caps.of(kind);
    (recent >= cap).then(|| {
        format!("{} not sent: {recent} letters to this address within an hour, the cap is {cap}", kind.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_is_the_last_letter_that_leaves() {
        let caps = Caps { letters_per_hour: 3, agent_letters_per_hour: 5 };
        assert_eq!(suppress(LetterKind::Acknowledgement, 2, &caps), None);
        assert!(suppress(LetterKind::Acknowledgement, 3, &caps).is_some());
        assert_eq!(suppress(LetterKind::NewTicket, 3, &caps), None);
        assert_eq!(suppress(LetterKind::Answer, 1_000, &caps), None);
    }
}
