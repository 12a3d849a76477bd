//! What is wrong is notified to the operator: once, then as a reminder, then that it is over.

use std::collections::BTreeMap;
use std::path::Path;

use super::commit::{Cause, Commit};
use super::health::Health;
use super::presence::DESK;
use super::reports::{in_charge, notices};
use super::{App, backup, health};
use crate::clock::{DAY, Millis};
use crate::settings::{MailboxKind, Settings};
use crate::store::{Alarm, StoreError, Unfetched, Wanted};
use crate::ticket::phrase::phrase;
use crate::ticket::{Decision, Person, Phrase, Value};

/// What is wrong now, by name.
pub(crate) type Wrong = BTreeMap<String, Phrase>;

/// Says what is wrong as it is kept: in the service desk's language, and in English.
type Keep<'a> = &'a dyn Fn(&Phrase) -> [String; 2];

/// What is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Alarms to be kept as they are now.
    pub raised: Vec<Alarm>,
    /// Names of those that are over.
    pub cleared: Vec<String>,
    /// What is said of them.
    pub lines: Vec<Phrase>,
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
    let (policy, language) = (&settings.policy, &settings.policy.service_desk.language);
    let keep = |what: &Phrase| [language, "en"].map(|language| settings.templates.phrases(language).say(what, policy));
    let told = step(&known, &wrong, now, settings.alarms.remind, language, &keep);
    for line in &told.lines {
        let alarm = settings.templates.phrases("en").say(line, policy);
        tracing::warn!(alarm, "notified to the operator");
    }
    tell(app, &settings, told, now).await
}

/// What becomes of the alarms that are known, given what is wrong now. `language`: the service desk's.
#[must_use]
pub fn step(known: &[Alarm], wrong: &Wrong, now: Millis, remind: Millis, language: &str, keep: Keep<'_>) -> Told {
    let mut told = Told::default();
    for (name, what) in wrong {
        let before = known.iter().find(|alarm| alarm.name == *name);
        match before {
            None => told.lines.push(what.clone()),
            // A clock that was set back reminds no earlier than it would have.
            Some(alarm) if now - alarm.told_at >= remind => {
                told.lines.push(phrase!("alarm.still", at = Value::At(alarm.since), what));
            }
            Some(_) => continue,
        }
        let since = before.map_or(now, |alarm| alarm.since);
        told.raised.push(Alarm { name: name.clone(), since, told_at: now, text: keep(what) });
    }
    for alarm in known.iter().filter(|alarm| !wrong.contains_key(&alarm.name)) {
        told.lines.push(phrase!("alarm.over", at = Value::At(alarm.since), what = kept(alarm, language)));
        told.cleared.push(alarm.name.clone());
    }
    told
}

/// What was told of an alarm.
fn kept(alarm: &Alarm, language: &str) -> Value {
    let [own, english] = alarm.text.clone();
    Value::ByLanguage([("en".to_owned(), english), (language.to_owned(), own)].into())
}

/// When something last was as it should be.
fn when(at: Millis) -> Value {
    if at == 0 { Value::Phrase(phrase!("date.never")) } else { Value::At(at) }
}

