//! The command line.
//!
//! Takes: arguments. Gives: tables for people, JSON for programs, and an exit code out of
//! [`crate::trouble`]. Each command is a file here, or shares one with those like it.

mod address;
mod args;
mod article;
mod check;
mod demo;
mod held;
mod inspect;
mod keep;
mod outbox;
mod preview;
mod report;
mod scrub;
mod show;
mod sign_in;
mod template;
mod ticket;
mod verify;
mod why;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use tracing_subscriber::EnvFilter;

use args::{Args, Command, HeldCommand, TicketCommand};

use crate::clock::Clock;
use crate::settings::{self, Settings};
use crate::store::{Store, sqlite_file};
use crate::trouble::{Trouble, exit};
use crate::work::{App, daemon, once};

/// Runs the program; `main` does nothing else.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { 0 });
        }
    };
    // A panic is a bug, and its words may be those of an email: the place says enough.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("guichet: this is a bug of guichet, at {place}");
    }));
    log(&args.command);
    // The daemon writes to sockets, whose ends are errors to it; everything else writes to people.
    if !matches!(args.command, Command::Run { .. } | Command::Demo { .. }) {
        sigpipe::reset();
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).max_blocking_threads(4).enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(args)),
        Err(error) => Err(Trouble::Bug(format!("the runtime does not start: {error}"))),
    };
    match outcome {
        Ok(code) => code,
        Err(trouble) => {
            report(&trouble);
            ExitCode::from(trouble.exit_code())
        }
    }
}

/// The trouble, one line a mistake.
fn report(trouble: &Trouble) {
    for line in trouble.to_string().lines() {
        eprintln!("guichet: {}", show::printable(line));
    }
}

/// Logs go to standard error; `GUICHET_LOG` filters them, `GUICHET_LOG_FORMAT=json` makes them JSON.
fn log(command: &Command) {
    let default = if matches!(command, Command::Run { .. }) { "info" } else { "error" };
    let wanted = std::env::var("GUICHET_LOG").unwrap_or_else(|_| default.to_owned());
    // A level alone is ours. Libraries would log passwords, addresses and texts at their finest levels.
    let own = if wanted.contains('=') { wanted } else { format!("warn,guichet={wanted}") };
    let capped = "async_imap=info,imap_proto=info,lettre=info,handlebars=info,reqwest=info,hyper=info,sqlx=warn";
    let filter = EnvFilter::try_new(format!("{own},{capped}")).unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(scrub::stderr).with_target(false);
    let json = std::env::var("GUICHET_LOG_FORMAT").is_ok_and(|f| f == "json");
    if json {
        let _ = builder.json().try_init();
    } else {
        // Under systemd the journal has its own clock.
        let journal = std::env::var_os("JOURNAL_STREAM").is_some();
        let builder = builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
        let _ = if journal { builder.without_time().try_init() } else { builder.try_init() };
    }
}

async fn run(args: Args) -> Result<ExitCode, Trouble> {
    let config = args.config.as_path();
    match args.command {
        Command::Run { once: false } => {
            let app = open_app(config, "").await?;
            let outcome = daemon::run(Arc::clone(&app), args.config).await;
            app.close().await;
            outcome?;
        }
        Command::Run { once: true } => {
            let app = match open_app(config, "").await {
                // Beside a daemon of the same name it is an instance of its own, which takes what is free.
                Err(Trouble::Again(_)) if is_shared(config) => open_app(config, "once").await?,
                opened => opened?,
            };
            let outcome = once::run(&app).await;
            app.close().await;
            let tally = outcome?;
            println!("{} emails fetched, {} decided, {} notifications sent", tally.fetched, tally.decided, tally.sent);
        }
        Command::Check { offline } => return check::run(config, offline).await,
        Command::Demo { keep } => demo::run(keep).await?,
        Command::Inspect { json, paths } => return inspect::run(&paths, json),
        Command::Ticket(command @ TicketCommand::Do { .. }) => {
            ticket::run(&open_to_write(config).await?, command).await?
        }
        Command::Ticket(command) => ticket::run(&open(config).await?, command).await?,
        Command::Why { what, json } => why::run(&open(config).await?, &what, json).await?,
        Command::Held(command @ (HeldCommand::List { .. } | HeldCommand::Show { .. })) => {
            held::run(&open(config).await?, command).await?;
        }
        Command::Held(command) => held::run(&open_to_write(config).await?, command).await?,
        Command::Outbox(command) => outbox::run(&open(config).await?, command).await?,
        Command::Article(command) => article::run(&open_to_write(config).await?, command).await?,
        Command::Address(command) => address::run(&open(config).await?, command).await?,
        Command::SignIn { section, port } => sign_in::run(config, &section, port).await?,
        Command::Backup { file } => keep::backup(&open(config).await?, &file).await?,
        Command::Restore { file, send_waiting } => keep::restore(config, &file, send_waiting).await?,
        Command::Erase { address, yes, json } => {
            return keep::erase(&open_to_write(config).await?, &address, yes, json).await;
        }
        Command::Verify(args) => return verify::run(&open(config).await?, args).await,
        Command::Audit { json } => verify::audit(&open(config).await?, json).await?,
        Command::Report(args) => report::run(&open_to_write(config).await?, args).await?,
        Command::Template(args::TemplateCommand::Preview { listen }) => preview::run(config, listen).await?,
        Command::Template(command) => template::run(config, command)?,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Args::command(), "guichet", &mut std::io::stdout());
        }
        Command::Man { folder } => man(&folder)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What commands that look into the store are given.
struct Open {
    settings: Settings,
    store: Store,
}

/// For commands that write no notification.
async fn open(config: &Path) -> Result<Open, Trouble> {
    let settings = settings::load_quickly(config)?;
    made(&settings)?;
    let store = Store::open_to_read(&settings.store_url).await?;
    Ok(Open { settings, store })
}

async fn open_to_write(config: &Path) -> Result<Open, Trouble> {
    let settings = settings::load(config)?;
    made(&settings)?;
    let store = Store::open(&settings.store_url).await?;
    Ok(Open { settings, store })
}

/// That there is a database.
fn made(settings: &Settings) -> Result<(), Trouble> {
    if let Some(file) = sqlite_file(&settings.store_url).filter(|file| !file.exists()) {
        let file = std::path::absolute(&file).unwrap_or(file);
        return Err(Trouble::Input(format!(
            "there is no database {} yet; `guichet run` makes it. If it should be elsewhere, see store.url",
            file.display()
        )));
    }
    Ok(())
}

/// Whether several instances may work on the database.
fn is_shared(config: &Path) -> bool {
    settings::load_quickly(config).is_ok_and(|settings| sqlite_file(&settings.store_url).is_none())
}

/// `beside`: what is added to the instance's name; nothing for the name itself.
async fn open_app(config: &Path, beside: &str) -> Result<Arc<App>, Trouble> {
    let mut settings = settings::load(config)?;
    if !beside.is_empty() {
        settings.instance = format!("{}/{beside}-{}", settings.instance, std::process::id());
    }
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    App::open(settings, Clock::system()).await
}

fn man(folder: &Path) -> Result<(), Trouble> {
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Args::command(), folder));
    written.map_err(|e| Trouble::Input(format!("{}: {e}", folder.display())))
}
