//! What is wrong is told to the operator: once, then as a reminder, then that it is over.

use std::collections::BTreeMap;

use super::health::Health;
use super::letters::{Cause, Writer};
use super::presence::DESK;
use super::reports::{about, in_charge};
use super::{Desk, backup, health};
use crate::clock::{Millis, spoken};
use crate::settings::{Alarms, Settings};
use crate::store::{Alarm, StoreError, Unit, Wanted};
use crate::ticket::{LetterKind, LetterOrder, MessageDraft, Person};

/// What is wrong now, by name; in French and English.
pub type Wrong = BTreeMap<String, [String; 2]>;

/// What is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Alarms to be kept as they are now.
    pub raised: Vec<Alarm>,
    /// Names of those that are over.
    pub cleared: Vec<String>,
    /// Sentences, in French and English.
    pub lines: Vec<[String; 2]>,
}

/// Looks at everything and tells what has changed. Gives how many letters.
///
/// # Errors
/// [`StoreError`].
pub async fn drain(desk: &Desk) -> Result<usize, StoreError> {
    let (settings, now) = (desk.settings.load_full(), desk.clock.now());
    let wrong = wrong(&health::look(desk).await, desk, &settings, now).await?;
    let told = step(&desk.store.alarms().await?, &wrong, now, settings.alarms.remind);
    for line in &told.lines {
        tracing::warn!(alarm = line[1], "told to the operator");
    }
    tell(desk, &settings, told, now).await
}

/// What becomes of the alarms that are known, given what is wrong now.
#[must_use]
pub fn step(known: &[Alarm], wrong: &Wrong, now: Millis, remind: Millis) -> Told {
    let mut told = Told::default();
    for (name, text) in wrong {
        let before = known.iter().find(|alarm| alarm.name == *name);
        match before {
            None => told.lines.push(text.clone()),
            // A clock that was set back reminds no earlier than it would have.
            Some(alarm) if now - alarm.told_at >= remind => {
                let [fr, en] = text;
                told.lines.push([format!("Toujours : {fr}"), format!("Still: {en}")]);
            }
            Some(_) => continue,
        }
        let since = before.map_or(now, |alarm| alarm.since);
        told.raised.push(Alarm { name: name.clone(), since, told_at: now, text: text.clone() });
    }
    for alarm in known.iter().filter(|alarm| !wrong.contains_key(&alarm.name)) {
        let [fr, en] = &alarm.text;
        told.lines.push([format!("Rétabli : {fr}"), format!("All clear: {en}")]);
        told.cleared.push(alarm.name.clone());
    }
    told
}

/// Everything that is wrong.
async fn wrong(health: &Health, desk: &Desk, settings: &Settings, now: Millis) -> Result<Wrong, StoreError> {
    let mut wrong = Wrong::new();
    let zone = &settings.policy.desk.time_zone;
    let when = |at: Millis| [spoken(at, zone, "fr"), spoken(at, zone, "en")];
    let limits = &settings.alarms;
    mailboxes(health, limits, now, &when, &mut wrong);
    if let Some(standing) = &health.standing {
        let old = |at: Millis, limit: Millis| at > 0 && now - at > limit;
        if old(standing.oldest_undecided, limits.mail_undecided) {
            let [fr, en] = when(standing.oldest_undecided);
            let count = standing.undecided;
            wrong.insert(
                "undecided".into(),
                [
                    format!("{count} courriels attendent d'être traités, le plus ancien depuis le {fr}."),
                    format!("{count} mails wait for their verdict, the oldest since {en}."),
                ],
            );
        }
        if old(standing.oldest_queued, limits.letters_wait) {
            let [fr, en] = when(standing.oldest_queued);
            let count = standing.queued;
            wrong.insert(
                "outbox".into(),
                [
                    format!(
                        "{count} lettres n'ont pas pu partir, la plus ancienne du {fr} ; voyez `guichet outbox list`."
                    ),
                    format!("{count} letters could not leave, the oldest of {en}; see `guichet outbox list`."),
                ],
            );
        }
    }
    for (place, free) in health.disks.iter().filter(|(_, free)| *free < limits.disk_free) {
        let (place, mib) = (place.display(), free / (1024 * 1024));
        wrong.insert(
            format!("disk:{place}"),
            [
                format!("Il ne reste que {mib} Mio sur le disque de {place}."),
                format!("Only {mib} MiB are left on the disk of {place}."),
            ],
        );
    }
    if settings.backups.folder.is_some() && now - health.begun_at.max(health.backup_at) > limits.backup_age {
        let [fr, en] = if health.backup_at == 0 { ["jamais".into(), "never".into()] } else { when(health.backup_at) };
        wrong.insert(
            "backup".into(),
            [
                format!("La dernière sauvegarde est trop ancienne ({fr})."),
                format!("The newest backup is too old ({en})."),
            ],
        );
    }
    for dying in super::sign_in::expiring(&desk.tokens, settings, &desk.store, now).await? {
        wrong.insert(format!("sign-in:{}:{:?}", dying.name, dying.what), [dying.fr, dying.en]);
    }
    for (name, fact) in [("backup-failed", backup::FAILED), ("integrity", super::upkeep::BROKEN)] {
        if let Some(text) = desk.store.meta(fact).await?.filter(|text| !text.is_empty()) {
            wrong.insert(name.into(), [format!("Base de données : {text}"), format!("Database: {text}")]);
        }
    }
    Ok(wrong)
}

