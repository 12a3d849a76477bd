//! Facts to try a template with: for `template check`, `template render` and the start of the daemon.

use super::Facts;
use super::facts::{AttachmentFacts, DeskFacts, FieldFacts, MessageFacts, PersonFacts, TicketFacts, UndeliveredFacts};
use crate::ticket::LetterKind;

/// Made-up facts that fill every name a template can use.
#[must_use]
pub fn sample(kind: LetterKind, language: &str) -> Facts {
    let french = language == "fr";
    let pick = |fr: &str, en: &str| if french { fr } else { en }.to_owned();
    let requester =
        PersonFacts { name: "Claire Martin".to_owned(), address: "claire.martin@college.example".to_owned() };
    let agent = PersonFacts { name: "Marie Dubois".to_owned(), address: "marie@desk.example".to_owned() };
    let from_agent = kind == LetterKind::Answer;
    Facts {
        desk: DeskFacts { name: pick("Assistance ENT", "Support desk"), address: "assistance@desk.example".to_owned() },
        recipient: if kind.is_internal() { agent.clone() } else { requester.clone() },
        ticket: TicketFacts {
            // Letters about held mails speak of no ticket yet.
            number: if matches!(kind, LetterKind::Refusal | LetterKind::Held | LetterKind::NotDone) {
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
            fields: vec![FieldFacts { label: pick("Téléphone", "Telephone"), value: "04 77 00 00 00".to_owned() }],
            missing: vec![pick("Établissement et ville", "Establishment and town")],
        },
        message: MessageFacts {
            author: if from_agent { agent.name } else { requester.name },
            text: pick(
                "Bonjour,\n\nDepuis ce matin aucun élève de 6e B ne peut se connecter : « identifiant inconnu ».\nLes autres classes fonctionnent.\n\nMerci d'avance,\nClaire Martin",
                "Hello,\n\nSince this morning no pupil of 6B can sign in: \"unknown user\".\nThe other classes work.\n\nThanks,\nClaire Martin",
            ),
            internal: false,
            from_agent,
            above: if kind == LetterKind::NotDone {
                "#pubilc is no command; known are #public and #note".to_owned()
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
        undelivered: if kind == LetterKind::Undelivered {
            UndeliveredFacts {
                address: "claire.martin@college.example".to_owned(),
                status: "5.1.1".to_owned(),
                reason: "550 5.1.1 User unknown".to_owned(),
                lasting: true,
            }
        } else {
            UndeliveredFacts::default()
        },
        language: language.to_owned(),
    }
}
