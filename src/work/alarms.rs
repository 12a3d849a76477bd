//! What is wrong is notified to the operator: once, then as a reminder, then that it is over.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;

use super::commit::{Cause, Commit};
use super::health::Health;
use super::presence::DESK;
use super::reports::{in_charge, notices};
use super::{App, backup, health};
use crate::clock::{DAY, Millis, spoken};
use crate::settings::{MailboxKind, Settings};
use crate::store::{Alarm, StoreError, Unfetched, Wanted};
use crate::ticket::{Decision, Person};

/// What is wrong now, by name; in French and English.
pub(crate) type Wrong = BTreeMap<String, [String; 2]>;

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

/// Looks at everything and tells what has changed. Gives how many notifications.
pub async fn drain(app: &App) -> Result<usize, StoreError> {
    let (settings, now) = (app.settings.load_full(), app.clock.now());
    let health = health::look(app).await;
    if !health.error.is_empty() {
        // What cannot be seen is neither wrong nor right.
        return Ok(0);
    }
    let known = app.store.alarms().await?;
    let look = Look { health: &health, known: &known, settings: &settings, now };
    let mut wrong = look.wrong();
    wrong.extend(find_wrong(app, &settings, now).await?);
    let told = step(&known, &wrong, now, settings.alarms.remind, &settings.policy.service_desk.time_zone);
    for line in &told.lines {
        tracing::warn!(alarm = line[1], "notified to the operator");
    }
    tell(app, &settings, told, now).await
}

/// What becomes of the alarms that are known, given what is wrong now.
#[must_use]
pub fn step(known: &[Alarm], wrong: &Wrong, now: Millis, remind: Millis, zone: &TimeZone) -> Told {
    let mut told = Told::default();
    for (name, text) in wrong {
        let before = known.iter().find(|alarm| alarm.name == *name);
        match before {
            None => told.lines.push(text.clone()),
            // A clock that was set back reminds no earlier than it would have.
            Some(alarm) if now - alarm.told_at >= remind => {
                let [fr, en] = text;
                let [since_fr, since_en] = when(alarm.since, zone);
                told.lines
                    .push([format!("Toujours, depuis le {since_fr} : {fr}"), format!("Still, since {since_en}: {en}")]);
            }
            Some(_) => continue,
        }
        let since = before.map_or(now, |alarm| alarm.since);
        told.raised.push(Alarm { name: name.clone(), since, told_at: now, text: text.clone() });
    }
    for alarm in known.iter().filter(|alarm| !wrong.contains_key(&alarm.name)) {
        let [fr, en] = &alarm.text;
        let [since_fr, since_en] = when(alarm.since, zone);
        told.lines.push([
            format!("Rétabli. Signalé le {since_fr} : « {fr} »"),
            format!("All clear. Told {since_en}: \"{en}\""),
        ]);
        told.cleared.push(alarm.name.clone());
    }
    told
}

fn when(at: Millis, zone: &TimeZone) -> [String; 2] {
    match at {
        0 => ["jamais".to_owned(), "never".to_owned()],
        at => [spoken(at, zone, "fr"), spoken(at, zone, "en")],
    }
}

/// What has been noted elsewhere: copies and checks that failed, sign-ins that end.
async fn find_wrong(app: &App, settings: &Settings, now: Millis) -> Result<Wrong, StoreError> {
    let mut wrong = Wrong::new();
    for dying in super::sign_in::expiring(&app.tokens, settings, &app.store, now).await? {
        wrong.insert(format!("sign-in:{}:{:?}", dying.name, dying.what), [dying.fr, dying.en]);
    }
    let mistakes = app.mistakes();
    if !mistakes.is_empty() {
        let said = mistakes.join("; ");
        let fr = format!(
            "Erreur dans un modèle de notification ou dans la configuration ; le service continue sans elle : {said}. Voyez `guichet check`."
        );
        let en = format!(
            "A mistake in a template or in the configuration; the service goes on without it: {said}. See `guichet check`."
        );
        wrong.insert(health::MISTAKES.to_owned(), [fr, en]);
    }
    let failed = app.store.meta(backup::FAILED).await?.filter(|why| !why.is_empty());
    if let Some(why) = failed.filter(|_| settings.backups.folder.is_some()) {
        let fr = format!("La sauvegarde n'a pas pu être faite : {why}");
        wrong.insert("backup-failed".to_owned(), [fr, format!("The backup could not be made: {why}")]);
    }
    for (name, mailbox) in &settings.mailboxes {
        let why = app.store.meta(&super::archive_fact(name)).await?.filter(|why| !why.is_empty());
        if let (Some(why), MailboxKind::Imap(config)) = (why, &mailbox.kind) {
            let folder = &config.archive;
            let fr = format!(
                "Les courriels traités de la boîte « {name} » ne peuvent pas être déplacés vers « {folder} » ; ils y restent, marqués comme lus : {why}"
            );
            let en = format!(
                "Handled emails of mailbox \"{name}\" cannot be moved to \"{folder}\"; they stay where they are, marked as read: {why}"
            );
            wrong.insert(format!("archive:{name}"), [fr, en]);
        }
    }
    unfetched(app, &mut wrong).await?;
    if let Some(why) = app.smtp_trouble().await? {
        let fr = format!("Le serveur d'envoi ne prend plus de courriels ; ils attendent : {why}");
        let en = format!("The mail server takes no emails; they wait: {why}");
        wrong.insert("smtp".to_owned(), [fr, en]);
    }
    if super::digest::is_collecting(app, now).await? {
        let fr = "Trop de courriels en une heure vers un agent (limits.agent_notifications_per_hour) : ce qui n'est pas urgent est regroupé. Une panne, ou quelqu'un qui inonde l'assistance ?";
        let en = "Too many emails to an agent within an hour (limits.agent_notifications_per_hour): what is not urgent is collected into digests. An outage, or somebody who floods the service desk?";
        wrong.insert("digest".to_owned(), [fr.to_owned(), en.to_owned()]);
    }
    let failed = app.store.failed_since(now - DAY).await?;
    if failed > 0 {
        let fr = format!(
            "Courriels que le serveur d'envoi a refusés définitivement depuis un jour : {failed} ; voyez `guichet outbox list`."
        );
        let en =
            format!("Emails that the mail server refused for good within a day: {failed}; see `guichet outbox list`.");
        wrong.insert("failed".to_owned(), [fr, en]);
    }
    if let Some(why) = app.store.meta(super::upkeep::BROKEN).await?.filter(|why| !why.is_empty()) {
        let fr = format!("La base de données est endommagée : {why}. Revenez à une sauvegarde avec `guichet restore`.");
        let en = format!("The database is damaged: {why}. Bring a backup back with `guichet restore`.");
        wrong.insert("integrity".to_owned(), [fr, en]);
    }
    Ok(wrong)
}

