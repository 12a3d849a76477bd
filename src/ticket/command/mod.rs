//! Commands at the top of an email, one a line, before any other text.
//!
//! Takes: what the person wrote now, never what they quote. Gives: the commands and the text below
//! them, or every mistake with the line that was probably meant. Nothing is carried out here.

mod argument;
mod table;
mod time;

pub use table::{Button, Command, Name, ROWS, Row, Text};

use argument::Argument;

use super::policy::Policy;
use super::rights::{self, Action};
use super::words::{DeadlineKind, Words, words};
use crate::clock::Millis;
use crate::mail::fold;

/// A line that is not a command as it stands.
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

/// A command begins with a letter: `#1` and `# title` are text.
fn is_word(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_alphabetic)
}

impl Head {
    /// Whether one of the commands takes the last one back.
    #[must_use]
    pub(crate) fn undoes(&self) -> bool {
        self.lines.iter().any(|line| word(line) == Some(Name::Undo))
    }

    /// The email with commands brought to the top that stand below other text; none when there are none.
    #[must_use]
    pub(crate) fn with_strays(&self) -> Option<Self> {
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
    pub(crate) fn repaired(&self, slips: &[Slip]) -> String {
        let repair = |line: &String| {
            let slip = slips.iter().find(|s| s.line == *line);
            slip.and_then(|s| s.better.clone()).unwrap_or_else(|| line.clone())
        };
        // What is wanting altogether stands first.
        let wanting = slips.iter().filter(|s| s.line.is_empty()).filter_map(|s| s.better.clone());
        let lines: Vec<String> = wanting.chain(self.lines.iter().map(repair)).collect();
        format!("{}\n\n{}", lines.join("\n"), self.text).trim_end().to_owned()
    }
}

/// What stands behind a command's word that takes nothing; none for other lines.
#[must_use]
pub fn behind(line: &str) -> Option<&str> {
    word(line).filter(|name| name.row().alone)?;
    let rest = line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
    (!rest.is_empty()).then_some(rest)
}

/// Which command a line begins with, whatever it is given with.
#[must_use]
pub fn word(line: &str) -> Option<Name> {
    let word = line.trim().trim_start_matches('#').split_whitespace().next()?;
    let folded = fold(word.trim_end_matches([':', '.', ',', ';', '!'])).replace('_', "-");
    table::of(&folded).map(|row| row.name)
}

/// The tables of `docs/commands-by-mail.md`, as Markdown.
#[must_use]
pub fn drawn() -> String {
    let mut out = String::new();
    for (at, head) in [(1, "| command | also | what it does |"), (0, "| ordre | aussi | ce qu'il fait |")] {
        out += &format!("{head}\n| --- | --- | --- |\n");
        for row in ROWS.iter().filter(|row| !row.usage[at].is_empty()) {
            let also: Vec<String> = row.words.iter().map(|w| format!("`#{w}`")).collect();
            out += &format!("| `{}` | {} | {} |\n", row.usage[at].replace('|', "\\|"), also.join(" "), row.does[at]);
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
    let Some(row) = table::of(&folded) else {
        let near = table::nearest(&folded);
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
    let rest = rest.trim();
    if row.alone && !rest.is_empty() {
        let why = words!(
            "« {rest} » est de trop : un ordre par ligne, le texte en dessous",
            "\"{rest}\" is too much: one command a line, the text below"
        );
        return Err(slip(why, None));
    }
    (row.read)(&Argument { rest, policy, now })
        .map_err(|(why, better)| slip(why, better.map(|b| format!("#{} {b}", row.words[0]).trim_end().to_owned())))
}

/// Which roles may give which commands, as Markdown for `docs/rights.md`.
#[must_use]
pub fn drawn_rights() -> String {
    let commands = |action: Action| {
        let all = ROWS.iter().filter(|row| row.right == Some(action) && !row.words.is_empty());
        let words = all.map(|row| format!("`#{}`", row.words[0])).collect::<Vec<_>>().join(" ");
        if action == Action::Note { format!("a note, {words}") } else { words }
    };
    rights::drawn(commands)
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
