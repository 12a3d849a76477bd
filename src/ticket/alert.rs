//! What a monitoring system says: which alert, and whether it has come or gone.
//!
//! Each system words its subjects in its own way, and says the state, the time and the measured value beside the name of what it
//! watches. What is left without those is the alert: one ticket for as long as it is open.

use sha2::{Digest, Sha256};

use crate::mail::{fold, strip_prefixes};

/// An alert, or the end of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The same for every email about it: stored as the Message-ID of the email that opened the ticket.
    pub id: String,
    /// True when it is over.
    pub cleared: bool,
}

/// How identities of alerts begin; no Message-ID of an email has a space in it.
pub(crate) const ALERT: &str = "alert ";

/// Words that say that something is wrong, folded.
const RAISED: [&str; 24] = [
    "alarm",
    "alarme",
    "alert",
    "alerte",
    "alerting",
    "averti",
    "critical",
    "critique",
    "degraded",
    "down",
    "echec",
    "error",
    "erreur",
    "failed",
    "failing",
    "firing",
    "hs",
    "panne",
    "problem",
    "probleme",
    "triggered",
    "unknown",
    "unreachable",
    "warning",
];
/// Words that say that it is over, folded.
const CLEARED: [&str; 16] = [
    "clear",
    "cleared",
    "disponible",
    "ended",
    "fin",
    "normal",
    "ok",
    "online",
    "recovered",
    "recovery",
    "resolu",
    "resolue",
    "resolved",
    "retabli",
    "retablie",
    "up",
];
/// Words that belong to neither the state nor the name.
const FILLERS: [&str; 26] = [
    "a",
    "after",
    "at",
    "back",
    "d",
    "de",
    "du",
    "for",
    "host",
    "hote",
    "in",
    "is",
    "l",
    "la",
    "le",
    "new",
    "notification",
    "on",
    "retour",
    "service",
    "since",
    "state",
    "status",
    "the",
    "to",
    "est",
];

/// Words that turn the state behind them round.
const NOT: [&str; 7] = ["jamais", "never", "no", "non", "not", "pas", "without"];
/// Words behind a first word that show that it is a state: "Resolved in 5m", "UP alert", "RECOVERY Service Alert".
const AFTER_STATE: [&str; 5] = ["alert", "alerte", "in", "notification", "service"];

/// Reads an email from a machine of this queue: its subject, and its text where that names nothing.
pub(super) fn read(subject: &str, text: &str, sender: &str, queue: &str) -> Alert {
    let folded = fold(strip_prefixes(subject));
    let words = words(&folded);
    let all: Vec<&str> = words.iter().map(|word| word.text).collect();
    let mut name: Vec<&str> = Vec::new();
    for (at, word) in all.iter().enumerate() {
        let unit = |word: &&str| UNITS.contains(word) && !word.is_empty();
        let counted = is_number(word) && all.get(at + 1).is_some_and(unit);
        let counts = unit(word) && at > 0 && is_number(all[at - 1]);
        if !is_state(word) && !FILLERS.contains(word) && !is_measure(word) && !counted && !counts {
            name.push(word);
        }
    }
    let first = text.lines().map(fold).find(|line| !line.is_empty()).unwrap_or_default();
    if name.is_empty() {
        name = all.iter().copied().filter(|word| !is_state(word)).chain([first.as_str()]).collect();
    }
    let digest = Sha256::digest(format!("{queue}\0{sender}\0{}", name.join(" ")));
    let id = format!("{ALERT}{}", data_encoding::HEXLOWER.encode(&digest[..16]));
    Alert { id, cleared: is_cleared(&words) }
}

/// Whether the state is that it is over: as the first word, set apart from the others, or as the last one. Anything doubtful is an alert.
fn is_cleared(words: &[Word<'_>]) -> bool {
    if words.iter().any(|word| NOT.contains(&word.text)) {
        return false;
    }
    let telling: Vec<&Word<'_>> =
        words.iter().filter(|word| !FILLERS.contains(&word.text) && !is_measure(word.text)).collect();
    let is_over = |word: &Word<'_>| CLEARED.contains(&word.text);
    let apart = words.first().is_some_and(|word| {
        let next = words.iter().skip(1).map(|word| word.text).find(|word| !["d", "de", "l"].contains(word));
        is_over(word) && (word.apart || words.len() == 1 || next.is_some_and(|next| AFTER_STATE.contains(&next)))
    });
    let last = telling.last().is_some_and(|word| is_over(word)) && telling.len() > 1;
    apart || last
}

struct Word<'a> {
    text: &'a str,
    /// Whether a colon or a bracket sets it apart from what follows.
    apart: bool,
}

