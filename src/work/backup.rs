//! Copies of the database while it is at work, and their return.
//!
//! A SQLite copy is made by the database itself (`VACUUM INTO`): whole, consistent and compact, while mail is being
//! decided. For PostgreSQL `pg_dump` and `pg_restore` are driven. A copy gets its name only when it is complete and
//! was read back.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::DateTime};
use tokio::process::Command;

use super::commit::set_wake_up;
use super::{App, aside, beside};
use crate::clock::Millis;
use crate::settings::{Backups, Keep, Settings};
use crate::store::{AuditEntry, Engine, Store, StoreError, sqlite_file};
use crate::trouble::Trouble;

/// How the error of notifications begins that wait since a copy was restored.
pub(crate) const RESTORED: &str = "restored from a backup";
/// No tool may take longer.
const LIMIT: Duration = Duration::from_secs(4 * 3600);
/// The fact that says why the last copy could not be made; empty when it could.
pub(crate) const FAILED: &str = "backup-failed";
/// The wake-up.
const WAKE_UP: &str = "backup";
/// How names of copies that are made automatically begin.
const NAME: &str = "guichet-";
/// How they say when they were made, by the service desk's clock.
const STAMP: &str = "%Y-%m-%dT%H%M";

/// Makes a copy of the database.
///
/// # Errors
/// [`Trouble`], with the cause and the cure; no file is left then.
pub async fn make(store: &Store, url: &str, file: &Path) -> Result<(), Trouble> {
    if file.exists() {
        return Err(Trouble::Input(format!("{} is there already; nothing is written over", file.display())));
    }
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(Trouble::Input(format!("there is no folder {}", folder.display())));
    }
    let part = beside(file, "part");
    let _ = std::fs::remove_file(&part);
    let made = match store.engine() {
        Engine::Sqlite => copy(store, &part).await,
        Engine::Postgres => dump(url, &part).await,
    };
    let (whole, place, name) = (made.is_ok(), file.to_owned(), file.display().to_string());
    let keep = move || {
        let keep = || File::open(&part).and_then(|f| f.sync_all()).and_then(|()| std::fs::rename(&part, &place));
        let kept = if whole { keep() } else { Ok(()) };
        if !whole || kept.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        kept
    };
    // The disk may take its time over a large file.
    let kept = aside::files(keep).await.unwrap_or_else(|| Err(std::io::Error::other("the copy broke off")));
    made.and_then(|()| kept.map_err(|e| Trouble::Input(format!("{name}: {e}"))))
}

async fn copy(store: &Store, part: &Path) -> Result<(), Trouble> {
    // Made by hand, so that nobody else may read it for a moment.
    create_private(part)?;
    store.copy_to(part).await?;
    let wrong = Store::check_file(part).await?;
    if wrong.is_empty() { Ok(()) } else { Err(Trouble::Input(format!("the copy is not whole: {}", wrong.join("; ")))) }
}

fn create_private(file: &Path) -> Result<(), Trouble> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    made.map(|_| ()).map_err(|e| Trouble::Input(format!("{}: {e}", file.display())))
}

async fn dump(url: &str, part: &Path) -> Result<(), Trouble> {
    create_private(part)?;
    run("pg_dump", url, &["--format=custom", "--no-owner", "--no-privileges", "--file"], part).await?;
    // A dump that was cut short cannot be listed.
    run("pg_restore", "", &["--list"], part).await
}

/// Runs one of PostgreSQL's tools; a password goes by the environment, never by the command line.
async fn run(tool: &str, url: &str, arguments: &[&str], file: &Path) -> Result<(), Trouble> {
    let mut command = Command::new(tool);
    command.args(arguments).arg(file);
    let mut secret = None;
    if !url.is_empty() {
        let (plain, password) = crate::store::split_password(url);
        command.arg(format!("--dbname={plain}"));
        secret = password;
    }
    finish(tool, command, secret).await
}

async fn finish(tool: &str, mut command: Command, password: Option<String>) -> Result<(), Trouble> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let ended = tokio::time::timeout(LIMIT, command.output()).await;
    let output =
        ended.map_err(|_| Trouble::Input(format!("{tool} did not end within {} h", LIMIT.as_secs() / 3600)))?;
    let output = output.map_err(|e| {
        Trouble::Input(format!("{tool} cannot be run: {e}; install PostgreSQL's client programs (postgresql-client)"))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).chars().take(500).collect::<String>();
    Err(Trouble::Input(format!("{tool}: {}", said.trim())))
}

