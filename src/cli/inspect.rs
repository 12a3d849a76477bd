//! `inspect`: what the mail reader makes of files, without store or configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::show;
use crate::mail::{self, Attachment, FileRole, Limits, ParsedEmail};
use crate::trouble::{Trouble, exit};

#[derive(Serialize)]
struct Report<'a> {
    file: String,
    message_id: Option<&'a str>,
    subject: &'a str,
    from: Option<&'a str>,
    to: Vec<&'a str>,
    cc: Vec<&'a str>,
    text: &'a str,
    reply_text: &'a str,
    is_auto: bool,
    auto_reason: Option<&'a str>,
    is_bounce: bool,
    bounced_recipients: Vec<&'a str>,
    status: Option<&'a str>,
    diagnostic: Option<&'a str>,
    attachments: Vec<File<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protection: Option<mail::Protection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded_from: Option<&'a str>,
    in_reply_to: Option<&'a str>,
    references: Vec<&'a str>,
    defects: Vec<&'a str>,
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    media_type: &'a str,
    size: u64,
    sha256: &'a str,
    role: FileRole,
}

/// Every file, in the order given, folders in name order. A file that cannot be read is said and
/// does not stop the rest.
pub(super) fn run(paths: &[PathBuf], json: bool) -> Result<ExitCode, Trouble> {
    let mut failed = false;
    for path in paths {
        for file in files(path)? {
            match fs::read(&file) {
                Ok(raw) => inspect(&file, &raw, json)?,
                Err(error) => {
                    failed = true;
                    eprintln!("guichet: {}: {error}", show::one_line(&file.display().to_string()));
                }
            }
        }
    }
    Ok(if failed { ExitCode::from(exit::INPUT) } else { ExitCode::SUCCESS })
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Trouble> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let unreadable = |e: std::io::Error| Trouble::Input(format!("{}: {e}", path.display()));
    let entries = fs::read_dir(path).map_err(unreadable)?;
    let mut found: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_file()).collect();
    found.sort();
    Ok(found)
}

fn inspect(file: &Path, raw: &[u8], json: bool) -> Result<(), Trouble> {
    let (mail, held) = match mail::parse(raw, &Limits::default()) {
        Ok(mail) => (mail, None),
        Err(reason) => (ParsedEmail::default(), Some(format!("held: {reason}"))),
    };
    let report = report(file, &mail, held.as_deref());
    if json {
        let line = serde_json::to_string(&report).map_err(|e| Trouble::Bug(e.to_string()))?;
        println!("{}", show::escaped(&line));
    } else {
        print(&report);
    }
    Ok(())
}

fn report<'a>(file: &Path, mail: &'a ParsedEmail, held: Option<&'a str>) -> Report<'a> {
    let bounce = mail.bounce.as_ref();
    let addresses = |list: &'a [mail::Address]| list.iter().map(|a| a.address.as_str()).collect();
    Report {
        file: file.display().to_string(),
        message_id: mail.message_id.as_deref(),
        subject: &mail.subject,
        from: mail.from.as_ref().map(|a| a.address.as_str()),
        to: addresses(&mail.to),
        cc: addresses(&mail.cc),
        text: &mail.text,
        reply_text: mail.own_words.as_deref().unwrap_or(&mail.reply_text),
        is_auto: mail.automatic.is_some(),
        auto_reason: mail.automatic.as_ref().map(|a| a.reason.as_str()),
        is_bounce: bounce.is_some(),
        bounced_recipients: bounce.map(|b| b.recipients.iter().map(String::as_str).collect()).unwrap_or_default(),
        status: bounce.and_then(|b| b.status.as_deref()),
        diagnostic: bounce.and_then(|b| b.diagnostic.as_deref()),
        attachments: mail.attachments.iter().map(describe).collect(),
        protection: mail.protection,
        forwarded_from: mail.forwarded.as_ref().map(|f| f.from.address.as_str()),
        in_reply_to: mail.in_reply_to.first().map(String::as_str),
        references: mail.references.iter().map(String::as_str).collect(),
        defects: held.into_iter().chain(mail.defects.iter().map(String::as_str)).collect(),
    }
}

fn describe(attachment: &Attachment) -> File<'_> {
    File {
        name: &attachment.name,
        media_type: &attachment.media_type,
        size: attachment.size,
        sha256: &attachment.sha256,
        role: attachment.role,
    }
}

fn print(report: &Report<'_>) {
    println!("── {}", show::one_line(&report.file));
    let line = |name: &str, value: &str| {
        if !value.is_empty() {
            println!("{name:<13}{}", show::one_line(value));
        }
    };
    line("From", report.from.unwrap_or_default());
    line("To", &report.to.join(", "));
    line("Subject", report.subject);
    line("Message-ID", report.message_id.unwrap_or_default());
    line("Answers", report.in_reply_to.unwrap_or_default());
    line("Automatic", report.auto_reason.unwrap_or_default());
    if report.is_bounce {
        let what = format!(
            "{} {} {}",
            report.bounced_recipients.join(", "),
            report.status.unwrap_or_default(),
            report.diagnostic.unwrap_or_default()
        );
        line("Bounce", &what);
    }
    line("Passes on", report.forwarded_from.unwrap_or_default());
    line(
        "Protection",
        match report.protection {
            Some(mail::Protection::Signed) => "signed",
            Some(mail::Protection::Encrypted) => "encrypted: its text cannot be read here",
            None => "",
        },
    );
    for file in &report.attachments {
        line("Attachment", &format!("{} ({}, {} bytes)", file.name, file.media_type, file.size));
    }
    for defect in &report.defects {
        line("Defect", defect);
    }
    println!("\n{}\n", show::printable(report.reply_text));
}
