//! `backup`, `restore`, `erase`: what is kept, restored, and taken out.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::{Open, show, verify};
use crate::clock::Clock;
use crate::settings;
use crate::store::AuditEntry;
use crate::trouble::{Trouble, exit};
use crate::work::{backup, erase, erased};

pub(super) async fn backup(open: &Open, file: &Path) -> Result<(), Trouble> {
    backup::make(&open.store, &open.settings.store_url, file).await?;
    let (sizes, head) = (open.store.sizes().await?, open.store.chain_end().await?);
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entry = AuditEntry { kind: "backed-up", actor: "operator", subject: &name, text: "a copy was made" };
    open.store.record(entry, Clock::system().now()).await?;
    println!(
        "{}: {} emails, {} tickets, {} notifications",
        file.display(),
        sizes.emails,
        sizes.tickets,
        sizes.notifications
    );
    println!("end of the chain: {head}");
    Ok(())
}

pub(super) async fn restore(config: &Path, file: &Path, send: bool) -> Result<(), Trouble> {
    let settings = settings::load(config)?;
    let done = backup::restore(&settings, file, send, Clock::system().now()).await?;
    println!("{} is the database now.", file.display());
    if let Some(kept) = done.kept {
        println!("The one before it lies in {}.", kept.display());
    }
    if done.erased > 0 {
        println!("People erased since the copy was made, and erased in it again: {}.", done.erased);
    }
    if !done.unerased.is_empty() {
        println!(
            "People who were erased and are in it still, because mail that names them waits (`guichet held list`), or a notification \
             that names them is to leave. Judge it, then erase each again:\n  guichet erase {}",
            done.unerased.join("\n  guichet erase ")
        );
    }
    if done.waiting > 0 {
        println!(
            "Notifications that waited when the copy was made and may have left since: {}; see `guichet outbox list`, and send them \
             with `guichet outbox retry --restored`.",
            done.waiting
        );
    }
    println!(
        "Mail that was handled after the copy was made lies in the archive folders; `guichet verify --archives` counts it. Marked as unread and \
         moved back to its folder, it is read again."
    );
    Ok(())
}

pub(super) async fn erase(open: &Open, address: &str, yes: bool, as_json: bool) -> Result<ExitCode, Trouble> {
    let zone = &open.settings.policy.service_desk.time_zone;
    let policy = &open.settings.policy;
    if policy.is_own_address(&crate::mail::key(address)) {
        let text = "this is an address of the service desk itself, which stands in every email";
        return Err(Trouble::Usage(text.to_owned()));
    }
    if policy.agent(&crate::mail::key(address)).is_some() {
        let text = "this is the address of an agent; take the agent out of the configuration first";
        return Err(Trouble::Usage(text.to_owned()));
    }
    if !yes && !confirmed(address)? {
        return Err(Trouble::Usage("nothing was erased; --yes says that it is meant".to_owned()));
    }
    let bar = verify::bar(as_json);
    let list = erased::place(&open.settings);
    let done = erase::run(&open.store, list.as_deref(), address, "operator", Clock::system().now(), |done, all| {
        bar.set_length(u64::try_from(all).unwrap_or(0));
        bar.set_position(u64::try_from(done).unwrap_or(0));
    })
    .await?;
    bar.finish_and_clear();
    let backups = open.settings.backups.folder.as_ref().map(|folder| folder.display().to_string());
    if as_json {
        let left = done.left.iter().map(|(place, count)| json!({ "place": place, "count": count }));
        show::json(&json!({
            "pseudonym": done.pseudonym, "tickets": done.tickets, "emails": done.emails, "notifications": done.notifications,
            // The names of before 0.2.0.
            "mails": done.emails, "letters": done.notifications, "rows": done.rows,
            "searched": done.searched, "left": left.collect::<Vec<_>>(), "at": show::stamp(Clock::system().now(), zone),
        }))?;
    } else {
        println!(
            "{} tickets; the bytes of {} emails and {} notifications are gone; {} rows name {} instead.",
            done.tickets, done.emails, done.notifications, done.rows, done.pseudonym
        );
        match done.left.as_slice() {
            [] => println!("Searched {} places: the address stands nowhere any more.", done.searched),
            left => left.iter().for_each(|(place, count)| println!("STILL THERE: {count} times in {place}")),
        }
        println!("The mail server's own folders still hold what it keeps there: remove it with a mail client.");
        if let Some(folder) = backups {
            println!("Backups in {folder} still hold the person until they are replaced.");
        }
        match list {
            Some(list) => {
                println!("`guichet restore` repeats the erasure: {} knows it, without the address.", list.display())
            }
            None => println!(
                "There is no place to note the erasure (STATE_DIRECTORY or backup.folder): after a restore, erase again."
            ),
        }
    }
    Ok(ExitCode::from(if done.left.is_empty() { 0 } else { exit::BUG }))
}

/// Asks whoever sits at a terminal.
fn confirmed(address: &str) -> Result<bool, Trouble> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let failed = |e: std::io::Error| Trouble::Input(e.to_string());
    print!("Everything of {} will be gone for good. Type the address again: ", show::printable(address));
    std::io::stdout().flush().map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(answer.trim() == address)
}
