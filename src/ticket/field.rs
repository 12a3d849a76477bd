//! What a request is asked for: `[fields]` of the configuration.

use std::collections::BTreeMap;

use super::words::TicketView;
use crate::mail::{Label, fold};

/// A field of a request: what it is called, and what people write before it.
#[derive(Debug, Clone)]
pub struct FieldRule {
    /// Its name in the configuration.
    pub code: String,
    /// Its name in notifications, by language.
    pub label: BTreeMap<String, String>,
    /// What people write before its value.
    pub reads: Label,
    /// Whether its value becomes the title of the ticket.
    pub is_title: bool,
    /// Whether it is given by a file that comes with the request, such as a screenshot.
    pub is_file: bool,
    /// Whether the request's own words answer it where they stand beside no label.
    pub is_text: bool,
    /// Whom and what it is asked about.
    pub only_for: OnlyFor,
}

/// What a field is asked about: all of these that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnlyFor {
    /// Categories of tickets.
    pub categories: Vec<String>,
    /// Categories it is never asked about.
    pub not_categories: Vec<String>,
    /// Types of tickets.
    pub types: Vec<String>,
    /// Addresses of requesters, or `@domains`, in the form of [`crate::mail::key`].
    pub senders: Vec<String>,
    /// Words of which the requester's `role` has one, in the form of [`crate::mail::fold`].
    pub roles: Vec<String>,
}

impl OnlyFor {
    /// Whether a field is asked about this ticket.
    #[must_use]
    pub fn holds(&self, ticket: &TicketView) -> bool {
        let among = |list: &[String], value: Option<&String>| {
            list.is_empty() || value.is_some_and(|value| list.contains(value))
        };
        let address = &ticket.requester.address;
        let sent = |from: &String| from == address || (from.starts_with('@') && address.ends_with(from.as_str()));
        let role = || fold(ticket.fields.get(ROLE).map(String::as_str).unwrap_or_default());
        among(&self.categories, ticket.category.as_ref())
            && !ticket.category.as_ref().is_some_and(|category| self.not_categories.contains(category))
            && among(&self.types, ticket.kind.as_ref())
            && (self.senders.is_empty() || self.senders.iter().any(sent))
            && (self.roles.is_empty() || self.roles.iter().any(|word| role().contains(word.as_str())))
    }
}

/// Code of the field that says what the requester is.
const ROLE: &str = "role";

impl FieldRule {
    /// The title that a field's value gives a ticket, where the field is there for that.
    #[must_use]
    pub(crate) fn title(&self, values: &BTreeMap<String, String>) -> Option<String> {
        let line = values.get(&self.code).filter(|_| self.is_title)?.lines().next()?.trim();
        (!line.is_empty()).then(|| line.chars().take(TITLE).collect())
    }
}

/// Longest title that a field gives, in characters.
const TITLE: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_asked_where_all_its_conditions_hold() {
        let ticket = |category: &str, role: &str, from: &str| {
            let mut ticket = TicketView { category: Some(category.to_owned()), ..TicketView::default() };
            ticket.fields.insert(ROLE.to_owned(), role.to_owned());
            ticket.requester.address = from.to_owned();
            ticket
        };
        let pupils =
            OnlyFor { roles: vec!["eleve".to_owned()], not_categories: vec!["rgpd".to_owned()], ..OnlyFor::default() };
        assert!(pupils.holds(&ticket("compte", "Élève de 3e", "zoe@x.example")));
        assert!(!pupils.holds(&ticket("compte", "CPE", "zoe@x.example")));
        assert!(!pupils.holds(&ticket("rgpd", "élève", "zoe@x.example")));
        let parents = OnlyFor { senders: vec!["@parents.example".to_owned()], ..OnlyFor::default() };
        assert!(parents.holds(&ticket("", "", "a@parents.example")) && !parents.holds(&ticket("", "", "a@x.example")));
        assert!(OnlyFor::default().holds(&TicketView::default()));
    }
}
