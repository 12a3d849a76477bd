//! `run`: the loops that carry work, and nothing else.
//!
//! One task that watches the mailboxes, one that decides, one that sends, one that reports, one each for upkeep, alarms, the
//! local page, the status line and the watchdog, and a bell that rings every ten seconds in case somebody else (an
//! operator's command, a due time) left work. SIGTERM and SIGINT end it,
//! SIGHUP reads the configuration again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;

use crate::clock::SECOND;
use crate::edge::backoff::chance;
use crate::edge::systemd;
use crate::settings;
use crate::store::Deed;
use crate::trouble::{Patience, Trouble};

use super::deliver::Sender;
use super::{Desk, alarms, mailboxes, process, reports, sweep};

/// How long tasks may take to end after a stop signal.
const GRACE: Duration = Duration::from_secs(8);
/// How often an instance that waits for its turn looks whether it has come.
pub(super) const STANDBY: Duration = Duration::from_secs(1);
/// How often letters of dead instances are looked for.
const RELEASE: i64 = 10 * SECOND;
/// How often reports are looked for.
const REPORTS: Duration = Duration::from_secs(20);
/// How often leftovers are looked for (seconds, minutes, hours, day, month, weekday; UTC).
const TICK: &str = "*/10 * * * * *";

/// Runs until a stop signal.
///
/// # Errors
/// [`Trouble`] when it cannot start, or when a task ends by itself, which is a bug.
pub async fn run(desk: Arc<Desk>, config: PathBuf) -> Result<(), Trouble> {
    let mut crew = Crew::start(&desk).await?;
    let settings = desk.settings.load_full();
    recorded(&desk, "started", concat!("guichet ", env!("CARGO_PKG_VERSION"))).await;
    systemd::ready(&format!("{} mailboxes watched", settings.mailboxes.len()));
    tracing::info!(mailboxes = settings.mailboxes.len(), queues = settings.policy.queues.len(), "guichet is at work");
    let outcome = supervise(&desk, &config, &mut crew.tasks).await;
    systemd::stopping();
    crew.stop().await;
    tracing::info!("guichet has stopped");
    outcome
}

/// All tasks of a desk at work.
pub struct Crew {
    tasks: JoinSet<()>,
    scheduler: JobScheduler,
    stop: CancellationToken,
}

impl Crew {
    /// Starts every task.
    ///
    /// # Errors
    /// [`Trouble`] when the store or the scheduler fails.
    pub async fn start(desk: &Arc<Desk>) -> Result<Self, Trouble> {
        let sender = Sender::open(desk).await?;
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(mailboxes::watch(Arc::clone(desk), stop.clone()));
        tasks.spawn(decide(Arc::clone(desk), stop.clone()));
        tasks.spawn(report(Arc::clone(desk), stop.clone()));
        tasks.spawn(look_after(Arc::clone(desk), stop.clone()));
        tasks.spawn(raise_alarms(Arc::clone(desk), stop.clone()));
        tasks.spawn(super::watch::serve(Arc::clone(desk), stop.clone()));
        tasks.spawn(super::watch::say(Arc::clone(desk), stop.clone()));
        tasks.spawn(send(Arc::clone(desk), sender, stop.clone()));
        if let Some(period) = systemd::watchdog_period() {
            tasks.spawn(pet_watchdog(Arc::clone(desk), period, stop.clone()));
        }
        let scheduler = ring_regularly(desk).await?;
        Ok(Self { tasks, scheduler, stop })
    }

    /// Ends every task, giving each time to finish what it is doing.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let _ = self.scheduler.shutdown().await;
        end(self.tasks).await;
    }
}

/// Waits for signals; a task that ends first is a bug.
async fn supervise(desk: &Arc<Desk>, config: &std::path::Path, tasks: &mut JoinSet<()>) -> Result<(), Trouble> {
    let failed = |e: std::io::Error| Trouble::Bug(format!("signals cannot be watched: {e}"));
    let mut term = signal(SignalKind::terminate()).map_err(failed)?;
    let mut int = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hup = signal(SignalKind::hangup()).map_err(failed)?;
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = int.recv() => return Ok(()),
            _ = hup.recv() => reload(desk, config),
            ended = tasks.join_next() => {
                let how = ended.map_or_else(String::new, |e| e.err().map(|e| e.to_string()).unwrap_or_default());
                return Err(Trouble::Bug(format!("a task ended by itself: {how}")));
            }
        }
    }
}

/// Takes over the configuration. The database, the instance's name and the page's address stay as they were.
fn reload(desk: &Arc<Desk>, config: &std::path::Path) {
    systemd::reloading();
    match settings::load(config) {
        Ok(new) => {
            let old = desk.settings.load_full();
            let stays = new.store_url == desk.store_url
                && new.instance == desk.instance
                && new.watch.listen == old.watch.listen;
            desk.settings.store(Arc::new(new));
            desk.reloads.send_modify(|count| *count += 1);
            tracing::info!("configuration reloaded");
            let recorder = Arc::clone(desk);
            tokio::spawn(async move { recorded(&recorder, "reloaded", "the configuration was read again").await });
            if !stays {
                tracing::warn!("[store] or watch.listen changed: restart guichet for that to take effect");
            }
        }
        Err(mistakes) => {
            for mistake in &mistakes.0 {
                tracing::error!(%mistake, "configuration not reloaded; the last good one stays");
            }
        }
    }
    systemd::ready(&format!("{} mailboxes watched", desk.settings.load().mailboxes.len()));
}

