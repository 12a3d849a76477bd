//! The mailbox's server: stopped, read-only, full, made anew, cut off, silent.

use std::process::Command;
use std::time::Duration;

use super::trial::{Dice, Trial, rounds};
use crate::support::Database;
use crate::support::dovecot::User;
use crate::support::proxy::{Line, Proxy};
use crate::support::servers::{Dovecot, maildir_of, stop};

const PATIENCE: Duration = Duration::from_secs(60);

async fn counted(trial: &Trial, fault: &str, runs: usize) {
    let notifications = trial.notifications();
    trial.count(fault, runs, notifications, 0).await;
    assert_eq!(trial.user.count("INBOX"), Some(0), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dovecot_stopped_and_started_again() {
    let mut dovecot = Dovecot::start("");
    let mut trial = Trial::new(Database::Sqlite).await;
    trial.imap_port = dovecot.port;
    let mut dice = Dice::new(1);
    let runs = rounds(2).min(10);
    let mut daemon = trial.daemon();
    for _ in 0..runs {
        trial.emails(60);
        std::thread::sleep(Duration::from_millis(dice.below(300)));
        dovecot.end();
        std::thread::sleep(Duration::from_millis(500));
        dovecot.begin();
    }
    trial.settled(PATIENCE).await;
    stop(&mut daemon, "TERM");
    trial.finish();
    counted(&trial, "Dovecot stopped and started again", runs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_cannot_be_written() {
    let mut trial = Trial::new(Database::Sqlite).await;
    trial.emails(20);
    let folder = maildir_of(&trial.user.name);
    let access =
        |mode: &str| assert!(Command::new("chmod").args(["-R", mode]).arg(&folder).status().unwrap().success());
    access("a-w");
    let mut daemon = trial.daemon();
    trial.says("mailbox not read");
    access("u+w");
    // Now it can be read, but nothing can be moved: it reads, decides and answers.
    let archive = folder.join(".Done");
    std::fs::create_dir(&archive).unwrap();
    assert!(Command::new("chmod").arg("000").arg(&archive).status().unwrap().success());
    trial.settled(PATIENCE).await;
    assert_eq!(trial.user.count("INBOX"), Some(20));
    std::fs::remove_dir(&archive).unwrap();
    stop(&mut daemon, "TERM");
    trial.finish();
    counted(&trial, "a mailbox that cannot be written", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_out_of_quota() {
    // Where emails are copied and then removed, the copy does not fit.
    let quota = "mail_plugins = quota\nprotocol imap {\n  mail_plugins = quota\n}\nplugin {\n  quota = maildir:User quota\n  quota_rule = *:messages=20\n  quota_grace = 0\n}\n";
    let mut dovecot = Dovecot::start(quota);
    let mut trial = Trial::new(Database::Sqlite).await;
    trial.imap_port = dovecot.port;
    trial.user = User::on("127.0.0.2");
    trial.emails(20);
    let mut daemon = trial.daemon();
    trial.settled(PATIENCE).await;
    trial.says("handled emails stay where they are");
    assert_eq!(trial.user.count("INBOX"), Some(20), "nothing could be moved");
    // Who writes meanwhile is answered as soon as ever: sessions do not break off, and nobody waits longer each time.
    for _ in 0..3 {
        std::thread::sleep(Duration::from_secs(2));
        trial.emails(1);
        trial.settled(Duration::from_secs(5)).await;
    }
    stop(&mut daemon, "TERM");
    dovecot.end();
    trial.imap_port = User::port();
    trial.finish();
    counted(&trial, "a mailbox out of quota", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_whose_uidvalidity_changes() {
    let mut trial = Trial::new(Database::Sqlite).await;
    let runs = rounds(2).min(10);
    for _ in 0..runs {
        trial.emails(10);
        // Half of it is read, then the server forgets its numbers.
        trial.killed_at("journalled", 1);
        // Its new UIDVALIDITY is the second it is made in, which must be another than before (RFC 3501, section 2.3.1.1).
        std::thread::sleep(Duration::from_millis(1_100));
        let folder = maildir_of(&trial.user.name);
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap();
            if file.file_name().to_string_lossy().starts_with("dovecot") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
        trial.finish();
    }
    counted(&trial, "UIDVALIDITY changed", runs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_cut_in_the_middle_of_emails() {
    let proxy = Proxy::to("127.0.0.1", User::port());
    let mut trial = Trial::new(Database::Sqlite).await;
    trial.imap_port = proxy.port;
    let mut dice = Dice::new(2);
    let runs = rounds(6);
    for _ in 0..runs {
        trial.emails(8);
        // Somewhere between the greeting and the last of eight emails.
        proxy.set(Line::Cut(600 + dice.below(3_500)));
        let _ = trial.program(&["run", "--once"]).status().unwrap();
        proxy.set(Line::Good);
        trial.finish();
    }
    assert!(
        proxy.faults.load(std::sync::atomic::Ordering::SeqCst) as usize >= runs / 2,
        "the line was hardly ever cut"
    );
    counted(&trial, "the line cut in the middle of an email", runs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_without_closing() {
    let proxy = Proxy::to("127.0.0.1", User::port());
    let mut trial = Trial::new(Database::Sqlite).await;
    trial.imap_port = proxy.port;
    trial.emails(5);
    let mut daemon = trial.daemon();
    trial.settled(PATIENCE).await;
    // It waits in IDLE, then nothing comes any more.
    proxy.set(Line::Silent);
    trial.emails(5);
    std::thread::sleep(Duration::from_secs(4));
    proxy.set(Line::Good);
    trial.settled(PATIENCE).await;
    stop(&mut daemon, "TERM");
    trial.finish();
    counted(&trial, "a server that falls silent without closing", 1).await;
}
