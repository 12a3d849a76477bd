//! `run`: the loops that carry work, and nothing else.
//!
//! One task that watches the mailboxes, one that decides, one that sends, one that reports, one each for upkeep, alarms, the
//! local page, the status line and the watchdog, and a wake-up that rings every ten seconds in case somebody else (an
//! operator's command, a due time) left work. SIGTERM and SIGINT end it,
//! SIGHUP reads the configuration again.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;

use crate::clock::SECOND;
use crate::edge::backoff::chance;
use crate::edge::net;
use crate::edge::systemd;
use crate::settings::{self, Settings};
use crate::store::AuditEntry;
use crate::trouble::{Patience, Trouble};

use super::deliver::Sender;
use super::wait::{STANDBY, pause};
use super::{App, alarms, aside, backup, mailboxes, process, recompute, recurring, reports, sweep, upkeep};

/// How long tasks may take to end after a stop signal.
const GRACE: Duration = Duration::from_secs(8);
/// How often notifications of dead instances are looked for.
const RELEASE: i64 = 10 * SECOND;
/// How often reports are looked for.
const REPORTS: Duration = Duration::from_secs(20);
/// How often leftovers are looked for (seconds, minutes, hours, day, month, weekday; UTC).
const TICK: &str = "*/10 * * * * *";

/// Runs until a stop signal.
///
/// # Errors
/// [`Trouble`] when it cannot start, or when a task ends on its own, which is a bug.
pub async fn run(app: Arc<App>, config: PathBuf) -> Result<(), Trouble> {
    let mut crew = Crew::start(&app).await?;
    let settings = app.settings.load_full();
    recorded(&app, "started", concat!("guichet ", env!("CARGO_PKG_VERSION"))).await;
    systemd::ready(&format!("{} mailboxes watched", settings.mailboxes.len()));
    say_mistakes(&settings);
    tracing::info!(mailboxes = settings.mailboxes.len(), queues = settings.policy.queues.len(), "guichet is at work");
    let outcome = supervise(&app, &config, &mut crew.tasks).await;
    systemd::stopping();
    crew.stop().await;
    tracing::info!("guichet has stopped");
    outcome
}

/// All tasks of a service desk at work.
pub struct Crew {
    tasks: JoinSet<()>,
    scheduler: JobScheduler,
    stop: CancellationToken,
    app: Arc<App>,
}

impl Crew {
    /// Starts every task.
    ///
    /// # Errors
    /// [`Trouble`] when the store or the scheduler fails.
    pub async fn start(app: &Arc<App>) -> Result<Self, Trouble> {
        let sender = Sender::open(app).await?;
        app.stopping.store(false, Ordering::SeqCst);
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(mailboxes::watch(Arc::clone(app), stop.clone()));
        tasks.spawn(decide(Arc::clone(app), stop.clone()));
        tasks.spawn(report(Arc::clone(app), stop.clone()));
        tasks.spawn(copy(Arc::clone(app), stop.clone()));
        tasks.spawn(look_after(Arc::clone(app), stop.clone()));
        tasks.spawn(raise_alarms(Arc::clone(app), stop.clone()));
        tasks.spawn(super::watch::serve(Arc::clone(app), stop.clone()));
        tasks.spawn(super::watch::say(Arc::clone(app), stop.clone()));
        tasks.spawn(send(Arc::clone(app), sender, stop.clone()));
        if let Some(period) = systemd::watchdog_period() {
            tasks.spawn(pet_watchdog(Arc::clone(app), period, stop.clone()));
        }
        let scheduler = ring_regularly(app).await?;
        Ok(Self { tasks, scheduler, stop, app: Arc::clone(app) })
    }

    /// Ends every task, giving each time to finish what it is doing.
    pub async fn stop(mut self) {
        self.app.stopping.store(true, Ordering::SeqCst);
        self.stop.cancel();
        let _ = self.scheduler.shutdown().await;
        end(self.tasks).await;
    }
}

