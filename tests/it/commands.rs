//! The program as people run it.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::mail::{ANA, Mail, SUPPORT};
use crate::support::{Database, Site, free_port};

fn guichet(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guichet"));
    command.args(arguments).env_remove("GUICHET_CONFIG").env("NO_COLOR", "1").output().unwrap()
}

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A site with one ticket, closed, so that commands can have its database.
async fn filled() -> (tempfile::TempDir, crate::support::sink::Sink, Mail) {
    let site = Site::new(Database::Sqlite).await;
    let mail = Mail::from("Ana Pérez <ana@college.example>")
        .subject("[P1] Panne")
        .attach("capture.png", b"\x89PNG 1")
        .attach("capture.png", b"\x89PNG 2");
    site.receive(&mail).await;
    site.receive(&Mail::from("nobody")).await;
    site.app.close().await;
    let Site { folder, sink, app, .. } = site;
    drop(app);
    (folder, sink, mail)
}

pub fn on(folder: &Path, arguments: &[&str]) -> Output {
    let config = folder.join("guichet.toml").display().to_string();
    guichet(&[&["--config", &config], arguments].concat())
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = on(folder, arguments);
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&output)))
}

#[tokio::test]
async fn tickets_are_listed_shown_explained_and_their_files_saved() {
    let (folder, _sink, mail) = filled().await;
    let list = json(folder.path(), &["ticket", "list", "--json"]);
    assert_eq!(list[0]["number"], "CG42N1-000001");
    assert!(list[0].get("messages").is_none());
    let show = json(folder.path(), &["ticket", "show", "cg42n1-1", "--json"]);
    for (key, value) in
        [("subject", "Panne"), ("status", "new"), ("priority", "P1"), ("requester", ANA), ("queue", "help")]
    {
        assert_eq!(show[key], value, "{key}");
    }
    assert_eq!(show["created_at"], "2026-03-02T09:15:00+01:00");
    for key in [
        "level",
        "type",
        "category",
        "service",
        "assignee",
        "first_responded_at",
        "resolved_at",
        "closed_at",
        "sla",
        "fields",
    ] {
        assert!(show.get(key).is_some(), "{key}");
    }
    assert_eq!(show["participants"][0], ANA);
    let message = &show["messages"][0];
    assert_eq!((message["direction"].as_str(), message["visibility"].as_str()), (Some("in"), Some("public")));
    assert_eq!(message["message_id"], mail.id);
    assert_eq!(message["attachments"][1]["size"], 6);
    assert_eq!(show["events"][0]["kind"], "opened");
    assert!(text(&on(folder.path(), &["ticket", "show", "CG42N1-000001"])).contains("capture.png"));
    assert!(text(&on(folder.path(), &["ticket", "history", "CG42N1-000001"])).contains("opened by mail"));

    let files = folder.path().join("files").display().to_string();
    assert!(on(folder.path(), &["ticket", "attachments", "CG42N1-000001", "--save", &files]).status.success());
    assert_eq!(std::fs::read(Path::new(&files).join("capture.png")).unwrap(), b"\x89PNG 1");
    assert_eq!(std::fs::read(Path::new(&files).join("capture-2.png")).unwrap(), b"\x89PNG 2");

    let why = text(&on(folder.path(), &["why", &format!("<{}>", mail.id)]));
    assert!(
        why.contains("opened CG42N1-000001") && why.contains("acknowledgement to ana@college.example: sent"),
        "{why}"
    );
    assert_eq!(json(folder.path(), &["why", "CG42N1-000001", "--json"])[0]["verdict"], "opened");
}

#[tokio::test]
async fn held_mail_and_notifications_are_listed_and_dealt_with() {
    let (folder, _sink, _) = filled().await;
    let held = json(folder.path(), &["held", "list", "--json"]);
    let id = held[0]["id"].to_string();
    assert!(held[0]["reason"].as_str().unwrap().contains("no usable sender"));
    assert!(text(&on(folder.path(), &["held", "show", &id])).contains("imprimante"));
    assert!(on(folder.path(), &["held", "release", &id]).status.success());
    assert!(on(folder.path(), &["run", "--once"]).status.success());
    assert!(on(folder.path(), &["held", "refuse", &id]).status.success());
    assert_eq!(on(folder.path(), &["held", "refuse", &id]).status.code(), Some(65));
    assert!(text(&on(folder.path(), &["held", "list"])).contains("No email is held."));

    assert!(text(&on(folder.path(), &["outbox", "list"])).contains("No notification waits"));
    let sent = json(folder.path(), &["outbox", "list", "--state", "sent", "--json"]);
    assert_eq!(sent.as_array().unwrap().len(), 2);
    let id = sent[0]["id"].to_string();
    assert!(text(&on(folder.path(), &["outbox", "show", &id])).contains("Auto-Submitted"));
    assert_eq!(on(folder.path(), &["outbox", "retry", &id]).status.code(), Some(65));
    assert_eq!(on(folder.path(), &["outbox", "list", "--state", "lost"]).status.code(), Some(64));
}

