//! The corrective actions of a post-mortem, as people write them: `- [ ] Replace the disk (Nadia, 12 March)`.

use super::super::corrective::CorrectiveAction;
use super::super::policy::{Agent, Policy};
use super::time::until;
use crate::clock::Millis;
use crate::mail::{above_closing, fold};

/// Most actions of one post-mortem.
const MOST: usize = 20;
/// What parts an action from its owner and its date, where they do not stand in brackets.
const PARTS: [&str; 10] = [" - ", " – ", " — ", " → ", " | ", " / ", ", ", "; ", ": ", " : "];

/// The actions below the heading that the form gives them, and lines with an empty box anywhere. Where a line names nobody, it is its
/// writer's; where it names no date, it is due within `life.action_within`.
pub(in super::super) fn read(text: &str, writer: &Agent, now: Millis, policy: &Policy) -> Vec<CorrectiveAction> {
    let mut lines: Vec<(String, bool)> = Vec::new();
    let (mut within, mut bulleted, mut gap, mut begun) = (false, false, true, false);
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            gap = true;
            continue;
        }
        let (marked, line) = match heading(line, policy) {
            Some((is_ours, rest)) => {
                (within, bulleted, gap, begun) = (is_ours, false, true, false);
                (Line::of(rest), rest)
            }
            None => (Line::of(line), line),
        };
        // A greeting or a name ends the letter.
        let closes = !marked.is_bulleted && above_closing(line, &writer.name).is_empty();
        match marked {
            _ if line.is_empty() => {}
            _ if closes => within = false,
            marked if marked.is_boxed || (within && (marked.is_bulleted || !(bulleted || gap && begun))) => {
                (bulleted, begun) = (bulleted || marked.is_bulleted, true);
                lines.push((marked.words.to_owned(), marked.is_done));
            }
            // A client has broken the line before.
            marked if within && !gap => {
                if let Some((last, _)) = lines.last_mut() {
                    last.push(' ');
                    last.push_str(marked.words);
                }
            }
            _ => within = false,
        }
        gap = false;
    }
    let meant = |(line, _): &&(String, bool)| {
        line.chars().any(char::is_alphabetic) && !policy.commands.means("no_action", &fold(line.trim_end_matches('.')))
    };
    let of = |(line, done): &(String, bool)| {
        let action = one(line, writer, now, policy);
        CorrectiveAction { done_at: if *done { now } else { 0 }, ..action }
    };
    lines.iter().filter(meant).take(MOST).map(of).collect()
}

/// A heading of the form, and what stands behind it on its line; whether it is that of the actions.
fn heading<'l>(line: &'l str, policy: &Policy) -> Option<(bool, &'l str)> {
    let bare = line.trim_matches(['*', '#', '_', ' ']);
    let (words, rest) = bare.split_once([':', '：']).unwrap_or((bare, ""));
    let words = words.split('(').next().unwrap_or_default();
    let words = fold(words.trim_matches(['*', '#', '_', ' ', '\u{a0}', '\u{202f}']));
    let near = |meaning: &str, most: usize| {
        let mut known = policy.commands.argument_words(meaning);
        known.any(|known| known == words || (known.len() > 12 && strsim::damerau_levenshtein(known, &words) <= most))
    };
    if near("actions", 2) {
        return Some((true, rest.trim()));
    }
    near("headings", 0).then(|| (false, rest.trim()))
}

/// A line without its bullet, number and box.
struct Line<'l> {
    words: &'l str,
    is_bulleted: bool,
    /// Whether it has an empty box.
    is_boxed: bool,
    /// Whether its box is ticked.
    is_done: bool,
}

impl<'l> Line<'l> {
    fn of(line: &'l str) -> Self {
        let rest = line.trim_start_matches(['-', '*', '•', '–', '·', '◦', '▪', '→']).trim_start();
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let rest = match digits.strip_prefix(['.', ')']) {
            Some(after) if digits.len() < rest.len() && after.starts_with(' ') => after.trim_start(),
            _ => rest,
        };
        let after = |boxes: &[&str]| boxes.iter().find_map(|one| rest.strip_prefix(one));
        let (open, ticked) = (after(&["[ ]", "[]", "☐"]), after(&["[x]", "[X]", "☑", "✅", "☒"]));
        let words = open.or(ticked).unwrap_or(rest).trim().trim_matches('*').trim();
        Self { words, is_bulleted: words.len() < line.len(), is_boxed: open.is_some(), is_done: ticked.is_some() }
    }
}

/// What of an action's line is known so far.
#[derive(Default)]
struct Known {
    owner: Option<String>,
    due: Option<Millis>,
}

impl Known {
    /// Takes a part for an owner, a date, or both; whether it was.
    fn take(&mut self, part: &str, writer: &Agent, now: Millis, policy: &Policy) -> bool {
        let part = part
            .rsplit_once(':')
            .filter(|(_, value)| !value.starts_with(char::is_numeric))
            .map_or(part, |(_, value)| value);
        let part = part.trim_matches([' ', '.', '@', '[', ']', '(', ')', '\u{a0}']);
        let date = |text: &str| {
            until(text, now, &policy.service_desk.time_zone).filter(|(_, rest)| rest.is_empty()).map(|(at, _)| at)
        };
        let agent = |text: &str| {
            // Of several the first answers for it.
            let first = [" et ", " and ", " & ", " + "]
                .iter()
                .find_map(|mark| text.split_once(mark))
                .map_or(text, |(first, _)| first);
            let me = policy.commands.means("me", &fold(first)).then_some(writer);
            me.or_else(|| policy.agent_called(first)).map(|agent| agent.address.clone())
        };
        if self.due.is_none()
            && let Some(at) = date(part)
        {
            self.due = Some(at);
            return true;
        }
        if self.owner.is_some() {
            return false;
        }
        if let Some(owner) = agent(part) {
            self.owner = Some(owner);
            return true;
        }
        // "Luc le 20/03".
        let cuts = part.match_indices(' ').map(|(at, _)| part.split_at(at));
        for (name, rest) in cuts {
            if let (Some(owner), Some(at), None) = (agent(name.trim()), date(rest.trim()), self.due) {
                (self.owner, self.due) = (Some(owner), Some(at));
                return true;
            }
        }
        false
    }
}

