//! Notifications that show more than one message: the handover form, a ticket whole, the commands there are.

use serde::Serialize;

use super::link::Way;
use super::{Parcel, Phrases, Told};
use crate::clock::Millis;
use crate::ticket::Policy;
use crate::ticket::command::{Name, ROWS};
use crate::ticket::notification::Sections;

/// A heading and the text below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The heading.
    pub label: String,

    pub text: String,
    /// Link to an email that asks for more; mostly empty.
    pub href: String,
}

/// The sections of a notification; none for most.
pub(super) fn sections(parcel: &Parcel<'_>, way: &Way<'_>, phrases: &Phrases, policy: &Policy) -> Vec<Section> {
    let told = &parcel.extra.told;
    match parcel.notification.kind.row().sections {
        Sections::Handover => escalation(parcel, phrases, policy),
        Sections::PostMortem => post_mortem(parcel, phrases, policy),
        Sections::Late => late(told, way, phrases, policy, "handover.due"),
        Sections::Digest => late(told, way, phrases, policy, "handover.digest"),
        Sections::Conversation => conversation(told, phrases, policy),
        _ if parcel.notification.whole => conversation(told, phrases, policy),
        Sections::Verdicts => verdicts(told, phrases, policy),
        Sections::Help => help(phrases, policy),
        Sections::Plain => Vec::new(),
    }
}

fn section(label: &str, text: impl Into<String>) -> Section {
    Section { label: label.to_owned(), text: text.into(), href: String::new() }
}

/// The handover form: context, description, what was expected and what is seen, steps, impact,
/// what was done, technical information, contact.
fn escalation(parcel: &Parcel<'_>, phrases: &Phrases, policy: &Policy) -> Vec<Section> {
    let ticket = parcel.ticket;
    let say = |code: &str| phrases.text(code, &[]);
    let field = |code: &str| ticket.fields.get(code).cloned().unwrap_or_default();
    let told = &parcel.extra.told;
    let story = told.iter().find(|t| !t.from_agent).map_or(&parcel.message.new_text, |t| &t.text);
    let language = &parcel.notification.to.language;
    let context = [
        ticket.queue.clone(),
        crate::ticket::Policy::topic_label(&policy.services, ticket.service.as_deref(), language),
        crate::ticket::Policy::topic_label(&policy.categories, ticket.category.as_deref(), language),
        crate::ticket::Policy::topic_label(&policy.types, ticket.kind.as_deref(), language),
    ];
    let context = context.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let since = phrases.at(ticket.created_at, &policy.service_desk.time_zone);
    let opened = phrases.text("handover.opened", &[("at", &since)]);
    let impact = [policy.priority_label(&ticket.priority, language), field("population")];
    let impact = impact.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let technical = ticket.fields.iter().filter(|(code, _)| !KNOWN.contains(&code.as_str()));
    let technical: Vec<String> =
        technical.map(|(code, value)| phrases.entry(&policy.field_label(code, language), value)).collect();
    let who = &ticket.requester;
    let contact = [who.name.clone(), who.address.clone(), field("phone"), field("role"), field("establishment")];
    let contact = contact.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let dash = |text: String| if text.is_empty() { "–".to_owned() } else { text };
    vec![
        section(
            &say("handover.context"),
            format!("{context}\n{opened}\n{}", parcel.notification.why).trim().to_owned(),
        ),
        section(&say("handover.description"), dash(story.clone())),
        section(&say("handover.expected"), dash(field("expected"))),
        section(&say("handover.observed"), dash(field("observed"))),
        section(&say("handover.steps"), dash(field("steps"))),
        section(&say("handover.impact"), dash(impact)),
        section(&say("handover.what_was_done"), dash(done(told, phrases, policy))),
        section(&say("handover.technical_information"), dash(technical.join("\n"))),
        section(&say("handover.contact"), dash(contact)),
    ]
}

/// Fields that have a place of their own in the form.
const KNOWN: [&str; 8] = ["name", "role", "phone", "establishment", "population", "expected", "observed", "steps"];

/// What the service desk wrote, shortened.
fn done(told: &[Told], phrases: &Phrases, policy: &Policy) -> String {
    let of_service_desk = told.iter().filter(|t| t.from_agent || t.visibility == "vendor");
    let line = |t: &Told| {
        let text = whole_words(&t.text, 300);
        let at = phrases.at(t.at, &policy.service_desk.time_zone);
        phrases.entry(&format!("{at} {} ({})", t.who, visibility(&t.visibility, phrases)), &text)
    };
    of_service_desk.map(line).collect::<Vec<_>>().join("\n")
}

/// Who can read a message, in words.
fn visibility(word: &str, phrases: &Phrases) -> String {
    match word {
        "public" => phrases.text("visibility.public", &[]),
        "internal" => phrases.text("visibility.internal", &[]),
        "vendor" => phrases.text("visibility.vendor", &[]),
        other => other.to_owned(),
    }
}

fn conversation(told: &[Told], phrases: &Phrases, policy: &Policy) -> Vec<Section> {
    let one = |t: &Told| {
        let is_said = t.from_agent || t.visibility != "public";
        let sort = if is_said { visibility(&t.visibility, phrases) } else { String::new() };
        let label = format!("{} · {} {sort}", phrases.at(t.at, &policy.service_desk.time_zone), t.who);
        section(label.trim(), t.text.chars().take(4_000).collect::<String>())
    };
    told.iter().map(one).collect()
}