fn words(folded: &str) -> Vec<Word<'_>> {
    let mut found: Vec<Word<'_>> = Vec::new();
    let mut start = 0;
    for (at, c) in folded.char_indices().chain([(folded.len(), ' ')]) {
        // A colon parts a state from what it is about, and is part of times and addresses.
        let state = c == ':' && is_state(folded[start..at].trim_matches(SIGNS));
        if !(c.is_whitespace() || "[](){}|,;!<>\"*«»'".contains(c) || state) {
            continue;
        }
        let piece = &folded[start..at];
        let text = piece.trim_matches(SIGNS);
        let behind = folded[at..].trim_start();
        let apart = piece.ends_with(':') || behind.starts_with([':', ']', ')', '|']) || behind.starts_with("- ");
        // What counts how many fire is no name.
        let counter = is_number(text) && found.last().is_some_and(|word| word.apart && is_state(word.text));
        if !text.is_empty() && !counter {
            found.push(Word { text, apart });
        }
        start = at + c.len_utf8().min(folded.len() - at);
    }
    found
}

const SIGNS: [char; 5] = [':', '.', '\'', '-', '='];

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

fn is_state(word: &str) -> bool {
    RAISED.contains(&word) || CLEARED.contains(&word)
}

const UNITS: [&str; 23] = [
    "", "%", "s", "m", "h", "d", "j", "ms", "min", "mins", "minutes", "sec", "mn", "go", "mo", "ko", "gb", "mb", "kb",
    "gib", "mib", "o", "c",
];

/// A number with its unit: a value, a time, a date, a length of time. A bare number may be what the alert is about, as in "port 80".
fn is_measure(word: &str) -> bool {
    if is_number(word) || !word.starts_with(|c: char| c.is_ascii_digit() || "+-<>=#".contains(c)) {
        return false;
    }
    let rest = word.trim_start_matches(['+', '-', '<', '>', '=', '#']);
    let parts = rest.split(|c: char| c.is_ascii_digit() || "./:-,+".contains(c)).filter(|part| !part.is_empty());
    let mut parts = parts.peekable();
    // An address of the Internet protocol is a name.
    let numeric = parts.peek().is_none();
    (numeric && rest.matches('.').count() < 3 && rest.contains([':', '-', '/', '.', ',']))
        || (!numeric && parts.all(|part| UNITS.contains(&part) || part == "t" || part == "z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(subject: &str) -> Alert {
        read(subject, "", "zabbix@mon.example", "main")
    }

    #[test]
    fn the_emails_of_one_alert_are_told_from_those_of_others() {
        for (raised, cleared) in [
            ("** PROBLEM Service Alert: srv1/Disk / is CRITICAL **", "** RECOVERY Service Alert: srv1/Disk / is OK **"),
            ("Problem: CPU load on srv1 is 95%", "Resolved in 5m 3s: CPU load on srv1 is 12%"),
            ("[FIRING:1] InstanceDown (srv1 prod)", "[RESOLVED] InstanceDown (srv1 prod)"),
            ("[Alerting] Temps de réponse", "[OK] Temps de réponse"),
            ("DOWN alert: ent.example.org", "UP alert: ent.example.org"),
            ("Alerte : sauvegarde en échec sur nas2", "Fin d'alerte : sauvegarde en échec sur nas2"),
            ("[Uptime Kuma] srv1 is down since 10:12", "[Uptime Kuma] srv1 is up since 2026-03-02 10:15:01"),
        ] {
            let (begin, end) = (one(raised), one(cleared));
            assert_eq!((begin.id.as_str(), begin.cleared, end.cleared), (end.id.as_str(), false, true), "{raised}");
            assert_ne!(
                begin.id,
                one(&raised
                    .replace("srv1", "srv2")
                    .replace("ent.", "www.")
                    .replace("Temps", "Nombre")
                    .replace("nas2", "nas3"))
                .id
            );
        }
        assert!(!one("PROBLEM: ntp OK to CRITICAL on srv1").cleared);
        assert!(!one("Disque plein sur srv1").cleared);
        for raised in [
            "not OK: srv7",
            "srv8 is not OK",
            "Not resolved: mail queue",
            "Backup not completed OK on srvA",
            "Recovery failed: db1",
            "Back up failed on nas1",
            "UP to 95% disk used srvB",
            "Power up failure rack 3",
            "Clear text password found on host",
            "srv4 normal user locked",
            "Resolved host count too low",
            "OK button missing",
            "Fin de vie du disque sdb",
            "Disk full on /var - not cleared",
        ] {
            assert!(!one(raised).cleared, "{raised}");
        }
        for (this, that) in [
            ("Onduleur 1 HS", "Onduleur 2 HS"),
            ("port 80 down", "port 443 down"),
            ("HTTP 500 on /login", "HTTP 404 on /login"),
            ("10.0.0.1 down", "10.0.0.2 down"),
        ] {
            assert_ne!(one(this).id, one(that).id, "{this}");
        }
        let bare = |text: &str| read("", text, "a@mon.example", "main").id;
        assert_ne!(bare("nas1 brule"), bare("nas2 brule"));
        assert_ne!(one("PROBLEM").id, read("PROBLEM", "", "other@mon.example", "main").id);
    }
}
