//! A week of 200 tickets, with pauses, breaches, escalations and reopenings. Every figure of its report is
//! compared with what walking through the week half hour by half hour gives.

use std::collections::BTreeMap;

use guichet::clock::{HOUR, MINUTE};
use guichet::report::{Figures, Group, Mean, Period, Share, Sort};
use guichet::store::OutboxState;
use guichet::ticket::TicketId;
use guichet::work::operator;
use guichet::work::reports::build;

use crate::notifications::html_of;
use crate::support::mail::{MARIE, Mail};
use crate::support::{Database, Site};

const DESK: &str = r#"
[agents.nadia]
address = "nadia@agents.example"
name = "Nadia Expert"
roles = ["technician"]
queues = ["help"]
level = 2
[queues.help]
sla = "std"
[categories.reseau]
label = { fr = "Réseau", en = "Network" }
words = ["wifi"]
[categories.impression]
label = { fr = "Impression", en = "Printing" }
words = ["imprimante"]
[categories.comptes]
label = { fr = "Comptes", en = "Accounts" }
words = ["passe"]
[calendars.office]
hours = { mon-fri = "08:00-12:00, 14:00-18:00" }
[life]
recommend = true
[slas.std]
calendar = "office"
escalate_at_breach = false
targets = [
  { priority = "P1", respond = "1h", resolve = "4h", calendar = "always" },
  { priority = "P2", respond = "2h", resolve = "8h" },
  { priority = "P3", respond = "4h", resolve = "16h" },
  { priority = "P4", respond = "8h", resolve = "best effort" },
]
[goals]
response_kept = 80
resolution_kept = 80
solved = 80
reopened = 5
first_level = 80
escalated = 20
satisfaction = 4
[reports.semaine]
kind = "weekly"
cron = "0 0 8 * * Mon"
to = ["marie"]
[reports.mois]
kind = "monthly"
cron = "0 0 8 1 * *"
to = ["marie"]
"#;

/// 2026-03-02 00:00 in Paris, a Monday; the clocks do not change in this week.
const MONDAY: i64 = 1_772_406_000_000;
const SLOT: i64 = 30 * MINUTE;
const SLOTS: i64 = 7 * 48;
/// Title, category, type.
const TITLES: [(&str, &str, &str); 4] = [
    ("Le wifi coupe", "reseau", ""),
    ("L'imprimante bourre", "impression", ""),
    ("Mot de passe perdu", "comptes", ""),
    ("Une question", "", "question"),
];

/// What is done to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Answer,
    Ask,
    Reply,
    Escalate,
    Resolve,
    Unsolved,
    Confirm,
    Rate(i64),
    Recommend(i64),
}

/// A ticket's life: when it is opened, and what happens when (in slots).
#[derive(Debug, Clone)]
struct Plan {
    opened: i64,
    priority: usize,
    title: usize,
    acts: Vec<(i64, Act)>,
}

/// A small generator: the week is the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % n).unwrap()
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

fn plan(dice: &mut Dice) -> Plan {
    let priority = [0, 1, 1, 2, 2, 2, 2, 3][usize::try_from(dice.below(8)).unwrap()];
    let opened = if dice.one_in(3) { dice.below(330) } else { dice.below(5) * 48 + 16 + dice.below(20) };
    let mut plan = Plan { opened, priority, title: usize::try_from(dice.below(4)).unwrap(), acts: Vec::new() };
    let mut at = opened;
    let mut then = |dice: &mut Dice, most: u64, act: Act, plan: &mut Plan| {
        // What is urgent is done sooner.
        at += 1 + dice.below(if priority == 0 { most.div_ceil(8) } else { most });
        plan.acts.push((at, act));
    };
    if !dice.one_in(6) {
        then(dice, 10, Act::Answer, &mut plan);
    }
    if dice.one_in(3) {
        then(dice, 12, Act::Ask, &mut plan);
        then(dice, 60, Act::Reply, &mut plan);
    }
    if dice.one_in(5) {
        then(dice, 20, Act::Escalate, &mut plan);
    }
    if dice.one_in(7) {
        return plan;
    }
    then(dice, 50, Act::Resolve, &mut plan);
    if dice.one_in(5) {
        then(dice, 20, Act::Unsolved, &mut plan);
        if dice.one_in(4) {
            return plan;
        }
        then(dice, 40, Act::Resolve, &mut plan);
    }
    if dice.one_in(2) {
        then(dice, 10, Act::Confirm, &mut plan);
        if dice.one_in(2) {
            let mark = 1 + dice.below(5);
            then(dice, 5, Act::Rate(mark), &mut plan);
            let likely = dice.below(11);
            then(dice, 5, Act::Recommend(likely), &mut plan);
        }
    }
    plan
}

