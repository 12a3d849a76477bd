//! The sentences of the program: every language has all of them, the rules name those there are, and administrators change them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use guichet::settings::{Settings, load_with};
use guichet::ticket::NotificationKind;
use guichet::ticket::command::Name;
use regex::Regex;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The placeholders of every phrase of a language, by code.
fn phrases(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    fn walk(place: String, value: &toml::Value, found: &mut BTreeMap<String, BTreeSet<String>>) {
        match value {
            toml::Value::Table(table) if !table.contains_key("other") => {
                for (name, value) in table {
                    walk(if place.is_empty() { name.clone() } else { format!("{place}.{name}") }, value, found);
                }
            }
            value => {
                let names = Regex::new(r"\{\{(\w+)\}\}").unwrap();
                let text = value.to_string();
                found.insert(place, names.captures_iter(&text).map(|c| c[1].to_owned()).collect());
            }
        }
    }
    let text = fs::read_to_string(root().join(format!("mail-templates/{language}/phrases.toml"))).unwrap();
    let mut found = BTreeMap::new();
    walk(String::new(), &toml::Value::Table(toml::from_str(&text).unwrap()), &mut found);
    found
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_language_has_every_phrase_with_the_same_values() {
    let (fr, en) = (phrases("fr"), phrases("en"));
    assert!(en.len() > 400, "{}", en.len());
    assert_eq!(fr, en);
}

#[test]
fn the_rules_name_phrases_that_there_are_with_their_values() {
    let (en, mut files) = (phrases("en"), Vec::new());
    sources(&root().join("src"), &mut files);
    let call = Regex::new(
        r#"phrase!\(\s*"([\w.]+)"((?:\s*,\s*\w+(?:\s*=\s*(?:[^(),]|\([^()]*(?:\([^()]*\)[^()]*)*\))+)?)*)\s*,?\s*\)"#,
    )
    .unwrap();
    let name = Regex::new(r",\s*(\w+)\s*(?:=|,|$)").unwrap();
    let (mut calls, mut wrong) = (0, Vec::new());
    for file in files.iter().filter(|file| !file.ends_with("phrase.rs")) {
        let text = fs::read_to_string(file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for found in call.captures_iter(text) {
            calls += 1;
            let values = format!("{},", &found[2]);
            let mut given = BTreeSet::new();
            let mut at = 0;
            while let Some(one) = name.captures_at(&values, at) {
                given.insert(one[1].to_owned());
                at = one.get(1).unwrap().end();
            }
            match en.get(&found[1]) {
                None => wrong.push(format!("{}: there is no phrase {}", file.display(), &found[1])),
                Some(has) if !has.is_subset(&given) => {
                    wrong.push(format!("{}: {} has {has:?}, given {given:?}", file.display(), &found[1]));
                }
                Some(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(calls > 150, "{calls}");
}

#[test]
fn the_rules_hold_no_language() {
    let mut files = Vec::new();
    for room in ["ticket", "store", "work", "notify", "report"] {
        sources(&root().join("src").join(room), &mut files);
    }
    let odd = Regex::new(r#"\bfrench\b|== "fr"|"fr" =>|[^_]words!\(|"[^"\n]*[éèàêçîôû][^"\n]*""#).unwrap();
    let mut wrong = Vec::new();
    // These read what others wrote.
    for file in files.iter().filter(|file| !file.ends_with("asker.rs") && !file.ends_with("leak.rs")) {
        let text = fs::read_to_string(file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//") && odd.is_match(line)) {
            wrong.push(format!("{}: {}", file.display(), line.trim()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A configuration whose folder of templates holds these files.
fn configured(files: &[(&str, &str)]) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let text = format!(
        "[desk]\nname = \"Desk\"\ntemplates = \"mail-templates\"\n[store]\nurl = \"sqlite://{0}/guichet.db\"\n[watch]\nlisten = \"\"\n[smtp]\nhost = \"127.0.0.1\"\nport = 25\nsecurity = \"none\"\n[mailboxes.main]\nkind = \"maildir\"\npath = \"{0}/Maildir\"\n[queues.main]\nmailbox = \"main\"\naddress = \"aide@desk.example\"\nprefix = \"A\"\n",
        place.display()
    );
    fs::write(place.join("guichet.toml"), text).unwrap();
    for (name, text) in files {
        let file = place.join("mail-templates").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    load_with(&place.join("guichet.toml"), Vec::new()).unwrap()
}

#[test]
fn a_language_is_a_folder() {
    let settings = configured(&[
        ("de/acknowledgement.txt.hbs", "Subject: Ihre Anfrage {{ticket.number}}\n\nStand: {{ticket.status_label}}\n"),
        ("de/acknowledgement.html.hbs", "<p>Stand: {{ticket.status_label}}</p>"),
        (
            "de/phrases.toml",
            "[status]\nopen = \"in Arbeit\"\n[done]\ntaken = \"Das Ticket gehört Ihnen.\"\n[command.take]\nwords = [\"übernehmen\"]\nusage = \"#übernehmen\"\ndoes = \"Sie übernehmen es\"\nbutton = \"Übernehmen\"\nwrites = \"#übernehmen\"\n[argument]\nnone = [\"niemand\"]\n",
        ),
    ]);
    assert!(settings.template_mistakes.is_empty(), "{:?}", settings.template_mistakes);
    assert_eq!(settings.templates.languages(), ["de", "en", "fr"]);
    let facts = settings.templates.sample(NotificationKind::Acknowledgement, "de");
    let rendered = settings.templates.render(NotificationKind::Acknowledgement, &facts).unwrap();
    assert_eq!(rendered.subject, "Ihre Anfrage CG42N1-000123");
    assert!(rendered.text.contains("Stand: in Arbeit"), "{}", rendered.text);
    let commands = &settings.policy.commands;
    assert_eq!(commands.begins("#Übernehmen"), Some(Name::Take));
    assert_eq!(commands.called(Name::Take, "de").button, "Übernehmen");
    assert_eq!(commands.called(Name::Close, "de").usage, "#close", "what it lacks is English");
    assert!(settings.warnings.iter().any(|w| w.contains("are said in English")), "{:?}", settings.warnings);
}

#[test]
fn a_phrase_is_changed_alone_and_a_mistake_leaves_the_built_in_one() {
    let settings = configured(&[("fr/phrases.toml", "[status]\nopen = \"entre nos mains ; merci !\"\n")]);
    let said = settings.templates.phrases("fr").say(&guichet::ticket::Status::Open.label(), &settings.policy);
    assert_eq!(said, "entre nos mains\u{202f}; merci\u{202f}!", "typography is the language's");
    for (text, line, message) in [
        ("[status]\nopne = \"x\"\n", 2, "there is no phrase called status.opne; did you mean status.open?"),
        ("[done]\nassigned = \"à {{nom}}\"\n", 2, "done.assigned has no value {{nom}}; it has {{name}}"),
        ("[status\n", 1, "this is not TOML"),
        ("[status]\nopen = 3\n", 2, "status.open must be a text between quotes"),
        ("[command.take]\nwords = \"prendre\"\n", 2, "command.take.words is a list of texts"),
        ("[done]\nassigned = \"à {{name\"\n", 2, "a name stands between"),
        ("[status]\nopen = \" \"\n", 2, "status.open is empty"),
        ("[done]\nassigned = \"à {name}\"\n", 2, "a name stands between two braces"),
        ("[command.take]\nwords = [\"je prends\"]\n", 2, "has a space in it"),
        ("[command.take]\nwords = [\"#mien\"]\n", 2, "must begin with a letter"),
        ("[command.take]\nwords = [\"mien\", \"clore\"]\n", 2, "#clore is what another command is called"),
        ("[command.take]\nwrites = \"#amoi\"\n", 2, "#amoi is not a command"),
        ("[command.take]\nwrites = \"prendre\"\n", 2, "it begins with #"),
        ("[argument]\nyes = [\"non\"]\n", 2, "\"non\" means no already"),
        ("[late]\nmore = { one = \"x\" }\n", 2, "late.more needs the form `other`"),
        ("[done]\nassigned = { one = \"x\", other = \"y\" }\n", 2, "is about no number"),
        ("[[status]]\nopen = \"x\"\n", 1, "single brackets: [status]"),
        ("[deadline]\npromised = \"x\"\n", 2, "did you mean sla.promised?"),
        ("[report]\nages = [\"a\"]\n", 2, "report.ages has 5 entries; these are 1"),
        ("[status]\nopen = “x”\n", 2, "straight quotes"),
        ("[date]\nmonths = [\"janvier\"]\n", 2, "date.months has 12 entries; these are 1"),
    ] {
        let settings = configured(&[("fr/phrases.toml", text)]);
        let [mistake] = settings.template_mistakes.as_slice() else { panic!("{:?}", settings.template_mistakes) };
        assert_eq!(mistake.line, line, "{mistake}");
        assert!(mistake.message.contains(message), "{mistake}");
        let said = settings.templates.phrases("fr").say(&guichet::ticket::Status::Open.label(), &settings.policy);
        assert_eq!(said, "en cours", "the built-in one serves");
    }
}

#[test]
fn other_words_take_none_from_what_was_sent_or_from_what_people_answer() {
    let text = "[command.take]\nwords = [\"mien\"]\nwrites = \"#mien\"\n[argument]\nyes = [\"volontiers\"]\nnone = [\"nul\"]\n";
    let settings = configured(&[("fr/phrases.toml", text)]);
    let commands = &settings.policy.commands;
    assert_eq!(commands.line(Name::Take, "fr"), "#mien");
    assert_eq!(commands.begins("#mien"), Some(Name::Take));
    assert_eq!(commands.begins("#prendre"), Some(Name::Take), "a notification that was sent has it on its button");
    assert!(commands.means("yes", "volontiers") && commands.means("yes", "oui") && commands.means("none", "personne"));
}

#[test]
fn files_that_are_no_phrases_and_halves_of_notifications_are_named() {
    let settings = configured(&[
        ("fr/phrase.toml", "[status]\nopen = \"x\"\n"),
        ("fr/phrases.toml.txt", "x"),
        ("phrases.toml", "x"),
        ("es/acknowledgement.txt.hbs", "Subject: Hola\n\nHola\n"),
    ]);
    for odd in [
        "fr/phrase.toml is not used",
        "phrases.toml.txt is not used",
        "mail-templates/phrases.toml is not used",
        "it is sent in English as long as there is no es/acknowledgement.html.hbs",
    ] {
        assert!(settings.warnings.iter().any(|warning| warning.contains(odd)), "{odd}: {:?}", settings.warnings);
    }
}

#[test]
fn what_telephones_make_of_an_apostrophe_is_one() {
    assert_eq!(guichet::mail::fold("D’accord"), "d'accord");
}
