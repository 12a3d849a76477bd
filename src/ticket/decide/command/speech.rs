//! For whom the text of an agent's mail is.

use crate::ticket::command::{Command, Row, Text};

/// The text, by who may read it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Speech {
    pub(super) public: String,
    pub(super) internal: String,
    pub(super) vendor: String,
    /// The text itself, for commands that take it as theirs.
    pub(super) body: String,
    /// True when both a vendor and the requester are to get it.
    pub(super) torn: bool,
    /// True when the body, and with it the files, are for the requester.
    pub(super) body_is_public: bool,
    /// True when a command says for whom the text is, so that there must be one.
    pub(super) wanted: bool,
    /// True when it goes to people named, not to the requester.
    pub(super) audience: bool,
    /// True when it goes to many.
    pub(super) spread: bool,
    /// True when it is to leave whatever a colleague answered.
    pub(super) meant: bool,
}

impl Speech {
    /// `public`: what the text is when no command says so.
    pub(super) fn of(commands: &[Command], body: &str, public: bool) -> Self {
        let any = |test: fn(&Row) -> bool| commands.iter().any(|command| test(command.row()));
        let text = |text: Text| commands.iter().any(|command| command.row().text == text);
        let (note, vendor, spoken) = (text(Text::Note), text(Text::Vendor), text(Text::Public));
        let broadcast = |o: &Command| matches!(o, Command::Broadcast(..));
        let mut speech = Self {
            body: body.to_owned(),
            torn: vendor && spoken && !note,
            wanted: any(|row| row.needs_text),
            spread: commands.iter().any(broadcast),
            audience: commands.iter().any(|o| matches!(o, Command::Broadcast(to, _) if !to.is_empty())),
            // A message to many is not one more answer to this requester.
            meant: any(|row| row.meant),
            ..Self::default()
        };
        if text(Text::Elsewhere) {
            // The text belongs to the other ticket.
        } else if note {
            body.clone_into(&mut speech.internal);
        } else if vendor {
            body.clone_into(&mut speech.vendor);
        } else if spoken || (public && !text(Text::Quiet)) {
            body.clone_into(&mut speech.public);
            speech.body_is_public = true;
        } else {
            body.clone_into(&mut speech.internal);
        }
        for command in commands {
            if let Command::Ask(words)
            | Command::Resolve(words)
            | Command::Reject(words)
            | Command::Broadcast(_, words) = command
            {
                speech.put_before(words);
            }
        }
        speech
    }

    /// Whether nothing is said at all.
    pub(super) fn is_silent(&self) -> bool {
        self.public.is_empty() && self.internal.is_empty() && self.vendor.is_empty()
    }

    /// Public words that stand above the text.
    pub(super) fn put_before(&mut self, words: &str) {
        let stands_there = |rest: &str| rest.is_empty() || rest.starts_with('\n');
        if words.is_empty() || self.public.strip_prefix(words).is_some_and(stands_there) {
            return;
        }
        self.public = format!("{words}\n\n{}", self.public).trim_end().to_owned();
    }
}
