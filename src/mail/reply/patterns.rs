//! What clients put between a reply and the mail it answers, by shape rather than by client. The
//! words are those of [`language`](super::super::language).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::super::fold;
use super::super::language::{Field, LANGUAGES, phrases};

type Pattern = LazyLock<Option<Regex>>;

fn is(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|p| p.is_match(text))
}

/// A date, or a time of day. Word ends are those of ASCII: the others keep the fast matcher away.
static DATE: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:(?-u:\b)\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?-u:\b)|(?-u:\b)(?:19|20)\d\d[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}|(?-u:\b)\d{1,2}\.?(?:st|nd|rd|th)?[ -][^\d\s]{1,12}[ ,.-]+(?:de |del )?(?:19|20)\d\d(?-u:\b)|(?-u:\b)\p{L}{3,12}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d\d(?-u:\b)|(?-u:\b)\d{1,2}\s?[:.h]\s?\d{2}(?-u:\b))",
    )
    .ok()
});

/// A time of day.
static TIME: Pattern = LazyLock::new(|| Regex::new(r"(?-u:\b)\d{1,2}\s?[:.h]\s?\d{2}(?-u:\b)").ok());

static ADDRESS: Pattern = LazyLock::new(|| Regex::new(r#"[^\s<>()\[\]"']+@[^\s<>()\[\]"']+"#).ok());

/// Nothing but a date, a name and an address.
static BARE: Pattern = LazyLock::new(|| {
    Regex::new(r#"^\s*(?:(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d).{0,80}<\S+@\S+>\s*:?\s*$"#).ok()
});

/// A date in full, as only programs write it.
static FULL_DATE: Pattern =
    LazyLock::new(|| Regex::new(r"(?i)^\W*date\s?:\s*\p{L}{3}(?:,|=2C)\s\d{1,2} \p{L}{3} \d{4} \d\d:\d\d").ok());

/// Text and attribution on one line: `yes--- On Wed, Apr 4, 2012, a@b.example wrote:`.
static SHARED: Pattern =
    LazyLock::new(|| Regex::new(r"(?i)^(.*?[^\s-])\s*-{3,}\s*(on\s.{6,200}\swrote\s*:?\s*-*)$").ok());

/// The link alone that broke out of a quoted line.
static LINK: Pattern = LazyLock::new(|| Regex::new(r"^\s*[(<\[]?https?://\S+").ok());

static STARTERS: LazyLock<HashSet<&str>> = LazyLock::new(|| phrases(|l| l.on).collect());

/// "wrote" in every language, longest first, in lower case.
static WROTE: Pattern = LazyLock::new(|| {
    let mut words: Vec<&str> = phrases(|l| l.wrote).collect();
    words.sort_by_key(|w| std::cmp::Reverse(w.len()));
    words.dedup();
    Regex::new(&any_of(words.into_iter())).ok()
});

/// What makes it worth looking for those words at all: a few letters of each, whatever their case.
static STEMS: Pattern = LazyLock::new(|| {
    let middle = |word: &str| word.chars().skip(1).take(4).collect::<String>();
    let stems: HashSet<String> = phrases(|l| l.wrote).map(middle).collect();
    Regex::new(&any_of(stems.iter().map(String::as_str))).ok()
});

fn any_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(regex::escape).collect::<Vec<_>>().join("|")
}

static FIELDS: LazyLock<HashMap<&str, Field>> = LazyLock::new(|| {
    let mut fields = HashMap::new();
    for language in &LANGUAGES {
        // What two languages disagree about is settled by the earlier one.
        let kinds = [
            (language.from, Field::From),
            (language.sent, Field::Sent),
            (language.to, Field::To),
            (language.cc, Field::Cc),
            (language.subject, Field::Subject),
            (&["reply-to", "répondre à"], Field::ReplyTo),
        ];
        for (names, field) in kinds {
            for name in names {
                fields.entry(*name).or_insert(field);
            }
        }
    }
    fields
});

/// The first word of a line, lower case.
fn first_word(line: &str) -> String {
    let line = line.trim_start_matches(|c: char| !c.is_alphabetic());
    line.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase()
}

/// Whether an attribution can stand anywhere in this text: it names a person's address or says "wrote".
pub(super) fn may_attribute(text: &str) -> bool {
    text.contains('@') || is(&STEMS, text)
}

/// Where "wrote" ends in a text in lower case, as a word of its own.
fn wrote(text: &str) -> Option<usize> {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() && c.is_ascii() || ('à'..='ÿ').contains(&c));
    let pattern = WROTE.as_ref()?;
    let whole = |hit: &regex::Match<'_>| {
        !letter(text[..hit.start()].chars().next_back()) && !letter(text[hit.end()..].chars().next())
    };
    pattern.find_iter(text).filter(whole).map(|hit| hit.end()).last()
}

