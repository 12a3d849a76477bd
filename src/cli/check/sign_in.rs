//! What `check` says about signing in by tokens.

use super::Report;
use crate::clock::{Clock, readable};
use crate::edge::login::Login;
use crate::edge::oauth2::{Grant, Oauth2};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::work::sign_in::{Ends, Signer, ends};

/// How it is signed in, and until when that is good.
pub(super) async fn status(what: &str, login: &Login, settings: &Settings, signer: &Signer<'_>, report: &mut Report) {
    let oauth2 = match login {
        Login::Password(_) => return,
        Login::AccessToken(_) => {
            return report.note(what, "signs in by an access token of the configuration, which will die");
        }
        Login::TokenFile(file) => {
            return report.good(what, &format!("signs in by the access token in {}", file.display()));
        }
        Login::Oauth2(oauth2) => oauth2,
    };
    match ends(signer.store, oauth2).await {
        Ok(ends) => tell(what, oauth2, ends, settings, report),
        Err(error) => {
            let trouble = Trouble::Store(error);
            report.bad(what, &trouble.to_string(), trouble.exit_code());
        }
    }
}

fn tell(what: &str, oauth2: &Oauth2, ends: Ends, settings: &Settings, report: &Report) {
    let (now, zone) = (Clock::system().now(), &settings.policy.service_desk.time_zone);
    let mut text = format!("signs in by OAuth 2.0 ({}, {})", oauth2.provider.as_str(), grant(oauth2));
    let mut near = false;
    for (what, at) in [("refresh token", ends.refresh_token), ("client secret", ends.client_secret)] {
        let Some(at) = at else { continue };
        near |= at - now <= oauth2.warn_before;
        let until = if at <= now { "dead since" } else { "good until" };
        text += &format!("; {what} {until} {}", readable(at, zone));
    }
    match (&oauth2.grant, ends.refresh_token, oauth2.refresh_token_lives) {
        (Grant::RefreshToken(_), None, Some(_)) => text += "; refresh token not used yet",
        (Grant::RefreshToken(_), None, None) => text += "; refresh token good until it is taken back",
        (Grant::ClientCredentials, ..) if ends.client_secret.is_none() => {
            text += "; say in secret_expires until when the client secret is good";
        }
        _ => {}
    }
    if near { report.note(what, &text) } else { report.good(what, &text) }
}

fn grant(oauth2: &Oauth2) -> &'static str {
    match oauth2.grant {
        Grant::ClientCredentials => "client credentials",
        Grant::RefreshToken(_) => "refresh token",
    }
}

/// Without a database a refresh token is not used: the one that may take its place would be lost.
pub(super) fn can_be_tried(what: &str, login: &Login, signer: &Signer<'_>, report: &Report) -> bool {
    let keeps = matches!(login, Login::Oauth2(oauth2) if matches!(oauth2.grant, Grant::RefreshToken(_)));
    if keeps && signer.store.is_none() {
        report
            .note(what, "not tried: a new refresh token could not be kept before `guichet run` has made the database");
        return false;
    }
    true
}
