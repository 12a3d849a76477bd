//! Form fields written into an email: `Nom et prénom : Ana Pérez`.
//!
//! A label stands at the start of a line, behind a bullet or a number, or behind a separator; its value stands behind a colon, a dash
//! or a tab, in the next cell of a table or the one below, or on the next lines. Labels are compared by their words ([`Label`]).
//! Where nothing but its words tells a label (no colon, a line of its own), it counts only among others: prose has such words, too.

mod label;
mod line;

use std::collections::BTreeMap;

use self::line::{Hit, Line, Sure};
use super::closing::is_closing;
use super::{fold, marks};

pub use label::Label;

/// Longest value that is kept, in characters.
const VALUE: usize = 2_000;
/// Most lines in which labels are looked for.
const MOST: usize = 2_000;
/// Most lines a value written below its label takes, and most that a long one goes on for.
const LINES: usize = 40;
/// Most lines below its label that a short value takes.
const SHORT: usize = 3;
/// Shortest line that a client may have wrapped, in characters.
const WRAPPED: usize = 60;
/// Fewest labels that make a form of lines that could be prose.
const FORM: usize = 2;
/// The same, where not even a line's end parts them from their values.
const BARE: usize = 3;

/// What a text says of the fields that are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// By code. The first value of a field counts.
    pub own: BTreeMap<String, String>,
    /// Those that only the signature gives, and no label above leaves open.
    pub signature: BTreeMap<String, String>,
}

/// What a text of a writer of that name says.
#[must_use]
pub fn read(text: &str, labels: &[&Label], writer: &str) -> Values {
    if labels.is_empty() {
        return Values::default();
    }
    let mut lines: Vec<Line<'_>> = line::all(text.lines().take(MOST).map(unquoted), labels);
    // What stands behind a label in a quoted line is somebody else's; below one it may be an answer.
    for (line, text) in lines.iter_mut().zip(text.lines()).filter(|(_, text)| depth(text) > 0) {
        let is_filled = (0..line.hits.len()).any(|at| !line.value(at).is_empty());
        if is_filled && depth(text) > 0 {
            line.hits.clear();
        }
    }
    let end = signature(&lines, writer);
    let mut found = Form { lines: &lines[..end], quoted: false }.values();
    let mut signature = Form { lines: &lines[end..], quoted: false }.values();
    let telling = lines.iter().filter(|line| !line.hits.is_empty()).count();
    if telling < FORM {
        let bare: Vec<Line<'_>> = text.lines().take(MOST).map(|text| line::bare(unquoted(text), labels)).collect();
        let in_a_row = bare.split(|line| line.hits.is_empty() && !line.is_blank()).map(|run| hits(run).count()).max();
        if in_a_row >= Some(BARE) {
            for (code, value) in (Form { lines: &bare, quoted: false }).values() {
                found.entry(code).or_insert(value);
            }
        }
    }
    let asked = |code: &String| hits(&lines[..end]).any(|hit| hit.label.code == *code);
    signature.retain(|code, _| !asked(code));
    Values { own: found, signature }
}

