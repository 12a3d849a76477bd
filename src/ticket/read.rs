//! From what an email says to what it means for this service desk.

use super::alert::{self, Alert};
use super::asker::{Asker, asker};
use super::authority::{is_authenticated, is_denied};
use super::command::{self, Head};
use super::field::FieldRule;
use super::ids::{About, TicketId};
use super::number::numbers_in;
use super::policy::{Policy, without_detail};
use super::priority::{Tagged, read_tags};
use super::probe::{ForeignResults, Probe};
use super::queue::Queue;
use super::token::{Secret, Token};
use super::words::Channel;
use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::clock::Millis;
use crate::mail::{
    Address, Automatic, AutomaticKind, FieldValues, FileRole, Label, ParsedEmail, key, read_fields, read_quoted_fields,
    strip_prefixes, words_beside,
};

/// One hint at the ticket an email belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// The email is addressed to a signed reply address.
    ReplyAddress(Token),
    /// It answers one of our notifications by its signed Message-ID.
    SignedId(Token),
    /// It refers to some Message-ID; `direct` when by In-Reply-To.
    StoredId {
        /// The id, without brackets.
        id: String,
        /// True for In-Reply-To.
        direct: bool,
    },
    /// It is about an alert of this identity.
    Alert(String),
    /// Its subject names a number.
    Number(String),
    /// Its subject names the number a vendor gave.
    VendorReference(String),
    /// The operator says so, by the ticket's row id.
    Operator(TicketId),
}

impl Signal {
    /// How it is called in a ticket's history and by `guichet why`.
    #[must_use]
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::ReplyAddress(_) => "signed reply address",
            Self::SignedId(_) => "signed Message-ID",
            Self::StoredId { direct: true, .. } => "In-Reply-To",
            Self::StoredId { direct: false, .. } => "References",
            Self::Alert(_) => "alert",
            Self::Number(_) => "number in the subject",
            Self::Operator(_) => "operator's word",
            Self::VendorReference(_) => "vendor's reference in the subject",
        }
    }
}

/// An email as the service desk sees it.
#[derive(Debug, Clone)]
pub struct Intake {
    /// The email itself.
    pub mail: ParsedEmail,
    /// The commands at the top of its new text, and the text below them.
    pub head: Head,
    /// Mailbox it arrived in.
    pub mailbox: String,
    /// Queue it is for; none when the mailbox has no queue.
    pub queue: Option<String>,
    /// Key of the sender's address; empty when there is none.
    pub sender: String,
    /// Name of the agent, when the sender is one by address (which proves nothing yet).
    pub agent: Option<String>,
    /// Priority tags and the title.
    pub tagged: Tagged,
    /// Hints at its ticket, most trusted first.
    pub signals: Vec<Signal>,
    /// True when a moderator let it in although its sender may not open tickets.
    pub released: bool,
    /// True when the operator says which ticket it belongs to.
    pub placed: bool,
    /// By which way what an agent writes down for somebody else came.
    pub channel: Channel,
    /// From when on what it asks for counts; 0: from its decision.
    pub counts_from: Millis,
    /// What a machine of the queue says.
    pub alert: Option<Alert>,
    /// True when the operator wrote it.
    pub operator: bool,
    /// Further queues of the same mailbox that it is addressed to.
    pub also_queues: Vec<String>,
    /// What it says, by the codes of the queue's fields.
    pub fields: BTreeMap<String, String>,
    /// What only its signature says of them.
    pub signature_fields: BTreeMap<String, String>,
    /// What was typed into the lines of our own notification that it quotes.
    pub quoted_fields: BTreeMap<String, String>,
    /// Language the sender writes, where known.
    pub language: Option<String>,
    /// True when the email is the service desk's own notification come back.
    pub own: bool,
    /// Digest of its words without names, numbers and addresses; empty where they are too few, or it answers something of ours.
    pub alike: String,
    /// Where answers go, when not to the sender.
    pub answer_to: Option<Address>,
    /// True when `From` is a list's, a form's or one of the service desk's own addresses: the sender is then whom other fields name, and
    /// has no rights.
    pub rewritten: bool,
    /// True when that is so and nobody is named.
    pub nobody: bool,
    /// True when a list that spread it is one of the service desk's own addresses.
    pub own_list: bool,
    /// True when the mailbox's own server says that the author's domain did send it.
    pub authenticated: bool,
    /// True when the mailbox's own server says outright that the sender's domain did not send it.
    pub denied: bool,
    /// The probe of `check` that this is.
    pub probe: Option<Probe>,
    /// Keys of every address this copy was for, the transport's word first.
    pub addressed: Vec<String>,
    /// The address it was sent to, when that is not used any more and no other of the service desk's is named.
    pub retired: Option<String>,
}

