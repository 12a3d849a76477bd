//! How a user proves to a mail server who they are.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::oauth2::Oauth2;

/// How a user signs in.
#[derive(Debug, Clone)]
pub enum Login {
    /// By password: IMAP's AUTHENTICATE PLAIN where offered, else LOGIN; SMTP's AUTH PLAIN or LOGIN.
    Password(SecretString),
    /// By an OAuth 2.0 access token (RFC 6749, section 1.4): XOAUTH2.
    AccessToken(SecretString),
    /// By an access token out of this file, which some program keeps fresh: it is read before each
    /// connection.
    TokenFile(PathBuf),
    /// By an access token that an authorization server gives out.
    Oauth2(Arc<Oauth2>),
}

impl Login {
    /// What is sent to sign in, which no server's words may bring into a log.
    pub(super) fn secret(&self) -> Option<&str> {
        match self {
            Self::Password(secret) | Self::AccessToken(secret) => Some(secret.expose_secret()),
            Self::TokenFile(_) | Self::Oauth2(_) => None,
        }
    }
}
