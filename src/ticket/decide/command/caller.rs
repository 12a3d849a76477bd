//! `#new`: an agent opens a ticket for somebody who called or came by. The ticket is theirs, and they are acknowledged.
//!
//! Takes: an agent's email with `#new`, or a new one with `#requester` at its top, or a request passed on below commands; and what the
//! operator types at the terminal. Gives: the ticket with the commands carried out on it, or the email back with what it lacks.

use super::route::tell_new_people;
use super::speech::Speech;
use super::{Acting, receipt, stray};
use crate::mail::{Address, key, looks_like_address, strip_prefixes};
use crate::ticket::command::{Command, Head, Name, Slip};
use crate::ticket::decide::draft::Draft;
use crate::ticket::decide::hold::{failure, holding, not_done_without};
use crate::ticket::decide::open::{Request, forward, opening, title};
use crate::ticket::decide::people::{message, others};
use crate::ticket::decide::{Case, Decision, Opening};
use crate::ticket::number::numbers_in;
use crate::ticket::policy::{Agent, Policy};
use crate::ticket::read::{fields_of, language_of, with_words};
use crate::ticket::words::{
    Channel, Event, MessageDraft, NEW_NUMBER, Notification, NotificationKind, Person, Verdict, Visibility, phrase,
};

/// The ticket that an agent's email opens for somebody else; none when it is not meant to.
pub(in crate::ticket::decide) fn open(case: &Case<'_>) -> Option<Decision> {
    let Case { intake, policy, .. } = *case;
    let agent = policy.agent(&intake.sender)?;
    let head = &intake.head;
    let gives = |wanted: Name| head.lines.iter().any(|line| policy.commands.begins(line) == Some(wanted));
    let fits = |line: &String| policy.commands.begins(line).is_some_and(|name| name.row().opens);
    let passes_on =
        || forward::original(intake, policy).is_some() && !head.lines.is_empty() && head.lines.iter().all(fits);
    // Below a salutation it is a command all the same, and is asked about.
    let with_strays = head.with_strays(&policy.commands);
    let opens = |line: &String| matches!(policy.commands.begins(line), Some(Name::New | Name::Requester));
    let below = with_strays.as_ref().is_some_and(|all| head.lines.is_empty() && all.lines.iter().any(opens));
    let is_meant = (below && case.threading.joined.is_none())
        || gives(Name::New)
        || (case.threading.joined.is_none() && (gives(Name::Requester) || passes_on()));
    if !is_meant {
        return None;
    }
    if !case.proven {
        let why = phrase!("wrong.command_unproven");
        return Some(Decision::Tell(Box::new(holding(case, Verdict::Held, &why, vec![failure(agent, &why)]))));
    }
    if let Some(all) = with_strays.as_ref() {
        let slip = stray(all, head, &policy.commands);
        return Some(not_done_without(case, agent, all, &[slip]));
    }
    let read = head.commands(policy, case.snapshot.now);
    let opened = read.and_then(|commands| Call::of(case, agent, &commands)?.carry_out(case, agent, commands));
    Some(match opened {
        Ok(opening) => Decision::Open(vec![opening]),
        Err(slips) => {
            let head = Head { lines: with_title(case), text: head.text.clone() };
            not_done_without(case, agent, &head, &slips)
        }
    })
}

/// Who called, and what for.
struct Call {
    requester: Address,
    /// Others whom the email addresses.
    others: Vec<Person>,
    title: String,
    text: String,
}

impl Call {
    fn of(case: &Case<'_>, agent: &Agent, commands: &[Command]) -> Result<Self, Vec<Slip>> {
        let Case { intake, policy, .. } = *case;
        let called = |command: &Command| match command {
            Command::Requester(who) => Some(who.clone()),
            _ => None,
        };
        let mut named = None;
        let mut headline = String::new();
        for command in commands {
            if let Command::New(who, what) = command {
                named = who.clone();
                headline.clone_from(what);
            }
        }
        let original = forward::original(intake, policy);
        let mut people = others(intake, policy);
        let addressed = Some(&people).filter(|people| people.len() == 1).and_then(|people| people.first());
        let addressed = addressed.map(|person| Address { name: person.name.clone(), address: person.address.clone() });
        let requester = commands.iter().find_map(called).or(named).or_else(|| original.map(|o| o.from.clone()));
        let Some(requester) = requester.or(addressed) else {
            return Err(vec![nobody_named(&intake.head.text, policy)]);
        };
        let address = requester.key();
        // Recurring work is the service desk's own.
        if policy.is_own_address(&address) && intake.channel != Channel::Schedule {
            return Err(vec![slip(phrase!("wrong.not_a_requester", address))]);
        }
        people.retain(|person| person.address != address);
        let text = if intake.head.text.is_empty() {
            original.map(|original| original.text.clone()).unwrap_or_default()
        } else {
            intake.head.text.clone()
        };
        let subject = original.map_or(intake.tagged.title.as_str(), |original| strip_prefixes(&original.subject));
        // The subject of an answer is another ticket's, or a list's.
        let subject = if intake.mail.answers() && original.is_none() { "" } else { subject };
        // "#nouveau Souris cassée" in the subject is the command once more.
        let first = subject.split_whitespace().next().unwrap_or_default();
        let again = first.starts_with('#') && policy.commands.begins(first) == Some(Name::New);
        let subject = if again { subject.trim_start()[first.len()..].trim() } else { subject };
        let subject = if headline.is_empty() { subject } else { &headline };
        if subject.trim().is_empty() && text.trim().is_empty() {
            return Err(vec![slip(phrase!("wrong.call_missing"))]);
        }
        let title = title(subject, &text, &policy.service_desk.no_subject);
        let name = if agent.address == address { agent.name.clone() } else { requester.name.clone() };
        Ok(Self {
            others: people,
            text: if text.is_empty() { title.clone() } else { text },
            title,
            requester: Address { name, address },
        })
    }

