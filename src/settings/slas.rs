//! Service levels, contracts and reports, checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Time, Weekday};
use sha2::{Digest, Sha256};

use super::calendars::calendar;
use super::checker::{Check, list};
use super::raw::{self, Raw};
use crate::clock::{HOUR, MINUTE, Millis};
use crate::mail::key;
use crate::report::{Cron, Draft, Goals, Plan, Sort};
use crate::ticket::sla::{AtBreach, Calendar, Contract, Length, SlaPolicy, Slas, Target};
use crate::ticket::{PendingOn, ServiceDesk};

/// Words for a time without end.
const BEST_EFFORT: [&str; 4] = ["best effort", "best-effort", "none", "never"];

pub(super) fn slas(check: &mut Check<'_>, raw: &Raw, desk: &ServiceDesk) -> Slas {
    let mut calendars: BTreeMap<String, Arc<Calendar>> = BTreeMap::new();
    for (name, one) in &raw.calendars {
        calendars.insert(name.clone(), Arc::new(calendar(check, name, one, &desk.time_zone)));
    }
    let always = Calendar { zone: desk.time_zone.clone(), ..Calendar::always() };
    calendars.insert("always".to_owned(), Arc::new(always));
    let policies = raw.slas.iter().map(|(name, one)| (name.clone(), policy(check, name, one, raw, &calendars)));
    let policies: BTreeMap<String, SlaPolicy> = policies.collect();
    let contracts = raw.contracts.iter().map(|(name, one)| contract(check, name, one, raw)).collect();
    let queues: BTreeMap<String, String> =
        raw.queues.iter().filter_map(|(name, q)| Some((name.clone(), q.sla.clone()?))).collect();
    let mut slas = Slas { calendars, policies, queues, contracts, digest: String::new() };
    slas.digest = digest(&slas);
    slas
}

