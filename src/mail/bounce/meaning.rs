//! What the words of a refusal mean, as a code of RFC 3463: systems say "5.0.0", or nothing, beside words that say all.

use std::sync::LazyLock;

use crate::mail::fold;

/// Words of refusals, by what they mean. `a~b` is `a` with `b` no more than [`NEAR`] characters behind it.
const MEANINGS: [(&str, &[&str]); 6] = [
    (
        // Mailbox full.
        "5.2.2",
        &[
            "boite aux lettres est pleine",
            "boite aux lettres pleine",
            "boite de reception pleine",
            "boite pleine",
            "boite~saturee",
            "buzon~lleno",
            "caixa~cheia",
            "caixa~lotada",
            "casella~piena",
            "depassement de quota",
            "disk quota",
            "espace de stockage~insuffisant",
            "exceeded~quota",
            "exceeds~quota",
            "exceeded storage",
            "inbox~full",
            "user's mailbox~full",
            "insufficient~storage",
            "mail box full",
            "mailbox~full",
            "mailbox exceeds",
            "mailbox size limit",
            "mailfolder is full",
            "out of storage",
            "over quota",
            "over the quota",
            "overquota",
            "postfach~voll",
            "quota~ausgeschopft",
            "quota~depasse",
            "quota~exceeded",
            "quota~uberschritten",
            "quota is full",
            "quota violation",
            "storage quota",
            "volle mailbox",
            "ящик~переполнен",
            "メールボックス~一杯",
            "メールボックス~いっぱい",
            "容量~超",
            "容量オーバー",
            "信箱已满",
            "邮箱已满",
            "邮箱容量",
            "邮箱空间",
            "空间不足",
            "容量不足",
            "超过~容量",
        ],
    ),
    (
        // Message too big.
        "5.3.4",
        &[
            "exceeds~maximum~size",
            "exceeds~message size",
            "exceeds~size limit",
            "larger than~limit",
            "mensagem~muito grande",
            "message file too big",
            "message is too large",
            "message size exceeds",
            "message too big",
            "message too large",
            "nachricht~zu gross",
            "size~exceeds~limit",
            "taille~depasse",
            "taille maximale",
            "tamanho maximo",
            "too large",
            "trop volumineux",
            "zu gross",
            "サイズ~超",
            "邮件过大",
        ],
    ),
    (
        // Mailbox disabled.
        "5.2.1",
        &[
            "account~disabled",
            "account~inactive",
            "account~suspended",
            "compte~desactive",
            "compte~suspendu",
            "konto~deaktiviert",
            "mailbox~disabled",
            "mailbox~inactive",
            "user~suspended",
            "账号~停用",
        ],
    ),
    (
        // No such domain.
        "5.1.2",
        &[
            "domain does not exist",
            "domain name not found",
            "domain not found",
            "domaine inconnu",
            "domaine inexistant",
            "domain~nicht gefunden",
            "host not found",
            "host unknown",
            "name or service not known",
            "no such domain",
            "unknown domain",
            "unknown host",
            "ドメイン~見つかり",
            "域名不存在",
        ],
    ),
    (
        // No such mailbox.
        "5.1.1",
        &[
            "account~does not exist",
            "account not found",
            "address unknown",
            "adresse~existe pas",
            "adresse~incorrecte",
            "adresse~inexistante",
            "adresse~invalide",
            "benutzer unbekannt",
            "boite~existe pas",
            "cuenta no existe",
            "desconocid",
            "desconhecid",
            "destinataire inconnu",
            "does not exist",
            "doesn't exist",
            "empfanger~unbekannt",
            "existiert nicht",
            "inexistente",
            "invalid mailbox",
            "invalid recipient",
            "invalid user",
            "isn't a valid",
            "is not a valid",
            "mailbox~not found",
            "mailbox~not exist",
            "mailbox unknown",
            "n'existe pas",
            "n'existe plus",
            "nao existe",
            "nessun utente",
            "no account",
            "no longer~active",
            "no longer~valid",
            "no mailbox",
            "no such address",
            "no such local",
            "no such mailbox",
            "no such person",
            "no such recipient",
            "no such user",
            "no existe",
            "non esiste",
            "not a known user",
            "not a valid mailbox",
            "not listed in",
            "recipient~not found",
            "recipient~not exist",
            "recipient not recognized",
            "recipient unknown",
            "sconosciuto",
            "this user doesn't have",
            "unbekannter empfanger",
            "unknown address",
            "unknown in virtual",
            "unknown local",
            "unknown mailbox",
            "unknown or illegal alias",
            "unknown recipient",
            "unknown user",
            "unrouteable address",
            "user does not exist",
            "user is unknown",
            "user~not found",
            "user~not exist",
            "user not known",
            "user unknown",
            "usuario desconocido",
            "utilisateur inconnu",
            "utilisateur~existe pas",
            "utente sconosciuto",
            "не найден",
            "не существует",
            "ユーザ~不明",
            "宛先~不明",
            "宛先~存在し",
            "存在しません",
            "見つかりません",
            "不存在",
            "查无此",
            "无此用户",
            "找不到",
        ],
    ),
    (
        // Refused for what it is, or where it comes from.
        "5.7.1",
        &[
            "als spam",
            "anti-spam",
            "antispam",
            "blacklist",
            "blacklisted",
            "blocked by",
            "blocked for",
            "blocklist",
            "bloqueado",
            "bulk email filter",
            "classified as spam",
            "considered spam",
            "considere comme~spam",
            "detected as spam",
            "indesirable",
            "is spam",
            "looks like spam",
            "looks like unsolicited",
            "message content rejected",
            "not authorized",
            "not permitted",
            "policy reasons",
            "policy violation",
            "politique de securite",
            "pourriel",
            "relay access denied",
            "relay denied",
            "relaying denied",
            "spam content",
            "spam detected",
            "spam message",
            "spam-like",
            "spamfilter",
            "spam firewall",
            "suspected spam",
            "unsolicited",
            "virus",
            "迷惑メール",
            "垃圾邮件",
            "反垃圾",
        ],
    ),
];

