//! What stands below a reply: a telephone's line, a legal notice, rules.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::shape::{first_word, starts_with_word};
use crate::mail::fold;
use crate::mail::language::phrases;

/// Whether a telephone's line says where to get its program: nothing of the writer's stands below.
pub(in crate::mail::reply) fn is_advertised(line: &str) -> bool {
    line.contains("://")
}

/// Whether this line is a rule that clients draw below a reply.
pub(in crate::mail::reply) fn is_dividing_ruler(line: &str) -> bool {
    let line = line.trim();
    let ruler = |c: char, least: usize| line.len() >= least && line.chars().all(|x| x == c);
    ruler('_', 2) || ruler('#', 5)
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
pub(in crate::mail::reply) fn is_device(line: &str) -> bool {
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
pub(crate) fn is_disclaimer(line: &str) -> bool {
    if line.len() < 12 || !line.trim_start().starts_with(|c: char| c.is_alphabetic() || "*[(\"«".contains(c)) {
        return false;
    }
    let start: String = line.trim_start_matches(|c: char| !c.is_alphabetic()).chars().take(60).collect();
    let start = fold(&start);
    DISCLAIMERS.iter().any(|phrase| start.starts_with(phrase.as_str()))
}

/// Whether a paragraph is a legal notice: long, and in more than one of their words.
pub(in crate::mail::reply) fn is_legal(paragraph: &str) -> bool {
    let folded = fold(paragraph);
    let cues = LEGAL.iter().filter(|word| folded.contains(*word)).count();
    (folded.len() >= 100 && cues >= 2)
        || (cues >= 1 && ["environ", "umwelt", "imprim"].iter().any(|w| folded.contains(w)))
}

/// Whether this line is nothing but a rule.
pub(in crate::mail::reply) fn is_ruler(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 2 && line.chars().all(|c| "-_=*~#—–".contains(c))
}
