//! The commands and their options. What stands here is also `--help` and the manual pages.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::report::Sort;

/// An email ticket gateway: emails to a support address become numbered, acknowledged tickets
#[derive(Debug, Parser)]
#[command(name = "guichet", version, propagate_version = true, max_term_width = 100)]
pub(super) struct Args {
    /// Configuration file; further ones are read from conf.d/ beside it
    #[arg(
        long,
        global = true,
        env = "GUICHET_CONFIG",
        default_value = "/etc/guichet/guichet.toml",
        value_name = "FILE"
    )]
    pub(super) config: PathBuf,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Watch the mailboxes, make tickets, send notifications, until told to stop
    Run {
        /// Do all that waits, then exit
        #[arg(long)]
        once: bool,
    },
    /// Try configuration, notifications, database and servers, and say what is wrong and how to fix it
    Check {
        /// Leave the servers out
        #[arg(long)]
        offline: bool,
    },
    /// Show the main job in a private mailbox with sample mail; needs no configuration
    Demo {
        /// Go on running afterwards, to be played with
        #[arg(long)]
        keep: bool,
    },
    /// Show what the mail reader makes of .eml files, or of folders of them
    Inspect {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        /// Files or folders
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Look at tickets, and give commands about them
    #[command(subcommand)]
    Ticket(TicketCommand),
    /// Tell what became of an email or ticket, and why
    Why {
        /// A Message-ID, with or without brackets, or a ticket's number
        what: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Judge emails that could not be decided
    #[command(subcommand)]
    Held(HeldCommand),
    /// Look at notifications that wait or failed
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Look at addresses that refused notifications, and write to them again
    #[command(subcommand)]
    Address(AddressCommand),
    /// Look at the articles that were made of solved problems
    #[command(subcommand)]
    Article(ArticleCommand),
    /// Show the report for a period: text, page, table, JSON or mail
    Report(ReportArgs),
    /// Look at, check and try the service desk's notifications
    #[command(subcommand)]
    Template(TemplateCommand),
    /// Sign a person in by OAuth 2.0, once, in a browser, and keep the refresh token
    SignIn {
        /// The section: smtp or mailboxes.NAME; it may be left out where there is but one
        #[arg(default_value = "")]
        section: String,
        /// Port of this machine that the browser is sent back to; any that is free for 0
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Copy the database to a file, while guichet runs or not
    Backup {
        /// The file; it must not be there yet
        file: PathBuf,
    },
    /// Bring a copy back in place of the database; guichet must not run
    Restore {
        /// The copy
        file: PathBuf,
        /// Also send notifications that waited when the copy was made; they may have left since
        #[arg(long)]
        send_waiting: bool,
    },
    /// Remove a person from everything: emails, attachments, notifications, names; and prove it by a search
    Erase {
        /// Their address
        address: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Hold mailboxes, inbox, tickets and outbox against each other, and name every gap
    Verify(VerifyArgs),
    /// List what people did to the service desk itself, and its upkeep, newest first
    Audit {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: Shell,
    },
    /// Write the manual pages
    Man {
        /// Folder to write them to
        folder: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// Leave the mailboxes out
    #[arg(long)]
    pub(super) offline: bool,
    /// Also compare every email in the archive folders; it may take long
    #[arg(long, conflicts_with = "offline")]
    pub(super) archives: bool,
    /// An end of the chain noted earlier, which must still be part of it
    #[arg(long, value_name = "DIGEST")]
    pub(super) head: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// Which report
    pub(super) sort: Sort,
    /// Its time: 2026-03-02, 2026-W10, 2026-03, 2026-Q1, 2026 or 2026-03-02..2026-03-08; else the last whole one
    #[arg(long)]
    pub(super) period: Option<String>,
    /// Only this queue
    #[arg(long)]
    pub(super) queue: Option<String>,
    /// In this language (fr, en); else the service desk's
    #[arg(long)]
    pub(super) language: Option<String>,
    /// As JSON
    #[arg(long, group = "form")]
    pub(super) json: bool,
    /// As a table for spreadsheets (CSV)
    #[arg(long, group = "form")]
    pub(super) csv: bool,
    /// Each ticket of that time as a line of a table (CSV), as it stood at the end
    #[arg(long, group = "form")]
    pub(super) tickets: bool,
    /// As a page with charts, written to this file
    #[arg(long, value_name = "FILE", group = "form")]
    pub(super) html: Option<PathBuf>,
    /// By mail, to those who get this report automatically
    #[arg(long, group = "form")]
    pub(super) send: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum TicketCommand {
    /// List tickets, newest first
    List {
        /// Only this queue
        #[arg(long)]
        queue: Option<String>,
        /// Only this status (approval, new, open, pending, escalated, reopened, resolved, closed)
        #[arg(long)]
        status: Option<String>,
        /// At most this many; 0 for all
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(0..))]
        limit: i64,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a ticket with its messages
    Show {
        /// Its number
        number: String,
        /// Also what was cut from replies, and what machines wrote
        #[arg(long)]
        full: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what happened to a ticket
    History {
        /// Its number
        number: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Give commands about a ticket, as a moderator does by mail
    Do {
        /// Its number
        number: String,
        /// Commands, one a line, then the text ('#resolve The cable was loose.')
        #[arg(required = true, num_args = 1..)]
        text: Vec<String>,
    },
    /// Open a ticket for somebody who telephoned; they are acknowledged
    New {
        /// Their address
        #[arg(long, value_name = "ADDRESS")]
        from: String,
        /// Their name
        #[arg(long, default_value = "")]
        name: String,
        /// What it is about; else the first line of the text
        #[arg(long, default_value = "")]
        subject: String,
        /// In this queue; needed where there are several
        #[arg(long)]
        queue: Option<String>,
        /// The ticket as JSON
        #[arg(long)]
        json: bool,
        /// What they ask for, below commands if there are any; `-` or nothing: standard input
        file: Option<PathBuf>,
    },
    /// List a ticket's attachments, or save them
    Attachments {
        /// Its number
        number: String,
        /// Save them to this folder
        #[arg(long, value_name = "DIR")]
        save: Option<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum HeldCommand {
    /// List held emails, oldest first
    List {
        /// Only those of this sender
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a held email
    Show {
        /// Its id, as listed
        id: i64,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Let held emails be decided again, after what held them was fixed: one, or many at once
    Release {
        #[command(flatten)]
        which: Which,
    },
    /// Add a held email to a ticket
    Join {
        /// Its id, as listed
        id: i64,
        /// Number of the ticket
        number: String,
    },
    /// Refuse held emails for good, one or many at once; nobody is written to
    Refuse {
        #[command(flatten)]
        which: Which,
        /// Why, for the record
        #[arg(long, default_value = "refused by the operator")]
        reason: String,
    },
}

/// Which held emails are meant.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Which {
    /// Its id, as listed
    #[arg(conflicts_with_all = ["from", "like", "cause", "all"])]
    pub(super) id: Option<i64>,
    /// All that are held of this sender
    #[arg(long, value_name = "ADDRESS", conflicts_with = "all")]
    pub(super) from: Option<String>,
    /// All that are held for the same reason as the email with this id
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    pub(super) like: Option<i64>,
    /// All that are held for this cause, as `held list` groups them (denied, stranger, flood…)
    #[arg(long, value_name = "CAUSE", conflicts_with = "all")]
    pub(super) cause: Option<String>,
    /// All that are held
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ArticleCommand {
    /// List the articles, newest first
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum AddressCommand {
    /// List addresses that nothing is written to for now
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write to an address again
    Clear {
        /// The address
        address: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum OutboxCommand {
    /// List notifications that have not left
    List {
        /// Only this state (queued, sending, sent, failed)
        #[arg(long)]
        state: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a notification, its headers and bytes
    Show {
        /// Its id, as listed
        id: i64,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Send notifications again at once: one, or all that failed or wait
    Retry {
        /// Its id, as listed
        #[arg(required_unless_present_any = ["all", "restored"])]
        id: Option<i64>,
        /// All that failed or wait
        #[arg(long, conflicts_with = "id")]
        all: bool,
        /// All that wait since a backup was restored
        #[arg(long, conflicts_with_all = ["id", "all"])]
        restored: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum TemplateCommand {
    /// List the notifications and where each comes from
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a file of a notification, or the phrases of a language, to begin changing it with
    Show {
        /// The file (fr/answer.txt.hbs, fr/phrases.toml)
        name: String,
    },
    /// Check all templates, and name the line of each mistake
    Check,
    /// Show all notifications in a browser, and follow what is written in their templates
    Preview {
        /// Where the page is; a loopback address, port 0 for any that is free
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8025")]
        listen: std::net::SocketAddr,
    },
    /// Print a notification with sample facts
    Render {
        /// Notification, with its language or without (fr/answer, answer)
        name: String,
        /// Print the HTML part
        #[arg(long, conflicts_with = "facts")]
        html: bool,
        /// Print the facts a template can name, as JSON
        #[arg(long)]
        facts: bool,
    },
}
