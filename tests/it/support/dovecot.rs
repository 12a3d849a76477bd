//! The test Dovecot: a user of one's own, and what other people's clients do to the mailbox.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use guichet::edge::imap::{ImapConfig, Login};
use guichet::edge::net::{Endpoint, Security};
use secrecy::SecretString;

use super::{unique, variable};

/// A user with an empty mailbox.
pub struct User {
    pub name: String,
    /// Address of the server: 127.0.0.1 can do everything, .2 lacks MOVE, .3 lacks UIDPLUS and IDLE too.
    pub host: &'static str,
}

impl User {
    pub fn new() -> Self {
        Self::on("127.0.0.1")
    }

    pub fn on(host: &'static str) -> Self {
        Self { name: unique("u"), host }
    }

    pub fn port() -> u16 {
        variable("GUICHET_TEST_IMAP_PORT").parse().unwrap()
    }

    /// The mailbox's section in a configuration.
    pub fn section(&self, archive: &str) -> String {
        format!(
            "[mailboxes.main]\nkind = \"imap\"\nhost = \"{}\"\nport = {}\nsecurity = \"none\"\nusername = \"{}\"\npassword = \"secret\"\narchive = \"{archive}\"\n",
            self.host,
            Self::port(),
            self.name
        )
    }

    pub fn config(&self, archive: &str) -> ImapConfig {
        ImapConfig {
            endpoint: Endpoint {
                host: self.host.to_owned(),
                port: Self::port(),
                security: Security::None,
                ca_pem: None,
            },
            username: self.name.clone(),
            login: Login::Password(SecretString::from("secret")),
            folder: "INBOX".to_owned(),
            archive: archive.to_owned(),
            limit: std::time::Duration::from_secs(10),
            sizes: guichet::edge::imap::Sizes::Auto,
        }
    }

    /// A client of this user's mailbox, signed in.
    pub fn client(&self) -> Client {
        let stream = TcpStream::connect((self.host, Self::port())).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Client { stream: BufReader::new(stream) };
        client.line();
        client.run(&format!("LOGIN {} secret", self.name));
        client
    }

    /// An email lands in the INBOX.
    pub fn append(&self, mail: &[u8]) {
        self.client().append("INBOX", mail);
    }

    /// How many emails a folder holds; none when there is no such folder.
    pub fn count(&self, folder: &str) -> Option<usize> {
        self.client().count(folder)
    }
}

/// A plain IMAP client, so that tests do not check the program's client with itself.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "Dovecot closed the connection");
        line
    }

    fn send(&mut self, text: &str) {
        self.stream.get_mut().write_all(format!("{text}\r\n").as_bytes()).unwrap();
    }

    fn finish(&mut self) -> (bool, String) {
        let mut all = String::new();
        loop {
            let line = self.line();
            if let Some(status) = line.strip_prefix("t ") {
                return (status.starts_with("OK"), all + &line);
            }
            all += &line;
        }
    }

    /// Runs a command that must succeed; gives everything the server said.
    pub fn run(&mut self, command: &str) -> String {
        let (ok, text) = self.attempt(command);
        assert!(ok, "{command}: {text}");
        text
    }

    pub fn attempt(&mut self, command: &str) -> (bool, String) {
        self.send(&format!("t {command}"));
        self.finish()
    }

    pub fn append(&mut self, folder: &str, mail: &[u8]) {
        self.append_with(folder, "", mail);
    }

    pub fn append_with(&mut self, folder: &str, flags: &str, mail: &[u8]) {
        self.send(&format!("t APPEND {folder} {flags} {{{}+}}", mail.len()));
        self.stream.get_mut().write_all(mail).unwrap();
        self.send("");
        let (ok, text) = self.finish();
        assert!(ok, "{text}");
    }

    pub fn count(&mut self, folder: &str) -> Option<usize> {
        let (ok, text) = self.attempt(&format!("EXAMINE \"{folder}\""));
        let count = text.lines().find_map(|l| l.strip_prefix("* ")?.strip_suffix(" EXISTS")?.parse().ok());
        if ok { count } else { None }
    }
}
