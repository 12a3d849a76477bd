//! Templates: compiled once, checked before they go live.
//!
//! A notification `answer` in French is `fr/answer.txt.hbs` (its first line is the subject) and
//! `fr/answer.html.hbs`. Values are escaped in the HTML part only.

use std::collections::{BTreeMap, BTreeSet};

use handlebars::{Handlebars, RenderError, no_escape};

use super::{Facts, Source, builtin, helpers, sample};
use crate::ticket::NotificationKind;
use crate::ticket::notification::ROWS as NOTIFICATIONS;

/// A mistake in a template, for the administrator who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct Mistake {
    /// The file, as [`Source::path`] or its name.
    pub file: String,
    /// Line, from 1; 0 when the mistake has no place.
    pub line: usize,
    /// What is wrong and how to fix it.
    pub message: String,
}

/// A notification's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Subject, on one line.
    pub subject: String,
    /// Plain part.
    pub text: String,
    /// HTML part.
    pub html: String,
}

/// All templates of a service desk, compiled.
#[derive(Debug, Clone)]
pub struct Templates {
    text: Handlebars<'static>,
    html: Handlebars<'static>,
    sources: BTreeMap<String, Source>,
    languages: Vec<String>,
}

impl Templates {
    /// Compiles the built-in templates with those of the administrator in their place, and renders
    /// each notification once with sample facts.
    ///
    /// # Errors
    /// Every mistake found, with its file and line.
    pub(crate) fn compile(overrides: Vec<Source>) -> Result<Self, Vec<Mistake>> {
        let mut sources = builtin_sources();
        sources.extend(overrides.into_iter().map(|s| (s.name.clone(), s)));
        let mut mistakes = cycles(&sources);
        if !mistakes.is_empty() {
            // Rendering would never end.
            return Err(mistakes);
        }
        let (text, html) =
            (registry(&sources, ".txt.hbs", &mut mistakes), registry(&sources, ".html.hbs", &mut mistakes));
        let languages = languages(&sources);
        let templates = Self { text, html, sources, languages };
        if mistakes.is_empty() {
            mistakes = templates.trial();
        }
        if mistakes.is_empty() { Ok(templates) } else { Err(mistakes) }
    }

    /// The languages every notification can be written in: those with a folder.
    #[must_use]
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// All sources, by name.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.values()
    }

    /// Renders a notification. A language without its own template falls back to English.
    ///
    /// # Errors
    /// A [`Mistake`] when the template names something that is not there.
    pub fn render(&self, kind: NotificationKind, facts: &Facts) -> Result<Rendered, Mistake> {
        let name = self.name(kind, &facts.language);
        let text = self.text.render(&name, facts).map_err(|e| self.mistake(&e, "txt"))?;
        let html = self.html.render(&name, facts).map_err(|e| self.mistake(&e, "html"))?;
        let (subject, text) = split_subject(&text).ok_or_else(|| Mistake {
            file: self.file(&format!("{name}.txt.hbs")),
            line: 1,
            message: "the first line must be `Subject: …`, followed by an empty line".to_owned(),
        })?;
        Ok(Rendered { subject, text, html })
    }

    fn name(&self, kind: NotificationKind, language: &str) -> String {
        let own = format!("{language}/{}", kind.as_str());
        let found = self.text.has_template(&own) && self.html.has_template(&own);
        if found { own } else { format!("en/{}", kind.as_str()) }
    }

    fn file(&self, name: &str) -> String {
        let source = self.sources.get(name);
        source.filter(|s| !s.path.is_empty()).map_or_else(|| name.to_owned(), |s| s.path.clone())
    }

    fn mistake(&self, error: &RenderError, ending: &str) -> Mistake {
        let name = error.template_name.clone().unwrap_or_default();
        Mistake {
            file: self.file(&format!("{name}.{ending}.hbs")),
            line: error.line_no.unwrap_or(0),
            message: explain(error),
        }
    }

    fn trial(&self) -> Vec<Mistake> {
        let mut found: Vec<Mistake> = Vec::new();
        for language in &self.languages {
            for row in NOTIFICATIONS {
                let kind = row.kind;
                if let Err(mistake) = self.render(kind, &sample(kind, language))
                    && !found.contains(&mistake)
                {
                    found.push(mistake);
                }
            }
        }
        found
    }
}

fn explain(error: &RenderError) -> String {
    let reason = error.reason().to_string();
    match reason.contains("not found in strict mode") || reason.contains("Failed to access variable") {
        true => format!("{reason}; `guichet template render NAME --facts` lists the names that can be used"),
        false => reason,
    }
}

fn builtin_sources() -> BTreeMap<String, Source> {
    builtin().into_iter().map(|source| (source.name.clone(), source)).collect()
}

fn languages(sources: &BTreeMap<String, Source>) -> Vec<String> {
    let folders = sources.keys().filter_map(|name| Some(name.split_once('/')?.0.to_owned()));
    folders.collect::<BTreeSet<_>>().into_iter().collect()
}

fn registry(sources: &BTreeMap<String, Source>, ending: &str, mistakes: &mut Vec<Mistake>) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    if ending == ".txt.hbs" {
        registry.register_escape_fn(no_escape);
    }
    helpers::register(&mut registry);
    for source in sources.values() {
        let Some(name) = source.name.strip_suffix(ending) else { continue };
        if let Err(error) = registry.register_template_string(name, &source.text) {
            let file = if source.path.is_empty() { source.name.clone() } else { source.path.clone() };
            let line = error.pos().map_or(0, |(line, _)| line);
            mistakes.push(Mistake { file, line, message: error.reason().to_string() });
        }
    }
    registry
}

