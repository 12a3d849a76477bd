//! Emails that machines write (RFC 3834 and its relatives).
//!
//! Gives the reason when an email is automatic. Each rule here keeps two robots from answering each
//! other; each exception keeps a person from going unanswered.
//! `X-Auto-Response-Suppress` is no evidence: ordinary email from Exchange carries it.

use std::sync::LazyLock;

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::header::raw_value;
use super::language::phrases;
use super::{ParsedEmail, calendar, fold, text_part};

/// Why an email counts as written by a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Automatic {
    /// What sort of machine.
    pub kind: AutomaticKind,
    /// The evidence, as `Field: value`.
    pub reason: String,
}

/// Sorts of automatic mail: they differ in what the service desk does with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutomaticKind {
    /// An answer made by a machine (out of office, acknowledgement): never worth a ticket.
    Reply,
    /// A notice a machine sent automatically (monitoring, a newsletter): may open a ticket, is never answered.
    Notice,
    /// An email spread by a mailing list: a person may stand behind it; it is never answered automatically.
    List,
}

/// Fields whose mere presence says that a machine answered: vacation programs, cPanel, Gmail,
/// Zimbra, Lotus, responders of several makes.
const REPLY_FIELDS: [&str; 13] = [
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponse",
    "X-Autoresponder",
    "X-AutoReply-From",
    "X-Mail-Autoreply",
    "X-Auto-Reply",
    "X-Auto-Reply-From",
    "X-Auto-Response-From",
    "X-Zimbra-Auto-Reply",
    "X-Vacation",
    "X-OOF",
    "X-Lotus-AutoReply",
];

/// Fields whose presence says that a machine wrote of its own accord: ticket systems, trackers,
/// schedulers, bulk senders.
const NOTICE_FIELDS: [&str; 15] = [
    "X-FC-MachineGenerated",
    "X-OTRS-Loop",
    "X-RT-Loop-Prevention",
    "X-Zendesk-From-Account-Id",
    "X-JIRA-FingerPrint",
    "X-Redmine-Host",
    "X-Bugzilla-Reason",
    "X-GitHub-Reason",
    "X-GitLab-Project",
    "X-Roundup-Loop",
    "X-GLPI-Notification",
    "X-Zammad-Loop",
    "X-Cron-Env",
    "X-Amazon-Mail-Relay-Type",
    "X-No-Loop",
];

/// The first evidence found, strongest first.
pub(super) fn detect(message: &Message<'_>, mail: &ParsedEmail) -> Option<Automatic> {
    auto_submitted(message)
        .or_else(|| valued(message))
        .or_else(|| presence(message, &REPLY_FIELDS, AutomaticKind::Reply))
        .or_else(|| exchange_rule(message))
        .or_else(|| presence(message, &NOTICE_FIELDS, AutomaticKind::Notice))
        .or_else(|| mail.bounce.as_ref().map(|_| reply("delivery report")))
        .or_else(|| report(message))
        .or_else(|| complaint(message, mail))
        .or_else(|| calendar_response(message))
        .or_else(|| null_return_path(message))
        .or_else(|| list(message))
        .or_else(|| precedence(message))
        .or_else(|| machine_sender(mail))
        .or_else(|| automatic_subject(message, mail))
}

fn reply(reason: impl Into<String>) -> Automatic {
    Automatic { kind: AutomaticKind::Reply, reason: reason.into() }
}

fn notice(reason: impl Into<String>) -> Automatic {
    Automatic { kind: AutomaticKind::Notice, reason: reason.into() }
}

fn auto_submitted(message: &Message<'_>) -> Option<Automatic> {
    let value =
        ["Auto-Submitted", "X-Auto-Submitted", "X-AutoSubmitted"].iter().find_map(|name| raw_value(message, name))?;
    let word = value.split([';', ' ', '(']).next().unwrap_or_default().to_lowercase();
    match word.as_str() {
        "" | "no" => None,
        "auto-generated" | "auto-notified" => Some(notice(format!("Auto-Submitted: {value}"))),
        _ => Some(reply(format!("Auto-Submitted: {value}"))),
    }
}

