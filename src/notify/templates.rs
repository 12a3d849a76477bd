//! Templates: compiled once, tried before they go live, and replaced where they do not serve.
//!
//! A mistake of the administrator never stops the service (invariant 14): what is sent instead is the last good template
//! of that name, else the built-in one. A notification `answer` in French is `fr/answer.txt.hbs` (its first line is the subject) and
//! `fr/answer.html.hbs`. Values are escaped in the HTML part only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, OnceLock};

use handlebars::{Context, Handlebars, RenderContext, RenderError, Renderable, StringOutput, Template, no_escape};

use super::flat;
use super::mistake::{Mistake, nearest};
use super::phrase_file::FILE as PHRASES;
use super::phrases::AllPhrases;
use super::{Facts, Phrases, Source, builtin, helpers, lint, sample};
use crate::ticket::Commands;
use crate::ticket::NotificationKind;
use crate::ticket::notification::ROWS as NOTIFICATIONS;

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
    /// Compiled when the first notification is written: most commands write none.
    text: OnceLock<Part>,
    html: OnceLock<Part>,
    pub(super) sources: BTreeMap<String, Source>,
    phrases: AllPhrases,
    pub(super) languages: Vec<String>,
}

/// One part of all notifications, text or HTML.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) registry: Handlebars<'static>,
    /// By name, once it was written: with what it includes in its place.
    flat: BTreeMap<String, OnceLock<Template>>,
}

impl Part {
    fn new(registry: Handlebars<'static>) -> Self {
        let flat = registry.get_templates().keys().map(|name| (name.clone(), OnceLock::new())).collect();
        Self { registry, flat }
    }

    fn render(&self, name: &str, facts: &Context) -> Result<String, RenderError> {
        let plain = || self.registry.render_with_context(name, facts);
        let (Some(cell), Some(template)) = (self.flat.get(name), self.registry.get_template(name)) else {
            return plain();
        };
        let flat = cell.get_or_init(|| flat::flat(template, &self.registry));
        let mut out = StringOutput::new();
        let mut rendering = RenderContext::new(flat.name.as_ref());
        let done = flat.render(&self.registry, facts, &mut rendering, &mut out);
        // The place of a mistake is that in the file.
        if done.is_ok() { Ok(out.into_string()?) } else { plain() }
    }
}

impl Templates {
    /// The built-in templates with those of the administrator in their place, as far as they serve; with the mistakes of
    /// those that do not. `last`: the templates that have served until now.
    ///
    /// # Errors
    /// The mistakes, where not even the built-in ones serve, which is a bug.
    pub(crate) fn that_serve(
        overrides: Vec<Source>,
        last: Option<&Self>,
    ) -> Result<(Self, Vec<Mistake>), Vec<Mistake>> {
        let (mut active, mut mistakes, mut restored) = (overrides, Vec::new(), BTreeSet::new());
        loop {
            let found = match Self::compile(active.clone()) {
                Ok(templates) => return Ok((templates, mistakes)),
                Err(found) if active.is_empty() => return Err(found),
                Err(found) => found,
            };
            let wrong: BTreeSet<String> = active
                .iter()
                .filter(|source| found.iter().any(|mistake| mistake.file == source.path))
                .map(|source| stem(&source.name).to_owned())
                .collect();
            let new: Vec<Mistake> = found.into_iter().filter(|mistake| !mistakes.contains(mistake)).collect();
            mistakes.extend(new);
            if wrong.is_empty() {
                active.clear();
            }
            // Text and HTML of a notification go together, so that both parts say the same.
            active.retain(|source| !wrong.contains(stem(&source.name)));
            let again: Vec<Source> = last
                .iter()
                .flat_map(|last| last.sources())
                .filter(|source| !source.path.is_empty() && wrong.contains(stem(&source.name)))
                .filter(|source| !restored.contains(&source.name))
                .cloned()
                .collect();
            restored.extend(again.iter().map(|source| source.name.clone()));
            active.extend(again);
        }
    }

