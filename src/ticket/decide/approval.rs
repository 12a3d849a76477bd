//! An approver answers in plain words: `ok` and `oui` approve, `non` and a reason reject.

use super::Case;
use super::held::{ADMIT, REFUSE, first_word};
use crate::ticket::command::Head;
use crate::ticket::words::{Status, TicketView};

/// The head with the order that an approver's plain words mean.
pub(super) fn spelled_out(case: &Case<'_>, ticket: &TicketView, head: &Head) -> Head {
    let awaited = ticket.status == Status::Approval && case.policy.is_approver(&case.intake.sender, ticket);
    if !awaited || !head.lines.is_empty() {
        return head.clone();
    }
    let first = first_word(&head.text);
    let rest = head.text.trim_start().split_once(|c: char| c.is_whitespace()).map_or("", |(_, rest)| rest).trim();
    if ADMIT.contains(&first.as_str()) {
        return Head { lines: vec!["#approve".to_owned()], text: rest.to_owned() };
    }
    if REFUSE.contains(&first.as_str()) {
        return Head { lines: vec!["#reject".to_owned()], text: rest.to_owned() };
    }
    head.clone()
}