/// Brings a copy back in place of the database, which is kept beside it. Notifications that waited when the copy was made may have
/// left since: they wait for a person, unless `send` says otherwise.
///
/// # Errors
/// [`Trouble`]; the database is then as it was.
pub async fn restore(settings: &Settings, file: &Path, send: bool, now: Millis) -> Result<Restored, Trouble> {
    let url = &settings.store_url;
    let kept = match sqlite_file(url) {
        Some(database) => restore_file(&database, file, now).await?,
        None => restore_dump(settings, file).await?,
    };
    let store = Store::open(url).await?;
    let waiting =
        if send { 0 } else { store.stop_notifications(&format!("{RESTORED}: it may have left since")).await? };
    let (erased, unerased) = match super::erased::place(settings) {
        Some(list) => {
            let done = super::erase::repeat(&store, &list, now).await?;
            if done.0 > 0 {
                // Whatever was left of them in the file's free pages.
                store.rewrite().await?;
                store.empty_log().await?;
            }
            done
        }
        None => (0, Vec::new()),
    };
    let text = format!(
        "from a backup; {waiting} notifications that waited need a person; {erased} people erased again, {} could not be",
        unerased.len()
    );
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    store.record(AuditEntry { kind: "restored", actor: "operator", subject: &name, text: &text }, now).await?;
    store.close().await;
    Ok(Restored { kept, waiting, erased, unerased })
}

/// What came of a restore.
#[derive(Debug, Clone)]
pub struct Restored {
    /// Where the database that was there lies now; none where there was none, or on a server.
    pub kept: Option<PathBuf>,
    /// Notifications that wait for a person.
    pub waiting: u64,
    /// People erased since the copy was made, and erased again in it.
    pub erased: usize,
    /// People who could not be erased whole: mail that names them waits.
    pub unerased: Vec<String>,
}

async fn restore_file(database: &Path, file: &Path, now: Millis) -> Result<Option<PathBuf>, Trouble> {
    if !file.is_file() {
        return Err(Trouble::Input(format!("there is no file {}", file.display())));
    }
    let _lock = super::lock(database)?;
    let damaged = |e: StoreError| Trouble::Input(format!("{} cannot be read: {e}", file.display()));
    let wrong = Store::check_file(file).await.map_err(damaged)?;
    if !wrong.is_empty() {
        return Err(Trouble::Input(format!("{} is not whole: {}", file.display(), wrong.join("; "))));
    }
    let failed = |e: std::io::Error| Trouble::Input(format!("{}: {e}", database.display()));
    let next = beside(database, "restored");
    for path in with_logs(&next) {
        let _ = std::fs::remove_file(path);
    }
    create_private(&next)?;
    // By the database itself: what stands only in the copy's own log comes along.
    Store::copy_file(file, &next).await.map_err(damaged)?;
    // It must open before anything is put aside: a newer schema is refused here.
    Store::open(&format!("sqlite:{}", next.display())).await?.close().await;
    let mut kept = None;
    if database.exists() {
        let aside = unused(&beside(database, &format!("before-{}", stamp(now, &TimeZone::UTC))));
        // The database first: without it, its log is of no use to anybody.
        for (old, new) in with_logs(database).into_iter().zip(with_logs(&aside)) {
            if old.exists() {
                std::fs::rename(old, new).map_err(failed)?;
            }
        }
        kept = Some(aside);
    }
    // A log without its database would be played into the new one.
    for path in with_logs(database).into_iter().skip(1) {
        let _ = std::fs::remove_file(path);
    }
    std::fs::rename(&next, database).map_err(failed)?;
    // Notes of notifications that left belong to the database that is gone.
    let _ = std::fs::remove_file(beside(database, "sent"));
    Ok(kept)
}

/// A database file and what SQLite keeps beside it.
fn with_logs(file: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|ending| PathBuf::from(format!("{}{ending}", file.display())))
}

/// The name, or the next one that nothing has.
fn unused(name: &Path) -> PathBuf {
    let more = (2..).map(|n| PathBuf::from(format!("{}.{n}", name.display())));
    std::iter::once(name.to_path_buf()).chain(more).find(|path| !path.exists()).unwrap_or_else(|| name.to_path_buf())
}