/// Whether these lines hold a mail address.
pub(super) fn names_address(lines: &[&str]) -> bool {
    lines.iter().any(|line| is(&ADDRESS, line))
}

/// Whether a line begins as attributions do, with its date.
pub(super) fn begins_attribution(line: &str) -> bool {
    STARTERS.contains(first_word(line).as_str()) && is(&DATE, line)
}

/// Whether these lines, joined, say who wrote what follows, and when.
pub(super) fn is_attribution(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else { return false };
    // Most lines are ordinary text: they are let go before any pattern is tried.
    let hint = first.bytes().any(|b| b.is_ascii_digit() || b == b'@');
    let starts = STARTERS.contains(first_word(first).as_str());
    if !starts && !(hint && (is(&DATE, first) || is(&ADDRESS, first))) {
        return false;
    }
    // Only a line that certainly begins one may be followed by an empty line before its end.
    if lines.iter().any(|l| l.trim().is_empty()) && !(starts && is(&DATE, first)) {
        return false;
    }
    let joined = lines.iter().map(|l| l.trim()).collect::<Vec<_>>().join(" ");
    if joined.chars().count() > 400 {
        return false;
    }
    // Yahoo goes on with the old mail on the same line.
    let joined = joined.find(":  ").filter(|at| *at > 20).map_or(joined.as_str(), |at| &joined[..=at]).to_owned();
    let text = joined.trim_matches(|c: char| "->*|_ ".contains(c)).to_lowercase();
    let colon = text.ends_with([':', '：']);
    let (date, address) = (is(&DATE, &text), is(&ADDRESS, &text));
    if !date && !address {
        return false;
    }
    let bare_end = text.trim_end_matches([':', '：', ' ', ')', '-']);
    let verb = wrote(&text);
    let ends_in_verb = verb.is_some_and(|end| end >= bare_end.len());
    let ends = colon || ends_in_verb || (verb.is_some() && ends_with_address(&text));
    (ends && verb.is_some()) || (colon && date && address) || is(&BARE, &joined)
}

fn ends_with_address(text: &str) -> bool {
    let text = text.trim_end_matches([':', ' ']);
    text.ends_with(['>', ')']) && text.rsplit([' ', '(']).next().is_some_and(|word| word.contains('@'))
}

/// The field a line of a header block names, and its value.
pub(in super::super) fn field(line: &str) -> Option<(Field, &str)> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || ">*|_".contains(c));
    let (at, colon) = line.char_indices().take(32).find(|(_, c)| matches!(c, ':' | '：'))?;
    let name = line[..at].trim_matches(|c: char| c.is_whitespace() || "*_".contains(c));
    if name.is_empty() || name.len() > 60 {
        return None;
    }
    let field = FIELDS.get(name.to_lowercase().as_str())?;
    let value = line[at + colon.len_utf8()..].trim_matches(|c: char| c.is_whitespace() || "*_".contains(c));
    Some((*field, value))
}

