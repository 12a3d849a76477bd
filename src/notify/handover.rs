//! Notifications that show more than one message: the handover form, a ticket whole, the commands there are.

use serde::Serialize;

use super::link::Way;
use super::{Parcel, Told};
use crate::clock::{DAY, HOUR, Millis, spoken};
use crate::ticket::Policy;
use crate::ticket::command::ROWS;
use crate::ticket::notification::Sections;
use crate::ticket::sla::working;

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
pub(super) fn sections(parcel: &Parcel<'_>, way: &Way<'_>, policy: &Policy) -> Vec<Section> {
    let french = parcel.notification.to.language == "fr";
    let told = &parcel.extra.told;
    match parcel.notification.kind.row().sections {
        Sections::Handover => escalation(parcel, policy, french),
        Sections::PostMortem => post_mortem(parcel, policy, french),
        Sections::Late => late(told, way, policy, french, true),
        Sections::Digest => late(told, way, policy, french, false),
        Sections::Conversation => conversation(told, policy, french),
        _ if parcel.notification.whole => conversation(told, policy, french),
        Sections::Verdicts => verdicts(told, policy, french),
        Sections::Help => help(french),
        Sections::Plain => Vec::new(),
    }
}

fn section(label: &str, text: impl Into<String>) -> Section {
    Section { label: label.to_owned(), text: text.into(), href: String::new() }
}

/// The handover form: context, description, what was expected and what is seen, steps, impact,
/// what was done, technical information, contact.
fn escalation(parcel: &Parcel<'_>, policy: &Policy, french: bool) -> Vec<Section> {
    let ticket = parcel.ticket;
    let pick = |fr: &'static str, en: &'static str| if french { fr } else { en };
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
    let since = spoken(ticket.created_at, &policy.service_desk.time_zone, language);
    let opened = if french { format!("ouverte le {since}") } else { format!("opened {since}") };
    let impact = [policy.priority_label(&ticket.priority, language), field("population")];
    let impact = impact.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let technical = ticket.fields.iter().filter(|(code, _)| !KNOWN.contains(&code.as_str()));
    let technical: Vec<String> =
        technical.map(|(code, value)| format!("{} : {value}", policy.field_label(code, language))).collect();
    let who = &ticket.requester;
    let contact = [who.name.clone(), who.address.clone(), field("phone"), field("role"), field("establishment")];
    let contact = contact.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let dash = |text: String| if text.is_empty() { "–".to_owned() } else { text };
    vec![
        section(
            pick("Contexte", "Context"),
            format!("{context}\n{opened}\n{}", parcel.notification.why).trim().to_owned(),
        ),
        section(pick("Description", "Description"), dash(story.clone())),
        section(pick("Résultat attendu", "Expected"), dash(field("expected"))),
        section(pick("Résultat observé", "Observed"), dash(field("observed"))),
        section(pick("Étapes pour reproduire", "Steps"), dash(field("steps"))),
        section(pick("Impact", "Impact"), dash(impact)),
        section(pick("Actions déjà menées", "What was done"), dash(done(told, policy, french))),
        section(pick("Informations techniques", "Technical information"), dash(technical.join("\n"))),
        section(pick("Contact", "Contact"), dash(contact)),
    ]
}

/// Fields that have a place of their own in the form.
const KNOWN: [&str; 8] = ["name", "role", "phone", "establishment", "population", "expected", "observed", "steps"];

/// What the service desk wrote, shortened.
fn done(told: &[Told], policy: &Policy, french: bool) -> String {
    let of_service_desk = told.iter().filter(|t| t.from_agent || t.visibility == "vendor");
    let line = |t: &Told| {
        let text: String = t.text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
        let sort = visibility(&t.visibility, french);
        format!("{} {} ({sort}) : {text}", spoken(t.at, &policy.service_desk.time_zone, language(french)), t.who)
    };
    of_service_desk.map(line).collect::<Vec<_>>().join("\n")
}

fn language(french: bool) -> &'static str {
    if french { "fr" } else { "en" }
}

fn visibility(word: &str, french: bool) -> &str {
    match (word, french) {
        ("public", true) => "au demandeur",
        ("public", false) => "to the requester",
        ("internal", true) => "note interne",
        ("internal", false) => "internal note",
        ("vendor", true) => "prestataire",
        (word, _) => word,
    }
}