async fn restore_dump(settings: &Settings, file: &Path) -> Result<Option<PathBuf>, Trouble> {
    let url = &settings.store_url;
    match Store::open(url).await {
        Ok(store) => {
            let alive = store.leases().await?.into_iter().find(|l| l.name.starts_with("instance:") && l.left > 0);
            store.close().await;
            if let Some(lease) = alive {
                let text = format!("guichet {} is at work on this database; stop it first", lease.instance);
                return Err(Trouble::Again(text));
            }
        }
        // What cannot be reached can be neither at work nor replaced; what is damaged can.
        Err(error @ StoreError::Unreachable { .. }) => return Err(error.into()),
        Err(error) => tracing::warn!(%error, "the database that is there cannot be opened; it is replaced"),
    }
    let version = dumped_version(file).await?;
    if version > Store::newest_schema() {
        let text = format!("{} was written by a newer version of guichet (schema {version})", file.display());
        return Err(Trouble::Input(text));
    }
    // The tables as they were in the copy, made and filled in one transaction after those of today are gone.
    let script = beside(file, "sql");
    let _gone = Gone(script.clone());
    let made = run_to("pg_restore", &["--no-owner", "--no-privileges", "--file"], &script, file).await;
    made?;
    for_older_servers(&script)?;
    let (plain, password) = crate::store::split_password(url);
    let mut command = Command::new("psql");
    command.args(["--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1"]);
    command.arg(format!("--dbname={plain}")).arg("--command").arg(Store::drop_everything()).arg("--file").arg(&script);
    finish("psql", command, password).await?;
    Ok(None)
}

/// Tools of version 17 and later begin with a setting that servers before 17 do not know, and would stop at.
fn for_older_servers(script: &Path) -> Result<(), Trouble> {
    let failed = |e: std::io::Error| Trouble::Input(format!("{}: {e}", script.display()));
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(script).map_err(failed)?;
    let mut head = vec![0; 4096];
    let read = file.read(&mut head).map_err(failed)?;
    let setting = b"SET transaction_timeout = 0;";
    if let Some(at) = head[..read].windows(setting.len()).position(|words| words == setting) {
        file.seek(SeekFrom::Start(at as u64)).map_err(failed)?;
        file.write_all(&vec![b' '; setting.len()]).map_err(failed)?;
    }
    Ok(())
}

/// A file that is gone when it is not needed any longer.
struct Gone(PathBuf);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The newest migration in a dump, which must be one of guichet.
async fn dumped_version(file: &Path) -> Result<i64, Trouble> {
    let part = beside(file, "version");
    let _gone = Gone(part.clone());
    run_to("pg_restore", &["--data-only", "--table=_sqlx_migrations", "--table=meta", "--file"], &part, file).await?;
    let text = std::fs::read_to_string(&part).map_err(|e| Trouble::Input(format!("{}: {e}", part.display())))?;
    let rows = text.lines().skip_while(|line| !line.contains("_sqlx_migrations (")).skip(1);
    let versions = rows.map_while(|line| line.split('\t').next()?.parse::<i64>().ok());
    let ours = text.lines().any(|line| line.starts_with("secret\t"));
    let newest = versions.max().filter(|_| ours);
    newest.ok_or_else(|| Trouble::Input(format!("{} is not a copy of a database of guichet", file.display())))
}

/// Runs one of PostgreSQL's tools that writes what it makes of a dump to a file.
async fn run_to(tool: &str, arguments: &[&str], to: &Path, dump: &Path) -> Result<(), Trouble> {
    if !dump.is_file() {
        return Err(Trouble::Input(format!("there is no file {}", dump.display())));
    }
    let _ = std::fs::remove_file(to);
    create_private(to)?;
    let mut command = Command::new(tool);
    command.args(arguments).arg(to).arg(dump);
    finish(tool, command, None).await
}

/// Makes a copy when its time has come, and removes those that are not to be kept.
///
/// # Errors
/// [`StoreError`]; a copy that fails is no error of the service desk: it is noted, and an alarm.
pub(super) async fn drain(app: &App) -> Result<(), StoreError> {
    let (settings, now) = (app.settings.load_full(), app.clock.now());
    let (Some(folder), Some(cron)) = (&settings.backups.folder, &settings.backups.cron) else { return Ok(()) };
    let zone = &settings.policy.service_desk.time_zone;
    let due = app.store.wake_up(WAKE_UP).await?;
    let Some(next) = cron.next(now, zone) else { return Ok(()) };
    // A first copy is made at once: until then there is none. So is one whose time was missed.
    let wanted = due.is_none_or(|due| due <= now) || due.is_some_and(|due| due > next);
    if !wanted {
        return Ok(());
    }
    if due.is_none_or(|due| due <= now) {
        let file = folder.join(format!("{NAME}{}.{}", stamp(now, zone), ending(app.store.engine())));
        let made = match app.places.ask(&folder.join("copy"), |place| private_folder(place.parent())).await {
            Some(Ok(())) => make(&app.store, &app.store_url, &file).await,
            Some(Err(e)) => Err(Trouble::Input(format!("{}: {e}", folder.display()))),
            None => Err(Trouble::Input(format!("{} does not answer: is its server there?", folder.display()))),
        };
        let failed = made.as_ref().err().map(ToString::to_string).unwrap_or_default();
        app.store.set_meta(FAILED, &failed).await?;
        match made {
            Ok(()) => {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let entry =
                    AuditEntry { kind: "backed-up", actor: "", subject: &name, text: "a copy was made automatically" };
                app.store.record(entry, now).await?;
                let head = app.store.chain_end().await?;
                tracing::info!(file = %file.display(), chain = head, "backup made");
                let (folder, keep) = (folder.clone(), settings.backups.keep);
                aside::files(move || thin(&folder, keep)).await;
            }
            Err(error) => tracing::error!(%error, "backup not made"),
        }
    }
    set_wake_up(app, WAKE_UP, next).await
}

