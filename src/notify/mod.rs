//! What the service desk writes.
//!
//! Takes: a notification to write, the facts it tells, compiled templates. Gives: the finished bytes of
//! one email to one recipient. Never: asynchronous work, SQL, the clock, randomness: the same facts
//! give the same bytes.

mod builtin;
mod buttons;
mod compose;
mod extra;
mod facts;
mod handover;
mod helpers;
mod lighten;
mod link;
mod sample;
mod templates;

pub use builtin::{Source, builtin};
pub use compose::{NotificationError, OutgoingEmail, Parcel, compose};
pub use extra::{Extra, Listed, Told};
pub use facts::{Facts, TicketFacts, is_for};
pub use lighten::lighten;
pub use sample::sample;
pub use templates::{Mistake, Rendered, Templates};
