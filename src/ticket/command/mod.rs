//! Orders at the top of a mail, one a line, before any other text.
//!
//! Takes: what the person wrote now, never what they quote. Gives: the orders and the text below
//! them, or every mistake with the line that was probably meant. Nothing is carried out here.

mod names;
mod time;

pub use names::{ENTRIES, Name};

use super::number::numbers_in;
use super::policy::{Policy, Topic};
use super::words::{DeadlineKind, Listing, PendingOn, Status, Words, words};
use crate::clock::Millis;
use crate::mail::{fold, key, looks_like_address};

/// Something a mail asks to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// The writer takes the ticket.
    Take,
    /// It is given to an agent (address), or to nobody.
    Assign(String),
    /// Code of a priority.
    Priority(String),
    /// Name of a category.
    Category(String),
    /// Name of a service.
    Service(String),
    /// Name of a type.
    Type(String),
    /// Words to add, and words to take off.
    Tag(Vec<String>, Vec<String>),
    /// Work goes on.
    Open,
    /// Where does it stand?
    Progress,
    /// It waits for somebody, or for a time, and why.
    Pending(PendingOn, Option<Millis>, String),
    /// A question to the requester.
    Ask(String),
    /// To a level (none: the next), and why.
    Escalate(Option<i64>, String),
    /// The solution; empty: the last answer.
    Resolve(String),
    /// It is over.
    Close,
    /// It is not done.
    Reopen,
    /// No, and why.
    Reject(String),
    /// Yes.
    Approve,
    /// The text is internal.
    Note,
    /// The text is public.
    Public,
    /// The text is public whatever a colleague answered.
    Send,
    /// This ticket goes into that one.
    Merge(String),
    /// The text becomes a ticket of its own, with this title.
    Split(String),
    /// The two belong together.
    Link(String),
    /// Part of that ticket, or of none.
    Parent(Option<String>),
    /// To the requesters of its parts, or to these addresses; and words that stood in the line.
    Broadcast(Vec<String>, String),
    /// People to add.
    Cc(Vec<String>),
    /// People to take out.
    Uncc(Vec<String>),
    /// The text goes to a vendor; none: the one it has.
    Vendor(Option<String>),
    /// A canned answer.
    Canned(String),
    /// Tags of an article.
    Kb(Vec<String>),
    /// Another requester.
    Requester(String),
    /// The text is the post-mortem.
    PostMortem,
    /// The last order is taken back.
    Undo,
    /// Tickets, listed.
    List(Listing),
    /// The whole ticket.
    Show,
    /// What became of its mails.
    Why,
    /// The orders there are.
    Help,
    /// A requester agrees that it is done, and words.
    Solved(String),
    /// A requester does not, and words.
    Unsolved(String),
    /// 1 to 5, and words.
    Rate(i64, String),
    /// 0 to 10.
    Recommend(i64),
}

/// A line that is no order as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// The line as written.
    pub line: String,
    /// What is wrong.
    pub why: Words,
    /// The line that was probably meant.
    pub better: Option<String>,
}

/// The head of a mail, and the text below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The lines that begin with `#` and a letter.
    pub lines: Vec<String>,
    /// The message itself.
    pub text: String,
}

/// Most lines that are looked at.
const LINES: usize = 200;

/// Reads the lines that begin with `#`, up to the first other line that is not empty.
#[must_use]
pub fn head(text: &str) -> Head {
    let mut head = Head::default();
    let mut rest = text.trim_start();
    for _ in 0..LINES {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if !line.trim().strip_prefix('#').is_some_and(is_word) {
            break;
        }
        head.lines.push(line.trim().to_owned());
        rest = after.trim_start();
    }
    rest.trim_end().clone_into(&mut head.text);
    head
}

/// An order begins with a letter: `#1` and `# title` are text.
fn is_word(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_alphabetic)
}

