//! The world outside: IMAP, Maildir, SMTP, authorization servers, the local page, systemd.
//!
//! Takes: plain settings and bytes. Gives: bytes and typed failures. Never: rules, SQL. Every
//! wait here has a limit; a connection on which anything went wrong is thrown away.

pub mod authorize;
pub mod backoff;
pub mod imap;
pub mod login;
pub mod maildir;
pub mod net;
pub mod notes;
pub mod oauth2;
pub mod page;
mod redact;
pub mod smtp;
pub mod systemd;