/// What changes when anything that is promised does.
fn digest(slas: &Slas) -> String {
    let mut hash = Sha256::new();
    for calendar in slas.calendars.values() {
        let Calendar { name, week, seasons, holidays, closed, special, .. } = calendar.as_ref();
        let zone = calendar.zone.iana_name().unwrap_or_default();
        hash.update(format!("{name} {zone} {week:?} {holidays:?} {closed:?} {special:?}\n"));
        if !seasons.is_empty() {
            hash.update(format!("{seasons:?}\n"));
        }
    }
    hash.update(format!("{:?} {:?} {:?}", slas.policies, slas.queues, slas.contracts));
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

fn policy(
    check: &mut Check<'_>,
    name: &str,
    raw: &raw::Sla,
    all: &Raw,
    calendars: &BTreeMap<String, Arc<Calendar>>,
) -> SlaPolicy {
    let place = |field: &str| format!("slas.{name}.{field}");
    let known = |check: &mut Check<'_>, field: &str, word: &str| {
        let mut names = check.source.names("calendars");
        names.push("always".to_owned());
        if !names.iter().any(|name| name == word) {
            check.note(&place(field), format!("there is no [calendars.{word}]; there is {}", list(&names)));
        }
        word.to_owned()
    };
    let hours = known(check, "calendar", raw.calendar.as_deref().unwrap_or("always"));
    let mut targets = Vec::new();
    for one in &raw.targets {
        let calendar = known(check, "targets", one.calendar.as_deref().unwrap_or(&hours));
        let mut time = |text: &Option<String>| text.as_deref().and_then(|text| length(check, &place("targets"), text));
        let (respond, resolve) = (time(&one.respond), time(&one.resolve));
        let (escalate_after, stalled_after) = (time(&one.escalate_after), time(&one.stalled_after));
        let priority = one.priority.as_ref().map(|p| p.to_uppercase());
        priorities(check, &place("targets"), priority.iter(), all);
        let twice = targets.iter().any(|t: &Target| t.level == one.level && t.priority == priority);
        if one.level.is_some_and(|level| level < 1) {
            check.note(&place("targets"), "levels begin at 1");
        } else if twice {
            let whom = priority.as_deref().unwrap_or("every priority");
            check.note(&place("targets"), format!("two targets are for {whom} at the same level"));
        }
        targets.push(Target { level: one.level, priority, respond, resolve, escalate_after, stalled_after, calendar });
    }
    let empty = |length: &Option<Length>, calendar: &str| {
        let calendar = calendars.get(calendar).filter(|_| matches!(length, Some(Length::Days(_) | Length::Weeks(_))));
        calendar.is_some_and(|c| c.day_length() == 0)
    };
    for one in &targets {
        let all = [&one.respond, &one.resolve, &one.escalate_after, &one.stalled_after];
        if all.into_iter().any(|length| empty(length, &one.calendar)) {
            check.note(
                &place("targets"),
                format!("[calendars.{}] has no weekly hours, so it has no days and weeks; write hours", one.calendar),
            );
        }
    }
    let warn_at = raw.warn_at.clone().unwrap_or_else(|| vec![75.0, 90.0]);
    if warn_at.iter().any(|share| !(1.0..=99.0).contains(share) || share.fract() != 0.0) || !warn_at.is_sorted() {
        check
            .note(&place("warn_at"), "these are whole per cents of a target, from 1 to 99, the lowest first: [75, 90]");
    }
    // They are whole and small by now, or the configuration is refused.
    #[allow(clippy::cast_possible_truncation)]
    let warn_at = warn_at.into_iter().map(|share| share as i64).collect();
    let codes = |codes: &[String]| codes.iter().map(|c| c.to_uppercase()).collect::<Vec<_>>();
    let (major, post_mortem) = (codes(&raw.major), codes(&raw.post_mortem));
    priorities(check, &place("major"), major.iter(), all);
    priorities(check, &place("post_mortem"), post_mortem.iter(), all);
    let pauses = raw.pauses.clone().unwrap_or_else(|| ["requester", "vendor", "date"].map(str::to_owned).to_vec());
    let pauses: Vec<PendingOn> = pauses
        .iter()
        .filter_map(|word| {
            let found: Option<PendingOn> = word.parse().ok();
            if found.is_none() {
                check.note(&place("pauses"), format!("{word:?} is none of \"requester\", \"vendor\" and \"date\""));
            }
            found
        })
        .collect();
    let at_breach = match &raw.escalate_at_breach {
        None | Some(raw::AtBreach::Flag(true)) => AtBreach::Join,
        Some(raw::AtBreach::Flag(false)) => AtBreach::No,
        Some(raw::AtBreach::Word(word)) => word.parse().unwrap_or_else(|_| {
            check.note(
                &place("escalate_at_breach"),
                format!("{word:?} is none of \"join\" (the next level helps), \"move\" (it goes there) and \"no\""),
            );
            AtBreach::Join
        }),
    };
    let every = raw.status_every.as_deref().and_then(|t| length(check, &place("status_every"), t));
    if every.is_some_and(|every| !matches!(every, Length::Time(_))) {
        check.note(&place("status_every"), "write hours and minutes: \"1h\", \"30m\"");
    }
    let point_every = every.unwrap_or(Length::Time(HOUR));
    let within = raw.post_mortem_within.as_deref().unwrap_or("48h");
    SlaPolicy {
        name: name.to_owned(),
        targets,
        warn_at,
        at_breach,
        new_time: raw.new_time_at_each_level,
        acknowledge: raw.acknowledge.as_deref().and_then(|t| length(check, &place("acknowledge"), t)),
        hours,
        major,
        point_every,
        post_mortem,
        post_mortem_within: check.millis(&place("post_mortem_within"), within).unwrap_or(48 * HOUR),
        pauses,
        tell: raw.tell,
    }
}

fn priorities<'a>(check: &mut Check<'_>, place: &str, codes: impl Iterator<Item = &'a String>, raw: &Raw) {
    for code in codes {
        if !raw.priorities.contains_key(&code.to_lowercase()) {
            check.note(place, format!("there is no [priorities.{}]", code.to_lowercase()));
        }
    }
}

/// `30m`, `1h`, `1h30m`, `5d` (working days), `2w`; none for best effort.
pub(super) fn length(check: &mut Check<'_>, place: &str, text: &str) -> Option<Length> {
    let word = text.trim().to_lowercase();
    if BEST_EFFORT.contains(&word.as_str()) {
        return None;
    }
    let found = read_length(&word);
    if found.is_none() {
        check.note(
            place,
            format!(
                "{text:?} is not a valid length of time; write \"30m\", \"4h\", \"5d\" (working days), \"2w\" or \"best effort\""
            ),
        );
    }
    found
}