impl Head {
    /// The mail with orders brought to the top that stand below other text; none when there are none.
    #[must_use]
    pub fn gathered(&self) -> Option<Self> {
        let (strays, rest): (Vec<&str>, Vec<&str>) =
            self.text.lines().partition(|line| line.strip_prefix('#').is_some_and(is_word) && word(line).is_some());
        let lines = self.lines.iter().cloned().chain(strays.iter().map(|line| line.trim().to_owned()));
        (!strays.is_empty()).then(|| Self { lines: lines.collect(), text: rest.join("\n").trim().to_owned() })
    }

    /// The orders, in their order.
    ///
    /// # Errors
    /// Every line that is none; then nothing is to be done.
    pub fn orders(&self, policy: &Policy, now: Millis) -> Result<Vec<Order>, Vec<Slip>> {
        let mut orders = Vec::new();
        let mut slips = Vec::new();
        for line in &self.lines {
            match order(line, policy, now) {
                Ok(order) => orders.push(order),
                Err(slip) => slips.push(slip),
            }
        }
        if orders.len() > policy.life.orders {
            let most = policy.life.orders;
            let why = words!("{most} ordres au plus par courriel", "at most {most} orders in one mail");
            slips.push(Slip { line: String::new(), why, better: None });
        }
        if slips.is_empty() { Ok(orders) } else { Err(slips) }
    }

    /// The mail as it was probably meant, with each slip mended.
    #[must_use]
    pub fn mended(&self, slips: &[Slip]) -> String {
        let mend = |line: &String| {
            let slip = slips.iter().find(|s| s.line == *line);
            slip.and_then(|s| s.better.clone()).unwrap_or_else(|| line.clone())
        };
        // What is wanting altogether stands first.
        let wanting = slips.iter().filter(|s| s.line.is_empty()).filter_map(|s| s.better.clone());
        let lines: Vec<String> = wanting.chain(self.lines.iter().map(mend)).collect();
        format!("{}\n\n{}", lines.join("\n"), self.text).trim_end().to_owned()
    }
}

/// Whether one of the orders at the top takes the last one back.
#[must_use]
pub fn undoes(text: &str) -> bool {
    head(text).lines.iter().any(|line| word(line) == Some(Name::Undo))
}

/// What stands behind an order's word that takes nothing; none for other lines.
#[must_use]
pub fn behind(line: &str) -> Option<&str> {
    let name = word(line).filter(|name| names::stands_alone(*name))?;
    let rest = line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
    (!rest.is_empty() && names::stands_alone(name)).then_some(rest)
}

/// Which order a line begins with, whatever it is given with.
#[must_use]
pub fn word(line: &str) -> Option<Name> {
    let word = line.trim().trim_start_matches('#').split_whitespace().next()?;
    let folded = fold(word.trim_end_matches([':', '.', ',', ';', '!'])).replace('_', "-");
    names::of(&folded).map(|entry| entry.name)
}

/// The tables of `docs/orders.md`, as Markdown.
#[must_use]
pub fn drawn() -> String {
    let mut out = String::new();
    for (at, head) in [(1, "| order | also | what it does |"), (0, "| ordre | aussi | ce qu'il fait |")] {
        out += &format!("{head}\n| --- | --- | --- |\n");
        for entry in ENTRIES.iter().filter(|e| !e.usage[at].is_empty()) {
            let also: Vec<String> = entry.words.iter().map(|w| format!("`#{w}`")).collect();
            out +=
                &format!("| `{}` | {} | {} |\n", entry.usage[at].replace('|', "\\|"), also.join(" "), entry.does[at]);
        }
        out.push('\n');
    }
    out
}

