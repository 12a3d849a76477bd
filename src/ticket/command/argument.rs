//! What follows the word of a command.

use super::super::number::numbers_in;
use super::super::policy::{Policy, Topic};
use super::super::words::{Listing, PendingOn, Phrase, Status, Value, phrase};
use super::{Command, Wrong, time};
use crate::clock::{DAY, Millis};
use crate::mail::{Address, fold, key, looks_like_address};

/// What `#status` takes; the words for each stand in `phrases.toml`, `argument.status_open` and so on.
const STATUSES: [&str; 6] = ["open", "pending", "resolved", "closed", "reopened", "escalated"];

/// What stands after a command's word.
pub(super) struct Argument<'a> {
    pub(super) rest: &'a str,
    pub(super) policy: &'a Policy,
    pub(super) now: Millis,
}

impl Argument<'_> {
    /// What stands there, as it is.
    pub(super) fn words(&self) -> String {
        self.rest.to_owned()
    }

    pub(super) fn list(&self) -> Vec<String> {
        self.rest.split([' ', ',']).filter(|w| !w.is_empty()).map(ToOwned::to_owned).collect()
    }

    pub(super) fn is_none(&self) -> bool {
        self.means("none", self.rest)
    }

    pub(super) fn is_me(&self) -> bool {
        self.means("me", self.name_in(self.rest))
    }

    /// Whether a word means this, in whatever language.
    fn means(&self, meaning: &str, word: &str) -> bool {
        self.policy.commands.means(meaning, &fold(word))
    }

    /// What stands there; `missing` where nothing does.
    pub(super) fn text(&self, missing: Phrase) -> Result<String, Wrong> {
        if self.rest.is_empty() {
            return Err((missing, None));
        }
        Ok(self.rest.to_owned())
    }

    pub(super) fn agent(&self) -> Result<String, Wrong> {
        if self.is_none() {
            return Ok(String::new());
        }
        let rest = self.text(phrase!("wrong.needs_name_or_none"))?;
        if let Some(agent) = self.policy.agent_called(self.name_in(&rest)) {
            return Ok(agent.address.clone());
        }
        let teams = self.policy.teams.iter().map(|team| team.name.clone());
        let known: Vec<String> = self.policy.agents.keys().cloned().chain(teams).collect();
        Err(unknown(&rest, &known))
    }

    pub(super) fn priority(&self) -> Result<String, Wrong> {
        let word = fold(&self.text(phrase!("wrong.needs_priority"))?);
        let found = self
            .policy
            .priorities
            .iter()
            .find(|p| fold(&p.code) == word || p.tags.contains(&word) || p.label.values().any(|l| fold(l) == word));
        let known: Vec<String> = self.policy.priorities.iter().map(|p| p.code.clone()).collect();
        // A guess here would be a decision.
        found.map(|p| p.code.clone()).ok_or_else(|| (unknown(self.rest, &known).0, None))
    }

    pub(super) fn topic(&self, topics: &[Topic]) -> Result<Option<String>, Wrong> {
        if self.is_none() {
            return Ok(None);
        }
        let word = self.text(phrase!("wrong.needs_name"))?;
        let known: Vec<String> = topics.iter().map(|t| t.name.clone()).collect();
        let found = Policy::topic(topics, &word).map(|t| Some(t.name.clone()));
        found.ok_or_else(|| unknown(&word, &known))
    }

    /// Words to add, and words to take off.
    pub(super) fn tags(&self) -> Result<(Vec<String>, Vec<String>), Wrong> {
        let all = self.text(phrase!("wrong.needs_word"))?;
        let words = || all.split([' ', ',']).filter(|w| !w.is_empty()).take(20);
        let off = words().filter_map(|w| w.strip_prefix('-')).map(fold).collect();
        let on = words().filter(|w| !w.starts_with('-')).map(|w| fold(w.trim_start_matches(['+', '#']))).collect();
        Ok((on, off))
    }

    /// The status it names, in English; empty when it names none.
    pub(super) fn status(&self) -> Result<&'static str, Wrong> {
        if self.rest.is_empty() {
            return Ok("");
        }
        let meant = STATUSES.iter().find(|status| self.means(&format!("status_{status}"), self.rest));
        meant.copied().ok_or_else(|| {
            let all: Vec<String> = Status::ALL.iter().skip(2).map(ToString::to_string).collect();
            unknown(self.rest, &all)
        })
    }

    /// The name within what people write around one: `à Luc svp.`.
    fn name_in<'t>(&self, text: &'t str) -> &'t str {
        let name = text.trim().trim_end_matches(['.', '!', ',', ';']);
        let last = name.rsplit_once(' ').filter(|(_, word)| self.means("please", word));
        let name = last.map_or(name, |(rest, _)| rest);
        let first = name.split_once(' ').filter(|(word, _)| self.means("before_a_name", word));
        first.map_or(name, |(_, rest)| rest).trim()
    }

    /// As much of what stands there as is shown again.
    fn beginning(&self) -> String {
        self.rest.chars().take(60).collect()
    }

    pub(super) fn pending(&self) -> Result<(PendingOn, Option<Millis>, String), Wrong> {
        let (word, why) = self.rest.split_once(char::is_whitespace).unwrap_or((self.rest, ""));
        let why = why.trim().to_owned();
        if word.is_empty() || self.means("requester", word) {
            return Ok((PendingOn::Requester, None, why));
        }
        if self.means("vendor", word) {
            return Ok((PendingOn::Vendor, None, why));
        }
        match time::until(self.rest, self.now, &self.policy.service_desk.time_zone) {
            Some((until, why)) if until > self.now => {
                Ok((PendingOn::Date, Some(until), why.trim_start_matches([',', ':', ';', ' ']).to_owned()))
            }
            // The writer sees what was read, or was not.
            Some((at, _)) => Err((phrase!("wrong.date_over", word = self.beginning(), day = Value::Day(at)), None)),
            None => {
                let example = Value::Day(self.now + 7 * DAY);
                Err((phrase!("wrong.no_date", word = self.beginning(), example), None))
            }
        }
    }

    /// Until when somebody is away, the last day included; none: they are back.
    pub(super) fn away(&self) -> Result<Option<Millis>, Wrong> {
        if self.is_none() || self.means("no", self.rest) || self.means("back", self.rest) {
            return Ok(None);
        }
        let zone = &self.policy.service_desk.time_zone;
        match time::until(self.rest, self.now, zone) {
            Some((day, _)) if day + DAY > self.now => Ok(Some(day + DAY)),
            Some((at, _)) => Err((phrase!("wrong.date_over", word = self.beginning(), day = Value::Day(at)), None)),
            None => {
                let example = Value::Day(self.now + 7 * DAY);
                Err((phrase!("wrong.no_date", word = self.beginning(), example), None))
            }
        }
    }

    /// A level, and why.
    pub(super) fn escalate(&self) -> (Option<i64>, String) {
        let (word, why) = self.rest.split_once(char::is_whitespace).unwrap_or((self.rest, ""));
        let digits = word.trim_start_matches(['n', 'N', 'l', 'L']);
        match digits.parse() {
            // "3 personnes attendent" is why.
            Ok(level) if word.len() <= 2 && (digits != word || why.trim().is_empty()) => {
                (Some(level), why.trim().to_owned())
            }
            _ => (None, self.rest.to_owned()),
        }
    }

    pub(super) fn number(&self) -> Result<String, Wrong> {
        let rest = self.text(phrase!("wrong.needs_number"))?;
        let prefixes = self.policy.queues.values().map(|q| q.prefix.as_str());
        let found = numbers_in(&rest, prefixes).into_iter().next();
        found.ok_or_else(|| (phrase!("wrong.no_number", number = rest), None))
    }

    /// Numbers from 1: `2`, `1, 3`, `1 et 3`.
    pub(super) fn numbers(&self) -> Result<Vec<usize>, Wrong> {
        // What stands behind a colon is said about it.
        let rest = self.rest.split(':').next().unwrap_or_default();
        let words = rest.split([' ', ',', ';', '.', '!']).filter(|word| !word.is_empty());
        let mut found = Vec::new();
        for word in
            words.filter(|word| !["et", "and", "&", "action", "actions"].contains(&fold(word).as_str())).take(50)
        {
            let bare = word.trim_start_matches(['n', 'N', '°', '#']);
            let number = |text: &str| text.parse::<usize>().ok();
            let range = bare.split_once('-').and_then(|(from, to)| Some((number(from)?, number(to)?)));
            match (number(bare), range) {
                (Some(number), _) if number > 0 => found.push(number),
                (_, Some((from, to))) if from > 0 && to < 100 => found.extend(from..=to),
                _ => return Err((phrase!("wrong.no_action", word), None)),
            }
        }
        Ok(found)
    }

    pub(super) fn optional_address(&self) -> Result<Option<String>, Wrong> {
        if self.rest.is_empty() { Ok(None) } else { Ok(self.addresses()?.into_iter().next()) }
    }

    pub(super) fn addresses(&self) -> Result<Vec<String>, Wrong> {
        let rest = self.text(phrase!("wrong.needs_address"))?;
        let mut found = Vec::new();
        for word in rest.split([' ', ',', ';']).filter(|w| !w.is_empty()).take(50) {
            let bare = word.trim_matches(['<', '>', '(', ')', '"']).trim_start_matches("mailto:");
            // `Name <a@b>`: the name's words are no addresses.
            if !looks_like_address(bare) {
                if rest.contains('<') && !word.contains('@') {
                    continue;
                }
                return Err((phrase!("wrong.no_address", word), None));
            }
            found.push(key(bare));
        }
        if found.is_empty() { Err((phrase!("wrong.needs_address"), None)) } else { Ok(found) }
    }

    /// One person, as people write them: `a@b.example`, `Mme Durand <a@b.example>`, `Mme Durand, a@b.example`.
    pub(super) fn person(&self) -> Result<Address, Wrong> {
        let (before, address, behind) = self.around_address()?;
        let name = if before.is_empty() { behind } else { before };
        Ok(Address { name: name.trim_matches(['(', ')', ' ']).to_owned(), address })
    }

    /// Who called, if somebody is named by an address, and what the ticket is to be called.
    pub(super) fn caller(&self) -> Result<(Option<Address>, String), Wrong> {
        if !self.rest.contains('@') {
            self.is_one_command()?;
            return Ok((None, self.rest.trim_matches(['"', '«', '»', ' ', '\u{a0}']).to_owned()));
        }
        let (before, address, behind) = self.around_address()?;
        let name = before.split_once(' ').filter(|(word, _)| self.means("before_a_name", word));
        let name = name.map_or(before.as_str(), |(_, rest)| rest).to_owned();
        let name = if self.means("before_a_name", &name) { String::new() } else { name };
        Ok((Some(Address { name, address }), behind))
    }

    /// A second command on the line would be a name, or a title.
    fn is_one_command(&self) -> Result<(), Wrong> {
        let is_command = |word: &&str| word.starts_with('#') && self.policy.commands.begins(word).is_some();
        match self.rest.split_whitespace().find(is_command) {
            Some(word) => Err((phrase!("wrong.one_a_line", word), None)),
            None => Ok(()),
        }
    }

    /// What stands before the first address, the address, and what stands behind it.
    fn around_address(&self) -> Result<(String, String, String), Wrong> {
        let rest = self.text(phrase!("wrong.needs_address"))?;
        self.is_one_command()?;
        let addresses =
            rest.split(|c: char| c.is_whitespace() || "<>(),;[]\"".contains(c)).filter(|w| looks_like_address(w));
        let different: std::collections::BTreeSet<String> = addresses.map(key).collect();
        if different.len() > 1 {
            return Err((phrase!("wrong.one_requester"), None));
        }
        let Some(word) = rest.split_whitespace().find(|word| word.contains('@')) else {
            return Err((phrase!("wrong.no_address", word = rest), None));
        };
        let bare = word.trim_matches(['<', '>', '(', ')', '"', ',', ';', ':', '.', '[', ']']);
        let bare = bare.trim_start_matches("mailto:");
        if !looks_like_address(bare) {
            return Err((phrase!("wrong.no_address", word), None));
        }
        let (before, behind) = rest.split_once(word).unwrap_or((&rest, ""));
        let plain = |text: &str| text.trim_matches([' ', ',', ';', ':', '"', '-', '–', '—', '\u{a0}']).to_owned();
        Ok((plain(before), key(bare), plain(behind)))
    }

    /// An audience, addresses, or words of the message itself. One word alone is an audience's name: what is
    /// meant for a few must not go to others for a slip.
    pub(super) fn broadcast(&self) -> Result<(Vec<String>, String), Wrong> {
        let known = || self.policy.audiences.keys().cloned().collect::<Vec<_>>();
        if let Some((_, people)) = self.policy.audiences.iter().find(|(name, _)| fold(name) == fold(self.rest)) {
            return Ok((people.clone(), String::new()));
        }
        match self.addresses() {
            Ok(people) => Ok((people, String::new())),
            Err(_) if !self.rest.is_empty() && !self.rest.contains(' ') => Err(unknown(self.rest, &known())),
            Err(_) => Ok((Vec::new(), self.rest.to_owned())),
        }
    }

    pub(super) fn canned(&self) -> Result<String, Wrong> {
        let all = self.policy.canned.keys().cloned().collect::<Vec<_>>().join(", ");
        if all.is_empty() {
            return Err((phrase!("wrong.no_canned"), None));
        }
        let word = fold(&self.text(phrase!("wrong.needs_canned", all))?);
        let found = self.policy.canned.keys().find(|name| fold(name) == word);
        let known: Vec<String> = self.policy.canned.keys().cloned().collect();
        found.cloned().ok_or_else(|| unknown(self.rest, &known))
    }

    pub(super) fn listing(&self) -> Result<Listing, Wrong> {
        const LISTINGS: [(&str, Listing); 7] = [
            ("all", Listing::Unfinished),
            ("mine", Listing::Mine),
            ("overdue", Listing::Overdue),
            ("new", Listing::New),
            ("unassigned", Listing::Unassigned),
            ("solved", Listing::Solved),
            ("team", Listing::Team),
        ];
        if self.rest.is_empty() {
            return Ok(Listing::Unfinished);
        }
        if let Some((_, listing)) = LISTINGS.into_iter().find(|(meaning, _)| self.means(meaning, self.rest)) {
            return Ok(listing);
        }
        let (word, rest) = self.rest.split_once(char::is_whitespace).unwrap_or((self.rest, ""));
        let rest = rest.trim();
        if self.means("search", word) && !rest.is_empty() {
            return Ok(Listing::Search(rest.to_owned()));
        }
        // `#list queue rh`, and the name alone.
        let name = if self.means("queue", word) { rest } else { self.rest };
        if let Some(queue) = self.policy.queue_called(name) {
            return Ok(Listing::Queue(queue.name.clone()));
        }
        if self.means("queue", word) {
            let known: Vec<String> = self.policy.queues.keys().cloned().collect();
            return Err(unknown(rest, &known));
        }
        let known = ["mine", "overdue", "new", "unassigned", "solved", "team", "queue NAME", "search WORDS"];
        Err(unknown(self.rest, &known.map(ToOwned::to_owned)))
    }

    /// Name of a queue.
    pub(super) fn queue(&self) -> Result<String, Wrong> {
        let word = self.text(phrase!("wrong.needs_name"))?;
        let known: Vec<String> = self.policy.queues.keys().cloned().collect();
        let found = self.policy.queue_called(self.name_in(&word)).map(|queue| queue.name.clone());
        found.ok_or_else(|| unknown(&word, &known))
    }

    /// Name of a team; empty for none.
    pub(super) fn team(&self) -> Result<String, Wrong> {
        if self.is_none() {
            return Ok(String::new());
        }
        let word = self.text(phrase!("wrong.needs_name"))?;
        let known: Vec<String> = self.policy.teams.iter().map(|team| team.name.clone()).collect();
        let found = self.policy.team_called(self.name_in(&word)).map(|team| team.name.clone());
        found.ok_or_else(|| unknown(&word, &known))
    }

    /// The agent or the team that is named.
    pub(super) fn agent_or_team(&self) -> Result<Command, Wrong> {
        match self.policy.team_called(self.name_in(self.rest)) {
            Some(team) => Ok(Command::Team(team.name.clone())),
            None => Ok(Command::Assign(self.agent()?)),
        }
    }

    pub(super) fn figure(&self, least: i64, most: i64) -> Result<i64, Wrong> {
        let word = self.rest.split(char::is_whitespace).next().unwrap_or_default();
        let stars = i64::try_from(word.chars().filter(|c| *c == '★' || *c == '*').count()).unwrap_or(0);
        let figure = word.split('/').next().and_then(|w| w.parse().ok()).unwrap_or(stars);
        if (least..=most).contains(&figure) && !word.is_empty() {
            return Ok(figure);
        }
        Err((phrase!("wrong.needs_figure", least, most), None))
    }

    pub(super) fn rate(&self) -> Result<(i64, String), Wrong> {
        let figure = self.figure(1, 5)?;
        let words = self.rest.split_once(char::is_whitespace).map_or("", |(_, words)| words.trim());
        Ok((figure, words.to_owned()))
    }
}

/// A name that is none, with the nearest one.
fn unknown(word: &str, known: &[String]) -> Wrong {
    let folded = fold(word);
    let near = known.iter().map(|k| (strsim::damerau_levenshtein(&fold(k), &folded), k)).min();
    let near = near.filter(|(distance, k)| *distance <= 1 + k.len() / 3).map(|(_, k)| k.clone());
    let all = if known.is_empty() { "–".to_owned() } else { known.join(", ") };
    (phrase!("wrong.unknown_name", word, all), near)
}