    /// The built-in templates alone.
    pub fn built_in() -> Option<&'static Self> {
        static BUILT_IN: LazyLock<Option<Templates>> = LazyLock::new(|| Templates::compile(Vec::new()).ok());
        BUILT_IN.as_ref()
    }

    /// Compiles the built-in templates with those of the administrator in their place, and renders
    /// each notification once with sample facts.
    ///
    /// # Errors
    /// Every mistake found, with its file and line.
    pub(crate) fn compile(overrides: Vec<Source>) -> Result<Self, Vec<Mistake>> {
        let (changed, overrides): (Vec<Source>, Vec<Source>) =
            overrides.into_iter().partition(|source| source.name.ends_with(PHRASES));
        let mut mistakes: Vec<Mistake> = overrides.iter().flat_map(in_words).collect();
        let (phrases, wrong) = AllPhrases::compile(&changed.iter().collect::<Vec<_>>());
        mistakes.extend(wrong);
        let is_tuned = !overrides.is_empty();
        // The built-in ones are tried in the program's own tests.
        let is_own = is_tuned || !changed.is_empty();
        let mut sources = builtin_sources();
        sources.extend(overrides.into_iter().chain(changed).map(|s| (s.name.clone(), s)));
        if is_own {
            mistakes.extend(cycles(&sources));
        }
        if !mistakes.is_empty() {
            // Rendering would never end, or say in other words what is said already.
            return Err(mistakes);
        }
        let languages = languages(&sources);
        let mut templates = Self { text: OnceLock::new(), html: OnceLock::new(), sources, phrases, languages };
        if !is_own {
            return Ok(templates);
        }
        let registry =
            |ending, mistakes: &mut Vec<Mistake>| registry(&templates.sources, ending, &templates.phrases, mistakes);
        let (text, html) = (registry(".txt.hbs", &mut mistakes), registry(".html.hbs", &mut mistakes));
        (templates.text, templates.html) = (Part::new(text).into(), Part::new(html).into());
        if mistakes.is_empty() {
            mistakes = templates.misnamed();
        }
        if mistakes.is_empty() {
            mistakes = templates.trial(is_tuned);
        }
        if mistakes.is_empty() { Ok(templates) } else { Err(mistakes) }
    }

    /// The same without a trial, for commands that write no notification.
    pub(crate) fn untried(overrides: Vec<Source>) -> Self {
        let (changed, overrides): (Vec<Source>, Vec<Source>) =
            overrides.into_iter().partition(|source| source.name.ends_with(PHRASES));
        let (phrases, _) = AllPhrases::compile(&changed.iter().collect::<Vec<_>>());
        let mut sources = builtin_sources();
        sources.extend(overrides.into_iter().chain(changed).map(|s| (s.name.clone(), s)));
        let languages = languages(&sources);
        Self { text: OnceLock::new(), html: OnceLock::new(), sources, phrases, languages }
    }

    pub(super) fn text(&self) -> &Part {
        self.text.get_or_init(|| Part::new(registry(&self.sources, ".txt.hbs", &self.phrases, &mut Vec::new())))
    }

    pub(super) fn html(&self) -> &Part {
        self.html.get_or_init(|| Part::new(registry(&self.sources, ".html.hbs", &self.phrases, &mut Vec::new())))
    }

    /// The languages every notification can be written in: those with a folder.
    #[must_use]
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// Made-up facts of a notification in a language.
    #[must_use]
    pub fn sample(&self, kind: NotificationKind, language: &str) -> Facts {
        Facts { language: language.to_owned(), ..sample(kind, self.phrases(language)) }
    }

    /// The phrases of a language; English for one that has none.
    #[must_use]
    pub fn phrases(&self, language: &str) -> &Phrases {
        self.phrases.of(language)
    }

    /// What commands are called, in every language.
    #[must_use]
    pub fn commands(&self) -> Commands {
        self.phrases.commands()
    }

    /// What is odd about the administrator's templates, and hardly meant so: file, line and words.
    pub(crate) fn oddities(&self) -> Vec<Mistake> {
        let own: Vec<&Source> = self.sources.values().filter(|source| !source.path.is_empty()).collect();
        let mut found = Vec::new();
        for source in &own {
            let note = |line, message| Mistake { file: source.path.clone(), line, message };
            if source.name.ends_with(PHRASES) {
                found.extend(is_no_language(source).or_else(|| self.phrases.missing(source)).map(|m| note(0, m)));
                continue;
            }
            found.extend(lint::oddities(source).into_iter().map(|(line, message)| note(line, message)));
            if let Some(message) = self.is_unused(source).or_else(|| is_no_language(source)) {
                found.push(note(0, message));
            }
            if let Some(message) = without_twin(source, &own) {
                found.push(note(0, message));
            }
        }
        found
    }

    /// Why a file is never shown, if so: it is no notification, and no other template includes it.
    fn is_unused(&self, source: &Source) -> Option<String> {
        let stem = stem(&source.name);
        let (_, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let is_notification = stem.contains('/') && NotificationKind::from_name(name).is_some();
        let is_included = self.sources.values().any(|other| partials(&other.text).any(|partial| partial == stem));
        if is_notification || is_included {
            return None;
        }
        let near = nearest(name, NOTIFICATIONS.iter().map(|row| row.name));
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Some(format!("there is no notification called {name}, and no template includes it{hint}"))
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
        let (text, html) = match Context::wraps(facts) {
            Ok(context) => (self.text().render(&name, &context), self.html().render(&name, &context)),
            Err(error) => return Err(self.mistake(&error, facts, "txt")),
        };
        let text = text.map_err(|e| self.mistake(&e, facts, "txt"))?;
        let html = html.map_err(|e| self.mistake(&e, facts, "html"))?;
        let (subject, text) = split_subject(&text).ok_or_else(|| Mistake {
            file: self.file(&format!("{name}.txt.hbs")),
            line: 1,
            message: "the first line must be `Subject: …`, that English word and its colon without a space between, followed by an empty line".to_owned(),
        })?;
        // A subject of nothing, or a part of nothing, is shown as an empty email.
        let empty = |ending: &str, message: &str| Mistake {
            file: self.file(&format!("{name}.{ending}.hbs")),
            line: 1,
            message: message.to_owned(),
        };
        if subject.is_empty() {
            return Err(empty(
                "txt",
                "the subject is empty: something that is always there must stand behind `Subject:`",
            ));
        }
        if html.trim().is_empty() {
            return Err(empty("html", "there is nothing in it, so most people would see an empty email"));
        }
        Ok(Rendered { subject, text, html })
    }

    pub(super) fn name(&self, kind: NotificationKind, language: &str) -> String {
        let own = format!("{language}/{}", kind.as_str());
        let found = self.text().flat.contains_key(&own) && self.html().flat.contains_key(&own);
        if found { own } else { format!("en/{}", kind.as_str()) }
    }

    pub(super) fn file(&self, name: &str) -> String {
        let source = self.sources.get(name);
        source.filter(|s| !s.path.is_empty()).map_or_else(|| name.to_owned(), |s| s.path.clone())
    }
}