/// Characters between the parts of a phrase, at the most.
const NEAR: usize = 60;

/// Phrases in their parts.
type Phrases = Vec<Vec<String>>;

/// The same, in the form texts are compared in.
static FOLDED: LazyLock<Vec<(&str, Phrases)>> = LazyLock::new(|| {
    let parts = |phrase: &&str| phrase.split('~').map(fold).collect();
    MEANINGS.iter().map(|(code, phrases)| (*code, phrases.iter().map(parts).collect())).collect()
});

/// The code that the words mean: of a diagnosis the first that fits, of a whole text the only one, for reports explain at length what
/// might have been wrong.
pub(super) fn of(diagnostic: Option<&str>, text: &str) -> Option<&'static str> {
    let said = |text: &str| {
        let folded = fold(&text.chars().take(4_000).collect::<String>());
        let folded = folded.split_whitespace().collect::<Vec<_>>().join(" ");
        let means = |phrases: &Phrases| phrases.iter().any(|phrase| holds(&folded, phrase));
        FOLDED.iter().filter(|(_, phrases)| means(phrases)).map(|(code, _)| *code).collect::<Vec<_>>()
    };
    if let Some(code) = diagnostic.and_then(|words| said(words).first().copied()) {
        return Some(code);
    }
    match said(text)[..] {
        [code] => Some(code),
        _ => None,
    }
}

fn holds(text: &str, phrase: &[String]) -> bool {
    let Some((first, rest)) = phrase.split_first() else { return false };
    text.match_indices(first.as_str()).any(|(at, _)| {
        let behind: String = text[at + first.len()..].chars().take(NEAR + first.len()).collect();
        rest.is_empty() || holds(&behind, rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_language_mean_codes() {
        for (words, code) in [
            ("550 Requested action not taken: mailbox unavailable, user does not exist", "5.1.1"),
            ("Der Empfänger ist hier unbekannt", "5.1.1"),
            ("usuário desconhecido", "5.1.1"),
            ("宛先のメールアドレスは存在しません", "5.1.1"),
            ("收件人邮件地址不存在", "5.1.1"),
            ("552 The mailbox of ana is over quota", "5.2.2"),
            ("sa boîte aux\nlettres est pleine", "5.2.2"),
            ("メールボックスが一杯です", "5.2.2"),
            ("550 message size 12345 exceeds size limit 1000 of the server", "5.3.4"),
            ("554 rejected: detected as spam", "5.7.1"),
            ("550 Host unknown (Name server: x: host not found)", "5.1.2"),
        ] {
            assert_eq!(of(Some(words), ""), Some(code), "{words}");
            assert_eq!(of(None, words), Some(code), "{words}");
        }
        let many = "It may be that the mailbox is full, that the user does not exist, or that it is considered spam.";
        assert_eq!(of(None, many), None);
        assert_eq!(of(Some("550 refused"), "nothing else"), None);
    }
}
