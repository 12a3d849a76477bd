//! Service levels: calendars, what is promised, the clocks of a ticket, and the sentence that explains them.
//!
//! Pure arithmetic: the time is an argument everywhere.

pub mod calendar;
mod clock;
mod explain;
mod holidays;
mod keep;
mod policy;

pub use calendar::{Calendar, Hours, Season, merged};
pub(crate) use clock::is_default;
pub use clock::{Ola, Run, Sla, Stay, Which};
pub use explain::{SlaStatus, State, promised, sla_status};
pub(crate) use explain::{explain, ola_status, told_due, told_paused};
pub use holidays::Holidays;
pub(crate) use keep::hold;
pub use keep::keep;
pub use policy::{AtBreach, Contract, Length, SlaPolicy, Slas, Target};
