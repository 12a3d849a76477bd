//! The demonstration's mailbox: a private Dovecot where one is installed, else a plain Maildir.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::edge::maildir;

const DOVECOT: &str = "/usr/sbin/dovecot";
const USER: &str = "support";
const PASSWORD: &str = "demo";
/// Dovecot refuses to read mail as root; nobody and nogroup have these ids on Debian.
const NOBODY: u32 = 65_534;

/// Where mail arrives.
pub(super) struct Post {
    home: PathBuf,
    server: Option<(Child, u16)>,
    root: bool,
    count: std::sync::atomic::AtomicU32,
}

impl Post {
    pub(super) async fn open(folder: &Path) -> io::Result<Self> {
        let home = folder.join("mail");
        for sub in ["new", "cur", "tmp"] {
            fs::create_dir_all(home.join(sub))?;
        }
        let root = fs::metadata("/proc/self")?.uid() == 0;
        let mut post = Self { home, server: None, root, count: 0.into() };
        if Path::new(DOVECOT).exists() {
            post.server = start(folder, &post.home, root).await;
        }
        post.give_away()?;
        Ok(post)
    }

    pub(super) fn describe(&self) -> String {
        match &self.server {
            Some((_, port)) => format!("a private Dovecot on 127.0.0.1:{port}, watched over IMAP"),
            None => "a Maildir (install dovecot-imapd to see it over real IMAP)".to_owned(),
        }
    }

    /// The mailbox's lines in the configuration.
    pub(super) fn settings(&self) -> String {
        match &self.server {
            Some((_, port)) => format!(
                "kind = \"imap\"\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nusername = \"{USER}\"\npassword = \"{PASSWORD}\""
            ),
            None => format!("kind = \"maildir\"\npath = \"{}\"\npoll = \"100ms\"", self.home.display()),
        }
    }

    pub(super) fn inbox(&self) -> PathBuf {
        self.home.join("new")
    }

    pub(super) fn login(&self) -> Option<String> {
        let (_, port) = self.server.as_ref()?;
        Some(format!("127.0.0.1:{port}, user {USER}, password {PASSWORD}"))
    }

    /// An email arrives.
    pub(super) fn deliver(&self, mail: &str) -> io::Result<()> {
        let number = self.count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        maildir::deliver(&self.home, &format!("{}.demo", 1_000_000 + number), mail.replace('\n', "\r\n").as_bytes())?;
        self.give_away()
    }

    pub(super) async fn close(mut self) {
        if let Some((server, _)) = &mut self.server {
            let _ = server.kill().await;
        }
    }

    /// As root, the files must belong to the user Dovecot reads them as.
    fn give_away(&self) -> io::Result<()> {
        if self.server.is_none() || !self.root {
            return Ok(());
        }
        chown(&self.home, Some(NOBODY), Some(NOBODY))?;
        for sub in ["new", "cur", "tmp"] {
            chown(self.home.join(sub), Some(NOBODY), Some(NOBODY))?;
            for entry in fs::read_dir(self.home.join(sub))? {
                // Dovecot may have moved it on already.
                let _ = chown(entry?.path(), Some(NOBODY), Some(NOBODY));
            }
        }
        Ok(())
    }
}

/// Starts Dovecot for this mailbox alone; none when it does not come up, and the Maildir is read directly.
async fn start(folder: &Path, home: &Path, root: bool) -> Option<(Child, u16)> {
    let port = TcpListener::bind("127.0.0.1:0").await.ok()?.local_addr().ok()?.port();
    let config = folder.join("dovecot.conf");
    fs::write(&config, configuration(folder, home, port, root).ok()?).ok()?;
    if root {
        // The mail user passes through the temporary folder to its mail.
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).ok()?;
    }
    let mut server = Command::new(DOVECOT);
    server.arg("-F").arg("-c").arg(&config).kill_on_drop(true);
    server.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = server.spawn().ok()?;
    for _ in 0..100 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Some((child, port));
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let _ = child.kill().await;
    None
}

fn configuration(folder: &Path, home: &Path, port: u16, root: bool) -> io::Result<String> {
    let me = fs::metadata("/proc/self")?;
    let (uid, gid) = if root { (NOBODY, NOBODY) } else { (me.uid(), me.gid()) };
    let run = folder.join("dovecot").display().to_string();
    let users = if root { String::new() } else { unprivileged(uid, gid)? };
    Ok(format!(
        "base_dir = {run}\nstate_dir = {run}\nlog_path = {run}.log\nprotocols = imap\nlisten = 127.0.0.1\nssl = no\n\
         disable_plaintext_auth = no\nauth_mechanisms = plain login\nmail_location = maildir:{home}\nfirst_valid_uid = 1\n\
         default_vsz_limit = 256M\n{users}\
         passdb {{\n  driver = static\n  args = password={PASSWORD}\n}}\n\
         userdb {{\n  driver = static\n  args = uid={uid} gid={gid} home={home}\n}}\n\
         service imap-login {{\n  chroot =\n  inet_listener imap {{\n    port = {port}\n  }}\n  inet_listener imaps {{\n    port = 0\n  }}\n}}\n\
         service anvil {{\n  chroot =\n}}\n",
        home = home.display(),
    ))
}

/// Without root, every process of Dovecot runs as the caller.
fn unprivileged(uid: u32, gid: u32) -> io::Result<String> {
    let name = |file: &str, id: u32| -> io::Result<String> {
        let text = fs::read_to_string(file)?;
        let line = text.lines().find(|l| l.split(':').nth(2) == Some(&id.to_string()));
        Ok(line.and_then(|l| l.split(':').next()).unwrap_or_default().to_owned())
    };
    let (user, group) = (name("/etc/passwd", uid)?, name("/etc/group", gid)?);
    Ok(format!("default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n"))
}
