//! The words commands are given with: French and English are one.

/// A command's name, apart from what it is given with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// `#take`
    Take,
    /// `#assign WHO`
    Assign,
    /// `#priority P1`
    Priority,
    /// `#category X`
    Category,
    /// `#service X`
    Service,
    /// `#type incident`
    Type,
    /// `#tag a b`
    Tag,
    /// `#status open`; alone, a question
    Status,
    /// `#pending 3d`
    Pending,
    /// `#ask`
    Ask,
    /// `#escalate N2`
    Escalate,
    /// `#resolve`
    Resolve,
    /// `#close`
    Close,
    /// `#reopen`
    Reopen,
    /// `#reject`
    Reject,
    /// `#approve`
    Approve,
    /// `#note`
    Note,
    /// `#public`
    Public,
    /// `#send`: an answer in spite of a colleague's
    Send,
    /// `#merge N`
    Merge,
    /// `#split TITLE`
    Split,
    /// `#link N`
    Link,
    /// `#parent N`
    Parent,
    /// `#broadcast`
    Broadcast,
    /// `#cc a@b`
    Cc,
    /// `#uncc a@b`
    Uncc,
    /// `#vendor a@b`
    Vendor,
    /// `#canned NAME`
    Canned,
    /// `#kb tag`
    Kb,
    /// `#requester a@b`
    Requester,
    /// `#postmortem`
    PostMortem,
    /// `#undo`
    Undo,
    /// `#list`
    List,
    /// `#show`
    Show,
    /// `#why`
    Why,
    /// `#help`
    Help,
    /// `#solved`: a requester agrees
    Solved,
    /// `#unsolved`: a requester does not
    Unsolved,
    /// `#rate 5`
    Rate,
    /// `#recommend 9`
    Recommend,
}

/// One row of the table.
#[derive(Debug)]
pub struct Entry {
    /// Which command.
    pub name: Name,
    /// Its words, folded: the English one first, then the French one, then others.
    pub words: &'static [&'static str],
    /// How it is written, in French and English; empty for what only requesters write.
    pub usage: [&'static str; 2],
    /// What it does, in French and English.
    pub does: [&'static str; 2],
}

const fn entry(name: Name, words: &'static [&'static str], usage: [&'static str; 2], does: [&'static str; 2]) -> Entry {
    Entry { name, words, usage, does }
}

