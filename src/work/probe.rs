//! The probe that finds out whether a queue's address takes sub-addresses.
//!
//! `check` sends a mail to `support+probe-…@…`; when it arrives, `process` notes that signed reply
//! addresses work there, and queues with `reply_to = "auto"` use them from then on.

use lettre::Message;
use lettre::message::Mailbox;
use tokio_util::sync::CancellationToken;

use crate::edge::smtp::{Smtp, SmtpTrouble};
use crate::ticket::{Queue, Secret};

/// Sends the probe of a queue.
///
/// # Errors
/// [`SmtpTrouble`].
pub async fn send(smtp: &mut Smtp, queue: &Queue, secret: &Secret) -> Result<(), SmtpTrouble> {
    let word = secret.probe(&queue.name);
    let to = queue.address.replacen('@', &format!("+{word}@"), 1);
    let bytes = letter(&queue.address, &to).map_err(|e| SmtpTrouble::unsendable(e.to_string()))?;
    smtp.send(&queue.address, &to, &bytes, &CancellationToken::new()).await
}

fn letter(from: &str, to: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mail = Message::builder()
        .from(Mailbox::new(None, from.parse()?))
        .to(Mailbox::new(None, to.parse()?))
        .subject("guichet: does this address take sub-addresses?")
        .message_id(None)
        .raw_header(lettre::message::header::HeaderValue::new(
            lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .body("This mail was sent by `guichet check` and needs no answer.\n".to_owned())?;
    Ok(mail.formatted())
}
