//! Emails as people's clients write them.

use guichet::mail::ParsedEmail;

use super::unique;

pub const SUPPORT: &str = "support@desk.example";
pub const ANA: &str = "ana@college.example";
pub const MARIE: &str = "marie@agents.example";

/// An email about to be written.
#[derive(Clone)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub subject: String,
    pub id: String,
    pub more: String,
    pub text: String,
    pub attachments: Vec<(String, Vec<u8>)>,
}

impl Mail {
    pub fn from(from: &str) -> Self {
        Self {
            from: from.to_owned(),
            to: SUPPORT.to_owned(),
            subject: "Imprimante en panne".to_owned(),
            id: format!("{}@client.example", unique("m")),
            more: String::new(),
            text: "Bonjour,\nl'imprimante de la salle 12 ne répond plus.\n".to_owned(),
            attachments: Vec::new(),
        }
    }

    /// A reply to a notification, as a client makes it: Reply-To honoured, ids referred to, text quoted.
    pub fn reply(notification: &ParsedEmail, from: &str, text: &str) -> Self {
        let to = notification.reply_to.as_ref().or(notification.from.as_ref()).unwrap();
        let id = notification.message_id.clone().unwrap();
        let quoted: String = notification.text.lines().map(|l| format!("> {l}\n")).collect();
        Self::from(from)
            .to(&to.address)
            .subject(&format!("Re: {}", notification.subject))
            .header(&format!("In-Reply-To: <{id}>"))
            .header(&format!(
                "References: {}<{id}>",
                notification.references.iter().map(|r| format!("<{r}> ")).collect::<String>()
            ))
            .text(&format!("{text}\n\nLe lun. 2 mars 2026 à 09:15, Support <support@desk.example> a écrit :\n{quoted}"))
    }

    /// The email that a button of a notification makes, as the client sends it: the link decides address,
    /// subject and text.
    pub fn press(notification: &ParsedEmail, command: &str, from: &str) -> Self {
        let links =
            notification.text.lines().filter_map(|l| l.trim().trim_start_matches("Voir : ").strip_prefix("mailto:"));
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        for link in links {
            let (to, query) = link.split_once('?').unwrap();
            let part = |name: &str| query.split('&').find_map(|p| p.strip_prefix(name)).map(decoded).unwrap();
            let (subject, body) = (part("subject="), part("body="));
            if body.starts_with(command) {
                return Self::from(from).to(&decoded(to)).subject(&subject).text(&body.replace("\r\n", "\n"));
            }
        }
        panic!("no button {command} in {}", notification.text);
    }

    /// Words typed into an email that a button has begun.
    pub fn typed(mut self, words: &str) -> Self {
        let (first, rest) = self.text.split_once('\n').unwrap_or((&self.text, ""));
        self.text = format!("{first}{words}\n{rest}");
        self
    }

    /// Words that differ for each number: many emails that say the same are held.
    pub fn in_words(self, number: usize) -> Self {
        let word: String = number.to_string().bytes().map(|digit| char::from(b'a' + digit - b'0')).collect();
        self.text(&format!("L'écran du poste {word}x reste noir depuis lundi."))
    }

    pub fn to(mut self, to: &str) -> Self {
        self.to = to.to_owned();
        self
    }

    pub fn subject(mut self, subject: &str) -> Self {
        self.subject = subject.to_owned();
        self
    }

    pub fn id(mut self, id: &str) -> Self {
        self.id = id.to_owned();
        self
    }

    pub fn text(mut self, text: &str) -> Self {
        self.text = text.to_owned();
        self
    }

    pub fn header(mut self, line: &str) -> Self {
        self.more += line;
        self.more += "\n";
        self
    }

    /// Without In-Reply-To and References, as some relays leave it.
    pub fn without_references(mut self) -> Self {
        self.more = self
            .more
            .lines()
            .filter(|l| !l.starts_with("In-Reply-To") && !l.starts_with("References"))
            .map(|l| format!("{l}\n"))
            .collect();
        self
    }

    pub fn attach(mut self, name: &str, bytes: &[u8]) -> Self {
        self.attachments.push((name.to_owned(), bytes.to_vec()));
        self
    }

    /// The bytes, with CRLF line ends.
    pub fn bytes(&self) -> Vec<u8> {
        let mut mail =
            format!("{}From: {}\nTo: {}\nSubject: {}\n", self.more, self.from, self.to, encoded(&self.subject));
        if !self.id.is_empty() {
            mail += &format!("Message-ID: <{}>\n", self.id);
        }
        mail += "MIME-Version: 1.0\n";
        let text =
            format!("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}\n", self.text);
        if self.attachments.is_empty() {
            mail += &text;
        } else {
            mail += &format!("Content-Type: multipart/mixed; boundary=\"edge\"\n\n--edge\n{text}");
            for (name, bytes) in &self.attachments {
                let encoded = data_encoding::BASE64.encode(bytes);
                mail += &format!(
                    "--edge\nContent-Type: image/png\nContent-Disposition: attachment; filename=\"{name}\"\nContent-Transfer-Encoding: base64\n\n{encoded}\n"
                );
            }
            mail += "--edge--\n";
        }
        mail.replace('\n', "\r\n").into_bytes()
    }
}

fn encoded(subject: &str) -> String {
    if subject.is_ascii() {
        subject.to_owned()
    } else {
        format!("=?utf-8?B?{}?=", data_encoding::BASE64.encode(subject.as_bytes()))
    }
}