#[tokio::test]
async fn a_list_says_what_it_leaves_out() {
    let site = Site::new(Database::Sqlite).await;
    for n in 0..4 {
        site.receive(&Mail::from(&format!("ana{n}@college.example"))).await;
    }
    let list = |limit: &str| on(site.folder.path(), &["ticket", "list", "--json", "--limit", limit]);
    let numbers = |output: &Output| -> Vec<String> {
        let list: Value = serde_json::from_slice(&output.stdout).unwrap();
        list.as_array().unwrap().iter().map(|t| t["number"].as_str().unwrap().to_owned()).collect()
    };
    let two = list("2");
    assert_eq!(numbers(&two), ["CG42N1-000004", "CG42N1-000003"]);
    assert!(String::from_utf8_lossy(&two.stderr).contains("--limit 0"), "{}", text(&two));
    for limit in ["4", "0"] {
        let all = list(limit);
        assert_eq!(numbers(&all).len(), 4, "{limit}");
        assert!(all.stderr.is_empty(), "nothing is left out: {}", text(&all));
    }
    let table = on(site.folder.path(), &["ticket", "list", "--limit", "1"]);
    assert!(text(&table).contains("--limit 0") && !text(&table).contains("CG42N1-000003"), "{}", text(&table));
    assert_eq!(list("-1").status.code(), Some(64));
}

#[tokio::test]
async fn an_empty_desk_says_what_to_do() {
    let site = Site::new(Database::Sqlite).await;
    let output = on(site.folder.path(), &["ticket", "list"]);
    assert!(text(&output).contains("guichet run"), "{}", text(&output));
    assert_eq!(json(site.folder.path(), &["ticket", "list", "--json"]), Value::Array(Vec::new()));
    let missing = on(site.folder.path(), &["ticket", "show", "CG42N1-000009"]);
    assert_eq!(missing.status.code(), Some(65));
    assert!(text(&missing).contains("guichet ticket list"));
}

#[tokio::test]
async fn check_names_each_thing_and_its_cure() {
    let mut site = Site::new(Database::Sqlite).await;
    let good = on(site.folder.path(), &["check"]);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good));
    for word in ["configuration", "templates", "database", "mailbox main", "smtp"] {
        assert!(text(&good).contains(word), "{word}: {}", text(&good));
    }
    site.sink.stop();
    let away = on(site.folder.path(), &["check"]);
    assert_eq!(away.status.code(), Some(69));
    assert!(text(&away).contains("smtp.host"), "{}", text(&away));
    assert_eq!(on(site.folder.path(), &["check", "--offline"]).status.code(), Some(0));
    std::fs::write(site.folder.path().join("conf.d/more.toml"), "[smtp]\nprot = 1\n").unwrap();
    let wrong = on(site.folder.path(), &["check"]);
    assert_eq!(wrong.status.code(), Some(78));
    assert!(text(&wrong).contains("more.toml:2") && text(&wrong).contains("did you mean `port`?"), "{}", text(&wrong));
    let run = on(site.folder.path(), &["run"]);
    assert_eq!(run.status.code(), Some(78));
    assert!(text(&run).contains("smtp.prot"), "{}", text(&run));
}

#[tokio::test]
async fn unreachable_servers_end_a_command_with_69() {
    let site = Site::new(Database::Sqlite).await;
    let section = format!(
        "[mailboxes.main]\nkind = \"imap\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nusername = \"u\"\npassword = \"p\"\n",
        free_port()
    );
    let more = site.folder.path().join("conf.d/more.toml");
    std::fs::write(&more, format!("{section}[store]\nurl = \"postgres://u@127.0.0.1:{}/d\"\n", free_port())).unwrap();
    assert_eq!(on(site.folder.path(), &["ticket", "list"]).status.code(), Some(69));
    assert_eq!(on(site.folder.path(), &["check"]).status.code(), Some(69));
    std::fs::write(&more, "[store]\nurl = \"sqlite:/nowhere/at/all.db\"\n").unwrap();
    let nowhere = on(site.folder.path(), &["ticket", "list"]);
    assert_eq!(nowhere.status.code(), Some(65), "looking makes no database");
    assert!(
        text(&nowhere).contains("/nowhere/at/all.db") && text(&nowhere).contains("store.url"),
        "{}",
        text(&nowhere)
    );
    let section = format!(
        "[mailboxes.main]\nkind = \"imap\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nusername = \"u\"\npassword = \"p\"\n",
        free_port()
    );
    let store = format!("[store]\nurl = \"sqlite:{}\"\n", site.folder.path().join("other.db").display());
    std::fs::write(site.folder.path().join("conf.d/more.toml"), section + &store).unwrap();
    let output = on(site.folder.path(), &["run", "--once"]);
    assert_eq!(output.status.code(), Some(69), "{}", text(&output));
    assert!(text(&output).contains("mailbox main"), "{}", text(&output));
}

