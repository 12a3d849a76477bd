//! The probes that find out whether a queue's address takes sub-addresses, and whether a mailbox's server takes away what others
//! write in its name.
//!
//! `check` sends an email to `support+probe-…@…`; when it arrives, `process` notes that signed reply
//! addresses work there, and queues with `reply_to = "auto"` use them from then on.

use lettre::Message;
use lettre::message::Mailbox;
use tokio_util::sync::CancellationToken;

use crate::edge::smtp::{Smtp, SmtpTrouble};
use crate::ticket::{ForeignResults, Probe, Queue, Secret};

/// Sends the probe of a queue.
pub async fn send(smtp: &mut Smtp, queue: &Queue, secret: &Secret) -> Result<(), SmtpTrouble> {
    let word = secret.probe(&queue.name);
    let to = queue.address.replacen('@', &format!("+{word}@"), 1);
    let subject = "guichet: does this address take sub-addresses?";
    let bytes = notification(&queue.address, &to, subject, None).map_err(|e| SmtpTrouble::unsendable(e.to_string()))?;
    smtp.send(&queue.address, &to, &bytes, &CancellationToken::new()).await
}

/// Sends an email with an `Authentication-Results` field in the name of the mailbox's server: it should come back without.
pub(crate) async fn send_results(
    smtp: &mut Smtp,
    queue: &Queue,
    mailbox: &str,
    server: &str,
    secret: &Secret,
) -> Result<(), SmtpTrouble> {
    let subject =
        format!("guichet: does the server take foreign results away? {}", secret.probe(&Probe::of_results(mailbox)));
    let field = format!("{server}; dmarc=pass header.from={}", ForeignResults::DOMAIN);
    let made = notification(&queue.address, &queue.address, &subject, Some(field));
    let bytes = made.map_err(|e| SmtpTrouble::unsendable(e.to_string()))?;
    smtp.send(&queue.address, &queue.address, &bytes, &CancellationToken::new()).await
}

fn notification(
    from: &str,
    to: &str,
    subject: &str,
    results: Option<String>,
) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let field = |name: &'static str, value: String| {
        lettre::message::header::HeaderValue::new(lettre::message::header::HeaderName::new_from_ascii_str(name), value)
    };
    let mut mail = Message::builder()
        .from(Mailbox::new(None, from.parse()?))
        .to(Mailbox::new(None, to.parse()?))
        .subject(subject)
        .message_id(None)
        .raw_header(field("Auto-Submitted", "auto-generated".to_owned()));
    if let Some(results) = results {
        mail = mail.raw_header(field("Authentication-Results", results));
    }
    let mail = mail.body("This email was sent by `guichet check` and needs no answer.\n".to_owned())?;
    Ok(mail.formatted())
}
