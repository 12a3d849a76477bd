//! An SMTP server that keeps what it took, and misbehaves on demand.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What it does to the next emails; each entry serves one, then it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes the email.
    Good,
    /// 451 to the recipient.
    Later,
    /// 451 after the email's last dot.
    LaterAtTheEnd,
    /// 550 to the recipient.
    Never,
    /// 554 after the email's last dot.
    NeverAtTheEnd,
    /// It hangs up in the middle of the email.
    HangUpBeforeTheDot,
    /// It takes the email and hangs up without saying so.
    HangUpAfterTheDot,
    /// It takes the email after a while.
    Slow,
    /// It says nothing more.
    Silent,
    /// It greets with 421.
    Busy,
}

#[derive(Debug, Default)]
struct Shared {
    moods: Vec<Mood>,
    taken: Vec<String>,
    refuses: Vec<String>,
}

/// The server.
pub struct BadSmtp {
    pub port: u16,
    shared: Arc<Mutex<Shared>>,
}

impl BadSmtp {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let state = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let state = Arc::clone(&state);
                std::thread::spawn(move || {
                    let _ = serve(client, &state);
                });
            }
        });
        Self { port, shared }
    }

    /// What it is to do to the next emails.
    pub fn moods(&self, moods: &[Mood]) {
        self.shared.lock().unwrap().moods = moods.iter().rev().copied().collect();
    }

    /// From now on it refuses this recipient for good.
    pub fn refuse(&self, recipient: &str) {
        self.shared.lock().unwrap().refuses.push(recipient.to_owned());
    }

    /// Recipients of everything it took.
    pub fn taken(&self) -> Vec<String> {
        self.shared.lock().unwrap().taken.clone()
    }

    /// Moods that have not come up yet.
    pub fn left(&self) -> usize {
        self.shared.lock().unwrap().moods.len()
    }
}

fn serve(client: TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    let mut stream = BufReader::new(client);
    // Several connections are open at once, and each email has a mood of its own.
    let taken = |wanted: fn(&Mood) -> bool| shared.lock().unwrap().moods.pop_if(|mood| wanted(mood));
    if taken(|mood| *mood == Mood::Busy).is_some() {
        return stream.get_mut().write_all(b"421 busy\r\n");
    }
    stream.get_mut().write_all(b"220 ready\r\n")?;
    let (mut line, mut to, mut mood) = (String::new(), String::new(), Mood::Good);
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let word = line.split([' ', ':', '\r']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" => "250 bad.example\r\n",
            "MAIL" => {
                mood = taken(|mood| *mood != Mood::Busy).unwrap_or(Mood::Good);
                "250 ok\r\n"
            }
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                if shared.lock().unwrap().refuses.contains(&to) {
                    "550 5.1.1 no such user\r\n"
                } else {
                    match mood {
                        Mood::Later => "451 4.3.0 later\r\n",
                        Mood::Never => "550 5.7.1 never\r\n",
                        _ => "250 ok\r\n",
                    }
                }
            }
            "DATA" => {
                stream.get_mut().write_all(b"354 go\r\n")?;
                let mut lines = 0;
                loop {
                    line.clear();
                    if stream.read_line(&mut line)? == 0 {
                        return Ok(());
                    }
                    lines += 1;
                    if mood == Mood::HangUpBeforeTheDot && lines == 3 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                }
                match mood {
                    Mood::LaterAtTheEnd => "451 4.3.0 later\r\n",
                    Mood::NeverAtTheEnd => "554 5.6.0 never\r\n",
                    Mood::Silent => {
                        std::thread::sleep(Duration::from_secs(20));
                        return Ok(());
                    }
                    _ => {
                        if mood == Mood::Slow {
                            std::thread::sleep(Duration::from_millis(300));
                        }
                        shared.lock().unwrap().taken.push(to.clone());
                        if mood == Mood::HangUpAfterTheDot {
                            return Ok(());
                        }
                        "250 taken\r\n"
                    }
                }
            }
            "QUIT" => {
                stream.get_mut().write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => "250 ok\r\n",
        };
        stream.get_mut().write_all(answer.as_bytes())?;
    }
}