/// The line at which the signature begins. A name below a label that asks for one is its value.
fn signature(lines: &[Line<'_>], writer: &str) -> usize {
    let labels = |at: usize| {
        lines[..at].iter().rev().skip_while(|line| line.is_blank()).take_while(|line| !line.hits.is_empty())
    };
    let asked = |at: usize| labels(at).any(|line| line.hits.iter().any(|hit| hit.label.code == NAME));
    let closes = |at: &usize| {
        let line = &lines[*at];
        line.hits.is_empty() && is_closing(line.text, writer) && !asked(*at)
    };
    (1..lines.len()).find(closes).unwrap_or(lines.len())
}

/// Code of the field that holds the writer's name.
const NAME: &str = "name";

/// The values that were typed into the lines of a notification that the text quotes: below one mark of quotation, or none where the
/// client sets none. What the notification quotes in its turn is not looked at.
#[must_use]
pub fn read_quoted(text: &str, labels: &[&Label]) -> BTreeMap<String, String> {
    if labels.is_empty() {
        return BTreeMap::new();
    }
    let is_head =
        |line: &&str| super::reply::field(line).is_some_and(|(field, _)| field == super::language::Field::From);
    let mut quote = text.lines().position(|line| depth(line) > 0);
    quote = quote.or_else(|| text.lines().position(|line| is_head(&line)));
    let mut heads = 0;
    let outer = text.lines().skip(quote.unwrap_or(0)).take_while(|line| {
        heads += usize::from(is_head(line));
        heads < 2
    });
    let outer = outer.filter(|line| depth(line) < 2).take(MOST);
    let lines: Vec<Line<'_>> = line::all(outer.map(unquoted), labels);
    Form { lines: &lines, quoted: true }.values()
}

/// What a text says above its first label, or at all where it has none: courtesies and the closing left out. Nothing where that is
/// less than a sentence.
#[must_use]
pub fn words_beside(text: &str, labels: &[&Label], writer: &str) -> Option<String> {
    const WORDS: usize = 4;
    let text = super::above_closing(text, writer);
    let lines: Vec<Line<'_>> = line::all(text.lines().take(MOST), labels);
    let form = hits(&lines).any(|hit| hit.sure == Sure::Yes);
    let end = lines.iter().position(|line| form && !line.hits.is_empty()).unwrap_or(lines.len());
    let heads =
        |at: &usize| lines[*at..].iter().take(4).filter(|line| super::reply::field(line.text).is_some()).count() > 1;
    let end = (0..end).find(heads).unwrap_or(end);
    let own = lines[..end].iter().map(|line| line.text).skip_while(|line| line.trim().is_empty() || is_polite(line));
    let own = own.collect::<Vec<_>>().join("\n");
    let own = own.trim();
    (own.split_whitespace().count() >= WORDS).then(|| own.chars().take(VALUE).collect())
}

fn hits<'a>(lines: &'a [Line<'a>]) -> impl Iterator<Item = &'a Hit<'a>> {
    lines.iter().flat_map(|line| &line.hits)
}

/// How many marks of quotation a line begins with.
fn depth(line: &str) -> usize {
    line.chars().take_while(|c| *c == '>' || c.is_whitespace()).filter(|c| *c == '>').count()
}

/// The line without its marks of quotation.
fn unquoted(line: &str) -> &str {
    line.trim_start_matches(|c: char| c == '>' || c.is_whitespace())
}

struct Form<'a> {
    lines: &'a [Line<'a>],
    /// Whether somebody else printed it: what stands below an empty label is then not its value, unless it was put between.
    quoted: bool,
}