fn private_folder(folder: Option<&Path>) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let Some(folder) = folder else { return Ok(()) };
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn ending(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "dump",
    }
}

fn stamp(at: Millis, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone());
    at.strftime(STAMP).to_string()
}

/// The copies of a folder, by when they were made.
fn copies(folder: &Path) -> Vec<(DateTime, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<(DateTime, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let (when, ending) = name.strip_prefix(NAME)?.rsplit_once('.')?;
            let at = DateTime::strptime(STAMP, when).ok().filter(|_| matches!(ending, "sqlite" | "dump"))?;
            Some((at, entry.path()))
        })
        .collect();
    found.sort();
    found
}

/// The newest copy that was made automatically, and when.
#[must_use]
pub fn newest(backups: &Backups, zone: &TimeZone) -> Option<Millis> {
    let (at, _) = copies(backups.folder.as_ref()?).pop()?;
    Some(at.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

fn thin(folder: &Path, keep: Keep) {
    let all = copies(folder);
    let kept = kept(&all.iter().map(|(at, _)| *at).collect::<Vec<_>>(), keep);
    for (at, path) in all {
        if !kept.contains(&at)
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!(file = %path.display(), %error, "an old backup cannot be removed");
        }
    }
}

/// Which copies are kept: of the last days, weeks and months that have any, the newest each.
#[must_use]
pub fn kept(all: &[DateTime], keep: Keep) -> BTreeSet<DateTime> {
    let mut kept = BTreeSet::new();
    let mut newest: Vec<DateTime> = all.to_vec();
    newest.sort_by(|a, b| b.cmp(a));
    let day = |at: &DateTime| (i64::from(at.year()), i64::from(at.day_of_year()));
    let week = |at: &DateTime| {
        let week = at.date().iso_week_date();
        (i64::from(week.year()), i64::from(week.week()))
    };
    let month = |at: &DateTime| (i64::from(at.year()), i64::from(at.month()));
    kept.extend(newest_of(&newest, keep.daily, day));
    kept.extend(newest_of(&newest, keep.weekly, week));
    kept.extend(newest_of(&newest, keep.monthly, month));
    kept
}

/// The newest of each of the last so many days, weeks or months. The newest come first.
fn newest_of(all: &[DateTime], count: usize, of: impl Fn(&DateTime) -> (i64, i64)) -> Vec<DateTime> {
    let mut seen = BTreeSet::new();
    all.iter().filter(|at| seen.len() < count && seen.insert(of(at))).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;
    use jiff::civil::date;

    #[test]
    fn days_weeks_and_months_are_kept() {
        let first = date(2024, 1, 1).at(2, 30, 0, 0);
        let all: Vec<DateTime> = (0..800).map(|n| first + n.days()).collect();
        let kept = kept(&all, Keep { daily: 7, weekly: 5, monthly: 12 });
        let newest = *all.last().unwrap_or(&first);
        // Seven days, the Sundays before them, the last days of eleven earlier months.
        for back in 0..7 {
            assert!(kept.contains(&(newest - back.days())), "{back}");
        }
        let before = kept.iter().filter(|at| **at < newest - 6.days());
        assert!(before.clone().count() <= 4 + 11);
        assert!(kept.contains(&date(2026, 2, 28).at(2, 30, 0, 0)));
        assert!(kept.contains(&date(2025, 12, 31).at(2, 30, 0, 0)));
        assert!(!kept.contains(&date(2025, 12, 15).at(2, 30, 0, 0)));
        assert!(!kept.contains(&date(2024, 6, 30).at(2, 30, 0, 0)), "twelve months, no more");
    }

    #[test]
    fn gaps_and_several_a_day_keep_the_newest_of_each() {
        let at = |d: i8, h: i8| date(2026, 3, d).at(h, 0, 0, 0);
        let all = [at(1, 1), at(1, 5), at(9, 3), at(20, 1), at(20, 2)];
        let days = kept(&all, Keep { daily: 3, weekly: 0, monthly: 0 });
        assert_eq!(days.into_iter().collect::<Vec<_>>(), [at(1, 5), at(9, 3), at(20, 2)]);
        assert_eq!(kept(&[], Keep { daily: 3, weekly: 1, monthly: 1 }), BTreeSet::new());
    }
}
