//! Every command, one row each: how it is written, who may give it, what it takes and what it makes of the text below it.
//!
//! Rights, parsing, help, "did you mean", what requesters may write, buttons and `docs/commands-by-mail.md` follow from the row, and its
//! words from `phrases.toml`. What a command does is a function of its own (`decide/command`, and `decide/reply/requester` for those of requesters).

use super::super::called::Word;
use super::super::rights::Action;
use super::super::words::{Listing, PendingOn, phrase};
use super::Wrong;
use super::argument::Argument;
use crate::clock::Millis;
use crate::mail::Address;

/// For whom the text below a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// As without the command.
    Any,
    /// For the requester, or for those whom the command names.
    Public,
    /// For the service desk.
    Note,
    /// For the service desk, unless another command says otherwise: what is public without commands is not beside this one.
    Quiet,

    Vendor,
    /// It belongs to another ticket.
    Elsewhere,
}

/// One row.
#[derive(Debug)]
pub struct Row {
    /// Which command.
    pub name: Name,
    /// Its English word, which counts in every language; the others, how it is written, what it does and its button stand below
    /// `[command.WORD]` in `mail-templates/LANGUAGE/phrases.toml`.
    pub word: &'static str,
    /// What an agent must be allowed to give it; none where only requesters do.
    pub right: Option<Action>,
    /// Whether the requester may give it.
    pub requester: bool,
    /// Whether it only looks at something.
    pub looks: bool,
    /// Whether nothing may stand behind its word.
    pub alone: bool,
    /// Whether it ends a ticket: it is never guessed from something else.
    pub ends: bool,
    /// For whom the text below is.
    pub text: Text,
    /// Whether there must be a text.
    pub needs_text: bool,
    /// Whether the text is sent whatever a colleague answered.
    pub meant: bool,
    /// Whether it may stand beside `#new`, and is done to the ticket that this opens.
    pub opens: bool,
    /// Reads what follows its word.
    pub(super) read: fn(&Argument<'_>) -> Result<Command, Wrong>,
}

const ROW: Row = Row {
    name: Name::Help,
    word: "",
    right: None,
    requester: false,
    looks: false,
    alone: false,
    ends: false,
    text: Text::Any,
    needs_text: false,
    meant: false,
    opens: false,
    read: |_| Ok(Command::Help),
};

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident $(($($payload:ty),+))? = $row:expr;)+) => {
        /// Something an email asks to be done.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command {
            $($(#[$doc])* $name $(($($payload),+))?,)+
        }

        /// A command's name, apart from what it is given with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Name {
            $($(#[$doc])* $name,)+
        }

        /// Every command, in the order of the help.
        pub const ROWS: &[Row] = &[$(Row { name: Name::$name, ..$row }),+];

        impl Command {
            /// Which command it is.
            #[must_use]
            pub fn name(&self) -> Name {
                match self {
                    $(Self::$name { .. } => Name::$name,)+
                }
            }

            /// Its row.
            #[must_use]
            pub fn row(&self) -> &'static Row {
                self.name().row()
            }
        }
    };
}

impl Word for Name {
    fn word(&self) -> &'static str {
        self.row().word
    }
}

impl Name {
    /// Its row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        // Rows stand in the order of the names, which the macro makes of the same list.
        &ROWS[self as usize]
    }
}