impl Form<'_> {
    fn values(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let is_form = hits(self.lines).take(FORM).count() == FORM;
        let counts = |hit: &Hit<'_>| hit.sure == Sure::Yes || is_form;
        for (at, line) in self.lines.iter().enumerate() {
            if self.is_of_a_header(at) {
                continue;
            }
            for (index, hit) in line.hits.iter().enumerate().filter(|(_, hit)| counts(hit)) {
                let value = self.value(at, index, hit);
                if !value.is_empty() {
                    let value = value.chars().take(VALUE).collect();
                    found.entry(hit.label.code.clone()).or_insert(value);
                }
            }
        }
        found
    }

    fn value(&self, at: usize, index: usize, hit: &Hit<'_>) -> String {
        let line = &self.lines[at];
        let last = index + 1 == line.hits.len();
        let own = line.value(index);
        if let Some(cells) = line.header_cells() {
            // The row of labels above a row of values; where they are one below the other, as many lines further down.
            let below = self.lines[at + 1..].iter().find(|line| !line.is_blank());
            let below = below.filter(|line| line.hits.is_empty()).map(Line::cells).unwrap_or_default();
            return if below.len() == cells { tidy(below[index]) } else { String::new() };
        }
        match own {
            _ if !last => own,
            own if own.is_empty() => self.below(at, hit),
            own if hit.label.long => self.going_on(at, own),
            own => self.unwrapped(at, own),
        }
    }

    /// A short value that a client wrapped: its line is as long as such lines are, and the next one is no other label.
    fn unwrapped(&self, at: usize, own: String) -> String {
        let is_full =
            |at: usize| self.lines.get(at).is_some_and(|line| (WRAPPED..=80).contains(&line.text.chars().count()));
        let mut value = own;
        for number in at + 1..(at + SHORT).min(self.lines.len()) {
            let line = &self.lines[number];
            if !is_full(number - 1) || line.is_blank() || self.ends(number) {
                break;
            }
            value = format!("{value} {}", tidy(line.text));
        }
        value
    }

    /// The lines below an empty label, up to an empty line, the next label or the end of the letter.
    fn below(&self, at: usize, hit: &Hit<'_>) -> String {
        if let Some(value) = self.listed_apart(at) {
            return value;
        }
        let blank = self.lines.get(at + 1).is_some_and(Line::is_blank) && (!self.quoted || self.stands_between(at + 1));
        let blank = usize::from(blank);
        let most = if hit.label.long { LINES } else { SHORT };
        let mut value: Vec<String> = Vec::new();
        for (number, line) in self.lines.iter().enumerate().skip(at + 1 + blank) {
            let goes_on = line.is_blank() && hit.label.long && !value.is_empty() && self.is_followed(number);
            if value.len() == most || (line.is_blank() && !goes_on) || self.ends(number) {
                break;
            }
            // What was printed below the last label is a paragraph of its own.
            if self.quoted && line.text.chars().count() > 120 {
                break;
            }
            let said = value.last().map(|last| bare_link(last));
            if said.is_some_and(|said| said == bare_link(&tidy(line.text))) {
                continue;
            }
            value.push(if hit.label.long { line.text.trim().to_owned() } else { tidy(line.text) });
        }
        tidy(&value.join("\n"))
    }

    /// Whether one paragraph alone stands between this empty line and the next label.
    fn stands_between(&self, at: usize) -> bool {
        let mut rest = self.lines[at..].iter().filter(|line| !line.is_blank());
        let (value, next) = (rest.next(), rest.next());
        value.is_some_and(|line| line.hits.is_empty()) && next.is_some_and(|line| !line.hits.is_empty())
    }

    /// A value that is the same number of lines below the labels as its label stands among them: a table whose cells became lines.
    fn listed_apart(&self, at: usize) -> Option<String> {
        let alone = |line: &Line<'_>| matches!(line.hits[..], [ref hit] if hit.sure == Sure::Alone);
        let start = (0..=at).rev().take(LINES).take_while(|n| alone(&self.lines[*n])).last()?;
        let end = (at..self.lines.len().min(at + LINES)).find(|n| !alone(&self.lines[*n])).unwrap_or(self.lines.len());
        let count = end - start;
        let values = self.lines.get(end..end + count)?;
        let fit = count > 1 && values.iter().all(|line| !line.is_blank() && line.hits.is_empty());
        fit.then(|| tidy(values[at - start].text))
    }

    /// A long value that began behind its label: the lines below, and further paragraphs where another label follows them.
    fn going_on(&self, at: usize, own: String) -> String {
        let mut value = vec![own];
        for number in at + 1..self.lines.len().min(at + LINES) {
            let line = &self.lines[number];
            if self.ends(number) || (line.is_blank() && !self.is_followed(number)) {
                break;
            }
            value.push(line.text.trim().to_owned());
        }
        value.join("\n").trim().to_owned()
    }

    /// Whether the value above ends with this line.
    fn ends(&self, at: usize) -> bool {
        let line = &self.lines[at];
        // A label nobody asked for ends it as well.
        !line.hits.is_empty()
            || is_polite(line.text)
            || line.text.trim_end() == "--"
            || line.text.trim_end().ends_with(':')
    }

    /// Whether further text up to the next label follows an empty line.
    fn is_followed(&self, at: usize) -> bool {
        let next = (at..self.lines.len().min(at + LINES)).find(|n| self.ends(*n));
        next.is_some_and(|n| !self.lines[n].hits.is_empty())
    }

    /// Whether a line belongs to the header block of an email that is passed on, which has a subject as well.
    fn is_of_a_header(&self, at: usize) -> bool {
        let near = self.lines[at.saturating_sub(4)..(at + 4).min(self.lines.len())].iter();
        let named = near.filter_map(|line| super::reply::field(line.text));
        let own = super::reply::field(self.lines[at].text).is_some();
        own && named.filter(|(field, _)| *field == super::language::Field::From).count() > 0
    }
}