    /// The ticket, with what else the email asks done to it.
    fn carry_out(self, case: &Case<'_>, agent: &Agent, commands: Vec<Command>) -> Result<Opening, Vec<Slip>> {
        let rest: Vec<Command> =
            commands.into_iter().filter(|c| !matches!(c.name(), Name::New | Name::Requester)).collect();
        let solves = rest.iter().any(|command| matches!(command, Command::Resolve(words) if words.is_empty()));
        if solves && case.intake.head.text.trim().is_empty() {
            return Err(vec![slip(phrase!("wrong.solution_missing"))]);
        }
        let unfit = rest.iter().filter(|command| !command.row().opens);
        let unfit: Vec<Slip> =
            unfit.map(|command| slip(phrase!("wrong.not_with_new", word = command.row().word))).collect();
        if !unfit.is_empty() {
            return Err(unfit);
        }
        let passed_on = forward::original(case.intake, case.policy);
        let (keeps_inside, text) = (rest.contains(&Command::Note), self.text.clone());
        let request = match passed_on {
            Some(original) => forward::request(case, original),
            None => self.request(case, keeps_inside),
        };
        let requester =
            Person { address: self.requester.key(), name: self.requester.name.clone(), ..request.requester.clone() };
        let message =
            MessageDraft { sender: requester.address.clone(), sender_name: requester.name.clone(), ..request.message };
        let request = Request { requester, others: self.others, title: self.title, message, ..request };
        let mut opening = opening(case, request, case.queue);
        let (how, channel) = match passed_on {
            Some(_) => ("forwarded", Channel::Email),
            None => ("called", case.intake.channel),
        };
        opening.ticket.channel = channel;
        let for_whom = self.requester.key();
        let what = match channel {
            Channel::Schedule => "opened by its timetable".to_owned(),
            Channel::Email => format!("passed on by {} for {for_whom}", agent.address),
            _ => format!("written down by {} for {for_whom}", agent.address),
        };
        opening.events.insert(0, Event::by(&agent.address, how, what));
        if channel == Channel::Schedule {
            opening.notifications.retain(|n| n.kind != NotificationKind::Acknowledgement);
        }
        let who = if self.requester.name.is_empty() { self.requester.key() } else { self.requester.name.clone() };
        let solved = rest.iter().any(|command| command.name() == Name::Resolve);
        let acknowledged = !solved && opening.notifications.iter().any(|n| n.kind == NotificationKind::Acknowledgement);
        let done = match acknowledged {
            true => phrase!("done.opened_for", number = NEW_NUMBER, who, address = self.requester.key()),
            false => phrase!("done.opened_silently", number = NEW_NUMBER, who),
        };
        let solution = if rest.iter().any(|c| matches!(c, Command::Resolve(words) if words.is_empty())) {
            text
        } else {
            String::new()
        };
        with_commands(case, agent, opening, rest, &solution, done)
    }

    fn request(&self, case: &Case<'_>, keeps_inside: bool) -> Request {
        let Case { intake, policy, queue, .. } = *case;
        let language = language_of(&self.text, policy).unwrap_or_else(|| policy.service_desk.language.clone());
        let requester = Person { address: self.requester.key(), name: self.requester.name.clone(), language };
        let text = if keeps_inside { &self.title } else { &self.text };
        let name = &self.requester.name;
        let fields = with_words(fields_of(&self.text, name, queue, policy), &self.text, name, queue, policy);
        Request {
            others: Vec::new(),
            title: self.title.clone(),
            message: MessageDraft {
                message_id: String::new(),
                text: text.clone(),
                attachments: if keeps_inside { Vec::new() } else { intake.mail.attachments.clone() },
                ..message(intake, Visibility::Public, text)
            },
            // It keeps the email's own id, so that what refers to that finds the ticket.
            note: Some(MessageDraft {
                from_agent: true,
                attachments: if keeps_inside { intake.mail.attachments.clone() } else { Vec::new() },
                ..message(intake, Visibility::Internal, if keeps_inside { &self.text } else { "" })
            }),
            fields,
            reason: format!("a request of {} that {} wrote down", requester.address, intake.sender),
            requester,
            category: None,
        }
    }
}