fn read_length(word: &str) -> Option<Length> {
    let count = |unit: char| word.strip_suffix(unit)?.trim().parse::<i64>().ok().filter(|n| (1..=1_000).contains(n));
    if let Some(days) = count('d') {
        return Some(Length::Days(days));
    }
    if let Some(weeks) = count('w') {
        return Some(Length::Weeks(weeks));
    }
    let (hours, minutes) = match word.split_once('h') {
        Some((hours, minutes)) => (hours.trim().parse::<i64>().ok()?, minutes.trim().trim_end_matches('m').trim()),
        None => (0, word.strip_suffix('m')?.trim()),
    };
    let minutes: Millis = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    if hours < 0 || minutes < 0 {
        return None;
    }
    let all = hours.checked_mul(HOUR)?.checked_add(minutes.checked_mul(MINUTE)?)?;
    (all > 0 && hours <= 10_000 && minutes <= 100_000).then_some(Length::Time(all))
}

fn contract(check: &mut Check<'_>, name: &str, raw: &raw::Contract, all: &Raw) -> Contract {
    let place = |field: &str| format!("contracts.{name}.{field}");
    if !all.slas.contains_key(&raw.sla) {
        let known: Vec<String> = all.slas.keys().cloned().collect();
        check.note(&place("sla"), format!("there is no [slas.{}]; there is {}", raw.sla, list(&known)));
    }
    for queue in raw.queues.iter().filter(|q| !all.queues.contains_key(*q)) {
        check.note(&place("queues"), format!("there is no [queues.{queue}]"));
    }
    for sender in raw.senders.iter().filter(|s| !s.contains('@')) {
        check.note(
            &place("senders"),
            format!("{sender:?} is neither an address nor a domain; write \"@{sender}\" for a domain"),
        );
    }
    let level = raw.level.unwrap_or(0);
    if level > 0 && !all.agents.values().any(|a| i64::from(a.level) == level) {
        check.note(&place("level"), format!("nobody is at level {level}"));
    }
    Contract {
        name: name.to_owned(),
        senders: raw.senders.iter().map(|s| key(s)).collect(),
        sla: raw.sla.clone(),
        queues: raw.queues.clone(),
        level,
    }
}

/// What the figures of reports should be.
pub(super) fn goals(check: &mut Check<'_>, raw: raw::Goals) -> Goals {
    let shares = [
        raw.response_kept,
        raw.resolution_kept,
        raw.solved,
        raw.reopened,
        raw.first_level,
        raw.by_articles,
        raw.escalated,
    ];
    if shares.iter().flatten().any(|goal| !(1.0..=100.0).contains(goal)) {
        check.note("goals", "these goals are per cents, from 1 to 100");
    }
    if raw.satisfaction.is_some_and(|goal| !(1.0..=5.0).contains(&goal)) {
        check.note("goals.satisfaction", "marks go from 1 to 5");
    }
    Goals {
        response_kept: raw.response_kept,
        resolution_kept: raw.resolution_kept,
        solved: raw.solved,
        reopened: raw.reopened,
        first_level: raw.first_level,
        by_articles: raw.by_articles,
        went_up: raw.escalated,
        satisfaction: raw.satisfaction,
    }
}

/// The reports that are written automatically.
pub(super) fn reports(check: &mut Check<'_>, raw: &Raw, desk: &ServiceDesk) -> Vec<Plan> {
    raw.reports.iter().filter_map(|(name, one)| report(check, name, one, raw, desk)).collect()
}

