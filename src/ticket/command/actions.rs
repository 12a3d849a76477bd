//! The corrective actions of a post-mortem, as people write them: `- [ ] Replace the disk (Nadia, 12 March)`.

use super::super::corrective::CorrectiveAction;
use super::super::policy::{Agent, Policy};
use super::time::until;
use crate::clock::Millis;
use crate::mail::fold;

/// Most actions of one post-mortem.
const MOST: usize = 20;
/// What parts an action from its owner and its date, where they do not stand in brackets.
const PARTS: [&str; 9] = [" - ", " – ", " — ", " → ", " | ", " / ", ", ", ": ", " : "];

/// The actions below the heading that the form gives them, and lines with an empty box anywhere. Where a line names nobody, it is its
/// writer's; where it names no date, it is due within `life.action_within`.
pub(in super::super) fn read(text: &str, writer: &Agent, now: Millis, policy: &Policy) -> Vec<CorrectiveAction> {
    let mut within = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        let (bare, boxed) = unmarked(line);
        let heading =
            fold(bare.trim_end_matches([':', ' ', '\u{a0}', '\u{202f}', '*', '#']).trim_start_matches(['#', '*', ' ']));
        if policy.commands.means("actions", &heading) {
            within = true;
        } else if bare == line && line.ends_with([':', '：']) {
            within = false;
        } else if (within || boxed)
            && !bare.is_empty()
            && !policy.commands.means("no_action", &fold(bare.trim_end_matches('.')))
        {
            found.push(one(bare, writer, now, policy));
        }
    }
    found.truncate(MOST);
    found
}

/// A line without its bullet, number and box; whether it had an empty box.
fn unmarked(line: &str) -> (&str, bool) {
    let rest = line.trim_start_matches(['-', '*', '•', '–', '·', '◦', '▪']).trim_start();
    let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = match digits.strip_prefix(['.', ')']) {
        Some(after) if digits.len() < rest.len() && after.starts_with(' ') => after.trim_start(),
        _ => rest,
    };
    let boxes = ["[ ]", "[]", "☐"];
    match boxes.iter().find_map(|empty| rest.strip_prefix(empty)) {
        Some(after) => (after.trim(), true),
        None => (rest.trim(), false),
    }
}

