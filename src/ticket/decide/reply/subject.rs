//! What a reply's subject says beyond the ticket's: people write news there, and other service desks their number.

use std::sync::LazyLock;

use crate::mail::{Pattern, compile, fold, strip_prefixes};
use crate::ticket::decide::Case;
use crate::ticket::decide::draft::Draft;
use crate::ticket::words::TicketView;

/// Numbers of other service desks, with what they are found by: `[ref:…]`, `INC0012345`, `[#4711]`, `[HD-2071]`.
static REFERENCE: Pattern = LazyLock::new(|| {
    compile(
        r"(\[\s*ref:[^\]\s]{4,80}\s*\]|\[(?:#\d{3,}|[A-Z][A-Z0-9]{1,11}[-_#]\d{2,12})\]|\b(?:INC|REQ|RITM|SCTASK|TASK|CHG|PRB|CS|SR)\d{5,12}\b)",
    )
});

/// The new text of a reply, after its subject where that was changed.
pub(in crate::ticket::decide) fn with_changed(case: &Case<'_>, ticket: &TicketView) -> String {
    let mail = &case.intake.mail;
    match changed(&mail.subject, ticket, case) {
        Some(subject) => format!("{} : {subject}\n\n{}", case.policy.service_desk.subject, mail.reply_text),
        None => mail.reply_text.clone(),
    }
}

/// The subject, if somebody wrote another one into the reply.
fn changed(subject: &str, ticket: &TicketView, case: &Case<'_>) -> Option<String> {
    if !case.intake.mail.answers() || case.intake.mail.automatic.is_some() {
        return None;
    }
    // What stands before the number is the notification's.
    let own = subject.split_once(&format!("[{}]", ticket.number)).map_or(subject, |(_, behind)| behind);
    let own = strip_prefixes(own.trim());
    let own = own.strip_prefix(&ticket.priority).unwrap_or(own).trim();
    let (said, title) = (words(own), words(&ticket.title));
    let news = said.iter().filter(|word| !title.contains(word)).count();
    let kept = said.iter().filter(|word| title.contains(word)).count();
    // A client cuts long subjects, and adds a word of its own.
    let is_theirs = said.is_empty() || news < 2 || title.is_empty();
    let names_desk = fold(own).contains(&fold(&case.policy.service_desk.name));
    let only_reference = REFERENCE.replace_all(own, "").trim().len() < own.len() && news <= 2 && kept > 0;
    (!is_theirs && !names_desk && !only_reference).then(|| own.to_owned())
}

fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
}

/// Another service desk finds its case by the number in the subject: it joins the title, which every answer carries.
pub(in crate::ticket::decide) fn keep_reference(draft: &mut Draft<'_>) {
    let subject = draft.case.intake.mail.subject.replace(&draft.ticket.number, "");
    let is_prefix =
        |found: &str| draft.case.policy.queues.values().any(|queue| found.contains(&format!("{}-", queue.prefix)));
    let Some(found) = REFERENCE.captures_iter(&subject).map(|hit| hit[1].to_owned()).find(|found| !is_prefix(found))
    else {
        return;
    };
    if draft.ticket.title.contains(found.trim_matches(['[', ']'])) || draft.ticket.title.chars().count() > LONGEST {
        return;
    }
    draft.event("reference", format!("their number is {found}"));
    let shown = if found.starts_with('[') { found } else { format!("[{found}]") };
    draft.ticket.title = format!("{} {shown}", draft.ticket.title);
}

/// Longest title that a reference is added to, in characters.
const LONGEST: usize = 200;
