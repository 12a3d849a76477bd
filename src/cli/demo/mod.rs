//! `demo`: the main job with nothing to configure.
//!
//! A private mailbox is filled with sample mail; the real loops make tickets of it; notifications are sent to
//! a receiver in this process, which plays the world outside: requesters and a moderator who
//! answer what they get.

mod mailbox;
mod receiver;
mod story;

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::settings;
use crate::trouble::Trouble;
use crate::work::App;
use crate::work::daemon::Crew;

use mailbox::Post;
use receiver::Receiver;

/// Plays the demonstration; with `keep`, goes on until a stop signal.
pub(super) async fn run(keep: bool) -> Result<(), Trouble> {
    let folder =
        tempfile::Builder::new().prefix("guichet-demo-").tempdir().map_err(|e| failed("a temporary folder", &e))?;
    let receiver = Receiver::start().await.map_err(|e| failed("a receiver of notifications", &e))?;
    let post = Post::open(folder.path()).await.map_err(|e| failed("a mailbox", &e))?;
    let config = configure(folder.path(), &post, receiver.port).map_err(|e| failed("a configuration", &e))?;
    println!("guichet demo: {}", post.describe());
    println!("              everything lies in {}\n", folder.path().display());

    let app = App::open(settings::load(&config)?, Clock::system()).await?;
    let crew = Crew::start(&app).await?;
    let told = story::tell(&app, &post, &receiver).await;
    if told.is_ok() && keep {
        wait(&post, &config).await;
    }
    crew.stop().await;
    post.close().await;
    app.close().await;
    told
}

fn failed(what: &str, error: &std::io::Error) -> Trouble {
    Trouble::Again(format!("{what} could not be made: {error}"))
}

fn configure(folder: &Path, post: &Post, smtp_port: u16) -> std::io::Result<std::path::PathBuf> {
    let text = format!(
        r#"# The configuration of this demonstration.
[desk]
name = "Assistance ENT"
language = "fr"

[store]
url = "sqlite:{store}"

[smtp]
host = "127.0.0.1"
port = {smtp_port}
security = "none"

[mailboxes.cd42]
{mailbox}
archive = "Handled"

[queues.cd42]
mailbox = "cd42"
address = "{address}"
prefix = "CG42N1"
reply_to = "plain"

[agents.marie]
address = "{moderator}"
name = "Marie Dubois"
roles = ["moderator"]
queues = ["cd42"]
"#,
        store = folder.join("guichet.db").display(),
        mailbox = post.settings(),
        address = story::SUPPORT,
        moderator = story::MODERATOR,
    );
    let path = folder.join("guichet.toml");
    std::fs::write(&path, text)?;
    Ok(path)
}

async fn wait(post: &Post, config: &Path) {
    println!("\nThe desk goes on working; Ctrl-C ends it and removes everything.");
    println!("  Put an email into   {}", post.inbox().display());
    println!("  Look at it with   guichet --config {} ticket list", config.display());
    if let Some(login) = post.login() {
        println!("  Read it over IMAP {login}");
    }
    let _ = tokio::signal::ctrl_c().await;
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

/// What the story needs of the service desk.
type AppRef = Arc<App>;
