//! Reports and notices that are written automatically, when their wake-up rings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::commit::{Cause, Commit, set_wake_up};
use super::presence::DESK;
use super::{App, drafts};
use crate::clock::{DAY, MINUTE, Millis};
use crate::notify::Extra;
use crate::report::{Counting, Draft, Figures, Page, Period, Plan, Sort, StateHistory, Subject};
use crate::settings::Settings;
use crate::store::{Store, StoreError, Wanted};
use crate::ticket::phrase::phrase;
use crate::ticket::sla::Calendar;
use crate::ticket::{
    Agent, Decision, Notices, Notification, NotificationKind, Person, Phrase, Policy, ReportWords, Role, Value,
};

/// Written later than this after its time, a report says so.
const LATE: Millis = 15 * MINUTE;
/// How many times before it a report is compared with.
const EARLIER: usize = 2;
/// How long before a file of times off ends somebody is asked for the next.
const SOON: Millis = 60 * DAY;
/// How often they are asked again.
const AGAIN: Millis = 14 * DAY;

/// Writes what is due. Gives how many notifications.
pub async fn drain(app: &App) -> Result<usize, StoreError> {
    let settings = app.settings.load_full();
    let mut count = notice(app, &settings).await?;
    for plan in &settings.reports {
        count += ring_draft(app, &settings, plan).await?;
        count += ring(app, &settings, plan).await?;
    }
    Ok(count)
}

/// The figures of a period, and of those before it.
pub struct Built {
    pub figures: Figures,
    /// Those of the times before, the newest first.
    pub before: Vec<Figures>,
}

/// Computes a report from the store, of some queues, or of all where none is named.
pub async fn build(
    store: &Store,
    policy: &Policy,
    sort: Sort,
    period: Period,
    queues: &[String],
) -> Result<Built, StoreError> {
    let zone = &policy.service_desk.time_zone;
    // A day is compared with nothing: the one before it may have been a Sunday.
    let earlier = if sort == Sort::Daily { 0 } else { EARLIER };
    let periods: Vec<Period> =
        std::iter::successors(Some(period), |later| later.before(sort, zone)).take(1 + earlier).collect();
    let from = periods.last().map_or(period.from, |first| first.from);
    let mut counting = Counting::of(&periods, queues, zone);
    let topics = policy.categories.iter().filter(|topic| topic.confidential);
    let secret: Arc<BTreeSet<String>> = Arc::new(topics.map(|topic| topic.name.clone()).collect());
    let mut reading = store.histories(from, period.until);
    let mut rows = reading.next().await?;
    while !rows.is_empty() {
        // Counting takes processor time, so it is done away from the tasks that wait for the network, while the next are read.
        let secret = Arc::clone(&secret);
        let work = move || {
            for row in rows {
                counting.take(&untitled(row.history()?, &secret));
            }
            Ok::<_, StoreError>(counting)
        };
        let (counted, next) = tokio::join!(tokio::task::spawn_blocking(work), reading.next());
        (counting, rows) = (counted.map_err(|_| StoreError::Interrupted)??, next?);
    }
    let mut figures = counting.end().into_iter();
    let newest = figures.next().unwrap_or_default();
    Ok(Built { figures: newest, before: figures.collect() })
}

/// What is confidential counts, and is not called by its name.
fn untitled(history: StateHistory, secret: &BTreeSet<String>) -> StateHistory {
    let is_secret = history.states.last().is_some_and(|(_, last)| secret.contains(&last.category));
    if is_secret { StateHistory { title: "•••".to_owned(), ..history } } else { history }
}

/// Each ticket that bears on a period, as it stood at its end.
pub async fn tickets(
    store: &Store,
    period: Period,
    queues: &[String],
    mut each: impl FnMut(&StateHistory),
) -> Result<(), StoreError> {
    let mut reading = store.histories(period.from, period.until);
    loop {
        let rows = reading.next().await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let history = row.history()?;
            if queues.is_empty() || history.states.last().is_some_and(|(_, last)| queues.contains(&last.queue)) {
                each(&history);
            }
        }
    }
}

/// A report laid out, in a language.
#[must_use]
pub fn page(built: &Built, settings: &Settings, sort: Sort, period: Period, language: &str) -> Page {
    Page::lay_out(&Subject {
        sort,
        period,
        figures: &built.figures,
        before: &built.before,
        goals: &settings.goals,
        policy: &settings.policy,
        phrases: settings.templates.phrases(language),
        language,
    })
}

