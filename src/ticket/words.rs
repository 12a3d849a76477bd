//! Everything the rules speak of, under one name: the closed types, notifications, and tickets as they are looked at.

pub use super::corrective::CorrectiveAction;
pub use super::ids::{About, InboxId, OutboxId, TicketId};
pub(crate) use super::notification::NEW_NUMBER;
pub use super::notification::{Listing, Notification, NotificationKind, Undelivered};
pub(crate) use super::phrase::phrase;
pub use super::phrase::{Detail, Phrase, Value};
pub use super::types::*;
pub use super::view::{LastAnswer, TicketView, Ties, Undo};
