//! An IMAP server with a mailbox of its own, which commits the faults a real one won't, email by email.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What happens to whoever asks for an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// NO, with these words.
    No(&'static str),
    /// Its size is refused as well.
    SizeNo,
    /// Its content is NIL.
    Nil,
    /// The answer is about another UID.
    WrongUid,
    /// OK, and nothing about it.
    LeftOut,
    /// The session ends.
    HangUp,
    /// What comes cannot be parsed.
    Garbage,
    /// Only its first half comes.
    Half,
    /// As many bytes come, whatever was announced.
    Bytes(usize),
}

/// What the archive folder does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// It is there.
    Here,
    /// It is not there, and can be made.
    Missing,
    /// A name under which nothing can be kept (RFC 9051, section 7.3.1); CREATE is refused.
    NoSelect,
    /// It refuses everything.
    Refuses,
    /// It vanishes after the first look; making it again works.
    Vanishes,
    /// It vanishes, and cannot be made.
    VanishesForGood,
}

pub struct State {
    pub emails: BTreeMap<u32, (Vec<u8>, Option<Fault>)>,
    pub seen: Vec<u32>,
    pub archived: Vec<u32>,
    pub folder: Folder,
    pub greeting: &'static str,
    /// What SELECT answers instead.
    pub select: Option<&'static str>,
    /// What is added to the sizes that are announced.
    pub off: i64,
    /// Each command with the number of its session.
    pub commands: Vec<(usize, String)>,
    pub sessions: usize,
}

/// The server.
pub struct BadImap {
    pub port: u16,
    pub state: Arc<Mutex<State>>,
}

impl BadImap {
    /// Emails with the UIDs from 1 on.
    pub fn start(emails: Vec<(Vec<u8>, Option<Fault>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let emails = emails.into_iter().zip(1..).map(|(email, uid)| (uid, email)).collect();
        let state = Arc::new(Mutex::new(State {
            emails,
            seen: Vec::new(),
            archived: Vec::new(),
            folder: Folder::Here,
            greeting: "ready",
            select: None,
            off: 0,
            commands: Vec::new(),
            sessions: 0,
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let state = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let _ = Session::new(client, &state).serve();
                });
            }
        });
        Self { port, state }
    }

    pub fn set<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub fn fault(&self, uid: u32, fault: Option<Fault>) {
        self.set(|s| s.emails.get_mut(&uid).unwrap().1 = fault);
    }

    /// How often commands that begin so came, by session.
    pub fn heard(&self, word: &str) -> Vec<usize> {
        let state = self.state.lock().unwrap();
        let mut counts = vec![0; state.sessions];
        for (session, _) in state.commands.iter().filter(|(_, command)| command.starts_with(word)) {
            counts[*session - 1] += 1;
        }
        counts
    }
}

struct Session<'a> {
    stream: BufReader<TcpStream>,
    state: &'a Mutex<State>,
    number: usize,
    created: bool,
    looked: bool,
}

impl<'a> Session<'a> {
    fn new(client: TcpStream, state: &'a Mutex<State>) -> Self {
        let mut held = state.lock().unwrap();
        held.sessions += 1;
        let number = held.sessions;
        drop(held);
        Self { stream: BufReader::new(client), state, number, created: false, looked: false }
    }

    fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.stream.get_mut().write_all(text.as_bytes())
    }

    fn serve(&mut self) -> std::io::Result<()> {
        let greeting = self.state.lock().unwrap().greeting;
        self.say(&format!("* OK {greeting}\r\n"))?;
        let mut tag = String::new();
        let mut line = String::new();
        while self.stream.read_line(&mut line)? > 0 {
            let (own, command) = line.trim().split_once(' ').unwrap_or(("", line.trim()));
            if !own.is_empty() {
                own.clone_into(&mut tag);
            }
            let command = command.to_owned();
            self.state.lock().unwrap().commands.push((self.number, command.clone()));
            let Some(last) = self.answer(&command)? else { return Ok(()) };
            if last != "+" {
                self.say(&format!("{tag} {last}\r\n"))?;
            }
            line.clear();
        }
        Ok(())
    }

    /// The tagged answer; none hangs up.
    fn answer(&mut self, command: &str) -> std::io::Result<Option<String>> {
        let ok = |text: &str| Ok(Some(format!("OK {text}")));
        let words: Vec<&str> = command.split(' ').collect();
        match (words.first().copied().unwrap_or_default(), words.get(1).copied().unwrap_or_default()) {
            ("LOGIN", _) => ok("in"),
            ("CAPABILITY", _) => {
                self.say("* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS\r\n")?;
                ok("done")
            }
            ("LIST", _) if command.ends_with("\"\" \"\"") => {
                self.say("* LIST (\\Noselect) \"/\" \"\"\r\n")?;
                ok("done")
            }
            ("LIST", _) => {
                let folder = self.state.lock().unwrap().folder;
                let name = words[2..].join(" ");
                let below = name.starts_with("\"INBOX/");
                match folder {
                    Folder::NoSelect if !below => self.say(&format!("* LIST (\\Noselect) \"/\" {name}\r\n"))?,
                    Folder::Here if !below => self.say(&format!("* LIST () \"/\" {name}\r\n"))?,
                    Folder::Vanishes | Folder::VanishesForGood if !below && !self.looked => {
                        self.looked = true;
                        self.say(&format!("* LIST () \"/\" {name}\r\n"))?;
                    }
                    _ => {}
                }
                ok("done")
            }
            ("CREATE", _) => match self.state.lock().unwrap().folder {
                Folder::Missing | Folder::Vanishes => {
                    self.created = true;
                    ok("made")
                }
                _ => Ok(Some("NO [CANNOT] not here".to_owned())),
            },
            ("SELECT", _) => {
                let state = self.state.lock().unwrap();
                if let Some(answer) = state.select {
                    return Ok(Some(answer.to_owned()));
                }
                let (count, next) = (state.emails.len(), state.emails.keys().next_back().copied().unwrap_or(0) + 1);
                drop(state);
                self.say(&format!("* {count} EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT {next}] ok\r\n"))?;
                ok("[READ-WRITE] done")
            }
            ("UID", "SEARCH") => {
                let (first, last) = words[3].split_once(':').unwrap();
                let first: u32 = first.parse().unwrap();
                let last: u32 = last.parse().unwrap_or(u32::MAX);
                let state = self.state.lock().unwrap();
                let unseen = words.get(4).is_some_and(|w| *w == "UNSEEN");
                let found = state.emails.keys().filter(|uid| **uid >= first && **uid <= last);
                let found = found.filter(|uid| !(unseen && state.seen.contains(uid)));
                let list: String = found.map(|uid| format!(" {uid}")).collect();
                drop(state);
                self.say(&format!("* SEARCH{list}\r\n"))?;
                ok("done")
            }
            ("UID", "FETCH") => self.fetch(&set_of(words[2]), words.last().copied().unwrap_or_default()),
            ("UID", "MOVE") => {
                let mut state = self.state.lock().unwrap();
                match state.folder {
                    Folder::Here | Folder::Missing => {}
                    Folder::Vanishes if self.created => {}
                    Folder::Vanishes | Folder::VanishesForGood => {
                        return Ok(Some("NO [TRYCREATE] no such folder".to_owned()));
                    }
                    Folder::NoSelect | Folder::Refuses => return Ok(Some("NO [NOPERM] never".to_owned())),
                }
                for uid in set_of(words[2]) {
                    if state.emails.remove(&uid).is_some() {
                        state.archived.push(uid);
                    }
                }
                ok("moved")
            }
            ("UID", "STORE") => {
                let uids = set_of(words[2]);
                self.state.lock().unwrap().seen.extend(uids);
                ok("stored")
            }
            ("IDLE", _) => {
                self.say("+ idling\r\n")?;
                Ok(Some("+".to_owned()))
            }
            ("LOGOUT", _) => {
                self.say("* BYE bye\r\n")?;
                ok("done")
            }
            _ => ok("done"),
        }
    }

    fn fetch(&mut self, uids: &[u32], what: &str) -> std::io::Result<Option<String>> {
        let mut last = "OK done".to_owned();
        for uid in uids {
            let state = self.state.lock().unwrap();
            let Some((bytes, fault)) = state.emails.get(uid).cloned() else { continue };
            let off = state.off;
            drop(state);
            if what.contains("RFC822.SIZE") {
                if fault == Some(Fault::SizeNo) {
                    last = "NO [SERVERBUG] no size".to_owned();
                    continue;
                }
                let size = bytes.len() as i64 + off;
                self.say(&format!("* {uid} FETCH (UID {uid} RFC822.SIZE {size})\r\n"))?;
                continue;
            }
            let section = if what.contains("HEADER") { "BODY[HEADER]" } else { "BODY[]" };
            match fault {
                None => self.literal(*uid, section, &bytes)?,
                Some(Fault::No(words)) => last = format!("NO {words}"),
                Some(Fault::SizeNo) => last = "NO [SERVERBUG] no body".to_owned(),
                Some(Fault::Nil) => self.say(&format!("* {uid} FETCH (UID {uid} {section} NIL)\r\n"))?,
                Some(Fault::WrongUid) => self.literal(uid + 1_000, section, &bytes)?,
                Some(Fault::LeftOut) => {}
                Some(Fault::HangUp) => return Ok(None),
                Some(Fault::Garbage) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    self.say(&format!("* {uid} FETCH (UID {uid} {section} \u{1}{text}\r\n"))?;
                }
                Some(Fault::Half) => self.literal(*uid, section, &bytes[..bytes.len() / 2])?,
                Some(Fault::Bytes(count)) => {
                    let many: Vec<u8> = bytes.iter().copied().cycle().take(count).collect();
                    self.literal(*uid, section, &many)?;
                }
            }
        }
        Ok(Some(last))
    }

    fn literal(&mut self, uid: u32, section: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.say(&format!("* {uid} FETCH (UID {uid} {section} {{{}}}\r\n", bytes.len()))?;
        self.stream.get_mut().write_all(bytes)?;
        self.say(")\r\n")
    }
}

fn set_of(text: &str) -> Vec<u32> {
    let range = |part: &str| {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        first.parse().unwrap()..=last.parse().unwrap()
    };
    text.split(',').flat_map(range).collect()
}
