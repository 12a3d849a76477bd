//! The local page: what people look at, what watchers of services ask, what Prometheus collects.
//!
//! It says counts and times, never an address, a subject or a word of anybody's mail, and changes nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;

/// A connection on which nothing moves for so long is closed: the next one may need its place.
const IDLE: Duration = Duration::from_secs(10);
/// No connection lasts longer, even one that gives a byte now and then.
const LONGEST: Duration = Duration::from_secs(60);
/// Most connections at once.
const CONNECTIONS: usize = 16;

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
    let local = listener.local_addr()?.ip().is_loopback();
    let router = Router::new().fallback(answer).with_state(Page { answers, local });
    axum::serve(Few { listener, places: Arc::new(Semaphore::new(CONNECTIONS)) }, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

#[derive(Clone)]
struct Page {
    answers: Answers,
    /// Whether it is for this machine alone.
    local: bool,
}

/// A listener that takes only so many connections at once: whoever opens thousands gets none of the service's own.
struct Few {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Listener for Few {
    type Io = Counted;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // Nobody closes the semaphore.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let end = Instant::now() + LONGEST;
        (Counted { stream, idle: Box::pin(tokio::time::sleep(IDLE)), end, _place: place }, address)
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection, when it was idle for too long, when it must end, and its place.
struct Counted {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    end: Instant,
    _place: Option<OwnedSemaphorePermit>,
}

impl Counted {
    /// What a poll gave, unless nothing has moved for too long.
    fn unless_idle<T>(&mut self, cx: &mut Context<'_>, polled: Poll<std::io::Result<T>>) -> Poll<std::io::Result<T>> {
        match polled {
            Poll::Ready(_) => self.idle.as_mut().reset((Instant::now() + IDLE).min(self.end)),
            Poll::Pending => {
                std::task::ready!(self.idle.as_mut().poll(cx));
                return Poll::Ready(Err(std::io::ErrorKind::TimedOut.into()));
            }
        }
        polled
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.unless_idle(cx, polled)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.unless_idle(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Whether a request calls the page by a name of this machine: a page of the web could have its own name lead here.
fn is_own(request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

async fn answer(State(page): State<Page>, request: Request) -> Response {
    if page.local && !is_own(&request) {
        return (StatusCode::MISDIRECTED_REQUEST, "This page answers only under its own address.\n").into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, "There is nothing here that could be changed.\n").into_response();
    }
    let ask = match request.uri().path() {
        "/" => Ask::Overview,
        "/healthz" => Ask::Alive,
        "/readyz" => Ask::Ready,
        "/metrics" => Ask::Metrics,
        _ => return (StatusCode::NOT_FOUND, "There are /, /healthz, /readyz and /metrics.\n").into_response(),
    };
    let answer = (page.answers)(ask).await;
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
