//! Senders who look like somebody else.
//!
//! Takes: the author an email names and whom the service desk knows. Gives: what is odd about it, for the service desk's people
//! to review; nothing is refused for it. Two texts look alike when their skeletons are equal (Unicode UTS 39
//! section 4): `rn` and `m`, the Cyrillic `а` and the Latin `a`.

use std::collections::{BTreeMap, BTreeSet};

use unicode_security::{MixedScript, RestrictionLevel, RestrictionLevelDetection, skeleton};

use super::address::{Address, key, looks_like_address};
use super::subject::fold;

/// What is odd about an author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddity {
    /// The domain has letters outside ASCII, openly or behind `xn--` (RFC 5890).
    Foreign {
        /// As people see it.
        unicode: String,
        /// As the mail system sees it.
        ascii: String,
    },
    /// A name or label mixes writing systems that no language mixes.
    Mixed(String),
    /// It looks like an address or domain the service desk knows, and is another.
    LooksLike {
        /// The real address.
        real: String,
        /// What it looks like.
        known: String,
    },
    /// The display name shows another address than the real one.
    NamesAddress {
        /// The address in the name.
        shown: String,
        /// The real one.
        real: String,
    },
    /// The display name is that of somebody of the service desk, and the address is not theirs.
    NamesKnown {
        name: String,
        /// The real address.
        real: String,
    },
    /// `From` names more than one author (RFC 5322 section 3.6.2); mail programs show the one or the other.
    Several {
        /// The one that counts.
        first: String,
        /// One that does not.
        other: String,
    },
}

/// Whom the service desk knows, ready to be compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Familiar {
    addresses: BTreeSet<String>,
    domains: BTreeSet<String>,
    /// By skeleton: the first address or domain that has it.
    alike: BTreeMap<String, String>,
    /// Addresses that a name may have, by the name's skeleton.
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Familiar {
    /// Adds an address with its domain, and the name that belongs to it; the name may be empty.
    pub fn add(&mut self, address: &str, name: &str) {
        let address = key(address);
        let Some((_, domain)) = address.rsplit_once('@') else { return };
        self.alike.entry(seen(&address)).or_insert_with(|| address.clone());
        self.alike.entry(seen(domain)).or_insert_with(|| domain.to_owned());
        self.domains.insert(domain.to_owned());
        if !name.trim().is_empty() {
            self.names.entry(seen(&fold(name))).or_default().insert(address.clone());
        }
        self.addresses.insert(address);
    }

    /// What is odd about an author. `other`: a further author `From` names; `people`: addresses of the ticket.
    #[must_use]
    pub(crate) fn oddities<'a>(
        &self,
        author: &Address,
        other: Option<&Address>,
        people: impl Iterator<Item = &'a str>,
    ) -> Vec<Oddity> {
        let real = author.key();
        let mut found = Vec::new();
        found.extend(foreign(&real));
        found.extend(mixed(&real));
        found.extend(self.looks_like(author, people));
        found.extend(self.name(&author.name, &real));
        let another = other.map(Address::key).filter(|other| *other != real);
        found.extend(another.map(|other| Oddity::Several { first: real, other }));
        found
    }

    fn looks_like<'a>(&self, author: &Address, mut people: impl Iterator<Item = &'a str>) -> Option<Oddity> {
        let real = author.key();
        if self.addresses.contains(&real) {
            return None;
        }
        let domain = real.rsplit('@').next().unwrap_or_default();
        // A capital I may have been written for an l, so the spelling counts too.
        let spellings = [seen(&real), seen(&author.address)];
        let known = |spelling: &String| self.alike.get(spelling).cloned();
        let of_ticket = || people.find(|p| **p != *real && spellings.contains(&seen(p))).map(str::to_owned);
        let alike = spellings.iter().find_map(known).or_else(of_ticket).or_else(|| self.domain_like(domain));
        alike.map(|known| Oddity::LooksLike { real, known })
    }

    /// The known domain that this one, or a domain above it, looks like.
    fn domain_like(&self, domain: &str) -> Option<String> {
        let ends_alike = |(at, _): (usize, char)| {
            let end = &domain[at + 1..];
            self.alike.get(&seen(end)).filter(|known| *known != end && self.domains.contains(*known))
        };
        let whole = self.alike.get(&seen(domain)).filter(|known| *known != domain && self.domains.contains(*known));
        let dots = || domain.char_indices().filter(|(_, c)| *c == '.').take(LABELS);
        whole.or_else(|| dots().find_map(ends_alike)).cloned()
    }

    fn name(&self, name: &str, real: &str) -> Option<Oddity> {
        let plain = name.replace(['\u{FF20}', '\u{FE6B}'], "@");
        let words = plain.split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c));
        if let Some(shown) = words.filter(|w| looks_like_address(w)).map(key).find(|shown| shown != real) {
            return Some(Oddity::NamesAddress { shown, real: real.to_owned() });
        }
        let theirs = self.names.get(&seen(&fold(name)))?;
        (!theirs.contains(real)).then(|| Oddity::NamesKnown { name: name.to_owned(), real: real.to_owned() })
    }
}

/// Most labels of a domain that are looked at.
const LABELS: usize = 8;