/// Whether a header block begins at the first of these lines.
pub(super) fn is_header_block(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else { return false };
    if !first.chars().take(40).any(|c| matches!(c, ':' | '：')) {
        return false;
    }
    if is(&FULL_DATE, first) {
        return true;
    }
    let Some((Field::From | Field::Sent, value)) = field(first) else { return false };
    let next: Vec<(Field, &str)> =
        lines.iter().filter(|l| !l.trim().is_empty()).take(8).filter_map(|l| field(l)).collect();
    let any = |wanted: &[Field]| next.iter().any(|(f, value)| wanted.contains(f) && !value.is_empty());
    let from = next.iter().any(|(f, _)| *f == Field::From);
    let sent = any(&[Field::Sent]);
    let rest = next.iter().any(|(f, _)| matches!(f, Field::To | Field::Cc | Field::Subject | Field::ReplyTo));
    // `De : 8 h` and `A : 10 h` alone are no header; a date, or an address, makes them one.
    let addressed = next.iter().any(|(f, value)| *f == Field::From && is(&ADDRESS, value));
    let follows = !value.is_empty() || next.len() > 1;
    let dated = next.iter().any(|(f, value)| *f == Field::Sent && is(&DATE, value));
    let timed = next.iter().any(|(f, value)| *f == Field::Sent && is(&TIME, value));
    let outlook = lines.iter().take(8).any(|l| field(l).is_some_and(|(f, _)| f == Field::Sent) && !names_date(l));
    follows && from && ((sent && (addressed || timed || (outlook && (dated || rest)))) || (rest && addressed))
}

/// Whether a field is called "date", as forms call it too, rather than "sent".
fn names_date(line: &str) -> bool {
    let label = line.split([':', '：']).next().unwrap_or_default();
    let label = label.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    ["dat", "fech", "дат", "pvm", "päiv"].iter().any(|start| label.starts_with(start))
}

/// Whether a whole header block of Outlook begins here: author with address, "sent" (which no other
/// program and no form says for a date), recipients and subject.
pub(super) fn is_outlook_block(lines: &[&str]) -> bool {
    let next: Vec<(Field, &str)> = lines.iter().take(8).map_while(|l| field(l)).collect();
    let has = |wanted: Field| next.iter().any(|(f, value)| *f == wanted && !value.is_empty());
    let author = next.first().is_some_and(|(f, value)| *f == Field::From && is(&ADDRESS, value));
    let sent = lines
        .iter()
        .take(8)
        .any(|l| field(l).is_some_and(|(f, value)| f == Field::Sent && is(&DATE, value)) && !names_date(l));
    author && sent && has(Field::To) && has(Field::Subject)
}

/// Whether a telephone's line says where to get its program: nothing of the writer's stands below.
pub(super) fn is_advertised(line: &str) -> bool {
    line.contains("://")
}

/// Whether the line below a horizontal rule begins the old mail: it names its author by address.
pub(super) fn is_author(line: &str) -> bool {
    field(line).is_some_and(|(f, value)| f == Field::From && is(&ADDRESS, value))
}

/// The words between the dashes of a line such as `-----Original Message-----`, lower case.
fn between_rules(line: &str) -> Option<String> {
    let decoration = |c: char| "-_=*#~>|".contains(c) || c.is_whitespace();
    let start = line.trim_start_matches(|c: char| c == '>' || c.is_whitespace());
    let ruled = start.chars().take_while(|c| "-_=*#~".contains(*c)).count();
    (ruled >= 2 && line.len() <= 300).then(|| line.trim_matches(decoration).to_lowercase())
}

/// Whether this line says, between rules, that the original mail follows, or who wrote it.
pub(super) fn is_original(line: &str) -> bool {
    if is_wrapped_by_marks(line) {
        return true;
    }
    let Some(words) = between_rules(line) else { return false };
    starts_with_word(&words, phrases(|l| l.original))
        || (words.len() <= 120 && (wrote(&words).is_some_and(|end| end == words.len())))
}

/// `>>> Ana <ana@x.example> 02/03/2026 09:15 >>>`, as GroupWise heads what it quotes.
fn is_wrapped_by_marks(line: &str) -> bool {
    let line = line.trim();
    line.len() < 200
        && line.starts_with(">>>")
        && line.ends_with(">>>")
        && line.len() > 8
        && (is(&ADDRESS, line) || is(&DATE, line))
}

