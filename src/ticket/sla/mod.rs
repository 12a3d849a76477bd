//! Service levels: calendars, what is promised, the clocks of a ticket, and the sentence that explains them.
//!
//! Pure arithmetic: the time is an argument everywhere.

pub mod calendar;
mod clock;
mod explain;
mod holidays;
mod keep;
mod policy;

pub use calendar::{Calendar, Hours, merged};
pub(crate) use clock::is_default;
pub use clock::{Run, Sla, Stay, Which};
pub(crate) use explain::explain;
pub use explain::{SlaStatus, State, promised, sla_status};
pub use holidays::Holidays;
pub use keep::keep;
pub use policy::{Contract, Length, SlaPolicy, Slas, Target};
