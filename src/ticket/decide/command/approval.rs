//! An approver answers in plain words: `ok` and `oui` approve, `non` and a reason reject.

use crate::ticket::command::{Head, Slip};
use crate::ticket::decide::Case;
use crate::ticket::decide::hold::says_yes;
use crate::ticket::words::{Status, TicketView, phrase};

/// The head with the command that an approver's plain words mean.
///
/// # Errors
/// Words that say neither.
pub(in crate::ticket::decide) fn spelled_out(case: &Case<'_>, ticket: &TicketView, head: &Head) -> Result<Head, Slip> {
    let awaited = ticket.status == Status::Approval && case.policy.is_approver(&case.intake.sender, ticket);
    if !awaited || !head.lines.is_empty() {
        return Ok(head.clone());
    }
    let yes = says_yes(&head.text, &case.policy.commands).ok_or_else(|| Slip {
        line: String::new(),
        why: phrase!("wrong.approval_unclear"),
        better: None,
    })?;
    let rest = head.text.trim_start().split_once(|c: char| c.is_whitespace()).map_or("", |(_, rest)| rest).trim();
    let line = if yes { "#approve" } else { "#reject" };
    Ok(Head { lines: vec![line.to_owned()], text: rest.to_owned() })
}