/// Whether this line is a rule that clients draw below a reply.
pub(super) fn is_dividing_ruler(line: &str) -> bool {
    let line = line.trim();
    let ruler = |c: char, least: usize| line.len() >= least && line.chars().all(|x| x == c);
    ruler('_', 2) || ruler('#', 5)
}

/// Whether a line that ends in a colon may announce the quoted lines below it, in any language: it
/// holds an address or a date, or the word some clients quote with.
pub(super) fn may_announce(line: &str) -> bool {
    let text = line.trim_end();
    if !text.ends_with([':', '：']) || text.len() > 250 || text.starts_with('>') {
        return false;
    }
    const QUOTING: [&str; 6] = ["quoting", "zitat", "citando", "citation", "citat", "cytat"];
    is(&ADDRESS, text) || is(&DATE, text) && text.chars().count() > 20 || QUOTING.contains(&first_word(text).as_str())
}

/// Whether a ticket system asks here for answers above the line.
pub(super) fn is_above_line(line: &str) -> bool {
    if line.len() > 160 || !line.contains(|c: char| "#-=—_*".contains(c)) {
        return false;
    }
    let line = line.to_lowercase();
    phrases(|l| l.above).any(|phrase| line.contains(phrase))
}

/// Whether a forwarded mail begins here.
pub(in super::super) fn is_forward(line: &str) -> bool {
    let words = match between_rules(line) {
        Some(words) => words,
        // Apple's clients write it without dashes.
        None if line.trim_end().ends_with([':', '：']) && line.len() < 80 => {
            line.trim_matches(|c: char| c.is_whitespace() || c == '>' || c == ':').to_lowercase()
        }
        None => return false,
    };
    starts_with_word(&words, phrases(|l| l.forwarded))
}

fn starts_with_word(text: &str, mut phrases: impl Iterator<Item = &'static str>) -> bool {
    phrases.any(|phrase| {
        // Scripts without spaces run words together.
        text.strip_prefix(phrase).is_some_and(|rest| {
            !phrase.is_ascii() && !phrase.contains(' ') || !rest.starts_with(|c: char| c.is_ascii_alphabetic())
        })
    })
}

/// First words of the lines that telephones add.
static DEVICE_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| phrases(|l| l.device).map(first_word).collect());

/// What only the line of a program names, besides "my".
const DEVICES: [&str; 63] = [
    "iphon",
    "superhuman",
    "ipad",
    "android",
    "galaxy",
    "samsung",
    "huawei",
    "xiaomi",
    "redmi",
    "oppo",
    "nokia",
    "sony",
    "xperia",
    "motorola",
    "pixel",
    "oneplus",
    "honor",
    "htc",
    "smartphone",
    "smart phone",
    "mobile",
    "mobil",
    "móvil",
    "movil",
    "blackberry",
    "windows",
    "outlook",
    "mail",
    "proton",
    "gmail",
    "spark",
    "sparrow",
    "mailspring",
    "airmail",
    "thunderbird",
    "bluemail",
    "nine",
    "k-9",
    "fairemail",
    "tutanota",
    "tuta",
    "gmx",
    "web.de",
    "zoho",
    "orange",
    "sfr",
    "handy",
    "tablet",
    "tablette",
    "téléphone",
    "telephone",
    "teléfono",
    "telefono",
    "telefoon",
    "telefon",
    "phone",
    "appareil",
    "device",
    "téléphone",
    "ios",
    "apple",
    "телефон",
    "手机",
];

