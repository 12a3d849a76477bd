//! `template preview`: every notification in the administrator's browser, as it is being written.
//!
//! The page is served on a loopback address alone and answers no other name than that, so that no page of the
//! web can read it by having its own name lead here. Notifications stand in frames in which nothing runs.

mod clean;
mod page;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{Path as Part, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::notify::{Rendered, Templates};
use crate::settings;
use crate::ticket::NotificationKind;
use crate::trouble::Trouble;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What the page shows: how often it changed, and the notifications, or what is wrong with them.
struct Shown {
    version: u64,
    notifications: Result<Box<Templates>, String>,
}

struct Preview {
    hosts: Vec<String>,
    shown: RwLock<Shown>,
}

impl Preview {
    fn with<T>(&self, look: impl FnOnce(&Shown) -> T) -> T {
        // Whoever held it only looked, or put a whole value in its place: it is never half written.
        look(&self.shown.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn notification(&self, language: &str, name: &str) -> Option<Result<Rendered, String>> {
        let kind = NotificationKind::from_name(name)?;
        self.with(|shown| {
            let templates = shown.notifications.as_ref().ok()?;
            let known = templates.languages().iter().any(|l| l == language);
            known.then(|| templates.render(kind, &templates.sample(kind, language)).map_err(|m| m.to_string()))
        })
    }
}

/// Serves the page until it is told to stop.
pub(super) async fn run(config: &Path, listen: SocketAddr) -> Result<(), Trouble> {
    if !listen.ip().is_loopback() {
        return Err(Trouble::Usage(format!(
            "{listen} is not a valid loopback address: the page is for this machine alone. From another, use \
             `ssh -L 8025:127.0.0.1:8025` and `--listen 127.0.0.1:8025`"
        )));
    }
    let unusable = |e: std::io::Error| Trouble::Input(format!("{listen}: {e}"));
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(unusable)?;
    let place = listener.local_addr().map_err(unusable)?;
    let hosts = vec![place.to_string(), format!("localhost:{}", place.port())];
    let notifications = notifications(config);
    let preview = Arc::new(Preview { hosts, shown: RwLock::new(Shown { version: 1, notifications }) });
    tokio::spawn(watch(config.to_owned(), Arc::clone(&preview)));
    println!("http://{place}/ shows the notifications until Ctrl-C; it follows what is written in the templates.");
    axum::serve(listener, router(preview)).await.map_err(unusable)
}

fn router(preview: Arc<Preview>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/version", get(version))
        .route("/notification/{language}/{name}", get(notification))
        .layer(from_fn_with_state(Arc::clone(&preview), guard))
        .with_state(preview)
}

fn notifications(config: &Path) -> Result<Box<Templates>, String> {
    settings::load_strictly(config).map(|s| Box::new(s.templates)).map_err(|mistakes| mistakes.to_string())
}

/// Reads the configuration and the templates again whenever one of their files changed.
async fn watch(config: PathBuf, preview: Arc<Preview>) {
    let mut last = stamp(&config);
    loop {
        tokio::time::sleep(LOOK).await;
        let config = config.clone();
        let now = tokio::task::spawn_blocking(move || {
            let now = stamp(&config);
            (now != last).then(|| (now, notifications(&config))).ok_or(last)
        });
        match now.await {
            Ok(Ok((now, notifications))) => {
                last = now;
                let mut shown = preview.shown.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                *shown = Shown { version: shown.version + 1, notifications };
            }
            Ok(Err(same)) => last = same,
            Err(_) => return,
        }
    }
}

/// Files with their sizes and times.
type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// Most files that are looked at.
const FILES: usize = 2_000;

fn stamp(config: &Path) -> Stamp {
    let mut open = vec![config.to_owned(), config.with_file_name("conf.d")];
    open.extend(settings::template_folder(config));
    let mut found = Vec::new();
    while let Some(path) = open.pop().filter(|_| found.len() < FILES) {
        let Ok(about) = std::fs::metadata(&path) else { continue };
        if about.is_dir() {
            open.extend(std::fs::read_dir(&path).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())));
        }
        found.push((path, about.len(), about.modified().ok()));
    }
    found.sort();
    found
}

/// Answers only who calls this page by its own name, and says with every answer what a browser may do with it.
async fn guard(State(preview): State<Arc<Preview>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let asked = request.headers().get("sec-fetch-site").and_then(|h| h.to_str().ok());
    let foreign = asked.is_some_and(|site| !matches!(site, "same-origin" | "none"));
    if !preview.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) || foreign {
        return (StatusCode::MISDIRECTED_REQUEST, "This page answers only under its own address.\n").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

fn html(policy: &str, text: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, text).into_response()
}

async fn index(State(preview): State<Arc<Preview>>) -> Response {
    let text = preview.with(|shown| match &shown.notifications {
        Ok(templates) => page::notifications(templates, shown.version),
        Err(mistakes) => page::mistakes(mistakes, shown.version),
    });
    html(&page::policy(), text)
}

async fn version(State(preview): State<Arc<Preview>>) -> String {
    preview.with(|shown| shown.version.to_string())
}

async fn notification(State(preview): State<Arc<Preview>>, Part((language, name)): Part<(String, String)>) -> Response {
    match preview.notification(&language, &name) {
        None => (StatusCode::NOT_FOUND, "There is no such notification.\n").into_response(),
        Some(Ok(rendered)) => html(page::NOTIFICATION_POLICY, page::notification(&clean::clean(&rendered.html))),
        Some(Err(mistake)) => html(page::NOTIFICATION_POLICY, page::notification(&page::escape(&mistake))),
    }
}