fn one(line: &str, writer: &Agent, now: Millis, policy: &Policy) -> CorrectiveAction {
    let (mut owner, mut due) = (None, None);
    let mut take = |part: &str| {
        let part = part.rsplit_once(':').map_or(part, |(_, value)| value).trim().trim_end_matches('.');
        let date = || until(part, now, &policy.service_desk.time_zone).filter(|(_, rest)| rest.is_empty());
        if owner.is_none() && (policy.commands.means("me", &fold(part)) || policy.agent_called(part).is_some()) {
            owner = Some(policy.agent_called(part).unwrap_or(writer).address.clone());
        } else if due.is_none()
            && let Some((at, _)) = date()
        {
            due = Some(at);
        } else {
            return false;
        }
        true
    };
    let mut what = line;
    if let Some((before, inside)) = line.strip_suffix(')').and_then(|line| line.rsplit_once('(')) {
        // Other words in brackets belong to the action.
        let known = inside.split([',', ';', '/']).filter(|part| take(part)).count();
        if known > 0 {
            what = before;
        }
    }
    while let Some((before, part)) =
        PARTS.iter().filter_map(|mark| what.rsplit_once(mark)).min_by_key(|(_, part)| part.len())
        && take(part)
    {
        what = before;
    }
    let due = due.unwrap_or(now + policy.life.action_within);
    let what = what.trim().trim_end_matches([':', ',', ';', '-', '–']).trim_end().to_owned();
    let owner = owner.unwrap_or_else(|| writer.address.clone());
    CorrectiveAction { what, owner, due, remind_at: due, ..CorrectiveAction::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{DAY, rfc3339};
    use crate::ticket::policy::Role;

    /// 2026-03-27 10:00 in Paris, a Friday.
    const NOW: Millis = 1_774_602_000_000;

    fn policy() -> Policy {
        let mut policy = crate::ticket::policy::tests::bare();
        policy.service_desk.time_zone = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
        policy.life.action_within = 14 * DAY;
        for (name, full) in [("nadia", "Nadia Expert"), ("luc", "Luc Roche")] {
            policy.agents.insert(name.to_owned(), agent(name, full));
        }
        policy
    }

    fn agent(name: &str, full: &str) -> Agent {
        Agent {
            address: format!("{name}@agents.example"),
            name: full.to_owned(),
            roles: vec![Role::Technician],
            queues: Vec::new(),
            level: 1,
            language: "fr".to_owned(),
        }
    }

    fn read_all(text: &str) -> Vec<(String, String, String)> {
        let policy = policy();
        let writer = policy.agents["luc"].clone();
        let of = |action: CorrectiveAction| {
            let day = rfc3339(action.due, &policy.service_desk.time_zone)[..10].to_owned();
            (action.what, action.owner.split('@').next().unwrap_or_default().to_owned(), day)
        };
        read(text, &writer, NOW, &policy).into_iter().map(of).collect()
    }

    #[test]
    fn an_action_is_read_as_people_write_it() {
        for (line, what, owner, due) in [
            ("- [ ] Remplacer le disque (Nadia, 12 avril)", "Remplacer le disque", "nadia", "2026-04-12"),
            (
                "- [ ] Remplacer le disque (avant le 12 avril, Nadia Expert)",
                "Remplacer le disque",
                "nadia",
                "2026-04-12",
            ),
            ("* Remplacer le disque - Nadia - lundi", "Remplacer le disque", "nadia", "2026-03-30"),
            ("1. Remplacer le disque – nadia – 12/04/2026", "Remplacer le disque", "nadia", "2026-04-12"),
            ("2) Remplacer le disque, nadia@agents.example, 3 jours", "Remplacer le disque", "nadia", "2026-03-30"),
            (
                "• Remplacer le disque (responsable : Nadia ; échéance : vendredi)",
                "Remplacer le disque",
                "nadia",
                "2026-04-03",
            ),
            ("Remplacer le disque (moi, demain)", "Remplacer le disque", "luc", "2026-03-28"),
            ("- Remplacer le disque (2 To) : Nadia, 12 avril", "Remplacer le disque (2 To)", "nadia", "2026-04-12"),
            ("- Remplacer le disque", "Remplacer le disque", "luc", "2026-04-10"),
            (
                "☐ Prévenir les écoles (Saint-Étienne, Roanne)",
                "Prévenir les écoles (Saint-Étienne, Roanne)",
                "luc",
                "2026-04-10",
            ),
            ("- Revoir le plan, puis l'afficher", "Revoir le plan, puis l'afficher", "luc", "2026-04-10"),
        ] {
            let read = read_all(&format!(
                "Cause racine : disque plein.\n\nActions correctives :\n{line}\n\nEnseignements :\nrien"
            ));
            assert_eq!(read, [(what.to_owned(), owner.to_owned(), due.to_owned())], "{line}");
        }
    }

    #[test]
    fn what_is_no_action_is_none() {
        for text in [
            "Actions correctives :\n- [ ] action (responsable, échéance)\n\nEnseignements :\nsurveiller",
            "Actions correctives : \nAucune.",
            "Chronologie :\n- 2 mars 2026 à 09:17 - Luc Roche : résolu",
            "Cause racine : disque plein.",
            "",
        ] {
            assert_eq!(read_all(text), [], "{text}");
        }
        assert_eq!(
            read_all("Voilà.\n- [ ] Changer la pile (Nadia, lundi)\n- [x] Changer le disque").len(),
            1,
            "a box says enough"
        );
        assert_eq!(read_all(&format!("Actions correctives\n{}", "- x\n".repeat(99))).len(), MOST);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = read_all(&format!("Actions correctives :\n{text}"));
        }
    }
}
