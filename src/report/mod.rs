//! Reports: figures for a period, computed from plain rows, as notifications, pages, tables and charts.
//!
//! Takes: how tickets stood ([`crate::ticket::TicketState`]). Gives: figures, sections, pictures. Never: SQL, the clock, the
//! current configuration of what was promised: a report of last March says the same today and in a year.

pub mod chart;
mod figures;
mod goals;
mod layout;
mod page;
mod period;
mod standards;
mod table;
mod words;

pub use figures::{Cohort, Figures, Group, Incident, Mean, Recurrent, Share, StateHistory, figures};
pub use goals::Goals;
pub use page::{Definition, Page, Part, Row, Subject};
pub use period::{Cron, Period, Plan, Sort};
pub(crate) use table::csv;
pub use table::json;
pub(crate) use words::days_of;