/// Most emails that are looked at to say which are refused.
const REFUSED: i64 = 200;

/// Emails that a server refused in several sessions.
async fn unfetched(app: &App, wrong: &mut Wrong) -> Result<(), StoreError> {
    let all = app.store.all_unfetched(REFUSED).await?;
    let mut refused: BTreeMap<&str, Vec<&Unfetched>> = BTreeMap::new();
    for row in all.iter().filter(|row| row.email.refusals >= super::collect::SEVERAL) {
        refused.entry(&row.mailbox).or_default().push(&row.email);
    }
    for (name, emails) in refused {
        let uids: Vec<String> = emails.iter().take(10).map(|email| email.uid.to_string()).collect();
        let (count, uids) = (emails.len(), uids.join(", "));
        let fr = format!(
            "Courriels de la boîte « {name} » que le serveur ne remet pas : {count} (UID {uids}). Ils lui sont redemandés ; voyez `guichet held list`."
        );
        let en = format!(
            "Emails of mailbox \"{name}\" that the server does not give out: {count} (UID {uids}). They are asked for again; see `guichet held list`."
        );
        wrong.insert(format!("unfetched:{name}"), [fr, en]);
    }
    Ok(())
}

/// What can be seen.
struct Look<'a> {
    health: &'a Health,
    known: &'a [Alarm],
    settings: &'a Settings,
    now: Millis,
}