fn presence(message: &Message<'_>, names: &[&str], kind: AutomaticKind) -> Option<Automatic> {
    names.iter().find_map(|name| {
        let value = raw_value(message, name)?;
        (!value.is_empty() && !value.eq_ignore_ascii_case("no"))
            .then(|| Automatic { kind, reason: format!("{name}: {value}") })
    })
}

/// A rule of Exchange wrote this. Rules also pass people's mail on, which does not ask for silence.
fn exchange_rule(message: &Message<'_>) -> Option<Automatic> {
    let value = raw_value(message, "X-MS-Exchange-Inbox-Rules-Loop")?;
    is_suppressing(message).then(|| reply(format!("X-MS-Exchange-Inbox-Rules-Loop: {value}")))
}

/// Read receipts, complaints and other reports (RFC 8098, RFC 5965, RFC 6522).
fn report(message: &Message<'_>) -> Option<Automatic> {
    let declares = |part: &MessagePart<'_>, kind: &str, subkind: &str| {
        part.content_type().is_some_and(|t| {
            t.ctype().eq_ignore_ascii_case(kind) && t.subtype().is_some_and(|s| s.eq_ignore_ascii_case(subkind))
        })
    };
    let reports = [("multipart", "report"), ("message", "feedback-report"), ("message", "disposition-notification")];
    let found = reports.iter().find(|(kind, subkind)| message.parts.iter().any(|p| declares(p, kind, subkind)))?;
    Some(reply(format!("Content-Type: {}/{}", found.0, found.1)))
}

/// Complaints of providers that send the email complained of and nothing else.
fn complaint(message: &Message<'_>, mail: &ParsedEmail) -> Option<Automatic> {
    let subject = fold(&mail.subject);
    let encloses = message.parts.iter().any(|p| matches!(p.body, PartType::Message(_)));
    let names = ["complaint about message from ", "abuse report", "email feedback report", "fw: abuse report"];
    (encloses && names.iter().any(|name| subject.starts_with(name)))
        .then(|| reply(format!("Subject: {}", mail.subject)))
}

/// An answer to an invitation (RFC 5546): a program wrote it when somebody pressed a button.
fn calendar_response(message: &Message<'_>) -> Option<Automatic> {
    let methods = message.parts.iter().enumerate().filter_map(|(at, part)| {
        let declared = part.content_type()?;
        let calendar = declared.subtype().is_some_and(|s| s.eq_ignore_ascii_case("calendar"));
        if !calendar {
            return None;
        }
        let named = declared.attribute("method").map(str::to_ascii_uppercase);
        named.or_else(|| calendar::method(&text_part::text_of(message, at)?))
    });
    let mut answers = methods.filter(|m| matches!(m.as_str(), "REPLY" | "COUNTER" | "REFRESH" | "DECLINECOUNTER"));
    answers.next().map(|method| reply(format!("Content-Type: text/calendar; method={method}")))
}

/// Fields of which only some values speak of a machine.
fn valued(message: &Message<'_>) -> Option<Automatic> {
    let tells: [(&str, &[&str]); 5] = [
        ("X-Autogenerated", &["reply"]),
        ("X-POST-MessageClass", &["9;", "autoresponder"]),
        ("Delivered-To", &["autoresponder"]),
        ("X-Mailer", &["vacation", "autorespon", "auto-respon"]),
        ("Preference", &["auto_reply"]),
    ];
    tells.iter().find_map(|(name, words)| {
        let value = raw_value(message, name)?;
        let folded = value.to_lowercase();
        words.iter().any(|w| folded.contains(w)).then(|| reply(format!("{name}: {value}")))
    })
}

fn null_return_path(message: &Message<'_>) -> Option<Automatic> {
    let value = raw_value(message, "Return-Path")?;
    (value.replace(' ', "") == "<>").then(|| reply("Return-Path: <>"))
}

fn list(message: &Message<'_>) -> Option<Automatic> {
    ["List-Id", "List-Unsubscribe", "List-Post", "Mailing-List"].iter().find_map(|name| {
        let value = raw_value(message, name).filter(|v| !v.is_empty())?;
        Some(Automatic { kind: AutomaticKind::List, reason: format!("{name}: {value}") })
    })
}

