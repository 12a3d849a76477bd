//! What is said to the requester: whether it may leave as it is.

use super::Acting;
use crate::clock::MINUTE;
use crate::ticket::command::Slip;
use crate::ticket::decide::Case;
use crate::ticket::decide::draft::impossible;
use crate::ticket::leak::{Outgoing, behind_buttons, copies, holds_token, look};
use crate::ticket::life::Move;
use crate::ticket::rights::Action;
use crate::ticket::token::Token;
use crate::ticket::words::{LastAnswer, Notification, NotificationKind, Person, Status, Words, words};

/// Lines of an internal message that may be repeated on purpose.
const MEANT: usize = 2;
/// Most characters shown of them.
const SHOWN: usize = 120;
/// Most characters kept of an answer to show a colleague.
const BEGINNING: usize = 4_000;

impl Acting<'_> {
    /// Checks what is to be said and notes that it is.
    pub(super) fn speak(&mut self) -> Result<(), Slip> {
        let slip = |why: Words| Slip { line: String::new(), why, better: None };
        if self.speech.torn {
            return Err(slip(words!(
                "le texte ne peut pas aller à la fois au prestataire et au demandeur : envoyez deux courriels",
                "the text cannot go to the vendor and to the requester at once: send two emails"
            )));
        }
        if self.speech.wanted && self.speech.is_silent() {
            return Err(slip(words!(
                "il manque le texte, sous les lignes qui commencent par #",
                "the text is missing, below the lines that begin with #"
            )));
        }
        if !self.speech.vendor.is_empty() {
            self.speech.vendor = self.safe(&self.speech.vendor).map_err(slip)?;
            self.write_to_vendor();
        }
        if !self.speech.internal.is_empty() {
            self.permit_action(Action::Note).map_err(slip)?;
            self.draft.done.push(words!("Votre texte reste une note interne.", "Your text stays an internal note."));
        }
        if self.speech.public.is_empty() {
            return Ok(());
        }
        self.permit_action(Action::Answer).or_else(|why| self.permit_rejection(why)).map_err(slip)?;
        if self.speech.body_is_public {
            self.speech.public = self.safe(&self.speech.public).map_err(slip)?;
        }
        if self.speech.audience {
            return Ok(());
        }
        if self.draft.before.status == Status::Closed {
            return Err(slip(impossible(&self.draft.before)));
        }
        self.no_collision()?;
        self.note_answer();
        Ok(())
    }

    /// Somebody who may approve may say why not.
    fn permit_rejection(&self, why: Words) -> Result<(), Words> {
        let rejected = self.draft.before.status == Status::Approval && self.draft.ticket.status == Status::Closed;
        if rejected { Ok(()) } else { Err(why) }
    }

    /// The text as it may leave. What is quoted may be a colleague's note, and some clients break quoted lines so that their
    /// ends look like the writer's words. Every internal notification names #public in its foot, and carries a token; where a quote that
    /// was not known for one begins with either, it is cut there.
    fn safe(&self, text: &str) -> Result<String, Words> {
        let Case { intake, snapshot, .. } = self.draft.case;
        let mail = &intake.mail;
        let tokens: Vec<String> = intake.tokens().map(Token::text).collect();
        let (text, torn) = match look(text, &tokens) {
            Outgoing::Clean => (text.to_owned(), false),
            Outgoing::Until(own) => (own, false),
            Outgoing::Torn => (String::new(), true),
        };
        // What a button restores is the agent's own words, which the notification shows as well.
        let behind: Vec<String> = snapshot.answered.iter().map(|notification| behind_buttons(notification)).collect();
        let open: Vec<&str> = snapshot.original_requests.values().chain(&behind).map(String::as_str).collect();
        let copied = |text: &str| snapshot.answered.iter().find_map(|notification| copies(text, notification, &open));
        let of_ours = |file: &String| holds_token(file, &tokens) || copied(file).is_some();
        if snapshot.enclosed.iter().any(of_ours) {
            return Err(words!(
                "un fichier joint contient un courriel que l'assistance vous a adressé, avec ses notes et vos droits ; renvoyez-le sans ce fichier",
                "an attached file holds an email that the service desk sent you, with its notes and your rights; send it again without that file"
            ));
        }
        if torn || mail.below_quote || mail.forwarded.is_some() || text.contains("#public") {
            return Err(words!(
                "ce qui part d'ici doit être écrit au-dessus de ce qu'il cite, pour qu'aucune note interne ne parte avec lui ; renvoyez-le sans le courriel cité",
                "what goes out must stand above what it quotes, so that no internal note goes with it; send it again without the quoted email"
            ));
        }
        // A sentence may be meant to be repeated; who quotes a whole email does not mean it.
        if let Some(found) = copied(&text).filter(|found| !self.speech.meant || found.lines > MEANT) {
            let phrase: String = found.phrase.chars().take(SHOWN).collect();
            return Err(words!(
                "« {phrase} » vient d'un message interne ; retirez-le, ou ajoutez la ligne #envoyer si le demandeur doit le lire",
                "\"{phrase}\" comes from an internal message; take it out, or add the line #send if the requester is to read it"
            ));
        }
        Ok(text)
    }

    /// A colleague has just answered, and this agent may not have seen it.
    fn no_collision(&self) -> Result<(), Slip> {
        let last = &self.draft.before.last_answer;
        let case = self.draft.case;
        let recent = !last.by.is_empty() && case.snapshot.now - last.at < case.policy.life.collision;
        let seen = case.fresh.is_some_and(|issued| issued >= last.at);
        if !recent || seen || self.speech.meant || last.by == self.agent.address {
            return Ok(());
        }
        let name = case.policy.agent(&last.by).map_or(last.by.clone(), |a| a.name.clone());
        let minutes = ((case.snapshot.now - last.at) / MINUTE).max(1);
        let text = &last.text;
        Err(Slip {
            line: String::new(),
            why: words!(
                "{name} a répondu au demandeur il y a {minutes} min ; votre réponse n'est pas partie. Sa réponse :\n\n{text}\n\nPour envoyer la vôtre quand même, renvoyez-la avec #envoyer",
                "{name} answered the requester {minutes} min ago; your answer has not left. Their answer:\n\n{text}\n\nTo send yours all the same, send it again with #send"
            ),
            better: Some(if self.agent.language == "fr" { "#envoyer" } else { "#send" }.to_owned()),
        })
    }

    fn note_answer(&mut self) {
        let text: String = self.speech.public.chars().take(BEGINNING).collect();
        let (by, at) = (self.agent.address.clone(), self.draft.now());
        self.draft.ticket.last_answer = LastAnswer { by, at, text };
        if self.draft.ticket.status == self.draft.before.status {
            // Where no command moved it, the answer does; a closed ticket stays closed.
            let _ = self.draft.go(Move::Answer);
        }
        let people = super::requesters_side(&self.draft.ticket, self.draft.case);
        let who: Vec<String> = people.map(|p| if p.name.is_empty() { p.address } else { p.name }).collect();
        let who = who.join(", ");
        self.draft.done.push(words!("Votre texte part à {who}.", "Your text goes to {who}."));
    }

    fn write_to_vendor(&mut self) {
        let to = Person {
            address: self.draft.ticket.vendor.clone().unwrap_or_default(),
            language: self.agent.language.clone(),
            ..Person::default()
        };
        let whom = &to.address;
        self.draft
            .done
            .push(words!("Votre texte part au prestataire, {whom}.", "Your text goes to the vendor, {whom}."));
        self.draft.notifications.push(Notification::new(NotificationKind::Vendor, to));
    }
}