/// A plan whose time has come: the report of its latest time, whatever was missed before that.
async fn ring(app: &App, settings: &Settings, plan: &Plan) -> Result<usize, StoreError> {
    let (now, zone) = (app.clock.now(), &settings.policy.service_desk.time_zone);
    let name = format!("report:{}:{}", plan.name, plan.cron.text());
    let Some(next) = plan.cron.next(now, zone) else { return Ok(0) };
    // One beyond the next time was set while the clock was ahead.
    let due = app.store.wake_up(&name).await?.filter(|due| *due <= next);
    if due.is_some_and(|due| due > now) {
        return Ok(0);
    }
    // The newest of the times that were missed; where the clocks were set, the one that was waited for.
    let latest = due.map(|due| plan.cron.previous(now + 1_000, zone).filter(|at| *at >= due).unwrap_or(due));
    let Some((at, period)) = latest.and_then(|at| Some((at, Period::planned(plan, due?, at, zone)?))) else {
        // It is seen for the first time.
        set_wake_up(app, &name, next).await?;
        return Ok(0);
    };
    let built = build(&app.store, &settings.policy, plan.sort, period, &plan.queues).await?;
    let writers = plan.draft.as_ref().map(|draft| recipients(draft, settings)).unwrap_or_default();
    let words = drafts::words(app, plan, &writers, at).await?;
    let mut notifications = Vec::new();
    for to in &plan.to {
        let mut page = page(&built, settings, plan.sort, period, &to.language);
        for words in words.iter().rev() {
            let heading = settings.templates.phrases(&to.language).text("report.words_of", &[("name", &words.name)]);
            page.sections.insert(0, drafts::part(words, heading));
        }
        if now - at > LATE {
            let phrases = settings.templates.phrases(&to.language);
            let late = phrases.text("report.sent_late", &[("at", &phrases.at(at, zone))]);
            page.intro = format!("{late} {}", page.intro);
        }
        notifications.push((to.clone(), page));
    }
    let count =
        send(app, settings, &plan.queues, &format!("{}:{at}", plan.name), notifications, Some((&name, next))).await?;
    for words in &words {
        // Its name holds an address.
        app.store.drop_meta(&ReportWords::fact(&plan.name, &words.address)).await?;
    }
    tracing::info!(report = plan.name, notifications = count, "report written");
    Ok(count)
}

/// A draft whose time has come, once for each time the report is sent. Gives how many notifications.
async fn ring_draft(app: &App, settings: &Settings, plan: &Plan) -> Result<usize, StoreError> {
    let Some(draft) = &plan.draft else { return Ok(0) };
    let (now, zone) = (app.clock.now(), &settings.policy.service_desk.time_zone);
    let name = format!("draft:{}:{}:{}", plan.name, plan.cron.text(), draft.time);
    let next_after = |at: Millis| {
        let sendings =
            std::iter::successors(plan.cron.next(at, zone), |sending| plan.cron.next(*sending, zone)).take(3);
        sendings.filter_map(|sending| Some((draft.before(sending, zone)?, sending))).find(|(due, _)| *due > at)
    };
    let Some((next, _)) = next_after(now) else { return Ok(0) };
    // One beyond the next time was set while the clock was ahead.
    let due = app.store.wake_up(&name).await?.filter(|due| *due <= next);
    if due.is_some_and(|due| due > now) {
        return Ok(0);
    }
    // Of what was missed only the report that is still to be sent has a draft.
    let missed = due.and_then(|due| next_after(due - 1)).map(|(_, sending)| sending);
    let sending =
        missed.and_then(|_| plan.cron.next(now, zone)).filter(|at| draft.before(*at, zone).is_some_and(|at| at <= now));
    let period = sending.and_then(|at| Some((at, Period::planned(plan, at, at, zone)?)));
    let Some((at, period)) = period else {
        set_wake_up(app, &name, next).await?;
        return Ok(0);
    };
    let built = build(&app.store, &settings.policy, plan.sort, period, &plan.queues).await?;
    let of = |to: Person| {
        let phrases = settings.templates.phrases(&to.language);
        let mut page = page(&built, settings, plan.sort, period, &to.language);
        page.title = phrases.text("report.draft", &[("title", &page.title)]);
        page.intro = phrases.text("report.draft_intro", &[("at", &phrases.at(at, zone))]);
        (to, page)
    };
    let notifications = recipients(draft, settings).into_iter().map(of).collect();
    let count = send(app, settings, &plan.queues, &drafts::cause(plan, at), notifications, Some((&name, next))).await?;
    tracing::info!(report = plan.name, notifications = count, "draft of a report written");
    Ok(count)
}

/// Who gets a draft.
fn recipients(draft: &Draft, settings: &Settings) -> Vec<Person> {
    if !draft.to.is_empty() {
        return draft.to.clone();
    }
    in_charge(&settings.policy).into_iter().map(person).collect()
}

/// Sends a report to people, as one commit with its next time.
pub(super) async fn send(
    app: &App,
    settings: &Settings,
    queues: &[String],
    cause: &str,
    notifications: Vec<(Person, Page)>,
    wake_up: Option<(&str, Millis)>,
) -> Result<usize, StoreError> {
    let now = app.clock.now();
    mail(&app.store, &app.secret, settings, queues, cause, notifications, wake_up, now).await
}

