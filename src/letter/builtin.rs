//! The templates that come with the program. A file of the same name in the administrator's folder
//! takes the place of any of them.

/// One template file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name relative to the template folder, `/` between the parts (`fr/answer.txt.hbs`).
    pub name: String,
    /// Its text.
    pub text: String,
    /// Where it came from, for messages; empty for the built-in one.
    pub path: String,
}

macro_rules! embed {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../mail-templates/", $name)))),+]
    };
}

/// Name and text of every built-in template.
pub const BUILTIN: &[(&str, &str)] = embed![
    "layout.html.hbs",
    "en/acknowledgement.txt.hbs",
    "en/acknowledgement.html.hbs",
    "en/reply-received.txt.hbs",
    "en/reply-received.html.hbs",
    "en/answer.txt.hbs",
    "en/answer.html.hbs",
    "en/new-ticket.txt.hbs",
    "en/new-ticket.html.hbs",
    "en/new-message.txt.hbs",
    "en/new-message.html.hbs",
    "en/undelivered.txt.hbs",
    "en/undelivered.html.hbs",
    "en/refusal.txt.hbs",
    "en/refusal.html.hbs",
    "en/held.txt.hbs",
    "en/held.html.hbs",
    "en/not-done.txt.hbs",
    "en/not-done.html.hbs",
    "fr/acknowledgement.txt.hbs",
    "fr/acknowledgement.html.hbs",
    "fr/reply-received.txt.hbs",
    "fr/reply-received.html.hbs",
    "fr/answer.txt.hbs",
    "fr/answer.html.hbs",
    "fr/new-ticket.txt.hbs",
    "fr/new-ticket.html.hbs",
    "fr/new-message.txt.hbs",
    "fr/new-message.html.hbs",
    "fr/undelivered.txt.hbs",
    "fr/undelivered.html.hbs",
    "fr/refusal.txt.hbs",
    "fr/refusal.html.hbs",
    "fr/held.txt.hbs",
    "fr/held.html.hbs",
    "fr/not-done.txt.hbs",
    "fr/not-done.html.hbs",
];