/// One line.
fn order(line: &str, policy: &Policy, now: Millis) -> Result<Order, Slip> {
    let bare = line.trim_start_matches('#');
    let (word, rest) = bare.split_once(char::is_whitespace).unwrap_or((bare, ""));
    let folded = fold(word.trim_end_matches([':', '.', ',', ';', '!'])).replace('_', "-");
    let slip = |why: Words, better: Option<String>| Slip { line: line.to_owned(), why, better };
    let Some(entry) = names::of(&folded) else {
        let near = names::nearest(&folded);
        let better = near.map(|near| format!("#{near} {rest}").trim_end().to_owned());
        let why = match near {
            Some(near) => words!(
                "#{word} n'existe pas ; vouliez-vous dire #{near} ?",
                "there is no #{word}; did you mean #{near}?"
            ),
            None => words!("#{word} n'existe pas ; #aide les montre tous", "there is no #{word}; #help shows them all"),
        };
        return Err(slip(why, better));
    };
    let argument = Argument { rest: rest.trim(), policy, now };
    argument
        .order(entry.name)
        .map_err(|(why, better)| slip(why, better.map(|b| format!("#{} {b}", entry.words[0]).trim_end().to_owned())))
}

type Wrong = (Words, Option<String>);

/// What stands after an order's word.
struct Argument<'a> {
    rest: &'a str,
    policy: &'a Policy,
    now: Millis,
}

