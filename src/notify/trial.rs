//! Templates tried before they go live: every name in every branch, with made-up facts and with lists of nothing; and what is wrong, in
//! plain words with the nearest name.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use handlebars::{RenderError, RenderErrorReason};

use super::branches::{self, Asked};
use super::mistake::{Mistake, nearest};
use super::phrases::AllPhrases;
use super::templates::Templates;
use super::{Facts, Phrases, builtin, helpers, sample};
use crate::ticket::NotificationKind;
use crate::ticket::notification::ROWS as NOTIFICATIONS;

impl Templates {
    /// Names that nothing has, in any branch of the administrator's templates.
    pub(super) fn misnamed(&self) -> Vec<Mistake> {
        let mut found = Vec::new();
        for source in self.sources.values().filter(|source| !source.path.is_empty()) {
            let (registry, ending) =
                if source.name.ends_with(".txt.hbs") { (self.text(), ".txt.hbs") } else { (self.html(), ".html.hbs") };
            let Some(template) = registry.registry.get_template(source.name.trim_end_matches(ending)) else { continue };
            let asked = Asked::of(template);
            for (line, name) in &asked.names {
                if branches::unknown(name, &KNOWN.parts, &asked.own).is_none() {
                    continue;
                }
                let message = match nearest(name, KNOWN.names.iter().map(String::as_str)) {
                    Some(near) => format!("there is no {name}; did you mean {near}?"),
                    None => format!("there is no {name}; {FACTS}"),
                };
                let mistake = Mistake { file: source.path.clone(), line: *line, message };
                if !found.contains(&mistake) {
                    found.push(mistake);
                }
            }
        }
        found
    }

    pub(super) fn mistake(&self, error: &RenderError, facts: &Facts, ending: &str) -> Mistake {
        let name = error.template_name.clone().unwrap_or_default();
        Mistake {
            file: self.file(&format!("{name}.{ending}.hbs")),
            line: error.line_no.unwrap_or(0),
            message: self.explain(error, facts, ending),
        }
    }

    fn explain(&self, error: &RenderError, facts: &Facts, ending: &str) -> String {
        let or = |near: Option<String>| near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        match error.reason() {
            RenderErrorReason::MissingVariable(Some(name)) => {
                let known = names_in(facts);
                let longer = format!(".{name}");
                let is_within = |place: &&String| place.ends_with(&longer) && !name.contains('.');
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) if near == *name && known.iter().any(|place| is_within(&place)) => {
                        let place = known.iter().find(is_within).unwrap_or(name);
                        format!("there is no {name} by itself; did you mean {place}?")
                    }
                    Some(near) if near == *name => format!(
                        "{name} is not to be found here: inside `{{{{#each}}}}` and `{{{{#with}}}}` it is `{{{{../{name}}}}}`, and `{{{{#each}}}}` takes a list"
                    ),
                    Some(near) => format!("there is no {name}; did you mean {near}?"),
                    None => format!("there is no {name}; {FACTS}"),
                }
            }
            RenderErrorReason::ParamNotFoundForIndex(word, 0) => {
                format!("`{{{{{word}}}}}` needs a name behind it, as in `{{{{#{word} ticket.category}}}}`")
            }
            RenderErrorReason::ParamNotFoundForIndex(word, _) => {
                format!("{word} needs more behind it: a text stands between straight quotes, \"like this\"")
            }
            RenderErrorReason::HelperNotFound(name) => {
                format!(
                    "there is no helper {name}: a value stands alone between its braces, `{{{{ticket.title}}}}`{}",
                    or(nearest(name, helpers::NAMES))
                )
            }
            RenderErrorReason::PartialNotFound(name) | RenderErrorReason::TemplateNotFound(name) => {
                let ending = format!(".{ending}.hbs");
                let known = self.sources.keys().filter_map(|source| source.strip_suffix(ending.as_str()));
                format!("there is no template {name} to include{}", or(nearest(name, known)))
            }
            reason => format!("{reason}; {FACTS}"),
        }
    }

    /// Renders everything once; with `bare`, also with lists of nothing, as they often are.
    pub(super) fn trial(&self, bare: bool) -> Vec<Mistake> {
        let mut found: Vec<Mistake> = Vec::new();
        for language in &self.languages {
            for row in NOTIFICATIONS {
                let facts = self.sample(row.kind, language);
                let tried = self.render(row.kind, &facts).map(drop);
                if let Err(mistake) =
                    tried.and_then(|()| if bare { self.render_bare(row.kind, &facts) } else { Ok(()) })
                    && !found.contains(&mistake)
                {
                    found.push(mistake);
                }
            }
        }
        found
    }

    fn render_bare(&self, kind: NotificationKind, facts: &Facts) -> Result<(), Mistake> {
        let name = self.name(kind, &facts.language);
        let bare = without_entries(serde_json::to_value(facts).unwrap_or_default());
        for (registry, ending) in [(self.text(), "txt"), (self.html(), "html")] {
            if let Err(error) = registry.registry.render(&name, &bare) {
                let mistake = self.mistake(&error, facts, ending);
                let missing = match error.reason() {
                    RenderErrorReason::MissingVariable(Some(name)) => name.clone(),
                    _ => return Err(mistake),
                };
                let message = format!(
                    "{missing} is not always there: put it into `{{{{#each}}}}` of its list, or into `{{{{#if {missing}}}}}`"
                );
                return Err(Mistake { message, ..mistake });
            }
        }
        Ok(())
    }
}

/// Where the names stand that a template may use.
const FACTS: &str = "`guichet template render NAME --facts` lists the names that can be used";

/// Names of facts, whatever the notification.
struct Known {
    /// With what stands before them, and alone.
    names: BTreeSet<String>,
    /// Each part by itself.
    parts: BTreeSet<String>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let names: BTreeSet<String> =
        NOTIFICATIONS.iter().flat_map(|row| names_in(&sample(row.kind, built_in_english()))).collect();
    let mut parts: BTreeSet<String> = names.iter().flat_map(|name| name.split('.')).map(ToOwned::to_owned).collect();
    // What the built-in templates give to those they include.
    for source in builtin() {
        if let Ok(template) = handlebars::Template::compile(&source.text) {
            parts.extend(Asked::of(&template).own);
        }
    }
    Known { names, parts }
});

/// The phrases the names of facts are made with, whatever an administrator changed.
fn built_in_english() -> &'static Phrases {
    static ENGLISH: LazyLock<AllPhrases> = LazyLock::new(|| AllPhrases::compile(&[]).0);
    ENGLISH.of("en")
}

/// The same facts with lists of nothing.
fn without_entries(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Array(_) => serde_json::Value::Array(Vec::new()),
        serde_json::Value::Object(map) => map.into_iter().map(|(name, value)| (name, without_entries(value))).collect(),
        other => other,
    }
}

/// Every name that these facts hold, with the words before it.
fn names_in(facts: &Facts) -> Vec<String> {
    fn gather(value: &serde_json::Value, place: &str, names: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (name, value) in map {
                    let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                    // Within a block of its own it is named alone.
                    names.extend([place.clone(), name.clone()]);
                    gather(value, &place, names);
                }
            }
            serde_json::Value::Array(all) => all.iter().for_each(|value| gather(value, "", names)),
            _ => {}
        }
    }
    let mut names = Vec::new();
    gather(&serde_json::to_value(facts).unwrap_or_default(), "", &mut names);
    names
}
