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

#[cfg(test)]
mod tests {
    use crate::ticket::TicketView;

    /// What can be taken back was written by an earlier version too.
    #[test]
    fn what_an_earlier_version_wrote_for_nothing_is_nothing() {
        let mut ticket = serde_json::to_value(TicketView::default()).unwrap();
        for field in ["kind", "category", "service", "assignee", "vendor", "vendor_reference", "solution"] {
            ticket[field] = "".into();
        }
        for field in ["root_message_id", "last_public_id", "first_response_id"] {
            ticket[field] = "".into();
        }
        for field in ["parent", "merged_into", "rating", "first_responded_at", "resolved_at", "closed_at"] {
            ticket[field] = 0.into();
        }
        assert_eq!(serde_json::from_value::<TicketView>(ticket.clone()).unwrap(), TicketView::default());
        ticket["assignee"] = "marie@desk.example".into();
        ticket["parent"] = 7.into();
        let read = serde_json::from_value::<TicketView>(ticket).unwrap();
        assert!(read.is_assigned_to("marie@desk.example") && read.parent.is_some_and(|id| id.0 == 7));
    }
}
