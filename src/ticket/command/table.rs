//! Every command, one row each: how it is written, who may give it, what it takes and what it makes of the text below it.
//!
//! Rights, parsing, help, "did you mean", what requesters may write, buttons and `docs/commands-by-mail.md` follow from the row. What a
//! command does is a function of its own (`decide/command`, and `decide/reply/requester` for those of requesters).

use super::super::rights::Action;
use super::super::words::{Listing, PendingOn};
use super::Wrong;
use super::argument::Argument;
use crate::clock::Millis;

/// For whom the text below a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// As without the command.
    Any,
    /// For the requester, or for those whom the command names.
    Public,
    /// For the service desk.
    Note,
    /// For the service desk, unless another command says otherwise: what is public without commands is not beside this one.
    Quiet,

    Vendor,
    /// It belongs to another ticket.
    Elsewhere,
}

/// Labels, and the lines that a button writes, in French and English.
pub type Button = ([&'static str; 2], [&'static str; 2]);

/// One row.
#[derive(Debug)]
pub struct Row {
    /// Which command.
    pub name: Name,
    /// Its words, folded: the English one first, then the French one, then others. Empty for what another command says too.
    pub words: &'static [&'static str],
    /// How it is written, in French and English; empty for what only requesters write.
    pub usage: [&'static str; 2],
    /// What it does, in French and English.
    pub does: [&'static str; 2],
    /// What an agent must be allowed to give it; none where only requesters do.
    pub right: Option<Action>,
    /// Whether the requester may give it.
    pub requester: bool,
    /// Whether it only looks at something.
    pub looks: bool,
    /// Whether nothing may stand behind its word.
    pub alone: bool,
    /// For whom the text below is.
    pub text: Text,
    /// Whether there must be a text.
    pub needs_text: bool,
    /// Whether the text is sent whatever a colleague answered.
    pub meant: bool,
    /// The button that writes it.
    pub button: Option<Button>,
    /// Reads what follows its word.
    pub(super) read: fn(&Argument<'_>) -> Result<Command, Wrong>,
}

const ROW: Row = Row {
    name: Name::Help,
    words: &[],
    usage: ["", ""],
    does: ["", ""],
    right: None,
    requester: false,
    looks: false,
    alone: false,
    text: Text::Any,
    needs_text: false,
    meant: false,
    button: None,
    read: |_| Ok(Command::Help),
};

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident $(($($payload:ty),+))? = $row:expr;)+) => {
        /// Something an email asks to be done.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command {
            $($(#[$doc])* $name $(($($payload),+))?,)+
        }

        /// A command's name, apart from what it is given with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Name {
            $($(#[$doc])* $name,)+
        }

        /// Every command, in the order of the help.
        pub const ROWS: &[Row] = &[$(Row { name: Name::$name, ..$row }),+];

        impl Command {
            /// Which command it is.
            #[must_use]
            pub fn name(&self) -> Name {
                match self {
                    $(Self::$name { .. } => Name::$name,)+
                }
            }

            /// Its row.
            #[must_use]
            pub fn row(&self) -> &'static Row {
                self.name().row()
            }
        }
    };
}

impl Name {
    /// Its row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        // Rows stand in the order of the names, which the macro makes of the same list.
        &ROWS[self as usize]
    }
}

