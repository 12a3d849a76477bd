//! What is stored as words and JSON: closed types, and values that may be missing.

use serde::{Deserialize, Deserializer};

use super::ids::TicketId;

/// What each of them can do: give its word, and be compared with one.
macro_rules! stored_words {
    ($($name:ident),+) => {
        $(
            impl $name {
                /// The word stored and shown.
                #[must_use]
                pub fn as_str(self) -> &'static str {
                    self.into()
                }
            }

            impl PartialEq<str> for $name {
                fn eq(&self, word: &str) -> bool {
                    self.as_str() == word
                }
            }

            impl PartialEq<&str> for $name {
                fn eq(&self, word: &&str) -> bool {
                    self.as_str() == *word
                }
            }
        )+
    };
}
pub(crate) use stored_words;

/// A text of JSON that an earlier version wrote as `""` where there is none.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|text| !text.is_empty()))
}

/// A number of JSON that an earlier version wrote as 0 where there is none.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<i64>::deserialize(from)?.filter(|number| *number != 0))
}

/// A row id, likewise.
pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TicketId>, D::Error> {
    Ok(number(from)?.map(TicketId))
}
