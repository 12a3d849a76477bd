//! An SMTP server that follows a script: what it answers to which command, in bytes, and what it does then.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What follows an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    GoOn,
    Close,
    /// The answer comes after this time.
    After(Duration),
}

/// The answer to commands that begin with `to` (`GREETING` for the first words, `.` for the content) and hold `holding`.
#[derive(Debug, Clone)]
pub struct Rule {
    pub to: &'static str,
    pub holding: &'static str,
    /// How often; it then serves no more.
    pub times: usize,
    pub say: Vec<u8>,
    pub then: Then,
}

pub fn rule(to: &'static str, say: &[u8]) -> Rule {
    Rule { to, holding: "", times: usize::MAX, say: say.to_vec(), then: Then::GoOn }
}

impl Rule {
    pub fn holding(mut self, words: &'static str) -> Self {
        self.holding = words;
        self
    }

    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    pub fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }
}

#[derive(Debug, Default)]
pub struct State {
    pub rules: Vec<Rule>,
    pub ehlo: &'static str,
    pub connections: usize,
    pub commands: Vec<String>,
    /// Recipient and content of everything it said 250 to.
    pub taken: Vec<(String, String)>,
    /// Recipient of every content that came whole, whatever was said to it.
    pub offered: Vec<String>,
}

/// The server.
pub struct ScriptedSmtp {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

pub const PIPELINING: &str = "250-scripted\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n";
pub const PLAIN: &str = "250 scripted\r\n";

impl ScriptedSmtp {
    pub fn start(ehlo: &'static str, rules: Vec<Rule>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { ehlo, rules, ..State::default() }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let state = Arc::clone(&shared);
                state.lock().unwrap().connections += 1;
                std::thread::spawn(move || {
                    let _ = serve(client, &state);
                });
            }
        });
        Self { port, state }
    }

    pub fn set<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    /// From now on it behaves.
    pub fn heal(&self) {
        self.set(|s| s.rules.clear());
    }

    pub fn taken(&self) -> Vec<String> {
        let mut to: Vec<String> = self.set(|s| s.taken.iter().map(|(to, _)| to.clone()).collect());
        to.sort();
        to
    }
}

/// The answer, and what follows; false when the connection ends.
fn answer(stream: &mut TcpStream, state: &Mutex<State>, command: &str, usual: &[u8]) -> std::io::Result<(bool, bool)> {
    let mut held = state.lock().unwrap();
    let fits = |rule: &&mut Rule| rule.times > 0 && command.starts_with(rule.to) && command.contains(rule.holding);
    let (say, then) = match held.rules.iter_mut().find(fits) {
        Some(rule) => {
            rule.times = rule.times.saturating_sub(1);
            (rule.say.clone(), rule.then)
        }
        None => (usual.to_vec(), Then::GoOn),
    };
    drop(held);
    if let Then::After(time) = then {
        std::thread::sleep(time);
    }
    stream.write_all(&say)?;
    Ok((then != Then::Close, say.first() == usual.first()))
}

fn serve(client: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut out = client.try_clone()?;
    let mut stream = BufReader::new(client);
    if !answer(&mut out, state, "GREETING", b"220 ready\r\n")?.0 {
        return Ok(());
    }
    let (mut line, mut to) = (String::new(), String::new());
    // Whether the last MAIL, and a RCPT after it, were taken.
    let mut envelope = (false, false);
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_owned();
        state.lock().unwrap().commands.push(command.clone());
        let word = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let ehlo = state.lock().unwrap().ehlo;
        let usual: &[u8] = match word.as_str() {
            "EHLO" => ehlo.as_bytes(),
            "RCPT" if !envelope.0 => b"503 no sender\r\n",
            "DATA" if !envelope.1 => b"503 no recipient\r\n",
            "DATA" => b"354 go\r\n",
            "AUTH" => b"235 in\r\n",
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        if word == "RCPT" {
            to = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        }
        let (goes_on, as_usual) = answer(&mut out, state, &command, usual)?;
        match word.as_str() {
            "MAIL" => envelope = (as_usual, false),
            "RCPT" => envelope.1 = as_usual && envelope.0,
            "RSET" => envelope = (false, false),
            _ => {}
        }
        if !goes_on {
            return Ok(());
        }
        if word != "DATA" || !envelope.1 || !as_usual {
            continue;
        }
        let mut content = Vec::new();
        while !content.ends_with(b"\r\n.\r\n") && content != b".\r\n" {
            if stream.by_ref().read_until(b'\n', &mut content)? == 0 {
                return Ok(());
            }
        }
        state.lock().unwrap().offered.push(to.clone());
        let content = String::from_utf8_lossy(&content).into_owned();
        let (goes_on, good) = answer(&mut out, state, &format!(".{to}"), b"250 taken\r\n")?;
        if good {
            state.lock().unwrap().taken.push((to.clone(), content));
        }
        if !goes_on {
            return Ok(());
        }
    }
}
