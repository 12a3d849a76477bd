//! Emails as people and systems write them (`fixtures/cases`), and what is right for each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use guichet::mail::{Limits, ParsedEmail, parse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use unicode_normalization::UnicodeNormalization;

use crate::support::mail::{MARIE, Mail};
use crate::support::{Database, Site};

#[derive(Deserialize)]
struct Case<T> {
    file: String,
    expect: T,
    #[serde(default)]
    reply: bool,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases").join(name)
}

/// Each case with its email.
fn cases<T: DeserializeOwned>(name: &str) -> Vec<(Case<T>, Vec<u8>)> {
    let text = fs::read_to_string(folder(name).join("cases.jsonl")).unwrap();
    let case = |line: &str| {
        let case: Case<T> = serde_json::from_str(line).unwrap();
        let raw = fs::read(folder(name).join(&case.file)).unwrap();
        (case, raw)
    };
    text.lines().map(case).collect()
}

/// Without the differences that nobody sees.
fn plain(text: &str) -> String {
    text.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn no_faults(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

fn read(raw: &[u8]) -> ParsedEmail {
    parse(raw, &Limits::default()).unwrap()
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Reading {
    subject: Option<String>,
    text_contains: Vec<String>,
    text_not_contains: Vec<String>,
    reply_text_contains: Vec<String>,
    reply_text_not_contains: Vec<String>,
    attachments: Option<Vec<String>>,
    attachments_min: usize,
    not_logo: Vec<String>,
    logo: Vec<String>,
    protection: Option<String>,
    sha256: BTreeMap<String, String>,
}

fn faults_of_reading(right: &Reading, email: &ParsedEmail) -> Vec<String> {
    let reply = email.own_words.as_ref().unwrap_or(&email.reply_text);
    let (text, reply) = (plain(&email.text), plain(reply));
    let role = |file: &guichet::mail::Attachment| format!("{:?}", file.role).to_lowercase();
    let files: Vec<(String, String, &str)> =
        email.attachments.iter().map(|f| (plain(&f.name), role(f), f.sha256.as_str())).collect();
    let mut names: Vec<&str> = files.iter().map(|(name, ..)| name.as_str()).collect();
    names.sort_unstable();
    let mut faults = Vec::new();
    faults.extend(right.subject.iter().filter(|s| plain(s) != plain(&email.subject)).map(|_| email.subject.clone()));
    let mut lacks = |said: &str, wanted: &[String], has: bool| {
        faults.extend(wanted.iter().filter(|w| said.contains(&plain(w)) != has).map(|w| format!("{w:?}: {said}")));
    };
    lacks(&text, &right.text_contains, true);
    lacks(&text, &right.text_not_contains, false);
    lacks(&reply, &right.reply_text_contains, true);
    lacks(&reply, &right.reply_text_not_contains, false);
    if let Some(wanted) = &right.attachments {
        let mut wanted: Vec<String> = wanted.iter().map(|name| plain(name)).collect();
        wanted.sort_unstable();
        faults.extend((wanted != names).then(|| format!("{names:?}")));
    }
    faults.extend((names.len() < right.attachments_min).then(|| format!("{names:?}")));
    for (name, role, digest) in &files {
        let is = |list: &[String]| list.iter().any(|other| plain(other) == *name);
        if (is(&right.not_logo) && role == "logo") || (is(&right.logo) && !["logo", "inline"].contains(&role.as_str()))
        {
            faults.push(format!("{name} is a {role}"));
        }
        let wanted = right.sha256.iter().find(|(other, _)| plain(other) == *name).map(|(_, wanted)| wanted);
        faults.extend(wanted.filter(|wanted| *wanted != digest).map(|_| format!("{name}: other bytes")));
    }
    let protection = email.protection.map(|p| format!("{p:?}").to_lowercase());
    faults.extend(
        right.protection.as_ref().filter(|p| protection.as_ref() != Some(p)).map(|_| format!("{protection:?}")),
    );
    faults
}

#[test]
fn pictures_files_charsets_and_replies_are_read() {
    let mut faults = Vec::new();
    for (case, raw) in cases::<Reading>("reader") {
        let found = faults_of_reading(&case.expect, &read(&raw));
        faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", case.file)));
    }
    no_faults(&faults);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    is_bounce: bool,
    #[serde(default)]
    is_auto: Option<bool>,
    #[serde(default)]
    bounced_recipients: Vec<Vec<String>>,
    #[serde(default)]
    status: Vec<String>,
}

/// A code that the report gives is passed on as it is; where it gives none, its words name one.
fn faults_of_report(right: &Report, email: &ParsedEmail) -> Vec<String> {
    let mut faults = Vec::new();
    if email.bounce.is_some() != right.is_bounce {
        return vec![format!("is_bounce is not {}", right.is_bounce)];
    }
    if right.is_auto.is_some_and(|auto| auto != (email.automatic.is_some() || email.bounce.is_some())) {
        faults.push(format!("{:?}", email.automatic));
    }
    let Some(bounce) = &email.bounce else { return faults };
    let found: Vec<String> = bounce.recipients.iter().map(|r| r.to_lowercase()).collect();
    let is = |group: &[String], one: &String| group.iter().any(|other| other.to_lowercase() == *one);
    let missing = right.bounced_recipients.iter().any(|group| !found.iter().any(|one| is(group, one)));
    let extra = found.iter().any(|one| !right.bounced_recipients.iter().any(|group| is(group, one)));
    faults.extend((missing || extra).then(|| format!("{found:?}, right {:?}", right.bounced_recipients)));
    let status = bounce.status.clone().unwrap_or_default();
    let general = status.ends_with(".0");
    if !right.status.is_empty() && !general && !right.status.contains(&status) {
        faults.push(format!("{status}, right {:?}", right.status));
    }
    faults
}

#[test]
fn reports_of_many_systems_are_read() {
    let mut faults = Vec::new();
    for (case, raw) in cases::<Report>("bounces") {
        let found = faults_of_report(&case.expect, &read(&raw));
        faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", case.file)));
    }
    no_faults(&faults);
}

/// The email as an answer to the ticket of that number.
fn answering(raw: &[u8], number: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(raw);
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let start = text.find("\nSubject:").unwrap() + 1;
    let mut end = start + text[start..].find('\n').unwrap() + 1;
    while text[end..].starts_with([' ', '\t']) {
        end += text[end..].find('\n').unwrap() + 1;
    }
    // Bytes before the end of the header are ASCII, so places are the same in both.
    let subject = format!("Subject: Re: =?utf-8?Q?=5B{number}=5D_Export_bloqu=C3=A9?={newline}");
    [&raw[..start], subject.as_bytes(), &raw[end..]].concat()
}

/// A ticket of whoever wrote the email; its number.
async fn asked_by(site: &Site, raw: &[u8]) -> String {
    let from = read(raw).from.unwrap();
    let request =
        Mail::from(&format!("\"{}\" <{}>", from.name, from.address)).subject("Export bloqué").text("L'export.");
    site.receive(&request).await;
    site.tickets().await.into_iter().map(|ticket| ticket.number).max().unwrap()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filled {
    fields: BTreeMap<String, Vec<String>>,
    absent: Vec<String>,
}

#[tokio::test]
async fn forms_are_read_as_people_fill_them() {
    const ASK: &str = "[queues.help]\nask = [\"name\", \"role\", \"phone\", \"establishment\", \"object\", \"population\", \"description\", \"url\"]\n";
    let site = Site::with(Database::Sqlite, ASK).await;
    let mut faults = Vec::new();
    for (case, raw) in cases::<Filled>("forms") {
        let email = read(&raw);
        let number = if case.reply {
            let number = asked_by(&site, &raw).await;
            site.put_bytes(&answering(&raw, &number));
            site.round().await;
            number
        } else {
            site.put_bytes(&raw);
            site.round().await;
            site.tickets().await.into_iter().map(|ticket| ticket.number).max().unwrap()
        };
        let ticket = site.ticket(&number).await;
        for (code, right) in &case.expect.fields {
            let found = ticket.fields.get(code).map(|value| plain(value)).unwrap_or_default();
            if !right.iter().any(|value| plain(value) == found) {
                faults.push(format!("{} {code}: {found:?}, right {right:?}", case.file));
            }
            if code == "object" && plain(&ticket.title) != found {
                faults.push(format!("{}: the title is {:?}", case.file, ticket.title));
            }
        }
        // The name beside the address is one, and a request's own words describe it.
        let name = email.from.map(|from| from.name).unwrap_or_default();
        let own = |code: &str, value: &String| (code == "name" && *value == name) || code == "description";
        for code in &case.expect.absent {
            if let Some(value) = ticket.fields.get(code).filter(|value| !own(code, value)) {
                faults.push(format!("{} {code}: {value:?}, none right", case.file));
            }
        }
    }
    no_faults(&faults);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Thanks {
    thanks: bool,
}

#[tokio::test]
async fn thanks_are_told_from_what_sounds_like_them() {
    let site = Site::new(Database::Sqlite).await;
    let mut faults = Vec::new();
    for (case, raw) in cases::<Thanks>("thanks") {
        let number = asked_by(&site, &raw).await;
        let notice = site.sink.to(MARIE).into_iter().rfind(|told| told.mail.subject.contains(&number)).unwrap();
        site.then(&Mail::reply(&notice.mail, MARIE, "#résoudre\nExport relancé.")).await;
        site.put_bytes(&answering(&raw, &number));
        site.round().await;
        let ticket = site.ticket(&number).await;
        if (ticket.status.as_str() == "resolved") != case.expect.thanks {
            faults.push(format!("{}: {}", case.file, ticket.status.as_str()));
        }
    }
    no_faults(&faults);
}