#[tokio::test]
async fn a_second_worker_on_the_same_file_is_refused() {
    let site = Site::new(Database::Sqlite).await;
    let output = on(site.folder.path(), &["run", "--once"]);
    assert_eq!(output.status.code(), Some(75));
    assert!(text(&output).contains("another guichet is at work"), "{}", text(&output));
}

#[tokio::test]
async fn the_daemon_reloads_keeps_the_last_good_configuration_and_stops_in_time() {
    let site = Site::new(Database::Sqlite).await;
    site.app.close().await;
    let Site { folder, sink, app, .. } = site;
    drop(app);
    std::fs::write(folder.path().join("conf.d/more.toml"), "[mailboxes.main]\npoll = \"50ms\"\n").unwrap();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_guichet"))
        .args(["--config", &folder.path().join("guichet.toml").display().to_string(), "run"])
        .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
        .spawn()
        .unwrap();
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
    let until = |what: &str, done: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(10), "{what}: {}", log());
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let pid = daemon.id().to_string();
    let hup = || assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    until("the start", &|| log().contains("guichet is at work"));
    std::fs::write(folder.path().join("conf.d/zz.toml"), "[desk]\nname = \"Guichet rouvert\"\n").unwrap();
    hup();
    until("the reload", &|| log().contains("configuration reloaded"));
    std::fs::write(folder.path().join("conf.d/zz.toml"), "[desk]\nnom = \"x\"\n").unwrap();
    hup();
    until("the refusal", &|| log().contains("the last good one stays"));
    guichet::edge::maildir::deliver(&folder.path().join("mail"), "1.m", &Mail::from(ANA).bytes()).unwrap();
    until("the acknowledgement", &|| !sink.to(ANA).is_empty());
    assert_eq!(sink.only(ANA).mail.from.unwrap().name, "Guichet rouvert");
    assert!(!log().contains(ANA) && !log().contains("imprimante"), "no address and no text in the log: {}", log());

    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let begun = Instant::now();
    assert!(daemon.wait().unwrap().success());
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(log().contains("guichet has stopped"));
}

#[tokio::test]
async fn op3_templates_are_listed_checked_and_rendered() {
    let site = Site::new(Database::Sqlite).await;
    std::fs::create_dir_all(site.folder.path().join("letters/fr")).unwrap();
    std::fs::write(site.folder.path().join("conf.d/more.toml"), "[desk]\ntemplates = \"../letters\"\n").unwrap();
    std::fs::write(site.folder.path().join("conf.d/more.toml"), "[desk]\ntemplates = \"letters\"\n").unwrap();
    let own = site.folder.path().join("letters/fr/answer.txt.hbs");
    std::fs::write(&own, "Subject: Réponse {{ticket.number}}\n\nBien à vous, {{desk.name}}\n").unwrap();
    let list = text(&on(site.folder.path(), &["template", "list"]));
    assert!(list.contains("letters/fr/answer.txt.hbs") && list.contains("built in"), "{list}");
    assert!(
        text(&on(site.folder.path(), &["template", "render", "answer"])).contains("Subject: Réponse CG42N1-000123")
    );
    assert!(
        text(&on(site.folder.path(), &["template", "render", "en/answer", "--html"])).contains("<html lang=\"en\">")
    );
    assert!(json(site.folder.path(), &["template", "render", "answer", "--facts"])["ticket"]["number"].is_string());
    assert!(on(site.folder.path(), &["template", "check"]).status.success());
    std::fs::write(&own, "Subject: x\n\n{{#if ticket.title}}\n").unwrap();
    let broken = on(site.folder.path(), &["template", "check"]);
    assert_eq!(broken.status.code(), Some(78));
    assert!(text(&broken).contains("letters/fr/answer.txt.hbs:"), "{}", text(&broken));
    assert_eq!(on(site.folder.path(), &["template", "render", "nothing"]).status.code(), Some(78));
}

#[test]
fn inspect_prints_one_object_a_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.eml"), Mail::from("Ana <ana@college.example>").attach("x.png", b"1").bytes())
        .unwrap();
    std::fs::write(folder.path().join("b.eml"), b"").unwrap();
    let output = guichet(&["inspect", "--json", &folder.path().display().to_string()]);
    assert!(output.status.success());
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["from"], ANA);
    assert_eq!(lines[0]["to"][0], SUPPORT);
    assert_eq!(lines[0]["attachments"][0]["type"], "image/png");
    for key in [
        "file",
        "message_id",
        "subject",
        "text",
        "reply_text",
        "is_auto",
        "auto_reason",
        "is_bounce",
        "bounced_recipients",
        "status",
        "diagnostic",
        "in_reply_to",
        "references",
        "defects",
    ] {
        assert!(lines[0].get(key).is_some(), "{key}");
    }
    assert!(lines[1]["defects"][0].as_str().unwrap().contains("empty"));
    assert_eq!(guichet(&["inspect", "/nowhere.eml"]).status.code(), Some(65));
}

