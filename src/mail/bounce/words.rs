//! Reports in free text: what mail systems without RFC 3464 write.
//!
//! They differ in every word but not in their shape: a mail system writes that something was not
//! delivered, names the recipient at the head of a line or after a few known words, quotes the
//! refusing server, and appends the original. What stands above the original is read.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::super::address::{key, looks_like_address};
use super::super::header::raw_value;
use super::super::language::phrases;
use super::super::pattern::{Pattern, compile};
use super::super::{ParsedEmail, fold};
use super::Bounce;
use mail_parser::{Message, PartType};

/// Most recipients that are taken from one report.
const RECIPIENTS: usize = 200;

/// Subjects of reports, folded, at their start.
static SUBJECT: Pattern = LazyLock::new(|| {
    compile(
        r"^(?:re: |\[[^\]]*\] ?)?(?:undeliver|undelivered|returned? mail|returned to sender|return(?:ed)? (?:mail|message|to)|mail (?:delivery|system error|could not|failure|not delivered)|delivery (?:status|failure|failed|problem|report|notification|error|has failed)|message delivery|failure (?:notice|notification|delivery|delivering)|failed mail|(?:permanent )?delivery failure|non[- ]?remis|non[- ]?delivered|non[- ]?delivery|non distribu|echec (?:de )?(?:la )?(?:remise|distribution|livraison)|message non (?:remis|distribu|livr)|avis de non[- ]?(?:remise|distribution)|unzustellbar|nicht zustellbar|mail delivery|there was an error sending your mail|warning: (?:message|could not send|e?mail)|could not deliver|unable to deliver|no se puede entregar|mancata consegna|onbestelbaar|nao foi possivel entregar|error sending|your (?:message|e?mail) (?:could not|cannot|was not)|rejected mail|dsn:|delay(?:ed)? mail|notification d.etat de remise|nondeliverable|mail error|email (?:delivery|could not)|\*\*message you sent blocked|bounced? (?:mail|message|email))",
    )
});

/// Sentences of reports, folded.
static BODY: Pattern = LazyLock::new(|| {
    compile(
        r"(?:could not be delivered|couldn'?t be delivered|cannot be delivered|not be delivered|was not delivered|unable to deliver|undeliverable|wasn'?t able to deliver|delivery (?:to the following|has failed|failed|error|failure|problem)|did not reach|did not like our|permanent(?: fatal)? error|fatal errors|error (?:delivering|occurred while)|user unknown|recipient.{0,40}(?:rejected|not found|unknown)|had delivery (?:problems|errors)|trouble delivering|mailbox (?:full|exceeds|unavailable|is full)|message (?:was )?(?:rejected|returned)|returned to (?:you|sender)|failure reasons|no valid recipients|n.a pas pu etre (?:remis|distribu|livr)|impossible de (?:remettre|distribuer)|konnte nicht zugestellt|no se ha podido entregar|non e stato possibile|the following address|will be retried|still trying)",
    )
});

/// Lines that open the original.
static ORIGINAL: Pattern = LazyLock::new(|| {
    compile(
        r"(?i)(?:this is a copy of|below is a copy|below this line|included is a copy|copy of the (?:original )?message|^[ >*#-]*(?:the )?original message(?: headers?| text| follows?|:|[ -]*$)|returned message|message headers? follow|undelivered message|unsent message|message contents follow|your message (?:follows|was:)|^\s*(?:received|return-path|dkim-signature|x-originating-ip)\s*:)",
    )
});

/// A recipient at the head of a line.
static HEAD: Pattern = LazyLock::new(|| {
    compile(
        r#"(?m)^[ \t>*•-]*(?:smtp;|rfc822;)?<?([^\s<>()\[\],;:"']+@[^\s<>()\[\],;:"']+)>?[ \t]*(?::|$|\[|\(|\.\.\.|on |[A-Z<])"#,
    )
});

/// A recipient after words that announce one.
static NAMED: Pattern = LazyLock::new(|| {
    compile(
        r#"(?i)(?-u:\b)(?:rcpt to|recipients?(?: address)?|to|mail to|message to|address|delivered to|user|mailbox|size|unknown|for|mailto)(?:\s*:\s*<?|\s*<|\s+)([^\s<>()\[\],;:"']+@[^\s<>()\[\],;:"']+)>?"#,
    )
});

