//! An answer to the draft of a report: its words stand at the head of the report.

use crate::clock::Millis;
use crate::mail::above_closing;
use crate::ticket::decide::hold::{not_done, telling};
use crate::ticket::decide::people::person;
use crate::ticket::decide::{Decision, ReportDraft, ReportWords};
use crate::ticket::policy::Policy;
use crate::ticket::queue::Queue;
use crate::ticket::read::Intake;
use crate::ticket::words::{Notification, NotificationKind, Value, Verdict, phrase};

/// A proven agent's answer; what is written last counts.
pub(in crate::ticket::decide) fn decide(
    intake: &Intake,
    draft: &ReportDraft,
    now: Millis,
    policy: &Policy,
    queue: &Queue,
) -> Decision {
    let at = Value::At(draft.sending);
    let text = intake.head.text.trim().to_owned();
    // Of a quote alone the reader keeps the quote.
    let name = policy.agent(&intake.sender).map(|agent| agent.name.as_str()).unwrap_or_default();
    let said = above_closing(&text, name).contains(char::is_alphanumeric) && !intake.mail.wordless;
    let Some(agent) = policy.agent(&intake.sender).filter(|_| said) else {
        return not_done(intake, phrase!("draft.missing", at), &queue.name, policy);
    };
    if now >= draft.sending {
        return not_done(intake, phrase!("draft.too_late", at), &queue.name, policy);
    }
    let done = vec![phrase!("draft.taken", at), phrase!("draft.text", text = text.as_str())];
    let receipt = Notification { done, ..Notification::new(NotificationKind::Receipt, person(agent)) };
    let reason = format!("words for the report {:?}", draft.report);
    let holding = telling(intake, Verdict::Command, reason, &queue.name, vec![receipt], policy);
    let ReportDraft { report, sending } = draft.clone();
    let words = ReportWords { report, sending, address: agent.address.clone(), name: agent.name.clone(), text };
    Decision::Words(words, Box::new(holding))
}