#[rustfmt::skip]
commands! {
    /// The text is for the requester.
    Public = Row {
        words: &["public", "publique", "reply"],
        usage: ["#public", "#public"],
        does: ["le texte est pour le demandeur", "the text is for the requester"],
        right: Some(Action::Answer),
        alone: true,
        text: Text::Public, needs_text: true,
        read: |_| Ok(Command::Public),
        ..ROW
    };
    /// The text is internal.
    Note = Row {
        words: &["note", "interne", "internal"],
        usage: ["#note", "#note"],
        does: ["le texte reste interne", "the text stays inside"],
        right: Some(Action::Note),
        alone: true,
        text: Text::Note, needs_text: true,
        read: |_| Ok(Command::Note),
        ..ROW
    };
    /// The writer takes the ticket.
    Take = Row {
        words: &["take", "prendre", "prends"],
        usage: ["#prendre", "#take"],
        does: ["vous prenez le ticket", "you take the ticket"],
        right: Some(Action::Take),
        alone: true,
        button: Some((["Prendre", "Take"], ["#prendre", "#take"])),
        read: |_| Ok(Command::Take),
        ..ROW
    };
    /// It is given to an agent (address), or to nobody (empty).
    Assign(String) = Row {
        words: &["assign", "assigner", "affecter", "attribuer"],
        usage: ["#assigner QUI|personne", "#assign WHO|none"],
        does: ["le donne à un collègue", "gives it to a colleague"],
        right: Some(Action::Assign),
        read: |a| Ok(Command::Assign(a.agent()?)),
        ..ROW
    };
    /// A question to the requester.
    Ask(String) = Row {
        words: &["ask", "demander", "question"],
        usage: ["#demander", "#ask"],
        does: ["le texte est une question au demandeur ; le ticket attend sa réponse", "the text is a question to the requester; the ticket waits for the answer"],
        right: Some(Action::Answer),
        text: Text::Public,
        button: Some((["Demander une précision", "Ask a question"], ["#demander ", "#ask "])),
        read: |a| Ok(Command::Ask(a.words())),
        ..ROW
    };
    /// It waits for somebody, or for a time, and why.
    Pending(PendingOn, Option<Millis>, String) = Row {
        words: &["pending", "attente", "suspendre"],
        usage: ["#attente 3j|2026-02-09|demandeur|prestataire", "#pending 3d|2026-02-09|requester|vendor"],
        does: ["met en attente", "puts it off"],
        right: Some(Action::Suspend),
        button: Some((["Attendre 3 jours", "Wait 3 days"], ["#attente 3j", "#pending 3d"])),
        read: |a| a.pending().map(|(on, until, why)| Command::Pending(on, until, why)),
        ..ROW
    };
    /// To a level (none: the next), and why.
    Escalate(Option<i64>, String) = Row {
        words: &["escalate", "escalader", "escalade"],
        usage: ["#escalader [N2] [pourquoi]", "#escalate [L2] [why]"],
        does: ["passe au niveau suivant, avec sa fiche", "hands it to the next level, with its handover form"],
        right: Some(Action::Escalate),
        text: Text::Quiet,
        button: Some((["Escalader", "Escalate"], ["#escalader ", "#escalate "])),
        read: |a| { let (level, why) = a.escalate(); Ok(Command::Escalate(level, why)) },
        ..ROW
    };
    /// The solution; empty: the last answer.
    Resolve(String) = Row {
        words: &["resolve", "resoudre", "resolu", "resolved"],
        usage: ["#résoudre [solution]", "#resolve [solution]"],
        does: ["résolu ; le demandeur confirme", "done; the requester confirms"],
        right: Some(Action::Resolve),
        text: Text::Public, requester: true,
        button: Some((["Résoudre", "Resolve"], ["#résoudre ", "#resolve "])),
        read: |a| Ok(Command::Resolve(a.words())),
        ..ROW
    };
    /// It is closed.
    Close = Row {
        words: &["close", "clore", "fermer", "cloturer"],
        usage: ["#clore", "#close"],
        does: ["clos pour de bon", "closed"],
        right: Some(Action::Close),
        alone: true,
        requester: true,
        button: Some((["Clore", "Close"], ["#clore", "#close"])),
        read: |_| Ok(Command::Close),
        ..ROW
    };
    /// It is not done.
    Reopen = Row {
        words: &["reopen", "rouvrir", "reouvrir"],
        usage: ["#rouvrir", "#reopen"],
        does: ["reprend le travail", "takes the work up again"],
        right: Some(Action::Reopen),
        alone: true,
        requester: true,
        button: Some((["Rouvrir", "Reopen"], ["#rouvrir", "#reopen"])),
        read: |_| Ok(Command::Reopen),
        ..ROW
    };
    /// Code of a priority.
    Priority(String) = Row {
        words: &["priority", "priorite"],
        usage: ["#priorité P1", "#priority P1"],
        does: ["change la priorité", "changes the priority"],
        right: Some(Action::Qualify),
        read: |a| Ok(Command::Priority(a.priority()?)),
        ..ROW
    };
    /// Name of a type, or none.
    Type(Option<String>) = Row {
        words: &["type"],
        usage: ["#type incident|demande|question|évolution", "#type incident|request|question|change"],
        does: ["change le type", "changes the type"],
        right: Some(Action::Qualify),
        read: |a| Ok(Command::Type(a.topic(&a.policy.types)?)),
        ..ROW
    };
    /// Name of a category, or none.
    Category(Option<String>) = Row {
        words: &["category", "categorie"],
        usage: ["#catégorie X", "#category X"],
        does: ["change la catégorie", "changes the category"],
        right: Some(Action::Qualify),
        read: |a| Ok(Command::Category(a.topic(&a.policy.categories)?)),
        ..ROW
    };
    /// Name of a service, or none.
    Service(Option<String>) = Row {
        words: &["service"],
        usage: ["#service X", "#service X"],
        does: ["change le service", "changes the service"],
        right: Some(Action::Qualify),
        read: |a| Ok(Command::Service(a.topic(&a.policy.services)?)),
        ..ROW
    };
    /// Words to add, and words to take off.
    Tag(Vec<String>, Vec<String>) = Row {
        words: &["tag", "etiquette", "mot-cle", "tags"],
        usage: ["#étiquette a b", "#tag a b"],
        does: ["ajoute des mots ; -a en retire", "adds words; -a takes one off"],
        right: Some(Action::Qualify),
        read: |a| a.tags().map(|(on, off)| Command::Tag(on, off)),
        ..ROW
    };
    /// `#status open`: work goes on. Other words behind it are other commands.
    Open = Row {
        words: &["status", "statut", "etat"],
        usage: ["#statut ouvert", "#status open"],
        does: ["reprend un ticket en attente ou résolu", "takes up a pending or resolved ticket"],
        right: Some(Action::Reopen),
        read: status,
        ..ROW
    };
    /// The text goes to a vendor; none: the one it has.
    Vendor(Option<String>) = Row {
        words: &["vendor", "prestataire", "fournisseur"],
        usage: ["#prestataire aide@editeur.example", "#vendor help@maker.example"],
        does: ["le texte part au prestataire, pas au demandeur", "the text goes to the vendor, not to the requester"],
        right: Some(Action::Vendor),
        text: Text::Vendor,
        read: |a| Ok(Command::Vendor(a.optional_address()?)),
        ..ROW
    };
    /// Name of a canned answer.
    Canned(String) = Row {
        words: &["canned", "modele", "reponse-type"],
        usage: ["#modèle NOM", "#canned NAME"],
        does: ["envoie une réponse type", "sends a canned answer"],
        right: Some(Action::Answer),
        text: Text::Public,
        read: |a| Ok(Command::Canned(a.canned()?)),
        ..ROW
    };
    /// People to add.
    Cc(Vec<String>) = Row {
        words: &["cc", "copie"],
        usage: ["#cc a@b.example", "#cc a@b.example"],
        does: ["ajoute quelqu'un à la conversation", "adds somebody to the conversation"],
        right: Some(Action::Assign),
        requester: true,
        read: |a| Ok(Command::Cc(a.addresses()?)),
        ..ROW
    };
    /// People to take out.
    Uncc(Vec<String>) = Row {
        words: &["uncc", "sans-copie"],
        usage: ["#uncc a@b.example", "#uncc a@b.example"],
        does: ["l'en retire", "takes them out of it"],
        right: Some(Action::Assign),
        read: |a| Ok(Command::Uncc(a.addresses()?)),
        ..ROW
    };
    /// Another requester.
    Requester(String) = Row {
        words: &["requester", "demandeur"],
        usage: ["#demandeur a@b.example", "#requester a@b.example"],
        does: ["change le demandeur", "changes the requester"],
        right: Some(Action::Assign),
        read: |a| Ok(Command::Requester(a.addresses()?.into_iter().next().unwrap_or_default())),
        ..ROW
    };
    /// Yes.
    Approve = Row {
        words: &["approve", "approuver", "accepter", "approuve", "accept", "accepte"],
        usage: ["#approuver", "#approve"],
        does: ["approuve la demande", "approves the request"],
        right: Some(Action::Approve),
        alone: true,
        text: Text::Quiet,
        button: Some((["Approuver", "Approve"], ["#approuver", "#approve"])),
        read: |_| Ok(Command::Approve),
        ..ROW
    };
    /// No, and why.
    Reject(String) = Row {
        words: &["reject", "rejeter", "refuser", "refuse"],
        usage: ["#rejeter pourquoi", "#reject why"],
        does: ["la refuse, avec la raison", "refuses it, with the reason"],
        right: Some(Action::Reject),
        text: Text::Public,
        button: Some((["Refuser", "Reject"], ["#rejeter ", "#reject "])),
        read: |a| Ok(Command::Reject(a.words())),
        ..ROW
    };
    /// This ticket goes into the one of that number.
    Merge(String) = Row {
        words: &["merge", "fusionner"],
        usage: ["#fusionner NUMÉRO", "#merge NUMBER"],
        does: ["ce ticket rejoint l'autre", "this ticket goes into the other"],
        right: Some(Action::Arrange),
        text: Text::Quiet,
        read: |a| Ok(Command::Merge(a.number()?)),
        ..ROW
    };
    /// The text becomes a ticket of its own, with this title.
    Split(String) = Row {
        words: &["split", "scinder", "separer"],
        usage: ["#scinder TITRE", "#split TITLE"],
        does: ["le texte devient un autre ticket du même demandeur", "the text becomes another ticket of the same requester"],
        right: Some(Action::Arrange),
        text: Text::Elsewhere,
        read: |a| Ok(Command::Split(a.text("un titre", "a title")?)),
        ..ROW
    };
    /// The two belong together.
    Link(String) = Row {
        words: &["link", "lier"],
        usage: ["#lier NUMÉRO", "#link NUMBER"],
        does: ["les deux tickets vont ensemble", "the two tickets belong together"],
        right: Some(Action::Qualify),
        read: |a| Ok(Command::Link(a.number()?)),
        ..ROW
    };
    /// Part of that ticket, or of none.
    Parent(Option<String>) = Row {
        words: &["parent"],
        usage: ["#parent NUMÉRO|aucun", "#parent NUMBER|none"],
        does: ["ce ticket fait partie de l'autre", "this ticket is part of the other"],
        right: Some(Action::Arrange),
        read: |a| Ok(Command::Parent(if a.is_none() { None } else { Some(a.number()?) })),
        ..ROW
    };
    /// To the requesters of its parts, or to these addresses; and words that stood in the line.
    Broadcast(Vec<String>, String) = Row {
        words: &["broadcast", "diffuser"],
        usage: ["#diffuser [audience]", "#broadcast [audience]"],
        does: ["le texte part à tous les demandeurs liés", "the text goes to the requesters of all its parts"],
        right: Some(Action::Broadcast),
        text: Text::Public, meant: true,
        read: |a| a.broadcast().map(|(to, words)| Command::Broadcast(to, words)),
        ..ROW
    };
    /// Tags of an article.
    Kb(Vec<String>) = Row {
        words: &["kb", "bdc", "article"],
        usage: ["#kb mots", "#kb words"],
        does: ["note le problème et sa solution comme article", "keeps problem and solution as an article"],
        right: Some(Action::Resolve),
        read: |a| Ok(Command::Kb(a.list())),
        ..ROW
    };
    /// The text is the post-mortem.
    PostMortem = Row {
        words: &["postmortem", "bilan", "post-mortem"],
        usage: ["#bilan", "#postmortem"],
        does: ["le texte est le post-mortem de l'incident ; il reste interne", "the text is the post-mortem of the incident; it stays inside"],
        right: Some(Action::Note),
        alone: true,
        text: Text::Note, needs_text: true,
        read: |_| Ok(Command::PostMortem),
        ..ROW
    };
    /// The text is public whatever a colleague answered.
    Send = Row {
        words: &["send", "envoyer"],
        usage: ["#envoyer", "#send"],
        does: ["envoie malgré la réponse d'un collègue", "sends in spite of a colleague's answer"],
        right: Some(Action::Answer),
        alone: true,
        text: Text::Public, needs_text: true, meant: true,
        read: |_| Ok(Command::Send),
        ..ROW
    };
    /// The last command is taken back.
    Undo = Row {
        words: &["undo", "annuler"],
        usage: ["#annuler", "#undo"],
        does: ["reprend le dernier ordre, si rien ne s'est passé depuis", "takes the last command back, if nothing has happened since"],
        right: Some(Action::Note),
        alone: true,
        button: Some((["Annuler", "Undo"], ["#annuler", "#undo"])),
        read: |_| Ok(Command::Undo),
        ..ROW
    };
    /// Tickets, listed.
    List(Listing) = Row {
        words: &["list", "liste"],
        usage: ["#liste [miens|retard|nouveaux]", "#list [mine|overdue|new]"],
        does: ["les tickets en cours de vos files ; `miens` les vôtres", "the unfinished tickets of your queues; `mine` are yours"],
        right: Some(Action::Read),
        requester: true, looks: true,
        read: |a| Ok(Command::List(a.listing()?)),
        ..ROW
    };
    /// The whole ticket.
    Show = Row {
        words: &["show", "voir", "afficher"],
        usage: ["#voir", "#show"],
        does: ["le ticket entier", "the whole ticket"],
        right: Some(Action::Read),
        alone: true,
        requester: true, looks: true,
        read: |_| Ok(Command::Show),
        ..ROW
    };
    /// What became of its emails.
    Why = Row {
        words: &["why", "pourquoi"],
        usage: ["#pourquoi", "#why"],
        does: ["ce que sont devenus ses courriels", "what became of its emails"],
        right: Some(Action::Read),
        alone: true,
        looks: true,
        read: |_| Ok(Command::Why),
        ..ROW
    };
    /// The commands there are.
    Help = Row {
        words: &["help", "aide"],
        usage: ["#aide", "#help"],
        does: ["cette liste", "this list"],
        right: Some(Action::Read),
        alone: true,
        looks: true,
        read: |_| Ok(Command::Help),
        ..ROW
    };
    /// A requester agrees that it is done, and words.
    Solved(String) = Row {
        words: &["solved", "c-est-resolu", "confirmer", "confirm"],
        requester: true,
        button: Some((["C'est résolu", "It is solved"], ["#résolu", "#solved"])),
        read: |a| Ok(Command::Solved(a.words())),
        ..ROW
    };
    /// A requester does not, and words.
    Unsolved(String) = Row {
        words: &["unsolved", "not-solved", "pas-resolu", "non-resolu"],
        requester: true,
        button: Some((["Ce n'est pas résolu", "It is not solved"], ["#pas-résolu ", "#unsolved "])),
        read: |a| Ok(Command::Unsolved(a.words())),
        ..ROW
    };
    /// 1 to 5, and words.
    Rate(i64, String) = Row {
        words: &["rate", "avis", "satisfaction"],
        requester: true,
        read: |a| a.rate().map(|(stars, words)| Command::Rate(stars, words)),
        ..ROW
    };
    /// 0 to 10.
    Recommend(i64) = Row {
        words: &["recommend", "recommander"],
        requester: true,
        read: |a| Ok(Command::Recommend(a.figure(0, 10)?)),
        ..ROW
    };
    /// `#status` alone: where does it stand?
    Progress = Row {
        right: Some(Action::Read),
        requester: true, looks: true,
        button: Some((["Où en est ma demande ?", "Where does it stand?"], ["#statut", "#status"])),
        read: |_| Ok(Command::Progress),
        ..ROW
    };
}

