//! What a request says, and what is said by machines: IN3, IN12, IN14, IN15, and what a subject adds.

use crate::support::mail::{ANA, MARIE, Mail};
use crate::support::{Database, Said, Site};

/// Both databases.
macro_rules! stories {
    ($($(#[$doc:meta])* $name:ident($site:ident, $with:expr) $body:block)+) => {
        $(mod $name {
            use super::*;
            $(#[$doc])*
            async fn $name(database: Database) {
                let $site: Site = $with(database).await;
                $body
            }
            #[tokio::test]
            async fn sqlite() { $name(Database::Sqlite).await; }
            #[tokio::test]
            async fn postgres() { $name(Database::Postgres).await; }
        })+
    };
}

async fn cd42(database: Database) -> Site {
    Site::example(database, "cd42").await
}

async fn plain(database: Database) -> Site {
    Site::new(database).await
}

async fn conditional(database: Database) -> Site {
    const FIELDS: &str = r#"
[queues.help]
ask = ["role", "ine", "class", "url", "screenshot"]
[fields.ine]
label = { fr = "INE" }
roles = ["élève"]
[fields.class]
label = { fr = "Classe" }
senders = ["@eleves.example"]
[fields.url]
not_categories = ["rgpd"]
[fields.screenshot]
types = ["incident"]
[categories.rgpd]
words = ["effacement"]
[types.incident]
words = ["panne"]
"#;
    Site::with(database, FIELDS).await
}

async fn watched(database: Database) -> Site {
    Site::with(database, "[queues.help]\nmachines = [\"@mon.example\"]\nsenders = [\"@college.example\"]\n").await
}

async fn two_queues(database: Database) -> Site {
    const MORE: &str = "[queues.net]\nmailbox = \"main\"\naddress = \"reseau@desk.example\"\nprefix = \"NET\"\nreply_to = \"plain\"\n[agents.marie]\nqueues = [\"help\", \"net\"]\n";
    Site::with(database, MORE).await
}

const APP: &str = "support-admin@departement.example";
const HEAD: &str = "chef.dupilat@direction.colleges.example";

/// An email as the department's server hands it on.
fn vouched(mut mail: Mail) -> Mail {
    let domain = mail.from.rsplit('@').next().unwrap().trim_end_matches('>').to_owned();
    mail.more =
        format!("Authentication-Results: mx.departement.example; dmarc=pass header.from={domain}\n{}", mail.more);
    mail
}

/// The reply of a client in which somebody fills in the lines that are quoted: `values` by the beginning of the line.
fn filled_in(notification: &guichet::mail::ParsedEmail, from: &str, values: &[(&str, &str)]) -> Mail {
    let mail = Mail::reply(notification, from, "");
    let lines = mail.text.lines().map(|line| {
        let value = values.iter().find(|(label, _)| line.trim_start_matches(['>', ' ']).starts_with(label));
        value.map_or(line.to_owned(), |(_, value)| format!("{line} {value}"))
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    mail.text(&text)
}

stories! {
    /// The form as the department's document prints it, filled in by hand; the object is the title.
    in3_the_form_of_the_document_is_read(site, cd42) {
        let form = "Bonjour,\n\n• Nom et prénom : Claire Martin\n• Fonction : Principale\n• Numéro de téléphone : 04 77 00 00 00\n\
            • Etablissement / Ville : Collège Dupilat / Saint-Galmier\n• Objet de la demande : Cahier de textes vide\n\
            • Population concernée par le problème (enseignant, élève, ...) : élèves de 6e\n\
            • Description précise : Depuis lundi, le cahier est vide.\n\nIl l'est aussi sur téléphone.\n\
            • URL de l'établissement (par exemple : http://dupilat.cybercolleges42.fr/) ou fil d'Ariane (par exemple : Accueil > Disciplines > SVT) : Accueil > Cahier\n\
            • Capture d'écran et/ou pièce jointe :\n\nCordialement\nClaire Martin\n";
        site.receive(&vouched(Mail::from(HEAD).to(APP).subject("Problème").text(form))).await;
        let ticket = site.only_ticket().await;
        assert_eq!(ticket.title, "Cahier de textes vide");
        let said = |code: &str| ticket.fields.get(code).map(String::as_str);
        assert_eq!(said("phone"), Some("04 77 00 00 00"));
        assert_eq!(said("population"), Some("élèves de 6e"));
        assert_eq!(said("description"), Some("Depuis lundi, le cahier est vide.\n\nIl l'est aussi sur téléphone."));
        assert_eq!(said("url"), Some("Accueil > Cahier"));
        let ack = site.sink.only(HEAD).mail.text;
        assert!(ack.contains("Capture d'écran ou pièce jointe") && !ack.contains("Description"), "{ack}");
    }

    /// Free text needs no label, and a file answers the question for one.
    in3_free_text_is_the_description(site, cd42) {
        let mail = Mail::from(HEAD).to(APP).subject("Export").text("Bonjour,\nl'export des notes s'arrête à la moitié.\n\nCordialement\n").attach("ecran.png", b"\x89PNG");
        site.receive(&vouched(mail)).await;
        let fields = site.only_ticket().await.fields;
        assert_eq!(fields["description"], "l'export des notes s'arrête à la moitié.");
        assert_eq!(fields["screenshot"], "ecran.png");
    }

    /// The acknowledgement says "complétez ces lignes", and people do: in the lines themselves. Who is in copy corrects nothing.
    in12_lines_filled_in_where_they_are_quoted_complete_the_ticket(site, cd42) {
        site.receive(&vouched(Mail::from(HEAD).to(APP).subject("Export bloqué").text("L'export ne part plus du tout.").header("Cc: cpe@direction.colleges.example"))).await;
        let ack = site.sink.only(HEAD).mail;
        let reply = filled_in(&ack, HEAD, &[("Nom et prénom", "Paule Head"), ("Fonction", "Principale"), ("Téléphone", "04 77 12 34 56"), ("Population", "tous")]);
        site.then(&vouched(reply)).await;
        let fields = site.only_ticket().await.fields;
        assert_eq!((fields["phone"].as_str(), fields["role"].as_str(), fields["population"].as_str()), ("04 77 12 34 56", "Principale", "tous"));
        assert_eq!(fields["name"], "Paule Head");
        assert!(!fields.contains_key("url"), "an empty line is no answer: {fields:?}");
        let copied = vouched(Mail::reply(&ack, "cpe@direction.colleges.example", "Téléphone : 04 99\nURL : http://x.example/"));
        site.then(&copied).await;
        let fields = site.only_ticket().await.fields;
        assert_eq!((fields["phone"].as_str(), fields["url"].as_str()), ("04 77 12 34 56", "http://x.example/"));
        // A correction is the requester's.
        site.then(&vouched(Mail::reply(&ack, HEAD, "Tél : 04 77 65 43 21"))).await;
        assert_eq!(site.only_ticket().await.fields["phone"], "04 77 65 43 21");
    }

    in14_what_is_asked_depends_on_what_it_is_and_who_asks(site, conditional) {
        let asked = async |from: &str, subject: &str, text: &str| {
            site.receive(&Mail::from(from).subject(subject).text(text)).await;
            let text = site.sink.only(from).mail.text;
            ["INE", "Classe", "Adresse de la page", "Capture"].map(|label| text.contains(&format!("\n{label}")))
        };
        assert_eq!(asked("zoe@college.example", "Compte", "Fonction : élève de 3e\nMon compte est fermé.").await, [true, false, true, false]);
        assert_eq!(asked("tom@eleves.example", "Compte", "Mon compte à moi est bloqué.").await, [false, true, true, false]);
        assert_eq!(asked("cpe@college.example", "Effacement de mes données", "Merci de supprimer mes données.").await, [false, false, false, false]);
        assert_eq!(asked("sec@college.example", "Panne de l'imprimante", "L'imprimante fume un peu.").await, [false, false, true, true]);
    }

    in15_a_machine_has_one_ticket_an_alert_and_no_answer(site, watched) {
        let alert = |subject: &str| Mail::from("zabbix@mon.example").subject(subject).text("Host: srv1\nSeverity: High");
        site.receive(&alert("Problem: Disk full on srv1")).await;
        let ticket = site.only_ticket().await;
        let told = site.sink.to(MARIE).len();
        assert_eq!(told, 1);
        site.then(&alert("Problem: Disk full on srv1")).await;
        site.then(&alert("Re: Problem: Disk full on srv1")).await;
        assert_eq!((site.only_ticket().await.id, site.sink.to(MARIE).len()), (ticket.id, told), "a repeat wakes nobody");
        site.then(&alert("Resolved in 12m: Disk full on srv1")).await;
        assert!(site.sink.last(MARIE).mail.text.contains("la fin de l'alerte"), "{}", site.sink.last(MARIE).mail.text);
        assert_eq!(site.only_ticket().await.status.as_str(), "new", "a person says whether it is solved");
        site.then(&alert("Problem: Disk full on srv2")).await;
        assert_eq!(site.tickets().await.len(), 2, "another alert");
        assert!(site.sink.to("zabbix@mon.example").is_empty());
        // Solved, and back again; closed, and back: a ticket of its own.
        let notice = site.sink.with_words(MARIE, "Disk full on srv1").mail;
        site.then(&Mail::reply(&notice, MARIE, "#résoudre\nDisque agrandi.")).await;
        assert_eq!(site.ticket(&ticket.number).await.status.as_str(), "resolved");
        site.then(&alert("Problem: Disk full on srv1")).await;
        assert_eq!(site.ticket(&ticket.number).await.status.as_str(), "reopened");
        site.then(&Mail::reply(&notice, MARIE, "#clore")).await;
        for _ in 0..2 {
            site.then(&alert("Problem: Disk full on srv1")).await;
        }
        assert_eq!(site.tickets().await.len(), 3, "one new ticket, which the repeat joins");
        let stray = alert("Resolved in 1m: CPU on srv9");
        site.then(&stray).await;
        assert_eq!(site.verdict(&stray).await.verdict.said(), "ignored");
        assert_eq!(site.tickets().await.len(), 3);
        assert!(site.sink.to("zabbix@mon.example").is_empty());
    }

    /// News that stands in the subject alone is part of the message; another service desk's number stays in the answers.
    a_subject_that_changed_is_part_of_the_message(site, plain) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA).mail;
        site.then(&Mail::reply(&ack, ANA, "Voir l'objet.").subject("Re: [CG42N1-000001] Elle fume maintenant, venez vite")).await;
        let text = site.sink.last(MARIE).mail.text;
        assert!(text.contains("Objet : Elle fume maintenant, venez vite"), "{text}");
        site.then(&Mail::reply(&ack, ANA, "Toujours rien.")).await;
        assert!(!site.sink.last(MARIE).mail.text.contains("Objet :"));
        site.then(&Mail::reply(&ack, ANA, "Noté chez nous.").subject("RE: [CG42N1-000001] Imprimante en panne [INC0012345]")).await;
        assert_eq!(site.only_ticket().await.title, "Imprimante en panne [INC0012345]");
        let notice = site.sink.last(MARIE).mail;
        site.then(&Mail::reply(&notice, MARIE, "#public\nNous regardons.")).await;
        assert!(site.sink.last(ANA).mail.subject.contains("INC0012345"));
    }

    what_is_passed_on_to_another_queue_opens_a_ticket_there(site, two_queues) {
        site.receive(&Mail::from(ANA)).await;
        let ack = site.sink.only(ANA).mail;
        let passed = Mail::reply(&ack, ANA, "Pour le réseau, s'il vous plaît.").to("reseau@desk.example").subject("TR: [CG42N1-000001] Imprimante en panne");
        site.then(&passed).await;
        let tickets = site.tickets().await;
        assert_eq!(tickets.len(), 2);
        let new = site.ticket("NET-000001").await;
        assert_eq!((new.requester.as_str(), new.related.as_slice()), (ANA, ["CG42N1-000001".to_owned()].as_slice()));
        // A reply there goes on in the ticket it quotes.
        site.then(&Mail::reply(&ack, ANA, "Du nouveau ?").to("reseau@desk.example")).await;
        assert_eq!(site.tickets().await.len(), 2);
    }

    a_new_mail_that_says_re_is_offered_to_be_merged(site, plain) {
        site.receive(&Mail::from(ANA)).await;
        site.then(&Mail::from(ANA).subject("RE: imprimante en panne").text("Avez-vous des nouvelles ?")).await;
        let text = site.sink.last(MARIE).mail.text;
        assert!(text.contains("#fusionner CG42N1-000001"), "{text}");
        site.then(&Mail::from("bob@college.example").subject("RE: Imprimante en panne")).await;
        assert!(!site.sink.last(MARIE).mail.text.contains("#fusionner CG42N1"), "nobody else's");
    }

    /// Nobody but the requester says who they are, whether in copy or in what somebody quotes; what they call it later is the title.
    what_others_say_of_the_requester_is_not_theirs(site, cd42) {
        site.receive(&vouched(Mail::from(HEAD).to(APP).subject("Export").text("L'export ne part plus du tout.").header("Cc: cpe@direction.colleges.example"))).await;
        let ack = site.sink.only(HEAD).mail;
        site.then(&vouched(Mail::reply(&ack, "cpe@direction.colleges.example", "Nom et prénom : Bob Copie\nObjet : Autre chose"))).await;
        let copied = site.only_ticket().await;
        assert!(!copied.fields.contains_key("name") && copied.title == "Export", "{:?}", copied.fields);
        let quoting = "Voici ce qu'il m'a dit :\n> Nom et prénom : Mallory\n> Téléphone : 06 66";
        site.then(&vouched(Mail::reply(&ack, HEAD, quoting).without_references())).await;
        let fields = site.only_ticket().await.fields;
        assert!(!fields.values().any(|value| value == "Mallory"), "{fields:?}");
        site.then(&vouched(Mail::reply(&ack, HEAD, "Objet : Export des notes bloqué"))).await;
        assert_eq!(site.only_ticket().await.title, "Export des notes bloqué");
    }

    a_complaint_below_a_name_is_no_thanks(site, plain) {
        for (n, text) in ["Merci\nAnne\nimpossible d'imprimer", "Merci\n\nCordialement\n\nPS: toujours en panne", "Merci,\nAnne Dupont\nÇa ne marche toujours pas"].iter().enumerate() {
            let person = format!("Anne Dupont <anne{n}@college.example>");
            site.receive(&Mail::from(&person)).await;
            let number = format!("CG42N1-{:06}", n + 1);
            let notice = site.sink.to(MARIE).into_iter().rfind(|told| told.mail.subject.contains(&number)).unwrap().mail;
            site.then(&Mail::reply(&notice, MARIE, "#résoudre\nFait.")).await;
            let told = site.sink.last(&format!("anne{n}@college.example")).mail;
            site.then(&Mail::reply(&told, &person, text)).await;
            assert_eq!(site.ticket(&number).await.status.as_str(), "reopened", "{text}");
        }
    }

    nobody_is_greeted_by_an_address(site, plain) {
        site.receive(&Mail::from("\"jean.martin@college.example\" <jean.martin@college.example>")).await;
        assert!(site.sink.only("jean.martin@college.example").mail.text.starts_with("Bonjour,"));
    }

    a_solution_that_is_only_a_closing_is_asked_for(site, plain) {
        site.receive(&Mail::from(ANA)).await;
        let notice = site.sink.only(MARIE).mail;
        site.then(&Mail::reply(&notice, MARIE, "#résoudre\n\nCordialement,\nMarie Dubois")).await;
        assert_eq!(site.only_ticket().await.status.as_str(), "new");
        assert!(site.sink.last(MARIE).mail.text.contains("il manque la solution"));
    }
}