/// Templates that include each other in a circle: rendering one would end the process.
fn cycles(sources: &BTreeMap<String, Source>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for source in sources.values() {
        let ending = if source.name.ends_with(".txt.hbs") { ".txt.hbs" } else { ".html.hbs" };
        let mut seen = BTreeSet::new();
        let mut open = vec![source.name.clone()];
        while let Some(name) = open.pop() {
            let Some(at) = sources.get(&name) else { continue };
            for partial in partials(&at.text).map(|p| format!("{p}{ending}")) {
                if partial == source.name {
                    let file = if source.path.is_empty() { source.name.clone() } else { source.path.clone() };
                    let message = format!("it includes itself by way of {name}; take one of the two `{{{{> …}}}}` out");
                    mistakes.push(Mistake { file, line: 0, message });
                    open.clear();
                    break;
                }
                if seen.insert(partial.clone()) {
                    open.push(partial);
                }
            }
        }
    }
    mistakes
}

/// Names after `{{>` and `{{#>`.
fn partials(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|piece| {
        let piece = piece.trim_start_matches(['~', '#']);
        let name = piece.strip_prefix('>')?.trim_start();
        name.split(|c: char| c.is_whitespace() || c == '}' || c == '~').next()
    })
}

fn split_subject(text: &str) -> Option<(String, String)> {
    let (first, rest) = text.split_once('\n')?;
    let subject = first.strip_prefix("Subject:")?;
    let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    Some((subject, rest.trim_start_matches('\n').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, text: &str) -> Result<Templates, Vec<Mistake>> {
        Templates::compile(vec![Source {
            name: name.to_owned(),
            text: text.to_owned(),
            path: format!("/etc/guichet/mail-templates/{name}"),
        }])
    }

    fn only_mistake(result: Result<Templates, Vec<Mistake>>) -> Mistake {
        let mistakes = result.err().unwrap_or_default();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        mistakes[0].clone()
    }

    #[test]
    fn all_built_in_notifications_render_in_both_languages() {
        let templates = Templates::compile(Vec::new()).map_err(|m| format!("{m:?}"));
        assert_eq!(templates.as_ref().map(|t| t.languages().to_vec()), Ok(vec!["en".into(), "fr".into()]));
    }

    #[test]
    fn html_is_escaped_and_text_is_not() {
        let Ok(templates) = Templates::compile(Vec::new()) else { panic!("built-in templates do not compile") };
        let mut facts = sample(NotificationKind::Answer, "fr");
        facts.message.text = "a < b & <script>alert(1)</script>\n\nfin".to_owned();
        facts.ticket.title = "<img src=x>".to_owned();
        let Ok(notification) = templates.render(NotificationKind::Answer, &facts) else { panic!("it does not render") };
        assert!(notification.text.contains("a < b & <script>"));
        assert!(notification.subject.contains("<img src=x>"));
        assert!(
            !notification.html.contains("<script>") && !notification.html.contains("<img"),
            "{}",
            notification.html
        );
        assert!(notification.html.contains("a &lt; b &amp;"));
    }

    #[test]
    fn a_misspelt_name_is_found_with_file_and_line() {
        let mistake = only_mistake(with("fr/answer.txt.hbs", "Subject: x\n\n{{ticket.numero}}\n"));
        assert_eq!((mistake.file.as_str(), mistake.line), ("/etc/guichet/mail-templates/fr/answer.txt.hbs", 3));
        assert!(mistake.message.contains("numero"), "{}", mistake.message);
    }

    #[test]
    fn broken_syntax_is_found_with_file_and_line() {
        let mistake = only_mistake(with("fr/answer.html.hbs", "<p>\n{{#if ticket.title}}\n</p>\n"));
        assert!(mistake.file.ends_with("fr/answer.html.hbs") && mistake.line > 0, "{mistake:?}");
    }

    #[test]
    fn a_notification_needs_its_subject() {
        assert!(only_mistake(with("en/answer.txt.hbs", "Hello\n")).message.contains("Subject:"));
    }

    #[test]
    fn templates_that_include_each_other_are_refused_not_rendered() {
        let sources = [("a.html.hbs", "{{> b}}"), ("b.html.hbs", "{{#if language}}{{> a}}{{/if}}")];
        let sources = sources.map(|(name, text)| Source { name: name.into(), text: text.into(), path: String::new() });
        let mistakes = Templates::compile(sources.to_vec()).err().unwrap_or_default();
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    }

    #[test]
    fn a_subject_cannot_carry_a_header() {
        let Ok(templates) = Templates::compile(Vec::new()) else { panic!("built-in templates do not compile") };
        let mut facts = sample(NotificationKind::Acknowledgement, "en");
        facts.ticket.title = "x\r\nBcc: all@example.org".to_owned();
        // The title is on one line long before it gets here; a template could still break it.
        let subject = templates.render(NotificationKind::Acknowledgement, &facts).map(|l| l.subject);
        assert!(subject.is_ok_and(|s| !s.contains('\n') && !s.contains('\r')));
    }
}