/// Reads an email in the light of the policy.
#[must_use]
pub fn read(mut mail: ParsedEmail, mailbox: &str, policy: &Policy, secret: &Secret) -> Intake {
    let author = mail.from.as_ref().map(|a| a.key()).unwrap_or_default();
    let authenticated = is_authenticated(&mail, mailbox, policy);
    // As it stood before anything is put in the place of who wrote it.
    let (denied, own) = (is_denied(&mail, mailbox, policy), is_own(&mail, &author, policy));
    let own_list = policy.is_own_address(&author) || mail.lists.iter().any(|list| policy.is_own_address(list));
    let asked_by = asker(&mail, authenticated, policy);
    let (rewritten, nobody) = (matches!(asked_by, Asker::Behind(_)), asked_by == Asker::Nobody);
    let answer_to = match asked_by {
        Asker::Elsewhere(address) => Some(address),
        Asker::Behind(person) => {
            mail.from = Some(person);
            None
        }
        Asker::Author | Asker::Nobody => None,
    };
    let sender = mail.from.as_ref().map(|a| a.key()).unwrap_or_default();
    let addressed = addressed_to(&mail);
    let marked = take_mark(&mut mail.reply_text);
    let queue = policy.queue_for(mailbox, addressed.iter().map(String::as_str));
    let agent = policy.agents.iter().find(|(_, a)| a.address == sender);
    let named = policy.queues_named(mailbox, addressed.iter().map(String::as_str));
    let also = named.iter().filter(|n| queue.is_some_and(|q| q.name != n.name));
    let name = mail.from.as_ref().map(|a| a.name.as_str()).unwrap_or_default();
    let machine = queue.filter(|q| !denied && agent.is_none() && q.is_machine(&sender));
    let alert =
        machine.filter(|_| mail.bounce.is_none()).map(|q| alert::read(&mail.subject, &mail.text, &sender, &q.name));
    let mut signals = signals(&mail, &addressed, marked, policy);
    if let Some(alert) = &alert {
        signals.insert(0, Signal::Alert(alert.id.clone()));
        // Whatever it says of itself, it is a machine, and its word may open a ticket.
        mail.automatic = Some(Automatic { kind: AutomaticKind::Notice, reason: "queues.machines".to_owned() });
    }
    if agent.is_some() {
        let named = number_said(&mail, &signals, policy);
        signals.extend(named);
    }
    let said = queue.map(|q| with_file(fields_of(&mail.reply_text, name, q, policy), &mail, q, policy));
    let said = said.unwrap_or_default();
    Intake {
        released: false,
        placed: false,
        operator: false,
        counts_from: 0,
        channel: Channel::Telephone,
        also_queues: also.map(|q| q.name.clone()).collect(),
        fields: said.own,
        signature_fields: said.signature,
        quoted_fields: queue.map(|q| quoted_fields(&mail, q, policy)).unwrap_or_default(),
        mailbox: mailbox.to_owned(),
        queue: queue.map(|q| q.name.clone()),
        agent: agent.map(|(name, _)| name.clone()),
        tagged: read_tags(strip_prefixes(&mail.subject), &policy.priorities, policy.tag_forms),
        signals,
        alert,
        language: language(&mail, policy),
        alike: alike(&mail),
        own,
        denied: denied && !rewritten,
        answer_to,
        rewritten,
        nobody,
        own_list,
        authenticated: authenticated && !rewritten,
        probe: probe(&mail, mailbox, &addressed, policy, secret),
        retired: retired(&addressed, policy),
        addressed,
        sender,
        head: command::head(&mail.reply_text, agent.is_some(), &policy.commands),
        mail,
    }
}

