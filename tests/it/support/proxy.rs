//! A line that fails on demand: between the program and a real server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Everything passes.
    Good,
    /// Connections are refused, those that stand are cut.
    Down,
    /// After so many bytes from the server the connection is cut; each connection counts anew.
    Cut(u64),
    /// Nothing passes any more, and nothing is closed.
    Silent,
}

/// The line, for as long as it lives.
pub struct Proxy {
    pub port: u16,
    state: Arc<Mutex<(Line, u16)>>,
    /// Connections that were cut or refused.
    pub faults: Arc<AtomicU64>,
}

impl Proxy {
    /// To a server on the loopback.
    pub fn to(host: &'static str, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new((Line::Good, port)));
        let faults = Arc::new(AtomicU64::new(0));
        let (shared, count) = (Arc::clone(&state), Arc::clone(&faults));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let (line, port) = *shared.lock().unwrap();
                let server = if line == Line::Down { None } else { TcpStream::connect((host, port)).ok() };
                let Some(server) = server else {
                    count.fetch_add(1, Ordering::SeqCst);
                    drop(client);
                    continue;
                };
                let (here, there) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                relay(client, server, false, Arc::clone(&shared), Arc::clone(&count));
                relay(there, here, true, Arc::clone(&shared), Arc::clone(&count));
            }
        });
        Self { port: own, state, faults }
    }

    pub fn set(&self, line: Line) {
        self.state.lock().unwrap().0 = line;
    }

    /// From now on another server answers.
    pub fn lead_to(&self, port: u16) {
        self.state.lock().unwrap().1 = port;
    }
}

fn relay(
    mut from: TcpStream,
    mut to: TcpStream,
    from_server: bool,
    state: Arc<Mutex<(Line, u16)>>,
    faults: Arc<AtomicU64>,
) {
    let _ = from.set_nodelay(true);
    let _ = to.set_nodelay(true);
    from.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    std::thread::spawn(move || {
        let (mut buffer, mut passed) = ([0u8; 4096], 0u64);
        loop {
            let line = state.lock().unwrap().0;
            if line == Line::Down {
                break;
            }
            if line == Line::Silent {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            let mut count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => continue,
                Err(_) => break,
            };
            let mut cut = false;
            if let (Line::Cut(limit), true) = (line, from_server) {
                let left = usize::try_from(limit.saturating_sub(passed)).unwrap();
                cut = count >= left;
                count = count.min(left);
            }
            passed += count as u64;
            if to.write_all(&buffer[..count]).is_err() || cut {
                if cut {
                    faults.fetch_add(1, Ordering::SeqCst);
                }
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}
