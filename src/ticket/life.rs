//! A ticket's life: which move leads from which status to which, as one table.
//!
//! `docs/life-cycle.md` is drawn from it, and a test holds the two together.

use strum::{Display, IntoStaticStr, VariantArray};

use super::stored::stored_words;
use super::words::Status;

stored_words!(Move);

/// Something that happens to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, Display, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Move {
    /// It needs an approval where it goes.
    Submit,
    /// An approver says yes.
    Approve,
    /// An approver or moderator says no.
    Reject,
    /// Somebody of the service desk takes it, or is given it.
    Take,
    /// The service desk answers publicly.
    Answer,
    /// It is put off: until the requester, a vendor or a date.
    Suspend,
    /// What it waited for is there.
    Wake,
    /// It goes to the next level.
    Escalate,
    /// It is done.
    Resolve,
    /// It is over: the requester agrees, nobody contradicts, or a moderator says so.
    Close,
    /// Somebody says it is not done.
    Reopen,
    /// The requester writes.
    Write,
    /// It turns out to be another ticket.
    Merge,
}

/// The table: a row a move, a column a status in the order of [`Status::ALL`]. `None` is a refusal.
/// Closed is final: what is written afterwards opens another ticket that refers to it.
const TABLE: [(Move, [Option<Status>; 8]); 13] = {
    use Status::{Approval, Closed, Escalated, New, Open, Pending, Reopened, Resolved};
    const fn to(status: Status) -> Option<Status> {
        Some(status)
    }
    const NO: Option<Status> = None;
    [
        //                 Approval        New             Open            Pending         Escalated       Reopened        Resolved        Closed
        (Move::Submit, [NO, to(Approval), to(Approval), to(Approval), to(Approval), to(Approval), NO, NO]),
        (Move::Approve, [to(New), NO, NO, NO, NO, NO, NO, NO]),
        (Move::Reject, [to(Closed), to(Closed), NO, NO, NO, NO, NO, NO]),
        (Move::Take, [NO, to(Open), to(Open), to(Open), to(Open), to(Open), NO, NO]),
        (Move::Answer, [to(Approval), to(Open), to(Open), to(Pending), to(Escalated), to(Open), to(Resolved), NO]),
        (Move::Suspend, [NO, to(Pending), to(Pending), to(Pending), to(Pending), to(Pending), NO, NO]),
        (Move::Wake, [NO, NO, NO, to(Open), NO, NO, NO, NO]),
        (Move::Escalate, [NO, to(Escalated), to(Escalated), to(Escalated), to(Escalated), to(Escalated), NO, NO]),
        (Move::Resolve, [NO, to(Resolved), to(Resolved), to(Resolved), to(Resolved), to(Resolved), to(Resolved), NO]),
        (Move::Close, [NO, to(Closed), to(Closed), to(Closed), to(Closed), to(Closed), to(Closed), NO]),
        (Move::Reopen, [NO, NO, NO, to(Reopened), NO, to(Reopened), to(Reopened), NO]),
        (Move::Write, [to(Approval), to(New), to(Open), to(Open), to(Escalated), to(Reopened), to(Reopened), NO]),
        (Move::Merge, [NO, to(Closed), to(Closed), to(Closed), to(Closed), to(Closed), to(Closed), NO]),
    ]
};

/// Where a move leads; none when it cannot be made from there.
#[must_use]
pub fn after(status: Status, step: Move) -> Option<Status> {
    let row = TABLE.iter().find(|(m, _)| *m == step)?;
    let column = Status::ALL.iter().position(|s| *s == status)?;
    row.1[column]
}

/// The table and the picture of `docs/life-cycle.md`, as Markdown.
#[must_use]
pub fn drawn() -> String {
    let mut out = String::from("```mermaid\nstateDiagram-v2\n    [*] --> new\n    [*] --> approval\n");
    for &status in Status::ALL {
        for &step in Move::VARIANTS {
            if let Some(next) = after(status, step).filter(|next| *next != status) {
                out += &format!("    {status} --> {next}: {step}\n");
            }
        }
    }
    out += "    closed --> [*]\n```\n\n| move |";
    for &status in Status::ALL {
        out += &format!(" {status} |");
    }
    out += "\n| --- |";
    out += &" --- |".repeat(Status::ALL.len());
    for &step in Move::VARIANTS {
        out += &format!("\n| {step} |");
        for &status in Status::ALL {
            out += &format!(" {} |", after(status, step).map_or("–", Status::as_str));
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_is_final() {
        for &step in Move::VARIANTS {
            assert_eq!(after(Status::Closed, step), None, "{step}");
        }
    }

    #[test]
    fn every_ticket_can_end_and_only_a_move_elsewhere_leads_back_to_approval() {
        for status in Status::ALL.iter().copied().filter(|s| *s != Status::Closed) {
            let ends = after(status, Move::Close).or(after(status, Move::Reject));
            assert_eq!(ends, Some(Status::Closed), "{status:?}");
            for &step in Move::VARIANTS {
                let back = after(status, step) == Some(Status::Approval);
                assert!(!back || status == Status::Approval || step == Move::Submit, "{step}");
            }
        }
    }
}