impl Look<'_> {
    /// Everything that is wrong.
    fn wrong(&self) -> Wrong {
        let mut wrong = Wrong::new();
        self.mailboxes(&mut wrong);
        self.store(&mut wrong);
        self.disks(&mut wrong);
        wrong
    }

    fn is_known(&self, name: &str) -> bool {
        self.known.iter().any(|alarm| alarm.name == name)
    }

    /// Since when something could have been right: after a pause of the program itself everybody gets their time, but what is
    /// known to be wrong gets none by a restart.
    fn since(&self, name: &str, at: Millis) -> Millis {
        if self.is_known(name) { at } else { at.max(self.health.begun_at) }
    }

    fn when(&self, at: Millis) -> [String; 2] {
        when(at, &self.settings.policy.service_desk.time_zone)
    }

    fn mailboxes(&self, wrong: &mut Wrong) {
        let limits = &self.settings.alarms;
        for mailbox in &self.health.mailboxes {
            let name = &mailbox.name;
            let alarm = format!("mailbox:{name}");
            if self.now - self.since(&alarm, mailbox.polled_at) > limits.mailbox_silent {
                let [fr, en] = self.when(mailbox.polled_at);
                let fr = format!(
                    "La boîte « {name} » ne peut pas être lue ; dernière lecture : {fr}. Voyez `guichet check`."
                );
                let en = format!("Mailbox \"{name}\" cannot be read; last read: {en}. See `guichet check`.");
                wrong.insert(alarm, [fr, en]);
            }
            if limits.mailbox_quiet > 0 && mailbox.mail_at > 0 && self.now - mailbox.mail_at > limits.mailbox_quiet {
                let [fr, en] = self.when(mailbox.mail_at);
                let fr = format!("Personne n'a écrit à la boîte « {name} » depuis le {fr}.");
                let en = format!("Nobody has written to mailbox \"{name}\" since {en}.");
                wrong.insert(format!("quiet:{name}"), [fr, en]);
            }
        }
    }

    fn store(&self, wrong: &mut Wrong) {
        let limits = &self.settings.alarms;
        let backlog = self.health.backlog.unwrap_or_default();
        let old = |at: Option<Millis>, limit: Millis| at.filter(|at| self.now - at > limit);
        if let Some(at) = old(backlog.oldest_undecided, limits.email_undecided) {
            let ([fr, en], count) = (self.when(at), backlog.undecided);
            let fr = format!("Courriels qui attendent d'être traités : {count}, le plus ancien depuis le {fr}.");
            let en = format!("Emails that wait for their verdict: {count}, the oldest since {en}.");
            wrong.insert("undecided".to_owned(), [fr, en]);
        }
        if let Some(at) = old(backlog.oldest_queued, limits.notifications_wait) {
            let ([fr, en], count) = (self.when(at), backlog.queued);
            let fr = format!(
                "Notifications qui n'ont pas pu partir : {count}, la plus ancienne du {fr} ; voyez `guichet outbox list`."
            );
            let en =
                format!("Notifications that could not leave: {count}, the oldest of {en}; see `guichet outbox list`.");
            wrong.insert("outbox".to_owned(), [fr, en]);
        }
        if limits.emails_held > 0 && backlog.held > limits.emails_held {
            let count = backlog.held;
            let fr =
                format!("Courriels qui attendent qu'une personne en décide : {count} ; voyez `guichet held list`.");
            let en = format!("Emails that wait for a person to review them: {count}; see `guichet held list`.");
            wrong.insert("held".to_owned(), [fr, en]);
        }
        let backup_at = self.health.backup_at;
        if self.settings.backups.folder.is_some() && self.now - self.since("backup", backup_at) > limits.backup_age {
            let [fr, en] = self.when(backup_at);
            let fr = format!("La dernière sauvegarde est trop ancienne ({fr}) ; voyez backup.folder.");
            let en = format!("The newest backup is too old ({en}); see backup.folder.");
            wrong.insert("backup".to_owned(), [fr, en]);
        }
    }

    fn disks(&self, wrong: &mut Wrong) {
        let limit = self.settings.alarms.disk_free;
        let name = |place: &Path| format!("disk:{}", place.display());
        let asked = self.health.disks.iter().filter_map(|(place, free)| Some((place, (*free)?)));
        for (place, free) in asked {
            // A little more room than the limit is needed for the all-clear, so that it does not go to and fro.
            let limit = if self.is_known(&name(place)) { limit / 10 * 11 } else { limit };
            if free < limit {
                let (mib, shown) = (free / (1024 * 1024), place.display());
                let fr = format!("Il ne reste que {mib} Mio sur le disque de {shown}.");
                wrong.insert(name(place), [fr, format!("Only {mib} MiB are left on the disk of {shown}.")]);
            }
        }
        // A place that cannot be asked is no better than it was; one that is not written to any more is nobody's trouble.
        let mute =
            |alarm: &Alarm| self.health.disks.iter().any(|(place, free)| free.is_none() && alarm.name == name(place));
        for alarm in self.known.iter().filter(|alarm| mute(alarm)) {
            wrong.insert(alarm.name.clone(), alarm.text.clone());
        }
    }
}

/// One notification a person, with everything that has changed.
async fn tell(app: &App, settings: &Settings, told: Told, now: Millis) -> Result<usize, StoreError> {
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
    let agents = people.iter().map(|p| p.address.clone()).collect();
    let wanted = Wanted { agents, lease: Some(DESK), ..Wanted::default() };
    let mut commit = Commit::begin(app, settings, now, wanted).await?;
    let notices = notices(people, &told.lines, &format!("alarm:{now}"), policy);
    let cause = Cause::Alarm { raised: told.raised, cleared: told.cleared };
    commit.carry_out(&cause, Decision::Notify(vec![notices]))?;
    Ok(commit.finish().await?.notifications)
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
        let first = step(&[], &wrong, HOUR, DAY, &TimeZone::UTC);
        assert_eq!(said(&first), ["full"]);
        let quiet = step(&first.raised, &wrong, HOUR + 5 * MINUTE, DAY, &TimeZone::UTC);
        assert_eq!(quiet, Told::default());
        let again = step(&first.raised, &wrong, HOUR + DAY, DAY, &TimeZone::UTC);
        assert_eq!(said(&again), ["Still, since 1 January 1970, 01:00: full"]);
        assert_eq!(again.raised[0].since, HOUR, "since when it is wrong does not change");
        assert_eq!(said(&step(&again.raised, &wrong, 2 * DAY, DAY, &TimeZone::UTC)), [""; 0]);
        let over = step(&again.raised, &Wrong::new(), 2 * DAY, DAY, &TimeZone::UTC);
        assert_eq!(said(&over), ["All clear. Told 1 January 1970, 01:00: \"full\""]);
        assert_eq!(over.cleared, ["disk"]);
        // The clock was set back a week: nothing is told again before its time.
        assert_eq!(said(&step(&first.raised, &wrong, HOUR - 7 * DAY, DAY, &TimeZone::UTC)), [""; 0]);
    }
}
