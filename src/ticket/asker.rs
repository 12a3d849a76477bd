//! Who asked, and where answers go.
//!
//! Answers go where RFC 5322 (section 3.6.2) says: `Reply-To`, else `From`. Where `From` is a list's, a form's or the service desk's
//! own address, the person behind it is who `X-Original-From`, `Reply-To` or the form names. A `Reply-To` of somebody else's
//! choosing is honoured only where the author is beyond doubt or the same house: else anybody could have answers sent
//! anywhere. No right is ever taken from it.

use std::sync::LazyLock;

use super::policy::Policy;
use crate::mail::{Address, Label, ParsedEmail, key, looks_like_address, read_fields};

/// Who is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// The author, at their own address.
    Author,
    /// The author, at another address.
    Elsewhere(Address),
    /// `From` is not a person's: this is the person behind it.
    Behind(Address),
    /// `From` is not a person's, and none is named.
    Nobody,
}

/// Names under which programs on web sites send what somebody typed into a form.
const FORMS: [&str; 24] = [
    "noreply",
    "no-reply",
    "no_reply",
    "no.reply",
    "donotreply",
    "do-not-reply",
    "nepasrepondre",
    "ne-pas-repondre",
    "ne_pas_repondre",
    "wordpress",
    "www-data",
    "www",
    "apache",
    "httpd",
    "nginx",
    "nobody",
    "formulaire",
    "formulaires",
    "contactform",
    "contact-form",
    "webform",
    "forms",
    "drupal",
    "joomla",
];

/// What people are asked for in forms, before their address.
const ADDRESS_WORDS: [&str; 16] = [
    "email",
    "e-mail",
    "mail",
    "courriel",
    "adresse email",
    "adresse e-mail",
    "adresse mail",
    "adresse electronique",
    "adresse de courriel",
    "votre email",
    "votre e-mail",
    "votre adresse email",
    "votre courriel",
    "your email",
    "email address",
    "e-mail address",
];

/// Who is to be answered. `vouched`: the mailbox's own server says that the author's domain did send it.
#[must_use]
pub fn asker(mail: &ParsedEmail, vouched: bool, policy: &Policy) -> Asker {
    let Some(from) = &mail.from else { return Asker::Author };
    let own = from.key();
    let usable = |address: &Address| {
        let key = address.key();
        looks_like_address(&key)
            && policy.agent(&key).is_none()
            && !policy.is_own_address(&key)
            && !mail.lists.contains(&key)
            && !is_form(&key)
    };
    let reply_to = mail.reply_to.as_ref().filter(|address| address.key() != own);
    let original = mail.original_from.as_ref().filter(|address| address.key() != own);
    let ours = policy.is_own_address(&own);
    let listed = mail.lists.contains(&own) || original.is_some();
    if ours || listed {
        let behind = original.or(reply_to).filter(|address| usable(address));
        return behind.map_or(Asker::Nobody, |address| Asker::Behind(named(address, from)));
    }
    if is_form(&own) {
        let typed = || typed_address(mail);
        let behind = reply_to.cloned().filter(usable).or_else(|| typed().filter(usable));
        return behind.map_or(Asker::Author, Asker::Behind);
    }
    if policy.agent(&own).is_some() {
        return Asker::Author;
    }
    match reply_to.filter(|address| usable(address)) {
        Some(address) if vouched || same_house(&own, &address.key()) => Asker::Elsewhere(named(address, from)),
        _ => Asker::Author,
    }
}

/// Whether programs, not people, write from this address.
#[must_use]
pub(crate) fn is_form(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default();
    let joint = |c: char| !c.is_alphanumeric();
    FORMS.iter().any(|name| {
        local == *name
            || local.strip_suffix(name).is_some_and(|rest| rest.ends_with(joint))
            || local.strip_prefix(name).is_some_and(|rest| rest.starts_with(joint))
    })
}

fn same_house(one: &str, other: &str) -> bool {
    let domain = |address: &str| address.rsplit('@').next().unwrap_or_default().to_owned();
    domain(one) == domain(other)
}

/// The address with a name: its own, else what stood beside the address in `From`, without what the list added.
fn named(address: &Address, from: &Address) -> Address {
    let name = if address.name.is_empty() { &from.name } else { &address.name };
    let name = [" via ", " par l'intermédiaire de ", " (via "]
        .iter()
        .filter_map(|word| name.find(word))
        .min()
        .map_or(name.as_str(), |at| &name[..at]);
    Address { name: name.trim_matches(['\'', '"', ' ']).to_owned(), address: address.address.clone() }
}

/// The address somebody typed into a form.
fn typed_address(mail: &ParsedEmail) -> Option<Address> {
    static ADDRESS: LazyLock<Label> = LazyLock::new(|| Label::new("address", false, ADDRESS_WORDS.iter().copied()));
    let value = read_fields(&mail.text, &[&ADDRESS], "").own.remove("address")?;
    let mut words = value.split(|c: char| c.is_whitespace() || "<>()[],;:\"".contains(c));
    let address = words.find(|word| looks_like_address(word))?;
    Some(Address { name: String::new(), address: key(address) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_known_by_the_name_they_write_under() {
        for form in [
            "noreply@a.example",
            "no-reply@a.example",
            "wordpress@a.example",
            "site-noreply@a.example",
            "noreply+1@a.example",
        ] {
            assert!(is_form(form), "{form}");
        }
        for person in ["ana@a.example", "wordpressfan@a.example", "formulairedupont@a.example"] {
            assert!(!is_form(person), "{person}");
        }
    }
}
