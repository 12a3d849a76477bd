//! Reports: figures for a period, computed from plain rows, as notifications, pages, tables and charts.
//!
//! Takes: how tickets stood ([`crate::ticket::TicketState`]). Gives: figures, sections, pictures. Never: SQL, the clock, the
//! current configuration of what was promised: a report of last March says the same today and in a year.

mod breakdown;
pub mod chart;
mod figures;
mod findings;
mod goals;
mod layout;
mod owed;
mod page;
mod period;
mod recurrent;
mod standards;
mod table;
mod tally;
mod words;

pub use figures::{
    Cohort, Day, Figures, Group, Incident, Late, Lengths, Mean, Outside, Owed, Recurrent, Share, Solved, StateHistory,
    Took, Withdrawn, Work,
};
pub use goals::Goals;
pub use page::{Definition, Page, Part, Row, Subject};
pub use period::{Cron, Draft, Period, Plan, Sort};
pub use table::json;
pub(crate) use table::{TICKET_COLUMNS, csv, ticket_line};
pub use tally::Counting;