#[rustfmt::skip]
commands! {
    /// The text is for the requester.
    Public = Row {
        word: "public",
        right: Some(Action::Answer),
        alone: true,
        text: Text::Public, needs_text: true,
        read: |_| Ok(Command::Public),
        ..ROW
    };
    /// The text is internal.
    Note = Row {
        word: "note",
        opens: true,
        right: Some(Action::Note),
        alone: true,
        text: Text::Note, needs_text: true,
        read: |_| Ok(Command::Note),
        ..ROW
    };
    /// A ticket for somebody who called, if the line says who; and its title, if it says one.
    New(Option<Address>, String) = Row {
        word: "new",
        right: Some(Action::Assign),
        opens: true,
        read: |a| a.caller().map(|(who, title)| Command::New(who, title)),
        ..ROW
    };
    /// The writer takes the ticket.
    Take = Row {
        word: "take",
        opens: true,
        right: Some(Action::Take),
        alone: true,
        read: |_| Ok(Command::Take),
        ..ROW
    };
    /// It is given to an agent (address), or to nobody (empty).
    Assign(String) = Row {
        word: "assign",
        opens: true,
        right: Some(Action::Assign),
        text: Text::Quiet,
        // Who gives it to themselves takes it; and a team is called like a person.
        read: |a| if a.is_me() { Ok(Command::Take) } else { a.agent_or_team() },
        ..ROW
    };
    /// It is given to a team, by its name.
    Team(String) = Row {
        word: "team",
        right: Some(Action::Assign),
        text: Text::Quiet,
        opens: true,
        read: |a| a.team().map(Command::Team),
        ..ROW
    };
    /// It goes to another queue, by its name.
    Queue(String) = Row {
        word: "queue",
        right: Some(Action::Assign),
        text: Text::Quiet,
        read: |a| a.queue().map(Command::Queue),
        ..ROW
    };
    /// A question to the requester.
    Ask(String) = Row {
        word: "ask",
        right: Some(Action::Answer),
        text: Text::Public,
        read: |a| Ok(Command::Ask(a.words())),
        ..ROW
    };
    /// It waits for somebody, or for a time, and why.
    Pending(PendingOn, Option<Millis>, String) = Row {
        word: "pending",
        opens: true,
        right: Some(Action::Suspend),
        read: |a| a.pending().map(|(on, until, why)| Command::Pending(on, until, why)),
        ..ROW
    };
    /// To a level (none: the next), and why.
    Escalate(Option<i64>, String) = Row {
        word: "escalate",
        opens: true,
        right: Some(Action::Escalate),
        text: Text::Quiet,
        read: |a| { let (level, why) = a.escalate(); Ok(Command::Escalate(level, why)) },
        ..ROW
    };
    /// The solution; empty: the last answer.
    Resolve(String) = Row {
        word: "resolve",
        opens: true,
        ends: true,
        right: Some(Action::Resolve),
        text: Text::Public, requester: true,
        read: |a| Ok(Command::Resolve(a.words())),
        ..ROW
    };
    /// It is closed.
    Close = Row {
        word: "close",
        opens: true,
        ends: true,
        right: Some(Action::Close),
        alone: true,
        requester: true,
        read: |_| Ok(Command::Close),
        ..ROW
    };
    /// It is not done.
    Reopen = Row {
        word: "reopen",
        right: Some(Action::Reopen),
        alone: true,
        requester: true,
        read: |_| Ok(Command::Reopen),
        ..ROW
    };
    /// Code of a priority.
    Priority(String) = Row {
        word: "priority",
        opens: true,
        right: Some(Action::Qualify),
        read: |a| Ok(Command::Priority(a.priority()?)),
        ..ROW
    };
    /// Name of a type, or none.
    Type(Option<String>) = Row {
        word: "type",
        opens: true,
        right: Some(Action::Qualify),
        read: |a| Ok(Command::Type(a.topic(&a.policy.types)?)),
        ..ROW
    };
    /// Name of a category, or none.
    Category(Option<String>) = Row {
        word: "category",
        opens: true,
        right: Some(Action::Qualify),
        read: |a| Ok(Command::Category(a.topic(&a.policy.categories)?)),
        ..ROW
    };
    /// Name of a service, or none.
    Service(Option<String>) = Row {
        word: "service",
        opens: true,
        right: Some(Action::Qualify),
        read: |a| Ok(Command::Service(a.topic(&a.policy.services)?)),
        ..ROW
    };
    /// Words to add, and words to take off.
    Tag(Vec<String>, Vec<String>) = Row {
        word: "tag",
        opens: true,
        right: Some(Action::Qualify),
        read: |a| a.tags().map(|(on, off)| Command::Tag(on, off)),
        ..ROW
    };
    /// `#status open`: work goes on. Other words behind it are other commands.
    Open = Row {
        word: "status",
        right: Some(Action::Reopen),
        read: status,
        ..ROW
    };
    /// The text goes to a vendor; none: the one it has.
    Vendor(Option<String>) = Row {
        word: "vendor",
        right: Some(Action::Vendor),
        text: Text::Vendor,
        read: |a| Ok(Command::Vendor(a.optional_address()?)),
        ..ROW
    };
    /// Name of a canned answer.
    Canned(String) = Row {
        word: "canned",
        right: Some(Action::Answer),
        text: Text::Public,
        read: |a| Ok(Command::Canned(a.canned()?)),
        ..ROW
    };
    /// People to add.
    Cc(Vec<String>) = Row {
        word: "cc",
        opens: true,
        right: Some(Action::Assign),
        requester: true,
        read: |a| Ok(Command::Cc(a.addresses()?)),
        ..ROW
    };
    /// People to take out.
    Uncc(Vec<String>) = Row {
        word: "uncc",
        right: Some(Action::Assign),
        read: |a| Ok(Command::Uncc(a.addresses()?)),
        ..ROW
    };
    /// Another requester.
    Requester(Address) = Row {
        word: "requester",
        right: Some(Action::Assign),
        opens: true,
        read: |a| Ok(Command::Requester(a.person()?)),
        ..ROW
    };
    /// Yes.
    Approve = Row {
        word: "approve",
        right: Some(Action::Approve),
        alone: true,
        text: Text::Quiet,
        read: |_| Ok(Command::Approve),
        ..ROW
    };
    /// No, and why.
    Reject(String) = Row {
        word: "reject",
        ends: true,
        right: Some(Action::Reject),
        text: Text::Public,
        read: |a| Ok(Command::Reject(a.words())),
        ..ROW
    };
    /// This ticket goes into the one of that number.
    Merge(String) = Row {
        word: "merge",
        ends: true,
        right: Some(Action::Arrange),
        text: Text::Quiet,
        read: |a| Ok(Command::Merge(a.number()?)),
        ..ROW
    };
    /// The text becomes a ticket of its own, with this title.
    Split(String) = Row {
        word: "split",
        right: Some(Action::Arrange),
        text: Text::Elsewhere,
        read: |a| Ok(Command::Split(a.text(phrase!("wrong.needs_title"))?)),
        ..ROW
    };
    /// The two belong together.
    Link(String) = Row {
        word: "link",
        right: Some(Action::Qualify),
        read: |a| Ok(Command::Link(a.number()?)),
        ..ROW
    };
    /// Part of that ticket, or of none.
    Parent(Option<String>) = Row {
        word: "parent",
        right: Some(Action::Arrange),
        read: |a| Ok(Command::Parent(if a.is_none() { None } else { Some(a.number()?) })),
        ..ROW
    };
    /// To the requesters of its parts, or to these addresses; and words that stood in the line.
    Broadcast(Vec<String>, String) = Row {
        word: "broadcast",
        right: Some(Action::Broadcast),
        text: Text::Public, meant: true,
        read: |a| a.broadcast().map(|(to, words)| Command::Broadcast(to, words)),
        ..ROW
    };
    /// Tags of an article.
    Kb(Vec<String>) = Row {
        word: "kb",
        right: Some(Action::Resolve),
        read: |a| Ok(Command::Kb(a.list())),
        ..ROW
    };
    /// The text is the post-mortem.
    PostMortem = Row {
        word: "postmortem",
        right: Some(Action::Note),
        alone: true,
        text: Text::Note, needs_text: true,
        read: |_| Ok(Command::PostMortem),
        ..ROW
    };
    /// What the post-mortem says is to be done has been done, by its numbers; none: the only one there is.
    Done(Vec<usize>) = Row {
        word: "done",
        right: Some(Action::Note),
        text: Text::Note,
        read: |a| a.numbers().map(Command::Done),
        ..ROW
    };
    /// The text is public whatever a colleague answered.
    Send = Row {
        word: "send",
        right: Some(Action::Answer),
        alone: true,
        text: Text::Public, needs_text: true, meant: true,
        read: |_| Ok(Command::Send),
        ..ROW
    };
    /// The last command is taken back.
    Undo = Row {
        word: "undo",
        right: Some(Action::Note),
        alone: true,
        read: |_| Ok(Command::Undo),
        ..ROW
    };
    /// The writer is away until then, or is back.
    Away(Option<Millis>) = Row {
        word: "away",
        right: Some(Action::Note),
        read: |a| a.away().map(Command::Away),
        ..ROW
    };
    /// Tickets, listed.
    List(Listing) = Row {
        word: "list",
        right: Some(Action::Read),
        requester: true, looks: true,
        read: |a| Ok(Command::List(a.listing()?)),
        ..ROW
    };
    /// The whole ticket.
    Show = Row {
        word: "show",
        right: Some(Action::Read),
        alone: true,
        requester: true, looks: true,
        read: |_| Ok(Command::Show),
        ..ROW
    };
    /// What became of its emails.
    Why = Row {
        word: "why",
        right: Some(Action::Read),
        alone: true,
        looks: true,
        read: |_| Ok(Command::Why),
        ..ROW
    };
    /// The commands there are.
    Help = Row {
        word: "help",
        right: Some(Action::Read),
        alone: true,
        looks: true,
        read: |_| Ok(Command::Help),
        ..ROW
    };
    /// A requester agrees that it is done, and words.
    Solved(String) = Row {
        word: "solved",
        requester: true,
        read: |a| Ok(Command::Solved(a.words())),
        ..ROW
    };
    /// A requester does not, and words.
    Unsolved(String) = Row {
        word: "unsolved",
        requester: true,
        read: |a| Ok(Command::Unsolved(a.words())),
        ..ROW
    };
    /// 1 to 5, and words.
    Rate(i64, String) = Row {
        word: "rate",
        requester: true,
        read: |a| a.rate().map(|(stars, words)| Command::Rate(stars, words)),
        ..ROW
    };
    /// 0 to 10.
    Recommend(i64) = Row {
        word: "recommend",
        requester: true,
        read: |a| Ok(Command::Recommend(a.figure(0, 10)?)),
        ..ROW
    };
    /// `#status` alone: where does it stand?
    Progress = Row {
        word: "progress",
        right: Some(Action::Read),
        requester: true, looks: true,
        read: |_| Ok(Command::Progress),
        ..ROW
    };
}

/// What `#status` asks by the word behind it.
fn status(argument: &Argument<'_>) -> Result<Command, Wrong> {
    Ok(match argument.status()? {
        "" => Command::Progress,
        "open" => Command::Open,
        "pending" => Command::Pending(PendingOn::Requester, None, String::new()),
        "resolved" => Command::Resolve(String::new()),
        "closed" => Command::Close,
        "reopened" => Command::Reopen,
        _ => Command::Escalate(None, String::new()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_their_names() {
        for row in ROWS {
            assert_eq!(row.name.row().name, row.name);
        }
    }

    #[test]
    fn every_row_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<&str> = ROWS.iter().map(|row| row.word).collect();
        assert_eq!(words.len(), ROWS.len());
        assert!(words.iter().all(|word| !word.is_empty() && crate::mail::fold(word) == **word), "words stand folded");
    }
}
