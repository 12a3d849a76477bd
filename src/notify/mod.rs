//! What the service desk writes.
//!
//! Takes: a notification to write, the facts it tells, compiled templates. Gives: the finished bytes of
//! one email to one recipient. Never: asynchronous work, SQL, the clock, randomness: the same facts
//! give the same bytes.

mod branches;
mod builtin;
mod buttons;
mod compose;
mod extra;
mod facts;
mod flat;
mod handover;
mod helpers;
mod lighten;
mod link;
mod lint;
mod mistake;
mod page;
mod phrase_file;
mod phrases;
mod sample;
mod templates;
mod trial;
mod typography;

pub use builtin::{Source, builtin};
pub(crate) use compose::{OutgoingEmail, Parcel, compose};
pub use extra::Told;
pub(crate) use extra::{Extra, Listed};
pub(crate) use facts::is_for;
pub use facts::{Facts, TicketFacts};
pub(crate) use lighten::lighten;
pub use mistake::Mistake;
pub(crate) use page::page;
pub(crate) use phrase_file::FILE as PHRASES;
pub use phrases::Phrases;
pub use sample::sample;
pub use templates::{Rendered, Templates};
