//! Where mail comes from and goes to, and where it is kept.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::checker::{Check, is_loopback};
use super::raw::{self, Raw};
use super::secret::Place;
use super::sign_in;
use super::{Mailbox, MailboxKind, Retry};
use crate::edge::imap::ImapConfig;
use crate::edge::login::Login;
use crate::edge::net::{Endpoint, Security};
use crate::edge::smtp::SmtpConfig;
use crate::store::{Key, KeyPlace, sqlite_file};

/// Most connections to the SMTP server.
const CONNECTIONS: usize = 20;

impl Check<'_> {
    fn endpoint(
        &mut self,
        section: &str,
        host: &str,
        port: u16,
        security: Security,
        ca: Option<&Path>,
        plaintext: bool,
    ) -> Endpoint {
        if security == Security::None && !plaintext && !is_loopback(host) {
            self.note(&format!("{section}.security"), format!("\"none\" would send passwords and emails readable to {host}; use \"tls\" or \"starttls\", or say allow_plaintext = true"));
        }
        let ca_pem = self.authority(section, ca);
        Endpoint { host: host.to_owned(), port, security, ca_pem }
    }

    /// The certificates of a section's `ca_file`.
    pub(super) fn authority(&mut self, section: &str, file: Option<&Path>) -> Option<Vec<u8>> {
        let path = self.source.path(file?);
        let read = fs::read(&path);
        read.map_err(|e| self.note(&format!("{section}.ca_file"), format!("{} cannot be read: {e}", path.display())))
            .ok()
    }

    pub(super) fn smtp(&mut self, smtp: &raw::Smtp, raw: &Raw) -> Option<SmtpConfig> {
        let endpoint =
            self.endpoint("smtp", &smtp.host, smtp.port, smtp.security, smtp.ca_file.as_deref(), smtp.allow_plaintext);
        let login = self.smtp_login(smtp, raw);
        let domain = raw.queues.values().find_map(|q| Some(q.address.split_once('@')?.1.to_owned()));
        if !(1..=CONNECTIONS).contains(&smtp.connections) {
            self.note("smtp.connections", format!("1 to {CONNECTIONS} connections"));
        }
        if smtp.per_minute < 0 {
            self.note("smtp.per_minute", "a number of emails, or 0 for no bound");
        }
        Some(SmtpConfig {
            endpoint,
            username: smtp.username.clone(),
            login: login?,
            hello: smtp.hello.clone().or(domain).unwrap_or_else(|| "localhost".to_owned()),
            limit: self.duration("smtp.timeout", &smtp.timeout)?,
            connections: smtp.connections.clamp(1, CONNECTIONS),
            per_minute: (smtp.per_minute > 0).then_some(smtp.per_minute),
        })
    }

    fn smtp_login(&mut self, smtp: &raw::Smtp, raw: &Raw) -> Option<Login> {
        if let Some(oauth2) = &smtp.oauth2 {
            if smtp.username.is_none() {
                self.note("smtp.username", "signing in by OAuth 2.0 needs it: the address that sends");
            }
            return sign_in::oauth2(self, "smtp", oauth2, sign_in::Purpose::Send, raw);
        }
        let place = Place {
            key: "smtp.password".to_owned(),
            value: smtp.password.as_deref(),
            file: smtp.password_file.as_deref(),
        };
        let password = place.read(self.source, self.mistakes);
        if smtp.username.is_some() && password.is_none() && smtp.password_file.is_none() {
            self.note(
                "smtp.password",
                "smtp.username is set, so a password is needed: password_file = \"…\", or the credential smtp.password",
            );
        }
        Some(Login::Password(password.unwrap_or_else(|| SecretString::from(""))))
    }

    /// What tokens are encrypted with. Only refresh tokens are kept; without one, no key is missed.
    pub(super) fn key(&mut self, store: &raw::Store, url: &str, raw: &Raw) -> Option<KeyPlace> {
        let place = Place { key: "store.key".to_owned(), value: store.key.as_deref(), file: store.key_file.as_deref() };
        if let Some(bytes) = place.read_bytes(self.source, self.mistakes) {
            let key = Key::read(&bytes);
            if key.is_none() {
                self.note("store.key_file", "a key is 64 hexadecimal digits, or 32 bytes: openssl rand -hex 32");
            }
            return key.map(KeyPlace::Given);
        }
        let file = sqlite_file(url).filter(|file| !file.as_os_str().is_empty() && !file.starts_with(":memory:"));
        if let Some(file) = file {
            return Some(KeyPlace::Beside(file));
        }
        if store.key_file.is_none() && sign_in::keeps_tokens(self, raw) {
            self.note(
                "store.key_file",
                "refresh tokens are kept encrypted in the database, which needs a key that is not in it: \
                 openssl rand -hex 32, or the credential store.key",
            );
        }
        Some(KeyPlace::Nowhere)
    }

    pub(super) fn mailbox(&mut self, name: &str, mailbox: &raw::Mailbox, raw: &Raw) -> Option<Mailbox> {
        let section = format!("mailboxes.{name}");
        let slow = mailbox.kind == raw::Kind::Imap;
        let poll = mailbox.poll.clone().unwrap_or_else(|| if slow { "60s" } else { "2s" }.to_owned());
        let poll = self.duration(&format!("{section}.poll"), &poll);
        let kind = match mailbox.kind {
            raw::Kind::Maildir => self.maildir(&section, mailbox),
            raw::Kind::Imap => self.imap(&section, mailbox, raw).map(|imap| MailboxKind::Imap(Box::new(imap))),
        };
        Some(Mailbox { kind: kind?, poll: poll? })
    }

    fn maildir(&mut self, section: &str, mailbox: &raw::Mailbox) -> Option<MailboxKind> {
        let Some(path) = &mailbox.path else {
            self.note(&format!("{section}.path"), "a maildir needs path = \"…\", the folder that holds new/ and cur/");
            return None;
        };
        let archive = mailbox.archive.clone().unwrap_or_default();
        if archive.contains(['/', '\0']) {
            self.note(&format!("{section}.archive"), "the archive of a maildir is a plain folder name");
        }
        Some(MailboxKind::Maildir { root: self.source.path(path), archive })
    }

    fn imap(&mut self, section: &str, mailbox: &raw::Mailbox, raw: &Raw) -> Option<ImapConfig> {
        let needed = |value: &Option<String>, name: &str, check: &mut Self| {
            if value.is_none() {
                check.note(&format!("{section}.{name}"), "an IMAP mailbox needs it");
            }
            value.clone()
        };
        let host = needed(&mailbox.host, "host", self);
        let username = needed(&mailbox.username, "username", self);
        let login = self.login(section, mailbox, raw);
        let security = mailbox.security.unwrap_or(Security::Tls);
        let port = mailbox.port.unwrap_or(if security == Security::Tls { 993 } else { 143 });
        let timeout = mailbox.timeout.clone().unwrap_or_else(|| "30s".to_owned());
        let limit = self.duration(&format!("{section}.timeout"), &timeout);
        let host = host?;
        Some(ImapConfig {
            endpoint: self.endpoint(
                section,
                &host,
                port,
                security,
                mailbox.ca_file.as_deref(),
                mailbox.allow_plaintext,
            ),
            username: username?,
            login: login?,
            folder: mailbox.folder.clone().unwrap_or_else(|| "INBOX".to_owned()),
            archive: mailbox.archive.clone().unwrap_or_default(),
            limit: limit?,
            sizes: mailbox.sizes,
        })
    }

    fn login(&mut self, section: &str, mailbox: &raw::Mailbox, raw: &Raw) -> Option<Login> {
        if let Some(oauth2) = &mailbox.oauth2 {
            return sign_in::oauth2(self, section, oauth2, sign_in::Purpose::Read, raw);
        }
        let key = format!("{section}.password");
        let place =
            Place { key: key.clone(), value: mailbox.password.as_deref(), file: mailbox.password_file.as_deref() };
        let password = place.read(self.source, self.mistakes);
        if password.is_none() && mailbox.password_file.is_none() {
            self.note(&key, format!("there is no password: give password_file = \"…\", or the credential {key}"));
        }
        password.map(Login::Password)
    }

    pub(super) fn retry(&mut self, retry: &raw::Retry) -> Option<Retry> {
        Some(Retry {
            first: self.duration("retry.first", &retry.first)?,
            most: self.duration("retry.most", &retry.most)?,
            give_up: self.duration("retry.give_up", &retry.give_up)?,
        })
    }

    /// Relative SQLite files live in systemd's state folder, where there is one.
    pub(super) fn store_url(&mut self, url: &str) -> String {
        if !url.starts_with("sqlite:") && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            self.note("store.url", "it must begin with \"sqlite:\" or \"postgres://\"");
        }
        let state = std::env::var("STATE_DIRECTORY").ok();
        match (url.strip_prefix("sqlite:"), state) {
            (Some(file), Some(folder)) if !file.starts_with('/') => {
                let folder = PathBuf::from(folder.split(':').next().unwrap_or_default());
                format!("sqlite:{}", folder.join(file).display())
            }
            _ => url.to_owned(),
        }
    }
}
