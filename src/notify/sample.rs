//! Facts to try a template with: for `template check`, `template render` and the start of the daemon.

use super::facts::{
    AttachmentFacts, FieldFacts, HitFacts, ListedFacts, MessageFacts, PersonFacts, ServiceDeskFacts, TicketFacts,
    UndeliveredFacts,
};
use super::handover::Section;
use super::link::Button;
use jiff::tz::TimeZone;

use super::{Facts, Phrases};
use crate::clock::HOUR;
use crate::ticket::NotificationKind;
use crate::ticket::command::{Name, ROWS};

/// Made-up facts that fill every name a template can use.
#[must_use]
pub fn sample(kind: NotificationKind, phrases: &Phrases) -> Facts {
    let say = |code: &str| phrases.text(code, &[]);
    let at = |at| phrases.at(at, &TimeZone::UTC);
    let line = |name: Name| {
        let word = phrases.list(&format!("command.{}.words", name.row().word)).first();
        format!("#{}", word.map_or(name.row().word, String::as_str))
    };
    let requester =
        PersonFacts { name: "Claire Martin".to_owned(), address: "claire.martin@college.example".to_owned() };
    let agent = PersonFacts { name: "Marie Dubois".to_owned(), address: "marie@desk.example".to_owned() };
    let from_agent = kind.is_personal();
    let button = |label: String, command: &str, strong| Button {
        label,
        href: format!(
            "mailto:assistance@desk.example?subject=Re%3A%20%5BCG42N1-000123%5D&body={}",
            command.replace('#', "%23")
        ),
        command: command.to_owned(),
        order: command.to_owned(),
        strong,
    };
    Facts {
        service_desk: ServiceDeskFacts {
            name: say("sample.support_desk"),
            address: "assistance@desk.example".to_owned(),
        },
        recipient: if kind.is_internal() { agent.clone() } else { requester.clone() },
        ticket: TicketFacts {
            // Notifications about held emails speak of no ticket yet.
            number: if matches!(kind, NotificationKind::Refusal | NotificationKind::Held | NotificationKind::NotDone) {
                String::new()
            } else {
                "CG42N1-000123".to_owned()
            },
            title: say("sample.cannot_sign_in_since"),
            status: "open".to_owned(),
            priority: "P2".to_owned(),
            priority_label: say("sample.major"),
            queue: "cd42".to_owned(),
            requester: requester.clone(),
            answers_to: if kind.is_internal() {
                format!("{} <{}>", requester.name, requester.address)
            } else {
                String::new()
            },
            fields: vec![FieldFacts { label: say("sample.telephone"), value: "04 77 00 00 00".to_owned() }],
            missing: vec![say("sample.establishment_and_town")],
            status_label: say("status.open"),
            level: 1,
            kind: say("sample.incident"),
            category: say("sample.authentication"),
            service: "ENT".to_owned(),
            assignee: agent.name.clone(),
            solution: say("sample.the_class_was_synchronised"),
            vendor_reference: if kind.is_internal() { "KEL-2071".to_owned() } else { String::new() },
            created: at(1_772_442_900_000),
            related: if kind.is_internal() { vec!["CG42N1-000120".to_owned()] } else { Vec::new() },
            parent: if kind.is_internal() { "CG42N1-000100".to_owned() } else { String::new() },
            parts: Vec::new(),
            merged_into: String::new(),
            team: if kind.is_internal() { say("sample.team") } else { String::new() },
            tags: if kind.is_internal() { "6b annuaire".to_owned() } else { String::new() },
            approval: kind == NotificationKind::Approval,
            merged: false,
            service_level: match kind {
                NotificationKind::News => Vec::new(),
                NotificationKind::Question => vec![say("sla.paused_for_requester")],
                NotificationKind::ReplyReceived => {
                    vec![phrases.text("sla.resumed", &[("at", &at(1_772_528_400_000))])]
                }
                _ => vec![phrases.text(
                    "sla.respond_due",
                    &[
                        ("at", &at(1_772_457_300_000)),
                        ("target", &phrases.length(4 * HOUR)),
                        ("calendar", &say("sample.calendar")),
                    ],
                )],
            },
            closes: phrases.weekday(1_772_874_000_000, &TimeZone::UTC),
            finished: matches!(kind, NotificationKind::Resolved | NotificationKind::Closed),
        },
        message: MessageFacts {
            author: if from_agent { agent.name } else { requester.name },
            text: say("sample.hello_since_this_morning"),
            internal: false,
            vendor: kind == NotificationKind::Vendor,
            from_agent,
            above: if kind == NotificationKind::NotDone {
                "#pubilc is not a valid command; known are #public and #note".to_owned()
            } else {
                String::new()
            },
            encrypted: false,
            logos: if kind.is_internal() { "logo.png".to_owned() } else { String::new() },
            attachments: vec![AttachmentFacts {
                name: "capture.png".to_owned(),
                size: phrases.size(120_000),
                enclosed: true,
            }],
        },
        undelivered: if kind == NotificationKind::Undelivered {
            UndeliveredFacts {
                address: "claire.martin@college.example".to_owned(),
                status: "5.1.1".to_owned(),
                reason: "550 5.1.1 User unknown".to_owned(),
                lasting: true,
            }
        } else {
            UndeliveredFacts::default()
        },
        internal: kind.is_internal(),
        answers_requester: matches!(kind, NotificationKind::NewTicket | NotificationKind::NewMessage),
        warnings: if kind == NotificationKind::Held {
            vec![phrases.text("odd.looks_like", &[("real", "rnarie@desk.example"), ("known", "marie@desk.example")])]
        } else {
            Vec::new()
        },
        done: if kind == NotificationKind::News {
            let until = |code, time| phrases.text(code, &[("at", &at(time))]);
            vec![until("news.late", 1_772_457_300_000), say("news.joined"), until("news.expected", 1_772_528_400_000)]
        } else if kind == NotificationKind::Question {
            Vec::new()
        } else {
            vec![phrases.text("done.waits_until", &[("at", &at(1_772_697_600_000))])]
        },
        buttons: vec![
            button(say("command.solved.button"), &say("command.solved.writes"), true),
            button(say("command.progress.button"), &say("command.progress.writes"), false),
        ],
        stars: (1..=5).map(|n: usize| button("★".repeat(n), &format!("{} {n}", line(Name::Rate)), false)).collect(),
        marks: (0..=10)
            .map(|n: usize| button(n.to_string(), &format!("{} {n}", line(Name::Recommend)), false))
            .collect(),
        listed: vec![ListedFacts {
            number: "CG42N1-000123".to_owned(),
            title: say("sample.cannot_sign_in_since"),
            status: say("status.open"),
            priority: "P2".to_owned(),
            requester: "Claire Martin".to_owned(),
            assignee: if kind.is_internal() { "Marie Dubois".to_owned() } else { String::new() },
            changed: at(1_772_444_400_000),
            opened: if kind.is_internal() { at(1_772_442_900_000) } else { String::new() },
            late: kind.is_internal(),
            href: if kind.is_internal() {
                "mailto:assistance@desk.example?body=%23show".to_owned()
            } else {
                String::new()
            },
        }],
        sections: if kind == NotificationKind::Help {
            let called = ROWS.iter().map(|row| phrases.called(row.name)).filter(|called| !called.usage.is_empty());
            called.map(|called| Section { label: called.usage, href: String::new(), text: called.does }).collect()
        } else {
            vec![Section {
                label: say("handover.description"),
                href: String::new(),
                text: say("sample.unknown_user_for_the"),
            }]
        },
        hits: vec![HitFacts {
            number: if kind.is_internal() { "CG42N1-000087".to_owned() } else { String::new() },
            title: say("sample.unknown_user_after_the"),
            solution: say("sample.synchronise_the_class_from"),
        }],
        report: serde_json::json!({
            "title": say("sample.support_report_week_5"),
            "intro": "",
            "sections": [{
                "heading": say("sample.summary"), "chart": "", "alt": "", "lines": [],
                "rows": [{ "label": say("sample.solved"), "value": "12", "note": "80 %" }],
            }],
            "foot": say("sample.definitions"),
            "definitions": [{ "label": say("sample.solved"), "text": say("sample.solved_at_the_end") }],
        }),
        language: phrases.language().to_owned(),
    }
}
