//! Facts to try a template with: for `template check`, `template render` and the start of the daemon.

use super::Facts;
use super::facts::{
    AttachmentFacts, FieldFacts, HitFacts, ListedFacts, MessageFacts, PersonFacts, ServiceDeskFacts, TicketFacts,
    UndeliveredFacts,
};
use super::handover::Section;
use super::link::Button;
use crate::ticket::NotificationKind;

/// Made-up facts that fill every name a template can use.
#[must_use]
pub fn sample(kind: NotificationKind, language: &str) -> Facts {
    let french = language == "fr";
    let pick = |fr: &str, en: &str| if french { fr } else { en }.to_owned();
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
            name: pick("Assistance ENT", "Support desk"),
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
            title: pick("Connexion impossible depuis ce matin", "Cannot sign in since this morning"),
            status: "open".to_owned(),
            priority: "P2".to_owned(),
            priority_label: pick("majeure", "major"),
            queue: "cd42".to_owned(),
            requester: requester.clone(),
            answers_to: if kind.is_internal() {
                format!("{} <{}>", requester.name, requester.address)
            } else {
                String::new()
            },
            fields: vec![FieldFacts { label: pick("Téléphone", "Telephone"), value: "04 77 00 00 00".to_owned() }],
            missing: vec![pick("Établissement et ville", "Establishment and town")],
            status_label: pick("en cours", "in progress"),
            level: 1,
            kind: pick("Incident", "Incident"),
            category: pick("Authentification", "Authentication"),
            service: "ENT".to_owned(),
            assignee: agent.name.clone(),
            solution: pick("La classe a été synchronisée à nouveau.", "The class was synchronised again."),
            vendor_reference: if kind.is_internal() { "KEL-2071".to_owned() } else { String::new() },
            created: "2026-03-02 09:15".to_owned(),
            related: if kind.is_internal() { vec!["CG42N1-000120".to_owned()] } else { Vec::new() },
            tags: if kind.is_internal() { "6b annuaire".to_owned() } else { String::new() },
            approval: kind == NotificationKind::Approval,
            merged: false,
            service_level: vec![pick(
                "Première réponse avant le 2 mars 2026 à 13:15 (objectif 4 h, heures ouvrées).",
                "First answer due by 2 March 2026, 13:15 (target 4 h, office hours).",
            )],
            finished: matches!(kind, NotificationKind::Resolved | NotificationKind::Closed),
        },
        message: MessageFacts {
            author: if from_agent { agent.name } else { requester.name },
            text: pick(
                "Bonjour,\n\nDepuis ce matin aucun élève de 6e B ne peut se connecter : « identifiant inconnu ».\nLes autres classes fonctionnent.\n\nMerci d'avance,\nClaire Martin",
                "Hello,\n\nSince this morning no pupil of 6B can sign in: \"unknown user\".\nThe other classes work.\n\nThanks,\nClaire Martin",
            ),
            internal: false,
            vendor: kind == NotificationKind::Vendor,
            from_agent,
            above: if kind == NotificationKind::NotDone {
                "#pubilc is not a valid command; known are #public and #note".to_owned()
            } else {
                String::new()
            },
            encrypted: false,
            attachments: vec![AttachmentFacts {
                name: "capture.png".to_owned(),
                size: pick("120 ko", "120 kB"),
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
        warnings: if kind == NotificationKind::Held {
            vec![pick(
                "l'expéditeur rnarie@desk.example ressemble à marie@desk.example, et ne l'est pas",
                "the sender rnarie@desk.example looks like marie@desk.example but is not",
            )]
        } else {
            Vec::new()
        },
        done: vec![pick("En attente jusqu'au 2026-03-05 08:00.", "Waiting until 2026-03-05 08:00.")],
        buttons: vec![
            button(pick("C'est résolu", "It is solved"), "#solved", true),
            button(pick("Où en est ma demande ?", "Where does it stand?"), "#status", false),
        ],
        stars: (1..=5).map(|n: usize| button("★".repeat(n), &format!("#rate {n}"), false)).collect(),
        marks: (0..=10).map(|n: usize| button(n.to_string(), &format!("#recommend {n}"), false)).collect(),
        listed: vec![ListedFacts {
            number: "CG42N1-000123".to_owned(),
            title: pick("Connexion impossible depuis ce matin", "Cannot sign in since this morning"),
            status: pick("en cours", "in progress"),
            priority: "P2".to_owned(),
            requester: "Claire Martin".to_owned(),
            assignee: if kind.is_internal() { "Marie Dubois".to_owned() } else { String::new() },
            changed: "2026-03-02 09:40".to_owned(),
            href: if kind.is_internal() {
                "mailto:assistance@desk.example?body=%23show".to_owned()
            } else {
                String::new()
            },
        }],
        sections: vec![Section {
            label: pick("Description", "Description"),
            href: String::new(),
            text: pick("« identifiant inconnu » pour toute la 6e B.", "\"unknown user\" for the whole of 6B."),
        }],
        hits: vec![HitFacts {
            number: if kind.is_internal() { "CG42N1-000087".to_owned() } else { String::new() },
            title: pick("Identifiant inconnu après la rentrée", "Unknown user after the start of term"),
            solution: pick("Synchroniser la classe depuis l'annuaire.", "Synchronise the class from the directory."),
        }],
        report: serde_json::json!({
            "title": pick("Rapport de support - Semaine 5 (30/01 - 05/02/2026)", "Support report - Week 5 (30/01 - 05/02/2026)"),
            "intro": "",
            "sections": [{
                "heading": pick("Résumé", "Summary"), "chart": "", "alt": "", "lines": [],
                "rows": [{ "label": pick("Résolus", "Solved"), "value": "12", "note": "80 %" }],
            }],
            "foot": pick("Définitions", "Definitions"),
            "definitions": [{ "label": pick("Résolus", "Solved"), "text": pick("résolus à la fin.", "solved at the end.") }],
        }),
        language: language.to_owned(),
    }
}
