//! Commands at the top of an email, one a line, before any other text.
//!
//! Takes: what the person wrote now, never what they quote. Gives: the commands and the text below
//! them, or every mistake with the line that was probably meant. Nothing is carried out here.

pub(super) mod actions;
mod argument;
mod table;
mod time;

pub use table::{Command, Name, ROWS, Row, Text};

use argument::Argument;

use super::called::Commands;
use super::policy::Policy;
use super::rights::{self, Action};
use super::words::{DeadlineKind, Phrase, phrase};
use crate::clock::Millis;
use crate::mail::fold;

/// A line that is not a command as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// The line as written.
    pub line: String,
    /// What is wrong.
    pub why: Phrase,
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

/// Reads the commands at the top, up to the first other line that is not empty: lines that begin with `#` and a letter. Of somebody of the
/// service desk, what people write instead is read as meant: `# public`, `/public`, the word `public` alone above the text, and text on the
/// line of a command that says for whom it is.
#[must_use]
pub fn head(text: &str, of_agent: bool, commands: &Commands) -> Head {
    let mut head = Head::default();
    let mut rest = text.trim_start();
    for _ in 0..LINES {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let (first, last) = (head.lines.is_empty(), after.trim().is_empty());
        let Some(command) = spelled(line.trim(), of_agent, commands, first && !last, first && last) else {
            break;
        };
        let (command, words) = if of_agent { with_words(&command, commands) } else { (command.as_str(), "") };
        head.lines.push(command.to_owned());
        if !words.is_empty() {
            format!("{words}\n{after}").trim_end().clone_into(&mut head.text);
            return head;
        }
        rest = after.trim_start();
    }
    rest.trim_end().clone_into(&mut head.text);
    head
}

/// A command begins with a letter: `#1` and `# title` are text.
fn is_word(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_alphabetic)
}

/// A line as the command that it is meant to be; none where it is text. `alone`: whether a word alone may be one here; `last`: whether it is
/// the whole text.
fn spelled(line: &str, of_agent: bool, commands: &Commands, alone: bool, last: bool) -> Option<String> {
    if line.strip_prefix('#').is_some_and(is_word) {
        return Some(line.to_owned());
    }
    if !of_agent {
        return None;
    }
    let bare = line.strip_prefix('#').or_else(|| line.strip_prefix('/')).map(str::trim_start);
    // What ends a ticket is written as it should be.
    let meant = |name: &Name| !name.row().ends;
    if let Some(bare) = bare.filter(|bare| is_word(bare)) {
        return commands.begins(bare).filter(meant).map(|_| format!("#{bare}"));
    }
    let word = line.trim_end_matches([':', '.', '!']).trim_end();
    let speaks = |name: &Name| matches!(name, Name::Public | Name::Note);
    let is_one = alone && is_word(word) && !word.contains(char::is_whitespace);
    // Nobody writes one word to take back what they wrote to somebody else.
    let undoes = |name: &Name| *name == Name::Undo && last && is_word(word) && !word.contains(char::is_whitespace);
    commands.begins(word).filter(|name| (is_one && speaks(name)) || undoes(name)).map(|_| format!("#{word}"))
}

/// A command that says for whom the text is, and the text behind it on its line.
fn with_words<'l>(line: &'l str, commands: &Commands) -> (&'l str, &'l str) {
    let Some(name @ (Name::Public | Name::Note)) = commands.begins(line) else { return (line, "") };
    let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim_start_matches([':', ',', ';', '-', '–', '—', ' ', '\u{a0}']).trim();
    // `#note interne` says nothing more than `#note`.
    let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let more = if commands.english(&folded(word)) == Some(name.row().word) { behind.trim() } else { rest };
    let all = fold(more.trim_end_matches(['.', ':', '!', ' ']));
    if commands.means("to_requester", &all) {
        return (command, "");
    }
    // "#public non" contradicts itself, and is no answer that begins with "non".
    if name == Name::Public && (commands.means("inside", &all) || commands.means("no", &all)) {
        return (line, "");
    }
    (command, more)
}

