//! The local page: what people look at, what watchers of services ask, what Prometheus collects.
//!
//! It says counts and times, never an address, a subject or a word of anybody's mail, and changes nothing.

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The page for people: `/`.
    Overview,
    /// Whether the program lives: `/healthz`.
    Alive,
    /// Whether it can do its work: `/readyz`.
    Ready,
    /// Figures: `/metrics`.
    Metrics,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Whether all is well; else the status is 503.
    pub good: bool,
    /// Media type.
    pub kind: &'static str,
    /// The page.
    pub text: String,
}

/// Whoever knows the answers.
pub type Answers = Arc<dyn Fn(Ask) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// Answers until it is told to stop.
///
/// # Errors
/// The system's, of the listening socket.
pub async fn serve(listener: TcpListener, answers: Answers, stop: CancellationToken) -> std::io::Result<()> {
    let router = Router::new().fallback(answer).with_state(answers);
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn answer(State(answers): State<Answers>, request: Request) -> Response {
    let ask = match request.uri().path() {
        "/" => Ask::Overview,
        "/healthz" => Ask::Alive,
        "/readyz" => Ask::Ready,
        "/metrics" => Ask::Metrics,
        _ => return (StatusCode::NOT_FOUND, "There are /, /healthz, /readyz and /metrics.\n").into_response(),
    };
    let answer = answers(ask).await;
    let status = if answer.good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // Nothing may be run, fetched or framed, whatever the text says.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, answer.kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, answer.text).into_response()
}