fn report(check: &mut Check<'_>, name: &str, raw: &raw::Report, all: &Raw, desk: &ServiceDesk) -> Option<Plan> {
    let place = |field: &str| format!("reports.{name}.{field}");
    let cron = match Cron::read(&raw.cron) {
        Ok(cron) => cron,
        Err(why) => {
            check.note(
                &place("cron"),
                format!(
                    "{:?}: {why}; write seconds, minutes, hours, day, month and weekday, like \"0 0 9 * * Mon-Fri\"",
                    raw.cron
                ),
            );
            return None;
        }
    };
    let sorts = [Sort::Daily, Sort::Weekly, Sort::Monthly, Sort::Quarterly];
    let Some(sort) = sorts.into_iter().find(|sort| sort.as_str() == raw.kind) else {
        check.note(&place("kind"), format!("{:?} is none of daily, weekly, monthly and quarterly", raw.kind));
        return None;
    };
    if let Some(language) = raw.language.as_ref().filter(|l| !desk.languages.contains(l)) {
        let known = desk.languages.join(", ");
        check.note(&place("language"), format!("there are no notifications in {language:?}; there are in {known}"));
    }
    for queue in raw.queues.iter().filter(|q| !all.queues.contains_key(*q)) {
        check.note(&place("queues"), format!("there is no [queues.{queue}]"));
    }
    if raw.to.is_empty() {
        check.note(&place("to"), "a report needs somebody it goes to: names of agents, or addresses");
    }
    let to = raw.to.iter().map(|who| match all.agents.get(who) {
        Some(agent) => (key(&agent.address), agent.name.clone(), agent.language.clone()),
        None => (check.address(&place("to"), who), String::new(), None),
    });
    let to = to.map(|(address, name, language)| crate::ticket::Person {
        address,
        name,
        language: raw.language.clone().or(language).unwrap_or_else(|| desk.language.clone()),
    });
    let to = to.collect();
    let week = raw.week.as_deref().map_or(Some(Weekday::Monday), week_begins).unwrap_or_else(|| {
        check.note(&place("week"), "write the first and the last day of the week: \"mon-sun\", \"fri-thu\"");
        Weekday::Monday
    });
    let until_sending = match raw.until.as_deref() {
        None | Some("period") => false,
        Some("sending") => true,
        Some(other) => {
            check
                .note(&place("until"), format!("{other:?} is neither \"period\" (the last whole one) nor \"sending\""));
            false
        }
    };
    if raw.week.is_some() && (sort != Sort::Weekly || until_sending) {
        check.note(&place("week"), "only a weekly report has a week, and none that goes up to its sending");
    }
    let draft = draft(check, name, raw, all, desk);
    Some(Plan { name: name.to_owned(), sort, cron, to, queues: raw.queues.clone(), week, until_sending, draft })
}

/// Who sees it before it is sent.
fn draft(check: &mut Check<'_>, name: &str, raw: &raw::Report, all: &Raw, desk: &ServiceDesk) -> Option<Draft> {
    let place = |field: &str| format!("reports.{name}.{field}");
    let Some(text) = raw.draft.as_deref() else {
        if raw.draft_to.is_some() {
            check.note(&place("draft_to"), "nobody gets a draft: its time of day is missing, like draft = \"17:00\"");
        }
        return None;
    };
    let Some(time) = Time::strptime("%H:%M", text).ok().filter(|_| text.len() == "17:00".len()) else {
        check.note(&place("draft"), format!("{text:?} is no time of day; write hours and minutes, like \"17:00\""));
        return None;
    };
    let names = raw.draft_to.as_deref().unwrap_or_default();
    for unknown in names.iter().filter(|name| !all.agents.contains_key(*name)) {
        check.note(&place("draft_to"), format!("there is no [agents.{unknown}]; only an agent's words are taken"));
    }
    let person = |agent: &raw::Agent| crate::ticket::Person {
        address: key(&agent.address),
        name: agent.name.clone(),
        language: raw.language.clone().or(agent.language.clone()).unwrap_or_else(|| desk.language.clone()),
    };
    Some(Draft { time, to: names.iter().filter_map(|name| all.agents.get(name)).map(person).collect() })
}

/// The first day of a week that is written by its first and its last: `fri-thu`.
fn week_begins(text: &str) -> Option<Weekday> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let (first, last) = text.split_once('-')?;
    let at = |word: &str| DAYS.iter().position(|day| *day == word.trim().to_lowercase());
    let (first, last) = (at(first)?, at(last)?);
    (last == (first + 6) % 7).then(|| Weekday::from_monday_zero_offset(i8::try_from(first).ok()?).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_seven_days() {
        assert_eq!((week_begins("mon-sun"), week_begins("Fri-Thu")), (Some(Weekday::Monday), Some(Weekday::Friday)));
        for wrong in ["mon-fri", "fri", "lun-dim", "", "fri-fri"] {
            assert_eq!(week_begins(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lengths_are_read_as_people_write_them() {
        assert_eq!(read_length("30m"), Some(Length::Time(30 * MINUTE)));
        assert_eq!(read_length("1h30"), Some(Length::Time(90 * MINUTE)));
        assert_eq!(read_length("72h"), Some(Length::Time(72 * HOUR)));
        assert_eq!((read_length("5d"), read_length("2w")), (Some(Length::Days(5)), Some(Length::Weeks(2))));
        for wrong in ["", "0h", "-4h", "4", "h", "soon", "-1h90m", "5h-30", "99999999999999h"] {
            assert_eq!(read_length(wrong), None, "{wrong}");
        }
    }
}