impl Head {
    /// Whether one of the commands takes the last one back.
    #[must_use]
    pub(crate) fn undoes(&self, commands: &Commands) -> bool {
        self.lines.iter().any(|line| commands.begins(line) == Some(Name::Undo))
    }

    /// The email with commands brought to the top that stand below other text; none when there are none.
    #[must_use]
    pub(crate) fn with_strays(&self, commands: &Commands) -> Option<Self> {
        let is_stray = |line: &&str| line.strip_prefix('#').is_some_and(is_word) && commands.begins(line).is_some();
        let (strays, rest): (Vec<&str>, Vec<&str>) = self.text.lines().partition(is_stray);
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
            let why = phrase!("wrong.too_many_commands", most);
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

impl Commands {
    /// What stands behind a command's word that takes nothing; none for other lines.
    #[must_use]
    pub fn behind<'l>(&self, line: &'l str) -> Option<&'l str> {
        self.begins(line).filter(|name| name.row().alone)?;
        let rest = line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
        (!rest.is_empty()).then_some(rest)
    }

    /// Which command a line begins with, whatever it is given with.
    #[must_use]
    pub fn begins(&self, line: &str) -> Option<Name> {
        let word = line.trim().trim_start_matches('#').split_whitespace().next()?;
        row_of(self, &folded(word)).map(|row| row.name)
    }
}

/// The row of the command that a folded word names.
fn row_of(commands: &Commands, folded: &str) -> Option<&'static Row> {
    let english = commands.english(folded)?;
    ROWS.iter().find(|row| row.word == english)
}

fn folded(word: &str) -> String {
    fold(word.trim_end_matches([':', '.', ',', ';', '!'])).replace('_', "-")
}

/// The tables of `docs/commands-by-mail.md`, as Markdown.
#[must_use]
pub fn drawn(commands: &Commands) -> String {
    let mut out = String::new();
    for (language, head) in [("en", "| command | also | what it does |"), ("fr", "| ordre | aussi | ce qu'il fait |")] {
        out += &format!("{head}\n| --- | --- | --- |\n");
        for row in ROWS {
            let called = commands.called(row.name, language);
            if called.usage.is_empty() {
                continue;
            }
            let also: Vec<String> = commands.words_of(row.name).iter().map(|w| format!("`#{w}`")).collect();
            out += &format!("| `{}` | {} | {} |\n", called.usage.replace('|', "\\|"), also.join(" "), called.does);
        }
        out.push('\n');
    }
    out
}

/// One line.
fn command(line: &str, policy: &Policy, now: Millis) -> Result<Command, Slip> {
    let bare = line.trim_start_matches('#');
    let (word, rest) = bare.split_once(char::is_whitespace).unwrap_or((bare, ""));
    let folded = folded(word);
    let slip = |why: Phrase, better: Option<String>| Slip { line: line.to_owned(), why, better };
    // "#fait1" is what it looks like.
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if letters.len() < word.len()
        && row_of(&policy.commands, &self::folded(letters)).is_some_and(|row| row.name == Name::Done)
    {
        return command(&format!("#{letters} {} {rest}", &word[letters.len()..]), policy, now);
    }
    let Some(row) = row_of(&policy.commands, &folded) else {
        let near = policy.commands.nearest(&folded, |word| row_of(&policy.commands, word).is_some_and(|row| row.ends));
        let better = near.map(|near| format!("#{near} {rest}").trim_end().to_owned());
        let why = match near {
            Some(near) => phrase!("wrong.no_command_near", word, near),
            None => phrase!("wrong.no_command", word),
        };
        return Err(slip(why, better));
    };
    // "#demander : depuis quand ?", "#résolu !"
    let rest = rest.trim_start_matches([':', ' ', '\u{a0}']).trim();
    let rest = if rest.chars().all(|c| ".,;:!?…".contains(c)) { "" } else { rest };
    if row.alone && !rest.is_empty() {
        let why = phrase!("wrong.too_much", rest);
        return Err(slip(why, None));
    }
    (row.read)(&Argument { rest, policy, now })
        .map_err(|(why, better)| slip(why, better.map(|b| format!("#{} {b}", row.word).trim_end().to_owned())))
}