/// Whether a telephone or a program signed here.
pub(super) fn is_device(line: &str) -> bool {
    let line = line.trim_matches(|c: char| c.is_whitespace() || "-–—_*[]<>().".contains(c));
    if line.is_empty() || line.chars().count() > 110 {
        return false;
    }
    let first = first_word(line);
    let known = DEVICE_WORDS.contains(&first) || !first.is_ascii();
    if !known {
        return false;
    }
    let line = line.to_lowercase();
    if !starts_with_word(&line, phrases(|l| l.device)) {
        return false;
    }
    let own = line.split("http").next().unwrap_or_default();
    let named = DEVICES.iter().any(|device| own.contains(device));
    let mine =
        [" my ", " mon ", " ma ", " meinem ", " mi ", " mio ", " meu ", " minha ", " mijn ", " min ", " mojego "];
    let words = own.split_whitespace().count();
    (named || mine.iter().any(|word| own.contains(word))) && words <= 12
}

static DISCLAIMERS: LazyLock<Vec<String>> = LazyLock::new(|| phrases(|l| l.disclaimer).map(fold).collect());

/// Words of legal notices, folded, in the languages they come in.
const LEGAL: [&str; 46] = [
    "confident",
    "destinataire",
    "recipient",
    "intended",
    "privileged",
    "prohibited",
    "unauthori",
    "disclos",
    "delete",
    "in error",
    "par erreur",
    "supprimer",
    "detruire",
    "divulg",
    "diffusion",
    "interdit",
    "responsabilite",
    "liab",
    "vertraulich",
    "empfanger",
    "unbefugt",
    "irrtum",
    "loschen",
    "destinatari",
    "confidencial",
    "riservat",
    "vertrouwelijk",
    "geadresseerde",
    "poufn",
    "adresat",
    "virus",
    "environnement",
    "environment",
    "imprim",
    "print",
    "umwelt",
    "informazioni",
    "destinate",
    "ten onrechte",
    "engano",
    "confidenciais",
    "destinam",
    "legally",
    "juridique",
    "rgpd",
    "gdpr",
];

/// Whether a legal notice begins here.
pub(super) fn is_disclaimer(line: &str) -> bool {
    if line.len() < 12 || !line.trim_start().starts_with(|c: char| c.is_alphabetic() || "*[(\"«".contains(c)) {
        return false;
    }
    let start: String = line.trim_start_matches(|c: char| !c.is_alphabetic()).chars().take(60).collect();
    let start = fold(&start);
    DISCLAIMERS.iter().any(|phrase| start.starts_with(phrase.as_str()))
}

/// Whether a paragraph is a legal notice: long, and in more than one of their words.
pub(super) fn is_legal(paragraph: &str) -> bool {
    let folded = fold(paragraph);
    let cues = LEGAL.iter().filter(|word| folded.contains(*word)).count();
    (folded.len() >= 100 && cues >= 2)
        || (cues >= 1 && ["environ", "umwelt", "imprim"].iter().any(|w| folded.contains(w)))
}

/// Whether this line is nothing but a rule.
pub(super) fn is_ruler(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 2 && line.chars().all(|c| "-_=*~#—–".contains(c))
}

/// Whether this line is a link that broke out of a quoted one.
pub(super) fn is_link(line: &str) -> bool {
    line.contains("://") && is(&LINK, line)
}

/// The text before an attribution on the same line. `quoted`: the next line is a quoted one.
pub(super) fn before_shared(line: &str, quoted: bool) -> Option<&str> {
    if line.contains("---")
        && let Some(found) = SHARED.as_ref().and_then(|p| p.captures(line))
    {
        return found.get(1).map(|m| m.as_str());
    }
    if !quoted || !line.trim_end().ends_with([':', '：']) {
        return None;
    }
    // A line that begins as attributions do is one as a whole.
    let begins = line.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '>');
    if begins || STARTERS.contains(first_word(line).as_str()) {
        return None;
    }
    let starts = line.match_indices(' ').take(60).map(|(at, _)| at + 1);
    let mut shared = starts.filter(|at| {
        let rest = &line[*at..];
        rest.starts_with(char::is_uppercase) && STARTERS.contains(first_word(rest).as_str()) && is(&DATE, rest)
    });
    let at = shared.find(|at| is_attribution(&[&line[*at..]]))?;
    Some(line[..at].trim_end())
}