/// Every command.
#[rustfmt::skip]
pub const ENTRIES: [Entry; 40] = [
    entry(Name::Public, &["public", "publique", "reply"], ["#public", "#public"], ["le texte est pour le demandeur", "the text is for the requester"]),
    entry(Name::Note, &["note", "interne", "internal"], ["#note", "#note"], ["le texte reste interne", "the text stays inside"]),
    entry(Name::Take, &["take", "prendre", "prends"], ["#prendre", "#take"], ["vous prenez le ticket", "you take the ticket"]),
    entry(Name::Assign, &["assign", "assigner", "affecter", "attribuer"], ["#assigner QUI|personne", "#assign WHO|none"], ["le donne à un collègue", "gives it to a colleague"]),
    entry(Name::Ask, &["ask", "demander", "question"], ["#demander", "#ask"], ["le texte est une question au demandeur ; le ticket attend sa réponse", "the text is a question to the requester; the ticket waits for the answer"]),
    entry(Name::Pending, &["pending", "attente", "suspendre"], ["#attente 3j|2026-02-09|demandeur|prestataire", "#pending 3d|2026-02-09|requester|vendor"], ["met en attente", "puts it off"]),
    entry(Name::Escalate, &["escalate", "escalader", "escalade"], ["#escalader [N2] [pourquoi]", "#escalate [N2] [why]"], ["passe au niveau suivant, avec sa fiche", "hands it to the next level, with its handover form"]),
    entry(Name::Resolve, &["resolve", "resoudre", "resolu", "resolved"], ["#résoudre [solution]", "#resolve [solution]"], ["résolu ; le demandeur confirme", "done; the requester confirms"]),
    entry(Name::Close, &["close", "clore", "fermer", "cloturer"], ["#clore", "#close"], ["clos pour de bon", "closed"]),
    entry(Name::Reopen, &["reopen", "rouvrir", "reouvrir"], ["#rouvrir", "#reopen"], ["reprend le travail", "takes the work up again"]),
    entry(Name::Priority, &["priority", "priorite"], ["#priorité P1", "#priority P1"], ["change la priorité", "changes the priority"]),
    entry(Name::Type, &["type"], ["#type incident|demande|question|évolution", "#type incident|request|question|change"], ["change le type", "changes the type"]),
    entry(Name::Category, &["category", "categorie"], ["#catégorie X", "#category X"], ["change la catégorie", "changes the category"]),
    entry(Name::Service, &["service"], ["#service X", "#service X"], ["change le service", "changes the service"]),
    entry(Name::Tag, &["tag", "etiquette", "mot-cle", "tags"], ["#étiquette a b", "#tag a b"], ["ajoute des mots ; -a en retire", "adds words; -a takes one off"]),
    entry(Name::Status, &["status", "statut", "etat"], ["#statut ouvert", "#status open"], ["reprend un ticket en attente ou résolu", "takes up a pending or resolved ticket"]),
    entry(Name::Vendor, &["vendor", "prestataire", "fournisseur"], ["#prestataire aide@editeur.example", "#vendor help@maker.example"], ["le texte part au prestataire, pas au demandeur", "the text goes to the vendor, not to the requester"]),
    entry(Name::Canned, &["canned", "modele", "reponse-type"], ["#modèle NOM", "#canned NAME"], ["envoie une réponse type", "sends a canned answer"]),
    entry(Name::Cc, &["cc", "copie"], ["#cc a@b.example", "#cc a@b.example"], ["ajoute quelqu'un à la conversation", "adds somebody to the conversation"]),
    entry(Name::Uncc, &["uncc", "sans-copie"], ["#uncc a@b.example", "#uncc a@b.example"], ["l'en retire", "takes them out of it"]),
    entry(Name::Requester, &["requester", "demandeur"], ["#demandeur a@b.example", "#requester a@b.example"], ["change le demandeur", "changes the requester"]),
    entry(Name::Approve, &["approve", "approuver", "accepter", "approuve", "accept", "accepte"], ["#approuver", "#approve"], ["approuve la demande", "approves the request"]),
    entry(Name::Reject, &["reject", "rejeter", "refuser", "refuse"], ["#rejeter pourquoi", "#reject why"], ["la refuse, avec la raison", "refuses it, with the reason"]),
    entry(Name::Merge, &["merge", "fusionner"], ["#fusionner NUMÉRO", "#merge NUMBER"], ["ce ticket rejoint l'autre", "this ticket goes into the other"]),
    entry(Name::Split, &["split", "scinder", "separer"], ["#scinder TITRE", "#split TITLE"], ["le texte devient un autre ticket du même demandeur", "the text becomes another ticket of the same requester"]),
    entry(Name::Link, &["link", "lier"], ["#lier NUMÉRO", "#link NUMBER"], ["les deux tickets vont ensemble", "the two tickets belong together"]),
    entry(Name::Parent, &["parent"], ["#parent NUMÉRO|aucun", "#parent NUMBER|none"], ["ce ticket fait partie de l'autre", "this ticket is part of the other"]),
    entry(Name::Broadcast, &["broadcast", "diffuser"], ["#diffuser [audience]", "#broadcast [audience]"], ["le texte part à tous les demandeurs liés", "the text goes to the requesters of all its parts"]),
    entry(Name::Kb, &["kb", "bdc", "article"], ["#kb mots", "#kb words"], ["note le problème et sa solution comme article", "keeps problem and solution as an article"]),
    entry(Name::PostMortem, &["postmortem", "bilan", "post-mortem"], ["#bilan", "#postmortem"], ["le texte est le post-mortem de l'incident ; il reste interne", "the text is the post-mortem of the incident; it stays inside"]),
    entry(Name::Send, &["send", "envoyer"], ["#envoyer", "#send"], ["envoie malgré la réponse d'un collègue", "sends in spite of a colleague's answer"]),
    entry(Name::Undo, &["undo", "annuler"], ["#annuler", "#undo"], ["reprend le dernier ordre, si rien ne s'est passé depuis", "takes the last command back, if nothing has happened since"]),
    entry(Name::List, &["list", "liste"], ["#liste [miens|retard|nouveaux]", "#list [mine|overdue|new]"], ["les tickets en cours de vos files ; `miens` les vôtres", "the unfinished tickets of your queues; `mine` are yours"]),
    entry(Name::Show, &["show", "voir", "afficher"], ["#voir", "#show"], ["le ticket entier", "the whole ticket"]),
    entry(Name::Why, &["why", "pourquoi"], ["#pourquoi", "#why"], ["ce que sont devenus ses courriels", "what became of its mails"]),
    entry(Name::Help, &["help", "aide"], ["#aide", "#help"], ["cette liste", "this list"]),
    entry(Name::Solved, &["solved", "c-est-resolu", "confirmer", "confirm"], ["", ""], ["", ""]),
    entry(Name::Unsolved, &["unsolved", "not-solved", "pas-resolu", "non-resolu"], ["", ""], ["", ""]),
    entry(Name::Rate, &["rate", "avis", "satisfaction"], ["", ""], ["", ""]),
    entry(Name::Recommend, &["recommend", "recommander"], ["", ""], ["", ""]),
];

/// Whether nothing may stand after the command's word.
pub(super) fn stands_alone(name: Name) -> bool {
    use Name::{Approve, Close, Help, Note, PostMortem, Public, Reopen, Send, Show, Take, Undo, Why};
    matches!(name, Take | Close | Reopen | Approve | Note | Public | PostMortem | Send | Undo | Show | Why | Help)
}

/// The command a folded word names.
pub(super) fn of(word: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|e| e.words.contains(&word))
}

/// The word nearest to one that is none, if it is near enough to be a slip.
pub(super) fn nearest(word: &str) -> Option<&'static str> {
    let all = ENTRIES.iter().flat_map(|e| e.words.iter());
    let (distance, near) = all.map(|w| (strsim::damerau_levenshtein(w, word), *w)).min()?;
    (distance <= 1 + near.len() / 4).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_means_two_orders() {
        let mut seen = std::collections::BTreeSet::new();
        for word in ENTRIES.iter().flat_map(|e| e.words) {
            assert!(seen.insert(word), "{word}");
            assert_eq!(crate::mail::fold(word), *word, "words stand folded");
        }
    }

    #[test]
    fn usages_begin_with_a_word_of_the_order() {
        for entry in ENTRIES.iter().filter(|e| !e.usage[0].is_empty()) {
            for usage in entry.usage {
                let word =
                    crate::mail::fold(usage.trim_start_matches('#').split([' ', '[']).next().unwrap_or_default());
                assert_eq!(of(&word).map(|e| e.name), Some(entry.name), "{usage}");
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
