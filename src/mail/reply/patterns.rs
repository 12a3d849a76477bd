//! What clients put between a reply and the mail it answers, by shape rather than by client.

use std::sync::LazyLock;

use regex::Regex;

type Pattern = LazyLock<Option<Regex>>;

fn is(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|p| p.is_match(text))
}

/// "wrote", as clients say it.
static VERB: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:(?-u:\b)(?:wrote|writes|schrieb|escribi[óo]|ha scritto|schreef|geschreven|escreveu|skrev|skrifaði|kirjoitti|napsala?|yazd[ıi]|[íi]rta)(?-u:\b)|a\s+[ée]crit|napisał(?:\(a\)|a)?|написала?|пишет|писав|đã viết|έγραψε|写道|寫道|のメッセージ|님이 작성)",
    )
    .ok()
});

/// Parts of those words, whatever their case and accents: looking for them costs next to nothing.
const VERB_STEMS: [&str; 17] = [
    "rote",
    "rites",
    "chrieb",
    "scribi",
    "crit",
    "chreef",
    "eschreven",
    "screveu",
    "krev",
    "krifa",
    "irjoitti",
    "apisa",
    "azd",
    "rta",
    "апис",
    "ишет",
    "viết",
];

/// A date, or a time of day. Word ends are those of ASCII: the others keep the fast matcher away.
static DATE: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:(?-u:\b)\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?-u:\b)|(?-u:\b)(?:19|20)\d\d[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}|(?-u:\b)\d{1,2}\.?(?:st|nd|rd|th)?[ -][^\d\s]{1,12}[ ,.-]+(?:19|20)\d\d(?-u:\b)|(?-u:\b)\p{L}{3,12}\.? \d{1,2},? (?:19|20)\d\d(?-u:\b)|(?-u:\b)\d{1,2}\s?[:.h]\s?\d{2}(?-u:\b))",
    )
    .ok()
});

static ADDRESS: Pattern = LazyLock::new(|| Regex::new(r#"[^\s<>()\[\]"']+@[^\s<>()\[\]"']+"#).ok());

/// How the first line of an attribution begins when it does not begin with its date.
const STARTERS: [&str; 16] =
    ["on", "le", "am", "el", "il", "op", "em", "den", "på", "w", "dnia", "in", "pada", "vào", "ngày", "dne"];

/// Nothing but a date, a name and an address.
static BARE: Pattern = LazyLock::new(|| {
    Regex::new(r#"^\s*(?:(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d).{0,80}<\S+@\S+>\s*:?\s*$"#).ok()
});

/// "-----Original Message-----" and the like.
static SEPARATOR: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^\s*>?\s*(?:
            [-_=]{2,}\s*(?:original\s+message|reply\s+message|message\s+d['’]?\s*origine|message\s+(?:original|initial|du(?-u:\b).*)|urspr[üu]ngliche\s+(?:nachricht|e-?mail)|antwort\s+nachricht|mensaje\s+original|messaggio\s+origin\w+|mensagem\s+original|oorspronkelijk\s+bericht|oprindelig\s+(?:meddelelse|besked)|opprinnelig\s+melding|ursprungligt\s+meddelande|alkuper[äa]inen\s+viesti|wiadomo[śs][ćc]\s+oryginalna|исходное\s+сообщение|原始邮件|元のメッセージ)(?-u:\b).*
          | (?:-{2,}|={2,}).{2,120}(?-u:\b)(?:wrote|a\s+[ée]crit|schrieb)\s*-{2,}
          | _{2,}
          | \#{5,}
        )\s*[-_=]*\s*$",
    )
    .ok()
});

/// A forward: what follows is what the writer wants to be read.
static FORWARD: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^\s*(?:[-_]{2,}\s*|d[ée]but\s+du\s+)(?:forwarded\s+message|message\s+transf[ée]r[ée]|message\s+r[ée]exp[ée]di[ée]|weitergeleitete\s+nachricht|mensaje\s+reenviado|messaggio\s+inoltrato|doorgestuurd\s+bericht|begin\s+forwarded)(?-u:\b)|^\s*begin\s+forwarded\s+message",
    )
    .ok()
});

/// Fields of a header block pasted above a quoted mail: the author…
static FROM: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)^[\s>*|]*(?:from|de|von|da|van|fra|från|od|nadawca|l[äa]hett[äa]j[äa]|от|отправитель|від|felad[óo]|kimden|mittente|expéditeur|发件人|寄件者|差出人|보낸 사람)\s?\*?\s*[:：]\*?\s*\S").ok()
});
/// …the date…
static SENT: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)^[\s>*|]*(?:sent|date|envoy[ée](?:\s+le)?|gesendet|datum|enviad[oa](?:\s+(?:el|em))?|fecha|inviato|data|verzonden|sendt|dato|skickat|wys[łl]ano|l[äa]hetetty|отправлено|дата|发送时间|日期|送信日時)\s?\*?\s*[:：]\*?\s*\S").ok()
});
/// …the recipients and the subject.
static REST: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)^[\s>*|]*(?:to|[àa]|an|para|til|till|do|vastaanottaja|кому|aan|cc|copie\s+à|kopie|kopi|kopia|subject|objet|sujet|betreff|asunto|oggetto|onderwerp|emne|ämne|temat|aihe|тема|assunto|收件人|主题|宛先|件名|reply-to)\s?\*?\s*[:：]").ok()
});

/// A date in full, as only programs write it.
static FULL_DATE: Pattern =
    LazyLock::new(|| Regex::new(r"(?i)^\W*date\s?:\s*\p{L}{3}(?:,|=2C)\s\d{1,2} \p{L}{3} \d{4} \d\d:\d\d").ok());

