//! The pages of the preview: `page.html.hbs` and `notification.html.hbs` with their values.

use data_encoding::BASE64;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::notify::{Templates, page};
use crate::ticket::notification::{ROWS as NOTIFICATIONS, Row};

/// What a browser may do with a notification: show it.
pub(super) const NOTIFICATION_POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// The one script: it asks each second whether the notifications changed, and then loads the page again.
const SCRIPT: &str = "setInterval(async()=>{try{const v=await(await fetch('/version')).text();\
    if(v!==document.body.dataset.version)location.reload()}catch(e){}},1000)";

#[derive(Serialize)]
struct Page {
    version: u64,
    script: &'static str,
    mistakes: String,
    languages: Vec<Language>,
}

#[derive(Serialize)]
struct Language {
    language: String,
    notifications: Vec<Shown>,
}

#[derive(Default, Serialize)]
struct Shown {
    id: String,
    name: &'static str,
    subject: String,
    text: String,
    mistake: String,
}

/// What a browser may do with the page itself: run that one script, and show notifications in frames.
pub(super) fn policy() -> String {
    let script = BASE64.encode(&Sha256::digest(SCRIPT));
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'; connect-src 'self'; frame-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    handlebars::html_escape(text)
}

fn shown(templates: &Templates, language: &str, row: &Row) -> Shown {
    let named = Shown { id: format!("{language}/{}", row.name), name: row.name, ..Shown::default() };
    match templates.render(row.kind, &templates.sample(row.kind, language)) {
        Ok(notification) => Shown { subject: notification.subject, text: notification.text, ..named },
        Err(mistake) => Shown { mistake: mistake.to_string(), ..named },
    }
}

/// All notifications, by language, each with its subject, its HTML part in a frame, and its text part.
pub(super) fn notifications(templates: &Templates, version: u64) -> String {
    let languages = templates.languages().iter().map(|language| Language {
        language: language.clone(),
        notifications: NOTIFICATIONS.iter().map(|row| shown(templates, language, row)).collect(),
    });
    let languages = languages.collect();
    page(include_str!("page.html.hbs"), &Page { version, script: SCRIPT, mistakes: String::new(), languages })
}

/// What is wrong, with file and line, until it is fixed.
pub(super) fn mistakes(mistakes: &str, version: u64) -> String {
    let page_of = Page { version, script: SCRIPT, mistakes: mistakes.to_owned(), languages: Vec::new() };
    page(include_str!("page.html.hbs"), &page_of)
}

/// One notification, as it stands in its frame.
pub(super) fn notification(body: &str) -> String {
    page(include_str!("notification.html.hbs"), &std::collections::BTreeMap::from([("body", body)]))
}
