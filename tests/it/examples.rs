//! Each configuration of `config/examples`, played from the first email to the last.

use crate::support::Said;
use guichet::clock::{DAY, HOUR};

use crate::support::mail::Mail;
use crate::support::{Database, Site};

/// Both databases.
macro_rules! plays {
    ($($(#[$doc:meta])* $name:ident($site:ident, $example:literal) $body:block)+) => {
        $(mod $name {
            use super::*;
            $(#[$doc])*
            async fn play(database: Database) {
                let $site = Site::example(database, $example).await;
                $body
            }
            #[tokio::test]
            async fn sqlite() { play(Database::Sqlite).await; }
            #[tokio::test]
            async fn postgres() { play(Database::Postgres).await; }
        })+
    };
}

/// An email as the department's server hands it on: it vouches for its sender.
fn vouched(mut mail: Mail) -> Mail {
    let domain = mail.from.rsplit('@').next().unwrap().trim_end_matches('>').to_owned();
    mail.more =
        format!("Authentication-Results: mx.departement.example; dmarc=pass header.from={domain}\n{}", mail.more);
    mail
}

plays! {
    /// The procedure of a department: appointed correspondents, fields, three degrees, an old address.
    cd42_from_request_to_resolution(site, "cd42") {
        const HEAD: &str = "chef.dupilat@direction.colleges.example";
        const NORA: &str = "nora@prestataire.example";
        let app = "support-admin@departement.example";
        let text = "Bonjour,\nNom et prénom : Claire Martin\nFonction : Principale\nTéléphone : 04 77 00 00 00\nEtablissement / Ville : Collège Dupilat, Saint-Galmier\nPopulation concernée : élèves de 6e B\nDescription : connexion impossible\n";
        site.receive(&vouched(Mail::from(HEAD).to(app).subject("[BLOQUANTE] Connexion impossible").text(text).attach("capture.png", b"\x89PNG"))).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.number.as_str(), ticket.priority.as_str()), ("CG42N1-000001", "P1"));
        assert_eq!(ticket.fields["establishment"], "Collège Dupilat, Saint-Galmier");
        let ack = site.sink.only(HEAD);
        assert!(ack.mail.text.contains("CG42N1-000001") && ack.mail.text.contains("Adresse de la page ou fil d'Ariane :"), "{}", ack.mail.text);
        site.then(&vouched(Mail::reply(&ack.mail, HEAD, "URL : http://dupilat.colleges.example/"))).await;
        assert_eq!(site.only_ticket().await.fields["url"], "http://dupilat.colleges.example/");
        // A parent is not among the correspondents.
        site.then(&vouched(Mail::from("parent@maison.example").to(app).subject("Mon fils"))).await;
        assert!(site.sink.only("parent@maison.example").mail.text.contains("correspondants désignés"));
        assert_eq!(site.tickets().await.len(), 1);
        // The old address.
        site.then(&vouched(Mail::from(HEAD).to("ent@departement.example").subject("Bonjour"))).await;
        assert!(site.sink.with_words(HEAD, "n'est plus utilisée").mail.text.contains(app));
        // The service desk answers, the head of school reads it whole, and it is resolved.
        let notice = site.sink.with_words(NORA, "Connexion impossible");
        site.then(&vouched(Mail::press(&notice.mail, "#prendre", NORA))).await;
        assert!(site.sink.with_words(HEAD, "prise en charge par Nora Lefèvre").mail.subject.contains("CG42N1"));
        site.then(&vouched(Mail::reply(&notice.mail, NORA, "#modèle synchro"))).await;
        assert!(site.sink.with_words(HEAD, "La synchronisation de l'annuaire").mail.text.contains("Nora Lefèvre"));
        site.then(&vouched(Mail::reply(&notice.mail, NORA, "#résoudre\nLa classe est synchronisée."))).await;
        let resolved = site.sink.with_words(HEAD, "est résolue");
        site.then(&vouched(Mail::press(&resolved.mail, "#résolu", HEAD))).await;
        assert_eq!(site.only_ticket().await.status, "closed");
    }

    /// Three levels, a handover form, a knowledge base, satisfaction.
    korrigo_through_its_levels(site, "korrigo") {
        const TEACHER: &str = "prof@lycee.example";
        let (amina, paul, iris) = ("amina@lycee.example", "paul@informatique.example", "iris@editeur.example");
        let text = "Bonjour,\nFonction : enseignante\nPopulation concernée : 3 enseignants\nAttendu : la copie s'ouvre\nObservé : erreur 500\nÉtapes : ouvrir la copie 12\nMerci";
        site.receive(&Mail::from(&format!("Jeanne Prof <{TEACHER}>")).to("support@lycee.example").subject("[P2] Annotations perdues à la correction").text(text)).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.category.said(), ticket.level, ticket.number.as_str()), ("correction", 1, "KOR-000001"));
        let first = site.sink.with_words(amina, "Annotations perdues");
        site.then(&Mail::reply(&first.mail, amina, "#note\nGuide de dépannage suivi, services redémarrés.")).await;
        site.then(&Mail::reply(&first.mail, amina, "#escalader N2 erreur 500 persistante")).await;
        let sheet = site.sink.only(paul);
        for words in ["Niveau     : N2", "erreur 500 persistante", "la copie s'ouvre", "ouvrir la copie 12", "3 enseignants", "services redémarrés", "Jeanne Prof"] {
            assert!(sheet.mail.text.contains(words), "{words}: {}", sheet.mail.text);
        }
        site.then(&Mail::press(&sheet.mail, "#prendre", paul)).await;
        let own = site.sink.with_words(paul, "Le ticket est à vous.");
        site.then(&Mail::press(&own.mail, "#escalader", paul).typed("N3 bug applicatif confirmé")).await;
        assert_eq!(site.only_ticket().await.level, 3);
        let sheet = site.sink.only(iris);
        site.then(&Mail::reply(&sheet.mail, iris, "#demander\nQuelle version du navigateur ?")).await;
        let question = site.sink.with_words(TEACHER, "Quelle version");
        site.then(&Mail::reply(&question.mail, TEACHER, "Firefox 140.")).await;
        assert_eq!(site.only_ticket().await.status, "open");
        site.then(&Mail::reply(&sheet.mail, iris, "#résoudre\n#kb annotations\nCorrectif 4.2.1 déployé : les annotations sont restaurées.")).await;
        // Nobody contradicts within two days; then satisfaction and recommendation are asked.
        site.pass(2 * DAY + HOUR).await;
        assert_eq!(site.only_ticket().await.status, "closed");
        let closing = site.sink.with_words(TEACHER, "Qu'en avez-vous pensé");
        site.then(&Mail::press(&closing.mail, "#avis 5", TEACHER)).await;
        site.then(&Mail::press(&closing.mail, "#recommander 10", TEACHER)).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.rating, ticket.fields["recommend"].as_str()), (Some(5), "10"));
        // The next who asks is offered the article.
        site.then(&Mail::from("autre@lycee.example").to("support@lycee.example").subject("Mes annotations ont disparu").text("Bonjour, plus aucune annotation sur la copie.")).await;
        assert!(site.sink.only("autre@lycee.example").mail.text.contains("Correctif 4.2.1"));
    }

    /// "Cube VR": approval, a technician, put off until a date, resolved, closed by a moderator.
    insa_cube_vr(site, "insa") {
        const ASKER: &str = "prof@ecole.example";
        let (yann, karim, theo, sophie) = ("yann@groupe.example", "karim@groupe.example", "theo@groupe.example", "sophie@groupe.example");
        site.receive(&Mail::from(&format!("Anne Prof <{ASKER}>")).to("tickets@groupe.example").subject("Cube VR : réglage des vidéoprojecteurs").text("Bonjour, il faudrait régler les vidéoprojecteurs du cube.")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.service.said(), ticket.kind.said()), ("approval", "cube-vr", "request"));
        let asked = site.sink.only(yann);
        site.then(&Mail::reply(&asked.mail, yann, "Oui, c'est légitime.")).await;
        assert_eq!(site.only_ticket().await.status, "new");
        assert!(site.sink.with_words(ASKER, "acceptée").mail.subject.contains("INSA-000001"));
        let own = site.sink.only(karim);
        assert!(own.mail.text.contains("Ce ticket est à vous"));
        site.then(&Mail::press(&own.mail, "#demander", karim).typed("Quelle résolution voulez-vous ?")).await;
        site.then(&Mail::reply(&site.sink.with_words(ASKER, "Quelle résolution").mail, ASKER, "4K, mais je ne peux pas tester avant jeudi.")).await;
        site.then(&Mail::reply(&own.mail, karim, "#assigner Théo\n#attente 2026-03-05 elle teste jeudi")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.status.as_str(), ticket.assignee.said()), ("pending", theo));
        site.pass(3 * DAY).await;
        assert_eq!(site.only_ticket().await.status, "open");
        let back = site.sink.with_words(theo, "La date attendue est arrivée");
        site.then(&Mail::reply(&back.mail, theo, "#public\nBonjour, avez-vous pu tester ?")).await;
        site.then(&Mail::reply(&site.sink.with_words(ASKER, "avez-vous pu tester").mail, ASKER, "Oui, tout va bien.")).await;
        site.then(&Mail::reply(&back.mail, theo, "#résoudre\nRéglage en 4K, puis étalonnage des quatre vidéoprojecteurs.")).await;
        assert_eq!(site.only_ticket().await.status, "resolved");
        // A moderator closes it, from a list.
        site.then(&Mail::from(&format!("x <{ASKER}>")).to("tickets@groupe.example").subject("Autre sujet")).await;
        let any = site.sink.with_words(sophie, "Autre sujet");
        site.then(&Mail::reply(&any.mail, sophie, "#liste").to("tickets@groupe.example")).await;
        let close = Mail::reply(&site.sink.with_words(sophie, "Vos tickets").mail, sophie, "#clore").subject("Re: [INSA-000001] Cube VR");
        site.then(&close).await;
        assert_eq!(site.ticket("INSA-000001").await.status, "closed");
        assert!(site.sink.with_words(ASKER, "est close").mail.subject.contains("INSA-000001"));
    }

    /// "Scenari": forwarded by a moderator, a technician, a vendor with its own number, an article.
    insa_scenari(site, "insa") {
        const ASKER: &str = "auteur@ecole.example";
        const KELIS: &str = "support@kelis.example";
        let (lucie, karim) = ("lucie@groupe.example", "karim@groupe.example");
        // She passes it on from a mailbox of her own: it is opened for the person who wrote it.
        let forward = Mail::from(&format!("Lucie Moreau <{lucie}>")).to("tickets@groupe.example").subject("TR: Opale : .odt impossible").text(&format!(
            "Pour Scenari.\n\n-----Message d'origine-----\nDe : Auteur Cours <{ASKER}>\nEnvoyé : lundi 2 mars 2026 08:10\nÀ : Lucie Moreau\nObjet : Opale : .odt impossible\n\nBonjour,\nla génération des .odt échoue sur Opale.\n"
        ));
        site.receive(&forward).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.requester.as_str(), ticket.service.said(), ticket.assignee.said()), (ASKER, "scenari", karim));
        let own = site.sink.only(karim);
        site.then(&Mail::reply(&own.mail, karim, &format!("#prendre\n#prestataire {KELIS}\nBonjour, la génération .odt échoue sur notre serveur Opale."))).await;
        let notification = site.sink.only(KELIS);
        site.then(&Mail::reply(&notification.mail, KELIS, "Nous regardons.").subject("[KEL-2071] Opale : .odt impossible")).await;
        assert_eq!(site.only_ticket().await.vendor_reference.said(), "KEL-2071");
        site.then(&Mail::from("technicien@kelis.example").to("tickets@groupe.example").subject("Re: KEL-2071").text("Sans lien.")).await;
        assert_eq!(site.tickets().await.len(), 2, "a number alone, from somebody else, leads nowhere");
        let closed = || Mail::from(KELIS).to("tickets@groupe.example").subject("KEL-2071 clos").text("Bibliothèque mise à jour, problème résolu.");
        let unproven = closed();
        site.then(&unproven).await;
        assert_eq!(site.verdict(&unproven).await.state, "held", "a number and an address prove nothing");
        site.then(&Mail::reply(&notification.mail, KELIS, "Bibliothèque mise à jour, problème résolu.").subject("KEL-2071 clos")).await;
        let told = site.sink.with_words(karim, "Bibliothèque mise à jour");
        assert!(!site.sink.to(ASKER).iter().any(|l| l.raw.contains("kelis")));
        site.then(&Mail::reply(&told.mail, karim, "#résoudre\n#kb opale odt\nLa bibliothèque de conversion a été mise à jour.")).await;
        let resolved = site.sink.with_words(ASKER, "est résolue");
        site.then(&Mail::press(&resolved.mail, "#résolu", ASKER)).await;
        assert_eq!(site.ticket("INSA-000001").await.status, "closed");
        assert_eq!(site.store().articles(5).await.unwrap()[0].tags, "odt opale");
    }

    /// "OpenMoodle": many are touched; one resolution for all, and word to the schools.
    insa_openmoodle(site, "insa") {
        let lucie = "lucie@groupe.example";
        let askers = ["a@lyon.example", "b@rennes.example"];
        for asker in askers {
            site.then(&Mail::from(asker).to("moodle@groupe.example").subject("OpenMoodle inaccessible").text(&format!("Erreur de lecture de la base de données. {asker}"))).await;
        }
        assert!(site.tickets().await.iter().all(|t| t.service.said() == "moodle" && t.assignee.said() == lucie));
        let first = site.sink.to(lucie).into_iter().find(|l| l.mail.text.contains(askers[0])).unwrap();
        let second = site.sink.to(lucie).into_iter().find(|l| l.mail.text.contains(askers[1])).unwrap();
        site.then(&Mail::reply(&second.mail, lucie, "#parent INSA-1")).await;
        site.then(&Mail::reply(&first.mail, lucie, "#type incident\n#assigner karim")).await;
        let karim = "karim@groupe.example";
        let own = site.sink.only(karim);
        site.then(&Mail::reply(&own.mail, karim, "#note\nDisque plein sur le serveur de base.")).await;
        site.then(&Mail::reply(&own.mail, karim, "#résoudre\nEspace libéré, base relancée.")).await;
        for asker in askers {
            assert!(site.sink.with_words(asker, "base relancée").mail.text.contains("résolue"));
        }
        assert!(site.tickets().await.iter().all(|t| t.status == "resolved"));
        site.then(&Mail::reply(&first.mail, lucie, "#diffuser correspondants\nOpenMoodle est de nouveau accessible.")).await;
        for school in ["correspondant@lyon.example", "correspondant@rennes.example", "correspondant@toulouse.example"] {
            assert!(site.sink.only(school).mail.text.contains("de nouveau accessible"));
        }
        site.then(&Mail::reply(&first.mail, lucie, "#clore")).await;
        assert_eq!(site.ticket("INSA-000001").await.status, "closed");
    }

    /// Four phases, four levels.
    workflow_in_four_phases(site, "workflow") {
        let emma = "emma@agence.example";
        site.receive(&Mail::from("client@client.example").to("support@agence.example").subject("[P1] Bug : site en panne")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.kind.said(), ticket.priority.as_str()), ("bug", "P1"));
        // A major incident: everybody hears of it at once.
        for who in [emma, "louis@agence.example", "ines@agence.example", "marc@agence.example"] {
            assert!(site.sink.only(who).mail.subject.starts_with("INCIDENT MAJEUR [SUP-000001] P1"));
        }
        let mut notification = site.sink.only(emma);
        for (who, level) in [("louis@agence.example", 2), ("ines@agence.example", 3), ("marc@agence.example", 4)] {
            let from = notification.to.clone();
            site.then(&Mail::reply(&notification.mail, &from, &format!("#escalader N{level}"))).await;
            assert_eq!(site.only_ticket().await.level, level);
            notification = site.sink.with_words(who, &format!("N{level} P1"));
        }
        site.then(&Mail::reply(&notification.mail, "marc@agence.example", "#résoudre\nCertificat renouvelé.")).await;
        site.pass(5 * DAY + HOUR).await;
        assert_eq!(site.only_ticket().await.status, "closed");
    }

    /// P0 to P3, and categories that begin at the second level.
    maintenance_begins_at_the_right_level(site, "maintenance") {
        site.receive(&Mail::from("user@client.example").to("support@application.example").subject("Faille de sécurité sur la page d'accueil")).await;
        let ticket = site.only_ticket().await;
        assert_eq!((ticket.category.said(), ticket.priority.as_str(), ticket.level), ("securite", "P1", 2));
        let sheet = site.sink.only("adam@application.example");
        // P1 calls everybody, wherever it begins.
        assert!(sheet.mail.subject.starts_with("INCIDENT MAJEUR") && sheet.mail.text.contains("N2"));
        assert!(site.sink.only("julie@application.example").mail.subject.starts_with("INCIDENT MAJEUR"));
        site.then(&Mail::reply(&sheet.mail, "adam@application.example", "#prendre\n#public\nNous regardons tout de suite.")).await;
        assert!(site.sink.with_words("user@client.example", "tout de suite").mail.text.contains("tout de suite"));
    }
}

/// What is shipped is what `check` accepts, with every key known.
#[test]
fn every_example_is_played() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let own = include_str!("examples.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            path.extension().is_some_and(|e| e == "ics") || own.contains(&format!("(site, \"{name}\")")),
            "{name} is not played"
        );
    }
}
