//! What follows the word of a command.

use super::super::number::numbers_in;
use super::super::policy::{Policy, Topic};
use super::super::words::{Listing, PendingOn, Status, words};
use super::{Command, Name, Wrong, names, time};
use crate::clock::Millis;
use crate::mail::{fold, key, looks_like_address};

/// What stands after a command's word.
pub(super) struct Argument<'a> {
    pub(super) rest: &'a str,
    pub(super) policy: &'a Policy,
    pub(super) now: Millis,
}

impl Argument<'_> {
    pub(super) fn command(&self, name: Name) -> Result<Command, Wrong> {
        let policy = self.policy;
        if names::stands_alone(name) && !self.rest.is_empty() {
            let rest = self.rest;
            return Err((
                words!(
                    "« {rest} » est de trop : un ordre par ligne, le texte en dessous",
                    "\"{rest}\" is too much: one command a line, the text below"
                ),
                None,
            ));
        }
        Ok(match name {
            Name::Take => Command::Take,
            Name::Assign => Command::Assign(self.agent()?),
            Name::Priority => Command::Priority(self.priority()?),
            Name::Category => Command::Category(self.topic(&policy.categories)?),
            Name::Service => Command::Service(self.topic(&policy.services)?),
            Name::Type => Command::Type(self.topic(&policy.types)?),
            Name::Tag => self.tags()?,
            Name::Status => self.status()?,
            Name::Pending => self.pending()?,
            Name::Ask => Command::Ask(self.rest.to_owned()),
            Name::Escalate => self.escalate(),
            Name::Resolve => Command::Resolve(self.rest.to_owned()),
            Name::Close => Command::Close,
            Name::Reopen => Command::Reopen,
            Name::Reject => Command::Reject(self.rest.to_owned()),
            Name::Approve => Command::Approve,
            Name::Note => Command::Note,
            Name::Public => Command::Public,
            Name::Send => Command::Send,
            Name::Merge => Command::Merge(self.number()?),
            Name::Split => Command::Split(self.text("un titre", "a title")?),
            Name::Link => Command::Link(self.number()?),
            Name::Parent if self.is_none() => Command::Parent(None),
            Name::Parent => Command::Parent(Some(self.number()?)),
            Name::Broadcast => self.broadcast()?,
            Name::Cc => Command::Cc(self.addresses()?),
            Name::Uncc => Command::Uncc(self.addresses()?),
            Name::Vendor if self.rest.is_empty() => Command::Vendor(None),
            Name::Vendor => Command::Vendor(self.addresses()?.into_iter().next()),
            Name::Canned => Command::Canned(self.canned()?),
            Name::Kb => {
                Command::Kb(self.rest.split([' ', ',']).filter(|w| !w.is_empty()).map(ToOwned::to_owned).collect())
            }
            Name::Requester => Command::Requester(self.addresses()?.into_iter().next().unwrap_or_default()),
            Name::PostMortem => Command::PostMortem,
            Name::Undo => Command::Undo,
            Name::List => Command::List(self.listing()?),
            Name::Show => Command::Show,
            Name::Why => Command::Why,
            Name::Help => Command::Help,
            Name::Solved => Command::Solved(self.rest.to_owned()),
            Name::Unsolved => Command::Unsolved(self.rest.to_owned()),
            Name::Rate => self.rate()?,
            Name::Recommend => Command::Recommend(self.figure(0, 10)?),
        })
    }

    fn is_none(&self) -> bool {
        ["none", "personne", "aucun", "aucune", "nobody"].contains(&fold(self.rest).as_str())
    }

    fn text(&self, fr: &str, en: &str) -> Result<String, Wrong> {
        if self.rest.is_empty() {
            return Err((words!("indiquez {fr}", "it needs {en}"), None));
        }
        Ok(self.rest.to_owned())
    }

    fn agent(&self) -> Result<String, Wrong> {
        if self.is_none() {
            return Ok(String::new());
        }
        let rest = self.text("un nom, ou « personne »", "a name, or \"none\"")?;
        if let Some(agent) = self.policy.agent_called(&rest) {
            return Ok(agent.address.clone());
        }
        let known: Vec<String> = self.policy.agents.keys().cloned().collect();
        Err(unknown(&rest, &known))
    }

    fn priority(&self) -> Result<String, Wrong> {
        let word = fold(&self.text("une priorité", "a priority")?);
        let found = self
            .policy
            .priorities
            .iter()
            .find(|p| fold(&p.code) == word || p.tags.contains(&word) || p.label.values().any(|l| fold(l) == word));
        let known: Vec<String> = self.policy.priorities.iter().map(|p| p.code.clone()).collect();
        // A guess here would be a decision.
        found.map(|p| p.code.clone()).ok_or_else(|| (unknown(self.rest, &known).0, None))
    }

    fn topic(&self, topics: &[Topic]) -> Result<String, Wrong> {
        if self.is_none() {
            return Ok(String::new());
        }
        let word = self.text("un nom", "a name")?;
        let known: Vec<String> = topics.iter().map(|t| t.name.clone()).collect();
        Policy::topic(topics, &word).map(|t| t.name.clone()).ok_or_else(|| unknown(&word, &known))
    }

    fn tags(&self) -> Result<Command, Wrong> {
        let all = self.text("au moins un mot", "at least one word")?;
        let words = || all.split([' ', ',']).filter(|w| !w.is_empty()).take(20);
        let off = words().filter_map(|w| w.strip_prefix('-')).map(fold).collect();
        let on = words().filter(|w| !w.starts_with('-')).map(|w| fold(w.trim_start_matches(['+', '#']))).collect();
        Ok(Command::Tag(on, off))
    }

    fn status(&self) -> Result<Command, Wrong> {
        match fold(self.rest).as_str() {
            "" => Ok(Command::Progress),
            "open" | "ouvert" | "en cours" => Ok(Command::Open),
            "pending" | "attente" | "en attente" => Ok(Command::Pending(PendingOn::Requester, None, String::new())),
            "resolved" | "resolu" => Ok(Command::Resolve(String::new())),
            "closed" | "clos" | "ferme" => Ok(Command::Close),
            "reopened" | "rouvert" => Ok(Command::Reopen),
            "escalated" | "escalade" => Ok(Command::Escalate(None, String::new())),
            _ => Err(unknown(self.rest, &Status::ALL.map(|s| s.as_str().to_owned())[2..])),
        }
    }

    fn pending(&self) -> Result<Command, Wrong> {
        let (word, why) = self.rest.split_once(char::is_whitespace).unwrap_or((self.rest, ""));
        let why = why.trim().to_owned();
        let on = match fold(word).as_str() {
            "" | "requester" | "demandeur" => Some(PendingOn::Requester),
            "vendor" | "prestataire" | "fournisseur" => Some(PendingOn::Vendor),
            _ => None,
        };
        if let Some(on) = on {
            return Ok(Command::Pending(on, None, why));
        }
        match time::until(word, self.now, &self.policy.service_desk.time_zone) {
            Some(until) if until > self.now => Ok(Command::Pending(PendingOn::Date, Some(until), why)),
            Some(_) => Err((words!("{word} est passé", "{word} is over"), None)),
            None => Err((
                words!(
                    "{word} n'est pas une date : écrivez 2026-02-09, 3j, demandeur ou prestataire",
                    "{word} is no date: write 2026-02-09, 3d, requester or vendor"
                ),
                None,
            )),
        }
    }

    fn escalate(&self) -> Command {
        let (word, why) = self.rest.split_once(char::is_whitespace).unwrap_or((self.rest, ""));
        let digits = word.trim_start_matches(['n', 'N', 'l', 'L']);
        match digits.parse() {
            Ok(level) if word.len() <= 2 => Command::Escalate(Some(level), why.trim().to_owned()),
            _ => Command::Escalate(None, self.rest.to_owned()),
        }
    }

    fn number(&self) -> Result<String, Wrong> {
        let rest = self.text("un numéro de ticket", "a ticket's number")?;
        let prefixes = self.policy.queues.values().map(|q| q.prefix.as_str());
        let found = numbers_in(&rest, prefixes).into_iter().next();
        found.ok_or_else(|| (words!("{rest} n'est pas un numéro de ticket", "{rest} is no ticket's number"), None))
    }

    fn addresses(&self) -> Result<Vec<String>, Wrong> {
        let rest = self.text("une adresse", "an address")?;
        let mut found = Vec::new();
        for word in rest.split([' ', ',', ';']).filter(|w| !w.is_empty()).take(50) {
            let bare = word.trim_matches(['<', '>', '(', ')', '"']).trim_start_matches("mailto:");
            // `Name <a@b>`: the name's words are no addresses.
            if !looks_like_address(bare) {
                if rest.contains('<') && !word.contains('@') {
                    continue;
                }
                return Err((words!("{word} n'est pas une adresse", "{word} is no mail address"), None));
            }
            found.push(key(bare));
        }
        if found.is_empty() { Err((words!("indiquez une adresse", "it needs an address"), None)) } else { Ok(found) }
    }

    /// An audience, addresses, or words of the message itself. One word alone is an audience's name: what is
    /// meant for a few must not go to others for a slip.
    fn broadcast(&self) -> Result<Command, Wrong> {
        let known = || self.policy.audiences.keys().cloned().collect::<Vec<_>>();
        if let Some((_, people)) = self.policy.audiences.iter().find(|(name, _)| fold(name) == fold(self.rest)) {
            return Ok(Command::Broadcast(people.clone(), String::new()));
        }
        match self.addresses() {
            Ok(people) => Ok(Command::Broadcast(people, String::new())),
            Err(_) if !self.rest.is_empty() && !self.rest.contains(' ') => Err(unknown(self.rest, &known())),
            Err(_) => Ok(Command::Broadcast(Vec::new(), self.rest.to_owned())),
        }
    }

    fn canned(&self) -> Result<String, Wrong> {
        let word = fold(&self.text("le nom d'une réponse type", "the name of a canned answer")?);
        let found = self.policy.canned.keys().find(|name| fold(name) == word);
        let known: Vec<String> = self.policy.canned.keys().cloned().collect();
        found.cloned().ok_or_else(|| unknown(self.rest, &known))
    }

    fn listing(&self) -> Result<Listing, Wrong> {
        Ok(match fold(self.rest).as_str() {
            "" | "all" | "tous" => Listing::Unfinished,
            "mine" | "miens" | "mes" | "moi" => Listing::Mine,
            "overdue" | "retard" | "en retard" | "late" => Listing::Overdue,
            "new" | "nouveaux" | "nouveau" => Listing::New,
            _ => return Err(unknown(self.rest, &["mine", "overdue", "new"].map(ToOwned::to_owned))),
        })
    }

    fn figure(&self, least: i64, most: i64) -> Result<i64, Wrong> {
        let word = self.rest.split(char::is_whitespace).next().unwrap_or_default();
        let stars = i64::try_from(word.chars().filter(|c| *c == '★' || *c == '*').count()).unwrap_or(0);
        let figure = word.split('/').next().and_then(|w| w.parse().ok()).unwrap_or(stars);
        if (least..=most).contains(&figure) && !word.is_empty() {
            return Ok(figure);
        }
        Err((words!("indiquez un chiffre de {least} à {most}", "it needs a figure from {least} to {most}"), None))
    }

    fn rate(&self) -> Result<Command, Wrong> {
        let figure = self.figure(1, 5)?;
        let words = self.rest.split_once(char::is_whitespace).map_or("", |(_, words)| words.trim());
        Ok(Command::Rate(figure, words.to_owned()))
    }
}

/// A name that is none, with the nearest one.
fn unknown(word: &str, known: &[String]) -> Wrong {
    let folded = fold(word);
    let near = known.iter().map(|k| (strsim::damerau_levenshtein(&fold(k), &folded), k)).min();
    let near = near.filter(|(distance, k)| *distance <= 1 + k.len() / 3).map(|(_, k)| k.clone());
    let all = if known.is_empty() { "–".to_owned() } else { known.join(", ") };
    (
        words!(
            "« {word} » n'est pas connu ici. Valeurs possibles : {all}",
            "\"{word}\" is not known here. There is {all}"
        ),
        near,
    )
}
