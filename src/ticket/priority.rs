//! Priority from the subject: `[P1]`, `[bloquante]`, `URGENT: …`.

use super::policy::{PriorityRule, TagForms};
use crate::mail::fold;

/// What the tags of a subject said, and the subject without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// Code of the most urgent priority asked for.
    pub code: Option<String>,
    /// The tag that asked for it, as written.
    pub tag: String,
    /// The subject without any priority tag.
    pub title: String,
}

/// Reads tags, without regard to case and accents. Every tag is taken off; the most urgent one counts.
#[must_use]
pub(crate) fn read_tags(subject: &str, priorities: &[PriorityRule], forms: TagForms) -> Tagged {
    let mut reader = Reader { priorities, best: None, tag: String::new() };
    let mut title = subject.to_owned();
    if forms.brackets {
        title = reader.brackets(&title);
    }
    if forms.prefix {
        title = reader.prefix(&title);
    }
    if forms.bare {
        title = reader.bare(&title);
    }
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let code = reader.best.map(|at| priorities[at].code.clone());
    Tagged { code, tag: reader.tag, title }
}

struct Reader<'a> {
    priorities: &'a [PriorityRule],
    best: Option<usize>,
    tag: String,
}

impl Reader<'_> {
    /// Notes the word if it is a tag.
    fn take(&mut self, word: &str) -> bool {
        let folded = fold(word);
        let found = self.priorities.iter().position(|p| fold(&p.code) == folded || p.tags.contains(&folded));
        let Some(at) = found else { return false };
        if self.best.is_none_or(|best| at < best) {
            self.best = Some(at);
            word.trim().clone_into(&mut self.tag);
        }
        true
    }

    fn brackets(&mut self, subject: &str) -> String {
        let mut out = String::with_capacity(subject.len());
        let mut rest = subject;
        while let Some(open) = rest.find('[') {
            let Some(length) = rest[open..].find(']') else { break };
            let word = &rest[open + 1..open + length];
            out.push_str(&rest[..open]);
            if self.take(word) {
                out.push(' ');
            } else {
                out.push_str(&rest[open..=open + length]);
            }
            rest = &rest[open + length + 1..];
        }
        out + rest
    }

    fn prefix(&mut self, subject: &str) -> String {
        let mut rest = subject.trim_start();
        for _ in 0..4 {
            let Some((word, after)) = rest.split_once([':', '：']) else { break };
            // A tag is a word or two; a longer text before the colon is the subject itself.
            if word.chars().count() > 40 || !self.take(word) {
                break;
            }
            rest = after.trim_start();
        }
        rest.to_owned()
    }

    fn bare(&mut self, subject: &str) -> String {
        let words = subject.split_whitespace();
        let kept = words.filter(|word| !self.take(word.trim_matches(|c: char| !c.is_alphanumeric())));
        kept.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn rules() -> Vec<PriorityRule> {
        [("P1", "bloquante urgent"), ("P2", "majeure"), ("P3", "mineure")]
            .map(|(code, tags)| PriorityRule {
                code: code.to_owned(),
                label: BTreeMap::new(),
                tags: tags.split(' ').map(ToOwned::to_owned).collect(),
            })
            .to_vec()
    }

    fn read(subject: &str, bare: bool) -> (Option<String>, String) {
        let forms = TagForms { brackets: true, prefix: true, bare };
        let tagged = read_tags(subject, &rules(), forms);
        (tagged.code, tagged.title)
    }

    #[test]
    fn tags_in_brackets_and_before_a_colon_are_read_and_taken_off() {
        for subject in [
            "[P1] Panne ENT",
            "Panne [bloquante] ENT",
            "[BLOQUANTE]Panne ENT",
            "URGENT: Panne ENT",
            "Urgent : Panne ENT",
            "p1 : Panne ENT",
        ] {
            assert_eq!(read(subject, false), (Some("P1".into()), "Panne ENT".into()), "{subject}");
        }
    }

    #[test]
    fn the_most_urgent_tag_counts_and_all_go() {
        assert_eq!(read("[mineure] [P2] Panne", false), (Some("P2".into()), "Panne".into()));
    }

    #[test]
    fn other_brackets_and_words_stay() {
        assert_eq!(read("[Collège] urgent ou pas", false), (None, "[Collège] urgent ou pas".into()));
        assert_eq!(read("[P9] Panne [", false), (None, "[P9] Panne [".into()));
        assert_eq!(read("Objet: panne", false), (None, "Objet: panne".into()));
    }

    #[test]
    fn bare_words_count_only_where_configured() {
        assert_eq!(read("Panne urgent!", true), (Some("P1".into()), "Panne".into()));
    }
}