fn precedence(message: &Message<'_>) -> Option<Automatic> {
    let value = ["Precedence", "X-Precedence"].iter().find_map(|name| raw_value(message, name))?;
    let reason = format!("Precedence: {value}");
    match value.to_lowercase().as_str() {
        "auto_reply" | "auto-reply" => Some(reply(reason)),
        "bulk" | "junk" => Some(notice(reason)),
        "list" => Some(Automatic { kind: AutomaticKind::List, reason }),
        _ => None,
    }
}

/// Names no person signs with, alone or with something before or behind them.
fn machine_sender(mail: &ParsedEmail) -> Option<Automatic> {
    const NAMES: [&str; 20] = [
        "noreply",
        "no-reply",
        "no_reply",
        "no.reply",
        "donotreply",
        "do-not-reply",
        "do_not_reply",
        "dontreply",
        "ne-pas-repondre",
        "nepasrepondre",
        "ne_pas_repondre",
        "noresponse",
        "keine-antwort",
        "nicht-antworten",
        "no-contestar",
        "no-responder",
        "nao-responda",
        "non-rispondere",
        "niet-beantwoorden",
        "notreply",
    ];
    const WHOLE: [&str; 14] = [
        "mailer-daemon",
        "root",
        "nobody",
        "autoresponder",
        "autoreply",
        "auto-reply",
        "vacation",
        "nagios",
        "icinga",
        "zabbix",
        "monit",
        "munin",
        "alertmanager",
        "cron",
    ];
    let key = mail.from.as_ref()?.key();
    let local = key.split('@').next().unwrap_or_default();
    let joint = |c: char| !c.is_alphanumeric();
    let named = NAMES.iter().any(|name| {
        let before = local.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with(joint));
        let after = local.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(joint));
        before || after
    });
    // Somebody who answers is a person, whatever the account.
    let whole = WHOLE.contains(&local) && mail.in_reply_to.is_empty();
    (named || whole).then(|| notice(format!("From: {key}")))
}

/// Exchange asks not to be answered at all: in its automatic answers, and in notices.
fn is_suppressing(message: &Message<'_>) -> bool {
    raw_value(message, "X-Auto-Response-Suppress").is_some_and(|v| v.to_lowercase().contains("all"))
}

/// The phrases in the form they are compared in.
static ROBOT: LazyLock<Vec<String>> = LazyLock::new(|| phrases(|l| l.robot).map(fold).collect());
static AWAY: LazyLock<Vec<String>> = LazyLock::new(|| phrases(|l| l.away).map(fold).collect());
static CONFESSION: LazyLock<Vec<String>> = LazyLock::new(|| phrases(|l| l.confession).map(fold).collect());

/// A subject is weak evidence. "Automatic reply:" is written by programs alone; "Absence" also by a
/// parent, so it counts only where the email answers another.
fn automatic_subject(message: &Message<'_>, mail: &ParsedEmail) -> Option<Automatic> {
    let subject = fold(&mail.subject);
    let subject = subject.trim_start_matches(|c: char| !c.is_alphanumeric());
    let ends = |rest: &str| rest.trim_start().starts_with([':', '：']) || rest.trim().is_empty();
    let starts = |phrase: &str| {
        let rest = subject.strip_prefix(phrase)?;
        (!rest.starts_with(char::is_alphanumeric) || phrase.ends_with(':')).then_some(rest)
    };
    // A person writes about automatic replies; a program writes nothing else, or a colon.
    let robot = ROBOT.iter().any(|p| starts(p).is_some_and(|rest| p.ends_with(':') || ends(rest)));
    let colon = |rest: &str| rest.trim_start().starts_with([':', '：']);
    let template = AWAY.iter().any(|p| p.contains([' ', '\'']) && starts(p).is_some_and(colon));
    let away = AWAY.iter().any(|p| starts(p).is_some());
    let says_so = || {
        let named = AWAY.iter().chain(ROBOT.iter()).any(|p| p.contains(' ') && subject.contains(p.as_str()));
        named && (subject.starts_with("auto:") || subject.starts_with("auto :") || confesses(&mail.text))
    };
    let answers = !mail.in_reply_to.is_empty() || !mail.references.is_empty() || is_suppressing(message);
    let found = robot || template || (answers && away) || says_so();
    found.then(|| reply(format!("Subject: {}", mail.subject)))
}