impl Intake {
    /// The operator says that it belongs to this ticket.
    pub(crate) fn join_by_operator(&mut self, ticket: TicketId) {
        self.signals.insert(0, Signal::Operator(ticket));
        self.placed = true;
    }

    /// The operator wrote this about a ticket, at a terminal: nothing in it is a quote, a signature or a hint.
    pub fn say(&mut self, ticket: TicketId, text: &str, policy: &Policy) {
        self.say_apart(text, policy);
        self.join_by_operator(ticket);
    }

    /// The same about no ticket.
    pub(crate) fn say_apart(&mut self, text: &str, policy: &Policy) {
        text.trim().clone_into(&mut self.mail.reply_text);
        self.head = command::head(&self.mail.reply_text, true, &policy.commands);
        self.operator = true;
        self.signals.clear();
    }

    /// Whether it is written as an answer and leads to nothing: a client lost the reference, or somebody wrote "Re:" anew.
    #[must_use]
    pub fn resumes(&self) -> bool {
        let subject = self.mail.subject.trim();
        self.signals.is_empty()
            && self.agent.is_none()
            && self.mail.automatic.is_none()
            && strip_prefixes(subject) != subject
            && !self.mail.forwards()
    }

    /// What it says of the fields, in its text and in its signature.
    #[must_use]
    pub(crate) fn said(&self) -> FieldValues {
        FieldValues { own: self.fields.clone(), signature: self.signature_fields.clone() }
    }

    /// Every signed token it carries, as yet unbelieved.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.signals.iter().filter_map(|signal| match signal {
            Signal::ReplyAddress(token) | Signal::SignedId(token) => Some(token),
            _ => None,
        })
    }

    /// The queue's settings.
    #[must_use]
    pub fn queue<'a>(&self, policy: &'a Policy) -> Option<&'a Queue> {
        policy.queues.get(self.queue.as_ref()?)
    }
}

/// One of the service desk's notifications come back: it carries our mark, or one of our ids under our address.
fn is_own(mail: &ParsedEmail, sender: &str, policy: &Policy) -> bool {
    let id = mail.message_id.as_deref().and_then(Token::in_message_id);
    mail.loop_marks.iter().any(|m| policy.is_own_address(m)) || (id.is_some() && policy.is_own_address(sender))
}

/// Keys of every address this copy was for.
fn addressed_to(mail: &ParsedEmail) -> Vec<String> {
    let listed = mail.to.iter().chain(&mail.cc).map(|a| a.key());
    let delivered = mail.delivered_to.iter().map(|a| key(a));
    // The transport's word comes first: To and Cc may name several desks.
    delivered.chain(listed).collect()
}

/// Most signed hints of a sort that are checked: each costs a signature for everybody who may hold it.
const SIGNED: usize = 20;