/// Records what was done to the service.
async fn recorded(desk: &Desk, kind: &str, text: &str) {
    let subject = format!("instance {}", desk.instance);
    let deed = Deed { kind, actor: "", subject: &subject, text };
    if let Err(error) = desk.store.record(deed, desk.clock.now()).await {
        tracing::warn!(%error, "not recorded");
    }
}

async fn end(mut tasks: JoinSet<()>) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::warn!("some tasks did not end in time; what they were doing is done again at the next start");
    }
}

async fn ring_regularly(desk: &Arc<Desk>) -> Result<JobScheduler, Trouble> {
    let failed = |e| Trouble::Bug(format!("the scheduler does not start: {e}"));
    let scheduler = JobScheduler::new().await.map_err(failed)?;
    let bells = Arc::clone(desk);
    // Only a bell: what is due stands in the store, so a missed or doubled ring changes nothing.
    let job = Job::new(TICK, move |_, _| {
        bells.inbox_bell.notify_one();
        bells.outbox_bell.notify_one();
    });
    scheduler.add(job.map_err(failed)?).await.map_err(failed)?;
    scheduler.start().await.map_err(failed)?;
    Ok(scheduler)
}

async fn decide(desk: Arc<Desk>, stop: CancellationToken) {
    let mut patience = Patience::new(Duration::from_secs(60));
    while !stop.is_cancelled() {
        let work = async {
            let fetched_until = desk.fetched_until();
            process::drain(&desk).await?;
            if !desk.presence.leads() {
                return Ok(0);
            }
            let heard_until = desk.heard_until(fetched_until).await?;
            sweep::drain(&desk, &heard_until).await
        };
        match work.await {
            Ok(_) => {
                patience.reset();
                wait_for(&desk.inbox_bell, &stop).await;
            }
            Err(error) => {
                tracing::error!(%error, "mails not decided, or deadlines not met");
                pause(patience.after(&error.into(), chance()), &stop).await;
            }
        }
    }
}

/// Reports and notices, apart from everything that answers people: the figures of a year may take a while.
async fn report(desk: Arc<Desk>, stop: CancellationToken) {
    let mut patience = Patience::new(Duration::from_secs(10 * 60));
    while !stop.is_cancelled() {
        if !desk.presence.leads() {
            pause(STANDBY, &stop).await;
            continue;
        }
        let wait = match reports::drain(&desk).await {
            Ok(letters) => {
                patience.reset();
                if letters > 0 {
                    desk.outbox_bell.notify_one();
                }
                REPORTS
            }
            Err(error) => {
                tracing::error!(%error, "reports not written");
                patience.after(&error.into(), chance())
            }
        };
        pause(wait, &stop).await;
    }
}

/// Alarms, apart from everything that may be what is wrong.
async fn raise_alarms(desk: Arc<Desk>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if desk.presence.leads() {
            match alarms::drain(&desk).await {
                Ok(0) => {}
                Ok(_) => desk.outbox_bell.notify_one(),
                Err(error) => tracing::error!(%error, "alarms not looked at"),
            }
        }
        pause(REPORTS, &stop).await;
    }
}

/// Copies and upkeep, which nobody waits for.
async fn look_after(desk: Arc<Desk>, stop: CancellationToken) {
    let mut patience = Patience::new(Duration::from_secs(10 * 60));
    while !stop.is_cancelled() {
        if !desk.presence.leads() {
            pause(STANDBY, &stop).await;
            continue;
        }
        let wait = match super::look_after(&desk).await {
            Ok(()) => {
                patience.reset();
                REPORTS
            }
            Err(error) => {
                tracing::error!(%error, "copies or upkeep not done");
                patience.after(&error.into(), chance())
            }
        };
        pause(wait, &stop).await;
    }
}

async fn send(desk: Arc<Desk>, mut sender: Sender, stop: CancellationToken) {
    let mut patience = Patience::new(Duration::from_secs(5 * 60));
    let mut reloads = desk.reloads.subscribe();
    let mut released_at = desk.clock.now();
    while !stop.is_cancelled() {
        match sender.drain(&desk, &stop).await {
            Ok(sent) => {
                patience.reset();
                if sent > 0 {
                    // What was delivered may have been somebody's first answer.
                    desk.inbox_bell.notify_one();
                }
                wait_for(&desk.outbox_bell, &stop).await;
            }
            Err(trouble) => {
                let wait = patience.after(&trouble, chance());
                tracing::warn!(error = %trouble, wait_seconds = wait.as_secs(), "letters wait");
                // The server may be another now, or let the desk in.
                tokio::select! {
                    () = pause(wait, &stop) => {}
                    _ = reloads.changed() => {}
                }
            }
        }
        if (desk.clock.now() - released_at).abs() > RELEASE {
            released_at = desk.clock.now();
            if let Err(error) = sender.tidy(&desk).await {
                tracing::error!(%error, "leases not looked at");
            }
        }
    }
    sender.close().await;
}

/// Tells systemd that the program lives, as long as the store answers.
async fn pet_watchdog(desk: Arc<Desk>, period: Duration, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if desk.store.next_due().await.is_ok() {
            systemd::watchdog();
        }
        pause(period, &stop).await;
    }
}

async fn wait_for(bell: &tokio::sync::Notify, stop: &CancellationToken) {
    tokio::select! {
        () = bell.notified() => {}
        () = stop.cancelled() => {}
    }
}

pub(super) async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