/// Waits for signals; a task that ends first is a bug.
async fn supervise(app: &Arc<App>, config: &std::path::Path, tasks: &mut JoinSet<()>) -> Result<(), Trouble> {
    let failed = |e: std::io::Error| Trouble::Bug(format!("signals cannot be watched: {e}"));
    let mut term = signal(SignalKind::terminate()).map_err(failed)?;
    let mut int = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hup = signal(SignalKind::hangup()).map_err(failed)?;
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = int.recv() => return Ok(()),
            _ = hup.recv() => reload(app, config),
            ended = tasks.join_next() => {
                let how = ended.map_or_else(String::new, |e| e.err().map(|e| e.to_string()).unwrap_or_default());
                return Err(Trouble::Bug(format!("a task ended on its own: {how}")));
            }
        }
    }
}

/// Takes over the configuration. The database, the instance's name and the page's address stay as they were.
fn reload(app: &Arc<App>, config: &std::path::Path) {
    systemd::reloading();
    let old = app.settings.load_full();
    let read = aside::compute(|| settings::reload(config, &old.templates));
    let refused = read.as_ref().err().map(|mistakes| mistakes.0.iter().map(ToString::to_string).collect());
    app.refused.store(Arc::new(refused.unwrap_or_default()));
    match read {
        Ok(new) => {
            let stays =
                new.store_url == app.store_url && new.instance == app.instance && new.watch.listen == old.watch.listen;
            say_mistakes(&new);
            for warning in &new.warnings {
                tracing::warn!(warning, "configuration");
            }
            app.settings.store(Arc::new(new));
            net::forget_authorities();
            app.unserved.lock().unwrap_or_else(PoisonError::into_inner).clear();
            app.reloads.send_modify(|count| *count += 1);
            tracing::info!("configuration reloaded");
            let recorder = Arc::clone(app);
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
    systemd::ready(&format!("{} mailboxes watched", app.settings.load().mailboxes.len()));
}

/// Names the templates in whose place others serve.
fn say_mistakes(settings: &Settings) {
    for mistake in &settings.template_mistakes {
        tracing::error!(%mistake, "a template does not serve; the last good one, or the built-in one, is used");
    }
}

/// Records what was done to the service.
async fn recorded(app: &App, kind: &str, text: &str) {
    let subject = format!("instance {}", app.instance);
    let entry = AuditEntry { kind, actor: "", subject: &subject, text };
    if let Err(error) = app.store.record(entry, app.clock.now()).await {
        tracing::warn!(%error, "not recorded");
    }
}

async fn end(mut tasks: JoinSet<()>) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::warn!("some tasks did not end in time; what they were doing is done again at the next start");
    }
}

async fn ring_regularly(app: &Arc<App>) -> Result<JobScheduler, Trouble> {
    let failed = |e| Trouble::Bug(format!("the scheduler does not start: {e}"));
    let scheduler = JobScheduler::new().await.map_err(failed)?;
    let wake_ups = Arc::clone(app);
    // Only a wake-up: what is due stands in the store, so a missed or doubled ring changes nothing.
    let job = Job::new(TICK, move |_, _| {
        wake_ups.inbox_wake_up.notify_one();
        wake_ups.outbox_wake_up.notify_one();
    });
    scheduler.add(job.map_err(failed)?).await.map_err(failed)?;
    scheduler.start().await.map_err(failed)?;
    Ok(scheduler)
}

async fn decide(app: Arc<App>, stop: CancellationToken) {
    let mut patience = Patience::new(Duration::from_secs(60));
    while !stop.is_cancelled() {
        let work = async {
            let fetched_until = app.fetched_until();
            if app.presence.leads() {
                recompute::before_deciding(&app).await?;
            }
            process::drain(&app).await?;
            // What is not decided yet may be the very answer that is due.
            if !app.presence.leads() || app.is_stopping() {
                return Ok(0);
            }
            let received_through = app.received_through(fetched_until).await?;
            sweep::drain(&app, &received_through).await
        };
        match work.await {
            Ok(_) => {
                patience.reset();
                wait_for(&app.inbox_wake_up, &stop).await;
            }
            Err(error) => {
                tracing::error!(%error, "emails not decided, or deadlines not met");
                pause(patience.after(&error.into(), chance()), &stop).await;
            }
        }
    }
}

