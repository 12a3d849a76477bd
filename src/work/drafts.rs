//! Drafts of reports, and the words that somebody wrote in answer to one.

use super::App;
use super::commit::once_key;
use crate::clock::{MINUTE, Millis};
use crate::report::{Part, Plan};
use crate::settings::Settings;
use crate::store::StoreError;
use crate::ticket::{
    About, Intake, Notification, NotificationKind, Person, ReportDraft, ReportWords, Secret, TicketView, Token,
};

/// What these people wrote for a report that is sent at `at`.
pub(super) async fn words(
    app: &App,
    plan: &Plan,
    people: &[Person],
    at: Millis,
) -> Result<Vec<ReportWords>, StoreError> {
    let mut all = Vec::new();
    for person in people {
        let fact = app.store.meta(&ReportWords::fact(&plan.name, &person.address)).await?;
        let words = fact.and_then(|fact| serde_json::from_str::<ReportWords>(&fact).ok());
        // A report of its name may have had another time.
        all.extend(words.filter(|words| (words.sending - at).abs() < MINUTE));
    }
    Ok(all)
}

/// The words as people read them.
pub(super) fn part(words: &ReportWords, heading: String) -> Part {
    Part { heading, text: words.text.clone(), ..Part::default() }
}

/// The draft that an agent's email answers: its token is the one of a draft that was sent to them, of the next report or the last.
pub(super) fn answered_draft(
    intake: &Intake,
    settings: &Settings,
    now: Millis,
    secret: &Secret,
) -> Option<ReportDraft> {
    let zone = &settings.policy.service_desk.time_zone;
    let tokens: Vec<&Token> = intake.tokens().filter(|token| token.about == About::Nothing).collect();
    if tokens.is_empty() {
        return None;
    }
    let plans = settings.reports.iter().filter(|plan| plan.draft.is_some());
    let sendings = plans.flat_map(|plan| {
        let around = [plan.cron.next(now, zone), plan.cron.previous(now + 1_000, zone)];
        around.into_iter().flatten().map(move |sending| (plan, sending))
    });
    let mut answered = sendings.filter(|(plan, sending)| {
        let key = key(plan, *sending, &intake.sender);
        tokens.iter().any(|token| **token == Token::issue(secret, About::Nothing, &key, &intake.sender))
    });
    answered.next().map(|(plan, sending)| ReportDraft { report: plan.name.clone(), sending })
}

/// What makes a draft unique.
pub(super) fn cause(plan: &Plan, sending: Millis) -> String {
    format!("draft:{}:{sending}", plan.name)
}

/// The once-key of a draft to this address.
fn key(plan: &Plan, sending: Millis, address: &str) -> String {
    let to = Person { address: address.to_owned(), ..Person::default() };
    let notification = Notification { cause: cause(plan, sending), ..Notification::new(NotificationKind::Report, to) };
    once_key(None, About::Nothing, &TicketView::default(), &notification, sending)
}
