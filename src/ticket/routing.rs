//! Which service, category and type a request is about, and who deals with it.
//!
//! The address it was sent to counts most, then words of the subject, then words of the text. What
//! nothing leads to stays open for a moderator.

use super::policy::{Policy, Topic, without_detail};
use super::queue::Queue;
use crate::mail::fold;

/// Where a request goes.
#[derive(Debug, Clone, Default)]
pub(super) struct Route {
    pub(super) service: Option<String>,
    pub(super) category: Option<String>,
    pub(super) kind: Option<String>,
    /// Code of the priority, where the route names one.
    pub(super) priority: Option<String>,
    pub(super) level: i64,
    /// Address of the agent whose turn it is.
    pub(super) assignee: Option<String>,
    pub(super) team: Option<String>,
    /// How it was found, for the ticket's history.
    pub(super) why: Vec<String>,
}

/// Most notifications of the text that are looked at.
const TEXT: usize = 4_000;

/// Reads the route. `turn` makes people take turns.
pub(super) fn route(
    addressed: &[String],
    subject: &str,
    text: &str,
    queue: &Queue,
    turn: i64,
    policy: &Policy,
) -> Route {
    let begin: String = text.chars().take(TEXT).collect();
    let wanted = policy.services.iter().chain(&policy.categories).any(|t| !t.words.is_empty());
    let places = Places {
        addressed,
        subject: padded(subject),
        text: if wanted { padded(&begin) } else { String::new() },
        queue,
    };
    let mut route = Route { level: 1, ..Route::default() };
    let service = places.find(&policy.services, true);
    let category = places.find(&policy.categories, true);
    let kind = places.find(&policy.types, false);
    let mut note = |what: &str, found: Option<(&Topic, String)>| -> Option<String> {
        let (topic, how) = found?;
        route.why.push(format!("{what} {} by {how}", topic.name));
        Some(topic.name.clone())
    };
    let names = [note("service", service.clone()), note("category", category.clone()), note("type", kind.clone())];
    [route.service, route.category, route.kind] = names;
    let topics: Vec<&Topic> = service.iter().chain(&category).map(|(topic, _)| *topic).collect();
    let first = |of: fn(&Topic) -> &String| topics.iter().map(|t| of(t)).find(|s| !s.is_empty()).cloned();
    route.category = route.category.or_else(|| first(|t| &t.category));
    route.kind = route.kind.or_else(|| first(|t| &t.kind));
    route.priority = first(|t| &t.priority);
    route.level = topics.iter().map(|t| i64::from(t.level)).find(|l| *l > 0).unwrap_or(1);
    // Of what is confidential, only its category's own people are asked.
    let secret = route.category.as_deref().is_some_and(|category| policy.is_confidential_category(category));
    let secret = policy.categories.iter().filter(|topic| secret && Some(&topic.name) == route.category.as_ref());
    let mut people = secret.chain(topics).filter(|topic| !topic.people.is_empty() || !topic.team.is_empty());
    if let Some(topic) = people.next() {
        (route.assignee, route.team) = whose_turn(topic, turn, policy);
    }
    route
}

/// Who gets a topic's ticket: its people in turn, or its team. Who is away is passed over, and where all are, it is whoever stands in for them.
pub(super) fn whose_turn(topic: &Topic, turn: i64, policy: &Policy) -> (Option<String>, Option<String>) {
    let team = Some(&topic.team).filter(|team| !team.is_empty()).cloned();
    let is_away = |address: &str| policy.agent(address).is_some_and(|agent| agent.away.is_some());
    let mut people: Vec<&String> = topic.people.iter().filter(|address| !is_away(address)).collect();
    if people.is_empty() {
        let deputies = topic.people.iter().filter_map(|address| policy.agent(address)?.deputy.as_ref());
        people = deputies.filter(|address| !is_away(address)).collect();
    }
    if people.is_empty() && team.is_none() {
        people = topic.people.iter().collect();
    }
    let count = i64::try_from(people.len()).unwrap_or(0);
    if count == 0 {
        return (None, team);
    }
    let at = usize::try_from(turn.rem_euclid(count)).unwrap_or(0);
    (people.get(at).map(|address| (*address).clone()), team)
}

struct Places<'a> {
    addressed: &'a [String],
    subject: String,
    text: String,
    queue: &'a Queue,
}

impl Places<'_> {
    /// The topic that fits best, and by what.
    fn find<'t>(&self, topics: &'t [Topic], deep: bool) -> Option<(&'t Topic, String)> {
        let here = || topics.iter().filter(|t| t.queue.is_empty() || t.queue == self.queue.name);
        let to = self.addressed.iter().map(|a| without_detail(a));
        let by_address = to.filter_map(|a| here().find(|t| t.address == a)).next();
        if let Some(topic) = by_address {
            return Some((topic, format!("the address {}", topic.address)));
        }
        let by_word = |place: &str, name: &str| {
            let found = here().flat_map(|t| t.words.iter().map(move |w| (t, w)));
            // The word that stands first counts, and of those that begin there the longest.
            let found =
                found.filter_map(|(t, word)| Some((place_of(place, word)?, std::cmp::Reverse(word.len()), t, word)));
            let found = found.min_by_key(|(at, length, _, _)| (*at, *length)).map(|(_, _, t, word)| (t, word));
            found.map(|(topic, word)| (topic, format!("\"{word}\" in the {name}")))
        };
        by_word(&self.subject, "subject").or_else(|| by_word(&self.text, "text").filter(|_| deep))
    }
}

/// Folded, with everything that is not a letter or digit as one space, and a space at either end.
fn padded(text: &str) -> String {
    let folded = fold(text);
    let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

fn place_of(place: &str, word: &str) -> Option<usize> {
    place.find(&padded(word))
}