fn mailboxes(health: &Health, limits: &Alarms, now: Millis, when: &dyn Fn(Millis) -> [String; 2], wrong: &mut Wrong) {
    for mailbox in &health.mailboxes {
        let name = &mailbox.name;
        // After a pause of the program itself everybody gets their time.
        if now - mailbox.polled_at.max(health.begun_at) > limits.mailbox_silent {
            let [fr, en] =
                if mailbox.polled_at == 0 { ["jamais".into(), "never".into()] } else { when(mailbox.polled_at) };
            wrong.insert(
                format!("mailbox:{name}"),
                [
                    format!(
                        "La boîte « {name} » ne peut pas être lue ; dernière lecture : {fr}. Voyez `guichet check`."
                    ),
                    format!("Mailbox \"{name}\" cannot be read; last read: {en}. See `guichet check`."),
                ],
            );
        }
        if limits.mailbox_quiet > 0 && mailbox.mail_at > 0 && now - mailbox.mail_at > limits.mailbox_quiet {
            let [fr, en] = when(mailbox.mail_at);
            wrong.insert(
                format!("quiet:{name}"),
                [
                    format!("Personne n'a écrit à la boîte « {name} » depuis le {fr}."),
                    format!("Nobody has written to mailbox \"{name}\" since {en}."),
                ],
            );
        }
    }
}

/// One letter a person, with everything that has changed.
async fn tell(desk: &Desk, settings: &Settings, told: Told, now: Millis) -> Result<usize, StoreError> {
    if told.lines.is_empty() {
        return Ok(0);
    }
    let policy = &settings.policy;
    let people: Vec<Person> = if settings.alarms.to.is_empty() {
        let person = |a: &crate::ticket::Agent| Person {
            address: a.address.clone(),
            name: a.name.clone(),
            language: a.language.clone(),
        };
        in_charge(policy).into_iter().map(person).collect()
    } else {
        settings.alarms.to.clone()
    };
    let writer = Writer::new(&desk.store, &desk.secret, settings, now).await?;
    let agents = people.iter().map(|p| p.address.clone()).collect();
    let mut unit = Unit::load(&desk.store, Wanted { agents, lease: Some(DESK), ..Wanted::default() }, now).await?;
    told.raised.into_iter().for_each(|alarm| unit.raise(alarm));
    told.cleared.iter().for_each(|name| unit.clear(name));
    let mut drafts = Vec::new();
    for to in people {
        let done =
            told.lines.iter().map(|[fr, en]| if to.language == "fr" { fr.clone() } else { en.clone() }).collect();
        let order = LetterOrder { done, cause: format!("alarm:{now}"), ..LetterOrder::new(LetterKind::Notice, to) };
        writer.draft(&mut unit, Cause::Time, about(&[], policy), MessageDraft::default(), vec![order], &mut drafts);
    }
    let count = drafts.len();
    writer.commit(unit, drafts).await?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{DAY, HOUR, MINUTE};

    fn said(told: &Told) -> Vec<&str> {
        told.lines.iter().map(|[_, en]| en.as_str()).collect()
    }

    #[test]
    fn once_then_a_reminder_then_the_all_clear() {
        let wrong: Wrong = [("disk".to_owned(), ["plein".to_owned(), "full".to_owned()])].into();
        let first = step(&[], &wrong, HOUR, DAY);
        assert_eq!(said(&first), ["full"]);
        let quiet = step(&first.raised, &wrong, HOUR + 5 * MINUTE, DAY);
        assert_eq!(quiet, Told::default());
        let again = step(&first.raised, &wrong, HOUR + DAY, DAY);
        assert_eq!(said(&again), ["Still: full"]);
        assert_eq!(again.raised[0].since, HOUR, "since when it is wrong does not change");
        assert_eq!(said(&step(&again.raised, &wrong, 2 * DAY, DAY)), [""; 0]);
        let over = step(&again.raised, &Wrong::new(), 2 * DAY, DAY);
        assert_eq!(said(&over), ["All clear: full"]);
        assert_eq!(over.cleared, ["disk"]);
        // The clock was set back a week: nothing is told again before its time.
        assert_eq!(said(&step(&first.raised, &wrong, HOUR - 7 * DAY, DAY)), [""; 0]);
    }
}