/// Whether a slot is worked: half hours begin and end where the hours do.
fn is_worked(slot: i64, priority: usize) -> bool {
    let (day, half_hour) = (slot / 48, slot % 48);
    priority == 0 || (day < 5 && ((16..24).contains(&half_hour) || (28..36).contains(&half_hour)))
}

const RESPOND: [i64; 4] = [2, 4, 8, 16];
const RESOLVE: [i64; 4] = [8, 16, 32, 0];
const CODES: [&str; 4] = ["P1", "P2", "P3", "P4"];

/// One ticket, walked through.
#[derive(Debug, Default)]
struct Walk {
    responded: Option<i64>,
    response_took: i64,
    response_reached: Option<i64>,
    response_missed: Option<i64>,
    /// Each solution: slot, how long it took, whether it was late, level, whether nobody had answered before.
    solutions: Vec<(i64, i64, Option<i64>, i64, bool)>,
    reopened: Vec<i64>,
    level: i64,
    solved: bool,
    pending: bool,
    late: Option<i64>,
    marks: Vec<i64>,
    likely: Vec<i64>,
    escalated: Option<i64>,
}

impl Walk {
    /// The level that had it up to then.
    fn level_at(&self, slot: i64) -> i64 {
        if self.escalated.is_some_and(|up| up < slot) { 2 } else { 1 }
    }
}

fn walk(plan: &Plan) -> Walk {
    let mut walk = Walk { level: 1, ..Walk::default() };
    let (mut used, mut response_used) = (0, 0);
    let mut reached = None;
    let goal = RESOLVE[plan.priority];
    for slot in plan.opened..SLOTS {
        for (_, act) in plan.acts.iter().filter(|(at, _)| *at == slot) {
            match act {
                Act::Answer | Act::Ask => {
                    walk.responded.get_or_insert(slot);
                    walk.pending = *act == Act::Ask;
                }
                Act::Reply => walk.pending = false,
                // What the requester was promised counts from submission, whatever level has it.
                Act::Escalate => (walk.level, walk.escalated) = (2, Some(slot)),
                Act::Resolve => {
                    walk.solutions.push((slot, used, walk.late, walk.level, walk.responded.is_none()));
                    walk.responded.get_or_insert(slot);
                    walk.solved = true;
                }
                Act::Unsolved => {
                    walk.reopened.push(slot);
                    walk.solved = false;
                    (used, reached, walk.late) = (0, None, None);
                }
                Act::Confirm => {}
                Act::Rate(mark) => walk.marks.push(*mark),
                Act::Recommend(likely) => walk.likely.push(*likely),
            }
        }
        let worked = i64::from(is_worked(slot, plan.priority));
        if walk.responded.is_none() {
            walk.response_took += worked;
            if walk.response_missed.is_none() && walk.response_reached.is_some() {
                walk.response_missed = walk.response_reached;
            }
            response_used += worked;
            if response_used == RESPOND[plan.priority] && worked == 1 {
                walk.response_reached = Some(slot + 1);
            }
        }
        if !walk.solved && !walk.pending {
            if walk.late.is_none() && reached.is_some() {
                walk.late = reached;
            }
            used += worked;
            if goal > 0 && used == goal && worked == 1 {
                reached = Some(slot + 1);
            }
        }
    }
    walk
}

/// One promise, or none that is the same to all.
fn promise(known: &mut i64, one: i64) {
    *known = if *known == 0 || *known == one { one } else { -1 };
}