/// Whether a line is a courtesy or a closing rather than somebody's answer.
fn is_polite(line: &str) -> bool {
    let folded = fold(line);
    let words =
        ["merci", "bonjour", "bonsoir", "thank", "je vous remercie", "bonne journee", "vous pouvez m", "cordialement"];
    is_closing(line, "") || words.iter().any(|word| folded.starts_with(word))
}

fn tidy(value: &str) -> String {
    let value = value.trim_matches(|c: char| c.is_whitespace() || super::deceives(c) || ",;|*•·_".contains(c));
    if !value.contains(char::is_alphanumeric) {
        return String::new();
    }
    let value = value.strip_prefix("=>").or_else(|| value.strip_prefix("->")).unwrap_or(value);
    without_link(without_mark(value.trim_start_matches(['→', '➔']).trim()))
}

fn is_address(text: &str) -> bool {
    text.contains("://") || text.starts_with("tel:") || text.starts_with("mailto:")
}

/// A link without what people leave out of it.
fn bare_link(text: &str) -> &str {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    text.trim_end_matches('/')
}

/// The value without the address that a client puts behind a link that says it already.
fn without_link(value: &str) -> String {
    let Some((before, rest)) = value.split_once('<') else { return value.to_owned() };
    let Some((address, after)) = rest.split_once('>').filter(|(address, _)| is_address(address)) else {
        return value.to_owned();
    };
    match before.trim() {
        "" => format!("{address}{after}"),
        shown => format!("{shown}{after}"),
    }
}

