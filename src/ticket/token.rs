//! Signed tokens: how a reply proves which notification it answers.
//!
//! Each notification's Message-ID and reply address carry one. It names ticket and notification and holds an
//! HMAC-SHA-256 (RFC 2104), cut to 96 bits, over both and the recipient's address, so a token
//! proves to whom the notification was written. Base32 in lower case survives systems that fold case.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::ids::About;

const NOTIFICATION_BYTES: usize = 5;
const MAC_BYTES: usize = 12;

/// The service desk's key. It never leaves the store.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A key from its bytes, which should be 32 random ones.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    fn digest(&self, purpose: &str, parts: &[&[u8]]) -> Vec<u8> {
        // HMAC takes keys of any length, so this cannot fail; without a key nothing verifies.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return Vec::new();
        };
        mac.update(purpose.as_bytes());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }

    /// The word `check` puts into the sub-address of its probe to a queue.
    #[must_use]
    pub fn probe(&self, queue: &str) -> String {
        let digest = self.digest("guichet probe", &[queue.as_bytes()]);
        let short = digest.get(..MAC_BYTES).unwrap_or_default();
        format!("probe-{}", BASE32_NOPAD.encode(short).to_lowercase())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A token as read from an email, not yet believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What the notification is about.
    pub about: About,
    notification: [u8; NOTIFICATION_BYTES],
    mac: [u8; MAC_BYTES],
}

impl Token {
    /// The token of the notification with this once-key, to this recipient.
    #[must_use]
    pub(crate) fn issue(secret: &Secret, about: About, once_key: &str, recipient: &str) -> Self {
        let digest = secret.digest("guichet notification name", &[once_key.as_bytes()]);
        let mut notification = [0; NOTIFICATION_BYTES];
        for (to, from) in notification.iter_mut().zip(&digest) {
            *to = *from;
        }
        let mac = mac(secret, about, notification, recipient);
        Self { about, notification, mac }
    }

    /// Whether this token was issued to that recipient (an address key).
    #[must_use]
    pub(crate) fn is_for(&self, secret: &Secret, recipient: &str) -> bool {
        let expected = mac(secret, self.about, self.notification, recipient);
        expected.ct_eq(&self.mac).into()
    }

    /// The token as text: lower-case letters and digits.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(NOTIFICATION_BYTES + MAC_BYTES + 8);
        bytes.extend_from_slice(&self.notification);
        bytes.extend_from_slice(&self.mac);
        let ticket = self.about.number().to_be_bytes();
        let first = ticket.iter().position(|b| *b != 0).unwrap_or(7);
        bytes.extend_from_slice(&ticket[first..]);
        BASE32_NOPAD.encode(&bytes).to_lowercase()
    }

    /// The Message-ID of the notification, without brackets.
    #[must_use]
    pub fn message_id(&self, domain: &str) -> String {
        format!("gt.{}@{domain}", self.text())
    }

    /// The reply address of the notification: the support address with the token as detail.
    #[must_use]
    pub(crate) fn reply_address(&self, support: &str) -> String {
        match support.split_once('@') {
            Some((local, domain)) => format!("{local}+{}@{domain}", self.text()),
            None => support.to_owned(),
        }
    }

    /// Reads [`Token::text`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE32_NOPAD.decode(text.to_uppercase().as_bytes()).ok()?;
        let (notification, rest) = bytes.split_first_chunk::<NOTIFICATION_BYTES>()?;
        let (mac, ticket) = rest.split_first_chunk::<MAC_BYTES>()?;
        if ticket.is_empty() || ticket.len() > 8 {
            return None;
        }
        let ticket = ticket.iter().try_fold(0i64, |sum, b| sum.checked_mul(256)?.checked_add(i64::from(*b)))?;
        Some(Self { about: About::of_number(ticket), notification: *notification, mac: *mac })
    }

    /// The token in a Message-ID made by [`Token::message_id`], whatever the domain.
    #[must_use]
    pub fn in_message_id(id: &str) -> Option<Self> {
        let local = id.split('@').next()?;
        // Case is folded by some systems; the prefix is compared without it.
        let text = local.get(3..).filter(|_| local[..3].eq_ignore_ascii_case("gt."))?;
        Self::parse(text)
    }

    /// The token in a reply address made by [`Token::reply_address`].
    #[must_use]
    pub fn in_address(address: &str) -> Option<Self> {
        let (local, _) = address.split_once('@')?;
        let (_, detail) = local.split_once('+')?;
        Self::parse(detail)
    }
}

fn mac(secret: &Secret, about: About, notification: [u8; NOTIFICATION_BYTES], recipient: &str) -> [u8; MAC_BYTES] {
    let ticket = about.number().to_be_bytes();
    let digest = secret.digest("guichet notification", &[&ticket, &notification, recipient.as_bytes()]);
    let mut mac = [0; MAC_BYTES];
    for (to, from) in mac.iter_mut().zip(&digest) {
        *to = *from;
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new(vec![7; 32])
    }

    fn token() -> Token {
        Token::issue(&secret(), About::of_number(123_456), "9:answer:ana@example.org", "ana@example.org")
    }

    #[test]
    fn a_token_survives_the_way_through_address_and_id_even_with_its_case_changed() {
        let token = token();
        let address = token.reply_address("support@example.org");
        assert_eq!(Token::in_address(&address), Some(token));
        assert_eq!(Token::in_address(&address.to_uppercase()), Some(token));
        let id = token.message_id("example.org");
        assert_eq!(Token::in_message_id(&id), Some(token));
        assert_eq!(Token::in_message_id(&id.to_uppercase()), Some(token));
        let local = address.split('@').next().unwrap_or_default();
        assert!(local.len() - "support+".len() <= 35, "{local}");
    }

    #[test]
    fn a_token_proves_its_recipient_its_ticket_and_its_desk() {
        let good = token();
        assert!(good.is_for(&secret(), "ana@example.org"));
        assert!(!good.is_for(&secret(), "eve@example.org"));
        assert!(!good.is_for(&Secret::new(vec![8; 32]), "ana@example.org"));
        let moved = Token { about: About::of_number(good.about.number() + 1), ..good };
        assert!(!moved.is_for(&secret(), "ana@example.org"));
    }

    #[test]
    fn other_text_is_no_token() {
        for id in ["", "gt.@a", "gt.abc@a", "1234@a", "é@a", "gt", "gté.x@a"] {
            assert_eq!(Token::in_message_id(id), None, "{id}");
        }
        for address in ["a@b", "a+@b", "a+news@b", "a+éé@b", "nothing"] {
            assert_eq!(Token::in_address(address), None, "{address}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_ticket_id_comes_back(ticket in 0i64..i64::MAX) {
            let token = Token::issue(&secret(), About::of_number(ticket), "k", "r");
            proptest::prop_assert_eq!(Token::parse(&token.text()), Some(token));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let _ = Token::in_message_id(&text);
            let _ = Token::in_address(&text);
        }
    }
}
