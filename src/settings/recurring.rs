//! Work that comes again: tickets that open by a timetable.

use super::checker::{Check, list};
use super::raw::{self, Raw};
use crate::mail::key;
use crate::report::Cron;
use crate::ticket::{Person, Policy, command};

/// A ticket that opens by a timetable.
#[derive(Debug, Clone)]
pub struct Recurring {
    /// Its name in the configuration.
    pub name: String,
    /// When it opens.
    pub cron: Cron,
    /// Name of the queue.
    pub queue: String,
    /// Its title; `{date}` is the day on which it opens.
    pub title: String,
    /// Commands, and what is to be done below.
    pub text: String,
    /// For whom it is done; the service desk itself where nobody is named.
    pub requester: Option<Person>,
}

pub(super) fn recurring(check: &mut Check<'_>, raw: &Raw, policy: &Policy) -> Vec<Recurring> {
    raw.recurring.iter().filter_map(|(name, one)| read(check, name, one, raw, policy)).collect()
}

fn read(check: &mut Check<'_>, name: &str, one: &raw::Recurring, raw: &Raw, policy: &Policy) -> Option<Recurring> {
    let place = |key: &str| format!("recurring.{name}.{key}");
    let queue = match (&one.queue, raw.queues.keys().next()) {
        (Some(queue), _) if raw.queues.contains_key(queue) => queue.clone(),
        (None, Some(only)) if raw.queues.len() == 1 => only.clone(),
        (queue, _) => {
            let known = list(&check.source.names("queues"));
            let text = match queue {
                Some(queue) => format!("there is no [queues.{queue}]; there is {known}"),
                None => format!("say in which queue it opens; there is {known}"),
            };
            check.note(&place("queue"), text);
            return None;
        }
    };
    if one.title.trim().is_empty() {
        check.note(&place("title"), "a ticket has a title, like \"Contrôle des sauvegardes du {date}\"");
    }
    text(check, &place("text"), &one.text, policy);
    let requester = one.requester.as_ref().map(|address| Person {
        address: check.address(&place("requester"), address),
        name: String::new(),
        language: policy.service_desk.language.clone(),
    });
    let requester = requester.filter(|person| !raw.queues.values().any(|queue| key(&queue.address) == person.address));
    let cron = match Cron::read(&one.cron) {
        Ok(cron) => cron,
        Err(why) => {
            let text = format!(
                "{:?}: {why}; write minutes, hours, day, month and weekday, like \"0 8 * * Mon\" or \"30 7 1 * *\"",
                one.cron
            );
            check.note(&place("cron"), text);
            return None;
        }
    };
    Some(Recurring { name: name.to_owned(), cron, queue, title: one.title.clone(), text: one.text.clone(), requester })
}

/// What could not be carried out at three in the morning is said now.
fn text(check: &mut Check<'_>, place: &str, text: &str, policy: &Policy) {
    let head = command::head(text.trim(), true, &policy.commands);
    match head.commands(policy, 0) {
        Err(slips) => {
            let lines: Vec<&str> = slips.iter().map(|slip| slip.line.as_str()).collect();
            check.note(place, format!("{} cannot be read as commands", lines.join(", ")));
        }
        Ok(commands) => {
            for command in commands.iter().filter(|command| !command.row().opens) {
                check.note(place, format!("#{} cannot stand above what opens a ticket", command.row().word));
            }
        }
    }
}