#[test]
fn the_demo_shows_the_main_job_in_ten_seconds() {
    let begun = Instant::now();
    let output = guichet(&["demo"]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(10));
    for word in [
        "Subject: [CG42N1-000001]",
        "P1 (blocking)",
        "C'est revenu pour les 6e A",
        "Le compte de la classe a été réactivé",
        "over IMAP",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn completions_and_manual_pages_are_made() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(text(&guichet(&["completions", shell])).contains("guichet"));
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(guichet(&["man", &folder.path().display().to_string()]).status.success());
    for page in ["guichet.1", "guichet-run.1", "guichet-ticket-show.1"] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
}

#[test]
fn a_wrong_command_line_is_64_and_help_is_0() {
    assert_eq!(guichet(&["ticket", "shwo"]).status.code(), Some(64));
    assert!(text(&guichet(&["ticket", "shwo"])).contains("show"), "the nearest word is named");
    assert_eq!(guichet(&["--help"]).status.code(), Some(0));
    assert_eq!(guichet(&["--version"]).status.code(), Some(0));
}

#[tokio::test]
async fn the_operator_gives_every_order_a_moderator_gives() {
    let (folder, sink, _) = filled().await;
    let command = |words: &[&str]| on(folder.path(), &[&["ticket", "do", "CG42N1-1"], words].concat());
    let done = command(&["#priorité P2\n#étiquette salle-12"]);
    assert!(done.status.success(), "{}", text(&done));
    assert!(text(&done).contains("Priorité P1 → P2."), "{}", text(&done));
    // What cannot be done is said, and nothing is.
    let refused = command(&["#résoudre"]);
    assert_eq!(refused.status.code(), Some(65), "{}", text(&refused));
    assert!(text(&refused).contains("il manque la solution"), "{}", text(&refused));
    let typo = command(&["#reslove ok"]);
    assert!(text(&typo).contains("#resolve"), "{}", text(&typo));
    assert_eq!(command(&["bonjour"]).status.code(), Some(64));
    let resolved = command(&["#résoudre", "Câble rebranché."]);
    assert!(resolved.status.success(), "{}", text(&resolved));
    let show = json(folder.path(), &["ticket", "show", "CG42N1-1", "--json"]);
    assert_eq!((&show["status"], &show["solution"]), (&Value::from("resolved"), &Value::from("Câble rebranché.")));
    let actors: Vec<&Value> = show["events"].as_array().unwrap().iter().map(|e| &e["actor"]).collect();
    assert!(actors.contains(&&Value::from("operator@localhost")), "{actors:?}");
    assert!(on(folder.path(), &["ticket", "do", "CG42N1-1", "#kb réseau"]).status.success());
    let articles = json(folder.path(), &["article", "list", "--json"]);
    assert_eq!(
        (&articles[0]["solution"], &articles[0]["tags"][0]),
        (&Value::from("Câble rebranché."), &Value::from("réseau"))
    );
    assert_eq!(command(&["#prendre"]).status.code(), Some(65), "the operator has no tickets");
    assert_eq!(command(&["#liste"]).status.code(), Some(65), "there are commands for that");
    assert!(command(&["#rouvrir"]).status.success());
    let undone = command(&["#annuler"]);
    assert!(undone.status.success(), "{}", text(&undone));
    // The notifications are sent with the next round; nobody writes to the operator.
    assert!(on(folder.path(), &["run", "--once"]).status.success());
    let notification = sink.with_words(ANA, "Câble rebranché.");
    assert!(!notification.raw.contains("operator"), "{}", notification.raw);
    assert!(sink.notifications().iter().all(|l| !l.to.contains("operator")));
}

#[tokio::test]
async fn a_held_mail_is_added_to_the_ticket_it_belongs_to() {
    let (folder, _sink, _) = filled().await;
    let waiting = json(folder.path(), &["held", "list", "--json"]);
    let id = waiting[0]["id"].to_string();
    assert_eq!(on(folder.path(), &["held", "join", &id, "CG42N1-9"]).status.code(), Some(65));
    let joined = on(folder.path(), &["held", "join", &id, "CG42N1-1"]);
    assert!(joined.status.success(), "{}", text(&joined));
    assert!(on(folder.path(), &["run", "--once"]).status.success());
    assert_eq!(json(folder.path(), &["held", "list", "--json"]).as_array().map(Vec::len), Some(0));
}