/// Whether the email begins by saying that a program wrote it.
fn confesses(text: &str) -> bool {
    let start = fold(&text.chars().take(600).collect::<String>());
    CONFESSION.iter().any(|phrase| start.contains(phrase.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, parse};
    use super::*;

    fn kind(head: &str) -> Option<AutomaticKind> {
        let from = if head.starts_with("From:") { "" } else { "From: Ana <ana@example.org>\r\n" };
        let raw = format!("{from}{head}\r\n\r\nBonjour\r\n");
        let mail = parse(raw.as_bytes(), &Limits::default());
        mail.ok().and_then(|m| m.automatic).map(|a| a.kind)
    }

    #[test]
    fn machines_are_recognised_by_what_they_declare() {
        for head in [
            "Auto-Submitted: auto-replied",
            "Auto-Submitted: Auto-Replied (vacation)",
            "X-Autoreply: yes",
            "Precedence: auto_reply",
            "Return-Path: <>",
            "Subject: Réponse automatique : congés",
            "Subject: Out of Office AutoReply: Panne",
            "Subject: Abwesenheitsnotiz\r\nIn-Reply-To: <a@b.example>",
            "Subject: (Absence) en formation\r\nReferences: <a@b.example>",
            "X-Autogenerated: Reply",
            "Subject: Out of Office: Panne",
            "Subject: Absent(e) du bureau : Panne",
            "Subject: Fuori ufficio: Panne",
            "Subject: AUTO : Ana est absent(e) du bureau (retour 09/03)",
            "Subject: Absence : Ana\r\nX-Auto-Response-Suppress: All",
            "X-MS-Exchange-Inbox-Rules-Loop: ana@example.org\r\nX-Auto-Response-Suppress: All",
            "Content-Type: text/calendar; method=REPLY",
            "Subject: Автоматический ответ: Панель",
            "Content-Type: multipart/report; boundary=b",
        ] {
            assert_eq!(kind(head), Some(AutomaticKind::Reply), "{head}");
        }
        for head in [
            "Auto-Submitted: auto-generated",
            "Precedence: BULK",
            "X-OTRS-Loop: 1",
            "X-JIRA-FingerPrint: 1",
            "From: team-noreply@service.example",
            "From: keine-antwort@service.example",
            "From: nagios@mon.example",
        ] {
            assert_eq!(kind(head), Some(AutomaticKind::Notice), "{head}");
        }
        assert_eq!(kind("List-Id: <a.example>"), Some(AutomaticKind::List));
    }

    #[test]
    fn people_are_not_machines() {
        for head in [
            "Auto-Submitted: no",
            "X-Auto-Response-Suppress: DR, OOF, AutoReply",
            "Subject: Question sur la réponse automatique",
            "Precedence: normal",
            "Subject: Absence : mon fils est malade",
            "Subject: Out of office chairs",
            "X-MS-Exchange-Inbox-Rules-Loop: ana@example.org",
            "X-Autogenerated: Forward",
            "Content-Type: text/calendar; method=REQUEST",
            "X-Mailer: Microsoft Outlook 16.0",
            "X-MS-Exchange-Organization-SCL: 1",
            "From: noreplyson@family.example",
            "From: Jean (postmaster) <postmaster@college.example>",
            "From: root@college.example\r\nIn-Reply-To: <a@b.example>",
            "Subject: Automatic reply not working",
            "Subject: Réponse automatique à configurer",
            "Feedback-ID: 1.eu-west-1.x:AmazonSES",
            "List-Id: ",
            "Return-Path: <ana@example.org>",
        ] {
            assert_eq!(kind(head), None, "{head}");
        }
    }
}