fn conversation(told: &[Told], policy: &Policy, french: bool) -> Vec<Section> {
    let one = |t: &Told| {
        let sort = if t.from_agent || t.visibility != "public" { visibility(&t.visibility, french) } else { "" };
        let label = format!("{} · {} {sort}", spoken(t.at, &policy.service_desk.time_zone, language(french)), t.who);
        section(label.trim(), t.text.chars().take(4_000).collect::<String>())
    };
    told.iter().map(one).collect()
}

/// The form of a post-mortem, filled in as far as the service desk knows.
fn post_mortem(parcel: &Parcel<'_>, policy: &Policy, french: bool) -> Vec<Section> {
    let ticket = parcel.ticket;
    let (zone, word) = (&policy.service_desk.time_zone, language(french));
    let pick = |fr: &'static str, en: &'static str| if french { fr } else { en };
    let solved = ticket.solved_at().unwrap_or(ticket.created_at);
    let length = lasted((solved - ticket.created_at).max(0), french);
    let line = |t: &Told| {
        let text: String = t.text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect();
        format!("- {} - {} : {text}", spoken(t.at, zone, word), t.who)
    };
    let mut timeline: Vec<String> = parcel.extra.told.iter().map(line).collect();
    timeline.push(format!("- {} - {}", spoken(solved, zone, word), pick("résolu", "solved")));
    let blank = pick("[à compléter]", "[to be filled in]");
    vec![
        section(pick("Incident", "Incident"), format!("{} ({})", ticket.title, ticket.number)),
        section(pick("Date", "Date"), spoken(ticket.created_at, zone, word)),
        section(pick("Durée", "Length"), length),
        section(
            pick("Impact", "Impact"),
            format!("{} {blank}", ticket.fields.get("population").cloned().unwrap_or_default()).trim(),
        ),
        section(pick("Chronologie", "Timeline"), timeline.join("\n")),
        section(pick("Cause racine", "Root cause"), blank),
        section(
            pick("Actions correctives", "Corrective actions"),
            pick("- [ ] action (responsable, échéance)", "- [ ] action (who, until when)"),
        ),
        section(pick("Enseignements", "Lessons"), blank),
    ]
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

/// A length of time by the calendar: `1 h 03`, `4 j 2 h`.
fn lasted(length: Millis, french: bool) -> String {
    if length < 2 * DAY {
        return working(length).say(language(french)).to_owned();
    }
    let (days, hours) = (length / DAY, length % DAY / HOUR);
    if french { format!("{days} j {hours} h") } else { format!("{days} d {hours} h") }
}

/// The same as the text of an email.
pub(super) fn post_mortem_form(parcel: &Parcel<'_>, policy: &Policy, french: bool) -> String {
    let sections = post_mortem(parcel, policy, french);
    // No word of a requester begins a line, where it might be taken for a command.
    let told = sections.iter().map(|s| {
        let text = whole_lines(&s.text, 900);
        let gap = if text.contains('\n') { "\n" } else { " " };
        format!("{} :{gap}{text}", s.label)
    });
    told.collect::<Vec<_>>().join("\n\n")
}

/// What fell due, ticket by ticket.
fn late(told: &[Told], way: &Way<'_>, policy: &Policy, french: bool, due: bool) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for t in told {
        let at = spoken(t.at, &policy.service_desk.time_zone, language(french));
        let text = match (due, french) {
            (true, true) => format!("Échéance : {at}. {}", t.text),
            (true, false) => format!("Due: {at}. {}", t.text),
            (false, _) => format!("{at}. {}", t.text),
        };
        match sections.iter_mut().find(|s| s.label == t.who) {
            Some(known) => known.text.push_str(&format!("\n{text}")),
            None => {
                let command = if french { "#voir" } else { "#show" };
                let number = t.who.split(' ').next().unwrap_or_default();
                let href =
                    if number.contains('-') { way.mail(&format!("Re: [{number}]"), command) } else { String::new() };
                sections.push(Section { href, ..section(&t.who, text) });
            }
        }
    }
    sections
}

fn verdicts(told: &[Told], policy: &Policy, french: bool) -> Vec<Section> {
    let one = |t: &Told| {
        section(
            &format!("{} · {}", spoken(t.at, &policy.service_desk.time_zone, language(french)), t.who),
            format!("{}: {}", t.visibility, t.text),
        )
    };
    told.iter().map(one).collect()
}

fn help(french: bool) -> Vec<Section> {
    let at = usize::from(!french);
    let shown = ROWS.iter().filter(|e| !e.usage[at].is_empty());
    shown.map(|e| section(e.usage[at], e.does[at])).collect()
}