/// The same figures, from the walks.
fn expected(plans: &[Plan]) -> Figures {
    let mut f = Figures { days: vec![(0, 0); 7], ..Figures::default() };
    let add = |share: &mut Share, does: bool| *share = Share { count: share.count + i64::from(does), of: share.of + 1 };
    let mean = |mean: &mut Mean, value: i64| *mean = Mean { sum: mean.sum + value, of: mean.of + 1 };
    for plan in plans {
        let w = walk(plan);
        let (code, category) = (CODES[plan.priority].to_owned(), TITLES[plan.title].1.to_owned());
        let (respond, resolve) = (RESPOND[plan.priority] * SLOT, RESOLVE[plan.priority] * SLOT);
        let groups = |f: &mut Figures, level: i64, count: &dyn Fn(&mut Group)| {
            count(&mut f.all);
            count(f.by_priority.entry(code.clone()).or_default());
            count(f.by_category.entry(category.clone()).or_default());
            count(f.by_level.entry(level).or_default());
            count(f.by_queue.entry("help".to_owned()).or_default());
            count(f.by_type.entry(TITLES[plan.title].2.to_owned()).or_default());
        };
        groups(&mut f, w.level, &|g| g.opened += 1);
        f.days[usize::try_from(plan.opened / 48).unwrap()].0 += 1;
        f.cohort.opened += 1;
        match (w.solved, w.level) {
            (true, _) => f.cohort.solved += 1,
            (false, 1) => f.cohort.in_progress += 1,
            _ => f.cohort.escalated += 1,
        }
        add(&mut f.went_up, w.escalated.is_some());
        add(&mut f.acknowledged, true);
        if let Some(verdict) = w.response_missed.or(w.responded) {
            groups(&mut f, w.level_at(verdict), &|g| {
                add(&mut g.response_kept, w.response_missed.is_none());
                promise(&mut g.response_target, respond);
            });
        }
        if let Some(at) = w.responded {
            groups(&mut f, w.level_at(at), &|g| mean(&mut g.response, w.response_took.max(0) * SLOT));
        }
        for (at, (slot, took, late, level, unanswered)) in w.solutions.iter().enumerate() {
            groups(&mut f, *level, &|g| {
                g.solved += 1;
                mean(&mut g.resolution, took * SLOT);
            });
            if resolve > 0 {
                groups(&mut f, late.map_or(*level, |late| w.level_at(late)), &|g| {
                    add(&mut g.resolution_kept, late.is_none());
                    promise(&mut g.resolution_target, resolve);
                });
            }
            f.days[usize::try_from(slot / 48).unwrap()].1 += 1;
            f.reopened.of += 1;
            add(&mut f.first_level, *level == 1);
            let states = w.solved && at + 1 == w.solutions.len();
            add(&mut f.first_contact, *unanswered && states);
            add(&mut f.by_articles, false);
        }
        f.reopened.count += i64::try_from(w.reopened.len()).unwrap();
        if !w.solved {
            if let Some(late) = w.late {
                groups(&mut f, w.level_at(late), &|g| add(&mut g.resolution_kept, false));
            }
            let age = (SLOTS - plan.opened) * SLOT;
            f.backlog[[24, 72, 168].iter().position(|h| age < h * HOUR).unwrap_or(3)] += 1;
            f.overdue += i64::from(w.late.is_some() || (w.responded.is_none() && w.response_missed.is_some()));
        }
        for mark in &w.marks {
            mean(&mut f.satisfaction, *mark);
            add(&mut f.content, *mark >= 4);
            f.marks[usize::try_from(mark - 1).unwrap()] += 1;
        }
        for likely in &w.likely {
            f.recommend.of += 1;
            f.recommend.count += if *likely >= 9 {
                1
            } else if *likely >= 7 {
                0
            } else {
                -1
            };
        }
    }
    f
}

/// Row id and number of every ticket, by its requester.
async fn numbers(site: &Site) -> BTreeMap<String, (TicketId, String)> {
    site.tickets().await.into_iter().map(|t| (t.requester, (t.id, t.number))).collect()
}

/// An email of the requester in answer to the newest notification of a kind.
async fn answer(site: &Site, who: &str, number: &str, kind: &str, text: &str) {
    let notifications = site.store().notifications_of_ticket(number).await.unwrap();
    let notification = notifications.into_iter().rev().find(|l| l.kind == kind && l.recipient == who);
    let id = notification.unwrap_or_else(|| panic!("{number} has no {kind}")).message_id;
    site.put(&Mail::from(who).subject(&format!("Re: [{number}]")).header(&format!("In-Reply-To: <{id}>")).text(text));
}

async fn act(site: &Site, who: &str, (_, number): &(TicketId, String), act: Act) {
    let command = match act {
        Act::Answer => "#public\nNous regardons.",
        Act::Ask => "#ask\nDepuis quand ?",
        Act::Escalate => "#escalate N2",
        Act::Resolve => "#resolve\nC'est réparé.",
        Act::Reply => return answer(site, who, number, "question", "Depuis hier matin.").await,
        Act::Unsolved => return answer(site, who, number, "resolved", "#pas-résolu\nCela recommence.").await,
        Act::Confirm => return answer(site, who, number, "resolved", "#résolu").await,
        Act::Rate(mark) => return answer(site, who, number, "closed", &format!("#avis {mark}")).await,
        Act::Recommend(likely) => return answer(site, who, number, "closed", &format!("#recommander {likely}")).await,
    };
    let (settings, now) = (site.app.settings.load_full(), site.clock.now());
    let ticket = site.ticket(number).await;
    let outcome = operator::command(site.store(), &site.app.secret, &settings, &ticket, command, now).await.unwrap();
    assert!(matches!(outcome, operator::Outcome::Done(_)), "{number} {act:?}: {outcome:?}");
}