impl Argument<'_> {
    fn order(&self, name: Name) -> Result<Order, Wrong> {
        let policy = self.policy;
        if names::stands_alone(name) && !self.rest.is_empty() {
            let rest = self.rest;
            return Err((
                words!(
                    "« {rest} » est de trop : un ordre par ligne, le texte en dessous",
                    "\"{rest}\" is too much: one order a line, the text below"
                ),
                None,
            ));
        }
        Ok(match name {
            Name::Take => Order::Take,
            Name::Assign => Order::Assign(self.agent()?),
            Name::Priority => Order::Priority(self.priority()?),
            Name::Category => Order::Category(self.topic(&policy.categories)?),
            Name::Service => Order::Service(self.topic(&policy.services)?),
            Name::Type => Order::Type(self.topic(&policy.types)?),
            Name::Tag => self.tags()?,
            Name::Status => self.status()?,
            Name::Pending => self.pending()?,
            Name::Ask => Order::Ask(self.rest.to_owned()),
            Name::Escalate => self.escalate(),
            Name::Resolve => Order::Resolve(self.rest.to_owned()),
            Name::Close => Order::Close,
            Name::Reopen => Order::Reopen,
            Name::Reject => Order::Reject(self.rest.to_owned()),
            Name::Approve => Order::Approve,
            Name::Note => Order::Note,
            Name::Public => Order::Public,
            Name::Send => Order::Send,
            Name::Merge => Order::Merge(self.number()?),
            Name::Split => Order::Split(self.text("un titre", "a title")?),
            Name::Link => Order::Link(self.number()?),
            Name::Parent if self.is_none() => Order::Parent(None),
            Name::Parent => Order::Parent(Some(self.number()?)),
            Name::Broadcast => self.broadcast()?,
            Name::Cc => Order::Cc(self.addresses()?),
            Name::Uncc => Order::Uncc(self.addresses()?),
            Name::Vendor if self.rest.is_empty() => Order::Vendor(None),
            Name::Vendor => Order::Vendor(self.addresses()?.into_iter().next()),
            Name::Canned => Order::Canned(self.canned()?),
            Name::Kb => {
                Order::Kb(self.rest.split([' ', ',']).filter(|w| !w.is_empty()).map(ToOwned::to_owned).collect())
            }
            Name::Requester => Order::Requester(self.addresses()?.into_iter().next().unwrap_or_default()),
            Name::PostMortem => Order::PostMortem,
            Name::Undo => Order::Undo,
            Name::List => Order::List(self.listing()?),
            Name::Show => Order::Show,
            Name::Why => Order::Why,
            Name::Help => Order::Help,
            Name::Solved => Order::Solved(self.rest.to_owned()),
            Name::Unsolved => Order::Unsolved(self.rest.to_owned()),
            Name::Rate => self.rate()?,
            Name::Recommend => Order::Recommend(self.figure(0, 10)?),
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

    fn tags(&self) -> Result<Order, Wrong> {
        let all = self.text("au moins un mot", "at least one word")?;
        let words = || all.split([' ', ',']).filter(|w| !w.is_empty()).take(20);
        let off = words().filter_map(|w| w.strip_prefix('-')).map(fold).collect();
        let on = words().filter(|w| !w.starts_with('-')).map(|w| fold(w.trim_start_matches(['+', '#']))).collect();
        Ok(Order::Tag(on, off))
    }

    fn status(&self) -> Result<Order, Wrong> {
        match fold(self.rest).as_str() {
            "" => Ok(Order::Progress),
            "open" | "ouvert" | "en cours" => Ok(Order::Open),
            "pending" | "attente" | "en attente" => Ok(Order::Pending(PendingOn::Requester, None, String::new())),
            "resolved" | "resolu" => Ok(Order::Resolve(String::new())),
            "closed" | "clos" | "ferme" => Ok(Order::Close),
            "reopened" | "rouvert" => Ok(Order::Reopen),
            "escalated" | "escalade" => Ok(Order::Escalate(None, String::new())),
            _ => Err(unknown(self.rest, &Status::ALL.map(|s| s.as_str().to_owned())[2..])),
        }
    }

    fn pending(&self) -> Result<Order, Wrong> {
        let (word, why) = self.rest.split_once(char::is_whitespace).unwrap_or((self.rest, ""));
        let why = why.trim().to_owned();
        let on = match fold(word).as_str() {
            "" | "requester" | "demandeur" => Some(PendingOn::Requester),
            "vendor" | "prestataire" | "fournisseur" => Some(PendingOn::Vendor),
            _ => None,
        };
        if let Some(on) = on {
            return Ok(Order::Pending(on, None, why));
        }
        match time::until(word, self.now, &self.policy.desk.time_zone) {
            Some(until) if until > self.now => Ok(Order::Pending(PendingOn::Date, Some(until), why)),
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

    fn escalate(&self) -> Order {
        let (word, why) = self.rest.split_once(char::is_whitespace).unwrap_or((self.rest, ""));
        let digits = word.trim_start_matches(['n', 'N', 'l', 'L']);
        match digits.parse() {
            Ok(level) if word.len() <= 2 => Order::Escalate(Some(level), why.trim().to_owned()),
            _ => Order::Escalate(None, self.rest.to_owned()),
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
    fn broadcast(&self) -> Result<Order, Wrong> {
        let known = || self.policy.audiences.keys().cloned().collect::<Vec<_>>();
        if let Some((_, people)) = self.policy.audiences.iter().find(|(name, _)| fold(name) == fold(self.rest)) {
            return Ok(Order::Broadcast(people.clone(), String::new()));
        }
        match self.addresses() {
            Ok(people) => Ok(Order::Broadcast(people, String::new())),
            Err(_) if !self.rest.is_empty() && !self.rest.contains(' ') => Err(unknown(self.rest, &known())),
            Err(_) => Ok(Order::Broadcast(Vec::new(), self.rest.to_owned())),
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

    fn rate(&self) -> Result<Order, Wrong> {
        let figure = self.figure(1, 5)?;
        let words = self.rest.split_once(char::is_whitespace).map_or("", |(_, words)| words.trim());
        Ok(Order::Rate(figure, words.to_owned()))
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

/// The times at which a question is brought to mind, and when silence closes its ticket.
pub(super) fn silence_deadlines(policy: &Policy, now: Millis) -> [(DeadlineKind, Option<Millis>); 2] {
    let remind = policy.life.remind.iter().min().map(|after| now + after);
    [(DeadlineKind::Remind, remind), (DeadlineKind::Silence, Some(now + policy.life.silence))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_at_the_top_are_orders_and_the_rest_is_the_message() {
        let head = head("#Public\n\n#Priorité : P1\nBonjour,\n#note en bas\n");
        assert_eq!(head.lines, ["#Public", "#Priorité : P1"]);
        assert_eq!(head.text, "Bonjour,\n#note en bas");
        assert!(super::head("#1 dans la liste").lines.is_empty());
    }
}