/// How a text looks: its skeleton, with what stands behind `xn--` decoded.
fn seen(text: &str) -> String {
    let text = match text.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", decoded(domain)),
        None => decoded(text),
    };
    skeleton(&text).collect()
}

fn decoded(domain: &str) -> String {
    if domain.contains("xn--") { idna::domain_to_unicode(domain).0 } else { domain.to_owned() }
}

fn foreign(real: &str) -> Option<Oddity> {
    let domain = real.rsplit('@').next().unwrap_or_default();
    if domain.is_ascii() && !domain.split('.').any(|label| label.starts_with("xn--")) {
        return None;
    }
    let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.escape_unicode().to_string());
    Some(Oddity::Foreign { unicode: decoded(domain), ascii })
}

fn mixed(real: &str) -> Option<Oddity> {
    let (local, domain) = real.rsplit_once('@')?;
    let domain = decoded(domain);
    let mut labels = std::iter::once(local).chain(domain.split('.'));
    labels.find(|label| mixes(label)).map(|label| Oddity::Mixed(label.to_owned()))
}

fn mixes(label: &str) -> bool {
    let letters: String = label.chars().filter(|c| c.is_alphabetic()).collect();
    !letters.is_ascii()
        && !letters.as_str().is_single_script()
        // Japanese, Chinese and Korean stand beside Latin as a matter of course (UTS 39 section 5.2).
        && letters.as_str().detect_restriction_level() > RestrictionLevel::HighlyRestrictive
}

#[cfg(test)]
mod tests {
    use super::*;

    fn familiar() -> Familiar {
        let mut familiar = Familiar::default();
        familiar.add("marie@agents.example", "Marie Dubois");
        familiar.add("support@desk.example", "");
        familiar
    }

    fn odd(name: &str, address: &str) -> Vec<Oddity> {
        let author = Address { name: name.to_owned(), address: address.to_owned() };
        familiar().oddities(&author, None, ["ana.martin@college.example"].into_iter())
    }

    fn looks_like(address: &str) -> Option<String> {
        odd("", address).into_iter().find_map(|o| match o {
            Oddity::LooksLike { known, .. } => Some(known),
            _ => None,
        })
    }

    #[test]
    fn what_looks_like_a_known_address_is_named() {
        assert_eq!(looks_like("rnarie@agents.example").as_deref(), Some("marie@agents.example"));
        assert_eq!(looks_like("m\u{430}rie@agents.example").as_deref(), Some("marie@agents.example"));
        assert_eq!(looks_like("support@desk.ex\u{430}mple").as_deref(), Some("support@desk.example"));
        assert_eq!(looks_like("eve@agents.exarnple").as_deref(), Some("agents.example"));
        assert_eq!(looks_like("eve@mail.agents.exarnple").as_deref(), Some("agents.example"));
        assert_eq!(looks_like("ana.rnartin@college.example").as_deref(), Some("ana.martin@college.example"));
        let punycode = idna::domain_to_ascii("desk.ex\u{430}mple").unwrap_or_default();
        assert_eq!(looks_like(&format!("eve@{punycode}")).as_deref(), Some("desk.example"));
        let mut familiar = Familiar::default();
        familiar.add("paul@agents.example", "");
        let author = Address { name: String::new(), address: "pauI@agents.example".to_owned() };
        assert!(!familiar.oddities(&author, None, std::iter::empty()).is_empty(), "a capital I for an l");
    }

    #[test]
    fn what_is_known_or_only_other_is_not() {
        for address in
            ["marie@agents.example", "MARIE@Agents.example", "paul@agents.example", "ana.martin@college.example"]
        {
            assert_eq!(odd("", address), Vec::new(), "{address}");
        }
        assert_eq!(odd("Claire Martin", "claire@college.example"), Vec::new());
        assert_eq!(odd("Marie Dubois", "marie@agents.example"), Vec::new());
    }

    #[test]
    fn foreign_letters_are_shown_in_both_forms() {
        let both = [Oddity::Foreign { unicode: "münchen.example".into(), ascii: "xn--mnchen-3ya.example".into() }];
        assert_eq!(odd("", "a@münchen.example"), both);
        assert_eq!(odd("", "a@xn--mnchen-3ya.example"), both);
        assert!(odd("", "ev\u{435}@college.example").contains(&Oddity::Mixed("ev\u{435}".to_owned())));
        assert!(!odd("", "東京tokyo@college.example").iter().any(|o| matches!(o, Oddity::Mixed(_))));
    }

    #[test]
    fn names_that_claim_to_be_somebody_are_told() {
        let shown = |name: &str| matches!(odd(name, "eve@elsewhere.example")[..], [Oddity::NamesAddress { .. }]);
        assert!(shown("marie@agents.example") && shown("Marie <marie\u{FF20}agents.example>"));
        assert!(!shown("eve@elsewhere.example".to_uppercase().as_str()));
        let named = |name: &str| matches!(odd(name, "eve@elsewhere.example")[..], [Oddity::NamesKnown { .. }]);
        assert!(named("marie DUBOIS") && named("M\u{430}rie Dubois") && !named("Marie Dupont"));
    }
}