/// The form of a post-mortem, filled in as far as the service desk knows.
fn post_mortem(parcel: &Parcel<'_>, phrases: &Phrases, policy: &Policy) -> Vec<Section> {
    let ticket = parcel.ticket;
    let zone = &policy.service_desk.time_zone;
    let say = |code: &str| phrases.text(code, &[]);
    let solved = ticket.solved_at().unwrap_or(ticket.created_at);
    let length = phrases.lasted((solved - ticket.created_at).max(0));
    let line = |at: Millis, who: &str, text: &str| phrases.entry(&format!("- {} - {who}", phrases.at(at, zone)), text);
    let said = parcel.extra.told.iter().map(|t| (t.at, line(t.at, &t.who, &whole_words(&t.text, 120))));
    let solver = ticket.assignee.as_deref().and_then(|address| policy.agent(address));
    let end = match solver {
        Some(agent) => line(solved, &agent.name, &say("handover.solved")),
        None => format!("- {} - {}", phrases.at(solved, zone), say("handover.solved")),
    };
    let mut timeline: Vec<(Millis, String)> = said.chain([(solved, end)]).collect();
    // What was written after it was solved stands below that.
    timeline.sort_by_key(|(at, _)| *at);
    let timeline: Vec<String> = timeline.into_iter().map(|(_, line)| line).collect();
    let blank = phrases.list("argument.blank").first().map_or("[…]", String::as_str);
    vec![
        section(&say("handover.incident"), format!("{} ({})", ticket.title, ticket.number)),
        section(&say("handover.date"), phrases.at(ticket.created_at, zone)),
        section(&say("handover.length"), length),
        section(
            &say("handover.impact"),
            format!("{} {blank}", ticket.fields.get("population").cloned().unwrap_or_default()).trim(),
        ),
        section(&say("handover.timeline"), timeline.join("\n")),
        section(&say("handover.root_cause"), blank),
        section(&say("handover.corrective_actions"), say("handover.action_who_until_when")),
        section(&say("handover.lessons"), blank),
    ]
}

/// As many whole words of a text as fit, on one line.
fn whole_words(text: &str, most: usize) -> String {
    let mut kept = String::new();
    for word in text.split_whitespace() {
        if kept.chars().count() + 1 + word.chars().count() > most {
            return if kept.is_empty() { word.chars().take(most).collect() } else { kept + " …" };
        }
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(word);
    }
    kept
}

/// As many whole lines as fit, the first and the last of them; a link cannot hold more.
fn whole_lines(text: &str, most: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let (mut from, mut until, mut size) = (0, lines.len(), 0);
    while from < until {
        // In turn from the beginning and from the end.
        let first = from <= lines.len() - until;
        let line = if first { lines[from] } else { lines[until - 1] };
        size += line.chars().count() + 1;
        if size > most {
            break;
        }
        if first { from += 1 } else { until -= 1 }
    }
    let mut kept: Vec<String> = lines[..from].iter().map(|l| (*l).to_owned()).collect();
    if from < until {
        kept.push("- …".to_owned());
    }
    kept.extend(lines[until..].iter().map(|l| (*l).to_owned()));
    kept.join("\n")
}

/// The same as the text of an email.
pub(super) fn post_mortem_form(parcel: &Parcel<'_>, phrases: &Phrases, policy: &Policy) -> String {
    let sections = post_mortem(parcel, phrases, policy);
    // No word of a requester begins a line, where it might be taken for a command.
    let told = sections.iter().map(|s| {
        let text = whole_lines(&s.text, 900);
        let gap = if text.contains('\n') || text.starts_with('-') { "\n" } else { " " };
        format!("{}{gap}{text}", phrases.text("handover.heading", &[("label", &s.label)]))
    });
    told.collect::<Vec<_>>().join("\n\n")
}

/// What fell due, ticket by ticket. `code`: how one line is said.
fn late(told: &[Told], way: &Way<'_>, phrases: &Phrases, policy: &Policy, code: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for t in told {
        let at = phrases.at(t.at, &policy.service_desk.time_zone);
        let text = phrases.text(code, &[("at", &at), ("text", &t.text)]);
        match sections.iter_mut().find(|s| s.label == t.who) {
            Some(known) => known.text.push_str(&format!("\n{text}")),
            None => {
                let command = policy.commands.line(Name::Show, phrases.language());
                let number = t.who.split(' ').next().unwrap_or_default();
                let href =
                    if number.contains('-') { way.mail(&format!("Re: [{number}]"), &command) } else { String::new() };
                sections.push(Section { href, ..section(&t.who, text) });
            }
        }
    }
    sections
}

fn verdicts(told: &[Told], phrases: &Phrases, policy: &Policy) -> Vec<Section> {
    let one = |t: &Told| {
        section(
            &format!("{} · {}", phrases.at(t.at, &policy.service_desk.time_zone), t.who),
            phrases.entry(&t.visibility, &t.text),
        )
    };
    told.iter().map(one).collect()
}

fn help(phrases: &Phrases, policy: &Policy) -> Vec<Section> {
    let called = ROWS.iter().map(|row| policy.commands.called(row.name, phrases.language()));
    called.filter(|called| !called.usage.is_empty()).map(|called| section(&called.usage, &*called.does)).collect()
}