/// The recipient in the header of the original.
static ORIGINAL_TO: Pattern =
    LazyLock::new(|| compile(r#"(?mi)^[> ]*to:[^\n]*?([^\s<>()\[\],;:"']+@[^\s<>()\[\],;:"']+)"#));

/// Any address.
static ANY: Pattern =
    LazyLock::new(|| compile(r#"([A-Za-z0-9._%+=/!#$&'*?^`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"#));

/// An enhanced status code (RFC 3463), not part of an address of the Internet protocol.
static STATUS: Pattern = LazyLock::new(|| compile(r"(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?:$|[^\d.]|\.(?:\s|$))"));

/// A line that quotes the refusing server.
static REPLY: Pattern = LazyLock::new(|| compile(r"(?m)^(?:.*[^\d.\n])?[45]\d\d[ :-].*$"));

/// A line that names the reason.
static REASON: Pattern = LazyLock::new(|| {
    compile(
        r"(?im)^[ \t*-]*(?:reason|raison|cause|grund|ursache|motivo|diagnos\w*|an address is undeliverable|because)\s*:[ \t]*(\S.{3,})$",
    )
});

/// What only says that delivery takes longer, folded.
static DELAY: Pattern = LazyLock::new(|| {
    compile(
        r"(?:has been delayed|is delayed|est (?:retardee|differee)|delivery attempts will continue|wird verzogert|warning message only|this is a warning|will be retried|still trying|not yet been delivered|delivery delayed|delayed mail|has not yet been)",
    )
});

/// Reads a free-text report, if this is one.
pub(super) fn detect(message: &Message<'_>, mail: &ParsedEmail, text: &str) -> Option<Bounce> {
    let announced = raw_value(message, "X-Failed-Recipients");
    let declared = raw_value(message, "X-MS-Exchange-Message-Is-Ndr").is_some();
    let (daemon, null) = (from_system(message, mail), returns_to_nobody(message));
    // Nearly every email is none: it is let go before its words are looked at.
    let automatic = is_automatic(message);
    let returned = !daemon && !null && returns_own(message, mail);
    if announced.is_none() && !daemon && !null && !declared && !returned && !automatic {
        return None;
    }
    let folded: String = fold(&text.chars().take(4_000).collect::<String>());
    let says = |pattern: &Pattern, text: &str| pattern.is_match(text);
    let subject = says(&SUBJECT, &fold(&mail.subject));
    let above = above_original(text);
    let local = || {
        let words = format!("{} {folded}", fold(&mail.subject));
        UNDELIVERED.iter().any(|phrase| words.contains(phrase.as_str())) || is_coded(&above, mail)
    };
    // Reports about a night's spam are none about an email of ours.
    if is_digest(&fold(&mail.subject)) {
        return None;
    }
    let worded = (automatic && says(&BODY, &folded) && is_coded(&above, mail))
        || (returned && subject && says(&BODY, &folded))
        || (daemon && (subject || says(&BODY, &folded)))
        || (null && subject);
    if announced.is_none() && !declared && !worded && !((daemon || null) && local()) {
        return None;
    }
    Some(Bounce {
        recipients: recipients(announced.as_deref(), &above, text, mail),
        status: first(&STATUS, &above),
        diagnostic: diagnostic(&above),
        delayed: says(&DELAY, &folded),
        original_id: None,
        certain: false,
    })
}

/// Phrases of the languages, in the form they are compared in.
static UNDELIVERED: LazyLock<Vec<String>> = LazyLock::new(|| phrases(|l| l.undelivered).map(fold).collect());

/// Whether a mail system speaks in codes, whatever its language: an enhanced status of trouble and an
/// address that is not of this conversation.
fn is_coded(above: &str, mail: &ParsedEmail) -> bool {
    let own: BTreeSet<String> = mail.to.iter().chain(&mail.from).map(|a| a.key()).collect();
    let trouble = first(&STATUS, above).is_some_and(|code| !code.starts_with('2'));
    trouble && !addresses(&ANY, above, &own).is_empty()
}

/// Whether no person can have sent this: a machine's return path, declaration or name.
pub(super) fn is_certain(message: &Message<'_>, mail: &ParsedEmail) -> bool {
    let local = mail.from.as_ref().map(|a| key(&a.address)).unwrap_or_default();
    let local = local.split('@').next().unwrap_or_default();
    let declared =
        ["X-Failed-Recipients", "X-MS-Exchange-Message-Is-Ndr"].iter().any(|n| raw_value(message, n).is_some());
    declared
        || is_automatic(message)
        || returns_to_nobody(message)
        || mail.from.is_none()
        || ["mailer-daemon", "mailerdaemon", "mdaemon", "microsoftexchange"].iter().any(|n| local.starts_with(n))
}

/// Whether it says of itself that a program wrote it (RFC 3834).
fn is_automatic(message: &Message<'_>) -> bool {
    raw_value(message, "Auto-Submitted").is_some_and(|value| !value.to_lowercase().starts_with("no"))
}

/// Whether a subject, folded, is that of a list of what was kept back.
fn is_digest(subject: &str) -> bool {
    ["quarantaine", "quarantine", "spam digest", "spam report", "messages bloques"]
        .iter()
        .any(|word| subject.contains(word))
}

/// The words of a refusal, where no field holds them.
pub(super) fn diagnostic_in(text: &str) -> Option<String> {
    diagnostic(&above_original(text))
}

/// Recipients that a report with no machine-readable part names.
pub(super) fn recipients_in(text: &str, mail: &ParsedEmail) -> Vec<String> {
    recipients(None, &above_original(text), text, mail)
}

/// The reporting system's own code is often a general one: `x.y.0`, "other", or 4.4.7, "it took too
/// long". The refusing server's words then say more.
pub(super) fn more_exact(status: Option<String>, diagnostic: Option<&str>, text: &str) -> Option<String> {
    let general = |code: &str| code.ends_with(".0") || code == "4.4.7";
    let class = status.as_ref().map(|s| s.chars().next());
    if !status.as_deref().is_none_or(general) {
        return status;
    }
    let above = above_original(text);
    // A report with a diagnosis has said what it knows, unless that is only that time ran out.
    let above = if diagnostic.is_none() || status.as_deref() == Some("4.4.7") { above.as_str() } else { "" };
    let quoted = [diagnostic.unwrap_or_default(), above].into_iter().find_map(|text| {
        let mut codes = STATUS.captures_iter(text).take(50).map(|hit| hit[1].to_owned());
        codes.find(|code| !general(code) && class.is_none_or(|c| c == code.chars().next()))
    });
    quoted.or(status).or_else(|| first(&STATUS, diagnostic?))
}

/// The alias that was written to, as Sendmail names it.
pub(super) fn expanded_from(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("(expanded from:")?;
    let (inside, _) = rest.split_once(')')?;
    let address = inside.trim().trim_matches(['<', '>']).to_owned();
    looks_like_address(&address).then_some(address)
}

/// The original mail, or as much of it as the report appends to its text.
pub(super) fn original(text: &str) -> &str {
    let above = above_original(text);
    text.get(above.len()..).unwrap_or_default()
}

/// Written by the mail system itself.
pub(super) fn from_system(message: &Message<'_>, mail: &ParsedEmail) -> bool {
    let from = raw_value(message, "From").unwrap_or_default().to_lowercase();
    let local = mail.from.as_ref().map(|a| key(&a.address)).unwrap_or_default();
    let local = local.split('@').next().unwrap_or_default();
    let names = [
        "mailer-daemon",
        "mail-daemon",
        "mail delivery",
        "mail deliver system",
        "mail.delivery",
        "mailer daemon",
        "postmaster",
        "mail administrator",
        "mdaemon",
        "delivery subsystem",
        "system administrator",
        "maildelivery",
        "mail-delivery",
        "delivery notification",
        "delivery report",
        "internet mail delivery",
        "mail router",
        "mail server",
        "email system",
        "e-mail system",
        "mailadmin",
        "microsoft exchange",
        "network mail",
        "mailer@",
        // Exchange signs its reports with a number of its own.
        "<microsoftexchange",
        "<system-",
    ];
    from.trim() == "<>"
        || names.iter().any(|name| from.contains(name))
        || matches!(local, "postmaster" | "mailer-daemon" | "mailerdaemon" | "mdaemon")
}

/// Whether it encloses an email of the very address it was sent to, as hosted services do under a name of their own.
pub(super) fn returns_own(message: &Message<'_>, mail: &ParsedEmail) -> bool {
    message.parts.iter().any(|part| match &part.body {
        PartType::Message(inner) => {
            let author = inner.from().and_then(|from| from.first()).and_then(|from| from.address.as_deref());
            author.is_some_and(|author| mail.to.iter().any(|to| to.key() == key(author)))
        }
        _ => false,
    })
}

pub(super) fn returns_to_nobody(message: &Message<'_>) -> bool {
    raw_value(message, "Return-Path").is_some_and(|value| {
        let value = value.replace(' ', "").to_lowercase();
        value == "<>" || value.contains("mailer-daemon")
    })
}

/// The lines before the original; all of them when it opens at once.
pub(super) fn above_original(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let opens = |line: &&str| ORIGINAL.is_match(line);
    let end = lines.iter().enumerate().skip(2).find(|(_, line)| opens(line)).map_or(lines.len(), |(at, _)| at);
    lines[..end].join("\n")
}

fn recipients(announced: Option<&str>, above: &str, whole: &str, mail: &ParsedEmail) -> Vec<String> {
    if let Some(list) = announced {
        let named = list.split([',', ' ']).map(str::trim).filter(|a| looks_like_address(a));
        let found: Vec<String> = named.take(RECIPIENTS).map(ToOwned::to_owned).collect();
        if !found.is_empty() {
            return found;
        }
    }
    let own: BTreeSet<String> = mail.to.iter().chain(&mail.from).map(|a| a.key()).collect();
    let found = addresses(&HEAD, above, &own);
    if !found.is_empty() {
        return found;
    }
    for pattern in [&NAMED, &ANY] {
        let mut found = addresses(pattern, above, &own);
        found.retain(|address| !is_for_help(address));
        if !found.is_empty() {
            return found;
        }
    }
    // The report names nobody: the original was written to somebody.
    let found = addresses(&ORIGINAL_TO, whole, &own);
    if !found.is_empty() {
        return found;
    }
    let mut found = addresses(&NAMED, whole, &own);
    found.retain(|address| !is_for_help(address));
    found
}

/// Addresses of the kind that a report explains itself with, for one that names no other.
pub(super) fn named_for_help(text: &str, mail: &ParsedEmail) -> Vec<String> {
    let above = above_original(text);
    let own: BTreeSet<String> = mail.to.iter().chain(&mail.from).map(|a| a.key()).collect();
    let found = addresses(&NAMED, &above, &own);
    if found.is_empty() { addresses(&ANY, &above, &own) } else { found }
}

/// Whether an address is one that reports name for questions and complaints.
fn is_for_help(address: &str) -> bool {
    const WORDS: [&str; 18] = [
        "abuse",
        "antispam",
        "assist",
        "contact",
        "feedback",
        "help",
        "hostmaster",
        "hotline",
        "listmaster",
        "no-reply",
        "noreply",
        "owner",
        "postmaster",
        "report",
        "-request",
        "security",
        "support",
        "webmaster",
    ];
    let local = address.split('@').next().unwrap_or_default().to_lowercase();
    WORDS.iter().any(|word| local.contains(word))
}

fn addresses(pattern: &Pattern, text: &str, own: &BTreeSet<String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for hit in pattern.captures_iter(text).take(200) {
        let Some(whole) = hit.get(1) else { continue };
        // Scripts without spaces put their brackets and words beside it.
        let hit = hit[1].trim_matches(|c: char| !c.is_ascii());
        let hit =
            hit.rsplit(['（', '：', '「']).next().unwrap_or(hit).split(['）', '，', '。', '」']).next().unwrap_or(hit);
        let address = hit.trim_matches(|c: char| ".'\"<>;".contains(c)).to_owned();
        let local = address.split('@').next().unwrap_or_default().to_lowercase();
        let system = matches!(local.as_str(), "postmaster" | "mailer-daemon");
        let line = &text[text[..whole.start()].rfind('\n').map_or(0, |at| at + 1)..whole.start()];
        let id = ["message-id", "message id", "identifi"].iter().any(|word| fold(line).contains(word));
        let usable = looks_like_address(&address) && !id && !system && !own.contains(&key(&address));
        if usable && !found.iter().any(|f| key(f) == key(&address)) {
            found.push(address);
        }
    }
    found
}

fn first(pattern: &Pattern, text: &str) -> Option<String> {
    Some(pattern.captures(text)?[1].to_owned())
}

fn diagnostic(above: &str) -> Option<String> {
    let quoted = REPLY.find(above).map(|m| m.as_str().trim().to_owned());
    let reason = || {
        let found = REASON.captures(above)?;
        Some(found[1].trim().to_owned())
    };
    let after_recipient = || {
        let at = HEAD.find(above)?;
        // The rest of its line, then the next one that says something.
        let rest = above[at.end()..].lines().map(str::trim);
        let telling = |line: &&str| line.len() > 3 && !line.ends_with(':') && !line.starts_with("on ");
        let ahead = usize::from(at.as_str().trim_end().ends_with("on"));
        rest.skip(ahead).find(telling).map(|line| line.trim_matches(['(', ')', '[', ']']).to_owned())
    };
    quoted.or_else(reason).or_else(after_recipient)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Limits, parse};

    fn bounce(head: &str, body: &str) -> Option<super::Bounce> {
        let raw = format!(
            "{head}To: <writer@desk.example>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{body}"
        );
        parse(raw.replace('\n', "\r\n").as_bytes(), &Limits::default()).ok().and_then(|m| m.bounce)
    }

    #[test]
    fn reports_of_several_systems_are_read() {
        let cases = [
            (
                "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n",
                "Hi. This is the mailer.\nI wasn't able to deliver your message.\n\n<ana@college.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 no such user\n\n--- Below this line is a copy of the message.\n\nTo: other@x.example\n",
                Some("5.1.1"),
            ),
            (
                "From: Mail Delivery System <postmaster@mx.example>\nSubject: Undelivered Mail Returned to Sender\n",
                "The email could not be delivered:\n\n  ana@college.example\n    mailbox full\n",
                Some("5.2.2"),
            ),
            (
                "From: MAILER-DAEMON <>\nSubject: Mail delivery failed\n",
                "There was an error delivering your mail to <ana@college.example>.\n\nmx [192.0.2.25] did not like our RCPT TO:\n550 5.7.26 refused\n\nMessage headers follow.\n",
                Some("5.7.26"),
            ),
            (
                "Return-Path: <>\nFrom: sysadmin@mx.example\nSubject: Message non remis\n",
                "Le message n'a pas pu être remis à ana@college.example\n",
                None,
            ),
        ];
        for (head, body, status) in cases {
            let found = bounce(head, body).unwrap_or_else(|| panic!("no bounce: {head}"));
            assert_eq!(found.recipients, ["ana@college.example"], "{head}");
            assert_eq!(found.status.as_deref(), status, "{head}");
        }
    }

    #[test]
    fn a_warning_is_told_from_a_failure() {
        let body = "THIS IS A WARNING MESSAGE ONLY.\nDelivery to the following recipient has been delayed:\n\n  ana@college.example\n";
        assert!(
            bounce("From: MAILER-DAEMON@mx.example\nSubject: Delivery Status Notification (Delay)\n", body)
                .is_some_and(|b| b.delayed)
        );
    }

    #[test]
    fn a_person_who_writes_about_bounces_is_no_bounce() {
        assert_eq!(
            bounce(
                "From: ana@college.example\nReturn-Path: <ana@college.example>\nSubject: Undeliverable emails\n",
                "They could not be delivered: bob@college.example\n"
            ),
            None
        );
        assert_eq!(
            bounce("From: postmaster@college.example\nSubject: Nouvelle adresse\n", "Bonjour, notre adresse change.\n"),
            None
        );
    }
}
