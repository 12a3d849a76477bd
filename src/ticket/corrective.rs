//! What is to be done after an incident, by whom and until when.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;

/// One of them, as the post-mortem names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectiveAction {
    /// What is to be done.
    pub what: String,
    /// Address of the agent who does it.
    pub owner: String,
    /// Until when.
    pub due: Millis,
    /// When somebody is reminded next.
    pub remind_at: Millis,
    /// How often somebody was reminded.
    pub reminded: i64,
    /// When it was done; 0 while it is not.
    pub done_at: Millis,
}

impl CorrectiveAction {
    /// Whether somebody still has to do it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.done_at == 0
    }
}