fn signals(mail: &ParsedEmail, addressed: &[String], marked: Option<Token>, policy: &Policy) -> Vec<Signal> {
    let mut found = Vec::new();
    let ours = addressed.iter().filter(|a| policy.is_own_address(a));
    found.extend(ours.filter_map(|a| Token::in_address(a)).take(SIGNED).map(Signal::ReplyAddress));
    // A button's mail is a new one: it names the notification in its text.
    found.extend(marked.map(Signal::SignedId));
    let newest_first = || mail.in_reply_to.iter().rev().chain(mail.references.iter().rev());
    let original = mail.bounce.iter().filter_map(|b| b.original_id.as_ref());
    let signed = original.chain(newest_first()).filter_map(|id| Token::in_message_id(id));
    found.extend(signed.take(SIGNED).map(Signal::SignedId));
    let foreign = |id: &&String| Token::in_message_id(id).is_none();
    let stored = |direct| move |id: &String| Signal::StoredId { id: id.clone(), direct };
    found.extend(mail.in_reply_to.iter().rev().filter(foreign).map(stored(true)));
    let others = mail.references.iter().rev().filter(foreign);
    found.extend(others.filter(|id| !mail.in_reply_to.contains(id)).map(stored(false)));
    let prefixes = policy.queues.values().map(|q| q.prefix.as_str());
    found.extend(numbers_in(&mail.subject, prefixes).into_iter().map(Signal::Number));
    found.dedup();
    found
}

/// The number that the first line of an agent's email names, where it answers what is about no ticket: a list, or a digest.
fn number_said(mail: &ParsedEmail, signals: &[Signal], policy: &Policy) -> Option<Signal> {
    let about = |signal: &Signal| match signal {
        Signal::ReplyAddress(token) | Signal::SignedId(token) => Some(token.about),
        _ => None,
    };
    let about: Vec<About> = signals.iter().filter_map(about).collect();
    let leads = signals.iter().any(|signal| matches!(signal, Signal::Number(_) | Signal::StoredId { .. }));
    if about.is_empty() || leads || about.iter().any(|about| *about != About::Nothing) {
        return None;
    }
    let line = mail.reply_text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let prefixes = policy.queues.values().map(|q| q.prefix.as_str());
    let numbers = numbers_in(line, prefixes);
    <[String; 1]>::try_from(numbers).ok().map(|[number]| Signal::Number(number))
}

/// Takes out of a text what a notification's button put there, and gives the token in it. What stands beside it on its line is its writer's.
fn take_mark(text: &mut String) -> Option<Token> {
    const BEGIN: &str = "[ref:gt.";
    let mut found = None;
    let mut rest = String::new();
    let mut left = text.as_str();
    while let Some((before, behind)) = left.split_once(BEGIN) {
        rest.push_str(before);
        match behind.split_once(']').and_then(|(token, behind)| Some((Token::parse(token.trim())?, behind))) {
            Some((token, behind)) => {
                found = found.or(Some(token));
                left = behind;
            }
            // Somebody's own words.
            None => {
                rest.push_str(BEGIN);
                left = behind;
            }
        }
    }
    if found.is_some() {
        rest.push_str(left);
        *text = rest.trim().to_owned();
    }
    found
}

/// Fewest words that are told apart from others' by them.
const WORDS: usize = 5;
/// Most words that are looked at.
const MOST_WORDS: usize = 200;

/// What an email says without what differs from one to the next: numbers, addresses, names of who wrote it.
fn alike(mail: &ParsedEmail) -> String {
    let name = mail.from.as_ref().map(|from| from.name.to_lowercase()).unwrap_or_default();
    let mut digest = Sha256::new();
    let mut count = 0;
    for word in mail.reply_text.split_whitespace().filter(|word| !word.contains(['@', '/', '+'])) {
        let word = word.trim_matches(|c: char| !c.is_alphabetic());
        if word.chars().nth(1).is_none() || !word.chars().all(char::is_alphabetic) {
            continue;
        }
        let word = word.to_lowercase();
        if name.split(' ').any(|part| part == word) {
            continue;
        }
        digest.update(word.as_bytes());
        digest.update(b" ");
        count += 1;
        if count == MOST_WORDS {
            break;
        }
    }
    if count < WORDS { String::new() } else { HEXLOWER.encode(&digest.finalize()[..8]) }
}

