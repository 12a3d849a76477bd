//! What others may ask of a running service: the local page, the line of `systemctl status`.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{App, health};
use crate::edge::page::{self, Answer, Answers, Ask};
use crate::edge::systemd;

/// How often a page that could not be opened is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// When the status line is first written, once everything has started.
const FIRST: Duration = Duration::from_secs(2);
/// How often it is written then.
const LINE: Duration = Duration::from_secs(30);

/// Serves the page until the stop; one that cannot be opened costs nothing but itself.
pub(super) async fn serve(app: Arc<App>, stop: CancellationToken) {
    let Some(place) = app.settings.load().watch.listen else {
        stop.cancelled().await;
        return;
    };
    while !stop.is_cancelled() {
        let served = match TcpListener::bind(place).await {
            Ok(listener) => page::serve(listener, answers(&app), stop.clone()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            tracing::warn!(%place, %error, "the page cannot be served; see watch.listen");
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}

/// Writes the status line now and then.
pub(super) async fn say(app: Arc<App>, stop: CancellationToken) {
    let mut wait = FIRST;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = LINE,
            () = stop.cancelled() => return,
        }
        let health = health::look(&app).await;
        systemd::status(&health.line(app.clock.now()));
    }
}

fn answers(app: &Arc<App>) -> Answers {
    let app = Arc::clone(app);
    // One after the other: whoever asks a hundred times at once must not keep the store from its work.
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    Arc::new(move |ask| {
        let (app, turn) = (Arc::clone(&app), Arc::clone(&turn));
        // Whoever asks may hang up: the store is asked by a task of its own, which nothing cancels.
        Box::pin(async move {
            let answer = tokio::spawn(async move {
                let _turn = turn.lock().await;
                answer(&app, ask).await
            })
            .await;
            answer.unwrap_or_else(|_| Answer { good: false, kind: "text/plain", text: "no answer\n".to_owned() })
        })
    })
}

async fn answer(app: &App, ask: Ask) -> Answer {
    let (health, now) = (health::look(app).await, app.clock.now());
    let settings = app.settings.load();
    match ask {
        Ask::Overview => Answer {
            good: true,
            kind: "text/html; charset=utf-8",
            text: health.page(&settings.policy.service_desk.name, &settings.store_url, now),
        },
        Ask::Alive => {
            let text = if health.backlog.is_some() { "alive\n".to_owned() } else { format!("{}\n", health.error) };
            Answer { good: health.backlog.is_some(), kind: "text/plain; charset=utf-8", text }
        }
        Ask::Ready => {
            let hindrances = health.hindrances(now);
            let mut text = if hindrances.is_empty() { "ready\n".to_owned() } else { hindrances.join("\n") + "\n" };
            text.extend(health.mistakes.iter().map(|mistake| format!("{mistake}\n")));
            Answer { good: hindrances.is_empty(), kind: "text/plain; charset=utf-8", text }
        }
        Ask::Metrics => Answer {
            good: true,
            kind: "application/openmetrics-text; version=1.0.0; charset=utf-8",
            text: app.meter.text(&health, now),
        },
    }
}