/// What has been noted elsewhere: copies and checks that failed, sign-ins that end.
async fn find_wrong(app: &App, settings: &Settings, now: Millis) -> Result<Wrong, StoreError> {
    let mut wrong = Wrong::new();
    for dying in super::sign_in::expiring(&app.tokens, settings, &app.store, now).await? {
        wrong.insert(format!("sign-in:{}:{:?}", dying.name, dying.what), dying.said);
    }
    let mistakes = app.mistakes();
    if !mistakes.is_empty() {
        let said = mistakes.join("; ");
        wrong.insert(health::MISTAKES.to_owned(), phrase!("alarm.mistake", said));
    }
    let failed = app.store.meta(backup::FAILED).await?.filter(|why| !why.is_empty());
    if let Some(why) = failed.filter(|_| settings.backups.folder.is_some()) {
        wrong.insert("backup-failed".to_owned(), phrase!("alarm.backup_failed", why));
    }
    for (name, mailbox) in &settings.mailboxes {
        let why = app.store.meta(&super::archive_fact(name)).await?.filter(|why| !why.is_empty());
        if let (Some(why), MailboxKind::Imap(config)) = (why, &mailbox.kind) {
            let folder = &config.archive;
            wrong.insert(format!("archive:{name}"), phrase!("alarm.archive", name, folder, why));
        }
    }
    unfetched(app, &mut wrong).await?;
    if let Some(why) = app.smtp_trouble().await? {
        wrong.insert("smtp".to_owned(), phrase!("alarm.smtp", why));
    }
    if super::digest::is_collecting(app, now).await? {
        wrong.insert("digest".to_owned(), phrase!("alarm.digest"));
    }
    let failed = app.store.failed_since(now - DAY).await?;
    if failed > 0 {
        wrong.insert("failed".to_owned(), phrase!("alarm.failed", count = failed));
    }
    if let Some(why) = app.store.meta(super::upkeep::BROKEN).await?.filter(|why| !why.is_empty()) {
        wrong.insert("integrity".to_owned(), phrase!("alarm.damaged", why));
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
        wrong.insert(format!("unfetched:{name}"), phrase!("alarm.unfetched", name, count, uids));
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

    fn mailboxes(&self, wrong: &mut Wrong) {
        let limits = &self.settings.alarms;
        for mailbox in &self.health.mailboxes {
            let name = &mailbox.name;
            let alarm = format!("mailbox:{name}");
            if self.now - self.since(&alarm, mailbox.polled_at) > limits.mailbox_silent {
                let at = when(mailbox.polled_at);
                wrong.insert(alarm, phrase!("alarm.mailbox", name, at));
            }
            if limits.mailbox_quiet > 0 && mailbox.mail_at > 0 && self.now - mailbox.mail_at > limits.mailbox_quiet {
                let at = when(mailbox.mail_at);
                wrong.insert(format!("quiet:{name}"), phrase!("alarm.quiet", name, at));
            }
        }
    }

    fn store(&self, wrong: &mut Wrong) {
        let limits = &self.settings.alarms;
        let backlog = self.health.backlog.unwrap_or_default();
        let old = |at: Option<Millis>, limit: Millis| at.filter(|at| self.now - at > limit);
        if let Some(at) = old(backlog.oldest_undecided, limits.email_undecided) {
            let (at, count) = (when(at), backlog.undecided);
            wrong.insert("undecided".to_owned(), phrase!("alarm.undecided", count, at));
        }
        if let Some(at) = old(backlog.oldest_queued, limits.notifications_wait) {
            let (at, count) = (when(at), backlog.queued);
            wrong.insert("outbox".to_owned(), phrase!("alarm.outbox", count, at));
        }
        if limits.emails_held > 0 && backlog.held > limits.emails_held {
            let count = backlog.held;
            wrong.insert("held".to_owned(), phrase!("alarm.held", count));
        }
        let backup_at = self.health.backup_at;
        if self.settings.backups.folder.is_some() && self.now - self.since("backup", backup_at) > limits.backup_age {
            let at = when(backup_at);
            wrong.insert("backup".to_owned(), phrase!("alarm.backup_old", at));
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
                let (mib, place_name) = (free / (1024 * 1024), place.display().to_string());
                wrong.insert(name(place), phrase!("alarm.disk", mib = mib.to_string(), place = place_name));
            }
        }
        // A place that cannot be asked is no better than it was; one that is not written to any more is nobody's trouble.
        let mute =
            |alarm: &Alarm| self.health.disks.iter().any(|(place, free)| free.is_none() && alarm.name == name(place));
        for alarm in self.known.iter().filter(|alarm| mute(alarm)) {
            let text = kept(alarm, &self.settings.policy.service_desk.language);
            wrong.insert(alarm.name.clone(), phrase!("alarm.as_told", text));
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

    fn step(known: &[Alarm], wrong: &Wrong, now: Millis) -> Told {
        let keep = |what: &Phrase| [format!("fr {}", what.code), what.code.to_owned()];
        super::step(known, wrong, now, DAY, "fr", &keep)
    }

    #[test]
    fn once_then_a_reminder_then_the_all_clear() {
        let full = phrase!("alarm.damaged", why = "full");
        let wrong: Wrong = [("disk".to_owned(), full.clone())].into();
        let first = step(&[], &wrong, HOUR);
        assert_eq!(first.lines, std::slice::from_ref(&full));
        let quiet = step(&first.raised, &wrong, HOUR + 5 * MINUTE);
        assert_eq!(quiet, Told::default());
        let again = step(&first.raised, &wrong, HOUR + DAY);
        assert_eq!(again.lines, [phrase!("alarm.still", at = Value::At(HOUR), what = full)]);
        assert_eq!(again.raised[0].since, HOUR, "since when it is wrong does not change");
        assert_eq!(step(&again.raised, &wrong, 2 * DAY).lines, []);
        let over = step(&again.raised, &Wrong::new(), 2 * DAY);
        let texts = [("en", "alarm.damaged"), ("fr", "fr alarm.damaged")].map(|(l, t)| (l.to_owned(), t.to_owned()));
        let what = Value::ByLanguage(texts.into());
        assert_eq!(over.lines, [phrase!("alarm.over", at = Value::At(HOUR), what)]);
        assert_eq!(over.cleared, ["disk"]);
        // The clock was set back a week: nothing is told again before its time.
        assert_eq!(step(&first.raised, &wrong, HOUR - 7 * DAY).lines, []);
    }
}