/// The retired address it was sent to, unless a live one of the service desk is named as well.
fn retired(addressed: &[String], policy: &Policy) -> Option<String> {
    let plain: Vec<String> = addressed.iter().map(|a| without_detail(a)).collect();
    if policy.queues.values().any(|q| plain.contains(&q.address)) {
        return None;
    }
    plain.into_iter().find(|a| policy.retired.iter().any(|r| r.address == *a))
}

/// What the email declares, if the service desk writes that language; else a guess from a longer text.
fn language(mail: &ParsedEmail, policy: &Policy) -> Option<String> {
    let known = &policy.service_desk.languages;
    let declared = mail.languages.iter().find_map(|tag| {
        let primary = tag.split(['-', '_']).next()?;
        known.iter().find(|l| *l == primary).cloned()
    });
    declared.or_else(|| language_of(&mail.reply_text, policy))
}

/// The language of a text, where the service desk writes it and the text is long enough to tell.
#[must_use]
pub(crate) fn language_of(text: &str, policy: &Policy) -> Option<String> {
    guess(text, &policy.service_desk.languages)
}

/// What a text says of the fields this queue asks for. The name may also stand beside the address.
#[must_use]
pub(crate) fn fields_of(text: &str, name: &str, queue: &Queue, policy: &Policy) -> FieldValues {
    let labels: Vec<&Label> = asked_in(queue, policy).map(|field| &field.reads).collect();
    let mut fields = read_fields(text, &labels, name);
    if queue.ask.iter().any(|code| code == NAME) && name.trim().contains(' ') {
        fields.own.entry(NAME.to_owned()).or_insert_with(|| name.trim().to_owned());
    }
    fields
}

/// The fields of a new request with what its words say beside every label.
#[must_use]
pub(crate) fn with_words(
    said: FieldValues,
    text: &str,
    writer: &str,
    queue: &Queue,
    policy: &Policy,
) -> BTreeMap<String, String> {
    let mut fields = said.own;
    for (code, value) in said.signature {
        fields.entry(code).or_insert(value);
    }
    let Some(field) = asked_in(queue, policy).find(|field| field.is_text && !fields.contains_key(&field.code)) else {
        return fields;
    };
    let labels: Vec<&Label> = asked_in(queue, policy).map(|field| &field.reads).collect();
    if let Some(words) = words_beside(text, &labels, writer) {
        fields.insert(field.code.clone(), words);
    }
    fields
}

fn asked_in<'a>(queue: &'a Queue, policy: &'a Policy) -> impl Iterator<Item = &'a FieldRule> {
    policy.fields.iter().filter(|field| queue.ask.contains(&field.code))
}

/// The fields with those that a file answers.
fn with_file(mut fields: FieldValues, mail: &ParsedEmail, queue: &Queue, policy: &Policy) -> FieldValues {
    let sent = mail.attachments.iter().filter(|file| matches!(file.role, FileRole::File | FileRole::Picture));
    let names: Vec<&str> = sent.map(|file| file.name.as_str()).take(5).collect();
    for field in asked_in(queue, policy).filter(|field| field.is_file && !names.is_empty()) {
        fields.own.entry(field.code.clone()).or_insert_with(|| names.join(", "));
    }
    fields
}

/// What people typed into the lines of the notification they answer, as it asks them to. Of any other email what is quoted is
/// somebody else's.
fn quoted_fields(mail: &ParsedEmail, queue: &Queue, policy: &Policy) -> BTreeMap<String, String> {
    if queue.ask.is_empty() || !mail.answers() || mail.text.len() == mail.reply_text.len() && !mail.wordless {
        return BTreeMap::new();
    }
    let labels: Vec<&Label> = asked_in(queue, policy).map(|field| &field.reads).collect();
    read_quoted_fields(&mail.text, &labels)
}

/// Code of the field that holds the requester's name.
const NAME: &str = "name";