fn one(line: &str, writer: &Agent, now: Millis, policy: &Policy) -> CorrectiveAction {
    let mut known = Known::default();
    let mut what = line.trim_end_matches(['.', ' ']).to_owned();
    if let Some((before, inside)) = brackets(&what) {
        // Other words in brackets belong to the action.
        let parts: Vec<&str> = inside.split([',', ';', '|']).collect();
        let rest: Vec<&str> = parts.iter().copied().filter(|part| !known.take(part, writer, now, policy)).collect();
        if rest.is_empty() {
            what = before.to_owned();
        } else if rest.len() < parts.len() {
            what = format!("{before}({})", rest.join(",").trim());
        }
    }
    let mut what = what.as_str();
    while let Some((before, part)) =
        PARTS.iter().filter_map(|mark| what.rsplit_once(mark)).min_by_key(|(_, part)| part.len())
        && known.take(part, writer, now, policy)
    {
        what = before;
    }
    // The owner first: "Nadia : remplacer le disque".
    if known.owner.is_none()
        && let Some((name, rest)) = [" : ", ": ", " - ", " – "].iter().find_map(|mark| what.split_once(mark))
        && policy.agent_called(name.trim()).is_some()
        && known.take(name, writer, now, policy)
    {
        what = rest;
    }
    let due = known.due.unwrap_or(now + policy.life.action_within);
    let what = what.trim().trim_end_matches([':', ',', ';', '-', '–', '→', '|', '*']).trim_end().to_owned();
    let owner = known.owner.unwrap_or_else(|| writer.address.clone());
    CorrectiveAction { what, owner, due, remind_at: due, ..CorrectiveAction::default() }
}

/// What stands in the last pair of brackets, which end the line, and what stands before them.
fn brackets(line: &str) -> Option<(&str, &str)> {
    let inner = line.strip_suffix(')').or_else(|| line.strip_suffix(']'))?;
    let mut depth = 1;
    for (at, c) in inner.char_indices().rev() {
        depth += match c {
            ')' | ']' => 1,
            '(' | '[' => -1,
            _ => 0,
        };
        if depth == 0 {
            return Some((&line[..at], &inner[at + c.len_utf8()..]));
        }
    }
    None
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
            notify: crate::ticket::Notify::Mine,
            deputy: None,
            away: None,
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
            ("- Remplacer le disque (Nadia, 12/04)", "Remplacer le disque", "nadia", "2026-04-12"),
            ("- Remplacer le disque (Nadia le 12/04).", "Remplacer le disque", "nadia", "2026-04-12"),
            ("- Remplacer le disque (Nadia et Luc, fin mars)", "Remplacer le disque", "nadia", "2026-03-31"),
            (
                "- Remplacer le disque (2 To (SSD), Nadia, 12/04)",
                "Remplacer le disque (2 To (SSD))",
                "nadia",
                "2026-04-12",
            ),
            ("- Remplacer le disque [N. Expert ; sous 15 jours]", "Remplacer le disque", "nadia", "2026-04-11"),
            ("- Nadia : remplacer le disque, avant le 12 avril", "remplacer le disque", "nadia", "2026-04-12"),
            ("- Remplacer le disque → Expert → 12 avril", "Remplacer le disque", "nadia", "2026-04-12"),
            ("**- Remplacer le disque** (Expert Nadia, d'ici vendredi)", "Remplacer le disque", "nadia", "2026-04-03"),
            ("- Revoir le plan, puis l'afficher", "Revoir le plan, puis l'afficher", "luc", "2026-04-10"),
        ] {
            let read = read_all(&format!(
                "Cause racine : disque plein.\n\nActions correctives :\n{line}\n\nEnseignements :\nrien"
            ));
            assert_eq!(read, [(what.to_owned(), owner.to_owned(), due.to_owned())], "{line}");
        }
    }

    #[test]
    fn the_actions_end_where_the_letter_goes_on() {
        let whats = |text: &str| read_all(text).into_iter().map(|(what, ..)| what).collect::<Vec<_>>();
        // On the line of the heading, as the form's button has it; broken by a client; followed by other headings and a signature.
        let form = "Actions correctives : - [ ] Superviser (Luc, 4 avril)\n- [ ] Ranger les câbles qui\ntraînent (Nadia)\n\nEnseignements : prévenir plus vite.\n\nCordialement,\nLuc Roche\nTechnicien";
        assert_eq!(whats(form), ["Superviser", "Ranger les câbles qui traînent"]);
        assert_eq!(whats("Actions correctives :\n- [ ] Superviser\n\nLuc\nTechnicien"), ["Superviser"]);
        assert_eq!(
            whats("Plan d'actions (à valider) :\nSuperviser (Nadia, lundi)\nRanger (Luc, mardi)\n\nVoilà."),
            ["Superviser", "Ranger"]
        );
        assert_eq!(whats("*Actions corectives*\n1. Superviser\n2. Ranger"), ["Superviser", "Ranger"]);
        let ticked =
            read("Actions correctives\n- [x] Redémarrer\n- [ ] Superviser", &policy().agents["luc"], NOW, &policy());
        assert_eq!(ticked.iter().map(CorrectiveAction::is_open).collect::<Vec<_>>(), [false, true]);
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
