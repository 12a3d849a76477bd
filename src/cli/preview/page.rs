//! The pages of the preview, as text.

use std::fmt::Write as _;

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use crate::notify::Templates;
use crate::ticket::notification::ROWS as NOTIFICATIONS;

/// What a browser may do with a notification: show it.
pub(super) const NOTIFICATION_POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// The one script: it asks each second whether the notifications changed, and then loads the page again.
const SCRIPT: &str = "setInterval(async()=>{try{const v=await(await fetch('/version')).text();\
    if(v!==document.body.dataset.version)location.reload()}catch(e){}},1000)";

const STYLE: &str = "body{font:16px/1.5 sans-serif;margin:0 auto;max-width:1300px;padding:16px}nav a{margin-right:12px;white-space:nowrap}\
    section{border-top:1px solid #bbb;margin-top:24px}.both{display:flex;flex-wrap:wrap;gap:16px}.both>*{flex:1 1 520px;box-sizing:border-box}\
    iframe{border:1px solid #bbb;height:640px}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f3f4f6;padding:12px;margin:0}\
    .bad{background:#fdecea;padding:12px}";

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

fn page(version: u64, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>guichet: notifications</title><style>{STYLE}</style></head>\n\
         <body data-version=\"{version}\">\n{body}\n<script>{SCRIPT}</script>\n</body></html>\n"
    )
}

/// All notifications, by language, each with its subject, its HTML part in a frame, and its text part.
pub(super) fn notifications(templates: &Templates, version: u64) -> String {
    let mut body = String::from("<h1>Notifications</h1>\n");
    let named = |language: &str| {
        let language = language.to_owned();
        NOTIFICATIONS.iter().map(move |row| (row.kind, row.name, format!("{language}/{}", row.name)))
    };
    for language in templates.languages() {
        let _ = write!(body, "<nav><b>{}</b> ", escape(language));
        for (_, name, id) in named(language) {
            let _ = write!(body, "<a href=\"#{}\">{}</a> ", escape(&id), escape(name));
        }
        body += "</nav>\n";
    }
    for language in templates.languages() {
        for (kind, _, id) in named(language) {
            let id = escape(&id);
            let _ = writeln!(body, "<section id=\"{id}\"><h2>{id}</h2>");
            match templates.render(kind, &templates.sample(kind, language)) {
                Ok(notification) => {
                    let (subject, text) = (escape(&notification.subject), escape(&notification.text));
                    let _ = write!(
                        body,
                        "<p><b>Subject:</b> {subject}</p>\n<div class=\"both\"><iframe sandbox=\"\" loading=\"lazy\" \
                         title=\"{id}\" src=\"/notification/{id}\"></iframe><pre>{text}</pre></div>"
                    );
                }
                Err(mistake) => {
                    let _ = write!(body, "<pre class=\"bad\">{}</pre>", escape(&mistake.to_string()));
                }
            }
            body += "</section>\n";
        }
    }
    page(version, &body)
}

/// What is wrong, with file and line, until it is fixed.
pub(super) fn mistakes(mistakes: &str, version: u64) -> String {
    let found = escape(mistakes);
    page(
        version,
        &format!(
            "<h1>Not yet</h1>\n<pre class=\"bad\">{found}</pre>\n<p>The notifications come back once this is fixed.</p>"
        ),
    )
}

/// One notification, as it stands in its frame.
pub(super) fn notification(body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>notification</title></head><body>\n{body}\n</body></html>\n"
    )
}