/// A template's name without what tells text from HTML.
fn stem(name: &str) -> &str {
    [".txt.hbs", ".html.hbs"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// What is wrong with a template's text, in plain words.
fn in_words(source: &Source) -> Vec<Mistake> {
    let file = if source.path.is_empty() { &source.name } else { &source.path };
    let found = lint::errors(&source.text).into_iter();
    found.map(|(line, message)| Mistake { file: file.clone(), line, message }).collect()
}

/// Whether one part of a notification was changed and the other was not, so that they no longer say the same.
fn without_twin(source: &Source, own: &[&Source]) -> Option<String> {
    let stem = stem(&source.name);
    let twin = if source.name.ends_with(".txt.hbs") { format!("{stem}.html.hbs") } else { format!("{stem}.txt.hbs") };
    let is_own = own.iter().any(|other| other.name == twin);
    let is_built_in = builtin().iter().any(|other| other.name == twin);
    if is_own {
        return None;
    }
    let is_notification = stem.rsplit_once('/').is_some_and(|(_, name)| NotificationKind::from_name(name).is_some());
    if is_built_in {
        Some(format!("{twin} is not changed with it, so the two parts may say different things"))
    } else {
        is_notification.then(|| format!("it is sent in English as long as there is no {twin} beside it"))
    }
}

/// Why nobody writes in the language of a file's folder, if so: its code is a word of two or three letters (BCP 47, RFC 5646).
fn is_no_language(source: &Source) -> Option<String> {
    let (folder, _) = source.name.split_once('/')?;
    let is_code = (2..=3).contains(&folder.len()) && folder.bytes().all(|byte| byte.is_ascii_lowercase());
    let near = ["fr", "en"].iter().find(|code| folder.to_lowercase().starts_with(*code));
    let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    (!is_code).then(|| {
        format!("nobody writes in a language called {folder}: its folder is called by its code, such as fr{hint}")
    })
}

fn builtin_sources() -> BTreeMap<String, Source> {
    builtin()
        .into_iter()
        .filter(|source| !source.name.ends_with(PHRASES))
        .map(|source| (source.name.clone(), source))
        .collect()
}

fn languages(sources: &BTreeMap<String, Source>) -> Vec<String> {
    let folders = sources.keys().filter_map(|name| Some(name.split_once('/')?.0.to_owned()));
    folders.collect::<BTreeSet<_>>().into_iter().collect()
}

fn registry(
    sources: &BTreeMap<String, Source>,
    ending: &str,
    phrases: &AllPhrases,
    mistakes: &mut Vec<Mistake>,
) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    if ending == ".txt.hbs" {
        registry.register_escape_fn(no_escape);
    }
    helpers::register(&mut registry);
    for source in sources.values() {
        let Some(name) = source.name.strip_suffix(ending) else { continue };
        // What stands outside the folders of languages is theirs all.
        let language = name.split_once('/').map(|(language, _)| phrases.of(language).typography());
        let text = language.map_or_else(|| source.text.clone(), |own| own.set(&source.text, ending == ".html.hbs"));
        if let Err(error) = registry.register_template_string(name, &text) {
            let file = if source.path.is_empty() { source.name.clone() } else { source.path.clone() };
            let line = error.pos().map_or(0, |(line, _)| line);
            let reason = error.reason().to_string();
            let reason = reason.strip_prefix("invalid handlebars syntax: ").unwrap_or(&reason);
            mistakes.push(Mistake { file, line, message: format!("the tag is not understood: {reason}") });
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

    /// What is included says the same in its place as on its own.
    #[test]
    fn notifications_say_the_same_with_what_they_include_in_its_place() {
        let templates = Templates::built_in().unwrap();
        for language in templates.languages() {
            for row in NOTIFICATIONS {
                let facts = Context::wraps(templates.sample(row.kind, language)).unwrap();
                let name = templates.name(row.kind, language);
                for part in [templates.text(), templates.html()] {
                    let plain = part.registry.render_with_context(&name, &facts).unwrap();
                    assert_eq!(part.render(&name, &facts).unwrap(), plain, "{name}");
                }
            }
        }
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        for (name, text) in [
            ("frame", "<{{#if a}}{{> @partial-block}}{{/if}}>"),
            ("frames", "<{{#each list}}{{> @partial-block}}{{/each}}>"),
            ("item", "{{@index}}{{this}}{{#if @first}}!{{/if}} "),
            ("outer", "{{../a}}"),
            ("inner", "{{a}}{{> item}}"),
            ("own", "{{#*inline \"x\"}}x{{/inline}}{{> x}}"),
            ("one", "{{#> frame}}{{#each list}}{{> item}}{{/each}}{{/frame}}{{> own}}"),
            ("two", "{{#> frames}}{{a}}{{/frames}}{{#with b}}{{> outer}}{{/with}}"),
            ("three", "a\n  {{> inline}}\n{{#> frame}}{{#> frame}}{{a}}{{/frame}}{{/frame}}\n{{> frame2 a=1}}\n"),
            ("inline", "b\nc\n"),
            ("frame2", "{{a}}"),
            (
                "four",
                "{{#with b}}{{> frame2}}{{#each list}}{{> item}}{{/each}}{{/with}}\n{{> frame2}}\n\n{{#if a}}\n{{> inline}}\n{{/if}}\nz",
            ),
        ] {
            registry.register_template_string(name, text).unwrap();
        }
        let part = Part::new(registry);
        let facts = serde_json::json!({ "a": "A", "list": ["p", "q"], "b": { "a": "B", "list": ["r"] } });
        let facts = Context::wraps(facts).unwrap();
        for name in ["one", "two", "three", "four"] {
            let plain = part.registry.render_with_context(name, &facts).unwrap();
            assert_eq!(part.render(name, &facts).unwrap(), plain, "{name}");
        }
    }

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
        let mut facts = templates.sample(NotificationKind::Answer, "fr");
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
        assert_eq!(mistake.message, "there is no ticket.numero; did you mean ticket.number?");
    }

    #[test]
    fn broken_syntax_is_found_with_file_and_line() {
        let mistake = only_mistake(with("fr/answer.html.hbs", "<p>\n{{#if ticket.title}}\n</p>\n"));
        assert!(mistake.file.ends_with("fr/answer.html.hbs") && mistake.line > 0, "{mistake:?}");
    }

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), text: text.to_owned(), path: format!("/t/{name}") }
    }

    /// What the administrator reads about each kind of mistake.
    #[test]
    fn mistakes_are_said_in_plain_words_at_their_line() {
        let broken = [
            ("fr/answer.txt.hbs", "Subject: x\n\n{{#unless ticket.title}}\nBonjour\n"),
            ("fr/answer.txt.hbs", "Subject: x\n\n{{#if ticket.title}}\n{{#unless message.text}}\n{{/if}}\n{{/unless}}"),
            ("fr/answer.txt.hbs", "Subject: x\n\n{{/if}}\n"),
            ("fr/answer.txt.hbs", "Subject: x\n\n{{ticket.number\n"),
            ("fr/answer.txt.hbs", "Subject: x\n\n{{ticket.number }\n{{ticket.title}}\n"),
            ("fr/answer.txt.hbs", "Subject: x\n\n{{ticket.numero}}\n"),
            ("fr/answer.txt.hbs", "Subject: x\n\n{{elephant}}\n"),
            ("fr/answer.txt.hbs", "Subject: x\n\n{{> sectoins}}\n"),
            ("fr/answer.txt.hbs", "Subject: x\n\n{{quotes message.text}}\n"),
            ("fr/answer.txt.hbs", "Bonjour\n"),
            ("fr/answer.html.hbs", "<p>{{{message.html}}</p>\n"),
            ("fr/answer.html.hbs", "<p>\n{{> fr/answer}}</p>\n"),
            ("fr/answer.txt.hbs", "Subject: x\n\n{{#each attachments as}}{{/each}}\n"),
        ];
        let said: Vec<String> = broken
            .iter()
            .map(|(name, text)| {
                let mistakes = Templates::compile(vec![source(name, text)]).err().unwrap_or_default();
                mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
            })
            .collect();
        let expected = [
            "/t/fr/answer.txt.hbs:3: `{{#unless}}` on line 3 is never closed: it needs `{{/unless}}`",
            "/t/fr/answer.txt.hbs:5: `{{/if}}` closes `{{#unless}}` of line 4",
            "/t/fr/answer.txt.hbs:3: `{{/if}}` closes nothing that was opened",
            "/t/fr/answer.txt.hbs:3: `{{` on line 3 is never closed: it needs `}}`",
            "/t/fr/answer.txt.hbs:3: `{{` on line 3 is not closed before the next one: it needs `}}`",
            "/t/fr/answer.txt.hbs:3: there is no ticket.numero; did you mean ticket.number?",
            "/t/fr/answer.txt.hbs:3: there is no elephant; `guichet template render NAME --facts` lists the names that can be used",
            "/t/fr/answer.txt.hbs:3: there is no template sectoins to include; did you mean sections?",
            "/t/fr/answer.txt.hbs:3: there is no helper quotes: a value stands alone between its braces, `{{ticket.title}}`; did you mean quote?",
            "/t/fr/answer.txt.hbs:1: the first line must be `Subject: …`, that English word and its colon without a space between, followed by an empty line",
            "/t/fr/answer.html.hbs:1: `{{{` on line 1 is never closed: it needs `}}}`",
            "/t/fr/answer.html.hbs: it includes itself by way of fr/answer.html.hbs; take one of the two `{{> …}}` out",
            "/t/fr/answer.txt.hbs:3: the tag is not understood: unexpected keywords; expected hash, block_param, or trailing_tilde_to_omit_whitespace",
        ];
        assert_eq!(said, expected);
    }

    fn subject_of(templates: &Templates, kind: NotificationKind) -> String {
        templates.render(kind, &templates.sample(kind, "fr")).map(|rendered| rendered.subject).unwrap_or_default()
    }

    #[test]
    fn what_does_not_serve_is_replaced_by_what_served_last_or_is_built_in() {
        let good = [
            source("fr/answer.txt.hbs", "Subject: nos mots\n\nx\n"),
            source("fr/closed.txt.hbs", "Subject: clos\n\nx\n"),
        ];
        let Ok((first, mistakes)) = Templates::that_serve(good.to_vec(), None) else { panic!("they serve") };
        assert_eq!((subject_of(&first, NotificationKind::Answer), mistakes.len()), ("nos mots".to_owned(), 0));

        let broken = [
            source("fr/answer.txt.hbs", "Subject: pires\n\n{{#if x}}\n"),
            source("fr/answer.html.hbs", "<p>aussi neuf</p>"),
            source("fr/closed.txt.hbs", "Subject: clos autrement\n\nx\n"),
        ];
        let Ok((next, mistakes)) = Templates::that_serve(broken.to_vec(), Some(&first)) else {
            panic!("the last serve")
        };
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert_eq!(subject_of(&next, NotificationKind::Answer), "nos mots", "the last good one");
        assert_eq!(subject_of(&next, NotificationKind::Closed), "clos autrement", "the others are taken over");
        let html = next.render(NotificationKind::Answer, &next.sample(NotificationKind::Answer, "fr")).map(|r| r.html);
        assert!(html.is_ok_and(|html| !html.contains("aussi neuf")), "both parts go together");

        let Ok((start, mistakes)) = Templates::that_serve(broken.to_vec(), None) else { panic!("the built-in serve") };
        let Some(built_in) = Templates::built_in() else { panic!("they compile") };
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert_eq!(subject_of(&start, NotificationKind::Answer), subject_of(built_in, NotificationKind::Answer));
        assert_eq!(subject_of(&start, NotificationKind::Closed), "clos autrement");
    }

    /// In every branch, with every mistake of a file, whatever the sample facts hold.
    #[test]
    fn names_are_tried_where_the_sample_does_not_lead() {
        let wrong = [
            ("{{#if ticket.assignee}}x{{else}}{{destinataire.nom}}{{/if}}", "there is no destinataire.nom"),
            ("{{#if recipient.nom}}x{{/if}}", "there is no recipient.nom"),
            ("{{#unless toto}}y{{/unless}}", "there is no toto"),
            ("{{#each warnings}}{{toto}}{{/each}}", "there is no toto"),
            ("{{ticket.fields.0.value}}", "ticket.fields.0.value is not always there"),
            ("{{#with ticket}}{{desk.name}}{{/with}}", "it is `{{../desk.name}}`"),
            ("{{#each attachments}}x{{/each}}", "did you mean message.attachments?"),
            ("{{#if}}x{{/if}}", "`{{if}}` needs a name behind it"),
        ];
        for (text, said) in wrong {
            let text = format!("Subject: x\n\n{text}\n");
            let mistakes = Templates::compile(vec![source("fr/answer.txt.hbs", &text)]).err().unwrap_or_default();
            assert!(mistakes.iter().any(|m| m.line == 3 && m.message.contains(said)), "{text}: {mistakes:?}");
        }
        let both = "Subject: x\n\n{{aaa}}\n{{bbb}}\n";
        let mistakes = Templates::compile(vec![source("fr/answer.txt.hbs", both)]).err().unwrap_or_default();
        assert_eq!(mistakes.iter().map(|m| m.line).collect::<Vec<_>>(), [3, 4], "{mistakes:?}");
        let right = [
            "{{#each message.attachments as |file|}}{{file.name}}{{/each}}",
            "{{#with ticket}}{{number}} {{../desk.name}}{{/with}}",
            "{{#each ticket.fields}}{{@index}} {{value}}{{/each}}",
        ];
        for text in right {
            let text = format!("Subject: x\n\n{text}\n");
            let tried = Templates::compile(vec![source("fr/answer.txt.hbs", &text)]);
            assert!(tried.is_ok(), "{text}: {:?}", tried.err());
        }
        // Built-in templates, put in their own place, are right.
        let own = builtin().into_iter().map(|s| Source { path: format!("/t/{}", s.name), ..s }).collect();
        let tried = Templates::compile(own);
        assert!(tried.is_ok(), "{:?}", tried.err());
    }

    #[test]
    fn a_subject_or_a_part_of_nothing_is_a_mistake() {
        let subject = only_mistake(with("fr/answer.txt.hbs", "Subject:\n\nx\n"));
        assert!(subject.message.contains("the subject is empty"), "{subject}");
        let html = only_mistake(with("fr/answer.html.hbs", " \n"));
        assert!(html.message.contains("nothing in it"), "{html}");
    }

    #[test]
    fn a_folder_that_is_no_language_is_odd() {
        let own = vec![source("FR/answer.txt.hbs", "Subject: x\n\nx\n"), source("FR/answer.html.hbs", "<p>x</p>")];
        let Ok((templates, _)) = Templates::that_serve(own, None) else { panic!("they serve") };
        let said: Vec<String> = templates.oddities().iter().map(ToString::to_string).collect();
        assert!(said.len() == 2 && said[0].contains("did you mean fr?"), "{said:?}");
    }

    /// A part that many include, and one of which only a whole is wrong.
    #[test]
    fn whatever_is_wrong_something_serves() {
        let sets: [Vec<Source>; 5] = [
            vec![source("sections.txt.hbs", "{{nothing.here}}")],
            vec![source("a.html.hbs", "{{> b}}"), source("b.html.hbs", "{{> a}}")],
            vec![source("fr/card.txt.hbs", "{{#each"), source("fr/answer.txt.hbs", "{{/each}}")],
            vec![source("de/answer.txt.hbs", "Subject: x\n\n{{numero}}"), source("de/answer.html.hbs", "x")],
            vec![source("layout.html.hbs", "<p>{{> @partial-blok}}</p>")],
        ];
        for set in sets {
            let name = set[0].name.clone();
            let served = Templates::that_serve(set, None);
            let Ok((templates, mistakes)) = served else { panic!("{name}: {served:?}") };
            assert!(!mistakes.is_empty(), "{name}");
            assert!(!subject_of(&templates, NotificationKind::Answer).is_empty(), "{name}");
        }
    }

    #[test]
    fn what_is_odd_is_said_and_serves() {
        let own = [
            source("fr/answer.txt.hbs", "Subject: x\n\n{ticket.number} {{message.text}}\n"),
            source("fr/acknowledgment.txt.hbs", "Subject: x\n\nx\n"),
            source("fr/signature.txt.hbs", "-- \nl'équipe\n"),
            source("fr/closed.txt.hbs", "Subject: x\n\n{{> fr/signature}}\n"),
            source("fr/closed.html.hbs", "<b>x"),
        ];
        let Ok((templates, mistakes)) = Templates::that_serve(own.to_vec(), None) else { panic!("they serve") };
        assert_eq!(mistakes, []);
        let said: Vec<String> = templates.oddities().iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "/t/fr/acknowledgment.txt.hbs: there is no notification called acknowledgment, and no template includes it; did you mean acknowledgement?",
                "/t/fr/answer.txt.hbs:3: `{ticket.number}` is sent as it stands: a name stands between two braces, `{{ticket.number}}`",
                "/t/fr/answer.txt.hbs: fr/answer.html.hbs is not changed with it, so the two parts may say different things",
                "/t/fr/closed.html.hbs:1: <b> is opened more often (1) than it is closed (0)",
            ]
        );
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
        let mut facts = templates.sample(NotificationKind::Acknowledgement, "en");
        facts.ticket.title = "x\r\nBcc: all@example.org".to_owned();
        // The title is on one line long before it gets here; a template could still break it.
        let subject = templates.render(NotificationKind::Acknowledgement, &facts).map(|l| l.subject);
        assert!(subject.is_ok_and(|s| !s.contains('\n') && !s.contains('\r')));
    }
}
