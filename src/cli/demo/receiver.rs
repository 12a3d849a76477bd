//! The world outside the demonstration's desk: takes every notification and keeps it.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A notification as it was handed over.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) to: String,
    pub(super) bytes: Vec<u8>,
}

/// An SMTP server on loopback that accepts everything.
pub(super) struct Receiver {
    pub(super) port: u16,
    notifications: Arc<Mutex<Vec<Received>>>,
    arrived: Arc<Notify>,
}

impl Receiver {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let receiver = Self { port, notifications: Arc::default(), arrived: Arc::default() };
        let (notifications, arrived) = (Arc::clone(&receiver.notifications), Arc::clone(&receiver.arrived));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&notifications), Arc::clone(&arrived)));
            }
        });
        Ok(receiver)
    }

    /// Waits for a notification to `to` that `wanted` accepts, beyond the first `skip` notifications.
    pub(super) async fn wait(&self, to: &str, skip: usize, limit: Duration) -> Option<Received> {
        let search = async {
            loop {
                let news = self.arrived.notified();
                if let Some(notification) = self.all().into_iter().skip(skip).find(|l| l.to == to) {
                    return notification;
                }
                news.await;
            }
        };
        tokio::time::timeout(limit, search).await.ok()
    }

    pub(super) fn all(&self) -> Vec<Received> {
        self.notifications.lock().map(|l| l.clone()).unwrap_or_default()
    }
}

async fn converse(stream: TcpStream, notifications: Arc<Mutex<Vec<Received>>>, arrived: Arc<Notify>) {
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    let _ = serve(&mut stream, &notifications, &arrived).await;
}

async fn serve(
    stream: &mut BufReader<TcpStream>,
    notifications: &Mutex<Vec<Received>>,
    arrived: &Notify,
) -> io::Result<()> {
    stream.write_all(b"220 demo ESMTP\r\n").await?;
    let mut to = String::new();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" => b"250-demo\r\n250 8BITMIME\r\n",
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                b"250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go\r\n").await?;
                let bytes = data(stream).await?;
                if let Ok(mut notifications) = notifications.lock() {
                    notifications.push(Received { to: to.clone(), bytes });
                }
                arrived.notify_waiters();
                b"250 taken\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer).await?;
    }
}

async fn data(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 || line == b".\r\n" {
            return Ok(bytes);
        }
        let text = if line.starts_with(b".") { &line[1..] } else { &line[..] };
        bytes.extend_from_slice(text);
    }
}
