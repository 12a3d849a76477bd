//! Italian.

use super::Language;

pub(super) static WORDS: Language = Language {
    on: &["il", "in"],
    wrote: &["ha scritto", "scrive", "scriveva"],
    from: &["da", "mittente"],
    sent: &["inviato", "data", "inviato il", "inviata"],
    to: &["a"],
    cc: &["cc", "ccn"],
    subject: &["oggetto"],
    original: &["messaggio originale", "messaggio originario", "messaggio originario"],
    forwarded: &["messaggio inoltrato", "inizio messaggio inoltrato", "messaggio reinoltrato"],
    device: &["inviato da", "inviato dal", "inviato con", "ottieni outlook", "scarica outlook"],
    robot: &["risposta automatica"],
    away: &["fuori sede", "fuori ufficio", "assente"],
    confession: &["questa è una risposta automatica", "questo è un messaggio automatico"],
    undelivered: &[
        "mancata consegna",
        "impossibile raggiungere i seguenti",
        "impossibile consegnare",
        "recapito non riuscito",
        "non è stato possibile recapitare",
        "non è stato possibile consegnare",
        "errore-consegna",
    ],
    disclaimer: &[
        "le informazioni contenute",
        "questo messaggio e",
        "questa e-mail",
        "il presente messaggio",
        "ai sensi del",
    ],
    above: &["rispondere sopra questa riga", "scrivi la tua risposta sopra questa riga"],
};
