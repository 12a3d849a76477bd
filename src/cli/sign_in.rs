//! `guichet sign-in`: a person signs in once, in a browser, so that guichet may read or send for them.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::Path;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::show;
use crate::edge::authorize::{Consent, NoCode};
use crate::edge::oauth2::{self, Code};
use crate::settings::{self, FirstSignIn};
use crate::trouble::Trouble;

/// Signs a person in for a section, and keeps the refresh token where the configuration says.
pub(super) async fn run(config: &Path, section: &str, port: u16) -> Result<(), Trouble> {
    let first = settings::first_sign_in(config, section)?;
    may_write(&first.file)?;
    let unusable = |e: std::io::Error| Trouble::Input(format!("127.0.0.1:{port}: {e}; see --port"));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(unusable)?;
    let redirect = format!("http://localhost:{}/", listener.local_addr().map_err(unusable)?.port());
    let consent = Consent::new(&first.oauth2, &first.authorize_url, &first.user, &redirect).map_err(Trouble::Input)?;
    println!(
        "Open this address in a browser, and sign in as {}:\n\n{}\n\nWaiting for {redirect}. If the browser runs on another \
         machine, it ends at a page that it cannot open: copy the address of that page to here, and press Enter.",
        if first.user.is_empty() { "the support address" } else { &first.user },
        consent.url
    );
    let code = code(listener, &consent).await?;
    let asked = Code { code: &code, redirect: &consent.redirect, verifier: &consent.verifier };
    let trouble = |source| Trouble::SignIn { name: first.oauth2.name.clone(), source };
    let granted = oauth2::redeem(&first.oauth2, asked).await.map_err(trouble)?;
    let Some(token) = granted.refresh_token else { return Err(Trouble::Input(no_token(&first))) };
    keep(&first.file, &token).map_err(|e| Trouble::Input(format!("{}: {e}", first.file.display())))?;
    println!(
        "\nSigned in. The refresh token is in {}, for {}. Next: `guichet check`, and `systemctl reload guichet` if it runs.",
        first.file.display(),
        first.sections.join(" and ")
    );
    Ok(())
}

fn no_token(first: &FirstSignIn) -> String {
    format!(
        "{}: the authorization server let guichet in, but gave no refresh token; see {}.oauth2.scope (many servers want offline_access)",
        first.oauth2.name, first.oauth2.name
    )
}

/// The code, from the browser or from the keyboard, whichever comes first. An answer that holds none is said, and waited on.
async fn code(listener: TcpListener, consent: &Consent) -> Result<SecretString, Trouble> {
    let (sender, mut answers) = mpsc::channel(4);
    let asked = consent.redirect.trim_end_matches('/').to_owned();
    let page = Router::new().fallback(landed).with_state(Landing { asked, sender: sender.clone() });
    let server = tokio::spawn(async move { axum::serve(listener, page).await });
    typed(sender);
    let found = loop {
        // The page holds a sender for as long as it is served.
        let Some(address) = answers.recv().await else { break Err(Trouble::Input("nobody answers".to_owned())) };
        match consent.code(&address) {
            Ok(code) => break Ok(code),
            Err(no @ NoCode::Denied(_)) => break Err(Trouble::Input(show::printable(&no.to_string()))),
            Err(no) => eprintln!("guichet: {no}"),
        }
    };
    // The page that says so is on its way to the browser.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    server.abort();
    found
}

/// Passes on what is typed. A thread of its own: the program does not wait for its end.
fn typed(sender: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if !line.trim().is_empty() && sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
}

#[derive(Clone)]
struct Landing {
    /// What the browser was told to come to.
    asked: String,
    sender: mpsc::Sender<String>,
}

/// Where the browser ends. It may be read by everybody on this machine, so it tells nothing.
async fn landed(State(landing): State<Landing>, request: Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    if landing.asked != format!("http://{host}") {
        return (StatusCode::MISDIRECTED_REQUEST, "This page answers only under its own address.\n").into_response();
    }
    let Some(query) = request.uri().query() else {
        return (StatusCode::NOT_FOUND, "guichet waits here for the answer of a signing in.\n").into_response();
    };
    let _ = landing.sender.send(format!("{}/?{query}", landing.asked)).await;
    "Thank you. You can close this page; guichet says in its window how it went.\n\
     Merci. Vous pouvez fermer cette page ; guichet dit dans sa fenêtre ce qu'il en est.\n"
        .into_response()
}

/// Before anybody signs in: a token that cannot be kept is lost.
fn may_write(file: &Path) -> Result<(), Trouble> {
    anew(&beside(file)).and_then(|_| std::fs::remove_file(beside(file))).map_err(|e| {
        Trouble::Input(format!("the refresh token is to be kept in {}, which cannot be written: {e}", file.display()))
    })
}

fn beside(file: &Path) -> std::path::PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    file.with_file_name(name)
}

/// A file that was not there, even as a link to somewhere else.
fn anew(file: &Path) -> std::io::Result<std::fs::File> {
    let _ = std::fs::remove_file(file);
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

/// Whole or not at all, and readable by whoever could read the one before; the first one by its owner and the folder's group.
fn keep(file: &Path, token: &SecretString) -> std::io::Result<()> {
    let new = beside(file);
    let mut written = anew(&new)?;
    written.write_all(token.expose_secret().as_bytes())?;
    written.write_all(b"\n")?;
    let own = written.metadata()?;
    let (owner, group, mode) = match std::fs::metadata(file) {
        Ok(before) => (before.uid(), before.gid(), before.mode() & 0o770),
        Err(_) => (own.uid(), std::fs::metadata(folder_of(file))?.gid(), 0o640),
    };
    if (owner, group) != (own.uid(), own.gid()) {
        chown(&new, Some(owner), Some(group))?;
    }
    written.set_permissions(PermissionsExt::from_mode(mode))?;
    written.sync_all()?;
    std::fs::rename(&new, file)
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
