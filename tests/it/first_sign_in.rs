//! `guichet sign-in`: a person, a browser, a real authorization server, and a real Dovecot afterwards.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use crate::support::authority::{Authority, SECRET};
use crate::support::dovecot::User;
use crate::support::mail::{ANA, Mail};
use crate::support::sink::Sink;

/// A configuration whose refresh token is not there yet.
struct First {
    folder: tempfile::TempDir,
    user: User,
    authority: Authority,
    sink: Sink,
}

impl First {
    async fn new() -> Self {
        let user = User::new();
        let authority = Authority::start(&user.name).await;
        let first = Self { folder: tempfile::tempdir().unwrap(), user, authority, sink: Sink::start() };
        first.write("");
        first
    }

    /// `smtp`: more of the section that sends.
    fn write(&self, smtp: &str) {
        let login = first_table(&self.authority, "scope = \"read offline\"");
        let section = self.user.section("Done").replace("password = \"secret\"", &login);
        let text = format!(
            "[desk]\nname = \"Desk\"\n[store]\nurl = \"sqlite:{}\"\n[watch]\nlisten = \"\"\n[smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n{smtp}\n{section}\
             [queues.help]\nmailbox = \"main\"\naddress = \"help@desk.example\"\nprefix = \"H\"\nreply_to = \"plain\"\n",
            self.folder.path().join("guichet.db").display(),
            self.sink.port
        );
        std::fs::write(self.folder.path().join("guichet.toml"), text).unwrap();
    }

    fn token_file(&self) -> PathBuf {
        self.folder.path().join("refresh.token")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
        command.arg("--config").arg(self.folder.path().join("guichet.toml")).args(arguments);
        command
    }

    /// Begins to sign in; gives the process and the address to open.
    fn begin(&self, arguments: &[&str]) -> (Child, String) {
        let mut command = self.command(&[&["sign-in"], arguments].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("http") {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "{:?}", child.wait_with_output());
        }
        // The rest is read from where it is.
        child.stdout = Some(out.into_inner());
        (child, line.trim().to_owned())
    }
}

fn first_table(authority: &Authority, more: &str) -> String {
    authority.table(&format!(
        ", authorize_url = \"http://localhost:{}/authorize\", refresh_token_file = \"refresh.token\", {more}",
        authority.port
    ))
}

/// The browser goes where it is sent; gives what it shows.
fn browse(address: &str) -> String {
    let (place, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let port = place.rsplit_once(':').unwrap().1;
    let mut stream = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_the_mailbox_is_read() {
    let first = First::new().await;
    let before = first.command(&["run", "--once"]).output().unwrap();
    assert_eq!(before.status.code(), Some(78), "{}", said(&before));

    let (child, url) = first.begin(&[]);
    assert!(url.contains(&format!("login_hint={}", first.user.name)) && !url.contains(SECRET), "{url}");
    let page = browse(&first.authority.consent(&url));
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("close this page"), "{page}");
    let output = child.wait_with_output().unwrap();
    let text = said(&output);
    assert!(output.status.success() && text.contains("refresh.token, for mailboxes.main"), "{text}");

    let kept = std::fs::read_to_string(first.token_file()).unwrap();
    let given = first.authority.state.lock().unwrap().refresh_token.clone();
    assert_eq!(kept.trim(), given);
    assert!(!text.contains(&given) && !text.contains(SECRET), "{text}");
    assert_eq!(std::fs::metadata(first.token_file()).unwrap().permissions().mode() & 0o777, 0o640);

    first.user.append(&Mail::from(ANA).bytes());
    let once = first.command(&["run", "--once"]).output().unwrap();
    assert!(once.status.success(), "{}", said(&once));
    assert_eq!(first.sink.to(ANA).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_may_run_on_another_machine() {
    let first = First::new().await;
    std::fs::write(first.token_file(), "old\n").unwrap();
    std::fs::set_permissions(first.token_file(), PermissionsExt::from_mode(0o600)).unwrap();
    let (mut child, url) = first.begin(&["mailboxes.main"]);
    let answer = first.authority.consent(&url);
    let mut keyboard = child.stdin.take().unwrap();
    // What is copied wrongly is said, and another try is taken.
    writeln!(keyboard, "\nhttp://localhost/?state=1\nhttp://localhost/?code=1&state=1\n{answer}").unwrap();
    drop(keyboard);
    let output = child.wait_with_output().unwrap();
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("there is no code in it") && text.contains("answer to another signing in"), "{text}");
    assert_ne!(std::fs::read_to_string(first.token_file()).unwrap(), "old\n");
    assert_eq!(std::fs::metadata(first.token_file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn sections_with_one_file_are_signed_in_together() {
    let first = First::new().await;
    let sending = first_table(&first.authority, "scope = \"send offline\"");
    first.write(&format!("username = \"{}\"\n{sending}", first.user.name));
    let which = first.command(&["sign-in"]).output().unwrap();
    assert!(said(&which).contains("there is mailboxes.main, smtp"), "{}", said(&which));
    let (child, url) = first.begin(&["smtp"]);
    assert!(url.contains("scope=read+offline+send&"), "{url}");
    browse(&first.authority.consent(&url));
    let output = child.wait_with_output().unwrap();
    assert!(said(&output).contains("for mailboxes.main and smtp"), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_said_and_leaves_the_old_token() {
    let first = First::new().await;
    std::fs::write(first.token_file(), "old\n").unwrap();
    let kept = || std::fs::read_to_string(first.token_file()).unwrap();

    // The person says no.
    let (child, url) = first.begin(&[]);
    let answer = first.authority.consent(&url);
    browse(&answer.replace("code=", "error=access_denied&was="));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(65), "{}", said(&output));
    assert!(said(&output).contains("says no: access_denied"), "{}", said(&output));

    // A stranger's code, sent to the page by somebody else on this machine, ends nothing.
    let (child, url) = first.begin(&[]);
    let answer = first.authority.consent(&url);
    let (back, _) = answer.split_once('?').unwrap();
    browse(&format!("{back}?code=evil&state=evil"));
    // And one that the server does not know.
    let (start, state) = answer.split_once("&state=").unwrap();
    browse(&format!("{start}x&state={state}"));
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("another signing in") && said(&output).contains("sign in again"),
        "{}",
        said(&output)
    );

    // It lets the program in, and for an hour only.
    first.authority.set(|state| state.offline = false);
    let (child, url) = first.begin(&[]);
    browse(&first.authority.consent(&url));
    let output = child.wait_with_output().unwrap();
    assert!(said(&output).contains("gave no refresh token; see mailboxes.main.oauth2.scope"), "{}", said(&output));
    assert_eq!(kept(), "old\n");

    // Nothing is asked of anybody where the token could not be kept.
    let file = format!("refresh_token_file = \"{}/no/folder/token\"", first.folder.path().display());
    let config = first.folder.path().join("guichet.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("refresh_token_file = \"refresh.token\"", &file);
    std::fs::write(&config, text).unwrap();
    let output = first.command(&["sign-in"]).output().unwrap();
    assert!(said(&output).contains("which cannot be written"), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_section_that_nobody_signs_in_for_is_named() {
    let first = First::new().await;
    for (section, words) in [("smtp", "there is mailboxes.main"), ("mailboxes.other", "there is mailboxes.main")] {
        let output = first.command(&["sign-in", section]).output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{}", said(&output));
        assert!(said(&output).contains(words), "{}", said(&output));
    }
}
