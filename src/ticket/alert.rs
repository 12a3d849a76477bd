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

/// Reads the subject of an email from a machine of this queue.
pub(super) fn read(subject: &str, sender: &str, queue: &str) -> Alert {
    let folded = fold(strip_prefixes(subject));
    let words: Vec<&str> = folded
        .split(|c: char| c.is_whitespace() || "[](){}|,;!<>\"*«»'".contains(c))
        .flat_map(|word| word.split_once(':').filter(|(state, _)| is_state(state)).map_or([word, ""], |(a, b)| [a, b]))
        .map(|word| word.trim_matches([':', '.', '\'', '-', '=']))
        .filter(|word| !word.is_empty())
        .collect();
    // The first word of either sort is the state; a later one may be part of the name, or the state before.
    let cleared = words.iter().find_map(|word| match () {
        () if CLEARED.contains(word) => Some(true),
        () if RAISED.contains(word) => Some(false),
        () => None,
    });
    let mut name: Vec<&str> =
        words.iter().copied().filter(|word| !is_state(word) && !FILLERS.contains(word) && !is_measure(word)).collect();
    if name.is_empty() {
        name = words.iter().copied().filter(|word| !is_state(word)).collect();
    }
    let digest = Sha256::digest(format!("{queue}\0{sender}\0{}", name.join(" ")));
    Alert { id: format!("{ALERT}{}", data_encoding::HEXLOWER.encode(&digest[..16])), cleared: cleared == Some(true) }
}

fn is_state(word: &str) -> bool {
    RAISED.contains(&word) || CLEARED.contains(&word)
}

/// A number, with its unit if need be: a value, a time, a date, a length of time, a count.
fn is_measure(word: &str) -> bool {
    const UNITS: [&str; 21] = [
        "", "%", "s", "m", "h", "d", "j", "ms", "min", "sec", "mn", "go", "mo", "ko", "gb", "mb", "kb", "gib", "mib",
        "o", "c",
    ];
    if !word.starts_with(|c: char| c.is_ascii_digit() || "+-<>=#".contains(c)) {
        return false;
    }
    let rest = word.trim_start_matches(['+', '-', '<', '>', '=', '#']);
    let parts = rest.split(|c: char| c.is_ascii_digit() || "./:-,+".contains(c)).filter(|part| !part.is_empty());
    let mut parts = parts.peekable();
    parts.peek().is_none() || parts.all(|part| UNITS.contains(&part) || part == "t" || part == "z")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(subject: &str) -> Alert {
        read(subject, "zabbix@mon.example", "main")
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
        assert_ne!(one("PROBLEM").id, read("PROBLEM", "other@mon.example", "main").id);
    }
}