/// Reports and notices, apart from everything that answers people: the figures of a year may take a while.
async fn report(app: Arc<App>, stop: CancellationToken) {
    let mut patience = Patience::new(Duration::from_secs(10 * 60));
    while !stop.is_cancelled() {
        if !app.presence.leads() {
            pause(STANDBY, &stop).await;
            continue;
        }
        let drained = match Box::pin(recurring::drain(&app)).await {
            Ok(opened) => reports::drain(&app).await.map(|notifications| notifications + opened),
            Err(error) => Err(error),
        };
        let wait = match drained {
            Ok(notifications) => {
                patience.reset();
                if notifications > 0 {
                    app.outbox_wake_up.notify_one();
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
async fn raise_alarms(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if app.presence.leads() {
            match alarms::drain(&app).await {
                Ok(0) => {}
                Ok(_) => app.outbox_wake_up.notify_one(),
                Err(error) => tracing::error!(%error, "alarms not looked at"),
            }
        }
        pause(REPORTS, &stop).await;
    }
}

/// Copies, apart from everything else: the place they go to may hang.
async fn copy(app: Arc<App>, stop: CancellationToken) {
    let mut patience = Patience::new(Duration::from_secs(10 * 60));
    while !stop.is_cancelled() {
        if !app.presence.leads() {
            pause(STANDBY, &stop).await;
            continue;
        }
        let wait = match backup::drain(&app).await {
            Ok(()) => {
                patience.reset();
                REPORTS
            }
            Err(error) => {
                tracing::error!(%error, "copies not made");
                patience.after(&error.into(), chance())
            }
        };
        pause(wait, &stop).await;
    }
}

/// Upkeep, which nobody waits for.
async fn look_after(app: Arc<App>, stop: CancellationToken) {
    let mut patience = Patience::new(Duration::from_secs(10 * 60));
    while !stop.is_cancelled() {
        if !app.presence.leads() {
            pause(STANDBY, &stop).await;
            continue;
        }
        let wait = match upkeep::drain(&app).await {
            Ok(()) => {
                patience.reset();
                REPORTS
            }
            Err(error) => {
                tracing::error!(%error, "upkeep not done");
                patience.after(&error.into(), chance())
            }
        };
        pause(wait, &stop).await;
    }
}

async fn send(app: Arc<App>, mut sender: Sender, stop: CancellationToken) {
    let mut patience = Patience::new(Duration::from_secs(5 * 60));
    let mut reloads = app.reloads.subscribe();
    let mut released_at = app.clock.now();
    while !stop.is_cancelled() {
        match sender.drain(&app, &stop).await {
            Ok(sent) => {
                patience.reset();
                if sent > 0 {
                    // What was delivered may have been somebody's first answer.
                    app.inbox_wake_up.notify_one();
                }
                match sender.held_back() {
                    // The rate is used up, and nobody's trouble.
                    Some(wait) => pause(wait, &stop).await,
                    None => wait_for(&app.outbox_wake_up, &stop).await,
                }
            }
            Err(trouble) => {
                let wait = patience.after(&trouble, chance());
                tracing::warn!(error = %trouble, wait_seconds = wait.as_secs(), "notifications wait");
                // The server may be another now, or let the service desk in.
                tokio::select! {
                    () = pause(wait, &stop) => {}
                    _ = reloads.changed() => {}
                }
            }
        }
        if (app.clock.now() - released_at).abs() > RELEASE {
            released_at = app.clock.now();
            if let Err(error) = sender.tidy(&app).await {
                tracing::error!(%error, "leases not looked at");
            }
        }
    }
    sender.close().await;
}

/// Tells systemd that the program lives, as long as the store answers.
async fn pet_watchdog(app: Arc<App>, period: Duration, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if app.store.next_due().await.is_ok() {
            systemd::watchdog();
        }
        pause(period, &stop).await;
    }
}

async fn wait_for(wake_up: &tokio::sync::Notify, stop: &CancellationToken) {
    tokio::select! {
        () = wake_up.notified() => {}
        () = stop.cancelled() => {}
    }
}
