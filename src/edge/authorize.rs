//! A person signs in once, in a browser, and lets the program in (authorization code grant: RFC 6749, section 4.1; proof
//! key: RFC 7636; programs without a page of their own: RFC 8252).
//!
//! Takes: what the client is, and where its answer shall go. Gives: the address to be opened, and the code out of the
//! answer, which [`super::oauth2::redeem`] turns into a refresh token.

use data_encoding::BASE64URL_NOPAD;
use reqwest::Url;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::oauth2::{Oauth2, Provider};

/// Most characters of a server's words that are passed on.
const WORDS: usize = 200;

/// One signing in, from the address that is opened to the answer.
#[derive(Debug)]
pub(crate) struct Consent {
    /// What is to be opened in a browser.
    pub url: Url,
    /// Where the answer goes (section 3.1.2).
    pub redirect: String,
    /// What proves that whoever redeems the code is who asked for it (RFC 7636, section 4.1).
    pub verifier: SecretString,
    /// What the answer must carry, so that nobody can slip in another one (section 10.12).
    state: String,
}

/// Why an answer holds no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoCode {
    /// The person, or the server, said no.
    #[error("the authorization server says no: {0}")]
    Denied(String),
    /// It belongs to another signing in.
    #[error("this is the answer to another signing in; open the address above anew")]
    Foreign,
    /// There is none in it.
    #[error("there is no code in it; copy the whole address the browser ended at, beginning with http")]
    Missing,
}

impl Consent {
    /// `endpoint`: the authorization endpoint (section 3.1). `user`: who is expected to sign in.
    ///
    /// # Errors
    /// The system has no chance to give, or `endpoint` is not an address.
    pub fn new(oauth2: &Oauth2, endpoint: &str, user: &str, redirect: &str) -> Result<Self, String> {
        let mut url = Url::parse(endpoint).map_err(|e| format!("{endpoint}: {e}"))?;
        let (verifier, state) = (chance()?, chance()?);
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes()));
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", &oauth2.client_id),
            ("redirect_uri", redirect),
            ("scope", &oauth2.scope),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", user),
        ];
        match oauth2.provider {
            // Without both Google gives a refresh token at the first signing in alone, or none.
            Provider::Google => query.extend([("access_type", "offline"), ("prompt", "consent")]),
            // Whoever happens to be signed in is rarely the support address.
            Provider::Microsoft => query.push(("prompt", "select_account")),
            Provider::Other => {}
        }
        url.query_pairs_mut().extend_pairs(query.into_iter().filter(|(_, value)| !value.is_empty()));
        Ok(Self { url, redirect: redirect.to_owned(), verifier: SecretString::from(verifier), state })
    }

    /// The code in an address the browser was sent to.
    ///
    /// # Errors
    /// [`NoCode`].
    pub fn code(&self, address: &str) -> Result<SecretString, NoCode> {
        let url = Url::parse(address.trim()).map_err(|_| NoCode::Missing)?;
        let value = |name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned());
        let (state, code, error) = (value("state"), value("code"), value("error"));
        if code.is_none() && error.is_none() {
            return Err(NoCode::Missing);
        }
        if state.as_deref() != Some(&self.state) {
            return Err(NoCode::Foreign);
        }
        match (code, error) {
            (_, Some(error)) => Err(NoCode::Denied(words(&error, value("error_description").as_deref()))),
            (Some(code), None) if !code.is_empty() => Ok(SecretString::from(code)),
            _ => Err(NoCode::Missing),
        }
    }
}

fn words(code: &str, more: Option<&str>) -> String {
    let text = more.map_or_else(|| code.to_owned(), |more| format!("{code}: {more}"));
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS).collect()
}

/// 256 bits in 43 characters.
fn chance() -> Result<String, String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| format!("the system gives no random numbers: {e}"))?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::edge::oauth2::Grant;

    fn consent(provider: Provider) -> Consent {
        let oauth2 = Oauth2 {
            name: "smtp".to_owned(),
            provider,
            token_url: "https://login.example/token".to_owned(),
            scope: "mail offline".to_owned(),
            client_id: "desk".to_owned(),
            client_secret: Some(SecretString::from("hush-hush")),
            grant: Grant::RefreshToken(SecretString::from("")),
            ca_pem: None,
            refresh_token_lives: None,
            secret_expires: None,
            warn_before: 0,
        };
        Consent::new(&oauth2, "https://login.example/authorize?x=1", "a@b.example", "http://127.0.0.1:9/").unwrap()
    }

    #[test]
    fn the_address_asks_for_what_each_server_needs() {
        for (provider, wanted) in [
            (Provider::Google, "access_type=offline&prompt=consent"),
            (Provider::Microsoft, "prompt=select_account"),
            (Provider::Other, "login_hint=a%40b.example"),
        ] {
            let consent = consent(provider);
            let url = consent.url.as_str();
            assert!(url.starts_with("https://login.example/authorize?x=1&response_type=code&client_id=desk&"), "{url}");
            assert!(url.contains("scope=mail+offline") && url.ends_with(wanted), "{url}");
            assert!(!url.contains("hush") && !url.contains(consent.verifier.expose_secret()), "{url}");
        }
    }

    #[test]
    fn only_its_own_answer_counts() {
        let consent = consent(Provider::Other);
        let answer = |query: &str| consent.code(&format!("http://127.0.0.1:9/?{query}"));
        let state = consent.state.clone();
        assert_eq!(answer(&format!("code=c%2F1&state={state}")).unwrap().expose_secret(), "c/1");
        assert_eq!(answer("code=c&state=another").unwrap_err(), NoCode::Foreign);
        assert_eq!(answer("code=c").unwrap_err(), NoCode::Foreign);
        assert_eq!(answer(&format!("state={state}")).unwrap_err(), NoCode::Missing);
        assert_eq!(answer(&format!("code=&state={state}")).unwrap_err(), NoCode::Missing);
        assert_eq!(consent.code("c/1").unwrap_err(), NoCode::Missing);
        let denied = answer(&format!("error=access_denied&error_description=no%0Away&state={state}"));
        assert_eq!(denied.unwrap_err(), NoCode::Denied("access_denied: no way".to_owned()));
    }
}
