//! A month of 300 tickets, with pauses, absences, breaches, climbs, reopenings and answers that come back. Every figure of its
//! report, SLA and OLA, is compared with what walking through the month hour by hour gives.

use std::collections::BTreeMap;

use guichet::clock::{DAY, HOUR};
use guichet::report::{Day, Figures, Group, Mean, Owed, Period, Share, Sort, Took, json};
use guichet::store::OutboxState;
use guichet::ticket::TicketId;
use guichet::work::erase;
use guichet::work::operator;
use guichet::work::reports::{Built, build};

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
  { level = 2, priority = "P1", respond = "1h", resolve = "3h", calendar = "always" },
  { level = 2, priority = "P2", respond = "2h", resolve = "6h" },
  { level = 2, priority = "P3", respond = "3h", resolve = "12h" },
  { level = 2, priority = "P4", respond = "4h", resolve = "best effort" },
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
cron = "0 0 8 * * Wed"
to = ["marie"]
[reports.mois]
kind = "monthly"
cron = "0 0 8 1 * *"
to = ["marie"]
[reports.trimestre]
kind = "quarterly"
cron = "0 0 8 1 1,4,7,10 *"
to = ["marie"]
"#;

/// 2026-06-01 00:00 in Paris, a Monday; the clocks do not change in this month.
const BEGIN: i64 = 1_780_264_800_000;
const SLOT: i64 = HOUR;
const DAYS: i64 = 30;
const SLOTS: i64 = DAYS * 24;
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
    /// The first answer comes back: it was never given.
    Bounce,
    Ask,
    /// The requester is away, says a machine: they go on being waited for.
    Away,
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
    let weeks = u64::try_from(DAYS / 7).unwrap();
    let office = dice.below(weeks) * 7 * 24 + dice.below(5) * 24 + 8 + dice.below(10);
    let opened = if dice.one_in(3) { dice.below(u64::try_from(SLOTS).unwrap() - 3) } else { office };
    let mut plan = Plan { opened, priority, title: usize::try_from(dice.below(4)).unwrap(), acts: Vec::new() };
    let mut at = opened;
    let mut then = |dice: &mut Dice, most: u64, act: Act, plan: &mut Plan| {
        // What is urgent is done sooner.
        at += 1 + dice.below(if priority == 0 { most.div_ceil(4) } else { most });
        plan.acts.push((at, act));
    };
    if !dice.one_in(6) {
        then(dice, 8, Act::Answer, &mut plan);
        if dice.one_in(6) {
            if dice.one_in(2) {
                then(dice, 6, Act::Answer, &mut plan);
            }
            then(dice, 2, Act::Bounce, &mut plan);
        }
    }
    if dice.one_in(3) {
        then(dice, 12, Act::Ask, &mut plan);
        if dice.one_in(3) {
            then(dice, 10, Act::Away, &mut plan);
        }
        then(dice, 50, Act::Reply, &mut plan);
    }
    if dice.one_in(3) {
        then(dice, 20, Act::Escalate, &mut plan);
        if dice.one_in(2) {
            then(dice, 10, Act::Answer, &mut plan);
        }
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

/// Whether a slot is worked: the calendar opens and closes with the hours.
fn is_worked(slot: i64, priority: usize) -> bool {
    let (day, hour) = (slot / 24, slot % 24);
    priority == 0 || (day % 7 < 5 && ((8..12).contains(&hour) || (14..18).contains(&hour)))
}

/// In hours, for the requester; and what the second level owes.
const RESPOND: [i64; 4] = [1, 2, 4, 8];
const RESOLVE: [i64; 4] = [4, 8, 16, 0];
const OLA_RESPOND: [i64; 4] = [1, 2, 3, 4];
const OLA_RESOLVE: [i64; 4] = [3, 6, 12, 0];
const CODES: [&str; 4] = ["P1", "P2", "P3", "P4"];

/// A time within which something is to be done, counted hour by hour.
#[derive(Debug, Clone, Default)]
struct Clock {
    length: i64,
    used: i64,
    /// The slot with which the time is over.
    reached: Option<i64>,
    /// The same, once it is past and nothing was done.
    missed: Option<i64>,
}

impl Clock {
    fn of(length: i64) -> Self {
        Self { length, ..Self::default() }
    }

    /// A slot goes by; `open`: nothing was done yet.
    fn pass(&mut self, slot: i64, worked: bool, open: bool) {
        if open && self.missed.is_none() && self.reached.is_some_and(|at| at <= slot) {
            self.missed = self.reached;
        }
        if worked {
            self.used += 1;
            if self.length > 0 && self.used == self.length {
                self.reached = Some(slot + 1);
            }
        }
    }
}

/// What the second level owes during one stay.
#[derive(Debug, Clone)]
struct Stay {
    response: Clock,
    resolution: Clock,
    responded: Option<i64>,
    done: Option<i64>,
}

/// One ticket, walked through.
#[derive(Debug, Default)]
struct Walk {
    responded: Option<i64>,
    response: Clock,
    response_took: i64,
    /// Each solution: slot, how long it took, when it was due if it was late, level, whether nobody had answered before.
    solutions: Vec<(i64, i64, Option<i64>, i64, bool)>,
    reopened: Vec<i64>,
    level: i64,
    solved: bool,
    pending: bool,
    late: Option<i64>,
    marks: Vec<i64>,
    likely: Vec<i64>,
    escalated: Option<i64>,
    stays: Vec<Stay>,
    waited: i64,
    unsolved: i64,
    open_at: Vec<i64>,
    /// Answers that arrived: slot, and the time used till then.
    answers: Vec<(i64, i64)>,
}

impl Walk {
    /// The level that had it up to then.
    fn level_at(&self, slot: i64) -> i64 {
        if self.escalated.is_some_and(|up| up < slot) { 2 } else { 1 }
    }

    /// Somebody of the service desk did something.
    fn hand(&mut self, slot: i64) {
        if let Some(stay) = self.stays.last_mut().filter(|stay| stay.responded.is_none() && stay.done.is_none()) {
            stay.responded = Some(slot);
        }
    }

    fn answered(&mut self, slot: i64) {
        self.answers.push((slot, self.response.used));
        self.first();
    }

    /// The first answer that arrived counts.
    fn first(&mut self) {
        (self.responded, self.response_took) = match self.answers.first() {
            Some((slot, took)) => (Some(*slot), *took),
            None => (None, 0),
        };
        if self.response.missed.is_none()
            && self.responded.is_some_and(|at| self.response.reached.is_some_and(|r| r < at))
        {
            self.response.missed = self.response.reached;
        }
    }
}

fn walk(plan: &Plan) -> Walk {
    let priority = plan.priority;
    let stay = || Stay {
        response: Clock::of(OLA_RESPOND[priority]),
        resolution: Clock::of(OLA_RESOLVE[priority]),
        responded: None,
        done: None,
    };
    let mut walk = Walk { level: 1, response: Clock::of(RESPOND[priority]), ..Walk::default() };
    let mut resolution = Clock::of(RESOLVE[priority]);
    for slot in plan.opened..SLOTS {
        for (_, act) in plan.acts.iter().filter(|(at, _)| *at == slot) {
            match act {
                Act::Answer | Act::Ask => {
                    walk.hand(slot);
                    walk.answered(slot);
                    walk.pending = *act == Act::Ask;
                }
                Act::Bounce => {
                    walk.answers.remove(0);
                    walk.first();
                }
                Act::Away => {}
                Act::Reply => walk.pending = false,
                // What the requester was promised counts from submission, whatever level has it.
                Act::Escalate => {
                    (walk.level, walk.escalated) = (2, Some(slot));
                    walk.stays.push(stay());
                }
                Act::Resolve => {
                    walk.hand(slot);
                    let late = resolution.missed.or(resolution.reached.filter(|at| *at < slot));
                    let unanswered = walk.responded.is_none();
                    walk.solutions.push((slot, resolution.used, late, walk.level, unanswered));
                    walk.answered(slot);
                    walk.solved = true;
                    if let Some(stay) = walk.stays.last_mut() {
                        stay.done = Some(slot);
                    }
                }
                Act::Unsolved => {
                    walk.reopened.push(slot);
                    walk.solved = false;
                    resolution = Clock::of(RESOLVE[priority]);
                    if walk.level == 2 {
                        walk.stays.push(stay());
                    }
                }
                Act::Confirm => {}
                Act::Rate(mark) => walk.marks.push(*mark),
                Act::Recommend(likely) => walk.likely.push(*likely),
            }
        }
        let worked = is_worked(slot, priority);
        walk.response.pass(slot, worked, walk.responded.is_none());
        if walk.solved {
            continue;
        }
        walk.unsolved += 1;
        walk.waited += i64::from(walk.pending);
        if slot % 24 == 23 {
            walk.open_at.push(slot / 24);
        }
        resolution.pass(slot, worked && !walk.pending, true);
        if let Some(stay) = walk.stays.last_mut() {
            let open = stay.responded.is_none();
            stay.response.pass(slot, worked, open);
            stay.resolution.pass(slot, worked && !walk.pending, true);
        }
    }
    walk.late = resolution.missed.filter(|_| !walk.solved);
    walk
}

/// One promise, or none that is the same to all.
fn promise(known: &mut i64, one: i64) {
    *known = if *known == 0 || *known == one { one } else { -1 };
}

/// The same figures, from the walks.
fn expected(plans: &[Plan]) -> Figures {
    let days = usize::try_from(DAYS).unwrap();
    let mut f = Figures { days: vec![Day::default(); days], ..Figures::default() };
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
            count(f.by_service.entry(String::new()).or_default());
            count(f.by_team.entry(String::new()).or_default());
            count(f.by_channel.entry("email".to_owned()).or_default());
            count(f.by_establishment.entry("college.example".to_owned()).or_default());
        };
        // P1 is counted by day and night.
        let took = |took: &mut Took, length: i64| {
            if plan.priority == 0 { took.around_the_clock.note(length) } else { took.working.note(length) }
        };
        groups(&mut f, w.level, &|g| g.opened += 1);
        f.days[usize::try_from(plan.opened / 24).unwrap()].opened += 1;
        f.hours[usize::try_from(plan.opened % 24).unwrap()] += 1;
        f.weekdays[usize::try_from(plan.opened / 24 % 7).unwrap()] += 1;
        w.open_at.iter().for_each(|day| f.days[usize::try_from(*day).unwrap()].open += 1);
        *f.time_in_status.entry("pending-requester".to_owned()).or_default() += w.waited * SLOT;
        *f.time_in_status.entry("all".to_owned()).or_default() += w.unsolved * SLOT;
        f.cohort.opened += 1;
        match (w.solved, w.level) {
            (true, _) => f.cohort.solved += 1,
            (false, 1) => f.cohort.in_progress += 1,
            (false, level) => {
                f.cohort.escalated += 1;
                *f.escalated_to.entry(level).or_default() += 1;
            }
        }
        add(&mut f.went_up, w.escalated.is_some());
        add(&mut f.acknowledged, true);
        if let Some(verdict) = w.response.missed.or(w.responded) {
            groups(&mut f, w.level_at(verdict), &|g| {
                add(&mut g.response_kept, w.response.missed.is_none());
                promise(&mut g.response_target, respond);
            });
        }
        if let Some(at) = w.responded {
            groups(&mut f, w.level_at(at), &|g| took(&mut g.response, w.response_took * SLOT));
        }
        for stay in &w.stays {
            let owed: &mut Owed = f.ola.entry(2).or_default();
            let verdict = |clock: &Clock, done: Option<i64>| match (clock.length, clock.missed, done) {
                (0, ..) | (_, None, None) => None,
                (_, missed, _) => Some(missed.is_none()),
            };
            verdict(&stay.response, stay.responded).into_iter().for_each(|kept| add(&mut owed.response_kept, kept));
            verdict(&stay.resolution, stay.done).into_iter().for_each(|kept| add(&mut owed.resolution_kept, kept));
        }
        for (at, (slot, length, late, level, unanswered)) in w.solutions.iter().enumerate() {
            groups(&mut f, *level, &|g| {
                g.solved += 1;
                took(&mut g.resolution, length * SLOT);
            });
            if resolve > 0 {
                groups(&mut f, late.map_or(*level, |late| w.level_at(late)), &|g| {
                    add(&mut g.resolution_kept, late.is_none());
                    promise(&mut g.resolution_target, resolve);
                });
            }
            f.days[usize::try_from(slot / 24).unwrap()].solved += 1;
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
            f.backlog[[24, 72, 168, 720].iter().position(|h| age < h * HOUR).unwrap_or(4)] += 1;
            f.overdue += i64::from(w.late.is_some() || (w.responded.is_none() && w.response.missed.is_some()));
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
    let id = newest(site, who, number, kind).await;
    site.put(&Mail::from(who).subject(&format!("Re: [{number}]")).header(&format!("In-Reply-To: <{id}>")).text(text));
}

async fn newest(site: &Site, who: &str, number: &str, kind: &str) -> String {
    let notifications = site.store().notifications_of_ticket(number).await.unwrap();
    let notification = notifications.into_iter().rev().find(|l| l.kind == kind && l.recipient == who);
    notification.unwrap_or_else(|| panic!("{number} has no {kind}")).message_id
}

/// A vacation's answer to the question.
async fn away(site: &Site, who: &str, number: &str) {
    let id = newest(site, who, number, "question").await;
    let mail = Mail::from(who).subject("Absence").header(&format!("In-Reply-To: <{id}>"));
    site.put(&mail.header("Auto-Submitted: auto-replied").text("Je suis absente jusqu'à lundi."));
}

/// The report that the first answer was not taken by the mailbox.
async fn bounce(site: &Site, who: &str, number: &str) {
    let notifications = site.store().notifications_of_ticket(number).await.unwrap();
    let id = notifications.into_iter().find(|l| l.kind == "answer" && l.recipient == who).unwrap().message_id;
    let to = guichet::ticket::Token::in_message_id(&id).map(|token| token.text()).unwrap();
    let head =
        format!("From: MAILER-DAEMON@college.example\r\nTo: support+{to}@help.example\r\nSubject: Undelivered\r\n");
    let head = format!(
        "{head}Message-ID: <b.{id}>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n"
    );
    let status = format!(
        "--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {who}\r\nAction: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552 full\r\n\r\n"
    );
    let original = format!("--r\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\n\r\n--r--\r\n");
    site.put_bytes(format!("{head}--r\r\nContent-Type: text/plain\r\n\r\nfailed\r\n{status}{original}").as_bytes());
}

async fn act(site: &Site, who: &str, (_, number): &(TicketId, String), act: Act) {
    let command = match act {
        Act::Answer => "#public\nNous regardons.",
        Act::Ask => "#ask\nDepuis quand ?",
        Act::Escalate => "#escalate N2",
        Act::Resolve => "#resolve\nC'est réparé.",
        Act::Reply => return answer(site, who, number, "question", "Depuis hier matin.").await,
        Act::Away => return away(site, who, number).await,
        Act::Bounce => return bounce(site, who, number).await,
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
    site.clock.advance(BEGIN - site.clock.now());
    for slot in 0..SLOTS {
        let mut busy = false;
        for (n, plan) in plans.iter().enumerate() {
            let who = format!("u{n}@college.example");
            busy |= plan.opened == slot || plan.acts.iter().any(|(at, _)| *at == slot);
            if plan.opened == slot {
                let subject = format!("[{}] {}", CODES[plan.priority], TITLES[plan.title].0);
                site.put(&Mail::from(&who).subject(&subject).text("Bonjour,\ncela ne va pas.\n"));
            }
            for (_, one) in plan.acts.iter().filter(|(at, _)| *at == slot) {
                act(site, &who, &known[&who], *one).await;
            }
        }
        // What falls due while nothing happens is dated at its time all the same.
        if busy || slot % 6 == 0 {
            let tally = site.round().await;
            if tally.fetched > 0 {
                known = numbers(site).await;
            }
        }
        site.clock.advance(SLOT);
    }
}

async fn month(database: Database, tickets: usize) {
    let site = Site::with(database, DESK).await;
    let mut dice = Dice(2026);
    let plans: Vec<Plan> = (0..tickets).map(|_| plan(&mut dice)).collect();
    play(&site, &plans).await;
    let policy = site.app.settings.load_full();
    let june = Period::named("2026-06", &policy.policy.service_desk.time_zone).unwrap();
    assert_eq!((june.from, june.until), (BEGIN, BEGIN + SLOTS * SLOT));
    let compute =
        async || build(site.store(), &policy.policy, Sort::Monthly, june, &["help".to_owned()]).await.unwrap();
    let built = compute().await;
    let figures = built.figures.clone();
    let expected = expected(&plans);
    let known = numbers(&site).await;
    for (n, plan) in plans.iter().enumerate() {
        let (_, number) = &known[&format!("u{n}@college.example")];
        let ticket = site.ticket(number).await;
        let missed = walk(plan).response.missed.map(|slot| BEGIN + slot * SLOT).unwrap_or(0);
        assert_eq!(ticket.sla.respond_missed, missed, "{number} {plan:?} {:?}", site.events(&ticket).await);
    }
    // The month is worth looking at: of everything there is some.
    let acts =
        |what: Act| plans.iter().flat_map(|plan| &plan.acts).filter(|(at, act)| *act == what && *at < SLOTS).count();
    assert!([Act::Bounce, Act::Away, Act::Escalate, Act::Unsolved].into_iter().all(|act| acts(act) * 15 > tickets));
    let kept = expected.all.resolution_kept;
    assert!(expected.reopened.count > 5 && expected.overdue > 2 && kept.count < kept.of - 10 && kept.count > 30);
    let owed = expected.ola[&2];
    assert!(
        [owed.response_kept, owed.resolution_kept].iter().all(|share| share.count > 4 && share.count < share.of - 4)
    );
    compare(figures, &expected, tickets);

    // A year later, with all that happened since, the same to the byte.
    let said = |built: &Built| {
        let queues = ["help".to_owned()];
        json(Sort::Monthly, june, &queues, &built.figures, &built.before, &policy.policy).to_string()
    };
    pictures(&site).await;
    site.pass(365 * DAY).await;
    site.round().await;
    assert_eq!(said(&compute().await), said(&built));
    // And without a person, but for their own words.
    let (_, number) = &known["u7@college.example"];
    erase::run(site.store(), None, "u7@college.example", "operator", site.clock.now(), |_, _| {}).await.unwrap();
    let mut erased = compute().await;
    for figures in [&mut erased.figures].into_iter().chain(&mut erased.before) {
        for problem in figures.recurrent.iter_mut().filter(|problem| problem.numbers.last() == Some(number)) {
            problem.title.clone_from(&TITLES[plans[7].title].0.to_owned());
        }
    }
    assert_eq!(figures_without_names(&erased.figures), figures_without_names(&built.figures));
}

/// Titles are a person's own words.
fn figures_without_names(figures: &Figures) -> Figures {
    let mut figures = figures.clone();
    figures.late.iter_mut().for_each(|one| one.title.clear());
    figures.solved.iter_mut().for_each(|one| one.title.clear());
    figures.recurrent.clear();
    figures
}

fn compare(mut figures: Figures, expected: &Figures, tickets: usize) {
    // "Une question" names no problem.
    assert_eq!(figures.recurrent.len(), 3, "each other title came again");
    let questions = figures.by_type["question"].opened;
    assert_eq!(figures.recurrent.iter().map(|r| r.count).sum::<i64>() + questions, i64::try_from(tickets).unwrap());
    figures.recurrent.clear();
    // All are done by the operator.
    assert_eq!(figures.by_agent.values().map(|work| work.marks.of).sum::<i64>(), expected.satisfaction.of);
    figures.by_agent.clear();
    assert_eq!(figures.backlog_by_status.values().sum::<i64>(), expected.backlog.iter().sum::<i64>());
    figures.backlog_by_status.clear();
    assert_eq!(figures.late.len(), usize::try_from(expected.overdue.min(30)).unwrap());
    figures.late.clear();
    assert_eq!(figures.solved.len(), 30);
    figures.solved.clear();
    let all: i64 = figures.time_in_status.values().sum();
    figures.time_in_status.retain(|state, _| state == "pending-requester");
    figures.time_in_status.insert("all".to_owned(), all);
    assert_eq!(figures.cohort, expected.cohort);
    for (code, group) in &expected.by_priority {
        assert_eq!(figures.by_priority.get(code), Some(group), "{code}");
    }
    assert_eq!(figures.by_category, expected.by_category);
    assert_eq!(figures.ola, expected.ola);
    assert_eq!(figures.days, expected.days);
    assert_eq!(
        (figures.reopened, figures.overdue, figures.backlog),
        (expected.reopened, expected.overdue, expected.backlog)
    );
    assert_eq!(&figures, expected);
}

/// The reports as they are mailed.
async fn pictures(site: &Site) {
    site.until("2026-07-01T08:00:05+02:00").await;
    let sent = site.store().outbox(Some(OutboxState::Sent), 100_000).await.unwrap();
    let ids: Vec<String> = sent.into_iter().filter(|row| row.kind == "report").map(|row| row.message_id).collect();
    let notifications: Vec<_> =
        site.sink.to(MARIE).into_iter().filter(|l| ids.contains(l.mail.message_id.as_ref().unwrap())).collect();
    for (name, subject) in [
        ("report-weekly", "Semaine 26 (22/06 - 28/06/2026)"),
        ("report-monthly", "juin 2026"),
        ("report-quarterly", "2e trimestre 2026"),
    ] {
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
async fn every_figure_of_a_month_is_what_walking_through_it_gives_on_sqlite() {
    month(Database::Sqlite, 300).await;
}

#[tokio::test]
async fn every_figure_of_a_month_is_what_walking_through_it_gives_on_postgresql() {
    month(Database::Postgres, 120).await;
}