/// Fewest notifications for a guess: shorter texts mislead (`ok merci`).
const GUESS_FROM: usize = 40;
/// Notifications that are looked at.
const GUESS_ON: usize = 600;

/// Languages that are guessed, with the code of their folder (ISO 639-1).
const LANGUAGES: [(whatlang::Lang, &str); 28] = [
    (whatlang::Lang::Fra, "fr"),
    (whatlang::Lang::Eng, "en"),
    (whatlang::Lang::Spa, "es"),
    (whatlang::Lang::Deu, "de"),
    (whatlang::Lang::Ita, "it"),
    (whatlang::Lang::Por, "pt"),
    (whatlang::Lang::Nld, "nl"),
    (whatlang::Lang::Cat, "ca"),
    (whatlang::Lang::Ron, "ro"),
    (whatlang::Lang::Ara, "ar"),
    (whatlang::Lang::Bul, "bg"),
    (whatlang::Lang::Ces, "cs"),
    (whatlang::Lang::Dan, "da"),
    (whatlang::Lang::Ell, "el"),
    (whatlang::Lang::Est, "et"),
    (whatlang::Lang::Fin, "fi"),
    (whatlang::Lang::Hrv, "hr"),
    (whatlang::Lang::Hun, "hu"),
    (whatlang::Lang::Lit, "lt"),
    (whatlang::Lang::Lav, "lv"),
    (whatlang::Lang::Nob, "no"),
    (whatlang::Lang::Pol, "pl"),
    (whatlang::Lang::Rus, "ru"),
    (whatlang::Lang::Slk, "sk"),
    (whatlang::Lang::Slv, "sl"),
    (whatlang::Lang::Swe, "sv"),
    (whatlang::Lang::Tur, "tr"),
    (whatlang::Lang::Ukr, "uk"),
];

/// How many of [`LANGUAGES`], the first, are compared with whatever the service desk writes: a text in a language that is not compared is
/// taken for its nearest.
const COMPARED: usize = 9;

/// The languages a text is compared with: each one costs.
fn among(known: &[String]) -> Vec<whatlang::Lang> {
    let mut among: Vec<whatlang::Lang> = LANGUAGES[..COMPARED].iter().map(|(lang, _)| *lang).collect();
    let own = LANGUAGES[COMPARED..].iter().filter(|(_, code)| known.iter().any(|l| l == code));
    among.extend(own.map(|(lang, _)| *lang));
    among
}

fn guess(text: &str, known: &[String]) -> Option<String> {
    let sample: String = text.chars().take(GUESS_ON).collect();
    if sample.chars().filter(|c| c.is_alphabetic()).count() < GUESS_FROM {
        return None;
    }
    let info = whatlang::Detector::with_allowlist(among(known)).detect(&sample)?;
    let code = LANGUAGES.iter().find(|(lang, _)| *lang == info.lang()).map(|(_, code)| *code)?;
    (info.is_reliable() && known.iter().any(|l| l == code)).then(|| code.to_owned())
}

fn probe(mail: &ParsedEmail, mailbox: &str, addressed: &[String], policy: &Policy, secret: &Secret) -> Option<Probe> {
    if let Some(server) = policy.authserv_ids.get(mailbox)
        && mail.subject.ends_with(&secret.probe(&Probe::of_results(mailbox)))
    {
        return Some(Probe::Results(mailbox.to_owned(), ForeignResults::in_mail(mail, server)));
    }
    let details: Vec<&str> = addressed
        .iter()
        .filter_map(|a| a.split('@').next()?.split_once('+'))
        .map(|(_, detail)| detail)
        .filter(|detail| detail.starts_with("probe-"))
        .collect();
    if details.is_empty() {
        return None;
    }
    let queue = policy.queues.values().find(|q| details.contains(&secret.probe(&q.name).as_str()));
    queue.map(|q| Probe::SubAddress(q.name.clone()))
}