/// What `#status` asks by the word behind it.
fn status(argument: &Argument<'_>) -> Result<Command, Wrong> {
    Ok(match argument.status()? {
        "" => Command::Progress,
        "open" => Command::Open,
        "pending" => Command::Pending(PendingOn::Requester, None, String::new()),
        "resolved" => Command::Resolve(String::new()),
        "closed" => Command::Close,
        "reopened" => Command::Reopen,
        _ => Command::Escalate(None, String::new()),
    })
}

/// The command a folded word names.
pub(super) fn of(word: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.words.contains(&word))
}

/// The word nearest to one that is none, if it is near enough to be a slip.
pub(super) fn nearest(word: &str) -> Option<&'static str> {
    let all = ROWS.iter().flat_map(|row| row.words.iter());
    let (distance, near) = all.map(|w| (strsim::damerau_levenshtein(w, word), *w)).min()?;
    (distance <= 1 + near.len() / 4).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_their_names() {
        for row in ROWS {
            assert_eq!(row.name.row().name, row.name);
        }
    }

    #[test]
    fn no_word_means_two_commands() {
        let mut seen = std::collections::BTreeSet::new();
        for word in ROWS.iter().flat_map(|row| row.words) {
            assert!(seen.insert(word), "{word}");
            assert_eq!(crate::mail::fold(word), *word, "words stand folded");
        }
    }

    #[test]
    fn usages_begin_with_a_word_of_the_command() {
        for row in ROWS.iter().filter(|row| !row.usage[0].is_empty()) {
            for usage in row.usage {
                let word =
                    crate::mail::fold(usage.trim_start_matches('#').split([' ', '[']).next().unwrap_or_default());
                assert_eq!(of(&word).map(|row| row.name), Some(row.name), "{usage}");
            }
        }
    }

    #[test]
    fn slips_are_told_from_other_words() {
        assert_eq!(nearest("pubilc"), Some("public"));
        assert_eq!(nearest("reslove"), Some("resolve"));
        assert_eq!(nearest("escalde"), Some("escalade"));
        assert_eq!(nearest("hashtag"), None);
    }
}