/// What telephones add.
static DEVICE: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\s*[-–_*]*\s*(?:(?:sent|envoy[ée]|gesendet|von meinem|enviado|inviato|verzonden|skickat|sendt|wys[łl]ane|отправлено|lähetetty|odesl[áa]no)\s+(?:from|de(?:puis)?|d['’]|à partir d|von|mit|iphone|ipad|handy|smartphone|desde|dal?|vanaf|met|från|fra|z|с|из|via|using|minun|avec)(?-u:\b).{0,60}|(?:get|obtenir|obtenez|téléchargez|download|hol(?:en sie)?)\s+outlook\s+(?:for|pour|für)(?-u:\b).{0,60}|provenance\s*:\s*courrier.{0,60})$",
    )
    .ok()
});

/// Their first words.
const DEVICE_WORDS: [&str; 24] = [
    "sent",
    "envoyé",
    "envoye",
    "gesendet",
    "von",
    "enviado",
    "inviato",
    "verzonden",
    "skickat",
    "sendt",
    "wysłane",
    "wyslane",
    "отправлено",
    "lähetetty",
    "odesláno",
    "odeslano",
    "get",
    "obtenir",
    "obtenez",
    "téléchargez",
    "download",
    "hol",
    "holen",
    "provenance",
];

/// Text and attribution on one line: `yes--- On Wed, Apr 4, 2012, a@b.example wrote:`.
static SHARED: Pattern = LazyLock::new(|| Regex::new(r"(?i)^(.*?\S)\s*-{3,}\s*(on\s.{6,200}\swrote\s*:?\s*-*)$").ok());

/// The link alone that broke out of a quoted line.
static LINK: Pattern = LazyLock::new(|| Regex::new(r"^\s*[(<\[]?https?://\S+").ok());

/// The first word of a line, lower case.
fn first_word(line: &str) -> String {
    let line = line.trim_start_matches(|c: char| !c.is_alphabetic());
    line.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase()
}

/// Whether an attribution can stand anywhere in this text: it names a person's address or says "wrote".
pub(super) fn may_attribute(text: &str) -> bool {
    text.contains('@') || VERB_STEMS.iter().any(|stem| text.contains(stem))
}

/// Whether these lines, joined, say who wrote what follows, and when.
pub(super) fn is_attribution(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else { return false };
    // Most lines are ordinary text: they are let go before any pattern is tried.
    let hint = first.bytes().any(|b| b.is_ascii_digit() || b == b'@');
    let starts = STARTERS.contains(&first_word(first).as_str());
    if !starts && !(hint && (is(&DATE, first) || is(&ADDRESS, first))) {
        return false;
    }
    let joined = lines.iter().map(|l| l.trim()).collect::<Vec<_>>().join(" ");
    if joined.chars().count() > 400 {
        return false;
    }
    let text = joined.trim_matches(|c: char| "->*| ".contains(c));
    let colon = text.ends_with([':', '：']);
    let (verb, date, address) = (is(&VERB, text), is(&DATE, text), is(&ADDRESS, text));
    let last_word = text.trim_end_matches([':', '：', ' ', ')']);
    let ends_in_verb = last_word.char_indices().nth_back(14).map_or(last_word, |(at, _)| &last_word[at..]);
    let ends = colon
        || is(&VERB, ends_in_verb)
        || (verb && address && last_word.ends_with(['>', ')']) || ends_with_address(last_word));
    (ends && verb && (date || address)) || (colon && date && address) || is(&BARE, &joined)
}

fn ends_with_address(text: &str) -> bool {
    text.rsplit(' ').next().is_some_and(|word| word.contains('@') && word.starts_with('<'))
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
    if !is(&FROM, first) && !is(&SENT, first) {
        return false;
    }
    let next: Vec<&&str> = lines.iter().filter(|l| !l.trim().is_empty()).take(8).collect();
    let any = |pattern: &Pattern| next.iter().any(|l| is(pattern, l));
    let (from, sent, rest) = (any(&FROM), any(&SENT), any(&REST));
    // `De : 8 h` and `A : 10 h` alone are no header; a date, or an address, makes them one.
    let addressed = next.iter().any(|l| is(&FROM, l) && is(&ADDRESS, l));
    (from && sent) || (sent && rest && is(&SENT, first)) || (from && rest && addressed)
}

/// Whether this line alone parts the reply from what it answers.
pub(super) fn is_separator(line: &str) -> bool {
    line.trim_start().starts_with(['-', '_', '=', '#', '>']) && is(&SEPARATOR, line)
}

/// Whether a forwarded mail begins here.
pub(super) fn is_forward(line: &str) -> bool {
    let rules = line.trim_start().starts_with(['-', '_']);
    (rules || matches!(first_word(line).as_str(), "begin" | "début" | "debut")) && is(&FORWARD, line)
}

/// Whether a telephone or a program signed here.
pub(super) fn is_device(line: &str) -> bool {
    line.chars().count() <= 100 && DEVICE_WORDS.contains(&first_word(line).as_str()) && is(&DEVICE, line)
}

/// Whether this line is a link that broke out of a quoted one.
pub(super) fn is_link(line: &str) -> bool {
    line.contains("://") && is(&LINK, line)
}

/// The text before an attribution on the same line.
pub(super) fn before_shared(line: &str) -> Option<&str> {
    let found = SHARED.as_ref().filter(|_| line.contains("---"))?.captures(line)?;
    found.get(1).map(|m| m.as_str())
}
