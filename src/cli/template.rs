//! `template`: the service desk's notifications, for the administrator who tunes them.

use std::path::Path;

use serde_json::json;

use super::args::TemplateCommand;
use super::show;
use crate::notify::Templates;
use crate::settings::{self, Settings};
use crate::ticket::NotificationKind;
use crate::ticket::notification::ROWS as NOTIFICATIONS;
use crate::trouble::Trouble;

pub(super) fn run(config: &Path, command: TemplateCommand) -> Result<(), Trouble> {
    let settings = match &command {
        TemplateCommand::Check | TemplateCommand::Render { .. } => settings::load_strictly(config)?,
        _ => settings::load(config)?,
    };
    match command {
        TemplateCommand::List { json } => list(&settings.templates, json),
        TemplateCommand::Show { name } => show_one(&settings.templates, &name),
        TemplateCommand::Check => {
            // Loading the configuration compiles and tries every notification.
            println!("The templates and phrases in {} are good.", settings.templates.languages().join(", "));
            for oddity in settings.templates.oddities() {
                println!("but {}", show::one_line(&oddity.to_string()));
            }
            Ok(())
        }
        // It waits for a browser, which `super` does.
        TemplateCommand::Preview { .. } => Ok(()),
        TemplateCommand::Render { name, html, facts } => render(&settings, &name, html, facts),
    }
}

fn list(templates: &Templates, as_json: bool) -> Result<(), Trouble> {
    let place = |path: &str| if path.is_empty() { "built in".to_owned() } else { path.to_owned() };
    if as_json {
        let rows = templates.sources().map(|s| json!({ "name": s.name, "source": place(&s.path) }));
        return show::json(&rows.collect::<Vec<_>>());
    }
    let rows = templates.sources().map(|s| vec![s.name.clone(), place(&s.path)]);
    show::table(&["Template", "Comes from"], rows.collect(), "There is no template.");
    println!("A file of the same name in the folder desk.templates takes the place of a built-in one.");
    println!(
        "Of LANGUAGE/phrases.toml only the sentences that it holds; `guichet template show fr/phrases.toml` prints all."
    );
    Ok(())
}

/// Prints a file as it is used: the administrator's, or the built-in one to begin with.
fn show_one(templates: &Templates, name: &str) -> Result<(), Trouble> {
    let built_in = crate::notify::builtin();
    let found = templates.sources().chain(&built_in).find(|source| source.name == name);
    let source = found.ok_or_else(|| {
        Trouble::Usage(format!("there is no file {name}; `guichet template list` shows those there are"))
    })?;
    print!("{}", source.text);
    Ok(())
}

fn render(settings: &Settings, name: &str, html: bool, facts: bool) -> Result<(), Trouble> {
    let default = settings.policy.service_desk.language.clone();
    let (language, word) = name.split_once('/').map_or((default, name), |(l, w)| (l.to_owned(), w));
    let word = word.split('.').next().unwrap_or(word);
    let Some(kind) = NotificationKind::from_name(word) else {
        let known: Vec<&str> = NOTIFICATIONS.iter().map(|row| row.name).collect();
        return Err(Trouble::Usage(format!("there is no notification {word}; there are {}", known.join(", "))));
    };
    let facts_of = settings.templates.sample(kind, &language);
    if facts {
        return show::json(&facts_of);
    }
    let notification = settings.templates.render(kind, &facts_of).map_err(|m| Trouble::Input(m.to_string()))?;
    if html {
        println!("{}", notification.html);
    } else {
        println!("Subject: {}\n\n{}", notification.subject, notification.text);
    }
    Ok(())
}