/// Which roles may give which commands, as Markdown for `docs/rights.md`.
#[must_use]
pub fn drawn_rights() -> String {
    let commands = |action: Action| {
        let all = ROWS.iter().filter(|row| row.right == Some(action) && row.name != Name::Progress);
        let words = all.map(|row| format!("`#{}`", row.word)).collect::<Vec<_>>().join(" ");
        if action == Action::Note { format!("a note, {words}") } else { words }
    };
    rights::drawn(commands)
}

/// The day that stands behind one of the words that mean this; the end of it.
pub(super) fn date_behind(text: &str, meaning: &str, now: Millis, policy: &Policy) -> Option<Millis> {
    let lower = text.to_lowercase();
    let zone = &policy.service_desk.time_zone;
    let behind = policy.commands.argument_spellings(meaning).filter_map(|word| {
        let at = lower.find(&word)?;
        let rest = text.get(at + word.len()..)?;
        time::until(rest.trim_start_matches([':', ' ', '\u{a0}']), now, zone).map(|(day, _)| day)
    });
    { behind }.find(|day| *day > now)
}

type Wrong = (Phrase, Option<String>);

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
        let commands = commands();
        let head = head("#Public\n\n#Priorité : P1\nBonjour,\n#note en bas\n", true, &commands);
        assert_eq!(head.lines, ["#Public", "#Priorité : P1"]);
        assert_eq!(head.text, "Bonjour,\n#note en bas");
        assert!(super::head("#1 dans la liste", true, &commands).lines.is_empty());
    }

    fn commands() -> Commands {
        let mut commands = Commands::default();
        let words: [(&'static str, &[&str]); 4] = [
            ("public", &["publique", "répondre", "réponse", "reply"]),
            ("note", &["interne", "internal"]),
            ("take", &["prendre"]),
            ("resolve", &["résoudre", "résolu"]),
        ];
        for (name, words) in words {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            commands.add("fr", name, crate::ticket::called::Called { words, ..Default::default() });
        }
        commands
    }

    #[test]
    fn commands_are_read_as_agents_mean_them() {
        let commands = commands();
        let read = |text: &str| {
            let head = head(text, true, &commands);
            (head.lines.join(" "), head.text)
        };
        let is = |lines: &str, text: &str| (lines.to_owned(), text.to_owned());
        for public in ["#public", "# public", "#Public :", "/public", "public", "Réponse :", "#répondre", "#Reply"] {
            let (lines, text) = read(&format!("{public}\n\nBonjour,\nc'est fait."));
            assert_eq!(text, "Bonjour,\nc'est fait.", "{public}");
            assert!(matches!(commands.begins(&lines), Some(Name::Public)), "{public}: {lines}");
        }
        assert_eq!(
            read("#public Bonjour, c'est fait.\nCordialement"),
            is("#public", "Bonjour, c'est fait.\nCordialement")
        );
        assert_eq!(read("#note interne\nÀ voir."), is("#note", "À voir."));
        assert_eq!(read("#note : à voir"), is("#note", "à voir"));
        assert_eq!(read("# prendre\n#public\nOui."), is("#prendre #public", "Oui."));
        // What is text stays text.
        for text in ["# Titre\nBonjour", "/etc/hosts est vide", "# résolu\nOui", "Public visé : les 6e", "note", "1/2"]
        {
            assert_eq!(read(text), is("", text), "{text}");
        }
        // A requester's first word is theirs.
        let theirs = head("Note :\nle wifi coupe", false, &commands);
        assert_eq!((theirs.lines.len(), theirs.text.as_str()), (0, "Note :\nle wifi coupe"));
    }
}