/// The value without the name in brackets that Outlook puts before what is typed into a quote.
fn without_mark(value: &str) -> &str {
    match value.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, rest)) if !rest.trim().is_empty() && name.len() < 80 && !name.contains(marks::is_reserved) => {
            rest.trim_start()
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<Label> {
        let label = |code: &str, long: bool, words: &[&str]| Label::new(code, long, words.iter().copied());
        vec![
            label("name", false, &["nom et prénom", "nom", "name"]),
            label("phone", false, &["téléphone", "tél", "phone"]),
            label("school", false, &["établissement", "établissement et ville"]),
            label("people", false, &["population concernée"]),
            label("url", false, &["url de l'établissement", "url", "fil d'ariane"]),
            label("what", true, &["description"]),
        ]
    }

    fn get(text: &str, code: &str) -> Option<String> {
        let labels = labels();
        read(text, &labels.iter().collect::<Vec<_>>(), "").own.remove(code)
    }

    #[test]
    fn values_are_found_in_every_layout() {
        for text in [
            "Nom et prénom : Ana Pérez\nfin",
            "NOM ET PRENOM: Ana Pérez",
            "- Nom et prénom : Ana Pérez",
            "1- Nom et prénom : Ana Pérez",
            "2) Prénom et nom : Ana Pérez",
            "• Nom et prénom : Ana Pérez",
            "**Nom et prénom** : Ana Pérez",
            "Nom et prénom (obligatoire) : Ana Pérez",
            "Nom et prénom => Ana Pérez",
            "Nom et prenon : Ana Pérez",
            "Tél : 04 ; Nom et prénom : Ana Pérez",
            "Nom et prénom : Ana Pérez ; Tél : 04",
            "Nom et prénom : Ana Pérez - Tél : 04",
            "Nom et prénom :\nAna Pérez\nTél : 04",
            "Nom et prénom :\n\nAna Pérez\n\nTél : 04",
            "Nom et prénom\u{a0}: Ana Pérez",
            "Nom et prénom    Ana Pérez",
            "Nom et prénom\tAna Pérez",
            "Nom et prénom\tTéléphone\nAna Pérez\t04",
            "Tél :\t04\tNom et prénom :\tAna Pérez",
            "Nom et prénom\nTéléphone\nAna Pérez\n04",
            "Nom et prénom – Ana Pérez\nTéléphone – 04",
            "Nom et prénom Ana Pérez\nTéléphone 04 77\nPopulation concernée élèves",
            "name = Ana Pérez",
        ] {
            assert_eq!(get(text, "name").as_deref(), Some("Ana Pérez"), "{text:?}");
        }
        assert_eq!(get("Tél : 04 77, Nom : Ana", "phone").as_deref(), Some("04 77"));
        assert_eq!(get("Établissement/Ville : Collège X, Y", "school").as_deref(), Some("Collège X, Y"));
        assert_eq!(
            get("Description :\nligne un\nligne deux\n\nMerci", "what").as_deref(),
            Some("ligne un\nligne deux")
        );
        assert_eq!(
            get("Description : un\n\ndeux : trois\n\nURL : http://x", "what").as_deref(),
            Some("un\n\ndeux : trois")
        );
        let paper = "URL de l'établissement (par exemple : http://a.example/) ou fil d'Ariane (par exemple : Accueil > SVT) : Accueil > Notes";
        assert_eq!(get(paper, "url").as_deref(), Some("Accueil > Notes"));
        assert_eq!(
            get("Population concernée par le problème (enseignant, élève, ...) : élèves", "people").as_deref(),
            Some("élèves")
        );
    }

    #[test]
    fn prose_is_no_form() {
        for text in [
            "Le nom et prénom de l'élève : inconnu",
            "Nom et prénom",
            "Nom :",
            "Nom :\nTél : 04",
            "Mon nom est Ana",
            "Nom - Ana",
            "Nom de l'élève : Zoé",
            "Téléphone 04 77",
            "Nom :\n\nMerci et bonne journée",
            "",
        ] {
            assert_eq!(get(text, "name"), None, "{text:?}");
            assert_eq!(get(&text.replace("Tél : 04", ""), "phone"), None, "{text:?}");
        }
    }

    #[test]
    fn the_first_value_counts() {
        assert_eq!(get("Nom : un\nNom : deux", "name").as_deref(), Some("un"));
    }

    #[test]
    fn what_a_signature_says_is_told_apart() {
        let labels = labels();
        let read = |text: &str| read(text, &labels.iter().collect::<Vec<_>>(), "Ana Pérez");
        let found = read("Population concernée : élèves\n\nCordialement\nAna Pérez\nTél : 04");
        assert_eq!((found.own.len(), found.signature.get("phone").map(String::as_str)), (1, Some("04")));
        assert!(read("Téléphone :\n\nAna Pérez\nTél : 04").signature.is_empty());
        assert_eq!(read("Nom et prénom :\nAna Pérez\nTél : 04").own.len(), 2);
    }

    #[test]
    fn what_is_typed_into_a_quoted_notification_is_found_and_older_mail_is_not() {
        let quoted = |text: &str| {
            let labels = labels();
            read_quoted(text, &labels.iter().collect::<Vec<_>>())
        };
        let found = quoted(
            "> Répondez en complétant ces lignes :\n>\n> Téléphone : 04 77\n> Établissement :\n> Population concernée :\n>\n> Et maintenant ?\n>> Nom : Zoé",
        );
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("phone".to_owned(), "04 77".to_owned())]);
        let found = quoted(
            "De : Assistance\nEnvoyé : lundi\n\nTéléphone :\nPopulation concernée : [Ana] élèves\n\nDe : Zoé\nNom : Zoé",
        );
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("people".to_owned(), "élèves".to_owned())]);
    }
}