async fn play(site: &Site, plans: &[Plan]) {
    let mut known = BTreeMap::new();
    site.clock.advance(MONDAY - site.clock.now());
    for slot in 0..SLOTS {
        for (n, plan) in plans.iter().enumerate() {
            let who = format!("u{n}@college.example");
            if plan.opened == slot {
                let subject = format!("[{}] {}", CODES[plan.priority], TITLES[plan.title].0);
                site.put(&Mail::from(&who).subject(&subject).text("Bonjour,\ncela ne va pas.\n"));
            }
            for (_, one) in plan.acts.iter().filter(|(at, _)| *at == slot) {
                act(site, &who, &known[&who], *one).await;
            }
        }
        let tally = site.round().await;
        if tally.fetched > 0 {
            known = numbers(site).await;
        }
        site.clock.advance(SLOT);
    }
}

async fn week(database: Database) {
    let site = Site::with(database, DESK).await;
    // The site's clock starts on that Monday at 9:15; the week begins at its midnight.
    site.clock.advance(MONDAY - site.clock.now());
    let mut dice = Dice(2026);
    let plans: Vec<Plan> = (0..200).map(|_| plan(&mut dice)).collect();
    play(&site, &plans).await;
    let policy = site.app.settings.load_full();
    let week = Period::named("2026-W10", &policy.policy.service_desk.time_zone).unwrap();
    assert_eq!((week.from, week.until), (MONDAY, MONDAY + SLOTS * SLOT));
    let mut figures =
        build(site.store(), &policy.policy, Sort::Weekly, week, &["help".to_owned()]).await.unwrap().figures;
    let expected = expected(&plans);
    let known = numbers(&site).await;
    for (n, plan) in plans.iter().enumerate() {
        let who = format!("u{n}@college.example");
        let (_, number) = &known[&who];
        let ticket = site.ticket(number).await;
        let missed = walk(plan).response_missed.map(|slot| MONDAY + slot * SLOT).unwrap_or(0);
        assert_eq!(ticket.sla.respond_missed, missed, "{number} {plan:?} {:?}", site.events(&ticket).await);
    }
    // The week is worth looking at: of everything there is some.
    assert!(
        expected.reopened.count > 10
            && expected.overdue > 5
            && expected.all.resolution_kept.count < expected.all.resolution_kept.of - 10
    );
    assert_eq!(figures.recurrent.len(), 4, "each title came again");
    assert_eq!(figures.recurrent.iter().map(|r| r.count).sum::<i64>(), 200);
    figures.recurrent.clear();
    figures.by_agent.clear();
    figures.backlog_by_status.clear();
    assert_eq!(figures.cohort, expected.cohort);
    for (code, group) in &expected.by_priority {
        assert_eq!(figures.by_priority.get(code), Some(group), "{code}");
    }
    assert_eq!(figures.by_category, expected.by_category);
    assert_eq!(
        (figures.reopened, figures.overdue, figures.backlog),
        (expected.reopened, expected.overdue, expected.backlog)
    );
    assert_eq!(figures, expected);
    pictures(&site).await;
}

/// The weekly and the monthly report as they are mailed.
async fn pictures(site: &Site) {
    site.until("2026-03-09T08:00:05+01:00").await;
    site.until("2026-04-01T08:00:05+02:00").await;
    let sent = site.store().outbox(Some(OutboxState::Sent), 100_000).await.unwrap();
    let ids: Vec<String> = sent.into_iter().filter(|row| row.kind == "report").map(|row| row.message_id).collect();
    let notifications: Vec<_> =
        site.sink.to(MARIE).into_iter().filter(|l| ids.contains(l.mail.message_id.as_ref().unwrap())).collect();
    for (name, subject) in [("report-weekly", "Semaine 10 (02/03 - 08/03/2026)"), ("report-monthly", "mars 2026")] {
        let notification = notifications.iter().find(|l| l.mail.subject == format!("Rapport de support - {subject}"));
        let notification = notification.unwrap_or_else(|| {
            panic!("no {name}: {:?}", notifications.iter().map(|l| &l.mail.subject).collect::<Vec<_>>())
        });
        let html = html_of(notification);
        assert!(html.matches("data:image/png;base64,").count() >= 5, "the charts are inside the email");
        assert!(!html.contains("cid:"), "every chart is there");
        if let Ok(folder) = std::env::var("GUICHET_TEST_NOTIFICATIONS") {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(format!("{folder}/{name}-only.html"), html).unwrap();
        }
    }
}

#[tokio::test]
async fn every_figure_of_a_week_is_what_walking_through_it_gives_on_sqlite() {
    week(Database::Sqlite).await;
}

#[tokio::test]
async fn every_figure_of_a_week_is_what_walking_through_it_gives_on_postgresql() {
    week(Database::Postgres).await;
}
