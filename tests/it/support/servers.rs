//! Servers of a test's own, which it may stop, break and start again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{free_port, unique, variable};

/// A Dovecot over the same mailboxes as the one all tests share.
pub struct Dovecot {
    pub port: u16,
    config: PathBuf,
    folder: tempfile::TempDir,
    process: Option<Child>,
}

impl Dovecot {
    /// `more`: lines of configuration besides.
    pub fn start(more: &str) -> Self {
        let shared = PathBuf::from(variable("GUICHET_TEST_DIR"));
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let port = free_port();
        let ports = ["IMAPS", "SUBMISSION", "SUBMISSIONS"].map(|name| variable(&format!("GUICHET_TEST_{name}_PORT")));
        let text = std::fs::read_to_string(shared.join("dovecot.conf")).unwrap();
        let own = folder.path().display().to_string();
        let mut text = text
            .replace(&format!("{}/dovecot\n", shared.display()), &format!("{own}/run\n"))
            .replace(&format!("{}/dovecot.log", shared.display()), &format!("{own}/log"))
            .replace(&format!("port = {}\n", variable("GUICHET_TEST_IMAP_PORT")), &format!("port = {port}\n"));
        for other in ports {
            text = text.replace(&format!("port = {other}\n"), &format!("port = {}\n", free_port()));
        }
        text.push_str(more);
        let config = folder.path().join("dovecot.conf");
        std::fs::write(&config, text).unwrap();
        open_to_all(folder.path());
        let mut dovecot = Self { port, config, folder, process: None };
        dovecot.begin();
        dovecot
    }

    pub fn begin(&mut self) {
        let child = Command::new("/usr/sbin/dovecot").arg("-F").arg("-c").arg(&self.config).spawn();
        self.process = Some(child.unwrap());
        wait_for(self.port, &self.folder.path().join("log"));
    }

    pub fn end(&mut self) {
        if let Some(mut process) = self.process.take() {
            stop(&mut process, "TERM");
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.end();
    }
}

/// Where a user's emails lie.
pub fn maildir_of(user: &str) -> PathBuf {
    Path::new(&variable("GUICHET_TEST_DIR")).join("mail").join(user)
}

/// A PostgreSQL of a test's own.
pub struct Postgres {
    pub port: u16,
    folder: tempfile::TempDir,
    process: Option<Child>,
}

impl Postgres {
    /// Makes and starts one. With `standby_of`, as a copy that follows another and can take its place.
    pub fn start(standby_of: Option<&Self>) -> Self {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        open_to_all(folder.path());
        let server = Self { port: free_port(), folder, process: None };
        let data = server.data();
        let made = match standby_of {
            None => {
                let mut command = as_postgres(&bin("initdb"));
                command.args(["-U", "guichet", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D"]);
                command.arg(&data).stdout(Stdio::null()).stderr(Stdio::null()).status()
            }
            Some(other) => {
                let mut command = as_postgres(&bin("pg_basebackup"));
                command.args(["-h", "127.0.0.1", "-U", "guichet", "-R", "-X", "stream", "-c", "fast", "-p"]);
                command.arg(other.port.to_string()).arg("-D").arg(&data).stdout(Stdio::null()).status()
            }
        };
        assert!(made.unwrap().success());
        let mut server = server;
        server.begin();
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn begin(&mut self) {
        let mut command = as_postgres(&bin("postgres"));
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string(), "-k", ""]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "wal_level=replica"]);
        command.args(["-c", "max_wal_senders=4", "-c", "hot_standby=on", "-c", "wal_sender_timeout=2s"]);
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        self.process = Some(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        wait_for(self.port, &self.folder.path().join("log"));
        let begun = Instant::now();
        while !self.sql_try("postgres", "SELECT 1") {
            assert!(begun.elapsed() < Duration::from_secs(20), "PostgreSQL does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it at once, as a power cut does.
    pub fn end(&mut self) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            let _ = Command::new("kill").args(["-QUIT", pid]).status();
        }
        if let Some(mut process) = self.process.take() {
            process.wait().unwrap();
        }
    }

    /// A standby takes over.
    pub fn promote(&self) {
        let done =
            as_postgres(&bin("pg_ctl")).args(["promote", "-w", "-D"]).arg(self.data()).stdout(Stdio::null()).status();
        assert!(done.unwrap().success());
    }

    pub fn sql(&self, database: &str, text: &str) {
        assert!(self.sql_try(database, text), "{text}");
    }

    fn sql_try(&self, database: &str, text: &str) -> bool {
        let mut command = Command::new(bin("psql"));
        command.args([
            "-h",
            "127.0.0.1",
            "-U",
            "guichet",
            "-q",
            "-p",
            &self.port.to_string(),
            "-d",
            database,
            "-c",
            text,
        ]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }

    /// A new database; gives its name.
    pub fn database(&self) -> String {
        let name = unique("f");
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end();
    }
}

fn bin(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|e| e.unwrap().path().join("bin").join(name)).collect();
    versions.sort();
    versions.pop().unwrap()
}

fn as_postgres(program: &Path) -> Command {
    if std::fs::read_to_string("/proc/self/status").unwrap().contains("Uid:\t0") {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn open_to_all(folder: &Path) {
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(folder, open).unwrap();
}

fn wait_for(port: u16, log: &Path) {
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing listens: {}", said());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Ends a process that this test has started, by its id.
pub fn stop(process: &mut Child, signal: &str) {
    let _ = Command::new("kill").arg(format!("-{signal}")).arg(process.id().to_string()).status();
    process.wait().unwrap();
}
