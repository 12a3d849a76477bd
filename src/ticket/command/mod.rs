//! Commands at the top of an email, one a line, before any other text.
//!
//! Takes: what the person wrote now, never what they quote. Gives: the commands and the text below
//! them, or every mistake with the line that was probably meant. Nothing is carried out here.

mod argument;
mod names;
mod time;

pub use names::{ENTRIES, Name};

use argument::Argument;

use super::policy::Policy;
use super::words::{DeadlineKind, Listing, PendingOn, Words, words};
use crate::clock::Millis;
use crate::mail::fold;

/// Something an email asks to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
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
    /// What became of its emails.
    Why,
    /// The commands there are.
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

/// A line that is no command as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// The line as written.
    pub line: String,
    /// What is wrong.
    pub why: Words,
    /// The line that was probably meant.
    pub better: Option<String>,
}

/// The head of an email, and the text below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The lines that begin with `#` and a notification.
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

/// A command begins with a notification: `#1` and `# title` are text.
fn is_word(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_alphabetic)
}

impl Head {
    /// The email with commands brought to the top that stand below other text; none when there are none.
    #[must_use]
    pub fn gathered(&self) -> Option<Self> {
        let (strays, rest): (Vec<&str>, Vec<&str>) =
            self.text.lines().partition(|line| line.strip_prefix('#').is_some_and(is_word) && word(line).is_some());
        let lines = self.lines.iter().cloned().chain(strays.iter().map(|line| line.trim().to_owned()));
        (!strays.is_empty()).then(|| Self { lines: lines.collect(), text: rest.join("\n").trim().to_owned() })
    }

    /// The commands, in their order.
    ///
    /// # Errors
    /// Every line that is none; then nothing is to be done.
    pub fn commands(&self, policy: &Policy, now: Millis) -> Result<Vec<Command>, Vec<Slip>> {
        let mut commands = Vec::new();
        let mut slips = Vec::new();
        for line in &self.lines {
            match command(line, policy, now) {
                Ok(command) => commands.push(command),
                Err(slip) => slips.push(slip),
            }
        }
        if commands.len() > policy.life.commands {
            let most = policy.life.commands;
            let why = words!("{most} ordres au plus par courriel", "at most {most} commands in one email");
            slips.push(Slip { line: String::new(), why, better: None });
        }
        if slips.is_empty() { Ok(commands) } else { Err(slips) }
    }

    /// The email as it was probably meant, with each slip fixed.
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

/// Whether one of the commands at the top takes the last one back.
#[must_use]
pub fn undoes(text: &str) -> bool {
    head(text).lines.iter().any(|line| word(line) == Some(Name::Undo))
}

/// What stands behind a command's word that takes nothing; none for other lines.
#[must_use]
pub fn behind(line: &str) -> Option<&str> {
    let name = word(line).filter(|name| names::stands_alone(*name))?;
    let rest = line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
    (!rest.is_empty() && names::stands_alone(name)).then_some(rest)
}

/// Which command a line begins with, whatever it is given with.
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
    for (at, head) in [(1, "| command | also | what it does |"), (0, "| ordre | aussi | ce qu'il fait |")] {
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
fn command(line: &str, policy: &Policy, now: Millis) -> Result<Command, Slip> {
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
        .command(entry.name)
        .map_err(|(why, better)| slip(why, better.map(|b| format!("#{} {b}", entry.words[0]).trim_end().to_owned())))
}

type Wrong = (Words, Option<String>);

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