/// Does to the ticket what stands beside `#new`, and tells everybody once.
fn with_commands(
    case: &Case<'_>,
    agent: &Agent,
    mut opening: Opening,
    commands: Vec<Command>,
    solution: &str,
    done: crate::ticket::words::Phrase,
) -> Result<Opening, Vec<Slip>> {
    let before = opening.ticket.clone();
    let mut draft = Draft::new(*case, &before);
    draft.done.push(done);
    let speech = Speech::of(&commands, solution, false);
    let words = MessageDraft { from_agent: true, ..message(case.intake, Visibility::Internal, solution) };
    let head = &case.intake.head;
    let mut acting = Acting {
        draft,
        agent,
        head,
        commands: Vec::new(),
        speech,
        words,
        reason: String::new(),
        natural: false,
        views: Vec::new(),
    };
    let line = |command: &Command| {
        let own = head.lines.iter().find(|line| case.policy.commands.begins(line) == Some(command.name()));
        own.cloned().unwrap_or_default()
    };
    let mut slips = Vec::new();
    for command in &commands {
        if let Err(why) = acting.permit(command).and_then(|()| acting.command(command)) {
            slips.push(Slip { line: line(command), why, better: None });
        }
    }
    if !slips.is_empty() {
        return Err(slips);
    }
    tell_new_people(&mut acting.draft);
    acting.tell_requesters();
    let done = std::mem::take(&mut acting.draft.done);
    let mut article = acting.draft.article.take();
    if let Some(article) = &mut article {
        article.problem.clone_from(&opening.message.new_text);
    }
    let change = acting.draft.joining(MessageDraft::default(), false, String::new()).change;
    let after = &change.ticket;
    let moved = after.assignee != before.assignee || after.level != before.level || after.status.is_done();
    let known = |list: &[Notification], one: &Notification| {
        list.iter().any(|n| n.to.address == one.to.address && n.kind.is_internal() == one.kind.is_internal())
    };
    // Nobody gets two notifications of one event: what an agent's words say to the requester stands above the acknowledgement,
    // and the acknowledgement above every other step.
    let told: Vec<Notification> = change
        .notifications
        .into_iter()
        .filter(|n| if n.kind.is_internal() { n.to.address != agent.address } else { n.kind.is_personal() })
        .collect();
    let approves = |n: &Notification| n.kind == NotificationKind::Approval;
    opening.notifications.retain(|n| match n.kind.is_internal() {
        true => {
            let looks_on = case.policy.onlookers(after).iter().any(|one| one.address == n.to.address);
            n.to.address != agent.address && !known(&told, n) && (!moved || approves(n) || looks_on)
        }
        false => !known(&told, n),
    });
    opening.notifications.extend(told);
    opening.notifications.push(receipt(agent, &done));
    opening.events.extend(change.events);
    let others = after.participants.iter().filter(|key| **key != after.requester.address);
    let others = others.map(|key| Person { address: key.clone(), ..Person::default() });
    opening.others.extend(others);
    opening.ticket = change.ticket;
    opening.article = article;
    Ok(opening)
}

fn slip(why: crate::ticket::words::Phrase) -> Slip {
    Slip { line: String::new(), why, better: None }
}

/// Nobody is named; an address that stands in the text is probably the caller's.
fn nobody_named(text: &str, policy: &Policy) -> Slip {
    let words =
        text.split(|c: char| c.is_whitespace() || "<>()[],;:\"".contains(c)).map(|word| word.trim_end_matches('.'));
    let outside = |word: &&str| {
        let address = key(word);
        looks_like_address(word) && !policy.is_own_address(&address) && policy.agent(&address).is_none()
    };
    let mut found = words.filter(outside);
    let only = found.next().filter(|_| found.next().is_none());
    let better = only
        .map(|address| format!("{} {address}", policy.commands.line(Name::Requester, &policy.service_desk.language)));
    Slip { line: String::new(), why: phrase!("wrong.nobody_called"), better }
}

/// The commands as they stand, with the title that the subject gives: an email that is sent again has another.
fn with_title(case: &Case<'_>) -> Vec<String> {
    let Case { intake, policy, .. } = *case;
    let prefixes = policy.queues.values().map(|q| q.prefix.as_str());
    let title = strip_prefixes(&intake.tagged.title).trim();
    let is_title = !title.is_empty() && !intake.mail.answers() && numbers_in(title, prefixes).is_empty();
    let bare =
        |line: &String| policy.commands.begins(line) == Some(Name::New) && !line.trim().contains(char::is_whitespace);
    let with = |line: &String| if is_title && bare(line) { format!("{} {title}", line.trim()) } else { line.clone() };
    intake.head.lines.iter().map(with).collect()
}
