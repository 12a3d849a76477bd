//! Row ids, one type for each table, so that none is taken for another.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub i64);

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.fmt(f)
                }
            }

            impl From<i64> for $name {
                fn from(id: i64) -> Self {
                    Self(id)
                }
            }
        )+
    };
}

/// What a notification is about, and so an answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum About {
    /// A ticket.
    Ticket(TicketId),
    /// An email that a person must review.
    Held(InboxId),
    /// Neither: a report, a list, an alarm.
    Nothing,
}

/// In tokens and once-keys, held emails count from here on. Notifications that were sent carry it, so it stays.
const HELD: i64 = 1 << 40;

impl About {
    /// The number that stands for it in tokens and once-keys.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Ticket(id) => id.0,
            Self::Held(id) => HELD + id.0,
            Self::Nothing => HELD,
        }
    }

    /// What a number of a token stands for.
    #[must_use]
    pub(crate) fn of_number(number: i64) -> Self {
        match number {
            HELD => Self::Nothing,
            number if number > HELD => Self::Held(InboxId(number - HELD)),
            number => Self::Ticket(TicketId(number)),
        }
    }

    /// The ticket, if it is about one.
    #[must_use]
    pub fn ticket(self) -> Option<TicketId> {
        match self {
            Self::Ticket(id) => Some(id),
            Self::Held(_) | Self::Nothing => None,
        }
    }
}

ids! {
    /// Of a ticket.
    TicketId;
    /// Of an email as received.
    InboxId;
    /// Of a notification.
    OutboxId;
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_a_number_stands_for_has_that_number(number in 0i64..i64::MAX) {
            proptest::prop_assert_eq!(About::of_number(number).number(), number);
        }
    }

    /// Tokens that were sent carry these numbers.
    #[test]
    fn numbers_in_tokens_stay_what_they_are() {
        assert_eq!(About::Ticket(TicketId(5)).number(), 5);
        assert_eq!(About::Held(InboxId(5)).number(), 1_099_511_627_781);
        assert_eq!(About::Nothing.number(), 1_099_511_627_776);
    }
}
