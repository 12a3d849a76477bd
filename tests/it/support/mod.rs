//! What tests are made of: a service desk on its own database, a mailbox, a sink, people's emails.

pub mod authority;
pub mod bad_imap;
pub mod bad_smtp;
pub mod dovecot;
pub mod mail;
pub mod proxy;
pub mod scripted_smtp;
pub mod servers;
pub mod sink;
pub mod site;

pub use site::{Database, Site};

use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A variable `tests/run` sets.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: start the tests with ./tests/run, which starts the servers they talk to")
    })
}

/// A loopback port nobody listens on.
pub fn free_port() -> u16 {
    // Another test may not have taken its own yet.
    static GIVEN: std::sync::Mutex<std::collections::BTreeSet<u16>> =
        std::sync::Mutex::new(std::collections::BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if given.insert(port) {
            return port;
        }
    }
}

/// A word no other test uses.
pub fn unique(prefix: &str) -> String {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    format!("{prefix}{}x{count}", std::process::id())
}

/// Waits until `done` gives something, at most `limit`.
pub async fn eventually<T>(what: &str, limit: Duration, mut done: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = done().await {
            return value;
        }
        assert!(begun.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A word that may be missing, as assertions compare it: nothing for none.
pub trait Said {
    fn said(&self) -> &str;
}

impl Said for Option<String> {
    fn said(&self) -> &str {
        self.as_deref().unwrap_or_default()
    }
}

macro_rules! said {
    ($($name:ident)+) => {
        $(impl Said for Option<guichet::ticket::$name> {
            fn said(&self) -> &str {
                self.map_or("", guichet::ticket::$name::as_str)
            }
        })+
    };
}
said!(Verdict HoldCause PendingOn);