/// The same without a service desk at work, for the command line.
#[allow(clippy::too_many_arguments, reason = "each is a plain thing of its own, and there are two callers")]
pub async fn mail(
    store: &Store,
    secret: &crate::ticket::Secret,
    settings: &Settings,
    queues: &[String],
    cause: &str,
    notifications: Vec<(Person, Page)>,
    wake_up: Option<(&str, Millis)>,
    now: Millis,
) -> Result<usize, StoreError> {
    let agents = settings.policy.agents.values().map(|a| a.address.clone()).collect();
    let recipients = notifications.iter().map(|(to, _)| to.address.clone()).collect();
    let lease = wake_up.is_some().then_some(DESK);
    let wanted = Wanted { agents, recipients, lease, ..Wanted::default() };
    let mut commit = Commit::on(store, secret, settings, now, wanted).await?;
    let (mut written, mut shown) = (Vec::new(), BTreeMap::new());
    let mut drawn: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for (to, page) in notifications {
        // Charts are drawn once a language.
        if !drawn.contains_key(&to.language) {
            let name = |(name, png): (String, Vec<u8>)| (content_id(&name, cause), png);
            drawn.insert(to.language.clone(), page.pictures().into_iter().map(name).collect());
        }
        let pictures = drawn.get(&to.language).cloned().unwrap_or_default();
        let page = page.with_charts(|name| format!("cid:{}", content_id(name, cause)));
        // A page of texts always has a JSON form.
        let report = serde_json::to_value(&page).unwrap_or_default();
        shown.insert(to.address.clone(), Extra { report, pictures, ..Extra::default() });
        written.push(Notification { cause: cause.to_owned(), ..Notification::new(NotificationKind::Report, to) });
    }
    let notices = Notices { queue: queue_of(queues, &settings.policy), notifications: written };
    let cause = Cause::Report(shown, wake_up.map(|(name, next)| (name.to_owned(), next)));
    commit.carry_out(&cause, Decision::Notify(vec![notices]))?;
    Ok(commit.finish().await?.notifications)
}

/// The queue that a notification about no ticket comes from.
pub(super) fn queue_of(queues: &[String], policy: &Policy) -> String {
    queues.first().or_else(|| policy.queues.keys().next()).cloned().unwrap_or_default()
}

fn content_id(name: &str, cause: &str) -> String {
    let plain: String = cause.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{name}.{plain}@guichet.invalid")
}

/// Once a day: calendars that are about to run out of known times off.
async fn notice(app: &App, settings: &Settings) -> Result<usize, StoreError> {
    const NAME: &str = "calendars";
    let now = app.clock.now();
    if settings.policy.slas.calendars.values().all(|c| c.files.is_empty())
        || app.store.wake_up(NAME).await?.is_some_and(|due| due > now && due <= now + AGAIN)
    {
        return Ok(0);
    }
    let policy = &settings.policy;
    let ending: Vec<Phrase> = policy.slas.calendars.values().flat_map(|calendar| ending(calendar, now)).collect();
    let next = if ending.is_empty() { now + DAY } else { now + AGAIN };
    let agents = policy.agents.values().map(|a| a.address.clone()).collect();
    let wanted = Wanted { agents, lease: Some(DESK), ..Wanted::default() };
    let mut commit = Commit::begin(app, settings, now, wanted).await?;
    let people = in_charge(policy).into_iter().filter(|_| !ending.is_empty()).map(person);
    let notices = notices(people, &ending, &format!("{NAME}:{now}"), policy);
    let cause = Cause::Report(BTreeMap::new(), Some((NAME.to_owned(), next)));
    commit.carry_out(&cause, Decision::Notify(vec![notices]))?;
    Ok(commit.finish().await?.notifications)
}

/// What is known of a calendar's files that somebody should see to, in French and English.
pub(crate) fn ending(calendar: &Calendar, now: Millis) -> Vec<Phrase> {
    let name = &calendar.name;
    let one = |(file, until): &(String, Millis)| match *until {
        0 => Some(phrase!("calendar.unreadable", name, file)),
        until if until < now + SOON => Some(phrase!("calendar.ends", name, file, at = Value::At(until))),
        _ => None,
    };
    calendar.files.iter().filter_map(one).collect()
}

/// The administrators; where there are none, the moderators; else everybody.
pub(crate) fn in_charge(policy: &Policy) -> Vec<&Agent> {
    let with = |role: Role| policy.agents.values().filter(|a| a.roles.contains(&role)).collect::<Vec<_>>();
    let found = [Role::Administrator, Role::Moderator].into_iter().map(with).find(|people| !people.is_empty());
    found.unwrap_or_else(|| policy.agents.values().collect())
}

fn person(agent: &Agent) -> Person {
    Person { address: agent.address.clone(), name: agent.name.clone(), language: agent.language.clone() }
}

/// One notice a person, with these lines in French or English.
pub(super) fn notices(
    people: impl IntoIterator<Item = Person>,
    lines: &[Phrase],
    cause: &str,
    policy: &Policy,
) -> Notices {
    let notice = |to: Person| Notification {
        done: lines.to_vec(),
        cause: cause.to_owned(),
        ..Notification::new(NotificationKind::Notice, to)
    };
    Notices { queue: queue_of(&[], policy), notifications: people.into_iter().map(notice).collect() }
}
